#include "firststep/change.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "firststep/packet_filter.h"
#include "firststep/run.h"
#include "firststep/session.h"
#include "firststep/sshd_drop_in.h"

#define LISTEN_PATIENCE_MS 5000
#define CANDIDATE_DIR      "/run/firststep"
#define CANDIDATE_SSHD     "/run/firststep/sshd_config"
#define CANDIDATE_FILTER   "/run/firststep/firststep.nft"

void say(const struct options *options, const char *en, const char *ja)
{
	(void)printf("%s\n", options->is_japanese ? ja : en);
	(void)fflush(stdout);
}

bool change_ask(const struct options *options)
{
	char line[32];

	if (options->yes)
		return true;
	(void)fputs(options->is_japanese ? "この変更を行いますか? [y/N] "
					 : "Make these changes? [y/N] ",
		    stdout);
	(void)fflush(stdout);
	return fgets(line, sizeof line, stdin) != NULL &&
	       (strcmp(line, "y\n") == 0 || strcmp(line, "yes\n") == 0);
}

static const struct change *find_change(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->list[i]->path, path) == 0 && plan->list[i]->kind == CHANGE_WRITE)
			return plan->list[i];
	return NULL;
}

static int check_candidate(const struct change *change, const char *behind, const char *path,
			   const char *const argv[], struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};

	if (change == NULL)
		return 0;
	if (fd_make_dirs(CANDIDATE_DIR, 0700) < 0)
		return err_set(err, -errno, "%s: %s", CANDIDATE_DIR, strerror(errno));
	(void)buf_append(&text, change->after.data, change->after.len);
	(void)buf_puts(&text, behind);
	int code = fd_write_file(AT_FDCWD, path, buf_str(&text), text.len, 0600);
	if (code == 0)
		code = run_checked(argv, 10000, err);
	(void)unlink(path);
	return code;
}

/* Before anything is in place: sshd and nft read what is going to be. */
static int check_candidates(const struct plan *plan, struct err *err)
{
	static const char *const sshd[] = {"sshd", "-t", "-f", CANDIDATE_SSHD, NULL};
	static const char *const nft[] = {"nft", "-c", "-f", CANDIDATE_FILTER, NULL};
	int code = check_candidate(find_change(plan, SSHD_DROP_IN), "Include " SSHD_MAIN "\n",
				   CANDIDATE_SSHD, sshd, err);

	return code < 0 ? code
			: check_candidate(find_change(plan, FILTER_FILE), "", CANDIDATE_FILTER, nft,
					  err);
}

int change_in_force(struct context *context, const struct plan *plan, const struct pending *pending,
		    struct err *err)
{
	int (*done[ROLLBACK_ITEMS_MAX])(struct context *, struct err *) = {NULL};
	int code = 0;

	if (find_change(plan, SSHD_DROP_IN) != NULL || find_change(plan, SSHD_MAIN) != NULL)
		code = sshd_drop_in_check(err);
	if (code == 0 && find_change(plan, FILTER_FILE) != NULL)
		code = packet_filter_check(err);
	for (size_t i = 0; code == 0 && i < pending->item_count; i++) {
		int (*apply)(struct context *, struct err *) = pending->items[i]->apply;
		bool is_done = apply == NULL;
		for (size_t j = 0; j < i; j++)
			is_done |= done[j] == apply;
		done[i] = apply;
		if (!is_done)
			code = apply(context, err);
	}
	return code;
}

/* sshd takes a moment to listen again. */
static int wait_for_ports(struct context *context, const struct pending *pending, struct err *err)
{
	const int64_t until_ms = session_boot_ms() + LISTEN_PATIENCE_MS;

	if (pending->new_port == 0)
		return 0;
	do {
		struct sockets sockets;
		if (sockets_load(&context->tree, &sockets) == 0 &&
		    sockets_listens(&sockets, pending->new_port) &&
		    (pending->old_port == 0 || sockets_listens(&sockets, pending->old_port)))
			return 0;
		(void)poll(NULL, 0, 50);
	} while (session_boot_ms() < until_ms);
	return err_set(err, ERR_TIMEOUT, "sshd does not listen on %u", pending->new_port);
}

/* Does each item say now that it is right? What only the outside or time can put right may fail. */
static int verify(const struct pending *pending, bool is_japanese, struct err *err)
{
	struct context context;
	int code = context_init(&context, NULL, is_japanese, err);

	if (code < 0)
		return code;
	for (size_t i = 0; code == 0 && i < pending->item_count; i++) {
		const struct item *item = pending->items[i];
		struct verdict verdict = {0};
		if (pending->new_port != 0 || item == &item_time || item == &item_updates ||
		    item == &item_ssh_crypto)
			continue;
		if (item->verify != NULL) {
			code = item->verify(&context, err);
			continue;
		}
		item->check(&context, &verdict);
		if (verdict.result == RESULT_FAIL)
			code = err_set(err, ERR_SERVER, "%s: %s", item->id,
				       reason_text(verdict.reason, is_japanese));
	}
	context_done(&context);
	return code;
}

/* Only these can keep the owner out. */
static bool is_about_access(const struct pending *pending)
{
	for (size_t i = 0; i < pending->item_count; i++)
		if (pending->items[i] != &item_logs && pending->items[i] != &item_updates &&
		    pending->items[i] != &item_time)
			return true;
	return false;
}

static int go_back(const struct options *options, struct context *context, const struct err *why)
{
	struct err err = {0};

	(void)command_failed(why);
	if (rollback_restore(context, false, &err) < 0)
		return command_failed(&err);
	say(options, "The old state is back.", "変更前の状態に戻しました。");
	return EXIT_UNKNOWN;
}

static void tell_to_confirm(const struct options *options, const struct pending *pending)
{
	char port[32] = "";

	if (pending->new_port != 0)
		(void)snprintf(port, sizeof port, " (ssh -p %u)", pending->new_port);
	if (options->is_japanese)
		(void)printf(
			"変更しました。まだ確定していません。\n"
			"このログインは開いたままにして、別の端末から SSH で新しくログインし%s、"
			"次を実行してください:\n\n    sudo firststep confirm\n\n"
			"%u 分以内に実行されない場合や再起動した場合は、変更前の状態に戻ります。\n",
			port, options->minutes);
	else
		(void)printf(
			"Changed, but not for good yet.\n"
			"Keep this login open, log in anew over SSH from another terminal%s, and "
			"run there:\n\n    sudo firststep confirm\n\n"
			"Without that the old state is back in %u minutes, or after a reboot.\n",
			port, options->minutes);
	(void)fflush(stdout);
}

static int make_live(const struct options *options, struct context *context, struct plan *plan,
		     struct pending *pending)
{
	struct err err = {0};

	pending->deadline_boot_ms = session_boot_ms() + (int64_t)options->minutes * 60000;
	if (check_candidates(plan, &err) < 0 || rollback_save(plan, pending, &err) < 0)
		return command_failed(&err);
	if (!options->without_rollback && rollback_arm(pending, &err) < 0) {
		(void)rollback_disarm(NULL);
		return command_failed(&err);
	}
	if (plan_carry_out(plan, &err) < 0 || change_in_force(context, plan, pending, &err) < 0 ||
	    wait_for_ports(context, pending, &err) < 0 ||
	    verify(pending, options->is_japanese, &err) < 0 || rollback_applied(pending, &err) < 0)
		return go_back(options, context, &err);
	if (options->without_rollback || !is_about_access(pending)) {
		if (rollback_disarm(&err) < 0)
			return command_failed(&err);
		say(options, "Done.", "完了しました。");
		return EXIT_PASS;
	}
	tell_to_confirm(options, pending);
	return EXIT_PASS;
}

int change_make(const struct options *options, struct context *context, struct plan *plan,
		struct pending *pending)
{
	struct buf shown CLEANUP(buf_done) = {0};
	struct err err = {0};

	if (plan->count == 0) {
		say(options, "Nothing needs to be changed.", "変更の必要はありません。");
		return EXIT_PASS;
	}
	if (plan_show(plan, &shown) < 0)
		return EXIT_UNKNOWN;
	(void)fputs(buf_str(&shown), stdout);
	if (!change_ask(options)) {
		say(options, "Nothing was changed.", "何も変更していません。");
		return EXIT_UNKNOWN;
	}
	if (context->tree.is_live)
		return make_live(options, context, plan, pending);
	if (plan_carry_out(plan, &err) < 0)
		return command_failed(&err);
	say(options, "Done.", "完了しました。");
	return EXIT_PASS;
}

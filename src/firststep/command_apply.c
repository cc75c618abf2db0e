// firststep apply, ssh-port, allow
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "firststep/change.h"
#include "firststep/packet_filter.h"
#include "firststep/run.h"
#include "firststep/sshd_drop_in.h"

/* What every change begins with: rights, the lock, and no other change that waits. */
static int begin(const struct options *options, struct context *context, int *ret_lock,
		 struct err *err)
{
	struct pending waiting;
	int code = context_init(context, options->root, options->is_japanese, err);

	if (code == 0 && options->image && context->tree.is_live) {
		context_done(context);
		return err_set(
			err, ERR_INVALID_INPUT, "%s",
			options->is_japanese
				? "--image は --root と組み合わせて使います"
				: "--image is for what --root names, not for a running system");
	}
	context->is_image = options->image;
	if (code < 0 || !context->tree.is_live)
		return code;
	if (geteuid() != 0)
		code = err_set(err, -EPERM, "%s",
			       options->is_japanese
				       ? "root 権限が必要です (sudo firststep …)"
				       : "root's rights are needed: sudo firststep ...");
	if (code == 0)
		code = *ret_lock = rollback_lock(err);
	if (code >= 0 && (code = rollback_load(&waiting, NULL)) != -ENOENT)
		code = err_set(
			err, ERR_LOCKED, "%s",
			options->is_japanese
				? "確定待ちの変更があります。新しいログインで firststep confirm "
				  "を実行するか、firststep rollback で元に戻してください"
				: "a change waits: firststep confirm from a new login, or "
				  "firststep rollback");
	else if (code == -ENOENT)
		code = 0;
	if (code < 0)
		context_done(context);
	return code;
}

static bool is_wanted(const struct options *options, const struct item *item,
		      struct context *context)
{
	struct verdict verdict = {0};

	for (size_t i = 0; i < options->count; i++)
		if (strcmp(options->words[i], item->id) == 0)
			return true;
	if (options->count > 0 || item->plan == NULL)
		return false;
	item->check(context, &verdict);
	return verdict.result != RESULT_PASS;
}

#define PACKAGES_MAX 8

/* Names that are not in the list yet. */
static void add_packages(const char *const *names, const char *list[PACKAGES_MAX + 1])
{
	for (; *names != NULL; names++) {
		size_t i = 0;
		while (list[i] != NULL && strcmp(list[i], *names) != 0)
			i++;
		if (i < PACKAGES_MAX)
			list[i] = *names;
	}
}

static int install(const struct context *context, const char *const list[], struct err *err)
{
	static const char *const refresh[] = {"apt-get", "-q", "update", NULL};
	static const char *const apt[] = {"apt-get", "-q",
					  "-y",      "--no-install-recommends",
					  "-o",      "Dpkg::Options::=--force-confold",
					  "install"};
	static const char *const dnf[] = {"dnf", "-q", "-y", "install"};
	const char *argv[ARRAY_SIZE(apt) + PACKAGES_MAX + 1] = {NULL};
	const bool is_apt = context->family == FAMILY_DEBIAN;
	size_t count = is_apt ? ARRAY_SIZE(apt) : ARRAY_SIZE(dnf);
	int status = 0;

	memcpy(argv, is_apt ? apt : dnf, count * sizeof argv[0]);
	for (size_t i = 0; list[i] != NULL; i++)
		argv[count++] = list[i];
	if (is_apt) /* what it does not find there is said by the other */
		(void)run_capture(refresh, RUN_INSTALL_MS, NULL, &status);
	const int code = run_capture(argv, RUN_INSTALL_MS, NULL, &status);
	if (code < 0 || status != 0)
		return err_set(err, code < 0 ? code : ERR_SERVER, "%s: %s", argv[0],
			       code < 0 ? strerror(-code) : "the packages are not installed");
	return 0;
}

/* What wanted items need and this system does not have is offered first: only then can be planned
 * what becomes of its settings. Refused or failed, those items are left to people. */
static int offer_packages(const struct options *options, struct context *context, struct err *err)
{
	const char *list[PACKAGES_MAX + 1] = {NULL};
	struct err why = {0};

	if (!context->tree.is_live || options->no_packages)
		return 0;
	for (const struct item *const *at = item_list(); *at != NULL; at++)
		if ((*at)->missing != NULL && is_wanted(options, *at, context)) {
			const char *const *names = (*at)->missing(context);
			if (names != NULL)
				add_packages(names, list);
		}
	if (list[0] == NULL)
		return 0;
	(void)fputs(options->is_japanese ? "インストール:" : "install:", stdout);
	for (size_t i = 0; list[i] != NULL; i++)
		(void)printf(" %s", list[i]);
	(void)fputs("\n", stdout);
	(void)fflush(stdout);
	if (!change_ask(options))
		return 0;
	if (install(context, list, &why) < 0)
		(void)command_failed(&why);
	context_done(context);
	*context = (struct context){0};
	return context_init(context, options->root, options->is_japanese, err);
}

/* Plans of all wanted items. *ret_left: how many are for people to do. */
static int plan_items(const struct options *options, struct context *context, struct plan *plan,
		      struct pending *pending, unsigned *ret_left, struct err *err)
{
	for (size_t i = 0; i < options->count; i++)
		if (item_find(options->words[i]) == NULL)
			return err_set(err, ERR_NOT_FOUND, "there is no item %s",
				       options->words[i]);
	for (const struct item *const *at = item_list(); *at != NULL; at++) {
		struct err why = {0};
		int code = ERR_UNSUPPORTED;
		if (!is_wanted(options, *at, context))
			continue;
		if ((*at)->plan == NULL)
			(void)err_set(&why, code, "%s",
				      options->is_japanese
					      ? "手作業で直す項目です。firststep check "
						"の案内をご覧ください"
					      : "is for people to do; firststep check says what");
		else
			code = (*at)->plan(context, plan, &why);
		if (code == ERR_UNSUPPORTED) {
			(void)err_wrap(&why, code, "%s", (*at)->id);
			(void)command_failed(&why);
			++*ret_left;
		} else if (code < 0) {
			*err = why;
			return code;
		} else {
			pending->items[pending->item_count++] = *at;
		}
	}
	return 0;
}

int command_apply(const struct options *options)
{
	struct context *context AUTO_FREE = calloc(1, sizeof *context);
	struct plan plan CLEANUP(plan_done) = {0};
	struct pending pending = {0};
	struct err err = {0};
	AUTO_CLOSE int lock = -1;
	unsigned left = 0;

	if (context == NULL)
		return EXIT_UNKNOWN;
	if (begin(options, context, &lock, &err) < 0)
		return command_failed(&err);
	if (offer_packages(options, context, &err) < 0)
		return command_failed(&err);
	plan.tree = &context->tree;
	int status = EXIT_UNKNOWN;
	if (plan_items(options, context, &plan, &pending, &left, &err) < 0)
		status = command_failed(&err);
	else if (plan.count > 0 || left == 0)
		status = change_make(options, context, &plan, &pending);
	context_done(context);
	return status == EXIT_PASS && left > 0 ? EXIT_FAIL : status;
}

static int plan_settings(struct context *context, struct plan *plan, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};

	settings_write(&context->settings, &text);
	return plan_write(plan, SETTINGS_PATH, &text, 0644, err);
}

/* Is there a filter of ours that a new port has to be opened in? */
static bool has_own_filter(struct context *context)
{
	struct verdict verdict = {0};

	if (tree_has(&context->tree, FILTER_FILE))
		return true;
	item_packet_filter.check(context, &verdict);
	return verdict.reason != REASON_NO_FILTER && context->family == FAMILY_RHEL;
}

static int allow_in_selinux(const struct options *options, struct context *context, uint16_t port,
			    struct err *err)
{
	char number[8];
	const char *const argv[] = {"semanage", "port", "-a",   "-t", "ssh_port_t",
				    "-p",       "tcp",  number, NULL};

	if (!context->tree.is_live || !run_has("semanage"))
		return 0;
	(void)snprintf(number, sizeof number, "%u", port);
	const int code = run_checked(argv, RUN_SERVICE_MS, err);
	/* Defined already, by an earlier try. */
	return code < 0 && strstr(err->text, "already defined") != NULL ? 0 : code;
}

static int plan_move(const struct options *options, struct context *context, struct plan *plan,
		     struct pending *pending, struct err *err)
{
	const struct sockets *sockets;
	uint64_t port;

	if (parse_u64(options->words[0], 1, 65535, &port) < 0)
		return err_set(err, ERR_INVALID_INPUT, "%s",
			       options->is_japanese ? "ポートは 1〜65535 の数で指定してください"
						    : "a port is a number from 1 to 65535");
	pending->old_port = context_ssh_port(context);
	pending->new_port = (uint16_t)port;
	if (pending->old_port == pending->new_port)
		return err_set(err, ERR_INVALID_INPUT,
			       options->is_japanese ? "SSH のポートはすでに %u です"
						    : "SSH is on %u already",
			       pending->new_port);
	if (context->tree.is_live && context_sockets(context, &sockets) == 0 &&
	    sockets_listens(sockets, pending->new_port))
		return err_set(err, ERR_IN_USE,
			       options->is_japanese ? "ポート %u は別のプログラムが使っています"
						    : "another program listens on %u",
			       pending->new_port);
	context->settings.ssh_port = pending->new_port;
	/* Both, till the new one is proved; a tree, and a first boot, have nobody to prove it. */
	const bool is_proved = context->tree.is_live && !options->without_rollback;
	const uint16_t second = is_proved ? pending->old_port : 0;
	if (!is_proved)
		pending->old_port = 0;
	int code = plan_settings(context, plan, err);
	if (code == 0)
		code = sshd_drop_in_plan_ports(context, plan, pending->new_port, second, err);
	pending->items[pending->item_count++] = &item_ssh_port;
	if (code == 0 && has_own_filter(context)) {
		code = packet_filter_plan_ports(context, plan, pending->new_port, second, err);
		pending->items[pending->item_count++] = &item_packet_filter;
	}
	return code < 0 ? code : allow_in_selinux(options, context, pending->new_port, err);
}

int command_ssh_port(const struct options *options)
{
	struct context *context AUTO_FREE = calloc(1, sizeof *context);
	struct plan plan CLEANUP(plan_done) = {0};
	struct pending pending = {0};
	struct err err = {0};
	AUTO_CLOSE int lock = -1;

	if (context == NULL)
		return EXIT_UNKNOWN;
	if (begin(options, context, &lock, &err) < 0)
		return command_failed(&err);
	plan.tree = &context->tree;
	const int status = plan_move(options, context, &plan, &pending, &err) < 0
				   ? command_failed(&err)
				   : change_make(options, context, &plan, &pending);
	context_done(context);
	return status;
}

int command_allow(const struct options *options)
{
	struct context *context AUTO_FREE = calloc(1, sizeof *context);
	struct plan plan CLEANUP(plan_done) = {0};
	struct pending pending = {.items = {&item_packet_filter}, .item_count = 1};
	struct err err = {0};
	AUTO_CLOSE int lock = -1;
	int code = 0;

	if (context == NULL)
		return EXIT_UNKNOWN;
	if (begin(options, context, &lock, &err) < 0)
		return command_failed(&err);
	plan.tree = &context->tree;
	if (options->count == 0 && context->settings.open.count == 0) {
		context_done(context);
		return EXIT_PASS;
	}
	for (size_t i = 0; code == 0 && i < options->count; i++) {
		struct port_range range;
		code = ports_parse_one(options->words[i], &range);
		if (code == 0)
			code = ports_add(&context->settings.open, range);
		if (code < 0)
			(void)err_set(&err, code,
				      options->is_japanese ? "%s: 8080/tcp のように指定してください"
							   : "%s: write it like 8080/tcp",
				      options->words[i]);
	}
	if (code == 0)
		code = plan_settings(context, &plan, &err);
	if (code == 0)
		code = item_packet_filter.plan(context, &plan, &err);
	const int status =
		code < 0 ? command_failed(&err) : change_make(options, context, &plan, &pending);
	context_done(context);
	return status;
}

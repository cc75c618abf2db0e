/*
 * firststep report: what check says, for the host of this server.
 *
 * With --to-host it goes out over the virtio port, in pieces of base64 that fit into lines; the
 *host takes 400 lines a minute and no more. With --stay (firststep-report.service) this is repeated
 *at each boot, every day, after each change that firststep makes, and when the host asks:
 *
 *	probe ASK KEY USER SECONDS   see probe_key.h; answered by "first-step key ASK ready" and a
 *report expire N USER                the password has to be changed at the next login; answered by
 *	                             "expired N" or "not-expired N"
 *
 * It asks on a port of its own, so that nobody's `echo` to the first one is kept out.
 *
 * Whoever is at the other end has the disk and the memory of this server in their hands anyway.
 *Still nothing here runs what they say, or opens more than a door that is shut.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "firststep/command.h"
#include "firststep/fields.h"
#include "firststep/first_boot.h"
#include "firststep/host_key.h"
#include "firststep/host_port.h"
#include "firststep/probe_key.h"
#include "firststep/report_pieces.h"
#include "firststep/run.h"
#include "firststep/session.h"

#define SECOND_MS    ((int64_t)1000)
#define DAY_MS       (24 * 3600 * SECOND_MS)
#define PORT_WAIT_MS (30 * SECOND_MS)
#define SAY_WAIT_MS  (30 * SECOND_MS)
#define RETRY_MS     (60 * SECOND_MS)
/* A change is several steps: once nothing moves for so long, it is over. */
#define SETTLE_MS (3 * SECOND_MS)
#define STATE_DIR "/var/lib/firststep"

struct reporter {
	const struct options *options;
	struct host_port asks; /* fd -1: the host has no such port */
	int watch_fd;          /* of STATE_DIR, -1 where it cannot be watched */
	struct tree tree;
	int64_t next_ms;      /* of the next report */
	int64_t last_ms;      /* of the last one; 0: none yet */
	int64_t probe_end_ms; /* 0: no key is authorised */
	char probe_user[33];
	uint64_t asked; /* the last question's number */
	bool is_first;  /* packages are to be seen to, once the host knows of the rest */
};

static int make(const struct options *options, enum checklist_form form, struct buf *out,
		enum result *ret_result, struct err *err)
{
	struct checklist *checklist AUTO_FREE = calloc(1, sizeof *checklist);
	struct context *context AUTO_FREE = calloc(1, sizeof *context);

	if (checklist == NULL || context == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	const int code = context_init(context, options->root, options->is_japanese, err);
	if (code < 0)
		return code;
	checklist_run(context, item_list(), checklist);
	checklist_write_json(context, checklist, form, out);
	*ret_result = checklist_result(checklist);
	context_done(context);
	return out->error < 0 ? err_set(err, out->error, "out of memory") : 0;
}

static int open_port(const struct options *options, struct host_port *port, struct err *err)
{
	const char *path = options->port != NULL ? options->port : HOST_PORT_PATH;
	const int64_t until_ms = session_boot_ms() + (options->stay ? PORT_WAIT_MS : 0);
	int code;

	/* udev makes its name some time in the boot; and another may have it for a moment. */
	while ((code = host_port_open(port, path)) < 0 && session_boot_ms() < until_ms)
		(void)poll(NULL, 0, 200);
	return code < 0 ? err_set(err, code, "%s: %s", path, strerror(-code)) : 0;
}

/* Only one program can have the port; it is left to others in between. */
static int say_lines(const struct options *options, char *lines, struct err *err)
{
	struct host_port port;
	char *rest = NULL;
	int code = open_port(options, &port, err);

	if (code < 0)
		return code;
	for (char *line = strtok_r(lines, "\n", &rest); code == 0 && line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		code = host_port_say(&port, line, (int)SAY_WAIT_MS);
	host_port_close(&port);
	return code < 0 ? err_set(err, code, "the host does not listen: %s", strerror(-code)) : 0;
}

static int say_report(const struct options *options, uint64_t ask, enum result *ret_result,
		      struct err *err)
{
	struct buf json CLEANUP(buf_done) = {0}, lines CLEANUP(buf_done) = {0};
	int code = make(options, CHECKLIST_COMPACT, &json, ret_result, err);

	if (code == 0 && (code = report_pieces_write(buf_str(&json), ask, &lines)) < 0)
		(void)err_set(err, code, "the report: %s", strerror(-code));
	return code < 0 ? code : say_lines(options, (char *)lines.data, err);
}

/* What the host knows this server by, and that its seed disc is needed no longer. */
static int say_first_boot(struct reporter *reporter, struct err *err)
{
	struct buf lines CLEANUP(buf_done) = {0};
	struct host_keys keys;

	host_keys_load(&reporter->tree, &keys);
	for (size_t i = 0; i < keys.count; i++)
		if (strlen(keys.list[i].type) + strlen(keys.list[i].blob) + 10 <=
		    HOST_PORT_LINE_MAX)
			(void)buf_printf(&lines, "host-key %s %s\n", keys.list[i].type,
					 keys.list[i].blob);
	(void)buf_puts(&lines, "first-boot done\n");
	return lines.error < 0 ? err_set(err, lines.error, "out of memory")
			       : say_lines(reporter->options, (char *)lines.data, err);
}

/* Root, or a user with sudo: nobody else's folder is touched. */
static const struct account *find_probed(struct context *context, const char *name)
{
	const struct accounts *accounts;

	if (context_accounts(context, &accounts) < 0)
		return NULL;
	for (size_t i = 0; i < accounts->count; i++) {
		const struct account *account = &accounts->list[i];
		if (name != NULL ? strcmp(account->name, name) == 0 && account->has_sudo
				 : account->uid == 0)
			return account;
	}
	return NULL;
}

static int probe_one(struct context *context, const char *name, const char *blob, unsigned seconds)
{
	const struct account *account = find_probed(context, name);

	if (account == NULL)
		return -ENOENT;
	return blob != NULL ? probe_key_allow(&context->tree, account, blob, seconds)
			    : probe_key_remove(&context->tree, account);
}

static void end_probe(struct reporter *reporter)
{
	struct context *context AUTO_FREE = calloc(1, sizeof *context);
	struct err err = {0};
	const char *user = reporter->probe_user;

	reporter->probe_end_ms = 0;
	if (context == NULL || context_init_anyway(context, false, &err) < 0)
		return;
	if (user[0] == '\0') {
		const struct account *usual = context_sudo_user(context);
		user = usual != NULL ? usual->name : "";
	}
	(void)probe_one(context, NULL, NULL, 0);
	(void)probe_one(context, user, NULL, 0);
	context_done(context);
}

/* "KEY USER SECONDS", or without USER. For root the key has to be in; for the user it is tried. */
static bool begin_probe(struct reporter *reporter, char *text)
{
	struct context *context AUTO_FREE = calloc(1, sizeof *context);
	struct err err = {0};
	char *words[4];
	const size_t count = fields_split(text, words, 4);
	uint64_t seconds;

	if (count < 2 || count > 3 ||
	    parse_u64(words[count - 1], 1, PROBE_KEY_MAX_SECONDS, &seconds) < 0 ||
	    context == NULL || context_init_anyway(context, false, &err) < 0)
		return false;
	const bool is_in = probe_one(context, NULL, words[0], (unsigned)seconds) == 0;
	reporter->probe_user[0] = '\0';
	if (is_in && count == 3 && account_name_is_good(words[1]) &&
	    probe_one(context, words[1], words[0], (unsigned)seconds) == 0)
		(void)snprintf(reporter->probe_user, sizeof reporter->probe_user, "%s", words[1]);
	if (is_in)
		reporter->probe_end_ms = session_boot_ms() + (int64_t)seconds * SECOND_MS;
	context_done(context);
	return is_in;
}

static bool expire(const char *user)
{
	const char *const argv[] = {"chage", "-d", "0", user, NULL};
	struct err err = {0};

	return account_name_is_good(user) && run_checked(argv, RUN_CHECK_MS, &err) == 0;
}

/* The number of a question, and what stands behind it ("" when nothing does). */
static int take_number(const char *text, uint64_t *ret, const char **ret_rest)
{
	char number[24];
	const size_t len = strcspn(text, " ");

	if (len == 0 || len >= sizeof number)
		return -EINVAL;
	memcpy(number, text, len);
	number[len] = '\0';
	*ret_rest = text + len + (text[len] == ' ');
	return parse_u64(number, 0, INT64_MAX, ret);
}

static void obey(struct reporter *reporter, const char *line)
{
	const int64_t now_ms = session_boot_ms();
	char answer[64] = "";
	const size_t verb = strcspn(line, " ");
	const char *rest;
	uint64_t number;
	struct err err = {0};

	if (line[verb] == '\0' || take_number(line + verb + 1, &number, &rest) < 0)
		return; /* of a later version, perhaps */
	if (strncmp(line, "probe ", 6) == 0) {
		char words[HOST_PORT_LINE_MAX + 1];
		(void)snprintf(words, sizeof words, "%s", rest);
		if (begin_probe(reporter, words))
			(void)snprintf(answer, sizeof answer, "first-step key %" PRIu64 " ready\n",
				       number);
		reporter->asked = number;
		reporter->next_ms = now_ms;
	} else if (strncmp(line, "expire ", 7) == 0) {
		(void)snprintf(answer, sizeof answer, "%s %" PRIu64 "\n",
			       expire(rest) ? "expired" : "not-expired", number);
	}
	if (answer[0] != '\0' && say_lines(reporter->options, answer, &err) < 0)
		(void)command_failed(&err);
}

static void send_if_due(struct reporter *reporter)
{
	const int64_t now_ms = session_boot_ms();
	enum result result;
	struct err err = {0};

	if (now_ms < reporter->next_ms)
		return;
	int code = say_report(reporter->options, reporter->asked, &result, &err);
	reporter->asked = 0;
	if (code == 0 && reporter->last_ms == 0)
		code = say_first_boot(reporter, &err);
	if (code < 0)
		(void)command_failed(&err);
	else
		reporter->last_ms = session_boot_ms();
	if (code == 0 && reporter->is_first) {
		reporter->is_first = false;
		first_boot_install(reporter->options);
	}
	reporter->next_ms = session_boot_ms() + (code < 0 ? RETRY_MS : DAY_MS);
}

static void see_changes(struct reporter *reporter)
{
	char events[4096];
	bool found = false;

	while (reporter->watch_fd >= 0 && read(reporter->watch_fd, events, sizeof events) > 0)
		found = true;
	if (found && reporter->last_ms != 0)
		reporter->next_ms = session_boot_ms() + SETTLE_MS;
}

static int wait_ms(const struct reporter *reporter)
{
	const int64_t now_ms = session_boot_ms();
	int64_t until_ms = reporter->next_ms;

	if (reporter->probe_end_ms != 0 && reporter->probe_end_ms < until_ms)
		until_ms = reporter->probe_end_ms;
	return until_ms <= now_ms           ? 0
	       : until_ms - now_ms > DAY_MS ? (int)DAY_MS
					    : (int)(until_ms - now_ms);
}

static int stay(struct reporter *reporter)
{
	char line[HOST_PORT_LINE_MAX + 1];
	int code = 0;

	while (code >= 0) {
		struct pollfd fds[2] = {{.fd = reporter->asks.fd, .events = POLLIN},
					{.fd = reporter->watch_fd, .events = POLLIN}};
		if (poll(fds, 2, wait_ms(reporter)) < 0 && errno != EINTR)
			return -errno;
		/* Nobody at the other end: the kernel would say so without pause. */
		if ((fds[0].revents & POLLHUP) != 0)
			(void)poll(fds + 1, 1, (int)SECOND_MS);
		while (reporter->asks.fd >= 0 && (code = host_port_hear(&reporter->asks, line)) > 0)
			obey(reporter, line);
		see_changes(reporter);
		if (reporter->probe_end_ms != 0 && session_boot_ms() >= reporter->probe_end_ms)
			end_probe(reporter);
		send_if_due(reporter);
	}
	return code;
}

static int stay_with_host(const struct options *options, struct err *err)
{
	struct reporter reporter = {.options = options, .watch_fd = -1, .asks = {.fd = -1}};
	struct host_port port;
	int code = tree_open(&reporter.tree, NULL, err);

	if (code == 0)
		code = open_port(options, &port, err);
	if (code == -ENOENT)
		return 0; /* another's server: nobody wants to know */
	if (code < 0)
		return code;
	host_port_close(&port);
	end_probe(&reporter); /* of a boot that ended too early */
	reporter.is_first = first_boot_finish(options);
	if (fd_make_dirs(STATE_DIR, 0700) == 0 &&
	    (reporter.watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) >= 0)
		(void)inotify_add_watch(reporter.watch_fd, STATE_DIR,
					IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE);
	if (host_port_open(&reporter.asks,
			   options->ask_port != NULL ? options->ask_port : HOST_PORT_ASK_PATH) < 0)
		reporter.asks.fd = -1;
	code = stay(&reporter);
	host_port_close(&reporter.asks);
	return err_set(err, code, "the host: %s", strerror(-code));
}

int command_report(const struct options *options)
{
	static const int status[] = {EXIT_PASS, EXIT_FAIL, EXIT_UNKNOWN};
	struct buf out CLEANUP(buf_done) = {0};
	enum result result = RESULT_PASS;
	struct err err = {0};
	int code;

	if (options->to_host && options->root != NULL)
		code = err_set(&err, ERR_UNSUPPORTED, "a file tree has no host");
	else if (options->to_host)
		code = options->stay ? stay_with_host(options, &err)
				     : say_report(options, 0, &result, &err);
	else
		code = make(options, CHECKLIST_IDENTITY, &out, &result, &err);
	if (code < 0)
		return command_failed(&err);
	return fd_write_all(STDOUT_FILENO, buf_str(&out), out.len) < 0 ? EXIT_UNKNOWN
								       : status[result];
}

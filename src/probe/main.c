/*
 * ippo-probe: looks at servers from outside, as a stranger would, and asks the resolver about
 * names. It lives only while there is something to look at: ippod starts it when core asks, and it
 * ends when core closes the channel, which is descriptor 3. It has no power, no database and no
 * files: it gets an address, looks once, and says what it saw. Whoever it talks to may be hostile.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/config.h"
#include "base/isolate.h"
#include "base/log.h"
#include "base/secret.h"
#include "probe/ask.h"
#include "probe/hello.h"
#include "probe/login.h"
#include "probe/reach.h"
#include "probe/scan.h"
#include "wire/channel.h"
#include "wire/probe_message.h"
#include "wire/supervision_message.h"
#include "wire/visitor_program.h"

#define DEFAULT_PORT    22
#define PORT_TIMEOUT_MS 2000

static void look_at_ssh(const struct ip *ip, const struct probe_look *look,
			struct probe_answer *answer)
{
	struct hello hello;
	const int code = hello_fetch(ip, look->ssh_port, &hello);

	memcpy(answer->banner, hello.banner, sizeof answer->banner);
	memcpy(answer->weak, hello.weak, sizeof answer->weak);
	answer->algorithms = hello.algorithms;
	answer->ssh = code == 0              ? PROBE_SSH_FOUND
		      : code == ERR_PROTOCOL ? PROBE_SSH_STRANGE
					     : PROBE_SSH_SILENT;
	if (code == 0)
		login_try(ip, look, answer);
}

static void look_at(const struct probe_look *look, struct probe_answer *answer)
{
	const struct ip *ip = look->ipv4.family != 0 ? &look->ipv4 : &look->ipv6;

	look_at_ssh(ip, look, answer);
	if (look->ssh_port != DEFAULT_PORT) {
		AUTO_CLOSE int fd = reach_connect(ip, DEFAULT_PORT);
		answer->default_port = fd >= 0;
	}
	if (look->scan && look->ipv4.family != 0)
		scan_all(&look->ipv4, PORT_TIMEOUT_MS, &answer->scan4);
	if (look->scan && look->ipv6.family != 0)
		scan_all(&look->ipv6, PORT_TIMEOUT_MS, &answer->scan6);
}

static int reply(uint64_t id, const struct probe_answer *answer, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};

	write_i32(&body, 0);
	write_text(&body, "");
	probe_answer_write(&body, answer);
	if (body.error != 0)
		return err_set(err, body.error, "no memory");
	return channel_send_fd(SUPERVISION_FD, PROBE_REPLY, id, body.data, body.len, NULL, 0, err);
}

static int answer_question(uint64_t id, struct reader *in, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};
	struct probe_question question;
	struct probe_names names = {0};

	if (probe_question_read(in, &question) < 0 || reader_done(in) < 0)
		return err_set(err, ERR_PROTOCOL, "core asked something that is no question");
	ask_resolver(&question, &names);
	write_i32(&body, 0);
	write_text(&body, "");
	probe_names_write(&body, &names);
	if (body.error != 0)
		return err_set(err, body.error, "no memory");
	return channel_send_fd(SUPERVISION_FD, PROBE_REPLY, id, body.data, body.len, NULL, 0, err);
}

/* One look or question. 1: core has gone; negative: it is broken. */
static int serve_one(const struct config *config, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};
	struct probe_answer answer = {0};
	struct probe_look look;
	AUTO_CLOSE int fd = -1;
	struct reader in;
	uint16_t type;
	uint8_t flags;
	uint64_t id;

	if (channel_receive_one(SUPERVISION_FD, &type, &flags, &id, &body, &fd, err) < 0)
		return 1;
	reader_init(&in, body.data, body.len);
	if (type == PROBE_ASK)
		return answer_question(id, &in, err);
	if (type != PROBE_LOOK || probe_look_read(&in, &look) < 0 || reader_done(&in) < 0 ||
	    (look.ipv4.family == 0 && look.ipv6.family == 0))
		return err_set(err, ERR_PROTOCOL, "core asked something that is no look");
	look_at(&look, &answer);
	explicit_bzero(&look, sizeof look);
	explicit_bzero(body.data, body.len);
	return reply(id, &answer, err);
}

/* The more connections at once, the shorter a scan. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max < 8192 ? limit.rlim_max : 8192;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* libssh asks who it runs as, and nothing else of the system. */
static int isolate(struct err *err)
{
	const struct isolate_path paths[] = {{"/etc/passwd", ISOLATE_READ_FILE},
					     {"/etc/nsswitch.conf", ISOLATE_READ_FILE},
					     {NULL, 0}};
	static const char *const calls[] = {
		"socket:internet", "socketpair", "connect",   "bind", "sendmmsg", "recvmmsg",
		"shutdown",        "alarm",      "openat",    "stat", "access",   "readlink",
		"getuid",          "uname",      "setitimer", NULL};
	int code = isolate_files(paths, err);

	if (code == -ENOSYS)
		log_warning("%s: files are closed by owner alone", err->text);
	else if (code < 0)
		return code;
	return isolate_syscalls(calls, err);
}

static int start(const struct config *config, struct err *err)
{
	int code;

	raise_limit();
	if ((code = isolate_drop_user(config->probe_user, err)) < 0 ||
	    (code = isolate_end_with_parent(err)) < 0 || (code = isolate_no_new_powers(err)) < 0)
		return code;
	if (secret_setup() < 0 || login_setup() < 0)
		return err_set(err, ERR_SERVER, "libssh cannot be set up");
	return isolate(err);
}

int main(int argc, char **argv)
{
	static const struct visitor_program program = {"ippo-probe", start, serve_one};

	return visitor_program_run(&program, argc, argv);
}

/*
 * ippo-post: the one process that opens connections to elsewhere, for mail and webhooks. It lives
 * only while there is something to send: ippod starts it when core asks, and it ends when core
 * closes the channel, which is descriptor 3. It has no database and keeps nothing: it gets a
 * message, tries once to send it, and says what came of it.
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/config.h"
#include "base/fd.h"
#include "base/isolate.h"
#include "base/log.h"
#include "base/secret.h"
#include "model/post.h"
#include "post/mail.h"
#include "post/webhook.h"
#include "wire/channel.h"
#include "wire/post_message.h"
#include "wire/supervision_message.h"
#include "wire/visitor_program.h"

#define PASSWORD_MAX_BYTES 1024

/* As root, because root alone should be able to read it. */
static struct secret smtp_password;

static int read_password(const struct config *config, struct secret *ret, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	size_t len;
	int code;

	if (config->smtp_user[0] == '\0')
		return 0;
	code = fd_read_file(AT_FDCWD, config->smtp_password_file, PASSWORD_MAX_BYTES, &text);
	if (code < 0)
		return err_set(err, code, "cannot read smtp_password_file %s: %s",
			       config->smtp_password_file, strerror(-code));
	len = strcspn(buf_str(&text), "\r\n");
	code = secret_set(ret, buf_str(&text), len);
	explicit_bzero(text.data, text.len);
	return code;
}

/* What names are resolved with, whose certificates count, and the folder for mails. Libraries:
 * the C library loads some of its parts when it needs them. */
static int isolate(const struct config *config, struct err *err)
{
	const struct isolate_path paths[] = {
		{"/etc/resolv.conf", ISOLATE_READ_FILE},
		{"/etc/hosts", ISOLATE_READ_FILE},
		{"/etc/host.conf", ISOLATE_READ_FILE},
		{"/etc/nsswitch.conf", ISOLATE_READ_FILE},
		{"/etc/gai.conf", ISOLATE_READ_FILE},
		{"/etc/services", ISOLATE_READ_FILE},
		{"/etc/ld.so.cache", ISOLATE_READ_FILE},
		{"/etc/ssl", ISOLATE_READ},
		{"/usr/share/ca-certificates", ISOLATE_READ_FILE},
		{"/usr/lib", ISOLATE_READ},
		{config->smtp_ca_file[0] != '\0' ? config->smtp_ca_file : "/etc/hosts",
		 ISOLATE_READ_FILE},
		{config->mail_drop[0] != '\0' ? config->mail_drop : NULL, ISOLATE_WRITE},
		{NULL, 0}};
	static const char *const calls[] = {
		"socket:internet", "socketpair", "connect",    "bind",        "sendmmsg",
		"recvmmsg",        "openat",     "open",       "stat",        "lstat",
		"access",          "faccessat",  "faccessat2", "readlink",    "readlinkat",
		"getdents64",      "unlink",     "unlinkat",   "rename",      "renameat",
		"renameat2",       "fsync",      "fdatasync",  "fchmod",      "umask",
		"getcwd",          "statfs",     "fstatfs",    "sched_yield", NULL};
	int code = isolate_files(paths, err);

	if (code == -ENOSYS)
		log_warning("%s: files are closed by owner alone", err->text);
	else if (code < 0)
		return code;
	return isolate_syscalls(calls, err);
}

static void send_one(const struct config *config, const struct secret *password,
		     const struct post_message *message, struct outcome *ret)
{
	struct err err = {0};

	/* What core has checked when it was written down is checked again. */
	if (message->kind == POST_MAIL && post_check_address(message->recipient, &err) == 0)
		mail_send(config, password, message, ret);
	else if (message->kind == POST_WEBHOOK && post_check_url(message->recipient, &err) == 0)
		webhook_send(config, message, ret);
	else
		outcome_set(ret, POST_NEVER, "%s", err.text);
	if (ret->kind == POST_DELIVERED)
		log_debug("message %llu was delivered", (unsigned long long)message->id);
	else
		log_info("message %llu was not delivered: %s", (unsigned long long)message->id,
			 ret->reason);
}

static int answer(uint64_t id, const struct outcome *outcome, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};

	write_i32(&body, 0);
	write_text(&body, "");
	write_u8(&body, (uint8_t)outcome->kind);
	write_text(&body, outcome->reason);
	if (body.error != 0)
		return err_set(err, body.error, "no memory");
	return channel_send_fd(SUPERVISION_FD, POST_REPLY, id, body.data, body.len, NULL, 0, err);
}

/* One message. 1: core has gone; negative: it is broken. */
static int serve_one(const struct config *config, struct err *err)
{
	struct post_message message CLEANUP(post_message_done) = {0};
	struct buf body CLEANUP(buf_done) = {0};
	struct outcome outcome = {.kind = POST_LATER};
	AUTO_CLOSE int fd = -1;
	struct reader in;
	uint16_t type;
	uint8_t flags;
	uint64_t id;

	if (channel_receive_one(SUPERVISION_FD, &type, &flags, &id, &body, &fd, err) < 0)
		return 1;
	reader_init(&in, body.data, body.len);
	if (type != POST_SEND || post_message_read(&in, &message) < 0)
		return err_set(err, ERR_PROTOCOL, "core asked something that is no message");
	explicit_bzero(body.data, body.len);
	send_one(config, &smtp_password, &message, &outcome);
	return answer(id, &outcome, err);
}

static int start(const struct config *config, struct err *err)
{
	int code;

	if ((code = read_password(config, &smtp_password, err)) < 0 ||
	    (code = isolate_drop_user(config->post_user, err)) < 0 ||
	    (code = isolate_end_with_parent(err)) < 0 || (code = isolate_no_new_powers(err)) < 0)
		return code;
	(void)umask(027);
	if (secret_setup() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_SERVER, "libcurl cannot be set up");
	return isolate(config, err);
}

int main(int argc, char **argv)
{
	static const struct visitor_program program = {"ippo-post", start, serve_one};
	const int code = visitor_program_run(&program, argc, argv);

	secret_done(&smtp_password);
	return code;
}

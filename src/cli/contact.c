// ippo contact: threads between an account and the operators of the service.
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "cli/api.h"
#include "cli/print.h"
#include "cli/request.h"
#include "model/attachment.h"

static void thread_row(struct table *table, const json_t *thread)
{
	char id[24], messages[24];

	(void)snprintf(id, sizeof id, "%lld", (long long)json_number(thread, "id"));
	(void)snprintf(messages, sizeof messages, "%lld",
		       (long long)json_number(thread, "messages"));
	table_row(table, id, json_text(thread, "state"), json_text(thread, "updated"),
		  json_text(thread, "customer.name"), messages, json_text(thread, "subject"));
}

static int contact_list(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	const char *state = option_text(invocation, "state");
	AUTO_FREE char *escaped = state != NULL ? api_escape(state) : NULL;

	(void)buf_puts(&path, "/contact_threads");
	if (escaped != NULL)
		(void)buf_printf(&path, "?state=%s", escaped);
	return request_list(invocation, buf_str(&path), "contact_threads",
			    "ID STATE UPDATED CUSTOMER MESSAGES SUBJECT", thread_row,
			    "There are no threads.");
}

/* Bodies have no control characters but line feeds and tabs: the service sees to that. */
static void print_message(const json_t *message)
{
	const char *name = json_text(message, "author.name");
	const bool is_operator = json_is_true(json_at(message, "author.operator"));
	const json_t *attachment;
	size_t i;

	(void)printf("\n--- %s%s%s  %s\n%s\n", name, is_operator && *name != '\0' ? ", " : "",
		     is_operator ? "operator of the service" : "", json_text(message, "created"),
		     json_text(message, "text"));
	json_array_foreach(json_object_get(message, "attachments"), i, attachment)(void)
		printf("[attachment %lld: %s, %s, %lld bytes]\n",
		       (long long)json_number(attachment, "id"), json_text(attachment, "name"),
		       json_text(attachment, "type"), (long long)json_number(attachment, "bytes"));
}

static int contact_show(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *thread = NULL, *messages = NULL;
	const json_t *message;
	size_t i;

	if (api_find(invocation->api, "contact_threads", "contact_threads", "contact_thread",
		     invocation->positionals[0], &thread, &err) < 0)
		return print_failure(&err);
	(void)buf_printf(&path, "/contact_threads/%lld/messages",
			 (long long)json_number(thread, "id"));
	if (api_list(invocation->api, buf_str(&path), "messages", &messages, &err) < 0) {
		json_decref(thread);
		return print_failure(&err);
	}
	if (invocation->json) {
		(void)json_object_set(thread, "messages", messages);
		print_json(thread);
	} else {
		print_field("Subject", "%s", json_text(thread, "subject"));
		print_field("State", "%s", json_text(thread, "state"));
		print_field("Customer", "%s", json_text(thread, "customer.name"));
		json_array_foreach(messages, i, message) print_message(message);
	}
	json_decref(messages);
	json_decref(thread);
	return EXIT_OK;
}

/* The message, out of --text or --file. */
static int add_text(const struct invocation *invocation, json_t *body, struct err *err)
{
	const char *path = option_text(invocation, "file");

	if (option_given(invocation, "text"))
		return json_object_set_new(body, "text",
					   json_string(option_text(invocation, "text")));
	if (path == NULL)
		return err_set(err, ERR_INVALID_INPUT, "say what with --text or --file");
	return request_text_file(path, "text", body, err);
}

static int send_piece(struct invocation *invocation, long long id, int64_t at, const uint8_t *data,
		      size_t bytes, struct err *err)
{
	unsigned char text[(ATTACHMENT_PIECE_BYTES + 2) / 3 * 4 + 1];
	struct buf path CLEANUP(buf_done) = {0};
	const int len = EVP_EncodeBlock(text, data, (int)bytes);
	json_t *body = json_pack("{s:I, s:s%}", "at", (json_int_t)at, "data", (const char *)text,
				 (size_t)len);

	(void)buf_printf(&path, "/contact_attachments/%lld/data", id);
	const int code = api_call(invocation->api, "PUT", buf_str(&path), body, -1, NULL, err);
	json_decref(body);
	return code;
}

/* One file goes over; its id is added to @ids. */
static int attach(struct invocation *invocation, const char *file, json_t *ids, struct err *err)
{
	const char *slash = strrchr(file, '/'), *name = slash != NULL ? slash + 1 : file;
	struct buf all CLEANUP(buf_done) = {0};
	json_t *body, *reply = NULL;
	int code;

	if ((code = fd_read_file(AT_FDCWD, file, ATTACHMENT_MAX_BYTES, &all)) < 0)
		return err_set(err, ERR_INVALID_INPUT, "cannot attach %s: %s", file,
			       code == -EFBIG ? "it is larger than 2 MiB" : strerror(-code));
	if (all.len == 0)
		return err_set(err, ERR_INVALID_INPUT, "cannot attach %s: it is empty", file);
	body = json_pack("{s:s, s:I}", "name", name, "bytes", (json_int_t)all.len);
	if (body == NULL)
		return err_set(err, ERR_INVALID_INPUT, "the name of %s is not UTF-8", file);
	code = api_call(invocation->api, "POST", "/contact_attachments", body, -1, &reply, err);
	json_decref(body);
	const long long id = (long long)json_number(reply, "contact_attachment.id");
	json_decref(reply);
	for (size_t at = 0; code == 0 && at < all.len; at += ATTACHMENT_PIECE_BYTES)
		code = send_piece(invocation, id, (int64_t)at, all.data + at,
				  all.len - at < ATTACHMENT_PIECE_BYTES ? all.len - at
									: ATTACHMENT_PIECE_BYTES,
				  err);
	if (code < 0) {
		const struct err why = *err;
		return err_set(err, code, "%s: %s", file, why.text);
	}
	return json_array_append_new(ids, json_integer(id));
}

static int add_attachments(struct invocation *invocation, json_t *body, struct err *err)
{
	json_t *ids = json_array();
	int code = 0;

	for (size_t i = 0; code == 0 && i < invocation->value_count; i++)
		if (strcmp(invocation->values[i].rule->name, "attach") == 0)
			code = attach(invocation, invocation->values[i].value, ids, err);
	if (code < 0 || json_array_size(ids) == 0) {
		json_decref(ids);
		return code;
	}
	return json_object_set_new(body, "attachments", ids);
}

/* Steals @body. */
static int send_text(struct invocation *invocation, const char *path, json_t *body, const char *key)
{
	struct err err = {0};
	json_t *reply = NULL;
	int code = add_text(invocation, body, &err);

	if (code == 0)
		code = add_attachments(invocation, body, &err);
	if (code == 0)
		code = api_call(invocation->api, "POST", path, body, -1, &reply, &err);
	json_decref(body);
	if (code < 0)
		return print_failure(&err);
	if (invocation->json)
		print_json(json_object_get(reply, key));
	else if (strcmp(key, "contact_thread") == 0)
		(void)printf("%lld\n", (long long)json_number(reply, "contact_thread.id"));
	json_decref(reply);
	return EXIT_OK;
}

static int contact_create(struct invocation *invocation)
{
	return send_text(invocation, "/contact_threads",
			 json_pack("{s:s}", "subject", invocation->positionals[0]),
			 "contact_thread");
}

static int contact_reply(struct invocation *invocation)
{
	AUTO_FREE char *id = api_escape(invocation->positionals[0]);
	struct buf path CLEANUP(buf_done) = {0};

	(void)buf_printf(&path, "/contact_threads/%s/messages", id);
	return send_text(invocation, buf_str(&path), json_object(), "message");
}

static int contact_close(struct invocation *invocation)
{
	AUTO_FREE char *id = api_escape(invocation->positionals[0]);
	struct buf path CLEANUP(buf_done) = {0};
	json_t *body = json_pack("{s:s}", "state", "closed"), *reply = NULL;
	struct err err = {0};

	(void)buf_printf(&path, "/contact_threads/%s", id);
	const int code = api_call(invocation->api, "PUT", buf_str(&path), body, -1, &reply, &err);
	json_decref(body);
	return code < 0 ? print_failure(&err)
			: request_finish(invocation, reply, "contact_thread", false);
}

/* The path of an attachment with @tail; @path is the caller's. */
static const char *attachment_path(const struct invocation *invocation, const char *tail,
				   struct buf *path)
{
	AUTO_FREE char *id = api_escape(invocation->positionals[0]);

	(void)buf_printf(path, "/contact_attachments/%s%s", id, tail);
	return buf_str(path);
}

static int contact_attachment(struct invocation *invocation)
{
	const char *file = option_text(invocation, "file");
	struct buf path CLEANUP(buf_done) = {0};

	if (file == NULL && isatty(STDOUT_FILENO)) {
		(void)fprintf(stderr, "ippo: an attachment is nothing for a terminal; say where to "
				      "with --file or >\n");
		return EXIT_USAGE;
	}
	return request_save(invocation, attachment_path(invocation, "/data", &path), file,
			    "the attachment");
}

static int contact_remove(struct invocation *invocation)
{
	return request_delete(invocation, "contact_attachments", "contact_attachments",
			      "contact_attachment", "The file is removed for everybody.");
}

static const struct option_rule list_options[] = {
	{"state", "STATE", "open (waits for an operator), answered or closed", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule text_options[] = {
	{"text", "TEXT", "the message", false},
	{"file", "FILE", "the message, at most 8000 characters of plain text", false},
	{"attach", "FILE", "a PNG, JPEG, PDF or plain text file of at most 2 MiB; up to 5", true},
	{NULL, NULL, NULL, false},
};

static const struct option_rule save_options[] = {
	{"file", "FILE", "where to, instead of the standard output; must not be there yet", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule remove_options[] = {
	{"yes", NULL, "do not ask", false},
	{NULL, NULL, NULL, false},
};

const struct command contact_commands[] = {
	{"contact", "list", "", "List the threads of the account, or of all for operators",
	 list_options, contact_list},
	{"contact", "show", "ID", "Show a thread with its messages", NULL, contact_show},
	{"contact", "create", "SUBJECT", "Write to the operators, and print the thread's number",
	 text_options, contact_create},
	{"contact", "reply", "ID", "Write one more message; to a customer, as an operator",
	 text_options, contact_reply},
	{"contact", "close", "ID", "Close a thread; writing opens it again", NULL, contact_close},
	{"contact", "attachment", "ID", "Save a file that came with a message", save_options,
	 contact_attachment},
	{"contact", "remove-attachment", "ID", "Remove a file that was sent, for everybody",
	 remove_options, contact_remove},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

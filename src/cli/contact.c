// ippo contact: threads between an account and the operators of the service.
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/api.h"
#include "cli/print.h"
#include "cli/request.h"

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

	(void)printf("\n--- %s%s%s  %s\n%s\n", name, is_operator && *name != '\0' ? ", " : "",
		     is_operator ? "operator of the service" : "", json_text(message, "created"),
		     json_text(message, "text"));
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

/* Steals @body. */
static int send_text(struct invocation *invocation, const char *path, json_t *body, const char *key)
{
	struct err err = {0};
	json_t *reply = NULL;
	int code = add_text(invocation, body, &err);

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

static const struct option_rule list_options[] = {
	{"state", "STATE", "open (waits for an operator), answered or closed", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule text_options[] = {
	{"text", "TEXT", "the message", false},
	{"file", "FILE", "the message, at most 8000 characters of plain text", false},
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
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

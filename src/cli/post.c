// ippo post: mails and webhooks on their way out.
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/api.h"
#include "cli/print.h"
#include "cli/request.h"

static void message_row(struct table *table, const json_t *message)
{
	char id[24], attempts[24];

	(void)snprintf(id, sizeof id, "%lld", (long long)json_number(message, "id"));
	(void)snprintf(attempts, sizeof attempts, "%lld",
		       (long long)json_number(message, "attempts"));
	table_row(table, id, json_text(message, "status"), json_text(message, "kind"),
		  json_text(message, "created"), attempts, json_text(message, "recipient"),
		  json_text(message, "error"));
}

static int post_list(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	const char *status = option_text(invocation, "status");
	AUTO_FREE char *escaped = status != NULL ? api_escape(status) : NULL;

	(void)buf_puts(&path, "/outbox");
	if (escaped != NULL)
		(void)buf_printf(&path, "?status=%s", escaped);
	return request_newest(invocation, buf_str(&path), "messages",
			      "ID STATUS KIND CREATED ATTEMPTS RECIPIENT ERROR", message_row,
			      "There are no messages.");
}

/* Prints the message's number. Steals @body. */
static int ask(struct invocation *invocation, const char *path, json_t *body)
{
	struct err err = {0};
	json_t *reply = NULL;
	const int code = api_call(invocation->api, "POST", path, body, -1, &reply, &err);

	json_decref(body);
	if (code < 0)
		return print_failure(&err);
	if (invocation->json)
		print_json(json_object_get(reply, "message"));
	else
		(void)printf("%lld\n", (long long)json_number(reply, "message.id"));
	json_decref(reply);
	return EXIT_OK;
}

static int post_retry(struct invocation *invocation)
{
	AUTO_FREE char *id = api_escape(invocation->positionals[0]);
	struct buf path CLEANUP(buf_done) = {0};

	(void)buf_printf(&path, "/outbox/%s/retry", id);
	return ask(invocation, buf_str(&path), NULL);
}

static int post_test(struct invocation *invocation)
{
	return ask(invocation, "/outbox/test",
		   json_pack("{s:s}", "address", invocation->positionals[0]));
}

static int post_discard(struct invocation *invocation)
{
	return request_delete(invocation, "outbox", "messages", "message",
			      "It is not sent, and cannot be tried again.");
}

static const struct option_rule discard_options[] = {
	{"yes", NULL, "do not ask", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule list_options[] = {
	{"status", "STATUS", "waiting, sent or failed", false},
	{"all", NULL, "not the newest alone", false},
	{NULL, NULL, NULL, false},
};

const struct command post_commands[] = {
	{"post", "list", "", "List mails and webhooks, the newest first (operators only)",
	 list_options, post_list},
	{"post", "retry", "ID", "Have one that failed tried again, and print its number", NULL,
	 post_retry},
	{"post", "discard", "ID", "Have one that waits or failed not sent", discard_options,
	 post_discard},
	{"post", "test", "ADDRESS", "Send a mail to see whether mail works, and print its number",
	 NULL, post_test},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

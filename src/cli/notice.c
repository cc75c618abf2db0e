// ippo notice: what the operators tell everybody.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/api.h"
#include "cli/print.h"
#include "cli/request.h"

/* Notices are in two languages; in a list there is room for the reader's. */
static const char *title_key(void)
{
	static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		const char *value = getenv(variables[i]);
		if (value != NULL && *value != '\0')
			return strncmp(value, "ja", 2) == 0 ? "title_ja" : "title_en";
	}
	return "title_en";
}

static const char *state_of(const json_t *notice)
{
	if (json_is_string(json_object_get(notice, "withdrawn")))
		return "withdrawn";
	if (json_is_true(json_object_get(notice, "scheduled")))
		return "scheduled";
	return json_is_true(json_object_get(notice, "pinned")) ? "pinned" : "shown";
}

static void notice_row(struct table *table, const json_t *notice)
{
	char id[24];

	(void)snprintf(id, sizeof id, "%lld", (long long)json_number(notice, "id"));
	table_row(table, id, json_text(notice, "published"), json_text(notice, "kind"),
		  state_of(notice), json_text(notice, title_key()));
}

static int notice_list(struct invocation *invocation)
{
	return request_list(invocation,
			    option_given(invocation, "withdrawn")   ? "/notices?status=withdrawn"
			    : option_given(invocation, "scheduled") ? "/notices?status=scheduled"
								    : "/notices",
			    "notices", "ID PUBLISHED KIND STATE TITLE", notice_row,
			    "There are no notices.");
}

static void notice_print(const json_t *notice)
{
	print_field("ID", "%lld", (long long)json_number(notice, "id"));
	print_field("Kind", "%s", json_text(notice, "kind"));
	print_field("State", "%s", state_of(notice));
	if (json_is_string(json_object_get(notice, "starts")))
		print_field("Maintenance", "%s to %s", json_text(notice, "starts"),
			    json_text(notice, "ends"));
	print_field(json_is_true(json_object_get(notice, "scheduled")) ? "To appear" : "Published",
		    "%s", json_text(notice, "published"));
	if (json_is_string(json_object_get(notice, "edited")))
		print_field("Edited", "%s", json_text(notice, "edited"));
	(void)printf("\n%s\n\n%s\n\n%s\n\n%s\n", json_text(notice, "title_ja"),
		     json_text(notice, "body_ja"), json_text(notice, "title_en"),
		     json_text(notice, "body_en"));
}

static int notice_show(struct invocation *invocation)
{
	return request_show(invocation, "notices", "notices", "notice", notice_print);
}

/* What the options say, as a body. A time window makes it a maintenance. */
static int make_body(const struct invocation *invocation, json_t *body, struct err *err)
{
	static const char *const texts[][2] = {
		{"title-ja", "title_ja"}, {"title-en", "title_en"}, {"starts", "starts"},
		{"ends", "ends"},         {"at", "publish_at"},
	};
	static const char *const files[][2] = {{"body-ja", "body_ja"}, {"body-en", "body_en"}};
	int code = 0;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (option_given(invocation, texts[i][0]))
			(void)json_object_set_new(
				body, texts[i][1],
				json_string(option_text(invocation, texts[i][0])));
	for (size_t i = 0; i < ARRAY_SIZE(files) && code == 0; i++)
		if (option_given(invocation, files[i][0]))
			code = request_text_file(option_text(invocation, files[i][0]), files[i][1],
						 body, err);
	if (option_given(invocation, "starts") || option_given(invocation, "ends"))
		(void)json_object_set_new(body, "kind", json_string("maintenance"));
	if (option_given(invocation, "ordinary"))
		(void)json_object_set_new(body, "kind", json_string("ordinary"));
	if (option_given(invocation, "pin") || option_given(invocation, "unpin"))
		(void)json_object_set_new(body, "pinned",
					  json_boolean(option_given(invocation, "pin")));
	if (option_given(invocation, "tell"))
		(void)json_object_set_new(body, "tell", json_true());
	if (option_given(invocation, "now"))
		(void)json_object_set_new(body, "publish_now", json_true());
	return code;
}

/* Steals nothing; prints the number of what was published. */
static int send_body(struct invocation *invocation, const char *method, const char *path)
{
	struct err err = {0};
	json_t *body = json_object(), *reply = NULL;
	int code = make_body(invocation, body, &err);

	if (code == 0)
		code = api_call(invocation->api, method, path, body, -1, &reply, &err);
	json_decref(body);
	if (code < 0)
		return print_failure(&err);
	if (invocation->json)
		print_json(json_object_get(reply, "notice"));
	else if (strcmp(method, "POST") == 0)
		(void)printf("%lld\n", (long long)json_number(reply, "notice.id"));
	json_decref(reply);
	return EXIT_OK;
}

static int notice_publish(struct invocation *invocation)
{
	return send_body(invocation, "POST", "/notices");
}

static int notice_edit(struct invocation *invocation)
{
	AUTO_FREE char *id = api_escape(invocation->positionals[0]);
	struct buf path CLEANUP(buf_done) = {0};

	(void)buf_printf(&path, "/notices/%s", id);
	return send_body(invocation, "PUT", buf_str(&path));
}

static int notice_withdraw(struct invocation *invocation)
{
	return request_delete(invocation, "notices", "notices", "notice",
			      "Customers do not see it any more. It cannot be shown again.");
}

#define TEXTS                                                                                      \
	{"title-ja", "TEXT", "its title in Japanese, at most 120 characters", false},              \
		{"title-en", "TEXT", "its title in English", false},                               \
		{"body-ja", "FILE", "plain text in Japanese, at most 4000 characters", false},     \
		{"body-en", "FILE", "plain text in English", false},                               \
		{"starts", "TIME", "a maintenance begins: 2026-12-01T02:00:00+09:00", false},      \
		{"ends", "TIME", "and ends", false},                                               \
		{"at", "TIME", "it appears by itself at this time, within a year", false},         \
	{                                                                                          \
		"pin", NULL,                                                                       \
			"keep it on top of the list; a maintenance also on top of every page",     \
			false                                                                      \
	}

static const struct option_rule list_options[] = {
	{"withdrawn", NULL, "those that were withdrawn (operators only)", false},
	{"scheduled", NULL, "those that are still to appear (operators only)", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule publish_options[] = {
	TEXTS,
	{NULL, NULL, NULL, false},
};
static const struct option_rule edit_options[] = {
	TEXTS,
	{"unpin", NULL, "do not keep it on top any more", false},
	{"ordinary", NULL, "no maintenance any more", false},
	{"tell", NULL, "mark it unread for everybody", false},
	{"now", NULL, "let one that is still to appear appear now", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule withdraw_options[] = {
	{"yes", NULL, "do not ask", false},
	{NULL, NULL, NULL, false},
};

const struct command notice_commands[] = {
	{"notice", "list", "", "List the notices", list_options, notice_list},
	{"notice", "show", "ID", "Show a notice in both languages", NULL, notice_show},
	{"notice", "publish", "", "Tell everybody something, and print its number", publish_options,
	 notice_publish},
	{"notice", "edit", "ID", "Change a notice", edit_options, notice_edit},
	{"notice", "withdraw", "ID", "Show a notice to customers no more", withdraw_options,
	 notice_withdraw},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

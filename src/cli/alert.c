// ippo alert, ippo alert-rule: what is wrong with servers, and the rules that tell.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/parse.h"
#include "cli/api.h"
#include "cli/print.h"
#include "cli/request.h"

static void condition(const json_t *object, struct buf *out)
{
	if (strcmp(json_text(object, "kind"), "metric") != 0)
		(void)buf_puts(out, json_text(object, "kind"));
	else
		(void)buf_printf(out, "%s %s %lld for %lld min", json_text(object, "metric"),
				 json_text(object, "comparison"),
				 (long long)json_number(object, "threshold"),
				 (long long)json_number(object, "minutes"));
}

static void alert_row(struct table *table, const json_t *alert)
{
	struct buf what CLEANUP(buf_done) = {0};
	char id[24];

	(void)snprintf(id, sizeof id, "%lld", (long long)json_number(alert, "id"));
	condition(alert, &what);
	table_row(table, id, json_text(alert, "opened"), json_text(alert, "ended"),
		  json_text(alert, "server.name"), buf_str(&what));
}

static int alert_list(struct invocation *invocation)
{
	const char *path = option_given(invocation, "open") ? "/alerts?status=open" : "/alerts";

	return option_given(invocation, "all")
		       ? request_list(invocation, path, "alerts", "ID OPENED ENDED SERVER WHAT",
				      alert_row, "There are no alerts.")
		       : request_newest(invocation, path, "alerts", "ID OPENED ENDED SERVER WHAT",
					alert_row, "There are no alerts.");
}

static void rule_row(struct table *table, const json_t *rule)
{
	struct buf what CLEANUP(buf_done) = {0};
	char id[24], server[40];
	const char *scope = json_text(rule, "label_selector");

	(void)snprintf(id, sizeof id, "%lld", (long long)json_number(rule, "id"));
	(void)snprintf(server, sizeof server, "server %lld",
		       (long long)json_number(rule, "server"));
	if (json_is_true(json_at(rule, "all_servers")))
		scope = "all servers";
	else if (json_is_integer(json_at(rule, "server")))
		scope = server;
	condition(rule, &what);
	table_row(table, id, scope, buf_str(&what),
		  json_is_true(json_at(rule, "mail")) ? "mail" : NULL,
		  json_text(rule, "webhook_url"));
}

static int rule_list(struct invocation *invocation)
{
	return request_list(invocation, "/alert_rules", "alert_rules",
			    "ID SERVERS WHAT MAIL WEBHOOK", rule_row, "There are no alert rules.");
}

static int add_number(const struct invocation *invocation, const char *option, json_t *body,
		      struct err *err)
{
	uint64_t number;

	if (!option_given(invocation, option))
		return 0;
	if (parse_u64(option_text(invocation, option), 0, INT64_MAX, &number) < 0)
		return err_set(err, ERR_INVALID_INPUT, "--%s must be a whole number", option);
	(void)json_object_set_new(body, option, json_integer((json_int_t)number));
	return 0;
}

static int add_scope(struct invocation *invocation, json_t *body, struct err *err)
{
	json_t *server = NULL;
	int code;

	if (option_given(invocation, "all"))
		(void)json_object_set_new(body, "all_servers", json_true());
	if (option_given(invocation, "label"))
		(void)json_object_set_new(body, "label_selector",
					  json_string(option_text(invocation, "label")));
	if (!option_given(invocation, "server"))
		return 0;
	code = api_find(invocation->api, "servers", "servers", "server",
			option_text(invocation, "server"), &server, err);
	if (code == 0)
		(void)json_object_set_new(body, "server", json_integer(json_number(server, "id")));
	json_decref(server);
	return code;
}

/* KIND is one of a stop, or METRIC with --above or --below. */
static int make_body(struct invocation *invocation, const char *kind, json_t *body, struct err *err)
{
	const bool is_stop = kind != NULL && strncmp(kind, "stopped_", 8) == 0;
	const char *const sides[] = {"above", "below"};
	int code = add_scope(invocation, body, err);

	if (kind != NULL)
		(void)json_object_set_new(body, "kind", json_string(is_stop ? kind : "metric"));
	if (kind != NULL && !is_stop)
		(void)json_object_set_new(body, "metric", json_string(kind));
	for (size_t i = 0; code == 0 && i < ARRAY_SIZE(sides); i++) {
		if (!option_given(invocation, sides[i]))
			continue;
		(void)json_object_set_new(body, "comparison", json_string(sides[i]));
		if ((code = add_number(invocation, sides[i], body, err)) == 0) {
			(void)json_object_set(body, "threshold", json_object_get(body, sides[i]));
			(void)json_object_del(body, sides[i]);
		}
	}
	if (code == 0)
		code = add_number(invocation, "minutes", body, err);
	if (option_given(invocation, "mail") || option_given(invocation, "no-mail"))
		(void)json_object_set_new(body, "mail",
					  json_boolean(option_given(invocation, "mail")));
	if (option_given(invocation, "webhook"))
		(void)json_object_set_new(body, "webhook_url",
					  json_string(option_text(invocation, "webhook")));
	else if (option_given(invocation, "no-webhook"))
		(void)json_object_set_new(body, "webhook_url", json_string(""));
	return code;
}

static int send_rule(struct invocation *invocation, const char *method, const char *path,
		     const char *kind)
{
	struct err err = {0};
	json_t *body = json_object(), *reply = NULL;
	int code = make_body(invocation, kind, body, &err);

	if (code == 0)
		code = api_call(invocation->api, method, path, body, -1, &reply, &err);
	json_decref(body);
	if (code < 0)
		return print_failure(&err);
	if (invocation->json) {
		print_json(reply);
	} else {
		if (strcmp(method, "POST") == 0)
			(void)printf("%lld\n", (long long)json_number(reply, "alert_rule.id"));
		if (json_is_string(json_at(reply, "webhook_secret")))
			(void)fprintf(stderr,
				      "The webhook is signed with this secret, which is shown only "
				      "now: %s\n",
				      json_text(reply, "webhook_secret"));
	}
	json_decref(reply);
	return EXIT_OK;
}

static int rule_add(struct invocation *invocation)
{
	return send_rule(invocation, "POST", "/alert_rules", invocation->positionals[0]);
}

static int rule_edit(struct invocation *invocation)
{
	AUTO_FREE char *id = api_escape(invocation->positionals[0]);
	struct buf path CLEANUP(buf_done) = {0};

	(void)buf_printf(&path, "/alert_rules/%s", id);
	return send_rule(invocation, "PUT", buf_str(&path),
			 invocation->positional_count > 1 ? invocation->positionals[1] : NULL);
}

static int rule_remove(struct invocation *invocation)
{
	return request_delete(invocation, "alert_rules", "alert_rules", "alert_rule",
			      "Its open alerts end.");
}

static const struct option_rule list_options[] = {
	{"open", NULL, "those that are open", false},
	{"all", NULL, "all there are, not only the newest", false},
	{NULL, NULL, NULL, false},
};
#define RULE_OPTIONS                                                                               \
	{"server", "NAME", "about this server", false},                                            \
		{"label", "SELECTOR", "about those with these labels", false},                     \
		{"all", NULL, "about every server of the account", false},                         \
		{"above", "NUMBER", "percent of a core, bytes, or bytes a second", false},         \
		{"below", "NUMBER", "the same", false},                                            \
		{"minutes", "NUMBER", "for so long, 1 to 1440", false},                            \
		{"mail", NULL, "also by mail to the members of the account", false},               \
	{                                                                                          \
		"webhook", "URL", "also by a signed webhook", false                                \
	}

static const struct option_rule add_options[] = {
	RULE_OPTIONS,
	{NULL, NULL, NULL, false},
};
static const struct option_rule edit_options[] = {
	RULE_OPTIONS,
	{"no-mail", NULL, "no mail any more", false},
	{"no-webhook", NULL, "no webhook any more", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule remove_options[] = {
	{"yes", NULL, "do not ask", false},
	{NULL, NULL, NULL, false},
};

const struct command alert_commands[] = {
	{"alert", "list", "", "List alerts, the newest first", list_options, alert_list},
	{"alert-rule", "list", "", "List the alert rules", NULL, rule_list},
	{"alert-rule", "add", "KIND",
	 "Make a rule and print its number; KIND is cpu, memory_used, disk_used, disk_read, "
	 "disk_write, network_in, network_out, stopped_unexpectedly or stopped_itself",
	 add_options, rule_add},
	{"alert-rule", "edit", "ID [KIND]", "Change an alert rule; open alerts of another one end",
	 edit_options, rule_edit},
	{"alert-rule", "remove", "ID", "Delete an alert rule", remove_options, rule_remove},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

// ippo firewall: packet filters, their rules, and what they are applied to.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "cli/api.h"
#include "cli/print.h"
#include "cli/request.h"

#define PATH_BYTES 96

static void firewall_row(struct table *table, const json_t *firewall)
{
	char id[24], rules[24], applied[24];

	(void)snprintf(id, sizeof id, "%lld", (long long)json_number(firewall, "id"));
	(void)snprintf(rules, sizeof rules, "%zu", json_array_size(json_at(firewall, "rules")));
	(void)snprintf(applied, sizeof applied, "%zu",
		       json_array_size(json_at(firewall, "applied_to")));
	table_row(table, id, json_text(firewall, "name"), rules, applied,
		  json_text(firewall, "ippo.trial.deadline"));
}

static int list(struct invocation *invocation)
{
	return request_list(invocation, "/firewalls", "firewalls",
			    "ID NAME RULES APPLIED TRIAL_UNTIL", firewall_row,
			    "There are no firewalls.");
}

static int find(struct invocation *invocation, json_t **ret, struct err *err)
{
	return api_find(invocation->api, "firewalls", "firewalls", "firewall",
			invocation->positionals[0], ret, err);
}

static void print_networks(const json_t *rule)
{
	const bool inwards = strcmp(json_text(rule, "direction"), "in") == 0;
	const json_t *networks = json_at(rule, inwards ? "source_ips" : "destination_ips"), *item;
	size_t i;

	json_array_foreach(networks, i, item)(void)
		printf("%s%s", i > 0 ? "," : "", json_string_value(item));
}

/* A rule a line, as rule add takes them. */
static void print_rules(const json_t *firewall)
{
	const json_t *rules = json_at(firewall, "rules"), *rule;
	size_t i;

	json_array_foreach(rules, i, rule)
	{
		const char *port = json_text(rule, "port");
		const char *description = json_text(rule, "description");
		(void)printf("%zu\t%s %s %s ", i + 1, json_text(rule, "direction"),
			     json_text(rule, "protocol"),
			     port != NULL && *port != '\0' ? port : "-");
		print_networks(rule);
		(void)printf("%s%s\n", description != NULL && *description != '\0' ? "\t" : "",
			     description != NULL ? description : "");
	}
}

static int show(struct invocation *invocation)
{
	struct err err = {0};
	json_t *firewall = NULL;
	int code = find(invocation, &firewall, &err);

	if (code < 0)
		return print_failure(&err);
	if (invocation->json)
		print_json(firewall);
	else
		print_rules(firewall);
	json_decref(firewall);
	return EXIT_OK;
}

/* What was done; whether it goes back by itself is told. */
static int finish(struct invocation *invocation, json_t *reply, int code, const struct err *err)
{
	const json_t *trial = json_at(reply, "ippo.trial");

	if (code < 0)
		return print_failure(err);
	if (invocation->json)
		print_json(reply);
	else if (json_is_object(trial))
		(void)fprintf(stderr,
			      "This could cut %s off: it goes back at %s unless you confirm it "
			      "with: ippo firewall confirm %s\n",
			      json_text(reply, "ippo.trial.address"),
			      json_text(reply, "ippo.trial.deadline"), invocation->positionals[0]);
	json_decref(reply);
	return EXIT_OK;
}

static void add_trial(const struct invocation *invocation, json_t *body)
{
	if (!option_given(invocation, "trial"))
		return;
	(void)json_object_set_new(body, "trial", json_true());
	(void)json_object_set_new(body, "trial_address",
				  json_string(option_text(invocation, "trial")));
	if (option_given(invocation, "confirm-from"))
		(void)json_object_set_new(body, "confirm_from",
					  json_string(option_text(invocation, "confirm-from")));
}

static int act(struct invocation *invocation, const json_t *firewall, const char *action,
	       json_t *body)
{
	char path[PATH_BYTES];
	struct err err = {0};
	json_t *reply = NULL;

	(void)snprintf(path, sizeof path, "/firewalls/%lld/actions/%s",
		       (long long)json_number(firewall, "id"), action);
	add_trial(invocation, body);
	const int code = api_call(invocation->api, "POST", path, body, -1, &reply, &err);
	json_decref(body);
	return finish(invocation, reply, code, &err);
}

static int create(struct invocation *invocation)
{
	struct err err = {0};
	json_t *reply = NULL;
	json_t *body = json_pack("{s:s}", "name", invocation->positionals[0]);
	const int code = api_call(invocation->api, "POST", "/firewalls", body, -1, &reply, &err);

	json_decref(body);
	return request_finish_made(invocation, reply, code, &err, "firewall.id");
}

static int delete (struct invocation *invocation)
{
	return request_delete(invocation, "firewalls", "firewalls", "firewall",
			      "It is applied to nothing.");
}

static json_t *split(const char *text)
{
	AUTO_FREE char *copy = strdup(text);
	json_t *list = json_array();
	char *rest = NULL;

	for (char *item = copy != NULL ? strtok_r(copy, ",", &rest) : NULL; item != NULL;
	     item = strtok_r(NULL, ",", &rest))
		(void)json_array_append_new(list, json_string(item));
	return list;
}

static int rule_add(struct invocation *invocation)
{
	const char *direction = invocation->positionals[1];
	const char *protocol = invocation->positionals[2];
	const char *networks = option_text(invocation, "networks");
	struct err err = {0};
	json_t *firewall = NULL;
	int code = find(invocation, &firewall, &err);

	if (code < 0)
		return print_failure(&err);
	json_t *rules = json_deep_copy(json_at(firewall, "rules"));
	json_t *rule = json_pack("{s:s, s:s, s:s?, s:s?, s:o}", "direction", direction, "protocol",
				 protocol, "port", option_text(invocation, "port"), "description",
				 option_text(invocation, "description"),
				 strcmp(direction, "out") == 0 ? "destination_ips" : "source_ips",
				 split(networks != NULL ? networks : "0.0.0.0/0,::/0"));
	(void)json_array_append_new(rules, rule);
	code = act(invocation, firewall, "set_rules", json_pack("{s:o}", "rules", rules));
	json_decref(firewall);
	return code;
}

static int rule_remove(struct invocation *invocation)
{
	struct err err = {0};
	json_t *firewall = NULL;
	uint64_t number = 0;
	int code = find(invocation, &firewall, &err);

	if (code < 0)
		return print_failure(&err);
	json_t *rules = json_deep_copy(json_at(firewall, "rules"));
	if (parse_u64(invocation->positionals[1], 1, json_array_size(rules), &number) < 0) {
		(void)err_set(&err, ERR_INVALID_INPUT, "there is no rule %s; show lists them",
			      invocation->positionals[1]);
		json_decref(rules);
		json_decref(firewall);
		return print_failure(&err);
	}
	(void)json_array_remove(rules, (size_t)number - 1);
	code = act(invocation, firewall, "set_rules", json_pack("{s:o}", "rules", rules));
	json_decref(firewall);
	return code;
}

/* The server named, or those with labels. */
static int target(struct invocation *invocation, json_t **ret, struct err *err)
{
	json_t *server = NULL;
	int code;

	if (option_given(invocation, "label")) {
		*ret = json_pack("[{s:s, s:{s:s}}]", "type", "label_selector", "label_selector",
				 "selector", option_text(invocation, "label"));
		return 0;
	}
	if (!option_given(invocation, "server"))
		return err_set(err, ERR_INVALID_INPUT, "say --server NAME or --label SELECTOR");
	code = api_find(invocation->api, "servers", "servers", "server",
			option_text(invocation, "server"), &server, err);
	if (code == 0)
		*ret = json_pack("[{s:s, s:{s:I}}]", "type", "server", "server", "id",
				 json_number(server, "id"));
	json_decref(server);
	return code;
}

static int change_scope(struct invocation *invocation, const char *action, const char *field)
{
	struct err err = {0};
	json_t *firewall = NULL, *targets = NULL;
	int code = find(invocation, &firewall, &err);

	if (code == 0)
		code = target(invocation, &targets, &err);
	if (code < 0) {
		json_decref(firewall);
		return print_failure(&err);
	}
	code = act(invocation, firewall, action, json_pack("{s:o}", field, targets));
	json_decref(firewall);
	return code;
}

static int apply(struct invocation *invocation)
{
	return change_scope(invocation, "apply_to_resources", "apply_to");
}

static int take_off(struct invocation *invocation)
{
	return change_scope(invocation, "remove_from_resources", "remove_from");
}

static int end_trial(struct invocation *invocation, const char *action)
{
	struct err err = {0};
	json_t *firewall = NULL;
	int code = find(invocation, &firewall, &err);

	if (code < 0)
		return print_failure(&err);
	code = act(invocation, firewall, action, json_object());
	json_decref(firewall);
	return code;
}

static int confirm(struct invocation *invocation)
{
	return end_trial(invocation, "confirm");
}

static int revert(struct invocation *invocation)
{
	return end_trial(invocation, "revert");
}

static const struct option_rule delete_options[] = {
	{"yes", NULL, "do not ask", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule rule_options[] = {
	{"port", "PORT", "443, 8000-8080 or any; of tcp and udp", false},
	{"networks", "LIST", "of the other side, with commas between; everybody without", false},
	{"description", "TEXT", "what it is for", false},
	{"trial", "ADDRESS", "go back after 60 s if this cuts off that address", false},
	{"confirm-from", "ADDRESS", "a new SSH connection from there confirms it", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule trial_options[] = {
	{"trial", "ADDRESS", "go back after 60 s if this cuts off that address", false},
	{"confirm-from", "ADDRESS", "a new SSH connection from there confirms it", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule target_options[] = {
	{"server", "NAME", "this server", false},
	{"label", "SELECTOR", "servers with these labels, now and later", false},
	{"trial", "ADDRESS", "go back after 60 s if this cuts off that address", false},
	{"confirm-from", "ADDRESS", "a new SSH connection from there confirms it", false},
	{NULL, NULL, NULL, false},
};

const struct command firewall_commands[] = {
	{"firewall", "list", "", "List the firewalls", NULL, list},
	{"firewall", "show", "NAME", "Show the rules of a firewall, numbered", NULL, show},
	{"firewall", "create", "NAME", "Make a firewall without rules and print its number", NULL,
	 create},
	{"firewall", "delete", "NAME", "Delete a firewall that is applied to nothing",
	 delete_options, delete},
	{"firewall", "add-rule", "NAME DIRECTION PROTOCOL",
	 "Add a rule; DIRECTION is in or out, PROTOCOL tcp, udp, icmp, icmpv6, gre or esp",
	 rule_options, rule_add},
	{"firewall", "remove-rule", "NAME NUMBER", "Remove a rule, by its number in show",
	 trial_options, rule_remove},
	{"firewall", "apply", "NAME", "Apply a firewall to a server or to labels", target_options,
	 apply},
	{"firewall", "remove", "NAME", "Take a firewall off a server or labels", target_options,
	 take_off},
	{"firewall", "confirm", "NAME", "Keep a change that is on trial", NULL, confirm},
	{"firewall", "revert", "NAME", "Take a change back that is on trial", NULL, revert},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

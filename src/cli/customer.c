// ippo customer, account, and server transfer: what accounts have and may have, and what operators
// decide about them.
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/parse.h"
#include "cli/api.h"
#include "cli/print.h"
#include "cli/request.h"

/* As options and as the API has them. */
static const struct {
	const char *option;
	const char *key;
	const char *words;
} quotas[] = {
	{"servers", "servers", "Servers"},        {"cores", "cores", "Cores"},
	{"memory", "memory_mib", "Memory (MiB)"}, {"disk", "disk_gb", "Disk (GB)"},
	{"addresses", "addresses", "Addresses"},  {"keys", "ssh_keys", "SSH keys"},
	{"tokens", "tokens", "API tokens"},       {"members", "members", "Members"},
	{"snapshots", "snapshots", "Snapshots"},
};

static const char *quota_text(const json_t *customer, const char *key, char *out, size_t size)
{
	const json_t *quota = json_object_get(json_object_get(customer, "quotas"), key);
	const json_t *limit = json_object_get(quota, "limit");

	if (json_is_integer(limit))
		(void)snprintf(out, size, "%lld of %lld", (long long)json_number(quota, "used"),
			       (long long)json_integer_value(limit));
	else
		(void)snprintf(out, size, "%lld, no limit", (long long)json_number(quota, "used"));
	return out;
}

static bool is_suspended(const json_t *customer)
{
	return json_is_true(json_object_get(customer, "suspended"));
}

static void customer_row(struct table *table, const json_t *customer)
{
	char id[24], servers[64];

	(void)snprintf(id, sizeof id, "%lld", (long long)json_number(customer, "id"));
	table_row(table, id, json_text(customer, "name"),
		  is_suspended(customer) ? "suspended" : "active",
		  quota_text(customer, "servers", servers, sizeof servers),
		  json_text(customer, "created"));
}

static int customer_list(struct invocation *invocation)
{
	return request_list(invocation,
			    option_given(invocation, "suspended") ? "/customers?status=suspended"
								  : "/customers",
			    "customers", "ID NAME STATUS SERVERS CREATED", customer_row,
			    "There are no such customers.");
}

static void customer_print(const json_t *customer)
{
	char text[64];

	print_field("Name", "%s", json_text(customer, "name"));
	print_field("ID", "%lld", (long long)json_number(customer, "id"));
	print_field("Created", "%s", json_text(customer, "created"));
	if (is_suspended(customer))
		print_field("Suspended", "since %s: %s", json_text(customer, "suspension.since"),
			    json_text(customer, "suspension.reason"));
	if (json_is_boolean(json_object_get(customer, "smtp_open")))
		print_field("Mail", "%s",
			    json_is_true(json_object_get(customer, "smtp_open"))
				    ? "its servers may send it"
				    : "port 25 outwards is closed");
	for (size_t i = 0; i < ARRAY_SIZE(quotas); i++)
		print_field(quotas[i].words, "%s",
			    quota_text(customer, quotas[i].key, text, sizeof text));
	if (json_is_string(json_object_get(customer, "note")) && *json_text(customer, "note"))
		print_field("Note", "%s", json_text(customer, "note"));
}

static int customer_show(struct invocation *invocation)
{
	return request_show(invocation, "customers", "customers", "customer", customer_print);
}

static int account_show(struct invocation *invocation)
{
	struct err err = {0};
	json_t *reply = NULL;

	if (api_call(invocation->api, "GET", "/account", NULL, -1, &reply, &err) < 0)
		return print_failure(&err);
	const json_t *account = json_object_get(reply, "account");
	if (invocation->json)
		print_json(account);
	else
		customer_print(account);
	json_decref(reply);
	return EXIT_OK;
}

static int customer_create(struct invocation *invocation)
{
	struct err err = {0};
	json_t *reply = NULL, *body = json_pack("{s:s}", "name", invocation->positionals[0]);
	int code = api_call(invocation->api, "POST", "/customers", body, -1, &reply, &err);

	json_decref(body);
	return code < 0 ? print_failure(&err)
			: request_finish(invocation, reply, "customer", false);
}

static int customer_delete(struct invocation *invocation)
{
	return request_delete(invocation, "customers", "customers", "customer",
			      "Its members can no longer sign in to it. It must own nothing.");
}

/* What is done to a customer, or below it. Steals @body. */
static int call_customer(struct invocation *invocation, const char *method, const char *below,
			 json_t *body, json_t **ret_reply, struct err *err)
{
	struct buf path CLEANUP(buf_done) = {0};
	json_t *found = NULL;
	int code = api_find(invocation->api, "customers", "customers", "customer",
			    invocation->positionals[0], &found, err);

	if (code == 0) {
		(void)buf_printf(&path, "/customers/%lld%s", (long long)json_number(found, "id"),
				 below);
		code = api_call(invocation->api, method, buf_str(&path), body, -1, ret_reply, err);
	}
	json_decref(found);
	json_decref(body);
	return code;
}

static int change(struct invocation *invocation, const char *method, const char *below,
		  json_t *body)
{
	struct err err = {0};
	json_t *reply = NULL;
	const int code = call_customer(invocation, method, below, body, &reply, &err);

	if (code < 0)
		return print_failure(&err);
	return reply == NULL ? EXIT_OK : request_finish(invocation, reply, "customer", false);
}

/* Those that options name; NULL after words about one that is wrong. */
static json_t *take_limits(const struct invocation *invocation)
{
	json_t *limits = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(quotas); i++) {
		const char *text = option_text(invocation, quotas[i].option);
		uint64_t number = 0;
		if (text == NULL)
			continue;
		if (strcmp(text, "none") != 0 && parse_u64(text, 1, 1000000000, &number) < 0) {
			(void)fprintf(stderr,
				      "ippo: --%s takes a number from 1 on, or none for no limit\n",
				      quotas[i].option);
			json_decref(limits);
			return NULL;
		}
		(void)json_object_set_new(limits, quotas[i].key,
					  number > 0 ? json_integer((json_int_t)number)
						     : json_null());
	}
	return limits;
}

static int customer_quota(struct invocation *invocation)
{
	json_t *limits = take_limits(invocation);

	if (limits == NULL)
		return EXIT_USAGE;
	if (json_object_size(limits) == 0) {
		json_decref(limits);
		return customer_show(invocation);
	}
	return change(invocation, "PUT", "", json_pack("{s:o}", "quotas", limits));
}

static int customer_defaults(struct invocation *invocation)
{
	struct err err = {0};
	json_t *reply = NULL, *limits = take_limits(invocation);
	int code;

	if (limits == NULL)
		return EXIT_USAGE;
	if (json_object_size(limits) == 0) {
		json_decref(limits);
		code = api_call(invocation->api, "GET", "/customer_defaults", NULL, -1, &reply,
				&err);
	} else {
		json_t *body = json_pack("{s:o}", "quotas", limits);
		code = api_call(invocation->api, "PUT", "/customer_defaults", body, -1, &reply,
				&err);
		json_decref(body);
	}
	if (code < 0)
		return print_failure(&err);
	const json_t *defaults = json_object_get(reply, "customer_defaults");
	if (invocation->json) {
		print_json(defaults);
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(quotas); i++) {
			const json_t *limit =
				json_object_get(json_object_get(defaults, "quotas"), quotas[i].key);
			if (json_is_integer(limit))
				print_field(quotas[i].words, "%lld",
					    (long long)json_integer_value(limit));
			else
				print_field(quotas[i].words, "no limit");
		}
	}
	json_decref(reply);
	return EXIT_OK;
}

static int customer_suspend(struct invocation *invocation)
{
	const char *reason = option_text(invocation, "reason");

	if (reason == NULL) {
		(void)fputs("ippo: say why: --reason TEXT; the customer is told\n", stderr);
		return EXIT_USAGE;
	}
	if (!request_confirmed(invocation, invocation->positionals[0],
			       "Its servers are shut down and its consoles cut; it can read, but "
			       "change nothing. Nothing is deleted."))
		return EXIT_USAGE;
	return change(invocation, "PUT", "/suspension", json_pack("{s:s}", "reason", reason));
}

static int customer_resume(struct invocation *invocation)
{
	return change(invocation, "DELETE", "/suspension", NULL);
}

static int customer_open_mail(struct invocation *invocation)
{
	return change(invocation, "PUT", "", json_pack("{s:b}", "smtp_open", 1));
}

static int customer_close_mail(struct invocation *invocation)
{
	return change(invocation, "PUT", "", json_pack("{s:b}", "smtp_open", 0));
}

static int customer_note(struct invocation *invocation)
{
	const char *text = option_text(invocation, "text"), *file = option_text(invocation, "file");
	json_t *body = json_object();
	struct err err = {0};

	if ((text == NULL) == (file == NULL)) {
		(void)fputs("ippo: give the note as --text TEXT or as --file FILE\n", stderr);
		json_decref(body);
		return EXIT_USAGE;
	}
	if (file != NULL && request_text_file(file, "note", body, &err) < 0) {
		json_decref(body);
		return print_failure(&err);
	}
	if (text != NULL)
		(void)json_object_set_new(body, "note", json_string(text));
	return change(invocation, "PUT", "", body);
}

static int server_transfer(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	uint64_t id = 0;
	json_t *found = NULL, *reply = NULL,
	       *body = json_pack("{s:s}", "customer", invocation->positionals[1]);
	int code = 0;

	/* By number it is any customer's; by name one of the account that is worked for. */
	if (parse_u64(invocation->positionals[0], 1, INT64_MAX, &id) < 0)
		code = api_find(invocation->api, "servers", "servers", "server",
				invocation->positionals[0], &found, &err);
	if (code == 0 && id == 0)
		id = (uint64_t)json_number(found, "id");
	json_decref(found);
	if (code == 0 &&
	    !request_confirmed(invocation, invocation->positionals[0],
			       "The server, its disk and its addresses go to the other customer; "
			       "consoles of the present owner end.")) {
		json_decref(body);
		return EXIT_USAGE;
	}
	if (code == 0) {
		(void)buf_printf(&path, "/servers/%llu/owner", (unsigned long long)id);
		code = api_call(invocation->api, "PUT", buf_str(&path), body, -1, &reply, &err);
	}
	json_decref(body);
	return code < 0 ? print_failure(&err) : request_finish(invocation, reply, "server", false);
}

static const struct option_rule list_options[] = {
	{"suspended", NULL, "only those that are suspended", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule quota_options[] = {
	{"servers", "NUMBER", "servers", false},
	{"cores", "NUMBER", "virtual cores of all servers together", false},
	{"memory", "MIB", "memory of all servers together", false},
	{"disk", "GB", "disk of all servers together", false},
	{"addresses", "NUMBER", "IPv4 addresses and IPv6 networks", false},
	{"keys", "NUMBER", "SSH public keys", false},
	{"tokens", "NUMBER", "API tokens", false},
	{"members", "NUMBER", "people", false},
	{"snapshots", "NUMBER", "images made from servers, without backups", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule suspend_options[] = {
	{"reason", "TEXT", "why, in words that the customer is told", false},
	{"yes", NULL, "do not ask", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule note_options[] = {
	{"text", "TEXT", "the note; an empty one removes it", false},
	{"file", "FILE", "a text file with it", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule yes_options[] = {
	{"yes", NULL, "do not ask", false},
	{NULL, NULL, NULL, false},
};

const struct command customer_commands[] = {
	{"customer", "list", "", "List the customers", list_options, customer_list},
	{"customer", "show", "NAME", "Show one customer: what it has, and may have", NULL,
	 customer_show},
	{"customer", "create", "NAME", "Make a customer", NULL, customer_create},
	{"customer", "quota", "NAME",
	 "Set what a customer may have (none: no limit); without options show it", quota_options,
	 customer_quota},
	{"customer", "defaults", "",
	 "Set what a new customer may have (none: no limit); without options show it",
	 quota_options, customer_defaults},
	{"customer", "suspend", "NAME", "Stop a customer's servers and refuse its changes",
	 suspend_options, customer_suspend},
	{"customer", "resume", "NAME", "Lift a suspension; the servers that it stopped are started",
	 NULL, customer_resume},
	{"customer", "open-mail", "NAME", "Let its servers send mail: port 25 outwards", NULL,
	 customer_open_mail},
	{"customer", "close-mail", "NAME", "Close port 25 outwards again, as it is at first", NULL,
	 customer_close_mail},
	{"customer", "note", "NAME", "Note something for the operators alone", note_options,
	 customer_note},
	{"customer", "delete", "NAME", "Delete a customer that owns nothing", yes_options,
	 customer_delete},
	{"account", "show", "", "Show what this account has, and may have", NULL, account_show},
	{"server", "transfer", "NAME CUSTOMER",
	 "Hand a server over to another customer (operators only)", yes_options, server_transfer},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

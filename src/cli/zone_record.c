// ippo zone records, add-record …: the record sets of a zone.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "cli/api.h"
#include "cli/print.h"
#include "cli/request.h"
#include "cli/zone.h"
#include "cli/zone_start.h"

#define TEXT_PART_BYTES 255 /* of a string in a TXT record: RFC 1035 section 3.3.14 */

/* --- in common --- */

static void set_path(const struct invocation *invocation, const char *below, struct buf *out)
{
	AUTO_FREE char *name = api_escape(invocation->positionals[1]);
	AUTO_FREE char *type = api_escape(invocation->positionals[2]);

	zone_path(invocation, out);
	(void)buf_printf(out, "/rrsets/%s/%s%s", name, type, below);
}

static int change(struct invocation *invocation, const char *action, json_t *body)
{
	struct buf path CLEANUP(buf_done) = {0};

	set_path(invocation, action, &path);
	return zone_change(invocation, "POST", buf_str(&path), body);
}

/*
 * Nobody types the quotes of TXT through a shell's. What has none gets them, in strings that are
 * short enough; what begins with one is left as it is.
 */
static json_t *record_value(const char *type, const char *value)
{
	struct buf text CLEANUP(buf_done) = {0};
	size_t part = 0;

	if (strcasecmp(type, "TXT") != 0 || *value == '"')
		return json_string(value);
	(void)buf_puts(&text, "\"");
	for (; *value != '\0'; value++) {
		if (part++ == TEXT_PART_BYTES) {
			(void)buf_puts(&text, "\" \"");
			part = 1;
		}
		(void)buf_printf(&text, "%s%c", *value == '"' || *value == '\\' ? "\\" : "",
				 *value);
	}
	(void)buf_puts(&text, "\"");
	return json_string(buf_str(&text));
}

static json_t *record(const struct invocation *invocation, const char *value)
{
	return json_pack("{s:o, s:s*}", "value", record_value(invocation->positionals[2], value),
			 "comment", option_text(invocation, "comment"));
}

static int add_ttl(const char *text, json_t *body)
{
	return text != NULL ? zone_take_ttl(text, body) : EXIT_OK;
}

/* --- reading --- */

static void set_row(struct table *table, const json_t *rrset)
{
	const json_t *ttl = json_object_get(rrset, "ttl"), *item;
	char text[24] = "";
	size_t i;

	if (json_is_integer(ttl))
		(void)snprintf(text, sizeof text, "%lld", (long long)json_integer_value(ttl));
	json_array_foreach(json_object_get(rrset, "records"), i, item)
		table_row(table, json_text(rrset, "name"), text, json_text(rrset, "type"),
			  json_text(item, "value"), json_text(item, "comment"));
}

static int list(struct invocation *invocation)
{
	const char *name = option_text(invocation, "name"), *type = option_text(invocation, "type");
	struct buf path CLEANUP(buf_done) = {0};

	zone_path(invocation, &path);
	(void)buf_puts(&path, "/rrsets?sort=id:asc");
	if (name != NULL) {
		AUTO_FREE char *escaped = api_escape(name);
		(void)buf_printf(&path, "&name=%s", escaped);
	}
	if (type != NULL) {
		AUTO_FREE char *escaped = api_escape(type);
		(void)buf_printf(&path, "&type=%s", escaped);
	}
	return request_list(invocation, buf_str(&path), "rrsets", "NAME TTL TYPE VALUE COMMENT",
			    set_row, "There are no such records.");
}

/* --- changing --- */

static int add(struct invocation *invocation)
{
	json_t *body =
		json_pack("{s:[o]}", "records", record(invocation, invocation->positionals[3]));
	const int code = add_ttl(option_text(invocation, "ttl"), body);

	if (code == EXIT_OK)
		return change(invocation, "/actions/add_records", body);
	json_decref(body);
	return code;
}

/* Replaces all records of the set, and makes it when there is none. */
static int set(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	json_t *records = json_array(), *body, *reply = NULL;
	struct err err = {0};
	const char *value;

	for (size_t at = 0; (value = option_next(invocation, "value", &at)) != NULL;)
		(void)json_array_append_new(
			records, json_pack("{s:o}", "value",
					   record_value(invocation->positionals[2], value)));
	body = json_pack("{s:o}", "records", records);
	if (json_array_size(records) == 0) {
		(void)fputs("ippo: say what it is to be: --value VALUE, once for each record\n",
			    stderr);
		json_decref(body);
		return EXIT_USAGE;
	}
	set_path(invocation, "", &path);
	const int code = api_call(invocation->api, "GET", buf_str(&path), NULL, -1, &reply, &err);
	json_decref(reply);
	if (code == 0)
		return change(invocation, "/actions/set_records", body);
	if (code == ERR_NOT_FOUND)
		return change(invocation, "/actions/add_records", body);
	json_decref(body);
	return print_failure(&err);
}

static int remove_record(struct invocation *invocation)
{
	const char *value = invocation->positionals[3];
	struct buf path CLEANUP(buf_done) = {0};

	if (value != NULL)
		return change(invocation, "/actions/remove_records",
			      json_pack("{s:[{s:o}]}", "records", "value",
					record_value(invocation->positionals[2], value)));
	if (!zone_confirmed(invocation, "All records of this name and type go."))
		return EXIT_USAGE;
	set_path(invocation, "", &path);
	return zone_change(invocation, "DELETE", buf_str(&path), NULL);
}

/* Those of @records that are in @rrset already go from @records. */
static void leave_out(json_t *records, const json_t *rrset)
{
	const json_t *there;
	size_t i, j;

	json_array_foreach(json_object_get(rrset, "records"), i, there)
	{
		for (j = json_array_size(records); j-- > 0;)
			if (strcasecmp(json_text(json_array_get(records, j), "value"),
				       json_text(there, "value")) == 0)
				(void)json_array_remove(records, j);
	}
}

/* What is there already stays: another server may have the name too. */
static int add_host_keys(struct invocation *invocation)
{
	const char *name = option_text(invocation, "name");
	struct buf path CLEANUP(buf_done) = {0};
	AUTO_FREE char *escaped = api_escape(name != NULL ? name : "@");
	json_t *server = NULL, *reply = NULL, *records;
	struct err err = {0};
	int code = api_find(invocation->api, "servers", "servers", "server",
			    invocation->positionals[1], &server, &err);

	if (code < 0)
		return print_failure(&err);
	records = zone_start_host_keys(server);
	json_decref(server);
	if (json_array_size(records) == 0) {
		json_decref(records);
		(void)fputs("ippo: this server's host keys are not known yet: they are when it has "
			    "started for the first time\n",
			    stderr);
		return EXIT_FAILURE;
	}
	zone_path(invocation, &path);
	(void)buf_printf(&path, "/rrsets/%s/SSHFP", escaped);
	code = api_call(invocation->api, "GET", buf_str(&path), NULL, -1, &reply, &err);
	if (code == 0)
		leave_out(records, json_object_get(reply, "rrset"));
	json_decref(reply);
	if ((code < 0 && code != ERR_NOT_FOUND) || json_array_size(records) == 0) {
		json_decref(records);
		return code < 0 ? print_failure(&err) : EXIT_OK;
	}
	(void)buf_puts(&path, "/actions/add_records");
	return zone_change(invocation, "POST", buf_str(&path),
			   json_pack("{s:o}", "records", records));
}

static int comment(struct invocation *invocation)
{
	const char *text = option_text(invocation, "text");

	return change(
		invocation, "/actions/update_records",
		json_pack("{s:[{s:o, s:s}]}", "records", "value",
			  record_value(invocation->positionals[2], invocation->positionals[3]),
			  "comment", text != NULL ? text : ""));
}

static int change_ttl(struct invocation *invocation)
{
	const char *text = invocation->positionals[3];
	json_t *body = json_pack("{s:n}", "ttl");
	const int code = add_ttl(text, body);

	if (code == EXIT_OK)
		return change(invocation, "/actions/change_ttl", body);
	json_decref(body);
	return code;
}

static int protect(struct invocation *invocation)
{
	return change(invocation, "/actions/change_protection",
		      json_pack("{s:b}", "change",
				strcmp(invocation->command->verb, "protect-record") == 0));
}

static const struct option_rule list_options[] = {
	{"name", "NAME", "only those of this name; @ is the zone itself", false},
	{"type", "TYPE", "only those of this type", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule add_options[] = {
	{"ttl", "SECONDS", "of all records of this name and type", false},
	{"comment", "TEXT", "what it is for", false},
	ZONE_WAIT_OPTION,
	{NULL, NULL, NULL, false},
};
static const struct option_rule set_options[] = {
	{"value", "VALUE", "a record", true},
	ZONE_WAIT_OPTION,
	{NULL, NULL, NULL, false},
};
static const struct option_rule remove_options[] = {
	{"yes", NULL, "do not ask, when all of them go", false},
	ZONE_WAIT_OPTION,
	{NULL, NULL, NULL, false},
};
static const struct option_rule host_key_options[] = {
	{"name", "NAME", "the part before the zone's name; the zone itself without it", false},
	ZONE_WAIT_OPTION,
	{NULL, NULL, NULL, false},
};
static const struct option_rule comment_options[] = {
	{"text", "TEXT", "the comment; without it, it is removed", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule wait_options[] = {
	ZONE_WAIT_OPTION,
	{NULL, NULL, NULL, false},
};

const struct command zone_record_commands[] = {
	{"zone", "records", "ZONE", "List the records of a zone", list_options, list},
	{"zone", "add-record", "ZONE NAME TYPE VALUE",
	 "Add a record; NAME is the part before the zone's, @ the zone itself", add_options, add},
	{"zone", "set-records", "ZONE NAME TYPE",
	 "Replace all records of a name and type, or make them", set_options, set},
	{"zone", "remove-record", "ZONE NAME TYPE [VALUE]",
	 "Remove a record, or without VALUE all of that name and type", remove_options,
	 remove_record},
	{"zone", "add-host-keys", "ZONE SERVER",
	 "Add SSHFP records of a server's host keys, so that ssh can know it by its name",
	 host_key_options, add_host_keys},
	{"zone", "comment-record", "ZONE NAME TYPE VALUE", "Change the comment of a record",
	 comment_options, comment},
	{"zone", "record-ttl", "ZONE NAME TYPE [SECONDS]",
	 "Change the TTL of a name and type; without SECONDS it is the zone's", wait_options,
	 change_ttl},
	{"zone", "protect-record", "ZONE NAME TYPE", "Refuse changes of a name and type", NULL,
	 protect},
	{"zone", "unprotect-record", "ZONE NAME TYPE", "Allow changes of a name and type", NULL,
	 protect},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

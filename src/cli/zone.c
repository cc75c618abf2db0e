// ippo zone: the zones that this service's name servers answer.
#include "cli/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/parse.h"
#include "cli/api.h"
#include "cli/print.h"
#include "cli/request.h"
#include "cli/zone_start.h"
#include "wire/http_message.h"

#define WAIT_MS 30000
#define POLL_MS 100

/* --- in common --- */

void zone_path(const struct invocation *invocation, struct buf *out)
{
	AUTO_FREE char *escaped = api_escape(invocation->positionals[0]);

	(void)buf_printf(out, "/zones/%s", escaped);
}

bool zone_confirmed(const struct invocation *invocation, const char *what_happens)
{
	return request_confirmed(invocation, invocation->positionals[0], what_happens);
}

/* The database has it at once; the name servers a moment later, or when they are back. */
static int wait_live(struct invocation *invocation, const char *path, struct err *err)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
	const int64_t until = clock_mono_ms() + WAIT_MS;

	for (;;) {
		json_t *reply = NULL;
		int code = api_call(invocation->api, "GET", path, NULL, -1, &reply, err);
		if (code < 0)
			return code;
		const char *status = json_text(reply, "zone.status");
		const bool failed = strcmp(status, "error") == 0;
		/* Nothing arrives before its owner has done something. */
		const bool live = strcmp(status, "ok") == 0 ||
				  strcmp(json_text(reply, "zone.proof.status"), "waiting") == 0;
		if (failed)
			code = err_set(err, ERR_UNAVAILABLE_RESOURCE,
				       "it is kept, but the name server does not take it: %s",
				       json_text(reply, "zone.status_reason"));
		json_decref(reply);
		if (failed || live)
			return code;
		if (clock_mono_ms() > until)
			return err_set(err, ERR_TIMEOUT,
				       "it is kept, but the name server does not have it yet; it "
				       "follows by itself");
		(void)nanosleep(&pause, NULL);
	}
}

static int finish_change(struct invocation *invocation, const char *zone, json_t *reply)
{
	struct err err = {0};

	if (invocation->json && reply != NULL)
		print_json(reply);
	json_decref(reply);
	if (!option_given(invocation, "wait") || wait_live(invocation, zone, &err) == 0)
		return EXIT_OK;
	(void)print_failure(&err);
	return EXIT_ACTION_FAILED;
}

int zone_change(struct invocation *invocation, const char *method, const char *path, json_t *body)
{
	struct buf zone CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *reply = NULL;
	const int code = api_call(invocation->api, method, path, body, -1, &reply, &err);

	json_decref(body);
	if (code < 0)
		return print_failure(&err);
	zone_path(invocation, &zone);
	return finish_change(invocation, buf_str(&zone), reply);
}

/* Steals @body. */
static int act(struct invocation *invocation, const char *action, json_t *body)
{
	struct buf path CLEANUP(buf_done) = {0};

	zone_path(invocation, &path);
	(void)buf_printf(&path, "/actions/%s", action);
	return zone_change(invocation, "POST", buf_str(&path), body);
}

/* A file, or what comes in by "-". */
static int read_zonefile(const char *name, json_t *body, struct err *err)
{
	struct buf data CLEANUP(buf_done) = {0};
	int code = fd_read_file(AT_FDCWD, strcmp(name, "-") == 0 ? "/dev/stdin" : name,
				HTTP_MAX_BODY_BYTES, &data);

	if (code == -EFBIG)
		return err_set(err, ERR_INVALID_INPUT, "%s is larger than %zu KiB", name,
			       HTTP_MAX_BODY_BYTES / 1024);
	if (code < 0)
		return err_set(err, code, "cannot read %s: %s", name, strerror(-code));
	json_t *text = json_stringn(buf_str(&data), data.len);
	if (text == NULL)
		return err_set(err, ERR_INVALID_INPUT, "%s is not UTF-8 text", name);
	return json_object_set_new(body, "zonefile", text) == 0 ? 0 : -ENOMEM;
}

int zone_take_ttl(const char *text, json_t *body)
{
	uint64_t ttl = 0;

	if (parse_u64(text, 1, INT32_MAX, &ttl) < 0) {
		(void)fprintf(stderr, "ippo: a TTL is a number of seconds, not %s\n", text);
		return EXIT_USAGE;
	}
	(void)json_object_set_new(body, "ttl", json_integer((json_int_t)ttl));
	return EXIT_OK;
}

/* --- reading --- */

static const char *number_text(const json_t *object, const char *path, char out[24])
{
	(void)snprintf(out, 24, "%lld", (long long)json_number(object, path));
	return out;
}

static const char *shown_name(const json_t *zone)
{
	return json_text(zone, "unicode_name");
}

static void zone_row(struct table *table, const json_t *zone)
{
	char id[24], records[24], version[24];

	table_row(table, number_text(zone, "id", id), shown_name(zone), json_text(zone, "status"),
		  number_text(zone, "record_count", records), number_text(zone, "version", version),
		  json_is_true(json_at(zone, "dnssec.enabled")) ? "yes" : "no");
}

static int list(struct invocation *invocation)
{
	const char *selector = option_text(invocation, "label");
	struct buf path CLEANUP(buf_done) = {0};

	(void)buf_puts(&path, "/zones?sort=name:asc");
	if (selector != NULL) {
		AUTO_FREE char *escaped = api_escape(selector);
		(void)buf_printf(&path, "&label_selector=%s", escaped);
	}
	return request_list(invocation, buf_str(&path), "zones",
			    "ID NAME STATUS RECORDS VERSION SIGNED", zone_row,
			    "There are no zones. `ippo zone create example.com` makes one.");
}

static bool is_unproven(const json_t *zone)
{
	const char *status = json_text(zone, "proof.status");

	return strcmp(status, "waiting") == 0 || strcmp(status, "expired") == 0;
}

static void print_zone(const json_t *zone)
{
	const json_t *servers = json_at(zone, "authoritative_nameservers.assigned"), *item;
	const char *key;
	json_t *value;
	size_t i;

	print_field("Name", "%s", shown_name(zone));
	if (strcmp(shown_name(zone), json_text(zone, "name")) != 0)
		print_field("Name in DNS", "%s", json_text(zone, "name"));
	print_field("ID", "%lld", (long long)json_number(zone, "id"));
	print_field("Status", "%s", json_text(zone, "status"));
	if (json_is_string(json_at(zone, "status_reason")))
		print_field("Reason", "%s", json_text(zone, "status_reason"));
	if (is_unproven(zone)) {
		print_field("Proof", "%s", json_text(zone, "proof.status"));
		print_field("Proof record", "%s TXT \"%s\"", json_text(zone, "proof.record_name"),
			    json_text(zone, "proof.record_value"));
		print_field("Proof until", "%s", json_text(zone, "proof.expires"));
	}
	if (strcmp(json_text(zone, "mode"), "secondary") == 0) {
		zone_print_primaries(zone);
	} else {
		print_field("TTL", "%lld s", (long long)json_number(zone, "ttl"));
		print_field("Records", "%lld", (long long)json_number(zone, "record_count"));
	}
	print_field("Version", "%lld", (long long)json_number(zone, "version"));
	print_field("Serial", "%lld", (long long)json_number(zone, "serial"));
	print_field("Created", "%s", json_text(zone, "created"));
	print_field("Protected", "%s",
		    json_is_true(json_at(zone, "protection.delete")) ? "against deletion" : "no");
	json_object_foreach(json_object_get((json_t *)(uintptr_t)zone, "labels"), key, value)
		print_field("Label", "%s=%s", key, json_string_value(value));
	json_array_foreach(servers, i, item)
		print_field("Name server", "%s", json_string_value(item));
	print_field("Signed", "%s", json_is_true(json_at(zone, "dnssec.enabled")) ? "yes" : "no");
	json_array_foreach(json_at(zone, "dnssec.ds"), i, item)
		print_field("DS", "%s", json_string_value(item));
	if (!json_is_object(json_at(zone, "dnssec.ksk_roll")))
		return;
	json_array_foreach(json_at(zone, "dnssec.ksk_roll.ds_before"), i, item)
		print_field("DS before", "%s", json_string_value(item));
	print_field("Key change", "%s, since %s", json_text(zone, "dnssec.ksk_roll.status"),
		    json_text(zone, "dnssec.ksk_roll.since"));
}

/* Asked now, where it matters: of a signed zone. */
static void print_parent(struct invocation *invocation)
{
	json_t *reply = NULL;
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};

	zone_path(invocation, &path);
	(void)buf_puts(&path, "/parent_ds");
	if (api_call(invocation->api, "GET", buf_str(&path), NULL, -1, &reply, &err) < 0)
		print_field("DS above", "unknown: %s", err.text);
	else if (json_is_string(json_at(reply, "parent_ds.reason")))
		print_field("DS above", "%s: %s", json_text(reply, "parent_ds.status"),
			    json_text(reply, "parent_ds.reason"));
	else
		print_field("DS above", "%s", json_text(reply, "parent_ds.status"));
	json_decref(reply);
}

/* Below the zone's path; 0 or an exit code. */
static int fetch(struct invocation *invocation, const char *below, json_t **ret)
{
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};

	zone_path(invocation, &path);
	(void)buf_puts(&path, below);
	return api_call(invocation->api, "GET", buf_str(&path), NULL, -1, ret, &err) < 0
		       ? print_failure(&err)
		       : EXIT_OK;
}

static int show(struct invocation *invocation)
{
	json_t *reply = NULL;
	const int code = fetch(invocation, "", &reply);

	if (code != EXIT_OK)
		return code;
	if (invocation->json)
		print_json(json_object_get(reply, "zone"));
	else
		print_zone(json_object_get(reply, "zone"));
	if (!invocation->json && json_is_true(json_at(reply, "zone.dnssec.enabled")))
		print_parent(invocation);
	json_decref(reply);
	return EXIT_OK;
}

/* --- making and taking away --- */

static void tell_name_servers(const json_t *zone)
{
	const json_t *servers = json_at(zone, "authoritative_nameservers.assigned"), *item;
	size_t i;

	(void)fputs("At the registrar of the name, set these name servers:", stderr);
	json_array_foreach(servers, i, item)(void) fprintf(stderr, " %s", json_string_value(item));
	(void)fputc('\n', stderr);
}

static void tell_proof(const json_t *zone, FILE *out)
{
	const json_t *servers = json_at(zone, "authoritative_nameservers.assigned"), *item;
	size_t i;

	(void)fprintf(out,
		      "Nothing of it is answered until the name was proven to be yours. Where its "
		      "DNS is now, set\n  %s TXT \"%s\"\n",
		      json_text(zone, "proof.record_name"), json_text(zone, "proof.record_value"));
	if (json_is_true(json_at(zone, "proof.delegation"))) {
		(void)fputs("or have it delegated to", out);
		json_array_foreach(servers, i, item)(void)
			fprintf(out, " %s", json_string_value(item));
		(void)fputc('\n', out);
	}
	(void)fprintf(out, "It is looked for until %s; `ippo zone prove %s` looks now.\n",
		      json_text(zone, "proof.expires"), shown_name(zone));
}

/* What makes a zone of use at once, as far as it is asked for. */
static int add_start(struct invocation *invocation, json_t *body, struct err *err)
{
	const char *name = option_text(invocation, "server");
	json_t *rrsets = json_array(), *server = NULL;
	int code = 0;

	if (name != NULL && (code = api_find(invocation->api, "servers", "servers", "server", name,
					     &server, err)) == 0)
		zone_start_server(rrsets, server);
	if (option_given(invocation, "no-mail"))
		zone_start_no_mail(rrsets);
	if (json_array_size(rrsets) > 0)
		(void)json_object_set(body, "rrsets", rrsets);
	json_decref(rrsets);
	json_decref(server);
	return code;
}

static int create(struct invocation *invocation)
{
	const char *file = option_text(invocation, "file"), *ttl = option_text(invocation, "ttl");
	json_t *body = json_pack("{s:s}", "name", invocation->positionals[0]), *reply = NULL;
	struct err err = {0};
	int code;

	if (ttl != NULL && (code = zone_take_ttl(ttl, body)) != EXIT_OK) {
		json_decref(body);
		return code;
	}
	request_add_labels(invocation, body);
	code = file != NULL ? read_zonefile(file, body, &err) : 0;
	if (code == 0 && option_given(invocation, "secondary")) {
		(void)json_object_set_new(body, "mode", json_string("secondary"));
		code = zone_take_primaries(invocation, body, &err);
	} else if (code == 0 &&
		   (option_given(invocation, "primary") || option_given(invocation, "tsig"))) {
		code = err_set(&err, ERR_INVALID_INPUT,
			       "--primary and --tsig are of secondary zones: --secondary");
	}
	if (code == 0)
		code = add_start(invocation, body, &err);
	if (code == 0)
		code = api_call(invocation->api, "POST", "/zones", body, -1, &reply, &err);
	json_decref(body);
	if (code < 0)
		return print_failure(&err);
	if (!invocation->json)
		(void)printf("%lld\n", (long long)json_number(reply, "zone.id"));
	if (!invocation->json && is_unproven(json_object_get(reply, "zone")))
		tell_proof(json_object_get(reply, "zone"), stderr);
	else if (!invocation->json && !invocation->quiet)
		tell_name_servers(json_object_get(reply, "zone"));
	struct buf path CLEANUP(buf_done) = {0};
	(void)buf_printf(&path, "/zones/%lld", (long long)json_number(reply, "zone.id"));
	return finish_change(invocation, buf_str(&path), reply);
}

static int delete (struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *reply = NULL;
	int code = fetch(invocation, "", &reply);

	if (code != EXIT_OK)
		return code;
	(void)buf_printf(&path, "/zones/%lld", (long long)json_number(reply, "zone.id"));
	json_decref(reply);
	if (!zone_confirmed(invocation, "All its records are lost, and its names answer no more."))
		return EXIT_USAGE;
	reply = NULL;
	if (api_call(invocation->api, "DELETE", buf_str(&path), NULL, -1, &reply, &err) < 0)
		return print_failure(&err);
	return request_finish(invocation, reply, NULL, false);
}

static int prove(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *reply = NULL;
	const json_t *zone;
	int code = EXIT_OK;

	zone_path(invocation, &path);
	(void)buf_puts(&path, "/actions/check_proof");
	if (api_call(invocation->api, "POST", buf_str(&path), NULL, -1, &reply, &err) < 0)
		return print_failure(&err);
	zone = json_object_get(reply, "zone");
	if (invocation->json)
		print_json(zone);
	if (!is_unproven(zone)) {
		if (!invocation->json)
			(void)puts("The name is proven, or needs no proof.");
	} else {
		code = EXIT_ACTION_FAILED;
		if (!invocation->json) {
			(void)fprintf(stderr, "ippo: not proven yet: %s\n",
				      json_text(zone, "proof.reason"));
			tell_proof(zone, stdout);
		}
	}
	json_decref(reply);
	return code;
}

static int export_file(struct invocation *invocation)
{
	const char *name = option_text(invocation, "output");
	json_t *reply = NULL;
	int code = fetch(invocation, "/zonefile", &reply);

	if (code != EXIT_OK)
		return code;
	const char *text = json_text(reply, "zonefile");
	if (name != NULL) {
		struct err err = {0};
		AUTO_CLOSE int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		const int put = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));
		if (put < 0) {
			(void)err_set(&err, put, "cannot write %s: %s", name, strerror(-put));
			code = print_failure(&err);
		}
	} else if (invocation->json) {
		print_json(reply);
	} else {
		(void)fputs(text, stdout);
	}
	json_decref(reply);
	return code;
}

static int import_file(struct invocation *invocation)
{
	const char *file = option_text(invocation, "file");
	json_t *body = json_object();
	struct err err = {0};

	if (file == NULL) {
		(void)fputs("ippo: say which file: --file FILE, or - for what comes in\n", stderr);
		json_decref(body);
		return EXIT_USAGE;
	}
	if (!zone_confirmed(invocation, "The file takes the place of all its records; "
					"`ippo zone rollback` brings them back.")) {
		json_decref(body);
		return EXIT_USAGE;
	}
	if (read_zonefile(file, body, &err) < 0) {
		json_decref(body);
		return print_failure(&err);
	}
	return act(invocation, "import_zonefile", body);
}

/* --- settings --- */

static int change_ttl(struct invocation *invocation)
{
	json_t *body = json_object();
	const int code = zone_take_ttl(invocation->positionals[1], body);

	if (code == EXIT_OK)
		return act(invocation, "change_ttl", body);
	json_decref(body);
	return code;
}

static int protect(struct invocation *invocation)
{
	return act(invocation, "change_protection",
		   json_pack("{s:b}", "delete", strcmp(invocation->command->verb, "protect") == 0));
}

static int sign(struct invocation *invocation)
{
	const bool yes = strcmp(invocation->command->verb, "sign") == 0;
	json_t *reply = NULL;
	const json_t *item;
	size_t i;
	int code;

	/* Taken away while the zone above still has a DS, every validating resolver refuses it. */
	if (!yes && !zone_confirmed(invocation,
				    "Its signatures go. Remove the DS record at the registrar "
				    "first, and wait until it has run out, or the zone cannot be "
				    "reached."))
		return EXIT_USAGE;
	code = act(invocation, "change_dnssec", json_pack("{s:b}", "enabled", yes));
	if (code != EXIT_OK || !yes || invocation->json || !option_given(invocation, "wait"))
		return code;
	if ((code = fetch(invocation, "", &reply)) != EXIT_OK)
		return code;
	json_array_foreach(json_at(reply, "zone.dnssec.ds"), i, item)(void)
		puts(json_string_value(item));
	json_decref(reply);
	return EXIT_OK;
}

/* Nothing breaks while it waits, but it ends only when somebody has been at the registrar. */
static int roll_key(struct invocation *invocation)
{
	if (!zone_confirmed(invocation,
			    "A new key-signing key takes the place of this one. Its DS record "
			    "appears in `ippo zone show` when it is time, and has to be entered at "
			    "the registrar; until then both keys are right."))
		return EXIT_USAGE;
	return act(invocation, "roll_ksk", json_object());
}

static int relabel(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	json_t *body = json_object();

	request_add_labels(invocation, body);
	zone_path(invocation, &path);
	return zone_change(invocation, "PUT", buf_str(&path), body);
}

/* --- versions --- */

static void version_row(struct table *table, const json_t *version)
{
	char number[24], changes[24];

	table_row(table, number_text(version, "version", number), json_text(version, "created"),
		  json_text(version, "who"), number_text(version, "changes", changes));
}

static int versions(struct invocation *invocation)
{
	json_t *reply = NULL;
	const json_t *version;
	const int code = fetch(invocation, "/versions", &reply);
	size_t i;

	if (code != EXIT_OK)
		return code;
	if (invocation->json) {
		print_json(json_object_get(reply, "versions"));
	} else {
		struct table *table = table_new("VERSION CREATED WHO CHANGES");
		json_array_foreach(json_object_get(reply, "versions"), i, version)
			version_row(table, version);
		table_print(table, "There are no versions.");
	}
	json_decref(reply);
	return EXIT_OK;
}

static int take_version(const struct invocation *invocation, uint64_t *ret)
{
	if (parse_u64(invocation->positionals[1], 1, INT64_MAX, ret) == 0)
		return EXIT_OK;
	(void)fputs("ippo: VERSION is a number, as `ippo zone versions` shows it\n", stderr);
	return EXIT_USAGE;
}

static void print_state(char sign, const json_t *change, const char *state)
{
	const json_t *ttl = json_at(json_object_get(change, state), "ttl"), *record;
	const char *name = json_text(change, "name");
	size_t i;

	if (*name == '\0') {
		(void)printf("%c $TTL %lld\n", sign, (long long)json_integer_value(ttl));
		return;
	}
	json_array_foreach(json_at(json_object_get(change, state), "records"), i, record)
	{
		(void)printf("%c %s", sign, name);
		if (json_is_integer(ttl))
			(void)printf(" %lld", (long long)json_integer_value(ttl));
		(void)printf(" %s %s\n", json_text(change, "type"), json_text(record, "value"));
	}
}

static int changes(struct invocation *invocation)
{
	json_t *reply = NULL;
	const json_t *change;
	char below[64];
	uint64_t version = 0;
	size_t i;
	int code;

	if ((code = take_version(invocation, &version)) != EXIT_OK)
		return code;
	(void)snprintf(below, sizeof below, "/versions/%llu", (unsigned long long)version);
	if ((code = fetch(invocation, below, &reply)) != EXIT_OK)
		return code;
	if (invocation->json)
		print_json(json_object_get(reply, "changes"));
	else
		json_array_foreach(json_object_get(reply, "changes"), i, change)
		{
			print_state('-', change, "before");
			print_state('+', change, "after");
		}
	json_decref(reply);
	return EXIT_OK;
}

static int rollback(struct invocation *invocation)
{
	uint64_t version = 0;
	const int code = take_version(invocation, &version);

	if (code != EXIT_OK)
		return code;
	return act(invocation, "rollback", json_pack("{s:I}", "version", (json_int_t)version));
}

/* --- what operators permit --- */

static int permit(struct invocation *invocation)
{
	const bool yes = strcmp(invocation->command->verb, "permit") == 0;
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *customer = NULL, *reply = NULL;
	json_t *body = json_pack("{s:s}", "name", invocation->positionals[0]);
	int code = api_find(invocation->api, "customers", "customers", "customer",
			    invocation->positionals[1], &customer, &err);

	if (code == 0) {
		(void)buf_printf(&path, "/customers/%lld/actions/%s",
				 (long long)json_number(customer, "id"),
				 yes ? "permit_zone" : "forbid_zone");
		code = api_call(invocation->api, "POST", buf_str(&path), body, -1, &reply, &err);
	}
	json_decref(body);
	json_decref(customer);
	json_decref(reply);
	return code < 0 ? print_failure(&err) : EXIT_OK;
}

static const struct option_rule list_options[] = {
	{"label", "SELECTOR", "only those with these labels", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule create_options[] = {
	{"file", "FILE", "a zone file to begin with; - for what comes in", false},
	{"server", "SERVER", "the domain and its www lead there (A, AAAA, SSHFP)", false},
	{"no-mail", NULL, "the domain has no mail: nobody can write in its name", false},
	{"ttl", "SECONDS", "of records without one of their own; 3600 without", false},
	{"secondary", NULL, "its records are fetched from name servers elsewhere", false},
	ZONE_PRIMARY_OPTIONS,
	{"label", "KEY=VALUE", "a label", true},
	ZONE_WAIT_OPTION,
	{NULL, NULL, NULL, false},
};
static const struct option_rule primaries_options[] = {
	ZONE_PRIMARY_OPTIONS,
	ZONE_WAIT_OPTION,
	{NULL, NULL, NULL, false},
};
static const struct option_rule yes_options[] = {
	{"yes", NULL, "do not ask", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule yes_wait_options[] = {
	{"yes", NULL, "do not ask", false},
	ZONE_WAIT_OPTION,
	{NULL, NULL, NULL, false},
};
static const struct option_rule export_options[] = {
	{"output", "FILE", "write it there", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule import_options[] = {
	{"file", "FILE", "the zone file; - for what comes in", false},
	{"yes", NULL, "do not ask", false},
	ZONE_WAIT_OPTION,
	{NULL, NULL, NULL, false},
};
static const struct option_rule wait_options[] = {
	ZONE_WAIT_OPTION,
	{NULL, NULL, NULL, false},
};
static const struct option_rule label_options[] = {
	{"label", "KEY=VALUE", "a label; without any, all are removed", true},
	{NULL, NULL, NULL, false},
};

const struct command zone_commands[] = {
	{"zone", "list", "", "List the zones", list_options, list},
	{"zone", "show", "ZONE",
	 "Show a zone: its state, its name servers, and the DS record of a signed one", NULL, show},
	{"zone", "create", "NAME", "Make a zone and print its number", create_options, create},
	{"zone", "delete", "ZONE", "Delete a zone with all its records", yes_options, delete},
	{"zone", "prove", "ZONE",
	 "Look now whether the name is proven to be yours, and say what it takes", NULL, prove},
	{"zone", "primaries", "ZONE",
	 "Ask now whether those that a secondary zone is fetched from hand it out; or, with "
	 "--primary, put others in their place",
	 primaries_options, zone_primaries},
	{"zone", "export", "ZONE", "Print a zone as a zone file", export_options, export_file},
	{"zone", "import", "ZONE", "Put a zone file in the place of all records", import_options,
	 import_file},
	{"zone", "ttl", "ZONE SECONDS", "Change the TTL of records without one of their own",
	 wait_options, change_ttl},
	{"zone", "label", "ZONE", "Set the labels of a zone", label_options, relabel},
	{"zone", "protect", "ZONE", "Refuse deletion", NULL, protect},
	{"zone", "unprotect", "ZONE", "Allow deletion", NULL, protect},
	{"zone", "sign", "ZONE",
	 "Sign a zone (DNSSEC); with --wait print the DS records for the registrar", wait_options,
	 sign},
	{"zone", "unsign", "ZONE", "Sign a zone no more", yes_wait_options, sign},
	{"zone", "roll-key", "ZONE",
	 "Replace the key that the zone above points to; the registrar needs its DS record",
	 yes_wait_options, roll_key},
	{"zone", "versions", "ZONE", "List the versions that can be gone back to", NULL, versions},
	{"zone", "changes", "ZONE VERSION", "Show what a version changed", NULL, changes},
	{"zone", "rollback", "ZONE VERSION",
	 "Make all records as they were in a version; that is a new version", wait_options,
	 rollback},
	{"zone", "permit", "NAME CUSTOMER",
	 "Let a customer have a name above or below another's zone (operators only)", NULL, permit},
	{"zone", "forbid", "NAME CUSTOMER", "Take that permission back (operators only)", NULL,
	 permit},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

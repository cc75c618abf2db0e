// /v1/zones: the customer's zones, whole.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"
#include "core/api/note.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/api/zone_request.h"
#include "core/dns/apex.h"
#include "core/dns/dns.h"
#include "core/dns/proofs.h"
#include "core/dns/zone_keys.h"
#include "model/zone_file.h"
#include "store/store_action.h"
#include "store/store_customer.h"
#include "store/store_zone.h"
#include "store/store_zone_key.h"
#include "store/store_zone_proof.h"

#define SOA_TIMES "3600 900 1209600 300"

/* --- shown --- */

static void add_assigned(void *context, const char *name)
{
	char text[NAME_DNS_BYTES + 1];

	(void)snprintf(text, sizeof text, "%s.", name);
	(void)json_array_append_new(context, json_string(text));
}

static json_t *render_reason(const struct zone *zone)
{
	if (zone->proof == ZONE_PROOF_EXPIRED)
		return json_string("the name was not proven to be yours in time");
	if (zone_is_unproven(zone))
		return json_string("the name has to be proven to be yours first");
	if (zone->error[0] != '\0')
		return json_string(zone->error);
	if (zone->secondary && zone->contents == ZONE_CONTENTS_NONE)
		return json_string("nothing was fetched from its primary name servers yet");
	if (zone->secondary && zone->contents == ZONE_CONTENTS_EXPIRED)
		return json_string("its primary name servers were not reached for so long that it "
				   "has expired");
	return json_null();
}

/* Changes @lines, which may be NULL. */
static json_t *render_lines(char *lines)
{
	json_t *array = json_array();
	char *line;

	while ((line = strsep(&lines, "\n")) != NULL)
		if (*line != '\0')
			(void)json_array_append_new(array, json_string(line));
	return array;
}

static json_t *render_dnssec(struct request *request, const struct zone *zone)
{
	struct store *store = request->core->store;
	AUTO_FREE char *ds = NULL, *before = NULL;
	const char *roll = zone_roll_name(zone->roll);

	if (zone->dnssec) {
		(void)store_zone_ds(store, zone->id, &ds, NULL);
		(void)store_zone_ds_before(store, zone->id, &before, NULL);
	}
	return json_pack("{s:b, s:o, s:s, s:o, s:o}", "enabled", zone->dnssec, "ds",
			 render_lines(ds), "parent_ds", zone_parent_name(zone->parent_ds),
			 "parent_ds_checked",
			 zone->parent_ms > 0 ? json_time(zone->parent_ms) : json_null(), "ksk_roll",
			 roll == NULL ? json_null()
				      : json_pack("{s:s, s:o, s:o}", "status", roll, "since",
						  json_time(zone->roll_ms), "ds_before",
						  render_lines(before)));
}

json_t *zone_request_render(struct request *request, const struct zone *zone)
{
	json_t *assigned = json_array();

	dns_names(request->core, add_assigned, assigned);
	return json_pack(
		"{s:I, s:s, s:s, s:o, s:I, s:s, s:o, s:{s:b}, s:o, s:{s:o, s:[], s:n, s:s}, s:s, "
		"s:s, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:o}",
		"id", (json_int_t)zone->id, "name", zone->name, "unicode_name", zone->shown,
		"created", json_time(zone->created_ms), "ttl", (json_int_t)zone->ttl, "mode",
		zone->secondary ? "secondary" : "primary", "primary_nameservers",
		zone_request_render_primaries(request, zone), "protection", "delete",
		zone->protected, "labels", json_labels(&zone->labels), "authoritative_nameservers",
		"assigned", assigned, "delegated", "delegation_last_check", "delegation_status",
		"unknown", "registrar", "other", "status", zone_status_name(zone_status(zone)),
		"status_reason", render_reason(zone), "record_count",
		(json_int_t)zone->record_count, "version", (json_int_t)zone->version, "serial",
		(json_int_t)zone->serial, "dnssec", render_dnssec(request, zone), "proof",
		zone_request_render_proof(request, zone), "transferred",
		zone->transferred_ms > 0 ? json_time(zone->transferred_ms) : json_null(), "expires",
		zone->secondary && zone->expires_ms > 0 ? json_time(zone->expires_ms)
							: json_null());
}

/* --- in common --- */

int zone_request_find(struct request *request, struct zone *ret, struct err *err)
{
	const char *text = request->segments[1];
	struct store *store = request->core->store;
	char name[NAME_DNS_BYTES];
	uint64_t id;
	int code = ERR_NOT_FOUND;

	if (parse_u64(text, 1, INT64_MAX, &id) == 0)
		code = store_zone_get(store, request->who.customer_id, id, ret, err);
	else if (zone_name_to_dns(text, name, err) == 0)
		code = store_zone_get_by_name(store, request->who.customer_id, name, ret, err);
	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "there is no zone %.150s", text);
	if (code == 0)
		note_about(request, "zone", ret->id, ret->shown);
	return code;
}

int zone_request_check_primary(const struct zone *zone, struct err *err)
{
	return zone->secondary ? err_set(err, ERR_UNSUPPORTED,
					 "%.150s is a secondary zone: its records are changed at "
					 "its primary name servers",
					 zone->shown)
			       : 0;
}

int zone_request_begin(struct request *request, struct zone *zone, bool version, struct err *err)
{
	struct store *store = request->core->store;
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	code = zone_request_find(request, zone, err);
	if (code == 0 && version)
		code = zone_request_check_primary(zone, err);
	if (code == 0 && version)
		code = store_zone_begin_version(store, zone, request->who_name, clock_now_ms(),
						err);
	if (code < 0)
		store_rollback(store);
	return code;
}

int zone_request_end(struct request *request, const struct zone *zone, enum action_command command,
		     unsigned status, const char *key, json_t *object, struct err *err)
{
	struct store *store = request->core->store;
	const int64_t now_ms = clock_now_ms();
	/* What was asked for is done once it is kept; until the name server has it as well, the
	 * zone's status says so. */
	struct action action CLEANUP(action_done) = {.command = command,
						     .status = ACTION_SUCCESS,
						     .progress = 100,
						     .started_ms = now_ms,
						     .finished_ms = now_ms,
						     .customer_id = zone->customer_id,
						     .user_id = request->who.user_id};
	json_t *reply = object != NULL ? json_pack("{s:o}", key, object) : json_object();
	int code;

	(void)action_add_resource(&action, ACTION_RESOURCE_ZONE, zone->id);
	if ((code = store_action_insert(store, &action, err)) < 0 ||
	    (code = store_commit(store, err)) < 0) {
		json_decref(reply);
		return code;
	}
	(void)json_object_set_new(reply, "action", render_action(&action));
	request->status = status;
	request->reply = reply;
	dns_kick(request->core->dns);
	return 0;
}

/* --- lists --- */

static int list(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_zones zones CLEANUP(store_zone_done) = {0};
	struct store_zone_filter filter = {.customer_id = request->who.customer_id};
	const char *name = request_query(request, "name"), *mode = request_query(request, "mode");
	char dns[NAME_DNS_BYTES];
	uint64_t limit = 0, used = 0;
	json_t *items;
	int code;

	if ((code = request_list(request, SORT_RESOURCE, &query, err)) < 0)
		return code;
	if (mode != NULL && strcmp(mode, "primary") != 0 && strcmp(mode, "secondary") != 0)
		return request_invalid(request, err, "mode", "must be primary or secondary");
	/* A name that is none finds nothing. */
	if (name != NULL)
		filter.name = zone_name_to_dns(name, dns, NULL) == 0 ? dns : "";
	if (mode != NULL)
		filter.mode =
			strcmp(mode, "secondary") == 0 ? STORE_ZONE_SECONDARY : STORE_ZONE_PRIMARY;
	filter.selector = query.has_selector ? &query.selector : NULL;
	filter.sort = query.sort;
	filter.page = query.page;
	if ((code = store_zone_list(request->core->store, &filter, &zones, err)) < 0 ||
	    (code = store_zone_quota(request->core->store, request->who.customer_id, &limit, &used,
				     err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < zones.count; i++)
		(void)json_array_append_new(items, zone_request_render(request, &zones.items[i]));
	code = request_answer_list(request, "zones", items, &query.page, zones.total);
	(void)json_object_set_new(
		request->reply, "quota",
		json_pack("{s:I, s:I}", "used", (json_int_t)used, "limit", (json_int_t)limit));
	return code;
}

static int get(struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	int code = zone_request_find(request, &zone, err);

	return code < 0 ? code
			: request_answer(request, 200, "zone", zone_request_render(request, &zone));
}

/* --- making and taking away --- */

/* The operator's own zones, reverse ones for example, belong to no plan. */
static int check_quota(struct request *request, struct err *err)
{
	uint64_t limit = 0, used = 0;
	int code = store_zone_quota(request->core->store, request->who.customer_id, &limit, &used,
				    err);

	if (code < 0 || (request->who.service && !request->acts_for))
		return code;
	if (limit == 0)
		return err_set(err, ERR_LIMIT,
			       "zones come with servers, and this account has none whose plan has "
			       "any");
	if (used >= limit)
		return err_set(err, ERR_LIMIT,
			       "this account's servers allow %" PRIu64
			       " zones, and there are %" PRIu64,
			       limit, used);
	return 0;
}

static int add_name_servers(struct request *request, const struct zone *zone, struct err *err)
{
	struct rrset rrset CLEANUP(rrset_done) = {
		.zone_id = zone->id, .name = "@", .type = RRSET_NS};
	const int code = apex_fill(request->core, &rrset, err);

	return code < 0           ? code
	       : rrset.count == 0 ? 0
				  : store_rrset_put(request->core->store, zone, &rrset, err);
}

static int put_file(struct request *request, const struct zone *zone, const char *text,
		    bool *ret_has_ns, struct err *err)
{
	struct zone_file file CLEANUP(zone_file_done) = {0};
	int code = zone_file_read(zone->name, zone->ttl, text, strlen(text), &file, err);

	if (code < 0)
		return code == ERR_INVALID_INPUT ? request_field(request, "zonefile", code, err)
						 : code;
	for (size_t i = 0; i < file.count; i++) {
		file.items[i].zone_id = zone->id;
		if (rrset_is_apex_ns(&file.items[i]))
			*ret_has_ns = true;
		if ((code = store_rrset_put(request->core->store, zone, &file.items[i], err)) < 0)
			return request_field(request, "zonefile", code, err);
	}
	return 0;
}

static int put_rrsets(struct request *request, const struct zone *zone, bool *ret_has_ns,
		      struct err *err)
{
	json_t *rrsets = json_object_get(request->body, "rrsets"), *item;
	size_t i;
	int code;

	if (rrsets == NULL || json_is_null(rrsets))
		return 0;
	if (!json_is_array(rrsets))
		return request_invalid(request, err, "rrsets", "must be a list");
	json_array_foreach(rrsets, i, item)
	{
		struct rrset rrset CLEANUP(rrset_done) = {.zone_id = zone->id};
		if ((code = zone_request_rrset(request, zone, item, &rrset, err)) < 0 ||
		    (code = store_rrset_put(request->core->store, zone, &rrset, err)) < 0)
			return request_field(request, "rrsets", code, err);
		if (rrset_is_apex_ns(&rrset))
			*ret_has_ns = true;
	}
	return 0;
}

static int take_zone(struct request *request, struct zone *zone, const char **ret_file,
		     struct err *err)
{
	const char *name = NULL, *mode = NULL;
	int64_t ttl = ZONE_TTL_DEFAULT;
	bool labels = false;
	int code;

	if (request->core->config->dns_listen[0] == '\0')
		return err_set(err, ERR_UNAVAILABLE_RESOURCE,
			       "no name server is set up here: [dns] in ippo.conf(5)");
	if ((code = body_need_text(request, "name", &name, err)) < 0 ||
	    (code = body_text(request, "mode", &mode, err)) < 0 ||
	    (code = body_number(request, "ttl", ZONE_TTL_MIN, ZONE_TTL_MAX, &ttl, err)) < 0 ||
	    (code = body_labels(request, &zone->labels, &labels, err)) < 0 ||
	    (code = body_text(request, "zonefile", ret_file, err)) < 0)
		return code;
	if (mode != NULL && strcmp(mode, "primary") != 0 && strcmp(mode, "secondary") != 0)
		return request_invalid(request, err, "mode", "must be primary or secondary");
	zone->secondary = mode != NULL && strcmp(mode, "secondary") == 0;
	if ((code = zone_take_name(name, zone->name, zone->shown, err)) < 0)
		return request_field(request, "name", code, err);
	zone->ttl = (uint32_t)ttl;
	return 0;
}

static int fill(struct request *request, struct zone *zone, const char *text, struct err *err)
{
	const json_t *rrsets = json_object_get(request->body, "rrsets");
	struct store_zone_primaries primaries;
	const json_t *from = json_object_get(request->body, "primary_nameservers");
	bool has_ns = false;
	int code;

	if (!zone->secondary && from != NULL && !json_is_null(from) && json_array_size(from) != 0)
		return request_invalid(request, err, "primary_nameservers",
				       "are of secondary zones alone: mode");
	if (zone->secondary) {
		if (text != NULL || (rrsets != NULL && !json_is_null(rrsets)))
			return request_invalid(request, err, text != NULL ? "zonefile" : "rrsets",
					       "a secondary zone has the records that it fetches");
		if ((code = zone_request_primaries(request, zone, &primaries, err)) < 0)
			return code;
		code = store_zone_set_primaries(request->core->store, zone->id, &primaries, err);
		explicit_bzero(&primaries, sizeof primaries);
		return code;
	}
	if (text != NULL && (code = put_file(request, zone, text, &has_ns, err)) < 0)
		return code;
	if ((code = put_rrsets(request, zone, &has_ns, err)) < 0 || has_ns)
		return code;
	return add_name_servers(request, zone, err);
}

static int show_anew(struct request *request, struct zone *zone, struct err *err)
{
	struct zone now = {0};
	int code = store_zone_get(request->core->store, 0, zone->id, &now, err);

	if (code < 0)
		return code;
	zone_done(zone);
	*zone = now;
	return 0;
}

/* What an account never proved keeps nobody else from the name. */
static int make_way(struct request *request, const struct zone *zone, struct err *err)
{
	struct store *store = request->core->store;
	struct zone there CLEANUP(zone_done) = {0};
	int code = store_zone_get_by_name(store, 0, zone->name, &there, err);

	if (code == ERR_NOT_FOUND)
		return 0;
	if (code < 0 || there.proof != ZONE_PROOF_EXPIRED || there.customer_id == zone->customer_id)
		return code;
	return proofs_give_up(request->core->proofs, &there, err);
}

static int require_proof(struct request *request, struct zone *zone, struct err *err)
{
	bool permitted = false;
	const int code = store_zone_is_permitted(request->core->store, zone->customer_id,
						 zone->name, &permitted, err);

	if (code == 0 && !permitted && (!request->who.service || request->acts_for))
		proofs_require(request->core->proofs, zone);
	/* What it is answered with comes from elsewhere, so a delegation is not seen. */
	if (zone->secondary && zone->proof == ZONE_PROOF_DELEGATION)
		zone->proof = ZONE_PROOF_TXT;
	return code;
}

static int create(struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {.customer_id = request->who.customer_id,
					       .created_ms = clock_now_ms()};
	struct store *store = request->core->store;
	const char *text = NULL;
	int code;

	if ((code = take_zone(request, &zone, &text, err)) < 0 ||
	    (code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = check_quota(request, err)) < 0 ||
	    (code = store_zone_check_owner(store, zone.customer_id, zone.name, err)) < 0 ||
	    (code = require_proof(request, &zone, err)) < 0 ||
	    (code = make_way(request, &zone, err)) < 0 ||
	    (code = store_zone_insert(store, &zone, err)) < 0)
		return request_field(request, "name", code, err);
	note_about(request, "zone", zone.id, zone.shown);
	if ((code = store_zone_begin_version(store, &zone, request->who_name, zone.created_ms,
					     err)) < 0 ||
	    (code = fill(request, &zone, text, err)) < 0 ||
	    (code = show_anew(request, &zone, err)) < 0)
		return code;
	return zone_request_end(request, &zone, ACTION_CREATE_ZONE, 201, "zone",
				zone_request_render(request, &zone), err);
}

static int update(struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct store *store = request->core->store;
	struct labels labels CLEANUP(label_done) = {0};
	bool given = false;
	int code;

	if ((code = zone_request_begin(request, &zone, false, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = body_labels(request, &labels, &given, err)) < 0)
		return code;
	if (given) { /* in place of those that there were */
		const struct labels before = zone.labels;
		zone.labels = labels;
		labels = before;
	}
	if ((code = store_zone_update(store, &zone, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	return request_answer(request, 200, "zone", zone_request_render(request, &zone));
}

static int delete (struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct store *store = request->core->store;
	int code;

	if ((code = zone_request_begin(request, &zone, false, err)) < 0)
		return code;
	STORE_GUARD(store);
	if (zone.protected)
		return err_set(err, ERR_PROTECTED,
			       "the zone %.150s is protected from being deleted", zone.shown);
	if ((code = store_zone_delete(store, zone.id, err)) < 0)
		return code;
	return zone_request_end(request, &zone, ACTION_DELETE_ZONE, 201, NULL, NULL, err);
}

/* --- as a file --- */

static int write_file(struct request *request, const struct zone *zone, struct buf *out,
		      struct err *err)
{
	const struct store_rrset_filter filter = {.zone_id = zone->id};
	struct store_rrsets rrsets CLEANUP(store_rrset_done) = {0};
	json_t *assigned = json_array();
	int code = store_rrset_list(request->core->store, &filter, &rrsets, err);

	if (code == 0) {
		dns_names(request->core, add_assigned, assigned);
		const char *primary = json_string_value(json_array_get(assigned, 0));
		(void)buf_printf(out, "$ORIGIN %s.\n$TTL %u\n", zone->name, zone->ttl);
		(void)buf_printf(out, "@\t%u\tIN\tSOA\t%s hostmaster.%s. %u " SOA_TIMES "\n",
				 zone->ttl, primary != NULL ? primary : ".", zone->name,
				 zone->serial);
		for (size_t i = 0; i < rrsets.count; i++)
			(void)rrset_write(&rrsets.items[i], zone->ttl, true, out);
		code = out->error < 0 ? err_set(err, out->error, "no memory") : 0;
	}
	json_decref(assigned);
	return code;
}

static int get_file(struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct buf text CLEANUP(buf_done) = {0};
	int code;

	if ((code = zone_request_find(request, &zone, err)) < 0)
		return code;
	if (zone.secondary)
		return zone_request_read_held(request, &zone, err);
	if ((code = write_file(request, &zone, &text, err)) < 0)
		return code;
	return request_answer(request, 200, "zonefile", json_string(buf_str(&text)));
}

static int clear(struct request *request, const struct zone *zone, struct err *err)
{
	const struct store_rrset_filter filter = {.zone_id = zone->id};
	struct store_rrsets rrsets CLEANUP(store_rrset_done) = {0};
	int code = store_rrset_list(request->core->store, &filter, &rrsets, err);

	for (size_t i = 0; code == 0 && i < rrsets.count; i++) {
		const struct rrset *rrset = &rrsets.items[i];
		if ((code = zone_request_check_open(rrset, err)) < 0)
			return code;
		code = store_rrset_delete(request->core->store, zone, rrset->name, rrset->type,
					  err);
	}
	return code;
}

static int import_file(struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct store *store = request->core->store;
	const char *text = NULL;
	bool has_ns = false;
	int code;

	if ((code = body_need_text(request, "zonefile", &text, err)) < 0 ||
	    (code = zone_request_begin(request, &zone, true, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = clear(request, &zone, err)) < 0 ||
	    (code = put_file(request, &zone, text, &has_ns, err)) < 0 ||
	    (!has_ns && (code = add_name_servers(request, &zone, err)) < 0))
		return code;
	return zone_request_end(request, &zone, ACTION_IMPORT_ZONEFILE, 201, NULL, NULL, err);
}

/* --- settings of a zone --- */

static int change_ttl(struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct store *store = request->core->store;
	uint32_t ttl = 0;
	int code;

	if ((code = zone_request_ttl(request, request->body, &ttl, err)) < 0)
		return code;
	if (ttl == 0)
		return request_invalid(request, err, "ttl", "is missing");
	if ((code = zone_request_begin(request, &zone, true, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_zone_set_ttl(store, &zone, ttl, err)) < 0)
		return code;
	return zone_request_end(request, &zone, ACTION_CHANGE_ZONE_TTL, 201, NULL, NULL, err);
}

static int change_protection(struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct store *store = request->core->store;
	int code;

	if ((code = zone_request_begin(request, &zone, false, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = body_bool(request, "delete", &zone.protected, err)) < 0 ||
	    (code = store_zone_update(store, &zone, err)) < 0)
		return code;
	return zone_request_end(request, &zone, ACTION_CHANGE_ZONE_PROTECTION, 201, NULL, NULL,
				err);
}

static int change_dnssec(struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct store *store = request->core->store;
	bool enabled = false;
	int code;

	if (!json_is_boolean(json_object_get(request->body, "enabled")))
		return request_invalid(request, err, "enabled", "must be true or false");
	if ((code = body_bool(request, "enabled", &enabled, err)) < 0 ||
	    (code = zone_request_begin(request, &zone, true, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_zone_set_dnssec(store, &zone, enabled, err)) < 0)
		return code;
	note_detail(request, "enabled", json_boolean(enabled));
	return zone_request_end(request, &zone, ACTION_CHANGE_ZONE_DNSSEC, 201, NULL, NULL, err);
}

static int roll_ksk(struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct store *store = request->core->store;
	int code = zone_request_begin(request, &zone, false, err);

	if (code < 0)
		return code;
	STORE_GUARD(store);
	if ((code = zone_request_check_primary(&zone, err)) < 0 ||
	    (code = zone_keys_roll(store, &zone, err)) < 0)
		return code;
	return zone_request_end(request, &zone, ACTION_ROLL_ZONE_KSK, 201, NULL, NULL, err);
}

/* --- versions --- */

static int list_versions(struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct store_zone_versions versions CLEANUP(store_zone_versions_done) = {0};
	json_t *items;
	int code;

	if ((code = zone_request_find(request, &zone, err)) < 0 ||
	    (code = store_zone_versions(request->core->store, zone.id, &versions, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < versions.count; i++)
		(void)json_array_append_new(
			items, json_pack("{s:I, s:o, s:s, s:I}", "version",
					 (json_int_t)versions.items[i].version, "created",
					 json_time(versions.items[i].time_ms), "who",
					 versions.items[i].who, "changes",
					 (json_int_t)versions.items[i].change_count));
	return request_answer(request, 200, "versions", items);
}

static json_t *render_state(const struct store_zone_change *change, const char *text, uint32_t ttl)
{
	struct rrset rrset CLEANUP(rrset_done) = {.type = change->type, .ttl = ttl};
	json_t *object, *shown;

	if (text == NULL)
		return json_null();
	if (change->name[0] == '\0')
		return json_pack("{s:I, s:[]}", "ttl", (json_int_t)ttl, "records");
	if (rrset_read(text, &rrset) < 0)
		return json_null();
	shown = zone_request_render_rrset(&rrset);
	object = json_pack("{s:O, s:O}", "ttl", json_object_get(shown, "ttl"), "records",
			   json_object_get(shown, "records"));
	json_decref(shown);
	return object;
}

static int get_version(struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct store_zone_changes changes CLEANUP(store_zone_changes_done) = {0};
	json_t *items;
	int code;

	if ((code = zone_request_find(request, &zone, err)) < 0 ||
	    (code = store_zone_changes(request->core->store, zone.id, request->id, &changes, err)) <
		    0)
		return code;
	items = json_array();
	for (size_t i = 0; i < changes.count; i++) {
		const struct store_zone_change *change = &changes.items[i];
		(void)json_array_append_new(
			items,
			json_pack("{s:s, s:s, s:o, s:o}", "name", change->name, "type",
				  rrset_type_name(change->type), "before",
				  render_state(change, change->before, change->ttl_before), "after",
				  render_state(change, change->after, change->ttl_after)));
	}
	return request_answer(request, 200, "changes", items);
}

static int undo_change(struct request *request, struct zone *zone,
		       const struct store_zone_change *change, bool removing, struct err *err)
{
	struct rrset rrset CLEANUP(rrset_done) = {
		.zone_id = zone->id, .type = change->type, .ttl = change->ttl_before};
	struct store *store = request->core->store;
	struct rrset now CLEANUP(rrset_done) = {0};
	int code;

	if (change->name[0] == '\0')
		return removing ? 0 : store_zone_set_ttl(store, zone, change->ttl_before, err);
	if (removing != (change->before == NULL))
		return 0;
	(void)snprintf(rrset.name, sizeof rrset.name, "%s", change->name);
	code = store_rrset_get(store, zone->id, rrset.name, rrset.type, &now, NULL);
	if (code == 0 && (code = zone_request_check_open(&now, err)) < 0)
		return code;
	if (removing)
		return code == 0 ? store_rrset_delete(store, zone, rrset.name, rrset.type, err) : 0;
	rrset.labels = now.labels;
	now.labels = (struct labels){0};
	if ((code = rrset_read(change->before, &rrset)) < 0)
		return err_set(err, code, "a version of the zone cannot be read");
	return store_rrset_put(store, zone, &rrset, err);
}

/* From the newest on each version is undone; what it had taken away comes back after what it had
 * added is gone. */
static int go_back(struct request *request, struct zone *zone, uint64_t to, struct err *err)
{
	const uint64_t newest = zone->version - 1;
	int code = 0;

	for (uint64_t version = newest; code == 0 && version > to; version--) {
		struct store_zone_changes changes CLEANUP(store_zone_changes_done) = {0};
		code = store_zone_changes(request->core->store, zone->id, version, &changes, err);
		for (int removing = 1; removing >= 0; removing--)
			for (size_t i = 0; code == 0 && i < changes.count; i++)
				code = undo_change(request, zone, &changes.items[i], removing != 0,
						   err);
	}
	return code;
}

static int rollback(struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct store *store = request->core->store;
	int64_t to = 0;
	int code;

	if ((code = body_number(request, "version", 1, INT64_MAX, &to, err)) < 0)
		return code;
	if (to == 0)
		return request_invalid(request, err, "version", "is missing");
	if ((code = zone_request_begin(request, &zone, true, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((uint64_t)to >= zone.version)
		return request_invalid(request, err, "version", "there is no such version");
	if ((code = go_back(request, &zone, (uint64_t)to, err)) < 0)
		return code;
	note_detail(request, "version", json_integer((json_int_t)to));
	return zone_request_end(request, &zone, ACTION_ROLLBACK_ZONE, 201, NULL, NULL, err);
}

/* --- what operators permit --- */

static int permit(struct request *request, bool yes, struct err *err)
{
	const char *name = NULL;
	char dns[NAME_DNS_BYTES], shown[ZONE_SHOWN_BYTES];
	struct zone zone CLEANUP(zone_done) = {0};
	struct store *store = request->core->store;
	struct customer customer;
	int code;

	if ((code = body_need_text(request, "name", &name, err)) < 0)
		return code;
	if ((code = zone_take_name(name, dns, shown, err)) < 0)
		return request_field(request, "name", code, err);
	if ((code = store_customer_get(store, request->id, &customer, err)) < 0)
		return code;
	note_about(request, "customer", request->id, customer.name);
	note_detail(request, "zone", json_string(shown));
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_zone_permit(store, request->id, dns, yes, err)) < 0)
		return code;
	code = store_zone_get_by_name(store, request->id, dns, &zone, NULL);
	if (code == 0 && yes && zone_is_unproven(&zone) &&
	    (code = proofs_accept(request->core->proofs, &zone, "operator", err)) < 0)
		return code;
	if ((code = store_commit(store, err)) < 0)
		return code;
	dns_kick(request->core->dns);
	request->status = 204;
	return 0;
}

static int permit_yes(struct request *request, struct err *err)
{
	return permit(request, true, err);
}

static int permit_no(struct request *request, struct err *err)
{
	return permit(request, false, err);
}

const struct route zone_routes[] = {
	{"GET", "/zones", ACCESS_READ, list},
	{"POST", "/zones", ACCESS_MANAGE, create, "zone.create"},
	{"GET", "/zones/{zone}", ACCESS_READ, get},
	{"PUT", "/zones/{zone}", ACCESS_MANAGE, update, "zone.update"},
	{"DELETE", "/zones/{zone}", ACCESS_MANAGE, delete, "zone.delete"},
	{"GET", "/zones/{zone}/zonefile", ACCESS_READ, get_file},
	{"POST", "/zones/{zone}/actions/import_zonefile", ACCESS_MANAGE, import_file,
	 "zone.import_zonefile"},
	{"POST", "/zones/{zone}/actions/change_ttl", ACCESS_MANAGE, change_ttl, "zone.change_ttl"},
	{"POST", "/zones/{zone}/actions/change_protection", ACCESS_MANAGE, change_protection,
	 "zone.change_protection"},
	{"POST", "/zones/{zone}/actions/change_dnssec", ACCESS_MANAGE, change_dnssec,
	 "zone.change_dnssec"},
	{"POST", "/zones/{zone}/actions/roll_ksk", ACCESS_MANAGE, roll_ksk, "zone.roll_ksk"},
	{"GET", "/zones/{zone}/versions", ACCESS_READ, list_versions},
	{"GET", "/zones/{zone}/versions/{id}", ACCESS_READ, get_version},
	{"POST", "/zones/{zone}/actions/rollback", ACCESS_MANAGE, rollback, "zone.rollback"},
	{"POST", "/customers/{id}/actions/permit_zone", ACCESS_SERVICE, permit_yes,
	 "customer.permit_zone"},
	{"POST", "/customers/{id}/actions/forbid_zone", ACCESS_SERVICE, permit_no,
	 "customer.forbid_zone"},
	{NULL, NULL, 0, NULL},
};

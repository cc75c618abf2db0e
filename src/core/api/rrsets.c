// /v1/zones/{zone}/rrsets: the record sets of a zone.
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "core/api/zone_request.h"
#include "store/store_zone.h"

static json_t *render_records(const struct rrset *rrset)
{
	json_t *records = json_array();

	for (size_t i = 0; i < rrset->count; i++)
		(void)json_array_append_new(records, json_pack("{s:s, s:s}", "value",
							       rrset->records[i].value, "comment",
							       rrset->records[i].comment));
	return records;
}

json_t *zone_request_render_rrset(const struct rrset *rrset)
{
	char id[ZONE_TEXT_NAME_BYTES + RRSET_TYPE_BYTES];

	(void)snprintf(id, sizeof id, "%s/%s", rrset->name, rrset_type_name(rrset->type));
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:{s:b}, s:o, s:I}", "id", id, "name",
			 rrset->name, "type", rrset_type_name(rrset->type), "ttl",
			 rrset->ttl != RRSET_WITHOUT_TTL ? json_integer(rrset->ttl) : json_null(),
			 "labels", json_labels(&rrset->labels), "protection", "change",
			 rrset->protected, "records", render_records(rrset), "zone",
			 (json_int_t)rrset->zone_id);
}

/* --- bodies --- */

int zone_request_ttl(struct request *request, json_t *json, uint32_t *ret, struct err *err)
{
	const json_t *ttl = json_object_get(json, "ttl");
	int code;

	if (ttl == NULL || json_is_null(ttl))
		return 0;
	if (!json_is_integer(ttl))
		return request_invalid(request, err, "ttl", "must be a whole number of seconds");
	if ((code = zone_check_ttl(json_integer_value(ttl), err)) < 0)
		return request_field(request, "ttl", code, err);
	*ret = (uint32_t)json_integer_value(ttl);
	return 0;
}

static int take_record(struct request *request, const json_t *item, const char *field,
		       struct rrset *rrset, struct err *err)
{
	const json_t *value = json_object_get(item, "value"),
		     *comment = json_object_get(item, "comment");
	int code;

	if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
		return request_invalid(request, err, field, "each record has a value, a text");
	if (comment != NULL && !json_is_null(comment) && !json_is_string(comment))
		return request_invalid(request, err, field, "a comment is a text");
	code = rrset_add(rrset, json_string_value(value),
			 json_is_string(comment) ? json_string_value(comment) : "", err);
	return code < 0 ? request_field(request, field, code, err) : 0;
}

int zone_request_records(struct request *request, json_t *json, const char *field,
			 struct rrset *rrset, struct err *err)
{
	json_t *item;
	size_t i;
	int code;

	if (!json_is_array(json) || json_array_size(json) == 0)
		return request_invalid(request, err, field,
				       "must be a list of at least one record");
	json_array_foreach(json, i, item)
	{
		if ((code = take_record(request, item, field, rrset, err)) < 0)
			return code;
	}
	return 0;
}

static int check(struct request *request, const struct zone *zone, const struct rrset *rrset,
		 struct err *err)
{
	const char *field = "records";
	int code = rrset_check(zone->name, rrset, &field, err);

	return code < 0 ? request_field(request, field, code, err) : 0;
}

int zone_request_rrset(struct request *request, const struct zone *zone, json_t *json,
		       struct rrset *rrset, struct err *err)
{
	const json_t *name = json_object_get(json, "name"), *type = json_object_get(json, "type");
	int code;

	if (!json_is_string(name))
		return request_invalid(request, err, "name",
				       "is missing: the part before the zone's name, or @");
	if (!json_is_string(type))
		return request_invalid(request, err, "type", "is missing");
	if ((code = zone_text_take_name(json_string_value(name), zone->name, rrset->name, err)) < 0)
		return request_field(request, "name", code, err);
	if ((code = rrset_type_parse(json_string_value(type), &rrset->type, err)) < 0)
		return request_field(request, "type", code, err);
	if ((code = zone_request_ttl(request, json, &rrset->ttl, err)) < 0 ||
	    (code = request_labels(request, json_object_get(json, "labels"), &rrset->labels, err)) <
		    0 ||
	    (code = zone_request_records(request, json_object_get(json, "records"), "records",
					 rrset, err)) < 0)
		return code;
	return check(request, zone, rrset, err);
}

/* --- of the path --- */

static int take_path(struct request *request, const struct zone *zone, struct rrset *rrset,
		     struct err *err)
{
	const int code = rrset_type_parse(request->segments[4], &rrset->type, err);

	/* None of a type that is not known can be added either: that is what has to be said. */
	if (code < 0)
		return request_field(request, "type", code, err);
	if (zone_text_take_name(request->segments[3], zone->name, rrset->name, err) < 0)
		return err_set(err, ERR_NOT_FOUND, "there is no record set %.100s %.20s in %.100s",
			       request->segments[3], request->segments[4], zone->shown);
	return 0;
}

static int find(struct request *request, const struct zone *zone, struct rrset *ret,
		struct err *err)
{
	struct rrset sought = {0};
	int code = take_path(request, zone, &sought, err);

	if (code < 0)
		return code;
	code = store_rrset_get(request->core->store, zone->id, sought.name, sought.type, ret, err);
	return code == ERR_NOT_FOUND
		       ? err_set(err, code, "there is no record set %.100s %s in %.100s",
				 sought.name, rrset_type_name(sought.type), zone->shown)
		       : code;
}

static void note_rrset(struct request *request, const struct rrset *rrset)
{
	note_detail(request, "name", json_string(rrset->name));
	note_detail(request, "type", json_string(rrset_type_name(rrset->type)));
}

int zone_request_check_open(const struct rrset *rrset, struct err *err)
{
	return rrset->protected ? err_set(err, ERR_PROTECTED, "%.100s %s is protected from changes",
					  rrset->name, rrset_type_name(rrset->type))
				: 0;
}

/* As zone_request_begin(), and the set of the path. */
static int begin(struct request *request, bool version, struct zone *zone, struct rrset *rrset,
		 struct err *err)
{
	int code = zone_request_begin(request, zone, version, err);

	if (code < 0)
		return code;
	if ((code = find(request, zone, rrset, err)) < 0)
		store_rollback(request->core->store);
	else
		note_rrset(request, rrset);
	return code;
}

/* --- reading --- */

/* The last word of a set's id is its type, so by id is by name and then by type. */
static struct rrset_order take_order(const struct sort *sort)
{
	struct rrset_order order = {0};

	if (sort->count == 0)
		return order;
	order.name_descending = sort->keys[0].descending;
	if (sort->keys[0].field == SORT_ID)
		order.type_descending = sort->keys[0].descending;
	else if (sort->count > 1)
		order.type_descending = sort->keys[1].descending;
	return order;
}

static int list_fetched(struct request *request, const struct zone *zone,
			const struct list_query *query, struct err *err)
{
	const char *name = request_query(request, "name"), *type;
	char canonical[ZONE_TEXT_NAME_BYTES];
	struct zone_request_sets wanted = {.order = take_order(&query->sort),
					   .selector =
						   query->has_selector ? &query->selector : NULL,
					   .page = query->page};
	size_t at = 0;

	/* Others put there what is none of our types: signatures, for one. */
	while ((type = request_query_next(request, "type", &at)) != NULL) {
		if (wanted.type_count == STORE_RRSET_TYPES)
			return request_invalid(request, err, "type", "is given too often");
		if (zone_text_type(type, &wanted.types[wanted.type_count++]) < 0)
			return request_invalid(request, err, "type", "is no type of records");
	}
	if (name != NULL) {
		wanted.name = canonical;
		wanted.is_nothing = zone_text_take_name(name, zone->name, canonical, NULL) < 0;
	}
	return zone_request_list_fetched(request, zone, &wanted, err);
}

static int take_types(struct request *request, struct store_rrset_filter *filter, struct err *err)
{
	const char *type;
	size_t at = 0;
	int code;

	while ((type = request_query_next(request, "type", &at)) != NULL) {
		if (filter->type_count == STORE_RRSET_TYPES)
			return request_invalid(request, err, "type", "is given too often");
		if ((code = rrset_type_parse(type, &filter->types[filter->type_count++], err)) < 0)
			return request_field(request, "type", code, err);
	}
	return 0;
}

static int list(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct zone zone CLEANUP(zone_done) = {0};
	struct store_rrsets rrsets CLEANUP(store_rrset_done) = {0};
	const char *name = request_query(request, "name");
	char canonical[ZONE_TEXT_NAME_BYTES];
	struct store_rrset_filter filter = {0};
	json_t *items;
	int code;

	if ((code = request_list(request, SORT_RRSET, &query, err)) < 0 ||
	    (code = zone_request_find(request, &zone, err)) < 0)
		return code;
	if (zone.secondary)
		return list_fetched(request, &zone, &query, err);
	filter.zone_id = zone.id;
	filter.order = take_order(&query.sort);
	if (name != NULL)
		filter.name =
			zone_text_take_name(name, zone.name, canonical, NULL) == 0 ? canonical : "";
	if ((code = take_types(request, &filter, err)) < 0)
		return code;
	filter.selector = query.has_selector ? &query.selector : NULL;
	filter.page = query.page;
	if ((code = store_rrset_list(request->core->store, &filter, &rrsets, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < rrsets.count; i++)
		(void)json_array_append_new(items, zone_request_render_rrset(&rrsets.items[i]));
	return request_answer_list(request, "rrsets", items, &query.page, rrsets.total);
}

static int get_fetched(struct request *request, const struct zone *zone, struct err *err)
{
	char name[ZONE_TEXT_NAME_BYTES];
	uint16_t type;

	if (zone_text_type(request->segments[4], &type) < 0)
		return request_invalid(request, err, "type", "is no type of records");
	if (zone_text_take_name(request->segments[3], zone->name, name, NULL) < 0)
		return err_set(err, ERR_NOT_FOUND, "there is no record set %.100s %.20s in %.100s",
			       request->segments[3], request->segments[4], zone->shown);
	return zone_request_get_fetched(request, zone, name, type, err);
}

static int get(struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct rrset rrset CLEANUP(rrset_done) = {0};
	int code;

	if ((code = zone_request_find(request, &zone, err)) < 0)
		return code;
	if (zone.secondary)
		return get_fetched(request, &zone, err);
	if ((code = find(request, &zone, &rrset, err)) < 0)
		return code;
	return request_answer(request, 200, "rrset", zone_request_render_rrset(&rrset));
}

/* --- changing --- */

static int create(struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct rrset rrset CLEANUP(rrset_done) = {0}, there CLEANUP(rrset_done) = {0};
	struct store *store = request->core->store;
	int code;

	if ((code = zone_request_begin(request, &zone, true, err)) < 0)
		return code;
	STORE_GUARD(store);
	rrset.zone_id = zone.id;
	if ((code = zone_request_rrset(request, &zone, request->body, &rrset, err)) < 0)
		return code;
	note_rrset(request, &rrset);
	if (store_rrset_get(store, zone.id, rrset.name, rrset.type, &there, NULL) == 0)
		return err_set(err, ERR_UNIQUENESS, "there is a record set %.100s %s already",
			       rrset.name, rrset_type_name(rrset.type));
	if ((code = store_rrset_put(store, &zone, &rrset, err)) < 0)
		return request_field(request, "type", code, err);
	return zone_request_end(request, &zone, ACTION_CREATE_RRSET, 201, "rrset",
				zone_request_render_rrset(&rrset), err);
}

static int update(struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct rrset rrset CLEANUP(rrset_done) = {0};
	struct store *store = request->core->store;
	struct labels labels CLEANUP(label_done) = {0};
	bool given = false;
	int code;

	if ((code = begin(request, false, &zone, &rrset, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = body_labels(request, &labels, &given, err)) < 0)
		return code;
	if (given) { /* in place of those that there were */
		const struct labels before = rrset.labels;
		rrset.labels = labels;
		labels = before;
	}
	if ((code = store_rrset_update(store, &rrset, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	return request_answer(request, 200, "rrset", zone_request_render_rrset(&rrset));
}

static int take_away(struct request *request, const struct zone *zone, const struct rrset *rrset,
		     struct err *err)
{
	if (rrset_is_apex_ns(rrset))
		return err_set(err, ERR_IN_USE,
			       "a zone has name servers: change them, or delete the zone");
	return store_rrset_delete(request->core->store, zone, rrset->name, rrset->type, err);
}

static int delete (struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct rrset rrset CLEANUP(rrset_done) = {0};
	struct store *store = request->core->store;
	int code;

	if ((code = begin(request, true, &zone, &rrset, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = zone_request_check_open(&rrset, err)) < 0 ||
	    (code = take_away(request, &zone, &rrset, err)) < 0)
		return code;
	return zone_request_end(request, &zone, ACTION_DELETE_RRSET, 201, NULL, NULL, err);
}

/* What one action does to the set; @given: the body's records. */
typedef int rrset_change(struct request *request, const struct zone *zone, struct rrset *rrset,
			 struct rrset *given, struct err *err);

static void take_over(struct rrset *rrset, struct rrset *given)
{
	struct rrset_record *records = rrset->records;
	const size_t count = rrset->count;

	rrset->records = given->records;
	rrset->count = given->count;
	given->records = records;
	given->count = count;
}

static int set_records(struct request *request, const struct zone *zone, struct rrset *rrset,
		       struct rrset *given, struct err *err)
{
	take_over(rrset, given);
	return 0;
}

static int add_records(struct request *request, const struct zone *zone, struct rrset *rrset,
		       struct rrset *given, struct err *err)
{
	int code = zone_request_ttl(request, request->body, &rrset->ttl, err);

	for (size_t i = 0; code == 0 && i < given->count; i++)
		code = rrset_add(rrset, given->records[i].value, given->records[i].comment, err);
	return code;
}

static int remove_records(struct request *request, const struct zone *zone, struct rrset *rrset,
			  struct rrset *given, struct err *err)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < given->count; i++)
		code = rrset_remove(zone->name, rrset, given->records[i].value, err);
	return code;
}

static int update_records(struct request *request, const struct zone *zone, struct rrset *rrset,
			  struct rrset *given, struct err *err)
{
	for (size_t i = 0; i < given->count; i++) {
		const int at = rrset_find(zone->name, rrset, given->records[i].value);
		if (at < 0)
			return err_set(err, ERR_NOT_FOUND, "there is no record %.100s",
				       given->records[i].value);
		char *comment = rrset->records[at].comment;
		rrset->records[at].comment = given->records[i].comment;
		given->records[i].comment = comment;
	}
	return 0;
}

static int change_records(struct request *request, rrset_change *change, bool may_be_new,
			  enum action_command command, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct rrset rrset CLEANUP(rrset_done) = {0}, given CLEANUP(rrset_done) = {0};
	struct store *store = request->core->store;
	int code;

	if ((code = zone_request_records(request, json_object_get(request->body, "records"),
					 "records", &given, err)) < 0 ||
	    (code = zone_request_begin(request, &zone, true, err)) < 0)
		return code;
	STORE_GUARD(store);
	code = find(request, &zone, &rrset, err);
	if (code == ERR_NOT_FOUND && may_be_new) {
		code = take_path(request, &zone, &rrset, err);
		rrset.zone_id = zone.id;
	}
	if (code < 0)
		return code;
	note_rrset(request, &rrset);
	if ((code = zone_request_check_open(&rrset, err)) < 0 ||
	    (code = change(request, &zone, &rrset, &given, err)) < 0)
		return code;
	if (rrset.count == 0)
		code = take_away(request, &zone, &rrset, err);
	else if ((code = check(request, &zone, &rrset, err)) == 0)
		code = store_rrset_put(store, &zone, &rrset, err);
	if (code < 0)
		return code == ERR_INVALID_INPUT && request->fields == NULL
			       ? request_field(request, "records", code, err)
			       : code;
	return zone_request_end(request, &zone, command, 201, NULL, NULL, err);
}

static int set_action(struct request *request, struct err *err)
{
	return change_records(request, set_records, false, ACTION_SET_RRSET_RECORDS, err);
}

static int add_action(struct request *request, struct err *err)
{
	return change_records(request, add_records, true, ACTION_ADD_RRSET_RECORDS, err);
}

static int remove_action(struct request *request, struct err *err)
{
	return change_records(request, remove_records, false, ACTION_REMOVE_RRSET_RECORDS, err);
}

static int update_action(struct request *request, struct err *err)
{
	return change_records(request, update_records, false, ACTION_UPDATE_RRSET_RECORDS, err);
}

static int change_ttl(struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct rrset rrset CLEANUP(rrset_done) = {0};
	struct store *store = request->core->store;
	int code;

	if ((code = begin(request, true, &zone, &rrset, err)) < 0)
		return code;
	STORE_GUARD(store);
	rrset.ttl = RRSET_WITHOUT_TTL;
	if ((code = zone_request_check_open(&rrset, err)) < 0 ||
	    (code = zone_request_ttl(request, request->body, &rrset.ttl, err)) < 0 ||
	    (code = store_rrset_put(store, &zone, &rrset, err)) < 0)
		return code;
	return zone_request_end(request, &zone, ACTION_CHANGE_RRSET_TTL, 201, NULL, NULL, err);
}

static int change_protection(struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct rrset rrset CLEANUP(rrset_done) = {0};
	struct store *store = request->core->store;
	int code;

	if ((code = begin(request, false, &zone, &rrset, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = body_bool(request, "change", &rrset.protected, err)) < 0 ||
	    (code = store_rrset_update(store, &rrset, err)) < 0)
		return code;
	return zone_request_end(request, &zone, ACTION_CHANGE_RRSET_PROTECTION, 201, NULL, NULL,
				err);
}

#define SET    "/zones/{zone}/rrsets/{name}/{type}"
#define ACTION SET "/actions/"

const struct route rrset_routes[] = {
	{"GET", "/zones/{zone}/rrsets", ACCESS_READ, list},
	{"POST", "/zones/{zone}/rrsets", ACCESS_MANAGE, create, "zone.create_rrset"},
	{"GET", SET, ACCESS_READ, get},
	{"PUT", SET, ACCESS_MANAGE, update, "zone.update_rrset"},
	{"DELETE", SET, ACCESS_MANAGE, delete, "zone.delete_rrset"},
	{"POST", ACTION "set_records", ACCESS_MANAGE, set_action, "zone.set_records"},
	{"POST", ACTION "add_records", ACCESS_MANAGE, add_action, "zone.add_records"},
	{"POST", ACTION "remove_records", ACCESS_MANAGE, remove_action, "zone.remove_records"},
	{"POST", ACTION "update_records", ACCESS_MANAGE, update_action, "zone.update_records"},
	{"POST", ACTION "change_ttl", ACCESS_MANAGE, change_ttl, "zone.change_rrset_ttl"},
	{"POST", ACTION "change_protection", ACCESS_MANAGE, change_protection,
	 "zone.change_rrset_protection"},
	{NULL, NULL, 0, NULL},
};

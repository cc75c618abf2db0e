// /v1/primary_ips and /v1/floating_ips: the account's addresses, whether a server has them or not.
#include "core/api/addresses.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/api/note.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/api/servers.h"
#include "core/filters.h"
#include "store/store_address.h"
#include "store/store_location.h"
#include "store/store_quota.h"
#include "store/store_server.h"

enum address_kind addresses_kind(const struct request *request)
{
	return strcmp(request->segments[0], "floating_ips") == 0 ? ADDRESS_FLOATING
								 : ADDRESS_PRIMARY;
}

static const char *key_of(const struct request *request)
{
	return addresses_kind(request) == ADDRESS_FLOATING ? "floating_ip" : "primary_ip";
}

int addresses_find(struct request *request, struct store_ip *ret, struct err *err)
{
	const int code = store_ip_get(request->core->store, request->who.customer_id,
				      addresses_kind(request), request->id, ret, err);

	return code == ERR_NOT_FOUND
		       ? err_set(err, code, "there is no %s IP %" PRIu64,
				 addresses_kind(request) == ADDRESS_FLOATING ? "floating"
									     : "primary",
				 request->id)
		       : code;
}

int addresses_find_free(struct request *request, struct store_ip *ret, struct err *err)
{
	bool is_busy = false;
	int code = addresses_find(request, ret, err);

	if (code == 0)
		code = store_ip_is_busy(request->core->store, ret->kind, ret->address.id, &is_busy,
					err);
	if (code == 0)
		note_about(request, key_of(request), ret->address.id, ret->name);
	return code == 0 && is_busy ? err_set(err, ERR_LOCKED,
					      "the address is being moved: wait until that ends")
				    : code;
}

/* --- as clients see them --- */

static void format_ip(const struct ip *ip, char out[IP_TEXT_BYTES])
{
	if (ip->family == 4)
		ip_format(ip, out);
	else
		ip_format_prefix(ip, out);
}

/* Of IPv4 its one name, given or not; of a /64 those that were given. */
static json_t *render_names(const struct store_ip *ip)
{
	json_t *names = json_array();
	char text[IP_TEXT_BYTES], name[NAME_DNS_BYTES];

	if (ip->address.ip.family == 4 && ip->name_count == 0) {
		ip_format(&ip->address.ip, text);
		server_default_dns_ptr(&ip->address.ip, name, sizeof name);
		(void)json_array_append_new(names,
					    json_pack("{s:s, s:s}", "ip", text, "dns_ptr", name));
	}
	for (size_t i = 0; i < ip->name_count; i++) {
		ip_format(&ip->names[i].ip, text);
		(void)json_array_append_new(
			names, json_pack("{s:s, s:s}", "ip", text, "dns_ptr", ip->names[i].name));
	}
	return names;
}

static json_t *id_or_null(uint64_t id)
{
	return id != 0 ? json_integer((json_int_t)id) : json_null();
}

json_t *addresses_render(struct request *request, const struct store_ip *ip)
{
	struct location location = {0};
	char text[IP_TEXT_BYTES];
	json_t *object;

	(void)store_location_get(request->core->store, ip->location_id, &location, NULL);
	format_ip(&ip->address.ip, text);
	object = json_pack("{s:I, s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:{s:b}}", "id",
			   (json_int_t)ip->address.id, "name", ip->name, "ip", text, "type",
			   ip->address.ip.family == 4 ? "ipv4" : "ipv6", "blocked", 0, "created",
			   json_time(ip->address.created_ms), "dns_ptr", render_names(ip), "labels",
			   json_labels(&ip->labels), "protection", "delete", ip->protect_delete);
	if (ip->kind == ADDRESS_FLOATING) {
		(void)json_object_set_new(object, "description", json_string(ip->description));
		(void)json_object_set_new(object, "server", id_or_null(ip->address.server_id));
		(void)json_object_set_new(object, "home_location", render_location(&location));
		return object;
	}
	(void)json_object_set_new(object, "assignee_id", id_or_null(ip->address.server_id));
	(void)json_object_set_new(object, "assignee_type", json_string("server"));
	(void)json_object_set_new(object, "auto_delete", json_boolean(ip->auto_delete));
	(void)json_object_set_new(object, "datacenter",
				  render_datacenter(request->core, &location));
	(void)json_object_set_new(object, "location", render_location(&location));
	return object;
}

json_t *addresses_json(struct request *request, uint64_t id)
{
	struct store_ip ip CLEANUP(store_ip_done) = {0};

	if (store_ip_get(request->core->store, 0, addresses_kind(request), id, &ip, NULL) < 0)
		return json_null();
	return addresses_render(request, &ip);
}

static int list(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_ips ips CLEANUP(store_ips_done) = {0};
	struct store_ip_filter filter = {.kind = addresses_kind(request),
					 .customer_id = request->who.customer_id,
					 .name = request_query(request, "name"),
					 .ip = request_query(request, "ip")};
	char key[16];
	json_t *items;
	int code;

	if ((code = request_list(request, SORT_RESOURCE, &query, err)) < 0)
		return code;
	filter.selector = query.has_selector ? &query.selector : NULL;
	filter.sort = query.sort;
	filter.page = query.page;
	if ((code = store_ip_list(request->core->store, &filter, &ips, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < ips.count; i++)
		(void)json_array_append_new(items, addresses_render(request, &ips.items[i]));
	(void)snprintf(key, sizeof key, "%ss", key_of(request));
	return request_answer_list(request, key, items, &query.page, ips.total);
}

static int get(struct request *request, struct err *err)
{
	struct store_ip ip CLEANUP(store_ip_done) = {0};
	const int code = addresses_find(request, &ip, err);

	return code < 0 ? code
			: request_answer(request, 200, key_of(request),
					 addresses_render(request, &ip));
}

/* --- making, naming, deleting --- */

static int take_name(struct request *request, struct store_ip *ip, struct err *err)
{
	const char *name = NULL;
	int code = body_text(request, "name", &name, err);

	if (code < 0 || name == NULL)
		return code;
	if ((code = request_field(request, "name", name_check_free(name, err), err)) < 0)
		return code;
	(void)snprintf(ip->name, sizeof ip->name, "%s", name);
	note_detail(request, "name", json_string(name));
	return 0;
}

static int take_description(struct request *request, struct store_ip *ip, struct err *err)
{
	const char *text = NULL;
	int code = body_text(request, "description", &text, err);

	if (code < 0 || text == NULL)
		return code;
	code = name_check_text("description", text, sizeof ip->description - 1, err);
	if (code < 0)
		return request_field(request, "description", code, err);
	(void)snprintf(ip->description, sizeof ip->description, "%s", text);
	return 0;
}

static int take_fields(struct request *request, struct store_ip *ip, struct err *err)
{
	struct labels labels CLEANUP(label_done) = {0};
	bool given = false;
	int code;

	if ((code = take_name(request, ip, err)) < 0 ||
	    (code = body_labels(request, &labels, &given, err)) < 0)
		return code;
	if (given) {
		label_done(&ip->labels);
		ip->labels = labels;
		labels = (struct labels){0};
	}
	return ip->kind == ADDRESS_FLOATING
		       ? take_description(request, ip, err)
		       : body_bool(request, "auto_delete", &ip->auto_delete, err);
}

static int take_type(struct request *request, uint8_t *ret_family, struct err *err)
{
	const char *type = NULL;
	const int code = body_need_text(request, "type", &type, err);

	if (code < 0)
		return code;
	if (strcmp(type, "ipv4") != 0 && strcmp(type, "ipv6") != 0)
		return request_invalid(request, err, "type", "must be ipv4 or ipv6");
	*ret_family = type[3] == '4' ? 4 : 6;
	return 0;
}

/* Where it is at home: said, or where the server is. */
static int take_home(struct request *request, struct store_ip *ip, const char *server_field,
		     struct err *err)
{
	const char *const field = ip->kind == ADDRESS_FLOATING ? "home_location"
				  : json_object_get(request->body, "datacenter") != NULL
					  ? "datacenter"
					  : "location";
	const json_t *server = json_object_get(request->body, server_field),
		     *home = json_object_get(request->body, field);
	struct location location = {0};
	int code = 0;

	if (home != NULL && !json_is_null(home)) {
		code = servers_take_location(request, field, &location, err);
		ip->location_id = location.id;
	} else if (server == NULL || json_is_null(server)) {
		code = request_invalid(request, err, field, "is needed without a server");
	}
	return code;
}

static int take_assignee_type(struct request *request, struct err *err)
{
	const char *type = "server";
	const int code = body_text(request, "assignee_type", &type, err);

	if (code < 0 || strcmp(type, "server") == 0)
		return code;
	return request_invalid(request, err, "assignee_type", "must be server");
}

static int create(struct request *request, struct err *err)
{
	const enum address_kind kind = addresses_kind(request);
	const char *const field = kind == ADDRESS_FLOATING ? "server" : "assignee_id";
	struct store_ip ip CLEANUP(store_ip_done) = {
		.kind = kind,
		.customer_id = request->who.customer_id,
		.address = {.created_ms = clock_now_ms()},
	};
	struct action action CLEANUP(action_done) = {0};
	struct store *store = request->core->store;
	uint64_t server_id = 0;
	uint8_t family = 0;
	int code;

	if ((code = take_type(request, &family, err)) < 0 ||
	    (code = take_fields(request, &ip, err)) < 0 ||
	    (kind == ADDRESS_PRIMARY && (code = take_assignee_type(request, err)) < 0) ||
	    (code = take_home(request, &ip, field, err)) < 0 ||
	    (code = addresses_take_server(request, field, &ip, &server_id, err)) < 0)
		return code;
	if (ip.location_id == 0) {
		struct server server CLEANUP(server_done) = {0};
		if ((code = store_server_get(store, 0, server_id, &server, err)) < 0)
			return code;
		ip.location_id = server.location_id;
	}
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_quota_check_one(store, ip.customer_id, QUOTA_ADDRESSES, err)) < 0 ||
	    (code = store_address_reserve(store, &ip, family, err)) < 0)
		return code;
	const uint64_t id = ip.address.id;
	store_ip_done(&ip);
	if ((code = store_ip_get(store, 0, kind, id, &ip, err)) < 0)
		return code;
	note_about(request, key_of(request), id, ip.name);
	note_detail(request, "type", json_string(family == 4 ? "ipv4" : "ipv6"));
	if ((server_id != 0 &&
	     (code = addresses_move(request, &ip, server_id, &action, err)) < 0) ||
	    (code = store_commit(store, err)) < 0)
		return code;
	if (server_id != 0)
		addresses_moved(request, 0, server_id, &action);
	request->status = 201;
	request->reply = json_pack("{s:o, s:o}", key_of(request), addresses_json(request, id),
				   "action", server_id != 0 ? render_action(&action) : json_null());
	return 0;
}

static int update(struct request *request, struct err *err)
{
	struct store_ip ip CLEANUP(store_ip_done) = {0};
	int code = addresses_find(request, &ip, err);

	if (code < 0)
		return code;
	note_about(request, key_of(request), ip.address.id, ip.name);
	if ((code = take_fields(request, &ip, err)) < 0 ||
	    (code = store_ip_update(request->core->store, &ip, err)) < 0)
		return code;
	return request_answer(request, 200, key_of(request), addresses_render(request, &ip));
}

static int delete (struct request *request, struct err *err)
{
	struct store_ip ip CLEANUP(store_ip_done) = {0};
	int code = addresses_find_free(request, &ip, err);

	if (code < 0)
		return code;
	if (ip.protect_delete)
		return err_set(err, ERR_PROTECTED,
			       "%.100s is protected from deletion: lift the protection first",
			       ip.name);
	if (ip.kind == ADDRESS_PRIMARY && ip.address.server_id != 0)
		return err_set(err, ERR_IN_USE,
			       "a server has this address: take it from the server first");
	if ((code = store_ip_delete(request->core->store, ip.address.id, err)) < 0)
		return code;
	addresses_moved(request, ip.address.server_id, 0, NULL);
	request->status = 204;
	return 0;
}

const struct route address_routes[] = {
	{"GET", "/floating_ips", ACCESS_READ, list},
	{"POST", "/floating_ips", ACCESS_MANAGE, create, "floating_ip.create"},
	{"GET", "/floating_ips/{id}", ACCESS_READ, get},
	{"PUT", "/floating_ips/{id}", ACCESS_MANAGE, update, "floating_ip.update"},
	{"DELETE", "/floating_ips/{id}", ACCESS_MANAGE, delete, "floating_ip.delete"},
	{"GET", "/primary_ips", ACCESS_READ, list},
	{"POST", "/primary_ips", ACCESS_MANAGE, create, "primary_ip.create"},
	{"GET", "/primary_ips/{id}", ACCESS_READ, get},
	{"PUT", "/primary_ips/{id}", ACCESS_MANAGE, update, "primary_ip.update"},
	{"DELETE", "/primary_ips/{id}", ACCESS_MANAGE, delete, "primary_ip.delete"},
	{NULL, NULL, 0, NULL},
};

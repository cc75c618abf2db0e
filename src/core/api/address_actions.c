// /v1/{primary,floating}_ips/{id}/actions: an address goes to a server, from it, or is named.
#include <inttypes.h>

#include "base/cleanup.h"
#include "core/api/addresses.h"
#include "core/api/note.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/dns/dns.h"
#include "core/events.h"
#include "core/filters.h"
#include "store/store_firewall.h"
#include "store/store_server.h"

/* A server whose network the host knows. Without one, nothing could be said about when the address
 * answers there. */
static int check_is_made(struct request *request, const struct server *server, struct err *err)
{
	uint64_t wanted = 0, applied = 0;
	int code = store_filter_get(request->core->store, server->id, &wanted, &applied, err);

	if (code < 0)
		return code;
	if (server->status == SERVER_DELETING ||
	    (applied == 0 && server->status == SERVER_INITIALIZING))
		return err_set(err, ERR_LOCKED, "server %s is being %s: wait until that ends",
			       server->name,
			       server->status == SERVER_DELETING ? "deleted" : "made");
	if (applied == 0)
		return err_set(err, ERR_UNAVAILABLE_RESOURCE,
			       "server %s has no network on its host yet: try again in a moment",
			       server->name);
	return 0;
}

int addresses_take_server(struct request *request, const char *field, const struct store_ip *ip,
			  uint64_t *ret_id, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct store *store = request->core->store;
	const char *name = NULL;
	uint64_t id = 0;
	int code = body_id_or_name(request, field, &id, &name, err);

	if (code < 0 || (id == 0 && name == NULL))
		return code;
	code = id != 0 ? store_server_get(store, ip->customer_id, id, &server, err)
		       : store_server_get_by_name(store, ip->customer_id, name, &server, err);
	if (code == ERR_NOT_FOUND)
		return request_invalid(request, err, field,
				       "there is no such server; GET /v1/servers lists them");
	if (code < 0)
		return code;
	if (ip->location_id != 0 && server.location_id != ip->location_id)
		return request_invalid(request, err, field,
				       "the server is at another location than the address");
	if ((code = check_is_made(request, &server, err)) < 0)
		return code;
	*ret_id = server.id;
	return 0;
}

int addresses_move(struct request *request, const struct store_ip *ip, uint64_t server_id,
		   struct action *ret, struct err *err)
{
	const bool floats = ip->kind == ADDRESS_FLOATING;
	const uint64_t about = server_id != 0 ? server_id : ip->address.server_id;
	const struct action_request wanted = {
		.command = floats           ? server_id != 0 ? ACTION_ASSIGN_FLOATING_IP
							     : ACTION_UNASSIGN_FLOATING_IP
			   : server_id != 0 ? ACTION_ASSIGN_PRIMARY_IP
					    : ACTION_UNASSIGN_PRIMARY_IP,
		.customer_id = ip->customer_id,
		.user_id = request->who.user_id,
		.server_id = floats ? 0 : about,
		.about_server_id = about,
		.address_id = ip->address.id,
		.address_kind = ip->kind,
		.fd = -1};

	note_detail(request, "server", json_integer((json_int_t)about));
	if (floats && server_id != 0 && ip->address.server_id != 0)
		note_detail(request, "from", json_integer((json_int_t)ip->address.server_id));
	return engine_submit(request->core->engine, &wanted, ret, err);
}

void addresses_moved(struct request *request, uint64_t from_id, uint64_t to_id,
		     const struct action *action)
{
	engine_kick(request->core->engine);
	filters_kick(request->core->filters);
	dns_kick(request->core->dns); /* its reverse names */
	if (from_id != 0)
		events_server_changed(request->core->events, from_id);
	if (to_id != 0)
		events_server_changed(request->core->events, to_id);
	if (action != NULL)
		events_action_changed(request->core->events, action->id);
}

/* In a transaction of its own, with the answer. */
static int move(struct request *request, const struct store_ip *ip, uint64_t server_id,
		struct err *err)
{
	struct action action CLEANUP(action_done) = {0};
	struct store *store = request->core->store;
	int code = store_begin(store, err);

	if (code < 0)
		return code;
	STORE_GUARD(store);
	if ((code = addresses_move(request, ip, server_id, &action, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	addresses_moved(request, ip->address.server_id, server_id, &action);
	return request_answer(request, 201, "action", render_action(&action));
}

static int assign(struct request *request, struct err *err)
{
	const bool floats = addresses_kind(request) == ADDRESS_FLOATING;
	const char *const field = floats ? "server" : "assignee_id";
	struct store_ip ip CLEANUP(store_ip_done) = {0};
	uint64_t server_id = 0;
	int code;

	if ((code = addresses_find_free(request, &ip, err)) < 0 ||
	    (code = addresses_take_server(request, field, &ip, &server_id, err)) < 0)
		return code;
	if (server_id == 0)
		return request_invalid(request, err, field, "Missing data for required field.");
	if (server_id == ip.address.server_id)
		return request_invalid(request, err, field, "has the address already");
	/* It is in the seed of the one that has it: both have to be off, one after the other. */
	if (!floats && ip.address.server_id != 0)
		return err_set(err, ERR_IN_USE,
			       "another server has this address: take it from there first");
	return move(request, &ip, server_id, err);
}

static int unassign(struct request *request, struct err *err)
{
	struct store_ip ip CLEANUP(store_ip_done) = {0};
	const int code = addresses_find_free(request, &ip, err);

	if (code < 0)
		return code;
	if (ip.address.server_id == 0)
		return err_set(err, ERR_INVALID_INPUT, "no server has the address");
	return move(request, &ip, 0, err);
}

/* What is over in the transaction that accepts it. */
static int submit(struct request *request, const struct store_ip *ip, struct action_request *wanted,
		  struct err *err)
{
	struct action action CLEANUP(action_done) = {0};
	struct store *store = request->core->store;
	int code = store_begin(store, err);

	if (code < 0)
		return code;
	STORE_GUARD(store);
	wanted->address_id = ip->address.id;
	wanted->address_kind = ip->kind;
	wanted->customer_id = ip->customer_id;
	wanted->user_id = request->who.user_id;
	if ((code = engine_submit(request->core->engine, wanted, &action, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	addresses_moved(request, 0, ip->address.server_id, &action);
	return request_answer(request, 201, "action", render_action(&action));
}

static int change_dns_ptr(struct request *request, struct err *err)
{
	struct action_request wanted = {.command = ACTION_CHANGE_DNS_PTR, .fd = -1};
	struct store_ip found CLEANUP(store_ip_done) = {0};
	struct ip ip;
	int code;

	if ((code = addresses_find_free(request, &found, err)) < 0 ||
	    (code = body_need_text(request, "ip", &wanted.ip, err)) < 0 ||
	    (code = body_text(request, "dns_ptr", &wanted.dns_ptr, err)) < 0)
		return code;
	if (ip_parse(wanted.ip, &ip) < 0)
		return request_invalid(request, err, "ip", "must be an IPv4 or IPv6 address");
	if (wanted.dns_ptr != NULL && (code = name_check_dns(wanted.dns_ptr, err)) < 0)
		return request_field(request, "dns_ptr", code, err);
	note_detail(request, "ip", json_string(wanted.ip));
	note_detail(request, "dns_ptr",
		    wanted.dns_ptr != NULL ? json_string(wanted.dns_ptr) : json_null());
	code = submit(request, &found, &wanted, err);
	return request_field(request, "ip", code, err);
}

static int change_protection(struct request *request, struct err *err)
{
	struct action_request wanted = {.command = ACTION_CHANGE_PROTECTION, .fd = -1};
	struct store_ip ip CLEANUP(store_ip_done) = {0};
	bool protect;
	int code = addresses_find_free(request, &ip, err);

	protect = ip.protect_delete;
	if (code < 0 || (code = body_bool(request, "delete", &protect, err)) < 0)
		return code;
	note_detail(request, "delete", json_boolean(protect));
	wanted.protect_delete = protect;
	return submit(request, &ip, &wanted, err);
}

const struct route address_action_routes[] = {
	{"POST", "/floating_ips/{id}/actions/assign", ACCESS_MANAGE, assign, "floating_ip.assign"},
	{"POST", "/floating_ips/{id}/actions/unassign", ACCESS_MANAGE, unassign,
	 "floating_ip.unassign"},
	{"POST", "/floating_ips/{id}/actions/change_dns_ptr", ACCESS_MANAGE, change_dns_ptr,
	 "floating_ip.change_dns_ptr"},
	{"POST", "/floating_ips/{id}/actions/change_protection", ACCESS_MANAGE, change_protection,
	 "floating_ip.change_protection"},
	{"POST", "/primary_ips/{id}/actions/assign", ACCESS_MANAGE, assign, "primary_ip.assign"},
	{"POST", "/primary_ips/{id}/actions/unassign", ACCESS_MANAGE, unassign,
	 "primary_ip.unassign"},
	{"POST", "/primary_ips/{id}/actions/change_dns_ptr", ACCESS_MANAGE, change_dns_ptr,
	 "primary_ip.change_dns_ptr"},
	{"POST", "/primary_ips/{id}/actions/change_protection", ACCESS_MANAGE, change_protection,
	 "primary_ip.change_protection"},
	{NULL, NULL, 0, NULL},
};

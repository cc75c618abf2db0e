// /v1/servers: making, reading, changing and deleting servers.
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/secret.h"
#include "core/actions/engine.h"
#include "core/api/firewalls.h"
#include "core/api/first_choices.h"
#include "core/api/networks.h"
#include "core/api/note.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/api/server_cache.h"
#include "core/api/servers.h"
#include "core/auth/password.h"
#include "core/events.h"
#include "core/maintenance.h"
#include "core/seed.h"
#include "model/user_data.h"
#include "store/store_address.h"
#include "store/store_customer.h"
#include "store/store_image.h"
#include "store/store_ip.h"
#include "store/store_location.h"
#include "store/store_plan.h"
#include "store/store_port.h"
#include "store/store_quota.h"
#include "store/store_server.h"
#include "store/store_sshkey.h"

#define MAX_KEYS       32
#define MAX_KEYS_BYTES ((size_t)64 * 1024)

int servers_find(struct request *request, struct server *ret, struct err *err)
{
	int code = store_server_get(request->core->store, request->who.customer_id, request->id,
				    ret, err);

	return code == ERR_NOT_FOUND ? err_set(err, code, "there is no server %llu",
					       (unsigned long long)request->id)
				     : code;
}

json_t *servers_json(struct request *request, uint64_t id)
{
	struct server server CLEANUP(server_done) = {0};
	struct buf text CLEANUP(buf_done) = {0};

	if (store_server_get(request->core->store, 0, id, &server, NULL) < 0 ||
	    server_cache_append(request->core->servers, &server, &text) < 0)
		return json_null();
	return json_loadb(buf_str(&text), text.len, 0, NULL);
}

/* Statuses as bits; an unknown word is refused. */
static int take_statuses(struct request *request, uint32_t *ret, struct err *err)
{
	const char *text;
	size_t at = 0;

	while ((text = request_query_next(request, "status", &at)) != NULL) {
		enum server_status status;
		if (server_status_parse(text, &status) < 0)
			return request_invalid(request, err, "status", "there is no status %.60s",
					       text);
		*ret |= 1U << status;
	}
	return 0;
}

static int append_page(struct request *request, const struct store_server_refs *refs,
		       const struct page *page)
{
	struct buf *out = &request->text;
	int code = buf_puts(out, "{\"servers\":[");

	for (size_t i = 0; code == 0 && i < refs->count; i++) {
		if (i > 0)
			(void)buf_putc(out, ',');
		code = server_cache_append_ref(request->core->servers, &refs->items[i], out);
	}
	json_t *meta = request_meta(page, refs->total);
	char *text = json_dumps(meta, JSON_COMPACT);
	json_decref(meta);
	if (code == 0)
		code = text != NULL ? buf_printf(out, "],\"meta\":%s}", text) : -ENOMEM;
	free(text);
	return code;
}

static int list(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_server_refs refs = {0};
	struct store *store = request->core->store;
	struct store_server_filter filter = {.customer_id = request->who.customer_id,
					     .name = request_query(request, "name"),
					     .search = request_query(request, "search")};
	int code;

	if (filter.search != NULL && *filter.search == '\0')
		filter.search = NULL;
	if (filter.search != NULL && strlen(filter.search) > STORE_SERVER_SEARCH_BYTES)
		return request_invalid(request, err, "search", "may have %d bytes at most",
				       STORE_SERVER_SEARCH_BYTES);

	if ((code = request_list(request, SORT_RESOURCE, &query, err)) < 0 ||
	    (code = take_statuses(request, &filter.statuses, err)) < 0)
		return code;
	filter.selector = query.has_selector ? &query.selector : NULL;
	filter.sort = query.sort;
	filter.page = query.page;
	if ((code = store_read_begin(store, err)) < 0)
		return code;
	STORE_READ_GUARD(store);
	if ((code = store_server_list_refs(store, &filter, &refs, err)) < 0)
		return code;
	code = append_page(request, &refs, &query.page);
	store_server_refs_done(&refs);
	return code < 0 ? err_set(err, code, "no memory for the list") : 0;
}

static int get(struct request *request, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	int code = servers_find(request, &server, err);

	if (code < 0)
		return code;
	(void)buf_puts(&request->text, "{\"server\":");
	if (server_cache_append(request->core->servers, &server, &request->text) < 0 ||
	    buf_puts(&request->text, "}") < 0)
		return err_set(err, -ENOMEM, "no memory");
	return 0;
}

/* What a create asks for, once every field was looked at. */
/* A private network that it is in from the beginning; borrowed from the body. */
struct joined {
	uint64_t id;
	const char *ip;        /* NULL: the lowest that is free */
	const json_t *aliases; /* NULL: none */
};

struct wish {
	struct server server;
	struct plan plan;
	struct image image;
	struct location location;
	struct buf keys; /* authorized_keys lines */
	size_t key_count;
	struct store_scope firewalls; /* ids, as its servers */
	struct first_choices first;
	const char *user_data;
	size_t user_data_bytes;
	bool start;
	bool ipv4;
	bool ipv6;
	struct joined networks[PRIVATE_NETWORKS_OF_SERVER];
	size_t network_count;
	uint64_t kept[2]; /* primary IPs of the account, of IPv4 and IPv6; 0: new ones */
};

static void wish_done(struct wish *wish)
{
	server_done(&wish->server);
	image_done(&wish->image);
	buf_done(&wish->keys);
	store_scope_done(&wish->firewalls);
	first_choices_done(&wish->first);
}

int servers_take_plan(struct request *request, struct plan *ret, struct err *err)
{
	const char *name;
	uint64_t id;
	int code = body_id_or_name(request, "server_type", &id, &name, err);

	if (code < 0)
		return code;
	if (id == 0 && name == NULL)
		return request_invalid(request, err, "server_type",
				       "Missing data for required field.");
	code = id != 0 ? store_plan_get(request->core->store, id, ret, err)
		       : store_plan_get_by_name(request->core->store, name, ret, err);
	if (code == ERR_NOT_FOUND)
		return request_invalid(request, err, "server_type",
				       "there is no such plan; GET /v1/server_types lists them");
	return code;
}

int servers_take_image(struct request *request, struct image *ret, struct err *err)
{
	char label[IMAGE_LABEL_BYTES];
	const char *name;
	uint64_t id;
	int code = body_id_or_name(request, "image", &id, &name, err);

	if (code < 0)
		return code;
	if (id == 0 && name == NULL)
		return request_invalid(request, err, "image", "Missing data for required field.");
	code = id != 0 ? store_image_get(request->core->store, request->who.customer_id, id, ret,
					 err)
		       : store_image_get_by_name(request->core->store, request->who.customer_id,
						 name, ret, err);
	if (code == ERR_NOT_FOUND)
		return request_invalid(request, err, "image",
				       "there is no such image; GET /v1/images lists them");
	if (code == 0 && ret->status != IMAGE_AVAILABLE)
		return err_set(err, ERR_UNAVAILABLE_RESOURCE,
			       "image %s is not ready; try again when it is available",
			       image_label(ret, label));
	return code;
}

/* `location`, or the older `datacenter` ("local-dc1"); without either the first location. */
int servers_take_location(struct request *request, const char *field, struct location *ret,
			  struct err *err)
{
	const char *name;
	char shorter[NAME_SLUG_BYTES];
	uint64_t id;
	int code = body_id_or_name(request, field, &id, &name, err);

	if (code < 0)
		return code;
	if (id == 0 && name == NULL)
		return ERR_NOT_FOUND;
	if (name != NULL && *field == 'd') {
		const char *suffix = strstr(name, "-dc");
		(void)snprintf(shorter, sizeof shorter, "%.*s",
			       suffix != NULL ? (int)(suffix - name) : (int)sizeof shorter - 1,
			       name);
		name = shorter;
	}
	code = id != 0 ? store_location_get(request->core->store, id, ret, err)
		       : store_location_get_by_name(request->core->store, name, ret, err);
	if (code == ERR_NOT_FOUND)
		return request_invalid(request, err, field,
				       "there is no such location; GET /v1/locations lists them");
	return code;
}

static int take_location(struct request *request, struct location *ret, struct err *err)
{
	const struct page first = {.number = 1, .entries = 1};
	struct store_locations all = {0};
	int code = servers_take_location(
		request,
		json_object_get(request->body, "location") != NULL ? "location" : "datacenter", ret,
		err);

	if (code != ERR_NOT_FOUND)
		return code;
	code = store_location_list(request->core->store, NULL, NULL, &first, &all, err);
	if (code == 0 && all.count == 0)
		code = err_set(err, ERR_PLACEMENT, "the service has no location");
	if (code == 0)
		*ret = all.items[0];
	store_location_done(&all);
	return code;
}

static int take_key(struct request *request, const json_t *item, struct buf *keys, struct err *err)
{
	struct sshkey key CLEANUP(sshkey_done) = {0};
	struct store *store = request->core->store;
	int code = ERR_NOT_FOUND;

	if (json_is_integer(item))
		code = store_sshkey_get(store, request->who.customer_id,
					(uint64_t)json_integer_value(item), &key, err);
	else if (json_is_string(item))
		code = store_sshkey_get_by_name(store, request->who.customer_id,
						json_string_value(item), &key, err);
	else
		return request_invalid(request, err, "ssh_keys", "must be a list of ids or names");
	if (code == ERR_NOT_FOUND && json_is_string(item)) {
		uint64_t id;
		if (parse_u64(json_string_value(item), 1, INT64_MAX, &id) == 0)
			code = store_sshkey_get(store, request->who.customer_id, id, &key, err);
	}
	if (code == ERR_NOT_FOUND)
		return request_invalid(request, err, "ssh_keys",
				       "there is no such key; GET /v1/ssh_keys lists them");
	if (code < 0)
		return code;
	return buf_printf(keys, "%s\n", key.public_key);
}

int servers_take_keys(struct request *request, struct buf *lines, size_t *ret_count,
		      struct err *err)
{
	const json_t *keys = json_object_get(request->body, "ssh_keys"), *item;
	size_t i;

	lines->max = MAX_KEYS_BYTES;
	*ret_count = json_array_size(keys);
	if (keys == NULL || json_is_null(keys))
		return 0;
	if (!json_is_array(keys) || json_array_size(keys) > MAX_KEYS)
		return request_invalid(request, err, "ssh_keys",
				       "must be a list of at most %d keys", MAX_KEYS);
	json_array_foreach(keys, i, item)
	{
		int code = take_key(request, item, lines, err);
		if (code < 0)
			return code;
	}
	return 0;
}

/* A primary IP that the account keeps, for the new server. */
static int take_kept(struct request *request, const json_t *value, uint8_t family, bool enabled,
		     uint64_t *ret_id, struct err *err)
{
	struct store_ip ip CLEANUP(store_ip_done) = {0};
	int code;

	if (value == NULL || json_is_null(value))
		return 0;
	code = !json_is_integer(value) || json_integer_value(value) <= 0
		       ? ERR_NOT_FOUND
		       : store_ip_get(request->core->store, request->who.customer_id,
				      ADDRESS_PRIMARY, (uint64_t)json_integer_value(value), &ip,
				      err);
	if (code == ERR_NOT_FOUND || (code == 0 && ip.address.ip.family != family))
		return request_invalid(request, err, "public_net",
				       "there is no such primary IP of that family; "
				       "GET /v1/primary_ips lists them");
	if (code < 0)
		return code;
	if (!enabled)
		return request_invalid(request, err, "public_net",
				       "names a primary IP of a family that is not enabled");
	if (ip.address.server_id != 0)
		return err_set(err, ERR_IN_USE, "a server has primary IP %.100s already", ip.name);
	*ret_id = ip.address.id;
	return 0;
}

static int take_public_net(struct request *request, struct wish *wish, struct err *err)
{
	const json_t *net = json_object_get(request->body, "public_net");
	const json_t *v4 = json_object_get(net, "enable_ipv4"),
		     *v6 = json_object_get(net, "enable_ipv6");
	int code;

	wish->ipv4 = v4 == NULL || json_is_null(v4) || json_is_true(v4);
	wish->ipv6 = v6 == NULL || json_is_null(v6) || json_is_true(v6);
	if (net != NULL && !json_is_null(net) && !json_is_object(net))
		return request_invalid(request, err, "public_net", "must be an object");
	if (!wish->ipv4 && !wish->ipv6)
		return request_invalid(request, err, "public_net", "a server needs IPv4 or IPv6");
	code = take_kept(request, json_object_get(net, "ipv4"), 4, wish->ipv4, &wish->kept[0], err);
	return code < 0 ? code
			: take_kept(request, json_object_get(net, "ipv6"), 6, wish->ipv6,
				    &wish->kept[1], err);
}

static int take_networks(struct request *request, struct wish *wish, struct err *err)
{
	const json_t *networks = json_object_get(request->body, "networks"), *item;
	size_t i;

	if (networks == NULL || json_is_null(networks))
		return 0;
	if (!json_is_array(networks))
		return request_invalid(request, err, "networks", "must be a list of ids");
	if (json_array_size(networks) > PRIVATE_NETWORKS_OF_SERVER)
		return err_set(err, ERR_LIMIT, "a server is in at most %d networks",
			       PRIVATE_NETWORKS_OF_SERVER);
	json_array_foreach(networks, i, item)
	{
		const json_t *id = json_is_object(item) ? json_object_get(item, "network") : item,
			     *ip = json_object_get(item, "ip");
		struct joined *joined = &wish->networks[wish->network_count++];
		if (!json_is_integer(id) || json_integer_value(id) <= 0 ||
		    (ip != NULL && !json_is_null(ip) && !json_is_string(ip)))
			return request_invalid(request, err, "networks",
					       "must be a list of ids, or of objects with network "
					       "and ip");
		joined->id = (uint64_t)json_integer_value(id);
		joined->ip = json_string_value(ip);
		joined->aliases = json_object_get(item, "alias_ips");
	}
	return 0;
}

/* In the transaction that makes the server. */
static int plug_networks(struct request *request, const struct wish *wish, int64_t now_ms,
			 struct err *err)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < wish->network_count; i++) {
		struct private_network network CLEANUP(private_network_done) = {0};
		const struct joined *joined = &wish->networks[i];
		struct private_port port;
		code = networks_find(request, joined->id, &network, err);
		if (code == ERR_NOT_FOUND)
			return request_invalid(
				request, err, "networks",
				"there is no such network; GET /v1/networks lists them");
		if (code == 0)
			code = networks_plug(request, &network, &wish->server, joined->ip,
					     joined->aliases, &port, err);
		if (code == 0)
			code = store_port_insert(request->core->store, &port, now_ms, err);
	}
	return code;
}

/* What this service does not have so far is refused, not ignored. */
static int refuse_absent(struct request *request, struct err *err)
{
	static const char *const lists[] = {"volumes"};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (json_array_size(json_object_get(request->body, lists[i])) > 0)
			return err_set(err, ERR_UNSUPPORTED,
				       "this service has no %s; leave the field out", lists[i]);
	const json_t *group = json_object_get(request->body, "placement_group");
	if (group != NULL && !json_is_null(group))
		return err_set(err, ERR_UNSUPPORTED,
			       "this service has no placement groups; leave the field out");
	return 0;
}

static int take_user_data(struct request *request, struct wish *wish, struct err *err)
{
	int code = body_text(request, "user_data", &wish->user_data, err);

	if (code < 0 || wish->user_data == NULL || *wish->user_data == '\0') {
		wish->user_data = NULL;
		return code;
	}
	wish->user_data_bytes = strlen(wish->user_data);
	code = user_data_check(wish->user_data, wish->user_data_bytes, err);
	if (code == 0)
		code = seed_check_user_data(wish->user_data, wish->user_data_bytes, err);
	return request_field(request, "user_data", code, err);
}

static int take_name_and_user(struct request *request, struct wish *wish, struct err *err)
{
	const char *name = NULL, *user = NULL;
	int code = body_need_text(request, "name", &name, err);

	if (code < 0)
		return code;
	if ((code = name_check_host(name, err)) < 0)
		return request_field(request, "name", code, err);
	if ((code = body_text(request, "user", &user, err)) < 0)
		return code;
	if (user != NULL && (code = name_check_user(user, err)) < 0)
		return request_field(request, "user", code, err);
	if (user == NULL)
		user = wish->first.user;
	(void)snprintf(wish->server.name, sizeof wish->server.name, "%s", name);
	(void)snprintf(wish->server.user, sizeof wish->server.user, "%s",
		       user != NULL ? user : wish->image.default_user);
	return 0;
}

/* Asked in the transaction that makes the server. */
static int check_quota(struct request *request, const struct wish *wish, struct err *err)
{
	struct quotas more = {0};
	struct customer customer;
	int code =
		store_customer_get(request->core->store, request->who.customer_id, &customer, err);

	if (code < 0)
		return code;
	if (customer.suspended)
		return account_refuse_suspended(&customer, err);
	if ((code = maintenance_check(request->core->store, err)) < 0)
		return code;
	more.of[QUOTA_SERVERS] = 1;
	more.of[QUOTA_CORES] = wish->plan.cores;
	more.of[QUOTA_MEMORY_MIB] = wish->plan.memory_mib;
	more.of[QUOTA_DISK_GB] = wish->plan.disk_gb;
	more.of[QUOTA_ADDRESSES] =
		(uint64_t)(wish->ipv4 && wish->kept[0] == 0) + (wish->ipv6 && wish->kept[1] == 0);
	return store_quota_check(request->core->store, request->who.customer_id, &more, err);
}

static int take_wish(struct request *request, struct wish *wish, struct err *err)
{
	bool given;
	int code;

	wish->start = true;
	if ((code = servers_take_image(request, &wish->image, err)) < 0 ||
	    (code = first_choices_take(request, &wish->first, err)) < 0 ||
	    (code = take_name_and_user(request, wish, err)) < 0 ||
	    (code = servers_take_plan(request, &wish->plan, err)) < 0 ||
	    (code = take_location(request, &wish->location, err)) < 0 ||
	    (code = body_bool(request, "start_after_create", &wish->start, err)) < 0 ||
	    (code = servers_take_keys(request, &wish->keys, &wish->key_count, err)) < 0 ||
	    (code = take_public_net(request, wish, err)) < 0 ||
	    (code = refuse_absent(request, err)) < 0 ||
	    (code = take_networks(request, wish, err)) < 0 ||
	    (code = firewalls_take(request, &wish->firewalls, err)) < 0 ||
	    (code = take_user_data(request, wish, err)) < 0 ||
	    (code = body_labels(request, &wish->server.labels, &given, err)) < 0)
		return code;
	if (wish->plan.deprecated_ms != 0)
		return request_invalid(request, err, "server_type", "plan %s is no longer offered",
				       wish->plan.name);
	if (image_disk_gb(&wish->image) > wish->plan.disk_gb)
		return request_invalid(request, err, "server_type",
				       "image %s needs a disk of %u GB, plan %s has %u",
				       wish->image.name, image_disk_gb(&wish->image),
				       wish->plan.name, wish->plan.disk_gb);
	return wish->start ? engine_admit(request->core->engine, wish->plan.memory_mib, 0, err) : 0;
}

/* A random UUID (RFC 9562 section 5.4) and a locally administered unicast MAC address. */
static void make_identity(struct server *server)
{
	secret_random(server->uuid, sizeof server->uuid);
	server->uuid[6] = (uint8_t)((server->uuid[6] & 0x0f) | 0x40);
	server->uuid[8] = (uint8_t)((server->uuid[8] & 0x3f) | 0x80);
	secret_random(server->mac, sizeof server->mac);
	server->mac[0] = (uint8_t)((server->mac[0] & 0xfc) | 0x02);
}

static int give_address(struct request *request, struct wish *wish, uint8_t family, uint64_t kept,
			struct address *ret, int64_t now_ms, struct err *err)
{
	struct store *store = request->core->store;
	struct store_ip ip CLEANUP(store_ip_done) = {0};
	int code;

	if (kept == 0)
		return store_address_allocate(store, wish->server.id, wish->location.id, family,
					      now_ms, ret, err);
	if ((code = store_ip_get(store, request->who.customer_id, ADDRESS_PRIMARY, kept, &ip,
				 err)) < 0)
		return code;
	if (ip.location_id != wish->location.id)
		return request_invalid(request, err, "public_net",
				       "primary IP %.100s is at another location", ip.name);
	if ((code = store_ip_assign(store, kept, wish->server.id, err)) < 0)
		return code;
	*ret = ip.address;
	ret->server_id = wish->server.id;
	return 0;
}

static int give_addresses(struct request *request, struct wish *wish, int64_t now_ms,
			  struct err *err)
{
	int code = 0;

	if (wish->ipv4)
		code = give_address(request, wish, 4, wish->kept[0], &wish->server.ipv4, now_ms,
				    err);
	if (code == 0 && wish->ipv6)
		code = give_address(request, wish, 6, wish->kept[1], &wish->server.ipv6, now_ms,
				    err);
	return code;
}

/* Everything in one transaction: all of it is reserved and written down, or nothing is. */
static int insert(struct request *request, struct wish *wish, const char *password_hash,
		  struct action *ret, struct err *err)
{
	struct store *store = request->core->store;
	const int64_t now_ms = clock_now_ms();
	char label[IMAGE_LABEL_BYTES];
	struct server *server = &wish->server;
	const struct action_request action = {.command = ACTION_CREATE_SERVER,
					      .customer_id = request->who.customer_id,
					      .user_id = request->who.user_id,
					      .start = wish->start,
					      .password_hash = password_hash,
					      .user_data = wish->user_data,
					      .user_data_bytes = wish->user_data_bytes,
					      .fd = -1};
	int code = store_begin(store, err);

	if (code < 0)
		return code;
	STORE_GUARD(store);
	if ((code = check_quota(request, wish, err)) < 0)
		return code;
	server->customer_id = request->who.customer_id;
	server->status = SERVER_INITIALIZING;
	server->desired = wish->start ? SERVER_DESIRED_ON : SERVER_DESIRED_OFF;
	server->server_type_id = wish->plan.id;
	server->image_id = wish->image.id;
	server->location_id = wish->location.id;
	server->volume_generation = 1;
	server->disk_gb = wish->plan.disk_gb;
	server->created_ms = now_ms;
	(void)snprintf(server->host, sizeof server->host, "local");
	make_identity(server);
	if ((code = store_server_insert(store, server, err)) < 0)
		return code == ERR_UNIQUENESS
			       ? err_set(err, code,
					 "there is a server named %s already; choose another name",
					 server->name)
			       : code;
	note_about(request, "server", server->id, server->name);
	note_detail(request, "server_type", json_string(wish->plan.name));
	note_detail(request, "image", json_string(image_label(&wish->image, label)));
	note_detail(request, "start", json_boolean(wish->start));
	if ((code = give_addresses(request, wish, now_ms, err)) < 0 ||
	    (code = plug_networks(request, wish, now_ms, err)) < 0 ||
	    (code = store_server_set_keys(store, server->id, buf_str(&wish->keys), err)) < 0 ||
	    (code = firewalls_add_server(request, &wish->firewalls, server->id, err)) < 0)
		return code;
	struct action_request with_id = action;
	first_choices_put(request, &wish->first, &with_id);
	with_id.server_id = server->id;
	if ((code = engine_submit(request->core->engine, &with_id, ret, err)) < 0)
		return code;
	return store_commit(store, err);
}

static int create(struct request *request, struct err *err)
{
	struct wish wish CLEANUP(wish_done) = {0};
	struct action action CLEANUP(action_done) = {0};
	struct secret password CLEANUP(secret_done) = {0};
	char hash[GUEST_HASH_BYTES] = "";
	int code = take_wish(request, &wish, err);

	if (code < 0)
		return code;
	/* Without a key somebody must still get in: by the console, with a password shown once. */
	if (wish.key_count == 0 && wish.first.hash[0] == '\0' &&
	    (secret_make_password(&password) < 0 || password_hash_guest(password.text, hash) < 0))
		return err_set(err, ERR_SERVER, "cannot make a password");
	code = insert(request, &wish, *hash != '\0' ? hash : NULL, &action, err);
	explicit_bzero(hash, sizeof hash);
	if (code < 0)
		return code;
	engine_kick(request->core->engine);
	events_server_changed(request->core->events, wish.server.id);
	events_action_changed(request->core->events, action.id);
	request->status = 201;
	request->reply = json_pack(
		"{s:o, s:o, s:[], s:s?}", "server", servers_json(request, wish.server.id), "action",
		render_action(&action), "next_actions", "root_password", password.text);
	return 0;
}

static int update(struct request *request, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct labels labels CLEANUP(label_done) = {0};
	struct store *store = request->core->store;
	const char *name = NULL;
	bool has_labels;
	int code = servers_find(request, &server, err);

	if (code < 0 || (code = body_text(request, "name", &name, err)) < 0 ||
	    (code = body_labels(request, &labels, &has_labels, err)) < 0)
		return code;
	if (name != NULL && (code = name_check_host(name, err)) < 0)
		return request_field(request, "name", code, err);
	if (name != NULL)
		note_detail(request, "name", json_string(name));
	if (has_labels)
		note_detail(request, "labels", json_true());
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if (name != NULL && (code = store_server_update_name(store, server.id, name, err)) < 0)
		return code == ERR_UNIQUENESS
			       ? err_set(err, code, "there is a server named %s already", name)
			       : code;
	if (has_labels &&
	    ((code = store_server_update_labels(store, server.id, &labels, err)) < 0 ||
	     (code = firewalls_check_server(request, server.id, err)) < 0))
		return code;
	if ((code = store_commit(store, err)) < 0)
		return code;
	events_server_changed(request->core->events, server.id);
	return request_answer(request, 200, "server", servers_json(request, server.id));
}

const struct route server_routes[] = {
	{"GET", "/servers", ACCESS_READ, list},
	{"POST", "/servers", ACCESS_MANAGE, create, "server.create"},
	{"GET", "/servers/{id}", ACCESS_READ, get},
	{"PUT", "/servers/{id}", ACCESS_MANAGE, update, "server.update"},
	{NULL, NULL, 0, NULL},
};

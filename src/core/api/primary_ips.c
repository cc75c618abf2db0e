// /v1/primary_ips: the addresses servers have.
#include "base/cleanup.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "store/store_address.h"
#include "store/store_location.h"
#include "store/store_server.h"

static json_t *render(struct request *request, const struct address *address)
{
	struct server server CLEANUP(server_done) = {0};
	struct location location = {0};

	(void)store_server_get(request->core->store, 0, address->server_id, &server, NULL);
	(void)store_location_get(request->core->store, server.location_id, &location, NULL);
	return render_primary_ip(request->core, address, &server, &location);
}

static int list(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_addresses addresses = {0};
	json_t *items;
	int code;

	if ((code = request_list(request, SORT_RESOURCE, &query, err)) < 0 ||
	    (code = store_address_list(request->core->store, request->who.customer_id,
				       request_query(request, "ip"), &query.page, &addresses,
				       err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < addresses.count; i++)
		(void)json_array_append_new(items, render(request, &addresses.items[i]));
	const uint64_t total = addresses.total;
	store_address_done(&addresses);
	return request_answer_list(request, "primary_ips", items, &query.page, total);
}

static int get(struct request *request, struct err *err)
{
	struct address address;
	int code = store_address_get(request->core->store, request->who.customer_id, request->id,
				     &address, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "there is no primary IP %llu",
			       (unsigned long long)request->id);
	return code < 0 ? code
			: request_answer(request, 200, "primary_ip", render(request, &address));
}

const struct route primary_ip_routes[] = {
	{"GET", "/primary_ips", ACCESS_READ, list},
	{"GET", "/primary_ips/{id}", ACCESS_READ, get},
	{NULL, NULL, 0, NULL},
};

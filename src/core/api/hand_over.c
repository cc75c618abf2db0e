// PUT /v1/servers/{id}/owner: a server goes to another customer, by the operators' hand.
#include <inttypes.h>

#include "base/cleanup.h"
#include "core/actions/images.h"
#include "core/alerts/alerts.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "core/api/servers.h"
#include "core/events.h"
#include "store/store_customer.h"
#include "store/store_image.h"
#include "store/store_port.h"
#include "store/store_quota.h"
#include "store/store_server.h"

static int take_customer(struct request *request, struct customer *ret, struct err *err)
{
	struct store *store = request->core->store;
	const char *name;
	uint64_t id;
	int code = body_id_or_name(request, "customer", &id, &name, err);

	if (code < 0)
		return code;
	if (id == 0 && name == NULL)
		return request_invalid(request, err, "customer",
				       "Missing data for required field.");
	code = id != 0 ? store_customer_get(store, id, ret, err)
		       : store_customer_get_by_name(store, name, ret, err);
	return code == ERR_NOT_FOUND
		       ? request_invalid(request, err, "customer",
					 "there is no such customer; GET /v1/customers lists them")
		       : code;
}

/* What is still the old owner's inside it, or on its way there. */
static int check_is_free(struct request *request, const struct server *server, struct err *err)
{
	struct image image CLEANUP(image_done) = {0};
	struct store_ports ports = {0};
	int code;

	if (server->locked_action_id != 0)
		return err_set(
			err, ERR_LOCKED,
			"something is being done to the server; try again when it has ended");
	if (server->seed)
		return err_set(
			err, ERR_IN_USE,
			"the server has not ended its first boot, which gives it the keys of "
			"its owner: let it boot first");
	if ((code = store_port_of_server(request->core->store, server->id, &ports, err)) < 0)
		return code;
	if (ports.count > 0)
		return err_set(err, ERR_IN_USE,
			       "the server is in private networks of its owner: take it out of "
			       "them first");
	/* Of the service, it is everybody's; of a copy nothing is needed any more. */
	if (image_base(request->core->store, server->image_id) != 0 &&
	    store_image_get(request->core->store, ACCOUNT_SERVICE_CUSTOMER_ID, server->image_id,
			    &image, NULL) < 0)
		return err_set(err, ERR_IN_USE,
			       "the server's disk stands on an image that is its owner's own: "
			       "reinstall it from one of the service first");
	return 0;
}

static int check_taker(struct request *request, const struct server *server,
		       const struct customer *taker, struct err *err)
{
	struct quotas more;
	int code;

	if (taker->id == server->customer_id)
		return request_invalid(request, err, "customer", "has the server already");
	if (taker->suspended)
		return err_set(err, ERR_SUSPENDED,
			       "%.100s is suspended: lift that before it is given anything",
			       taker->name);
	if ((code = store_quota_of_server(request->core->store, server->id, &more, err)) < 0)
		return code;
	code = store_quota_check(request->core->store, taker->id, &more, err);
	if (code == ERR_LIMIT)
		return err_wrap(err, code, "%.60s cannot take it", taker->name);
	return code;
}

static int hand_over(struct request *request, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct store *store = request->core->store;
	struct customer taker = {0};
	int code = store_begin(store, err);

	if (code < 0)
		return code;
	STORE_GUARD(store);
	code = store_server_get(store, 0, request->id, &server, err);
	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "there is no server %" PRIu64, request->id);
	if (code < 0 || (code = take_customer(request, &taker, err)) < 0 ||
	    (code = check_is_free(request, &server, err)) < 0 ||
	    (code = check_taker(request, &server, &taker, err)) < 0)
		return code;
	const uint64_t giver_id = server.customer_id;
	note_about(request, "server", server.id, server.name);
	note_customer(request, giver_id);
	note_detail(request, "direction", json_string("out"));
	if ((code = alerts_hand_over(request->core->alerts, server.id, err)) < 0)
		return code;
	code = store_server_hand_over(store, server.id, taker.id, err);
	if (code == ERR_UNIQUENESS)
		return err_set(
			err, code,
			"%.100s has a server named %s already; one of them needs another name",
			taker.name, server.name);
	if (code < 0 || (code = note_also(request, taker.id, "in", err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	/* The old owner's consoles end within a second: right.c finds another owner. */
	events_server_deleted(request->core->events, server.id, giver_id);
	events_server_changed(request->core->events, server.id);
	events_alerts_changed(request->core->events, giver_id);
	events_account_changed(request->core->events, giver_id);
	events_account_changed(request->core->events, taker.id);
	return request_answer(request, 200, "server", servers_json(request, server.id));
}

const struct route hand_over_routes[] = {
	{"PUT", "/servers/{id}/owner", ACCESS_SERVICE, hand_over, "server.hand_over",
	 ROUTE_NEEDS_PROOF},
	{NULL, NULL, 0, NULL},
};

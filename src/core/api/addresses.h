// What handlers about primary and floating IPs share: they differ in few things.
#pragma once

#include "core/actions/engine.h"
#include "core/api/request.h"
#include "store/store_ip.h"

/** addresses_kind() - by the path: /primary_ips or /floating_ips. */
enum address_kind addresses_kind(const struct request *request);
/** addresses_find() - the path's, of the acting customer. Free with store_ip_done(). */
int addresses_find(struct request *request, struct store_ip *ret, struct err *err);
/** addresses_find_free() - the same, for a change: ERR_LOCKED while an action moves it. */
int addresses_find_free(struct request *request, struct store_ip *ret, struct err *err);
json_t *addresses_render(struct request *request, const struct store_ip *ip);
/** addresses_json() - as it is now. */
json_t *addresses_json(struct request *request, uint64_t id);

/**
 * addresses_take_server() - the body's field, a server of the owner at the address's location that
 * can take it; *ret_id 0: the field is not there, or null.
 */
int addresses_take_server(struct request *request, const char *field, const struct store_ip *ip,
			  uint64_t *ret_id, struct err *err);
/** addresses_move() - inside a transaction: submits assign, or unassign when @server_id is 0. */
int addresses_move(struct request *request, const struct store_ip *ip, uint64_t server_id,
		   struct action *ret, struct err *err);
/** addresses_moved() - it is committed: whoever has to hear of it does. */
void addresses_moved(struct request *request, uint64_t from_id, uint64_t to_id,
		     const struct action *action);

// What the servers' handlers need of the firewalls'.
#pragma once

#include "core/api/request.h"
#include "store/store_firewall.h"

/** firewalls_take() - `firewalls` of a new server: their ids, as the servers of @ret_ids. */
int firewalls_take(struct request *request, struct store_scope *ret_ids, struct err *err);
/** firewalls_add_server() - inside a transaction. ERR_LIMIT. */
int firewalls_add_server(struct request *request, const struct store_scope *ids, uint64_t server_id,
			 struct err *err);
/** firewalls_check_server() - ERR_LIMIT when too many are applied to it now. */
int firewalls_check_server(struct request *request, uint64_t server_id, struct err *err);

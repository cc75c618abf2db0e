// Servers in private networks, and the addresses that they have there.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/private_network.h"
#include "store/store.h"

/* Of one server, ordered by id. */
struct store_ports {
	struct private_port items[PRIVATE_NETWORKS_OF_SERVER];
	size_t count;
};

/* Of one network, ordered by id. */
struct store_members {
	struct private_port *items;
	size_t count;
};

/**
 * store_port_insert() - @port has network, server, MAC and address; sets its id.
 * Errors: ERR_SERVER_ATTACHED, ERR_IP_NOT_AVAILABLE, ERR_LIMIT.
 */
int store_port_insert(struct store *store, struct private_port *port, int64_t now_ms,
		      struct err *err);
/** store_port_delete() - its addresses are free again. */
int store_port_delete(struct store *store, uint64_t id, struct err *err);
/** store_port_leave() - from now on the host is told of the server without it; or with it again. */
int store_port_leave(struct store *store, uint64_t id, bool leaving, struct err *err);
/** store_port_set_aliases() - in the place of those that were. ERR_IP_NOT_AVAILABLE. */
int store_port_set_aliases(struct store *store, const struct private_port *port, struct err *err);
int store_port_of_server(struct store *store, uint64_t server_id, struct store_ports *ret,
			 struct err *err);
int store_port_of_network(struct store *store, uint64_t network_id, struct store_members *ret,
			  struct err *err);
void store_port_done(struct store_members *members);

// What handlers about private networks share.
#pragma once

#include "core/api/request.h"
#include "model/private_network.h"
#include "model/server.h"

/** networks_find() - of the acting customer. Free with private_network_done(). */
int networks_find(struct request *request, uint64_t id, struct private_network *ret,
		  struct err *err);
json_t *networks_render(struct request *request, const struct private_network *network);
/** networks_take() - the body's field "network", by id or name. Free with private_network_done().
 */
int networks_take(struct request *request, struct private_network *ret, struct err *err);
/** networks_take_range() - the body's field @key; *ret is left when it is not there. */
int networks_take_range(struct request *request, const char *key, struct ip *ret, struct err *err);
/** networks_take_subnet() - one object of the form of add_subnet's body, judged beside the
 * network's other subnets. */
int networks_take_subnet(struct request *request, const json_t *object, const char *field,
			 const struct private_network *network, struct subnet *ret,
			 struct err *err);

/**
 * networks_plug() - what a server gets in a network: an address, asked for or the lowest that is
 * free, aliases, and a MAC address of its own.
 * @ip: its text, NULL for any; @aliases: an array of texts, or NULL.
 * Errors: ERR_INVALID_INPUT, ERR_IP_NOT_AVAILABLE, ERR_NO_SUBNET, ERR_NETWORKS_OVERLAP, ERR_LIMIT,
 * ERR_LOCKED (it is being deleted).
 */
int networks_plug(struct request *request, const struct private_network *network,
		  const struct server *server, const char *ip, const json_t *aliases,
		  struct private_port *ret, struct err *err);
/** networks_take_aliases() - into @port, in the place of those that it has. */
int networks_take_aliases(struct request *request, const struct private_network *network,
			  const struct server *server, const json_t *aliases,
			  struct private_port *port, struct err *err);
/** networks_check_stays() - ERR_LOCKED while a network is being deleted: nobody joins it then. */
int networks_check_stays(struct request *request, const struct private_network *network,
			 struct err *err);
/** networks_delete() - the handler: answered when its servers are out of it and it is gone. */
int networks_delete(struct request *request, struct err *err);

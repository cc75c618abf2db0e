// What decides about a server's packets, from the database; and the same as the host is told it.
#pragma once

#include "base/buf.h"
#include "model/firewall.h"
#include "store/store_firewall.h"
#include "store/store_ip.h"
#include "wire/host_message.h"

struct server;

/* `struct filter_policy p CLEANUP(filter_policy_done) = {0};` is a valid empty one. */
struct filter_policy {
	struct store_firewalls firewalls; /* owned; what `policy` points into */
	struct firewall_policy policy;
	struct store_moves floating;
	uint64_t version;
	uint32_t bandwidth_in; /* Mbit/s, of the plan; 0: no limit */
	uint32_t bandwidth_out;
	uint32_t mark; /* of new connections to SSH, while one of them confirms a trial; else 0 */
};

void filter_policy_done(struct filter_policy *policy);
int filter_policy_load(struct store *store, uint64_t customer_id, uint64_t server_id,
		       struct filter_policy *ret, struct err *err);

/** filter_policy_for_host() - free with host_filter_done(). */
int filter_policy_for_host(const struct filter_policy *policy, struct host_filter *ret);
/** filter_policy_body() - a HOST_FILTER_SET. */
int filter_policy_body(struct store *store, const struct server *server, struct buf *out,
		       struct err *err);

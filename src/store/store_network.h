// Private networks, their subnets, and the servers that are in them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/label_selector.h"
#include "model/page.h"
#include "model/private_network.h"
#include "model/sort.h"
#include "store/store.h"

/* What a list shows; zero leaves a condition out. All pointers are borrowed. */
struct store_network_filter {
	uint64_t customer_id;
	const char *name;
	const struct label_selector *selector;
	struct sort sort;
	struct page page;
};

struct store_networks {
	struct private_network *items;
	size_t count;
	uint64_t total;
};

/** store_network_insert() - with its subnets. Sets its id. ERR_UNIQUENESS, ERR_LIMIT. */
int store_network_insert(struct store *store, struct private_network *network, struct err *err);
/** store_network_get() - of @customer_id, or of anybody (0). */
int store_network_get(struct store *store, uint64_t customer_id, uint64_t id,
		      struct private_network *ret, struct err *err);
int store_network_get_by_name(struct store *store, uint64_t customer_id, const char *name,
			      struct private_network *ret, struct err *err);
int store_network_list(struct store *store, const struct store_network_filter *filter,
		       struct store_networks *ret, struct err *err);
void store_network_done(struct store_networks *networks);
/** store_network_update() - name, labels, range, protection. ERR_UNIQUENESS. */
int store_network_update(struct store *store, const struct private_network *network,
			 struct err *err);
/** store_network_delete() - ERR_IN_USE while a server is in it. */
int store_network_delete(struct store *store, uint64_t id, struct err *err);
int store_network_add_subnet(struct store *store, uint64_t id, const struct subnet *subnet,
			     struct err *err);
/** store_network_delete_subnet() - ERR_IN_USE while a server has an address in it. */
int store_network_delete_subnet(struct store *store, const struct private_network *network,
				const struct subnet *subnet, struct err *err);

// Customers in the database.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/account.h"
#include "model/page.h"
#include "model/sort.h"
#include "store/store.h"

struct store_customers {
	struct customer *items;
	size_t count;
	uint64_t total;
};

/* What a list shows; zero or NULL leaves a condition out. */
struct store_customer_filter {
	const char *name; /* exactly */
	const char *part; /* of the name; of ASCII the case does not matter */
	bool active;
	bool suspended;
	uint64_t user_id; /* those the user is a member of */
};

int store_customer_insert(struct store *store, struct customer *customer, struct err *err);
int store_customer_get(struct store *store, uint64_t id, struct customer *ret, struct err *err);
int store_customer_get_by_name(struct store *store, const char *name, struct customer *ret,
			       struct err *err);
int store_customer_list(struct store *store, const struct store_customer_filter *filter,
			const struct sort *sort, const struct page *page,
			struct store_customers *ret, struct err *err);
void store_customer_done(struct store_customers *customers);
/** store_customer_update() - everything but the note. */
int store_customer_update(struct store *store, const struct customer *customer, struct err *err);
/** store_customer_get_note() - what operators noted for themselves; malloc'd. */
int store_customer_get_note(struct store *store, uint64_t id, char **ret, struct err *err);
int store_customer_set_note(struct store *store, uint64_t id, const char *note, struct err *err);
/** store_customer_delete() - ERR_IN_USE while it has servers or images, or is the service's own.
 * Memberships, tokens, sessions, invitations and keys go with it. */
int store_customer_delete(struct store *store, uint64_t id, struct err *err);

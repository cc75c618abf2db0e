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

int store_customer_insert(struct store *store, struct customer *customer, struct err *err);
int store_customer_get(struct store *store, uint64_t id, struct customer *ret, struct err *err);
int store_customer_get_by_name(struct store *store, const char *name, struct customer *ret,
			       struct err *err);
/** store_customer_list() - @name NULL: all; @user_id 0: all, else those the user is a member of. */
int store_customer_list(struct store *store, const char *name, uint64_t user_id,
			const struct sort *sort, const struct page *page,
			struct store_customers *ret, struct err *err);
void store_customer_done(struct store_customers *customers);
/** store_customer_update() - name, server_limit, suspended. */
int store_customer_update(struct store *store, const struct customer *customer, struct err *err);
/** store_customer_delete() - ERR_IN_USE while it has servers or images, or is the service's own.
 * Memberships, tokens, sessions, invitations and keys go with it. */
int store_customer_delete(struct store *store, uint64_t id, struct err *err);

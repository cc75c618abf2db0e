// Addresses as their customers see them: named, kept, and given from one server to another.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/label.h"
#include "model/label_selector.h"
#include "model/page.h"
#include "model/pool.h"
#include "model/sort.h"
#include "store/store.h"

/* `struct store_ip ip CLEANUP(store_ip_done) = {0};` is a valid empty one. */
struct store_ip {
	struct address address;
	enum address_kind kind;
	uint64_t customer_id;
	uint64_t location_id;
	char name[NAME_LABEL_BYTES];
	char description[ADDRESS_DESCRIPTION_BYTES];
	struct labels labels;
	struct dns_ptr
		*names; /* that the customer gave, ordered by address; not in lists of moves */
	size_t name_count;
	bool protect_delete;
	bool auto_delete; /* primary: with its server */
};

void store_ip_done(struct store_ip *ip);

/* What a list shows; zero leaves a condition out. All pointers are borrowed. */
struct store_ip_filter {
	enum address_kind kind;
	uint64_t customer_id;
	const char *name;
	const char *ip;
	const struct label_selector *selector;
	struct sort sort;
	struct page page;
};

struct store_ips {
	struct store_ip *items;
	size_t count;
	uint64_t total;
};

void store_ips_done(struct store_ips *ips);

/** store_ip_get() - ERR_NOT_FOUND when it is of another kind or customer (0: anybody's). */
int store_ip_get(struct store *store, uint64_t customer_id, enum address_kind kind, uint64_t id,
		 struct store_ip *ret, struct err *err);
int store_ip_list(struct store *store, const struct store_ip_filter *filter, struct store_ips *ret,
		  struct err *err);
/** store_ip_update() - name, description, labels, auto_delete. ERR_UNIQUENESS. */
int store_ip_update(struct store *store, const struct store_ip *ip, struct err *err);
int store_ip_protect(struct store *store, uint64_t id, bool protect_delete, struct err *err);
/** store_ip_delete() - free again at once; a server that has it loses it. */
int store_ip_delete(struct store *store, uint64_t id, struct err *err);
/**
 * store_ip_assign() - to a server, or to none (0), whoever has it now.
 * Errors: ERR_UNIQUENESS when the server has a primary one of that family; ERR_LIMIT.
 */
int store_ip_assign(struct store *store, uint64_t id, uint64_t server_id, struct err *err);
/** store_ip_is_busy() - an action about it is running. */
int store_ip_is_busy(struct store *store, enum address_kind kind, uint64_t id, bool *ret,
		     struct err *err);

/* An address with the number of its move: of two servers told to have it, the larger is right. */
struct store_move {
	uint64_t id;
	struct ip ip;
	uint64_t number;
};
struct store_moves {
	struct store_move items[ADDRESS_FLOATING_MOST];
	size_t count;
};
/** store_ip_floating_of() - a server's, by id. */
int store_ip_floating_of(struct store *store, uint64_t server_id, struct store_moves *ret,
			 struct err *err);

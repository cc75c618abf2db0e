// SSH keys in the database.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/label_selector.h"
#include "model/page.h"
#include "model/sort.h"
#include "model/sshkey.h"
#include "store/store.h"

/* What a list shows; zero leaves a condition out. All pointers are borrowed. */
struct store_sshkey_filter {
	uint64_t customer_id;
	const char *name;
	const char *fingerprint;
	const struct label_selector *selector;
	struct sort sort;
	struct page page;
};

struct store_sshkeys {
	struct sshkey *items;
	size_t count;
	uint64_t total;
};

/** store_sshkey_insert() - ERR_UNIQUENESS by name or by key, within the customer. */
int store_sshkey_insert(struct store *store, struct sshkey *key, struct err *err);
int store_sshkey_get(struct store *store, uint64_t customer_id, uint64_t id, struct sshkey *ret,
		     struct err *err);
int store_sshkey_get_by_name(struct store *store, uint64_t customer_id, const char *name,
			     struct sshkey *ret, struct err *err);
int store_sshkey_list(struct store *store, const struct store_sshkey_filter *filter,
		      struct store_sshkeys *ret, struct err *err);
void store_sshkey_done(struct store_sshkeys *keys);
/** store_sshkey_update() - name and labels. */
int store_sshkey_update(struct store *store, const struct sshkey *key, struct err *err);
int store_sshkey_delete(struct store *store, uint64_t customer_id, uint64_t id, struct err *err);

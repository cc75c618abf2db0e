// Servers in the database.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/label_selector.h"
#include "model/page.h"
#include "model/server.h"
#include "model/sort.h"
#include "store/store.h"

/* What a list shows; zero leaves a condition out. All pointers are borrowed. */
#define STORE_SERVER_SEARCH_BYTES 100

struct store_server_filter {
	uint64_t customer_id;
	const char *name;
	const char *search; /* a part of the name, of an address or of a label, "env=prod" */
	uint32_t statuses;  /* bits 1 << enum server_status */
	const struct label_selector *selector;
	const uint64_t *ids;
	size_t id_count;  /* only looked at when ids is not NULL */
	struct sort sort; /* by id, name, created */
	struct page page; /* entries 0: all */
};

struct store_servers {
	struct server *items;
	size_t count;
	uint64_t total;
};

/* Enough to find the server's text in a cache: the same id and version is the same content. */
struct store_server_ref {
	uint64_t id;
	uint64_t version;
};

struct store_server_refs {
	struct store_server_ref *items;
	size_t count;
	uint64_t total;
};

/** store_server_insert() - with its labels; addresses are allocated afterwards. Sets id and
 * version. Errors: ERR_UNIQUENESS (name, MAC), ERR_INVALID_INPUT (no such plan, image, …). */
int store_server_insert(struct store *store, struct server *server, struct err *err);

int store_server_get(struct store *store, uint64_t customer_id, uint64_t id, struct server *ret,
		     struct err *err);
int store_server_get_by_name(struct store *store, uint64_t customer_id, const char *name,
			     struct server *ret, struct err *err);
int store_server_get_by_uuid(struct store *store, const uint8_t uuid[UUID_BYTES],
			     struct server *ret, struct err *err);
/** store_server_get_version() - to validate one cached text. */
int store_server_get_version(struct store *store, uint64_t customer_id, uint64_t id,
			     uint64_t *ret_version, struct err *err);

int store_server_list(struct store *store, const struct store_server_filter *filter,
		      struct store_servers *ret, struct err *err);
int store_server_list_refs(struct store *store, const struct store_server_filter *filter,
			   struct store_server_refs *ret, struct err *err);
/** store_server_list_suspended() - ids of running servers of suspended customers, at most @max. One
 * whose lock an action has is left out. */
int store_server_list_suspended(struct store *store, uint64_t *ids, size_t max, size_t *ret_count,
				struct err *err);
/** store_server_suspended() - note that a suspension has stopped it (@stopped), or forget that. */
int store_server_suspended(struct store *store, uint64_t id, bool stopped, struct err *err);
/** store_server_list_to_resume() - ids of servers that a suspension has stopped and that are off,
 * whose customer is no longer suspended. One whose lock an action has is left out. */
int store_server_list_to_resume(struct store *store, uint64_t *ids, size_t max, size_t *ret_count,
				struct err *err);
int store_server_count(struct store *store, const struct store_server_filter *filter, uint64_t *ret,
		       struct err *err);
void store_server_done(struct store_servers *servers);
void store_server_refs_done(struct store_server_refs *refs);

/** Updates answer ERR_NOT_FOUND when there is no such server. A server that goes off runs its
 * rescue system no longer. */
int store_server_update_name(struct store *store, uint64_t id, const char *name, struct err *err);
/**
 * store_server_hand_over() - to another customer, in the open transaction.
 *
 * What the old one said about it stays behind: labels, keys, what its first boot was given, a disk
 * put aside, names of its addresses, protection. ERR_UNIQUENESS: the new one has a server of this
 * name.
 */
int store_server_hand_over(struct store *store, uint64_t id, uint64_t customer_id, struct err *err);
int store_server_update_labels(struct store *store, uint64_t id, const struct labels *labels,
			       struct err *err);
int store_server_update_status(struct store *store, uint64_t id, enum server_status status,
			       struct err *err);
int store_server_update_desired(struct store *store, uint64_t id, enum server_desired desired,
				struct err *err);
int store_server_update_protection(struct store *store, uint64_t id, bool protect_delete,
				   bool protect_rebuild, struct err *err);
int store_server_update_type(struct store *store, uint64_t id, uint64_t server_type_id,
			     uint32_t disk_gb, struct err *err);
/** store_server_update_disk() - another disk is in use: a new generation, from an image. The first
 * boot is ahead again. */
int store_server_update_disk(struct store *store, uint64_t id, uint64_t image_id,
			     uint32_t volume_generation, uint32_t disk_gb, struct err *err);
int store_server_update_seed(struct store *store, uint64_t id, bool seed, struct err *err);
int store_server_update_first_boot(struct store *store, uint64_t id, int64_t first_started_ms,
				   bool done, struct err *err);
/** store_server_update_host_keys() - @host_keys as model/host_key.h makes it. */
int store_server_update_host_keys(struct store *store, uint64_t id, const char *host_keys,
				  struct err *err);
/** store_server_update_agent() - whether the host shall ask nothing inside it. */
int store_server_update_agent(struct store *store, uint64_t id, bool off, struct err *err);
/** store_server_arm_rescue() - the next start boots the rescue system, into which these keys are
 * let; lines, at least one. */
int store_server_arm_rescue(struct store *store, uint64_t id, const char *authorized_keys,
			    struct err *err);
int store_server_disarm_rescue(struct store *store, uint64_t id, struct err *err);
/** store_server_boot_rescue() - the boot that begins is one of the rescue system, or is not. */
int store_server_boot_rescue(struct store *store, uint64_t id, bool rescue, struct err *err);
int store_server_update_rescue_host_keys(struct store *store, uint64_t id, const char *host_keys,
					 struct err *err);
/** store_server_get_rescue_keys() - ret is malloc'd, "" when none. */
int store_server_get_rescue_keys(struct store *store, uint64_t id, char **ret, struct err *err);
/** store_server_update_ssh_port() - that was chosen for the system in use. */
int store_server_update_ssh_port(struct store *store, uint64_t id, uint16_t port, struct err *err);
/** store_server_update_updates() - how that system was chosen to update itself. */
int store_server_update_updates(struct store *store, uint64_t id, uint32_t updates,
				struct err *err);
int store_server_ssh_port(struct store *store, uint64_t id, uint16_t *ret, struct err *err);
int store_server_update_user(struct store *store, uint64_t id, const char *user, struct err *err);

/** store_server_lock() - for an action; ERR_LOCKED when another holds it. @instead_of_action_id:
 * taken over from this one when it holds the lock; 0: from none. */
int store_server_lock(struct store *store, uint64_t id, uint64_t action_id,
		      uint64_t instead_of_action_id, struct err *err);
/** store_server_unlock() - if @action_id holds the lock; otherwise nothing happens. */
int store_server_unlock(struct store *store, uint64_t id, uint64_t action_id, struct err *err);

/** store_server_delete() - the row and all that hangs on it: labels, addresses (free again), names,
 * seed, keys. Its actions stay. */
int store_server_delete(struct store *store, uint64_t id, struct err *err);

/** store_server_memory_mib() - of all servers that are on or shall be, but @except_id (0: none). */
int store_server_memory_mib(struct store *store, uint64_t except_id, uint64_t *ret,
			    struct err *err);

/** The keys a server was made with, as authorized_keys lines: a rebuild needs them again, even
 * when the customer deleted them since. ret is malloc'd, "" when none. */
int store_server_set_keys(struct store *store, uint64_t id, const char *authorized_keys,
			  struct err *err);
int store_server_get_keys(struct store *store, uint64_t id, char **ret, struct err *err);

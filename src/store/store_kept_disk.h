// The disks that rebuilds have put aside, so that one can go back to them for some days.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/server.h"
#include "store/store.h"

/* `struct store_kept_disk k CLEANUP(store_kept_disk_done) = {0};` is a valid empty one. What
 * belongs to it is what the server was while it was in use. */
struct store_kept_disk {
	uint64_t server_id;
	uint32_t generation; /* of the volume; lower than the server's */
	uint64_t image_id;   /* 0: none */
	uint32_t disk_gb;
	char user[NAME_USER_BYTES];
	char *authorized_keys; /* lines; "" when none */
	uint16_t ssh_port;
	uint32_t updates; /* enum first_choice_updates */
	char *host_keys;  /* as model/host_key.h makes it */
	int64_t kept_ms;
	int64_t expires_ms; /* when the service deletes it */
};

void store_kept_disk_done(struct store_kept_disk *disk);

/** store_kept_disk_put() - the server's disk as its row has it, in the transaction that gives it
 * another one, before that. ERR_IN_USE: it has one put aside already. */
int store_kept_disk_put(struct store *store, uint64_t server_id, int64_t kept_ms,
			int64_t expires_ms, struct err *err);
/** store_kept_disk_get() - ERR_NOT_FOUND: none is kept. */
int store_kept_disk_get(struct store *store, uint64_t server_id, struct store_kept_disk *ret,
			struct err *err);
/** store_kept_disk_restore() - the server is again what it was with it, and it is kept no longer.
 * In one transaction. Its first boot counts as over, and its first start is ahead. */
int store_kept_disk_restore(struct store *store, uint64_t server_id, struct err *err);
/** store_kept_disk_delete() - the row. No error when absent. */
int store_kept_disk_delete(struct store *store, uint64_t server_id, struct err *err);
/** store_kept_disk_expired() - ids of servers that no action has locked and whose time is over. */
int store_kept_disk_expired(struct store *store, int64_t now_ms, uint64_t *ids, size_t max,
			    size_t *ret_count, struct err *err);

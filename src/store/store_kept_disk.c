#include "store/store_kept_disk.h"

#include <errno.h>
#include <stdlib.h>

#include "store/statement.h"

void store_kept_disk_done(struct store_kept_disk *disk)
{
	free(disk->authorized_keys);
	free(disk->host_keys);
	*disk = (struct store_kept_disk){0};
}

int store_kept_disk_put(struct store *store, uint64_t server_id, int64_t kept_ms,
			int64_t expires_ms, struct err *err)
{
	int r = statement_run_one(
		store, "server",
		"INSERT INTO server_kept_disk(server_id, generation, image_id, disk_gb, user, "
		"authorized_keys, ssh_port, updates, host_keys, kept_ms, expires_ms) "
		"SELECT s.id, s.volume_generation, s.image_id, s.disk_gb, s.user, "
		"ifnull((SELECT k.authorized_keys FROM server_key k WHERE k.server_id = s.id), "
		"''), s.ssh_port, s.updates, s.host_keys, ?2, ?3 FROM server s WHERE s.id = ?1",
		BIND(B_INT(server_id), B_INT(kept_ms), B_INT(expires_ms)), err);

	return r == ERR_UNIQUENESS
		       ? err_set(err, ERR_IN_USE, "the server has a disk put aside already")
		       : r;
}

int store_kept_disk_get(struct store *store, uint64_t server_id, struct store_kept_disk *ret,
			struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct store_kept_disk disk CLEANUP(store_kept_disk_done) = {.server_id = server_id};
	int r = statement_one(store, "kept disk",
			      "SELECT generation, image_id, disk_gb, user, authorized_keys, "
			      "ssh_port, updates, host_keys, kept_ms, expires_ms FROM "
			      "server_kept_disk WHERE server_id = ?",
			      BIND(B_INT(server_id)), &statement, err);

	if (r < 0)
		return r;
	disk.generation = statement_u32(statement, 0);
	disk.image_id = statement_u64(statement, 1);
	disk.disk_gb = statement_u32(statement, 2);
	disk.ssh_port = (uint16_t)statement_u32(statement, 5);
	disk.updates = statement_u32(statement, 6);
	disk.kept_ms = sqlite3_column_int64(statement, 8);
	disk.expires_ms = sqlite3_column_int64(statement, 9);
	if (statement_copy(statement, 3, disk.user, sizeof(disk.user)) < 0)
		return statement_corrupt("kept disk", err);
	if (statement_dup(statement, 4, &disk.authorized_keys) < 0 ||
	    statement_dup(statement, 7, &disk.host_keys) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	*ret = disk;
	disk = (struct store_kept_disk){0};
	return 0;
}

int store_kept_disk_restore(struct store *store, uint64_t server_id, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	int r = statement_begin(store, &guard, err);

	/* The disk does not shrink: one that grew meanwhile was grown with its server. */
	if (r == 0)
		r = statement_run_one(
			store, "kept disk",
			"UPDATE server SET (image_id, volume_generation, user, ssh_port, updates, "
			"host_keys) = (SELECT k.image_id, k.generation, k.user, k.ssh_port, "
			"k.updates, k.host_keys FROM server_kept_disk k WHERE k.server_id = "
			"server.id), first_boot_done = 1, first_started_ms = 0, seed = 0, "
			"rescue_armed = 0, rescue_running = 0, rescue_keys = '' WHERE id = ?1 AND "
			"EXISTS (SELECT 1 FROM server_kept_disk k WHERE k.server_id = ?1)",
			BIND(B_INT(server_id)), err);
	if (r == 0)
		r = statement_run(store,
				  "INSERT OR REPLACE INTO server_key(server_id, authorized_keys) "
				  "SELECT server_id, authorized_keys FROM server_kept_disk WHERE "
				  "server_id = ?",
				  BIND(B_INT(server_id)), err);
	if (r >= 0)
		r = statement_run(store, "DELETE FROM server_seed WHERE server_id = ?",
				  BIND(B_INT(server_id)), err);
	if (r >= 0)
		r = store_kept_disk_delete(store, server_id, err);
	return r < 0 ? r : statement_commit(&guard, err);
}

int store_kept_disk_delete(struct store *store, uint64_t server_id, struct err *err)
{
	int r = statement_run(store, "DELETE FROM server_kept_disk WHERE server_id = ?",
			      BIND(B_INT(server_id)), err);

	return r < 0 ? r : 0;
}

int store_kept_disk_expired(struct store *store, int64_t now_ms, uint64_t *ids, size_t max,
			    size_t *ret_count, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	size_t count = 0;
	int r = statement_open(store,
			       "SELECT k.server_id FROM server_kept_disk k JOIN server s ON s.id = "
			       "k.server_id WHERE k.expires_ms <= ? AND s.locked_action_id = 0 "
			       "ORDER BY k.expires_ms LIMIT ?",
			       BIND(B_INT(now_ms), B_INT(max)), &statement, err);

	while (r == 0 && count < max && (r = statement_row(store, statement, err)) == 1) {
		ids[count++] = statement_u64(statement, 0);
		r = 0;
	}
	if (r < 0)
		return r;
	*ret_count = count;
	return 0;
}

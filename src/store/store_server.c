#include "store/store_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/statement.h"

#define COLUMNS                                                                                    \
	"s.id, s.version, s.uuid, s.customer_id, s.name, s.status, s.desired, "                    \
	"s.locked_action_id, s.server_type_id, s.image_id, s.location_id, s.host, "                \
	"s.volume_generation, s.disk_gb, s.mac, s.user, s.protect_delete, s.protect_rebuild, "     \
	"s.seed, s.first_boot_done, s.created_ms, s.first_started_ms, s.labels, "                  \
	"s.host_keys, s.inbound, s.first_step_passed, s.first_step_known, "                        \
	"s.ssh_port, s.rescue_armed, s.rescue_running, s.rescue_host_keys, s.agent_off, "          \
	"s.updates, "                                                                              \
	"s.backup_window, s.backup_percent"

static int read_keys(sqlite3_stmt *statement, int column, char **ret)
{
	const char *keys = statement_text(statement, column);

	if (*keys != '\0' && (*ret = strdup(keys)) == NULL)
		return -ENOMEM;
	return 0;
}

static int read_row(sqlite3_stmt *statement, struct server *server)
{
	server->id = statement_u64(statement, 0);
	server->version = statement_u64(statement, 1);
	server->customer_id = statement_u64(statement, 3);
	server->status = (enum server_status)statement_u32(statement, 5);
	server->desired = (enum server_desired)statement_u32(statement, 6);
	server->locked_action_id = statement_u64(statement, 7);
	server->server_type_id = statement_u64(statement, 8);
	server->image_id = statement_u64(statement, 9);
	server->location_id = statement_u64(statement, 10);
	server->volume_generation = statement_u32(statement, 12);
	server->disk_gb = statement_u32(statement, 13);
	server->protect_delete = statement_bool(statement, 16);
	server->protect_rebuild = statement_bool(statement, 17);
	server->seed = statement_bool(statement, 18);
	server->first_boot_done = statement_bool(statement, 19);
	server->created_ms = sqlite3_column_int64(statement, 20);
	server->first_started_ms = sqlite3_column_int64(statement, 21);
	if (statement_blob(statement, 2, server->uuid, sizeof(server->uuid)) < 0 ||
	    statement_copy(statement, 4, server->name, sizeof(server->name)) < 0 ||
	    statement_copy(statement, 11, server->host, sizeof(server->host)) < 0 ||
	    statement_blob(statement, 14, server->mac, sizeof(server->mac)) < 0 ||
	    statement_copy(statement, 15, server->user, sizeof(server->user)) < 0)
		return ERR_CORRUPT;
	server->closed = statement_u32(statement, 24) == 1;
	server->first_step_passed = statement_u32(statement, 25);
	server->first_step_known = statement_u32(statement, 26);
	server->ssh_port = (uint16_t)statement_u32(statement, 27);
	server->rescue_armed = statement_bool(statement, 28);
	server->rescue_running = statement_bool(statement, 29);
	server->agent_off = statement_bool(statement, 31);
	server->updates = statement_u32(statement, 32);
	server->backup_window = (enum backup_window)statement_u32(statement, 33);
	server->backup_percent = statement_u32(statement, 34);
	if (read_keys(statement, 23, &server->host_keys) < 0 ||
	    read_keys(statement, 30, &server->rescue_host_keys) < 0)
		return -ENOMEM;
	return label_read(statement_text(statement, 22), &server->labels);
}

static int read_addresses(struct store *store, struct server *server, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(store,
			       "SELECT id, pool_id, family, ip, created_ms FROM address WHERE "
			       "server_id = ? AND kind = 1",
			       BIND(B_INT(server->id)), &statement, err);

	while (r == 0 && (r = statement_row(store, statement, err)) > 0) {
		bool v4 = statement_u32(statement, 2) == 4;
		struct address *address = v4 ? &server->ipv4 : &server->ipv6;
		const char *text = statement_text(statement, 3);

		*address = (struct address){.id = statement_u64(statement, 0),
					    .pool_id = statement_u64(statement, 1),
					    .server_id = server->id,
					    .created_ms = sqlite3_column_int64(statement, 4)};
		r = v4 ? ip_parse(text, &address->ip) : ip_parse_prefix(text, &address->ip);
		if (r < 0)
			return statement_corrupt("address", err);
	}
	return r;
}

static int read_dns_ptrs(struct store *store, struct server *server, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct statement_list list = {0};
	int r = statement_open(store,
			       "SELECT d.ip, d.name FROM address a JOIN dns_ptr d ON "
			       "d.address_id = a.id WHERE a.server_id = ? AND a.kind = 1 ORDER BY "
			       "d.ip",
			       BIND(B_INT(server->id)), &statement, err);

	while (r == 0 && (r = statement_row(store, statement, err)) > 0) {
		struct dns_ptr *ptr = statement_list_add(&list, sizeof(*ptr));

		/* Kept up to date for the caller to free, whatever happens. */
		server->dns_ptrs = list.items;
		server->dns_ptr_count = list.count;
		if (!ptr)
			return err_set(err, -ENOMEM, "out of memory");
		if (ip_parse(statement_text(statement, 0), &ptr->ip) < 0 ||
		    statement_copy(statement, 1, ptr->name, sizeof(ptr->name)) < 0)
			return statement_corrupt("reverse name", err);
		r = 0;
	}
	return r;
}

static int get(struct store *store, const char *sql, const struct bind *binds, struct server *ret,
	       struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct server server CLEANUP(server_done) = {0};
	int r = statement_one(store, "server", sql, binds, &statement, err);

	if (r < 0)
		return r;
	r = read_row(statement, &server);
	if (r < 0)
		return statement_misread("server", r, err);
	r = read_addresses(store, &server, err);
	if (r == 0)
		r = read_dns_ptrs(store, &server, err);
	if (r < 0)
		return r;
	*ret = server;
	memset(&server, 0, sizeof(server));
	return 0;
}

static int insert_labels(struct store *store, uint64_t id, const struct labels *labels,
			 struct err *err)
{
	for (size_t i = 0; i < labels->count; i++) {
		int r = statement_run(
			store,
			"INSERT INTO server_label(customer_id, key, value, server_id) "
			"SELECT customer_id, ?, ?, id FROM server WHERE id = ?",
			BIND(B_TEXT(labels->items[i].key), B_TEXT(labels->items[i].value),
			     B_INT(id)),
			err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int explain_insert(int r, const struct server *server, struct err *err)
{
	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "there is a server named %s already", server->name);
	if (r == ERR_IN_USE)
		return err_set(err, ERR_INVALID_INPUT,
			       "customer, server type, image or location not found");
	return r;
}

static int insert_row(struct store *store, const struct server *server, const char *labels,
		      struct err *err)
{
	int r = statement_run(
		store,
		"INSERT INTO server(uuid, customer_id, name, status, desired, locked_action_id, "
		"server_type_id, image_id, location_id, host, volume_generation, disk_gb, mac, "
		"user, protect_delete, protect_rebuild, seed, first_boot_done, created_ms, "
		"first_started_ms, labels) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		BIND(B_BLOB(server->uuid, sizeof(server->uuid)), B_INT(server->customer_id),
		     B_TEXT(server->name), B_INT(server->status), B_INT(server->desired),
		     B_INT(server->locked_action_id), B_INT(server->server_type_id),
		     B_ID(server->image_id), B_INT(server->location_id), B_TEXT(server->host),
		     B_INT(server->volume_generation), B_INT(server->disk_gb),
		     B_BLOB(server->mac, sizeof(server->mac)), B_TEXT(server->user),
		     B_INT(server->protect_delete), B_INT(server->protect_rebuild),
		     B_INT(server->seed), B_INT(server->first_boot_done), B_INT(server->created_ms),
		     B_INT(server->first_started_ms), B_TEXT(labels)),
		err);

	return explain_insert(r, server, err);
}

int store_server_insert(struct store *store, struct server *server, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	struct buf labels CLEANUP(buf_done) = {0};
	uint64_t id;
	int r = label_format(&server->labels, &labels);

	if (r < 0)
		return err_set(err, r, "out of memory");
	r = statement_begin(store, &guard, err);
	if (r == 0)
		r = insert_row(store, server, buf_str(&labels), err);
	if (r < 0)
		return r;
	id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	r = insert_labels(store, id, &server->labels, err);
	if (r == 0)
		r = statement_commit(&guard, err);
	if (r < 0)
		return r;
	server->id = id;
	server->version = 1;
	return 0;
}

int store_server_get(struct store *store, uint64_t customer_id, uint64_t id, struct server *ret,
		     struct err *err)
{
	return get(store,
		   "SELECT " COLUMNS
		   " FROM server s WHERE s.id = ?1 AND (?2 = 0 OR s.customer_id = ?2)",
		   BIND(B_INT(id), B_INT(customer_id)), ret, err);
}

int store_server_get_by_name(struct store *store, uint64_t customer_id, const char *name,
			     struct server *ret, struct err *err)
{
	return get(store, "SELECT " COLUMNS " FROM server s WHERE s.customer_id = ? AND s.name = ?",
		   BIND(B_INT(customer_id), B_TEXT(name)), ret, err);
}

int store_server_get_by_uuid(struct store *store, const uint8_t uuid[UUID_BYTES],
			     struct server *ret, struct err *err)
{
	return get(store, "SELECT " COLUMNS " FROM server s WHERE s.uuid = ?",
		   BIND(B_BLOB(uuid, UUID_BYTES)), ret, err);
}

int store_server_get_version(struct store *store, uint64_t customer_id, uint64_t id,
			     uint64_t *ret_version, struct err *err)
{
	uint64_t version = 0;
	int r = statement_number(store,
				 "SELECT version FROM server WHERE id = ?1 AND (?2 = 0 OR "
				 "customer_id = ?2)",
				 BIND(B_INT(id), B_INT(customer_id)), &version, err);

	if (r < 0)
		return r;
	if (version == 0)
		return err_set(err, ERR_NOT_FOUND, "server not found");
	*ret_version = version;
	return 0;
}

static int update(struct store *store, const char *sql, const struct bind *binds, struct err *err)
{
	return statement_run_one(store, "server", sql, binds, err);
}

int store_server_update_name(struct store *store, uint64_t id, const char *name, struct err *err)
{
	int r = update(store, "UPDATE server SET name = ? WHERE id = ?",
		       BIND(B_TEXT(name), B_INT(id)), err);

	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "there is a server named %s already", name);
	return r;
}

int store_server_hand_over(struct store *store, uint64_t id, uint64_t customer_id, struct err *err)
{
	static const char *const left_behind[] = {
		"DELETE FROM server_label WHERE server_id = ?",
		"DELETE FROM server_key WHERE server_id = ?",
		"DELETE FROM server_seed WHERE server_id = ?",
		"DELETE FROM server_kept_disk WHERE server_id = ?",
		/* Images made of it are its old owner's. */
		"UPDATE image SET type = 3, bound_to = 0 WHERE bound_to = ?",
		("UPDATE server SET backup_window = 0, backup_percent = 0, backup_due_ms = 0 WHERE "
		 "id = ?"),
		("UPDATE server SET image_id = NULL WHERE id = ? AND image_id IN (SELECT id FROM "
		 "image WHERE type IN (3, 4))"),
		("DELETE FROM dns_ptr WHERE address_id IN (SELECT id FROM address WHERE "
		 "server_id = ? AND kind = 1)"),
		"DELETE FROM suspended_server WHERE server_id = ?",
		"DELETE FROM server_traffic WHERE server_id = ?",
		"DELETE FROM firewall_server WHERE server_id = ?",
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(left_behind); i++)
		r = statement_run(store, left_behind[i], BIND(B_INT(id)), err);
	if (r >= 0)
		r = update(store,
			   "UPDATE server SET customer_id = ?, labels = '', protect_delete = 0, "
			   "protect_rebuild = 0, rescue_armed = 0, rescue_keys = '' WHERE id = ?",
			   BIND(B_INT(customer_id), B_INT(id)), err);
	store->departures++; /* it does not come last in its new list: see store_server_list.c */
	return r;
}

int store_server_update_labels(struct store *store, uint64_t id, const struct labels *labels,
			       struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	struct buf text CLEANUP(buf_done) = {0};
	int r = label_format(labels, &text);

	if (r < 0)
		return err_set(err, r, "out of memory");
	r = statement_begin(store, &guard, err);
	if (r == 0)
		r = update(store, "UPDATE server SET labels = ? WHERE id = ?",
			   BIND(B_TEXT(buf_str(&text)), B_INT(id)), err);
	if (r == 0)
		r = statement_run(store, "DELETE FROM server_label WHERE server_id = ?",
				  BIND(B_INT(id)), err);
	if (r >= 0)
		r = insert_labels(store, id, labels, err);
	return r < 0 ? r : statement_commit(&guard, err);
}

int store_server_update_status(struct store *store, uint64_t id, enum server_status status,
			       struct err *err)
{
	/* What is off runs no rescue system. */
	return update(store,
		      "UPDATE server SET status = ?1, rescue_running = CASE WHEN ?1 = ?3 THEN 0 "
		      "ELSE rescue_running END WHERE id = ?2",
		      BIND(B_INT(status), B_INT(id), B_INT(SERVER_OFF)), err);
}

int store_server_update_desired(struct store *store, uint64_t id, enum server_desired desired,
				struct err *err)
{
	return update(store, "UPDATE server SET desired = ? WHERE id = ?",
		      BIND(B_INT(desired), B_INT(id)), err);
}

int store_server_update_protection(struct store *store, uint64_t id, bool protect_delete,
				   bool protect_rebuild, struct err *err)
{
	return update(store,
		      "UPDATE server SET protect_delete = ?, protect_rebuild = ? WHERE id = ?",
		      BIND(B_INT(protect_delete), B_INT(protect_rebuild), B_INT(id)), err);
}

int store_server_update_type(struct store *store, uint64_t id, uint64_t server_type_id,
			     uint32_t disk_gb, struct err *err)
{
	int r = update(store, "UPDATE server SET server_type_id = ?, disk_gb = ? WHERE id = ?",
		       BIND(B_INT(server_type_id), B_INT(disk_gb), B_INT(id)), err);

	return r == ERR_IN_USE ? err_set(err, ERR_INVALID_INPUT, "server type not found") : r;
}

int store_server_update_disk(struct store *store, uint64_t id, uint64_t image_id,
			     uint32_t volume_generation, uint32_t disk_gb, struct err *err)
{
	int r = update(store,
		       "UPDATE server SET image_id = ?, volume_generation = ?, disk_gb = ?, "
		       "first_boot_done = 0, first_started_ms = 0, host_keys = '', "
		       "rescue_armed = 0, rescue_running = 0, rescue_keys = '' WHERE id = ?",
		       BIND(B_ID(image_id), B_INT(volume_generation), B_INT(disk_gb), B_INT(id)),
		       err);

	return r == ERR_IN_USE ? err_set(err, ERR_INVALID_INPUT, "image not found") : r;
}

int store_server_update_seed(struct store *store, uint64_t id, bool seed, struct err *err)
{
	return update(store, "UPDATE server SET seed = ? WHERE id = ?",
		      BIND(B_INT(seed), B_INT(id)), err);
}

int store_server_update_first_boot(struct store *store, uint64_t id, int64_t first_started_ms,
				   bool done, struct err *err)
{
	return update(store,
		      "UPDATE server SET first_started_ms = ?, first_boot_done = ? WHERE id = ?",
		      BIND(B_INT(first_started_ms), B_INT(done), B_INT(id)), err);
}

int store_server_update_host_keys(struct store *store, uint64_t id, const char *host_keys,
				  struct err *err)
{
	return update(store, "UPDATE server SET host_keys = ? WHERE id = ?",
		      BIND(B_TEXT(host_keys), B_INT(id)), err);
}

int store_server_arm_rescue(struct store *store, uint64_t id, const char *authorized_keys,
			    struct err *err)
{
	return update(store,
		      "UPDATE server SET rescue_armed = ?1 <> '', rescue_keys = ?1 WHERE id = ?2",
		      BIND(B_TEXT(authorized_keys), B_INT(id)), err);
}

int store_server_disarm_rescue(struct store *store, uint64_t id, struct err *err)
{
	return update(store, "UPDATE server SET rescue_armed = 0 WHERE id = ?", BIND(B_INT(id)),
		      err);
}

int store_server_boot_rescue(struct store *store, uint64_t id, bool rescue, struct err *err)
{
	return update(store,
		      "UPDATE server SET rescue_running = ?, rescue_host_keys = '' WHERE id = ?",
		      BIND(B_INT(rescue), B_INT(id)), err);
}

int store_server_update_rescue_host_keys(struct store *store, uint64_t id, const char *host_keys,
					 struct err *err)
{
	return update(store, "UPDATE server SET rescue_host_keys = ? WHERE id = ?",
		      BIND(B_TEXT(host_keys), B_INT(id)), err);
}

static int read_text(struct store *store, const char *sql, uint64_t id, char **ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	char *text;
	int r = statement_open(store, sql, BIND(B_INT(id)), &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	text = strdup(r ? statement_text(statement, 0) : "");
	if (!text)
		return err_set(err, -ENOMEM, "out of memory");
	*ret = text;
	return 0;
}

int store_server_get_rescue_keys(struct store *store, uint64_t id, char **ret, struct err *err)
{
	return read_text(store, "SELECT rescue_keys FROM server WHERE id = ?", id, ret, err);
}

int store_server_update_ssh_port(struct store *store, uint64_t id, uint16_t port, struct err *err)
{
	return update(store, "UPDATE server SET ssh_port = ? WHERE id = ?",
		      BIND(B_INT(port), B_INT(id)), err);
}

int store_server_update_updates(struct store *store, uint64_t id, uint32_t updates, struct err *err)
{
	return update(store, "UPDATE server SET updates = ? WHERE id = ?",
		      BIND(B_INT(updates), B_INT(id)), err);
}

int store_server_update_agent(struct store *store, uint64_t id, bool off, struct err *err)
{
	return update(store, "UPDATE server SET agent_off = ? WHERE id = ?",
		      BIND(B_INT(off), B_INT(id)), err);
}

int store_server_ssh_port(struct store *store, uint64_t id, uint16_t *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_one(store, "server", "SELECT ssh_port FROM server WHERE id = ?",
			      BIND(B_INT(id)), &statement, err);

	if (r == 0)
		*ret = (uint16_t)statement_u32(statement, 0);
	return r;
}

int store_server_update_user(struct store *store, uint64_t id, const char *user, struct err *err)
{
	return update(store, "UPDATE server SET user = ? WHERE id = ?",
		      BIND(B_TEXT(user), B_INT(id)), err);
}

int store_server_lock(struct store *store, uint64_t id, uint64_t action_id,
		      uint64_t instead_of_action_id, struct err *err)
{
	uint64_t holder = 0;
	uint64_t version;
	int r = statement_run(store,
			      "UPDATE server SET locked_action_id = ?1 WHERE id = ?2 AND "
			      "locked_action_id IN (0, ?1, ?3)",
			      BIND(B_INT(action_id), B_INT(id), B_INT(instead_of_action_id)), err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = store_server_get_version(store, 0, id, &version, err);
	if (r == 0)
		r = statement_number(store, "SELECT locked_action_id FROM server WHERE id = ?",
				     BIND(B_INT(id)), &holder, err);
	if (r < 0)
		return r;
	return err_set(err, ERR_LOCKED, "the server is busy with action %llu: wait until it ends",
		       (unsigned long long)holder);
}

int store_server_unlock(struct store *store, uint64_t id, uint64_t action_id, struct err *err)
{
	int r = statement_run(store,
			      "UPDATE server SET locked_action_id = 0 WHERE id = ? AND "
			      "locked_action_id = ?",
			      BIND(B_INT(id), B_INT(action_id)), err);

	return r < 0 ? r : 0;
}

int store_server_delete(struct store *store, uint64_t id, struct err *err)
{
	return update(store, "DELETE FROM server WHERE id = ?", BIND(B_INT(id)), err);
}

int store_server_memory_mib(struct store *store, uint64_t except_id, uint64_t *ret, struct err *err)
{
	return statement_number(store,
				"SELECT ifnull(sum(t.memory_mib), 0) FROM server s JOIN "
				"server_type t ON t.id = s.server_type_id WHERE (s.desired = ?1 OR "
				"s.status IN (?2, ?3, ?4)) AND s.id <> ?5",
				BIND(B_INT(SERVER_DESIRED_ON), B_INT(SERVER_STARTING),
				     B_INT(SERVER_RUNNING), B_INT(SERVER_STOPPING),
				     B_INT(except_id)),
				ret, err);
}

int store_server_set_keys(struct store *store, uint64_t id, const char *authorized_keys,
			  struct err *err)
{
	int r = statement_run(store,
			      "INSERT INTO server_key(server_id, authorized_keys) VALUES (?, ?) ON "
			      "CONFLICT DO UPDATE SET authorized_keys = excluded.authorized_keys",
			      BIND(B_INT(id), B_TEXT(authorized_keys)), err);

	if (r == ERR_IN_USE)
		return err_set(err, ERR_NOT_FOUND, "server not found");
	return r < 0 ? r : 0;
}

int store_server_get_keys(struct store *store, uint64_t id, char **ret, struct err *err)
{
	return read_text(store, "SELECT authorized_keys FROM server_key WHERE server_id = ?", id,
			 ret, err);
}

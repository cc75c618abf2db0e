#include "store/store_quota.h"

#include "model/action.h"
#include "store/statement.h"
#include "store/store_customer.h"

/* A row for each server, so that those of one account, or one of them, can be added up. */
#define OF_SERVERS                                                                                 \
	"SELECT count(*), "                                                                        \
	"ifnull(sum(max(t.cores, ifnull(n.cores, 0))), 0), "                                       \
	"ifnull(sum(max(t.memory_mib, ifnull(n.memory_mib, 0))), 0), "                             \
	"ifnull(sum(max(s.disk_gb, CASE WHEN json_extract(a.params, '$.upgrade_disk') "            \
	"THEN ifnull(n.disk_gb, 0) ELSE 0 END)), 0) + "                                            \
	"ifnull(sum(ifnull((SELECT k.disk_gb FROM server_kept_disk k WHERE k.server_id = s.id), "  \
	"(SELECT s.disk_gb FROM action p WHERE p.id = s.locked_action_id AND "                     \
	"json_extract(p.params, '$.keep_disk')))), 0), "                                           \
	"ifnull(sum((SELECT count(*) FROM address d WHERE d.server_id = s.id AND d.kind = 1)), "   \
	"0) "                                                                                      \
	"FROM server s JOIN server_type t ON t.id = s.server_type_id "                             \
	"LEFT JOIN action a ON a.id = s.locked_action_id AND a.command = ?2 AND a.status = ?3 "    \
	"LEFT JOIN server_type n ON n.id = json_extract(a.params, '$.server_type') WHERE "

static int of_servers(struct store *store, const char *sql, uint64_t id, struct quotas *ret,
		      struct err *err)
{
	static const enum quota columns[] = {QUOTA_SERVERS, QUOTA_CORES, QUOTA_MEMORY_MIB,
					     QUOTA_DISK_GB, QUOTA_ADDRESSES};
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(
		store, sql,
		BIND(B_INT(id), B_INT(ACTION_CHANGE_SERVER_TYPE), B_INT(ACTION_RUNNING)),
		&statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < sizeof columns / sizeof *columns; i++)
		ret->of[columns[i]] = statement_u64(statement, (int)i);
	return 0;
}

int store_quota_of_server(struct store *store, uint64_t server_id, struct quotas *ret,
			  struct err *err)
{
	struct quotas used = {0};
	int r = of_servers(store, OF_SERVERS "s.id = ?1", server_id, &used, err);

	if (r == 0)
		*ret = used;
	return r;
}

int store_quota_used(struct store *store, uint64_t customer_id, struct quotas *ret, struct err *err)
{
	static const struct {
		enum quota quota;
		const char *sql;
	} others[] = {
		/* Those of no server as well. */
		{QUOTA_ADDRESSES, "SELECT count(*) FROM address WHERE customer_id = ?"},
		{QUOTA_SSH_KEYS, "SELECT count(*) FROM ssh_key WHERE customer_id = ?"},
		{QUOTA_TOKENS, "SELECT count(*) FROM token WHERE customer_id = ?"},
		{QUOTA_MEMBERS, "SELECT count(*) FROM membership WHERE customer_id = ?"},
		{QUOTA_SNAPSHOTS,
		 "SELECT count(*) FROM image WHERE customer_id = ? AND type = 3 AND status <> 3"},
	};
	struct quotas used = {0};
	int r = of_servers(store, OF_SERVERS "s.customer_id = ?1", customer_id, &used, err);

	for (unsigned i = 0; r == 0 && i < sizeof others / sizeof *others; i++)
		r = statement_number(store, others[i].sql, BIND(B_INT(customer_id)),
				     &used.of[others[i].quota], err);
	if (r == 0)
		*ret = used;
	return r;
}

int store_quota_check(struct store *store, uint64_t customer_id, const struct quotas *more,
		      struct err *err)
{
	struct customer customer;
	struct quotas used;
	bool is_limited = false;
	int r = store_customer_get(store, customer_id, &customer, err);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < QUOTA_COUNT; i++)
		is_limited = is_limited || (more->of[i] > 0 && customer.limits.of[i] > 0);
	if (!is_limited)
		return 0; /* without adding up thousands of servers */
	r = store_quota_used(store, customer_id, &used, err);
	return r < 0 ? r : quota_check(&customer.limits, &used, more, err);
}

int store_quota_check_one(struct store *store, uint64_t customer_id, enum quota quota,
			  struct err *err)
{
	struct quotas more = {0};

	more.of[quota] = 1;
	return store_quota_check(store, customer_id, &more, err);
}

int store_quota_defaults(struct store *store, struct quotas *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_one(store, "default quota",
			      "SELECT server_limit, core_limit, memory_limit_mib, disk_limit_gb, "
			      "address_limit, ssh_key_limit, token_limit, member_limit, "
			      "snapshot_limit FROM default_quota",
			      NULL, &statement, err);

	for (int i = 0; r == 0 && i < QUOTA_COUNT; i++)
		ret->of[i] = statement_u64(statement, i);
	return r;
}

int store_quota_set_defaults(struct store *store, const struct quotas *limits, struct err *err)
{
	const uint64_t *of = limits->of;

	return statement_run_one(
		store, "default quota",
		"UPDATE default_quota SET server_limit = ?, core_limit = ?, memory_limit_mib = ?, "
		"disk_limit_gb = ?, address_limit = ?, ssh_key_limit = ?, token_limit = ?, "
		"member_limit = ?, snapshot_limit = ?",
		BIND(B_INT(of[QUOTA_SERVERS]), B_INT(of[QUOTA_CORES]), B_INT(of[QUOTA_MEMORY_MIB]),
		     B_INT(of[QUOTA_DISK_GB]), B_INT(of[QUOTA_ADDRESSES]),
		     B_INT(of[QUOTA_SSH_KEYS]), B_INT(of[QUOTA_TOKENS]), B_INT(of[QUOTA_MEMBERS]),
		     B_INT(of[QUOTA_SNAPSHOTS])),
		err);
}

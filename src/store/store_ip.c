/*
 * A move is one UPDATE; triggers make both servers' filters wait for the host. The number that goes
 * with an address to the host grows with each move, and is larger for an address that was freed and
 * given out again: ids are never used twice.
 */
#include "store/store_ip.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/action.h"
#include "store/query.h"

#define MOVE_BITS 20 /* more moves than a minute has in two years, of each address */

#define COLUMNS                                                                                    \
	"a.id, a.pool_id, a.ip, a.server_id, a.created_ms, a.kind, a.customer_id, p.location_id, " \
	"a.name, a.description, a.labels, a.protect_delete, a.auto_delete "                        \
	"FROM address a JOIN address_pool p ON p.id = a.pool_id "

static const char *const sort_columns[] = {
	[SORT_ID] = "a.id",
	[SORT_NAME] = "a.name",
	[SORT_CREATED] = "a.created_ms",
	[SORT_FINISHED] = NULL,
};

void store_ip_done(struct store_ip *ip)
{
	label_done(&ip->labels);
	free(ip->names);
	*ip = (struct store_ip){0};
}

static void end_item(void *item)
{
	store_ip_done(item);
}

void store_ips_done(struct store_ips *ips)
{
	for (size_t i = 0; i < ips->count; i++)
		store_ip_done(&ips->items[i]);
	free(ips->items);
	*ips = (struct store_ips){0};
}

static int parse_ip(const char *text, struct ip *ret)
{
	return ip_parse(text, ret) == 0 ? 0 : ip_parse_prefix(text, ret);
}

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct store_ip *ip = item;

	ip->address = (struct address){.id = statement_u64(statement, 0),
				       .pool_id = statement_u64(statement, 1),
				       .server_id = statement_u64(statement, 3),
				       .created_ms = sqlite3_column_int64(statement, 4)};
	ip->kind = (enum address_kind)statement_u32(statement, 5);
	ip->customer_id = statement_u64(statement, 6);
	ip->location_id = statement_u64(statement, 7);
	ip->protect_delete = statement_bool(statement, 11);
	ip->auto_delete = statement_bool(statement, 12);
	if (parse_ip(statement_text(statement, 2), &ip->address.ip) < 0 ||
	    statement_copy(statement, 8, ip->name, sizeof(ip->name)) < 0 ||
	    statement_copy(statement, 9, ip->description, sizeof(ip->description)) < 0)
		return ERR_CORRUPT;
	return label_read(statement_text(statement, 10), &ip->labels);
}

static int read_names(struct store *store, struct store_ip *ip, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct statement_list list = {0};
	int r = statement_open(store,
			       "SELECT ip, name FROM dns_ptr WHERE address_id = ? ORDER BY ip",
			       BIND(B_INT(ip->address.id)), &statement, err);

	while (r == 0 && (r = statement_row(store, statement, err)) > 0) {
		struct dns_ptr *ptr = statement_list_add(&list, sizeof(*ptr));

		ip->names = list.items; /* whatever happens, to be freed */
		ip->name_count = list.count;
		if (!ptr)
			return err_set(err, -ENOMEM, "out of memory");
		if (ip_parse(statement_text(statement, 0), &ptr->ip) < 0 ||
		    statement_copy(statement, 1, ptr->name, sizeof(ptr->name)) < 0)
			return statement_corrupt("reverse name", err);
		r = 0;
	}
	return r;
}

int store_ip_get(struct store *store, uint64_t customer_id, enum address_kind kind, uint64_t id,
		 struct store_ip *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct store_ip ip CLEANUP(store_ip_done) = {0};
	int r = statement_one(store, "address",
			      "SELECT " COLUMNS "WHERE a.id = ?1 AND a.kind = ?2 AND "
			      "?3 IN (0, a.customer_id)",
			      BIND(B_INT(id), B_INT(kind), B_INT(customer_id)), &statement, err);

	if (r < 0)
		return r;
	r = read_row(statement, &ip);
	if (r < 0)
		return statement_misread("address", r, err);
	r = read_names(store, &ip, err);
	if (r < 0)
		return r;
	*ret = ip;
	ip = (struct store_ip){0};
	return 0;
}

int store_ip_list(struct store *store, const struct store_ip_filter *filter, struct store_ips *ret,
		  struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct store_ips ips CLEANUP(store_ips_done) = {0};
	struct statement_list list = {0};
	int r;

	query_where(&query, "SELECT " COLUMNS "WHERE a.kind = ?", (struct bind)B_INT(filter->kind));
	if (filter->customer_id != 0)
		query_where(&query, " AND a.customer_id = ?",
			    (struct bind)B_INT(filter->customer_id));
	if (filter->name != NULL)
		query_where(&query, " AND a.name = ?", (struct bind)B_TEXT(filter->name));
	if (filter->ip != NULL)
		query_where(&query, " AND a.ip = ?", (struct bind)B_TEXT(filter->ip));
	query_order(&query, &filter->sort, sort_columns);
	r = query_read(store, &query, sizeof(struct store_ip), read_row, "address", &list, err);
	ips.items = list.items;
	ips.count = list.count;
	if (r < 0)
		return r;
	ips.total = query_keep_page(ips.items, &ips.count, sizeof(struct store_ip),
				    offsetof(struct store_ip, labels), filter->selector,
				    &filter->page, end_item);
	for (size_t i = 0; r == 0 && i < ips.count; i++)
		r = read_names(store, &ips.items[i], err);
	if (r < 0)
		return r;
	*ret = ips;
	ips = (struct store_ips){0};
	return 0;
}

int store_ip_update(struct store *store, const struct store_ip *ip, struct err *err)
{
	struct buf labels CLEANUP(buf_done) = {0};
	int r = label_format(&ip->labels, &labels);

	if (r < 0)
		return err_set(err, r, "out of memory");
	r = statement_run_one(store, "address",
			      "UPDATE address SET name = ?, description = ?, labels = ?, "
			      "auto_delete = ? WHERE id = ?",
			      BIND(B_TEXT(ip->name), B_TEXT(ip->description),
				   B_TEXT(buf_str(&labels)), B_INT(ip->auto_delete),
				   B_INT(ip->address.id)),
			      err);
	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "there is an address named %s already", ip->name);
	return r;
}

int store_ip_protect(struct store *store, uint64_t id, bool protect_delete, struct err *err)
{
	return statement_run_one(store, "address",
				 "UPDATE address SET protect_delete = ? WHERE id = ?",
				 BIND(B_INT(protect_delete), B_INT(id)), err);
}

int store_ip_delete(struct store *store, uint64_t id, struct err *err)
{
	return statement_run_one(store, "address", "DELETE FROM address WHERE id = ?",
				 BIND(B_INT(id)), err);
}

static int check_room(struct store *store, uint64_t id, uint64_t server_id, struct err *err)
{
	uint64_t count = 0;
	int r = statement_number(store,
				 "SELECT count(*) FROM address WHERE server_id = ?1 AND kind = 2 "
				 "AND id <> ?2 AND (SELECT kind FROM address WHERE id = ?2) = 2",
				 BIND(B_INT(server_id), B_INT(id)), &count, err);

	if (r == 0 && count >= ADDRESS_FLOATING_MOST)
		return err_set(err, ERR_LIMIT, "a server has at most %d floating IPs",
			       ADDRESS_FLOATING_MOST);
	return r;
}

int store_ip_assign(struct store *store, uint64_t id, uint64_t server_id, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	int r = statement_begin(store, &guard, err);

	if (r == 0 && server_id != 0)
		r = check_room(store, id, server_id, err);
	if (r == 0)
		r = statement_run_one(
			store, "address",
			"UPDATE address SET server_id = ?2, moves = moves + 1, left_server_id = "
			"CASE WHEN ?2 IS NULL THEN 0 ELSE ifnull(server_id, 0) END WHERE id = ?1",
			BIND(B_INT(id), B_ID(server_id)), err);
	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "the server has a primary IP of that family already");
	return r < 0 ? r : statement_commit(&guard, err);
}

int store_ip_is_busy(struct store *store, enum address_kind kind, uint64_t id, bool *ret,
		     struct err *err)
{
	uint64_t count = 0;
	int r = statement_number(
		store,
		"SELECT count(*) FROM action_resource r JOIN action a ON a.id = r.action_id "
		"WHERE r.type = ? AND r.resource_id = ? AND a.status = ?",
		BIND(B_INT(kind == ADDRESS_PRIMARY ? ACTION_RESOURCE_ADDRESS
						   : ACTION_RESOURCE_FLOATING_IP),
		     B_INT(id), B_INT(ACTION_RUNNING)),
		&count, err);

	if (r == 0)
		*ret = count > 0;
	return r;
}

int store_ip_floating_of(struct store *store, uint64_t server_id, struct store_moves *ret,
			 struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct store_moves moves = {0};
	int r = statement_open(store,
			       "SELECT id, ip, moves FROM address WHERE server_id = ? AND kind = 2 "
			       "ORDER BY id",
			       BIND(B_INT(server_id)), &statement, err);

	while (r == 0 && moves.count < ADDRESS_FLOATING_MOST &&
	       (r = statement_row(store, statement, err)) > 0) {
		struct store_move *move = &moves.items[moves.count++];

		move->id = statement_u64(statement, 0);
		move->number = move->id << MOVE_BITS |
			       (statement_u64(statement, 2) & ((UINT64_C(1) << MOVE_BITS) - 1));
		if (parse_ip(statement_text(statement, 1), &move->ip) < 0)
			return statement_corrupt("address", err);
		r = 0;
	}
	if (r < 0)
		return r;
	*ret = moves;
	return 0;
}

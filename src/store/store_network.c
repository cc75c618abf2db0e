#include "store/store_network.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "store/query.h"

#define COLUMNS "id, customer_id, name, ip_range, labels, protect_delete, created_ms FROM network "

static const char *const sort_columns[] = {
	[SORT_ID] = "id",
	[SORT_NAME] = "name",
	[SORT_CREATED] = "created_ms",
	[SORT_FINISHED] = NULL,
};

static void end_item(void *item)
{
	private_network_done(item);
}

void store_network_done(struct store_networks *networks)
{
	for (size_t i = 0; i < networks->count; i++)
		private_network_done(&networks->items[i]);
	free(networks->items);
	*networks = (struct store_networks){0};
}

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct private_network *network = item;

	network->id = statement_u64(statement, 0);
	network->customer_id = statement_u64(statement, 1);
	network->protect_delete = statement_bool(statement, 5);
	network->created_ms = sqlite3_column_int64(statement, 6);
	if (statement_copy(statement, 2, network->name, sizeof(network->name)) < 0 ||
	    ip_parse_prefix(statement_text(statement, 3), &network->range) < 0)
		return ERR_CORRUPT;
	return label_read(statement_text(statement, 4), &network->labels);
}

static int read_subnet(sqlite3_stmt *statement, struct subnet *subnet)
{
	subnet->id = statement_u64(statement, 0);
	subnet->type = (enum subnet_type)statement_u32(statement, 1);
	return statement_copy(statement, 2, subnet->zone, sizeof(subnet->zone)) < 0 ||
			       ip_parse_prefix(statement_text(statement, 3), &subnet->range) < 0
		       ? ERR_CORRUPT
		       : 0;
}

static int read_subnets(struct store *store, struct private_network *network, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct statement_list list = {0};
	int r = statement_open(store,
			       "SELECT id, type, zone, ip_range FROM network_subnet WHERE "
			       "network_id = ? ORDER BY id",
			       BIND(B_INT(network->id)), &statement, err);

	while (r == 0 && (r = statement_row(store, statement, err)) > 0) {
		struct subnet *subnet = statement_list_add(&list, sizeof(*subnet));

		network->subnets = list.items; /* whatever happens, to be freed */
		network->subnet_count = list.count;
		if (!subnet)
			return err_set(err, -ENOMEM, "out of memory");
		if (read_subnet(statement, subnet) < 0)
			return statement_corrupt("subnet", err);
		r = 0;
	}
	return r;
}

static int get(struct store *store, const char *sql, const struct bind *binds,
	       struct private_network *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct private_network network CLEANUP(private_network_done) = {0};
	int r = statement_one(store, "network", sql, binds, &statement, err);

	if (r < 0)
		return r;
	r = read_row(statement, &network);
	if (r < 0)
		return statement_misread("network", r, err);
	r = read_subnets(store, &network, err);
	if (r < 0)
		return r;
	*ret = network;
	network = (struct private_network){0};
	return 0;
}

int store_network_get(struct store *store, uint64_t customer_id, uint64_t id,
		      struct private_network *ret, struct err *err)
{
	return get(store, "SELECT " COLUMNS "WHERE id = ?1 AND ?2 IN (0, customer_id)",
		   BIND(B_INT(id), B_INT(customer_id)), ret, err);
}

int store_network_get_by_name(struct store *store, uint64_t customer_id, const char *name,
			      struct private_network *ret, struct err *err)
{
	return get(store, "SELECT " COLUMNS "WHERE customer_id = ? AND name = ?",
		   BIND(B_INT(customer_id), B_TEXT(name)), ret, err);
}

int store_network_list(struct store *store, const struct store_network_filter *filter,
		       struct store_networks *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct store_networks networks CLEANUP(store_network_done) = {0};
	struct statement_list list = {0};
	int r;

	query_where(&query, "SELECT " COLUMNS "WHERE customer_id = ?",
		    (struct bind)B_INT(filter->customer_id));
	if (filter->name != NULL)
		query_where(&query, " AND name = ?", (struct bind)B_TEXT(filter->name));
	query_order(&query, &filter->sort, sort_columns);
	r = query_read(store, &query, sizeof(struct private_network), read_row, "network", &list,
		       err);
	networks.items = list.items;
	networks.count = list.count;
	if (r < 0)
		return r;
	networks.total =
		query_keep_page(networks.items, &networks.count, sizeof(struct private_network),
				offsetof(struct private_network, labels), filter->selector,
				&filter->page, end_item);
	for (size_t i = 0; r == 0 && i < networks.count; i++)
		r = read_subnets(store, &networks.items[i], err);
	if (r < 0)
		return r;
	*ret = networks;
	networks = (struct store_networks){0};
	return 0;
}

static int check_room(struct store *store, uint64_t customer_id, struct err *err)
{
	uint64_t count = 0;
	int r = statement_number(store, "SELECT count(*) FROM network WHERE customer_id = ?",
				 BIND(B_INT(customer_id)), &count, err);

	if (r == 0 && count >= PRIVATE_NETWORKS_MOST)
		return err_set(err, ERR_LIMIT, "an account has at most %d networks",
			       PRIVATE_NETWORKS_MOST);
	return r;
}

static int name_taken(int r, const char *name, struct err *err)
{
	return r == ERR_UNIQUENESS
		       ? err_set(err, r, "there is a network named %.100s already", name)
		       : r;
}

int store_network_insert(struct store *store, struct private_network *network, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	struct buf labels CLEANUP(buf_done) = {0};
	char text[IP_TEXT_BYTES];
	uint64_t id;
	int r = label_format(&network->labels, &labels);

	if (r < 0)
		return err_set(err, r, "out of memory");
	ip_format_prefix(&network->range, text);
	if ((r = statement_begin(store, &guard, err)) < 0 ||
	    (r = check_room(store, network->customer_id, err)) < 0)
		return r;
	r = statement_run(store,
			  "INSERT INTO network(customer_id, name, ip_range, labels, "
			  "created_ms) VALUES (?, ?, ?, ?, ?)",
			  BIND(B_INT(network->customer_id), B_TEXT(network->name), B_TEXT(text),
			       B_TEXT(buf_str(&labels)), B_INT(network->created_ms)),
			  err);
	if (r < 0)
		return name_taken(r, network->name, err);
	id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	r = 0;
	for (size_t i = 0; r == 0 && i < network->subnet_count; i++)
		r = store_network_add_subnet(store, id, &network->subnets[i], err);
	if (r < 0 || (r = statement_commit(&guard, err)) < 0)
		return r;
	network->id = id;
	return 0;
}

int store_network_update(struct store *store, const struct private_network *network,
			 struct err *err)
{
	struct buf labels CLEANUP(buf_done) = {0};
	char text[IP_TEXT_BYTES];
	int r = label_format(&network->labels, &labels);

	if (r < 0)
		return err_set(err, r, "out of memory");
	ip_format_prefix(&network->range, text);
	r = statement_run_one(store, "network",
			      "UPDATE network SET name = ?, labels = ?, ip_range = ?, "
			      "protect_delete = ? WHERE id = ?",
			      BIND(B_TEXT(network->name), B_TEXT(buf_str(&labels)), B_TEXT(text),
				   B_INT(network->protect_delete), B_INT(network->id)),
			      err);
	return name_taken(r, network->name, err);
}

int store_network_delete(struct store *store, uint64_t id, struct err *err)
{
	int r = statement_run_one(store, "network", "DELETE FROM network WHERE id = ?",
				  BIND(B_INT(id)), err);

	return r == ERR_IN_USE
		       ? err_set(err, r, "servers are in this network: take them out of it first")
		       : r;
}

int store_network_add_subnet(struct store *store, uint64_t id, const struct subnet *subnet,
			     struct err *err)
{
	char text[IP_TEXT_BYTES];
	int r;

	ip_format_prefix(&subnet->range, text);
	r = statement_run(
		store,
		"INSERT INTO network_subnet(network_id, type, zone, ip_range) VALUES (?, ?, ?, ?)",
		BIND(B_INT(id), B_INT(subnet->type), B_TEXT(subnet->zone), B_TEXT(text)), err);
	return r < 0 ? r : 0;
}

int store_network_delete_subnet(struct store *store, const struct private_network *network,
				const struct subnet *subnet, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(store, "SELECT ip FROM network_address WHERE network_id = ?",
			       BIND(B_INT(network->id)), &statement, err);
	struct ip ip;

	while (r == 0 && (r = statement_row(store, statement, err)) > 0) {
		if (ip_parse(statement_text(statement, 0), &ip) < 0)
			return statement_corrupt("address of a network", err);
		if (ip_contains(&subnet->range, &ip))
			return err_set(err, ERR_IN_USE,
				       "a server has %s in this subnet: take it out first",
				       statement_text(statement, 0));
		r = 0;
	}
	return r < 0 ? r
		     : statement_run_one(store, "subnet", "DELETE FROM network_subnet WHERE id = ?",
					 BIND(B_INT(subnet->id)), err);
}

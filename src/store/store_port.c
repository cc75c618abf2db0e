#include "store/store_port.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "store/statement.h"

/* A row for each address; those of a port follow one another, its own first. */
#define OF_PORTS                                                                                   \
	"SELECT p.id, p.network_id, p.server_id, p.mac, n.ip_range, a.ip, p.leaving "              \
	"FROM network_port p JOIN network n ON n.id = p.network_id "                               \
	"JOIN network_address a ON a.port_id = p.id "
#define IN_ORDER "ORDER BY p.id, a.position"

void store_port_done(struct store_members *members)
{
	free(members->items);
	*members = (struct store_members){0};
}

/* @port: the last one read so far. Return: 1 when the row is of that one, 0 when it begins one. */
static int read_row(sqlite3_stmt *statement, struct private_port *port)
{
	struct ip ip;

	if (ip_parse(statement_text(statement, 5), &ip) < 0)
		return ERR_CORRUPT;
	if (port != NULL && port->id == statement_u64(statement, 0)) {
		if (port->alias_count == PRIVATE_NETWORK_ALIASES_MOST)
			return ERR_CORRUPT;
		port->aliases[port->alias_count++] = ip;
		return 1;
	}
	return 0;
}

static int begin_port(sqlite3_stmt *statement, struct private_port *port)
{
	*port = (struct private_port){.id = statement_u64(statement, 0),
				      .network_id = statement_u64(statement, 1),
				      .server_id = statement_u64(statement, 2),
				      .leaving = statement_bool(statement, 6)};
	return statement_blob(statement, 3, port->mac, sizeof(port->mac)) < 0 ||
			       ip_parse_prefix(statement_text(statement, 4), &port->range) < 0 ||
			       ip_parse(statement_text(statement, 5), &port->ip) < 0
		       ? ERR_CORRUPT
		       : 0;
}

int store_port_of_server(struct store *store, uint64_t server_id, struct store_ports *ret,
			 struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct store_ports ports = {0};
	int r = statement_open(store, OF_PORTS "WHERE p.server_id = ? " IN_ORDER,
			       BIND(B_INT(server_id)), &statement, err);

	while (r == 0 && (r = statement_row(store, statement, err)) > 0) {
		r = read_row(statement, ports.count > 0 ? &ports.items[ports.count - 1] : NULL);
		if (r == 0)
			r = ports.count == PRIVATE_NETWORKS_OF_SERVER
				    ? ERR_CORRUPT
				    : begin_port(statement, &ports.items[ports.count++]);
		if (r < 0)
			return statement_corrupt("port of a network", err);
		r = 0;
	}
	if (r < 0)
		return r;
	*ret = ports;
	return 0;
}

int store_port_of_network(struct store *store, uint64_t network_id, struct store_members *ret,
			  struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct store_members members CLEANUP(store_port_done) = {0};
	struct statement_list list = {0};
	int r = statement_open(store, OF_PORTS "WHERE p.network_id = ? " IN_ORDER,
			       BIND(B_INT(network_id)), &statement, err);

	while (r == 0 && (r = statement_row(store, statement, err)) > 0) {
		r = read_row(statement,
			     members.count > 0 ? &members.items[members.count - 1] : NULL);
		if (r == 0) {
			struct private_port *port = statement_list_add(&list, sizeof(*port));

			members.items = list.items; /* whatever happens, to be freed */
			members.count = list.count;
			if (!port)
				return err_set(err, -ENOMEM, "out of memory");
			r = begin_port(statement, port);
		}
		if (r < 0)
			return statement_corrupt("port of a network", err);
		r = 0;
	}
	if (r < 0)
		return r;
	*ret = members;
	members = (struct store_members){0};
	return 0;
}

static int check_room(struct store *store, const struct private_port *port, struct err *err)
{
	uint64_t networks = 0, servers = 0;
	int r = statement_number(store, "SELECT count(*) FROM network_port WHERE server_id = ?",
				 BIND(B_INT(port->server_id)), &networks, err);

	if (r == 0)
		r = statement_number(store,
				     "SELECT count(*) FROM network_port WHERE network_id = ?",
				     BIND(B_INT(port->network_id)), &servers, err);
	if (r == 0 && networks >= PRIVATE_NETWORKS_OF_SERVER)
		return err_set(err, ERR_LIMIT, "a server is in at most %d networks",
			       PRIVATE_NETWORKS_OF_SERVER);
	if (r == 0 && servers >= PRIVATE_NETWORK_SERVERS_MOST)
		return err_set(err, ERR_LIMIT, "a network has at most %d servers",
			       PRIVATE_NETWORK_SERVERS_MOST);
	return r;
}

static int add_address(struct store *store, const struct private_port *port, const struct ip *ip,
		       size_t position, struct err *err)
{
	char text[IP_TEXT_BYTES];
	int r;

	ip_format(ip, text);
	r = statement_run(
		store,
		"INSERT INTO network_address(network_id, ip, port_id, position) "
		"VALUES (?, ?, ?, ?)",
		BIND(B_INT(port->network_id), B_TEXT(text), B_INT(port->id), B_INT(position)), err);
	if (r == ERR_UNIQUENESS)
		return err_set(err, ERR_IP_NOT_AVAILABLE, "%s is taken in this network", text);
	return r < 0 ? r : 0;
}

static int add_aliases(struct store *store, const struct private_port *port, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < port->alias_count; i++)
		r = add_address(store, port, &port->aliases[i], i + 1, err);
	return r;
}

int store_port_insert(struct store *store, struct private_port *port, int64_t now_ms,
		      struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	uint64_t taken = 0;
	int r = statement_begin(store, &guard, err);

	if (r == 0)
		r = statement_number(
			store,
			"SELECT count(*) FROM network_port WHERE network_id = ? AND server_id = ?",
			BIND(B_INT(port->network_id), B_INT(port->server_id)), &taken, err);
	if (r == 0 && taken > 0)
		return err_set(err, ERR_SERVER_ATTACHED, "the server is in this network already");
	if (r < 0 || (r = check_room(store, port, err)) < 0)
		return r;
	r = statement_run(store,
			  "INSERT INTO network_port(network_id, server_id, mac, created_ms) "
			  "VALUES (?, ?, ?, ?)",
			  BIND(B_INT(port->network_id), B_INT(port->server_id),
			       B_BLOB(port->mac, sizeof(port->mac)), B_INT(now_ms)),
			  err);
	if (r < 0)
		return r;
	port->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	if ((r = add_address(store, port, &port->ip, 0, err)) < 0 ||
	    (r = add_aliases(store, port, err)) < 0)
		return r;
	return statement_commit(&guard, err);
}

int store_port_delete(struct store *store, uint64_t id, struct err *err)
{
	return statement_run_one(store, "port", "DELETE FROM network_port WHERE id = ?",
				 BIND(B_INT(id)), err);
}

int store_port_leave(struct store *store, uint64_t id, bool leaving, struct err *err)
{
	return statement_run_one(store, "port", "UPDATE network_port SET leaving = ? WHERE id = ?",
				 BIND(B_INT(leaving), B_INT(id)), err);
}

int store_port_set_aliases(struct store *store, const struct private_port *port, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	int r = statement_begin(store, &guard, err);

	if (r == 0)
		r = statement_run(store,
				  "DELETE FROM network_address WHERE port_id = ? AND position > 0",
				  BIND(B_INT(port->id)), err);
	if (r < 0 || (r = add_aliases(store, port, err)) < 0)
		return r;
	return statement_commit(&guard, err);
}

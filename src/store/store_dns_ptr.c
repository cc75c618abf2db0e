#include "store/store_dns_ptr.h"

#include "store/statement.h"
#include "store/store_reverse.h"

/* 1: the address is one of the server's, of *ret_pool. */
static int owns(struct store *store, uint64_t server_id, const struct ip *ip, uint64_t *ret_pool,
		struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(store, "SELECT ip, pool_id FROM address WHERE server_id = ?",
			       BIND(B_INT(server_id)), &statement, err);

	while (r == 0 && (r = statement_row(store, statement, err)) > 0) {
		const char *text = statement_text(statement, 0);
		struct ip own;

		if (ip_parse(text, &own) < 0 && ip_parse_prefix(text, &own) < 0)
			return statement_corrupt("address", err);
		*ret_pool = statement_u64(statement, 1);
		if (ip_contains(&own, ip))
			return 1;
		r = 0;
	}
	return r;
}

static int check_room(struct store *store, uint64_t server_id, const char *ip, struct err *err)
{
	uint64_t others = 0;
	int r = statement_number(store,
				 "SELECT count(*) FROM dns_ptr WHERE server_id = ? AND ip <> ?",
				 BIND(B_INT(server_id), B_TEXT(ip)), &others, err);

	if (r == 0 && others >= STORE_DNS_PTR_MAX)
		return err_set(err, ERR_LIMIT, "a server may have at most %d reverse names",
			       STORE_DNS_PTR_MAX);
	return r;
}

int store_dns_ptr_set(struct store *store, uint64_t server_id, const struct ip *ip,
		      const char *name, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	char text[IP_TEXT_BYTES];
	uint64_t pool_id = 0, zone_id = 0;
	int r = statement_begin(store, &guard, err);

	if (r == 0)
		r = owns(store, server_id, ip, &pool_id, err);
	if (r < 0)
		return r;
	ip_format(ip, text);
	if (r == 0)
		return err_set(err, ERR_INVALID_INPUT, "%s is not an address of this server", text);
	if (name) {
		r = check_room(store, server_id, text, err);
		if (r == 0)
			r = store_reverse_find(store, pool_id, ip, &zone_id, err);
		if (r == 0)
			r = statement_run(
				store,
				"INSERT INTO dns_ptr(server_id, ip, name, "
				"reverse_zone_id) VALUES (?, ?, ?, ?) ON CONFLICT DO "
				"UPDATE SET name = excluded.name, reverse_zone_id = "
				"excluded.reverse_zone_id",
				BIND(B_INT(server_id), B_TEXT(text), B_TEXT(name), B_ID(zone_id)),
				err);
	} else {
		r = statement_run(store, "DELETE FROM dns_ptr WHERE server_id = ? AND ip = ?",
				  BIND(B_INT(server_id), B_TEXT(text)), err);
	}
	return r < 0 ? r : statement_commit(&guard, err);
}

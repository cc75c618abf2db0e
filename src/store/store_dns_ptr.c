#include "store/store_dns_ptr.h"

#include "store/statement.h"
#include "store/store_reverse.h"

/* An address, with the pool whose zones its names are in. */
struct owner {
	uint64_t id;
	uint64_t pool_id;
};

/* 1: @ret has it. @sql: of addresses' id, ip and pool, with one placeholder, which gets @value. */
static int find_owner(struct store *store, const char *sql, uint64_t value, const struct ip *ip,
		      struct owner *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(store, sql, BIND(B_INT(value)), &statement, err);

	while (r == 0 && (r = statement_row(store, statement, err)) > 0) {
		const char *text = statement_text(statement, 1);
		struct ip own;

		if (ip_parse(text, &own) < 0 && ip_parse_prefix(text, &own) < 0)
			return statement_corrupt("address", err);
		if (ip_contains(&own, ip)) {
			*ret = (struct owner){statement_u64(statement, 0),
					      statement_u64(statement, 2)};
			return 1;
		}
		r = 0;
	}
	return r;
}

static int check_room(struct store *store, uint64_t address_id, const char *ip, struct err *err)
{
	uint64_t others = 0;
	int r = statement_number(store,
				 "SELECT count(*) FROM dns_ptr WHERE address_id = ? AND ip <> ?",
				 BIND(B_INT(address_id), B_TEXT(ip)), &others, err);

	if (r == 0 && others >= STORE_DNS_PTR_MAX)
		return err_set(err, ERR_LIMIT, "an address may have at most %d reverse names",
			       STORE_DNS_PTR_MAX);
	return r;
}

static int put(struct store *store, const struct owner *owner, const struct ip *ip,
	       const char *name, struct err *err)
{
	char text[IP_TEXT_BYTES];
	uint64_t zone_id = 0;
	int r;

	ip_format(ip, text);
	if (!name)
		return statement_run(store, "DELETE FROM dns_ptr WHERE address_id = ? AND ip = ?",
				     BIND(B_INT(owner->id), B_TEXT(text)), err);
	r = check_room(store, owner->id, text, err);
	if (r == 0)
		r = store_reverse_find(store, owner->pool_id, ip, &zone_id, err);
	return r < 0 ? r
		     : statement_run(
			       store,
			       "INSERT INTO dns_ptr(address_id, ip, name, reverse_zone_id) "
			       "VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET name = "
			       "excluded.name, reverse_zone_id = excluded.reverse_zone_id",
			       BIND(B_INT(owner->id), B_TEXT(text), B_TEXT(name), B_ID(zone_id)),
			       err);
}

static int set(struct store *store, const char *sql, uint64_t value, const struct ip *ip,
	       const char *name, const char *of_what, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	char text[IP_TEXT_BYTES];
	struct owner owner = {0};
	int r = statement_begin(store, &guard, err);

	if (r == 0)
		r = find_owner(store, sql, value, ip, &owner, err);
	if (r < 0)
		return r;
	ip_format(ip, text);
	if (r == 0)
		return err_set(err, ERR_INVALID_INPUT, "%s is not an address of this %s", text,
			       of_what);
	r = put(store, &owner, ip, name, err);
	return r < 0 ? r : statement_commit(&guard, err);
}

int store_dns_ptr_set(struct store *store, uint64_t server_id, const struct ip *ip,
		      const char *name, struct err *err)
{
	return set(store, "SELECT id, ip, pool_id FROM address WHERE server_id = ? AND kind = 1",
		   server_id, ip, name, "server", err);
}

int store_dns_ptr_set_of(struct store *store, uint64_t address_id, const struct ip *ip,
			 const char *name, struct err *err)
{
	return set(store, "SELECT id, ip, pool_id FROM address WHERE id = ?", address_id, ip, name,
		   "network", err);
}

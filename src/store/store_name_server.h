// Further name servers, which fetch the zones; each with the secret of its key.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/name.h"
#include "store/store.h"
#include "store/store_zone.h"

#define NAME_SERVER_MAX          16
#define NAME_SERVER_SECRET_BYTES 48 /* base64 of 32 random bytes, with the NUL */

struct name_server_row {
	uint64_t id;
	char name[NAME_DNS_BYTES];
	char address[50];
	uint16_t port;
	char secret[NAME_SERVER_SECRET_BYTES];
	int64_t created_ms;
};

struct store_name_servers {
	struct name_server_row *items;
	size_t count;
};

/** store_name_server_insert() - sets id. Errors: ERR_UNIQUENESS, ERR_LIMIT. */
int store_name_server_insert(struct store *store, struct name_server_row *server, struct err *err);
int store_name_server_get(struct store *store, uint64_t id, struct name_server_row *ret,
			  struct err *err);
/** store_name_server_list() - all of them, in the order they came. */
int store_name_server_list(struct store *store, struct store_name_servers *ret, struct err *err);
/** store_name_server_done() - the secrets are overwritten. */
void store_name_server_done(struct store_name_servers *servers);
int store_name_server_set_secret(struct store *store, uint64_t id, const char *secret,
				 struct err *err);
int store_name_server_delete(struct store *store, uint64_t id, struct err *err);
/** store_name_server_give() - @name is one of this service's; what was ever one stays known. */
int store_name_server_give(struct store *store, const char *name, struct err *err);
/** store_name_server_given() - all names that are or were. */
int store_name_server_given(struct store *store, struct store_zone_names *ret, struct err *err);

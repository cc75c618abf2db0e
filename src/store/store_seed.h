// What a server's first boot needs, kept only until that boot is over.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

/* `struct store_seed s CLEANUP(store_seed_done) = {0};` is a valid empty one. */
struct store_seed {
	uint64_t server_id;
	void *user_data; /* the customer's bytes; NULL: none */
	size_t user_data_bytes;
	char *password_hash;   /* crypt(5) form; NULL: none */
	uint16_t ssh_port;     /* 0: not chosen */
	uint32_t log_days;     /* 0: not chosen */
	char *open_ports;      /* "80/tcp,443/tcp"; NULL: none */
	uint32_t updates;      /* enum first_choice_updates */
	char *user;            /* of the system to come; NULL, "": as the server's row has it */
	char *authorized_keys; /* the same, lines; NULL, "": those that are the server's */
	int64_t created_ms;
};

/** store_seed_put() - insert or replace. Borrowed. */
int store_seed_put(struct store *store, const struct store_seed *seed, struct err *err);
int store_seed_get(struct store *store, uint64_t server_id, struct store_seed *ret,
		   struct err *err);
/** store_seed_delete() - the freed pages are overwritten (secure_delete). No error when absent. */
int store_seed_delete(struct store *store, uint64_t server_id, struct err *err);
void store_seed_done(struct store_seed *seed);

// One line of the operation history: its fields, their words, and the hash that chains it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/name.h"

#define HISTORY_HASH_BYTES     32
#define HISTORY_WHAT_BYTES     48
#define HISTORY_CODE_BYTES     48
#define HISTORY_TYPE_BYTES     24
#define HISTORY_PEER_BYTES     64
#define HISTORY_NAME_BYTES     256
#define HISTORY_DETAILS_BYTES  1024
#define HISTORY_ENCODING_BYTES 2048

/* Numbers are stored and hashed: they never change. */
enum history_actor {
	HISTORY_SESSION = 1, /* a person; actor_id is the user's */
	HISTORY_TOKEN = 2,
	HISTORY_LOCAL = 3,  /* on the service's own machine; actor_id is the uid */
	HISTORY_SYSTEM = 4, /* the service itself */
	HISTORY_NOBODY = 5, /* somebody who could not say who they are */
};

enum history_result {
	HISTORY_ACCEPTED = 1, /* it runs on; another line tells its end */
	HISTORY_SUCCESS = 2,
	HISTORY_REFUSED = 3,
	HISTORY_ERROR = 4,
};

/* Names are as of then: a line outlives what it names. Texts are UTF-8. */
struct history_line {
	uint64_t id;
	int64_t time_ms;
	uint64_t customer_id; /* in whose account; 0: of the service */
	enum history_actor actor;
	uint64_t actor_id;
	char actor_name[NAME_LABEL_BYTES];
	bool by_operator;              /* an operator of the service, in a customer's account */
	char peer[HISTORY_PEER_BYTES]; /* an address, "local", or "" */
	char what[HISTORY_WHAT_BYTES]; /* server.poweron */
	enum history_result result;
	char error_code[HISTORY_CODE_BYTES];
	char resource_type[HISTORY_TYPE_BYTES]; /* server; "": nothing in particular */
	uint64_t resource_id;
	char resource_name[HISTORY_NAME_BYTES];
	uint64_t action_id;                  /* 0: none */
	char details[HISTORY_DETAILS_BYTES]; /* a JSON object, or "" */
	uint8_t hash[HISTORY_HASH_BYTES];
};

/** The API's words; static storage. Parsers: 0 or -EINVAL. */
const char *history_line_actor_name(enum history_actor actor);
const char *history_line_result_name(enum history_result result);
int history_line_result_parse(const char *text, enum history_result *ret);

/**
 * history_line_hash() - SHA-256 (FIPS 180-4) over @previous and every field of @line but its hash.
 *
 * The encoding: the 16 bytes "ippo history 1\n\0", the previous hash, then the fields in the order
 * of the struct; numbers as 8 bytes little-endian, texts as their length in 4 bytes little-endian
 * and their bytes. No two different lines have the same encoding.
 */
void history_line_hash(const struct history_line *line, const uint8_t previous[HISTORY_HASH_BYTES],
		       uint8_t ret[HISTORY_HASH_BYTES]);

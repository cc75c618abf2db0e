// A ticket to a console: what it is bound to, how long it lives, and where it may be used.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/parse.h"
#include "model/role.h"

#define TICKET_MS           INT64_C(30000)  /* from its making to the console's first frame */
#define TICKET_COOKIE_MS    INT64_C(600000) /* how long a page may take to come back */
#define TICKET_ORIGIN_BYTES 300

/* The two are never taken for each other: a cookie is sent by browsers on their own. */
enum ticket_use { TICKET_FRAME = 1, TICKET_COOKIE = 2 };

/* Kind and mode are numbers of the wire's enum console_kind and enum console_mode. */
struct ticket {
	enum ticket_use use;
	struct principal who; /* who asked; only who it is counts, rights are asked again */
	uint32_t uid, gid;    /* of who asked over the local socket */
	bool by_operator;     /* of the service, in a customer's account */
	uint64_t server_id;
	uint8_t uuid[UUID_BYTES]; /* with the generation of its disk: the server's incarnation */
	uint32_t generation;
	uint8_t kind;
	uint8_t mode;
	char origin[TICKET_ORIGIN_BYTES]; /* of the page that asked; "": no page did */
	int64_t expires_ms;
};

/* Where a ticket is presented. */
struct ticket_place {
	uint64_t server_id;
	uint8_t kind;
	const char *origin;  /* as the handshake said, NULL: it did not */
	uint64_t session_id; /* of the handshake, 0: none */
	uint64_t token_id;   /* of the handshake, 0: none */
};

/**
 * ticket_check() - was this ticket made for that place? Time and single use are the store's.
 * Return: 0 or ERR_FORBIDDEN.
 */
int ticket_check(const struct ticket *ticket, const struct ticket_place *place, struct err *err);

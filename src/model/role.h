// Who asks, and what they may do.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* A member's part in a customer's account. */
enum role { ROLE_NONE = 0, ROLE_READER = 1, ROLE_OPERATOR = 2, ROLE_OWNER = 3 };

enum right {
	RIGHT_READ = 1,         /* see the customer's things: readers and up */
	RIGHT_POWER = 2,        /* start, stop, reset: operators and up */
	RIGHT_MANAGE = 3,       /* create, change, delete: operators and up */
	RIGHT_ACCOUNT = 4,      /* tokens, members: owners */
	RIGHT_SERVICE_READ = 5, /* see what belongs to the service: its operators */
	RIGHT_SERVICE = 6,      /* plans, images, customers, hosts: its operators */
	RIGHT_SPEAK = 7, /* write to the operators: readers and up, no token that only reads */
};

enum principal_via { PRINCIPAL_SESSION = 1, PRINCIPAL_TOKEN = 2, PRINCIPAL_LOCAL = 3 };

/* The result of authentication. */
struct principal {
	enum principal_via via;
	uint64_t user_id;     /* 0: a token, or the local socket */
	uint64_t customer_id; /* for whom it acts */
	uint64_t token_id;    /* via a token */
	uint64_t session_id;  /* via a session */
	enum role role;       /* in that customer's account */
	bool service;         /* an operator of the service */
	bool readonly;        /* a token of scope read */
	int64_t proved_ms;    /* via a session: when it last proved who sits at it */
};

const char *role_name(enum role role);
int role_parse(const char *text, enum role *ret);
const char *role_via_name(enum principal_via via);

/** role_allow() - 0, ERR_FORBIDDEN or ERR_TOKEN_READONLY, with a text for people. */
int role_allow(const struct principal *principal, enum right right, struct err *err);

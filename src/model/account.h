// Customers, the people who act for them, and the ways these prove who they are.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/secret.h"
#include "model/name.h"
#include "model/quota.h"
#include "model/role.h"

#define ACCOUNT_PASSWORD_HASH_BYTES 128 /* argon2id in libsodium's text form */
#define ACCOUNT_PASSWORD_MIN        12  /* characters, as the panel counts them */
#define ACCOUNT_PASSWORD_MAX_BYTES  256
#define ACCOUNT_INVITATION_MS       (INT64_C(7) * 24 * 3600 * 1000)
#define ACCOUNT_RESET_MS            (INT64_C(24) * 3600 * 1000)
#define ACCOUNT_PEER_BYTES          64
#define ACCOUNT_CLIENT_BYTES        192
#define ACCOUNT_REASON_BYTES        401
#define ACCOUNT_NOTE_MAX_BYTES      4000

#define ACCOUNT_SERVICE_CUSTOMER_ID 1 /* the customer "operator", made at first start */

struct customer {
	uint64_t id;
	char name[NAME_LABEL_BYTES];
	struct quotas limits;
	bool suspended;
	int64_t suspended_ms;                         /* since when; 0: not */
	char suspension_reason[ACCOUNT_REASON_BYTES]; /* told to the customer; "": none was given */
	bool smtp_open; /* its servers may send mail: port 25 outwards */
	int64_t created_ms;
};

struct user {
	uint64_t id;
	char name[NAME_PERSON_BYTES];
	char password_hash[ACCOUNT_PASSWORD_HASH_BYTES]; /* "": none, but a passkey */
	bool service;                                    /* an operator of the service */
	bool disabled;
	bool two_step; /* is asked for a code as well: see second_step.h */
	int64_t created_ms;
};

struct membership {
	uint64_t user_id;
	uint64_t customer_id;
	enum role role;
};

/* A membership as an account's own people see it. */
struct member {
	uint64_t user_id;
	char name[NAME_PERSON_BYTES];
	enum role role;
	bool disabled; /* the person cannot sign in now */
};

struct token {
	uint64_t id;
	uint64_t customer_id;
	uint64_t user_id; /* who made it; 0: the local socket */
	char name[NAME_LABEL_BYTES];
	uint8_t hash[SECRET_HASH_BYTES];
	bool readonly;
	bool service; /* made by an operator of the service, for their work */
	int64_t created_ms;
	int64_t last_used_ms; /* 0: never */
	int64_t expires_ms;   /* 0: never */
};

struct session {
	uint64_t id;
	uint64_t user_id;
	uint64_t customer_id; /* for whom it acts */
	uint8_t hash[SECRET_HASH_BYTES];
	int64_t created_ms;
	int64_t last_used_ms;
	int64_t expires_ms;
	int64_t proved_ms; /* when whoever sits at it last proved who they are; 0: never */
	char peer[ACCOUNT_PEER_BYTES];     /* the address it was opened from */
	char client[ACCOUNT_CLIENT_BYTES]; /* the browser's own name for itself, as it sent it */
};

struct invitation {
	uint64_t id;
	uint64_t customer_id;
	uint8_t hash[SECRET_HASH_BYTES];
	char user_name[NAME_PERSON_BYTES]; /* "" leaves the choice to the invited */
	bool service;                      /* makes an operator of the service */
	enum role role;
	int64_t created_ms;
	int64_t expires_ms;
	int64_t redeemed_ms; /* 0: not yet */
	uint64_t redeemed_user_id;
};

/** account_refuse_suspended() - ERR_SUSPENDED, with the reason as far as the text has room for it.
 */
int account_refuse_suspended(const struct customer *customer, struct err *err);

/** account_check_password() - length, UTF-8, not the user's name, not one character
 * repeated. 0 or ERR_INVALID_INPUT. */
int account_check_password(const char *user_name, const char *password, struct err *err);

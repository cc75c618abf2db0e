// Messages that leave the service: mails and webhooks, what they may be, and when they are tried.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define POST_ADDRESS_BYTES   255  /* of a mail address, with the NUL (RFC 5321 section 4.5.3) */
#define POST_RECIPIENT_BYTES 1025 /* address or URL, with the NUL */
#define POST_SUBJECT_MAX     200  /* characters */
#define POST_BODY_BYTES_MAX  65536
#define POST_SECRET_BYTES    129 /* what a webhook is signed with, with the NUL */
#define POST_SECRET_MIN      16
#define POST_ERROR_BYTES     201
#define POST_WAITING_MAX     10000 /* in all */
#define POST_RECIPIENT_MAX   200   /* waiting for one recipient */
#define POST_ATTEMPTS_MAX    13    /* the last is a day and two hours after the first */
#define POST_KEPT_MS         (INT64_C(14) * 24 * 3600 * 1000) /* sent or failed, for operators */

enum post_kind { POST_MAIL = 1, POST_WEBHOOK = 2 };

enum post_state {
	POST_WAITING = 1,
	POST_SENT = 2,   /* its recipient's server has taken it, at least once */
	POST_FAILED = 3, /* until an operator has it tried again */
};

struct post {
	uint64_t id;
	enum post_kind kind;
	uint64_t customer_id; /* whose it is: goes with that account; 0: the service's own */
	char recipient[POST_RECIPIENT_BYTES]; /* mail address or URL */
	char *subject; /* owned; one line; of a webhook: what it is, for lists (alert.fired) */
	char *body;    /* owned; plain text of a mail, JSON of a webhook; NULL when it is over */
	char secret[POST_SECRET_BYTES]; /* of a webhook; "" otherwise */
	int64_t created_ms;
	int64_t expires_ms; /* not tried any more from then on; 0: always of use */
	uint32_t attempts;
	int64_t next_ms; /* when it is tried next */
	enum post_state state;
	int64_t changed_ms;           /* the last attempt */
	char error[POST_ERROR_BYTES]; /* of the last attempt that failed */
};

/** post_done() - frees what it owns and forgets its secret. */
void post_done(struct post *post);

const char *post_kind_name(enum post_kind kind);
const char *post_state_name(enum post_state state);
/** post_state_parse() - -EINVAL for what is none. */
int post_state_parse(const char *text, enum post_state *ret);

/** post_check_address() - a mail address as anybody has one: dot-atom@host (RFC 5321 section 4.1.2,
 * without quoted strings, address literals and anything but ASCII). ERR_INVALID_INPUT. */
int post_check_address(const char *text, struct err *err);
/** post_check_url() - http or https, a host, perhaps a port, path and query; no user, password or
 * fragment, nothing that would have to be escaped. Where it leads is checked when it is connected
 * to. ERR_INVALID_INPUT. */
int post_check_url(const char *text, struct err *err);
/** post_check() - all of it. ERR_INVALID_INPUT. */
int post_check(const struct post *post, struct err *err);

/** post_delay_ms() - how long after the @attempts-th attempt the next one comes: a minute, two,
 * four … six hours. */
int64_t post_delay_ms(uint32_t attempts);

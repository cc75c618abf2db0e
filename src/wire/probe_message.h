// What core asks of ippo-probe: one look at a server from outside, or one question to the resolver.
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/ip.h"

/* One after another, as with ippo-post. Answered by one PROBE_REPLY: i32 0, text "", struct
 * probe_answer. */
enum probe_message_type {
	/* core → probe */
	PROBE_LOOK = 0x700, /* struct probe_look */
	PROBE_ASK = 0x701,  /* struct probe_question; its answer ends with struct probe_names */
	/* probe → core */
	PROBE_REPLY = 0x780,
};

#define PROBE_KEY_BYTES  64 /* Ed25519: the seed, then the public key */
#define PROBE_USER_BYTES 33

struct probe_look {
	struct ip ipv4; /* family 0: none */
	struct ip ipv6; /* an address, no prefix */
	uint16_t ssh_port;
	uint8_t has_key; /* the guest has been told to let this key in */
	uint8_t key[PROBE_KEY_BYTES];
	char user[PROBE_USER_BYTES]; /* who is to be let in with it, beside root */
	uint8_t scan;                /* all ports of TCP */
};

enum probe_ssh {
	PROBE_SSH_SILENT = 0,  /* nothing answers at the port */
	PROBE_SSH_STRANGE = 1, /* something does that is no SSH server, or breaks off */
	PROBE_SSH_FOUND = 2,
};

/* Ways to log in that a server offers. */
enum probe_method {
	PROBE_METHOD_NONE = 1, /* it lets anybody in */
	PROBE_METHOD_KEY = 2,
	PROBE_METHOD_PASSWORD = 4,
	PROBE_METHOD_KEYBOARD = 8,
	PROBE_METHOD_OTHER = 16,
};

/* What came of trying to log in with the key. */
enum probe_login {
	PROBE_LOGIN_UNTRIED = 0,
	PROBE_LOGIN_UNKNOWN = 1, /* the server says that it does not know the key */
	PROBE_LOGIN_REFUSED =
		2, /* it says that it knows the key, and refuses what is signed with it */
	PROBE_LOGIN_IN = 3,
	PROBE_LOGIN_BROKEN = 4, /* the connection broke off */
};

#define PROBE_TEXT_BYTES  200
#define PROBE_WORDS_BYTES 512
#define PROBE_BLOB_BYTES  1100
#define PROBE_PORTS       64

struct probe_scan {
	uint8_t done;    /* every port was tried */
	uint32_t open;   /* how many are */
	uint32_t silent; /* how many did not even refuse */
	uint16_t count;  /* of the first ones: */
	uint16_t ports[PROBE_PORTS];
};

/* All texts are printable ASCII: they are a stranger's words. */
struct probe_answer {
	uint8_t ssh; /* enum probe_ssh */
	char banner[PROBE_TEXT_BYTES];
	char weak[PROBE_WORDS_BYTES];    /* algorithms it offers and should not, with spaces */
	uint8_t algorithms;              /* they were seen */
	char host_key[PROBE_BLOB_BYTES]; /* base64 of the one it has shown; "" */
	uint8_t methods;                 /* for the user: enum probe_method, ored */
	uint8_t root_methods;
	uint8_t password;     /* enum probe_login, with a made-up password */
	uint8_t user;         /* enum probe_login */
	uint8_t root;         /* enum probe_login */
	uint8_t default_port; /* something answers at 22 although SSH is elsewhere */
	struct probe_scan scan4;
	struct probe_scan scan6;
};

/* A question to the resolver. */
#define PROBE_NAME_BYTES    254
#define PROBE_RECORDS_BYTES 4096

#define PROBE_ALGORITHM_BYTES  16
#define PROBE_KEY_PREFIX_BYTES 16
#define PROBE_SECRET_BYTES     129

/* As the type of a question: whether a transfer of the zone (AXFR) is given, and its SOA. Only the
 * first message is taken. */
#define PROBE_TRANSFER 252

struct probe_question {
	struct ip resolver;
	uint16_t port;
	uint16_t type;
	uint8_t exact;               /* of that very name: aliases lead nowhere */
	char name[PROBE_NAME_BYTES]; /* without a period at its end */
	/* Signed so (RFC 8945), unless the algorithm is "". */
	char algorithm[PROBE_ALGORITHM_BYTES];
	char key_name[PROBE_NAME_BYTES + PROBE_KEY_PREFIX_BYTES];
	char secret[PROBE_SECRET_BYTES]; /* base64 */
};

enum probe_name_status {
	PROBE_NAME_FAILED = 0,
	PROBE_NAME_NONE = 1, /* there is no such record */
	PROBE_NAME_FOUND = 2,
};

#define PROBE_WHY_REFUSED "the resolver refuses to answer"
#define PROBE_WHY_KEY     "it does not accept the key"

struct probe_names {
	uint8_t status;                    /* enum probe_name_status */
	char why[PROBE_TEXT_BYTES];        /* after a failure */
	char records[PROBE_RECORDS_BYTES]; /* their data as text, a line each */
};

/* Encoders append to @out (check out->error); decoders return 0 or ERR_PROTOCOL. */
void probe_look_write(struct buf *out, const struct probe_look *look);
int probe_look_read(struct reader *in, struct probe_look *ret);
void probe_answer_write(struct buf *out, const struct probe_answer *answer);
int probe_answer_read(struct reader *in, struct probe_answer *ret);
void probe_question_write(struct buf *out, const struct probe_question *question);
int probe_question_read(struct reader *in, struct probe_question *ret);
void probe_names_write(struct buf *out, const struct probe_names *names);
int probe_names_read(struct reader *in, struct probe_names *ret);

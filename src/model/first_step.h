// The list of the first step: its items, what was found of each, and the verdict.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers are stored: they never change. X(name, number, id, there is evidence from outside) */
#define FIRST_STEP_LIST(X)                                                                         \
	X(INITIAL_PASSWORD, 1, "initial-password", true)                                           \
	X(SUDO_USER, 2, "sudo-user", true)                                                         \
	X(ROOT_SSH, 3, "root-ssh", true)                                                           \
	X(SSH_PORT, 4, "ssh-port", true)                                                           \
	X(KEY_ONLY, 5, "key-only", true)                                                           \
	X(KEY_PERMISSIONS, 6, "key-permissions", true)                                             \
	X(SSH_CRYPTO, 7, "ssh-crypto", true)                                                       \
	X(PACKET_FILTER, 8, "packet-filter", true)                                                 \
	X(DATABASE_CLOSED, 9, "database-closed", true)                                             \
	X(UPDATES, 10, "updates", false)                                                           \
	X(LOGS, 11, "logs", false)                                                                 \
	X(TIME, 12, "time", false)                                                                 \
	X(MONITORING, 13, "monitoring", true)

enum first_step_item {
#define X(name, number, id, outside) FIRST_STEP_##name = number,
	FIRST_STEP_LIST(X)
#undef X
};
#define FIRST_STEP_COUNT 13

/* Numbers are stored. */
enum first_step_result {
	FIRST_STEP_UNSAID = 0,
	FIRST_STEP_GOOD = 1,
	FIRST_STEP_BAD = 2,
	FIRST_STEP_DOUBT = 3, /* it was looked at, and could not be told */
};

enum first_step_verdict {
	FIRST_STEP_STALE = 0, /* nothing is known, or no longer */
	FIRST_STEP_PASS = 1,
	FIRST_STEP_FAIL = 2,
	FIRST_STEP_REPORTED = 3, /* the guest alone says so */
};

/* A report comes each day; one that is missed does not count yet. */
#define FIRST_STEP_FRESH_MS       (INT64_C(36) * 3600 * 1000)
#define FIRST_STEP_REASON_BYTES   40
#define FIRST_STEP_EVIDENCE_BYTES 2048 /* of the JSON text on one side of an item */
#define FIRST_STEP_CHANGES_KEPT   200  /* of a server */

/* What one side says of one item. */
struct first_step_side {
	enum first_step_result result;
	char reason[FIRST_STEP_REASON_BYTES];     /* a word such as root_login; "" */
	char evidence[FIRST_STEP_EVIDENCE_BYTES]; /* a JSON array of {source, text}; "": none */
	int64_t time_ms;
};

struct first_step_finding {
	struct first_step_side inside;
	struct first_step_side outside;
};

/* Why the edge of the host is open to a server, or closed. Numbers are stored. */
enum first_step_why {
	FIRST_STEP_WAITS = 1,    /* closed: nothing is proven yet */
	FIRST_STEP_PROVEN = 2,   /* the guest has reported, and the probe agrees */
	FIRST_STEP_PROBED = 3,   /* the image cannot report; the probe found nothing bad */
	FIRST_STEP_TIMEOUT = 4,  /* nothing was proven in time */
	FIRST_STEP_OVERRIDE = 5, /* its owner wanted it so */
	FIRST_STEP_OLDER = 6,    /* it was made before there was such a thing, or without a probe */
};

/** first_step_id() - "root-ssh"; NULL for what is no item. */
const char *first_step_id(enum first_step_item item);
/** first_step_find() - 0 when there is no such one. */
enum first_step_item first_step_find(const char *id);
/** first_step_has_outside() - something outside the server can tell. */
bool first_step_has_outside(enum first_step_item item);

/**
 * first_step_judge() - the verdict at @now_ms.
 *
 * Anything bad or doubtful that is not too old is a failure, whoever says so. A pass needs both
 * sides wherever there are two, neither too old.
 */
enum first_step_verdict first_step_judge(enum first_step_item item,
					 const struct first_step_finding *finding, int64_t now_ms);
/** first_step_stale_ms() - when the verdict will change by age alone; 0: never. */
int64_t first_step_stale_ms(enum first_step_item item, const struct first_step_finding *finding,
			    int64_t now_ms);

/**
 * first_step_may_open() - is enough proven to open the host's edge?
 * @findings: by item - 1. @can_report: the image has something that reports.
 * @since_ms: evidence older than this is not of this system.
 *
 * What decides whether strangers get in must be good from outside: passwords, ports, databases, and
 * root where there is a key to try. From inside as well where the guest can report.
 */
bool first_step_may_open(const struct first_step_finding findings[FIRST_STEP_COUNT],
			 bool can_report, int64_t since_ms);

/** The API's words; static storage. */
const char *first_step_result_name(enum first_step_result result);
const char *first_step_verdict_name(enum first_step_verdict verdict);
const char *first_step_why_name(enum first_step_why why);

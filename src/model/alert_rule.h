// Alert rules: what a customer wants to be told of a server, and when an alert opens and ends.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/post.h"

#define ALERT_RULES_PER_SERVER   20
#define ALERT_RULES_PER_CUSTOMER 200
#define ALERT_MINUTES_MAX        1440
#define ALERT_THRESHOLD_MAX      INT64_C(1000000000000000) /* a petabyte, or so many percent */
#define ALERT_SELECTOR_MAX       512                       /* bytes */
#define ALERT_KEPT               1000                      /* of a customer, that have ended */
#define ALERT_GAP_MAX_S          150 /* samples further apart are no neighbours */

/* Numbers are stored: they never change. */
enum alert_kind {
	ALERT_METRIC = 1,
	/* It lost its power, and nobody had asked for that: its guest crashed, its hypervisor died
	 * or was killed, or the machine under it went down. */
	ALERT_STOPPED_UNEXPECTEDLY = 2,
	/* It was switched off from the inside: by shutdown or poweroff in the guest. */
	ALERT_STOPPED_ITSELF = 3,
};

enum alert_metric {
	ALERT_CPU = 1,         /* percent of a core */
	ALERT_MEMORY_USED = 2, /* bytes */
	ALERT_DISK_USED = 3,   /* bytes, that its disk takes on the host */
	ALERT_DISK_READ = 4,   /* bytes a second, as the rest */
	ALERT_DISK_WRITE = 5,
	ALERT_NETWORK_IN = 6,
	ALERT_NETWORK_OUT = 7,
};
#define ALERT_METRIC_LAST ALERT_NETWORK_OUT

enum alert_comparison { ALERT_ABOVE = 1, ALERT_BELOW = 2 };

enum alert_end {
	ALERT_OPEN = 0,
	ALERT_CLEARED = 1,      /* the condition was false for as long, or the server is on again */
	ALERT_NOT_MEASURED = 2, /* nothing was measured for as long */
	ALERT_RULE_CHANGED = 3, /* or deleted */
	ALERT_SERVER_DELETED = 4, /* or no longer one that the rule is about */
};

struct alert_rule {
	uint64_t id;
	uint64_t customer_id;
	uint64_t server_id; /* 0: by @selector */
	char *selector;     /* NULL with server_id 0: every server of the account */
	enum alert_kind kind;
	enum alert_metric metric; /* of ALERT_METRIC, as the next three; 0 otherwise */
	enum alert_comparison comparison;
	int64_t threshold;
	uint32_t minutes;
	bool mail;     /* to the members of the account */
	char *webhook; /* a URL; NULL: none. The three texts are owned */
	char *secret;  /* that what is sent there is signed with */
	int64_t created_ms;
};

/** alert_rule_done() - frees what it owns and forgets its secret. */
void alert_rule_done(struct alert_rule *rule);

/* An alert tells what its rule said then: it outlives rule and server. */
struct alert {
	uint64_t id;
	uint64_t customer_id;
	uint64_t rule_id;
	uint64_t server_id;
	char server_name[256];
	enum alert_kind kind;
	enum alert_metric metric;
	enum alert_comparison comparison;
	int64_t threshold;
	uint32_t minutes;
	int64_t value; /* that opened it; -1: none */
	int64_t opened_ms;
	int64_t ended_ms; /* 0: it is open */
	enum alert_end end;
};

/** The API's words; static storage. Parsers: 0 or -EINVAL. */
const char *alert_kind_name(enum alert_kind kind);
int alert_kind_parse(const char *text, enum alert_kind *ret);
const char *alert_metric_name(enum alert_metric metric);
int alert_metric_parse(const char *text, enum alert_metric *ret);
const char *alert_comparison_name(enum alert_comparison comparison);
int alert_comparison_parse(const char *text, enum alert_comparison *ret);
const char *alert_end_name(enum alert_end end);

/** alert_rule_check() - what it holds fits its kind. @ret_field: on failure, what is wrong. */
int alert_rule_check(const struct alert_rule *rule, const char **ret_field, struct err *err);

/* --- the evaluating rule --- */

/* Of one rule and one server. Zeroed: closed, nothing seen. */
struct alert_watch {
	uint32_t since_s; /* when the minutes began that speak for a change; 0: none do */
	bool open;
	bool measured; /* one of those minutes was */
};

/* Two samples of a server in a row; 0 seconds: there is no such one. */
struct alert_samples {
	uint32_t before_s;
	uint32_t now_s;
	uint64_t before; /* UINT64_MAX: not known */
	uint64_t now;
};

enum alert_change { ALERT_STAYS, ALERT_OPENS, ALERT_ENDS };

/** alert_rule_value() - what a metric was in the minute that ends with the newer sample: a
 * counter's growth in a second, or the value itself. False: it is not known; a counter that went
 * back, or samples that are no neighbours, tell nothing. */
bool alert_rule_value(enum alert_metric metric, const struct alert_samples *samples, int64_t *ret);

/**
 * alert_rule_step() - a minute is over.
 * @rule: of ALERT_METRIC. @known, @value: from alert_rule_value(). @now_s: when it ended.
 * @ret_end: why, when it ends.
 *
 * A closed alert opens when the condition was true in each of the last rule->minutes minutes; a
 * minute that is not known begins the count anew. An open one ends when the condition was not seen
 * to be true in any of as many: false ones and unknown ones count, a true one begins anew.
 */
enum alert_change alert_rule_step(const struct alert_rule *rule, struct alert_watch *watch,
				  bool known, int64_t value, uint32_t now_s,
				  enum alert_end *ret_end);

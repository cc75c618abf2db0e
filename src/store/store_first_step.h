// What was found of servers' first steps, with times, and whether the host's edge is open to them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/first_step.h"
#include "store/store.h"

#define FIRST_STEP_TEXT_BYTES  64
#define FIRST_STEP_PORTS_BYTES 256

enum store_first_step_reports {
	FIRST_STEP_REPORTS_UNKNOWN = 0,
	FIRST_STEP_REPORTS = 1,
	FIRST_STEP_REPORTS_NOTHING = 2,
};

struct store_first_step {
	uint64_t server_id;
	bool closed;
	enum first_step_why why;
	int64_t changed_ms;
	int64_t since_ms;
	enum store_first_step_reports reports;
	int64_t reported_ms;
	int64_t probed_ms;
	char program[FIRST_STEP_TEXT_BYTES];
	char os[FIRST_STEP_TEXT_BYTES];
	uint16_t ssh_port;
	char open_ports[FIRST_STEP_PORTS_BYTES];              /* "80 443" */
	struct first_step_finding findings[FIRST_STEP_COUNT]; /* by item - 1 */
	enum first_step_verdict verdicts[FIRST_STEP_COUNT];
	int64_t verdict_ms[FIRST_STEP_COUNT]; /* since when */
};

/** store_first_step_get() - as it was written down last; a server of which nothing is known has no
 * findings. ERR_NOT_FOUND: no such server. */
int store_first_step_get(struct store *store, uint64_t server_id, struct store_first_step *ret,
			 struct err *err);

/** store_first_step_begin() - a new system: nothing is known, and the edge is @closed. In the
 * transaction that makes the server or its new disk. */
int store_first_step_begin(struct store *store, uint64_t server_id, bool closed, uint16_t ssh_port,
			   int64_t now_ms, struct err *err);

/**
 * store_first_step_put() - findings, whom they came from, and what verdicts follow at @now_ms.
 * Everything of @first_step is written but closed and why. A verdict that differs from the one
 * before is added to the changes, of which the last FIRST_STEP_CHANGES_KEPT stay; the counts in the
 * server's row follow, and its version grows only when they change or @touch says so.
 */
int store_first_step_put(struct store *store, struct store_first_step *first_step, int64_t now_ms,
			 bool touch, struct err *err);

/** store_first_step_open() - ERR_UNSUPPORTED when it is open already. */
int store_first_step_open(struct store *store, uint64_t server_id, enum first_step_why why,
			  int64_t now_ms, struct err *err);

/** store_first_step_late() - closed ones that were first started before @before_ms. */
int store_first_step_late(struct store *store, int64_t before_ms, uint64_t *ids, size_t max,
			  size_t *ret_count, struct err *err);
/** store_first_step_aged() - whose verdicts change by age by @now_ms. */
int store_first_step_aged(struct store *store, int64_t now_ms, uint64_t *ids, size_t max,
			  size_t *ret_count, struct err *err);
/** store_first_step_due() - that are on and were last probed before @before_ms; closed ones whose
 * first boot is over also when that was before @closed_before_ms, or never. */
int store_first_step_due(struct store *store, int64_t before_ms, int64_t closed_before_ms,
			 uint64_t *ids, size_t max, size_t *ret_count, struct err *err);

struct store_first_step_change {
	uint64_t id;
	enum first_step_item item;
	enum first_step_verdict verdict;
	enum first_step_result inside;
	enum first_step_result outside;
	int64_t time_ms;
};

struct store_first_step_changes {
	struct store_first_step_change *items;
	size_t count;
	uint64_t total;
};

/** store_first_step_changes() - of a server, the newest first. */
int store_first_step_changes(struct store *store, uint64_t server_id,
			     struct store_first_step_changes *ret, struct err *err);
void store_first_step_changes_done(struct store_first_step_changes *changes);

/** store_first_step_key_of_others() - servers whose host keys have one of the key @blob too. */
int store_first_step_key_of_others(struct store *store, uint64_t server_id, const char *blob,
				   uint64_t *ret, struct err *err);

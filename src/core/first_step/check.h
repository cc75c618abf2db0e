// Inside the checks: one that is under way, what becomes of its action, and what follows from it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "core/first_step/checks.h"
#include "core/first_step/inbox.h"
#include "core/visitor/visitor_link.h"
#include "model/first_step.h"
#include "store/store_first_step.h"
#include "wire/probe_message.h"

#define CHECK_TICK_MS  1000
#define CHECK_AGAIN_MS (3 * 60000) /* between two checks of a closed server */

enum phase { PHASE_NEW, PHASE_REPORT, PHASE_PROBE };

enum check_step { STEP_REPORT, STEP_PROBE, STEP_JUDGE, STEPS };

struct check {
	struct check *next;
	struct checks *checks;
	uint64_t server_id;
	uint64_t customer_id;
	uint64_t action_id;
	uint64_t ask; /* the question's number */
	uint8_t uuid[UUID_BYTES];
	enum phase phase;
	int64_t end_ms; /* of waiting for the guest; monotonic */
	bool asking;    /* the host has not said yet whether it could ask */
	bool reported;
	bool key_ready;
	bool again; /* something happened meanwhile: once more afterwards */
	bool over;  /* its action has ended; it waits for an answer that is under way */
	uint8_t key[PROBE_KEY_BYTES];
	struct probe_look look;
};

struct checks {
	struct core *core;
	struct visitor_link *link;
	struct inbox *inbox;
	uv_timer_t timer;
	struct check *list;
	size_t count;
	uint64_t last_ask;
	uint64_t ticks;
	bool stopped;
};

/* --- check.c: the list, and the action that a check is --- */

/** check_find() - the one that is under way for a server, or NULL. */
struct check *check_find(const struct checks *checks, uint64_t server_id);
/** check_drop() - take it off the list and free it. */
void check_drop(struct check *check);
/** check_step() - its action is at that step; in a transaction, or in one of its own. */
int check_step(struct check *check, enum check_step step, struct err *err);
void check_tell(struct check *check);
/** check_fail() - its action has failed. @is_answered: no answer is under way; else it is forgotten
 * when that comes. */
void check_fail(struct check *check, int code, const char *text, bool is_answered);

/* --- judging.c --- */

/** judging_open() - the edge of the host opens, with a line in the history. In a transaction. */
int judging_open(struct store *store, const struct server *server, enum first_step_why why,
		 struct err *err);
/** judging_settle() - what follows from what is known now. In a transaction. */
int judging_settle(struct checks *checks, const struct server *server,
		   struct store_first_step *first_step, bool *ret_opened, struct err *err);
/** judging_end() - write down what both sides said, and end the action. @answer: the probe's, or
 * NULL. */
int judging_end(struct check *check, const struct probe_answer *answer, bool *ret_opened,
		struct err *err);

/* --- checks.c --- */

/** checks_begin() - one that nobody asked for; one under way for the server is repeated. */
void checks_begin(struct checks *checks, uint64_t server_id);
/** checks_turn() - go on with all that can. */
void checks_turn(struct checks *checks);

/* --- checks_guest.c --- */

/** checks_ask_guest() - have it report, and let the check's key in. */
int checks_ask_guest(struct check *check, const struct server *server, struct err *err);

/* --- checks_clock.c --- */

/** checks_tick() - each second, and soon after checks_kick(). */
void checks_tick(uv_timer_t *timer);

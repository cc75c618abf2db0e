// Checks of servers' first steps: has the guest report and the probe look, judges, and opens the
// host's edge when enough is proven.
#pragma once

#include "core/core.h"
#include "model/action.h"
#include "model/server.h"

struct checks;

int checks_new(struct core *core, struct checks **ret, struct err *err);
/** checks_start() - end what the last process left unfinished, and begin. */
void checks_start(struct checks *checks);
/** checks_connect() - ippo-probe has been started. @fd is owned. */
void checks_connect(struct checks *checks, int fd);
/** checks_stop() - nothing is asked any more: core ends. */
void checks_stop(struct checks *checks);

/** checks_possible() - there is something outside that looks: then new systems begin closed. */
bool checks_possible(const struct config *config);

/**
 * checks_submit() - record a check as an action, in the caller's transaction; checks_kick() begins
 * it after the commit. ERR_LOCKED: one is under way.
 */
int checks_submit(struct checks *checks, const struct server *server, uint64_t user_id,
		  struct action *ret, struct err *err);
/** checks_withdraw() - what was submitted was not committed. */
void checks_withdraw(struct checks *checks, uint64_t action_id);
void checks_kick(struct checks *checks);

/** checks_opened() - after a commit that opened the edge: the host is told. */
void checks_opened(struct checks *checks, uint64_t server_id);

/* Hooks of the engine. */
void checks_line(struct checks *checks, const uint8_t uuid[UUID_BYTES], const char *line);
void checks_first_boot(struct checks *checks, uint64_t server_id);
void checks_server_gone(struct checks *checks, uint64_t server_id);

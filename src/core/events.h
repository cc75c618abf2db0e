// What changed, told to every open event stream (server-sent events, HTML section 9.2).
#pragma once

#include <stdint.h>

#include "core/core.h"
#include "model/role.h"

struct events;
struct exchange;

#define EVENTS_KEPT        1024 /* for clients that come back with Last-Event-ID */
#define EVENTS_MAX_STREAMS 256
#define EVENTS_PING_MS     15000

int events_new(struct core *core, struct events **ret, struct err *err);
void events_free(struct events *events);

/* Hooks of the engine; also called by the API after its own changes. */
void events_server_changed(struct events *events, uint64_t server_id);
void events_server_deleted(struct events *events, uint64_t server_id, uint64_t customer_id);
void events_action_changed(struct events *events, uint64_t action_id);
/** events_contact_changed() - told to the account, and to operators of the service. */
void events_contact_changed(struct events *events, uint64_t thread_id, uint64_t customer_id);
/** events_account_changed() - its limits, or whether it is suspended. */
void events_account_changed(struct events *events, uint64_t customer_id);
/** events_alerts_changed() - how many are open in the account now. */
void events_alerts_changed(struct events *events, uint64_t customer_id);
/** events_notice_changed() - told to everybody, whomever they act for. @change: published, edited,
 * withdrawn. */
void events_notice_changed(struct events *events, uint64_t notice_id, const char *change);
/** events_notice_prepared() - the same of one that is still to appear: for operators alone. */
void events_notice_prepared(struct events *events, uint64_t notice_id, const char *change);

/**
 * events_subscribe() - turn an exchange into a stream of what its customer may see.
 * @who: copied. @last_id: from Last-Event-ID, or NULL. Errors: ERR_UNAVAILABLE_RESOURCE (too many
 * streams).
 */
int events_subscribe(struct events *events, struct exchange *exchange, const struct principal *who,
		     const char *last_id, struct err *err);

/** events_unsubscribe() - the client has gone. */
void events_unsubscribe(struct events *events, const struct exchange *exchange);

/** events_check_rights() - somebody may have lost the right to a stream: those are ended now.
 * Called after each change of sessions, tokens, members and people. */
void events_check_rights(struct events *events);

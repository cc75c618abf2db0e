// What the history is told of a request: who asks, from where, for what, about what, and the
// result.
#pragma once

#include <jansson.h>

#include "core/api/request.h"
#include "model/account.h"

struct route;

/*
 * The router begins a note for every route that changes something, and hands it to the store while
 * the handler runs; the first transaction that is committed then gets the line (store_history.h). A
 * handler only names what it is about where the path does not, before it commits. What leaves no
 * trace in the database (a console that is cut) gets its line by itself, and so does what was
 * refused to somebody known; see note.c for how many of those.
 */
int note_begin(struct request *request, const struct route *route, struct err *err);
/** note_resume(), note_pause() - around whatever works for the request. */
void note_resume(struct request *request);
void note_pause(struct request *request);
/** note_end() - the answer is known. @code: of the error, or 0; @status: of the answer. */
void note_end(struct request *request, int code, unsigned status);
void note_free(struct request *request);

/* For handlers; all of them do nothing when the request has no note. */

/** note_about() - the resource, where the path does not name it. @type: NULL leaves it. */
void note_about(struct request *request, const char *type, uint64_t id, const char *name);
/** note_customer() - in whose account; 0: the service's. */
void note_customer(struct request *request, uint64_t customer_id);
/** note_person() - who it is, now that it is known. */
void note_person(struct request *request, const struct user *user);
/** note_what() - what comes next is something else, with a line of its own. */
void note_what(struct request *request, const char *what);
/** note_detail() - never a secret. Steals @value. */
void note_detail(struct request *request, const char *key, json_t *value);
/**
 * note_also() - the same is told in another account too, in the transaction that is open.
 * @direction: of a thing that goes from one account to another, "in"; "out" is the note's own.
 */
int note_also(struct request *request, uint64_t customer_id, const char *direction,
	      struct err *err);
/** note_nothing() - nothing changes after all. */
void note_nothing(struct request *request);

/* --- wrong sign-ins --- */

/**
 * note_wrong_sign_in() - remember it; the line comes a moment later, in note_write().
 * @user: whom it was about, NULL when there is no such one. Names that nobody has are not kept:
 * people type their password into the wrong field.
 * @throttled: it was turned away unseen: counted, without a line.
 */
void note_wrong_sign_in(struct core *core, const struct user *user, const char *peer,
			bool throttled);
/** note_copied_passkey() - the same for a passkey whose counter went back: it may be a copy. */
void note_copied_passkey(struct core *core, const struct user *user, const char *peer);
/** note_write() - write what note_wrong_sign_in() remembered, and the counts of hours that are
 * over; @all: those of this one too. Called by a timer. */
void note_write(struct core *core, bool all);

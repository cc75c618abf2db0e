// Threads between an account and the operators of the service.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/name.h"

#define CONTACT_SUBJECT_MAX  120  /* characters */
#define CONTACT_TEXT_MAX     8000 /* characters, of one message */
#define CONTACT_DAY_MESSAGES 200  /* that one account may write within 24 hours */
#define CONTACT_MESSAGES_MAX 500  /* of one thread */

enum contact_state {
	CONTACT_OPEN = 1,     /* the account spoke last */
	CONTACT_ANSWERED = 2, /* an operator did */
	CONTACT_CLOSED = 3,   /* until somebody writes again */
};

struct contact_thread {
	uint64_t id;
	uint64_t customer_id;
	char customer_name[NAME_LABEL_BYTES];
	char *subject; /* owned */
	enum contact_state state;
	int64_t created_ms;
	int64_t updated_ms; /* the last message, or the last change of the state */
	uint64_t messages;
};

struct contact_message {
	uint64_t id;
	uint64_t thread_id;
	char author[NAME_LABEL_BYTES]; /* as of then */
	bool by_operator;
	char *text; /* owned */
	int64_t created_ms;
};

void contact_thread_done(struct contact_thread *thread);
void contact_message_done(struct contact_message *message);

const char *contact_state_name(enum contact_state state);
/** contact_state_parse() - -EINVAL for what is none. */
int contact_state_parse(const char *text, enum contact_state *ret);

int contact_check_subject(const char *subject, struct err *err);
int contact_check_text(const char *text, struct err *err);

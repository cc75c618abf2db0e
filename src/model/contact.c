#include "model/contact.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/notice.h"

void contact_thread_done(struct contact_thread *thread)
{
	free(thread->subject);
	*thread = (struct contact_thread){0};
}

void contact_message_done(struct contact_message *message)
{
	free(message->text);
	*message = (struct contact_message){0};
}

static const char *const state_names[] = {
	[CONTACT_OPEN] = "open",
	[CONTACT_ANSWERED] = "answered",
	[CONTACT_CLOSED] = "closed",
};

const char *contact_state_name(enum contact_state state)
{
	return state >= CONTACT_OPEN && state <= CONTACT_CLOSED ? state_names[state] : "closed";
}

int contact_state_parse(const char *text, enum contact_state *ret)
{
	for (unsigned i = CONTACT_OPEN; i <= CONTACT_CLOSED; i++) {
		if (strcmp(state_names[i], text) == 0) {
			*ret = (enum contact_state)i;
			return 0;
		}
	}
	return -EINVAL;
}

int contact_check_subject(const char *subject, struct err *err)
{
	return notice_is_plain(subject, CONTACT_SUBJECT_MAX, false)
		       ? 0
		       : err_set(err, ERR_INVALID_INPUT,
				 "the subject must be plain text of 1 to %d characters on one line",
				 CONTACT_SUBJECT_MAX);
}

int contact_check_text(const char *text, struct err *err)
{
	return notice_is_plain(text, CONTACT_TEXT_MAX, true)
		       ? 0
		       : err_set(err, ERR_INVALID_INPUT,
				 "a message must be plain text of 1 to %d characters",
				 CONTACT_TEXT_MAX);
}

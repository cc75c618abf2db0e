// Has ippo-post send what waits in the outbox, one message after another.
#pragma once

#include "core/core.h"
#include "model/post.h"

struct office;

int office_new(struct core *core, struct office **ret, struct err *err);
/** office_start() - begin to send. What is committed to the outbox from then on is found within a
 * second. */
void office_start(struct office *office);
/** office_connect() - ippo-post has been started. @fd is owned. */
void office_connect(struct office *office, int fd);

/** office_check_mail() - ERR_NO_MAIL when mail is not set up: for whoever wants to send one, to be
 * asked before anything is promised. */
int office_check_mail(const struct core *core, struct err *err);

/**
 * office_mail() - a mail of the service, into the outbox, in the caller's transaction.
 * @expires_ms: 0: always of use. @ret_id: may be NULL.
 * Errors: ERR_NO_MAIL, and those of store_post_add().
 */
int office_mail(struct core *core, const char *address, const char *subject, const char *body,
		int64_t expires_ms, uint64_t *ret_id, struct err *err);

/**
 * office_forgive() - @code of a message that tells of something: a full outbox or an address that
 * is none any more must not keep it from happening. 0 for these, with a warning that names @what.
 */
int office_forgive(int code, const char *what, const struct err *err);

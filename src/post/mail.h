// A mail: its text as RFC 5322 has it, and its way to a server or into a folder.
#pragma once

#include "base/buf.h"
#include "base/config.h"
#include "base/err.h"
#include "base/secret.h"
#include "post/outcome.h"
#include "wire/post_message.h"

/**
 * mail_compose() - the whole text, lines ending in CRLF.
 * The same for every attempt, Message-ID (RFC 5322 section 3.6.4) too, so that who gets it twice
 * can tell. Errors: ERR_INVALID_INPUT (recipient or sender that would be more than an address),
 * -ENOMEM.
 */
int mail_compose(const struct config *config, const struct post_message *message, struct buf *ret,
		 struct err *err);

/** mail_send() - by SMTP, or into the folder of the settings. Blocks. @password: of smtp_user. */
void mail_send(const struct config *config, const struct secret *password,
	       const struct post_message *message, struct outcome *ret);

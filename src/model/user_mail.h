// Where somebody gets mail, and in which language.
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "model/post.h"

#define USER_MAIL_CONFIRM_MS     (INT64_C(24) * 3600 * 1000) /* that a link to confirm works */
#define USER_MAIL_RESET_MS       (INT64_C(3600) * 1000)      /* that a link for a password works */
#define USER_MAIL_LANGUAGE_BYTES 3

struct user_mail {
	uint64_t user_id;
	char address[POST_ADDRESS_BYTES]; /* confirmed; "": none */
	char wanted[POST_ADDRESS_BYTES];  /* waits to be confirmed; "": none */
	int64_t expires_ms;               /* of the link that confirms it */
	char language[USER_MAIL_LANGUAGE_BYTES];
	int64_t changed_ms;
};

/** user_mail_check_language() - ja or en. */
int user_mail_check_language(const char *text, struct err *err);

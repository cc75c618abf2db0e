#include "model/account.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/parse.h"

int account_check_password(const char *user_name, const char *password, struct err *err)
{
	size_t bytes = strnlen(password, ACCOUNT_PASSWORD_MAX_BYTES + 1);
	bool varied = false;

	if (bytes < ACCOUNT_PASSWORD_MIN_BYTES)
		return err_set(err, ERR_INVALID_INPUT, "the password needs at least %d characters",
			       ACCOUNT_PASSWORD_MIN_BYTES);
	if (bytes > ACCOUNT_PASSWORD_MAX_BYTES)
		return err_set(err, ERR_INVALID_INPUT, "the password is longer than %d bytes",
			       ACCOUNT_PASSWORD_MAX_BYTES);
	if (!parse_utf8(password, bytes))
		return err_set(err, ERR_INVALID_INPUT, "the password is not valid UTF-8");
	for (size_t i = 1; i < bytes; i++)
		varied = varied || password[i] != password[0];
	if (!varied)
		return err_set(err, ERR_INVALID_INPUT,
			       "the password is one character repeated: choose another");
	if (user_name && strcasecmp(password, user_name) == 0)
		return err_set(err, ERR_INVALID_INPUT,
			       "the password is the user's name: choose another");
	return 0;
}

#define REASON_TOLD_BYTES 160

int account_refuse_suspended(const struct customer *customer, struct err *err)
{
	const char *reason = customer->suspension_reason;
	size_t len = strnlen(reason, REASON_TOLD_BYTES);

	/* Cut at a character. */
	while (len > 0 && ((unsigned char)reason[len] & 0xc0) == 0x80)
		len--;
	return err_set(err, ERR_SUSPENDED,
		       "this account is suspended%s%.*s%s; write to the operator",
		       len > 0 ? ": " : "", (int)len, reason, reason[len] != '\0' ? "…" : "");
}

#include "model/account.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/parse.h"

/* Whether all of it is its first character. */
static bool is_repeated(const char *password, size_t bytes)
{
	size_t first = 1;

	while (((unsigned char)password[first] & 0xc0) == 0x80)
		first++;
	return memcmp(password, password + first, bytes - first) == 0;
}

int account_check_password(const char *user_name, const char *password, struct err *err)
{
	size_t bytes = strnlen(password, ACCOUNT_PASSWORD_MAX_BYTES + 1);
	size_t characters = 0;

	for (size_t i = 0; i < bytes; i++)
		characters += ((unsigned char)password[i] & 0xc0) != 0x80;
	if (characters < ACCOUNT_PASSWORD_MIN)
		return err_set(err, ERR_INVALID_INPUT, "the password needs at least %d characters",
			       ACCOUNT_PASSWORD_MIN);
	if (bytes > ACCOUNT_PASSWORD_MAX_BYTES)
		return err_set(err, ERR_INVALID_INPUT, "the password is longer than %d bytes",
			       ACCOUNT_PASSWORD_MAX_BYTES);
	if (!parse_utf8(password, bytes))
		return err_set(err, ERR_INVALID_INPUT, "the password is not valid UTF-8");
	if (is_repeated(password, bytes))
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

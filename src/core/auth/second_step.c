#include "core/auth/second_step.h"

#include <errno.h>
#include <liboath/oath.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "core/api/note.h"
#include "core/auth/password.h"
#include "store/store_second_step.h"

int second_step_setup(void)
{
	return oath_init() == OATH_OK ? 0 : -EIO;
}

uint64_t second_step_match(const struct second_step *step, const char *code, int64_t now_s)
{
	const int64_t now = now_s / SECOND_STEP_PERIOD_S;
	char expected[SECOND_STEP_DIGITS + 1];
	uint64_t found = 0;

	if (strlen(code) != SECOND_STEP_DIGITS)
		return 0;
	for (int64_t at = now - SECOND_STEP_WINDOW; at <= now + SECOND_STEP_WINDOW; at++) {
		if (at <= 0 || (uint64_t)at <= step->used_step ||
		    oath_hotp_generate((const char *)step->secret, sizeof step->secret,
				       (uint64_t)at, SECOND_STEP_DIGITS, false,
				       OATH_HOTP_DYNAMIC_TRUNCATION, expected) != OATH_OK)
			continue;
		if (secret_equal(expected, code, SECOND_STEP_DIGITS))
			found = (uint64_t)at;
	}
	explicit_bzero(expected, sizeof expected);
	return found;
}

int second_step_may_try(const struct second_step *step, struct err *err)
{
	const int64_t wait_ms = second_step_wait(step, clock_now_ms());

	return wait_ms == 0 ? 0
			    : err_set(err, ERR_RATE_LIMIT,
				      "too many wrong codes; try again in %lld seconds",
				      (long long)(wait_ms + 999) / 1000);
}

int second_step_wrong(struct core *core, const struct user *user, const char *peer, struct err *err)
{
	int code = store_second_step_note_wrong(core->store, user->id, clock_now_ms(), err);

	password_guard_note(core->passwords, user->name, peer, false);
	note_wrong_sign_in(core, user, peer, false);
	return code < 0 ? code
			: err_set(err, ERR_WRONG_CODE,
				  "this code is wrong, or was used before; wait for the next one");
}

static int use_recovery(struct store *store, uint64_t user_id, const char *code, struct err *err)
{
	uint8_t hash[SECRET_HASH_BYTES];
	int result;

	secret_hash(code, strlen(code), hash);
	result = store_second_step_use_recovery(store, user_id, hash, err);
	return result < 0 ? result : store_second_step_note_right(store, user_id, err);
}

int second_step_ask(struct core *core, const struct user *user, const char *peer, const char *text,
		    struct err *err)
{
	char code[SECOND_STEP_CODE_BYTES];
	struct second_step step;
	uint64_t at;
	int result;

	if (!user->two_step)
		return 0;
	if (text == NULL || *text == '\0')
		return err_set(err, ERR_CODE_REQUIRED,
			       "send the code of your authenticator, or a recovery code, as well");
	/* Asked again: it may have been taken away while the password was being compared. */
	result = store_second_step_get(core->store, user->id, &step, err);
	if (result == ERR_NOT_FOUND)
		return 0;
	if (result < 0 || (result = second_step_may_try(&step, err)) < 0)
		return result;
	switch (second_step_read(text, code)) {
	case SECOND_STEP_TIMED:
		at = second_step_match(&step, code, clock_now_ms() / 1000);
		result = at == 0 ? ERR_NOT_FOUND
				 : store_second_step_use(core->store, user->id, at, err);
		break;
	case SECOND_STEP_RECOVERY:
		result = use_recovery(core->store, user->id, code, err);
		break;
	case SECOND_STEP_NOTHING:
		result = ERR_NOT_FOUND;
		break;
	}
	explicit_bzero(&step, sizeof step);
	explicit_bzero(code, sizeof code);
	return result == ERR_NOT_FOUND ? second_step_wrong(core, user, peer, err) : result;
}

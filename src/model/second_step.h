// The second step of signing in: what its codes look like, and how wrong ones slow down.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SECOND_STEP_SECRET_BYTES    20 /* 160 bits: RFC 4226 section 4, R6 */
#define SECOND_STEP_PERIOD_S        30
#define SECOND_STEP_DIGITS          6
#define SECOND_STEP_WINDOW          1 /* steps before and after now whose codes are taken */
#define SECOND_STEP_RECOVERY_CODES  10
#define SECOND_STEP_RECOVERY_LENGTH 16 /* of 32 characters: 80 bits */
#define SECOND_STEP_CODE_BYTES      (SECOND_STEP_RECOVERY_LENGTH + 1)
#define SECOND_STEP_SHOWN_BYTES     (SECOND_STEP_CODE_BYTES + SECOND_STEP_RECOVERY_LENGTH / 4 - 1)

struct second_step {
	uint64_t user_id;
	uint8_t secret[SECOND_STEP_SECRET_BYTES];
	uint64_t used_step; /* codes of this time step and of earlier ones are used up */
	uint32_t wrong;     /* codes since the last right one */
	int64_t wrong_ms;   /* when the last of them came */
	int64_t created_ms;
	int64_t confirmed_ms; /* 0: begun only */
};

enum second_step_kind { SECOND_STEP_NOTHING = 0, SECOND_STEP_TIMED, SECOND_STEP_RECOVERY };

/** second_step_read() - what a person typed: blanks and dashes go, letters become small.
 * SECOND_STEP_NOTHING when it can be no code of either kind; @out is "" then. */
enum second_step_kind second_step_read(const char *text, char out[SECOND_STEP_CODE_BYTES]);

/** second_step_recovery() - the code that @random stands for, as it is read back. */
void second_step_recovery(const uint8_t random[SECOND_STEP_RECOVERY_LENGTH],
			  char out[SECOND_STEP_CODE_BYTES]);
/** second_step_show() - a recovery code in groups of four: abcd-efgh-ijkm-npqr. */
void second_step_show(const char code[SECOND_STEP_CODE_BYTES], char out[SECOND_STEP_SHOWN_BYTES]);

/**
 * second_step_wait() - milliseconds until the next code is looked at; 0: now.
 * Only who knows the password comes so far, so it counts for the person from wherever they come,
 * and is kept in the database: two codes a minute at most, for as long as they are wrong.
 */
int64_t second_step_wait(const struct second_step *step, int64_t now_ms);

// What a guest's agent answers. The guest may have put anything in its place.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define AGENT_REPLY_MAX_BYTES ((size_t)64 * 1024)

/* @text is the whole answer, or NULL when none came; too long a one counts as none. */

/** agent_reply_is_done() - a command without a result has succeeded. */
bool agent_reply_is_done(const char *text);

/** agent_reply_pid() - of guest-exec. 0 or -EINVAL; *ret_pid is positive. */
int agent_reply_pid(const char *text, int64_t *ret_pid);

enum agent_exit { AGENT_EXIT_NOT_YET, AGENT_EXIT_GOOD, AGENT_EXIT_BAD };

/** agent_reply_exit() - of guest-exec-status. */
enum agent_exit agent_reply_exit(const char *text);

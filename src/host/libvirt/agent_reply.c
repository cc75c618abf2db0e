#include "host/libvirt/agent_reply.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

/* The whole answer (a new reference) and the "return" in it (borrowed); NULL twice when there is
 * none. */
static json_t *read_reply(const char *text, const json_t **ret_return)
{
	json_t *reply = NULL;

	if (text != NULL && strnlen(text, AGENT_REPLY_MAX_BYTES + 1) <= AGENT_REPLY_MAX_BYTES)
		reply = json_loads(text, 0, NULL);
	*ret_return = json_object_get(reply, "return");
	return reply;
}

bool agent_reply_is_done(const char *text)
{
	const json_t *result;
	json_t *reply = read_reply(text, &result);
	const bool done = json_is_object(result);

	json_decref(reply);
	return done;
}

int agent_reply_pid(const char *text, int64_t *ret_pid)
{
	const json_t *result;
	json_t *reply = read_reply(text, &result);
	const json_int_t pid = json_integer_value(json_object_get(result, "pid"));

	json_decref(reply);
	if (pid <= 0)
		return -EINVAL;
	*ret_pid = pid;
	return 0;
}

enum agent_exit agent_reply_exit(const char *text)
{
	const json_t *result;
	json_t *reply = read_reply(text, &result);
	const json_t *code = json_object_get(result, "exitcode");
	enum agent_exit exit = AGENT_EXIT_NOT_YET;

	/* Without a code it ended by a signal. */
	if (json_is_true(json_object_get(result, "exited")))
		exit = json_is_integer(code) && json_integer_value(code) == 0 ? AGENT_EXIT_GOOD
									      : AGENT_EXIT_BAD;
	json_decref(reply);
	return exit;
}

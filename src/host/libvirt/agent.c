#include "host/libvirt/agent.h"

#include <errno.h>
#include <jansson.h>
#include <libvirt/libvirt-qemu.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"

#define AGENT_TIMEOUT_S 10
#define EXEC_POLLS      50
#define EXEC_POLL_MS    200
#define REPLY_MAX_BYTES ((size_t)64 * 1024)

/* One command; the reply's "return" (borrowed from *ret_reply, which the caller frees) or NULL. */
static json_t *ask(virDomainPtr domain, json_t *command, json_t **ret_reply)
{
	AUTO_FREE char *text = json_dumps(command, JSON_COMPACT);
	AUTO_FREE char *reply = NULL;

	json_decref(command);
	*ret_reply = NULL;
	if (text == NULL)
		return NULL;
	reply = virDomainQemuAgentCommand(domain, text, AGENT_TIMEOUT_S, 0);
	explicit_bzero(text, strlen(text));
	if (reply == NULL || strlen(reply) > REPLY_MAX_BYTES)
		return NULL;
	*ret_reply = json_loads(reply, 0, NULL);
	return json_object_get(*ret_reply, "return");
}

bool agent_is_connected(virDomainPtr domain)
{
	AUTO_FREE char *xml = virDomainGetXMLDesc(domain, 0);
	const char *port = xml != NULL ? strstr(xml, "name='org.qemu.guest_agent.0'") : NULL;

	return port != NULL && strncmp(port + strlen("name='org.qemu.guest_agent.0'"),
				       " state='connected'", 18) == 0;
}

static int expire(virDomainPtr domain, const char *user, struct err *err)
{
	const struct timespec pause = {.tv_nsec = EXEC_POLL_MS * 1000000L};
	json_t *reply;
	json_t *started = ask(domain,
			      json_pack("{s:s, s:{s:s, s:[s, s, s]}}", "execute", "guest-exec",
					"arguments", "path", "chage", "arg", "-d", "0", user),
			      &reply);
	const json_int_t pid = json_integer_value(json_object_get(started, "pid"));

	json_decref(reply);
	for (int i = 0; pid > 0 && i < EXEC_POLLS; i++) {
		json_t *status = ask(domain,
				     json_pack("{s:s, s:{s:I}}", "execute", "guest-exec-status",
					       "arguments", "pid", pid),
				     &reply);
		const bool exited = json_is_true(json_object_get(status, "exited"));
		const json_int_t code = json_integer_value(json_object_get(status, "exitcode"));
		json_decref(reply);
		if (exited && code == 0)
			return 0;
		if (exited)
			break;
		(void)nanosleep(&pause, NULL);
	}
	return err_set(err, ERR_AGENT,
		       "the guest agent could not make the password expire; set another one again");
}

int agent_set_password(virDomainPtr domain, const struct host_password *password, struct err *err)
{
	char encoded[sizeof password->hash * 2];
	json_t *reply;

	(void)sodium_bin2base64(encoded, sizeof encoded, (const unsigned char *)password->hash,
				strlen(password->hash), sodium_base64_VARIANT_ORIGINAL);
	const json_t *done = ask(domain,
				 json_pack("{s:s, s:{s:s, s:s, s:b}}", "execute",
					   "guest-set-user-password", "arguments", "username",
					   password->user, "password", encoded, "crypted", 1),
				 &reply);
	const bool ok = json_is_object(done);
	json_decref(reply);
	sodium_memzero(encoded, sizeof encoded);
	if (!ok)
		return err_set(err, ERR_AGENT,
			       "the guest agent does not answer: the server must be running with "
			       "qemu-guest-agent in it");
	return expire(domain, password->user, err);
}

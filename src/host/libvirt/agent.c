#include "host/libvirt/agent.h"

#include <errno.h>
#include <jansson.h>
#include <libvirt/libvirt-qemu.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "host/libvirt/agent_reply.h"

#define AGENT_TIMEOUT_S 10
#define EXEC_POLLS      50
#define EXEC_POLL_MS    200

/* All that is ever asked of an agent; the list in the guest is packaging/firststep/qemu-ga.conf.
 * The last two are blocked there, and of use where nothing of ours is. */
static const char *const commands[] = {"guest-set-user-password", "guest-exec",
				       "guest-exec-status"};

static bool is_known(const json_t *command)
{
	const char *name = json_string_value(json_object_get(command, "execute"));

	for (size_t i = 0; name != NULL && i < ARRAY_SIZE(commands); i++)
		if (strcmp(name, commands[i]) == 0)
			return true;
	return false;
}

/* One command; the reply as it came, which the caller frees, or NULL. */
static char *ask(virDomainPtr domain, json_t *command)
{
	AUTO_FREE char *text = is_known(command) ? json_dumps(command, JSON_COMPACT) : NULL;
	char *reply;

	json_decref(command);
	if (text == NULL)
		return NULL;
	reply = virDomainQemuAgentCommand(domain, text, AGENT_TIMEOUT_S, 0);
	explicit_bzero(text, strlen(text));
	return reply;
}

bool agent_is_connected(virDomainPtr domain)
{
	AUTO_FREE char *xml = virDomainGetXMLDesc(domain, 0);
	const char *port = xml != NULL ? strstr(xml, "name='org.qemu.guest_agent.0'") : NULL;

	return port != NULL && strncmp(port + strlen("name='org.qemu.guest_agent.0'"),
				       " state='connected'", 18) == 0;
}

int agent_expire(virDomainPtr domain, const char *user, struct err *err)
{
	const struct timespec pause = {.tv_nsec = EXEC_POLL_MS * 1000000L};
	AUTO_FREE char *started =
		ask(domain, json_pack("{s:s, s:{s:s, s:[s, s, s]}}", "execute", "guest-exec",
				      "arguments", "path", "chage", "arg", "-d", "0", user));
	int64_t pid = 0;

	if (agent_reply_pid(started, &pid) < 0)
		pid = 0;
	for (int i = 0; pid > 0 && i < EXEC_POLLS; i++) {
		AUTO_FREE char *status =
			ask(domain, json_pack("{s:s, s:{s:I}}", "execute", "guest-exec-status",
					      "arguments", "pid", (json_int_t)pid));
		switch (agent_reply_exit(status)) {
		case AGENT_EXIT_GOOD:
			return 0;
		case AGENT_EXIT_BAD:
			pid = 0;
			break;
		case AGENT_EXIT_NOT_YET:
			(void)nanosleep(&pause, NULL);
			break;
		}
	}
	return err_set(err, ERR_AGENT,
		       "the guest agent could not make the password expire; set another one again");
}

int agent_set_password(virDomainPtr domain, const struct host_password *password, struct err *err)
{
	char encoded[sizeof password->hash * 2];

	(void)sodium_bin2base64(encoded, sizeof encoded, (const unsigned char *)password->hash,
				strlen(password->hash), sodium_base64_VARIANT_ORIGINAL);
	AUTO_FREE char *done =
		ask(domain, json_pack("{s:s, s:{s:s, s:s, s:b}}", "execute",
				      "guest-set-user-password", "arguments", "username",
				      password->user, "password", encoded, "crypted", 1));
	const bool ok = agent_reply_is_done(done);
	sodium_memzero(encoded, sizeof encoded);
	if (!ok)
		return err_set(err, ERR_AGENT,
			       "the guest agent does not answer: the server must be running with "
			       "qemu-guest-agent in it");
	return 0;
}

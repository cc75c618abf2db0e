// Domains that are on or off, and what their guests say of themselves.
#include "host/fake/fake.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"

#define MAX_REVIVED 64

static int domain_define(struct driver *driver, const struct host_domain *domain, struct err *err)
{
	struct fake *fake = self_of(driver);
	struct thing *thing;
	int code = fake_fault_begin(fake, "domain_define", err);

	if (code < 0)
		return code;
	if ((code = fake_network_check_cards(fake, domain, err)) < 0)
		return fake_fault_end(fake, code);
	code = fake_world_add(fake, HOST_ITEM_DOMAIN, domain->uuid, domain->server_id, &thing, err);
	if (code == 0) {
		memcpy(thing->name, domain->name, sizeof thing->name);
		thing->rescue = domain->rescue.image_id != 0;
		thing->no_agent = domain->no_agent;
	}
	return fake_fault_end(fake, code);
}

static int domain_undefine(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = fake_world_unmake(driver, "domain_undefine", HOST_ITEM_DOMAIN, uuid, err);

	if (code < 0)
		return code;
	guests_stop(fake->guests, uuid);
	if (fake->events.forget != NULL)
		fake->events.forget(fake->events.context, uuid);
	return 0;
}

/* A guest that starts gets a serial port, one that stops loses it. Called with the lock held. */
static int change_guest(struct fake *fake, const struct thing *domain, enum host_domain_state to,
			struct serial_line *line, struct err *err)
{
	if (to != HOST_DOMAIN_RUNNING) {
		guests_stop(fake->guests, domain->item.uuid);
		return 0;
	}
	line->run = ++fake->last_run;
	line->is_from_start = true;
	return guests_start(fake->guests, domain->item.uuid, domain->name, fake->habit, &line->fd,
			    err);
}

static void tell_line(struct fake *fake, const uint8_t *uuid, const struct serial_line *line)
{
	if (line->fd < 0)
		return;
	if (fake->events.line != NULL)
		fake->events.line(fake->events.context, uuid, line);
	else
		(void)close(line->fd);
}

static int change_power(struct driver *driver, const char *verb, const uint8_t *uuid,
			enum host_domain_state to, struct err *err)
{
	struct fake *fake = self_of(driver);
	struct serial_line line = {.fd = -1};
	int code = fake_fault_begin(fake, verb, err);
	bool changed;

	if (code < 0)
		return code;
	struct thing *domain = *fake_world_find(fake, HOST_ITEM_DOMAIN, uuid, 0);
	if (domain == NULL)
		return fake_fault_end(fake, err_set(err, ERR_NOT_FOUND,
						    "the server is not defined on this host"));
	changed = domain->item.state != to;
	if (changed && (code = change_guest(fake, domain, to, &line, err)) < 0)
		return fake_fault_end(fake, code);
	domain->item.state = (uint8_t)to;
	if (changed)
		domain->bytes = (uint64_t)clock_now_ms();
	if (changed)
		fake_world_record(fake, domain, '+');
	(void)fake_fault_end(fake, 0);
	tell_line(fake, uuid, &line);
	if (changed)
		fake->events.domain(fake->events.context, uuid, to);
	return 0;
}

/* All of them have the same: nobody connects to it. */
static const char fake_host_key[] =
	"host-key ssh-ed25519 "
	"AAAAC3NzaC1lZDI1NTE5AAAAILlprTpMuRDRaN+UeaQhEQmslPKf71cbR+tHVWxmtJGu";

static const char fake_rescue_key[] =
	"host-key ssh-ed25519 "
	"AAAAC3NzaC1lZDI1NTE5AAAAIFnqaxA+x7iujyZxTweKqmu7lf+4JjDtZgccs5d+8+IC";

#define REPORT_MAX_BYTES ((size_t)256 * 1024)

/* What guests say is in the file "report", if there is one: its lines, "@" being the question's
 * number. False without one. */
static bool say_report(const struct fake *fake, const uint8_t uuid[UUID_BYTES], const char *number)
{
	char path[FAKE_PATH_BYTES];
	struct buf text CLEANUP(buf_done) = {0};
	char *rest = NULL;

	fake_world_path(fake, "report", path);
	if (fd_read_file(AT_FDCWD, path, REPORT_MAX_BYTES, &text) < 0 || text.len == 0)
		return false;
	for (char *line = strtok_r((char *)text.data, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		char said[HOST_TEXT_BYTES * 2 + 1];
		const char *at = strchr(line, '@');
		if (at != NULL)
			(void)snprintf(said, sizeof said, "%.*s%s%s", (int)(at - line), line,
				       number, at + 1);
		else
			(void)snprintf(said, sizeof said, "%s", line);
		fake->events.report(fake->events.context, uuid, said);
	}
	return true;
}

static int guest_ask(struct driver *driver, const struct host_guest_ask *ask, struct err *err)
{
	struct fake *fake = self_of(driver);
	char line[HOST_ASK_MAX_BYTES];
	char *rest = NULL;
	int code = fake_fault_begin(fake, "guest_ask", err);

	if (code < 0)
		return code;
	const struct thing *domain = *fake_world_find(fake, HOST_ITEM_DOMAIN, ask->uuid, 0);
	const bool is_on = domain != NULL && domain->item.state == HOST_DOMAIN_RUNNING;
	const bool no_agent = domain != NULL && domain->no_agent;
	(void)fake_fault_end(fake, 0);
	if (no_agent)
		return err_set(err, ERR_AGENT_OFF, "the guest agent is switched off");
	if (!is_on)
		return err_set(err, ERR_SERVER_NOT_RUNNING, "the server is off: nobody answers");
	(void)snprintf(line, sizeof line, "%s", ask->line);
	(void)strtok_r(line, " ", &rest);
	const char *number = strtok_r(NULL, " ", &rest);
	(void)say_report(fake, ask->uuid, number != NULL ? number : "0");
	return 0;
}

static int domain_start(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	int code = change_power(driver, "domain_start", uuid, HOST_DOMAIN_RUNNING, err);

	if (code < 0)
		return code;
	struct fake *fake = self_of(driver);
	const struct driver_events *events = &fake->events;
	(void)pthread_mutex_lock(&fake->lock);
	const struct thing *domain = *fake_world_find(fake, HOST_ITEM_DOMAIN, uuid, 0);
	const bool is_rescue = domain != NULL && domain->rescue;
	(void)pthread_mutex_unlock(&fake->lock);
	/* A fake guest boots at once, and so does its rescue system. */
	if (is_rescue) {
		events->report(events->context, uuid, fake_rescue_key);
		return 0;
	}
	events->report(events->context, uuid, fake_host_key);
	(void)say_report(self_of(driver), uuid, "0");
	events->report(events->context, uuid, "first-boot done");
	return 0;
}

static int domain_shutdown(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	return change_power(driver, "domain_shutdown", uuid, HOST_DOMAIN_OFF, err);
}

static int domain_stop(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	return change_power(driver, "domain_stop", uuid, HOST_DOMAIN_OFF, err);
}

static int restart(struct driver *driver, const char *verb, const uint8_t *uuid, struct err *err)
{
	const struct fake *fake = self_of(driver);
	int code = change_power(driver, verb, uuid, HOST_DOMAIN_RUNNING, err);

	if (code == 0 && fake->events.mark != NULL)
		fake->events.mark(fake->events.context, uuid, SERIAL_MARK_RESET);
	return code;
}

static int domain_reboot(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	return restart(driver, "domain_reboot", uuid, err);
}

static int domain_reset(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	return restart(driver, "domain_reset", uuid, err);
}

static int domain_state(struct driver *driver, const uint8_t uuid[UUID_BYTES],
			enum host_domain_state *ret, struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = fake_fault_begin(fake, "domain_state", err);

	if (code < 0)
		return code;
	const struct thing *domain = *fake_world_find(fake, HOST_ITEM_DOMAIN, uuid, 0);
	*ret = domain != NULL ? (enum host_domain_state)domain->item.state : HOST_DOMAIN_ABSENT;
	return fake_fault_end(fake, 0);
}

static int password_set(struct driver *driver, const struct host_password *password,
			struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = fake_fault_begin(fake, "password_set", err);

	if (code < 0)
		return code;
	const struct thing *domain = *fake_world_find(fake, HOST_ITEM_DOMAIN, password->uuid, 0);
	return fake_fault_end(
		fake, domain == NULL || !domain->no_agent
			      ? 0
			      : err_set(err, ERR_AGENT_OFF, "the guest agent is switched off"));
}

/* Guests that were on when the process ended are on again, with no word of what they said
 * meanwhile. For thousands, as a measurement has, nobody looks at ports: they have none. */
void fake_power_revive(struct fake *fake)
{
	const struct thing *running[MAX_REVIVED];
	size_t count = 0;

	for (size_t i = 0; i < FAKE_BUCKETS; i++)
		for (const struct thing *thing = fake->buckets[i]; thing != NULL;
		     thing = thing->next) {
			if (thing->item.kind != HOST_ITEM_DOMAIN ||
			    thing->item.state != HOST_DOMAIN_RUNNING)
				continue;
			if (count == MAX_REVIVED)
				return;
			running[count++] = thing;
		}
	for (size_t i = 0; i < count; i++) {
		struct serial_line line = {.fd = -1};
		if (change_guest(fake, running[i], HOST_DOMAIN_RUNNING, &line, NULL) < 0)
			continue;
		line.is_from_start = false;
		tell_line(fake, running[i]->item.uuid, &line);
	}
}

void fake_power_verbs(struct driver_verbs *verbs)
{
	verbs->domain_define = domain_define;
	verbs->domain_undefine = domain_undefine;
	verbs->domain_start = domain_start;
	verbs->domain_shutdown = domain_shutdown;
	verbs->domain_stop = domain_stop;
	verbs->domain_reboot = domain_reboot;
	verbs->domain_reset = domain_reset;
	verbs->domain_state = domain_state;
	verbs->password_set = password_set;
	verbs->guest_ask = guest_ask;
}

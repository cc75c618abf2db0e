// What goes wrong because a test asked for it; the file "faults" is described in driver.c.
#include "host/fake/fake.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/parse.h"

#define FAULTS_BYTES 4096
#define HELD_POLL_US 2000

/* The verb that a worker is at, for its end. */
static _Thread_local const char *verb_here;

/* One line: "delay_ms N", "memory_mib N", "free_gib N", "serial HABIT" or "VERB CODE COUNT";
 * anything else asks for nothing. */
static void parse_fault(struct fake *fake, char *line)
{
	char *rest = NULL;
	const char *verb = strtok_r(line, " ", &rest);
	const char *code = strtok_r(NULL, " ", &rest);
	const char *count = strtok_r(NULL, " ", &rest);
	uint64_t number;

	if (code == NULL)
		return;
	if (count == NULL) {
		if (strcmp(verb, "delay_ms") == 0 && parse_u64(code, 0, UINT32_MAX, &number) == 0)
			fake->delay_ms = (unsigned)number;
		else if (strcmp(verb, "memory_mib") == 0)
			(void)parse_u64(code, 0, FAKE_MEMORY_MIB, &fake->memory_mib);
		else if (strcmp(verb, "free_gib") == 0)
			(void)parse_u64(code, 0, FAKE_DISK_GIB, &fake->free_gib);
		else if (strcmp(verb, "serial") == 0)
			fake->habit = guest_habit_of(code);
		return;
	}
	if (strcmp(verb, "guest") == 0) {
		if (fake->ending_count < FAKE_MAX_ENDINGS &&
		    parse_uuid(count, fake->endings[fake->ending_count].uuid) == 0)
			fake->endings[fake->ending_count++].to =
				strcmp(code, "ends") == 0 ? HOST_DOMAIN_OFF : HOST_DOMAIN_CRASHED;
		return;
	}
	if (fake->fault_count == FAKE_MAX_FAULTS || parse_u64(count, 0, UINT32_MAX, &number) < 0)
		return;
	struct fault *fault = &fake->faults[fake->fault_count++];
	(void)snprintf(fault->verb, sizeof fault->verb, "%s", verb);
	if (strcmp(code, "hold") == 0)
		fault->hold = HOLD_BEFORE;
	else if (strcmp(code, "hold_after") == 0)
		fault->hold = HOLD_AFTER;
	else
		fault->hold = HOLD_NOT;
	fault->code = err_from_name(code);
	fault->left = (unsigned)number;
}

static void parse_faults(struct fake *fake)
{
	AUTO_FREE char *text = strdup(buf_str(&fake->faults_text));
	char *rest = NULL;

	fake->fault_count = fake->ending_count = 0;
	fake->delay_ms = 0;
	fake->memory_mib = FAKE_MEMORY_MIB;
	fake->free_gib = FAKE_DISK_GIB;
	fake->habit = GUEST_ECHO;
	for (char *line = text != NULL ? strtok_r(text, "\n", &rest) : NULL; line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		parse_fault(fake, line);
}

static void read_faults(const struct fake *fake, struct buf *ret)
{
	char path[FAKE_PATH_BYTES];

	fake_world_path(fake, "faults", path);
	buf_clear(ret);
	(void)fd_read_file(AT_FDCWD, path, FAULTS_BYTES, ret);
}

/* The fault that is asked for now, NULL when none is; counted. With the lock held. */
static const struct fault *take_fault(struct fake *fake, const char *verb, bool after)
{
	for (size_t i = 0; i < fake->fault_count; i++) {
		struct fault *fault = &fake->faults[i];
		if (strcmp(fault->verb, verb) != 0 || fault->left == 0 ||
		    (fault->hold == HOLD_AFTER) != after)
			continue;
		fault->left--;
		return fault;
	}
	return NULL;
}

/* Waits until the faults are others. With the lock held, which is given up meanwhile. */
static void hold(struct fake *fake, const char *verb)
{
	struct buf then CLEANUP(buf_done) = {0}, now CLEANUP(buf_done) = {0};
	char path[FAKE_PATH_BYTES];

	(void)buf_append(&then, fake->faults_text.data, fake->faults_text.len);
	(void)pthread_mutex_unlock(&fake->lock);
	fake_world_path(fake, "held", path);
	(void)fd_write_file(AT_FDCWD, path, verb, strlen(verb), 0600);
	do {
		(void)usleep(HELD_POLL_US);
		read_faults(fake, &now);
	} while (strcmp(buf_str(&now), buf_str(&then)) == 0);
	(void)unlink(path);
	(void)pthread_mutex_lock(&fake->lock);
}

/* Guests that end by themselves. With the lock held, which is given up meanwhile. */
static void end_guests(struct fake *fake)
{
	while (fake->ending_count > 0) {
		const size_t at = --fake->ending_count;
		uint8_t uuid[UUID_BYTES];
		const enum host_domain_state to = fake->endings[at].to;

		memcpy(uuid, fake->endings[at].uuid, sizeof uuid);
		struct thing *domain = *fake_world_find(fake, HOST_ITEM_DOMAIN, uuid, 0);
		if (domain == NULL || domain->item.state != HOST_DOMAIN_RUNNING)
			continue;
		/* As libvirt has it: one that died is off, only its event says how. */
		domain->item.state = HOST_DOMAIN_OFF;
		domain->bytes = (uint64_t)clock_now_ms();
		fake_world_record(fake, domain, '+');
		(void)pthread_mutex_unlock(&fake->lock);
		if (to == HOST_DOMAIN_OFF)
			fake->events.domain(fake->events.context, uuid, HOST_DOMAIN_STOPPING);
		fake->events.domain(fake->events.context, uuid, to);
		(void)pthread_mutex_lock(&fake->lock);
	}
}

/* The beginning of every verb. 0 with the lock held, or the fault that was asked for without it. */
int fake_fault_begin(struct fake *fake, const char *verb, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	const struct fault *fault;

	read_faults(fake, &text);
	(void)pthread_mutex_lock(&fake->lock);
	verb_here = verb;
	if (strcmp(buf_str(&text), buf_str(&fake->faults_text)) != 0) {
		buf_clear(&fake->faults_text);
		(void)buf_append(&fake->faults_text, text.data, text.len);
		parse_faults(fake);
		end_guests(fake);
	}
	if (fake->delay_ms > 0) {
		const unsigned delay_ms = fake->delay_ms;
		(void)pthread_mutex_unlock(&fake->lock);
		(void)usleep(delay_ms * 1000);
		(void)pthread_mutex_lock(&fake->lock);
	}
	fault = take_fault(fake, verb, false);
	if (fault != NULL && fault->hold == HOLD_BEFORE) {
		hold(fake, verb);
	} else if (fault != NULL) {
		const int code = fault->code;
		(void)pthread_mutex_unlock(&fake->lock);
		return err_set(err, code, "%s failed, as was asked of the fake host", verb);
	}
	return 0;
}

int fake_fault_end(struct fake *fake, int code)
{
	if (code == 0 && take_fault(fake, verb_here, true) != NULL)
		hold(fake, verb_here);
	(void)pthread_mutex_unlock(&fake->lock);
	return code;
}

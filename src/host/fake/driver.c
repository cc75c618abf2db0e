/*
 * A host in memory, for tests of scale and of faults; never for showing that a feature works.
 *
 * What it holds survives its process, as disks and domains do: each change is a line in the file
 * "world" in host_dir, "+ KIND UUID NUMBER STATE BYTES" or "- KIND UUID NUMBER", which is read
 * again at the start. "boot_id" beside it, when there, is the machine's.
 *
 * Faults come from the file "faults" in host_dir, read at every verb: lines "VERB CODE COUNT", for
 * example "volume_create disk_full 1" or "domain_start hypervisor_unavailable 3". With the code
 * "hold" the verb stops before it does anything, with "hold_after" when all is done but its answer;
 * the file "held" says so with the verb's name, and it goes on when "faults" is another. "delay_ms
 * N" makes every verb slow, "memory_mib N" is the machine's memory; "serial HABIT" says what guests
 * that are started do with their serial port: echo, source, sink, deaf or identity (guest.h).
 * The file "ports" has what was said of private networks.
 * "guest crashes UUID" and "guest ends UUID" have that guest die, or switch itself off, at the next
 * verb of any.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/parse.h"
#include "host/driver.h"
#include "host/fake/guest.h"
#include "host/fake/load.h"
#include "host/image_updates.h"

#define BUCKETS         4096
#define MAX_FAULTS      32
#define MAX_ENDINGS     16
#define MAX_REVIVED     64
#define FAKE_MEMORY_MIB ((uint64_t)1024 * 1024 * 1024)
#define FAKE_DISK_BYTES ((uint64_t)1 << 50)
#define PATH_BYTES      (CONFIG_PATH_BYTES + 16)
#define FAULTS_BYTES    4096
#define HELD_POLL_US    2000

struct thing {
	struct thing *next;
	struct host_item item;
	uint64_t bytes; /* of a volume; of a domain: when its run began, in ms */
	bool rescue;    /* of a domain: its next start is the rescue system; not kept in "world" */
	char name[HOST_NAME_BYTES];
	bool no_agent;     /* of a domain: forgotten with the process, as its guest is */
	bool marks;        /* of a network: its filter marks new connections; not kept either */
	uint32_t rates[2]; /* of a network, to the server and from it; not kept in "world" */
	uint64_t ports[HOST_PORTS_MAX]; /* of a network: their ids; told again after a restart */
	size_t port_count;
};

enum hold { HOLD_NOT, HOLD_BEFORE, HOLD_AFTER };

struct fault {
	char verb[32];
	enum hold hold;
	int code;
	unsigned left;
};

struct fake {
	struct driver driver;
	struct driver_events events;
	const struct config *config;
	pthread_mutex_t lock;
	struct thing *buckets[BUCKETS];
	struct buf faults_text; /* as last read */
	struct fault faults[MAX_FAULTS];
	size_t fault_count;
	struct {
		uint8_t uuid[UUID_BYTES];
		enum host_domain_state to;
	} endings[MAX_ENDINGS];
	size_t ending_count;
	unsigned delay_ms;
	uint64_t memory_mib;
	int world_fd;
	enum guest_habit habit;
	struct guests *guests;
	uint64_t last_run;
};

/* The verb that a worker is at, for its end. */
static _Thread_local const char *verb_here;

static struct fake *self_of(struct driver *driver)
{
	return (struct fake *)driver;
}

/* One line: "delay_ms N", "memory_mib N", "serial HABIT" or "VERB CODE COUNT"; anything else asks
 * for nothing. */
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
		else if (strcmp(verb, "serial") == 0)
			fake->habit = guest_habit_of(code);
		return;
	}
	if (strcmp(verb, "guest") == 0) {
		if (fake->ending_count < MAX_ENDINGS &&
		    parse_uuid(count, fake->endings[fake->ending_count].uuid) == 0)
			fake->endings[fake->ending_count++].to =
				strcmp(code, "ends") == 0 ? HOST_DOMAIN_OFF : HOST_DOMAIN_CRASHED;
		return;
	}
	if (fake->fault_count == MAX_FAULTS || parse_u64(count, 0, UINT32_MAX, &number) < 0)
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
	fake->habit = GUEST_ECHO;
	for (char *line = text != NULL ? strtok_r(text, "\n", &rest) : NULL; line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		parse_fault(fake, line);
}

static void path_of(const struct fake *fake, const char *name, char path[PATH_BYTES])
{
	(void)snprintf(path, PATH_BYTES, "%s/%s", fake->config->host_dir, name);
}

static void read_faults(const struct fake *fake, struct buf *ret)
{
	char path[PATH_BYTES];

	path_of(fake, "faults", path);
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
	char path[PATH_BYTES];

	(void)buf_append(&then, fake->faults_text.data, fake->faults_text.len);
	(void)pthread_mutex_unlock(&fake->lock);
	path_of(fake, "held", path);
	(void)fd_write_file(AT_FDCWD, path, verb, strlen(verb), 0600);
	do {
		(void)usleep(HELD_POLL_US);
		read_faults(fake, &now);
	} while (strcmp(buf_str(&now), buf_str(&then)) == 0);
	(void)unlink(path);
	(void)pthread_mutex_lock(&fake->lock);
}

static struct thing **find(struct fake *fake, uint8_t kind, const uint8_t *uuid, uint64_t number);
static void record(const struct fake *fake, const struct thing *thing, char sign);

/* Guests that end by themselves. With the lock held, which is given up meanwhile. */
static void end_guests(struct fake *fake)
{
	while (fake->ending_count > 0) {
		const size_t at = --fake->ending_count;
		uint8_t uuid[UUID_BYTES];
		const enum host_domain_state to = fake->endings[at].to;

		memcpy(uuid, fake->endings[at].uuid, sizeof uuid);
		struct thing *domain = *find(fake, HOST_ITEM_DOMAIN, uuid, 0);
		if (domain == NULL || domain->item.state != HOST_DOMAIN_RUNNING)
			continue;
		/* As libvirt has it: one that died is off, only its event says how. */
		domain->item.state = HOST_DOMAIN_OFF;
		domain->bytes = (uint64_t)clock_now_ms();
		record(fake, domain, '+');
		(void)pthread_mutex_unlock(&fake->lock);
		if (to == HOST_DOMAIN_OFF)
			fake->events.domain(fake->events.context, uuid, HOST_DOMAIN_STOPPING);
		fake->events.domain(fake->events.context, uuid, to);
		(void)pthread_mutex_lock(&fake->lock);
	}
}

/* The beginning of every verb. 0 with the lock held, or the fault that was asked for without it. */
static int begin(struct fake *fake, const char *verb, struct err *err)
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

static int end(struct fake *fake, int code)
{
	if (code == 0 && take_fault(fake, verb_here, true) != NULL)
		hold(fake, verb_here);
	(void)pthread_mutex_unlock(&fake->lock);
	return code;
}

/* --- what survives --- */

static void record(const struct fake *fake, const struct thing *thing, char sign)
{
	char uuid[UUID_TEXT_BYTES];

	if (fake->world_fd < 0) /* it is being read */
		return;
	format_uuid(thing->item.uuid, uuid);
	(void)dprintf(fake->world_fd, "%c %u %s %llu %u %llu\n", sign, thing->item.kind, uuid,
		      (unsigned long long)thing->item.number, thing->item.state,
		      (unsigned long long)thing->bytes);
}

static struct thing **find(struct fake *fake, uint8_t kind, const uint8_t *uuid, uint64_t number)
{
	static const uint8_t none[UUID_BYTES];
	const uint8_t *key = uuid != NULL ? uuid : none;
	const bool by_number = kind == HOST_ITEM_VOLUME || kind == HOST_ITEM_IMAGE;
	const uint64_t mix = kind != HOST_ITEM_IMAGE ? ((uint64_t)key[0] << 8 | key[1]) : number;
	struct thing **at = &fake->buckets[mix % BUCKETS];

	while (*at != NULL &&
	       ((*at)->item.kind != kind || memcmp((*at)->item.uuid, key, UUID_BYTES) != 0 ||
		(by_number && (*at)->item.number != number)))
		at = &(*at)->next;
	return at;
}

static int add(struct fake *fake, uint8_t kind, const uint8_t *uuid, uint64_t number,
	       struct thing **ret, struct err *err)
{
	struct thing **at = find(fake, kind, uuid, number);

	if (*at == NULL) {
		*at = calloc(1, sizeof **at);
		if (*at == NULL)
			return err_set(err, -ENOMEM, "no memory");
		(*at)->item.kind = kind;
		(*at)->item.number = number;
		(*at)->item.state = kind == HOST_ITEM_DOMAIN ? HOST_DOMAIN_OFF : 0;
		if (uuid != NULL)
			memcpy((*at)->item.uuid, uuid, UUID_BYTES);
		record(fake, *at, '+');
	}
	if (ret != NULL)
		*ret = *at;
	return 0;
}

static void drop(struct fake *fake, uint8_t kind, const uint8_t *uuid, uint64_t number)
{
	struct thing **at = find(fake, kind, uuid, number), *gone = *at;

	if (gone != NULL) {
		record(fake, gone, '-');
		*at = gone->next;
		free(gone);
	}
}

/* One line of "world"; false when it is none. */
static bool replay(struct fake *fake, char *line)
{
	uint64_t kind, number, state, bytes;
	uint8_t uuid[UUID_BYTES];
	char *rest = NULL;
	const char *words[6];
	struct thing *thing;

	for (size_t i = 0; i < 6; i++) {
		words[i] = strtok_r(i == 0 ? line : NULL, " \n", &rest);
		if (words[i] == NULL)
			return false;
	}
	if (parse_u64(words[1], 1, HOST_ITEM_IMAGE, &kind) < 0 || parse_uuid(words[2], uuid) < 0 ||
	    parse_u64(words[3], 0, UINT64_MAX, &number) < 0 ||
	    parse_u64(words[4], 0, UINT8_MAX, &state) < 0 ||
	    parse_u64(words[5], 0, UINT64_MAX, &bytes) < 0)
		return false;
	if (*words[0] == '-') {
		drop(fake, (uint8_t)kind, uuid, number);
		return true;
	}
	if (add(fake, (uint8_t)kind, uuid, number, &thing, NULL) < 0)
		return false;
	thing->item.state = (uint8_t)state;
	thing->bytes = bytes;
	return true;
}

static int open_world(struct fake *fake, struct err *err)
{
	char path[PATH_BYTES];
	AUTO_FREE char *line = NULL;
	size_t cap = 0;
	bool good = true;
	FILE *file;

	fake->world_fd = -1;
	path_of(fake, "world", path);
	file = fopen(path, "re");
	while (file != NULL && good && getline(&line, &cap, file) > 0)
		good = replay(fake, line);
	if (file != NULL)
		(void)fclose(file);
	if (!good)
		return err_set(err, ERR_CORRUPT, "%s: a line that is none", path);
	fake->world_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return fake->world_fd < 0 ? err_set(err, -errno, "%s: %s", path, strerror(errno)) : 0;
}

static int facts(struct driver *driver, struct host_facts *ret, struct err *err)
{
	struct fake *fake = self_of(driver);
	struct host_facts facts = {
		.cpus = 64, .pool_bytes = FAKE_DISK_BYTES, .pool_free_bytes = FAKE_DISK_BYTES};
	struct buf boot_id CLEANUP(buf_done) = {0};
	char path[PATH_BYTES];
	int code = begin(fake, "facts", err);

	if (code < 0)
		return code;
	facts.memory_mib = fake->memory_mib;
	(void)snprintf(facts.hostname, sizeof facts.hostname, "fake");
	(void)snprintf(facts.driver, sizeof facts.driver, "fake");
	(void)snprintf(facts.virtualization, sizeof facts.virtualization, "none");
	(void)snprintf(facts.reason, sizeof facts.reason, "the fake driver runs no servers");
	(void)snprintf(facts.hypervisor, sizeof facts.hypervisor, "fake");
	path_of(fake, "boot_id", path);
	(void)fd_read_file(AT_FDCWD, path, sizeof facts.boot_id, &boot_id);
	(void)snprintf(facts.boot_id, sizeof facts.boot_id, "%.36s",
		       boot_id.len > 0 ? buf_str(&boot_id)
				       : "00000000-0000-0000-0000-000000000000");
	*ret = facts;
	return end(fake, 0);
}

static int inventory(struct driver *driver, driver_item *item, void *context, struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = begin(fake, "inventory", err);

	if (code < 0)
		return code;
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct thing *thing = fake->buckets[i]; thing != NULL;
		     thing = thing->next)
			item(context, &thing->item);
	return end(fake, 0);
}

static int image_import(struct driver *driver, const struct host_image_import *import, int fd,
			driver_progress *progress, void *context, struct host_image_facts *ret,
			struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = begin(fake, "image_import", err);

	if (code < 0)
		return code;
	code = add(fake, HOST_ITEM_IMAGE, NULL, import->image_id, NULL, err);
	*ret = (struct host_image_facts){.virtual_bytes = 1U << 30, .file_bytes = 1U << 28};
	memcpy(ret->checksum, import->checksum, sizeof ret->checksum);
	return end(fake, code);
}

static int image_delete(struct driver *driver, uint64_t image_id, struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = begin(fake, "image_delete", err);

	if (code < 0)
		return code;
	drop(fake, HOST_ITEM_IMAGE, NULL, image_id);
	return end(fake, 0);
}

static int image_facts(struct driver *driver, uint64_t image_id, struct host_image_facts *ret,
		       struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = begin(fake, "image_facts", err);

	if (code < 0)
		return code;
	if (*find(fake, HOST_ITEM_IMAGE, NULL, image_id) == NULL)
		return end(fake, err_set(err, ERR_IMAGE_MISSING, "image %llu is not on this host",
					 (unsigned long long)image_id));
	*ret = (struct host_image_facts){.virtual_bytes = 1U << 30, .file_bytes = 1U << 28};
	return end(fake, 0);
}

/* Nothing of it needs a hypervisor: it is looked at in earnest. */
static int image_updates(struct driver *driver, const struct host_package_list *list,
			 struct host_updates *ret, struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = begin(fake, "image_updates", err);

	if (code < 0)
		return code;
	code = end(fake, 0); /* not under the lock */
	return code < 0 ? code : image_updates_look(fake->config, list, ret, err);
}

static int volume_create(struct driver *driver, const struct host_volume *volume, struct err *err)
{
	struct fake *fake = self_of(driver);
	struct thing *thing;
	int code = begin(fake, "volume_create", err);

	if (code < 0)
		return code;
	code = add(fake, HOST_ITEM_VOLUME, volume->uuid, volume->generation, &thing, err);
	if (code == 0) {
		thing->bytes = volume->bytes;
		record(fake, thing, '+');
	}
	return end(fake, code);
}

static int volume_grow(struct driver *driver, const struct host_volume *volume, struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = begin(fake, "volume_grow", err);

	if (code < 0)
		return code;
	struct thing *thing = *find(fake, HOST_ITEM_VOLUME, volume->uuid, volume->generation);
	if (thing == NULL)
		return end(fake, err_set(err, ERR_NOT_FOUND, "there is no such volume"));
	if (thing->bytes < volume->bytes) {
		thing->bytes = volume->bytes;
		record(fake, thing, '+');
	}
	return end(fake, 0);
}

static int volume_delete(struct driver *driver, const struct host_volume *volume, struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = begin(fake, "volume_delete", err);

	if (code < 0)
		return code;
	drop(fake, HOST_ITEM_VOLUME, volume->uuid, volume->generation);
	return end(fake, 0);
}

/* What is made or dropped by the server's UUID alone. */
static int make(struct driver *driver, const char *verb, uint8_t kind, const uint8_t *uuid,
		uint64_t number, struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = begin(fake, verb, err);

	return code < 0 ? code : end(fake, add(fake, kind, uuid, number, NULL, err));
}

static int unmake(struct driver *driver, const char *verb, uint8_t kind, const uint8_t *uuid,
		  struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = begin(fake, verb, err);

	if (code < 0)
		return code;
	drop(fake, kind, uuid, 0);
	return end(fake, 0);
}

/* The newest seed's user-data is in the file "seed", for who wants to see what a guest would read.
 * It is of no use after a crash, so it waits for no disk. */
static int keep_text(struct fake *fake, const char *name, const void *text, size_t bytes,
		     struct err *err)
{
	char path[PATH_BYTES];
	int code = 0;

	path_of(fake, name, path);
	(void)pthread_mutex_lock(&fake->lock);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	code = fd < 0 ? -errno : fd_write_all(fd, text, bytes);
	(void)pthread_mutex_unlock(&fake->lock);
	return code < 0 ? err_set(err, code, "cannot write %s", path) : 0;
}

static int keep_seed(struct fake *fake, const struct host_seed *seed, struct err *err)
{
	int r = keep_text(fake, "seed", seed->user_data, seed->user_data_bytes, err);

	return r < 0 ? r
		     : keep_text(fake, "seed-keys", seed->meta_data, strlen(seed->meta_data), err);
}

static int seed_create(struct driver *driver, const struct host_seed *seed, struct err *err)
{
	int r = make(driver, "seed_create", HOST_ITEM_SEED, seed->uuid, 0, err);

	return r < 0 ? r : keep_seed(self_of(driver), seed, err);
}

static int seed_delete(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	return unmake(driver, "seed_delete", HOST_ITEM_SEED, uuid, err);
}

/* The bytes of a network are the version of its filter. */
static void note_filter(struct fake *fake, struct thing *thing, const struct host_filter *filter,
			bool older_too)
{
	if (thing->bytes <= filter->version || older_too) {
		thing->rates[0] = filter->rate_in_mbit;
		thing->rates[1] = filter->rate_out_mbit;
		thing->marks = filter->mark != 0;
	}
	if (thing->bytes < filter->version || (older_too && thing->bytes != filter->version)) {
		thing->bytes = filter->version;
		record(fake, thing, '+');
	}
}

/* The newest word about each server's private networks is in the file "ports", a line each: "UUID
 * NETWORK MAC IP ALIAS…" for each port, and "UUID -" when there is none. */
static void note_ports(const struct fake *fake, struct thing *thing,
		       const struct host_network *network)
{
	struct buf text CLEANUP(buf_done) = {0};
	char path[PATH_BYTES], uuid[UUID_TEXT_BYTES], mac[MAC_TEXT_BYTES], ip[IP_TEXT_BYTES];

	if (thing->port_count == 0 && network->port_count == 0)
		return;
	format_uuid(network->uuid, uuid);
	(void)buf_puts(&text, uuid);
	if (network->port_count == 0)
		(void)buf_puts(&text, " -");
	thing->port_count = 0;
	for (size_t i = 0; i < network->port_count; i++) {
		const struct host_port *port = &network->ports[i];
		thing->ports[thing->port_count++] = port->id;
		format_mac(port->mac, mac);
		ip_format(&port->ip, ip);
		(void)buf_printf(&text, " %llu %s %s", (unsigned long long)port->network_id, mac,
				 ip);
		for (size_t n = 0; n < port->alias_count; n++) {
			ip_format(&port->aliases[n], ip);
			(void)buf_printf(&text, " +%s", ip);
		}
	}
	(void)buf_putc(&text, '\n');
	path_of(fake, "ports", path);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd >= 0)
		(void)fd_write_all(fd, text.data, text.len);
}

static int network_set(struct driver *driver, const struct host_network *network, struct err *err)
{
	struct fake *fake = self_of(driver);
	struct thing *thing;
	int code = begin(fake, "network_set", err);

	if (code < 0)
		return code;
	code = add(fake, HOST_ITEM_NETWORK, network->uuid, network->server_id, &thing, err);
	if (code == 0) {
		note_filter(fake, thing, &network->filter, false);
		note_ports(fake, thing, network);
	}
	return end(fake, code);
}

static struct thing *network_of(struct fake *fake, const uint8_t uuid[UUID_BYTES])
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct thing *thing = fake->buckets[i]; thing != NULL; thing = thing->next)
			if (thing->item.kind == HOST_ITEM_NETWORK &&
			    memcmp(thing->item.uuid, uuid, UUID_BYTES) == 0)
				return thing;
	return NULL;
}

static int filter_set(struct driver *driver, const struct host_filter_change *change,
		      uint64_t *ret_version, struct err *err)
{
	struct fake *fake = self_of(driver);
	struct thing *thing;
	int code = begin(fake, "filter_set", err);

	if (code < 0)
		return code;
	thing = network_of(fake, change->uuid);
	if (thing == NULL)
		return end(fake, err_set(err, ERR_NOT_FOUND, "the server has no network"));
	note_filter(fake, thing, &change->filter, false);
	*ret_version = thing->bytes;
	return end(fake, 0);
}

static uint64_t filter_version(struct driver *driver, const uint8_t uuid[UUID_BYTES])
{
	struct fake *fake = self_of(driver);
	const struct thing *thing;
	uint64_t version;

	(void)pthread_mutex_lock(&fake->lock);
	thing = network_of(fake, uuid);
	version = thing != NULL ? thing->bytes : 0;
	(void)pthread_mutex_unlock(&fake->lock);
	return version;
}

/* Nothing ever comes to a server of its, so nothing was refused. What bounds its bandwidth counts,
 * as on a host: here its limit, that so much was dropped of. */
static int filter_status(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct buf *answer,
			 struct err *err)
{
	struct fake *fake = self_of(driver);
	const struct thing *thing;
	int code = begin(fake, "filter_status", err);

	if (code < 0)
		return code;
	thing = network_of(fake, uuid);
	if (thing == NULL)
		return end(fake, err_set(err, ERR_NOT_FOUND, "the server has no network"));
	write_u32(answer, (uint32_t)(thing->rates[0] > 0) + (uint32_t)(thing->rates[1] > 0));
	for (size_t i = 0; i < 2; i++) {
		const struct host_counter counter = {.kind = i == 0 ? HOST_COUNT_RATE_IN
								    : HOST_COUNT_RATE_OUT,
						     .packets = thing->rates[i]};
		if (thing->rates[i] > 0)
			host_counter_write(answer, &counter);
	}
	write_u32(answer, 0);
	return end(fake, 0);
}

/* From where somebody came: what a test has written, an address a line. */
static int filter_came(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct buf *answer,
		       struct err *err)
{
	struct fake *fake = self_of(driver);
	struct buf text CLEANUP(buf_done) = {0}, found CLEANUP(buf_done) = {0};
	const struct thing *thing;
	char path[PATH_BYTES], *rest = NULL;
	uint32_t count = 0;
	int code = begin(fake, "filter_came", err);

	if (code < 0)
		return code;
	thing = network_of(fake, uuid);
	if (thing == NULL)
		return end(fake, err_set(err, ERR_NOT_FOUND, "the server has no network"));
	path_of(fake, "came", path);
	if (thing->marks)
		(void)fd_read_file(AT_FDCWD, path, FAULTS_BYTES, &text);
	for (char *line =
		     strtok_r(text.len > 0 ? (char *)(uintptr_t)buf_str(&text) : NULL, "\n", &rest);
	     line != NULL && count < HOST_CAME_MAX; line = strtok_r(NULL, "\n", &rest)) {
		struct ip ip;
		if (ip_parse(line, &ip) < 0)
			continue;
		host_ip_write(&found, &ip);
		count++;
	}
	write_u32(answer, count);
	write_bytes(answer, found.data, found.len);
	return end(fake, 0);
}

static int network_clear(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	return unmake(driver, "network_clear", HOST_ITEM_NETWORK, uuid, err);
}

static int network_sync(struct driver *driver, const struct host_network *networks, size_t count,
			struct err *err)
{
	struct fake *fake = self_of(driver);
	char ports[PATH_BYTES];
	int code = begin(fake, "network_sync", err);

	if (code < 0)
		return code;
	path_of(fake, "ports", ports); /* it is told anew */
	(void)unlink(ports);
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct thing **at = &fake->buckets[i], *gone; (gone = *at) != NULL;) {
			if (gone->item.kind == HOST_ITEM_NETWORK) {
				record(fake, gone, '-');
				*at = gone->next;
				free(gone);
			} else {
				at = &gone->next;
			}
		}
	for (size_t i = 0; code == 0 && i < count; i++) {
		struct thing *thing;
		code = add(fake, HOST_ITEM_NETWORK, networks[i].uuid, networks[i].server_id, &thing,
			   err);
		if (code == 0) {
			note_filter(fake, thing, &networks[i].filter, true);
			note_ports(fake, thing, &networks[i]);
		}
	}
	return end(fake, code);
}

/* As QEMU would: a card is plugged into a tap that is there. */
static int check_cards(struct fake *fake, const struct host_domain *domain, struct err *err)
{
	const struct thing *network = network_of(fake, domain->uuid);

	for (size_t i = 0; i < domain->card_count; i++) {
		bool found = false;
		for (size_t n = 0; network != NULL && n < network->port_count; n++)
			found |= network->ports[n] == domain->cards[i].port_id;
		if (!found)
			return err_set(err, ERR_HYPERVISOR_FAILED, "there is no tap for a card");
	}
	return 0;
}

static int domain_define(struct driver *driver, const struct host_domain *domain, struct err *err)
{
	struct fake *fake = self_of(driver);
	struct thing *thing;
	int code = begin(fake, "domain_define", err);

	if (code < 0)
		return code;
	if ((code = check_cards(fake, domain, err)) < 0)
		return end(fake, code);
	code = add(fake, HOST_ITEM_DOMAIN, domain->uuid, domain->server_id, &thing, err);
	if (code == 0) {
		memcpy(thing->name, domain->name, sizeof thing->name);
		thing->rescue = domain->rescue.image_id != 0;
		thing->no_agent = domain->no_agent;
	}
	return end(fake, code);
}

static int domain_undefine(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = unmake(driver, "domain_undefine", HOST_ITEM_DOMAIN, uuid, err);

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
	int code = begin(fake, verb, err);
	bool changed;

	if (code < 0)
		return code;
	struct thing *domain = *find(fake, HOST_ITEM_DOMAIN, uuid, 0);
	if (domain == NULL)
		return end(fake,
			   err_set(err, ERR_NOT_FOUND, "the server is not defined on this host"));
	changed = domain->item.state != to;
	if (changed && (code = change_guest(fake, domain, to, &line, err)) < 0)
		return end(fake, code);
	domain->item.state = (uint8_t)to;
	if (changed)
		domain->bytes = (uint64_t)clock_now_ms();
	if (changed)
		record(fake, domain, '+');
	(void)end(fake, 0);
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
	char path[PATH_BYTES];
	struct buf text CLEANUP(buf_done) = {0};
	char *rest = NULL;

	path_of(fake, "report", path);
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
	int code = begin(fake, "guest_ask", err);

	if (code < 0)
		return code;
	const struct thing *domain = *find(fake, HOST_ITEM_DOMAIN, ask->uuid, 0);
	const bool is_on = domain != NULL && domain->item.state == HOST_DOMAIN_RUNNING;
	const bool no_agent = domain != NULL && domain->no_agent;
	(void)end(fake, 0);
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
	const struct thing *domain = *find(fake, HOST_ITEM_DOMAIN, uuid, 0);
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

/* 0 with the lock held. */
static int begin_running(struct fake *fake, const char *verb, const uint8_t *uuid, struct err *err)
{
	int code = begin(fake, verb, err);

	if (code < 0)
		return code;
	const struct thing *domain = *find(fake, HOST_ITEM_DOMAIN, uuid, 0);
	if (domain == NULL)
		return end(fake,
			   err_set(err, ERR_NOT_FOUND, "the server is not defined on this host"));
	if (domain->item.state != HOST_DOMAIN_RUNNING)
		return end(fake, err_set(err, ERR_SERVER_NOT_RUNNING,
					 "the server is off: it has no screen now"));
	return 0;
}

static int vnc_open(struct driver *driver, const uint8_t uuid[UUID_BYTES], int *ret_fd,
		    struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = begin_running(fake, "vnc_open", uuid, err);

	return code < 0 ? code : end(fake, guests_screen(fake->guests, uuid, ret_fd, err));
}

static int screenshot(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct buf *png,
		      struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = begin_running(fake, "screenshot", uuid, err);

	return code < 0 ? code : end(fake, guests_picture(uuid, png, err));
}

static int domain_state(struct driver *driver, const uint8_t uuid[UUID_BYTES],
			enum host_domain_state *ret, struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = begin(fake, "domain_state", err);

	if (code < 0)
		return code;
	const struct thing *domain = *find(fake, HOST_ITEM_DOMAIN, uuid, 0);
	*ret = domain != NULL ? (enum host_domain_state)domain->item.state : HOST_DOMAIN_ABSENT;
	return end(fake, 0);
}

static int password_set(struct driver *driver, const struct host_password *password,
			struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = begin(fake, "password_set", err);

	if (code < 0)
		return code;
	const struct thing *domain = *find(fake, HOST_ITEM_DOMAIN, password->uuid, 0);
	return end(fake, domain == NULL || !domain->no_agent
				 ? 0
				 : err_set(err, ERR_AGENT_OFF, "the guest agent is switched off"));
}

/* An epoch for each of a guest's runs: what it sent before is not counted here any more. */
static int traffic(struct driver *driver, driver_traffic *of, void *context, struct err *err)
{
	struct fake *fake = self_of(driver);
	const int64_t now_ms = clock_now_ms();
	int code = begin(fake, "traffic", err);

	if (code < 0)
		return code;
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct thing *thing = fake->buckets[i]; thing != NULL;
		     thing = thing->next) {
			struct host_traffic one = {.epoch = thing->bytes};
			struct host_sample load;
			if (thing->item.kind != HOST_ITEM_DOMAIN ||
			    thing->item.state != HOST_DOMAIN_RUNNING)
				continue;
			load_of(thing->item.uuid, (int64_t)thing->bytes, now_ms, &load);
			memcpy(one.uuid, thing->item.uuid, UUID_BYTES);
			one.in_bytes = load.values[HOST_NET_IN_BYTES];
			one.out_bytes = load.values[HOST_NET_OUT_BYTES];
			of(context, &one);
		}
	return end(fake, 0);
}

static int statistics(struct driver *driver, driver_sample *sample, void *context, struct err *err)
{
	struct fake *fake = self_of(driver);
	const int64_t now_ms = clock_now_ms();
	int code = begin(fake, "statistics", err);

	if (code < 0)
		return code;
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct thing *thing = fake->buckets[i]; thing != NULL;
		     thing = thing->next) {
			struct host_sample one;
			if (thing->item.kind != HOST_ITEM_DOMAIN ||
			    thing->item.state != HOST_DOMAIN_RUNNING)
				continue;
			load_of(thing->item.uuid, (int64_t)thing->bytes, now_ms, &one);
			sample(context, &one);
		}
	return end(fake, 0);
}

static void free_driver(struct driver *driver)
{
	struct fake *fake = self_of(driver);

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct thing *thing = fake->buckets[i], *next; thing != NULL; thing = next) {
			next = thing->next;
			free(thing);
		}
	guests_free(fake->guests);
	buf_done(&fake->faults_text);
	if (fake->world_fd >= 0)
		(void)close(fake->world_fd);
	(void)pthread_mutex_destroy(&fake->lock);
	free(fake);
}

static const struct driver_verbs verbs = {
	.facts = facts,
	.inventory = inventory,
	.image_import = image_import,
	.image_delete = image_delete,
	.image_facts = image_facts,
	.image_updates = image_updates,
	.volume_create = volume_create,
	.volume_grow = volume_grow,
	.volume_delete = volume_delete,
	.seed_create = seed_create,
	.seed_delete = seed_delete,
	.network_set = network_set,
	.network_clear = network_clear,
	.network_sync = network_sync,
	.filter_set = filter_set,
	.filter_version = filter_version,
	.filter_status = filter_status,
	.filter_came = filter_came,
	.traffic = traffic,
	.domain_define = domain_define,
	.domain_undefine = domain_undefine,
	.domain_start = domain_start,
	.domain_shutdown = domain_shutdown,
	.domain_stop = domain_stop,
	.domain_reboot = domain_reboot,
	.domain_reset = domain_reset,
	.domain_state = domain_state,
	.password_set = password_set,
	.guest_ask = guest_ask,
	.vnc_open = vnc_open,
	.screenshot = screenshot,
	.statistics = statistics,
	.free = free_driver,
};

/* Guests that were on when the process ended are on again, with no word of what they said
 * meanwhile. For thousands, as a measurement has, nobody looks at ports: they have none. */
static void revive_guests(struct fake *fake)
{
	const struct thing *running[MAX_REVIVED];
	size_t count = 0;

	for (size_t i = 0; i < BUCKETS; i++)
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

int fake_driver_new(const struct config *config, const struct driver_events *events,
		    struct driver **ret, struct err *err)
{
	struct fake *fake = calloc(1, sizeof *fake);
	int code;

	if (fake == NULL)
		return err_set(err, -ENOMEM, "no memory");
	if ((code = guests_new(config->host_dir, &fake->guests, err)) < 0) {
		free(fake);
		return code;
	}
	fake->driver.verbs = &verbs;
	fake->events = *events;
	fake->config = config;
	fake->memory_mib = FAKE_MEMORY_MIB;
	(void)pthread_mutex_init(&fake->lock, NULL);
	code = open_world(fake, err);
	if (code < 0) {
		free_driver(&fake->driver);
		return code;
	}
	revive_guests(fake);
	*ret = &fake->driver;
	return 0;
}

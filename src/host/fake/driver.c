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
 * N" makes every verb slow, "memory_mib N" is the machine's memory, "free_gib N" what its disk has
 * free; "serial HABIT" says what guests that are started do with their serial port: echo, source,
 * sink, deaf or identity (guest.h). "guest crashes UUID" and "guest ends UUID" have that guest die,
 * or switch itself off, at the next verb of any.
 * The file "ports" has what was said of private networks.
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
#include "host/fake/fake.h"
#include "host/fake/load.h"

static int facts(struct driver *driver, struct host_facts *ret, struct err *err)
{
	struct fake *fake = self_of(driver);
	struct host_facts facts = {.cpus = 64, .pool_bytes = FAKE_DISK_GIB << 30};
	struct buf boot_id CLEANUP(buf_done) = {0};
	char path[FAKE_PATH_BYTES];
	int code = fake_fault_begin(fake, "facts", err);

	if (code < 0)
		return code;
	facts.memory_mib = fake->memory_mib;
	facts.pool_free_bytes = fake->free_gib << 30;
	(void)snprintf(facts.hostname, sizeof facts.hostname, "fake");
	(void)snprintf(facts.driver, sizeof facts.driver, "fake");
	(void)snprintf(facts.virtualization, sizeof facts.virtualization, "none");
	(void)snprintf(facts.reason, sizeof facts.reason, "the fake driver runs no servers");
	(void)snprintf(facts.hypervisor, sizeof facts.hypervisor, "fake");
	fake_world_path(fake, "boot_id", path);
	(void)fd_read_file(AT_FDCWD, path, sizeof facts.boot_id, &boot_id);
	(void)snprintf(facts.boot_id, sizeof facts.boot_id, "%.36s",
		       boot_id.len > 0 ? buf_str(&boot_id)
				       : "00000000-0000-0000-0000-000000000000");
	*ret = facts;
	return fake_fault_end(fake, 0);
}

static int inventory(struct driver *driver, driver_item *item, void *context, struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = fake_fault_begin(fake, "inventory", err);

	if (code < 0)
		return code;
	for (size_t i = 0; i < FAKE_BUCKETS; i++)
		for (const struct thing *thing = fake->buckets[i]; thing != NULL;
		     thing = thing->next)
			item(context, &thing->item);
	return fake_fault_end(fake, 0);
}

static int statistics(struct driver *driver, driver_sample *sample, void *context, struct err *err)
{
	struct fake *fake = self_of(driver);
	const int64_t now_ms = clock_now_ms();
	int code = fake_fault_begin(fake, "statistics", err);

	if (code < 0)
		return code;
	for (size_t i = 0; i < FAKE_BUCKETS; i++)
		for (const struct thing *thing = fake->buckets[i]; thing != NULL;
		     thing = thing->next) {
			struct host_sample one;
			if (thing->item.kind != HOST_ITEM_DOMAIN ||
			    thing->item.state != HOST_DOMAIN_RUNNING)
				continue;
			load_of(thing->item.uuid, (int64_t)thing->bytes, now_ms, &one);
			sample(context, &one);
		}
	return fake_fault_end(fake, 0);
}

static void free_driver(struct driver *driver)
{
	struct fake *fake = self_of(driver);

	for (size_t i = 0; i < FAKE_BUCKETS; i++)
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

/* The same for every driver there is; filled when the first is made. */
static struct driver_verbs verbs;

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
	verbs = (struct driver_verbs){.facts = facts,
				      .inventory = inventory,
				      .statistics = statistics,
				      .free = free_driver};
	fake_storage_verbs(&verbs);
	fake_network_verbs(&verbs);
	fake_power_verbs(&verbs);
	fake_console_verbs(&verbs);
	fake->driver.verbs = &verbs;
	fake->events = *events;
	fake->config = config;
	fake->memory_mib = FAKE_MEMORY_MIB;
	fake->free_gib = FAKE_DISK_GIB;
	(void)pthread_mutex_init(&fake->lock, NULL);
	code = fake_world_open(fake, err);
	if (code < 0) {
		free_driver(&fake->driver);
		return code;
	}
	fake_power_revive(fake);
	*ret = &fake->driver;
	return 0;
}

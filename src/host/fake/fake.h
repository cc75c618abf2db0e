// Inside the host in memory: what it holds, its faults, and which of its files knows which verbs.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/config.h"
#include "host/driver.h"
#include "host/fake/guest.h"

#define FAKE_BUCKETS     4096
#define FAKE_MAX_FAULTS  32
#define FAKE_MAX_ENDINGS 16
#define FAKE_PATH_BYTES  (CONFIG_PATH_BYTES + 16)
#define FAKE_DISK_GIB    ((uint64_t)1024 * 1024)
#define FAKE_MEMORY_MIB  ((uint64_t)1024 * 1024 * 1024)

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
	struct thing *buckets[FAKE_BUCKETS];
	struct buf faults_text; /* as last read */
	struct fault faults[FAKE_MAX_FAULTS];
	size_t fault_count;
	struct {
		uint8_t uuid[UUID_BYTES];
		enum host_domain_state to;
	} endings[FAKE_MAX_ENDINGS];
	size_t ending_count;
	unsigned delay_ms;
	uint64_t memory_mib;
	uint64_t free_gib;
	int world_fd;
	enum guest_habit habit;
	struct guests *guests;
	uint64_t last_run;
};

static inline struct fake *self_of(struct driver *driver)
{
	return (struct fake *)driver;
}

/* --- fake_fault.c --- */

/** fake_fault_begin() - the beginning of every verb. 0 with the lock held, or the fault that was
 * asked for without it. */
int fake_fault_begin(struct fake *fake, const char *verb, struct err *err);
/** fake_fault_end() - its end: gives the lock up, and returns @code. */
int fake_fault_end(struct fake *fake, int code);

/* --- fake_world.c: all with the lock held, but the last two and those of paths --- */

void fake_world_path(const struct fake *fake, const char *name, char path[FAKE_PATH_BYTES]);
/** fake_world_open() - read what the last process held, and go on writing it down. */
int fake_world_open(struct fake *fake, struct err *err);
/** fake_world_find() - where it is; what that points to is NULL when there is none. */
struct thing **fake_world_find(struct fake *fake, uint8_t kind, const uint8_t *uuid,
			       uint64_t number);
int fake_world_add(struct fake *fake, uint8_t kind, const uint8_t *uuid, uint64_t number,
		   struct thing **ret, struct err *err);
void fake_world_drop(struct fake *fake, uint8_t kind, const uint8_t *uuid, uint64_t number);
/** fake_world_record() - write down that it is as it is now ('+'), or is no more ('-'). */
void fake_world_record(const struct fake *fake, const struct thing *thing, char sign);
/** fake_world_make(), fake_world_unmake() - whole verbs: of what is made or dropped by the server's
 * UUID alone. */
int fake_world_make(struct driver *driver, const char *verb, uint8_t kind, const uint8_t *uuid,
		    uint64_t number, struct err *err);
int fake_world_unmake(struct driver *driver, const char *verb, uint8_t kind, const uint8_t *uuid,
		      struct err *err);

/* --- each adds the verbs it knows --- */

void fake_storage_verbs(struct driver_verbs *verbs);
void fake_network_verbs(struct driver_verbs *verbs);
void fake_power_verbs(struct driver_verbs *verbs);
void fake_console_verbs(struct driver_verbs *verbs);

/** fake_network_check_cards() - as QEMU would: a card is plugged into a tap that is there. With the
 * lock held. */
int fake_network_check_cards(struct fake *fake, const struct host_domain *domain, struct err *err);
/** fake_power_revive() - guests that were on when the last process ended are on again. */
void fake_power_revive(struct fake *fake);

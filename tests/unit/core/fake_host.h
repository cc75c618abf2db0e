// A host in the test's own loop: really keeps what it was told to make, and fails as scripted.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "wire/console_message.h"
#include "wire/host_message.h"

#define FAKE_HOST_MAX 256

struct channel;

struct fake_fault {
	uint16_t type; /* verb; 0: slot unused */
	unsigned skip; /* so many pass first */
	unsigned times;
	int code;          /* answered instead of doing it; 0: do it, but never answer */
	bool do_it_anyway; /* do it, and answer @code all the same */
};

struct fake_console {
	struct host_console_open open; /* as asked */
	int fd;                        /* our end; -1: closed */
};

struct fake_host {
	uv_loop_t *loop;
	struct channel *channel;
	struct host_facts facts;
	struct host_item items[FAKE_HOST_MAX];
	struct host_domain domains[FAKE_HOST_MAX]; /* as defined; same index as its item */
	size_t count;
	struct fake_fault faults[8];
	bool ignore_shutdown;               /* guests do not react to ACPI */
	uint32_t delay_ms;                  /* of every answer but HELLO's */
	unsigned in_flight, most_in_flight; /* verbs of servers */
	unsigned asked[0x50];               /* by verb - HOST_HELLO */
	struct fake_console consoles[FAKE_HOST_MAX];
	size_t console_count;     /* ever opened */
	int answer_fd;            /* for the verb being answered */
	const char *console_text; /* what every serial console has said; its first byte is 100 */
	struct host_seed last_seed;
	struct host_password last_password;
	struct host_domain last_domain; /* defined */
	uint64_t volume_bytes;          /* as last asked */
	struct pending *pending;
};

void fake_host_init(struct fake_host *host, uv_loop_t *loop);
void fake_host_done(struct fake_host *host);

/** fake_host_connect() - a new channel; the older one is closed. Return: the engine's end. */
int fake_host_connect(struct fake_host *host);
void fake_host_disconnect(struct fake_host *host);

/** fake_host_fault() - the next @times verbs of @type after @skip fail with @code. */
void fake_host_fault(struct fake_host *host, uint16_t type, unsigned skip, unsigned times,
		     int code);

struct host_item *fake_host_find(struct fake_host *host, enum host_item_kind kind,
				 const uint8_t *uuid, uint64_t number);
struct host_item *fake_host_add(struct fake_host *host, enum host_item_kind kind,
				const uint8_t *uuid, uint64_t number);
void fake_host_remove(struct fake_host *host, enum host_item_kind kind, const uint8_t *uuid,
		      uint64_t number);
size_t fake_host_count(const struct fake_host *host, enum host_item_kind kind);

/** fake_host_power() - the guest does it by itself, as seen from core by an event. */
void fake_host_power(struct fake_host *host, const uint8_t *uuid, enum host_domain_state state);
void fake_host_report(struct fake_host *host, const uint8_t *uuid, const char *line);
void fake_host_hypervisor(struct fake_host *host, bool reachable);
/** fake_host_console() - by its id, NULL when it was never opened. */
struct fake_console *fake_host_console(struct fake_host *host, uint64_t id);
/** fake_host_open_consoles() - how many are open now. */
size_t fake_host_open_consoles(const struct fake_host *host);
/** fake_host_end_console() - it ends by itself, and core is told. */
void fake_host_end_console(struct fake_host *host, uint64_t id, enum host_console_end end);
unsigned fake_host_asked(const struct fake_host *host, uint16_t type);

// What the packet filter has refused lately, as the kernel tells it (nfnetlink_log).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/filter_message.h"

struct refusals;

/**
 * refusals_new() - listen to a group, on a thread of its own.
 * Errors: -EBUSY when another process listens to that group; -errno. Refusing goes on without.
 */
int refusals_new(const char *instance, uint16_t group, struct refusals **ret, struct err *err);
void refusals_free(struct refusals *refusals);

/** refusals_list() - of one server, within the last hour, the newest first; at most
 * HOST_REFUSED_KEPT into @ret. Return: how many. Any thread. */
size_t refusals_list(struct refusals *refusals, uint64_t server_id,
		     struct host_refused ret[HOST_REFUSED_KEPT]);
void refusals_forget(struct refusals *refusals, uint64_t server_id);

/* What one message says. */
struct refusal {
	uint8_t kind; /* as in struct host_refused */
	uint32_t in_device;
	uint32_t out_device;
	uint8_t protocol;
	struct ip source;
	struct ip target;
	uint16_t port; /* the target's */
};

/** refusals_read() - one netlink message, from its header on. 0 or ERR_PROTOCOL. What is in the
 * packet was made by strangers. */
int refusals_read(const void *message, size_t bytes, struct refusal *ret);

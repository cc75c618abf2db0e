// Questions to the resolver, asked by a process without power: core neither connects nor parses
// DNS.
#pragma once

#include "core/core.h"
#include "model/zone.h"
#include "wire/probe_message.h"

struct lookups;

/** lookups_new() - reads /etc/resolv.conf where [dns] names no resolver: before the file system is
 * given up. */
int lookups_new(struct core *core, struct lookups **ret, struct err *err);
void lookups_start(struct lookups *lookups);
/** lookups_connect() - the second ippo-probe has been started. @fd is owned. */
void lookups_connect(struct lookups *lookups, int fd);

/** What came of a question: @names is borrowed. Its status is PROBE_NAME_FAILED with a reason where
 * nobody could be asked. */
typedef void lookups_reply(void *context, const struct probe_names *names);

/**
 * lookups_ask() - what records of @type a name has; @name without a period at its end.
 *
 * @exact: that name itself; where it is an alias for another one, there are none.
 *
 * @reply is called exactly once, not from inside; when this fails, never.
 * Errors: ERR_UNAVAILABLE (no resolver, or too much is asked already), -ENOMEM.
 */
int lookups_ask(struct lookups *lookups, const char *name, uint16_t type, bool exact,
		lookups_reply *reply, void *context, struct err *err);

/** lookups_ask_at() - the same of somebody else: a name server of ours. */
int lookups_ask_at(struct lookups *lookups, const struct ip *ip, uint16_t port, const char *name,
		   uint16_t type, lookups_reply *reply, void *context, struct err *err);

/** lookups_ask_transfer() - whether a transfer of a zone is given; its SOA as the record. @primary:
 * with its key or none. */
int lookups_ask_transfer(struct lookups *lookups, const struct zone_primary *primary,
			 const char *zone, lookups_reply *reply, void *context, struct err *err);

/** lookups_is_resolver() - whether who listens there is whom is asked; all zeros: at any address.
 */
bool lookups_is_resolver(const struct lookups *lookups, const struct ip *ip, uint16_t port);

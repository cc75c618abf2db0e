// What zones are in the database, the name server answers: changes are carried to it, in order.
#pragma once

#include "base/ip.h"
#include "core/core.h"
#include "wire/dns_message.h"

struct dns;

int dns_new(struct core *core, struct dns **ret, struct err *err);
/** dns_start() - begin to look for changes; those of before among them. */
void dns_start(struct dns *dns);
/** dns_connect() - ippo-dns has been started. @fd is owned. */
void dns_connect(struct dns *dns, int fd);
/** dns_kick() - something has changed; it is carried there at once. */
void dns_kick(struct dns *dns);
/** dns_tell_servers() - which further name servers there are has changed. */
void dns_tell_servers(struct dns *dns);
/** dns_is_up() - the name server answered the last time it was spoken to. */
bool dns_is_up(const struct dns *dns);

/** What the name server has of a zone: @text is its records as a zone file, borrowed, "" for none.
 * @code negative with @text saying why. */
typedef void dns_read_reply(void *context, int code, const char *text);
/**
 * dns_read() - what it has of @zone now.
 * @sets: only these record sets, with how many there are on a line before them. NULL: all of it.
 *
 * @reply is called exactly once, not from inside; when this fails, never.
 * Errors: ERR_UNAVAILABLE (no name server, or too much is asked already).
 */
int dns_read(struct dns *dns, const char *zone, const struct dns_job_sets *sets,
	     dns_read_reply *reply, void *context, struct err *err);
/** dns_names() - calls @each with the name of each name server, without trailing period: those of
 * the settings, then those that fetch from here. */
void dns_names(const struct core *core, void (*each)(void *context, const char *name),
	       void *context);
/** dns_parse_address() - "192.0.2.1", "192.0.2.1:53", "::1" or "[::1]:53". -EINVAL. */
int dns_parse_address(const char *text, uint16_t default_port, struct ip *ret, uint16_t *ret_port);

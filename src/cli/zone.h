// What the commands about zones and those about their record sets share.
#pragma once

#include "base/buf.h"
#include "cli/cli.h"

/** zone_path() - /zones/ZONE of the first word, by number or by name in either form. */
void zone_path(const struct invocation *invocation, struct buf *out);
/**
 * zone_change() - one request that changes a zone, and with --wait until the name servers answer
 * it.
 *
 * The reply is printed with --json. Steals @body. Returns an exit code.
 */
int zone_change(struct invocation *invocation, const char *method, const char *path, json_t *body);
/** zone_take_ttl() - as `ttl` into @body. EXIT_OK, or EXIT_USAGE after it was said. */
int zone_take_ttl(const char *text, json_t *body);
/** zone_confirmed() - as request_confirmed(), by the first word. */
bool zone_confirmed(const struct invocation *invocation, const char *what_happens);

/** zone_take_primaries() - what --primary and --tsig say, as `primary_nameservers` into @body. */
int zone_take_primaries(const struct invocation *invocation, json_t *body, struct err *err);
/** zone_print_primaries() - of a secondary zone, as fields. */
void zone_print_primaries(const json_t *zone);
/** zone_primaries() - the command. */
int zone_primaries(struct invocation *invocation);

#define ZONE_PRIMARY_OPTIONS                                                                       \
	{"primary", "ADDRESS[:PORT]", "fetched from there; up to four", true},                     \
	{                                                                                          \
		"tsig", "FILE",                                                                    \
			"a file with ALGORITHM:KEY, the key in base64, that transfers are "        \
			"signed with; - for what comes in",                                        \
			false                                                                      \
	}
#define ZONE_WAIT_OPTION                                                                           \
	{                                                                                          \
		"wait", NULL, "until the name servers answer it", false                            \
	}

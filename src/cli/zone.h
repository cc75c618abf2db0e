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

#define ZONE_WAIT_OPTION                                                                           \
	{                                                                                          \
		"wait", NULL, "until the name servers answer it", false                            \
	}

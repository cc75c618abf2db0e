/*
 * Theory of operation. Knot writes the list anew behind each change of its settings, and one that
 * it has lost from the clock, without a thought for what others have of it: many changes within a
 * second bring a serial before the clock, and then what is made anew is old to all of them. So core
 * remembers the serial, and a list that is behind it is raised. It jumps, because a serial that was
 * there before stands for other contents, and a difference from there would be of the wrong list.
 */
#include "dns/catalog.h"

#include <inttypes.h>
#include <stdio.h>

#include "dns/knot_call.h"

#define JUMP 1000
#define SOA  "invalid. invalid. %" PRIu32 " 3600 600 2147483646 0" /* as Knot makes it */

static int raise_serial(struct knot *knot, const char *catalog, uint32_t serial, struct err *err)
{
	struct err ignored = {0};
	char soa[80];
	int code;

	(void)snprintf(soa, sizeof soa, SOA, serial);
	if ((code = knot_begin_zone(knot, catalog, err)) < 0)
		return code;
	code = knot_call(knot,
			 &(struct command){.name = "zone-set",
					   .zone = catalog,
					   .owner = "@",
					   .ttl = "0",
					   .type = "SOA",
					   .data = soa},
			 NULL, NULL, err);
	if (code == 0)
		return knot_call_zone(knot, "zone-commit", catalog, err);
	if (code != ERR_UNAVAILABLE)
		(void)knot_call_zone(knot, "zone-abort", catalog, &ignored);
	return code;
}

int catalog_settle(struct knot *knot, const char *catalog, uint32_t floor, uint32_t *ret_serial,
		   struct err *err)
{
	uint32_t serial = 0, expires_s;
	/* What is to be written of it is written before this. */
	int code = knot_call(
		knot, &(struct command){.name = "zone-reload", .zone = catalog, .flags = "B"}, NULL,
		NULL, err);

	if (code < 0 || (code = knot_look(knot, catalog, &serial, &expires_s, err)) < 0)
		return code;
	if (floor != 0 && (int32_t)(serial - floor) < 0) {
		serial = floor + JUMP;
		if ((code = raise_serial(knot, catalog, serial, err)) < 0)
			return code;
	}
	*ret_serial = serial;
	return 0;
}

int catalog_notify(struct knot *knot, const char *catalog, struct err *err)
{
	return knot_call_zone(knot, "zone-notify", catalog, err);
}

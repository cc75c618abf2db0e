// The port on which a guest says how far its first boot is. What comes out of it is hostile.
#pragma once

#include <libvirt/libvirt.h>

#include "host/driver.h"

struct reports;

#define REPORT_LINE_MAX_BYTES 512
/* A guest may say so many lines a minute; the rest is dropped. */
#define REPORT_LINES_PER_MINUTE 400

int reports_new(const struct driver_events *events, struct reports **ret);

/** reports_attach() - listen to a running domain; from libvirt's event thread or any other. */
void reports_attach(struct reports *reports, virConnectPtr connection,
		    const uint8_t uuid[UUID_BYTES]);
void reports_detach(struct reports *reports, const uint8_t uuid[UUID_BYTES]);
/** reports_detach_all() - the connection is gone. */
void reports_detach_all(struct reports *reports);

/* One guest's bytes on their way to lines; for the fuzzer too. */
struct report_lines {
	char line[REPORT_LINE_MAX_BYTES + 1];
	size_t len;
	bool too_long; /* the rest of this line is dropped */
	int64_t minute;
	unsigned this_minute;
};

/** report_lines_take() - calls @say for every whole line of printable ASCII within the limits. */
void report_lines_take(struct report_lines *lines, const char *data, size_t bytes, int64_t now_ms,
		       void (*say)(void *context, const char *line), void *context);

// The frame of a program that ippod starts when core asks, and that ends by itself: ippo-metrics,
// ippo-post, ippo-probe, ippo-dns.
#pragma once

#include "base/config.h"
#include "base/err.h"

struct visitor_program {
	const char *name; /* in the log */
	/* Opens what it needs and gives up all powers; afterwards no request can get them back. */
	int (*start)(const struct config *config, struct err *err);
	/* One request on SUPERVISION_FD. 0; 1: core has gone, there is nothing more to do;
	 * negative: it is broken. */
	int (*serve_one)(const struct config *config, struct err *err);
};

/**
 * visitor_program_run() - all of its main(): "--config FILE", the log, and request after request.
 * Return: the exit code.
 */
int visitor_program_run(const struct visitor_program *program, int argc, char **argv);

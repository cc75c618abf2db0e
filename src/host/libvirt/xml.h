// Domain definitions, written by libxml2 so that no name can become markup.
#pragma once

#include "base/buf.h"
#include "host/driver.h"

struct xml_domain {
	const struct host_domain *domain;
	const char *instance;
	bool kvm;
	const char *disk_path;
	const char *image_path;  /* what the disk is an overlay of */
	const char *seed_path;   /* NULL: no seed disc */
	const char *rescue_path; /* of the rescue system's image, which boots instead; NULL: none */
	const char *tap;
	const char *console_log; /* where virtlogd keeps the serial port's output */
};

/** xml_write_domain() - 0, -ENOMEM. */
int xml_write_domain(const struct xml_domain *input, struct buf *out);

/** xml_write_seed() - the <disk> element alone, as it is detached. */
int xml_write_seed(const char *seed_path, struct buf *out);

// A running server's disk as it was at one instant, copied while it goes on.
#pragma once

#include <libvirt/libvirt.h>

#include "host/driver.h"
#include "host/image_store.h"

struct backup {
	const struct image_store *images;
	const char *path; /* that QEMU writes to; nothing is there yet */
	driver_progress *progress;
	void *context;
};

/**
 * backup_run() - begin, and wait until it is whole.
 * Errors: ERR_DISK_FULL, ERR_HYPERVISOR, ERR_HYPERVISOR_FAILED; then nothing is written any more.
 */
int backup_run(virDomainPtr domain, const struct backup *backup, struct err *err);

/** backup_end() - end one that somebody else began; none is as good. */
int backup_end(virDomainPtr domain, struct err *err);

// The seed disc of a first boot as an ISO 9660 file system.
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "wire/host_message.h"

#define SEED_DISC_GUEST "firststep.tar.gz" /* what the boothook of the seed unpacks */

/**
 * seed_disc_write() - a NoCloud disc: the label "cidata", and four files under the names cloud-init
 * knows, by Rock Ridge and by Joliet; @guest (NULL: none) is a fifth, SEED_DISC_GUEST. Written by a
 * child to @fd (borrowed), from where that stands; the secrets in it are in memory alone until
 * then. May be called from any thread; blocks. Errors: as process_run().
 */
int seed_disc_write(int fd, const struct host_seed *seed, const struct buf *guest, struct err *err);

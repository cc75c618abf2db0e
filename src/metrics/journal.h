// Carries a journal of samples into the databases.
#pragma once

#include <stdint.h>

#include "base/err.h"

/**
 * journal_apply() - all of it, or with @server_id one server's alone.
 * @fd: the journal; stays the caller's. Server by server, so that each file is opened once however
 * many samples there are of it. One server's failure is told when all others are done. Blocks.
 */
int journal_apply(int fd, uint64_t server_id, struct err *err);

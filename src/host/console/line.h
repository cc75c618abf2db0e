// A run of a guest and its serial port, as a driver tells it.
#pragma once

#include "host/console/recover.h"

struct serial_line {
	int fd;       /* to read from and to write to; ownership moves. -1: the guest is off */
	uint64_t run; /* not 0; another for each run */
	bool is_from_start;             /* not a byte has been said yet */
	char log[RECOVER_PATH_BYTES];   /* what else keeps the run's output, or "" */
	struct recover_place log_place; /* before the line was opened */
	char lock[64];                  /* a file to remove once the line has ended, or "" */
};

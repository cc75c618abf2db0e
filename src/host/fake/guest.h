// Guests that are not there: what a serial port and a screen say without a machine behind them.
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/parse.h"

struct guests;

/* What a fake guest does with its serial port. */
enum guest_habit {
	GUEST_ECHO,     /* says "NAME login: ", then whatever it is told */
	GUEST_SOURCE,   /* writes numbered lines without end, as fast as they are taken */
	GUEST_SINK,     /* reads, and says nothing */
	GUEST_DEAF,     /* does not even read */
	GUEST_IDENTITY, /* says "I am UUID" without pause */
};

/** guests_new() - @folder: where keys that were pressed on screens are written down; borrowed. */
int guests_new(const char *folder, struct guests **ret, struct err *err);
void guests_free(struct guests *guests);

/** guest_habit_of() - by its name in the file of faults; GUEST_ECHO for any other. */
enum guest_habit guest_habit_of(const char *name);

/** guests_start() - a new run. @ret_fd: the other end of its serial port, the caller's. */
int guests_start(struct guests *guests, const uint8_t uuid[UUID_BYTES], const char *name,
		 enum guest_habit habit, int *ret_fd, struct err *err);
/** guests_stop() - its serial port and its screens hang up. */
void guests_stop(struct guests *guests, const uint8_t uuid[UUID_BYTES]);

/** guests_screen() - a socket that speaks RFB 3.8 without a password. */
int guests_screen(struct guests *guests, const uint8_t uuid[UUID_BYTES], int *ret_fd,
		  struct err *err);
/** guests_picture() - what such a screen shows, as a PNG. */
int guests_picture(const uint8_t uuid[UUID_BYTES], struct buf *png, struct err *err);

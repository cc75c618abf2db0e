// What a viewer of a serial console may say to the host; hostile until it has been read here.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "wire/console_message.h"

struct serial_message {
	uint8_t type;        /* SERIAL_INPUT, SERIAL_SIZE, SERIAL_TAKE or SERIAL_RELEASE */
	const uint8_t *data; /* input; borrowed */
	size_t bytes;
	uint16_t columns;
	uint16_t rows;
};

/** serial_message_read() - one datagram. 0 or ERR_PROTOCOL. */
int serial_message_read(const void *data, size_t bytes, struct serial_message *ret);

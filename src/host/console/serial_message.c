#include "host/console/serial_message.h"

#include "base/err.h"

static bool size_is_sane(uint16_t size)
{
	return size >= 1 && size <= SERIAL_MAX_SIZE;
}

int serial_message_read(const void *data, size_t bytes, struct serial_message *ret)
{
	struct serial_message message = {0};
	struct reader reader;

	reader_init(&reader, data, bytes);
	message.type = reader_u8(&reader);
	switch (message.type) {
	case SERIAL_INPUT:
		message.data = reader.at;
		message.bytes = (size_t)(reader.end - reader.at);
		if (message.bytes < 1 || message.bytes > SERIAL_MAX_GATHERED_BYTES)
			return ERR_PROTOCOL;
		*ret = message;
		return 0;
	case SERIAL_SIZE:
		message.columns = reader_u16(&reader);
		message.rows = reader_u16(&reader);
		if (!size_is_sane(message.columns) || !size_is_sane(message.rows))
			return ERR_PROTOCOL;
		break;
	case SERIAL_TAKE:
	case SERIAL_RELEASE:
		break;
	default:
		return ERR_PROTOCOL;
	}
	if (reader_done(&reader) < 0)
		return ERR_PROTOCOL;
	*ret = message;
	return 0;
}

/*
 * Theory of operation. Output goes from the line into the ring, and from the ring to each viewer as
 * fast as that viewer takes it. A viewer is no more than its place in the ring: one that is slow
 * finds one day that its place was overwritten, and gets a gap. So nothing grows, and neither the
 * guest nor another viewer waits.
 *
 * Input has a queue of its own from the writer to the line. When the guest does not read, the queue
 * fills, and then the writer's socket is not read any more. What waits there belongs to one writer:
 * when another takes over, or it is cut, it is thrown away, so that a new writer's Ctrl-C is first.
 *
 * A line that is found in the middle of a run is first held back: what the log has and the ring
 * has not comes before it (recover.h). Only then does new output go into the ring.
 */
#include "host/console/serial.h"

#include <errno.h>
#include <stdlib.h>

#include "host/console/serial_state.h"

int serial_new(uv_loop_t *loop, int folder_fd, const uint8_t uuid[UUID_BYTES], size_t ring_bytes,
	       const struct serial_events *events, struct serial **ret, struct err *err)
{
	struct serial *serial = calloc(1, sizeof *serial);
	bool is_lost = false;
	int code;

	if (serial == NULL)
		return err_set(err, -ENOMEM, "no memory for a serial port");
	code = ring_open(folder_fd, uuid, ring_bytes, &serial->ring, &is_lost, err);
	if (code < 0) {
		free(serial);
		return code;
	}
	serial->loop = loop;
	serial->events = events;
	serial->input.max = SERIAL_INPUT_QUEUE_BYTES;
	if (is_lost)
		ring_note(serial->ring, RING_NOTE_GAP, SERIAL_GAP_AWAY);
	*ret = serial;
	return 0;
}

void serial_free(struct serial *serial)
{
	if (serial == NULL)
		return;
	while (serial->viewers != NULL)
		serial_drop_viewer(serial->viewers);
	serial_close_line(serial);
	serial_drop_recovery(serial);
	ring_free(serial->ring);
	buf_done(&serial->input);
	free(serial);
}

void serial_mark(struct serial *serial, enum serial_mark mark)
{
	ring_note(serial->ring, RING_NOTE_MARK, (uint8_t)mark);
	serial_pump_all(serial);
}

const struct ring *serial_ring(const struct serial *serial)
{
	return serial->ring;
}

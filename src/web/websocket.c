/*
 * Theory of operation. libwslay parses and unmasks; it gives parts of at most its own buffer, so a
 * frame needs no memory of its length. Two things are added to it. Heads are looked at while they
 * are read, because libwslay says nothing of a frame before its first byte of payload, and one that
 * declares 2^40 bytes is to be refused at once. And that look tells where frames end, so that the
 * 4 KiB of a parser are given back whenever there is no frame under way: an idle console has none.
 */
#include "web/websocket.h"

#include <string.h>

#define MASK_BYTES        4
#define LENGTH_BITS       0x7fU
#define MASKED            0x80U
#define FINAL             0x80U
#define RESERVED          0x70U
#define LENGTH_IS_U16     126
#define LENGTH_IS_U64     127
#define CODE_PROTOCOL     1002
#define CODE_TOO_BIG      1009
#define CODE_FIRST_OF_APP 3000
#define CODE_LAST_OF_APP  4999

void websocket_init(struct websocket *websocket,
		    ssize_t (*read)(void *context, uint8_t *data, size_t bytes), void *context,
		    uint64_t max_message_bytes)
{
	*websocket = (struct websocket){
		.read = read, .context = context, .max_message_bytes = max_message_bytes};
}

void websocket_done(struct websocket *websocket)
{
	wslay_frame_context_free(websocket->frames);
	websocket->frames = NULL;
}

/* What the head of the frame being read ahead says; 0 or the code to close with. */
static uint16_t judge_head(struct websocket *websocket, size_t head_bytes)
{
	const uint8_t *head = websocket->ahead;
	uint64_t length = head[1] & LENGTH_BITS;

	if ((head[1] & MASKED) == 0 || (head[0] & RESERVED) != 0)
		return CODE_PROTOCOL;
	if (head_bytes > 2)
		length = 0;
	for (size_t i = 2; i < head_bytes; i++)
		length = length << 8 | head[i];
	if (length >> 63 != 0)
		return CODE_PROTOCOL;
	if (length > websocket->max_message_bytes && (head[0] & 0x8U) == 0)
		return CODE_TOO_BIG;
	websocket->ahead_left = length + MASK_BYTES;
	return 0;
}

/* Follow heads and payloads through what was read. */
static void look_ahead(struct websocket *websocket, const uint8_t *data, size_t bytes)
{
	const uint8_t *end = data + bytes;

	while (data < end && websocket->refusal == 0) {
		if (websocket->ahead_left > 0) {
			uint64_t part = (uint64_t)(end - data) < websocket->ahead_left
						? (uint64_t)(end - data)
						: websocket->ahead_left;
			data += part;
			websocket->ahead_left -= part;
			if (websocket->ahead_left == 0)
				websocket->ahead_bytes = 0;
			continue;
		}
		websocket->ahead[websocket->ahead_bytes++] = *data++;
		if (websocket->ahead_bytes < 2)
			continue;
		const uint8_t length = websocket->ahead[1] & LENGTH_BITS;
		const uint8_t whole = length == LENGTH_IS_U64   ? 10
				      : length == LENGTH_IS_U16 ? 4
								: 2;
		if (websocket->ahead_bytes == whole)
			websocket->refusal = judge_head(websocket, whole);
	}
}

static ssize_t on_read(uint8_t *data, size_t bytes, int flags, void *context)
{
	struct websocket *websocket = context;
	ssize_t got =
		websocket->refusal == 0 ? websocket->read(websocket->context, data, bytes) : 0;

	if (got <= 0)
		return -1; /* to libwslay: nothing now */
	look_ahead(websocket, data, (size_t)got);
	return got;
}

/* The first part of a frame: may it stand here? 0 or minus a code. */
static int begin_frame(struct websocket *websocket, const struct wslay_frame_iocb *frame)
{
	if (frame->mask == 0 || frame->rsv != 0)
		return -CODE_PROTOCOL;
	if (wslay_is_ctrl_frame(frame->opcode)) {
		websocket->control_bytes = 0;
		return frame->opcode > WEBSOCKET_PONG ? -CODE_PROTOCOL : 0;
	}
	if (frame->opcode > WEBSOCKET_BINARY || (frame->opcode != 0) == websocket->in_message)
		return -CODE_PROTOCOL;
	if (frame->opcode != 0) {
		websocket->opcode = frame->opcode;
		websocket->message_bytes = 0;
		websocket->empty_frames = 0;
	}
	if (frame->payload_length == 0 && frame->fin == 0 &&
	    ++websocket->empty_frames > WEBSOCKET_MAX_EMPTY_FRAMES)
		return -WEBSOCKET_POLICY;
	if (__builtin_add_overflow(websocket->message_bytes, frame->payload_length,
				   &websocket->message_bytes) ||
	    websocket->message_bytes > websocket->max_message_bytes)
		return -CODE_TOO_BIG;
	return 0;
}

/* A part of a control frame: gathered, and given out when whole. */
static bool take_control(struct websocket *websocket, const struct wslay_frame_iocb *frame,
			 struct websocket_part *ret)
{
	if (frame->data_length > 0)
		memcpy(websocket->control + websocket->control_bytes, frame->data,
		       frame->data_length);
	websocket->control_bytes = (uint8_t)(websocket->control_bytes + frame->data_length);
	if (websocket->in_frame)
		return false;
	*ret = (struct websocket_part){frame->opcode, true, true, websocket->control,
				       websocket->control_bytes};
	return true;
}

int websocket_take(struct websocket *websocket, struct websocket_part *ret)
{
	static const struct wslay_frame_callbacks callbacks = {.recv_callback = on_read};
	struct wslay_frame_iocb frame;
	ssize_t got;
	int code;

	if (websocket->frames == NULL &&
	    wslay_frame_context_init(&websocket->frames, &callbacks, websocket) != 0)
		return -WEBSOCKET_INTERNAL;
	for (;;) {
		got = wslay_frame_recv(websocket->frames, &frame);
		if (got == WSLAY_ERR_WANT_READ)
			break;
		if (got < 0)
			return -CODE_PROTOCOL;
		const bool begins = !websocket->in_frame;
		if (begins) {
			websocket->frame_got = 0;
			if ((code = begin_frame(websocket, &frame)) < 0)
				return code;
		}
		websocket->frame_got += frame.data_length;
		websocket->in_frame = websocket->frame_got < frame.payload_length;
		if (wslay_is_ctrl_frame(frame.opcode)) {
			if (take_control(websocket, &frame, ret))
				return 1;
			continue;
		}
		const bool last = !websocket->in_frame && frame.fin != 0;
		*ret = (struct websocket_part){websocket->opcode, begins && frame.opcode != 0, last,
					       frame.data, frame.data_length};
		websocket->in_message = !last;
		return 1;
	}
	if (websocket->refusal != 0)
		return -websocket->refusal;
	/* All that was read has been given out when no frame is under way. */
	if (websocket->ahead_left == 0 && websocket->ahead_bytes == 0)
		websocket_done(websocket);
	return 0;
}

size_t websocket_head(uint8_t ret_head[WEBSOCKET_MAX_HEAD_BYTES], uint8_t opcode, uint64_t bytes)
{
	size_t length_bytes = bytes < LENGTH_IS_U16 ? 0 : bytes <= UINT16_MAX ? 2 : 8;

	ret_head[0] = (uint8_t)(FINAL | opcode);
	ret_head[1] = (uint8_t)(length_bytes == 0   ? bytes
				: length_bytes == 2 ? LENGTH_IS_U16
						    : LENGTH_IS_U64);
	for (size_t i = 0; i < length_bytes; i++)
		ret_head[2 + i] = (uint8_t)(bytes >> 8 * (length_bytes - 1 - i));
	return 2 + length_bytes;
}

uint16_t websocket_close_code(const uint8_t *payload, size_t bytes)
{
	static const uint16_t known[] = {1000, 1001, 1002, 1003, 1007, 1008,
					 1009, 1010, 1011, 1012, 1013, 1014};
	uint16_t code;

	if (bytes == 0)
		return WEBSOCKET_NO_CODE;
	if (bytes == 1)
		return 0;
	code = (uint16_t)(payload[0] << 8 | payload[1]);
	if (code >= CODE_FIRST_OF_APP && code <= CODE_LAST_OF_APP)
		return code;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i] == code)
			return code;
	return 0;
}

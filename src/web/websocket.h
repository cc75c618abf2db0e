// The framing of an open WebSocket (RFC 6455 section 5), a server's side, on libwslay's frame
// layer.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <wslay/wslay.h>

/* Beside those of enum console_close_code. */
#define WEBSOCKET_POLICY   1008
#define WEBSOCKET_INTERNAL 1011
#define WEBSOCKET_ABNORMAL 1006 /* never sent: the connection ended without a close frame */
#define WEBSOCKET_NO_CODE  1005 /* never sent: the peer's close frame had none */

#define WEBSOCKET_TEXT   0x1
#define WEBSOCKET_BINARY 0x2
#define WEBSOCKET_CLOSE  0x8
#define WEBSOCKET_PING   0x9
#define WEBSOCKET_PONG   0xa

#define WEBSOCKET_MAX_CONTROL_BYTES 125
#define WEBSOCKET_MAX_HEAD_BYTES    10
/* Frames without a byte in them, which one message may be made of. */
#define WEBSOCKET_MAX_EMPTY_FRAMES 16

struct websocket {
	/* Bytes from the client: how many, or 0 when there are none now. */
	ssize_t (*read)(void *context, uint8_t *data, size_t bytes);
	void *context;
	uint64_t max_message_bytes; /* may change between messages */

	/* inside */
	wslay_frame_context_ptr frames; /* NULL while no byte of a frame is inside */
	uint64_t frame_got;             /* payload of the frame being taken */
	uint64_t message_bytes;         /* declared by the frames of the message so far */
	uint64_t ahead_left; /* of the frame being read ahead: mask and payload to come */
	uint8_t ahead[WEBSOCKET_MAX_HEAD_BYTES]; /* its head, as far as read */
	uint8_t ahead_bytes;
	bool in_frame;
	bool in_message;
	uint8_t opcode; /* of the message */
	uint8_t empty_frames;
	uint8_t control[WEBSOCKET_MAX_CONTROL_BYTES];
	uint8_t control_bytes;
	uint16_t refusal; /* the code of what was seen in a head that is not taken yet */
};

/* A control frame whole, or a part of a data message. The bytes are inside the websocket until the
 * next call. */
struct websocket_part {
	uint8_t opcode;
	bool first; /* of its message */
	bool last;
	const uint8_t *data;
	size_t bytes;
};

void websocket_init(struct websocket *websocket,
		    ssize_t (*read)(void *context, uint8_t *data, size_t bytes), void *context,
		    uint64_t max_message_bytes);
void websocket_done(struct websocket *websocket);

/**
 * websocket_take() - the next part of what the client says.
 * Return: 1, 0 when more has to be read, or minus the code to close with (1002, 1008, 1009, 1011);
 * after that it must not be called again.
 */
int websocket_take(struct websocket *websocket, struct websocket_part *ret);

/** websocket_head() - a final, unmasked frame's head. Returns how many bytes it has. */
size_t websocket_head(uint8_t ret_head[WEBSOCKET_MAX_HEAD_BYTES], uint8_t opcode, uint64_t bytes);

/** websocket_close_code() - the code in a close frame's payload; WEBSOCKET_NO_CODE when there is
 * none, 0 when it is malformed or a code that must not be sent (section 7.4). */
uint16_t websocket_close_code(const uint8_t *payload, size_t bytes);

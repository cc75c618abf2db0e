// The framing of an open WebSocket (RFC 6455 section 5), a server's side.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
#define WEBSOCKET_MASK_BYTES        4
/* Frames without a byte in them, which one message may be made of. */
#define WEBSOCKET_MAX_EMPTY_FRAMES 16

/* What is known between two reads; the bytes themselves are the caller's. */
struct websocket {
	uint64_t max_message_bytes; /* may change between messages */

	/* inside */
	uint8_t *at, *end;      /* what was fed and is not taken */
	uint64_t left;          /* of the frame's payload */
	uint64_t message_bytes; /* declared by the frames of the message so far */
	uint8_t head[WEBSOCKET_MAX_HEAD_BYTES + WEBSOCKET_MASK_BYTES];
	uint8_t head_bytes; /* as far as read */
	uint8_t mask[WEBSOCKET_MASK_BYTES];
	uint8_t mask_at;
	bool in_frame;
	bool in_message;
	bool first;
	uint8_t opcode; /* of the message */
	uint8_t empty_frames;
	uint8_t control[WEBSOCKET_MAX_CONTROL_BYTES];
	uint8_t control_bytes;
};

/* A control frame whole, or a part of a data message. Inside what was fed, or inside the websocket
 * until the next call. */
struct websocket_part {
	uint8_t opcode;
	bool first; /* of its message */
	bool last;
	uint8_t *data;
	size_t bytes;
};

/** websocket_feed() - bytes from the client, after all before them were taken; unmasked in place.
 */
void websocket_feed(struct websocket *websocket, uint8_t *data, size_t bytes);

/**
 * websocket_take() - the next part of what the client says.
 * Return: 1, 0 when all that was fed has been taken, or minus the code to close with (1002, 1008,
 * 1009); after that it must not be called again. A frame that is too long is refused by its length,
 * before its payload or mask have come.
 */
int websocket_take(struct websocket *websocket, struct websocket_part *ret);

/** websocket_head() - a final, unmasked frame's head. Returns how many bytes it has. */
size_t websocket_head(uint8_t ret_head[WEBSOCKET_MAX_HEAD_BYTES], uint8_t opcode, uint64_t bytes);

/** websocket_close_code() - the code in a close frame's payload; WEBSOCKET_NO_CODE when there is
 * none, 0 when it is malformed or a code that must not be sent (section 7.4). */
uint16_t websocket_close_code(const uint8_t *payload, size_t bytes);

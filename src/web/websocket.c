/*
 * Theory of operation. A frame's head is gathered byte by byte, and judged in two steps: opcode and
 * length as soon as they are whole, so that one that declares 2^40 bytes is refused at once; then
 * the mask. Payload is unmasked where it lies and given out in the pieces it came in, so no frame
 * needs memory of its own length, and an idle console has no buffer at all.
 */
#include "web/websocket.h"

#include <string.h>

#define LENGTH_BITS       0x7fU
#define MASKED            0x80U
#define FINAL             0x80U
#define RESERVED          0x70U
#define CONTROL           0x08U
#define OPCODE_BITS       0x0fU
#define LENGTH_IS_U16     126
#define LENGTH_IS_U64     127
#define UNMASK_BYTES      64
#define CODE_PROTOCOL     1002
#define CODE_TOO_BIG      1009
#define CODE_FIRST_OF_APP 3000
#define CODE_LAST_OF_APP  4999

void websocket_feed(struct websocket *websocket, uint8_t *data, size_t bytes)
{
	websocket->at = data;
	websocket->end = bytes > 0 ? data + bytes : data;
}

/* How many bytes opcode and length have; 2 until the second is there. */
static uint8_t length_end(const struct websocket *websocket)
{
	const uint8_t length = websocket->head[1] & LENGTH_BITS;

	if (websocket->head_bytes < 2 || length < LENGTH_IS_U16)
		return 2;
	return length == LENGTH_IS_U16 ? 4 : 10;
}

/* The payload's length, in the shortest form it can have; UINT64_MAX for any other. */
static uint64_t read_length(const struct websocket *websocket)
{
	const uint8_t bytes = length_end(websocket);
	uint64_t length = 0;

	if (bytes == 2)
		return websocket->head[1] & LENGTH_BITS;
	for (uint8_t i = 2; i < bytes; i++)
		length = length << 8 | websocket->head[i];
	if (length < LENGTH_IS_U16 || (bytes == 10 && length <= UINT16_MAX) || length >> 63 != 0)
		return UINT64_MAX;
	return length;
}

/* Opcode and length are there: may such a frame stand here? 0 or minus a code. */
static int judge_frame(struct websocket *websocket)
{
	const uint8_t opcode = websocket->head[0] & OPCODE_BITS;
	const bool final = (websocket->head[0] & FINAL) != 0;
	const uint64_t length = read_length(websocket);

	if ((websocket->head[1] & MASKED) == 0 || (websocket->head[0] & RESERVED) != 0 ||
	    length == UINT64_MAX)
		return -CODE_PROTOCOL;
	websocket->left = length;
	if ((opcode & CONTROL) != 0) {
		websocket->control_bytes = 0;
		return opcode <= WEBSOCKET_PONG && final && length <= WEBSOCKET_MAX_CONTROL_BYTES
			       ? 0
			       : -CODE_PROTOCOL;
	}
	if (opcode > WEBSOCKET_BINARY || (opcode != 0) == websocket->in_message)
		return -CODE_PROTOCOL;
	if (opcode != 0) {
		websocket->opcode = opcode;
		websocket->message_bytes = 0;
		websocket->empty_frames = 0;
		websocket->first = true;
	}
	if (length == 0 && !final && ++websocket->empty_frames > WEBSOCKET_MAX_EMPTY_FRAMES)
		return -WEBSOCKET_POLICY;
	if (__builtin_add_overflow(websocket->message_bytes, length, &websocket->message_bytes) ||
	    websocket->message_bytes > websocket->max_message_bytes)
		return -CODE_TOO_BIG;
	websocket->in_message = !final;
	return 0;
}

/* 1 when the frame's payload begins, 0 when more is needed, or minus a code. */
static int take_head(struct websocket *websocket)
{
	while (websocket->at < websocket->end) {
		websocket->head[websocket->head_bytes++] = *websocket->at++;
		const uint8_t length_bytes = length_end(websocket);
		if (websocket->head_bytes == length_bytes) {
			int code = judge_frame(websocket);
			if (code < 0)
				return code;
		} else if (websocket->head_bytes == length_bytes + WEBSOCKET_MASK_BYTES) {
			memcpy(websocket->mask, websocket->head + length_bytes,
			       WEBSOCKET_MASK_BYTES);
			websocket->mask_at = 0;
			websocket->head_bytes = 0;
			websocket->in_frame = true;
			return 1;
		}
	}
	return 0;
}

static void unmask(struct websocket *websocket, uint8_t *data, size_t bytes)
{
	/* Wider than any register: a tenth of bulk input's time goes into words of eight bytes. */
	typedef uint32_t block __attribute__((vector_size(UNMASK_BYTES)));
	uint8_t key[WEBSOCKET_MASK_BYTES];
	uint32_t word;
	block part;
	size_t i = 0;

	for (size_t k = 0; k < sizeof key; k++)
		key[k] = websocket->mask[(websocket->mask_at + k) % WEBSOCKET_MASK_BYTES];
	memcpy(&word, key, sizeof word);
	for (; i + sizeof part <= bytes; i += sizeof part) {
		memcpy(&part, data + i, sizeof part);
		part ^= word;
		memcpy(data + i, &part, sizeof part);
	}
	for (; i < bytes; i++)
		data[i] ^= key[i % WEBSOCKET_MASK_BYTES];
	websocket->mask_at = (uint8_t)((websocket->mask_at + bytes) % WEBSOCKET_MASK_BYTES);
}

int websocket_take(struct websocket *websocket, struct websocket_part *ret)
{
	for (;;) {
		int code = websocket->in_frame ? 1 : take_head(websocket);
		if (code <= 0)
			return code;
		const size_t there = (size_t)(websocket->end - websocket->at);
		const size_t bytes = there < websocket->left ? there : (size_t)websocket->left;
		const uint8_t opcode = websocket->head[0] & OPCODE_BITS;
		uint8_t *data = websocket->at;
		if (bytes == 0 && websocket->left > 0)
			return 0;
		if (bytes > 0)
			unmask(websocket, data, bytes);
		websocket->at += bytes;
		websocket->left -= bytes;
		websocket->in_frame = websocket->left > 0;
		if ((opcode & CONTROL) == 0) {
			*ret = (struct websocket_part){
				websocket->opcode, websocket->first,
				!websocket->in_frame && !websocket->in_message, data, bytes};
			websocket->first = false;
			return 1;
		}
		if (bytes > 0)
			memcpy(websocket->control + websocket->control_bytes, data, bytes);
		websocket->control_bytes = (uint8_t)(websocket->control_bytes + bytes);
		if (websocket->in_frame)
			continue;
		*ret = (struct websocket_part){opcode, true, true, websocket->control,
					       websocket->control_bytes};
		return 1;
	}
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

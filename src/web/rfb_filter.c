/*
 * Theory of operation. What is put out is always a sequence of whole, known messages of exact
 * length, so the server reads the same messages in it as were seen here, whatever a hostile client
 * wrote. A message's type decides whether it passes; its first bytes say how long it is; the rest
 * streams through or is swallowed.
 *
 * Two things are changed on the way. ClientInit's shared flag is always set, because without it the
 * server would end everybody else's screen. And the offer to send seven-byte pointer messages is
 * taken out of SetEncodings: such a message cannot be told from one of six bytes without reading
 * the server's side too.
 */
#include "web/rfb_filter.h"

#include <string.h>

#include "base/err.h"

enum { VERSION, SECURITY, INIT, HEAD, BODY, ENCODINGS };

enum {
	SET_PIXEL_FORMAT = 0,
	SET_ENCODINGS = 2,
	UPDATE_REQUEST = 3,
	KEY = 4,
	POINTER = 5,
	CUT_TEXT = 6,
	CONTINUOUS_UPDATES = 150,
	FENCE = 248,
	XVP = 250,
	SET_DESKTOP_SIZE = 251,
	GII = 253,
	QEMU = 255,
};

#define VERSION_BYTES         12
#define SECURITY_NONE         1
#define ENCODING_BYTES        4
#define ENCODING_LONG_POINTER ((uint32_t)-316)
#define ENCODING_NOTHING      ((uint32_t)0x49707000) /* means nothing to any server */
#define FENCE_MAX_BYTES       64
#define GII_BIG_ENDIAN        0x80U

static uint32_t get_u16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get_u32(const uint8_t *at)
{
	return get_u16(at) << 16 | get_u16(at + 2);
}

/* A clipboard message's length; a negative one means the extended form of as many bytes. */
static int64_t cut_text_bytes(const uint8_t *head)
{
	int64_t length = (int32_t)get_u32(head + 4);

	if (length < 0)
		length = -length;
	return length <= RFB_MAX_CUT_BYTES ? 8 + length : -1;
}

static int64_t qemu_bytes(const uint8_t *head, size_t have)
{
	if (have < 2)
		return 0;
	if (head[1] == 0) /* a key with its scan code */
		return 12;
	if (head[1] != 1) /* sound */
		return -1;
	if (have < 4)
		return 0;
	return get_u16(head + 2) <= 1 ? 4 : get_u16(head + 2) == 2 ? 10 : -1;
}

/* How long the message is that begins with these bytes: 0 when that needs more of them, -1 when no
 * such message is known. */
static int64_t message_bytes(const uint8_t *head, size_t have)
{
	switch (head[0]) {
	case SET_PIXEL_FORMAT:
		return 20;
	case SET_ENCODINGS:
		return have < 4 ? 0 : 4 + ENCODING_BYTES * (int64_t)get_u16(head + 2);
	case UPDATE_REQUEST:
	case CONTINUOUS_UPDATES:
		return 10;
	case KEY:
		return 8;
	case POINTER:
		return 6;
	case CUT_TEXT:
		return have < 8 ? 0 : cut_text_bytes(head);
	case FENCE:
		return have < 9 ? 0 : head[8] <= FENCE_MAX_BYTES ? 9 + head[8] : -1;
	case XVP:
		return 4;
	case SET_DESKTOP_SIZE:
		return have < 8 ? 0 : 8 + 16 * (int64_t)head[6];
	case GII:
		return have < 4                          ? 0
		       : (head[1] & GII_BIG_ENDIAN) != 0 ? 4 + (int64_t)get_u16(head + 2)
							 : 4 + (int64_t)(head[3] << 8 | head[2]);
	case QEMU:
		return qemu_bytes(head, have);
	default:
		return -1;
	}
}

static bool is_harmless(uint8_t type)
{
	return type == SET_PIXEL_FORMAT || type == SET_ENCODINGS || type == UPDATE_REQUEST ||
	       type == CONTINUOUS_UPDATES || type == FENCE;
}

static bool is_input(const uint8_t *head)
{
	return !is_harmless(head[0]) && !(head[0] == QEMU && head[1] == 1);
}

static void put(uint8_t *out, size_t *out_bytes, const uint8_t *data, size_t bytes)
{
	/* In place most lies where it belongs already. */
	if (out + *out_bytes != data)
		memmove(out + *out_bytes, data, bytes);
	*out_bytes += bytes;
}

/* The held bytes go out. */
static void release(struct rfb_filter *filter, uint8_t *out, size_t *out_bytes)
{
	put(out, out_bytes, filter->held, filter->held_bytes);
	filter->held_bytes = 0;
}

/* One more byte of the handshake. */
static int take_handshake(struct rfb_filter *filter, uint8_t *out, size_t *out_bytes)
{
	switch (filter->state) {
	case VERSION:
		if (filter->held_bytes < VERSION_BYTES)
			return 0;
		if (memcmp(filter->held, "RFB 003.008\n", VERSION_BYTES) != 0)
			return ERR_PROTOCOL;
		filter->state = SECURITY;
		break;
	case SECURITY:
		if (filter->held[0] != SECURITY_NONE)
			return ERR_PROTOCOL;
		filter->state = INIT;
		break;
	default:
		filter->held[0] = 1; /* shared */
		filter->state = HEAD;
	}
	release(filter, out, out_bytes);
	return 0;
}

/* One more byte of a message's beginning. */
static int take_head(struct rfb_filter *filter, uint8_t *out, size_t *out_bytes, bool *ret_input)
{
	const int64_t bytes = message_bytes(filter->held, filter->held_bytes);

	if (bytes < 0)
		return ERR_PROTOCOL;
	if (bytes == 0)
		return 0;
	filter->left = (uint64_t)bytes - filter->held_bytes;
	filter->passes = !filter->view || is_harmless(filter->held[0]);
	filter->state = filter->left == 0                  ? HEAD
			: filter->held[0] == SET_ENCODINGS ? ENCODINGS
							   : BODY;
	if (is_input(filter->held))
		*ret_input = true;
	if (filter->passes)
		release(filter, out, out_bytes);
	filter->held_bytes = 0;
	return 0;
}

/* One more byte of an encoding's number. */
static void take_encoding(struct rfb_filter *filter, uint8_t *out, size_t *out_bytes)
{
	if (filter->held_bytes == ENCODING_BYTES) {
		if (get_u32(filter->held) == ENCODING_LONG_POINTER)
			for (unsigned i = 0; i < ENCODING_BYTES; i++)
				filter->held[i] = (uint8_t)(ENCODING_NOTHING >> (24 - 8 * i));
		release(filter, out, out_bytes);
	}
	if (--filter->left == 0)
		filter->state = HEAD;
}

void rfb_filter_init(struct rfb_filter *filter, bool view)
{
	*filter = (struct rfb_filter){.view = view, .state = VERSION};
}

int rfb_filter_take(struct rfb_filter *filter, const uint8_t *data, size_t bytes, uint8_t *out,
		    size_t *ret_out_bytes, bool *ret_input)
{
	const uint8_t *end = data + bytes;
	int code = 0;

	*ret_out_bytes = 0;
	while (data < end && code == 0) {
		if (filter->state == BODY) {
			size_t part = (size_t)(end - data) < filter->left ? (size_t)(end - data)
									  : (size_t)filter->left;
			if (filter->passes)
				put(out, ret_out_bytes, data, part);
			data += part;
			filter->left -= part;
			if (filter->left == 0)
				filter->state = HEAD;
			continue;
		}
		filter->held[filter->held_bytes++] = *data++;
		if (filter->state == HEAD)
			code = take_head(filter, out, ret_out_bytes, ret_input);
		else if (filter->state == ENCODINGS)
			take_encoding(filter, out, ret_out_bytes);
		else
			code = take_handshake(filter, out, ret_out_bytes);
	}
	return code;
}

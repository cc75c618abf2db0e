// The client's side of RFB (RFC 6143) as a stream: what may pass to a guest's screen, and what not.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a clipboard message may hold; QEMU takes no more. */
#define RFB_MAX_CUT_BYTES ((uint32_t)1024 * 1024)
/* How many bytes more than it is given the filter may put out: a head that it held back. */
#define RFB_HELD_BYTES 12

/*
 * The handshake is that of version 3.8 with the security type None, which is what the host's
 * socket offers: 12 bytes of version, one of security type, ClientInit. After it come messages.
 */
struct rfb_filter {
	bool view; /* only messages that cannot touch the guest pass */
	bool passes;
	uint8_t state;
	uint8_t held[RFB_HELD_BYTES]; /* the beginning of what is not known yet */
	uint8_t held_bytes;
	uint64_t left; /* of the message under way */
};

void rfb_filter_init(struct rfb_filter *filter, bool view);

/**
 * rfb_filter_take() - read on in the client's stream.
 * @out: room for @bytes + RFB_HELD_BYTES; what is for the server. It may be the place itself, at
 *   @data less the filter's held_bytes or anywhere before: nothing is written over that was not
 * read.
 * @ret_out_bytes: how much that is; also valid after a failure.
 * @ret_input: set to true when a message that acts on the guest (a key, the pointer, the clipboard,
 *   power, the screen's size) was in it, whether it passed or not; else left alone.
 * Return: 0, or ERR_PROTOCOL for what no known client says; nothing can be understood after it.
 */
int rfb_filter_take(struct rfb_filter *filter, const uint8_t *data, size_t bytes, uint8_t *out,
		    size_t *ret_out_bytes, bool *ret_input);

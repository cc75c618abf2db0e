// One end of the message channel between two processes: framing, permitted messages, descriptors.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "base/err.h"

/*
 * A message is one SOCK_SEQPACKET datagram: a fixed header, a body, and up to WIRE_MAX_FDS
 * descriptors by SCM_RIGHTS. Header, little-endian: u8 version, u8 flags, u16 type, u32 body
 * length, u64 request id.
 *
 * Each end holds a table of what the other may say. A message that is not in the table, has a wrong
 * number of descriptors or a malformed frame ends the channel: the peer is broken or hostile.
 */
#define WIRE_VERSION           1
#define WIRE_HEADER_BYTES      16
#define WIRE_MAX_MESSAGE_BYTES ((size_t)256 * 1024)
#define WIRE_MAX_BODY_BYTES    (WIRE_MAX_MESSAGE_BYTES - WIRE_HEADER_BYTES)
#define WIRE_MAX_FDS           4
#define WIRE_MAX_QUEUE_BYTES   ((size_t)8 * 1024 * 1024)

enum wire_flag {
	WIRE_MORE = 1, /* further messages of the same request id follow */
};

struct message {
	uint16_t type;
	uint8_t flags;
	uint64_t id; /* chosen by the asking side; a reply carries it back */
	const uint8_t *body;
	size_t body_bytes;
	int fds[WIRE_MAX_FDS]; /* a handler that keeps one takes it with steal_fd(); the rest are
				  closed */
	unsigned fd_count;
};

struct channel;

struct message_rule {
	uint16_t type;
	unsigned max_fds;
	/* A negative return ends the channel. The body is borrowed for the call. */
	int (*handle)(void *context, struct channel *channel, struct message *message);
};

struct channel_events {
	const struct message_rule *rules; /* ends with handle == NULL */
	/* The peer has gone or was ended. Called once, never from inside channel_send(); afterwards
	 * the channel is closed but still has to be freed. */
	void (*closed)(void *context, struct channel *channel, const struct err *why);
	/* Optional: the queue has drained to below half of its limit. */
	void (*drained)(void *context, struct channel *channel);
};

/**
 * channel_new() - take over a connected SOCK_SEQPACKET descriptor.
 * @loop:    borrowed; must outlive the channel.
 * @fd:      owned by the channel from now on, also on failure.
 * @events:  borrowed for the channel's life.
 * Does not block. Errors: -ENOMEM, or what libuv says.
 */
int channel_new(uv_loop_t *loop, int fd, const struct channel_events *events, void *context,
		struct channel **ret, struct err *err);

/** channel_free() - close and free; accepts NULL; safe inside a handler. Queued messages are lost.
 */
void channel_free(struct channel *channel);

/**
 * channel_send() - queue one message; never blocks.
 * @fds: duplicated descriptors are not made: they are closed once sent (ownership moves), also on
 * failure. Errors: -EMSGSIZE (over WIRE_MAX_BODY_BYTES), -ENOBUFS (queue full), -EPIPE (closed),
 * -ENOMEM.
 */
int channel_send(struct channel *channel, uint16_t type, uint8_t flags, uint64_t id,
		 const void *body, size_t bytes, const int *fds, unsigned fd_count);

/** channel_queued_bytes() - what waits to be sent, for back-pressure. */
size_t channel_queued_bytes(const struct channel *channel);

/** channel_peer() - the peer's credentials as the kernel gives them (SO_PEERCRED). 0 or -errno. */
int channel_peer(const struct channel *channel, uid_t *ret_uid, gid_t *ret_gid, pid_t *ret_pid);

/**
 * channel_call_fd() - blocking round trip on a plain descriptor, for the CLI: send one message,
 * then read one message. The reply's bytes go to @ret_body (a buf); flags and type come back too.
 */
struct buf;
int channel_send_fd(int fd, uint16_t type, uint64_t id, const void *body, size_t bytes,
		    const int *fds, unsigned fd_count, struct err *err);
int channel_receive_fd(int fd, uint16_t *ret_type, uint8_t *ret_flags, uint64_t *ret_id,
		       struct buf *ret_body, struct err *err);

/** channel_receive_one() - the same, and the descriptor that came with it: *ret_fd, or -1. */
int channel_receive_one(int fd, uint16_t *ret_type, uint8_t *ret_flags, uint64_t *ret_id,
			struct buf *ret_body, int *ret_fd, struct err *err);

/** channel_pair() - a connected pair with large buffers, close-on-exec. 0 or -errno. */
int channel_pair(int ret_fds[2]);

/** frame_decode() - check a datagram's frame; body is borrowed from @data. 0 or ERR_PROTOCOL. */
int frame_decode(const void *data, size_t bytes, struct message *ret);

// Remote consoles: what web, core and host say about them, and what flows through a serial one.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/parse.h"

/*
 * A console between a browser and a guest has two ends and one judge:
 *
 *   browser ──WebSocket── web ──descriptor── host ── guest
 *                          └───── core ─────┘
 *
 * Core decides and lets host make a descriptor, which travels host → core → web; from then on bytes
 * flow between web and host alone, and core keeps the right to cut at both ends. A serial console's
 * descriptor is a SOCK_SEQPACKET socket: one datagram is one message of the stream below is one
 * WebSocket message. A VNC console's is a byte stream that speaks RFB (RFC 6143) with QEMU.
 *
 * A client asks by GET /v1/consoles/{server id}/{serial|vnc} with the header `upgrade: websocket`,
 * which web adds only to a valid opening handshake (RFC 6455 section 4.2.1). Core answers 101 or an
 * ordinary error. After a 101, and under the request's id:
 */
enum console_message_type {
	CONSOLE_FRAME = 0x120, /* web → core: the first frame's payload, as received; it holds the
				  ticket. At most once */
	CONSOLE_OPEN = 0x121,  /* core → web or a local client: struct console_open, 1 fd */
	CONSOLE_CLOSE = 0x122, /* core → web or a local client: struct console_close */
	CONSOLE_ENDED = 0x123, /* web → core: struct console_ended; the last word under this id,
				  exactly once after every 101 */
};

#define CONSOLE_FIRST_FRAME_BYTES 1024 /* one larger ends the connection */
#define CONSOLE_FIRST_FRAME_MS    2000 /* so long after the 101 it must have come */
#define CONSOLE_REASON_BYTES      121  /* RFC 6455: a close frame's reason is at most 123 bytes */
#define CONSOLE_LABEL_BYTES       64

enum console_kind { CONSOLE_SERIAL = 1, CONSOLE_VNC = 2 };
enum console_mode { CONSOLE_VIEW = 1, CONSOLE_CONTROL = 2 };

/* Close codes (RFC 6455 section 7.4.2: 4000 to 4999 are the application's). */
enum console_close_code {
	CONSOLE_NORMAL = 1000,
	CONSOLE_GOING_AWAY = 1001, /* the service is stopping or starting again */
	CONSOLE_PROTOCOL = 1002,   /* malformed frames or messages */
	CONSOLE_DROPPED = 1006,    /* never sent: the connection ended without a close frame */
	CONSOLE_TOO_BIG = 1009,
	CONSOLE_REFUSED = 4001, /* the ticket is unknown, used, late or of somewhere else */
	CONSOLE_CUT = 4002,     /* the right to it has ended: sign-out, role, token, operator */
	CONSOLE_IDLE = 4003,    /* nobody typed for too long */
	CONSOLE_LIFE = 4004,    /* open for as long as one may be */
	CONSOLE_LIMIT = 4005,   /* too many are open */
	CONSOLE_OFF = 4006,     /* the server is off: there is no screen */
	CONSOLE_DELETED = 4007, /* the server was deleted, rebuilt or handed over */
	CONSOLE_LOST = 4008,    /* the host or the hypervisor has gone; come again */
};

struct console_open {
	uint64_t console_id; /* of the history's line; no secret */
	uint8_t kind;        /* enum console_kind */
	uint8_t mode; /* enum console_mode; web lets nothing but harmless messages pass in view */
	uint32_t idle_ms;   /* without input for so long it ends; 0: no limit */
	uint32_t life_ms;   /* it ends after that; 0: no limit */
	char greeting[512]; /* JSON text, sent as the first text message to the client */
};

struct console_close {
	uint16_t code; /* enum console_close_code */
	char reason[CONSOLE_REASON_BYTES];
};

struct console_ended {
	uint16_t code;           /* that the connection ended with; 1006: without a close frame */
	uint64_t bytes_to_guest; /* payload that was passed on */
	uint64_t bytes_from_guest;
};

/* --- core and host --- */

/* HOST_CONSOLE_OPEN. Answer: 1 fd. ERR_NOT_FOUND, ERR_SERVER_NOT_RUNNING (VNC), ERR_LIMIT. */
struct host_console_open {
	uint8_t uuid[UUID_BYTES];
	uint64_t console_id;
	uint8_t kind;
	uint8_t mode;
	uint64_t from; /* serial: first byte wanted; CONSOLE_FROM_START: all kept */
	char label[CONSOLE_LABEL_BYTES]; /* who it is, as other viewers are told */
};
#define CONSOLE_FROM_START ((uint64_t)0)
#define CONSOLE_FROM_NOW   UINT64_MAX

/* HOST_CONSOLE_TEXT: what the serial ring holds. Answer: u64 offset of the first byte given, u64
 * offset of the ring's end, slice of bytes (parts with WIRE_MORE). */
struct host_console_text {
	uint8_t uuid[UUID_BYTES];
	uint64_t from;
	uint32_t max_bytes;
};

/* HOST_CONSOLE_CLOSE: u64 console id. When it is answered not a byte of that console reaches the
 * guest any more. HOST_CONSOLE_SCREEN: uuid. Answer: a PNG in parts with WIRE_MORE.
 * HOST_EVENT_CONSOLE: u64 console id, u8 enum host_console_end: it ended on the host's side. */
enum host_console_end { HOST_CONSOLE_OFF = 1, HOST_CONSOLE_GONE = 2, HOST_CONSOLE_BAD = 3 };

/*
 * --- the serial stream: one message a datagram, its first byte the type, little-endian ---
 *
 * client → host; from a viewer without control everything is ignored
 *   SERIAL_INPUT   bytes               ignored unless one is the writer; 1 to
 *                                      SERIAL_MAX_INPUT_BYTES, and what comes in one go reaches
 *                                      the host as one of up to SERIAL_MAX_GATHERED_BYTES
 *   SERIAL_SIZE    u16 columns, u16 rows   1 to 1000; told to all viewers when by the writer
 *   SERIAL_TAKE    -                   become the writer; the one before is told
 *   SERIAL_RELEASE -                   stop being the writer
 * host → client
 *   SERIAL_OUTPUT  u64 offset, bytes   of the first byte, counted since the server was made
 *   SERIAL_GAP     u64 from, u64 to, u8 reason   these bytes are lost to this viewer
 *                                      (from = to: nobody knows how many)
 *   SERIAL_MARK    u64 offset, u8 mark, u64 time_ms   something happened at this place
 *   SERIAL_WRITER  u8 0: nobody, 1: you, 2: another; text (u32 length, bytes) label
 *   SERIAL_SIZE    u16 columns, u16 rows   the writer's window
 *   SERIAL_READY   u64 first, u64 end  the ring's bounds; sent first
 *   SERIAL_LIVE    u64 offset          what was kept has been sent; from here on it is new
 */
enum serial_message_type {
	SERIAL_INPUT = 0x01,
	SERIAL_SIZE = 0x02,
	SERIAL_TAKE = 0x03,
	SERIAL_RELEASE = 0x04,
	SERIAL_OUTPUT = 0x11,
	SERIAL_GAP = 0x12,
	SERIAL_MARK = 0x13,
	SERIAL_WRITER = 0x14,
	SERIAL_READY = 0x15,
	SERIAL_LIVE = 0x16,
};
enum serial_gap { SERIAL_GAP_OLD = 1, SERIAL_GAP_SLOW = 2, SERIAL_GAP_AWAY = 3 };
enum serial_mark { SERIAL_MARK_START = 1, SERIAL_MARK_STOP = 2, SERIAL_MARK_RESET = 3 };

#define SERIAL_MAX_INPUT_BYTES    ((size_t)4096)
#define SERIAL_MAX_GATHERED_BYTES ((size_t)64 * 1024)
/* What goes to a client in one go: four records of TLS, which fit one packet of the kernel's own,
 * 64 KiB, with what TLS, TCP and IP add. */
#define CONSOLE_BATCH_BYTES ((size_t)65392)
/* With a message's own head and that of a WebSocket frame it fills a batch. */
#define SERIAL_OUTPUT_HEAD_BYTES 9
#define SERIAL_MAX_OUTPUT_BYTES  (CONSOLE_BATCH_BYTES - SERIAL_OUTPUT_HEAD_BYTES - 4)
#define SERIAL_MAX_SIZE          1000

/* Encoders append to @out (check out->error); decoders return 0 or ERR_PROTOCOL. */
void console_open_write(struct buf *out, const struct console_open *open);
int console_open_read(struct reader *in, struct console_open *ret);
void console_close_write(struct buf *out, const struct console_close *close);
int console_close_read(struct reader *in, struct console_close *ret);
void console_ended_write(struct buf *out, const struct console_ended *ended);
int console_ended_read(struct reader *in, struct console_ended *ret);
void host_console_open_write(struct buf *out, const struct host_console_open *open);
int host_console_open_read(struct reader *in, struct host_console_open *ret);
void host_console_text_write(struct buf *out, const struct host_console_text *text);
int host_console_text_read(struct reader *in, struct host_console_text *ret);

/** The API's words for kinds, modes and close codes; static storage. */
const char *console_kind_name(uint8_t kind);
const char *console_mode_name(uint8_t mode);
const char *console_code_name(uint16_t code);

// Web without its process: a loop, a fake core behind a channel, and browsers that speak TLS.
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "web/web.h"
#include "wire/channel.h"
#include "wire/console_message.h"

#define FIXTURE_IDS 512

/* What core heard under an id. */
struct heard {
	uint64_t id;
	bool upgrade;
	unsigned frames, ended, cancelled;
	char frame[CONSOLE_FIRST_FRAME_BYTES + 1];
	struct console_ended last;
};

struct fixture {
	struct web web;
	struct channel *core;
	unsigned status; /* that core answers with; 101: goes on as a console */
	struct heard heard[FIXTURE_IDS];
	unsigned heard_count;
	bool core_closed;
};

struct browser {
	int fd;
	SSL *tls;
	struct buf in;
	bool closed;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Let everything run until @done says so, or fail after @ms. */
void fixture_run(struct fixture *fixture, int ms, bool (*done)(void *context), void *context);
/* Let everything run for so long. */
void fixture_pause(struct fixture *fixture, int ms);
struct heard *fixture_heard(struct fixture *fixture, unsigned index);
void fixture_core_dies(struct fixture *fixture);
void fixture_open(struct fixture *fixture, uint64_t id, const struct console_open *open, int fd);
void fixture_close(struct fixture *fixture, uint64_t id, uint16_t code, const char *reason);

/* A browser whose handshake with TLS is complete; @receive_bytes: of its socket's buffer, 0: any.
 */
void browser_connect(struct fixture *fixture, struct browser *browser, int receive_bytes);
void browser_done(struct browser *browser);
void browser_send(struct fixture *fixture, struct browser *browser, const void *data, size_t bytes);
void browser_frame(struct fixture *fixture, struct browser *browser, uint8_t first,
		   const void *payload, size_t bytes);
/* Until so many bytes are in its `in`; then they can be consumed. */
void browser_wait(struct fixture *fixture, struct browser *browser, size_t bytes);
/* The whole head of an answer, as text with its empty line; consumed. */
void browser_head(struct fixture *fixture, struct browser *browser, struct buf *ret);
/* The next frame: opcode, and its payload in @ret; consumed. */
uint8_t browser_next(struct fixture *fixture, struct browser *browser, struct buf *ret);
/* A close frame with this code comes, and then the end. */
void browser_expect_close(struct fixture *fixture, struct browser *browser, uint16_t code);
void browser_expect_end(struct fixture *fixture, struct browser *browser);
/* Handshake with core's 101, frame sent and heard by core. Returns core's id. */
uint64_t browser_upgrade(struct fixture *fixture, struct browser *browser);
/* The same, and core opens a console of @kind; returns the host's end. */
int browser_console(struct fixture *fixture, struct browser *browser,
		    const struct console_open *open, uint64_t *ret_id);

// The running ippo-web: what its parts share.
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <uv.h>

#include "base/config.h"
#include "base/err.h"

struct connection;
struct console;
struct core_link;
struct panel;

struct web {
	uv_loop_t loop;
	const struct config *config;
	SSL_CTX *tls;
	struct core_link *core;
	struct panel *panel;
	struct connection *connections; /* all of them, in a list */
	unsigned connection_count;
	unsigned console_count;  /* of them, open consoles */
	uv_timer_t turns;        /* of consoles whose guest floods, one after another */
	struct console *waiting; /* for theirs, first to last */
	uv_timer_t rests;        /* after which clients that send much are read again */
	struct console *resting;
	uint64_t heard_ms; /* when a client last said anything; the loop's time */
	bool hsts;         /* the name is a public one: promise https for it */
	bool stopping;
};

/** web_memory_options() - of malloc, before much is allocated. */
void web_memory_options(void);

/** web_isolate_syscalls() - the last stage: what this process may ask of the kernel. */
int web_isolate_syscalls(struct err *err);

/** web_tls_options() - what every TLS connection of ours has in common. */
void web_tls_options(SSL_CTX *tls);

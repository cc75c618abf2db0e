// One serial console as the CLI has it: messages over a descriptor of the host, or over a
// WebSocket.
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/api.h"

struct console_link;

#define CONSOLE_LINK_FDS 2

/**
 * console_link_open() - on this machine the kernel says who asks; over HTTPS a ticket is fetched.
 * @from: an offset, or "now". Blocks until it is open or refused.
 */
int console_link_open(struct api *api, int64_t server_id, const char *from, bool view,
		      struct console_link **ret, struct err *err);
/** console_link_free() - says goodbye; accepts NULL. */
void console_link_free(struct console_link *link);

/** console_link_wait_for() - what to poll for; up to CONSOLE_LINK_FDS. Return: how many. */
size_t console_link_wait_for(const struct console_link *link, struct pollfd *fds);

/** console_link_send() - queue one message; never blocks. -ENOBUFS when too much waits. */
int console_link_send(struct console_link *link, const void *data, size_t bytes);

/** console_link_receive() - one message into @ret (cleared first). 1, or 0 when there is none now.
 * To be called until it says 0 before poll() is waited for. */
int console_link_receive(struct console_link *link, struct buf *ret);

/** console_link_has_ended() - with a code of enum console_close_code and a reason (borrowed). */
bool console_link_has_ended(const struct console_link *link, uint16_t *ret_code,
			    const char **ret_reason);

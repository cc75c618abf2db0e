// What ippod tells its children over their control channel (descriptor 3), and what they answer.
#pragma once

#include <stdint.h>

#include "base/buf.h"

/* Every child starts with --config PATH and its control channel on descriptor 3. ippod sends
 * CONNECT for each neighbour (again with a new descriptor whenever that neighbour was restarted),
 * LISTEN for each listening socket the child serves, then READY is expected back once the child has
 * dropped its powers. */
#define SUPERVISION_FD 3

enum supervision_message_type {
	SUPERVISION_CONNECT =
		0x200, /* ippod → child, 1 fd: a SEQPACKET end; body: text name of the neighbour */
	SUPERVISION_LISTEN =
		0x201, /* ippod → child, 1 fd: a listening socket; body: text "https" or "local" */
	SUPERVISION_STOP = 0x202, /* ippod → child: finish what is answered for, then exit 0 */
	SUPERVISION_PING = 0x203, /* ippod → child, every 5 s; silence for 30 s means a restart */
	SUPERVISION_PONG = 0x210, /* child → ippod, same id */
	SUPERVISION_READY = 0x211, /* child → ippod */
	SUPERVISION_RECONNECT =
		0x213, /* core → ippod: my channel to a neighbour has ended; body: text name */
	SUPERVISION_METRICS =
		0x214, /* core → ippod: start ippo-metrics; CONNECT with the name "metrics" follows.
			  Its descriptor 3 is that channel: it speaks with core alone */
	SUPERVISION_POST = 0x215,  /* core → ippod: the same of ippo-post; its name is "post" */
	SUPERVISION_PROBE = 0x216, /* core → ippod: the same of ippo-probe; its name is "probe" */
	SUPERVISION_DNS = 0x217,   /* core → ippod: the same of ippo-dns; its name is "dns" */
	SUPERVISION_LOOKUPS = 0x218, /* core → ippod: a second ippo-probe, which asks the resolver
					while the first looks at servers; its name is "lookups" */
	SUPERVISION_HEALTH =
		0x212, /* core → ippod: ask for health; ippod → core: answer, JSON text */
};

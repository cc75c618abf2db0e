// The listening sockets, which ippod opens and its children serve.
#pragma once

#include <sys/types.h>

#include "base/config.h"

/** listen_https() - bind config->listen. A descriptor, or an error that says who may hold the port.
 */
int listen_https(const struct config *config, struct err *err);

/** listen_local() - RUN_DIR/api.sock, SEQPACKET, for root and the group alone. A descriptor or an
 * error. */
int listen_local(const struct config *config, struct err *err);

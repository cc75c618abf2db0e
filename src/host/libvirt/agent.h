// The guest agent: the few commands Ippo uses. Its replies are hostile.
#pragma once

#include <libvirt/libvirt.h>

#include "host/driver.h"

/**
 * agent_set_password() - set a user's password by its hash, and make it expire at once.
 * Blocks for at most 30 s. Errors: ERR_AGENT when the agent does not answer.
 */
int agent_set_password(virDomainPtr domain, const struct host_password *password, struct err *err);

/** agent_is_connected() - whether the guest has opened the agent's port. */
bool agent_is_connected(virDomainPtr domain);

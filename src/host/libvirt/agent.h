// The guest agent: the few commands Ippo uses. Its replies are hostile.
#pragma once

#include <libvirt/libvirt.h>

#include "host/driver.h"

/**
 * agent_set_password() - set a user's password by its hash.
 * Blocks for at most 10 s. Errors: ERR_AGENT when the agent does not answer.
 */
int agent_set_password(virDomainPtr domain, const struct host_password *password, struct err *err);

/** agent_expire() - have it changed at the next login, where the guest lets its agent run programs.
 * Blocks for at most 20 s. Errors: ERR_AGENT. */
int agent_expire(virDomainPtr domain, const char *user, struct err *err);

/** agent_is_connected() - whether the guest has opened the agent's port. */
bool agent_is_connected(virDomainPtr domain);

// The ports through which the host has something done inside a guest: there, or not.
#pragma once

#include <libvirt/libvirt.h>
#include <stdbool.h>

#include "base/err.h"

/** ports_check() - ERR_AGENT_OFF for a server whose definition has no port for its guest agent.
 * What runs may still have one. */
int ports_check(virDomainPtr domain, struct err *err);

/**
 * ports_follow() - a running server gets, or loses, the ports as its definition has them.
 * One that cannot be changed now follows when it is next started; nothing is sent through it
 * meanwhile, see ports_check().
 */
void ports_follow(virDomainPtr domain);

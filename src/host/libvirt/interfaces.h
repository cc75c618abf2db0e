// Cards for private networks, plugged into a guest and pulled out of it while it runs.
#pragma once

#include <libvirt/libvirt.h>

#include "base/err.h"
#include "wire/host_message.h"

/**
 * interfaces_follow() - a running guest gets the cards that its definition has, and is asked to let
 * go of others. The taps are there already.
 *
 * One that does not let go keeps a card whose wire is gone. Blocks for seconds at most.
 * Errors: ERR_HYPERVISOR_FAILED when a card cannot be plugged in.
 */
int interfaces_follow(virDomainPtr domain, const struct host_domain *wanted, const char *instance,
		      struct err *err);

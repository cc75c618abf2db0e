// What libvirt's bulk statistics say of a domain, as one sample.
#pragma once

#include <libvirt/libvirt.h>

#include "host/driver.h"

/** statistics_of() - @params as virConnectGetAllDomainStats() gives them. What is not there is
 * HOST_STATISTIC_UNKNOWN. @ret: its uuid is left alone. */
void statistics_of(const virTypedParameter *params, int count, struct host_sample *ret);

/**
 * statistics_all() - of every domain that is on and whose name begins with @instance and a dash,
 * by one call. It waits for no domain that is busy with something else: what only QEMU knows is
 * unknown then. Return: 0 or what connection_error() says.
 */
int statistics_all(virConnectPtr connection, const char *instance, driver_sample *sample,
		   void *context, struct err *err);

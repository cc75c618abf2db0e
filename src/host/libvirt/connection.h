// The connection to libvirt: kept up by a thread of its own, which also runs libvirt's events.
#pragma once

#include <libvirt/libvirt.h>
#include <stdbool.h>

#include "host/driver.h"

struct connection;

struct connection_events {
	/* All from the connection's thread. */
	void (*opened)(void *context, virConnectPtr connection);
	void (*lost)(void *context);
	void (*domain)(void *context, virDomainPtr domain, enum host_domain_state state);
	void (*reset)(void *context, virDomainPtr domain); /* by its own will or by the button */
};

/** connection_new() - begins to connect at once; tries again for ever. */
int connection_new(const char *uri, const struct connection_events *events, void *context,
		   struct connection **ret, struct err *err);
void connection_free(struct connection *connection);

/** connection_get() - a reference to free with virConnectClose(), or NULL and ERR_HYPERVISOR. */
virConnectPtr connection_get(struct connection *connection, struct err *err);

/**
 * connection_error() - what libvirt's last call failed with, in our codes.
 * @what: "start the server". Return: ERR_HYPERVISOR when the connection is lost, ERR_NOT_FOUND,
 * ERR_DISK_FULL, ERR_MEMORY_FULL, else ERR_HYPERVISOR_FAILED with libvirt's words.
 */
int connection_error(const char *what, struct err *err);

/** connection_state() - libvirt's domain state as ours. */
enum host_domain_state connection_state(int state);

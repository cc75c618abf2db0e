// A guest's serial port and screen, as libvirt and QEMU give them.
#pragma once

#include <libvirt/libvirt.h>

#include "base/buf.h"
#include "host/console/line.h"
#include "host/driver.h"

/**
 * console_open_line() - the serial port of a running or paused guest.
 * @log: what virtlogd keeps of it; copied.
 * @ret: its descriptor is the caller's; is_from_start is left false. Errors: ERR_NOT_FOUND,
 * ERR_HYPERVISOR, ERR_HYPERVISOR_FAILED, ERR_SERVER_NOT_RUNNING.
 */
int console_open_line(virConnectPtr connection, const uint8_t uuid[UUID_BYTES], const char *log,
		      struct serial_line *ret, struct err *err);

/** console_open_vnc() - a socket that speaks RFB with QEMU, already past its security type. */
int console_open_vnc(virDomainPtr domain, int *ret_fd, struct err *err);

/** console_screenshot() - a PNG. ERR_SERVER_NOT_RUNNING, and what screen_encode() says. */
int console_screenshot(virConnectPtr connection, virDomainPtr domain, struct buf *png,
		       struct err *err);

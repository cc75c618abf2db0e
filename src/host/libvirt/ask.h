// A question to the guest, on the port that firststep listens to, and its answer from the report
// port.
#pragma once

#include <libvirt/libvirt.h>

#include "base/err.h"
#include "base/parse.h"

/**
 * ask_expire() - have the guest make @user change the password at the next login.
 * Blocks for at most 10 s. Return: 0; ERR_UNSUPPORTED when nothing in the guest answers; ERR_AGENT
 * when it could not.
 */
int ask_expire(virConnectPtr connection, virDomainPtr domain, const uint8_t uuid[UUID_BYTES],
	       const char *user, struct err *err);

/** ask_line() - a whole line, with its end; whether anybody reads it or not. ERR_UNSUPPORTED: there
 * is no such port, or the guest takes no more. */
int ask_line(virConnectPtr connection, virDomainPtr domain, const char *line, struct err *err);

/** ask_take() - is @line, which the guest @uuid said, an answer that somebody waits for? */
bool ask_take(const uint8_t uuid[UUID_BYTES], const char *line);

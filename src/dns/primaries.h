// Where zones may be fetched from: checked again where the name server is told.
#pragma once

#include "base/config.h"
#include "wire/dns_message.h"

/** primaries_check() - takes the address from those of @job where it is private, special or this
 * machine's and not allowed by the settings; the error of their zone says so. */
void primaries_check(const struct config *config, struct dns_job *job);

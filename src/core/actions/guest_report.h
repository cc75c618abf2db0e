// What a guest says on its report port, and what of it is taken down.
#pragma once

#include <stdint.h>

#include "base/parse.h"

/**
 * guest_report_take() - one line from a guest; for host_client_events.
 * @context: the engine
 *
 * The line is hostile: whatever is not one of ours is none of our business. What is taken concerns
 * the guest's own server alone, and only until its first boot is over.
 */
void guest_report_take(void *context, const uint8_t uuid[UUID_BYTES], const char *line);

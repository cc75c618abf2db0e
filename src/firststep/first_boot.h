// What is left to do at the end of a server's first boot, when its user and keys are there.
#pragma once

#include "firststep/command.h"

/* Made by what the host hands in at the first boot; its only line is SSH's port. */
#define FIRST_BOOT_MARK "/var/lib/firststep/first-boot"

/** first_boot_finish() - waits for cloud-init; then, once, puts right what can be put right. */
void first_boot_finish(const struct options *options);

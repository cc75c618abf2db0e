// What is left to do at the end of a server's first boot, when its user and keys are there.
#pragma once

#include "firststep/command.h"

/* Made by what the host hands in at the first boot; its only line is SSH's port. */
#define FIRST_BOOT_MARK "/var/lib/firststep/first-boot"

/** first_boot_finish() - waits for cloud-init; then, once, puts right what can be put right with
 * what is there. Return: whether this was the first boot. */
bool first_boot_finish(const struct options *options);
/** first_boot_install() - begin, in a process of its own, what needs packages: mirrors may be slow,
 * or not be reached at all, and the host is not to wait for them. */
void first_boot_install(const struct options *options);

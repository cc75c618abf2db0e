// Does KVM really work here? Asked by speed, because on some machines it only seems to.
#pragma once

#include <stdbool.h>
#include <stddef.h>

/**
 * kvm_probe() - run a counted loop of 2·10⁸ iterations in 64-bit mode in a virtual machine of its
 * own, in a child process; at most 2 s.
 * @reason: why KVM is not used, for people; "" when it works.
 */
bool kvm_probe(char *reason, size_t size);

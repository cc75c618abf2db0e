// How many security updates apt knows of that are not installed.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firststep/tree.h"

/**
 * pending_security_updates() - read from apt's lists and dpkg's state: no program is run.
 * Return: 0; -ENOENT where apt has no list of security updates that can be read so (also when it
 *	   keeps them packed); another -errno. @ret is left alone then.
 */
int pending_security_updates(const struct tree *tree, int64_t *ret);

/* For tests: what it is made of. */

/** version_compare() - deb-version(7): less than, equal to, greater than 0. */
int version_compare(const char *a, size_t a_len, const char *b, size_t b_len);
/** pending_count() - of dpkg's status and of @count lists; -ENOMEM. */
int64_t pending_count(const char *status, const char *const lists[], size_t count);

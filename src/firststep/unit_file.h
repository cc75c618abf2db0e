// Files of [sections] and Key=Value as systemd reads them, with their drop-ins; dnf's too.
#pragma once

#include <stddef.h>

#include "firststep/tree.h"

#define UNIT_VALUES_MAX 64

struct unit_value {
	char file[256];
	char value[256];
};

/* The values of one key in the order they were read. */
struct unit_values {
	struct unit_value list[UNIT_VALUES_MAX];
	size_t count;
};

/** unit_file_parse() - values of @key in [@section]; an empty one takes all earlier ones away. */
int unit_file_parse(const char *file, const char *text, const char *section, const char *key,
		    struct unit_values *values);

/**
 * unit_file_load() - values of a key in a file and its drop-ins.
 * @name: "journald.conf" under systemd/, or "system/ssh.socket". Main file: the first of /etc,
 *	  /run, /usr/lib, /lib; drop-ins of all of them, sorted by name, an earlier folder's hiding
 *	  a later one's of the same name (systemd.unit(5), journald.conf(5)).
 * Return: 0 (with no value too), -E2BIG, or another -errno.
 */
int unit_file_load(const struct tree *tree, const char *name, const char *section, const char *key,
		   struct unit_values *ret);
/** unit_file_last() - the value that counts, NULL when there is none. */
const struct unit_value *unit_file_last(const struct unit_values *values);
/** unit_is_enabled() - does a target want it in /etc (or the package itself)? @ret_path: where. */
int unit_is_enabled(const struct tree *tree, const char *unit, char *ret_path, size_t size);

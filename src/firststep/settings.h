// What was chosen for this server: /etc/firststep.conf.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "firststep/ports.h"
#include "firststep/tree.h"

#define SETTINGS_PATH "/etc/firststep.conf"

/* How security updates come in. */
enum updates_policy {
	UPDATES_UNSAID,    /* by themselves; nothing is said of reboots */
	UPDATES_REBOOT,    /* by themselves, with a reboot at night when one is needed */
	UPDATES_NO_REBOOT, /* by themselves, and never a reboot */
	UPDATES_MANUAL,    /* by hand */
};

struct settings {
	bool is_written;   /* there is such a file */
	uint16_t ssh_port; /* 0: never chosen */
	struct ports open; /* beside SSH */
	char user[33];     /* "" when none was chosen */
	uint32_t log_days;
	uint32_t log_max_mib;
	enum updates_policy updates;
};

/** settings_default() - as if there were no file. */
void settings_default(struct settings *settings);
/** settings_parse() - strict: `key = value` lines and # comments; an unknown key is a failure. */
int settings_parse(const char *text, struct settings *ret, struct err *err);
int settings_load(const struct tree *tree, struct settings *ret, struct err *err);
/** settings_write() - the file's text. */
void settings_write(const struct settings *settings, struct buf *out);

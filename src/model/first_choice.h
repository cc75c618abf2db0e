// What may be chosen for a server's first boot: the port of SSH, what its own packet filter opens,
// how long logs stay, how it updates itself.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define FIRST_CHOICE_SSH_PORT       22
#define FIRST_CHOICE_PORT_MIN       1024 /* below it, other services are expected; 22 alone is SSH's */
#define FIRST_CHOICE_RANDOM_FIRST   20000
#define FIRST_CHOICE_RANDOM_LAST    32767 /* Linux takes ports for outgoing connections above it */
#define FIRST_CHOICE_OPEN_MAX       32
#define FIRST_CHOICE_OPEN_BYTES     (FIRST_CHOICE_OPEN_MAX * 16 + 1)
#define FIRST_CHOICE_LOG_DAYS_MAX   3650
#define FIRST_CHOICE_PASSWORD_MIN   12
#define FIRST_CHOICE_PASSWORD_BYTES 129 /* with the NUL */

/* How a server gets its security updates; kept in the database by number. */
enum first_choice_updates {
	FIRST_CHOICE_UPDATES_UNKNOWN = 0,   /* one from before there was a choice */
	FIRST_CHOICE_UPDATES_REBOOT = 1,    /* by themselves, with a reboot at night when needed */
	FIRST_CHOICE_UPDATES_NO_REBOOT = 2, /* by themselves, without */
	FIRST_CHOICE_UPDATES_MANUAL = 3,    /* by hand */
};
#define FIRST_CHOICE_UPDATES_DEFAULT FIRST_CHOICE_UPDATES_REBOOT

struct first_choice_port {
	uint16_t first;
	uint16_t last;
	bool is_udp;
};

/** first_choice_is_database() - a port that databases listen on, and that is to stay closed. */
bool first_choice_is_database(uint16_t first, uint16_t last);
/** first_choice_check_ssh() - 22, or from FIRST_CHOICE_PORT_MIN and no database's.
 * ERR_INVALID_INPUT. */
int first_choice_check_ssh(int64_t port, struct err *err);
/** first_choice_read_port() - "443/tcp", "60000-61000/udp"; no database's. ERR_INVALID_INPUT. */
int first_choice_read_port(const char *text, struct first_choice_port *ret, struct err *err);
/** first_choice_updates_name() - as the API and firststep.conf spell it; NULL for unknown. */
const char *first_choice_updates_name(enum first_choice_updates updates);
/** first_choice_updates_parse() - 0 or -EINVAL. */
int first_choice_updates_parse(const char *text, enum first_choice_updates *ret);
/** first_choice_check_password() - printable ASCII, neither short nor endless. ERR_INVALID_INPUT.
 */
int first_choice_check_password(const char *text, struct err *err);

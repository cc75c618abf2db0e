#include "model/first_choice.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "model/firewall.h"

#define PORT_TEXT_BYTES 20

bool first_choice_is_database(uint16_t first, uint16_t last)
{
	struct ip everybody = {.family = 4};
	const struct firewall_rule rule = {.direction = FIREWALL_IN,
					   .protocol = FIREWALL_TCP,
					   .port_first = first,
					   .port_last = last,
					   .networks = &everybody,
					   .network_count = 1};
	uint16_t which;

	return firewall_opens_database(&rule, &which);
}

int first_choice_check_ssh(int64_t port, struct err *err)
{
	if (port == FIRST_CHOICE_SSH_PORT)
		return 0;
	if (port < FIRST_CHOICE_PORT_MIN || port > UINT16_MAX)
		return err_set(err, ERR_INVALID_INPUT, "must be %d, or from %d to %d",
			       FIRST_CHOICE_SSH_PORT, FIRST_CHOICE_PORT_MIN, UINT16_MAX);
	if (first_choice_is_database((uint16_t)port, (uint16_t)port))
		return err_set(err, ERR_INVALID_INPUT,
			       "is a port that databases listen on; choose another");
	return 0;
}

static bool read_port(const char *text, struct first_choice_port *ret)
{
	char copy[PORT_TEXT_BYTES];
	uint64_t first, last;
	const size_t len = strlen(text);

	if (len >= sizeof copy)
		return false;
	memcpy(copy, text, len + 1);
	char *slash = strchr(copy, '/');
	if (slash == NULL || (strcmp(slash, "/tcp") != 0 && strcmp(slash, "/udp") != 0))
		return false;
	const bool is_udp = slash[1] == 'u';
	*slash = '\0';
	char *dash = strchr(copy, '-');
	if (dash != NULL)
		*dash = '\0';
	if (parse_u64(copy, 1, UINT16_MAX, &first) < 0)
		return false;
	last = first;
	if (dash != NULL && parse_u64(dash + 1, first, UINT16_MAX, &last) < 0)
		return false;
	*ret = (struct first_choice_port){(uint16_t)first, (uint16_t)last, is_udp};
	return true;
}

int first_choice_read_port(const char *text, struct first_choice_port *ret, struct err *err)
{
	struct first_choice_port port;

	if (!read_port(text, &port))
		return err_set(err, ERR_INVALID_INPUT,
			       "must be ports with their protocol: 443/tcp, 60000-61000/udp");
	if (first_choice_is_database(port.first, port.last))
		return err_set(err, ERR_INVALID_INPUT,
			       "would open a database to the world; reach it through SSH");
	*ret = port;
	return 0;
}

static const char *const updates_names[] = {
	[FIRST_CHOICE_UPDATES_REBOOT] = "reboot",
	[FIRST_CHOICE_UPDATES_NO_REBOOT] = "no_reboot",
	[FIRST_CHOICE_UPDATES_MANUAL] = "manual",
};

const char *first_choice_updates_name(enum first_choice_updates updates)
{
	return (unsigned)updates < ARRAY_SIZE(updates_names) ? updates_names[updates] : NULL;
}

int first_choice_updates_parse(const char *text, enum first_choice_updates *ret)
{
	for (unsigned i = 1; i < ARRAY_SIZE(updates_names); i++)
		if (strcmp(updates_names[i], text) == 0) {
			*ret = (enum first_choice_updates)i;
			return 0;
		}
	return -EINVAL;
}

int first_choice_check_password(const char *text, struct err *err)
{
	const size_t len = strlen(text);

	if (len < FIRST_CHOICE_PASSWORD_MIN || len >= FIRST_CHOICE_PASSWORD_BYTES)
		return err_set(err, ERR_INVALID_INPUT, "must have %d to %d characters",
			       FIRST_CHOICE_PASSWORD_MIN, FIRST_CHOICE_PASSWORD_BYTES - 1);
	/* What else there is, a console's keyboard may not be able to type. */
	for (const char *at = text; *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			return err_set(err, ERR_INVALID_INPUT,
				       "may have letters, digits and signs of ASCII alone");
	return 0;
}

/*
 * How many consoles somebody may have, open and on their way.
 */
#include <string.h>

#include "core/console/console_state.h"

#define IPV6_CUSTOMER_BITS 64 /* who has one address has its /64 */

void console_take_address(const char *peer, struct ip *ret)
{
	if (ip_parse(peer, ret) < 0)
		*ret = (struct ip){0};
	else if (ret->family == 6)
		memset(ret->bytes + IPV6_CUSTOMER_BITS / 8, 0,
		       sizeof ret->bytes - IPV6_CUSTOMER_BITS / 8);
}

static bool is_same_address(const struct ip *a, const struct ip *b)
{
	return a->family != 0 && a->family == b->family &&
	       memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* A person's tokens count as that person. */
static bool is_same_user(const struct principal *a, const struct principal *b)
{
	if (a->via == PRINCIPAL_LOCAL || b->via == PRINCIPAL_LOCAL)
		return false;
	if (a->user_id != 0 || b->user_id != 0)
		return a->user_id == b->user_id;
	return a->token_id == b->token_id;
}

int console_check_limits(const struct console *console, struct err *err)
{
	const struct config *config = console->consoles->core->config;
	uint32_t of_user = 0, of_server = 0, of_address = 0;

	for (const struct console *other = console->consoles->first; other != NULL;
	     other = other->next) {
		if (!other->admitted)
			continue;
		of_user += is_same_user(&other->claim.who, &console->claim.who);
		of_server += other->claim.server_id == console->claim.server_id;
		of_address += is_same_address(&other->address, &console->address);
	}
	if (config->console_per_user != 0 && of_user >= config->console_per_user)
		return err_set(err, ERR_LIMIT, "you have %u consoles open: close another first",
			       of_user);
	if (config->console_per_server != 0 && of_server >= config->console_per_server)
		return err_set(err, ERR_LIMIT, "this server has %u consoles open", of_server);
	if (config->console_per_address != 0 && of_address >= config->console_per_address)
		return err_set(err, ERR_LIMIT, "from your address %u consoles are open",
			       of_address);
	return 0;
}

int console_check_handshakes(const struct consoles *consoles, const struct ip *address,
			     struct err *err)
{
	unsigned count = 0;

	for (const struct console *other = consoles->first; other != NULL; other = other->next)
		count += other->state == WAITING && is_same_address(&other->address, address);
	if (consoles->half_open >= CONSOLE_HALF_OPEN_MAX || count >= CONSOLE_HANDSHAKES_MAX)
		return err_set(err, ERR_RATE_LIMIT,
			       "too many consoles are being opened; try again in a moment");
	return 0;
}

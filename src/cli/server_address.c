#include "cli/server_address.h"

#include <stdio.h>

#include "cli/print.h"

const char *server_address6(const json_t *server, char out[IP_TEXT_BYTES])
{
	const char *network = json_string_value(json_at(server, "public_net.ipv6.ip"));
	struct ip prefix;

	if (network == NULL || ip_parse_prefix(network, &prefix) < 0)
		return NULL;
	prefix.bytes[15] |= 1;
	ip_format(&prefix, out);
	return out;
}

const char *server_address(const json_t *server, char out[IP_TEXT_BYTES])
{
	const char *v4 = json_string_value(json_at(server, "public_net.ipv4.ip"));

	if (v4 != NULL)
		(void)snprintf(out, IP_TEXT_BYTES, "%s", v4);
	else if (server_address6(server, out) == NULL)
		(void)snprintf(out, IP_TEXT_BYTES, "-");
	return out;
}

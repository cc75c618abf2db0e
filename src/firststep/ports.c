#include "firststep/ports.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"

int ports_parse_one(const char *text, struct port_range *ret)
{
	char copy[24];
	uint64_t first, last;
	const size_t len = strlen(text);

	if (len >= sizeof copy)
		return -EINVAL;
	memcpy(copy, text, len + 1);
	char *slash = strchr(copy, '/');
	if (slash == NULL || (strcmp(slash, "/tcp") != 0 && strcmp(slash, "/udp") != 0))
		return -EINVAL;
	const bool is_udp = slash[1] == 'u';
	*slash = '\0';
	char *dash = strchr(copy, '-');
	if (dash != NULL)
		*dash = '\0';
	if (parse_u64(copy, 1, 65535, &first) < 0)
		return -EINVAL;
	last = first;
	if (dash != NULL && parse_u64(dash + 1, first, 65535, &last) < 0)
		return -EINVAL;
	*ret = (struct port_range){(uint16_t)first, (uint16_t)last, is_udp};
	return 0;
}

int ports_add(struct ports *ports, struct port_range range)
{
	if (ports_cover(ports, range))
		return 0;
	if (ports->count == PORTS_MAX)
		return -E2BIG;
	ports->ranges[ports->count++] = range;
	return 0;
}

int ports_parse(const char *text, struct ports *ret)
{
	struct ports ports = {0};

	while (*text != '\0') {
		char one[24];
		struct port_range range;
		text += strspn(text, " \t");
		const size_t len = strcspn(text, ", \t");
		if (len == 0 || len >= sizeof one)
			return -EINVAL;
		memcpy(one, text, len);
		one[len] = '\0';
		int code = ports_parse_one(one, &range);
		if (code == 0)
			code = ports_add(&ports, range);
		if (code < 0)
			return code;
		text += len;
		text += strspn(text, " \t");
		if (*text == ',' && *++text == '\0')
			return -EINVAL;
	}
	*ret = ports;
	return 0;
}

bool ports_cover(const struct ports *ports, struct port_range range)
{
	for (size_t i = 0; i < ports->count; i++)
		if (ports->ranges[i].is_udp == range.is_udp &&
		    ports->ranges[i].first <= range.first && ports->ranges[i].last >= range.last)
			return true;
	return false;
}

void port_range_format(struct port_range range, char out[20])
{
	const char *protocol = range.is_udp ? "udp" : "tcp";

	if (range.first == range.last)
		(void)snprintf(out, 20, "%u/%s", range.first, protocol);
	else
		(void)snprintf(out, 20, "%u-%u/%s", range.first, range.last, protocol);
}

void ports_format(const struct ports *ports, char out[PORTS_TEXT_BYTES])
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ports->count; i++) {
		char one[20];
		port_range_format(ports->ranges[i], one);
		used += (size_t)snprintf(out + used, PORTS_TEXT_BYTES - used, "%s%s",
					 i == 0 ? "" : ",", one);
	}
}

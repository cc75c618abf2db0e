// Sets of TCP and UDP ports: 80/tcp,443/tcp,60000-61000/udp.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PORTS_MAX        64
#define PORTS_TEXT_BYTES (PORTS_MAX * 16 + 1)

struct port_range {
	uint16_t first;
	uint16_t last;
	bool is_udp;
};

struct ports {
	struct port_range ranges[PORTS_MAX];
	size_t count;
};

/** ports_parse_one() - N/tcp, N/udp, N-M/tcp, N-M/udp. 0 or -EINVAL. */
int ports_parse_one(const char *text, struct port_range *ret);
/** ports_parse() - several with commas between; "" is none. -E2BIG past PORTS_MAX. */
int ports_parse(const char *text, struct ports *ret);
int ports_add(struct ports *ports, struct port_range range);
/** ports_cover() - is all of @range in one of @ports? */
bool ports_cover(const struct ports *ports, struct port_range range);
void ports_format(const struct ports *ports, char out[PORTS_TEXT_BYTES]);
void port_range_format(struct port_range range, char out[20]);

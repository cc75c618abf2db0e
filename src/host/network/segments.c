#include "host/network/segments.h"

#include <string.h>

#include "base/log.h"
#include "host/network/segment.h"

int segments_plumb(const char *instance, const struct host_network *server, struct err *err)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < server->port_count; i++)
		code = segment_plumb(instance, &server->ports[i], err);
	return code;
}

struct wanted {
	const char *instance;
	const struct host_network *servers;
	size_t count;
};

static bool is_of(const char *instance, const struct host_port *port, const char *name)
{
	char tap[SEGMENT_NAME_BYTES], bridge[SEGMENT_NAME_BYTES];

	return segment_port_name(instance, port->id, tap) == 0 &&
	       segment_bridge_name(instance, port->network_id, bridge) == 0 &&
	       (strcmp(tap, name) == 0 || strcmp(bridge, name) == 0);
}

static bool is_wanted(void *context, const char *name)
{
	const struct wanted *wanted = context;

	for (size_t i = 0; i < wanted->count; i++)
		for (size_t n = 0; n < wanted->servers[i].port_count; n++)
			if (is_of(wanted->instance, &wanted->servers[i].ports[n], name))
				return true;
	return false;
}

void segments_clean(const char *instance, const struct host_network *servers, size_t count)
{
	struct wanted wanted = {instance, servers, count};

	segment_clean(instance, is_wanted, &wanted);
}

int segments_check(const char *instance, const struct host_network *servers, size_t count,
		   struct err *err)
{
	int code = 0, mended = 0;

	for (size_t i = 0; code == 0 && i < count; i++)
		for (size_t n = 0; code == 0 && n < servers[i].port_count; n++) {
			const struct host_port *port = &servers[i].ports[n];
			if (segment_is_plumbed(instance, port))
				continue;
			log_info("port %llx of a private network is plugged in again",
				 (unsigned long long)port->id);
			code = segment_plumb(instance, port, err);
			mended = 1;
		}
	return code < 0 ? code : mended;
}

#include "core/dns/name_servers.h"

#include <stdio.h>

#include "base/cleanup.h"

int name_servers_fill(struct store *store, struct dns_job *job, struct err *err)
{
	struct store_name_servers servers CLEANUP(store_name_server_done) = {0};
	const int code = store_name_server_list(store, &servers, err);

	for (size_t i = 0; i < servers.count && i < DNS_MESSAGE_MAX_SERVERS; i++) {
		struct dns_job_server *out = &job->servers[job->server_count++];
		(void)snprintf(out->name, sizeof out->name, "%s", servers.items[i].name);
		(void)snprintf(out->address, sizeof out->address, "%s", servers.items[i].address);
		(void)snprintf(out->secret, sizeof out->secret, "%s", servers.items[i].secret);
		out->port = servers.items[i].port;
	}
	return code;
}

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

int name_servers_config(const struct core *core, const struct name_server_row *server,
			const char *primary, bool with_secret, struct buf *out)
{
	char catalog[64];

	(void)snprintf(catalog, sizeof catalog, DNS_CATALOG_FORMAT, core->config->instance);
	(void)buf_printf(out,
			 "# /etc/knot/knot.conf of %s, made by Ippo. Only this server and the "
			 "first one know\n"
			 "# the secret: mode 0640, group knot.\n"
			 "server:\n"
			 "    rundir: \"/run/knot\"\n"
			 "    user: \"knot:knot\"\n"
			 "    listen: \"%s@%u\"\n"
			 "log:\n"
			 "  - target: syslog\n"
			 "    any: info\n"
			 "database:\n"
			 "    storage: \"/var/lib/knot\"\n"
			 "key:\n"
			 "  - id: \"%s\"\n"
			 "    algorithm: hmac-sha256\n"
			 "    secret: \"%s\"\n"
			 "remote:\n"
			 "  - id: first\n"
			 "    address: \"%s\"\n"
			 "    key: \"%s\"\n"
			 "acl:\n"
			 "  - id: first\n"
			 "    key: \"%s\"\n"
			 "    action: notify\n"
			 "template:\n"
			 "  - id: default\n"
			 "    storage: \"/var/lib/knot\"\n"
			 "    zonefile-sync: -1\n"
			 "    zonefile-load: none\n"
			 "    journal-content: all\n"
			 "  - id: fetched\n"
			 "    storage: \"/var/lib/knot\"\n"
			 "    zonefile-sync: -1\n"
			 "    zonefile-load: none\n"
			 "    journal-content: all\n"
			 "    master: first\n"
			 "    acl: first\n"
			 "zone:\n"
			 "  - domain: \"%s\"\n"
			 "    master: first\n"
			 "    acl: first\n"
			 "    catalog-role: interpret\n"
			 "    catalog-template: fetched\n",
			 server->name, server->address, server->port, server->name,
			 with_secret ? server->secret
				     : "(shown when it was made; renew-key makes another)",
			 primary, server->name, server->name, catalog);
	return out->error;
}

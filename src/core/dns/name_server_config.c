#include "core/dns/name_server_config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/store_reverse.h"
#include "wire/dns_message.h"

#define NO_SECRET "(shown when it was made; renew-key makes another)"

int name_server_config_format(const char *word, enum name_server_format *ret)
{
	static const char *const words[] = {"knot", "bind", "nsd"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(word != NULL ? word : words[0], words[i]) == 0) {
			*ret = (enum name_server_format)(NAME_SERVER_KNOT + i);
			return 0;
		}
	return -EINVAL;
}

struct writing {
	const struct name_server_row *server;
	const struct name_server_primary *primary;
	const char *secret;
	char catalog[64];
	struct buf *out;
};

static void write_knot(const struct writing *writing)
{
	const struct name_server_row *server = writing->server;

	(void)buf_printf(writing->out,
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
			 "    address: \"%s@%u\"\n"
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
			 "    refresh-max-interval: 300\n"
			 "    retry-max-interval: 60\n"
			 "zone:\n"
			 "  - domain: \"%s\"\n"
			 "    master: first\n"
			 "    acl: first\n"
			 "    refresh-max-interval: 300\n"
			 "    retry-max-interval: 60\n"
			 "    catalog-role: interpret\n"
			 "    catalog-template: fetched\n",
			 server->name, server->address, server->port, server->name, writing->secret,
			 writing->primary->address, writing->primary->port, server->name,
			 server->name, writing->catalog);
}

/* named of BIND 9.18: the list makes and removes its zones (RFC 9432). */
static void write_bind(const struct writing *writing)
{
	const struct name_server_row *server = writing->server;
	const struct name_server_primary *primary = writing->primary;
	const bool is_v6 = strchr(server->address, ':') != NULL;

	(void)buf_printf(
		writing->out,
		"// /etc/bind/named.conf of %s, made by Ippo, for BIND 9.18 or later. Only this "
		"server and\n"
		"// the first one know the secret: mode 0640, group bind.\n"
		"key \"%s\" {\n"
		"    algorithm hmac-sha256;\n"
		"    secret \"%s\";\n"
		"};\n"
		"options {\n"
		"    directory \"/var/cache/bind\";\n"
		"    %s port %u { %s; };\n"
		"    %s { none; };\n"
		"    recursion no;\n"
		"    dnssec-validation no;\n"
		"    notify no;\n"
		"    allow-transfer { none; };\n"
		"    allow-notify { key \"%s\"; };\n"
		"    min-refresh-time 60;\n"
		"    max-refresh-time 300;\n"
		"    min-retry-time 30;\n"
		"    max-retry-time 60;\n"
		"    catalog-zones {\n"
		"        zone \"%s\"\n"
		"            default-primaries { %s port %u key \"%s\"; }\n"
		"            zone-directory \"/var/cache/bind\" min-update-interval 1;\n"
		"    };\n"
		"};\n"
		/* Knot tells the list over TCP alone. */
		"server %s {\n"
		"    tcp-only yes;\n"
		"};\n"
		"zone \"%s\" {\n"
		"    type secondary;\n"
		"    file \"%s.zone\";\n"
		"    primaries { %s port %u key \"%s\"; };\n"
		"    allow-query { none; };\n"
		"};\n",
		server->name, server->name, writing->secret, is_v6 ? "listen-on-v6" : "listen-on",
		server->port, server->address, is_v6 ? "listen-on" : "listen-on-v6", server->name,
		writing->catalog, primary->address, primary->port, server->name, primary->address,
		writing->catalog, writing->catalog, primary->address, primary->port, server->name);
}

static void write_nsd_zone(const struct writing *writing, const char *name)
{
	(void)buf_printf(writing->out, "zone:\n    name: \"%s\"\n    include-pattern: \"first\"\n",
			 name);
}

/* NSD before 4.9 reads no lists of zones, so the zones of this moment are printed. */
static int write_nsd(const struct writing *writing, struct store *store, struct err *err)
{
	struct store_zone_knowns zones CLEANUP(store_zone_known_done) = {0};
	struct store_reverse_zones reverse CLEANUP(store_reverse_done) = {0};
	const struct name_server_row *server = writing->server;
	const struct name_server_primary *primary = writing->primary;
	int code;

	if ((code = store_zone_known(store, &zones, err)) < 0 ||
	    (code = store_reverse_list(store, 0, &reverse, err)) < 0)
		return code;
	(void)buf_printf(writing->out,
			 "# /etc/nsd/nsd.conf of %s, made by Ippo, for NSD 4.6 or later. Only this "
			 "server and the\n"
			 "# first one know the secret: mode 0640, group nsd.\n"
			 "# NSD learns of no zone by itself: these are the zones of the moment "
			 "when this was printed.\n"
			 "# For each one that is made later: nsd-control addzone NAME first\n"
			 "# For each one that is deleted: nsd-control delzone NAME\n"
			 "server:\n"
			 "    ip-address: %s@%u\n"
			 "    hide-version: yes\n"
			 "    database: \"\"\n"
			 "    zonesdir: \"/var/lib/nsd\"\n"
			 "remote-control:\n"
			 "    control-enable: yes\n"
			 "    control-interface: \"/run/nsd/nsd.ctl\"\n"
			 "key:\n"
			 "    name: \"%s\"\n"
			 "    algorithm: hmac-sha256\n"
			 "    secret: \"%s\"\n"
			 "pattern:\n"
			 "    name: \"first\"\n"
			 "    zonefile: \"%%s.zone\"\n"
			 "    max-refresh-time: 300\n"
			 "    max-retry-time: 60\n"
			 "    allow-notify: %s %s\n"
			 "    request-xfr: %s@%u %s\n",
			 server->name, server->address, server->port, server->name, writing->secret,
			 primary->address, server->name, primary->address, primary->port,
			 server->name);
	for (size_t i = 0; i < zones.count; i++)
		if (zones.items[i].applied > 0)
			write_nsd_zone(writing, zones.items[i].name);
	for (size_t i = 0; i < reverse.count; i++)
		if (reverse.items[i].applied > 0)
			write_nsd_zone(writing, reverse.items[i].name);
	return 0;
}

int name_server_config_write(const struct core *core, const struct name_server_row *server,
			     enum name_server_format format,
			     const struct name_server_primary *primary, bool with_secret,
			     struct buf *out, struct err *err)
{
	struct writing writing = {.server = server,
				  .primary = primary,
				  .secret = with_secret ? server->secret : NO_SECRET,
				  .out = out};
	int code = 0;

	(void)snprintf(writing.catalog, sizeof writing.catalog, DNS_CATALOG_FORMAT,
		       core->config->instance);
	switch (format) {
	case NAME_SERVER_KNOT:
		write_knot(&writing);
		break;
	case NAME_SERVER_BIND:
		write_bind(&writing);
		break;
	case NAME_SERVER_NSD:
		code = write_nsd(&writing, core->store, err);
		break;
	}
	return code < 0 ? code : out->error < 0 ? err_set(err, -ENOMEM, "no memory") : 0;
}

#include "core/api/server_text.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/api/contracts.h"
#include "core/api/json_text.h"
#include "core/api/render.h"
#include "model/first_choice.h"
#include "model/first_step.h"
#include "model/host_key.h"
#include "store/store_firewall.h"
#include "store/store_ip.h"
#include "store/store_kept_disk.h"
#include "store/store_plan.h"
#include "store/store_port.h"
#include "store/store_traffic.h"

static void write_ipv4(const struct server *server, struct buf *out)
{
	char text[IP_TEXT_BYTES], name[NAME_DNS_BYTES];

	if (server->ipv4.id == 0) {
		(void)buf_puts(out, "null");
		return;
	}
	ip_format(&server->ipv4.ip, text);
	render_reverse_name(server, &server->ipv4.ip, name);
	(void)buf_puts(out, "{\"id\":");
	json_text_number(out, server->ipv4.id);
	(void)buf_puts(out, ",\"ip\":");
	json_text_string(out, text);
	(void)buf_puts(out, ",\"blocked\":false,\"dns_ptr\":");
	json_text_string(out, name);
	(void)buf_putc(out, '}');
}

/* The names given to addresses inside the server's /64. */
static void write_ipv6_names(const struct server *server, struct buf *out)
{
	const char *between = "";
	char text[IP_TEXT_BYTES];

	for (size_t i = 0; i < server->dns_ptr_count; i++) {
		if (server->dns_ptrs[i].ip.family != 6)
			continue;
		ip_format(&server->dns_ptrs[i].ip, text);
		(void)buf_puts(out, between);
		(void)buf_puts(out, "{\"ip\":");
		json_text_string(out, text);
		(void)buf_puts(out, ",\"dns_ptr\":");
		json_text_string(out, server->dns_ptrs[i].name);
		(void)buf_putc(out, '}');
		between = ",";
	}
}

static void write_ipv6(const struct server *server, struct buf *out)
{
	char text[IP_TEXT_BYTES];

	if (server->ipv6.id == 0) {
		(void)buf_puts(out, "null");
		return;
	}
	ip_format_prefix(&server->ipv6.ip, text);
	(void)buf_puts(out, "{\"id\":");
	json_text_number(out, server->ipv6.id);
	(void)buf_puts(out, ",\"ip\":");
	json_text_string(out, text);
	(void)buf_puts(out, ",\"blocked\":false,\"dns_ptr\":[");
	write_ipv6_names(server, out);
	(void)buf_puts(out, "]}");
}

static void write_labels(const struct labels *labels, struct buf *out)
{
	for (size_t i = 0; i < labels->count; i++) {
		if (i > 0)
			(void)buf_putc(out, ',');
		json_text_string(out, labels->items[i].key);
		(void)buf_putc(out, ':');
		json_text_string(out, labels->items[i].value);
	}
}

static void write_slice(struct buf *out, const char *name, const char *text, size_t bytes)
{
	/* Of letters, digits and what base64 has: nothing to escape. */
	(void)buf_printf(out, "\"%s\":\"%.*s\"", name, (int)bytes, text);
}

static void write_host_keys(const char *keys, struct buf *out)
{
	const char *at = keys != NULL ? keys : "", *between = "";
	struct host_key key;

	while (host_key_next(&at, &key)) {
		(void)buf_puts(out, between);
		(void)buf_putc(out, '{');
		write_slice(out, "type", key.type, key.type_bytes);
		(void)buf_putc(out, ',');
		write_slice(out, "fingerprint", key.sha256, key.sha256_bytes);
		(void)buf_putc(out, ',');
		(void)buf_printf(out, "\"public_key\":\"%.*s %.*s\"}", (int)key.type_bytes,
				 key.type, (int)key.blob_bytes, key.blob);
		between = ",";
	}
}

/* The disk that a rebuild has put aside. */
static int write_kept_disk(struct store *store, struct catalogue_cache *catalogue,
			   const struct server *server, struct buf *out)
{
	struct store_kept_disk disk CLEANUP(store_kept_disk_done) = {0};
	int code = store_kept_disk_get(store, server->id, &disk, NULL);

	(void)buf_puts(out, ",\"kept_disk\":");
	if (code < 0) {
		(void)buf_puts(out, "null");
		return code == ERR_NOT_FOUND ? 0 : code;
	}
	(void)buf_puts(out, "{\"image\":");
	code = catalogue_cache_append(catalogue, CATALOGUE_IMAGE, disk.image_id, out);
	(void)buf_puts(out, ",\"disk_size\":");
	json_text_number(out, disk.disk_gb);
	(void)buf_puts(out, ",\"user\":");
	json_text_string(out, disk.user);
	(void)buf_puts(out, ",\"ssh_port\":");
	json_text_number(out, disk.ssh_port);
	(void)buf_puts(out, ",\"created\":");
	json_text_time(out, disk.kept_ms);
	(void)buf_puts(out, ",\"expires\":");
	json_text_time(out, disk.expires_ms);
	(void)buf_putc(out, '}');
	return code;
}

/* Open to the right: a kept disk follows. */
static void write_extension(const struct server *server, const struct contract_terms *terms,
			    const struct plan *plan, struct buf *out)
{
	const char *updates = first_choice_updates_name((enum first_choice_updates)server->updates);
	char uuid[UUID_TEXT_BYTES];

	format_uuid(server->uuid, uuid);
	(void)buf_puts(out, ",\"ippo\":{\"uuid\":");
	json_text_string(out, uuid);
	(void)buf_puts(out, ",\"user\":");
	json_text_string(out, server->user);
	(void)buf_puts(out, ",\"ssh_port\":");
	json_text_number(out, server->ssh_port);
	(void)buf_puts(out, ",\"updates\":");
	if (updates != NULL)
		json_text_string(out, updates);
	else
		(void)buf_puts(out, "null");
	(void)buf_puts(out, ",\"desired\":");
	json_text_string(out, server->desired == SERVER_DESIRED_ON ? "on" : "off");
	(void)buf_puts(out, ",\"first_boot_done\":");
	json_text_bool(out, server->first_boot_done);
	(void)buf_puts(out, ",\"guest_agent\":");
	json_text_bool(out, !server->agent_off);
	(void)buf_puts(out, ",\"next_charge\":");
	contracts_write_next(terms, contracts_monthly(plan, server->backup_percent), plan->currency,
			     server->created_ms, clock_now_ms(), out);
	(void)buf_puts(out, ",\"host_keys\":[");
	write_host_keys(server->host_keys, out);
	(void)buf_puts(out, "],\"rescue\":{\"running\":");
	json_text_bool(out, server->rescue_running);
	(void)buf_puts(out, ",\"host_keys\":[");
	write_host_keys(server->rescue_running ? server->rescue_host_keys : NULL, out);
	(void)buf_puts(out, "]},\"first_step\":{\"passed\":");
	json_text_number(out, server->first_step_passed);
	(void)buf_printf(out, ",\"total\":%d,\"known\":", FIRST_STEP_COUNT);
	json_text_number(out, server->first_step_known);
	(void)buf_puts(out, ",\"inbound\":");
	json_text_string(out, server->closed ? "closed" : "open");
	(void)buf_putc(out, '}');
}

static int write_firewalls(struct store *store, const struct server *server, struct buf *out)
{
	struct store_firewalls firewalls CLEANUP(store_firewall_done) = {0};
	uint64_t wanted = 0, applied = 0;
	int code = store_filter_get(store, server->id, &wanted, &applied, NULL);

	if (code == 0)
		code = store_firewall_of_server(store, server->id, &firewalls, NULL);
	for (size_t i = 0; code == 0 && i < firewalls.count; i++)
		code = buf_printf(out, "%s{\"id\":%llu,\"status\":\"%s\"}", i > 0 ? "," : "",
				  (unsigned long long)firewalls.items[i].id,
				  applied >= wanted ? "applied" : "pending");
	return code == ERR_NOT_FOUND ? 0 : code; /* one that is only being thought of has none */
}

static int write_private_net(struct store *store, const struct server *server, struct buf *out)
{
	struct store_ports ports = {0};
	char text[IP_TEXT_BYTES], mac[MAC_TEXT_BYTES];
	int code = store_port_of_server(store, server->id, &ports, NULL);

	for (size_t i = 0; code == 0 && i < ports.count; i++) {
		const struct private_port *port = &ports.items[i];
		(void)buf_printf(out, "%s{\"network\":%llu,\"ip\":", i > 0 ? "," : "",
				 (unsigned long long)port->network_id);
		ip_format(&port->ip, text);
		json_text_string(out, text);
		(void)buf_puts(out, ",\"alias_ips\":[");
		for (size_t n = 0; n < port->alias_count; n++) {
			(void)buf_puts(out, n > 0 ? "," : "");
			ip_format(&port->aliases[n], text);
			json_text_string(out, text);
		}
		format_mac(port->mac, mac);
		(void)buf_printf(out, "],\"mac_address\":\"%s\"}", mac);
	}
	return code;
}

static int write_head(struct store *store, const struct server *server, struct buf *out)
{
	struct store_moves moves = {0};

	(void)buf_puts(out, "{\"id\":");
	json_text_number(out, server->id);
	(void)buf_puts(out, ",\"name\":");
	json_text_string(out, server->name);
	(void)buf_puts(out, ",\"status\":");
	json_text_string(out, server_status_name(server->status));
	(void)buf_puts(out, ",\"created\":");
	json_text_time(out, server->created_ms);
	(void)buf_puts(out, ",\"public_net\":{\"ipv4\":");
	write_ipv4(server, out);
	(void)buf_puts(out, ",\"ipv6\":");
	write_ipv6(server, out);
	(void)buf_puts(out, ",\"floating_ips\":[");
	int code = store_ip_floating_of(store, server->id, &moves, NULL);
	for (size_t i = 0; i < moves.count; i++)
		(void)buf_printf(out, "%s%llu", i > 0 ? "," : "",
				 (unsigned long long)moves.items[i].id);
	(void)buf_puts(out, "],\"firewalls\":[");
	if (code == 0)
		code = write_firewalls(store, server, out);
	(void)buf_puts(out, "]},\"private_net\":[");
	if (code == 0)
		code = write_private_net(store, server, out);
	(void)buf_putc(out, ']');
	return code;
}

/* This month's, of the clock's UTC. */
static int write_traffic(struct store *store, const struct server *server, const struct plan *plan,
			 struct buf *out)
{
	struct store_traffic traffic = {0};
	int code = store_traffic_get(store, server->id, store_traffic_month(clock_now_ms()),
				     &traffic, NULL);

	(void)buf_puts(out, ",\"included_traffic\":");
	json_text_number(out, plan->traffic_bytes);
	(void)buf_puts(out, ",\"outgoing_traffic\":");
	json_text_number(out, traffic.out_bytes);
	(void)buf_puts(out, ",\"ingoing_traffic\":");
	json_text_number(out, traffic.in_bytes);
	return code;
}

static void write_middle(const struct server *server, struct buf *out)
{
	const char *window = backup_window_name(server->backup_window);

	(void)buf_puts(out, ",\"backup_window\":");
	if (window != NULL)
		json_text_string(out, window);
	else
		(void)buf_puts(out, "null");
	(void)buf_puts(out, ",\"rescue_enabled\":");
	json_text_bool(out, server->rescue_armed);
	(void)buf_puts(out, ",\"iso\":null,\"locked\":");
	json_text_bool(out, server->locked_action_id != 0);
	(void)buf_puts(out, ",\"protection\":{\"delete\":");
	json_text_bool(out, server->protect_delete);
	(void)buf_puts(out, ",\"rebuild\":");
	json_text_bool(out, server->protect_rebuild);
	(void)buf_puts(out, "},\"labels\":{");
	write_labels(&server->labels, out);
	(void)buf_puts(out, "},\"volumes\":[],\"load_balancers\":[],\"primary_disk_size\":");
	json_text_number(out, server->disk_gb);
	(void)buf_puts(out, ",\"placement_group\":null");
}

int server_text_append(struct store *store, struct catalogue_cache *catalogue,
		       const struct contract_terms *terms, const struct server *server,
		       struct buf *out)
{
	const struct {
		const char *key;
		enum catalogue_kind kind;
		uint64_t id;
	} parts[] = {
		{",\"server_type\":", CATALOGUE_PLAN, server->server_type_id},
		{",\"image\":", CATALOGUE_IMAGE, server->image_id},
		{",\"datacenter\":", CATALOGUE_DATACENTER, server->location_id},
		{",\"location\":", CATALOGUE_LOCATION, server->location_id},
	};
	struct plan plan = {0};
	int code = write_head(store, server, out);

	if (code == 0)
		code = store_plan_get(store, server->server_type_id, &plan, NULL);
	for (size_t i = 0; code == 0 && i < ARRAY_SIZE(parts); i++) {
		(void)buf_puts(out, parts[i].key);
		code = catalogue_cache_append(catalogue, parts[i].kind, parts[i].id, out);
	}
	if (code == 0)
		code = write_traffic(store, server, &plan, out);
	write_middle(server, out);
	write_extension(server, terms, &plan, out);
	if (code == 0)
		code = write_kept_disk(store, catalogue, server, out);
	(void)buf_putc(out, '}');
	(void)buf_putc(out, '}');
	return code < 0 ? code : out->error;
}

#include "wire/host_message.h"

#include "wire/package_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define SEED_TEXT_MAX_BYTES ((size_t)64 * 1024)

void host_ip_write(struct buf *out, const struct ip *ip)
{
	write_u8(out, ip->family);
	write_u8(out, ip->prefix);
	write_bytes(out, ip->bytes, sizeof ip->bytes);
}

struct ip host_ip_read(struct reader *in)
{
	struct ip ip = {0};

	ip.family = reader_u8(in);
	ip.prefix = reader_u8(in);
	reader_bytes(in, ip.bytes, sizeof ip.bytes);
	if ((ip.family != 0 && ip.family != 4 && ip.family != 6) ||
	    ip.prefix > (ip.family == 0   ? 0
			 : ip.family == 4 ? 32
					  : 128))
		in->error = ERR_PROTOCOL;
	return ip;
}

/* A flag is 0 or 1 and nothing else. */
static uint8_t read_flag(struct reader *in)
{
	uint8_t value = reader_u8(in);

	if (value > 1)
		in->error = ERR_PROTOCOL;
	return value;
}

void host_facts_write(struct buf *out, const struct host_facts *facts)
{
	write_text(out, facts->hostname);
	write_text(out, facts->driver);
	write_text(out, facts->virtualization);
	write_text(out, facts->reason);
	write_text(out, facts->hypervisor);
	write_u32(out, facts->cpus);
	write_u64(out, facts->memory_mib);
	write_u64(out, facts->pool_bytes);
	write_u64(out, facts->pool_free_bytes);
	write_text(out, facts->boot_id);
}

int host_facts_read(struct reader *in, struct host_facts *ret)
{
	struct host_facts facts = {0};

	reader_text(in, facts.hostname, sizeof facts.hostname);
	reader_text(in, facts.driver, sizeof facts.driver);
	reader_text(in, facts.virtualization, sizeof facts.virtualization);
	reader_text(in, facts.reason, sizeof facts.reason);
	reader_text(in, facts.hypervisor, sizeof facts.hypervisor);
	facts.cpus = reader_u32(in);
	facts.memory_mib = reader_u64(in);
	facts.pool_bytes = reader_u64(in);
	facts.pool_free_bytes = reader_u64(in);
	reader_text(in, facts.boot_id, sizeof facts.boot_id);
	READER_FINISH(in, ret, facts);
}

void host_item_write(struct buf *out, const struct host_item *item)
{
	write_u8(out, item->kind);
	write_u8(out, item->state);
	write_bytes(out, item->uuid, sizeof item->uuid);
	write_u64(out, item->number);
}

int host_item_read(struct reader *in, struct host_item *ret)
{
	struct host_item item = {0};

	item.kind = reader_u8(in);
	item.state = reader_u8(in);
	reader_bytes(in, item.uuid, sizeof item.uuid);
	item.number = reader_u64(in);
	if (item.kind < HOST_ITEM_DOMAIN || item.kind > HOST_ITEM_IMAGE ||
	    item.state > HOST_DOMAIN_CRASHED)
		in->error = ERR_PROTOCOL;
	READER_FINISH(in, ret, item);
}

void host_sample_write(struct buf *out, const struct host_sample *sample)
{
	write_bytes(out, sample->uuid, sizeof sample->uuid);
	for (size_t i = 0; i < HOST_STATISTICS_COUNT; i++)
		write_u64(out, sample->values[i]);
}

int host_sample_read(struct reader *in, struct host_sample *ret)
{
	struct host_sample sample = {0};

	reader_bytes(in, sample.uuid, sizeof sample.uuid);
	for (size_t i = 0; i < HOST_STATISTICS_COUNT; i++)
		sample.values[i] = reader_u64(in);
	READER_FINISH(in, ret, sample);
}

void host_traffic_write(struct buf *out, const struct host_traffic *traffic)
{
	write_bytes(out, traffic->uuid, UUID_BYTES);
	write_u64(out, traffic->epoch);
	write_u64(out, traffic->in_bytes);
	write_u64(out, traffic->out_bytes);
}

int host_traffic_read(struct reader *in, struct host_traffic *ret)
{
	struct host_traffic traffic = {0};

	reader_bytes(in, traffic.uuid, UUID_BYTES);
	traffic.epoch = reader_u64(in);
	traffic.in_bytes = reader_u64(in);
	traffic.out_bytes = reader_u64(in);
	/* Numbers of a database. */
	if (traffic.epoch > INT64_MAX || traffic.in_bytes > INT64_MAX ||
	    traffic.out_bytes > INT64_MAX)
		in->error = ERR_PROTOCOL;
	READER_FINISH(in, ret, traffic);
}

void host_image_import_write(struct buf *out, const struct host_image_import *import)
{
	write_u64(out, import->image_id);
	write_u8(out, import->source);
	write_text(out, import->url);
	write_u8(out, import->has_checksum);
	write_bytes(out, import->checksum, sizeof import->checksum);
}

int host_image_import_read(struct reader *in, struct host_image_import *ret)
{
	struct host_image_import import = {0};

	import.image_id = reader_u64(in);
	import.source = reader_u8(in);
	reader_text(in, import.url, sizeof import.url);
	import.has_checksum = read_flag(in);
	reader_bytes(in, import.checksum, sizeof import.checksum);
	if (import.source != HOST_IMAGE_FROM_FD && import.source != HOST_IMAGE_FROM_URL)
		in->error = ERR_PROTOCOL;
	READER_FINISH(in, ret, import);
}

void host_image_disk_write(struct buf *out, const struct host_image_disk *disk)
{
	write_u64(out, disk->image_id);
	write_bytes(out, disk->uuid, sizeof disk->uuid);
	write_u32(out, disk->generation);
	write_u64(out, disk->base_id);
}

int host_image_disk_read(struct reader *in, struct host_image_disk *ret)
{
	struct host_image_disk disk = {0};

	disk.image_id = reader_u64(in);
	reader_bytes(in, disk.uuid, sizeof disk.uuid);
	disk.generation = reader_u32(in);
	disk.base_id = reader_u64(in);
	READER_FINISH(in, ret, disk);
}

void host_image_facts_write(struct buf *out, const struct host_image_facts *facts)
{
	write_u64(out, facts->virtual_bytes);
	write_u64(out, facts->file_bytes);
	write_bytes(out, facts->checksum, sizeof facts->checksum);
}

int host_image_facts_read(struct reader *in, struct host_image_facts *ret)
{
	struct host_image_facts facts = {0};

	facts.virtual_bytes = reader_u64(in);
	facts.file_bytes = reader_u64(in);
	reader_bytes(in, facts.checksum, sizeof facts.checksum);
	READER_FINISH(in, ret, facts);
}

void host_package_list_write(struct buf *out, const struct host_package_list *list)
{
	write_u64(out, list->image_id);
	write_text(out, list->text);
}

int host_package_list_read(struct reader *in, struct host_package_list *ret)
{
	struct host_package_list list = {.image_id = reader_u64(in)};

	list.text = reader_text_dup(in, PACKAGE_LIST_MAX_BYTES);
	if (in->error != 0 || list.text == NULL) {
		host_package_list_done(&list);
		return in->error != 0 ? ERR_PROTOCOL : -ENOMEM;
	}
	*ret = list;
	return 0;
}

void host_package_list_done(struct host_package_list *list)
{
	free(list->text);
	*list = (struct host_package_list){0};
}

void host_updates_write(struct buf *out, const struct host_updates *updates)
{
	write_u64(out, updates->pending);
	write_u64(out, updates->security);
}

int host_updates_read(struct reader *in, struct host_updates *ret)
{
	struct host_updates updates = {0};

	updates.pending = reader_u64(in);
	updates.security = reader_u64(in);
	READER_FINISH(in, ret, updates);
}

void host_volume_write(struct buf *out, const struct host_volume *volume)
{
	write_bytes(out, volume->uuid, sizeof volume->uuid);
	write_u32(out, volume->generation);
	write_u64(out, volume->image_id);
	write_u64(out, volume->bytes);
	write_u8(out, volume->whole);
}

int host_volume_read(struct reader *in, struct host_volume *ret)
{
	struct host_volume volume = {0};

	reader_bytes(in, volume.uuid, sizeof volume.uuid);
	volume.generation = reader_u32(in);
	volume.image_id = reader_u64(in);
	volume.bytes = reader_u64(in);
	volume.whole = read_flag(in);
	READER_FINISH(in, ret, volume);
}

void host_seed_write(struct buf *out, const struct host_seed *seed)
{
	write_bytes(out, seed->uuid, sizeof seed->uuid);
	write_text(out, seed->meta_data);
	write_slice(out, seed->user_data, seed->user_data_bytes);
	write_text(out, seed->vendor_data);
	write_text(out, seed->network_config);
}

int host_seed_read(struct reader *in, struct host_seed *ret)
{
	struct host_seed seed = {0};
	struct slice user_data;

	reader_bytes(in, seed.uuid, sizeof seed.uuid);
	seed.meta_data = reader_text_dup(in, SEED_TEXT_MAX_BYTES);
	user_data = reader_slice(in, HOST_SEED_MAX_BYTES);
	seed.user_data = malloc(user_data.len + 1);
	seed.vendor_data = reader_text_dup(in, SEED_TEXT_MAX_BYTES);
	seed.network_config = reader_text_dup(in, SEED_TEXT_MAX_BYTES);
	if (in->error != 0) {
		host_seed_done(&seed);
		return ERR_PROTOCOL;
	}
	if (seed.meta_data == NULL || seed.user_data == NULL || seed.vendor_data == NULL ||
	    seed.network_config == NULL) {
		host_seed_done(&seed);
		return -ENOMEM;
	}
	if (user_data.len > 0)
		memcpy(seed.user_data, user_data.data, user_data.len);
	seed.user_data[user_data.len] = '\0';
	seed.user_data_bytes = user_data.len;
	*ret = seed;
	return 0;
}

void host_seed_done(struct host_seed *seed)
{
	/* It may hold a password's hash. */
	if (seed->user_data != NULL)
		explicit_bzero(seed->user_data, seed->user_data_bytes);
	free(seed->meta_data);
	free(seed->user_data);
	free(seed->vendor_data);
	free(seed->network_config);
	*seed = (struct host_seed){0};
}

static void write_port(struct buf *out, const struct host_port *port)
{
	write_u64(out, port->id);
	write_u64(out, port->network_id);
	write_bytes(out, port->mac, sizeof port->mac);
	host_ip_write(out, &port->ip);
	write_u8(out, (uint8_t)port->alias_count);
	for (size_t i = 0; i < port->alias_count; i++)
		host_ip_write(out, &port->aliases[i]);
}

static bool is_one_ipv4(const struct ip *ip)
{
	return ip->family == 4 && ip->prefix == 32;
}

static void read_port(struct reader *in, struct host_port *port)
{
	port->id = reader_u64(in);
	port->network_id = reader_u64(in);
	reader_bytes(in, port->mac, sizeof port->mac);
	port->ip = host_ip_read(in);
	port->alias_count = reader_u8(in);
	if (port->id == 0 || port->network_id == 0 || port->alias_count > HOST_ALIASES_MAX ||
	    !is_one_ipv4(&port->ip)) {
		in->error = ERR_PROTOCOL;
		return;
	}
	for (size_t i = 0; i < port->alias_count; i++) {
		port->aliases[i] = host_ip_read(in);
		if (!is_one_ipv4(&port->aliases[i]))
			in->error = ERR_PROTOCOL;
	}
}

static bool ports_are_equal(const struct host_port *a, const struct host_port *b)
{
	if (a->id != b->id || a->network_id != b->network_id ||
	    memcmp(a->mac, b->mac, MAC_BYTES) != 0 || !ip_equal(&a->ip, &b->ip) ||
	    a->alias_count != b->alias_count)
		return false;
	for (size_t i = 0; i < a->alias_count; i++)
		if (!ip_equal(&a->aliases[i], &b->aliases[i]))
			return false;
	return true;
}

bool host_ports_equal(const struct host_network *a, const struct host_network *b)
{
	if (a->port_count != b->port_count)
		return false;
	for (size_t i = 0; i < a->port_count; i++)
		if (!ports_are_equal(&a->ports[i], &b->ports[i]))
			return false;
	return true;
}

void host_network_write(struct buf *out, const struct host_network *network)
{
	write_bytes(out, network->uuid, sizeof network->uuid);
	write_u64(out, network->server_id);
	write_bytes(out, network->mac, sizeof network->mac);
	host_ip_write(out, &network->ipv4);
	host_ip_write(out, &network->ipv6);
	write_u8(out, network->closed);
	write_u8(out, (uint8_t)network->port_count);
	for (size_t i = 0; i < network->port_count; i++)
		write_port(out, &network->ports[i]);
	host_filter_write(out, &network->filter);
}

int host_network_read(struct reader *in, struct host_network *ret)
{
	struct host_network network = {0};
	int code;

	reader_bytes(in, network.uuid, sizeof network.uuid);
	network.server_id = reader_u64(in);
	reader_bytes(in, network.mac, sizeof network.mac);
	network.ipv4 = host_ip_read(in);
	network.ipv6 = host_ip_read(in);
	network.closed = reader_u8(in);
	network.port_count = reader_u8(in);
	if (network.port_count > HOST_PORTS_MAX)
		return in->error = ERR_PROTOCOL;
	for (size_t i = 0; i < network.port_count; i++)
		read_port(in, &network.ports[i]);
	if (network.ipv4.family == 6 || network.ipv6.family == 4)
		in->error = ERR_PROTOCOL;
	code = host_filter_read(in, &network.filter);
	if (code < 0)
		return code;
	*ret = network;
	return 0;
}

void host_network_done(struct host_network *network)
{
	host_filter_done(&network->filter);
	*network = (struct host_network){0};
}

void host_filter_change_write(struct buf *out, const struct host_filter_change *change)
{
	write_bytes(out, change->uuid, sizeof change->uuid);
	host_filter_write(out, &change->filter);
}

int host_filter_change_read(struct reader *in, struct host_filter_change *ret)
{
	struct host_filter_change change = {0};
	int code;

	reader_bytes(in, change.uuid, sizeof change.uuid);
	code = host_filter_read(in, &change.filter);
	if (code < 0)
		return code;
	*ret = change;
	return 0;
}

void host_filter_change_done(struct host_filter_change *change)
{
	host_filter_done(&change->filter);
}

void host_domain_write(struct buf *out, const struct host_domain *domain)
{
	write_bytes(out, domain->uuid, sizeof domain->uuid);
	write_u64(out, domain->server_id);
	write_text(out, domain->name);
	write_u32(out, domain->vcpus);
	write_u64(out, domain->memory_mib);
	write_u32(out, domain->generation);
	write_u64(out, domain->image_id);
	write_u8(out, domain->has_seed);
	write_u8(out, domain->no_agent);
	write_bytes(out, domain->mac, sizeof domain->mac);
	write_u64(out, domain->rescue.image_id);
	write_u16(out, domain->rescue.ssh_port);
	host_ip_write(out, &domain->rescue.ipv4);
	host_ip_write(out, &domain->rescue.ipv6);
	write_text(out, domain->rescue.keys);
	write_u8(out, (uint8_t)domain->card_count);
	for (size_t i = 0; i < domain->card_count; i++) {
		write_u64(out, domain->cards[i].port_id);
		write_bytes(out, domain->cards[i].mac, sizeof domain->cards[i].mac);
	}
}

int host_domain_read(struct reader *in, struct host_domain *ret)
{
	struct host_domain domain = {0};

	reader_bytes(in, domain.uuid, sizeof domain.uuid);
	domain.server_id = reader_u64(in);
	reader_text(in, domain.name, sizeof domain.name);
	domain.vcpus = reader_u32(in);
	domain.memory_mib = reader_u64(in);
	domain.generation = reader_u32(in);
	domain.image_id = reader_u64(in);
	domain.has_seed = read_flag(in);
	domain.no_agent = read_flag(in);
	reader_bytes(in, domain.mac, sizeof domain.mac);
	domain.rescue.image_id = reader_u64(in);
	domain.rescue.ssh_port = reader_u16(in);
	domain.rescue.ipv4 = host_ip_read(in);
	domain.rescue.ipv6 = host_ip_read(in);
	if (domain.rescue.ipv4.family == 6 || domain.rescue.ipv6.family == 4)
		in->error = ERR_PROTOCOL;
	domain.rescue.keys = reader_text_dup(in, HOST_RESCUE_MAX_KEY_BYTES);
	domain.card_count = reader_u8(in);
	if (domain.card_count > HOST_PORTS_MAX)
		in->error = ERR_PROTOCOL;
	for (size_t i = 0; in->error == 0 && i < domain.card_count; i++) {
		domain.cards[i].port_id = reader_u64(in);
		reader_bytes(in, domain.cards[i].mac, sizeof domain.cards[i].mac);
		if (domain.cards[i].port_id == 0)
			in->error = ERR_PROTOCOL;
	}
	if (in->error != 0) {
		host_domain_done(&domain);
		return in->error;
	}
	*ret = domain;
	return 0;
}

void host_domain_done(struct host_domain *domain)
{
	free(domain->rescue.keys);
	*domain = (struct host_domain){0};
}

void host_password_write(struct buf *out, const struct host_password *password)
{
	write_bytes(out, password->uuid, sizeof password->uuid);
	write_text(out, password->user);
	write_text(out, password->hash);
}

int host_password_read(struct reader *in, struct host_password *ret)
{
	struct host_password password = {0};

	reader_bytes(in, password.uuid, sizeof password.uuid);
	reader_text(in, password.user, sizeof password.user);
	reader_text(in, password.hash, sizeof password.hash);
	READER_FINISH(in, ret, password);
}

void host_guest_ask_write(struct buf *out, const struct host_guest_ask *ask)
{
	write_bytes(out, ask->uuid, sizeof ask->uuid);
	write_text(out, ask->line);
}

int host_guest_ask_read(struct reader *in, struct host_guest_ask *ret)
{
	struct host_guest_ask ask = {0};

	reader_bytes(in, ask.uuid, sizeof ask.uuid);
	reader_text(in, ask.line, sizeof ask.line);
	READER_FINISH(in, ret, ask);
}

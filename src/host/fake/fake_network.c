// Networks and filters of which only the version is kept, and traffic that nobody sent.
#include "host/fake/fake.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/fd.h"
#include "host/fake/load.h"

#define CAME_BYTES 4096

/* The bytes of a network are the version of its filter. */
static void note_filter(struct fake *fake, struct thing *thing, const struct host_filter *filter,
			bool older_too)
{
	if (thing->bytes <= filter->version || older_too) {
		thing->rates[0] = filter->rate_in_mbit;
		thing->rates[1] = filter->rate_out_mbit;
		thing->marks = filter->mark != 0;
	}
	if (thing->bytes < filter->version || (older_too && thing->bytes != filter->version)) {
		thing->bytes = filter->version;
		fake_world_record(fake, thing, '+');
	}
}

/* The newest word about each server's private networks is in the file "ports", a line each: "UUID
 * NETWORK MAC IP ALIAS…" for each port, and "UUID -" when there is none. */
static void note_ports(const struct fake *fake, struct thing *thing,
		       const struct host_network *network)
{
	struct buf text CLEANUP(buf_done) = {0};
	char path[FAKE_PATH_BYTES], uuid[UUID_TEXT_BYTES], mac[MAC_TEXT_BYTES], ip[IP_TEXT_BYTES];

	if (thing->port_count == 0 && network->port_count == 0)
		return;
	format_uuid(network->uuid, uuid);
	(void)buf_puts(&text, uuid);
	if (network->port_count == 0)
		(void)buf_puts(&text, " -");
	thing->port_count = 0;
	for (size_t i = 0; i < network->port_count; i++) {
		const struct host_port *port = &network->ports[i];
		thing->ports[thing->port_count++] = port->id;
		format_mac(port->mac, mac);
		ip_format(&port->ip, ip);
		(void)buf_printf(&text, " %llu %s %s", (unsigned long long)port->network_id, mac,
				 ip);
		for (size_t n = 0; n < port->alias_count; n++) {
			ip_format(&port->aliases[n], ip);
			(void)buf_printf(&text, " +%s", ip);
		}
	}
	(void)buf_putc(&text, '\n');
	fake_world_path(fake, "ports", path);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd >= 0)
		(void)fd_write_all(fd, text.data, text.len);
}

static int network_set(struct driver *driver, const struct host_network *network, struct err *err)
{
	struct fake *fake = self_of(driver);
	struct thing *thing;
	int code = fake_fault_begin(fake, "network_set", err);

	if (code < 0)
		return code;
	code = fake_world_add(fake, HOST_ITEM_NETWORK, network->uuid, network->server_id, &thing,
			      err);
	if (code == 0) {
		note_filter(fake, thing, &network->filter, false);
		note_ports(fake, thing, network);
	}
	return fake_fault_end(fake, code);
}

static struct thing *network_of(struct fake *fake, const uint8_t uuid[UUID_BYTES])
{
	for (size_t i = 0; i < FAKE_BUCKETS; i++)
		for (struct thing *thing = fake->buckets[i]; thing != NULL; thing = thing->next)
			if (thing->item.kind == HOST_ITEM_NETWORK &&
			    memcmp(thing->item.uuid, uuid, UUID_BYTES) == 0)
				return thing;
	return NULL;
}

static int filter_set(struct driver *driver, const struct host_filter_change *change,
		      uint64_t *ret_version, struct err *err)
{
	struct fake *fake = self_of(driver);
	struct thing *thing;
	int code = fake_fault_begin(fake, "filter_set", err);

	if (code < 0)
		return code;
	thing = network_of(fake, change->uuid);
	if (thing == NULL)
		return fake_fault_end(fake,
				      err_set(err, ERR_NOT_FOUND, "the server has no network"));
	note_filter(fake, thing, &change->filter, false);
	*ret_version = thing->bytes;
	return fake_fault_end(fake, 0);
}

static uint64_t filter_version(struct driver *driver, const uint8_t uuid[UUID_BYTES])
{
	struct fake *fake = self_of(driver);
	const struct thing *thing;
	uint64_t version;

	(void)pthread_mutex_lock(&fake->lock);
	thing = network_of(fake, uuid);
	version = thing != NULL ? thing->bytes : 0;
	(void)pthread_mutex_unlock(&fake->lock);
	return version;
}

/* Nothing ever comes to a server of its, so nothing was refused. What bounds its bandwidth counts,
 * as on a host: here its limit, that so much was dropped of. */
static int filter_status(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct buf *answer,
			 struct err *err)
{
	struct fake *fake = self_of(driver);
	const struct thing *thing;
	int code = fake_fault_begin(fake, "filter_status", err);

	if (code < 0)
		return code;
	thing = network_of(fake, uuid);
	if (thing == NULL)
		return fake_fault_end(fake,
				      err_set(err, ERR_NOT_FOUND, "the server has no network"));
	write_u32(answer, (uint32_t)(thing->rates[0] > 0) + (uint32_t)(thing->rates[1] > 0));
	for (size_t i = 0; i < 2; i++) {
		const struct host_counter counter = {.kind = i == 0 ? HOST_COUNT_RATE_IN
								    : HOST_COUNT_RATE_OUT,
						     .packets = thing->rates[i]};
		if (thing->rates[i] > 0)
			host_counter_write(answer, &counter);
	}
	write_u32(answer, 0);
	return fake_fault_end(fake, 0);
}

/* From where somebody came: what a test has written, an address a line. */
static int filter_came(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct buf *answer,
		       struct err *err)
{
	struct fake *fake = self_of(driver);
	struct buf text CLEANUP(buf_done) = {0}, found CLEANUP(buf_done) = {0};
	const struct thing *thing;
	char path[FAKE_PATH_BYTES], *rest = NULL;
	uint32_t count = 0;
	int code = fake_fault_begin(fake, "filter_came", err);

	if (code < 0)
		return code;
	thing = network_of(fake, uuid);
	if (thing == NULL)
		return fake_fault_end(fake,
				      err_set(err, ERR_NOT_FOUND, "the server has no network"));
	fake_world_path(fake, "came", path);
	if (thing->marks)
		(void)fd_read_file(AT_FDCWD, path, CAME_BYTES, &text);
	for (char *line =
		     strtok_r(text.len > 0 ? (char *)(uintptr_t)buf_str(&text) : NULL, "\n", &rest);
	     line != NULL && count < HOST_CAME_MAX; line = strtok_r(NULL, "\n", &rest)) {
		struct ip ip;
		if (ip_parse(line, &ip) < 0)
			continue;
		host_ip_write(&found, &ip);
		count++;
	}
	write_u32(answer, count);
	write_bytes(answer, found.data, found.len);
	return fake_fault_end(fake, 0);
}

static int network_clear(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	return fake_world_unmake(driver, "network_clear", HOST_ITEM_NETWORK, uuid, err);
}

static int network_sync(struct driver *driver, const struct host_network *networks, size_t count,
			struct err *err)
{
	struct fake *fake = self_of(driver);
	char ports[FAKE_PATH_BYTES];
	int code = fake_fault_begin(fake, "network_sync", err);

	if (code < 0)
		return code;
	fake_world_path(fake, "ports", ports); /* it is told anew */
	(void)unlink(ports);
	for (size_t i = 0; i < FAKE_BUCKETS; i++)
		for (struct thing **at = &fake->buckets[i], *gone; (gone = *at) != NULL;) {
			if (gone->item.kind == HOST_ITEM_NETWORK) {
				fake_world_record(fake, gone, '-');
				*at = gone->next;
				free(gone);
			} else {
				at = &gone->next;
			}
		}
	for (size_t i = 0; code == 0 && i < count; i++) {
		struct thing *thing;
		code = fake_world_add(fake, HOST_ITEM_NETWORK, networks[i].uuid,
				      networks[i].server_id, &thing, err);
		if (code == 0) {
			note_filter(fake, thing, &networks[i].filter, true);
			note_ports(fake, thing, &networks[i]);
		}
	}
	return fake_fault_end(fake, code);
}

int fake_network_check_cards(struct fake *fake, const struct host_domain *domain, struct err *err)
{
	const struct thing *network = network_of(fake, domain->uuid);

	for (size_t i = 0; i < domain->card_count; i++) {
		bool found = false;
		for (size_t n = 0; network != NULL && n < network->port_count; n++)
			found |= network->ports[n] == domain->cards[i].port_id;
		if (!found)
			return err_set(err, ERR_HYPERVISOR_FAILED, "there is no tap for a card");
	}
	return 0;
}

/* An epoch for each of a guest's runs: what it sent before is not counted here any more. */
static int traffic(struct driver *driver, driver_traffic *of, void *context, struct err *err)
{
	struct fake *fake = self_of(driver);
	const int64_t now_ms = clock_now_ms();
	int code = fake_fault_begin(fake, "traffic", err);

	if (code < 0)
		return code;
	for (size_t i = 0; i < FAKE_BUCKETS; i++)
		for (const struct thing *thing = fake->buckets[i]; thing != NULL;
		     thing = thing->next) {
			struct host_traffic one = {.epoch = thing->bytes};
			struct host_sample load;
			if (thing->item.kind != HOST_ITEM_DOMAIN ||
			    thing->item.state != HOST_DOMAIN_RUNNING)
				continue;
			load_of(thing->item.uuid, (int64_t)thing->bytes, now_ms, &load);
			memcpy(one.uuid, thing->item.uuid, UUID_BYTES);
			one.in_bytes = load.values[HOST_NET_IN_BYTES];
			one.out_bytes = load.values[HOST_NET_OUT_BYTES];
			of(context, &one);
		}
	return fake_fault_end(fake, 0);
}

void fake_network_verbs(struct driver_verbs *verbs)
{
	verbs->network_set = network_set;
	verbs->network_clear = network_clear;
	verbs->network_sync = network_sync;
	verbs->filter_set = filter_set;
	verbs->filter_version = filter_version;
	verbs->filter_status = filter_status;
	verbs->filter_came = filter_came;
	verbs->traffic = traffic;
}

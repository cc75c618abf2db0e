#include "fake_host.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "wire/channel.h"

struct pending {
	struct pending *next;
	struct fake_host *host;
	uv_timer_t timer;
	struct buf body;
	uint64_t id;
	uint8_t flags;
	bool counted;
	int fd;
};

void fake_host_init(struct fake_host *host, uv_loop_t *loop)
{
	memset(host, 0, sizeof(*host));
	host->loop = loop;
	host->answer_fd = -1;
	host->console_text = "";
	host->facts = (struct host_facts){.hostname = "unit",
					  .driver = "fake",
					  .virtualization = "emulation",
					  .reason = "a test",
					  .hypervisor = "none",
					  .cpus = 4,
					  .memory_mib = 65536,
					  .pool_bytes = 1ULL << 40,
					  .pool_free_bytes = 1ULL << 39,
					  .boot_id = "11111111-1111-4111-8111-111111111111"};
}

static void pending_closed(uv_handle_t *handle)
{
	struct pending *pending = handle->data;

	buf_done(&pending->body);
	if (pending->fd >= 0)
		(void)close(pending->fd);
	free(pending);
}

static void pending_drop(struct pending *pending)
{
	struct fake_host *host = pending->host;

	for (struct pending **at = &host->pending; *at; at = &(*at)->next)
		if (*at == pending) {
			*at = pending->next;
			break;
		}
	host->in_flight -= pending->counted;
	uv_close((uv_handle_t *)&pending->timer, pending_closed);
}

static void close_console(struct fake_console *console)
{
	if (console->fd >= 0)
		(void)close(console->fd);
	console->fd = -1;
}

void fake_host_disconnect(struct fake_host *host)
{
	channel_free(host->channel);
	host->channel = NULL;
	while (host->pending)
		pending_drop(host->pending);
	for (size_t i = 0; i < host->console_count; i++)
		close_console(&host->consoles[i]);
}

void fake_host_done(struct fake_host *host)
{
	fake_host_disconnect(host);
	host_seed_done(&host->last_seed);
	memset(&host->last_seed, 0, sizeof(host->last_seed));
}

struct host_item *fake_host_find(struct fake_host *host, enum host_item_kind kind,
				 const uint8_t *uuid, uint64_t number)
{
	for (size_t i = 0; i < host->count; i++) {
		struct host_item *item = &host->items[i];

		if (item->kind == kind && item->number == number &&
		    (!uuid || memcmp(item->uuid, uuid, UUID_BYTES) == 0))
			return item;
	}
	return NULL;
}

struct host_item *fake_host_add(struct fake_host *host, enum host_item_kind kind,
				const uint8_t *uuid, uint64_t number)
{
	struct host_item *item = fake_host_find(host, kind, uuid, number);

	if (item)
		return item;
	assert(host->count < FAKE_HOST_MAX);
	item = &host->items[host->count++];
	memset(item, 0, sizeof(*item));
	item->kind = (uint8_t)kind;
	item->number = number;
	if (uuid)
		memcpy(item->uuid, uuid, UUID_BYTES);
	return item;
}

void fake_host_remove(struct fake_host *host, enum host_item_kind kind, const uint8_t *uuid,
		      uint64_t number)
{
	struct host_item *item = fake_host_find(host, kind, uuid, number);
	size_t at;

	if (!item)
		return;
	at = (size_t)(item - host->items);
	host->count--;
	host->items[at] = host->items[host->count];
	host->domains[at] = host->domains[host->count];
}

size_t fake_host_count(const struct fake_host *host, enum host_item_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < host->count; i++)
		n += host->items[i].kind == kind;
	return n;
}

static void send_event(struct fake_host *host, uint16_t type, const struct buf *body)
{
	if (host->channel)
		(void)channel_send(host->channel, type, 0, 0, body->data, body->len, NULL, 0);
}

void fake_host_power(struct fake_host *host, const uint8_t *uuid, enum host_domain_state state)
{
	struct host_item *item = fake_host_find(host, HOST_ITEM_DOMAIN, uuid, 0);
	struct buf body CLEANUP(buf_done) = {0};

	if (item)
		item->state = (uint8_t)state;
	write_bytes(&body, uuid, UUID_BYTES);
	write_u8(&body, (uint8_t)state);
	write_u64(&body, (uint64_t)clock_now_ms());
	send_event(host, HOST_EVENT_DOMAIN, &body);
}

void fake_host_report(struct fake_host *host, const uint8_t *uuid, const char *line)
{
	struct buf body CLEANUP(buf_done) = {0};

	write_bytes(&body, uuid, UUID_BYTES);
	write_text(&body, line);
	send_event(host, HOST_EVENT_REPORT, &body);
}

void fake_host_hypervisor(struct fake_host *host, bool reachable)
{
	struct buf body CLEANUP(buf_done) = {0};

	write_u8(&body, reachable);
	send_event(host, HOST_EVENT_HYPERVISOR, &body);
}

unsigned fake_host_asked(const struct fake_host *host, uint16_t type)
{
	return host->asked[type - HOST_HELLO];
}

void fake_host_fault(struct fake_host *host, uint16_t type, unsigned skip, unsigned times, int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(host->faults); i++)
		if (!host->faults[i].type) {
			host->faults[i] = (struct fake_fault){
				.type = type, .skip = skip, .times = times, .code = code};
			return;
		}
	assert(0);
}

static void on_delay(uv_timer_t *timer)
{
	struct pending *pending = timer->data;

	if (pending->host->channel)
		(void)channel_send(pending->host->channel, HOST_REPLY, pending->flags, pending->id,
				   pending->body.data, pending->body.len, &pending->fd,
				   pending->fd >= 0);
	else if (pending->fd >= 0)
		(void)close(pending->fd);
	pending->fd = -1;
	pending_drop(pending);
}

static void reply(struct fake_host *host, const struct message *message, uint8_t flags, int code,
		  const char *text, const struct buf *answer)
{
	struct pending *pending = calloc(1, sizeof(*pending));

	assert(pending);
	write_i32(&pending->body, code);
	write_text(&pending->body, text);
	if (answer && !code)
		write_bytes(&pending->body, answer->data, answer->len);
	pending->fd = answer && !code ? host->answer_fd : -1;
	host->answer_fd = -1;
	pending->id = message->id;
	pending->flags = flags;
	pending->host = host;
	pending->timer.data = pending;
	pending->next = host->pending;
	host->pending = pending;
	pending->counted = message->type >= HOST_VOLUME_CREATE &&
			   message->type < HOST_CONSOLE_OPEN && message->type != HOST_NETWORK_SYNC;
	host->in_flight += pending->counted;
	if (host->in_flight > host->most_in_flight)
		host->most_in_flight = host->in_flight;
	(void)uv_timer_init(host->loop, &pending->timer);
	(void)uv_timer_start(&pending->timer, on_delay,
			     message->type == HOST_HELLO ? 0 : host->delay_ms, 0);
}

static int do_image_import(struct fake_host *host, struct reader *in, struct buf *answer)
{
	struct host_image_import import;
	struct host_image_facts facts = {.virtual_bytes = 2ULL << 30, .file_bytes = 300 << 20};

	if (host_image_import_read(in, &import))
		return ERR_PROTOCOL;
	memcpy(facts.checksum, import.checksum, sizeof(facts.checksum));
	(void)fake_host_add(host, HOST_ITEM_IMAGE, NULL, import.image_id);
	host_image_facts_write(answer, &facts);
	return 0;
}

static int do_volume(struct fake_host *host, uint16_t type, struct reader *in)
{
	struct host_volume volume;

	if (host_volume_read(in, &volume))
		return ERR_PROTOCOL;
	host->volume_bytes = volume.bytes;
	if (type == HOST_VOLUME_DELETE) {
		fake_host_remove(host, HOST_ITEM_VOLUME, volume.uuid, volume.generation);
		return 0;
	}
	if (type == HOST_VOLUME_GROW)
		return fake_host_find(host, HOST_ITEM_VOLUME, volume.uuid, volume.generation)
			       ? 0
			       : ERR_NOT_FOUND;
	if (!fake_host_find(host, HOST_ITEM_IMAGE, NULL, volume.image_id))
		return ERR_IMAGE_MISSING;
	(void)fake_host_add(host, HOST_ITEM_VOLUME, volume.uuid, volume.generation);
	return 0;
}

static int do_define(struct fake_host *host, struct reader *in)
{
	struct host_domain domain CLEANUP(host_domain_done) = {0};
	struct host_item *item;
	bool fresh;

	if (host_domain_read(in, &domain))
		return ERR_PROTOCOL;
	if (!fake_host_find(host, HOST_ITEM_VOLUME, domain.uuid, domain.generation))
		return ERR_NOT_FOUND;
	if (domain.has_seed && !fake_host_find(host, HOST_ITEM_SEED, domain.uuid, 0))
		return ERR_NOT_FOUND;
	host->last_domain = domain;
	fresh = !fake_host_find(host, HOST_ITEM_DOMAIN, domain.uuid, 0);
	item = fake_host_add(host, HOST_ITEM_DOMAIN, domain.uuid, 0);
	if (fresh)
		item->state = HOST_DOMAIN_OFF;
	host->domains[item - host->items] = domain;
	host->domains[item - host->items].rescue.keys = NULL; /* they go with this one */
	return 0;
}

static int do_power(struct fake_host *host, uint16_t type, struct reader *in, struct buf *answer)
{
	uint8_t uuid[UUID_BYTES];
	struct host_item *item;

	reader_bytes(in, uuid, sizeof(uuid));
	if (reader_done(in))
		return ERR_PROTOCOL;
	item = fake_host_find(host, HOST_ITEM_DOMAIN, uuid, 0);
	if (type == HOST_DOMAIN_STATE) {
		write_u8(answer, item ? item->state : HOST_DOMAIN_ABSENT);
		return 0;
	}
	if (type == HOST_DOMAIN_UNDEFINE) {
		if (item && item->state == HOST_DOMAIN_RUNNING)
			fake_host_power(host, uuid, HOST_DOMAIN_OFF);
		fake_host_remove(host, HOST_ITEM_DOMAIN, uuid, 0);
		return 0;
	}
	if (!item)
		return type == HOST_DOMAIN_STOP ? 0 : ERR_NOT_FOUND;
	if (type == HOST_DOMAIN_START) {
		if (!fake_host_find(host, HOST_ITEM_NETWORK, uuid, 0))
			return ERR_HYPERVISOR_FAILED;
		if (item->state != HOST_DOMAIN_RUNNING)
			fake_host_power(host, uuid, HOST_DOMAIN_RUNNING);
	} else if (type == HOST_DOMAIN_STOP ||
		   (type == HOST_DOMAIN_SHUTDOWN && !host->ignore_shutdown)) {
		if (item->state != HOST_DOMAIN_OFF)
			fake_host_power(host, uuid, HOST_DOMAIN_OFF);
	}
	return 0;
}

static int do_network(struct fake_host *host, uint16_t type, struct reader *in)
{
	struct host_network network CLEANUP(host_network_done) = {0};
	uint8_t uuid[UUID_BYTES];

	if (type == HOST_NETWORK_CLEAR) {
		reader_bytes(in, uuid, sizeof(uuid));
		fake_host_remove(host, HOST_ITEM_NETWORK, uuid, 0);
		return 0;
	}
	if (host_network_read(in, &network))
		return ERR_PROTOCOL;
	(void)fake_host_add(host, HOST_ITEM_NETWORK, network.uuid, 0);
	return 0;
}

static int do_sync(struct fake_host *host, struct reader *in)
{
	uint32_t count = reader_u32(in);

	while (fake_host_count(host, HOST_ITEM_NETWORK))
		for (size_t i = 0; i < host->count; i++)
			if (host->items[i].kind == HOST_ITEM_NETWORK)
				fake_host_remove(host, HOST_ITEM_NETWORK, host->items[i].uuid, 0);
	while (count--)
		if (do_network(host, HOST_NETWORK_SET, in))
			return ERR_PROTOCOL;
	return reader_done(in);
}

struct fake_console *fake_host_console(struct fake_host *host, uint64_t id)
{
	for (size_t i = 0; i < host->console_count; i++)
		if (host->consoles[i].open.console_id == id)
			return &host->consoles[i];
	return NULL;
}

size_t fake_host_open_consoles(const struct fake_host *host)
{
	size_t count = 0;

	for (size_t i = 0; i < host->console_count; i++)
		count += host->consoles[i].fd >= 0;
	return count;
}

void fake_host_end_console(struct fake_host *host, uint64_t id, enum host_console_end end)
{
	struct buf body CLEANUP(buf_done) = {0};

	close_console(fake_host_console(host, id));
	write_u64(&body, id);
	write_u8(&body, (uint8_t)end);
	send_event(host, HOST_EVENT_CONSOLE, &body);
}

static int do_console_open(struct fake_host *host, struct reader *in)
{
	struct fake_console *console;
	struct host_console_open open;
	const struct host_item *domain;
	int ends[2];

	if (host_console_open_read(in, &open) || reader_done(in))
		return ERR_PROTOCOL;
	domain = fake_host_find(host, HOST_ITEM_DOMAIN, open.uuid, 0);
	if (!domain)
		return ERR_NOT_FOUND;
	if (open.kind == CONSOLE_VNC && domain->state != HOST_DOMAIN_RUNNING)
		return ERR_SERVER_NOT_RUNNING;
	assert(host->console_count < FAKE_HOST_MAX && channel_pair(ends) == 0);
	console = &host->consoles[host->console_count++];
	*console = (struct fake_console){.open = open, .fd = ends[0]};
	host->answer_fd = ends[1];
	return 0;
}

static int do_console_close(struct fake_host *host, struct reader *in)
{
	struct fake_console *console = fake_host_console(host, reader_u64(in));

	if (console)
		close_console(console);
	return reader_done(in);
}

#define RING_FIRST 100

static int do_console_text(struct fake_host *host, struct reader *in, struct buf *answer)
{
	struct host_console_text text;
	uint64_t end = RING_FIRST + strlen(host->console_text);
	uint64_t from;

	if (host_console_text_read(in, &text) || reader_done(in))
		return ERR_PROTOCOL;
	from = text.from < RING_FIRST ? RING_FIRST : text.from > end ? end : text.from;
	write_u64(answer, from);
	write_u64(answer, end);
	write_slice(answer, host->console_text + (from - RING_FIRST),
		    end - from < text.max_bytes ? end - from : text.max_bytes);
	return 0;
}

static int do_image_create(struct fake_host *host, struct reader *in, struct buf *answer)
{
	const struct host_image_facts facts = {.virtual_bytes = 2ULL << 30, .file_bytes = 1 << 20};
	struct host_image_disk disk;

	if (host_image_disk_read(in, &disk) || reader_done(in))
		return ERR_PROTOCOL;
	if (!fake_host_find(host, HOST_ITEM_VOLUME, disk.uuid, disk.generation))
		return ERR_NOT_FOUND;
	(void)fake_host_add(host, HOST_ITEM_IMAGE, NULL, disk.image_id);
	host_image_facts_write(answer, &facts);
	return 0;
}

static int do_verb(struct fake_host *host, const struct message *message, struct buf *answer)
{
	struct reader in;
	uint8_t uuid[UUID_BYTES];

	reader_init(&in, message->body, message->body_bytes);
	switch (message->type) {
	case HOST_HELLO:
		host_facts_write(answer, &host->facts);
		return 0;
	case HOST_INVENTORY:
		for (size_t i = 0; i < host->count; i++)
			host_item_write(answer, &host->items[i]);
		return 0;
	case HOST_IMAGE_IMPORT:
		return do_image_import(host, &in, answer);
	case HOST_IMAGE_CREATE:
		return do_image_create(host, &in, answer);
	case HOST_IMAGE_FACTS: {
		struct host_image_facts facts = {.virtual_bytes = 2ULL << 30};

		if (!fake_host_find(host, HOST_ITEM_IMAGE, NULL, reader_u64(&in)))
			return ERR_IMAGE_MISSING;
		host_image_facts_write(answer, &facts);
		return 0;
	}
	case HOST_IMAGE_DELETE:
		fake_host_remove(host, HOST_ITEM_IMAGE, NULL, reader_u64(&in));
		return 0;
	case HOST_VOLUME_CREATE:
	case HOST_VOLUME_GROW:
	case HOST_VOLUME_DELETE:
		return do_volume(host, message->type, &in);
	case HOST_SEED_CREATE:
		host_seed_done(&host->last_seed);
		if (host_seed_read(&in, &host->last_seed))
			return ERR_PROTOCOL;
		(void)fake_host_add(host, HOST_ITEM_SEED, host->last_seed.uuid, 0);
		return 0;
	case HOST_SEED_DELETE:
		reader_bytes(&in, uuid, sizeof(uuid));
		fake_host_remove(host, HOST_ITEM_SEED, uuid, 0);
		return 0;
	case HOST_NETWORK_SET:
	case HOST_NETWORK_CLEAR:
		return do_network(host, message->type, &in);
	case HOST_NETWORK_SYNC:
		return do_sync(host, &in);
	case HOST_DOMAIN_DEFINE:
		return do_define(host, &in);
	case HOST_CONSOLE_OPEN:
		return do_console_open(host, &in);
	case HOST_CONSOLE_CLOSE:
		return do_console_close(host, &in);
	case HOST_CONSOLE_TEXT:
		return do_console_text(host, &in, answer);
	case HOST_CONSOLE_SCREEN:
		write_slice(answer, "\x89PNG picture", 12);
		return 0;
	case HOST_PASSWORD_SET:
		return host_password_read(&in, &host->last_password);
	default:
		return do_power(host, message->type, &in, answer);
	}
}

static int on_verb(void *context, struct channel *channel, struct message *message)
{
	struct fake_host *host = context;
	struct buf answer CLEANUP(buf_done) = {0};
	int code;

	(void)channel;
	host->asked[message->type - HOST_HELLO]++;
	for (size_t i = 0; i < ARRAY_SIZE(host->faults); i++) {
		struct fake_fault *fault = &host->faults[i];

		if (fault->type != message->type)
			continue;
		if (fault->skip) {
			fault->skip--;
			continue;
		}
		if (!fault->times)
			continue;
		fault->times--;
		if (!fault->code || fault->do_it_anyway)
			(void)do_verb(host, message, &answer);
		if (host->answer_fd >= 0)
			(void)close(host->answer_fd);
		host->answer_fd = -1;
		if (fault->code)
			reply(host, message, 0, fault->code, "scripted failure", NULL);
		return 0;
	}
	code = do_verb(host, message, &answer);
	reply(host, message, 0, code, code ? "the fake host refused" : "", &answer);
	return 0;
}

static void on_closed(void *context, struct channel *channel, const struct err *why)
{
	struct fake_host *host = context;

	(void)why;
	if (host->channel == channel)
		fake_host_disconnect(host);
}

static const struct message_rule rules[] = {
	{HOST_HELLO, 0, on_verb},          {HOST_INVENTORY, 0, on_verb},
	{HOST_IMAGE_IMPORT, 1, on_verb},   {HOST_IMAGE_CREATE, 0, on_verb},
	{HOST_IMAGE_DELETE, 0, on_verb},   {HOST_IMAGE_FACTS, 0, on_verb},
	{HOST_VOLUME_CREATE, 0, on_verb},  {HOST_VOLUME_GROW, 0, on_verb},
	{HOST_VOLUME_DELETE, 0, on_verb},  {HOST_SEED_CREATE, 0, on_verb},
	{HOST_SEED_DELETE, 0, on_verb},    {HOST_NETWORK_SET, 0, on_verb},
	{HOST_NETWORK_CLEAR, 0, on_verb},  {HOST_NETWORK_SYNC, 0, on_verb},
	{HOST_DOMAIN_DEFINE, 0, on_verb},  {HOST_DOMAIN_UNDEFINE, 0, on_verb},
	{HOST_DOMAIN_START, 0, on_verb},   {HOST_DOMAIN_SHUTDOWN, 0, on_verb},
	{HOST_DOMAIN_STOP, 0, on_verb},    {HOST_DOMAIN_REBOOT, 0, on_verb},
	{HOST_DOMAIN_RESET, 0, on_verb},   {HOST_DOMAIN_STATE, 0, on_verb},
	{HOST_PASSWORD_SET, 0, on_verb},   {HOST_CONSOLE_OPEN, 0, on_verb},
	{HOST_CONSOLE_CLOSE, 0, on_verb},  {HOST_CONSOLE_TEXT, 0, on_verb},
	{HOST_CONSOLE_SCREEN, 0, on_verb}, {0, 0, NULL},
};

static const struct channel_events events = {.rules = rules, .closed = on_closed};

int fake_host_connect(struct fake_host *host)
{
	int ends[2];

	fake_host_disconnect(host);
	assert(channel_pair(ends) == 0);
	assert(channel_new(host->loop, ends[0], &events, host, &host->channel, NULL) == 0);
	return ends[1];
}

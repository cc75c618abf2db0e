#include "host/verb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "wire/console_message.h"

#define PART_BYTES       ((size_t)64 * 1024)
#define MAX_VCPUS        64
#define MAX_MEMORY_MIB   ((uint64_t)1024 * 1024)
#define MAX_VOLUME_BYTES ((uint64_t)64 << 40)

static int refuse(struct verb *verb, const char *what)
{
	return err_set(&verb->err, ERR_INVALID_INPUT, "%s", what);
}

static int read_uuid(struct verb *verb, uint8_t uuid[UUID_BYTES])
{
	struct reader reader;

	reader_init(&reader, verb->body.data, verb->body.len);
	reader_bytes(&reader, uuid, UUID_BYTES);
	return reader_done(&reader);
}

static int read_image_id(struct verb *verb, uint64_t *ret)
{
	struct reader reader;

	reader_init(&reader, verb->body.data, verb->body.len);
	*ret = reader_u64(&reader);
	return reader_done(&reader);
}

/* Where the next of many goes, NULL without memory. */
static struct buf *next_part(struct verb *verb)
{
	if (verb->part_count == 0 || verb->parts[verb->part_count - 1].len > PART_BYTES) {
		struct buf *parts = realloc(verb->parts, (verb->part_count + 1) * sizeof *parts);
		if (parts == NULL) {
			verb->code = -ENOMEM;
			return NULL;
		}
		verb->parts = parts;
		verb->parts[verb->part_count++] = (struct buf){0};
	}
	return &verb->parts[verb->part_count - 1];
}

static void collect_item(void *context, const struct host_item *item)
{
	struct buf *part = next_part(context);

	if (part != NULL)
		host_item_write(part, item);
}

static void collect_sample(void *context, const struct host_sample *sample)
{
	struct buf *part = next_part(context);

	if (part != NULL)
		host_sample_write(part, sample);
}

static void collect_traffic(void *context, const struct host_traffic *traffic)
{
	struct buf *part = next_part(context);

	if (part != NULL)
		host_traffic_write(part, traffic);
}

static int run_volume(struct driver *driver, struct verb *verb,
		      int (*change)(struct driver *, const struct host_volume *, struct err *))
{
	struct host_volume volume;
	struct reader reader;

	reader_init(&reader, verb->body.data, verb->body.len);
	if (host_volume_read(&reader, &volume) < 0 || reader_done(&reader) < 0)
		return ERR_PROTOCOL;
	if (volume.bytes > MAX_VOLUME_BYTES || volume.bytes % 512 != 0)
		return refuse(verb, "a disk of an impossible size");
	return change(driver, &volume, &verb->err);
}

static bool is_plain(const char *text, const char *also)
{
	for (; *text != '\0'; text++)
		if (!(*text >= 'a' && *text <= 'z') && !(*text >= 'A' && *text <= 'Z') &&
		    !(*text >= '0' && *text <= '9') && strchr(also, *text) == NULL)
			return false;
	return true;
}

/* Lines of what an authorized_keys file may hold: they travel on QEMU's command line. */
static bool are_key_lines(const char *keys)
{
	for (const char *at = keys; *at != '\0'; at++)
		if ((*at < ' ' || *at > '~') && *at != '\n')
			return false;
	return *keys >= 'a' && *keys <= 'z';
}

static bool rescue_is_sane(const struct host_rescue *rescue)
{
	if (rescue->image_id == 0)
		return true;
	return rescue->ssh_port != 0 && are_key_lines(rescue->keys) &&
	       (rescue->ipv4.family == 0 || rescue->ipv4.prefix == 32) &&
	       (rescue->ipv6.family == 0 || rescue->ipv6.prefix == 64);
}

static int run_define(struct driver *driver, struct verb *verb)
{
	struct host_domain domain CLEANUP(host_domain_done) = {0};
	struct reader reader;

	reader_init(&reader, verb->body.data, verb->body.len);
	if (host_domain_read(&reader, &domain) < 0 || reader_done(&reader) < 0)
		return ERR_PROTOCOL;
	if (domain.vcpus < 1 || domain.vcpus > MAX_VCPUS || domain.memory_mib < 32 ||
	    domain.memory_mib > MAX_MEMORY_MIB)
		return refuse(verb, "a server of an impossible size");
	if (domain.name[0] == '\0' || !is_plain(domain.name, "-."))
		return refuse(verb, "a server with an impossible name");
	bool is_local = (domain.mac[0] & 3) == 2;
	for (size_t i = 0; i < domain.card_count; i++)
		is_local &= (domain.cards[i].mac[0] & 3) == 2;
	if (!is_local)
		return refuse(verb, "a MAC address that is not a local unicast one");
	if (!rescue_is_sane(&domain.rescue))
		return refuse(verb, "a rescue system without keys, a port or proper addresses");
	return driver->verbs->domain_define(driver, &domain, &verb->err);
}

static int run_password(struct driver *driver, struct verb *verb)
{
	struct host_password password;
	struct reader reader;
	int code;

	reader_init(&reader, verb->body.data, verb->body.len);
	if (host_password_read(&reader, &password) < 0 || reader_done(&reader) < 0)
		return ERR_PROTOCOL;
	if (password.user[0] == '\0' || password.user[0] == '-' || !is_plain(password.user, "-_") ||
	    password.hash[0] != '$' || !is_plain(password.hash, "$./="))
		return refuse(verb,
			      "a password that is no crypt(5) hash, or an impossible user name");
	code = driver->verbs->password_set(driver, &password, &verb->err);
	explicit_bzero(&password, sizeof password);
	return code;
}

static int run_guest_ask(struct driver *driver, struct verb *verb)
{
	struct host_guest_ask ask;
	struct reader reader;

	reader_init(&reader, verb->body.data, verb->body.len);
	if (host_guest_ask_read(&reader, &ask) < 0 || reader_done(&reader) < 0)
		return ERR_PROTOCOL;
	if (ask.line[0] == '\0' || !is_plain(ask.line, " -_.+/="))
		return refuse(verb, "a question that is no line of plain words");
	return driver->verbs->guest_ask(driver, &ask, &verb->err);
}

static bool is_local_mac(const uint8_t mac[MAC_BYTES])
{
	return (mac[0] & 3) == 2;
}

/* What each port must have is judged as it is read. */
static bool ports_are_sane(const struct host_network *network)
{
	for (size_t i = 0; i < network->port_count; i++) {
		if (!is_local_mac(network->ports[i].mac))
			return false;
		for (size_t n = 0; n < i; n++)
			if (network->ports[n].id == network->ports[i].id ||
			    network->ports[n].network_id == network->ports[i].network_id)
				return false;
	}
	return true;
}

static bool network_is_sane(const struct host_network *network)
{
	return ports_are_sane(network) &&
	       (network->ipv4.family == 0 || network->ipv4.prefix == 32) &&
	       (network->ipv6.family == 0 || network->ipv6.prefix == 64) &&
	       network->server_id != 0 && network->closed <= 1;
}

static int run_network_set(struct driver *driver, struct verb *verb)
{
	struct host_network network CLEANUP(host_network_done) = {0};
	struct reader reader;
	int code;

	reader_init(&reader, verb->body.data, verb->body.len);
	if (host_network_read(&reader, &network) < 0 || reader_done(&reader) < 0)
		return ERR_PROTOCOL;
	if (!network_is_sane(&network))
		return refuse(verb, "a network that is no /32 and /64, or has an impossible port");
	code = driver->verbs->network_set(driver, &network, &verb->err);
	if (code == 0)
		write_u64(&verb->answer, driver->verbs->filter_version(driver, network.uuid));
	return code;
}

static int run_filter_set(struct driver *driver, struct verb *verb)
{
	struct host_filter_change change CLEANUP(host_filter_change_done) = {0};
	struct reader reader;
	uint64_t version = 0;
	int code;

	reader_init(&reader, verb->body.data, verb->body.len);
	if (host_filter_change_read(&reader, &change) < 0 || reader_done(&reader) < 0)
		return ERR_PROTOCOL;
	code = driver->verbs->filter_set(driver, &change, &version, &verb->err);
	if (code == 0)
		write_u64(&verb->answer, version);
	return code;
}

struct networks {
	struct host_network *items;
	size_t count;
};

static void networks_done(struct networks *networks)
{
	for (size_t i = 0; i < networks->count; i++)
		host_network_done(&networks->items[i]);
	free(networks->items);
}

/* One part: u32 count, networks. */
static int read_networks(struct verb *verb, struct reader *reader, struct networks *networks)
{
	const uint32_t more = reader_u32(reader);

	if (more > VERB_MAX_BYTES / sizeof *networks->items)
		return ERR_PROTOCOL;
	struct host_network *grown =
		realloc(networks->items, (networks->count + more + 1) * sizeof *grown);
	if (grown == NULL)
		return -ENOMEM;
	networks->items = grown;
	for (uint32_t i = 0; i < more; i++) {
		const int code = host_network_read(reader, &networks->items[networks->count]);
		if (code < 0)
			return code;
		if (!network_is_sane(&networks->items[networks->count++]))
			return refuse(
				verb,
				"a network that is no /32 and /64, or has an impossible port");
	}
	return 0;
}

static int run_network_sync(struct driver *driver, struct verb *verb)
{
	struct networks networks CLEANUP(networks_done) = {0};
	struct reader reader;

	reader_init(&reader, verb->body.data, verb->body.len);
	while (reader.at < reader.end) {
		const int code = read_networks(verb, &reader, &networks);
		if (code < 0)
			return code;
	}
	if (reader_done(&reader) < 0)
		return ERR_PROTOCOL;
	return driver->verbs->network_sync(driver, networks.items, networks.count, &verb->err);
}

static int run_seed_create(struct driver *driver, struct verb *verb)
{
	struct host_seed seed;
	struct reader reader;
	int code;

	reader_init(&reader, verb->body.data, verb->body.len);
	if ((code = host_seed_read(&reader, &seed)) < 0)
		return code;
	code = reader_done(&reader);
	if (code == 0)
		code = driver->verbs->seed_create(driver, &seed, &verb->err);
	host_seed_done(&seed);
	return code;
}

static void on_progress(void *context, unsigned percent)
{
	struct verb *verb = context;

	if (percent <= verb->percent || percent > 100)
		return;
	verb->percent = percent;
	verb->progress(verb, percent);
}

static int run_image_import(struct driver *driver, struct verb *verb)
{
	struct host_image_import import;
	struct host_image_facts facts;
	struct reader reader;
	int code;

	reader_init(&reader, verb->body.data, verb->body.len);
	if (host_image_import_read(&reader, &import) < 0 || reader_done(&reader) < 0 ||
	    import.image_id == 0 || (import.source == HOST_IMAGE_FROM_FD) != (verb->fd >= 0))
		return ERR_PROTOCOL;
	if (import.source == HOST_IMAGE_FROM_URL && strncmp(import.url, "https://", 8) != 0 &&
	    strncmp(import.url, "http://", 7) != 0)
		return refuse(verb, "an image is fetched by https or http alone");
	code = driver->verbs->image_import(driver, &import, verb->fd, on_progress, verb, &facts,
					   &verb->err);
	if (code == 0)
		host_image_facts_write(&verb->answer, &facts);
	return code;
}

static int run_image_create(struct driver *driver, struct verb *verb)
{
	struct host_image_disk disk;
	struct host_image_facts facts;
	struct reader reader;
	int code;

	reader_init(&reader, verb->body.data, verb->body.len);
	if (host_image_disk_read(&reader, &disk) < 0 || reader_done(&reader) < 0 ||
	    disk.image_id == 0)
		return ERR_PROTOCOL;
	code = driver->verbs->image_create(driver, &disk, on_progress, verb, &facts, &verb->err);
	if (code == 0)
		host_image_facts_write(&verb->answer, &facts);
	return code;
}

static int run_state(struct driver *driver, struct verb *verb, const uint8_t uuid[UUID_BYTES])
{
	enum host_domain_state state;
	int code = driver->verbs->domain_state(driver, uuid, &state, &verb->err);

	if (code == 0)
		write_u8(&verb->answer, (uint8_t)state);
	return code;
}

/* The part that may block: is it there, and QEMU's socket. The rest is the loop's. */
static int run_console_open(struct driver *driver, struct verb *verb)
{
	const struct driver_verbs *verbs = driver->verbs;
	struct host_console_open open;
	enum host_domain_state state;
	struct reader reader;
	int code;

	reader_init(&reader, verb->body.data, verb->body.len);
	if (host_console_open_read(&reader, &open) < 0 || reader_done(&reader) < 0)
		return ERR_PROTOCOL;
	if (open.kind == CONSOLE_VNC)
		return verbs->vnc_open(driver, open.uuid, &verb->answer_fd, &verb->err);
	code = verbs->domain_state(driver, open.uuid, &state, &verb->err);
	if (code == 0 && state == HOST_DOMAIN_ABSENT)
		return err_set(&verb->err, ERR_NOT_FOUND, "the server is not defined on this host");
	return code;
}

static int run_screen(struct driver *driver, struct verb *verb, const uint8_t uuid[UUID_BYTES])
{
	struct buf png CLEANUP(buf_done) = {0};
	int code = driver->verbs->screenshot(driver, uuid, &png, &verb->err);
	size_t count;

	if (code < 0)
		return code;
	count = (png.len + PART_BYTES - 1) / PART_BYTES;
	verb->parts = calloc(count, sizeof *verb->parts);
	if (verb->parts == NULL)
		return -ENOMEM;
	verb->part_count = count;
	for (size_t i = 0; i < count; i++) {
		const size_t at = i * PART_BYTES, left = png.len - at;
		write_slice(&verb->parts[i], png.data + at, left < PART_BYTES ? left : PART_BYTES);
		if (verb->parts[i].error != 0)
			return -ENOMEM;
	}
	return 0;
}

static int run_uuid_verb(struct driver *driver, struct verb *verb)
{
	const struct driver_verbs *verbs = driver->verbs;
	uint8_t uuid[UUID_BYTES];

	if (read_uuid(verb, uuid) < 0)
		return ERR_PROTOCOL;
	switch (verb->type) {
	case HOST_SEED_DELETE:
		return verbs->seed_delete(driver, uuid, &verb->err);
	case HOST_NETWORK_CLEAR:
		return verbs->network_clear(driver, uuid, &verb->err);
	case HOST_DOMAIN_UNDEFINE:
		return verbs->domain_undefine(driver, uuid, &verb->err);
	case HOST_DOMAIN_START:
		return verbs->domain_start(driver, uuid, &verb->err);
	case HOST_DOMAIN_SHUTDOWN:
		return verbs->domain_shutdown(driver, uuid, &verb->err);
	case HOST_DOMAIN_STOP:
		return verbs->domain_stop(driver, uuid, &verb->err);
	case HOST_DOMAIN_REBOOT:
		return verbs->domain_reboot(driver, uuid, &verb->err);
	case HOST_DOMAIN_RESET:
		return verbs->domain_reset(driver, uuid, &verb->err);
	case HOST_DOMAIN_STATE:
		return run_state(driver, verb, uuid);
	case HOST_CONSOLE_SCREEN:
		return run_screen(driver, verb, uuid);
	case HOST_FILTER_STATUS:
		return verbs->filter_status(driver, uuid, &verb->answer, &verb->err);
	case HOST_FILTER_CAME:
		return verbs->filter_came(driver, uuid, &verb->answer, &verb->err);
	default:
		return ERR_PROTOCOL;
	}
}

static int run_image_verb(struct driver *driver, struct verb *verb)
{
	struct host_image_facts facts;
	uint64_t image_id;
	int code;

	if (read_image_id(verb, &image_id) < 0)
		return ERR_PROTOCOL;
	if (verb->type == HOST_IMAGE_DELETE)
		return driver->verbs->image_delete(driver, image_id, &verb->err);
	code = driver->verbs->image_facts(driver, image_id, &facts, &verb->err);
	if (code == 0)
		host_image_facts_write(&verb->answer, &facts);
	return code;
}

static int run_image_updates(struct driver *driver, struct verb *verb)
{
	struct host_package_list list CLEANUP(host_package_list_done) = {0};
	struct host_updates updates;
	struct reader reader;
	int code;

	reader_init(&reader, verb->body.data, verb->body.len);
	if ((code = host_package_list_read(&reader, &list)) < 0)
		return code;
	if (reader_done(&reader) < 0)
		return ERR_PROTOCOL;
	code = driver->verbs->image_updates(driver, &list, &updates, &verb->err);
	if (code == 0)
		host_updates_write(&verb->answer, &updates);
	return code;
}

static int run_hello(struct driver *driver, struct verb *verb)
{
	struct host_facts facts;
	int code = driver->verbs->facts(driver, &facts, &verb->err);

	if (code == 0)
		host_facts_write(&verb->answer, &facts);
	return code;
}

static int run_verb(struct driver *driver, struct verb *verb)
{
	const struct driver_verbs *verbs = driver->verbs;

	switch (verb->type) {
	case HOST_HELLO:
		return run_hello(driver, verb);
	case HOST_INVENTORY:
		return verbs->inventory(driver, collect_item, verb, &verb->err);
	case HOST_STATISTICS:
		return verbs->statistics(driver, collect_sample, verb, &verb->err);
	case HOST_TRAFFIC:
		return verbs->traffic(driver, collect_traffic, verb, &verb->err);
	case HOST_IMAGE_IMPORT:
		return run_image_import(driver, verb);
	case HOST_IMAGE_CREATE:
		return run_image_create(driver, verb);
	case HOST_IMAGE_DELETE:
	case HOST_IMAGE_FACTS:
		return run_image_verb(driver, verb);
	case HOST_IMAGE_UPDATES:
		return run_image_updates(driver, verb);
	case HOST_VOLUME_CREATE:
		return run_volume(driver, verb, verbs->volume_create);
	case HOST_VOLUME_GROW:
		return run_volume(driver, verb, verbs->volume_grow);
	case HOST_VOLUME_DELETE:
		return run_volume(driver, verb, verbs->volume_delete);
	case HOST_SEED_CREATE:
		return run_seed_create(driver, verb);
	case HOST_NETWORK_SET:
		return run_network_set(driver, verb);
	case HOST_NETWORK_SYNC:
		return run_network_sync(driver, verb);
	case HOST_FILTER_SET:
		return run_filter_set(driver, verb);
	case HOST_DOMAIN_DEFINE:
		return run_define(driver, verb);
	case HOST_GUEST_ASK:
		return run_guest_ask(driver, verb);
	case HOST_PASSWORD_SET:
		return run_password(driver, verb);
	case HOST_SEED_DELETE:
	case HOST_NETWORK_CLEAR:
	case HOST_DOMAIN_UNDEFINE:
	case HOST_DOMAIN_START:
	case HOST_DOMAIN_SHUTDOWN:
	case HOST_DOMAIN_STOP:
	case HOST_DOMAIN_REBOOT:
	case HOST_DOMAIN_RESET:
	case HOST_DOMAIN_STATE:
	case HOST_CONSOLE_SCREEN:
	case HOST_FILTER_STATUS:
	case HOST_FILTER_CAME:
		return run_uuid_verb(driver, verb);
	case HOST_CONSOLE_OPEN:
		return run_console_open(driver, verb);
	default:
		return ERR_PROTOCOL;
	}
}

void verb_run(struct driver *driver, struct verb *verb)
{
	int code = run_verb(driver, verb);

	if (verb->code == 0)
		verb->code = code;
	if (verb->code < 0 && verb->err.text[0] == '\0')
		(void)err_set(&verb->err, verb->code, "%s",
			      verb->code > -1000 ? strerror(-verb->code) : err_name(verb->code));
}

bool verb_key(const struct verb *verb, uint8_t key[VERB_KEY_BYTES])
{
	memset(key, 0, VERB_KEY_BYTES);
	switch (verb->type) {
	case HOST_HELLO:
	case HOST_INVENTORY:
	case HOST_STATISTICS:
	case HOST_TRAFFIC:
	case HOST_NETWORK_SYNC:
	case HOST_CONSOLE_OPEN:
	case HOST_CONSOLE_SCREEN:
	case HOST_IMAGE_FACTS:
	case HOST_FILTER_STATUS:
	case HOST_FILTER_CAME:
		return false;
	/* In a row of their own: a filter changes at once, though the server may be starting. */
	case HOST_FILTER_SET:
		key[UUID_BYTES] = 1;
		memcpy(key, verb->body.data,
		       verb->body.len < UUID_BYTES ? verb->body.len : UUID_BYTES);
		return true;
	/* One look at a time: they share apt's folders. No image has that number. */
	case HOST_IMAGE_UPDATES:
		memset(key + UUID_BYTES, 0xff, VERB_KEY_BYTES - UUID_BYTES);
		return true;
	/* Of the image, not the server: that goes on with whatever it does. */
	case HOST_IMAGE_CREATE:
	case HOST_IMAGE_IMPORT:
	case HOST_IMAGE_DELETE:
		memcpy(key + UUID_BYTES, verb->body.data, verb->body.len < 8 ? verb->body.len : 8);
		return true;
	default:
		memcpy(key, verb->body.data,
		       verb->body.len < UUID_BYTES ? verb->body.len : UUID_BYTES);
		return true;
	}
}

void verb_done(struct verb *verb)
{
	if (verb->body.data != NULL)
		explicit_bzero(verb->body.data, verb->body.len);
	buf_done(&verb->body);
	buf_done(&verb->answer);
	for (size_t i = 0; i < verb->part_count; i++)
		buf_done(&verb->parts[i]);
	free(verb->parts);
	if (verb->fd >= 0)
		(void)close(verb->fd);
	if (verb->answer_fd >= 0)
		(void)close(verb->answer_fd);
}

#include "host/network/network.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "host/network/filter.h"
#include "host/network/plumb.h"
#include "host/process.h"

#define NFT_TIMEOUT_S 60

struct network {
	char instance[8];
	bool masquerade;
	unsigned probe_uid;
	pthread_mutex_t lock;
	struct host_network *servers;
	size_t count;
};

static int load(const struct buf *rules, struct err *err)
{
	static const char *const arguments[] = {"nft", "-f", "-", NULL};
	/* A child of its own: nft's memory, which grows with the table, goes with it. */
	const struct process process = {.arguments = arguments,
					.input = rules->data,
					.input_bytes = rules->len,
					.stdin_fd = -1,
					.stdout_fd = -1,
					.timeout_s = NFT_TIMEOUT_S};

	if (rules->error != 0)
		return err_set(err, rules->error, "no memory for the packet filter's rules");
	return rules->len == 0 ? 0 : process_run(&process, NULL, err);
}

static bool table_exists(const struct network *network)
{
	char table[16];
	const char *const arguments[] = {"nft", "list", "chain", "inet", table, "prerouting", NULL};
	const struct process process = {.arguments = arguments,
					.stdin_fd = -1,
					.stdout_fd = -1,
					.timeout_s = NFT_TIMEOUT_S};

	(void)snprintf(table, sizeof table, "ippo_%s", network->instance);
	return process_run(&process, NULL, NULL) == 0;
}

int network_new(const struct config *config, struct network **ret, struct err *err)
{
	struct network *network = calloc(1, sizeof *network);
	struct buf rules CLEANUP(buf_done) = {0};
	int code;

	if (network == NULL)
		return err_set(err, -ENOMEM, "no memory");
	(void)snprintf(network->instance, sizeof network->instance, "%s", config->instance);
	network->masquerade = strcmp(config->egress, "masquerade") == 0;
	const struct passwd *probe = getpwnam(config->probe_user);
	network->probe_uid = probe != NULL ? probe->pw_uid : 0;
	(void)pthread_mutex_init(&network->lock, NULL);
	code = plumb_host(err);
	/* After a restart of this process alone the old table goes on until core has told the
	 * truth. */
	if (code == 0 && !table_exists(network)) {
		filter_write_table(&rules, network->instance, network->masquerade,
				   network->probe_uid, NULL, 0);
		code = load(&rules, err);
	}
	if (code < 0) {
		network_free(network);
		return err_wrap(err, code, "cannot set up the network");
	}
	*ret = network;
	return 0;
}

void network_free(struct network *network)
{
	if (network == NULL)
		return;
	(void)pthread_mutex_destroy(&network->lock);
	free(network->servers);
	free(network);
}

static struct host_network *find(struct network *network, const uint8_t uuid[UUID_BYTES])
{
	for (size_t i = 0; i < network->count; i++)
		if (memcmp(network->servers[i].uuid, uuid, UUID_BYTES) == 0)
			return &network->servers[i];
	return NULL;
}

static bool is_same(const struct host_network *a, const struct host_network *b)
{
	return a->server_id == b->server_id && memcmp(a->mac, b->mac, MAC_BYTES) == 0 &&
	       ip_equal(&a->ipv4, &b->ipv4) && ip_equal(&a->ipv6, &b->ipv6) &&
	       a->closed == b->closed;
}

/* A running server's wire follows at once; one that is off has none. */
static int plumb_if_there(const struct network *network, const struct host_network *server,
			  struct err *err)
{
	char tap[FILTER_TAP_BYTES];
	int code = filter_tap_name(network->instance, server->server_id, tap);

	if (code < 0)
		return err_set(err, ERR_INVALID_INPUT,
			       "server id %llu is too large for an interface's name",
			       (unsigned long long)server->server_id);
	code = plumb_tap(tap, server, err);
	return code == -ENODEV ? 0 : code;
}

static int set_locked(struct network *network, const struct host_network *server, struct err *err)
{
	struct host_network *known = find(network, server->uuid), *grown;
	struct buf rules CLEANUP(buf_done) = {0};
	int code;

	if (known != NULL && is_same(known, server))
		return plumb_if_there(network, server, err);
	if (known == NULL) {
		grown = realloc(network->servers, (network->count + 1) * sizeof *grown);
		if (grown == NULL)
			return err_set(err, -ENOMEM, "no memory");
		network->servers = grown;
	}
	filter_write_change(&rules, network->instance, known, server);
	if ((code = load(&rules, err)) < 0)
		return code;
	if (known == NULL)
		known = &network->servers[network->count++];
	*known = *server;
	return plumb_if_there(network, server, err);
}

int network_set(struct network *network, const struct host_network *server, struct err *err)
{
	(void)pthread_mutex_lock(&network->lock);
	int code = set_locked(network, server, err);
	(void)pthread_mutex_unlock(&network->lock);
	return code;
}

static int clear_locked(struct network *network, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	struct host_network *known = find(network, uuid);
	struct buf rules CLEANUP(buf_done) = {0};
	char tap[FILTER_TAP_BYTES];
	int code;

	if (known == NULL)
		return 0;
	filter_write_change(&rules, network->instance, known, NULL);
	if ((code = load(&rules, err)) < 0)
		return code;
	if (filter_tap_name(network->instance, known->server_id, tap) == 0 &&
	    (code = plumb_remove(tap, err)) < 0)
		return code;
	*known = network->servers[--network->count];
	return 0;
}

int network_clear(struct network *network, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	(void)pthread_mutex_lock(&network->lock);
	int code = clear_locked(network, uuid, err);
	(void)pthread_mutex_unlock(&network->lock);
	return code;
}

static bool tap_is_wanted(const struct network *network, const char *tap)
{
	char name[FILTER_TAP_BYTES];

	for (size_t i = 0; i < network->count; i++)
		if (filter_tap_name(network->instance, network->servers[i].server_id, name) == 0 &&
		    strcmp(name, tap) == 0)
			return true;
	return false;
}

/* Taps under our name that belong to no server, left by a crash. */
static void remove_orphans(const struct network *network)
{
	const size_t prefix = strlen(network->instance);
	const struct dirent *entry;
	DIR *dir = opendir("/sys/class/net");

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, network->instance, prefix) == 0 &&
		    entry->d_name[prefix] == '-' && !tap_is_wanted(network, entry->d_name))
			(void)plumb_remove(entry->d_name, NULL);
	if (dir != NULL)
		(void)closedir(dir);
}

static int sync_locked(struct network *network, const struct host_network *servers, size_t count,
		       struct err *err)
{
	struct buf rules CLEANUP(buf_done) = {0};
	struct host_network *copy = malloc((count > 0 ? count : 1) * sizeof *copy);
	int code;

	if (copy == NULL)
		return err_set(err, -ENOMEM, "no memory");
	filter_write_table(&rules, network->instance, network->masquerade, network->probe_uid,
			   servers, count);
	if ((code = load(&rules, err)) < 0) {
		free(copy);
		return code;
	}
	if (count > 0)
		memcpy(copy, servers, count * sizeof *copy);
	free(network->servers);
	network->servers = copy;
	network->count = count;
	remove_orphans(network);
	for (size_t i = 0; i < count; i++)
		if ((code = plumb_if_there(network, &servers[i], err)) < 0)
			return code;
	return 0;
}

int network_sync(struct network *network, const struct host_network *servers, size_t count,
		 struct err *err)
{
	int code = 0;

	(void)pthread_mutex_lock(&network->lock);
	bool same = count == network->count && count > 0 && table_exists(network);
	for (size_t i = 0; same && i < count; i++) {
		const struct host_network *known = find(network, servers[i].uuid);
		same = known != NULL && is_same(known, &servers[i]);
	}
	if (!same)
		code = sync_locked(network, servers, count, err);
	(void)pthread_mutex_unlock(&network->lock);
	return code;
}

int network_plumb(struct network *network, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	char tap[FILTER_TAP_BYTES];
	int code;

	(void)pthread_mutex_lock(&network->lock);
	const struct host_network *known = find(network, uuid);
	if (known == NULL)
		code = err_set(err, ERR_NOT_FOUND, "the server has no network on this host");
	else if ((code = filter_tap_name(network->instance, known->server_id, tap)) < 0)
		(void)err_set(err, code, "the server's id is too large");
	else
		code = plumb_tap(tap, known, err);
	(void)pthread_mutex_unlock(&network->lock);
	return code;
}

void network_inventory(struct network *network, driver_item *item, void *context)
{
	(void)pthread_mutex_lock(&network->lock);
	for (size_t i = 0; i < network->count; i++) {
		struct host_item found = {.kind = HOST_ITEM_NETWORK,
					  .number = network->servers[i].server_id};
		memcpy(found.uuid, network->servers[i].uuid, UUID_BYTES);
		item(context, &found);
	}
	(void)pthread_mutex_unlock(&network->lock);
}

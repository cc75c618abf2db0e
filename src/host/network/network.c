#include "host/network/network.h"

#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "host/network/came.h"
#include "host/network/filter.h"
#include "host/network/forget.h"
#include "host/network/plumb.h"
#include "host/network/refusals.h"
#include "host/network/ruleset.h"
#include "host/network/segment_rules.h"
#include "host/network/segments.h"
#include "host/network/traffic.h"

#define SPOILT_MOST 5 /* minutes */

struct network {
	char instance[8];
	bool masquerade;
	unsigned probe_uid;
	pthread_mutex_t lock;
	struct host_network *servers;
	size_t count;
	bool is_told; /* what core knows; before, the kernel's table is of an earlier process */
	struct refusals *refusals; /* NULL: nobody is told of what is refused */
	struct {
		uint32_t ours;    /* the kernel's generation after our last change; 0: not alone */
		uint32_t checked; /* ... in which the digest was taken; 0: none was */
		uint64_t digest;
		unsigned spoilt; /* looks at it, one after another, during which it was changed */
	} table;
};

/* Notes whether ours was the only change meanwhile: then the table is what we made of it. */
static int load(struct network *network, const struct buf *rules, struct err *err)
{
	uint32_t before = 0, after = 0;
	int code;

	if (rules->error == 0 && rules->len == 0)
		return 0;
	const bool knew = ruleset_generation(&before) == 0 &&
			  (before == network->table.ours || before == network->table.checked);
	code = ruleset_load(rules, err);
	if (code < 0)
		return code;
	network->table.checked = 0;
	network->table.ours = 0;
	if (knew && ruleset_generation(&after) == 0 && after == before + 1)
		network->table.ours = after;
	return 0;
}

/* The whole table: whatever was there before is of no interest. */
static int load_table(struct network *network, const struct host_network *servers, size_t count,
		      struct err *err)
{
	struct buf rules CLEANUP(buf_done) = {0};
	uint32_t now = 0;

	filter_write_table(&rules, network->instance, network->masquerade, network->probe_uid,
			   servers, count);
	segment_rules_write_table(&rules, network->instance, servers, count);
	traffic_write_table(&rules, network->instance);
	for (size_t i = 0; i < count; i++)
		traffic_write_server(&rules, network->instance, servers[i].server_id);
	if (ruleset_generation(&now) == 0)
		network->table.ours = now;
	return load(network, &rules, err);
}

int network_new(const struct config *config, struct network **ret, struct err *err)
{
	struct network *network = calloc(1, sizeof *network);
	struct err deaf = {0};
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
	if (code == 0 && !ruleset_has_table(network->instance))
		code = load_table(network, NULL, 0, err);
	if (code < 0) {
		network_free(network);
		return err_wrap(err, code, "cannot set up the network");
	}
	if (refusals_new(network->instance, filter_log_group(network->instance), &network->refusals,
			 &deaf) < 0)
		log_warning("%s; customers are not shown what was refused", deaf.text);
	*ret = network;
	return 0;
}

static void free_servers(struct host_network *servers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		host_network_done(&servers[i]);
	free(servers);
}

void network_free(struct network *network)
{
	if (network == NULL)
		return;
	refusals_free(network->refusals);
	(void)pthread_mutex_destroy(&network->lock);
	free_servers(network->servers, network->count);
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
	       a->closed == b->closed && host_ports_equal(a, b) &&
	       host_floating_equal(&a->filter, &b->filter);
}

static int copy_network(const struct host_network *from, struct host_network *ret)
{
	*ret = *from;
	return host_filter_copy(&from->filter, &ret->filter);
}

/* The wire first: nothing is heard on it but what is the server's. */
static int plumb(struct network *network, const char *tap, const struct host_network *server,
		 struct err *err)
{
	struct buf rules CLEANUP(buf_done) = {0};
	int code;

	if (if_nametoindex(tap) == 0)
		return err_set(err, -ENODEV, "there is no interface %s", tap);
	filter_write_wire(&rules, network->instance, server);
	code = load(network, &rules, err);
	return code < 0 ? code : plumb_tap(tap, server, err);
}

/* A running server's wire follows at once; one that is off has none. */
static int plumb_if_there(struct network *network, const struct host_network *server,
			  struct err *err)
{
	char tap[FILTER_TAP_BYTES];
	int code = filter_tap_name(network->instance, server->server_id, tap);

	if (code < 0)
		return err_set(err, ERR_INVALID_INPUT,
			       "server id %llu is too large for an interface's name",
			       (unsigned long long)server->server_id);
	code = plumb(network, tap, server, err);
	return code == -ENODEV ? 0 : code;
}

/* --- private networks --- */

/* Taps and bridges follow what is known of a server now; @had: ports that may have gone. */
static int follow_ports(struct network *network, const struct host_network *server, bool had,
			struct err *err)
{
	const int code = server != NULL ? segments_plumb(network->instance, server, err) : 0;

	if (had)
		segments_clean(network->instance, network->servers, network->count);
	return code;
}

/* --- floating addresses --- */

static bool is_on(const struct network *network, const struct host_network *server,
		  char tap[FILTER_TAP_BYTES])
{
	return filter_tap_name(network->instance, server->server_id, tap) == 0 &&
	       if_nametoindex(tap) != 0;
}

/* Leaves out what another server has by a later move: messages may come in any order. */
static void leave_to_others(const struct network *network, const uint8_t uuid[UUID_BYTES],
			    struct host_filter *filter)
{
	size_t kept = 0;

	for (size_t i = 0; i < filter->floating_count; i++) {
		bool is_others = false;
		for (size_t n = 0; n < network->count; n++) {
			const struct host_network *other = &network->servers[n];
			const struct host_floating *theirs =
				memcmp(other->uuid, uuid, UUID_BYTES) == 0
					? NULL
					: host_floating_find(&other->filter,
							     &filter->floating[i].ip);
			is_others |= theirs != NULL && theirs->move > filter->floating[i].move;
		}
		if (!is_others)
			filter->floating[kept++] = filter->floating[i];
	}
	filter->floating_count = kept;
}

static bool loses(const struct host_network *server, const struct host_network *after)
{
	for (size_t i = 0; i < server->filter.floating_count; i++)
		if (host_floating_find(&after->filter, &server->filter.floating[i].ip) != NULL)
			return memcmp(server->uuid, after->uuid, UUID_BYTES) != 0;
	return false;
}

static size_t floating_left(const struct host_network *server, const struct host_network *after,
			    struct host_floating *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < server->filter.floating_count; i++)
		if (host_floating_find(&after->filter, &server->filter.floating[i].ip) == NULL)
			ret[count++] = server->filter.floating[i];
	return count;
}

/* In the transaction that gives @after its addresses, whoever had them loses them. */
static void write_losses(const struct network *network, const struct host_network *after,
			 struct buf *rules)
{
	struct host_floating left[HOST_FLOATING_MAX];
	char tap[FILTER_TAP_BYTES];

	for (size_t i = 0; i < network->count; i++) {
		struct host_network loser = network->servers[i];
		if (!loses(&loser, after))
			continue;
		loser.filter.floating_count = floating_left(&loser, after, left);
		loser.filter.floating = left;
		filter_write_change(rules, network->instance, &network->servers[i], &loser);
		if (is_on(network, &loser, tap))
			filter_write_wire(rules, network->instance, &loser);
	}
}

static void lose(struct network *network, const struct host_network *after)
{
	for (size_t i = 0; i < network->count; i++) {
		struct host_network *loser = &network->servers[i];
		if (loses(loser, after))
			loser->filter.floating_count =
				floating_left(loser, after, loser->filter.floating);
	}
}

/* To the server's tap, or, while it is off, to nobody's. */
static int route_floating(const struct network *network, const struct host_network *server,
			  const struct ip *ip, struct err *err)
{
	char tap[FILTER_TAP_BYTES];
	int code = 0;

	if (is_on(network, server, tap)) {
		code = plumb_route(tap, ip, err);
		return code == -ENODEV ? 0 : code; /* switched off meanwhile */
	}
	for (size_t i = 0; code == 0 && i < network->count; i++)
		if (loses(&network->servers[i], server) &&
		    is_on(network, &network->servers[i], tap))
			code = plumb_no_route(tap, ip, err);
	return code;
}

static void forget(const struct ip *ip)
{
	struct err err = {0};

	if (forget_connections(ip, &err) < 0)
		log_warning("%s", err.text);
}

/* The transaction is through: routes follow, and what the kernel remembers of what moved goes. */
static int move_floating(struct network *network, const struct host_network *before,
			 const struct host_network *after, struct err *err)
{
	char tap[FILTER_TAP_BYTES];
	int code = 0;

	for (size_t i = 0; code == 0 && i < after->filter.floating_count; i++) {
		const struct ip *ip = &after->filter.floating[i].ip;
		code = route_floating(network, after, ip, err);
		if (host_floating_find(&before->filter, ip) == NULL)
			forget(ip);
	}
	for (size_t i = 0; code == 0 && i < before->filter.floating_count; i++) {
		const struct ip *ip = &before->filter.floating[i].ip;
		if (host_floating_find(&after->filter, ip) != NULL)
			continue;
		if (is_on(network, after, tap))
			code = plumb_no_route(tap, ip, err);
		forget(ip);
	}
	lose(network, after);
	return code;
}

static int set_locked(struct network *network, const struct host_network *server, struct err *err)
{
	struct host_network *known = find(network, server->uuid), *grown;
	struct host_network copy CLEANUP(host_network_done) = {0};
	struct host_network before CLEANUP(host_network_done) = {0};
	struct buf rules CLEANUP(buf_done) = {0};
	int code;

	if ((code = copy_network(server, &copy)) < 0)
		return err_set(err, code, "no memory");
	/* What was asked for earlier may come later. */
	if (known != NULL && known->filter.version > copy.filter.version) {
		host_filter_done(&copy.filter);
		if ((code = host_filter_copy(&known->filter, &copy.filter)) < 0)
			return err_set(err, code, "no memory");
	}
	if (known == NULL) {
		grown = realloc(network->servers, (network->count + 1) * sizeof *grown);
		if (grown == NULL)
			return err_set(err, -ENOMEM, "no memory");
		network->servers = grown;
	}
	leave_to_others(network, copy.uuid, &copy.filter);
	write_losses(network, &copy, &rules);
	filter_write_change(&rules, network->instance, known, &copy);
	segment_rules_write_change(&rules, network->instance, known, &copy);
	if (known == NULL) {
		traffic_write_table(&rules, network->instance);
		traffic_write_server(&rules, network->instance, copy.server_id);
	}
	if ((code = load(network, &rules, err)) < 0)
		return code;
	if (known == NULL) {
		known = &network->servers[network->count++];
		*known = (struct host_network){0};
	}
	const bool same_wire = is_same(known, &copy);
	before = *known;
	*known = copy;
	copy = (struct host_network){0};
	if ((code = move_floating(network, &before, known, err)) < 0 ||
	    (code = follow_ports(network, known, before.port_count > 0, err)) < 0)
		return code;
	return same_wire && rules.len > 0 ? 0 : plumb_if_there(network, known, err);
}

int network_set(struct network *network, const struct host_network *server, struct err *err)
{
	(void)pthread_mutex_lock(&network->lock);
	int code = set_locked(network, server, err);
	(void)pthread_mutex_unlock(&network->lock);
	return code;
}

static int set_filter_locked(struct network *network, const struct host_filter_change *change,
			     uint64_t *ret_version, struct err *err)
{
	struct host_network *known = find(network, change->uuid), before, after;
	struct host_filter filter CLEANUP(host_filter_done) = {0};
	struct buf rules CLEANUP(buf_done) = {0};
	char tap[FILTER_TAP_BYTES];
	int code;

	if (known == NULL)
		return err_set(err, ERR_NOT_FOUND, "the server has no network on this host");
	if (change->filter.version >= known->filter.version) {
		if ((code = host_filter_copy(&change->filter, &filter)) < 0)
			return err_set(err, code, "no memory");
		leave_to_others(network, change->uuid, &filter);
		after = *known;
		after.filter = filter;
		write_losses(network, &after, &rules);
		filter_write_change(&rules, network->instance, known, &after);
		if (!host_floating_equal(&known->filter, &filter) && is_on(network, &after, tap))
			filter_write_wire(&rules, network->instance, &after);
		if ((code = load(network, &rules, err)) < 0)
			return code;
		before = *known;
		known->filter = filter;
		filter = before.filter; /* to be freed */
		if ((code = move_floating(network, &before, known, err)) < 0)
			return code;
	}
	if (ret_version != NULL)
		*ret_version = known->filter.version;
	return 0;
}

int network_set_filter(struct network *network, const struct host_filter_change *change,
		       uint64_t *ret_version, struct err *err)
{
	(void)pthread_mutex_lock(&network->lock);
	int code = set_filter_locked(network, change, ret_version, err);
	(void)pthread_mutex_unlock(&network->lock);
	return code;
}

uint64_t network_filter_version(struct network *network, const uint8_t uuid[UUID_BYTES])
{
	(void)pthread_mutex_lock(&network->lock);
	const struct host_network *known = find(network, uuid);
	const uint64_t version = known != NULL ? known->filter.version : 0;
	(void)pthread_mutex_unlock(&network->lock);
	return version;
}

struct counting {
	struct buf body;
	uint32_t count;
};

static void add_counter(void *context, const struct host_counter *counter)
{
	struct counting *counting = context;

	counting->count++;
	host_counter_write(&counting->body, counter);
}

int network_filter_status(struct network *network, const uint8_t uuid[UUID_BYTES],
			  struct buf *answer, struct err *err)
{
	AUTO_FREE struct host_refused *refused = calloc(HOST_REFUSED_KEPT, sizeof *refused);
	struct counting counting = {0};
	uint64_t server_id = 0;
	bool has_rate = false;
	size_t count;
	int code;

	if (refused == NULL)
		return err_set(err, -ENOMEM, "no memory");
	(void)pthread_mutex_lock(&network->lock);
	const struct host_network *known = find(network, uuid);
	if (known != NULL) {
		server_id = known->server_id;
		has_rate = known->filter.rate_in_mbit > 0 || known->filter.rate_out_mbit > 0;
	}
	(void)pthread_mutex_unlock(&network->lock);
	if (server_id == 0)
		return err_set(err, ERR_NOT_FOUND, "the server has no network on this host");
	code = ruleset_counters(network->instance, server_id, has_rate, add_counter, &counting,
				err);
	if (code == 0) {
		count = refusals_list(network->refusals, server_id, refused);
		write_u32(answer, counting.count);
		write_bytes(answer, counting.body.data, counting.body.len);
		write_u32(answer, (uint32_t)count);
		for (size_t i = 0; i < count; i++)
			host_refused_write(answer, &refused[i]);
	}
	buf_done(&counting.body);
	return code;
}

int network_came(struct network *network, const uint8_t uuid[UUID_BYTES], struct buf *answer,
		 struct err *err)
{
	struct ip found[HOST_CAME_MAX];
	size_t count = 0;
	uint32_t mark = 0;
	uint16_t port = 0;

	(void)pthread_mutex_lock(&network->lock);
	const struct host_network *known = find(network, uuid);
	const bool is_known = known != NULL;
	if (is_known) {
		mark = known->filter.mark;
		port = known->filter.mark_port;
	}
	(void)pthread_mutex_unlock(&network->lock);
	if (!is_known)
		return err_set(err, ERR_NOT_FOUND, "the server has no network on this host");
	const int code = mark != 0 ? came_list(mark, port, found, HOST_CAME_MAX, &count, err) : 0;
	if (code < 0)
		return code;
	write_u32(answer, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		host_ip_write(answer, &found[i]);
	return 0;
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
	segment_rules_write_change(&rules, network->instance, known, NULL);
	filter_write_no_wire(&rules, network->instance, known->server_id);
	traffic_write_table(&rules, network->instance);
	traffic_write_no_server(&rules, network->instance, known->server_id);
	if ((code = load(network, &rules, err)) < 0)
		return code;
	if (filter_tap_name(network->instance, known->server_id, tap) == 0 &&
	    (code = plumb_remove(tap, err)) < 0)
		return code;
	refusals_forget(network->refusals, known->server_id);
	const bool had = known->port_count > 0;
	host_network_done(known);
	*known = network->servers[--network->count];
	return follow_ports(network, NULL, had, err);
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

/* The wires of all servers that are on, in one transaction; a tap that goes meanwhile spoils it,
 * and then it is one after another. */
static int plumb_all(struct network *network, struct err *err)
{
	struct buf rules CLEANUP(buf_done) = {0};
	char tap[FILTER_TAP_BYTES];
	int code = 0;

	for (size_t i = 0; i < network->count; i++)
		if (filter_tap_name(network->instance, network->servers[i].server_id, tap) == 0 &&
		    if_nametoindex(tap) != 0)
			filter_write_wire(&rules, network->instance, &network->servers[i]);
	const bool together = load(network, &rules, NULL) == 0;
	for (size_t i = 0; code == 0 && i < network->count; i++) {
		const struct host_network *server = &network->servers[i];
		if (!together)
			code = plumb_if_there(network, server, err);
		else if (filter_tap_name(network->instance, server->server_id, tap) == 0)
			code = plumb_tap(tap, server, err);
		if (code == -ENODEV)
			code = 0;
		if (code == 0)
			code = segments_plumb(network->instance, server, err);
	}
	return code;
}

static int sync_locked(struct network *network, const struct host_network *servers, size_t count,
		       struct err *err)
{
	struct host_network *copy = calloc(count > 0 ? count : 1, sizeof *copy);
	int code = copy != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; code == 0 && i < count; i++)
		code = copy_network(&servers[i], &copy[i]);
	if (code < 0)
		(void)err_set(err, code, "no memory");
	else
		code = load_table(network, servers, count, err);
	if (code < 0) {
		if (copy != NULL)
			free_servers(copy, count);
		return code;
	}
	free_servers(network->servers, network->count);
	network->servers = copy;
	network->count = count;
	network->is_told = true;
	remove_orphans(network);
	segments_clean(network->instance, network->servers, network->count);
	return plumb_all(network, err);
}

int network_sync(struct network *network, const struct host_network *servers, size_t count,
		 struct err *err)
{
	int code = 0;

	(void)pthread_mutex_lock(&network->lock);
	bool same = count == network->count && count > 0 && ruleset_has_table(network->instance);
	for (size_t i = 0; same && i < count; i++) {
		const struct host_network *known = find(network, servers[i].uuid);
		same = known != NULL && is_same(known, &servers[i]) &&
		       known->filter.version == servers[i].filter.version &&
		       host_filter_equal(&known->filter, &servers[i].filter) &&
		       host_rate_equal(&known->filter, &servers[i].filter);
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
		code = plumb(network, tap, known, err);
	(void)pthread_mutex_unlock(&network->lock);
	return code;
}

int network_prepare(struct network *network, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	int code = 0;

	(void)pthread_mutex_lock(&network->lock);
	const struct host_network *known = find(network, uuid);
	if (known != NULL)
		code = segments_plumb(network->instance, known, err);
	(void)pthread_mutex_unlock(&network->lock);
	return code;
}

/* --- traffic --- */

struct tally {
	const struct network *network;
	struct host_traffic *traffic; /* as the servers */
};

static void tally(void *context, uint64_t server_id, bool outwards, uint64_t bytes)
{
	const struct tally *tally = context;

	for (size_t i = 0; i < tally->network->count; i++)
		if (tally->network->servers[i].server_id == server_id)
			*(outwards ? &tally->traffic[i].out_bytes : &tally->traffic[i].in_bytes) =
				bytes;
}

static int traffic_locked(struct network *network, network_traffic_of *of, void *context,
			  struct err *err)
{
	AUTO_FREE struct host_traffic *traffic = calloc(network->count + 1, sizeof *traffic);
	struct tally all = {.network = network, .traffic = traffic};
	struct buf rules CLEANUP(buf_done) = {0};
	uint64_t epoch = 0;
	int code;

	if (traffic == NULL)
		return err_set(err, -ENOMEM, "no memory");
	code = traffic_read(network->instance, &epoch, tally, &all, err);
	if (code == ERR_NOT_FOUND) {
		/* Somebody has deleted it: what was counted is lost, what comes is not. */
		traffic_write_table(&rules, network->instance);
		for (size_t i = 0; i < network->count; i++)
			traffic_write_server(&rules, network->instance,
					     network->servers[i].server_id);
		if ((code = load(network, &rules, err)) == 0)
			code = traffic_read(network->instance, &epoch, tally, &all, err);
	}
	for (size_t i = 0; code == 0 && i < network->count; i++) {
		memcpy(traffic[i].uuid, network->servers[i].uuid, UUID_BYTES);
		traffic[i].epoch = epoch;
		of(context, &traffic[i]);
	}
	return code;
}

int network_traffic(struct network *network, network_traffic_of *of, void *context, struct err *err)
{
	(void)pthread_mutex_lock(&network->lock);
	int code = traffic_locked(network, of, context, err);
	(void)pthread_mutex_unlock(&network->lock);
	return code;
}

/* --- is it still so? --- */

/* In a generation that nobody ends meanwhile. */
static int take_digest(struct network *network, uint32_t generation, uint64_t *ret, struct err *err)
{
	uint32_t after = 0;
	int code = ruleset_digest(network->instance, ret, err);

	if (code == 0 && (code = ruleset_generation(&after)) == 0 && after != generation)
		code = -EAGAIN;
	return code;
}

static int repair(struct network *network, struct err *err)
{
	uint64_t digest = 0;
	uint32_t now = 0;
	int code = load_table(network, network->servers, network->count, err);

	if (code == 0)
		code = plumb_all(network, err);
	if (code < 0)
		return code;
	/* Right away: where others change theirs all the time, the next minute would not know. */
	if ((now = network->table.ours) != 0 && take_digest(network, now, &digest, NULL) == 0) {
		network->table.checked = now;
		network->table.digest = digest;
	}
	return 1;
}

/* Has the table to be looked at? *ret_now: the generation that it is in. */
static int wants_look(const struct network *network, uint32_t *ret_now, struct err *err)
{
	int code;

	if (!network->is_told)
		return 0;
	if ((code = ruleset_generation(ret_now)) < 0)
		return err_set(err, code, "cannot ask the kernel about its packet filter");
	return *ret_now != network->table.checked;
}

/* Nobody holds the lock for what takes seconds where there are many servers: a change of a filter
 * does not wait for it, but spoils it. Where that goes on, it has to wait after all. */
static int look_at_digest(struct network *network, uint32_t now, uint64_t *ret, struct err *err)
{
	const bool is_alone = network->table.spoilt >= SPOILT_MOST;
	uint32_t after = 0;
	int code;

	if (!is_alone)
		(void)pthread_mutex_unlock(&network->lock);
	code = take_digest(network, now, ret, err);
	if (!is_alone) {
		(void)pthread_mutex_lock(&network->lock);
		if (code == 0 && (ruleset_generation(&after) < 0 || after != now))
			code = -EAGAIN;
	}
	network->table.spoilt = code == -EAGAIN && !is_alone ? network->table.spoilt + 1 : 0;
	return code;
}

static int check_locked(struct network *network, struct err *err)
{
	uint32_t now = 0;
	uint64_t digest = 0;
	int code = wants_look(network, &now, err);

	if (code <= 0)
		return code;
	code = look_at_digest(network, now, &digest, err);
	if (code == -EAGAIN)
		return 0; /* the next minute is quieter */
	if (code == 0 && (now == network->table.ours ||
			  (network->table.checked != 0 && digest == network->table.digest))) {
		network->table.checked = now;
		network->table.digest = digest;
		return 0;
	}
	log_info("the packet filter is made anew: somebody else has changed it, or may have");
	return repair(network, err);
}

int network_check(struct network *network, struct err *err)
{
	(void)pthread_mutex_lock(&network->lock);
	int code = check_locked(network, err);
	const int mended =
		code < 0 ? 0
			 : segments_check(network->instance, network->servers, network->count, err);
	if (code >= 0 && mended != 0)
		code = mended;
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

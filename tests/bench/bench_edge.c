// The packet filter with many servers, in a network namespace of its own: loading it whole,
// changing one server's, noticing a stranger's change. Prints a table; judges nothing, unless it is
// told to: bench_edge [SERVERS | --check]. What it judges is the processor's time, which others on
// the machine do not change, and of the clock's ten times as much.
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"
#include "host/network/network.h"

#define SERVERS_DEFAULT 1000
#define RULES           20
#define CHANGED_RULES   100
#define CHANGES         10
#define LOAD_MS         10000
#define CHANGE_MS       200
#define SLOW_MACHINE    10
#define SKIPPED         77

static struct err err;

static void check(int code)
{
	if (code >= 0)
		return;
	(void)fprintf(stderr, "bench_edge: %s\n", err.text);
	exit(1);
}

static void fill(struct host_network *server, uint64_t id, size_t rules)
{
	struct host_filter *filter = &server->filter;

	host_network_done(server);
	*server = (struct host_network){
		.server_id = id,
		.mac = {2, 0, 0, 0, (uint8_t)(id >> 8), (uint8_t)id},
		.ipv4 = {4, 32, {10, (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id}},
		.ipv6 = {6,
			 64,
			 {0xfd, 1, 0, 0, 0, (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id}}};
	memcpy(server->uuid, &id, sizeof id);
	filter->connections_per_s = 300;
	filter->connections_burst = 600;
	filter->rules = calloc(rules, sizeof *filter->rules);
	filter->networks = calloc(rules * 2, sizeof *filter->networks);
	if (filter->rules == NULL || filter->networks == NULL)
		exit(1);
	for (size_t i = 0; i < rules; i++) {
		filter->networks[i * 2] = (struct ip){4, 24, {192, 0, (uint8_t)i}};
		filter->networks[i * 2 + 1] =
			(struct ip){6, 48, {0x20, 1, 0xd, 0xb8, 0, (uint8_t)i}};
		filter->rules[i] = (struct host_filter_rule){.firewall_id = id,
							     .number = (uint16_t)i,
							     .protocol = 6,
							     .port_first = (uint16_t)(1000 + i),
							     .port_last = (uint16_t)(1000 + i),
							     .first_network = (uint32_t)(i * 2),
							     .network_count = 2};
	}
	filter->rule_count = rules;
	filter->network_count = rules * 2;
}

static int64_t time_ms(const struct timeval *time)
{
	return (int64_t)time->tv_sec * 1000 + time->tv_usec / 1000;
}

/* Of the processor, by this process and nft's. */
static int64_t cpu_ms(void)
{
	struct rusage own, others;

	(void)getrusage(RUSAGE_SELF, &own);
	(void)getrusage(RUSAGE_CHILDREN, &others);
	return time_ms(&own.ru_utime) + time_ms(&own.ru_stime) + time_ms(&others.ru_utime) +
	       time_ms(&others.ru_stime);
}

static int64_t change(struct network *network, struct host_network *server, uint64_t version)
{
	struct host_filter_change wanted = {.filter = server->filter};
	const int64_t began_ms = clock_mono_ms();

	memcpy(wanted.uuid, server->uuid, sizeof wanted.uuid);
	wanted.filter.version = version;
	wanted.filter.rules[0].port_first = (uint16_t)version;
	wanted.filter.rules[0].port_last = (uint16_t)version;
	check(network_set_filter(network, &wanted, NULL, &err));
	return clock_mono_ms() - began_ms;
}

static void *look(void *network)
{
	struct err wrong = {0};

	(void)network_check(network, &wrong);
	return NULL;
}

/* While the minute's look at the whole table is under way. */
static int64_t change_meanwhile(struct network *network, struct host_network *server,
				uint64_t version)
{
	const struct timespec moment = {.tv_nsec = 100000000};
	pthread_t thread;

	if (pthread_create(&thread, NULL, look, network) != 0)
		exit(1);
	(void)nanosleep(&moment, NULL);
	const int64_t took_ms = change(network, server, version);
	(void)pthread_join(thread, NULL);
	return took_ms;
}

int main(int argc, char **argv)
{
	const struct config config = {.instance = "b", .egress = "routed"};
	uint64_t count = SERVERS_DEFAULT;
	struct network *network;
	int64_t worst_ms = 0;
	const bool judges = argc > 1 && strcmp(argv[1], "--check") == 0;

	if (argc > 1 && !judges && parse_u64(argv[1], 1, 100000, &count) < 0)
		return 2;
	if (unshare(CLONE_NEWNET) < 0) {
		(void)fprintf(stderr, "bench_edge: needs root\n");
		return judges ? SKIPPED : 1;
	}
	AUTO_FREE struct host_network *servers = calloc(count, sizeof *servers);
	if (servers == NULL)
		return 1;
	for (uint64_t i = 0; i < count; i++)
		fill(&servers[i], i + 1, RULES);
	check(network_new(&config, &network, &err));
	int64_t began_ms = clock_mono_ms(), began_cpu_ms = cpu_ms();
	check(network_sync(network, servers, count, &err));
	const int64_t load_ms = clock_mono_ms() - began_ms, load_cpu_ms = cpu_ms() - began_cpu_ms;
	(void)printf("  %-52s %6lld ms   (target 10000)\n", "load the whole table",
		     (long long)load_ms);
	(void)printf("  %-52s %6lld ms\n", "of the processor", (long long)load_cpu_ms);
	fill(&servers[0], 1, CHANGED_RULES);
	began_cpu_ms = cpu_ms();
	for (uint64_t i = 1; i <= CHANGES; i++) {
		const int64_t took_ms = change(network, &servers[0], i);
		if (took_ms > worst_ms)
			worst_ms = took_ms;
	}
	const int64_t change_cpu_ms = (cpu_ms() - began_cpu_ms) / CHANGES;
	(void)printf("  %-52s %6lld ms   (target 200)\n",
		     "change one server's 100 rules, the slowest of ten", (long long)worst_ms);
	(void)printf("  %-52s %6lld ms\n", "of the processor, each", (long long)change_cpu_ms);
	const int64_t meanwhile_ms = change_meanwhile(network, &servers[0], CHANGES + 1);
	(void)printf("  %-52s %6lld ms   (target 200)\n", "the same while it is looked at",
		     (long long)meanwhile_ms);
	began_ms = clock_mono_ms();
	check(network_check(network, &err));
	(void)printf("  %-52s %6lld ms\n", "look at it after a change, once",
		     (long long)(clock_mono_ms() - began_ms));
	began_ms = clock_mono_ms();
	check(network_check(network, &err));
	(void)printf("  %-52s %6lld ms\n", "look at it in any other minute",
		     (long long)(clock_mono_ms() - began_ms));
	network_free(network);
	for (uint64_t i = 0; i < count; i++)
		host_network_done(&servers[i]);
	if (judges && (load_cpu_ms > LOAD_MS || change_cpu_ms > CHANGE_MS ||
		       load_ms > SLOW_MACHINE * LOAD_MS || worst_ms > SLOW_MACHINE * CHANGE_MS ||
		       meanwhile_ms > SLOW_MACHINE * CHANGE_MS))
		return 1;
	return 0;
}

// The history with many lines: its size, what a line costs, a page, a check and pruning. Prints a
// table; judges nothing. bench_history [LINES]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"
#include "store/store.h"
#include "store/store_history.h"
#include "store/store_setting.h"

#define LINES_DEFAULT 1000000
#define BATCH         5000
#define CUSTOMERS     1000
#define SERVERS       20000
#define SAMPLES       40

static struct err err;

static void check(int r)
{
	if (r >= 0)
		return;
	(void)fprintf(stderr, "bench_history: %s\n", err.text);
	exit(1);
}

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double cpu_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct history_line line_of(unsigned number)
{
	static const char *const whats[] = {"server.poweron", "server.poweroff", "server.create",
					    "session.create", "ssh_key.create",  "token.create"};
	struct history_line line = {.customer_id = number % CUSTOMERS + 1,
				    .actor = number % 3 ? HISTORY_SESSION : HISTORY_TOKEN,
				    .actor_id = number % CUSTOMERS + 1,
				    .result = number % 50 ? HISTORY_SUCCESS : HISTORY_ERROR,
				    .peer = "2001:db8:1234:5678:9abc::1",
				    .resource_type = "server",
				    .resource_id = number % SERVERS + 1,
				    .action_id = number + 1,
				    .details = "{\"image\":\"debian-12\",\"server_type\":\"1g\"}"};

	(void)snprintf(line.what, sizeof(line.what), "%s", whats[number % ARRAY_SIZE(whats)]);
	(void)snprintf(line.actor_name, sizeof(line.actor_name), "person-%u", number % CUSTOMERS);
	(void)snprintf(line.resource_name, sizeof(line.resource_name), "server-%05u",
		       number % SERVERS);
	if (line.result == HISTORY_ERROR)
		(void)snprintf(line.error_code, sizeof(line.error_code), "hypervisor_error");
	return line;
}

static void fill(struct store *store, unsigned count)
{
	const double began = cpu_ms();

	for (unsigned i = 0; i < count;) {
		check(store_begin(store, &err));
		for (unsigned n = 0; n < BATCH && i < count; n++, i++) {
			struct history_line line = line_of(i);

			check(store_history_append(store, &line, &err));
		}
		check(store_commit(store, &err));
	}
	(void)printf("a line's own cost, CPU                %8.1f µs\n",
		     (cpu_ms() - began) * 1e3 / count);
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* A small change as a request makes it, with and without a line: each waits for the disk. */
static void measure_commits(struct store *store, bool with)
{
	double took[SAMPLES * 5], cpu = cpu_ms();
	const size_t count = ARRAY_SIZE(took);
	char value[24];

	for (size_t i = 0; i < count; i++) {
		const struct history_line line = line_of((unsigned)i);
		const double began = now_ms();

		(void)snprintf(value, sizeof(value), "%zu", i);
		if (with)
			store_history_note(store, &line);
		check(store_setting_set(store, "bench", value, &err));
		(void)store_history_take(store, NULL);
		took[i] = now_ms() - began;
	}
	cpu = (cpu_ms() - cpu) / (double)count;
	qsort(took, count, sizeof(*took), by_size);
	(void)printf("a change %-29s%8.2f ms  p95 %.2f ms  CPU %.3f ms\n",
		     with ? "with its line" : "without a line", took[count / 2],
		     took[count * 95 / 100], cpu);
}

static void measure(struct store *store, const char *name, struct store_history_filter filter)
{
	double took[SAMPLES];
	uint64_t total = 0;

	if (filter.page.entries == 0)
		filter.page = (struct page){1, 25};
	for (size_t i = 0; i < SAMPLES; i++) {
		struct store_history list = {0};
		const double began = now_ms();

		check(store_history_list(store, &filter, &list, &err));
		took[i] = now_ms() - began;
		total = list.total;
		store_history_done(&list);
	}
	qsort(took, SAMPLES, sizeof(*took), by_size);
	(void)printf("page: %-32s%8.2f ms  most %.2f ms  of %llu lines\n", name, took[SAMPLES / 2],
		     took[SAMPLES - 1], (unsigned long long)total);
}

static void measure_check(struct store *store)
{
	struct store_history_check whole = {0};
	const double began = now_ms(), cpu = cpu_ms();
	double longest = 0;

	while (!whole.done) {
		const double slice = now_ms();

		check(store_history_check(store, &whole, 1000, &err));
		if (now_ms() - slice > longest)
			longest = now_ms() - slice;
	}
	(void)printf("check of all lines                    %8.0f ms  CPU %.0f ms  longest slice "
		     "%.1f ms  problems %llu\n",
		     now_ms() - began, cpu_ms() - cpu, longest, (unsigned long long)whole.problems);
}

static void measure_prune(struct store *store)
{
	const int64_t later_ms = clock_now_ms() + 1000;
	double longest = 0;
	const double began = now_ms();

	for (int i = 0; i < 20; i++) {
		const double batch = now_ms();

		check(store_history_prune(store, later_ms, 100, &err));
		if (now_ms() - batch > longest)
			longest = now_ms() - batch;
	}
	(void)printf("pruning 100 lines                     %8.1f ms  most %.1f ms\n",
		     (now_ms() - began) / 20, longest);
}

int main(int argc, char **argv)
{
	char folder[] = "/var/tmp/ippo-history-XXXXXX", path[64], command[96];
	const struct store_defaults_options defaults = {.now_ms = 1};
	struct store *store = NULL;
	uint64_t count = LINES_DEFAULT;
	struct stat size;
	int64_t middle_ms;

	if (argc > 1 && parse_u64(argv[1], 1, 100000000, &count) < 0)
		return 2;
	if (mkdtemp(folder) == NULL)
		return 1;
	(void)snprintf(path, sizeof(path), "%s/ippo.db", folder);
	check(store_open(path, &store, &err));
	check(store_defaults(store, &defaults, &err));
	measure_commits(store, false);
	measure_commits(store, true);
	fill(store, (unsigned)count / 2);
	middle_ms = clock_now_ms();
	fill(store, (unsigned)(count - count / 2));
	store_close(store);
	check(store_open(path, &store, &err));
	if (stat(path, &size) == 0)
		(void)printf("%-38s%8.0f MiB, %.0f bytes a line\n", "size of the database",
			     (double)size.st_size / 1048576, (double)size.st_size / (double)count);
	measure(store, "the newest", (struct store_history_filter){0});
	measure(store, "in the middle",
		(struct store_history_filter){.page = {(uint32_t)(count / 50), 25}});
	measure(store, "one customer's",
		(struct store_history_filter){.of_customer = true, .customer_id = 7});
	measure(store, "one server's",
		(struct store_history_filter){.resource_type = "server", .resource_id = 77});
	measure(store, "one action's", (struct store_history_filter){.action_id = 777});
	measure(store, "one person's", (struct store_history_filter){.actor = "person-7"});
	measure(store, "one event of all", (struct store_history_filter){.what = "token.create"});
	measure(store, "a group of events", (struct store_history_filter){.what = "server"});
	measure(store, "errors", (struct store_history_filter){.result = HISTORY_ERROR});
	measure(store, "all that succeeded",
		(struct store_history_filter){.result = HISTORY_SUCCESS});
	measure(store, "before a time", (struct store_history_filter){.to_ms = middle_ms});
	measure(store, "one customer's before a time",
		(struct store_history_filter){
			.of_customer = true, .customer_id = 7, .to_ms = middle_ms});
	measure(store, "one customer's errors of an event",
		(struct store_history_filter){.of_customer = true,
					      .customer_id = 7,
					      .what = "session.create",
					      .result = HISTORY_ERROR});
	measure_check(store);
	measure_commits(store, false);
	measure_commits(store, true);
	measure_prune(store);
	store_close(store);
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) == 0 ? 0 : 1;
}

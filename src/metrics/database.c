/*
 * Theory of operation. Files are NN/ID.rrd, NN the id's last eight bits in hexadecimal, so that no
 * folder holds more than some hundreds. Counters are of librrd's kind DERIVE with a minimum of 0:
 * it keeps the last value in the file, so that nobody else has to remember it, and a counter that
 * has gone back (the guest was started anew) gives an unknown interval instead of a spike.
 */
#include "metrics/database.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <rrd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/parse.h"

#define PATH_BYTES   32
#define UPDATES      16 /* in one call of librrd */
#define UPDATE_BYTES (21 * (HOST_STATISTICS_COUNT + 1) + 8)
#define FOLDERS      256

/* Without a sample for so long, what was between is unknown: one may be missed, two may not. */
#define HEARTBEAT "180"
/* More a second than any machine does is unknown as well: 100 cores, 100 GB, 100 million. */
#define COUNTER(name, most) "DS:" name ":DERIVE:" HEARTBEAT ":0:" most
#define GAUGE(name)         "DS:" name ":GAUGE:" HEARTBEAT ":0:U"

/* As enum host_statistic. An archive's row counts when half of it is known. */
static const char *const definition[] = {
	COUNTER("cpu_ns", "100000000000"),
	GAUGE("memory"),
	COUNTER("read_bytes", "100000000000"),
	COUNTER("write_bytes", "100000000000"),
	COUNTER("read_ops", "100000000"),
	COUNTER("write_ops", "100000000"),
	GAUGE("disk_used"),
	COUNTER("in_bytes", "100000000000"),
	COUNTER("out_bytes", "100000000000"),
	COUNTER("in_packets", "100000000"),
	COUNTER("out_packets", "100000000"),
	"RRA:AVERAGE:0.5:1:1440",
	"RRA:AVERAGE:0.5:10:1008",
	"RRA:AVERAGE:0.5:60:744",
	"RRA:AVERAGE:0.5:1440:366",
};
_Static_assert(ARRAY_SIZE(definition) == HOST_STATISTICS_COUNT + METRICS_ARCHIVES,
	       "a source for each statistic, and the archives");

static void path_of(uint64_t server_id, char path[PATH_BYTES])
{
	(void)snprintf(path, PATH_BYTES, "%02x/%" PRIu64 ".rrd", (unsigned)(server_id % FOLDERS),
		       server_id);
}

static int failed(const char *what, const char *path, struct err *err)
{
	const char *why = rrd_get_error();
	int code = err_set(err, ERR_SERVER, "cannot %s %s: %s", what, path,
			   why != NULL ? why : "unknown");

	rrd_clear_error();
	return code;
}

static int create(const char *path, uint64_t first_s, struct err *err)
{
	const char folder[3] = {path[0], path[1], '\0'};

	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return err_set(err, -errno, "cannot make the folder %s: %s", folder,
			       strerror(errno));
	if (rrd_create_r(path, METRICS_STEP_S, (time_t)first_s - 1, ARRAY_SIZE(definition),
			 (const char **)(uintptr_t)definition) != 0)
		return failed("make", path, err);
	return 0;
}

static void format_sample(const struct metrics_record *sample, char text[UPDATE_BYTES])
{
	int at = snprintf(text, UPDATE_BYTES, "%" PRIu64 ".%03u", sample->time_ms / 1000,
			  (unsigned)(sample->time_ms % 1000));

	for (size_t i = 0; i < HOST_STATISTICS_COUNT; i++) {
		const size_t left = UPDATE_BYTES - (size_t)at;
		/* librrd takes what fits into an int64_t. */
		at += sample->values[i] > INT64_MAX
			      ? snprintf(text + at, left, ":U")
			      : snprintf(text + at, left, ":%" PRIu64, sample->values[i]);
	}
}

int database_update(uint64_t server_id, const struct metrics_record *samples, size_t count,
		    struct err *err)
{
	char texts[UPDATES][UPDATE_BYTES], path[PATH_BYTES];
	const char *arguments[UPDATES];
	int code;

	path_of(server_id, path);
	if (count > 0 && access(path, F_OK) < 0 &&
	    (code = create(path, samples[0].time_ms / 1000, err)) < 0)
		return code;
	for (size_t at = 0; at < count;) {
		size_t n = 0;
		for (; n < UPDATES && at < count; n++, at++) {
			format_sample(&samples[at], texts[n]);
			arguments[n] = texts[n];
		}
		if (rrd_updatex_r(path, NULL, RRD_SKIP_PAST_UPDATES, (int)n, arguments) != 0)
			return failed("write", path, err);
	}
	return 0;
}

int database_remove(uint64_t server_id, struct err *err)
{
	char path[PATH_BYTES];

	path_of(server_id, path);
	return unlink(path) < 0 && errno != ENOENT
		       ? err_set(err, -errno, "cannot remove %s: %s", path, strerror(errno))
		       : 0;
}

static void free_names(char **names, unsigned long count)
{
	for (unsigned long i = 0; names != NULL && i < count; i++)
		rrd_freemem(names[i]);
	rrd_freemem(names);
}

int database_fetch(const struct metrics_fetch *fetch, struct metrics_rows *ret, struct err *err)
{
	time_t start = (time_t)fetch->start_s, end = (time_t)fetch->end_s;
	unsigned long step = fetch->step_s, sources = 0, count;
	rrd_value_t *data = NULL;
	char **names = NULL, path[PATH_BYTES];
	double *values;

	path_of(fetch->server_id, path);
	*ret = (struct metrics_rows){.first_s = fetch->end_s, .step_s = fetch->step_s};
	if (access(path, F_OK) < 0)
		return 0;
	if (rrd_fetch_r(path, "AVERAGE", &start, &end, &step, &sources, &names, &data) != 0)
		return failed("read", path, err);
	count = end > start && step > 0 ? (unsigned long)(end - start) / step : 0;
	values = sources == HOST_STATISTICS_COUNT && count <= METRICS_MAX_ROWS
			 ? calloc(count + 1, HOST_STATISTICS_COUNT * sizeof *values)
			 : NULL;
	if (values != NULL && count > 0)
		memcpy(values, data, count * HOST_STATISTICS_COUNT * sizeof *values);
	free_names(names, sources);
	rrd_freemem(data);
	if (values == NULL)
		return err_set(err, ERR_CORRUPT, "%s has not the form it was made with", path);
	*ret = (struct metrics_rows){.first_s = (uint64_t)start + step,
				     .step_s = (uint32_t)step,
				     .count = (uint32_t)count,
				     .values = values};
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Also what librrd left half made. */
static bool is_kept(const char *folder, const char *name, const uint64_t *server_ids, size_t count)
{
	char path[PATH_BYTES], ours[PATH_BYTES], number[24];
	const char *end = strchr(name, '.');
	uint64_t id;

	if (end == NULL || (size_t)(end - name) >= sizeof number ||
	    (size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path)
		return false;
	(void)snprintf(number, sizeof number, "%.*s", (int)(end - name), name);
	if (parse_u64(number, 1, UINT64_MAX, &id) < 0)
		return false;
	path_of(id, ours);
	return strcmp(path, ours) == 0 && count > 0 &&
	       bsearch(&id, server_ids, count, sizeof id, by_id) != NULL;
}

int database_keep(const uint64_t *server_ids, size_t count, struct err *err)
{
	for (unsigned i = 0; i < FOLDERS; i++) {
		char folder[3];
		const struct dirent *entry;
		DIR *dir;
		int code = 0;

		(void)snprintf(folder, sizeof folder, "%02x", i);
		dir = opendir(folder);
		if (dir == NULL)
			continue;
		while ((entry = readdir(dir)) != NULL)
			if (entry->d_name[0] != '.' &&
			    !is_kept(folder, entry->d_name, server_ids, count) &&
			    unlinkat(dirfd(dir), entry->d_name, 0) < 0)
				code = err_set(err, -errno, "cannot remove %s/%s: %s", folder,
					       entry->d_name, strerror(errno));
		(void)closedir(dir);
		if (code < 0)
			return code;
	}
	return 0;
}

#include "core/metrics/series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define NS_PER_PERCENT 1e7 /* a second: 100 percent is one core */
#define TYPE_BYTES     16
#define UNEVEN         1e-9

/* As enum host_statistic. The names are those of the Hetzner Cloud API but for the types memory and
 * disk_use, which are ours. */
static const struct {
	const char *type;
	const char *name;
	double unit;
} series[] = {
	[HOST_CPU_NS] = {"cpu", "cpu", NS_PER_PERCENT},
	[HOST_MEMORY_BYTES] = {"memory", "memory.used", 1},
	[HOST_DISK_READ_BYTES] = {"disk", "disk.0.bandwidth.read", 1},
	[HOST_DISK_WRITE_BYTES] = {"disk", "disk.0.bandwidth.write", 1},
	[HOST_DISK_READ_OPS] = {"disk", "disk.0.iops.read", 1},
	[HOST_DISK_WRITE_OPS] = {"disk", "disk.0.iops.write", 1},
	[HOST_DISK_USED_BYTES] = {"disk_use", "disk.0.used", 1},
	[HOST_NET_IN_BYTES] = {"network", "network.0.bandwidth.in", 1},
	[HOST_NET_OUT_BYTES] = {"network", "network.0.bandwidth.out", 1},
	[HOST_NET_IN_PACKETS] = {"network", "network.0.pps.in", 1},
	[HOST_NET_OUT_PACKETS] = {"network", "network.0.pps.out", 1},
};
_Static_assert(ARRAY_SIZE(series) == HOST_STATISTICS_COUNT, "one for each");

static uint32_t bits_of(const char *type)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(series); i++)
		if (strcmp(series[i].type, type) == 0)
			bits |= UINT32_C(1) << i;
	return bits;
}

int series_parse(const char *text, uint32_t *types, struct err *err)
{
	uint32_t all = *types;

	for (const char *at = text;; at++) {
		const size_t len = strcspn(at, ",");
		char word[TYPE_BYTES] = "";
		if (len < sizeof word)
			(void)snprintf(word, sizeof word, "%.*s", (int)len, at);
		if (bits_of(word) == 0)
			return err_set(err, ERR_INVALID_INPUT,
				       "'%.*s' is none of cpu, disk, network, memory, disk_use",
				       (int)(len < 32 ? len : 32), at);
		all |= bits_of(word);
		at += len;
		if (*at == '\0')
			break;
	}
	*types = all;
	return 0;
}

static void add_point(json_t *values, uint64_t time_s, double value)
{
	char text[32];

	(void)snprintf(text, sizeof text, "%.10g", value);
	(void)json_array_append_new(values, json_pack("[I, s]", (json_int_t)time_s, text));
}

/* The end of the point that a row belongs to. */
static uint64_t point_of(uint64_t time_s, uint32_t step_s)
{
	return (time_s + step_s - 1) / step_s * step_s;
}

static json_t *one_series(size_t which, const struct window *window,
			  const struct metrics_rows *rows)
{
	const uint32_t step_s = window->step_s > rows->step_s ? window->step_s : rows->step_s;
	json_t *values = json_array();
	double sum = 0;
	unsigned known = 0;

	for (uint32_t i = 0; i < rows->count; i++) {
		const uint64_t time_s = rows->first_s + (uint64_t)i * rows->step_s;
		const double value = rows->values[(size_t)i * HOST_STATISTICS_COUNT + which];
		const uint64_t point_s = point_of(time_s, step_s);
		if (time_s > window->start_s && isfinite(value)) {
			sum += value;
			known++;
		}
		if (i + 1 < rows->count && point_of(time_s + rows->step_s, step_s) == point_s)
			continue;
		/* The last one may be of less than a whole step. */
		if (known > 0)
			add_point(values, point_s < window->end_s ? point_s : window->end_s,
				  sum / known / series[which].unit);
		sum = 0;
		known = 0;
	}
	return json_pack("{s:o}", "values", values);
}

json_t *series_json(uint32_t types, const struct window *window, const struct metrics_rows *rows)
{
	json_t *all = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(series); i++)
		if ((types >> i & 1) != 0)
			(void)json_object_set_new(all, series[i].name, one_series(i, window, rows));
	return all;
}

static const char *text_of(const json_t *values, size_t at)
{
	return json_string_value(json_array_get(json_array_get(values, at), 1));
}

void series_uneven(json_t *all, uint32_t step_s)
{
	const char *name;
	json_t *one;

	json_object_foreach(all, name, one)
	{
		json_t *values = json_object_get(one, "values");
		const size_t count = json_array_size(values);
		size_t same = 1;

		while (same < count && strcmp(text_of(values, same), text_of(values, 0)) == 0)
			same++;
		if (count == 0 || same < count)
			continue;
		json_t *last = json_array_get(values, count - 1);
		const double value = strtod(text_of(values, count - 1), NULL);
		char text[32];
		if (count == 1)
			(void)json_array_insert_new(
				values, 0,
				json_pack("[I, s]",
					  json_integer_value(json_array_get(last, 0)) -
						  (json_int_t)step_s,
					  text_of(values, 0)));
		(void)snprintf(text, sizeof text, "%.15g",
			       value + UNEVEN * (value > 1 ? value : 1));
		(void)json_array_set_new(last, 1, json_string(text));
	}
}

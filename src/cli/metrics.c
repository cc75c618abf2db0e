#include "cli/metrics.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/api.h"
#include "cli/print.h"

#define SPARK_COLUMNS 32
#define SPARK_BYTES   (SPARK_COLUMNS * 3 + 1)
#define ALL_TYPES     "cpu,memory,disk,disk_use,network"
#define DAY_S         86400

const struct option_rule metrics_options[] = {
	{"type", "TYPE", "cpu, memory, disk, disk_use or network (default: all)", true},
	{"last", "TIME", "1h, 1d, 1w, 1m or 1y (default 1h)", false},
	{NULL, NULL, NULL, false},
};

static const struct {
	const char *name;
	int64_t seconds;
} spans[] = {{"1h", 3600},
	     {"1d", DAY_S},
	     {"1w", INT64_C(7) * DAY_S},
	     {"1m", INT64_C(31) * DAY_S},
	     {"1y", INT64_C(366) * DAY_S}};

enum unit { PERCENT, BYTES, BYTES_A_SECOND, A_SECOND };

static enum unit unit_of(const char *series)
{
	if (strcmp(series, "cpu") == 0)
		return PERCENT;
	if (strstr(series, ".used") != NULL)
		return BYTES;
	return strstr(series, "bandwidth") != NULL ? BYTES_A_SECOND : A_SECOND;
}

static void format_value(double value, enum unit unit, char out[24])
{
	static const char *const prefixes[] = {"", "Ki", "Mi", "Gi", "Ti"};
	size_t at = 0;

	if (unit == PERCENT || unit == A_SECOND) {
		(void)snprintf(out, 24, unit == PERCENT ? "%.1f%%" : "%.1f/s", value);
		return;
	}
	for (; value >= 1024 && at + 1 < ARRAY_SIZE(prefixes); at++)
		value /= 1024;
	(void)snprintf(out, 24, "%.*f %sB%s", at > 0, value, prefixes[at],
		       unit == BYTES_A_SECOND ? "/s" : "");
}

static double value_at(const json_t *values, size_t i)
{
	const char *text = json_string_value(json_array_get(json_array_get(values, i), 1));

	return text != NULL ? strtod(text, NULL) : 0;
}

static double time_at(const json_t *values, size_t i)
{
	return json_number_value(json_array_get(json_array_get(values, i), 0));
}

/* From 0 to the greatest, over the whole time: what was not measured is a space. */
static void draw(const json_t *values, double start_s, double end_s, double most,
		 char out[SPARK_BYTES])
{
	static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	double sums[SPARK_COLUMNS] = {0};
	unsigned counts[SPARK_COLUMNS] = {0};
	size_t at = 0;

	for (size_t i = 0; i < json_array_size(values); i++) {
		const double part = (time_at(values, i) - start_s) / (end_s - start_s);
		const int column = (int)(part * SPARK_COLUMNS - 0.001);
		if (!(part >= 0 && part <= 1) || column < 0 || column >= SPARK_COLUMNS)
			continue;
		sums[column] += value_at(values, i);
		counts[column]++;
	}
	for (size_t i = 0; i < SPARK_COLUMNS; i++) {
		const double part =
			counts[i] > 0 && most > 0 ? sums[i] / counts[i] / most * 7.999 : 0;
		const char *block = counts[i] > 0 ? blocks[part > 7 ? 7 : (size_t)part] : " ";
		at += (size_t)snprintf(out + at, SPARK_BYTES - at, "%s", block);
	}
}

static void add_series(struct table *table, const char *name, const json_t *values, double start_s,
		       double end_s, bool draws)
{
	const size_t count = json_array_size(values);
	char last[24] = "", average[24] = "", most_text[24] = "", spark[SPARK_BYTES] = "";
	double sum = 0, most = 0;

	for (size_t i = 0; i < count; i++) {
		sum += value_at(values, i);
		most = value_at(values, i) > most ? value_at(values, i) : most;
	}
	if (count > 0) {
		format_value(value_at(values, count - 1), unit_of(name), last);
		format_value(sum / (double)count, unit_of(name), average);
		format_value(most, unit_of(name), most_text);
		if (draws)
			draw(values, start_s, end_s, most, spark);
	}
	table_row(table, name, last, average, most_text, spark);
}

static void print_table(const json_t *metrics, double start_s, double end_s)
{
	const bool draws = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	struct table *table =
		table_new(draws ? "SERIES LAST AVERAGE MOST COURSE" : "SERIES LAST AVERAGE MOST");
	const char *name;
	json_t *series;

	if (table == NULL)
		return;
	json_object_foreach(json_object_get(metrics, "time_series"), name, series)
		add_series(table, name, json_object_get(series, "values"), start_s, end_s, draws);
	table_print(table, "Nothing has been measured.");
}

/* Their commas and letters need no escape; what is none the service refuses by its name. */
static int write_query(const struct invocation *invocation, int64_t start_s, int64_t end_s,
		       int64_t server_id, struct buf *path)
{
	char start[CLOCK_TEXT_BYTES], end[CLOCK_TEXT_BYTES];
	const char *type;
	size_t at = 0;
	bool any = false;

	clock_format(start_s * 1000, start);
	clock_format(end_s * 1000, end);
	AUTO_FREE char *start_text = api_escape(start), *end_text = api_escape(end);
	(void)buf_printf(path, "/servers/%lld/metrics?start=%s&end=%s", (long long)server_id,
			 start_text, end_text);
	while ((type = option_next(invocation, "type", &at)) != NULL) {
		AUTO_FREE char *escaped = api_escape(type);
		(void)buf_printf(path, "&type=%s", escaped);
		any = true;
	}
	return any ? path->error : buf_puts(path, "&type=" ALL_TYPES);
}

int metrics_show(struct invocation *invocation)
{
	const char *last = option_text(invocation, "last");
	const int64_t end_s = clock_now_ms() / 1000;
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *server = NULL, *reply = NULL;
	size_t span = 0;
	int code;

	while (last != NULL && span < ARRAY_SIZE(spans) && strcmp(spans[span].name, last) != 0)
		span++;
	if (span == ARRAY_SIZE(spans)) {
		(void)fputs("ippo: --last is one of 1h, 1d, 1w, 1m, 1y\n", stderr);
		return EXIT_USAGE;
	}
	const int64_t start_s = end_s - spans[span].seconds;
	code = api_find(invocation->api, "servers", "servers", "server", invocation->positionals[0],
			&server, &err);
	if (code == 0)
		code = write_query(invocation, start_s, end_s, json_number(server, "id"), &path);
	if (code == 0)
		code = api_call(invocation->api, "GET", buf_str(&path), NULL, -1, &reply, &err);
	json_decref(server);
	if (code < 0)
		return print_failure(&err);
	if (invocation->json)
		print_json(json_object_get(reply, "metrics"));
	else
		print_table(json_object_get(reply, "metrics"), (double)start_s, (double)end_s);
	json_decref(reply);
	return EXIT_OK;
}

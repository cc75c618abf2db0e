#include "wire/metrics_message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define RECORD_MAGIC 0x31736d69U /* "ims1" */

const struct metrics_archive metrics_archives[METRICS_ARCHIVES] = {
	{60, 1440}, {600, 1008}, {3600, 744}, {86400, 366}};

void metrics_fetch_write(struct buf *out, const struct metrics_fetch *fetch)
{
	write_u64(out, fetch->server_id);
	write_u64(out, fetch->start_s);
	write_u64(out, fetch->end_s);
	write_u32(out, fetch->step_s);
}

int metrics_fetch_read(struct reader *in, struct metrics_fetch *ret)
{
	struct metrics_fetch fetch = {0};

	fetch.server_id = reader_u64(in);
	fetch.start_s = reader_u64(in);
	fetch.end_s = reader_u64(in);
	fetch.step_s = reader_u32(in);
	if (in->error != 0 || fetch.server_id == 0 || fetch.step_s == 0 ||
	    fetch.start_s >= fetch.end_s || fetch.end_s > INT64_MAX / 1000)
		return ERR_PROTOCOL;
	*ret = fetch;
	return 0;
}

void metrics_rows_write(struct buf *out, const struct metrics_rows *rows)
{
	write_u64(out, rows->first_s);
	write_u32(out, rows->step_s);
	write_u32(out, rows->count);
	for (size_t i = 0; i < (size_t)rows->count * HOST_STATISTICS_COUNT; i++) {
		uint64_t bits;
		memcpy(&bits, &rows->values[i], sizeof bits);
		write_u64(out, bits);
	}
}

int metrics_rows_read(struct reader *in, struct metrics_rows *ret)
{
	struct metrics_rows rows = {0};
	size_t cells;

	rows.first_s = reader_u64(in);
	rows.step_s = reader_u32(in);
	rows.count = reader_u32(in);
	if (in->error != 0 || rows.count > METRICS_MAX_ROWS || rows.step_s == 0)
		return ERR_PROTOCOL;
	cells = (size_t)rows.count * HOST_STATISTICS_COUNT;
	rows.values = calloc(cells + 1, sizeof *rows.values);
	if (rows.values == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < cells; i++) {
		const uint64_t bits = reader_u64(in);
		memcpy(&rows.values[i], &bits, sizeof bits);
	}
	if (in->error != 0) {
		metrics_rows_done(&rows);
		return ERR_PROTOCOL;
	}
	*ret = rows;
	return 0;
}

void metrics_rows_done(struct metrics_rows *rows)
{
	free(rows->values);
	rows->values = NULL;
}

void metrics_record_write(struct buf *out, const struct metrics_record *record)
{
	write_u32(out, RECORD_MAGIC);
	write_u32(out, (uint32_t)record->kind);
	write_u64(out, record->server_id);
	write_u64(out, record->time_ms);
	for (size_t i = 0; i < HOST_STATISTICS_COUNT; i++)
		write_u64(out, record->values[i]);
	write_u64(out, 0);
}

int metrics_record_read(struct reader *in, struct metrics_record *ret)
{
	struct metrics_record record = {0};
	const uint32_t magic = reader_u32(in), kind = reader_u32(in);

	record.server_id = reader_u64(in);
	record.time_ms = reader_u64(in);
	for (size_t i = 0; i < HOST_STATISTICS_COUNT; i++)
		record.values[i] = reader_u64(in);
	if (reader_u64(in) != 0 || in->error != 0 || magic != RECORD_MAGIC ||
	    record.server_id == 0 || (kind != METRICS_SAMPLE && kind != METRICS_FORGET) ||
	    record.time_ms > INT64_MAX)
		return ERR_PROTOCOL;
	record.kind = (enum metrics_record_kind)kind;
	*ret = record;
	return 0;
}

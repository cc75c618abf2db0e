// What core asks of ippo-metrics, and the journal of samples that both know.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "wire/host_message.h"

/* Each is answered by one METRICS_REPLY: i32 code, text error, then the answer. One after another:
 * ippo-metrics reads the next when the last is answered. It ends when core closes the channel. */
enum metrics_message_type {
	/* core → metrics */
	METRICS_APPLY = 0x500, /* u64 server id, 0: all; 1 fd: a journal. What a database has
				  already is passed over, so that it may be repeated */
	METRICS_FETCH = 0x501, /* struct metrics_fetch. Answer: struct metrics_rows */
	METRICS_KEEP = 0x502,  /* u64 count; 1 fd: a file of so many u64 server ids and nothing
				  else: databases of all others are removed */
	/* metrics → core */
	METRICS_REPLY = 0x580,
};

/* Of each server's database: 1 minute for a day, 10 for a week, an hour for a month (31 days), a
 * day for a year (366 days). */
struct metrics_archive {
	uint32_t step_s;
	uint32_t rows;
};
#define METRICS_ARCHIVES 4
extern const struct metrics_archive metrics_archives[METRICS_ARCHIVES];
#define METRICS_STEP_S 60

struct metrics_fetch {
	uint64_t server_id;
	uint64_t start_s; /* since 1970 */
	uint64_t end_s;
	uint32_t step_s; /* of one of the archives */
};

#define METRICS_MAX_ROWS 2048

/* Each row: a double for each of enum host_statistic, NaN: unknown. Counters as change a second.
 * A row's time is the end of what it is the average of. */
struct metrics_rows {
	uint64_t first_s; /* the first row's time */
	uint32_t step_s;
	uint32_t count;
	double *values; /* count × HOST_STATISTICS_COUNT; malloc'd */
};

/* The journal is a file of records of one size; a last one that is not whole is none. */
#define METRICS_RECORD_BYTES 120
enum metrics_record_kind { METRICS_SAMPLE = 1, METRICS_FORGET = 2 };

struct metrics_record {
	enum metrics_record_kind kind;
	uint64_t server_id;
	uint64_t time_ms;                       /* since 1970 */
	uint64_t values[HOST_STATISTICS_COUNT]; /* HOST_STATISTIC_UNKNOWN */
};

/* Encoders append to @out (check out->error); decoders return 0, ERR_PROTOCOL or -ENOMEM. */
void metrics_fetch_write(struct buf *out, const struct metrics_fetch *fetch);
int metrics_fetch_read(struct reader *in, struct metrics_fetch *ret);
void metrics_rows_write(struct buf *out, const struct metrics_rows *rows);
int metrics_rows_read(struct reader *in, struct metrics_rows *ret);
void metrics_rows_done(struct metrics_rows *rows);
void metrics_record_write(struct buf *out, const struct metrics_record *record);
int metrics_record_read(struct reader *in, struct metrics_record *ret);

#include "metrics/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "metrics/database.h"
#include "wire/metrics_message.h"

#define GROUP_MAX 256

struct place {
	uint64_t server_id;
	size_t at; /* the record's number */
};

static int by_server(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->server_id != y->server_id)
		return x->server_id < y->server_id ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static int read_record(const uint8_t *data, size_t at, struct metrics_record *ret)
{
	struct reader reader;

	reader_init(&reader, data + at * METRICS_RECORD_BYTES, METRICS_RECORD_BYTES);
	return metrics_record_read(&reader, ret);
}

/* One server's records, in the order they were written. */
static int apply_server(const uint8_t *data, const struct place *places, size_t count,
			struct err *err)
{
	struct metrics_record samples[GROUP_MAX];
	size_t gathered = 0;
	int code = 0;

	for (size_t i = 0; i < count && code == 0; i++) {
		if (read_record(data, places[i].at, &samples[gathered]) < 0)
			continue;
		const bool forget = samples[gathered].kind == METRICS_FORGET;
		gathered += !forget;
		/* What was measured of one that is forgotten need not be written first. */
		if (forget)
			gathered = 0;
		if (forget)
			code = database_remove(places->server_id, err);
		else if (gathered == GROUP_MAX) {
			code = database_update(places->server_id, samples, gathered, err);
			gathered = 0;
		}
	}
	if (code == 0 && gathered > 0)
		code = database_update(places->server_id, samples, gathered, err);
	return code;
}

static size_t gather(const uint8_t *data, size_t records, uint64_t server_id, struct place *ret)
{
	struct metrics_record record;
	size_t count = 0;

	for (size_t i = 0; i < records; i++)
		if (read_record(data, i, &record) == 0 &&
		    (server_id == 0 || record.server_id == server_id))
			ret[count++] = (struct place){record.server_id, i};
	return count;
}

static int apply(const uint8_t *data, size_t records, uint64_t server_id, struct err *err)
{
	AUTO_FREE struct place *places = calloc(records, sizeof *places);
	size_t count, next;
	int code = 0;

	if (places == NULL)
		return err_set(err, -ENOMEM, "no memory for a journal of %zu records", records);
	count = gather(data, records, server_id, places);
	if (count > 0)
		qsort(places, count, sizeof *places, by_server);
	for (size_t at = 0; at < count; at = next) {
		struct err why = {0};
		for (next = at + 1; next < count && places[next].server_id == places[at].server_id;)
			next++;
		int r = apply_server(data, &places[at], next - at, &why);
		if (r < 0)
			code = err_set(err, r, "%s", why.text);
	}
	return code;
}

int journal_apply(int fd, uint64_t server_id, struct err *err)
{
	struct stat found;
	void *data;
	int code;

	if (fstat(fd, &found) < 0)
		return err_set(err, -errno, "cannot read the journal: %s", strerror(errno));
	const size_t records = (size_t)found.st_size / METRICS_RECORD_BYTES;
	if (records == 0)
		return 0;
	data = mmap(NULL, records * METRICS_RECORD_BYTES, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return err_set(err, -errno, "cannot read the journal: %s", strerror(errno));
	code = apply(data, records, server_id, err);
	(void)munmap(data, records * METRICS_RECORD_BYTES);
	return code;
}

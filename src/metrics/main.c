/*
 * ippo-metrics: keeps measurements. It is the one process with librrd in it, whose libraries take 9
 * MiB, and so it lives only while there is something to write or to read: ippod starts it when core
 * asks, and it ends when core closes the channel, which is descriptor 3. It has the folder of the
 * databases and nothing else.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/config.h"
#include "base/isolate.h"
#include "base/log.h"
#include "metrics/database.h"
#include "metrics/journal.h"
#include "wire/channel.h"
#include "wire/metrics_message.h"
#include "wire/supervision_message.h"
#include "wire/visitor_program.h"

#define KEEP_MAX (UINT64_C(1) << 24)

static int start(const struct config *config, struct err *err)
{
	char dir[CONFIG_PATH_BYTES + 16];
	const struct isolate_path paths[] = {{dir, ISOLATE_WRITE}, {NULL, 0}};
	static const char *const calls[] = {
		"openat",    "access",    "faccessat", "faccessat2",  "unlink", "unlinkat",
		"fsync",     "fdatasync", "ftruncate", "fallocate",   "fchmod", "chmod",
		"rename",    "renameat",  "renameat2", "getdents64",  "mkdir",  "umask",
		"fadvise64", "msync",     "getcwd",    "sched_yield", NULL};
	int code;

	(void)snprintf(dir, sizeof dir, "%s/metrics", config->state_dir);
	if ((code = isolate_drop_user(config->metrics_user, err)) < 0 ||
	    (code = isolate_end_with_parent(err)) < 0 || (code = isolate_no_new_powers(err)) < 0)
		return code;
	if (chdir(dir) < 0)
		return err_set(err, -errno, "cannot enter %s: %s", dir, strerror(errno));
	(void)umask(077);
	code = isolate_files(paths, err);
	if (code == -ENOSYS)
		log_warning("%s: files are closed by owner alone", err->text);
	else if (code < 0)
		return code;
	return isolate_syscalls(calls, err);
}

static int run_apply(struct reader *in, int fd, struct err *err)
{
	const uint64_t server_id = reader_u64(in);

	if (reader_done(in) < 0 || fd < 0)
		return ERR_PROTOCOL;
	return journal_apply(fd, server_id, err);
}

static int run_fetch(struct reader *in, struct buf *answer, struct err *err)
{
	struct metrics_rows rows CLEANUP(metrics_rows_done) = {0};
	struct metrics_fetch fetch;
	int code;

	if (metrics_fetch_read(in, &fetch) < 0 || reader_done(in) < 0)
		return ERR_PROTOCOL;
	code = database_fetch(&fetch, &rows, err);
	if (code == 0)
		metrics_rows_write(answer, &rows);
	return code;
}

static int by_id(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* A part of the list would be worse than none. */
static int run_keep(struct reader *in, int fd, struct err *err)
{
	const uint64_t count = reader_u64(in);
	struct stat found;
	uint8_t *data;
	int code = 0;

	if (reader_done(in) < 0 || fd < 0 || fstat(fd, &found) < 0 || count > KEEP_MAX ||
	    (uint64_t)found.st_size != count * sizeof(uint64_t))
		return ERR_PROTOCOL;
	AUTO_FREE uint64_t *ids = calloc((size_t)count + 1, sizeof *ids);
	if (ids == NULL)
		return -ENOMEM;
	if (count > 0) {
		data = mmap(NULL, (size_t)found.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (data == MAP_FAILED)
			return err_set(err, -errno, "cannot read the list: %s", strerror(errno));
		struct reader list;
		reader_init(&list, data, (size_t)found.st_size);
		for (size_t i = 0; i < count; i++)
			ids[i] = reader_u64(&list);
		code = reader_done(&list);
		(void)munmap(data, (size_t)found.st_size);
		qsort(ids, (size_t)count, sizeof *ids, by_id);
	}
	return code < 0 ? code : database_keep(ids, (size_t)count, err);
}

static int answer_one(uint64_t id, int code, const struct err *why, const struct buf *answer,
		      struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};

	write_i32(&body, code);
	write_text(&body, code == 0 ? "" : *why->text != '\0' ? why->text : err_name(code));
	if (code == 0)
		write_bytes(&body, answer->data, answer->len);
	if (body.error != 0)
		return err_set(err, body.error, "no memory");
	return channel_send_fd(SUPERVISION_FD, METRICS_REPLY, id, body.data, body.len, NULL, 0,
			       err);
}

/* One message. 1: core has gone; negative: it is broken. */
static int serve_one(const struct config *config, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0}, answer CLEANUP(buf_done) = {0};
	AUTO_CLOSE int fd = -1;
	struct err why = {0};
	struct reader in;
	uint16_t type;
	uint8_t flags;
	uint64_t id;
	int code;

	if (channel_receive_one(SUPERVISION_FD, &type, &flags, &id, &body, &fd, err) < 0)
		return 1;
	reader_init(&in, body.data, body.len);
	switch ((enum metrics_message_type)type) {
	case METRICS_APPLY:
		code = run_apply(&in, fd, &why);
		break;
	case METRICS_FETCH:
		code = run_fetch(&in, &answer, &why);
		break;
	case METRICS_KEEP:
		code = run_keep(&in, fd, &why);
		break;
	case METRICS_REPLY:
	default:
		code = ERR_PROTOCOL;
	}
	if (code == ERR_PROTOCOL)
		return err_set(err, code, "core asked something that is no request");
	return answer_one(id, code, &why, &answer, err);
}

int main(int argc, char **argv)
{
	static const struct visitor_program program = {"ippo-metrics", start, serve_one};

	return visitor_program_run(&program, argc, argv);
}

#include "host/image_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/secret.h"
#include "host/process.h"
#include "host/seed_disc.h"

/* What must stay free, so that running guests can still write. */
#define RESERVE_BYTES           ((uint64_t)256 * 1024 * 1024)
#define COPY_CHUNK_BYTES        ((size_t)1024 * 1024)
#define IMAGE_MAX_VIRTUAL_BYTES ((uint64_t)2 * 1024 * 1024 * 1024 * 1024)
#define FETCH_TIMEOUT_S         3600
#define QEMU_IMG_TIMEOUT_S      1800
#define COPY_TIMEOUT_S          (4 * 3600)

static void image_path(const struct image_store *store, uint64_t id, const char *suffix,
		       char out[IMAGE_STORE_PATH_BYTES])
{
	(void)snprintf(out, IMAGE_STORE_PATH_BYTES, "%s/images/%llu.%s", store->dir,
		       (unsigned long long)id, suffix);
}

void image_store_image_path(const struct image_store *store, uint64_t image_id,
			    char out[IMAGE_STORE_PATH_BYTES])
{
	image_path(store, image_id, "qcow2", out);
}

void image_store_volume_path(const struct image_store *store, const uint8_t uuid[UUID_BYTES],
			     uint32_t generation, char out[IMAGE_STORE_PATH_BYTES])
{
	char text[UUID_TEXT_BYTES];

	format_uuid(uuid, text);
	(void)snprintf(out, IMAGE_STORE_PATH_BYTES, "%s/volumes/%s.%u.qcow2", store->dir, text,
		       generation);
}

void image_store_seed_path(const struct image_store *store, const uint8_t uuid[UUID_BYTES],
			   char out[IMAGE_STORE_PATH_BYTES])
{
	char text[UUID_TEXT_BYTES];

	format_uuid(uuid, text);
	(void)snprintf(out, IMAGE_STORE_PATH_BYTES, "%s/seeds/%s.iso", store->dir, text);
}

/* Calls @each for every file of a folder. */
static int walk(const struct image_store *store, const char *folder,
		void (*each)(const struct image_store *store, const char *folder, const char *name,
			     driver_item *item, void *context),
		driver_item *item, void *context, struct err *err)
{
	char path[IMAGE_STORE_PATH_BYTES];
	const struct dirent *entry;
	DIR *dir;

	(void)snprintf(path, sizeof path, "%s/%s", store->dir, folder);
	dir = opendir(path);
	if (dir == NULL)
		return err_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			each(store, folder, entry->d_name, item, context);
	(void)closedir(dir);
	return 0;
}

static void remove_unfinished(const struct image_store *store, const char *folder, const char *name,
			      driver_item *item, void *context)
{
	char path[IMAGE_STORE_PATH_BYTES];
	const char *dot = strrchr(name, '.');

	if (dot == NULL || (strcmp(dot, ".part") != 0 && strcmp(dot, ".new") != 0))
		return;
	(void)snprintf(path, sizeof path, "%s/%s/%.90s", store->dir, folder, name);
	(void)unlink(path);
}

int image_store_init(struct image_store *store, const char *dir, struct err *err)
{
	static const char *const folders[] = {"images", "volumes", "seeds"};
	char path[IMAGE_STORE_PATH_BYTES];

	(void)snprintf(store->dir, sizeof store->dir, "%s", dir);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, folders[i]);
		int code = fd_make_dirs(path, 0711);
		if (code == 0)
			code = walk(store, folders[i], remove_unfinished, NULL, NULL, err);
		if (code < 0)
			return err_wrap(err, code, "cannot use %s", path);
	}
	return 0;
}

int image_store_space(const struct image_store *store, uint64_t *ret_bytes,
		      uint64_t *ret_free_bytes)
{
	struct statvfs space;

	if (statvfs(store->dir, &space) < 0)
		return -errno;
	*ret_bytes = (uint64_t)space.f_blocks * space.f_frsize;
	*ret_free_bytes = (uint64_t)space.f_bavail * space.f_frsize;
	return 0;
}

static int check_space(const struct image_store *store, uint64_t need_bytes, struct err *err)
{
	uint64_t bytes, free_bytes;

	if (image_store_space(store, &bytes, &free_bytes) == 0 &&
	    free_bytes < need_bytes + RESERVE_BYTES)
		return err_set(err, ERR_DISK_FULL,
			       "the disk of this host is full: %llu MiB free, %llu needed",
			       (unsigned long long)(free_bytes >> 20),
			       (unsigned long long)((need_bytes + RESERVE_BYTES) >> 20));
	return 0;
}

/* --- import --- */

/* Copy @from to @to while hashing. The source may be a pipe or a file at any offset. */
static int copy_and_hash(int from, int to, uint64_t expected_bytes, driver_progress *progress,
			 void *context, uint8_t hash[HOST_CHECKSUM_BYTES], struct err *err)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	AUTO_FREE char *chunk = malloc(COPY_CHUNK_BYTES);
	uint64_t done = 0;
	ssize_t got = 0;
	int code = digest == NULL || chunk == NULL ||
				   EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1
			   ? -ENOMEM
			   : 0;

	while (code == 0 && (got = read(from, chunk, COPY_CHUNK_BYTES)) != 0) {
		if (got < 0) {
			code = errno == EINTR ? 0 : -errno;
			continue;
		}
		(void)EVP_DigestUpdate(digest, chunk, (size_t)got);
		code = fd_write_all(to, chunk, (size_t)got);
		done += (uint64_t)got;
		if (progress != NULL && expected_bytes > 0)
			progress(context, (unsigned)(done * 60 / expected_bytes));
	}
	if (code == 0)
		(void)EVP_DigestFinal_ex(digest, hash, NULL);
	EVP_MD_CTX_free(digest);
	if (code == -ENOSPC)
		return err_set(err, ERR_DISK_FULL, "the disk of this host is full");
	return code < 0 ? err_set(err, code, "cannot copy the image: %s", strerror(-code)) : 0;
}

static int fetch(const char *url, int to, struct err *err)
{
	const char *const arguments[] = {"curl",        "--fail",
					 "--silent",    "--show-error",
					 "--location",  "--max-redirs",
					 "5",           "--proto",
					 "=https,http", "--proto-redir",
					 "=https",      "--connect-timeout",
					 "20",          "--",
					 url,           NULL};
	const struct process process = {.arguments = arguments,
					.stdin_fd = -1,
					.stdout_fd = to,
					.unprivileged = true,
					.timeout_s = FETCH_TIMEOUT_S};
	int code = process_run(&process, NULL, err);

	return code == ERR_SERVER ? err_wrap(err, ERR_FETCH, "cannot fetch the image") : code;
}

/* What qemu-img says of a file, looked at by nobody through a descriptor. */
static int inspect(int fd, char format[16], uint64_t *ret_virtual_bytes, struct err *err)
{
	static const char *const arguments[] = {"qemu-img", "info", "--output=json",
						"/proc/self/fd/0", NULL};
	const struct process process = {.arguments = arguments,
					.stdin_fd = fd,
					.stdout_fd = -1,
					.unprivileged = true,
					.timeout_s = QEMU_IMG_TIMEOUT_S};
	struct buf output CLEANUP(buf_done) = {0};
	int code = process_run(&process, &output, err);

	if (code < 0)
		return err_wrap(err, code == ERR_SERVER ? ERR_INVALID_INPUT : code,
				"this is no disk image");
	json_t *info = json_loadb(buf_str(&output), output.len, 0, NULL);
	const char *name = json_string_value(json_object_get(info, "format"));
	const json_int_t size = json_integer_value(json_object_get(info, "virtual-size"));
	const json_t *specific = json_object_get(json_object_get(info, "format-specific"), "data");
	const bool refers = json_object_get(info, "backing-filename") != NULL ||
			    json_object_get(specific, "data-file") != NULL ||
			    json_object_get(info, "encrypted") != NULL;
	if (name == NULL || (strcmp(name, "qcow2") != 0 && strcmp(name, "raw") != 0))
		code = err_set(err, ERR_INVALID_INPUT, "the image is %s; qcow2 and raw are taken",
			       name != NULL ? name : "unreadable");
	else if (refers)
		code = err_set(err, ERR_INVALID_INPUT,
			       "the image refers to other files or is encrypted");
	else if (size <= 0 || (uint64_t)size > IMAGE_MAX_VIRTUAL_BYTES)
		code = err_set(err, ERR_INVALID_INPUT, "the image has an impossible size");
	if (code == 0) {
		(void)snprintf(format, 16, "%s", name);
		*ret_virtual_bytes = (uint64_t)size;
	}
	json_decref(info);
	return code;
}

/* A fresh qcow2 of our own making, so that nothing of the source's metadata is ever opened with
 * power. */
static int convert(const char *format, int from, const char *to, struct err *err)
{
	const char *const arguments[] = {
		"qemu-img",        "convert",         "-f", format, "-O", "qcow2",
		"/proc/self/fd/0", "/proc/self/fd/1", NULL};
	AUTO_CLOSE int to_fd = open(to, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	const struct process process = {.arguments = arguments,
					.stdin_fd = from,
					.stdout_fd = to_fd,
					.unprivileged = true,
					.timeout_s = QEMU_IMG_TIMEOUT_S};

	/* The child opens both again by their descriptors, so for that long they are its own. */
	if (to_fd < 0 || fchown(from, PROCESS_NOBODY, PROCESS_NOBODY) < 0 ||
	    fchown(to_fd, PROCESS_NOBODY, PROCESS_NOBODY) < 0)
		return err_set(err, -errno, "cannot write %s: %s", to, strerror(errno));
	int code = process_run(&process, NULL, err);
	if (code == 0 && (fchown(to_fd, 0, 0) < 0 || fchmod(to_fd, 0644) < 0))
		code = err_set(err, -errno, "cannot write %s: %s", to, strerror(errno));
	if (code == 0 && fsync(to_fd) < 0)
		code = err_set(err, -errno, "cannot write %s: %s", to, strerror(errno));
	return code;
}

static int write_facts(const struct image_store *store, uint64_t id,
		       const struct host_image_facts *facts, struct err *err)
{
	char path[IMAGE_STORE_PATH_BYTES];
	struct buf bytes CLEANUP(buf_done) = {0};

	host_image_facts_write(&bytes, facts);
	image_path(store, id, "facts", path);
	int code = bytes.error != 0 ? bytes.error
				    : fd_write_file(AT_FDCWD, path, bytes.data, bytes.len, 0644);
	return code < 0 ? err_set(err, code, "cannot write %s: %s", path, strerror(-code)) : 0;
}

static int import_into(const struct image_store *store, const struct host_image_import *import,
		       int fd, const char *part, const char *new_path, driver_progress *progress,
		       void *context, struct host_image_facts *ret, struct err *err)
{
	AUTO_CLOSE int copy = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct host_image_facts facts = {0};
	char format[16], path[IMAGE_STORE_PATH_BYTES];
	struct stat stat = {0};
	int code;

	if (copy < 0)
		return err_set(err, -errno, "cannot write %s: %s", part, strerror(errno));
	if (import->source == HOST_IMAGE_FROM_FD) {
		if (fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode) || lseek(fd, 0, SEEK_SET) < 0)
			return err_set(err, ERR_INVALID_INPUT, "the image must be a file");
		if ((code = check_space(store, 2 * (uint64_t)stat.st_size, err)) < 0 ||
		    (code = copy_and_hash(fd, copy, (uint64_t)stat.st_size, progress, context,
					  facts.checksum, err)) < 0)
			return code;
	} else {
		/* Fetched first, hashed from the disk: what is checked is what is used. */
		AUTO_CLOSE int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
		if ((code = check_space(store, 0, err)) < 0 ||
		    (code = fetch(import->url, copy, err)) < 0)
			return code;
		(void)lseek(copy, 0, SEEK_SET);
		if ((code = copy_and_hash(copy, nothing, 0, NULL, NULL, facts.checksum, err)) < 0)
			return code;
	}
	if (import->has_checksum &&
	    !secret_equal(facts.checksum, import->checksum, sizeof facts.checksum)) {
		char is[2 * HOST_CHECKSUM_BYTES + 1];
		format_hex(facts.checksum, sizeof facts.checksum, is);
		return err_set(err, ERR_CHECKSUM,
			       "the image's SHA-256 is %s, which is not what was given", is);
	}
	(void)lseek(copy, 0, SEEK_SET);
	(void)fchmod(copy, 0644);
	if ((code = inspect(copy, format, &facts.virtual_bytes, err)) < 0)
		return code;
	(void)lseek(copy, 0, SEEK_SET);
	if (progress != NULL)
		progress(context, 70);
	if ((code = convert(format, copy, new_path, err)) < 0)
		return code;
	if (fstatat(AT_FDCWD, new_path, &stat, 0) == 0)
		facts.file_bytes = (uint64_t)stat.st_blocks * 512;
	if ((code = write_facts(store, import->image_id, &facts, err)) < 0)
		return code;
	image_path(store, import->image_id, "qcow2", path);
	if (rename(new_path, path) < 0)
		return err_set(err, -errno, "cannot put the image in place: %s", strerror(errno));
	*ret = facts;
	return 0;
}

int image_store_import(const struct image_store *store, const struct host_image_import *import,
		       int fd, driver_progress *progress, void *context,
		       struct host_image_facts *ret, struct err *err)
{
	char part[IMAGE_STORE_PATH_BYTES], new_path[IMAGE_STORE_PATH_BYTES];

	/* Done before a crash: the answer is the same. */
	if (image_store_facts(store, import->image_id, ret, NULL) == 0)
		return 0;
	image_path(store, import->image_id, "part", part);
	image_path(store, import->image_id, "new", new_path);
	int code = import_into(store, import, fd, part, new_path, progress, context, ret, err);
	(void)unlink(part);
	if (code < 0)
		(void)unlink(new_path);
	return code;
}

/* --- of a server's disk --- */

/* What a file takes of the disk; 0 without it. */
static uint64_t bytes_of(const char *path)
{
	struct stat stat;

	return fstatat(AT_FDCWD, path, &stat, 0) == 0 ? (uint64_t)stat.st_blocks * 512 : 0;
}

/* What an image of the volume will take at most: it and what it stands on. */
static uint64_t bytes_to_take(const struct image_store *store, const struct host_image_disk *disk)
{
	char volume[IMAGE_STORE_PATH_BYTES], base[IMAGE_STORE_PATH_BYTES];

	image_store_volume_path(store, disk->uuid, disk->generation, volume);
	image_path(store, disk->base_id, "qcow2", base);
	return bytes_of(volume) + (disk->base_id != 0 ? bytes_of(base) : 0);
}

int image_store_check_room(const struct image_store *store, struct err *err)
{
	uint64_t bytes, free_bytes;

	if (image_store_space(store, &bytes, &free_bytes) == 0 && free_bytes < RESERVE_BYTES)
		return err_set(err, ERR_DISK_FULL, "the disk of this host became full");
	return 0;
}

int image_store_take_begin(const struct image_store *store, const struct host_image_disk *disk,
			   bool running, char out[IMAGE_STORE_PATH_BYTES],
			   struct host_image_facts *ret, struct err *err)
{
	char volume[IMAGE_STORE_PATH_BYTES];
	const uint64_t bytes = bytes_to_take(store, disk);
	int code;

	/* Done before a crash: the answer is the same. */
	if (image_store_facts(store, disk->image_id, ret, NULL) == 0)
		return 1;
	image_store_volume_path(store, disk->uuid, disk->generation, volume);
	if (access(volume, F_OK) < 0)
		return err_set(err, ERR_NOT_FOUND, "the server's disk is not on this host");
	image_store_take_undo(store, disk->image_id);
	image_path(store, disk->image_id, "part", out);
	code = check_space(store, running ? 2 * bytes : bytes, err);
	return code;
}

void image_store_take_undo(const struct image_store *store, uint64_t image_id)
{
	static const char *const suffixes[] = {"part", "new"};
	char path[IMAGE_STORE_PATH_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		image_path(store, image_id, suffixes[i], path);
		(void)unlink(path);
	}
}

struct copying {
	const struct image_store *store;
	int to_fd;
	uint64_t bytes; /* that are expected */
	unsigned from_percent;
	driver_progress *progress;
	void *context;
};

static int on_copying(void *context)
{
	const struct copying *copying = context;
	struct stat stat;

	if (copying->bytes > 0 && fstat(copying->to_fd, &stat) == 0) {
		const uint64_t done = (uint64_t)stat.st_blocks * 512;
		const uint64_t share = done < copying->bytes ? done : copying->bytes;
		copying->progress(copying->context,
				  copying->from_percent + (unsigned)((99 - copying->from_percent) *
								     share / copying->bytes));
	}
	return image_store_check_room(copying->store, NULL);
}

/* The volume's header names what it stands on, but is not believed. */
static json_t *source_of(const struct image_store *store, uint64_t base_id)
{
	char base[IMAGE_STORE_PATH_BYTES];
	json_t *below = json_null();

	image_path(store, base_id, "qcow2", base);
	if (base_id != 0)
		below = json_pack("{s:s, s:{s:s, s:s}, s:n}", "driver", "qcow2", "file", "driver",
				  "file", "filename", base, "backing");
	return json_pack("{s:s, s:{s:s, s:s}, s:o}", "driver", "qcow2", "file", "driver", "file",
			 "filename", "/proc/self/fd/0", "backing", below);
}

static int copy_as_nobody(const struct copying *copying, int from_fd, uint64_t base_id,
			  struct err *err)
{
	json_t *source = source_of(copying->store, base_id);
	AUTO_FREE char *json = source != NULL ? json_dumps(source, JSON_COMPACT) : NULL;
	char text[2 * IMAGE_STORE_PATH_BYTES];

	json_decref(source);
	(void)snprintf(text, sizeof text, "json:%s", json != NULL ? json : "");
	const char *const arguments[] = {"qemu-img", "convert",         "-O", "qcow2",
					 text,       "/proc/self/fd/1", NULL};
	const struct process process = {.arguments = arguments,
					.stdin_fd = from_fd,
					.stdout_fd = copying->to_fd,
					.unprivileged = true,
					.tick = on_copying,
					.tick_context = (void *)(uintptr_t)copying,
					.timeout_s = COPY_TIMEOUT_S};
	const int code = process_run(&process, NULL, err);

	return code == ERR_DISK_FULL
		       ? err_set(err, code, "the disk of this host became full while it was copied")
		       : code;
}

/* The child opens both again by their descriptors, so for that long they are its own. */
static int copy_disk(struct copying *copying, const char *from, uint64_t base_id, const char *to,
		     uint64_t *ret_virtual_bytes, struct err *err)
{
	AUTO_CLOSE int from_fd = open(from, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	AUTO_CLOSE int to_fd = open(to, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct stat was;
	char format[16];
	int code;

	if (from_fd < 0 || to_fd < 0 || fstat(from_fd, &was) < 0 ||
	    fchown(from_fd, PROCESS_NOBODY, PROCESS_NOBODY) < 0 ||
	    fchown(to_fd, PROCESS_NOBODY, PROCESS_NOBODY) < 0)
		return err_set(err, -errno, "cannot copy the disk: %s", strerror(errno));
	copying->to_fd = to_fd;
	code = copy_as_nobody(copying, from_fd, base_id, err);
	/* Left so by a crash, it is ours again. */
	if (was.st_uid == PROCESS_NOBODY)
		was.st_uid = was.st_gid = 0;
	if (fchown(from_fd, was.st_uid, was.st_gid) < 0 && code == 0)
		code = err_set(err, -errno, "cannot give the disk back: %s", strerror(errno));
	if (code == 0)
		code = inspect(to_fd, format, ret_virtual_bytes, err);
	if (code == 0 && (fchown(to_fd, 0, 0) < 0 || fsync(to_fd) < 0))
		code = err_set(err, -errno, "cannot write %s: %s", to, strerror(errno));
	return code;
}

int image_store_take_end(const struct image_store *store, const struct host_image_disk *disk,
			 bool running, driver_progress *progress, void *context,
			 struct host_image_facts *ret, struct err *err)
{
	char from[IMAGE_STORE_PATH_BYTES], to[IMAGE_STORE_PATH_BYTES], path[IMAGE_STORE_PATH_BYTES];
	struct host_image_facts facts = {0};
	struct copying copying = {.store = store,
				  .bytes = bytes_to_take(store, disk),
				  .from_percent = running ? IMAGE_STORE_PUSH_PERCENT : 0,
				  .progress = progress,
				  .context = context};
	int code;

	image_path(store, disk->image_id, "part", from);
	if (!running)
		image_store_volume_path(store, disk->uuid, disk->generation, from);
	image_path(store, disk->image_id, "new", to);
	image_path(store, disk->image_id, "qcow2", path);
	code = copy_disk(&copying, from, running ? 0 : disk->base_id, to, &facts.virtual_bytes,
			 err);
	facts.file_bytes = bytes_of(to);
	if (code == 0)
		code = write_facts(store, disk->image_id, &facts, err);
	if (code == 0 && rename(to, path) < 0)
		code = err_set(err, -errno, "cannot put the image in place: %s", strerror(errno));
	image_store_take_undo(store, disk->image_id);
	if (code == 0)
		*ret = facts;
	return code;
}

int image_store_delete(const struct image_store *store, uint64_t image_id, struct err *err)
{
	static const char *const suffixes[] = {"facts", "qcow2"};
	char path[IMAGE_STORE_PATH_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		image_path(store, image_id, suffixes[i], path);
		if (unlink(path) < 0 && errno != ENOENT)
			return err_set(err, -errno, "cannot remove %s: %s", path, strerror(errno));
	}
	return 0;
}

int image_store_facts(const struct image_store *store, uint64_t image_id,
		      struct host_image_facts *ret, struct err *err)
{
	char path[IMAGE_STORE_PATH_BYTES];
	struct buf bytes CLEANUP(buf_done) = {0};
	struct reader reader;

	image_path(store, image_id, "qcow2", path);
	if (access(path, R_OK) == 0) {
		image_path(store, image_id, "facts", path);
		if (fd_read_file(AT_FDCWD, path, 4096, &bytes) == 0) {
			reader_init(&reader, bytes.data, bytes.len);
			if (host_image_facts_read(&reader, ret) == 0)
				return 0;
		}
	}
	return err_set(err, ERR_IMAGE_MISSING, "image %llu is not on this host; import it again",
		       (unsigned long long)image_id);
}

/* --- volumes --- */

static int run_tool(const char *const *arguments, struct err *err)
{
	const struct process process = {.arguments = arguments,
					.stdin_fd = -1,
					.stdout_fd = -1,
					.timeout_s = QEMU_IMG_TIMEOUT_S};

	return process_run(&process, NULL, err);
}

/* Of the image nothing is needed any more afterwards. */
static int copy_image(const struct image_store *store, const char *image, const char *to,
		      const char *size, struct err *err)
{
	const char *const copy[] = {"qemu-img", "convert", "-q",  "-f", "qcow2",
				    "-O",       "qcow2",   image, to,   NULL};
	const char *const resize[] = {"qemu-img", "resize", "-q", "-f", "qcow2", to, size, NULL};
	const struct process process = {
		.arguments = copy, .stdin_fd = -1, .stdout_fd = -1, .timeout_s = COPY_TIMEOUT_S};
	int code = check_space(store, bytes_of(image), err);

	if (code == 0)
		code = process_run(&process, NULL, err);
	return code < 0 ? code : run_tool(resize, err);
}

int image_store_volume_create(const struct image_store *store, const struct host_volume *volume,
			      struct err *err)
{
	char path[IMAGE_STORE_PATH_BYTES], new_path[IMAGE_STORE_PATH_BYTES + 8],
		backing[IMAGE_STORE_PATH_BYTES];
	char size[32];
	struct host_image_facts facts;
	int code;

	image_store_volume_path(store, volume->uuid, volume->generation, path);
	if (access(path, F_OK) == 0)
		return 0;
	if ((code = image_store_facts(store, volume->image_id, &facts, err)) < 0 ||
	    (code = check_space(store, 0, err)) < 0)
		return code;
	if (volume->bytes < facts.virtual_bytes)
		return err_set(err, ERR_INVALID_INPUT, "the image needs a disk of %llu GiB",
			       (unsigned long long)((facts.virtual_bytes + (1U << 30) - 1) >> 30));
	image_path(store, volume->image_id, "qcow2", backing);
	(void)snprintf(new_path, sizeof new_path, "%s.new", path);
	(void)snprintf(size, sizeof size, "%llu", (unsigned long long)volume->bytes);
	const char *const arguments[] = {"qemu-img", "create", "-q",    "-f",     "qcow2", "-F",
					 "qcow2",    "-b",     backing, new_path, size,    NULL};
	code = volume->whole != 0 ? copy_image(store, backing, new_path, size, err)
				  : run_tool(arguments, err);
	if (code == 0 && (chmod(new_path, 0600) < 0 || rename(new_path, path) < 0))
		code = err_set(err, -errno, "cannot put the disk in place: %s", strerror(errno));
	if (code < 0)
		(void)unlink(new_path);
	return code;
}

int image_store_volume_grow(const struct image_store *store, const struct host_volume *volume,
			    struct err *err)
{
	char path[IMAGE_STORE_PATH_BYTES], size[32];
	uint64_t now_bytes;
	int code;

	image_store_volume_path(store, volume->uuid, volume->generation, path);
	(void)snprintf(size, sizeof size, "%llu", (unsigned long long)volume->bytes);
	const char *const info[] = {"qemu-img", "info", "-U", "--output=json", path, NULL};
	const struct process process = {.arguments = info,
					.stdin_fd = -1,
					.stdout_fd = -1,
					.timeout_s = QEMU_IMG_TIMEOUT_S};
	struct buf output CLEANUP(buf_done) = {0};
	if ((code = process_run(&process, &output, err)) < 0)
		return code;
	json_t *json = json_loadb(buf_str(&output), output.len, 0, NULL);
	now_bytes = (uint64_t)json_integer_value(json_object_get(json, "virtual-size"));
	json_decref(json);
	if (now_bytes >= volume->bytes)
		return 0; /* never smaller */
	const char *const arguments[] = {"qemu-img", "resize", "-q", "-f",
					 "qcow2",    path,     size, NULL};
	return run_tool(arguments, err);
}

int image_store_volume_delete(const struct image_store *store, const struct host_volume *volume,
			      struct err *err)
{
	char path[IMAGE_STORE_PATH_BYTES];

	image_store_volume_path(store, volume->uuid, volume->generation, path);
	return unlink(path) < 0 && errno != ENOENT
		       ? err_set(err, -errno, "cannot remove %s: %s", path, strerror(errno))
		       : 0;
}

/* --- seed discs --- */

#define GUEST_MAX_BYTES ((size_t)4 * 1024 * 1024)

/* As it is installed, or built. Without it only images that have firststep can be secured by it. */
static bool read_guest(const struct image_store *store, struct buf *out)
{
	static const char *const folders[] = {"guest/", ""};
	char path[IMAGE_STORE_PATH_BYTES];
	int code = -ENOENT;

	if (store->program_dir[0] == '\0')
		return false;
	for (size_t i = 0; code < 0 && i < ARRAY_SIZE(folders); i++) {
		(void)snprintf(path, sizeof path, "%s/%s" SEED_DISC_GUEST, store->program_dir,
			       folders[i]);
		buf_clear(out);
		code = fd_read_file(AT_FDCWD, path, GUEST_MAX_BYTES, out);
	}
	if (code < 0)
		log_warning("seed discs bring no firststep: %s/guest/" SEED_DISC_GUEST ": %s",
			    store->program_dir, strerror(-code));
	return code == 0;
}

int image_store_seed_create(const struct image_store *store, const struct host_seed *seed,
			    struct err *err)
{
	struct buf guest CLEANUP(buf_done) = {0};
	char path[IMAGE_STORE_PATH_BYTES], new_path[IMAGE_STORE_PATH_BYTES + 8];
	int code;

	image_store_seed_path(store, seed->uuid, path);
	(void)snprintf(new_path, sizeof new_path, "%s.new", path);
	(void)unlink(new_path);
	AUTO_CLOSE int fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, errno == ENOSPC ? ERR_DISK_FULL : -errno,
			       "cannot make the seed: %s", strerror(errno));
	code = seed_disc_write(fd, seed, read_guest(store, &guest) ? &guest : NULL, err);
	if (code == 0 && rename(new_path, path) < 0)
		code = err_set(err, -errno, "cannot put the seed in place: %s", strerror(errno));
	if (code < 0)
		(void)unlink(new_path);
	return code;
}

int image_store_seed_delete(const struct image_store *store, const uint8_t uuid[UUID_BYTES],
			    struct err *err)
{
	char path[IMAGE_STORE_PATH_BYTES];

	image_store_seed_path(store, uuid, path);
	return unlink(path) < 0 && errno != ENOENT
		       ? err_set(err, -errno, "cannot remove %s: %s", path, strerror(errno))
		       : 0;
}

/* --- inventory --- */

static void tell_file(const struct image_store *store, const char *folder, const char *name,
		      driver_item *item, void *context)
{
	struct host_item found = {0};
	char copy[UUID_TEXT_BYTES + 32], *dot;
	uint64_t number = 0;

	if (strlen(name) >= sizeof copy)
		return;
	(void)snprintf(copy, sizeof copy, "%s", name);
	dot = strchr(copy, '.');
	if (dot == NULL)
		return;
	*dot++ = '\0';
	if (strcmp(folder, "images") == 0) {
		found.kind = HOST_ITEM_IMAGE;
		if (strcmp(dot, "qcow2") != 0 || parse_u64(copy, 1, UINT64_MAX, &found.number) < 0)
			return;
	} else if (strcmp(folder, "seeds") == 0) {
		found.kind = HOST_ITEM_SEED;
		if (strcmp(dot, "iso") != 0 || parse_uuid(copy, found.uuid) < 0)
			return;
	} else {
		char *end = strchr(dot, '.');
		found.kind = HOST_ITEM_VOLUME;
		if (end == NULL || strcmp(end, ".qcow2") != 0)
			return;
		*end = '\0';
		if (parse_u64(dot, 0, UINT32_MAX, &number) < 0 || parse_uuid(copy, found.uuid) < 0)
			return;
		found.number = number;
	}
	item(context, &found);
}

int image_store_inventory(const struct image_store *store, driver_item *item, void *context,
			  struct err *err)
{
	static const char *const folders[] = {"images", "volumes", "seeds"};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		int code = walk(store, folders[i], tell_file, item, context, err);
		if (code < 0)
			return code;
	}
	return 0;
}

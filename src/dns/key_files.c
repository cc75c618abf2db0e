#include "dns/key_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/fd.h"

#define DEPTH_MAX  3
#define NAME_BYTES 192
#define LOCK_FILE  "lock.mdb" /* LMDB makes it anew */
#define KEY_SUFFIX ".pem"

static void close_dir(DIR **dir)
{
	if (*dir != NULL)
		(void)closedir(*dir);
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int add_file(const char *path, const char *name, struct buf *out)
{
	struct buf text CLEANUP(buf_done) = {0};
	const int code = fd_read_file(AT_FDCWD, path, KEY_FILES_MAX_BYTES, &text);

	if (code == 0) {
		write_text(out, name);
		write_slice(out, text.data, text.len);
	}
	if (text.data != NULL)
		explicit_bzero(text.data, text.cap);
	return code < 0 ? code : out->error;
}

/* @below: the folder's name within the copy, or "". */
static int add_folder(const char *path, const char *below, unsigned depth, struct buf *out)
{
	DIR *dir CLEANUP(close_dir) = opendir(path);
	int code = 0;

	if (dir == NULL)
		return -errno;
	for (const struct dirent *entry; code == 0 && (entry = readdir(dir)) != NULL;) {
		char inner[PATH_MAX], name[NAME_BYTES];
		struct stat found;
		if (is_dots(entry->d_name) || strcmp(entry->d_name, LOCK_FILE) == 0)
			continue;
		if ((size_t)snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) >=
			    sizeof inner ||
		    (size_t)snprintf(name, sizeof name, "%s%s%s", below, *below != '\0' ? "/" : "",
				     entry->d_name) >= sizeof name)
			return -ENAMETOOLONG;
		if (lstat(inner, &found) < 0)
			return -errno;
		if (S_ISREG(found.st_mode))
			code = add_file(inner, name, out);
		else if (S_ISDIR(found.st_mode) && depth < DEPTH_MAX)
			code = add_folder(inner, name, depth + 1, out);
	}
	return code;
}

int key_files_pack(const char *dir, struct buf *out, struct err *err)
{
	const int code = add_folder(dir, "", 1, out);

	return code < 0 ? err_set(err, code, "the zone's keys cannot be read: %s", strerror(-code))
			: 0;
}

static bool is_good_name(const char *name)
{
	return *name != '\0' && *name != '/' && strstr(name, "..") == NULL;
}

static bool next(struct reader *in, char name[NAME_BYTES], struct slice *ret)
{
	if (in->at == in->end)
		return false;
	reader_text(in, name, NAME_BYTES);
	*ret = reader_slice(in, KEY_FILES_MAX_BYTES);
	return in->error == 0;
}

static int put_file(const char *dir, const char *name, const struct slice *text)
{
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
		return -ENAMETOOLONG;
	for (char *at = path + strlen(dir) + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd_write_all(fd, text->data, text->len);
}

int key_files_unpack(const struct buf *packed, const char *dir, struct err *err)
{
	struct reader in;
	struct slice text;
	char name[NAME_BYTES];
	int code = mkdir(dir, 0700) < 0 ? -errno : 0;

	reader_init(&in, packed->data, packed->len);
	while (code == 0 && next(&in, name, &text))
		code = is_good_name(name) ? put_file(dir, name, &text) : ERR_CORRUPT;
	if (code == 0 && in.error != 0)
		code = ERR_CORRUPT;
	return code == 0 ? 0
	       : code == ERR_CORRUPT
		       ? err_set(err, code, "the zone's keys that were kept are damaged")
		       : err_set(err, code, "the zone's keys cannot be written: %s",
				 strerror(-code));
}

static void remove_below(const char *path, unsigned depth)
{
	DIR *dir CLEANUP(close_dir) = opendir(path);

	for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
		char inner[PATH_MAX];
		if (is_dots(entry->d_name) || (size_t)snprintf(inner, sizeof inner, "%s/%s", path,
							       entry->d_name) >= sizeof inner)
			continue;
		if (unlink(inner) < 0 && errno == EISDIR && depth < DEPTH_MAX)
			remove_below(inner, depth + 1);
	}
	(void)rmdir(path);
}

void key_files_remove(const char *dir)
{
	remove_below(dir, 1);
}

static bool has(const struct buf *packed, const char *wanted)
{
	struct reader in;
	struct slice text;
	char name[NAME_BYTES];

	reader_init(&in, packed->data, packed->len);
	while (next(&in, name, &text))
		if (strcmp(name, wanted) == 0)
			return true;
	return false;
}

bool key_files_share(const struct buf *a, const struct buf *b)
{
	struct reader in;
	struct slice text;
	char name[NAME_BYTES];

	reader_init(&in, a->data, a->len);
	while (next(&in, name, &text)) {
		const size_t len = strlen(name);
		if (len > strlen(KEY_SUFFIX) &&
		    strcmp(name + len - strlen(KEY_SUFFIX), KEY_SUFFIX) == 0 && has(b, name))
			return true;
	}
	return false;
}

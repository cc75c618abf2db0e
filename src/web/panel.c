#include "web/panel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/parse.h"
#include "base/secret.h"

#define MAX_FILE_BYTES  ((size_t)8 * 1024 * 1024)
#define MAX_DEPTH       8
#define ETAG_HASH_BYTES 16

struct panel {
	struct panel_file files[PANEL_MAX_FILES]; /* sorted by path */
	size_t count;
};

static const char *type_of(const char *name)
{
	static const char *const types[][2] = {
		{".html", "text/html; charset=utf-8"},
		{".js", "text/javascript; charset=utf-8"},
		{".mjs", "text/javascript; charset=utf-8"},
		{".css", "text/css; charset=utf-8"},
		{".json", "application/json"},
		{".svg", "image/svg+xml"},
		{".png", "image/png"},
		{".ico", "image/vnd.microsoft.icon"},
		{".woff2", "font/woff2"},
		{".txt", "text/plain; charset=utf-8"},
		{".webmanifest", "application/manifest+json"},
	};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && i < ARRAY_SIZE(types); i++)
		if (strcmp(dot, types[i][0]) == 0)
			return types[i][1];
	return NULL;
}

static int open_regular(int dir_fd, const char *name, size_t *ret_bytes)
{
	struct stat stat;
	AUTO_CLOSE int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &stat) < 0)
		return -errno;
	if (!S_ISREG(stat.st_mode) || (size_t)stat.st_size > MAX_FILE_BYTES)
		return -EINVAL;
	*ret_bytes = (size_t)stat.st_size;
	return steal_fd(&fd);
}

/* The tag is of the contents, so that a rebuild that changes nothing costs no client anything. */
static int make_etag(struct panel_file *file)
{
	AUTO_FREE char *contents = malloc(file->bytes + 1);
	uint8_t hash[SECRET_HASH_BYTES];

	if (contents == NULL)
		return -ENOMEM;
	if (pread(file->fd, contents, file->bytes, 0) != (ssize_t)file->bytes)
		return -EIO;
	secret_hash(contents, file->bytes, hash);
	file->etag[0] = '"';
	format_hex(hash, ETAG_HASH_BYTES, file->etag + 1);
	memcpy(file->etag + 1 + 2 * ETAG_HASH_BYTES, "\"", 2);
	return 0;
}

static const struct {
	const char *name, *suffix;
} codings[PANEL_CODINGS] = {[PANEL_BROTLI] = {"br", ".br"}, [PANEL_GZIP] = {"gzip", ".gz"}};

const char *panel_coding_name(enum panel_coding coding)
{
	return codings[coding].name;
}

static void close_file(struct panel_file *file)
{
	(void)close(file->fd);
	for (size_t i = 0; i < PANEL_CODINGS; i++)
		if (file->coded[i].fd >= 0)
			(void)close(file->coded[i].fd);
}

static int add_file(struct panel *panel, int dir_fd, const char *name, const char *path,
		    struct err *err)
{
	struct panel_file file = {.type = type_of(name), .fd = -1};
	char coded[NAME_MAX + 8];

	if (file.type == NULL)
		return 0;
	if (panel->count == PANEL_MAX_FILES)
		return err_set(err, ERR_LIMIT, "the panel has more than %d files", PANEL_MAX_FILES);
	file.fd = open_regular(dir_fd, name, &file.bytes);
	if (file.fd < 0)
		return 0;
	for (size_t i = 0; i < PANEL_CODINGS; i++) {
		(void)snprintf(coded, sizeof coded, "%s%s", name, codings[i].suffix);
		file.coded[i].fd = open_regular(dir_fd, coded, &file.coded[i].bytes);
		if (file.coded[i].fd < 0)
			file.coded[i].fd = -1;
	}
	if (make_etag(&file) < 0 || (file.path = strdup(path)) == NULL) {
		close_file(&file);
		return err_set(err, -EIO, "cannot read %s", path);
	}
	panel->files[panel->count++] = file;
	return 0;
}

static int add_folder(struct panel *panel, int dir_fd, const char *prefix, int depth,
		      struct err *err)
{
	DIR *dir = fdopendir(dir_fd);
	struct dirent *entry;
	int code = 0;

	if (dir == NULL) {
		(void)close(dir_fd);
		return err_set(err, -errno, "cannot read the panel: %s", strerror(errno));
	}
	while (code == 0 && (entry = readdir(dir)) != NULL) {
		struct buf path CLEANUP(buf_done) = {0};
		if (entry->d_name[0] == '.')
			continue;
		(void)buf_printf(&path, "%s/%s", prefix, entry->d_name);
		int child = openat(dirfd(dir), entry->d_name,
				   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child >= 0 && depth < MAX_DEPTH)
			code = add_folder(panel, child, buf_str(&path), depth + 1, err);
		else if (child >= 0)
			(void)close(child);
		else
			code = add_file(panel, dirfd(dir), entry->d_name, buf_str(&path), err);
	}
	(void)closedir(dir);
	return code;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct panel_file *)a)->path, ((const struct panel_file *)b)->path);
}

int panel_open(const char *dir, struct panel **ret, struct err *err)
{
	struct panel *panel = calloc(1, sizeof *panel);
	int fd, code = 0;

	if (panel == NULL)
		return err_set(err, -ENOMEM, "no memory");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		code = add_folder(panel, fd, "", 0, err);
	else if (errno != ENOENT)
		code = err_set(err, -errno, "cannot read the panel in %s: %s", dir,
			       strerror(errno));
	if (code < 0) {
		panel_free(panel);
		return code;
	}
	qsort(panel->files, panel->count, sizeof panel->files[0], compare);
	*ret = panel;
	return 0;
}

void panel_free(struct panel *panel)
{
	for (size_t i = 0; panel != NULL && i < panel->count; i++) {
		close_file(&panel->files[i]);
		free(panel->files[i].path);
	}
	free(panel);
}

const struct panel_file *panel_find(const struct panel *panel, const char *path, size_t len)
{
	size_t low = 0, high = panel->count;

	if (len == 1 && path[0] == '/') {
		path = "/index.html";
		len = strlen(path);
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *candidate = panel->files[middle].path;
		int order = strncmp(candidate, path, len);
		if (order == 0 && candidate[len] != '\0')
			order = 1;
		if (order == 0)
			return &panel->files[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool panel_is_empty(const struct panel *panel)
{
	return panel->count == 0;
}

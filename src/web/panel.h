// The panel's files: opened once at the start, so that the process needs to open nothing later.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define PANEL_MAX_FILES 512

struct panel;

/* How a file may be compressed, the smaller first. */
enum panel_coding { PANEL_BROTLI, PANEL_GZIP, PANEL_CODINGS };

struct panel_file {
	char *path;       /* as in a URL: "/app.js" */
	const char *type; /* Content-Type */
	char etag[36];    /* with its quotes */
	int fd;
	size_t bytes;
	struct {
		int fd; /* the same compressed, or -1 */
		size_t bytes;
	} coded[PANEL_CODINGS];
};

/** panel_coding_name() - as Accept-Encoding and Content-Encoding have it (RFC 9110, RFC 7932). */
const char *panel_coding_name(enum panel_coding coding);

/**
 * panel_open() - open every file below @dir whose kind is known; symbolic links and others are left
 * out. A folder that is not there gives an empty panel, with which the API works all the same.
 */
int panel_open(const char *dir, struct panel **ret, struct err *err);
void panel_free(struct panel *panel);

/** panel_find() - the file for a request's path ("/" is "/index.html"), or NULL. */
const struct panel_file *panel_find(const struct panel *panel, const char *path, size_t len);
bool panel_is_empty(const struct panel *panel);

/*
 * apt itself takes a second of processor time to tell what it would install; the list of security
 * updates alone is small, and both files are paragraphs of `Field: value` lines. Installed packages
 * go into a table by their names; each paragraph of a list with a higher version marks one.
 */
#include "firststep/pending_updates.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define LISTS_FOLDER   "/var/lib/apt/lists"
#define LISTS_PATTERN  "*-security_*_Packages"
#define LISTS_MAX      8
#define LIST_MAX_BYTES ((size_t)32 * 1024 * 1024)
#define STATUS         "/var/lib/dpkg/status"
#define SLOTS          16384 /* a power of two; more packages than half of it are not counted */

struct word {
	const char *at;
	size_t len;
};

struct paragraph {
	struct word package, version, status;
};

struct package {
	struct word name, version;
	bool is_pending;
};

struct table {
	struct package slots[SLOTS];
	size_t count;
};

/* "a" before "b", "~" before the end, letters before everything else. */
static int order(const char *at, const char *end)
{
	if (at == end || isdigit((unsigned char)*at))
		return 0;
	if (*at == '~')
		return -1;
	return isalpha((unsigned char)*at) ? *at : (unsigned char)*at + 256;
}

/* One of upstream version and revision, as dpkg's verrevcmp(). */
static int compare_part(struct word a, struct word b)
{
	const char *x = a.at, *y = b.at;
	const char *const x_end = x + a.len, *const y_end = y + b.len;

	while (x < x_end || y < y_end) {
		int first = 0;
		while ((x < x_end && !isdigit((unsigned char)*x)) ||
		       (y < y_end && !isdigit((unsigned char)*y))) {
			const int difference = order(x, x_end) - order(y, y_end);
			if (difference != 0)
				return difference;
			x += x < x_end;
			y += y < y_end;
		}
		while (x < x_end && *x == '0')
			x++;
		while (y < y_end && *y == '0')
			y++;
		while (x < x_end && y < y_end && isdigit((unsigned char)*x) &&
		       isdigit((unsigned char)*y)) {
			if (first == 0)
				first = *x - *y;
			x++;
			y++;
		}
		if (x < x_end && isdigit((unsigned char)*x))
			return 1;
		if (y < y_end && isdigit((unsigned char)*y))
			return -1;
		if (first != 0)
			return first;
	}
	return 0;
}

/* "1:2.3-4" into epoch, upstream and revision; what is missing is "0", or empty. */
static void split(struct word version, struct word parts[3])
{
	const char *colon = memchr(version.at, ':', version.len);

	parts[0] = (struct word){"0", 1};
	parts[2] = (struct word){"", 0};
	if (colon != NULL) {
		parts[0] = (struct word){version.at, (size_t)(colon - version.at)};
		version.len -= parts[0].len + 1;
		version.at = colon + 1;
	}
	const char *dash = memrchr(version.at, '-', version.len);
	if (dash != NULL) {
		parts[2].len = version.len - (size_t)(dash - version.at) - 1;
		parts[2].at = dash + 1;
		version.len = (size_t)(dash - version.at);
	}
	parts[1] = version;
}

int version_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	struct word left[3], right[3];
	int difference = 0;

	split((struct word){a, a_len}, left);
	split((struct word){b, b_len}, right);
	for (size_t i = 0; difference == 0 && i < 3; i++)
		difference = compare_part(left[i], right[i]);
	return difference;
}

static bool take_field(const char *line, size_t len, const char *key, struct word *ret)
{
	const size_t key_len = strlen(key);

	if (len <= key_len + 1 || memcmp(line, key, key_len) != 0 || line[key_len] != ':')
		return false;
	line += key_len + 1;
	len -= key_len + 1;
	while (len > 0 && *line == ' ') {
		line++;
		len--;
	}
	*ret = (struct word){line, len};
	return true;
}

/* The next paragraph; NULL behind the last. */
static const char *next_paragraph(const char *at, struct paragraph *ret)
{
	*ret = (struct paragraph){0};
	while (*at == '\n')
		at++;
	if (*at == '\0')
		return NULL;
	while (*at != '\0' && *at != '\n') {
		const size_t len = strcspn(at, "\n");
		(void)(take_field(at, len, "Package", &ret->package) ||
		       take_field(at, len, "Version", &ret->version) ||
		       take_field(at, len, "Status", &ret->status));
		at += len + (at[len] == '\n');
	}
	return at;
}

static struct package *find(struct table *table, struct word name)
{
	size_t hash = 5381;

	for (size_t i = 0; i < name.len; i++)
		hash = hash * 33 + (unsigned char)name.at[i];
	for (size_t i = hash % SLOTS;; i = (i + 1) % SLOTS) {
		struct package *package = &table->slots[i];
		if (package->name.at == NULL || (package->name.len == name.len &&
						 memcmp(package->name.at, name.at, name.len) == 0))
			return package;
	}
}

int64_t pending_count(const char *status, const char *const lists[], size_t count)
{
	static const char installed[] = "install ok installed";
	struct table *table AUTO_FREE = calloc(1, sizeof *table);
	struct paragraph found;
	int64_t pending = 0;

	if (table == NULL)
		return -ENOMEM;
	/* A package of two architectures stands there twice, with the same version. */
	while ((status = next_paragraph(status, &found)) != NULL) {
		if (found.package.len == 0 || found.version.len == 0 ||
		    found.status.len != sizeof installed - 1 ||
		    memcmp(found.status.at, installed, found.status.len) != 0 ||
		    table->count == SLOTS / 2)
			continue;
		struct package *package = find(table, found.package);
		table->count += package->name.at == NULL;
		*package = (struct package){.name = found.package, .version = found.version};
	}
	for (size_t i = 0; i < count; i++) {
		const char *at = lists[i];
		while ((at = next_paragraph(at, &found)) != NULL) {
			struct package *package = found.package.len > 0 && found.version.len > 0
							  ? find(table, found.package)
							  : NULL;
			if (package == NULL || package->name.at == NULL || package->is_pending ||
			    version_compare(found.version.at, found.version.len,
					    package->version.at, package->version.len) <= 0)
				continue;
			package->is_pending = true;
			pending++;
		}
	}
	return pending;
}

int pending_security_updates(const struct tree *tree, int64_t *ret)
{
	struct tree_names names CLEANUP(tree_names_done) = {0};
	struct buf status CLEANUP(buf_done) = {0};
	struct buf texts[LISTS_MAX] = {{0}};
	const char *lists[LISTS_MAX];
	int code = tree_list(tree, LISTS_FOLDER, LISTS_PATTERN, &names);
	int64_t pending = 0;

	if (code == 0 && names.count == 0)
		code = -ENOENT;
	if (code == 0)
		code = tree_read_most(tree, STATUS, LIST_MAX_BYTES, &status);
	const size_t count = names.count < LISTS_MAX ? names.count : LISTS_MAX;
	for (size_t i = 0; code == 0 && i < count; i++) {
		char path[600];
		(void)snprintf(path, sizeof path, LISTS_FOLDER "/%s", names.names[i]);
		code = tree_read_most(tree, path, LIST_MAX_BYTES, &texts[i]);
		lists[i] = buf_str(&texts[i]);
	}
	if (code == 0)
		pending = pending_count(buf_str(&status), lists, count);
	for (size_t i = 0; i < LISTS_MAX; i++)
		buf_done(&texts[i]);
	if (code < 0 || pending < 0)
		return code < 0 ? code : (int)pending;
	*ret = pending;
	return 0;
}

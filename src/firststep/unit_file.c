#include "firststep/unit_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

static const char *const folders[] = {"/etc/systemd", "/run/systemd", "/usr/lib/systemd",
				      "/lib/systemd"};

static char *trim(char *text)
{
	text += strspn(text, " \t");
	for (size_t len = strlen(text); len > 0 && isspace((unsigned char)text[len - 1]); len--)
		text[len - 1] = '\0';
	return text;
}

static int take(struct unit_values *values, const char *file, const char *value)
{
	if (*value == '\0') {
		values->count = 0;
		return 0;
	}
	if (values->count == UNIT_VALUES_MAX)
		return -E2BIG;
	struct unit_value *at = &values->list[values->count++];
	(void)snprintf(at->file, sizeof at->file, "%s", file);
	(void)snprintf(at->value, sizeof at->value, "%s", value);
	return 0;
}

int unit_file_parse(const char *file, const char *text, const char *section, const char *key,
		    struct unit_values *values)
{
	int inside = 0;

	while (*text != '\0') {
		char line[1024];
		const size_t len = strcspn(text, "\n");
		if (len >= sizeof line)
			return -E2BIG;
		memcpy(line, text, len);
		line[len] = '\0';
		text += len + (text[len] == '\n');
		char *at = trim(line);
		const size_t at_len = strlen(at);
		if (*at == '\0' || *at == '#' || *at == ';')
			continue;
		if (*at == '[' && at[at_len - 1] == ']') {
			at[at_len - 1] = '\0';
			inside = strcmp(at + 1, section) == 0;
			continue;
		}
		char *equals = inside ? strchr(at, '=') : NULL;
		if (equals == NULL)
			continue;
		*equals = '\0';
		if (strcmp(trim(at), key) != 0)
			continue;
		const int code = take(values, file, trim(equals + 1));
		if (code < 0)
			return code;
	}
	return 0;
}

static int parse_path(const struct tree *tree, const char *path, const char *section,
		      const char *key, struct unit_values *values)
{
	struct buf text CLEANUP(buf_done) = {0};
	const int code = tree_read(tree, path, &text);

	return code < 0 ? code : unit_file_parse(path, buf_str(&text), section, key, values);
}

struct drop_in {
	char *name;
	char path[320];
};

static int by_name(const void *a, const void *b)
{
	const struct drop_in *one = a, *other = b;

	return strcmp(one->name, other->name);
}

struct drop_ins {
	struct drop_in list[128];
	size_t count;
};

static void drop_ins_free(struct drop_ins **drop_ins)
{
	for (size_t i = 0; *drop_ins != NULL && i < (*drop_ins)->count; i++)
		free((*drop_ins)->list[i].name);
	free(*drop_ins);
}

static int collect(const struct tree *tree, const char *folder, struct drop_ins *drop_ins)
{
	struct tree_names names CLEANUP(tree_names_done) = {0};

	if (tree_list(tree, folder, "*.conf", &names) < 0)
		return 0;
	for (size_t i = 0; i < names.count; i++) {
		size_t j = 0;
		while (j < drop_ins->count && strcmp(drop_ins->list[j].name, names.names[i]) != 0)
			j++;
		if (j < drop_ins->count)
			continue;
		if (drop_ins->count == ARRAY_SIZE(drop_ins->list))
			return -E2BIG;
		struct drop_in *at = &drop_ins->list[drop_ins->count++];
		at->name = steal_ptr(names.names[i]);
		(void)snprintf(at->path, sizeof at->path, "%.60s/%.255s", folder, at->name);
	}
	return 0;
}

int unit_file_load(const struct tree *tree, const char *name, const char *section, const char *key,
		   struct unit_values *ret)
{
	struct drop_ins *drop_ins CLEANUP(drop_ins_free) = calloc(1, sizeof *drop_ins);
	struct unit_values values = {0};
	char path[320];
	int code = -ENOENT;

	if (drop_ins == NULL)
		return -ENOMEM;
	for (size_t i = 0; code == -ENOENT && i < ARRAY_SIZE(folders); i++) {
		(void)snprintf(path, sizeof path, "%s/%s", folders[i], name);
		code = parse_path(tree, path, section, key, &values);
	}
	/* A main file that is masked (a link to /dev/null) says nothing. */
	if (code == -ENOENT || code == -EINVAL)
		code = 0;
	for (size_t i = 0; code == 0 && i < ARRAY_SIZE(folders); i++) {
		(void)snprintf(path, sizeof path, "%s/%s.d", folders[i], name);
		code = collect(tree, path, drop_ins);
	}
	if (code < 0)
		return code;
	qsort(drop_ins->list, drop_ins->count, sizeof drop_ins->list[0], by_name);
	for (size_t i = 0; i < drop_ins->count; i++) {
		code = parse_path(tree, drop_ins->list[i].path, section, key, &values);
		if (code < 0 && code != -ENOENT && code != -EINVAL)
			return code;
	}
	*ret = values;
	return 0;
}

const struct unit_value *unit_file_last(const struct unit_values *values)
{
	return values->count > 0 ? &values->list[values->count - 1] : NULL;
}

int unit_is_enabled(const struct tree *tree, const char *unit, char *ret_path, size_t size)
{
	static const char *const wants[] = {"sysinit.target.wants", "multi-user.target.wants",
					    "timers.target.wants",  "sockets.target.wants",
					    "basic.target.wants",   "ssh.service.requires"};
	char path[320], target[320];

	/* Masked wins over everything. */
	(void)snprintf(path, sizeof path, "/etc/systemd/system/%s", unit);
	if (tree_link(tree, path, target, sizeof target) == 0 && strcmp(target, "/dev/null") == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		for (size_t j = 0; j < ARRAY_SIZE(wants); j++) {
			(void)snprintf(path, sizeof path, "%s/system/%s/%s", folders[i], wants[j],
				       unit);
			if (tree_has(tree, path)) {
				(void)snprintf(ret_path, size, "%s", path);
				return 1;
			}
		}
	return 0;
}

/*
 * As OpenSSH reads it (sshd_config(5), servconf.c): keywords in any case, the first value wins, but
 * for Port, ListenAddress, HostKey and a few more, which add up; Include takes globs relative to
 * /etc/ssh, stands where it is written, and a Match in an included file ends with that file.
 */
#include "firststep/sshd_config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

static int parse_text(struct sshd_config *config, const struct tree *tree, const char *file,
		      const char *text, unsigned depth, bool is_conditional);

void sshd_config_done(struct sshd_config *config)
{
	for (size_t i = 0; i < config->count; i++) {
		free(config->settings[i].keyword);
		free(config->settings[i].value);
		free(config->settings[i].file);
	}
	free(config->settings);
	*config = (struct sshd_config){0};
}

static int add(struct sshd_config *config, const char *keyword, const char *value, const char *file,
	       unsigned line, bool is_conditional)
{
	if (config->count == SSHD_SETTINGS_MAX)
		return -E2BIG;
	if (config->count == config->capacity) {
		const size_t capacity = config->capacity == 0 ? 64 : config->capacity * 2;
		struct sshd_setting *larger = realloc(config->settings, capacity * sizeof *larger);
		if (larger == NULL)
			return -ENOMEM;
		config->settings = larger;
		config->capacity = capacity;
	}
	struct sshd_setting *setting = &config->settings[config->count];
	*setting = (struct sshd_setting){
		.keyword = strdup(keyword),
		.value = strdup(value),
		.file = strdup(file),
		.line = line,
		.is_conditional = is_conditional,
	};
	config->count++;
	return setting->keyword != NULL && setting->value != NULL && setting->file != NULL
		       ? 0
		       : -ENOMEM;
}

/* The words of a value with one space between them: quotes go, and so does a comment. */
static int words(const char *at, char *out, size_t size)
{
	size_t used = 0;

	while (*at != '\0') {
		while (*at == ' ' || *at == '\t')
			at++;
		if (*at == '\0' || *at == '#')
			break;
		if (used > 0 && used + 1 < size)
			out[used++] = ' ';
		char quote = '\0';
		for (; *at != '\0' && (quote != '\0' || (*at != ' ' && *at != '\t')); at++) {
			if (quote == '\0' && (*at == '"' || *at == '\'')) {
				quote = *at;
				continue;
			}
			if (quote != '\0' && *at == quote) {
				quote = '\0';
				continue;
			}
			if (*at == '\\' && (at[1] == '"' || at[1] == '\'' || at[1] == '\\'))
				at++;
			if (used + 1 >= size)
				return -E2BIG;
			out[used++] = *at;
		}
		if (quote != '\0')
			return -EINVAL;
	}
	out[used] = '\0';
	return 0;
}

static int include_one(struct sshd_config *config, const struct tree *tree, const char *path,
		       unsigned depth, bool is_conditional)
{
	struct buf text CLEANUP(buf_done) = {0};

	if (depth >= SSHD_INCLUDE_DEPTH_MAX)
		return -ELOOP;
	if (++config->files > SSHD_FILES_MAX)
		return -E2BIG;
	const int code = tree_read(tree, path, &text);
	if (code == -ENOENT)
		return 0; /* as sshd: a name that leads nowhere */
	if (code < 0)
		return code;
	return parse_text(config, tree, path, buf_str(&text), depth + 1, is_conditional);
}

static int include(struct sshd_config *config, const struct tree *tree, char *patterns,
		   unsigned depth, bool is_conditional)
{
	char *rest = NULL;

	for (char *pattern = strtok_r(patterns, " ", &rest); pattern != NULL;
	     pattern = strtok_r(NULL, " ", &rest)) {
		char path[1024], entry[1400];
		struct tree_names names CLEANUP(tree_names_done) = {0};
		if ((size_t)snprintf(path, sizeof path, "%s%s",
				     pattern[0] == '/' ? "" : "/etc/ssh/", pattern) >= sizeof path)
			return -E2BIG;
		char *slash = strrchr(path, '/');
		*slash = '\0';
		/* A folder with a pattern in its name: nobody writes that, and we do not guess. */
		if (strpbrk(path, "*?[") != NULL)
			return -EINVAL;
		int code = 0;
		if (strpbrk(slash + 1, "*?[") == NULL) {
			(void)snprintf(entry, sizeof entry, "%s/%s", path, slash + 1);
			code = include_one(config, tree, entry, depth, is_conditional);
		} else if (tree_list(tree, path, slash + 1, &names) == 0) {
			for (size_t i = 0; code == 0 && i < names.count; i++) {
				(void)snprintf(entry, sizeof entry, "%s/%s", path, names.names[i]);
				code = include_one(config, tree, entry, depth, is_conditional);
			}
		}
		if (code < 0)
			return code;
	}
	return 0;
}

static int parse_line(struct sshd_config *config, const struct tree *tree, const char *file,
		      unsigned number, char *line, unsigned depth, bool outer, bool *is_conditional)
{
	char value[SSHD_LINE_MAX];
	char *at = line + strspn(line, " \t\r\f");

	if (*at == '\0' || *at == '#')
		return 0;
	char *keyword = at;
	at += strcspn(at, " \t=\"");
	char *end = at;
	at += strspn(at, " \t");
	if (*at == '=')
		at += 1 + strspn(at + 1, " \t");
	for (size_t len = strlen(at); len > 0 && strchr(" \t\r\f", at[len - 1]) != NULL; len--)
		at[len - 1] = '\0';
	if (end == keyword)
		return -EINVAL;
	int code = words(at, value, sizeof value);
	if (code < 0)
		return code;
	char name[64];
	const size_t length = (size_t)(end - keyword);
	if (length >= sizeof name)
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		name[i] = (char)tolower((unsigned char)keyword[i]);
	name[length] = '\0';
	if (strcmp(name, "challengeresponseauthentication") == 0)
		(void)snprintf(name, sizeof name, "kbdinteractiveauthentication");
	if (strcmp(name, "match") == 0) {
		*is_conditional = outer || strcasecmp(value, "all") != 0;
		return 0;
	}
	if (strcmp(name, "include") == 0 && tree != NULL)
		return include(config, tree, value, depth, *is_conditional);
	return add(config, name, value, file, number, *is_conditional);
}

static int parse_text(struct sshd_config *config, const struct tree *tree, const char *file,
		      const char *text, unsigned depth, bool is_conditional)
{
	const bool outer = is_conditional;
	unsigned number = 0;

	while (*text != '\0') {
		char line[SSHD_LINE_MAX];
		const size_t len = strcspn(text, "\n");
		number++;
		if (len >= sizeof line)
			return -E2BIG;
		memcpy(line, text, len);
		line[len] = '\0';
		const int code =
			parse_line(config, tree, file, number, line, depth, outer, &is_conditional);
		if (code < 0)
			return code;
		text += len + (text[len] == '\n');
	}
	return 0;
}

int sshd_config_parse(struct sshd_config *config, const struct tree *tree, const char *file,
		      const char *text)
{
	return parse_text(config, tree, file, text, 0, false);
}

int sshd_config_load(const struct tree *tree, struct sshd_config *ret)
{
	struct sshd_config config CLEANUP(sshd_config_done) = {0};
	struct buf text CLEANUP(buf_done) = {0};
	int code = tree_read(tree, SSHD_MAIN, &text);

	if (code == 0)
		code = sshd_config_parse(&config, tree, SSHD_MAIN, buf_str(&text));
	if (code < 0)
		return code;
	*ret = config;
	config = (struct sshd_config){0};
	return 0;
}

const struct sshd_setting *sshd_config_next(const struct sshd_config *config, const char *keyword,
					    const struct sshd_setting *after)
{
	for (size_t i = after == NULL ? 0 : (size_t)(after - config->settings) + 1;
	     i < config->count; i++)
		if (strcmp(config->settings[i].keyword, keyword) == 0)
			return &config->settings[i];
	return NULL;
}

const struct sshd_setting *sshd_config_get(const struct sshd_config *config, const char *keyword)
{
	const struct sshd_setting *at = NULL;

	while ((at = sshd_config_next(config, keyword, at)) != NULL)
		if (!at->is_conditional)
			return at;
	return NULL;
}

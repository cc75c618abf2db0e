// What sshd is told: sshd_config with its Includes, or the output of `sshd -T`.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "firststep/tree.h"

#define SSHD_SETTINGS_MAX      2048
#define SSHD_INCLUDE_DEPTH_MAX 16
#define SSHD_FILES_MAX         128
#define SSHD_LINE_MAX          4096
#define SSHD_MAIN              "/etc/ssh/sshd_config"

/* One line that sets something, in the order sshd meets them. */
struct sshd_setting {
	char *keyword; /* lower case */
	char *value;   /* its words with one space between them, without quotes and comment */
	char *file;
	unsigned line;
	bool is_conditional; /* inside a Match block that is not for all */
};

struct sshd_config {
	struct sshd_setting *settings;
	size_t count;
	size_t capacity;
	size_t files;
};

/**
 * sshd_config_load() - read SSHD_MAIN and what it includes.
 * Return: 0; -ENOENT without the file; -E2BIG or -ELOOP past a limit; -EINVAL for a line that sshd
 *	   would refuse; another -errno.
 */
int sshd_config_load(const struct tree *tree, struct sshd_config *ret);
/** sshd_config_parse() - settings of one text; @tree NULL passes over Include. */
int sshd_config_parse(struct sshd_config *config, const struct tree *tree, const char *file,
		      const char *text);
void sshd_config_done(struct sshd_config *config);

/** sshd_config_get() - the value that counts outside of Match: the first. NULL when none is set. */
const struct sshd_setting *sshd_config_get(const struct sshd_config *config, const char *keyword);
/** sshd_config_next() - the next setting of @keyword after @after (NULL: the first), conditional or
 * not. */
const struct sshd_setting *sshd_config_next(const struct sshd_config *config, const char *keyword,
					    const struct sshd_setting *after);

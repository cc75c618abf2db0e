#include "firststep/settings.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "firststep/accounts.h"

#define LOG_DAYS     90
#define LOG_MAX_MIB  1024
#define LINE_MAX_LEN 1024

void settings_default(struct settings *settings)
{
	*settings = (struct settings){.log_days = LOG_DAYS, .log_max_mib = LOG_MAX_MIB};
}

/* The host writes them too (model/first_choice.c), and looks for "no_reboot" in this program before
 * it does (core/seed.c). */
static const char *const updates_words[] = {
	[UPDATES_REBOOT] = "reboot",
	[UPDATES_NO_REBOOT] = "no_reboot",
	[UPDATES_MANUAL] = "manual",
};

/* A second line of them adds to the first: an image's own, and what was chosen for the server. */
static int add_open(struct settings *settings, const char *value)
{
	struct ports more;
	int code = ports_parse(value, &more);

	for (size_t i = 0; code == 0 && i < more.count; i++)
		code = ports_add(&settings->open, more.ranges[i]);
	return code;
}

static int set(struct settings *settings, const char *key, char *value)
{
	uint64_t number;
	int code = -EINVAL;

	if (strcmp(key, "ssh_port") == 0) {
		if ((code = parse_u64(value, 1, 65535, &number)) == 0)
			settings->ssh_port = (uint16_t)number;
	} else if (strcmp(key, "open") == 0) {
		code = add_open(settings, value);
	} else if (strcmp(key, "user") == 0) {
		if (account_name_is_good(value)) {
			memcpy(settings->user, value, strlen(value) + 1);
			code = 0;
		}
	} else if (strcmp(key, "log_days") == 0) {
		if ((code = parse_u64(value, 1, 3650, &number)) == 0)
			settings->log_days = (uint32_t)number;
	} else if (strcmp(key, "updates") == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(updates_words); i++)
			if (updates_words[i] != NULL && strcmp(value, updates_words[i]) == 0) {
				settings->updates = (enum updates_policy)i;
				code = 0;
			}
	} else if (strcmp(key, "log_max_mib") == 0) {
		if ((code = parse_u64(value, 50, 1024 * 1024, &number)) == 0)
			settings->log_max_mib = (uint32_t)number;
	}
	return code;
}

static char *trim(char *text)
{
	text += strspn(text, " \t");
	for (size_t len = strlen(text); len > 0 && isspace((unsigned char)text[len - 1]); len--)
		text[len - 1] = '\0';
	return text;
}

int settings_parse(const char *text, struct settings *ret, struct err *err)
{
	struct settings settings;
	unsigned number = 0;

	settings_default(&settings);
	settings.is_written = true;
	while (*text != '\0') {
		char line[LINE_MAX_LEN];
		const size_t len = strcspn(text, "\n");
		number++;
		if (len >= sizeof line)
			return err_set(err, -E2BIG, "%s:%u: a line that long is no setting",
				       SETTINGS_PATH, number);
		memcpy(line, text, len);
		line[len] = '\0';
		text += len + (text[len] == '\n');
		char *at = trim(line);
		if (*at == '\0' || *at == '#')
			continue;
		char *equals = strchr(at, '=');
		if (equals == NULL)
			return err_set(err, ERR_INVALID_INPUT, "%s:%u: not `key = value`",
				       SETTINGS_PATH, number);
		*equals = '\0';
		if (set(&settings, trim(at), trim(equals + 1)) < 0)
			return err_set(err, ERR_INVALID_INPUT, "%s:%u: wrong setting",
				       SETTINGS_PATH, number);
	}
	*ret = settings;
	return 0;
}

int settings_load(const struct tree *tree, struct settings *ret, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	const int code = tree_read(tree, SETTINGS_PATH, &text);

	if (code == -ENOENT) {
		settings_default(ret);
		return 0;
	}
	if (code < 0)
		return err_set(err, code, "%s: %s", SETTINGS_PATH, strerror(-code));
	return settings_parse(buf_str(&text), ret, err);
}

void settings_write(const struct settings *settings, struct buf *out)
{
	char open[PORTS_TEXT_BYTES];

	(void)buf_puts(out,
		       "# What was chosen for this server; firststep(1) reads and writes it.\n");
	if (settings->ssh_port != 0)
		(void)buf_printf(out, "ssh_port = %u\n", settings->ssh_port);
	if (settings->open.count > 0) {
		ports_format(&settings->open, open);
		(void)buf_printf(out, "open = %s\n", open);
	}
	if (settings->user[0] != '\0')
		(void)buf_printf(out, "user = %s\n", settings->user);
	if (settings->updates != UPDATES_UNSAID)
		(void)buf_printf(out, "updates = %s\n", updates_words[settings->updates]);
	(void)buf_printf(out, "log_days = %u\nlog_max_mib = %u\n", settings->log_days,
			 settings->log_max_mib);
}

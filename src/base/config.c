#include "base/config.h"

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/parse.h"

enum setting_kind {
	SETTING_TEXT,
	SETTING_INSTANCE,
	SETTING_CHOICE,
	SETTING_LEVEL,
	SETTING_U32,
	SETTING_BOOL,
	SETTING_OFFSET,
	SETTING_PERCENT,
	SETTING_NETWORKS
};

static const struct setting {
	const char *section;
	const char *key;
	enum setting_kind kind;
	size_t offset;
	size_t size;
	const char *choices; /* " a b " */
} settings[] = {
#define FIELD(name) offsetof(struct config, name), sizeof((struct config *)0)->name
	{"ippo", "instance", SETTING_INSTANCE, FIELD(instance), NULL},
	{"ippo", "state_dir", SETTING_TEXT, FIELD(state_dir), NULL},
	{"ippo", "run_dir", SETTING_TEXT, FIELD(run_dir), NULL},
	{"ippo", "program_dir", SETTING_TEXT, FIELD(program_dir), NULL},
	{"ippo", "log_level", SETTING_LEVEL, FIELD(log_level), NULL},
	{"web", "listen", SETTING_TEXT, FIELD(listen), NULL},
	{"web", "url", SETTING_TEXT, FIELD(url), NULL},
	{"web", "panel_dir", SETTING_TEXT, FIELD(panel_dir), NULL},
	{"web", "user", SETTING_TEXT, FIELD(web_user), NULL},
	{"web", "trusted_proxies", SETTING_NETWORKS, FIELD(trusted_proxies), NULL},
	{"core", "user", SETTING_TEXT, FIELD(core_user), NULL},
	{"core", "group", SETTING_TEXT, FIELD(group), NULL},
	{"core", "rate_limit", SETTING_U32, FIELD(rate_limit), NULL},
	{"core", "proof_minutes", SETTING_U32, FIELD(proof_minutes), NULL},
	{"core", "first_step_minutes", SETTING_U32, FIELD(first_step_minutes), NULL},
	{"probe", "user", SETTING_TEXT, FIELD(probe_user), NULL},
	{"probe", "target", SETTING_TEXT, FIELD(probe_target), NULL},
	{"metrics", "user", SETTING_TEXT, FIELD(metrics_user), NULL},
	{"post", "user", SETTING_TEXT, FIELD(post_user), NULL},
	{"post", "smtp_url", SETTING_TEXT, FIELD(smtp_url), NULL},
	{"post", "smtp_user", SETTING_TEXT, FIELD(smtp_user), NULL},
	{"post", "smtp_password_file", SETTING_TEXT, FIELD(smtp_password_file), NULL},
	{"post", "smtp_ca_file", SETTING_TEXT, FIELD(smtp_ca_file), NULL},
	{"post", "mail_drop", SETTING_TEXT, FIELD(mail_drop), NULL},
	{"post", "sender", SETTING_TEXT, FIELD(mail_sender), NULL},
	{"post", "operator", SETTING_TEXT, FIELD(mail_operator), NULL},
	{"post", "per_minute", SETTING_U32, FIELD(post_per_minute), NULL},
	{"post", "webhook_allow", SETTING_NETWORKS, FIELD(webhook_allow), NULL},
	{"dns", "user", SETTING_TEXT, FIELD(dns_user), NULL},
	{"dns", "listen", SETTING_TEXT, FIELD(dns_listen), NULL},
	{"dns", "resolver", SETTING_TEXT, FIELD(dns_resolver), NULL},
	{"dns", "primary_allow", SETTING_NETWORKS, FIELD(dns_primary_allow), NULL},
	{"dns", "proof", SETTING_TEXT, FIELD(dns_proof), NULL},
	{"dns", "names", SETTING_TEXT, FIELD(dns_names), NULL},
	{"dns", "zsk_life_seconds", SETTING_U32, FIELD(dns_zsk_life_s), NULL},
	{"dns", "key_ttl_seconds", SETTING_U32, FIELD(dns_key_ttl_s), NULL},
	{"dns", "spread_seconds", SETTING_U32, FIELD(dns_spread_s), NULL},
	{"dns", "parent_wait_seconds", SETTING_U32, FIELD(dns_parent_wait_s), NULL},
	{"host", "driver", SETTING_CHOICE, FIELD(driver), " libvirt fake "},
	{"host", "libvirt_uri", SETTING_TEXT, FIELD(libvirt_uri), NULL},
	{"host", "egress", SETTING_CHOICE, FIELD(egress), " masquerade routed "},
	{"host", "dir", SETTING_TEXT, FIELD(host_dir), NULL},
	{"host", "image_sources", SETTING_TEXT, FIELD(image_sources), NULL},
	{"host", "emulation", SETTING_BOOL, FIELD(emulation), NULL},
	{"core", "console_per_user", SETTING_U32, FIELD(console_per_user), NULL},
	{"core", "console_per_server", SETTING_U32, FIELD(console_per_server), NULL},
	{"core", "console_per_address", SETTING_U32, FIELD(console_per_address), NULL},
	{"core", "console_idle_minutes", SETTING_U32, FIELD(console_idle_minutes), NULL},
	{"core", "console_life_minutes", SETTING_U32, FIELD(console_life_minutes), NULL},
	{"core", "console_history_days", SETTING_U32, FIELD(console_history_days), NULL},
	{"core", "history_days", SETTING_U32, FIELD(history_days), NULL},
	{"core", "contract_period", SETTING_CHOICE, FIELD(contract_period),
	 " anniversary calendar_month "},
	{"core", "contract_offset", SETTING_OFFSET, FIELD(contract_offset_minutes), NULL},
	{"core", "backup_percentage", SETTING_PERCENT, FIELD(backup_percentage), NULL},
	{"core", "pool_ipv4", SETTING_TEXT, FIELD(pool_ipv4), NULL},
	{"core", "pool_ipv6", SETTING_TEXT, FIELD(pool_ipv6), NULL},
#undef FIELD
};

struct loading {
	struct config *config;
	const char *path;
	struct err *err;
	int code;
};

static bool instance_is_valid(const char *text)
{
	size_t len = strlen(text);

	return len >= 1 && len <= 6 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789") == len;
}

static int level_from_name(const char *name, int *ret)
{
	static const struct {
		const char *name;
		int level;
	} levels[] = {{"error", LOG_LEVEL_ERROR},
		      {"warning", LOG_LEVEL_WARNING},
		      {"info", LOG_LEVEL_INFO},
		      {"debug", LOG_LEVEL_DEBUG}};

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (strcmp(levels[i].name, name) == 0) {
			*ret = levels[i].level;
			return 0;
		}
	return -EINVAL;
}

/* Addresses and prefixes between spaces or commas. */
static const char *take_networks(const char *value, struct config_networks *networks)
{
	static const char separators[] = " \t,";
	char word[IP_TEXT_BYTES];
	size_t len;

	networks->count = 0;
	for (;; value += len) {
		value += strspn(value, separators);
		if (*value == '\0')
			return NULL;
		len = strcspn(value, separators);
		if (networks->count == CONFIG_MAX_PROXIES)
			return "names too many";
		if (len >= sizeof word)
			return "must be addresses or prefixes";
		memcpy(word, value, len);
		word[len] = '\0';
		struct ip *ip = &networks->items[networks->count++];
		if (ip_parse(word, ip) < 0 && ip_parse_prefix(word, ip) < 0)
			return "must be addresses or prefixes";
	}
}

/* Store one value; what is wrong with it, or NULL. */
static const char *take_value(const struct setting *setting, const char *value,
			      struct config *config)
{
	void *field = (char *)config + setting->offset;
	char word[64];
	uint64_t number;

	switch (setting->kind) {
	case SETTING_TEXT:
		if (strlen(value) >= setting->size)
			return "is too long";
		memcpy(field, value, strlen(value) + 1);
		return NULL;
	case SETTING_INSTANCE:
		if (!instance_is_valid(value))
			return "must be one to six characters of a-z and 0-9";
		memcpy(field, value, strlen(value) + 1);
		return NULL;
	case SETTING_CHOICE:
		(void)snprintf(word, sizeof word, " %.60s ", value);
		/* One word: all of them in a row would be found there too, and be too long. */
		if (*value == '\0' || strchr(value, ' ') != NULL ||
		    strstr(setting->choices, word) == NULL)
			return setting->choices;
		memcpy(field, value, strlen(value) + 1);
		return NULL;
	case SETTING_LEVEL:
		return level_from_name(value, field) < 0 ? "must be error, warning, info or debug"
							 : NULL;
	case SETTING_U32:
		if (parse_u64(value, 0, UINT32_MAX, &number) < 0)
			return "must be a whole number";
		*(uint32_t *)field = (uint32_t)number;
		return NULL;
	case SETTING_BOOL:
		return parse_bool(value, field) < 0 ? "must be yes or no" : NULL;
	case SETTING_PERCENT:
		if (parse_u64(value, 0, 100, &number) < 0)
			return "must be a number from 0 to 100";
		*(uint32_t *)field = (uint32_t)number;
		return NULL;
	case SETTING_OFFSET:
		return parse_utc_offset(value, field) < 0 ? "must be like +09:00" : NULL;
	case SETTING_NETWORKS:
		return take_networks(value, field);
	default:
		return "cannot be set";
	}
}

/* inih calls this for each line; 0 makes it note the line's number. */
static int take_line(void *context, const char *section, const char *key, const char *value)
{
	struct loading *loading = context;

	if (loading->code < 0)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		if (strcmp(settings[i].section, section) != 0 || strcmp(settings[i].key, key) != 0)
			continue;
		const char *wrong = take_value(&settings[i], value, loading->config);
		if (wrong == NULL)
			return 1;
		loading->code = err_set(loading->err, ERR_INVALID_INPUT, "%s in [%s] %s%s", key,
					section, *wrong == ' ' ? "must be one of" : "", wrong);
		return 0;
	}
	loading->code = err_set(loading->err, ERR_INVALID_INPUT, "there is no setting %s in [%s]",
				key, section);
	return 0;
}

/* Programs find their neighbours beside themselves, so a build folder works as it is. */
static void default_program_dir(struct config *config)
{
	ssize_t len =
		readlink("/proc/self/exe", config->program_dir, sizeof config->program_dir - 1);
	char *slash;

	config->program_dir[len > 0 ? len : 0] = '\0';
	slash = strrchr(config->program_dir, '/');
	if (slash != NULL)
		*slash = '\0';
}

bool config_has_mail(const struct config *config)
{
	return config->mail_sender[0] != '\0' &&
	       (config->smtp_url[0] != '\0' || config->mail_drop[0] != '\0');
}

/* One line without spaces and control characters; the panel's rules for addresses are stricter. */
static bool is_address(const char *text)
{
	const char *at = strchr(text, '@');

	for (const char *c = text; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~' || strchr("<>\"(),:;\\[]", *c) != NULL)
			return false;
	return at != NULL && at != text && at[1] != '\0' && strchr(at + 1, '@') == NULL;
}

/* Half a setting would be found out by whoever waits for a mail. */
static int check_dns(const struct config *config, struct err *err)
{
	static const char *const words[] = {"no", "txt", "txt-or-delegation"};

	if (config->dns_key_ttl_s == 0)
		return err_set(err, ERR_INVALID_INPUT,
			       "key_ttl_seconds in [dns] must be at least 1");
	/* The next key would have to go before it has come. */
	if (config->dns_zsk_life_s <= 2 * ((uint64_t)config->dns_key_ttl_s + config->dns_spread_s))
		return err_set(err, ERR_INVALID_INPUT,
			       "zsk_life_seconds in [dns] must be more than twice "
			       "key_ttl_seconds and spread_seconds");
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(config->dns_proof, words[i]) == 0)
			return 0;
	return err_set(err, ERR_INVALID_INPUT,
		       "proof in [dns] must be no, txt or txt-or-delegation");
}

static int check_post(const struct config *config, struct err *err)
{
	const bool smtp = config->smtp_url[0] != '\0', drop = config->mail_drop[0] != '\0';

	if (smtp && strncmp(config->smtp_url, "smtp://", 7) != 0 &&
	    strncmp(config->smtp_url, "smtps://", 8) != 0)
		return err_set(err, ERR_INVALID_INPUT,
			       "smtp_url in [post] must be smtp://host:port or smtps://host:port");
	if (smtp && strchr(config->smtp_url, '@') != NULL)
		return err_set(err, ERR_INVALID_INPUT,
			       "smtp_url in [post] names no user: that is smtp_user, and "
			       "smtp_password_file");
	if (smtp && drop)
		return err_set(err, ERR_INVALID_INPUT,
			       "smtp_url and mail_drop in [post] exclude each other");
	if (drop && config->mail_drop[0] != '/')
		return err_set(err, ERR_INVALID_INPUT, "mail_drop in [post] must begin with /");
	if ((smtp || drop) && !is_address(config->mail_sender))
		return err_set(err, ERR_INVALID_INPUT,
			       "sender in [post] must be a mail address when mail is set up");
	if (config->mail_operator[0] != '\0' && !is_address(config->mail_operator))
		return err_set(err, ERR_INVALID_INPUT, "operator in [post] must be a mail address");
	return 0;
}

int config_load(const char *path, struct config *ret, struct err *err)
{
	struct config config = {
		.instance = "ippo",
		.state_dir = "/var/lib/ippo",
		.run_dir = "/run/ippo",
		.log_level = LOG_LEVEL_INFO,
		.listen = "[::]:8443",
		.url = "https://localhost:8443",
		.web_user = "ippo-web",
		.core_user = "ippo-core",
		.group = "ippo",
		.metrics_user = "ippo-metrics",
		.first_step_minutes = 15,
		.probe_user = "ippo-probe",
		.post_user = "ippo-post",
		.post_per_minute = 60,
		.dns_user = "ippo-dns",
		.dns_listen = "127.0.0.1:5300",
		.dns_proof = "no",
		.dns_names = "ns1.ippo.test ns2.ippo.test",
		.dns_zsk_life_s = 90 * 86400,
		.dns_key_ttl_s = 3600,
		.dns_spread_s = 3600,
		.dns_parent_wait_s = 2 * 86400,
		.rate_limit = 36000,
		.proof_minutes = 15,
		.console_per_user = 32,
		.console_per_server = 16,
		.console_per_address = 64,
		.console_idle_minutes = 60,
		.console_life_minutes = 720,
		.console_history_days = 730,
		.history_days = 730,
		.contract_period = "anniversary",
		.backup_percentage = 20,
		.driver = "libvirt",
		.libvirt_uri = "qemu:///system",
		.egress = "masquerade",
	};
	struct loading loading = {&config, path, err, 0};
	int line;

	default_program_dir(&config);
	line = path != NULL ? ini_parse(path, take_line, &loading) : 0;
	if (line == -1)
		return err_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	if (line != 0 && loading.code == 0)
		return err_set(err, ERR_INVALID_INPUT, "%s line %d is no setting", path, line);
	if (line != 0)
		return err_wrap(err, loading.code, "%s line %d", path, line);
	if ((line = check_post(&config, err)) < 0 || (line = check_dns(&config, err)) < 0)
		return err_wrap(err, line, "%s", path);
	if (config.panel_dir[0] == '\0' &&
	    (size_t)snprintf(config.panel_dir, sizeof config.panel_dir, "%.*s/panel",
			     (int)sizeof config.panel_dir - 7,
			     config.program_dir) >= sizeof config.panel_dir)
		return err_set(err, ERR_INVALID_INPUT, "program_dir is too long");
	if (config.host_dir[0] == '\0' &&
	    (size_t)snprintf(config.host_dir, sizeof config.host_dir, "%.*s/host",
			     (int)sizeof config.host_dir - 6,
			     config.state_dir) >= sizeof config.host_dir)
		return err_set(err, ERR_INVALID_INPUT, "state_dir is too long");
	*ret = config;
	return 0;
}

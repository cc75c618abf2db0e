// Security updates install themselves.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "firststep/item.h"
#include "firststep/pending_updates.h"
#include "firststep/plan.h"
#include "firststep/run.h"
#include "firststep/unit_file.h"

#define APT_FOLDER      "/etc/apt/apt.conf.d"
#define APT_DROP_IN     APT_FOLDER "/99firststep"
#define APT_REBOOT      "Unattended-Upgrade::Automatic-Reboot"
#define DNF_CONF        "/etc/dnf/automatic.conf"
#define STAMP           "/var/lib/apt/periodic/unattended-upgrades-stamp"
#define MACHINE_ID      "/etc/machine-id"
#define WEEK_SECONDS    (7 * 86400)
#define REBOOT_HOUR     3
#define APT_VALUE_BYTES 32

/* The last `KEY "value";` of a text, as Debian's own files spell it. */
static bool apt_value(const char *text, const char *key, char *out, size_t size)
{
	const size_t key_len = strlen(key);
	bool found = false;

	while (*text != '\0') {
		const size_t len = strcspn(text, "\n");
		const char *at = text + strspn(text, " \t");
		if (strncasecmp(at, key, key_len) == 0 &&
		    (at[key_len] == ' ' || at[key_len] == '\t')) {
			at += key_len;
			at += strspn(at, " \t\"");
			const size_t value_len = strcspn(at, "\";\n");
			(void)snprintf(out, size, "%.*s",
				       (int)(value_len < size ? value_len : size - 1), at);
			found = true;
		}
		text += len + (text[len] == '\n');
	}
	return found;
}

/* The value in force. */
static void read_apt_key(struct context *context, const struct tree_names *names, const char *key,
			 char value[APT_VALUE_BYTES], struct verdict *verdict)
{
	char where[320] = APT_FOLDER;

	value[0] = '\0';
	for (size_t i = 0; i < names->count; i++) {
		struct buf text CLEANUP(buf_done) = {0};
		char path[320];
		const char *dot = strrchr(names->names[i], '.');
		if (dot != NULL && strcmp(dot, ".conf") != 0) /* apt passes over .bak, .dpkg-old */
			continue;
		(void)snprintf(path, sizeof path, APT_FOLDER "/%.200s", names->names[i]);
		const int code = tree_read(&context->tree, path, &text);
		if (code < 0)
			verdict_unreadable(verdict, path, code);
		else if (apt_value(buf_str(&text), key, value, APT_VALUE_BYTES))
			memcpy(where, path, sizeof where);
	}
	verdict_add(verdict, where, "%s %s", key, value[0] != '\0' ? value : "(not set)");
}

/* "0" is never; a number of days, or "1d", or "always" (apt.systemd.daily). */
static bool check_apt_key(struct context *context, const struct tree_names *names, const char *key,
			  struct verdict *verdict)
{
	char value[APT_VALUE_BYTES];

	read_apt_key(context, names, key, value, verdict);
	return value[0] != '\0' && strcmp(value, "0") != 0;
}

/* Whether it reboots is a matter of what was chosen, if anything was. */
static void check_reboot(const struct context *context, bool reboots, struct verdict *verdict)
{
	const enum updates_policy policy = context->settings.updates;

	if ((policy == UPDATES_REBOOT && !reboots) || (policy == UPDATES_NO_REBOOT && reboots))
		verdict_fail(verdict, REASON_REBOOT_OTHER);
}

static bool is_masked(const struct tree *tree, const char *unit)
{
	char path[256], target[64];

	(void)snprintf(path, sizeof path, "/etc/systemd/system/%s", unit);
	return tree_link(tree, path, target, sizeof target) == 0 &&
	       strcmp(target, "/dev/null") == 0;
}

static void check_apt_age(struct context *context, struct verdict *verdict)
{
	struct stat stamp;

	if (tree_stat(&context->tree, STAMP, &stamp) < 0)
		return;
	const long days = (long)(time(NULL) - stamp.st_mtime) / 86400;
	verdict_add(verdict, STAMP, "last success: %ld days ago", days);
	if (context->tree.is_live && time(NULL) - stamp.st_mtime > WEEK_SECONDS)
		verdict_fail(verdict, REASON_UPDATES_STUCK);
}

static void check_apt_settings(struct context *context, struct verdict *verdict)
{
	struct tree_names names CLEANUP(tree_names_done) = {0};
	static const char *const timers[] = {"apt-daily.timer", "apt-daily-upgrade.timer"};
	char reboot[APT_VALUE_BYTES];
	bool is_on = true, reboots = false;

	if (!tree_has(&context->tree, "/usr/bin/unattended-upgrade")) {
		verdict_add(verdict, "/usr/bin/unattended-upgrade", "not installed");
		verdict_fail(verdict, REASON_NO_UPDATES);
	}
	const int code = tree_list(&context->tree, APT_FOLDER, "*", &names);
	if (code < 0) {
		verdict_unreadable(verdict, APT_FOLDER, code);
		return;
	}
	is_on &= check_apt_key(context, &names, "APT::Periodic::Update-Package-Lists", verdict);
	is_on &= check_apt_key(context, &names, "APT::Periodic::Unattended-Upgrade", verdict);
	for (size_t i = 0; i < ARRAY_SIZE(timers); i++)
		if (is_masked(&context->tree, timers[i])) {
			verdict_add(verdict, "/etc/systemd/system", "%s is masked", timers[i]);
			is_on = false;
		}
	if (!is_on)
		verdict_fail(verdict, REASON_NO_UPDATES);
	read_apt_key(context, &names, APT_REBOOT, reboot, verdict);
	(void)parse_bool(reboot, &reboots);
	check_reboot(context, reboots, verdict);
}

static void check_apt(struct context *context, struct verdict *verdict)
{
	int64_t pending;

	if (context->settings.updates != UPDATES_MANUAL) {
		check_apt_settings(context, verdict);
		check_apt_age(context, verdict);
	}
	if (pending_security_updates(&context->tree, &pending) == 0)
		verdict_add(verdict, "/var/lib/apt/lists",
			    "security updates not installed: %" PRId64, pending);
	if (tree_has(&context->tree, "/run/reboot-required"))
		verdict_add(verdict, "/run/reboot-required", "a reboot is due");
}

/* The value of a key of [commands], or NULL. Points into @values. */
static const char *dnf_value(const char *text, const char *key, struct unit_values *values)
{
	*values = (struct unit_values){0};
	(void)unit_file_parse(DNF_CONF, text, "commands", key, values);
	const struct unit_value *last = unit_file_last(values);
	return last != NULL ? last->value : NULL;
}

static void check_dnf(struct context *context, struct verdict *verdict)
{
	static const char *const timers[] = {"dnf-automatic-install.timer", "dnf-automatic.timer",
					     "dnf5-automatic.timer"};
	struct unit_values *values AUTO_FREE = calloc(1, sizeof *values);
	struct buf text CLEANUP(buf_done) = {0};
	char path[320];
	bool applies = false, is_on = false, reboots = false;

	if (values != NULL && tree_read(&context->tree, DNF_CONF, &text) == 0) {
		const char *value = dnf_value(buf_str(&text), "apply_updates", values);
		const bool is_set = value != NULL && parse_bool(value, &applies) == 0;
		verdict_add(verdict, DNF_CONF, "apply_updates = %s", is_set ? value : "(not set)");
		value = dnf_value(buf_str(&text), "reboot", values);
		reboots = value != NULL && strcmp(value, "never") != 0;
		verdict_add(verdict, DNF_CONF, "reboot = %s", value != NULL ? value : "(not set)");
	} else {
		verdict_add(verdict, DNF_CONF, "not there");
	}
	for (size_t i = 0; i < ARRAY_SIZE(timers); i++) {
		if (!unit_is_enabled(&context->tree, timers[i], path, sizeof path))
			continue;
		verdict_add(verdict, path, "enabled");
		is_on = true;
		applies |= i == 0; /* this one installs whatever the file says */
	}
	if (!is_on)
		verdict_add(verdict, "/etc/systemd/system", "no timer is enabled");
	if (!is_on || !applies)
		verdict_fail(verdict, REASON_NO_UPDATES);
	check_reboot(context, reboots, verdict);
}

static void check(struct context *context, struct verdict *verdict)
{
	if (context->settings.updates == UPDATES_MANUAL) {
		verdict_add(verdict, SETTINGS_PATH, "updates = manual");
		verdict_doubt(verdict, REASON_UPDATES_BY_HAND);
	}
	if (context->family == FAMILY_RHEL && context->settings.updates != UPDATES_MANUAL)
		check_dnf(context, verdict);
	else if (context->family == FAMILY_RHEL)
		return;
	else if (context->family == FAMILY_DEBIAN)
		check_apt(context, verdict);
	else {
		verdict_add(verdict, "/etc/os-release", "%s: neither apt nor dnf",
			    context->os[0] != '\0' ? context->os : "no name");
		verdict_doubt(verdict, REASON_NO_SUCH_PART);
	}
}

static const char *const *missing(struct context *context)
{
	static const char *const debian[] = {"unattended-upgrades", "needrestart", NULL};
	static const char *const rhel[] = {"dnf-automatic", NULL};

	if (context->settings.updates == UPDATES_MANUAL)
		return NULL; /* nothing has to be there */
	if (context->family == FAMILY_DEBIAN)
		return tree_has(&context->tree, "/usr/bin/unattended-upgrade") ? NULL : debian;
	return context->family != FAMILY_RHEL || tree_has(&context->tree, DNF_CONF) ? NULL : rhel;
}

/* `key = value` in the section [commands]; the rest stays. */
static void set_command(const char *text, const char *key, const char *value, struct buf *out)
{
	const size_t key_len = strlen(key);
	bool done = false, in_commands = false;

	while (*text != '\0') {
		const size_t len = strcspn(text, "\n");
		const char *after =
			text + key_len + strspn(text + (len < key_len ? len : key_len), " \t");
		if (*text == '[') {
			if (in_commands && !done) {
				(void)buf_printf(out, "%s = %s\n", key, value);
				done = true;
			}
			in_commands = strncmp(text, "[commands]", 10) == 0;
		}
		if (in_commands && len > key_len && strncmp(text, key, key_len) == 0 &&
		    *after == '=') {
			if (!done)
				(void)buf_printf(out, "%s = %s\n", key, value);
			done = true;
		} else {
			(void)buf_append(out, text, len);
			(void)buf_putc(out, '\n');
		}
		text += len + (text[len] == '\n');
	}
	if (!done)
		(void)buf_printf(out, "%s%s = %s\n", in_commands ? "" : "[commands]\n", key, value);
}

/* Not all servers of a host in the same minute. */
static unsigned reboot_minute(const struct tree *tree)
{
	struct buf id CLEANUP(buf_done) = {0};
	unsigned sum = 0;

	if (tree_read(tree, MACHINE_ID, &id) < 0)
		return 0;
	for (const char *at = buf_str(&id); *at != '\0'; at++)
		sum = sum * 31 + (unsigned char)*at;
	return sum % 60;
}

static int plan_dnf(struct context *context, struct plan *changes, struct err *err)
{
	const enum updates_policy policy = context->settings.updates;
	static const char installs[] = "dnf-automatic-install.timer";
	struct buf text CLEANUP(buf_done) = {0};
	char path[320], command[96];
	const struct {
		const char *key;
		const char *value;
	} wanted[] = {
		{"apply_updates", policy == UPDATES_MANUAL ? "no" : "yes"},
		{"reboot", policy == UPDATES_REBOOT ? "when-needed" : "never"},
		{"reboot_command", command},
	};
	const size_t count = policy == UPDATES_UNSAID   ? 1
			     : policy == UPDATES_REBOOT ? ARRAY_SIZE(wanted)
							: 2;

	(void)snprintf(command, sizeof command,
		       "\"shutdown -r %02d:%02u 'after security updates'\"", REBOOT_HOUR,
		       reboot_minute(&context->tree));
	if (tree_read(&context->tree, DNF_CONF, &text) < 0)
		return policy == UPDATES_MANUAL
			       ? 0
			       : err_set(err, ERR_UNSUPPORTED,
					 "install it first: dnf install dnf-automatic");
	for (size_t i = 0; i < count; i++) {
		struct buf changed = {0};
		set_command(buf_str(&text), wanted[i].key, wanted[i].value, &changed);
		buf_done(&text);
		text = changed;
	}
	int code = plan_write(changes, DNF_CONF, &text, 0644, err);
	if (code == 0 && policy == UPDATES_MANUAL &&
	    unit_is_enabled(&context->tree, installs, path, sizeof path))
		code = plan_remove(changes, path, err); /* it installs whatever the file says */
	return code < 0 ? code : plan_enable(changes, "dnf-automatic.timer", "timers.target", err);
}

/* By hand means that the lists are still fetched: how many updates wait is then known. */
static void apt_text(const struct context *context, struct buf *out)
{
	const enum updates_policy policy = context->settings.updates;

	(void)buf_puts(out,
		       policy == UPDATES_MANUAL
			       ? "// firststep: updates are installed by hand, as was chosen.\n"
			       : "// firststep: security updates install themselves, every day.\n");
	(void)buf_printf(out,
			 "APT::Periodic::Update-Package-Lists \"1\";\n"
			 "APT::Periodic::Unattended-Upgrade \"%d\";\n",
			 policy != UPDATES_MANUAL);
	if (policy == UPDATES_REBOOT)
		(void)buf_printf(out, APT_REBOOT " \"true\";\n" APT_REBOOT "-Time \"%02d:%02u\";\n",
				 REBOOT_HOUR, reboot_minute(&context->tree));
	else if (policy == UPDATES_NO_REBOOT)
		(void)buf_puts(out, APT_REBOOT " \"false\";\n");
}

static int plan(struct context *context, struct plan *changes, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};

	if (context->family == FAMILY_RHEL)
		return plan_dnf(context, changes, err);
	if (context->family != FAMILY_DEBIAN)
		return err_set(err, ERR_UNSUPPORTED, "neither apt nor dnf");
	if (context->settings.updates != UPDATES_MANUAL &&
	    !tree_has(&context->tree, "/usr/bin/unattended-upgrade"))
		return err_set(err, ERR_UNSUPPORTED,
			       "install it first: apt install unattended-upgrades needrestart");
	apt_text(context, &text);
	return plan_write(changes, APT_DROP_IN, &text, 0644, err);
}

static int apply(struct context *context, struct err *err)
{
	static const char *const reload[] = {"systemctl", "daemon-reload", NULL};
	static const char *const start[] = {"systemctl", "start", "dnf-automatic.timer", NULL};

	if (context->family != FAMILY_RHEL)
		return 0;
	static const char *const stop[] = {"systemctl", "stop", "dnf-automatic-install.timer",
					   NULL};

	struct err unheard = {0};

	if (!tree_has(&context->tree, DNF_CONF))
		return 0;
	const int code = run_service(reload, err);
	/* It may never have been there. */
	if (code == 0 && context->settings.updates == UPDATES_MANUAL)
		(void)run_service(stop, &unheard);
	return code < 0 ? code : run_service(start, err);
}

const struct item item_updates = {
	.id = "updates",
	.en = "Security updates install themselves",
	.ja = "セキュリティ更新が自動で適用される",
	.check = check,
	.missing = missing,
	.plan = plan,
	.apply = apply,
};

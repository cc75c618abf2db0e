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

#define APT_FOLDER   "/etc/apt/apt.conf.d"
#define APT_DROP_IN  APT_FOLDER "/99firststep"
#define DNF_CONF     "/etc/dnf/automatic.conf"
#define STAMP        "/var/lib/apt/periodic/unattended-upgrades-stamp"
#define WEEK_SECONDS (7 * 86400)

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

/* "0" is never; a number of days, or "1d", or "always" (apt.systemd.daily). */
static bool check_apt_key(struct context *context, const struct tree_names *names, const char *key,
			  struct verdict *verdict)
{
	char value[32] = "", where[320] = APT_FOLDER;

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
		else if (apt_value(buf_str(&text), key, value, sizeof value))
			memcpy(where, path, sizeof where);
	}
	verdict_add(verdict, where, "%s %s", key, value[0] != '\0' ? value : "(not set)");
	return value[0] != '\0' && strcmp(value, "0") != 0;
}

static bool is_masked(const struct tree *tree, const char *unit)
{
	char path[256], target[64];

	(void)snprintf(path, sizeof path, "/etc/systemd/system/%s", unit);
	return tree_link(tree, path, target, sizeof target) == 0 &&
	       strcmp(target, "/dev/null") == 0;
}

static void check_apt(struct context *context, struct verdict *verdict)
{
	struct tree_names names CLEANUP(tree_names_done) = {0};
	static const char *const timers[] = {"apt-daily.timer", "apt-daily-upgrade.timer"};
	struct stat stamp;
	int64_t pending;
	bool is_on = true;

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
	if (tree_stat(&context->tree, STAMP, &stamp) == 0) {
		const long days = (long)(time(NULL) - stamp.st_mtime) / 86400;
		verdict_add(verdict, STAMP, "last success: %ld days ago", days);
		if (context->tree.is_live && time(NULL) - stamp.st_mtime > WEEK_SECONDS)
			verdict_fail(verdict, REASON_UPDATES_STUCK);
	}
	if (pending_security_updates(&context->tree, &pending) == 0)
		verdict_add(verdict, "/var/lib/apt/lists",
			    "security updates not installed: %" PRId64, pending);
	if (tree_has(&context->tree, "/run/reboot-required"))
		verdict_add(verdict, "/run/reboot-required", "a reboot is due");
}

static void check_dnf(struct context *context, struct verdict *verdict)
{
	static const char *const timers[] = {"dnf-automatic-install.timer", "dnf-automatic.timer",
					     "dnf5-automatic.timer"};
	struct unit_values *values AUTO_FREE = calloc(1, sizeof *values);
	struct buf text CLEANUP(buf_done) = {0};
	char path[320];
	bool applies = false, is_on = false;

	if (values != NULL && tree_read(&context->tree, DNF_CONF, &text) == 0) {
		(void)unit_file_parse(DNF_CONF, buf_str(&text), "commands", "apply_updates",
				      values);
		const struct unit_value *last = unit_file_last(values);
		const bool is_set = last != NULL && parse_bool(last->value, &applies) == 0;
		verdict_add(verdict, DNF_CONF, "apply_updates = %s",
			    is_set ? last->value : "(not set)");
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
}

static void check(struct context *context, struct verdict *verdict)
{
	if (context->family == FAMILY_RHEL)
		check_dnf(context, verdict);
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

	if (context->family == FAMILY_DEBIAN)
		return tree_has(&context->tree, "/usr/bin/unattended-upgrade") ? NULL : debian;
	return context->family != FAMILY_RHEL || tree_has(&context->tree, DNF_CONF) ? NULL : rhel;
}

/* dnf's file with apply_updates = yes; the rest stays. */
static int plan_dnf(struct context *context, struct plan *changes, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0}, changed CLEANUP(buf_done) = {0};
	bool done = false;

	if (tree_read(&context->tree, DNF_CONF, &text) < 0)
		return err_set(err, ERR_UNSUPPORTED, "install it first: dnf install dnf-automatic");
	for (const char *at = buf_str(&text); *at != '\0';) {
		const size_t len = strcspn(at, "\n");
		if (strncmp(at, "apply_updates", 13) == 0) {
			(void)buf_puts(&changed, "apply_updates = yes\n");
			done = true;
		} else {
			(void)buf_append(&changed, at, len);
			(void)buf_putc(&changed, '\n');
			if (strncmp(at, "[commands]", 10) == 0 &&
			    strstr(buf_str(&text), "\napply_updates") == NULL) {
				(void)buf_puts(&changed, "apply_updates = yes\n");
				done = true;
			}
		}
		at += len + (at[len] == '\n');
	}
	if (!done)
		(void)buf_puts(&changed, "[commands]\napply_updates = yes\n");
	const int code = plan_write(changes, DNF_CONF, &changed, 0644, err);
	return code < 0 ? code : plan_enable(changes, "dnf-automatic.timer", "timers.target", err);
}

static int plan(struct context *context, struct plan *changes, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};

	if (context->family == FAMILY_RHEL)
		return plan_dnf(context, changes, err);
	if (context->family != FAMILY_DEBIAN)
		return err_set(err, ERR_UNSUPPORTED, "neither apt nor dnf");
	if (!tree_has(&context->tree, "/usr/bin/unattended-upgrade"))
		return err_set(err, ERR_UNSUPPORTED,
			       "install it first: apt install unattended-upgrades needrestart");
	(void)buf_puts(&text, "// firststep: security updates install themselves, every day.\n"
			      "APT::Periodic::Update-Package-Lists \"1\";\n"
			      "APT::Periodic::Unattended-Upgrade \"1\";\n");
	return plan_write(changes, APT_DROP_IN, &text, 0644, err);
}

static int apply(struct context *context, struct err *err)
{
	static const char *const reload[] = {"systemctl", "daemon-reload", NULL};
	static const char *const start[] = {"systemctl", "start", "dnf-automatic.timer", NULL};

	if (context->family != FAMILY_RHEL)
		return 0;
	const int code = run_service(reload, err);
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

// The clock is right.
#include <errno.h>
#include <stdio.h>
#include <sys/timex.h>

#include "base/cleanup.h"
#include "firststep/item.h"
#include "firststep/plan.h"
#include "firststep/run.h"
#include "firststep/unit_file.h"

static const char *const services[] = {"chrony.service", "chronyd.service",
				       "systemd-timesyncd.service", "ntpsec.service",
				       "ntp.service"};

static void check(struct context *context, struct verdict *verdict)
{
	char path[320];
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(services); i++)
		if (unit_is_enabled(&context->tree, services[i], path, sizeof path)) {
			verdict_add(verdict, path, "enabled");
			found = true;
		}
	if (context->tree.is_live) {
		struct timex now = {0};
		const int state = adjtimex(&now);
		const bool is_right =
			state >= 0 && state != TIME_ERROR && (now.status & STA_UNSYNC) == 0;
		verdict_add(verdict, "adjtimex", is_right ? "synchronised" : "not synchronised");
		if (!is_right && found)
			verdict_fail(verdict, REASON_TIME_WRONG);
	}
	if (!found) {
		verdict_add(verdict, "/etc/systemd/system",
			    "neither chrony nor timesyncd is enabled");
		verdict_fail(verdict, REASON_NO_TIME_SERVICE);
	}
}

static const char *const *missing(struct context *context)
{
	static const char *const chrony[] = {"chrony", NULL};
	static const char *const folders[] = {"/usr/lib/systemd/system", "/lib/systemd/system"};
	char path[320];

	for (size_t i = 0; i < ARRAY_SIZE(services); i++)
		for (size_t j = 0; j < ARRAY_SIZE(folders); j++) {
			(void)snprintf(path, sizeof path, "%s/%s", folders[j], services[i]);
			if (tree_has(&context->tree, path))
				return NULL;
		}
	return context->family != FAMILY_OTHER ? chrony : NULL;
}

static int plan(struct context *context, struct plan *changes, struct err *err)
{
	char path[320];

	for (size_t i = 0; i < ARRAY_SIZE(services); i++)
		if (unit_is_enabled(&context->tree, services[i], path, sizeof path))
			return 0;
	if (tree_has(&context->tree, "/usr/lib/systemd/system/chrony.service") ||
	    tree_has(&context->tree, "/lib/systemd/system/chrony.service"))
		return plan_enable(changes, "chrony.service", "multi-user.target", err);
	if (tree_has(&context->tree, "/usr/lib/systemd/system/chronyd.service"))
		return plan_enable(changes, "chronyd.service", "multi-user.target", err);
	if (tree_has(&context->tree, "/usr/lib/systemd/system/systemd-timesyncd.service") ||
	    tree_has(&context->tree, "/lib/systemd/system/systemd-timesyncd.service"))
		return plan_enable(changes, "systemd-timesyncd.service", "sysinit.target", err);
	return err_set(err, ERR_UNSUPPORTED, "install chrony first: %s install chrony",
		       context->family == FAMILY_RHEL ? "dnf" : "apt");
}

static int apply(struct context *context, struct err *err)
{
	char path[320];
	static const char *const reload[] = {"systemctl", "daemon-reload", NULL};

	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		const char *const start[] = {"systemctl", "start", services[i], NULL};
		if (!unit_is_enabled(&context->tree, services[i], path, sizeof path))
			continue;
		const int code = run_service(reload, err);
		return code < 0 ? code : run_service(start, err);
	}
	return 0;
}

const struct item item_time = {
	.id = "time",
	.en = "The clock is right",
	.ja = "時刻が正しい",
	.check = check,
	.missing = missing,
	.plan = plan,
	.apply = apply,
};

// Logs are kept on disk, and for long enough.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "firststep/item.h"
#include "firststep/plan.h"
#include "firststep/run.h"
#include "firststep/span.h"
#include "firststep/unit_file.h"

#define DROP_IN       "/etc/systemd/journald.conf.d/90-firststep.conf"
#define DAY_SECONDS   86400
#define MONTH_SECONDS 2629800

static int value_of(struct context *context, const char *key, struct verdict *verdict, char *out,
		    size_t size)
{
	struct unit_values *values AUTO_FREE = calloc(1, sizeof *values);
	const int code = values == NULL ? -1
					: unit_file_load(&context->tree, "journald.conf", "Journal",
							 key, values);

	out[0] = '\0';
	if (code < 0) {
		verdict_unreadable(verdict, "/etc/systemd/journald.conf", code);
		return code;
	}
	const struct unit_value *last = unit_file_last(values);
	if (last != NULL) {
		(void)snprintf(out, size, "%.60s", last->value);
		verdict_add(verdict, last->file, "%s=%s", key, out);
	} else {
		verdict_add(verdict, "/etc/systemd/journald.conf", "%s (not set)", key);
	}
	return 0;
}

static void check(struct context *context, struct verdict *verdict)
{
	char storage[64], retention[64], size[64];
	uint64_t seconds;

	if (value_of(context, "Storage", verdict, storage, sizeof storage) < 0 ||
	    value_of(context, "MaxRetentionSec", verdict, retention, sizeof retention) < 0 ||
	    value_of(context, "SystemMaxUse", verdict, size, sizeof size) < 0)
		return;
	const bool is_auto = storage[0] == '\0' || strcmp(storage, "auto") == 0;
	if (is_auto)
		verdict_add(verdict, "/var/log/journal",
			    tree_has(&context->tree, "/var/log/journal") ? "there" : "not there");
	if (strcmp(storage, "persistent") != 0 &&
	    !(is_auto && tree_has(&context->tree, "/var/log/journal")))
		verdict_fail(verdict, REASON_LOGS_IN_MEMORY);
	if (retention[0] == '\0' || size[0] == '\0' || span_parse(retention, &seconds) < 0)
		verdict_fail(verdict, REASON_LOGS_UNDECIDED);
	else if (seconds != 0 && seconds < (uint64_t)context->settings.log_days * DAY_SECONDS)
		verdict_fail(verdict, REASON_LOGS_SHORT);
}

static int plan(struct context *context, struct plan *changes, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};

	(void)buf_printf(
		&text,
		"# firststep: logs survive a reboot, for a known time and in known space.\n"
		"[Journal]\nStorage=persistent\nMaxRetentionSec=%uday\nSystemMaxUse=%uM\n",
		context->settings.log_days, context->settings.log_max_mib);
	return plan_write(changes, DROP_IN, &text, 0644, err);
}

static int apply(struct context *context, struct err *err)
{
	static const char *const restart[] = {"systemctl", "restart", "systemd-journald", NULL};

	return run_service(restart, err);
}

const struct item item_logs = {
	.id = "logs",
	.en = "Logs are kept on disk, and long enough",
	.ja = "ログがディスクに十分な期間残る",
	.check = check,
	.plan = plan,
	.apply = apply,
};

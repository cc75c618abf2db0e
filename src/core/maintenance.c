#include "core/maintenance.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "store/store_setting.h"

/* "SINCE-MS REASON" */
#define SETTING "host.maintenance"

int maintenance_get(struct store *store, struct maintenance *ret, struct err *err)
{
	AUTO_FREE char *text = NULL;
	uint64_t since;
	char *space;
	int code = store_setting_get(store, SETTING, &text, err);

	if (code == ERR_NOT_FOUND) {
		*ret = (struct maintenance){0};
		return 0;
	}
	if (code < 0)
		return code;
	if ((space = strchr(text, ' ')) == NULL)
		return err_set(err, ERR_CORRUPT, "the setting %s is damaged", SETTING);
	*space = '\0';
	if (parse_u64(text, 1, INT64_MAX, &since) < 0)
		return err_set(err, ERR_CORRUPT, "the setting %s is damaged", SETTING);
	*ret = (struct maintenance){.on = true, .since_ms = (int64_t)since};
	(void)snprintf(ret->reason, sizeof ret->reason, "%s", space + 1);
	return 0;
}

int maintenance_set(struct store *store, const char *reason, int64_t now_ms, struct err *err)
{
	char text[MAINTENANCE_REASON_BYTES + 24];
	struct maintenance before;
	int code;

	if (reason == NULL)
		return store_setting_set(store, SETTING, NULL, err);
	if ((code = maintenance_get(store, &before, err)) < 0)
		return code;
	(void)snprintf(text, sizeof text, "%" PRId64 " %s", before.on ? before.since_ms : now_ms,
		       reason);
	return store_setting_set(store, SETTING, text, err);
}

int maintenance_check(struct store *store, struct err *err)
{
	struct maintenance now;
	int code = maintenance_get(store, &now, err);

	if (code < 0 || !now.on)
		return code;
	return err_set(err, ERR_MAINTENANCE,
		       "no new servers are made during maintenance: %s; servers that exist go on",
		       now.reason);
}

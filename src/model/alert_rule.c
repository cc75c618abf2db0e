#include "model/alert_rule.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define MINUTE_S       60
#define NS_PER_PERCENT 10000000
#define HALF_MINUTE_S  30

void alert_rule_done(struct alert_rule *rule)
{
	if (rule->secret != NULL)
		explicit_bzero(rule->secret, strlen(rule->secret));
	free(rule->selector);
	free(rule->webhook);
	free(rule->secret);
	*rule = (struct alert_rule){0};
}

static const char *const kinds[] = {
	[ALERT_METRIC] = "metric",
	[ALERT_STOPPED_UNEXPECTEDLY] = "stopped_unexpectedly",
	[ALERT_STOPPED_ITSELF] = "stopped_itself",
};
static const char *const metrics[] = {
	[ALERT_CPU] = "cpu",
	[ALERT_MEMORY_USED] = "memory_used",
	[ALERT_DISK_USED] = "disk_used",
	[ALERT_DISK_READ] = "disk_read",
	[ALERT_DISK_WRITE] = "disk_write",
	[ALERT_NETWORK_IN] = "network_in",
	[ALERT_NETWORK_OUT] = "network_out",
};
static const char *const comparisons[] = {[ALERT_ABOVE] = "above", [ALERT_BELOW] = "below"};
static const char *const ends[] = {
	[ALERT_OPEN] = "open",
	[ALERT_CLEARED] = "cleared",
	[ALERT_NOT_MEASURED] = "not_measured",
	[ALERT_RULE_CHANGED] = "rule_changed",
	[ALERT_SERVER_DELETED] = "server_gone",
};

static const char *name_of(const char *const *names, size_t count, unsigned at)
{
	return at < count && names[at] != NULL ? names[at] : "";
}

static int parse(const char *const *names, size_t count, const char *text, unsigned *ret)
{
	for (unsigned i = 1; i < count; i++) {
		if (strcmp(names[i], text) == 0) {
			*ret = i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *alert_kind_name(enum alert_kind kind)
{
	return name_of(kinds, ARRAY_SIZE(kinds), kind);
}

int alert_kind_parse(const char *text, enum alert_kind *ret)
{
	unsigned at;
	int code = parse(kinds, ARRAY_SIZE(kinds), text, &at);

	if (code == 0)
		*ret = (enum alert_kind)at;
	return code;
}

const char *alert_metric_name(enum alert_metric metric)
{
	return name_of(metrics, ARRAY_SIZE(metrics), metric);
}

int alert_metric_parse(const char *text, enum alert_metric *ret)
{
	unsigned at;
	int code = parse(metrics, ARRAY_SIZE(metrics), text, &at);

	if (code == 0)
		*ret = (enum alert_metric)at;
	return code;
}

const char *alert_comparison_name(enum alert_comparison comparison)
{
	return name_of(comparisons, ARRAY_SIZE(comparisons), comparison);
}

int alert_comparison_parse(const char *text, enum alert_comparison *ret)
{
	unsigned at;
	int code = parse(comparisons, ARRAY_SIZE(comparisons), text, &at);

	if (code == 0)
		*ret = (enum alert_comparison)at;
	return code;
}

const char *alert_end_name(enum alert_end end)
{
	return name_of(ends, ARRAY_SIZE(ends), end);
}

static int check_metric(const struct alert_rule *rule, const char **ret_field, struct err *err)
{
	*ret_field = "metric";
	if (rule->metric < ALERT_CPU || rule->metric > ALERT_METRIC_LAST)
		return err_set(err, ERR_INVALID_INPUT, "a rule of kind metric needs a metric");
	*ret_field = "comparison";
	if (rule->comparison != ALERT_ABOVE && rule->comparison != ALERT_BELOW)
		return err_set(err, ERR_INVALID_INPUT, "must be above or below");
	*ret_field = "threshold";
	if (rule->threshold < 0 || rule->threshold > ALERT_THRESHOLD_MAX)
		return err_set(err, ERR_INVALID_INPUT, "must be a whole number from 0 to %lld",
			       (long long)ALERT_THRESHOLD_MAX);
	if (rule->threshold == 0 && rule->comparison == ALERT_BELOW)
		return err_set(err, ERR_INVALID_INPUT, "nothing is below 0");
	*ret_field = "minutes";
	if (rule->minutes < 1 || rule->minutes > ALERT_MINUTES_MAX)
		return err_set(err, ERR_INVALID_INPUT, "must be a whole number from 1 to %d",
			       ALERT_MINUTES_MAX);
	return 0;
}

int alert_rule_check(const struct alert_rule *rule, const char **ret_field, struct err *err)
{
	int code;

	*ret_field = "webhook_url";
	if (rule->webhook != NULL && (code = post_check_url(rule->webhook, err)) < 0)
		return code;
	if (rule->kind == ALERT_METRIC)
		return check_metric(rule, ret_field, err);
	*ret_field = "kind";
	if (rule->kind != ALERT_STOPPED_UNEXPECTEDLY && rule->kind != ALERT_STOPPED_ITSELF)
		return err_set(err, ERR_INVALID_INPUT,
			       "must be metric, stopped_unexpectedly or stopped_itself");
	*ret_field = rule->metric != 0       ? "metric"
		     : rule->comparison != 0 ? "comparison"
		     : rule->threshold != 0  ? "threshold"
					     : "minutes";
	if (rule->metric != 0 || rule->comparison != 0 || rule->threshold != 0 ||
	    rule->minutes != 0)
		return err_set(err, ERR_INVALID_INPUT, "only a rule of kind metric has it");
	return 0;
}

bool alert_rule_value(enum alert_metric metric, const struct alert_samples *samples, int64_t *ret)
{
	uint64_t value = samples->now;

	if (samples->now_s == 0 || value == UINT64_MAX)
		return false;
	if (metric != ALERT_MEMORY_USED && metric != ALERT_DISK_USED) {
		if (samples->before_s == 0 || samples->before == UINT64_MAX ||
		    samples->now_s <= samples->before_s ||
		    samples->now_s - samples->before_s > ALERT_GAP_MAX_S || value < samples->before)
			return false;
		value = (value - samples->before) / (samples->now_s - samples->before_s);
		if (metric == ALERT_CPU)
			value /= NS_PER_PERCENT;
	}
	if (value > INT64_MAX)
		return false;
	*ret = (int64_t)value;
	return true;
}

enum alert_change alert_rule_step(const struct alert_rule *rule, struct alert_watch *watch,
				  bool known, int64_t value, uint32_t now_s,
				  enum alert_end *ret_end)
{
	const bool holds = known && (rule->comparison == ALERT_ABOVE ? value > rule->threshold
								     : value < rule->threshold);

	if (holds == watch->open) { /* nothing speaks for a change */
		watch->since_s = 0;
		watch->measured = false;
		return ALERT_STAYS;
	}
	if (watch->since_s == 0) {
		watch->since_s = now_s > MINUTE_S ? now_s - MINUTE_S : 1;
		watch->measured = false;
	}
	watch->measured = watch->measured || known;
	/* Sweeps are a minute apart, a little more or less. */
	if (now_s - watch->since_s + HALF_MINUTE_S < rule->minutes * MINUTE_S)
		return ALERT_STAYS;
	watch->since_s = 0;
	watch->open = !watch->open;
	*ret_end = watch->measured ? ALERT_CLEARED : ALERT_NOT_MEASURED;
	return watch->open ? ALERT_OPENS : ALERT_ENDS;
}

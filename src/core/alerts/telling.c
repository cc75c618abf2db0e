#include "core/alerts/telling.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/api/request.h"

static const struct words {
	const char *metrics[ALERT_METRIC_LAST + 1];
	const char *units[ALERT_METRIC_LAST + 1];
	const char *kinds[ALERT_STOPPED_ITSELF + 1];
} japanese =
	{
		.metrics = {"", "CPU", "メモリ使用量", "ディスク使用量", "ディスク読み込み",
			    "ディスク書き込み", "受信", "送信"},
		.units = {"", "%", "バイト", "バイト", "バイト/秒", "バイト/秒", "バイト/秒",
			  "バイト/秒"},
		.kinds = {"", "", "予期しない停止", "サーバー内からの停止"},
},
  english = {
	  .metrics = {"", "CPU", "memory used", "disk used", "disk reads", "disk writes",
		      "network in", "network out"},
	  .units = {"", "percent", "bytes", "bytes", "bytes/s", "bytes/s", "bytes/s", "bytes/s"},
	  .kinds = {"", "", "stopped unexpectedly", "stopped from the inside"},
};

const char *telling_event(const struct alert *alert)
{
	return alert->ended_ms == 0 ? "alert.opened" : "alert.ended";
}

static json_t *word(const char *text)
{
	return *text != '\0' ? json_string(text) : json_null();
}

static json_t *number(bool there, int64_t value)
{
	return there ? json_integer((json_int_t)value) : json_null();
}

json_t *telling_json(const struct alert *alert)
{
	const bool is_metric = alert->kind == ALERT_METRIC;

	return json_pack(
		"{s:I, s:I, s:{s:I, s:s}, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "id",
		(json_int_t)alert->id, "rule", (json_int_t)alert->rule_id, "server", "id",
		(json_int_t)alert->server_id, "name", alert->server_name, "kind",
		alert_kind_name(alert->kind), "metric", word(alert_metric_name(alert->metric)),
		"comparison", word(alert_comparison_name(alert->comparison)), "threshold",
		number(is_metric, alert->threshold), "minutes", number(is_metric, alert->minutes),
		"value", number(alert->value >= 0, alert->value), "status",
		alert->ended_ms == 0 ? "open" : "ended", "reason",
		alert->ended_ms == 0 ? json_null() : json_string(alert_end_name(alert->end)),
		"opened", json_time(alert->opened_ms), "ended", json_time(alert->ended_ms));
}

char *telling_webhook(const struct alert *alert)
{
	json_t *body = json_pack("{s:s, s:o}", "event", telling_event(alert), "alert",
				 telling_json(alert));
	char *text = json_dumps(body, JSON_COMPACT);

	json_decref(body);
	return text;
}

static void add_condition(const struct alert *alert, bool ja, struct buf *out)
{
	const struct words *words = ja ? &japanese : &english;

	if (alert->kind != ALERT_METRIC) {
		(void)buf_puts(out, words->kinds[alert->kind]);
		return;
	}
	if (ja)
		(void)buf_printf(out, "%sが%" PRId64 " %s%sの状態が%u分以上",
				 words->metrics[alert->metric], alert->threshold,
				 words->units[alert->metric],
				 alert->comparison == ALERT_ABOVE ? "超" : "未満", alert->minutes);
	else
		(void)buf_printf(out, "%s %s %" PRId64 " %s for %u min",
				 words->metrics[alert->metric],
				 alert_comparison_name(alert->comparison), alert->threshold,
				 words->units[alert->metric], alert->minutes);
}

void telling_mail(const struct alert *alert, const char *language, const char *url,
		  struct buf *subject, struct buf *body)
{
	const bool ja = strcmp(language, "en") != 0, ended = alert->ended_ms != 0;
	const struct words *words = ja ? &japanese : &english;
	char opened[CLOCK_TEXT_BYTES], over[CLOCK_TEXT_BYTES];

	clock_format(alert->opened_ms, opened);
	clock_format(alert->ended_ms, over);
	(void)buf_printf(subject, "[%s] %.63s: %s",
			 ja ? (ended ? "アラート終了" : "アラート")
			    : (ended ? "alert ended" : "alert"),
			 alert->server_name,
			 alert->kind == ALERT_METRIC ? words->metrics[alert->metric]
						     : words->kinds[alert->kind]);
	(void)buf_printf(body, ja ? "サーバー: %s\n" : "Server: %s\n", alert->server_name);
	(void)buf_puts(body, ja ? "条件: " : "Condition: ");
	add_condition(alert, ja, body);
	if (!ended && alert->value >= 0)
		(void)buf_printf(body,
				 ja ? "\n測定値: %" PRId64 " %s" : "\nMeasured: %" PRId64 " %s",
				 alert->value, words->units[alert->metric]);
	(void)buf_printf(body, ja ? "\n発生: %s\n" : "\nOpened: %s\n", opened);
	if (ended)
		(void)buf_printf(body, ja ? "終了: %s\n" : "Ended: %s\n", over);
	(void)buf_printf(body, "\n%s/#/alerts\n\n-- \nIppo\n", url);
}

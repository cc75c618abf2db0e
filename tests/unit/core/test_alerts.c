// Alerts over sweeps: opened and ended once, also when core is killed, and what 20,000 servers
// cost.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../store/fixture.h"
#include "base/cleanup.h"
#include "core/alerts/alerts.h"
#include "core/alerts/telling.h"
#include "core/events.h"
#include "store/store_alert.h"
#include "store/store_history.h"

#define MANY    20000
#define BEGAN_S UINT32_C(1700000000)

static struct core core;

static void begin(struct fixture *fixture)
{
	static struct config config;

	core = (struct core){.store = fixture->store, .config = &config};
	assert_int_equal(uv_loop_init(&core.loop), 0);
	assert_ok(events_new(&core, &core.events, ERR));
	assert_ok(alerts_new(&core, &core.alerts, ERR));
}

static void close_handle(uv_handle_t *handle, void *context)
{
	(void)context;
	uv_close(handle, NULL);
}

/* As a core that ends, or that is killed: nothing but the database is left. */
static void end(void)
{
	uv_walk(&core.loop, close_handle, NULL);
	(void)uv_run(&core.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&core.loop), 0);
	alerts_free(core.alerts);
	events_free(core.events);
}

static uint64_t rule(struct fixture *fixture, uint64_t server_id, int64_t threshold,
		     uint32_t minutes)
{
	struct alert_rule rule = {.customer_id = 1,
				  .server_id = server_id,
				  .kind = ALERT_METRIC,
				  .metric = ALERT_CPU,
				  .comparison = ALERT_ABOVE,
				  .threshold = threshold,
				  .minutes = minutes,
				  .created_ms = FIXTURE_NOW_MS};

	assert_ok(store_alert_rule_insert(fixture->store, &rule, ERR));
	return rule.id;
}

static uint64_t open_now(struct fixture *fixture)
{
	uint64_t count = 0;

	assert_ok(store_alert_count_open(fixture->store, 1, &count, ERR));
	return count;
}

static uint64_t lines(struct fixture *fixture, const char *what)
{
	const struct store_history_filter filter = {.what = what, .page = {1, 1}};
	struct store_history found = {0};

	assert_ok(store_history_list(fixture->store, &filter, &found, ERR));
	const uint64_t total = found.total;
	store_history_done(&found);
	return total;
}

static int by_uuid(const void *a, const void *b)
{
	return memcmp(a, b, UUID_BYTES);
}

/* A minute in which all of them were busy at @percent. */
static void minute(struct metrics_latest *before, struct metrics_latest *now, size_t count,
		   unsigned at, uint64_t percent)
{
	for (size_t i = 0; i < count; i++) {
		before[i].values[HOST_CPU_NS] = 1000;
		now[i].values[HOST_CPU_NS] = 1000 + percent * 60 * 10000000;
	}
	alerts_sweep(core.alerts, &(struct alerts_sweep){.before = before,
							 .before_count = count,
							 .before_s = BEGAN_S + at * 60,
							 .now = now,
							 .now_count = count,
							 .now_s = BEGAN_S + at * 60 + 60});
}

static void fill(struct fixture *fixture, struct metrics_latest *one, unsigned number)
{
	struct server server CLEANUP(server_done) = {0};

	one->server_id = fixture_insert(fixture, 1, number, "env=prod");
	assert_ok(store_server_get(fixture->store, 0, one->server_id, &server, ERR));
	memcpy(one->uuid, server.uuid, UUID_BYTES);
}

static void once_over_a_restart(void **state)
{
	struct fixture *fixture = *state;
	struct metrics_latest before = {0}, now;

	begin(fixture);
	fill(fixture, &before, 1);
	now = before;
	rule(fixture, before.server_id, 80, 2);
	minute(&before, &now, 1, 0, 90);
	assert_int_equal(open_now(fixture), 0);
	minute(&before, &now, 1, 1, 90);
	assert_int_equal(open_now(fixture), 1);
	end();
	fixture_reopen(fixture);
	begin(fixture);
	for (unsigned i = 2; i < 6; i++)
		minute(&before, &now, 1, i, 90);
	assert_int_equal(open_now(fixture), 1);
	assert_int_equal(lines(fixture, "alert.open"), 1);
	minute(&before, &now, 1, 6, 80);
	assert_int_equal(open_now(fixture), 1);
	minute(&before, &now, 1, 7, 80);
	assert_int_equal(open_now(fixture), 0);
	assert_int_equal(lines(fixture, "alert.end"), 1);
	end();
}

/* A database that takes nothing: the minutes stay counted, and the alert comes when it can. */
static void nothing_is_lost_to_a_full_disk(void **state)
{
	struct fixture *fixture = *state;
	struct metrics_latest before = {0}, now;

	begin(fixture);
	fill(fixture, &before, 1);
	now = before;
	rule(fixture, 0, 80, 1);
	assert_ok(store_begin(fixture->store, ERR)); /* in the way: they do not nest */
	minute(&before, &now, 1, 0, 90);
	store_rollback(fixture->store);
	assert_int_equal(open_now(fixture), 0);
	minute(&before, &now, 1, 1, 90);
	assert_int_equal(open_now(fixture), 1);
	end();
}

static void a_stop_opens_and_ends(void **state)
{
	struct fixture *fixture = *state;
	struct metrics_latest one = {0};
	struct server server CLEANUP(server_done) = {0};
	struct alert_rule stop = {.customer_id = 1, .kind = ALERT_STOPPED_ITSELF, .created_ms = 1};

	begin(fixture);
	fill(fixture, &one, 1);
	assert_ok(store_alert_rule_insert(fixture->store, &stop, ERR));
	assert_ok(store_server_get(fixture->store, 0, one.server_id, &server, ERR));
	assert_ok(alerts_stopped(core.alerts, &server, false, ERR));
	assert_int_equal(open_now(fixture), 0);
	for (unsigned i = 0; i < 2; i++)
		assert_ok(alerts_stopped(core.alerts, &server, true, ERR));
	assert_int_equal(open_now(fixture), 1);
	/* A sweep that began before it stopped says nothing of it. */
	minute(&one, &one, 1, 0, 1);
	assert_int_equal(open_now(fixture), 1);
	alerts_sweep(core.alerts, &(struct alerts_sweep){.now_s = (uint32_t)time(NULL) + 60});
	assert_int_equal(open_now(fixture), 1);
	alerts_sweep(core.alerts, &(struct alerts_sweep){.now = &one,
							 .now_count = 1,
							 .now_s = (uint32_t)time(NULL) + 120});
	assert_int_equal(open_now(fixture), 0);
	end();
}

static double used(clock_t since)
{
	return (double)(clock() - since) * 1000 / CLOCKS_PER_SEC;
}

static void many_servers(void **state)
{
	struct fixture *fixture = *state;
	AUTO_FREE struct metrics_latest *before = calloc(MANY, sizeof *before);
	AUTO_FREE struct metrics_latest *now = calloc(MANY, sizeof *now);
	clock_t since;

	begin(fixture);
	assert_ok(store_begin(fixture->store, ERR));
	for (unsigned i = 0; i < MANY; i++)
		fill(fixture, &before[i], i + 1);
	rule(fixture, 0, 80, 1);
	assert_ok(store_commit(fixture->store, ERR));
	qsort(before, MANY, sizeof *before, by_uuid);
	memcpy(now, before, MANY * sizeof *now);
	since = clock();
	minute(before, now, MANY, 0, 10);
	const double worked_out = used(since);
	since = clock();
	for (unsigned i = 1; i <= 10; i++)
		minute(before, now, MANY, i, 10);
	const double quiet = used(since) / 10;
	since = clock();
	minute(before, now, MANY, 11, 90);
	const double opened = used(since);
	assert_int_equal(open_now(fixture), 2000);
	assert_int_equal(lines(fixture, "alert.open"), 120);
	for (unsigned i = 12; i < 21; i++)
		minute(before, now, MANY, i, 90);
	assert_int_equal(open_now(fixture), MANY);
	print_message("%d servers: %.1f ms to work out the pairs, %.2f ms a quiet sweep, %.0f ms "
		      "for 2000 that open\n",
		      MANY, worked_out, quiet, opened);
	assert_true(quiet < 200);
	end();
}

static void expect_mail(const struct alert *alert, const char *language, const char *subject,
			const char *body)
{
	struct buf said_subject CLEANUP(buf_done) = {0}, said_body CLEANUP(buf_done) = {0};

	telling_mail(alert, language, "https://ippo.example", &said_subject, &said_body);
	assert_string_equal(buf_str(&said_subject), subject);
	assert_string_equal(buf_str(&said_body), body);
}

#define TAIL "\n\nhttps://ippo.example/#/alerts\n\n-- \nIppo\n"

/* The whole of each mail, opened and ended, of a measurement and of a stop. */
static void mails_in_both_languages(void **state)
{
	struct alert alert = {.server_name = "hajime",
			      .kind = ALERT_METRIC,
			      .metric = ALERT_MEMORY_USED,
			      .comparison = ALERT_ABOVE,
			      .threshold = 1000,
			      .minutes = 5,
			      .value = 2000,
			      .opened_ms = INT64_C(1700000000000)};

	(void)state;
	expect_mail(&alert, "ja", "[アラート] hajime: メモリ使用量",
		    "サーバー: hajime\n条件: メモリ使用量が1000 バイト超の状態が5分以上\n"
		    "測定値: 2000 バイト\n発生: 2023-11-14T22:13:20+00:00" TAIL);
	expect_mail(&alert, "en", "[alert] hajime: memory used",
		    "Server: hajime\nCondition: memory used above 1000 bytes for 5 min\n"
		    "Measured: 2000 bytes\nOpened: 2023-11-14T22:13:20+00:00" TAIL);
	alert.ended_ms = alert.opened_ms + 60000;
	alert.comparison = ALERT_BELOW;
	alert.metric = ALERT_NETWORK_OUT;
	expect_mail(&alert, "ja", "[アラート終了] hajime: 送信",
		    "サーバー: hajime\n条件: 送信が1000 バイト/秒未満の状態が5分以上\n"
		    "発生: 2023-11-14T22:13:20+00:00\n終了: 2023-11-14T22:14:20+00:00" TAIL);
	expect_mail(&alert, "en", "[alert ended] hajime: network out",
		    "Server: hajime\nCondition: network out below 1000 bytes/s for 5 min\n"
		    "Opened: 2023-11-14T22:13:20+00:00\nEnded: 2023-11-14T22:14:20+00:00" TAIL);
	alert = (struct alert){.server_name = "hajime",
			       .kind = ALERT_STOPPED_UNEXPECTEDLY,
			       .value = -1,
			       .opened_ms = INT64_C(1700000000000)};
	expect_mail(&alert, "ja", "[アラート] hajime: 予期しない停止",
		    "サーバー: hajime\n条件: 予期しない停止\n"
		    "発生: 2023-11-14T22:13:20+00:00" TAIL);
	expect_mail(&alert, "en", "[alert] hajime: stopped unexpectedly",
		    "Server: hajime\nCondition: stopped unexpectedly\n"
		    "Opened: 2023-11-14T22:13:20+00:00" TAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mails_in_both_languages),
		cmocka_unit_test_setup_teardown(once_over_a_restart, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(nothing_is_lost_to_a_full_disk, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(a_stop_opens_and_ends, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(many_servers, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

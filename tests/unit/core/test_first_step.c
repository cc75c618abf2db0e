// What guests report and probes see of a first step, and what follows from it.
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "core/first_step/inbox.h"
#include "core/first_step/outside.h"
#include "core/first_step/report.h"

#define NOW_MS  INT64_C(1700000000000)
#define HOUR_MS INT64_C(3600000)

static struct first_step_finding both(enum first_step_result inside, enum first_step_result outside)
{
	return (struct first_step_finding){.inside = {.result = inside, .time_ms = NOW_MS},
					   .outside = {.result = outside, .time_ms = NOW_MS}};
}

static void green_needs_both_sides(void **state)
{
	struct first_step_finding finding = both(FIRST_STEP_GOOD, FIRST_STEP_GOOD);

	assert_int_equal(first_step_judge(FIRST_STEP_ROOT_SSH, &finding, NOW_MS), FIRST_STEP_PASS);
	finding = both(FIRST_STEP_GOOD, FIRST_STEP_UNSAID);
	assert_int_equal(first_step_judge(FIRST_STEP_ROOT_SSH, &finding, NOW_MS),
			 FIRST_STEP_REPORTED);
	assert_int_equal(first_step_judge(FIRST_STEP_UPDATES, &finding, NOW_MS), FIRST_STEP_PASS);
	finding = both(FIRST_STEP_GOOD, FIRST_STEP_DOUBT);
	assert_int_equal(first_step_judge(FIRST_STEP_ROOT_SSH, &finding, NOW_MS),
			 FIRST_STEP_REPORTED);
	finding = both(FIRST_STEP_GOOD, FIRST_STEP_BAD);
	assert_int_equal(first_step_judge(FIRST_STEP_ROOT_SSH, &finding, NOW_MS), FIRST_STEP_FAIL);
	finding = both(FIRST_STEP_DOUBT, FIRST_STEP_GOOD);
	assert_int_equal(first_step_judge(FIRST_STEP_ROOT_SSH, &finding, NOW_MS), FIRST_STEP_FAIL);
	finding = both(FIRST_STEP_UNSAID, FIRST_STEP_GOOD);
	assert_int_equal(first_step_judge(FIRST_STEP_ROOT_SSH, &finding, NOW_MS), FIRST_STEP_STALE);
	assert_int_equal(first_step_judge(FIRST_STEP_MONITORING, &finding, NOW_MS),
			 FIRST_STEP_PASS);
}

static void evidence_ages(void **state)
{
	struct first_step_finding finding = both(FIRST_STEP_GOOD, FIRST_STEP_GOOD);

	finding.outside.time_ms = NOW_MS - 35 * HOUR_MS;
	assert_int_equal(first_step_judge(FIRST_STEP_KEY_ONLY, &finding, NOW_MS), FIRST_STEP_PASS);
	assert_true(first_step_stale_ms(FIRST_STEP_KEY_ONLY, &finding, NOW_MS) == NOW_MS + HOUR_MS);
	assert_int_equal(first_step_judge(FIRST_STEP_KEY_ONLY, &finding, NOW_MS + HOUR_MS),
			 FIRST_STEP_STALE);
	finding.outside.result = FIRST_STEP_BAD;
	assert_int_equal(first_step_judge(FIRST_STEP_KEY_ONLY, &finding, NOW_MS + HOUR_MS),
			 FIRST_STEP_REPORTED);
}

static void the_edge_opens_for_proof_alone(void **state)
{
	struct first_step_finding findings[FIRST_STEP_COUNT] = {0};

	assert_false(first_step_may_open(findings, true, NOW_MS));
	assert_false(first_step_may_open(findings, false, NOW_MS));
	for (size_t i = 0; i < FIRST_STEP_COUNT; i++)
		findings[i] = both(FIRST_STEP_GOOD, FIRST_STEP_GOOD);
	assert_true(first_step_may_open(findings, true, NOW_MS));
	/* Of the system that was there before. */
	assert_false(first_step_may_open(findings, true, NOW_MS + 1));
	findings[FIRST_STEP_ROOT_SSH - 1] = both(FIRST_STEP_GOOD, FIRST_STEP_DOUBT);
	assert_false(first_step_may_open(findings, true, NOW_MS));
	assert_true(first_step_may_open(findings, false, NOW_MS));
	findings[FIRST_STEP_DATABASE_CLOSED - 1] = both(FIRST_STEP_GOOD, FIRST_STEP_BAD);
	assert_false(first_step_may_open(findings, false, NOW_MS));
}

static void lines_become_a_report(void **state)
{
	static const uint8_t one[UUID_BYTES] = {1}, two[UUID_BYTES] = {2};
	struct inbox *inbox = inbox_new();
	struct buf text CLEANUP(buf_done) = {0};
	char line[512];
	uint64_t ask = 0;

	assert_int_equal(inbox_take(inbox, one, "begin 7", 0, &ask, &text), INBOX_NOTHING);
	assert_int_equal(inbox_take(inbox, two, "begin 8", 0, &ask, &text), INBOX_NOTHING);
	assert_int_equal(inbox_take(inbox, one, "+ aGFq", 0, &ask, &text), INBOX_NOTHING);
	assert_int_equal(inbox_take(inbox, two, "+ dHdv", 0, &ask, &text), INBOX_NOTHING);
	assert_int_equal(inbox_take(inbox, one, "+ aW1l", 0, &ask, &text), INBOX_NOTHING);
	assert_int_equal(inbox_take(inbox, one, "end", 0, &ask, &text), INBOX_REPORT);
	assert_string_equal(buf_str(&text), "hajime");
	assert_int_equal(ask, 7);
	assert_int_equal(inbox_take(inbox, one, "end", 0, &ask, &text), INBOX_NOTHING);
	/* Too late; not base64; too much. */
	assert_int_equal(inbox_take(inbox, two, "end", INBOX_MAX_MS + 1, &ask, &text),
			 INBOX_NOTHING);
	assert_int_equal(inbox_take(inbox, one, "begin 9", 0, &ask, &text), INBOX_NOTHING);
	assert_int_equal(inbox_take(inbox, one, "+ !!!!", 0, &ask, &text), INBOX_NOTHING);
	assert_int_equal(inbox_take(inbox, one, "end", 0, &ask, &text), INBOX_NOTHING);
	assert_int_equal(inbox_take(inbox, one, "begin 9", 0, &ask, &text), INBOX_NOTHING);
	memset(line, 'A', sizeof line);
	memcpy(line, "+ ", 2);
	line[482] = '\0';
	for (size_t i = 0; i < INBOX_MAX_BYTES / 360 + 2; i++)
		assert_int_equal(inbox_take(inbox, one, line, 0, &ask, &text), INBOX_NOTHING);
	assert_int_equal(inbox_take(inbox, one, "end", 0, &ask, &text), INBOX_NOTHING);
	assert_int_equal(inbox_take(inbox, one, "key 12 ready", 0, &ask, &text), INBOX_KEY);
	assert_int_equal(ask, 12);
	assert_int_equal(inbox_take(inbox, one, "key -1 ready", 0, &ask, &text), INBOX_NOTHING);
	assert_int_equal(inbox_take(inbox, one, "none", 0, &ask, &text), INBOX_NONE);
	inbox_free(inbox);
}

static void ports_are_read_strictly(void **state)
{
	static const char text[] =
		"{\"version\":1,\"items\":[],\"settings\":{\"ssh_port\":2222,\"open\":"
		"\"80/tcp,53/udp,8000-8010/tcp,0/tcp,9-8/tcp,x/tcp,/tcp,,70000/tcp\"}}";
	struct store_first_step *first_step = calloc(1, sizeof *first_step);
	struct err err = {0};

	assert_int_equal(report_read(text, strlen(text), NOW_MS, first_step, &err), 0);
	assert_string_equal(first_step->open_ports, "80 8000-8010");
	assert_int_equal(first_step->ssh_port, 2222);
	free(first_step);
}

static void what_the_probe_saw(void **state)
{
	struct probe_look look = {.ipv4 = {.family = 4}, .ssh_port = 22};
	struct probe_answer answer = {
		.ssh = PROBE_SSH_FOUND,
		.algorithms = 1,
		.methods = PROBE_METHOD_KEY,
		.root_methods = PROBE_METHOD_KEY,
		.password = PROBE_LOGIN_REFUSED,
		.root = PROBE_LOGIN_REFUSED,
		.user = PROBE_LOGIN_IN,
		.scan4 = {.done = 1, .open = 2, .count = 2, .ports = {22, 8005}}};
	struct store_first_step *first_step = calloc(1, sizeof *first_step);
	const struct server server = {.user = "debian"};
	const struct first_step_finding *found = first_step->findings;

	first_step->ssh_port = 22;
	(void)snprintf(first_step->open_ports, sizeof first_step->open_ports, "80 8000-8010");
	outside_read(&answer, &look, &server, false, NOW_MS, first_step);
	for (size_t i = 0; i < FIRST_STEP_DATABASE_CLOSED; i++)
		assert_int_equal(found[i].outside.result, FIRST_STEP_GOOD);
	answer.scan4.ports[1] = 3306;
	answer.root = PROBE_LOGIN_IN;
	answer.methods |= PROBE_METHOD_PASSWORD;
	(void)snprintf(answer.host_key, sizeof answer.host_key, "AAAA");
	outside_read(&answer, &look, &server, false, NOW_MS, first_step);
	assert_int_equal(found[FIRST_STEP_ROOT_SSH - 1].outside.result, FIRST_STEP_BAD);
	assert_int_equal(found[FIRST_STEP_KEY_ONLY - 1].outside.result, FIRST_STEP_BAD);
	assert_int_equal(found[FIRST_STEP_PACKET_FILTER - 1].outside.result, FIRST_STEP_BAD);
	assert_int_equal(found[FIRST_STEP_DATABASE_CLOSED - 1].outside.result, FIRST_STEP_BAD);
	assert_string_equal(found[FIRST_STEP_SSH_CRYPTO - 1].outside.reason, "host_key_differs");
	/* Not tried: what was seen before stays. Nothing there: nothing can be said. */
	answer = (struct probe_answer){.ssh = PROBE_SSH_SILENT};
	outside_read(&answer, &look, &server, false, NOW_MS, first_step);
	assert_int_equal(found[FIRST_STEP_SSH_PORT - 1].outside.result, FIRST_STEP_BAD);
	assert_int_equal(found[FIRST_STEP_KEY_ONLY - 1].outside.result, FIRST_STEP_DOUBT);
	assert_int_equal(found[FIRST_STEP_DATABASE_CLOSED - 1].outside.result, FIRST_STEP_DOUBT);
	free(first_step);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(green_needs_both_sides),
		cmocka_unit_test(evidence_ages),
		cmocka_unit_test(the_edge_opens_for_proof_alone),
		cmocka_unit_test(lines_become_a_report),
		cmocka_unit_test(ports_are_read_strictly),
		cmocka_unit_test(what_the_probe_saw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

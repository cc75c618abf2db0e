// Requests taken apart, fields of bodies, and how the resources look.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <crypt.h>
#include <sodium.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/secret.h"
#include "core/api/intake.h"
#include "core/api/render.h"
#include "core/api/request.h"
#include "core/api/server_cache.h"
#include "core/auth/password.h"
#include "core/bootstrap.h"
#include "store/store.h"
#include "store/store_plan.h"

static int take(struct request *request, const char *target, const char *body, size_t bytes,
		struct err *err)
{
	static struct http_request http;
	int code;

	*err = (struct err){0};
	http = (struct http_request){
		.target = target, .body = (const uint8_t *)body, .body_bytes = bytes};
	*request = (struct request){.http = &http};
	code = intake_target(request, err);
	return code == 0 ? intake_body(request, err) : code;
}

static void done(struct request *request)
{
	intake_done(request);
	json_decref(request->fields);
	json_decref(request->reply);
}

static void targets(void **state)
{
	struct request request;
	struct err err;
	size_t at = 0;

	assert_int_equal(
		take(&request, "/v1/servers/12?a=1&&b&a=%E5%A4%AA+x%2B&c=d=e", NULL, 0, &err), 0);
	assert_int_equal(request.segment_count, 2);
	assert_string_equal(request.segments[1], "12");
	assert_string_equal(request_query(&request, "a"), "1");
	assert_string_equal(request_query_next(&request, "a", &at), "1");
	assert_string_equal(request_query_next(&request, "a", &at), "太 x+");
	assert_null(request_query_next(&request, "a", &at));
	assert_string_equal(request_query(&request, "b"), "");
	assert_string_equal(request_query(&request, "c"), "d=e");
	assert_null(request_query(&request, "d"));
	assert_true(json_is_object(request.body));
	done(&request);
	/* An escaped slash stays inside its segment; a plus is itself in a path. */
	assert_int_equal(take(&request, "/v1/a%2Fb/c+d", NULL, 0, &err), 0);
	assert_int_equal(request.segment_count, 2);
	assert_string_equal(request.segments[0], "a/b");
	assert_string_equal(request.segments[1], "c+d");
	done(&request);
}

static void wrong_targets(void **state)
{
	static const struct {
		const char *target;
		int code;
	} cases[] = {
		{"/", ERR_NOT_FOUND},
		{"/v1", ERR_NOT_FOUND},
		{"/v2/servers", ERR_NOT_FOUND},
		{"/v1x/servers", ERR_NOT_FOUND},
		{"//v1/servers", ERR_NOT_FOUND},
		{"/v1/a/b/c/d/e/f/g/h/i", ERR_NOT_FOUND},
		{"/v1/%", ERR_INVALID_INPUT},
		{"/v1/%4", ERR_INVALID_INPUT},
		{"/v1/%zz", ERR_INVALID_INPUT},
		{"/v1/%00", ERR_INVALID_INPUT},
		{"/v1/%ff", ERR_INVALID_INPUT},
		{"/v1/%c0%ae", ERR_INVALID_INPUT},
		{"/v1/a?b=%00", ERR_INVALID_INPUT},
		{"/v1/a?%ed%a0%80=b", ERR_INVALID_INPUT},
	};
	struct request request;
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (take(&request, cases[i].target, NULL, 0, &err) != cases[i].code)
			fail_msg("%s: %s", cases[i].target, err.text);
		done(&request);
	}
}

static void target_limits(void **state)
{
	struct buf text CLEANUP(buf_done) = {0};
	struct request request;
	struct err err;

	assert_int_equal(take(&request, "/v1/1/2/3/4/5/6/7/8", NULL, 0, &err), 0);
	assert_int_equal(request.segment_count, REQUEST_MAX_SEGMENTS);
	done(&request);
	(void)buf_puts(&text, "/v1/a?");
	for (int i = 0; i < REQUEST_MAX_QUERY; i++)
		(void)buf_puts(&text, "x=y&");
	assert_int_equal(take(&request, buf_str(&text), NULL, 0, &err), 0);
	done(&request);
	(void)buf_puts(&text, "x=y");
	assert_int_equal(take(&request, buf_str(&text), NULL, 0, &err), ERR_INVALID_INPUT);
	done(&request);
}

static int body_of_depth(size_t depth)
{
	struct buf text CLEANUP(buf_done) = {0};
	struct request request;
	struct err err;

	(void)buf_puts(&text, "{\"a\":\"[[[[\\\"{{\",\"b\":");
	for (size_t i = 1; i < depth; i++)
		(void)buf_putc(&text, '[');
	for (size_t i = 1; i < depth; i++)
		(void)buf_putc(&text, ']');
	(void)buf_putc(&text, '}');
	const int code = take(&request, "/v1/a", buf_str(&text), text.len, &err);
	done(&request);
	return code;
}

static void bodies(void **state)
{
	static const char *const wrong[] = {"[]",
					    "1",
					    "\"a\"",
					    "null",
					    "{",
					    "{} x",
					    "{\"a\":1,}",
					    "{\"a\":\"\xff\"}",
					    "{\"a\":\"\\u0000\"}",
					    "{'a':1}",
					    "{\"a\":1e999}",
					    "{\"a\":99999999999999999999}",
					    " "};
	struct request request;
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		if (take(&request, "/v1/a", wrong[i], strlen(wrong[i]), &err) != ERR_JSON)
			fail_msg("%s was taken", wrong[i]);
		assert_true(strlen(err.text) > 10);
		done(&request);
	}
	assert_int_equal(take(&request, "/v1/a", "{}\0", 3, &err), ERR_JSON);
	done(&request);
	assert_int_equal(body_of_depth(REQUEST_MAX_DEPTH), 0);
	assert_int_equal(body_of_depth(REQUEST_MAX_DEPTH + 1), ERR_JSON);
}

static void body_fields(void **state)
{
	static const char body[] =
		"{\"text\":\"t\",\"none\":null,\"yes\":true,\"number\":5,\"float\":5.0,"
		"\"digits\":\"12\",\"name\":\"n\",\"zero\":0,\"negative\":-1,"
		"\"labels\":{\"a\":\"b\"}}";
	const char *text = "kept", *name;
	struct labels labels CLEANUP(label_done) = {0};
	struct request request;
	struct err err;
	int64_t number = 7;
	bool truth = false, given;
	uint64_t id;

	assert_int_equal(take(&request, "/v1/a", body, sizeof body - 1, &err), 0);
	assert_int_equal(body_text(&request, "none", &text, &err), 0);
	assert_int_equal(body_text(&request, "absent", &text, &err), 0);
	assert_string_equal(text, "kept");
	assert_int_equal(body_need_text(&request, "none", &text, &err), ERR_INVALID_INPUT);
	assert_int_equal(body_text(&request, "number", &text, &err), ERR_INVALID_INPUT);
	assert_int_equal(body_need_text(&request, "text", &text, &err), 0);
	assert_string_equal(text, "t");
	assert_int_equal(body_bool(&request, "number", &truth, &err), ERR_INVALID_INPUT);
	assert_int_equal(body_bool(&request, "yes", &truth, &err), 0);
	assert_true(truth);
	assert_int_equal(body_number(&request, "number", 6, 9, &number, &err), ERR_INVALID_INPUT);
	assert_int_equal(body_number(&request, "float", 0, 9, &number, &err), ERR_INVALID_INPUT);
	assert_int_equal(number, 7);
	assert_int_equal(body_number(&request, "number", 5, 5, &number, &err), 0);
	assert_int_equal(number, 5);
	assert_int_equal(body_id_or_name(&request, "digits", &id, &name, &err), 0);
	assert_int_equal(id, 12);
	assert_null(name);
	assert_int_equal(body_id_or_name(&request, "name", &id, &name, &err), 0);
	assert_int_equal(id, 0);
	assert_string_equal(name, "n");
	assert_int_equal(body_id_or_name(&request, "zero", &id, &name, &err), ERR_INVALID_INPUT);
	assert_int_equal(body_id_or_name(&request, "negative", &id, &name, &err),
			 ERR_INVALID_INPUT);
	assert_int_equal(body_labels(&request, &labels, &given, &err), 0);
	assert_true(given);
	assert_int_equal(labels.count, 1);
	/* What was wrong was noted, field by field. */
	assert_int_equal(json_array_size(request.fields), 7);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(request.fields, 1), "name")),
		"number");
	done(&request);
}

static void pages(void **state)
{
	static const struct {
		uint64_t number, total;
		int previous, next, last; /* 0: null */
	} cases[] = {{1, 0, 0, 0, 1},
		     {1, 25, 0, 0, 1},
		     {1, 26, 0, 2, 2},
		     {2, 51, 1, 3, 3},
		     {3, 51, 2, 0, 3}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct page page = {.number = (uint32_t)cases[i].number, .entries = 25};
		json_t *meta = request_meta(&page, cases[i].total);
		const json_t *p = json_object_get(meta, "pagination");
		assert_int_equal(json_object_size(p), 6);
		assert_int_equal(json_integer_value(json_object_get(p, "previous_page")),
				 cases[i].previous);
		assert_int_equal(json_is_null(json_object_get(p, "previous_page")),
				 cases[i].previous == 0);
		assert_int_equal(json_integer_value(json_object_get(p, "next_page")),
				 cases[i].next);
		assert_int_equal(json_integer_value(json_object_get(p, "last_page")),
				 cases[i].last);
		json_decref(meta);
	}
}

static void resources(void **state)
{
	const struct action action = {.id = 3, .status = ACTION_RUNNING, .started_ms = 1000};
	char key_text[] = "ssh-ed25519 AAAA \"a\"";
	struct sshkey key = {.id = 2, .name = "k", .fingerprint = "aa", .public_key = key_text};
	json_t *json = render_action(&action);

	assert_int_equal(json_integer_value(json_object_get(json, "id")), 3);
	assert_string_equal(json_string_value(json_object_get(json, "status")), "running");
	/* Present and null, not left out. */
	assert_true(json_is_null(json_object_get(json, "finished")));
	assert_true(json_is_null(json_object_get(json, "error")));
	assert_true(json_is_array(json_object_get(json, "resources")));
	json_decref(json);
	json = render_sshkey(&key);
	assert_string_equal(json_string_value(json_object_get(json, "public_key")), key_text);
	assert_true(json_is_object(json_object_get(json, "labels")));
	json_decref(json);
	json = json_time(0);
	assert_true(json_is_null(json));
	json = json_time(INT64_C(1700000000000));
	assert_memory_equal(json_string_value(json), "2023-11-14T22:13:20", 19);
	json_decref(json);
}

static struct core core;

static void expect_text(const json_t *object, const char *key, const char *text)
{
	assert_string_equal(json_string_value(json_object_get(object, key)), text);
}

static json_t *read_server(const struct server *server)
{
	struct buf text CLEANUP(buf_done) = {0};
	json_error_t why;

	assert_int_equal(server_cache_append(core.servers, server, &text), 0);
	json_t *json = json_loadb(buf_str(&text), text.len, JSON_REJECT_DUPLICATES, &why);
	if (json == NULL)
		fail_msg("%s in %s", why.text, buf_str(&text));
	return json;
}

/* Whatever a server holds, its text is JSON that says the same; and it follows the catalogue. */
static void servers(void **state)
{
	const struct bootstrap_options first = {
		.instance = "test", .pool_ipv4 = "10.0.0.0/16", .pool_ipv6 = "fd00::/48"};
	struct server server CLEANUP(server_done) = {
		.id = UINT64_C(9007199254740993),
		.version = 1,
		.name = "a\"b\\c\x01\n\t太",
		.status = SERVER_RUNNING,
		.server_type_id = 1,
		.location_id = 1,
		.disk_gb = 40,
		.user = "debian",
		.created_ms = INT64_C(1700000000000),
		.ipv4 = {.id = 5},
		.ipv6 = {.id = 6},
		.dns_ptr_count = 2,
	};
	char folder[] = "/tmp/ippo-api-XXXXXX", path[64];
	json_t *json, *net, *names;
	struct plan plan;

	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/ippo.db", folder);
	assert_int_equal(store_open(path, &core.store, NULL), 0);
	assert_int_equal(bootstrap_run(core.store, &first, NULL), 0);
	assert_int_equal(server_cache_new(&core, &core.servers, NULL), 0);
	assert_int_equal(label_read("a=b,c=", &server.labels), 0);
	assert_int_equal(ip_parse("198.51.100.11", &server.ipv4.ip), 0);
	assert_int_equal(ip_parse_prefix("2001:db8::/64", &server.ipv6.ip), 0);
	server.dns_ptrs = calloc(2, sizeof *server.dns_ptrs);
	assert_non_null(server.dns_ptrs);
	(void)snprintf(server.dns_ptrs[0].name, NAME_DNS_BYTES, "one.example");
	(void)snprintf(server.dns_ptrs[1].name, NAME_DNS_BYTES, "two.example");
	assert_int_equal(ip_parse("198.51.100.11", &server.dns_ptrs[0].ip), 0);
	assert_int_equal(ip_parse("2001:db8::7", &server.dns_ptrs[1].ip), 0);

	json = read_server(&server);
	assert_int_equal(json_integer_value(json_object_get(json, "id")), server.id);
	expect_text(json, "name", server.name);
	expect_text(json, "status", "running");
	expect_text(json, "created", "2023-11-14T22:13:20+00:00");
	assert_true(json_is_null(json_object_get(json, "image")));
	expect_text(json_object_get(json, "server_type"), "name", "1g");
	expect_text(json_object_get(json, "location"), "name", "local");
	expect_text(json_object_get(json, "datacenter"), "name", "local-dc1");
	assert_int_equal(json_object_size(json_object_get(json, "labels")), 2);
	expect_text(json_object_get(json, "labels"), "c", "");
	net = json_object_get(json_object_get(json, "public_net"), "ipv4");
	expect_text(net, "ip", "198.51.100.11");
	expect_text(net, "dns_ptr", "one.example");
	net = json_object_get(json_object_get(json, "public_net"), "ipv6");
	expect_text(net, "ip", "2001:db8::/64");
	names = json_object_get(net, "dns_ptr");
	assert_int_equal(json_array_size(names), 1);
	expect_text(json_array_get(names, 0), "dns_ptr", "two.example");
	json_decref(json);

	assert_int_equal(store_plan_get(core.store, 1, &plan, NULL), 0);
	(void)snprintf(plan.description, sizeof plan.description, "changed");
	/* Seen inside a transaction that comes to nothing: not kept. */
	assert_int_equal(store_begin(core.store, NULL), 0);
	assert_int_equal(store_plan_update(core.store, &plan, NULL), 0);
	json = read_server(&server);
	expect_text(json_object_get(json, "server_type"), "description", "changed");
	json_decref(json);
	store_rollback(core.store);
	json = read_server(&server);
	expect_text(json_object_get(json, "server_type"), "description", "1 GB");
	json_decref(json);
	assert_int_equal(store_plan_update(core.store, &plan, NULL), 0);
	json = read_server(&server);
	expect_text(json_object_get(json, "server_type"), "description", "changed");
	json_decref(json);

	server_cache_free(steal_ptr(core.servers));
	store_close(steal_ptr(core.store));
	(void)unlink(path);
	(void)rmdir(folder);
}

struct answer {
	bool came, right;
	char hash[ACCOUNT_PASSWORD_HASH_BYTES];
};

static void verified(void *context, bool right)
{
	((struct answer *)context)->came = true;
	((struct answer *)context)->right = right;
}

static void hashed(void *context, const char *hash)
{
	struct answer *answer = context;

	answer->came = true;
	(void)snprintf(answer->hash, sizeof answer->hash, "%s", hash);
}

static bool verify(struct password_guard *guard, const char *password, const char *hash)
{
	struct answer answer = {0};

	assert_int_equal(password_verify(guard, password, hash, verified, &answer, NULL), 0);
	assert_false(answer.came); /* not on this thread */
	(void)uv_run(&core.loop, UV_RUN_DEFAULT);
	assert_true(answer.came);
	return answer.right;
}

static void passwords(void **state)
{
	struct password_guard *guard = NULL;
	struct answer answer = {0};
	char guest[GUEST_HASH_BYTES];

	assert_int_equal(secret_setup(), 0);
	assert_int_equal(uv_loop_init(&core.loop), 0);
	assert_int_equal(password_guard_new(&core, &guard, NULL), 0);
	assert_int_equal(password_hash(guard, "correct horse", hashed, &answer, NULL), 0);
	(void)uv_run(&core.loop, UV_RUN_DEFAULT);
	/* OWASP's parameters: 19 MiB, two passes. */
	assert_memory_equal(answer.hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31);
	assert_true(verify(guard, "correct horse", answer.hash));
	assert_false(verify(guard, "correct horsf", answer.hash));
	assert_false(verify(guard, "nobody's", NULL)); /* though it is the stand-in's own */
	assert_int_equal(password_hash_guest("secret", guest), 0);
	assert_memory_equal(guest, "$6$", 3);
	assert_string_equal(crypt("secret", guest), guest);
	password_guard_free(guard);
	assert_int_equal(uv_loop_close(&core.loop), 0);
}

static void delays(void **state)
{
	struct password_guard *guard = NULL;

	assert_int_equal(password_guard_new(&core, &guard, NULL), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(password_guard_delay(guard, "taro", "192.0.2.1"), 0);
		password_guard_note(guard, "taro", "192.0.2.1", false);
	}
	const int64_t first = password_guard_delay(guard, "taro", "192.0.2.1");
	assert_in_range(first, 1, 1000);
	for (int i = 0; i < 10; i++)
		password_guard_note(guard, "taro", "192.0.2.1", false);
	assert_in_range(password_guard_delay(guard, "taro", "192.0.2.1"), 50000, 60000);
	/* Neither their owner elsewhere nor another account has to wait. */
	assert_int_equal(password_guard_delay(guard, "taro", "192.0.2.2"), 0);
	assert_int_equal(password_guard_delay(guard, "hanako", "192.0.2.1"), 0);
	/* From many addresses, a short wait for all. */
	for (int i = 0; i < 20; i++) {
		char peer[32];
		(void)snprintf(peer, sizeof peer, "198.51.100.%d", i);
		password_guard_note(guard, "taro", peer, false);
	}
	assert_in_range(password_guard_delay(guard, "taro", "192.0.2.2"), 1, 5000);
	password_guard_note(guard, "taro", "192.0.2.1", true);
	assert_int_equal(password_guard_delay(guard, "taro", "192.0.2.1"), 0);
	password_guard_free(guard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets),       cmocka_unit_test(wrong_targets),
		cmocka_unit_test(target_limits), cmocka_unit_test(bodies),
		cmocka_unit_test(body_fields),   cmocka_unit_test(pages),
		cmocka_unit_test(resources),     cmocka_unit_test(passwords),
		cmocka_unit_test(delays),        cmocka_unit_test(servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Remote consoles as web and the host see core: tickets, handshakes, limits, and rights that end.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "bench.h"
#include "core/api/exchange.h"
#include "core/api/server_cache.h"
#include "core/console/console.h"
#include "core/core.h"
#include "core/events.h"
#include "store/store_action.h"
#include "store/store_console.h"
#include "store/store_customer.h"
#include "store/store_membership.h"
#include "store/store_server.h"
#include "store/store_session.h"
#include "store/store_ticket.h"
#include "store/store_token.h"
#include "store/store_user.h"
#include "wire/channel.h"
#include "wire/http_message.h"

#define URL         "https://vps.example.jp"
#define VISITS      256
#define PATIENCE_MS 3000
#define CUT_MS      700  /* after a change of the database; a second is what is promised */
#define RUN_OUT_MS  1800 /* after a time that only passes, which nobody tells us of */
#define PEER        "192.0.2.9"

/* One request of web, and what core said about it. */
struct visit {
	uint64_t id;
	unsigned status;
	struct buf body;
	char set_cookie[256];
	char type[64];
	bool opened;
	struct console_open open;
	int fd;
	uint16_t closed; /* with that code */
	bool ended;      /* we have confirmed */
};

static struct bench bench;
static struct core core;
static struct config config;
static struct channel *web;
static struct visit visits[VISITS];
static size_t visit_count;
static bool web_gone;
static uint64_t server_id;
static char owner_token[80], reader_token[80];
static uint64_t owner_token_id;

/* --- core's neighbours --- */

static void server_changed(void *context, uint64_t id)
{
	console_server_changed(core.consoles, id);
	events_server_changed(core.events, id);
}

static void server_deleted(void *context, uint64_t id, uint64_t customer_id)
{
	console_server_changed(core.consoles, id);
	events_server_deleted(core.events, id, customer_id);
}

static void console_ended_at_host(void *context, uint64_t id, enum host_console_end end)
{
	console_host_ended(core.consoles, id, end);
}

static void host_dropped(void *context)
{
	console_host_lost(core.consoles);
}

static const struct engine_hooks hooks = {.server_changed = server_changed,
					  .server_deleted = server_deleted,
					  .console_ended = console_ended_at_host,
					  .host_dropped = host_dropped};

static struct visit *visit_of(uint64_t id)
{
	for (size_t i = 0; i < visit_count; i++)
		if (visits[i].id == id)
			return &visits[i];
	fail_msg("core speaks of %llu, which nobody asked", (unsigned long long)id);
	return NULL;
}

static int on_reply(void *context, struct channel *channel, struct message *message)
{
	struct visit *visit = visit_of(message->id);
	struct http_reply reply;

	assert_int_equal(visit->status, 0);
	assert_int_equal(http_reply_decode(message->body, message->body_bytes, &reply), 0);
	visit->status = reply.status;
	assert_int_equal((message->flags & WIRE_MORE) != 0, reply.status == 101);
	(void)buf_append(&visit->body, reply.body, reply.body_bytes);
	if (http_reply_header(&reply, "set-cookie") != NULL)
		(void)snprintf(visit->set_cookie, sizeof(visit->set_cookie), "%s",
			       http_reply_header(&reply, "set-cookie"));
	if (http_reply_header(&reply, "content-type") != NULL)
		(void)snprintf(visit->type, sizeof(visit->type), "%s",
			       http_reply_header(&reply, "content-type"));
	http_reply_done(&reply);
	return 0;
}

static int on_open(void *context, struct channel *channel, struct message *message)
{
	struct visit *visit = visit_of(message->id);
	struct reader in;

	reader_init(&in, message->body, message->body_bytes);
	assert_int_equal(console_open_read(&in, &visit->open), 0);
	assert_int_equal(reader_done(&in), 0);
	assert_int_equal(visit->status, 101);
	assert_false(visit->opened || visit->closed || visit->ended);
	assert_int_equal(message->fd_count, 1);
	visit->fd = steal_fd(&message->fds[0]);
	visit->opened = true;
	return 0;
}

static int on_close(void *context, struct channel *channel, struct message *message)
{
	struct visit *visit = visit_of(message->id);
	struct console_close close_message;
	struct reader in;

	reader_init(&in, message->body, message->body_bytes);
	assert_int_equal(console_close_read(&in, &close_message), 0);
	assert_int_equal(visit->status, 101);
	assert_int_equal(visit->closed, 0);
	assert_true(close_message.reason[0] != '\0');
	visit->closed = close_message.code;
	return 0;
}

static const struct message_rule web_rules[] = {{HTTP_REPLY, 0, on_reply},
						{CONSOLE_OPEN, 1, on_open},
						{CONSOLE_CLOSE, 0, on_close},
						{0, 0, NULL}};

static void on_web_closed(void *context, struct channel *channel, const struct err *why)
{
	web_gone = true;
}

static const struct channel_events web_events = {.rules = web_rules, .closed = on_web_closed};

static void connect_web(void)
{
	int ends[2];

	channel_free(web);
	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(channel_new(&core.loop, ends[0], &web_events, NULL, &web, NULL), 0);
	client_web(&core, ends[1]);
	web_gone = false;
}

/* --- asking --- */

/* The engine and the host live in the bench's loop, web and consoles in core's own. */
static void turn(void)
{
	bench_turn(&bench);
	(void)uv_run(&core.loop, UV_RUN_NOWAIT);
}

static void until(bool (*condition)(void), const char *what)
{
	const int64_t end = clock_mono_ms() + PATIENCE_MS;

	while (!condition()) {
		if (clock_mono_ms() > end)
			fail_msg("never: %s", what);
		turn();
	}
}
#define UNTIL(condition) until(condition, #condition)

struct headers {
	const char *authorization, *cookie, *origin, *upgrade, *host, *peer, *csrf;
};

static struct visit *ask(const char *method, const char *target, const struct headers *headers,
			 const char *body)
{
	static uint64_t next_id = 1;
	struct buf frame CLEANUP(buf_done) = {0};
	struct http_request request = {.method = method,
				       .target = target,
				       .peer = headers->peer ? headers->peer : PEER,
				       .request_id = ""};
	const struct {
		const char *name, *value;
	} all[] = {{"authorization", headers->authorization},
		   {"cookie", headers->cookie},
		   {"origin", headers->origin},
		   {"upgrade", headers->upgrade},
		   {"host", headers->host},
		   {"x-ippo-csrf", headers->csrf}};
	struct visit *visit = &visits[visit_count++];

	assert_true(visit_count <= VISITS);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i].value)
			request.headers[request.header_count++] =
				(struct http_header){all[i].name, all[i].value};
	request.body = (const uint8_t *)body;
	request.body_bytes = body ? strlen(body) : 0;
	assert_int_equal(http_request_encode(&request, &frame), 0);
	*visit = (struct visit){.id = next_id++, .fd = -1};
	assert_int_equal(
		channel_send(web, HTTP_REQUEST, 0, visit->id, frame.data, frame.len, NULL, 0), 0);
	return visit;
}

static struct visit *awaited;

static bool answered(void)
{
	return awaited->status != 0;
}

static bool settled(void)
{
	return awaited->opened || awaited->closed;
}

static bool closed(void)
{
	return awaited->closed != 0;
}

static struct visit *asked(const char *method, const char *target, const struct headers *headers,
			   const char *body)
{
	awaited = ask(method, target, headers, body);
	UNTIL(answered);
	return awaited;
}

static void say_frame(const struct visit *visit, const char *text)
{
	assert_int_equal(
		channel_send(web, CONSOLE_FRAME, 0, visit->id, text, strlen(text), NULL, 0), 0);
}

static void say_ended(struct visit *visit, uint16_t code, uint64_t in, uint64_t out)
{
	const struct console_ended ended = {code, in, out};
	struct buf body CLEANUP(buf_done) = {0};

	console_ended_write(&body, &ended);
	assert_int_equal(
		channel_send(web, CONSOLE_ENDED, 0, visit->id, body.data, body.len, NULL, 0), 0);
	visit->ended = true;
	if (visit->fd >= 0)
		(void)close(visit->fd);
	visit->fd = -1;
}

/* {"ticket": what request_console gave} */
static void frame_of(const struct visit *visit, char *out, size_t size, const char *more)
{
	json_t *reply = json_loadb((const char *)visit->body.data, visit->body.len, 0, NULL);
	const char *password = json_string_value(json_object_get(reply, "password"));

	assert_non_null(password);
	assert_int_equal(strlen(password), 64);
	(void)snprintf(out, size, "{\"ticket\":\"%s\"%s}", password, more);
	json_decref(reply);
}

static const char *path(const char *format, ...) __attribute__((format(printf, 1, 2)));

static const char *path(const char *format, ...)
{
	static char text[128];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return text;
}

#define ACTION_PATH "/v1/servers/%" PRIu64 "/actions/request_console"
#define SERIAL_PATH "/v1/consoles/%" PRIu64 "/serial"
#define VNC_PATH    "/v1/consoles/%" PRIu64 "/vnc"

static const struct headers handshake = {.upgrade = "websocket"};

static struct headers by_token(const char *token)
{
	return (struct headers){.authorization = token};
}

/* A ticket for a console of that kind, and the first frame that holds it. */
static void get_frame(const struct headers *who, const char *body, char *out, size_t size)
{
	struct visit *visit = asked("POST", path(ACTION_PATH, server_id), who, body);

	if (visit->status != 201)
		fail_msg("%u %s", visit->status, buf_str(&visit->body));
	frame_of(visit, out, size, "");
}

/* A serial console that is open. */
static struct visit *open_console(const struct headers *who, const struct headers *shake)
{
	char frame[160];
	struct visit *visit;

	get_frame(who, "{\"type\":\"serial\"}", frame, sizeof(frame));
	visit = asked("GET", path(SERIAL_PATH, server_id), shake, NULL);
	assert_int_equal(visit->status, 101);
	say_frame(visit, frame);
	UNTIL(settled);
	return visit;
}

static void assert_closes(struct visit *visit, unsigned code)
{
	awaited = visit;
	UNTIL(closed);
	assert_int_equal(visit->closed, code);
	say_ended(visit, (uint16_t)code, 0, 0);
}

static bool nobody(void)
{
	return console_count(core.consoles) == 0;
}

static bool host_is_empty(void)
{
	return fake_host_open_consoles(&bench.host) == 0;
}

static struct store_console_line line_of(uint64_t id)
{
	struct store_console_line line = {0};

	assert_int_equal(store_console_get(bench.store, 0, id, &line, NULL), 0);
	return line;
}

static uint64_t watched_line;

static bool line_is_closed(void)
{
	return line_of(watched_line).closed_ms != 0;
}

/* --- people --- */

static uint64_t make_token(const char *name, bool readonly, uint64_t user_id, char out[80])
{
	struct secret secret CLEANUP(secret_done) = {0};
	struct token token = {.customer_id = 1,
			      .user_id = user_id,
			      .readonly = readonly,
			      .created_ms = 1,
			      .last_used_ms = 0};

	assert_int_equal(secret_make_token(&secret), 0);
	secret_hash(secret.text, secret.len, token.hash);
	(void)snprintf(token.name, sizeof(token.name), "%s", name);
	assert_int_equal(store_token_insert(bench.store, &token, NULL), 0);
	(void)snprintf(out, 80, "Bearer %s", secret.text);
	return token.id;
}

struct person {
	uint64_t user_id;
	uint64_t session_id;
	char cookie[100];
	struct headers headers;
};

static void make_session(struct person *person)
{
	struct secret secret CLEANUP(secret_done) = {0};
	struct session session = {.user_id = person->user_id,
				  .customer_id = 1,
				  .created_ms = 1,
				  .last_used_ms = clock_now_ms(),
				  .expires_ms = clock_now_ms() + 100000};

	assert_int_equal(secret_make_token(&secret), 0);
	secret_hash(secret.text, secret.len, session.hash);
	assert_int_equal(store_session_insert(bench.store, &session, NULL), 0);
	person->session_id = session.id;
	(void)snprintf(person->cookie, sizeof(person->cookie), "__Host-ippo=%s", secret.text);
	person->headers = (struct headers){.cookie = person->cookie, .origin = URL, .csrf = "1"};
}

static void make_person(struct person *person, const char *name, enum role role)
{
	struct user user = {.password_hash = "x", .created_ms = 1};

	(void)snprintf(user.name, sizeof(user.name), "%s", name);
	assert_int_equal(store_user_insert(bench.store, &user, NULL), 0);
	assert_int_equal(store_membership_set(bench.store, user.id, 1, role, NULL), 0);
	person->user_id = user.id;
	make_session(person);
}

/* What their browser sends with a handshake. */
static struct headers shake_of(const struct person *person)
{
	return (struct headers){.cookie = person->cookie, .origin = URL, .upgrade = "websocket"};
}

/* --- setup --- */

static int setup(void **state)
{
	struct err err = {0};
	uint64_t action;

	bench_init(&bench);
	memset(&core, 0, sizeof(core));
	memset(&config, 0, sizeof(config));
	(void)snprintf(config.url, sizeof(config.url), URL);
	(void)snprintf(config.group, sizeof(config.group), "%s", getgrgid(getgid())->gr_name);
	config.console_idle_minutes = 60;
	config.console_life_minutes = 720;
	assert_int_equal(uv_loop_init(&core.loop), 0);
	core.config = &config;
	core.store = bench.store;
	if (events_new(&core, &core.events, &err) || server_cache_new(&core, &core.servers, &err) ||
	    console_setup(&core, &core.consoles, &err) ||
	    engine_new(&bench.loop, bench.store, &hooks, &bench.limits, &bench.engine, &err) ||
	    engine_start(bench.engine, &err))
		fail_msg("%s", err.text);
	core.engine = bench.engine;
	bench_connect(&bench);
	visit_count = 0;
	memset(visits, 0, sizeof(visits));
	web = NULL;
	connect_web();
	assert_int_equal(bench_create(&bench, "hajime", true, &server_id, &action, &err), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	owner_token_id = make_token("laptop", false, 0, owner_token);
	(void)make_token("watcher", true, 0, reader_token);
	return 0;
}

static void close_handle(uv_handle_t *handle, void *context)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static int teardown(void **state)
{
	for (size_t i = 0; i < visit_count; i++) {
		if (visits[i].fd >= 0)
			(void)close(visits[i].fd);
		buf_done(&visits[i].body);
	}
	channel_free(web);
	web = NULL;
	/* Core notices, and lets go of its end. */
	for (unsigned i = 0; i < 20; i++)
		turn();
	UNTIL(host_is_empty);
	UNTIL(nobody);
	console_teardown(core.consoles);
	uv_walk(&core.loop, close_handle, NULL);
	(void)uv_run(&core.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&core.loop), 0);
	events_free(core.events);
	server_cache_free(core.servers);
	bench_done(&bench);
	return 0;
}

/* --- the way in, and what flows --- */

static void a_token_opens_a_console_and_the_history_keeps_it(void **state)
{
	struct headers who = by_token(owner_token);
	struct visit *visit = open_console(&who, &handshake);
	struct store_console_line line;
	char text[8] = "";

	assert_true(visit->opened);
	assert_int_equal(visit->open.kind, CONSOLE_SERIAL);
	assert_int_equal(visit->open.mode, CONSOLE_CONTROL);
	assert_int_equal(visit->open.idle_ms, 3600000);
	assert_int_equal(visit->open.life_ms, 43200000);
	json_t *greeting = json_loads(visit->open.greeting, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(greeting, "kind")), "serial");
	assert_string_equal(json_string_value(json_object_get(greeting, "mode")), "control");
	assert_int_equal(json_integer_value(json_object_get(greeting, "console")),
			 visit->open.console_id);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(greeting, "server"), "name")),
		"hajime");
	json_decref(greeting);
	struct fake_console *at_host = fake_host_console(&bench.host, visit->open.console_id);
	assert_non_null(at_host);
	assert_int_equal(at_host->open.from, CONSOLE_FROM_START);
	assert_string_equal(at_host->open.label, "laptop");
	assert_int_equal(send(visit->fd, "hello", 5, 0), 5);
	assert_int_equal(recv(at_host->fd, text, sizeof(text), 0), 5);
	assert_string_equal(text, "hello");
	line = line_of(visit->open.console_id);
	assert_int_equal(line.closed_ms, 0);
	assert_string_equal(line.name, "laptop");
	assert_string_equal(line.peer, PEER);
	assert_string_equal(line.server_name, "hajime");
	assert_int_equal(line.token_id, owner_token_id);
	watched_line = line.id;
	say_ended(visit, 1000, 5, 77);
	UNTIL(line_is_closed);
	line = line_of(watched_line);
	assert_int_equal(line.code, 1000);
	assert_int_equal(line.bytes_in, 5);
	assert_int_equal(line.bytes_out, 77);
	UNTIL(host_is_empty);
	UNTIL(nobody);
}

static void request_console_answers_as_clients_expect(void **state)
{
	struct headers who = by_token(owner_token);
	struct visit *visit = asked("POST", path(ACTION_PATH, server_id), &who, NULL);
	char wanted[128];

	assert_int_equal(visit->status, 201);
	json_t *reply = json_loadb((const char *)visit->body.data, visit->body.len, 0, NULL);
	json_t *action = json_object_get(reply, "action");
	assert_string_equal(json_string_value(json_object_get(action, "command")),
			    "request_console");
	assert_string_equal(json_string_value(json_object_get(action, "status")), "success");
	(void)snprintf(wanted, sizeof(wanted), "wss://vps.example.jp/v1/consoles/%llu/vnc",
		       (unsigned long long)server_id);
	assert_string_equal(json_string_value(json_object_get(reply, "wss_url")), wanted);
	assert_string_equal(visit->set_cookie, ""); /* no browser asked */
	json_decref(reply);
	visit = asked("POST", path(ACTION_PATH, server_id), &who, "{\"type\":\"ssh\"}");
	assert_int_equal(visit->status, 422);
	visit = asked("POST", path(ACTION_PATH, server_id + 1), &who, NULL);
	assert_int_equal(visit->status, 404);
	visit = asked("GET", path(VNC_PATH, server_id), &(struct headers){0}, NULL);
	assert_int_equal(visit->status, 426);
}

static void who_may_only_read_only_views(void **state)
{
	struct headers who = by_token(reader_token);
	struct person reader;
	struct visit *visit = open_console(&who, &handshake);

	assert_int_equal(visit->open.mode, CONSOLE_VIEW);
	assert_int_equal(fake_host_console(&bench.host, visit->open.console_id)->open.mode,
			 CONSOLE_VIEW);
	say_ended(visit, 1000, 0, 0);
	visit = asked("POST", path(ACTION_PATH, server_id), &who, "{\"mode\":\"control\"}");
	assert_int_equal(visit->status, 403);
	assert_non_null(strstr(buf_str(&visit->body), "token_readonly"));
	make_person(&reader, "reader", ROLE_READER);
	visit = asked("POST", path(ACTION_PATH, server_id), &reader.headers,
		      "{\"mode\":\"control\"}");
	assert_int_equal(visit->status, 403);
	const struct headers shake = shake_of(&reader);
	visit = open_console(&reader.headers, &shake);
	assert_int_equal(visit->open.mode, CONSOLE_VIEW);
	say_ended(visit, 1000, 0, 0);
}

static void the_first_frame_may_ask_for_less_but_not_for_more(void **state)
{
	struct headers who = by_token(owner_token);
	char frame[160], less[200];
	struct visit *visit;

	get_frame(&who, "{\"type\":\"serial\"}", frame, sizeof(frame));
	(void)snprintf(less, sizeof(less), "%.*s,\"mode\":\"view\",\"from\":12345}",
		       (int)strlen(frame) - 1, frame);
	visit = asked("GET", path(SERIAL_PATH, server_id), &handshake, NULL);
	say_frame(visit, less);
	UNTIL(settled);
	assert_true(visit->opened);
	assert_int_equal(visit->open.mode, CONSOLE_VIEW);
	assert_int_equal(fake_host_console(&bench.host, visit->open.console_id)->open.from, 12345);
	say_ended(visit, 1000, 0, 0);
	get_frame(&who, "{\"type\":\"serial\",\"mode\":\"view\"}", frame, sizeof(frame));
	(void)snprintf(less, sizeof(less), "%.*s,\"mode\":\"control\"}", (int)strlen(frame) - 1,
		       frame);
	visit = asked("GET", path(SERIAL_PATH, server_id), &handshake, NULL);
	say_frame(visit, less);
	assert_closes(visit, CONSOLE_REFUSED);
}

/* --- tickets --- */

#define RACERS 64

static bool all_settled(void)
{
	for (size_t i = visit_count - RACERS; i < visit_count; i++)
		if (!visits[i].opened && !visits[i].closed)
			return false;
	return true;
}

static bool all_answered(void)
{
	for (size_t i = visit_count - RACERS; i < visit_count; i++)
		if (!visits[i].status)
			return false;
	return true;
}

static void of_many_with_one_ticket_exactly_one_enters(void **state)
{
	struct headers who = by_token(owner_token);
	char frame[160];
	unsigned opened = 0;

	get_frame(&who, "{\"type\":\"serial\"}", frame, sizeof(frame));
	for (unsigned i = 0; i < RACERS; i++)
		(void)ask("GET", path(SERIAL_PATH, server_id), &handshake, NULL);
	UNTIL(all_answered);
	for (size_t i = visit_count - RACERS; i < visit_count; i++)
		say_frame(&visits[i], frame);
	UNTIL(all_settled);
	for (size_t i = visit_count - RACERS; i < visit_count; i++) {
		opened += visits[i].opened;
		if (!visits[i].opened)
			assert_int_equal(visits[i].closed, CONSOLE_REFUSED);
		say_ended(&visits[i], 1000, 0, 0);
	}
	assert_int_equal(opened, 1);
	assert_int_equal(fake_host_asked(&bench.host, HOST_CONSOLE_OPEN), 1);
}

/* Presents @frame at @target and expects to be refused. */
static void assert_refused(const char *target, const struct headers *shake, const char *frame)
{
	struct visit *visit = asked("GET", target, shake, NULL);

	assert_int_equal(visit->status, 101);
	say_frame(visit, frame);
	assert_closes(visit, CONSOLE_REFUSED);
}

static void a_ticket_is_refused_anywhere_else(void **state)
{
	struct headers who = by_token(owner_token), other = handshake;
	struct person person, stranger;
	char frame[160];
	uint64_t second, action;

	assert_int_equal(bench_create(&bench, "tsugi", false, &second, &action, NULL), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	get_frame(&who, "{\"type\":\"serial\"}", frame, sizeof(frame));
	assert_refused(path(SERIAL_PATH, second), &handshake, frame);
	/* Shown at the wrong place it is worth nothing at the right one either. */
	assert_refused(path(SERIAL_PATH, server_id), &handshake, frame);
	get_frame(&who, "{\"type\":\"serial\"}", frame, sizeof(frame));
	assert_refused(path(VNC_PATH, server_id), &handshake, frame);
	get_frame(&who, "{\"type\":\"serial\"}", frame, sizeof(frame));
	other.authorization = reader_token;
	assert_refused(path(SERIAL_PATH, server_id), &other, frame);

	make_person(&person, "hanako", ROLE_OWNER);
	make_person(&stranger, "jiro", ROLE_OWNER);
	const struct headers of_stranger = shake_of(&stranger);
	struct headers without_origin = shake_of(&person);
	without_origin.origin = NULL;
	get_frame(&person.headers, "{\"type\":\"serial\"}", frame, sizeof(frame));
	assert_refused(path(SERIAL_PATH, server_id), &of_stranger, frame);
	get_frame(&person.headers, "{\"type\":\"serial\"}", frame, sizeof(frame));
	assert_refused(path(SERIAL_PATH, server_id), &handshake, frame);
	get_frame(&person.headers, "{\"type\":\"serial\"}", frame, sizeof(frame));
	assert_refused(path(SERIAL_PATH, server_id), &without_origin, frame);
	assert_int_equal(fake_host_asked(&bench.host, HOST_CONSOLE_OPEN), 0);
}

static void a_late_ticket_and_one_of_another_incarnation_open_nothing(void **state)
{
	struct server server CLEANUP(server_done) = bench_server(&bench, server_id);
	const char secret[] = "0123456789012345678901234567890123456789012345678901234567890123";
	struct ticket ticket = {
		.use = TICKET_FRAME,
		.who = {.via = PRINCIPAL_TOKEN, .customer_id = 1, .token_id = owner_token_id},
		.server_id = server_id,
		.generation = server.volume_generation,
		.kind = CONSOLE_SERIAL,
		.mode = CONSOLE_CONTROL};
	char frame[160];
	uint8_t hash[SECRET_HASH_BYTES];
	struct visit *visit;

	secret_hash(secret, strlen(secret), hash);
	memcpy(ticket.uuid, server.uuid, sizeof(ticket.uuid));
	(void)snprintf(frame, sizeof(frame), "{\"ticket\":\"%s\"}", secret);
	ticket.expires_ms = clock_now_ms() - 1;
	assert_int_equal(store_ticket_insert(bench.store, hash, &ticket, 1, NULL), 0);
	assert_refused(path(SERIAL_PATH, server_id), &handshake, frame);
	for (unsigned i = 0; i < 3; i++) {
		ticket.expires_ms = clock_now_ms() + 10000;
		ticket.generation = server.volume_generation + (i == 0);
		ticket.uuid[0] = (uint8_t)(server.uuid[0] + (i == 1));
		assert_int_equal(
			store_ticket_insert(bench.store, hash, &ticket, clock_now_ms(), NULL), 0);
		visit = asked("GET", path(SERIAL_PATH, server_id), &handshake, NULL);
		say_frame(visit, frame);
		UNTIL(settled);
		if (i == 2) {
			assert_true(visit->opened); /* the same one, unchanged */
			say_ended(visit, 1000, 0, 0);
		} else {
			assert_closes(visit, CONSOLE_DELETED);
		}
	}
}

static void malformed_first_frames_end_it(void **state)
{
	static const struct {
		const char *text;
		unsigned code;
	} frames[] = {
		{"", CONSOLE_PROTOCOL},
		{"[]", CONSOLE_PROTOCOL},
		{"{\"ticket\":7}", CONSOLE_PROTOCOL},
		{"{\"ticket\":\"short\"}", CONSOLE_PROTOCOL},
		{"{\"from\":-1}", CONSOLE_PROTOCOL},
		{"{\"mode\":\"all\"}", CONSOLE_PROTOCOL},
		{"{\"from\":1,\"from\":2}", CONSOLE_PROTOCOL},
		{"{}", CONSOLE_REFUSED},
		{"{\"ticket\":"
		 "\"0123456789012345678901234567890123456789012345678901234567890123\"}",
		 CONSOLE_REFUSED},
	};
	char giant[CONSOLE_FIRST_FRAME_BYTES + 2];
	struct visit *visit;

	for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
		visit = asked("GET", path(SERIAL_PATH, server_id), &handshake, NULL);
		say_frame(visit, frames[i].text);
		assert_closes(visit, frames[i].code);
	}
	memset(giant, ' ', sizeof(giant));
	giant[sizeof(giant) - 1] = '\0';
	visit = asked("GET", path(SERIAL_PATH, server_id), &handshake, NULL);
	say_frame(visit, giant);
	assert_closes(visit, CONSOLE_TOO_BIG);
	giant[0] = '{';
	giant[1] = '}';
	giant[CONSOLE_FIRST_FRAME_BYTES] = '\0';
	visit = asked("GET", path(SERIAL_PATH, server_id), &handshake, NULL);
	say_frame(visit, giant); /* at the limit it is judged */
	assert_closes(visit, CONSOLE_REFUSED);
}

static void silence_after_the_handshake_ends_it(void **state)
{
	struct visit *visit = asked("GET", path(SERIAL_PATH, server_id), &handshake, NULL);
	const int64_t began = clock_mono_ms();

	assert_closes(visit, CONSOLE_REFUSED);
	assert_in_range(clock_mono_ms() - began, CONSOLE_FIRST_FRAME_MS - 100,
			CONSOLE_FIRST_FRAME_MS + 2 * CONSOLE_LOOK_MS + 100);
}

/* --- pages: Origin and cookies --- */

static void pages_of_others_get_no_handshake(void **state)
{
	static const char *const origins[] = {
		"https://evil.example",        "null",
		"https://sub.vps.example.jp",  "https://vps.example.jp:8443",
		"http://vps.example.jp",       "https://vps.example.jp.",
		"https://vps.example.jp/",     "https://vps.example.jp.evil.example",
		"https://vps.example.jp@evil", ""};

	for (size_t i = 0; i < ARRAY_SIZE(origins); i++) {
		const struct headers shake = {
			.origin = origins[i], .upgrade = "websocket", .host = "vps.example.jp"};
		assert_int_equal(asked("GET", path(SERIAL_PATH, server_id), &shake, NULL)->status,
				 403);
	}
}

static void cookie_part(const char *set_cookie, const struct person *person, char *out, size_t size)
{
	(void)snprintf(out, size, "%s; %.*s", person->cookie, (int)strcspn(set_cookie, ";"),
		       set_cookie);
}

static void a_page_comes_back_by_a_cookie_that_turns_with_each_use(void **state)
{
	struct person person, stranger;
	char cookie[400], stolen[400], wanted[128];
	struct visit *visit;

	make_person(&person, "hanako", ROLE_OPERATOR);
	make_person(&stranger, "jiro", ROLE_OWNER);
	visit = asked("POST", path(ACTION_PATH, server_id), &person.headers,
		      "{\"type\":\"serial\"}");
	assert_int_equal(visit->status, 201);
	(void)snprintf(wanted, sizeof(wanted),
		       "; Path=/v1/consoles/%llu/serial; Max-Age=600; Secure; HttpOnly; "
		       "SameSite=Strict",
		       (unsigned long long)server_id);
	assert_non_null(strstr(visit->set_cookie, wanted));
	(void)snprintf(wanted, sizeof(wanted),
		       "__Secure-ippo-console-%llu-serial=", (unsigned long long)server_id);
	assert_int_equal(strncmp(visit->set_cookie, wanted, strlen(wanted)), 0);
	cookie_part(visit->set_cookie, &person, cookie, sizeof(cookie));
	struct headers shake = {.cookie = cookie, .upgrade = "websocket"};
	/* A browser says where it comes from. */
	assert_int_equal(asked("GET", path(SERIAL_PATH, server_id), &shake, NULL)->status, 403);
	shake.origin = URL;
	visit = asked("GET", path(SERIAL_PATH, server_id), &shake, NULL);
	assert_int_equal(visit->status, 101);
	assert_int_equal(strncmp(visit->set_cookie, wanted, strlen(wanted)), 0);
	say_frame(visit, "{\"from\":55}");
	UNTIL(settled);
	assert_true(visit->opened);
	assert_int_equal(visit->open.mode, CONSOLE_CONTROL);
	assert_int_equal(fake_host_console(&bench.host, visit->open.console_id)->open.from, 55);
	struct visit *first = visit;

	/* The old one again: it opens nothing. */
	visit = asked("GET", path(SERIAL_PATH, server_id), &shake, NULL);
	assert_int_equal(visit->status, 101);
	assert_string_equal(visit->set_cookie, "");
	say_frame(visit, "{}");
	assert_closes(visit, CONSOLE_REFUSED);

	/* The new one, in a browser that is signed in as somebody else. */
	cookie_part(first->set_cookie, &stranger, stolen, sizeof(stolen));
	shake.cookie = stolen;
	visit = asked("GET", path(SERIAL_PATH, server_id), &shake, NULL);
	say_frame(visit, "{}");
	assert_closes(visit, CONSOLE_REFUSED);
	say_ended(first, 1000, 0, 0);

	/* Once more from the beginning, for the other kind: a cookie is of one console. */
	visit = asked("POST", path(ACTION_PATH, server_id), &person.headers,
		      "{\"type\":\"serial\"}");
	cookie_part(visit->set_cookie, &person, cookie, sizeof(cookie));
	shake.cookie = cookie;
	visit = asked("GET", path(VNC_PATH, server_id), &shake, NULL);
	say_frame(visit, "{}");
	assert_closes(visit, CONSOLE_REFUSED);
}

/* --- limits --- */

static void limits_hold_for_a_user_a_server_and_an_address(void **state)
{
	struct headers who = by_token(owner_token), other = by_token(reader_token);
	struct headers near = handshake, far = handshake;
	struct visit *first, *second;

	near.peer = "2001:db8:1:2::9";
	far.peer = "2001:db8:1:3::9";
	config.console_per_user = 1;
	first = open_console(&who, &handshake);
	assert_true(first->opened);
	assert_closes(open_console(&who, &near), CONSOLE_LIMIT);
	second = open_console(&other, &handshake);
	assert_true(second->opened);
	config.console_per_user = 0;
	config.console_per_address = 2;
	assert_closes(open_console(&who, &handshake), CONSOLE_LIMIT);
	say_ended(second, 1000, 0, 0);
	second = open_console(&who, &near);
	assert_true(second->opened);
	config.console_per_address = 1;
	near.peer = "2001:db8:1:2::1"; /* the same /64 */
	assert_closes(open_console(&who, &near), CONSOLE_LIMIT);
	config.console_per_address = 0;
	config.console_per_server = 2;
	assert_closes(open_console(&who, &far), CONSOLE_LIMIT);
	config.console_per_server = 3;
	struct visit *third = open_console(&who, &far);
	assert_true(third->opened);
	say_ended(first, 1000, 0, 0);
	say_ended(second, 1000, 0, 0);
	say_ended(third, 1000, 0, 0);
}

static void half_open_handshakes_of_one_address_are_bounded(void **state)
{
	for (unsigned i = 0; i < CONSOLE_HANDSHAKES_MAX; i++)
		(void)ask("GET", path(SERIAL_PATH, server_id), &handshake, NULL);
	assert_int_equal(asked("GET", path(SERIAL_PATH, server_id), &handshake, NULL)->status, 429);
	struct headers elsewhere = handshake;
	elsewhere.peer = "198.51.100.3";
	assert_int_equal(asked("GET", path(SERIAL_PATH, server_id), &elsewhere, NULL)->status, 101);
	for (size_t i = 0; i < visit_count; i++)
		if (visits[i].status == 101)
			say_ended(&visits[i], 1000, 0, 0);
}

/* --- rights that end --- */

static struct person owner;

static void sign_out(void)
{
	assert_int_equal(asked("DELETE", "/v1/sessions/current", &owner.headers, NULL)->status,
			 204);
}

static void disable_user(void)
{
	assert_int_equal(store_user_update_disabled(bench.store, owner.user_id, true, NULL), 0);
}

static void change_password(void)
{
	assert_int_equal(store_user_update_password(bench.store, owner.user_id, "y", 0, NULL), 0);
}

static void delete_user(void)
{
	assert_int_equal(store_user_delete(bench.store, owner.user_id, NULL), 0);
}

static void end_membership(void)
{
	assert_int_equal(store_membership_set(bench.store, owner.user_id, 1, ROLE_NONE, NULL), 0);
}

static void become_reader(void)
{
	assert_int_equal(store_membership_set(bench.store, owner.user_id, 1, ROLE_READER, NULL), 0);
}

static void let_session_expire(void)
{
	assert_int_equal(store_session_touch(bench.store, owner.session_id, 1, 2, NULL), 0);
}

static void let_session_run_out(void)
{
	const int64_t now_ms = clock_now_ms();

	assert_int_equal(
		store_session_touch(bench.store, owner.session_id, now_ms, now_ms + 400, NULL), 0);
}

static void delete_token(void)
{
	assert_int_equal(store_token_delete(bench.store, 1, owner_token_id, NULL), 0);
}

static void suspend_customer(void)
{
	struct customer customer;

	assert_int_equal(store_customer_get(bench.store, 1, &customer, NULL), 0);
	customer.suspended = true;
	assert_int_equal(store_customer_update(bench.store, &customer, NULL), 0);
}

static void delete_server(void)
{
	assert_int_equal(bench_command(&bench, ACTION_DELETE_SERVER, server_id, NULL), 0);
}

static void rebuild_server(void)
{
	assert_int_equal(bench_command(&bench, ACTION_REBUILD_SERVER, server_id, NULL), 0);
}

/* As a commit of a step in the middle of an action would, without its word to anybody. */
static void exchange_disk(void)
{
	assert_int_equal(
		store_server_update_disk(bench.store, server_id, bench.image_id, 2, 20, NULL), 0);
}

static uint64_t console_to_cut;

static void cut_by_owner(void)
{
	assert_int_equal(
		asked("DELETE", path("/v1/consoles/%" PRIu64, console_to_cut), &owner.headers, NULL)
			->status,
		204);
}

static const struct ending_case {
	const char *name;
	void (*end)(void);
	bool by_token;
	unsigned code;
	unsigned ms; /* 0: CUT_MS */
} endings[] = {
	{"sign-out", sign_out, false, CONSOLE_CUT},
	{"user disabled", disable_user, false, CONSOLE_CUT},
	{"password changed", change_password, false, CONSOLE_CUT},
	{"user deleted", delete_user, false, CONSOLE_CUT},
	{"no member any more", end_membership, false, CONSOLE_CUT},
	{"a reader from now on", become_reader, false, CONSOLE_CUT},
	{"session expired", let_session_expire, false, CONSOLE_CUT},
	{"token deleted", delete_token, true, CONSOLE_CUT},
	{"customer suspended", suspend_customer, false, CONSOLE_CUT},
	{"customer suspended, token", suspend_customer, true, CONSOLE_CUT},
	{"server deleted", delete_server, true, CONSOLE_DELETED},
	{"server rebuilt", rebuild_server, true, CONSOLE_DELETED},
	{"another disk", exchange_disk, true, CONSOLE_DELETED},
	{"cut by the owner", cut_by_owner, true, CONSOLE_CUT},
	{"session runs out", let_session_run_out, false, CONSOLE_CUT, RUN_OUT_MS},
};

/* One of the endings, chosen by *state. */
static void an_open_console_ends_with_the_right_to_it(const struct ending_case *each)
{
	struct headers token = by_token(owner_token), shake;
	struct store_console_line line;
	struct visit *visit;
	int64_t began;
	char byte;

	make_person(&owner, "hanako", ROLE_OWNER);
	shake = each->by_token ? handshake : shake_of(&owner);
	visit = open_console(each->by_token ? &token : &owner.headers, &shake);
	assert_true(visit->opened);
	console_to_cut = visit->open.console_id;
	/* Long enough that the pass after the opening is over. */
	bench_for(&bench, 20);
	began = clock_mono_ms();
	each->end();
	awaited = visit;
	UNTIL(closed);
	if (clock_mono_ms() - began > (each->ms ? each->ms : CUT_MS))
		fail_msg("%s: cut after %lld ms", each->name, (long long)(clock_mono_ms() - began));
	if (visit->closed != each->code)
		fail_msg("%s: ended with %u", each->name, visit->closed);
	UNTIL(host_is_empty);
	/* Not by web's mercy: the other end is closed whether web listens or not. */
	assert_int_equal(recv(visit->fd, &byte, 1, MSG_DONTWAIT), 0);
	watched_line = visit->open.console_id;
	say_ended(visit, visit->closed, 3, 4);
	UNTIL(line_is_closed);
	line = line_of(watched_line);
	assert_int_equal(line.code, each->code);
	assert_int_equal(line.bytes_in, 3);
	assert_true(line.reason[0] != '\0');
}

#define ENDING(number)                                                                             \
	static void ending_##number(void **state)                                                  \
	{                                                                                          \
		an_open_console_ends_with_the_right_to_it(&endings[number]);                       \
	}
ENDING(0)
ENDING(1)
ENDING(2)
ENDING(3)
ENDING(4)
ENDING(5)
ENDING(6)
ENDING(7)
ENDING(8)
ENDING(9)
ENDING(10)
ENDING(11)
ENDING(12)
ENDING(13)
ENDING(14)

static void our_own_lines_hide_no_change(void **state)
{
	struct headers who = by_token(owner_token), other = by_token(reader_token);
	struct visit *visit = open_console(&who, &handshake), *next;
	char frame[160];
	int64_t began;

	get_frame(&other, "{\"type\":\"serial\"}", frame, sizeof(frame));
	next = asked("GET", path(SERIAL_PATH, server_id), &handshake, NULL);
	/* So that the last asking is fresh, and the next one by the clock far. */
	for (int64_t end = clock_mono_ms() + CONSOLE_LOOK_MS + 20; clock_mono_ms() < end;)
		turn();
	say_frame(next, frame);
	began = clock_mono_ms();
	delete_token();
	awaited = visit;
	UNTIL(closed);
	assert_in_range(clock_mono_ms() - began, 0, CUT_MS);
	assert_closes(visit, CONSOLE_CUT);
	assert_true(next->opened);
	say_ended(next, 1000, 0, 0);
}

static void what_does_not_concern_it_leaves_it_open(void **state)
{
	struct headers who = by_token(owner_token);
	struct visit *visit = open_console(&who, &handshake);
	struct person other;
	uint64_t second, action;

	assert_true(visit->opened);
	make_person(&other, "jiro", ROLE_OWNER);
	assert_int_equal(store_session_delete(bench.store, other.session_id, NULL), 0);
	assert_int_equal(bench_create(&bench, "tsugi", false, &second, &action, NULL), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	assert_int_equal(bench_command(&bench, ACTION_DELETE_SERVER, second, &action), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	assert_int_equal(bench_command(&bench, ACTION_STOP_SERVER, server_id, &action), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	for (int64_t end = clock_mono_ms() + CONSOLE_ASK_MS + 200; clock_mono_ms() < end;)
		turn();
	assert_int_equal(visit->closed, 0);
	say_ended(visit, 1000, 0, 0);
}

static void a_right_that_ends_while_the_host_opens_opens_nothing(void **state)
{
	struct headers who = by_token(owner_token);
	char frame[160];
	struct visit *visit;

	get_frame(&who, "{\"type\":\"serial\"}", frame, sizeof(frame));
	bench.host.delay_ms = 200;
	visit = asked("GET", path(SERIAL_PATH, server_id), &handshake, NULL);
	say_frame(visit, frame);
	while (fake_host_asked(&bench.host, HOST_CONSOLE_OPEN) == 0)
		turn();
	delete_token();
	assert_closes(visit, CONSOLE_CUT);
	assert_false(visit->opened);
	UNTIL(host_is_empty);
}

static void a_client_that_leaves_while_the_host_opens_leaves_nothing(void **state)
{
	struct headers who = by_token(owner_token);
	char frame[160];
	struct visit *visit;

	get_frame(&who, "{\"type\":\"serial\"}", frame, sizeof(frame));
	bench.host.delay_ms = 100;
	visit = asked("GET", path(SERIAL_PATH, server_id), &handshake, NULL);
	say_frame(visit, frame);
	while (fake_host_asked(&bench.host, HOST_CONSOLE_OPEN) == 0)
		turn();
	say_ended(visit, 1006, 0, 0);
	UNTIL(nobody);
	UNTIL(host_is_empty);
	assert_false(visit->opened);
}

static void strangers_cut_nobody(void **state)
{
	struct headers who = by_token(owner_token), reader = by_token(reader_token);
	struct visit *visit = open_console(&who, &handshake);
	const uint64_t id = visit->open.console_id;
	struct person operator;

	make_person(&operator, "saburo", ROLE_OPERATOR);
	assert_int_equal(asked("DELETE", path("/v1/consoles/%" PRIu64, id), &reader, NULL)->status,
			 403);
	assert_int_equal(
		asked("DELETE", path("/v1/consoles/%" PRIu64, id), &operator.headers, NULL)->status,
		403);
	assert_int_equal(asked("DELETE", path("/v1/consoles/%" PRIu64, id + 1), &who, NULL)->status,
			 404);
	assert_int_equal(visit->closed, 0);
	assert_int_equal(asked("DELETE", path("/v1/consoles/%" PRIu64, id), &who, NULL)->status,
			 204);
	assert_closes(visit, CONSOLE_CUT);
	assert_int_equal(asked("DELETE", path("/v1/consoles/%" PRIu64, id), &who, NULL)->status,
			 404);
}

/* --- neighbours that go --- */

static void a_host_that_goes_takes_its_consoles_with_it(void **state)
{
	struct headers who = by_token(owner_token);
	struct visit *visit = open_console(&who, &handshake);

	assert_true(visit->opened);
	fake_host_disconnect(&bench.host);
	assert_closes(visit, CONSOLE_LOST);
	assert_closes(open_console(&who, &handshake), CONSOLE_LOST);
	bench_connect(&bench);
	visit = open_console(&who, &handshake);
	assert_true(visit->opened);
	say_ended(visit, 1000, 0, 0);
}

static void what_the_host_ends_is_told(void **state)
{
	struct headers who = by_token(owner_token);
	static const struct {
		enum host_console_end end;
		unsigned code;
	} cases[] = {{HOST_CONSOLE_OFF, CONSOLE_OFF},
		     {HOST_CONSOLE_GONE, CONSOLE_LOST},
		     {HOST_CONSOLE_BAD, CONSOLE_PROTOCOL}};
	struct visit *visit;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		visit = open_console(&who, &handshake);
		fake_host_end_console(&bench.host, visit->open.console_id, cases[i].end);
		assert_closes(visit, cases[i].code);
	}
	uint64_t action;
	char frame[160];
	assert_int_equal(bench_command(&bench, ACTION_STOP_SERVER, server_id, &action), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	get_frame(&who, "{}", frame, sizeof(frame));
	visit = asked("GET", path(VNC_PATH, server_id), &handshake, NULL);
	say_frame(visit, frame);
	assert_closes(visit, CONSOLE_OFF);
}

static void when_web_goes_nothing_stays_open(void **state)
{
	struct headers who = by_token(owner_token);
	struct visit *visit = open_console(&who, &handshake);

	watched_line = visit->open.console_id;
	connect_web();
	UNTIL(host_is_empty);
	UNTIL(line_is_closed);
	assert_int_equal(line_of(watched_line).code, CONSOLE_DROPPED);
}

static bool web_was_dropped(void)
{
	return web_gone;
}

static void a_second_frame_ends_the_channel_to_web(void **state)
{
	struct headers who = by_token(owner_token);
	struct visit *visit = open_console(&who, &handshake);

	say_frame(visit, "{}");
	UNTIL(web_was_dropped);
	UNTIL(host_is_empty);
}

static void a_close_nobody_confirms_is_given_up(void **state)
{
	struct headers who = by_token(owner_token);
	struct visit *visit = open_console(&who, &handshake);
	struct buf nothing = {0};

	assert_int_equal(console_cut(core.consoles, visit->open.console_id, "test", NULL), 0);
	awaited = visit;
	UNTIL(closed);
	assert_int_equal(console_count(core.consoles), 1);
	/* What web would say to a request it has given up. */
	assert_int_equal(channel_send(web, HTTP_CANCEL, 0, visit->id, nothing.data, 0, NULL, 0), 0);
	UNTIL(nobody);
	say_ended(visit, 1000, 0, 0); /* late, and ignored */
	bench_for(&bench, 10);
	turn();
	assert_false(web_gone);
}

static void a_stop_says_goodbye_and_a_crash_is_found_at_the_next_start(void **state)
{
	struct headers who = by_token(owner_token);
	struct visit *visit = open_console(&who, &handshake);
	struct store_console_line left = {
		.customer_id = 1, .server_id = server_id, .opened_ms = 5, .kind = 1, .mode = 1};

	console_stop(core.consoles);
	watched_line = visit->open.console_id;
	assert_closes(visit, CONSOLE_GOING_AWAY);
	UNTIL(line_is_closed);
	assert_int_equal(line_of(watched_line).code, CONSOLE_GOING_AWAY);
	assert_int_equal(store_console_insert(bench.store, &left, NULL), 0);
	UNTIL(nobody);
	console_teardown(core.consoles);
	assert_int_equal(console_setup(&core, &core.consoles, NULL), 0);
	assert_int_equal(line_of(left.id).code, CONSOLE_LOST);
}

/* --- beside it --- */

static void a_locked_server_has_a_console(void **state)
{
	struct headers who = by_token(owner_token);
	struct visit *visit;
	uint64_t action;

	bench.host.ignore_shutdown = true;
	assert_int_equal(bench_command(&bench, ACTION_SHUTDOWN_SERVER, server_id, &action), 0);
	bench_for(&bench, 20);
	assert_true(bench_server(&bench, server_id).locked_action_id != 0);
	visit = open_console(&who, &handshake);
	assert_true(visit->opened);
	say_ended(visit, 1000, 0, 0);
	struct action shutdown_action CLEANUP(action_done) = bench_action(&bench, action);
	assert_int_equal(shutdown_action.status, ACTION_RUNNING);
}

static void the_history_is_listed_and_filtered(void **state)
{
	struct headers who = by_token(owner_token);
	struct visit *first = open_console(&who, &handshake), *second;
	json_t *reply, *item;

	watched_line = first->open.console_id;
	say_ended(first, 1000, 1, 2);
	UNTIL(line_is_closed);
	second = open_console(&who, &handshake);
	struct visit *visit = asked("GET", "/v1/consoles?per_page=1", &who, NULL);
	reply = json_loadb((const char *)visit->body.data, visit->body.len, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(reply, "consoles")), 1);
	item = json_array_get(json_object_get(reply, "consoles"), 0);
	assert_int_equal(json_integer_value(json_object_get(item, "id")), second->open.console_id);
	assert_true(json_is_null(json_object_get(item, "closed")));
	json_decref(reply);
	visit = asked("GET", "/v1/consoles?status=closed", &who, NULL);
	reply = json_loadb((const char *)visit->body.data, visit->body.len, 0, NULL);
	item = json_array_get(json_object_get(reply, "consoles"), 0);
	assert_string_equal(json_string_value(json_object_get(item, "ended")), "closed");
	assert_int_equal(json_integer_value(json_object_get(item, "bytes_out")), 2);
	json_decref(reply);
	assert_int_equal(asked("GET", "/v1/consoles?status=x", &who, NULL)->status, 422);
	assert_int_equal(asked("GET", "/v1/consoles", &(struct headers){0}, NULL)->status, 401);
	say_ended(second, 1000, 0, 0);
}

static void text_of(const char *query, const char *said, const char *text, int from, int next)
{
	struct headers who = by_token(reader_token);
	char target[128];

	bench.host.console_text = said;
	(void)snprintf(target, sizeof(target), "/v1/servers/%llu/console/text%s",
		       (unsigned long long)server_id, query);
	struct visit *visit = asked("GET", target, &who, NULL);
	assert_int_equal(visit->status, 200);
	json_t *reply = json_loadb((const char *)visit->body.data, visit->body.len, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(reply, "text")), text);
	assert_int_equal(json_integer_value(json_object_get(reply, "from")), from);
	assert_int_equal(json_integer_value(json_object_get(reply, "next")), next);
	assert_int_equal(json_integer_value(json_object_get(reply, "first")), 100);
	assert_int_equal(json_integer_value(json_object_get(reply, "end")), 100 + strlen(said));
	json_decref(reply);
}

static void the_text_is_read_in_whole_characters(void **state)
{
	struct headers who = by_token(reader_token);

	text_of("", "", "", 100, 100);
	text_of("", "login: ", "login: ", 100, 107);
	text_of("?from=103&max=2", "login: ", "in", 103, 105);
	text_of("?from=9999", "login: ", "", 107, 107);
	text_of("", "\xe6\x97\xa5\xe6\x9c\xac", "日本", 100, 106);
	text_of("?max=4", "\xe6\x97\xa5\xe6\x9c\xac", "日", 100, 103);
	text_of("?from=103&max=2", "\xe6\x97\xa5\xe6\x9c\xac", "\xef\xbf\xbd\xef\xbf\xbd", 103,
		105);
	text_of("", "a\xff\xc0\xaf\xed\xa0\x80z",
		"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz", 100,
		108);
	assert_int_equal(asked("GET", path("/v1/servers/%" PRIu64 "/console/text?max=0", server_id),
			       &who, NULL)
				 ->status,
			 422);
}

static void the_screen_is_a_picture(void **state)
{
	struct headers who = by_token(reader_token);
	struct visit *visit =
		asked("GET", path("/v1/servers/%" PRIu64 "/console/screen", server_id), &who, NULL);

	assert_int_equal(visit->status, 200);
	assert_string_equal(visit->type, "image/png");
	assert_int_equal(visit->body.len, 12);
	fake_host_fault(&bench.host, HOST_CONSOLE_SCREEN, 0, 1, ERR_SERVER_NOT_RUNNING);
	visit = asked("GET", path("/v1/servers/%" PRIu64 "/console/screen", server_id), &who, NULL);
	assert_int_equal(visit->status, 422);
	assert_string_equal(visit->type, "application/json");
	fake_host_disconnect(&bench.host);
	bench_for(&bench, 10);
	visit = asked("GET", path("/v1/servers/%" PRIu64 "/console/screen", server_id), &who, NULL);
	assert_int_equal(visit->status, 503);
}

/* --- the local socket --- */

static int local = -1;

static void connect_local(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%.80s.sock", bench.path);
	(void)unlink(address.sun_path);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 4), 0);
	assert_int_equal(client_listen_local(&core, listener, NULL), 0);
	local = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(local, (struct sockaddr *)&address, sizeof(address)), 0);
	(void)unlink(address.sun_path);
}

static bool local_can_be_read(void)
{
	char byte;

	return recv(local, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* The next message over the local socket, and its descriptor. */
static uint16_t hear_locally(struct buf *body, int *ret_fd)
{
	uint16_t type;
	uint8_t flags;
	uint64_t id;

	UNTIL(local_can_be_read);
	buf_clear(body);
	assert_int_equal(channel_receive_one(local, &type, &flags, &id, body, ret_fd, NULL), 0);
	assert_int_equal(id, 77);
	return type;
}

static void the_local_socket_gives_the_descriptor_itself(void **state)
{
	const struct http_request request = {
		.method = "GET",
		.target = path("/v1/consoles/%" PRIu64 "/serial?from=now", server_id),
		.peer = "local",
		.request_id = "",
		.headers = {{"upgrade", "websocket"}},
		.header_count = 1};
	struct buf frame CLEANUP(buf_done) = {0};
	struct buf body CLEANUP(buf_done) = {0};
	struct console_close closing;
	struct console_open open;
	struct reader in;
	int unwanted = -1, fd = -1;

	connect_local();
	assert_int_equal(http_request_encode(&request, &frame), 0);
	assert_int_equal(
		channel_send_fd(local, HTTP_REQUEST, 77, frame.data, frame.len, NULL, 0, NULL), 0);
	assert_int_equal(hear_locally(&body, &unwanted), HTTP_REPLY);
	assert_int_equal(hear_locally(&body, &fd), CONSOLE_OPEN);
	reader_init(&in, body.data, body.len);
	assert_int_equal(console_open_read(&in, &open), 0);
	assert_true(fd >= 0);
	assert_int_equal(open.idle_ms, 0);
	struct fake_console *at_host = fake_host_console(&bench.host, open.console_id);
	assert_true(at_host->open.from == CONSOLE_FROM_NOW);
	assert_int_equal(at_host->open.mode, CONSOLE_CONTROL);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_int_equal(line_of(open.console_id).via, PRINCIPAL_LOCAL);
	assert_string_equal(line_of(open.console_id).peer, "local");
	assert_int_equal(console_cut(core.consoles, open.console_id, "test", NULL), 0);
	assert_int_equal(hear_locally(&body, &unwanted), CONSOLE_CLOSE);
	reader_init(&in, body.data, body.len);
	assert_int_equal(console_close_read(&in, &closing), 0);
	assert_int_equal(closing.code, CONSOLE_CUT);
	UNTIL(host_is_empty);
	(void)close(fd);

	/* The end of the channel is the end of the console. */
	assert_int_equal(
		channel_send_fd(local, HTTP_REQUEST, 77, frame.data, frame.len, NULL, 0, NULL), 0);
	assert_int_equal(hear_locally(&body, &unwanted), HTTP_REPLY);
	assert_int_equal(hear_locally(&body, &fd), CONSOLE_OPEN);
	reader_init(&in, body.data, body.len);
	assert_int_equal(console_open_read(&in, &open), 0);
	watched_line = open.console_id;
	(void)close(local);
	UNTIL(host_is_empty);
	UNTIL(line_is_closed);
	UNTIL(nobody);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_token_opens_a_console_and_the_history_keeps_it),
		TEST(request_console_answers_as_clients_expect),
		TEST(who_may_only_read_only_views),
		TEST(the_first_frame_may_ask_for_less_but_not_for_more),
		TEST(of_many_with_one_ticket_exactly_one_enters),
		TEST(a_ticket_is_refused_anywhere_else),
		TEST(a_late_ticket_and_one_of_another_incarnation_open_nothing),
		TEST(malformed_first_frames_end_it),
		TEST(silence_after_the_handshake_ends_it),
		TEST(pages_of_others_get_no_handshake),
		TEST(a_page_comes_back_by_a_cookie_that_turns_with_each_use),
		TEST(limits_hold_for_a_user_a_server_and_an_address),
		TEST(half_open_handshakes_of_one_address_are_bounded),
		TEST(ending_0),
		TEST(ending_1),
		TEST(ending_2),
		TEST(ending_3),
		TEST(ending_4),
		TEST(ending_5),
		TEST(ending_6),
		TEST(ending_7),
		TEST(ending_8),
		TEST(ending_9),
		TEST(ending_10),
		TEST(ending_11),
		TEST(ending_12),
		TEST(ending_13),
		TEST(ending_14),
		TEST(our_own_lines_hide_no_change),
		TEST(what_does_not_concern_it_leaves_it_open),
		TEST(a_right_that_ends_while_the_host_opens_opens_nothing),
		TEST(a_client_that_leaves_while_the_host_opens_leaves_nothing),
		TEST(strangers_cut_nobody),
		TEST(a_host_that_goes_takes_its_consoles_with_it),
		TEST(what_the_host_ends_is_told),
		TEST(when_web_goes_nothing_stays_open),
		TEST(a_second_frame_ends_the_channel_to_web),
		TEST(a_close_nobody_confirms_is_given_up),
		TEST(a_stop_says_goodbye_and_a_crash_is_found_at_the_next_start),
		TEST(a_locked_server_has_a_console),
		TEST(the_history_is_listed_and_filtered),
		TEST(the_text_is_read_in_whole_characters),
		TEST(the_screen_is_a_picture),
		TEST(the_local_socket_gives_the_descriptor_itself),
	};

	if (secret_setup() < 0)
		return 1;
	log_init("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

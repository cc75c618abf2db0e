/*
 * Any request to the API of a whole core with a database, as web would hand it on: the first line
 * is method and address, the rest the body. Every answer has a good status and is JSON, and nothing
 * goes wrong inside. Only sign-in is left out, whose password hashing is slow by intent.
 */
#include <jansson.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/secret.h"
#include "core/actions/engine.h"
#include "core/api/exchange.h"
#include "core/api/server_cache.h"
#include "core/auth/password.h"
#include "core/bootstrap.h"
#include "core/core.h"
#include "core/events.h"
#include "core/metrics/metrics.h"
#include "store/store.h"
#include "store/store_image.h"
#include "store/store_token.h"
#include "wire/channel.h"

#define TOKEN  "fuzz-fuzz-fuzz-fuzz-fuzz-fuzz-fuzz-fuzz-fuzz-fuzz-fuzz-fuzz-fuzz"
#define TURNS  2000
#define FOLDER "/dev/shm"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct core core;
static struct config config;
static char path[64];
static int peer = -1;

static void server_changed(void *context, uint64_t server_id)
{
	events_server_changed(core.events, server_id);
}

static void server_deleted(void *context, uint64_t server_id, uint64_t customer_id)
{
	events_server_deleted(core.events, server_id, customer_id);
}

static void action_changed(void *context, uint64_t action_id)
{
	events_action_changed(core.events, action_id);
}

static void image_changed(void *context, uint64_t image_id)
{
}

static void remove_files(void)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", ".backup",
					       ".state/core/metrics.journal"};
	char file[128];

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		(void)snprintf(file, sizeof file, "%s%s", path, suffixes[i]);
		(void)unlink(file);
	}
	(void)snprintf(file, sizeof file, "%s.state/core", path);
	(void)rmdir(file);
	(void)rmdir(config.state_dir);
}

static void add_rows(void)
{
	struct image image = {.type = IMAGE_SYSTEM,
			      .status = IMAGE_AVAILABLE,
			      .name = "debian-12",
			      .os_flavor = "debian",
			      .architecture = "x86",
			      .default_user = "debian",
			      .virtual_bytes = 1 << 30,
			      .created_ms = 1};
	struct token token = {.customer_id = 1, .name = "fuzz", .service = true, .created_ms = 1};

	secret_hash(TOKEN, strlen(TOKEN), token.hash);
	if (store_image_insert(core.store, &image, NULL) < 0 ||
	    store_token_insert(core.store, &token, NULL) < 0)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct engine_hooks hooks = {.server_changed = server_changed,
						  .server_deleted = server_deleted,
						  .action_changed = action_changed,
						  .image_changed = image_changed};
	const struct bootstrap_options first = {
		.instance = "fuzz", .pool_ipv4 = "10.0.0.0/16", .pool_ipv6 = "fd00::/48"};
	struct err err = {0};
	int pair[2];

	(void)snprintf(path, sizeof path, FOLDER "/ippo-fuzz-%d.db", (int)getpid());
	(void)snprintf(core.backup_path, sizeof core.backup_path, "%s.backup", path);
	(void)atexit(remove_files);
	if (config_load(NULL, &config, &err) < 0 || secret_setup() < 0 ||
	    uv_loop_init(&core.loop) < 0 || channel_pair(pair) < 0)
		abort();
	config.rate_limit = 0;
	(void)snprintf(config.state_dir, sizeof config.state_dir, "%s.state/core", path);
	if (fd_make_dirs(config.state_dir, 0700) < 0)
		abort();
	(void)snprintf(config.state_dir, sizeof config.state_dir, "%s.state", path);
	core.config = &config;
	if (store_open(path, &core.store, &err) < 0 ||
	    bootstrap_run(core.store, &first, &err) < 0 ||
	    events_new(&core, &core.events, &err) < 0 ||
	    server_cache_new(&core, &core.servers, &err) < 0 ||
	    password_guard_new(&core, &core.passwords, &err) < 0 ||
	    metrics_new(&core, &core.metrics, &err) < 0 ||
	    engine_new(&core.loop, core.store, &hooks, NULL, &core.engine, &err) < 0 ||
	    engine_start(core.engine, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		abort();
	}
	add_rows();
	client_web(&core, pair[0]);
	peer = pair[1];
	return 0;
}

/* One message from core, if there is one within some turns of its loop. */
static bool receive(uint64_t id, uint16_t *ret_type, uint8_t *ret_flags, struct buf *ret)
{
	struct pollfd ready = {.fd = peer, .events = POLLIN};
	uint64_t got = 0;

	for (int i = 0; i < TURNS; i++) {
		(void)uv_run(&core.loop, UV_RUN_NOWAIT);
		if (poll(&ready, 1, i > 3 ? 1 : 0) != 1)
			continue;
		buf_clear(ret);
		if (channel_receive_fd(peer, ret_type, ret_flags, &got, ret, NULL) < 0)
			abort();
		if (got == id)
			return true;
	}
	return false;
}

static void check_reply(const struct buf *message, const struct buf *rest, const char *target,
			bool more)
{
	struct http_reply reply;
	struct buf text CLEANUP(buf_done) = {0};

	if (http_reply_decode(message->data, message->len, &reply) < 0)
		abort();
	if (reply.status >= 500 && reply.status != 503 && reply.status != 504) {
		(void)fprintf(stderr, "%u for %s\n", reply.status, target);
		abort();
	}
	const char *type = http_reply_header(&reply, "content-type");
	if (type != NULL && strcmp(type, "application/json") == 0 && !more) {
		(void)buf_append(&text, reply.body, reply.body_bytes);
		(void)buf_append(&text, rest->data, rest->len);
		json_t *json = json_loadb(buf_str(&text), text.len, 0, NULL);
		if (json == NULL)
			abort();
		json_decref(json);
	}
	http_reply_done(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t id;
	const uint8_t *line = memchr(data, '\n', size);
	struct buf out CLEANUP(buf_done) = {0}, in CLEANUP(buf_done) = {0},
		       rest CLEANUP(buf_done) = {0}, part CLEANUP(buf_done) = {0};
	const size_t line_bytes = line != NULL ? (size_t)(line - data) : size;
	AUTO_FREE char *head = strndup((const char *)data, line_bytes);
	char *space;
	uint16_t type;
	uint8_t flags;

	if (head == NULL || (space = strchr(head, ' ')) == NULL || space - head > 15 ||
	    space[1] != '/' || strlen(space + 1) > HTTP_MAX_TARGET_BYTES ||
	    strstr(space, "session") != NULL || strstr(space, "invitation") != NULL)
		return 0;
	/* Whoever asks here must stay who they are. */
	if ((strncmp(head, "DELETE", 6) == 0 || strncmp(head, "PUT", 3) == 0) &&
	    (strstr(space, "token") != NULL || strstr(space, "customer") != NULL))
		return 0;
	*space = '\0';
	const struct http_request request = {
		.method = head,
		.target = space + 1,
		.peer = "192.0.2.1",
		.request_id = "fuzz",
		.headers = {{"authorization", "Bearer " TOKEN}, {"host", "localhost"}},
		.header_count = 2,
		.body = line != NULL ? line + 1 : NULL,
		.body_bytes = line != NULL ? size - line_bytes - 1 : 0,
	};
	if (request.body_bytes > HTTP_MAX_BODY_BYTES || http_request_encode(&request, &out) < 0)
		return 0;
	if (channel_send_fd(peer, HTTP_REQUEST, ++id, out.data, out.len, NULL, 0, NULL) < 0)
		abort();
	if (!receive(id, &type, &flags, &in) || type != HTTP_REPLY)
		abort();
	/* A stream of events does not end by itself. */
	const bool stream = (flags & WIRE_MORE) != 0 && strstr(space + 1, "events") != NULL;
	while (!stream && (flags & WIRE_MORE) != 0) {
		(void)channel_send_fd(peer, HTTP_MORE, id, NULL, 0, NULL, 0, NULL);
		if (!receive(id, &type, &flags, &part) || type != HTTP_CHUNK)
			abort();
		(void)buf_append(&rest, part.data, part.len);
	}
	check_reply(&in, &rest, space + 1, stream);
	(void)channel_send_fd(peer, HTTP_CANCEL, id, NULL, 0, NULL, 0, NULL);
	(void)uv_run(&core.loop, UV_RUN_NOWAIT);
	return 0;
}

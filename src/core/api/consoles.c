// /v1/consoles, and a server's console: tickets, handshakes, the history, the text and the screen.
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "core/actions/engine.h"
#include "core/api/note.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/api/server_actions.h"
#include "core/api/servers.h"
#include "core/auth/authenticate.h"
#include "core/console/console.h"
#include "core/console/entrance.h"
#include "core/console/right.h"
#include "core/hostlink/host_client.h"
#include "store/store_console.h"
#include "wire/channel.h"
#include "wire/console_message.h"

#define TEXT_DEFAULT_BYTES 262144
#define TEXT_MAX_BYTES     1048576
#define SCREEN_MAX_BYTES   ((size_t)32 * 1024 * 1024)
#define HOST_MS            15000
#define REPLACEMENT        "\xef\xbf\xbd" /* U+FFFD */

/* --- tickets --- */

static int take_mode(struct request *request, const char *text, uint8_t *ret, struct err *err)
{
	struct err why = {0};
	const int code = role_allow(&request->who, RIGHT_POWER, &why);

	if (text == NULL)
		*ret = code == 0 ? CONSOLE_CONTROL : CONSOLE_VIEW;
	else if (strcmp(text, "view") == 0)
		*ret = CONSOLE_VIEW;
	else if (strcmp(text, "control") != 0)
		return request_invalid(request, err, "mode", "must be view or control");
	else if (code < 0)
		return err_set(err, code, "%s", why.text);
	else
		*ret = CONSOLE_CONTROL;
	return 0;
}

/* For whom and for which server; the rest is the caller's. */
static void claim_for(const struct request *request, const struct server *server, uint8_t kind,
		      uint8_t mode, struct ticket *ret)
{
	const char *origin = http_request_header(request->http, "origin");
	uid_t uid;
	gid_t gid;

	*ret = (struct ticket){.who = request->who, .kind = kind, .mode = mode};
	(void)exchange_is_local(request->exchange, &uid, &gid);
	ret->uid = uid;
	ret->gid = gid;
	ret->by_operator = request->acts_for;
	ret->who.customer_id = server->customer_id;
	entrance_bind(ret, server);
	if (authenticate_is_own_origin(request))
		(void)snprintf(ret->origin, sizeof ret->origin, "%s", origin);
}

/* Where the client finds the console: where it found us. */
static void put_url(const struct request *request, const struct ticket *ticket, struct buf *out)
{
	const char *url = *ticket->origin != '\0' ? ticket->origin : request->core->config->url;
	const char *authority = strstr(url, "://");

	authority = authority != NULL ? authority + 3 : url;
	(void)buf_printf(out, "wss://%.*s/v1/consoles/%llu/%s", (int)strcspn(authority, "/"),
			 authority, (unsigned long long)ticket->server_id,
			 console_kind_name(ticket->kind));
}

static int request_console(struct request *request, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct action action CLEANUP(action_done) = {0};
	struct secret password CLEANUP(secret_done) = {0};
	struct buf url CLEANUP(buf_done) = {0};
	struct action_request wanted = {.command = ACTION_REQUEST_CONSOLE, .fd = -1};
	const char *type = "vnc", *mode_text = NULL;
	enum console_close_code why;
	struct ticket ticket;
	uint8_t mode;
	int code = servers_find(request, &server, err);

	if (code < 0 || (code = body_text(request, "type", &type, err)) < 0 ||
	    (code = body_text(request, "mode", &mode_text, err)) < 0)
		return code;
	if (strcmp(type, "vnc") != 0 && strcmp(type, "serial") != 0)
		return request_invalid(request, err, "type", "must be vnc or serial");
	if ((code = take_mode(request, mode_text, &mode, err)) < 0)
		return code;
	claim_for(request, &server, strcmp(type, "vnc") == 0 ? CONSOLE_VNC : CONSOLE_SERIAL, mode,
		  &ticket);
	code = right_ask(request->core, &ticket, &why, err);
	if (code < 0 && why != CONSOLE_DELETED)
		return code;
	note_detail(request, "type", json_string(type));
	note_detail(request, "mode", json_string(console_mode_name(mode)));
	/* What is being deleted or rebuilt is refused here, by name. */
	if ((code = server_actions_submit(request, &wanted, &action, err)) < 0 ||
	    (code = entrance_make_ticket(request->core, &ticket, &password, err)) < 0)
		return code;
	if (ticket.who.via == PRINCIPAL_SESSION &&
	    (code = entrance_make_cookie(request->core, &ticket, request->set_cookie, err)) < 0)
		return code;
	put_url(request, &ticket, &url);
	request->status = 201;
	request->reply = json_pack("{s:o, s:s, s:s}", "action", render_action(&action), "wss_url",
				   buf_str(&url), "password", password.text);
	return 0;
}

/* --- handshakes --- */

static int need_upgrade(struct request *request)
{
	request->status = 426;
	request->upgrade = "websocket";
	request->reply =
		json_pack("{s:{s:s, s:s, s:{}}}", "error", "code", "protocol_error", "message",
			  "a console is opened by a WebSocket handshake", "details");
	return 0;
}

/* From here on the exchange is the console's. */
static int begin(struct request *request, const struct console_arrival *arrival, struct err *err)
{
	struct http_reply reply = {.status = 101};
	struct console *console;
	int code =
		console_begin(request->core->consoles, request->exchange, arrival, &console, err);

	if (code < 0)
		return code;
	if (*request->set_cookie != '\0')
		reply.headers[reply.header_count++] =
			(struct http_header){"set-cookie", request->set_cookie};
	exchange_reply(request->exchange, &reply, true);
	router_forget(request);
	if (arrival->admit)
		console_admit(console);
	return REQUEST_LATER;
}

static int take_from(struct request *request, uint64_t *ret, struct err *err)
{
	const char *text = request_query(request, "from");

	if (text == NULL)
		return 0;
	if (strcmp(text, "now") == 0)
		*ret = CONSOLE_FROM_NOW;
	else if (parse_u64(text, 0, INT64_MAX, ret) < 0)
		return request_invalid(request, err, "from", "must be an offset, or now");
	return 0;
}

/* The kernel says who it is: no ticket is needed. */
static int enter_locally(struct request *request, uint8_t kind, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct console_arrival arrival = {.peer = "local", .admit = true};
	struct ticket claim;
	uint8_t mode;
	int code = servers_find(request, &server, err);

	if (code < 0 || (code = take_from(request, &arrival.from, err)) < 0 ||
	    (code = take_mode(request, request_query(request, "mode"), &mode, err)) < 0)
		return code;
	if (kind == CONSOLE_VNC && mode == CONSOLE_VIEW)
		return err_set(err, ERR_UNSUPPORTED,
			       "on this machine a screen is opened with control; take a picture of "
			       "it to view it");
	claim_for(request, &server, kind, mode, &claim);
	arrival.claim = &claim;
	arrival.place = (struct ticket_place){.server_id = server.id, .kind = kind};
	return begin(request, &arrival, err);
}

static int enter(struct request *request, uint8_t kind, struct err *err)
{
	const char *upgrade = http_request_header(request->http, "upgrade");
	const char *origin = http_request_header(request->http, "origin");
	const char *cookies = http_request_header(request->http, "cookie");
	struct console_arrival arrival = {.place = {.server_id = request->id,
						    .kind = kind,
						    .origin = origin,
						    .session_id = request->who.session_id,
						    .token_id = request->who.token_id},
					  .peer = request->http->peer};
	struct ticket claim;
	int code;

	if (upgrade == NULL || strcasecmp(upgrade, "websocket") != 0)
		return need_upgrade(request);
	if (request->who.via == PRINCIPAL_LOCAL)
		return enter_locally(request, kind, err);
	if (origin != NULL && !authenticate_is_own_origin(request))
		return err_set(err, ERR_FORBIDDEN, "this request did not come from the panel");
	if (entrance_has_cookie(cookies, request->id, kind)) {
		if (origin == NULL)
			return err_set(err, ERR_FORBIDDEN,
				       "a browser that sends a cookie says where it comes from");
		/* Used up by this handshake; the next one needs the one that goes out now. */
		if (entrance_redeem_cookie(request->core, cookies, &arrival.place, &claim, NULL) ==
		    0) {
			if ((code = entrance_make_cookie(request->core, &claim, request->set_cookie,
							 err)) < 0)
				return code;
			arrival.claim = &claim;
		}
	}
	return begin(request, &arrival, err);
}

static int enter_serial(struct request *request, struct err *err)
{
	return enter(request, CONSOLE_SERIAL, err);
}

static int enter_vnc(struct request *request, struct err *err)
{
	return enter(request, CONSOLE_VNC, err);
}

/* --- the history --- */

static json_t *render_console(const struct store_console_line *line)
{
	json_t *user = line->user_id != 0 || line->via == PRINCIPAL_SESSION
			       ? json_integer((json_int_t)line->user_id)
			       : json_null();
	json_t *ended =
		line->closed_ms != 0 ? json_string(console_code_name(line->code)) : json_null();

	return json_pack("{s:I, s:{s:I, s:s}, s:s, s:s, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:s, "
			 "s:I, s:I}",
			 "id", (json_int_t)line->id, "server", "id", (json_int_t)line->server_id,
			 "name", line->server_name, "kind", console_kind_name(line->kind), "mode",
			 console_mode_name(line->mode), "via", role_via_name(line->via), "user_id",
			 user, "name", line->name, "peer", line->peer, "opened",
			 json_time(line->opened_ms), "closed", json_time(line->closed_ms), "ended",
			 ended, "reason", line->reason, "bytes_in", (json_int_t)line->bytes_in,
			 "bytes_out", (json_int_t)line->bytes_out);
}

static int list_consoles(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_console_filter filter = {.customer_id = request->who.customer_id, .open = -1};
	struct store_consoles consoles = {0};
	const char *status = request_query(request, "status");
	json_t *items;
	int code;

	if (status != NULL && strcmp(status, "open") == 0)
		filter.open = 1;
	else if (status != NULL && strcmp(status, "closed") == 0)
		filter.open = 0;
	else if (status != NULL)
		return request_invalid(request, err, "status", "must be open or closed");
	if ((code = request_list(request, 0, &query, err)) < 0)
		return code;
	filter.page = query.page;
	if ((code = store_console_list(request->core->store, &filter, &consoles, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < consoles.count; i++)
		(void)json_array_append_new(items, render_console(&consoles.items[i]));
	const uint64_t total = consoles.total;
	store_console_done(&consoles);
	return request_answer_list(request, "consoles", items, &query.page, total);
}

/* Who opened it, an owner of the account, and the service's operators. */
static int check_may_cut(const struct request *request, const struct store_console_line *line,
			 struct err *err)
{
	const struct principal *who = &request->who;

	if (who->token_id != 0 && who->token_id == line->token_id)
		return 0;
	if (who->user_id != 0 && who->user_id == line->user_id && !who->readonly)
		return 0;
	return role_allow(who, RIGHT_ACCOUNT, err);
}

static int cut(struct request *request, struct err *err)
{
	const uint64_t whose = request->who.service ? 0 : request->who.customer_id;
	struct store_console_line line;
	int code = store_console_get(request->core->store, whose, request->id, &line, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "there is no console %llu",
			       (unsigned long long)request->id);
	if (code == 0) {
		note_about(request, "server", line.server_id, line.server_name);
		note_customer(request, line.customer_id);
		note_detail(request, "console", json_integer((json_int_t)line.id));
	}
	if (code < 0 || (code = check_may_cut(request, &line, err)) < 0 ||
	    (code = console_cut(request->core->consoles, line.id, "it was cut on request", err)) <
		    0)
		return code;
	request->status = 204;
	return 0;
}

/* --- what is on it, without opening it --- */

/* A request that waits for the host. */
struct reading {
	struct request *request;
	uint8_t uuid[UUID_BYTES];
	uint64_t from;
	uint32_t max_bytes;
	uint64_t first, end; /* of the ring */
	uint64_t at;         /* offset of data's first byte */
	bool has_first;      /* the bounds are known */
	int failed;          /* a part of the answer was wrong */
	struct buf data;
};

static void finish(struct reading *reading, int code, const struct err *err)
{
	router_finish(reading->request, code, err);
	buf_done(&reading->data);
	free(reading);
}

/* The length of the valid character at @at; 0: none; -1: its end is missing. */
static int character(const uint8_t *at, size_t len)
{
	const size_t want = *at < 0x80                   ? 1
			    : *at >= 0xc2 && *at <= 0xdf ? 2
			    : *at >= 0xe0 && *at <= 0xef ? 3
			    : *at >= 0xf0 && *at <= 0xf4 ? 4
							 : 0;

	if (want == 1)
		return 1;
	for (size_t i = 1; i < want && i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if (want == 0 || (len >= want && !parse_utf8((const char *)at, want)))
		return 0;
	return len < want ? -1 : (int)want;
}

/* Appends what can be read; a character whose end has not come yet is left for the next time. */
static size_t clean(const struct buf *data, struct buf *out)
{
	size_t at = 0;

	while (at < data->len) {
		const int len = character(data->data + at, data->len - at);
		if (len < 0 && at > 0)
			break;
		if (len > 0)
			(void)buf_append(out, data->data + at, (size_t)len);
		else
			(void)buf_puts(out, REPLACEMENT);
		at += len > 0 ? (size_t)len : 1;
	}
	return at;
}

static void answer_text(struct reading *reading)
{
	struct buf text CLEANUP(buf_done) = {0};
	struct err err = {0};
	const size_t used = clean(&reading->data, &text);
	json_t *content = json_stringn(buf_str(&text), text.len);

	if (text.error != 0 || content == NULL) {
		json_decref(content);
		finish(reading, err_set(&err, ERR_SERVER, "no memory"), &err);
		return;
	}
	reading->request->reply = json_pack(
		"{s:o, s:I, s:I, s:I, s:I}", "text", content, "from", (json_int_t)reading->at,
		"next", (json_int_t)reading->at + (json_int_t)used, "first",
		(json_int_t)reading->first, "end", (json_int_t)reading->end);
	finish(reading, 0, NULL);
}

static int ask_text(struct reading *reading, uint64_t from, uint32_t max_bytes, struct err *err);

static void on_text(void *context, int code, const char *words, struct reader *answer, bool more)
{
	struct reading *reading = context;
	struct err err = {0};

	if (code == 0) {
		const uint64_t at = reader_u64(answer);
		const uint64_t end = reader_u64(answer);
		const struct slice part = reader_slice(answer, WIRE_MAX_BODY_BYTES);
		if (reader_done(answer) < 0 || at > end || end > INT64_MAX)
			reading->failed = ERR_HYPERVISOR_FAILED;
		else if (reading->data.len == 0)
			reading->at = at;
		reading->end = end;
		if (reading->data.len < TEXT_MAX_BYTES)
			(void)buf_append(&reading->data, part.data, part.len);
	}
	if (more)
		return;
	if (code == 0)
		code = reading->failed;
	if (code == 0 && !reading->has_first) {
		reading->has_first = true;
		reading->first = reading->at;
		buf_clear(&reading->data);
		if (reading->from > reading->end)
			reading->from = reading->end;
		code = ask_text(reading, reading->from, reading->max_bytes, &err);
		if (code < 0)
			finish(reading, code, &err);
	} else if (code == 0) {
		answer_text(reading);
	} else {
		finish(reading,
		       err_set(&err, code == ERR_NOT_FOUND ? ERR_SERVER_NOT_RUNNING : code, "%s",
			       *words != '\0' ? words : "the host's answer is malformed"),
		       &err);
	}
}

static int ask_text(struct reading *reading, uint64_t from, uint32_t max_bytes, struct err *err)
{
	struct host_console_text wanted = {.from = from, .max_bytes = max_bytes};
	struct buf body CLEANUP(buf_done) = {0};
	uint64_t id;

	memcpy(wanted.uuid, reading->uuid, sizeof wanted.uuid);
	host_console_text_write(&body, &wanted);
	return host_client_call(engine_host(reading->request->core->engine), HOST_CONSOLE_TEXT,
				&body, 0, -1, HOST_MS, on_text, reading, &id, err);
}

/* The path's server, if who asks may view its console. */
static int begin_reading(struct request *request, struct reading **ret, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct ticket claim;
	enum console_close_code why;
	struct reading *reading;
	int code = servers_find(request, &server, err);

	if (code < 0)
		return code;
	claim_for(request, &server, CONSOLE_SERIAL, CONSOLE_VIEW, &claim);
	if ((code = right_ask(request->core, &claim, &why, err)) < 0)
		return code;
	reading = calloc(1, sizeof *reading);
	if (reading == NULL)
		return err_set(err, -ENOMEM, "no memory");
	reading->request = request;
	reading->data.max = SCREEN_MAX_BYTES;
	memcpy(reading->uuid, server.uuid, sizeof reading->uuid);
	*ret = reading;
	return 0;
}

static int text(struct request *request, struct err *err)
{
	const char *max = request_query(request, "max");
	uint64_t max_bytes = TEXT_DEFAULT_BYTES, from = CONSOLE_FROM_START;
	struct reading *reading;
	int code = take_from(request, &from, err);

	if (code < 0)
		return code;
	if (max != NULL && parse_u64(max, 1, TEXT_MAX_BYTES, &max_bytes) < 0)
		return request_invalid(request, err, "max", "must be 1 to %d", TEXT_MAX_BYTES);
	if ((code = begin_reading(request, &reading, err)) < 0)
		return code;
	reading->from = from;
	reading->max_bytes = (uint32_t)max_bytes;
	if ((code = ask_text(reading, 0, 0, err)) < 0) {
		free(reading);
		return code;
	}
	return REQUEST_LATER;
}

static void on_screen(void *context, int code, const char *words, struct reader *answer, bool more)
{
	struct reading *reading = context;
	struct request *request = reading->request;
	struct err err = {0};

	if (code == 0) {
		const struct slice part = reader_slice(answer, WIRE_MAX_BODY_BYTES);
		if (reader_done(answer) < 0 || buf_append(&reading->data, part.data, part.len) < 0)
			reading->failed = ERR_HYPERVISOR_FAILED;
	}
	if (more)
		return;
	if (code == 0)
		code = reading->failed;
	if (code < 0) {
		finish(reading,
		       err_set(&err, code == ERR_NOT_FOUND ? ERR_SERVER_NOT_RUNNING : code, "%s",
			       *words != '\0' ? words : "the host's picture is malformed"),
		       &err);
		return;
	}
	request->text = reading->data;
	reading->data = (struct buf){0};
	request->content_type = "image/png";
	finish(reading, 0, NULL);
}

static int screen(struct request *request, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};
	struct reading *reading;
	uint64_t id;
	int code = begin_reading(request, &reading, err);

	if (code < 0)
		return code;
	write_bytes(&body, reading->uuid, sizeof reading->uuid);
	code = host_client_call(engine_host(request->core->engine), HOST_CONSOLE_SCREEN, &body, 0,
				-1, HOST_MS, on_screen, reading, &id, err);
	if (code < 0) {
		free(reading);
		return code;
	}
	return REQUEST_LATER;
}

const struct route console_routes[] = {
	{"POST", "/servers/{id}/actions/request_console", ACCESS_READ, request_console,
	 "server.request_console"},
	{"GET", "/servers/{id}/console/text", ACCESS_READ, text},
	{"GET", "/servers/{id}/console/screen", ACCESS_READ, screen},
	{"GET", "/consoles", ACCESS_READ, list_consoles},
	{"DELETE", "/consoles/{id}", ACCESS_READ, cut, "console.cut"},
	{"GET", "/consoles/{id}/serial", ACCESS_PUBLIC, enter_serial},
	{"GET", "/consoles/{id}/vnc", ACCESS_PUBLIC, enter_vnc},
	{NULL, NULL, 0, NULL},
};

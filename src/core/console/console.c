/*
 * Theory of operation
 *
 * One console is one exchange of web or of a local client, from its 101 to its CONSOLE_ENDED:
 *
 *   WAITING    the first frame may come, for CONSOLE_FIRST_FRAME_MS
 *   RECORDING  let in; its line is not yet in the history
 *   OPENING    the host has been asked for a descriptor
 *   OPEN       the descriptor is with the client
 *   CLOSING    the client was told to close, and has not confirmed
 *
 * Lines of the history are written in one transaction for all that came in one turn of the loop: a
 * commit waits for the disk, and a thousand pages that come back after a restart must not wait a
 * thousand times. A console opens only when its line is on the disk.
 *
 * To cut is to say CLOSE to the host first: whatever the client still sends reaches the guest no
 * more. An OPEN that the host has not answered cannot be taken back; such a console is doomed: it
 * outlives its exchange until the answer is there, and is closed at the host then.
 *
 * One timer looks each CONSOLE_LOOK_MS, while there is any console, whether the database has
 * changed, and asks about the right of each console again if so, or if CONSOLE_ASK_MS have passed.
 * Our own lines do not count as a change.
 */
#include "core/console/console.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/ip.h"
#include "base/log.h"
#include "core/actions/engine.h"
#include "core/api/exchange.h"
#include "core/console/console_state.h"
#include "core/console/entrance.h"
#include "core/console/first_frame.h"
#include "core/console/right.h"
#include "core/hostlink/host_client.h"
#include "store/store_console.h"
#include "store/store_server.h"
#include "store/store_token.h"
#include "store/store_user.h"

static void on_look(uv_timer_t *timer);

/* --- life --- */

static void set_state(struct console *console, enum console_state state)
{
	console->consoles->half_open -= console->state == WAITING;
	console->consoles->half_open += state == WAITING;
	console->state = state;
	console->began_ms = clock_mono_ms();
}

/* Frees it once nobody will speak of it any more, and gives its end to the history. */
static void settle(struct console *console)
{
	struct consoles *consoles = console->consoles;
	struct ending *ending;

	if (console->exchange != NULL || console->host_asked)
		return;
	consoles->half_open -= console->state == WAITING;
	consoles->count--;
	if (console->previous != NULL)
		console->previous->next = console->next;
	else
		consoles->first = console->next;
	if (console->next != NULL)
		console->next->previous = console->previous;
	if (console->line.id != 0) {
		ending = calloc(1, sizeof *ending);
		if (ending != NULL) {
			ending->line = console->line;
			ending->claim = console->claim;
			ending->next = consoles->endings;
			consoles->endings = ending;
			console_record_soon(consoles);
		}
	}
	explicit_bzero(console, sizeof *console);
	free(console);
}

static void note_end(struct console *console, uint16_t code, const char *reason)
{
	if (console->line.closed_ms != 0)
		return;
	console->line.closed_ms = clock_now_ms();
	console->line.code = code;
	(void)snprintf(console->line.reason, sizeof console->line.reason, "%s", reason);
}

static void on_closed_at_host(void *context, int code, const char *text, struct reader *answer,
			      bool more)
{
	/* A host that did not hear it has gone, and its consoles with it. */
}

static void close_at_host(struct console *console)
{
	struct buf body CLEANUP(buf_done) = {0};
	uint64_t id;

	if (!console->at_host)
		return;
	console->at_host = false;
	write_u64(&body, console->line.id);
	(void)host_client_call(engine_host(console->consoles->core->engine), HOST_CONSOLE_CLOSE,
			       &body, 0, -1, CONSOLE_HOST_MS, on_closed_at_host, NULL, &id, NULL);
}

/* End it at both ends, host first. The console may be freed. */
void console_shut(struct console *console, enum console_close_code code, const char *format, ...)
{
	struct console_close close = {.code = (uint16_t)code};
	struct buf body CLEANUP(buf_done) = {0};
	va_list args;

	if (console->state == CLOSING)
		return;
	va_start(args, format);
	(void)vsnprintf(close.reason, sizeof close.reason, format, args);
	va_end(args);
	/* A text cut within a character is no UTF-8, and no reason of a close frame. */
	for (size_t len = strlen(close.reason); !parse_utf8(close.reason, len);)
		close.reason[--len] = '\0';
	close_at_host(console);
	note_end(console, close.code, close.reason);
	console->admitted = false;
	set_state(console, CLOSING);
	if (console->exchange != NULL) {
		console_close_write(&body, &close);
		if (body.error != 0 ||
		    exchange_send(console->exchange, CONSOLE_CLOSE, body.data, body.len, -1) < 0)
			exchange_end(steal_ptr(console->exchange));
	}
	settle(console);
}

/* --- coming in --- */

int console_begin(struct consoles *consoles, struct exchange *exchange,
		  const struct console_arrival *arrival, struct console **ret, struct err *err)
{
	struct console *console;
	struct ip address;
	int code;

	console_take_address(arrival->peer, &address);
	if (!arrival->admit && (code = console_check_handshakes(consoles, &address, err)) < 0)
		return code;
	console = calloc(1, sizeof *console);
	if (console == NULL)
		return err_set(err, -ENOMEM, "no memory");
	console->consoles = consoles;
	console->exchange = exchange;
	console->place = arrival->place;
	console->address = address;
	console->from = arrival->from;
	console->began_ms = clock_mono_ms();
	if (arrival->place.origin != NULL) {
		(void)snprintf(console->origin, sizeof console->origin, "%s",
			       arrival->place.origin);
		console->place.origin = console->origin;
	}
	(void)snprintf(console->line.peer, sizeof console->line.peer, "%s", arrival->peer);
	console->has_claim = arrival->claim != NULL;
	if (console->has_claim)
		console->claim = *arrival->claim;
	console->next = consoles->first;
	if (console->next != NULL)
		console->next->previous = console;
	consoles->first = console;
	consoles->count++;
	consoles->half_open++;
	if (!uv_is_active((uv_handle_t *)consoles->look))
		(void)uv_timer_start(consoles->look, on_look, CONSOLE_LOOK_MS, CONSOLE_LOOK_MS);
	exchange_set_console(exchange, console);
	*ret = console;
	return 0;
}

/* Who it is, for the history and for the other viewers. */
static void take_name(struct console *console)
{
	struct store *store = console->consoles->core->store;
	const struct principal *who = &console->claim.who;
	struct store_console_line *line = &console->line;
	struct user user;
	struct token token;

	if (who->via == PRINCIPAL_LOCAL) {
		const struct passwd *entry = getpwuid(console->claim.uid);
		(void)snprintf(line->name, sizeof line->name, "%s",
			       entry != NULL ? entry->pw_name : "operator");
	} else if (who->via == PRINCIPAL_TOKEN) {
		if (store_token_get(store, 0, who->token_id, &token, NULL) == 0)
			(void)snprintf(line->name, sizeof line->name, "%s", token.name);
	} else if (store_user_get(store, who->user_id, &user, NULL) == 0) {
		(void)snprintf(line->name, sizeof line->name, "%s", user.name);
	}
}

static int take_line(struct console *console, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct store_console_line *line = &console->line;
	const struct ticket *claim = &console->claim;
	int code = store_server_get(console->consoles->core->store, claim->who.customer_id,
				    claim->server_id, &server, err);

	if (code < 0)
		return code;
	(void)snprintf(line->server_name, sizeof line->server_name, "%s", server.name);
	line->customer_id = claim->who.customer_id;
	line->server_id = claim->server_id;
	line->kind = claim->kind;
	line->mode = claim->mode;
	line->via = claim->who.via;
	line->user_id = claim->who.user_id;
	line->token_id = claim->who.token_id;
	line->opened_ms = clock_now_ms();
	take_name(console);
	return 0;
}

void console_admit(struct console *console)
{
	enum console_close_code code;
	struct err err = {0};

	if (right_ask(console->consoles->core, &console->claim, &code, &err) < 0) {
		console_shut(console, code, "%s", err.text);
	} else if (console_check_limits(console, &err) < 0) {
		console_shut(console, CONSOLE_LIMIT, "%s", err.text);
	} else if (take_line(console, &err) < 0) {
		console_shut(console, CONSOLE_DELETED, "%s", err.text);
	} else {
		console->admitted = true;
		set_state(console, RECORDING);
		console_record_soon(console->consoles);
	}
}

static int redeem(struct console *console, const struct first_frame *frame, struct err *err)
{
	int code = 0;

	if (*frame->ticket != '\0')
		code = entrance_redeem(console->consoles->core, frame->ticket, &console->place,
				       &console->claim, err);
	else if (!console->has_claim)
		code = err_set(err, ERR_FORBIDDEN, "a console needs a ticket");
	if (code < 0)
		return code;
	console->has_claim = true;
	if (frame->mode == CONSOLE_CONTROL && console->claim.mode != CONSOLE_CONTROL)
		return err_set(err, ERR_FORBIDDEN, "this ticket is for viewing alone");
	if (frame->mode != 0)
		console->claim.mode = frame->mode;
	console->from = frame->from;
	return 0;
}

int console_frame(struct console *console, const void *data, size_t bytes)
{
	struct first_frame frame;
	struct err err = {0};

	if (console->state == CLOSING)
		return 0; /* it came too late */
	if (console->state != WAITING)
		return ERR_PROTOCOL;
	if (bytes > CONSOLE_FIRST_FRAME_BYTES) {
		console_shut(console, CONSOLE_TOO_BIG, "the first message is too long");
	} else if (first_frame_parse(data, bytes, &frame, &err) < 0) {
		console_shut(console, CONSOLE_PROTOCOL, "%s", err.text);
	} else {
		const int code = redeem(console, &frame, &err);
		explicit_bzero(&frame, sizeof frame);
		if (code < 0)
			console_shut(console, CONSOLE_REFUSED, "%s", err.text);
		else
			console_admit(console);
	}
	return 0;
}

/* --- opening --- */

static uint32_t minutes_to_ms(uint32_t minutes)
{
	const uint64_t ms = (uint64_t)minutes * 60000;

	return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

static void write_greeting(const struct console *console, struct console_open *open)
{
	const struct store_console_line *line = &console->line;
	json_t *greeting = json_pack(
		"{s:I, s:s, s:s, s:{s:I, s:s}, s:I, s:I}", "console", (json_int_t)line->id, "kind",
		console_kind_name(line->kind), "mode", console_mode_name(line->mode), "server",
		"id", (json_int_t)line->server_id, "name", line->server_name, "idle_ms",
		(json_int_t)open->idle_ms, "life_ms", (json_int_t)open->life_ms);
	AUTO_FREE char *text = json_dumps(greeting, JSON_COMPACT);

	json_decref(greeting);
	(void)snprintf(open->greeting, sizeof open->greeting, "%s", text != NULL ? text : "{}");
}

/* @fd is owned. */
static void give(struct console *console, int fd)
{
	const struct config *config = console->consoles->core->config;
	const bool local = console->claim.who.via == PRINCIPAL_LOCAL;
	struct console_open open = {.console_id = console->line.id,
				    .kind = console->line.kind,
				    .mode = console->line.mode,
				    .idle_ms =
					    local ? 0 : minutes_to_ms(config->console_idle_minutes),
				    .life_ms = minutes_to_ms(config->console_life_minutes)};
	struct buf body CLEANUP(buf_done) = {0};

	write_greeting(console, &open);
	console_open_write(&body, &open);
	set_state(console, OPEN);
	if (body.error != 0) {
		(void)close(fd);
		console_shut(console, CONSOLE_LOST, "no memory");
	} else if (exchange_send(console->exchange, CONSOLE_OPEN, body.data, body.len, fd) < 0) {
		console_shut(console, CONSOLE_LOST, "the console's client takes no messages");
	}
}

static void refused_by_host(struct console *console, int code, const char *text)
{
	if (code == ERR_SERVER_NOT_RUNNING || code == ERR_NOT_FOUND)
		console_shut(console, CONSOLE_OFF, "the server is off");
	else if (code == ERR_LIMIT)
		console_shut(console, CONSOLE_LIMIT, "%s", text);
	else
		console_shut(console, CONSOLE_LOST, "%s", text);
}

static void on_opened(void *context, int code, const char *text, struct reader *answer, bool more)
{
	struct console *console = context;
	struct core *core = console->consoles->core;
	int fd AUTO_CLOSE = -1;
	enum console_close_code why;
	struct err err = {0};

	if (more)
		return;
	fd = host_client_steal_fd(engine_host(core->engine));
	console->host_asked = false;
	/* After a time limit nobody knows: it may open yet. */
	console->at_host = code == 0 || code == ERR_UNAVAILABLE;
	if (console->exchange == NULL || console->state == CLOSING) {
		close_at_host(console);
		settle(console);
	} else if (code < 0) {
		refused_by_host(console, code, text);
	} else if (fd < 0) {
		console_shut(console, CONSOLE_LOST, "the host gave no descriptor");
	} else if (right_ask(core, &console->claim, &why, &err) < 0) {
		console_shut(console, why, "%s", err.text);
	} else {
		give(console, steal_fd(&fd));
	}
}

/* As the other viewers are told; cut at a character. */
static void write_label(const struct console *console, char out[CONSOLE_LABEL_BYTES])
{
	size_t len;

	(void)snprintf(out, CONSOLE_LABEL_BYTES, "%.*s", CONSOLE_LABEL_BYTES - 1,
		       console->line.name);
	for (len = strlen(out); !parse_utf8(out, len);)
		out[--len] = '\0';
}

void console_ask_host(struct console *console)
{
	struct host_console_open open = {.console_id = console->line.id,
					 .kind = console->claim.kind,
					 .mode = console->claim.mode,
					 .from = console->from};
	struct buf body CLEANUP(buf_done) = {0};
	struct err err = {0};
	uint64_t id;

	memcpy(open.uuid, console->claim.uuid, sizeof open.uuid);
	write_label(console, open.label);
	host_console_open_write(&body, &open);
	set_state(console, OPENING);
	if (host_client_call(engine_host(console->consoles->core->engine), HOST_CONSOLE_OPEN, &body,
			     0, -1, CONSOLE_HOST_MS, on_opened, console, &id, &err) < 0) {
		console_shut(console, CONSOLE_LOST, "%s", err.text);
		return;
	}
	console->host_asked = true;
}

/* --- asking again --- */

static void ask_again(struct consoles *consoles, uint64_t server_id)
{
	struct console *next;

	for (struct console *console = consoles->first; console != NULL; console = next) {
		enum console_close_code code;
		struct err err = {0};
		next = console->next;
		if (!console->admitted || (server_id != 0 && console->claim.server_id != server_id))
			continue;
		if (right_ask(consoles->core, &console->claim, &code, &err) < 0)
			console_shut(console, code, "%s", err.text);
	}
}

static void look_at(struct console *console, int64_t now_ms)
{
	const uint32_t life_ms =
		minutes_to_ms(console->consoles->core->config->console_life_minutes);
	const int64_t age_ms = now_ms - console->began_ms;

	switch (console->state) {
	case WAITING:
		if (age_ms > CONSOLE_FIRST_FRAME_MS)
			console_shut(console, CONSOLE_REFUSED, "no ticket came in time");
		break;
	case OPEN:
		if (life_ms != 0 && age_ms > life_ms)
			console_shut(console, CONSOLE_LIFE, "open for as long as a console may be");
		break;
	case CLOSING:
		if (age_ms > CONSOLE_ENDED_MS && console->exchange != NULL) {
			exchange_end(steal_ptr(console->exchange));
			settle(console);
		}
		break;
	case RECORDING:
	case OPENING:
		break;
	}
}

static void on_look(uv_timer_t *timer)
{
	struct consoles *consoles = timer->data;
	const uint64_t generation = store_generation(consoles->core->store);
	const int64_t now_ms = clock_mono_ms();
	struct console *next;

	for (struct console *console = consoles->first; console != NULL; console = next) {
		next = console->next;
		look_at(console, now_ms);
	}
	if (generation != consoles->generation || now_ms - consoles->asked_ms >= CONSOLE_ASK_MS) {
		consoles->generation = generation;
		consoles->asked_ms = now_ms;
		ask_again(consoles, 0);
	}
	if (console_record_waits(consoles))
		console_record_soon(consoles);
	else if (consoles->first == NULL)
		(void)uv_timer_stop(consoles->look);
}

void console_server_changed(struct consoles *consoles, uint64_t server_id)
{
	ask_again(consoles, server_id);
}

/* --- going --- */

void console_ended(struct console *console, const struct console_ended *ended)
{
	const struct console_ended dropped = {.code = CONSOLE_DROPPED};

	if (ended == NULL)
		ended = &dropped;
	exchange_end(steal_ptr(console->exchange));
	console->line.bytes_in = ended->bytes_to_guest;
	console->line.bytes_out = ended->bytes_from_guest;
	close_at_host(console);
	note_end(console, ended->code, "");
	console->admitted = false;
	if (console->state == RECORDING)
		console->line.id = 0;
	set_state(console, CLOSING);
	settle(console);
}

static struct console *find(const struct consoles *consoles, uint64_t id)
{
	for (struct console *console = consoles->first; console != NULL; console = console->next)
		if (console->line.id == id && console->state != CLOSING)
			return id != 0 ? console : NULL;
	return NULL;
}

void console_host_ended(struct consoles *consoles, uint64_t id, enum host_console_end end)
{
	struct console *console = find(consoles, id);

	if (console == NULL)
		return;
	if (end == HOST_CONSOLE_OFF)
		console_shut(console, CONSOLE_OFF, "the server is off");
	else if (end == HOST_CONSOLE_BAD)
		console_shut(console, CONSOLE_PROTOCOL, "a message that a console does not take");
	else
		console_shut(console, CONSOLE_LOST, "the hypervisor has gone; come again");
}

void console_host_lost(struct consoles *consoles)
{
	struct console *next;

	for (struct console *console = consoles->first; console != NULL; console = next) {
		next = console->next;
		console->at_host = false;
		/* One that is opening hears it as the answer to its call. */
		if (console->state == OPEN)
			console_shut(console, CONSOLE_LOST,
				     "the host process has gone; come again");
	}
}

int console_cut(struct consoles *consoles, uint64_t id, const char *reason, struct err *err)
{
	struct console *console = find(consoles, id);

	if (console == NULL)
		return err_set(err, ERR_NOT_FOUND, "this console is not open any more");
	console_shut(console, CONSOLE_CUT, "%s", reason);
	return 0;
}

size_t console_count(const struct consoles *consoles)
{
	return consoles->count;
}

int console_setup(struct core *core, struct consoles **ret, struct err *err)
{
	struct consoles *consoles;
	int code = console_record_interrupted(core->store, err);

	if (code < 0)
		return code;
	consoles = calloc(1, sizeof *consoles);
	if (consoles == NULL || (consoles->look = calloc(1, sizeof *consoles->look)) == NULL ||
	    (consoles->record = calloc(1, sizeof *consoles->record)) == NULL) {
		if (consoles != NULL)
			free(consoles->look);
		free(consoles);
		return err_set(err, -ENOMEM, "no memory");
	}
	consoles->core = core;
	(void)uv_timer_init(&core->loop, consoles->look);
	(void)uv_timer_init(&core->loop, consoles->record);
	consoles->look->data = consoles->record->data = consoles;
	console_forget_old(consoles);
	*ret = consoles;
	return 0;
}

void console_stop(struct consoles *consoles)
{
	struct console *next;

	for (struct console *console = consoles->first; console != NULL; console = next) {
		next = console->next;
		console_shut(console, CONSOLE_GOING_AWAY, "the service is stopping");
	}
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle);
}

void console_teardown(struct consoles *consoles)
{
	if (consoles == NULL)
		return;
	while (consoles->first != NULL) {
		struct console *console = consoles->first;
		console->host_asked = false;
		if (console->state == RECORDING)
			console->line.id = 0;
		note_end(console, CONSOLE_GOING_AWAY, "the service is stopping");
		if (console->exchange != NULL)
			exchange_end(steal_ptr(console->exchange));
		settle(console);
	}
	console_record_rest(consoles);
	uv_close((uv_handle_t *)consoles->look, on_timer_closed);
	uv_close((uv_handle_t *)consoles->record, on_timer_closed);
	free(consoles);
}

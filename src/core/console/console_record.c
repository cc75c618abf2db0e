/*
 * The history of consoles: a line when one opens, its end when it has ended; all that came in one
 * turn of the loop in one transaction.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/console/console_line.h"
#include "core/console/console_state.h"

#define DAY_MS INT64_C(86400000)

void console_record_soon(struct consoles *consoles)
{
	if (!uv_is_active((uv_handle_t *)consoles->record))
		(void)uv_timer_start(consoles->record, console_record_on_timer, 0, 0);
}

static int write_ending(struct store *store, const struct ending *ending, struct err *err)
{
	int code = store_console_update_end(store, &ending->line, err);

	if (code < 0)
		return code == ERR_NOT_FOUND ? 0 : code;
	return console_line_close(store, &ending->line, &ending->claim, err);
}

static int write_lines(struct consoles *consoles, struct err *err)
{
	struct store *store = consoles->core->store;
	int code = store_begin(store, err);

	if (code < 0)
		return code;
	STORE_GUARD(store);
	for (struct ending *ending = consoles->endings; ending != NULL; ending = ending->next)
		if ((code = write_ending(store, ending, err)) < 0)
			return code;
	for (struct console *console = consoles->first; console != NULL; console = console->next)
		if (console->state == RECORDING &&
		    ((code = store_console_insert(store, &console->line, err)) < 0 ||
		     (code = console_line_open(store, &console->line, &console->claim, err)) < 0))
			return code;
	return store_commit(store, err);
}

bool console_record_waits(const struct consoles *consoles)
{
	if (consoles->endings != NULL)
		return true;
	for (const struct console *console = consoles->first; console != NULL;
	     console = console->next)
		if (console->state == RECORDING)
			return true;
	return false;
}

static void forget_endings(struct consoles *consoles)
{
	while (consoles->endings != NULL) {
		struct ending *ending = consoles->endings;
		consoles->endings = ending->next;
		free(ending);
	}
}

void console_record_on_timer(uv_timer_t *timer)
{
	struct consoles *consoles = timer->data;
	const bool is_new = store_generation(consoles->core->store) != consoles->generation;
	struct err err = {0};
	struct console *next;
	int code;

	if (!console_record_waits(consoles))
		return;
	code = write_lines(consoles, &err);
	if (code == 0) {
		forget_endings(consoles);
		if (!is_new)
			consoles->generation = store_generation(consoles->core->store);
	} else {
		log_error("the history of consoles cannot be written: %s", err.text);
	}
	for (struct console *console = consoles->first; console != NULL; console = next) {
		next = console->next;
		if (console->state != RECORDING)
			continue;
		if (code < 0) {
			console->line.id = 0;
			console_shut(console, CONSOLE_LOST, "the service cannot write its history");
		} else {
			console_ask_host(console);
		}
	}
}

void console_forget_old(struct consoles *consoles)
{
	const int64_t days = consoles->core->config->console_history_days;
	struct err err = {0};

	if (days != 0 &&
	    store_console_delete_old(consoles->core->store, clock_now_ms() - days * DAY_MS,
				     CONSOLE_FORGET_LINES, &err) < 0)
		log_error("the history of consoles cannot be shortened: %s", err.text);
}

/* What a crash left open. */
int console_record_interrupted(struct store *store, struct err *err)
{
	const struct store_console_filter open = {.open = 1};
	struct store_consoles left CLEANUP(store_console_done) = {0};
	const int64_t now_ms = clock_now_ms();
	int code = store_begin(store, err);

	if (code < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_console_list(store, &open, &left, err)) < 0 ||
	    (code = store_console_close_open(store, now_ms, CONSOLE_LOST,
					     "the service was interrupted", err)) < 0)
		return code;
	for (size_t i = 0; i < left.count; i++) {
		struct store_console_line *row = &left.items[i];

		row->closed_ms = now_ms;
		row->code = CONSOLE_LOST;
		if ((code = console_line_close(store, row, NULL, err)) < 0)
			return code;
	}
	return store_commit(store, err);
}

void console_record_rest(struct consoles *consoles)
{
	if (consoles->endings != NULL)
		(void)write_lines(consoles, NULL);
	forget_endings(consoles);
}

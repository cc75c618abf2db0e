/*
 * Theory of operation. When an image's next look is due stands in its row; whoever wants one now
 * sets that to "at once". Here the longest due is asked for, one at a time, and what the host says
 * is written down with when the next one is due: a day later, or an hour after one that could not
 * count. Nothing is remembered but the rows: after a crash the same looks are due. A host that is
 * away says nothing about an image, so then nothing is written.
 *
 * Once for each image operators are told that it has become old: a line of the history, and a mail
 * where there is somebody to get it, in one transaction with the mark that it was told.
 */
#include "core/image_watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/actions/engine.h"
#include "core/hostlink/host_client.h"
#include "core/post/letter.h"
#include "core/post/office.h"
#include "store/store_history.h"
#include "store/store_image_updates.h"

#define TURN_MS   1000
#define OLD_TURNS 60     /* between two looks for what has become old */
#define HOST_MS   900000 /* its own bounds are shorter */
#define AGAIN_MS  10000  /* when the host could not be asked */
#define DAY_MS    (INT64_C(24) * 3600 * 1000)
#define HOUR_MS   (INT64_C(3600) * 1000)

static struct {
	struct core *core;
	uv_timer_t timer;
	uint64_t turns;
	uint64_t image_id;     /* that is looked at; 0: none */
	int64_t not_before_ms; /* monotonic */
} watch;

static enum image_unknown why(int code)
{
	return code == ERR_FETCH         ? IMAGE_UNREACHABLE
	       : code == ERR_UNSUPPORTED ? IMAGE_OTHER_RELEASE
					 : IMAGE_LOOK_FAILED;
}

static void on_looked(void *context, int code, const char *text, struct reader *answer, bool more)
{
	struct store *store = watch.core->store;
	const int64_t now_ms = clock_now_ms();
	const uint64_t image_id = watch.image_id;
	struct host_updates updates;
	struct err err = {0};

	(void)context;
	if (more)
		return;
	watch.image_id = 0;
	if (code == ERR_UNAVAILABLE) {
		watch.not_before_ms = clock_mono_ms() + AGAIN_MS;
		return;
	}
	if (code == 0 && (host_updates_read(answer, &updates) < 0 || reader_done(answer) < 0)) {
		code = ERR_PROTOCOL;
		text = "the host's answer cannot be read";
	}
	if (code == 0)
		code = store_image_updates_known(store, image_id, updates.pending, updates.security,
						 now_ms, now_ms + DAY_MS, &err);
	else
		code = store_image_updates_unknown(store, image_id, why(code), text, now_ms,
						   now_ms + HOUR_MS, &err);
	if (code < 0 && code != ERR_NOT_FOUND) /* deleted meanwhile */
		log_error("image %" PRIu64 ": %s", image_id, err.text);
}

static void look(void)
{
	struct host_client *client = engine_host(watch.core->engine);
	struct buf packages CLEANUP(buf_done) = {0}, body CLEANUP(buf_done) = {0};
	uint64_t image_id = 0, call_id;
	struct err err = {0};
	int code;

	if (watch.image_id != 0 || clock_mono_ms() < watch.not_before_ms || !host_client_up(client))
		return;
	code = store_image_updates_due(watch.core->store, clock_now_ms(), &image_id, &packages,
				       &err);
	if (code == ERR_NOT_FOUND)
		return;
	if (code == 0) {
		const struct host_package_list list = {image_id,
						       (char *)(uintptr_t)buf_str(&packages)};
		host_package_list_write(&body, &list);
		code = body.error != 0 ? err_set(&err, body.error, "out of memory")
				       : host_client_call(client, HOST_IMAGE_UPDATES, &body, 0, -1,
							  HOST_MS, on_looked, NULL, &call_id, &err);
	}
	if (code == 0) {
		watch.image_id = image_id;
		return;
	}
	log_warning("images are not looked at: %s", err.text);
	watch.not_before_ms = clock_mono_ms() + AGAIN_MS;
}

static int tell(struct core *core, const struct image *image, int64_t now_ms, struct err *err)
{
	struct store *store = core->store;
	const char *address = core->config->mail_operator;
	const int64_t days = image_age_days(image, now_ms);
	struct history_line line = {.actor = HISTORY_SYSTEM,
				    .result = HISTORY_SUCCESS,
				    .what = "image.old",
				    .resource_type = "image",
				    .resource_id = image->id};
	int code = store_begin(store, err);

	if (code < 0)
		return code;
	STORE_GUARD(store);
	(void)snprintf(line.resource_name, sizeof line.resource_name, "%s", image->name);
	(void)snprintf(line.details, sizeof line.details, "{\"days\":%" PRId64 "}", days);
	if ((code = store_image_told(store, image->id, now_ms, err)) < 0 ||
	    (code = store_history_append(store, &line, err)) < 0)
		return code;
	/* A full outbox is no reason to say nothing at all. */
	if (address[0] != '\0' && config_has_mail(core->config) &&
	    (code = letter_old_image(core, address, image, days, err)) < 0 && code != ERR_LIMIT)
		return code;
	if ((code = store_commit(store, err)) < 0)
		return code;
	log_warning("the image %s is %" PRId64 " days old: ippo image refresh makes it anew",
		    image->name, days);
	return 0;
}

static void tell_old(void)
{
	const int64_t now_ms = clock_now_ms();
	struct err err = {0};

	for (;;) {
		struct image image CLEANUP(image_done) = {0};
		int code = store_image_old(watch.core->store,
					   now_ms - (IMAGE_FRESH_DAYS + 1) * DAY_MS, &image, &err);
		if (code == 0)
			code = tell(watch.core, &image, now_ms, &err);
		else if (code == ERR_NOT_FOUND)
			return;
		if (code < 0) {
			log_error("old images are not told of: %s", err.text);
			return;
		}
	}
}

static void on_turn(uv_timer_t *timer)
{
	(void)timer;
	if (watch.turns++ % OLD_TURNS == 0)
		tell_old();
	look();
}

void image_watch_start(struct core *core)
{
	watch.core = core;
	(void)uv_timer_init(&core->loop, &watch.timer);
	(void)uv_timer_start(&watch.timer, on_turn, TURN_MS, TURN_MS);
}

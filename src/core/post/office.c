/*
 * Theory of operation. A message is a row in the outbox, written by the transaction it is about.
 * Each second, when the database has changed or something is due, the first that is due is taken:
 * its attempt is counted and the time of the next one set, and committed, and then ippo-post is
 * asked. Its answer ends the row or leaves it to the next attempt. Whatever is killed meanwhile
 * leaves a row that waits and is tried again: a message is sent at least once, and may be sent
 * twice; what is sent names itself, so that its receiver can tell.
 */
#include "core/post/office.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/visitor/visitor_link.h"
#include "store/store_post.h"
#include "wire/post_message.h"

#define LOOK_MS   1000
#define EXPIRE_MS 60000
#define MINUTE_MS 60000

struct office {
	struct core *core;
	struct visitor_link *link;
	uv_timer_t timer;
	uint64_t generation;      /* of the database when it was last looked at */
	int64_t next_ms;          /* when something is due; 0: nothing waits */
	int64_t expired_ms;       /* when that was last looked for; monotonic */
	int64_t minute_ms;        /* when the present minute began; monotonic */
	uint32_t sent;            /* within it */
	uint64_t busy_id;         /* 0: nothing is under way */
	uint32_t attempts;        /* of that one */
	enum post_kind last_kind; /* takes turns with the other: neither holds up the other */
};

static const struct visitor_kind kind = {
	.program = "ippo-post",
	.ask = SUPERVISION_POST,
	.reply = POST_REPLY,
	.ended = "what sends messages has ended",
	.silent = "what sends messages does not answer",
};

static void look(struct office *office);

static void settle(struct office *office, enum post_outcome outcome, const char *reason)
{
	struct store *store = office->core->store;
	const uint64_t id = office->busy_id;
	struct err err = {0};
	int code;

	office->busy_id = 0;
	if (outcome == POST_DELIVERED)
		code = store_post_sent(store, id, clock_now_ms(), &err);
	else
		code = store_post_failed(
			store, id,
			outcome == POST_LATER && office->attempts < POST_ATTEMPTS_MAX ? POST_WAITING
										      : POST_FAILED,
			reason, clock_now_ms(), &err);
	/* With its account: it is gone. */
	if (code < 0 && code != ERR_NOT_FOUND)
		log_error("message %llu: %s", (unsigned long long)id, err.text);
}

static void on_outcome(void *context, int code, const char *text, struct reader *answer)
{
	struct office *office = context;
	char reason[POST_ERROR_BYTES];
	enum post_outcome outcome = POST_LATER;

	if (code == 0) {
		outcome = (enum post_outcome)reader_u8(answer);
		reader_text(answer, reason, sizeof reason);
	}
	if (code != 0 || reader_done(answer) < 0 || outcome < POST_DELIVERED ||
	    outcome > POST_NEVER) {
		outcome = POST_LATER;
		(void)snprintf(reason, sizeof reason, "%s",
			       code != 0 ? text : "what sends messages does not make sense");
	}
	settle(office, outcome, reason);
	office->generation = 0;
	look(office);
}

static int ask(struct office *office, const struct post *post, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};
	const struct post_message message = {
		.kind = (uint8_t)post->kind,
		.id = post->id,
		.created_ms = (uint64_t)post->created_ms,
		.attempt = post->attempts + 1,
		.recipient = (char *)(uintptr_t)post->recipient,
		.subject = post->subject,
		.body = post->body,
		.secret = (char *)(uintptr_t)post->secret,
	};

	post_message_write(&body, &message);
	int code = body.error != 0 ? err_set(err, body.error, "no memory")
				   : visitor_link_call(office->link, POST_SEND, &body, -1,
						       on_outcome, office, err);
	if (body.data != NULL)
		explicit_bzero(body.data, body.len);
	return code;
}

static void send_one(struct office *office, const struct post *post)
{
	const int64_t now_ms = clock_now_ms();
	struct err err = {0};

	office->attempts = post->attempts + 1;
	office->busy_id = post->id;
	office->last_kind = post->kind;
	/* The last attempt ended with the process that made it. */
	if (office->attempts > POST_ATTEMPTS_MAX) {
		settle(office, POST_NEVER, "it was interrupted each time");
		return;
	}
	if (store_post_try(office->core->store, post->id, office->attempts,
			   now_ms + post_delay_ms(office->attempts), now_ms, &err) < 0) {
		log_error("message %llu: %s", (unsigned long long)post->id, err.text);
		office->busy_id = 0;
		return;
	}
	office->sent++;
	if (ask(office, post, &err) < 0)
		settle(office, POST_LATER, err.text);
}

static bool may_send(struct office *office)
{
	const int64_t now_ms = clock_mono_ms();

	if (now_ms - office->minute_ms >= MINUTE_MS) {
		office->minute_ms = now_ms;
		office->sent = 0;
	}
	return office->sent < office->core->config->post_per_minute;
}

static void expire(struct office *office)
{
	struct err err = {0};

	if (clock_mono_ms() - office->expired_ms < EXPIRE_MS)
		return;
	office->expired_ms = clock_mono_ms();
	if (store_post_expire(office->core->store, clock_now_ms(), &err) < 0)
		log_error("%s", err.text);
}

static void look(struct office *office)
{
	struct post post CLEANUP(post_done) = {0};
	struct store *store = office->core->store;
	const int64_t now_ms = clock_now_ms();
	struct err err = {0};
	int code;

	if (office->busy_id != 0)
		return;
	expire(office);
	const uint64_t generation = store_generation(store);
	if (generation == office->generation && (office->next_ms == 0 || office->next_ms > now_ms))
		return;
	if (!may_send(office))
		return;
	code = store_post_due(store, now_ms,
			      office->last_kind == POST_MAIL ? POST_WEBHOOK : POST_MAIL, &post,
			      &err);
	if (code == 0) {
		send_one(office, &post);
		return;
	}
	office->generation = generation;
	if (code != ERR_NOT_FOUND || store_post_next(store, &office->next_ms, &err) < 0) {
		log_error("%s", err.text);
		office->next_ms = now_ms + MINUTE_MS;
	}
}

static void on_look(uv_timer_t *timer)
{
	look(timer->data);
}

int office_new(struct core *core, struct office **ret, struct err *err)
{
	struct office *office = calloc(1, sizeof *office);
	int code;

	if (office == NULL)
		return err_set(err, -ENOMEM, "no memory");
	office->core = core;
	office->minute_ms = clock_mono_ms();
	if ((code = visitor_link_new(&core->loop, &kind, &office->link, err)) < 0) {
		free(office);
		return code;
	}
	(void)uv_timer_init(&core->loop, &office->timer);
	office->timer.data = office;
	*ret = office;
	return 0;
}

void office_start(struct office *office)
{
	visitor_link_set_child(office->link, office->core->child);
	(void)uv_timer_start(&office->timer, on_look, LOOK_MS, LOOK_MS);
}

void office_connect(struct office *office, int fd)
{
	visitor_link_connect(office->link, fd);
}

int office_check_mail(const struct core *core, struct err *err)
{
	return config_has_mail(core->config)
		       ? 0
		       : err_set(err, ERR_NO_MAIL,
				 "mail is not set up here: [post] in ippo.conf(5)");
}

int office_mail(struct core *core, const char *address, const char *subject, const char *body,
		int64_t expires_ms, uint64_t *ret_id, struct err *err)
{
	struct post post CLEANUP(post_done) = {
		.kind = POST_MAIL, .created_ms = clock_now_ms(), .expires_ms = expires_ms};
	int code;

	if ((code = office_check_mail(core, err)) < 0 ||
	    (code = post_check_address(address, err)) < 0)
		return code;
	(void)snprintf(post.recipient, sizeof post.recipient, "%s", address);
	post.subject = strdup(subject);
	post.body = strdup(body);
	if (post.subject == NULL || post.body == NULL)
		return err_set(err, -ENOMEM, "no memory for a mail");
	if ((code = store_post_add(core->store, &post, err)) < 0)
		return code;
	if (ret_id != NULL)
		*ret_id = post.id;
	return 0;
}

int office_forgive(int code, const char *what, const struct err *err)
{
	if (code != ERR_LIMIT && code != ERR_INVALID_INPUT && code != ERR_NO_MAIL)
		return code;
	log_warning("of %s somebody is not told: %s", what, err->text);
	return 0;
}

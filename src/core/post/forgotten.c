#include "core/post/forgotten.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "core/post/letter.h"
#include "core/post/throttle.h"
#include "store/store_history.h"
#include "store/store_membership.h"
#include "store/store_password_reset.h"
#include "store/store_user.h"
#include "store/store_user_mail.h"

#define HOUR_MS      (INT64_C(3600) * 1000)
#define PEER_MOST    10  /* asked from one address within an hour */
#define PERSON_MOST  3   /* mails to one person within an hour */
#define ALL_MOST     600 /* asked within an hour at all */
#define WAITING_MAX  64
#define DELAY_MIN_MS 200
#define DELAY_MAX_MS 2000

struct job {
	struct core *core;
	uv_timer_t timer;
	char text[FORGOTTEN_TEXT_BYTES];
	char peer[ACCOUNT_PEER_BYTES];
};

static unsigned waiting;

static void note(struct store *store, const struct user *user, const char *peer,
		 struct history_line *line)
{
	struct membership first;

	*line = (struct history_line){.actor = HISTORY_NOBODY,
				      .what = "user.forgot_password",
				      .result = HISTORY_SUCCESS,
				      .resource_type = "user",
				      .resource_id = user->id};
	if (store_membership_first(store, user->id, &first, NULL) == 0)
		line->customer_id = first.customer_id;
	else if (user->service)
		line->customer_id = ACCOUNT_SERVICE_CUSTOMER_ID;
	(void)snprintf(line->resource_name, sizeof line->resource_name, "%s", user->name);
	(void)snprintf(line->peer, sizeof line->peer, "%s", peer);
}

static int write_link(struct core *core, const struct user *user, const struct user_mail *mail,
		      const char *peer, struct err *err)
{
	const int64_t now_ms = clock_now_ms(), expires_ms = now_ms + USER_MAIL_RESET_MS;
	struct secret key CLEANUP(secret_done) = {0};
	struct store *store = core->store;
	uint8_t hash[SECRET_HASH_BYTES];
	struct history_line line;
	uint64_t id;
	int code;

	if (secret_make_token(&key) < 0)
		return err_set(err, ERR_SERVER, "cannot make a link");
	secret_hash(key.text, key.len, hash);
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	note(store, user, peer, &line);
	if ((code = store_password_reset_add(store, user->id, hash, now_ms, expires_ms, &id, err)) <
		    0 ||
	    (code = letter_reset(core, mail->address, mail->language, user->name, key.text,
				 expires_ms, err)) < 0 ||
	    (code = store_history_append(store, &line, err)) < 0)
		return code;
	return store_commit(store, err);
}

static void write_to(struct core *core, const struct user *user, const char *peer)
{
	struct user_mail mail;
	struct err err = {0};
	char person[24];

	(void)snprintf(person, sizeof person, "%llu", (unsigned long long)user->id);
	if (user->disabled || store_user_mail_get(core->store, user->id, &mail, NULL) < 0 ||
	    mail.address[0] == '\0' ||
	    !throttle_take("forgotten person", person, PERSON_MOST, HOUR_MS))
		return;
	if (write_link(core, user, &mail, peer, &err) < 0)
		log_error("a link for a new password was not sent: %s", err.text);
}

/* By name and by address: somebody may be called as another's address is. */
static void find(struct core *core, const char *text, const char *peer)
{
	uint64_t ids[STORE_USER_MAIL_MAX], by_name = 0;
	struct user user;
	size_t count = 0;

	if (store_user_get_by_name(core->store, text, &user, NULL) == 0) {
		by_name = user.id;
		write_to(core, &user, peer);
	}
	if (store_user_mail_find(core->store, text, ids, &count, NULL) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		if (ids[i] != by_name && store_user_get(core->store, ids[i], &user, NULL) == 0)
			write_to(core, &user, peer);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
	waiting--;
}

static void on_due(uv_timer_t *timer)
{
	struct job *job = timer->data;

	find(job->core, job->text, job->peer);
	uv_close((uv_handle_t *)timer, on_closed);
}

int forgotten_ask(struct core *core, const char *text, const char *peer, struct err *err)
{
	struct job *job;
	uint16_t random;

	if (!throttle_take("forgotten peer", peer, PEER_MOST, HOUR_MS) ||
	    !throttle_take("forgotten", "", ALL_MOST, HOUR_MS) || waiting >= WAITING_MAX)
		return err_set(err, ERR_RATE_LIMIT,
			       "this was asked for too often; try again in an hour");
	job = calloc(1, sizeof *job);
	if (job == NULL)
		return err_set(err, -ENOMEM, "no memory");
	job->core = core;
	(void)snprintf(job->text, sizeof job->text, "%s", text);
	(void)snprintf(job->peer, sizeof job->peer, "%s", peer);
	secret_random(&random, sizeof random);
	waiting++;
	(void)uv_timer_init(&core->loop, &job->timer);
	job->timer.data = job;
	(void)uv_timer_start(&job->timer, on_due,
			     DELAY_MIN_MS + random % (DELAY_MAX_MS - DELAY_MIN_MS), 0);
	return 0;
}

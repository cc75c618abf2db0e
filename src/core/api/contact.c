// /v1/contact_threads: an account writes to the operators of the service, and they answer.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/api/attachments.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "core/events.h"
#include "core/post/letter.h"
#include "store/store_contact.h"
#include "store/store_membership.h"
#include "store/store_user.h"
#include "store/store_user_mail.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static json_t *render(const struct contact_thread *thread)
{
	return json_pack("{s:I, s:{s:I, s:s}, s:s, s:s, s:I, s:o, s:o}", "id",
			 (json_int_t)thread->id, "customer", "id", (json_int_t)thread->customer_id,
			 "name", thread->customer_name, "subject", thread->subject, "state",
			 contact_state_name(thread->state), "messages",
			 (json_int_t)thread->messages, "created", json_time(thread->created_ms),
			 "updated", json_time(thread->updated_ms));
}

/* Which of the operators it was is for operators. @ret: the caller's. */
static int render_message(const struct request *request, const struct contact_message *message,
			  json_t **ret, struct err *err)
{
	const bool named = !message->by_operator || request->who.service;
	json_t *attachments = NULL;
	int code = attachments_of(request, message->id, &attachments, err);

	if (code < 0)
		return code;
	*ret = json_pack("{s:I, s:{s:s, s:b}, s:s, s:o, s:o}", "id", (json_int_t)message->id,
			 "author", "name", named ? message->author : "", "operator",
			 message->by_operator, "text", message->text, "attachments", attachments,
			 "created", json_time(message->created_ms));
	return 0;
}

static int take_state(struct request *request, const char *text, enum contact_state *ret,
		      struct err *err)
{
	return text == NULL || contact_state_parse(text, ret) == 0
		       ? 0
		       : request_invalid(request, err, "state", "must be open, answered or closed");
}

static int list(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_contact_threads threads = {0};
	enum contact_state state = 0;
	json_t *items;
	int code;

	if ((code = request_list(request, 0, &query, err)) < 0 ||
	    (code = take_state(request, request_query(request, "state"), &state, err)) < 0 ||
	    (code = store_contact_list(request->core->store, attachments_whose(request), state,
				       &query.page, &threads, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < threads.count; i++)
		(void)json_array_append_new(items, render(&threads.items[i]));
	const uint64_t total = threads.total;
	store_contact_done(&threads);
	return request_answer_list(request, "contact_threads", items, &query.page, total);
}

static int find(struct request *request, struct contact_thread *ret, struct err *err)
{
	int code = store_contact_get(request->core->store, attachments_whose(request), request->id,
				     ret, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "there is no contact thread %" PRIu64, request->id);
	if (code == 0) {
		note_about(request, "contact_thread", ret->id, ret->subject);
		note_customer(request, ret->customer_id);
	}
	return code;
}

static int get(struct request *request, struct err *err)
{
	struct contact_thread thread CLEANUP(contact_thread_done) = {0};
	int code = find(request, &thread, err);

	return code < 0 ? code : request_answer(request, 200, "contact_thread", render(&thread));
}

static int list_messages(struct request *request, struct err *err)
{
	struct contact_thread thread CLEANUP(contact_thread_done) = {0};
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_contact_messages messages = {0};
	json_t *items;
	int code;

	if ((code = request_list(request, 0, &query, err)) < 0 ||
	    (code = find(request, &thread, err)) < 0 ||
	    (code = store_contact_messages(request->core->store, thread.id, &query.page, &messages,
					   err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < messages.count && code == 0; i++) {
		json_t *item = NULL;
		code = render_message(request, &messages.items[i], &item, err);
		(void)json_array_append_new(items, item);
	}
	const uint64_t total = messages.total;
	store_contact_messages_done(&messages);
	if (code < 0) {
		json_decref(items);
		return code;
	}
	return request_answer_list(request, "messages", items, &query.page, total);
}

static int take_message(struct request *request, struct contact_message *message, struct err *err)
{
	const char *text = NULL;
	int code = body_need_text(request, "text", &text, err);

	if (code < 0)
		return code;
	if ((code = contact_check_text(text, err)) < 0)
		return request_field(request, "text", code, err);
	message->text = strdup(text);
	message->by_operator = request->who.service;
	message->created_ms = clock_now_ms();
	(void)snprintf(message->author, sizeof message->author, "%s", request->who_name);
	return message->text != NULL ? 0 : -ENOMEM;
}

/* In a transaction. A stranger with an account must not be able to fill the disk. */
static int add(struct request *request, struct contact_thread *thread,
	       struct contact_message *message, struct err *err)
{
	struct store *store = request->core->store;
	uint64_t written = 0;
	int code;

	if (thread->messages >= CONTACT_MESSAGES_MAX)
		return err_set(err, ERR_LIMIT, "this thread has %d messages: begin another",
			       CONTACT_MESSAGES_MAX);
	if ((code = store_contact_count_since(store, thread->customer_id,
					      message->created_ms - DAY_MS, &written, err)) < 0)
		return code;
	if (!message->by_operator && written >= CONTACT_DAY_MESSAGES)
		return err_set(err, ERR_RATE_LIMIT,
			       "your account wrote %d messages within a day; wait",
			       CONTACT_DAY_MESSAGES);
	message->thread_id = thread->id;
	thread->state = message->by_operator ? CONTACT_ANSWERED : CONTACT_OPEN;
	thread->updated_ms = message->created_ms;
	thread->messages++;
	if ((code = store_contact_add(store, message, err)) < 0 ||
	    (code = attachments_send(request, message->id, thread->customer_id, err)) < 0)
		return code;
	return store_contact_update(store, thread->id, thread->state, thread->updated_ms, err);
}

/* Who wrote has a name alone: a token's, or of somebody who has left, gets no mail. */
static int find_author(struct store *store, const struct contact_thread *thread, struct user *user,
		       struct user_mail *mail, struct err *err)
{
	char author[NAME_LABEL_BYTES];
	enum role role = ROLE_NONE;
	int code;

	if ((code = store_contact_last_author(store, thread->id, author, err)) < 0 ||
	    (code = store_user_get_by_name(store, author, user, err)) < 0 ||
	    (code = store_membership_role(store, user->id, thread->customer_id, &role, err)) < 0 ||
	    (code = store_user_mail_get(store, user->id, mail, err)) < 0)
		return code;
	return role == ROLE_NONE || user->disabled || mail->address[0] == '\0' ? ERR_NOT_FOUND : 0;
}

/* In the transaction of the message. The message is what counts: without room for mails it is
 * there all the same. */
static int tell(struct request *request, const struct contact_thread *thread,
		const struct contact_message *message, struct err *err)
{
	struct core *core = request->core;
	struct user_mail mail;
	struct user user;
	int code = 0;

	if (!config_has_mail(core->config))
		return 0;
	if (!message->by_operator) {
		if (core->config->mail_operator[0] != '\0')
			code = letter_contact(core, core->config->mail_operator,
					      thread->customer_name, message->author,
					      thread->subject, message->text, err);
	} else if ((code = find_author(core->store, thread, &user, &mail, err)) == 0) {
		code = letter_answer(core, mail.address, mail.language, user.name, thread->subject,
				     message->text, err);
	}
	return code == ERR_LIMIT || code == ERR_NOT_FOUND || code == ERR_INVALID_INPUT ? 0 : code;
}

static int create(struct request *request, struct err *err)
{
	struct contact_message message CLEANUP(contact_message_done) = {0};
	struct contact_thread thread CLEANUP(contact_thread_done) = {0};
	struct store *store = request->core->store;
	const char *subject = NULL;
	int code;

	if ((code = body_need_text(request, "subject", &subject, err)) < 0)
		return code;
	if ((code = contact_check_subject(subject, err)) < 0)
		return request_field(request, "subject", code, err);
	if ((code = take_message(request, &message, err)) < 0)
		return code;
	thread.customer_id = request->who.customer_id;
	thread.created_ms = thread.updated_ms = message.created_ms;
	thread.state = CONTACT_OPEN;
	if ((thread.subject = strdup(subject)) == NULL)
		return -ENOMEM;
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_contact_insert(store, &thread, err)) < 0)
		return code;
	request->id = thread.id;
	if ((code = add(request, &thread, &message, err)) < 0)
		return code;
	contact_thread_done(&thread);
	if ((code = find(request, &thread, err)) < 0 ||
	    (code = tell(request, &thread, &message, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	events_contact_changed(request->core->events, thread.id, thread.customer_id);
	return request_answer(request, 201, "contact_thread", render(&thread));
}

static int reply(struct request *request, struct err *err)
{
	struct contact_message message CLEANUP(contact_message_done) = {0};
	struct contact_thread thread CLEANUP(contact_thread_done) = {0};
	struct store *store = request->core->store;
	json_t *shown = NULL;
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = find(request, &thread, err)) < 0 ||
	    (code = take_message(request, &message, err)) < 0 ||
	    (code = add(request, &thread, &message, err)) < 0 ||
	    (code = tell(request, &thread, &message, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	events_contact_changed(request->core->events, thread.id, thread.customer_id);
	code = render_message(request, &message, &shown, err);
	return code < 0 ? code : request_answer(request, 201, "message", shown);
}

/* Whoever is content closes it; writing opens it again. */
static int update(struct request *request, struct err *err)
{
	struct contact_thread thread CLEANUP(contact_thread_done) = {0};
	struct store *store = request->core->store;
	enum contact_state state = 0;
	const char *text = NULL;
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = find(request, &thread, err)) < 0 ||
	    (code = body_need_text(request, "state", &text, err)) < 0 ||
	    (code = take_state(request, text, &state, err)) < 0)
		return code;
	if (state == CONTACT_ANSWERED)
		return request_invalid(request, err, "state",
				       "must be open or closed: an answer is a message");
	thread.state = state;
	thread.updated_ms = clock_now_ms();
	note_detail(request, "state", json_string(contact_state_name(state)));
	if ((code = store_contact_update(store, thread.id, state, thread.updated_ms, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	events_contact_changed(request->core->events, thread.id, thread.customer_id);
	return request_answer(request, 200, "contact_thread", render(&thread));
}

const struct route contact_routes[] = {
	{"GET", "/contact_threads", ACCESS_READ, list},
	{"POST", "/contact_threads", ACCESS_SPEAK, create, "contact_thread.create"},
	{"GET", "/contact_threads/{id}", ACCESS_READ, get},
	{"PUT", "/contact_threads/{id}", ACCESS_SPEAK, update, "contact_thread.update"},
	{"GET", "/contact_threads/{id}/messages", ACCESS_READ, list_messages},
	{"POST", "/contact_threads/{id}/messages", ACCESS_SPEAK, reply, "contact_thread.reply"},
	{NULL, NULL, 0, NULL},
};

// /v1/outbox: what waits to be sent, was sent, or could not be; for operators.
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "core/post/letter.h"
#include "core/post/office.h"
#include "store/store_post.h"

/* Never the body: there may be a link in it that is somebody's key. Of a URL it is the customer's
 * own business what its path and query mean; operators see it to find out what is wrong. */
static json_t *render(const struct post *post)
{
	return json_pack("{s:I, s:s, s:o, s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:o}", "id",
			 (json_int_t)post->id, "kind", post_kind_name(post->kind), "customer",
			 post->customer_id != 0 ? json_integer((json_int_t)post->customer_id)
						: json_null(),
			 "recipient", post->recipient, "subject", post->subject, "status",
			 post_state_name(post->state), "attempts", (int)post->attempts, "created",
			 json_time(post->created_ms), "changed", json_time(post->changed_ms),
			 "next_attempt", json_time(post->state == POST_WAITING ? post->next_ms : 0),
			 "error", post->error[0] != '\0' ? json_string(post->error) : json_null());
}

static int list(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	const char *status = request_query(request, "status");
	struct store_posts posts = {0};
	enum post_state state = 0;
	json_t *items;
	int code;

	if ((code = request_list(request, 0, &query, err)) < 0)
		return code;
	if (status != NULL && post_state_parse(status, &state) < 0)
		return request_invalid(request, err, "status", "must be waiting, sent or failed");
	if ((code = store_post_list(request->core->store, 0, state, &query.page, &posts, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < posts.count; i++)
		(void)json_array_append_new(items, render(&posts.items[i]));
	const uint64_t total = posts.total;
	store_post_done(&posts);
	code = request_answer_list(request, "messages", items, &query.page, total);
	(void)json_object_set_new(request->reply, "mail_available",
				  json_boolean(config_has_mail(request->core->config)));
	return code;
}

static int find(struct request *request, uint64_t id, struct post *ret, struct err *err)
{
	int code = store_post_get(request->core->store, 0, id, ret, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "there is no message %" PRIu64, id);
	if (code == 0)
		note_about(request, "message", ret->id, ret->subject);
	return code;
}

static int get(struct request *request, struct err *err)
{
	struct post post CLEANUP(post_done) = {0};
	int code = find(request, request->id, &post, err);

	return code < 0 ? code : request_answer(request, 200, "message", render(&post));
}

static int retry(struct request *request, struct err *err)
{
	struct store *store = request->core->store;
	struct post post CLEANUP(post_done) = {0};
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = find(request, request->id, &post, err)) < 0)
		return code;
	if (post.state != POST_FAILED)
		return err_set(err, ERR_UNSUPPORTED, "message %" PRIu64 " has not failed", post.id);
	if (post.body == NULL)
		return err_set(err, ERR_GONE,
			       "message %" PRIu64 " is of no use any more: its link has expired",
			       post.id);
	if ((code = store_post_retry(store, post.id, clock_now_ms(), err)) < 0)
		return code;
	post_done(&post);
	if ((code = find(request, request->id, &post, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	return request_answer(request, 200, "message", render(&post));
}

static int discard(struct request *request, struct err *err)
{
	struct store *store = request->core->store;
	struct post post CLEANUP(post_done) = {0};
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = find(request, request->id, &post, err)) < 0)
		return code;
	if (post.state == POST_SENT)
		return err_set(err, ERR_UNSUPPORTED, "message %" PRIu64 " was sent already",
			       post.id);
	if (post.body == NULL)
		return err_set(err, ERR_GONE, "there is nothing left of message %" PRIu64, post.id);
	if ((code = store_post_discard(store, post.id, clock_now_ms(), err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	request->status = 204;
	return 0;
}

static int test(struct request *request, struct err *err)
{
	struct store *store = request->core->store;
	struct post post CLEANUP(post_done) = {0};
	const char *address = NULL;
	uint64_t id = 0;
	int code;

	if ((code = body_need_text(request, "address", &address, err)) < 0)
		return code;
	if ((code = post_check_address(address, err)) < 0)
		return request_field(request, "address", code, err);
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = letter_test(request->core, address, &id, err)) < 0 ||
	    (code = find(request, id, &post, err)) < 0 || (code = store_commit(store, err)) < 0)
		return code;
	return request_answer(request, 201, "message", render(&post));
}

const struct route outbox_routes[] = {
	{"GET", "/outbox", ACCESS_SERVICE_READ, list},
	{"GET", "/outbox/{id}", ACCESS_SERVICE_READ, get},
	{"DELETE", "/outbox/{id}", ACCESS_SERVICE, discard, "outbox.discard"},
	{"POST", "/outbox/{id}/retry", ACCESS_SERVICE, retry, "outbox.retry"},
	{"POST", "/outbox/test", ACCESS_SERVICE, test, "outbox.test"},
	{NULL, NULL, 0, NULL},
};

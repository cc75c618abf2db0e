// /v1/notices: what the operators tell everybody, and who has read it.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "core/events.h"
#include "store/store_notice.h"

/* Only of a person it can be said what they have read; a token has its maker's id, and is none. 0:
 * nobody. */
static uint64_t reader(const struct request *request)
{
	return request->who.via == PRINCIPAL_SESSION ? request->who.user_id : 0;
}

static bool is_scheduled(const struct notice *notice)
{
	return notice->published_ms > clock_now_ms();
}

static json_t *read_by(const struct request *request, const struct notice *notice)
{
	return reader(request) != 0 ? json_boolean(notice->read) : json_null();
}

static json_t *render(const struct request *request, const struct notice *notice)
{
	return json_pack("{s:I, s:s, s:b, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:b, s:o, s:o, s:o}",
			 "id", (json_int_t)notice->id, "kind", notice_kind_name(notice->kind),
			 "pinned", notice->pinned, "title_ja", notice->title_ja, "title_en",
			 notice->title_en, "body_ja", notice->body_ja, "body_en", notice->body_en,
			 "starts", json_time(notice->starts_ms), "ends", json_time(notice->ends_ms),
			 "published", json_time(notice->published_ms), "scheduled",
			 is_scheduled(notice), "edited", json_time(notice->edited_ms), "withdrawn",
			 json_time(notice->withdrawn_ms), "read", read_by(request, notice));
}

static int take_filter(struct request *request, struct store_notice_filter *filter, struct err *err)
{
	const char *kind = request_query(request, "kind");
	const char *status = request_query(request, "status");

	filter->user_id = reader(request);
	filter->now_ms = clock_now_ms();
	if (kind != NULL && notice_kind_parse(kind, &filter->kind) < 0)
		return request_invalid(request, err, "kind", "must be ordinary or maintenance");
	if (status == NULL || strcmp(status, "published") == 0)
		return 0;
	filter->withdrawn = strcmp(status, "withdrawn") == 0;
	filter->scheduled = strcmp(status, "scheduled") == 0;
	if (!filter->withdrawn && !filter->scheduled)
		return request_invalid(request, err, "status",
				       "must be published, scheduled or withdrawn");
	return request->who.service ? 0
				    : err_set(err, ERR_FORBIDDEN,
					      "only operators of the service see what was "
					      "withdrawn or is still to come");
}

static int list(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_notice_filter filter = {0};
	struct store_notices notices = {0};
	uint64_t unread = 0;
	json_t *items;
	int code;

	if ((code = request_list(request, 0, &query, err)) < 0 ||
	    (code = take_filter(request, &filter, err)) < 0)
		return code;
	filter.page = query.page;
	if ((code = store_notice_count_unread(request->core->store, filter.user_id, filter.now_ms,
					      &unread, err)) < 0 ||
	    (code = store_notice_list(request->core->store, &filter, &notices, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < notices.count; i++)
		(void)json_array_append_new(items, render(request, &notices.items[i]));
	const uint64_t total = notices.total;
	store_notice_done(&notices);
	code = request_answer_list(request, "notices", items, &query.page, total);
	(void)json_object_set_new(request->reply, "unread",
				  filter.user_id != 0 ? json_integer((json_int_t)unread)
						      : json_null());
	return code;
}

/* What was withdrawn, or is still to come, is there for operators alone. */
static int find(struct request *request, struct notice *ret, struct err *err)
{
	int code = store_notice_get(request->core->store, reader(request), request->id, ret, err);

	if (code == 0 && (ret->withdrawn_ms != 0 || is_scheduled(ret)) && !request->who.service) {
		notice_done(ret);
		code = ERR_NOT_FOUND;
	}
	return code == ERR_NOT_FOUND
		       ? err_set(err, code, "there is no notice %" PRIu64, request->id)
		       : code;
}

static int get(struct request *request, struct err *err)
{
	struct notice notice CLEANUP(notice_done) = {0};
	int code = find(request, &notice, err);

	return code < 0 ? code : request_answer(request, 200, "notice", render(request, &notice));
}

static int take_text(struct request *request, const char *key, char **text, struct err *err)
{
	const char *given = NULL;
	char *copy;
	int code = body_text(request, key, &given, err);

	if (code < 0 || given == NULL)
		return code;
	copy = strdup(given);
	if (copy == NULL)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

static int take_moment(struct request *request, const char *key, int64_t *ret, struct err *err)
{
	const char *text = NULL;
	int code = body_text(request, key, &text, err);

	if (code < 0 || text == NULL)
		return code;
	return parse_time(text, ret) == 0
		       ? 0
		       : request_invalid(request, err, key,
					 "must be a time such as 2026-12-01T02:00:00+09:00");
}

/* Fields of the body over what is there; one that becomes ordinary has no window any more. */
static int take(struct request *request, struct notice *notice, struct err *err)
{
	const char *kind = NULL, *field = "";
	int code;

	if ((code = body_text(request, "kind", &kind, err)) < 0)
		return code;
	if (kind != NULL && notice_kind_parse(kind, &notice->kind) < 0)
		return request_invalid(request, err, "kind", "must be ordinary or maintenance");
	if (kind != NULL && notice->kind == NOTICE_ORDINARY)
		notice->starts_ms = notice->ends_ms = 0;
	if ((code = body_bool(request, "pinned", &notice->pinned, err)) < 0 ||
	    (code = take_text(request, "title_ja", &notice->title_ja, err)) < 0 ||
	    (code = take_text(request, "title_en", &notice->title_en, err)) < 0 ||
	    (code = take_text(request, "body_ja", &notice->body_ja, err)) < 0 ||
	    (code = take_text(request, "body_en", &notice->body_en, err)) < 0 ||
	    (code = take_moment(request, "starts", &notice->starts_ms, err)) < 0 ||
	    (code = take_moment(request, "ends", &notice->ends_ms, err)) < 0)
		return code;
	code = notice_check(notice, &field, err);
	return code < 0 ? request_field(request, field, code, err) : 0;
}

/* When it is to appear. What everybody has seen cannot be unseen. */
static int take_publication(struct request *request, struct notice *notice, struct err *err)
{
	const int64_t now_ms = clock_now_ms();
	int64_t at_ms = 0;
	bool now = false;
	int code;

	if ((code = take_moment(request, "publish_at", &at_ms, err)) < 0 ||
	    (code = body_bool(request, "publish_now", &now, err)) < 0)
		return code;
	if (at_ms == 0 && !now)
		return 0;
	if (notice->published_ms != 0 && !is_scheduled(notice))
		return request_invalid(request, err, now ? "publish_now" : "publish_at",
				       "the notice is published already");
	if (now && at_ms != 0)
		return request_invalid(request, err, "publish_at", "either now or later, not both");
	if (!now && (at_ms <= now_ms || at_ms > now_ms + NOTICE_AHEAD_MS))
		return request_invalid(request, err, "publish_at",
				       "must be a time within a year from now");
	notice->published_ms = notice->told_ms = now ? now_ms : at_ms;
	return 0;
}

/* Everybody is told of what everybody sees, the operators of the rest. */
static void tell(struct request *request, const struct notice *notice, const char *change)
{
	if (is_scheduled(notice))
		events_notice_prepared(request->core->events, notice->id, change);
	else
		events_notice_changed(request->core->events, notice->id, change);
}

static int publish(struct request *request, struct err *err)
{
	struct notice notice CLEANUP(notice_done) = {.kind = NOTICE_ORDINARY};
	struct store *store = request->core->store;
	int code;

	if ((code = take(request, &notice, err)) < 0)
		return code;
	if ((code = take_publication(request, &notice, err)) < 0)
		return code;
	if (notice.published_ms == 0)
		notice.published_ms = notice.told_ms = clock_now_ms();
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_notice_insert(store, &notice, err)) < 0)
		return code;
	note_about(request, "notice", notice.id, notice.title_en);
	note_detail(request, "kind", json_string(notice_kind_name(notice.kind)));
	if (is_scheduled(&notice))
		note_detail(request, "publish_at", json_time(notice.published_ms));
	if ((code = store_commit(store, err)) < 0)
		return code;
	tell(request, &notice, is_scheduled(&notice) ? "scheduled" : "published");
	return request_answer(request, 201, "notice", render(request, &notice));
}

static json_t *names_of(json_t *body)
{
	json_t *names = json_array(), *value;
	const char *key;

	json_object_foreach(body, key, value)(void) json_array_append_new(names, json_string(key));
	return names;
}

/* A corrected letter is no news. What is, is told again: then nobody has read it. */
static int update(struct request *request, struct err *err)
{
	struct notice notice CLEANUP(notice_done) = {0};
	struct store *store = request->core->store;
	bool again = false, was_scheduled;
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = find(request, &notice, err)) < 0 ||
	    (code = body_bool(request, "tell", &again, err)) < 0)
		return code;
	note_about(request, "notice", notice.id, notice.title_en);
	if (notice.withdrawn_ms != 0)
		return err_set(err, ERR_GONE, "notice %" PRIu64 " was withdrawn", notice.id);
	was_scheduled = is_scheduled(&notice);
	if ((code = take(request, &notice, err)) < 0 ||
	    (code = take_publication(request, &notice, err)) < 0)
		return code;
	/* Nobody has seen it: nothing was changed for anybody. */
	if (!was_scheduled)
		notice.edited_ms = clock_now_ms();
	if (again && !was_scheduled) {
		notice.told_ms = notice.edited_ms;
		notice.read = false;
		if ((code = store_notice_forget_read(store, notice.id, err)) < 0)
			return code;
	}
	if ((code = store_notice_update(store, &notice, err)) < 0)
		return code;
	note_about(request, "notice", notice.id, notice.title_en);
	note_detail(request, "set", names_of(request->body));
	if ((code = store_commit(store, err)) < 0)
		return code;
	tell(request, &notice, was_scheduled && !is_scheduled(&notice) ? "published" : "edited");
	return request_answer(request, 200, "notice", render(request, &notice));
}

static int withdraw(struct request *request, struct err *err)
{
	struct notice notice CLEANUP(notice_done) = {0};
	struct store *store = request->core->store;
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = find(request, &notice, err)) < 0)
		return code;
	note_about(request, "notice", notice.id, notice.title_en);
	if (notice.withdrawn_ms != 0)
		return err_set(err, ERR_GONE, "notice %" PRIu64 " was withdrawn already",
			       notice.id);
	notice.withdrawn_ms = clock_now_ms();
	if ((code = store_notice_update(store, &notice, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	tell(request, &notice, "withdrawn");
	request->status = 204;
	return 0;
}

static int mark_read(struct request *request, struct err *err)
{
	struct notice notice CLEANUP(notice_done) = {0};
	int code = find(request, &notice, err);

	if (code < 0)
		return code;
	request->status = 204;
	return store_notice_mark_read(request->core->store, request->who.user_id, notice.id,
				      notice.id, clock_now_ms(), err);
}

/* Up to the newest that the person has seen: what comes meanwhile is not read unseen. */
static int mark_all_read(struct request *request, struct err *err)
{
	int64_t last = INT64_MAX;
	int code = body_number(request, "last", 1, INT64_MAX, &last, err);

	if (code < 0)
		return code;
	request->status = 204;
	return store_notice_mark_read(request->core->store, request->who.user_id, 1, (uint64_t)last,
				      clock_now_ms(), err);
}

const struct route notice_routes[] = {
	{"GET", "/notices", ACCESS_READ, list},
	{"POST", "/notices", ACCESS_SERVICE, publish, "notice.publish"},
	{"PUT", "/notices/read", ACCESS_PERSON, mark_all_read, ROUTE_CHANGES_NOTHING},
	{"GET", "/notices/{id}", ACCESS_READ, get},
	{"PUT", "/notices/{id}", ACCESS_SERVICE, update, "notice.update"},
	{"DELETE", "/notices/{id}", ACCESS_SERVICE, withdraw, "notice.withdraw"},
	{"PUT", "/notices/{id}/read", ACCESS_PERSON, mark_read, ROUTE_CHANGES_NOTHING},
	{NULL, NULL, 0, NULL},
};

// A request as the handlers see it: who asks, path, query, body; and the answer they write.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/api/exchange.h"
#include "core/core.h"
#include "model/label_selector.h"
#include "model/name.h"
#include "model/page.h"
#include "model/role.h"
#include "model/sort.h"
#include "wire/http_message.h"

#define REQUEST_MAX_SEGMENTS 8
#define REQUEST_MAX_QUERY    128
#define REQUEST_MAX_DEPTH    32

/* A handler's way to say that the answer comes later. */
#define REQUEST_LATER 1

struct note;

struct query_item {
	char *key;
	char *value;
};

struct request {
	struct core *core;
	struct exchange *exchange;
	const struct http_request *http;
	struct principal who;
	bool is_anonymous;
	bool acts_for;                   /* an operator, in the account of a customer */
	char who_name[NAME_LABEL_BYTES]; /* of the person, token or local user */
	char *path;                      /* owns segments and query */
	char *segments[REQUEST_MAX_SEGMENTS];
	size_t segment_count;
	struct query_item query[REQUEST_MAX_QUERY];
	size_t query_count;
	uint64_t id; /* of the path's {id}, 0: none */
	uint64_t second_id;
	json_t *body; /* an object */

	unsigned status;          /* of a success; 200 */
	json_t *reply;            /* or */
	struct buf text;          /* its JSON text, or whatever content_type says */
	const char *content_type; /* NULL: JSON */
	const char *upgrade;      /* what the client must change to, for a 426 */
	char set_cookie[256];
	struct note *note; /* for the history; NULL: nothing changes */
	json_t *fields;    /* what was wrong with which field */
};

/** request_field() - note that @err is about @field, when it is an invalid input. Return: @code. */
int request_field(struct request *request, const char *field, int code, const struct err *err);
/** request_invalid() - refuse a field. Return: ERR_INVALID_INPUT. */
int request_invalid(struct request *request, struct err *err, const char *field, const char *format,
		    ...) __attribute__((format(printf, 4, 5)));

/** request_query() - the first value of a key, or NULL. */
const char *request_query(const struct request *request, const char *key);
/** request_query_next() - walk all values; start with *@at = 0. */
const char *request_query_next(const struct request *request, const char *key, size_t *at);

/* What lists have in common. */
struct list_query {
	struct page page;
	struct sort sort;
	struct label_selector selector;
	bool has_selector;
};

void list_query_done(struct list_query *list);
/** request_list() - page, per_page, sort, label_selector. @sortable: SORT_… bits. */
int request_list(struct request *request, uint32_t sortable, struct list_query *ret,
		 struct err *err);
/** request_meta() - {"pagination": {…}} with exactly its six keys. */
json_t *request_meta(const struct page *page, uint64_t total);
/** request_answer_list() - {KEY: items, "meta": …}; steals @items. Return: 0. */
int request_answer_list(struct request *request, const char *key, json_t *items,
			const struct page *page, uint64_t total);
/** request_answer() - {KEY: object}; steals @object. Return: 0. */
int request_answer(struct request *request, unsigned status, const char *key, json_t *object);

/* Fields of the body. Absent or null: 0 and *ret as it was. A wrong type: ERR_INVALID_INPUT. */
int body_text(struct request *request, const char *key, const char **ret, struct err *err);
int body_bool(struct request *request, const char *key, bool *ret, struct err *err);
int body_number(struct request *request, const char *key, int64_t min, int64_t max, int64_t *ret,
		struct err *err);
/** request_labels() - the labels that @map holds are added to @ret; null: none. */
int request_labels(struct request *request, json_t *map, struct labels *ret, struct err *err);
/** body_labels() - the whole map; *ret_given tells whether it was there. */
int body_labels(struct request *request, struct labels *ret, bool *ret_given, struct err *err);
/** body_id_or_name() - a number, a numeric text or a name. *ret_id 0: by name (borrowed). */
int body_id_or_name(struct request *request, const char *key, uint64_t *ret_id,
		    const char **ret_name, struct err *err);
/** body_need_text() - like body_text(), but it must be there. */
int body_need_text(struct request *request, const char *key, const char **ret, struct err *err);

/** json_time() - RFC 3339 text, or null for 0. */
json_t *json_time(int64_t ms);
/** json_labels() - an object. */
json_t *json_labels(const struct labels *labels);

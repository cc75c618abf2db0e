/*
 * /v1/contact_attachments: files that go with a message to the operators, or with their answer.
 *
 * Theory of operation. A request's body is bounded far below a file's size, and everything is
 * JSON: so a file is announced with its name and size, then comes in pieces of a fixed size, each
 * a request. With the last one it is judged by what it holds, and refused and forgotten when it is
 * none of the few kinds. A message then names it. Until then it is its author's alone; a day later
 * it is gone. What is announced counts as if it was there.
 *
 * Nobody's browser shows one in the service's origin: it is always saved, whatever it is.
 */
#include "core/api/attachments.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/api/note.h"
#include "core/api/outflow.h"
#include "core/api/router.h"
#include "core/events.h"
#include "store/store_attachment.h"

#define DISPOSITION_BYTES (96 + 3 * ATTACHMENT_NAME_BYTES)
#define SENDING_MAX       64 /* downloads at once; each holds one piece at most */

static unsigned sending_count;

uint64_t attachments_whose(const struct request *request)
{
	return request->who.service && !request->acts_for ? 0 : request->who.customer_id;
}

static json_t *render(const struct attachment *attachment)
{
	const char *type = attachment_type(attachment->kind);

	return json_pack(
		"{s:I, s:s, s:o, s:I, s:I, s:b, s:o}", "id", (json_int_t)attachment->id, "name",
		attachment->name, "type", type != NULL ? json_string(type) : json_null(), "bytes",
		(json_int_t)attachment->bytes, "received", (json_int_t)attachment->received, "sent",
		attachment->message_id != 0, "created", json_time(attachment->created_ms));
}

int attachments_of(const struct request *request, uint64_t message_id, json_t **ret,
		   struct err *err)
{
	struct store_attachments list = {0};
	json_t *items;
	int code = store_attachment_of(request->core->store, message_id, &list, err);

	if (code < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < list.count; i++)
		(void)json_array_append_new(items, render(&list.items[i]));
	store_attachment_done(&list);
	*ret = items;
	return 0;
}

static bool is_authors(const struct request *request, const struct attachment *attachment)
{
	return attachment->by_operator == request->who.service &&
	       strcmp(attachment->author, request->who_name) == 0;
}

/* One that was sent is the account's and the operators', any other its author's alone. */
static int find(struct request *request, uint64_t id, struct attachment *ret, struct err *err)
{
	int code = store_attachment_get(request->core->store, attachments_whose(request), id, ret,
					err);

	if (code == 0 && ret->message_id == 0 && !is_authors(request, ret))
		code = ERR_NOT_FOUND;
	return code == ERR_NOT_FOUND ? err_set(err, code, "there is no attachment %" PRIu64, id)
				     : code;
}

int attachments_send(struct request *request, uint64_t message_id, uint64_t customer_id,
		     struct err *err)
{
	const json_t *ids = json_object_get(request->body, "attachments"), *each;
	struct store *store = request->core->store;
	size_t i;
	int code;

	if (ids == NULL || json_is_null(ids) || (json_is_array(ids) && json_array_size(ids) == 0))
		return 0;
	if (!json_is_array(ids) || json_array_size(ids) > ATTACHMENT_MAX_COUNT)
		return request_invalid(request, err, "attachments",
				       "must be a list of at most %d ids", ATTACHMENT_MAX_COUNT);
	json_array_foreach(ids, i, each)
	{
		struct attachment attachment;

		if (!json_is_integer(each) || json_integer_value(each) <= 0)
			return request_invalid(request, err, "attachments",
					       "must be a list of ids");
		code = find(request, (uint64_t)json_integer_value(each), &attachment, err);
		if (code == 0)
			code = store_attachment_send(store, attachment.id, message_id, customer_id,
						     err);
		if (code == ERR_NOT_FOUND)
			return request_invalid(request, err, "attachments",
					       "there is no attachment %" JSON_INTEGER_FORMAT
					       " that is whole and was not sent",
					       json_integer_value(each));
		if (code < 0)
			return code;
	}
	note_detail(request, "attachments", json_integer((json_int_t)json_array_size(ids)));
	return 0;
}

static int check_room(struct request *request, const struct attachment *attachment, struct err *err)
{
	uint64_t used = 0;
	int code;

	if (attachment->by_operator)
		return 0;
	code = store_attachment_used(request->core->store, attachment->customer_id, &used, err);
	if (code < 0)
		return code;
	return used + attachment->bytes <= ATTACHMENT_ACCOUNT_BYTES
		       ? 0
		       : err_set(err, ERR_LIMIT,
				 "the files that your account has sent may take %" PRIu64
				 " MiB in all; remove one that is not needed any more",
				 ATTACHMENT_ACCOUNT_BYTES >> 20);
}

static int announce(struct request *request, struct err *err)
{
	struct attachment attachment = {.customer_id = request->who.customer_id,
					.by_operator = request->who.service,
					.created_ms = clock_now_ms()};
	struct store *store = request->core->store;
	const char *name = NULL;
	int64_t bytes = 0;
	int code;

	(void)snprintf(attachment.author, sizeof attachment.author, "%s", request->who_name);
	if ((code = body_need_text(request, "name", &name, err)) < 0)
		return code;
	if ((code = attachment_take_name(name, attachment.name, err)) < 0)
		return request_field(request, "name", code, err);
	if ((code = body_number(request, "bytes", 1, (int64_t)ATTACHMENT_MAX_BYTES, &bytes, err)) <
	    0)
		return code;
	if (bytes == 0)
		return request_invalid(request, err, "bytes", "Missing data for required field.");
	attachment.bytes = (uint64_t)bytes;
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_attachment_forget(store, attachment.created_ms - ATTACHMENT_WAIT_MS,
					    err)) < 0 ||
	    (code = check_room(request, &attachment, err)) < 0 ||
	    (code = store_attachment_insert(store, &attachment, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	return request_answer(request, 201, "contact_attachment", render(&attachment));
}

static int get(struct request *request, struct err *err)
{
	struct attachment attachment;
	int code = find(request, request->id, &attachment, err);

	return code < 0 ? code
			: request_answer(request, 200, "contact_attachment", render(&attachment));
}

static int read_all(struct store *store, const struct attachment *attachment, struct buf *ret,
		    struct err *err)
{
	int code = 0;

	while (code == 0 && ret->len < attachment->bytes)
		code = store_attachment_piece(store, attachment->id, ret->len, ret, err);
	return code;
}

/* All of it is here: it gets its kind, or it goes. */
static int judge(struct store *store, struct attachment *attachment, struct err *err)
{
	struct buf all CLEANUP(buf_done) = {.max = ATTACHMENT_MAX_BYTES + 1};
	int code = read_all(store, attachment, &all, err);

	if (code < 0)
		return code;
	const int verdict = attachment_judge(all.data, all.len, &attachment->kind, err);
	if (verdict < 0) {
		struct err other = {0};
		code = store_attachment_delete(store, attachment->id, &other);
		if (code == 0)
			code = store_commit(store, &other);
		if (code < 0)
			*err = other;
		return code < 0 ? code : verdict;
	}
	attachment_end_name(attachment->name, attachment->kind);
	return store_attachment_set_whole(store, attachment, err);
}

/* The piece of the body. The caller frees *ret. */
static int take_piece(struct request *request, const struct attachment *attachment, int64_t at,
		      uint8_t **ret, size_t *ret_bytes, struct err *err)
{
	const size_t wanted = attachment->bytes - (uint64_t)at < ATTACHMENT_PIECE_BYTES
				      ? (size_t)(attachment->bytes - (uint64_t)at)
				      : ATTACHMENT_PIECE_BYTES;
	AUTO_FREE uint8_t *data = malloc(wanted);
	const char *text = NULL, *end = NULL;
	int code = body_need_text(request, "data", &text, err);

	if (code < 0)
		return code;
	if (data == NULL)
		return -ENOMEM;
	if (sodium_base642bin(data, wanted, text, strlen(text), NULL, ret_bytes, &end,
			      sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    *end != '\0' || *ret_bytes != wanted)
		return request_invalid(request, err, "data", "must be %zu bytes in base64", wanted);
	*ret = steal_ptr(data);
	return 0;
}

static int add(struct request *request, struct err *err)
{
	struct store *store = request->core->store;
	struct attachment attachment;
	AUTO_FREE uint8_t *data = NULL;
	int64_t at = -1;
	size_t bytes = 0;
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = find(request, request->id, &attachment, err)) < 0)
		return code;
	if (attachment.message_id != 0)
		return err_set(err, ERR_LOCKED, "attachment %" PRIu64 " was sent already",
			       attachment.id);
	if ((code = body_number(request, "at", 0, (int64_t)attachment.received, &at, err)) < 0)
		return code;
	if (at < 0 || (uint64_t)at % ATTACHMENT_PIECE_BYTES != 0)
		return request_invalid(request, err, "at",
				       "must say where the piece begins: the next one at %" PRIu64,
				       attachment.received);
	/* One whose answer was lost comes again. */
	if ((uint64_t)at < attachment.received || attachment.received == attachment.bytes)
		return request_answer(request, 200, "contact_attachment", render(&attachment));
	if ((code = take_piece(request, &attachment, at, &data, &bytes, err)) < 0 ||
	    (code = store_attachment_add(store, &attachment, data, bytes, err)) < 0)
		return code;
	if (attachment.received == attachment.bytes && (code = judge(store, &attachment, err)) < 0)
		return code;
	if ((code = store_commit(store, err)) < 0)
		return code;
	return request_answer(request, 200, "contact_attachment", render(&attachment));
}

/* --- saving one --- */

struct sending {
	struct store *store;
	uint64_t id;
	uint64_t at;
	uint64_t bytes;
};

static bool next_piece(void *context, struct buf *out)
{
	struct sending *sending = context;
	struct err err = {0};

	/* One that was deleted meanwhile is cut short. */
	if (store_attachment_piece(sending->store, sending->id, sending->at, out, &err) < 0)
		return true;
	sending->at += out->len;
	return sending->at >= sending->bytes;
}

static void end_sending(void *context)
{
	sending_count--;
	free(context);
}

static const struct outflow_source sending_source = {next_piece, end_sending};

/* RFC 6266: a name for everybody, and the real one percent-encoded. */
static void put_disposition(const struct attachment *attachment, char ret[DISPOSITION_BYTES])
{
	int len = snprintf(ret, DISPOSITION_BYTES,
			   "attachment; filename=\"attachment-%" PRIu64 "\"; filename*=UTF-8''",
			   attachment->id);

	for (const unsigned char *at = (const unsigned char *)attachment->name; *at != '\0'; at++) {
		const bool is_plain = (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'z') ||
				      (*at >= 'A' && *at <= 'Z') || strchr("-._~", *at) != NULL;
		len += snprintf(ret + len, DISPOSITION_BYTES - (size_t)len,
				is_plain ? "%c" : "%%%02X", *at);
	}
}

static int save(struct request *request, struct err *err)
{
	char disposition[DISPOSITION_BYTES];
	struct attachment attachment;
	struct sending *sending;
	int code = find(request, request->id, &attachment, err);

	if (code < 0)
		return code;
	if (attachment.kind == ATTACHMENT_UNKNOWN)
		return err_set(err, ERR_NOT_FOUND, "attachment %" PRIu64 " is not whole yet",
			       attachment.id);
	if (sending_count >= SENDING_MAX)
		return err_set(err, ERR_UNAVAILABLE,
			       "%d attachments are being read; try again in a moment", SENDING_MAX);
	sending = malloc(sizeof *sending);
	if (sending == NULL)
		return -ENOMEM;
	*sending = (struct sending){request->core->store, attachment.id, 0, attachment.bytes};
	sending_count++;
	put_disposition(&attachment, disposition);
	const struct http_reply head = {
		.status = 200,
		.headers = {{"content-type", attachment_type(attachment.kind)},
			    {"content-disposition", disposition},
			    {"content-security-policy", "sandbox; default-src 'none'"},
			    {"x-download-options", "noopen"},
			    {"cache-control", "no-store"}},
		.header_count = 5};
	return outflow_begin(request, &head, &sending_source, sending, err);
}

/* One that was sent goes when an operator wants it, or its author, or an owner of the account. */
static int forget(struct request *request, struct err *err)
{
	struct store *store = request->core->store;
	struct attachment attachment;
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = find(request, request->id, &attachment, err)) < 0)
		return code;
	note_about(request, "contact_attachment", attachment.id, attachment.name);
	note_customer(request, attachment.customer_id);
	if (attachment.message_id == 0)
		note_nothing(request);
	else if (!request->who.service && attachment.by_operator)
		return err_set(err, ERR_FORBIDDEN, "what an operator sent is the operators'");
	else if (!is_authors(request, &attachment) && !request->who.service &&
		 (code = role_allow(&request->who, RIGHT_ACCOUNT, err)) < 0)
		return code;
	if ((code = store_attachment_delete(store, attachment.id, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	if (attachment.thread_id != 0)
		events_contact_changed(request->core->events, attachment.thread_id,
				       attachment.customer_id);
	request->status = 204;
	return 0;
}

const struct route attachment_routes[] = {
	{"POST", "/contact_attachments", ACCESS_SPEAK, announce, ROUTE_CHANGES_NOTHING},
	{"GET", "/contact_attachments/{id}", ACCESS_READ, get},
	{"DELETE", "/contact_attachments/{id}", ACCESS_SPEAK, forget, "contact_attachment.delete"},
	{"GET", "/contact_attachments/{id}/data", ACCESS_READ, save},
	{"PUT", "/contact_attachments/{id}/data", ACCESS_SPEAK, add, ROUTE_CHANGES_NOTHING},
	{NULL, NULL, 0, NULL},
};

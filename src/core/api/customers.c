// /v1/account and /v1/customers: what an account has of what it may have, and what operators of the
// service decide about it.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "core/events.h"
#include "core/suspension.h"
#include "store/store_customer.h"
#include "store/store_quota.h"

/* {"servers": {"used": 3, "limit": 10}, …}; without a limit: null. */
static json_t *render_quotas(const struct quotas *limits, const struct quotas *used)
{
	json_t *quotas = json_object();

	for (unsigned i = 0; i < QUOTA_COUNT; i++) {
		json_t *limit =
			limits->of[i] > 0 ? json_integer((json_int_t)limits->of[i]) : json_null();
		(void)json_object_set_new(
			quotas, quota_name((enum quota)i),
			json_pack("{s:I, s:o}", "used", (json_int_t)used->of[i], "limit", limit));
	}
	return quotas;
}

static int render(struct request *request, const struct customer *customer, json_t **ret,
		  struct err *err)
{
	struct quotas used;
	json_t *suspension = json_null();
	int code = store_quota_used(request->core->store, customer->id, &used, err);

	if (code < 0) {
		json_decref(suspension);
		return code;
	}
	if (customer->suspended)
		suspension = json_pack("{s:s, s:o}", "reason", customer->suspension_reason, "since",
				       json_time(customer->suspended_ms));
	*ret = json_pack("{s:I, s:s, s:I, s:b, s:o, s:o, s:o}", "id", (json_int_t)customer->id,
			 "name", customer->name, "server_limit",
			 (json_int_t)customer->limits.of[QUOTA_SERVERS], "suspended",
			 customer->suspended, "suspension", suspension, "quotas",
			 render_quotas(&customer->limits, &used), "created",
			 json_time(customer->created_ms));
	return 0;
}

/* With what is the operators' alone. */
static int render_to_operator(struct request *request, const struct customer *customer,
			      json_t **ret, struct err *err)
{
	AUTO_FREE char *note = NULL;
	int code = store_customer_get_note(request->core->store, customer->id, &note, err);

	if (code == 0)
		code = render(request, customer, ret, err);
	if (code == 0)
		(void)json_object_set_new(*ret, "note", json_string(note));
	if (code == 0)
		(void)json_object_set_new(*ret, "smtp_open", json_boolean(customer->smtp_open));
	return code;
}

static int answer(struct request *request, unsigned status, const struct customer *customer,
		  struct err *err)
{
	json_t *object = NULL;
	int code = render_to_operator(request, customer, &object, err);

	return code < 0 ? code : request_answer(request, status, "customer", object);
}

static int get_account(struct request *request, struct err *err)
{
	struct customer customer;
	json_t *object = NULL;
	int code =
		store_customer_get(request->core->store, request->who.customer_id, &customer, err);

	if (code == 0)
		code = render(request, &customer, &object, err);
	return code < 0 ? code : request_answer(request, 200, "account", object);
}

static int take_filter(struct request *request, struct store_customer_filter *ret, struct err *err)
{
	const char *status = request_query(request, "status");

	ret->name = request_query(request, "name");
	ret->part = request_query(request, "search");
	if (status == NULL)
		return 0;
	ret->active = strcmp(status, "active") == 0;
	ret->suspended = strcmp(status, "suspended") == 0;
	if (!ret->active && !ret->suspended)
		return request_invalid(request, err, "status", "must be active or suspended");
	return 0;
}

static int list(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_customers customers CLEANUP(store_customer_done) = {0};
	struct store_customer_filter filter = {0};
	json_t *items;
	int code;

	if ((code = request_list(request, SORT_RESOURCE, &query, err)) < 0 ||
	    (code = take_filter(request, &filter, err)) < 0 ||
	    (code = store_customer_list(request->core->store, &filter, &query.sort, &query.page,
					&customers, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < customers.count; i++) {
		json_t *object = NULL;
		code = render_to_operator(request, &customers.items[i], &object, err);
		if (code < 0) {
			json_decref(items);
			return code;
		}
		(void)json_array_append_new(items, object);
	}
	return request_answer_list(request, "customers", items, &query.page, customers.total);
}

static int find(struct request *request, struct customer *ret, struct err *err)
{
	int code = store_customer_get(request->core->store, request->id, ret, err);

	return code == ERR_NOT_FOUND
		       ? err_set(err, code, "there is no customer %" PRIu64, request->id)
		       : code;
}

static int get(struct request *request, struct err *err)
{
	struct customer customer;
	int code = find(request, &customer, err);

	return code < 0 ? code : answer(request, 200, &customer, err);
}

/* Those that are named: a number from 1 on, or null for no limit. */
static int take_quotas(struct request *request, struct quotas *limits, struct err *err)
{
	const json_t *given = json_object_get(request->body, "quotas");
	json_t *changed, *value;
	const char *key;

	if (given == NULL || json_is_null(given))
		return 0;
	if (!json_is_object(given))
		return request_invalid(request, err, "quotas", "must be an object");
	changed = json_object();
	json_object_foreach((json_t *)json_object_get(request->body, "quotas"), key, value)
	{
		unsigned i = 0;
		while (i < QUOTA_COUNT && strcmp(key, quota_name((enum quota)i)) != 0)
			i++;
		const json_int_t number = json_integer_value(value);
		if (i == QUOTA_COUNT ||
		    !(json_is_null(value) ||
		      (json_is_integer(value) && number >= 1 && number <= QUOTA_MOST))) {
			json_decref(changed);
			return i == QUOTA_COUNT
				       ? request_invalid(request, err, "quotas",
							 "there is no quota %.60s", key)
				       : request_invalid(request, err, "quotas",
							 "%s must be a whole number from 1 to %u, "
							 "or null for no limit",
							 key, QUOTA_MOST);
		}
		limits->of[i] = json_is_null(value) ? 0 : (uint64_t)number;
		(void)json_object_set(changed, key, value);
	}
	note_detail(request, "quotas", changed);
	return 0;
}

static int take_reason(struct request *request, struct customer *customer, bool needed,
		       const char *field, struct err *err)
{
	const char *reason = NULL;
	int code = needed ? body_need_text(request, field, &reason, err)
			  : body_text(request, field, &reason, err);

	if (code < 0 || reason == NULL)
		return code;
	if (needed && *reason == '\0')
		return request_invalid(request, err, field,
				       "is empty: the customer is told why, in words");
	if ((code = name_check_text(field, reason, ACCOUNT_REASON_BYTES - 1, err)) < 0)
		return request_field(request, field, code, err);
	(void)snprintf(customer->suspension_reason, sizeof customer->suspension_reason, "%s",
		       reason);
	return 0;
}

/* A suspension that is there goes on; one that is lifted leaves nothing. */
static void settle_suspension(struct customer *customer)
{
	if (!customer->suspended) {
		customer->suspended_ms = 0;
		customer->suspension_reason[0] = '\0';
	} else if (customer->suspended_ms == 0) {
		customer->suspended_ms = clock_now_ms();
	}
}

static int take(struct request *request, struct customer *customer, struct err *err)
{
	const char *name = customer->name;
	int64_t limit = (int64_t)customer->limits.of[QUOTA_SERVERS];
	const bool names_limit = json_is_integer(json_object_get(request->body, "server_limit"));
	const bool names_suspended = json_is_boolean(json_object_get(request->body, "suspended"));
	int code;

	if ((code = body_text(request, "name", &name, err)) < 0 ||
	    (code = body_number(request, "server_limit", 0, 1000000, &limit, err)) < 0 ||
	    (code = body_bool(request, "suspended", &customer->suspended, err)) < 0 ||
	    (code = body_bool(request, "smtp_open", &customer->smtp_open, err)) < 0 ||
	    (code = take_reason(request, customer, false, "suspension_reason", err)) < 0)
		return code;
	if ((code = name_check_free(name, err)) < 0)
		return request_field(request, "name", code, err);
	if (name != customer->name)
		(void)snprintf(customer->name, sizeof customer->name, "%s", name);
	customer->limits.of[QUOTA_SERVERS] = (uint64_t)limit;
	settle_suspension(customer);
	if (json_is_string(json_object_get(request->body, "name")))
		note_detail(request, "name", json_string(customer->name));
	if (names_limit)
		note_detail(request, "server_limit", json_integer(limit));
	if (names_suspended)
		note_detail(request, "suspended", json_boolean(customer->suspended));
	if (json_is_boolean(json_object_get(request->body, "smtp_open")))
		note_detail(request, "smtp_open", json_boolean(customer->smtp_open));
	return take_quotas(request, &customer->limits, err);
}

/* NULL: it is not spoken of. Several lines are allowed, other control characters are not. */
static int take_note(struct request *request, const char **ret, struct err *err)
{
	const char *note = NULL;
	int code = body_text(request, "note", &note, err);

	if (code < 0 || note == NULL)
		return code;
	if (strlen(note) > ACCOUNT_NOTE_MAX_BYTES)
		return request_invalid(request, err, "note", "has more than %d bytes",
				       ACCOUNT_NOTE_MAX_BYTES);
	for (const char *at = note; *at != '\0'; at++)
		if (((unsigned char)*at < ' ' && *at != '\n' && *at != '\t') || *at == 0x7f)
			return request_invalid(request, err, "note",
					       "must not contain control characters");
	*ret = note;
	return 0;
}

static int create(struct request *request, struct err *err)
{
	struct customer customer = {.created_ms = clock_now_ms()};
	struct store *store = request->core->store;
	const char *name = NULL, *note = NULL;
	int code;

	if ((code = store_quota_defaults(store, &customer.limits, err)) < 0 ||
	    (code = body_need_text(request, "name", &name, err)) < 0 ||
	    (code = take(request, &customer, err)) < 0 ||
	    (code = take_note(request, &note, err)) < 0 || (code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_customer_insert(store, &customer, err)) < 0)
		return code == ERR_UNIQUENESS
			       ? err_set(err, code, "there is a customer named %s already",
					 customer.name)
			       : code;
	if (note != NULL && (code = store_customer_set_note(store, customer.id, note, err)) < 0)
		return code;
	note_about(request, "customer", customer.id, customer.name);
	note_customer(request, customer.id);
	if ((code = store_commit(store, err)) < 0)
		return code;
	return answer(request, 201, &customer, err);
}

/* A transaction and the customer of the path. After success the caller has STORE_GUARD(). */
static int begin(struct request *request, struct customer *customer, struct err *err)
{
	struct store *store = request->core->store;
	int code = store_begin(store, err);

	if (code < 0)
		return code;
	if ((code = find(request, customer, err)) < 0)
		store_rollback(store);
	else
		note_customer(request, customer->id);
	return code;
}

/* After the commit consoles are cut within a second by their own watch. */
static int finish(struct request *request, const struct customer *customer, struct err *err)
{
	struct store *store = request->core->store;
	int code;

	if ((code = store_customer_update(store, customer, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	suspension_begin(request->core->suspension);
	events_account_changed(request->core->events, customer->id);
	return 0;
}

static int update(struct request *request, struct err *err)
{
	struct store *store = request->core->store;
	const char *note = NULL;
	struct customer customer;
	int code;

	if ((code = begin(request, &customer, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = take(request, &customer, err)) < 0 ||
	    (code = take_note(request, &note, err)) < 0 ||
	    (note != NULL && (code = store_customer_set_note(store, customer.id, note, err)) < 0) ||
	    (code = finish(request, &customer, err)) < 0)
		return code;
	return answer(request, 200, &customer, err);
}

/* Its servers are stopped, its consoles cut, changes refused; what is there stays. */
static int suspend(struct request *request, struct err *err)
{
	struct store *store = request->core->store;
	struct customer customer;
	int code;

	if ((code = begin(request, &customer, err)) < 0)
		return code;
	STORE_GUARD(store);
	if (customer.id == ACCOUNT_SERVICE_CUSTOMER_ID)
		return err_set(err, ERR_IN_USE,
			       "the service's own account is not suspended this way");
	if ((code = take_reason(request, &customer, true, "reason", err)) < 0)
		return code;
	customer.suspended = true;
	settle_suspension(&customer);
	note_detail(request, "reason", json_string(customer.suspension_reason));
	if ((code = finish(request, &customer, err)) < 0)
		return code;
	return answer(request, 200, &customer, err);
}

/* The servers that the suspension stopped are started again. */
static int resume(struct request *request, struct err *err)
{
	struct store *store = request->core->store;
	struct customer customer;
	int code;

	if ((code = begin(request, &customer, err)) < 0)
		return code;
	STORE_GUARD(store);
	customer.suspended = false;
	settle_suspension(&customer);
	if ((code = finish(request, &customer, err)) < 0)
		return code;
	request->status = 204;
	return 0;
}

static int delete (struct request *request, struct err *err)
{
	struct customer customer;
	int code = find(request, &customer, err);

	if (code == 0)
		note_customer(request, customer.id);
	if (code == 0)
		code = store_customer_delete(request->core->store, customer.id, err);
	request->status = 204;
	if (code == 0)
		events_check_rights(request->core->events);
	return code;
}

/* --- what a new one may have --- */

static int answer_defaults(struct request *request, const struct quotas *limits)
{
	json_t *quotas = json_object();

	for (unsigned i = 0; i < QUOTA_COUNT; i++)
		(void)json_object_set_new(
			quotas, quota_name((enum quota)i),
			limits->of[i] > 0 ? json_integer((json_int_t)limits->of[i]) : json_null());
	return request_answer(request, 200, "customer_defaults",
			      json_pack("{s:o}", "quotas", quotas));
}

static int get_defaults(struct request *request, struct err *err)
{
	struct quotas limits;
	int code = store_quota_defaults(request->core->store, &limits, err);

	return code < 0 ? code : answer_defaults(request, &limits);
}

static int update_defaults(struct request *request, struct err *err)
{
	struct store *store = request->core->store;
	struct quotas limits;
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if (!json_is_object(json_object_get(request->body, "quotas")))
		return request_invalid(request, err, "quotas", "must be an object");
	if ((code = store_quota_defaults(store, &limits, err)) < 0 ||
	    (code = take_quotas(request, &limits, err)) < 0 ||
	    (code = store_quota_set_defaults(store, &limits, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	return answer_defaults(request, &limits);
}

const struct route customer_routes[] = {
	{"GET", "/account", ACCESS_READ, get_account},
	{"GET", "/customer_defaults", ACCESS_SERVICE_READ, get_defaults},
	{"PUT", "/customer_defaults", ACCESS_SERVICE, update_defaults, "customer_defaults.update"},
	{"GET", "/customers", ACCESS_SERVICE_READ, list},
	{"POST", "/customers", ACCESS_SERVICE, create, "customer.create"},
	{"GET", "/customers/{id}", ACCESS_SERVICE_READ, get},
	{"PUT", "/customers/{id}", ACCESS_SERVICE, update, "customer.update"},
	{"DELETE", "/customers/{id}", ACCESS_SERVICE, delete, "customer.delete"},
	{"PUT", "/customers/{id}/suspension", ACCESS_SERVICE, suspend, "customer.suspend"},
	{"DELETE", "/customers/{id}/suspension", ACCESS_SERVICE, resume, "customer.resume"},
	{NULL, NULL, 0, NULL},
};

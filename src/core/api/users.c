// /v1/users: everybody who can sign in, for the operators of the service.
#include <inttypes.h>

#include "base/cleanup.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "core/events.h"
#include "store/store_token.h"
#include "store/store_user.h"

static json_t *render(const struct user *user)
{
	return json_pack("{s:I, s:s, s:b, s:b, s:b, s:o}", "id", (json_int_t)user->id, "name",
			 user->name, "operator", user->service, "disabled", user->disabled,
			 "two_step", user->two_step, "created", json_time(user->created_ms));
}

static int list(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_users users = {0};
	json_t *items;
	int code;

	if ((code = request_list(request, 0, &query, err)) < 0 ||
	    (code = store_user_list(request->core->store, request_query(request, "name"),
				    request->acts_for ? request->who.customer_id : 0, &query.page,
				    &users, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < users.count; i++)
		(void)json_array_append_new(items, render(&users.items[i]));
	const uint64_t total = users.total;
	store_user_done(&users);
	return request_answer_list(request, "users", items, &query.page, total);
}

static int find(struct request *request, struct user *ret, struct err *err)
{
	int code = store_user_get(request->core->store, request->id, ret, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "there is no user %" PRIu64, request->id);
	if (code == 0)
		note_about(request, "user", ret->id, ret->name);
	return code;
}

static int get(struct request *request, struct err *err)
{
	struct user user;
	int code = find(request, &user, err);

	return code < 0 ? code : request_answer(request, 200, "user", render(&user));
}

/* In a transaction: without one the service would be run by nobody. */
static int check_operator_is_left(struct request *request, const struct user *user, struct err *err)
{
	uint64_t operators = 0;
	int code;

	if (!user->service || user->disabled)
		return 0;
	if ((code = store_user_count_service(request->core->store, &operators, err)) < 0)
		return code;
	return operators > 1 ? 0
			     : err_set(err, ERR_LAST_OWNER,
				       "%s is the only operator of the service: invite another "
				       "first",
				       user->name);
}

/* Whoever is disabled is signed out at once, and may not sign in again; the person stays. */
static int update(struct request *request, struct err *err)
{
	struct store *store = request->core->store;
	struct user user;
	bool disabled;
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = find(request, &user, err)) < 0)
		return code;
	disabled = user.disabled;
	if ((code = body_bool(request, "disabled", &disabled, err)) < 0)
		return code;
	if (disabled && (code = check_operator_is_left(request, &user, err)) < 0)
		return code;
	note_detail(request, "disabled", json_boolean(disabled));
	if ((code = store_user_update_disabled(store, user.id, disabled, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	events_check_rights(request->core->events);
	user.disabled = disabled;
	return request_answer(request, 200, "user", render(&user));
}

/* With all they could come in by: passkeys and sessions go with the row, tokens before it (one
 * without a maker would be the local socket's). An account that has something keeps an owner. */
static int delete (struct request *request, struct err *err)
{
	struct store *store = request->core->store;
	char orphan[NAME_LABEL_BYTES];
	struct user user;
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = find(request, &user, err)) < 0 ||
	    (code = check_operator_is_left(request, &user, err)) < 0 ||
	    (code = store_user_find_orphan(store, user.id, orphan, err)) < 0)
		return code;
	if (code > 0)
		return err_set(err, ERR_LAST_OWNER,
			       "%s is the only owner of %.100s, which has servers or images: make "
			       "somebody else an owner first",
			       user.name, orphan);
	if ((code = store_token_delete_of_user(store, user.id, err)) < 0 ||
	    (code = store_user_delete(store, user.id, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	events_check_rights(request->core->events);
	request->status = 204;
	return 0;
}

const struct route user_routes[] = {
	{"GET", "/users", ACCESS_SERVICE_READ, list},
	{"GET", "/users/{id}", ACCESS_SERVICE_READ, get},
	{"PUT", "/users/{id}", ACCESS_SERVICE, update, "user.update"},
	{"DELETE", "/users/{id}", ACCESS_SERVICE, delete, "user.delete", ROUTE_NEEDS_PROOF},
	{NULL, NULL, 0, NULL},
};

// /v1/members: the people of an account, and what each may do there.
#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "core/events.h"
#include "store/store_membership.h"
#include "store/store_session.h"
#include "store/store_token.h"

static json_t *render(const struct member *member)
{
	return json_pack("{s:I, s:s, s:s, s:b}", "id", (json_int_t)member->user_id, "name",
			 member->name, "role", role_name(member->role), "disabled",
			 member->disabled);
}

static int list(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_members members = {0};
	json_t *items;
	int code;

	if ((code = request_list(request, 0, &query, err)) < 0 ||
	    (code = store_membership_list(request->core->store, request->who.customer_id,
					  request_query(request, "name"), &query.page, &members,
					  err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < members.count; i++)
		(void)json_array_append_new(items, render(&members.items[i]));
	const uint64_t total = members.total;
	store_membership_done(&members);
	return request_answer_list(request, "members", items, &query.page, total);
}

static int find(struct request *request, struct member *ret, struct err *err)
{
	int code = store_membership_get(request->core->store, request->who.customer_id, request->id,
					ret, err);

	return code == ERR_NOT_FOUND
		       ? err_set(err, code, "there is no member %" PRIu64, request->id)
		       : code;
}

static int get(struct request *request, struct err *err)
{
	struct member member;
	int code = find(request, &member, err);

	return code < 0 ? code : request_answer(request, 200, "member", render(&member));
}

/* In a transaction: an account without an owner could be led by nobody. */
static int check_owner_is_left(struct request *request, const struct member *member, enum role role,
			       struct err *err)
{
	uint64_t owners = 0;
	int code;

	if (member->role != ROLE_OWNER || role == ROLE_OWNER)
		return 0;
	if ((code = store_membership_count_owners(request->core->store, request->who.customer_id,
						  &owners, err)) < 0)
		return code;
	return owners > 1 ? 0
			  : err_set(err, ERR_LAST_OWNER,
				    "%s is the only owner of this account: make somebody else an "
				    "owner first",
				    member->name);
}

static int update(struct request *request, struct err *err)
{
	struct store *store = request->core->store;
	const char *text = NULL;
	struct member member;
	enum role role;
	int code;

	if ((code = body_need_text(request, "role", &text, err)) < 0)
		return code;
	if (role_parse(text, &role) < 0)
		return request_invalid(request, err, "role", "must be reader, operator or owner");
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = find(request, &member, err)) < 0 ||
	    (code = check_owner_is_left(request, &member, role, err)) < 0 ||
	    (code = store_membership_set(store, member.user_id, request->who.customer_id, role,
					 err)) < 0)
		return code;
	note_about(request, "member", member.user_id, member.name);
	note_detail(request, "role", json_string(role_name(role)));
	note_detail(request, "before", json_string(role_name(member.role)));
	if ((code = store_commit(store, err)) < 0)
		return code;
	events_check_rights(request->core->events);
	member.role = role;
	return request_answer(request, 200, "member", render(&member));
}

/* With what they could still come in by: their sessions that act for the account, and the tokens
 * they made in it. */
static int delete (struct request *request, struct err *err)
{
	struct store *store = request->core->store;
	struct member member;
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = find(request, &member, err)) < 0 ||
	    (code = check_owner_is_left(request, &member, ROLE_NONE, err)) < 0 ||
	    (code = store_membership_set(store, member.user_id, request->who.customer_id, ROLE_NONE,
					 err)) < 0 ||
	    (code = store_token_delete_of_member(store, member.user_id, request->who.customer_id,
						 err)) < 0 ||
	    (code = store_session_delete_of_member(store, member.user_id, request->who.customer_id,
						   err)) < 0)
		return code;
	note_about(request, "member", member.user_id, member.name);
	if ((code = store_commit(store, err)) < 0)
		return code;
	events_check_rights(request->core->events);
	request->status = 204;
	return 0;
}

static int leave(struct request *request, struct err *err)
{
	request->id = request->who.user_id;
	return delete (request, err);
}

const struct route member_routes[] = {
	{"GET", "/members", ACCESS_READ, list},
	{"GET", "/members/{id}", ACCESS_READ, get},
	{"PUT", "/members/{id}", ACCESS_ACCOUNT, update, "member.update", ROUTE_NEEDS_PROOF},
	{"DELETE", "/members/{id}", ACCESS_ACCOUNT, delete, "member.delete", ROUTE_NEEDS_PROOF},
	{"DELETE", "/members/current", ACCESS_PERSON, leave, "member.leave"},
	{NULL, NULL, 0, NULL},
};

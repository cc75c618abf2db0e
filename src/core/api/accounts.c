// /v1/me, tokens: who one is, and what may act in one's name.
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"
#include "base/secret.h"
#include "core/api/note.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/events.h"
#include "store/store_customer.h"
#include "store/store_membership.h"
#include "store/store_quota.h"
#include "store/store_token.h"
#include "store/store_user.h"

/* Those the person belongs to, and may switch to. A token is for one account, and tells of no
 * other.
 */
static json_t *render_customers(struct request *request)
{
	const uint64_t user_id = request->who.via == PRINCIPAL_SESSION ? request->who.user_id : 0;
	const struct sort by_name = {.keys = {{.field = SORT_NAME}}, .count = 1};
	struct store_customers customers = {0};
	json_t *items = json_array();

	const struct store_customer_filter filter = {.user_id = user_id};
	if (user_id == 0 || store_customer_list(request->core->store, &filter, &by_name, NULL,
						&customers, NULL) < 0)
		return items;
	for (size_t i = 0; i < customers.count; i++) {
		const struct customer *customer = &customers.items[i];
		enum role role = ROLE_NONE;
		(void)store_membership_role(request->core->store, user_id, customer->id, &role,
					    NULL);
		(void)json_array_append_new(
			items, json_pack("{s:I, s:s, s:s, s:b}", "id", (json_int_t)customer->id,
					 "name", customer->name, "role", role_name(role),
					 "suspended", customer->suspended));
	}
	store_customer_done(&customers);
	return items;
}

static int me(struct request *request, struct err *err)
{
	struct customer customer;
	struct user user;
	json_t *person = json_null();
	int code =
		store_customer_get(request->core->store, request->who.customer_id, &customer, err);

	if (code < 0)
		return code;
	if (request->who.user_id != 0 &&
	    store_user_get(request->core->store, request->who.user_id, &user, NULL) == 0)
		person = json_pack("{s:I, s:s, s:b, s:b}", "id", (json_int_t)user.id, "name",
				   user.name, "operator", user.service, "has_password",
				   user.password_hash[0] != '\0');
	return request_answer(
		request, 200, "me",
		json_pack("{s:o, s:{s:I, s:s, s:b, s:s}, s:s, s:s, s:b, s:b, s:o}", "user", person,
			  "customer", "id", (json_int_t)customer.id, "name", customer.name,
			  "suspended", customer.suspended, "suspension_reason",
			  customer.suspension_reason, "role", role_name(request->who.role), "via",
			  role_via_name(request->who.via), "operator", request->who.service,
			  "acts_for", request->acts_for, "customers", render_customers(request)));
}

static json_t *render_token(const struct token *token)
{
	return json_pack("{s:I, s:s, s:s, s:b, s:o, s:o, s:o}", "id", (json_int_t)token->id, "name",
			 token->name, "scope", token->readonly ? "read" : "read_write", "operator",
			 token->service, "created", json_time(token->created_ms), "last_used",
			 json_time(token->last_used_ms), "expires", json_time(token->expires_ms));
}

static int list_tokens(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_tokens tokens = {0};
	json_t *items;
	int code;

	if ((code = request_list(request, SORT_RESOURCE, &query, err)) < 0 ||
	    (code = store_token_list(request->core->store, request->who.customer_id,
				     request_query(request, "name"), &query.page, &tokens, err)) <
		    0)
		return code;
	items = json_array();
	for (size_t i = 0; i < tokens.count; i++)
		(void)json_array_append_new(items, render_token(&tokens.items[i]));
	const uint64_t total = tokens.total;
	store_token_done(&tokens);
	return request_answer_list(request, "tokens", items, &query.page, total);
}

static int create_token(struct request *request, struct err *err)
{
	struct token token = {.customer_id = request->who.customer_id,
			      .user_id = request->who.user_id,
			      .created_ms = clock_now_ms()};
	struct secret secret CLEANUP(secret_done) = {0};
	struct store *store = request->core->store;
	const char *name = NULL, *scope = "read_write", *expires = NULL;
	int code;

	if ((code = body_need_text(request, "name", &name, err)) < 0 ||
	    (code = body_text(request, "scope", &scope, err)) < 0 ||
	    (code = body_text(request, "expires", &expires, err)) < 0 ||
	    (code = body_bool(request, "operator", &token.service, err)) < 0)
		return code;
	if (expires != NULL &&
	    (parse_time(expires, &token.expires_ms) < 0 || token.expires_ms <= token.created_ms))
		return request_invalid(request, err, "expires",
				       "must be a time to come: 2027-01-31T00:00:00Z");
	if ((code = name_check_free(name, err)) < 0)
		return request_field(request, "name", code, err);
	if (strcmp(scope, "read") != 0 && strcmp(scope, "read_write") != 0)
		return request_invalid(request, err, "scope", "must be read or read_write");
	if (token.service && !request->who.service)
		return err_set(err, ERR_FORBIDDEN,
			       "only operators of the service can make a token for its operators");
	token.readonly = strcmp(scope, "read") == 0;
	(void)snprintf(token.name, sizeof token.name, "%s", name);
	if (secret_make_token(&secret) < 0)
		return err_set(err, ERR_SERVER, "cannot make a token");
	secret_hash(secret.text, secret.len, token.hash);
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_quota_check_one(store, token.customer_id, QUOTA_TOKENS, err)) < 0)
		return code;
	if ((code = store_token_insert(store, &token, err)) < 0)
		return code == ERR_UNIQUENESS
			       ? err_set(err, code, "there is a token named %s already", name)
			       : code;
	note_about(request, "token", token.id, token.name);
	note_detail(request, "scope", json_string(scope));
	note_detail(request, "operator", json_boolean(token.service));
	if (token.expires_ms != 0)
		note_detail(request, "expires", json_time(token.expires_ms));
	if ((code = store_commit(store, err)) < 0)
		return code;
	request->status = 201;
	request->reply =
		json_pack("{s:o, s:s}", "token", render_token(&token), "secret", secret.text);
	return 0;
}

static int get_token(struct request *request, struct err *err)
{
	struct token token;
	int code = store_token_get(request->core->store, request->who.customer_id, request->id,
				   &token, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "there is no token %llu",
			       (unsigned long long)request->id);
	return code < 0 ? code : request_answer(request, 200, "token", render_token(&token));
}

static int delete_token(struct request *request, struct err *err)
{
	int code = store_token_delete(request->core->store, request->who.customer_id, request->id,
				      err);

	request->status = 204;
	if (code == 0)
		events_check_rights(request->core->events);
	return code == ERR_NOT_FOUND ? err_set(err, code, "there is no token %llu",
					       (unsigned long long)request->id)
				     : code;
}

const struct route account_routes[] = {
	{"GET", "/me", ACCESS_READ, me},
	{"GET", "/tokens", ACCESS_READ, list_tokens},
	{"POST", "/tokens", ACCESS_ACCOUNT, create_token, "token.create", ROUTE_NEEDS_PROOF},
	{"GET", "/tokens/{id}", ACCESS_READ, get_token},
	{"DELETE", "/tokens/{id}", ACCESS_ACCOUNT, delete_token, "token.delete"},
	{NULL, NULL, 0, NULL},
};

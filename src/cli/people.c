// ippo member, invitation and user: the people of an account, and all who can sign in.
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/parse.h"
#include "cli/api.h"
#include "cli/print.h"
#include "cli/request.h"

static const char *id_text(const json_t *object, char out[24])
{
	(void)snprintf(out, 24, "%lld", (long long)json_number(object, "id"));
	return out;
}

static const char *yes_or_no(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key)) ? "yes" : "no";
}

/* Finds by name or number, changes one field, and prints what came of it. Steals @body. */
static int put(struct invocation *invocation, const char *plural, const char *singular,
	       json_t *body)
{
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *found = NULL, *reply = NULL;
	int code = api_find(invocation->api, plural, plural, singular, invocation->positionals[0],
			    &found, &err);

	if (code == 0) {
		(void)buf_printf(&path, "/%s/%lld", plural, (long long)json_number(found, "id"));
		code = api_call(invocation->api, "PUT", buf_str(&path), body, -1, &reply, &err);
	}
	json_decref(found);
	json_decref(body);
	return code < 0 ? print_failure(&err) : request_finish(invocation, reply, singular, false);
}

/* --- members --- */

static void member_row(struct table *table, const json_t *member)
{
	char id[24];

	table_row(table, id_text(member, id), json_text(member, "name"), json_text(member, "role"));
}

static int member_list(struct invocation *invocation)
{
	return request_list(invocation, "/members", "members", "ID NAME ROLE", member_row,
			    "This account has no people. `ippo invitation create` invites some.");
}

static int member_update(struct invocation *invocation)
{
	return put(invocation, "members", "member",
		   json_pack("{s:s}", "role", invocation->positionals[1]));
}

static int member_remove(struct invocation *invocation)
{
	return request_delete(
		invocation, "members", "members", "member",
		"Whoever it is is signed out of this account, and the API tokens they "
		"made in it stop working.");
}

/* --- invitations --- */

static void invitation_row(struct table *table, const json_t *invitation)
{
	char id[24];

	table_row(table, id_text(invitation, id),
		  json_is_true(json_object_get(invitation, "operator"))
			  ? "operator of the service"
			  : json_text(invitation, "role"),
		  json_text(invitation, "customer.name"), json_text(invitation, "expires"),
		  json_is_string(json_object_get(invitation, "redeemed")) ? "yes" : "no");
}

static int invitation_list(struct invocation *invocation)
{
	return request_list(invocation, "/invitations", "invitations",
			    "ID ROLE CUSTOMER EXPIRES USED", invitation_row,
			    "There are no invitations.");
}

/* Prints the link and nothing else; it works once. */
static int invitation_create(struct invocation *invocation)
{
	const char *customer = option_text(invocation, "for");
	struct err err = {0};
	json_t *reply = NULL, *found = NULL;
	json_t *body = json_pack(
		"{s:b, s:s*, s:s*}", "operator", option_given(invocation, "operator"), "role",
		option_text(invocation, "role"), "name", option_text(invocation, "name"));
	int code = 0;

	if (customer != NULL) {
		code = api_find(invocation->api, "customers", "customers", "customer", customer,
				&found, &err);
		(void)json_object_set(body, "customer", json_object_get(found, "id"));
		json_decref(found);
	}
	if (code == 0)
		code = api_call(invocation->api, "POST", "/invitations", body, -1, &reply, &err);
	json_decref(body);
	return request_finish_made(invocation, reply, code, &err, "link");
}

static int invitation_delete(struct invocation *invocation)
{
	return request_delete(invocation, "invitations", "invitations", "invitation",
			      "Its link leads nowhere from then on.");
}

/* --- users --- */

static void user_row(struct table *table, const json_t *user)
{
	char id[24];

	table_row(table, id_text(user, id), json_text(user, "name"), yes_or_no(user, "operator"),
		  yes_or_no(user, "disabled"), yes_or_no(user, "two_step"),
		  json_text(user, "created"));
}

static int user_list(struct invocation *invocation)
{
	return request_list(invocation, "/users", "users",
			    "ID NAME OPERATOR DISABLED TWO-STEP CREATED", user_row,
			    "Nobody can sign in yet. `ippo invitation create` invites.");
}

static int user_disable(struct invocation *invocation)
{
	return put(invocation, "users", "user", json_pack("{s:b}", "disabled", 1));
}

static int user_enable(struct invocation *invocation)
{
	return put(invocation, "users", "user", json_pack("{s:b}", "disabled", 0));
}

/* What is done to somebody below /users/{id}. The caller frees @ret_reply, where there is one. */
static int act_on_user(struct invocation *invocation, const char *method, const char *what,
		       json_t *body, json_t **ret_reply, struct err *err)
{
	struct buf path CLEANUP(buf_done) = {0};
	json_t *found = NULL;
	int code = api_find(invocation->api, "users", "users", "user", invocation->positionals[0],
			    &found, err);

	if (code == 0) {
		(void)buf_printf(&path, "/users/%lld/%s", (long long)json_number(found, "id"),
				 what);
		code = api_call(invocation->api, method, buf_str(&path), body, -1, ret_reply, err);
	}
	json_decref(found);
	return code;
}

/* Prints the link and nothing else; it works once. */
static int user_reset_password(struct invocation *invocation)
{
	struct err err = {0};
	json_t *reply = NULL;
	const int code = act_on_user(invocation, "POST", "password_reset", NULL, &reply, &err);

	return request_finish_made(invocation, reply, code, &err, "link");
}

/* For somebody who has lost everything that gives codes. */
static int user_two_step_off(struct invocation *invocation)
{
	struct err err = {0};
	json_t *reply = NULL;
	const int code = act_on_user(invocation, "DELETE", "two_step", NULL, &reply, &err);

	json_decref(reply);
	return code < 0 ? print_failure(&err) : EXIT_OK;
}

/* It counts when whoever reads it has opened the link that is sent there. */
static int user_mail(struct invocation *invocation)
{
	const char *address = invocation->positionals[1];
	struct err err = {0};
	json_t *reply = NULL, *body = NULL;

	if (strcmp(address, "none") != 0)
		body = json_pack("{s:s, s:s*}", "address", address, "language",
				 option_text(invocation, "language"));
	const int code = act_on_user(invocation, body != NULL ? "PUT" : "DELETE", "mail", body,
				     &reply, &err);
	json_decref(body);
	if (code == 0 && invocation->json && reply != NULL)
		print_json(reply);
	json_decref(reply);
	return code < 0 ? print_failure(&err) : EXIT_OK;
}

static int user_delete(struct invocation *invocation)
{
	return request_delete(
		invocation, "users", "users", "user",
		"The person can never sign in again: memberships, sessions, passkeys and the API "
		"tokens they made are gone. The history keeps the name.");
}

static const struct option_rule mail_options[] = {
	{"language", "LANGUAGE", "of what they are written: ja or en", false},
	{NULL, NULL, NULL, false},
};
static void passkey_row(struct table *table, const json_t *passkey)
{
	char id[24];

	table_row(table, id_text(passkey, id), json_text(passkey, "name"),
		  json_text(passkey, "created"), json_text(passkey, "last_used"));
}

static int user_passkeys(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *found = NULL;
	const int code = api_find(invocation->api, "users", "users", "user",
				  invocation->positionals[0], &found, &err);

	(void)buf_printf(&path, "/users/%lld/passkeys", (long long)json_number(found, "id"));
	json_decref(found);
	return code < 0 ? print_failure(&err)
			: request_list(invocation, buf_str(&path), "passkeys",
				       "ID NAME CREATED USED", passkey_row,
				       "This person has no passkeys.");
}

/* For somebody whose device was lost or stolen. */
static int user_remove_passkey(struct invocation *invocation)
{
	struct err err = {0};
	json_t *reply = NULL;
	char what[48];
	uint64_t id;
	int code = parse_u64(invocation->positionals[1], 1, INT64_MAX, &id);

	if (code < 0) {
		(void)err_set(&err, ERR_INVALID_INPUT, "a passkey is named by its number, ID");
		return print_failure(&err);
	}
	(void)snprintf(what, sizeof what, "passkeys/%llu", (unsigned long long)id);
	code = act_on_user(invocation, "DELETE", what, NULL, &reply, &err);
	json_decref(reply);
	return code < 0 ? print_failure(&err) : EXIT_OK;
}

static const struct option_rule invitation_options[] = {
	{"operator", NULL, "for a person who runs the service", false},
	{"for", "CUSTOMER", "for a member of this customer (operators only)", false},
	{"role", "ROLE", "what they may do: reader, operator (of servers) or owner", false},
	{"name", "NAME", "the user name that is proposed to them", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule delete_options[] = {
	{"yes", NULL, "do not ask", false},
	{NULL, NULL, NULL, false},
};

const struct command people_commands[] = {
	{"member", "list", "", "List the people of this account", NULL, member_list},
	{"member", "set-role", "NAME ROLE", "Let somebody do more or less: reader, operator, owner",
	 NULL, member_update},
	{"member", "remove", "NAME", "Take somebody out of this account", delete_options,
	 member_remove},
	{"invitation", "list", "", "List the invitations", NULL, invitation_list},
	{"invitation", "create", "", "Make a one-time link and print it", invitation_options,
	 invitation_create},
	{"invitation", "delete", "ID", "Take back an invitation that nobody has used",
	 delete_options, invitation_delete},
	{"user", "list", "", "List everybody who can sign in (operators only)", NULL, user_list},
	{"user", "reset-password", "NAME",
	 "Make a one-time link for a new password or passkey and print it", NULL,
	 user_reset_password},
	{"user", "mail", "NAME ADDRESS",
	 "Send a link there that makes it somebody's mail address; none removes theirs",
	 mail_options, user_mail},
	{"user", "two-step-off", "NAME",
	 "Ask somebody for no code any more, who has lost all that gives them", NULL,
	 user_two_step_off},
	{"user", "passkeys", "NAME", "List the passkeys somebody signs in with", NULL,
	 user_passkeys},
	{"user", "remove-passkey", "NAME ID",
	 "Take a passkey away from somebody who has lost it; the only way in needs a link first",
	 NULL, user_remove_passkey},
	{"user", "disable", "NAME", "Sign somebody out everywhere, and let them in no more", NULL,
	 user_disable},
	{"user", "enable", "NAME", "Let somebody sign in again", NULL, user_enable},
	{"user", "delete", "NAME", "Delete a person, with all they could come in by",
	 delete_options, user_delete},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

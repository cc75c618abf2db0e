#include "core/auth/authenticate.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"
#include "base/secret.h"
#include "core/api/note.h"
#include "store/store_customer.h"
#include "store/store_membership.h"
#include "store/store_session.h"
#include "store/store_token.h"
#include "store/store_user.h"

/* Last use is worth knowing, not worth a write for each request. */
#define TOUCH_EVERY_MS 60000

static bool is_in_group(const char *group_name, uid_t uid, gid_t gid)
{
	const struct passwd *user = getpwuid(uid);
	const struct group *group = getgrnam(group_name);

	if (user == NULL || group == NULL)
		return false;
	if (group->gr_gid == gid || group->gr_gid == user->pw_gid)
		return true;
	for (char **member = group->gr_mem; *member != NULL; member++)
		if (strcmp(*member, user->pw_name) == 0)
			return true;
	return false;
}

bool authenticate_is_operator(const struct core *core, uid_t uid, gid_t gid)
{
	return uid == 0 || is_in_group(core->config->group, uid, gid);
}

static void set_name(struct request *request, const char *name)
{
	(void)snprintf(request->who_name, sizeof request->who_name, "%s", name);
}

static int by_kernel(struct request *request, uid_t uid, gid_t gid, struct err *err)
{
	const struct passwd *user;

	if (!authenticate_is_operator(request->core, uid, gid))
		return err_set(err, ERR_FORBIDDEN,
			       "only root and the group %s are operators of this service",
			       request->core->config->group);
	request->who = (struct principal){.via = PRINCIPAL_LOCAL,
					  .customer_id = ACCOUNT_SERVICE_CUSTOMER_ID,
					  .role = ROLE_OWNER,
					  .service = true};
	user = getpwuid(uid);
	set_name(request, user != NULL ? user->pw_name : "");
	return 0;
}

/* Never more than whoever made it may do now; see store_standing.c. Tokens of the local socket have
 * no maker. */
static int bound_by_maker(struct request *request, const struct token *token, struct err *err)
{
	struct principal *who = &request->who;
	enum role role = ROLE_NONE;
	struct user maker;

	if (token->user_id == 0)
		return 0;
	if (store_user_get(request->core->store, token->user_id, &maker, NULL) < 0 ||
	    maker.disabled)
		return err_set(err, ERR_UNAUTHORIZED,
			       "whoever made this token may not sign in any more");
	if (maker.service)
		return 0;
	who->service = false;
	(void)store_membership_role(request->core->store, token->user_id, token->customer_id, &role,
				    NULL);
	if (role < who->role)
		who->role = role;
	return 0;
}

static int by_token(struct request *request, const char *secret, struct err *err)
{
	uint8_t hash[SECRET_HASH_BYTES];
	const int64_t now_ms = clock_now_ms();
	struct token token;

	secret_hash(secret, strlen(secret), hash);
	if (store_token_find(request->core->store, hash, now_ms, &token, NULL) < 0)
		return err_set(err, ERR_UNAUTHORIZED, "this token is not, or no longer, valid");
	if (now_ms - token.last_used_ms > TOUCH_EVERY_MS)
		(void)store_token_touch(request->core->store, token.id, now_ms, NULL);
	request->who = (struct principal){.via = PRINCIPAL_TOKEN,
					  .user_id = token.user_id,
					  .customer_id = token.customer_id,
					  .token_id = token.id,
					  .role = ROLE_OPERATOR,
					  .service = token.service,
					  .readonly = token.readonly};
	set_name(request, token.name);
	return bound_by_maker(request, &token, err);
}

bool authenticate_find_cookie(const char *header, const char *name,
			      char out[SECRET_TOKEN_TEXT_BYTES])
{
	const size_t name_len = strlen(name);

	for (const char *at = header; *at != '\0';) {
		at += strspn(at, " ;");
		const size_t len = strcspn(at, ";");
		if (len == name_len + 1 + SECRET_TOKEN_TEXT_BYTES - 1 &&
		    memcmp(at, name, name_len) == 0 && at[name_len] == '=') {
			memcpy(out, at + name_len + 1, SECRET_TOKEN_TEXT_BYTES - 1);
			out[SECRET_TOKEN_TEXT_BYTES - 1] = '\0';
			return true;
		}
		at += len;
	}
	return false;
}

size_t authenticate_origin_len(const char *url)
{
	const char *authority = strstr(url, "://");

	return authority != NULL ? (size_t)(authority - url) + 3 + strcspn(authority + 3, "/")
				 : strlen(url);
}

bool authenticate_is_own_origin(const struct request *request)
{
	const char *origin = http_request_header(request->http, "origin");
	const char *host = http_request_header(request->http, "host");
	const char *url = request->core->config->url;
	const size_t len = authenticate_origin_len(url);

	if (origin == NULL)
		return false;
	if (strlen(origin) == len && memcmp(origin, url, len) == 0)
		return true;
	/* Reached by another name of the same machine: then Origin and Host are the same place. */
	return host != NULL && strncmp(origin, "https://", 8) == 0 &&
	       strcasecmp(origin + 8, host) == 0;
}

/* What a form or an image on another site cannot send. */
static int check_not_forged(const struct request *request, struct err *err)
{
	const char *marker = http_request_header(request->http, "x-ippo-csrf");

	if (strcmp(request->http->method, "GET") == 0)
		return 0;
	if (marker == NULL || strcmp(marker, "1") != 0 || !authenticate_is_own_origin(request))
		return err_set(err, ERR_FORBIDDEN, "this request did not come from the panel");
	return 0;
}

static int by_session(struct request *request, const char *cookie, struct err *err)
{
	uint8_t hash[SECRET_HASH_BYTES];
	const int64_t now_ms = clock_now_ms();
	struct session session;
	struct user user;
	int code;

	secret_hash(cookie, strlen(cookie), hash);
	if (store_session_find(request->core->store, hash, now_ms, &session, NULL) < 0 ||
	    store_user_get(request->core->store, session.user_id, &user, NULL) < 0)
		return err_set(err, ERR_UNAUTHORIZED, "you are signed out: sign in again");
	if ((code = check_not_forged(request, err)) < 0)
		return code;
	request->who = (struct principal){.via = PRINCIPAL_SESSION,
					  .user_id = user.id,
					  .customer_id = session.customer_id,
					  .session_id = session.id,
					  .proved_ms = session.proved_ms,
					  .service = user.service};
	set_name(request, user.name);
	(void)store_membership_role(request->core->store, user.id, session.customer_id,
				    &request->who.role, NULL);
	/* An operator who chose a customer: see switch_customer(). */
	request->acts_for = user.service && request->who.role == ROLE_NONE &&
			    session.customer_id != ACCOUNT_SERVICE_CUSTOMER_ID;
	if (now_ms - session.last_used_ms > TOUCH_EVERY_MS)
		(void)store_session_touch(request->core->store, session.id, now_ms,
					  now_ms + AUTH_SESSION_MS, NULL);
	return 0;
}

/* Operators act for a customer by name or number. */
static int act_for(struct request *request, const char *customer_text, struct err *err)
{
	struct customer customer;
	uint64_t id;
	int code;

	if (!request->who.service)
		return err_set(err, ERR_FORBIDDEN,
			       "only operators of the service may act for a customer");
	code = parse_u64(customer_text, 1, INT64_MAX, &id) == 0
		       ? store_customer_get(request->core->store, id, &customer, err)
		       : store_customer_get_by_name(request->core->store, customer_text, &customer,
						    err);
	if (code < 0)
		return err_set(err, ERR_NOT_FOUND, "there is no customer %.100s", customer_text);
	request->acts_for = request->acts_for ? customer.id != ACCOUNT_SERVICE_CUSTOMER_ID
					      : customer.id != request->who.customer_id;
	request->who.customer_id = customer.id;
	return 0;
}

int authenticate(struct request *request, struct err *err)
{
	const char *authorization = http_request_header(request->http, "authorization");
	const char *cookies = http_request_header(request->http, "cookie");
	const char *customer = http_request_header(request->http, "x-ippo-customer");
	char cookie[SECRET_TOKEN_TEXT_BYTES];
	uid_t uid;
	gid_t gid;
	int code;

	request->is_anonymous = false;
	if (exchange_is_local(request->exchange, &uid, &gid)) {
		code = by_kernel(request, uid, gid, err);
	} else if (authorization != NULL) {
		if (strncasecmp(authorization, "Bearer ", 7) != 0)
			return err_set(err, ERR_UNAUTHORIZED,
				       "the Authorization header must be: Bearer TOKEN");
		code = by_token(request, authorization + 7, err);
	} else if (cookies != NULL && authenticate_find_cookie(cookies, AUTH_COOKIE, cookie)) {
		code = by_session(request, cookie, err);
	} else {
		request->is_anonymous = true;
		return 0;
	}
	return code == 0 && customer != NULL ? act_for(request, customer, err) : code;
}

int authenticate_make_session(struct request *request, struct session *session, struct err *err)
{
	struct secret cookie CLEANUP(secret_done) = {0};
	const int64_t now_ms = clock_now_ms();
	int code = secret_make_token(&cookie);

	if (code < 0)
		return err_set(err, code, "no memory");
	secret_hash(cookie.text, cookie.len, session->hash);
	session->created_ms = session->last_used_ms = now_ms;
	session->expires_ms = now_ms + AUTH_SESSION_MS;
	if (session->proved_ms == 0)
		session->proved_ms = now_ms;
	if ((code = store_session_insert(request->core->store, session, err)) < 0)
		return code;
	(void)snprintf(request->set_cookie, sizeof request->set_cookie,
		       AUTH_COOKIE "=%s; Path=/; Max-Age=%lld; Secure; HttpOnly; SameSite=Strict",
		       cookie.text, (long long)(AUTH_SESSION_MS / 1000));
	return 0;
}

void authenticate_clear_cookie(struct request *request)
{
	(void)snprintf(request->set_cookie, sizeof request->set_cookie,
		       AUTH_COOKIE "=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict");
}

// /v1/me/mail: where somebody gets mail; the link that confirms it; and forgotten passwords.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/secret.h"
#include "core/api/entering.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "core/post/forgotten.h"
#include "core/post/letter.h"
#include "core/post/office.h"
#include "core/post/throttle.h"
#include "store/store_membership.h"
#include "store/store_user.h"
#include "store/store_user_mail.h"

#define HOUR_MS      (INT64_C(3600) * 1000)
#define ASKER_MOST   10 /* links to confirm an address, by one person within an hour */
#define ADDRESS_MOST 3  /* to one address within an hour */

static json_t *text_or_null(const char *text)
{
	return *text != '\0' ? json_string(text) : json_null();
}

/* What waits for a link that works no more is no news. */
static json_t *render(const struct core *core, const struct user_mail *mail)
{
	const bool waits = mail->wanted[0] != '\0' && mail->expires_ms > clock_now_ms();

	return json_pack("{s:o, s:o, s:o, s:b}", "address", text_or_null(mail->address),
			 "unconfirmed", text_or_null(waits ? mail->wanted : ""), "language",
			 text_or_null(mail->language), "available", config_has_mail(core->config));
}

static int load(struct request *request, uint64_t user_id, struct user_mail *ret, struct err *err)
{
	int code = store_user_mail_get(request->core->store, user_id, ret, err);

	if (code == ERR_NOT_FOUND) {
		*ret = (struct user_mail){.user_id = user_id};
		code = 0;
	}
	return code;
}

static int answer(struct request *request, uint64_t user_id, struct err *err)
{
	struct user_mail mail;
	int code = load(request, user_id, &mail, err);

	return code < 0 ? code : request_answer(request, 200, "mail", render(request->core, &mail));
}

static int get_own(struct request *request, struct err *err)
{
	return answer(request, request->who.user_id, err);
}

static int find_user(struct request *request, struct user *ret, struct err *err)
{
	int code = store_user_get(request->core->store, request->id, ret, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "there is no user %" PRIu64, request->id);
	if (code == 0)
		note_about(request, "user", ret->id, ret->name);
	return code;
}

static int get_of_user(struct request *request, struct err *err)
{
	struct user user;
	int code = find_user(request, &user, err);

	return code < 0 ? code : answer(request, user.id, err);
}

static int take_fields(struct request *request, struct user_mail *mail, const char **ret_address,
		       struct err *err)
{
	const char *language = NULL;
	int code;

	if ((code = body_need_text(request, "address", ret_address, err)) < 0 ||
	    (code = body_text(request, "language", &language, err)) < 0)
		return code;
	if ((code = post_check_address(*ret_address, err)) < 0)
		return request_field(request, "address", code, err);
	if (language == NULL)
		language = mail->language[0] != '\0' ? mail->language : "ja";
	if ((code = user_mail_check_language(language, err)) < 0)
		return request_field(request, "language", code, err);
	if (language != mail->language)
		(void)snprintf(mail->language, sizeof mail->language, "%s", language);
	return 0;
}

/* Whoever is let to set an address is let to have a mail sent there: not many. */
static int check_throttle(struct request *request, const char *address, struct err *err)
{
	char asker[32];

	(void)snprintf(asker, sizeof asker, "%" PRIu64, request->who.user_id);
	if ((!request->who.service &&
	     !throttle_take("confirm asker", asker, ASKER_MOST, HOUR_MS)) ||
	    !throttle_take("confirm address", address, ADDRESS_MOST, HOUR_MS))
		return err_set(err, ERR_RATE_LIMIT,
			       "too many mails were asked for; try again in an hour");
	return 0;
}

/* In a transaction. */
static int want(struct request *request, const struct user *user, struct user_mail *mail,
		struct err *err)
{
	struct secret key CLEANUP(secret_done) = {0};
	uint8_t hash[SECRET_HASH_BYTES];
	int code;

	if (secret_make_token(&key) < 0)
		return err_set(err, ERR_SERVER, "cannot make a link");
	secret_hash(key.text, key.len, hash);
	mail->user_id = user->id;
	mail->changed_ms = clock_now_ms();
	mail->expires_ms = mail->changed_ms + USER_MAIL_CONFIRM_MS;
	if ((code = store_user_mail_want(request->core->store, mail, hash, err)) < 0)
		return code;
	return letter_confirm(request->core, mail->wanted, mail->language, user->name, key.text,
			      mail->expires_ms, err);
}

/* An address that is the confirmed one already needs no link. */
static int set(struct request *request, const struct user *user, struct err *err)
{
	struct store *store = request->core->store;
	const char *address = NULL;
	struct user_mail mail;
	int code;

	if ((code = load(request, user->id, &mail, err)) < 0 ||
	    (code = take_fields(request, &mail, &address, err)) < 0 ||
	    (code = office_check_mail(request->core, err)) < 0)
		return code;
	const bool known = strcmp(address, mail.address) == 0;
	if (!known && (code = check_throttle(request, address, err)) < 0)
		return code;
	(void)snprintf(mail.wanted, sizeof mail.wanted, "%s", address);
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	note_about(request, "user", user->id, user->name);
	code = known ? store_user_mail_language(store, user->id, mail.language, clock_now_ms(), err)
		     : want(request, user, &mail, err);
	if (code < 0 || (code = store_commit(store, err)) < 0)
		return code;
	return answer(request, user->id, err);
}

static int unset(struct request *request, const struct user *user, struct err *err)
{
	struct store *store = request->core->store;
	struct user_mail mail;
	int code;

	if ((code = load(request, user->id, &mail, err)) < 0 ||
	    (code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	note_about(request, "user", user->id, user->name);
	if (mail.address[0] != '\0' && config_has_mail(request->core->config) &&
	    (code = letter_changed(request->core, mail.address, mail.language, user->name, err)) <
		    0 &&
	    code != ERR_LIMIT)
		return code;
	if ((code = store_user_mail_delete(store, user->id, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	request->status = 204;
	return 0;
}

static int me(struct request *request, struct user *ret, struct err *err)
{
	return store_user_get(request->core->store, request->who.user_id, ret, err);
}

static int set_own(struct request *request, struct err *err)
{
	struct user user;
	int code = me(request, &user, err);

	return code < 0 ? code : set(request, &user, err);
}

static int unset_own(struct request *request, struct err *err)
{
	struct user user;
	int code = me(request, &user, err);

	return code < 0 ? code : unset(request, &user, err);
}

static int set_of_user(struct request *request, struct err *err)
{
	struct user user;
	int code = find_user(request, &user, err);

	return code < 0 ? code : set(request, &user, err);
}

static int unset_of_user(struct request *request, struct err *err)
{
	struct user user;
	int code = find_user(request, &user, err);

	return code < 0 ? code : unset(request, &user, err);
}

/* Whoever has the link reads what is sent there; nobody need be signed in. */
static int confirm(struct request *request, struct err *err)
{
	struct store *store = request->core->store;
	char old[POST_ADDRESS_BYTES];
	uint8_t hash[SECRET_HASH_BYTES];
	const char *key = NULL;
	struct membership first;
	struct user_mail mail;
	struct user user;
	int code;

	if ((code = entering_check_origin(request, err)) < 0 ||
	    (code = body_need_text(request, "key", &key, err)) < 0)
		return code;
	secret_hash(key, strlen(key), hash);
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	code = store_user_mail_confirm(store, hash, clock_now_ms(), &mail, old, err);
	if (code == ERR_NOT_FOUND)
		return err_set(err, code,
			       "this link was used already, has expired, or never was; ask for "
			       "another");
	if (code < 0 || (code = store_user_get(store, mail.user_id, &user, err)) < 0)
		return code;
	if (old[0] != '\0' && strcmp(old, mail.address) != 0 &&
	    (code = letter_changed(request->core, old, mail.language, user.name, err)) < 0 &&
	    code != ERR_LIMIT && code != ERR_NO_MAIL)
		return code;
	note_person(request, &user);
	if (store_membership_first(store, user.id, &first, NULL) == 0)
		note_customer(request, first.customer_id);
	note_about(request, "user", user.id, user.name);
	if ((code = store_commit(store, err)) < 0)
		return code;
	return request_answer(request, 200, "mail", render(request->core, &mail));
}

/* The same answer to everybody. */
static int forgot(struct request *request, struct err *err)
{
	const char *text = NULL;
	int code;

	if ((code = entering_check_origin(request, err)) < 0 ||
	    (code = body_need_text(request, "name", &text, err)) < 0)
		return code;
	if (*text == '\0' || strlen(text) >= FORGOTTEN_TEXT_BYTES)
		return request_invalid(request, err, "name", "must be a name or a mail address");
	if ((code = office_check_mail(request->core, err)) < 0 ||
	    (code = forgotten_ask(request->core, text, request->http->peer, err)) < 0)
		return code;
	request->status = 202;
	request->reply = json_object();
	return 0;
}

const struct route mail_routes[] = {
	{"GET", "/me/mail", ACCESS_PERSON, get_own},
	{"PUT", "/me/mail", ACCESS_PERSON, set_own, "user.set_mail", ROUTE_NEEDS_PROOF},
	{"DELETE", "/me/mail", ACCESS_PERSON, unset_own, "user.remove_mail", ROUTE_NEEDS_PROOF},
	{"GET", "/users/{id}/mail", ACCESS_SERVICE_READ, get_of_user},
	{"PUT", "/users/{id}/mail", ACCESS_SERVICE, set_of_user, "user.give_mail",
	 ROUTE_NEEDS_PROOF},
	{"DELETE", "/users/{id}/mail", ACCESS_SERVICE, unset_of_user, "user.take_mail",
	 ROUTE_NEEDS_PROOF},
	{"POST", "/mail_confirmations/redeem", ACCESS_PUBLIC, confirm, "user.confirm_mail"},
	{"POST", "/password_resets/request", ACCESS_PUBLIC, forgot, ROUTE_CHANGES_NOTHING},
	{NULL, NULL, 0, NULL},
};

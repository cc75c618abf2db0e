#include "core/console/entrance.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/auth/authenticate.h"
#include "store/store_ticket.h"
#include "wire/console_message.h"

#define NAME_BYTES 64

static void cookie_name(uint64_t server_id, uint8_t kind, char out[NAME_BYTES])
{
	(void)snprintf(out, NAME_BYTES, "__Secure-ippo-console-%llu-%s",
		       (unsigned long long)server_id, console_kind_name(kind));
}

static int make(struct core *core, struct ticket *ticket, enum ticket_use use, int64_t life_ms,
		struct secret *ret, struct err *err)
{
	uint8_t hash[SECRET_HASH_BYTES];
	const int64_t now_ms = clock_now_ms();
	int code = secret_make_token(ret);

	if (code < 0)
		return err_set(err, code, "cannot make a ticket");
	ticket->use = use;
	ticket->expires_ms = now_ms + life_ms;
	secret_hash(ret->text, ret->len, hash);
	return store_ticket_insert(core->store, hash, ticket, now_ms, err);
}

int entrance_make_ticket(struct core *core, const struct ticket *ticket, struct secret *ret,
			 struct err *err)
{
	struct ticket made = *ticket;

	return make(core, &made, TICKET_FRAME, TICKET_MS, ret, err);
}

int entrance_make_cookie(struct core *core, const struct ticket *ticket,
			 char out[ENTRANCE_COOKIE_BYTES], struct err *err)
{
	struct secret secret CLEANUP(secret_done) = {0};
	struct ticket made = *ticket;
	char name[NAME_BYTES];
	int code = make(core, &made, TICKET_COOKIE, TICKET_COOKIE_MS, &secret, err);

	if (code < 0)
		return code;
	cookie_name(ticket->server_id, ticket->kind, name);
	(void)snprintf(out, ENTRANCE_COOKIE_BYTES,
		       "%s=%s; Path=/v1/consoles/%llu/%s; Max-Age=%lld; Secure; HttpOnly; "
		       "SameSite=Strict",
		       name, secret.text, (unsigned long long)ticket->server_id,
		       console_kind_name(ticket->kind), (long long)(TICKET_COOKIE_MS / 1000));
	return 0;
}

static int redeem(struct core *core, const char *text, enum ticket_use use,
		  const struct ticket_place *place, struct ticket *ret, struct err *err)
{
	uint8_t hash[SECRET_HASH_BYTES];
	struct ticket ticket;
	int code;

	secret_hash(text, strlen(text), hash);
	if ((code = store_ticket_redeem(core->store, hash, use, clock_now_ms(), &ticket, err)) <
		    0 ||
	    (code = ticket_check(&ticket, place, err)) < 0)
		return code;
	*ret = ticket;
	return 0;
}

int entrance_redeem(struct core *core, const char *text, const struct ticket_place *place,
		    struct ticket *ret, struct err *err)
{
	return redeem(core, text, TICKET_FRAME, place, ret, err);
}

bool entrance_has_cookie(const char *cookies, uint64_t server_id, uint8_t kind)
{
	char name[NAME_BYTES], text[SECRET_TOKEN_TEXT_BYTES];

	cookie_name(server_id, kind, name);
	const bool has = cookies != NULL && authenticate_find_cookie(cookies, name, text);
	explicit_bzero(text, sizeof text);
	return has;
}

int entrance_redeem_cookie(struct core *core, const char *cookies, const struct ticket_place *place,
			   struct ticket *ret, struct err *err)
{
	char name[NAME_BYTES], text[SECRET_TOKEN_TEXT_BYTES];
	int code;

	cookie_name(place->server_id, place->kind, name);
	if (cookies == NULL || !authenticate_find_cookie(cookies, name, text))
		return err_set(err, ERR_NOT_FOUND, "there is no cookie for this console");
	code = redeem(core, text, TICKET_COOKIE, place, ret, err);
	explicit_bzero(text, sizeof text);
	return code;
}

void entrance_bind(struct ticket *ticket, const struct server *server)
{
	ticket->server_id = server->id;
	memcpy(ticket->uuid, server->uuid, sizeof ticket->uuid);
	ticket->generation = server->volume_generation;
}

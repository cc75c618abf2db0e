#include "core/api/router.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "core/api/entering.h"
#include "core/api/intake.h"
#include "core/api/note.h"
#include "core/auth/authenticate.h"
#include "store/store_customer.h"

#define RATE_SLOTS 4096
#define HOUR_MS    (INT64_C(3600) * 1000)

static const struct route *const tables[] = {
	server_routes,         server_action_routes,
	hand_over_routes,      action_routes,
	catalogue_routes,      image_routes,
	sshkey_routes,         address_routes,
	address_action_routes, account_routes,
	customer_routes,       session_routes,
	invitation_routes,     password_routes,
	member_routes,         user_routes,
	proof_routes,          two_step_routes,
	passkey_routes,        service_routes,
	console_routes,        history_routes,
	metrics_routes,        notice_routes,
	contact_routes,        attachment_routes,
	mail_routes,           outbox_routes,
	alert_routes,          first_step_routes,
	zone_routes,           rrset_routes,
	firewall_routes,       reverse_name_routes,
	zone_parent_routes,    zone_proof_routes,
	zone_primary_routes,   name_server_zone_routes,
	name_server_routes,    server_filter_routes,
	network_routes,        network_action_routes,
	server_network_routes, contract_routes,
	server_image_routes,   host_routes,
	absent_routes,
};

/* --- errors --- */

static unsigned status_of(int code)
{
	static const struct {
		int code;
		unsigned status;
	} statuses[] = {
		{ERR_JSON, 400},
		{ERR_INVALID_INPUT, 422},
		{ERR_UNAUTHORIZED, 401},
		{ERR_FORBIDDEN, 403},
		{ERR_TOKEN_READONLY, 403},
		{ERR_LIMIT, 403},
		{ERR_NOT_FOUND, 404},
		{ERR_METHOD, 405},
		{ERR_UNIQUENESS, 409},
		{ERR_UNAVAILABLE_RESOURCE, 412},
		{ERR_IP_POOL_EMPTY, 412},
		{ERR_DISK_FULL, 412},
		{ERR_MEMORY_FULL, 412},
		{ERR_IMAGE_MISSING, 412},
		{ERR_SERVER_NOT_STOPPED, 422},
		{ERR_INVALID_SERVER_TYPE, 422},
		{ERR_IN_USE, 422},
		{ERR_UNSUPPORTED, 422},
		{ERR_PLACEMENT, 422},
		{ERR_CHECKSUM, 422},
		{ERR_LOCKED, 423},
		{ERR_PROTECTED, 423},
		{ERR_RATE_LIMIT, 429},
		{ERR_TOO_LARGE, 413},
		{ERR_UNAVAILABLE, 503},
		{ERR_MAINTENANCE, 503},
		{ERR_HYPERVISOR, 503},
		{ERR_AGENT, 503},
		{ERR_TIMEOUT, 504},
		{ERR_GONE, 404},
		{ERR_SERVER_NOT_RUNNING, 422},
		{ERR_AGENT_OFF, 422},
		{ERR_LAST_OWNER, 422},
		{ERR_WRONG_PASSWORD, 422},
		{ERR_CODE_REQUIRED, 403},
		{ERR_WRONG_CODE, 422},
		{ERR_PROOF_REQUIRED, 403},
		{ERR_PASSKEY_SITE, 412},
		{ERR_PASSKEY_DATA, 422},
		{ERR_PASSKEY_CHALLENGE, 422},
		{ERR_PASSKEY_ORIGIN, 422},
		{ERR_PASSKEY_UNVERIFIED, 422},
		{ERR_WRONG_PASSKEY, 422},
		{ERR_PASSKEY_COUNTER, 422},
		{ERR_LAST_PASSKEY, 422},
		{ERR_NO_MAIL, 412},
		{ERR_SUSPENDED, 403},
		{ERR_FIREWALL_APPLIED, 422},
		{ERR_SERVER_ATTACHED, 422},
		{ERR_IP_NOT_AVAILABLE, 422},
		{ERR_NO_SUBNET, 422},
		{ERR_NETWORKS_OVERLAP, 422},
		{ERR_FIREWALL_REMOVED, 422},
		{ERR_OLD_CONNECTION, 409},
	};

	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if (statuses[i].code == code)
			return statuses[i].status;
	return 500;
}

static json_t *error_body(struct request *request, int code, const struct err *err)
{
	json_t *details = json_object();

	if (code == ERR_INVALID_INPUT) {
		if (request->fields == NULL)
			request->fields = json_array();
		(void)json_object_set(details, "fields", request->fields);
	}
	const bool internal = status_of(code) == 500;
	return json_pack("{s:{s:s, s:s, s:o}}", "error", "code", err_name(code), "message",
			 internal ? "something went wrong inside the service; the operator finds "
				    "it in the log"
				  : err->text,
			 "details", details);
}

/* --- rate limit --- */

/* A window of an hour for each token and session. Two that share a slot share a window: both get
 * less. */
static struct {
	int64_t began_ms;
	uint32_t used;
} windows[RATE_SLOTS];

struct rate {
	uint32_t limit;
	uint32_t left;
	int64_t reset_s;
};

static int take_rate(const struct request *request, struct rate *ret, struct err *err)
{
	const struct principal *who = &request->who;
	const uint64_t key = who->token_id != 0 ? who->token_id * 2 : who->session_id * 2 + 1;
	const uint32_t limit = request->core->config->rate_limit;
	const int64_t now_ms = clock_now_ms();

	*ret = (struct rate){limit > 0 ? limit : 1000000, limit > 0 ? limit : 1000000,
			     now_ms / 1000 + 3600};
	if (limit == 0 || request->is_anonymous || who->via == PRINCIPAL_LOCAL)
		return 0;
	if (now_ms - windows[key % RATE_SLOTS].began_ms >= HOUR_MS ||
	    windows[key % RATE_SLOTS].began_ms > now_ms) {
		windows[key % RATE_SLOTS].began_ms = now_ms;
		windows[key % RATE_SLOTS].used = 0;
	}
	ret->reset_s = (windows[key % RATE_SLOTS].began_ms + HOUR_MS) / 1000;
	ret->left = 0;
	if (windows[key % RATE_SLOTS].used >= limit)
		return err_set(err, ERR_RATE_LIMIT,
			       "more than %u requests within an hour; wait until RateLimit-Reset",
			       limit);
	ret->left = limit - ++windows[key % RATE_SLOTS].used;
	return 0;
}

/* --- answering --- */

static void free_request(struct request *request)
{
	json_decref(request->reply);
	json_decref(request->fields);
	buf_done(&request->text);
	intake_done(request);
	note_free(request);
	free(request);
}

static void add_header(struct http_reply *reply, const char *name, const char *value)
{
	reply->headers[reply->header_count++] = (struct http_header){name, value};
}

/* Answers hold what the handler left, or the error. */
static void answer(struct request *request, int code, const struct err *err,
		   const struct rate *rate)
{
	struct http_reply reply = {
		.status = (uint16_t)(code < 0 ? status_of(code) : request->status)};
	char limit[16], left[16], reset[24];
	char *text = NULL;

	note_end(request, code, reply.status);
	if (code < 0) {
		if (reply.status == 500)
			log_error("%s %s: %s (%s)", request->http->method,
				  request->path != NULL ? request->path : "", err->text,
				  code > -1000 ? strerror(-code) : err_name(code));
		json_decref(request->reply);
		request->reply = error_body(request, code, err);
		request->set_cookie[0] = code == ERR_UNAUTHORIZED ? request->set_cookie[0] : '\0';
		buf_clear(&request->text);
		request->content_type = NULL;
	}
	if (request->text.len > 0) {
		reply.body = request->text.data;
		reply.body_bytes = request->text.len;
	} else if (request->reply != NULL) {
		text = json_dumps(request->reply, JSON_COMPACT);
		reply.body = (const uint8_t *)text;
		reply.body_bytes = text != NULL ? strlen(text) : 0;
	}
	if (reply.body_bytes > 0)
		add_header(&reply, "content-type",
			   request->content_type != NULL ? request->content_type
							 : "application/json");
	(void)snprintf(limit, sizeof limit, "%u", rate->limit);
	(void)snprintf(left, sizeof left, "%u", rate->left);
	(void)snprintf(reset, sizeof reset, "%lld", (long long)rate->reset_s);
	add_header(&reply, "ratelimit-limit", limit);
	add_header(&reply, "ratelimit-remaining", left);
	add_header(&reply, "ratelimit-reset", reset);
	if (request->http != NULL && *request->http->request_id != '\0')
		add_header(&reply, "x-correlation-id", request->http->request_id);
	if (*request->set_cookie != '\0')
		add_header(&reply, "set-cookie", request->set_cookie);
	/* So that the same again comes on another one. */
	if (code == ERR_OLD_CONNECTION)
		add_header(&reply, "connection", "close");
	if (request->upgrade != NULL)
		add_header(&reply, "upgrade", request->upgrade);
	exchange_reply(request->exchange, &reply, false);
	if (text != NULL)
		explicit_bzero(text, reply.body_bytes);
	free(text);
	free_request(request);
}

void router_forget(struct request *request)
{
	free_request(request);
}

void router_finish(struct request *request, int code, const struct err *err)
{
	static const struct http_request nothing = {.method = "", .request_id = ""};
	const struct rate rate = {request->core->config->rate_limit,
				  request->core->config->rate_limit, clock_now_ms() / 1000 + 3600};

	request->http = &nothing; /* the one it came with is gone */
	answer(request, code, err, &rate);
}

/* --- finding the route --- */

/* Does the path fit the pattern? Numbers go to the request; other words stay in its segments. */
static bool fits(struct request *request, const char *pattern)
{
	uint64_t numbers[2] = {0, 0};
	size_t count = 0, segment = 0;

	for (const char *at = pattern + 1;; at++) {
		const size_t len = strcspn(at, "/");
		if (segment == request->segment_count)
			return false;
		const char *text = request->segments[segment++];
		if (*at == '{' && strncmp(at, "{id", 3) != 0) {
			if (*text == '\0')
				return false;
		} else if (*at == '{') {
			if (count == 2 || parse_u64(text, 1, INT64_MAX, &numbers[count++]) < 0)
				return false;
		} else if (strlen(text) != len || memcmp(text, at, len) != 0) {
			return false;
		}
		at += len;
		if (*at == '\0')
			break;
	}
	if (segment != request->segment_count)
		return false;
	request->id = numbers[0];
	request->second_id = numbers[1];
	return true;
}

static const struct route *find_route(struct request *request, struct err *err)
{
	bool other_method = false;

	for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
		for (const struct route *route = tables[t]; route->method != NULL; route++) {
			if (!fits(request, route->pattern))
				continue;
			if (strcmp(route->method, request->http->method) == 0)
				return route;
			other_method = true;
		}
	if (other_method)
		(void)err_set(err, ERR_METHOD, "this address does not take %s",
			      request->http->method);
	else
		(void)err_set(err, ERR_NOT_FOUND,
			      "there is no such address, or no such thing at it");
	return NULL;
}

/* Who is suspended sees everything, writes to the operators, and changes nothing; but what and who
 * comes in may be taken away: a stolen token may be why. */
static int check_not_suspended(const struct request *request, struct err *err)
{
	struct customer customer;
	int code =
		store_customer_get(request->core->store, request->who.customer_id, &customer, err);

	return code == 0 && customer.suspended ? account_refuse_suspended(&customer, err) : code;
}

static int check_access(const struct request *request, enum route_access access, struct err *err)
{
	static const enum right rights[] = {
		[ACCESS_READ] = RIGHT_READ,       [ACCESS_SPEAK] = RIGHT_SPEAK,
		[ACCESS_POWER] = RIGHT_POWER,     [ACCESS_MANAGE] = RIGHT_MANAGE,
		[ACCESS_ACCOUNT] = RIGHT_ACCOUNT, [ACCESS_SERVICE_READ] = RIGHT_SERVICE_READ,
		[ACCESS_SERVICE] = RIGHT_SERVICE,
	};

	if (access == ACCESS_PUBLIC)
		return 0;
	if (request->is_anonymous)
		return err_set(err, ERR_UNAUTHORIZED,
			       "sign in, or send a token: Authorization: Bearer TOKEN");
	if (access == ACCESS_PERSON)
		return request->who.via == PRINCIPAL_SESSION
			       ? 0
			       : err_set(err, ERR_FORBIDDEN,
					 "only a person who is signed in can do this, no token");
	const int code = role_allow(&request->who, rights[access], err);
	const bool takes_away =
		access == ACCESS_ACCOUNT && strcmp(request->http->method, "DELETE") == 0;
	if (code < 0 || request->who.service || takes_away ||
	    (access != ACCESS_POWER && access != ACCESS_MANAGE && access != ACCESS_ACCOUNT))
		return code;
	return check_not_suspended(request, err);
}

void router_handle(struct exchange *exchange, const struct http_request *http)
{
	struct request *request = calloc(1, sizeof *request);
	const struct http_reply no_memory = {.status = 503};
	struct rate rate = {0};
	const struct route *route = NULL;
	struct err err = {0};
	int code;

	if (request == NULL) {
		exchange_reply(exchange, &no_memory, false);
		return;
	}
	request->core = exchange_core(exchange);
	request->exchange = exchange;
	request->http = http;
	request->status = 200;
	request->is_anonymous = true;
	rate.limit = rate.left = request->core->config->rate_limit;
	rate.reset_s = clock_now_ms() / 1000 + 3600;
	if ((code = intake_target(request, &err)) == 0) {
		/* Who asks comes first: an address tells nothing to nobody. A bad cookie must not
		 * keep anybody from signing in again. */
		route = find_route(request, &err);
		const struct err not_found = err;
		code = authenticate(request, &err);
		if (code == ERR_UNAUTHORIZED && route != NULL && route->access == ACCESS_PUBLIC) {
			request->is_anonymous = true;
			code = 0;
		}
		if (code == 0)
			code = take_rate(request, &rate, &err);
		if (code == 0 && route == NULL) {
			code = request->is_anonymous ? check_access(request, ACCESS_READ, &err)
						     : not_found.code;
			if (!request->is_anonymous)
				err = not_found;
		}
	}
	if (code == 0)
		code = note_begin(request, route, &err);
	if (code == 0)
		code = check_access(request, route->access, &err);
	if (code == 0 && route->proof)
		code = entering_check_proof(request, &err);
	if (code == 0)
		code = intake_body(request, &err);
	if (code == 0) {
		/* A stream's handler frees the request, and has none. */
		const bool has_note = request->note != NULL;
		note_resume(request);
		code = route->handle(request, &err);
		if (has_note)
			note_pause(request);
	}
	if (code == REQUEST_LATER)
		return;
	answer(request, code, &err, &rate);
}

void router_print(bool what)
{
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
		for (const struct route *route = tables[t]; route->method != NULL; route++) {
			const char *word = route->what == NULL    ? "?"
					   : *route->what == '\0' ? "-"
								  : route->what;
			(void)printf("%s " INTAKE_PREFIX "%s%s%s\n", route->method, route->pattern,
				     what ? " " : "", what ? word : "");
		}
}

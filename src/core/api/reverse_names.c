// The names of a server's addresses: given, shown, and whether they lead back.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/api/note.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/api/server_actions.h"
#include "core/api/servers.h"
#include "core/dns/dns.h"
#include "core/dns/forward.h"
#include "core/dns/lookups.h"
#include "model/rrset.h"
#include "store/store_dns_ptr.h"

#define MAX_ASKED 8 /* for one answer */

static const char *warning_of(enum forward forward)
{
	switch (forward) {
	case FORWARD_CONFIRMED:
		return NULL;
	case FORWARD_DIFFERENT:
		return "the name leads to other addresses, not to this one: many mail servers take "
		       "nothing from here as long as it does";
	case FORWARD_MISSING:
		return "the name leads to no address of this kind yet: add a record for it";
	case FORWARD_UNKNOWN:
		break;
	}
	return "nobody could say where the name leads: see to it that it leads to this address";
}

static void say(json_t *item, enum forward forward)
{
	const char *warning = warning_of(forward);

	(void)json_object_set_new(item, "forward", json_string(forward_name(forward)));
	(void)json_object_set_new(item, "warning",
				  warning != NULL ? json_string(warning) : json_null());
}

static int add(struct store *store, const struct ip *ip, const char *name, json_t *items,
	       struct err *err)
{
	enum forward forward = FORWARD_UNKNOWN;
	char text[IP_TEXT_BYTES];
	json_t *item;
	const int code = forward_check(store, name, ip, &forward, err);

	if (code < 0)
		return code;
	ip_format(ip, text);
	item = json_pack("{s:s, s:s}", "ip", text, "dns_ptr", name);
	say(item, forward);
	(void)json_array_append_new(items, item);
	return 0;
}

/* --- names that are in no zone here: the resolver knows --- */

struct naming {
	struct request *request;
	json_t *items;
	json_t *action; /* what was done, or NULL: the names alone are answered */
	size_t at;
	size_t asked;
};

static void naming_free(struct naming *naming)
{
	json_decref(naming->items);
	json_decref(naming->action);
	free(naming);
}

static void answer(struct naming *naming)
{
	struct request *request = naming->request;

	if (naming->action == NULL) {
		(void)request_answer(request, 200, "reverse_names", json_incref(naming->items));
		return;
	}
	request->status = 201;
	request->reply = json_pack("{s:O, s:O?}", "action", naming->action, "reverse_name",
				   json_array_get(naming->items, 0));
	if (json_array_size(naming->items) == 0)
		(void)json_object_set_new(request->reply, "reverse_name", json_null());
}

static int ask_next(struct naming *naming);

static enum forward judge(const struct probe_names *names, const char *ip)
{
	const char *at = names->records;
	struct ip wanted, found;

	if (names->status == PROBE_NAME_NONE)
		return FORWARD_MISSING;
	if (names->status != PROBE_NAME_FOUND || ip_parse(ip, &wanted) < 0)
		return FORWARD_UNKNOWN;
	while (*at != '\0') {
		char line[IP_TEXT_BYTES];
		const size_t len = strcspn(at, "\n");
		(void)snprintf(line, sizeof line, "%.*s", (int)len, at);
		if (ip_parse(line, &found) == 0 && ip_equal(&found, &wanted))
			return FORWARD_CONFIRMED;
		at += len + (at[len] == '\n');
	}
	return FORWARD_DIFFERENT;
}

static void on_names(void *context, const struct probe_names *names)
{
	struct naming *naming = context;
	json_t *item = json_array_get(naming->items, naming->at);
	struct err err = {0};

	say(item, judge(names, json_string_value(json_object_get(item, "ip"))));
	/* One that does not answer would not answer the others either. */
	naming->at = names->status == PROBE_NAME_FAILED ? SIZE_MAX : naming->at + 1;
	if (ask_next(naming) == REQUEST_LATER)
		return;
	answer(naming);
	router_finish(naming->request, 0, &err);
	naming_free(naming);
}

/* REQUEST_LATER, or 0: there is nothing more to ask. */
static int ask_next(struct naming *naming)
{
	for (; naming->at < json_array_size(naming->items) && naming->asked < MAX_ASKED;
	     naming->at++) {
		const json_t *item = json_array_get(naming->items, naming->at);
		const char *ip = json_string_value(json_object_get(item, "ip"));
		if (strcmp(json_string_value(json_object_get(item, "forward")),
			   forward_name(FORWARD_UNKNOWN)) != 0)
			continue;
		naming->asked++;
		if (lookups_ask(naming->request->core->lookups,
				json_string_value(json_object_get(item, "dns_ptr")),
				strchr(ip, ':') != NULL ? RRSET_AAAA : RRSET_A, false, on_names,
				naming, NULL) == 0)
			return REQUEST_LATER;
	}
	return 0;
}

/* Steals both. @code: of what was done before. */
static int finish(struct request *request, json_t *items, json_t *action, int code)
{
	struct naming *naming = calloc(1, sizeof *naming);

	if (code < 0 || naming == NULL) {
		json_decref(items);
		json_decref(action);
		free(naming);
		return code < 0 ? code : -ENOMEM;
	}
	*naming = (struct naming){.request = request, .items = items, .action = action};
	code = ask_next(naming);
	if (code == REQUEST_LATER)
		return code;
	answer(naming);
	naming_free(naming);
	return 0;
}

/* --- handlers --- */

static int change(struct request *request, struct err *err)
{
	struct action_request wanted = {.command = ACTION_CHANGE_DNS_PTR, .fd = -1};
	struct action action CLEANUP(action_done) = {0};
	json_t *items;
	bool rename = false;
	struct ip ip;
	int code = body_need_text(request, "ip", &wanted.ip, err);

	if (code < 0 || (code = body_text(request, "dns_ptr", &wanted.dns_ptr, err)) < 0 ||
	    (code = body_bool(request, "rename_server", &rename, err)) < 0)
		return code;
	if (ip_parse(wanted.ip, &ip) < 0)
		return request_invalid(request, err, "ip", "must be an IPv4 or IPv6 address");
	if (wanted.dns_ptr != NULL && (code = name_check_dns(wanted.dns_ptr, err)) < 0)
		return request_field(request, "dns_ptr", code, err);
	if (rename && wanted.dns_ptr == NULL)
		return request_invalid(request, err, "rename_server", "needs a name in dns_ptr");
	if (rename && (code = name_check_host(wanted.dns_ptr, err)) < 0)
		return request_field(request, "rename_server", code, err);
	wanted.rename = rename ? wanted.dns_ptr : NULL;
	note_detail(request, "ip", json_string(wanted.ip));
	note_detail(request, "dns_ptr",
		    wanted.dns_ptr != NULL ? json_string(wanted.dns_ptr) : json_null());
	if (rename)
		note_detail(request, "name", json_string(wanted.dns_ptr));
	if ((code = server_actions_submit(request, &wanted, &action, err)) < 0)
		return request_field(request, code == ERR_UNIQUENESS ? "rename_server" : "ip", code,
				     err);
	dns_kick(request->core->dns);
	items = json_array();
	if (wanted.dns_ptr != NULL)
		code = add(request->core->store, &ip, wanted.dns_ptr, items, err);
	return finish(request, items, render_action(&action), code);
}

static int list(struct request *request, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	json_t *items;
	int code = servers_find(request, &server, err);

	if (code < 0)
		return code;
	items = json_array();
	for (size_t i = 0; code == 0 && i < server.dns_ptr_count; i++)
		code = add(request->core->store, &server.dns_ptrs[i].ip, server.dns_ptrs[i].name,
			   items, err);
	return finish(request, items, NULL, code);
}

const struct route reverse_name_routes[] = {
	{"POST", "/servers/{id}/actions/change_dns_ptr", ACCESS_MANAGE, change,
	 "server.change_dns_ptr"},
	{"GET", "/servers/{id}/reverse_names", ACCESS_READ, list},
	{NULL, NULL, 0, NULL},
};

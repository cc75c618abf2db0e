// The names of a server's addresses: given, shown, and whether they lead back.
#include <string.h>

#include "base/cleanup.h"
#include "core/api/note.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/api/server_actions.h"
#include "core/api/servers.h"
#include "core/dns/dns.h"
#include "core/dns/forward.h"
#include "store/store_dns_ptr.h"

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
	return "the name is in no zone here: see to it that it leads to this address";
}

static json_t *render(struct store *store, const char *ip, const char *name, struct err *err)
{
	enum forward forward = FORWARD_UNKNOWN;
	struct ip address;
	const char *warning;

	if (ip_parse(ip, &address) < 0 || forward_check(store, name, &address, &forward, err) < 0)
		return NULL;
	warning = warning_of(forward);
	return json_pack("{s:s, s:s, s:s, s:s?}", "ip", ip, "dns_ptr", name, "forward",
			 forward_name(forward), "warning", warning);
}

static int change(struct request *request, struct err *err)
{
	struct action_request wanted = {.command = ACTION_CHANGE_DNS_PTR, .fd = -1};
	struct action action CLEANUP(action_done) = {0};
	char text[IP_TEXT_BYTES];
	json_t *shown = NULL;
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
	ip_format(&ip, text);
	if (wanted.dns_ptr != NULL &&
	    (shown = render(request->core->store, text, wanted.dns_ptr, err)) == NULL)
		return err->code;
	request->status = 201;
	request->reply = json_pack("{s:o, s:o}", "action", render_action(&action), "reverse_name",
				   shown != NULL ? shown : json_null());
	return 0;
}

static int list(struct request *request, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	json_t *items;
	int code = servers_find(request, &server, err);

	if (code < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < server.dns_ptr_count; i++) {
		char text[IP_TEXT_BYTES];
		ip_format(&server.dns_ptrs[i].ip, text);
		json_t *item = render(request->core->store, text, server.dns_ptrs[i].name, err);
		if (item == NULL) {
			json_decref(items);
			return err->code;
		}
		(void)json_array_append_new(items, item);
	}
	return request_answer(request, 200, "reverse_names", items);
}

const struct route reverse_name_routes[] = {
	{"POST", "/servers/{id}/actions/change_dns_ptr", ACCESS_MANAGE, change,
	 "server.change_dns_ptr"},
	{"GET", "/servers/{id}/reverse_names", ACCESS_READ, list},
	{NULL, NULL, 0, NULL},
};

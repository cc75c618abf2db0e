// /v1/name_servers: further name servers, which fetch every zone.
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/secret.h"
#include "core/api/note.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/dns/dns.h"
#include "core/dns/name_server_config.h"
#include "model/name.h"

#define DNS_PORT  53
#define KEY_BYTES 32 /* as long as what hmac-sha256 gives (RFC 8945 section 8) */

static json_t *render(const struct name_server_row *server)
{
	return json_pack("{s:I, s:s, s:s, s:i, s:o}", "id", (json_int_t)server->id, "name",
			 server->name, "address", server->address, "port", (int)server->port,
			 "created", json_time(server->created_ms));
}

static void make_secret(char out[NAME_SERVER_SECRET_BYTES])
{
	uint8_t key[KEY_BYTES];

	secret_random(key, sizeof key);
	(void)sodium_bin2base64(out, NAME_SERVER_SECRET_BYTES, key, sizeof key,
				sodium_base64_VARIANT_ORIGINAL);
	explicit_bzero(key, sizeof key);
}

static int find(struct request *request, struct name_server_row *ret, struct err *err)
{
	const int code = store_name_server_get(request->core->store, request->id, ret, err);

	if (code == 0)
		note_about(request, "name_server", ret->id, ret->name);
	return code == ERR_NOT_FOUND ? err_set(err, code, "there is no name server %llu",
					       (unsigned long long)request->id)
				     : code;
}

/* Where it fetches from: what the request says, or the first address that is listened on. */
static int take_primary(struct request *request, const char *given, struct name_server_primary *out,
			struct err *err)
{
	const char *text = given != NULL ? given : request->core->config->dns_listen;
	char word[80];
	uint16_t port = 0;
	struct ip ip;

	(void)snprintf(word, sizeof word, "%.*s", (int)strcspn(text, " ,\t"), text);
	if (dns_parse_address(word, DNS_PORT, &ip, &port) < 0)
		return request_invalid(request, err, "primary",
				       "must be an address, address:port or [address]:port");
	ip_format(&ip, out->address);
	out->port = port;
	if (strcmp(out->address, "0.0.0.0") == 0 || strcmp(out->address, "::") == 0)
		return request_invalid(request, err, "primary",
				       "say at which address the first name server is reached: it "
				       "listens on all of them");
	return 0;
}

static int take_format(struct request *request, const char *given, enum name_server_format *ret,
		       struct err *err)
{
	return name_server_config_format(given, ret) < 0
		       ? request_invalid(request, err, "format", "must be knot, bind or nsd")
		       : 0;
}

/* Of a body: for whom the text is, and where that fetches from. */
static int take_config(struct request *request, struct name_server_primary *primary,
		       enum name_server_format *format, struct err *err)
{
	const char *at = NULL, *word = NULL;
	int code;

	if ((code = body_text(request, "primary", &at, err)) < 0 ||
	    (code = body_text(request, "format", &word, err)) < 0 ||
	    (code = take_format(request, word, format, err)) < 0)
		return code;
	return take_primary(request, at, primary, err);
}

static int answer(struct request *request, const struct name_server_row *server,
		  enum name_server_format format, const struct name_server_primary *primary,
		  bool with_secret, unsigned status, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	const int code = name_server_config_write(request->core, server, format, primary,
						  with_secret, &text, err);

	if (code < 0)
		return code;
	request->status = status;
	request->reply =
		json_pack("{s:o, s:s}", "name_server", render(server), "config", buf_str(&text));
	explicit_bzero(text.data, text.len);
	return 0;
}

static int list(struct request *request, struct err *err)
{
	struct store_name_servers servers CLEANUP(store_name_server_done) = {0};
	json_t *items;
	const int code = store_name_server_list(request->core->store, &servers, err);

	if (code < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < servers.count; i++)
		(void)json_array_append_new(items, render(&servers.items[i]));
	return request_answer(request, 200, "name_servers", items);
}

static int create(struct request *request, struct err *err)
{
	struct name_server_row server = {.created_ms = clock_now_ms()};
	const char *name = NULL, *address = NULL;
	struct name_server_primary primary;
	enum name_server_format format;
	struct store *store = request->core->store;
	int64_t port = DNS_PORT;
	struct ip ip;
	int code;

	if (request->core->config->dns_listen[0] == '\0')
		return err_set(err, ERR_UNAVAILABLE_RESOURCE,
			       "no name server is set up here: [dns] in ippo.conf(5)");
	if ((code = body_need_text(request, "name", &name, err)) < 0 ||
	    (code = body_need_text(request, "address", &address, err)) < 0 ||
	    (code = body_number(request, "port", 1, UINT16_MAX, &port, err)) < 0 ||
	    (code = take_config(request, &primary, &format, err)) < 0)
		return code;
	if ((code = name_check_dns(name, err)) < 0)
		return request_field(request, "name", code, err);
	if (ip_parse(address, &ip) < 0)
		return request_invalid(request, err, "address", "must be an IPv4 or IPv6 address");
	for (size_t i = 0; name[i] != '\0'; i++)
		server.name[i] =
			(char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 0x20 : name[i]);
	ip_format(&ip, server.address);
	server.port = (uint16_t)port;
	make_secret(server.secret);
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_name_server_insert(store, &server, err)) < 0)
		return code;
	note_about(request, "name_server", server.id, server.name);
	note_detail(request, "address", json_string(server.address));
	if ((code = store_commit(store, err)) < 0)
		return code;
	dns_tell_servers(request->core->dns);
	code = answer(request, &server, format, &primary, true, 201, err);
	explicit_bzero(&server, sizeof server);
	return code;
}

static int get(struct request *request, struct err *err)
{
	struct name_server_row server;
	const int code = find(request, &server, err);

	return code < 0 ? code : request_answer(request, 200, "name_server", render(&server));
}

static int get_config(struct request *request, struct err *err)
{
	struct name_server_row server;
	struct name_server_primary primary;
	enum name_server_format format;
	int code = find(request, &server, err);

	if (code < 0 ||
	    (code = take_format(request, request_query(request, "format"), &format, err)) < 0 ||
	    (code = take_primary(request, request_query(request, "primary"), &primary, err)) < 0)
		return code;
	return answer(request, &server, format, &primary, false, 200, err);
}

static int renew_key(struct request *request, struct err *err)
{
	struct name_server_row server;
	struct name_server_primary primary;
	enum name_server_format format;
	int code = find(request, &server, err);

	if (code < 0 || (code = take_config(request, &primary, &format, err)) < 0)
		return code;
	make_secret(server.secret);
	if ((code = store_name_server_set_secret(request->core->store, server.id, server.secret,
						 err)) < 0)
		return code;
	dns_tell_servers(request->core->dns);
	code = answer(request, &server, format, &primary, true, 201, err);
	explicit_bzero(&server, sizeof server);
	return code;
}

static int delete (struct request *request, struct err *err)
{
	struct name_server_row server;
	int code = find(request, &server, err);

	if (code < 0 || (code = store_name_server_delete(request->core->store, server.id, err)) < 0)
		return code;
	dns_tell_servers(request->core->dns);
	request->status = 204;
	return 0;
}

const struct route name_server_routes[] = {
	{"GET", "/name_servers", ACCESS_SERVICE_READ, list},
	{"POST", "/name_servers", ACCESS_SERVICE, create, "name_server.create"},
	{"GET", "/name_servers/{id}", ACCESS_SERVICE_READ, get},
	{"GET", "/name_servers/{id}/config", ACCESS_SERVICE_READ, get_config},
	{"POST", "/name_servers/{id}/actions/renew_key", ACCESS_SERVICE, renew_key,
	 "name_server.renew_key"},
	{"DELETE", "/name_servers/{id}", ACCESS_SERVICE, delete, "name_server.delete"},
	{NULL, NULL, 0, NULL},
};

// ippo zone primaries: where a secondary zone is fetched from.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "cli/api.h"
#include "cli/print.h"
#include "cli/zone.h"

#define KEY_FILE_BYTES 512

/* 192.0.2.1, 192.0.2.1:53, 2001:db8::1 or [2001:db8::1]:53. */
static int add_address(json_t *list, const char *text)
{
	char address[64];
	const char *from = text, *end = text + strlen(text), *port_at = NULL;
	uint64_t port = 0;

	if (*text == '[') {
		from = text + 1;
		if ((end = strchr(from, ']')) == NULL)
			return -EINVAL;
		port_at = end[1] == ':' ? end + 2 : NULL;
		if (port_at == NULL && end[1] != '\0')
			return -EINVAL;
	} else if (strchr(text, ':') != NULL && strchr(text, ':') == strrchr(text, ':')) {
		end = strchr(text, ':');
		port_at = end + 1;
	}
	if ((size_t)(end - from) >= sizeof address ||
	    (port_at != NULL && parse_u64(port_at, 1, UINT16_MAX, &port) < 0))
		return -EINVAL;
	(void)snprintf(address, sizeof address, "%.*s", (int)(end - from), from);
	json_t *one = json_pack("{s:s}", "address", address);
	if (port_at != NULL)
		(void)json_object_set_new(one, "port", json_integer((json_int_t)port));
	return json_array_append_new(list, one) == 0 ? 0 : -ENOMEM;
}

/* A key in the arguments would be seen by everybody on this machine. */
static int add_key(json_t *list, const char *file, struct err *err)
{
	struct buf data CLEANUP(buf_done) = {0};
	json_t *one;
	size_t i;
	int code = fd_read_file(AT_FDCWD, strcmp(file, "-") == 0 ? "/dev/stdin" : file,
				KEY_FILE_BYTES, &data);

	if (code < 0)
		return err_set(err, code, "cannot read %s: %s", file, strerror(-code));
	(void)buf_putc(&data, '\0');
	char *algorithm = (char *)data.data, *key = strchr(algorithm, ':');
	if (key == NULL) {
		explicit_bzero(data.data, data.len);
		return err_set(err, ERR_INVALID_INPUT,
			       "%s has to have the algorithm, a colon and the key in base64", file);
	}
	*key++ = '\0';
	key[strcspn(key, " \t\r\n")] = '\0';
	json_array_foreach(list, i, one)
	{
		(void)json_object_set_new(one, "tsig_algorithm", json_string(algorithm));
		(void)json_object_set_new(one, "tsig_key", json_string(key));
	}
	explicit_bzero(data.data, data.len);
	return 0;
}

int zone_take_primaries(const struct invocation *invocation, json_t *body, struct err *err)
{
	const char *file = option_text(invocation, "tsig"), *text;
	json_t *list = json_array();
	size_t at = 0;
	int code = 0;

	while (code == 0 && (text = option_next(invocation, "primary", &at)) != NULL)
		if ((code = add_address(list, text)) < 0)
			(void)err_set(err, ERR_INVALID_INPUT,
				      "%s is no address with or without a port: 192.0.2.1, "
				      "192.0.2.1:53, [2001:db8::1]:53",
				      text);
	if (code == 0 && json_array_size(list) == 0)
		code = err_set(err, ERR_INVALID_INPUT,
			       "say where the zone is fetched from: --primary ADDRESS");
	if (code == 0 && file != NULL)
		code = add_key(list, file, err);
	if (code == 0)
		(void)json_object_set(body, "primary_nameservers", list);
	json_decref(list);
	return code;
}

void zone_print_primaries(const json_t *zone)
{
	const json_t *item;
	size_t i;

	print_field("Mode", "%s", json_text(zone, "mode"));
	json_array_foreach(json_at(zone, "primary_nameservers"), i, item)
	{
		const bool ipv6 = strchr(json_text(item, "address"), ':') != NULL;
		print_field("Primary", "%s%s%s:%lld", ipv6 ? "[" : "", json_text(item, "address"),
			    ipv6 ? "]" : "", (long long)json_number(item, "port"));
	}
	item = json_array_get(json_at(zone, "primary_nameservers"), 0);
	if (json_is_string(json_at(item, "tsig_name")))
		print_field("Key", "%s %s", json_text(item, "tsig_name"),
			    json_text(item, "tsig_algorithm"));
	if (json_is_string(json_at(zone, "transferred")))
		print_field("Fetched", "%s", json_text(zone, "transferred"));
	if (json_is_string(json_at(zone, "expires")))
		print_field("Expires", "%s", json_text(zone, "expires"));
}

static int show(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *reply = NULL;
	const json_t *item;
	size_t i;

	zone_path(invocation, &path);
	(void)buf_puts(&path, "/primary_nameservers");
	if (api_call(invocation->api, "GET", buf_str(&path), NULL, -1, &reply, &err) < 0)
		return print_failure(&err);
	if (invocation->json) {
		print_json(json_object_get(reply, "primary_nameservers"));
	} else {
		struct table *table = table_new("ADDRESS PORT STATUS SERIAL REASON");
		json_array_foreach(json_object_get(reply, "primary_nameservers"), i, item)
		{
			char port[24], serial[24] = "-";
			(void)snprintf(port, sizeof port, "%lld",
				       (long long)json_number(item, "port"));
			if (json_is_integer(json_at(item, "serial")))
				(void)snprintf(serial, sizeof serial, "%lld",
					       (long long)json_number(item, "serial"));
			table_row(table, json_text(item, "address"), port,
				  json_text(item, "status"), serial,
				  json_is_string(json_at(item, "reason"))
					  ? json_text(item, "reason")
					  : "-");
		}
		table_print(table, "There are none.");
	}
	json_decref(reply);
	return EXIT_OK;
}

int zone_primaries(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *body;

	if (!option_given(invocation, "primary"))
		return show(invocation);
	body = json_object();
	if (zone_take_primaries(invocation, body, &err) < 0) {
		json_decref(body);
		return print_failure(&err);
	}
	zone_path(invocation, &path);
	(void)buf_puts(&path, "/actions/change_primary_nameservers");
	return zone_change(invocation, "POST", buf_str(&path), body);
}

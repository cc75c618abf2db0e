// ippo server …
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/ip.h"
#include "base/parse.h"
#include "cli/api.h"
#include "cli/first_choices.h"
#include "cli/first_step.h"
#include "cli/metrics.h"
#include "cli/print.h"
#include "cli/request.h"
#include "cli/server_address.h"

#define USER_DATA_MAX_BYTES ((size_t)32 * 1024)

#define SSH_PORT          22
#define PORT_OPTION_BYTES 16

/* "-p 2222 " for ssh; "" for the port that it takes itself. */
static const char *server_port_option(const json_t *server, char out[PORT_OPTION_BYTES])
{
	const long long port = (long long)json_number(server, "ippo.ssh_port");

	*out = '\0';
	if (port > 0 && port <= UINT16_MAX && port != SSH_PORT)
		(void)snprintf(out, PORT_OPTION_BYTES, "-p %lld ", port);
	return out;
}

#define PATH_BYTES 96

/* While the rescue system runs, it is what answers: for root, with host keys of its own. */
static bool is_rescue(const json_t *server)
{
	return json_is_true(json_at(server, "ippo.rescue.running"));
}

static const char *server_user(const json_t *server)
{
	return is_rescue(server) ? "root" : json_text(server, "ippo.user");
}

static const json_t *server_told_keys(const json_t *server)
{
	return json_at(server, is_rescue(server) ? "ippo.rescue.host_keys" : "ippo.host_keys");
}

/* A snapshot has no name. */
static const char *server_image(const json_t *server)
{
	const char *name = json_string_value(json_at(server, "image.name"));

	return name != NULL ? name : json_text(server, "image.description");
}

static void server_row(struct table *table, const json_t *server)
{
	char id[24], address[IP_TEXT_BYTES];

	(void)snprintf(id, sizeof id, "%lld", (long long)json_number(server, "id"));
	table_row(table, id, json_text(server, "name"), json_text(server, "status"),
		  server_address(server, address), json_text(server, "server_type.name"),
		  server_image(server), json_text(server, "location.name"));
}

static int server_list(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	const char *status = option_text(invocation, "status");
	const char *selector = option_text(invocation, "label");
	const char *search = option_text(invocation, "search");

	(void)buf_puts(&path, "/servers?sort=id:asc");
	if (status != NULL) {
		AUTO_FREE char *escaped = api_escape(status);
		(void)buf_printf(&path, "&status=%s", escaped);
	}
	if (selector != NULL) {
		AUTO_FREE char *escaped = api_escape(selector);
		(void)buf_printf(&path, "&label_selector=%s", escaped);
	}
	if (search != NULL) {
		AUTO_FREE char *escaped = api_escape(search);
		(void)buf_printf(&path, "&search=%s", escaped);
	}
	if (option_given(invocation, "names")) {
		struct err err = {0};
		json_t *list = NULL;
		const json_t *server;
		size_t i;
		if (api_list(invocation->api, buf_str(&path), "servers", &list, &err) < 0)
			return print_failure(&err);
		json_array_foreach(list, i, server)(void) puts(json_text(server, "name"));
		json_decref(list);
		return EXIT_OK;
	}
	return request_list(
		invocation, buf_str(&path), "servers", "ID NAME STATUS ADDRESS PLAN IMAGE LOCATION",
		server_row,
		"There are no servers. `ippo server create NAME --plan 1g --image debian-12 "
		"--key KEY` makes one.");
}

/* This month's; in GB of a thousand million, as contracts have it. */
static void print_traffic(const json_t *server)
{
	const double giga = 1e9, included = (double)json_number(server, "included_traffic");

	print_field("Traffic", "this month %.3f GB in, %.3f GB out",
		    (double)json_number(server, "ingoing_traffic") / giga,
		    (double)json_number(server, "outgoing_traffic") / giga);
	if (included > 0)
		print_field("Traffic included", "%.0f GB a month", included / giga);
}

static void traffic_row(struct table *table, const json_t *month)
{
	char in[32], out[32];

	(void)snprintf(in, sizeof in, "%lld", (long long)json_number(month, "ingoing_traffic"));
	(void)snprintf(out, sizeof out, "%lld", (long long)json_number(month, "outgoing_traffic"));
	table_row(table, json_text(month, "month"), in, out);
}

static int server_traffic(struct invocation *invocation)
{
	char path[PATH_BYTES];
	struct err err = {0};
	json_t *server = NULL, *reply = NULL, *month;
	size_t i;
	int code = api_find(invocation->api, "servers", "servers", "server",
			    invocation->positionals[0], &server, &err);

	(void)snprintf(path, sizeof path, "/servers/%lld/traffic",
		       (long long)json_number(server, "id"));
	json_decref(server);
	if (code == 0)
		code = api_call(invocation->api, "GET", path, NULL, -1, &reply, &err);
	if (code < 0)
		return print_failure(&err);
	if (invocation->json) {
		print_json(json_object_get(reply, "traffic"));
	} else {
		struct table *table = table_new("MONTH BYTES-IN BYTES-OUT");
		json_array_foreach(json_object_get(reply, "traffic"), i, month)
			traffic_row(table, month);
		table_print(table, "Nothing has been counted yet.");
	}
	json_decref(reply);
	return EXIT_OK;
}

static const char *updates_words(const char *chosen)
{
	if (strcmp(chosen, "reboot") == 0)
		return "by themselves, with a reboot at night when one is needed";
	if (strcmp(chosen, "no_reboot") == 0)
		return "by themselves, without a reboot";
	return strcmp(chosen, "manual") == 0 ? "by hand" : chosen;
}

static void server_print(const json_t *server)
{
	char address[IP_TEXT_BYTES], port[PORT_OPTION_BYTES];
	const char *key;
	json_t *value;
	size_t i;

	print_field("Name", "%s", json_text(server, "name"));
	print_field("ID", "%lld", (long long)json_number(server, "id"));
	print_field("Status", "%s", json_text(server, "status"));
	print_field("IPv4", "%s", json_text(server, "public_net.ipv4.ip"));
	print_field("IPv6", "%s", json_text(server, "public_net.ipv6.ip"));
	print_field("Reverse name", "%s", json_text(server, "public_net.ipv4.dns_ptr"));
	print_field("Plan", "%s: %lld cores, %g GB memory, %lld GB disk",
		    json_text(server, "server_type.name"),
		    (long long)json_number(server, "server_type.cores"),
		    json_number_value(json_at(server, "server_type.memory")),
		    (long long)json_number(server, "primary_disk_size"));
	print_field("Image", "%s", server_image(server));
	if (json_is_string(json_object_get(server, "backup_window")))
		print_field("Backups", "each day, %s UTC", json_text(server, "backup_window"));
	print_field("Location", "%s", json_text(server, "location.name"));
	print_traffic(server);
	print_bandwidth(json_number(server, "server_type.bandwidth_in"),
			json_number(server, "server_type.bandwidth_out"));
	print_field("Created", "%s", json_text(server, "created"));
	if (json_is_object(json_at(server, "ippo.next_charge")))
		print_field("Next charge", "%s %s on %s",
			    json_text(server, "ippo.next_charge.price.amount"),
			    json_text(server, "ippo.next_charge.price.currency"),
			    json_text(server, "ippo.next_charge.at"));
	print_field("Protected", "%s",
		    json_is_true(json_at(server, "protection.delete"))
			    ? "against deletion and rebuild"
			    : "no");
	json_array_foreach(json_object_get(server, "private_net"), i, value)
		print_field("Private network", "%s in network %lld", json_text(value, "ip"),
			    (long long)json_number(value, "network"));
	if (json_is_string(json_at(server, "ippo.updates")))
		print_field("Updates", "%s", updates_words(json_text(server, "ippo.updates")));
	if (json_is_object(json_at(server, "ippo.kept_disk")))
		print_field("Kept disk",
			    "%s, %lld GB, until %s: `ippo server restore-disk` goes back",
			    json_text(server, "ippo.kept_disk.image.name"),
			    (long long)json_number(server, "ippo.kept_disk.disk_size"),
			    json_text(server, "ippo.kept_disk.expires"));
	if (json_is_false(json_at(server, "ippo.guest_agent")))
		print_field("Guest agent",
			    "off: no new root password, and checks from outside alone");
	json_object_foreach(json_object_get((json_t *)(uintptr_t)server, "labels"), key, value)
		print_field("Label", "%s=%s", key, json_string_value(value));
	print_field("Log in", "ssh %s%s@%s", server_port_option(server, port), server_user(server),
		    server_address(server, address));
	if (json_is_true(json_at(server, "rescue_enabled")))
		print_field("Rescue", "%s", "the next start boots the rescue system");
	if (is_rescue(server))
		print_field("Rescue", "%s", "it runs the rescue system; a restart ends it");
	json_array_foreach(server_told_keys(server), i, value) print_field(
		"Host key", "%s (%s)", json_text(value, "fingerprint"), json_text(value, "type"));
}

static int server_show(struct invocation *invocation)
{
	return request_show(invocation, "servers", "servers", "server", server_print);
}

static int add_user_data(const char *file, json_t *body, struct err *err)
{
	struct buf data CLEANUP(buf_done) = {0};
	int code = fd_read_file(AT_FDCWD, file, USER_DATA_MAX_BYTES, &data);

	if (code == -EFBIG)
		return err_set(err, ERR_INVALID_INPUT,
			       "%s is larger than the 32 KiB user data may have", file);
	if (code < 0)
		return err_set(err, code, "cannot read %s: %s", file, strerror(-code));
	json_t *text = json_stringn(buf_str(&data), data.len);
	if (text == NULL)
		return err_set(err, ERR_INVALID_INPUT, "%s is not UTF-8 text", file);
	return json_object_set_new(body, "user_data", text);
}

/* NETWORK, or NETWORK=ADDRESS; a name may have an = as well. */
static json_t *network_address(const char *value, char **ret_name)
{
	const char *equals = strrchr(value, '=');
	const char *address = equals != NULL ? equals + 1 : "";

	if (*address == '\0' || address[strspn(address, "0123456789.")] != '\0') {
		*ret_name = strdup(value);
		return NULL;
	}
	*ret_name = strndup(value, (size_t)(equals - value));
	return json_string(address);
}

/* Networks are named by people and numbered for the service. */
static int add_networks(struct invocation *invocation, json_t *body, struct err *err)
{
	json_t *networks = json_array();
	const char *value;
	int code = 0;

	for (size_t at = 0;
	     code == 0 && (value = option_next(invocation, "network", &at)) != NULL;) {
		AUTO_FREE char *name = NULL;
		json_t *network = NULL, *ip = network_address(value, &name);
		code = api_find(invocation->api, "networks", "networks", "network", name, &network,
				err);
		if (code == 0)
			(void)json_array_append_new(
				networks,
				json_pack("{s:I, s:O?}", "network",
					  (json_int_t)json_number(network, "id"), "ip", ip));
		json_decref(ip);
		json_decref(network);
	}
	(void)json_object_set_new(body, "networks", networks);
	return code;
}

static int server_create(struct invocation *invocation)
{
	json_t *body = json_pack(
		"{s:s, s:s*, s:s*, s:s*, s:s*, s:b}", "name", invocation->positionals[0],
		"server_type", option_text(invocation, "plan"), "image",
		option_text(invocation, "image"), "location", option_text(invocation, "location"),
		"user", option_text(invocation, "user"), "start_after_create",
		option_given(invocation, "start"));
	const char *file = option_text(invocation, "user-data");
	struct err err = {0};
	json_t *reply = NULL, *keys = json_array();
	const char *value;

	for (size_t at = 0; (value = option_next(invocation, "key", &at)) != NULL;)
		(void)json_array_append_new(keys, json_string(value));
	(void)json_object_set_new(body, "ssh_keys", keys);
	request_add_labels(invocation, body);
	int code = file != NULL ? add_user_data(file, body, &err) : 0;
	if (code == 0)
		code = first_choices_add(invocation, body, &err);
	if (code == 0)
		code = add_networks(invocation, body, &err);
	if (code == 0)
		code = api_call(invocation->api, "POST", "/servers", body, -1, &reply, &err);
	json_decref(body);
	if (code < 0)
		return print_failure(&err);
	const char *password = json_string_value(json_object_get(reply, "root_password"));
	if (!invocation->json && !invocation->quiet) {
		char address[IP_TEXT_BYTES];
		(void)printf("%s: %s\n", json_text(reply, "server.name"),
			     server_address(json_object_get(reply, "server"), address));
		if (password != NULL)
			(void)printf("Root password, shown this once, for the console; it must be "
				     "changed at "
				     "the first login: %s\n",
				     password);
	}
	return request_finish(invocation, reply, password != NULL ? NULL : "server",
			      option_given(invocation, "wait"));
}

/* POST /servers/{id}/actions/@verb with @body (stolen), then wait unless told not to. */
static int server_act(struct invocation *invocation, const char *verb, json_t *body)
{
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *server = NULL, *reply = NULL;
	int code = api_find(invocation->api, "servers", "servers", "server",
			    invocation->positionals[0], &server, &err);

	if (code == 0) {
		(void)buf_printf(&path, "/servers/%lld/actions/%s",
				 (long long)json_number(server, "id"), verb);
		code = api_call(invocation->api, "POST", buf_str(&path), body, -1, &reply, &err);
	}
	json_decref(server);
	json_decref(body);
	if (code < 0)
		return print_failure(&err);
	const char *password = json_string_value(json_object_get(reply, "root_password"));
	if (password != NULL && !invocation->json)
		(void)printf("Root password, shown this once; it must be changed at the first "
			     "login: %s\n",
			     password);
	const json_t *named = json_object_get(reply, "reverse_name");
	if (json_is_string(json_object_get(named, "warning")))
		(void)fprintf(stderr, "ippo: %s: %s\n", json_text(named, "dns_ptr"),
			      json_text(named, "warning"));
	return request_finish(invocation, reply, NULL, !option_given(invocation, "no-wait"));
}

static int server_start(struct invocation *invocation)
{
	return server_act(invocation, "poweron", NULL);
}

static int server_shutdown(struct invocation *invocation)
{
	return server_act(invocation, "shutdown", NULL);
}

static int server_stop(struct invocation *invocation)
{
	return server_act(invocation, "poweroff", NULL);
}

static int server_restart(struct invocation *invocation)
{
	return server_act(invocation, "reboot", NULL);
}

static int server_reset(struct invocation *invocation)
{
	return server_act(invocation, "reset", NULL);
}

static int server_rebuild(struct invocation *invocation)
{
	const char *image = option_text(invocation, "image");

	if (image == NULL) {
		(void)fputs("ippo: say which image: --image NAME (`ippo image list` shows them)\n",
			    stderr);
		return EXIT_USAGE;
	}
	if (!option_given(invocation, "yes")) {
		(void)fputs(option_given(invocation, "keep-disk")
				    ? "ippo: it gets a fresh system; its disk is kept for a week. "
				      "Give --yes to go on\n"
				    : "ippo: everything on its disk will be lost; its address and "
				      "name stay. Give --yes to go on\n",
			    stderr);
		return EXIT_USAGE;
	}
	struct err err = {0};
	json_t *body = json_pack("{s:s, s:b}", "image", image, "keep_disk",
				 option_given(invocation, "keep-disk"));
	json_t *keys = json_array();
	const char *value;

	for (size_t at = 0; (value = option_next(invocation, "key", &at)) != NULL;)
		(void)json_array_append_new(keys, json_string(value));
	if (json_array_size(keys) > 0)
		(void)json_object_set(body, "ssh_keys", keys);
	json_decref(keys);
	if (first_choices_add(invocation, body, &err) < 0) {
		json_decref(body);
		return print_failure(&err);
	}
	return server_act(invocation, "rebuild", body);
}

static int server_restore_disk(struct invocation *invocation)
{
	if (!option_given(invocation, "yes")) {
		(void)fputs("ippo: it goes back to the disk that was kept, and everything on the "
			    "present one will be lost. Give --yes to go on\n",
			    stderr);
		return EXIT_USAGE;
	}
	return server_act(invocation, "restore_kept_disk", NULL);
}

static int server_delete_kept_disk(struct invocation *invocation)
{
	if (!option_given(invocation, "yes")) {
		(void)fputs("ippo: everything on the disk that was kept will be lost. Give --yes "
			    "to go on\n",
			    stderr);
		return EXIT_USAGE;
	}
	return server_act(invocation, "delete_kept_disk", NULL);
}

/* create-image, and snapshot for short. */
static int server_create_image(struct invocation *invocation)
{
	json_t *body = json_pack("{s:s}", "type",
				 option_given(invocation, "backup") ? "backup" : "snapshot");
	const char *description = option_text(invocation, "description");

	if (description != NULL)
		(void)json_object_set_new(body, "description", json_string(description));
	request_add_labels(invocation, body);
	return server_act(invocation, "create_image", body);
}

/* What it would cost comes before it costs. */
static int print_backup_price(struct invocation *invocation, struct err *err)
{
	struct buf path CLEANUP(buf_done) = {0};
	AUTO_FREE char *escaped = api_escape(invocation->positionals[0]);
	json_t *reply = NULL;
	int code;

	(void)buf_printf(&path, "/contract/quote?server=%s&backup=true", escaped);
	code = api_call(invocation->api, "GET", buf_str(&path), NULL, -1, &reply, err);
	if (code == 0)
		(void)fprintf(stderr,
			      "ippo: backups of %s cost %s %s a month, and %s %s now. Give --yes "
			      "to go on\n",
			      invocation->positionals[0], json_text(reply, "quote.backup.amount"),
			      json_text(reply, "quote.backup.currency"),
			      json_text(reply, "quote.now.amount"),
			      json_text(reply, "quote.now.currency"));
	json_decref(reply);
	return code;
}

static int server_enable_backup(struct invocation *invocation)
{
	const char *window = option_text(invocation, "window");
	struct err err = {0};

	if (!option_given(invocation, "yes"))
		return print_backup_price(invocation, &err) < 0 ? print_failure(&err) : EXIT_USAGE;
	return server_act(invocation, "enable_backup",
			  window != NULL ? json_pack("{s:s}", "backup_window", window) : NULL);
}

static int server_disable_backup(struct invocation *invocation)
{
	if (!option_given(invocation, "yes")) {
		(void)fputs("ippo: its backups will be deleted; those that are protected stay, as "
			    "snapshots. Give --yes to go on\n",
			    stderr);
		return EXIT_USAGE;
	}
	return server_act(invocation, "disable_backup", NULL);
}

static int server_resize(struct invocation *invocation)
{
	const char *plan = option_text(invocation, "plan");

	if (plan == NULL) {
		(void)fputs("ippo: say which plan: --plan NAME (`ippo plan list` shows them)\n",
			    stderr);
		return EXIT_USAGE;
	}
	return server_act(invocation, "change_type",
			  json_pack("{s:s, s:b}", "server_type", plan, "upgrade_disk",
				    option_given(invocation, "disk")));
}

static int server_password(struct invocation *invocation)
{
	return server_act(invocation, "reset_password", NULL);
}

static int server_agent(struct invocation *invocation)
{
	bool on = false;

	if (parse_bool(invocation->positionals[1], &on) < 0) {
		(void)fprintf(stderr, "ippo: say on or off, not \"%s\"\n",
			      invocation->positionals[1]);
		return EXIT_USAGE;
	}
	return server_act(invocation, "change_guest_agent", json_pack("{s:b}", "enabled", on));
}

static int server_rescue(struct invocation *invocation)
{
	json_t *keys;
	const char *value;

	if (option_given(invocation, "off"))
		return server_act(invocation, "disable_rescue", NULL);
	keys = json_array();
	for (size_t at = 0; (value = option_next(invocation, "key", &at)) != NULL;)
		(void)json_array_append_new(keys, json_string(value));
	const int status = server_act(invocation, "enable_rescue",
				      json_pack("{s:s, s:o}", "type", "linux64", "ssh_keys", keys));
	if (status == EXIT_OK && !invocation->json && !invocation->quiet)
		(void)printf("The next start boots the rescue system, once: ippo server reset %s\n"
			     "Then log in as root: ippo server ssh %s\n",
			     invocation->positionals[0], invocation->positionals[0]);
	return status;
}

static int server_protect(struct invocation *invocation)
{
	int on = strcmp(invocation->command->verb, "protect") == 0;

	return server_act(invocation, "change_protection",
			  json_pack("{s:b, s:b}", "delete", on, "rebuild", on));
}

static int server_reverse(struct invocation *invocation)
{
	const char *name = invocation->positionals[2];

	return server_act(invocation, "change_dns_ptr",
			  json_pack("{s:s, s:s?, s:b}", "ip", invocation->positionals[1], "dns_ptr",
				    name, "rename_server", option_given(invocation, "rename")));
}

static int server_rename(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *server = NULL, *reply = NULL,
	       *body = json_pack("{s:s}", "name", invocation->positionals[1]);
	int code = api_find(invocation->api, "servers", "servers", "server",
			    invocation->positionals[0], &server, &err);

	if (code == 0) {
		(void)buf_printf(&path, "/servers/%lld", (long long)json_number(server, "id"));
		code = api_call(invocation->api, "PUT", buf_str(&path), body, -1, &reply, &err);
	}
	json_decref(server);
	json_decref(body);
	return code < 0 ? print_failure(&err) : request_finish(invocation, reply, "server", false);
}

static int server_delete(struct invocation *invocation)
{
	return request_delete(
		invocation, "servers", "servers", "server",
		"The server's disk and everything on it will be lost, and its address given back.");
}

static int server_ssh(struct invocation *invocation)
{
	struct err err = {0};
	json_t *server = NULL;
	char address[IP_TEXT_BYTES], destination[128];
	char port[PORT_OPTION_BYTES], number[PORT_OPTION_BYTES];
	char *arguments[64] = {(char *)(uintptr_t) "ssh"};
	size_t count = 1;

	if (api_find(invocation->api, "servers", "servers", "server", invocation->positionals[0],
		     &server, &err) < 0)
		return print_failure(&err);
	(void)server_address(server, address);
	(void)snprintf(destination, sizeof destination, "%s@%s", server_user(server), address);
	(void)server_port_option(server, port);
	json_decref(server);
	if (*port != '\0') {
		(void)snprintf(number, sizeof number, "%s", port + strlen("-p "));
		number[strcspn(number, " ")] = '\0';
		arguments[count++] = (char *)(uintptr_t) "-p";
		arguments[count++] = number;
	}
	arguments[count++] = destination;
	if (option_given(invocation, "print")) {
		(void)printf("ssh %s%s\n", port, destination);
		return EXIT_OK;
	}
	for (char **word = invocation->rest; *word != NULL && count + 1 < ARRAY_SIZE(arguments);
	     word++)
		arguments[count++] = *word;
	(void)execvp("ssh", arguments);
	(void)fprintf(stderr, "ippo: cannot run ssh: %s; install openssh-client\n",
		      strerror(errno));
	return EXIT_USAGE;
}

/* What ssh believes of this server's addresses from then on; see sshd(8), SSH_KNOWN_HOSTS. */
static int server_host_keys(struct invocation *invocation)
{
	struct err err = {0};
	const json_t *keys, *key;
	json_t *server = NULL;
	char address6[IP_TEXT_BYTES], end[24];
	size_t i;

	if (api_find(invocation->api, "servers", "servers", "server", invocation->positionals[0],
		     &server, &err) < 0)
		return print_failure(&err);
	keys = server_told_keys(server);
	if (json_array_size(keys) == 0) {
		json_decref(server);
		(void)fprintf(stderr,
			      "ippo: %s has not told its host keys: it does so at the end of its "
			      "first start, unless its image cannot\n",
			      invocation->positionals[0]);
		return EXIT_REFUSED_BY_SERVICE;
	}
	const char *ipv4 = json_string_value(json_at(server, "public_net.ipv4.ip"));
	const char *ipv6 = server_address6(server, address6);
	/* "[192.0.2.1]:2222" where the port is not 22 */
	const long long port = (long long)json_number(server, "ippo.ssh_port");
	const char *open = "", *close = "";
	if (port > 0 && port != SSH_PORT) {
		open = "[";
		(void)snprintf(end, sizeof end, "]:%lld", port);
		close = end;
	}
	json_array_foreach(keys, i, key)
	{
		if (ipv4 != NULL)
			(void)printf("%s%s%s", open, ipv4, close);
		if (ipv6 != NULL)
			(void)printf("%s%s%s%s", ipv4 != NULL ? "," : "", open, ipv6, close);
		(void)printf(" %s\n", json_text(key, "public_key"));
	}
	json_decref(server);
	return EXIT_OK;
}

/* Into the file, which must not be there; "-" is standard output. */
static int write_picture(const char *file, const struct buf *picture, struct err *err)
{
	AUTO_CLOSE int fd = strcmp(file, "-") == 0
				    ? dup(STDOUT_FILENO)
				    : open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	size_t at = 0;

	while (fd >= 0 && at < picture->len) {
		const ssize_t wrote = write(fd, picture->data + at, picture->len - at);
		if (wrote < 0 && errno != EINTR)
			break;
		at += wrote > 0 ? (size_t)wrote : 0;
	}
	return fd < 0 || at < picture->len
		       ? err_set(err, -errno, "cannot write %s: %s", file, strerror(errno))
		       : 0;
}

static int server_screenshot(struct invocation *invocation)
{
	const char *file = option_text(invocation, "file");
	struct buf picture CLEANUP(buf_done) = {0};
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *server = NULL;
	int code;

	if (file == NULL) {
		(void)fputs("ippo: say where to: --file PICTURE.png, or --file - for standard "
			    "output\n",
			    stderr);
		return EXIT_USAGE;
	}
	code = api_find(invocation->api, "servers", "servers", "server", invocation->positionals[0],
			&server, &err);
	if (code == 0) {
		(void)buf_printf(&path, "/servers/%lld/console/screen",
				 (long long)json_number(server, "id"));
		code = api_fetch(invocation->api, buf_str(&path), &picture, &err);
	}
	json_decref(server);
	if (code == 0)
		code = write_picture(file, &picture, &err);
	return code < 0 ? print_failure(&err) : EXIT_OK;
}

static const struct option_rule list_options[] = {
	{"label", "SELECTOR", "only those whose labels match: env=prod,!old", false},
	{"status", "STATUS", "only those in this state: running, off, …", false},
	{"search", "TEXT", "only those with this in the name, an address or a label", false},
	{"names", NULL, "print names alone", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule create_options[] = {
	{"plan", "PLAN", "memory, cores and disk (ippo plan list)", false},
	{"image", "IMAGE", "operating system (ippo image list)", false},
	{"location", "LOCATION", "where (ippo location list)", false},
	{"key", "KEY", "SSH key of who may log in (ippo key list)", true},
	{"user", "USER", "name of the ordinary user with sudo", false},
	{"user-data", "FILE", "cloud-init user data, at most 32 KiB", false},
	FIRST_CHOICE_OPTIONS,
	{"network", "NETWORK[=ADDRESS]",
	 "a private network that it is in, and its address there (ippo network list)", true},
	{"label", "KEY=VALUE", "a label", true},
	{"start", NULL, "start it at once (a stopped server cannot be attacked)", false},
	{"wait", NULL, "wait until it is made", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule reverse_options[] = {
	{"rename", NULL, "give the server this name as well", false},
	{"no-wait", NULL, "do not wait for the end", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule action_options[] = {
	{"no-wait", NULL, "do not wait for the end", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule rebuild_options[] = {
	{"image", "IMAGE", "the system to install", false},
	{"keep-disk", NULL, "keep the old disk for a week; restore-disk goes back to it", false},
	{"user", "NAME", "the ordinary user of the new system; as it was unless given", false},
	{"key", "KEY", "who may log in; without it, whom the server was made for", true},
	FIRST_CHOICE_OPTIONS,
	{"yes", NULL, "I know that the disk's contents are lost", false},
	{"no-wait", NULL, "do not wait for the end", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule kept_options[] = {
	{"yes", NULL, "I know that a disk's contents are lost", false},
	{"no-wait", NULL, "do not wait for the end", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule create_image_options[] = {
	{"description", "TEXT", "what people read", false},
	{"label", "KEY=VALUE", "a label", true},
	{"backup", NULL, "one more backup, of a server that has them", false},
	{"no-wait", NULL, "do not wait for the end", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule enable_backup_options[] = {
	{"window", "HOURS", "22-02, 02-06, 06-10, 10-14, 14-18 or 18-22, in UTC (at night)", false},
	{"yes", NULL, "I know what they cost", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule disable_backup_options[] = {
	{"yes", NULL, "I know that its backups are deleted", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule rescue_options[] = {
	{"key", "KEY", "who may log in; without it, whom the server was made for", true},
	{"off", NULL, "the next start is the server's own system after all", false},
	{"no-wait", NULL, "do not wait for the end", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule resize_options[] = {
	{"plan", "PLAN", "the new plan", false},
	{"disk", NULL, "grow the disk too (it can never shrink again)", false},
	{"no-wait", NULL, "do not wait for the end", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule delete_options[] = {
	{"yes", NULL, "do not ask", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule screenshot_options[] = {
	{"file", "FILE", "where to write the PNG; - is standard output", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule ssh_options[] = {
	{"print", NULL, "print the command instead of running it", false},
	{NULL, NULL, NULL, false},
};

const struct command server_commands[] = {
	{"server", "list", "", "List the servers", list_options, server_list},
	{"server", "create", "NAME", "Make a server; it stays off unless --start is given",
	 create_options, server_create},
	{"server", "show", "NAME", "Show one server", NULL, server_show},
	{"server", "start", "NAME", "Start", action_options, server_start},
	{"server", "shutdown", "NAME", "Ask the system on it to shut down", action_options,
	 server_shutdown},
	{"server", "stop", "NAME", "Stop by force, like pulling the plug", action_options,
	 server_stop},
	{"server", "restart", "NAME", "Ask the system on it to restart", action_options,
	 server_restart},
	{"server", "reset", "NAME", "Restart by force, like the reset button", action_options,
	 server_reset},
	{"server", "rebuild", "NAME", "Install a fresh system, keeping address and name",
	 rebuild_options, server_rebuild},
	{"server", "restore-disk", "NAME", "Go back to the disk that a rebuild has kept",
	 kept_options, server_restore_disk},
	{"server", "delete-kept-disk", "NAME", "Delete the disk that a rebuild has kept",
	 kept_options, server_delete_kept_disk},
	{"server", "create-image", "NAME",
	 "Make an image of its disk as it is now; new servers can be made from it",
	 create_image_options, server_create_image},
	{"server", "snapshot", "NAME", "The same as create-image", create_image_options,
	 server_create_image},
	{"server", "enable-backup", "NAME",
	 "Have a backup made each day; says first what they cost", enable_backup_options,
	 server_enable_backup},
	{"server", "disable-backup", "NAME", "Have no more backups made, and delete them",
	 disable_backup_options, server_disable_backup},
	{"server", "rescue", "NAME", "Boot the rescue system at the next start, once",
	 rescue_options, server_rescue},
	{"server", "resize", "NAME", "Change the plan of a stopped server", resize_options,
	 server_resize},
	{"server", "rename", "NAME NEW-NAME", "Give another name", NULL, server_rename},
	{"server", "reset-password", "NAME", "Make a new root password for the console",
	 action_options, server_password},
	{"server", "guest-agent", "NAME on|off",
	 "Whether the host may set a password inside it and let a check's key in", action_options,
	 server_agent},
	{"server", "reverse-name", "NAME ADDRESS [HOST-NAME]",
	 "Set or, without HOST-NAME, reset a reverse name", reverse_options, server_reverse},
	{"server", "protect", "NAME", "Refuse deletion and rebuild", action_options,
	 server_protect},
	{"server", "unprotect", "NAME", "Allow deletion and rebuild", action_options,
	 server_protect},
	{"server", "delete", "NAME", "Delete a server and its disk", delete_options, server_delete},
	{"server", "screenshot", "NAME", "Take a picture of a server's screen", screenshot_options,
	 server_screenshot},
	{"server", "metrics", "NAME",
	 "Show what a server has used: processor, memory, disk, network", metrics_options,
	 metrics_show},
	{"server", "traffic", "NAME", "Show what went over its wire, by month", NULL,
	 server_traffic},
	{"server", "check", "NAME",
	 "Check the first step: how safe a server is, from inside and outside",
	 first_step_check_options, first_step_check},
	{"server", "open", "NAME", "Let connections in although the first step is not proven",
	 first_step_open_options, first_step_open},
	{"server", "ssh", "NAME", "Log in; words after -- go to ssh", ssh_options, server_ssh},
	{"server", "host-keys", "NAME",
	 "Print the lines for ~/.ssh/known_hosts, as the server told its keys", NULL,
	 server_host_keys},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

// SSH is on the port that was chosen, and on no other.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "firststep/item.h"
#include "firststep/sshd_drop_in.h"
#include "firststep/unit_file.h"

#define SSH_PORTS_MAX 32

struct port_list {
	uint16_t ports[SSH_PORTS_MAX];
	size_t count;
};

static void add(struct port_list *list, uint16_t port)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->ports[i] == port)
			return;
	if (list->count < SSH_PORTS_MAX)
		list->ports[list->count++] = port;
}

/* The number at the end of "22", "0.0.0.0:22" or "[::]:22"; 0 when there is none. */
static uint16_t port_at_end(const char *text)
{
	const char *colon = strrchr(text, ':');
	uint64_t port = 0;

	if (parse_u64(colon != NULL ? colon + 1 : text, 1, 65535, &port) < 0)
		return 0;
	return (uint16_t)port;
}

/* Ubuntu from 22.10 on: ssh.socket listens, and sshd_config's Port counts only where a generator
 * hands it on (24.04) and no drop-in says otherwise. */
static int socket_ports(struct context *context, struct verdict *verdict, struct port_list *list)
{
	struct unit_values *values AUTO_FREE = calloc(1, sizeof *values);
	char path[320];
	const bool has_generator = tree_has(
		&context->tree, "/usr/lib/systemd/system-generators/sshd-socket-generator");

	if (values == NULL || !unit_is_enabled(&context->tree, "ssh.socket", path, sizeof path))
		return 0;
	verdict_add(verdict, path, "ssh.socket listens for SSH");
	const int code = unit_file_load(&context->tree, "system/ssh.socket", "Socket",
					"ListenStream", values);
	if (code < 0)
		return code;
	bool is_drop_in = false;
	for (size_t i = 0; i < values->count; i++)
		is_drop_in |= strstr(values->list[i].file, ".socket.d/") != NULL;
	if (has_generator && !is_drop_in)
		return 0;
	list->count = 0;
	for (size_t i = 0; i < values->count; i++) {
		const uint16_t port = port_at_end(values->list[i].value);
		verdict_add(verdict, values->list[i].file, "ListenStream=%s",
			    values->list[i].value);
		if (port != 0)
			add(list, port);
	}
	return 0;
}

static int config_ports(struct context *context, struct verdict *verdict, struct port_list *list)
{
	const struct sshd_config *files;
	const struct sshd_setting *at = NULL;
	const int code = context_sshd(context, &files);
	bool listen_has_port = false;

	if (code < 0)
		return code;
	while ((at = sshd_config_next(files, "listenaddress", at)) != NULL) {
		const char *colon = strrchr(at->value, ':');
		if (colon == NULL || (at->value[0] != '[' && strchr(at->value, ':') != colon) ||
		    (at->value[0] == '[' && colon[-1] != ']'))
			continue;
		verdict_add(verdict, at->file, "ListenAddress %s", at->value);
		add(list, port_at_end(at->value));
		listen_has_port = true;
	}
	at = NULL;
	while ((at = sshd_config_next(files, "port", at)) != NULL) {
		verdict_add(verdict, at->file, "Port %s", at->value);
		add(list, port_at_end(at->value));
	}
	if (list->count == 0 && !listen_has_port) {
		verdict_add(verdict, SSHD_MAIN, "Port 22 (not set)");
		add(list, 22);
	}
	return 0;
}

static void check(struct context *context, struct verdict *verdict)
{
	const struct settings *settings = &context->settings;
	const struct sockets *sockets;
	struct port_list list = {0};
	int code = config_ports(context, verdict, &list);
	bool found = false;

	if (code == 0)
		code = socket_ports(context, verdict, &list);
	if (code < 0) {
		verdict_unreadable(verdict, SSHD_MAIN, code);
		return;
	}
	const uint16_t wanted = settings->ssh_port != 0 ? settings->ssh_port
				: list.count > 0        ? list.ports[0]
							: 22;
	verdict_add(verdict, SETTINGS_PATH, settings->ssh_port != 0 ? "chosen: %u" : "in use: %u",
		    wanted);
	for (size_t i = 0; i < list.count; i++) {
		found |= list.ports[i] == wanted;
		if (list.ports[i] != wanted)
			verdict_fail(verdict, REASON_OLD_PORT_OPEN);
	}
	if (!found) {
		verdict->result = RESULT_PASS; /* this reason says more than the other */
		verdict_fail(verdict, REASON_OTHER_PORT);
	}
	code = context_sockets(context, &sockets);
	if (code == -ENOENT && !context->tree.is_live)
		return;
	if (code < 0) {
		verdict_unreadable(verdict, "/proc/net/tcp", code);
		return;
	}
	const bool listens = sockets_listens(sockets, wanted);
	verdict_add(verdict, "/proc/net/tcp", "%u: %s", wanted,
		    listens ? "listening" : "nothing listens");
	if (!listens)
		verdict_fail(verdict, REASON_PORT_NOT_OPEN);
	if (wanted != 22 && sockets_listens(sockets, 22)) {
		verdict_add(verdict, "/proc/net/tcp", "22: listening");
		verdict_fail(verdict, REASON_OLD_PORT_OPEN);
	}
}

const struct item item_ssh_port = {
	.id = "ssh-port",
	.en = "SSH is on the chosen port",
	.ja = "SSH が選んだポートで待ち受けている",
	.check = check,
	.apply = sshd_drop_in_apply, /* after firststep ssh-port */
};

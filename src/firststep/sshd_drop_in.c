#include "firststep/sshd_drop_in.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "firststep/run.h"
#include "firststep/unit_file.h"

#define SOCKET_DROP_IN "/etc/systemd/system/ssh.socket.d/firststep.conf"

/*
 * OpenSSH 8.9 and later (Debian 12: 9.2, Ubuntu 22.04 and 24.04: 8.9 and 9.6) knows all of these;
 * RHEL 9 has 8.7, which does not know sntrup761x25519-sha512@openssh.com under a policy that leaves
 * it out, but as a name it does.
 */
static const char settings[] =
	"# firststep: public keys alone, nobody as root, and strong algorithms. The first value "
	"wins in\n"
	"# sshd_config, so this file is the first. Changes here are lost: use firststep(1).\n"
	"PermitRootLogin no\n"
	"PubkeyAuthentication yes\n"
	"PasswordAuthentication no\n"
	"KbdInteractiveAuthentication no\n"
	"AuthenticationMethods publickey\n"
	"PermitEmptyPasswords no\n"
	"KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256,"
	"curve25519-sha256@libssh.org,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512\n"
	"Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com,"
	"aes256-ctr,aes192-ctr,aes128-ctr\n"
	"MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com,"
	"umac-128-etm@openssh.com\n"
	"HostKeyAlgorithms ssh-ed25519,ssh-ed25519-cert-v01@openssh.com,rsa-sha2-512,"
	"rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256,rsa-sha2-256-cert-v01@openssh.com\n";

/* Does sshd_config include the folder before anything else counts? */
static bool includes_drop_ins(const char *text)
{
	while (*text != '\0') {
		const size_t len = strcspn(text, "\n");
		const char *at = text + strspn(text, " \t");
		if (strncasecmp(at, "include", 7) == 0 && (at[7] == ' ' || at[7] == '\t') &&
		    memmem(at, len - (size_t)(at - text), SSHD_DROP_IN_FOLDER "/*.conf",
			   sizeof SSHD_DROP_IN_FOLDER "/*.conf" - 1) != NULL)
			return true;
		if (*at != '#' && at < text + len)
			return false;
		text += len + (text[len] == '\n');
	}
	return false;
}

static int plan_include(struct plan *plan, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0}, whole CLEANUP(buf_done) = {0};
	struct stat found;
	int code = tree_read(plan->tree, SSHD_MAIN, &text);

	if (code < 0)
		return err_set(err, code, "%s: %s", SSHD_MAIN, strerror(-code));
	if (includes_drop_ins(buf_str(&text)))
		return 0;
	(void)buf_puts(&whole, "Include " SSHD_DROP_IN_FOLDER "/*.conf\n");
	(void)buf_append(&whole, text.data, text.len);
	code = tree_lstat(plan->tree, SSHD_MAIN, &found);
	if (code < 0)
		return err_set(err, code, "%s: %s", SSHD_MAIN, strerror(-code));
	return plan_write(plan, SSHD_MAIN, &whole, found.st_mode & 07777, err);
}

static int plan_socket(struct context *context, struct plan *plan, uint16_t first, uint16_t second,
		       struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	char path[320];

	if (first == 0 || !unit_is_enabled(&context->tree, "ssh.socket", path, sizeof path))
		return 0;
	(void)buf_printf(
		&text,
		"# firststep: ssh.socket listens for sshd here, sshd_config's Port does not "
		"count.\n[Socket]\nListenStream=\nListenStream=0.0.0.0:%u\n"
		"ListenStream=[::]:%u\n",
		first, first);
	if (second != 0)
		(void)buf_printf(&text, "ListenStream=0.0.0.0:%u\nListenStream=[::]:%u\n", second,
				 second);
	(void)buf_puts(&text, "BindIPv6Only=ipv6-only\nFreeBind=yes\n");
	return plan_write(plan, SOCKET_DROP_IN, &text, 0644, err);
}

int sshd_drop_in_plan_ports(struct context *context, struct plan *plan, uint16_t first,
			    uint16_t second, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	const struct account *user = context_sudo_user(context);

	if (user == NULL && !context->is_image)
		return err_set(
			err, ERR_UNSUPPORTED, "%s",
			context->is_japanese
				? "鍵でログインでき、sudo を使えるユーザーがいないため、このまま"
				  "では誰もログインできなくなります。先に firststep user add 名前"
				  " --key ファイル を実行してください"
				: "no user with sudo and an SSH key: nobody could log in any "
				  "more. First: firststep user add NAME --key FILE");
	(void)buf_puts(&text, settings);
	if (first != 0)
		(void)buf_printf(&text, "Port %u\n", first);
	if (second != 0)
		(void)buf_printf(&text, "Port %u\n", second);
	int code = plan_include(plan, err);
	if (code == 0)
		code = plan_write(plan, SSHD_DROP_IN, &text, 0644, err);
	return code < 0 ? code : plan_socket(context, plan, first, second, err);
}

/* The ports our drop-in has now: they stay. */
static void ports_now(struct context *context, uint16_t ports[2])
{
	struct sshd_config config CLEANUP(sshd_config_done) = {0};
	struct buf text CLEANUP(buf_done) = {0};
	const struct sshd_setting *at = NULL;
	uint64_t port;

	ports[0] = ports[1] = 0;
	if (tree_read(&context->tree, SSHD_DROP_IN, &text) < 0 ||
	    sshd_config_parse(&config, NULL, SSHD_DROP_IN, buf_str(&text)) < 0)
		return;
	for (size_t i = 0; i < 2 && (at = sshd_config_next(&config, "port", at)) != NULL; i++)
		if (parse_u64(at->value, 1, 65535, &port) == 0)
			ports[i] = (uint16_t)port;
}

int sshd_drop_in_plan(struct context *context, struct plan *plan, struct err *err)
{
	uint16_t ports[2];

	ports_now(context, ports);
	return sshd_drop_in_plan_ports(context, plan, ports[0], ports[1], err);
}

int sshd_drop_in_check(struct err *err)
{
	static const char *const argv[] = {"sshd", "-t", NULL};

	return run_checked(argv, 10000, err);
}

/* Where systemd does not run (a container): the listener's own file says who it is. */
static int hang_up(const struct tree *tree, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	char number[24];
	uint64_t pid;

	if (tree_read(tree, "/run/sshd.pid", &text) < 0)
		return 0; /* not running: it reads its settings when it starts */
	(void)snprintf(number, sizeof number, "%.*s", (int)strcspn(buf_str(&text), "\n"),
		       buf_str(&text));
	if (parse_u64(number, 2, INT32_MAX, &pid) < 0)
		return err_set(err, ERR_CORRUPT, "/run/sshd.pid is no number");
	if (kill((pid_t)pid, SIGHUP) < 0 && errno != ESRCH)
		return err_set(err, -errno, "sshd: %s", strerror(errno));
	return 0;
}

int sshd_drop_in_apply(struct context *context, struct err *err)
{
	static const char *const reload_units[] = {"systemctl", "daemon-reload", NULL};
	static const char *const restart_socket[] = {"systemctl", "restart", "ssh.socket", NULL};
	const char *const reload[] = {
		"systemctl", "try-reload-or-restart",
		context->family == FAMILY_RHEL ? "sshd.service" : "ssh.service", NULL};
	char path[320];
	int code = 0;

	if (!run_has_systemd())
		return hang_up(&context->tree, err);
	if (unit_is_enabled(&context->tree, "ssh.socket", path, sizeof path)) {
		code = run_service(reload_units, err);
		if (code == 0)
			code = run_service(restart_socket, err);
	}
	return code < 0 ? code : run_service(reload, err);
}

#include "firststep/context.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "firststep/run.h"

/* The value of KEY= in os-release, without quotes. */
static void os_value(const char *text, const char *key, char *out, size_t size)
{
	const size_t key_len = strlen(key);

	out[0] = '\0';
	for (const char *at = text; *at != '\0';) {
		size_t len = strcspn(at, "\n");
		const char *next = at + len + (at[len] == '\n');
		if (strncmp(at, key, key_len) == 0 && at[key_len] == '=') {
			at += key_len + 1;
			len -= key_len + 1;
			if (len >= 2 && (*at == '"' || *at == '\'')) {
				at++;
				len -= 2;
			}
			(void)snprintf(out, size, "%.*s", (int)(len < size ? len : size - 1), at);
			return;
		}
		at = next;
	}
}

static void read_os(struct context *context)
{
	struct buf text CLEANUP(buf_done) = {0};
	char id[32], like[96], both[140];

	if (tree_read(&context->tree, "/etc/os-release", &text) < 0)
		(void)tree_read(&context->tree, "/usr/lib/os-release", &text);
	os_value(buf_str(&text), "ID", id, sizeof id);
	os_value(buf_str(&text), "ID_LIKE", like, sizeof like);
	os_value(buf_str(&text), "PRETTY_NAME", context->os, sizeof context->os);
	(void)snprintf(both, sizeof both, " %s %s ", id, like);
	if (strstr(both, " debian ") != NULL || strstr(both, " ubuntu ") != NULL)
		context->family = FAMILY_DEBIAN;
	else if (strstr(both, " rhel ") != NULL || strstr(both, " fedora ") != NULL ||
		 strstr(both, " centos ") != NULL)
		context->family = FAMILY_RHEL;
}

int context_init_anyway(struct context *context, bool is_japanese, struct err *err)
{
	*context = (struct context){.is_japanese = is_japanese, .tree.fd = -1};
	const int code = tree_open(&context->tree, NULL, err);

	if (code == 0) {
		if (settings_load(&context->tree, &context->settings, NULL) < 0)
			settings_default(&context->settings);
		read_os(context);
	}
	return code;
}

int context_init(struct context *context, const char *root, bool is_japanese, struct err *err)
{
	*context = (struct context){.is_japanese = is_japanese, .tree.fd = -1};
	int code = tree_open(&context->tree, root, err);

	if (code == 0)
		code = settings_load(&context->tree, &context->settings, err);
	if (code == 0)
		read_os(context);
	else
		tree_close(&context->tree);
	return code;
}

void context_done(struct context *context)
{
	sshd_config_done(&context->sshd);
	sshd_config_done(&context->dump_root);
	sshd_config_done(&context->dump_user);
	accounts_done(&context->accounts);
	tree_close(&context->tree);
}

int context_sshd(struct context *context, const struct sshd_config **ret)
{
	if (!context->has_sshd) {
		context->has_sshd = true;
		context->sshd_error = sshd_config_load(&context->tree, &context->sshd);
	}
	*ret = &context->sshd;
	return context->sshd_error;
}

int context_accounts(struct context *context, const struct accounts **ret)
{
	if (!context->has_accounts) {
		context->has_accounts = true;
		context->accounts_error = accounts_load(&context->tree, &context->accounts);
	}
	*ret = &context->accounts;
	return context->accounts_error;
}

int context_sockets(struct context *context, const struct sockets **ret)
{
	if (!context->has_sockets) {
		context->has_sockets = true;
		context->sockets_error = sockets_load(&context->tree, &context->sockets);
	}
	*ret = &context->sockets;
	return context->sockets_error;
}

const struct account *context_sudo_user(struct context *context)
{
	const struct accounts *accounts;

	if (context_accounts(context, &accounts) < 0)
		return NULL;
	for (size_t i = 0; i < accounts->count; i++) {
		const struct account *account = &accounts->list[i];
		if (account->has_sudo && account->uid != 0 && account_can_log_in(account) &&
		    account_keys(&context->tree, account) > 0)
			return account;
	}
	return NULL;
}

static int dump(const char *user, struct sshd_config *ret)
{
	struct buf out CLEANUP(buf_done) = {0};
	char who[128];
	const char *const argv[] = {"sshd", "-T", "-C", who, NULL};
	int status = 0;

	(void)snprintf(who, sizeof who, "user=%s,host=client.invalid,addr=192.0.2.1", user);
	const int code = run_capture(argv, RUN_CHECK_MS, &out, &status);
	if (code < 0)
		return code;
	return status != 0 ? -EIO : sshd_config_parse(ret, NULL, "sshd -T", buf_str(&out));
}

static const struct sshd_config *dumped(struct context *context, bool as_root)
{
	if (!context->has_dump) {
		const struct account *user = context_sudo_user(context);
		context->has_dump = true;
		context->dump_error =
			context->tree.is_live ? dump("root", &context->dump_root) : -ENOENT;
		if (context->dump_error == 0)
			context->dump_error =
				dump(user != NULL ? user->name : "nobody", &context->dump_user);
	}
	if (context->dump_error < 0)
		return NULL;
	return as_root ? &context->dump_root : &context->dump_user;
}

int context_sshd_value(struct context *context, const char *keyword, bool as_root,
		       const char **ret_value, char *ret_source)
{
	const struct sshd_config *config = dumped(context, as_root);
	const struct sshd_setting *setting;

	if (config != NULL) {
		setting = sshd_config_get(config, keyword);
		const struct account *user = as_root ? NULL : context_sudo_user(context);
		(void)snprintf(ret_source, 192, "sshd -T -C user=%s",
			       as_root        ? "root"
			       : user != NULL ? user->name
					      : "nobody");
		*ret_value = setting != NULL ? setting->value : "";
		return 0;
	}
	const int code = context_sshd(context, &config);
	if (code < 0)
		return code;
	setting = sshd_config_get(config, keyword);
	if (setting != NULL)
		(void)snprintf(ret_source, 192, "%.170s:%u", setting->file, setting->line);
	else
		(void)snprintf(ret_source, 192, "%s", SSHD_MAIN);
	*ret_value = setting != NULL ? setting->value : "";
	return 0;
}

uint16_t context_ssh_port(struct context *context)
{
	char source[192];
	const char *text = "";
	uint64_t port = 22;

	if (context->settings.ssh_port != 0)
		return context->settings.ssh_port;
	if (context_sshd_value(context, "port", false, &text, source) == 0)
		(void)parse_u64(text, 1, 65535, &port);
	return (uint16_t)port;
}

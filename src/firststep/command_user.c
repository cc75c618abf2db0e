// firststep user add NAME
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "firststep/change.h"
#include "firststep/place.h"
#include "firststep/run.h"

#define ROOT_KEYS      "/root/.ssh/authorized_keys"
#define KEYS_MAX_BYTES 65536

/* Each line a comment or a key; at least one key. Options before a key are refused: a command=
 * would make a login that is none. */
static int check_keys(const char *text)
{
	static const char *const types[] = {"ssh-ed25519 ", "ssh-rsa ", "ecdsa-sha2-nistp",
					    "sk-ssh-ed25519@openssh.com ",
					    "sk-ecdsa-sha2-nistp256@openssh.com "};
	unsigned keys = 0;

	while (*text != '\0') {
		const size_t len = strcspn(text, "\n");
		const char *at = text + strspn(text, " \t\r");
		bool is_key = at >= text + len || *at == '#';
		for (size_t i = 0; !is_key && i < ARRAY_SIZE(types); i++)
			if (strncmp(at, types[i], strlen(types[i])) == 0) {
				is_key = true;
				keys++;
			}
		if (!is_key)
			return -EINVAL;
		text += len + (text[len] == '\n');
	}
	return keys > 0 ? 0 : -EINVAL;
}

static int read_keys(const struct options *options, struct buf *out, struct err *err)
{
	const char *path = options->key != NULL ? options->key : ROOT_KEYS;
	int code = fd_read_file(AT_FDCWD, path, KEYS_MAX_BYTES, out);

	if (code == 0)
		code = check_keys(buf_str(out));
	return code < 0
		       ? err_set(err, code,
				 options->is_japanese
					 ? "%s に SSH 公開鍵がありません (--key ファイル "
					   "で指定できます)"
					 : "%s holds no SSH public keys (--key FILE names another)",
				 path)
		       : 0;
}

static int add_account(const struct account *account, const char *name, const char *group,
		       struct err *err)
{
	const char *const add[] = {"useradd", "-m", "-s", "/bin/bash", "-G", group, name, NULL};
	const char *const join[] = {"usermod", "-aG", group, name, NULL};

	return run_checked(account == NULL ? add : join, RUN_SERVICE_MS, err);
}

static const struct account *find(struct context *context, const char *name)
{
	const struct accounts *accounts;

	if (context_accounts(context, &accounts) < 0)
		return NULL;
	for (size_t i = 0; i < accounts->count; i++)
		if (strcmp(accounts->list[i].name, name) == 0)
			return &accounts->list[i];
	return NULL;
}

static int write_keys_as_user(const struct account *account, const struct buf *keys,
			      struct err *err)
{
	AUTO_CLOSE int home = open(account->home, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct buf all CLEANUP(buf_done) = {.max = 2 * KEYS_MAX_BYTES};

	if (home < 0)
		return err_set(err, -errno, "%s: %s", account->home, strerror(errno));
	if (mkdirat(home, ".ssh", 0700) < 0 && errno != EEXIST)
		return err_set(err, -errno, "%s/.ssh: %s", account->home, strerror(errno));
	AUTO_CLOSE int folder =
		openat(home, ".ssh", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0 || fchmod(folder, 0700) < 0)
		return err_set(err, -errno, "%s/.ssh: %s", account->home, strerror(errno));
	AUTO_CLOSE int old =
		openat(folder, "authorized_keys", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char chunk[4096];
	int code = 0;
	for (ssize_t got; old >= 0 && (got = read(old, chunk, sizeof chunk)) > 0;)
		(void)buf_append(&all, chunk, (size_t)got);
	if (code == 0 && strstr(buf_str(&all), buf_str(keys)) != NULL)
		return 0;
	if (all.len > 0 && buf_str(&all)[all.len - 1] != '\n')
		(void)buf_putc(&all, '\n');
	(void)buf_append(&all, keys->data, keys->len);
	code = all.error;
	if (code == 0)
		code = fd_write_file(folder, "authorized_keys", all.data, all.len, 0600);
	return code < 0 ? err_set(err, code, "%s/.ssh/authorized_keys: %s", account->home,
				  strerror(-code))
			: 0;
}

/* The person's own folder may hold anything, links to everywhere too: with that person's rights no
 * more can be done there than they could do themselves. */
static int write_keys(const struct account *account, const struct buf *keys, struct err *err)
{
	if (setegid(account->gid) < 0 || seteuid(account->uid) < 0)
		return err_set(err, -errno, "%s: %s", account->name, strerror(errno));
	const int code = write_keys_as_user(account, keys, err);
	if (seteuid(0) < 0 || setegid(0) < 0)
		_exit(EXIT_UNKNOWN); /* neither root nor that person: nothing right can follow */
	return code;
}

/* No password is set, so sudo cannot ask for one. */
static int write_sudoers(const struct context *context, const char *name, struct err *err)
{
	static const char *const check[] = {"visudo", "-c", "-q", NULL};
	struct buf text CLEANUP(buf_done) = {0};
	char path[80];

	(void)snprintf(path, sizeof path, "/etc/sudoers.d/firststep-%s", name);
	(void)buf_printf(&text, "%s ALL=(ALL:ALL) NOPASSWD: ALL\n", name);
	int code = place_write(&context->tree, path, &text, 0440, 0, 0);
	if (code < 0)
		return err_set(err, code, "%s: %s", path, strerror(-code));
	code = run_checked(check, 10000, err);
	if (code < 0)
		(void)place_remove(&context->tree, path);
	return code;
}

static int add(const struct options *options, struct context *context, const char *name,
	       struct err *err)
{
	struct buf keys CLEANUP(buf_done) = {0};
	const char *group = context->family == FAMILY_RHEL ? "wheel" : "sudo";
	int code = read_keys(options, &keys, err);

	if (code == 0 && (!run_has("visudo") || !run_has("useradd")))
		code = err_set(err, ERR_UNSUPPORTED,
			       options->is_japanese ? "先に sudo をインストールしてください"
						    : "install sudo first");
	if (code == 0)
		code = add_account(find(context, name), name, group, err);
	if (code < 0)
		return code;
	struct context fresh;
	code = context_init(&fresh, NULL, options->is_japanese, err);
	if (code < 0)
		return code;
	const struct account *account = find(&fresh, name);
	if (account == NULL || account->uid == 0)
		code = err_set(err, ERR_SERVER, "%s was not made", name);
	if (code == 0)
		code = write_keys(account, &keys, err);
	if (code == 0)
		code = write_sudoers(&fresh, name, err);
	context_done(&fresh);
	return code;
}

int command_user(const struct options *options)
{
	struct context *context AUTO_FREE = calloc(1, sizeof *context);
	struct err err = {0};
	AUTO_CLOSE int lock = -1;

	if (context == NULL)
		return EXIT_UNKNOWN;
	if (strcmp(options->words[0], "add") != 0 || !account_name_is_good(options->words[1])) {
		(void)err_set(&err, ERR_INVALID_INPUT, "%s",
			      options->is_japanese
				      ? "firststep user add 名前 (英小文字で始まる 32 文字以内)"
				      : "firststep user add NAME (a-z, 0-9, _ and -)");
		return command_failed(&err);
	}
	if (context_init(context, options->root, options->is_japanese, &err) < 0)
		return command_failed(&err);
	int code = 0;
	if (!context->tree.is_live)
		code = err_set(&err, ERR_UNSUPPORTED, "users are made on a running system alone");
	else if (geteuid() != 0)
		code = err_set(&err, -EPERM, "%s",
			       options->is_japanese
				       ? "root 権限が必要です (sudo firststep …)"
				       : "root's rights are needed: sudo firststep ...");
	if (code == 0)
		code = lock = rollback_lock(&err);
	if (code >= 0)
		code = add(options, context, options->words[1], &err);
	context_done(context);
	if (code < 0)
		return command_failed(&err);
	say(options, "Done. Try it: ssh to that user, then sudo -v.",
	    "完了しました。そのユーザーで SSH ログインし、sudo -v が通ることを確認してください。");
	return EXIT_PASS;
}

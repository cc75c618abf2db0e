// 700 on .ssh, 600 on authorized_keys, and both their user's.
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "firststep/item.h"
#include "firststep/plan.h"

#define OTHERS       0077
#define OTHERS_WRITE 0022

static void check_path(struct context *context, const char *path, const struct account *account,
		       mode_t refused, struct verdict *verdict)
{
	struct stat found;
	const int code = tree_lstat(&context->tree, path, &found);

	if (code == -ENOENT)
		return;
	if (code < 0) {
		verdict_unreadable(verdict, path, code);
		return;
	}
	/* sshd follows a link; what it leads to is what counts, and sshd's own check is on that. */
	if (S_ISLNK(found.st_mode) && tree_stat(&context->tree, path, &found) < 0)
		return;
	verdict_add(verdict, path, "mode %04o, owner %u", (unsigned)(found.st_mode & 07777),
		    (unsigned)found.st_uid);
	if ((found.st_mode & refused) != 0)
		verdict_fail(verdict, REASON_LOOSE_MODE);
	if (found.st_uid != account->uid && found.st_uid != 0)
		verdict_fail(verdict, REASON_WRONG_OWNER);
}

static bool has_ssh_folder(struct context *context, const struct account *account, char *path,
			   size_t size)
{
	(void)snprintf(path, size, "%s/.ssh", account->home);
	return account_can_log_in(account) && tree_has(&context->tree, path);
}

static void check(struct context *context, struct verdict *verdict)
{
	const struct accounts *accounts;
	const int code = context_accounts(context, &accounts);

	if (code < 0) {
		verdict_unreadable(verdict, "/etc/passwd", code);
		return;
	}
	for (size_t i = 0; i < accounts->count; i++) {
		const struct account *account = &accounts->list[i];
		char folder[300], keys[340];
		if (!has_ssh_folder(context, account, folder, sizeof folder))
			continue;
		(void)snprintf(keys, sizeof keys, "%s/authorized_keys", folder);
		check_path(context, account->home, account, OTHERS_WRITE, verdict);
		check_path(context, folder, account, OTHERS, verdict);
		check_path(context, keys, account, OTHERS, verdict);
	}
	if (verdict->count == 0)
		verdict_add(verdict, "/etc/passwd", "nobody has SSH keys");
}

static int plan(struct context *context, struct plan *changes, struct err *err)
{
	const struct accounts *accounts;
	int code = context_accounts(context, &accounts);

	for (size_t i = 0; code == 0 && i < accounts->count; i++) {
		const struct account *account = &accounts->list[i];
		char folder[300], keys[340];
		if (!has_ssh_folder(context, account, folder, sizeof folder))
			continue;
		(void)snprintf(keys, sizeof keys, "%s/authorized_keys", folder);
		code = plan_tighten(changes, account->home, OTHERS_WRITE);
		if (code == 0)
			code = plan_tighten(changes, folder, OTHERS);
		if (code == 0)
			code = plan_tighten(changes, keys, OTHERS);
	}
	return code < 0 ? err_set(err, code, "the modes of SSH keys cannot be looked at") : 0;
}

const struct item item_key_permissions = {
	.id = "key-permissions",
	.en = "SSH keys are their user's alone",
	.ja = "SSH 鍵の権限が正しい",
	.check = check,
	.plan = plan,
};

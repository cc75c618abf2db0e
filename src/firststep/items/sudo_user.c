// An ordinary user with sudo exists.
#include <errno.h>

#include "base/cleanup.h"
#include "firststep/item.h"
#include "firststep/run.h"

static void check_syntax(struct verdict *verdict)
{
	static const char *const argv[] = {"visudo", "-c", "-q", NULL};
	struct buf out CLEANUP(buf_done) = {0};
	int status = 0;

	if (run_capture(argv, RUN_CHECK_MS, &out, &status) < 0)
		return;
	verdict_add(verdict, "visudo -c", status == 0 ? "no mistake" : "%.200s", buf_str(&out));
	if (status != 0)
		verdict_fail(verdict, REASON_SUDOERS_BROKEN);
}

static void check(struct context *context, struct verdict *verdict)
{
	const struct accounts *accounts;
	bool found = false, with_key = false;
	const int code = context_accounts(context, &accounts);

	if (code < 0 || (accounts->sudo_error < 0 && accounts->sudo_error != -ENOENT)) {
		verdict_unreadable(verdict, code < 0 ? "/etc/passwd" : "/etc/sudoers",
				   code < 0 ? code : accounts->sudo_error);
		return;
	}
	for (size_t i = 0; i < accounts->count; i++) {
		const struct account *account = &accounts->list[i];
		if (!account->has_sudo || account->uid == 0 || !account_can_log_in(account))
			continue;
		const int keys = account_keys(&context->tree, account);
		found = true;
		with_key |= keys > 0;
		verdict_add(verdict, account->sudo_by, "%s: %d SSH keys", account->name,
			    keys < 0 ? 0 : keys);
		if (keys < 0 && keys != -ENOENT)
			verdict_unreadable(verdict, account->home, keys);
	}
	if (!found) {
		verdict_add(verdict, "/etc/sudoers", "%s",
			    accounts->sudo_error == -ENOENT ? "no sudo here" : "nobody");
		verdict_fail(verdict, REASON_NO_SUDO_USER);
	} else if (!with_key && verdict->result == RESULT_PASS) {
		verdict_fail(verdict, REASON_SUDO_USER_WITHOUT_KEY);
	}
	if (context->tree.is_live && accounts->sudo_error == 0)
		check_syntax(verdict);
}

const struct item item_sudo_user = {
	.id = "sudo-user",
	.en = "An ordinary user with sudo exists",
	.ja = "sudo を使える一般ユーザーがいる",
	.check = check,
};

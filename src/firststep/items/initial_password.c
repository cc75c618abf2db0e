// No initial password is in force.
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "firststep/item.h"

#define DAY_SECONDS 86400

/* The day this server came to be: when its own host keys or its id were made. 0: not known. */
static long birth_day(const struct tree *tree)
{
	static const char *const signs[] = {"/etc/ssh/ssh_host_ed25519_key",
					    "/etc/ssh/ssh_host_rsa_key", "/etc/machine-id"};
	struct stat made;

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
		if (tree_stat(tree, signs[i], &made) == 0)
			return (long)(made.st_mtime / DAY_SECONDS);
	return 0;
}

static void check_one(const struct account *account, long birth, struct verdict *verdict)
{
	switch (account->password) {
	case PASSWORD_UNKNOWN:
		break;
	case PASSWORD_LOCKED:
		verdict_add(verdict, "/etc/shadow", "%s: locked", account->name);
		break;
	case PASSWORD_EMPTY:
		verdict_add(verdict, "/etc/shadow", "%s: empty", account->name);
		verdict_fail(verdict, REASON_EMPTY_PASSWORD);
		break;
	case PASSWORD_WEAK:
		verdict_add(verdict, "/etc/shadow", "%s: old kind of hash", account->name);
		verdict_fail(verdict, REASON_WEAK_HASH);
		break;
	case PASSWORD_STRONG:
		if (account->must_change) {
			verdict_add(verdict, "/etc/shadow", "%s: must be changed at next login",
				    account->name);
		} else if (account->changed_day >= 0 && account->changed_day <= birth) {
			verdict_add(verdict, "/etc/shadow",
				    "%s: set on day %ld, the server was made on day %ld",
				    account->name, account->changed_day, birth);
			/* Somebody may have changed it on the first day; shadow knows days alone.
			 */
			if (account->changed_day < birth)
				verdict_fail(verdict, REASON_INITIAL_PASSWORD);
			else
				verdict_doubt(verdict, REASON_INITIAL_PASSWORD);
		} else {
			verdict_add(verdict, "/etc/shadow", "%s: changed on day %ld", account->name,
				    account->changed_day);
		}
		break;
	}
}

static void check(struct context *context, struct verdict *verdict)
{
	const struct accounts *accounts;
	const int code = context_accounts(context, &accounts);

	if (code < 0) {
		verdict_unreadable(verdict, "/etc/passwd", code);
		return;
	}
	if (accounts->shadow_error < 0) {
		verdict_unreadable(verdict, "/etc/shadow", accounts->shadow_error);
		return;
	}
	for (size_t i = 0; i < accounts->count; i++) {
		const struct account *account = &accounts->list[i];
		/* A password of an account without a shell matters when it is empty or weak. */
		if (account_can_log_in(account) || account->password == PASSWORD_EMPTY ||
		    account->password == PASSWORD_WEAK)
			check_one(account, birth_day(&context->tree), verdict);
	}
}

const struct item item_initial_password = {
	.id = "initial-password",
	.en = "No initial password is in force",
	.ja = "最初のパスワードが残っていない",
	.check = check,
};

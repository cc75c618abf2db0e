// root cannot log in over SSH.
#include <strings.h>

#include "firststep/item.h"
#include "firststep/sshd_drop_in.h"

static void check(struct context *context, struct verdict *verdict)
{
	const struct sshd_config *files;
	const struct sshd_setting *at = NULL;
	const char *value;
	char source[192];
	int code = context_sshd_value(context, "permitrootlogin", true, &value, source);

	if (code < 0) {
		verdict_unreadable(verdict, SSHD_MAIN, code);
		return;
	}
	verdict_add(verdict, source, "PermitRootLogin %s",
		    *value != '\0' ? value : "(not set: prohibit-password)");
	if (strcasecmp(value, "no") != 0)
		verdict_fail(verdict, REASON_ROOT_LOGIN);
	code = context_sshd(context, &files);
	if (code < 0) {
		verdict_unreadable(verdict, SSHD_MAIN, code);
		return;
	}
	while ((at = sshd_config_next(files, "permitrootlogin", at)) != NULL) {
		if (!at->is_conditional || strcasecmp(at->value, "no") == 0)
			continue;
		verdict_add(verdict, at->file, "Match … PermitRootLogin %s", at->value);
		verdict_fail(verdict, REASON_MATCH_ROOT);
	}
}

const struct item item_root_ssh = {
	.id = "root-ssh",
	.en = "root cannot log in over SSH",
	.ja = "root が SSH でログインできない",
	.check = check,
	.plan = sshd_drop_in_plan,
	.apply = sshd_drop_in_apply,
};

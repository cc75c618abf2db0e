// SSH takes public keys alone.
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "firststep/item.h"
#include "firststep/sshd_drop_in.h"

/* Every alternative of AuthenticationMethods begins with a public key. */
static bool methods_need_key(const char *value)
{
	char copy[1024], *rest = NULL;
	bool found = false;

	if (strlen(value) >= sizeof copy)
		return false;
	memcpy(copy, value, strlen(value) + 1);
	for (char *word = strtok_r(copy, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		if (strcmp(word, "publickey") != 0 && strncmp(word, "publickey,", 10) != 0)
			return false;
		found = true;
	}
	return found;
}

static void check_conditional(const struct sshd_config *files, struct verdict *verdict)
{
	static const char *const keywords[] = {"passwordauthentication",
					       "kbdinteractiveauthentication",
					       "authenticationmethods", "permitemptypasswords"};

	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
		const struct sshd_setting *at = NULL;
		while ((at = sshd_config_next(files, keywords[i], at)) != NULL) {
			if (!at->is_conditional || strcasecmp(at->value, "no") == 0 ||
			    (i == 2 && methods_need_key(at->value)))
				continue;
			verdict_add(verdict, at->file, "Match … %s %s", at->keyword, at->value);
			verdict_fail(verdict, REASON_MATCH_PASSWORD);
		}
	}
}

static void check(struct context *context, struct verdict *verdict)
{
	static const struct {
		const char *keyword, *spelling, *when_unset;
		enum reason reason;
	} wanted[] = {
		{"passwordauthentication", "PasswordAuthentication", "yes", REASON_PASSWORD_LOGIN},
		{"kbdinteractiveauthentication", "KbdInteractiveAuthentication", "yes",
		 REASON_PASSWORD_LOGIN},
		{"authenticationmethods", "AuthenticationMethods", "any", REASON_OTHER_METHODS},
	};
	const struct sshd_config *files;
	char source[192];

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		const char *value;
		const int code =
			context_sshd_value(context, wanted[i].keyword, false, &value, source);
		if (code < 0) {
			verdict_unreadable(verdict, SSHD_MAIN, code);
			return;
		}
		const bool is_set = *value != '\0';
		if (!is_set)
			value = wanted[i].when_unset;
		verdict_add(verdict, source, "%s %s%s", wanted[i].spelling, value,
			    is_set ? "" : " (not set)");
		if (i == 2 ? !methods_need_key(value) : strcasecmp(value, "no") != 0)
			verdict_fail(verdict, wanted[i].reason);
	}
	const int code = context_sshd(context, &files);
	if (code < 0)
		verdict_unreadable(verdict, SSHD_MAIN, code);
	else
		check_conditional(files, verdict);
}

const struct item item_key_only = {
	.id = "key-only",
	.en = "SSH takes public keys alone",
	.ja = "SSH は公開鍵だけを受け付ける",
	.check = check,
	.plan = sshd_drop_in_plan,
	.apply = sshd_drop_in_apply,
};

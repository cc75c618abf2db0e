// No weak algorithm, and host keys of this server's own.
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "firststep/item.h"
#include "firststep/sshd_drop_in.h"

#define RSA_3072_BLOB_BYTES 400 /* of a public key of 3072 bits, in SSH's form, at least */

/* Patterns of what is broken, or what ssh-audit counts as a failure. */
static const char *const weak[] = {"*-cbc",         "arcfour*",     "*3des*",   "*md5*",
				   "*sha1*",        "hmac-ripemd*", "umac-64*", "*-96*",
				   "*group1-*",     "*nistp*",      "ssh-dss*", "ssh-rsa",
				   "ssh-rsa-cert*", "rijndael*",    "none"};

/* The parts of OpenSSH's defaults (9.2, and others from 8 on) that are weak. */
static const struct {
	const char *keyword, *spelling, *weak_defaults;
} lists[] = {
	{"ciphers", "Ciphers", ""},
	{"macs", "MACs",
	 "umac-64-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,hmac-sha1"},
	{"kexalgorithms", "KexAlgorithms",
	 "ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521"},
	{"hostkeyalgorithms", "HostKeyAlgorithms",
	 "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521"},
};

/* The first weak name of a list with commas; false when there is none. @without: a pattern list
 * whose matches do not count (a value that begins with "-"). */
static bool find_weak(const char *list, const char *without, char *out, size_t size)
{
	while (*list != '\0') {
		const size_t len = strcspn(list, ",");
		bool is_weak = false, is_out = false;
		(void)snprintf(out, size, "%.*s", (int)(len < size ? len : size - 1), list);
		for (size_t i = 0; i < ARRAY_SIZE(weak); i++)
			is_weak |= fnmatch(weak[i], out, 0) == 0;
		for (const char *at = without; *at != '\0';) {
			char pattern[128];
			const size_t pattern_len = strcspn(at, ",");
			(void)snprintf(pattern, sizeof pattern, "%.*s",
				       (int)(pattern_len < 128 ? pattern_len : 127), at);
			is_out |= fnmatch(pattern, out, 0) == 0;
			at += pattern_len + (at[pattern_len] == ',');
		}
		if (is_weak && !is_out)
			return true;
		list += len + (list[len] == ',');
	}
	return false;
}

static void check_list(struct context *context, size_t i, struct verdict *verdict)
{
	const char *value;
	char source[192], found[128];
	bool is_weak;
	const int code = context_sshd_value(context, lists[i].keyword, false, &value, source);

	if (code < 0) {
		verdict_unreadable(verdict, SSHD_MAIN, code);
		return;
	}
	if (*value == '\0')
		is_weak = find_weak(lists[i].weak_defaults, "", found, sizeof found);
	else if (*value == '-')
		is_weak = find_weak(lists[i].weak_defaults, value + 1, found, sizeof found);
	else if (*value == '+' || *value == '^')
		is_weak = find_weak(lists[i].weak_defaults, "", found, sizeof found) ||
			  find_weak(value + 1, "", found, sizeof found);
	else
		is_weak = find_weak(value, "", found, sizeof found);
	if (is_weak) {
		verdict_add(verdict, source, "%s: %s%s", lists[i].spelling, found,
			    *value == '\0' ? " (not set)" : "");
		verdict_fail(verdict, REASON_WEAK_CRYPTO);
	} else {
		verdict_add(verdict, source, "%s: nothing weak", lists[i].spelling);
	}
}

static void check_host_keys(struct context *context, struct verdict *verdict)
{
	static const char *const good[] = {"/etc/ssh/ssh_host_ed25519_key",
					   "/etc/ssh/ssh_host_rsa_key"};
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct stat stat_of;
		char public_path[80];
		struct buf blob CLEANUP(buf_done) = {0};
		if (tree_stat(&context->tree, good[i], &stat_of) < 0)
			continue;
		(void)snprintf(public_path, sizeof public_path, "%s.pub", good[i]);
		/* base64: four letters for three bytes */
		const bool is_long =
			i == 0 || (tree_read(&context->tree, public_path, &blob) == 0 &&
				   strlen(buf_str(&blob)) > RSA_3072_BLOB_BYTES * 4 / 3);
		found |= is_long;
		verdict_add(verdict, good[i], "mode %04o%s", (unsigned)(stat_of.st_mode & 07777),
			    is_long ? "" : ", less than 3072 bits");
		/* RHEL's group ssh_keys may read them */
		if ((stat_of.st_mode & 0037) != 0)
			verdict_fail(verdict, REASON_HOST_KEY_READABLE);
	}
	if (!found) {
		verdict_add(verdict, "/etc/ssh", "no Ed25519 key, no RSA key of 3072 bits");
		verdict_fail(verdict, REASON_NO_HOST_KEY);
	}
}

static void check(struct context *context, struct verdict *verdict)
{
	struct buf policy CLEANUP(buf_done) = {0};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		check_list(context, i, verdict);
	check_host_keys(context, verdict);
	if (tree_read(&context->tree, "/etc/crypto-policies/config", &policy) == 0) {
		const char *line = buf_str(&policy);
		while (*line == '#' || *line == '\n')
			line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n');
		verdict_add(verdict, "/etc/crypto-policies/config", "%.*s",
			    (int)strcspn(line, "\n"), line);
	}
}

const struct item item_ssh_crypto = {
	.id = "ssh-crypto",
	.en = "SSH has no weak algorithm",
	.ja = "SSH に弱い暗号方式がない",
	.check = check,
	.plan = sshd_drop_in_plan,
	.apply = sshd_drop_in_apply,
};

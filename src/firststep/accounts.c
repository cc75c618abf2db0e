#include "firststep/accounts.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"

#define UID_PERSON      1000
#define UID_NOBODY      65534
#define SUDO_FILES_MAX  64
#define SUDO_DEPTH_MAX  8
#define SUDO_GROUPS_MAX 16

/* Cuts the next field off; NULL past the last. */
static char *field(char **rest, char separator)
{
	char *at = *rest;

	if (at == NULL)
		return NULL;
	char *end = strchr(at, separator);
	*rest = end != NULL ? end + 1 : NULL;
	if (end != NULL)
		*end = '\0';
	return at;
}

/* Calls @take with each line, which it may change. */
static int each_line(const char *text, int (*take)(void *closure, char *line), void *closure)
{
	while (*text != '\0') {
		char line[2048];
		const size_t len = strcspn(text, "\n");
		if (len < sizeof line) { /* a longer one is none of an account's */
			memcpy(line, text, len);
			line[len] = '\0';
			const int code = take(closure, line);
			if (code < 0)
				return code;
		}
		text += len + (text[len] == '\n');
	}
	return 0;
}

static int take_passwd(void *closure, char *line)
{
	struct accounts *accounts = closure;
	struct account account = {.changed_day = -1};
	uint64_t uid, gid;
	char *rest = line;
	const char *name = field(&rest, ':');

	(void)field(&rest, ':');
	const char *uid_text = field(&rest, ':'), *gid_text = field(&rest, ':');
	(void)field(&rest, ':');
	const char *home = field(&rest, ':'), *shell = field(&rest, ':');
	if (shell == NULL || strlen(name) >= sizeof account.name || *name == '\0' ||
	    strlen(home) >= sizeof account.home || strlen(shell) >= sizeof account.shell ||
	    parse_u64(uid_text, 0, UINT32_MAX, &uid) < 0 ||
	    parse_u64(gid_text, 0, UINT32_MAX, &gid) < 0)
		return 0;
	if (accounts->count == ACCOUNTS_MAX)
		return -E2BIG;
	memcpy(account.name, name, strlen(name) + 1);
	memcpy(account.home, home, strlen(home) + 1);
	memcpy(account.shell, shell, strlen(shell) + 1);
	account.uid = (uid_t)uid;
	account.gid = (gid_t)gid;
	accounts->list[accounts->count++] = account;
	return 0;
}

int accounts_parse_passwd(struct accounts *accounts, const char *text)
{
	if (accounts->list == NULL)
		accounts->list = calloc(ACCOUNTS_MAX, sizeof *accounts->list);
	return accounts->list == NULL ? -ENOMEM : each_line(text, take_passwd, accounts);
}

static struct account *find(struct accounts *accounts, const char *name)
{
	for (size_t i = 0; i < accounts->count; i++)
		if (strcmp(accounts->list[i].name, name) == 0)
			return &accounts->list[i];
	return NULL;
}

static enum password_state judge(const char *hash)
{
	static const char *const strong[] = {"$y$", "$gy$", "$7$", "$6$", "$2b$", "$2y$"};

	if (*hash == '\0')
		return PASSWORD_EMPTY;
	for (size_t i = 0; i < ARRAY_SIZE(strong); i++)
		if (strncmp(hash, strong[i], strlen(strong[i])) == 0)
			return PASSWORD_STRONG;
	/* crypt(3): a hash begins with $, or is DES's 13 letters; nothing matches anything else. */
	if (*hash == '$' || *hash == '_')
		return PASSWORD_WEAK;
	return strlen(hash) == 13 && strpbrk(hash, "!*:") == NULL ? PASSWORD_WEAK : PASSWORD_LOCKED;
}

static int take_shadow(void *closure, char *line)
{
	char *rest = line;
	const char *name = field(&rest, ':'), *hash = field(&rest, ':');
	const char *changed = field(&rest, ':');
	struct account *account = changed != NULL ? find(closure, name) : NULL;
	uint64_t day;

	if (account == NULL)
		return 0;
	account->password = judge(hash);
	if (parse_u64(changed, 0, 1000000, &day) == 0) {
		account->must_change = day == 0;
		account->changed_day = (long)day;
	}
	return 0;
}

void accounts_parse_shadow(struct accounts *accounts, const char *text)
{
	(void)each_line(text, take_shadow, accounts);
}

/* What sudoers says as far as it is needed: whole rights for a name or a group. */
struct sudo_search {
	const struct tree *tree;
	struct accounts *accounts;
	const char *file;
	char groups[SUDO_GROUPS_MAX][33];
	size_t group_count;
	unsigned files;
	unsigned depth;
};

static int read_sudoers(struct sudo_search *search, const char *path);

static void grant(struct account *account, const char *by, const char *file)
{
	if (account == NULL || account->has_sudo)
		return;
	account->has_sudo = true;
	(void)snprintf(account->sudo_by, sizeof account->sudo_by, "%.40s: %.50s", file, by);
}

static int read_sudoers_folder(struct sudo_search *search, const char *folder)
{
	struct tree_names names CLEANUP(tree_names_done) = {0};
	int code = tree_list(search->tree, folder, "*", &names);

	if (code < 0)
		return code == -ENOENT ? 0 : code;
	for (size_t i = 0; code == 0 && i < names.count; i++) {
		char path[600];
		/* sudoers(5): a name with a dot or a ~ at its end is passed over. */
		if (strchr(names.names[i], '.') != NULL ||
		    names.names[i][strlen(names.names[i]) - 1] == '~')
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", folder, names.names[i]);
		code = read_sudoers(search, path);
	}
	return code;
}

static int take_sudoers(void *closure, char *line)
{
	struct sudo_search *search = closure;
	char *at = line + strspn(line, " \t");
	char *rest = NULL;

	if (strncmp(at, "#includedir ", 12) == 0 || strncmp(at, "@includedir ", 12) == 0)
		return read_sudoers_folder(search, strtok_r(at + 11, " \t\r", &rest));
	if (strncmp(at, "#include ", 9) == 0 || strncmp(at, "@include ", 9) == 0)
		return read_sudoers(search, strtok_r(at + 8, " \t\r", &rest));
	char *who = *at == '#' ? NULL : strtok_r(at, " \t", &rest);
	if (who == NULL || rest == NULL)
		return 0;
	const char *equals = strchr(rest, '=');
	for (size_t len = strlen(rest); len > 0 && isspace((unsigned char)rest[len - 1]); len--)
		rest[len - 1] = '\0';
	/* NAME HOSTS=(ALL:ALL) [NOPASSWD:] ALL */
	const size_t len = strlen(rest);
	if (equals == NULL || len < 3 || strcmp(rest + len - 3, "ALL") != 0 || strchr(rest, '!') ||
	    (len > 3 && strchr(" \t:)=", rest[len - 4]) == NULL) || strncmp(rest, "ALL", 3) != 0)
		return 0;
	if (*who == '%' && search->group_count < SUDO_GROUPS_MAX && strlen(who) < 34)
		memcpy(search->groups[search->group_count++], who + 1, strlen(who));
	else if (*who != '%')
		grant(find(search->accounts, who), "ALL", search->file);
	return 0;
}

static int read_sudoers(struct sudo_search *search, const char *path)
{
	struct buf text CLEANUP(buf_done) = {0};
	const char *const outer = search->file;

	if (path == NULL || path[0] != '/')
		return 0;
	if (++search->files > SUDO_FILES_MAX || search->depth >= SUDO_DEPTH_MAX)
		return -E2BIG;
	int code = tree_read(search->tree, path, &text);
	if (code < 0)
		return code == -ENOENT ? 0 : code;
	search->file = path;
	search->depth++;
	code = each_line(buf_str(&text), take_sudoers, search);
	search->depth--;
	search->file = outer;
	return code;
}

static int take_group(void *closure, char *line)
{
	struct sudo_search *search = closure;
	char *rest = line;
	const char *name = field(&rest, ':');
	uint64_t gid;

	(void)field(&rest, ':');
	const char *gid_text = field(&rest, ':');
	char *members = field(&rest, ':');
	if (members == NULL || parse_u64(gid_text, 0, UINT32_MAX, &gid) < 0)
		return 0;
	for (size_t i = 0; i < search->group_count; i++) {
		char by[48];
		if (strcmp(search->groups[i], name) != 0)
			continue;
		(void)snprintf(by, sizeof by, "%%%.40s", name);
		char *inner = members;
		for (char *member; (member = field(&inner, ',')) != NULL;)
			grant(find(search->accounts, member), by, "/etc/group");
		for (size_t j = 0; j < search->accounts->count; j++)
			if (search->accounts->list[j].gid == gid)
				grant(&search->accounts->list[j], by, "/etc/passwd");
		break;
	}
	return 0;
}

int accounts_load(const struct tree *tree, struct accounts *ret)
{
	struct accounts accounts CLEANUP(accounts_done) = {0};
	struct buf passwd CLEANUP(buf_done) = {0}, shadow CLEANUP(buf_done) = {0};
	struct buf group CLEANUP(buf_done) = {0};
	struct sudo_search search = {.tree = tree, .accounts = &accounts};
	int code = tree_read(tree, "/etc/passwd", &passwd);

	if (code == 0)
		code = accounts_parse_passwd(&accounts, buf_str(&passwd));
	if (code < 0)
		return code;
	accounts.shadow_error = tree_read(tree, "/etc/shadow", &shadow);
	if (accounts.shadow_error == 0)
		accounts_parse_shadow(&accounts, buf_str(&shadow));
	explicit_bzero(shadow.data, shadow.len);
	accounts.sudo_error =
		tree_has(tree, "/etc/sudoers") ? read_sudoers(&search, "/etc/sudoers") : -ENOENT;
	if (accounts.sudo_error == 0)
		accounts.sudo_error = tree_read(tree, "/etc/group", &group);
	if (accounts.sudo_error == 0)
		(void)each_line(buf_str(&group), take_group, &search);
	*ret = accounts;
	accounts = (struct accounts){0};
	return 0;
}

void accounts_done(struct accounts *accounts)
{
	free(accounts->list);
	*accounts = (struct accounts){0};
}

bool account_can_log_in(const struct account *account)
{
	static const char *const closed[] = {"nologin", "false", "sync", "halt", "shutdown"};
	const char *slash = strrchr(account->shell, '/');
	const char *shell = slash != NULL ? slash + 1 : account->shell;

	for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
		if (strcmp(shell, closed[i]) == 0)
			return false;
	return account->uid == 0 || (account->uid >= UID_PERSON && account->uid != UID_NOBODY);
}

bool account_name_is_good(const char *name)
{
	const size_t len = strlen(name);

	if (len == 0 || len > 32 || !(islower((unsigned char)name[0]) || name[0] == '_'))
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

int account_keys(const struct tree *tree, const struct account *account)
{
	struct buf text CLEANUP(buf_done) = {0};
	char path[320];
	int keys = 0;

	(void)snprintf(path, sizeof path, "%s/.ssh/authorized_keys", account->home);
	const int code = tree_read(tree, path, &text);
	if (code < 0)
		return code;
	for (const char *at = buf_str(&text); *at != '\0';) {
		const size_t blank = strspn(at, " \t\r"), len = strcspn(at, "\n");
		if (at[blank] != '#' && blank < len)
			keys++;
		at += len + (at[len] == '\n');
	}
	return keys;
}

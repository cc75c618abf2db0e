// People of the system: passwd, shadow and group, and who may use sudo.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "firststep/tree.h"

#define ACCOUNTS_MAX 1024

enum password_state {
	PASSWORD_UNKNOWN, /* shadow could not be read, or has no such name */
	PASSWORD_LOCKED,
	PASSWORD_EMPTY,
	PASSWORD_WEAK, /* a hash that is easily broken */
	PASSWORD_STRONG,
};

struct account {
	char name[33];
	char home[256];
	char shell[128];
	uid_t uid;
	gid_t gid;
	enum password_state password;
	bool must_change; /* shadow's day of the last change is 0 */
	long changed_day; /* days since 1970; -1 when shadow does not say */
	bool has_sudo;
	char sudo_by[96]; /* where that is written */
};

struct accounts {
	struct account *list;
	size_t count;
	int shadow_error; /* why passwords are PASSWORD_UNKNOWN: 0 or -errno */
	int sudo_error;
};

int accounts_load(const struct tree *tree, struct accounts *ret);
void accounts_done(struct accounts *accounts);
/** account_can_log_in() - has a shell, and is root or an ordinary person. */
bool account_can_log_in(const struct account *account);
bool account_name_is_good(const char *name);
/** account_keys() - number of key lines in authorized_keys, or -errno. */
int account_keys(const struct tree *tree, const struct account *account);

/* For tests: the text parsers. */
int accounts_parse_passwd(struct accounts *accounts, const char *text);
void accounts_parse_shadow(struct accounts *accounts, const char *text);

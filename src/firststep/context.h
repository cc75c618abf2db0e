// What all items share while they are looked at; each part is read once, when first asked for.
#pragma once

#include <stdbool.h>

#include "firststep/accounts.h"
#include "firststep/settings.h"
#include "firststep/sockets.h"
#include "firststep/sshd_config.h"
#include "firststep/tree.h"

enum family { FAMILY_OTHER, FAMILY_DEBIAN, FAMILY_RHEL };

struct context {
	struct tree tree;
	struct settings settings;
	bool is_japanese;
	bool is_image; /* its user and keys come at the first boot of each server */
	enum family family;
	char os[96];

	bool has_sshd, has_accounts, has_sockets, has_dump;
	int sshd_error, accounts_error, sockets_error, dump_error;
	struct sshd_config sshd;
	struct sshd_config dump_root, dump_user; /* sshd -T, on the running system */
	struct accounts accounts;
	struct sockets sockets;
};

/** context_init() - open @root (NULL: the running system), read its os-release and settings. */
int context_init(struct context *context, const char *root, bool is_japanese, struct err *err);
/** context_init_anyway() - the running system, also when its settings have a mistake: going back
 * must not depend on them. */
int context_init_anyway(struct context *context, bool is_japanese, struct err *err);
void context_done(struct context *context);

/** Each returns 0 or why it cannot be had; the pointer stays the context's. */
int context_sshd(struct context *context, const struct sshd_config **ret);
int context_accounts(struct context *context, const struct accounts **ret);
int context_sockets(struct context *context, const struct sockets **ret);

/**
 * context_sshd_value() - the value in force outside of Match, and where it is from.
 * @as_root: for root; else for the first user with sudo, or nobody. Matters on the running system,
 *	     where sshd itself is asked (`sshd -T -C`); in a tree the files are read.
 * @ret_value: "" when nothing sets it. @ret_source: at least 192 bytes.
 */
int context_sshd_value(struct context *context, const char *keyword, bool as_root,
		       const char **ret_value, char *ret_source);
/** context_ssh_port() - the port that should be SSH's: the chosen one, else the one in force. */
uint16_t context_ssh_port(struct context *context);
/** context_sudo_user() - a user with sudo and an SSH key, NULL when there is none. */
const struct account *context_sudo_user(struct context *context);

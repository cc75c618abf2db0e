#include "model/role.h"

#include <errno.h>
#include <string.h>

static const char *const role_names[] = {
	[ROLE_NONE] = "none",
	[ROLE_READER] = "reader",
	[ROLE_OPERATOR] = "operator",
	[ROLE_OWNER] = "owner",
};

const char *role_name(enum role role)
{
	return (unsigned)role <= ROLE_OWNER ? role_names[role] : "none";
}

int role_parse(const char *text, enum role *ret)
{
	for (unsigned i = ROLE_READER; i <= ROLE_OWNER; i++) {
		if (strcmp(role_names[i], text) == 0) {
			*ret = (enum role)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *role_via_name(enum principal_via via)
{
	switch (via) {
	case PRINCIPAL_SESSION:
		return "session";
	case PRINCIPAL_TOKEN:
		return "token";
	case PRINCIPAL_LOCAL:
		return "local";
	}
	return "unknown";
}

static enum role role_needed(enum right right)
{
	switch (right) {
	case RIGHT_READ:
	case RIGHT_SPEAK:
		return ROLE_READER;
	case RIGHT_POWER:
	case RIGHT_MANAGE:
		return ROLE_OPERATOR;
	case RIGHT_ACCOUNT:
	case RIGHT_SERVICE_READ:
	case RIGHT_SERVICE:
		return ROLE_OWNER;
	}
	return ROLE_OWNER;
}

int role_allow(const struct principal *principal, enum right right, struct err *err)
{
	bool reads = right == RIGHT_READ || right == RIGHT_SERVICE_READ;
	bool of_service = right == RIGHT_SERVICE || right == RIGHT_SERVICE_READ;

	if (of_service && !principal->service)
		return err_set(err, ERR_FORBIDDEN, "only operators of the service may do this");
	if (principal->readonly && !reads)
		return err_set(err, ERR_TOKEN_READONLY,
			       "this token may only read: use one of scope read_write");
	if (principal->service)
		return 0;
	if (principal->role < role_needed(right))
		return err_set(err, ERR_FORBIDDEN,
			       "your role %s does not allow this: ask an owner of the account",
			       role_name(principal->role));
	return 0;
}

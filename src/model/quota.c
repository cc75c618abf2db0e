#include "model/quota.h"

#include <inttypes.h>

static const struct {
	const char *name;
	const char *words; /* "may have 8 …" */
} kinds[QUOTA_COUNT] = {
	[QUOTA_SERVERS] = {"servers", "servers"},
	[QUOTA_CORES] = {"cores", "virtual cores"},
	[QUOTA_MEMORY_MIB] = {"memory_mib", "MiB of memory"},
	[QUOTA_DISK_GB] = {"disk_gb", "GB of disk"},
	[QUOTA_ADDRESSES] = {"addresses", "addresses"},
	[QUOTA_SSH_KEYS] = {"ssh_keys", "SSH keys"},
	[QUOTA_TOKENS] = {"tokens", "API tokens"},
	[QUOTA_MEMBERS] = {"members", "members"},
	[QUOTA_SNAPSHOTS] = {"snapshots", "snapshots"},
};

const char *quota_name(enum quota quota)
{
	return (unsigned)quota < QUOTA_COUNT ? kinds[quota].name : "";
}

int quota_check(const struct quotas *limits, const struct quotas *used, const struct quotas *more,
		struct err *err)
{
	for (unsigned i = 0; i < QUOTA_COUNT; i++) {
		uint64_t sum;

		if (more->of[i] == 0 || limits->of[i] == 0 ||
		    (!__builtin_add_overflow(used->of[i], more->of[i], &sum) &&
		     sum <= limits->of[i]))
			continue;
		return err_set(err, ERR_LIMIT,
			       "this account may have %" PRIu64 " %s: it has %" PRIu64
			       ", and this needs %" PRIu64
			       " more; delete what is not needed, or ask the operator for more",
			       limits->of[i], kinds[i].words, used->of[i], more->of[i]);
	}
	return 0;
}

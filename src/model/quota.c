#include "model/quota.h"

#include <inttypes.h>

static const struct {
	const char *name;
	const char *words; /* "may have 8 …" */
	uint32_t of_new;
} kinds[QUOTA_COUNT] = {
	[QUOTA_SERVERS] = {"servers", "servers", 10},
	[QUOTA_CORES] = {"cores", "virtual cores", 64},
	[QUOTA_MEMORY_MIB] = {"memory_mib", "MiB of memory", 131072},
	[QUOTA_DISK_GB] = {"disk_gb", "GB of disk", 4000},
	[QUOTA_ADDRESSES] = {"addresses", "addresses", 20},
	[QUOTA_SSH_KEYS] = {"ssh_keys", "SSH keys", 100},
	[QUOTA_TOKENS] = {"tokens", "API tokens", 50},
	[QUOTA_MEMBERS] = {"members", "members", 50},
};

const char *quota_name(enum quota quota)
{
	return (unsigned)quota < QUOTA_COUNT ? kinds[quota].name : "";
}

struct quotas quota_new(void)
{
	struct quotas limits = {0};

	for (unsigned i = 0; i < QUOTA_COUNT; i++)
		limits.of[i] = kinds[i].of_new;
	return limits;
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

// How much an account may have: what is counted, and what it has of each.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum quota {
	QUOTA_SERVERS,
	QUOTA_CORES,
	QUOTA_MEMORY_MIB,
	QUOTA_DISK_GB,
	QUOTA_ADDRESSES,
	QUOTA_SSH_KEYS,
	QUOTA_TOKENS,
	QUOTA_MEMBERS,
	QUOTA_SNAPSHOTS, /* images of its own that are no backups */
	QUOTA_COUNT,
};

#define QUOTA_MOST 1000000000U

/* An amount of each: the limits of an account, where 0 is none, or what it has. */
struct quotas {
	uint64_t of[QUOTA_COUNT];
};

/** quota_name() - the API's word; static storage. */
const char *quota_name(enum quota quota);
/**
 * quota_check() - may an account with @limits that has @used get @more as well?
 *
 * What it does not get more of is not judged: who is over a limit that was lowered keeps what is
 * there. Return: 0 or ERR_LIMIT, whose text has the figures of the first that is too much.
 */
int quota_check(const struct quotas *limits, const struct quotas *used, const struct quotas *more,
		struct err *err);

// The NS records that zones begin with, when name servers come, go or get other names.
#pragma once

#include "core/core.h"
#include "model/rrset.h"

struct apex_counts {
	size_t zones;
	size_t outdated;  /* have nothing but names of ours there, and not those of now */
	size_t elsewhere; /* have other names as well: they are their owners' business */
	size_t protected; /* outdated, and protected from changes */
};

/** apex_start() - remember the names of [dns]; where they are others than the last time, every zone
 * goes to the name server again, because each has the first of them in its SOA. */
int apex_start(struct core *core, struct err *err);
/** apex_count() - how zones stand to the names of now. */
int apex_count(struct core *core, struct apex_counts *ret, struct err *err);
/**
 * apex_update() - outdated ones get the names of now, each by a version of its own, and a line in
 * their account's history. Within a transaction: all or none.
 * @who: for the versions.
 */
int apex_update(struct core *core, const char *who, struct apex_counts *ret, struct err *err);
/** apex_fill() - @rrset gets a record for each name server of now. */
int apex_fill(const struct core *core, struct rrset *rrset, struct err *err);

#include "core/dns/forward.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/store_zone.h"

#define MAX_ALIASES 8

const char *forward_name(enum forward forward)
{
	static const char *const names[] = {"unknown", "confirmed", "different", "missing"};

	return names[forward];
}

/* The longest of our zones that @name is in; *ret_below: what of the name is before it, or "@". */
static int find_zone(struct store *store, const char *name, struct zone *ret,
		     char ret_below[NAME_DNS_BYTES], struct err *err)
{
	for (const char *at = name; at != NULL && *at != '\0';) {
		int code = store_zone_get_by_name(store, 0, at, ret, err);
		/* What nobody has proven to be theirs says nothing, and what is fetched is not
		 * here. */
		if (code == 0 && (zone_is_unproven(ret) || ret->secondary)) {
			zone_done(ret);
			*ret = (struct zone){0};
			code = ERR_NOT_FOUND;
		}
		if (code != ERR_NOT_FOUND) {
			(void)snprintf(ret_below, NAME_DNS_BYTES, "%.*s",
				       at == name ? 1 : (int)(at - name - 1),
				       at == name ? "@" : name);
			return code;
		}
		at = strchr(at, '.');
		at = at != NULL ? at + 1 : NULL;
	}
	return ERR_NOT_FOUND;
}

/* What the sets of one name say. *ret_there: there is at least one. */
static int judge(struct store *store, const struct zone *zone, const char *name,
		 const struct ip *ip, enum forward *ret, char alias[NAME_DNS_BYTES],
		 bool *ret_there, struct err *err)
{
	const struct store_rrset_filter filter = {.zone_id = zone->id, .name = name};
	const enum rrset_type wanted = ip->family == 4 ? RRSET_A : RRSET_AAAA;
	struct store_rrsets rrsets CLEANUP(store_rrset_done) = {0};
	const int code = store_rrset_list(store, &filter, &rrsets, err);

	*ret_there = code == 0 && rrsets.count > 0;
	*ret = FORWARD_MISSING;
	for (size_t i = 0; code == 0 && i < rrsets.count; i++) {
		const struct rrset *rrset = &rrsets.items[i];
		if (rrset->type == RRSET_NS && strcmp(name, "@") != 0) {
			*ret = FORWARD_UNKNOWN; /* delegated: others know */
			return 0;
		}
		if (rrset->type == RRSET_CNAME && rrset->count > 0)
			(void)snprintf(alias, NAME_DNS_BYTES, "%s", rrset->records[0].value);
		if (rrset->type != wanted)
			continue;
		*ret = FORWARD_DIFFERENT;
		for (size_t j = 0; j < rrset->count; j++) {
			struct ip found;
			if (ip_parse(rrset->records[j].value, &found) == 0 && ip_equal(&found, ip))
				*ret = FORWARD_CONFIRMED;
		}
	}
	return code;
}

/* Of the names above @below, whether one is delegated away. */
static int is_delegated(struct store *store, const struct zone *zone, const char *below, bool *ret,
			struct err *err)
{
	int code = 0;

	*ret = false;
	for (const char *at = strchr(below, '.'); code == 0 && !*ret && at != NULL;
	     at = strchr(at + 1, '.')) {
		struct rrset rrset CLEANUP(rrset_done) = {0};
		code = store_rrset_get(store, zone->id, at + 1, RRSET_NS, &rrset, err);
		*ret = code == 0;
		code = code == ERR_NOT_FOUND ? 0 : code;
	}
	return code;
}

/* The wildcard nearest above @below, unless something that is there is nearer (RFC 4592). */
static int judge_wildcards(struct store *store, const struct zone *zone, const char *below,
			   const struct ip *ip, enum forward *ret, char alias[NAME_DNS_BYTES],
			   struct err *err)
{
	const char *at = below;
	bool there = false;
	int code = 0;

	while (code == 0 && !there && strcmp(at, "@") != 0) {
		struct ip none = *ip;
		enum forward ignored;
		char wildcard[NAME_DNS_BYTES + 2], other[NAME_DNS_BYTES] = "";
		const char *next = strchr(at, '.');
		at = next != NULL ? next + 1 : "@";
		(void)snprintf(wildcard, sizeof wildcard, "*%s%s", *at == '@' ? "" : ".",
			       *at == '@' ? "" : at);
		code = judge(store, zone, wildcard, ip, ret, alias, &there, err);
		if (code == 0 && !there)
			code = judge(store, zone, at, &none, &ignored, other, &there, err);
	}
	return code;
}

static int check_one(struct store *store, const char *name, const struct ip *ip, enum forward *ret,
		     char alias[NAME_DNS_BYTES], struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	char below[NAME_DNS_BYTES];
	bool there = false, delegated = false;
	int code = find_zone(store, name, &zone, below, err);

	*ret = FORWARD_UNKNOWN;
	if (code < 0)
		return code == ERR_NOT_FOUND ? 0 : code;
	if ((code = is_delegated(store, &zone, below, &delegated, err)) < 0 || delegated)
		return code;
	code = judge(store, &zone, below, ip, ret, alias, &there, err);
	if (code == 0 && !there && strcmp(below, "@") != 0)
		code = judge_wildcards(store, &zone, below, ip, ret, alias, err);
	return code;
}

/* An alias as it stands in the zone: absolute with a period at its end, else below the zone. */
static int follow(struct store *store, const char *alias, char name[NAME_DNS_BYTES],
		  struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	char below[NAME_DNS_BYTES], whole[2 * NAME_DNS_BYTES];
	const size_t len = strlen(alias);
	int code;

	if (len > 0 && alias[len - 1] == '.') {
		(void)snprintf(name, NAME_DNS_BYTES, "%.*s", (int)(len - 1), alias);
		return 0;
	}
	if ((code = find_zone(store, name, &zone, below, err)) < 0)
		return code;
	if (strcmp(alias, "@") == 0)
		(void)snprintf(whole, sizeof whole, "%s", zone.name);
	else
		(void)snprintf(whole, sizeof whole, "%s.%s", alias, zone.name);
	if (strlen(whole) >= NAME_DNS_BYTES)
		return ERR_NOT_FOUND;
	memcpy(name, whole, strlen(whole) + 1);
	return 0;
}

int forward_check(struct store *store, const char *name, const struct ip *ip, enum forward *ret,
		  struct err *err)
{
	char now[NAME_DNS_BYTES];
	int code;

	(void)snprintf(now, sizeof now, "%s", name);
	for (int i = 0; i < MAX_ALIASES; i++) {
		char alias[NAME_DNS_BYTES] = "";
		for (char *c = now; *c != '\0'; c++)
			*c = (char)tolower((unsigned char)*c);
		if ((code = check_one(store, now, ip, ret, alias, err)) < 0 || alias[0] == '\0')
			return code;
		if ((code = follow(store, alias, now, err)) < 0)
			return code == ERR_NOT_FOUND ? 0 : code;
	}
	*ret = FORWARD_MISSING; /* aliases in a circle */
	return 0;
}

#include "dns/secondaries.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Zones of customers and of addresses, and the list of both. */
static const char *const templates[] = {"default", "catalog", "secondary"};

#define KEY_PREFIX    "_transfer."
#define KEY_BYTES     (DNS_MESSAGE_NAME_BYTES + sizeof KEY_PREFIX)
#define REMOTE_PREFIX "_primary-"

/* What refers to the others goes first. */
static int clear(struct knot *knot, struct err *err)
{
	static const char *const sections[] = {"acl", "remote", "key"};
	int code = 0;

	for (size_t i = 0; code == 0 && i < sizeof templates / sizeof *templates; i++)
		if ((code = knot_unset(knot, "template", templates[i], "acl", err)) == 0)
			code = knot_unset(knot, "template", templates[i], "notify", err);
	for (size_t i = 0; code == 0 && i < sizeof sections / sizeof *sections; i++)
		code = knot_unset(knot, sections[i], NULL, NULL, err);
	return code;
}

static int add(struct knot *knot, const struct dns_job_server *server, struct err *err)
{
	char address[64];
	const struct {
		const char *section, *item, *value;
	} settings[] = {
		{"key", NULL, NULL},
		{"key", "algorithm", "hmac-sha256"},
		{"key", "secret", server->secret},
		{"remote", NULL, NULL},
		{"remote", "address", address},
		{"remote", "key", server->name},
		{"acl", NULL, NULL},
		{"acl", "key", server->name},
		{"acl", "action", "transfer"},
	};
	int code = 0;

	(void)snprintf(address, sizeof address, "%s@%" PRIu16, server->address, server->port);
	for (size_t i = 0; code == 0 && i < sizeof settings / sizeof *settings; i++)
		code = knot_set(knot, settings[i].section, server->name, settings[i].item,
				settings[i].value, err);
	for (size_t i = 0; code == 0 && i < sizeof templates / sizeof *templates; i++)
		if ((code = knot_set(knot, "template", templates[i], "acl", server->name, err)) ==
		    0)
			code = knot_set(knot, "template", templates[i], "notify", server->name,
					err);
	return code;
}

/* The key goes by a name that no server of ours can have: an underscore is in none of theirs. */
static int add_key(struct knot *knot, const struct dns_job_primary *primary, const char *name,
		   struct err *err)
{
	int code;

	if ((code = knot_set(knot, "key", name, NULL, NULL, err)) < 0 ||
	    (code = knot_set(knot, "key", name, "algorithm", primary->algorithm, err)) < 0)
		return code;
	return knot_set(knot, "key", name, "secret", primary->secret, err);
}

/* @name: of the zone's key and of what its primaries may. */
static int add_primary(struct knot *knot, const struct dns_job_primary *primary, size_t number,
		       const char *name, struct err *err)
{
	char id[32], address[64];
	int code;

	(void)snprintf(id, sizeof id, REMOTE_PREFIX "%zu", number);
	(void)snprintf(address, sizeof address, "%s@%" PRIu16, primary->address, primary->port);
	if ((code = knot_set(knot, "remote", id, NULL, NULL, err)) < 0 ||
	    (code = knot_set(knot, "remote", id, "address", address, err)) < 0 ||
	    (primary->algorithm[0] != '\0' &&
	     (code = knot_set(knot, "remote", id, "key", name, err)) < 0) ||
	    (code = knot_set(knot, "acl", name, "remote", id, err)) < 0)
		return code;
	return knot_set(knot, "zone", primary->zone, "master", id, err);
}

/* What is set of a zone itself takes the place of what its template says. Its primaries may say
 * that something has changed, and nobody else; they have one key, or none. */
static int begin_zone(struct knot *knot, const struct dns_job *job,
		      const struct dns_job_primary *primary, const char *name, struct err *err)
{
	int code;

	if ((code = knot_set(knot, "acl", name, NULL, NULL, err)) < 0 ||
	    (code = knot_set(knot, "acl", name, "action", "notify", err)) < 0 ||
	    (primary->algorithm[0] != '\0' && (code = add_key(knot, primary, name, err)) < 0) ||
	    (code = knot_set(knot, "zone", primary->zone, "acl", name, err)) < 0)
		return code;
	for (size_t i = 0; code == 0 && i < job->server_count; i++)
		code = knot_set(knot, "zone", primary->zone, "acl", job->servers[i].name, err);
	return code;
}

static int add_primaries(struct knot *knot, const struct dns_job *job, struct err *err)
{
	const char *last = NULL;
	int code = 0;

	for (size_t i = 0; code == 0 && i < job->primary_count; i++) {
		const struct dns_job_primary *primary = &job->primaries[i];
		char name[KEY_BYTES];
		(void)snprintf(name, sizeof name, KEY_PREFIX "%s", primary->zone);
		if (i == 0 || strcmp(primary->zone, job->primaries[i - 1].zone) != 0)
			if ((code = knot_unset(knot, "zone", primary->zone, "master", err)) < 0 ||
			    (code = knot_unset(knot, "zone", primary->zone, "acl", err)) < 0)
				return code;
		if (primary->address[0] == '\0')
			continue;
		if (last == NULL || strcmp(last, primary->zone) != 0)
			code = begin_zone(knot, job, primary, name, err);
		last = primary->zone;
		if (code == 0)
			code = add_primary(knot, primary, i, name, err);
	}
	return code;
}

int secondaries_set(struct knot *knot, const struct dns_job *job, struct err *err)
{
	struct err ignored = {0};
	int code = knot_begin_settings(knot, err);

	if (code < 0)
		return code;
	code = clear(knot, err);
	for (size_t i = 0; code == 0 && i < job->server_count; i++)
		code = add(knot, &job->servers[i], err);
	if (code == 0)
		code = add_primaries(knot, job, err);
	if (code == 0)
		return knot_commit_settings(knot, err);
	if (code != ERR_UNAVAILABLE)
		(void)knot_abort_settings(knot, &ignored);
	return code;
}

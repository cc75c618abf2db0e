#include "dns/secondaries.h"

#include <inttypes.h>
#include <stdio.h>

/* Zones of customers and of addresses, and the list of both. */
static const char *const templates[] = {"default", "catalog"};

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

int secondaries_set(struct knot *knot, const struct dns_job_server *servers, size_t count,
		    struct err *err)
{
	struct err ignored = {0};
	int code = knot_begin_settings(knot, err);

	if (code < 0)
		return code;
	code = clear(knot, err);
	for (size_t i = 0; code == 0 && i < count; i++)
		code = add(knot, &servers[i], err);
	if (code == 0)
		return knot_commit_settings(knot, err);
	if (code != ERR_UNAVAILABLE)
		(void)knot_abort_settings(knot, &ignored);
	return code;
}

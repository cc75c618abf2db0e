#include "core/dns/lookups.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "core/dns/dns.h"
#include "core/visitor/visitor_link.h"

#define RESOLV_CONF     "/etc/resolv.conf"
#define RESOLV_MAX      65536
#define DNS_PORT        53
#define NAME_SERVER_KEY "nameserver"

struct lookups {
	struct core *core;
	struct visitor_link *link;
	struct ip resolver; /* family 0: there is none */
	uint16_t port;
};

struct question {
	lookups_reply *reply;
	void *context;
};

static const struct visitor_kind kind = {
	.program = "ippo-probe",
	.ask = SUPERVISION_LOOKUPS,
	.reply = PROBE_REPLY,
	.ended = "what asks the resolver has ended",
	.silent = "what asks the resolver does not answer",
};

/* The first one that is an address (resolv.conf(5)). */
static void read_resolver(struct lookups *lookups)
{
	struct buf text CLEANUP(buf_done) = {0};
	char *rest, *line;

	if (fd_read_file(AT_FDCWD, RESOLV_CONF, RESOLV_MAX, &text) < 0 || text.len == 0 ||
	    buf_putc(&text, '\0') < 0)
		return;
	for (rest = (char *)text.data; (line = strsep(&rest, "\n")) != NULL;) {
		line += strspn(line, " \t");
		if (strncmp(line, NAME_SERVER_KEY, strlen(NAME_SERVER_KEY)) != 0)
			continue;
		line += strlen(NAME_SERVER_KEY);
		line += strspn(line, " \t");
		line[strcspn(line, " \t%#;")] = '\0';
		if (ip_parse(line, &lookups->resolver) == 0)
			return;
	}
}

int lookups_new(struct core *core, struct lookups **ret, struct err *err)
{
	struct lookups *lookups = calloc(1, sizeof *lookups);
	const char *wanted = core->config->dns_resolver;
	int code = lookups == NULL ? err_set(err, -ENOMEM, "no memory") : 0;

	if (code < 0)
		return code;
	lookups->core = core;
	lookups->port = DNS_PORT;
	if (*wanted == '\0')
		read_resolver(lookups);
	else if (dns_parse_address(wanted, DNS_PORT, &lookups->resolver, &lookups->port) < 0)
		code = err_set(err, ERR_INVALID_INPUT,
			       "resolver in [dns] must be address, address:port or [address]:port");
	if (code == 0)
		code = visitor_link_new(&core->loop, &kind, &lookups->link, err);
	if (code < 0) {
		free(lookups);
		return code;
	}
	*ret = lookups;
	return 0;
}

void lookups_start(struct lookups *lookups)
{
	visitor_link_set_child(lookups->link, lookups->core->child);
}

void lookups_connect(struct lookups *lookups, int fd)
{
	visitor_link_connect(lookups->link, fd);
}

bool lookups_is_resolver(const struct lookups *lookups, const struct ip *ip, uint16_t port)
{
	struct ip any = *ip;

	if (lookups->resolver.family != ip->family || lookups->port != port)
		return false;
	for (size_t i = 0; i < sizeof any.bytes; i++)
		any.bytes[i] = 0;
	return ip_equal(ip, &any) || ip_equal(ip, &lookups->resolver);
}

static void on_answer(void *context, int code, const char *text, struct reader *in)
{
	AUTO_FREE struct question *question = context;
	AUTO_FREE struct probe_names *names = calloc(1, sizeof *names);
	static const struct probe_names no_memory = {.why = "no memory"};

	if (names == NULL) {
		question->reply(question->context, &no_memory);
		return;
	}
	if (code < 0)
		(void)snprintf(names->why, sizeof names->why, "%s", text);
	else if (probe_names_read(in, names) < 0 || reader_done(in) < 0)
		(void)snprintf(names->why, sizeof names->why,
			       "what asks the resolver makes no sense");
	question->reply(question->context, names);
}

static int ask(struct lookups *lookups, const struct probe_question *wanted, lookups_reply *reply,
	       void *context, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};
	AUTO_FREE struct question *question = calloc(1, sizeof *question);
	int code;

	probe_question_write(&body, wanted);
	if (question == NULL || body.error < 0)
		return err_set(err, -ENOMEM, "no memory");
	*question = (struct question){reply, context};
	code = visitor_link_call(lookups->link, PROBE_ASK, &body, -1, on_answer, question, err);
	if (code == 0)
		(void)steal_ptr(question);
	return code;
}

int lookups_ask(struct lookups *lookups, const char *name, uint16_t type, bool exact,
		lookups_reply *reply, void *context, struct err *err)
{
	struct probe_question wanted = {.type = type, .exact = exact};

	if (lookups == NULL || lookups->resolver.family == 0)
		return err_set(err, ERR_UNAVAILABLE,
			       "there is no resolver to ask: resolver in [dns] of ippo.conf(5)");
	wanted.resolver = lookups->resolver;
	wanted.port = lookups->port;
	(void)snprintf(wanted.name, sizeof wanted.name, "%s", name);
	return ask(lookups, &wanted, reply, context, err);
}

int lookups_ask_at(struct lookups *lookups, const struct ip *ip, uint16_t port, const char *name,
		   uint16_t type, lookups_reply *reply, void *context, struct err *err)
{
	struct probe_question wanted = {.resolver = *ip, .port = port, .type = type};

	(void)snprintf(wanted.name, sizeof wanted.name, "%s", name);
	return ask(lookups, &wanted, reply, context, err);
}

int lookups_ask_transfer(struct lookups *lookups, const struct zone_primary *primary,
			 const char *zone, lookups_reply *reply, void *context, struct err *err)
{
	struct probe_question wanted = {.port = primary->port, .type = PROBE_TRANSFER};
	int code;

	if (ip_parse(primary->address, &wanted.resolver) < 0)
		return err_set(err, ERR_CORRUPT, "a primary name server without an address");
	(void)snprintf(wanted.name, sizeof wanted.name, "%s", zone);
	if (primary->tsig_algorithm[0] != '\0') {
		(void)snprintf(wanted.algorithm, sizeof wanted.algorithm, "%s",
			       primary->tsig_algorithm);
		(void)snprintf(wanted.key_name, sizeof wanted.key_name, ZONE_TSIG_PREFIX "%s.",
			       zone);
		(void)snprintf(wanted.secret, sizeof wanted.secret, "%s", primary->tsig_key);
	}
	code = ask(lookups, &wanted, reply, context, err);
	explicit_bzero(&wanted, sizeof wanted);
	return code;
}

/*
 * No full grammar of nft: tokens, tables, chains, and of each rule only whether it lets a new
 * packet from anybody in. A rule that accepts is looked through for what narrows it: loopback, an
 * established connection, ICMP, a port, a source address. Without any of these it accepts
 * everything; with a word that may narrow it in a way not known here the chain is unclear, and
 * nobody is told that it is closed.
 */
#include "firststep/filter.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"

#define TOKENS_MAX 32768
#define TOKEN_MAX  64

struct token {
	char text[TOKEN_MAX];
};

struct tokens {
	struct token *list;
	size_t count;
};

static void tokens_done(struct tokens *tokens)
{
	free(tokens->list);
}

static int push(struct tokens *tokens, const char *text, size_t len)
{
	if (tokens->count == TOKENS_MAX)
		return -E2BIG;
	if (tokens->count % 256 == 0) {
		struct token *larger =
			realloc(tokens->list, (tokens->count + 256) * sizeof *larger);
		if (larger == NULL)
			return -ENOMEM;
		tokens->list = larger;
	}
	struct token *at = &tokens->list[tokens->count++];
	if (len >= sizeof at->text)
		len = sizeof at->text - 1;
	memcpy(at->text, text, len);
	at->text[len] = '\0';
	return 0;
}

/* A line's end is a token of its own, as is ";": both end a statement. */
static int tokenize(const char *at, struct tokens *tokens)
{
	int code = 0;

	while (code == 0 && *at != '\0') {
		if (*at == '\\' && at[1] == '\n') {
			at += 2;
		} else if (*at == '\n' || *at == ';') {
			code = push(tokens, ";", 1);
			at++;
		} else if (isspace((unsigned char)*at)) {
			at++;
		} else if (*at == '#') {
			at += strcspn(at, "\n");
		} else if (*at == '"') {
			const size_t len = strcspn(at + 1, "\"\n");
			code = push(tokens, at + 1, len);
			at += 1 + len + (at[1 + len] == '"');
		} else if (strchr("{},", *at) != NULL) {
			code = push(tokens, at++, 1);
		} else {
			const size_t len = strcspn(at, " \t\r\n\f\v;{},\"#");
			code = push(tokens, at, len);
			at += len;
		}
	}
	return code;
}

static bool is(const struct tokens *tokens, size_t at, const char *text)
{
	return at < tokens->count && strcmp(tokens->list[at].text, text) == 0;
}

/* The place behind the block that begins at @at with "{"; 0 when it does not end. */
static size_t block_end(const struct tokens *tokens, size_t at)
{
	unsigned depth = 0;

	for (; at < tokens->count; at++) {
		if (is(tokens, at, "{"))
			depth++;
		else if (is(tokens, at, "}") && --depth == 0)
			return at + 1;
	}
	return 0;
}

/* The place of the ";" or "}" that ends the statement at @at; braces of sets belong to it. */
static size_t statement_end(const struct tokens *tokens, size_t at, size_t end)
{
	while (at < end && !is(tokens, at, ";") && !is(tokens, at, "}")) {
		size_t behind = is(tokens, at, "{") ? block_end(tokens, at) : at + 1;
		at = behind == 0 || behind > end ? end : behind;
	}
	return at;
}

/* One rule, as far as it has been understood. */
struct rule {
	bool accepts, refuses;
	bool is_loopback, is_established, is_icmp, is_from_some, has_port, is_unclear;
	bool has_match;
	size_t jump; /* token of the chain's name, 0 for none */
	struct ports ports;
};

static int port_token(const char *text, bool udp, bool both, struct ports *ports)
{
	static const struct {
		const char *name;
		uint16_t port;
	} names[] = {{"ssh", 22}, {"http", 80}, {"https", 443}, {"domain", 53}, {"smtp", 25}};
	char spelled[40];
	struct port_range range;
	int code;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(text, names[i].name) == 0) {
			range = (struct port_range){names[i].port, names[i].port, udp};
			code = ports_add(ports, range);
			range.is_udp = true;
			return code == 0 && both ? ports_add(ports, range) : code;
		}
	if ((size_t)snprintf(spelled, sizeof spelled, "%s/%s", text, udp ? "udp" : "tcp") >=
		    sizeof spelled ||
	    ports_parse_one(spelled, &range) < 0)
		return -EINVAL;
	code = ports_add(ports, range);
	range.is_udp = true;
	return code == 0 && both ? ports_add(ports, range) : code;
}

/* A value or a { set } at @at; calls @take with each token. Returns the place behind it. */
static size_t value_each(const struct tokens *tokens, size_t at, size_t end,
			 bool (*take)(void *closure, const char *text), void *closure,
			 bool *ret_all)
{
	*ret_all = true;
	if (!is(tokens, at, "{")) {
		size_t behind = at;
		/* "established,related" without braces */
		do {
			if (behind >= end || !take(closure, tokens->list[behind].text))
				*ret_all = false;
			behind++;
		} while (behind < end && is(tokens, behind, ",") && ++behind < end);
		return behind;
	}
	size_t behind = block_end(tokens, at);
	if (behind == 0 || behind > end) {
		*ret_all = false;
		return end;
	}
	for (size_t i = at + 1; i + 1 < behind; i++)
		if (!is(tokens, i, ",") && !is(tokens, i, ";") &&
		    !take(closure, tokens->list[i].text))
			*ret_all = false;
	return behind;
}

static bool take_known_state(void *closure, const char *text)
{
	(void)closure;
	return strcmp(text, "established") == 0 || strcmp(text, "related") == 0 ||
	       strcmp(text, "invalid") == 0;
}

/* By name, or by number as nft prints it where there is no /etc/protocols. */
static bool take_icmp(void *closure, const char *text)
{
	(void)closure;
	return strcmp(text, "icmp") == 0 || strcmp(text, "icmpv6") == 0 ||
	       strcmp(text, "ipv6-icmp") == 0 || strcmp(text, "1") == 0 || strcmp(text, "58") == 0;
}

static bool take_anything(void *closure, const char *text)
{
	(void)closure;
	return strncmp(text, "!=", 2) != 0 && text[0] != '@' && text[0] != '$';
}

struct port_taker {
	struct ports *ports;
	bool udp, both;
};

static bool take_port(void *closure, const char *text)
{
	const struct port_taker *taker = closure;

	return port_token(text, taker->udp, taker->both, taker->ports) == 0;
}

/* Reads one match that begins at @at; returns the place behind it. */
static size_t read_match(const struct tokens *tokens, size_t at, size_t end, struct rule *rule)
{
	const char *word = tokens->list[at].text;
	const char *next = at + 1 < end ? tokens->list[at + 1].text : "";
	bool all = true;

	rule->has_match = true;
	if (strcmp(word, "iif") == 0 || strcmp(word, "iifname") == 0) {
		if (strcmp(next, "lo") == 0)
			rule->is_loopback = true;
		else /* the world comes in by some interface: narrows nothing */
			rule->is_unclear |= next[0] == '!' || next[0] == '@' || next[0] == '$';
		return at + 2;
	}
	if (strcmp(word, "ct") == 0 && strcmp(next, "state") == 0 && is(tokens, at + 2, "vmap") &&
	    is(tokens, at + 3, "{")) {
		const size_t behind = block_end(tokens, at + 3);
		/* A verdict for packets that begin something is one for all of them. */
		for (size_t i = at + 3; i < behind; i++)
			rule->is_unclear |= is(tokens, i, "new") || is(tokens, i, "untracked");
		rule->accepts |= rule->is_unclear;
		return behind != 0 && behind <= end ? behind : end;
	}
	if (strcmp(word, "ct") == 0 && strcmp(next, "state") == 0) {
		at = value_each(tokens, at + 2, end, take_known_state, NULL, &all);
		rule->is_established |= all;
		return at;
	}
	if (strcmp(word, "icmp") == 0 || strcmp(word, "icmpv6") == 0) {
		rule->is_icmp = true;
		at = value_each(tokens, at + 2, end, take_anything, NULL, &all);
		return at;
	}
	if ((strcmp(word, "ip") == 0 && strcmp(next, "protocol") == 0) ||
	    (strcmp(word, "ip6") == 0 && strcmp(next, "nexthdr") == 0) ||
	    (strcmp(word, "meta") == 0 && strcmp(next, "l4proto") == 0)) {
		at = value_each(tokens, at + 2, end, take_icmp, NULL, &all);
		rule->is_icmp |= all;
		return at;
	}
	if ((strcmp(word, "ip") == 0 || strcmp(word, "ip6") == 0) && strcmp(next, "saddr") == 0) {
		const bool everybody =
			is(tokens, at + 2, "0.0.0.0/0") || is(tokens, at + 2, "::/0");
		at = value_each(tokens, at + 2, end, take_anything, NULL, &all);
		rule->is_from_some |= all && !everybody;
		rule->is_unclear |= !all;
		return at;
	}
	if ((strcmp(word, "tcp") == 0 || strcmp(word, "udp") == 0 || strcmp(word, "th") == 0) &&
	    strcmp(next, "dport") == 0) {
		struct port_taker taker = {&rule->ports, word[0] == 'u', word[1] == 'h'};
		at = value_each(tokens, at + 2, end, take_port, &taker, &all);
		rule->has_port = true;
		rule->is_unclear |= !all;
		return at;
	}
	if ((strcmp(word, "tcp") == 0 || strcmp(word, "udp") == 0) && strcmp(next, "sport") == 0)
		/* Whoever sends chooses it: it keeps nobody out. */
		return value_each(tokens, at + 2, end, take_anything, NULL, &all);
	/* Narrows in a way that is not looked at: it may let anything in. */
	rule->is_unclear = true;
	return at + 1;
}

/* Words that match nothing and decide nothing; how many tokens they take. */
static size_t skip(const struct tokens *tokens, size_t at, size_t end)
{
	if (is(tokens, at, "counter")) {
		at++;
		while (at + 1 < end && (is(tokens, at, "packets") || is(tokens, at, "bytes")))
			at += 2;
		return at;
	}
	if (is(tokens, at, "comment"))
		return at + 2;
	if (is(tokens, at, "meta") && (is(tokens, at + 1, "nfproto")))
		return at + 3;
	if (is(tokens, at, "log")) { /* log prefix "..." level ... */
		at++;
		while (at + 1 < end && (is(tokens, at, "prefix") || is(tokens, at, "level") ||
					is(tokens, at, "group") || is(tokens, at, "flags")))
			at += 2;
		return at;
	}
	if (is(tokens, at, "limit") && is(tokens, at + 1, "rate")) {
		at += 2;
		at += is(tokens, at, "over");
		at++; /* 10/second */
		while (at + 2 < end && is(tokens, at, "burst"))
			at += 3;
		return at;
	}
	return 0;
}

static void read_rule(const struct tokens *tokens, size_t at, size_t end, struct rule *rule)
{
	while (at < end) {
		const size_t behind = skip(tokens, at, end);
		if (behind != 0) {
			/* A limit may not close what follows it. */
			rule->has_match |= is(tokens, at, "limit") || is(tokens, at, "meta");
			at = behind;
		} else if (is(tokens, at, "accept")) {
			rule->accepts = true;
			return;
		} else if (is(tokens, at, "drop") || is(tokens, at, "reject")) {
			rule->refuses = true;
			return;
		} else if (is(tokens, at, "return") || is(tokens, at, "continue")) {
			return;
		} else if (is(tokens, at, "jump") || is(tokens, at, "goto")) {
			rule->jump = at + 1 < end ? at + 1 : 0;
			return;
		} else if (is(tokens, at, "vmap") || is(tokens, at, "queue")) {
			rule->is_unclear = rule->accepts = true;
			return;
		} else {
			at = read_match(tokens, at, end, rule);
		}
	}
}

struct table {
	const struct tokens *tokens;
	size_t begin, end; /* inside its braces */
};

/* Where the chain of that name begins inside its braces; 0 when there is none. */
static size_t find_chain(const struct table *table, const char *name, size_t *ret_end)
{
	for (size_t at = table->begin; at < table->end;) {
		if (is(table->tokens, at, "chain") && is(table->tokens, at + 1, name) &&
		    is(table->tokens, at + 2, "{")) {
			const size_t behind = block_end(table->tokens, at + 2);
			if (behind == 0)
				return 0;
			*ret_end = behind - 1;
			return at + 3;
		}
		if (is(table->tokens, at, "{")) {
			const size_t behind = block_end(table->tokens, at);
			if (behind == 0)
				return 0;
			at = behind;
		} else {
			at++;
		}
	}
	return 0;
}

static void unclear(const struct tokens *tokens, size_t at, size_t end, struct filter_chain *chain)
{
	size_t used = 0;

	if (chain->is_unclear)
		return;
	chain->is_unclear = true;
	for (; at < end && used + 2 < sizeof chain->unclear; at++)
		used += (size_t)snprintf(chain->unclear + used, sizeof chain->unclear - used,
					 "%s%s", used > 0 ? " " : "", tokens->list[at].text);
}

/* The rules of one chain. *ret_stop: everything that comes here is refused at the latest now. */
static int read_chain(const struct table *table, size_t at, size_t end, unsigned depth,
		      struct filter_chain *chain, bool *ret_open, bool *ret_stop)
{
	const struct tokens *tokens = table->tokens;

	if (depth > FILTER_DEPTH_MAX)
		return -ELOOP;
	for (size_t next; at < end && !*ret_stop; at = next + 1) {
		struct rule rule = {0};
		next = statement_end(tokens, at, end);
		if (next == at || is(tokens, at, "type") || is(tokens, at, "policy") ||
		    is(tokens, at, "comment"))
			continue;
		read_rule(tokens, at, next, &rule);
		size_t jump_end = 0;
		const size_t jump =
			rule.jump != 0 ? find_chain(table, tokens->list[rule.jump].text, &jump_end)
				       : 0;
		if (jump != 0) {
			bool stop = false;
			const int code = read_chain(table, jump, jump_end, depth + 1, chain,
						    ret_open, &stop);
			if (code < 0)
				return code;
			*ret_stop = stop && !rule.has_match;
		} else if (rule.jump != 0) {
			unclear(tokens, at, next, chain);
		} else if (rule.refuses) {
			*ret_stop = !rule.has_match;
		} else if (rule.accepts && !rule.is_loopback && !rule.is_established &&
			   !rule.is_icmp && !rule.is_from_some) {
			if (rule.is_unclear)
				unclear(tokens, at, next, chain);
			else if (!rule.has_port)
				*ret_open = true;
			for (size_t i = 0; rule.has_port && i < rule.ports.count; i++)
				if (ports_add(&chain->open, rule.ports.ranges[i]) < 0)
					unclear(tokens, at, next, chain);
		}
	}
	return 0;
}

/* A base chain for input? Its policy too. */
static bool is_input(const struct tokens *tokens, size_t at, size_t end, bool *ret_drop)
{
	bool found = false;

	*ret_drop = false;
	for (; at < end; at++) {
		found |= is(tokens, at, "hook") && is(tokens, at + 1, "input");
		*ret_drop |= is(tokens, at, "policy") && is(tokens, at + 1, "drop");
	}
	return found;
}

static int read_table(const struct table *table, const char *family, struct filter *filter)
{
	const struct tokens *tokens = table->tokens;

	for (size_t at = table->begin; at < table->end;) {
		if (!is(tokens, at, "chain") || !is(tokens, at + 2, "{")) {
			const size_t behind = is(tokens, at, "{") ? block_end(tokens, at) : at + 1;
			if (behind == 0)
				return -EINVAL;
			at = behind;
			continue;
		}
		const size_t behind = block_end(tokens, at + 2);
		struct filter_chain chain = {.is_v4 = strcmp(family, "ip6") != 0,
					     .is_v6 = strcmp(family, "ip") != 0};
		bool drop, open = false, stop = false;
		if (behind == 0)
			return -EINVAL;
		if (is_input(tokens, at + 3, behind - 1, &drop)) {
			if (filter->count == FILTER_CHAINS_MAX)
				return -E2BIG;
			(void)snprintf(chain.name, sizeof chain.name, "%s %s", family,
				       tokens->list[at + 1].text);
			const int code =
				read_chain(table, at + 3, behind - 1, 0, &chain, &open, &stop);
			if (code < 0)
				return code;
			chain.is_closed = (drop || stop) && !open;
			filter->chains[filter->count++] = chain;
		}
		at = behind;
	}
	return 0;
}

int filter_parse(const char *text, struct filter *ret)
{
	struct tokens tokens CLEANUP(tokens_done) = {0};
	struct filter *filter AUTO_FREE = calloc(1, sizeof *filter);
	int code = filter == NULL ? -ENOMEM : tokenize(text, &tokens);

	for (size_t at = 0; code == 0 && at < tokens.count;) {
		if (!is(&tokens, at, "table")) {
			/* flush ruleset; a new beginning */
			if (is(&tokens, at, "flush") && is(&tokens, at + 1, "ruleset"))
				filter->count = 0;
			if (is(&tokens, at, "}"))
				return -EINVAL;
			at = is(&tokens, at, "{") ? block_end(&tokens, at) : at + 1;
			if (at == 0)
				return -EINVAL;
			continue;
		}
		char family[TOKEN_MAX] = "ip";
		static const char *const families[] = {"ip",  "ip6",    "inet",
						       "arp", "bridge", "netdev"};
		at++;
		for (size_t i = 0; i < ARRAY_SIZE(families); i++)
			if (is(&tokens, at, families[i]) && !is(&tokens, at + 1, "{")) {
				(void)snprintf(family, sizeof family, "%s", families[i]);
				at++;
				break;
			}
		at++; /* its name */
		if (!is(&tokens, at, "{"))
			continue;
		const size_t behind = block_end(&tokens, at);
		if (behind == 0)
			return -EINVAL;
		const struct table table = {&tokens, at + 1, behind - 1};
		if (strcmp(family, "ip") == 0 || strcmp(family, "ip6") == 0 ||
		    strcmp(family, "inet") == 0)
			code = read_table(&table, family, filter);
		at = behind;
	}
	if (code == 0)
		*ret = *filter;
	return code;
}

/* The value of an attribute inside one tag; -ENOENT without it. */
static int attribute(const char *tag, size_t tag_len, const char *name, char *out, size_t size)
{
	const size_t name_len = strlen(name);

	for (size_t i = 1; i + name_len + 2 < tag_len; i++) {
		if (!isspace((unsigned char)tag[i - 1]) || strncmp(tag + i, name, name_len) != 0 ||
		    tag[i + name_len] != '=')
			continue;
		const char quote = tag[i + name_len + 1];
		if (quote != '"' && quote != '\'')
			return -EINVAL;
		const char *begin = tag + i + name_len + 2;
		const char *end = memchr(begin, quote, (size_t)(tag + tag_len - begin));
		if (end == NULL || (size_t)(end - begin) >= size)
			return -EINVAL;
		memcpy(out, begin, (size_t)(end - begin));
		out[end - begin] = '\0';
		return 0;
	}
	return -ENOENT;
}

static bool tag_is(const char *tag, size_t len, const char *name)
{
	const size_t name_len = strlen(name);

	return len >= name_len && strncmp(tag, name, name_len) == 0 &&
	       (len == name_len || isspace((unsigned char)tag[name_len]) || tag[name_len] == '/');
}

static int read_tag(const char *tag, size_t len, struct zone *zone, bool *ret_rich)
{
	char value[64], protocol[16];

	if (tag_is(tag, len, "zone")) {
		const int code = attribute(tag, len, "target", zone->target, sizeof zone->target);
		return code == -ENOENT ? 0 : code;
	}
	if (tag_is(tag, len, "rule") || tag_is(tag, len, "forward-port") ||
	    tag_is(tag, len, "protocol")) {
		*ret_rich = true;
		return 0;
	}
	if (tag_is(tag, len, "service") && attribute(tag, len, "name", value, sizeof value) == 0) {
		if (zone->service_count == ZONE_SERVICES_MAX)
			return -E2BIG;
		memcpy(zone->services[zone->service_count++], value, strlen(value) + 1);
		return 0;
	}
	if (tag_is(tag, len, "port")) {
		char spelled[96];
		struct port_range range;
		if (attribute(tag, len, "port", value, sizeof value) < 0 ||
		    attribute(tag, len, "protocol", protocol, sizeof protocol) < 0)
			return 0; /* a service that knows a protocol alone */
		(void)snprintf(spelled, sizeof spelled, "%s/%s", value, protocol);
		if (ports_parse_one(spelled, &range) < 0) {
			*ret_rich = true; /* sctp, dccp */
			return 0;
		}
		return ports_add(&zone->open, range);
	}
	return 0;
}

int zone_parse(const char *text, struct zone *ret, bool *ret_rich)
{
	struct zone *zone AUTO_FREE = calloc(1, sizeof *zone);
	bool rich = false, found = false;

	if (zone == NULL)
		return -ENOMEM;
	while ((text = strchr(text, '<')) != NULL) {
		if (strncmp(text, "<!--", 4) == 0) {
			text = strstr(text, "-->");
			if (text == NULL)
				return -EINVAL;
			continue;
		}
		const char *end = strchr(text, '>');
		if (end == NULL)
			return -EINVAL;
		const size_t len = (size_t)(end - text) - 1;
		found |= tag_is(text + 1, len, "zone") || tag_is(text + 1, len, "service");
		const int code = read_tag(text + 1, len, zone, &rich);
		if (code < 0)
			return code;
		text = end;
	}
	if (!found)
		return -EINVAL;
	*ret = *zone;
	*ret_rich = rich;
	return 0;
}

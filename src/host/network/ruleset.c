#include "host/network/ruleset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "host/network/filter.h"
#include "host/network/rate.h"
#include "host/process.h"

#define NFT_TIMEOUT_S 60
#define COUNTERS_MAX  1024

/* All of it is in a file before nft is started: through a pipe, nft would take for the whole what
 * it had got when this process was killed, and a chain without its end refuses nothing. */
int ruleset_load(const struct buf *rules, struct err *err)
{
	static const char *const arguments[] = {"nft", "-f", "-", NULL};
	const int fd AUTO_CLOSE = memfd_create("rules", MFD_CLOEXEC);
	/* A child of its own: nft's memory, which grows with the table, goes with it. */
	const struct process process = {.arguments = arguments,
					.stdin_fd = fd,
					.stdout_fd = -1,
					.timeout_s = NFT_TIMEOUT_S};
	int code;

	if (rules->error != 0 || fd < 0)
		return err_set(err, rules->error != 0 ? rules->error : -errno,
			       "no memory for the packet filter's rules");
	if (rules->len == 0)
		return 0;
	if ((code = fd_write_all(fd, rules->data, rules->len)) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_set(err, code < 0 ? code : -errno,
			       "no memory for the packet filter's rules");
	return process_run(&process, NULL, err);
}

bool ruleset_has_table(const char *instance)
{
	char table[FILTER_TABLE_BYTES];
	const char *const arguments[] = {"nft", "list", "chain", "inet", table, "prerouting", NULL};
	const struct process process = {.arguments = arguments,
					.stdin_fd = -1,
					.stdout_fd = -1,
					.timeout_s = NFT_TIMEOUT_S};

	filter_table_name(instance, table);
	return process_run(&process, NULL, NULL) == 0;
}

/* NFT_MSG_GETGEN: the kernel numbers its transactions. */
int ruleset_generation(uint32_t *ret)
{
	const struct timeval patience = {.tv_sec = 5};
	struct {
		struct nlmsghdr header;
		struct nfgenmsg message;
	} request = {.header = {.nlmsg_len = sizeof request,
				.nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
				.nlmsg_flags = NLM_F_REQUEST},
		     .message = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0}};
	uint8_t answer[512] __attribute__((aligned(8)));
	const int fd AUTO_CLOSE = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	size_t used = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	ssize_t got;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (send(fd, &request, sizeof request, 0) < 0 ||
	    (got = recv(fd, answer, sizeof answer, 0)) < 0)
		return -errno;
	while ((size_t)got >= used + sizeof(struct nlattr)) {
		struct nlattr attribute;
		uint32_t value;
		memcpy(&attribute, answer + used, sizeof attribute);
		if (attribute.nla_len < sizeof attribute)
			break;
		if (attribute.nla_type == NFTA_GEN_ID &&
		    (size_t)got >= used + sizeof attribute + sizeof value) {
			memcpy(&value, answer + used + sizeof attribute, sizeof value);
			*ret = ntohl(value);
			return 0;
		}
		used += NLMSG_ALIGN(attribute.nla_len);
	}
	return -EPROTO;
}

/* All that a program prints, however much: it goes to memory that is no pipe. */
int ruleset_run(const char *const *arguments, struct buf *ret, struct err *err)
{
	const int fd AUTO_CLOSE = memfd_create("nft", MFD_CLOEXEC);
	const struct process process = {.arguments = arguments,
					.stdin_fd = -1,
					.stdout_fd = fd,
					.timeout_s = NFT_TIMEOUT_S};
	uint8_t data[16384];
	off_t at = 0;
	ssize_t got;
	int code;

	if (fd < 0)
		return err_set(err, -errno, "no memory");
	if ((code = process_run(&process, NULL, err)) < 0)
		return code;
	while ((got = pread(fd, data, sizeof data, at)) > 0) {
		(void)buf_append(ret, data, (size_t)got);
		at += got;
	}
	return ret->error;
}

static uint64_t digest_line(uint64_t digest, const char *line, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		digest = (digest ^ (uint8_t)line[i]) * UINT64_C(1099511628211);
	return digest;
}

int ruleset_digest(const char *instance, uint64_t *ret, struct err *err)
{
	static const char *const moving[] = {"\tset spoofing {", "\tset flows {", "\tset crowds {"};
	static const char end[] = "\t}";
	struct buf text CLEANUP(buf_done) = {0};
	char table[FILTER_TABLE_BYTES];
	const char *const arguments[] = {"nft", "-n", "-s", "list", "table", "inet", table, NULL};
	const char *const bridged[] = {"nft", "-n", "-s", "list", "table", "bridge", table, NULL};
	uint64_t digest = UINT64_C(14695981039346656037);
	bool skips = false;
	int code;

	filter_table_name(instance, table);
	if ((code = ruleset_run(arguments, &text, err)) < 0)
		return code;
	/* One that somebody has deleted is another than it was. */
	(void)ruleset_run(bridged, &text, NULL);
	for (const char *line = buf_str(&text); *line != '\0';) {
		const size_t bytes = strcspn(line, "\n");
		for (size_t i = 0; i < ARRAY_SIZE(moving); i++)
			skips = skips ||
				(bytes == strlen(moving[i]) && memcmp(line, moving[i], bytes) == 0);
		if (!skips)
			digest = digest_line(digest, line, bytes + 1);
		skips = skips && !(bytes == strlen(end) && memcmp(line, end, bytes) == 0);
		line += bytes + (line[bytes] == '\n');
	}
	*ret = digest;
	return 0;
}

/* --- counters --- */

/* What our comments say: "FIREWALL.NUMBER" of a rule, or what a refusal says of itself. */
static int read_comment(const char *text, struct host_counter *counter)
{
	char firewall[24];
	const char *dot = strchr(text, '.');
	uint64_t number;

	counter->kind = filter_refusal_kind(text, strlen(text));
	if (counter->kind != 0)
		return 0;
	if (dot == NULL || (size_t)(dot - text) >= sizeof firewall)
		return -EINVAL;
	(void)snprintf(firewall, sizeof firewall, "%.*s", (int)(dot - text), text);
	if (parse_u64(firewall, 0, INT64_MAX, &counter->firewall_id) < 0 ||
	    parse_u64(dot + 1, 0, UINT16_MAX, &number) < 0)
		return -EINVAL;
	counter->number = (uint16_t)number;
	counter->kind = HOST_COUNT_RULE;
	return 0;
}

static bool read_rule(const json_t *rule, struct host_counter *counter)
{
	const json_t *statements = json_object_get(rule, "expr"), *statement;
	const char *comment = json_string_value(json_object_get(rule, "comment"));
	size_t i;

	if (comment == NULL || read_comment(comment, counter) < 0)
		return false;
	json_array_foreach(statements, i, statement)
	{
		const json_t *counted = json_object_get(statement, "counter");
		if (counted == NULL)
			continue;
		counter->packets =
			(uint64_t)json_integer_value(json_object_get(counted, "packets"));
		counter->bytes = (uint64_t)json_integer_value(json_object_get(counted, "bytes"));
		return true;
	}
	return false;
}

int ruleset_read_counters(const char *json, ruleset_counter *counter, void *context)
{
	AUTO_FREE struct host_counter *counters = calloc(COUNTERS_MAX, sizeof *counters);
	json_t *root = json_loads(json, 0, NULL);
	const json_t *items = json_object_get(root, "nftables"), *item;
	size_t i, count = 0;

	if (counters == NULL || !json_is_array(items)) {
		json_decref(root);
		return counters == NULL ? -ENOMEM : ERR_SERVER;
	}
	json_array_foreach(items, i, item)
	{
		struct host_counter found = {0};
		struct host_counter *last = count > 0 ? &counters[count - 1] : NULL;
		if (!read_rule(json_object_get(item, "rule"), &found))
			continue;
		if (last != NULL && last->kind == found.kind &&
		    last->firewall_id == found.firewall_id && last->number == found.number) {
			last->packets += found.packets;
			last->bytes += found.bytes;
		} else if (count < COUNTERS_MAX) {
			counters[count++] = found;
		}
	}
	json_decref(root);
	for (i = 0; i < count; i++)
		counter(context, &counters[i]);
	return 0;
}

static int read_chain(const char *instance, const char *chain, ruleset_counter *counter,
		      void *context, struct err *err)
{
	char table[FILTER_TABLE_BYTES];
	const char *const arguments[] = {"nft",  "-j",  "-n",  "list", "chain",
					 "inet", table, chain, NULL};
	struct buf text CLEANUP(buf_done) = {0};
	int code;

	filter_table_name(instance, table);
	if ((code = ruleset_run(arguments, &text, err)) < 0)
		return code;
	code = ruleset_read_counters(buf_str(&text), counter, context);
	return code < 0 ? err_set(err, code, "cannot read the packet filter's counters") : 0;
}

int ruleset_counters(const char *instance, uint64_t server_id, bool has_rate,
		     ruleset_counter *counter, void *context, struct err *err)
{
	char chain[FILTER_CHAIN_BYTES];
	int code = 0;

	for (int i = 0; code == 0 && i < FILTER_CHAINS; i++) {
		filter_chain_name(server_id, (enum filter_chain)i, chain);
		code = read_chain(instance, chain, counter, context, err);
	}
	if (code == 0 && has_rate) {
		rate_chain_name(server_id, chain);
		code = read_chain(instance, chain, counter, context, err);
	}
	return code;
}

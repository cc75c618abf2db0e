/*
 * The host's edge, in a network namespace of its own: packets are written to real taps, and what
 * comes out at the other side is the kernel's verdict. Two servers have a tap each, the world has
 * one too. The policies are made of random rules, the packets are chosen round their edges; the
 * model must say of each what the kernel does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "core/filter_policy.h"
#include "host/network/filter.h"
#include "host/network/network.h"
#include "host/network/ruleset.h"
#include "host/process.h"
#include "model/firewall.h"

#define ROUNDS      12
#define PACKETS     96
#define FRAME_BYTES 2048
#define ETHER_BYTES 14
#define PATIENCE_MS 1500
#define KILLS       25
#define MARK        UINT32_C(0x1bb0f117) /* in what the tests send; followed by a number */

enum place { WORLD, ONE, TWO, PLACES };

static const char *const devices[PLACES] = {"w0", "t-1", "t-2"};
static const uint8_t macs[PLACES][MAC_BYTES] = {
	{2, 0, 0, 0, 0, 0x10}, {2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};
static struct network *network;
static int taps[PLACES];
static uint8_t own_macs[PLACES][MAC_BYTES]; /* the host's end */
static uint32_t last_number;
static uint16_t last_port = 20000;

static const struct host_network servers[] = {
	{{1},
	 1,
	 {2, 0, 0, 0, 0, 1},
	 {4, 32, {10, 1, 0, 1}},
	 {6, 64, {0xfd, 1, 0, 0, 0, 0, 0, 1}},
	 0,
	 {0}},
	{{2},
	 2,
	 {2, 0, 0, 0, 0, 2},
	 {4, 32, {10, 1, 0, 2}},
	 {6, 64, {0xfd, 1, 0, 0, 0, 0, 0, 2}},
	 0,
	 {0}},
};

static void run(const char *line)
{
	struct err err = {0};
	const char *const arguments[] = {"sh", "-c", line, NULL};
	const struct process process = {
		.arguments = arguments, .stdin_fd = -1, .stdout_fd = -1, .timeout_s = 30};

	if (process_run(&process, NULL, &err) < 0)
		fail_msg("%s: %s", line, err.text);
}

static int open_tap(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	(void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
		return -1;
	return fd;
}

static void read_mac(const char *name, uint8_t mac[MAC_BYTES])
{
	struct ifreq request = {0};
	int fd AUTO_CLOSE = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &request), 0);
	memcpy(mac, request.ifr_hwaddr.sa_data, MAC_BYTES);
}

/* --- packets --- */

struct sent {
	enum place from;
	struct ip source;
	struct ip target;
	uint8_t protocol;
	uint16_t source_port;
	uint16_t port;
	uint8_t flags;
	uint8_t type;
	bool in_pieces;
	bool torn; /* of the pieces only the first is sent */
};

static uint32_t sum_words(const uint8_t *data, size_t bytes, uint32_t sum)
{
	for (size_t i = 0; i + 1 < bytes; i += 2)
		sum += (uint32_t)(data[i] << 8 | data[i + 1]);
	if (bytes % 2 == 1)
		sum += (uint32_t)data[bytes - 1] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* What comes behind the IP header; with the number at its end. */
static size_t write_inside(const struct sent *sent, uint32_t number, uint8_t *out)
{
	size_t used = 8, sum_at = 2;
	uint32_t sum = sent->protocol;

	memset(out, 0, 64);
	if (sent->protocol == IPPROTO_TCP) {
		used = 20;
		sum_at = 16;
		out[12] = 0x50;
		out[13] = sent->flags;
		put16(out + 14, 1024);
		put16(out + 4, 1); /* sequence */
	} else if (sent->protocol == IPPROTO_UDP) {
		sum_at = 6;
		put16(out + 4, 8 + 32);
	} else if (sent->protocol == IPPROTO_ICMP || sent->protocol == IPPROTO_ICMPV6) {
		out[0] = sent->type;
		put16(out + 4, sent->source_port);
	} else if (sent->protocol == IPPROTO_GRE) {
		used = 4;
		put16(out + 2, 0x0800);
	} else {
		put16(out + 2, sent->source_port); /* of its SPI */
	}
	if (sent->protocol == IPPROTO_TCP || sent->protocol == IPPROTO_UDP) {
		put16(out, sent->source_port);
		put16(out + 2, sent->port);
	}
	memcpy(out + used, &(uint32_t){MARK}, 4);
	memcpy(out + used + 4, &number, 4);
	memset(out + used + 8, 'x', 24);
	const size_t bytes = used + 32;
	if (sent->protocol == IPPROTO_GRE || sent->protocol == IPPROTO_ESP)
		return bytes;
	if (sent->protocol != IPPROTO_ICMP) {
		const size_t len = sent->source.family == 4 ? 4 : 16;
		sum = sum_words(sent->source.bytes, len, sum + (uint32_t)bytes);
		sum = sum_words(sent->target.bytes, len, sum);
	} else {
		sum = 0;
	}
	put16(out + sum_at, fold(sum_words(out, bytes, sum)));
	return bytes;
}

static size_t write_header(const struct sent *sent, uint8_t *out, const uint8_t *inside,
			   size_t bytes, size_t offset, bool more, uint16_t id)
{
	if (sent->source.family == 4) {
		memset(out, 0, 20);
		out[0] = 0x45;
		put16(out + 2, (uint16_t)(20 + bytes));
		put16(out + 4, id);
		put16(out + 6, (uint16_t)((more ? 0x2000 : 0) | offset / 8));
		out[8] = 64;
		out[9] = sent->protocol;
		memcpy(out + 12, sent->source.bytes, 4);
		memcpy(out + 16, sent->target.bytes, 4);
		put16(out + 10, fold(sum_words(out, 20, 0)));
		memcpy(out + 20, inside, bytes);
		return 20 + bytes;
	}
	const bool piece = more || offset > 0;
	const size_t extra = piece ? 8 : 0;
	memset(out, 0, 48);
	out[0] = 0x60;
	put16(out + 4, (uint16_t)(bytes + extra));
	out[6] = piece ? IPPROTO_FRAGMENT : sent->protocol;
	out[7] = 64;
	memcpy(out + 8, sent->source.bytes, 16);
	memcpy(out + 24, sent->target.bytes, 16);
	if (piece) {
		out[40] = sent->protocol;
		put16(out + 42, (uint16_t)(offset | more));
		put16(out + 46, id);
	}
	memcpy(out + 40 + extra, inside, bytes);
	return 40 + extra + bytes;
}

static void put_frame(enum place from, uint16_t type, const uint8_t *payload, size_t bytes,
		      const uint8_t *source_mac, const uint8_t *target_mac)
{
	uint8_t frame[FRAME_BYTES];

	memcpy(frame, target_mac != NULL ? target_mac : own_macs[from], MAC_BYTES);
	memcpy(frame + 6, source_mac != NULL ? source_mac : macs[from], MAC_BYTES);
	put16(frame + 12, type);
	memcpy(frame + ETHER_BYTES, payload, bytes);
	assert_int_equal(write(taps[from], frame, ETHER_BYTES + bytes), ETHER_BYTES + bytes);
}

static void put_piece(const struct sent *sent, const uint8_t *inside, size_t bytes, size_t offset,
		      bool more, uint16_t id)
{
	uint8_t packet[FRAME_BYTES];
	const size_t len = write_header(sent, packet, inside + offset, bytes, offset, more, id);

	put_frame(sent->from, sent->source.family == 4 ? 0x0800 : 0x86dd, packet, len, NULL, NULL);
}

/* Return: the number it is known by. */
static uint32_t put(const struct sent *sent)
{
	uint8_t inside[128];
	const uint32_t number = ++last_number;
	const size_t bytes = write_inside(sent, number, inside);

	if (!sent->in_pieces) {
		put_piece(sent, inside, bytes, 0, false, (uint16_t)number);
		return number;
	}
	put_piece(sent, inside, 32, 0, true, (uint16_t)number);
	if (!sent->torn)
		put_piece(sent, inside, bytes - 32, 32, false, (uint16_t)number);
	return number;
}

/* The number of one of ours in a frame, or 0. */
static uint32_t number_in(const uint8_t *frame, size_t bytes)
{
	const uint32_t mark = MARK;
	uint32_t number = 0;

	for (size_t at = ETHER_BYTES; at + 8 <= bytes; at++)
		if (memcmp(frame + at, &mark, sizeof mark) == 0) {
			memcpy(&number, frame + at + 4, sizeof number);
			return number;
		}
	return 0;
}

/* Reads what has come out at a place; marks the numbers seen. */
static void collect(enum place at, bool *seen, size_t count)
{
	uint8_t frame[FRAME_BYTES];
	ssize_t got;

	while ((got = read(taps[at], frame, sizeof frame)) > 0) {
		const uint32_t number = number_in(frame, (size_t)got);
		if (number > 0 && number < count)
			seen[number] = true;
	}
}

static bool *collect_all(uint32_t until)
{
	bool *seen = calloc(PLACES * ((size_t)until + 1), sizeof *seen);

	assert_non_null(seen);
	for (int i = 0; i < PLACES; i++)
		collect((enum place)i, seen + (size_t)i * (until + 1), (size_t)until + 1);
	return seen;
}

/* --- the namespace --- */

static void set_up_world(void)
{
	/* Whom the host would ask by ARP and neighbour discovery, it is told. */
	run("ip link set w0 up; ip addr add 198.51.100.1/24 dev w0;"
	    "ip -6 addr add 2001:db8::1/64 dev w0 nodad; ip link set lo up;"
	    "ip route add default via 198.51.100.9; ip -6 route add default via 2001:db8::9;"
	    "ip neigh replace 198.51.100.9 lladdr 02:00:00:00:00:10 dev w0 nud permanent;"
	    "ip neigh replace 2001:db8::9 lladdr 02:00:00:00:00:10 dev w0 nud permanent");
	run("for n in 1 2; do ip neigh replace 10.1.0.$n lladdr 02:00:00:00:00:0$n dev t-$n nud "
	    "permanent; ip neigh replace fd01:0:0:$n::1 lladdr 02:00:00:00:00:0$n dev t-$n nud "
	    "permanent; done");
	/* Sources of all kinds come from the world. */
	run("echo 0 > /proc/sys/net/ipv4/conf/w0/rp_filter;"
	    "echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter");
}

static int set_up(void **state)
{
	const struct config config = {.instance = "t", .egress = "routed"};
	struct err err = {0};

	(void)state;
	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	for (int i = 0; i < PLACES; i++)
		if ((taps[i] = open_tap(devices[i])) < 0)
			return -1;
	if (network_new(&config, &network, &err) < 0 ||
	    network_sync(network, servers, 2, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	for (int i = 0; i < PLACES; i++)
		read_mac(devices[i], own_macs[i]);
	set_up_world();
	return 0;
}

static int tear_down(void **state)
{
	network_free(network);
	for (int i = 0; i < PLACES; i++)
		(void)close(taps[i]);
	return 0;
}

/* --- policies --- */

struct made {
	struct firewall firewalls[2];
	struct firewall_policy policy;
};

static void made_done(struct made *made)
{
	for (size_t i = 0; i < made->policy.count; i++)
		firewall_done(&made->firewalls[i]);
}

static uint32_t dice(uint32_t below)
{
	static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 33) % below;
}

static const char *const networks4[] = {"0.0.0.0/0",    "203.0.113.0/24", "203.0.113.128/25",
					"192.0.2.7/32", "10.1.0.2/32",    "128.0.0.0/1"};
static const char *const networks6[] = {"::/0",
					"2001:db8:7::/48",
					"2001:db8:7:8000::/49",
					"2001:db8:8::7/128",
					"fd01:0:0:2::/64",
					"8000::/1"};
static const uint16_t ports[] = {1, 21, 22, 23, 25, 79, 80, 85, 86, 443, 8000, 65535};

static void make_rule(struct firewall_rules *rules)
{
	struct firewall_rule rule = {.direction = dice(4) == 0 ? FIREWALL_OUT : FIREWALL_IN,
				     .protocol = (enum firewall_protocol)(1 + dice(6))};
	static const char *const choices[] = {"22",   "80-85", "any",     "443",
					      "1-24", "25",    "86-65535"};
	const bool v6 = rule.protocol == FIREWALL_ICMPV6 || dice(2) == 0;

	if (firewall_has_ports(rule.protocol))
		assert_int_equal(
			firewall_port_parse(choices[dice(ARRAY_SIZE(choices))], &rule, NULL), 0);
	for (uint32_t i = 0, count = 1 + dice(3); i < count; i++) {
		if (rule.protocol != FIREWALL_ICMPV6 && (!v6 || dice(2) == 0))
			(void)firewall_network_add(&rule, networks4[dice(ARRAY_SIZE(networks4))],
						   NULL);
		if (v6)
			(void)firewall_network_add(&rule, networks6[dice(ARRAY_SIZE(networks6))],
						   NULL);
	}
	assert_int_equal(firewall_rules_add(rules, &rule, NULL), 0);
}

static void make(struct made *made, size_t round)
{
	*made = (struct made){.policy = {.firewalls = made->firewalls,
					 .count = round % 4 == 0 ? 0 : 1 + round % 2,
					 .ssh_port = 22,
					 .smtp_open = round % 3 == 0}};
	for (size_t i = 0; i < made->policy.count; i++) {
		made->firewalls[i].id = i + 1;
		for (uint32_t n = 0, count = dice(8); n < count; n++)
			make_rule(&made->firewalls[i].rules);
	}
}

/* By the very code that core and host do it with. Without its limit of connections. */
static void put_in_force(const struct firewall_policy *policy, const uint8_t *uuid,
			 uint64_t version)
{
	AUTO_FREE struct firewall *copy = calloc(2, sizeof *copy);
	struct filter_policy told = {.policy = *policy, .version = version};
	struct host_filter_change change = {0};
	struct err err = {0};

	memcpy(copy, policy->firewalls, policy->count * sizeof *copy);
	told.firewalls = (struct store_firewalls){.items = copy, .count = policy->count};
	told.policy.firewalls = copy;
	memcpy(change.uuid, uuid, UUID_BYTES);
	assert_int_equal(filter_policy_for_host(&told, &change.filter), 0);
	change.filter.connections_per_s = change.filter.connections_burst = 0;
	change.filter.connections_most = 0;
	change.filter.inwards = (struct host_bound){0};
	if (network_set_filter(network, &change, NULL, &err) < 0)
		fail_msg("%s", err.text);
	host_filter_change_done(&change);
}

/* --- the table --- */

static struct ip address(const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse(text, &ip), 0);
	return ip;
}

static struct ip some_peer(uint8_t family)
{
	static const char *const peers4[] = {"203.0.113.5", "203.0.113.200", "192.0.2.7",
					     "192.0.2.8",   "8.8.8.8",       "200.1.2.3"};
	static const char *const peers6[] = {"2001:db8:7::5", "2001:db8:7:8001::1",
					     "2001:db8:8::7", "2001:db8:8::8",
					     "2a00::1",       "9000::1"};

	return address(family == 4 ? peers4[dice(ARRAY_SIZE(peers4))]
				   : peers6[dice(ARRAY_SIZE(peers6))]);
}

static const uint8_t odd_flags[] = {0, 0x01, 0x02, 0x03, 0x04, 0x10, 0x11, 0x12, 0x14, 0x29, 0x3f};

static struct sent some_packet(void)
{
	/* GRE and ESP have no ports to tell one from another: see tunnels(). */
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
	static const uint8_t types4[] = {0, 3, 5, 8, 11, 13, 17};
	static const uint8_t types6[] = {1, 2, 3, 128, 129, 133, 134, 135, 136, 137, 143};
	const uint8_t family = dice(2) == 0 ? 4 : 6;
	const bool outwards = dice(3) == 0;
	const struct ip own = address(family == 4 ? "10.1.0.1" : "fd01:0:0:1::1");
	const struct ip peer = some_peer(family);
	struct sent sent = {.from = outwards ? ONE : WORLD,
			    .source = outwards ? own : peer,
			    .target = outwards ? peer : own,
			    .protocol = protocols[dice(ARRAY_SIZE(protocols))],
			    .source_port = last_port++,
			    .port = ports[dice(ARRAY_SIZE(ports))],
			    .flags = dice(4) == 0 ? odd_flags[dice(ARRAY_SIZE(odd_flags))] : 0x02,
			    .type = dice(3) == 0 ? types4[dice(ARRAY_SIZE(types4))] : 8,
			    .in_pieces = dice(8) == 0};

	if (sent.protocol == IPPROTO_ICMP && family == 6) {
		sent.protocol = IPPROTO_ICMPV6;
		sent.type = dice(3) == 0 ? types6[dice(ARRAY_SIZE(types6))] : 128;
	}
	sent.torn = sent.in_pieces && dice(3) == 0;
	return sent;
}

static struct firewall_packet seen_by_model(const struct sent *sent, bool is_answer)
{
	const bool outwards = sent->from == ONE;

	return (struct firewall_packet){.direction = outwards ? FIREWALL_OUT : FIREWALL_IN,
					.protocol = sent->protocol,
					.peer = outwards ? sent->target : sent->source,
					.port = sent->port,
					.flags = sent->flags,
					.type = sent->type,
					.is_answer = is_answer,
					.is_torn = sent->torn};
}

static const char *describe(const struct sent *sent)
{
	static char text[256];
	char source[IP_TEXT_BYTES], target[IP_TEXT_BYTES];

	ip_format(&sent->source, source);
	ip_format(&sent->target, target);
	(void)snprintf(text, sizeof text, "%s > %s protocol %u port %u flags %#x type %u%s%s",
		       source, target, sent->protocol, sent->port, sent->flags, sent->type,
		       sent->in_pieces ? ", in pieces" : "", sent->torn ? ", torn" : "");
	return text;
}

/* The other way round: what belongs to it. */
static struct sent answer_to(const struct sent *sent)
{
	struct sent answer = *sent;

	answer.from = sent->from == ONE ? WORLD : ONE;
	answer.source = sent->target;
	answer.target = sent->source;
	answer.source_port = sent->port;
	answer.port = sent->source_port;
	answer.flags = 0x12;
	answer.in_pieces = false;
	if (sent->protocol == IPPROTO_ICMP) {
		answer.type = 0;
		answer.source_port = sent->source_port;
	} else if (sent->protocol == IPPROTO_ICMPV6) {
		answer.type = 129;
		answer.source_port = sent->source_port;
	}
	return answer;
}

static void check(const struct sent *sent, const struct firewall_policy *policy, bool is_answer,
		  bool came_through)
{
	const struct firewall_packet packet = seen_by_model(sent, is_answer);
	const struct firewall_verdict verdict = firewall_judge(policy, &packet);

	if (verdict.passes != came_through)
		fail_msg("%s%s: the model says %s (%s), the kernel %s", describe(sent),
			 is_answer ? " (answer)" : "", verdict.passes ? "pass" : "refuse",
			 firewall_reason_name(verdict.reason), came_through ? "passed" : "refused");
}

/* Judged by the ports alone, so that answers have a well-known way. */
static bool can_be_answered(const struct sent *sent)
{
	return !sent->in_pieces &&
	       ((sent->protocol == IPPROTO_TCP && sent->flags == 0x02) ||
		sent->protocol == IPPROTO_UDP || sent->type == 8 || sent->type == 128);
}

static bool has_come(const bool *seen, uint32_t until, const struct sent *sent, uint32_t number)
{
	const enum place to = sent->from == ONE ? WORLD : ONE;

	return seen[(size_t)to * (until + 1) + number];
}

static size_t one_round(const struct firewall_policy *policy)
{
	struct sent sents[PACKETS], answers[PACKETS];
	uint32_t numbers[PACKETS], answered[PACKETS] = {0};
	size_t passed = 0;

	for (size_t i = 0; i < PACKETS; i++) {
		sents[i] = some_packet();
		numbers[i] = put(&sents[i]);
	}
	AUTO_FREE bool *seen = collect_all(last_number);
	const uint32_t until = last_number;
	for (size_t i = 0; i < PACKETS; i++) {
		const bool came = has_come(seen, until, &sents[i], numbers[i]);
		check(&sents[i], policy, false, came);
		passed += came;
		if (came && can_be_answered(&sents[i])) {
			answers[i] = answer_to(&sents[i]);
			answered[i] = put(&answers[i]);
		}
	}
	AUTO_FREE bool *again = collect_all(last_number);
	for (size_t i = 0; i < PACKETS; i++)
		if (answered[i] != 0)
			check(&answers[i], policy, true,
			      has_come(again, last_number, &answers[i], answered[i]));
	return passed;
}

static void model_is_the_kernel(void **state)
{
	size_t passed = 0;

	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		struct made made CLEANUP(made_done);
		make(&made, round);
		put_in_force(&made.policy, servers[0].uuid, round + 1);
		passed += one_round(&made.policy);
	}
	/* Neither says the same of everything. */
	assert_in_range(passed, ROUNDS * PACKETS / 10, ROUNDS * PACKETS * 9 / 10);
}

/* A router's word that a packet was too big for it (RFC 792, RFC 4443 section 3.2). It comes with
 * that packet inside, and so with its number. */
static bool too_big_arrives(const struct sent *about, uint32_t number)
{
	const bool v6 = about->source.family == 6;
	const struct sent router = {.from = WORLD,
				    .source = address(v6 ? "2001:db8:99::1" : "198.51.100.77"),
				    .target = about->source,
				    .protocol = v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP};
	uint8_t inside[128], message[256] = {v6 ? 2 : 3, v6 ? 0 : 4};
	const size_t used = write_inside(about, number, inside);
	const size_t bytes =
		8 + write_header(about, message + 8, inside, used, 0, false, (uint16_t)number);
	uint32_t sum = 0;

	put16(message + 6, 1280);
	if (v6) {
		sum = sum_words(router.source.bytes, 16, IPPROTO_ICMPV6 + (uint32_t)bytes);
		sum = sum_words(router.target.bytes, 16, sum);
	}
	put16(message + 2, fold(sum_words(message, bytes, sum)));
	put_piece(&router, message, bytes, 0, false, 7);
	AUTO_FREE bool *seen = collect_all(last_number);
	return seen[(size_t)ONE * (last_number + 1) + number];
}

/* Asks for the gateway's address as RFC 4861 has it; whether it is told. */
static bool finds_its_gateway(void)
{
	static const uint8_t group[MAC_BYTES] = {0x33, 0x33, 0xff, 0, 0, 1};
	const struct sent ask = {.from = ONE,
				 .source = address("fd01:0:0:1::1"),
				 .target = address("ff02::1:ff00:1"),
				 .protocol = IPPROTO_ICMPV6};
	const struct ip gateway = address("fe80::1");
	const int64_t until_ms = clock_mono_ms() + PATIENCE_MS;
	uint8_t message[32] = {135}, packet[128], frame[FRAME_BYTES];

	memcpy(message + 8, gateway.bytes, 16);
	memcpy(message + 24, (const uint8_t[]){1, 1}, 2);
	memcpy(message + 26, macs[ONE], MAC_BYTES);
	uint32_t sum = sum_words(ask.source.bytes, 16, IPPROTO_ICMPV6 + sizeof message);
	sum = sum_words(ask.target.bytes, 16, sum);
	put16(message + 2, fold(sum_words(message, sizeof message, sum)));
	const size_t len = write_header(&ask, packet, message, sizeof message, 0, false, 1);
	packet[7] = 255;
	put_frame(ONE, 0x86dd, packet, len, NULL, group);
	while (clock_mono_ms() < until_ms) {
		const ssize_t got = read(taps[ONE], frame, sizeof frame);
		const uint8_t *const inside = frame + ETHER_BYTES + 40;
		if (got >= ETHER_BYTES + 64 && frame[ETHER_BYTES + 6] == IPPROTO_ICMPV6 &&
		    inside[0] == 136 && memcmp(inside + 8, gateway.bytes, 16) == 0)
			return true;
		(void)usleep(1000);
	}
	return false;
}

/* Without any rule: answers, what routers say of one's own packets, and neighbour discovery. */
static void what_networks_need_passes(void **state)
{
	struct firewall firewall = {.id = 1};
	const struct firewall_policy nothing = {.firewalls = &firewall, .count = 1, .ssh_port = 22};
	static const char *const ways[][2] = {{"10.1.0.1", "203.0.113.5"},
					      {"fd01:0:0:1::1", "2001:db8:7::5"}};

	(void)state;
	put_in_force(&nothing, servers[0].uuid, 150);
	for (size_t i = 0; i < 2; i++) {
		struct sent sent = {.from = ONE,
				    .source = address(ways[i][0]),
				    .target = address(ways[i][1]),
				    .protocol = IPPROTO_UDP,
				    .source_port = last_port++,
				    .port = 53};
		const uint32_t number = put(&sent);
		AUTO_FREE bool *seen = collect_all(last_number);
		assert_true(has_come(seen, last_number, &sent, number));
		assert_true(too_big_arrives(&sent, number));
		/* But not of a packet that it never sent. */
		sent.source_port = last_port++;
		assert_false(too_big_arrives(&sent, ++last_number));
	}
	assert_true(finds_its_gateway());
}

/* GRE and ESP have no ports: one packet each for every pair of addresses. */
static void tunnels(void **state)
{
	struct firewall firewall CLEANUP(firewall_done) = {.id = 1};
	const struct firewall_policy policy = {.firewalls = &firewall, .count = 1, .ssh_port = 22};
	static const uint8_t protocols[] = {IPPROTO_GRE, IPPROTO_ESP};

	(void)state;
	assert_int_equal(firewall_rules_read("in gre - 203.0.113.0/24,2001:db8:7::/48\n"
					     "in esp - 192.0.2.7/32\n",
					     &firewall.rules, NULL),
			 0);
	put_in_force(&policy, servers[0].uuid, 100);
	for (size_t i = 0; i < 2; i++)
		for (size_t n = 0; n < 4; n++) {
			static const char *const peers[] = {"203.0.113.77", "192.0.2.7",
							    "2001:db8:7::77", "2001:db8:8::9"};
			const struct ip peer = address(peers[n]);
			const struct sent sent = {
				.from = WORLD,
				.source = peer,
				.target = address(peer.family == 4 ? "10.1.0.1" : "fd01:0:0:1::1"),
				.protocol = protocols[i],
				.source_port = last_port++};
			const uint32_t number = put(&sent);
			AUTO_FREE bool *seen = collect_all(last_number);
			check(&sent, &policy, false, has_come(seen, last_number, &sent, number));
		}
}

/* --- a hostile guest --- */

static void open_all(uint64_t version)
{
	struct firewall firewall CLEANUP(firewall_done) = {.id = 1};
	const struct firewall_policy policy = {
		.firewalls = &firewall, .count = 1, .ssh_port = 22, .smtp_open = true};

	assert_int_equal(firewall_rules_read("in tcp any 0.0.0.0/0,::/0\n"
					     "in udp any 0.0.0.0/0,::/0\n"
					     "in icmp - 0.0.0.0/0,::/0\n",
					     &firewall.rules, NULL),
			 0);
	put_in_force(&policy, servers[0].uuid, version);
	put_in_force(&policy, servers[1].uuid, version);
}

static struct sent datagram(enum place from, const char *source, const char *target)
{
	return (struct sent){.from = from,
			     .source = address(source),
			     .target = address(target),
			     .protocol = IPPROTO_UDP,
			     .source_port = last_port++,
			     .port = 53};
}

static bool arrives(const struct sent *sent, enum place where)
{
	const uint32_t number = put(sent);
	AUTO_FREE bool *seen = collect_all(last_number);

	return seen[(size_t)where * (last_number + 1) + number];
}

/* The same frame again, with something else in its head; whether anything of it comes out. */
static bool frame_arrives(const struct sent *sent, uint16_t type, bool tagged, const uint8_t *mac)
{
	uint8_t inside[128], packet[FRAME_BYTES], frame[FRAME_BYTES];
	const uint32_t number = ++last_number;
	const size_t bytes = write_inside(sent, number, inside);
	size_t len = write_header(sent, packet, inside, bytes, 0, false, 1);
	bool came = false;

	if (tagged) { /* priority 0 of VLAN 7, or of none */
		put16(frame, number % 2 == 0 ? 7 : 0);
		put16(frame + 2, 0x0800);
		memcpy(frame + 4, packet, len);
		memcpy(packet, frame, len += 4);
	}
	put_frame(sent->from, type, packet, len, mac, NULL);
	AUTO_FREE bool *seen = collect_all(last_number);
	for (size_t i = 0; i < PLACES; i++)
		came = came || seen[i * (last_number + 1) + number];
	return came;
}

static void a_guest_speaks_for_itself_alone(void **state)
{
	const struct sent good = datagram(ONE, "10.1.0.1", "10.1.0.2");
	const struct sent good6 = datagram(ONE, "fd01:0:0:1::1", "fd01:0:0:2::1");
	static const uint8_t stranger[MAC_BYTES] = {2, 0, 0, 0, 0, 2};
	struct sent sent;

	(void)state;
	open_all(200);
	/* It reaches its neighbour through that one's public filter... */
	assert_true(arrives(&good, TWO));
	assert_true(arrives(&good6, TWO));
	sent = datagram(ONE, "10.1.0.1", "203.0.113.5");
	assert_true(arrives(&sent, WORLD));
	/* ... but under no foreign name, */
	static const char *const lies[][2] = {{"10.1.0.2", "203.0.113.5"},
					      {"203.0.113.9", "10.1.0.2"},
					      {"0.0.0.0", "255.255.255.255"},
					      {"172.31.1.1", "10.1.0.2"},
					      {"127.0.0.1", "10.1.0.2"},
					      {"fd01:0:0:2::1", "2001:db8:7::5"},
					      {"2001:db8:7::9", "fd01:0:0:2::1"},
					      {"fe80::1", "fd01:0:0:2::1"},
					      {"::1", "fd01:0:0:2::1"}};
	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		sent = datagram(ONE, lies[i][0], lies[i][1]);
		for (int place = 0; place < PLACES; place++)
			if (arrives(&sent, (enum place)place))
				fail_msg("%s got out to %s", lies[i][0], devices[place]);
	}
	/* nor from another's card, with a tag, or as anything but IP. */
	assert_true(frame_arrives(&good, 0x0800, false, NULL));
	assert_false(frame_arrives(&good, 0x0800, false, stranger));
	assert_false(frame_arrives(&good, 0x8100, true, NULL));
	assert_false(frame_arrives(&good, 0x8100, true, NULL)); /* of the other number */
	assert_false(frame_arrives(&good, 0x88a8, true, NULL));
	static const uint16_t types[] = {0x0806, 0x8863, 0x88cc, 0x8847, 0x0842, 0x9000, 0x0064};
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		assert_false(frame_arrives(&good, types[i], false, NULL));
}

static bool host_has_neighbour(const char *text)
{
	struct buf out CLEANUP(buf_done) = {0};
	const char *const arguments[] = {"ip", "neigh", "show", NULL};
	const struct process process = {
		.arguments = arguments, .stdin_fd = -1, .stdout_fd = -1, .timeout_s = 30};

	assert_int_equal(process_run(&process, &out, NULL), 0);
	return strstr(buf_str(&out), text) != NULL;
}

static void put_arp(enum place from, const uint8_t sender[4])
{
	uint8_t arp[28] = {0, 1, 8, 0, 6, 4, 0, 1};

	memcpy(arp + 8, macs[from], MAC_BYTES);
	memcpy(arp + 14, sender, 4);
	memcpy(arp + 24, (const uint8_t[]){172, 31, 1, 1}, 4);
	put_frame(from, 0x0806, arp, sizeof arp, NULL, NULL);
}

/* How many frames come to a place that are no packets of ours. */
static size_t drain(enum place at)
{
	uint8_t frame[FRAME_BYTES];
	size_t count = 0;

	while (read(taps[at], frame, sizeof frame) > 0)
		count++;
	return count;
}

static size_t neighbours(void)
{
	struct buf out CLEANUP(buf_done) = {0};
	const char *const arguments[] = {"ip", "neigh", "show", "nud", "all", NULL};
	const struct process process = {
		.arguments = arguments, .stdin_fd = -1, .stdout_fd = -1, .timeout_s = 30};
	size_t lines = 0;

	assert_int_equal(process_run(&process, &out, NULL), 0);
	for (const char *at = buf_str(&out); *at != '\0'; at++)
		lines += *at == '\n';
	return lines;
}

static void floods_fill_nothing(void **state)
{
	struct sent advert = {.from = ONE,
			      .source = address("fe80::99"),
			      .target = address("ff02::1"),
			      .protocol = IPPROTO_ICMPV6,
			      .type = 134};

	(void)state;
	open_all(300);
	(void)drain(ONE);
	put_arp(ONE, (const uint8_t[]){10, 1, 0, 1});
	assert_true(drain(ONE) > 0); /* who asks under its own name is answered */
	put_arp(ONE, (const uint8_t[]){10, 1, 0, 77});
	assert_int_equal(drain(ONE), 0);
	assert_false(host_has_neighbour("10.1.0.77"));
	const size_t before = neighbours();
	for (uint32_t i = 0; i < 3000; i++) {
		put_arp(ONE, (const uint8_t[]){10, 7, (uint8_t)(i >> 8), (uint8_t)i});
		advert.type = i % 2 == 0 ? 135 : 136;
		advert.source = address("fd01:0:0:1::1");
		put16(advert.source.bytes + 14, (uint16_t)i);
		advert.target = address("fe80::1");
		(void)put(&advert);
	}
	assert_in_range(neighbours(), before, before + 100);
	(void)drain(ONE);
	/* What only a router or a server of addresses says goes nowhere. */
	advert.source = address("fe80::99");
	advert.target = address("ff02::1");
	advert.type = 134;
	for (int place = WORLD; place < PLACES; place++)
		assert_false(arrives(&advert, (enum place)place));
	struct sent dhcp = datagram(ONE, "10.1.0.1", "255.255.255.255");
	dhcp.source_port = 67;
	dhcp.port = 68;
	for (int place = WORLD; place < PLACES; place++)
		assert_false(arrives(&dhcp, (enum place)place));
}

/* A server that was broken into is no weapon: new connections are bounded, and that is counted. */
struct counted {
	uint64_t packets[HOST_COUNT_RATE_OUT + 1];
};

static void count(void *context, const struct host_counter *counter)
{
	((struct counted *)context)->packets[counter->kind] += counter->packets;
}

/* Each rule tells how much it let begin, over both families. */
static void count_rule(void *context, const struct host_counter *counter)
{
	uint64_t *const packets = context;

	if (counter->kind == HOST_COUNT_RULE && counter->firewall_id == 7 && counter->number < 2)
		packets[counter->number] += counter->packets;
}

static void rules_count(void **state)
{
	struct firewall firewall CLEANUP(firewall_done) = {.id = 7};
	const struct firewall_policy policy = {.firewalls = &firewall, .count = 1, .ssh_port = 22};
	static const char *const ways[][2] = {{"203.0.113.5", "10.1.0.1"},
					      {"203.0.113.6", "10.1.0.1"},
					      {"2001:db8:7::5", "fd01:0:0:1::1"}};
	uint64_t packets[2] = {0};

	(void)state;
	assert_int_equal(firewall_rules_read("in tcp 443 0.0.0.0/0,::/0\n"
					     "in udp 53 203.0.113.0/24,2001:db8:7::/48\n",
					     &firewall.rules, NULL),
			 0);
	put_in_force(&policy, servers[0].uuid, 350);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		const struct sent sent = datagram(WORLD, ways[i][0], ways[i][1]);
		assert_true(arrives(&sent, ONE));
	}
	assert_int_equal(ruleset_counters("t", 1, false, count_rule, packets, NULL), 0);
	assert_int_equal(packets[0], 0);
	assert_int_equal(packets[1], ARRAY_SIZE(ways));
}

static void connections_are_bounded(void **state)
{
	struct host_filter_change change = {
		.filter = {.version = 400, .connections_per_s = 10, .connections_burst = 20}};
	struct counted counted = {0};
	size_t out = 0;

	(void)state;
	memcpy(change.uuid, servers[0].uuid, UUID_BYTES);
	assert_int_equal(network_set_filter(network, &change, NULL, NULL), 0);
	for (uint32_t i = 0; i < 500; i++) {
		const struct sent sent = datagram(ONE, "10.1.0.1", "203.0.113.5");
		out += arrives(&sent, WORLD);
	}
	assert_in_range(out, 20, 200);
	assert_int_equal(ruleset_counters("t", 1, false, count, &counted, NULL), 0);
	assert_int_equal(counted.packets[HOST_COUNT_TOO_MANY], 500 - out);
}

/* However many connections a guest begins, the kernel keeps no more than its bound, its filter may
 * change meanwhile, and others get theirs. */
static void a_flood_leaves_the_others_room(void **state)
{
	enum { MOST = 64, FLOOD = 400 };
	struct host_filter_change change = {.filter = {.version = 2950, .connections_most = MOST}};
	struct counted counted = {0};
	size_t out = 0, others = 0;

	(void)state;
	memcpy(change.uuid, servers[0].uuid, UUID_BYTES);
	for (int again = 0; again < 2; again++) {
		change.filter.version++;
		change.filter.smtp_open = (uint8_t)again; /* its chain is made anew */
		assert_int_equal(network_set_filter(network, &change, NULL, NULL), 0);
		for (uint32_t i = 0; i < FLOOD; i++) {
			const struct sent sent = datagram(ONE, "10.1.0.1", "203.0.113.5");
			out += arrives(&sent, WORLD);
		}
	}
	/* What earlier tests began is counted as well. */
	assert_in_range(out, 1, MOST + 1);
	for (uint32_t i = 0; i < MOST; i++) {
		const struct sent sent = datagram(TWO, "10.1.0.2", "203.0.113.5");
		others += arrives(&sent, WORLD);
	}
	assert_int_equal(others, MOST);
	assert_int_equal(ruleset_counters("t", 1, false, count, &counted, NULL), 0);
	assert_in_range(counted.packets[HOST_COUNT_TOO_MANY], FLOOD - MOST, FLOOD);
}

/* All datagrams may come to the first server, so many at a time and a second. */
static void admit(uint64_t version, struct host_bound bound, uint16_t port_last)
{
	static struct ip all[] = {{.family = 4}, {.family = 6}};
	struct host_filter_rule rule = {.protocol = IPPROTO_UDP,
					.port_first = 1,
					.port_last = port_last,
					.network_count = 2};
	const struct host_filter_change change = {.uuid = {servers[0].uuid[0]},
						  .filter = {.version = version,
							     .inwards = bound,
							     .rules = &rule,
							     .rule_count = 1,
							     .networks = all,
							     .network_count = 2}};
	struct err err = {0};

	if (network_set_filter(network, &change, NULL, &err) < 0)
		fail_msg("%s", err.text);
}

static size_t knock(const char *server, enum place place, uint16_t port, size_t count)
{
	size_t in = 0;

	for (size_t i = 0; i < count; i++) {
		struct sent sent = datagram(WORLD, "203.0.113.5", server);
		sent.port = port;
		in += arrives(&sent, place);
	}
	return in;
}

/* However many connections strangers begin with a server, the kernel keeps no more than its bound.
 * Who knocks where nothing is open takes nobody's place, and others get theirs. */
static void a_crowd_leaves_the_others_room(void **state)
{
	enum { MOST = 64, CROWD = 400 };
	const struct host_bound bound = {.most = MOST};
	struct counted counted = {0};
	size_t in = 0;

	(void)state;
	open_all(2960);
	admit(2961, bound, 1000);
	assert_int_equal(knock("10.1.0.1", ONE, 2000, CROWD), 0);
	for (uint64_t again = 0; again < 2; again++) {
		/* Its chains are made anew, the second time. */
		admit(2962 + again, bound, (uint16_t)(1001 + again));
		in += knock("10.1.0.1", ONE, 53, CROWD);
	}
	/* What earlier tests let in is counted as well. */
	assert_in_range(in, 1, MOST + 1);
	assert_int_equal(ruleset_counters("t", 1, false, count, &counted, NULL), 0);
	assert_in_range(counted.packets[HOST_COUNT_CROWD], CROWD - MOST, CROWD);
	assert_int_equal(knock("10.1.0.2", TWO, 53, MOST), MOST);
}

static void strangers_take_turns(void **state)
{
	const struct host_bound bound = {.per_s = 10, .burst = 20};
	struct counted counted = {0};

	(void)state;
	admit(2970, bound, 1000);
	const size_t in = knock("10.1.0.1", ONE, 53, 500);
	assert_in_range(in, 20, 200);
	assert_int_equal(ruleset_counters("t", 1, false, count, &counted, NULL), 0);
	assert_int_equal(counted.packets[HOST_COUNT_CROWD], 500 - in);
	open_all(2971);
}

/* --- connections that confirm a trial --- */

static void mark(uint64_t version, uint32_t mark)
{
	static struct ip all[] = {{4, 24, {203, 0, 113}}, {.family = 6}};
	struct host_filter_rule rule = {
		.protocol = IPPROTO_TCP, .port_first = 22, .port_last = 23, .network_count = 2};
	const struct host_filter_change change = {.uuid = {servers[0].uuid[0]},
						  .filter = {.version = version,
							     .mark = mark,
							     .mark_port = mark != 0 ? 22 : 0,
							     .rules = &rule,
							     .rule_count = 1,
							     .networks = all,
							     .network_count = 2}};
	struct err err = {0};

	if (network_set_filter(network, &change, NULL, &err) < 0)
		fail_msg("%s", err.text);
}

static size_t came(struct ip *ret)
{
	struct buf answer CLEANUP(buf_done) = {0};
	struct reader in;
	struct err err = {0};

	if (network_came(network, servers[0].uuid, &answer, &err) < 0)
		fail_msg("%s", err.text);
	reader_init(&in, answer.data, answer.len);
	const size_t count = reader_u32(&in);
	for (size_t i = 0; i < count; i++)
		ret[i] = host_ip_read(&in);
	assert_int_equal(reader_done(&in), 0);
	return count;
}

/* The first @steps of a handshake. Return: whether the last of them came through. */
static bool shake(const char *peer, const char *server, uint16_t port, int steps)
{
	struct sent syn = datagram(WORLD, peer, server), answer;
	bool came_through;

	syn.protocol = IPPROTO_TCP;
	syn.port = port;
	syn.flags = FIREWALL_FLAG_SYN;
	came_through = arrives(&syn, ONE);
	if (steps > 1) {
		answer = answer_to(&syn);
		answer.flags = FIREWALL_FLAG_SYN | FIREWALL_FLAG_ACK;
		came_through = arrives(&answer, WORLD);
	}
	if (steps > 2) {
		syn.flags = FIREWALL_FLAG_ACK;
		came_through = arrives(&syn, ONE);
	}
	return came_through;
}

/* What is established with the port of SSH since a filter marks it is told of, and nothing else. */
static void who_comes_in_is_seen(void **state)
{
	enum { MARKED = 0x1b000001 };
	struct ip found[HOST_CAME_MAX];
	const struct ip first = address("203.0.113.9"), second = address("2001:db8:7::9");

	(void)state;
	/* Sequence numbers are none of these packets' business. */
	run("echo 1 > /proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal");
	mark(2985, 0);
	assert_true(shake("203.0.113.8", "10.1.0.1", 22, 3)); /* before */
	assert_int_equal(came(found), 0);
	mark(2986, MARKED);
	assert_int_equal(came(found), 0);
	assert_true(shake("203.0.113.11", "10.1.0.1", 22, 1)); /* maybe under a foreign name */
	assert_true(shake("203.0.113.12", "10.1.0.1", 22, 2));
	assert_true(shake("203.0.113.13", "10.1.0.1", 23, 3));  /* another port */
	assert_false(shake("198.51.100.7", "10.1.0.1", 22, 1)); /* that the change has shut out */
	assert_int_equal(came(found), 0);
	assert_true(shake("203.0.113.9", "10.1.0.1", 22, 3));
	assert_int_equal(came(found), 1);
	assert_true(ip_equal(&found[0], &first));
	assert_true(shake("203.0.113.9", "10.1.0.1", 22, 3)); /* once is enough */
	assert_true(shake("2001:db8:7::9", "fd01:0:0:1::1", 22, 3));
	assert_int_equal(came(found), 2);
	assert_true(ip_equal(&found[0], &second) || ip_equal(&found[1], &second));
	mark(2987, MARKED + 1); /* another trial */
	assert_int_equal(came(found), 0);
	mark(2988, 0);
	assert_int_equal(came(found), 0);
}

/* --- bandwidth --- */

static void limit(uint64_t version, uint32_t in_mbit, uint32_t out_mbit)
{
	static struct ip all[] = {{.family = 4}, {.family = 6}};
	struct host_filter_rule rule = {
		.protocol = IPPROTO_UDP, .port_last = 65535, .network_count = 2};
	const struct host_filter_change change = {.uuid = {servers[0].uuid[0]},
						  .filter = {.version = version,
							     .rate_in_mbit = in_mbit,
							     .rate_out_mbit = out_mbit,
							     .rules = &rule,
							     .rule_count = 1,
							     .networks = all,
							     .network_count = 2}};
	struct err err = {0};

	if (network_set_filter(network, &change, NULL, &err) < 0)
		fail_msg("%s", err.text);
}

#define LOAD_BYTES 1400

static size_t read_load(enum place at)
{
	uint8_t frame[FRAME_BYTES];
	size_t bytes = 0;
	ssize_t got;

	while ((got = read(taps[at], frame, sizeof frame)) > 0)
		if ((size_t)got == ETHER_BYTES + LOAD_BYTES)
			bytes += LOAD_BYTES;
	return bytes;
}

/* As many datagrams of one connection as fit into @span_ms, or @most of them. Return: bytes that
 * came out. */
static size_t push(const struct sent *sent, enum place to, int64_t span_ms, size_t most,
		   size_t *ret_offered)
{
	static const uint8_t load[LOAD_BYTES - 28];
	uint8_t inside[LOAD_BYTES], packet[FRAME_BYTES];
	const int64_t until_ms = clock_mono_ms() + span_ms;
	size_t came = 0, len;

	memset(inside, 0, sizeof inside);
	put16(inside, sent->source_port);
	put16(inside + 2, sent->port);
	put16(inside + 4, 8 + sizeof load);
	len = write_header(sent, packet, inside, 8 + sizeof load, 0, false, 1);
	*ret_offered = 0;
	while (clock_mono_ms() < until_ms && *ret_offered < most * LOAD_BYTES) {
		put_frame(sent->from, 0x0800, packet, len, NULL, NULL);
		*ret_offered += LOAD_BYTES;
		came += read_load(to);
	}
	return came + read_load(to);
}

/* Bytes a second that pass once the bucket is empty. */
static double rate_of(const struct sent *sent, enum place to, double *ret_offered)
{
	size_t offered = 0;

	(void)push(sent, to, 10000, 4000, &offered); /* 5.6 MB: more than a second's worth */
	const int64_t began_ms = clock_mono_ms();
	const size_t came = push(sent, to, 1500, SIZE_MAX / LOAD_BYTES, &offered);
	const double span_s = (double)(clock_mono_ms() - began_ms) / 1000;
	*ret_offered = (double)offered / span_s;
	return (double)came / span_s;
}

static void expect_rates(double in_mbit, double out_mbit)
{
	const struct sent ways[] = {datagram(WORLD, "203.0.113.5", "10.1.0.1"),
				    datagram(ONE, "10.1.0.1", "203.0.113.5")};
	const double wanted[] = {in_mbit, out_mbit};

	for (size_t i = 0; i < 2; i++) {
		double offered = 0;
		const double came = rate_of(&ways[i], i == 0 ? ONE : WORLD, &offered);
		if (wanted[i] == 0) {
			assert_true(came > 0.9 * offered);
			continue;
		}
		/* More than is let through was there to be let through. */
		assert_true(offered > 2 * wanted[i] * 125000);
		assert_true(came > 0.7 * wanted[i] * 125000);
		assert_true(came < 1.3 * wanted[i] * 125000);
	}
}

/* What a plan bounds is what passes, each way by itself; without a bound all of it does. A bound is
 * changed, survives a table that is made anew, ends, and is counted. */
static void bandwidth_is_bounded(void **state)
{
	struct counted counted = {0};
	const struct sent other = datagram(WORLD, "203.0.113.5", "10.1.0.2");
	double offered = 0;

	(void)state;
	open_all(2980);
	limit(2981, 0, 0);
	expect_rates(0, 0);
	limit(2982, 8, 0);
	expect_rates(8, 0);
	assert_true(rate_of(&other, TWO, &offered) > 0.9 * offered);
	limit(2983, 4, 16);
	run("nft delete table inet ippo_t");
	assert_int_equal(network_check(network, NULL), 1);
	expect_rates(4, 16);
	assert_int_equal(ruleset_counters("t", 1, true, count, &counted, NULL), 0);
	assert_true(counted.packets[HOST_COUNT_RATE_IN] > 0);
	assert_true(counted.packets[HOST_COUNT_RATE_OUT] > 0);
	limit(2984, 0, 0);
	expect_rates(0, 0);
}

/* --- traffic --- */

static void sum(void *context, const struct host_traffic *traffic)
{
	if (memcmp(traffic->uuid, servers[0].uuid, UUID_BYTES) == 0)
		*(struct host_traffic *)context = *traffic;
}

/* What is let through is counted, what is refused is not; whatever happens to the filter, the
 * counters go on, until somebody deletes them: then it is another epoch. */
static void traffic_is_counted(void **state)
{
	struct host_traffic before = {0}, after = {0};
	const struct sent out = datagram(ONE, "10.1.0.1", "203.0.113.5"),
			  spoofed = datagram(ONE, "10.1.0.2", "203.0.113.5"),
			  in = datagram(WORLD, "203.0.113.5", "10.1.0.1");
	const uint64_t bytes = 20 + 8 + 32;

	(void)state;
	open_all(2990);
	assert_int_equal(network_traffic(network, sum, &before, NULL), 0);
	assert_true(arrives(&out, WORLD));
	assert_false(arrives(&spoofed, WORLD));
	run("nft delete table inet ippo_t");
	assert_int_equal(network_check(network, NULL), 1);
	open_all(2991);
	assert_true(arrives(&in, ONE));
	assert_true(arrives(&in, ONE));
	assert_int_equal(network_traffic(network, sum, &after, NULL), 0);
	assert_int_equal(after.epoch, before.epoch);
	assert_int_equal(after.out_bytes - before.out_bytes, bytes);
	assert_int_equal(after.in_bytes - before.in_bytes, 2 * bytes);
	run("nft delete table inet traffic_t");
	assert_int_equal(network_traffic(network, sum, &before, NULL), 0);
	assert_int_not_equal(after.epoch, before.epoch);
	assert_int_equal(before.out_bytes, 0);
	assert_true(arrives(&in, ONE));
	assert_int_equal(network_traffic(network, sum, &after, NULL), 0);
	assert_int_equal(after.in_bytes, bytes);
}

/* --- floating addresses --- */

/* A server with these floating addresses, to which all datagrams may come unless it is @shut. */
static void hold(size_t server, uint64_t version, const struct host_floating *floating,
		 size_t count, bool shut)
{
	struct ip all[] = {{.family = 4}, {.family = 6}};
	struct host_filter_rule rule = {
		.protocol = IPPROTO_UDP, .port_last = 65535, .network_count = 2};
	struct host_floating copy[4];
	const struct host_filter_change change = {.uuid = {servers[server].uuid[0]},
						  .filter = {.version = version,
							     .rules = &rule,
							     .rule_count = shut ? 0 : 1,
							     .networks = all,
							     .network_count = 2,
							     .floating = copy,
							     .floating_count = count}};
	struct err err = {0};

	if (count > 0)
		memcpy(copy, floating, count * sizeof *floating);
	if (network_set_filter(network, &change, NULL, &err) < 0)
		fail_msg("%s", err.text);
}

/* At which of the places a datagram to @target comes out; PLACES: nowhere. */
static enum place place_of(const struct sent *sent)
{
	const uint32_t number = put(sent);
	AUTO_FREE bool *seen = collect_all(last_number);
	enum place where = PLACES;

	for (int i = 0; i < PLACES; i++)
		if (seen[(size_t)i * (last_number + 1) + number]) {
			assert_int_equal(where, PLACES); /* at one alone */
			where = (enum place)i;
		}
	return where;
}

static enum place answers_at(const char *target, const char *peer)
{
	const struct sent sent = datagram(WORLD, peer, target);

	return place_of(&sent);
}

static bool speaks_as(enum place from, const char *source, const char *peer)
{
	const struct sent sent = datagram(from, source, peer);

	return place_of(&sent) == WORLD;
}

static void an_address_moves(const char *text, const char *prefix, const char *peer,
			     uint64_t version)
{
	struct host_floating held = {.move = version};
	struct sent known;

	assert_int_equal(ip_parse(prefix, &held.ip) == 0 || ip_parse_prefix(prefix, &held.ip) == 0,
			 true);
	hold(0, version, NULL, 0, false);
	hold(1, version, NULL, 0, false);
	assert_false(speaks_as(ONE, text, peer));
	hold(0, ++version, &held, 1, false);
	assert_int_equal(answers_at(text, peer), ONE);
	assert_true(speaks_as(ONE, text, peer));
	assert_false(speaks_as(TWO, text, peer));
	known = datagram(WORLD, peer, text);
	assert_int_equal(place_of(&known), ONE);
	const struct sent answer = answer_to(&known);
	assert_int_equal(place_of(&answer), WORLD);

	/* The other server is told, the first is not: one message moves it. What the first had let
	 * in is no stranger's way into the second, which lets nothing in. */
	held.move++;
	hold(1, ++version, &held, 1, true);
	assert_int_equal(place_of(&known), PLACES);
	assert_int_equal(place_of(&answer), PLACES);
	assert_false(speaks_as(ONE, text, peer));
	hold(1, ++version, &held, 1, false);
	assert_int_equal(answers_at(text, peer), TWO);
	assert_true(speaks_as(TWO, text, peer));

	/* What the first was told before, and hears only now. */
	held.move--;
	hold(0, ++version, &held, 1, false);
	assert_int_equal(answers_at(text, peer), TWO);
	assert_false(speaks_as(ONE, text, peer));
	for (int i = 0; i < 10; i++) {
		held.move += 2;
		hold((size_t)(i % 2), ++version, &held, 1, false);
		assert_int_equal(answers_at(text, peer), i % 2 == 0 ? ONE : TWO);
		assert_true(speaks_as(i % 2 == 0 ? ONE : TWO, text, peer));
		assert_false(speaks_as(i % 2 == 0 ? TWO : ONE, text, peer));
	}
	/* A table that is made anew has it, too. */
	run("nft delete table inet ippo_t");
	assert_int_equal(network_check(network, NULL), 1);
	assert_int_equal(answers_at(text, peer), TWO);
	hold(1, ++version, NULL, 0, false);
	const enum place nobody = answers_at(text, peer);
	assert_true(nobody != ONE && nobody != TWO);
	assert_false(speaks_as(TWO, text, peer));
}

static void floating_addresses_move(void **state)
{
	(void)state;
	run("for n in 1 2; do ip neigh replace 10.2.0.9 lladdr 02:00:00:00:00:0$n dev t-$n nud "
	    "permanent; ip neigh replace fd02::7 lladdr 02:00:00:00:00:0$n dev t-$n nud "
	    "permanent; done");
	an_address_moves("10.2.0.9", "10.2.0.9", "203.0.113.5", 3000);
	an_address_moves("fd02::7", "fd02::/64", "2001:db8:7::5", 3100);
}

/* What was refused is told of: why, who, and how often. */
static void refusals_are_told(void **state)
{
	const struct host_filter_change change = {.uuid = {1}, .filter = {.version = 500}};
	struct host_refused refused = {0};
	const struct sent sent = {.from = WORLD,
				  .source = address("203.0.113.44"),
				  .target = address("10.1.0.1"),
				  .protocol = IPPROTO_TCP,
				  .source_port = 4711,
				  .port = 3306,
				  .flags = 0x02};
	const int64_t until_ms = clock_mono_ms() + PATIENCE_MS;
	bool found = false;

	(void)state;
	assert_int_equal(network_set_filter(network, &change, NULL, NULL), 0);
	assert_false(arrives(&sent, ONE));
	assert_false(arrives(&sent, ONE));
	while (!found && clock_mono_ms() < until_ms) {
		struct buf answer CLEANUP(buf_done) = {0};
		struct host_counter counter;
		struct reader reader;
		assert_int_equal(network_filter_status(network, servers[0].uuid, &answer, NULL), 0);
		reader_init(&reader, answer.data, answer.len);
		for (uint32_t left = reader_u32(&reader); left > 0; left--)
			assert_int_equal(host_counter_read(&reader, &counter), 0);
		for (uint32_t left = reader_u32(&reader); left > 0 && !found; left--) {
			assert_int_equal(host_refused_read(&reader, &refused), 0);
			found = refused.port == 3306 && refused.count == 2;
		}
		(void)usleep(10000);
	}
	assert_true(found);
	assert_int_equal(refused.kind, HOST_COUNT_IN);
	assert_int_equal(refused.protocol, IPPROTO_TCP);
	assert_true(ip_equal(&refused.peer, &sent.source));
}

/* --- changes --- */

/* Established traffic passes through a change, and never anything of neither the old nor the new.
 */
static void a_change_is_one_moment(void **state)
{
	struct sent sent = datagram(WORLD, "203.0.113.5", "10.1.0.1");

	(void)state;
	open_all(600);
	assert_true(arrives(&sent, ONE));
	const struct sent answer = answer_to(&sent);
	assert_true(arrives(&answer, WORLD));
	for (uint64_t i = 0; i < 10; i++) {
		const struct host_filter_change none = {.uuid = {1},
							.filter = {.version = 601 + i}};
		assert_int_equal(network_set_filter(network, &none, NULL, NULL), 0);
		assert_true(arrives(&sent, ONE));
		const struct sent fresh = datagram(WORLD, "203.0.113.5", "10.1.0.1");
		assert_false(arrives(&fresh, ONE));
	}
}

/* Of one reading of its chain: whether it is that of one port and whole, with what refuses the rest
 * behind its rules. */
static bool is_one_of(const char *const ports_of[2])
{
	struct buf out CLEANUP(buf_done) = {0};
	const char *const arguments[] = {"nft", "list", "chain", "inet", "ippo_t", "in_1", NULL};
	const struct process process = {
		.arguments = arguments, .stdin_fd = -1, .stdout_fd = -1, .timeout_s = 30};
	size_t rules[2] = {0, 0};

	assert_int_equal(process_run(&process, &out, NULL), 0);
	for (size_t i = 0; i < 2; i++)
		for (const char *at = buf_str(&out); (at = strstr(at, ports_of[i])) != NULL; at++)
			rules[i]++;
	return rules[0] + rules[1] == FIREWALL_RULES_MAX && (rules[0] == 0 || rules[1] == 0) &&
	       strstr(buf_str(&out), "drop comment \"in\"") != NULL;
}

static void put_many(const char *port, uint64_t version)
{
	struct firewall firewall CLEANUP(firewall_done) = {.id = 1};
	const struct firewall_policy policy = {.firewalls = &firewall, .count = 1, .ssh_port = 22};
	struct buf text CLEANUP(buf_done) = {0};

	for (int i = 0; i < FIREWALL_RULES_MAX; i++)
		(void)buf_printf(&text, "in tcp %s 10.0.%d.0/24\n", port, i);
	assert_int_equal(firewall_rules_read(buf_str(&text), &firewall.rules, NULL), 0);
	put_in_force(&policy, servers[0].uuid, version);
}

/* Whoever makes a change is killed in the middle of it, again and again: the old or the new. */
static void killed_in_between(void **state)
{
	static const char *const either[] = {"dport 4001", "dport 4002"};

	(void)state;
	put_many("4001", 1000);
	for (unsigned i = 0; i < KILLS; i++) {
		const pid_t child = fork();
		if (child == 0) {
			for (uint64_t version = 1001;; version++)
				put_many(version % 2 == 0 ? "4001" : "4002", version);
		}
		assert_true(child > 0);
		(void)usleep(1000 + i * 3571 % 60000);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, NULL, 0), child);
		assert_true(is_one_of(either));
	}
}

/* An older change that comes late changes nothing. */
static void the_newest_stays(void **state)
{
	const struct host_filter_change late = {.uuid = {1}, .filter = {.version = 2650}};
	const struct sent sent = datagram(WORLD, "203.0.113.5", "10.1.0.1");
	uint64_t version = 0;

	(void)state;
	open_all(2700);
	assert_int_equal(network_set_filter(network, &late, &version, NULL), 0);
	assert_int_equal(version, 2700);
	assert_true(arrives(&sent, ONE));
}

/* Whatever somebody else did to our table is undone within the minute, and only then. */
static void it_is_looked_after(void **state)
{
	struct err err = {0};
	const struct sent sent = datagram(WORLD, "203.0.113.5", "10.1.0.1");

	(void)state;
	open_all(2800);
	(void)network_check(network, &err);
	assert_int_equal(network_check(network, &err), 0);
	run("nft add table inet somebody; nft add chain inet somebody x");
	assert_int_equal(network_check(network, &err), 0);
	run("nft insert rule inet ippo_t forward drop");
	assert_false(arrives(&sent, ONE));
	assert_int_equal(network_check(network, &err), 1);
	assert_true(arrives(&sent, ONE));
	assert_int_equal(network_check(network, &err), 0);
	run("nft delete table inet ippo_t");
	assert_int_equal(network_check(network, &err), 1);
	const struct sent fresh = datagram(ONE, "203.0.113.5", "10.1.0.2");
	assert_false(arrives(&fresh, TWO));
}

/* --- a look that takes long, as it does where there are many servers --- */

struct slow {
	char folder[32];
	char *path; /* as it was */
};

/* An nft that takes half a second to say what is in the table. */
static void slow_down(struct slow *slow)
{
	char line[512];

	(void)snprintf(slow->folder, sizeof slow->folder, "/tmp/ippo-edge-XXXXXX");
	assert_non_null(mkdtemp(slow->folder));
	slow->path = strdup(getenv("PATH"));
	(void)snprintf(
		line, sizeof line,
		"nft=$(command -v nft); cat >%s/nft <<EOT\n#!/bin/sh\ncase \"\\$*\" in *'list "
		"table inet'*) : >%s/looks; sleep 0.5;; esac\nexec $nft \"\\$@\"\nEOT\n"
		"chmod +x %s/nft",
		slow->folder, slow->folder, slow->folder);
	run(line);
	(void)snprintf(line, sizeof line, "%s:%s", slow->folder, slow->path);
	(void)setenv("PATH", line, 1);
}

static void slow_done(struct slow *slow)
{
	char line[64];

	(void)setenv("PATH", slow->path, 1);
	free(slow->path);
	(void)snprintf(line, sizeof line, "rm -r %s", slow->folder);
	run(line);
}

static void *look(void *result)
{
	*(int *)result = network_check(network, NULL);
	return NULL;
}

/* Each of these differs from the one before. */
static void change_a_bound(uint64_t version)
{
	const struct host_filter_change change = {
		.uuid = {1},
		.filter = {.version = version,
			   .connections_per_s = (uint32_t)version,
			   .connections_burst = (uint32_t)version}};

	assert_int_equal(network_set_filter(network, &change, NULL, NULL), 0);
}

/* Changes the filter in the middle of a look. Return: how long that took. */
static int64_t change_meanwhile(const struct slow *slow, uint64_t version, int *ret_look)
{
	char looks[64];
	pthread_t thread;

	(void)snprintf(looks, sizeof looks, "%s/looks", slow->folder);
	(void)unlink(looks);
	assert_int_equal(pthread_create(&thread, NULL, look, ret_look), 0);
	for (int64_t until_ms = clock_mono_ms() + 60000; access(looks, F_OK) < 0;) {
		assert_true(clock_mono_ms() < until_ms);
		(void)usleep(1000);
	}
	const int64_t began_ms = clock_mono_ms();
	change_a_bound(version);
	const int64_t took_ms = clock_mono_ms() - began_ms;
	assert_int_equal(pthread_join(thread, NULL), 0);
	return took_ms;
}

/* A change waits for no look at the table, and spoils it; the sixth is not spoilt. */
static void a_change_waits_for_no_look(void **state)
{
	struct slow slow CLEANUP(slow_done) = {{0}};
	int64_t free_ms = INT64_MAX, took_ms;
	int result;

	(void)state;
	change_a_bound(2810);
	slow_down(&slow);
	for (uint64_t i = 0; i < 5; i++) {
		took_ms = change_meanwhile(&slow, 2811 + i, &result);
		free_ms = took_ms < free_ms ? took_ms : free_ms;
		assert_int_equal(result, 0);
	}
	assert_in_range(free_ms, 0, 399);
	took_ms = change_meanwhile(&slow, 2816, &result);
	assert_int_equal(result, 0);
	assert_in_range(took_ms, 400, 60000);
	/* What a stranger does is noticed as before. */
	assert_int_equal(network_check(network, NULL), 0);
	run("nft insert rule inet ippo_t forward drop");
	assert_int_equal(network_check(network, NULL), 1);
}

/* What is to be proved first lets nothing new in, whatever the rules say. */
static void the_closed_are_closed(void **state)
{
	struct sent sent = datagram(WORLD, "203.0.113.5", "10.1.0.1");

	(void)state;
	open_all(2900);
	run("nft add element inet ippo_t closed '{ \"t-1\" }'");
	assert_false(arrives(&sent, ONE));
	run("nft delete element inet ippo_t closed '{ \"t-1\" }'");
	assert_true(arrives(&sent, ONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(model_is_the_kernel),
		cmocka_unit_test(tunnels),
		cmocka_unit_test(what_networks_need_passes),
		cmocka_unit_test(a_guest_speaks_for_itself_alone),
		cmocka_unit_test(floods_fill_nothing),
		cmocka_unit_test(rules_count),
		cmocka_unit_test(connections_are_bounded),
		cmocka_unit_test(refusals_are_told),
		cmocka_unit_test(a_change_is_one_moment),
		cmocka_unit_test(killed_in_between),
		cmocka_unit_test(the_newest_stays),
		cmocka_unit_test(it_is_looked_after),
		cmocka_unit_test(a_change_waits_for_no_look),
		cmocka_unit_test(the_closed_are_closed),
		cmocka_unit_test(a_flood_leaves_the_others_room),
		cmocka_unit_test(a_crowd_leaves_the_others_room),
		cmocka_unit_test(strangers_take_turns),
		cmocka_unit_test(bandwidth_is_bounded),
		cmocka_unit_test(who_comes_in_is_seen),
		cmocka_unit_test(traffic_is_counted),
		cmocka_unit_test(floating_addresses_move),
	};

	return geteuid() != 0 ? 77 : cmocka_run_group_tests(tests, set_up, tear_down);
}

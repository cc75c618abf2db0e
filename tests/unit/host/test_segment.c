/*
 * Private networks on the host, in a network namespace of its own. Each port is a real tap, which
 * the test opens as QEMU does: what it writes there is what a guest with root would send, and what
 * it reads is what the guest would hear.
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
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "host/network/network.h"
#include "host/network/segment.h"
#include "host/process.h"

#define FRAME_BYTES 2048
#define ETHER_BYTES 14
#define VNET_BYTES  10 /* struct virtio_net_hdr, all zero: no offloads */
#define ARP_BYTES   28
#define PATIENCE_MS 20000
#define SETTLE_MS   250 /* in which a frame that gets through has got through many times over */

/* Ports: two of one network, and one in each of two others: another of the same customer's, and a
 * stranger's with the same addresses. */
enum place { ONE, TWO, OTHER, STRANGER, PLACES };

static const struct host_network servers[] = {
	{.uuid = {1},
	 .server_id = 1,
	 .mac = {2, 0, 0, 0, 1, 1},
	 .ports = {{1, 1, {2, 0, 0, 0, 0, 1}, {4, 32, {10, 0, 0, 2}}, {{4, 32, {10, 0, 0, 9}}}, 1},
		   {3, 2, {2, 0, 0, 0, 0, 3}, {4, 32, {10, 1, 0, 2}}}},
	 .port_count = 2},
	{.uuid = {2},
	 .server_id = 2,
	 .mac = {2, 0, 0, 0, 1, 2},
	 .ports = {{2, 1, {2, 0, 0, 0, 0, 2}, {4, 32, {10, 0, 0, 3}}}},
	 .port_count = 1},
	{.uuid = {3},
	 .server_id = 3,
	 .mac = {2, 0, 0, 0, 1, 3},
	 .ports = {{4, 3, {2, 0, 0, 0, 0, 4}, {4, 32, {10, 0, 0, 3}}}},
	 .port_count = 1},
};
static const uint64_t port_ids[PLACES] = {1, 2, 3, 4};
static const uint8_t macs[PLACES][MAC_BYTES] = {
	{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}, {2, 0, 0, 0, 0, 3}, {2, 0, 0, 0, 0, 4}};
static const uint8_t everybody[MAC_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static struct network *network;
static int taps[PLACES] = {-1, -1, -1, -1};

static int run(const char *line)
{
	const char *const arguments[] = {"sh", "-c", line, NULL};
	const struct process process = {
		.arguments = arguments, .stdin_fd = -1, .stdout_fd = -1, .timeout_s = 30};

	return process_run(&process, NULL, NULL);
}

static int open_tap(uint64_t port_id)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	assert_int_equal(segment_port_name("t", port_id, request.ifr_name), 0);
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, TUNSETIFF, &request), 0);
	return fd;
}

static void drain(enum place at)
{
	uint8_t frame[FRAME_BYTES];

	while (read(taps[at], frame, sizeof frame) > 0)
		;
}

static void send_frame(enum place from, const uint8_t *frame, size_t bytes)
{
	uint8_t whole[FRAME_BYTES + VNET_BYTES] = {0};

	memcpy(whole + VNET_BYTES, frame, bytes);
	assert_int_equal(write(taps[from], whole, bytes + VNET_BYTES), bytes + VNET_BYTES);
}

/* A frame with the same bytes behind its addresses, within @wait_ms. */
static bool hears(enum place at, const uint8_t *frame, size_t bytes, int wait_ms)
{
	const int64_t until_ms = clock_mono_ms() + wait_ms;
	uint8_t got[FRAME_BYTES];

	for (int64_t now_ms; (now_ms = clock_mono_ms()) <= until_ms;) {
		struct pollfd look = {.fd = taps[at], .events = POLLIN};
		if (poll(&look, 1, (int)(until_ms - now_ms)) <= 0)
			break;
		const ssize_t len = read(taps[at], got, sizeof got);
		if (len == (ssize_t)(bytes + VNET_BYTES) &&
		    memcmp(got + VNET_BYTES, frame, bytes) == 0)
			return true;
	}
	return false;
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

struct frame {
	uint8_t data[FRAME_BYTES];
	size_t bytes;
};

static void ether(struct frame *frame, const uint8_t *target, const uint8_t *source, unsigned type)
{
	memset(frame, 0, sizeof *frame);
	memcpy(frame->data, target, MAC_BYTES);
	memcpy(frame->data + MAC_BYTES, source, MAC_BYTES);
	put16(frame->data + 2 * MAC_BYTES, type);
	frame->bytes = 60;
}

/* A datagram of UDP; each has a number of its own, so that no two are alike. */
static void ip_frame(struct frame *frame, const uint8_t *target, const uint8_t *source,
		     const uint8_t from[4], const uint8_t to[4], unsigned source_port,
		     unsigned port)
{
	static uint32_t number;
	uint8_t *ip = frame->data + ETHER_BYTES;
	uint32_t sum = 0;

	ether(frame, target, source, 0x0800);
	ip[0] = 0x45;
	put16(ip + 2, 46);
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	memcpy(ip + 12, from, 4);
	memcpy(ip + 16, to, 4);
	for (size_t i = 0; i < 20; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, ~(sum + (sum >> 16)) & 0xffff);
	put16(ip + 20, source_port);
	put16(ip + 22, port);
	put16(ip + 24, 26);
	number++;
	memcpy(ip + 28, &number, sizeof number);
}

static void arp_frame(struct frame *frame, const uint8_t *source, const uint8_t *sender_mac,
		      const uint8_t sender[4], const uint8_t target[4], unsigned operation)
{
	uint8_t *arp = frame->data + ETHER_BYTES;

	ether(frame, everybody, source, 0x0806);
	put16(arp, 1);
	put16(arp + 2, 0x0800);
	arp[4] = 6;
	arp[5] = 4;
	put16(arp + 6, operation);
	memcpy(arp + 8, sender_mac, MAC_BYTES);
	memcpy(arp + 14, sender, 4);
	memcpy(arp + 24, target, 4);
}

/* What shall arrive is sent again until it does: a bridge takes a moment to see that somebody has
 * opened a tap. */
static void expect(enum place from, enum place to, const struct frame *frame, bool arrives,
		   const char *what)
{
	const int64_t until_ms = clock_mono_ms() + (arrives ? PATIENCE_MS : 0);
	bool heard;

	drain(to);
	do {
		send_frame(from, frame->data, frame->bytes);
		heard = hears(to, frame->data, frame->bytes, SETTLE_MS);
	} while (!heard && clock_mono_ms() < until_ms);
	if (heard != arrives)
		fail_msg("%s: %s", what, arrives ? "did not arrive" : "arrived");
}

static const uint8_t ip_one[4] = {10, 0, 0, 2}, alias_one[4] = {10, 0, 0, 9},
		     ip_two[4] = {10, 0, 0, 3}, nobodys[4] = {10, 0, 0, 200}, none[4] = {0},
		     all[4] = {255, 255, 255, 255}, world[4] = {198, 51, 100, 1};

/* --- the tests --- */

static void neighbours_hear_each_other(void **state)
{
	struct frame frame;

	arp_frame(&frame, macs[ONE], macs[ONE], ip_one, ip_two, 1);
	expect(ONE, TWO, &frame, true, "a question");
	arp_frame(&frame, macs[ONE], macs[ONE], none, ip_one, 1);
	expect(ONE, TWO, &frame, true, "a probe for its own address");
	arp_frame(&frame, macs[TWO], macs[TWO], ip_two, ip_one, 2);
	expect(TWO, ONE, &frame, true, "an answer");
	ip_frame(&frame, macs[TWO], macs[ONE], ip_one, ip_two, 4000, 53);
	expect(ONE, TWO, &frame, true, "a datagram");
	ip_frame(&frame, macs[TWO], macs[ONE], alias_one, ip_two, 4000, 53);
	expect(ONE, TWO, &frame, true, "one from an alias");
	ip_frame(&frame, everybody, macs[ONE], ip_one, all, 4000, 5353);
	expect(ONE, TWO, &frame, true, "one for everybody");
}

static void nothing_goes_under_a_foreign_name(void **state)
{
	static const uint8_t foreign[MAC_BYTES] = {2, 0, 0, 0, 0, 0x99};
	const uint8_t *const sources[] = {ip_two, nobodys, none, world};
	struct frame frame;

	ip_frame(&frame, macs[TWO], foreign, ip_one, ip_two, 4000, 53);
	expect(ONE, TWO, &frame, false, "a foreign MAC address");
	ip_frame(&frame, macs[TWO], macs[TWO], ip_one, ip_two, 4000, 53);
	expect(ONE, TWO, &frame, false, "the neighbour's own MAC address");
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		ip_frame(&frame, macs[TWO], macs[ONE], sources[i], ip_two, 4000, 53);
		expect(ONE, TWO, &frame, false, "a foreign source");
		arp_frame(&frame, macs[ONE], macs[ONE], sources[i], ip_two, 2);
		expect(ONE, TWO, &frame, false, "an answer for a foreign address");
		arp_frame(&frame, macs[ONE], macs[ONE], sources[i], ip_two, 1);
		expect(ONE, TWO, &frame, false, "a question as somebody else");
	}
	/* Nor in pieces: the second one has no ports, but a source. */
	for (unsigned piece = 0; piece < 2; piece++) {
		ip_frame(&frame, macs[TWO], macs[ONE], nobodys, ip_two, 4000, 53);
		put16(frame.data + ETHER_BYTES + 6, piece == 0 ? 0x2000 : 2);
		expect(ONE, TWO, &frame, false, "a piece with a foreign source");
	}
	arp_frame(&frame, macs[ONE], foreign, ip_one, ip_two, 2);
	expect(ONE, TWO, &frame, false, "an answer with a foreign MAC address inside");
	arp_frame(&frame, macs[ONE], macs[ONE], none, ip_two, 1);
	expect(ONE, TWO, &frame, false, "a probe for a foreign address");
	/* One of ARP that is about no addresses of IPv4. */
	arp_frame(&frame, macs[ONE], macs[ONE], ip_one, ip_two, 1);
	put16(frame.data + ETHER_BYTES + 2, 0x86dd);
	expect(ONE, TWO, &frame, false, "ARP for another protocol");
	/* After all that, what it says truly is still heard: no port was moved. */
	ip_frame(&frame, macs[ONE], macs[TWO], ip_two, ip_one, 4000, 53);
	expect(TWO, ONE, &frame, true, "the neighbour's answer");
}

static void only_what_belongs_there_is_heard(void **state)
{
	static const unsigned kinds[] = {0x86dd, 0x8863, 0x88cc, 0x8847, 0x0842, 0x9000, 46};
	static const uint8_t routers[MAC_BYTES] = {0x33, 0x33, 0, 0, 0, 1};
	static const uint8_t bridges[MAC_BYTES] = {1, 0x80, 0xc2, 0, 0, 0};
	static const unsigned dhcp[][2] = {{67, 68}, {68, 67}, {67, 9}, {9, 67}, {9, 68}};
	struct frame frame;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		ip_frame(&frame, macs[TWO], macs[ONE], ip_one, ip_two, 4000, 53);
		put16(frame.data + 2 * MAC_BYTES, kinds[i]);
		expect(ONE, TWO, &frame, false, "another ethertype");
		memcpy(frame.data, i % 2 == 0 ? everybody : bridges, MAC_BYTES);
		expect(ONE, TWO, &frame, false, "another ethertype, to all");
	}
	/* A router advertisement, RFC 4861 section 4.2. */
	ether(&frame, routers, macs[ONE], 0x86dd);
	frame.data[ETHER_BYTES] = 0x60;
	frame.data[ETHER_BYTES + 6] = IPPROTO_ICMPV6;
	frame.data[ETHER_BYTES + 7] = 255;
	frame.data[ETHER_BYTES + 40] = 134;
	expect(ONE, TWO, &frame, false, "a router advertisement");
	for (size_t i = 0; i < ARRAY_SIZE(dhcp); i++) {
		ip_frame(&frame, everybody, macs[ONE], ip_one, all, dhcp[i][0], dhcp[i][1]);
		expect(ONE, TWO, &frame, false, "DHCP");
	}
	ip_frame(&frame, everybody, macs[ONE], ip_one, all, 4000, 53);
	frame.data[ETHER_BYTES + 9] = IPPROTO_IGMP;
	expect(ONE, TWO, &frame, false, "IGMP");
	/* A tag before what would be let in, and two. */
	for (unsigned tags = 1; tags <= 2; tags++) {
		for (unsigned kind = 0; kind < 2; kind++) {
			ip_frame(&frame, macs[TWO], macs[ONE], ip_one, ip_two, 4000, 53);
			memmove(frame.data + 2 * MAC_BYTES + 4 * tags, frame.data + 2 * MAC_BYTES,
				48);
			for (unsigned n = 0; n < tags; n++) {
				put16(frame.data + 2 * MAC_BYTES + 4 * n, kind ? 0x88a8 : 0x8100);
				put16(frame.data + 2 * MAC_BYTES + 4 * n + 2, 5);
			}
			frame.bytes = 60 + 4 * tags;
			drain(TWO);
			send_frame(ONE, frame.data, frame.bytes);
			/* Whether the tag is still there or was taken off on the way. */
			uint8_t got[FRAME_BYTES];
			struct pollfd look = {.fd = taps[TWO], .events = POLLIN};
			if (poll(&look, 1, SETTLE_MS) > 0 && read(taps[TWO], got, sizeof got) > 0)
				fail_msg("a tagged frame arrived");
		}
	}
}

static void other_networks_hear_nothing(void **state)
{
	struct frame frame;

	for (enum place to = OTHER; to <= STRANGER; to++) {
		arp_frame(&frame, macs[ONE], macs[ONE], ip_one, ip_two, 1);
		expect(ONE, to, &frame, false, "a question");
		ip_frame(&frame, macs[to], macs[ONE], ip_one, ip_two, 4000, 53);
		expect(ONE, to, &frame, false, "a datagram to its card");
		ip_frame(&frame, everybody, macs[ONE], ip_one, all, 4000, 53);
		expect(ONE, to, &frame, false, "a datagram to all");
	}
}

static void read_mac(const char *name, uint8_t mac[MAC_BYTES])
{
	struct ifreq request = {0};
	int fd AUTO_CLOSE = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &request), 0);
	memcpy(mac, request.ifr_hwaddr.sa_data, MAC_BYTES);
}

/* Nothing answers: the host has addresses, services and routes, and none of them is there. */
static void the_host_is_no_neighbour(void **state)
{
	static const uint8_t hosts[][4] = {{10, 0, 0, 1}, {127, 0, 0, 1}, {192, 0, 2, 1}};
	uint8_t bridge_mac[MAC_BYTES], tap_mac[MAC_BYTES], got[FRAME_BYTES];
	const int service AUTO_CLOSE =
		socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(5300)};
	struct frame frame;

	assert_int_equal(bind(service, (const struct sockaddr *)&at, sizeof at), 0);
	read_mac("t_1", bridge_mac);
	read_mac("t.1", tap_mac);
	drain(ONE);
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		arp_frame(&frame, macs[ONE], macs[ONE], ip_one, hosts[i], 1);
		send_frame(ONE, frame.data, frame.bytes);
		ip_frame(&frame, bridge_mac, macs[ONE], ip_one, hosts[i], 4000, 5300);
		send_frame(ONE, frame.data, frame.bytes);
		ip_frame(&frame, tap_mac, macs[ONE], ip_one, hosts[i], 4000, 5300);
		send_frame(ONE, frame.data, frame.bytes);
		/* To the world, past the host. */
		ip_frame(&frame, bridge_mac, macs[ONE], ip_one, world, 4000, 5300);
		send_frame(ONE, frame.data, frame.bytes);
	}
	struct pollfd look[] = {{.fd = taps[ONE], .events = POLLIN},
				{.fd = service, .events = POLLIN}};
	assert_int_equal(poll(look, 2, SETTLE_MS), 0);
	assert_true(recv(service, got, sizeof got, 0) < 0);
	/* None has an address, of either family. */
	assert_int_equal(run("test -z \"$(ip -o address show dev t_1)\""), 0);
	assert_int_equal(run("test -z \"$(ip -o address show dev t.1)\""), 0);
	assert_int_equal(run("test -z \"$(ip neighbour show dev t_1)\""), 0);
}

/* Nor does what the host itself would send get there. */
static void the_host_sends_nothing(void **state)
{
	const int fd AUTO_CLOSE = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = MAC_BYTES};
	struct frame frame;

	to.sll_ifindex = (int)if_nametoindex("t_1");
	ip_frame(&frame, macs[TWO], macs[ONE], ip_one, ip_two, 4000, 53);
	drain(TWO);
	assert_int_equal(sendto(fd, frame.data, frame.bytes, 0, (struct sockaddr *)&to, sizeof to),
			 frame.bytes);
	assert_false(hears(TWO, frame.data, frame.bytes, SETTLE_MS));
}

static size_t lines_of(const char *command)
{
	const char *const arguments[] = {"sh", "-c", command, NULL};
	const struct process process = {
		.arguments = arguments, .stdin_fd = -1, .stdout_fd = -1, .timeout_s = 30};
	struct buf out CLEANUP(buf_done) = {0};
	size_t lines = 0;

	assert_int_equal(process_run(&process, &out, NULL), 0);
	for (size_t i = 0; i < out.len; i++)
		lines += out.data[i] == '\n';
	return lines;
}

static void floods_fill_nothing(void **state)
{
	static const char table[] = "bridge fdb show br t_1; bridge mdb show dev t_1";
	const size_t before = lines_of(table);
	struct frame frame;
	unsigned heard = 0;
	uint8_t got[FRAME_BYTES];

	for (unsigned n = 0; n < 3000; n++) {
		uint8_t mac[MAC_BYTES] = {2, 7, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
		ip_frame(&frame, everybody, mac, ip_one, all, 4000, 53);
		send_frame(ONE, frame.data, frame.bytes);
	}
	assert_int_equal(lines_of(table), before);
	/* Connections without end: the host keeps none of what passes between them. */
	const size_t connections = lines_of("cat /proc/net/nf_conntrack");
	for (unsigned n = 0; n < 3000; n++) {
		ip_frame(&frame, macs[TWO], macs[ONE], ip_one, ip_two, 1024 + n, 53);
		send_frame(ONE, frame.data, frame.bytes);
	}
	assert_in_range(lines_of("cat /proc/net/nf_conntrack"), 0, connections);
	/* Its own name, too often. */
	drain(TWO);
	for (unsigned n = 0; n < 3000; n++) {
		arp_frame(&frame, macs[ONE], macs[ONE], ip_one, ip_two, 1);
		send_frame(ONE, frame.data, frame.bytes);
		while (read(taps[TWO], got, sizeof got) > 0)
			heard++;
	}
	assert_true(heard > 0 && heard < 1500);
	/* What nobody has goes to nobody. */
	static const uint8_t nobody[MAC_BYTES] = {2, 0, 0, 0, 0, 0x77};
	ip_frame(&frame, nobody, macs[ONE], ip_one, nobodys, 4000, 53);
	expect(ONE, TWO, &frame, false, "a frame for nobody");
}

static void aliases_come_and_go(void **state)
{
	struct host_network changed = servers[0];
	struct frame frame;

	changed.ports[0].alias_count = 0;
	assert_int_equal(network_set(network, &changed, NULL), 0);
	ip_frame(&frame, macs[TWO], macs[ONE], alias_one, ip_two, 4000, 53);
	expect(ONE, TWO, &frame, false, "an alias that was taken away");
	assert_int_equal(network_set(network, &servers[0], NULL), 0);
	expect(ONE, TWO, &frame, true, "an alias that was given");
}

/* The wire goes with the port, though the guest holds on to its card. */
static void who_leaves_hears_no_more(void **state)
{
	struct host_network left = servers[0];
	struct frame frame;
	uint8_t got[FRAME_BYTES];

	left.port_count = 0;
	assert_int_equal(network_set(network, &left, NULL), 0);
	assert_int_equal(if_nametoindex("t.1"), 0);
	assert_int_equal(if_nametoindex("t_2"), 0);
	assert_int_not_equal(if_nametoindex("t_1"), 0);
	assert_true(write(taps[ONE], got, 100) < 0);
	assert_int_equal(network_set(network, &servers[0], NULL), 0);
	for (enum place at = ONE; at <= OTHER; at += OTHER) {
		(void)close(taps[at]);
		taps[at] = open_tap(port_ids[at]);
	}
	ip_frame(&frame, macs[TWO], macs[ONE], ip_one, ip_two, 4000, 53);
	expect(ONE, TWO, &frame, true, "one who has come back");
}

static void it_is_looked_after(void **state)
{
	static const char *const harms[] = {"nft delete table bridge ippo_t",
					    "nft flush chain bridge ippo_t port_1",
					    "nft 'add rule bridge ippo_t port_1 accept'",
					    "ip link set t.1 nomaster", "ip link set t.1 down"};
	struct frame frame, foreign;

	for (size_t i = 0; i < ARRAY_SIZE(harms); i++) {
		(void)network_check(network, NULL);
		assert_int_equal(network_check(network, NULL), 0);
		assert_int_equal(run(harms[i]), 0);
		if (network_check(network, NULL) != 1)
			fail_msg("not noticed: %s", harms[i]);
		ip_frame(&frame, macs[TWO], macs[ONE], ip_one, ip_two, 4000, 53);
		expect(ONE, TWO, &frame, true, harms[i]);
		ip_frame(&foreign, macs[TWO], macs[ONE], nobodys, ip_two, 4000, 53);
		expect(ONE, TWO, &foreign, false, harms[i]);
	}
}

/* A new process, as after a crash, is told everything; what nobody knows goes. */
static void a_restart_finds_its_own(void **state)
{
	struct config config = {.instance = "t", .egress = "routed"};
	struct frame frame;

	network_free(network);
	network = NULL;
	assert_int_equal(network_new(&config, &network, NULL), 0);
	/* Before core has said anything, what was in force is. */
	ip_frame(&frame, macs[TWO], macs[ONE], nobodys, ip_two, 4000, 53);
	expect(ONE, TWO, &frame, false, "a foreign source");
	assert_int_equal(run("ip link add t_77 type bridge && ip tuntap add mode tap name t.77 && "
			     "ip link add u_1 type bridge && "
			     "ip link add t.5 type veth peer name t5p"),
			 0);
	assert_int_equal(network_sync(network, servers, ARRAY_SIZE(servers), NULL), 0);
	assert_int_equal(if_nametoindex("t_77"), 0);
	assert_int_equal(if_nametoindex("t.77"), 0);
	/* Another instance's, and what only looks like one. */
	assert_int_not_equal(if_nametoindex("u_1"), 0);
	assert_int_not_equal(if_nametoindex("t.5"), 0);
	assert_int_equal(run("ip link del t.5"), 0);
	ip_frame(&frame, macs[TWO], macs[ONE], ip_one, ip_two, 4000, 53);
	expect(ONE, TWO, &frame, true, "a datagram");
}

static void the_last_one_takes_the_bridge_along(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(servers); i++)
		assert_int_equal(network_clear(network, servers[i].uuid, NULL), 0);
	assert_int_equal(run("test -z \"$(ip -o link | grep -E 't[._]')\""), 0);
}

static int set_up(void **state)
{
	struct config config = {.instance = "t", .egress = "routed"};

	struct err err = {0};

	if (unshare(CLONE_NEWNET) < 0 || run("ip link set lo up") < 0 ||
	    run("ip link add w0 type veth peer name w1 && ip link set w0 up && "
		"ip address add 192.0.2.1/24 dev w0 && ip route add default dev w0") < 0 ||
	    network_new(&config, &network, &err) < 0 ||
	    network_sync(network, servers, ARRAY_SIZE(servers), &err) < 0) {
		print_error("%s\n", err.text);
		return -1;
	}
	for (enum place at = 0; at < PLACES; at++)
		taps[at] = open_tap(port_ids[at]);
	return 0;
}

static int tear_down(void **state)
{
	for (enum place at = 0; at < PLACES; at++)
		(void)close(taps[at]);
	network_free(network);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_hear_each_other),
		cmocka_unit_test(nothing_goes_under_a_foreign_name),
		cmocka_unit_test(only_what_belongs_there_is_heard),
		cmocka_unit_test(other_networks_hear_nothing),
		cmocka_unit_test(the_host_is_no_neighbour),
		cmocka_unit_test(the_host_sends_nothing),
		cmocka_unit_test(floods_fill_nothing),
		cmocka_unit_test(aliases_come_and_go),
		cmocka_unit_test(who_leaves_hears_no_more),
		cmocka_unit_test(it_is_looked_after),
		cmocka_unit_test(a_restart_finds_its_own),
		cmocka_unit_test(the_last_one_takes_the_bridge_along),
	};

	return geteuid() != 0 ? 77 : cmocka_run_group_tests(tests, set_up, tear_down);
}

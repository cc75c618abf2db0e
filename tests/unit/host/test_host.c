// Domain XML and the packet filter against golden files, and what guests say.
// IPPO_UPDATE_GOLDEN=1 writes the files anew; read the difference before it is committed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <libxml/parser.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "host/image_updates.h"
#include "host/kvm_probe.h"
#include "host/libvirt/agent_reply.h"
#include "host/libvirt/report.h"
#include "host/libvirt/xml.h"
#include "host/network/filter.h"
#include "host/network/segment.h"
#include "host/network/segment_rules.h"
#include "host/process.h"

static void golden(const char *name, const struct buf *got)
{
	struct buf wanted CLEANUP(buf_done) = {0};
	char path[512];

	assert_int_equal(got->error, 0);
	(void)snprintf(path, sizeof path, "%s/%s", GOLDEN_DIR, name);
	if (getenv("IPPO_UPDATE_GOLDEN") != NULL)
		assert_int_equal(fd_write_file(AT_FDCWD, path, got->data, got->len, 0644), 0);
	assert_int_equal(fd_read_file(AT_FDCWD, path, 1024 * 1024, &wanted), 0);
	assert_string_equal(buf_str(got), buf_str(&wanted));
}

static const struct host_domain domain = {
	.uuid = {0xb0, 0x0d, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1},
	.server_id = 42,
	.name = "web-1",
	.vcpus = 2,
	.memory_mib = 1024,
	.generation = 3,
	.image_id = 7,
	.mac = {2, 0, 0, 0, 0, 0x2a}};
static const struct xml_domain plain = {.domain = &domain,
					.instance = "ippo",
					.disk_path = "/h/volumes/d.qcow2",
					.image_path = "/h/images/7.qcow2",
					.tap = "ippo-2a",
					.console_log = "/h/log/console"};

static void domain_xml(void **state)
{
	struct xml_domain input = plain;
	struct buf out CLEANUP(buf_done) = {0};

	assert_int_equal(xml_write_domain(&input, &out), 0);
	golden("xml/emulation.xml", &out);
	buf_clear(&out);
	input.kvm = true;
	input.seed_path = "/h/seeds/d.iso";
	assert_int_equal(xml_write_domain(&input, &out), 0);
	golden("xml/kvm-seed.xml", &out);
	buf_clear(&out);
	struct host_domain rescued = domain;
	rescued.rescue = (struct host_rescue){
		.image_id = 9,
		.ssh_port = 2222,
		.ipv4 = {.family = 4, .prefix = 32, .bytes = {192, 0, 2, 5}},
		.ipv6 = {.family = 6, .prefix = 64, .bytes = {0x20, 1, 0xd, 0xb8}},
		.keys = (char *)(uintptr_t) "ssh-ed25519 AAAA a,b <c>\n\nssh-rsa BBBB\n"};
	input = plain;
	input.domain = &rescued;
	input.rescue_path = "/h/images/9.qcow2";
	assert_int_equal(xml_write_domain(&input, &out), 0);
	golden("xml/rescue.xml", &out);
	buf_clear(&out);
	struct host_domain joined = domain;
	joined.cards[0] = (struct host_card){0x1f, {2, 0, 0, 0, 0, 0x1f}};
	joined.cards[1] = (struct host_card){0x20, {2, 0, 0, 0, 0, 0x20}};
	joined.card_count = 2;
	input = plain;
	input.domain = &joined;
	assert_int_equal(xml_write_domain(&input, &out), 0);
	golden("xml/networks.xml", &out);
	buf_clear(&out);
	assert_int_equal(xml_write_card(joined.cards[0].mac, "ippo.1f", &out), 0);
	golden("xml/card.xml", &out);
	buf_clear(&out);
	assert_int_equal(xml_write_seed("/h/seeds/d.iso", &out), 0);
	golden("xml/seed.xml", &out);
}

/* Switched off there is no port to ask through; the one for reports, which only speaks, stays. */
static void ports_of_the_agent(void **state)
{
	struct host_domain off = domain;
	struct xml_domain input = plain;
	struct buf out CLEANUP(buf_done) = {0};
	static const char running[] = "<channel type='unix'><target type='virtio' "
				      "name='org.ippo.report.0'/></channel>\n<channel type='unix'>"
				      "<source path='/x'/><target type='virtio' "
				      "name='org.qemu.guest_agent.0' state='connected'/></channel>"
				      "<channel type='pty'></channel>";

	off.no_agent = 1;
	input.domain = &off;
	assert_int_equal(xml_write_domain(&input, &out), 0);
	assert_null(strstr(buf_str(&out), XML_AGENT_PORT));
	assert_null(strstr(buf_str(&out), XML_ASK_PORT));
	assert_non_null(strstr(buf_str(&out), "org.ippo.report.0"));
	assert_true(xml_has_port(running, XML_AGENT_PORT));
	assert_false(xml_has_port(running, XML_ASK_PORT));
	char *port AUTO_FREE = xml_copy_port(running, XML_AGENT_PORT);
	assert_string_equal(port, "<channel type='unix'><source path='/x'/><target type='virtio' "
				  "name='org.qemu.guest_agent.0' state='connected'/></channel>");
	assert_null(xml_copy_port(running, XML_ASK_PORT));
}

/* What apt says, in its words. */
static void updates_that_wait(void **state)
{
	struct host_updates found;

	image_updates_count("NOTE: This is only a simulation!\n"
			    "Inst libc6 [2.36-9] (2.36-10 Debian-Security:12/stable-security "
			    "[amd64])\n"
			    "Inst less [590-2] (590-2.1 Debian:12.9/stable [amd64])\n"
			    "Inst bash [5.2] (5.3 Ubuntu:22.04/jammy-updates, "
			    "Ubuntu:22.04/jammy-security [amd64])\n"
			    "Inst linux-image-6.1.0-40 (6.1.1-1 Debian-Security:12/stable-security "
			    "[amd64])\n"
			    "Inst x-security [1] (2-security Debian:12.9/stable [amd64])\n"
			    "Conf libc6 (2.36-10 Debian-Security:12/stable-security [amd64])\n"
			    "Inst broken [",
			    &found);
	assert_int_equal(found.pending, 4);
	assert_int_equal(found.security, 2);
	image_updates_count("", &found);
	assert_int_equal(found.pending, 0);
	assert_true(image_updates_is_release("bookworm\nbookworm-security\n", "bookworm"));
	assert_true(image_updates_is_release("trixie\nbookworm-security", "bookworm"));
	assert_false(image_updates_is_release("bookworms\nold-bookworm\n\n", "bookworm"));
	assert_false(image_updates_is_release("", "bookworm"));
}

/* A name cannot become markup. */
static void hostile_names(void **state)
{
	struct host_domain hostile = domain;
	struct xml_domain input = plain;
	struct buf out CLEANUP(buf_done) = {0};

	(void)snprintf(hostile.name, sizeof hostile.name, "</title><on_crash>&'\"]]>");
	input.domain = &hostile;
	assert_int_equal(xml_write_domain(&input, &out), 0);
	xmlDocPtr document = xmlReadMemory(buf_str(&out), (int)out.len, NULL, NULL, 0);
	assert_non_null(document);
	int titles = 0, crashes = 0;
	for (xmlNodePtr node = xmlDocGetRootElement(document)->children; node != NULL;
	     node = node->next) {
		crashes += xmlStrcmp(node->name, (const xmlChar *)"on_crash") == 0;
		if (xmlStrcmp(node->name, (const xmlChar *)"title") != 0)
			continue;
		xmlChar *text = xmlNodeGetContent(node);
		assert_string_equal((const char *)text, hostile.name);
		xmlFree(text);
		titles++;
	}
	assert_int_equal(titles, 1);
	assert_int_equal(crashes, 1);
	xmlFreeDoc(document);
	xmlCleanupParser();
}

static const struct host_network networks[] = {
	{{1}, 1, {2}, {4, 32, {10, 0, 0, 1}}, {6, 64, {0xfd, 0, 0, 0, 0, 0, 0, 1}}},
	{{2}, 0xabc, {2}, {4, 32, {10, 0, 0, 2}}, {0}, .closed = 1},
	{{3}, 3, {2}, {0}, {6, 64, {0xfd, 0, 0, 0, 0, 0, 0, 3}}},
};

/* Whether nft takes the text; it is checked in a network namespace of its own, and not loaded. */
static void nft_accepts(const struct buf *text)
{
	static const char *const arguments[] = {"unshare", "-n", "nft", "-c", "-f", "-", NULL};
	struct buf output CLEANUP(buf_done) = {0};
	struct err err = {0};
	int pair[2];

	assert_true(text->len < 64 * 1024); /* of the pipe */
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	assert_int_equal(fd_write_all(pair[1], text->data, text->len), 0);
	(void)close(pair[1]);
	const struct process process = {
		.arguments = arguments, .stdin_fd = pair[0], .stdout_fd = -1, .timeout_s = 30};
	if (process_run(&process, &output, &err) < 0)
		fail_msg("%s", err.text);
	(void)close(pair[0]);
}

static void filter_tables(void **state)
{
	struct buf out CLEANUP(buf_done) = {0};

	filter_write_table(&out, "ippo", true, 990, networks, ARRAY_SIZE(networks));
	golden("filter/masquerade.nft", &out);
	if (geteuid() == 0)
		nft_accepts(&out);
	buf_clear(&out);
	filter_write_table(&out, "b", false, 0, NULL, 0);
	golden("filter/routed-empty.nft", &out);
	if (geteuid() == 0)
		nft_accepts(&out);
}

static void filter_changes(void **state)
{
	struct buf out CLEANUP(buf_done) = {0};
	struct host_network opened = networks[1];

	filter_write_change(&out, "ippo", NULL, &networks[0]);
	filter_write_change(&out, "ippo", &networks[0], &networks[1]);
	opened.closed = 0;
	filter_write_change(&out, "ippo", &networks[1], &opened);
	filter_write_change(&out, "ippo", &opened, &networks[1]);
	filter_write_change(&out, "ippo", &networks[1], NULL);
	golden("filter/changes.nft", &out);
	/* It is valid beside the table, in one transaction. */
	struct buf whole CLEANUP(buf_done) = {0};
	filter_write_table(&whole, "ippo", true, 990, NULL, 0);
	(void)buf_append(&whole, out.data, out.len);
	if (geteuid() == 0)
		nft_accepts(&whole);
}

static void segments(void **state)
{
	static const struct host_network before = {
		.uuid = {1},
		.ports = {{0x1f, 7, {2, 0, 0, 0, 0, 0x1f}, {4, 32, {10, 0, 0, 2}}},
			  {0x20, 8, {2, 0, 0, 0, 0, 0x20}, {4, 32, {10, 1, 0, 2}}}},
		.port_count = 2};
	struct host_network after = before;
	struct buf out CLEANUP(buf_done) = {0};
	char name[SEGMENT_NAME_BYTES];

	segment_rules_write_table(&out, "ippo", &before, 1);
	golden("filter/segments.nft", &out);
	after.ports[0].aliases[0] = (struct ip){4, 32, {10, 0, 0, 9}};
	after.ports[0].alias_count = 1;
	after.port_count = 1;
	segment_rules_write_change(&out, "ippo", &before, &after);
	segment_rules_write_change(&out, "ippo", &after, &before);
	segment_rules_write_change(&out, "ippo", &before, NULL);
	segment_rules_write_change(&out, "ippo", NULL, &after);
	if (geteuid() == 0)
		nft_accepts(&out);
	/* What is the same as before changes nothing. */
	buf_clear(&out);
	segment_rules_write_change(&out, "ippo", &before, &before);
	assert_int_equal(out.len, 0);
	assert_int_equal(segment_port_name("abcdef", 0xffffffff, name), 0);
	assert_string_equal(name, "abcdef.ffffffff");
	assert_int_equal(segment_port_name("abcdef", 0x100000000, name), -ERANGE);
	assert_int_equal(segment_bridge_name("ippo", 0x2a, name), 0);
	assert_string_equal(name, "ippo_2a");
}

static void tap_names(void **state)
{
	char name[FILTER_TAP_BYTES];

	assert_int_equal(filter_tap_name("ippo", 0x2a, name), 0);
	assert_string_equal(name, "ippo-2a");
	/* Fifteen characters fit an interface's name, sixteen do not. */
	assert_int_equal(filter_tap_name("abcdef", 0xffffffff, name), 0);
	assert_string_equal(name, "abcdef-ffffffff");
	assert_int_equal(filter_tap_name("abcdef", 0x100000000, name), -ERANGE);
	assert_int_equal(filter_tap_name("ippo", UINT64_MAX, name), -ERANGE);
}

struct said {
	unsigned count;
	char last[REPORT_LINE_MAX_BYTES + 1];
};

static void say(void *context, const char *line)
{
	struct said *said = context;

	said->count++;
	(void)snprintf(said->last, sizeof said->last, "%s", line);
}

static unsigned report(struct report_lines *lines, const char *text, int64_t now_ms,
		       struct said *said)
{
	const unsigned before = said->count;

	report_lines_take(lines, text, strlen(text), now_ms, say, said);
	return said->count - before;
}

static void report_lines_of_guests(void **state)
{
	char text[REPORT_LINE_MAX_BYTES + 3];
	struct report_lines lines = {0};
	struct said said = {0};

	assert_int_equal(report(&lines, "half", 0, &said), 0);
	assert_int_equal(report(&lines, " a line\r\n\n\r\n", 0, &said), 1);
	assert_string_equal(said.last, "half a line");
	assert_int_equal(report(&lines, "\x1b[2J\n\xc3\xa4\nta\tb\n", 0, &said), 0);
	memset(text, 'a', sizeof text);
	(void)snprintf(text + REPORT_LINE_MAX_BYTES, 2, "\n");
	assert_int_equal(report(&lines, text, 0, &said), 1);
	(void)snprintf(text + REPORT_LINE_MAX_BYTES, 3, "a\n");
	assert_int_equal(report(&lines, text, 0, &said), 0);
	/* The one behind it is whole again. */
	assert_int_equal(report(&lines, "good\n", 0, &said), 1);
	assert_string_equal(said.last, "good");
}

static void report_rate(void **state)
{
	struct report_lines lines = {0};
	struct said said = {0};

	for (int i = 0; i < REPORT_LINES_PER_MINUTE; i++)
		assert_int_equal(report(&lines, "x\n", 60000, &said), 1);
	assert_int_equal(report(&lines, "x\n", 119999, &said), 0);
	assert_int_equal(report(&lines, "x\n", 120000, &said), 1);
}

static void agent_replies(void **state)
{
	static const char *const nothing[] = {
		"", "{", "[]", "null", "{\"return\":[]}", "{}", "\xff", "{\"return\":null}"};
	int64_t pid = 7;

	for (size_t i = 0; i < ARRAY_SIZE(nothing); i++) {
		assert_false(agent_reply_is_done(nothing[i]));
		assert_int_equal(agent_reply_pid(nothing[i], &pid), -EINVAL);
		assert_int_equal(agent_reply_exit(nothing[i]), AGENT_EXIT_NOT_YET);
	}
	assert_false(agent_reply_is_done(NULL));
	assert_true(agent_reply_is_done("{\"return\": {}}"));
	assert_int_equal(agent_reply_pid("{\"return\":{\"pid\":-1}}", &pid), -EINVAL);
	assert_int_equal(agent_reply_pid("{\"return\":{\"pid\":\"1\"}}", &pid), -EINVAL);
	assert_int_equal(pid, 7);
	assert_int_equal(agent_reply_pid("{\"return\":{\"pid\":12}}", &pid), 0);
	assert_int_equal(pid, 12);
	assert_int_equal(agent_reply_exit("{\"return\":{\"exited\":false}}"), AGENT_EXIT_NOT_YET);
	assert_int_equal(agent_reply_exit("{\"return\":{\"exited\":true,\"exitcode\":0}}"),
			 AGENT_EXIT_GOOD);
	assert_int_equal(agent_reply_exit("{\"return\":{\"exited\":true,\"exitcode\":1}}"),
			 AGENT_EXIT_BAD);
	/* Ended by a signal: there is no exit code, and that is no success. */
	assert_int_equal(agent_reply_exit("{\"return\":{\"exited\":true,\"signal\":9}}"),
			 AGENT_EXIT_BAD);
}

static void too_long_a_reply(void **state)
{
	AUTO_FREE char *text = malloc(AGENT_REPLY_MAX_BYTES + 2);

	assert_non_null(text);
	memset(text, ' ', AGENT_REPLY_MAX_BYTES + 1);
	memcpy(text, "{\"return\":{}}", 13);
	text[AGENT_REPLY_MAX_BYTES] = '\0';
	assert_true(agent_reply_is_done(text));
	text[AGENT_REPLY_MAX_BYTES] = ' ';
	text[AGENT_REPLY_MAX_BYTES + 1] = '\0';
	assert_false(agent_reply_is_done(text));
}

/* Whatever this machine has: emulation always comes with its reason, KVM with none. */
static void probe(void **state)
{
	char reason[HOST_TEXT_BYTES] = "untouched";

	assert_int_equal(kvm_probe(reason, sizeof reason), reason[0] == '\0');
	if (access("/dev/kvm", F_OK) != 0)
		assert_string_equal(reason, "this machine offers no /dev/kvm");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_of_the_agent),
		cmocka_unit_test(updates_that_wait),
		cmocka_unit_test(domain_xml),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(filter_tables),
		cmocka_unit_test(filter_changes),
		cmocka_unit_test(segments),
		cmocka_unit_test(tap_names),
		cmocka_unit_test(report_lines_of_guests),
		cmocka_unit_test(report_rate),
		cmocka_unit_test(agent_replies),
		cmocka_unit_test(too_long_a_reply),
		cmocka_unit_test(probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// The parsers of firststep, its JSON, its differences and its evidence.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <errno.h>

#include "base/cleanup.h"
#include "firststep/accounts.h"
#include "firststep/diff.h"
#include "firststep/filter.h"
#include "firststep/host_key.h"
#include "firststep/host_port.h"
#include "firststep/json.h"
#include "firststep/pending_updates.h"
#include "firststep/report_pieces.h"
#include "firststep/settings.h"
#include "firststep/sockets.h"
#include "firststep/span.h"
#include "firststep/sshd_config.h"
#include "firststep/unit_file.h"
#include "firststep/verdict.h"

static const char *sshd_value(const char *text, const char *keyword)
{
	static char value[256];
	struct sshd_config config CLEANUP(sshd_config_done) = {0};

	if (sshd_config_parse(&config, NULL, "file", text) < 0)
		return "(refused)";
	const struct sshd_setting *setting = sshd_config_get(&config, keyword);
	(void)snprintf(value, sizeof value, "%s", setting != NULL ? setting->value : "(none)");
	return value;
}

static void test_sshd_config(void **state)
{
	assert_string_equal(
		sshd_value("PermitRootLogin no\nPermitRootLogin yes\n", "permitrootlogin"), "no");
	assert_string_equal(sshd_value("permitROOTlogin=no # never\n", "permitrootlogin"), "no");
	assert_string_equal(sshd_value("\tPermitRootLogin = \"no\"\r\n", "permitrootlogin"), "no");
	assert_string_equal(sshd_value("#PermitRootLogin yes\n", "permitrootlogin"), "(none)");
	assert_string_equal(
		sshd_value("ChallengeResponseAuthentication no\n", "kbdinteractiveauthentication"),
		"no");
	assert_string_equal(sshd_value("AcceptEnv  LANG\t'LC_*'\n", "acceptenv"), "LANG LC_*");
	/* Inside a Match block nothing is for everybody, until Match all. */
	assert_string_equal(sshd_value("Match User a\nPermitRootLogin yes\nMatch all\n"
				       "PermitRootLogin no\n",
				       "permitrootlogin"),
			    "no");
	assert_string_equal(sshd_value("Match User a\nPermitRootLogin yes\n", "permitrootlogin"),
			    "(none)");
	assert_string_equal(sshd_value("Banner \"never closed\n", "banner"), "(refused)");
}

static void test_sshd_limits(void **state)
{
	struct buf text CLEANUP(buf_done) = {0};
	struct sshd_config config CLEANUP(sshd_config_done) = {0};

	for (int i = 0; i < SSHD_SETTINGS_MAX; i++)
		assert_int_equal(buf_puts(&text, "Port 22\n"), 0);
	assert_int_equal(sshd_config_parse(&config, NULL, "f", buf_str(&text)), 0);
	assert_int_equal(sshd_config_parse(&config, NULL, "f", "Port 22\n"), -E2BIG);
	buf_clear(&text);
	for (int i = 0; i < SSHD_LINE_MAX; i++)
		assert_int_equal(buf_putc(&text, 'a'), 0);
	assert_int_equal(sshd_config_parse(&config, NULL, "f", buf_str(&text)), -E2BIG);
}

/* "closed 4 6: 22/tcp", of all chains with a comma between them */
static const char *filter_of(const char *text)
{
	static char out[2048];
	struct filter *filter AUTO_FREE = calloc(1, sizeof *filter);
	size_t used = 0;

	out[0] = '\0';
	if (filter_parse(text, filter) < 0)
		return "refused";
	for (size_t i = 0; i < filter->count; i++) {
		const struct filter_chain *chain = &filter->chains[i];
		char ports[PORTS_TEXT_BYTES];
		ports_format(&chain->open, ports);
		used += (size_t)snprintf(out + used, sizeof out - used, "%s%s%s%s %s%s",
					 i > 0 ? "; " : "", chain->is_closed ? "closed" : "open",
					 chain->is_v4 ? " 4" : "", chain->is_v6 ? " 6" : "", ports,
					 chain->is_unclear ? " unclear" : "");
	}
	return out;
}

#define INPUT(policy, rules)                                                                       \
	"table inet f {\n chain input {\n  type filter hook input priority 0; policy " policy      \
	";\n" rules " }\n}\n"

static void test_filter(void **state)
{
	assert_string_equal(filter_of("#!/usr/sbin/nft -f\nflush ruleset\n"), "");
	/* Debian's own file. */
	assert_string_equal(
		filter_of("flush ruleset\n\ntable inet filter {\n\tchain input {\n\t\ttype filter "
			  "hook input priority filter;\n\t}\n\tchain forward {\n\t\ttype filter "
			  "hook forward priority filter;\n\t}\n}\n"),
		"open 4 6 ");
	assert_string_equal(
		filter_of(INPUT("drop", "ct state established,related accept\n"
					"ct state vmap { invalid : drop, established : accept "
					"}\ntcp dport 22 accept\n")),
		"closed 4 6 22/tcp");
	assert_string_equal(filter_of(INPUT("drop", "ct state vmap { new : accept }\n")),
			    "closed 4 6  unclear");
	assert_string_equal(
		filter_of(INPUT("drop",
				"ct state { established, related } accept\niif lo accept\n"
				"meta l4proto ipv6-icmp accept\nip protocol icmp accept\n"
				"meta l4proto { 1, 58 } accept\n"
				"tcp dport { 22, 8000-8010 } ct state new counter packets "
				"1 bytes 2 accept\nudp dport 53 accept comment \"x accept\"\n")),
		"closed 4 6 22/tcp,8000-8010/tcp,53/udp");
	assert_string_equal(filter_of(INPUT("drop", "tcp dport ssh accept\n")),
			    "closed 4 6 22/tcp");
	assert_string_equal(filter_of(INPUT("drop", "accept\n")), "open 4 6 ");
	assert_string_equal(filter_of(INPUT("drop", "udp sport 67 udp dport 68 accept\n")),
			    "closed 4 6 68/udp");
	assert_string_equal(filter_of(INPUT("drop", "udp sport 67 accept\n")), "open 4 6 ");
	assert_string_equal(filter_of(INPUT("drop", "iifname \"eth0\" accept\n")), "open 4 6 ");
	assert_string_equal(filter_of(INPUT("drop", "ct state new accept\n")), "open 4 6 ");
	assert_string_equal(filter_of(INPUT("drop", "counter accept\n")), "open 4 6 ");
	assert_string_equal(filter_of(INPUT("accept", "tcp dport 22 accept\ncounter drop\n")),
			    "closed 4 6 22/tcp");
	assert_string_equal(
		filter_of(INPUT("accept", "tcp dport 22 accept\nip protocol tcp drop\n")),
		"open 4 6 22/tcp");
	assert_string_equal(filter_of(INPUT("drop", "ip saddr 192.0.2.0/24 accept\n")),
			    "closed 4 6 ");
	assert_string_equal(filter_of(INPUT("drop", "ip saddr 0.0.0.0/0 accept\n")), "open 4 6 ");
	assert_string_equal(filter_of(INPUT("drop", "tcp dport != 22 accept\n")),
			    "closed 4 6  unclear");
	assert_string_equal(filter_of(INPUT("drop", "tcp dport @ports accept\n")),
			    "closed 4 6  unclear");
	assert_string_equal(filter_of("table ip f { chain i { type filter hook input priority 0; "
				      "policy drop; } }"),
			    "closed 4 ");
	/* A chain that is jumped to counts as if its rules stood there. */
	assert_string_equal(
		filter_of("table inet f { chain i { type filter hook input priority 0; "
			  "policy drop; jump more; }\n chain more { tcp dport 80 accept; "
			  "} }"),
		"closed 4 6 80/tcp");
	assert_string_equal(filter_of("table inet f { chain i { type filter hook input priority 0; "
				      "jump i } }"),
			    "refused");
	assert_string_equal(filter_of("table inet f { chain i {"), "refused");
	assert_string_equal(filter_of("}"), "refused");
}

static void test_zone(void **state)
{
	struct zone zone;
	bool rich;

	assert_int_equal(
		zone_parse("<?xml version=\"1.0\"?>\n<zone target='DROP'>\n<!-- <service "
			   "name=\"no\"/> -->\n <service name=\"ssh\"/>\n <port port=\"80\" "
			   "protocol=\"tcp\"/>\n</zone>",
			   &zone, &rich),
		0);
	assert_string_equal(zone.target, "DROP");
	assert_int_equal(zone.service_count, 1);
	assert_string_equal(zone.services[0], "ssh");
	assert_int_equal(zone.open.count, 1);
	assert_int_equal(zone.open.ranges[0].first, 80);
	assert_false(rich);
	assert_int_equal(
		zone_parse("<zone><rule family=\"ipv4\"><accept/></rule></zone>", &zone, &rich), 0);
	assert_true(rich);
	assert_int_equal(zone_parse("nothing", &zone, &rich), -EINVAL);
	assert_int_equal(zone_parse("<zone", &zone, &rich), -EINVAL);
}

static void test_unit_file(void **state)
{
	struct unit_values values = {0};

	assert_int_equal(unit_file_parse("f",
					 "[Other]\nListenStream=1\n[Socket]\n# ListenStream=2\n"
					 "ListenStream = 3\nListenStream=\nListenStream=4\n",
					 "Socket", "ListenStream", &values),
			 0);
	assert_int_equal(values.count, 1);
	assert_string_equal(values.list[0].value, "4");
}

static void test_span(void **state)
{
	uint64_t seconds;

	assert_int_equal(span_parse("90day", &seconds), 0);
	assert_int_equal(seconds, 90 * 86400);
	assert_int_equal(span_parse("1month 2 weeks", &seconds), 0);
	assert_int_equal(seconds, 2629800 + 14 * 86400);
	assert_int_equal(span_parse("3600", &seconds), 0);
	assert_int_equal(seconds, 3600);
	assert_int_equal(span_parse("soon", &seconds), -EINVAL);
	assert_int_equal(span_parse("", &seconds), -EINVAL);
	assert_int_equal(span_parse("99999999999999999999", &seconds), -ERANGE);
	assert_int_equal(span_parse("18446744073709551615y", &seconds), -ERANGE);
}

static void test_accounts(void **state)
{
	struct accounts accounts CLEANUP(accounts_done) = {0};

	assert_int_equal(accounts_parse_passwd(&accounts,
					       "root:x:0:0:root:/root:/bin/bash\n"
					       "broken\nx:y:z:0:::\n"
					       "daemon:x:1:1::/:/usr/sbin/nologin\n"
					       "aya:x:1000:1000:,,,:/home/aya:/bin/bash\n"
					       "ken:x:1001:1001::/home/ken:/bin/sh\n"
					       "old:x:1002:1002::/home/old:/bin/sh\n"),
			 0);
	assert_int_equal(accounts.count, 5);
	accounts_parse_shadow(&accounts,
			      "root:*:19000:0:99999:7:::\naya:$y$j9T$a$b:0:0:99999:7:::\n"
			      "ken::19000:0:99999:7:::\nold:$1$a$b:19000:0:99999:7:::\n");
	assert_int_equal(accounts.list[0].password, PASSWORD_LOCKED);
	assert_int_equal(accounts.list[1].password, PASSWORD_UNKNOWN);
	assert_int_equal(accounts.list[2].password, PASSWORD_STRONG);
	assert_true(accounts.list[2].must_change);
	assert_int_equal(accounts.list[3].password, PASSWORD_EMPTY);
	assert_int_equal(accounts.list[4].password, PASSWORD_WEAK);
	assert_true(account_can_log_in(&accounts.list[0]));
	assert_false(account_can_log_in(&accounts.list[1]));
	assert_true(account_name_is_good("aya_1"));
	assert_false(account_name_is_good("-aya"));
	assert_false(account_name_is_good("aya;rm"));
	assert_false(account_name_is_good(""));
}

static void test_sockets(void **state)
{
	struct socket_line line;

	assert_int_equal(socket_line_parse("   0: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 "
					   "00:00000000 00000000   100        0 21034 1 0 100",
					   false, &line),
			 0);
	assert_int_equal(line.local_port, 3306);
	assert_int_equal(line.state, 10);
	assert_int_equal(line.inode, 21034);
	assert_true(line.is_loopback);
	assert_int_equal(
		socket_line_parse("   1: 00000000000000000000000000000000:0016 "
				  "00000000000000000000000000000000:0000 0A "
				  "00000000:00000000 00:00000000 00000000     0        0 7 1",
				  true, &line),
		0);
	assert_int_equal(line.local_port, 22);
	assert_false(line.is_loopback);
	assert_int_equal(socket_line_parse("  sl  local_address rem_address   st", false, &line),
			 -EINVAL);
}

static void test_settings(void **state)
{
	struct settings settings;
	struct buf text CLEANUP(buf_done) = {0};

	assert_int_equal(
		settings_parse("# chosen\nssh_port = 2222\nopen=80/tcp, 443/tcp\n"
			       "user = aya\nlog_days = 30\nlog_max_mib = 100\nupdates = manual\n",
			       &settings, NULL),
		0);
	assert_int_equal(settings.updates, UPDATES_MANUAL);
	assert_int_equal(settings.ssh_port, 2222);
	assert_int_equal(settings.open.count, 2);
	settings_write(&settings, &text);
	struct settings again;
	assert_int_equal(settings_parse(buf_str(&text), &again, NULL), 0);
	assert_memory_equal(&settings, &again, sizeof settings);
	/* What an image opens and what was chosen for the server are lines of their own. */
	assert_int_equal(settings_parse("open = 8080/tcp, 80/tcp\nopen = 80/tcp, 443/tcp\n",
					&settings, NULL),
			 0);
	assert_int_equal(settings.open.count, 3);
	assert_true(settings_parse("ssh_port = 0\n", &settings, NULL) < 0);
	assert_true(settings_parse("ssh_port = 65536\n", &settings, NULL) < 0);
	assert_true(settings_parse("open = 80\n", &settings, NULL) < 0);
	assert_true(settings_parse("open = 80/tcp,\n", &settings, NULL) < 0);
	assert_true(settings_parse("updates = never\n", &settings, NULL) < 0);
	assert_true(settings_parse("surprise = 1\n", &settings, NULL) < 0);
	assert_true(settings_parse("user = ../root\n", &settings, NULL) < 0);
}

static void test_evidence(void **state)
{
	char text[] = "a\033[31mb\xC2\x9B"
		      "c\xE2\x80\xAE"
		      "d\xFF"
		      "e\n日本";

	evidence_clean(text);
	assert_string_equal(text, "a?[31mb??c???d?e?日本");
}

/* jansson reads back exactly what the writer was given. */
static void test_json(void **state)
{
	struct buf out CLEANUP(buf_done) = {0};
	struct json json = {.out = &out};
	json_error_t error;

	json_open(&json, NULL, '{');
	json_text(&json, "quote\"", "a\\b\"\n\t\001\x7F 日本");
	json_text(&json, "broken", "x\xC3");
	json_number(&json, "n", -5);
	json_bool(&json, "yes", 1);
	json_open(&json, "list", '[');
	json_open(&json, NULL, '{');
	json_close(&json, '}');
	json_text(&json, NULL, "");
	json_close(&json, ']');
	json_close(&json, '}');
	assert_int_equal(out.error, 0);
	json_t *read = json_loads(buf_str(&out), JSON_REJECT_DUPLICATES, &error);
	assert_non_null(read);
	assert_string_equal(json_string_value(json_object_get(read, "quote\"")),
			    "a\\b\"\n\t\001\x7F 日本");
	assert_string_equal(json_string_value(json_object_get(read, "broken")), "x?");
	assert_int_equal(json_integer_value(json_object_get(read, "n")), -5);
	assert_true(json_is_true(json_object_get(read, "yes")));
	assert_int_equal(json_array_size(json_object_get(read, "list")), 2);
	json_decref(read);
}

static void test_diff(void **state)
{
	struct buf before CLEANUP(buf_done) = {0}, after CLEANUP(buf_done) = {0};
	struct buf out CLEANUP(buf_done) = {0};

	assert_int_equal(buf_puts(&before, "1\n2\n3\n4\n5\n6\n7\n8\n9\n"), 0);
	assert_int_equal(buf_puts(&after, "1\n2\n3\n4\nfive\n6\n7\n8\n9\nten\n"), 0);
	diff_write("/f", &before, &after, &out);
	assert_string_equal(buf_str(&out), "--- a/f\n+++ b/f\n@@ -2,8 +2,9 @@\n 2\n 3\n 4\n-5\n"
					   "+five\n 6\n 7\n 8\n 9\n+ten\n");
	buf_clear(&out);
	diff_write("/f", NULL, &after, &out);
	assert_non_null(strstr(buf_str(&out), "--- /dev/null\n+++ b/f\n@@ -0,0 +1,10 @@\n+1\n"));
}

static void test_host_key(void **state)
{
	char type[HOST_KEY_TYPE_BYTES], blob[HOST_KEY_BLOB_BYTES];
	char longest[HOST_KEY_BLOB_BYTES + 16] = "ssh-rsa ";

	assert_int_equal(host_key_split("ssh-ed25519 AAAAC3Nz+/= root@host\n", type, blob), 0);
	assert_string_equal(type, "ssh-ed25519");
	assert_string_equal(blob, "AAAAC3Nz+/=");
	assert_int_equal(host_key_split("ssh-rsa", type, blob), -EINVAL);
	assert_int_equal(host_key_split("ssh-rsa AAAA\033[2J x", type, blob), -EINVAL);
	assert_int_equal(host_key_split("ssh\"rsa AAAA", type, blob), -EINVAL);
	assert_int_equal(host_key_split("", type, blob), -EINVAL);
	memset(longest + 8, 'A', HOST_KEY_BLOB_BYTES);
	assert_int_equal(host_key_split(longest, type, blob), -EINVAL);
}

static int compare(const char *a, const char *b)
{
	const int order = version_compare(a, strlen(a), b, strlen(b));

	return (order > 0) - (order < 0);
}

/* As `dpkg --compare-versions` answers. */
static void test_versions(void **state)
{
	static const char *const rising[] = {
		"~~",      "~",         "0~rc1",    "0.1-1",           "0.9",
		"0.10",    "1.0~rc1-1", "1.0-1",    "1.0-1+deb12u1",   "1.0-1+deb12u10",
		"1.0-1.1", "1.0a",      "1.0+dfsg", "1.0.1-1~deb12u2", "1.0.1-1",
		"1:0.1",   "2:0.0.1-1~"};

	for (size_t i = 0; i < ARRAY_SIZE(rising); i++)
		for (size_t j = 0; j < ARRAY_SIZE(rising); j++)
			assert_int_equal(compare(rising[i], rising[j]), (i > j) - (i < j));
	assert_int_equal(compare("0:1.0", "1.0"), 0);
	assert_int_equal(compare("1.00", "1.0"), 0);
	assert_int_equal(compare("1.0-0", "1.0"), 0);
}

static void test_pending(void **state)
{
	static const char status[] = "Package: openssl\nStatus: install ok installed\n"
				     "Version: 3.0.11-1~deb12u2\nDescription: x\n Version: 9\n\n"
				     "Package: held\nStatus: hold ok installed\nVersion: 1\n\n"
				     "Package: gone\nStatus: deinstall ok config-files\n"
				     "Version: 1\n\n\nPackage: new\n"
				     "Status: install ok installed\nVersion: 5\n";
	static const char *const lists[] = {
		"Package: openssl\nVersion: 3.0.11-1~deb12u1\n\nPackage: held\nVersion: 2\n\n"
		"Package: gone\nVersion: 2\n\nPackage: elsewhere\nVersion: 2\n",
		"Package: openssl\nVersion: 3.0.15-1~deb12u1\n\nPackage: openssl\n"
		"Version: 3.0.14-1~deb12u1\n\nPackage: new\nVersion: 5\n"};

	assert_int_equal(pending_count(status, lists, 2), 1);
	assert_int_equal(pending_count(status, lists, 1), 0);
	assert_int_equal(pending_count("", lists, 2), 0);
}

static void test_pieces(void **state)
{
	struct buf out CLEANUP(buf_done) = {0};
	static char text[REPORT_MAX_BYTES + 2];

	assert_int_equal(report_pieces_write("{\"a\":1}", 42, &out), 0);
	assert_string_equal(buf_str(&out), "first-step begin 42\nfirst-step + eyJhIjoxfQ==\n"
					   "first-step end\n");
	memset(text, 'x', REPORT_MAX_BYTES + 1);
	buf_clear(&out);
	assert_int_equal(report_pieces_write(text, 0, &out), -EMSGSIZE);
	text[REPORT_MAX_BYTES] = '\0';
	assert_int_equal(report_pieces_write(text, 0, &out), 0);
	for (const char *at = buf_str(&out); *at != '\0'; at += strcspn(at, "\n") + 1)
		assert_true(strcspn(at, "\n") <= HOST_PORT_LINE_MAX);
	assert_int_equal(report_pieces_write("", 0, &out), -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sshd_config), cmocka_unit_test(test_sshd_limits),
		cmocka_unit_test(test_filter),      cmocka_unit_test(test_zone),
		cmocka_unit_test(test_unit_file),   cmocka_unit_test(test_span),
		cmocka_unit_test(test_accounts),    cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_settings),    cmocka_unit_test(test_evidence),
		cmocka_unit_test(test_json),        cmocka_unit_test(test_diff),
		cmocka_unit_test(test_host_key),    cmocka_unit_test(test_versions),
		cmocka_unit_test(test_pending),     cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

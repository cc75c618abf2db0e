// Zones and record sets: names, what may stand where, and files from elsewhere.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "model/zone_file.h"

static void what_the_zone_above_has(void **state)
{
	const char *two = "1 13 2 AA\n1 13 4 BB\n";

	(void)state;
	assert_int_equal(zone_judge_parent(two, "", ""), ZONE_PARENT_MISSING);
	assert_int_equal(zone_judge_parent(two, "", "1 13 4 BB\n"), ZONE_PARENT_PRESENT);
	assert_int_equal(zone_judge_parent(two, "", "9 8 2 CC\n1 13 2 AA\n"), ZONE_PARENT_PRESENT);
	assert_int_equal(zone_judge_parent(two, "", "1 13 2 A\n"), ZONE_PARENT_DIFFERENT);
	assert_int_equal(zone_judge_parent(two, "", "1 13 2 AAA\n"), ZONE_PARENT_DIFFERENT);
	/* One that is not signed any more. */
	assert_int_equal(zone_judge_parent("", "", "1 13 2 AA\n"), ZONE_PARENT_DIFFERENT);
	assert_int_equal(zone_judge_parent("", "", ""), ZONE_PARENT_MISSING);
	/* While its key changes. */
	assert_int_equal(zone_judge_parent("2 13 2 CC\n", two, "1 13 2 AA\n"), ZONE_PARENT_BEFORE);
	assert_int_equal(zone_judge_parent("2 13 2 CC\n", two, "9 8 2 DD\n1 13 2 AA\n9 8 2 EE\n"),
			 ZONE_PARENT_BEFORE);
	assert_int_equal(zone_judge_parent("2 13 2 CC\n", two, "1 13 2 AA\n2 13 2 CC\n"),
			 ZONE_PARENT_PRESENT);
	assert_int_equal(zone_judge_parent("2 13 2 CC\n", two, "9 8 2 DD\n"),
			 ZONE_PARENT_DIFFERENT);
	assert_int_equal(zone_judge_parent("2 13 2 CC\n", two, ""), ZONE_PARENT_MISSING);
}

static void another_key(void **state)
{
	(void)state;
	/* Asked for, but another key is changing. */
	assert_int_equal(zone_roll_next(ZONE_ROLL_ASKED, false, 1, false), ZONE_ROLL_ASKED);
	assert_int_equal(zone_roll_next(ZONE_ROLL_ASKED, true, 2, false), ZONE_ROLL_PREPARING);
	assert_int_equal(zone_roll_next(ZONE_ROLL_PREPARING, false, 2, false), ZONE_ROLL_PREPARING);
	assert_int_equal(zone_roll_next(ZONE_ROLL_PREPARING, false, 2, true), ZONE_ROLL_WAITING);
	assert_int_equal(zone_roll_next(ZONE_ROLL_ASKED, false, 2, true), ZONE_ROLL_WAITING);
	for (enum zone_roll roll = ZONE_ROLL_WAITING; roll <= ZONE_ROLL_RETIRING; roll++) {
		assert_int_equal(zone_roll_next(roll, false, 2, false), roll);
		assert_int_equal(zone_roll_next(roll, false, 1, false), ZONE_ROLL_NONE);
		assert_int_equal(zone_roll_next(roll, false, 3, true), ZONE_ROLL_WAITING);
	}
	assert_int_equal(zone_roll_next(ZONE_ROLL_SUBMITTED, true, 2, false), ZONE_ROLL_RETIRING);
	/* By itself. */
	assert_int_equal(zone_roll_next(ZONE_ROLL_NONE, false, 1, false), ZONE_ROLL_NONE);
	assert_int_equal(zone_roll_next(ZONE_ROLL_NONE, false, 1, true), ZONE_ROLL_NONE);
	assert_int_equal(zone_roll_next(ZONE_ROLL_NONE, false, 2, false), ZONE_ROLL_PREPARING);
	assert_int_equal(zone_roll_next(ZONE_ROLL_NONE, false, 2, true), ZONE_ROLL_WAITING);
}

static void another_key_above(void **state)
{
	(void)state;
	assert_int_equal(zone_roll_above(ZONE_ROLL_WAITING, ZONE_PARENT_PRESENT, true),
			 ZONE_ROLL_SETTLING);
	assert_int_equal(zone_roll_above(ZONE_ROLL_SETTLING, ZONE_PARENT_PRESENT, false),
			 ZONE_ROLL_SETTLING);
	assert_int_equal(zone_roll_above(ZONE_ROLL_SETTLING, ZONE_PARENT_PRESENT, true),
			 ZONE_ROLL_SUBMITTED);
	for (enum zone_parent parent = ZONE_PARENT_UNKNOWN; parent <= ZONE_PARENT_BEFORE;
	     parent++) {
		if (parent == ZONE_PARENT_PRESENT)
			continue;
		assert_int_equal(zone_roll_above(ZONE_ROLL_WAITING, parent, true),
				 ZONE_ROLL_WAITING);
		assert_int_equal(zone_roll_above(ZONE_ROLL_SETTLING, parent, true),
				 ZONE_ROLL_WAITING);
		assert_int_equal(zone_roll_above(ZONE_ROLL_SUBMITTED, parent, true),
				 ZONE_ROLL_SUBMITTED);
	}
	assert_int_equal(zone_roll_above(ZONE_ROLL_PREPARING, ZONE_PARENT_PRESENT, true),
			 ZONE_ROLL_PREPARING);
	assert_int_equal(zone_roll_above(ZONE_ROLL_NONE, ZONE_PARENT_PRESENT, true),
			 ZONE_ROLL_NONE);
	assert_null(zone_roll_name(ZONE_ROLL_NONE));
	assert_string_equal(zone_roll_name(ZONE_ROLL_ASKED), "preparing");
	assert_string_equal(zone_roll_name(ZONE_ROLL_SUBMITTED), "settling");
	assert_string_equal(zone_roll_name(ZONE_ROLL_RETIRING), "retiring");
	assert_string_equal(zone_parent_name(ZONE_PARENT_BEFORE), "before");
}

static void names(void **state)
{
	static const char *const wrong[] = {"",         ".",         "com",        "co.jp",
					    "a..b.com", "-a.com",    "a-.example", "a b.example",
					    "a/b.com",  "xn--0.com", "github.io",  "\xff.example"};
	char name[NAME_DNS_BYTES], shown[ZONE_SHOWN_BYTES], longest[300];
	struct err err = {0};

	(void)state;
	assert_int_equal(zone_take_name("Example.COM.", name, shown, &err), 0);
	assert_string_equal(name, "example.com");
	assert_string_equal(shown, "example.com");
	assert_int_equal(zone_take_name("日本語.example", name, shown, &err), 0);
	assert_string_equal(name, "xn--wgv71a119e.example");
	assert_string_equal(shown, "日本語.example");
	assert_int_equal(zone_take_name("xn--wgv71a119e.example", name, shown, &err), 0);
	assert_string_equal(shown, "日本語.example");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (zone_take_name(wrong[i], name, shown, &err) != ERR_INVALID_INPUT)
			fail_msg("%s was taken", wrong[i]);
	/* 253 characters, and one more. */
	memset(longest, 'a', sizeof longest);
	for (size_t i = 60; i < 253; i += 61)
		longest[i] = '.';
	longest[253] = '\0';
	assert_int_equal(zone_take_name(longest, name, shown, &err), 0);
	longest[253] = 'a';
	longest[254] = '\0';
	assert_int_equal(zone_take_name(longest, name, shown, &err), ERR_INVALID_INPUT);
}

static int check(const char *name, enum rrset_type type, const char *value)
{
	struct rrset rrset CLEANUP(rrset_done) = {.type = type};
	const char *field = "";
	struct err err = {0};
	int code = zone_text_take_name(name, "example.com", rrset.name, &err);

	if (code == 0)
		code = rrset_add(&rrset, value, NULL, &err);
	if (code == 0)
		code = rrset_check("example.com", &rrset, &field, &err);
	if (code < 0)
		assert_true(err.text[0] != '\0');
	return code;
}

static void values(void **state)
{
	(void)state;
	assert_int_equal(check("www", RRSET_A, "192.0.2.1"), 0);
	assert_int_equal(check("*.a", RRSET_TXT, "\"a;b\" \"\\\"\""), 0);
	assert_int_equal(check("_25._tcp", RRSET_TLSA, "3 1 1 xx"), ERR_INVALID_INPUT);
	assert_int_equal(check("www", RRSET_A, "192.0.2.1 192.0.2.2"), ERR_INVALID_INPUT);
	assert_int_equal(check("www", RRSET_A, "192.0.2.1\nx A 192.0.2.2"), ERR_INVALID_INPUT);
	assert_int_equal(check("www", RRSET_A, "192.0.2.1 ; and"), ERR_INVALID_INPUT);
	assert_int_equal(check("www", RRSET_A, "("), ERR_INVALID_INPUT);
	assert_int_equal(check("@", RRSET_CNAME, "a"), ERR_INVALID_INPUT);
	assert_int_equal(check("@", RRSET_DS, "1 13 2 00"), ERR_INVALID_INPUT);
	assert_int_equal(check("@", RRSET_SOA, "a. b. 1 2 3 4 5"), ERR_INVALID_INPUT);
	assert_int_equal(check("a..b", RRSET_A, "192.0.2.1"), ERR_INVALID_INPUT);
	assert_int_equal(check("東京", RRSET_A, "192.0.2.1"), 0);
}

static void same_data(void **state)
{
	struct rrset rrset CLEANUP(rrset_done) = {.name = "www", .type = RRSET_AAAA};
	struct buf text CLEANUP(buf_done) = {0};
	struct rrset again CLEANUP(rrset_done) = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(rrset_add(&rrset, "2001:db8::1", "one", &err), 0);
	assert_int_equal(rrset_add(&rrset, "2001:db8::2", NULL, &err), 0);
	assert_int_equal(rrset_find("example.com", &rrset, "2001:DB8:0::2"), 1);
	assert_int_equal(rrset_find("example.com", &rrset, "2001:db8::3"), -1);
	assert_int_equal(rrset_format(&rrset, &text), 0);
	assert_int_equal(rrset_read(buf_str(&text), &again), 0);
	assert_int_equal(again.count, 2);
	assert_string_equal(again.records[0].comment, "one");
	assert_int_equal(rrset_remove("example.com", &rrset, "2001:db8:0:0::1", &err), 0);
	assert_int_equal(rrset.count, 1);
	assert_int_equal(rrset_read("no tab\n", &again), ERR_CORRUPT);
}

static void beside(void **state)
{
	const uint32_t a = UINT32_C(1) << rrset_bit(RRSET_A);
	const uint32_t cname = UINT32_C(1) << rrset_bit(RRSET_CNAME);
	struct err err = {0};

	(void)state;
	assert_int_equal(rrset_check_beside("www", RRSET_CNAME, a, &err), ERR_INVALID_INPUT);
	assert_non_null(strstr(err.text, "CNAME cannot stand beside other records"));
	assert_int_equal(rrset_check_beside("www", RRSET_A, cname, &err), ERR_INVALID_INPUT);
	assert_int_equal(rrset_check_beside("www", RRSET_CNAME, cname, &err), 0);
	assert_int_equal(rrset_check_beside("www", RRSET_TXT, a, &err), 0);
}

static int read_file(const char *text, size_t *ret_count, struct err *err)
{
	struct zone_file file CLEANUP(zone_file_done) = {0};
	int code = zone_file_read("example.com", 3600, text, strlen(text), &file, err);

	*ret_count = file.count;
	return code;
}

static void files(void **state)
{
	static const struct {
		const char *text;
		const char *words;
	} wrong[] = {{"www A 192.0.2.1\nwww A 1\n", "line 2"},
		     {"$INCLUDE /etc/passwd\n", "$INCLUDE"},
		     {"a.example.org. A 192.0.2.1\n", "not below"},
		     {"www CH A 192.0.2.1\n", "line 1"},
		     {"www A 192.0.2.1\nwww CNAME a\n", "CNAME cannot"},
		     {"www DNAME a\n", "DNAME"}};
	struct err err = {0};
	size_t count = 0;

	(void)state;
	assert_int_equal(
		read_file("@ SOA a b 1 2 3 4 5\nwww A 192.0.2.1\nwww A 192.0.2.2\n", &count, &err),
		0);
	assert_int_equal(count, 1);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(read_file(wrong[i].text, &count, &err), ERR_INVALID_INPUT);
		if (strstr(err.text, wrong[i].words) == NULL)
			fail_msg("%s: %s", wrong[i].text, err.text);
	}
}

/* Data as bytes (RFC 3597), of types that are known: pointers, lengths that lie, what is missing.
 */
static void data_as_bytes(void **state)
{
	static const char *const wrong[] = {
		"x TYPE15 \\# 4 000AC00C",       "x TYPE5 \\# 2 C00C",
		"x TYPE2 \\# 3 01C00C",          "x TYPE12 \\# 5 0161000000",
		"x TYPE1 \\# 5 C000020101",      "x TYPE28 \\# 1 20",
		"x TYPE33 \\# 7 00010002000301", "x TYPE16 \\# 2 0561",
		"x TYPE64 \\# 3 000041",         "x TYPE65 \\# 4 000AC00C",
		"x TYPE257 \\# 2 00FF",          "x TYPE17 \\# 1 00",
		"x TYPE35 \\# 4 00010002",       "x TYPE6 \\# 2 0000",
		"x TYPE13 \\# 3 0261",
	};
	struct zone_text text CLEANUP(zone_text_done) = {0};
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(zone_text_read("example.com", 3600, wrong[i], strlen(wrong[i]), 1,
						&text, &err),
				 ERR_INVALID_INPUT);
		assert_non_null(strstr(err.text, "line 1"));
	}
}

static void many_records(void **state)
{
	struct buf text CLEANUP(buf_done) = {0};
	struct err err = {0};
	size_t count = 0;

	(void)state;
	for (unsigned i = 0; i < ZONE_MAX_RECORDS + 1; i++)
		(void)buf_printf(&text, "h%u A 192.0.2.1\n", i);
	assert_int_equal(read_file(buf_str(&text), &count, &err), 0);
	(void)buf_puts(&text, "one A 192.0.2.1\n");
	assert_int_equal(read_file(buf_str(&text), &count, &err), ERR_LIMIT);
}

/* Whole lines, and nothing that a proof is a part of or that is a part of it. */
static void proofs(void **state)
{
	const char *const token = "00112233445566778899aabbccddeeff";
	static const char *const not [] = {
		"",
		"\n",
		"\"ippo-verification=\"\n",
		"\"ippo-verification=00112233445566778899aabbccddeef\"\n",
		"\"ippo-verification=00112233445566778899aabbccddeeff0\"\n",
		"ippo-verification=00112233445566778899aabbccddeeff\n",
		"\"ippo-verification=\" \"00112233445566778899aabbccddeeff\"\n"};

	(void)state;
	assert_true(zone_has_proof(
		"\"v=spf1 -all\"\n\"ippo-verification=00112233445566778899aabbccddeeff\"\n",
		token));
	for (size_t i = 0; i < ARRAY_SIZE(not ); i++)
		assert_false(zone_has_proof(not [i], token));
	assert_false(zone_has_proof("\"ippo-verification=\"\n", ""));
	assert_true(zone_has_name_server("ns9.test.\nNS1.Example.net.\n", "ns1.example.net"));
	assert_false(zone_has_name_server("ns1.example.net.test.\n", "ns1.example.net"));
	assert_false(zone_has_name_server("xns1.example.net.\n", "ns1.example.net"));
	assert_false(zone_has_name_server("ns1.example.net\n.\n", "ns1.example.net"));
	assert_false(zone_has_name_server(".\n", ""));
	struct zone zone = {.version = 2, .applied = 2, .proof = ZONE_PROOF_TXT};
	assert_int_equal(zone_status(&zone), ZONE_UPDATING);
	zone.proof = ZONE_PROOF_EXPIRED;
	assert_int_equal(zone_status(&zone), ZONE_ERROR);
	zone.proof = ZONE_PROOF_DONE;
	assert_int_equal(zone_status(&zone), ZONE_OK);
}

/* A key has an algorithm that is known, and is base64 of 16 to 96 bytes. */
static void primaries(void **state)
{
	static const struct {
		const char *algorithm, *key;
		bool good;
	} cases[] = {
		{"", "", true},
		{"hmac-sha256", "AAECAwQFBgcICQoLDA0ODw==", true},
		{"hmac-md5", "AAECAwQFBgcICQoLDA0ODw==", true},
		{"hmac-sha256", "AAECAwQFBgcICQoLDA0O", false}, /* 15 bytes */
		{"hmac-sha256", "", false},
		{"", "AAECAwQFBgcICQoLDA0ODw==", false},
		{"hmac-sha224", "AAECAwQFBgcICQoLDA0ODw==", false},
		{"hmac-sha256", "AAECAwQFBgcICQoLDA0ODw", false},
		{"hmac-sha256", "AAECAwQFBgcICQoLDA0ODw==\n", false},
	};
	struct zone_primary primary = {.tsig_algorithm = "hmac-sha512"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct zone_primary one = {0};
		(void)snprintf(one.tsig_algorithm, sizeof one.tsig_algorithm, "%s",
			       cases[i].algorithm);
		(void)snprintf(one.tsig_key, sizeof one.tsig_key, "%s", cases[i].key);
		assert_int_equal(zone_check_primary(&one, NULL) == 0, cases[i].good);
	}
	memset(primary.tsig_key, 'A', ZONE_TSIG_KEY_BYTES - 1); /* 96 bytes */
	assert_int_equal(zone_check_primary(&primary, NULL), 0);
}

/* What is fetched is in order when it is there. */
static void status_of_secondary(void **state)
{
	struct zone zone = {.secondary = true, .version = 2, .applied = 1};

	(void)state;
	assert_int_equal(zone_status(&zone), ZONE_UPDATING);
	zone.applied = 2;
	assert_int_equal(zone_status(&zone), ZONE_UPDATING);
	zone.contents = ZONE_CONTENTS_THERE;
	assert_int_equal(zone_status(&zone), ZONE_OK);
	zone.contents = ZONE_CONTENTS_EXPIRED;
	assert_int_equal(zone_status(&zone), ZONE_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_zone_above_has),
		cmocka_unit_test(another_key),
		cmocka_unit_test(another_key_above),
		cmocka_unit_test(names),
		cmocka_unit_test(values),
		cmocka_unit_test(same_data),
		cmocka_unit_test(beside),
		cmocka_unit_test(files),
		cmocka_unit_test(data_as_bytes),
		cmocka_unit_test(many_records),
		cmocka_unit_test(proofs),
		cmocka_unit_test(primaries),
		cmocka_unit_test(status_of_secondary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

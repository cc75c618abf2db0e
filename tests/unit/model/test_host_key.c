// The list of a server's host keys, of which every line comes from the guest.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/cleanup.h"
#include "model/host_key.h"

static const char first[] =
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILlprTpMuRDRaN+UeaQhEQmslPKf71cbR+tHVWxmtJGu";
static const char second[] =
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA root@x";
static const char ecdsa[] =
	"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABB"
	"BOH3jmvkwVOTXx/vVRAXbi0gTRdpRfYf8WPOyjfeMEWmQJVCSrxBJw8vPyBeLGy8kZT98V1p"
	"BuzNHY5WRkOOmTA=";

static char *add(const char *list, const char *line)
{
	char *ret = NULL;

	assert_int_equal(host_key_add(list, line, &ret, NULL), 0);
	return ret;
}

static void test_one_of_a_type(void **state)
{
	char *one AUTO_FREE = add("", first);
	char *two AUTO_FREE = add(one, ecdsa);
	char *three AUTO_FREE = add(two, second);
	const char *at = three;
	struct host_key key;

	(void)state;
	assert_true(host_key_next(&at, &key));
	assert_memory_equal(key.type, "ecdsa-sha2-nistp256", key.type_bytes);
	assert_int_equal(key.sha256_bytes, SSHKEY_SHA256_BYTES - 2);
	assert_true(host_key_next(&at, &key));
	assert_int_equal(key.type_bytes, strlen("ssh-ed25519"));
	/* The newer one, and without its comment. */
	assert_memory_equal(key.blob, second + key.type_bytes + 1, key.blob_bytes);
	assert_int_equal(key.blob_bytes, 68);
	assert_false(host_key_next(&at, &key));
	assert_string_equal(at, "");
}

static void test_hostile(void **state)
{
	static const char *const lines[] = {
		"",
		"ssh-ed25519",
		"ssh-ed25519 AAAA",
		"ssh-dss AAAAB3NzaC1kc3MAAAA",
		"ssh-ed25519 "
		"AAAAC3NzaC1lZDI1NTE5AAAAILlprTpMuRDRaN+UeaQhEQmslPKf71cbR+tHVWxmtJGu\nx",
		"command=\"x\" ssh-ed25519 "
		"AAAAC3NzaC1lZDI1NTE5AAAAILlprTpMuRDRaN+UeaQhEQmslPKf71cbR+tH",
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		char *ret = NULL;
		assert_int_equal(host_key_add("", lines[i], &ret, NULL), ERR_INVALID_INPUT);
		assert_null(ret);
	}
}

/* What no host_key_add() made ends the list; nothing is read beyond it. */
static void test_broken_list(void **state)
{
	static const char *const lists[] = {"", "a", "a b", "a b c", " b c\n", "a  c\n"};
	struct host_key key;

	(void)state;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		const char *at = lists[i];
		assert_false(host_key_next(&at, &key));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_of_a_type),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_broken_list),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}

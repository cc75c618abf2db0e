// A copy of a zone's keys: from files to bytes and back.
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/fd.h"
#include "dns/key_files.h"

struct folder {
	char path[64];
};

static int make_folder(void **state)
{
	static struct folder folder;

	(void)snprintf(folder.path, sizeof folder.path, "/tmp/ippo-keys-XXXXXX");
	*state = &folder;
	return mkdtemp(folder.path) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
	const struct folder *folder = *state;

	key_files_remove(folder->path);
	return access(folder->path, F_OK) < 0 ? 0 : -1;
}

static const char *at(const struct folder *folder, const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof path, "%s/%s", folder->path, name);
	return path;
}

static void put(const struct folder *folder, const char *name, const char *text)
{
	assert_int_equal(fd_write_file(AT_FDCWD, at(folder, name), text, strlen(text), 0600), 0);
}

static void there_and_back(void **state)
{
	const struct folder *folder = *state;
	struct buf packed CLEANUP(buf_done) = {0}, text CLEANUP(buf_done) = {0};
	struct buf again CLEANUP(buf_done) = {0};
	char other[] = "/tmp/ippo-keys-other-XXXXXX";
	struct stat found;
	struct err err = {0};

	assert_int_equal(fd_make_dirs(at(folder, "keys/keys"), 0700), 0);
	put(folder, "knot_backup.label", "label");
	put(folder, "keys/data.mdb", "data");
	put(folder, "keys/lock.mdb", "lock");
	put(folder, "keys/keys/aa.pem", "secret");
	assert_int_equal(symlink("/etc/hosts", at(folder, "keys/link")), 0);
	assert_int_equal(key_files_pack(folder->path, &packed, &err), 0);
	assert_non_null(mkdtemp(other));
	assert_int_equal(rmdir(other), 0);
	assert_int_equal(key_files_unpack(&packed, other, &err), 0);

	struct folder into;
	(void)snprintf(into.path, sizeof into.path, "%s", other);
	assert_int_equal(fd_read_file(AT_FDCWD, at(&into, "keys/keys/aa.pem"), 100, &text), 0);
	assert_string_equal(buf_str(&text), "secret");
	assert_int_equal(stat(at(&into, "keys/keys/aa.pem"), &found), 0);
	assert_int_equal(found.st_mode & 0777, 0600);
	assert_int_equal(stat(at(&into, "keys/keys"), &found), 0);
	assert_int_equal(found.st_mode & 0777, 0700);
	assert_int_equal(access(at(&into, "keys/lock.mdb"), F_OK), -1);
	assert_int_equal(access(at(&into, "keys/link"), F_OK), -1);
	assert_int_equal(access(at(&into, "knot_backup.label"), F_OK), 0);
	/* One that is there already is not mixed with another. */
	assert_int_equal(key_files_unpack(&packed, other, &err), -EEXIST);
	key_files_remove(other);
	assert_int_equal(access(other, F_OK), -1);
	key_files_remove(other);
	assert_true(key_files_pack(other, &again, &err) < 0);
}

static void pack_one(struct buf *out, const char *name, const char *text)
{
	write_text(out, name);
	write_slice(out, text, strlen(text));
}

static void damaged(void **state)
{
	static const char *const names[] = {"", "/etc/x", "../x", "keys/../../x"};
	const struct folder *folder = *state;
	struct err err = {0};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct buf packed CLEANUP(buf_done) = {0};
		pack_one(&packed, names[i], "x");
		assert_int_equal(key_files_unpack(&packed, at(folder, "in"), &err), ERR_CORRUPT);
		key_files_remove(at(folder, "in"));
	}
	/* Each piece of a good one is no good one, but the empty one. */
	struct buf whole CLEANUP(buf_done) = {0};
	pack_one(&whole, "keys/a.pem", "secret");
	for (size_t len = 1; len < whole.len; len++) {
		struct buf piece CLEANUP(buf_done) = {0};
		assert_int_equal(buf_append(&piece, whole.data, len), 0);
		assert_int_equal(key_files_unpack(&piece, at(folder, "in"), &err), ERR_CORRUPT);
		key_files_remove(at(folder, "in"));
	}
}

static void keys_in_common(void **state)
{
	struct buf a CLEANUP(buf_done) = {0}, b CLEANUP(buf_done) = {0};

	(void)state;
	assert_false(key_files_share(&a, &b));
	pack_one(&a, "label", "x");
	pack_one(&b, "label", "x");
	pack_one(&a, "keys/one.pem", "1");
	assert_false(key_files_share(&a, &b));
	pack_one(&b, "keys/two.pem", "2");
	assert_false(key_files_share(&a, &b));
	pack_one(&b, "keys/one.pem", "1");
	assert_true(key_files_share(&a, &b));
	assert_true(key_files_share(&b, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(there_and_back, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(damaged, make_folder, remove_folder),
		cmocka_unit_test(keys_in_common),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

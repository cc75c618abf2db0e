// Images as they come from outside: what is refused leaves nothing behind.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "host/image_store.h"
#include "host/process.h"

static char dir[] = "/tmp/ippo-images-XXXXXX";
static struct image_store store;

static int forget(const char *path, const struct stat *stat, int kind, struct FTW *at)
{
	return remove(path);
}

static int set_up(void **state)
{
	char path[128];

	if (mkdtemp(dir) == NULL || chmod(dir, 0755) < 0)
		return -1;
	(void)snprintf(path, sizeof path, "%s/host", dir);
	return image_store_init(&store, path, NULL);
}

static int tear_down(void **state)
{
	return nftw(dir, forget, 8, FTW_DEPTH | FTW_PHYS);
}

static int source(const char *text)
{
	char path[128];

	(void)snprintf(path, sizeof path, "%s/source", dir);
	assert_int_equal(fd_write_file(AT_FDCWD, path, text, strlen(text), 0644), 0);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void make(const char *const *arguments)
{
	const struct process process = {
		.arguments = arguments, .stdin_fd = -1, .stdout_fd = -1, .timeout_s = 60};
	struct buf output CLEANUP(buf_done) = {0};
	struct err err = {0};

	if (process_run(&process, &output, &err) < 0)
		fail_msg("%s", err.text);
}

static void count_item(void *context, const struct host_item *item)
{
	++*(unsigned *)context;
}

static unsigned items(void)
{
	unsigned count = 0;

	assert_int_equal(image_store_inventory(&store, count_item, &count, NULL), 0);
	return count;
}

static unsigned files(void)
{
	char path[128];
	unsigned count = 0;

	(void)snprintf(path, sizeof path, "%s/host/images", dir);
	DIR *folder = opendir(path);
	assert_non_null(folder);
	for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
		count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
	(void)closedir(folder);
	return count;
}

static int import_fd(int fd, uint64_t id, const uint8_t *checksum, struct host_image_facts *facts)
{
	struct host_image_import import = {
		.image_id = id, .source = HOST_IMAGE_FROM_FD, .has_checksum = checksum != NULL};
	struct err err = {0};

	assert_true(fd >= 0);
	if (checksum != NULL)
		memcpy(import.checksum, checksum, sizeof import.checksum);
	const int code = image_store_import(&store, &import, fd, NULL, NULL, facts, &err);
	(void)close(fd);
	if (code < 0)
		assert_true(strlen(err.text) > 10);
	return code;
}

static void wrong_checksum(void **state)
{
	static const uint8_t checksum[HOST_CHECKSUM_BYTES] = {1};
	struct host_image_facts facts;

	assert_int_equal(import_fd(source("not what was announced"), 1, checksum, &facts),
			 ERR_CHECKSUM);
	assert_int_equal(files(), 0);
	assert_int_equal(image_store_facts(&store, 1, &facts, NULL), ERR_IMAGE_MISSING);
}

static void refers_to_others(void **state)
{
	char path[128];
	struct host_image_facts facts;

	(void)snprintf(path, sizeof path, "%s/thief.qcow2", dir);
	make((const char *const[]){"qemu-img", "create", "-q", "-u", "-f", "qcow2", "-F", "raw",
				   "-b", "/etc/shadow", path, "1M", NULL});
	assert_int_equal(import_fd(open(path, O_RDONLY | O_CLOEXEC), 1, NULL, &facts),
			 ERR_INVALID_INPUT);
	assert_int_equal(files(), 0);
}

static void other_formats(void **state)
{
	char path[128];
	struct host_image_facts facts;

	(void)snprintf(path, sizeof path, "%s/other.vmdk", dir);
	make((const char *const[]){"qemu-img", "create", "-q", "-f", "vmdk", path, "1M", NULL});
	assert_int_equal(import_fd(open(path, O_RDONLY | O_CLOEXEC), 1, NULL, &facts),
			 ERR_INVALID_INPUT);
	assert_int_equal(files(), 0);
}

static void good_image(void **state)
{
	char path[128];
	struct host_image_facts facts = {0}, again = {0};

	(void)snprintf(path, sizeof path, "%s/good.qcow2", dir);
	make((const char *const[]){"qemu-img", "create", "-q", "-f", "qcow2", path, "3M", NULL});
	assert_int_equal(import_fd(open(path, O_RDONLY | O_CLOEXEC), 5, NULL, &facts), 0);
	assert_true(facts.virtual_bytes == 3 * 1024 * 1024);
	assert_int_equal(image_store_facts(&store, 5, &again, NULL), 0);
	assert_memory_equal(&facts, &again, sizeof facts);
	assert_int_equal(items(), 1);
	/* By its checksum it is taken once more, and deleted as often as asked. */
	assert_int_equal(import_fd(open(path, O_RDONLY | O_CLOEXEC), 6, facts.checksum, &again), 0);
	assert_int_equal(image_store_delete(&store, 5, NULL), 0);
	assert_int_equal(image_store_delete(&store, 6, NULL), 0);
	assert_int_equal(image_store_delete(&store, 6, NULL), 0);
	assert_int_equal(files(), 0);
}

static void volumes_without_image(void **state)
{
	const struct host_volume volume = {
		.uuid = {1}, .generation = 1, .image_id = 99, .bytes = 1 << 20};
	struct err err = {0};

	assert_int_equal(image_store_volume_create(&store, &volume, &err), ERR_IMAGE_MISSING);
	assert_int_equal(items(), 0);
	assert_int_equal(image_store_volume_delete(&store, &volume, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_checksum),        cmocka_unit_test(refers_to_others),
		cmocka_unit_test(other_formats),         cmocka_unit_test(good_image),
		cmocka_unit_test(volumes_without_image),
	};

	/* Its children give up root's power, so there must be some. */
	return geteuid() != 0 ? 77 : cmocka_run_group_tests(tests, set_up, tear_down);
}

// Images as they come from outside: what is refused leaves nothing behind. Seed discs as a guest
// sees them.
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
#include "host/seed_disc.h"

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

static void read_back(const char *iso, const char *name, const char *wanted, size_t bytes)
{
	char from[128], to[128];
	struct buf got CLEANUP(buf_done) = {0};

	(void)snprintf(from, sizeof from, "/%s", name);
	(void)snprintf(to, sizeof to, "%s/%s", dir, name);
	make((const char *const[]){"xorriso", "-abort_on", "SORRY", "-osirrox", "on", "-indev", iso,
				   "-extract", from, to, NULL});
	assert_int_equal(fd_read_file(AT_FDCWD, to, 2 * 1024 * 1024, &got), 0);
	assert_int_equal(got.len, bytes);
	assert_memory_equal(got.data, wanted, bytes);
}

/* Sector 16 is the volume's description, 17 Joliet's; the label is where blkid looks for it. */
static void seed_disc(void **state)
{
	static char user_data[300001];
	char path[IMAGE_STORE_PATH_BYTES], meta[] = "instance-id: 1\n", vendor[] = "",
					   net[] = "version: 2\n";
	const struct host_seed seed = {.uuid = {0xd1},
				       .meta_data = meta,
				       .user_data = user_data,
				       .vendor_data = vendor,
				       .network_config = net,
				       .user_data_bytes = sizeof user_data};
	struct buf disc CLEANUP(buf_done) = {0};
	struct stat stat;

	for (size_t i = 0; i < sizeof user_data; i++)
		user_data[i] = (char)(i * 7 + i / 2048);
	/* Twice: the second takes the place of the first. */
	assert_int_equal(image_store_seed_create(&store, &seed, NULL), 0);
	assert_int_equal(image_store_seed_create(&store, &seed, NULL), 0);
	assert_int_equal(items(), 1);
	image_store_seed_path(&store, seed.uuid, path);
	assert_int_equal(lstat(path, &stat), 0);
	assert_int_equal(stat.st_mode, S_IFREG | 0600);
	assert_int_equal(fd_read_file(AT_FDCWD, path, 2 * 1024 * 1024, &disc), 0);
	assert_true(disc.len > sizeof user_data && disc.len % 2048 == 0);
	assert_memory_equal(disc.data + 16 * 2048, "\1CD001\1", 7);
	assert_memory_equal(disc.data + 16 * 2048 + 40, "cidata                          ", 32);
	assert_memory_equal(disc.data + 17 * 2048, "\2CD001\1", 7);
	assert_memory_equal(disc.data + 17 * 2048 + 40, "\0c\0i\0d\0a\0t\0a", 12);
	assert_non_null(memmem(disc.data, disc.len, "\0n\0e\0t\0w\0o\0r\0k\0-\0c", 18));
	assert_non_null(memmem(disc.data, disc.len, "RRIP_1991A", 10));
	read_back(path, "meta-data", meta, strlen(meta));
	read_back(path, "user-data", user_data, sizeof user_data);
	read_back(path, "vendor-data", vendor, 0);
	read_back(path, "network-config", net, strlen(net));
	assert_int_equal(image_store_seed_delete(&store, seed.uuid, NULL), 0);
	assert_int_equal(items(), 0);
}

/* Nothing is left of one that did not fit, and the way is free for the next. */
static void full_disk(void **state)
{
	static char user_data[300001];
	char text[] = "";
	const struct host_seed seed = {.uuid = {0xd2},
				       .meta_data = text,
				       .user_data = user_data,
				       .vendor_data = text,
				       .network_config = text,
				       .user_data_bytes = sizeof user_data};
	AUTO_CLOSE int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct err err = {0};

	assert_int_equal(seed_disc_write(full, &seed, NULL, &err), ERR_DISK_FULL);
	assert_int_equal(image_store_seed_create(&store, &seed, &err), 0);
	assert_int_equal(image_store_seed_delete(&store, seed.uuid, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_checksum),
		cmocka_unit_test(refers_to_others),
		cmocka_unit_test(other_formats),
		cmocka_unit_test(good_image),
		cmocka_unit_test(volumes_without_image),
		cmocka_unit_test(seed_disc),
		cmocka_unit_test(full_disk),
	};

	/* Its children give up root's power, so there must be some. */
	return geteuid() != 0 ? 77 : cmocka_run_group_tests(tests, set_up, tear_down);
}

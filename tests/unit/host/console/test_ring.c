// The ring: what is kept, what is not, and what a file from before may hold.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/console/ring.h"
#include "wire/console_message.h"

#define SMALL_BYTES 4096
#define FILE_NAME   "01020304-0506-0708-090a-0b0c0d0e0f10.ring"

static const uint8_t uuid[UUID_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static char folder[] = "/tmp/ippo-ring-XXXXXX";
static int folder_fd;

static int set_up(void **state)
{
	memcpy(strrchr(folder, '-') + 1, "XXXXXX", 6);
	assert_non_null(mkdtemp(folder));
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
	return folder_fd < 0;
}

static int tear_down(void **state)
{
	ring_remove(folder_fd, uuid);
	(void)close(folder_fd);
	return rmdir(folder);
}

static struct ring *open_ring(bool expect_lost)
{
	struct ring *ring = NULL;
	struct err err = {0};
	bool lost = false;

	assert_int_equal(ring_open(folder_fd, uuid, SMALL_BYTES, &ring, &lost, &err), 0);
	assert_int_equal(lost, expect_lost);
	return ring;
}

/* Byte n of what was ever said: any piece shows where it came from. */
static uint8_t byte_at(uint64_t offset)
{
	return (uint8_t)(offset * 31 + (offset >> 8) * 7);
}

static void say(struct ring *ring, size_t bytes)
{
	const uint64_t from = ring_end(ring);
	AUTO_FREE uint8_t *data = malloc(bytes + 1);

	for (size_t i = 0; i < bytes; i++)
		data[i] = byte_at(from + i);
	ring_append(ring, data, bytes);
	assert_int_equal(ring_end(ring), from + bytes);
}

static void check(const struct ring *ring)
{
	uint8_t data[SMALL_BYTES];
	const uint64_t first = ring_first(ring);
	const size_t bytes = ring_copy(ring, first, data, sizeof data);

	assert_int_equal(bytes, ring_end(ring) - first);
	for (size_t i = 0; i < bytes; i++)
		assert_int_equal(data[i], byte_at(first + i));
}

static void test_keeps_the_last(void **state)
{
	struct ring *ring = open_ring(false);

	assert_int_equal(ring_end(ring), 0);
	for (unsigned i = 0; i < 200; i++) {
		say(ring, i * 7 % 611);
		assert_true(ring_end(ring) - ring_first(ring) <= SMALL_BYTES);
		if (ring_end(ring) >= SMALL_BYTES)
			assert_int_equal(ring_end(ring) - ring_first(ring), SMALL_BYTES);
		check(ring);
	}
	/* Exactly full, one more, and more than it holds at once. */
	say(ring, SMALL_BYTES);
	check(ring);
	say(ring, 1);
	check(ring);
	say(ring, 3 * SMALL_BYTES + 17);
	check(ring);
	ring_free(ring);
}

static void test_peek_stops_at_the_turn(void **state)
{
	struct ring *ring = open_ring(false);
	const void *data;

	say(ring, SMALL_BYTES + 100);
	assert_int_equal(ring_peek(ring, 100, SMALL_BYTES, &data), SMALL_BYTES - 100);
	assert_int_equal(ring_peek(ring, SMALL_BYTES, SMALL_BYTES, &data), 100);
	assert_int_equal(ring_peek(ring, SMALL_BYTES + 100, SMALL_BYTES, &data), 0);
	ring_free(ring);
}

static void test_is_there_again(void **state)
{
	struct ring *ring = open_ring(false);

	say(ring, 5000);
	ring_note(ring, RING_NOTE_MARK, SERIAL_MARK_START);
	ring_set_run(ring, (struct ring_run){.id = 77, .offset = 5000, .is_whole = true});
	say(ring, 10);
	ring_free(ring);
	ring = open_ring(false);
	assert_int_equal(ring_end(ring), 5010);
	assert_int_equal(ring_run(ring).id, 77);
	assert_int_equal(ring_run(ring).offset, 5000);
	assert_true(ring_run(ring).is_whole);
	assert_int_equal(ring_note_end(ring), 1);
	assert_int_equal(ring_note_get(ring, 0).offset, 5000);
	assert_int_equal(ring_note_get(ring, 0).value, SERIAL_MARK_START);
	check(ring);
	ring_free(ring);
}

/* A process that is killed at any moment leaves a ring that can be read, and reads right. */
static void test_survives_kill(void **state)
{
	uint64_t before = 0;

	for (unsigned i = 0; i < 20; i++) {
		const pid_t child = fork();
		if (child == 0) {
			struct ring *ring = open_ring(false);
			for (;;)
				say(ring, 1 + (size_t)(ring_end(ring) % 997));
		}
		(void)usleep(3000 + i * 777);
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
		struct ring *ring = open_ring(false);
		assert_true(ring_end(ring) >= before);
		before = ring_end(ring);
		check(ring);
		ring_free(ring);
	}
	assert_true(before > SMALL_BYTES);
}

static void test_notes_are_bounded(void **state)
{
	struct ring *ring = open_ring(false);

	for (unsigned i = 0; i < 1000; i++) {
		say(ring, 1);
		ring_note(ring, RING_NOTE_MARK, SERIAL_MARK_RESET);
		assert_true(ring_note_end(ring) - ring_note_first(ring) < RING_NOTES);
		for (uint64_t n = ring_note_first(ring); n < ring_note_end(ring); n++)
			assert_int_equal(ring_note_get(ring, n).offset, n + 1);
	}
	ring_free(ring);
	ring = open_ring(false);
	assert_int_equal(ring_note_end(ring), 1000);
	ring_free(ring);
}

static void patch(off_t at, const void *data, size_t bytes)
{
	AUTO_CLOSE int fd = openat(folder_fd, FILE_NAME, O_WRONLY);

	assert_int_equal(pwrite(fd, data, bytes, at), bytes);
}

/* Every 8 bytes of the header in turn hold nonsense: a new ring, or one that is still in bounds. */
static void test_corrupt_header(void **state)
{
	static const uint64_t nonsense[] = {0, 1, UINT64_MAX, (uint64_t)1 << 62,
					    0x4141414141414141};
	unsigned refused = 0;

	for (off_t at = 0; at < 8192; at += 8)
		for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
			struct ring *ring = NULL;
			struct err err = {0};
			bool lost = false;
			ring_remove(folder_fd, uuid);
			ring = open_ring(false);
			say(ring, 6000);
			ring_note(ring, RING_NOTE_MARK, SERIAL_MARK_START);
			ring_free(ring);
			patch(at, &nonsense[i], sizeof nonsense[i]);
			assert_int_equal(
				ring_open(folder_fd, uuid, SMALL_BYTES, &ring, &lost, &err), 0);
			assert_true(ring_end(ring) - ring_first(ring) <= SMALL_BYTES);
			for (uint64_t n = ring_note_first(ring); n < ring_note_end(ring); n++)
				assert_true(ring_note_get(ring, n).offset <= ring_end(ring));
			ring_append(ring, "more", 4);
			refused += lost;
			ring_free(ring);
		}
	assert_true(refused > 20);
}

static void test_corrupt_file(void **state)
{
	struct ring *ring = open_ring(false);

	say(ring, 100);
	ring_free(ring);
	/* Cut, too long, empty, of another server, a folder's entry that is no file. */
	assert_int_equal(truncate(strcat(strcpy((char[256]){0}, folder), "/" FILE_NAME), 9000), 0);
	ring_free(open_ring(true));
	assert_int_equal(truncate(strcat(strcpy((char[256]){0}, folder), "/" FILE_NAME), 1 << 20),
			 0);
	ring_free(open_ring(true));
	assert_int_equal(truncate(strcat(strcpy((char[256]){0}, folder), "/" FILE_NAME), 0), 0);
	ring_free(open_ring(true));
	patch(24, "another server's", 16);
	ring_free(open_ring(true));
	ring_remove(folder_fd, uuid);
	assert_int_equal(symlinkat("/etc/passwd", folder_fd, FILE_NAME), 0);
	ring = open_ring(true);
	say(ring, 10);
	ring_free(ring);
}

static void test_is_private_and_reserved(void **state)
{
	struct stat stat;

	ring_free(open_ring(false));
	assert_int_equal(fstatat(folder_fd, FILE_NAME, &stat, 0), 0);
	assert_int_equal(stat.st_mode & 07777, 0600);
	assert_true(stat.st_blocks * 512 >= stat.st_size);
}

static void test_without_a_file(void **state)
{
	struct ring *ring = NULL;
	struct err err = {0};
	bool lost;

	assert_int_equal(ring_open(-1, uuid, SMALL_BYTES, &ring, &lost, &err), 0);
	say(ring, 5000);
	check(ring);
	ring_free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_keeps_the_last, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_peek_stops_at_the_turn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_is_there_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_survives_kill, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_notes_are_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_corrupt_header, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_corrupt_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_is_private_and_reserved, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_a_file, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

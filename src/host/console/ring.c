/*
 * Theory of operation. A file is one header and the ring's bytes, both mapped shared, so that what
 * was written is the kernel's to keep when this process is killed at any instruction. Every change
 * is therefore a change between two valid states: room is made (first moves) before bytes are
 * overwritten, and bytes are there before the end says so. The oldest note's slot is never counted,
 * because it may be half overwritten.
 *
 * A machine that loses its power may leave a header and bytes that are not of one moment. They are
 * of the same server in any case: a file has one server's bytes only, and nothing but zeros before.
 *
 * The blocks are reserved when the file is made. A write through the mapping that found no room
 * would be the end of the process.
 */
#include "host/console/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "wire/console_message.h"

#define MAGIC        "IPPORING"
#define VERSION      1
#define HEADER_BYTES ((size_t)8192)
#define MIN_BYTES    ((size_t)4096)
#define MAX_BYTES    ((size_t)64 * 1024 * 1024)
#define MAX_OFFSET   ((uint64_t)1 << 62)
#define NAME_BYTES   (UUID_TEXT_BYTES + 12)
#define ENDING       ".ring"
/* Nothing looks for it: a ring that is being made when this process dies was never there. */
#define NEW_ENDING ".ring.new"

/* As it lies in the file. The file never leaves this machine, so its own byte order will do. */
struct note_slot {
	uint64_t offset;
	uint64_t time_ms;
	uint64_t what; /* kind, and the value above it */
};

struct header {
	char magic[8];
	uint32_t version;
	uint32_t header_bytes;
	uint64_t capacity;
	uint8_t uuid[UUID_BYTES];
	_Atomic uint64_t first;
	_Atomic uint64_t end;
	_Atomic uint64_t note_end;
	uint64_t run_id;
	uint64_t run_offset;
	uint64_t run_is_whole;
	struct note_slot notes[RING_NOTES];
};
_Static_assert(sizeof(struct header) <= HEADER_BYTES, "the header has room for its notes");

struct ring {
	struct header *header;
	uint8_t *data;
	size_t mapped_bytes;
};

static void file_name(const uint8_t uuid[UUID_BYTES], const char *ending, char out[NAME_BYTES])
{
	char text[UUID_TEXT_BYTES];

	format_uuid(uuid, text);
	(void)snprintf(out, NAME_BYTES, "%s%s", text, ending);
}

static bool note_is_sane(const struct header *header, uint64_t number)
{
	const struct note_slot *slot = &header->notes[number % RING_NOTES];
	const uint64_t kind = slot->what & 0xff, value = slot->what >> 8;

	return slot->offset <= header->end &&
	       ((kind == RING_NOTE_MARK && value >= SERIAL_MARK_START &&
		 value <= SERIAL_MARK_RESET) ||
		(kind == RING_NOTE_GAP && value >= SERIAL_GAP_OLD && value <= SERIAL_GAP_AWAY));
}

static uint64_t oldest_note(const struct header *header)
{
	const uint64_t end = header->note_end;

	return end < RING_NOTES ? 0 : end - RING_NOTES + 1;
}

/* Whatever lies in the file, all that is done with it later stays within the mapping. */
static bool header_is_sane(const struct header *header, const uint8_t uuid[UUID_BYTES],
			   size_t file_bytes)
{
	uint64_t before = 0;

	if (memcmp(header->magic, MAGIC, sizeof header->magic) != 0 || header->version != VERSION ||
	    header->header_bytes != HEADER_BYTES || header->capacity < MIN_BYTES ||
	    header->capacity > MAX_BYTES || header->capacity != file_bytes - HEADER_BYTES ||
	    memcmp(header->uuid, uuid, UUID_BYTES) != 0 || header->first > header->end ||
	    header->end - header->first > header->capacity || header->end > MAX_OFFSET ||
	    header->note_end > MAX_OFFSET || header->run_offset > header->end ||
	    header->run_is_whole > 1)
		return false;
	for (uint64_t i = oldest_note(header); i < header->note_end; i++) {
		if (!note_is_sane(header, i) || header->notes[i % RING_NOTES].offset < before)
			return false;
		before = header->notes[i % RING_NOTES].offset;
	}
	return true;
}

/* Takes over the mapping. */
static int wrap(void *mapping, size_t bytes, struct ring **ret, struct err *err)
{
	struct ring *ring = calloc(1, sizeof *ring);

	if (ring == NULL) {
		(void)munmap(mapping, bytes);
		return err_set(err, -ENOMEM, "no memory for a ring");
	}
	ring->header = mapping;
	ring->data = (uint8_t *)mapping + HEADER_BYTES;
	ring->mapped_bytes = bytes;
	*ret = ring;
	return 0;
}

/* 0 and a mapping, or -errno; -EILSEQ: it cannot be believed. */
static int map_old(int folder_fd, const char *name, const uint8_t uuid[UUID_BYTES], void **ret,
		   size_t *ret_bytes)
{
	AUTO_CLOSE int fd = openat(folder_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct stat stat;
	void *mapping;

	if (fd < 0 || fstat(fd, &stat) < 0)
		return -errno;
	if (!S_ISREG(stat.st_mode) || (size_t)stat.st_size < HEADER_BYTES + MIN_BYTES ||
	    (size_t)stat.st_size > HEADER_BYTES + MAX_BYTES)
		return -EILSEQ;
	mapping = mmap(NULL, (size_t)stat.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapping == MAP_FAILED)
		return -errno;
	if (!header_is_sane(mapping, uuid, (size_t)stat.st_size)) {
		(void)munmap(mapping, (size_t)stat.st_size);
		return -EILSEQ;
	}
	*ret = mapping;
	*ret_bytes = (size_t)stat.st_size;
	return 0;
}

static void make_header(struct header *header, const uint8_t uuid[UUID_BYTES], size_t bytes)
{
	memcpy(header->magic, MAGIC, sizeof header->magic);
	header->version = VERSION;
	header->header_bytes = HEADER_BYTES;
	header->capacity = bytes;
	memcpy(header->uuid, uuid, UUID_BYTES);
}

/* NULL: no file can be made. */
static void *map_file(int folder_fd, const char *name, const uint8_t uuid[UUID_BYTES], size_t bytes)
{
	char new_name[NAME_BYTES];
	void *mapping = MAP_FAILED;

	file_name(uuid, NEW_ENDING, new_name);
	(void)unlinkat(folder_fd, new_name, 0);
	AUTO_CLOSE int fd = openat(folder_fd, new_name,
				   O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0 && posix_fallocate(fd, 0, (off_t)(HEADER_BYTES + bytes)) == 0)
		mapping =
			mmap(NULL, HEADER_BYTES + bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapping != MAP_FAILED) {
		make_header(mapping, uuid, bytes);
		if (renameat(folder_fd, new_name, folder_fd, name) == 0)
			return mapping;
		(void)munmap(mapping, HEADER_BYTES + bytes);
	}
	if (fd >= 0)
		(void)unlinkat(folder_fd, new_name, 0);
	return NULL;
}

/* Where there is no room for a file, memory alone. */
static void *map_new(int folder_fd, const char *name, const uint8_t uuid[UUID_BYTES], size_t bytes)
{
	void *mapping = map_file(folder_fd, name, uuid, bytes);

	if (mapping != NULL)
		return mapping;
	/* What cannot be believed would be found again. */
	(void)unlinkat(folder_fd, name, 0);
	mapping = mmap(NULL, HEADER_BYTES + bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mapping != MAP_FAILED)
		make_header(mapping, uuid, bytes);
	return mapping;
}

int ring_open(int folder_fd, const uint8_t uuid[UUID_BYTES], size_t bytes, struct ring **ret,
	      bool *ret_lost, struct err *err)
{
	char name[NAME_BYTES];
	void *mapping = NULL;
	size_t mapped_bytes = 0;
	int code;

	file_name(uuid, ENDING, name);
	code = map_old(folder_fd, name, uuid, &mapping, &mapped_bytes);
	if (code < 0) {
		mapping = map_new(folder_fd, name, uuid, bytes);
		mapped_bytes = HEADER_BYTES + bytes;
		if (mapping == MAP_FAILED)
			return err_set(err, -ENOMEM, "no memory for a ring");
	}
	*ret_lost = code < 0 && code != -ENOENT;
	return wrap(mapping, mapped_bytes, ret, err);
}

void ring_free(struct ring *ring)
{
	if (ring == NULL)
		return;
	(void)munmap(ring->header, ring->mapped_bytes);
	free(ring);
}

void ring_remove(int folder_fd, const uint8_t uuid[UUID_BYTES])
{
	char name[NAME_BYTES];
	char new_name[NAME_BYTES];

	file_name(uuid, ENDING, name);
	(void)unlinkat(folder_fd, name, 0);
	file_name(uuid, NEW_ENDING, new_name);
	(void)unlinkat(folder_fd, new_name, 0);
}

uint64_t ring_first(const struct ring *ring)
{
	return ring->header->first;
}

uint64_t ring_end(const struct ring *ring)
{
	return ring->header->end;
}

size_t ring_capacity(const struct ring *ring)
{
	return ring->mapped_bytes - HEADER_BYTES;
}

/* At most what the ring holds. */
static void append_piece(struct ring *ring, const uint8_t *data, size_t bytes)
{
	struct header *header = ring->header;
	const size_t capacity = ring_capacity(ring), at = header->end % capacity;
	const size_t before_turn = bytes < capacity - at ? bytes : capacity - at;
	const uint64_t end = header->end + bytes;

	if (end - header->first > capacity)
		atomic_store(&header->first, end - capacity);
	memcpy(ring->data + at, data, before_turn);
	memcpy(ring->data, data + before_turn, bytes - before_turn);
	atomic_store(&header->end, end);
}

void ring_append(struct ring *ring, const void *data, size_t bytes)
{
	const uint8_t *at = data;

	while (bytes > 0) {
		const size_t piece = bytes < ring_capacity(ring) ? bytes : ring_capacity(ring);
		append_piece(ring, at, piece);
		at += piece;
		bytes -= piece;
	}
}

size_t ring_peek(const struct ring *ring, uint64_t offset, size_t max_bytes, const void **ret)
{
	const size_t capacity = ring_capacity(ring), at = offset % capacity;
	const uint64_t left = ring_end(ring) - offset;
	size_t bytes = left < max_bytes ? (size_t)left : max_bytes;

	if (bytes > capacity - at)
		bytes = capacity - at;
	*ret = ring->data + at;
	return bytes;
}

size_t ring_copy(const struct ring *ring, uint64_t offset, void *out, size_t max_bytes)
{
	size_t copied = 0, bytes;
	const void *data;

	while (copied < max_bytes &&
	       (bytes = ring_peek(ring, offset + copied, max_bytes - copied, &data)) > 0) {
		memcpy((uint8_t *)out + copied, data, bytes);
		copied += bytes;
	}
	return copied;
}

void ring_note(struct ring *ring, enum ring_note_kind kind, uint8_t value)
{
	struct header *header = ring->header;
	struct note_slot *slot = &header->notes[header->note_end % RING_NOTES];

	slot->offset = header->end;
	slot->time_ms = (uint64_t)clock_now_ms();
	slot->what = (uint64_t)kind | (uint64_t)value << 8;
	atomic_fetch_add(&header->note_end, 1);
}

uint64_t ring_note_end(const struct ring *ring)
{
	return ring->header->note_end;
}

uint64_t ring_note_first(const struct ring *ring)
{
	return oldest_note(ring->header);
}

struct ring_note ring_note_get(const struct ring *ring, uint64_t number)
{
	const struct note_slot *slot = &ring->header->notes[number % RING_NOTES];

	return (struct ring_note){.offset = slot->offset,
				  .time_ms = slot->time_ms,
				  .kind = (uint8_t)(slot->what & 0xff),
				  .value = (uint8_t)(slot->what >> 8)};
}

struct ring_run ring_run(const struct ring *ring)
{
	return (struct ring_run){.id = ring->header->run_id,
				 .offset = ring->header->run_offset,
				 .is_whole = ring->header->run_is_whole == 1};
}

/* Never a run with another one's offset: in between there is none. */
void ring_set_run(struct ring *ring, struct ring_run run)
{
	struct header *header = ring->header;

	header->run_id = 0;
	atomic_thread_fence(memory_order_seq_cst);
	header->run_offset = run.offset;
	header->run_is_whole = run.is_whole;
	atomic_thread_fence(memory_order_seq_cst);
	header->run_id = run.id;
}

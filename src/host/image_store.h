// Golden images, servers' disks and seed discs as files below host_dir.
#pragma once

#include "base/config.h"
#include "host/driver.h"

#define IMAGE_STORE_PATH_BYTES (CONFIG_PATH_BYTES + 96)

/* Of the progress of an image, what a running QEMU writes. */
#define IMAGE_STORE_PUSH_PERCENT 60

struct image_store {
	char dir[CONFIG_PATH_BYTES];
	/* Where the archive lies that seed discs bring into guests; "": they bring none. */
	char program_dir[CONFIG_PATH_BYTES];
};

/** image_store_init() - make the folders, and remove what an interrupted import left. */
int image_store_init(struct image_store *store, const char *dir, struct err *err);

void image_store_image_path(const struct image_store *store, uint64_t image_id,
			    char out[IMAGE_STORE_PATH_BYTES]);
void image_store_volume_path(const struct image_store *store, const uint8_t uuid[UUID_BYTES],
			     uint32_t generation, char out[IMAGE_STORE_PATH_BYTES]);
void image_store_seed_path(const struct image_store *store, const uint8_t uuid[UUID_BYTES],
			   char out[IMAGE_STORE_PATH_BYTES]);

/**
 * image_store_import() - copy, check the SHA-256, convert to qcow2, put in place in one step.
 * The source is untrusted: it is fetched and looked at by children that run as nobody.
 * Errors: ERR_CHECKSUM, ERR_INVALID_INPUT (not a disk image, or one that refers to other files),
 * ERR_DISK_FULL, ERR_UNAVAILABLE (the URL does not answer).
 */
int image_store_import(const struct image_store *store, const struct host_image_import *import,
		       int fd, driver_progress *progress, void *context,
		       struct host_image_facts *ret, struct err *err);

/*
 * An image of a server's disk: made of the volume itself while the server is off, or of a copy that
 * a running QEMU has written to the path that image_store_take_begin() names. Neither is trusted,
 * as a QEMU that its guest broke out of may have written their headers: children that run as nobody
 * make a qcow2 of our own of it, and what it stands on is said here.
 */

/** image_store_take_begin() - is there room, and where shall a running QEMU write?
 * Return: 0, or 1 and @ret when the image is there already. Errors: ERR_DISK_FULL, ERR_NOT_FOUND.
 */
int image_store_take_begin(const struct image_store *store, const struct host_image_disk *disk,
			   bool running, char out[IMAGE_STORE_PATH_BYTES],
			   struct host_image_facts *ret, struct err *err);
/** image_store_take_end() - put it in place. */
int image_store_take_end(const struct image_store *store, const struct host_image_disk *disk,
			 bool running, driver_progress *progress, void *context,
			 struct host_image_facts *ret, struct err *err);
/** image_store_take_undo() - nothing of it is left behind. */
void image_store_take_undo(const struct image_store *store, uint64_t image_id);
/** image_store_check_room() - still enough for what is being written? Else ERR_DISK_FULL. */
int image_store_check_room(const struct image_store *store, struct err *err);

int image_store_delete(const struct image_store *store, uint64_t image_id, struct err *err);
int image_store_facts(const struct image_store *store, uint64_t image_id,
		      struct host_image_facts *ret, struct err *err);

int image_store_volume_create(const struct image_store *store, const struct host_volume *volume,
			      struct err *err);
/** image_store_volume_grow() - of a domain that is off. */
int image_store_volume_grow(const struct image_store *store, const struct host_volume *volume,
			    struct err *err);
int image_store_volume_delete(const struct image_store *store, const struct host_volume *volume,
			      struct err *err);

/** image_store_seed_create() - a NoCloud disc: ISO 9660 with the label "cidata". */
int image_store_seed_create(const struct image_store *store, const struct host_seed *seed,
			    struct err *err);
int image_store_seed_delete(const struct image_store *store, const uint8_t uuid[UUID_BYTES],
			    struct err *err);

/** image_store_inventory() - every volume, seed and image there is. */
int image_store_inventory(const struct image_store *store, driver_item *item, void *context,
			  struct err *err);

/** image_store_space() - of the file system it lies on. */
int image_store_space(const struct image_store *store, uint64_t *ret_bytes,
		      uint64_t *ret_free_bytes);

// Images, disks and seed discs that are only noted down.
#include "host/fake/fake.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "host/image_updates.h"

#define FAKE_IMAGE_BYTES ((uint64_t)1 << 30)

static int image_import(struct driver *driver, const struct host_image_import *import, int fd,
			driver_progress *progress, void *context, struct host_image_facts *ret,
			struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = fake_fault_begin(fake, "image_import", err);

	if (code < 0)
		return code;
	code = fake_world_add(fake, HOST_ITEM_IMAGE, NULL, import->image_id, NULL, err);
	*ret = (struct host_image_facts){.virtual_bytes = FAKE_IMAGE_BYTES,
					 .file_bytes = FAKE_IMAGE_BYTES / 4};
	memcpy(ret->checksum, import->checksum, sizeof ret->checksum);
	return fake_fault_end(fake, code);
}

/* What images hold: those that were brought in are all alike, and small. */
static struct host_image_facts facts_of(const struct thing *image)
{
	const uint64_t bytes = image->bytes != 0 ? image->bytes : FAKE_IMAGE_BYTES;

	return (struct host_image_facts){.virtual_bytes = bytes, .file_bytes = bytes / 4};
}

static int take_image(struct fake *fake, const struct host_image_disk *disk,
		      struct host_image_facts *ret, struct err *err)
{
	const struct thing *volume =
		*fake_world_find(fake, HOST_ITEM_VOLUME, disk->uuid, disk->generation);
	struct thing *image = *fake_world_find(fake, HOST_ITEM_IMAGE, NULL, disk->image_id);
	int code;

	if (volume == NULL)
		return err_set(err, ERR_NOT_FOUND, "there is no such volume");
	if (image == NULL) {
		if (fake->free_gib < volume->bytes >> 30)
			return err_set(err, ERR_DISK_FULL, "the disk of this host is full");
		if ((code = fake_world_add(fake, HOST_ITEM_IMAGE, NULL, disk->image_id, &image,
					   err)) < 0)
			return code;
		image->bytes = volume->bytes;
		fake_world_record(fake, image, '+');
	}
	*ret = facts_of(image);
	return 0;
}

static int image_create(struct driver *driver, const struct host_image_disk *disk,
			driver_progress *progress, void *context, struct host_image_facts *ret,
			struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = fake_fault_begin(fake, "image_create", err);

	if (code < 0)
		return code;
	progress(context, 50);
	return fake_fault_end(fake, take_image(fake, disk, ret, err));
}

static int image_delete(struct driver *driver, uint64_t image_id, struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = fake_fault_begin(fake, "image_delete", err);

	if (code < 0)
		return code;
	fake_world_drop(fake, HOST_ITEM_IMAGE, NULL, image_id);
	return fake_fault_end(fake, 0);
}

static int image_facts(struct driver *driver, uint64_t image_id, struct host_image_facts *ret,
		       struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = fake_fault_begin(fake, "image_facts", err);

	if (code < 0)
		return code;
	const struct thing *image = *fake_world_find(fake, HOST_ITEM_IMAGE, NULL, image_id);
	if (image == NULL)
		return fake_fault_end(fake, err_set(err, ERR_IMAGE_MISSING,
						    "image %llu is not on this host",
						    (unsigned long long)image_id));
	*ret = facts_of(image);
	return fake_fault_end(fake, 0);
}

/* Nothing of it needs a hypervisor: it is looked at in earnest. */
static int image_updates(struct driver *driver, const struct host_package_list *list,
			 struct host_updates *ret, struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = fake_fault_begin(fake, "image_updates", err);

	if (code < 0)
		return code;
	code = fake_fault_end(fake, 0); /* not under the lock */
	return code < 0 ? code : image_updates_look(fake->config, list, ret, err);
}

static int volume_create(struct driver *driver, const struct host_volume *volume, struct err *err)
{
	struct fake *fake = self_of(driver);
	struct thing *thing;
	int code = fake_fault_begin(fake, "volume_create", err);

	if (code < 0)
		return code;
	/* Of a copy the image may be gone once it is there. */
	if (volume->whole != 0 &&
	    *fake_world_find(fake, HOST_ITEM_VOLUME, volume->uuid, volume->generation) == NULL &&
	    *fake_world_find(fake, HOST_ITEM_IMAGE, NULL, volume->image_id) == NULL)
		return fake_fault_end(fake, err_set(err, ERR_IMAGE_MISSING,
						    "image %llu is not on this host",
						    (unsigned long long)volume->image_id));
	code = fake_world_add(fake, HOST_ITEM_VOLUME, volume->uuid, volume->generation, &thing,
			      err);
	if (code == 0) {
		thing->bytes = volume->bytes;
		fake_world_record(fake, thing, '+');
	}
	return fake_fault_end(fake, code);
}

static int volume_grow(struct driver *driver, const struct host_volume *volume, struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = fake_fault_begin(fake, "volume_grow", err);

	if (code < 0)
		return code;
	struct thing *thing =
		*fake_world_find(fake, HOST_ITEM_VOLUME, volume->uuid, volume->generation);
	if (thing == NULL)
		return fake_fault_end(fake, err_set(err, ERR_NOT_FOUND, "there is no such volume"));
	if (thing->bytes < volume->bytes) {
		thing->bytes = volume->bytes;
		fake_world_record(fake, thing, '+');
	}
	return fake_fault_end(fake, 0);
}

static int volume_delete(struct driver *driver, const struct host_volume *volume, struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = fake_fault_begin(fake, "volume_delete", err);

	if (code < 0)
		return code;
	fake_world_drop(fake, HOST_ITEM_VOLUME, volume->uuid, volume->generation);
	return fake_fault_end(fake, 0);
}

/* The newest seed's user-data is in the file "seed", for who wants to see what a guest would read.
 * It is of no use after a crash, so it waits for no disk. */
static int keep_text(struct fake *fake, const char *name, const void *text, size_t bytes,
		     struct err *err)
{
	char path[FAKE_PATH_BYTES];
	int code = 0;

	fake_world_path(fake, name, path);
	(void)pthread_mutex_lock(&fake->lock);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	code = fd < 0 ? -errno : fd_write_all(fd, text, bytes);
	(void)pthread_mutex_unlock(&fake->lock);
	return code < 0 ? err_set(err, code, "cannot write %s", path) : 0;
}

static int keep_seed(struct fake *fake, const struct host_seed *seed, struct err *err)
{
	int r = keep_text(fake, "seed", seed->user_data, seed->user_data_bytes, err);

	return r < 0 ? r
		     : keep_text(fake, "seed-keys", seed->meta_data, strlen(seed->meta_data), err);
}

static int seed_create(struct driver *driver, const struct host_seed *seed, struct err *err)
{
	int r = fake_world_make(driver, "seed_create", HOST_ITEM_SEED, seed->uuid, 0, err);

	return r < 0 ? r : keep_seed(self_of(driver), seed, err);
}

static int seed_delete(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	return fake_world_unmake(driver, "seed_delete", HOST_ITEM_SEED, uuid, err);
}

void fake_storage_verbs(struct driver_verbs *verbs)
{
	verbs->image_import = image_import;
	verbs->image_create = image_create;
	verbs->image_delete = image_delete;
	verbs->image_facts = image_facts;
	verbs->image_updates = image_updates;
	verbs->volume_create = volume_create;
	verbs->volume_grow = volume_grow;
	verbs->volume_delete = volume_delete;
	verbs->seed_create = seed_create;
	verbs->seed_delete = seed_delete;
}

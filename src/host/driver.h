// What a hypervisor's driver can do. Every call blocks and may come from any worker thread.
#pragma once

#include "base/config.h"
#include "base/err.h"
#include "host/console/line.h"
#include "wire/console_message.h"
#include "wire/host_message.h"

struct driver;

/* Told from any thread. */
struct driver_events {
	void (*domain)(void *context, const uint8_t uuid[UUID_BYTES], enum host_domain_state state);
	void (*report)(void *context, const uint8_t uuid[UUID_BYTES], const char *line);
	void (*hypervisor)(void *context, bool up);
	/* Optional, all three. A guest's serial port: at the beginning of each run, and when a run
	 * or a server that is off is found. The descriptor moves. */
	void (*line)(void *context, const uint8_t uuid[UUID_BYTES], const struct serial_line *line);
	void (*mark)(void *context, const uint8_t uuid[UUID_BYTES], enum serial_mark mark);
	/* The server is no more. */
	void (*forget)(void *context, const uint8_t uuid[UUID_BYTES]);
	void *context;
};

typedef void driver_item(void *context, const struct host_item *item);
typedef void driver_traffic(void *context, const struct host_traffic *traffic);
typedef void driver_sample(void *context, const struct host_sample *sample);
typedef void driver_progress(void *context, unsigned percent);

/* All verbs are idempotent; what is asked for and already so is a success. */
struct driver_verbs {
	int (*facts)(struct driver *driver, struct host_facts *ret, struct err *err);
	int (*inventory)(struct driver *driver, driver_item *item, void *context, struct err *err);
	/* @fd: the file for HOST_IMAGE_FROM_FD, else -1; stays the caller's. */
	int (*image_import)(struct driver *driver, const struct host_image_import *import, int fd,
			    driver_progress *progress, void *context, struct host_image_facts *ret,
			    struct err *err);
	/* Of a disk as it is at one instant; the server goes on meanwhile. */
	int (*image_create)(struct driver *driver, const struct host_image_disk *disk,
			    driver_progress *progress, void *context, struct host_image_facts *ret,
			    struct err *err);
	int (*image_delete)(struct driver *driver, uint64_t image_id, struct err *err);
	int (*image_facts)(struct driver *driver, uint64_t image_id, struct host_image_facts *ret,
			   struct err *err);
	int (*image_updates)(struct driver *driver, const struct host_package_list *list,
			     struct host_updates *ret, struct err *err);
	int (*volume_create)(struct driver *driver, const struct host_volume *volume,
			     struct err *err);
	int (*volume_grow)(struct driver *driver, const struct host_volume *volume,
			   struct err *err);
	int (*volume_delete)(struct driver *driver, const struct host_volume *volume,
			     struct err *err);
	int (*seed_create)(struct driver *driver, const struct host_seed *seed, struct err *err);
	int (*seed_delete)(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err);
	int (*network_set)(struct driver *driver, const struct host_network *network,
			   struct err *err);
	int (*network_clear)(struct driver *driver, const uint8_t uuid[UUID_BYTES],
			     struct err *err);
	int (*network_sync)(struct driver *driver, const struct host_network *networks,
			    size_t count, struct err *err);
	/* Answers the version in force; ERR_NOT_FOUND without a network. */
	int (*filter_set)(struct driver *driver, const struct host_filter_change *change,
			  uint64_t *ret_version, struct err *err);
	/* The version in force of a server that has a network, else 0. */
	uint64_t (*filter_version)(struct driver *driver, const uint8_t uuid[UUID_BYTES]);
	/* Appends what HOST_FILTER_STATUS answers; ERR_NOT_FOUND without a network. */
	int (*filter_status)(struct driver *driver, const uint8_t uuid[UUID_BYTES],
			     struct buf *answer, struct err *err);
	/* Appends what HOST_FILTER_CAME answers; ERR_NOT_FOUND without a network. */
	int (*filter_came)(struct driver *driver, const uint8_t uuid[UUID_BYTES],
			   struct buf *answer, struct err *err);
	int (*domain_define)(struct driver *driver, const struct host_domain *domain,
			     struct err *err);
	int (*domain_undefine)(struct driver *driver, const uint8_t uuid[UUID_BYTES],
			       struct err *err);
	int (*domain_start)(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err);
	int (*domain_shutdown)(struct driver *driver, const uint8_t uuid[UUID_BYTES],
			       struct err *err);
	int (*domain_stop)(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err);
	int (*domain_reboot)(struct driver *driver, const uint8_t uuid[UUID_BYTES],
			     struct err *err);
	int (*domain_reset)(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err);
	int (*domain_state)(struct driver *driver, const uint8_t uuid[UUID_BYTES],
			    enum host_domain_state *ret, struct err *err);
	int (*password_set)(struct driver *driver, const struct host_password *password,
			    struct err *err);
	/* A line for the guest's ask port; ERR_SERVER_NOT_RUNNING, ERR_UNSUPPORTED without one. */
	int (*guest_ask)(struct driver *driver, const struct host_guest_ask *ask, struct err *err);
	/* A socket that speaks RFB with the guest's screen; ERR_SERVER_NOT_RUNNING. */
	int (*vnc_open)(struct driver *driver, const uint8_t uuid[UUID_BYTES], int *ret_fd,
			struct err *err);
	/* The screen as a PNG; ERR_SERVER_NOT_RUNNING. */
	int (*screenshot)(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct buf *png,
			  struct err *err);
	/* What all servers that are on have used. One that is busy may be left out. */
	int (*statistics)(struct driver *driver, driver_sample *sample, void *context,
			  struct err *err);
	/* What went over the wires of all servers that have a network. */
	int (*traffic)(struct driver *driver, driver_traffic *traffic, void *context,
		       struct err *err);
	void (*free)(struct driver *driver);
};

struct driver {
	const struct driver_verbs *verbs;
};

int libvirt_driver_new(const struct config *config, const struct driver_events *events,
		       struct driver **ret, struct err *err);
int fake_driver_new(const struct config *config, const struct driver_events *events,
		    struct driver **ret, struct err *err);

// Screens of guests that are not there.
#include "host/fake/fake.h"

/* 0 with the lock held. */
static int begin_running(struct fake *fake, const char *verb, const uint8_t *uuid, struct err *err)
{
	int code = fake_fault_begin(fake, verb, err);

	if (code < 0)
		return code;
	const struct thing *domain = *fake_world_find(fake, HOST_ITEM_DOMAIN, uuid, 0);
	if (domain == NULL)
		return fake_fault_end(fake, err_set(err, ERR_NOT_FOUND,
						    "the server is not defined on this host"));
	if (domain->item.state != HOST_DOMAIN_RUNNING)
		return fake_fault_end(fake, err_set(err, ERR_SERVER_NOT_RUNNING,
						    "the server is off: it has no screen now"));
	return 0;
}

static int vnc_open(struct driver *driver, const uint8_t uuid[UUID_BYTES], int *ret_fd,
		    struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = begin_running(fake, "vnc_open", uuid, err);

	return code < 0 ? code
			: fake_fault_end(fake, guests_screen(fake->guests, uuid, ret_fd, err));
}

static int screenshot(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct buf *png,
		      struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = begin_running(fake, "screenshot", uuid, err);

	return code < 0 ? code : fake_fault_end(fake, guests_picture(uuid, png, err));
}

void fake_console_verbs(struct driver_verbs *verbs)
{
	verbs->vnc_open = vnc_open;
	verbs->screenshot = screenshot;
}

// What the archive has that is newer than what is in an image, counted by apt itself.
#pragma once

#include <stdbool.h>

#include "base/config.h"
#include "base/err.h"
#include "wire/host_message.h"

/**
 * image_updates_look() - fetch the archive's lists and count; blocks, for minutes at most.
 * @config: host_dir, which gets a folder "updates", and image_sources. One at a time. Both apt
 * processes run as nobody. Errors: ERR_INVALID_INPUT (the package list), ERR_FETCH (the archive
 * does not answer, or its lists are not signed by a key that is trusted), ERR_UNSUPPORTED (it is
 * that of another release), ERR_SERVER.
 */
int image_updates_look(const struct config *config, const struct host_package_list *list,
		       struct host_updates *ret, struct err *err);

/** image_updates_count() - what `apt-get --simulate upgrade` printed; hostile only if apt is. */
void image_updates_count(const char *text, struct host_updates *ret);
/** image_updates_is_release() - whether lines with the code names of an archive's lists are those
 * of @codename: itself, or one of its pockets ("bookworm-security"). */
bool image_updates_is_release(const char *lines, const char *codename);

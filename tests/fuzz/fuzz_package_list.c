// Any package list of an image, and anything that apt could print about it.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "host/image_updates.h"
#include "wire/package_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text CLEANUP(buf_done) = {0};
	struct package_list list;
	struct host_updates updates;
	struct err err = {0};

	if (buf_append(&text, data, size) < 0)
		return 0;
	const char *given = buf_str(&text);
	if (package_list_parse(given, &list, &err) == 0 &&
	    (list.count == 0 || list.built_ms <= 0 || list.codename[0] == '\0' ||
	     list.status_at >= strlen(given) ||
	     strstr(given + list.status_at, "Package: ") == NULL))
		abort();
	image_updates_count(given, &updates);
	if (updates.security > updates.pending)
		abort();
	(void)image_updates_is_release(given, "bookworm");
	return 0;
}

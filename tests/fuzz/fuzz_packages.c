// Any dpkg status and any list of packages; an order of versions that is one.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "firststep/pending_updates.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text CLEANUP(buf_done) = {0};

	if (buf_append(&text, data, size) < 0)
		return 0;
	const char *given = buf_str(&text);
	const char *const lists[] = {given,
				     "Package: a\nVersion: 2\n\nPackage: b\nVersion: 1:1-1\n"};
	if (pending_count(given, lists, 2) < 0 || pending_count(lists[1], lists, 1) < 0)
		abort();
	const size_t len = strlen(given), middle = len / 2;
	const int order = version_compare(given, middle, given + middle, len - middle);
	const int back = version_compare(given + middle, len - middle, given, middle);
	if ((order < 0) != (back > 0) || (order == 0) != (back == 0) ||
	    version_compare(given, len, given, len) != 0)
		abort();
	return 0;
}

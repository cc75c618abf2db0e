// Any bytes as a zone file: what is taken is written so that it is taken again, and is the same.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/zone_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_all(const struct zone_file *file, struct buf *out)
{
	for (size_t i = 0; i < file->count; i++)
		(void)rrset_write(&file->items[i], 3600, false, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zone_file file CLEANUP(zone_file_done) = {0}, again CLEANUP(zone_file_done) = {0};
	struct buf first CLEANUP(buf_done) = {0}, second CLEANUP(buf_done) = {0};
	struct err err = {0};

	if (zone_file_read("example.com", 3600, (const char *)data, size, &file, &err) < 0) {
		if (err.text[0] == '\0')
			abort();
		return 0;
	}
	write_all(&file, &first);
	if (zone_file_read("example.com", 3600, buf_str(&first), first.len, &again, &err) < 0)
		abort();
	write_all(&again, &second);
	if (first.len != second.len || strcmp(buf_str(&first), buf_str(&second)) != 0)
		abort();
	return 0;
}

// Any ruleset of nftables and any zone of firewalld: what is open is made of true ports.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "firststep/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void examine(const struct ports *ports)
{
	char text[PORTS_TEXT_BYTES];
	struct ports again;

	ports_format(ports, text);
	if (ports_parse(text, &again) < 0 || again.count > ports->count)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct filter *filter AUTO_FREE = calloc(1, sizeof *filter);
	struct zone *zone AUTO_FREE = calloc(1, sizeof *zone);
	struct buf text CLEANUP(buf_done) = {0};
	bool rich;

	if (filter == NULL || zone == NULL || buf_append(&text, data, size) < 0)
		return 0;
	if (filter_parse(buf_str(&text), filter) == 0)
		for (size_t i = 0; i < filter->count; i++)
			examine(&filter->chains[i].open);
	if (zone_parse(buf_str(&text), zone, &rich) == 0)
		examine(&zone->open);
	return 0;
}

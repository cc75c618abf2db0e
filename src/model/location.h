// A place where servers run.
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "model/name.h"

#define LOCATION_TEXT_BYTES    128
#define LOCATION_COUNTRY_BYTES 3

struct location {
	uint64_t id;
	char name[NAME_SLUG_BYTES];
	char description[LOCATION_TEXT_BYTES];
	char country[LOCATION_COUNTRY_BYTES]; /* ISO 3166-1 alpha-2 */
	char city[LOCATION_TEXT_BYTES];
	char network_zone[NAME_SLUG_BYTES];
	double latitude;
	double longitude;
	int64_t created_ms;
};

/** location_check() - 0 or ERR_INVALID_INPUT naming the field. */
int location_check(const struct location *location, struct err *err);

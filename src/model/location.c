#include "model/location.h"

#include <math.h>
#include <stdbool.h>

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

int location_check(const struct location *location, struct err *err)
{
	const char *country = location->country;
	int r = name_check_slug(location->name, err);

	if (r == 0)
		r = name_check_text("description", location->description, LOCATION_TEXT_BYTES - 1,
				    err);
	if (r == 0)
		r = name_check_text("city", location->city, LOCATION_TEXT_BYTES - 1, err);
	if (r < 0)
		return r;
	if (!is_upper(country[0]) || !is_upper(country[1]) || country[2])
		return err_set(err, ERR_INVALID_INPUT,
			       "country must be two capital letters, such as JP");
	if (name_check_slug(location->network_zone, NULL) < 0)
		return err_set(err, ERR_INVALID_INPUT,
			       "network_zone must be lower-case letters, digits and hyphens");
	if (!isfinite(location->latitude) || fabs(location->latitude) > 90)
		return err_set(err, ERR_INVALID_INPUT, "latitude must be between -90 and 90");
	if (!isfinite(location->longitude) || fabs(location->longitude) > 180)
		return err_set(err, ERR_INVALID_INPUT, "longitude must be between -180 and 180");
	return 0;
}

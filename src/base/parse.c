#include "base/parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (*text == '\0' || (text[0] == '0' && text[1] != '\0'))
		return -EINVAL;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return -ERANGE;
	}
	if (value < min || value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

int parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	const int negative = *text == '-';
	uint64_t magnitude;
	int64_t value;
	int code =
		parse_u64(text + negative, 0, (uint64_t)INT64_MAX + (uint64_t)negative, &magnitude);

	if (code < 0)
		return code;
	value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	if (value < min || value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

int parse_bool(const char *text, bool *ret)
{
	static const char *const words[2][4] = {{"false", "no", "off", "0"},
						{"true", "yes", "on", "1"}};

	for (int value = 0; value < 2; value++)
		for (int i = 0; i < 4; i++)
			if (strcasecmp(text, words[value][i]) == 0) {
				*ret = value != 0;
				return 0;
			}
	return -EINVAL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* @bytes bytes as hex digits, with @separator before those whose bit is set in @separated. */
static int parse_grouped(const char *text, char separator, unsigned separated, uint8_t *out,
			 size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if ((separated >> i & 1) != 0 && *text++ != separator)
			return -EINVAL;
		int high = hex_digit(text[0]);
		int low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			return -EINVAL;
		out[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return *text == '\0' ? 0 : -EINVAL;
}

#define UUID_SEPARATED 0x550U /* before bytes 4, 6, 8 and 10 */
#define MAC_SEPARATED  0x3eU  /* before all but the first */

int parse_uuid(const char *text, uint8_t ret[UUID_BYTES])
{
	uint8_t out[UUID_BYTES];
	int code = parse_grouped(text, '-', UUID_SEPARATED, out, sizeof out);

	if (code == 0)
		memcpy(ret, out, sizeof out);
	return code;
}

static void format_grouped(const uint8_t *data, size_t bytes, char separator, unsigned separated,
			   char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes; i++) {
		if (separator != '\0' && (separated >> i & 1) != 0)
			*out++ = separator;
		*out++ = digits[data[i] >> 4];
		*out++ = digits[data[i] & 15];
	}
	*out = '\0';
}

void format_uuid(const uint8_t uuid[UUID_BYTES], char out[UUID_TEXT_BYTES])
{
	format_grouped(uuid, UUID_BYTES, '-', UUID_SEPARATED, out);
}

int parse_mac(const char *text, uint8_t ret[MAC_BYTES])
{
	uint8_t out[MAC_BYTES];
	int code = parse_grouped(text, ':', MAC_SEPARATED, out, sizeof out);

	if (code == 0)
		memcpy(ret, out, sizeof out);
	return code;
}

void format_mac(const uint8_t mac[MAC_BYTES], char out[MAC_TEXT_BYTES])
{
	format_grouped(mac, MAC_BYTES, ':', MAC_SEPARATED, out);
}

/* RFC 3629 section 4: shortest forms only, no surrogates, nothing past U+10FFFF. */
bool parse_utf8(const void *data, size_t bytes)
{
	const uint8_t *at = data, *end = at + bytes;

	while (at < end) {
		unsigned extra;
		uint32_t value, least;
		if (*at == 0)
			return false;
		if (*at < 0x80) {
			at++;
			continue;
		}
		if ((*at & 0xe0) == 0xc0) {
			extra = 1, value = *at & 0x1fU, least = 0x80;
		} else if ((*at & 0xf0) == 0xe0) {
			extra = 2, value = *at & 0x0fU, least = 0x800;
		} else if ((*at & 0xf8) == 0xf0) {
			extra = 3, value = *at & 0x07U, least = 0x10000;
		} else {
			return false;
		}
		if ((size_t)(end - at) <= extra)
			return false;
		for (at++; extra > 0; extra--, at++) {
			if ((*at & 0xc0) != 0x80)
				return false;
			value = value << 6 | (*at & 0x3fU);
		}
		if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
			return false;
	}
	return true;
}

int parse_hex(const char *text, void *out, size_t bytes)
{
	return parse_grouped(text, '\0', 0, out, bytes);
}

void format_hex(const void *data, size_t bytes, char *out)
{
	format_grouped(data, bytes, '\0', 0, out);
}

/* Exactly @digits digits at *@at, which moves past them, and then @then unless it is NUL. */
static bool take_number(const char **at, unsigned digits, char then, unsigned min, unsigned max,
			unsigned *ret)
{
	unsigned value = 0;

	for (unsigned i = 0; i < digits; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		value = value * 10 + (unsigned)(**at - '0');
	}
	if (then != '\0' && *(*at)++ != then)
		return false;
	*ret = value;
	return value >= min && value <= max;
}

/* "Z", "+09:00" or "-09:00", and nothing after it. */
static bool take_offset(const char *at, int64_t *ret_s)
{
	const int sign = *at == '-' ? -1 : 1;
	unsigned hours, minutes;

	*ret_s = 0;
	if (*at == 'Z' || *at == 'z')
		return at[1] == '\0';
	if (*at != '+' && *at != '-')
		return false;
	at++;
	if (!take_number(&at, 2, ':', 0, 23, &hours) ||
	    !take_number(&at, 2, '\0', 0, 59, &minutes) || *at != '\0')
		return false;
	*ret_s = (int64_t)sign * ((int64_t)hours * 3600 + (int64_t)minutes * 60);
	return true;
}

int parse_time(const char *text, int64_t *ret)
{
	unsigned year, month, day, hour, minute, second, ms = 0, scale = 100;
	const char *at = text;
	int64_t offset_s, value_s;
	struct tm date;

	if (!take_number(&at, 4, '-', 1970, 9999, &year) ||
	    !take_number(&at, 2, '-', 1, 12, &month) || !take_number(&at, 2, '\0', 1, 31, &day) ||
	    (*at != 'T' && *at != 't'))
		return -EINVAL;
	at++;
	if (!take_number(&at, 2, ':', 0, 23, &hour) || !take_number(&at, 2, ':', 0, 59, &minute) ||
	    !take_number(&at, 2, '\0', 0, 59, &second))
		return -EINVAL;
	if (*at == '.') {
		if (at[1] < '0' || at[1] > '9')
			return -EINVAL;
		for (at++; *at >= '0' && *at <= '9'; at++, scale /= 10)
			ms += (unsigned)(*at - '0') * scale;
	}
	if (!take_offset(at, &offset_s))
		return -EINVAL;
	date = (struct tm){.tm_year = (int)year - 1900,
			   .tm_mon = (int)month - 1,
			   .tm_mday = (int)day,
			   .tm_hour = (int)hour,
			   .tm_min = (int)minute,
			   .tm_sec = (int)second};
	value_s = timegm(&date) - offset_s;
	if (date.tm_mday != (int)day)
		return -EINVAL; /* the 31st of February: timegm() went on into March */
	if (value_s < 0)
		return -ERANGE;
	*ret = value_s * 1000 + ms;
	return 0;
}

int parse_utc_offset(const char *text, int *ret)
{
	static const char form[] = "s00:00";

	if (strlen(text) != sizeof form - 1 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
		return -EINVAL;
	for (size_t i = 1; i < sizeof form - 1; i++)
		if (form[i] == '0' && (text[i] < '0' || text[i] > '9'))
			return -EINVAL;
	const int hours = (text[1] - '0') * 10 + text[2] - '0';
	const int minutes = (text[4] - '0') * 10 + text[5] - '0';
	if (minutes > 59 || hours * 60 + minutes > 14 * 60)
		return -EINVAL;
	*ret = (hours * 60 + minutes) * (text[0] == '-' ? -1 : 1);
	return 0;
}

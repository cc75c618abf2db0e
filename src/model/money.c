#include "model/money.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/* ISO 4217's exceptions from two decimals. */
static const struct {
	char currency[MONEY_CURRENCY_BYTES];
	unsigned decimals;
} exceptions[] = {
	{"BHD", 3}, {"BIF", 0}, {"CLP", 0}, {"DJF", 0}, {"GNF", 0}, {"IQD", 3},
	{"ISK", 0}, {"JOD", 3}, {"JPY", 0}, {"KMF", 0}, {"KRW", 0}, {"KWD", 3},
	{"LYD", 3}, {"OMR", 3}, {"PYG", 0}, {"RWF", 0}, {"TND", 3}, {"UGX", 0},
	{"VND", 0}, {"VUV", 0}, {"XAF", 0}, {"XOF", 0}, {"XPF", 0},
};

int money_check_currency(const char *currency)
{
	for (int i = 0; i < 3; i++)
		if (currency[i] < 'A' || currency[i] > 'Z')
			return -EINVAL;
	return currency[3] == '\0' ? 0 : -EINVAL;
}

unsigned money_decimals(const char *currency)
{
	for (size_t i = 0; i < ARRAY_SIZE(exceptions); i++)
		if (strcmp(exceptions[i].currency, currency) == 0)
			return exceptions[i].decimals;
	return 2;
}

static void format_decimal(int64_t value, unsigned decimals, char out[MONEY_TEXT_BYTES])
{
	uint64_t magnitude = value < 0 ? (uint64_t)0 - (uint64_t)value : (uint64_t)value;
	uint64_t scale = 1;

	for (unsigned i = 0; i < decimals; i++)
		scale *= 10;
	if (decimals == 0)
		(void)snprintf(out, MONEY_TEXT_BYTES, "%s%llu", value < 0 ? "-" : "",
			       (unsigned long long)magnitude);
	else
		(void)snprintf(out, MONEY_TEXT_BYTES, "%s%llu.%0*llu", value < 0 ? "-" : "",
			       (unsigned long long)(magnitude / scale), (int)decimals,
			       (unsigned long long)(magnitude % scale));
}

void money_format(int64_t minor, const char *currency, char out[MONEY_TEXT_BYTES])
{
	format_decimal(minor, money_decimals(currency), out);
}

void money_format_share(int64_t minor, uint32_t parts, const char *currency,
			char out[MONEY_TEXT_BYTES])
{
	assert(parts > 0);
	/* 128 bits hold any int64 times 10,000. */
	__extension__ __int128 scaled = (__int128)minor * 10000 * 2 + parts;
	__extension__ __int128 divisor = (__int128)parts * 2;
	__extension__ __int128 share = scaled / divisor;

	if (scaled < 0 && scaled % divisor != 0)
		share--; /* division truncates towards zero; half up needs the floor */
	if (share > INT64_MAX)
		share = INT64_MAX;
	if (share < INT64_MIN)
		share = INT64_MIN;
	format_decimal((int64_t)share, money_decimals(currency) + 4, out);
}

// Money in minor units, and its decimal text by currency (ISO 4217).
#pragma once

#include <stdint.h>

#define MONEY_CURRENCY_BYTES 4
#define MONEY_TEXT_BYTES     40
#define MONEY_MAX_MINOR      INT64_C(1000000000000) /* far beyond any price, far from overflow */

/** money_check_currency() - three capital letters. 0 or -EINVAL. */
int money_check_currency(const char *currency);
/** money_decimals() - digits after the point: 0 for JPY, 2 for EUR, 3 for KWD; 2 when unknown. */
unsigned money_decimals(const char *currency);
/** money_format() - "980" (JPY), "12.34" (EUR). */
void money_format(int64_t minor, const char *currency, char out[MONEY_TEXT_BYTES]);
/** money_format_share() - @minor divided by @parts, rounded half up, with four more decimals:
 * an hour's price from a month's ("1.3611"). @parts must not be 0. */
void money_format_share(int64_t minor, uint32_t parts, const char *currency,
			char out[MONEY_TEXT_BYTES]);

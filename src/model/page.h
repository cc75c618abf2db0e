// Pages of a list: which part is asked for, and where the others are.
#pragma once

#include <stdint.h>

#include "base/err.h"

#define PAGE_DEFAULT_ENTRIES 25
#define PAGE_MAX_ENTRIES     50
#define PAGE_MAX_NUMBER      UINT32_C(1000000)

struct page {
	uint32_t number;  /* from 1 */
	uint32_t entries; /* per page; 0: everything on one page (inside the service only) */
};

/** page_parse() - the texts of `page` and `per_page`, NULL when absent. Larger than
 * PAGE_MAX_ENTRIES is cut to it. Errors: ERR_INVALID_INPUT naming the field. */
int page_parse(const char *page, const char *per_page, struct page *ret, struct err *err);
uint64_t page_offset(const struct page *page);
/** page_last() - number of the last page, at least 1. */
uint64_t page_last(const struct page *page, uint64_t total);

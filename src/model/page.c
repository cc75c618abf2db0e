#include "model/page.h"

#include <stddef.h>

#include "base/parse.h"

int page_parse(const char *page, const char *per_page, struct page *ret, struct err *err)
{
	uint64_t number = 1;
	uint64_t entries = PAGE_DEFAULT_ENTRIES;

	if (page && parse_u64(page, 1, PAGE_MAX_NUMBER, &number) < 0)
		return err_set(err, ERR_INVALID_INPUT, "page must be a number from 1 to %u",
			       PAGE_MAX_NUMBER);
	if (per_page && parse_u64(per_page, 1, UINT32_MAX, &entries) < 0)
		return err_set(err, ERR_INVALID_INPUT, "per_page must be a number from 1 to %d",
			       PAGE_MAX_ENTRIES);
	if (entries > PAGE_MAX_ENTRIES)
		entries = PAGE_MAX_ENTRIES;
	*ret = (struct page){.number = (uint32_t)number, .entries = (uint32_t)entries};
	return 0;
}

uint64_t page_offset(const struct page *page)
{
	return page->number > 1 ? (uint64_t)(page->number - 1) * page->entries : 0;
}

uint64_t page_last(const struct page *page, uint64_t total)
{
	if (page->entries == 0 || total == 0)
		return 1;
	return (total - 1) / page->entries + 1;
}

#include "dns/record_sets.h"

#include <errno.h>
#include <libknot/descriptor.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Pieces of the text that was read. */
struct set {
	const char *owner, *type;
	size_t owner_bytes, type_bytes; /* of the owner: what is before the zone's name */
	const char *lines;
	size_t bytes;
};

struct sets {
	struct set *items;
	size_t count;
	size_t capacity;
};

static void sets_done(struct sets *sets)
{
	free(sets->items);
}

/* "www.zone. 300 IN A 192.0.2.1": an owner has no spaces, they are escaped. */
static void take_line(const char *line, size_t bytes, size_t zone_bytes, struct set *ret)
{
	const char *end = memchr(line, ' ', bytes);
	const size_t owner = (size_t)(end - line);

	*ret = (struct set){.owner = line, .lines = line, .bytes = bytes};
	ret->owner_bytes = owner > zone_bytes + 1 ? owner - zone_bytes - 2 : 0;
	ret->type = strstr(end, " IN ") + strlen(" IN ");
	ret->type_bytes = strcspn(ret->type, " \n");
}

static int compare_texts(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
	const int order = memcmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes);

	return order != 0 ? order : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

static int compare_owners(const struct set *a, const struct set *b)
{
	/* The zone itself is "@" to people. */
	return compare_texts(
		a->owner_bytes > 0 ? a->owner : "@", a->owner_bytes > 0 ? a->owner_bytes : 1,
		b->owner_bytes > 0 ? b->owner : "@", b->owner_bytes > 0 ? b->owner_bytes : 1);
}

static int compare_types(const struct set *a, const struct set *b)
{
	return compare_texts(a->type, a->type_bytes, b->type, b->type_bytes);
}

static int by_order(const void *a, const void *b, void *context)
{
	const struct dns_job_sets *wanted = context;
	int order = compare_owners(a, b);

	if (order != 0)
		return wanted->name_descending ? -order : order;
	order = compare_types(a, b);
	return wanted->type_descending ? -order : order;
}

static bool is_wanted(const struct dns_job_sets *wanted, const struct set *set)
{
	char text[16];
	uint16_t type;

	if (wanted->type_count == 0)
		return true;
	if (set->type_bytes >= sizeof text)
		return false;
	memcpy(text, set->type, set->type_bytes);
	text[set->type_bytes] = '\0';
	if (knot_rrtype_from_string(text, &type) < 0)
		return false;
	for (size_t i = 0; i < wanted->type_count; i++)
		if (wanted->types[i] == type)
			return true;
	return false;
}

/* Knot gives the records of a set one after the other. */
static int add(struct sets *sets, const struct set *line)
{
	struct set *last = sets->count > 0 ? &sets->items[sets->count - 1] : NULL;

	if (last != NULL && last->lines + last->bytes == line->lines &&
	    compare_owners(last, line) == 0 && compare_types(last, line) == 0) {
		last->bytes += line->bytes;
		return 0;
	}
	if (sets->count == sets->capacity) {
		const size_t capacity = sets->capacity > 0 ? sets->capacity * 2 : 64;
		struct set *grown = reallocarray(sets->items, capacity, sizeof *grown);
		if (grown == NULL)
			return -ENOMEM;
		sets->items = grown;
		sets->capacity = capacity;
	}
	sets->items[sets->count++] = *line;
	return 0;
}

int record_sets_read(struct knot *knot, const char *zone, const struct dns_job_sets *wanted,
		     struct buf *out, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	struct sets sets CLEANUP(sets_done) = {0};
	int code =
		knot_read(knot, zone, wanted->owner[0] != '\0' ? wanted->owner : NULL, &text, err);

	if (code < 0)
		return code;
	for (const char *line = buf_str(&text), *end; (end = strchr(line, '\n')) != NULL;
	     line = end + 1) {
		struct set set;
		take_line(line, (size_t)(end + 1 - line), strlen(zone), &set);
		if (is_wanted(wanted, &set) && add(&sets, &set) < 0)
			return err_set(err, -ENOMEM, "no memory for the name server's answer");
	}
	if (sets.count > 1)
		qsort_r(sets.items, sets.count, sizeof *sets.items, by_order,
			(void *)(uintptr_t)wanted);
	(void)buf_printf(out, "%zu\n", sets.count);
	for (size_t i = wanted->first; i < sets.count && i - wanted->first < wanted->count; i++)
		(void)buf_append(out, sets.items[i].lines, sets.items[i].bytes);
	return out->error < 0 ? err_set(err, -ENOMEM, "no memory for the name server's answer") : 0;
}

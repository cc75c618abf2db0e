#include "model/zone_file.h"

#include <errno.h>
#include <libknot/descriptor.h>
#include <libknot/dname.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

void zone_file_done(struct zone_file *file)
{
	for (size_t i = 0; i < file->count; i++)
		rrset_done(&file->items[i]);
	free(file->items);
	*file = (struct zone_file){0};
}

static struct rrset *new_set(struct zone_file *file)
{
	if (file->count == file->capacity) {
		const size_t capacity = file->capacity > 0 ? file->capacity * 2 : 16;
		struct rrset *grown = reallocarray(file->items, capacity, sizeof *grown);
		if (grown == NULL)
			return NULL;
		file->items = grown;
		file->capacity = capacity;
	}
	file->items[file->count] = (struct rrset){0};
	return &file->items[file->count++];
}

static int at_line(const struct zone_text_record *record, int code, struct err *err)
{
	return err_wrap(err, code, "line %llu", (unsigned long long)record->line);
}

static int begin_set(const struct zone_text_record *record, const char *zone, uint32_t ttl,
		     struct rrset *set, struct err *err)
{
	char type[16] = "";

	if (zone_text_name(record, zone, set->name) < 0)
		return err_set(err, ERR_INVALID_INPUT, "line %llu: the name is not below %.150s",
			       (unsigned long long)record->line, zone);
	if (*rrset_type_name((enum rrset_type)record->type) == '\0') {
		(void)knot_rrtype_to_string(record->type, type, sizeof type);
		return err_set(err, ERR_INVALID_INPUT,
			       "line %llu: records of type %s are not taken",
			       (unsigned long long)record->line, type);
	}
	set->type = (enum rrset_type)record->type;
	set->ttl = record->ttl != ttl ? record->ttl : RRSET_WITHOUT_TTL;
	return 0;
}

static int add_record(const struct zone_text_record *record, struct rrset *set, struct err *err)
{
	struct buf value CLEANUP(buf_done) = {0};
	char comment[RRSET_COMMENT_MAX + 1] = "";
	int code = zone_text_value(record, &value);

	if (code < 0)
		return err_set(err, -ENOMEM, "no memory for a record");
	if (record->comment != NULL &&
	    name_check_text("comment", record->comment, RRSET_COMMENT_MAX, NULL) == 0)
		memcpy(comment, record->comment, strlen(record->comment) + 1);
	code = rrset_add(set, buf_str(&value), comment, err);
	return code < 0 ? at_line(record, code, err) : 0;
}

static bool is_same_set(const struct zone_text_record *a, const struct zone_text_record *b)
{
	return a->type == b->type && knot_dname_is_equal(a->owner, b->owner);
}

/* Sets of one name follow each other. */
static int check_beside(const struct zone_file *file, size_t first, struct err *err)
{
	uint32_t bits = 0;

	for (size_t i = first; i < file->count; i++)
		bits |= UINT32_C(1) << rrset_bit(file->items[i].type);
	return rrset_check_beside(file->items[first].name, file->items[first].type, bits, err);
}

static int take(const struct zone_text *text, const char *zone, uint32_t ttl,
		struct zone_file *file, struct err *err)
{
	size_t first_of_name = 0;
	int code;

	for (size_t at = 0; at < text->count;) {
		const struct zone_text_record *record = &text->records[at];
		const char *field;
		struct rrset *set;
		if (record->type == RRSET_SOA) {
			at++;
			continue;
		}
		if ((set = new_set(file)) == NULL)
			return err_set(err, -ENOMEM, "no memory");
		if ((code = begin_set(record, zone, ttl, set, err)) < 0)
			return code;
		for (; at < text->count && is_same_set(record, &text->records[at]); at++)
			if ((code = add_record(&text->records[at], set, err)) < 0)
				return code;
		if ((code = rrset_check(zone, set, &field, err)) < 0)
			return at_line(record, code, err);
		if (strcmp(file->items[first_of_name].name, set->name) != 0)
			first_of_name = file->count - 1;
		if ((code = check_beside(file, first_of_name, err)) < 0)
			return at_line(record, code, err);
	}
	return 0;
}

int zone_file_read(const char *zone, uint32_t ttl, const char *text, size_t bytes,
		   struct zone_file *ret, struct err *err)
{
	struct zone_text read CLEANUP(zone_text_done) = {0};
	struct zone_file file CLEANUP(zone_file_done) = {0};
	int code;

	if ((code = zone_text_read(zone, ttl, text, bytes, ZONE_MAX_RECORDS + 1, &read, err)) < 0)
		return code;
	zone_text_sort(&read);
	if ((code = take(&read, zone, ttl, &file, err)) < 0)
		return code;
	*ret = file;
	file = (struct zone_file){0};
	return 0;
}

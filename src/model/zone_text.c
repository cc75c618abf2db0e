#include "model/zone_text.h"

#include <errno.h>
#include <idn2.h>
#include <libknot/descriptor.h>
#include <libknot/dname.h>
#include <libknot/rrset-dump.h>
#include <libknot/rrset.h>
#include <libzscanner/scanner.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/name.h"

#define CLASS_IN        1
#define VALUE_MIN_BYTES 512
#define VALUE_MAX_BYTES ((size_t)512 * 1024) /* 64 KiB, each byte as \DDD, and quotes */
#define COMMENT_MAX     255
#define WRONG_FORM      "the data does not have the form of its type"

static void scanner_free(zs_scanner_t **scanner)
{
	if (*scanner != NULL) {
		zs_deinit(*scanner);
		free(*scanner);
	}
}

void zone_text_done(struct zone_text *text)
{
	for (size_t i = 0; i < text->count; i++) {
		free(text->records[i].owner);
		free(text->records[i].rdata);
		free(text->records[i].comment);
	}
	free(text->records);
	*text = (struct zone_text){0};
}

static struct zone_text_record *new_record(struct zone_text *text)
{
	if (text->count == text->capacity) {
		const size_t capacity = text->capacity > 0 ? text->capacity * 2 : 16;
		struct zone_text_record *grown =
			reallocarray(text->records, capacity, sizeof *grown);
		if (grown == NULL)
			return NULL;
		text->records = grown;
		text->capacity = capacity;
	}
	text->records[text->count] = (struct zone_text_record){0};
	return &text->records[text->count];
}

/* Two numbers and three texts, each with its length before it (RFC 3403 section 4.1). */
static int naptr_header_bytes(const uint8_t *at, const uint8_t *end)
{
	const uint8_t *next = at + 4;

	for (int i = 0; i < 3; i++) {
		if (next >= end)
			return -1;
		next += 1 + *next;
	}
	return (int)(next - at);
}

/*
 * Data can be given as bytes (RFC 3597), of known types as well, and libzscanner takes them as they
 * are; libknot trusts that names in them are whole, and ends the process where one is not.
 */
static bool is_well_formed(const zs_scanner_t *scanner)
{
	const knot_rdata_descriptor_t *form = knot_get_rdata_descriptor(scanner->r_type);
	const uint8_t *at = scanner->r_data, *end = at + scanner->r_data_length;

	for (size_t i = 0; form->block_types[i] != KNOT_RDATA_WF_END; i++) {
		int bytes = form->block_types[i];
		switch (bytes) {
		case KNOT_RDATA_WF_COMPRESSIBLE_DNAME:
		case KNOT_RDATA_WF_DECOMPRESSIBLE_DNAME:
		case KNOT_RDATA_WF_FIXED_DNAME:
			bytes = at < end ? knot_dname_wire_check(at, end, NULL) : 0;
			if (bytes <= 0)
				return false;
			break;
		case KNOT_RDATA_WF_NAPTR_HEADER:
			bytes = naptr_header_bytes(at, end);
			break;
		case KNOT_RDATA_WF_REMAINDER:
			return true;
		default:
			break;
		}
		if (bytes < 0 || bytes > end - at)
			return false;
		at += bytes;
	}
	return at == end;
}

/* Names inside the data in lower case too, where DNSSEC's canonical form wants it. */
static int take_rdata(const zs_scanner_t *scanner, struct zone_text_record *record)
{
	knot_rrset_t rrset;
	int code;

	knot_rrset_init(&rrset, record->owner, record->type, CLASS_IN, record->ttl);
	code = knot_rrset_add_rdata(&rrset, scanner->r_data, (uint16_t)scanner->r_data_length,
				    NULL);
	if (code == 0)
		code = knot_rrset_rr_to_canonical(&rrset);
	if (code == 0) {
		record->rdata_bytes = rrset.rrs.rdata->len;
		record->rdata = malloc(record->rdata_bytes > 0 ? record->rdata_bytes : 1);
		if (record->rdata != NULL)
			memcpy(record->rdata, rrset.rrs.rdata->data, record->rdata_bytes);
	}
	knot_rdataset_clear(&rrset.rrs, NULL);
	return code == 0 && record->rdata != NULL ? 0 : -ENOMEM;
}

static int add(const zs_scanner_t *scanner, struct zone_text *text)
{
	struct zone_text_record *record;

	if (!is_well_formed(scanner))
		return -EBADMSG;
	if ((record = new_record(text)) == NULL)
		return -ENOMEM;
	record->owner = malloc(scanner->r_owner_length);
	text->count++;
	if (record->owner == NULL)
		return -ENOMEM;
	memcpy(record->owner, scanner->r_owner, scanner->r_owner_length);
	knot_dname_to_lower(record->owner);
	record->type = scanner->r_type;
	record->ttl = scanner->r_ttl;
	record->line = scanner->line_counter;
	if (scanner->buffer_length > 0) {
		const char *from = (const char *)scanner->buffer;
		size_t bytes = scanner->buffer_length;
		while (bytes > 0 && (*from == ' ' || *from == '\t')) {
			from++;
			bytes--;
		}
		record->comment = strndup(from, bytes < COMMENT_MAX ? bytes : COMMENT_MAX);
		if (record->comment == NULL)
			return -ENOMEM;
	}
	return take_rdata(scanner, record);
}

/* A line is counted when its end has been read, and an error leaves it before that. */
static int fail_at(struct zone_text *text, uint64_t line, struct err *err, const char *reason)
{
	text->fail_line = line;
	return err_set(err, ERR_INVALID_INPUT, "line %llu: %s", (unsigned long long)line, reason);
}

static int scan(zs_scanner_t *scanner, size_t max_records, struct zone_text *text, struct err *err)
{
	int code;

	while (zs_parse_record(scanner) == 0) {
		switch (scanner->state) {
		case ZS_STATE_DATA:
			if (text->count == max_records)
				return err_set(err, ERR_LIMIT, "there are more than %zu records",
					       max_records);
			if (scanner->r_class != CLASS_IN)
				return fail_at(text, scanner->line_counter, err,
					       "only the class IN is served");
			code = add(scanner, text);
			if (code == -EBADMSG)
				return fail_at(text, scanner->line_counter, err, WRONG_FORM);
			if (code < 0)
				return err_set(err, code, "no memory");
			scanner->buffer_length = 0;
			break;
		case ZS_STATE_INCLUDE:
			return fail_at(text, scanner->line_counter, err,
				       "$INCLUDE is not taken: there are no other files here");
		case ZS_STATE_ERROR:
			return fail_at(text, scanner->line_counter, err,
				       zs_strerror(scanner->error.code));
		case ZS_STATE_EOF:
		case ZS_STATE_STOP:
			return 0;
		case ZS_STATE_NONE:
		default:
			break;
		}
	}
	return fail_at(text, scanner->line_counter, err, zs_strerror(scanner->error.code));
}

static int read_lines(const char *zone, uint32_t ttl, const char *text, size_t bytes,
		      size_t max_records, struct zone_text *ret, struct err *err)
{
	zs_scanner_t *scanner CLEANUP(scanner_free) = NULL;
	struct zone_text read = {0};
	char origin[NAME_DNS_BYTES + 2];
	zs_scanner_t *made = calloc(1, sizeof *made);
	int code;

	if (made == NULL)
		return err_set(err, -ENOMEM, "no memory");
	(void)snprintf(origin, sizeof origin, "%s.", zone);
	if (zs_init(made, origin, CLASS_IN, ttl) < 0) {
		code = err_set(err, ERR_INVALID_INPUT, "%.200s is no name of a zone", zone);
		zs_deinit(made);
		free(made);
		return code;
	}
	scanner = made;
	if (memchr(text, '\0', bytes) != NULL)
		return err_set(err, ERR_INVALID_INPUT, "a zone file is text");
	if (zs_set_input_string(scanner, text, bytes) < 0)
		return err_set(err, -ENOMEM, "no memory");
	code = scan(scanner, max_records, &read, err);
	if (code < 0) {
		const uint64_t line = read.fail_line;
		zone_text_done(&read);
		ret->fail_line = line;
		return code;
	}
	*ret = read;
	return 0;
}

/* What is behind its fixed parts has a form as well: as it is written, it is read again. */
static int check_again(const char *zone, struct zone_text *text, struct err *err)
{
	struct zone_text again CLEANUP(zone_text_done) = {0};
	struct buf lines CLEANUP(buf_done) = {0};
	struct err ignored = {0};
	char type[16];
	int code = 0;

	for (size_t i = 0; code == 0 && i < text->count; i++) {
		if (knot_rrtype_to_string(text->records[i].type, type, sizeof type) < 0 ||
		    buf_printf(&lines, "@ 60 IN %s ", type) < 0)
			return err_set(err, -ENOMEM, "no memory");
		code = zone_text_value(&text->records[i], &lines);
		if (code == -EINVAL)
			return fail_at(text, text->records[i].line, err, WRONG_FORM);
		if (code < 0 || buf_putc(&lines, '\n') < 0)
			return err_set(err, -ENOMEM, "no memory");
	}
	code = read_lines(zone, 60, buf_str(&lines), lines.len, text->count, &again, &ignored);
	if (code == -ENOMEM)
		return err_set(err, code, "no memory");
	if (code < 0)
		return again.fail_line > 0 && again.fail_line <= text->count
			       ? fail_at(text, text->records[again.fail_line - 1].line, err,
					 WRONG_FORM)
			       : fail_at(text, 1, err, WRONG_FORM);
	for (size_t i = 0; i < text->count; i++) {
		const struct zone_text_record *a = &text->records[i];
		const struct zone_text_record *b = i < again.count ? &again.records[i] : NULL;
		if (b == NULL || a->type != b->type || a->rdata_bytes != b->rdata_bytes ||
		    memcmp(a->rdata, b->rdata, a->rdata_bytes) != 0)
			return fail_at(text, a->line, err, WRONG_FORM);
	}
	return 0;
}

int zone_text_read(const char *zone, uint32_t ttl, const char *text, size_t bytes,
		   size_t max_records, struct zone_text *ret, struct err *err)
{
	struct zone_text read = {0};
	int code = read_lines(zone, ttl, text, bytes, max_records, &read, err);

	/* Of data that is given as bytes, libzscanner looks at nothing. */
	if (code == 0 && bytes > 0 && memmem(text, bytes, "\\#", 2) != NULL)
		code = check_again(zone, &read, err);
	if (code < 0) {
		const uint64_t line = read.fail_line;
		zone_text_done(&read);
		ret->fail_line = line;
		return code;
	}
	*ret = read;
	return 0;
}

int zone_text_compare(const struct zone_text_record *a, const struct zone_text_record *b)
{
	int order = knot_dname_cmp(a->owner, b->owner);

	if (order != 0)
		return order;
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	const size_t common = a->rdata_bytes < b->rdata_bytes ? a->rdata_bytes : b->rdata_bytes;
	order = memcmp(a->rdata, b->rdata, common);
	if (order != 0 || a->rdata_bytes == b->rdata_bytes)
		return order;
	return a->rdata_bytes < b->rdata_bytes ? -1 : 1;
}

static int compare(const void *a, const void *b)
{
	return zone_text_compare(a, b);
}

void zone_text_sort(struct zone_text *text)
{
	if (text->count > 1)
		qsort(text->records, text->count, sizeof *text->records, compare);
}

int zone_text_value(const struct zone_text_record *record, struct buf *out)
{
	const knot_dump_style_t style = {.human_timestamp = true};
	knot_rrset_t rrset;
	int code;

	knot_rrset_init(&rrset, record->owner, record->type, CLASS_IN, record->ttl);
	code = knot_rrset_add_rdata(&rrset, record->rdata, record->rdata_bytes, NULL);
	for (size_t size = VALUE_MIN_BYTES; code == 0 && size <= VALUE_MAX_BYTES; size *= 4) {
		if (buf_reserve(out, size) < 0) {
			code = -ENOMEM;
			break;
		}
		const int len = knot_rrset_txt_dump_data(&rrset, 0, (char *)out->data + out->len,
							 size - 1, &style);
		if (len < 0)
			continue;
		out->len += (size_t)len;
		out->data[out->len] = '\0';
		knot_rdataset_clear(&rrset.rrs, NULL);
		return 0;
	}
	knot_rdataset_clear(&rrset.rrs, NULL);
	return code != 0 ? -ENOMEM : -EINVAL;
}

static int relative(const knot_dname_t *owner, const char *zone, char out[ZONE_TEXT_NAME_BYTES])
{
	knot_dname_storage_t apex;
	char text[KNOT_DNAME_TXT_MAXLEN + 1];

	if (knot_dname_from_str(apex, zone, sizeof apex) == NULL)
		return -EINVAL;
	knot_dname_to_lower(apex);
	const int below = knot_dname_in_bailiwick(owner, apex);
	if (below < 0)
		return -EINVAL;
	if (below == 0) {
		(void)snprintf(out, ZONE_TEXT_NAME_BYTES, "@");
		return 0;
	}
	if (knot_dname_to_str(text, owner, sizeof text) == NULL)
		return -EINVAL;
	/* The text of the zone is at its end, with a period at either side. */
	const size_t len = strlen(text), tail = strlen(zone) + 2;
	if (len <= tail)
		return -EINVAL;
	(void)snprintf(out, ZONE_TEXT_NAME_BYTES, "%.*s", (int)(len - tail), text);
	return 0;
}

int zone_text_name(const struct zone_text_record *record, const char *zone,
		   char out[ZONE_TEXT_NAME_BYTES])
{
	return relative(record->owner, zone, out);
}

/* Label by label: an underscore or an asterisk beside them is no matter of libidn2's. */
static int to_ascii(const char *typed, char *out, size_t size, struct err *err)
{
	size_t used = 0;

	for (const char *at = typed;; at++) {
		char label[256];
		char *ascii = NULL;
		const size_t len = strcspn(at, ".");
		if (len >= sizeof label)
			return err_set(err, ERR_INVALID_INPUT,
				       "a part of the name has more than 63 characters");
		memcpy(label, at, len);
		label[len] = '\0';
		const int idn =
			idn2_to_ascii_8z(label, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
		const bool other = strspn(label, "*_") != len && idn == IDN2_OK;
		bool plain = true;
		for (const char *c = label; *c != '\0'; c++)
			plain = plain && (unsigned char)*c < 0x80;
		if (!plain && !other) {
			if (ascii != NULL)
				idn2_free(ascii);
			return err_set(err, ERR_INVALID_INPUT, "%.100s is no name: %s", typed,
				       idn2_strerror(idn));
		}
		const int wrote = snprintf(out + used, size - used, "%s%s", plain ? label : ascii,
					   at[len] == '.' ? "." : "");
		if (ascii != NULL)
			idn2_free(ascii);
		if (wrote < 0 || (size_t)wrote >= size - used)
			return err_set(err, ERR_INVALID_INPUT, "the name is too long");
		used += (size_t)wrote;
		at += len;
		if (*at == '\0')
			return 0;
	}
}

int zone_text_type(const char *text, uint16_t *ret)
{
	return knot_rrtype_from_string(text, ret) < 0 ? -EINVAL : 0;
}

int zone_text_take_name(const char *typed, const char *zone, char out[ZONE_TEXT_NAME_BYTES],
			struct err *err)
{
	char ascii[ZONE_TEXT_NAME_BYTES], full[ZONE_TEXT_NAME_BYTES + NAME_DNS_BYTES + 2];
	knot_dname_storage_t owner;
	const size_t len = strlen(typed);
	int code;

	if (len == 0 || strcmp(typed, "@") == 0) {
		(void)snprintf(out, ZONE_TEXT_NAME_BYTES, "@");
		return 0;
	}
	for (const char *c = typed; *c != '\0'; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return err_set(err, ERR_INVALID_INPUT,
				       "a name has no spaces and no control characters");
	if (typed[len - 1] == '.')
		return err_set(err, ERR_INVALID_INPUT,
			       "the name is the part before the zone's own, without a period at "
			       "its end; @ for the zone itself");
	if ((code = to_ascii(typed, ascii, sizeof ascii, err)) < 0)
		return code;
	(void)snprintf(full, sizeof full, "%s.%s.", ascii, zone);
	if (strstr(ascii, "..") != NULL || ascii[0] == '.' ||
	    knot_dname_from_str(owner, full, sizeof owner) == NULL)
		return err_set(err, ERR_INVALID_INPUT,
			       "%.100s is no name: parts of 1 to 63 characters, 253 in all with "
			       "the zone's own",
			       typed);
	knot_dname_to_lower(owner);
	return relative(owner, zone, out) == 0
		       ? 0
		       : err_set(err, ERR_INVALID_INPUT, "%.100s is no name", typed);
}

#include "model/rrset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"

/* On the wire a record has its name, type, class, TTL and length besides its data. */
#define RECORD_OVERHEAD_BYTES 12

static const struct {
	enum rrset_type type;
	const char *name;
} types[] = {
	{RRSET_A, "A"},     {RRSET_AAAA, "AAAA"},   {RRSET_CAA, "CAA"},     {RRSET_CNAME, "CNAME"},
	{RRSET_DS, "DS"},   {RRSET_HINFO, "HINFO"}, {RRSET_HTTPS, "HTTPS"}, {RRSET_MX, "MX"},
	{RRSET_NS, "NS"},   {RRSET_PTR, "PTR"},     {RRSET_RP, "RP"},       {RRSET_SOA, "SOA"},
	{RRSET_SRV, "SRV"}, {RRSET_SSHFP, "SSHFP"}, {RRSET_SVCB, "SVCB"},   {RRSET_TLSA, "TLSA"},
	{RRSET_TXT, "TXT"},
};

void rrset_done(struct rrset *rrset)
{
	for (size_t i = 0; i < rrset->count; i++) {
		free(rrset->records[i].value);
		free(rrset->records[i].comment);
	}
	free(rrset->records);
	label_done(&rrset->labels);
	rrset->records = NULL;
	rrset->count = 0;
}

const char *rrset_type_name(enum rrset_type type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return "";
}

int rrset_compare(const void *a, const void *b, void *order)
{
	const struct rrset *one = a, *other = b;
	const struct rrset_order *by = order;
	int found = strcmp(one->name, other->name);

	if (found != 0)
		return by->name_descending ? -found : found;
	found = strcmp(rrset_type_name(one->type), rrset_type_name(other->type));
	return by->type_descending ? -found : found;
}

unsigned rrset_bit(enum rrset_type type)
{
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].type == type)
			return i;
	return 31;
}

bool rrset_is_apex_ns(const struct rrset *rrset)
{
	return rrset->type == RRSET_NS && strcmp(rrset->name, "@") == 0;
}

int rrset_type_parse(const char *text, enum rrset_type *ret, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcasecmp(types[i].name, text) == 0) {
			*ret = types[i].type;
			return 0;
		}
	return err_set(err, ERR_INVALID_INPUT,
		       "the type must be A, AAAA, CAA, CNAME, DS, HINFO, HTTPS, MX, NS, PTR, RP, "
		       "SRV, SSHFP, SVCB, TLSA or TXT");
}

int rrset_add(struct rrset *rrset, const char *value, const char *comment, struct err *err)
{
	struct rrset_record *grown, *record;

	if (rrset->count >= RRSET_MAX_RECORDS)
		return err_set(err, ERR_LIMIT, "a record set has at most %d records",
			       RRSET_MAX_RECORDS);
	grown = reallocarray(rrset->records, rrset->count + 1, sizeof *grown);
	if (grown == NULL)
		return err_set(err, -ENOMEM, "no memory");
	rrset->records = grown;
	record = &rrset->records[rrset->count];
	record->value = strdup(value);
	record->comment = strdup(comment != NULL ? comment : "");
	rrset->count++;
	return record->value != NULL && record->comment != NULL
		       ? 0
		       : err_set(err, -ENOMEM, "no memory");
}

/* What libzscanner says is for who writes zone files; some have better words. */
static int explain(enum rrset_type type, const char *value, struct err *err)
{
	static const struct {
		enum rrset_type type;
		const char *form;
	} forms[] = {
		{RRSET_A, "an IPv4 address: 192.0.2.1"},
		{RRSET_AAAA, "an IPv6 address: 2001:db8::1"},
		{RRSET_CNAME, "a name: www, or www.example.com. with a period at its end"},
		{RRSET_NS, "a name: ns1.example.com."},
		{RRSET_PTR, "a name: host.example.com."},
		{RRSET_MX, "a number and a name: 10 mail.example.com."},
		{RRSET_TXT, "text in quotes: \"v=spf1 -all\"; at most 255 characters in each pair"},
		{RRSET_SRV, "priority, weight, port and a name: 10 5 5060 sip.example.com."},
		{RRSET_CAA, "flags, a word and a value: 0 issue \"ca.example\""},
		{RRSET_TLSA, "three numbers and hex digits: 3 1 1 0a1b…"},
		{RRSET_SSHFP, "two numbers and hex digits: 4 2 0a1b…"},
		{RRSET_DS, "three numbers and hex digits: 12345 13 2 0a1b…"},
		{RRSET_HTTPS, "priority, a name and parameters: 1 . alpn=h2"},
		{RRSET_SVCB, "priority, a name and parameters: 1 svc.example.com. port=853"},
	};
	const char *why = strncmp(err->text, "line ", 5) == 0 ? strchr(err->text, ':') : NULL;
	char reason[256];

	(void)snprintf(reason, sizeof reason, "%s", why != NULL ? why + 2 : err->text);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (forms[i].type == type)
			return err_set(err, ERR_INVALID_INPUT, "%.60s: %s record is %s (%s)", value,
				       rrset_type_name(type), forms[i].form, reason);
	return err_set(err, ERR_INVALID_INPUT, "%.60s: %s", value, reason);
}

/* One value alone: whatever else somebody has put behind it is refused. */
static int parse_value(const char *zone, enum rrset_type type, const char *value,
		       struct zone_text *ret, struct err *err)
{
	struct buf line CLEANUP(buf_done) = {0};
	struct zone_text text CLEANUP(zone_text_done) = {0};
	struct err why = {0};
	const size_t bytes = strlen(value);
	int code;

	if (bytes == 0)
		return err_set(err, ERR_INVALID_INPUT, "a record's value is missing");
	if (bytes > RRSET_VALUE_MAX)
		return err_set(err, ERR_INVALID_INPUT, "a value has at most %zu characters",
			       RRSET_VALUE_MAX);
	for (const char *c = value; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return err_set(err, ERR_INVALID_INPUT,
				       "a value is one line without control characters (in text "
				       "they are written \\009)");
	if (buf_printf(&line, "@ 60 IN %s %s\n", rrset_type_name(type), value) < 0)
		return err_set(err, -ENOMEM, "no memory");
	code = zone_text_read(zone, ZONE_TTL_MIN, buf_str(&line), line.len, 1, &text, &why);
	if (code == -ENOMEM)
		return err_set(err, code, "no memory");
	if (code < 0 || text.count != 1) {
		if (err != NULL) {
			*err = why;
			(void)explain(type, value, err);
		}
		return ERR_INVALID_INPUT;
	}
	if (text.records[0].comment != NULL)
		return err_set(err, ERR_INVALID_INPUT,
			       "what follows a semicolon is not part of a record: put text in "
			       "quotes, and comments into the comment");
	if (text.records[0].type != (uint16_t)type)
		return err_set(err, ERR_INVALID_INPUT, "%.60s: no %s record", value,
			       rrset_type_name(type));
	*ret = text;
	text = (struct zone_text){0};
	return 0;
}

int rrset_find(const char *zone, const struct rrset *rrset, const char *value)
{
	struct zone_text sought CLEANUP(zone_text_done) = {0};

	for (size_t i = 0; i < rrset->count; i++)
		if (strcmp(rrset->records[i].value, value) == 0)
			return (int)i;
	if (parse_value(zone, rrset->type, value, &sought, NULL) < 0)
		return -1;
	for (size_t i = 0; i < rrset->count; i++) {
		struct zone_text own CLEANUP(zone_text_done) = {0};
		if (parse_value(zone, rrset->type, rrset->records[i].value, &own, NULL) == 0 &&
		    zone_text_compare(&own.records[0], &sought.records[0]) == 0)
			return (int)i;
	}
	return -1;
}

int rrset_remove(const char *zone, struct rrset *rrset, const char *value, struct err *err)
{
	const int at = rrset_find(zone, rrset, value);

	if (at < 0)
		return err_set(err, ERR_NOT_FOUND, "there is no record %.100s", value);
	free(rrset->records[at].value);
	free(rrset->records[at].comment);
	rrset->count--;
	memmove(&rrset->records[at], &rrset->records[at + 1],
		(rrset->count - (size_t)at) * sizeof *rrset->records);
	return 0;
}

static int check_values(const char *zone, const struct rrset *rrset, struct err *err)
{
	struct zone_text all CLEANUP(zone_text_done) = {0};
	size_t wire = 0;
	int code;

	all.records = calloc(rrset->count, sizeof *all.records);
	if (all.records == NULL)
		return err_set(err, -ENOMEM, "no memory");
	for (size_t i = 0; i < rrset->count; i++) {
		struct zone_text one = {0};
		if ((code = parse_value(zone, rrset->type, rrset->records[i].value, &one, err)) < 0)
			return code;
		all.records[all.count++] = one.records[0];
		free(one.records);
		wire += all.records[i].rdata_bytes + RECORD_OVERHEAD_BYTES;
	}
	if (wire > RRSET_MAX_BYTES)
		return err_set(err, ERR_INVALID_INPUT,
			       "the records of one name and type take at most %d bytes together",
			       RRSET_MAX_BYTES);
	zone_text_sort(&all);
	for (size_t i = 1; i < all.count; i++)
		if (zone_text_compare(&all.records[i - 1], &all.records[i]) == 0)
			return err_set(err, ERR_INVALID_INPUT,
				       "the same record is there twice in %s %s", rrset->name,
				       rrset_type_name(rrset->type));
	return 0;
}

static int check_comment(const char *comment, struct err *err)
{
	return strlen(comment) <= RRSET_COMMENT_MAX
		       ? name_check_text("comment", comment, RRSET_COMMENT_MAX, err)
		       : err_set(err, ERR_INVALID_INPUT, "a comment has at most %d characters",
				 RRSET_COMMENT_MAX);
}

int rrset_check(const char *zone, const struct rrset *rrset, const char **ret_field,
		struct err *err)
{
	const bool apex = strcmp(rrset->name, "@") == 0;
	int code;

	*ret_field = "type";
	if (rrset->type == RRSET_SOA)
		return err_set(err, ERR_INVALID_INPUT,
			       "the SOA record is made by the name server; the zone's TTL is what "
			       "can be set");
	if (rrset->type == RRSET_CNAME && apex)
		return err_set(err, ERR_INVALID_INPUT,
			       "CNAME cannot stand at the zone itself, beside its name servers; "
			       "use A and AAAA, or HTTPS");
	if (rrset->type == RRSET_DS && apex)
		return err_set(err, ERR_INVALID_INPUT,
			       "DS belongs into the zone above this one: give it to your "
			       "registrar");
	*ret_field = "ttl";
	if (rrset->ttl != RRSET_WITHOUT_TTL && (code = zone_check_ttl(rrset->ttl, err)) < 0)
		return code;
	*ret_field = "records";
	if (rrset->count == 0)
		return err_set(err, ERR_INVALID_INPUT, "a record set has at least one record");
	if (rrset->type == RRSET_CNAME && rrset->count > 1)
		return err_set(err, ERR_INVALID_INPUT,
			       "a name has one CNAME: it is another name for one place");
	for (size_t i = 0; i < rrset->count; i++)
		if ((code = check_comment(rrset->records[i].comment, err)) < 0)
			return code;
	return check_values(zone, rrset, err);
}

int rrset_check_beside(const char *name, enum rrset_type type, uint32_t others, struct err *err)
{
	const uint32_t cname = UINT32_C(1) << rrset_bit(RRSET_CNAME);

	others &= ~(UINT32_C(1) << rrset_bit(type));
	if (type == RRSET_CNAME && others != 0)
		return err_set(
			err, ERR_INVALID_INPUT,
			"CNAME cannot stand beside other records, and there are some at %.100s",
			name);
	if (others & cname)
		return err_set(err, ERR_INVALID_INPUT,
			       "CNAME cannot stand beside other records, and %.100s is one", name);
	return 0;
}

int rrset_format(const struct rrset *rrset, struct buf *out)
{
	for (size_t i = 0; i < rrset->count; i++)
		(void)buf_printf(out, "%s\t%s\n", rrset->records[i].value,
				 rrset->records[i].comment);
	return out->error;
}

int rrset_read(const char *text, struct rrset *ret)
{
	while (*text != '\0') {
		const char *tab = strchr(text, '\t'), *end = strchr(text, '\n');
		char *value, *comment;
		int code;

		if (tab == NULL || end == NULL || tab > end)
			return ERR_CORRUPT;
		value = strndup(text, (size_t)(tab - text));
		comment = strndup(tab + 1, (size_t)(end - tab - 1));
		code = value != NULL && comment != NULL ? rrset_add(ret, value, comment, NULL)
							: -ENOMEM;
		free(value);
		free(comment);
		if (code < 0)
			return code == ERR_LIMIT ? ERR_CORRUPT : code;
		text = end + 1;
	}
	return 0;
}

int rrset_write(const struct rrset *rrset, uint32_t zone_ttl, bool comments, struct buf *out)
{
	for (size_t i = 0; i < rrset->count; i++) {
		const struct rrset_record *record = &rrset->records[i];
		(void)buf_printf(out, "%s\t%u\tIN\t%s\t%s", rrset->name,
				 rrset->ttl != RRSET_WITHOUT_TTL ? rrset->ttl : zone_ttl,
				 rrset_type_name(rrset->type), record->value);
		if (comments && record->comment[0] != '\0')
			(void)buf_printf(out, " ; %s", record->comment);
		(void)buf_putc(out, '\n');
	}
	return out->error;
}

/*
 * Theory of operation. What differs is found on the wire form, by whole record sets: a set is taken
 * out and put in anew, and what did not change in it cancels out in Knot. Records go there many in
 * a block, and what begins with the first of them, or is looked at after the end, is not waited for
 * by itself: a zone of twenty waits for an answer three times and not twenty-five.
 */
#include <errno.h>
#include <inttypes.h>
#include <libknot/descriptor.h>
#include <libknot/dname.h>
#include <libknot/errcode.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "dns/knot_call.h"
#include "model/zone_text.h"

#define TYPE_SOA        6
#define TYPE_DS         43
#define TYPE_RRSIG      46
#define TYPE_NSEC       47
#define TYPE_DNSKEY     48
#define TYPE_NSEC3      50
#define TYPE_NSEC3PARAM 51
#define TYPE_CDS        59
#define TYPE_CDNSKEY    60
#define SOA_TAIL_BYTES  20
#define ZONE_READ_MAX   400000 /* records with all signatures */
#define REFRESH_S       3600
#define RETRY_S         900
#define EXPIRE_S        1209600
#define NEGATIVE_S      300
#define BLOCK_RECORDS   128 /* what it may say no to before anybody listens */

static int on_record(void *context, knot_ctl_data_t *data)
{
	const char *owner = (*data)[KNOT_CTL_IDX_OWNER], *ttl = (*data)[KNOT_CTL_IDX_TTL],
		   *type = (*data)[KNOT_CTL_IDX_TYPE], *value = (*data)[KNOT_CTL_IDX_DATA];

	if (owner == NULL || ttl == NULL || type == NULL || value == NULL)
		return 0;
	return buf_printf(context, "%s %s IN %s %s\n", owner, ttl, type, value);
}

#define READ_MAX_BYTES ((size_t)32 * 1024 * 1024)

static int on_read(void *context, knot_ctl_data_t *data)
{
	const struct buf *text = context;

	return text->len > READ_MAX_BYTES ? -EFBIG : on_record(context, data);
}

int knot_read(struct knot *knot, const char *zone, const char *owner, struct buf *out,
	      struct err *err)
{
	const int code = knot_call(
		knot, &(struct command){.name = "zone-read", .zone = zone, .owner = owner}, on_read,
		out, err);

	return code == ERR_SERVER ? 0 : code; /* it has nothing of it */
}

static int read_zone(struct knot *knot, const struct knot_wish *wish, const char *type,
		     struct zone_text *ret, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	struct command command = {.name = "zone-read", .zone = wish->zone};
	int code;

	if (type != NULL) {
		command.owner = "@";
		command.type = type;
	}
	code = knot_call(knot, &command, on_record, &text, err);
	if (code == ERR_SERVER) /* it has nothing of it yet */
		return 0;
	return code < 0 ? code
			: zone_text_read(wish->zone, wish->ttl, buf_str(&text), text.len,
					 ZONE_READ_MAX, ret, err);
}

static bool is_signing(uint16_t type)
{
	return type == TYPE_RRSIG || type == TYPE_NSEC || type == TYPE_DNSKEY ||
	       type == TYPE_NSEC3 || type == TYPE_NSEC3PARAM || type == TYPE_CDS ||
	       type == TYPE_CDNSKEY;
}

/* Where the set that begins at @at ends. */
static size_t set_end(const struct zone_text *text, size_t at)
{
	size_t end = at + 1;

	while (end < text->count && text->records[end].type == text->records[at].type &&
	       knot_dname_is_equal(text->records[end].owner, text->records[at].owner))
		end++;
	return end;
}

/* Order of two sets, by their first records without the data. */
static int compare_sets(const struct zone_text_record *a, const struct zone_text_record *b)
{
	const int order = knot_dname_cmp(a->owner, b->owner);

	return order != 0 ? order : (int)a->type - (int)b->type;
}

static bool is_equal_set(const struct zone_text *a, size_t a_at, size_t a_end,
			 const struct zone_text *b, size_t b_at, size_t b_end)
{
	if (a_end - a_at != b_end - b_at)
		return false;
	for (size_t i = 0; i < a_end - a_at; i++)
		if (a->records[a_at + i].ttl != b->records[b_at + i].ttl ||
		    zone_text_compare(&a->records[a_at + i], &b->records[b_at + i]) != 0)
			return false;
	return true;
}

struct difference {
	struct knot *knot;
	const struct knot_wish *wish;
	bool begun;
	bool is_owed;        /* what came of beginning was not read yet */
	const char *command; /* of the block that is open */
	size_t records;      /* in it */
};

/* What came of beginning. -EAGAIN: a change was left open there; it was given up now. */
static int end_begin(struct difference *difference, struct err *err)
{
	struct err ignored = {0};
	struct knot *knot = difference->knot;
	int code;

	if (!difference->is_owed)
		return 0;
	difference->is_owed = false;
	code = knot_call_answer(knot, "zone-begin", NULL, NULL, err);
	if (code != ERR_SERVER || !knot_says(knot, KNOT_TXN_EEXISTS))
		return code;
	/* The records have gone into that one. */
	if ((code = knot_call_answer(knot, difference->command, NULL, NULL, &ignored)) ==
		    ERR_UNAVAILABLE ||
	    (code = knot_call_zone(knot, "zone-abort", difference->wish->zone, &ignored)) < 0)
		return err_set(err, code, "%s", ignored.text);
	difference->begun = false;
	return -EAGAIN;
}

/* What came of the open block, if there is one. */
static int end_block(struct difference *difference, struct err *err)
{
	struct err ignored = {0};
	int code;

	if (difference->records == 0)
		return 0;
	difference->records = 0;
	if ((code = knot_call_close(difference->knot, err)) < 0)
		return code;
	code = end_begin(difference, err);
	if (code == -EAGAIN || code == ERR_UNAVAILABLE)
		return code;
	if (code < 0)
		return knot_call_answer(difference->knot, difference->command, NULL, NULL,
					&ignored) == ERR_UNAVAILABLE
			       ? err_set(err, ERR_UNAVAILABLE, "%s", ignored.text)
			       : code;
	return knot_call_answer(difference->knot, difference->command, NULL, NULL, err);
}

static int send_record(struct difference *difference, const char *name,
		       const struct zone_text_record *record, bool with_data, struct err *err)
{
	struct buf value CLEANUP(buf_done) = {0};
	char owner[ZONE_TEXT_NAME_BYTES], type[16], ttl[16];
	int code = 0;

	if (knot_dname_to_str(owner, record->owner, sizeof owner) == NULL ||
	    knot_rrtype_to_string(record->type, type, sizeof type) < 0 ||
	    (with_data && zone_text_value(record, &value) < 0))
		return err_set(err, -ENOMEM, "no memory for a record");
	(void)snprintf(ttl, sizeof ttl, "%u", record->ttl);
	/* One block, one command. */
	if (difference->records == BLOCK_RECORDS ||
	    (difference->records > 0 && strcmp(difference->command, name) != 0))
		code = end_block(difference, err);
	if (code < 0)
		return code;
	difference->command = name;
	difference->records++;
	return knot_call_add(difference->knot,
			     &(struct command){.name = name,
					       .zone = difference->wish->zone,
					       .owner = owner,
					       .ttl = with_data ? ttl : NULL,
					       .type = type,
					       .data = with_data ? buf_str(&value) : NULL},
			     err);
}

static int begin(struct difference *difference, struct err *err)
{
	int code;

	if (difference->begun)
		return 0;
	code = knot_call_ask(
		difference->knot,
		&(struct command){.name = "zone-begin", .zone = difference->wish->zone}, err);
	difference->begun = difference->is_owed = code == 0;
	return code;
}

static int take_out(struct difference *difference, const struct zone_text_record *record,
		    struct err *err)
{
	int code = begin(difference, err);

	return code < 0 ? code : send_record(difference, "zone-unset", record, false, err);
}

static int put_in(struct difference *difference, const struct zone_text *text, size_t at,
		  size_t end, struct err *err)
{
	int code = begin(difference, err);

	for (; code == 0 && at < end; at++)
		code = send_record(difference, "zone-set", &text->records[at], true, err);
	return code;
}

/* Both are in order. SOA and what signing has added are not looked at here. */
static int send_differences(struct difference *difference, const struct zone_text *now,
			    const struct zone_text *wanted, bool take, struct err *err)
{
	size_t a = 0, b = 0;
	int code = 0;

	while (code == 0 && (a < now->count || b < wanted->count)) {
		if (a < now->count &&
		    (now->records[a].type == TYPE_SOA ||
		     (difference->wish->dnssec && is_signing(now->records[a].type)))) {
			a = set_end(now, a);
			continue;
		}
		const int order = a == now->count ? 1
				  : b == wanted->count
					  ? -1
					  : compare_sets(&now->records[a], &wanted->records[b]);
		const size_t a_end = order <= 0 ? set_end(now, a) : a;
		const size_t b_end = order >= 0 ? set_end(wanted, b) : b;
		if (order != 0 || !is_equal_set(now, a, a_end, wanted, b, b_end)) {
			if (take && order <= 0)
				code = take_out(difference, &now->records[a], err);
			else if (!take && order >= 0)
				code = put_in(difference, wanted, b, b_end, err);
		}
		a = a_end;
		b = b_end;
	}
	return code;
}

static uint32_t serial_of(const struct zone_text_record *soa)
{
	const uint8_t *at = soa->rdata + soa->rdata_bytes - SOA_TAIL_BYTES;

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static const struct zone_text_record *find_soa(const struct zone_text *text)
{
	for (size_t i = 0; i < text->count; i++)
		if (text->records[i].type == TYPE_SOA &&
		    text->records[i].rdata_bytes > SOA_TAIL_BYTES)
			return &text->records[i];
	return NULL;
}

static int make_soa(const struct knot_wish *wish, uint32_t serial, struct zone_text *ret,
		    struct err *err)
{
	char text[3 * NAME_DNS_BYTES];

	(void)snprintf(text, sizeof text,
		       "@ %u IN SOA %s. hostmaster.%s. %" PRIu32 " %d %d %d %d\n", wish->ttl,
		       wish->primary, wish->zone, serial, REFRESH_S, RETRY_S, EXPIRE_S, NEGATIVE_S);
	return zone_text_read(wish->zone, wish->ttl, text, strlen(text), 1, ret, err);
}

/* One that is there keeps its place: Knot raises its serial with every change. */
static int send_soa(struct difference *difference, const struct zone_text_record *now,
		    struct err *err)
{
	struct zone_text soa CLEANUP(zone_text_done) = {0};
	const struct knot_wish *wish = difference->wish;
	uint32_t serial = now != NULL ? serial_of(now) : (uint32_t)(clock_now_ms() / 1000);
	int code;

	if (now == NULL && (int32_t)(serial - wish->serial_floor) <= 0)
		serial = wish->serial_floor + 1;
	if ((code = make_soa(wish, serial, &soa, err)) < 0)
		return code;
	if (now != NULL && now->ttl == wish->ttl && zone_text_compare(now, &soa.records[0]) == 0)
		return 0;
	if (now != NULL) {
		zone_text_done(&soa);
		if ((code = make_soa(wish, serial + 1, &soa, err)) < 0)
			return code;
	}
	return put_in(difference, &soa, 0, 1, err);
}

/* The data of a CDS record is what the DS above has to be (RFC 7344 section 3). */
static int take_ds(struct knot *knot, const struct knot_wish *wish, struct buf *out,
		   struct err *err)
{
	struct zone_text cds CLEANUP(zone_text_done) = {0};
	int code = read_zone(knot, wish, "CDS", &cds, err);

	for (size_t i = 0; code == 0 && i < cds.count; i++) {
		cds.records[i].type = TYPE_DS;
		if (zone_text_value(&cds.records[i], out) < 0 || buf_putc(out, '\n') < 0)
			return err_set(err, -ENOMEM, "no memory");
	}
	return code;
}

/* A zone that is signed has CDS; one that is to be is signed now, while we wait. */
static int sign(struct knot *knot, const struct knot_wish *wish, struct buf *ret_ds,
		struct err *err)
{
	int code = take_ds(knot, wish, ret_ds, err);

	if (code < 0 || ret_ds->len > 0)
		return code;
	code = knot_call(knot,
			 &(struct command){.name = "zone-sign", .zone = wish->zone, .flags = "B"},
			 NULL, NULL, err);
	return code < 0 ? code : take_ds(knot, wish, ret_ds, err);
}

static int change(struct difference *difference, struct err *err)
{
	struct zone_text now CLEANUP(zone_text_done) = {0};
	struct zone_text wanted CLEANUP(zone_text_done) = {0};
	const struct knot_wish *wish = difference->wish;
	int code;

	if ((code = zone_text_read(wish->zone, wish->ttl, wish->text, wish->text_bytes,
				   ZONE_READ_MAX, &wanted, err)) < 0 ||
	    (code = read_zone(difference->knot, wish, NULL, &now, err)) < 0)
		return code;
	zone_text_sort(&now);
	zone_text_sort(&wanted);
	/* Out before in: a CNAME makes room for what takes its place, and the other way round. */
	if ((code = send_soa(difference, find_soa(&now), err)) < 0 ||
	    (code = send_differences(difference, &now, &wanted, true, err)) < 0 ||
	    (code = send_differences(difference, &now, &wanted, false, err)) < 0)
		return code;
	return end_block(difference, err);
}

/* The end of the change, and what the zone begins with then. */
static int commit(struct difference *difference, struct zone_text *ret_soa, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	struct err why = {0};
	struct knot *knot = difference->knot;
	const struct knot_wish *wish = difference->wish;
	int code, read;

	if (!difference->begun)
		return read_zone(knot, wish, "SOA", ret_soa, err);
	if ((code = knot_call_ask(knot,
				  &(struct command){.name = "zone-commit", .zone = wish->zone},
				  err)) < 0 ||
	    (code = knot_call_ask(
		     knot,
		     &(struct command){
			     .name = "zone-read", .zone = wish->zone, .owner = "@", .type = "SOA"},
		     err)) < 0)
		return code;
	code = knot_call_answer(knot, "zone-commit", NULL, NULL, err);
	if (code == ERR_UNAVAILABLE)
		return code;
	read = knot_call_answer(knot, "zone-read", on_record, &text, &why);
	if (read == ERR_UNAVAILABLE)
		return err_set(err, read, "%s", why.text);
	if (code < 0)
		return code;
	difference->begun = false;
	return read < 0 ? 0
			: zone_text_read(wish->zone, wish->ttl, buf_str(&text), text.len, 1,
					 ret_soa, err);
}

/* Once. What was left open by somebody who ended within it is gone after that. */
static int apply(struct knot *knot, const struct knot_wish *wish, struct zone_text *ret_soa,
		 struct err *err)
{
	struct difference difference = {.knot = knot, .wish = wish};
	struct err ignored = {0};
	int code = change(&difference, err);

	if (code == 0)
		code = commit(&difference, ret_soa, err);
	if (code == 0 || code == ERR_UNAVAILABLE || code == -EAGAIN)
		return code;
	/* A block that is open has an answer of its own, and so has a beginning without one. */
	if ((difference.records > 0 ? end_block(&difference, &ignored)
	     : difference.is_owed   ? knot_call_answer(knot, "zone-begin", NULL, NULL, &ignored)
				    : 0) == ERR_UNAVAILABLE)
		return err_set(err, ERR_UNAVAILABLE, "%s", ignored.text);
	if (difference.begun)
		(void)knot_call_zone(knot, "zone-abort", wish->zone, &ignored);
	return code;
}

int knot_apply(struct knot *knot, const struct knot_wish *wish, uint32_t *ret_serial,
	       struct buf *ret_ds, bool *ret_signed, struct err *err)
{
	struct zone_text soa CLEANUP(zone_text_done) = {0};
	int code = apply(knot, wish, &soa, err);

	if (code == -EAGAIN)
		code = apply(knot, wish, &soa, err);
	if (code < 0)
		return code;
	if (wish->dnssec) {
		zone_text_done(&soa);
		if ((code = sign(knot, wish, ret_ds, err)) < 0 ||
		    (code = read_zone(knot, wish, "SOA", &soa, err)) < 0)
			return code;
	}
	const struct zone_text_record *found = find_soa(&soa);
	if (found == NULL)
		return err_set(err, ERR_SERVER, "the name server has nothing of %.150s after all",
			       wish->zone);
	*ret_serial = serial_of(found);
	*ret_signed = !wish->dnssec || ret_ds->len > 0;
	return 0;
}

int knot_read_ds(struct knot *knot, const struct knot_wish *wish, uint32_t *ret_serial,
		 struct buf *ret_ds, struct err *err)
{
	struct zone_text soa CLEANUP(zone_text_done) = {0};
	int code = read_zone(knot, wish, "SOA", &soa, err);

	if (code < 0 || (code = take_ds(knot, wish, ret_ds, err)) < 0)
		return code;
	const struct zone_text_record *found = find_soa(&soa);
	if (found != NULL)
		*ret_serial = serial_of(found);
	return 0;
}

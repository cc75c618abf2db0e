#include "probe/ask.h"

#include <errno.h>
#include <libknot/consts.h>
#include <libknot/descriptor.h>
#include <libknot/packet/pkt.h>
#include <libknot/packet/wire.h>
#include <libknot/rrtype/tsig.h>
#include <libknot/tsig-op.h>
#include <libknot/tsig.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/secret.h"
#include "model/zone_text.h"
#include "probe/reach.h"

#define QUERY_BYTES  1024 /* two names and a signature */
#define LENGTH_BYTES 2    /* before each message over TCP */

static void pkt_done(knot_pkt_t **pkt)
{
	knot_pkt_free(*pkt);
}

static void fail(struct probe_names *ret, const char *why)
{
	ret->status = PROBE_NAME_FAILED;
	(void)snprintf(ret->why, sizeof ret->why, "%s", why);
}

static int add(const knot_rrset_t *rrset, struct buf *out)
{
	knot_rdata_t *rdata = rrset->rrs.rdata;

	for (uint16_t i = 0; i < rrset->rrs.count; i++, rdata = knot_rdataset_next(rdata)) {
		const struct zone_text_record record = {.owner = rrset->owner,
							.rdata = rdata->data,
							.rdata_bytes = rdata->len,
							.type = rrset->type};
		if (zone_text_value(&record, out) < 0 || buf_putc(out, '\n') < 0)
			return -ENOMEM;
	}
	return 0;
}

/* @name: NULL for any: what a resolver gives beside aliases belongs to their ends. */
static void read_answer(const knot_pkt_t *pkt, uint16_t type, const knot_dname_t *name,
			struct probe_names *ret)
{
	const knot_pktsection_t *section = knot_pkt_section(pkt, KNOT_ANSWER);
	struct buf text CLEANUP(buf_done) = {0};

	for (uint16_t i = 0; i < section->count; i++) {
		const knot_rrset_t *rrset = knot_pkt_rr(section, i);
		if (rrset->type != type ||
		    (name != NULL && !knot_dname_is_case_equal(rrset->owner, name)))
			continue;
		if (add(rrset, &text) < 0 || text.len >= sizeof ret->records) {
			fail(ret, "the answer is longer than what is looked at");
			return;
		}
	}
	ret->status = text.len > 0 ? PROBE_NAME_FOUND : PROBE_NAME_NONE;
	(void)snprintf(ret->records, sizeof ret->records, "%s", text.len > 0 ? buf_str(&text) : "");
}

void ask_read(const struct probe_question *question, uint8_t *wire, size_t bytes,
	      struct probe_names *ret)
{
	knot_pkt_t *pkt CLEANUP(pkt_done) = knot_pkt_new(wire, (uint16_t)bytes, NULL);
	knot_dname_storage_t name;
	uint16_t code;

	if (pkt == NULL || knot_dname_from_str(name, question->name, sizeof name) == NULL) {
		fail(ret, "no memory");
		return;
	}
	knot_dname_to_lower(name);
	if (knot_pkt_parse(pkt, 0) != 0 || !knot_wire_get_qr(pkt->wire) ||
	    knot_pkt_qtype(pkt) != question->type || knot_pkt_qname(pkt) == NULL ||
	    !knot_dname_is_case_equal(knot_pkt_qname(pkt), name)) {
		fail(ret, "the resolver's answer makes no sense");
		return;
	}
	code = knot_pkt_ext_rcode(pkt);
	if (code == KNOT_RCODE_NOERROR)
		read_answer(pkt,
			    question->type == PROBE_TRANSFER ? KNOT_RRTYPE_SOA : question->type,
			    question->exact ? name : NULL, ret);
	else if (code == KNOT_RCODE_NXDOMAIN)
		ret->status = PROBE_NAME_NONE;
	else if (pkt->tsig_rr != NULL && knot_tsig_rdata_error(pkt->tsig_rr) != 0)
		fail(ret, PROBE_WHY_KEY);
	else
		fail(ret, code == KNOT_RCODE_SERVFAIL ? "the resolver could not find it out"
						      : PROBE_WHY_REFUSED);
}

/* --- over the network --- */

static bool wait_for(int fd, short events, int64_t end_ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};
	const int64_t left = end_ms - clock_mono_ms();

	return left > 0 && poll(&poll_fd, 1, (int)left) == 1;
}

static int move_all(int fd, uint8_t *data, size_t bytes, bool out, int64_t end_ms)
{
	while (bytes > 0) {
		if (!wait_for(fd, out ? POLLOUT : POLLIN, end_ms))
			return -ETIMEDOUT;
		const ssize_t moved =
			out ? send(fd, data, bytes, MSG_NOSIGNAL) : recv(fd, data, bytes, 0);
		if (moved < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (moved <= 0)
			return -ECONNRESET;
		data += moved;
		bytes -= (size_t)moved;
	}
	return 0;
}

/* Signed over TCP, for one answer, whose own signature is of no interest: what is transferred is
 * judged by who transfers it. */
static int sign(const struct probe_question *question, uint8_t *wire, size_t *bytes, size_t size)
{
	uint8_t digest[64];
	size_t digest_bytes = sizeof digest;
	knot_tsig_key_t key = {0};
	int code =
		knot_tsig_key_init(&key, question->algorithm, question->key_name, question->secret);

	if (code == 0)
		code = knot_tsig_sign(wire, bytes, size, NULL, 0, digest, &digest_bytes, &key, 0,
				      0);
	knot_tsig_key_deinit(&key);
	return code == 0 ? 0 : -EINVAL;
}

static int make_query(const struct probe_question *question, uint16_t id, uint8_t *wire,
		      size_t *ret_bytes)
{
	knot_pkt_t *pkt CLEANUP(pkt_done) = knot_pkt_new(NULL, QUERY_BYTES, NULL);
	knot_dname_storage_t name;

	if (pkt == NULL || knot_dname_from_str(name, question->name, sizeof name) == NULL)
		return -EINVAL;
	knot_wire_set_id(pkt->wire, id);
	knot_wire_set_rd(pkt->wire);
	if (knot_pkt_put_question(pkt, name, KNOT_CLASS_IN, question->type) != 0)
		return -EINVAL;
	if (question->type == PROBE_TRANSFER)
		knot_wire_clear_rd(pkt->wire);
	size_t bytes = pkt->size;
	memcpy(wire + LENGTH_BYTES, pkt->wire, bytes);
	if (question->algorithm[0] != '\0' &&
	    sign(question, wire + LENGTH_BYTES, &bytes, QUERY_BYTES) < 0)
		return -EINVAL;
	wire[0] = (uint8_t)(bytes >> 8);
	wire[1] = (uint8_t)bytes;
	*ret_bytes = bytes + LENGTH_BYTES;
	return 0;
}

void ask_resolver(const struct probe_question *question, struct probe_names *ret)
{
	uint8_t query[QUERY_BYTES + LENGTH_BYTES], head[LENGTH_BYTES];
	struct buf answer CLEANUP(buf_done) = {0};
	const int64_t begin_ms = clock_mono_ms();
	size_t bytes = 0;
	uint16_t id = 0;

	secret_random(&id, sizeof id);
	if (make_query(question, id, query, &bytes) < 0) {
		fail(ret, "the question cannot be asked");
		return;
	}
	AUTO_CLOSE int fd = reach_connect(&question->resolver, question->port);
	const int64_t end_ms = begin_ms + ASK_TIMEOUT_MS;
	if (fd < 0 || move_all(fd, query, bytes, true, end_ms) < 0 ||
	    move_all(fd, head, sizeof head, false, end_ms) < 0) {
		fail(ret, "the resolver does not answer");
		return;
	}
	bytes = (size_t)head[0] << 8 | head[1];
	if (bytes < KNOT_WIRE_HEADER_SIZE || buf_reserve(&answer, bytes + 1) < 0 ||
	    move_all(fd, answer.data, bytes, false, end_ms) < 0 ||
	    knot_wire_get_id(answer.data) != id) {
		fail(ret, "the resolver's answer makes no sense");
		return;
	}
	ask_read(question, answer.data, bytes, ret);
}

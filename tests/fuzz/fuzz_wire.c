// Any datagram on the message channel: its frame, and each body that its type can have.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "wire/channel.h"
#include "wire/host_message.h"
#include "wire/http_message.h"
#include "wire/metrics_message.h"
#include "wire/post_message.h"
#include "wire/probe_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is written and read again: the bytes must be the same. */
/* Of what owns nothing. */
static void round_done(const void *value)
{
	(void)value;
}

#define ROUND_OWNED(type, done)                                                                    \
	do {                                                                                       \
		struct buf once CLEANUP(buf_done) = {0}, twice CLEANUP(buf_done) = {0};            \
		struct type value CLEANUP(done) = {0}, again CLEANUP(done) = {0};                  \
		struct reader in;                                                                  \
		reader_init(&in, body, bytes);                                                     \
		if (type##_read(&in, &value) < 0)                                                  \
			break;                                                                     \
		type##_write(&once, &value);                                                       \
		if (once.len != (size_t)(in.at - body) || memcmp(once.data, body, once.len) != 0)  \
			abort();                                                                   \
		reader_init(&in, once.data, once.len);                                             \
		if (type##_read(&in, &again) < 0 || reader_done(&in) < 0)                          \
			abort();                                                                   \
		type##_write(&twice, &again);                                                      \
		if (twice.len != once.len || memcmp(twice.data, once.data, once.len) != 0)         \
			abort();                                                                   \
	} while (0)
#define ROUND(type) ROUND_OWNED(type, round_done)

static void seed(const uint8_t *body, size_t bytes)
{
	struct host_seed value = {0};
	struct buf out CLEANUP(buf_done) = {0};
	struct reader in;

	reader_init(&in, body, bytes);
	if (host_seed_read(&in, &value) < 0)
		return;
	host_seed_write(&out, &value);
	if (out.len != (size_t)(in.at - body) || memcmp(out.data, body, out.len) != 0)
		abort();
	host_seed_done(&value);
}

static void post(const uint8_t *body, size_t bytes)
{
	struct post_message value = {0};
	struct buf out CLEANUP(buf_done) = {0};
	struct reader in;

	reader_init(&in, body, bytes);
	if (post_message_read(&in, &value) < 0)
		return;
	post_message_write(&out, &value);
	if (out.len != bytes || memcmp(out.data, body, out.len) != 0)
		abort();
	post_message_done(&value);
}

static void request(const uint8_t *body, size_t bytes)
{
	struct http_request value;
	struct buf out CLEANUP(buf_done) = {0};

	if (http_request_decode(body, bytes, &value) < 0)
		return;
	if (value.header_count > HTTP_MAX_HEADERS || value.body_bytes > HTTP_MAX_BODY_BYTES ||
	    http_request_encode(&value, &out) < 0 || out.len != bytes ||
	    memcmp(out.data, body, bytes) != 0)
		abort();
	http_request_done(&value);
}

static void reply(const uint8_t *body, size_t bytes)
{
	struct http_reply value;
	struct buf out CLEANUP(buf_done) = {0};

	if (http_reply_decode(body, bytes, &value) < 0)
		return;
	if (http_reply_encode(&value, &out) < 0 || out.len != bytes ||
	    memcmp(out.data, body, bytes) != 0)
		abort();
	http_reply_done(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message message;
	const uint8_t *body;
	size_t bytes;

	if (frame_decode(data, size, &message) < 0)
		return 0;
	body = message.body;
	bytes = message.body_bytes;
	if (body + bytes != data + size)
		abort();
	switch (message.type & 15) {
	case 0:
		request(body, bytes);
		break;
	case 1:
		reply(body, bytes);
		break;
	case 2:
		ROUND(host_facts);
		break;
	case 3:
		ROUND(host_item);
		break;
	case 4:
		ROUND(host_image_import);
		break;
	case 5:
		ROUND(host_image_facts);
		break;
	case 6:
		ROUND(host_volume);
		break;
	case 7:
		seed(body, bytes);
		break;
	case 8:
		ROUND_OWNED(host_network, host_network_done);
		ROUND_OWNED(host_filter_change, host_filter_change_done);
		break;
	case 9:
		ROUND_OWNED(host_domain, host_domain_done);
		break;
	case 10:
		ROUND(host_password);
		break;
	case 11:
		ROUND(host_sample);
		break;
	case 12:
		ROUND(metrics_fetch);
		break;
	case 13:
		ROUND(metrics_record);
		break;
	case 14:
		post(body, bytes);
		break;
	case 15:
		ROUND(host_guest_ask);
		break;
	case 16:
		ROUND(probe_look);
		break;
	case 17:
		ROUND(probe_answer);
		break;
	default:
		break;
	}
	return 0;
}

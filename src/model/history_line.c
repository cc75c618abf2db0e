#include "model/history_line.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/cleanup.h"

static const uint8_t domain[16] = "ippo history 1\n";

static const char *const result_names[] = {
	[HISTORY_ACCEPTED] = "accepted",
	[HISTORY_SUCCESS] = "success",
	[HISTORY_REFUSED] = "refused",
	[HISTORY_ERROR] = "error",
};

const char *history_line_actor_name(enum history_actor actor)
{
	switch (actor) {
	case HISTORY_SESSION:
		return "session";
	case HISTORY_TOKEN:
		return "token";
	case HISTORY_LOCAL:
		return "local";
	case HISTORY_SYSTEM:
		return "system";
	case HISTORY_NOBODY:
		return "nobody";
	}
	return "unknown";
}

const char *history_line_result_name(enum history_result result)
{
	return result >= HISTORY_ACCEPTED && result <= HISTORY_ERROR ? result_names[result]
								     : "unknown";
}

int history_line_result_parse(const char *text, enum history_result *ret)
{
	for (unsigned i = HISTORY_ACCEPTED; i <= HISTORY_ERROR; i++)
		if (strcmp(result_names[i], text) == 0) {
			*ret = (enum history_result)i;
			return 0;
		}
	return -EINVAL;
}

struct encoding {
	uint8_t bytes[HISTORY_ENCODING_BYTES];
	size_t len;
};

static void put(struct encoding *out, const void *data, size_t bytes)
{
	assert(bytes <= sizeof(out->bytes) - out->len);
	if (bytes > 0)
		memcpy(out->bytes + out->len, data, bytes);
	out->len += bytes;
}

static void put_number(struct encoding *out, uint64_t value, size_t bytes)
{
	uint8_t little[8];

	for (size_t i = 0; i < bytes; i++)
		little[i] = (uint8_t)(value >> (8 * i));
	put(out, little, bytes);
}

static void put_text(struct encoding *out, const char *text)
{
	const size_t len = strlen(text);

	put_number(out, len, 4);
	put(out, text, len);
}

void history_line_hash(const struct history_line *line, const uint8_t previous[HISTORY_HASH_BYTES],
		       uint8_t ret[HISTORY_HASH_BYTES])
{
	struct encoding out;

	/* All texts at their longest, the numbers and lengths, the head: it always fits. */
	static_assert(sizeof(struct history_line) + 128 <= HISTORY_ENCODING_BYTES,
		      "the longest line fits its encoding");
	out.len = 0;
	put(&out, domain, sizeof(domain));
	put(&out, previous, HISTORY_HASH_BYTES);
	put_number(&out, line->id, 8);
	put_number(&out, (uint64_t)line->time_ms, 8);
	put_number(&out, line->customer_id, 8);
	put_number(&out, line->actor, 8);
	put_number(&out, line->actor_id, 8);
	put_text(&out, line->actor_name);
	put_number(&out, line->by_operator, 8);
	put_text(&out, line->peer);
	put_text(&out, line->what);
	put_number(&out, line->result, 8);
	put_text(&out, line->error_code);
	put_text(&out, line->resource_type);
	put_number(&out, line->resource_id, 8);
	put_text(&out, line->resource_name);
	put_number(&out, line->action_id, 8);
	put_text(&out, line->details);
	crypto_hash_sha256(ret, out.bytes, out.len);
}

#include "model/label.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* [A-Za-z0-9][-_.A-Za-z0-9]* */
static bool is_word(const char *text, size_t bytes)
{
	if (bytes == 0 || !is_alnum(text[0]))
		return false;
	for (size_t i = 1; i < bytes; i++)
		if (!is_alnum(text[i]) && text[i] != '-' && text[i] != '_' && text[i] != '.')
			return false;
	return true;
}

/* A DNS subdomain: labels of letters, digits and inner hyphens, joined by periods. */
static bool is_domain(const char *text, size_t bytes)
{
	size_t start = 0;

	for (size_t i = 0; i <= bytes; i++) {
		if (i < bytes && text[i] != '.') {
			if (!is_alnum(text[i]) && text[i] != '-')
				return false;
			continue;
		}
		if (i == start || i - start > 63 || text[start] == '-' || text[i - 1] == '-')
			return false;
		start = i + 1;
	}
	return true;
}

void label_done(struct labels *labels)
{
	for (size_t i = 0; i < labels->count; i++) {
		free(labels->items[i].key);
		free(labels->items[i].value);
	}
	free(labels->items);
	memset(labels, 0, sizeof(*labels));
}

int label_check_key(const char *key, size_t bytes, struct err *err)
{
	const char *slash = memchr(key, '/', bytes);
	size_t prefix = slash ? (size_t)(slash - key) : 0;
	size_t name = slash ? bytes - prefix - 1 : bytes;

	if (slash && (prefix > LABEL_MAX_PREFIX_BYTES || !is_domain(key, prefix)))
		return err_set(err, ERR_INVALID_INPUT,
			       "the part of a label's key before / must be a DNS name of at most "
			       "%d characters",
			       LABEL_MAX_PREFIX_BYTES);
	if (name > LABEL_MAX_NAME_BYTES || !is_word(key + bytes - name, name))
		return err_set(err, ERR_INVALID_INPUT,
			       "a label's key must have 1 to %d characters: a letter or digit, "
			       "then letters, digits, - _ or .",
			       LABEL_MAX_NAME_BYTES);
	return 0;
}

int label_check_value(const char *value, size_t bytes, struct err *err)
{
	if (bytes > 0 && (bytes > LABEL_MAX_VALUE_BYTES || !is_word(value, bytes)))
		return err_set(err, ERR_INVALID_INPUT,
			       "a label's value must be empty or at most %d characters: a letter "
			       "or digit, then letters, digits, - _ or .",
			       LABEL_MAX_VALUE_BYTES);
	return 0;
}

/* Index of the first item whose key is not below @key. */
static size_t lower_bound(const struct labels *labels, const char *key)
{
	size_t low = 0;
	size_t high = labels->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(labels->items[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int label_set(struct labels *labels, const char *key, const char *value, struct err *err)
{
	int r = label_check_key(key, strlen(key), err);

	if (r == 0)
		r = label_check_value(value, strlen(value), err);
	if (r < 0)
		return r;

	char *new_value AUTO_FREE = strdup(value);
	size_t at = lower_bound(labels, key);

	if (!new_value)
		return err_set(err, -ENOMEM, "out of memory");
	if (at < labels->count && strcmp(labels->items[at].key, key) == 0) {
		free(labels->items[at].value);
		labels->items[at].value = steal_ptr(new_value);
		return 0;
	}
	if (labels->count >= LABEL_MAX_COUNT)
		return err_set(err, ERR_INVALID_INPUT, "at most %d labels", LABEL_MAX_COUNT);

	char *new_key AUTO_FREE = strdup(key);
	struct label *items =
		new_key ? reallocarray(labels->items, labels->count + 1, sizeof(*items)) : NULL;

	if (!items)
		return err_set(err, -ENOMEM, "out of memory");
	memmove(items + at + 1, items + at, (labels->count - at) * sizeof(*items));
	items[at].key = steal_ptr(new_key);
	items[at].value = steal_ptr(new_value);
	labels->items = items;
	labels->count++;
	return 0;
}

const char *label_get(const struct labels *labels, const char *key)
{
	size_t at = lower_bound(labels, key);

	if (at < labels->count && strcmp(labels->items[at].key, key) == 0)
		return labels->items[at].value;
	return NULL;
}

int label_copy(const struct labels *from, struct labels *ret)
{
	struct labels copy CLEANUP(label_done) = {0};

	for (size_t i = 0; i < from->count; i++) {
		int r = label_set(&copy, from->items[i].key, from->items[i].value, NULL);

		if (r < 0)
			return r;
	}
	*ret = copy;
	memset(&copy, 0, sizeof(copy));
	return 0;
}

bool label_equal(const struct labels *a, const struct labels *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i].key, b->items[i].key) != 0 ||
		    strcmp(a->items[i].value, b->items[i].value) != 0)
			return false;
	return true;
}

int label_format(const struct labels *labels, struct buf *out)
{
	for (size_t i = 0; i < labels->count; i++)
		(void)buf_printf(out, "%s%s=%s", i ? "," : "", labels->items[i].key,
				 labels->items[i].value);
	return out->error;
}

int label_read(const char *text, struct labels *ret)
{
	struct labels labels CLEANUP(label_done) = {0};

	while (*text) {
		char key[LABEL_MAX_KEY_BYTES + 1];
		char value[LABEL_MAX_VALUE_BYTES + 1];
		size_t key_bytes = strcspn(text, "=,");
		size_t value_bytes;
		int r;

		if (key_bytes >= sizeof(key) || text[key_bytes] != '=')
			return ERR_CORRUPT;
		memcpy(key, text, key_bytes);
		key[key_bytes] = '\0';
		text += key_bytes + 1;
		value_bytes = strcspn(text, "=,");
		if (value_bytes >= sizeof(value) || text[value_bytes] == '=' ||
		    (text[value_bytes] == ',' && !text[value_bytes + 1]))
			return ERR_CORRUPT;
		memcpy(value, text, value_bytes);
		value[value_bytes] = '\0';
		text += value_bytes + (text[value_bytes] == ',');
		r = label_set(&labels, key, value, NULL);
		if (r < 0)
			return r == -ENOMEM ? r : ERR_CORRUPT;
	}
	*ret = labels;
	memset(&labels, 0, sizeof(labels));
	return 0;
}

#include "model/label_selector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/*
 * selector    = [ requirement *( "," requirement ) ]
 * requirement = key | "!" key | key ( "=" | "==" | "!=" ) value | key ( "in" | "notin" ) set
 * set         = "(" value *( "," value ) ")"
 * Spaces are allowed around every token. A value may be empty.
 */
struct parser {
	const char *text;
	const char *at;
	size_t values; /* in all sets so far */
	struct err *err;
};

static int fail(const struct parser *parser, const char *reason)
{
	return err_set(parser->err, ERR_INVALID_INPUT, "label_selector, character %zu: %s",
		       (size_t)(parser->at - parser->text) + 1, reason);
}

static void skip_spaces(struct parser *parser)
{
	while (*parser->at == ' ')
		parser->at++;
}

static bool accept(struct parser *parser, const char *token)
{
	size_t bytes = strlen(token);

	skip_spaces(parser);
	if (strncmp(parser->at, token, bytes) != 0)
		return false;
	parser->at += bytes;
	return true;
}

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.' || c == '/';
}

static size_t word_bytes(struct parser *parser)
{
	size_t bytes = 0;

	skip_spaces(parser);
	while (is_word_char(parser->at[bytes]))
		bytes++;
	return bytes;
}

/* The word operator @token, which a further word character would make something else. */
static bool accept_word(struct parser *parser, const char *token)
{
	size_t bytes = word_bytes(parser);

	if (bytes != strlen(token) || strncmp(parser->at, token, bytes) != 0)
		return false;
	parser->at += bytes;
	return true;
}

static int parse_key(struct parser *parser, struct label_requirement *requirement)
{
	size_t bytes = word_bytes(parser);

	if (bytes == 0)
		return fail(parser, "a label's key is expected here");
	if (label_check_key(parser->at, bytes, NULL) < 0)
		return fail(parser, "this is not a valid label key");
	requirement->key = strndup(parser->at, bytes);
	if (!requirement->key)
		return err_set(parser->err, -ENOMEM, "out of memory");
	parser->at += bytes;
	return 0;
}

static int parse_value(struct parser *parser, struct label_requirement *requirement)
{
	size_t bytes = word_bytes(parser);

	if (label_check_value(parser->at, bytes, NULL) < 0)
		return fail(parser, "this is not a valid label value");
	if (parser->values >= LABEL_SELECTOR_MAX_VALUES)
		return fail(parser, "too many values");

	char **values =
		reallocarray(requirement->values, requirement->value_count + 1, sizeof(*values));

	if (!values)
		return err_set(parser->err, -ENOMEM, "out of memory");
	requirement->values = values;
	values[requirement->value_count] = strndup(parser->at, bytes);
	if (!values[requirement->value_count])
		return err_set(parser->err, -ENOMEM, "out of memory");
	requirement->value_count++;
	parser->values++;
	parser->at += bytes;
	return 0;
}

static int parse_set(struct parser *parser, struct label_requirement *requirement)
{
	int r;

	if (!accept(parser, "("))
		return fail(parser, "a list in parentheses is expected here");
	do {
		r = parse_value(parser, requirement);
		if (r < 0)
			return r;
	} while (accept(parser, ","));
	if (!accept(parser, ")"))
		return fail(parser, "a comma or a closing parenthesis is expected here");
	return 0;
}

static int parse_requirement(struct parser *parser, struct label_requirement *requirement)
{
	bool absent = accept(parser, "!");
	int r = parse_key(parser, requirement);

	if (r < 0)
		return r;
	if (absent) {
		requirement->op = LABEL_ABSENT;
		return 0;
	}
	if (accept(parser, "!=")) {
		requirement->op = LABEL_NOT_IN;
		return parse_value(parser, requirement);
	}
	if (accept(parser, "==") || accept(parser, "=")) {
		requirement->op = LABEL_IN;
		return parse_value(parser, requirement);
	}
	if (accept_word(parser, "in")) {
		requirement->op = LABEL_IN;
		return parse_set(parser, requirement);
	}
	if (accept_word(parser, "notin")) {
		requirement->op = LABEL_NOT_IN;
		return parse_set(parser, requirement);
	}
	requirement->op = LABEL_EXISTS;
	return 0;
}

static void requirement_done(struct label_requirement *requirement)
{
	for (size_t i = 0; i < requirement->value_count; i++)
		free(requirement->values[i]);
	free(requirement->values);
	free(requirement->key);
}

static int parse_all(struct parser *parser, struct label_selector *selector)
{
	do {
		if (selector->count >= LABEL_SELECTOR_MAX_REQUIREMENTS)
			return fail(parser, "too many conditions");

		/* The slot counts at once, so that a half-read requirement is freed as well. */
		struct label_requirement *requirement = &selector->items[selector->count++];
		int r = parse_requirement(parser, requirement);

		if (r < 0)
			return r;
	} while (accept(parser, ","));
	skip_spaces(parser);
	return *parser->at ? fail(parser, "a comma is expected here") : 0;
}

int label_selector_parse(const char *text, struct label_selector *ret, struct err *err)
{
	struct label_selector selector CLEANUP(label_selector_done) = {0};
	struct parser parser = {.text = text, .at = text, .err = err};
	int r;

	if (strnlen(text, LABEL_SELECTOR_MAX_BYTES + 1) > LABEL_SELECTOR_MAX_BYTES)
		return err_set(err, ERR_INVALID_INPUT, "label_selector is longer than %d bytes",
			       LABEL_SELECTOR_MAX_BYTES);
	skip_spaces(&parser);
	if (*parser.at) {
		selector.items = calloc(LABEL_SELECTOR_MAX_REQUIREMENTS, sizeof(*selector.items));
		if (!selector.items)
			return err_set(err, -ENOMEM, "out of memory");
		r = parse_all(&parser, &selector);
		if (r < 0)
			return r;
	}
	*ret = selector;
	memset(&selector, 0, sizeof(selector));
	return 0;
}

static bool has_value(const struct label_requirement *requirement, const char *value)
{
	for (size_t i = 0; value && i < requirement->value_count; i++)
		if (strcmp(requirement->values[i], value) == 0)
			return true;
	return false;
}

bool label_selector_match(const struct label_selector *selector, const struct labels *labels)
{
	for (size_t i = 0; i < selector->count; i++) {
		const struct label_requirement *requirement = &selector->items[i];
		const char *value = label_get(labels, requirement->key);
		bool holds = false;

		switch (requirement->op) {
		case LABEL_EXISTS:
			holds = value != NULL;
			break;
		case LABEL_ABSENT:
			holds = value == NULL;
			break;
		case LABEL_IN:
			holds = has_value(requirement, value);
			break;
		case LABEL_NOT_IN:
			holds = !has_value(requirement, value);
			break;
		}
		if (!holds)
			return false;
	}
	return true;
}

void label_selector_done(struct label_selector *selector)
{
	for (size_t i = 0; i < selector->count; i++)
		requirement_done(&selector->items[i]);
	free(selector->items);
	memset(selector, 0, sizeof(*selector));
}

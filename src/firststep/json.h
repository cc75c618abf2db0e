// Writes JSON (RFC 8259) into a buffer: small, strict, no tree. A static program has no library for
// it.
#pragma once

#include <stdint.h>

#include "base/buf.h"

#define JSON_DEPTH_MAX 8

struct json {
	struct buf *out;
	unsigned depth;
	unsigned char has_members[JSON_DEPTH_MAX + 1];
};

/* @key is NULL inside an array and at the top. */
void json_open(struct json *json, const char *key, char bracket);     /* '{' or '[' */
void json_close(struct json *json, char bracket);                     /* '}' or ']' */
void json_text(struct json *json, const char *key, const char *text); /* what is no UTF-8: "?" */
void json_number(struct json *json, const char *key, int64_t number);
void json_bool(struct json *json, const char *key, int value);

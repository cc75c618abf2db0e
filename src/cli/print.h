// What people and programs read on standard output: tables, fields, JSON, and one form of failure.
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"

struct table;

/** table_new() - @headings: "ID NAME STATUS", separated by single spaces. NULL without memory. */
struct table *table_new(const char *headings);
/** table_row() - as many strings as headings; each is copied, NULL shows as "-". */
void table_row(struct table *table, ...);
/** table_print() - aligned by display width (Japanese characters are two columns wide), then freed.
 */
void table_print(struct table *table, const char *when_empty);

void print_json(const json_t *value);
/** print_failure() - "ippo: message (code)" on standard error. Return: the exit code for it. */
int print_failure(const struct err *err);
/** print_bandwidth() - of a plan, in Mbit/s; nothing where it bounds nothing. */
void print_bandwidth(long long in_mbit, long long out_mbit);
/** print_field() - one "Name:  value" line of a show command. */
void print_field(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** json_text() - the string at a dotted path ("server_type.name"), or "-" . Borrowed. */
const char *json_text(const json_t *object, const char *path);
json_int_t json_number(const json_t *object, const char *path);
const json_t *json_at(const json_t *object, const char *path);

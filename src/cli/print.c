#include "cli/print.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/cleanup.h"
#include "cli/cli.h"

#define TABLE_MAX_COLUMNS 12

struct table {
	size_t columns;
	size_t rows; /* with the headings */
	char **cells;
};

static size_t display_width(const char *text)
{
	mbstate_t state = {0};
	size_t width = 0;
	wchar_t c;

	for (size_t used; *text != '\0'; text += used) {
		used = mbrtowc(&c, text, strlen(text), &state);
		if (used == 0 || used > strlen(text)) {
			memset(&state, 0, sizeof state);
			used = 1;
			width++;
			continue;
		}
		int columns = wcwidth(c);
		width += columns > 0 ? (size_t)columns : 0;
	}
	return width;
}

static void table_add(struct table *table, char **row)
{
	char **cells = realloc(table->cells, (table->rows + 1) * table->columns * sizeof *cells);

	if (cells == NULL)
		abort();
	table->cells = cells;
	memcpy(cells + table->rows * table->columns, row, table->columns * sizeof *row);
	table->rows++;
}

struct table *table_new(const char *headings)
{
	struct table *table = calloc(1, sizeof *table);
	char *row[TABLE_MAX_COLUMNS];

	if (table == NULL)
		return NULL;
	for (const char *at = headings; *at != '\0' && table->columns < TABLE_MAX_COLUMNS;) {
		size_t len = strcspn(at, " ");
		row[table->columns++] = strndup(at, len);
		at += len + (at[len] == ' ');
	}
	table_add(table, row);
	return table;
}

void table_row(struct table *table, ...)
{
	char *row[TABLE_MAX_COLUMNS];
	va_list args;

	va_start(args, table);
	for (size_t i = 0; i < table->columns; i++) {
		const char *text = va_arg(args, const char *);
		row[i] = strdup(text != NULL && *text != '\0' ? text : "-");
		/* What a customer or a guest named must not move the reader's cursor. */
		for (char *c = row[i]; c != NULL && *c != '\0'; c++)
			if ((unsigned char)*c < ' ' || *c == 0x7f)
				*c = '?';
	}
	va_end(args);
	table_add(table, row);
}

void table_print(struct table *table, const char *when_empty)
{
	size_t width[TABLE_MAX_COLUMNS] = {0};

	for (size_t i = 0; i < table->rows * table->columns; i++) {
		size_t cell = display_width(table->cells[i]);
		if (cell > width[i % table->columns])
			width[i % table->columns] = cell;
	}
	if (table->rows == 1 && when_empty != NULL)
		(void)puts(when_empty);
	for (size_t r = 0; r < table->rows; r++) {
		for (size_t c = 0; c < table->columns; c++) {
			char *cell = table->cells[r * table->columns + c];
			bool last = c + 1 == table->columns;
			size_t padding = last ? 0 : width[c] - display_width(cell) + 2;
			if (table->rows > 1 || when_empty == NULL)
				(void)printf("%s%*s%s", cell, (int)padding, "", last ? "\n" : "");
			free(cell);
		}
	}
	free(table->cells);
	free(table);
}

void print_json(const json_t *value)
{
	(void)json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	(void)putchar('\n');
}

int print_failure(const struct err *err)
{
	(void)fprintf(stderr, "ippo: %s (%s)\n", err->text, err_name(err->code));
	switch (err->code) {
	case ERR_NOT_FOUND:
		return EXIT_NOT_FOUND;
	case ERR_UNAUTHORIZED:
	case ERR_FORBIDDEN:
	case ERR_TOKEN_READONLY:
		return EXIT_NO_RIGHT;
	case ERR_UNAVAILABLE:
		return EXIT_NO_CONNECTION;
	default:
		return EXIT_REFUSED_BY_SERVICE;
	}
}

void print_field(const char *name, const char *format, ...)
{
	va_list args;

	(void)printf("%-16s", name);
	va_start(args, format);
	(void)vprintf(format, args);
	va_end(args);
	(void)putchar('\n');
}

const json_t *json_at(const json_t *object, const char *path)
{
	char key[64];

	while (object != NULL && *path != '\0') {
		size_t len = strcspn(path, ".");
		if (len >= sizeof key)
			return NULL;
		memcpy(key, path, len);
		key[len] = '\0';
		object = json_object_get(object, key);
		path += len + (path[len] == '.');
	}
	return object;
}

const char *json_text(const json_t *object, const char *path)
{
	const char *text = json_string_value(json_at(object, path));

	return text != NULL ? text : "-";
}

json_int_t json_number(const json_t *object, const char *path)
{
	return json_integer_value(json_at(object, path));
}

static void print_rate(const char *name, long long mbit)
{
	if (mbit > 0)
		print_field(name, "%lld Mbit/s at most", mbit);
}

void print_bandwidth(long long in_mbit, long long out_mbit)
{
	print_rate("Bandwidth in", in_mbit);
	print_rate("Bandwidth out", out_mbit);
}

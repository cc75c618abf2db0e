#include "firststep/diff.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "firststep/verdict.h"

#define LINES_MAX 2000
#define CONTEXT   3

struct line {
	const char *at;
	size_t len;
};

struct lines {
	struct line list[LINES_MAX];
	size_t count;
	bool is_too_long;
};

static void cut(const struct buf *text, struct lines *lines)
{
	const char *at = text != NULL ? buf_str(text) : "";

	while (*at != '\0') {
		const size_t len = strcspn(at, "\n");
		if (lines->count == LINES_MAX) {
			lines->is_too_long = true;
			return;
		}
		lines->list[lines->count++] = (struct line){at, len};
		at += len + (at[len] == '\n');
	}
}

static bool same(const struct line *a, const struct line *b)
{
	return a->len == b->len && memcmp(a->at, b->at, a->len) == 0;
}

struct step {
	char sign; /* ' ', '-', '+' */
	const struct line *line;
	size_t old_at, new_at;
};

static void show(const struct step *step, struct buf *out)
{
	char text[1024];

	(void)snprintf(text, sizeof text, "%.*s",
		       (int)(step->line->len < sizeof text ? step->line->len : sizeof text - 1),
		       step->line->at);
	evidence_clean(text);
	(void)buf_printf(out, "%c%s\n", step->sign, text);
}

/* Hunks: runs of changes with CONTEXT lines around them. */
static void show_hunks(const struct step *steps, size_t count, struct buf *out)
{
	for (size_t at = 0; at < count;) {
		if (steps[at].sign == ' ') {
			at++;
			continue;
		}
		size_t begin = at > CONTEXT ? at - CONTEXT : 0, end = at, quiet = 0;
		for (; end < count && quiet <= 2 * CONTEXT; end++)
			quiet = steps[end].sign == ' ' ? quiet + 1 : 0;
		if (quiet > CONTEXT)
			end -= quiet - CONTEXT;
		size_t olds = 0, news = 0;
		for (size_t i = begin; i < end; i++) {
			olds += steps[i].sign != '+';
			news += steps[i].sign != '-';
		}
		(void)buf_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", steps[begin].old_at + (olds > 0),
				 olds, steps[begin].new_at + (news > 0), news);
		for (size_t i = begin; i < end; i++)
			show(&steps[i], out);
		at = end;
	}
}

/* The longest common part of what is left after the same beginning and end, by the usual table. */
static size_t compare(const struct lines *old, const struct lines *new, struct step *steps)
{
	size_t head = 0, old_end = old->count, new_end = new->count, count = 0;

	while (head < old_end && head < new_end && same(&old->list[head], &new->list[head]))
		head++;
	while (old_end > head && new_end > head &&
	       same(&old->list[old_end - 1], &new->list[new_end - 1])) {
		old_end--;
		new_end--;
	}
	const size_t rows = old_end - head + 1, columns = new_end - head + 1;
	uint16_t *table AUTO_FREE = calloc(rows * columns, sizeof *table);
	for (size_t i = rows - 1; table != NULL && i-- > 0;)
		for (size_t j = columns - 1; j-- > 0;) {
			const uint16_t right = table[i * columns + j + 1];
			const uint16_t down = table[(i + 1) * columns + j];
			table[i * columns + j] =
				same(&old->list[head + i], &new->list[head + j])
					? (uint16_t)(table[(i + 1) * columns + j + 1] + 1)
				: right > down ? right
					       : down;
		}
	size_t i = 0, j = 0;
	while (i < old->count || j < new->count) {
		const bool both =
			i < old->count && j < new->count &&same(&old->list[i], &new->list[j]);
		struct step step = {.old_at = i, .new_at = j};
		if (both) {
			step.sign = ' ';
			step.line = &old->list[i++];
			j++;
		} else if (i < old_end && (j >= new_end || table == NULL ||
					   table[(i - head + 1) * columns + j - head] >=
						   table[(i - head) * columns + j - head + 1])) {
			step.sign = '-';
			step.line = &old->list[i++];
		} else {
			step.sign = '+';
			step.line = &new->list[j++];
		}
		steps[count++] = step;
	}
	return count;
}

void diff_write(const char *path, const struct buf *before, const struct buf *after,
		struct buf *out)
{
	struct lines *old AUTO_FREE = calloc(1, sizeof *old);
	struct lines *new AUTO_FREE = calloc(1, sizeof *new);
	struct step *steps AUTO_FREE = calloc(LINES_MAX * 2, sizeof *steps);

	if (old == NULL || new == NULL || steps == NULL) {
		out->error = -ENOMEM;
		return;
	}
	cut(before, old);
	cut(after, new);
	(void)buf_printf(out, "--- %s%s\n+++ %s%s\n", before != NULL ? "a" : "",
			 before != NULL ? path : "/dev/null", after != NULL ? "b" : "",
			 after != NULL ? path : "/dev/null");
	if (old->is_too_long || new->is_too_long) {
		(void)buf_printf(out, "(more than %d lines: not shown)\n", LINES_MAX);
		return;
	}
	show_hunks(steps, compare(old, new, steps), out);
}

// The request patterns every room of the CLI repeats: show, delete, ask for an action and wait.
#pragma once

#include "cli/cli.h"
#include "cli/print.h"

/** request_show() - find by name and print as JSON, or by @print for people. Returns an exit code.
 */
int request_show(struct invocation *invocation, const char *collection, const char *plural,
		 const char *singular, void (*print)(const json_t *object));
/** request_delete() - find by name, ask a person on a terminal unless --yes, delete, wait for an
 * action. */
int request_delete(struct invocation *invocation, const char *collection, const char *plural,
		   const char *singular, const char *what_is_lost);
/**
 * request_text_file() - a file of plain text as a field of a request's body.
 *
 * Line feeds at its end are no part of the text. Returns 0, or a negative error with @err set:
 * it cannot be read, is larger than 64 KiB, or is not UTF-8.
 */
int request_text_file(const char *path, const char *key, json_t *body, struct err *err);
/** request_confirmed() - does a person on a terminal, who is told @what_happens to @name, want it?
 * Always with --yes; never without a terminal. */
bool request_confirmed(const struct invocation *invocation, const char *name,
		       const char *what_happens);
/** request_finish() - after a call that answered {action, ...}: print or wait as asked; frees
 * @reply. */
int request_finish(struct invocation *invocation, json_t *reply, const char *object_key, bool wait);
/** request_add_labels() - what --label KEY=VALUE gave, as `labels` into @body; {} when none was. */
void request_add_labels(const struct invocation *invocation, json_t *body);
/** request_finish_made() - after a call that made something: the reply as JSON, or for people the
 * number or text at @path of it; frees @reply. @code and @err: of the call. */
int request_finish_made(struct invocation *invocation, json_t *reply, int code,
			const struct err *err, const char *path);
/** request_newest() - as request_list() of a list that begins with the newest, and only its first
 * page; people are told when there is more, and that --all shows it. */
int request_newest(struct invocation *invocation, const char *path, const char *key,
		   const char *headings, void (*row)(struct table *table, const json_t *object),
		   const char *when_empty);
/** request_list() - fetch all and print as JSON, or let @row add each to a table. */
int request_list(struct invocation *invocation, const char *path, const char *key,
		 const char *headings, void (*row)(struct table *table, const json_t *object),
		 const char *when_empty);
/** request_save() - what is at @path, into @file (NULL: the standard output), which must not be
 * there yet. @what: names it where it could not be written. Returns an exit code. */
int request_save(struct invocation *invocation, const char *path, const char *file,
		 const char *what);

// Building the text of list queries: conditions, order, page. Only for this folder.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/label_selector.h"
#include "model/page.h"
#include "model/sort.h"
#include "store/statement.h"

#define QUERY_MAX_BINDS (16 + LABEL_SELECTOR_MAX_REQUIREMENTS * 4)

/* Text comes from this folder alone; every value from outside travels as a bind. */
struct query {
	struct buf sql;
	struct bind binds[QUERY_MAX_BINDS + 1];
	size_t bind_count;
	char *lists[2 + LABEL_SELECTOR_MAX_REQUIREMENTS]; /* JSON arrays, owned */
	size_t list_count;
	int error;
};

void query_done(struct query *query);

/** query_add() - append text. */
void query_add(struct query *query, const char *text);
/** query_where() - append @text, which holds one placeholder, and bind it. */
void query_where(struct query *query, const char *text, struct bind bind);
/** query_where_ids() - append @text, whose placeholder gets the ids as a JSON array. */
void query_where_ids(struct query *query, const char *text, const uint64_t *ids, size_t count);
/** query_where_label() - append the conditions of one requirement on the server whose id is the
 * expression @id. @customer_id: whose servers alone are in question, which lets the index of labels
 * be read once instead of for each server; 0: looked up for each. */
void query_where_label(struct query *query, const struct label_requirement *requirement,
		       const char *id, uint64_t customer_id);
/** query_bind_values() - bind a requirement's values as a JSON array. */
void query_bind_values(struct query *query, const struct label_requirement *requirement);

/** query_order() - ORDER BY @sort and then id. @columns: names by enum sort_field, NULL where the
 * table has none. */
void query_order(struct query *query, const struct sort *sort, const char *const *columns);
/** query_page() - LIMIT and OFFSET. */
void query_page(struct query *query, const struct page *page);

int query_open(struct store *store, struct query *query, sqlite3_stmt **ret, struct err *err);

/** query_number() - the first column of the first row. */
int query_number(struct store *store, struct query *query, uint64_t *ret, struct err *err);

/** query_read() - calls @read for each row, with a zeroed item of @item_bytes to fill. On failure
 * the caller still owns what is in @list. */
int query_read(struct store *store, struct query *query, size_t item_bytes,
	       int (*read)(sqlite3_stmt *statement, void *item), const char *what,
	       struct statement_list *list, struct err *err);

/** query_keep_page() - of rows that were all read, those that @selector finds (NULL: all of them),
 * and of these the page. For what a customer has few of: labels are judged here, not by the query.
 * @labels_at: where in an item its struct labels is; @end gives back what an item holds.
 * Return: how many were found, on all pages. */
uint64_t query_keep_page(void *items, size_t *count, size_t item_bytes, size_t labels_at,
			 const struct label_selector *selector, const struct page *page,
			 void (*end)(void *item));

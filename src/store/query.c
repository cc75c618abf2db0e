#include "store/query.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void query_done(struct query *query)
{
	for (size_t i = 0; i < query->list_count; i++)
		free(query->lists[i]);
	buf_done(&query->sql);
	query->list_count = 0;
}

void query_add(struct query *query, const char *text)
{
	(void)buf_puts(&query->sql, text);
}

static void add_bind(struct query *query, struct bind bind)
{
	assert(query->bind_count < QUERY_MAX_BINDS);
	query->binds[query->bind_count++] = bind;
}

void query_where(struct query *query, const char *text, struct bind bind)
{
	query_add(query, text);
	add_bind(query, bind);
}

/* Owns the text of @list and binds it. */
static void bind_list(struct query *query, struct buf *list)
{
	char *text = list->error ? NULL : buf_steal(list);

	buf_done(list);
	if (!text) {
		query->error = -ENOMEM;
		return;
	}
	assert(query->list_count < ARRAY_SIZE(query->lists));
	query->lists[query->list_count++] = text;
	add_bind(query, (struct bind)B_TEXT(text));
}

void query_where_ids(struct query *query, const char *text, const uint64_t *ids, size_t count)
{
	struct buf list = {0};

	query_add(query, text);
	(void)buf_putc(&list, '[');
	for (size_t i = 0; i < count; i++)
		(void)buf_printf(&list, "%s%lld", i ? "," : "",
				 ids[i] > INT64_MAX ? 0LL : (long long)ids[i]);
	(void)buf_putc(&list, ']');
	bind_list(query, &list);
}

void query_bind_values(struct query *query, const struct label_requirement *requirement)
{
	struct buf list = {0};

	/* A label's value has no character that JSON would want escaped. */
	(void)buf_putc(&list, '[');
	for (size_t i = 0; i < requirement->value_count; i++)
		(void)buf_printf(&list, "%s\"%s\"", i ? "," : "", requirement->values[i]);
	(void)buf_putc(&list, ']');
	bind_list(query, &list);
}

void query_where_label(struct query *query, const struct label_requirement *requirement,
		       const char *id, uint64_t customer_id)
{
	bool negative = requirement->op == LABEL_ABSENT || requirement->op == LABEL_NOT_IN;

	query_add(query, negative ? " AND NOT " : " AND ");
	if (customer_id) {
		/* The plus keeps the order of the outer query from being thrown away. */
		query_add(query, "+");
		query_add(query, id);
		query_where(query,
			    " IN (SELECT x.server_id FROM server_label x WHERE "
			    "x.customer_id = ?",
			    (struct bind)B_INT(customer_id));
	} else {
		query_add(query, "EXISTS (SELECT 1 FROM server_label x WHERE x.server_id = ");
		query_add(query, id);
	}
	query_where(query, " AND x.key = ?", (struct bind)B_TEXT(requirement->key));
	if (requirement->value_count == 1) {
		query_where(query, " AND x.value = ?", (struct bind)B_TEXT(requirement->values[0]));
	} else if (requirement->value_count > 1) {
		query_add(query, " AND x.value IN (SELECT value FROM json_each(?))");
		query_bind_values(query, requirement);
	}
	query_add(query, ")");
}

void query_order(struct query *query, const struct sort *sort, const char *const *columns)
{
	const char *between = " ORDER BY ";
	bool by_id = false;

	for (size_t i = 0; sort && i < sort->count; i++) {
		const char *column = columns[sort->keys[i].field];

		if (!column)
			continue;
		query_add(query, between);
		query_add(query, column);
		if (sort->keys[i].descending)
			query_add(query, " DESC");
		between = ", ";
		by_id = by_id || sort->keys[i].field == SORT_ID;
	}
	if (!by_id) {
		query_add(query, between);
		query_add(query, columns[SORT_ID]);
	}
}

void query_page(struct query *query, const struct page *page)
{
	if (!page || page->entries == 0)
		return;
	query_where(query, " LIMIT ?", (struct bind)B_INT(page->entries));
	query_where(query, " OFFSET ?", (struct bind)B_INT(page_offset(page)));
}

int query_open(struct store *store, struct query *query, sqlite3_stmt **ret, struct err *err)
{
	if (query->error || query->sql.error)
		return err_set(err, -ENOMEM, "out of memory");
	query->binds[query->bind_count] = (struct bind){0};
	return statement_open(store, buf_str(&query->sql), query->binds, ret, err);
}

int query_number(struct store *store, struct query *query, uint64_t *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = query_open(store, query, &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	*ret = r ? statement_u64(statement, 0) : 0;
	return 0;
}

int query_read(struct store *store, struct query *query, size_t item_bytes,
	       int (*read)(sqlite3_stmt *statement, void *item), const char *what,
	       struct statement_list *list, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = query_open(store, query, &statement, err);

	if (r < 0)
		return r;
	while ((r = statement_row(store, statement, err)) > 0) {
		void *item = statement_list_add(list, item_bytes);

		if (!item)
			return err_set(err, -ENOMEM, "out of memory");
		r = read(statement, item);
		if (r < 0)
			return statement_misread(what, r, err);
	}
	return r;
}

uint64_t query_keep_page(void *items, size_t *count, size_t item_bytes, size_t labels_at,
			 const struct label_selector *selector, const struct page *page,
			 void (*end)(void *item))
{
	const uint64_t first = page_offset(page);
	uint64_t found = 0;
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++) {
		uint8_t *item = (uint8_t *)items + i * item_bytes;
		const bool match =
			selector == NULL ||
			label_selector_match(selector, (const struct labels *)(item + labels_at));
		const uint64_t at = match ? found++ : 0;
		if (!match || (page->entries != 0 && (at < first || at - first >= page->entries)))
			end(item);
		else
			memmove((uint8_t *)items + kept++ * item_bytes, item, item_bytes);
	}
	*count = kept;
	return found;
}

/*
 * Lists of servers, quick among many thousands.
 *
 * Without conditions a page is a stretch of an index, and the total is a number that triggers keep.
 * By id the walk to the page's start begins at the last of the marks before it: the id of each
 * MARK_STEPth server of one customer, found when first needed. They stay right until a server goes,
 * because a new one always comes last. In another order SQLite walks from the nearer end. With
 * conditions one pass over the matching ids gives both the total and the page. A label selector on
 * its own is answered from the index of labels alone, led by its most telling requirement; the
 * other ones are looked up for each id.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/query.h"
#include "store/store_server.h"

#define MARK_STEP 128

static const char *const sort_columns[] = {
	[SORT_ID] = "s.id",
	[SORT_NAME] = "s.name",
	[SORT_CREATED] = "s.created_ms",
	[SORT_FINISHED] = NULL,
};
static const char *const label_sort_columns[] = {
	[SORT_ID] = "l.server_id",
	[SORT_FINISHED] = NULL,
};

static bool has_selector(const struct store_server_filter *filter)
{
	return filter->selector && filter->selector->count > 0;
}

static bool is_plain(const struct store_server_filter *filter)
{
	return !filter->name && !filter->search && !filter->statuses && !filter->ids &&
	       !has_selector(filter);
}

/* The requirement that narrows most, as far as its form tells; NULL when all are negative. */
static const struct label_requirement *leader(const struct label_selector *selector)
{
	const struct label_requirement *best = NULL;

	for (size_t i = 0; i < selector->count; i++) {
		const struct label_requirement *each = &selector->items[i];

		if (each->op != LABEL_IN && each->op != LABEL_EXISTS)
			continue;
		if (!best || (each->op == LABEL_IN &&
			      (best->op == LABEL_EXISTS || each->value_count < best->value_count)))
			best = each;
	}
	return best;
}

static bool sorts_by_id(const struct sort *sort)
{
	for (size_t i = 0; i < sort->count; i++)
		if (sort->keys[i].field != SORT_ID)
			return false;
	return true;
}

/* FROM and WHERE over the index of labels. */
static void add_from_labels(struct query *query, const struct store_server_filter *filter,
			    const struct label_requirement *first)
{
	query_add(query, "SELECT l.server_id FROM server_label l WHERE ");
	query_where(query, "l.customer_id = ?", (struct bind)B_INT(filter->customer_id));
	query_where(query, " AND l.key = ?", (struct bind)B_TEXT(first->key));
	if (first->value_count == 1) {
		query_where(query, " AND l.value = ?", (struct bind)B_TEXT(first->values[0]));
	} else if (first->value_count > 1) {
		query_add(query, " AND l.value IN (SELECT value FROM json_each(?))");
		query_bind_values(query, first);
	}
	for (size_t i = 0; i < filter->selector->count; i++)
		if (&filter->selector->items[i] != first)
			query_where_label(query, &filter->selector->items[i], "l.server_id", 0);
}

/* In the name, in a label written key=value, in an address; or the beginning of an address is a
 * server's whole IPv6 network. Of ASCII the case does not matter. */
static void add_search(struct query *query, const char *text)
{
	query_where(query, " AND (instr(lower(s.name), lower(?))", (struct bind)B_TEXT(text));
	query_where(query, " OR instr(lower(s.labels), lower(?))", (struct bind)B_TEXT(text));
	query_where(query,
		    " OR EXISTS (SELECT 1 FROM address a WHERE a.server_id = s.id AND "
		    "(instr(a.ip, lower(?))",
		    (struct bind)B_TEXT(text));
	query_where(query,
		    " OR (a.family = 6 AND instr(lower(?), rtrim(rtrim(a.ip, '0123456789'), '/')) "
		    "= 1)))",
		    (struct bind)B_TEXT(text));
	query_add(query, ")");
}

static void add_from_servers(struct query *query, const struct store_server_filter *filter,
			     const char *columns)
{
	query_add(query, "SELECT ");
	query_add(query, columns);
	query_add(query, " FROM server s WHERE 1");
	if (filter->customer_id)
		query_where(query, " AND s.customer_id = ?",
			    (struct bind)B_INT(filter->customer_id));
	if (filter->name)
		query_where(query, " AND s.name = ?", (struct bind)B_TEXT(filter->name));
	if (filter->search)
		add_search(query, filter->search);
	if (filter->statuses)
		query_where(query, " AND (? >> s.status) & 1",
			    (struct bind)B_INT(filter->statuses));
	if (filter->ids)
		query_where_ids(query, " AND s.id IN (SELECT value FROM json_each(?))", filter->ids,
				filter->id_count);
	for (size_t i = 0; has_selector(filter) && i < filter->selector->count; i++)
		query_where_label(query, &filter->selector->items[i], "s.id", filter->customer_id);
}

/* All ids that match, in order. */
static void add_matching(struct query *query, const struct store_server_filter *filter)
{
	const struct label_requirement *first =
		has_selector(filter) ? leader(filter->selector) : NULL;

	if (first && filter->customer_id && !filter->name && !filter->search && !filter->statuses &&
	    !filter->ids && sorts_by_id(&filter->sort)) {
		add_from_labels(query, filter, first);
		query_order(query, &filter->sort, label_sort_columns);
	} else {
		add_from_servers(query, filter, "s.id");
		query_order(query, &filter->sort, sort_columns);
	}
}

static int count_all(struct store *store, uint64_t customer_id, uint64_t *ret, struct err *err)
{
	if (customer_id)
		return statement_number(store, "SELECT server_count FROM customer WHERE id = ?",
					BIND(B_INT(customer_id)), ret, err);
	return statement_number(store, "SELECT ifnull(sum(server_count), 0) FROM customer", NULL,
				ret, err);
}

static int read_ref(sqlite3_stmt *statement, void *item)
{
	struct store_server_ref *ref = item;

	ref->id = statement_u64(statement, 0);
	ref->version = statement_u64(statement, 1);
	return 0;
}

static void reverse(struct store_server_ref *items, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct store_server_ref item = items[i];

		items[i] = items[count - 1 - i];
		items[count - 1 - i] = item;
	}
}

/* Drops marks that are another customer's, or that a deletion has moved. */
static void check_marks(struct store *store, uint64_t customer_id)
{
	if (store->marks.customer_id == customer_id && store->marks.departures == store->departures)
		return;
	store->marks.customer_id = customer_id;
	store->marks.departures = store->departures;
	store->marks.count = 0;
}

/* One mark more. 1, or 0 when the list ends before it. */
static int add_mark(struct store *store, struct err *err)
{
	const size_t count = store->marks.count;
	uint64_t *ids = reallocarray(store->marks.ids, count + 1, sizeof(*ids));
	int r;

	if (!ids)
		return err_set(err, -ENOMEM, "out of memory");
	store->marks.ids = ids;
	ids[count] = 0;
	r = statement_number(store,
			     "SELECT id FROM server WHERE customer_id = ? AND id >= ? ORDER BY id "
			     "LIMIT 1 OFFSET ?",
			     BIND(B_INT(store->marks.customer_id),
				  B_INT(count ? ids[count - 1] : 0), B_INT(count ? MARK_STEP : 0)),
			     &ids[count], err);
	if (r < 0 || ids[count] == 0)
		return r;
	store->marks.count++;
	return 1;
}

/* From which id on, and how far behind it, the server at @position is. */
static int find_mark(struct store *store, uint64_t customer_id, uint64_t position, uint64_t *ret_id,
		     uint64_t *ret_offset, struct err *err)
{
	const uint64_t wanted = position / MARK_STEP;
	int r = 1;

	*ret_id = 0;
	*ret_offset = position;
	/* What a transaction shows may never come to be. */
	if (wanted == 0 || store_in_transaction(store))
		return 0;
	check_marks(store, customer_id);
	while (r > 0 && store->marks.count <= wanted)
		r = add_mark(store, err);
	if (r < 0)
		return r;
	if (store->marks.count > wanted) {
		*ret_id = store->marks.ids[wanted];
		*ret_offset = position % MARK_STEP;
	}
	return 0;
}

/* A page of a customer's servers by id, from the @first in ascending order on. */
static int list_by_id(struct store *store, const struct store_server_filter *filter, uint64_t first,
		      uint64_t wanted, struct statement_list *list, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	uint64_t id;
	uint64_t offset;
	int r = find_mark(store, filter->customer_id, first, &id, &offset, err);

	if (r < 0)
		return r;
	query_where(&query, "SELECT id, version FROM server WHERE customer_id = ?",
		    (struct bind)B_INT(filter->customer_id));
	query_where(&query, " AND id >= ? ORDER BY id", (struct bind)B_INT(id));
	query_where(&query, " LIMIT ?", (struct bind)B_INT(wanted));
	query_where(&query, " OFFSET ?", (struct bind)B_INT(offset));
	return query_read(store, &query, sizeof(struct store_server_ref), read_ref, "server", list,
			  err);
}

/* A page in any order, counted from the end when that is nearer. */
static int list_in_order(struct store *store, const struct store_server_filter *filter,
			 uint64_t first, uint64_t wanted, uint64_t total,
			 struct statement_list *list, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct sort sort = filter->sort;
	const bool backwards = first > total / 2;
	int r;

	if (backwards) {
		/* Id makes the order complete, so that its mirror image is complete as well. */
		bool by_id = false;

		for (size_t i = 0; i < sort.count; i++) {
			sort.keys[i].descending = !sort.keys[i].descending;
			by_id = by_id || sort.keys[i].field == SORT_ID;
		}
		if (!by_id)
			sort.keys[sort.count++] =
				(struct sort_key){.field = SORT_ID, .descending = true};
		first = total - first - wanted;
	}
	add_from_servers(&query, filter, "s.id, s.version");
	query_order(&query, &sort, sort_columns);
	query_where(&query, " LIMIT ?", (struct bind)B_INT(wanted));
	query_where(&query, " OFFSET ?", (struct bind)B_INT(first));
	r = query_read(store, &query, sizeof(struct store_server_ref), read_ref, "server", list,
		       err);
	if (r == 0 && backwards)
		reverse(list->items, list->count);
	return r;
}

/* A page of everything. */
static int list_plain(struct store *store, const struct store_server_filter *filter,
		      struct store_server_refs *ret, struct err *err)
{
	struct statement_list list = {0};
	const struct sort *sort = &filter->sort;
	uint64_t first = page_offset(&filter->page);
	uint64_t total = 0;
	uint64_t wanted;
	int r = count_all(store, filter->customer_id, &total, err);

	if (r < 0)
		return r;
	wanted = first < total ? total - first : 0;
	if (filter->page.entries && wanted > filter->page.entries)
		wanted = filter->page.entries;
	if (wanted == 0) {
		*ret = (struct store_server_refs){.total = total};
		return 0;
	}
	if (filter->customer_id == 0 || !sorts_by_id(sort)) {
		r = list_in_order(store, filter, first, wanted, total, &list, err);
	} else if (sort->count > 0 && sort->keys[0].descending) {
		r = list_by_id(store, filter, total - first - wanted, wanted, &list, err);
		if (r == 0)
			reverse(list.items, list.count);
	} else {
		r = list_by_id(store, filter, first, wanted, &list, err);
	}
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = (struct store_server_refs){.items = list.items, .count = list.count, .total = total};
	return 0;
}

/* The ids on the page, and how many there are on all pages. */
static int read_matching(struct store *store, const struct store_server_filter *filter,
			 struct statement_list *list, uint64_t *ret_total, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	uint64_t first = page_offset(&filter->page);
	uint64_t total = 0;
	int r;

	add_matching(&query, filter);
	r = query_open(store, &query, &statement, err);
	while (r == 0 && (r = statement_row(store, statement, err)) > 0) {
		uint64_t at = total++;

		r = 0;
		if (at < first || (filter->page.entries && at - first >= filter->page.entries))
			continue;

		struct store_server_ref *ref = statement_list_add(list, sizeof(*ref));

		if (!ref)
			return err_set(err, -ENOMEM, "out of memory");
		ref->id = statement_u64(statement, 0);
	}
	*ret_total = total;
	return r;
}

int store_server_list_refs(struct store *store, const struct store_server_filter *filter,
			   struct store_server_refs *ret, struct err *err)
{
	struct statement_list list = {0};
	struct store_server_refs refs CLEANUP(store_server_refs_done) = {0};
	int r;

	if (is_plain(filter))
		return list_plain(store, filter, ret, err);
	r = read_matching(store, filter, &list, &refs.total, err);
	refs.items = list.items;
	refs.count = list.count;
	for (size_t i = 0; r == 0 && i < refs.count; i++)
		r = store_server_get_version(store, 0, refs.items[i].id, &refs.items[i].version,
					     err);
	if (r < 0)
		return r;
	*ret = refs;
	refs = (struct store_server_refs){0};
	return 0;
}

int store_server_list(struct store *store, const struct store_server_filter *filter,
		      struct store_servers *ret, struct err *err)
{
	struct store_server_refs refs CLEANUP(store_server_refs_done) = {0};
	struct store_servers servers CLEANUP(store_server_done) = {0};
	int r = store_server_list_refs(store, filter, &refs, err);

	if (r < 0)
		return r;
	servers.total = refs.total;
	servers.items = calloc(refs.count ? refs.count : 1, sizeof(*servers.items));
	if (!servers.items)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < refs.count; i++) {
		r = store_server_get(store, 0, refs.items[i].id, &servers.items[servers.count],
				     err);
		if (r == 0)
			servers.count++;
		else if (r != ERR_NOT_FOUND)
			return r;
	}
	*ret = servers;
	servers = (struct store_servers){0};
	return 0;
}

int store_server_count(struct store *store, const struct store_server_filter *filter, uint64_t *ret,
		       struct err *err)
{
	struct store_server_filter nothing = *filter;
	struct statement_list list = {0};
	int r;

	if (is_plain(filter))
		return count_all(store, filter->customer_id, ret, err);
	/* A page past every end: only counted. */
	nothing.page = (struct page){.number = UINT32_MAX, .entries = PAGE_MAX_ENTRIES};
	r = read_matching(store, &nothing, &list, ret, err);
	free(list.items);
	return r;
}

void store_server_done(struct store_servers *servers)
{
	for (size_t i = 0; i < servers->count; i++)
		server_done(&servers->items[i]);
	free(servers->items);
	*servers = (struct store_servers){0};
}

void store_server_refs_done(struct store_server_refs *refs)
{
	free(refs->items);
	*refs = (struct store_server_refs){0};
}

static int read_ids(struct store *store, const char *sql, const struct bind *binds, uint64_t *ids,
		    size_t max, size_t *ret_count, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	size_t count = 0;
	int r = statement_open(store, sql, binds, &statement, err);

	while (r == 0 && count < max && (r = statement_row(store, statement, err)) > 0) {
		ids[count++] = statement_u64(statement, 0);
		r = 0;
	}
	if (r < 0)
		return r;
	*ret_count = count;
	return 0;
}

int store_server_list_suspended(struct store *store, uint64_t *ids, size_t max, size_t *ret_count,
				struct err *err)
{
	return read_ids(store,
			"SELECT s.id FROM customer c JOIN server s ON s.customer_id = c.id "
			"WHERE c.suspended = 1 AND s.status = ? AND "
			"s.locked_action_id = 0 LIMIT ?",
			BIND(B_INT(SERVER_RUNNING), B_INT(max)), ids, max, ret_count, err);
}

int store_server_suspended(struct store *store, uint64_t id, bool stopped, struct err *err)
{
	int r = statement_run(store,
			      stopped ? "INSERT INTO suspended_server(server_id) VALUES (?) ON "
					"CONFLICT DO NOTHING"
				      : "DELETE FROM suspended_server WHERE server_id = ?",
			      BIND(B_INT(id)), err);

	return r < 0 ? r : 0;
}

int store_server_list_to_resume(struct store *store, uint64_t *ids, size_t max, size_t *ret_count,
				struct err *err)
{
	return read_ids(store,
			"SELECT s.id FROM suspended_server p JOIN server s ON s.id = p.server_id "
			"JOIN customer c ON c.id = s.customer_id WHERE c.suspended = 0 AND "
			"s.locked_action_id = 0 LIMIT ?",
			BIND(B_INT(max)), ids, max, ret_count, err);
}

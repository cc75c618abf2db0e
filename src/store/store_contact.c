#include "store/store_contact.h"

#include <stdlib.h>

#include "store/query.h"

#define THREADS                                                                                    \
	"SELECT t.id, t.customer_id, c.name, t.subject, t.state, t.created_ms, t.updated_ms, "     \
	"(SELECT count(*) FROM contact_message m WHERE m.thread_id = t.id) "                       \
	"FROM contact_thread t JOIN customer c ON c.id = t.customer_id "

static int read_thread(sqlite3_stmt *statement, void *item)
{
	struct contact_thread *thread = item;

	thread->id = statement_u64(statement, 0);
	thread->customer_id = statement_u64(statement, 1);
	thread->state = (enum contact_state)statement_u32(statement, 4);
	thread->created_ms = sqlite3_column_int64(statement, 5);
	thread->updated_ms = sqlite3_column_int64(statement, 6);
	thread->messages = statement_u64(statement, 7);
	if (thread->state < CONTACT_OPEN || thread->state > CONTACT_CLOSED ||
	    statement_copy(statement, 2, thread->customer_name, sizeof(thread->customer_name)) < 0)
		return ERR_CORRUPT;
	return statement_dup(statement, 3, &thread->subject);
}

static int read_message(sqlite3_stmt *statement, void *item)
{
	struct contact_message *message = item;

	message->id = statement_u64(statement, 0);
	message->thread_id = statement_u64(statement, 1);
	message->by_operator = statement_bool(statement, 3);
	message->created_ms = sqlite3_column_int64(statement, 5);
	if (statement_copy(statement, 2, message->author, sizeof(message->author)) < 0)
		return ERR_CORRUPT;
	return statement_dup(statement, 4, &message->text);
}

int store_contact_insert(struct store *store, struct contact_thread *thread, struct err *err)
{
	int r = statement_run(store,
			      "INSERT INTO contact_thread(customer_id, subject, state, created_ms, "
			      "updated_ms) VALUES (?, ?, ?, ?, ?)",
			      BIND(B_INT(thread->customer_id), B_TEXT(thread->subject),
				   B_INT(thread->state), B_INT(thread->created_ms),
				   B_INT(thread->updated_ms)),
			      err);

	if (r < 0)
		return r;
	thread->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_contact_get(struct store *store, uint64_t customer_id, uint64_t id,
		      struct contact_thread *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct contact_thread thread CLEANUP(contact_thread_done) = {0};
	int r = statement_one(store, "contact thread",
			      THREADS "WHERE t.id = ?1 AND (?2 = 0 OR t.customer_id = ?2)",
			      BIND(B_INT(id), B_INT(customer_id)), &statement, err);

	if (r < 0)
		return r;
	if (read_thread(statement, &thread) < 0)
		return statement_corrupt("contact thread", err);
	*ret = thread;
	thread = (struct contact_thread){0};
	return 0;
}

static void add_conditions(struct query *query, uint64_t customer_id, enum contact_state state)
{
	query_add(query, "WHERE 1");
	if (customer_id != 0)
		query_where(query, " AND t.customer_id = ?", (struct bind)B_INT(customer_id));
	if (state != 0)
		query_where(query, " AND t.state = ?", (struct bind)B_INT(state));
}

int store_contact_list(struct store *store, uint64_t customer_id, enum contact_state state,
		       const struct page *page, struct store_contact_threads *ret, struct err *err)
{
	struct query counting CLEANUP(query_done) = {0};
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	uint64_t total = 0;
	int r;

	query_add(&counting, "SELECT count(*) FROM contact_thread t ");
	add_conditions(&counting, customer_id, state);
	if ((r = query_number(store, &counting, &total, err)) < 0)
		return r;
	query_add(&query, THREADS);
	add_conditions(&query, customer_id, state);
	query_add(&query, " ORDER BY t.updated_ms DESC, t.id DESC");
	query_page(&query, page);
	r = query_read(store, &query, sizeof(struct contact_thread), read_thread, "contact thread",
		       &list, err);
	*ret = (struct store_contact_threads){list.items, list.count, total};
	if (r < 0)
		store_contact_done(ret);
	return r;
}

void store_contact_done(struct store_contact_threads *threads)
{
	for (size_t i = 0; i < threads->count; i++)
		contact_thread_done(&threads->items[i]);
	free(threads->items);
	*threads = (struct store_contact_threads){0};
}

int store_contact_update(struct store *store, uint64_t id, enum contact_state state,
			 int64_t updated_ms, struct err *err)
{
	return statement_run_one(store, "contact thread",
				 "UPDATE contact_thread SET state = ?, updated_ms = ? WHERE id = ?",
				 BIND(B_INT(state), B_INT(updated_ms), B_INT(id)), err);
}

int store_contact_add(struct store *store, struct contact_message *message, struct err *err)
{
	int r = statement_run(
		store,
		"INSERT INTO contact_message(thread_id, author, by_operator, text, created_ms) "
		"VALUES (?, ?, ?, ?, ?)",
		BIND(B_INT(message->thread_id), B_TEXT(message->author),
		     B_INT(message->by_operator), B_TEXT(message->text),
		     B_INT(message->created_ms)),
		err);

	if (r < 0)
		return r;
	message->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_contact_messages(struct store *store, uint64_t thread_id, const struct page *page,
			   struct store_contact_messages *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	uint64_t total = 0;
	int r = statement_number(store, "SELECT count(*) FROM contact_message WHERE thread_id = ?",
				 BIND(B_INT(thread_id)), &total, err);

	if (r < 0)
		return r;
	query_where(&query,
		    "SELECT id, thread_id, author, by_operator, text, created_ms "
		    "FROM contact_message WHERE thread_id = ? ORDER BY id",
		    (struct bind)B_INT(thread_id));
	query_page(&query, page);
	r = query_read(store, &query, sizeof(struct contact_message), read_message,
		       "contact message", &list, err);
	*ret = (struct store_contact_messages){list.items, list.count, total};
	if (r < 0)
		store_contact_messages_done(ret);
	return r;
}

void store_contact_messages_done(struct store_contact_messages *messages)
{
	for (size_t i = 0; i < messages->count; i++)
		contact_message_done(&messages->items[i]);
	free(messages->items);
	*messages = (struct store_contact_messages){0};
}

int store_contact_last_author(struct store *store, uint64_t thread_id, char ret[NAME_LABEL_BYTES],
			      struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(store,
			       "SELECT author FROM contact_message WHERE thread_id = ? AND "
			       "by_operator = 0 ORDER BY id DESC LIMIT 1",
			       BIND(B_INT(thread_id)), &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	*ret = '\0';
	return r == 0 || statement_copy(statement, 0, ret, NAME_LABEL_BYTES) == 0
		       ? 0
		       : statement_corrupt("contact message", err);
}

int store_contact_count_since(struct store *store, uint64_t customer_id, int64_t since_ms,
			      uint64_t *ret, struct err *err)
{
	return statement_number(
		store,
		"SELECT count(*) FROM contact_message m JOIN contact_thread t ON t.id = "
		"m.thread_id WHERE m.created_ms > ?1 AND m.by_operator = 0 AND t.customer_id = ?2",
		BIND(B_INT(since_ms), B_INT(customer_id)), ret, err);
}

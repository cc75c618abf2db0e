// Threads and their messages in the database, and that an account sees its own alone.
#include "fixture.h"

#include "store/store_attachment.h"
#include "store/store_contact.h"
#include "store/store_customer.h"

#define NOW FIXTURE_NOW_MS

static uint64_t open_thread(struct fixture *f, uint64_t customer_id, int64_t at_ms)
{
	struct contact_thread thread CLEANUP(contact_thread_done) = {.customer_id = customer_id,
								     .subject = strdup("題"),
								     .state = CONTACT_OPEN,
								     .created_ms = at_ms,
								     .updated_ms = at_ms};

	assert_ok(store_contact_insert(f->store, &thread, ERR));
	return thread.id;
}

static void say(struct fixture *f, uint64_t thread_id, bool by_operator, int64_t at_ms)
{
	struct contact_message message CLEANUP(contact_message_done) = {.thread_id = thread_id,
									.author = "hanako",
									.by_operator = by_operator,
									.text = strdup("一\n二"),
									.created_ms = at_ms};

	assert_ok(store_contact_add(f->store, &message, ERR));
}

static void threads(void **state)
{
	struct fixture *f = *state;
	const uint64_t mine = fixture_customer(f, "mine"), theirs = fixture_customer(f, "theirs");
	const uint64_t first = open_thread(f, mine, NOW), second = open_thread(f, mine, NOW + 1);
	const uint64_t foreign = open_thread(f, theirs, NOW + 2);
	struct store_contact_threads list CLEANUP(store_contact_done) = {0};
	struct contact_thread thread CLEANUP(contact_thread_done) = {0};
	const struct page all = {1, 50};

	say(f, first, false, NOW + 3);
	assert_ok(store_contact_update(f->store, first, CONTACT_ANSWERED, NOW + 4, ERR));
	assert_ok(store_contact_list(f->store, mine, 0, &all, &list, ERR));
	assert_int_equal(list.total, 2);
	assert_int_equal(list.items[0].id, first);
	assert_int_equal(list.items[0].messages, 1);
	assert_string_equal(list.items[0].customer_name, "mine");
	store_contact_done(&list);
	assert_ok(store_contact_list(f->store, mine, CONTACT_OPEN, &all, &list, ERR));
	assert_int_equal(list.total, 1);
	assert_int_equal(list.items[0].id, second);
	store_contact_done(&list);
	assert_ok(store_contact_list(f->store, 0, 0, &all, &list, ERR));
	assert_int_equal(list.total, 3);
	assert_int_equal(store_contact_get(f->store, mine, foreign, &thread, NULL), ERR_NOT_FOUND);
	assert_ok(store_contact_get(f->store, 0, foreign, &thread, ERR));
	assert_string_equal(thread.subject, "題");
	assert_int_equal(store_contact_update(f->store, 99, CONTACT_OPEN, NOW, NULL),
			 ERR_NOT_FOUND);
}

static void messages(void **state)
{
	struct fixture *f = *state;
	const uint64_t mine = fixture_customer(f, "mine");
	const uint64_t id = open_thread(f, mine, NOW);
	struct store_contact_messages list CLEANUP(store_contact_messages_done) = {0};
	const struct page second = {2, 2};
	uint64_t count = 0;

	say(f, id, false, NOW + 1);
	say(f, id, true, NOW + 2);
	say(f, id, false, NOW + 3);
	assert_ok(store_contact_messages(f->store, id, &second, &list, ERR));
	assert_int_equal(list.total, 3);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.items[0].created_ms, NOW + 3);
	assert_string_equal(list.items[0].text, "一\n二");
	assert_ok(store_contact_count_since(f->store, mine, NOW + 1, &count, ERR));
	assert_int_equal(count, 1);
	assert_ok(store_contact_count_since(f->store, mine, 0, &count, ERR));
	assert_int_equal(count, 2); /* what operators write is not counted */
	store_contact_messages_done(&list);
	assert_ok(store_customer_delete(f->store, mine, ERR));
	assert_ok(store_contact_messages(f->store, id, &second, &list, ERR));
	assert_int_equal(list.total, 0);
}

static uint64_t announce(struct fixture *f, uint64_t customer_id, bool by_operator, int64_t at_ms)
{
	struct attachment attachment = {.customer_id = customer_id,
					.author = "hanako",
					.by_operator = by_operator,
					.name = "画面.png",
					.bytes = 5,
					.created_ms = at_ms};

	assert_ok(store_attachment_insert(f->store, &attachment, ERR));
	assert_ok(store_attachment_add(f->store, &attachment, "abc", 3, ERR));
	assert_ok(store_attachment_add(f->store, &attachment, "de", 2, ERR));
	return attachment.id;
}

static void attachments(void **state)
{
	struct fixture *f = *state;
	const uint64_t mine = fixture_customer(f, "mine"), theirs = fixture_customer(f, "theirs");
	const uint64_t thread = open_thread(f, mine, NOW);
	const uint64_t first = announce(f, mine, false, NOW);
	const uint64_t second = announce(f, theirs, true, NOW + 5);
	struct store_attachments list CLEANUP(store_attachment_done) = {0};
	struct contact_message message CLEANUP(contact_message_done) = {
		.thread_id = thread, .author = "hanako", .text = strdup("x"), .created_ms = NOW};
	struct buf piece CLEANUP(buf_done) = {0};
	struct attachment found;
	uint64_t used = 0;

	assert_ok(store_contact_add(f->store, &message, ERR));
	assert_ok(store_attachment_get(f->store, mine, first, &found, ERR));
	assert_int_equal(found.received, 5);
	assert_int_equal(found.message_id, 0);
	assert_int_equal(store_attachment_get(f->store, theirs, first, &found, NULL),
			 ERR_NOT_FOUND);
	/* Not whole: it cannot be sent. */
	assert_int_equal(store_attachment_send(f->store, first, message.id, mine, NULL),
			 ERR_NOT_FOUND);
	found.kind = ATTACHMENT_PNG;
	assert_ok(store_attachment_set_whole(f->store, &found, ERR));
	found.id = second;
	assert_ok(store_attachment_set_whole(f->store, &found, ERR));
	assert_ok(store_attachment_send(f->store, first, message.id, mine, ERR));
	assert_int_equal(store_attachment_send(f->store, first, message.id, mine, NULL),
			 ERR_NOT_FOUND);
	/* An operator's is in the account of the thread from then on, and counts for nobody. */
	assert_ok(store_attachment_send(f->store, second, message.id, mine, ERR));
	assert_ok(store_attachment_of(f->store, message.id, &list, ERR));
	assert_int_equal(list.count, 2);
	assert_int_equal(list.items[0].thread_id, thread);
	assert_string_equal(list.items[1].name, "画面.png");
	assert_ok(store_attachment_used(f->store, mine, &used, ERR));
	assert_int_equal(used, 5);
	assert_ok(store_attachment_piece(f->store, first, 3, &piece, ERR));
	assert_memory_equal(piece.data, "de", 2);
	assert_int_equal(store_attachment_piece(f->store, first, 5, &piece, NULL), ERR_NOT_FOUND);
	/* What was sent stays; what was not goes, with its pieces. */
	(void)announce(f, theirs, false, NOW);
	assert_ok(store_attachment_forget(f->store, NOW + 1, ERR));
	assert_ok(store_attachment_used(f->store, theirs, &used, ERR));
	assert_int_equal(used, 0);
	assert_ok(store_attachment_get(f->store, 0, first, &found, ERR));
	assert_ok(store_attachment_delete(f->store, first, ERR));
	assert_int_equal(store_attachment_piece(f->store, first, 0, &piece, NULL), ERR_NOT_FOUND);
	assert_ok(store_customer_delete(f->store, mine, ERR));
	assert_int_equal(store_attachment_get(f->store, 0, second, &found, NULL), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(threads, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(messages, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(attachments, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

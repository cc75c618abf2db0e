// Messages in the database: in which order they are due, what is forgotten, and that room is
// bounded.
#include "fixture.h"

#include "store/store_customer.h"
#include "store/store_post.h"

#define NOW FIXTURE_NOW_MS

static int add(struct fixture *f, enum post_kind kind, const char *recipient, int64_t at_ms,
	       uint64_t *ret_id)
{
	struct post post CLEANUP(post_done) = {
		.kind = kind, .subject = strdup("題"), .body = strdup("{}"), .created_ms = at_ms};
	int r;

	(void)snprintf(post.recipient, sizeof post.recipient, "%s", recipient);
	r = store_post_add(f->store, &post, NULL);
	if (ret_id != NULL)
		*ret_id = post.id;
	return r;
}

static uint64_t due(struct fixture *f, int64_t now_ms)
{
	struct post post CLEANUP(post_done) = {0};

	return store_post_due(f->store, now_ms, POST_MAIL, &post, NULL) == 0 ? post.id : 0;
}

static void order(void **state)
{
	struct fixture *f = *state;
	struct post post CLEANUP(post_done) = {0};
	uint64_t hook, mail, later;
	int64_t next_ms = 0;

	assert_ok(store_post_next(f->store, &next_ms, ERR));
	assert_int_equal(next_ms, 0);
	assert_ok(add(f, POST_WEBHOOK, "https://example.com/", NOW, &hook));
	assert_ok(add(f, POST_MAIL, "a@example.com", NOW + 1, &mail));
	assert_ok(add(f, POST_MAIL, "b@example.com", NOW + 1000, &later));
	assert_int_equal(due(f, NOW - 1), 0);
	assert_int_equal(due(f, NOW), hook);
	assert_int_equal(due(f, NOW + 1), mail);
	assert_ok(store_post_due(f->store, NOW + 1, POST_WEBHOOK, &post, ERR));
	assert_int_equal(post.id, hook);
	post_done(&post);
	assert_ok(store_post_next(f->store, &next_ms, ERR));
	assert_int_equal(next_ms, NOW);
	assert_ok(store_post_try(f->store, mail, 1, NOW + 500, NOW + 2, ERR));
	assert_int_equal(due(f, NOW + 3), hook);
	assert_ok(store_post_failed(f->store, mail, POST_WAITING, "nobody is there", NOW + 3, ERR));
	assert_ok(store_post_sent(f->store, hook, NOW + 3, ERR));
	assert_int_equal(due(f, NOW + 500), mail);
	/* What has failed comes after what has not. */
	assert_int_equal(due(f, NOW + 1000), later);
	assert_ok(store_post_get(f->store, 0, hook, &post, ERR));
	assert_int_equal(post.state, POST_SENT);
	assert_null(post.body);
	post_done(&post);
	assert_ok(store_post_get(f->store, 0, mail, &post, ERR));
	assert_int_equal(post.attempts, 1);
	assert_string_equal(post.error, "nobody is there");
	assert_string_equal(post.body, "{}");
	post_done(&post);
	assert_int_equal(store_post_get(f->store, 1, mail, &post, NULL), ERR_NOT_FOUND);
}

static void failures(void **state)
{
	struct fixture *f = *state;
	struct store_posts list CLEANUP(store_post_done) = {0};
	const struct page all = {1, 50};
	uint64_t id;

	assert_ok(add(f, POST_MAIL, "a@example.com", NOW, &id));
	assert_int_equal(store_post_retry(f->store, id, NOW, NULL), ERR_NOT_FOUND);
	assert_ok(store_post_failed(f->store, id, POST_FAILED, "no such mailbox", NOW + 1, ERR));
	assert_int_equal(due(f, NOW + 10), 0);
	assert_ok(store_post_list(f->store, 0, POST_FAILED, &all, &list, ERR));
	assert_int_equal(list.total, 1);
	assert_null(list.items[0].body);
	assert_string_equal(list.items[0].error, "no such mailbox");
	assert_ok(store_post_retry(f->store, id, NOW + 10, ERR));
	assert_int_equal(due(f, NOW + 10), id);
	assert_ok(store_post_failed(f->store, id, POST_FAILED, "no such mailbox", NOW + 11, ERR));
	assert_ok(store_post_expire(f->store, NOW + 11 + POST_KEPT_MS, ERR));
	store_post_done(&list);
	assert_ok(store_post_list(f->store, 0, 0, &all, &list, ERR));
	assert_int_equal(list.total, 1);
	assert_ok(store_post_expire(f->store, NOW + 12 + POST_KEPT_MS, ERR));
	store_post_done(&list);
	assert_ok(store_post_list(f->store, 0, 0, &all, &list, ERR));
	assert_int_equal(list.total, 0);
}

static void of_no_use_any_more(void **state)
{
	struct fixture *f = *state;
	struct post post CLEANUP(post_done) = {.kind = POST_MAIL,
					       .recipient = "a@example.com",
					       .subject = strdup("題"),
					       .body = strdup("link"),
					       .created_ms = NOW,
					       .expires_ms = NOW + 10};

	assert_ok(store_post_add(f->store, &post, ERR));
	const uint64_t id = post.id;
	assert_ok(store_post_expire(f->store, NOW + 9, ERR));
	assert_int_equal(due(f, NOW + 9), id);
	assert_ok(store_post_expire(f->store, NOW + 10, ERR));
	assert_int_equal(due(f, NOW + 10), 0);
	post_done(&post);
	assert_ok(store_post_get(f->store, 0, id, &post, ERR));
	assert_int_equal(post.state, POST_FAILED);
	assert_null(post.body);
	assert_int_equal(store_post_retry(f->store, id, NOW, NULL), ERR_NOT_FOUND);
}

static void room(void **state)
{
	struct fixture *f = *state;
	char address[32];

	assert_ok(store_begin(f->store, ERR));
	for (unsigned i = 0; i < POST_RECIPIENT_MAX; i++)
		assert_ok(add(f, POST_MAIL, "a@example.com", NOW, NULL));
	assert_int_equal(add(f, POST_MAIL, "a@example.com", NOW, NULL), ERR_LIMIT);
	for (unsigned i = POST_RECIPIENT_MAX; i < POST_WAITING_MAX; i++) {
		(void)snprintf(address, sizeof address, "a@n%u.example", i / POST_RECIPIENT_MAX);
		assert_ok(add(f, POST_MAIL, address, NOW, NULL));
	}
	assert_int_equal(add(f, POST_MAIL, "b@example.com", NOW, NULL), ERR_LIMIT);
	assert_int_equal(add(f, POST_MAIL, "b@example.com\n", NOW, NULL), ERR_INVALID_INPUT);
	store_rollback(f->store);
	assert_int_equal(due(f, NOW), 0);
}

static void an_accounts_messages_go_with_it(void **state)
{
	struct fixture *f = *state;
	const uint64_t mine = fixture_customer(f, "mine");
	struct post post CLEANUP(post_done) = {.kind = POST_WEBHOOK,
					       .recipient = "https://example.com/",
					       .customer_id = mine,
					       .subject = strdup("alert"),
					       .body = strdup("{}"),
					       .created_ms = NOW};

	assert_ok(store_post_add(f->store, &post, ERR));
	assert_int_equal(due(f, NOW), post.id);
	assert_ok(store_customer_delete(f->store, mine, ERR));
	assert_int_equal(due(f, NOW), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(order, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(failures, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(of_no_use_any_more, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(room, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(an_accounts_messages_go_with_it, fixture_setup,
						fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

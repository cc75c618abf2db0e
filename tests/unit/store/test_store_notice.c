// Notices in the database: their order, and who has read which.
#include "fixture.h"

#include "store/store_notice.h"
#include "store/store_user.h"

#define NOW FIXTURE_NOW_MS
#define FAR (NOW + 1000000)

static uint64_t user_of(struct fixture *f, const char *name, int64_t created_ms)
{
	struct user user = {.password_hash = "$argon2id$x", .created_ms = created_ms};

	(void)snprintf(user.name, sizeof(user.name), "%s", name);
	assert_ok(store_user_insert(f->store, &user, ERR));
	return user.id;
}

static uint64_t publish(struct fixture *f, int64_t at_ms, bool pinned, int64_t ends_ms)
{
	struct notice notice CLEANUP(notice_done) = {.kind = ends_ms > 0 ? NOTICE_MAINTENANCE
									 : NOTICE_ORDINARY,
						     .pinned = pinned,
						     .title_ja = strdup("題"),
						     .title_en = strdup("Title"),
						     .body_ja = strdup("文\n文"),
						     .body_en = strdup("Text"),
						     .starts_ms = ends_ms > 0 ? ends_ms - 1 : 0,
						     .ends_ms = ends_ms,
						     .published_ms = at_ms,
						     .told_ms = at_ms};

	assert_ok(store_notice_insert(f->store, &notice, ERR));
	return notice.id;
}

static uint64_t unread(struct fixture *f, uint64_t user_id)
{
	uint64_t count = 99;

	assert_ok(store_notice_count_unread(f->store, user_id, FAR, &count, ERR));
	return count;
}

static void order(void **state)
{
	struct fixture *f = *state;
	const uint64_t old = publish(f, NOW + 1, true, 0);
	const uint64_t over = publish(f, NOW + 2, true, NOW + 50);
	const uint64_t coming = publish(f, NOW + 3, true, NOW + 500);
	const uint64_t newest = publish(f, NOW + 4, false, 0);
	const uint64_t expected[] = {coming, old, newest, over};
	struct store_notices list CLEANUP(store_notice_done) = {0};
	struct store_notice_filter filter = {.now_ms = NOW + 100, .page = {1, 50}};

	assert_ok(store_notice_list(f->store, &filter, &list, ERR));
	assert_int_equal(list.total, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(list.items[i].id, expected[i]);
	assert_string_equal(list.items[0].body_ja, "文\n文");
	store_notice_done(&list);
	filter.kind = NOTICE_ORDINARY;
	filter.page = (struct page){2, 1};
	assert_ok(store_notice_list(f->store, &filter, &list, ERR));
	assert_int_equal(list.total, 2);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.items[0].id, newest);
}

static void reading(void **state)
{
	struct fixture *f = *state;
	const uint64_t hanako = user_of(f, "hanako", NOW);
	const uint64_t late = user_of(f, "late", NOW + 15);
	const uint64_t first = publish(f, NOW + 10, false, 0);
	const uint64_t second = publish(f, NOW + 20, false, 0);
	struct notice notice CLEANUP(notice_done) = {0};

	assert_int_equal(unread(f, hanako), 2);
	assert_int_equal(unread(f, late), 1); /* what was told before one came is no news */
	assert_int_equal(unread(f, 0), 0);
	assert_ok(store_notice_mark_read(f->store, hanako, first, first, FAR, ERR));
	assert_ok(store_notice_mark_read(f->store, hanako, first, first, FAR, ERR));
	assert_int_equal(unread(f, hanako), 1);
	assert_ok(store_notice_get(f->store, hanako, first, &notice, ERR));
	assert_true(notice.read);
	notice_done(&notice);
	assert_ok(store_notice_get(f->store, late, second, &notice, ERR));
	assert_false(notice.read);
	assert_ok(store_notice_mark_read(f->store, hanako, 1, INT64_MAX, FAR, ERR));
	assert_int_equal(unread(f, hanako), 0);
	assert_int_equal(unread(f, late), 1);
	/* Told again: even to who came between. */
	notice_done(&notice);
	assert_ok(store_notice_get(f->store, hanako, first, &notice, ERR));
	notice.told_ms = notice.edited_ms = NOW + 30;
	assert_ok(store_notice_update(f->store, &notice, ERR));
	assert_ok(store_notice_forget_read(f->store, first, ERR));
	assert_int_equal(unread(f, hanako), 1);
	assert_int_equal(unread(f, late), 2);
}

static void withdrawn(void **state)
{
	struct fixture *f = *state;
	const uint64_t hanako = user_of(f, "hanako", NOW);
	const uint64_t id = publish(f, NOW + 10, false, 0);
	struct notice notice CLEANUP(notice_done) = {0};
	struct store_notices list CLEANUP(store_notice_done) = {0};
	struct store_notice_filter filter = {.now_ms = FAR, .page = {1, 50}};

	assert_ok(store_notice_get(f->store, hanako, id, &notice, ERR));
	notice.withdrawn_ms = NOW + 11;
	assert_ok(store_notice_update(f->store, &notice, ERR));
	assert_int_equal(unread(f, hanako), 0);
	assert_ok(store_notice_mark_read(f->store, hanako, id, id, FAR, ERR));
	assert_ok(store_notice_list(f->store, &filter, &list, ERR));
	assert_int_equal(list.total, 0);
	store_notice_done(&list);
	filter.withdrawn = true;
	assert_ok(store_notice_list(f->store, &filter, &list, ERR));
	assert_int_equal(list.total, 1);
	assert_int_equal(list.items[0].withdrawn_ms, NOW + 11);
	notice.id = 99;
	assert_int_equal(store_notice_update(f->store, &notice, NULL), ERR_NOT_FOUND);
	notice_done(&notice);
	assert_int_equal(store_notice_get(f->store, 0, 99, &notice, NULL), ERR_NOT_FOUND);
}

/* One that is still to appear is in no list but its own, and cannot be read before its time. */
static void scheduled(void **state)
{
	struct fixture *f = *state;
	const uint64_t hanako = user_of(f, "hanako", NOW);
	const uint64_t first = publish(f, NOW + 1, false, 0),
		       later = publish(f, NOW + 50, false, 0);
	struct store_notice_filter filter = {
		.now_ms = NOW + 49, .scheduled = true, .page = {1, 50}};
	struct store_notices list CLEANUP(store_notice_done) = {0};
	struct store_notice_appeared appeared[2];
	uint64_t count = 99;
	size_t found = 99;

	assert_ok(store_notice_list(f->store, &filter, &list, ERR));
	assert_int_equal(list.total, 1);
	assert_int_equal(list.items[0].id, later);
	store_notice_done(&list);
	filter.scheduled = false;
	assert_ok(store_notice_list(f->store, &filter, &list, ERR));
	assert_int_equal(list.total, 1);
	assert_int_equal(list.items[0].id, first);
	store_notice_done(&list);
	assert_ok(store_notice_count_unread(f->store, hanako, NOW + 49, &count, ERR));
	assert_int_equal(count, 1);
	assert_ok(store_notice_mark_read(f->store, hanako, 1, INT64_MAX, NOW + 49, ERR));
	assert_ok(store_notice_appeared(f->store, NOW, NOW + 49, appeared, 2, &found, ERR));
	assert_int_equal(found, 1);
	assert_int_equal(appeared[0].id, first);
	assert_ok(store_notice_appeared(f->store, NOW + 49, NOW + 50, appeared, 2, &found, ERR));
	assert_int_equal(found, 1);
	assert_int_equal(appeared[0].id, later);
	assert_int_equal(appeared[0].published_ms, NOW + 50);
	assert_ok(store_notice_appeared(f->store, NOW, NOW + 50, appeared, 1, &found, ERR));
	assert_int_equal(found, 1);
	assert_int_equal(appeared[0].id, first);
	assert_ok(store_notice_count_unread(f->store, hanako, NOW + 50, &count, ERR));
	assert_int_equal(count, 1);
	filter.now_ms = NOW + 50;
	assert_ok(store_notice_list(f->store, &filter, &list, ERR));
	assert_int_equal(list.total, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(order, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(reading, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(scheduled, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(withdrawn, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Tickets that are taken once, the history of consoles, and what a right to one stands on.
#include "fixture.h"

#include "store/statement.h"
#include "store/store_console.h"
#include "store/store_customer.h"
#include "store/store_membership.h"
#include "store/store_session.h"
#include "store/store_standing.h"
#include "store/store_ticket.h"
#include "store/store_token.h"
#include "store/store_user.h"

#define NOW FIXTURE_NOW_MS

static const uint8_t hash_a[SECRET_HASH_BYTES] = {1}, hash_b[SECRET_HASH_BYTES] = {2};

static struct ticket a_ticket(enum ticket_use use)
{
	struct ticket ticket = {.use = use,
				.who = {.via = PRINCIPAL_SESSION,
					.user_id = 3,
					.customer_id = 4,
					.token_id = 5,
					.session_id = 6},
				.uid = 7,
				.gid = 8,
				.by_operator = true,
				.server_id = 9,
				.uuid = {10, 11},
				.generation = 12,
				.kind = 2,
				.mode = 1,
				.origin = "https://vps.example.jp",
				.expires_ms = NOW + TICKET_MS};

	return ticket;
}

static uint64_t tickets(struct fixture *f)
{
	uint64_t count = 99;

	assert_ok(store_ticket_count(f->store, &count, ERR));
	return count;
}

static void a_ticket_is_taken_once_and_whole(void **state)
{
	struct fixture *f = *state;
	const struct ticket made = a_ticket(TICKET_FRAME);
	struct ticket got = {0};

	assert_ok(store_ticket_insert(f->store, hash_a, &made, NOW, ERR));
	assert_int_equal(store_ticket_redeem(f->store, hash_b, TICKET_FRAME, NOW, &got, ERR),
			 ERR_NOT_FOUND);
	assert_int_equal(store_ticket_redeem(f->store, hash_a, TICKET_COOKIE, NOW, &got, ERR),
			 ERR_NOT_FOUND);
	assert_ok(store_ticket_redeem(f->store, hash_a, TICKET_FRAME, NOW, &got, ERR));
	assert_int_equal(got.use, TICKET_FRAME);
	assert_int_equal(got.who.via, PRINCIPAL_SESSION);
	assert_int_equal(got.who.user_id, 3);
	assert_int_equal(got.who.customer_id, 4);
	assert_int_equal(got.who.token_id, 5);
	assert_int_equal(got.who.session_id, 6);
	assert_int_equal(got.uid, 7);
	assert_int_equal(got.gid, 8);
	assert_true(got.by_operator);
	assert_int_equal(got.server_id, 9);
	assert_memory_equal(got.uuid, made.uuid, sizeof(made.uuid));
	assert_int_equal(got.generation, 12);
	assert_int_equal(got.kind, 2);
	assert_int_equal(got.mode, 1);
	assert_string_equal(got.origin, made.origin);
	assert_int_equal(got.expires_ms, made.expires_ms);
	assert_int_equal(store_ticket_redeem(f->store, hash_a, TICKET_FRAME, NOW, &got, ERR),
			 ERR_NOT_FOUND);
	assert_int_equal(tickets(f), 0);
}

static void a_late_ticket_is_none(void **state)
{
	struct fixture *f = *state;
	const struct ticket made = a_ticket(TICKET_FRAME);
	struct ticket got;

	assert_ok(store_ticket_insert(f->store, hash_a, &made, NOW, ERR));
	assert_int_equal(
		store_ticket_redeem(f->store, hash_a, TICKET_FRAME, NOW + TICKET_MS, &got, ERR),
		ERR_NOT_FOUND);
	assert_ok(store_ticket_redeem(f->store, hash_a, TICKET_FRAME, NOW + TICKET_MS - 1, &got,
				      ERR));
	assert_ok(store_ticket_insert(f->store, hash_a, &made, NOW, ERR));
	assert_ok(store_ticket_insert(f->store, hash_b, &made, NOW + TICKET_MS, ERR));
	assert_int_equal(tickets(f), 1); /* making one forgets those that are late */
}

static void tickets_end_with_the_process_and_are_in_no_file(void **state)
{
	struct fixture *f = *state;
	const struct ticket made = a_ticket(TICKET_FRAME);
	uint64_t generation = store_generation(f->store), found = 1;

	assert_ok(store_ticket_insert(f->store, hash_a, &made, NOW, ERR));
	assert_int_equal(store_generation(f->store), generation);
	assert_ok(statement_number(f->store,
				   "SELECT count(*) FROM sqlite_master WHERE name = 'ticket'", NULL,
				   &found, ERR));
	assert_int_equal(found, 0);
	fixture_reopen(f);
	assert_int_equal(tickets(f), 0);
}

static struct store_console_line a_line(uint64_t customer_id, const char *name)
{
	struct store_console_line line = {.customer_id = customer_id,
					  .server_id = 5,
					  .server_name = "hajime",
					  .kind = 1,
					  .mode = 2,
					  .via = PRINCIPAL_TOKEN,
					  .user_id = 6,
					  .token_id = 7,
					  .peer = "192.0.2.1",
					  .opened_ms = NOW};

	(void)snprintf(line.name, sizeof(line.name), "%s", name);
	return line;
}

static void the_history_lists_newest_first_and_closes_what_a_crash_left(void **state)
{
	struct fixture *f = *state;
	struct store_console_line first = a_line(1, "first"), second = a_line(1, "second"),
				  other = a_line(2, "other"), got;
	struct store_consoles list CLEANUP(store_console_done) = {0};
	struct store_console_filter filter = {.customer_id = 1, .open = -1, .page = {1, 50}};

	assert_ok(store_console_insert(f->store, &first, ERR));
	assert_ok(store_console_insert(f->store, &second, ERR));
	assert_ok(store_console_insert(f->store, &other, ERR));
	first.closed_ms = NOW + 5;
	first.code = 4002;
	(void)snprintf(first.reason, sizeof(first.reason), "cut");
	first.bytes_in = 11;
	first.bytes_out = 22;
	assert_ok(store_console_update_end(f->store, &first, ERR));
	assert_ok(store_console_list(f->store, &filter, &list, ERR));
	assert_int_equal(list.total, 2);
	assert_string_equal(list.items[0].name, "second");
	got = list.items[1];
	assert_int_equal(got.id, first.id);
	assert_int_equal(got.server_id, 5);
	assert_string_equal(got.server_name, "hajime");
	assert_int_equal(got.kind, 1);
	assert_int_equal(got.mode, 2);
	assert_int_equal(got.via, PRINCIPAL_TOKEN);
	assert_int_equal(got.user_id, 6);
	assert_int_equal(got.token_id, 7);
	assert_string_equal(got.name, "first");
	assert_string_equal(got.peer, "192.0.2.1");
	assert_int_equal(got.opened_ms, NOW);
	assert_int_equal(got.closed_ms, NOW + 5);
	assert_int_equal(got.code, 4002);
	assert_string_equal(got.reason, "cut");
	assert_int_equal(got.bytes_in, 11);
	assert_int_equal(got.bytes_out, 22);
	store_console_done(&list);
	filter.open = 1;
	assert_ok(store_console_list(f->store, &filter, &list, ERR));
	assert_int_equal(list.count, 1);
	assert_string_equal(list.items[0].name, "second");
	assert_int_equal(store_console_get(f->store, 2, first.id, &got, ERR), ERR_NOT_FOUND);
	assert_ok(store_console_close_open(f->store, NOW + 9, 4008, "crash", ERR));
	assert_ok(store_console_get(f->store, 1, second.id, &got, ERR));
	assert_int_equal(got.closed_ms, NOW + 9);
	assert_int_equal(got.code, 4008);
	assert_ok(store_console_get(f->store, 0, first.id, &got, ERR));
	assert_int_equal(got.code, 4002); /* what had ended stays as it ended */
}

static void the_history_forgets_what_ended_long_ago(void **state)
{
	struct fixture *f = *state;
	struct store_console_line open = a_line(1, "open"), old[3], edge = a_line(1, "edge"), got;

	assert_ok(store_console_insert(f->store, &open, ERR)); /* older than all, and still open */
	for (size_t i = 0; i < 3; i++) {
		old[i] = a_line(1, "old");
		assert_ok(store_console_insert(f->store, &old[i], ERR));
		old[i].closed_ms = NOW - 1;
		assert_ok(store_console_update_end(f->store, &old[i], ERR));
	}
	assert_ok(store_console_insert(f->store, &edge, ERR));
	edge.closed_ms = NOW;
	assert_ok(store_console_update_end(f->store, &edge, ERR));
	/* A batch is the oldest lines, the one that is open among them. */
	assert_ok(store_console_delete_old(f->store, NOW, 3, ERR));
	assert_int_equal(store_console_get(f->store, 0, old[1].id, &got, ERR), ERR_NOT_FOUND);
	assert_ok(store_console_get(f->store, 0, old[2].id, &got, ERR));
	assert_ok(store_console_delete_old(f->store, NOW, 3, ERR));
	assert_int_equal(store_console_get(f->store, 0, old[2].id, &got, ERR), ERR_NOT_FOUND);
	assert_ok(store_console_get(f->store, 0, open.id, &got, ERR));
	assert_ok(store_console_get(f->store, 0, edge.id, &got, ERR));
}

static struct store_standing standing(struct fixture *f, const struct principal *who,
				      uint64_t server_id)
{
	struct store_standing ret;

	assert_ok(store_standing_get(f->store, who, server_id, NOW, &ret, ERR));
	return ret;
}

static void what_a_right_stands_on_is_told_as_it_is_now(void **state)
{
	struct fixture *f = *state;
	const uint64_t customer_id = fixture_customer(f, "taro");
	const uint64_t server_id = fixture_insert(f, customer_id, 1, "");
	struct user user = {.name = "hanako", .password_hash = "x", .created_ms = NOW};
	struct session session = {.customer_id = customer_id,
				  .created_ms = NOW,
				  .last_used_ms = NOW,
				  .expires_ms = NOW + 1};
	struct token token = {.customer_id = customer_id,
			      .name = "laptop",
			      .readonly = true,
			      .created_ms = NOW,
			      .expires_ms = NOW + 1};
	struct customer customer;
	struct store_standing now;

	assert_ok(store_user_insert(f->store, &user, ERR));
	assert_ok(store_membership_set(f->store, user.id, customer_id, ROLE_READER, ERR));
	session.user_id = user.id;
	assert_ok(store_session_insert(f->store, &session, ERR));
	assert_ok(store_token_insert(f->store, &token, ERR));
	const struct principal by_session = {.via = PRINCIPAL_SESSION,
					     .user_id = user.id,
					     .customer_id = customer_id,
					     .session_id = session.id};
	const struct principal by_token = {
		.via = PRINCIPAL_TOKEN, .customer_id = customer_id, .token_id = token.id};
	const struct principal of_another = {
		.via = PRINCIPAL_TOKEN, .customer_id = 1, .token_id = token.id};

	now = standing(f, &by_session, server_id);
	assert_true(now.server && now.holder && !now.service && !now.suspended && !now.readonly);
	assert_int_equal(now.role, ROLE_READER);
	assert_int_equal(now.customer_id, customer_id);
	assert_int_equal(now.generation, 1);
	assert_false(standing(f, &by_session, server_id + 1).server);
	now = standing(f, &by_token, server_id);
	assert_true(now.holder && now.readonly && !now.service);
	assert_int_equal(now.role, ROLE_OPERATOR);
	assert_false(standing(f, &of_another, server_id).holder);

	assert_ok(store_membership_set(f->store, user.id, customer_id, ROLE_NONE, ERR));
	assert_int_equal(standing(f, &by_session, server_id).role, ROLE_NONE);
	assert_ok(store_customer_get(f->store, customer_id, &customer, ERR));
	customer.suspended = true;
	assert_ok(store_customer_update(f->store, &customer, ERR));
	assert_true(standing(f, &by_token, server_id).suspended);
	assert_ok(store_standing_get(f->store, &by_session, server_id, NOW + 1, &now, ERR));
	assert_false(now.holder); /* expired */
	assert_ok(store_standing_get(f->store, &by_token, server_id, NOW + 1, &now, ERR));
	assert_false(now.holder);
	assert_ok(store_token_delete(f->store, customer_id, token.id, ERR));
	assert_false(standing(f, &by_token, server_id).holder);
	assert_ok(store_user_update_disabled(f->store, user.id, true, ERR));
	assert_false(standing(f, &by_session, server_id).holder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		TEST(a_ticket_is_taken_once_and_whole),
		TEST(a_late_ticket_is_none),
		TEST(tickets_end_with_the_process_and_are_in_no_file),
		TEST(the_history_lists_newest_first_and_closes_what_a_crash_left),
		TEST(the_history_forgets_what_ended_long_ago),
		TEST(what_a_right_stands_on_is_told_as_it_is_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

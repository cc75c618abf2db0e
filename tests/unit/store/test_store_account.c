// Customers, people, tokens, sessions and invitations in the database.
#include "fixture.h"

#include <sys/wait.h>
#include <unistd.h>

#include "store/store_customer.h"
#include "store/store_invitation.h"
#include "store/store_membership.h"
#include "store/store_passkey.h"
#include "store/store_password_reset.h"
#include "store/store_second_step.h"
#include "store/store_session.h"
#include "store/store_token.h"
#include "store/store_user.h"

#define NOW FIXTURE_NOW_MS

static uint64_t insert_user(struct fixture *f, const char *name, bool service)
{
	struct user user = {.service = service, .password_hash = "$argon2id$x", .created_ms = NOW};

	(void)snprintf(user.name, sizeof(user.name), "%s", name);
	assert_ok(store_user_insert(f->store, &user, ERR));
	return user.id;
}

static void customers(void **state)
{
	struct fixture *f = *state;
	uint64_t id = fixture_customer(f, "太郎商店");
	struct customer customer = {.name = "Operator"};
	struct customer got;
	const struct store_customer_filter all = {0}, named = {.name = "operator"},
					   searched = {.part = "商", .suspended = true},
					   active = {.active = true};
	struct store_customers list CLEANUP(store_customer_done) = {0};
	const struct sort by_name = {.keys = {{SORT_NAME, true}}, .count = 1};
	const struct page one = {1, 1};

	assert_int_equal(store_customer_insert(f->store, &customer, NULL), ERR_UNIQUENESS);
	assert_ok(store_customer_get_by_name(f->store, "太郎商店", &got, ERR));
	assert_int_equal(got.id, id);
	got.suspended = true;
	got.suspended_ms = NOW;
	(void)snprintf(got.suspension_reason, sizeof(got.suspension_reason), "料金の未払い");
	for (unsigned i = 0; i < QUOTA_COUNT; i++)
		got.limits.of[i] = i + 3;
	assert_ok(store_customer_update(f->store, &got, ERR));
	assert_ok(store_customer_get(f->store, id, &got, ERR));
	assert_true(got.suspended);
	assert_true(got.suspended_ms == NOW);
	assert_string_equal(got.suspension_reason, "料金の未払い");
	for (unsigned i = 0; i < QUOTA_COUNT; i++)
		assert_int_equal(got.limits.of[i], i + 3);
	assert_ok(store_customer_list(f->store, &all, &by_name, &one, &list, ERR));
	assert_int_equal(list.total, 2);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.items[0].id, id);
	store_customer_done(&list);
	assert_ok(store_customer_list(f->store, &named, NULL, NULL, &list, ERR));
	assert_int_equal(list.total, 1);
	store_customer_done(&list);
	assert_ok(store_customer_list(f->store, &searched, NULL, NULL, &list, ERR));
	assert_int_equal(list.total, 1);
	assert_int_equal(list.items[0].id, id);
	store_customer_done(&list);
	assert_ok(store_customer_list(f->store, &active, NULL, NULL, &list, ERR));
	assert_int_equal(list.total, 1);
	assert_int_equal(list.items[0].id, 1);
	assert_int_equal(store_customer_delete(f->store, 1, NULL), ERR_IN_USE);
	(void)fixture_insert(f, id, 1, "");
	assert_int_equal(store_customer_delete(f->store, id, NULL), ERR_IN_USE);
	assert_ok(store_customer_delete(f->store, fixture_customer(f, "empty"), ERR));
	assert_int_equal(store_customer_delete(f->store, 99, NULL), ERR_NOT_FOUND);
}

static void people_and_their_roles(void **state)
{
	struct fixture *f = *state;
	uint64_t other = fixture_customer(f, "other");
	uint64_t taro = insert_user(f, "taro", false);
	uint64_t hana = insert_user(f, "hana", true);
	struct user again = {.name = "TARO"};
	struct user got;
	struct membership first;
	struct store_users users CLEANUP(store_user_done) = {0};
	const struct store_customer_filter of_taro = {.user_id = taro};
	struct store_customers customers_of CLEANUP(store_customer_done) = {0};
	enum role role = ROLE_OWNER;
	uint64_t count = 0;

	assert_int_equal(store_user_insert(f->store, &again, NULL), ERR_UNIQUENESS);
	assert_ok(store_membership_role(f->store, taro, other, &role, ERR));
	assert_int_equal(role, ROLE_NONE);
	assert_int_equal(store_membership_first(f->store, taro, &first, NULL), ERR_NOT_FOUND);
	assert_ok(store_membership_set(f->store, taro, other, ROLE_READER, ERR));
	assert_ok(store_membership_set(f->store, taro, other, ROLE_OWNER, ERR));
	assert_ok(store_membership_role(f->store, taro, other, &role, ERR));
	assert_int_equal(role, ROLE_OWNER);
	assert_int_equal(store_membership_set(f->store, taro, 99, ROLE_OWNER, NULL), ERR_NOT_FOUND);
	assert_ok(store_membership_first(f->store, taro, &first, ERR));
	assert_int_equal(first.customer_id, other);
	assert_ok(store_user_list(f->store, NULL, other, NULL, &users, ERR));
	assert_int_equal(users.total, 1);
	assert_string_equal(users.items[0].name, "taro");
	assert_ok(store_customer_list(f->store, &of_taro, NULL, NULL, &customers_of, ERR));
	assert_int_equal(customers_of.total, 1);
	assert_ok(store_membership_set(f->store, taro, other, ROLE_NONE, ERR));
	assert_ok(store_membership_role(f->store, taro, other, &role, ERR));
	assert_int_equal(role, ROLE_NONE);
	assert_ok(store_user_count_service(f->store, &count, ERR));
	assert_int_equal(count, 1);
	assert_ok(store_user_update_disabled(f->store, hana, true, ERR));
	assert_ok(store_user_count_service(f->store, &count, ERR));
	assert_int_equal(count, 0);
	assert_ok(store_user_get_by_name(f->store, "Taro", &got, ERR));
	assert_string_equal(got.password_hash, "$argon2id$x");
	assert_ok(store_user_delete(f->store, taro, ERR));
	assert_int_equal(store_user_get(f->store, taro, &got, NULL), ERR_NOT_FOUND);
}

static struct session make_session(struct fixture *f, uint64_t user_id, uint8_t key)
{
	struct session session = {.user_id = user_id,
				  .customer_id = 1,
				  .hash = {key},
				  .created_ms = NOW,
				  .last_used_ms = NOW,
				  .expires_ms = NOW + 1000};

	assert_ok(store_session_insert(f->store, &session, ERR));
	return session;
}

static void sessions_end(void **state)
{
	struct fixture *f = *state;
	uint64_t taro = insert_user(f, "taro", false);
	struct session one = make_session(f, taro, 1);
	struct session two = make_session(f, taro, 2);
	struct session three = make_session(f, insert_user(f, "hana", false), 3);
	struct session got;

	assert_ok(store_session_find(f->store, one.hash, NOW + 999, &got, ERR));
	assert_int_equal(got.user_id, taro);
	assert_int_equal(store_session_find(f->store, one.hash, NOW + 1000, &got, NULL),
			 ERR_NOT_FOUND);
	assert_ok(store_session_touch(f->store, one.id, NOW + 10, NOW + 2000, ERR));
	assert_ok(store_session_find(f->store, one.hash, NOW + 1999, &got, ERR));
	assert_int_equal(got.last_used_ms, NOW + 10);
	/* A new password ends all the others at once. */
	assert_ok(store_user_update_password(f->store, taro, "$argon2id$y", one.id, ERR));
	assert_int_equal(store_session_find(f->store, two.hash, NOW, &got, NULL), ERR_NOT_FOUND);
	assert_ok(store_session_find(f->store, one.hash, NOW, &got, ERR));
	assert_ok(store_session_find(f->store, three.hash, NOW, &got, ERR));
	assert_int_equal(store_user_update_password(f->store, 99, "x", 0, NULL), ERR_NOT_FOUND);
	assert_false(store_in_transaction(f->store));
	assert_ok(store_session_update_customer(f->store, one.id, fixture_customer(f, "b"), ERR));
	assert_int_equal(store_session_update_customer(f->store, one.id, 99, NULL), ERR_NOT_FOUND);
	assert_ok(store_user_update_disabled(f->store, taro, true, ERR));
	assert_int_equal(store_session_find(f->store, one.hash, NOW, &got, NULL), ERR_NOT_FOUND);
	assert_ok(store_session_delete_expired(f->store, NOW + 1000, ERR));
	assert_int_equal(store_session_delete(f->store, three.id, NULL), ERR_NOT_FOUND);
}

static void a_person_sees_their_sessions(void **state)
{
	struct fixture *f = *state;
	uint64_t taro = insert_user(f, "taro", false);
	uint64_t other = fixture_customer(f, "other");
	struct session one = make_session(f, taro, 1);
	struct session two = {.user_id = taro,
			      .customer_id = other,
			      .hash = {2},
			      .last_used_ms = NOW + 5,
			      .expires_ms = NOW + 1000,
			      .peer = "192.0.2.7",
			      .client = "Browser/1.0"};
	struct session three = make_session(f, insert_user(f, "hana", false), 3);
	struct store_sessions sessions CLEANUP(store_session_done) = {0};
	const struct page first = {1, 1};

	assert_ok(store_session_insert(f->store, &two, ERR));
	assert_ok(store_session_list(f->store, taro, NOW, &first, &sessions, ERR));
	assert_int_equal(sessions.total, 2);
	assert_int_equal(sessions.count, 1);
	assert_int_equal(sessions.items[0].id, two.id); /* used last */
	assert_string_equal(sessions.items[0].peer, "192.0.2.7");
	assert_string_equal(sessions.items[0].client, "Browser/1.0");
	store_session_done(&sessions);
	assert_ok(store_session_list(f->store, taro, NOW + 1000, NULL, &sessions, ERR));
	assert_int_equal(sessions.total, 0);

	assert_int_equal(store_session_delete_of_user(f->store, taro, three.id, NULL),
			 ERR_NOT_FOUND);
	assert_ok(store_session_delete_of_member(f->store, taro, other, ERR));
	assert_int_equal(store_session_delete_of_user(f->store, taro, two.id, NULL), ERR_NOT_FOUND);
	assert_ok(store_session_delete_others(f->store, taro, one.id, ERR));
	assert_ok(store_session_delete_of_user(f->store, taro, one.id, ERR));
	assert_ok(store_session_find(f->store, three.hash, NOW, &two, ERR));
}

static void members(void **state)
{
	struct fixture *f = *state;
	uint64_t other = fixture_customer(f, "other");
	uint64_t taro = insert_user(f, "taro", false);
	uint64_t hana = insert_user(f, "hana", false);
	struct store_members found CLEANUP(store_membership_done) = {0};
	struct member one;
	uint64_t owners = 0;

	assert_ok(store_membership_set(f->store, taro, other, ROLE_OWNER, ERR));
	assert_ok(store_membership_set(f->store, hana, other, ROLE_READER, ERR));
	assert_ok(store_membership_list(f->store, other, NULL, NULL, &found, ERR));
	assert_int_equal(found.total, 2);
	assert_string_equal(found.items[0].name, "hana");
	assert_int_equal(found.items[0].role, ROLE_READER);
	store_membership_done(&found);
	assert_ok(store_membership_list(f->store, other, "TARO", NULL, &found, ERR));
	assert_int_equal(found.total, 1);
	assert_int_equal(store_membership_get(f->store, 1, taro, &one, NULL), ERR_NOT_FOUND);
	assert_ok(store_membership_get(f->store, other, taro, &one, ERR));
	assert_int_equal(one.role, ROLE_OWNER);
	/* An owner who cannot sign in leads nobody. */
	assert_ok(store_membership_set(f->store, hana, other, ROLE_OWNER, ERR));
	assert_ok(store_membership_count_owners(f->store, other, &owners, ERR));
	assert_int_equal(owners, 2);
	assert_ok(store_user_update_disabled(f->store, hana, true, ERR));
	assert_ok(store_membership_count_owners(f->store, other, &owners, ERR));
	assert_int_equal(owners, 1);
}

static void a_link_for_a_password_is_for_once(void **state)
{
	struct fixture *f = *state;
	uint64_t taro = insert_user(f, "taro", false);
	const uint8_t older[SECRET_HASH_BYTES] = {1}, newer[SECRET_HASH_BYTES] = {2};
	uint64_t id = 0, user_id = 0;

	assert_int_equal(store_password_reset_insert(f->store, 99, older, NOW, NOW + 10, &id, NULL),
			 ERR_NOT_FOUND);
	assert_ok(store_password_reset_insert(f->store, taro, older, NOW, NOW + 10, &id, ERR));
	assert_ok(store_password_reset_find(f->store, older, NOW, &user_id, ERR));
	assert_int_equal(user_id, taro);
	assert_ok(store_password_reset_insert(f->store, taro, newer, NOW, NOW + 10, &id, ERR));
	assert_int_equal(store_password_reset_find(f->store, older, NOW, &user_id, NULL),
			 ERR_NOT_FOUND);
	assert_int_equal(store_password_reset_redeem(f->store, newer, NOW + 10, &user_id, NULL),
			 ERR_NOT_FOUND); /* expired */
	assert_ok(store_password_reset_redeem(f->store, newer, NOW + 9, &user_id, ERR));
	assert_int_equal(store_password_reset_redeem(f->store, newer, NOW + 9, &user_id, NULL),
			 ERR_NOT_FOUND);
	assert_ok(store_password_reset_insert(f->store, taro, older, NOW, NOW + 10, &id, ERR));
	assert_ok(store_password_reset_delete(f->store, taro, NOW, ERR));
	assert_int_equal(store_password_reset_find(f->store, older, NOW, &user_id, NULL),
			 ERR_NOT_FOUND);
}

static void a_second_step_is_begun_confirmed_and_used(void **state)
{
	struct fixture *f = *state;
	uint64_t taro = insert_user(f, "taro", false);
	struct second_step step = {.user_id = taro, .secret = {1, 2}, .created_ms = NOW};
	struct second_step got;
	struct user user;

	assert_int_equal(store_second_step_get(f->store, taro, &got, NULL), ERR_NOT_FOUND);
	assert_ok(store_second_step_begin(f->store, &step, ERR));
	assert_ok(store_user_get(f->store, taro, &user, ERR));
	assert_false(user.two_step); /* nobody is asked for a code that never was shown to work */
	step.secret[0] = 3;
	assert_ok(store_second_step_begin(f->store, &step, ERR));
	assert_ok(store_second_step_confirm(f->store, taro, 100, NOW + 1, ERR));
	assert_int_equal(store_second_step_confirm(f->store, taro, 101, NOW, NULL), ERR_NOT_FOUND);
	assert_int_equal(store_second_step_begin(f->store, &step, NULL), ERR_UNIQUENESS);
	assert_ok(store_user_get(f->store, taro, &user, ERR));
	assert_true(user.two_step);
	assert_ok(store_second_step_get(f->store, taro, &got, ERR));
	assert_memory_equal(got.secret, step.secret, sizeof(got.secret));
	assert_int_equal(got.confirmed_ms, NOW + 1);
	/* Each step once, and none from before. */
	assert_int_equal(store_second_step_use(f->store, taro, 100, NULL), ERR_NOT_FOUND);
	assert_ok(store_second_step_note_wrong(f->store, taro, NOW + 2, ERR));
	assert_ok(store_second_step_get(f->store, taro, &got, ERR));
	assert_int_equal(got.wrong, 1);
	assert_int_equal(got.wrong_ms, NOW + 2);
	assert_ok(store_second_step_use(f->store, taro, 102, ERR));
	assert_int_equal(store_second_step_use(f->store, taro, 101, NULL), ERR_NOT_FOUND);
	assert_ok(store_second_step_get(f->store, taro, &got, ERR));
	assert_int_equal(got.used_step, 102);
	assert_int_equal(got.wrong, 0);
	assert_ok(store_second_step_delete(f->store, taro, ERR));
	assert_int_equal(store_second_step_delete(f->store, taro, NULL), ERR_NOT_FOUND);
	step.user_id = 99;
	assert_int_equal(store_second_step_begin(f->store, &step, NULL), ERR_NOT_FOUND);
}

static struct passkey passkey_of(uint64_t user_id, uint8_t credential)
{
	return (struct passkey){.user_id = user_id,
				.name = "laptop",
				.credential = {credential, 7},
				.credential_bytes = 2,
				.algorithm = -7,
				.key = {1, 2, 3},
				.key_bytes = 3,
				.counter = 5,
				.created_ms = NOW};
}

static void passkeys_are_kept_for_one_person(void **state)
{
	struct fixture *f = *state;
	uint64_t taro = insert_user(f, "taro", false), jiro = insert_user(f, "jiro", false);
	struct store_passkeys list = {0};
	struct passkey passkey = passkey_of(taro, 1), same = passkey_of(jiro, 1), got;

	assert_ok(store_passkey_insert(f->store, &passkey, ERR));
	assert_int_equal(store_passkey_insert(f->store, &same, NULL), ERR_UNIQUENESS);
	assert_ok(store_passkey_find(f->store, passkey.credential, 2, &got, ERR));
	assert_int_equal(got.id, passkey.id);
	assert_int_equal(got.user_id, taro);
	assert_int_equal(got.algorithm, -7);
	assert_int_equal(got.key_bytes, 3);
	assert_memory_equal(got.key, passkey.key, 3);
	assert_string_equal(got.name, "laptop");
	assert_int_equal(store_passkey_find(f->store, passkey.credential, 1, &got, NULL),
			 ERR_NOT_FOUND);
	assert_int_equal(store_passkey_get(f->store, jiro, passkey.id, &got, NULL), ERR_NOT_FOUND);
	assert_int_equal(store_passkey_delete(f->store, jiro, passkey.id, false, NOW, NULL),
			 ERR_NOT_FOUND);
	for (uint8_t i = 2; i <= PASSKEY_MAX; i++) {
		struct passkey more = passkey_of(taro, i);
		assert_ok(store_passkey_insert(f->store, &more, ERR));
	}
	same = passkey_of(taro, PASSKEY_MAX + 1);
	assert_int_equal(store_passkey_insert(f->store, &same, NULL), ERR_LIMIT);
	assert_ok(store_passkey_list(f->store, taro, &list, ERR));
	assert_int_equal(list.count, PASSKEY_MAX);
	assert_int_equal(list.items[0].id, passkey.id);
	store_passkey_done(&list);
	assert_ok(store_passkey_delete(f->store, taro, passkey.id, false, NOW, ERR));
	same = passkey_of(99, 99);
	assert_int_equal(store_passkey_insert(f->store, &same, NULL), ERR_NOT_FOUND);
}

static void a_passkeys_counter_goes_on(void **state)
{
	struct fixture *f = *state;
	struct passkey passkey = passkey_of(insert_user(f, "taro", false), 1), got;

	assert_ok(store_passkey_insert(f->store, &passkey, ERR));
	assert_int_equal(store_passkey_use(f->store, passkey.id, 5, NOW, NULL), ERR_NOT_FOUND);
	assert_int_equal(store_passkey_use(f->store, passkey.id, 0, NOW, NULL), ERR_NOT_FOUND);
	assert_ok(store_passkey_use(f->store, passkey.id, 4000000000, NOW + 1, ERR));
	assert_ok(store_passkey_find(f->store, passkey.credential, 2, &got, ERR));
	assert_int_equal(got.counter, 4000000000);
	assert_int_equal(got.last_used_ms, NOW + 1);
	passkey = passkey_of(passkey.user_id, 2);
	passkey.counter = 0;
	assert_ok(store_passkey_insert(f->store, &passkey, ERR));
	assert_ok(store_passkey_use(f->store, passkey.id, 0, NOW, ERR));
	assert_ok(store_passkey_use(f->store, passkey.id, 0, NOW, ERR));
}

static void a_challenge_is_for_one_answer(void **state)
{
	struct fixture *f = *state;
	const uint8_t hash[SECRET_HASH_BYTES] = {1}, theirs[SECRET_HASH_BYTES] = {2};
	uint8_t more[SECRET_HASH_BYTES] = {3};

	assert_ok(store_passkey_challenge_insert(f->store, theirs, PASSKEY_SIGN_IN, 0,
						 "198.51.100.7", NOW, ERR));
	assert_ok(store_passkey_challenge_insert(f->store, hash, PASSKEY_ADD, 8, "192.0.2.1", NOW,
						 ERR));
	assert_int_equal(
		store_passkey_challenge_redeem(f->store, hash, PASSKEY_PROVE, 8, NOW, NULL),
		ERR_NOT_FOUND);
	assert_int_equal(store_passkey_challenge_redeem(f->store, hash, PASSKEY_ADD, 9, NOW, NULL),
			 ERR_NOT_FOUND);
	assert_int_equal(store_passkey_challenge_redeem(f->store, hash, PASSKEY_ADD, 8,
							NOW + PASSKEY_CHALLENGE_MS, NULL),
			 ERR_NOT_FOUND);
	assert_ok(store_passkey_challenge_redeem(f->store, hash, PASSKEY_ADD, 8,
						 NOW + PASSKEY_CHALLENGE_MS - 1, ERR));
	assert_int_equal(store_passkey_challenge_redeem(f->store, hash, PASSKEY_ADD, 8, NOW, NULL),
			 ERR_NOT_FOUND);
	/* Who asks and asks pushes out their own, and nobody else's. */
	assert_ok(store_passkey_challenge_insert(f->store, hash, PASSKEY_ADD, 8, "192.0.2.1", NOW,
						 ERR));
	for (uint8_t i = 0; i < STORE_PASSKEY_CHALLENGES_PER_PEER; i++) {
		more[1] = i;
		assert_ok(store_passkey_challenge_insert(f->store, more, PASSKEY_ADD, 8,
							 "192.0.2.1", NOW, ERR));
	}
	assert_int_equal(store_passkey_challenge_redeem(f->store, hash, PASSKEY_ADD, 8, NOW, NULL),
			 ERR_NOT_FOUND);
	more[1] = 0;
	assert_ok(store_passkey_challenge_redeem(f->store, more, PASSKEY_ADD, 8, NOW, ERR));
	assert_ok(store_passkey_challenge_redeem(f->store, theirs, PASSKEY_SIGN_IN, 0, NOW, ERR));
}

static void recovery_codes_work_once(void **state)
{
	struct fixture *f = *state;
	uint64_t taro = insert_user(f, "taro", false), jiro = insert_user(f, "jiro", false);
	const uint8_t old[2][SECRET_HASH_BYTES] = {{1}, {2}}, fresh[1][SECRET_HASH_BYTES] = {{3}};
	struct second_step step = {.user_id = taro, .created_ms = NOW};
	uint64_t count = 9;

	assert_int_equal(store_second_step_set_recovery(f->store, taro, old, 2, NULL),
			 ERR_NOT_FOUND);
	assert_ok(store_second_step_begin(f->store, &step, ERR));
	assert_ok(store_second_step_set_recovery(f->store, taro, old, 2, ERR));
	assert_int_equal(store_second_step_use_recovery(f->store, jiro, old[0], NULL),
			 ERR_NOT_FOUND);
	assert_ok(store_second_step_use_recovery(f->store, taro, old[0], ERR));
	assert_int_equal(store_second_step_use_recovery(f->store, taro, old[0], NULL),
			 ERR_NOT_FOUND);
	assert_ok(store_second_step_count_recovery(f->store, taro, &count, ERR));
	assert_int_equal(count, 1);
	assert_ok(store_second_step_set_recovery(f->store, taro, fresh, 1, ERR));
	assert_int_equal(store_second_step_use_recovery(f->store, taro, old[1], NULL),
			 ERR_NOT_FOUND);
	assert_ok(store_second_step_delete(f->store, taro, ERR));
	assert_ok(store_second_step_count_recovery(f->store, taro, &count, ERR));
	assert_int_equal(count, 0);
}

static void sessions_prove_themselves(void **state)
{
	struct fixture *f = *state;
	uint64_t taro = insert_user(f, "taro", false);
	struct session here = {.user_id = taro,
			       .customer_id = 1,
			       .hash = {1},
			       .created_ms = NOW,
			       .expires_ms = NOW + 1000,
			       .proved_ms = NOW};
	struct session there = here, got;

	there.hash[0] = 2;
	assert_ok(store_session_insert(f->store, &here, ERR));
	assert_ok(store_session_insert(f->store, &there, ERR));
	assert_ok(store_session_prove(f->store, here.id, NOW + 5, ERR));
	assert_ok(store_session_doubt_others(f->store, taro, here.id, ERR));
	assert_ok(store_session_find(f->store, here.hash, NOW, &got, ERR));
	assert_int_equal(got.proved_ms, NOW + 5);
	assert_ok(store_session_find(f->store, there.hash, NOW, &got, ERR));
	assert_int_equal(got.proved_ms, 0);
	assert_int_equal(store_session_prove(f->store, 99, NOW, NULL), ERR_NOT_FOUND);
}

static void tokens(void **state)
{
	struct fixture *f = *state;
	uint64_t other = fixture_customer(f, "other");
	struct token token = {.customer_id = 1,
			      .name = "laptop",
			      .hash = {7, 8},
			      .readonly = true,
			      .created_ms = NOW,
			      .expires_ms = NOW + 1000};
	struct token got;
	struct store_tokens list CLEANUP(store_token_done) = {0};

	assert_ok(store_token_insert(f->store, &token, ERR));
	assert_ok(store_token_find(f->store, token.hash, NOW + 999, &got, ERR));
	assert_int_equal(got.id, token.id);
	assert_true(got.readonly);
	assert_int_equal(store_token_find(f->store, token.hash, NOW + 1000, &got, NULL),
			 ERR_NOT_FOUND);
	assert_ok(store_token_touch(f->store, token.id, NOW + 5, ERR));
	assert_ok(store_token_get(f->store, 1, token.id, &got, ERR));
	assert_int_equal(got.last_used_ms, NOW + 5);
	assert_int_equal(store_token_get(f->store, other, token.id, &got, NULL), ERR_NOT_FOUND);
	assert_int_equal(store_token_delete(f->store, other, token.id, NULL), ERR_NOT_FOUND);
	token.hash[0] = 9;
	assert_int_equal(store_token_insert(f->store, &token, NULL), ERR_UNIQUENESS);
	token.customer_id = other;
	token.expires_ms = 0;
	assert_ok(store_token_insert(f->store, &token, ERR));
	assert_ok(store_token_find(f->store, token.hash, INT64_MAX, &got, ERR));
	assert_ok(store_token_list(f->store, 1, "laptop", NULL, &list, ERR));
	assert_int_equal(list.total, 1);
	assert_ok(store_token_delete(f->store, other, token.id, ERR));
	assert_int_equal(store_token_find(f->store, token.hash, NOW, &got, NULL), ERR_NOT_FOUND);
}

static void insert_invitation(struct fixture *f, struct invitation *invitation)
{
	*invitation = (struct invitation){.customer_id = 1,
					  .hash = {42},
					  .service = true,
					  .role = ROLE_OWNER,
					  .created_ms = NOW,
					  .expires_ms = NOW + ACCOUNT_INVITATION_MS};
	assert_ok(store_invitation_insert(f->store, invitation, ERR));
}

static void an_invitation_is_for_once(void **state)
{
	struct fixture *f = *state;
	struct invitation invitation;
	struct invitation got;
	struct store_invitations list CLEANUP(store_invitation_done) = {0};
	uint64_t count = 9;
	uint8_t wrong[SECRET_HASH_BYTES] = {43};

	insert_invitation(f, &invitation);
	assert_ok(store_invitation_count_open(f->store, NOW, &count, ERR));
	assert_int_equal(count, 1);
	assert_int_equal(store_invitation_find(f->store, wrong, NOW, &got, NULL), ERR_NOT_FOUND);
	assert_int_equal(store_invitation_redeem(f->store, invitation.hash,
						 NOW + ACCOUNT_INVITATION_MS, &got, NULL),
			 ERR_NOT_FOUND);
	assert_ok(store_invitation_find(f->store, invitation.hash, NOW + ACCOUNT_INVITATION_MS - 1,
					&got, ERR));
	/* Given up with its transaction, it can be used again. */
	assert_ok(store_begin(f->store, ERR));
	assert_ok(store_invitation_redeem(f->store, invitation.hash, NOW + 1, &got, ERR));
	store_rollback(f->store);
	assert_ok(store_invitation_redeem(f->store, invitation.hash, NOW + 2, &got, ERR));
	assert_int_equal(got.role, ROLE_OWNER);
	assert_true(got.service);
	assert_int_equal(got.redeemed_ms, NOW + 2);
	assert_int_equal(store_invitation_redeem(f->store, invitation.hash, NOW + 3, &got, NULL),
			 ERR_NOT_FOUND);
	assert_int_equal(store_invitation_find(f->store, invitation.hash, NOW + 3, &got, NULL),
			 ERR_NOT_FOUND);
	assert_ok(store_invitation_update_user(f->store, invitation.id,
					       insert_user(f, "taro", true), ERR));
	assert_ok(store_invitation_count_open(f->store, NOW, &count, ERR));
	assert_int_equal(count, 0);
	assert_ok(store_invitation_list(f->store, 0, NULL, &list, ERR));
	assert_int_equal(list.total, 1);
	assert_true(list.items[0].redeemed_user_id > 0);
	assert_ok(store_invitation_delete(f->store, invitation.id, ERR));
}

static void of_many_who_redeem_at_once_one_wins(void **state)
{
	struct fixture *f = *state;
	struct invitation invitation;
	pid_t pids[16];
	unsigned winners = 0;

	insert_invitation(f, &invitation);
	store_close(f->store);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			struct store *store = NULL;
			struct invitation got;
			int r = store_open(f->path, &store, NULL);

			if (r == 0)
				r = store_invitation_redeem(store, invitation.hash, NOW, &got,
							    NULL);
			store_close(store);
			_exit(r == 0 ? 1 : r == ERR_NOT_FOUND ? 0 : 2);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
		winners += (unsigned)WEXITSTATUS(status);
	}
	assert_int_equal(winners, 1);
	assert_ok(store_open(f->path, &f->store, ERR));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(customers),
		TEST(people_and_their_roles),
		TEST(sessions_end),
		TEST(a_person_sees_their_sessions),
		TEST(members),
		TEST(a_link_for_a_password_is_for_once),
		TEST(a_second_step_is_begun_confirmed_and_used),
		TEST(recovery_codes_work_once),
		TEST(passkeys_are_kept_for_one_person),
		TEST(a_passkeys_counter_goes_on),
		TEST(a_challenge_is_for_one_answer),
		TEST(sessions_prove_themselves),
		TEST(tokens),
		TEST(an_invitation_is_for_once),
		TEST(of_many_who_redeem_at_once_one_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

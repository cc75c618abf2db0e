// A ticket opens the door it was made for, and no other.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/ticket.h"

#define ORIGIN "https://vps.example.jp"

static void it_fits_its_own_place_alone(void **state)
{
	const struct ticket of_page = {.use = TICKET_FRAME,
				       .who = {.session_id = 7},
				       .server_id = 3,
				       .kind = 1,
				       .origin = ORIGIN};
	const struct ticket_place right = {
		.server_id = 3, .kind = 1, .origin = ORIGIN, .session_id = 7};
	struct ticket_place place = right;
	struct err err = {0};

	(void)state;
	assert_int_equal(ticket_check(&of_page, &right, &err), 0);
	place.server_id = 4;
	assert_int_equal(ticket_check(&of_page, &place, &err), ERR_FORBIDDEN);
	place = right;
	place.kind = 2;
	assert_int_equal(ticket_check(&of_page, &place, &err), ERR_FORBIDDEN);
	place = right;
	place.session_id = 8;
	assert_int_equal(ticket_check(&of_page, &place, &err), ERR_FORBIDDEN);
	place.session_id = 0;
	assert_int_equal(ticket_check(&of_page, &place, &err), ERR_FORBIDDEN);
	place = right;
	place.origin = NULL;
	assert_int_equal(ticket_check(&of_page, &place, &err), ERR_FORBIDDEN);
	static const char *const others[] = {"null",
					     "https://vps.example.jp.",
					     "https://vps.example.jp:8443",
					     ORIGIN "/",
					     "http://vps.example.jp",
					     "https://evil.vps.example.jp",
					     "https://evil",
					     "https://vps.example.jp.evil",
					     "HTTPS://vps.example.jp",
					     ""};
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		place.origin = others[i];
		assert_int_equal(ticket_check(&of_page, &place, &err), ERR_FORBIDDEN);
	}
}

static void one_of_a_token_needs_no_page_and_a_cookie_does(void **state)
{
	struct ticket ticket = {
		.use = TICKET_FRAME, .who = {.token_id = 5}, .server_id = 3, .kind = 2};
	struct ticket_place place = {.server_id = 3, .kind = 2};
	struct err err = {0};

	(void)state;
	assert_int_equal(ticket_check(&ticket, &place, &err), 0);
	place.origin = ORIGIN;
	assert_int_equal(ticket_check(&ticket, &place, &err), 0);
	place.token_id = 5;
	assert_int_equal(ticket_check(&ticket, &place, &err), 0);
	place.token_id = 6;
	assert_int_equal(ticket_check(&ticket, &place, &err), ERR_FORBIDDEN);
	place.token_id = 0;
	ticket.use = TICKET_COOKIE;
	assert_int_equal(ticket_check(&ticket, &place, &err), ERR_FORBIDDEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_fits_its_own_place_alone),
		cmocka_unit_test(one_of_a_token_needs_no_page_and_a_cookie_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

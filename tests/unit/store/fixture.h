// A database of its own for each test, with the defaults, an image, and servers on demand.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "store/store.h"
#include "store/store_server.h"

#define FIXTURE_NOW_MS INT64_C(1700000000000)

struct fixture {
	char folder[64];
	char path[96];
	struct store *store;
	uint64_t image_id;
};

/** Setup and teardown of cmocka; *state is a struct fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/** fixture_reopen() - close and open again, as after a restart. */
void fixture_reopen(struct fixture *fixture);

/** fixture_server() - a server of @customer_id that could be inserted; distinct for each @number.
 */
struct server fixture_server(const struct fixture *fixture, uint64_t customer_id, unsigned number);
/** fixture_insert() - inserts one with labels "a=b,c=" and returns its id. */
uint64_t fixture_insert(struct fixture *fixture, uint64_t customer_id, unsigned number,
			const char *labels);
/** fixture_customer() - another customer. */
uint64_t fixture_customer(struct fixture *fixture, const char *name);

/** Where calls inside assert_ok() put their words. */
extern struct err fixture_err;
#define ERR (&fixture_err)

/** Succeeds or fails the test with the message. */
#define assert_ok(call)                                                                            \
	do {                                                                                       \
		(void)memset(&fixture_err, 0, sizeof(fixture_err));                                \
		int result = (call);                                                               \
		if (result < 0)                                                                    \
			fail_msg("%s: %d %s", #call, result, fixture_err.text);                    \
	} while (0)

// The history of consoles: a line each.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/account.h"
#include "model/page.h"
#include "model/server.h"
#include "store/store.h"

#define STORE_CONSOLE_REASON_BYTES 128
#define STORE_CONSOLE_PEER_BYTES   64

/* One console that is or was. Kind, mode and code are numbers of wire/console_message.h. */
struct store_console_line {
	uint64_t id;
	uint64_t customer_id;
	uint64_t server_id;
	char server_name[NAME_HOST_BYTES];
	uint8_t kind;
	uint8_t mode;
	enum principal_via via;
	uint64_t user_id;  /* 0: none */
	uint64_t token_id; /* 0: none */
	char name[NAME_LABEL_BYTES];
	char peer[STORE_CONSOLE_PEER_BYTES];
	int64_t opened_ms;
	int64_t closed_ms; /* 0: it is open */
	uint16_t code;
	char reason[STORE_CONSOLE_REASON_BYTES];
	uint64_t bytes_in; /* to the guest */
	uint64_t bytes_out;
};

struct store_console_filter {
	uint64_t customer_id; /* 0: everybody's */
	int open;             /* 1: open ones, 0: past ones, -1: all */
	struct page page;
};

struct store_consoles {
	struct store_console_line *items;
	size_t count;
	uint64_t total;
};

/** store_console_insert() - sets the line's id. */
int store_console_insert(struct store *store, struct store_console_line *line, struct err *err);
/** store_console_update_end() - closed_ms, code, reason and bytes of the line with that id. */
int store_console_update_end(struct store *store, const struct store_console_line *line,
			     struct err *err);
/** store_console_close_open() - what a crash left open ended then: @code, @reason. */
int store_console_close_open(struct store *store, int64_t now_ms, uint16_t code, const char *reason,
			     struct err *err);
/**
 * store_console_delete_old() - lines of consoles that ended before @before_ms.
 * At most @max, the oldest first, and found without a look at the younger ones.
 */
int store_console_delete_old(struct store *store, int64_t before_ms, uint32_t max, struct err *err);
int store_console_get(struct store *store, uint64_t customer_id, uint64_t id,
		      struct store_console_line *ret, struct err *err);
/** store_console_list() - newest first. */
int store_console_list(struct store *store, const struct store_console_filter *filter,
		       struct store_consoles *ret, struct err *err);
void store_console_done(struct store_consoles *consoles);

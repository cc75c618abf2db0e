// Firewalls, what they are applied to, changes on trial, and how far each server's filter is.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/firewall.h"
#include "model/label_selector.h"
#include "model/page.h"
#include "model/sort.h"
#include "store/store.h"

#define STORE_FIREWALL_ADDRESS_BYTES 50

/* What a list shows; zero leaves a condition out. All pointers are borrowed. */
struct store_firewall_filter {
	uint64_t customer_id;
	const char *name;
	const struct label_selector *selector;
	struct sort sort;
	struct page page;
};

struct store_firewalls {
	struct firewall *items;
	size_t count;
	uint64_t total;
};

/** store_firewall_insert() - applied to nothing yet. ERR_UNIQUENESS, ERR_LIMIT. */
int store_firewall_insert(struct store *store, struct firewall *firewall, struct err *err);
int store_firewall_get(struct store *store, uint64_t customer_id, uint64_t id, struct firewall *ret,
		       struct err *err);
int store_firewall_list(struct store *store, const struct store_firewall_filter *filter,
			struct store_firewalls *ret, struct err *err);
void store_firewall_done(struct store_firewalls *firewalls);
/** store_firewall_update() - name and labels. ERR_UNIQUENESS. */
int store_firewall_update(struct store *store, const struct firewall *firewall, struct err *err);
/** store_firewall_set_rules() - its servers' filters are to be made anew. */
int store_firewall_set_rules(struct store *store, uint64_t id, const struct firewall_rules *rules,
			     struct err *err);
/** store_firewall_delete() - ERR_IN_USE while it is applied to anything. */
int store_firewall_delete(struct store *store, uint64_t id, struct err *err);

/* What a firewall is applied to. Sorted, nothing twice. */
struct store_scope {
	uint64_t *servers;
	size_t server_count;
	char **selectors;
	size_t selector_count;
};

void store_scope_done(struct store_scope *scope);
int store_scope_add_server(struct store_scope *scope, uint64_t server_id);
int store_scope_add_selector(struct store_scope *scope, const char *selector);
/** Return: whether it was there. */
bool store_scope_remove_server(struct store_scope *scope, uint64_t server_id);
bool store_scope_remove_selector(struct store_scope *scope, const char *selector);

int store_firewall_get_scope(struct store *store, uint64_t id, struct store_scope *ret,
			     struct err *err);
/** store_firewall_set_scope() - the whole of it; servers that are no more are passed over. The
 * filters of servers that it was or is applied to are to be made anew. */
int store_firewall_set_scope(struct store *store, uint64_t id, const struct store_scope *scope,
			     struct err *err);

/* Ids of servers, or of firewalls, in order. */
struct store_server_ids {
	uint64_t *items;
	size_t count;
};
void store_server_ids_done(struct store_server_ids *ids);
/** store_firewall_servers() - that it is applied to, by name or by label. */
int store_firewall_servers(struct store *store, uint64_t id, struct store_server_ids *ret,
			   struct err *err);
/** store_firewall_selected() - of a customer, by one selector. */
int store_firewall_selected(struct store *store, uint64_t customer_id, const char *selector,
			    struct store_server_ids *ret, struct err *err);
/** store_firewall_of_server() - that are applied to it, by name or by label, the oldest first. */
int store_firewall_of_server(struct store *store, uint64_t server_id, struct store_firewalls *ret,
			     struct err *err);

/* --- a change on trial --- */

struct store_trial {
	uint64_t firewall_id;
	struct firewall_rules rules; /* before it */
	struct store_scope scope;
	char address[STORE_FIREWALL_ADDRESS_BYTES];
	char confirm_from[STORE_FIREWALL_ADDRESS_BYTES]; /* "": a request alone confirms it */
	int64_t started_ms;
	int64_t deadline_ms;
	int64_t in_force_ms; /* on all servers that it is about; 0: not yet */
};

void store_trial_done(struct store_trial *trial);
/** store_trial_insert() - @servers: that it could cut off. */
int store_trial_insert(struct store *store, const struct store_trial *trial,
		       const struct store_server_ids *servers, struct err *err);
int store_trial_get(struct store *store, uint64_t firewall_id, struct store_trial *ret,
		    struct err *err);
int store_trial_delete(struct store *store, uint64_t firewall_id, struct err *err);
/** store_trial_settle() - trials whose servers all have the change are in force from @now_ms on. */
int store_trial_settle(struct store *store, int64_t now_ms, struct err *err);

/* A server where a connection would confirm a trial that is in force. */
struct store_trial_place {
	uint64_t firewall_id;
	uint64_t server_id;
};
int store_trial_places(struct store *store, struct store_trial_place *ret, size_t max,
		       size_t *ret_count, struct err *err);
/** store_trial_of_server() - firewalls with a change on trial that is about it, in order. */
int store_trial_of_server(struct store *store, uint64_t server_id, struct store_server_ids *ret,
			  struct err *err);
/** store_trial_of_server() - firewalls of its customer with a change on trial that could cut it
 * off.
 */
int store_trial_of_server(struct store *store, uint64_t server_id, struct store_server_ids *ret,
			  struct err *err);
/** store_trial_mark() - by which the host knows what has begun since; 0: nothing is looked for. */
int store_trial_mark(struct store *store, uint64_t server_id, uint32_t *ret, struct err *err);
/** store_trial_next() - the one that is due first; ERR_NOT_FOUND without any. */
int store_trial_next(struct store *store, uint64_t *ret_firewall_id, int64_t *ret_deadline_ms,
		     struct err *err);

/* --- the filter of a server --- */

int store_filter_get(struct store *store, uint64_t server_id, uint64_t *ret_wanted,
		     uint64_t *ret_applied, struct err *err);
/** store_filter_bandwidth() - that the server's plan allows, in Mbit/s; 0: any. */
int store_filter_bandwidth(struct store *store, uint64_t server_id, uint32_t *ret_in,
			   uint32_t *ret_out, struct err *err);
/** store_filter_set_applied() - an older version than what is recorded changes nothing. */
int store_filter_set_applied(struct store *store, uint64_t server_id, uint64_t version,
			     struct err *err);
/** store_filter_pending() - that the host may be told of now. A server that loses a floating
 * address to another waits for that one, whose message takes it away from here: it is never of
 * neither. */
int store_filter_pending(struct store *store, uint64_t *ids, size_t max, size_t *ret_count,
			 struct err *err);
/** store_filter_pending_of() - how many servers of a customer wait for theirs. */
int store_filter_pending_of(struct store *store, uint64_t customer_id, uint64_t *ret,
			    struct err *err);

// Alert rules, and the alerts that came of them, in the database.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/alert_rule.h"
#include "model/page.h"
#include "store/store.h"

struct store_alert_rules {
	struct alert_rule *items;
	size_t count;
	uint64_t total;
};

struct store_alerts {
	struct alert *items;
	size_t count;
	uint64_t total;
};

/* A rule and a server it is about; by the server's uuid. */
struct store_alert_pair {
	uint8_t uuid[16];
	uint64_t server_id;
	uint64_t rule_id;
};

struct store_alert_pairs {
	struct store_alert_pair *items;
	size_t count;
	size_t most; /* rules of one server, with those beyond ALERT_RULES_PER_SERVER, left out */
};

/** store_alert_rule_insert() - sets the id. ERR_LIMIT: the account has ALERT_RULES_PER_CUSTOMER. */
int store_alert_rule_insert(struct store *store, struct alert_rule *rule, struct err *err);
int store_alert_rule_get(struct store *store, uint64_t customer_id, uint64_t id,
			 struct alert_rule *ret, struct err *err);
int store_alert_rule_list(struct store *store, uint64_t customer_id, uint64_t server_id,
			  const struct page *page, struct store_alert_rules *ret, struct err *err);
/** store_alert_rule_all() - of everybody, by id. */
int store_alert_rule_all(struct store *store, struct store_alert_rules *ret, struct err *err);
void store_alert_rule_done(struct store_alert_rules *rules);
int store_alert_rule_update(struct store *store, const struct alert_rule *rule, struct err *err);
int store_alert_rule_delete(struct store *store, uint64_t id, struct err *err);

/** store_alert_rule_delete_of_server() - those about it alone; not those with a selector. */
int store_alert_rule_delete_of_server(struct store *store, uint64_t server_id, struct err *err);

/** store_alert_scope() - grows whenever another rule may be about another server. */
int store_alert_scope(struct store *store, uint64_t *ret, struct err *err);
/** store_alert_pairs() - which rule is about which server. @rules: by id; of one customer or of
 * all. Of the rules of one server the oldest ALERT_RULES_PER_SERVER count. */
int store_alert_pairs(struct store *store, const struct store_alert_rules *rules, uint64_t of_rule,
		      struct store_alert_pairs *ret, struct err *err);
void store_alert_pairs_done(struct store_alert_pairs *pairs);

/* What a list shows; zero leaves a condition out. */
struct store_alert_filter {
	uint64_t customer_id;
	uint64_t server_id;
	uint64_t rule_id;
	bool open;
	bool ended;
	struct page page; /* entries 0: all */
};

/** store_alert_open() - sets id, server_name and customer_id. ERR_UNIQUENESS: it is open already.
 */
int store_alert_open(struct store *store, struct alert *alert, struct err *err);
int store_alert_end(struct store *store, uint64_t id, enum alert_end end, int64_t now_ms,
		    struct err *err);
/** store_alert_forget_old() - of a customer, all that have ended but the last ALERT_KEPT. */
int store_alert_forget_old(struct store *store, uint64_t customer_id, struct err *err);
int store_alert_get(struct store *store, uint64_t customer_id, uint64_t id, struct alert *ret,
		    struct err *err);
/** store_alert_list() - the newest first. */
int store_alert_list(struct store *store, const struct store_alert_filter *filter,
		     struct store_alerts *ret, struct err *err);
void store_alert_done(struct store_alerts *alerts);
int store_alert_count_open(struct store *store, uint64_t customer_id, uint64_t *ret,
			   struct err *err);

/** store_alert_stop_rules() - those of @kind that are about the server. */
int store_alert_stop_rules(struct store *store, uint64_t server_id, enum alert_kind kind,
			   struct store_alert_rules *ret, struct err *err);

#include <stdio.h>
#include <string.h>

#include "store/statement.h"
#include "store/store.h"
#include "store/store_customer.h"
#include "store/store_location.h"
#include "store/store_plan.h"
#include "store/store_pool.h"

static const struct plan default_plans[] = {
	{.name = "1g",
	 .cores = 2,
	 .memory_mib = 1024,
	 .disk_gb = 20,
	 .price_monthly_minor = 980,
	 .dns_zones = 5},
	{.name = "2g",
	 .cores = 3,
	 .memory_mib = 2048,
	 .disk_gb = 40,
	 .price_monthly_minor = 1580,
	 .dns_zones = 5},
	{.name = "4g",
	 .cores = 4,
	 .memory_mib = 4096,
	 .disk_gb = 80,
	 .price_monthly_minor = 3600,
	 .dns_zones = 5},
	{.name = "8g",
	 .cores = 6,
	 .memory_mib = 8192,
	 .disk_gb = 160,
	 .price_monthly_minor = 7200,
	 .dns_zones = 10},
};

static int insert_customer(struct store *store, int64_t now_ms, struct err *err)
{
	struct customer customer = {.name = "operator", .created_ms = now_ms};
	int r = store_customer_insert(store, &customer, err);

	if (r == 0 && customer.id != ACCOUNT_SERVICE_CUSTOMER_ID)
		return err_set(err, ERR_CORRUPT,
			       "the database had customers once and has none now: restore it from "
			       "a backup");
	return r;
}

static int insert_location(struct store *store, int64_t now_ms, struct location *location,
			   struct err *err)
{
	*location = (struct location){.name = "local",
				      .description = "This machine",
				      .country = "JP",
				      .network_zone = "local",
				      .created_ms = now_ms};
	return store_location_insert(store, location, err);
}

static int insert_plans(struct store *store, int64_t now_ms, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(default_plans); i++) {
		struct plan plan = default_plans[i];
		int r;

		plan.storage = PLAN_SSD;
		memcpy(plan.currency, "JPY", sizeof(plan.currency));
		plan.created_ms = now_ms;
		(void)snprintf(plan.description, sizeof(plan.description), "%u GB",
			       plan.memory_mib / 1024);
		r = store_plan_insert(store, &plan, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int insert_pools(struct store *store, const struct store_defaults_options *options,
			uint64_t location_id, struct err *err)
{
	for (size_t i = 0; i < options->pool_count; i++) {
		const struct store_defaults_pool *given = &options->pools[i];
		struct pool pool = {.location_id = location_id, .created_ms = options->now_ms};
		int r;

		if (strlen(given->name) >= sizeof(pool.name) ||
		    ip_parse_prefix(given->prefix, &pool.prefix) < 0)
			return err_set(err, ERR_INVALID_INPUT, "pool %s: %s is not a prefix",
				       given->name, given->prefix);
		memcpy(pool.name, given->name, strlen(given->name) + 1);
		r = pool_check(&pool, err);
		if (r == 0)
			r = store_pool_insert(store, &pool, err);
		if (r < 0)
			return err_wrap(err, r, "pool %s", given->name);
	}
	return 0;
}

int store_defaults(struct store *store, const struct store_defaults_options *options,
		   struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	struct location location;
	uint64_t customers = 0;
	int r = statement_begin(store, &guard, err);

	if (r == 0)
		r = statement_number(store, "SELECT count(*) FROM customer", NULL, &customers, err);
	if (r < 0 || customers > 0)
		return r;
	r = insert_customer(store, options->now_ms, err);
	if (r == 0)
		r = insert_location(store, options->now_ms, &location, err);
	if (r == 0)
		r = insert_plans(store, options->now_ms, err);
	if (r == 0)
		r = insert_pools(store, options, location.id, err);
	return r < 0 ? r : statement_commit(&guard, err);
}

// A plan (the API's server type): what a server has and what it costs.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/money.h"
#include "model/name.h"

enum plan_storage { PLAN_SSD = 1, PLAN_HDD = 2 };

#define PLAN_DESCRIPTION_BYTES 256
#define PLAN_MAX_CORES         256
#define PLAN_MIN_MEMORY_MIB    64
#define PLAN_MAX_MEMORY_MIB    (4U * 1024 * 1024)
#define PLAN_MAX_DISK_GB       (64U * 1024)
#define PLAN_MAX_DNS_ZONES     1000
#define PLAN_MAX_TRAFFIC_BYTES (INT64_C(1) << 53)
#define PLAN_MAX_MBIT          100000
#define PLAN_MONTHS_OF_A_YEAR  11 /* a year is paid as this many months */
#define PLAN_HOURS_OF_A_MONTH  720

struct plan {
	uint64_t id;
	char name[NAME_SLUG_BYTES];
	char description[PLAN_DESCRIPTION_BYTES];
	uint32_t cores;
	uint32_t memory_mib;
	uint32_t disk_gb;
	enum plan_storage storage;
	char currency[MONEY_CURRENCY_BYTES];
	int64_t price_monthly_minor;
	int64_t price_initial_minor;
	uint32_t dns_zones;
	uint64_t traffic_bytes; /* that a month's price includes; 0: nothing is said */
	uint32_t bandwidth_in;  /* Mbit/s to a server, at most; 0: no limit */
	uint32_t bandwidth_out; /* from it */
	int64_t created_ms;
	int64_t deprecated_ms; /* 0: offered; otherwise since when no new server may take it */
};

const char *plan_storage_name(enum plan_storage storage);
int plan_storage_parse(const char *text, enum plan_storage *ret);
int64_t plan_price_yearly_minor(const struct plan *plan);
/** plan_check() - every bound; 0 or ERR_INVALID_INPUT naming the field. */
int plan_check(const struct plan *plan, struct err *err);

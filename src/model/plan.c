#include "model/plan.h"

#include <errno.h>
#include <string.h>

const char *plan_storage_name(enum plan_storage storage)
{
	return storage == PLAN_HDD ? "hdd" : "ssd";
}

int plan_storage_parse(const char *text, enum plan_storage *ret)
{
	if (strcmp(text, "ssd") == 0)
		*ret = PLAN_SSD;
	else if (strcmp(text, "hdd") == 0)
		*ret = PLAN_HDD;
	else
		return -EINVAL;
	return 0;
}

int64_t plan_price_yearly_minor(const struct plan *plan)
{
	return plan->price_monthly_minor * PLAN_MONTHS_OF_A_YEAR;
}

static int check_range(const char *field, int64_t value, int64_t min, int64_t max, struct err *err)
{
	if (value >= min && value <= max)
		return 0;
	return err_set(err, ERR_INVALID_INPUT, "%s must be between %lld and %lld", field,
		       (long long)min, (long long)max);
}

int plan_check(const struct plan *plan, struct err *err)
{
	int r = name_check_slug(plan->name, err);

	if (r == 0)
		r = name_check_text("description", plan->description, PLAN_DESCRIPTION_BYTES - 1,
				    err);
	if (r == 0)
		r = check_range("cores", plan->cores, 1, PLAN_MAX_CORES, err);
	if (r == 0)
		r = check_range("memory in MiB", plan->memory_mib, PLAN_MIN_MEMORY_MIB,
				PLAN_MAX_MEMORY_MIB, err);
	if (r == 0)
		r = check_range("disk in GB", plan->disk_gb, 1, PLAN_MAX_DISK_GB, err);
	if (r == 0 && plan->storage != PLAN_SSD && plan->storage != PLAN_HDD)
		r = err_set(err, ERR_INVALID_INPUT, "storage must be ssd or hdd");
	if (r == 0 && money_check_currency(plan->currency) < 0)
		r = err_set(err, ERR_INVALID_INPUT,
			    "currency must be three capital letters, such as JPY");
	if (r == 0)
		r = check_range("the monthly price", plan->price_monthly_minor, 0, MONEY_MAX_MINOR,
				err);
	if (r == 0)
		r = check_range("the initial price", plan->price_initial_minor, 0, MONEY_MAX_MINOR,
				err);
	if (r == 0)
		r = check_range("dns_zones", plan->dns_zones, 0, PLAN_MAX_DNS_ZONES, err);
	if (r == 0)
		r = check_range("included_traffic", (int64_t)plan->traffic_bytes, 0,
				PLAN_MAX_TRAFFIC_BYTES, err);
	if (r == 0)
		r = check_range("bandwidth_in", plan->bandwidth_in, 0, PLAN_MAX_MBIT, err);
	if (r == 0)
		r = check_range("bandwidth_out", plan->bandwidth_out, 0, PLAN_MAX_MBIT, err);
	return r;
}

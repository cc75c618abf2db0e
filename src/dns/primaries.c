#include "dns/primaries.h"

#include <stdio.h>
#include <string.h>

#include "base/ip.h"
#include "base/log.h"

static bool is_allowed(const struct config *config, const char *address)
{
	struct ip ip;

	if (ip_parse(address, &ip) < 0)
		return false;
	for (unsigned i = 0; i < config->dns_primary_allow.count; i++)
		if (ip_contains(&config->dns_primary_allow.items[i], &ip))
			return true;
	return ip_is_public(&ip) && !ip_is_own(&ip);
}

static void refuse(struct dns_job *job, const struct dns_job_primary *primary)
{
	log_warning("zone %s may not be fetched from %s: primary_allow in [dns]", primary->zone,
		    primary->address);
	for (size_t i = 0; i < job->count; i++)
		if (strcmp(job->zones[i].name, primary->zone) == 0)
			(void)snprintf(job->zones[i].error, sizeof job->zones[i].error,
				       "it may not be fetched from %s", primary->address);
}

void primaries_check(const struct config *config, struct dns_job *job)
{
	for (size_t i = 0; i < job->primary_count; i++) {
		struct dns_job_primary *primary = &job->primaries[i];
		if (primary->address[0] == '\0' || is_allowed(config, primary->address))
			continue;
		refuse(job, primary);
		primary->address[0] = '\0';
	}
}

#include "host/libvirt/statistics.h"

#include <string.h>

#include "base/cleanup.h"
#include "host/libvirt/connection.h"

#define KIB 1024

/* libvirt's names. Disk and interface 0 are the server's own; a seed disc comes after. */
static const struct {
	const char *name;
	enum host_statistic statistic;
} counters[] = {
	{"cpu.time", HOST_CPU_NS},
	{"block.0.rd.bytes", HOST_DISK_READ_BYTES},
	{"block.0.wr.bytes", HOST_DISK_WRITE_BYTES},
	{"block.0.rd.reqs", HOST_DISK_READ_OPS},
	{"block.0.wr.reqs", HOST_DISK_WRITE_OPS},
	/* "allocation" is how far was written since the start, this is what the file takes. */
	{"block.0.physical", HOST_DISK_USED_BYTES},
	{"net.0.rx.bytes", HOST_NET_IN_BYTES},
	{"net.0.tx.bytes", HOST_NET_OUT_BYTES},
	{"net.0.rx.pkts", HOST_NET_IN_PACKETS},
	{"net.0.tx.pkts", HOST_NET_OUT_PACKETS},
};

static uint64_t find(const virTypedParameter *params, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (params[i].type == VIR_TYPED_PARAM_ULLONG && strcmp(params[i].field, name) == 0)
			return params[i].value.ul;
	return HOST_STATISTIC_UNKNOWN;
}

/* The guest's word where its balloon driver gives one, else what QEMU's process takes: not more
 * than the server has, as what QEMU needs for itself is not the server's. */
static uint64_t memory_bytes(const virTypedParameter *params, int count)
{
	const uint64_t all = find(params, count, "balloon.available");
	const uint64_t given = find(params, count, "balloon.current"); /* unknown is most */
	uint64_t left = find(params, count, "balloon.usable"), used;

	if (left == HOST_STATISTIC_UNKNOWN)
		left = find(params, count, "balloon.unused");
	used = all != HOST_STATISTIC_UNKNOWN && left <= all ? all - left
							    : find(params, count, "balloon.rss");
	if (used != HOST_STATISTIC_UNKNOWN && used > given)
		used = given;
	return used > UINT64_MAX / KIB ? HOST_STATISTIC_UNKNOWN : used * KIB;
}

void statistics_of(const virTypedParameter *params, int count, struct host_sample *ret)
{
	for (size_t i = 0; i < HOST_STATISTICS_COUNT; i++)
		ret->values[i] = HOST_STATISTIC_UNKNOWN;
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		ret->values[counters[i].statistic] = find(params, count, counters[i].name);
	ret->values[HOST_MEMORY_BYTES] = memory_bytes(params, count);
}

static bool is_ours(virDomainPtr domain, const char *instance)
{
	const char *name = virDomainGetName(domain);
	const size_t len = strlen(instance);

	return name != NULL && strncmp(name, instance, len) == 0 && name[len] == '-';
}

int statistics_all(virConnectPtr connection, const char *instance, driver_sample *sample,
		   void *context, struct err *err)
{
	virDomainStatsRecordPtr *records = NULL;
	const int count = virConnectGetAllDomainStats(
		connection,
		VIR_DOMAIN_STATS_CPU_TOTAL | VIR_DOMAIN_STATS_BALLOON | VIR_DOMAIN_STATS_BLOCK |
			VIR_DOMAIN_STATS_INTERFACE,
		&records,
		VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE |
			VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);

	if (count < 0)
		return connection_error("ask what the servers use", err);
	for (int i = 0; i < count; i++) {
		struct host_sample one;
		if (!is_ours(records[i]->dom, instance) ||
		    virDomainGetUUID(records[i]->dom, one.uuid) < 0)
			continue;
		statistics_of(records[i]->params, records[i]->nparams, &one);
		sample(context, &one);
	}
	virDomainStatsRecordListFree(records);
	return 0;
}

#include "host/fake/load.h"

#include <string.h>

#define LONG_AGO_MS INT64_C(1700000000000)

void load_of(const uint8_t uuid[UUID_BYTES], int64_t started_ms, int64_t now_ms,
	     struct host_sample *ret)
{
	const int64_t since_ms = started_ms != 0 ? started_ms : LONG_AGO_MS;
	const uint64_t ms = now_ms > since_ms ? (uint64_t)(now_ms - since_ms) : 0;
	const uint64_t busy = uuid[1] % 100U + 1; /* percent of a core */

	*ret = (struct host_sample){0};
	memcpy(ret->uuid, uuid, UUID_BYTES);
	ret->values[HOST_CPU_NS] = ms * busy * 10000;
	ret->values[HOST_MEMORY_BYTES] = ((uint64_t)128 + uuid[2]) << 20;
	ret->values[HOST_DISK_READ_OPS] = ms * busy / 1000;
	ret->values[HOST_DISK_WRITE_OPS] = ms * busy / 500;
	ret->values[HOST_DISK_READ_BYTES] = ret->values[HOST_DISK_READ_OPS] * 16384;
	ret->values[HOST_DISK_WRITE_BYTES] = ret->values[HOST_DISK_WRITE_OPS] * 4096;
	ret->values[HOST_DISK_USED_BYTES] = ((uint64_t)512 + uuid[3]) << 20;
	ret->values[HOST_NET_IN_PACKETS] = ms * busy / 200;
	ret->values[HOST_NET_OUT_PACKETS] = ms * busy / 250;
	ret->values[HOST_NET_IN_BYTES] = ret->values[HOST_NET_IN_PACKETS] * 120;
	ret->values[HOST_NET_OUT_BYTES] = ret->values[HOST_NET_OUT_PACKETS] * 900;
}

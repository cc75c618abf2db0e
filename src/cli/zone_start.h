// What a new zone starts with, so that it is of use at once.
#pragma once

#include <jansson.h>

/**
 * zone_start_server() - add the record sets by which a domain and its www lead to a server.
 * @rrsets: of the request that makes the zone.
 *
 * A and AAAA of the addresses it has, and SSHFP (RFC 4255) of those host keys that are known.
 */
void zone_start_server(json_t *rrsets, const json_t *server);

/** zone_start_host_keys() - SSHFP records of those host keys of a server that are known, as
 * `records` of a record set. Its caller owns the array. */
json_t *zone_start_host_keys(const json_t *server);

/** zone_start_no_mail() - add what says that a domain neither takes nor sends mail: a null MX
 * (RFC 7505), SPF (RFC 7208) and DMARC (RFC 7489). */
void zone_start_no_mail(json_t *rrsets);

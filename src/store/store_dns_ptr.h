// Reverse names customers gave their addresses.
#pragma once

#include "base/ip.h"
#include "store/store.h"

/** store_dns_ptr_set() - @ip: the server's IPv4 address or any address inside its /64, else
 * ERR_INVALID_INPUT; @name NULL: back to the default. At most STORE_DNS_PTR_MAX an address. */
#define STORE_DNS_PTR_MAX 64
int store_dns_ptr_set(struct store *store, uint64_t server_id, const struct ip *ip,
		      const char *name, struct err *err);
/** store_dns_ptr_set_of() - the same of one address, whether a server has it or not. */
int store_dns_ptr_set_of(struct store *store, uint64_t address_id, const struct ip *ip,
			 const char *name, struct err *err);

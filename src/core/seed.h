// The NoCloud documents of a server: who it is, its network, the customer's user-data and ours.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ip.h"
#include "base/parse.h"
#include "model/private_network.h"
#include "wire/host_message.h"

#define SEED_USER_DATA_MAX_BYTES    ((size_t)32 * 1024) /* as a client sends it */
#define SEED_USER_DATA_MAX_UNPACKED ((size_t)96 * 1024) /* a MIME message that came packed */
#define SEED_MAX_RESOLVERS          3

/* What was chosen for the first step inside; all zero: the usual. Values are checked before. */
struct seed_first_step {
	uint16_t ssh_port;      /* 0: as the image has it */
	const char *open_ports; /* beside SSH: "80/tcp,443/tcp"; NULL: none */
	uint32_t log_days;      /* 0: 90 */
	uint32_t updates;       /* enum first_choice_updates; 0: as the image has it */
};

struct seed_input {
	uint8_t uuid[UUID_BYTES];
	uint32_t generation; /* a rebuilt server is a new instance to cloud-init */
	const char *hostname;
	const char *user;        /* name of the ordinary user; NULL or "" = the image's own */
	const char *const *keys; /* OpenSSH public keys for that user */
	size_t key_count;
	const char *root_hash; /* crypt(5) form, to be changed at the first login; NULL = locked */
	struct seed_first_step first_step;
	const void *user_data; /* the customer's, exactly as it came; NULL = none */
	size_t user_data_bytes;
	uint8_t mac[MAC_BYTES];
	struct ip ipv4;                   /* /32; family 0: none */
	struct ip ipv6;                   /* /64; family 0: none; the server is ::1 in it */
	const struct private_port *ports; /* private networks that it is in */
	size_t port_count;
	const struct ip *resolvers; /* none: well-known public ones */
	size_t resolver_count;
};

/**
 * seed_build() - write the four documents.
 * @ret: filled with malloc'd strings; free with host_seed_done().
 * Errors: those of seed_check_user_data(), ERR_TOO_LARGE, -ENOMEM.
 */
int seed_build(const struct seed_input *input, struct host_seed *ret, struct err *err);

/**
 * seed_check_user_data() - can these bytes be handed to a server?
 * Errors: ERR_INVALID_INPUT: over SEED_USER_DATA_MAX_BYTES; packed badly or too large unpacked; a
 * MIME message which is not UTF-8.
 */
int seed_check_user_data(const void *data, size_t bytes, struct err *err);

/** seed_read_resolvers() - name servers in a resolv.conf a guest could reach too (no loopback, no
 * link-local). Return: how many were stored, at most SEED_MAX_RESOLVERS; 0 also when unreadable. */
size_t seed_read_resolvers(const char *path, struct ip ret[SEED_MAX_RESOLVERS]);

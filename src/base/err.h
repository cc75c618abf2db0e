// Error codes and the context that travels with them for people.
#pragma once

#include <stddef.h>

/*
 * A function that can fail returns 0 or a negative code: -errno for what the kernel said, or one of
 * these for what we say ourselves. The string is what the API shows; it never changes once
 * released.
 */
#define ERR_LIST(X)                                                                                \
	X(ERR_INVALID_INPUT, -1000, "invalid_input")                                               \
	X(ERR_JSON, -1001, "json_error")                                                           \
	X(ERR_UNAUTHORIZED, -1002, "unauthorized")                                                 \
	X(ERR_FORBIDDEN, -1003, "forbidden")                                                       \
	X(ERR_TOKEN_READONLY, -1004, "token_readonly")                                             \
	X(ERR_LIMIT, -1005, "resource_limit_exceeded")                                             \
	X(ERR_NOT_FOUND, -1006, "not_found")                                                       \
	X(ERR_METHOD, -1007, "method_not_allowed")                                                 \
	X(ERR_UNIQUENESS, -1008, "uniqueness_error")                                               \
	X(ERR_UNAVAILABLE_RESOURCE, -1009, "resource_unavailable")                                 \
	X(ERR_SERVER_NOT_STOPPED, -1010, "server_not_stopped")                                     \
	X(ERR_INVALID_SERVER_TYPE, -1011, "invalid_server_type")                                   \
	X(ERR_IN_USE, -1012, "resource_in_use")                                                    \
	X(ERR_UNSUPPORTED, -1013, "unsupported_error")                                             \
	X(ERR_LOCKED, -1014, "locked")                                                             \
	X(ERR_PROTECTED, -1015, "protected")                                                       \
	X(ERR_RATE_LIMIT, -1016, "rate_limit_exceeded")                                            \
	X(ERR_SERVER, -1017, "server_error")                                                       \
	X(ERR_UNAVAILABLE, -1018, "unavailable")                                                   \
	X(ERR_TIMEOUT, -1019, "timeout")                                                           \
	X(ERR_PLACEMENT, -1020, "placement_error")                                                 \
	X(ERR_IP_POOL_EMPTY, -1021, "ip_pool_empty")                                               \
	X(ERR_DISK_FULL, -1022, "disk_full")                                                       \
	X(ERR_MEMORY_FULL, -1023, "memory_full")                                                   \
	X(ERR_HYPERVISOR, -1024, "hypervisor_unavailable")                                         \
	X(ERR_HYPERVISOR_FAILED, -1025, "hypervisor_error")                                        \
	X(ERR_IMAGE_MISSING, -1026, "image_missing")                                               \
	X(ERR_CHECKSUM, -1027, "checksum_mismatch")                                                \
	X(ERR_AGENT, -1028, "guest_agent_unavailable")                                             \
	X(ERR_PROTOCOL, -1029, "protocol_error")                                                   \
	X(ERR_GONE, -1030, "gone")                                                                 \
	X(ERR_CORRUPT, -1031, "corrupt")                                                           \
	X(ERR_TOO_LARGE, -1032, "request_too_large")                                               \
	X(ERR_SERVER_NOT_RUNNING, -1033, "server_not_running")                                     \
	X(ERR_FETCH, -1034, "fetch_failed")                                                        \
	X(ERR_LAST_OWNER, -1035, "last_owner")                                                     \
	X(ERR_WRONG_PASSWORD, -1036, "wrong_password")                                             \
	X(ERR_CODE_REQUIRED, -1037, "code_required")                                               \
	X(ERR_WRONG_CODE, -1038, "wrong_code")                                                     \
	X(ERR_PROOF_REQUIRED, -1039, "proof_required")                                             \
	X(ERR_NO_MAIL, -1040, "mail_not_set_up")                                                   \
	X(ERR_MAINTENANCE, -1190, "maintenance")                                                   \
	X(ERR_AGENT_OFF, -1130, "guest_agent_off")                                                 \
	X(ERR_SERVER_ATTACHED, -1150, "server_already_attached")                                   \
	X(ERR_IP_NOT_AVAILABLE, -1151, "ip_not_available")                                         \
	X(ERR_NO_SUBNET, -1152, "no_subnet_available")                                             \
	X(ERR_NETWORKS_OVERLAP, -1153, "networks_overlap")                                         \
	X(ERR_SUSPENDED, -1050, "account_suspended")                                               \
	X(ERR_FIREWALL_APPLIED, -1120, "firewall_already_applied")                                 \
	X(ERR_FIREWALL_REMOVED, -1121, "firewall_already_removed")                                 \
	X(ERR_OLD_CONNECTION, -1122, "connection_too_old")                                         \
	X(ERR_PASSKEY_SITE, -1060, "passkeys_unavailable")                                         \
	X(ERR_PASSKEY_DATA, -1061, "passkey_data")                                                 \
	X(ERR_PASSKEY_CHALLENGE, -1062, "passkey_challenge")                                       \
	X(ERR_PASSKEY_ORIGIN, -1063, "passkey_origin")                                             \
	X(ERR_PASSKEY_UNVERIFIED, -1064, "passkey_unverified")                                     \
	X(ERR_WRONG_PASSKEY, -1065, "wrong_passkey")                                               \
	X(ERR_PASSKEY_COUNTER, -1066, "passkey_counter")                                           \
	X(ERR_LAST_PASSKEY, -1067, "last_passkey")

enum err_code {
#define X(name, number, text) name = number,
	ERR_LIST(X)
#undef X
};

/* What a person is told. Set only on failure; each layer may put its own words in front. */
struct err {
	int code;
	char text[256];
};

/**
 * err_set() - record a failure.
 * @err:  where to record it; may be NULL.
 * @code: negative code, -errno or enum err_code.
 * Return: @code, so that `return err_set(err, ERR_X, "...")` reads well.
 */
int err_set(struct err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * err_wrap() - put a layer's own words before those already recorded: "words: earlier text".
 * Return: @code. Records like err_set() when @err held no text.
 */
int err_wrap(struct err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** err_name() - the stable string of a code ("server_error" for -errno values). Static storage. */
const char *err_name(int code);

/** err_from_name() - the code of a stable string, or ERR_SERVER for an unknown one. */
int err_from_name(const char *name);

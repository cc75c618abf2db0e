// An operation on a resource that takes time: its command, its state, its steps.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACTION_COMMAND_LIST(X)                                                                     \
	X(ACTION_CREATE_SERVER, 1, "create_server")                                                \
	X(ACTION_START_SERVER, 2, "start_server")                                                  \
	X(ACTION_STOP_SERVER, 3, "stop_server")                                                    \
	X(ACTION_SHUTDOWN_SERVER, 4, "shutdown_server")                                            \
	X(ACTION_REBOOT_SERVER, 5, "reboot_server")                                                \
	X(ACTION_RESET_SERVER, 6, "reset_server")                                                  \
	X(ACTION_DELETE_SERVER, 7, "delete_server")                                                \
	X(ACTION_REBUILD_SERVER, 8, "rebuild_server")                                              \
	X(ACTION_CHANGE_SERVER_TYPE, 9, "change_server_type")                                      \
	X(ACTION_CHANGE_DNS_PTR, 10, "change_dns_ptr")                                             \
	X(ACTION_CHANGE_PROTECTION, 11, "change_protection")                                       \
	X(ACTION_RESET_PASSWORD, 12, "reset_password")                                             \
	X(ACTION_IMPORT_IMAGE, 13, "import_image")                                                 \
	X(ACTION_DELETE_IMAGE, 14, "delete_image")                                                 \
	X(ACTION_REQUEST_CONSOLE, 15, "request_console")                                           \
	X(ACTION_CHECK_FIRST_STEP, 16, "check_first_step")                                         \
	X(ACTION_OPEN_INBOUND, 17, "open_inbound")                                                 \
	X(ACTION_CHANGE_GUEST_AGENT, 24, "change_guest_agent")                                     \
	X(ACTION_ENABLE_RESCUE, 18, "enable_rescue")                                               \
	X(ACTION_DISABLE_RESCUE, 19, "disable_rescue")                                             \
	X(ACTION_RESTORE_KEPT_DISK, 30, "restore_kept_disk")                                       \
	X(ACTION_DELETE_KEPT_DISK, 31, "delete_kept_disk")                                         \
	X(ACTION_CREATE_IMAGE, 32, "create_image")                                                 \
	X(ACTION_ENABLE_BACKUP, 33, "enable_backup")                                               \
	X(ACTION_DISABLE_BACKUP, 34, "disable_backup")                                             \
	X(ACTION_SET_FIREWALL_RULES, 40, "set_firewall_rules")                                     \
	X(ACTION_APPLY_FIREWALL, 41, "apply_firewall")                                             \
	X(ACTION_REMOVE_FIREWALL, 42, "remove_firewall")                                           \
	X(ACTION_ASSIGN_FLOATING_IP, 50, "assign_floating_ip")                                     \
	X(ACTION_UNASSIGN_FLOATING_IP, 51, "unassign_floating_ip")                                 \
	X(ACTION_ASSIGN_PRIMARY_IP, 52, "assign_primary_ip")                                       \
	X(ACTION_UNASSIGN_PRIMARY_IP, 53, "unassign_primary_ip")                                   \
	X(ACTION_ADD_SUBNET, 90, "add_subnet")                                                     \
	X(ACTION_DELETE_SUBNET, 91, "delete_subnet")                                               \
	X(ACTION_CHANGE_IP_RANGE, 92, "change_ip_range")                                           \
	X(ACTION_ATTACH_TO_NETWORK, 93, "attach_to_network")                                       \
	X(ACTION_DETACH_FROM_NETWORK, 94, "detach_from_network")                                   \
	X(ACTION_CHANGE_ALIAS_IPS, 95, "change_alias_ips")                                         \
	X(ACTION_DELETE_NETWORK, 96, "delete_network")                                             \
	X(ACTION_CREATE_ZONE, 70, "create_zone")                                                   \
	X(ACTION_DELETE_ZONE, 71, "delete_zone")                                                   \
	X(ACTION_IMPORT_ZONEFILE, 72, "import_zonefile")                                           \
	X(ACTION_CHANGE_ZONE_TTL, 73, "change_zone_ttl")                                           \
	X(ACTION_CHANGE_ZONE_PROTECTION, 74, "change_zone_protection")                             \
	X(ACTION_CHANGE_ZONE_DNSSEC, 75, "change_zone_dnssec")                                     \
	X(ACTION_ROLLBACK_ZONE, 76, "rollback_zone")                                               \
	X(ACTION_CREATE_RRSET, 77, "create_rrset")                                                 \
	X(ACTION_DELETE_RRSET, 78, "delete_rrset")                                                 \
	X(ACTION_CHANGE_RRSET_TTL, 79, "change_rrset_ttl")                                         \
	X(ACTION_CHANGE_RRSET_PROTECTION, 80, "change_rrset_protection")                           \
	X(ACTION_SET_RRSET_RECORDS, 81, "set_rrset_records")                                       \
	X(ACTION_ADD_RRSET_RECORDS, 82, "add_rrset_records")                                       \
	X(ACTION_REMOVE_RRSET_RECORDS, 83, "remove_rrset_records")                                 \
	X(ACTION_UPDATE_RRSET_RECORDS, 84, "update_rrset_records")                                 \
	X(ACTION_CHANGE_ZONE_PRIMARIES, 85, "change_primary_nameservers")                          \
	X(ACTION_ROLL_ZONE_KSK, 86, "roll_ksk")

enum action_command {
#define X(name, number, text) name = number,
	ACTION_COMMAND_LIST(X)
#undef X
};

enum action_status { ACTION_RUNNING = 1, ACTION_SUCCESS = 2, ACTION_ERROR = 3 };

enum action_resource_type {
	ACTION_RESOURCE_SERVER = 1,
	ACTION_RESOURCE_IMAGE = 2,
	ACTION_RESOURCE_ADDRESS = 3,
	ACTION_RESOURCE_ZONE = 4,
	ACTION_RESOURCE_FIREWALL = 5,
	ACTION_RESOURCE_FLOATING_IP = 6,
	ACTION_RESOURCE_NETWORK = 10,
};

struct action_resource {
	enum action_resource_type type;
	uint64_t id;
};

#define ACTION_MAX_RESOURCES    4
#define ACTION_CODE_BYTES       48
#define ACTION_TEXT_BYTES       256
#define ACTION_STEP_NAME_BYTES  32
#define ACTION_MAX_STEPS        16
#define ACTION_MAX_PARAMS_BYTES 4096

/* `struct action a CLEANUP(action_done) = {0};` is a valid empty one. */
struct action {
	uint64_t id;
	enum action_command command;
	enum action_status status;
	uint8_t progress; /* percent */
	int64_t started_ms;
	int64_t finished_ms;                /* 0: not yet */
	bool undoing;                       /* a step failed; what was done is being undone */
	char step[ACTION_STEP_NAME_BYTES];  /* that it is at, as stored; "" once it has ended */
	char error_code[ACTION_CODE_BYTES]; /* shown once status is error; "" otherwise */
	char error_text[ACTION_TEXT_BYTES];
	uint64_t server_id;   /* 0: of no server; stays after the server is deleted */
	uint64_t customer_id; /* whose it is */
	uint64_t user_id;     /* who asked; 0: a token, or the machine itself */
	char *params;         /* JSON text, never a secret; NULL: none */
	struct action_resource resources[ACTION_MAX_RESOURCES];
	size_t resource_count;
};

enum action_step_result {
	ACTION_STEP_WAITING = 0,
	ACTION_STEP_STARTED = 1,
	ACTION_STEP_DONE = 2,
	ACTION_STEP_FAILED = 3,
	ACTION_STEP_UNDONE = 4,
};

struct action_step {
	uint32_t number; /* from 0 */
	char name[ACTION_STEP_NAME_BYTES];
	int64_t started_ms;
	int64_t finished_ms;
	enum action_step_result result;
};

/* Those of zones, as labels of a switch about servers: they change none. */
#define ACTION_CASES_OF_ZONES                                                                      \
	case ACTION_CREATE_ZONE:                                                                   \
	case ACTION_DELETE_ZONE:                                                                   \
	case ACTION_IMPORT_ZONEFILE:                                                               \
	case ACTION_CHANGE_ZONE_TTL:                                                               \
	case ACTION_CHANGE_ZONE_PROTECTION:                                                        \
	case ACTION_CHANGE_ZONE_DNSSEC:                                                            \
	case ACTION_ROLLBACK_ZONE:                                                                 \
	case ACTION_CHANGE_ZONE_PRIMARIES:                                                         \
	case ACTION_ROLL_ZONE_KSK:                                                                 \
	case ACTION_CREATE_RRSET:                                                                  \
	case ACTION_DELETE_RRSET:                                                                  \
	case ACTION_CHANGE_RRSET_TTL:                                                              \
	case ACTION_CHANGE_RRSET_PROTECTION:                                                       \
	case ACTION_SET_RRSET_RECORDS:                                                             \
	case ACTION_ADD_RRSET_RECORDS:                                                             \
	case ACTION_REMOVE_RRSET_RECORDS:                                                          \
	case ACTION_UPDATE_RRSET_RECORDS:

/* Those of private networks, likewise. */
#define ACTION_CASES_OF_NETWORKS                                                                   \
	case ACTION_ADD_SUBNET:                                                                    \
	case ACTION_DELETE_SUBNET:                                                                 \
	case ACTION_CHANGE_IP_RANGE:                                                               \
	case ACTION_ATTACH_TO_NETWORK:                                                             \
	case ACTION_DETACH_FROM_NETWORK:                                                           \
	case ACTION_CHANGE_ALIAS_IPS:                                                              \
	case ACTION_DELETE_NETWORK:

/** action_done() - free what it holds and zero it; accepts a zeroed one. */
void action_done(struct action *action);

/** The API's words; static storage. Parsers: 0 or -EINVAL. */
const char *action_command_name(enum action_command command);
int action_command_parse(const char *text, enum action_command *ret);
const char *action_status_name(enum action_status status);
int action_status_parse(const char *text, enum action_status *ret);
const char *action_resource_name(enum action_resource_type type);

/** action_add_resource() - 0, or -ENOSPC past ACTION_MAX_RESOURCES. */
int action_add_resource(struct action *action, enum action_resource_type type, uint64_t id);

// Runs actions: recorded steps on a host, resumed after any crash, undone in reverse on failure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "base/parse.h"
#include "model/action.h"
#include "model/backup.h"
#include "model/pool.h"
#include "model/private_network.h"
#include "wire/console_message.h"
#include "wire/host_message.h"

#define ENGINE_COPIES_AT_ONCE 2 /* of whole disks: so much of the host's disk is for servers */

struct engine;
struct host_client;
struct server;
struct store;

/* Told after the change is committed; ids of things the caller may read again from the store. */
struct engine_hooks {
	void (*server_changed)(void *context, uint64_t server_id);
	void (*server_deleted)(void *context, uint64_t server_id, uint64_t customer_id);
	/* A server went off though it was wished on and no action ran. In the transaction that
	 * records it, which a negative answer rolls back. @itself: from the inside. */
	int (*server_stopped)(void *context, const struct server *server, bool itself,
			      struct err *err);
	/* Optional. A line of a guest's report that begins with "first-step "; hostile. */
	void (*first_step)(void *context, const uint8_t uuid[UUID_BYTES], const char *line);
	/* Optional. A guest has said that its first boot is over. */
	void (*first_boot)(void *context, uint64_t server_id);
	void (*action_changed)(void *context, uint64_t action_id);
	void (*image_changed)(void *context, uint64_t image_id);
	void (*host_lost)(void *context); /* the channel has ended; somebody has to make another */
	/* Of remote consoles, which are none of the engine's business but on its channel. */
	void (*console_ended)(void *context, uint64_t console_id, enum host_console_end end);
	void (*host_dropped)(void *context);
	void *context;
};

/* Bounds; 0 means the default in brackets. Tests make them short. */
struct engine_limits {
	uint32_t verbs_at_once;      /* on one host [4] */
	uint32_t retry_first_ms;     /* first pause before a step is tried again [250] */
	uint32_t retry_most_ms;      /* pauses double up to this [5000] */
	uint32_t unreachable_ms;     /* how long steps wait for a host before they fail [300000] */
	uint32_t shutdown_repeat_ms; /* between two ACPI requests [15000] */
	uint32_t shutdown_most_ms;   /* before a shutdown or reboot gives up [120000] */
	uint32_t sweep_ms;           /* between two sweeps [60000] */
	uint32_t seed_most_ms;       /* a seed's life after the first start [1800000] */
	uint32_t settle_ms;          /* a guest off for so long is not wished on any more [45000] */
	bool close_inbound;          /* to a new system, until its first step is proven [false] */
	uint64_t memory_reserve_mib; /* of the host's memory, never given to servers [512] */
};

/* What a caller asks for. All pointers are borrowed for the call. Fields not named for a command
 * are ignored. */
struct action_request {
	enum action_command command;
	uint64_t server_id;   /* the server's row exists already; 0 for images */
	uint64_t customer_id; /* who owns the action */
	uint64_t user_id;     /* who asked; 0: a token, or the machine itself */

	bool start;                /* create_server: start it afterwards */
	uint16_t ssh_port;         /* create_server, rebuild_server: that was chosen; 0: 22 */
	uint32_t log_days;         /* the same; 0: as the image has it */
	uint32_t updates;          /* the same; enum first_choice_updates */
	const char *open_ports;    /* the same, beside SSH: "80/tcp,443/tcp"; NULL or "": none */
	const char *password_hash; /* create_server, rebuild_server: root's, or NULL;
				      reset_password: required. crypt(5) form */
	const void *user_data; /* create_server, rebuild_server: the customer's bytes, or NULL */
	size_t user_data_bytes;

	uint64_t firewall_id;     /* those of firewalls, without server_id */
	uint64_t about_server_id; /* ... and the one server it is about, or 0 */

	uint64_t address_id;            /* those of addresses, and change_dns_ptr and
					   change_protection of one, without server_id */
	enum address_kind address_kind; /* ... and what it is */

	uint64_t network_id;             /* those of networks, with or without server_id, and
					    change_protection of one */
	const struct private_port *port; /* attach_to_network: with network, server, MAC and
					    addresses; detach_from_network, change_alias_ips:
					    the one that is there */

	uint64_t image_id; /* rebuild_server, import_image, delete_image, create_image: that
			      image's row */
	enum backup_window backup_window; /* enable_backup */
	uint32_t backup_percent;          /* enable_backup: of the plan's price */
	bool keep_disk;                   /* rebuild_server: the old disk is put aside */
	const char *user;                 /* rebuild_server: of the new system; NULL: as it was */
	const char *new_keys; /* rebuild_server: authorized_keys lines of it; NULL: as they were */

	uint64_t server_type_id; /* change_server_type */
	bool upgrade_disk;       /* change_server_type: let the disk grow to the plan's size */

	const char *keys; /* enable_rescue: authorized_keys lines, at least one */

	const char *ip;      /* change_dns_ptr: an address of the server */
	const char *dns_ptr; /* change_dns_ptr: the name, NULL to reset */
	const char *rename;  /* change_dns_ptr: the server's name from now on, or NULL */

	bool agent_off; /* change_guest_agent: the host shall ask nothing inside it */

	int protect_delete;  /* change_protection: 1, 0, or -1 to leave it */
	int protect_rebuild; /* change_protection: 1, 0, or -1 to leave it */

	const char *url;         /* import_image: where the host fetches it, or NULL */
	int fd;                  /* import_image without url: the file; owned by the engine from
				    now on once the call has succeeded. Otherwise ignored */
	const uint8_t *checksum; /* import_image: HOST_CHECKSUM_BYTES, or NULL */
};

/**
 * engine_new() - make an engine; nothing runs before engine_start().
 * @loop, @store: borrowed; must outlive the engine.
 * @hooks, @limits: copied; @limits may be NULL.
 * Reads /etc/resolv.conf (the guests' resolvers): call it before giving up the file system.
 */
int engine_new(uv_loop_t *loop, struct store *store, const struct engine_hooks *hooks,
	       const struct engine_limits *limits, struct engine **ret, struct err *err);

/** engine_start() - take up every action that was running when the last process ended. */
int engine_start(struct engine *engine, struct err *err);

/** engine_free() - stop at once, as a crash would; accepts NULL. The loop must run once more for
 * libuv to close the timers. */
void engine_free(struct engine *engine);

/**
 * engine_connect() - talk to ippo-host over @fd from now on; an older channel is dropped.
 * @fd: owned by the engine, also on failure. Called again whenever the host process was restarted.
 */
int engine_connect(struct engine *engine, int fd, struct err *err);

/**
 * engine_submit() - record an action, its steps and the server's lock.
 *
 * To be called inside the caller's store transaction; nothing runs before engine_kick(), which is
 * called after the commit. change_dns_ptr and change_protection take effect in that transaction
 * and come back finished.
 *
 * Errors: ERR_LOCKED, ERR_SERVER_NOT_STOPPED, ERR_PROTECTED, ERR_INVALID_SERVER_TYPE,
 * ERR_INVALID_INPUT, ERR_UNAVAILABLE_RESOURCE (memory), ERR_NOT_FOUND, ERR_UNSUPPORTED.
 */
int engine_submit(struct engine *engine, const struct action_request *request, struct action *ret,
		  struct err *err);

/** engine_kick() - run what was committed; cheap, may be called at any time. */
void engine_kick(struct engine *engine);

/**
 * engine_admit() - is there memory on the host for one more running server?
 * @memory_mib: of the new server; @except_server_id: counted not at all (0: none).
 * Return: 0, or ERR_UNAVAILABLE_RESOURCE with a message that names the figures. A host that has
 * not yet said how much it has admits everything: the step asks again.
 */
int engine_admit(struct engine *engine, uint64_t memory_mib, uint64_t except_server_id,
		 struct err *err);

/** engine_host_facts() - what the host said about itself, NULL before it first did. Borrowed. */
const struct host_facts *engine_host_facts(const struct engine *engine);

/** engine_host_seen_ms() - when the host answered last; 0: never since this process began. */
int64_t engine_host_seen_ms(const struct engine *engine);

/** engine_host() - the channel, for verbs that are no step of an action. Borrowed. */
struct host_client *engine_host(struct engine *engine);

/** engine_refresh_network() - tell the host of a server's network as its row says. */
void engine_refresh_network(struct engine *engine, uint64_t server_id);

/** engine_host_up() - the host process answers and its hypervisor is reachable. */
bool engine_host_up(const struct engine *engine);

/** engine_strangers() - things under our names on the host that belong to no server of ours, as
 * of the last sweep. They are reported in health, never touched. */
size_t engine_strangers(const struct engine *engine);

/** engine_running() - how many actions are not finished. */
size_t engine_running(const struct engine *engine);

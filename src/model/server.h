// A virtual server, its states, and which command is allowed when.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ip.h"
#include "base/parse.h"
#include "model/action.h"
#include "model/backup.h"
#include "model/label.h"
#include "model/name.h"
#include "model/pool.h"

enum server_status {
	SERVER_INITIALIZING = 0,
	SERVER_STARTING = 1,
	SERVER_RUNNING = 2,
	SERVER_STOPPING = 3,
	SERVER_OFF = 4,
	SERVER_DELETING = 5,
	SERVER_REBUILDING = 6,
	SERVER_MIGRATING = 7,
	SERVER_UNKNOWN = 8,
};
#define SERVER_STATUS_COUNT 9

/* What the customer wants: kept across restarts of the machine. */
enum server_desired { SERVER_DESIRED_OFF = 0, SERVER_DESIRED_ON = 1 };

#define SERVER_HOST_BYTES     64
#define SERVER_KEPT_DISK_DAYS 7 /* of the disk that a rebuild puts aside */

/* `struct server s CLEANUP(server_done) = {0};` is a valid empty one. */
struct server {
	uint64_t id;
	uint64_t version; /* grows with each change of the row, its addresses, labels or names */
	uint8_t uuid[UUID_BYTES];
	uint64_t customer_id;
	char name[NAME_HOST_BYTES];
	enum server_status status;
	enum server_desired desired;
	uint64_t locked_action_id; /* 0: not locked */
	uint64_t server_type_id;
	uint64_t image_id; /* 0: none */
	uint64_t location_id;
	char host[SERVER_HOST_BYTES]; /* "local" for this machine */
	uint32_t volume_generation;   /* of the disk in use */
	uint32_t disk_gb;             /* size of that disk; a plan change may leave it smaller */
	uint8_t mac[MAC_BYTES];
	char user[NAME_USER_BYTES]; /* login name of the ordinary user */
	bool protect_delete;
	bool protect_rebuild;
	bool seed;            /* the seed disc is still there */
	bool first_boot_done; /* the guest reported the end of its first boot */
	int64_t created_ms;
	int64_t first_started_ms; /* since the disk was made; 0: never */
	struct labels labels;
	struct address ipv4;    /* id 0: none */
	struct address ipv6;    /* id 0: none; the /64 */
	char *host_keys;        /* as told by the guest, see model/host_key.h; NULL: none so far */
	uint16_t ssh_port;      /* that was chosen for the system in use */
	uint32_t updates;       /* the same; enum first_choice_updates */
	bool agent_off;         /* its owner wants the host to ask nothing inside it */
	bool rescue_armed;      /* the next start boots the rescue system */
	bool rescue_running;    /* that is what it runs, or is about to */
	char *rescue_host_keys; /* as the rescue system told them; NULL: none */
	enum backup_window backup_window; /* BACKUP_NONE: none are made of it */
	uint32_t backup_percent;          /* of its plan's price, since they were switched on */
	bool closed; /* nothing new from outside reaches it yet, see model/first_step.h */
	uint32_t first_step_passed; /* items */
	uint32_t first_step_known;
	struct dns_ptr *dns_ptrs; /* those the customer changed, ordered by address */
	size_t dns_ptr_count;
};

/** server_done() - free what it holds and zero it; accepts a zeroed one. */
void server_done(struct server *server);

/** server_status_name() - the API's word. Static storage. */
const char *server_status_name(enum server_status status);
int server_status_parse(const char *text, enum server_status *ret);

/**
 * server_admit() - may @command begin now?
 * @locked_by: command of the action that holds the lock; ignored when the server is not locked.
 *
 * Judges lock, protection and state. A forced stop is let past a waiting shutdown. A command that
 * finds its end state already there (start of a running server) is admitted.
 * Errors: ERR_LOCKED, ERR_PROTECTED, ERR_SERVER_NOT_STOPPED, ERR_UNSUPPORTED (state), each with
 * what to do.
 */
int server_admit(const struct server *server, enum action_command locked_by,
		 enum action_command command, struct err *err);

/** server_status_during() - the state while @command runs on a server that was @now. */
enum server_status server_status_during(enum action_command command, enum server_status now);

/** server_status_after() - the state once @command ended well; @desired tells create and rebuild
 * whether the server was started. */
enum server_status server_status_after(enum action_command command, enum server_status before,
				       enum server_desired desired);

/** server_desired_after() - what the customer wants once @command was accepted. */
enum server_desired server_desired_after(enum action_command command, enum server_desired now);

/** server_default_dns_ptr() - the reverse name of an address nobody named, such as
 * "static.11.100.51.198.in-addr.invalid"; @out gets at most @size-1 characters. */
void server_default_dns_ptr(const struct ip *ip, char *out, size_t size);

/** server_dns_ptr() - the reverse name the customer gave @ip, or NULL. Borrowed. */
const char *server_dns_ptr(const struct server *server, const struct ip *ip);

// Inside the engine: an action being run, the tables of steps, and what steps may call.
#pragma once

#include "base/buf.h"
#include "base/cursor.h"
#include "core/actions/engine.h"
#include "core/hostlink/host_client.h"
#include "core/seed.h"
#include "model/action.h"
#include "model/server.h"
#include "store/store.h"

struct task;

/* What run() and answered() return besides an error. */
enum step_outcome {
	STEP_DONE = 0,  /* the step has reached its end */
	STEP_ASKED = 1, /* a verb is under way (only run) */
	STEP_WAIT = 2,  /* run() again when the server's power changes, or after task->wake_ms */
};

enum step_flags {
	STEP_MUST = 1, /* tried until it succeeds: stopping half-way would leave something behind */
	STEP_KEEP = 2, /* when it fails, what was done before stays */
	STEP_SLOW = 4, /* takes minutes; does not count against the verbs at once */
	STEP_UNDO_ONCE = 8, /* an undo the host refuses for good is let be */
	STEP_COPY = 32,     /* of a whole disk: takes hours, and few run at once */
	STEP_ABSENT = 16,   /* not finding what is to go is as good; always so when undoing */
};

/*
 * Every function may be called again after a crash, at any point. wanted, entered, answered and
 * the undo's end run inside the transaction that records the step.
 */
struct step {
	const char *name;
	unsigned flags;
	/* false: this action does not need the step. Decided by task->params alone. NULL: true. */
	bool (*wanted)(const struct task *task);
	/* Recorded together with the start of the step. May be NULL. */
	int (*entered)(struct task *task, struct err *err);
	int (*run)(struct task *task, struct err *err);
	/* What the verb's answer means; recorded together with the end. NULL: STEP_DONE. */
	int (*answered)(struct task *task, struct reader *answer, struct err *err);
	/* NULL: nothing to undo. Asks a verb, or STEP_DONE. */
	int (*undo)(struct task *task, struct err *err);
};

/* What an action has to remember besides the rows it is about; kept as JSON, without secrets. */
struct task_params {
	enum server_status before; /* status of the server when the action began */
	enum server_desired desired;
	bool start;          /* create, rebuild: the server shall run at the end */
	bool cold;           /* start, reboot, reset: a boot that begins from off */
	bool rescue;         /* the same: it boots the rescue system */
	uint32_t generation; /* rebuild, restore: of the disk being replaced */
	bool keep_disk;      /* rebuild: and that is put aside */
	uint32_t kept;       /* of the disk put aside: that is gone back to, or deleted; 0: none */
	uint64_t image_id;   /* create, rebuild, restore, images */
	bool whole;          /* create, rebuild: the disk is a copy of the image, not an overlay */
	uint64_t server_type_id; /* change_server_type */
	uint64_t port_id;        /* attach_to_network, detach_from_network */
	uint64_t network_id;     /* delete_network */
	bool upgrade_disk;
	bool from_file; /* import_image: the file came as a descriptor */
	bool has_checksum;
	uint8_t checksum[HOST_CHECKSUM_BYTES];
	char url[2048];
};

struct command {
	enum action_command command;
	const struct step *steps;
	size_t step_count;
	/* In engine_submit(): judge, and write what belongs to the beginning. */
	int (*accept)(struct engine *engine, const struct action_request *request,
		      struct server *server, struct action *action, struct task_params *params,
		      struct err *err);
	/* In the transaction that ends the action. NULL: the usual (task_end_power). */
	int (*succeeded)(struct task *task, struct err *err);
	int (*failed)(struct task *task, struct err *err);
};

extern const struct command create_command, delete_command, start_command, stop_command,
	shutdown_command, reboot_command, reset_command, rebuild_command, resize_command,
	password_command, import_command, image_delete_command, dns_ptr_command, protection_command,
	console_command, open_command, enable_rescue_command, disable_rescue_command,
	firewall_rules_command, firewall_apply_command, firewall_remove_command,
	floating_assign_command, floating_unassign_command, primary_assign_command,
	primary_unassign_command, agent_command, add_subnet_command, delete_subnet_command,
	ip_range_command, attach_command, detach_command, alias_command, network_delete_command,
	kept_restore_command, kept_delete_command, image_create_command, enable_backup_command,
	disable_backup_command;

/** rebuild_old_volume() - the step that deletes the disk which was in use when the action began. */
int rebuild_old_volume(struct task *task, struct err *err);
/** rebuild_succeeded(), rebuild_failed() - the end of an action that gives a server another disk.
 */
int rebuild_succeeded(struct task *task, struct err *err);
int rebuild_failed(struct task *task, struct err *err);
/** kept_disk_expire() - begin the deletion of those whose time is over. In no transaction. */
void kept_disk_expire(struct engine *engine);
/** filters_applied_run() - the step that waits until all filters of the customer are in force. */
int filters_applied_run(struct task *task, struct err *err);
/** address_add_resource() - the address that @request is about. */
int address_add_resource(const struct action_request *request, struct action *action,
			 struct err *err);

enum task_state {
	TASK_READY,
	TASK_ASKED, /* a verb is under way */
	TASK_WAIT,  /* for an event, or wake_at_ms */
	TASK_RETRY, /* for wake_at_ms */
};

struct task {
	struct task *next;
	struct engine *engine;
	const struct command *command;
	uint64_t action_id;
	uint64_t server_id;
	uint64_t customer_id;
	uint8_t uuid[UUID_BYTES]; /* the server's */
	struct task_params params;
	enum task_state state;
	size_t at;         /* the step in question; step_count: all done */
	bool undoing;      /* from `at` down */
	bool nothing_left; /* only the end of the action is missing */
	uint64_t call_id;
	bool holds_slot;
	bool holds_copy;
	int64_t wake_at_ms;       /* monotonic */
	unsigned phase;           /* a step's own, 0 at its start */
	uint32_t wake_ms;         /* set by a step that returns STEP_WAIT; 0: events only */
	int64_t step_started_ms;  /* wall clock, as recorded */
	int64_t blocked_since_ms; /* monotonic; 0: not blocked */
	unsigned attempts;        /* of this step that failed */
	uint8_t progress;
	int64_t progress_ms;
	enum action_step_result results[ACTION_MAX_STEPS];
	bool server_gone; /* its row was deleted at the end */
	bool has_power;   /* an event said so while the action ran */
	enum server_status power;
	/* Never recorded: lost with the process, and the step says so. */
	char *password_hash;
	int fd;
};

/* A verb outside of any action: repairs and cleaning up. Not recorded: the next sweep finds the
 * same again. */
struct job {
	struct job *next;
	struct engine *engine;
	uint64_t server_id; /* actions of this server wait; 0: of none of ours */
	uint8_t uuid[UUID_BYTES];
	uint16_t type;
	struct buf body;
	uint64_t call_id;
	bool asked;
	void (*finished)(struct engine *engine, struct job *job, int code);
};

/* What submit recorded but a crash would lose, until engine_kick() takes it over. */
struct staged {
	struct staged *next;
	uint64_t action_id;
	char *password_hash;
	int fd;
};

struct reconcile;

struct engine_timers {
	uv_timer_t turn;
	unsigned open;
};

struct engine {
	uv_loop_t *loop;
	struct store *store;
	struct engine_hooks hooks;
	struct engine_limits limits;
	struct host_client *client;
	struct reconcile *reconcile;
	struct engine_timers *timers;
	struct task *tasks; /* by action id */
	struct job *jobs;
	struct staged *staged;
	unsigned slots_used;
	unsigned copies_used;
	bool turning;
	struct ip resolvers[SEED_MAX_RESOLVERS];
	size_t resolver_count;
};

/* --- task.c --- */

const struct command *command_find(enum action_command command);
/** task_load() - take up a running action from the store. */
int task_load(struct engine *engine, const struct action *action, struct err *err);
void task_free(struct task *task);
/** task_turn() - run all that can run. Called from the engine's timer alone. */
void task_turn(struct engine *engine);
/** task_wake() - the power of a server changed: steps that wait for it look again. */
void task_wake(struct engine *engine, uint64_t server_id);
/** task_hurry() - the host is there again: do not sit out pauses. */
void task_hurry(struct engine *engine);
/** task_progress() - the host tells how far the verb @call_id is. */
void task_progress(struct engine *engine, uint64_t call_id, uint8_t percent);
/** task_of() - the action that runs on a server, NULL when none. The newest, when one ends another.
 */
struct task *task_of(struct engine *engine, uint64_t server_id);

/** task_ask() - ask one verb for the step; its answer ends or fails it. */
int task_ask(struct task *task, uint16_t type, const struct buf *body, struct err *err);
/** task_was_on(), task_wants_start() - whether steps are wanted: it ran before; it shall run. */
bool task_was_on(const struct task *task);
bool task_wants_start(const struct task *task);
/** task_wants_overlay(), task_wants_copy() - how the new disk is made of its image. */
bool task_wants_overlay(const struct task *task);
bool task_wants_copy(const struct task *task);
/** task_server() - the server as it is now. Free with server_done(). */
int task_server(struct task *task, struct server *ret, struct err *err);
/** task_end_power() - the usual end: status by what events said or else by the model. */
int task_end_power(struct task *task, struct err *err);
/** task_end_restore() - the usual end of a failure: status and wish as before. */
int task_end_restore(struct task *task, struct err *err);

/* --- params.c --- */

/** task_params_write() - malloc'd JSON; NULL on no memory. */
char *task_params_write(const struct task_params *params);
int task_params_read(const char *text, struct task_params *ret, struct err *err);

/* --- verb.c: one verb each, with the body made from the rows --- */

int verb_uuid(struct task *task, uint16_t type, struct err *err);
int verb_network_set(struct task *task, struct err *err);
int verb_network_clear(struct task *task, struct err *err);
int verb_seed_delete(struct task *task, struct err *err);
int verb_start(struct task *task, struct err *err);
int verb_stop(struct task *task, struct err *err);
int verb_define(struct task *task, struct err *err);
int verb_undefine(struct task *task, struct err *err);
int verb_volume(struct task *task, uint16_t type, uint32_t generation, uint64_t image_id,
		uint64_t bytes, struct err *err);
/* with values that are not the row's yet */
struct domain_shape {
	uint64_t server_type_id; /* 0: the row's */
	uint32_t generation;
	uint64_t image_id; /* of that generation */
	bool seed;
	bool rescue; /* boots the rescue system */
};
int verb_define_as(struct task *task, const struct domain_shape *shape, struct err *err);
int verb_seed_create(struct task *task, uint32_t generation, uint64_t image_id, struct err *err);
int verb_image(struct task *task, uint16_t type, uint64_t image_id, struct err *err);
/** verb_check_image() - an image a server of @disk_gb can be made from now. */
int verb_check_image(struct engine *engine, uint64_t image_id, uint32_t disk_gb, struct err *err);
/** verb_admit_memory() - room for this server to run? */
int verb_admit_memory(struct engine *engine, const struct server *server, struct err *err);
/** verb_put_seed() - keep what the first boot of the server will need. */
int verb_put_seed(struct engine *engine, const struct action_request *request, uint64_t server_id,
		  struct err *err);
/** verb_started() - answered() of start: remembers the first one. */
int verb_started(struct task *task, struct reader *answer, struct err *err);
/** verb_boot_entered() - entered() of the first step of a boot that begins from off: whether it is
 * one of the rescue system. */
int verb_boot_entered(struct task *task, struct err *err);
/** domain_body() - a HOST_DOMAIN_DEFINE of the server as the rows say. */
int domain_body(struct engine *engine, const struct server *server, struct buf *out,
		struct err *err);
/** network_body() - with the filter it shall have. */
int network_body(struct store *store, const struct server *server, struct buf *out,
		 struct err *err);
/** verb_network_answered() - the filter is in force with the network. */
int verb_network_answered(struct task *task, struct reader *answer, struct err *err);
uint64_t disk_bytes(uint32_t disk_gb);
/** verb_use_image() - what the disk of an action is to be made of. */
void verb_use_image(struct engine *engine, uint64_t image_id, struct task_params *params);

/* --- engine.c --- */

/** engine_turn_in() - run task_turn() in @ms. */
void engine_turn_in(struct engine *engine, uint64_t ms);
/** engine_power() - the host says how the power of a server is. In no transaction. */
void engine_power(struct engine *engine, const struct server *server, enum host_domain_state state);
/** engine_job() - queue a verb outside of any action. @body is taken over. */
int engine_job(struct engine *engine, uint64_t server_id, const uint8_t uuid[UUID_BYTES],
	       uint16_t type, struct buf *body,
	       void (*finished)(struct engine *engine, struct job *job, int code));
bool engine_has_job(const struct engine *engine, uint64_t server_id);
/** engine_tell_server(), engine_tell_action() - the hooks, when set. */
void engine_tell_server(struct engine *engine, uint64_t server_id);
void engine_tell_action(struct engine *engine, uint64_t action_id);
/** engine_is_gone(), engine_set_gone() - remembers servers that no longer exist, so that what a
 * crash left of them is known as ours. */
bool engine_is_gone(struct engine *engine, const uint8_t uuid[UUID_BYTES]);
int engine_set_gone(struct engine *engine, const uint8_t uuid[UUID_BYTES], bool gone,
		    struct err *err);

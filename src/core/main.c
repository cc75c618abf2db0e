/*
 * ippo-core: decides. Stages: read settings, open the database as its own user, take the channels
 * to web and host and the local socket from ippod; give up user, new powers, files and system
 * calls; only then answer the first request.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/isolate.h"
#include "base/log.h"
#include "base/secret.h"
#include "core/actions/engine.h"
#include "core/alerts/alerts.h"
#include "core/api/exchange.h"
#include "core/api/router.h"
#include "core/api/server_cache.h"
#include "core/auth/common_password.h"
#include "core/auth/passkey.h"
#include "core/auth/password.h"
#include "core/auth/second_step.h"
#include "core/bootstrap.h"
#include "core/console/console.h"
#include "core/core.h"
#include "core/dns/dns.h"
#include "core/dns/lookups.h"
#include "core/dns/proofs.h"
#include "core/dns/zone_keys.h"
#include "core/events.h"
#include "core/filters.h"
#include "core/first_step/checks.h"
#include "core/history.h"
#include "core/image_watch.h"
#include "core/metrics/metrics.h"
#include "core/notice_clock.h"
#include "core/post/office.h"
#include "core/suspension.h"
#include "core/traffic.h"
#include "core/trials.h"
#include "store/store.h"
#include "store/store_session.h"
#include "wire/child.h"

#define WORKERS       "2" /* for password hashing: few, because each takes memory */
#define TICK_MS       60000
#define STOP_GRACE_MS 200

static struct core core;
static uv_timer_t tick, grace;
static bool stopping;

static void on_server_changed(void *context, uint64_t server_id)
{
	console_server_changed(core.consoles, server_id);
	events_server_changed(core.events, server_id);
}

static void on_server_deleted(void *context, uint64_t server_id, uint64_t customer_id)
{
	console_server_changed(core.consoles, server_id);
	events_server_deleted(core.events, server_id, customer_id);
	metrics_server_deleted(core.metrics, server_id);
	alerts_server_deleted(core.alerts, server_id);
	checks_server_gone(core.checks, server_id);
}

static int on_server_stopped(void *context, const struct server *server, bool itself,
			     struct err *err)
{
	return alerts_stopped(core.alerts, server, itself, err);
}

static void on_action_changed(void *context, uint64_t action_id)
{
	events_action_changed(core.events, action_id);
}

static void on_first_step(void *context, const uint8_t uuid[UUID_BYTES], const char *line)
{
	checks_line(core.checks, uuid, line);
}

static void on_first_boot(void *context, uint64_t server_id)
{
	checks_first_boot(core.checks, server_id);
}

static void on_host_lost(void *context)
{
	(void)child_reconnect(core.child, "host");
}

static void on_console_ended(void *context, uint64_t console_id, enum host_console_end end)
{
	console_host_ended(core.consoles, console_id, end);
}

static void on_host_dropped(void *context)
{
	console_host_lost(core.consoles);
}

static const struct engine_hooks hooks = {.host_lost = on_host_lost,
					  .server_changed = on_server_changed,
					  .server_deleted = on_server_deleted,
					  .server_stopped = on_server_stopped,
					  .first_step = on_first_step,
					  .first_boot = on_first_boot,
					  .action_changed = on_action_changed,
					  .console_ended = on_console_ended,
					  .host_dropped = on_host_dropped};

static void on_connect(void *context, const char *neighbour, int fd)
{
	struct err err = {0};

	if (strcmp(neighbour, "web") == 0)
		client_web(&core, fd);
	else if (strcmp(neighbour, "metrics") == 0)
		metrics_connect(core.metrics, fd);
	else if (strcmp(neighbour, "post") == 0)
		office_connect(core.office, fd);
	else if (strcmp(neighbour, "probe") == 0)
		checks_connect(core.checks, fd);
	else if (strcmp(neighbour, "lookups") == 0)
		lookups_connect(core.lookups, fd);
	else if (strcmp(neighbour, "dns") == 0)
		dns_connect(core.dns, fd);
	else if (strcmp(neighbour, "host") != 0)
		(void)close(fd);
	else if (engine_connect(core.engine, fd, &err) < 0)
		log_error("cannot use the channel to host: %s", err.text);
	(void)child_ask_health(core.child);
}

static void on_listen(void *context, const char *name, int fd)
{
	struct err err = {0};

	if (strcmp(name, "local") != 0)
		(void)close(fd);
	else if (client_listen_local(&core, fd, &err) < 0)
		log_error("%s", err.text);
}

static void on_grace_over(uv_timer_t *timer)
{
	uv_stop(&core.loop);
}

static void on_stop(void *context)
{
	if (stopping)
		return;
	stopping = true;
	console_stop(core.consoles);
	checks_stop(core.checks);
	history_stop(core.history);
	/* What was answered for is in the database; answers under way may still go out. */
	(void)uv_timer_start(&grace, on_grace_over, STOP_GRACE_MS, 0);
}

static void on_health(void *context, const char *json)
{
	(void)snprintf(core.processes, sizeof core.processes, "%s", json);
}

static const struct child_events child_events = {
	.connect = on_connect, .listen = on_listen, .stop = on_stop, .health = on_health};

static void on_tick(uv_timer_t *timer)
{
	(void)store_session_delete_expired(core.store, clock_now_ms(), NULL);
	console_forget_old(core.consoles);
	(void)child_ask_health(core.child);
}

/* The database's folder and what names users and groups for the local socket; nothing else. */
static int isolate(const struct config *config, const char *dir, struct err *err)
{
	const struct isolate_path paths[] = {{dir, ISOLATE_WRITE},
					     {"/etc/passwd", ISOLATE_READ_FILE},
					     {"/etc/group", ISOLATE_READ_FILE},
					     {"/etc/nsswitch.conf", ISOLATE_READ_FILE},
					     {COMMON_PASSWORD_DICTIONARY ".hwm", ISOLATE_READ_FILE},
					     {COMMON_PASSWORD_DICTIONARY ".pwd", ISOLATE_READ_FILE},
					     {COMMON_PASSWORD_DICTIONARY ".pwi", ISOLATE_READ_FILE},
					     {NULL, 0}};
	static const char *const calls[] = {
		"openat",     "open",     "stat",       "lstat",        "access",    "faccessat",
		"faccessat2", "unlink",   "unlinkat",   "fsync",        "fdatasync", "ftruncate",
		"fallocate",  "fchmod",   "fchown",     "rename",       "renameat",  "getdents64",
		"getcwd",     "readlink", "readlinkat", "umask",        "mkdir",     "flock",
		"utimensat",  "pwritev",  "preadv",     "memfd_create", NULL};
	int code = isolate_files(paths, err);

	if (code == -ENOSYS)
		log_warning("%s: files are closed by owner alone", err->text);
	else if (code < 0)
		return code;
	if (!common_password_ready())
		log_warning("cracklib's dictionary is not there, so common passwords are taken: "
			    "install cracklib-runtime");
	return isolate_syscalls(calls, err);
}

static int start(const struct config *config, struct err *err)
{
	char path[CONFIG_PATH_BYTES + 32], dir[CONFIG_PATH_BYTES + 16];
	const struct engine_limits limits = {.close_inbound = checks_possible(config)};
	int code;

	(void)snprintf(dir, sizeof dir, "%s/core", config->state_dir);
	(void)snprintf(path, sizeof path, "%s/ippo.db", dir);
	(void)snprintf(core.backup_path, sizeof core.backup_path, "%s/backup.db", dir);
	core.terms.offset_minutes = config->contract_offset_minutes;
	if (contract_period_parse(config->contract_period, &core.terms.period) < 0)
		return err_set(err, -EINVAL,
			       "contract_period is no period"); /* config_load() knows */
	const struct bootstrap_options first = {.instance = config->instance,
						.pool_ipv4 = config->pool_ipv4,
						.pool_ipv6 = config->pool_ipv6};
	/* Before any thread and any file: nothing is ever made as root. */
	if ((code = isolate_drop_user(config->core_user, err)) < 0 ||
	    (code = isolate_end_with_parent(err)) < 0 || (code = isolate_no_new_powers(err)) < 0 ||
	    (code = store_open(path, &core.store, err)) < 0 ||
	    (code = bootstrap_run(core.store, &first, err)) < 0 ||
	    (code = events_new(&core, &core.events, err)) < 0 ||
	    (code = server_cache_new(&core, &core.servers, err)) < 0 ||
	    (code = password_guard_new(&core, &core.passwords, err)) < 0 ||
	    (code = console_setup(&core, &core.consoles, err)) < 0 ||
	    (code = history_new(&core, &core.history, err)) < 0 ||
	    (code = alerts_new(&core, &core.alerts, err)) < 0 ||
	    (code = metrics_new(&core, &core.metrics, err)) < 0 ||
	    (code = office_new(&core, &core.office, err)) < 0 ||
	    (code = checks_new(&core, &core.checks, err)) < 0 ||
	    (code = engine_new(&core.loop, core.store, &hooks, &limits, &core.engine, err)) < 0 ||
	    (code = dns_new(&core, &core.dns, err)) < 0 ||
	    (code = lookups_new(&core, &core.lookups, err)) < 0 ||
	    (code = proofs_new(&core, &core.proofs, err)) < 0 ||
	    (code = zone_keys_new(&core, &core.zone_keys, err)) < 0 ||
	    (code = suspension_new(&core, &core.suspension, err)) < 0 ||
	    (code = filters_new(&core, &core.filters, err)) < 0 ||
	    (code = trials_new(&core, &core.trials, err)) < 0 ||
	    (code = traffic_new(&core, &core.traffic, err)) < 0 ||
	    (code = child_new(&core.loop, &child_events, NULL, &core.child, err)) < 0 ||
	    (code = isolate(config, dir, err)) < 0)
		return code;
	return engine_start(core.engine, err);
}

/* Is it a whole database of this version or an older one? It is brought to this version's schema.
 */
static int check_database(const char *path)
{
	struct store *store CLEANUP(cleanup_store) = NULL;
	struct err err = {0};

	if (access(path, F_OK) < 0)
		(void)err_set(&err, -errno, "%s: %s", path, strerror(errno));
	else if (store_open(path, &store, &err) == 0 && store_check(store, &err) == 0)
		return EXIT_SUCCESS;
	(void)fprintf(stderr, "ippo-core: %s\n", err.text);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	static struct config config;
	struct err err = {0};

	log_init("ippo-core", LOG_LEVEL_INFO);
	if (argc == 2 && strcmp(argv[1], "--routes") == 0) {
		router_print(false);
		return EXIT_SUCCESS;
	}
	if (argc == 2 && strcmp(argv[1], "--events") == 0) {
		router_print(true);
		return EXIT_SUCCESS;
	}
	if (argc == 3 && strcmp(argv[1], "--check") == 0)
		return check_database(argv[2]);
	if (argc != 3 || strcmp(argv[1], "--config") != 0) {
		(void)fputs("ippo-core is started by ippod(8); --routes prints the API's routes, "
			    "--events what the history says of each, --check FILE examines a "
			    "database\n",
			    stderr);
		return 2;
	}
	(void)mallopt(M_ARENA_MAX, 1);
	/* A reply's buffers come from the heap and stay there, as in ippo-web. */
	(void)mallopt(M_MMAP_THRESHOLD, 512 * 1024);
	(void)mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
	(void)setenv("UV_THREADPOOL_SIZE", WORKERS, 1);
	(void)signal(SIGPIPE, SIG_IGN);
	if (config_load(argv[2], &config, &err) < 0 || secret_setup() < 0 ||
	    second_step_setup() < 0 || passkey_setup() < 0 || uv_loop_init(&core.loop) < 0)
		goto fail;
	log_init("ippo-core", (enum log_level)config.log_level);
	core.config = &config;
	if (start(&config, &err) < 0)
		goto fail;
	(void)uv_timer_init(&core.loop, &tick);
	(void)uv_timer_init(&core.loop, &grace);
	(void)uv_timer_start(&tick, on_tick, TICK_MS, TICK_MS);
	notice_clock_start(&core);
	image_watch_start(&core);
	metrics_start(core.metrics);
	office_start(core.office);
	checks_start(core.checks);
	dns_start(core.dns);
	lookups_start(core.lookups);
	proofs_start(core.proofs);
	zone_keys_start(core.zone_keys);
	(void)child_ready(core.child);
	(void)uv_run(&core.loop, UV_RUN_DEFAULT);
	console_teardown(core.consoles);
	store_close(core.store);
	return EXIT_SUCCESS;
fail:
	log_error("%s", err.text);
	return EXIT_FAILURE;
}

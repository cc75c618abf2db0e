#include "ippod/name_server.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/parse.h"
#include "wire/dns_message.h"

#define KNOTD            "/usr/sbin/knotd"
#define KNOTC            "/usr/sbin/knotc"
#define PATH_BYTES       (CONFIG_PATH_BYTES + 32)
#define BACKOFF_FIRST_MS 200
#define BACKOFF_MAX_MS   5000
#define HEALTHY_MS       30000
#define STOP_GRACE_MS    5000
#define END_POLLS        100
#define END_POLL_US      50000
#define CONFIG_MAX_BYTES 16384

struct name_server {
	uv_loop_t *loop;
	const struct config *config;
	uv_process_t process;
	uv_timer_t timer; /* until the next start; while stopping: until it is killed */
	bool running;
	bool stopping;
	uint64_t backoff_ms;
	int64_t started_ms;
	void (*ended)(void *context);
	void *context;
};

/* 127.0.0.1:53 and [::1]:53 as Knot writes them: 127.0.0.1@53, ::1@53. */
static int write_listen(const char *text, struct buf *out, struct err *err)
{
	bool first = true;

	(void)buf_puts(out, "[");
	while (*(text += strspn(text, " ,\t")) != '\0') {
		char word[64];
		uint64_t port;
		struct ip ip;
		const size_t len = strcspn(text, " ,\t");
		(void)snprintf(word, sizeof word, "%.*s", (int)len, text);
		text += len;
		char *colon = strrchr(word, ':'), *address = word;
		if (len >= sizeof word || colon == NULL ||
		    parse_u64(colon + 1, 1, 65535, &port) < 0)
			return err_set(err, ERR_INVALID_INPUT,
				       "listen in [dns] must be address:port or [address]:port");
		*colon = '\0';
		if (*address == '[' && colon > address + 1 && colon[-1] == ']') {
			colon[-1] = '\0';
			address++;
		}
		if (ip_parse(address, &ip) < 0)
			return err_set(err, ERR_INVALID_INPUT, "listen in [dns]: %s is no address",
				       address);
		(void)buf_printf(out, "%s\"%s@%llu\"", first ? "" : ", ", address,
				 (unsigned long long)port);
		first = false;
	}
	(void)buf_puts(out, "]\n");
	return 0;
}

/* Zones live in the journal alone: no file is written for each. It hands out nothing but answers:
 * transfers are for who core has named (see core/dns). Zone-signing keys change by themselves, a
 * key-signing key when its owner asks: the zone above has to follow. */
static int write_config(const struct config *config, struct buf *out, struct err *err)
{
	int code;

	(void)buf_puts(out,
		       "# Made by ippod from [dns] of its settings; core adds to it.\nserver:\n"
		       "    listen: ");
	if ((code = write_listen(config->dns_listen, out, err)) < 0)
		return code;
	(void)buf_printf(out,
			 "    user: \"%s:%s\"\n"
			 "    rundir: \"%s/dns\"\n"
			 "    pidfile: \"knot.pid\"\n"
			 "    identity: \"\"\n"
			 "    version: \"\"\n"
			 "    nsid: \"\"\n"
			 "    udp-workers: 2\n    tcp-workers: 2\n    background-workers: 2\n"
			 /* One that is not reached does not keep the others waiting. */
			 "    remote-retry-delay: 3000\n"
			 "control:\n    listen: \"%s/dns/knot.sock\"\n    timeout: 30\n"
			 "log:\n  - target: stderr\n    any: warning\n"
			 "database:\n    storage: \"%s/dns\"\n"
			 "policy:\n  - id: signed\n    algorithm: ecdsap256sha256\n"
			 "    cds-cdnskey-publish: always\n"
			 "    ksk-lifetime: 0\n    zsk-lifetime: %" PRIu32 "\n"
			 "    dnskey-ttl: %" PRIu32 "\n    propagation-delay: %" PRIu32 "\n"
			 "template:\n  - id: default\n    storage: \"%s/dns\"\n"
			 "    zonefile-sync: -1\n    zonefile-load: none\n"
			 "    journal-content: all\n    serial-policy: unixtime\n"
			 "    dnssec-policy: signed\n"
			 /* Whom it could not tell of a change, it tells again after. */
			 "    retry-max-interval: 60\n"
			 "    catalog-role: member\n    catalog-zone: \"" DNS_CATALOG_FORMAT "\"\n"
			 "  - id: catalog\n    storage: \"%s/dns\"\n"
			 "    zonefile-sync: -1\n    zonefile-load: none\n"
			 "    journal-content: all\n    serial-policy: unixtime\n"
			 "    retry-max-interval: 60\n"
			 "  - id: secondary\n    storage: \"%s/dns\"\n"
			 "    zonefile-sync: -1\n    zonefile-load: none\n"
			 "    journal-content: all\n"
			 /* Whoever is fetched from is a stranger. */
			 "    zone-max-size: 8M\n    journal-max-usage: 32M\n"
			 "    refresh-min-interval: 30\n    retry-min-interval: 30\n"
			 "    catalog-role: member\n    catalog-zone: \"" DNS_CATALOG_FORMAT "\"\n"
			 "zone:\n  - domain: \"" DNS_CATALOG_FORMAT "\"\n"
			 "    template: catalog\n    catalog-role: generate\n",
			 config->dns_user, config->dns_user, config->run_dir, config->run_dir,
			 config->state_dir, config->dns_zsk_life_s, config->dns_key_ttl_s,
			 config->dns_spread_s, config->state_dir, config->instance,
			 config->state_dir, config->state_dir, config->instance, config->instance);
	return out->error < 0 ? err_set(err, out->error, "no memory") : 0;
}

static bool is_same(const char *path, const struct buf *text)
{
	char old[CONFIG_MAX_BYTES];
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	const ssize_t bytes = fd >= 0 ? read(fd, old, sizeof old) : -1;

	return bytes >= 0 && (size_t)bytes == text->len && memcmp(old, text->data, text->len) == 0;
}

/* Arguments are ours alone. It runs as the user that Knot runs as, and touches its folder. */
static int import(const struct config *config, const char *database, const char *path,
		  struct err *err)
{
	char *const arguments[] = {
		(char *)(uintptr_t) "setpriv", (char *)(uintptr_t) "--init-groups",
		(char *)(uintptr_t) "--reuid", (char *)(uintptr_t)config->dns_user,
		(char *)(uintptr_t) "--regid", (char *)(uintptr_t)config->dns_user,
		(char *)(uintptr_t)KNOTC,      (char *)(uintptr_t) "--confdb",
		(char *)(uintptr_t)database,   (char *)(uintptr_t) "conf-import",
		(char *)(uintptr_t)path,       NULL};
	int status = 0;
	pid_t pid;
	const int code = posix_spawnp(&pid, arguments[0], NULL, NULL, arguments, environ);

	if (code != 0)
		return err_set(err, -code, "cannot start %s: %s", KNOTC, strerror(code));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(err, -errno, "cannot wait for %s", KNOTC);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0
		       ? 0
		       : err_set(err, ERR_SERVER, "%s did not take %s", KNOTC, path);
}

static int prepare(const struct config *config, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	char path[PATH_BYTES], database[PATH_BYTES], file[PATH_BYTES + 16];
	int code;

	(void)snprintf(path, sizeof path, "%s/dns.conf", config->state_dir);
	(void)snprintf(database, sizeof database, "%s/dns/confdb", config->state_dir);
	(void)snprintf(file, sizeof file, "%s/data.mdb", database);
	if ((code = write_config(config, &text, err)) < 0)
		return code;
	if (is_same(path, &text) && access(file, F_OK) == 0)
		return 0;
	/* Made anew: one that was imported by half is none. */
	(void)unlink(path);
	(void)unlink(file);
	(void)snprintf(file, sizeof file, "%s/lock.mdb", database);
	(void)unlink(file);
	(void)snprintf(file, sizeof file, "%s.new", path);
	if ((code = fd_write_file(AT_FDCWD, file, text.data, text.len, 0644)) < 0)
		return err_set(err, code, "cannot write %s: %s", file, strerror(-code));
	if ((code = import(config, database, file, err)) < 0)
		return code;
	return rename(file, path) < 0 ? err_set(err, -errno, "cannot write %s", path) : 0;
}

/* One whose ippod was killed goes on; its successor cannot speak for it. */
static void end_left_over(const struct config *config)
{
	char path[PATH_BYTES], text[24] = "", comm[32], name[16] = "";
	uint64_t pid;

	(void)snprintf(path, sizeof path, "%s/dns/knot.pid", config->run_dir);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	if (parse_u64(text, 2, INT32_MAX, &pid) < 0)
		return;
	(void)snprintf(comm, sizeof comm, "/proc/%s/comm", text);
	AUTO_CLOSE int comm_fd = open(comm, O_RDONLY | O_CLOEXEC);
	if (comm_fd < 0 || read(comm_fd, name, sizeof name - 1) <= 0 ||
	    strcmp(name, "knotd\n") != 0)
		return;
	log_info("ending the name server of an earlier ippod (pid %s)", text);
	(void)kill((pid_t)pid, SIGTERM);
	for (int i = 0; i < END_POLLS && kill((pid_t)pid, 0) == 0; i++)
		(void)usleep(END_POLL_US);
	(void)kill((pid_t)pid, SIGKILL);
}

static void start(struct name_server *server);

static void on_restart_due(uv_timer_t *timer)
{
	start(timer->data);
}

static void on_closed(uv_handle_t *handle)
{
	struct name_server *server = handle->data;

	server->running = false;
	if (server->stopping) {
		(void)uv_timer_stop(&server->timer);
		if (server->ended != NULL)
			server->ended(server->context);
		return;
	}
	if (clock_mono_ms() - server->started_ms > HEALTHY_MS)
		server->backoff_ms = BACKOFF_FIRST_MS;
	(void)uv_timer_start(&server->timer, on_restart_due, server->backoff_ms, 0);
	if (server->backoff_ms * 2 <= BACKOFF_MAX_MS)
		server->backoff_ms *= 2;
}

static void on_exit_of_it(uv_process_t *process, int64_t status, int signal)
{
	struct name_server *server = process->data;

	if (!server->stopping)
		log_warning("the name server (pid %d) ended with %s %d", process->pid,
			    signal != 0 ? "signal" : "status", signal != 0 ? signal : (int)status);
	uv_close((uv_handle_t *)process, on_closed);
}

static void start(struct name_server *server)
{
	char database[PATH_BYTES];
	char *arguments[] = {(char *)(uintptr_t)KNOTD, (char *)(uintptr_t) "--confdb", database,
			     NULL};
	uv_stdio_container_t stdio[] = {
		{.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
		{.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
	};
	const uv_process_options_t options = {.exit_cb = on_exit_of_it,
					      .file = KNOTD,
					      .args = arguments,
					      .stdio = stdio,
					      .stdio_count = ARRAY_SIZE(stdio)};
	struct err err = {0};
	int code;

	(void)snprintf(database, sizeof database, "%s/dns/confdb", server->config->state_dir);
	server->started_ms = clock_mono_ms();
	server->process.data = server;
	/* Its database of settings may be gone since. */
	if (prepare(server->config, &err) < 0) {
		log_error("the name server: %s", err.text);
		(void)uv_timer_start(&server->timer, on_restart_due, BACKOFF_MAX_MS, 0);
		return;
	}
	code = uv_spawn(server->loop, &server->process, &options);
	server->running = true;
	if (code == 0)
		return;
	log_error("cannot start %s: %s", KNOTD, uv_strerror(code));
	/* uv_spawn() has initialised the handle even when it failed. */
	uv_close((uv_handle_t *)&server->process, on_closed);
}

int name_server_new(uv_loop_t *loop, const struct config *config, struct name_server **ret,
		    struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	struct name_server *server;
	int code;

	*ret = NULL;
	if (config->dns_listen[0] == '\0')
		return 0;
	if ((code = write_config(config, &text, err)) < 0)
		return code;
	server = calloc(1, sizeof *server);
	if (server == NULL)
		return err_set(err, -ENOMEM, "no memory");
	server->loop = loop;
	server->config = config;
	server->backoff_ms = BACKOFF_FIRST_MS;
	(void)uv_timer_init(loop, &server->timer);
	server->timer.data = server;
	end_left_over(config);
	start(server);
	*ret = server;
	return 0;
}

static void on_grace_over(uv_timer_t *timer)
{
	struct name_server *server = timer->data;

	if (server->running)
		(void)uv_process_kill(&server->process, SIGKILL);
}

void name_server_stop(struct name_server *server, void (*ended)(void *context), void *context)
{
	server->stopping = true;
	server->ended = ended;
	server->context = context;
	(void)uv_timer_stop(&server->timer);
	if (!server->running) {
		ended(context);
		return;
	}
	(void)uv_process_kill(&server->process, SIGTERM);
	(void)uv_timer_start(&server->timer, on_grace_over, STOP_GRACE_MS, 0);
}

void name_server_free(struct name_server *server)
{
	free(server);
}

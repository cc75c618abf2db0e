/*
 * ippo-web: the process that faces the internet. Stages: read settings, certificate and panel; take
 * the listening socket and the channel to core from ippod; give up user, new powers, files and
 * system calls; only then accept the first connection.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/config.h"
#include "base/ip.h"
#include "base/isolate.h"
#include "base/log.h"
#include "base/schedule.h"
#include "base/secret.h"
#include "web/connection.h"
#include "web/console.h"
#include "web/core_link.h"
#include "web/panel.h"
#include "web/web.h"
#include "wire/child.h"

#define ACCEPT_BURST  64
#define TICK_MS       500
#define STOP_GRACE_MS 3000
/* A console has two descriptors, a file of the panel one for each of its forms; the rest are
 * channels and libuv's own. */
#define DESCRIPTORS (2 * CONNECTION_MAX + 2 * PANEL_MAX_FILES + 128)

static struct web web;
static struct child *child;
static uv_poll_t listener;
static int listener_fd = -1;
static uv_timer_t tick;
static uv_timer_t grace;
static bool isolated;

static void format_peer(const struct sockaddr_storage *address, char *out, size_t size)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const uint8_t *bytes = v6->sin6_addr.s6_addr;

	if (address->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		(void)inet_ntop(AF_INET, bytes + 12, out, (socklen_t)size);
	else if (address->ss_family == AF_INET6)
		(void)inet_ntop(AF_INET6, bytes, out, (socklen_t)size);
	else
		(void)inet_ntop(AF_INET, &v4->sin_addr, out, (socklen_t)size);
}

static void on_client(uv_poll_t *poll, int status, int events)
{
	for (int i = 0; i < ACCEPT_BURST; i++) {
		struct sockaddr_storage address = {0};
		socklen_t size = sizeof address;
		char peer[INET6_ADDRSTRLEN];
		int fd = accept4(listener_fd, (struct sockaddr *)&address, &size,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		format_peer(&address, peer, sizeof peer);
		connection_accept(&web, fd, peer);
	}
}

static void on_tick(uv_timer_t *timer)
{
	connection_check_times(&web);
}

static int make_tls(const struct config *config, struct err *err)
{
	char pem[CONFIG_PATH_BYTES + 32], key[CONFIG_PATH_BYTES + 32];

	(void)snprintf(pem, sizeof pem, "%s/web/tls.pem", config->state_dir);
	(void)snprintf(key, sizeof key, "%s/web/tls.key", config->state_dir);
	web.tls = SSL_CTX_new(TLS_server_method());
	if (web.tls == NULL || SSL_CTX_use_certificate_chain_file(web.tls, pem) != 1 ||
	    SSL_CTX_use_PrivateKey_file(web.tls, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(web.tls) != 1 ||
	    SSL_CTX_set_min_proto_version(web.tls, TLS1_2_VERSION) != 1)
		return err_set(err, ERR_SERVER, "cannot use %s: %s", pem,
			       ERR_reason_error_string(ERR_get_error()));
	web_tls_options(web.tls);
	return 0;
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit = {0};

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur >= DESCRIPTORS)
		return;
	limit.rlim_cur = DESCRIPTORS;
	if (limit.rlim_max < DESCRIPTORS)
		limit.rlim_max = DESCRIPTORS; /* still root here */
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_warning("no more than %llu descriptors may be open: fewer consoles than meant",
			    (unsigned long long)limit.rlim_max);
}

/* Everything is open: give up all that is not needed from here on. */
static int isolate(const struct config *config, struct err *err)
{
	static const struct isolate_path no_paths[] = {{NULL, 0}};
	int code;

	if ((code = isolate_drop_user(config->web_user, err)) < 0 ||
	    (code = isolate_end_with_parent(err)) < 0 || (code = isolate_no_new_powers(err)) < 0)
		return code;
	code = isolate_files(no_paths, err);
	if (code == -ENOSYS)
		log_warning("%s: files are closed by owner and system call filter alone",
			    err->text);
	else if (code < 0)
		return code;
	return web_isolate_syscalls(err);
}

static void begin_when_whole(void)
{
	struct err err = {0};

	if (isolated || listener_fd < 0 || web.core == NULL)
		return;
	if (isolate(web.config, &err) < 0) {
		log_error("cannot give up powers, so it will not serve: %s", err.text);
		exit(EXIT_FAILURE);
	}
	isolated = true;
	(void)uv_poll_init(&web.loop, &listener, listener_fd);
	(void)uv_poll_start(&listener, UV_READABLE, on_client);
	(void)child_ready(child);
}

static void on_connect(void *context, const char *neighbour, int fd)
{
	if (strcmp(neighbour, "core") == 0)
		core_link_connect(web.core, fd);
	else
		(void)close(fd);
}

static void on_listen(void *context, const char *name, int fd)
{
	if (strcmp(name, "https") != 0 || listener_fd >= 0) {
		(void)close(fd);
		return;
	}
	listener_fd = fd;
	begin_when_whole();
}

static void on_grace_over(uv_timer_t *timer)
{
	uv_stop(&web.loop);
}

static void on_stop(void *context)
{
	if (web.stopping)
		return;
	web.stopping = true;
	if (isolated)
		(void)uv_poll_stop(&listener);
	connection_end_consoles(&web);
	/* Answers under way may go out; nothing new begins. */
	(void)uv_timer_start(&grace, on_grace_over, web.connection_count > 0 ? STOP_GRACE_MS : 0,
			     0);
}

static const struct child_events child_events = {
	.connect = on_connect, .listen = on_listen, .stop = on_stop};

/* A name of one's own machine must not teach the browser to refuse http on all its other ports. */
static bool is_public_name(const char *url)
{
	const char *host = url + strlen("https://");
	size_t len = strcspn(host, ":/");
	char name[256];
	struct ip ip;

	if (len == 0 || len >= sizeof name || host[0] == '[')
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	return strcmp(name, "localhost") != 0 && ip_parse(name, &ip) < 0 &&
	       strchr(name, '.') != NULL;
}

int main(int argc, char **argv)
{
	static struct config config;
	struct err err = {0};

	log_init("ippo-web", LOG_LEVEL_INFO);
	if (argc != 3 || strcmp(argv[1], "--config") != 0) {
		(void)fputs("ippo-web is started by ippod(8)\n", stderr);
		return 2;
	}
	web_memory_options();
	(void)signal(SIGPIPE, SIG_IGN);
	if (config_load(argv[2], &config, &err) < 0 || secret_setup() < 0)
		goto fail;
	log_init("ippo-web", (enum log_level)config.log_level);
	raise_descriptor_limit();
	web.config = &config;
	web.hsts = is_public_name(config.url);
	schedule_short_turns();
	if (uv_loop_init(&web.loop) < 0 || make_tls(&config, &err) < 0 ||
	    panel_open(config.panel_dir, &web.panel, &err) < 0 ||
	    core_link_new(&web, &web.core, &err) < 0 ||
	    child_new(&web.loop, &child_events, NULL, &child, &err) < 0)
		goto fail;
	if (panel_is_empty(web.panel))
		log_warning("there is no panel in %s; the API works all the same",
			    config.panel_dir);
	console_begin_turns(&web);
	(void)uv_timer_init(&web.loop, &tick);
	(void)uv_timer_init(&web.loop, &grace);
	(void)uv_timer_start(&tick, on_tick, TICK_MS, TICK_MS);
	(void)uv_run(&web.loop, UV_RUN_DEFAULT);
	connection_free_all(&web);
	core_link_free(web.core);
	child_free(child);
	panel_free(web.panel);
	SSL_CTX_free(web.tls);
	return EXIT_SUCCESS;
fail:
	log_error("%s", err.text);
	return EXIT_FAILURE;
}

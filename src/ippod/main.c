// ippod: makes what the service needs, starts its processes, and watches them. See ippod(8).
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/config.h"
#include "base/fd.h"
#include "base/log.h"
#include "ippod/certificate.h"
#include "ippod/listen.h"
#include "ippod/state.h"
#include "ippod/supervisor.h"

#define DEFAULT_CONFIG "/etc/ippo/ippo.conf"

static void usage(FILE *out)
{
	(void)fputs("Usage: ippod [--config FILE] [--foreground] [--check]\n\n"
		    "Starts and watches the processes of Ippo, a VPS service.\n\n"
		    "  --config FILE  settings (default " DEFAULT_CONFIG ")\n"
		    "  --foreground   stay in the foreground and log to standard error\n"
		    "  --check        check the settings and end\n"
		    "  --version      print the version\n"
		    "  --help         print this\n",
		    out);
}

static void on_signal(uv_signal_t *handle, int number)
{
	log_info("stopping (signal %d)", number);
	supervisor_stop(handle->data);
}

/* In the background the log goes to STATE/log/ippod.log. */
static int go_to_background(const struct config *config, struct err *err)
{
	char path[CONFIG_PATH_BYTES + 32];
	int log_fd;

	(void)snprintf(path, sizeof path, "%s/log/ippod.log", config->state_dir);
	log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log_fd < 0)
		return err_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
	if (daemon(0, 1) < 0 || dup2(log_fd, STDOUT_FILENO) < 0 || dup2(log_fd, STDERR_FILENO) < 0)
		return err_set(err, -errno, "cannot go to the background: %s", strerror(errno));
	(void)close(log_fd);
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (nothing >= 0) {
		(void)dup2(nothing, STDIN_FILENO);
		(void)close(nothing);
	}
	return 0;
}

static int serve(const struct config *config, const char *config_path,
		 const struct supervisor_sockets *sockets, struct err *err)
{
	static const int signals[] = {SIGTERM, SIGINT};
	uv_signal_t handles[ARRAY_SIZE(signals)];
	struct supervisor *supervisor;
	uv_loop_t loop;
	int code;

	if ((code = uv_loop_init(&loop)) < 0)
		return err_set(err, code, "cannot make an event loop: %s", uv_strerror(code));
	if ((code = supervisor_new(&loop, config, config_path, sockets, &supervisor, err)) < 0)
		return code;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		(void)uv_signal_init(&loop, &handles[i]);
		handles[i].data = supervisor;
		(void)uv_signal_start(&handles[i], on_signal, signals[i]);
	}
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	supervisor_free(supervisor);
	return 0;
}

static int fail(const struct err *err)
{
	log_error("%s (%s)", err->text, err_name(err->code));
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"foreground", no_argument, NULL, 'f'},
		{"check", no_argument, NULL, 'k'},        {"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},         {0}};
	const char *given_path = DEFAULT_CONFIG;
	char config_path[4096];
	bool foreground = false, check = false;
	struct supervisor_sockets sockets;
	struct config config;
	struct err err = {0};
	int option;

	log_init("ippod", LOG_LEVEL_INFO);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			given_path = optarg;
			break;
		case 'f':
			foreground = true;
			break;
		case 'k':
			check = true;
			break;
		case 'v':
			(void)puts("ippod " IPPO_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return 2;
		}
	}
	/* Children get an absolute path: the background has another working folder. */
	if (realpath(given_path, config_path) == NULL) {
		(void)err_set(&err, -errno, "cannot read %s: %s", given_path, strerror(errno));
		return fail(&err);
	}
	if (config_load(config_path, &config, &err) < 0)
		return fail(&err);
	if (check) {
		(void)printf("%s: good\n", config_path);
		return EXIT_SUCCESS;
	}
	log_init("ippod", (enum log_level)config.log_level);
	log_set_journal(foreground && getenv("JOURNAL_STREAM") != NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	if (geteuid() != 0) {
		(void)err_set(&err, ERR_FORBIDDEN,
			      "ippod must be started by root; its children drop what they can");
		return fail(&err);
	}
	if (state_prepare(&config, &err) < 0 || (sockets.lock = state_lock(&config, &err)) < 0 ||
	    certificate_prepare(&config, &err) < 0)
		return fail(&err);
	/* Opened before the background, so that a port that is taken is told to whoever is at the
	 * terminal. */
	if ((sockets.https = listen_https(&config, &err)) < 0 ||
	    (sockets.local = listen_local(&config, &err)) < 0 ||
	    (!foreground && go_to_background(&config, &err) < 0) ||
	    state_write_pid(&config, &err) < 0)
		return fail(&err);
	return serve(&config, config_path, &sockets, &err) < 0 ? fail(&err) : EXIT_SUCCESS;
}

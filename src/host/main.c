/*
 * ippo-host: the only process that speaks to libvirt and the packet filter. It stays root, keeps
 * the capabilities that disks, networks and children need, and speaks to nobody but core.
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/config.h"
#include "base/isolate.h"
#include "base/log.h"
#include "base/schedule.h"
#include "base/secret.h"
#include "host/dispatch.h"
#include "host/kvm_probe.h"
#include "wire/child.h"

#define WORKERS         "10" /* see MAX_RUNNING in dispatch.c */
#define MAX_DESCRIPTORS ((rlim_t)65536)

static uv_loop_t loop;
static struct dispatch *dispatch;

static void on_connect(void *context, const char *neighbour, int fd)
{
	if (strcmp(neighbour, "core") == 0)
		dispatch_connect(dispatch, fd);
	else
		(void)close(fd);
}

static void on_stop(void *context)
{
	uv_stop(&loop);
}

static const struct child_events child_events = {.connect = on_connect, .stop = on_stop};

static int probe(void)
{
	char reason[256];

	if (kvm_probe(reason, sizeof reason)) {
		(void)puts("KVM works");
		return EXIT_SUCCESS;
	}
	(void)puts(reason);
	return EXIT_FAILURE;
}

/* Disks change owners, children drop to nobody, taps and rules are network administration. */
static int isolate(struct err *err)
{
	static const char *const capabilities[] = {
		"cap_chown",     "cap_dac_override", "cap_fowner", "cap_fsetid",
		"cap_kill",      "cap_setgid",       "cap_setuid", "cap_setpcap",
		"cap_net_admin", "cap_net_raw",      NULL};

	int code = isolate_keep_capabilities(capabilities, err);

	return code < 0 ? code : isolate_end_with_parent(err);
}

/* A serial port for each server and a socket for each console: more than a process has by itself.
 */
static void raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= MAX_DESCRIPTORS)
		return;
	limit.rlim_cur = limit.rlim_max < MAX_DESCRIPTORS ? limit.rlim_max : MAX_DESCRIPTORS;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	static struct config config;
	struct err err = {0};
	struct child *child;

	log_init("ippo-host", LOG_LEVEL_INFO);
	if (argc == 2 && strcmp(argv[1], "--probe-kvm") == 0)
		return probe();
	if (argc != 3 || strcmp(argv[1], "--config") != 0) {
		(void)fputs("ippo-host is started by ippod(8); --probe-kvm says whether KVM works "
			    "here\n",
			    stderr);
		return 2;
	}
	/* Worker threads come and go with their memory: few arenas keep it small. */
	(void)mallopt(M_ARENA_MAX, 2);
	(void)mallopt(M_TRIM_THRESHOLD, 128 * 1024);
	(void)setenv("UV_THREADPOOL_SIZE", WORKERS, 1);
	/* For qemu-img: an arena for each of its threads would reserve 64 MiB of the address space
	 * it is limited to, and a thread that finds none is a failed image. */
	(void)setenv("MALLOC_ARENA_MAX", "1", 1);
	(void)signal(SIGPIPE, SIG_IGN);
	raise_limits();
	if (config_load(argv[2], &config, &err) < 0 || secret_setup() < 0)
		goto fail;
	log_init("ippo-host", (enum log_level)config.log_level);
	schedule_short_turns();
	if (uv_loop_init(&loop) < 0 || isolate(&err) < 0 ||
	    dispatch_new(&loop, &config, &dispatch, &err) < 0 ||
	    child_new(&loop, &child_events, NULL, &child, &err) < 0)
		goto fail;
	(void)child_ready(child);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	/* A verb may still block in a library; what it does is idempotent and asked again. */
	_exit(EXIT_SUCCESS);
fail:
	log_error("%s", err.text);
	return EXIT_FAILURE;
}

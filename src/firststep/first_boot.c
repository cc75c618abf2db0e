#include "firststep/first_boot.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "firststep/place.h"
#include "firststep/run.h"
#include "firststep/session.h"

#define CLOUD_INIT_ON   "/run/cloud-init/enabled"
#define CLOUD_INIT_DONE "/run/cloud-init/result.json"
#define CLOUD_INIT_MS   ((int64_t)30 * 60 * 1000)
#define AGENT           "/usr/sbin/qemu-ga"
#define AGENT_SETTINGS  "/etc/qemu/qemu-ga.conf"
#define AGENT_LIMITS    "/usr/share/firststep/qemu-ga.conf"

static void wait_for_cloud_init(const struct tree *tree)
{
	const int64_t until_ms = session_boot_ms() + CLOUD_INIT_MS;

	while (tree_has(tree, CLOUD_INIT_ON) && !tree_has(tree, CLOUD_INIT_DONE) &&
	       session_boot_ms() < until_ms)
		(void)poll(NULL, 0, 500);
}

/* The host's agent may do what the host needs, and not what it can do without. Whoever has written
 * settings for it keeps them. */
static void limit_agent(const struct tree *tree)
{
	static const char *const restart[] = {"systemctl", "try-restart", "qemu-guest-agent", NULL};
	struct buf text CLEANUP(buf_done) = {0};
	struct err err = {0};

	if (!tree_has(tree, AGENT) || tree_has(tree, AGENT_SETTINGS) ||
	    tree_read(tree, AGENT_LIMITS, &text) < 0)
		return;
	if (place_write(tree, AGENT_SETTINGS, &text, 0644, 0, 0) < 0 ||
	    run_service(restart, &err) < 0)
		(void)fprintf(stderr, "firststep: the guest agent is not limited\n");
}

static void secure(const struct options *options, const char *port)
{
	struct options now = {.is_japanese = options->is_japanese,
			      .yes = true,
			      .without_rollback = true,
			      .no_packages = true,
			      .minutes = options->minutes};
	uint64_t number;

	if (parse_u64(port, 1, 65535, &number) == 0) {
		now.words[0] = port;
		now.count = 1;
		(void)command_ssh_port(&now);
		now.count = 0;
	}
	(void)command_apply(&now);
	/* A filter that opens less than was chosen passes its check, so nothing was done about it.
	 */
	(void)command_allow(&now);
}

bool first_boot_finish(const struct options *options)
{
	bool is_first = false;
	struct tree tree;
	struct err err = {0};
	struct buf mark CLEANUP(buf_done) = {0};
	char port[16];

	if (tree_open(&tree, NULL, &err) < 0)
		return false;
	wait_for_cloud_init(&tree);
	if (tree_read(&tree, FIRST_BOOT_MARK, &mark) == 0) {
		(void)snprintf(port, sizeof port, "%.*s", (int)strcspn(buf_str(&mark), "\n"),
			       buf_str(&mark));
		/* Before: whatever becomes of it, it is done once. What is missing then is in the
		 * report. */
		(void)place_remove(&tree, FIRST_BOOT_MARK);
		is_first = true;
		limit_agent(&tree);
		secure(options, port);
	}
	tree_close(&tree);
	return is_first;
}

void first_boot_install(const struct options *options)
{
	struct options now = {.is_japanese = options->is_japanese,
			      .yes = true,
			      .without_rollback = true,
			      .minutes = options->minutes};

	if (fork() == 0)
		_exit(command_apply(&now));
}

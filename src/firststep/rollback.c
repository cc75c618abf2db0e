/*
 * /var/lib/firststep/pending/ is the truth: while it is there, a change waits for its proof. It is
 * made under another name and renamed when all of it is on disk, so there is never half of it; and
 * it goes in one rename too. manifest:
 *
 *	firststep 1
 *	boot_id <uuid>
 *	deadline_boot_ms <ms>
 *	applied_boot_ms <ms>
 *	move <old port> <new port>
 *	item <id>
 *	file <number> <absent|file|link|mode> <mode, octal> <uid> <gid> <path>
 *
 * and beside it <number> with what the file held. Time is CLOCK_BOOTTIME: no jump of the wall clock
 * moves it, and a suspended system does not stop it. A new boot has no clock to compare with; what
 * was not confirmed before it goes back, whatever the time.
 */
#include "firststep/rollback.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "firststep/fields.h"
#include "firststep/packet_filter.h"
#include "firststep/place.h"
#include "firststep/run.h"
#include "firststep/session.h"

#define STATE_DIR      "/var/lib/firststep"
#define PENDING        STATE_DIR "/pending"
#define MAKING         STATE_DIR "/pending.new"
#define GOING          STATE_DIR "/pending.old"
#define MANIFEST       PENDING "/manifest"
#define BOOT_UNIT      "firststep-rollback.service"
#define DEADLINE_TIMER "firststep-deadline.timer"
#define DEADLINE_UNIT  "--unit=firststep-deadline"

struct saved {
	unsigned number;
	char kind[8];
	mode_t mode;
	uid_t uid;
	gid_t gid;
	char path[320];
};

static int read_boot_id(char out[40], struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	const int code = fd_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &text);

	if (code < 0 || text.len < 36)
		return err_set(err, code < 0 ? code : -EIO, "this boot has no id");
	(void)snprintf(out, 40, "%.36s", buf_str(&text));
	return 0;
}

int rollback_lock(struct err *err)
{
	if (fd_make_dirs(STATE_DIR, 0700) < 0)
		return err_set(err, -errno, "%s: %s", STATE_DIR, strerror(errno));
	const int fd = open(STATE_DIR "/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(err, -errno, "%s: %s", STATE_DIR, strerror(errno));
	if (flock(fd, LOCK_EX) < 0) {
		const int code = -errno;
		(void)close(fd);
		return err_set(err, code, "%s/lock: %s", STATE_DIR, strerror(-code));
	}
	return fd;
}

/* Both levels are flat: a folder of files. */
static void remove_folder(const char *path)
{
	struct tree tree;
	struct tree_names names CLEANUP(tree_names_done) = {0};

	if (tree_open(&tree, "/", NULL) < 0)
		return;
	(void)tree_list(&tree, path, "*", &names);
	for (size_t i = 0; i < names.count; i++) {
		char full[PATH_MAX];
		(void)snprintf(full, sizeof full, "%s/%s", path, names.names[i]);
		(void)unlink(full);
	}
	(void)rmdir(path);
	tree_close(&tree);
}

static int sync_folder(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static void write_head(const struct pending *pending, struct buf *out)
{
	(void)buf_printf(out,
			 "firststep 1\nboot_id %s\ndeadline_boot_ms %" PRId64
			 "\napplied_boot_ms %" PRId64 "\nmove %u %u\n",
			 pending->boot_id, pending->deadline_boot_ms, pending->applied_boot_ms,
			 pending->old_port, pending->new_port);
	for (size_t i = 0; i < pending->item_count; i++)
		(void)buf_printf(out, "item %s\n", pending->items[i]->id);
}

static int read_ms(const char *text, int64_t *ret)
{
	return parse_i64(text, 0, INT64_MAX, ret);
}

static int read_move(char *line, struct pending *pending)
{
	char *ports[3];
	uint64_t old_port, new_port;

	if (fields_split(line, ports, 3) != 2 || parse_u64(ports[0], 0, 65535, &old_port) < 0 ||
	    parse_u64(ports[1], 0, 65535, &new_port) < 0)
		return -EINVAL;
	pending->old_port = (uint16_t)old_port;
	pending->new_port = (uint16_t)new_port;
	return 0;
}

static int read_head_line(char *line, struct pending *pending)
{
	char *fields[2];

	if (fields_split(line, fields, 2) != 2)
		return -EINVAL;
	if (strcmp(fields[0], "firststep") == 0)
		return strcmp(fields[1], "1") == 0 ? 0 : -EINVAL;
	if (strcmp(fields[0], "boot_id") == 0 && strlen(fields[1]) < sizeof pending->boot_id) {
		memcpy(pending->boot_id, fields[1], strlen(fields[1]) + 1);
		return 0;
	}
	if (strcmp(fields[0], "deadline_boot_ms") == 0)
		return read_ms(fields[1], &pending->deadline_boot_ms);
	if (strcmp(fields[0], "applied_boot_ms") == 0)
		return read_ms(fields[1], &pending->applied_boot_ms);
	if (strcmp(fields[0], "move") == 0)
		return read_move(fields[1], pending);
	const struct item *item = strcmp(fields[0], "item") == 0 ? item_find(fields[1]) : NULL;
	if (item == NULL || pending->item_count == ROLLBACK_ITEMS_MAX)
		return -EINVAL;
	pending->items[pending->item_count++] = item;
	return 0;
}

/* Octal: a file's mode. */
static int read_mode(const char *text, mode_t *ret)
{
	mode_t mode = 0;

	if (*text == '\0' || strlen(text) > 4 || strspn(text, "01234567") != strlen(text))
		return -EINVAL;
	for (; *text != '\0'; text++)
		mode = mode * 8 + (mode_t)(*text - '0');
	*ret = mode;
	return 0;
}

static int read_saved(char *line, struct saved *ret)
{
	enum { NUMBER = 1, KIND, MODE, UID, GID, PATH, FIELDS };
	char *fields[FIELDS];
	uint64_t number, uid, gid;

	*ret = (struct saved){0};
	if (fields_split(line, fields, FIELDS) != FIELDS ||
	    parse_u64(fields[NUMBER], 0, PLAN_MAX, &number) < 0 ||
	    strlen(fields[KIND]) >= sizeof ret->kind || read_mode(fields[MODE], &ret->mode) < 0 ||
	    parse_u64(fields[UID], 0, UINT32_MAX, &uid) < 0 ||
	    parse_u64(fields[GID], 0, UINT32_MAX, &gid) < 0 || fields[PATH][0] != '/' ||
	    strlen(fields[PATH]) >= sizeof ret->path)
		return -EINVAL;
	ret->number = (unsigned)number;
	ret->uid = (uid_t)uid;
	ret->gid = (gid_t)gid;
	memcpy(ret->kind, fields[KIND], strlen(fields[KIND]) + 1);
	memcpy(ret->path, fields[PATH], strlen(fields[PATH]) + 1);
	return 0;
}

/* Calls one of both with each line of the manifest. */
static int read_manifest(struct pending *pending, int (*take)(void *closure, const struct saved *),
			 void *closure, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	int code = fd_read_file(AT_FDCWD, MANIFEST, TREE_FILE_MAX_BYTES, &text);

	if (code < 0)
		return err_set(err, code, "%s: %s", MANIFEST, strerror(-code));
	if (strncmp(buf_str(&text), "firststep 1\n", 12) != 0)
		return err_set(err, ERR_CORRUPT, "%s is not firststep's", MANIFEST);
	for (const char *at = buf_str(&text); code == 0 && *at != '\0';) {
		char line[512];
		struct saved saved;
		const size_t len = strcspn(at, "\n");
		(void)snprintf(line, sizeof line, "%.*s", (int)(len < 511 ? len : 511), at);
		at += len + (at[len] == '\n');
		const bool is_file = strncmp(line, "file ", 5) == 0;
		code = is_file ? read_saved(line, &saved) : read_head_line(line, pending);
		if (code < 0)
			code = err_set(err, ERR_CORRUPT, "%s: a broken line", MANIFEST);
		else if (is_file && take != NULL)
			code = take(closure, &saved);
	}
	return code;
}

int rollback_load(struct pending *ret, struct err *err)
{
	struct pending pending = {0};
	const int code = read_manifest(&pending, NULL, NULL, err);

	if (code == 0)
		*ret = pending;
	return code;
}

bool rollback_is_due(const struct pending *pending)
{
	char boot_id[40];

	return read_boot_id(boot_id, NULL) < 0 || strcmp(boot_id, pending->boot_id) != 0 ||
	       session_boot_ms() >= pending->deadline_boot_ms;
}

static const char *kind_of(const struct change *change)
{
	if (!change->existed)
		return "absent";
	return change->kind == CHANGE_MODE ? "mode" : change->kind == CHANGE_LINK ? "link" : "file";
}

int rollback_save(const struct plan *plan, struct pending *pending, struct err *err)
{
	struct buf manifest CLEANUP(buf_done) = {0};
	char path[64];
	int code = read_boot_id(pending->boot_id, err);

	if (code < 0)
		return code;
	remove_folder(MAKING);
	remove_folder(GOING);
	if (mkdir(MAKING, 0700) < 0)
		return err_set(err, -errno, "%s: %s", MAKING, strerror(errno));
	write_head(pending, &manifest);
	for (size_t i = 0; code == 0 && i < plan->count; i++) {
		const struct change *change = plan->list[i];
		(void)buf_printf(&manifest, "file %zu %s %o %u %u %s\n", i, kind_of(change),
				 (unsigned)change->mode_before, (unsigned)change->uid,
				 (unsigned)change->gid, change->path);
		(void)snprintf(path, sizeof path, MAKING "/%zu", i);
		code = fd_write_file(AT_FDCWD, path, buf_str(&change->before), change->before.len,
				     0600);
	}
	if (code == 0 && manifest.error == 0)
		code = fd_write_file(AT_FDCWD, MAKING "/manifest", manifest.data, manifest.len,
				     0600);
	if (code == 0 && (rename(MAKING, PENDING) < 0))
		code = -errno;
	if (code == 0)
		code = sync_folder(STATE_DIR);
	return code < 0 ? err_set(err, code, "%s: %s", STATE_DIR, strerror(-code)) : 0;
}

int rollback_applied(struct pending *pending, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0}, changed CLEANUP(buf_done) = {0};
	int code = fd_read_file(AT_FDCWD, MANIFEST, TREE_FILE_MAX_BYTES, &text);

	pending->applied_boot_ms = session_boot_ms();
	write_head(pending, &changed);
	const char *files = code == 0 ? strstr(buf_str(&text), "\nfile ") : NULL;
	if (files != NULL)
		(void)buf_puts(&changed, files + 1);
	if (code == 0)
		code = fd_write_file(AT_FDCWD, MANIFEST, changed.data, changed.len, 0600);
	return code < 0 ? err_set(err, code, "%s: %s", MANIFEST, strerror(-code)) : 0;
}

static int own_path(char *out, size_t size)
{
	const ssize_t len = readlink("/proc/self/exe", out, size - 1);

	if (len < 0)
		return -errno;
	out[len] = '\0';
	return 0;
}

/* Without the package there is no unit for the next boot: it is made here. */
static int make_boot_unit(const char *program, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	struct tree tree;
	int code = tree_open(&tree, "/", err);

	if (code < 0)
		return code;
	if (!tree_has(&tree, "/usr/lib/systemd/system/" BOOT_UNIT) &&
	    !tree_has(&tree, "/lib/systemd/system/" BOOT_UNIT)) {
		(void)buf_printf(
			&text,
			"# Made by firststep: what was not confirmed before a reboot goes back.\n"
			"[Unit]\nDescription=firststep: have the old state back\n"
			"DefaultDependencies=no\nAfter=local-fs.target\n"
			"Before=sysinit.target network-pre.target ssh.service sshd.service "
			"ssh.socket nftables.service firewalld.service\n"
			"ConditionPathExists=" MANIFEST "\n\n[Service]\nType=oneshot\n"
			"ExecStart=\"%s\" rollback --if-due --boot\n\n"
			"[Install]\nWantedBy=sysinit.target\n",
			program);
		code = place_write(&tree, "/etc/systemd/system/" BOOT_UNIT, &text, 0644, 0, 0);
		if (code == 0)
			code = place_link(&tree,
					  "/etc/systemd/system/sysinit.target.wants/" BOOT_UNIT,
					  "/etc/systemd/system/" BOOT_UNIT);
	}
	tree_close(&tree);
	return code < 0 ? err_set(err, code, "%s: %s", BOOT_UNIT, strerror(-code)) : 0;
}

/* No systemd (a container): a process of our own that outlives this login. */
static int watch(int64_t deadline_boot_ms, const char *program, struct err *err)
{
	const struct timespec until = {.tv_sec = (time_t)(deadline_boot_ms / 1000),
				       .tv_nsec = (long)(deadline_boot_ms % 1000) * 1000000};
	const pid_t pid = fork();

	if (pid < 0)
		return err_set(err, -errno, "fork: %s", strerror(errno));
	if (pid > 0)
		return 0;
	(void)setsid();
	(void)signal(SIGHUP, SIG_IGN);
	const pid_t second = fork();
	if (second != 0)
		_exit(0);
	const int nothing = open("/dev/null", O_RDWR);
	for (int fd = 0; fd < 3; fd++)
		(void)dup2(nothing, fd);
	for (int fd = 3; fd < 256; fd++)
		(void)close(fd); /* the lock too */
	if (chdir("/") < 0)
		_exit(127);
	while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
	(void)execl(program, "firststep", "rollback", "--if-due", (char *)NULL);
	_exit(127);
}

static void stop_timer(void) /* of an earlier change */
{
	static const char *const stop[] = {"systemctl", "stop", DEADLINE_TIMER, NULL};

	if (run_has_systemd())
		(void)run_checked(stop, RUN_SERVICE_MS, NULL);
}

int rollback_arm(const struct pending *pending, struct err *err)
{
	char program[PATH_MAX], active[48];
	const int64_t left_ms = pending->deadline_boot_ms - session_boot_ms();
	int code = own_path(program, sizeof program);

	if (code < 0)
		return err_set(err, code, "/proc/self/exe: %s", strerror(-code));
	if (!run_has_systemd())
		return watch(pending->deadline_boot_ms, program, err);
	code = make_boot_unit(program, err);
	if (code < 0)
		return code;
	stop_timer();
	/* Monotonic, as the deadline is; a second later, so that it is over when asked. */
	(void)snprintf(active, sizeof active, "--on-active=%" PRId64, left_ms / 1000 + 1);
	const char *const argv[] = {"systemd-run",
				    "--quiet",
				    "--collect",
				    DEADLINE_UNIT,
				    active,
				    "--timer-property=AccuracySec=1s",
				    "--property=DefaultDependencies=no",
				    program,
				    "rollback",
				    "--if-due",
				    NULL};
	return run_checked(argv, RUN_SERVICE_MS, err);
}

static int put_back(void *closure, const struct saved *saved)
{
	const struct tree *tree = closure;
	struct buf held CLEANUP(buf_done) = {0};
	char path[64];
	int code = 0;

	(void)snprintf(path, sizeof path, PENDING "/%u", saved->number);
	if (strcmp(saved->kind, "absent") == 0)
		return place_remove(tree, saved->path);
	if (strcmp(saved->kind, "mode") == 0) {
		code = place_mode(tree, saved->path, saved->mode);
		return code == -ENOENT ? 0 : code; /* gone in the meantime */
	}
	code = fd_read_file(AT_FDCWD, path, TREE_FILE_MAX_BYTES, &held);
	if (code < 0)
		return code;
	if (strcmp(saved->kind, "link") == 0)
		return place_link(tree, saved->path, buf_str(&held));
	return place_write(tree, saved->path, &held, saved->mode, saved->uid, saved->gid);
}

/* Everything that was to read the new state reads the old. One that fails does not keep the others
 * from it. */
static int put_in_force(struct context *context, const struct pending *pending, struct err *err)
{
	int (*done[ROLLBACK_ITEMS_MAX])(struct context *, struct err *) = {NULL};
	int code = 0;

	for (size_t i = 0; i < pending->item_count; i++) {
		int (*apply)(struct context *, struct err *) = pending->items[i]->apply;
		bool is_done = apply == NULL;
		for (size_t j = 0; j < i; j++)
			is_done |= done[j] == apply;
		done[i] = apply;
		if (is_done)
			continue;
		const int this = apply == packet_filter_apply ? packet_filter_undo(context, err)
							      : apply(context, err);
		if (this < 0)
			code = this;
	}
	return code;
}

int rollback_disarm(struct err *err)
{
	remove_folder(GOING);
	if (rename(PENDING, GOING) < 0 && errno != ENOENT)
		return err_set(err, -errno, "%s: %s", PENDING, strerror(errno));
	(void)sync_folder(STATE_DIR);
	remove_folder(GOING);
	return 0;
}

int rollback_restore(struct context *context, bool at_boot, struct err *err)
{
	struct pending pending = {0};
	int code = read_manifest(&pending, put_back, &context->tree, err);

	if (code < 0)
		return err_set(err, code, "the old state could not be put back: %s",
			       code > -1000 ? strerror(-code) : "a broken record");
	if (!at_boot) {
		/* What was read before is the new state. */
		struct context fresh;
		code = context_init_anyway(&fresh, context->is_japanese, err);
		if (code == 0) {
			code = put_in_force(&fresh, &pending, err);
			context_done(&fresh);
		}
	}
	const int disarmed = rollback_disarm(err);
	return code < 0 ? code : disarmed;
}

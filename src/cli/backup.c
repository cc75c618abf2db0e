/*
 * Theory of operation. A backup is a tar of what cannot be made again: a consistent copy of the
 * database (made by core, handed over through a descriptor, so nothing is read under its feet), the
 * certificate authority, the server certificate, the measurements (which core has written and then
 * leaves alone for ten minutes) and the settings. With --disks, the images and
 * disks too. It gets its name when it is whole.
 *
 * A restore unpacks into a folder beside the state, examines everything there, and only then puts
 * it in place by renaming, folder by folder; what was there goes back when one of them fails. The
 * state's lock, which ippod holds while it runs, is held throughout.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/config.h"
#include "base/fd.h"
#include "cli/api.h"
#include "cli/cli.h"
#include "cli/print.h"

#define SETTINGS           "settings/ippo.conf"
#define SETTINGS_MAX_BYTES ((size_t)64 * 1024)
#define PATH_BYTES         (CONFIG_PATH_BYTES + 64)

#define WORD(text) ((char *)(uintptr_t)(text))

/* Runs a program and waits. Returns whether it succeeded. */
static bool run(char *const arguments[])
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		(void)execvp(arguments[0], arguments);
		_exit(127);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

static void remove_tree(const char *path)
{
	char *arguments[] = {WORD("rm"), WORD("-rf"), WORD("--"), WORD(path), NULL};

	(void)run(arguments);
}

static int say(const char *what, const char *path)
{
	(void)fprintf(stderr, "ippo: %s %s: %s\n", what, path, strerror(errno));
	return EXIT_REFUSED_BY_SERVICE;
}

static int sync_path(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* --- saving --- */

/* The database and the settings into @dir. Returns an exit code. */
static int gather(struct invocation *invocation, const char *dir)
{
	char path[PATH_BYTES];
	struct buf settings CLEANUP(buf_done) = {0};
	struct err err = {0};
	int code = 0;

	(void)snprintf(path, sizeof path, "%s/core", dir);
	if (mkdir(path, 0700) < 0)
		return say("cannot make", path);
	(void)snprintf(path, sizeof path, "%s/settings", dir);
	if (mkdir(path, 0700) < 0)
		return say("cannot make", path);
	(void)snprintf(path, sizeof path, "%s/core/ippo.db", dir);
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return say("cannot make", path);
	if (api_call(invocation->api, "POST", "/backups", NULL, fd, NULL, &err) < 0)
		return print_failure(&err);
	if (invocation->config_path == NULL)
		return EXIT_OK;
	(void)snprintf(path, sizeof path, "%s/" SETTINGS, dir);
	if ((code = fd_read_file(AT_FDCWD, invocation->config_path, SETTINGS_MAX_BYTES,
				 &settings)) == 0)
		code = fd_write_file(AT_FDCWD, path, settings.data, settings.len, 0600);
	errno = -code;
	return code < 0 ? say("cannot save", invocation->config_path) : EXIT_OK;
}

static int pack(const struct invocation *invocation, const struct config *config, const char *dir)
{
	const char *target = invocation->positionals[0];
	char partial[PATH_BYTES];
	char *arguments[26] = {WORD("tar"),    WORD("--sparse"),
			       WORD("-czf"),   partial,
			       WORD("-C"),     WORD(dir),
			       WORD("core"),   WORD("settings"),
			       WORD("-C"),     WORD(config->state_dir),
			       WORD("ca"),     WORD("web"),
			       WORD("metrics")};

	if ((size_t)snprintf(partial, sizeof partial, "%s.partial", target) >= sizeof partial) {
		errno = ENAMETOOLONG;
		return say("cannot write", target);
	}
	/* Where disks lie is a setting; in a backup it is always host/. */
	if (option_given(invocation, "disks")) {
		arguments[13] = WORD("--transform=flags=r;s,^\\.,host,");
		arguments[14] = WORD("-C");
		arguments[15] = WORD(config->host_dir);
		arguments[16] = WORD(".");
	}
	(void)umask(077);
	if (!run(arguments) || sync_path(partial) < 0 || rename(partial, target) < 0) {
		(void)unlink(partial);
		(void)fprintf(stderr, "ippo: the backup could not be written to %s\n", target);
		return EXIT_REFUSED_BY_SERVICE;
	}
	return EXIT_OK;
}

static int backup(struct invocation *invocation)
{
	char dir[] = "/tmp/ippo-backup-XXXXXX";
	struct config config;
	struct err err = {0};
	int code;

	if (config_load(invocation->config_path, &config, &err) < 0)
		return print_failure(&err);
	if (!api_is_local(invocation->api) || geteuid() != 0) {
		(void)fputs("ippo: a backup is made by root on the service's own machine\n",
			    stderr);
		return EXIT_NO_RIGHT;
	}
	if (mkdtemp(dir) == NULL)
		return say("cannot make", dir);
	if ((code = gather(invocation, dir)) == EXIT_OK)
		code = pack(invocation, &config, dir);
	remove_tree(dir);
	if (code == EXIT_OK && !invocation->quiet)
		(void)printf(
			"Saved to %s. It holds the CA's key: keep it as you keep a password.\n",
			invocation->positionals[0]);
	return code;
}

/* --- bringing back --- */

static int not_good(const char *why)
{
	(void)fprintf(stderr, "ippo: nothing was changed: %s\n", why);
	return EXIT_REFUSED_BY_SERVICE;
}

/* ippo-core knows databases. It lies beside this program, or where `make install` puts it. */
static bool check_database(const struct config *config, const char *database)
{
	char program[PATH_BYTES];
	char *arguments[] = {program, WORD("--check"), WORD(database), NULL};

	(void)snprintf(program, sizeof program, "%s/ippo-core", config->program_dir);
	if (access(program, X_OK) < 0)
		(void)snprintf(program, sizeof program, "%s/../libexec/ippo/ippo-core",
			       config->program_dir);
	return run(arguments);
}

/* Everything in @stage before anything of it is used. Returns an exit code. */
static int examine(const struct config *config, const char *stage)
{
	static const struct {
		const char *path;
		mode_t type;
	} needed[] = {{"core", S_IFDIR},      {"core/ippo.db", S_IFREG}, {"ca", S_IFDIR},
		      {"ca/ca.pem", S_IFREG}, {"ca/ca.key", S_IFREG},    {"web", S_IFDIR},
		      {"settings", S_IFDIR}};
	char path[PATH_BYTES];
	struct config saved;
	struct stat found;
	struct err err = {0};

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		(void)snprintf(path, sizeof path, "%s/%s", stage, needed[i].path);
		if (lstat(path, &found) < 0 || (found.st_mode & S_IFMT) != needed[i].type)
			return not_good("this is not a backup of Ippo, or only a part of one");
	}
	(void)snprintf(path, sizeof path, "%s/" SETTINGS, stage);
	if (access(path, F_OK) == 0) {
		if (config_load(path, &saved, &err) < 0)
			return not_good(err.text);
		if (strcmp(saved.state_dir, config->state_dir) != 0)
			return not_good("it was made with another state_dir; write that into the "
					"settings first");
	}
	(void)snprintf(path, sizeof path, "%s/core/ippo.db", stage);
	return check_database(config, path) ? EXIT_OK : not_good("its database is not whole");
}

static int put_settings(const struct invocation *invocation, const char *stage)
{
	const char *target = invocation->config_path;
	struct buf settings CLEANUP(buf_done) = {0};
	char path[PATH_BYTES];
	int code;

	(void)snprintf(path, sizeof path, "%s/" SETTINGS, stage);
	if (access(path, F_OK) < 0)
		return EXIT_OK;
	if (target == NULL)
		target = "/etc/ippo/ippo.conf";
	if ((code = fd_read_file(AT_FDCWD, path, SETTINGS_MAX_BYTES, &settings)) == 0)
		code = fd_write_file(AT_FDCWD, target, settings.data, settings.len, 0644);
	errno = -code;
	return code < 0 ? say("cannot write", target) : EXIT_OK;
}

/* What is moved, and where what was there before waits. */
struct move {
	char from[PATH_BYTES];
	char to[PATH_BYTES];
	char before[PATH_BYTES];
	bool had;
	bool done;
};

static void put_back(struct move *moves, size_t count)
{
	for (size_t i = count; i-- > 0;) {
		if (moves[i].done)
			(void)rename(moves[i].to, moves[i].from);
		if (moves[i].had)
			(void)rename(moves[i].before, moves[i].to);
	}
}

/* All of it, or nothing. Returns an exit code. */
static int put(const struct invocation *invocation, const struct config *config, const char *stage)
{
	static const char *const names[] = {"core", "ca", "web", "metrics", "host"};
	struct move moves[ARRAY_SIZE(names)] = {0};
	int code = EXIT_OK;

	for (size_t i = 0; i < ARRAY_SIZE(names) && code == EXIT_OK; i++) {
		struct move *move = &moves[i];
		(void)snprintf(move->from, sizeof move->from, "%s/%s", stage, names[i]);
		(void)snprintf(move->before, sizeof move->before, "%s/before-%s", stage, names[i]);
		if (strcmp(names[i], "host") == 0)
			(void)snprintf(move->to, sizeof move->to, "%s", config->host_dir);
		else
			(void)snprintf(move->to, sizeof move->to, "%s/%s", config->state_dir,
				       names[i]);
		if (access(move->from, F_OK) < 0)
			continue; /* a backup without disks */
		move->had = rename(move->to, move->before) == 0;
		move->done = (move->had || errno == ENOENT) && rename(move->from, move->to) == 0;
		if (!move->done)
			code = say("nothing was changed: cannot replace", move->to);
	}
	if (code == EXIT_OK)
		code = put_settings(invocation, stage);
	if (code != EXIT_OK)
		put_back(moves, ARRAY_SIZE(moves));
	(void)sync_path(config->state_dir);
	return code;
}

/* The lock that ippod holds while it runs. Returns an exit code. */
static int take_lock(const struct config *config, int *ret)
{
	char path[PATH_BYTES];

	if (fd_make_dirs(config->state_dir, 0711) < 0)
		return say("cannot make", config->state_dir);
	(void)snprintf(path, sizeof path, "%s/lock", config->state_dir);
	*ret = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*ret < 0)
		return say("cannot open", path);
	if (flock(*ret, LOCK_EX | LOCK_NB) < 0) {
		(void)fputs("ippo: the service runs; stop it first (make down, or systemctl stop "
			    "ippod)\n",
			    stderr);
		return EXIT_REFUSED_BY_SERVICE;
	}
	return EXIT_OK;
}

static int restore(struct invocation *invocation)
{
	char database[PATH_BYTES], stage[CONFIG_PATH_BYTES + 16];
	AUTO_CLOSE int lock = -1;
	struct config config;
	struct err err = {0};
	int code;

	if (config_load(invocation->config_path, &config, &err) < 0)
		return print_failure(&err);
	if (!api_is_local(invocation->api) || geteuid() != 0) {
		(void)fputs("ippo: a state is restored by root on the service's own machine\n",
			    stderr);
		return EXIT_NO_RIGHT;
	}
	if ((code = take_lock(&config, &lock)) != EXIT_OK)
		return code;
	(void)snprintf(database, sizeof database, "%s/core/ippo.db", config.state_dir);
	if (access(database, F_OK) == 0 && !option_given(invocation, "yes")) {
		(void)fprintf(stderr,
			      "ippo: %s exists and would be replaced; give --yes to go on\n",
			      database);
		return EXIT_USAGE;
	}
	(void)snprintf(stage, sizeof stage, "%s/restore-XXXXXX", config.state_dir);
	if (mkdtemp(stage) == NULL)
		return say("cannot make", stage);
	char *arguments[] = {WORD("tar"),
			     WORD("--sparse"),
			     WORD("-xzf"),
			     WORD(invocation->positionals[0]),
			     WORD("-C"),
			     stage,
			     WORD("--no-same-owner"),
			     NULL};
	code = run(arguments) ? examine(&config, stage) : not_good("the file cannot be unpacked");
	if (code == EXIT_OK)
		code = put(invocation, &config, stage);
	remove_tree(stage);
	if (code == EXIT_OK && !invocation->quiet)
		(void)puts(
			"Restored. Start the service; it sets owners and compares with what runs.");
	return code;
}

static const struct option_rule backup_options[] = {
	{"disks", NULL, "images and disks too; stop the servers first", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule restore_options[] = {
	{"yes", NULL, "replace what is there", false},
	{NULL, NULL, NULL, false},
};

const struct command backup_commands[] = {
	{"backup", NULL, "FILE", "Save the state of the service", backup_options, backup},
	{"restore", NULL, "FILE", "Bring a saved state back, while the service is stopped",
	 restore_options, restore},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

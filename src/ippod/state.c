#include "ippod/state.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define LOCK_POLLS   100
#define LOCK_POLL_US 20000
#define PATH_BYTES   (CONFIG_PATH_BYTES + 32)

static int make_dir(const char *parent, const char *name, mode_t mode, uid_t uid, gid_t gid,
		    struct err *err)
{
	char path[PATH_BYTES];
	int code;

	(void)snprintf(path, sizeof path, "%s%s%s", parent, *name != '\0' ? "/" : "", name);
	code = fd_make_dirs(path, 0755);
	if (code < 0)
		return err_set(err, code, "cannot make %s: %s", path, strerror(-code));
	if (chown(path, uid, gid) < 0 || chmod(path, mode) < 0)
		return err_set(err, -errno, "cannot set the owner of %s: %s", path,
			       strerror(errno));
	return 0;
}

/* What a restored backup brought back as root belongs to core again. */
static int own_database(const struct config *config, uid_t uid, gid_t gid, struct err *err)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	char path[PATH_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		(void)snprintf(path, sizeof path, "%s/core/ippo.db%s", config->state_dir,
			       suffixes[i]);
		if (lchown(path, uid, gid) < 0 && errno != ENOENT)
			return err_set(err, -errno, "cannot set the owner of %s: %s", path,
				       strerror(errno));
	}
	return 0;
}

static uid_t owner_uid;
static gid_t owner_gid;

static int set_owner(const char *path, const struct stat *found, int kind, struct FTW *at)
{
	return found->st_uid == owner_uid && found->st_gid == owner_gid
		       ? 0
		       : lchown(path, owner_uid, owner_gid);
}

/* The same of the measurements. Only of a folder that came back as root's: there may be thousands.
 */
static int own_metrics(const struct config *config, uid_t uid, gid_t gid, struct err *err)
{
	char path[PATH_BYTES];
	struct stat found;

	(void)snprintf(path, sizeof path, "%s/metrics", config->state_dir);
	if (stat(path, &found) < 0 || (found.st_uid == uid && found.st_gid == gid))
		return 0;
	owner_uid = uid;
	owner_gid = gid;
	/* The folder itself last: ended before, it is all done again. */
	return nftw(path, set_owner, 8, FTW_PHYS | FTW_DEPTH) != 0
		       ? err_set(err, -errno, "cannot set the owner of %s: %s", path,
				 strerror(errno))
		       : 0;
}

static int find_user(const char *name, uid_t *ret_uid, gid_t *ret_gid, struct err *err)
{
	const struct passwd *entry = getpwnam(name);

	if (entry == NULL)
		return err_set(err, ERR_NOT_FOUND,
			       "there is no user %s: adduser --system --group --no-create-home %s",
			       name, name);
	*ret_uid = entry->pw_uid;
	*ret_gid = entry->pw_gid;
	return 0;
}

/* The folder for mails, when there is none: one that somebody made stays as they made it. */
static int make_drop(const struct config *config, uid_t uid, gid_t gid, struct err *err)
{
	return config->mail_drop[0] == '\0' || access(config->mail_drop, F_OK) == 0
		       ? 0
		       : make_dir(config->mail_drop, "", 0750, uid, gid, err);
}

int state_prepare(const struct config *config, struct err *err)
{
	const struct group *group = getgrnam(config->group);
	uid_t web_uid, core_uid, metrics_uid, post_uid, probe_uid, dns_uid;
	gid_t web_gid, core_gid, metrics_gid, post_gid, probe_gid, dns_gid, operators;
	int code;

	if (group == NULL)
		return err_set(err, ERR_NOT_FOUND, "there is no group %s: addgroup --system %s",
			       config->group, config->group);
	operators = group->gr_gid;
	if ((code = find_user(config->web_user, &web_uid, &web_gid, err)) < 0 ||
	    (code = find_user(config->core_user, &core_uid, &core_gid, err)) < 0 ||
	    (code = find_user(config->metrics_user, &metrics_uid, &metrics_gid, err)) < 0 ||
	    (code = find_user(config->post_user, &post_uid, &post_gid, err)) < 0 ||
	    (code = find_user(config->probe_user, &probe_uid, &probe_gid, err)) < 0 ||
	    (code = find_user(config->dns_user, &dns_uid, &dns_gid, err)) < 0 ||
	    (code = own_metrics(config, metrics_uid, metrics_gid, err)) < 0)
		return code;
	const struct {
		const char *parent;
		const char *name;
		mode_t mode;
		uid_t uid;
		gid_t gid;
	} dirs[] = {
		{config->state_dir, "", 0711, 0, 0},
		{config->state_dir, "core", 0700, core_uid, core_gid},
		{config->state_dir, "metrics", 0700, metrics_uid, metrics_gid},
		{config->state_dir, "dns", 0700, dns_uid, dns_gid},
		{config->state_dir, "web", 0750, 0, web_gid},
		{config->state_dir, "ca", 0755, 0, 0},
		{config->state_dir, "log", 0700, 0, 0},
		{config->host_dir, "", 0711, 0, 0},
		{config->run_dir, "", 0755, 0, operators},
		/* The socket gets the folder's group, so that core can speak to Knot. */
		{config->run_dir, "dns", 02750, dns_uid, core_gid},
	};
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if ((code = make_dir(dirs[i].parent, dirs[i].name, dirs[i].mode, dirs[i].uid,
				     dirs[i].gid, err)) < 0)
			return code;
	if ((code = make_drop(config, post_uid, post_gid, err)) < 0)
		return code;
	return own_database(config, core_uid, core_gid, err);
}

int state_lock(const struct config *config, struct err *err)
{
	char path[PATH_BYTES];

	(void)snprintf(path, sizeof path, "%s/lock", config->state_dir);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		/* Children of one that was killed are just ending. */
		if (i == LOCK_POLLS)
			return err_set(err, ERR_IN_USE, "another ippod runs on %s already",
				       config->state_dir);
		(void)usleep(LOCK_POLL_US);
	}
	return steal_fd(&fd);
}

int state_write_pid(const struct config *config, struct err *err)
{
	char path[PATH_BYTES], pid[16];
	int code;

	(void)snprintf(path, sizeof path, "%s/ippod.pid", config->run_dir);
	(void)snprintf(pid, sizeof pid, "%d\n", (int)getpid());
	code = fd_write_file(AT_FDCWD, path, pid, strlen(pid), 0644);
	return code < 0 ? err_set(err, code, "cannot write %s: %s", path, strerror(-code)) : 0;
}

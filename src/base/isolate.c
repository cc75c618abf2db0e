/*
 * Theory of operation. Each stage only ever takes away, and later stages protect the earlier ones:
 * after the user is dropped nothing can be owned back, no_new_privs closes setuid programs and
 * makes landlock and seccomp possible without power, landlock closes the file system, and seccomp
 * closes the kernel's surface. Every stage must be done after what it forbids is open, and before
 * the first byte from outside is read.
 */
#include "base/isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <linux/netlink.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Leaves in the bounding set what caps permits: needs CAP_SETPCAP, so it comes before any other
 * loss. */
static int bound_capabilities(cap_t caps, struct err *err)
{
	for (cap_value_t value = 0; cap_get_bound(value) >= 0; value++) {
		cap_flag_value_t kept = CAP_CLEAR;
		(void)cap_get_flag(caps, value, CAP_PERMITTED, &kept);
		if (kept == CAP_CLEAR && cap_get_bound(value) == 1 && cap_drop_bound(value) < 0)
			return err_set(err, -errno, "cannot bound capabilities: %s",
				       strerror(errno));
	}
	return 0;
}

static int set_capabilities(cap_t caps, struct err *err)
{
	if (cap_set_proc(caps) < 0)
		return err_set(err, -errno, "cannot give up capabilities: %s", strerror(errno));
	return 0;
}

static void caps_done(cap_t *caps)
{
	if (*caps != NULL)
		(void)cap_free(*caps);
}

/* @ret: the named capabilities, permitted and effective; the caller's. */
static int capabilities_of(const char *const *names, cap_t *ret, struct err *err)
{
	cap_t caps CLEANUP(caps_done) = cap_init();
	cap_value_t value;

	if (caps == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	for (; names != NULL && *names != NULL; names++)
		if (cap_from_name(*names, &value) < 0 ||
		    cap_set_flag(caps, CAP_PERMITTED, 1, &value, CAP_SET) < 0 ||
		    cap_set_flag(caps, CAP_EFFECTIVE, 1, &value, CAP_SET) < 0)
			return err_set(err, -EINVAL, "cannot keep %s", *names);
	*ret = steal_ptr(caps);
	return 0;
}

int isolate_end_with_parent(struct err *err)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL) < 0
		       ? err_set(err, -errno, "cannot bind this process to its parent: %s",
				 strerror(errno))
		       : 0;
}

int isolate_drop_user(const char *user, struct err *err)
{
	const struct passwd *entry;
	uid_t uid, euid, suid;
	cap_t none CLEANUP(caps_done) = NULL;
	int code = capabilities_of(NULL, &none, err);

	if (code < 0)
		return code;
	errno = 0;
	entry = getpwnam(user);
	if (entry == NULL)
		return err_set(err, ERR_NOT_FOUND,
			       "there is no user %s: adduser --system --group %s", user, user);
	if (entry->pw_uid == 0)
		return err_set(err, ERR_FORBIDDEN, "user %s is root", user);
	if ((code = bound_capabilities(none, err)) < 0)
		return code;
	if (setgroups(0, NULL) < 0 || setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0 ||
	    setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) < 0)
		return err_set(err, -errno, "cannot become %s: %s", user, strerror(errno));
	if (getresuid(&uid, &euid, &suid) < 0 || uid != entry->pw_uid || euid != uid ||
	    suid != uid || setuid(0) == 0)
		return err_set(err, ERR_FORBIDDEN, "could become root again after dropping to %s",
			       user);
	return set_capabilities(none, err);
}

int isolate_keep_capabilities(const char *const *names, struct err *err)
{
	cap_t kept CLEANUP(caps_done) = NULL;
	int code;

	if ((code = capabilities_of(names, &kept, err)) < 0 ||
	    (code = bound_capabilities(kept, err)) < 0)
		return code;
	return set_capabilities(kept, err);
}

int isolate_no_new_powers(struct err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_set(err, -errno, "cannot refuse new powers: %s", strerror(errno));
	return 0;
}

#define READ_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_RIGHTS                                                                               \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                          \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                             \
	 LANDLOCK_ACCESS_FS_MAKE_DIR)
/* Everything the first version of landlock can forbid. */
#define ALL_RIGHTS                                                                                 \
	(READ_RIGHTS | WRITE_RIGHTS | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |  \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                             \
	 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

static uint64_t rights_of(enum isolate_access access)
{
	switch (access) {
	case ISOLATE_READ_FILE:
		return LANDLOCK_ACCESS_FS_READ_FILE;
	case ISOLATE_READ:
		return READ_RIGHTS;
	case ISOLATE_WRITE:
	default:
		return READ_RIGHTS | WRITE_RIGHTS;
	}
}

int isolate_files(const struct isolate_path *paths, struct err *err)
{
	const struct landlock_ruleset_attr attributes = {.handled_access_fs = ALL_RIGHTS};
	AUTO_CLOSE int ruleset =
		(int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);

	if (ruleset < 0)
		return errno == EOPNOTSUPP || errno == ENOSYS
			       ? err_set(err, -ENOSYS, "this kernel has no landlock")
			       : err_set(err, -errno, "cannot use landlock: %s", strerror(errno));
	for (; paths->path != NULL; paths++) {
		AUTO_CLOSE int fd = open(paths->path, O_PATH | O_CLOEXEC);
		const struct landlock_path_beneath_attr rule = {
			.allowed_access = rights_of(paths->access), .parent_fd = fd};
		if (fd < 0 && errno == ENOENT && paths->access == ISOLATE_READ_FILE)
			continue;
		if (fd < 0 || syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
				      &rule, 0) < 0)
			return err_set(err, -errno, "cannot keep %s: %s", paths->path,
				       strerror(errno));
	}
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return err_set(err, -errno, "cannot restrict files: %s", strerror(errno));
	return 0;
}

const char *const isolate_common_syscalls[] = {
	"accept4",
	"brk",
	"clock_gettime",
	"clock_nanosleep",
	"clone3",
	"clone",
	"close",
	"dup",
	"epoll_create1",
	"epoll_ctl",
	"epoll_pwait",
	"epoll_wait",
	"eventfd2",
	"exit",
	"exit_group",
	"fcntl",
	"fstat",
	"futex",
	"getpid",
	"gettid",
	"getrandom",
	"getrusage",
	"getsockname",
	"getpeername",
	"getsockopt",
	"gettimeofday",
	"ioctl",
	"lseek",
	"madvise",
	"mmap",
	"mprotect",
	"mremap",
	"munmap",
	"nanosleep",
	"newfstatat",
	"pipe2",
	"poll",
	"ppoll",
	"prctl",
	"pread64",
	"pwrite64",
	"read",
	"readv",
	"recvfrom",
	"recvmsg",
	"restart_syscall",
	"rseq",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sched_getaffinity",
	"sched_yield",
	"sendmsg",
	"sendto",
	"set_robust_list",
	"setsockopt",
	"shutdown",
	"sigaltstack",
	"sysinfo",
	"tgkill",
	"timerfd_create",
	"timerfd_settime",
	"uname",
	"write",
	"writev",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"getppid",
	"prlimit64",
	"statx",
	"set_tid_address",
	"getcpu",
	"membarrier",
	NULL,
};

static int allow_socket(scmp_filter_ctx filter, int family)
{
	return family == AF_NETLINK ? seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
						       SCMP_A0(SCMP_CMP_EQ, AF_NETLINK),
						       SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE))
				    : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
						       SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family));
}

static int allow_internet(scmp_filter_ctx filter)
{
	static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
	int code = 0;

	for (size_t i = 0; code == 0 && i < ARRAY_SIZE(families); i++)
		code = allow_socket(filter, families[i]);
	return code;
}

static int allow(scmp_filter_ctx filter, const char *name)
{
	if (strcmp(name, "socket:internet") == 0)
		return allow_internet(filter);
	int number = seccomp_syscall_resolve_name(name);

	/* A call this kernel or architecture does not have needs no rule. */
	if (number == __NR_SCMP_ERROR)
		return 0;
	if (strcmp(name, "socket") == 0)
		return allow_socket(filter, AF_UNIX);
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
}

int isolate_syscalls(const char *const *names, struct err *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int code = filter == NULL ? -ENOMEM : 0;

	if (code == 0)
		code = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	for (const char *const *name = isolate_common_syscalls; code == 0 && *name != NULL; name++)
		code = allow(filter, *name);
	for (; code == 0 && *names != NULL; names++)
		code = allow(filter, *names);
	if (code == 0)
		code = seccomp_load(filter);
	if (filter != NULL)
		seccomp_release(filter);
	return code < 0 ? err_set(err, code, "cannot filter system calls: %s", strerror(-code)) : 0;
}

// Runs a program of the system: fixed folders, a clean environment, a deadline, bounded output.
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define RUN_CHECK_MS     2000
#define RUN_SERVICE_MS   60000
#define RUN_INSTALL_MS   900000
#define RUN_OUTPUT_BYTES ((size_t)512 * 1024)

/**
 * run_capture() - run and wait.
 * @argv:       argv[0] is a bare name, looked for in the system's own folders alone.
 * @timeout_ms: after that its whole process group is killed.
 * @out:        stdout and stderr are appended; more than RUN_OUTPUT_BYTES ends the program. NULL
 *		leaves both to the terminal.
 * @ret_status: exit status, 128 + signal when it was killed.
 * Return: 0, -ENOENT (no such program), -ETIMEDOUT, -EFBIG, or another -errno.
 */
int run_capture(const char *const argv[], int timeout_ms, struct buf *out, int *ret_status);
/** run_has() - is there such a program? */
int run_has(const char *name);
/** run_service() - a command that puts settings in force (at most a minute); nothing where systemd
 * does not run. */
int run_service(const char *const argv[], struct err *err);
/** run_checked() - run, and fail with what it said when its status is not 0. */
int run_checked(const char *const argv[], int timeout_ms, struct err *err);
/** run_has_systemd() - is systemd the running system's init? */
int run_has_systemd(void);

/*
 * Theory of operation. A serial port is the slave of a terminal line whose master QEMU holds, and
 * it is opened here directly. libvirt's own stream over it (virDomainOpenConsole) is not used: what
 * is sent on it while the guest does not read waits inside libvirtd, and after a handful of
 * messages libvirtd stops to answer the whole connection, for every server. Here a guest that does
 * not read is a descriptor that is not writable, and nothing else; and the line outlives libvirtd.
 *
 * A line's number is given to another guest once its own is gone. So the number is asked of libvirt
 * again after the line was opened: while the same run of the guest still has it, it is that one.
 * Once open the descriptor cannot become another's; when the guest ends it only hangs up.
 *
 * The port is locked as UUCP did and as libvirt does, so that `virsh console` does not take bytes
 * away from us; whoever has it before us is asked to leave.
 */
#include "host/libvirt/console.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libvirt/virterror.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "host/console/screen.h"
#include "host/libvirt/connection.h"

#define PTS_PREFIX     "/dev/pts/"
#define PTS_PATH_BYTES 32
#define LOCK_PATH      "/var/lock/LCK.._pts_%s"
#define PORT_XPATH     "string(/domain/devices/serial[target/@port='0']/source/@path)"

static void free_domain(virDomainPtr *domain)
{
	if (*domain != NULL)
		(void)virDomainFree(*domain);
}

static void free_stream(virStreamPtr *stream)
{
	if (*stream != NULL)
		(void)virStreamFree(*stream);
}

/* Where a run's serial port is. */
struct place {
	char path[PTS_PATH_BYTES];
	unsigned domain_id;
};

/* Nothing but /dev/pts/NUMBER is believed. */
static bool is_pts(const char *path)
{
	const char *number = path + strlen(PTS_PREFIX);

	if (strncmp(path, PTS_PREFIX, strlen(PTS_PREFIX)) != 0 || *number == '\0' ||
	    strlen(path) >= PTS_PATH_BYTES)
		return false;
	for (; *number != '\0'; number++)
		if (*number < '0' || *number > '9')
			return false;
	return true;
}

/* Allocated by libxml2, whose free() is libc's. NULL when it is not there. */
static char *port_path(const char *xml)
{
	xmlDocPtr document = xmlReadMemory(xml, (int)strlen(xml), "domain.xml", NULL,
					   XML_PARSE_NONET | XML_PARSE_NOERROR);
	xmlXPathContextPtr context = document != NULL ? xmlXPathNewContext(document) : NULL;
	xmlXPathObjectPtr found =
		context != NULL ? xmlXPathEvalExpression((const xmlChar *)PORT_XPATH, context)
				: NULL;
	char *path = found != NULL && found->stringval != NULL
			     ? strdup((const char *)found->stringval)
			     : NULL;

	xmlXPathFreeObject(found);
	xmlXPathFreeContext(context);
	xmlFreeDoc(document);
	return path;
}

/* Asked anew each time: a domain that libvirt's library looked up before knows its old id. */
static int find_place(virConnectPtr connection, const uint8_t uuid[UUID_BYTES], struct place *ret,
		      struct err *err)
{
	virDomainPtr domain CLEANUP(free_domain) = virDomainLookupByUUID(connection, uuid);
	struct place place = {.domain_id = domain != NULL ? virDomainGetID(domain) : 0};
	AUTO_FREE char *xml = domain != NULL ? virDomainGetXMLDesc(domain, 0) : NULL;
	AUTO_FREE char *path = xml != NULL ? port_path(xml) : NULL;

	if (xml == NULL)
		return connection_error("find the serial port", err);
	if (place.domain_id == (unsigned)-1 || path == NULL || !is_pts(path))
		return err_set(err, ERR_SERVER_NOT_RUNNING, "the server has no serial port now");
	(void)snprintf(place.path, sizeof place.path, "%s", path);
	*ret = place;
	return 0;
}

/* libvirt counts its guests from 1 after each start of the machine, so the start is part of it. */
static uint64_t run_of(unsigned domain_id)
{
	struct buf boot_id CLEANUP(buf_done) = {0};
	uint32_t hash = 2166136261U; /* FNV-1a */

	(void)fd_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &boot_id);
	for (size_t i = 0; i < boot_id.len; i++)
		hash = (hash ^ boot_id.data[i]) * 16777619U;
	return (uint64_t)hash << 32 | (uint64_t)(domain_id + 1);
}

/* Whoever listens through libvirt is told to leave: breaking in breaks the one before. */
static void expel(virConnectPtr connection, const uint8_t uuid[UUID_BYTES])
{
	virDomainPtr domain CLEANUP(free_domain) = virDomainLookupByUUID(connection, uuid);
	virStreamPtr stream CLEANUP(free_stream) = virStreamNew(connection, 0);

	if (domain != NULL && stream != NULL &&
	    virDomainOpenConsole(domain, NULL, stream, VIR_DOMAIN_CONSOLE_FORCE) == 0)
		(void)virStreamAbort(stream);
}

/* 0 or -errno; -EEXIST: another living process has it. */
static int try_lock(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	struct buf text CLEANUP(buf_done) = {0};
	char pid[16], *number, *rest = NULL;
	uint64_t holder;

	if (fd >= 0) {
		(void)snprintf(pid, sizeof pid, "%10ld\n", (long)getpid());
		return fd_write_all(fd, pid, strlen(pid));
	}
	if (errno != EEXIST || fd_read_file(AT_FDCWD, path, 64, &text) < 0)
		return -EAGAIN;
	number = text.len > 0 ? strtok_r((char *)text.data, " \n", &rest) : NULL;
	if (number == NULL || parse_u64(number, 1, INT32_MAX, &holder) < 0 ||
	    (pid_t)holder == getpid() || (kill((pid_t)holder, 0) < 0 && errno == ESRCH)) {
		(void)unlink(path);
		return -EAGAIN;
	}
	return -EEXIST;
}

/* The lock keeps others out; to be without it is no reason to be deaf. */
static void lock(virConnectPtr connection, const uint8_t uuid[UUID_BYTES], const char *pts,
		 struct serial_line *line)
{
	char path[sizeof line->lock];
	int code = -EAGAIN;

	(void)snprintf(path, sizeof path, LOCK_PATH, pts + strlen(PTS_PREFIX));
	for (int i = 0; i < 3 && code < 0; i++) {
		code = try_lock(path);
		if (code == -EEXIST)
			expel(connection, uuid);
	}
	if (code == 0)
		memcpy(line->lock, path, sizeof line->lock);
	else
		log_warning("others may take from the serial port %s: %s", pts, strerror(-code));
}

int console_open_line(virConnectPtr connection, const uint8_t uuid[UUID_BYTES], const char *log,
		      struct serial_line *ret, struct err *err)
{
	struct serial_line line = {.fd = -1};
	struct place place, again;
	struct termios raw;
	int code = find_place(connection, uuid, &place, err);

	if (code < 0)
		return code;
	(void)snprintf(line.log, sizeof line.log, "%s", log);
	line.log_place = recover_place(log);
	line.run = run_of(place.domain_id);
	AUTO_CLOSE int fd =
		open(place.path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || tcgetattr(fd, &raw) < 0)
		return err_set(err, ERR_HYPERVISOR_FAILED, "cannot open the serial port: %s",
			       strerror(errno));
	code = find_place(connection, uuid, &again, err);
	if (code < 0)
		return code;
	if (again.domain_id != place.domain_id || strcmp(again.path, place.path) != 0)
		return err_set(err, ERR_SERVER_NOT_RUNNING,
			       "the server was restarted while its serial port was opened");
	cfmakeraw(&raw);
	(void)tcsetattr(fd, TCSANOW, &raw);
	lock(connection, uuid, place.path, &line);
	line.fd = steal_fd(&fd);
	*ret = line;
	return 0;
}

static int not_running(const char *what, struct err *err)
{
	if (virGetLastErrorCode() == VIR_ERR_OPERATION_INVALID)
		return err_set(err, ERR_SERVER_NOT_RUNNING,
			       "the server is off: it has no screen now");
	return connection_error(what, err);
}

int console_open_vnc(virDomainPtr domain, int *ret_fd, struct err *err)
{
	AUTO_CLOSE int fd = virDomainOpenGraphicsFD(domain, 0, VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH);

	if (fd < 0)
		return not_running("open the screen", err);
	if (fd_set_cloexec(fd, 1) < 0)
		return err_set(err, -errno, "cannot keep the screen's socket: %s", strerror(errno));
	*ret_fd = steal_fd(&fd);
	return 0;
}

static int read_stream(void *context, void *data, size_t bytes)
{
	return virStreamRecv(context, data, bytes);
}

int console_screenshot(virConnectPtr connection, virDomainPtr domain, struct buf *png,
		       struct err *err)
{
	virStreamPtr stream CLEANUP(free_stream) = virStreamNew(connection, 0);
	AUTO_FREE char *format = NULL;
	int code;

	if (stream == NULL)
		return connection_error("look at the screen", err);
	format = virDomainScreenshot(domain, stream, 0, 0);
	if (format == NULL)
		return not_running("look at the screen", err);
	code = strcmp(format, "image/png") == 0 ? screen_take_png(read_stream, stream, png, err)
						: screen_encode(read_stream, stream, png, err);
	(void)virStreamAbort(stream);
	return code;
}

/*
 * Theory of operation. An image is never booted to be asked. Its package list came with it; apt is
 * given that as dpkg's status, the sources of this host, and folders of its own below the host's,
 * and simulates an upgrade there. What is newer than what, what is held back and what comes from
 * where is decided by apt alone. It runs as nobody, who can write those folders and nothing else:
 * the archive is a stranger, and its lists are verified by apt with the keys that this host trusts.
 * Settings of this host stay in force but for what would run programs or pin versions; so a proxy
 * that apt uses is used.
 */
#include "host/image_updates.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "host/process.h"
#include "wire/package_list.h"

#define PATH_BYTES       (CONFIG_PATH_BYTES + 32)
#define FETCH_S          300
#define SIMULATE_S       120
#define OUTPUT_MAX_BYTES ((size_t)4 * 1024 * 1024)

static const char *const default_sources[] = {"/etc/apt/sources.list.d/debian.sources",
					      "/etc/apt/sources.list"};

void image_updates_count(const char *text, struct host_updates *ret)
{
	struct host_updates found = {0};

	/* "Inst libc6 [2.36-9] (2.36-10 Debian-Security:12/stable-security [amd64])"; without the
	 * first bracket it is a new package, which comes with one that is counted. */
	for (const char *line = text; *line != '\0';) {
		const size_t len = strcspn(line, "\n");
		const char *old = memchr(line, '[', len), *from = memchr(line, '(', len);
		if (strncmp(line, "Inst ", 5) == 0 && old != NULL && from != NULL && old < from) {
			AUTO_FREE char *origins = strndup(from, (size_t)(line + len - from));
			const char *origin = origins != NULL ? strchr(origins, ' ') : NULL;
			found.pending++;
			found.security += origin != NULL && (strstr(origin, "-security") != NULL ||
							     strstr(origin, "-Security") != NULL);
		}
		line += len + (line[len] == '\n');
	}
	*ret = found;
}

bool image_updates_is_release(const char *lines, const char *codename)
{
	const size_t len = strlen(codename);

	for (const char *line = lines; *line != '\0'; line += strspn(line, "\n")) {
		if (strncmp(line, codename, len) == 0 &&
		    (line[len] == '\n' || line[len] == '-' || line[len] == '\0'))
			return true;
		line += strcspn(line, "\n");
	}
	return false;
}

static int write_file(const char *path, const char *text, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	const int code = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));

	if (code == -ENOSPC)
		return err_set(err, ERR_DISK_FULL, "the disk of this host is full");
	return code < 0 ? err_set(err, code, "cannot write %s: %s", path, strerror(-code)) : 0;
}

static int make_folder(const char *root, const char *name, struct err *err)
{
	char path[PATH_BYTES];

	(void)snprintf(path, sizeof path, "%s/%s", root, name);
	if ((mkdir(path, 0700) < 0 && errno != EEXIST) ||
	    lchown(path, PROCESS_NOBODY, PROCESS_NOBODY) < 0)
		return err_set(err, -errno, "cannot make %s: %s", path, strerror(errno));
	return 0;
}

static int write_settings(const char *root, const char *sources, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	char path[PATH_BYTES];

	/* Into quotes; whoever writes the settings of a host is root, and may be mistaken. */
	if (strpbrk(root, "\"\\\n") != NULL || strpbrk(sources, "\"\\\n") != NULL)
		return err_set(err, ERR_SERVER, "a folder of this host has an impossible name");
	(void)buf_printf(&text,
			 "#clear APT::Update;\n"
			 "#clear APT::Default-Release;\n"
			 "#clear APT::Architectures;\n"
			 "#clear Acquire::IndexTargets::deb::DEP-11;\n"
			 "Dir::State \"%s/state\";\n"
			 "Dir::State::status \"%s/status\";\n"
			 "Dir::Cache \"%s/cache\";\n"
			 "Dir::Etc::sourcelist \"%s\";\n"
			 "Dir::Etc::sourceparts \"/dev/null\";\n"
			 "Dir::Etc::preferences \"/dev/null\";\n"
			 "Dir::Etc::preferencesparts \"/dev/null\";\n"
			 "APT::Architecture \"amd64\";\n"
			 "APT::Architectures { \"amd64\"; };\n"
			 "APT::Update::Error-Mode \"any\";\n"
			 "Acquire::Languages \"none\";\n"
			 "Acquire::Retries \"1\";\n"
			 "Acquire::http::Timeout \"30\";\n"
			 "Acquire::https::Timeout \"30\";\n",
			 root, root, root, sources);
	if (text.error != 0)
		return err_set(err, text.error, "out of memory");
	(void)snprintf(path, sizeof path, "%s/apt.conf", root);
	return write_file(path, buf_str(&text), err);
}

/* Without an installed list the archive's own is no help: it says what there is, not since when. */
static int prepare(const struct config *config, const char *status, char *root, struct err *err)
{
	const char *sources = config->image_sources;
	char path[PATH_BYTES];
	int code;

	for (size_t i = 0; sources[0] == '\0' && i < ARRAY_SIZE(default_sources); i++)
		if (access(default_sources[i], R_OK) == 0)
			sources = default_sources[i];
	if (sources[0] == '\0')
		return err_set(err, ERR_SERVER,
			       "this host has no apt sources for Debian; image_sources in [host] "
			       "names some");
	(void)snprintf(root, CONFIG_PATH_BYTES + 16, "%s/updates", config->host_dir);
	if ((code = fd_make_dirs(root, 0711)) < 0)
		return err_set(err, code, "cannot make %s: %s", root, strerror(-code));
	(void)snprintf(path, sizeof path, "%s/status", root);
	if ((code = make_folder(root, "state", err)) < 0 ||
	    (code = make_folder(root, "cache", err)) < 0 ||
	    (code = write_settings(root, sources, err)) < 0)
		return code;
	return write_file(path, status, err);
}

static int run(const char *const arguments[], unsigned timeout_s, struct buf *output,
	       struct err *err)
{
	AUTO_CLOSE int fd = memfd_create("apt", MFD_CLOEXEC);
	const struct process process = {.arguments = arguments,
					.stdin_fd = -1,
					.stdout_fd = fd,
					.unprivileged = true,
					.why = "E: ",
					.timeout_s = timeout_s};
	char chunk[4096];
	ssize_t got;
	int code;

	if (fd < 0)
		return err_set(err, -errno, "cannot make a file in memory: %s", strerror(errno));
	if ((code = process_run(&process, NULL, err)) < 0)
		return code;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_set(err, -errno, "cannot read what apt said");
	while ((got = read(fd, chunk, sizeof chunk)) > 0)
		if (output->len + (size_t)got > OUTPUT_MAX_BYTES ||
		    buf_append(output, chunk, (size_t)got) < 0)
			return err_set(err, ERR_SERVER, "apt says too much");
	return got < 0 ? err_set(err, -errno, "cannot read what apt said") : 0;
}

int image_updates_look(const struct config *config, const struct host_package_list *list,
		       struct host_updates *ret, struct err *err)
{
	struct buf output CLEANUP(buf_done) = {0}, names CLEANUP(buf_done) = {0},
			  fetched CLEANUP(buf_done) = {0};
	char root[CONFIG_PATH_BYTES + 16], settings[PATH_BYTES];
	struct package_list read;
	int code;

	if ((code = package_list_parse(list->text, &read, err)) < 0 ||
	    (code = prepare(config, list->text + read.status_at, root, err)) < 0)
		return code;
	(void)snprintf(settings, sizeof settings, "%s/apt.conf", root);
	const char *const fetch[] = {"apt-get", "-c", settings, "-q", "update", NULL};
	const char *const targets[] = {"apt-get",  "-c",          settings, "indextargets",
				       "--format", "$(CODENAME)", NULL};
	const char *const simulate[] = {"apt-get",         "-c",      settings, "-q", "--simulate",
					"--with-new-pkgs", "upgrade", NULL};
	code = run(fetch, FETCH_S, &fetched, err);
	if (code == ERR_SERVER || code == ERR_TIMEOUT)
		return err_wrap(err, ERR_FETCH, "the archive does not answer as it should");
	if (code < 0 || (code = run(targets, SIMULATE_S, &names, err)) < 0)
		return code == ERR_UNAVAILABLE ? err_wrap(err, ERR_SERVER, "cannot look") : code;
	if (!image_updates_is_release(buf_str(&names), read.codename))
		return err_set(err, ERR_UNSUPPORTED,
			       "the image is of %s, of which the sources of this host have nothing",
			       read.codename);
	if ((code = run(simulate, SIMULATE_S, &output, err)) < 0)
		return code;
	image_updates_count(buf_str(&output), ret);
	return 0;
}

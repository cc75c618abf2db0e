#include "cli/recipe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"

#define SETTINGS_MAX_BYTES ((size_t)16 * 1024)

/* The folder of this program, without its name. */
static int own_folder(char *out, size_t size)
{
	const ssize_t len = readlink("/proc/self/exe", out, size - 1);

	if (len <= 0)
		return -ENOENT;
	out[len] = '\0';
	char *slash = strrchr(out, '/');
	if (slash == NULL)
		return -ENOENT;
	*slash = '\0';
	return 0;
}

static bool is_folder(const char *path)
{
	struct stat found;

	return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

/* Where the recipes are that came with it: beside the build folder, or where they were installed.
 */
static int shipped_folder(char *out, size_t size)
{
	static const char *const places[] = {"../share/ippo/recipes/images", "../images"};
	char own[PATH_MAX], path[PATH_MAX + 64];

	if (own_folder(own, sizeof own) < 0)
		return -ENOENT;
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", own, places[i]);
		char *real AUTO_FREE = realpath(path, NULL);
		if (real != NULL && is_folder(real) && strlen(real) < size) {
			memcpy(out, real, strlen(real) + 1);
			return 0;
		}
	}
	return -ENOENT;
}

/* Those with settings are for everybody; the others make the guests of tests. */
static void list_shipped(const char *folder, char *out, size_t size)
{
	DIR *dir = opendir(folder);
	size_t len = 0;

	out[0] = '\0';
	for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
		char path[PATH_MAX + 300];
		(void)snprintf(path, sizeof path, "%s/%s/" RECIPE_SETTINGS, folder, entry->d_name);
		if (entry->d_name[0] != '.' && access(path, R_OK) == 0 &&
		    len + strlen(entry->d_name) + 3 < size)
			len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "",
						entry->d_name);
	}
	if (dir != NULL)
		(void)closedir(dir);
}

static char *trim(char *text)
{
	text += strspn(text, " \t");
	for (size_t len = strlen(text); len > 0 && strchr(" \t\r", text[len - 1]) != NULL; len--)
		text[len - 1] = '\0';
	return text;
}

static int set(struct recipe *recipe, const char *key, const char *value)
{
	const struct {
		const char *key;
		char *to;
		size_t size;
	} known[] = {{"description", recipe->description, sizeof recipe->description},
		     {"type", recipe->type, sizeof recipe->type},
		     {"os_flavor", recipe->os_flavor, sizeof recipe->os_flavor},
		     {"os_version", recipe->os_version, sizeof recipe->os_version}};

	/* Said before the image is made, not after. */
	if (strcmp(key, "type") == 0 && strcmp(value, "system") != 0 && strcmp(value, "app") != 0 &&
	    strcmp(value, "rescue") != 0)
		return -EINVAL;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(key, known[i].key) == 0 && strlen(value) < known[i].size) {
			memcpy(known[i].to, value, strlen(value) + 1);
			return 0;
		}
	return -EINVAL;
}

static int read_settings(const char *path, struct recipe *recipe, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	char *rest, *line;
	unsigned number = 0;
	const int code = fd_read_file(AT_FDCWD, path, SETTINGS_MAX_BYTES, &text);

	if (code == -ENOENT)
		return 0;
	if (code < 0)
		return err_set(err, ERR_INVALID_INPUT, "%s: %s", path, strerror(-code));
	rest = (char *)(uintptr_t)buf_str(&text);
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *at = trim(line), *equals = strchr(at, '=');
		number++;
		if (*at == '\0' || *at == '#')
			continue;
		if (equals != NULL)
			*equals = '\0';
		if (equals == NULL || set(recipe, trim(at), trim(equals + 1)) < 0)
			return err_set(err, ERR_INVALID_INPUT,
				       "%s: its line %u is no description, os_flavor or os_version "
				       "= text, nor type = system, app or rescue",
				       path, number);
	}
	return 0;
}

static int use_program(const char *path, struct recipe *ret, struct err *err)
{
	char *real AUTO_FREE = realpath(path, NULL);
	struct stat found;

	if (real == NULL || strlen(real) >= sizeof ret->program)
		return err_set(err, ERR_NOT_FOUND, "%s: %s", path, strerror(errno));
	if (stat(real, &found) < 0 || !S_ISREG(found.st_mode))
		return err_set(err, ERR_INVALID_INPUT, "%s is no program", path);
	if (access(real, X_OK) < 0)
		return err_set(err, ERR_INVALID_INPUT, "%s cannot be run; chmod 755 it", path);
	memcpy(ret->program, real, strlen(real) + 1);
	return 0;
}

static int use_folder(const char *path, struct recipe *ret, struct err *err)
{
	char inside[PATH_MAX + 32];
	char *real AUTO_FREE = realpath(path, NULL);

	if (real == NULL)
		return err_set(err, ERR_NOT_FOUND, "%s: %s", path, strerror(errno));
	(void)snprintf(inside, sizeof inside, "%s/" RECIPE_PROGRAM, real);
	if (access(inside, F_OK) < 0)
		return err_set(err, ERR_NOT_FOUND,
			       "%s is no recipe: there is no program " RECIPE_PROGRAM " in it",
			       path);
	const int code = use_program(inside, ret, err);
	if (code < 0)
		return code;
	const char *slash = strrchr(real, '/');
	(void)snprintf(ret->name, sizeof ret->name, "%.63s", slash != NULL ? slash + 1 : real);
	(void)snprintf(inside, sizeof inside, "%s/" RECIPE_SETTINGS, real);
	return read_settings(inside, ret, err);
}

int recipe_find(const char *word, struct recipe *ret, struct err *err)
{
	char folder[PATH_MAX], path[PATH_MAX + 256], known[160];
	struct recipe found = {0};
	int code;

	if (strchr(word, '/') == NULL && shipped_folder(folder, sizeof folder) == 0) {
		(void)snprintf(path, sizeof path, "%s/%.200s", folder, word);
		if (word[0] != '\0' && word[0] != '.' && is_folder(path)) {
			code = use_folder(path, &found, err);
			if (code == 0)
				*ret = found;
			return code;
		}
		if (access(word, F_OK) < 0) {
			list_shipped(folder, known, sizeof known);
			return err_set(err, ERR_NOT_FOUND,
				       "there is no recipe %.64s; there are %s, and any folder or "
				       "program of your own",
				       word, known);
		}
	}
	code = is_folder(word) ? use_folder(word, &found, err) : use_program(word, &found, err);
	if (code == 0)
		*ret = found;
	return code;
}

/* Where firststep and ippo-host are: what recipes put into images, and ask how this machine
 * virtualizes. */
static void say_where_programs_are(void)
{
	char own[PATH_MAX], path[PATH_MAX + 64];

	if (own_folder(own, sizeof own) < 0)
		return;
	(void)snprintf(path, sizeof path, "%s/ippo-host", own);
	if (access(path, X_OK) == 0) {
		(void)setenv("IPPO_BUILD", own, 0);
		return;
	}
	(void)snprintf(path, sizeof path, "%s/../libexec/ippo", own);
	char *real AUTO_FREE = realpath(path, NULL);
	if (real != NULL)
		(void)setenv("IPPO_BUILD", real, 0);
}

/* Everything that it prints; what is not among the last of it does not matter. */
static size_t read_end(int fd, char *out, size_t size)
{
	size_t len = 0;
	ssize_t got;

	for (;;) {
		if (len + 1 == size) {
			memmove(out, out + size / 2, len - size / 2);
			len -= size / 2;
		}
		got = read(fd, out + len, size - 1 - len);
		if (got > 0)
			len += (size_t)got;
		else if (got == 0 || errno != EINTR)
			break;
	}
	while (len > 0 && out[len - 1] == '\n')
		len--;
	out[len] = '\0';
	return len;
}

static int run(const struct recipe *recipe, bool fresh, char *said, size_t size, struct err *err)
{
	const char *const argv[] = {recipe->program, fresh ? "--fresh" : NULL, NULL};
	int ends[2], status = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, -errno, "%s: %s", recipe->program, strerror(errno));
	const pid_t pid = fork();
	if (pid == 0) {
		say_where_programs_are();
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)execv(recipe->program, (char *const *)(uintptr_t)argv);
		(void)fprintf(stderr, "ippo: cannot run %s: %s\n", recipe->program,
			      strerror(errno));
		_exit(127);
	}
	(void)close(ends[1]);
	if (pid > 0)
		(void)read_end(ends[0], said, size);
	(void)close(ends[0]);
	if (pid < 0)
		return err_set(err, -EAGAIN, "%s cannot be started", recipe->program);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		return err_set(err, ERR_SERVER, "the recipe %s was ended by signal %d: %s",
			       recipe->program, WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status) != 0)
		return err_set(err, ERR_SERVER, "the recipe %s failed, with status %d",
			       recipe->program, WEXITSTATUS(status));
	return 0;
}

/* One that can tell what it has installed writes that beside the image. */
static int read_packages(const char *image, struct buf *ret, struct err *err)
{
	char path[2 * PATH_MAX + 16]; /* what it printed may be as long */

	(void)snprintf(path, sizeof path, "%s.packages", image);
	const int code = fd_read_file(AT_FDCWD, path, RECIPE_PACKAGES_MAX_BYTES, ret);
	return code == 0 || code == -ENOENT
		       ? 0
		       : err_set(err, ERR_SERVER, "the recipe's %s cannot be read: %s", path,
				 strerror(-code));
}

int recipe_make(const struct recipe *recipe, bool fresh, struct buf *ret_packages, struct err *err)
{
	char said[2 * PATH_MAX];
	struct stat found;
	int code = run(recipe, fresh, said, sizeof said, err);

	if (code < 0)
		return code;
	const char *line = strrchr(said, '\n');
	line = line != NULL ? line + 1 : said;
	if (line[0] != '/')
		return err_set(err, ERR_SERVER,
			       "the recipe %s made no image: the last it printed has to be the "
			       "image's absolute path",
			       recipe->program);
	const int fd = open(line, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_set(err, ERR_SERVER, "the recipe's image %s cannot be read: %s", line,
			       strerror(errno));
	if (fstat(fd, &found) == 0 && S_ISREG(found.st_mode)) {
		if ((code = read_packages(line, ret_packages, err)) == 0)
			return fd;
		(void)close(fd);
		return code;
	}
	(void)close(fd);
	return err_set(err, ERR_SERVER, "the recipe's image %s is no file", line);
}

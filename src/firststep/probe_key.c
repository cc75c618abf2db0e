#include "firststep/probe_key.h"

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "firststep/place.h"

#define MARK " firststep-probe"
/* 51 bytes, always: a name and 32 bytes with their lengths. */
#define BLOB_CHARS 68
#define PATH_BYTES 320

struct place {
	const struct tree *tree;
	const struct account *account;
	char folder[PATH_BYTES], keys[PATH_BYTES + 20];
	const char *line; /* to add; NULL: only take the old one out */
};

static bool is_blob(const char *blob)
{
	static const char base64[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const char begins[] = "AAAAC3NzaC1lZDI1NTE5AAAAI";

	return strlen(blob) == BLOB_CHARS && strspn(blob, base64) == BLOB_CHARS &&
	       strncmp(blob, begins, sizeof begins - 1) == 0;
}

/* The lines that are not the probe's. Return: whether there were any that are, or -errno. */
static int load(const struct place *place, struct buf *out)
{
	struct buf text CLEANUP(buf_done) = {0};
	struct stat found;
	int code = tree_lstat(place->tree, place->keys, &found);
	bool has_probe = false;

	if (code == 0)
		code = S_ISREG(found.st_mode) ? tree_read(place->tree, place->keys, &text)
					      : -EINVAL;
	if (code < 0)
		return code;
	for (const char *at = buf_str(&text); *at != '\0';) {
		const size_t len = strcspn(at, "\n");
		const size_t mark = sizeof MARK - 1;
		const bool is_probe = len > mark && memcmp(at + len - mark, MARK, mark) == 0;
		has_probe |= is_probe;
		if (!is_probe) {
			(void)buf_append(out, at, len);
			(void)buf_putc(out, '\n');
		}
		at += len + (at[len] == '\n');
	}
	return out->error < 0 ? out->error : has_probe;
}

static int save(const struct place *place, const struct buf *text)
{
	const struct account *account = place->account;
	const bool has_folder = tree_has(place->tree, place->folder);
	int code = place_write(place->tree, place->keys, text, 0600, account->uid, account->gid);

	/* sshd wants the folder to be its user's alone; one that is there keeps its mode. */
	if (code == 0 && !has_folder)
		code = place_mode(place->tree, place->folder, 0700);
	return code;
}

static int change(const struct place *place)
{
	struct buf text CLEANUP(buf_done) = {0};
	const int had_probe = load(place, &text);

	if (had_probe < 0 && had_probe != -ENOENT)
		return had_probe;
	if (place->line == NULL && had_probe <= 0)
		return 0;
	if (place->line != NULL)
		(void)buf_puts(&text, place->line);
	if (text.error < 0)
		return text.error;
	return text.len > 0 ? save(place, &text) : place_remove(place->tree, place->keys);
}

/* What lies in a user's folder is theirs, links too: nothing is written there with more rights than
 * they have. */
static int change_as_owner(const struct place *place)
{
	const struct account *account = place->account;
	int status;

	if (account->uid == 0)
		return change(place);
	const pid_t pid = fork();
	if (pid == 0)
		_exit(setgroups(0, NULL) < 0 ||
				      setresgid(account->gid, account->gid, account->gid) < 0 ||
				      setresuid(account->uid, account->uid, account->uid) < 0 ||
				      change(place) < 0
			      ? EXIT_FAILURE
			      : EXIT_SUCCESS);
	if (pid < 0)
		return -errno;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS ? 0 : -EINVAL;
}

static int find(const struct tree *tree, const struct account *account, struct place *ret)
{
	*ret = (struct place){.tree = tree, .account = account};
	if ((size_t)snprintf(ret->folder, sizeof ret->folder, "%s/.ssh", account->home) >=
	    sizeof ret->folder)
		return -ENAMETOOLONG;
	(void)snprintf(ret->keys, sizeof ret->keys, "%s/authorized_keys", ret->folder);
	return 0;
}

int probe_key_allow(const struct tree *tree, const struct account *account, const char *blob,
		    unsigned seconds)
{
	/* sshd counts in minutes, and a key is over when its minute begins. */
	const time_t end = time(NULL) + (time_t)seconds + 60;
	struct place place;
	struct tm local;
	char until[16], line[256];
	const int code = find(tree, account, &place);

	if (!is_blob(blob) || seconds == 0 || seconds > PROBE_KEY_MAX_SECONDS)
		return -EINVAL;
	if (code < 0)
		return code;
	(void)localtime_r(&end, &local);
	(void)strftime(until, sizeof until, "%Y%m%d%H%M", &local);
	(void)snprintf(line, sizeof line,
		       "restrict,command=\"/bin/false\",expiry-time=\"%s\" ssh-ed25519 %s" MARK
		       "\n",
		       until, blob);
	place.line = line;
	return change_as_owner(&place);
}

int probe_key_remove(const struct tree *tree, const struct account *account)
{
	struct place place;
	const int code = find(tree, account, &place);

	return code < 0 ? code : change_as_owner(&place);
}

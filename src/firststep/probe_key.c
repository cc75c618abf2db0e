#include "firststep/probe_key.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "firststep/place.h"

#define FOLDER     "/root/.ssh"
#define KEYS       FOLDER "/authorized_keys"
#define MARK       " firststep-probe"
#define KEY_PREFIX "ssh-ed25519 "
/* 51 bytes, always: a name and 32 bytes with their lengths. */
#define BLOB_CHARS 68

static bool is_key(const char *key)
{
	static const char base64[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	return strncmp(key, KEY_PREFIX, sizeof KEY_PREFIX - 1) == 0 &&
	       strlen(key) == sizeof KEY_PREFIX - 1 + BLOB_CHARS &&
	       strspn(key + sizeof KEY_PREFIX - 1, base64) == BLOB_CHARS;
}

/* The lines that are not the probe's. Return: whether there were any that are, or -errno. */
static int load(const struct tree *tree, struct buf *out)
{
	struct buf text CLEANUP(buf_done) = {0};
	int code = tree_read(tree, KEYS, &text);
	bool found = false;

	if (code < 0)
		return code;
	for (const char *at = buf_str(&text); *at != '\0';) {
		const size_t len = strcspn(at, "\n");
		const size_t mark = sizeof MARK - 1;
		const bool is_probe = len > mark && memcmp(at + len - mark, MARK, mark) == 0;
		found |= is_probe;
		if (!is_probe) {
			(void)buf_append(out, at, len);
			(void)buf_putc(out, '\n');
		}
		at += len + (at[len] == '\n');
	}
	return out->error < 0 ? out->error : found;
}

static bool is_link(const struct tree *tree)
{
	struct stat found;

	return tree_lstat(tree, KEYS, &found) == 0 && !S_ISREG(found.st_mode);
}

static int save(const struct tree *tree, const struct buf *text)
{
	struct stat found;

	/* sshd wants the folder to be root's alone; one that is there keeps its mode. */
	if (tree_lstat(tree, FOLDER, &found) < 0) {
		const int code = place_write(tree, KEYS, text, 0600, 0, 0);
		return code < 0 ? code : place_mode(tree, FOLDER, 0700);
	}
	return place_write(tree, KEYS, text, 0600, 0, 0);
}

int probe_key_allow(const struct tree *tree, const char *key)
{
	struct buf text CLEANUP(buf_done) = {0};
	const time_t end = time(NULL) + PROBE_KEY_MINUTES * 60;
	struct tm local;
	char until[16];

	if (!is_key(key) || is_link(tree))
		return -EINVAL;
	const int code = load(tree, &text);
	if (code < 0 && code != -ENOENT)
		return code;
	(void)localtime_r(&end, &local);
	(void)strftime(until, sizeof until, "%Y%m%d%H%M", &local);
	(void)buf_printf(&text, "restrict,command=\"/bin/false\",expiry-time=\"%s\" %s" MARK "\n",
			 until, key);
	return text.error < 0 ? text.error : save(tree, &text);
}

int probe_key_remove(const struct tree *tree)
{
	struct buf text CLEANUP(buf_done) = {0};
	const int found = is_link(tree) ? 0 : load(tree, &text);

	if (found <= 0)
		return found == -ENOENT ? 0 : found;
	return text.len > 0 ? save(tree, &text) : place_remove(tree, KEYS);
}

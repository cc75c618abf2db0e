#include "firststep/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "firststep/diff.h"
#include "firststep/place.h"

void plan_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		buf_done(&plan->list[i]->before);
		buf_done(&plan->list[i]->after);
		free(plan->list[i]);
	}
	plan->count = 0;
}

/* The change of that path; a new one when there is none. NULL when there are too many. */
static struct change *change_of(struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->list[i]->path, path) == 0)
			return plan->list[i];
	if (plan->count == PLAN_MAX || strlen(path) >= sizeof plan->list[0]->path)
		return NULL;
	struct change *change = calloc(1, sizeof *change);
	if (change == NULL)
		return NULL;
	memcpy(change->path, path, strlen(path) + 1);
	plan->list[plan->count++] = change;
	return change;
}

static void forget_last(struct plan *plan)
{
	struct change *change = plan->list[--plan->count];

	buf_done(&change->before);
	buf_done(&change->after);
	free(change);
}

/* What is there now. */
static int look(const struct tree *tree, struct change *change)
{
	struct stat found;
	int code = tree_lstat(tree, change->path, &found);

	if (code == -ENOENT)
		return 0;
	if (code < 0)
		return code;
	change->existed = true;
	change->mode_before = found.st_mode & 07777;
	change->uid = found.st_uid;
	change->gid = found.st_gid;
	if (S_ISREG(found.st_mode))
		return tree_read(tree, change->path, &change->before);
	if (S_ISLNK(found.st_mode)) {
		char target[1024];
		code = tree_link(tree, change->path, target, sizeof target);
		return code < 0 ? code : buf_puts(&change->before, target);
	}
	return S_ISDIR(found.st_mode) ? 0 : -EINVAL;
}

int plan_write(struct plan *plan, const char *path, struct buf *text, mode_t mode, struct err *err)
{
	const size_t count = plan->count;
	struct change *change = change_of(plan, path);

	if (text->error < 0 || change == NULL)
		return err_set(err, -ENOMEM, "the plan has no room for %s", path);
	if (plan->count == count) { /* a second item wants the same file: the later text */
		buf_done(&change->after);
	} else {
		struct stat found;
		int code = look(plan->tree, change);
		if (code == 0 && change->existed &&
		    (tree_lstat(plan->tree, path, &found) < 0 || !S_ISREG(found.st_mode)))
			code = -EINVAL; /* a link, say: whatever is meant by it, it stays */
		if (code < 0) {
			forget_last(plan);
			return err_set(err, code, "%s: %s", path, strerror(-code));
		}
	}
	change->kind = CHANGE_WRITE;
	change->mode = mode;
	if (change->existed && change->mode_before == mode && change->before.len == text->len &&
	    memcmp(buf_str(&change->before), buf_str(text), text->len) == 0) {
		if (plan->count > count)
			forget_last(plan);
		return 0;
	}
	change->after = *text;
	*text = (struct buf){0};
	return 0;
}

int plan_tighten(struct plan *plan, const char *path, mode_t refused)
{
	struct stat found;
	const int code = tree_lstat(plan->tree, path, &found);

	if (code == -ENOENT || (code == 0 && S_ISLNK(found.st_mode)))
		return 0;
	if (code < 0)
		return code;
	if ((found.st_mode & refused) == 0)
		return 0;
	struct change *change = change_of(plan, path);
	if (change == NULL)
		return -E2BIG;
	change->kind = CHANGE_MODE;
	change->existed = true;
	change->mode_before = found.st_mode & 07777;
	change->mode = change->mode_before & ~refused;
	change->uid = found.st_uid;
	change->gid = found.st_gid;
	return 0;
}

int plan_enable(struct plan *plan, const char *unit, const char *target, struct err *err)
{
	char path[320], points_to[320];
	struct stat found;

	(void)snprintf(path, sizeof path, "/etc/systemd/system/%s.wants/%s", target, unit);
	(void)snprintf(points_to, sizeof points_to, "/lib/systemd/system/%s", unit);
	if (tree_stat(plan->tree, points_to, &found) < 0)
		(void)snprintf(points_to, sizeof points_to, "/usr/lib/systemd/system/%s", unit);
	if (tree_has(plan->tree, path))
		return 0;
	struct change *change = change_of(plan, path);
	if (change == NULL)
		return err_set(err, -E2BIG, "the plan has no room for %s", path);
	change->kind = CHANGE_LINK;
	return buf_puts(&change->after, points_to);
}

int plan_remove(struct plan *plan, const char *path, struct err *err)
{
	if (!tree_has(plan->tree, path))
		return 0;
	struct change *change = change_of(plan, path);
	int code = change == NULL ? -E2BIG : look(plan->tree, change);
	if (code < 0)
		return err_set(err, code, "%s: %s", path, strerror(-code));
	change->kind = CHANGE_REMOVE;
	return 0;
}

int plan_show(const struct plan *plan, struct buf *out)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = plan->list[i];
		switch (change->kind) {
		case CHANGE_WRITE:
		case CHANGE_REMOVE:
			diff_write(change->path, change->existed ? &change->before : NULL,
				   change->kind == CHANGE_WRITE ? &change->after : NULL, out);
			if (change->kind == CHANGE_WRITE && change->existed &&
			    change->mode != change->mode_before)
				(void)buf_printf(out, "mode %04o -> %04o %s\n",
						 (unsigned)change->mode_before,
						 (unsigned)change->mode, change->path);
			break;
		case CHANGE_MODE:
			(void)buf_printf(out, "mode %04o -> %04o %s\n",
					 (unsigned)change->mode_before, (unsigned)change->mode,
					 change->path);
			break;
		case CHANGE_LINK:
			(void)buf_printf(out, "link %s -> %s\n", change->path,
					 buf_str(&change->after));
			break;
		}
	}
	return out->error;
}

int plan_carry_out(const struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = plan->list[i];
		int code = 0;
		switch (change->kind) {
		case CHANGE_WRITE:
			code = place_write(plan->tree, change->path, &change->after, change->mode,
					   change->uid, change->gid);
			break;
		case CHANGE_MODE:
			code = place_mode(plan->tree, change->path, change->mode);
			break;
		case CHANGE_LINK:
			code = place_link(plan->tree, change->path, buf_str(&change->after));
			break;
		case CHANGE_REMOVE:
			code = place_remove(plan->tree, change->path);
			break;
		}
		if (code < 0)
			return err_set(err, code, "%s: %s", change->path, strerror(-code));
	}
	return 0;
}

// firststep check
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "firststep/command.h"

static int choose(const struct options *options, const struct item *chosen[CHECKLIST_MAX + 1],
		  struct err *err)
{
	size_t count = 0;

	for (; options->count == 0 && item_list()[count] != NULL; count++)
		chosen[count] = item_list()[count];
	for (size_t i = 0; i < options->count && count < CHECKLIST_MAX; i++) {
		chosen[count] = item_find(options->words[i]);
		if (chosen[count++] == NULL)
			return err_set(err, ERR_NOT_FOUND, "there is no item %s",
				       options->words[i]);
	}
	chosen[count] = NULL;
	return 0;
}

int command_check(const struct options *options)
{
	static const int status[] = {EXIT_PASS, EXIT_FAIL, EXIT_UNKNOWN};
	const struct item *chosen[CHECKLIST_MAX + 1] = {NULL};
	struct checklist *checklist AUTO_FREE = calloc(1, sizeof *checklist);
	struct buf out CLEANUP(buf_done) = {0};
	struct err err = {0};
	struct context *context AUTO_FREE = calloc(1, sizeof *context);

	if (checklist == NULL || context == NULL)
		return EXIT_UNKNOWN;
	if (choose(options, chosen, &err) < 0 ||
	    context_init(context, options->root, options->is_japanese, &err) < 0)
		return command_failed(&err);
	checklist_run(context, chosen, checklist);
	if (options->json)
		checklist_write_json(context, checklist, CHECKLIST_PLAIN, &out);
	else
		checklist_write_text(context, checklist, &out);
	context_done(context);
	if (out.error < 0 || fd_write_all(STDOUT_FILENO, buf_str(&out), out.len) < 0)
		return EXIT_UNKNOWN;
	return status[checklist_result(checklist)];
}

// firststep confirm, firststep rollback
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "firststep/change.h"
#include "firststep/packet_filter.h"
#include "firststep/session.h"
#include "firststep/sshd_drop_in.h"

static int begin(const struct options *options, struct context *context, struct pending *pending,
		 int *ret_lock, struct err *err)
{
	if (options->root != NULL)
		return err_set(err, ERR_UNSUPPORTED, "a file tree has nothing that waits");
	if (geteuid() != 0)
		return err_set(err, -EPERM, "%s",
			       options->is_japanese
				       ? "root 権限が必要です (sudo firststep …)"
				       : "root's rights are needed: sudo firststep ...");
	int code = *ret_lock = rollback_lock(err);
	if (code >= 0)
		code = rollback_load(pending, err);
	if (code == -ENOENT)
		return err_set(err, code, "%s",
			       options->is_japanese ? "確定を待っている変更はありません"
						    : "no change waits");
	return code < 0 ? code : context_init_anyway(context, options->is_japanese, err);
}

/* Is this a login that the change itself let in? */
static int prove(const struct options *options, struct context *context,
		 const struct pending *pending, struct err *err)
{
	struct session session;
	const int code = session_find(&context->tree, &session);
	bool is_port = pending->new_port == 0;

	if (pending->applied_boot_ms == 0)
		return err_set(err, ERR_LOCKED, "the change is not in force yet");
	if (code == -ENOENT)
		return err_set(
			err, code, "%s",
			options->is_japanese
				? "SSH でログインして実行してください (コンソールからでは、SSH "
				  "で入れることの証明になりません)"
				: "log in over SSH and run it there: a console proves nothing");
	if (code < 0)
		return err_set(err, code, "/proc: %s", strerror(-code));
	if (session.start_boot_ms < pending->applied_boot_ms)
		return err_set(
			err, ERR_FORBIDDEN, "%s",
			options->is_japanese
				? "このログインは変更より前に始まっています。別の端末から新しく"
				  "ログインして実行してください"
				: "this login is older than the change: log in anew from "
				  "another terminal");
	for (size_t i = 0; i < session.port_count; i++)
		is_port |= session.ports[i] == pending->new_port;
	if (!is_port)
		return err_set(err, ERR_FORBIDDEN,
			       options->is_japanese
				       ? "新しいポートからログインして実行してください: ssh -p %u …"
				       : "log in on the new port: ssh -p %u ...",
			       pending->new_port);
	return 0;
}

/* The new port is proved: the old one goes, in sshd and in the filter. */
static int close_old_port(struct context *context, const struct pending *pending, struct err *err)
{
	struct plan plan CLEANUP(plan_done) = {.tree = &context->tree};
	bool has_filter = false;

	for (size_t i = 0; i < pending->item_count; i++)
		has_filter |= pending->items[i] == &item_packet_filter;
	int code = sshd_drop_in_plan_ports(context, &plan, pending->new_port, 0, err);
	if (code == 0 && has_filter)
		code = packet_filter_plan_ports(context, &plan, pending->new_port, 0, err);
	if (code == 0)
		code = plan_carry_out(&plan, err);
	return code < 0 ? code : change_in_force(context, &plan, pending, err);
}

int command_confirm(const struct options *options)
{
	struct context *context AUTO_FREE = calloc(1, sizeof *context);
	struct pending pending;
	struct err err = {0}, later = {0};
	AUTO_CLOSE int lock = -1;

	if (context == NULL)
		return EXIT_UNKNOWN;
	if (begin(options, context, &pending, &lock, &err) < 0)
		return command_failed(&err);
	int code = 0;
	if (rollback_is_due(&pending))
		code = err_set(&err, ERR_TIMEOUT, "%s",
			       options->is_japanese ? "期限を過ぎています"
						    : "the time for it is over");
	else if (prove(options, context, &pending, &err) < 0) {
		context_done(context);
		return command_failed(&err);
	} else if (pending.new_port != 0) {
		code = close_old_port(context, &pending, &err);
	}
	/* Only now: a power cut before this line has the old state back, wholly. */
	if (code == 0)
		code = rollback_disarm(&err);
	if (code < 0) {
		(void)command_failed(&err);
		if (rollback_restore(context, false, &later) < 0)
			(void)command_failed(&later);
		else
			say(options, "The old state is back.", "変更前の状態に戻しました。");
	} else {
		say(options, "Confirmed: the change stays.", "変更を確定しました。");
	}
	context_done(context);
	return code < 0 ? EXIT_UNKNOWN : EXIT_PASS;
}

int command_rollback(const struct options *options)
{
	struct context *context AUTO_FREE = calloc(1, sizeof *context);
	struct pending pending;
	struct err err = {0};
	AUTO_CLOSE int lock = -1;

	if (context == NULL)
		return EXIT_UNKNOWN;
	int code = begin(options, context, &pending, &lock, &err);
	/* The timer of a change that has been confirmed in the meantime. */
	if (code == -ENOENT && options->if_due)
		return EXIT_PASS;
	/* A record that cannot be read has nothing to say about its time either. */
	if (code < 0)
		return command_failed(&err);
	if (!options->if_due || rollback_is_due(&pending)) {
		code = rollback_restore(context, options->boot, &err);
		if (code < 0)
			(void)command_failed(&err);
		else
			say(options, "The old state is back.", "変更前の状態に戻しました。");
	}
	context_done(context);
	return code < 0 ? EXIT_UNKNOWN : EXIT_PASS;
}

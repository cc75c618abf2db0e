// Commands over the control socket, within this folder: what a connection is, and one command's
// unit.
#pragma once

#include <libknot/control/control.h>

#include "dns/knot.h"

struct knot {
	knot_ctl_t *ctl;
	char error[160];
};

struct command {
	const char *name;
	const char *section, *item, *id;
	const char *zone, *owner, *ttl, *type, *data;
	const char *filter;
	const char *flags;
};

/** knot_call() - one command and its answer; @each is called for every unit of it. ERR_SERVER: it
 * says no, with its words in knot->error. */
int knot_call(struct knot *knot, const struct command *command,
	      int (*each)(void *context, knot_ctl_data_t *data), void *context, struct err *err);
/** knot_call_zone() - a command that has nothing but a zone. */
int knot_call_zone(struct knot *knot, const char *name, const char *zone, struct err *err);
/** knot_call_add() - one more unit of a command that takes many; knot_call_end() sends the rest and
 * reads what came of all of them. */
int knot_call_add(struct knot *knot, const struct command *command, struct err *err);
int knot_call_end(struct knot *knot, const char *name,
		  int (*each)(void *context, knot_ctl_data_t *data), void *context,
		  struct err *err);
/** knot_call_close() - a block of units is whole. knot_call_ask() - one command in a block of its
 * own. What came of each is read afterwards, in order, by as many knot_call_answer(): nobody has to
 * wait for the one to send the next. */
int knot_call_close(struct knot *knot, struct err *err);
int knot_call_ask(struct knot *knot, const struct command *command, struct err *err);
int knot_call_answer(struct knot *knot, const char *name,
		     int (*each)(void *context, knot_ctl_data_t *data), void *context,
		     struct err *err);
/** knot_says() - the last answer was this error of libknot's. */
bool knot_says(const struct knot *knot, int code);
/** knot_begin_zone() - a change of a zone; one that was left open is given up. */
int knot_begin_zone(struct knot *knot, const char *zone, struct err *err);

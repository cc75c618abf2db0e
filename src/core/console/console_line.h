// The lines of the operation history that a console makes: its opening and its end.
#pragma once

#include "model/ticket.h"
#include "store/store_console.h"

/* Both belong into the transaction that writes @row, so that neither is there alone. @claim: who
 * has it; NULL: the service itself ends what a crash left open. */
int console_line_open(struct store *store, const struct store_console_line *row,
		      const struct ticket *claim, struct err *err);
int console_line_close(struct store *store, const struct store_console_line *row,
		       const struct ticket *claim, struct err *err);

// An answer that is longer than what should wait anywhere: made piece by piece, as its client takes
// it.
#pragma once

#include <stdbool.h>

#include "core/api/request.h"

struct outflow_source {
	/* Appends the next piece to @out, which may stay empty; whether that was the last. */
	bool (*next)(void *context, struct buf *out);
	/* The answer is whole, or its client has gone: frees the context. */
	void (*done)(void *context);
};

/**
 * outflow_begin() - answer with @head, and from then on with what @source makes; frees @request.
 * @context: taken over, also on failure.
 * Return: REQUEST_LATER, or -ENOMEM with the request as it was.
 */
int outflow_begin(struct request *request, const struct http_reply *head,
		  const struct outflow_source *source, void *context, struct err *err);

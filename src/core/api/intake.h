// Taking a request apart: its address into segments and parameters, its body into JSON.
#pragma once

#include "core/api/request.h"

#define INTAKE_PREFIX "/v1"

/**
 * intake_target() - fill path, segments and query from request->http, percent-decoded (RFC 3986).
 * Errors: ERR_NOT_FOUND (not below INTAKE_PREFIX, or too long a path), ERR_INVALID_INPUT (escapes,
 * UTF-8, too many parameters), -ENOMEM. What was taken until then is still intake_done()'s.
 */
int intake_target(struct request *request, struct err *err);

/** intake_body() - fill request->body; no body is an empty object. Errors: ERR_JSON, -ENOMEM. */
int intake_body(struct request *request, struct err *err);

/** intake_done() - free what the two have made. */
void intake_done(struct request *request);

// Who asks: the kernel's word on the local socket, a token, or a session's cookie.
#pragma once

#include "base/secret.h"
#include "core/api/request.h"
#include "model/account.h"

#define AUTH_COOKIE     "__Host-ippo"
#define AUTH_SESSION_MS (INT64_C(7) * 24 * 3600 * 1000)

/**
 * authenticate() - fill request->who, or leave it anonymous.
 * Errors: ERR_UNAUTHORIZED (a token or cookie that is not, or no longer, good), ERR_FORBIDDEN (a
 * local user without right; a cookie on a request that another site could have sent; acting for a
 * customer without being an operator), ERR_NOT_FOUND (such a customer).
 */
int authenticate(struct request *request, struct err *err);

/** authenticate_is_own_origin() - Origin is the service's own, exactly; its absence is not. */
bool authenticate_is_own_origin(const struct request *request);

/** authenticate_origin_len() - how much of a URL is its origin: scheme, host and port. */
size_t authenticate_origin_len(const char *url);

/** authenticate_is_operator() - a local user who may use the local socket. */
bool authenticate_is_operator(const struct core *core, uid_t uid, gid_t gid);

/** authenticate_find_cookie() - one of our cookies in the Cookie field (RFC 6265 section 4.2.1). */
bool authenticate_find_cookie(const char *header, const char *name,
			      char out[SECRET_TOKEN_TEXT_BYTES]);

/** authenticate_make_session() - a new session, and its cookie into the reply.
 * @session: user_id, customer_id, peer, client, and proved_ms if that is not now; gets the rest. */
int authenticate_make_session(struct request *request, struct session *session, struct err *err);
/** authenticate_clear_cookie() - the browser forgets it. */
void authenticate_clear_cookie(struct request *request);

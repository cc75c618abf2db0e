// The service's own certificate authority, and the server certificate it signs.
#pragma once

#include "base/config.h"

/**
 * certificate_prepare() - make the CA at first start, and the server certificate when it is
 * missing, does not name config->url's host, or has less than 30 days left (RFC 5280). Both are EC
 * P-256 (RFC 5480). CA: STATE/ca/ca.pem for all, STATE/ca/ca.key for root. Server:
 * STATE/web/tls.pem and tls.key for web.
 *
 * A child process does it and ends: neither the keys nor what OpenSSL needs to work stays in the
 * memory of the caller, which must have no threads. Blocks for the time of two key generations.
 */
int certificate_prepare(const struct config *config, struct err *err);

/** certificate_host() - the host of a URL: "https://vps.example.jp:8443/" gives "vps.example.jp".
 */
int certificate_host(const char *url, char *out, size_t size);

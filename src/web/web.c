#include "web/web.h"

#include <malloc.h>

#include "base/isolate.h"

void web_memory_options(void)
{
	/* A page of a list is some 100 KiB, and fetching that from the system and giving it back
	 * for every reply costs more than the reply. What is larger than that still goes back. */
	(void)mallopt(M_MMAP_THRESHOLD, 512 * 1024);
	(void)mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
	(void)mallopt(M_ARENA_MAX, 1);
}

int web_isolate_syscalls(struct err *err)
{
	static const char *const calls[] = {"getdents64", NULL};

	return isolate_syscalls(calls, err);
}

/* RFC 7301: whoever offers protocols without http/1.1 among them is refused. */
static int select_http11(SSL *tls, const unsigned char **out, unsigned char *out_len,
			 const unsigned char *offered, unsigned offered_len, void *context)
{
	static const unsigned char http11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

	return SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_len, http11,
				     sizeof http11, offered, offered_len) == OPENSSL_NPN_NEGOTIATED
		       ? SSL_TLSEXT_ERR_OK
		       : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void web_tls_options(SSL_CTX *tls)
{
	(void)SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
					    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					    SSL_MODE_RELEASE_BUFFERS);
	(void)SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					       SSL_OP_CIPHER_SERVER_PREFERENCE |
					       SSL_OP_CLEANSE_PLAINTEXT);
	/* Whoever asks for something gets one with the answer: a sixth of what a console's
	 * handshake costs, and no console uses it. */
	(void)SSL_CTX_set_num_tickets(tls, 0);
	(void)SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	/* The fastest first where there is a choice; none of them is weak. */
	(void)SSL_CTX_set_ciphersuites(tls, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
					    "TLS_CHACHA20_POLY1305_SHA256");
	SSL_CTX_set_alpn_select_cb(tls, select_http11, NULL);
}

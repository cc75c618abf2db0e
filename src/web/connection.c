/*
 * Theory of operation. A connection is a small machine driven by its socket's readiness and by
 * core's answers:
 *
 *   HANDSHAKE → HEAD → BODY → WAITING → (REPLYING) → HEAD …
 *                                  ↳ CONSOLE                    CLOSING: the last bytes go out
 *
 * Bytes from the client gather in `in` and are parsed in place; one request is worked on at a time
 * and what was pipelined behind it waits there. Bytes for the client gather in `out`. Both are
 * bounded. A connection is dropped by connection_drop(), which stops all callbacks at once; its
 * memory goes when libuv has let go of the handle, so every function that may drop looks at `fd`
 * before it goes on.
 */
#include "web/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "web/console.h"
#include "web/core_link.h"
#include "web/proxy.h"
#include "web/web.h"

#define READ_BURST           8 /* from the socket, in one turn */
#define HANDSHAKE_BYTES      ((size_t)4096)
#define KEPT_BUFFER_BYTES    ((size_t)64 * 1024)
#define TLS_HANDSHAKE_RECORD 0x16
#define LEAVING_BYTES        ((size_t)4 * (SSL3_RT_MAX_PLAIN_LENGTH + 64)) /* with what TLS adds */

/*
 * What a console's client sends is read by the many records and handed to TLS from here: OpenSSL's
 * own reading ahead moves all that lies behind a record to the front with each one. So are the
 * small records of a handshake, and the request that comes with its last one. The buffer belongs to
 * the process; what one turn leaves in it moves into its connection.
 */
static struct {
	const struct connection *owner;
	size_t at, end;
	uint8_t data[CONNECTION_AHEAD_BYTES];
} ahead;

/* Records of one connection that leave together: filled and emptied within one call. */
static struct {
	size_t bytes;
	uint8_t data[LEAVING_BYTES];
} leaving;

static void on_handle_closed(uv_handle_t *handle)
{
	struct connection *connection = handle->data;

	buf_done(&connection->in);
	buf_done(&connection->out);
	buf_done(&connection->unread);
	buf_done(&connection->unsent);
	buf_done(&connection->request.body);
	console_free(connection->console);
	free(connection);
}

void connection_drop(struct connection *connection)
{
	struct web *web = connection->web;

	if (connection->fd < 0)
		return;
	if (ahead.owner == connection)
		ahead.owner = NULL;
	if (connection->request.core_id != 0)
		core_link_cancel(web->core, connection->request.core_id);
	if (connection->console != NULL)
		console_dropped(connection);
	uv_close((uv_handle_t *)&connection->poll, on_handle_closed);
	SSL_free(connection->tls);
	ERR_clear_error();
	(void)close(connection->fd);
	connection->fd = -1;
	if (connection->previous != NULL)
		connection->previous->next = connection->next;
	else
		web->connections = connection->next;
	if (connection->next != NULL)
		connection->next->previous = connection->previous;
	web->connection_count--;
}

void connection_set_deadline(struct connection *connection, int64_t in_ms)
{
	connection->deadline_ms = in_ms > 0 ? clock_mono_ms() + in_ms : 0;
}

size_t connection_pending(const struct connection *connection)
{
	return connection->out.len - connection->out_sent + connection->unsent.len;
}

static int take_ahead(char *data, int bytes)
{
	const size_t part =
		ahead.end - ahead.at < (size_t)bytes ? ahead.end - ahead.at : (size_t)bytes;

	memcpy(data, ahead.data + ahead.at, part);
	ahead.at += part;
	if (ahead.at == ahead.end)
		ahead.owner = NULL;
	return (int)part;
}

static int take_unread(struct connection *connection, char *data, int bytes)
{
	struct buf *unread = &connection->unread;
	const size_t left = unread->len - connection->unread_at;
	const size_t part = left < (size_t)bytes ? left : (size_t)bytes;

	memcpy(data, unread->data + connection->unread_at, part);
	connection->unread_at += part;
	if (connection->unread_at == unread->len) {
		buf_done(unread);
		connection->unread_at = 0;
	}
	return (int)part;
}

void connection_keep_unread(struct connection *connection)
{
	if (ahead.owner != connection)
		return;
	ahead.owner = NULL;
	if (buf_append(&connection->unread, ahead.data + ahead.at, ahead.end - ahead.at) < 0)
		connection_drop(connection);
}

/*
 * TLS's way to the socket. A turn may read only so often, so that a client that sends without end
 * leaves others their turn; and records of one batch leave as one.
 */
static int bio_read(BIO *bio, char *data, int bytes)
{
	struct connection *connection = BIO_get_data(bio);
	const size_t far = connection->reads_ahead          ? sizeof ahead.data
			   : connection->state == HANDSHAKE ? HANDSHAKE_BYTES
							    : 0;
	ssize_t got;

	BIO_clear_retry_flags(bio);
	if (connection->unread.len > 0)
		return take_unread(connection, data, bytes);
	if (ahead.owner == connection)
		return take_ahead(data, bytes);
	if (connection->reads_left == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	got = recv(connection->fd, far > 0 ? (void *)ahead.data : data,
		   far > 0 ? far : (size_t)bytes, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_read(bio);
	connection->reads_left--;
	if (got <= 0 || far == 0)
		return (int)got;
	ahead.owner = connection;
	ahead.at = 0;
	ahead.end = (size_t)got;
	return take_ahead(data, bytes);
}

/* How many the kernel takes; -1 when the connection has failed. */
static ssize_t send_now(struct connection *connection, const void *data, size_t bytes, int flags)
{
	const ssize_t sent = send(connection->fd, data, bytes, MSG_NOSIGNAL | flags);

	if (sent > 0) {
		connection->sent_bytes += (uint64_t)sent;
		connection->written_ms = clock_mono_ms();
	}
	return sent < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : sent;
}

/* What the kernel does not take stays with the connection. False when it has failed. */
static bool send_records(struct connection *connection, const void *data, size_t bytes, int flags)
{
	const ssize_t sent = send_now(connection, data, bytes, flags);

	return sent == (ssize_t)bytes ||
	       (sent >= 0 && buf_append(&connection->unsent, (const uint8_t *)data + sent,
					bytes - (size_t)sent) == 0);
}

static bool send_unsent(struct connection *connection)
{
	struct buf *unsent = &connection->unsent;
	const ssize_t sent = send_now(connection, unsent->data, unsent->len, 0);

	if (sent > 0)
		buf_consume(unsent, (size_t)sent);
	if (unsent->len == 0)
		buf_done(unsent);
	return sent >= 0;
}

static int bio_write(BIO *bio, const char *data, int bytes)
{
	struct connection *connection = BIO_get_data(bio);
	const size_t all = leaving.bytes + (size_t)bytes;

	BIO_clear_retry_flags(bio);
	if (connection->unsent.len > 0) {
		BIO_set_retry_write(bio);
		return -1;
	}
	if (leaving.bytes == 0 && !connection->more)
		return send_records(connection, data, (size_t)bytes, 0) ? bytes : -1;
	/* One call for some records: it costs the kernel as much as a record. */
	if (all > sizeof leaving.data) {
		const size_t before = leaving.bytes;
		leaving.bytes = 0;
		if (!send_records(connection, leaving.data, before, MSG_MORE))
			return -1;
		return bio_write(bio, data, bytes);
	}
	memcpy(leaving.data + leaving.bytes, data, (size_t)bytes);
	leaving.bytes = connection->more ? all : 0;
	return connection->more || send_records(connection, leaving.data, all, 0) ? bytes : -1;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
	return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static bool attach_tls(struct connection *connection)
{
	static BIO_METHOD *method;
	BIO *bio;

	if (method == NULL) {
		method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "connection");
		if (method == NULL || BIO_meth_set_read(method, bio_read) != 1 ||
		    BIO_meth_set_write(method, bio_write) != 1 ||
		    BIO_meth_set_ctrl(method, bio_control) != 1)
			return false;
	}
	connection->tls = SSL_new(connection->web->tls);
	if (connection->tls == NULL || (bio = BIO_new(method)) == NULL)
		return false;
	BIO_set_data(bio, connection);
	BIO_set_init(bio, 1);
	SSL_set_bio(connection->tls, bio, bio);
	return true;
}

/* How many of these bytes TLS and the kernel take now. Drops the connection when it has failed. */
static size_t write_tls(struct connection *connection, const uint8_t *data, size_t bytes)
{
	size_t written = 0;

	connection->tls_wants_write = false;
	if (connection->unsent.len > 0 && !send_unsent(connection))
		connection_drop(connection);
	while (connection->fd >= 0 && written < bytes && connection->unsent.len == 0) {
		size_t part = bytes - written < 1U << 20 ? bytes - written : 1U << 20;
		connection->more = bytes - written > SSL3_RT_MAX_PLAIN_LENGTH;
		int sent = SSL_write(connection->tls, data + written, (int)part);
		if (sent > 0) {
			written += (size_t)sent;
			continue;
		}
		switch (SSL_get_error(connection->tls, sent)) {
		case SSL_ERROR_WANT_READ:
			break;
		case SSL_ERROR_WANT_WRITE:
			connection->tls_wants_write = true;
			break;
		default:
			connection_drop(connection);
		}
		break;
	}
	connection->more = false;
	/* The loop ended while another record was to follow. */
	if (leaving.bytes > 0 && connection->fd >= 0 &&
	    !send_records(connection, leaving.data, leaving.bytes, 0))
		connection_drop(connection);
	leaving.bytes = 0;
	return written;
}

void connection_send(struct connection *connection, const void *data, size_t bytes)
{
	size_t written =
		connection_pending(connection) == 0 ? write_tls(connection, data, bytes) : 0;

	if (connection->fd >= 0 && written < bytes &&
	    buf_append(&connection->out, (const uint8_t *)data + written, bytes - written) < 0)
		connection_drop(connection);
}

void connection_flush(struct connection *connection)
{
	if (connection->fd >= 0 && connection_pending(connection) > 0) {
		const uint64_t before = connection->sent_bytes;
		const size_t left = connection->out.len - connection->out_sent;
		size_t written = write_tls(
			connection, left > 0 ? connection->out.data + connection->out_sent : NULL,
			left);
		if (connection->fd < 0)
			return;
		connection->out_sent += written;
		if (connection->sent_bytes > before && connection->state != CONSOLE &&
		    (connection->state != CLOSING || connection_pending(connection) > 0))
			connection_set_deadline(connection, CONNECTION_WRITE_MS);
		if (connection_pending(connection) > 0)
			return;
	}
	if (connection->fd < 0)
		return;
	/* All is out. Give a large buffer back; keep a small one for the next reply. */
	if (connection->out.cap > KEPT_BUFFER_BYTES || connection->state == CONSOLE)
		buf_done(&connection->out);
	else
		buf_clear(&connection->out);
	connection->out_sent = 0;
	if (connection->state == CLOSING) {
		(void)SSL_shutdown(connection->tls);
		connection_drop(connection);
	} else if (connection->state == HEAD) {
		connection_set_deadline(connection, connection->in.len > 0 ? CONNECTION_HEAD_MS
									   : CONNECTION_IDLE_MS);
	} else if (connection->state == REPLYING || connection->state == WAITING) {
		connection_set_deadline(connection, 0);
		if (connection->state == REPLYING && connection->request.is_owed) {
			connection->request.is_owed = false;
			core_link_more(connection->web->core, connection->request.core_id);
		}
	}
}

void connection_watch(struct connection *connection);

ssize_t connection_read(struct connection *connection, uint8_t *data, size_t bytes)
{
	int got = SSL_read(connection->tls, data, (int)bytes);

	if (got > 0)
		return got;
	switch (SSL_get_error(connection->tls, got)) {
	case SSL_ERROR_WANT_WRITE:
		connection->tls_wants_write = true;
		return 0;
	case SSL_ERROR_WANT_READ:
		return 0;
	default:
		return -1;
	}
}

static void read_input(struct connection *connection)
{
	while (connection->fd >= 0) {
		ssize_t got;
		if (connection->in.len >= request_input_limit(connection)) {
			if (connection->state == BODY)
				request_refuse(connection, 413);
			return;
		}
		if (buf_reserve(&connection->in, CONNECTION_READ_BYTES) < 0) {
			connection_drop(connection);
			return;
		}
		got = connection_read(connection, connection->in.data + connection->in.len,
				      CONNECTION_READ_BYTES);
		if (got < 0)
			connection_drop(connection);
		if (got <= 0)
			return;
		if (connection->state == HEAD && connection->in.len == 0)
			connection_set_deadline(connection, CONNECTION_HEAD_MS);
		connection->in.len += (size_t)got;
		connection->in.data[connection->in.len] = '\0';
		request_process(connection);
	}
}

/* Somebody typed http:// before an https port: tell them, in the clear. */
static bool refuse_plain_http(struct connection *connection)
{
	static const char text[] =
		"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n"
		"Content-Length: 35\r\n\r\nThis port speaks https: use https:\n";
	uint8_t first;

	if (recv(connection->fd, &first, 1, MSG_PEEK) != 1 || first == TLS_HANDSHAKE_RECORD)
		return false;
	(void)send(connection->fd, text, sizeof text - 1, MSG_NOSIGNAL);
	connection_drop(connection);
	return true;
}

static void shake_hands(struct connection *connection)
{
	int code;

	if (SSL_in_before(connection->tls) && refuse_plain_http(connection))
		return;
	code = SSL_accept(connection->tls);
	if (code == 1) {
		connection->state = HEAD;
		connection_set_deadline(connection, CONNECTION_IDLE_MS);
		return;
	}
	switch (SSL_get_error(connection->tls, code)) {
	case SSL_ERROR_WANT_READ:
		return;
	case SSL_ERROR_WANT_WRITE:
		connection->tls_wants_write = true;
		return;
	default:
		connection_drop(connection);
	}
}

static bool wants_input(const struct connection *connection)
{
	return connection->state == CONSOLE ? console_wants_input(connection)
					    : connection->in.len < request_input_limit(connection);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct connection *connection = poll->data;

	if (status < 0) {
		connection_drop(connection);
		return;
	}
	if ((events & UV_READABLE) != 0)
		connection->web->heard_ms = uv_now(&connection->web->loop);
	connection->tls_wants_write = false;
	connection->reads_left = READ_BURST;
	if (connection->state == HANDSHAKE && connection->unsent.len > 0 &&
	    !send_unsent(connection))
		connection_drop(connection);
	if (connection->fd >= 0 && connection->state == HANDSHAKE)
		shake_hands(connection);
	if (connection->fd >= 0 && connection->state != HANDSHAKE) {
		if (connection_pending(connection) > 0)
			connection_flush(connection);
		if (connection->fd < 0)
			return;
		if ((events & UV_DISCONNECT) != 0 && connection->state == CONSOLE)
			console_wake(connection);
		if (!wants_input(connection)) {
			/* What it still says cannot be taken, and it will never read the answer. */
			if ((events & UV_DISCONNECT) != 0)
				connection_drop(connection);
		} else if (connection->state == CONSOLE) {
			console_ready(connection);
		} else {
			read_input(connection);
		}
	}
	connection_keep_unread(connection);
	if (connection->fd >= 0)
		connection_watch(connection);
}

void connection_watch(struct connection *connection)
{
	int events = UV_DISCONNECT; /* one that closes is noticed whatever else is wanted */

	if (wants_input(connection))
		events |= UV_READABLE;
	if (connection_pending(connection) > 0 || connection->tls_wants_write)
		events |= UV_WRITABLE;
	/* To libuv even the same again is two system calls. */
	if (events != connection->watched)
		(void)uv_poll_start(&connection->poll, events, on_ready);
	connection->watched = events;
	if (connection->console != NULL)
		console_watch(connection);
}

static bool peer_has_too_many(const struct web *web, const char *peer)
{
	unsigned count = 0;

	/* Behind a proxy are many: it limits its own clients. */
	if (proxy_is_trusted(&web->config->trusted_proxies, peer))
		return false;
	for (const struct connection *other = web->connections; other != NULL; other = other->next)
		count += !console_is_open(other) && strcmp(other->peer, peer) == 0;
	return count >= CONNECTION_MAX_PER_PEER;
}

void connection_accept(struct web *web, int fd, const char *peer)
{
	struct connection *connection;

	if (web->stopping || web->connection_count >= CONNECTION_MAX ||
	    web->connection_count - web->console_count >= CONNECTION_MAX_REQUESTS ||
	    peer_has_too_many(web, peer) || (connection = calloc(1, sizeof *connection)) == NULL) {
		(void)close(fd);
		return;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	connection->web = web;
	connection->fd = fd;
	connection->opened_ms = clock_mono_ms();
	connection->out.max = CONNECTION_MAX_OUTPUT_BYTES;
	(void)snprintf(connection->peer, sizeof connection->peer, "%s", peer);
	if (!attach_tls(connection) || uv_poll_init(&web->loop, &connection->poll, fd) < 0) {
		SSL_free(connection->tls);
		(void)close(fd);
		free(connection);
		return;
	}
	connection->poll.data = connection;
	connection->next = web->connections;
	if (connection->next != NULL)
		connection->next->previous = connection;
	web->connections = connection;
	web->connection_count++;
	connection_set_deadline(connection, CONNECTION_HANDSHAKE_MS);
	connection_watch(connection);
}

void connection_free_all(struct web *web)
{
	while (web->connections != NULL)
		connection_drop(web->connections);
}

void connection_check_times(struct web *web)
{
	const int64_t now = clock_mono_ms();
	struct connection *next;

	for (struct connection *connection = web->connections; connection != NULL;
	     connection = next) {
		next = connection->next;
		if (connection->state == CONSOLE) {
			console_tick(connection, now);
			continue;
		}
		if (connection->deadline_ms == 0 || now < connection->deadline_ms)
			continue;
		/* A request that began and did not end is told so; everything else just ends. */
		if (connection_pending(connection) == 0 &&
		    (connection->state == BODY ||
		     (connection->state == HEAD && connection->in.len > 0))) {
			request_refuse(connection, 408);
			if (connection->fd >= 0)
				connection_watch(connection);
		} else {
			connection_drop(connection);
		}
	}
}

void connection_end_consoles(struct web *web)
{
	struct connection *next;

	for (struct connection *connection = web->connections; connection != NULL;
	     connection = next) {
		next = connection->next;
		if (connection->console != NULL)
			console_close(connection, CONSOLE_GOING_AWAY, "the service is stopping");
	}
}

void connection_core_lost(struct connection *connection)
{
	if (connection->console != NULL)
		console_core_lost(connection);
	else
		request_core_lost(connection);
}

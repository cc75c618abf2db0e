/*
 * Theory of operation. A channel is one SEQPACKET socket on a libuv poll handle. Reading is done
 * until the kernel has no more, but for at most READ_BURST datagrams, so that one busy peer does
 * not starve others. What cannot be sent at once waits in a queue with a limit; the socket is then
 * polled for writing too.
 *
 * A channel may be freed inside its own handlers. It is therefore torn down in two steps: the
 * socket is closed and no callback runs any more at once; the memory goes when libuv has let go of
 * the handle.
 */
#include "wire/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/fd.h"

#define READ_BURST          32
#define SOCKET_BUFFER_BYTES (1024 * 1024)

struct queued {
	struct queued *next;
	int fds[WIRE_MAX_FDS];
	unsigned fd_count;
	size_t bytes;
	uint8_t frame[];
};

struct channel {
	uv_poll_t poll;
	int fd;      /* -1 once closed */
	int watched; /* the events */
	const struct channel_events *events;
	void *context;
	struct queued *first;
	struct queued **last;
	size_t queued_bytes;
	bool was_full;
	bool freed;  /* the owner has let go: no more callbacks */
	bool ending; /* closed() is due */
	bool busy;   /* inside on_ready() */
	struct err why;
	uint8_t *input; /* WIRE_MAX_MESSAGE_BYTES + 1, to notice what is too long */
};

static void write_header(uint8_t header[WIRE_HEADER_BYTES], uint16_t type, uint8_t flags,
			 uint64_t id, size_t bytes)
{
	header[0] = WIRE_VERSION;
	header[1] = flags;
	header[2] = (uint8_t)type;
	header[3] = (uint8_t)(type >> 8);
	for (unsigned i = 0; i < 4; i++)
		header[4 + i] = (uint8_t)(bytes >> 8 * i);
	for (unsigned i = 0; i < 8; i++)
		header[8 + i] = (uint8_t)(id >> 8 * i);
}

int frame_decode(const void *data, size_t bytes, struct message *ret)
{
	struct reader reader;
	struct message message = {0};
	uint8_t version;
	uint32_t length;

	if (bytes < WIRE_HEADER_BYTES || bytes > WIRE_MAX_MESSAGE_BYTES)
		return ERR_PROTOCOL;
	reader_init(&reader, data, bytes);
	version = reader_u8(&reader);
	message.flags = reader_u8(&reader);
	message.type = reader_u16(&reader);
	length = reader_u32(&reader);
	message.id = reader_u64(&reader);
	message.body = reader.at;
	message.body_bytes = bytes - WIRE_HEADER_BYTES;
	if (version != WIRE_VERSION || (message.flags & ~WIRE_MORE) != 0 ||
	    length != message.body_bytes)
		return ERR_PROTOCOL;
	*ret = message;
	return 0;
}

static void close_fds(const int *fds, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}

/* One sendmsg. 0 or -errno. */
static int send_frame(int fd, const struct iovec *parts, size_t part_count, const int *fds,
		      unsigned fd_count)
{
	char control[CMSG_SPACE(sizeof(int) * WIRE_MAX_FDS)] = {0};
	struct msghdr header = {.msg_iov = (struct iovec *)(uintptr_t)parts,
				.msg_iovlen = part_count};

	if (fd_count > 0) {
		header.msg_control = control;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		struct cmsghdr *item = CMSG_FIRSTHDR(&header);
		item->cmsg_level = SOL_SOCKET;
		item->cmsg_type = SCM_RIGHTS;
		item->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(item), fds, sizeof(int) * fd_count);
	}
	while (sendmsg(fd, &header, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* One recvmsg into @data. Bytes, 0 at the end of the stream, or -errno; a cut message is
 * ERR_PROTOCOL. */
static ssize_t receive_frame(int fd, void *data, size_t size, int *fds, unsigned *ret_fd_count)
{
	char control[CMSG_SPACE(sizeof(int) * (WIRE_MAX_FDS + 1))];
	struct iovec part = {.iov_base = data, .iov_len = size};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof control};
	unsigned count = 0;
	bool too_many = false;
	ssize_t got;

	do
		got = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	for (struct cmsghdr *item = CMSG_FIRSTHDR(&header); item != NULL;
	     item = CMSG_NXTHDR(&header, item)) {
		if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS)
			continue;
		size_t number = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < number; i++) {
			int received;
			memcpy(&received, CMSG_DATA(item) + i * sizeof(int), sizeof received);
			if (count < WIRE_MAX_FDS) {
				fds[count++] = received;
			} else {
				(void)close(received);
				too_many = true;
			}
		}
	}
	if (too_many || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
		close_fds(fds, count);
		return ERR_PROTOCOL;
	}
	*ret_fd_count = count;
	return got;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct channel *channel = handle->data;

	free(channel->input);
	free(channel);
}

static void close_socket(struct channel *channel)
{
	struct queued *next;

	if (channel->fd < 0)
		return;
	(void)uv_poll_stop(&channel->poll);
	(void)close(channel->fd);
	channel->fd = -1;
	for (struct queued *item = channel->first; item != NULL; item = next) {
		next = item->next;
		close_fds(item->fds, item->fd_count);
		free(item);
	}
	channel->first = NULL;
	channel->last = &channel->first;
	channel->queued_bytes = 0;
}

static void end(struct channel *channel, int code, const char *text)
{
	if (channel->ending || channel->freed)
		return;
	channel->ending = true;
	(void)err_set(&channel->why, code, "%s", text);
	close_socket(channel);
}

static void watch(struct channel *channel);

static void flush_queue(struct channel *channel)
{
	while (channel->first != NULL) {
		struct queued *item = channel->first;
		struct iovec part = {item->frame, item->bytes};
		int code = send_frame(channel->fd, &part, 1, item->fds, item->fd_count);
		if (code == -EAGAIN || code == -ENOBUFS)
			return;
		if (code < 0) {
			end(channel, code, strerror(-code));
			return;
		}
		channel->first = item->next;
		if (channel->first == NULL)
			channel->last = &channel->first;
		channel->queued_bytes -= item->bytes;
		close_fds(item->fds, item->fd_count);
		free(item);
	}
}

static const struct message_rule *find_rule(const struct channel *channel,
					    const struct message *message)
{
	for (const struct message_rule *rule = channel->events->rules; rule->handle != NULL; rule++)
		if (rule->type == message->type)
			return message->fd_count <= rule->max_fds ? rule : NULL;
	return NULL;
}

/* Read and handle one datagram. False when there is no more to do now. */
static bool read_one(struct channel *channel)
{
	struct message message;
	int fds[WIRE_MAX_FDS];
	unsigned fd_count = 0;
	ssize_t got = receive_frame(channel->fd, channel->input, WIRE_MAX_MESSAGE_BYTES + 1, fds,
				    &fd_count);

	if (got == -EAGAIN)
		return false;
	if (got <= 0) {
		close_fds(fds, fd_count); /* an empty datagram may carry some */
		end(channel, got == 0 ? -ECONNRESET : (int)got,
		    got == 0              ? "the peer has gone"
		    : got == ERR_PROTOCOL ? "a cut message"
					  : strerror((int)-got));
		return false;
	}
	if (frame_decode(channel->input, (size_t)got, &message) < 0) {
		close_fds(fds, fd_count);
		end(channel, ERR_PROTOCOL, "a malformed message");
		return false;
	}
	message.fd_count = fd_count;
	memcpy(message.fds, fds, sizeof fds);
	const struct message_rule *rule = find_rule(channel, &message);
	int code = ERR_PROTOCOL;
	if (rule != NULL)
		code = rule->handle(channel->context, channel, &message);
	close_fds(message.fds, message.fd_count);
	if (code < 0)
		end(channel, code,
		    rule != NULL ? "a message with a wrong body"
				 : "a message that is not permitted");
	return channel->fd >= 0;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct channel *channel = poll->data;
	const bool was_full = channel->was_full;

	channel->busy = true;
	if (status < 0)
		end(channel, status, uv_strerror(status));
	if (channel->fd >= 0 && (events & UV_WRITABLE) != 0)
		flush_queue(channel);
	if (channel->fd >= 0 && (events & (UV_READABLE | UV_DISCONNECT)) != 0)
		for (int i = 0; i < READ_BURST && read_one(channel); i++)
			;
	if (was_full && channel->fd >= 0 && channel->queued_bytes < WIRE_MAX_QUEUE_BYTES / 2) {
		channel->was_full = false;
		if (channel->events->drained != NULL)
			channel->events->drained(channel->context, channel);
	}
	if (channel->ending && !channel->freed) {
		channel->events->closed(channel->context, channel, &channel->why);
		/* Once only, whatever the owner does next. */
		channel->ending = false;
	} else if (channel->fd >= 0) {
		watch(channel);
	}
	channel->busy = false;
	if (channel->freed)
		uv_close((uv_handle_t *)poll, on_handle_closed);
}

static void watch(struct channel *channel)
{
	int events = UV_READABLE | UV_DISCONNECT | (channel->first != NULL ? UV_WRITABLE : 0);

	/* To libuv even the same again is two system calls. */
	if (events != channel->watched)
		(void)uv_poll_start(&channel->poll, events, on_ready);
	channel->watched = events;
}

int channel_new(uv_loop_t *loop, int fd, const struct channel_events *events, void *context,
		struct channel **ret, struct err *err)
{
	struct channel *channel = calloc(1, sizeof *channel);
	int code;

	if (channel == NULL || (channel->input = malloc(WIRE_MAX_MESSAGE_BYTES + 1)) == NULL) {
		free(channel);
		(void)close(fd);
		return err_set(err, -ENOMEM, "no memory for a channel");
	}
	channel->fd = fd;
	channel->events = events;
	channel->context = context;
	channel->last = &channel->first;
	if ((code = fd_set_nonblock(fd, 1)) < 0 ||
	    (code = uv_poll_init(loop, &channel->poll, fd)) < 0) {
		free(channel->input);
		free(channel);
		(void)close(fd);
		return err_set(err, code, "cannot watch a channel: %s", uv_strerror(code));
	}
	channel->poll.data = channel;
	watch(channel);
	*ret = channel;
	return 0;
}

void channel_free(struct channel *channel)
{
	if (channel == NULL || channel->freed)
		return;
	channel->freed = true;
	close_socket(channel);
	if (!channel->busy)
		uv_close((uv_handle_t *)&channel->poll, on_handle_closed);
}

static int enqueue(struct channel *channel, const struct iovec *parts, const int *fds,
		   unsigned fd_count)
{
	const size_t bytes = parts[0].iov_len + parts[1].iov_len;
	struct queued *item;

	if (channel->queued_bytes + bytes > WIRE_MAX_QUEUE_BYTES) {
		channel->was_full = true;
		return -ENOBUFS;
	}
	item = malloc(sizeof *item + bytes);
	if (item == NULL)
		return -ENOMEM;
	*item = (struct queued){.bytes = bytes, .fd_count = fd_count};
	if (fd_count > 0)
		memcpy(item->fds, fds, fd_count * sizeof *fds);
	memcpy(item->frame, parts[0].iov_base, parts[0].iov_len);
	if (parts[1].iov_len > 0)
		memcpy(item->frame + parts[0].iov_len, parts[1].iov_base, parts[1].iov_len);
	*channel->last = item;
	channel->last = &item->next;
	channel->queued_bytes += bytes;
	watch(channel);
	return 0;
}

int channel_send(struct channel *channel, uint16_t type, uint8_t flags, uint64_t id,
		 const void *body, size_t bytes, const int *fds, unsigned fd_count)
{
	uint8_t header[WIRE_HEADER_BYTES];
	struct iovec parts[2] = {{header, sizeof header}, {(void *)(uintptr_t)body, bytes}};
	int code = -EAGAIN;

	if (channel->fd < 0)
		code = -EPIPE;
	else if (bytes > WIRE_MAX_BODY_BYTES || fd_count > WIRE_MAX_FDS)
		code = -EMSGSIZE;
	if (code != -EAGAIN) {
		close_fds(fds, fd_count);
		return code;
	}
	write_header(header, type, flags, id, bytes);
	if (channel->first == NULL)
		code = send_frame(channel->fd, parts, 2, fds, fd_count);
	if (code == -EAGAIN || code == -ENOBUFS) {
		code = enqueue(channel, parts, fds, fd_count);
		if (code == 0)
			return 0; /* the queue has the descriptors now */
	}
	close_fds(fds, fd_count);
	/* A peer that has just gone is reported through closed(), when the loop sees it. */
	return code;
}

size_t channel_queued_bytes(const struct channel *channel)
{
	return channel->queued_bytes;
}

int channel_peer(const struct channel *channel, uid_t *ret_uid, gid_t *ret_gid, pid_t *ret_pid)
{
	struct ucred peer;
	socklen_t size = sizeof peer;

	if (getsockopt(channel->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;
	*ret_uid = peer.uid;
	*ret_gid = peer.gid;
	*ret_pid = peer.pid;
	return 0;
}

int channel_send_fd(int fd, uint16_t type, uint64_t id, const void *body, size_t bytes,
		    const int *fds, unsigned fd_count, struct err *err)
{
	uint8_t header[WIRE_HEADER_BYTES];
	const struct iovec parts[2] = {{header, sizeof header}, {(void *)(uintptr_t)body, bytes}};
	int code = -EMSGSIZE;

	if (bytes <= WIRE_MAX_BODY_BYTES && fd_count <= WIRE_MAX_FDS) {
		write_header(header, type, 0, id, bytes);
		code = send_frame(fd, parts, 2, fds, fd_count);
	}
	close_fds(fds, fd_count);
	return code < 0 ? err_set(err, code, "cannot send: %s", strerror(-code)) : 0;
}

int channel_receive_fd(int fd, uint16_t *ret_type, uint8_t *ret_flags, uint64_t *ret_id,
		       struct buf *ret_body, struct err *err)
{
	AUTO_CLOSE int unwanted = -1;

	return channel_receive_one(fd, ret_type, ret_flags, ret_id, ret_body, &unwanted, err);
}

int channel_receive_one(int fd, uint16_t *ret_type, uint8_t *ret_flags, uint64_t *ret_id,
			struct buf *ret_body, int *ret_fd, struct err *err)
{
	AUTO_FREE uint8_t *data = malloc(WIRE_MAX_MESSAGE_BYTES + 1);
	struct message message;
	int fds[WIRE_MAX_FDS];
	unsigned fd_count = 0;
	ssize_t got;

	if (data == NULL)
		return err_set(err, -ENOMEM, "no memory");
	got = receive_frame(fd, data, WIRE_MAX_MESSAGE_BYTES + 1, fds, &fd_count);
	if (got == 0)
		return err_set(err, -ECONNRESET, "the peer closed the connection");
	if (got < 0)
		return err_set(err, (int)got, "cannot receive");
	AUTO_CLOSE int first = fd_count > 0 ? fds[0] : -1;
	if (fd_count > 1)
		close_fds(fds + 1, fd_count - 1);
	if (frame_decode(data, (size_t)got, &message) < 0)
		return err_set(err, ERR_PROTOCOL, "a malformed message");
	if (buf_append(ret_body, message.body, message.body_bytes) < 0)
		return err_set(err, ret_body->error, "the message is too large");
	*ret_type = message.type;
	*ret_flags = message.flags;
	*ret_id = message.id;
	*ret_fd = steal_fd(&first);
	return 0;
}

int channel_pair(int ret_fds[2])
{
	int size = SOCKET_BUFFER_BYTES;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds) < 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		if (setsockopt(ret_fds[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
			(void)setsockopt(ret_fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	return 0;
}

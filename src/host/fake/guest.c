/*
 * Theory of operation. One thread polls the serial ports and screens of all fake guests. Others
 * add and remove under the lock and wake it. A guest's output that its port does not take is not
 * kept: it is made anew when there is room.
 */
#include "host/fake/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "host/console/screen.h"

#define WIDTH         64
#define HEIGHT        48
#define PIXEL_BYTES   4
#define PIECE_BYTES   ((size_t)4096)
#define PIECES        16 /* of output, between two looks at the others */
#define CLIENT_BYTES  ((size_t)64 * 1024)
#define MAX_CUT_BYTES ((uint32_t)32 * 1024)

enum end_kind { END_SERIAL, END_SCREEN };

/* What a screen's client says next (RFC 6143 section 7). */
enum rfb_state { RFB_VERSION, RFB_SECURITY, RFB_INIT, RFB_MESSAGES };

/* Our end of a serial port or of a screen. */
struct end {
	struct end *next;
	enum end_kind kind;
	int fd;
	uint8_t uuid[UUID_BYTES];
	bool is_over;
	struct buf in;
	struct buf out;
	enum guest_habit habit;
	uint64_t line; /* the next one of a source */
	enum rfb_state state;
};

struct guests {
	const char *folder;
	pthread_t thread;
	pthread_mutex_t lock;
	struct end *ends; /* under lock */
	size_t count;
	uint64_t changes; /* of the list */
	int wake;
	atomic_bool stopping;
};

enum guest_habit guest_habit_of(const char *name)
{
	static const struct {
		const char *name;
		enum guest_habit habit;
	} habits[] = {{"source", GUEST_SOURCE},
		      {"sink", GUEST_SINK},
		      {"deaf", GUEST_DEAF},
		      {"identity", GUEST_IDENTITY}};

	for (size_t i = 0; i < ARRAY_SIZE(habits); i++)
		if (strcmp(habits[i].name, name) == 0)
			return habits[i].habit;
	return GUEST_ECHO;
}

/* --- a serial port --- */

static bool speaks_by_itself(const struct end *end)
{
	return end->kind == END_SERIAL &&
	       (end->habit == GUEST_SOURCE || end->habit == GUEST_IDENTITY);
}

static void say_more(struct end *end)
{
	char uuid[UUID_TEXT_BYTES];

	format_uuid(end->uuid, uuid);
	while (end->out.error == 0 && end->out.len < PIECE_BYTES)
		if (end->habit == GUEST_SOURCE)
			(void)buf_printf(&end->out, "%llu\r\n", (unsigned long long)end->line++);
		else
			(void)buf_printf(&end->out, "I am %s\r\n", uuid);
}

static void take_typed(struct end *end)
{
	for (size_t i = 0; end->habit == GUEST_ECHO && i < end->in.len; i++) {
		(void)buf_append(&end->out, &end->in.data[i], 1);
		if (end->in.data[i] == '\r')
			(void)buf_putc(&end->out, '\n');
	}
	buf_clear(&end->in);
}

/* --- a screen --- */

/* RFB is big-endian. */
static void put(struct buf *out, uint32_t value, unsigned bytes)
{
	while (bytes-- > 0)
		(void)buf_putc(out, (char)(value >> 8 * bytes));
}

static uint32_t get(const uint8_t *at, unsigned bytes)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

static void say_init(struct end *end)
{
	static const uint8_t format[16] = {32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0};

	put(&end->out, WIDTH, 2);
	put(&end->out, HEIGHT, 2);
	(void)buf_append(&end->out, format, sizeof format);
	put(&end->out, 4, 4);
	(void)buf_puts(&end->out, "fake");
}

/* A colour of the server's own, and columns that differ. */
static void pixel(const uint8_t uuid[UUID_BYTES], unsigned x, uint8_t rgb[3])
{
	rgb[0] = uuid[0];
	rgb[1] = uuid[1];
	rgb[2] = (uint8_t)(x * 4);
}

/* The whole of it, raw. */
static void say_picture(struct end *end)
{
	uint8_t rgb[3];

	put(&end->out, 0, 2);
	put(&end->out, 1, 2);
	put(&end->out, 0, 4);
	put(&end->out, WIDTH, 2);
	put(&end->out, HEIGHT, 2);
	put(&end->out, 0, 4);
	for (unsigned y = 0; y < HEIGHT; y++)
		for (unsigned x = 0; x < WIDTH; x++) {
			pixel(end->uuid, x, rgb);
			const uint8_t bytes[PIXEL_BYTES] = {rgb[2], rgb[1], rgb[0], 0};
			(void)buf_append(&end->out, bytes, sizeof bytes);
		}
}

/* A line per key: "down KEYSYM" or "up KEYSYM". */
static void note_key(const struct guests *guests, const struct end *end)
{
	char uuid[UUID_TEXT_BYTES], path[512];

	format_uuid(end->uuid, uuid);
	(void)snprintf(path, sizeof path, "%s/keys-%s", guests->folder, uuid);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd >= 0)
		(void)dprintf(fd, "%s %u\n", end->in.data[1] != 0 ? "down" : "up",
			      get(end->in.data + 4, 4));
}

/* One message of the client. Its bytes, 0 when it is not whole yet, or -1 when it is none. */
static int take_rfb_message(const struct guests *guests, struct end *end)
{
	const uint8_t *in = end->in.data;
	const size_t have = end->in.len;
	size_t need;

	switch (in[0]) {
	case 0: /* SetPixelFormat: the picture stays as it is */
		need = 20;
		break;
	case 2: /* SetEncodings: all clients understand Raw */
		need = have >= 4 ? 4 + 4 * (size_t)get(in + 2, 2) : 4;
		break;
	case 3: /* FramebufferUpdateRequest: answered when something would have changed */
		need = 10;
		if (have >= need && in[1] == 0)
			say_picture(end);
		break;
	case 4: /* KeyEvent */
		need = 8;
		if (have >= need)
			note_key(guests, end);
		break;
	case 5: /* PointerEvent */
		need = 6;
		break;
	case 6: /* ClientCutText */
		need = have >= 8 ? 8 + (size_t)get(in + 4, 4) : 8;
		if (need > MAX_CUT_BYTES)
			return -1;
		break;
	default:
		return -1;
	}
	return have >= need ? (int)need : 0;
}

static int take_rfb(const struct guests *guests, struct end *end)
{
	switch (end->state) {
	case RFB_VERSION:
		if (end->in.len < 12)
			return 0;
		end->state = RFB_SECURITY;
		(void)buf_append(&end->out, "\x01\x01", 2);
		return 12;
	case RFB_SECURITY:
		end->state = RFB_INIT;
		put(&end->out, 0, 4);
		return end->in.data[0] == 1 ? 1 : -1;
	case RFB_INIT:
		end->state = RFB_MESSAGES;
		say_init(end);
		return 1;
	case RFB_MESSAGES:
	default:
		return take_rfb_message(guests, end);
	}
}

static void take_screen(const struct guests *guests, struct end *end)
{
	int taken = 1;

	while (taken > 0 && end->in.len > 0 && end->out.len < CLIENT_BYTES) {
		taken = take_rfb(guests, end);
		if (taken < 0)
			end->is_over = true;
		else
			buf_consume(&end->in, (size_t)taken);
	}
}

/* --- the thread --- */

static void receive(const struct guests *guests, struct end *end)
{
	uint8_t data[PIECE_BYTES];
	ssize_t got = recv(end->fd, data, sizeof data, MSG_DONTWAIT);

	if (got > 0 && buf_append(&end->in, data, (size_t)got) == 0) {
		if (end->kind == END_SERIAL)
			take_typed(end);
		else
			take_screen(guests, end);
	} else if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
		end->is_over = true;
	}
}

static void transmit(struct end *end)
{
	for (int i = 0; i < PIECES; i++) {
		if (speaks_by_itself(end))
			say_more(end);
		if (end->out.len == 0)
			return;
		ssize_t sent =
			send(end->fd, end->out.data, end->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		buf_consume(&end->out, (size_t)sent);
	}
}

static short wanted(const struct end *end)
{
	short events = 0;

	if (!(end->kind == END_SERIAL && end->habit == GUEST_DEAF) && end->in.len < CLIENT_BYTES &&
	    end->out.len < CLIENT_BYTES)
		events |= POLLIN;
	if (end->out.len > 0 || speaks_by_itself(end))
		events |= POLLOUT;
	return events;
}

static void free_end(struct end *end)
{
	(void)close(end->fd);
	buf_done(&end->in);
	buf_done(&end->out);
	free(end);
}

/* Those that hung up go. */
static void sweep(struct guests *guests)
{
	for (struct end **at = &guests->ends, *end; (end = *at) != NULL;)
		if (end->is_over) {
			*at = end->next;
			guests->count--;
			guests->changes++;
			free_end(end);
		} else {
			at = &end->next;
		}
}

/* One round: what is ready is served. @polls has room for every end and one more. */
static void serve(struct guests *guests, const struct pollfd *polls)
{
	size_t i = 1;

	for (struct end *end = guests->ends; end != NULL; end = end->next, i++) {
		if ((polls[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
		    (polls[i].events & POLLIN) != 0)
			receive(guests, end);
		else if ((polls[i].revents & (POLLHUP | POLLERR)) != 0)
			end->is_over = true;
		if ((polls[i].revents & POLLOUT) != 0)
			transmit(end);
	}
	sweep(guests);
}

static void *run(void *context)
{
	struct guests *guests = context;
	struct pollfd *polls = NULL;
	uint64_t count, changes;

	while (!atomic_load(&guests->stopping)) {
		nfds_t filled = 1;
		(void)pthread_mutex_lock(&guests->lock);
		struct pollfd *more = realloc(polls, (guests->count + 1) * sizeof *more);
		if (more == NULL) {
			(void)pthread_mutex_unlock(&guests->lock);
			break;
		}
		polls = more;
		polls[0] = (struct pollfd){.fd = guests->wake, .events = POLLIN};
		for (const struct end *end = guests->ends; end != NULL; end = end->next)
			polls[filled++] = (struct pollfd){.fd = end->fd, .events = wanted(end)};
		changes = guests->changes;
		(void)pthread_mutex_unlock(&guests->lock);
		if (poll(polls, filled, -1) < 0)
			continue;
		if (polls[0].revents != 0)
			(void)!read(guests->wake, &count, sizeof count);
		(void)pthread_mutex_lock(&guests->lock);
		if (changes == guests->changes) /* else it is not the list that was polled */
			serve(guests, polls);
		(void)pthread_mutex_unlock(&guests->lock);
	}
	free(polls);
	return NULL;
}

static void wake(const struct guests *guests)
{
	const uint64_t one = 1;

	(void)!write(guests->wake, &one, sizeof one);
}

int guests_new(const char *folder, struct guests **ret, struct err *err)
{
	struct guests *guests = calloc(1, sizeof *guests);

	if (guests == NULL)
		return err_set(err, -ENOMEM, "no memory");
	guests->folder = folder;
	(void)pthread_mutex_init(&guests->lock, NULL);
	guests->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (guests->wake < 0 || pthread_create(&guests->thread, NULL, run, guests) != 0) {
		if (guests->wake >= 0)
			(void)close(guests->wake);
		free(guests);
		return err_set(err, -EAGAIN, "cannot start a thread for fake guests");
	}
	*ret = guests;
	return 0;
}

void guests_free(struct guests *guests)
{
	if (guests == NULL)
		return;
	atomic_store(&guests->stopping, true);
	wake(guests);
	(void)pthread_join(guests->thread, NULL);
	while (guests->ends != NULL) {
		struct end *end = guests->ends;
		guests->ends = end->next;
		free_end(end);
	}
	(void)close(guests->wake);
	(void)pthread_mutex_destroy(&guests->lock);
	free(guests);
}

/* Takes over @made. */
static int add(struct guests *guests, struct end *made, int *ret_fd, struct err *err)
{
	struct end **last = &guests->ends;
	int ends[2];

	if (made->out.error != 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		const int code = made->out.error != 0 ? made->out.error : -errno;
		buf_done(&made->out);
		free(made);
		return err_set(err, code, "cannot make a socket: %s", strerror(-code));
	}
	made->fd = ends[0];
	(void)pthread_mutex_lock(&guests->lock);
	while (*last != NULL)
		last = &(*last)->next;
	*last = made;
	guests->count++;
	guests->changes++;
	(void)pthread_mutex_unlock(&guests->lock);
	wake(guests);
	*ret_fd = ends[1];
	return 0;
}

int guests_start(struct guests *guests, const uint8_t uuid[UUID_BYTES], const char *name,
		 enum guest_habit habit, int *ret_fd, struct err *err)
{
	struct end *end = calloc(1, sizeof *end);

	if (end == NULL)
		return err_set(err, -ENOMEM, "no memory");
	guests_stop(guests, uuid);
	end->kind = END_SERIAL;
	end->habit = habit;
	memcpy(end->uuid, uuid, UUID_BYTES);
	if (habit == GUEST_ECHO)
		(void)buf_printf(&end->out, "%s login: ", name);
	return add(guests, end, ret_fd, err);
}

void guests_stop(struct guests *guests, const uint8_t uuid[UUID_BYTES])
{
	(void)pthread_mutex_lock(&guests->lock);
	for (struct end *end = guests->ends; end != NULL; end = end->next)
		if (memcmp(end->uuid, uuid, UUID_BYTES) == 0)
			end->is_over = true;
	sweep(guests);
	(void)pthread_mutex_unlock(&guests->lock);
	wake(guests);
}

int guests_screen(struct guests *guests, const uint8_t uuid[UUID_BYTES], int *ret_fd,
		  struct err *err)
{
	struct end *end = calloc(1, sizeof *end);

	if (end == NULL)
		return err_set(err, -ENOMEM, "no memory");
	end->kind = END_SCREEN;
	memcpy(end->uuid, uuid, UUID_BYTES);
	(void)buf_puts(&end->out, "RFB 003.008\n");
	return add(guests, end, ret_fd, err);
}

/* The picture as a PPM, in whatever pieces it is asked for. */
struct picture {
	struct buf ppm;
	size_t at;
};

static int read_picture(void *context, void *data, size_t bytes)
{
	struct picture *picture = context;
	const size_t left = picture->ppm.len - picture->at;
	const size_t piece = left < bytes ? left : bytes;

	memcpy(data, picture->ppm.data + picture->at, piece);
	picture->at += piece;
	return (int)piece;
}

int guests_picture(const uint8_t uuid[UUID_BYTES], struct buf *png, struct err *err)
{
	struct picture picture = {0};
	uint8_t rgb[3];
	int code;

	(void)buf_printf(&picture.ppm, "P6\n%d %d\n255\n", WIDTH, HEIGHT);
	for (unsigned i = 0; i < WIDTH * HEIGHT; i++) {
		pixel(uuid, i % WIDTH, rgb);
		(void)buf_append(&picture.ppm, rgb, sizeof rgb);
	}
	code = picture.ppm.error != 0 ? err_set(err, picture.ppm.error, "no memory")
				      : screen_encode(read_picture, &picture, png, err);
	buf_done(&picture.ppm);
	return code;
}

#include "host/console/consoles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"

#define BUCKETS   1024
#define RING_NAME ".ring"

/* A server that has, or had, a serial port. */
struct port {
	struct port *next;
	uint8_t uuid[UUID_BYTES];
	struct serial *serial;
};

enum console_state { CONSOLE_BEGUN, CONSOLE_IS_OPEN };

struct console {
	uv_poll_t poll; /* VNC: tells when QEMU hangs up */
	struct console *next;
	struct consoles *consoles;
	uint64_t id;
	uint8_t uuid[UUID_BYTES];
	uint8_t kind;
	enum console_state state;
	int fd; /* VNC: a duplicate of what web has, to shut down; else -1 */
};

enum word_kind { WORD_LINE, WORD_MARK, WORD_FORGET };

/* What a driver said, on its way to the loop. */
struct word {
	struct word *next;
	enum word_kind kind;
	uint8_t uuid[UUID_BYTES];
	enum serial_mark mark;
	struct serial_line line;
};

struct consoles {
	uv_loop_t *loop;
	const struct consoles_events *events;
	void *context;
	struct serial_events serial_events;
	int folder_fd;
	struct port *ports[BUCKETS];
	struct console *consoles[BUCKETS];
	size_t console_count;
	uv_async_t wake;
	pthread_mutex_t lock;
	struct word *words; /* under lock; in the order they came */
	struct word **last_word;
};

/* --- ports --- */

static struct port **find_port(const struct consoles *consoles, const uint8_t uuid[UUID_BYTES])
{
	const size_t bucket = ((size_t)uuid[0] << 8 | uuid[1]) % BUCKETS;
	struct port *const *at = &consoles->ports[bucket];

	while (*at != NULL && memcmp((*at)->uuid, uuid, UUID_BYTES) != 0)
		at = &(*at)->next;
	return (struct port **)(uintptr_t)at;
}

/* The one that is there, or a new one. */
static struct port *get_port(struct consoles *consoles, const uint8_t uuid[UUID_BYTES],
			     struct err *err)
{
	struct port **at = find_port(consoles, uuid);
	struct port *port = *at;

	if (port != NULL)
		return port;
	port = calloc(1, sizeof *port);
	if (port == NULL) {
		(void)err_set(err, -ENOMEM, "no memory for a serial port");
		return NULL;
	}
	memcpy(port->uuid, uuid, UUID_BYTES);
	if (serial_new(consoles->loop, consoles->folder_fd, uuid, RING_DEFAULT_BYTES,
		       &consoles->serial_events, &port->serial, err) < 0) {
		free(port);
		return NULL;
	}
	*at = port;
	return port;
}

static void free_port(struct port *port)
{
	serial_free(port->serial);
	free(port);
}

/* --- the end of a console --- */

static struct console **find_console(const struct consoles *consoles, uint64_t id)
{
	struct console *const *at = &consoles->consoles[id % BUCKETS];

	while (*at != NULL && (*at)->id != id)
		at = &(*at)->next;
	return (struct console **)(uintptr_t)at;
}

static void free_console(uv_handle_t *handle)
{
	free(handle->data);
}

/* Out of the table at once. Closing our duplicate would not do: web has the other one. */
static void drop_console(struct console *console)
{
	struct console **at = find_console(console->consoles, console->id);

	*at = console->next;
	console->consoles->console_count--;
	if (console->fd < 0) {
		free(console);
		return;
	}
	(void)shutdown(console->fd, SHUT_RDWR);
	uv_close((uv_handle_t *)&console->poll, free_console);
	(void)close(console->fd);
	console->fd = -1;
}

static void end_console(struct console *console, enum host_console_end end)
{
	struct consoles *consoles = console->consoles;
	const uint64_t id = console->id;

	drop_console(console);
	consoles->events->ended(consoles->context, id, end);
}

/* @end: 0 when web has let go of it, and core knows. */
static void on_viewer_ended(void *context, uint64_t console_id, int end)
{
	struct consoles *consoles = context;
	struct console *console = *find_console(consoles, console_id);

	if (console == NULL)
		return;
	if (end == 0)
		drop_console(console);
	else
		end_console(console, (enum host_console_end)end);
}

/* QEMU hung up, because the guest is off or because it had enough. */
static void on_vnc(uv_poll_t *poll, int status, int events)
{
	end_console(poll->data, HOST_CONSOLE_OFF);
}

/* --- a driver's words --- */

static void forget(struct consoles *consoles, const uint8_t uuid[UUID_BYTES])
{
	struct port **at = find_port(consoles, uuid), *port = *at;

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct console *console = consoles->consoles[i], *next; console != NULL;
		     console = next) {
			next = console->next;
			if (memcmp(console->uuid, uuid, UUID_BYTES) != 0)
				continue;
			if (console->state == CONSOLE_BEGUN)
				drop_console(console);
			else if (console->kind == CONSOLE_VNC)
				end_console(console, HOST_CONSOLE_GONE);
		}
	if (port != NULL) {
		serial_end_viewers(port->serial, HOST_CONSOLE_GONE);
		*at = port->next;
		free_port(port);
	}
	ring_remove(consoles->folder_fd, uuid);
}

static void take_word(struct consoles *consoles, struct word *word)
{
	struct err err = {0};
	struct port *port = *find_port(consoles, word->uuid);

	switch (word->kind) {
	case WORD_FORGET:
		forget(consoles, word->uuid);
		return;
	case WORD_MARK:
		if (port != NULL)
			serial_mark(port->serial, word->mark);
		return;
	case WORD_LINE:
	default:
		port = get_port(consoles, word->uuid, &err);
		if (port != NULL) {
			serial_attach(port->serial, &word->line);
			return;
		}
		log_error("a serial port is not listened to: %s", err.text);
		if (word->line.fd >= 0)
			(void)close(word->line.fd);
	}
}

static void take_words(struct consoles *consoles)
{
	struct word *word, *next;

	(void)pthread_mutex_lock(&consoles->lock);
	word = consoles->words;
	consoles->words = NULL;
	consoles->last_word = &consoles->words;
	(void)pthread_mutex_unlock(&consoles->lock);
	for (; word != NULL; word = next) {
		next = word->next;
		take_word(consoles, word);
		free(word);
	}
}

static void on_wake(uv_async_t *async)
{
	take_words(async->data);
}

static void post(struct consoles *consoles, enum word_kind kind, const uint8_t uuid[UUID_BYTES],
		 enum serial_mark mark, const struct serial_line *line)
{
	struct word *word = calloc(1, sizeof *word);

	if (word == NULL) {
		if (line != NULL && line->fd >= 0)
			(void)close(line->fd);
		return;
	}
	word->kind = kind;
	memcpy(word->uuid, uuid, UUID_BYTES);
	word->mark = mark;
	if (line != NULL)
		word->line = *line;
	(void)pthread_mutex_lock(&consoles->lock);
	*consoles->last_word = word;
	consoles->last_word = &word->next;
	(void)pthread_mutex_unlock(&consoles->lock);
	(void)uv_async_send(&consoles->wake);
}

void consoles_line(struct consoles *consoles, const uint8_t uuid[UUID_BYTES],
		   const struct serial_line *line)
{
	post(consoles, WORD_LINE, uuid, SERIAL_MARK_START, line);
}

void consoles_mark(struct consoles *consoles, const uint8_t uuid[UUID_BYTES], enum serial_mark mark)
{
	post(consoles, WORD_MARK, uuid, mark, NULL);
}

void consoles_forget(struct consoles *consoles, const uint8_t uuid[UUID_BYTES])
{
	post(consoles, WORD_FORGET, uuid, SERIAL_MARK_STOP, NULL);
}

/* --- on the loop's thread --- */

/* What guests said before this process came is there before any driver has spoken. */
static int load_rings(struct consoles *consoles, struct err *err)
{
	const int fd = openat(consoles->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (folder == NULL)
		return err_set(err, -errno, "cannot list the serial ports' rings: %s",
			       strerror(errno));
	while ((entry = readdir(folder)) != NULL) {
		char text[UUID_TEXT_BYTES] = "";
		uint8_t uuid[UUID_BYTES];
		struct err why = {0};
		if (strlen(entry->d_name) != UUID_TEXT_BYTES - 1 + strlen(RING_NAME) ||
		    strcmp(entry->d_name + UUID_TEXT_BYTES - 1, RING_NAME) != 0)
			continue;
		memcpy(text, entry->d_name, UUID_TEXT_BYTES - 1);
		if (parse_uuid(text, uuid) == 0 && get_port(consoles, uuid, &why) == NULL)
			log_error("the ring of %s is not there: %s", text, why.text);
	}
	(void)closedir(folder);
	return 0;
}

int consoles_new(uv_loop_t *loop, const char *folder, const struct consoles_events *events,
		 void *context, struct consoles **ret, struct err *err)
{
	struct consoles *consoles = calloc(1, sizeof *consoles);
	int code;

	if (consoles == NULL)
		return err_set(err, -ENOMEM, "no memory for consoles");
	consoles->loop = loop;
	consoles->events = events;
	consoles->context = context;
	consoles->serial_events =
		(struct serial_events){.ended = on_viewer_ended, .context = consoles};
	consoles->last_word = &consoles->words;
	/* The folders above are QEMU's way to its disks; this one is ours alone. */
	code = fd_make_dirs(folder, 0711);
	if (code == 0) {
		consoles->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		code = consoles->folder_fd < 0 || fchmod(consoles->folder_fd, 0700) < 0 ? -errno
											: 0;
	}
	if (code < 0) {
		free(consoles);
		return err_set(err, code, "cannot use %s: %s", folder, strerror(-code));
	}
	(void)pthread_mutex_init(&consoles->lock, NULL);
	(void)uv_async_init(loop, &consoles->wake, on_wake);
	consoles->wake.data = consoles;
	if ((code = load_rings(consoles, err)) < 0) {
		consoles_free(consoles);
		return code;
	}
	*ret = consoles;
	return 0;
}

static void on_freed(uv_handle_t *handle)
{
	struct consoles *consoles = handle->data;

	(void)pthread_mutex_destroy(&consoles->lock);
	free(consoles);
}

void consoles_free(struct consoles *consoles)
{
	if (consoles == NULL)
		return;
	consoles_close_all(consoles);
	take_words(consoles);
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct port *port = consoles->ports[i], *next; port != NULL; port = next) {
			next = port->next;
			free_port(port);
		}
	(void)close(consoles->folder_fd);
	uv_close((uv_handle_t *)&consoles->wake, on_freed);
}

bool consoles_knows(const struct consoles *consoles, const uint8_t uuid[UUID_BYTES])
{
	return *find_port(consoles, uuid) != NULL;
}

const struct ring *consoles_ring(const struct consoles *consoles, const uint8_t uuid[UUID_BYTES])
{
	const struct port *port = *find_port(consoles, uuid);

	return port != NULL ? serial_ring(port->serial) : NULL;
}

static unsigned count_vnc(const struct consoles *consoles, const uint8_t uuid[UUID_BYTES])
{
	unsigned count = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct console *console = consoles->consoles[i]; console != NULL;
		     console = console->next)
			if (console->kind == CONSOLE_VNC &&
			    memcmp(console->uuid, uuid, UUID_BYTES) == 0)
				count++;
	return count;
}

int consoles_begin(struct consoles *consoles, const struct host_console_open *open, struct err *err)
{
	struct console **at = find_console(consoles, open->console_id), *console;

	if (*at != NULL)
		return err_set(err, ERR_UNIQUENESS, "a console with this id is open already");
	if (consoles->console_count >= CONSOLES_MAX)
		return err_set(err, ERR_LIMIT, "%d consoles are open on this host already",
			       CONSOLES_MAX);
	if (open->kind == CONSOLE_VNC && count_vnc(consoles, open->uuid) >= CONSOLES_VNC_PER_SERVER)
		return err_set(err, ERR_LIMIT, "%d people look at this screen already",
			       CONSOLES_VNC_PER_SERVER);
	console = calloc(1, sizeof *console);
	if (console == NULL)
		return err_set(err, -ENOMEM, "no memory for a console");
	console->consoles = consoles;
	console->id = open->console_id;
	memcpy(console->uuid, open->uuid, UUID_BYTES);
	console->kind = open->kind;
	console->fd = -1;
	*at = console;
	consoles->console_count++;
	return 0;
}

/* The duplicate's file is the same: shut down here, it is shut down for web. */
static int finish_vnc(struct console *console, int vnc_fd, int *ret_fd, struct err *err)
{
	const int duplicate = fcntl(vnc_fd, F_DUPFD_CLOEXEC, 0);
	int code = duplicate < 0 ? -errno : 0;

	if (code == 0)
		code = uv_poll_init(console->consoles->loop, &console->poll, duplicate);
	if (code < 0) {
		if (duplicate >= 0)
			(void)close(duplicate);
		return err_set(err, code, "cannot watch a screen: %s", uv_strerror(code));
	}
	console->poll.data = console;
	console->fd = duplicate;
	(void)uv_poll_start(&console->poll, UV_DISCONNECT, on_vnc);
	*ret_fd = vnc_fd;
	return 0;
}

int consoles_finish(struct consoles *consoles, const struct host_console_open *open, int vnc_fd,
		    int *ret_fd, struct err *err)
{
	AUTO_CLOSE int owned = vnc_fd;
	struct console *console = *find_console(consoles, open->console_id);
	int code;

	if (console == NULL || console->state != CONSOLE_BEGUN)
		return err_set(err, ERR_GONE, "the console was closed before it was open");
	console->state = CONSOLE_IS_OPEN;
	if (open->kind == CONSOLE_VNC) {
		code = finish_vnc(console, owned, ret_fd, err);
		if (code == 0)
			(void)steal_fd(&owned);
	} else {
		const struct port *port = get_port(consoles, open->uuid, err);
		code = port != NULL ? serial_open(port->serial, open, ret_fd, err) : -ENOMEM;
	}
	if (code < 0)
		drop_console(console);
	return code;
}

void consoles_close(struct consoles *consoles, uint64_t console_id)
{
	struct console *console = *find_console(consoles, console_id);

	if (console != NULL) {
		const struct port *port = *find_port(consoles, console->uuid);
		if (console->kind == CONSOLE_SERIAL && port != NULL)
			serial_close(port->serial, console_id);
		drop_console(console);
		return;
	}
	/* It went by itself, but what it typed last may still wait. */
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct port *port = consoles->ports[i]; port != NULL; port = port->next)
			serial_close(port->serial, console_id);
}

void consoles_close_all(struct consoles *consoles)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (consoles->consoles[i] != NULL)
			drop_console(consoles->consoles[i]);
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct port *port = consoles->ports[i]; port != NULL; port = port->next)
			serial_close_all(port->serial);
}

// ippo console …: a server's serial console in this terminal.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/parse.h"
#include "cli/api.h"
#include "cli/console_link.h"
#include "cli/print.h"
#include "cli/request.h"
#include "wire/console_message.h"

#define BACKLOG_BYTES    4096 /* shown at the beginning: a screenful or two */
#define COME_BACK_MS     60000
#define MESSAGES_AT_ONCE 8
#define COME_BACK_PAUSE  300 /* milliseconds between two tries */
#define LABEL_BYTES      CONSOLE_LABEL_BYTES

enum escape { ESCAPE_LINE_START, ESCAPE_TILDE, ESCAPE_WITHIN };

struct session {
	struct invocation *invocation;
	struct console_link *link;
	int64_t server_id;
	bool view;   /* nothing typed is sent */
	bool follow; /* nothing is read from the keyboard */
	bool dump;   /* end where what is kept ends */
	bool raw;    /* the terminal is */
	bool writer; /* it is us who types */
	bool taking; /* asked to be */
	bool done;
	bool has_next;
	uint64_t next; /* offset of the byte to be shown next */
	enum escape escape;
	int code; /* exit code */
};

static struct termios before; /* of the terminal */
static volatile sig_atomic_t resized, interrupted;
static int waker[2] = {-1, -1}; /* a pipe: a signal just before poll() must not be slept over */

/* --- the terminal --- */

static void on_signal(int number)
{
	const int saved = errno;

	if (number == SIGWINCH)
		resized = 1;
	else
		interrupted = 1;
	(void)!write(waker[1], "", 1);
	errno = saved;
}

static int watch_signals(struct err *err)
{
	static const int numbers[] = {SIGWINCH, SIGINT, SIGTERM, SIGHUP};
	const struct sigaction action = {.sa_handler = on_signal};

	if (pipe2(waker, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
	(void)signal(SIGPIPE, SIG_IGN); /* a lost connection must not leave a raw terminal */
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		(void)sigaction(numbers[i], &action, NULL);
	return 0;
}

static void take_signals(void)
{
	char bytes[64];

	while (read(waker[0], bytes, sizeof bytes) > 0)
		;
}

static void restore(struct session *session)
{
	if (session->raw)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	session->raw = false;
}

static void make_raw(struct session *session)
{
	struct termios raw;

	if (session->follow || session->dump || !isatty(STDIN_FILENO) ||
	    tcgetattr(STDIN_FILENO, &before) < 0)
		return;
	raw = before;
	cfmakeraw(&raw);
	session->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

static void note(const struct session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A word of ours, which is not the guest's. */
static void note(const struct session *session, const char *format, ...)
{
	const char *end = session->raw ? "\r\n" : "\n";
	char text[256];
	va_list args;

	if (session->invocation->quiet || session->dump)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	(void)fprintf(stderr, "%s[ippo: %s]%s", session->raw ? "\r\n" : "", text, end);
}

/* --- what the host says --- */

static void send_message(struct session *session, const struct buf *message)
{
	if (console_link_send(session->link, message->data, message->len) < 0)
		note(session, "the guest takes no input; it is dropped");
}

static void send_size(struct session *session)
{
	struct buf message CLEANUP(buf_done) = {0};
	struct winsize size;

	if (!session->writer || ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 ||
	    size.ws_row == 0)
		return;
	write_u8(&message, SERIAL_SIZE);
	write_u16(&message, size.ws_col < SERIAL_MAX_SIZE ? size.ws_col : SERIAL_MAX_SIZE);
	write_u16(&message, size.ws_row < SERIAL_MAX_SIZE ? size.ws_row : SERIAL_MAX_SIZE);
	send_message(session, &message);
}

static void take_over(struct session *session)
{
	struct buf message CLEANUP(buf_done) = {0};

	if (session->view)
		return;
	session->taking = true;
	write_u8(&message, SERIAL_TAKE);
	send_message(session, &message);
}

static void write_out(const uint8_t *data, size_t len)
{
	while (len > 0) {
		const ssize_t wrote = write(STDOUT_FILENO, data, len);
		if (wrote < 0 && errno == EINTR && !interrupted)
			continue;
		if (wrote < 0) {
			interrupted = 1; /* nobody reads it, or somebody has had enough */
			return;
		}
		data += wrote;
		len -= (size_t)wrote;
	}
}

static void take_output(struct session *session, struct reader *in)
{
	const uint64_t offset = reader_u64(in);
	const uint8_t *data = in->at;
	size_t len = (size_t)(in->end - in->at);

	if (in->error != 0)
		return;
	if (session->has_next && offset < session->next) {
		const uint64_t seen = session->next - offset;
		if (seen >= len)
			return;
		data += seen;
		len -= (size_t)seen;
	}
	session->has_next = true;
	session->next = offset + (uint64_t)(in->end - in->at);
	write_out(data, len);
}

/* Offsets only grow; where they do not, what we count by is no more. */
static void take_bounds(struct session *session, struct reader *in)
{
	const uint64_t first = reader_u64(in), end = reader_u64(in);

	if (in->error != 0 || first > end || !session->has_next || end >= session->next)
		return;
	session->has_next = false;
	note(session, "what it said before is lost");
}

static void take_gap(struct session *session, struct reader *in)
{
	const uint64_t from = reader_u64(in), to = reader_u64(in);

	if (in->error != 0 || to < from)
		return;
	session->has_next = true;
	session->next = to;
	if (to == from)
		note(session, "what it said meanwhile is lost");
	else
		note(session, "%llu bytes are lost", (unsigned long long)(to - from));
}

static void take_mark(const struct session *session, struct reader *in)
{
	const uint64_t offset = reader_u64(in);
	const uint8_t mark = reader_u8(in);
	char when[CLOCK_TEXT_BYTES];
	const uint64_t time_ms = reader_u64(in);

	(void)offset;
	if (in->error != 0 || time_ms > INT64_MAX)
		return;
	clock_format((int64_t)time_ms, when);
	note(session, "%s %s",
	     mark == SERIAL_MARK_START  ? "the server was started"
	     : mark == SERIAL_MARK_STOP ? "the server was stopped"
					: "the server was reset",
	     when);
}

static void take_writer(struct session *session, struct reader *in)
{
	char label[LABEL_BYTES];
	const uint8_t who = reader_u8(in);
	const bool was = session->writer;

	reader_text(in, label, sizeof label);
	if (in->error != 0)
		return;
	session->writer = who == 1;
	if (who == 1) {
		if (session->taking && session->escape != ESCAPE_LINE_START)
			note(session, "you are the writer");
		session->taking = false;
		if (!was)
			send_size(session);
	} else if (who == 2) {
		note(session, "%s is the writer%s", label,
		     session->view || session->follow ? "" : "; ~t takes over");
	} else if (!session->taking && !session->follow && !session->dump) {
		take_over(session);
	}
}

static void take_message(struct session *session, const struct buf *message)
{
	struct reader in;

	reader_init(&in, message->data, message->len);
	switch (reader_u8(&in)) {
	case SERIAL_OUTPUT:
		take_output(session, &in);
		break;
	case SERIAL_READY:
		take_bounds(session, &in);
		break;
	case SERIAL_GAP:
		take_gap(session, &in);
		break;
	case SERIAL_MARK:
		take_mark(session, &in);
		break;
	case SERIAL_WRITER:
		take_writer(session, &in);
		break;
	case SERIAL_LIVE:
		session->done = session->done || session->dump;
		break;
	default:
		break; /* the window of the writer */
	}
}

/* --- what is typed --- */

static void help(const struct session *session)
{
	(void)fprintf(stderr, "\r\nAt the beginning of a line:\r\n"
			      "  ~.  end the console\r\n"
			      "  ~t  become the one who types\r\n"
			      "  ~?  this help\r\n"
			      "  ~~  a tilde\r\n");
	if (session->view)
		(void)fprintf(stderr, "You are only looking: nothing you type is sent.\r\n");
}

static void flush_input(struct session *session, struct buf *input)
{
	struct buf message CLEANUP(buf_done) = {0};

	if (input->len == 0 || session->view) {
		buf_clear(input);
		return;
	}
	write_u8(&message, SERIAL_INPUT);
	write_bytes(&message, input->data, input->len);
	buf_clear(input);
	send_message(session, &message);
}

/* After a tilde at the beginning of a line. True when it was for us. */
static bool take_escape(struct session *session, char c)
{
	switch (c) {
	case '.':
		session->done = true;
		return true;
	case 't':
		take_over(session);
		return true;
	case '?':
		help(session);
		return true;
	default:
		return false;
	}
}

static void take_typed(struct session *session, const char *typed, size_t len)
{
	struct buf input CLEANUP(buf_done) = {0};

	for (size_t i = 0; i < len && !session->done; i++) {
		const char c = typed[i];
		if (session->escape == ESCAPE_TILDE) {
			session->escape = ESCAPE_LINE_START;
			if (take_escape(session, c))
				continue;
			if (c != '~')
				(void)buf_putc(&input, '~');
		} else if (session->escape == ESCAPE_LINE_START && c == '~' && session->raw) {
			session->escape = ESCAPE_TILDE;
			continue;
		}
		(void)buf_putc(&input, c);
		session->escape = c == '\r' || c == '\n' ? ESCAPE_LINE_START : ESCAPE_WITHIN;
		if (input.len == SERIAL_MAX_INPUT_BYTES)
			flush_input(session, &input);
	}
	flush_input(session, &input);
}

static void read_keyboard(struct session *session)
{
	char typed[SERIAL_MAX_INPUT_BYTES];
	const ssize_t got = read(STDIN_FILENO, typed, sizeof typed);

	if (got > 0)
		take_typed(session, typed, (size_t)got);
	else if (got == 0 || errno != EINTR)
		session->done = true;
}

/* --- one connection, and the next --- */

/* Some of what is there. True when there may be more, which poll() would not tell of. */
static bool read_some(struct session *session, struct buf *message)
{
	for (unsigned i = 0; i < MESSAGES_AT_ONCE && !session->done; i++) {
		if (console_link_receive(session->link, message) <= 0)
			return false;
		take_message(session, message);
	}
	return true;
}

static void turn(struct session *session, struct buf *message)
{
	struct pollfd fds[CONSOLE_LINK_FDS + 2];
	const bool reads = !session->follow && !session->dump;
	const bool more = read_some(session, message);
	uint16_t code;
	const char *reason;
	size_t count;

	session->done = session->done || interrupted;
	if (session->done || console_link_has_ended(session->link, &code, &reason))
		return;
	count = console_link_wait_for(session->link, fds);
	fds[count++] = (struct pollfd){.fd = waker[0], .events = POLLIN};

	if (reads)
		fds[count] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	if (poll(fds, (nfds_t)(count + reads), more ? 0 : -1) < 0 && errno != EINTR) {
		session->done = true;
		return;
	}
	take_signals();
	if (interrupted)
		session->done = true;
	if (resized) {
		resized = 0;
		send_size(session);
	}
	/* Between a few messages each: keys never wait behind output. */
	if (reads && fds[count].revents != 0)
		read_keyboard(session);
}

/* Until it ends. True when it may be tried again. */
static bool run_once(struct session *session)
{
	struct buf message CLEANUP(buf_done) = {0};
	const char *reason = "";
	uint16_t code = 0;

	while (!session->done && !console_link_has_ended(session->link, &code, &reason))
		turn(session, &message);
	if (session->done)
		return false;
	if (code == CONSOLE_LOST || code == CONSOLE_GOING_AWAY || code == CONSOLE_DROPPED)
		return true;
	restore(session);
	if (code != CONSOLE_NORMAL) {
		(void)fprintf(stderr, "ippo: the console has ended: %s (%s)\n", reason,
			      console_code_name(code));
		session->code = EXIT_REFUSED_BY_SERVICE;
	}
	return false;
}

/* While it is coming back the keyboard still ends it. */
static bool wants_to_leave(struct session *session)
{
	struct pollfd keyboard = {.fd = STDIN_FILENO, .events = POLLIN};
	char typed[64];

	if (!session->raw) {
		(void)poll(NULL, 0, COME_BACK_PAUSE);
		return interrupted;
	}
	if (poll(&keyboard, 1, COME_BACK_PAUSE) <= 0)
		return interrupted;
	const ssize_t got = read(STDIN_FILENO, typed, sizeof typed);
	for (ssize_t i = 0; i < got; i++)
		if (typed[i] == '.' || typed[i] == 3)
			return true;
	return got <= 0;
}

static int open_link(struct session *session, const char *from, struct err *err)
{
	session->writer = session->taking = false;
	return console_link_open(session->invocation->api, session->server_id, from, session->view,
				 &session->link, err);
}

static int come_back(struct session *session, struct err *err)
{
	const int64_t until_ms = clock_mono_ms() + COME_BACK_MS;
	char from[24] = "now";
	int code = ERR_UNAVAILABLE;

	console_link_free(session->link);
	session->link = NULL;
	note(session, "the connection was lost; coming back (. ends)");
	if (session->has_next)
		(void)snprintf(from, sizeof from, "%llu", (unsigned long long)session->next);
	while (code < 0 && clock_mono_ms() < until_ms) {
		if (wants_to_leave(session)) {
			session->done = true;
			return 0;
		}
		code = open_link(session, from, err);
		if (code < 0 && code != ERR_UNAVAILABLE && code != ERR_HYPERVISOR)
			break;
	}
	if (code == 0)
		note(session, "back again");
	return code;
}

/* Where to begin when nobody said: so much that the last screen is there. */
static void choose_start(struct session *session, char from[24])
{
	json_t *reply = NULL;
	struct err err = {0};
	char path[96];

	(void)snprintf(path, sizeof path, "/servers/%lld/console/text?from=%lld&max=1",
		       (long long)session->server_id, (long long)INT64_MAX);
	if (api_call(session->invocation->api, "GET", path, NULL, -1, &reply, &err) < 0) {
		(void)snprintf(from, 24, "0");
		return;
	}
	const json_int_t first = json_number(reply, "first"), end = json_number(reply, "end");
	json_decref(reply);
	(void)snprintf(from, 24, "%lld",
		       (long long)(end - first > BACKLOG_BYTES ? end - BACKLOG_BYTES : first));
}

static int find_server(struct invocation *invocation, int64_t *ret, struct err *err)
{
	json_t *server = NULL;
	int code = api_find(invocation->api, "servers", "servers", "server",
			    invocation->positionals[0], &server, err);

	if (code < 0)
		return code;
	*ret = json_number(server, "id");
	json_decref(server);
	return 0;
}

static int console_open(struct invocation *invocation)
{
	struct session session = {.invocation = invocation,
				  .follow = option_given(invocation, "follow"),
				  .dump = option_given(invocation, "dump")};
	const char *wanted = option_text(invocation, "from");
	struct err err = {0};
	uint64_t number;
	char from[24];
	int code;

	session.view = session.follow || session.dump || option_given(invocation, "view");
	if (wanted != NULL && strcmp(wanted, "now") != 0 &&
	    parse_u64(wanted, 0, INT64_MAX, &number) < 0) {
		(void)fputs("ippo: --from takes an offset, or now\n", stderr);
		return EXIT_USAGE;
	}
	if (find_server(invocation, &session.server_id, &err) < 0)
		return print_failure(&err);
	if (wanted != NULL)
		(void)snprintf(from, sizeof from, "%s", wanted);
	else if (session.dump)
		(void)snprintf(from, sizeof from, "0");
	else
		choose_start(&session, from);
	code = open_link(&session, from, &err);
	if (code == 0)
		code = watch_signals(&err);
	if (code < 0) {
		console_link_free(session.link);
		return print_failure(&err);
	}
	make_raw(&session);
	if (session.raw)
		note(&session, "connected; ~. ends, ~? helps");
	while (code == 0 && run_once(&session))
		code = come_back(&session, &err);
	restore(&session);
	console_link_free(session.link);
	if (code < 0)
		return print_failure(&err);
	if (session.code == 0 && !session.dump && !session.follow && isatty(STDERR_FILENO))
		(void)fputs("\n", stderr);
	return session.code;
}

/* --- the history --- */

static void console_row(struct table *table, const json_t *console)
{
	char id[24], bytes[48];

	(void)snprintf(id, sizeof id, "%lld", (long long)json_number(console, "id"));
	(void)snprintf(bytes, sizeof bytes, "%lld/%lld",
		       (long long)json_number(console, "bytes_in"),
		       (long long)json_number(console, "bytes_out"));
	table_row(table, id, json_text(console, "server.name"), json_text(console, "kind"),
		  json_text(console, "mode"), json_text(console, "name"),
		  json_text(console, "peer"), json_text(console, "opened"),
		  json_text(console, "closed"), json_text(console, "ended"), bytes);
}

static int console_list(struct invocation *invocation)
{
	/* A history grows for years, and what people seek in it is mostly near its end. */
	return (option_given(invocation, "all") ? request_list : request_newest)(
		invocation,
		option_given(invocation, "open") ? "/consoles?status=open" : "/consoles",
		"consoles", "ID SERVER KIND MODE WHO FROM OPENED CLOSED ENDED IN/OUT", console_row,
		"Nobody has had a console yet.");
}

static int console_cut(struct invocation *invocation)
{
	struct err err = {0};
	char path[48];
	uint64_t id;

	if (parse_u64(invocation->positionals[0], 1, INT64_MAX, &id) < 0) {
		(void)fputs("ippo: a console is named by its number; `ippo console list --open` "
			    "shows them\n",
			    stderr);
		return EXIT_USAGE;
	}
	(void)snprintf(path, sizeof path, "/consoles/%llu", (unsigned long long)id);
	if (api_call(invocation->api, "DELETE", path, NULL, -1, NULL, &err) < 0)
		return print_failure(&err);
	return EXIT_OK;
}

static const struct option_rule open_options[] = {
	{"view", NULL, "only look; nothing you type is sent", false},
	{"follow", NULL, "print what it says, and read nothing from the keyboard", false},
	{"dump", NULL, "print what was kept since the server's start, and end", false},
	{"from", "OFFSET", "begin at this byte, or with now; else a little before the end", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule list_options[] = {
	{"open", NULL, "only those that are open now", false},
	{"all", NULL, "the whole history, not its newest page alone", false},
	{NULL, NULL, NULL, false},
};

/* The one without a verb comes last: it takes every other word as a name. */
const struct command console_commands[] = {
	{"console", "list", "", "Show the history of consoles: who, from where, how long",
	 list_options, console_list},
	{"console", "cut", "ID", "End a console, whoever has it", NULL, console_cut},
	{"console", NULL, "NAME",
	 "Use a server's serial console in this terminal; at the beginning of a line ~. ends it, "
	 "~t makes you the one who types, ~? helps",
	 open_options, console_open},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

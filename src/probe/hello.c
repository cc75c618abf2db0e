#include "probe/hello.h"

#include <errno.h>
#include <fnmatch.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/err.h"
#include "probe/reach.h"

#define LINE_MAX_BYTES   255
#define LINES_BEFORE_MAX 32
#define PACKET_MAX_BYTES 35000
#define KEXINIT          20
#define COOKIE_BYTES     16
#define LISTS            10
#define LISTS_LOOKED_AT  8 /* the last two are of languages */
#define NAME_MAX_BYTES   64
#define PATIENCE_MS      10000

static const char greeting[] = "SSH-2.0-Ippo\r\n";

bool hello_is_weak(const char *algorithm)
{
	/* As src/firststep/items/ssh_crypto.c. */
	static const char *const weak[] = {"*-cbc",         "arcfour*",     "*3des*",   "*md5*",
					   "*sha1*",        "hmac-ripemd*", "umac-64*", "*-96*",
					   "*group1-*",     "*nistp*",      "ssh-dss*", "ssh-rsa",
					   "ssh-rsa-cert*", "rijndael*"};

	for (size_t i = 0; i < ARRAY_SIZE(weak); i++)
		if (fnmatch(weak[i], algorithm, 0) == 0)
			return true;
	return false;
}

static void copy_printable(char *out, size_t size, const uint8_t *data, size_t bytes)
{
	size_t len = bytes < size - 1 ? bytes : size - 1;

	for (size_t i = 0; i < len; i++)
		out[i] = data[i] >= ' ' && data[i] <= '~' ? (char)data[i] : '?';
	out[len] = '\0';
}

static bool has_word(const char *words, const char *word)
{
	const size_t len = strlen(word);

	for (const char *at = words; (at = strstr(at, word)) != NULL; at += len)
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

static void add_weak(struct hello *hello, const char *name)
{
	const size_t len = strlen(hello->weak);

	if (!hello_is_weak(name) || has_word(hello->weak, name) ||
	    len + strlen(name) + 2 > sizeof hello->weak)
		return;
	if (len > 0)
		hello->weak[len] = ' ';
	memcpy(hello->weak + len + (len > 0), name, strlen(name) + 1);
}

static void look_at_list(struct hello *hello, const uint8_t *list, size_t bytes)
{
	while (bytes > 0) {
		const uint8_t *comma = memchr(list, ',', bytes);
		const size_t len = comma != NULL ? (size_t)(comma - list) : bytes;
		char name[NAME_MAX_BYTES + 1];
		copy_printable(name, sizeof name, list, len);
		add_weak(hello, name);
		list += len + (comma != NULL);
		bytes -= len + (comma != NULL);
	}
}

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static enum hello_progress read_offer(const uint8_t *at, const uint8_t *end, struct hello *hello)
{
	struct hello offered = *hello;

	if (end - at < COOKIE_BYTES + 1 || *at != KEXINIT)
		return HELLO_STRANGE;
	at += 1 + COOKIE_BYTES;
	for (unsigned i = 0; i < LISTS; i++) {
		if (end - at < 4 || be32(at) > (size_t)(end - at - 4))
			return HELLO_STRANGE;
		if (i < LISTS_LOOKED_AT)
			look_at_list(&offered, at + 4, be32(at));
		at += 4 + be32(at);
	}
	offered.algorithms = true;
	*hello = offered;
	return HELLO_WHOLE;
}

static enum hello_progress read_packet(const uint8_t *at, const uint8_t *end, struct hello *hello)
{
	uint32_t bytes;

	if (end - at < 5)
		return HELLO_MORE;
	bytes = be32(at);
	if (bytes < 12 || bytes > PACKET_MAX_BYTES || at[4] < 4 || at[4] + 2U > bytes)
		return HELLO_STRANGE;
	if ((size_t)(end - at - 4) < bytes)
		return HELLO_MORE;
	return read_offer(at + 5, at + 4 + bytes - at[4], hello);
}

enum hello_progress hello_read(const uint8_t *data, size_t bytes, struct hello *ret)
{
	const uint8_t *at = data, *const end = data + bytes;

	*ret = (struct hello){0};
	for (unsigned lines = 0; lines < LINES_BEFORE_MAX; lines++) {
		const uint8_t *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
		size_t len = (size_t)((newline != NULL ? newline : end) - at);
		if (len > LINE_MAX_BYTES)
			return HELLO_STRANGE;
		if (newline == NULL)
			return HELLO_MORE;
		if (len > 0 && at[len - 1] == '\r')
			len--;
		if (len >= 4 && memcmp(at, "SSH-", 4) == 0) {
			copy_printable(ret->banner, sizeof ret->banner, at, len);
			if (len < 8 ||
			    (memcmp(at, "SSH-2.0-", 8) != 0 && memcmp(at, "SSH-1.99", 8) != 0))
				return HELLO_STRANGE;
			return read_packet(newline + 1, end, ret);
		}
		at = newline + 1;
	}
	return HELLO_STRANGE;
}

static enum hello_progress listen_to(int fd, struct buf *heard, struct hello *ret)
{
	const int64_t end_ms = clock_mono_ms() + PATIENCE_MS;
	enum hello_progress progress = HELLO_MORE;
	uint8_t piece[4096];

	while (progress == HELLO_MORE) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		const int64_t left = end_ms - clock_mono_ms();
		ssize_t got;
		if (left <= 0 || poll(&poll_fd, 1, (int)left) != 1)
			break;
		got = recv(fd, piece, sizeof piece, 0);
		if (got <= 0 || buf_append(heard, piece, (size_t)got) < 0)
			break;
		progress = hello_read(heard->data, heard->len, ret);
	}
	return progress;
}

int hello_fetch(const struct ip *ip, uint16_t port, struct hello *ret)
{
	struct buf heard CLEANUP(buf_done) = {.max = HELLO_MAX_BYTES};
	AUTO_CLOSE int fd = reach_connect(ip, port);

	*ret = (struct hello){0};
	if (fd < 0)
		return fd;
	if (send(fd, greeting, sizeof greeting - 1, MSG_NOSIGNAL) < 0)
		return -errno;
	(void)listen_to(fd, &heard, ret);
	return strncmp(ret->banner, "SSH-", 4) == 0 ? 0 : ERR_PROTOCOL;
}

#include "ippod/listen.h"

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

#define LISTEN_BACKLOG     512
#define LOCAL_BUFFER_BYTES (1024 * 1024)

/* "address:port" or "[v6]:port" into its two parts. */
static int split_listen(const char *text, char host[64], char port[8])
{
	const char *colon = strrchr(text, ':');
	size_t len = colon != NULL ? (size_t)(colon - text) : 0;

	if (colon == NULL || strlen(colon + 1) == 0 || strlen(colon + 1) > 5 || len >= 64)
		return -EINVAL;
	(void)snprintf(port, 8, "%s", colon + 1);
	if (text[0] == '[' && len > 1 && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	(void)snprintf(host, 64, "%.*s", (int)len, text);
	return 0;
}

int listen_https(const struct config *config, struct err *err)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *address = NULL;
	char host[64], port[8];
	const int on = 1, off = 0;

	if (split_listen(config->listen, host, port) < 0 ||
	    getaddrinfo(*host != '\0' ? host : NULL, port, &hints, &address) != 0)
		return err_set(err, ERR_INVALID_INPUT,
			       "listen must be ADDRESS:PORT or [ADDRESS]:PORT, not %s",
			       config->listen);
	AUTO_CLOSE int fd =
		socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Accepted sockets take TCP_NODELAY from here. Without it the last, short segment of an
	 * answer waits until the client acknowledges the one before, and clients delay that by 40
	 * ms. */
	int failed = fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
		     setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0;
	if (!failed && address->ai_family == AF_INET6) /* [::] serves IPv4 too */
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	failed = failed || bind(fd, address->ai_addr, address->ai_addrlen) < 0 ||
		 listen(fd, LISTEN_BACKLOG) < 0;
	int code = failed ? -errno : 0;
	freeaddrinfo(address);
	if (code == -EADDRINUSE)
		return err_set(err, code,
			       "%s is in use: stop what holds it (ss -ltnp), or set another listen "
			       "in [web]",
			       config->listen);
	if (code < 0)
		return err_set(err, code, "cannot listen on %s: %s", config->listen,
			       strerror(-code));
	return steal_fd(&fd);
}

int listen_local(const struct config *config, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct group *group = getgrnam(config->group);
	const int size = LOCAL_BUFFER_BYTES;

	if ((size_t)snprintf(address.sun_path, sizeof address.sun_path, "%s/api.sock",
			     config->run_dir) >= sizeof address.sun_path)
		return err_set(err, ERR_INVALID_INPUT, "run_dir is too long: %s", config->run_dir);
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || (unlink(address.sun_path) < 0 && errno != ENOENT))
		return err_set(err, -errno, "cannot replace %s: %s", address.sun_path,
			       strerror(errno));
	/* Accepted sockets take their buffer's size from the listening one. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	mode_t before = umask(0177);
	int code = bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
	(void)umask(before);
	if (code == 0 && (chown(address.sun_path, 0, group != NULL ? group->gr_gid : 0) < 0 ||
			  chmod(address.sun_path, 0660) < 0 || listen(fd, LISTEN_BACKLOG) < 0))
		code = -errno;
	if (code < 0)
		return err_set(err, code, "cannot listen on %s: %s", address.sun_path,
			       strerror(-code));
	return steal_fd(&fd);
}

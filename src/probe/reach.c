#include "probe/reach.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

unsigned reach_address(const struct ip *ip, uint16_t port, void *ret_sockaddr_storage)
{
	struct sockaddr_in *v4 = ret_sockaddr_storage;
	struct sockaddr_in6 *v6 = ret_sockaddr_storage;

	memset(ret_sockaddr_storage, 0, sizeof(struct sockaddr_storage));
	if (ip->family == 4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, ip->bytes, 4);
		return sizeof *v4;
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	memcpy(&v6->sin6_addr, ip->bytes, 16);
	return sizeof *v6;
}

static int finish(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	const struct timeval patience = {.tv_sec = REACH_TIMEOUT_MS / 1000};
	int error = 0;
	socklen_t size = sizeof error;

	if (poll(&poll_fd, 1, REACH_TIMEOUT_MS) != 1)
		return -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return -errno;
	if (error != 0)
		return -error;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0)
		return -errno;
	return 0;
}

int reach_connect(const struct ip *ip, uint16_t port)
{
	struct sockaddr_storage address;
	const socklen_t bytes = reach_address(ip, port, &address);
	const int fd = socket(ip->family == 4 ? AF_INET : AF_INET6,
			      SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int code = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, bytes) < 0 && errno != EINPROGRESS)
		code = -errno;
	if (code == 0)
		code = finish(fd);
	if (code == 0)
		return fd;
	(void)close(fd);
	return code;
}

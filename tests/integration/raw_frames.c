/*
 * What a guest with root puts on its wire: frames as they are, from standard input to a device.
 *
 * Usage: raw_frames DEVICE        each line: TIMES HEX
 *
 * Static, for it runs in the tests' guest, which has nothing but busybox.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FRAME_BYTES     2048
#define ETHER_ALL       0x0003
#define ETHER_BYTES     14
#define PATIENCE_ROUNDS 1000000

static int nibble(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

static size_t read_hex(const char *text, unsigned char frame[FRAME_BYTES])
{
	size_t bytes = 0;

	for (; bytes < FRAME_BYTES && nibble(text[0]) >= 0 && nibble(text[1]) >= 0; text += 2)
		frame[bytes++] = (unsigned char)(nibble(text[0]) << 4 | nibble(text[1]));
	return bytes;
}

int main(int argc, char **argv)
{
	static char line[2 * FRAME_BYTES + 32];
	static unsigned char frame[FRAME_BYTES];
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = 6};
	const int fd = socket(AF_PACKET, SOCK_RAW, htons(ETHER_ALL));
	unsigned long sent = 0;

	if (argc != 2 || fd < 0 || (to.sll_ifindex = (int)if_nametoindex(argv[1])) == 0) {
		perror("raw_frames");
		return EXIT_FAILURE;
	}
	while (fgets(line, sizeof line, stdin) != NULL) {
		char *at;
		unsigned long times = strtoul(line, &at, 10);
		const size_t bytes = read_hex(at + (*at == ' '), frame);
		long patience = PATIENCE_ROUNDS;
		if (bytes < ETHER_BYTES)
			continue;
		memcpy(to.sll_addr, frame, to.sll_halen);
		while (times > 0 && patience > 0) {
			if (sendto(fd, frame, bytes, 0, (struct sockaddr *)&to, sizeof to) > 0) {
				times--;
				sent++;
			} else if (errno == ENOBUFS || errno == EAGAIN) {
				patience--;
			} else {
				perror("raw_frames");
				return EXIT_FAILURE;
			}
		}
	}
	printf("sent %lu\n", sent);
	return EXIT_SUCCESS;
}

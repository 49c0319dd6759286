/* relay - what cannot be avoided: datagrams in by recvmmsg, one write to a TCP echo a batch, what
 * comes back out by sendmmsg to who asked.  No protocol at all.  `relay PORT` prints its port. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 64, PIECE = 2048, FRAME = 700 }; /* FRAME: bytes a message on the TCP side */

static char pieces[BATCH][PIECE], frames[BATCH * FRAME], back[4 * BATCH * FRAME];
static struct mmsghdr msgs[BATCH];
static struct iovec iovs[BATCH];
static struct sockaddr_in peers[BATCH];

/* A TCP connection to a process that echoes. */
static int tcp_echo(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&a, n) < 0 || listen(listener, 1) < 0 ||
		getsockname(listener, (struct sockaddr *)&a, &n) < 0 ||
		connect(fd, (struct sockaddr *)&a, n) < 0)
		exit(1);
	int far = accept(listener, NULL, NULL);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	setsockopt(far, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	close(listener);
	if (fork() == 0) {
		close(fd);
		for (ssize_t got; (got = read(far, back, sizeof(back))) > 0;)
			if (write(far, back, (size_t)got) < 0)
				break;
		_exit(0);
	}
	close(far);
	return fd;
}

static int udp_socket(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 4 << 20 }, sizeof(int));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		perror("relay");
		exit(1);
	}
	puts("listening");
	fflush(stdout);
	return fd;
}

static int receive(int udp)
{
	for (int i = 0; i < BATCH; i++) {
		iovs[i] = (struct iovec){ pieces[i], PIECE };
		msgs[i].msg_hdr = (struct msghdr){ .msg_iov = &iovs[i],
			.msg_iovlen = 1,
			.msg_name = &peers[i],
			.msg_namelen = sizeof(peers[i]) };
	}
	return recvmmsg(udp, msgs, BATCH, MSG_DONTWAIT, NULL);
}

/* One batch through: every answer leaves when all of the batch came back. */
static void relay(int udp, int tcp)
{
	int n = receive(udp);
	size_t want = n > 0 ? (size_t)n * FRAME : 0, got = 0;

	if (n <= 0)
		return;
	for (int i = 0; i < n; i++) {
		memcpy(frames + i * FRAME, pieces[i],
			msgs[i].msg_len < FRAME ? msgs[i].msg_len : FRAME);
		iovs[i].iov_len = msgs[i].msg_len;
	}
	if (write(tcp, frames, want) < 0)
		exit(1);
	while (got < want) {
		struct pollfd p = { .fd = tcp, .events = POLLIN };

		poll(&p, 1, -1);
		ssize_t part = read(tcp, back, sizeof(back));
		if (part <= 0)
			exit(1);
		got += (size_t)part;
	}
	sendmmsg(udp, msgs, (unsigned)n, 0);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	int tcp = tcp_echo(), udp = udp_socket((unsigned)strtoul(argv[1], NULL, 10));
	for (;;) {
		struct pollfd p = { .fd = udp, .events = POLLIN };

		poll(&p, 1, -1);
		relay(udp, tcp);
	}
}

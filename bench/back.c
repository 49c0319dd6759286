/* back - the other direction: an XEP-0114 server from which messages come, and the SIP server that
 * gets them and says 200 to each, with a fixed number outstanding.  `back PORT SECRET SIP_PORT`;
 * each line `OUTSTANDING MESSAGES` of standard input is a run, and prints what became of it. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "xserver.h"

enum {
	USERS = 512, /* of 4,096 messages 8 wait for each: one sender may have 16 there */
	TIMEOUT_MS = 2000,
};

struct run {
	unsigned number, total, window;
	unsigned sent, delivered, refused;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int bind_udp(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 4 << 20 }, sizeof(int));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		perror("back");
		exit(1);
	}
	return fd;
}

static void put_messages(struct run *r)
{
	char text[512];

	while (r->sent < r->total && r->sent - r->delivered - r->refused < r->window) {
		int n = snprintf(text, sizeof(text),
			"<message from='user%u@contoso.test/desk' to='pilar%u@litware.test' "
			"type='chat' id='m%u-%u'><body>hello, this is a message</body></message>",
			r->sent % USERS, r->sent % USERS, r->number, r->sent);

		xserver_put(text, (size_t)n);
		r->sent++;
	}
}

/* The header lines that a response repeats (RFC 3261 section 8.2.6.2); it has no tag, as nothing
 * here looks for one. */
static size_t make_ok(const char *request, char *ret)
{
	static const char *const same[] = {
		"\r\nVia: ", "\r\nFrom: ", "\r\nTo: ", "\r\nCall-ID: ", "\r\nCSeq: "
	};
	size_t n = (size_t)sprintf(ret, "SIP/2.0 200 OK");

	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
		const char *line = strstr(request, same[i]);
		size_t length = line ? strcspn(line + 2, "\r") + 2 : 0;

		memcpy(ret + n, line, length);
		n += length;
	}
	return n + (size_t)sprintf(ret + n, "\r\nContent-Length: 0\r\n\r\n");
}

static void answer_all(int udp, struct run *r)
{
	char request[4096], ok[4096];
	struct sockaddr_in peer;
	socklen_t size = sizeof(peer);
	ssize_t n;

	while ((n = recvfrom(udp, request, sizeof(request) - 1, MSG_DONTWAIT,
			(struct sockaddr *)&peer, &size)) > 0) {
		request[n] = '\0';
		r->delivered += strncmp(request, "MESSAGE", 7) == 0;
		n = (ssize_t)make_ok(request, ok);
		sendto(udp, ok, (size_t)n, 0, (struct sockaddr *)&peer, size);
	}
}

static void count_errors(struct run *r)
{
	const char *at = xserver_in;

	for (const char *end; (end = strstr(at, "</message>")); at = end + 10)
		r->refused++;
	xserver_keep(at);
}

static void run(int xmpp, int udp, struct run *r)
{
	struct pollfd fds[] = { { .fd = xmpp, .events = POLLIN }, { .fd = udp, .events = POLLIN } };

	put_messages(r);
	xserver_flush(xmpp);
	while (r->delivered + r->refused < r->total) {
		if (poll(fds, 2, TIMEOUT_MS) <= 0)
			return; /* the rest was lost */
		if (fds[0].revents) {
			xserver_fill(xmpp);
			count_errors(r);
		}
		if (fds[1].revents)
			answer_all(udp, r);
		put_messages(r);
		xserver_flush(xmpp);
	}
}

int main(int argc, char **argv)
{
	char line[128];
	unsigned number = 0;

	if (argc != 4)
		return 2;
	int udp = bind_udp((unsigned)strtoul(argv[3], NULL, 10));
	int xmpp = xserver_accept((unsigned)strtoul(argv[1], NULL, 10), argv[2]);
	while (fgets(line, sizeof(line), stdin)) {
		char *end;
		struct run r = { .number = ++number };

		r.window = (unsigned)strtoul(line, &end, 10);
		r.total = (unsigned)strtoul(end, NULL, 10);
		double start = now();
		run(xmpp, udp, &r);
		printf("answered %u refused %u lost %u rate %.0f /s\n", r.delivered, r.refused,
			r.total - r.delivered - r.refused,
			(r.delivered + r.refused) / (now() - start));
		fflush(stdout);
	}
	return 0;
}

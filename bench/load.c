/* load - MESSAGE requests over UDP with a fixed number outstanding, to 200 recipients or to one.
 * `load PORT OUTSTANDING MESSAGES [USER]`: prints what was answered, and the rate. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RECIPIENTS = 200, TIMEOUT_MS = 2000 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void send_one(int fd, unsigned number, unsigned run, const char *user)
{
	char text[1024], one[64];

	snprintf(one, sizeof(one), "user%u", number % RECIPIENTS);
	const char *to = user ? user : one;
	int n = snprintf(text, sizeof(text),
		"MESSAGE sip:%s@contoso.test SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK%08x%08x;rport\r\nMax-Forwards: "
		"70\r\n"
		"From: <sip:pilar@litware.test>;tag=%08x\r\nTo: <sip:%s@contoso.test>\r\n"
		"Call-ID: %08x%08x\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\n"
		"Content-Length: 24\r\n\r\nhello, this is a message",
		to, run, number, number, to, run, number);

	if (send(fd, text, (size_t)n, 0) < 0)
		perror("load: send");
}

static int connect_to(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct timeval wait = { TIMEOUT_MS / 1000, 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 4 << 20 }, sizeof(int));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		perror("load");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	char answer[2048];
	unsigned sent = 0, good = 0, bad = 0;

	if (argc != 4 && argc != 5)
		return 2;
	const char *user = argc == 5 ? argv[4] : NULL;
	unsigned window = (unsigned)strtoul(argv[2], NULL, 10),
		 total = (unsigned)strtoul(argv[3], NULL, 10);
	unsigned run = (unsigned)getpid();
	int fd = connect_to((unsigned)strtoul(argv[1], NULL, 10));
	double start = now();
	while (sent < window && sent < total)
		send_one(fd, sent++, run, user);
	while (good + bad < total) {
		ssize_t n = recv(fd, answer, sizeof(answer) - 1, 0);

		if (n < 0)
			break; /* the rest was lost */
		answer[n] = '\0';
		if (strncmp(answer, "SIP/2.0 202", 11) == 0 || strncmp(answer, "MESSAGE", 7) == 0)
			good++;
		else
			bad++;
		if (sent < total)
			send_one(fd, sent++, run, user);
	}
	printf("answered %u refused %u lost %u rate %.0f /s\n", good, bad, total - good - bad,
		(good + bad) / (now() - start));
	return good + bad == total ? 0 : 1;
}

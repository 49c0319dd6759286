/* load - MESSAGE requests over UDP with a fixed number outstanding, or so many a second, to 200
 * recipients or to one.  `load PORT OUTSTANDING|@RATE MESSAGES [USER]`: prints what was answered,
 * the rate, and at a rate how long answers took. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RECIPIENTS = 200, TIMEOUT_MS = 2000 };

struct load {
	int fd;
	unsigned run, total;
	const char *user; /* NULL: all of them */
	unsigned sent, good, bad;
	double *sent_at, *took; /* by their number; in the order of the answers */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void send_one(struct load *l)
{
	char text[1024], one[64];
	const unsigned number = l->sent++;

	snprintf(one, sizeof(one), "user%u", number % RECIPIENTS);
	const char *to = l->user ? l->user : one;
	int n = snprintf(text, sizeof(text),
		"MESSAGE sip:%s@contoso.test SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK%08x%08x;rport\r\nMax-Forwards: "
		"70\r\n"
		"From: <sip:pilar@litware.test>;tag=%08x\r\nTo: <sip:%s@contoso.test>\r\n"
		"Call-ID: %08x%08x\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\n"
		"Content-Length: 24\r\n\r\nhello, this is a message",
		to, l->run, number, number, to, l->run, number);

	l->sent_at[number] = now();
	if (send(l->fd, text, (size_t)n, 0) < 0)
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

/* Which request it answers stands in its Call-ID. */
static void note_time(struct load *l, const char *answer)
{
	const char *id = strstr(answer, "Call-ID: ");
	const unsigned number = id && strlen(id) > 25 ? (unsigned)strtoul(id + 17, NULL, 16) : 0;

	if (number < l->sent)
		l->took[l->good + l->bad] = now() - l->sent_at[number];
}

/* False: there is none. */
static bool take_answer(struct load *l, int flags)
{
	char answer[2048];
	ssize_t n = recv(l->fd, answer, sizeof(answer) - 1, flags);

	if (n < 0)
		return false;
	answer[n] = '\0';
	note_time(l, answer);
	if (strncmp(answer, "SIP/2.0 202", 11) == 0 || strncmp(answer, "MESSAGE", 7) == 0)
		l->good++;
	else
		l->bad++;
	return true;
}

static void keep_outstanding(struct load *l, unsigned window)
{
	while (l->sent < window && l->sent < l->total)
		send_one(l);
	while (l->good + l->bad < l->total && take_answer(l, 0))
		if (l->sent < l->total)
			send_one(l);
}

static void keep_rate(struct load *l, double rate)
{
	const double start = now();
	struct pollfd fd = { .fd = l->fd, .events = POLLIN };

	while (l->sent < l->total) {
		double left = start + l->sent / rate - now();
		const struct timespec wait = { 0, (long)(left * 1e9) };

		if (left <= 0)
			send_one(l);
		else
			ppoll(&fd, 1, &wait, NULL);
		while (take_answer(l, MSG_DONTWAIT))
			;
	}
	while (l->good + l->bad < l->total && take_answer(l, 0))
		;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	if (argc != 4 && argc != 5)
		return 2;
	struct load l = { .total = (unsigned)strtoul(argv[3], NULL, 10),
		.run = (unsigned)getpid(),
		.user = argc == 5 ? argv[4] : NULL };
	l.fd = connect_to((unsigned)strtoul(argv[1], NULL, 10));
	l.sent_at = calloc(l.total, sizeof(*l.sent_at));
	l.took = calloc(l.total, sizeof(*l.took));
	if (!l.sent_at || !l.took)
		return 1;
	const double start = now();
	const bool at_rate = argv[2][0] == '@';
	if (at_rate)
		keep_rate(&l, strtod(argv[2] + 1, NULL));
	else
		keep_outstanding(&l, (unsigned)strtoul(argv[2], NULL, 10));
	const unsigned n = l.good + l.bad;
	printf("answered %u refused %u lost %u rate %.0f /s", l.good, l.bad, l.total - n,
		n / (now() - start));
	qsort(l.took, n, sizeof(*l.took), compare);
	if (at_rate && n)
		printf(" took %.1f (50 %%) %.1f (99 %%) %.1f ms (all)", l.took[n / 2] * 1e3,
			l.took[n * 99 / 100] * 1e3, l.took[n - 1] * 1e3);
	puts("");
	return n == l.total ? 0 : 1;
}

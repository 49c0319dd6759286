/* load - MESSAGE requests over UDP with a fixed number outstanding, to 200 recipients.
 * `load PORT OUTSTANDING MESSAGES PID`: prints the rate and the CPU time that PID spent a message.
 */
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

/* User and system time of a process, in seconds: proc(5). */
static double cpu(const char *pid)
{
	char path[64], text[1024];
	unsigned long user = 0, sys = 0;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	FILE *f = fopen(path, "r");
	if (!f)
		return 0;
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	char *at = strrchr(text, ')');
	for (int field = 2; at && field < 14; field++)
		at = strchr(at + 1, ' ');
	if (at) {
		user = strtoul(at, &at, 10);
		sys = strtoul(at, NULL, 10);
	}
	return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

static void send_one(int fd, unsigned number, unsigned run)
{
	char text[1024];
	int n = snprintf(text, sizeof(text),
		"MESSAGE sip:user%u@contoso.test SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK%08x%08x;rport\r\nMax-Forwards: "
		"70\r\n"
		"From: <sip:pilar@litware.test>;tag=%08x\r\nTo: <sip:user%u@contoso.test>\r\n"
		"Call-ID: %08x%08x\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\n"
		"Content-Length: 24\r\n\r\nhello, this is a message",
		number % RECIPIENTS, run, number, number, number % RECIPIENTS, run, number);

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

	if (argc != 5)
		return 2;
	unsigned window = (unsigned)strtoul(argv[2], NULL, 10),
		 total = (unsigned)strtoul(argv[3], NULL, 10);
	unsigned run = (unsigned)getpid();
	int fd = connect_to((unsigned)strtoul(argv[1], NULL, 10));
	double start = now(), cpu_start = cpu(argv[4]);
	while (sent < window && sent < total)
		send_one(fd, sent++, run);
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
			send_one(fd, sent++, run);
	}
	double wall = now() - start, spent = cpu(argv[4]) - cpu_start;
	printf("outstanding %u answered %u refused %u lost %u rate %.0f /s cpu %.2f us\n", window,
		good, bad, total - good - bad, (good + bad) / wall,
		good + bad ? spent * 1e6 / (good + bad) : 0.0);
	return good + bad == total ? 0 : 1;
}

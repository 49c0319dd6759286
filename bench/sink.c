/* sink - an XEP-0114 server that costs as little as it can: checks the handshake, then scans for
 * the pings and answers each; everything else is swallowed.  `sink PORT SECRET`. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUF = 1 << 20 };

static char in[BUF + 1], out[BUF];
static size_t n_in, n_out;

static int accept_one(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 1) < 0) {
		perror("sink");
		exit(1);
	}
	puts("listening");
	fflush(stdout);
	int conn = accept(fd, NULL, NULL);
	setsockopt(conn, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	close(fd);
	return conn;
}

static void put(const char *text, size_t n)
{
	if (n_out + n > sizeof(out))
		exit(1);
	memcpy(out + n_out, text, n);
	n_out += n;
}

static void flush(int fd)
{
	for (size_t at = 0; at < n_out;) {
		ssize_t n = write(fd, out + at, n_out - at);

		if (n <= 0)
			exit(0);
		at += (size_t)n;
	}
	n_out = 0;
}

static void fill(int fd)
{
	ssize_t n = read(fd, in + n_in, BUF - n_in);

	if (n <= 0)
		exit(0);
	n_in += (size_t)n;
	in[n_in] = '\0';
}

static void handshake(int fd, const char *secret)
{
	static const char head[] =
		"<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
		"xmlns:stream='http://etherx.jabber.org/streams' from='litware.test' "
		"id='bench'>";
	unsigned char sum[SHA_DIGEST_LENGTH];
	char text[256], hex[2 * SHA_DIGEST_LENGTH + 1];

	while (!strstr(in, "<stream:stream") || !strchr(strstr(in, "<stream:stream"), '>'))
		fill(fd);
	put(head, sizeof(head) - 1);
	flush(fd);
	snprintf(text, sizeof(text), "bench%s", secret);
	SHA1((const unsigned char *)text, strlen(text), sum);
	for (size_t i = 0; i < sizeof(sum); i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	while (!strstr(in, "</handshake>"))
		fill(fd);
	if (!strstr(in, hex))
		exit(1);
	put("<handshake/>", 12);
	flush(fd);
	n_in = 0;
}

/* The value of an attribute in this tag. */
static size_t value(const char *tag, const char *name, const char **ret)
{
	const char *at = strstr(tag, name);

	if (!at)
		exit(1);
	*ret = at + strlen(name) + 1;
	return (size_t)(strchr(*ret, (*ret)[-1]) - *ret);
}

/* Answers each whole ping; what may be the start of one is kept. */
static void answer_pings(void)
{
	char *at = in, *last = in, *iq;

	while ((iq = strstr(at, "<iq")) && (at = strstr(iq, "</iq>"))) {
		const char *from, *to, *id;
		size_t n_from = value(iq, "from=", &from), n_to = value(iq, "to=", &to);
		size_t n_id = value(iq, "id=", &id);

		at += 5;
		last = at;
		put("<iq type='result' from='", 24);
		put(to, n_to);
		put("' to='", 6);
		put(from, n_from);
		put("' id='", 6);
		put(id, n_id);
		put("'/>", 3);
	}
	if (iq)
		last = iq;
	else if (n_in > 4 && last < in + n_in - 4)
		last = in + n_in - 4;
	n_in -= (size_t)(last - in);
	memmove(in, last, n_in + 1);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	int fd = accept_one((unsigned)strtoul(argv[1], NULL, 10));
	handshake(fd, argv[2]);
	for (;;) {
		fill(fd);
		answer_pings();
		if (n_out)
			flush(fd);
	}
}

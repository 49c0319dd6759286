#include "xserver.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

char xserver_in[XSERVER_MAX + 1];
size_t xserver_n_in;
static char out[XSERVER_MAX];
static size_t n_out;

static int accept_one(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 1) < 0) {
		perror("bench");
		exit(1);
	}
	puts("listening");
	fflush(stdout);
	int conn = accept(fd, NULL, NULL);
	setsockopt(conn, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	close(fd);
	return conn;
}

void xserver_put(const char *text, size_t n)
{
	if (n_out + n > sizeof(out))
		exit(1);
	memcpy(out + n_out, text, n);
	n_out += n;
}

void xserver_flush(int fd)
{
	for (size_t at = 0; at < n_out;) {
		ssize_t n = write(fd, out + at, n_out - at);

		if (n <= 0)
			exit(0);
		at += (size_t)n;
	}
	n_out = 0;
}

void xserver_fill(int fd)
{
	ssize_t n = read(fd, xserver_in + xserver_n_in, XSERVER_MAX - xserver_n_in);

	if (n <= 0)
		exit(0);
	xserver_n_in += (size_t)n;
	xserver_in[xserver_n_in] = '\0';
}

static void shake_hands(int fd, const char *secret)
{
	static const char head[] =
		"<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
		"xmlns:stream='http://etherx.jabber.org/streams' from='litware.test' "
		"id='bench'>";
	unsigned char sum[SHA_DIGEST_LENGTH];
	char text[256], hex[2 * SHA_DIGEST_LENGTH + 1];

	while (!strstr(xserver_in, "<stream:stream") ||
		!strchr(strstr(xserver_in, "<stream:stream"), '>'))
		xserver_fill(fd);
	xserver_put(head, sizeof(head) - 1);
	xserver_flush(fd);
	snprintf(text, sizeof(text), "bench%s", secret);
	SHA1((const unsigned char *)text, strlen(text), sum);
	for (size_t i = 0; i < sizeof(sum); i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	while (!strstr(xserver_in, "</handshake>"))
		xserver_fill(fd);
	if (!strstr(xserver_in, hex))
		exit(1);
	xserver_put("<handshake/>", 12);
	xserver_flush(fd);
	xserver_n_in = 0;
}

int xserver_accept(unsigned port, const char *secret)
{
	int fd = accept_one(port);

	shake_hands(fd, secret);
	return fd;
}

void xserver_keep(const char *rest)
{
	const size_t gone = (size_t)(rest - xserver_in);

	xserver_n_in -= gone;
	memmove(xserver_in, rest, xserver_n_in + 1);
}

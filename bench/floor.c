/* floor - what a cold `stox test` cannot avoid: starting with the same libraries, one PBKDF2 of
 * 4,096 rounds, and two TLS handshakes with a server in another process, checked against a CA.
 * `floor PORT NAME CA-FILE`; whoever starts it measures it. */
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROUNDS = 4096, HANDSHAKES = 2 };

static void die(const char *what)
{
	fprintf(stderr, "floor: %s\n", what);
	exit(1);
}

static SSL_CTX *new_context(const char *ca_file)
{
	/* As the program does: its own configuration file and clean-up are left out. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
	OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (!ctx || SSL_CTX_load_verify_file(ctx, ca_file) != 1)
		die("no CA");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return ctx;
}

static int connect_to(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		die("no connection");
	return fd;
}

static void handshake(SSL_CTX *ctx, unsigned port, const char *name)
{
	int fd = connect_to(port);
	SSL *ssl = SSL_new(ctx);

	if (!ssl || SSL_set_fd(ssl, fd) != 1 || SSL_set1_host(ssl, name) != 1 ||
		SSL_set_tlsext_host_name(ssl, name) != 1 || SSL_connect(ssl) != 1)
		die("no handshake");
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	unsigned char key[32];

	if (argc != 4)
		return 2;
	SSL_CTX *ctx = new_context(argv[3]);
	PKCS5_PBKDF2_HMAC("password", 8, (const unsigned char *)"salt", 4, ROUNDS, EVP_sha256(),
		sizeof(key), key);
	for (int i = 0; i < HANDSHAKES; i++)
		handshake(ctx, (unsigned)strtoul(argv[1], NULL, 10), argv[2]);
	SSL_CTX_free(ctx);
	return 0;
}

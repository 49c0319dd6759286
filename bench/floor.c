/* floor - the CPU time that a cold `stox test` cannot avoid: starting with the same libraries, one
 * PBKDF2 of 4,096 rounds, the client's half of two handshakes.  Prints microseconds. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "net/authority.h"
#include "net/channel.h"

enum { ROUNDS = 4096, HANDSHAKES = 2, CA = 1, SERVER = 1 };

static double server_us;

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* from the start of the process */
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void die(const char *what)
{
	fprintf(stderr, "floor: %s\n", what);
	exit(1);
}

/* Certificates are the server's affair: their cost is not counted. */
static struct trust *make_trust(void)
{
	double start = cpu_us();
	struct authority *a;
	struct trust *t;
	struct buf ca, identity;

	buf_init(&ca, 65536);
	buf_init(&identity, 65536);
	if (trust_new(&t) || authority_new(&a) || authority_put_ca(a, &ca) ||
		authority_put_identity(a, "pool.test", -3600, 3600, &identity) ||
		trust_add_ca(t, CA, buf_slice(&ca)) ||
		trust_add_identity(t, SERVER, buf_slice(&identity)))
		die("no certificates");
	authority_free(a);
	buf_done(&ca);
	buf_done(&identity);
	server_us += cpu_us() - start;
	return t;
}

static void step(struct channel *c, struct buf *in, struct buf *out, bool server)
{
	double start = cpu_us();
	struct buf plain;

	buf_init(&plain, 65536);
	if (channel_push(c, buf_slice(in), &plain, out))
		die("no memory");
	buf_clear(in);
	buf_done(&plain);
	server_us += server ? cpu_us() - start : 0;
}

static void handshake(struct trust *t)
{
	const struct tls_policy mine = {
		.verify = TLS_VERIFY_PEER, .trust = CA, .name = "pool.test"
	};
	const struct tls_policy theirs = {
		.accept = true, .verify = TLS_VERIFY_NOTE, .identity = SERVER
	};
	struct channel *client, *server;
	struct buf up, down;

	buf_init(&up, 1 << 20);
	buf_init(&down, 1 << 20);
	if (channel_new(&client, t, &mine) || channel_new(&server, t, &theirs))
		die("no channel");
	for (int i = 0; i < 8 && channel_state(server) != CHANNEL_UP; i++) {
		step(client, &down, &up, false);
		step(server, &up, &down, true);
	}
	if (channel_state(client) != CHANNEL_UP)
		die("no handshake");
	channel_free(client);
	channel_free(server);
	buf_done(&up);
	buf_done(&down);
}

int main(void)
{
	unsigned char key[32];
	struct trust *t = make_trust();

	PKCS5_PBKDF2_HMAC("password", 8, (const unsigned char *)"salt", 4, ROUNDS, EVP_sha256(),
		sizeof(key), key);
	for (int i = 0; i < HANDSHAKES; i++)
		handshake(t);
	trust_free(t);
	printf("%.0f\n", cpu_us() - server_us);
	return 0;
}

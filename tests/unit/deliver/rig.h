/* rig.h - a struct deliver, and a server on the loopback that a test scripts. */
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "deliver/deliver.h"
#include "notices.h"

enum { PATIENCE = 20000 /* ms */ };

/* ---- a server ---- */

/* One connection, in a thread of its own. */
struct peer {
	int fd;
	SSL *ssl;
	struct server *server;
	pthread_t thread;
};

struct server {
	void (*serve)(struct peer *p);
	const char *answer; /* what serve() makes of it */
	const void *script;
	SSL_CTX *tls; /* NULL: it has no certificate */
	bool is_tls;  /* from the first byte */
	int listener;
	unsigned port;
	pthread_t thread;
	struct peer peers[300];
	atomic_uint n_peers;
	pthread_mutex_t mutex;
	struct buf heard; /* under the mutex: all that was said to it */
	int gate[2];      /* a pipe; peer_hang() lasts until its other end is closed */
};

static inline ssize_t peer_read(struct peer *p, void *room, size_t n)
{
	const ssize_t got = p->ssl ? SSL_read(p->ssl, room, (int)n) : read(p->fd, room, n);

	if (got > 0) {
		pthread_mutex_lock(&p->server->mutex);
		buf_put(&p->server->heard, slice_of(room, (size_t)got));
		pthread_mutex_unlock(&p->server->mutex);
	}
	return got;
}

static inline bool peer_write(struct peer *p, const char *s, size_t n)
{
	while (n > 0) {
		const ssize_t done =
			p->ssl ? SSL_write(p->ssl, s, (int)n) : send(p->fd, s, n, MSG_NOSIGNAL);

		if (done <= 0)
			return false;
		s += done;
		n -= (size_t)done;
	}
	return true;
}

static inline bool peer_say(struct peer *p, const char *s)
{
	return peer_write(p, s, strlen(s));
}

/* Until the test ends. */
static inline void peer_hang(struct peer *p)
{
	struct pollfd gate = { .fd = p->server->gate[0], .events = POLLIN };

	poll(&gate, 1, PATIENCE);
}

static inline bool peer_start_tls(struct peer *p)
{
	p->ssl = SSL_new(p->server->tls);
	SSL_set_fd(p->ssl, p->fd);
	return SSL_accept(p->ssl) == 1;
}

static inline void *peer_run(void *arg)
{
	struct peer *p = arg;
	sigset_t pipe_only;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_only, NULL);
	if (!p->server->is_tls || peer_start_tls(p))
		p->server->serve(p);
	SSL_free(p->ssl);
	close(p->fd);
	return NULL;
}

static inline void *server_run(void *arg)
{
	struct server *s = arg;
	unsigned n = 0;

	for (int fd; (fd = accept(s->listener, NULL, NULL)) >= 0; n++) {
		if (n == COUNT(s->peers)) {
			close(fd);
			break;
		}
		s->peers[n] = (struct peer){ .fd = fd, .server = s };
		pthread_create(&s->peers[n].thread, NULL, peer_run, &s->peers[n]);
		atomic_fetch_add(&s->n_peers, 1);
	}
	return NULL;
}

static inline void server_start(struct server *s)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);

	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(s->listener, 512), 0);
	assert_int_equal(getsockname(s->listener, (struct sockaddr *)&a, &n), 0);
	s->port = ntohs(a.sin_port);
	pthread_mutex_init(&s->mutex, NULL);
	buf_init(&s->heard, 64 << 20);
	assert_int_equal(pipe(s->gate), 0);
	pthread_create(&s->thread, NULL, server_run, s);
}

static inline void server_stop(struct server *s)
{
	close(s->gate[1]);
	shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	for (unsigned i = 0; i < s->n_peers; i++)
		pthread_join(s->peers[i].thread, NULL);
	close(s->listener);
	close(s->gate[0]);
	buf_done(&s->heard);
	SSL_CTX_free(s->tls);
}

/* So far. */
static inline bool server_heard(struct server *s, const char *what)
{
	pthread_mutex_lock(&s->mutex);
	const bool ret = slice_find(buf_slice(&s->heard), slice_str(what)) != SIZE_MAX;
	pthread_mutex_unlock(&s->mutex);
	return ret;
}

/* What is on its way still. */
static inline bool server_hears(struct server *s, const char *what)
{
	bool ret;

	for (unsigned i = 0; !(ret = server_heard(s, what)) && i < PATIENCE; i++)
		poll(NULL, 0, 1);
	return ret;
}

/* ---- deliveries ---- */

static struct deliver *rig;

static const struct deliver_cfg rig_cfg = { .agent = "stox/test",
	.host = "watch.litware.test",
	.external_url = "https://watch.litware.test" };

static inline int rig_start(void **state)
{
	static const char *const proxies[] = { "http_proxy", "https_proxy", "all_proxy",
		"HTTPS_PROXY", "ALL_PROXY", "no_proxy", "NO_PROXY" };

	(void)state;
	for (size_t i = 0; i < COUNT(proxies); i++)
		unsetenv(proxies[i]);
	return deliver_new(&rig, &rig_cfg);
}

static inline int rig_stop(void **state)
{
	(void)state;
	rig = deliver_free(rig);
	return 0;
}

static inline void rig_await(struct deliver_done *ret)
{
	struct pollfd p = { .fd = deliver_fd(rig), .events = POLLIN };

	assert_int_equal(poll(&p, 1, PATIENCE), 1);
	assert_true(deliver_take(rig, ret));
}

static inline const char *rig_text(const struct deliver_done *done)
{
	static char room[4096];
	struct buf b;

	buf_init_in(&b, (uint8_t *)room, sizeof(room));
	text_put(&b, &done->text, NULL);
	return buf_cstr(&b);
}

/* `want` with %u for the port. */
static inline void rig_assert(
	const char *name, const struct deliver_done *done, const char *want, unsigned port)
{
	char text[1000];
	struct buf b;

	buf_init(&b, sizeof(text));
	for (const char *p = want; *p; p++)
		if (p[0] == '%' && p[1] == 'u')
			buf_putu(&b, port), p++;
		else
			buf_putc(&b, (uint8_t)*p);
	slice_cstr(buf_slice(&b), text, sizeof(text));
	buf_done(&b);
	if (strcmp(rig_text(done), text) != 0)
		fail_msg("%s: got  %s\nwant %s", name, rig_text(done), text);
}

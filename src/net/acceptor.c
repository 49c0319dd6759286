#include "net/acceptor.h"

#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/sock.h"

enum { PAUSE_MS = 100 /* when a connection cannot be taken */ };

void acceptor_hold(struct acceptor *a)
{
	event_del(&a->ready);
}

/* What cannot be taken now stays in the kernel, and the socket ready: it is not to be looked at all
 * the time. */
void acceptor_pause(struct acceptor *a, ts_t pause)
{
	const struct timeval tv = { (time_t)(pause / 1000000), (suseconds_t)(pause % 1000000) };

	event_del(&a->ready);
	event_add(&a->again, &tv);
}

void acceptor_go_on(struct acceptor *a)
{
	event_add(&a->ready, NULL);
}

static void on_again(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	acceptor_go_on(arg);
}

int acceptor_take(struct acceptor *a, struct addr *ret_peer)
{
	union sock_addr sa = { .sa = { 0 } };
	socklen_t n = sizeof(sa);
	const int fd = accept4(a->fd, &sa.sa, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0 && ret_peer)
		sock_get_addr(ret_peer, &sa);
	if (fd < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		acceptor_pause(a, TS_MS(PAUSE_MS));
	return fd;
}

int acceptor_init(
	struct acceptor *a, struct event_base *base, int fd, acceptor_ready *ready, void *arg)
{
	a->fd = fd;
	event_assign(&a->ready, base, fd, EV_READ | EV_PERSIST, ready, arg);
	evtimer_assign(&a->again, base, on_again, a);
	if (event_add(&a->ready, NULL) == 0)
		return 0;
	acceptor_done(a);
	return -ENOMEM;
}

void acceptor_done(struct acceptor *a)
{
	if (a->fd < 0)
		return;
	event_del(&a->ready);
	event_del(&a->again);
	close(a->fd);
	a->fd = -1;
}

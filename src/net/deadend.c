#include "net/deadend.h"

#include <unistd.h>

#include "base/err.h"
#include "net/sock.h"

/* One connection too many for a queue of length 0: what comes behind it is dropped (listen(2)). */
static int fill(struct dead_end *d)
{
	union sock_addr sa;
	socklen_t n = sock_put_addr(&sa, &d->addr);

	if (listen(d->fd, 0) < 0)
		return -errno;
	d->filler = sock_open(&d->addr, SOCK_STREAM);
	if (d->filler < 0)
		return d->filler;
	return connect(d->filler, &sa.sa, n) < 0 && errno != EINPROGRESS ? -errno : 0;
}

/* A socket that is connected to itself takes datagrams from nobody else. */
static int connect_to_itself(const struct dead_end *d)
{
	union sock_addr sa;
	socklen_t n = sock_put_addr(&sa, &d->addr);

	return connect(d->fd, &sa.sa, n) < 0 ? -errno : 0;
}

/* Where a listener stood a moment ago, as a listener may.  Who names the place holds it less well:
 * another one who does the same gets it, too. */
static int let_reuse(int fd)
{
	const int on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ? -errno : 0;
}

int dead_end_open(struct dead_end *ret, enum dead_end_kind kind, const struct addr *at)
{
	int err;

	*ret = (struct dead_end){ .filler = -1 };
	ret->fd = sock_open(at, kind == DEAD_END_UDP ? SOCK_DGRAM : SOCK_STREAM);
	if (ret->fd < 0)
		return ret->fd;
	err = at->port && kind != DEAD_END_UDP ? let_reuse(ret->fd) : 0;
	if (!err)
		err = sock_bind(ret->fd, at);
	if (!err)
		err = sock_local(ret->fd, &ret->addr);
	if (!err && kind == DEAD_END_UDP)
		err = connect_to_itself(ret);
	if (!err && kind == DEAD_END_FILTERED)
		err = fill(ret);
	return err;
}

void dead_end_close(struct dead_end *d)
{
	if (d->fd >= 0)
		close(d->fd);
	if (d->filler >= 0)
		close(d->filler);
	*d = (struct dead_end){ .fd = -1, .filler = -1 };
}

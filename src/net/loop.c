#include "net/loop.h"

#include <assert.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

/* Of libevent: epoll, a timer, and a pair for signals. */
enum { BASE_DESCRIPTORS = 4 };

static const struct {
	int number;
	enum loop_signal is;
} signals[] = {
	{ SIGINT, LOOP_STOP },
	{ SIGTERM, LOOP_STOP },
	{ SIGHUP, LOOP_RELOAD },
	{ SIGUSR1, LOOP_STATE },
};

struct loop {
	struct event_base *base;
	int timer_fd;
	int wake_fd; /* -1 until somebody asks for it */
	struct event timer, wake;
	struct event signals[COUNT(signals)];
	bool catching[LOOP_SIGNALS];
	unsigned n_signals[LOOP_SIGNALS];
	ts_t armed; /* TS_NEVER when the timer is not running */
	ts_t now;
	bool now_known; /* in this wake-up */
};

static ts_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t); /* cannot fail for a clock that exists */
	return (ts_t)t.tv_sec * 1000000 + (ts_t)t.tv_nsec / 1000;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	uint64_t times;

	(void)what;
	if (read(fd, &times, sizeof(times)) == sizeof(times))
		l->armed = TS_NEVER;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	uint64_t times;

	(void)what;
	(void)arg;
	/* The wake-up itself is the message; what is read does not matter. */
	if (read(fd, &times, sizeof(times)) < 0)
		return;
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	struct loop *l = arg;

	(void)what;
	for (size_t i = 0; i < COUNT(signals); i++)
		if (signals[i].number == number)
			l->n_signals[signals[i].is]++;
}

static struct event_base *make_base(void)
{
	struct event_config *cfg = event_config_new();
	struct event_base *base;

	if (!cfg)
		return NULL;
	/* Which method is used must not depend on variables of the user's shell. */
	event_config_set_flag(cfg, EVENT_BASE_FLAG_IGNORE_ENV);
	base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	return base;
}

/* Where it finds no descriptors for itself libevent ends the program.  So that many are taken and
 * given back before. */
static int check_descriptors(int fd)
{
	int fds[BASE_DESCRIPTORS], err = 0;
	unsigned n = 0;

	while (n < BASE_DESCRIPTORS && !err) {
		fds[n] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (fds[n] < 0)
			err = -errno;
		else
			n++;
	}
	while (n > 0)
		close(fds[--n]);
	return err;
}

int loop_new(struct loop **ret)
{
	struct loop *l = mem_alloc0(sizeof(*l));
	int err = -ENOMEM;

	if (!l)
		return -ENOMEM;
	l->wake_fd = -1;
	l->armed = TS_NEVER;
	l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (l->timer_fd < 0) {
		err = -errno;
		goto out;
	}
	err = check_descriptors(l->timer_fd);
	if (err)
		goto out;
	err = -ENOMEM;
	l->base = make_base();
	if (!l->base)
		goto out;
	event_assign(&l->timer, l->base, l->timer_fd, EV_READ | EV_PERSIST, on_timer, l);
	if (event_add(&l->timer, NULL) < 0)
		goto out;
	*ret = l;
	return 0;
out:
	loop_free(l);
	return err;
}

static void drop_event(struct event *ev)
{
	if (event_initialized(ev))
		event_del(ev);
}

struct loop *loop_free(struct loop *l)
{
	if (!l)
		return NULL;
	drop_event(&l->timer);
	drop_event(&l->wake);
	for (size_t i = 0; i < COUNT(signals); i++)
		if (l->catching[signals[i].is])
			drop_event(&l->signals[i]);
	if (l->base)
		event_base_free(l->base);
	if (l->timer_fd >= 0)
		close(l->timer_fd);
	if (l->wake_fd >= 0)
		close(l->wake_fd);
	mem_free(l);
	return NULL;
}

ts_t loop_now(struct loop *l)
{
	if (!l->now_known) {
		l->now = read_clock(CLOCK_MONOTONIC);
		l->now_known = true;
	}
	return l->now;
}

ts_t loop_clock(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t loop_wall(void)
{
	return (int64_t)read_clock(CLOCK_REALTIME);
}

int64_t loop_wall_offset(void)
{
	return loop_wall() - (int64_t)read_clock(CLOCK_MONOTONIC);
}

ts_t loop_boot_offset(void)
{
	const ts_t now = read_clock(CLOCK_MONOTONIC), boot = read_clock(CLOCK_BOOTTIME);

	return boot > now ? boot - now : 0;
}

/* A timer that is armed for earlier stays: it costs one idle wake-up, where moving it would cost
 * a system call in each. */
static int arm(struct loop *l, ts_t until)
{
	struct itimerspec at = {
		.it_value = {
			.tv_sec = (time_t)(until / 1000000),
			.tv_nsec = (long)(until % 1000000) * 1000,
		},
	};

	if (until >= l->armed)
		return 0;
	if (timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) < 0)
		return -errno;
	l->armed = until;
	return 0;
}

int loop_wait(struct loop *l, ts_t until)
{
	int flags = EVLOOP_ONCE;
	int err = 0;

	/* The work of this wake-up has taken time: the cached clock would sleep too long. */
	l->now_known = false;
	if (until != TS_NEVER && until <= loop_now(l))
		flags |= EVLOOP_NONBLOCK; /* alone it would loop until nothing is ready any more */
	else if (until != TS_NEVER)
		err = arm(l, until);
	if (err)
		return err;
	if (event_base_loop(l->base, flags) < 0)
		return -EIO;
	l->now_known = false;
	return 0;
}

int loop_catch(struct loop *l, enum loop_signal which)
{
	if (l->catching[which])
		return 0;
	for (size_t i = 0; i < COUNT(signals); i++) {
		if (signals[i].is != which)
			continue;
		evsignal_assign(&l->signals[i], l->base, signals[i].number, on_signal, l);
		if (event_add(&l->signals[i], NULL) < 0)
			return -ENOMEM;
		l->catching[which] = true;
	}
	return 0;
}

unsigned loop_signals(const struct loop *l, enum loop_signal which)
{
	return l->n_signals[which];
}

int loop_wake_fd(struct loop *l)
{
	if (l->wake_fd >= 0)
		return l->wake_fd;
	l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (l->wake_fd < 0)
		return -errno;
	event_assign(&l->wake, l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
	if (event_add(&l->wake, NULL) < 0) {
		close(l->wake_fd);
		l->wake_fd = -1;
		return -ENOMEM;
	}
	return l->wake_fd;
}

struct event_base *loop_base(struct loop *l)
{
	return l->base;
}

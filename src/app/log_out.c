#include "app/log_out.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum {
	RING = 256 << 10,
	PIECE = 32 << 10, /* of one write: many lines, since a system call costs more than one */
	NOTE = 256,       /* room for the line about what was dropped */
	GATHER_MS = 5,
	LAST_TRY_MS = 500,
};

struct log_out {
	int fd;
	log_out_note *note;
	void *arg;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t more, empty;
	char ring[RING];
	size_t at, n;                     /* the oldest byte, and how many there are */
	uint64_t dropped, dropped_before; /* that no line has told yet, and those that one has */
	bool ending, ended;
	bool is_left; /* by its owner, who did not wait any longer: the thread frees it */
};

/* ---- the ring; under the mutex ---- */

static void put(struct log_out *l, struct slice s)
{
	if (s.n == 0)
		return;
	const size_t at = (l->at + l->n) % RING, first = s.n < RING - at ? s.n : RING - at;

	memcpy(l->ring + at, s.p, first);
	memcpy(l->ring, s.p + first, s.n - first);
	l->n += s.n;
}

static void put_note(struct log_out *l)
{
	uint8_t room[NOTE];
	struct buf text;

	if (l->dropped == 0)
		return;
	buf_init_in(&text, room, sizeof(room));
	l->note(l->arg, l->dropped, &text);
	buf_putc(&text, '\n');
	put(l, buf_slice(&text));
	l->dropped_before += l->dropped;
	l->dropped = 0;
}

/* Whoever shares the descriptor may have made it one that does not wait: then this thread does. */
static bool waits_for_room(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return errno == EINTR || (errno == EAGAIN && (poll(&p, 1, -1) > 0 || errno == EINTR));
}

/* A descriptor whose reader is gone, or whose disk is full, takes nothing: it is dropped there, and
 * the next one may be taken. */
static void write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		const ssize_t done = write(fd, p, n);

		if (done < 0 && waits_for_room(fd))
			continue;
		if (done <= 0)
			return;
		p += done;
		n -= (size_t)done;
	}
}

static struct log_out *done(struct log_out *l)
{
	pthread_cond_destroy(&l->more);
	pthread_cond_destroy(&l->empty);
	pthread_mutex_destroy(&l->mutex);
	return mem_free(l);
}

/* The first line of many wakes this thread; the others are gathered for a moment, since a wake-up
 * costs more than a line. */
static void await_lines(struct log_out *l)
{
	if (l->n > 0 || l->ending)
		return;
	while (l->n == 0 && !l->ending)
		pthread_cond_wait(&l->more, &l->mutex);
	if (l->ending)
		return;
	pthread_mutex_unlock(&l->mutex);
	poll(NULL, 0, GATHER_MS);
	pthread_mutex_lock(&l->mutex);
}

static void *run(void *arg)
{
	struct log_out *l = arg;
	char piece[PIECE];

	pthread_mutex_lock(&l->mutex);
	for (;;) {
		await_lines(l);
		if (l->n == 0)
			break;
		const size_t n = l->n < PIECE ? l->n : PIECE;
		const size_t first = n < RING - l->at ? n : RING - l->at;
		memcpy(piece, l->ring + l->at, first);
		memcpy(piece + first, l->ring, n - first);
		pthread_mutex_unlock(&l->mutex);
		write_all(l->fd, piece, n);
		pthread_mutex_lock(&l->mutex);
		l->at = (l->at + n) % RING; /* until here it counts: what waits is bounded */
		l->n -= n;
	}
	const bool is_left = l->is_left;
	l->ended = true;
	pthread_cond_signal(&l->empty);
	pthread_mutex_unlock(&l->mutex);
	return is_left ? done(l) : NULL;
}

void log_out_line(struct log_out *l, struct slice level, struct slice line)
{
	pthread_mutex_lock(&l->mutex);
	if (l->n + level.n + line.n + 1 + NOTE > RING) {
		l->dropped++;
	} else {
		const bool was_empty = l->n == 0;

		put_note(l);
		put(l, level);
		put(l, line);
		put(l, SLICE("\n"));
		if (was_empty)
			pthread_cond_signal(&l->more);
	}
	pthread_mutex_unlock(&l->mutex);
}

void log_out_lost(struct log_out *l, uint64_t n)
{
	pthread_mutex_lock(&l->mutex);
	l->dropped += n;
	pthread_mutex_unlock(&l->mutex);
}

uint64_t log_out_dropped(struct log_out *l)
{
	pthread_mutex_lock(&l->mutex);
	const uint64_t n = l->dropped_before + l->dropped;
	pthread_mutex_unlock(&l->mutex);
	return n;
}

/* ---- life ---- */

/* A signal is the loop's: the thread takes none. */
static int start(struct log_out *l)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	const int err = pthread_create(&l->thread, NULL, run, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

int log_out_new(struct log_out **ret, int fd, log_out_note *note, void *arg)
{
	struct log_out *l = mem_alloc0(sizeof(*l));
	pthread_condattr_t clock;

	if (!l)
		return -ENOMEM;
	l->fd = fd;
	l->note = note;
	l->arg = arg;
	signal(SIGPIPE, SIG_IGN);
	pthread_mutex_init(&l->mutex, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&l->more, NULL);
	pthread_cond_init(&l->empty, &clock);
	pthread_condattr_destroy(&clock);
	int err = start(l);
	if (err)
		mem_free(l);
	else
		*ret = l;
	return err;
}

/* True when all that was in the ring is out. */
static bool wait_for_end(struct log_out *l)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LAST_TRY_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&l->mutex);
	put_note(l);
	l->ending = true;
	pthread_cond_signal(&l->more);
	while (!l->ended && pthread_cond_timedwait(&l->empty, &l->mutex, &until) == 0)
		;
	const bool ended = l->ended;
	l->is_left = !ended;
	pthread_mutex_unlock(&l->mutex);
	return ended;
}

struct log_out *log_out_free(struct log_out *l)
{
	if (!l)
		return NULL;
	const pthread_t thread = l->thread;

	if (!wait_for_end(l)) {
		/* It waits for a reader, and its ring must stay. */
		pthread_detach(thread);
		return NULL;
	}
	pthread_join(thread, NULL);
	return done(l);
}

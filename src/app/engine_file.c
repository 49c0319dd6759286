#include "app/engine_file.h"

#include <assert.h>
#include <fcntl.h>
#include <unistd.h>

#include "app/file_out.h"
#include "base/engine_trace.h"
#include "base/mem.h"

enum { LINES_MAX = 65536 }; /* of one push that wait to be written together */

struct traced {
	struct engine_file *f;
	struct engine inner;
	struct engine_trace trace;
	ts_t now;      /* of the last push */
	ts_t deadline; /* as it was told last */
};

struct engine_file {
	const char *path;
	int fd, err;
	bool told;
	ts_t began;
	struct buf lines;
	struct traced engines[ENGINE_FILE_ENGINES_MAX];
	unsigned n_engines;
};

static void write_lines(struct engine_file *f)
{
	if (!f->err)
		f->err = file_out_bytes(f->fd, buf_slice(&f->lines));
	buf_clear(&f->lines);
}

/* With room for one more. */
static struct buf *lines_of(const struct traced *t)
{
	if (buf_len(&t->f->lines) > LINES_MAX - ENGINE_TRACE_LINE_MAX)
		write_lines(t->f);
	return &t->f->lines;
}

/* ---- the engine around an engine ---- */

static void traced_push(void *self, const struct fact *in, ts_t now)
{
	struct traced *t = self;

	t->now = now;
	engine_trace_fact(lines_of(t), &t->trace, in, now);
	write_lines(t->f);
	t->inner.ops->push(t->inner.self, in, now);
}

static void traced_push_time(void *self, ts_t now)
{
	struct traced *t = self;

	t->now = now;
	engine_trace_time(lines_of(t), &t->trace, now);
	write_lines(t->f);
	t->inner.ops->push_time(t->inner.self, now);
}

static bool traced_take_output(void *self, struct output *ret)
{
	const struct traced *t = self;

	if (!t->inner.ops->take_output(t->inner.self, ret))
		return false;
	engine_trace_output(lines_of(t), &t->trace, ret, t->now);
	return true;
}

/* Behind the last want the push is over, and the deadline its own. */
static bool traced_take_want(void *self, struct want *ret)
{
	struct traced *t = self;

	if (t->inner.ops->take_want(t->inner.self, ret)) {
		engine_trace_want(lines_of(t), &t->trace, ret, t->now);
		return true;
	}
	const ts_t deadline = t->inner.ops->deadline(t->inner.self);
	if (deadline != t->deadline)
		engine_trace_deadline(lines_of(t), &t->trace, deadline, t->now);
	t->deadline = deadline;
	write_lines(t->f);
	return false;
}

static ts_t traced_deadline(const void *self)
{
	const struct traced *t = self;

	return t->inner.ops->deadline(t->inner.self);
}

static const struct engine_ops traced_ops = { "traced", traced_push, traced_push_time,
	traced_take_output, traced_take_want, traced_deadline };

struct engine engine_file_trace(struct engine_file *f, struct engine e, ts_t now)
{
	struct traced *t = &f->engines[f->n_engines];

	assert(f->n_engines < ENGINE_FILE_ENGINES_MAX);
	if (f->n_engines++ == 0)
		f->began = now;
	*t = (struct traced){ .f = f,
		.inner = e,
		.trace = { e.ops->name, f->began },
		.now = now,
		.deadline = TS_NEVER };
	return (struct engine){ &traced_ops, t };
}

/* ---- the file ---- */

static int open_new(const char *path, int *ret_fd, struct text *why)
{
	int err = file_out_check(path, why);

	if (!err)
		err = file_out_write(path, SLICE_NONE, FILE_OUT_PRIVATE, why);
	if (err)
		return err;
	*ret_fd = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	err = *ret_fd < 0 ? -errno : 0;
	if (err)
		*why = TEXT(N_("{1}: {2}"), text_str(path), text_errno(err));
	return err;
}

int engine_file_new(struct engine_file **ret, const char *path, struct text *why)
{
	int fd, err = open_new(path, &fd, why);

	if (err)
		return err;
	struct engine_file *f = mem_alloc0(sizeof(*f));
	if (!f) {
		close(fd);
		*why = TEXT_PLAIN(err_text(-ENOMEM));
		return -ENOMEM;
	}
	f->fd = fd;
	f->path = path;
	buf_init(&f->lines, LINES_MAX);
	*ret = f;
	return 0;
}

struct engine_file *engine_file_free(struct engine_file *f)
{
	if (!f)
		return NULL;
	write_lines(f);
	close(f->fd);
	buf_done(&f->lines);
	return mem_free(f);
}

bool engine_file_take_error(struct engine_file *f, struct text *ret)
{
	if (!f->err || f->told)
		return false;
	f->told = true;
	*ret = TEXT(N_("{1}: {2}; the trace ends"), text_str(f->path), text_errno(f->err));
	return true;
}

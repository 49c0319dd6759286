#include "app/progress.h"

#include "app/language.h"
#include "app/terminal.h"

enum {
	FIRST_MS = 300, /* what is over sooner needs no progress */
	TICK_MS = 100,
};

#define ERASE_LINE "\r\033[K"

static void push(void *self, const struct fact *in, ts_t now)
{
	(void)self;
	(void)in;
	(void)now;
}

static void show(struct progress *p, ts_t now)
{
	struct buf b;

	buf_init(&b, 1024);
	report_progress(
		&b, probe_result(p->probe), p->count, now - p->start, &p->style, language_look_up);
	/* A line that wraps could not be taken back. */
	if (sheet_width(buf_slice(&b)) < p->width) {
		fprintf(stderr, ERASE_LINE "%s", buf_cstr(&b));
		p->shown = true;
	}
	buf_done(&b);
}

static void push_time(void *self, ts_t now)
{
	struct progress *p = self;

	if (!p->probe || now < p->next)
		return;
	p->next = ts_add(now, TS_MS(TICK_MS));
	if (!probe_is_done(p->probe))
		show(p, now);
}

static bool take_output(void *self, struct output *ret)
{
	(void)self;
	(void)ret;
	return false;
}

static bool take_want(void *self, struct want *ret)
{
	(void)self;
	(void)ret;
	return false;
}

static ts_t deadline(const void *self)
{
	const struct progress *p = self;

	return p->probe ? p->next : TS_NEVER;
}

static const struct engine_ops ops = { .name = "progress",
	.push = push,
	.push_time = push_time,
	.take_output = take_output,
	.take_want = take_want,
	.deadline = deadline };

void progress_start(
	struct progress *p, const struct probe *probe, unsigned count, struct pump *pump)
{
	*p = (struct progress){ .probe = NULL };
	if (!terminal_can_erase(stderr))
		return;
	p->count = count;
	p->width = terminal_width(stderr);
	p->style = terminal_style(stderr, TERMINAL_COLOUR_NEVER);
	p->start = pump_now(pump);
	p->next = ts_add(p->start, TS_MS(FIRST_MS));
	/* Without it the test runs as well. */
	if (pump_add(pump, (struct engine){ .ops = &ops, .self = p }) == 0)
		p->probe = probe;
}

void progress_clear(struct progress *p)
{
	if (p->shown)
		fputs(ERASE_LINE, stderr);
	p->shown = false;
}

void progress_end(struct progress *p)
{
	progress_clear(p);
	p->probe = NULL;
}

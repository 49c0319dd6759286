#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { FIRST_CAP = 256 };

void buf_init(struct buf *b, size_t max_bytes)
{
	*b = (struct buf){ .max = max_bytes };
}

void buf_init_in(struct buf *b, uint8_t *room, size_t size)
{
	*b = (struct buf){ .p = room, .cap = size, .max = size - 1, .is_lent = true };
}

void buf_done(struct buf *b)
{
	if (b->is_lent) {
		buf_clear(b);
		return;
	}
	mem_free(b->p);
	*b = (struct buf){ .max = b->max };
}

void buf_clear(struct buf *b)
{
	b->head = b->n = 0;
	b->err = 0;
}

static void compact(struct buf *b)
{
	memmove(b->p, b->p + b->head, b->n - b->head);
	b->n -= b->head;
	b->head = 0;
}

/* Makes room for n more bytes and the NUL of buf_cstr(). */
static bool grow_slowly(struct buf *b, size_t n)
{
	if (b->err)
		return false;
	if (n > b->max - (b->n - b->head)) {
		b->err = -EMSGSIZE;
		return false;
	}
	/* Only when more was consumed than has to move: a full buffer that is read in small bites
	 * would else be moved at every put. */
	if (b->head && (b->is_lent || b->head >= b->n - b->head) && b->cap - b->n <= n)
		compact(b);
	if (b->cap - b->n > n)
		return true;
	size_t cap = b->cap ? b->cap : FIRST_CAP;
	while (cap - b->n <= n)
		cap *= 2;
	uint8_t *p = mem_realloc(b->p, cap);
	if (!p) {
		b->err = -ENOMEM;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

/* The check that nearly every put passes, small enough to be inlined. */
static inline bool grow(struct buf *b, size_t n)
{
	if (!b->err && n < b->cap - b->n && n <= b->max - (b->n - b->head))
		return true;
	return grow_slowly(b, n);
}

uint8_t *buf_reserve(struct buf *b, size_t n)
{
	return grow(b, n) ? b->p + b->n : NULL;
}

void buf_commit(struct buf *b, size_t n)
{
	if (!b->err)
		b->n += n;
}

void buf_put(struct buf *b, struct slice s)
{
	if (s.n == 0 || !grow(b, s.n))
		return;
	memcpy(b->p + b->n, s.p, s.n);
	b->n += s.n;
}

void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, slice_str(s));
}

void buf_putc(struct buf *b, uint8_t c)
{
	if (grow(b, 1))
		b->p[b->n++] = c;
}

void buf_putu(struct buf *b, uint64_t v)
{
	uint8_t digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (uint8_t)('0' + v % 10);
		v /= 10;
	} while (v);
	buf_put(b, slice_of(digits + at, sizeof(digits) - at));
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;

	size_t room = b->p ? b->cap - b->n : 0;
	va_copy(again, ap);
	int n = vsnprintf(room ? (char *)b->p + b->n : NULL, room, fmt, ap);
	if (n < 0 && !b->err)
		b->err = -EMSGSIZE; /* for one, longer than an int can say */
	if (n > 0 && grow(b, (size_t)n)) {
		if ((size_t)n >= room) /* it was cut: what is written is the start only */
			vsnprintf((char *)b->p + b->n, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

struct slice buf_slice(const struct buf *b)
{
	return b->p ? (struct slice){ b->p + b->head, b->n - b->head } : SLICE_NONE;
}

size_t buf_len(const struct buf *b)
{
	return b->n - b->head;
}

void buf_truncate(struct buf *b, size_t len)
{
	if (len < buf_len(b))
		b->n = b->head + len;
}

void buf_consume(struct buf *b, size_t n)
{
	b->head += n < buf_len(b) ? n : buf_len(b);
	if (b->head == b->n)
		b->head = b->n = 0;
}

const char *buf_cstr(struct buf *b)
{
	if (b->err || !grow(b, 0))
		return "";
	b->p[b->n] = '\0';
	return (const char *)b->p + b->head;
}

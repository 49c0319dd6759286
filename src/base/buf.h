/* buf.h - a growing buffer with a hard maximum and a sticky error.
 *
 * After the first failure every put is a no-op and buf_err() says why
 * (-ENOMEM or -EMSGSIZE); check once at the end.  Owned by whoever called
 * buf_init(); buf_done() frees.  Bytes are consumed from the front.
 */
#pragma once

#include <stdarg.h>

#include "base/err.h"
#include "base/slice.h"

struct buf {
	uint8_t *p;
	size_t head; /* consumed */
	size_t n;    /* end of data; head <= n <= cap */
	size_t cap;
	size_t max;
	int err;
	bool is_lent; /* p is the owner's */
};

void buf_init(struct buf *b, size_t max_bytes);
/* In the owner's room, with a NUL's place: no more than size - 1 bytes, and nothing is allocated.
 */
void buf_init_in(struct buf *b, uint8_t *room, size_t size);
void buf_done(struct buf *b);  /* wipes nothing; the buffer can be used again after it */
void buf_clear(struct buf *b); /* empty and without error; keeps the memory */
void buf_put(struct buf *b, struct slice s);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, uint8_t c);
void buf_putu(struct buf *b, uint64_t v); /* decimal */
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Room for n bytes to be written by the caller, then buf_commit(n); NULL on failure. */
uint8_t *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);
struct slice buf_slice(const struct buf *b); /* valid until the next put, clear or done */
size_t buf_len(const struct buf *b);
void buf_truncate(struct buf *b, size_t len); /* keeps the first len bytes of buf_slice() */
void buf_consume(struct buf *b, size_t n);    /* drops n bytes at the front */
/* The content as a C string (a NUL is put behind it, not counted); "" on error. */
const char *buf_cstr(struct buf *b);
static inline int buf_err(const struct buf *b)
{
	return b->err;
}

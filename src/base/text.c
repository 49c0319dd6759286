#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

struct text_arg text_slice(struct slice s)
{
	return (struct text_arg){ .value = s.p ? s : SLICE("") };
}

struct text_arg text_str(const char *s)
{
	return text_slice(slice_str(s));
}

struct text_arg text_id(const char *id)
{
	return (struct text_arg){ .id = id };
}

struct text_arg text_u64(uint64_t v)
{
	struct text_arg a = { .id = NULL };

	snprintf(a.own, sizeof(a.own), "%llu", (unsigned long long)v);
	return a;
}

struct text_arg text_seconds(ts_t t)
{
	struct text_arg a = { .decimal = true };

	snprintf(a.own, sizeof(a.own), "%.1f", (double)t / 1e6);
	return a;
}

struct text_arg text_fine_seconds(ts_t t)
{
	struct text_arg a = { .decimal = true };

	snprintf(a.own, sizeof(a.own), "%llu.%06llu", (unsigned long long)(t / TS_S(1)),
		(unsigned long long)(t % TS_S(1)));
	return a;
}

struct text_arg text_addr(const struct addr *addr)
{
	struct text_arg a = { .id = NULL };

	addr_text(addr, a.own);
	return a;
}

struct text_arg text_date(int64_t s)
{
	struct text_arg a = { .id = NULL };
	struct buf b;

	buf_init(&b, sizeof(a.own));
	rfc3339_put(&b, s * 1000000);
	slice_cstr(slice_cut(buf_slice(&b), 0, sizeof("2026-11-25") - 1), a.own, sizeof(a.own));
	buf_done(&b);
	return a;
}

struct text_arg text_errno(int err)
{
	return text_id(err_text(err));
}

/* What a terminal would obey or a line break at: C0, DEL, C1, the line separators of Unicode, and
 * the marks that turn the direction of writing, with which a text can pose as another. */
bool text_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* The first character of s, clean; s goes on behind it. */
static struct slice take_clean(struct slice *s)
{
	uint32_t c = 0;
	size_t n = utf8_decode(*s, &c);
	struct slice ret = slice_cut(*s, 0, n);

	*s = slice_skip(*s, n ? n : 1);
	return n == 0 || text_is_control(c) ? SLICE("?") : ret;
}

static void store(struct text *t, struct slice value)
{
	const size_t room = sizeof(t->store) - TEXT_ARGS_MAX; /* a NUL for each argument */

	while (value.n) {
		struct slice c = take_clean(&value);

		if (t->n_store + c.n > room)
			break;
		memcpy(t->store + t->n_store, c.p, c.n);
		t->n_store = (uint16_t)(t->n_store + c.n);
	}
	t->store[t->n_store++] = '\0';
}

struct text text_make(const char *id, const struct text_arg *args, size_t n_args)
{
	struct text t = { .id = id };

	assert(n_args <= TEXT_ARGS_MAX);
	for (size_t i = 0; i < n_args; i++) {
		const struct text_arg *a = &args[i];

		t.arg_ids[i] = a->id;
		t.arg_at[i] = t.n_store;
		t.decimals |= (uint8_t)(a->decimal ? 1u << i : 0);
		if (!a->id)
			store(&t, a->value.p ? a->value : slice_str(a->own));
	}
	t.n_args = (unsigned)n_args;
	return t;
}

void text_put_clean(struct buf *b, struct slice raw)
{
	while (raw.n)
		buf_put(b, take_clean(&raw));
}

static const char *look(text_look_up *look_up, const char *id)
{
	return look_up && id[0] ? look_up(id) : id; /* gettext gives its header for "" */
}

static void put_decimal(struct buf *b, const char *value, text_look_up *look_up)
{
	for (; *value; value++)
		if (*value == '.')
			/* TRANSLATORS: the decimal point of seconds in a sentence: 2.5 */
			buf_puts(b, look(look_up, N_(".")));
		else
			buf_putc(b, (uint8_t)*value);
}

static void put_arg(struct buf *b, const struct text *t, unsigned i, text_look_up *look_up)
{
	const char *value = t->store + t->arg_at[i];

	if (t->arg_ids[i])
		buf_puts(b, look(look_up, t->arg_ids[i]));
	else if (t->decimals & 1u << i)
		put_decimal(b, value, look_up);
	else
		buf_puts(b, value);
}

/* {1} at the start of s: which argument, or 0. */
static unsigned place(struct slice s)
{
	return s.n >= 3 && s.p[0] == '{' && s.p[2] == '}' && s.p[1] >= '1' &&
			       s.p[1] <= '0' + TEXT_ARGS_MAX
		       ? (unsigned)(s.p[1] - '0')
		       : 0;
}

void text_put(struct buf *b, const struct text *t, text_look_up *look_up)
{
	struct slice s = t->id ? slice_str(look(look_up, t->id)) : SLICE_NONE;

	while (s.n) {
		size_t plain = slice_chr(s, '{');
		unsigned n;

		buf_put(b, slice_cut(s, 0, plain));
		s = slice_skip(s, plain);
		n = s.n ? place(s) : 0;
		if (n == 0 || n > t->n_args) {
			buf_put(b, slice_cut(s, 0, 1));
			s = slice_skip(s, 1);
			continue;
		}
		put_arg(b, t, n - 1, look_up);
		s = slice_skip(s, 3);
	}
}

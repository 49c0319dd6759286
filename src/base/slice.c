#include "base/slice.h"

#include <string.h>

struct slice slice_str(const char *s)
{
	return (struct slice){ (const uint8_t *)s, s ? strlen(s) : 0 };
}

struct slice slice_of(const void *p, size_t n)
{
	return (struct slice){ p, n };
}

struct slice slice_cut(struct slice s, size_t from, size_t to)
{
	if (to > s.n)
		to = s.n;
	if (from > to)
		from = to;
	return s.p ? (struct slice){ s.p + from, to - from } : SLICE_NONE;
}

struct slice slice_skip(struct slice s, size_t n)
{
	return slice_cut(s, n, s.n);
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
	while (s.n && is_space(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool slice_ieq(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return false;
	if (a.n == 0 || memcmp(a.p, b.p, a.n) == 0)
		return true; /* as nearly always */
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool slice_eqs(struct slice a, const char *s)
{
	return slice_eq(a, slice_str(s));
}

bool slice_ieqs(struct slice a, const char *s)
{
	return slice_ieq(a, slice_str(s));
}

bool slice_starts(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && slice_eq(slice_cut(s, 0, prefix.n), prefix);
}

bool slice_ends(struct slice s, struct slice suffix)
{
	return s.n >= suffix.n && slice_eq(slice_skip(s, s.n - suffix.n), suffix);
}

int slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	if (c)
		return c;
	return a.n < b.n ? -1 : a.n > b.n;
}

size_t slice_chr(struct slice s, uint8_t c)
{
	const uint8_t *at = s.n ? memchr(s.p, c, s.n) : NULL;

	return at ? (size_t)(at - s.p) : s.n;
}

size_t slice_find(struct slice s, struct slice what)
{
	if (what.n == 0)
		return 0;
	if (what.n > s.n)
		return SIZE_MAX;
	for (size_t i = 0, end = s.n - what.n + 1; i < end; i++) {
		i += slice_chr((struct slice){ s.p + i, end - i }, what.p[0]);
		if (i < end && memcmp(s.p + i, what.p, what.n) == 0)
			return i;
	}
	return SIZE_MAX;
}

struct slice slice_split(struct slice *s, uint8_t c)
{
	size_t at = slice_chr(*s, c);
	struct slice head = slice_cut(*s, 0, at);

	*s = slice_skip(*s, at + 1);
	return head;
}

bool slice_u64(struct slice s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint64_t d = (uint64_t)s.p[i] - '0';

		if (d > 9 || v > (UINT64_MAX - d) / 10)
			return false;
		v = 10 * v + d;
	}
	if (v > max)
		return false;
	*ret = v;
	return true;
}

bool slice_cstr(struct slice s, char *buf, size_t size)
{
	buf[0] = '\0';
	if (s.n >= size || slice_chr(s, '\0') < s.n)
		return false;
	if (s.n)
		memcpy(buf, s.p, s.n);
	buf[s.n] = '\0';
	return true;
}

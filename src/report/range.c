#include "report/range.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/text.h"

enum { SECONDS_MAX = 1000000000, DECIMALS = 6 };

static int refuse(struct where *where, size_t offset, const char *what)
{
	*where = (struct where){ .offset = offset, .what = what };
	return ERR_SYNTAX;
}

/* Digits and at most six decimals, perhaps with a minus in front. */
static bool read_number(struct slice text, int64_t *ret)
{
	const bool minus = slice_starts(text, SLICE("-"));
	struct slice rest = slice_skip(text, minus), whole = slice_split(&rest, '.');
	const bool point = whole.n + minus < text.n;
	uint64_t s, us = 0;

	if (!slice_u64(whole, SECONDS_MAX, &s) || rest.n > DECIMALS || (point && rest.n == 0))
		return false;
	if (rest.n && !slice_u64(rest, 999999, &us))
		return false;
	for (size_t i = rest.n; i < DECIMALS; i++)
		us *= 10;
	*ret = (int64_t)(TS_S(s) + us) * (minus ? -1 : 1);
	return true;
}

int range_read(struct slice text, struct range *ret, struct where *where)
{
	struct range r = { .is_set = true, .inside = slice_starts(text, SLICE("@")) };
	struct slice end = slice_skip(text, r.inside);
	const size_t colon = slice_chr(end, ':');
	size_t at = r.inside;

	if (colon < end.n) {
		struct slice start = slice_split(&end, ':');

		r.from_minus_infinity = slice_eqs(start, "~");
		if (!r.from_minus_infinity && !read_number(start, &r.start_us))
			return refuse(
				where, at, N_("there must be a number or ~ before the colon"));
		at += colon + 1;
		r.to_infinity = end.n == 0;
	}
	if (!r.to_infinity && !read_number(end, &r.end_us))
		return refuse(where, at, N_("it must be a number of seconds"));
	if (!r.from_minus_infinity && !r.to_infinity && r.start_us > r.end_us) {
		*where = (struct where){ .offset = 0, .what = N_("the start is above the end") };
		return ERR_LIMIT;
	}
	*ret = r;
	return 0;
}

static void put_number(struct buf *b, int64_t us)
{
	const uint64_t n = us < 0 ? (uint64_t)-us : (uint64_t)us;
	size_t len;

	buf_printf(b, "%s%llu.%06llu", us < 0 ? "-" : "", (unsigned long long)(n / TS_S(1)),
		(unsigned long long)(n % TS_S(1)));
	for (len = buf_len(b); len && buf_slice(b).p[len - 1] == '0'; len--)
		;
	buf_truncate(b, len && buf_slice(b).p[len - 1] == '.' ? len - 1 : len);
}

void range_put(struct buf *b, const struct range *r)
{
	if (!r->is_set)
		return;
	buf_puts(b, r->inside ? "@" : "");
	if (r->from_minus_infinity)
		buf_puts(b, "~:");
	else if (r->start_us != 0 || r->to_infinity) {
		put_number(b, r->start_us);
		buf_putc(b, ':');
	}
	if (!r->to_infinity)
		put_number(b, r->end_us);
}

bool range_alerts(const struct range *r, ts_t value)
{
	const int64_t v = value > INT64_MAX ? INT64_MAX : (int64_t)value;
	const bool in =
		(r->from_minus_infinity || v >= r->start_us) && (r->to_infinity || v <= r->end_us);

	return r->is_set && in == r->inside;
}

/* What is said of a value changes at the ends of a range only: these and their neighbours are
 * looked at. */
bool range_can_alert(const struct range *r, const struct range *unless, ts_t end)
{
	const int64_t last = (int64_t)end - 1, at[] = { 1, last, r->start_us - 1, r->start_us,
		r->end_us, r->end_us + 1, unless->start_us - 1, unless->start_us, unless->end_us,
		unless->end_us + 1 };

	for (size_t i = 0; i < COUNT(at); i++)
		if (at[i] >= 1 && at[i] <= last && range_alerts(r, (ts_t)at[i]) &&
			!range_alerts(unless, (ts_t)at[i]))
			return true;
	return false;
}

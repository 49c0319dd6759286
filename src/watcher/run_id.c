#include "watcher/run_id.h"

#include <inttypes.h>
#include <stdio.h>

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
enum { BASE = sizeof(digits) - 1 };

const char *run_id_put(char ret[RUN_ID_MAX], int64_t test_id, int64_t scheduled_at)
{
	char text[RUN_ID_MAX / 2];
	char *p = text + sizeof(text) - 1;
	uint64_t rest = (uint64_t)scheduled_at;

	*p = '\0';
	do {
		*--p = digits[rest % BASE];
		rest /= BASE;
	} while (rest);
	snprintf(ret, RUN_ID_MAX, "%" PRId64 "-%s", test_id, p);
	return ret;
}

static int digit(uint8_t c, unsigned base)
{
	for (unsigned i = 0; i < base; i++)
		if (digits[i] == (char)c)
			return (int)i;
	return -1;
}

/* No sign, no zero in front, nothing over what a time can be. */
static bool read_number(struct slice s, unsigned base, int64_t *ret)
{
	uint64_t v = 0;

	if (s.n == 0 || (s.n > 1 && s.p[0] == '0'))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		const int d = digit(s.p[i], base);

		if (d < 0 || v > (INT64_MAX - (uint64_t)d) / base)
			return false;
		v = v * base + (uint64_t)d;
	}
	*ret = (int64_t)v;
	return true;
}

bool run_id_read(struct slice id, int64_t *ret_test_id, int64_t *ret_scheduled_at)
{
	enum { DECIMAL = 10 };
	const size_t at = slice_find(id, SLICE("-"));

	return at != SIZE_MAX && read_number(slice_cut(id, 0, at), DECIMAL, ret_test_id) &&
	       read_number(slice_skip(id, at + 1), BASE, ret_scheduled_at);
}

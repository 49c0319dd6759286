#include "base/str.h"

#include <limits.h>
#include <string.h>

bool ascii_is_alpha(uint8_t c)
{
	return (uint8_t)((c | 0x20) - 'a') < 26;
}

bool ascii_is_digit(uint8_t c)
{
	return (uint8_t)(c - '0') < 10;
}

uint8_t ascii_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* RFC 3629 section 4. */
static size_t decode(const uint8_t *p, size_t n, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = p[0] < 0x80       ? 1
		     : p[0] >> 5 == 6  ? 2
		     : p[0] >> 4 == 14 ? 3
		     : p[0] >> 3 == 30 ? 4
				       : 0;

	if (len == 0 || len > n)
		return 0;
	*cp = len == 1 ? p[0] : p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (p[i] & 0x3f);
	}
	if (*cp < least[len] || *cp > 0x10ffff || (*cp >= 0xd800 && *cp <= 0xdfff))
		return 0;
	return len;
}

size_t utf8_decode(struct slice s, uint32_t *ret)
{
	uint32_t cp;
	size_t n = s.n ? decode(s.p, s.n, &cp) : 0;

	if (n)
		*ret = cp;
	return n;
}

static bool is_xml_char(uint32_t cp)
{
	return (cp >= 0x20 || cp == '\t' || cp == '\n' || cp == '\r') && cp != 0xfffe &&
	       cp != 0xffff;
}

/* How many bytes at p, a multiple of eight, are printable ASCII: nothing to look at. */
static size_t plain(const uint8_t *p, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	size_t i = 0;

	for (uint64_t w; i + 8 <= n; i += 8) {
		memcpy(&w, p + i, 8);
		/* A byte below 0x20 borrows into its top bit, or into that of the byte behind it.
		 */
		if ((w | (w - ones * 0x20)) & tops)
			break;
	}
	return i;
}

static bool check(struct slice s, bool xml, size_t *bad)
{
	uint32_t cp = 0;

	for (size_t i = plain(s.p, s.n), len; i < s.n; i += len) {
		len = decode(s.p + i, s.n - i, &cp);
		if (len && (!xml || is_xml_char(cp)))
			continue;
		if (bad)
			*bad = i;
		return false;
	}
	return true;
}

void utf8_put(struct buf *b, uint32_t c)
{
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		c = 0xfffd;
	if (c < 0x80) {
		buf_putc(b, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		buf_putc(b, (uint8_t)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_putc(b, (uint8_t)(0xe0 | c >> 12));
		} else {
			buf_putc(b, (uint8_t)(0xf0 | c >> 18));
			buf_putc(b, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_putc(b, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_putc(b, (uint8_t)(0x80 | (c & 0x3f)));
}

bool utf8_valid(struct slice s, size_t *ret_bad_offset)
{
	return check(s, false, ret_bad_offset);
}

bool utf8_is_xml_text(struct slice s, size_t *ret_bad_offset)
{
	return check(s, true, ret_bad_offset);
}

size_t utf8_count(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += (s.p[i] & 0xc0) != 0x80;
	return n;
}

void hex_put(struct buf *b, struct slice bytes)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes.n; i++) {
		buf_putc(b, (uint8_t)digits[bytes.p[i] >> 4]);
		buf_putc(b, (uint8_t)digits[bytes.p[i] & 15]);
	}
}

int hex_digit(uint8_t c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_put(struct buf *b, struct slice bytes)
{
	for (size_t i = 0; i < bytes.n; i += 3) {
		size_t left = bytes.n - i;
		uint32_t v = (uint32_t)bytes.p[i] << 16;

		v |= left > 1 ? (uint32_t)bytes.p[i + 1] << 8 : 0;
		v |= left > 2 ? bytes.p[i + 2] : 0;
		buf_putc(b, (uint8_t)alphabet[v >> 18]);
		buf_putc(b, (uint8_t)alphabet[v >> 12 & 63]);
		buf_putc(b, left > 1 ? (uint8_t)alphabet[v >> 6 & 63] : '=');
		buf_putc(b, left > 2 ? (uint8_t)alphabet[v & 63] : '=');
	}
}

static int base64_digit(uint8_t c)
{
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

/* One group of four; how many bytes it stands for, or 0. */
static size_t base64_group(const uint8_t *p, bool last, uint8_t out[3])
{
	size_t n = last && p[3] == '=' ? p[2] == '=' ? 1 : 2 : 3;
	uint32_t v = 0;

	for (size_t i = 0; i < 4; i++) {
		int d = i > n ? 0 : base64_digit(p[i]);

		if (d < 0)
			return 0;
		v = v << 6 | (uint32_t)d;
	}
	for (size_t i = 0; i < 3; i++)
		out[i] = (uint8_t)(v >> (16 - 8 * i));
	/* The bits that no byte needs must be zero: one text, one meaning. */
	if ((n == 1 && (v & 0xffff)) || (n == 2 && (v & 0xff)))
		return 0;
	return n;
}

int base64_decode(struct buf *b, struct slice text)
{
	uint8_t out[3];

	if (text.n % 4)
		return ERR_SYNTAX;
	for (size_t i = 0; i < text.n; i += 4) {
		size_t n = base64_group(text.p + i, i + 4 == text.n, out);

		if (n == 0)
			return ERR_SYNTAX;
		buf_put(b, slice_of(out, n));
	}
	return buf_err(b);
}

/* Levenshtein's distance; names longer than 63 bytes are near to nothing. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[64];
	size_t n = strlen(a), m = strlen(b);

	if (n > 63 || m > 63)
		return UINT_MAX;
	for (size_t k = 0; k <= m; k++)
		row[k] = (unsigned)k;
	for (size_t i = 1; i <= n; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t k = 1; k <= m; k++) {
			unsigned substitute = diagonal + (a[i - 1] != b[k - 1]);
			unsigned best = row[k] < row[k - 1] ? row[k] + 1 : row[k - 1] + 1;

			diagonal = row[k];
			row[k] = best < substitute ? best : substitute;
		}
	}
	return row[m];
}

const char *str_nearest(const char *got, const char *const *names, size_t n)
{
	const char *best = NULL;
	unsigned least = (unsigned)strlen(got) / 3 + 2; /* a third of the letters may be wrong */

	for (size_t i = 0; i < n; i++) {
		unsigned d = distance(got, names[i]);

		if (d < least) {
			least = d;
			best = names[i];
		}
	}
	return best;
}

/* RFC 3339 in UTC.  Days to civil date by Howard Hinnant's method: gmtime() is not pure. */
void rfc3339_put(struct buf *b, int64_t us)
{
	int64_t seconds = us / 1000000, days = seconds / 86400, of_day = seconds % 86400;
	int64_t z = days + 719468, era = z / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	int64_t day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
	int64_t year = yoe + era * 400 + (month <= 2);

	buf_printf(b, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", (int)year, (int)month, (int)day,
		(int)(of_day / 3600), (int)(of_day / 60 % 60), (int)(of_day % 60),
		(int)(us % 1000000));
}

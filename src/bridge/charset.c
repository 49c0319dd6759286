#include "bridge/charset.h"

#include "base/mem.h"
#include "base/str.h"

/* Letters and digits alone, in lower case: Unicode Technical Standard 22, section 1.4. */
static const struct {
	const char *name;
	enum charset charset;
} names[] = {
	{ "utf8", CHARSET_UTF_8 },
	{ "csutf8", CHARSET_UTF_8 },
	{ "iso10646utf8", CHARSET_UTF_8 },
	{ "unicode11utf8", CHARSET_UTF_8 },
	{ "ascii", CHARSET_UTF_8 },
	{ "usascii", CHARSET_UTF_8 },
	{ "csascii", CHARSET_UTF_8 },
	{ "us", CHARSET_UTF_8 },
	{ "isoir6", CHARSET_UTF_8 },
	{ "iso646us", CHARSET_UTF_8 },
	{ "iso646irv1991", CHARSET_UTF_8 },
	{ "ansix341968", CHARSET_UTF_8 },
	{ "ansix341986", CHARSET_UTF_8 },
	{ "ibm367", CHARSET_UTF_8 },
	{ "cp367", CHARSET_UTF_8 },
	{ "iso88591", CHARSET_WINDOWS_1252 },
	{ "iso885911987", CHARSET_WINDOWS_1252 },
	{ "csisolatin1", CHARSET_WINDOWS_1252 },
	{ "isoir100", CHARSET_WINDOWS_1252 },
	{ "latin1", CHARSET_WINDOWS_1252 },
	{ "l1", CHARSET_WINDOWS_1252 },
	{ "ibm819", CHARSET_WINDOWS_1252 },
	{ "cp819", CHARSET_WINDOWS_1252 },
	{ "windows1252", CHARSET_WINDOWS_1252 },
	{ "cswindows1252", CHARSET_WINDOWS_1252 },
	{ "cp1252", CHARSET_WINDOWS_1252 },
	{ "xcp1252", CHARSET_WINDOWS_1252 },
	{ "iso885915", CHARSET_ISO_8859_15 },
	{ "csiso885915", CHARSET_ISO_8859_15 },
	{ "latin9", CHARSET_ISO_8859_15 },
	{ "utf16", CHARSET_UTF_16 },
	{ "csutf16", CHARSET_UTF_16 },
	{ "iso10646ucs2", CHARSET_UTF_16 },
	{ "utf16be", CHARSET_UTF_16BE },
	{ "csutf16be", CHARSET_UTF_16BE },
	{ "utf16le", CHARSET_UTF_16LE },
	{ "csutf16le", CHARSET_UTF_16LE },
};
enum { NAME_MAX_BYTES = 40 };

/* 0x80 to 0x9f; 0: there is none. */
static const uint16_t windows_1252[32] = {
	0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, /* 0x80 */
	0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0,      /* 0x88 */
	0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, /* 0x90 */
	0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178, /* 0x98 */
};

/* What ISO-8859-15 has in another place than ISO-8859-1. */
static const struct {
	uint8_t byte;
	uint16_t c;
} latin_9[] = {
	{ 0xa4, 0x20ac },
	{ 0xa6, 0x0160 },
	{ 0xa8, 0x0161 },
	{ 0xb4, 0x017d },
	{ 0xb8, 0x017e },
	{ 0xbc, 0x0152 },
	{ 0xbd, 0x0153 },
	{ 0xbe, 0x0178 },
};

bool charset_find(struct slice name, enum charset *ret)
{
	char plain[NAME_MAX_BYTES];
	size_t n = 0;

	for (size_t i = 0; i < name.n; i++) {
		if (!ascii_is_alpha(name.p[i]) && !ascii_is_digit(name.p[i]))
			continue;
		if (n == sizeof(plain))
			return false;
		plain[n++] = (char)ascii_lower(name.p[i]);
	}
	for (size_t i = 0; i < COUNT(names); i++)
		if (slice_eqs(slice_of(plain, n), names[i].name)) {
			*ret = names[i].charset;
			return true;
		}
	return false;
}

uint32_t charset_of_windows_1252(uint8_t byte)
{
	return byte >= 0x80 && byte < 0xa0 ? windows_1252[byte - 0x80] : byte;
}

static uint32_t of_latin_9(uint8_t byte)
{
	for (size_t i = 0; i < COUNT(latin_9); i++)
		if (latin_9[i].byte == byte)
			return latin_9[i].c;
	return byte;
}

static int put_bytes(struct buf *b, uint32_t (*of)(uint8_t byte), struct slice in)
{
	for (size_t i = 0; i < in.n; i++) {
		const uint32_t c = of(in.p[i]);

		if (c == 0 && in.p[i] != 0)
			return ERR_SYNTAX;
		utf8_put(b, c);
	}
	return buf_err(b);
}

static uint32_t unit_at(struct slice in, bool is_little)
{
	return is_little ? (uint32_t)in.p[1] << 8 | in.p[0] : (uint32_t)in.p[0] << 8 | in.p[1];
}

static bool is_in(uint32_t c, uint32_t first, uint32_t last)
{
	return c >= first && c <= last;
}

/* RFC 2781 section 2.2 */
static int put_utf_16(struct buf *b, struct slice in, bool is_little)
{
	while (in.n >= 2) {
		uint32_t c = unit_at(in, is_little);

		in = slice_skip(in, 2);
		if (is_in(c, 0xd800, 0xdbff) && in.n >= 2) {
			const uint32_t low = unit_at(in, is_little);

			if (!is_in(low, 0xdc00, 0xdfff))
				return ERR_SYNTAX;
			c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
			in = slice_skip(in, 2);
		}
		if (is_in(c, 0xd800, 0xdfff))
			return ERR_SYNTAX;
		utf8_put(b, c);
	}
	return in.n ? ERR_SYNTAX : buf_err(b);
}

int charset_put_utf8(struct buf *b, enum charset charset, struct slice in)
{
	switch (charset) {
	case CHARSET_UTF_8:
		if (!utf8_valid(in, NULL))
			return ERR_SYNTAX;
		buf_put(b, in);
		break;
	case CHARSET_ISO_8859_15: return put_bytes(b, of_latin_9, in);
	case CHARSET_WINDOWS_1252: return put_bytes(b, charset_of_windows_1252, in);
	case CHARSET_UTF_16: return put_utf_16(b, in, slice_starts(in, SLICE("\xff\xfe")));
	case CHARSET_UTF_16BE: return put_utf_16(b, in, false);
	case CHARSET_UTF_16LE: return put_utf_16(b, in, true);
	}
	return buf_err(b);
}

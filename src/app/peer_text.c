#include "app/peer_text.h"

#include "base/str.h"

/* "ESC [ 1;31 m"; 0: it is something else. */
static size_t colour_length(struct slice s)
{
	size_t i = 2;

	if (!slice_starts(s, SLICE("\033[")))
		return 0;
	while (i < s.n && (ascii_is_digit(s.p[i]) || s.p[i] == ';'))
		i++;
	return i < s.n && s.p[i] == 'm' ? i + 1 : 0;
}

/* So many bytes stay; 0: the first one does not. */
static size_t kept_length(struct slice s)
{
	uint32_t c = 0;
	const size_t n = utf8_decode(s, &c);

	if (c == '\n' || c == '\t')
		return n;
	if (slice_starts(s, SLICE("\r\n")))
		return 2;
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ? colour_length(s) : n;
}

void peer_text_put(struct buf *b, struct slice raw)
{
	while (raw.n) {
		uint32_t c;
		const size_t whole = utf8_decode(raw, &c), kept = kept_length(raw);

		buf_put(b, kept ? slice_cut(raw, 0, kept) : SLICE("?"));
		raw = slice_skip(raw, kept ? kept : whole ? whole : 1);
	}
}

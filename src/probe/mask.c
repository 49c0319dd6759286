/* What a trace may not show: proofs of identity.  Bodies of tests are nonces and stay. */
#include "base/mem.h"
#include "base/str.h"
#include "probe/private.h"

static void mask_values(struct buf *out, struct slice line)
{
	static const char *const secrets[] = { "response=\"", "cnonce=\"", "nonce=\"",
		"gssapi-data=\"" };

	while (line.n) {
		size_t best = line.n, skip = 0;

		for (size_t i = 0; i < COUNT(secrets); i++) {
			size_t at = slice_find(line, slice_str(secrets[i]));

			if (at != SIZE_MAX && at < best) {
				best = at;
				skip = slice_str(secrets[i]).n;
			}
		}
		buf_put(out, slice_cut(line, 0, best + skip));
		line = slice_skip(line, best + skip);
		if (skip == 0)
			return;
		buf_puts(out, "***");
		line = slice_skip(line, slice_chr(line, '"'));
	}
}

static bool has_credentials(struct slice line)
{
	struct slice name = slice_trim(slice_cut(line, 0, slice_chr(line, ':')));

	return slice_ieqs(name, "Authorization") || slice_ieqs(name, "Proxy-Authorization") ||
	       slice_ieqs(name, "WWW-Authenticate") || slice_ieqs(name, "Proxy-Authenticate") ||
	       slice_ieqs(name, "Authentication-Info");
}

void mask_sip(struct buf *out, struct slice text)
{
	while (text.n) {
		size_t end = slice_chr(text, '\n');
		struct slice line = slice_cut(text, 0, end + 1);

		if (has_credentials(line))
			mask_values(out, line);
		else
			buf_put(out, line);
		text = slice_skip(text, end + 1);
	}
}

/* The content of SASL elements and of a component's handshake: from the end of the tag to the next.
 */
static bool is_secret_tag(struct slice tag)
{
	static const char *const names[] = { "<auth", "<challenge", "<response", "<success",
		"<handshake" };

	for (size_t i = 0; i < COUNT(names); i++) {
		struct slice name = slice_str(names[i]);

		if (slice_starts(tag, name) && tag.n > name.n && !ascii_is_alpha(tag.p[name.n]))
			return true;
	}
	return false;
}

void mask_xmpp(struct buf *out, struct slice text)
{
	while (text.n) {
		size_t open = slice_chr(text, '<');
		struct slice tag = slice_skip(text, open);
		size_t close = slice_chr(tag, '>');

		buf_put(out, slice_cut(text, 0, open));
		buf_put(out, slice_cut(tag, 0, close + 1));
		text = slice_skip(tag, close + 1);
		if (!is_secret_tag(tag) || (close > 0 && close < tag.n && tag.p[close - 1] == '/'))
			continue;
		size_t content = slice_chr(text, '<');
		if (content)
			buf_puts(out, "***");
		text = slice_skip(text, content);
	}
}

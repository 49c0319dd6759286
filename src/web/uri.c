#include "web/uri.h"

#include "base/str.h"
#include "web/fields.h"

/* ---- percent signs ---- */

/* RFC 3986 section 2.1.  False: no two hexadecimal digits behind a percent sign. */
static bool decode(struct slice text, bool is_form, struct buf *ret)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] != '%') {
			buf_putc(ret, is_form && text.p[i] == '+' ? ' ' : text.p[i]);
			continue;
		}
		if (i + 2 >= text.n)
			return false;
		const int high = hex_digit(text.p[i + 1]), low = hex_digit(text.p[i + 2]);
		if (high < 0 || low < 0)
			return false;
		buf_putc(ret, (uint8_t)(high << 4 | low));
		i += 2;
	}
	return true;
}

void web_uri_put(struct buf *b, struct slice text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.n; i++) {
		const uint8_t c = text.p[i];
		if (ascii_is_alpha(c) || ascii_is_digit(c) || slice_chr(SLICE("-._~"), c) < 4) {
			buf_putc(b, c);
			continue;
		}
		buf_putc(b, '%');
		buf_putc(b, (uint8_t)digits[c >> 4]);
		buf_putc(b, (uint8_t)digits[c & 15]);
	}
}

/* ---- paths ---- */

static bool is_segment(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] == 0x7f || s.p[i] == '/' || s.p[i] == '\\')
			return false;
	return s.n > 0 && utf8_valid(s, NULL) && !slice_eqs(s, ".") && !slice_eqs(s, "..");
}

static bool add_segment(struct web_path *p, struct slice encoded, struct buf *text)
{
	const size_t from = buf_len(text);

	if (p->n == WEB_SEGMENTS_MAX || !decode(encoded, false, text) || buf_err(text))
		return false;
	const struct slice segment = slice_skip(buf_slice(text), from);
	p->segments[p->n++] = segment;
	return is_segment(segment);
}

bool web_path_decode(struct web_path *ret, struct slice path)
{
	struct buf text;

	ret->n = 0;
	buf_init_in(&text, ret->text, sizeof(ret->text));
	if (path.n == 0 || path.p[0] != '/')
		return false;
	for (path = slice_skip(path, 1); path.n;) {
		const size_t slash = slice_chr(path, '/');
		if (slash + 1 == path.n || !add_segment(ret, slice_cut(path, 0, slash), &text))
			return false;
		path = slice_skip(path, slash + 1);
	}
	return true;
}

bool web_route_match(
	const char *pattern, const struct web_path *path, struct slice values[WEB_SEGMENTS_MAX])
{
	struct slice rest = slice_skip(slice_str(pattern), 1);
	unsigned n = 0, n_values = 0;

	for (; rest.n; n++) {
		const struct slice want = slice_split(&rest, '/');
		if (n == path->n)
			return false;
		if (want.p[0] == '{')
			values[n_values++] = path->segments[n];
		else if (!slice_eq(want, path->segments[n]))
			return false;
	}
	return n == path->n;
}

/* ---- queries ---- */

/* XML's characters are the ones that a page can show. */
static int take_value(struct slice encoded, struct buf *ret)
{
	buf_clear(ret);
	if (!decode(encoded, true, ret))
		return ERR_SYNTAX;
	if (buf_err(ret))
		return buf_err(ret);
	return utf8_is_xml_text(buf_slice(ret), NULL) ? 0 : ERR_SYNTAX;
}

int web_query_find(struct slice query, const char *name, struct buf *ret)
{
	const size_t n_name = slice_str(name).n;
	struct slice found = { 0 };
	bool is_found = false;

	buf_clear(ret);
	for (unsigned n = 0; query.n; n++) {
		struct slice value = slice_split(&query, '&');
		const struct slice key = slice_split(&value, '=');

		if (n == WEB_PARAMETERS_MAX)
			return ERR_LIMIT;
		if (key.n > 3 * n_name)
			continue;
		const int err = take_value(key, ret);
		if (err && err != ERR_SYNTAX)
			return err;
		if (err || !slice_eqs(buf_slice(ret), name))
			continue;
		if (is_found)
			return ERR_SYNTAX;
		is_found = true;
		found = value;
	}
	buf_clear(ret);
	return is_found ? take_value(found, ret) : -ENOENT;
}

int web_form_find(const struct web_request *r, const char *name, struct buf *ret)
{
	struct slice type = web_field_find(r, "Content-Type");

	buf_clear(ret);
	if (!slice_ieqs(slice_trim(slice_split(&type, ';')), "application/x-www-form-urlencoded"))
		return -ENOENT;
	return web_query_find(r->body, name, ret);
}

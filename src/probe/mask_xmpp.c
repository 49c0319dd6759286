/* A scanner of XML that never needs a byte twice.  It is not a parser: what is ill-formed only
 * makes it hide more. */
#include <string.h>

#include "base/mem.h"
#include "probe/mask.h"

enum { NOT_AGAIN = -1 }; /* a depth at which nothing ends what is left out */

/* ---- names ---- */

static void name_clear(struct mask_name *n)
{
	n->n = n->local = 0;
}

static void add(struct mask_name *n, uint8_t c)
{
	if (n->n < sizeof(n->text))
		n->text[n->n] = (char)c;
	n->n += n->n <= sizeof(n->text);
}

/* A prefix that is longer than half of the room is forgotten: the local name is what counts. */
static void name_add(struct mask_name *n, uint8_t c)
{
	if (c == ':' && n->n >= sizeof(n->text) / 2) {
		name_clear(n);
		return;
	}
	add(n, c);
	if (c == ':')
		n->local = n->n;
}

static struct slice name_whole(const struct mask_name *n)
{
	return n->n <= sizeof(n->text) ? slice_of(n->text, n->n) : SLICE_NONE;
}

static struct slice name_local(const struct mask_name *n)
{
	return slice_skip(name_whole(n), n->local);
}

static bool is_one_of(struct slice name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eqs(name, names[i]))
			return true;
	return false;
}

static enum mask_skip content_of(const struct mask *m, struct slice name)
{
	static const char *const secrets[] = { "auth", "challenge", "response", "success", "abort",
		"initial-response", "additional-data", "task-data", "handshake", "password",
		"digest" };
	static const char *const bodies[] = { "body", "subject" };

	if (is_one_of(name, secrets, COUNT(secrets)))
		return MASK_SKIP_SECRET;
	return !m->bodies && is_one_of(name, bodies, COUNT(bodies)) ? MASK_SKIP_BODY
								    : MASK_SKIP_NOTHING;
}

static bool is_field(const struct mask_xml *x)
{
	return slice_eqs(name_local(&x->name), "field");
}

/* XEP-0484's token and XEP-0045's password are attributes; and nothing else can hide in the tag of
 * an element whose content is secret. */
static bool attr_is_hidden(const struct mask_xml *x)
{
	static const char *const hidden[] = { "password", "token", "secret" };

	if (is_one_of(name_local(&x->attr), hidden, COUNT(hidden)))
		return true;
	return x->tag_is == MASK_SKIP_SECRET && !is_field(x) &&
	       !slice_starts(name_whole(&x->attr), SLICE("xmlns")) &&
	       !slice_eqs(name_whole(&x->attr), "mechanism");
}

/* Values that say what the element is: SASL2's <success/> holds elements of which only one is
 * secret, a form's field (XEP-0004 section 3.3) may be private. */
static void note_value(struct mask_xml *x)
{
	const struct slice attr = name_whole(&x->attr), value = name_whole(&x->value);

	if (slice_eqs(name_whole(&x->name), "success") && slice_eqs(attr, "xmlns") &&
		slice_eqs(value, "urn:xmpp:sasl:2"))
		x->tag_is = MASK_SKIP_NOTHING;
	if (is_field(x) && ((slice_eqs(attr, "type") && slice_eqs(value, "text-private")) ||
				   (slice_eqs(attr, "var") && slice_eqs(value, "password"))))
		x->tag_is = MASK_SKIP_SECRET;
}

/* ---- what is shown ---- */

static void flush(struct mask *m)
{
	mask_put(m, m->xml.shown);
	m->xml.shown = SLICE_NONE;
}

/* What lies side by side in what is pushed is written in one piece. */
static void put(struct mask *m, struct slice s)
{
	struct mask_xml *x = &m->xml;

	if (x->skip != MASK_SKIP_NOTHING) {
		x->skipped += s.n;
	} else if (x->shown.n && x->shown.p + x->shown.n == s.p) {
		x->shown.n += s.n;
	} else {
		flush(m);
		x->shown = s;
	}
}

static void put_this(struct mask *m)
{
	put(m, slice_of(m->xml.at, 1));
}

/* The '<' and what came behind it, which may be of two reads. */
static void put_open(struct mask *m)
{
	struct mask_xml *x = &m->xml;

	if (x->open && x->open + 1 == x->at) {
		put(m, slice_of(x->open, 2));
	} else {
		put(m, SLICE("<"));
		put_this(m);
	}
}

/* What stands for the content that was left out. */
static void put_instead(struct mask *m)
{
	struct mask_xml *x = &m->xml;
	struct buf b;

	flush(m);
	if (x->skipped) {
		buf_init(&b, 64);
		if (x->skip == MASK_SKIP_BODY)
			buf_printf(&b, "[%zu bytes]", x->skipped);
		else
			buf_puts(&b, "***");
		mask_put(m, buf_slice(&b));
		buf_done(&b);
	}
	x->skipped = 0;
}

static void begin_skip(struct mask_xml *x)
{
	x->skip = x->tag_is;
	x->skip_depth = x->depth;
	x->skip_name = x->name;
	x->skipped = 0;
}

static void end_skip(struct mask *m)
{
	put_instead(m);
	m->xml.skip = MASK_SKIP_NOTHING;
	mask_put(m, SLICE("</"));
	mask_put(m, name_whole(&m->xml.skip_name));
	mask_put(m, SLICE(">"));
}

/* ---- tags ---- */

/* A stream begins again behind SASL without an end of the one before (RFC 6120 section 6.4.6). */
static bool is_stream(const struct mask_xml *x)
{
	return x->depth <= 1 && slice_eqs(name_local(&x->name), "stream");
}

/* True when a piece ends here. */
static bool start_tag_ended(struct mask_xml *x)
{
	const bool stream = is_stream(x) && !x->slash && !x->skip;

	x->state = MASK_XML_TEXT;
	if (stream)
		x->depth = 1;
	else if (!x->slash)
		x->depth++;
	if (!x->slash && x->tag_is != MASK_SKIP_NOTHING && !x->skip)
		begin_skip(x);
	return stream || (x->slash && x->depth <= 1 && !x->skip);
}

/* An end tag that is not the right one, where what is left out should end: nothing more is shown.
 */
static bool end_tag_ended(struct mask *m)
{
	struct mask_xml *x = &m->xml;

	x->state = MASK_XML_TEXT;
	if (x->skip != MASK_SKIP_NOTHING) {
		const bool here = x->depth == x->skip_depth;

		if (here && slice_eq(name_whole(&x->name), name_whole(&x->skip_name))) {
			end_skip(m);
		} else {
			x->skipped += x->tag_bytes;
			if (here)
				x->skip_depth = (unsigned)NOT_AGAIN;
		}
	}
	x->depth -= x->depth > 0;
	return x->depth <= 1 && x->skip == MASK_SKIP_NOTHING;
}

static void open_tag(struct mask *m, const uint8_t *at)
{
	struct mask_xml *x = &m->xml;

	x->state = MASK_XML_OPEN;
	x->open = at;
	x->slash = false;
	x->tag_is = MASK_SKIP_NOTHING;
	x->matched = 0;
	name_clear(&x->name);
}

/* ---- one byte in each state; true when a piece ends with it ---- */

static bool in_open(struct mask *m, uint8_t c)
{
	struct mask_xml *x = &m->xml;

	if (c == '/') {
		x->state = MASK_XML_END_TAG;
		x->tag_bytes = 2;
		if (!x->skip)
			put_open(m);
		return false;
	}
	put_open(m);
	if (c == '!') {
		x->state = MASK_XML_MARKUP;
	} else if (c == '?') {
		x->state = MASK_XML_PI;
	} else {
		x->state = MASK_XML_NAME;
		name_add(&x->name, c);
	}
	return false;
}

static bool in_end_tag(struct mask *m, uint8_t c)
{
	struct mask_xml *x = &m->xml;

	x->tag_bytes++;
	if (!x->skip)
		put_this(m);
	if (c == '>')
		return end_tag_ended(m);
	if (!mask_is_space(c))
		name_add(&x->name, c);
	return false;
}

static bool in_tag(struct mask *m, uint8_t c)
{
	struct mask_xml *x = &m->xml;

	put_this(m);
	if (c == '>')
		return start_tag_ended(x);
	x->slash = c == '/';
	if (mask_is_space(c) || c == '/')
		return false;
	x->state = MASK_XML_ATTR;
	name_clear(&x->attr);
	name_add(&x->attr, c);
	return false;
}

static bool in_name(struct mask *m, uint8_t c)
{
	struct mask_xml *x = &m->xml;

	if (c != '>' && c != '/' && !mask_is_space(c)) {
		put_this(m);
		name_add(&x->name, c);
		return false;
	}
	x->tag_is = content_of(m, name_local(&x->name));
	x->state = MASK_XML_TAG;
	return in_tag(m, c);
}

static bool in_attr(struct mask *m, uint8_t c)
{
	struct mask_xml *x = &m->xml;

	if (c == '>' || mask_is_space(c) || c == '=')
		x->state = c == '>' ? MASK_XML_TAG : MASK_XML_EQUALS;
	if (c == '>')
		return in_tag(m, c);
	put_this(m);
	if (x->state == MASK_XML_ATTR)
		name_add(&x->attr, c);
	return false;
}

static bool in_equals(struct mask *m, uint8_t c)
{
	struct mask_xml *x = &m->xml;

	if (c == '>') {
		x->state = MASK_XML_TAG;
		return in_tag(m, c);
	}
	if (c == '"' || c == '\'') {
		x->state = MASK_XML_VALUE;
		x->quote = c;
		x->value_hidden = attr_is_hidden(x);
		name_clear(&x->value);
		put_this(m);
	} else if (mask_is_space(c) || c == '=' || !attr_is_hidden(x)) {
		put_this(m); /* a value without quotes is ill-formed */
	}
	return false;
}

/* The quote that ends the value. */
static bool in_value(struct mask *m)
{
	struct mask_xml *x = &m->xml;

	if (x->value_hidden)
		put(m, SLICE("***"));
	put_this(m);
	note_value(x);
	x->state = MASK_XML_TAG;
	return false;
}

static bool in_markup(struct mask *m, uint8_t c)
{
	static const char cdata[] = "[CDATA[";
	struct mask_xml *x = &m->xml;

	put_this(m);
	if (c == '-' && x->matched == 0) {
		x->state = MASK_XML_COMMENT;
	} else if (c == (uint8_t)cdata[x->matched]) {
		if (++x->matched < sizeof(cdata) - 1)
			return false;
		x->state = MASK_XML_CDATA;
	} else {
		x->state = c == '>' ? MASK_XML_TEXT : MASK_XML_DECLARATION;
	}
	x->matched = 0;
	return false;
}

/* Until `twice` two times and a '>' ("-->", "]]>"), or once ("?>"), or the '>' alone. */
static bool until(struct mask *m, uint8_t c, uint8_t twice, unsigned times)
{
	struct mask_xml *x = &m->xml;

	put_this(m);
	if (c == '>' && x->matched >= times)
		x->state = MASK_XML_TEXT;
	x->matched = c == twice ? x->matched + 1 : 0;
	return false;
}

/* No tag has a '<' in it.  What is ill-formed ends here, and what it would have hidden stays so. */
static void break_tag(struct mask *m)
{
	struct mask_xml *x = &m->xml;

	if (x->state == MASK_XML_OPEN)
		put(m, SLICE("<"));
	if (x->state == MASK_XML_NAME)
		x->tag_is = content_of(m, name_local(&x->name));
	if (x->state != MASK_XML_END_TAG && x->tag_is != MASK_SKIP_NOTHING && !x->skip)
		begin_skip(x);
	if (x->skip)
		x->skip_depth = (unsigned)NOT_AGAIN;
	open_tag(m, x->at);
}

static bool push_byte(struct mask *m, uint8_t c)
{
	if (c == '<' && m->xml.state < MASK_XML_MARKUP) {
		break_tag(m);
		return false;
	}
	switch (m->xml.state) {
	case MASK_XML_TEXT: break; /* taken in runs, as most of a value is */
	case MASK_XML_OPEN: return in_open(m, c);
	case MASK_XML_NAME: return in_name(m, c);
	case MASK_XML_TAG: return in_tag(m, c);
	case MASK_XML_ATTR: return in_attr(m, c);
	case MASK_XML_EQUALS: return in_equals(m, c);
	case MASK_XML_VALUE: return in_value(m);
	case MASK_XML_END_TAG: return in_end_tag(m, c);
	case MASK_XML_MARKUP: return in_markup(m, c);
	case MASK_XML_COMMENT: return until(m, c, '-', 2);
	case MASK_XML_CDATA: return until(m, c, ']', 2);
	case MASK_XML_DECLARATION: return until(m, c, 0, 0);
	case MASK_XML_PI: return until(m, c, '?', 1);
	}
	return false;
}

/* White space between stanzas keeps a connection alive (RFC 6120 section 4.6.1) and is none. */
static struct slice without_keepalives(const struct mask *m, struct slice text)
{
	const bool begins = buf_len(&m->piece) == 0 && m->xml.shown.n == 0;

	while (begins && m->xml.depth <= 1 && text.n && mask_is_space(text.p[0]))
		text = slice_skip(text, 1);
	return text;
}

static void push_text(struct mask *m, struct slice *in)
{
	struct slice text = slice_cut(*in, 0, slice_chr(*in, '<'));

	*in = slice_skip(*in, text.n);
	put(m, m->xml.skip ? text : without_keepalives(m, text));
	if (in->n) {
		open_tag(m, in->p);
		*in = slice_skip(*in, 1);
	}
}

static void push_value(struct mask *m, struct slice *in)
{
	struct mask_xml *x = &m->xml;
	size_t n = 0;

	while (n < in->n && in->p[n] != x->quote && in->p[n] != '<')
		add(&x->value, in->p[n++]);
	if (!x->value_hidden)
		put(m, slice_cut(*in, 0, n));
	*in = slice_skip(*in, n);
}

/* True when a piece ends in it. */
static bool push(struct mask *m, struct slice *in)
{
	while (in->n) {
		if (m->xml.state == MASK_XML_TEXT) {
			push_text(m, in);
			continue;
		}
		if (m->xml.state == MASK_XML_VALUE)
			push_value(m, in);
		if (in->n == 0)
			break;
		m->xml.at = in->p;
		*in = slice_skip(*in, 1);
		if (push_byte(m, *m->xml.at))
			return true;
	}
	return false;
}

bool mask_xml_next(struct mask *m, struct slice *in)
{
	const bool ended = push(m, in);

	flush(m);
	m->xml.open = NULL;
	return ended;
}

void mask_xml_rest(struct mask *m)
{
	if (m->xml.state == MASK_XML_OPEN)
		put(m, SLICE("<"));
	flush(m);
	if (m->xml.skip != MASK_SKIP_NOTHING)
		put_instead(m);
}

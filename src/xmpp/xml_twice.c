#include "xmpp/xml_twice.h"

#include <string.h>

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool ends_name(uint8_t c)
{
	return is_space(c) || c == '=' || c == '>' || c == '/';
}

/* ---- the names of one tag ---- */

static void begin_tag(struct xml_twice *t)
{
	t->state = XML_TWICE_TAG;
	t->in_element_name = true;
	t->is_blind = false;
	t->n_attrs = t->n_names = 0;
	t->n_drops = 0;
	t->holds = false;
}

static struct slice name_at_hand(const struct xml_twice *t)
{
	const size_t start = t->n_attrs ? t->ends[t->n_attrs - 1] : 0;

	return slice_of(t->names + start, t->n_names - start);
}

static bool is_known(const struct xml_twice *t, struct slice name)
{
	size_t start = 0;

	for (unsigned i = 0; i < t->n_attrs; i++) {
		if (t->ends[i] - start == name.n && memcmp(t->names + start, name.p, name.n) == 0)
			return true;
		start = t->ends[i];
	}
	return false;
}

/* The name at hand is whole. */
static void end_name(struct xml_twice *t)
{
	t->drops = !t->is_blind && t->n_drops < XML_TWICE_DROPS && is_known(t, name_at_hand(t));
	t->n_drops += t->drops;
	t->dropped += t->drops;
	if (t->drops)
		t->n_names = t->n_attrs ? t->ends[t->n_attrs - 1] : 0;
	else if (!t->is_blind)
		t->ends[t->n_attrs++] = t->n_names;
	t->is_blind |= t->n_attrs == XML_TWICE_ATTRS;
	t->state = XML_TWICE_EQUALS;
}

/* ---- the states ---- */

/* Each looks at in.p[at], or from there on, and returns where it is then. */
static size_t at_bang(struct xml_twice *t, struct slice in, size_t at)
{
	t->state = in.p[at] == '[' ? XML_TWICE_CDATA : XML_TWICE_SKIP;
	t->brackets = 0;
	return at;
}

static size_t in_cdata(struct xml_twice *t, struct slice in, size_t at)
{
	const uint8_t c = in.p[at];

	if (c == '>' && t->brackets >= 2)
		t->state = XML_TWICE_TEXT;
	t->brackets = c != ']' ? 0 : t->brackets < 2 ? (uint8_t)(t->brackets + 1) : 2;
	return at + 1;
}

static size_t in_tag(struct xml_twice *t, struct slice in, size_t at)
{
	const uint8_t c = in.p[at];

	if (c == '>')
		t->state = XML_TWICE_TEXT;
	else if (is_space(c) || c == '/')
		t->in_element_name = false;
	else if (!t->in_element_name) {
		t->state = XML_TWICE_NAME;
		return at;
	}
	return at + 1;
}

static size_t at_open(struct xml_twice *t, struct slice in, size_t at)
{
	if (in.p[at] == '!')
		t->state = XML_TWICE_BANG;
	else if (in.p[at] == '?' || in.p[at] == '/')
		t->state = XML_TWICE_SKIP;
	else {
		begin_tag(t);
		return at;
	}
	return at + 1;
}

static size_t at_equals(struct xml_twice *t, struct slice in, size_t at)
{
	const uint8_t c = in.p[at];

	if (c == '"' || c == '\'') {
		t->quote = c;
		t->state = XML_TWICE_VALUE;
	} else if (c == '>') /* ill-formed: the parser's affair */
		t->state = XML_TWICE_TEXT;
	return at + 1;
}

static size_t behind(struct slice in, size_t at, uint8_t c, bool *found)
{
	const size_t to = at + slice_chr(slice_skip(in, at), c);

	*found = to < in.n;
	return *found ? to + 1 : in.n;
}

static size_t up_to(
	struct xml_twice *t, struct slice in, size_t at, uint8_t c, enum xml_twice_state then)
{
	bool found;

	at = behind(in, at, c, &found);
	if (found)
		t->state = then;
	return at;
}

static size_t step(struct xml_twice *t, struct slice in, size_t at)
{
	switch (t->state) {
	case XML_TWICE_TEXT: return up_to(t, in, at, '<', XML_TWICE_OPEN);
	case XML_TWICE_OPEN: return at_open(t, in, at);
	case XML_TWICE_BANG: return at_bang(t, in, at);
	case XML_TWICE_CDATA: return in_cdata(t, in, at);
	case XML_TWICE_SKIP: return up_to(t, in, at, '>', XML_TWICE_TEXT);
	case XML_TWICE_TAG: return in_tag(t, in, at);
	case XML_TWICE_EQUALS: return at_equals(t, in, at);
	case XML_TWICE_VALUE: return up_to(t, in, at, t->quote, XML_TWICE_TAG);
	case XML_TWICE_NAME: break; /* read_name() */
	}
	return at;
}

/* ---- attributes ---- */

/* The bytes of a name from `at` on; true when its end is there. */
static bool read_name(struct xml_twice *t, struct slice in, size_t *at)
{
	const size_t start = *at;

	while (*at < in.n && !ends_name(in.p[*at]))
		++*at;
	const size_t n = *at - start;
	if (t->n_names + n > XML_TWICE_NAMES)
		t->is_blind = true;
	if (!t->is_blind) {
		memcpy(t->names + t->n_names, in.p + start, n);
		t->n_names = (uint16_t)(t->n_names + n);
	}
	return *at < in.n;
}

/* The second attribute of a name, to behind its value. */
static size_t drop(struct xml_twice *t, struct slice in, size_t at)
{
	while (at < in.n && (t->state == XML_TWICE_EQUALS || t->state == XML_TWICE_VALUE))
		at = step(t, in, at);
	t->drops = t->state == XML_TWICE_EQUALS || t->state == XML_TWICE_VALUE;
	return at;
}

/* In the middle of a name whose first bytes were held back. */
static size_t go_on_with_name(struct xml_twice *t, struct slice in, struct slice *keep)
{
	const struct slice held = name_at_hand(t);
	size_t at = 0;
	const bool whole = read_name(t, in, &at);

	if (t->is_blind) { /* let go what was held; the rest of it is looked at again, and passes */
		*keep = held;
		t->holds = false;
		return 0;
	}
	if (!whole)
		return at;
	*keep = name_at_hand(t);
	t->holds = false;
	end_name(t);
	if (t->drops)
		*keep = SLICE_NONE;
	return at;
}

size_t xml_twice_step(struct xml_twice *t, struct slice in, struct slice *keep)
{
	size_t at = 0;

	*keep = SLICE_NONE;
	if (t->drops)
		return drop(t, in, 0);
	if (t->holds)
		return go_on_with_name(t, in, keep);
	while (at < in.n) {
		if (t->state != XML_TWICE_NAME) {
			at = step(t, in, at);
			continue;
		}
		const size_t name = at;
		const bool whole = read_name(t, in, &at);
		if (!whole && !t->is_blind)
			t->holds = true;
		else if (whole)
			end_name(t);
		if (t->holds || t->drops) {
			*keep = slice_cut(in, 0, name);
			return at;
		}
	}
	*keep = in;
	return at;
}

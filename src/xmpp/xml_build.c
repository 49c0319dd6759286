/* What expat tells becomes trees and events, within the limits. */
#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "xmpp/xml_priv.h"

/* Since expat 2.6.0, and in Debian's 2.5.0 with its security patches: no version number tells, so
 * the linker is asked.  Without it there is no deferral to switch off. */
extern XML_Bool XML_SetReparseDeferralEnabled(XML_Parser parser, XML_Bool enabled)
	__attribute__((weak));

enum {
	TEXT_MIN = 32,
	KEPT_VALUE_MAX = 4096, /* a JID has 3071 bytes: RFC 7622 section 3.1 */
};

/* ---- events ---- */

struct xml_queued *xml_reader_emit(struct xml_reader *r, enum xml_event_type type)
{
	assert(r->n_events < COUNT(r->queue));
	struct xml_queued *q = &r->queue[(r->first + r->n_events++) % COUNT(r->queue)];

	*q = (struct xml_queued){ .ev = { .type = type } };
	return q;
}

void xml_reader_fail_at(
	struct xml_reader *r, const char *condition, size_t offset, const char *what)
{
	if (r->failed)
		return;
	r->failed = true;
	struct xml_queued *q = xml_reader_emit(r, XML_EV_ERROR);

	q->ev.condition = condition;
	q->ev.where = (struct where){ .offset = offset, .what = what };
	XML_StopParser(r->expat, XML_FALSE);
}

size_t xml_reader_offset(const struct xml_reader *r)
{
	XML_Index i = XML_GetCurrentByteIndex(r->expat);

	return i < 0 ? r->fed : r->skew + (size_t)i;
}

void xml_reader_fail(struct xml_reader *r, const char *condition, const char *what)
{
	xml_reader_fail_at(r, condition, xml_reader_offset(r), what);
}

void xml_reader_fail_memory(struct xml_reader *r)
{
	xml_reader_fail(r, "internal-server-error", "out of memory");
}

/* A limit is passed: by the stream, or (limits.cut) by a stanza that pays for it alone. */
static void over(struct xml_reader *r, const char *what)
{
	if (r->limits.cut && r->depth > 0)
		r->cutting = true;
	else
		xml_reader_fail(r, "policy-violation", what);
}

/* ---- names and values ---- */

static struct xml_arena *arena(struct xml_reader *r)
{
	return r->depth == 0 ? &r->stream : &r->building;
}

static bool copy(struct xml_reader *r, struct slice s, struct slice *ret)
{
	uint8_t *p = xml_arena_bytes(arena(r), &r->pool, s.n);

	if (!p) {
		xml_reader_fail_memory(r);
		return false;
	}
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	*ret = (struct slice){ p, s.n };
	return true;
}

static bool spend_name(struct xml_reader *r, const char *name)
{
	int err = xml_names_add(&r->names, slice_str(name));

	if (err == ERR_LIMIT)
		xml_reader_fail(r, "policy-violation", "too many different names in one stream");
	else if (err)
		xml_reader_fail_memory(r);
	return err == 0;
}

/* Of what is passed over the names count as well: expat keeps them all the same. */
static bool spend_names(struct xml_reader *r, const char *name, const char **attrs)
{
	if (!spend_name(r, name))
		return false;
	for (unsigned i = 0; attrs[i]; i += 2)
		if (!spend_name(r, attrs[i]))
			return false;
	return true;
}

static bool declare(struct xml_reader *r, struct xml_open *o, const char *attr, const char *value)
{
	int err = xml_scope_declare(&o->scope, arena(r), &r->pool, attr, value);

	if (err == ERR_LIMIT)
		over(r, "too many namespaces are declared");
	else if (err)
		xml_reader_fail_memory(r);
	else if (r->depth == 0 && o->scope.standard)
		r->content_ns = o->scope.standard->ns;
	return !r->failed;
}

static bool declare_all(struct xml_reader *r, struct xml_open *o, const char **attrs)
{
	for (unsigned i = 0; attrs[i]; i += 2)
		if (xml_scope_is_declaration(attrs[i]) && !declare(r, o, attrs[i], attrs[i + 1]))
			return false;
	return true;
}

/* What has a name that means nothing is passed over with all that is in it; a stanza of such a
 * name is none that anybody could answer. */
static bool name_node(struct xml_reader *r, struct xml_open *o, const char *text)
{
	struct xml_node *n = o->node;
	struct slice whole;

	if (!copy(r, slice_str(text), &whole))
		return false;
	if (xml_scope_element(&o->scope, whole, &n->ns, &n->name))
		return true;
	n->ns = SLICE("");
	n->name = whole;
	if (r->depth == 1)
		r->cutting = true;
	else if (r->depth > 1)
		r->dropped = r->depth;
	return r->depth < 2;
}

static const struct xml_attr *find_attr(const struct xml_node *n, const struct xml_attr *like)
{
	for (const struct xml_attr *a = n->attrs; a; a = a->next)
		if (slice_eq(a->name, like->name) && slice_eq(a->ns, like->ns))
			return a;
	return NULL;
}

/* One that means nothing, or is there already under another prefix, is passed over. */
static bool add_attr(struct xml_reader *r, struct xml_open *o, const char *text, const char *value)
{
	struct xml_attr *a = xml_arena_alloc(arena(r), &r->pool, sizeof(*a));
	struct slice whole;

	if (!a) {
		xml_reader_fail_memory(r);
		return false;
	}
	if (!copy(r, slice_str(text), &whole))
		return false;
	if (!xml_scope_attr(&o->scope, whole, &a->ns, &a->name))
		return true;
	if (a->ns.n > 0 && find_attr(o->node, a))
		return true;
	if (!copy(r, slice_str(value), &a->value))
		return false;
	if (o->attrs)
		o->attrs->next = a;
	else
		o->node->attrs = a;
	o->attrs = a;
	return true;
}

/* Of a stanza that is cut in its own tag: what it takes to answer it. */
static bool is_kept(const struct xml_reader *r, const char *name, const char *value)
{
	static const char *const kept[] = { "from", "to", "id", "type" };

	if (!r->cutting)
		return true;
	for (unsigned i = 0; r->depth == 1 && i < COUNT(kept); i++)
		if (strcmp(name, kept[i]) == 0)
			return strlen(value) <= KEPT_VALUE_MAX;
	return false;
}

static bool add_attrs(struct xml_reader *r, struct xml_open *o, const char **attrs)
{
	unsigned n = 0;

	for (unsigned i = 0; attrs[i]; i += 2) {
		if (xml_scope_is_declaration(attrs[i]))
			continue;
		if (n++ == r->limits.attrs)
			over(r, "too many attributes in one element");
		if (r->failed)
			return false;
		if (is_kept(r, attrs[i], attrs[i + 1]) && !add_attr(r, o, attrs[i], attrs[i + 1]))
			return false;
	}
	return true;
}

/* ---- what expat tells ---- */

static bool see_token(struct xml_reader *r)
{
	r->seen = xml_reader_offset(r) + (size_t)XML_GetCurrentByteCount(r->expat);
	return !r->failed;
}

/* Every token of a stanza passes here: its size is where the token ends, whatever that holds.
 * False: the stream has failed, or the stanza is being cut. */
static bool begin_token(struct xml_reader *r)
{
	if (!see_token(r))
		return false;
	const size_t n = r->seen - r->unit_start;
	if (r->cutting && n > XML_CUT_BYTES)
		xml_reader_fail(r, "policy-violation", "a stanza does not end");
	if (!r->cutting && n > r->limits.stanza_bytes)
		over(r, "a stanza is too long");
	return !r->failed && !r->cutting;
}

/* Its tag too: with more than that the limits of the element are passed. */
static void check_room(struct xml_reader *r)
{
	const char *what = NULL;

	if ((size_t)XML_GetCurrentByteCount(r->expat) > r->limits.tag_bytes)
		what = "a tag is too long";
	else if (r->depth > r->limits.depth)
		what = "elements are nested too deep";
	else if (r->depth > 0 && r->nodes == r->limits.nodes)
		what = "too many elements in one stanza";
	if (what)
		over(r, what);
}

/* False: the stream has failed, or this element leaves nothing behind.  Of a stanza that is cut in
 * its own tag that much is left. */
static bool begin_element(struct xml_reader *r, const char *name, const char **attrs)
{
	if (begin_token(r))
		check_room(r);
	if (r->cutting && r->depth > XML_CUT_DEPTH)
		xml_reader_fail(r, "policy-violation", "elements are nested without end");
	if (r->failed || !spend_names(r, name, attrs))
		return false;
	if (r->depth > 0)
		r->nodes++;
	if ((!r->cutting || r->depth == 1) && !r->dropped)
		return true;
	r->depth++;
	return false;
}

static void emit_open(struct xml_reader *r)
{
	struct xml_queued *q = xml_reader_emit(r, XML_EV_OPEN);

	q->ev.node = r->open[0].node;
	q->ev.content_ns = r->content_ns;
	r->unit_start = r->seen;
	buf_truncate(&r->header, r->seen - r->skew); /* as the parser was given it */
}

static struct xml_open *open_node(struct xml_reader *r)
{
	struct xml_open *o = &r->open[r->depth];
	struct xml_node *n = xml_arena_alloc(arena(r), &r->pool, sizeof(*n));

	if (!n) {
		xml_reader_fail_memory(r);
		return NULL;
	}
	*o = (struct xml_open){ .node = n };
	if (r->depth > 0) {
		n->parent = o[-1].node;
		o->scope = o[-1].scope;
	}
	return o;
}

static void hang(struct xml_open *up, struct xml_node *n)
{
	if (up->last_child)
		up->last_child->next = n;
	else
		up->node->child = n;
	up->last_child = n;
}

static void on_start(void *arg, const char *name, const char **attrs)
{
	struct xml_reader *r = arg;
	struct xml_open *o = begin_element(r, name, attrs) ? open_node(r) : NULL;

	if (!o)
		return;
	if (declare_all(r, o, attrs) && name_node(r, o, name) && add_attrs(r, o, attrs) &&
		r->depth > 1)
		hang(o - 1, o->node);
	if (r->failed)
		return;
	if (r->depth++ == 0)
		emit_open(r);
}

static bool is_stop(const struct xml_reader *r, const struct xml_node *n)
{
	for (unsigned i = 0; i < r->n_stop; i++)
		if (slice_eqs(n->name, r->stop[i]))
			return true;
	return false;
}

static void emit_stanza(struct xml_reader *r)
{
	struct xml_queued *q = xml_reader_emit(r, XML_EV_STANZA);
	q->ev.node = r->open[1].node;
	q->ev.cut = r->cutting;
	q->arena = r->building;
	r->building = (struct xml_arena){ 0 };
	r->nodes = 0;
	r->unit_start = r->seen;
	r->cutting = false;
	r->stopped = is_stop(r, q->ev.node);
}

static void on_end(void *arg, const char *name)
{
	struct xml_reader *r = arg;

	(void)name; /* expat has compared it */
	(void)begin_token(r);
	if (r->failed)
		return;
	if (--r->depth == r->dropped)
		r->dropped = 0;
	if (r->depth == 1)
		emit_stanza(r);
	else if (r->depth == 0)
		xml_reader_emit(r, XML_EV_CLOSE);
}

static uint8_t *grow_text(struct xml_reader *r, struct xml_open *o, size_t need)
{
	size_t n = o->node->text.n;
	size_t cap = need < TEXT_MIN ? TEXT_MIN : need;

	if (n > 0 && xml_arena_extend(&r->building, o->text, o->text_cap, cap)) {
		o->text_cap = cap;
		return o->text;
	}
	if (n > 0)
		cap *= 2; /* it moves: seldom, however small the pieces are */
	uint8_t *p = xml_arena_bytes(&r->building, &r->pool, cap);
	if (!p) {
		xml_reader_fail_memory(r);
		return NULL;
	}
	if (n > 0)
		memcpy(p, o->text, n);
	o->text = p;
	o->text_cap = cap;
	return p;
}

/* White space keeps a stream alive, RFC 6120 section 4.6.1: as much of it as there may be. */
static void on_text_between(struct xml_reader *r, struct slice s)
{
	if (!see_token(r))
		return;
	r->unit_start = r->seen;
	if (slice_trim(s).n > 0)
		xml_reader_fail(r, "bad-format", "text between stanzas");
}

static void on_text(void *arg, const char *text, int len)
{
	struct xml_reader *r = arg;
	struct slice s = slice_of(text, (size_t)len);

	if (r->depth == 1) {
		on_text_between(r, s);
		return;
	}
	if (!begin_token(r) || r->dropped)
		return;
	struct xml_open *o = &r->open[r->depth - 1];
	struct slice *have = &o->node->text;
	if (have->n + s.n > o->text_cap && !grow_text(r, o, have->n + s.n))
		return;
	memcpy(o->text + have->n, s.p, s.n);
	*have = (struct slice){ o->text, have->n + s.n };
}

static void on_xml_declaration(void *arg, const char *version, const char *encoding, int alone)
{
	struct xml_reader *r = arg;

	(void)version;
	(void)alone;
	if (!begin_token(r))
		return;
	if (encoding && !slice_ieqs(slice_str(encoding), "UTF-8"))
		xml_reader_fail(r, "unsupported-encoding", "an encoding other than UTF-8");
}

/* RFC 6120 section 11.1 */
static void on_doctype(
	void *arg, const char *name, const char *sysid, const char *pubid, int has_subset)
{
	(void)name;
	(void)sysid;
	(void)pubid;
	(void)has_subset;
	xml_reader_fail(arg, "restricted-xml", "a document type declaration");
}

static void on_comment(void *arg, const char *text)
{
	(void)text;
	xml_reader_fail(arg, "restricted-xml", "a comment");
}

static void on_instruction(void *arg, const char *target, const char *data)
{
	(void)target;
	(void)data;
	xml_reader_fail(arg, "restricted-xml", "a processing instruction");
}

/* A section mark holds no text, but it is a token. */
static void on_cdata(void *arg)
{
	(void)begin_token(arg);
}

void xml_build_set_up(struct xml_reader *r)
{
	XML_Parser p = r->expat;

	XML_SetUserData(p, r);
	XML_SetHashSalt(p, (unsigned long)r->salt);
	if (XML_SetReparseDeferralEnabled)
		XML_SetReparseDeferralEnabled(p, XML_FALSE);
}

void xml_build_listen(struct xml_reader *r)
{
	XML_Parser p = r->expat;

	XML_SetElementHandler(p, on_start, on_end);
	XML_SetCharacterDataHandler(p, on_text);
	XML_SetXmlDeclHandler(p, on_xml_declaration);
	XML_SetStartDoctypeDeclHandler(p, on_doctype);
	XML_SetCommentHandler(p, on_comment);
	XML_SetProcessingInstructionHandler(p, on_instruction);
	XML_SetCdataSectionHandler(p, on_cdata, on_cdata);
}

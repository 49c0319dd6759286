/* What expat tells becomes trees and events, within the limits. */
#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "xmpp/xml_priv.h"

/* Since expat 2.6.0, and in Debian's 2.5.0 with its security patches: no version number tells, so
 * the linker is asked.  Without it there is no deferral to switch off. */
extern XML_Bool XML_SetReparseDeferralEnabled(XML_Parser parser, XML_Bool enabled)
	__attribute__((weak));

enum { TEXT_MIN = 32 };

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

static bool spend_name(struct xml_reader *r, struct slice name)
{
	int err = xml_names_add(&r->names, name);

	if (err == ERR_LIMIT)
		xml_reader_fail(r, "policy-violation", "too many different names in one stream");
	else if (err)
		xml_reader_fail_memory(r);
	return err == 0;
}

/* "namespace local prefix" with separators between; the first is missing when there is no
 * namespace, the last when there is no prefix.  expat keeps prefix and local name. */
static bool split_name(
	struct xml_reader *r, const char *text, struct slice *ret_ns, struct slice *ret_name)
{
	struct slice rest = slice_str(text), ns = SLICE("");

	if (slice_chr(rest, XML_SEPARATOR) < rest.n)
		ns = slice_split(&rest, XML_SEPARATOR);
	if (!spend_name(r, rest))
		return false;
	*ret_ns = ns;
	*ret_name = slice_cut(rest, 0, slice_chr(rest, XML_SEPARATOR));
	return true;
}

static bool name_node(struct xml_reader *r, struct xml_node *n, const char *text)
{
	struct slice ns, name;

	if (!split_name(r, text, &ns, &name) || !copy(r, name, &n->name))
		return false;
	if (n->parent && slice_eq(n->parent->ns, ns)) {
		n->ns = n->parent->ns; /* nearly always */
		return true;
	}
	return copy(r, ns, &n->ns);
}

static bool add_attr(struct xml_reader *r, struct xml_open *o, const char *text, const char *value)
{
	struct xml_attr *a = xml_arena_alloc(arena(r), &r->pool, sizeof(*a));
	struct slice ns, name;

	if (!a) {
		xml_reader_fail_memory(r);
		return false;
	}
	if (!split_name(r, text, &ns, &name) || !copy(r, ns, &a->ns) || !copy(r, name, &a->name) ||
		!copy(r, slice_str(value), &a->value))
		return false;
	if (o->attrs)
		o->attrs->next = a;
	else
		o->node->attrs = a;
	o->attrs = a;
	return true;
}

/* Of what is cut away the names count: expat keeps them all the same. */
static bool spend_names(struct xml_reader *r, const char **attrs)
{
	struct slice ns, name;

	for (unsigned i = 0; attrs[i]; i += 2)
		if (!split_name(r, attrs[i], &ns, &name))
			return false;
	return true;
}

static bool add_attrs(struct xml_reader *r, struct xml_open *o, const char **attrs)
{
	for (unsigned i = 0; attrs[i]; i += 2) {
		if (i / 2 == r->limits.attrs)
			over(r, "too many attributes in one element");
		if (r->cutting)
			return spend_names(r, attrs + i);
		if (r->failed || !add_attr(r, o, attrs[i], attrs[i + 1]))
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
	if (!see_token(r) || r->cutting)
		return false;
	if (r->seen - r->unit_start <= r->limits.stanza_bytes)
		return true;
	over(r, "a stanza is too long");
	return false;
}

static bool has_room(struct xml_reader *r)
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
	return !what;
}

static void skip_element(struct xml_reader *r, const char *name, const char **attrs)
{
	struct slice ns, local;

	if (r->depth == 1)
		r->open[1].node = NULL; /* nothing is left of the stanza, not even who sent it */
	r->depth++;
	if (split_name(r, name, &ns, &local))
		(void)spend_names(r, attrs);
}

static void emit_open(struct xml_reader *r)
{
	struct xml_queued *q = xml_reader_emit(r, XML_EV_OPEN);

	q->ev.node = r->open[0].node;
	q->ev.content_ns = r->content_ns;
	r->unit_start = r->seen;
	buf_truncate(&r->header, r->seen);
}

static void on_start(void *arg, const char *name, const char **attrs)
{
	struct xml_reader *r = arg;

	if (!begin_token(r) || !has_room(r)) {
		if (!r->failed)
			skip_element(r, name, attrs);
		return;
	}
	struct xml_node *n = xml_arena_alloc(arena(r), &r->pool, sizeof(*n));
	if (!n) {
		xml_reader_fail_memory(r);
		return;
	}
	struct xml_open *o = &r->open[r->depth];
	*o = (struct xml_open){ .node = n };
	if (r->depth > 0)
		n->parent = r->open[r->depth - 1].node;
	if (!name_node(r, n, name) || !add_attrs(r, o, attrs))
		return;
	if (r->depth > 1) {
		struct xml_open *up = o - 1;

		if (up->last_child)
			up->last_child->next = n;
		else
			up->node->child = n;
		up->last_child = n;
	}
	if (r->depth > 0)
		r->nodes++;
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
	r->nodes = 0;
	r->unit_start = r->seen;
	if (!r->open[1].node) {
		xml_arena_release(&r->building, &r->pool);
		r->cutting = false;
		return;
	}
	struct xml_queued *q = xml_reader_emit(r, XML_EV_STANZA);
	q->ev.node = r->open[1].node;
	q->ev.cut = r->cutting;
	q->arena = r->building;
	r->building = (struct xml_arena){ 0 };
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
	r->depth--;
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
	if (!begin_token(r))
		return;
	struct xml_open *o = &r->open[r->depth - 1];
	struct slice *have = &o->node->text;
	if (have->n + s.n > o->text_cap && !grow_text(r, o, have->n + s.n))
		return;
	memcpy(o->text + have->n, s.p, s.n);
	*have = (struct slice){ o->text, have->n + s.n };
}

static void on_namespace(void *arg, const char *prefix, const char *uri)
{
	struct xml_reader *r = arg;

	(void)begin_token(r);
	if (r->failed)
		return;
	if (prefix)
		(void)spend_name(r, slice_str(prefix));
	else if (r->depth == 0 && uri)
		(void)copy(r, slice_str(uri), &r->content_ns);
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
	XML_SetReturnNSTriplet(p, 1);
	if (XML_SetReparseDeferralEnabled)
		XML_SetReparseDeferralEnabled(p, XML_FALSE);
}

void xml_build_listen(struct xml_reader *r)
{
	XML_Parser p = r->expat;

	XML_SetElementHandler(p, on_start, on_end);
	XML_SetCharacterDataHandler(p, on_text);
	XML_SetStartNamespaceDeclHandler(p, on_namespace);
	XML_SetXmlDeclHandler(p, on_xml_declaration);
	XML_SetStartDoctypeDeclHandler(p, on_doctype);
	XML_SetCommentHandler(p, on_comment);
	XML_SetProcessingInstructionHandler(p, on_instruction);
	XML_SetCdataSectionHandler(p, on_cdata, on_cdata);
}

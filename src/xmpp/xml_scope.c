#include "xmpp/xml_scope.h"

#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "xmpp/xml.h"

#define NS_XMLNS "http://www.w3.org/2000/xmlns/"
#define XMLNS    "xmlns"

bool xml_scope_is_declaration(const char *attr)
{
	const size_t n = sizeof(XMLNS) - 1;

	return strncmp(attr, XMLNS, n) == 0 && (attr[n] == '\0' || attr[n] == ':');
}

static bool copy(struct xml_arena *a, struct xml_pool *pool, struct slice s, struct slice *ret)
{
	uint8_t *p = xml_arena_bytes(a, pool, s.n);

	if (!p)
		return false;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	*ret = (struct slice){ p, s.n };
	return true;
}

int xml_scope_declare(struct xml_scope *s, struct xml_arena *a, struct xml_pool *pool,
	const char *attr, const char *value)
{
	const bool is_default = attr[sizeof(XMLNS) - 1] == '\0';
	struct slice prefix = is_default ? SLICE("") : slice_str(attr + sizeof(XMLNS));

	/* Section 3: neither may be another's, and `xmlns:` has no prefix at all. */
	if (!is_default && (prefix.n == 0 || slice_eqs(prefix, "xml") || slice_eqs(prefix, XMLNS)))
		return 0;
	if (s->n == XML_BINDINGS_MAX)
		return ERR_LIMIT;
	struct xml_binding *b = xml_arena_alloc(a, pool, sizeof(*b));
	if (!b || !copy(a, pool, prefix, &b->prefix) || !copy(a, pool, slice_str(value), &b->ns))
		return -ENOMEM;
	b->is_usable = (is_default || b->ns.n > 0) && !slice_eqs(b->ns, NS_XMLNS);
	s->n++;
	if (is_default) {
		s->standard = b;
		return 0;
	}
	b->outer = s->prefixes;
	s->prefixes = b;
	return 0;
}

/* Letters of other scripts are the letters of no protocol: not worth expat's tables. */
static bool is_local_name(struct slice s)
{
	return s.n > 0 && (ascii_is_alpha(s.p[0]) || s.p[0] == '_') && slice_chr(s, ':') == s.n;
}

static bool resolve(const struct xml_scope *s, struct slice prefix, struct slice *ret)
{
	if (slice_eqs(prefix, "xml")) {
		*ret = SLICE(NS_XML);
		return true;
	}
	for (const struct xml_binding *b = s->prefixes; b; b = b->outer)
		if (slice_eq(b->prefix, prefix)) {
			*ret = b->ns;
			return b->is_usable;
		}
	return false;
}

/* A name with a colon in it. */
static bool prefixed(const struct xml_scope *s, struct slice qname, size_t colon,
	struct slice *ret_ns, struct slice *ret_name)
{
	*ret_name = slice_skip(qname, colon + 1);
	return is_local_name(*ret_name) && resolve(s, slice_cut(qname, 0, colon), ret_ns);
}

bool xml_scope_element(
	const struct xml_scope *s, struct slice qname, struct slice *ret_ns, struct slice *ret_name)
{
	const size_t colon = slice_chr(qname, ':');

	if (colon < qname.n)
		return prefixed(s, qname, colon, ret_ns, ret_name);
	*ret_name = qname;
	*ret_ns = s->standard ? s->standard->ns : SLICE("");
	return !s->standard || s->standard->is_usable;
}

bool xml_scope_attr(
	const struct xml_scope *s, struct slice qname, struct slice *ret_ns, struct slice *ret_name)
{
	const size_t colon = slice_chr(qname, ':');

	if (colon < qname.n)
		return prefixed(s, qname, colon, ret_ns, ret_name);
	*ret_name = qname;
	*ret_ns = SLICE(""); /* section 6.2: the default is not for attributes */
	return true;
}

#include <string.h>

#include "base/mem.h"
#include "lab/private.h"

enum { ATTRS_MAX = 32 };

static const char *ns_of(const struct conn *c)
{
	return c->kind == CONN_XMPP_COMPONENT ? NS_COMPONENT : NS_CLIENT;
}

/* Its own namespace is left out: on the other stream the default one is what both mean. */
void lab_xroute_put(struct buf *b, const struct xml_node *node, struct slice from)
{
	struct xml_attr attrs[ATTRS_MAX + 1];
	struct xml_node copy = *node;
	char ns[64];
	unsigned n = 0;

	attrs[n++] = (struct xml_attr){ .name = SLICE("from"), .value = from };
	for (const struct xml_attr *a = node->attrs; a && n <= ATTRS_MAX; a = a->next)
		if (a->ns.n || !slice_eqs(a->name, "from"))
			attrs[n++] = *a;
	for (unsigned i = 0; i < n; i++)
		attrs[i].next = i + 1 < n ? &attrs[i + 1] : NULL;
	copy.attrs = attrs;
	slice_cstr(node->ns, ns, sizeof(ns));
	xml_put_node(b, &copy, ns);
}

static void deliver(struct lab *l, struct conn *to, const struct xml_node *node, struct slice from)
{
	struct buf *b = xstream_begin(to->stream);

	if (!b)
		return; /* it does not read: its stream's limits end it */
	lab_xroute_put(b, node, from);
	lab_xserver_commit(l, to);
}

void lab_xroute_bounce(struct lab *l, struct conn *to, const struct stanza *s, struct slice from,
	enum stanza_condition condition)
{
	const struct stanza_error error = { .condition = condition, .type = ERROR_TYPE_CANCEL };
	struct stanza copy = *s;
	struct buf *b = xstream_begin(to->stream);

	copy.from = from;
	if (b && stanza_put_error_reply(b, &copy, &error))
		lab_xserver_commit(l, to);
}

/* ---- to users ---- */

bool lab_xroute_is_for(const struct conn *c, const struct jid *to)
{
	struct slice jid = slice_str(c->jid);

	if (!c->ready || c->kind != CONN_XMPP_CLIENT)
		return false;
	if (to->n_resource)
		return slice_eq(jid, jid_full(to));
	return c->available && slice_eq(slice_cut(jid, 0, slice_chr(jid, '/')), jid_bare(to));
}

void lab_xroute_unavailable(struct lab *l, struct conn *c)
{
	if (c->available)
		lab_fault_leaving(l, c);
	c->available = false;
}

bool lab_xroute_deliver(
	struct lab *l, const struct stanza *s, const struct jid *to, struct slice sender)
{
	struct list *n, *t;
	bool delivered = false;

	LIST_EACH(n, t, &l->all_conns)
	{
		struct conn *c = LIST_OWNER(n, struct conn, all);

		if (!lab_xroute_is_for(c, to))
			continue;
		deliver(l, c, s->node, sender);
		delivered = true;
	}
	return delivered;
}

/* RFC 6121 section 8.5: to every available resource; with none, or no such user, the same error, so
 * that nobody learns who exists. */
static void to_user(struct lab *l, struct conn *from, const struct stanza *s, const struct jid *to,
	struct slice sender)
{
	if (!lab_xroute_deliver(l, s, to, sender) && s->kind != STANZA_PRESENCE)
		lab_xroute_bounce(l, from, s, sender, COND_SERVICE_UNAVAILABLE);
}

/* ---- to the server itself ---- */

static void to_server(struct lab *l, struct conn *from, const struct stanza *s, struct slice sender)
{
	struct stanza copy = *s;
	struct buf *b = s->kind == STANZA_IQ ? xstream_begin(from->stream) : NULL;

	copy.from = sender;
	if (b && stanza_put_iq_answer(b, &copy))
		lab_xserver_commit(l, from);
}

/* RFC 6121 section 4.2.2: initial presence goes to all of the user's resources, also to the one
 * that sent it. */
static void presence(struct lab *l, struct conn *c, const struct stanza *s)
{
	struct slice own = slice_str(c->jid);
	struct where where;
	struct jid user;

	if (slice_eqs(s->type, "unavailable"))
		lab_xroute_unavailable(l, c);
	if (s->type.n || jid_decode(slice_cut(own, 0, slice_chr(own, '/')), &user, &where))
		return;
	c->available = true;
	lab_xroute_deliver(l, s, &user, own);
}

static void to_component(
	struct lab *l, struct conn *from, const struct stanza *s, struct slice sender)
{
	if (l->component)
		deliver(l, l->component, s->node, sender);
	else
		lab_xroute_bounce(l, from, s, sender, COND_REMOTE_SERVER_NOT_FOUND);
}

/* Whom a stanza is from: a client's own full JID whatever it says (RFC 6120 section 8.1.2.1), a
 * component's only if it is of its domain. */
static bool sender_of(const struct conn *c, const struct stanza *s, struct slice *ret)
{
	struct jid jid;
	struct where where;

	*ret = slice_str(c->jid);
	if (c->kind == CONN_XMPP_CLIENT)
		return true;
	*ret = s->from;
	return jid_decode(s->from, &jid, &where) == 0 && slice_eqs(jid_domain(&jid), c->jid);
}

void lab_xroute(struct lab *l, struct conn *from, const struct xml_node *node)
{
	struct stanza s;
	struct slice sender;
	struct jid to;
	struct where where;

	stanza_read(&s, node);
	if (s.kind == STANZA_OTHER || !slice_eqs(node->ns, ns_of(from))) {
		xstream_abort(from->stream, "unsupported-stanza-type", l->now);
		return;
	}
	if (!sender_of(from, &s, &sender)) {
		xstream_abort(from->stream, "invalid-from", l->now);
		return;
	}
	if (s.to.n == 0 && s.kind == STANZA_PRESENCE)
		presence(l, from, &s);
	else if (s.to.n == 0)
		to_server(l, from, &s, sender);
	else if (jid_decode(s.to, &to, &where))
		lab_xroute_bounce(l, from, &s, sender, COND_JID_MALFORMED);
	else if (lab_fault_stanza(l, from, &s, &to, sender))
		return;
	else if (slice_ieqs(jid_domain(&to), l->cfg.component_name))
		to_component(l, from, &s, sender);
	else if (!slice_eqs(jid_domain(&to), LAB_PARTNER_DOMAIN))
		lab_xroute_bounce(l, from, &s, sender, COND_REMOTE_SERVER_NOT_FOUND);
	else if (!to.n_local)
		to_server(l, from, &s, sender);
	else
		to_user(l, from, &s, &to, sender);
}

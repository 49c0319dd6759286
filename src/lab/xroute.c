#include "lab/xroute.h"

#include "base/mem.h"
#include "lab/fault_case.h"

enum {
	ATTRS_MAX = 32,
	HELD_BYTES_MAX = 1 << 20,
};

struct letter { /* a stanza on its way */
	struct session *from;
	struct stanza stanza;
	struct slice sender; /* as its receiver is told */
	struct jid to;
};

void xroute_init(struct xroute *r, const struct lab_cfg *cfg, struct sessions *sessions,
	struct report *report)
{
	*r = (struct xroute){ .cfg = cfg, .sessions = sessions, .report = report };
	buf_init(&r->held, HELD_BYTES_MAX);
}

void xroute_done(struct xroute *r)
{
	buf_done(&r->held);
}

/* ---- writing ---- */

/* Its own namespace is left out: on the other stream the default one is what both mean. */
static void put(struct buf *b, const struct letter *m)
{
	struct xml_attr attrs[ATTRS_MAX + 1];
	struct xml_node copy = *m->stanza.node;
	char ns[64];
	unsigned n = 0;

	attrs[n++] = (struct xml_attr){ .name = SLICE("from"), .value = m->sender };
	for (const struct xml_attr *a = copy.attrs; a && n <= ATTRS_MAX; a = a->next)
		if (a->ns.n || !slice_eqs(a->name, "from"))
			attrs[n++] = *a;
	for (unsigned i = 0; i < n; i++)
		attrs[i].next = i + 1 < n ? &attrs[i + 1] : NULL;
	copy.attrs = attrs;
	slice_cstr(copy.ns, ns, sizeof(ns));
	xml_put_node(b, &copy, ns);
}

static void deliver(struct xroute *r, struct session *to, const struct letter *m, ts_t now)
{
	struct buf *b = session_begin(to);

	if (!b)
		return;
	put(b, m);
	session_commit(r->sessions, to, now);
}

static void bounce(
	struct xroute *r, const struct letter *m, enum stanza_condition condition, ts_t now)
{
	const struct stanza_error error = { .condition = condition, .type = ERROR_TYPE_CANCEL };
	struct stanza copy = m->stanza;
	struct buf *b = session_begin(m->from);

	copy.from = m->sender;
	if (b && stanza_put_error_reply(b, &copy, &error))
		session_commit(r->sessions, m->from, now);
}

/* To all available resources, or to the one that is named: false when there is none. */
static bool deliver_all(struct xroute *r, const struct letter *m, ts_t now)
{
	struct list *n, *t;
	bool delivered = false;

	LIST_EACH(n, t, &r->sessions->all)
	{
		struct session *s = LIST_OWNER(n, struct session, all);

		if (!session_is_for(s, &m->to))
			continue;
		deliver(r, s, m, now);
		delivered = true;
	}
	return delivered;
}

/* ---- what a fault does ---- */

static void end_streams(struct xroute *r, const struct jid *user, ts_t now)
{
	struct list *n, *t;

	LIST_EACH(n, t, &r->sessions->all)
	{
		struct session *s = LIST_OWNER(n, struct session, all);

		if (session_is_for(s, user))
			xstream_abort(xhost_stream(s->host), "conflict", now);
	}
}

/* False when it is to go on as if nothing had happened. */
static bool strike(struct xroute *r, const struct fault_stanza *f, const struct letter *m, ts_t now)
{
	switch (f->does) {
	case FAULT_STANZA_NONE:
	case FAULT_STANZA_TWICE: return false;
	case FAULT_STANZA_ELSEWHERE:
	case FAULT_STANZA_DROP: break;
	case FAULT_STANZA_HOLD: put(&r->held, m); break;
	case FAULT_STANZA_BOUNCE: bounce(r, m, f->condition, now); break;
	case FAULT_STANZA_CONFLICT: end_streams(r, &m->to, now); break;
	case FAULT_STANZA_REPORT:
		report_plan(r->report, &m->to, m->sender, m->stanza.id, now);
		break;
	}
	return true;
}

/* It says that it leaves: what was held comes now, later than any deadline. */
static void release(struct xroute *r, struct session *s, ts_t now)
{
	struct buf *b = buf_len(&r->held) ? session_begin(s) : NULL;

	if (!b)
		return;
	buf_put(b, buf_slice(&r->held));
	buf_clear(&r->held);
	session_commit(r->sessions, s, now);
}

/* ---- routes ---- */

/* RFC 6121 section 8.5: to every available resource; with none, or no such user, the same error, so
 * that nobody learns who exists. */
static void to_user(struct xroute *r, const struct letter *m, ts_t now)
{
	if (!deliver_all(r, m, now) && m->stanza.kind != STANZA_PRESENCE)
		bounce(r, m, COND_SERVICE_UNAVAILABLE, now);
}

static void to_server(struct xroute *r, const struct letter *m, ts_t now)
{
	struct stanza copy = m->stanza;
	struct buf *b = copy.kind == STANZA_IQ ? session_begin(m->from) : NULL;

	copy.from = m->sender;
	if (b && stanza_put_iq_answer(b, &copy))
		session_commit(r->sessions, m->from, now);
}

static void to_component(struct xroute *r, const struct letter *m, ts_t now)
{
	if (r->sessions->component)
		deliver(r, r->sessions->component, m, now);
	else
		bounce(r, m, COND_REMOTE_SERVER_NOT_FOUND, now);
}

/* RFC 6121 section 4.2.2: to who becomes available, the account's other resources. */
static void show_another(struct xroute *r, struct session *to, struct slice account, ts_t now)
{
	struct buf *b = session_begin(to);

	if (!b)
		return;
	buf_clear(&r->held);
	buf_put(&r->held, account);
	buf_puts(&r->held, "/another");
	stanza_put_start(
		b, "presence", buf_slice(&r->held), slice_str(to->jid), SLICE_NONE, SLICE_NONE);
	xml_put_element(b, "priority", SLICE("127"));
	stanza_put_end(b, "presence");
	session_commit(r->sessions, to, now);
	buf_clear(&r->held);
}

/* RFC 6121 section 4.2.2: initial presence goes to all of the user's resources, also to the one
 * that sent it. */
static void presence(struct xroute *r, struct letter *m, ts_t now)
{
	struct session *s = m->from;
	struct slice own = slice_str(s->jid);
	struct where where;

	if (slice_eqs(m->stanza.type, "unavailable")) {
		if (s->available)
			release(r, s, now);
		s->available = false;
	}
	if (m->stanza.type.n || jid_decode(slice_cut(own, 0, slice_chr(own, '/')), &m->to, &where))
		return;
	s->available = true;
	m->sender = own;
	deliver_all(r, m, now);
	if (r->cfg->fault->stanza.does == FAULT_STANZA_ELSEWHERE)
		show_another(r, s, jid_bare(&m->to), now);
}

static void pass(struct xroute *r, const struct letter *m, ts_t now)
{
	const struct slice domain = jid_domain(&m->to);

	if (slice_ieqs(domain, r->cfg->component_name))
		to_component(r, m, now);
	else if (!slice_eqs(domain, LAB_PARTNER_DOMAIN))
		bounce(r, m, COND_REMOTE_SERVER_NOT_FOUND, now);
	else if (!m->to.n_local)
		to_server(r, m, now);
	else
		to_user(r, m, now);
}

static void route(struct xroute *r, const struct letter *m, ts_t now)
{
	const struct fault_stanza *f =
		fault_of_stanza(r->cfg->fault, &m->stanza, !m->from->is_component);

	if (f && strike(r, f, m, now))
		return;
	pass(r, m, now);
	if (f && f->does == FAULT_STANZA_TWICE)
		pass(r, m, now);
}

/* Whom a stanza is from: a client's own full JID whatever it says (RFC 6120 section 8.1.2.1), a
 * component's only if it is of its domain. */
static bool find_sender(struct letter *m)
{
	struct jid jid;
	struct where where;

	m->sender = m->from->is_component ? m->stanza.from : slice_str(m->from->jid);
	return !m->from->is_component || (jid_decode(m->sender, &jid, &where) == 0 &&
						 slice_eqs(jid_domain(&jid), m->from->jid));
}

void xroute_push(struct xroute *r, struct session *from, const struct xml_node *node, ts_t now)
{
	const char *ns = from->is_component ? NS_COMPONENT : NS_CLIENT;
	struct letter m = { .from = from };
	struct where where;

	stanza_read(&m.stanza, node);
	if (m.stanza.kind == STANZA_OTHER || !slice_eqs(node->ns, ns))
		xstream_abort(xhost_stream(from->host), "unsupported-stanza-type", now);
	else if (!find_sender(&m))
		xstream_abort(xhost_stream(from->host), "invalid-from", now);
	else if (m.stanza.to.n == 0 && m.stanza.kind == STANZA_PRESENCE)
		presence(r, &m, now);
	else if (m.stanza.to.n == 0)
		to_server(r, &m, now);
	else if (jid_decode(m.stanza.to, &m.to, &where))
		bounce(r, &m, COND_JID_MALFORMED, now);
	else
		route(r, &m, now);
}

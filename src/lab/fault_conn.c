#include <string.h>

#include "base/mem.h"
#include "lab/private.h"

enum { HELD_BYTES_MAX = 1 << 20, REPORT_BYTES_MAX = 16 << 10 };

void lab_fault_init(struct lab *l)
{
	buf_init(&l->faulty.held, HELD_BYTES_MAX);
	buf_init(&l->faulty.report, REPORT_BYTES_MAX);
	l->faulty.report_at = TS_NEVER;
}

void lab_fault_done(struct lab *l)
{
	buf_done(&l->faulty.held);
	buf_done(&l->faulty.report);
}

/* ---- connections ---- */

bool lab_fault_accepted(struct lab *l, struct conn *c)
{
	const struct fault_conn *f = &l->fault->conn;

	if (f->does == FAULT_CONN_NONE || c->origin.listener != f->at)
		return false;
	c->kind = CONN_FAULTY;
	if (f->does == FAULT_CONN_MUTE)
		lab_want(l, WANT_PAUSE)->flow = c->flow;
	return true;
}

/* At the first byte and not before: the peer has seen its connection come up, always. */
static void first_bytes(struct lab *l, struct conn *c)
{
	struct want *w;

	switch (l->fault->conn.does) {
	case FAULT_CONN_NONE:
	case FAULT_CONN_MUTE: return;
	case FAULT_CONN_RESET:
		w = lab_want(l, WANT_DROP_FLOW);
		w->flow = c->flow;
		w->reset = true;
		break;
	case FAULT_CONN_REPLY:
		buf_put(lab_out(l), l->fault->conn.reply);
		lab_send(l, &c->origin);
		lab_want(l, WANT_CLOSE_FLOW)->flow = c->flow;
		break;
	}
	lab_conn_free(l, c);
}

void lab_fault_conn(struct lab *l, struct conn *c, const struct fact *in)
{
	if (in->type == FACT_FLOW_BYTES)
		first_bytes(l, c);
	if (in->type == FACT_FLOW_EOF)
		lab_want(l, WANT_CLOSE_FLOW)->flow = c->flow;
	if (in->type == FACT_FLOW_EOF || in->type == FACT_FLOW_FAILED)
		lab_conn_free(l, c);
}

void lab_fault_tls(const struct lab *l, struct tls_policy *policy)
{
	policy->max_version = l->fault->tls.max_version;
	if (!l->fault->tls.wants_certificate)
		return;
	policy->request_certificate = true;
	policy->trust = LAB_TRUST;
	policy->verify = TLS_VERIFY_PEER;
}

/* ---- edits ---- */

static void put_edited(struct buf *to, struct slice text, const struct fault_edit *e)
{
	const struct slice find = slice_str(e->find);

	for (size_t at; (at = slice_find(text, find)) != SIZE_MAX;) {
		buf_put(to, slice_cut(text, 0, at));
		buf_puts(to, e->with);
		text = slice_skip(text, at + find.n);
	}
	buf_put(to, text);
}

void lab_fault_edit_streams(struct lab *l)
{
	struct list *n, *t;
	struct slice out;

	if (!l->fault->edit.find)
		return;
	LIST_EACH(n, t, &l->all_conns)
	{
		struct conn *c = LIST_OWNER(n, struct conn, all);

		while (c->kind == CONN_XMPP_CLIENT && c->stream &&
			xstream_take_output(c->stream, &out)) {
			put_edited(lab_out(l), out, &l->fault->edit);
			lab_send(l, &c->origin);
		}
	}
}

void lab_fault_edit_answer(struct lab *l)
{
	struct buf *b = lab_out(l);
	struct slice answer = outbox_unsent(&l->out);

	if (!l->fault->edit.find)
		return;
	buf_clear(&l->scratch);
	put_edited(&l->scratch, answer, &l->fault->edit);
	buf_truncate(b, buf_len(b) - answer.n);
	buf_put(b, buf_slice(&l->scratch));
}

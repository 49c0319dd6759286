#include "lab/struck.h"

#include "lab/fault_case.h"

bool struck_accept(struct struck *s, const struct fact *in)
{
	const struct fault_conn *f = fault_of_conn(s->fault, (enum lab_listener)in->listener);

	if (!f)
		return false;
	if (s->n == STRUCK_MAX) {
		shell_want(s->shell, WANT_DROP_FLOW)->flow = in->flow;
		return true;
	}
	s->flows[s->n++] = in->flow;
	if (f->does == FAULT_CONN_MUTE)
		shell_want(s->shell, WANT_PAUSE)->flow = in->flow;
	return true;
}

/* At the first byte and not before: the peer has seen its connection come up, always.  True when
 * that is its end. */
static bool first_bytes(struct struck *s, flow_t flow)
{
	const struct fault_conn *f = &s->fault->conn;
	const struct origin to = { .flow = flow };
	struct want *w;

	switch (f->does) {
	case FAULT_CONN_NONE:
	case FAULT_CONN_MUTE: return false;
	case FAULT_CONN_RESET:
		w = shell_want(s->shell, WANT_DROP_FLOW);
		w->flow = flow;
		w->reset = true;
		break;
	case FAULT_CONN_REPLY:
		buf_put(shell_out(s->shell), f->reply);
		shell_send(s->shell, &to);
		shell_want(s->shell, WANT_CLOSE_FLOW)->flow = flow;
		break;
	}
	return true;
}

bool struck_push(struct struck *s, const struct fact *in)
{
	unsigned i = 0;

	while (i < s->n && s->flows[i] != in->flow)
		i++;
	if (i == s->n)
		return false;
	if (in->type == FACT_FLOW_EOF)
		shell_want(s->shell, WANT_CLOSE_FLOW)->flow = in->flow;
	if (in->type == FACT_FLOW_EOF || in->type == FACT_FLOW_FAILED ||
		(in->type == FACT_FLOW_BYTES && first_bytes(s, in->flow)))
		s->flows[i] = s->flows[--s->n];
	return true;
}

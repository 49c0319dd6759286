/* Steps of a row, and how it ends: with what it shows, what is said of it, and what it leaves. */
#include "probe/sweep_private.h"

/* ---- faults ---- */

/* What was seen of a chain, and would have been refused. */
static bool is_refused_chain(const struct sweep_row *row)
{
	return row->tls.version[0] && row->tls.faults;
}

struct evidence *sweep_evidence(struct sweep_row *row)
{
	return &row->faults[is_refused_chain(row)].evidence;
}

static void add_fault(
	struct sweep_row *row, unsigned at, enum sweep_step step, const struct blame *blame)
{
	struct sweep_fault *f = &row->faults[at];

	f->step = step;
	f->reason = blame->reason;
	f->message = blame->message;
	f->evidence.address = row->addr;
	f->evidence.has_tls = step == SWEEP_TLS && (row->tls.version[0] || row->tls.failure);
	row->n_faults = at + 1;
}

/* ---- the end ---- */

static void end_step(struct sweep *s, struct sweep_try *t)
{
	t->row->took[t->row->reached] += s->now - t->step_began;
	t->step_began = s->now;
}

void sweep_enter(struct sweep *s, struct sweep_try *t, enum sweep_step step)
{
	end_step(s, t);
	t->row->reached = step;
}

void sweep_leave_sip(struct sweep *s, struct sweep_try *t)
{
	tl_withdraw(s->tl, t->place);
	t->place = 0;
	tl_flow_gone(s->tl, t->flow, 0);
}

static void leave(struct sweep *s, struct sweep_try *t, enum want_type how)
{
	if (t->host && how == WANT_CLOSE_FLOW)
		xhost_hang_up(t->host);
	else if (t->host)
		xhost_drop(t->host);
	else if (t->flow)
		outbox_want(&s->out, how)->flow = t->flow;
	if (t->listener)
		outbox_want(&s->out, WANT_UNLISTEN)->listener = t->listener;
	sweep_leave_sip(s, t);
	t->host = xhost_free(t->host);
	t->flow = 0;
	t->listener = 0;
	t->row = NULL;
	s->n_trying--;
}

/* A strict client would have stopped at the certificate: that comes first. */
void sweep_end(struct sweep *s, struct sweep_try *t, const struct blame *blame)
{
	struct sweep_row *row = t->row;

	end_step(s, t);
	if (is_refused_chain(row)) {
		const struct blame chain = blame_certificate(&row->addr, &row->tls);

		add_fault(row, 0, SWEEP_TLS, &chain);
	}
	if (blame)
		add_fault(row, row->n_faults, row->reached, blame);
	row->outcome = row->n_faults ? SWEEP_FAILED : SWEEP_OK;
	leave(s, t, WANT_CLOSE_FLOW);
}

void sweep_abandon(struct sweep *s, struct sweep_try *t)
{
	t->row->outcome = SWEEP_NOT_TRIED;
	leave(s, t, WANT_DROP_FLOW);
}

void sweep_end_without_memory(struct sweep *s, struct sweep_try *t)
{
	sweep_end(
		s, t, &(struct blame){ REASON_LOCAL_INTERNAL, TEXT_PLAIN(N_("Memory ran out.")) });
}

void sweep_end_silent(struct sweep *s, struct sweep_try *t)
{
	static const struct {
		enum reason reason;
		const char *sentence;
	} rows[SWEEP_STEPS] = {
		[SWEEP_RESOLVE] = { REASON_DNS_TIMEOUT,
			"" }, /* no row is tried before it is over */
		[SWEEP_CONNECT] = { REASON_TCP_TIMEOUT, N_("No connection to {1} within {2} s.") },
		[SWEEP_TLS] = { REASON_TLS_NO_ANSWER,
			N_("{1} does not answer the TLS handshake within {2} s.") },
		[SWEEP_ANSWER] = { REASON_SIP_NO_ANSWER,
			N_("{1} does not answer an OPTIONS within {2} s.") },
	};
	const enum sweep_step step = t->row->reached;
	const struct blame blame = { rows[step].reason,
		TEXT(rows[step].sentence, text_addr(&t->row->addr),
			text_seconds(s->now - t->began)) };

	sweep_end(s, t, &blame);
}

#include "gateway/msg.h"

#include <assert.h>

#include "base/mem.h"

static const char *const state_names[] = {
	[MSG_AWAIT_STORE] = "await-store",
	[MSG_AWAIT_WAY] = "await-way",
	[MSG_AWAIT_PROOF] = "await-proof",
	[MSG_SETTLING] = "settling",
	[MSG_TOLD] = "told",
	[MSG_OVER] = "over",
};

/* RFC 3428 section 7: a relay into another network says 202. */
static const struct verdict accepted = { .answer = ANSWER_MAPPED, .status = 202 };

static void emit(struct msg *m, enum msg_event_type type)
{
	m->events |= 1u << type;
}

/* The sender is told once. */
static void answer(struct msg *m, const struct verdict *v)
{
	m->verdict = *v;
	m->is_answered = true;
	emit(m, MSG_EV_ANSWER);
}

static void enter(struct msg *m, enum msg_state state, ts_t now)
{
	m->state = state;
	m->at = TS_NEVER;
	switch (state) {
	case MSG_AWAIT_STORE: emit(m, MSG_EV_STORE); break;
	case MSG_AWAIT_WAY: emit(m, MSG_EV_SEND); break;
	case MSG_AWAIT_PROOF: break;
	case MSG_SETTLING: m->at = ts_add(now, m->cfg.settle); break;
	case MSG_TOLD: m->at = ts_add(now, m->cfg.report); break;
	case MSG_OVER:
		m->events &= ~(1u << MSG_EV_SEND); /* nobody has to carry it any more */
		if (m->is_kept)
			emit(m, MSG_EV_ERASE);
		emit(m, MSG_EV_DONE);
		break;
	}
}

static void acknowledge(struct msg *m, ts_t now)
{
	if (!m->is_answered)
		answer(m, &accepted);
	enter(m, m->cfg.report ? MSG_TOLD : MSG_OVER, now);
}

static void refuse(struct msg *m, const struct verdict *v, ts_t now)
{
	if (!m->is_answered) {
		answer(m, v);
	} else {
		m->verdict = *v;
		emit(m, MSG_EV_REPORT);
	}
	enter(m, MSG_OVER, now);
}

void msg_init(struct msg *m, const struct msg_cfg *cfg)
{
	*m = (struct msg){ .cfg = *cfg };
	enter(m, cfg->is_stored ? MSG_AWAIT_STORE : MSG_AWAIT_WAY, 0);
}

void msg_push_stored(struct msg *m, int err, ts_t now)
{
	if (m->state != MSG_AWAIT_STORE)
		return;
	m->is_kept = err == 0;
	if (m->is_refused) {
		const struct verdict v = m->verdict;

		refuse(m, &v, now);
		return;
	}
	if (m->is_kept && !m->is_answered)
		answer(m, &accepted);
	enter(m, MSG_AWAIT_WAY, now);
}

void msg_push_sent(struct msg *m, ts_t now)
{
	if (m->state == MSG_AWAIT_WAY)
		enter(m, MSG_AWAIT_PROOF, now);
}

void msg_push_proven(struct msg *m, ts_t now)
{
	if (m->state != MSG_AWAIT_PROOF)
		return;
	if (m->cfg.settle)
		enter(m, MSG_SETTLING, now);
	else
		acknowledge(m, now);
}

void msg_push_refused(struct msg *m, const struct verdict *v, ts_t now)
{
	switch (m->state) {
	case MSG_AWAIT_STORE:
		/* The store has it in hand: to end now would leave an orphan on the disk. */
		if (m->is_refused)
			return;
		m->is_refused = true;
		m->verdict = *v;
		m->verdict.contact = SLICE_NONE; /* it lives no longer than this push */
		break;
	case MSG_AWAIT_WAY:
	case MSG_AWAIT_PROOF:
	case MSG_SETTLING:
	case MSG_TOLD: refuse(m, v, now); break;
	case MSG_OVER: break;
	}
}

void msg_push_lost(struct msg *m, const struct verdict *v, ts_t now)
{
	switch (m->state) {
	case MSG_AWAIT_PROOF:
		if (m->is_kept)
			enter(m, MSG_AWAIT_WAY, now);
		else
			refuse(m, v, now);
		break;
	case MSG_SETTLING: acknowledge(m, now); break; /* shown is shown */
	case MSG_AWAIT_STORE:
	case MSG_AWAIT_WAY:
	case MSG_TOLD:
	case MSG_OVER: break;
	}
}

void msg_push_gone(struct msg *m, ts_t now)
{
	if (m->state == MSG_OVER)
		return;
	m->is_answered = true;
	m->events &= ~(1u << MSG_EV_ANSWER);
	if (!m->is_kept && m->state != MSG_AWAIT_STORE)
		enter(m, MSG_OVER, now);
}

void msg_push_time(struct msg *m, ts_t now)
{
	if (now < m->at)
		return;
	if (m->state == MSG_SETTLING)
		acknowledge(m, now);
	else
		enter(m, MSG_OVER, now);
}

bool msg_take_event(struct msg *m, struct msg_event *ret)
{
	if (m->events == 0)
		return false;
	const enum msg_event_type type = (enum msg_event_type)__builtin_ctz(m->events);
	m->events &= m->events - 1;
	*ret = (struct msg_event){ .type = type, .verdict = &m->verdict };
	return true;
}

ts_t msg_deadline(const struct msg *m)
{
	return m->at;
}

const char *msg_state_name(enum msg_state state)
{
	return state_names[state];
}

#include "sip/nict.h"

#include <assert.h>
#include <errno.h>

static const char *const state_names[] = {
	[NICT_TRYING] = "trying",
	[NICT_PROCEEDING] = "proceeding",
	[NICT_COMPLETED] = "completed",
	[NICT_TERMINATED] = "terminated",
};

static ts_t min_ts(ts_t a, ts_t b)
{
	return a < b ? a : b;
}

/* Every push starts here: the driver must have drained the last one. */
static void begin_push(struct nict *tx)
{
	assert(tx->next_event == tx->n_events);
	tx->next_event = tx->n_events = 0;
}

static void emit(struct nict *tx, struct nict_event ev)
{
	assert(tx->n_events < NICT_EVENTS_MAX);
	tx->events[tx->n_events++] = ev;
}

static void enter(struct nict *tx, enum nict_state state, ts_t now)
{
	tx->state = state;

	switch (state) {
	case NICT_TRYING:
		tx->interval = tx->cfg.t1;
		tx->timer_e = tx->cfg.reliable ? TS_NEVER : now + tx->interval;
		tx->timer_f = now + 64 * tx->cfg.t1;
		tx->want_send = true;
		break;
	case NICT_PROCEEDING: tx->interval = tx->cfg.t2; break;
	case NICT_COMPLETED:
		tx->timer_e = tx->timer_f = TS_NEVER;
		tx->want_send = false;
		tx->timer_k = now + (tx->cfg.reliable ? 0 : tx->cfg.t4);
		if (tx->timer_k == now)
			enter(tx, NICT_TERMINATED, now);
		break;
	case NICT_TERMINATED:
		tx->timer_e = tx->timer_f = tx->timer_k = TS_NEVER;
		tx->want_send = false;
		emit(tx, (struct nict_event){ .type = NICT_EV_DONE });
		break;
	}
}

static void retransmit(struct nict *tx, ts_t now)
{
	tx->want_send = true;
	tx->interval = tx->state == NICT_TRYING ? min_ts(2 * tx->interval, tx->cfg.t2) : tx->cfg.t2;
	tx->timer_e = now + tx->interval; /* not += : a late wake-up must not burst */
}

int nict_init(struct nict *tx, const struct nict_cfg *cfg, struct slice req, ts_t now)
{
	if (req.n == 0 || cfg->t1 == 0)
		return -EINVAL;
	*tx = (struct nict){ .cfg = *cfg, .req = req, .timer_k = TS_NEVER };
	enter(tx, NICT_TRYING, now);
	return 0;
}

void nict_push_response(struct nict *tx, int code, ts_t now)
{
	assert(code >= 100 && code <= 699);
	begin_push(tx);

	if (tx->state != NICT_TRYING && tx->state != NICT_PROCEEDING)
		return; /* a retransmitted reply: absorb it */

	if (code < 200) {
		emit(tx, (struct nict_event){ .type = NICT_EV_PROVISIONAL, .code = code });
		if (tx->state == NICT_TRYING)
			enter(tx, NICT_PROCEEDING, now);
		return;
	}

	emit(tx, (struct nict_event){ .type = NICT_EV_FINAL, .code = code });
	enter(tx, NICT_COMPLETED, now);
}

void nict_push_time(struct nict *tx, ts_t now)
{
	begin_push(tx);
	if (now >= tx->timer_f) {
		emit(tx, (struct nict_event){ .type = NICT_EV_TIMEOUT });
		enter(tx, NICT_TERMINATED, now);
	} else if (now >= tx->timer_k) {
		enter(tx, NICT_TERMINATED, now);
	} else if (now >= tx->timer_e) {
		retransmit(tx, now);
	}
}

bool nict_take_output(struct nict *tx, struct slice *ret)
{
	if (!tx->want_send)
		return false;
	tx->want_send = false;
	*ret = tx->req;
	return true;
}

bool nict_take_event(struct nict *tx, struct nict_event *ret)
{
	if (tx->next_event == tx->n_events)
		return false;
	*ret = tx->events[tx->next_event++];
	return true;
}

ts_t nict_deadline(const struct nict *tx)
{
	return min_ts(tx->timer_e, min_ts(tx->timer_f, tx->timer_k));
}

const char *nict_state_name(const struct nict *tx)
{
	return state_names[tx->state];
}

/* nict.h - SIP non-INVITE client transaction, RFC 3261 section 17.1.2.
 *
 * No I/O and no clock.  The driver pushes in a response or the time; after
 * every push it drains nict_take_output() and nict_take_event() until both
 * say false, then sleeps until nict_deadline().  Whose way fails is over
 * without another push.
 */
#pragma once

#include "base/slice.h"
#include "base/ts.h"

struct nict_cfg {
	ts_t t1;       /* RTT estimate, RFC default 500 ms */
	ts_t t2;       /* retransmit ceiling, RFC default 4 s */
	ts_t t4;       /* how long a reply may linger, RFC default 5 s */
	bool reliable; /* TCP, TLS, WebSocket: never retransmit */
};

enum nict_event_type {
	NICT_EV_PROVISIONAL, /* code is 100..199 */
	NICT_EV_FINAL,       /* code is 200..699 */
	NICT_EV_TIMEOUT,     /* timer F: no final response in 64*T1 */
	NICT_EV_DONE,        /* nothing will follow */
};

struct nict_event {
	enum nict_event_type type;
	int code;
};

enum nict_state {
	NICT_TRYING,
	NICT_PROCEEDING,
	NICT_COMPLETED,
	NICT_TERMINATED,
};

#define NICT_EVENTS_MAX 2 /* the most that one push can yield */

/* To be embedded; what is in it is its own business. */
struct nict {
	struct nict_cfg cfg;
	struct slice req;
	enum nict_state state;

	/* Names as in the RFC, so that code and text can be read side by side. */
	ts_t timer_e; /* next retransmission */
	ts_t timer_f; /* give up */
	ts_t timer_k; /* end of the linger */
	ts_t interval;

	bool want_send;
	struct nict_event events[NICT_EVENTS_MAX];
	unsigned n_events;
	unsigned next_event;
};

/* Starts the transaction; the first transmission is ready to be taken at once.
 * `req` is borrowed for as long as it is used.  0, or -EINVAL for no request or no T1. */
int nict_init(struct nict *tx, const struct nict_cfg *cfg, struct slice req, ts_t now);

void nict_push_response(struct nict *tx, int code, ts_t now);
void nict_push_time(struct nict *tx, ts_t now);

bool nict_take_output(struct nict *tx, struct slice *ret);
bool nict_take_event(struct nict *tx, struct nict_event *ret);
ts_t nict_deadline(const struct nict *tx);

const char *nict_state_name(const struct nict *tx);

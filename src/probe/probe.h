/* probe.h - one synthetic transaction: sign in at both ends, carry a message across and back, from
 * either side.
 *
 * A composite engine (base/world.h).  Both sign-ins run at the same time.  The
 * message carries a nonce that cannot be guessed; only that nonce, from the
 * right sender, unaltered, counts as arrival.  Then who got it answers, and the
 * answer must reach who wrote.  One deadline covers everything.
 */
#pragma once

#include "base/rng.h"
#include "base/world.h"
#include "probe/result.h"

struct probe;

struct probe_cfg {
	/* All strings are borrowed until probe_new() returns. */
	struct slice target_fqdn; /* the pool */
	struct slice user;        /* address of the SIP test user, any form of address_read() */
	struct slice auth_user;   /* "" takes the address's user part */
	struct slice password;    /* copied, wiped */
	struct slice registrar;   /* sip: URI, "" finds it by NAPTR and SRV of the pool's FQDN */
	uint16_t registrar_port;  /* 0: none given */
	struct slice receiver;    /* address of the XMPP user */
	enum probe_direction direction; /* FROM: with the receiver's password only */
	bool has_receiver_password;
	struct slice receiver_password; /* copied, wiped */
	struct slice receiver_server;   /* host[:port], "" finds it by SRV */
	bool sign_in_only; /* the SIP user signs in and off; of the receiver nothing is looked at */
	bool inside;     /* one of two users of a pool (inside.h): the other one is no XMPP user */
	uint64_t device; /* of the SIP user, the same in each run, one at a time: what a run that
			    was   killed left at the registrar goes.  0: each run is one of its own
			  */
	unsigned accept[SIDES];         /* warnings that are none there, as 1 << enum note */
	unsigned sip_trust, xmpp_trust; /* numbers of trust stores the driver has loaded */
	uint8_t family;                 /* 4 or 6: no address of the other kind; 0: both */
	ts_t timeout;                   /* for one run, everything included */
	unsigned count;          /* round trips with the same sign-ins; 1 is the normal test */
	ts_t interval;           /* between round trips */
	ts_t settle;             /* behind a success: for so long a second copy is awaited */
	bool trace;              /* emit PROBE_EV_TRACE */
	bool trace_bodies;       /* with the bodies of the messages, else with their lengths */
	bool allow_insecure_tls; /* never set by stox test; for simulations without TLS */
	bool xmpp_plain;         /* no TLS on the XMPP side; simulations only */
};

/* A second copy goes the same way, mostly at the same time. */
#define PROBE_SETTLE TS_MS(50)

enum probe_event_type {
	PROBE_EV_PHASE, /* a phase began or ended */
	PROBE_EV_TRACE, /* one message of either side, secrets masked */
	PROBE_EV_DONE,  /* the verdict; cleanup is over: the last event */
};

struct probe_event {
	enum probe_event_type type;
	ts_t at; /* since the start */
	enum probe_phase phase;
	enum phase_outcome outcome; /* of a phase: RUNNING when it has begun */
	/* of a trace: one SIP message, or one stanza, header or end of an XMPP stream */
	enum probe_side side;
	bool outbound;
	bool unfinished;          /* it came to no end */
	enum transport transport; /* TLS: it was protected on the way */
	struct addr local, peer;  /* local: family 0 where it is not known */
	struct slice text;        /* valid until the next push */
	unsigned left_out; /* of a trace or the end: messages before it for which no room was */
};

/* 0; ERR_CONFIG when the configuration cannot be tested (message in *why: no test user, a receiver
 * inside the pool's own domain, an address that is none); -ENOMEM. */
int probe_new(struct probe **ret, const struct probe_cfg *cfg, struct rng *rng, ts_t now,
	struct text *why);
struct probe *probe_free(struct probe *p);
struct engine probe_engine(struct probe *p);
bool probe_take_event(struct probe *p, struct probe_event *ret);
const struct probe_result *probe_result(
	const struct probe *p); /* true at any time: what is known */
bool probe_is_done(const struct probe *p);
/* What a test makes of a MESSAGE that is answered by this status and nothing more telling;
 * REASON_NONE below 300. */
enum reason probe_status_reason(int status);

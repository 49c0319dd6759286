/* probe.h - one synthetic transaction: sign in at both ends, carry a message across and back.
 *
 * A composite engine (base/world.h).  Both sign-ins run at the same time.  The
 * message carries a nonce that cannot be guessed; only that nonce, from the
 * right sender, unaltered, counts as arrival.  Then the receiver answers, and
 * the answer must reach the SIP user.  One deadline covers everything.
 */
#pragma once

#include "base/rng.h"
#include "base/world.h"
#include "probe/reason.h"

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
	bool has_receiver_password;
	struct slice receiver_password; /* copied, wiped */
	struct slice receiver_server;   /* host[:port], "" finds it by SRV */
	unsigned sip_trust, xmpp_trust; /* numbers of trust stores the driver has loaded */
	ts_t timeout;                   /* for one run, everything included */
	unsigned count;          /* round trips with the same sign-ins; 1 is the normal test */
	ts_t interval;           /* between round trips */
	bool trace;              /* emit PROBE_EV_TRACE */
	bool allow_insecure_tls; /* never set by stox test; for simulations without TLS */
	bool xmpp_plain;         /* no TLS on the XMPP side; simulations only */
};

enum probe_proof {
	PROOF_NONE,
	PROOF_ACCEPTED,  /* the pool gave the message a 2xx */
	PROOF_DELIVERED, /* it arrived (we saw it, or a receipt says so) */
	PROOF_ANSWERED,  /* and the answer came back */
};
const char *proof_name(enum probe_proof p);

enum phase_outcome {
	PHASE_NOT_RUN,
	PHASE_RUNNING,
	PHASE_OK,
	PHASE_FAILED,
	PHASE_SKIPPED, /* not needed, e.g. no TLS on UDP, a numeric host */
};

struct probe_phase_result {
	enum phase_outcome outcome;
	ts_t started, duration; /* started: since the run's start */
	struct addr address;    /* family 0 when there is none */
	enum transport transport;
	char detail[160]; /* "NAPTR -> SRV pool1.litware.test:5061", "SCRAM-SHA-256-PLUS
			     tls-exporter" */
};

#define PROBE_WARNINGS_MAX 8

struct probe_stats { /* of --count, microseconds */
	unsigned n;
	ts_t min, median, p95, max;
};

struct probe_result {
	bool success;
	enum probe_proof proof;
	enum reason reason;     /* NONE on success */
	enum probe_phase phase; /* where it failed */
	char message[512];      /* one sentence: what happened, where, evidence */
	ts_t latency;           /* from the start to the verdict, cleanup not counted */
	struct probe_phase_result phases[PHASE_COUNT];
	unsigned n_warnings;
	char warnings[PROBE_WARNINGS_MAX][256];
	char target_fqdn[256], user[256], receiver[256]; /* as understood */
	unsigned rounds_done;                            /* of count */
	struct probe_stats send, deliver, answer, round; /* count > 1 */
};

enum probe_event_type {
	PROBE_EV_PHASE, /* a phase began or ended */
	PROBE_EV_TRACE, /* one message of either side, secrets masked */
	PROBE_EV_DONE,  /* the verdict; cleanup is over: the last event */
};

struct probe_event {
	enum probe_event_type type;
	enum probe_phase phase;
	bool xmpp, outbound; /* trace */
	ts_t at;             /* since the start */
	struct slice text;   /* trace: valid until the next push */
	struct addr peer;
};

/* 0; ERR_CONFIG when the configuration cannot be tested (message in *why: no test user, a receiver
 * inside the pool's own domain, an address that is none); -ENOMEM. */
int probe_new(struct probe **ret, const struct probe_cfg *cfg, struct rng *rng, ts_t now,
	struct buf *why);
struct probe *probe_free(struct probe *p);
struct engine probe_engine(struct probe *p);
bool probe_take_event(struct probe *p, struct probe_event *ret);
const struct probe_result *probe_result(
	const struct probe *p); /* true at any time: what is known */
bool probe_is_done(const struct probe *p);

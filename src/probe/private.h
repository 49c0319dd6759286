/* private.h - what the probe's own files share.
 *
 * Who needs whom goes down this list only; what a side has to tell is an event that is pulled.
 *
 *   inside.c        two users of one pool: two probes that wait for each other
 *   probe.c         the engine: whose fact it is, whose event, the one deadline
 *   round.c         one message across and back: what arrived, what it proves
 *   sip.c           the SIP side: its MESSAGE, what comes in
 *   sign.c          its registration: sign in, refresh, sign off
 *   way.c           its way: find, connect, TLS; requests over it
 *   xmpp.c          the XMPP side: find, connect, the client stream
 *   verdict.c       DNS, connections and TLS: what of these ends a test, with its evidence
 *   verdict_sip.c   SIP responses to reasons
 *   verdict_xmpp.c  streams and error stanzas to reasons
 *   verdict_from.c  the XMPP user writes first: what of that fails in another way
 *   verdict_time.c  what was still awaited when the time was up
 *   tell.c          phases, notes, trace, the verdict, outputs and wants
 *   others.c        other sessions of the receiver
 *   evidence.c      what a SIP response says beside its status, and who said it
 *   relay.c         what proxies are known to answer for a next hop that they cannot reach
 *   blame.c         what the world did, in a sentence
 *   hide.c          what is known to be secret, wherever a peer says it back
 *   mask.c          bytes into messages without what is secret, SIP
 *   mask_xmpp.c     the same for XMPP
 *   token.c         what a message of a test carries
 *   reason.c, note.c, diagnostics.c, result.c: the tables
 *   features.c      what an XMPP stream offers, read for the sweep
 *   sweep*.c        an engine of its own: every server of one side, each alone
 */
#pragma once

#include "base/outbox.h"
#include "bridge/address.h"
#include "probe/blame.h"
#include "probe/hide.h"
#include "probe/mask.h"
#include "probe/others.h"
#include "probe/probe.h"
#include "probe/token.h"
#include "sip/digest.h"
#include "sip/locate.h"
#include "sip/register.h"
#include "sip/tl.h"
#include "sip/write.h"
#include "xmpp/xhost.h"

enum {
	OUTPUTS_MAX = 64,
	OUT_BYTES_MAX = 4 << 20,
	WANTS_MAX = 256,
	EVENTS_MAX = 256,
	SIP_LISTENER = 1,
	/* The highest: a server gives a message to who has that, RFC 6121 section 8.5.2.1.1. */
	RECEIVER_PRIORITY = 127,
	XMPP_DNS_FIRST = 1 << 16, /* numbers below are the SIP side's questions */
};

enum sip_state {
	SIP_RESOLVING,
	SIP_LOST, /* the pool closed the connection between two round trips */
	SIP_CONNECTING,
	SIP_HANDSHAKING,
	SIP_REGISTERING,
	SIP_READY,
	SIP_REMOVING,
	SIP_OVER,
};

enum sip_request { /* as the transaction's ref */
	REQUEST_REGISTER,
	REQUEST_MESSAGE,
	REQUESTS,
};

enum xmpp_state {
	XMPP_OFF,        /* no password: nobody signs in there */
	XMPP_SIGNING_IN, /* its phase says how far */
	XMPP_READY,
	XMPP_LOST, /* the stream ended between two round trips */
	XMPP_CLOSING,
	XMPP_OVER,
};

enum probe_state {
	PROBE_SIGNING_IN,
	PROBE_HALF, /* one side has failed: what of the other? */
	PROBE_ROUND,
	PROBE_PAUSE,    /* between two rounds */
	PROBE_SETTLING, /* it has succeeded, unless a second copy comes */
	PROBE_DECIDED,  /* in this push: the sides still have to sign off */
	PROBE_CLEANUP,
	PROBE_DONE,
};

struct sip_side {
	enum sip_state state;
	struct locate *locate;
	struct targets_question asked; /* the latest that the DNS has not answered; id 0: none */
	struct targets_target target;
	bool unreached;           /* `gone` says why; the next one is looked for */
	struct fact gone;         /* without what it points at */
	char uri[512];            /* where to register */
	char aor[3200], to[3200]; /* sip: URIs of the two users */
	char gruu[512];           /* of this run alone, where the registrar gives one; else "" */
	bool gruu_refused;        /* the pool takes no message from it */
	char contact[512];
	flow_t flow; /* 0: UDP */
	struct addr local;
	struct outbox out; /* of the layer: what it sends is traced on its way */
	struct tl *tl;
	uint64_t places[REQUESTS]; /* of those that are not answered yet */
	struct digest_client *digest;
	struct reg *reg;
	uint32_t cseq;
	unsigned challenges;
	char server[256];     /* what the registrar calls itself; "" when it does not */
	unsigned strays;      /* responses to requests that are not ours */
	bool heard;           /* bytes came over the connection */
	bool unheard;         /* none since the last request */
	unsigned connections; /* that the pool closed between two round trips */
	unsigned lost_in;     /* the round in which it did so just as that began */
	char call_id[NONCE + 1], tag[12];
};

struct xmpp_side {
	enum xmpp_state state;
	struct xhost *host; /* NULL: nobody signs in there */
	uint32_t last_dns;
	struct targets_target target;
	struct addr local;
	bool is_secure;
	bool presence_unseen;
	enum probe_phase phase;
	char host_name[256];
	uint16_t port;
	struct sasl_cache *cache;
	struct others others;
	unsigned connections; /* that ended between two round trips */
	unsigned lost_in;     /* the round for which that was mended already */
};

struct probe {
	struct probe_cfg cfg;
	struct rng *rng;
	ts_t start, now, deadline, cleanup_by;
	bool knows_wall;
	int64_t wall; /* microseconds since 1970 minus the monotonic clock */
	enum probe_state state;
	struct jid user, receiver;
	char password[256], receiver_password[256], auth_user[256];
	struct hide hide;
	struct probe_result result;
	struct evidence half; /* of the side that has failed */

	struct outbox out;
	struct probe_event events[EVENTS_MAX];
	size_t trace_at[EVENTS_MAX];
	unsigned n_events, next_event;
	struct buf trace;
	struct mask masks[SIDES][2];     /* [side][outbound] */
	struct probe_event heard[SIDES]; /* when and how the last bytes came in */
	unsigned left_out;               /* messages that found no room in this push */
	flow_t next_flow;
	struct buf scratch;

	struct sip_side sip;
	struct xmpp_side xmpp;

	/* round.c */
	unsigned round;
	struct token token, answer_token; /* of the message and its answer */
	ts_t settle_until;
	ts_t written; /* the first message */
	ts_t sent;    /* the SIP user's */
	ts_t answered_from, round_start, pause_until;
	bool is_sent; /* the SIP user's is out, in this round */
	bool sent_ok, delivered, answered;
	ts_t *samples[4]; /* send, deliver, answer, round */
};

/* What a side tells those above it. */
enum side_event_type {
	SIDE_NOTHING,  /* it is dealt with */
	SIDE_READY,    /* it has signed in */
	SIDE_ACCEPTED, /* msg: 2xx to the MESSAGE */
	SIDE_RECEIVED, /* msg: a MESSAGE to the SIP user */
	SIDE_ARRIVED,  /* stanza: a message to the receiver */
	SIDE_SILENT,   /* no response, and no more is awaited */
	SIDE_LOST,     /* the idle connection was closed as the round began */
};

struct side_event {
	enum side_event_type type;
	const struct sip_msg *msg; /* valid until the next take, as what the stanza points at */
	struct stanza stanza;
	bool cut; /* only its beginning is there */
};

/* What one of the two messages of a round is. */
struct leg {
	enum probe_phase phase;    /* DELIVER there, ANSWER back */
	const char *word;          /* in front of its token */
	const struct token *token; /* the round's */
	bool *is_over;             /* it has arrived */
};

/* leg.c */
struct leg probe_leg(struct probe *p, enum probe_side to); /* the message to that side */
bool probe_loop_is_closed(const struct probe *p); /* the arrival is seen, its answer awaited */
enum probe_phase probe_from_awaits(
	const struct probe *p); /* what the round waits for, PROBE_FROM */

/* probe.c: what is done from outside of a push */
void probe_drain(struct probe *p); /* behind it */
void probe_stop(struct probe *p);  /* as FACT_STOP */

/* round.c */
void probe_round_begin(struct probe *p); /* inside: both are signed in */
/* At the other side, with that sender. */
void probe_round_delivered(struct probe *p, struct slice from);
int probe_round_init(struct probe *p);
void probe_round_done(struct probe *p);
void probe_round_push(struct probe *p, const struct side_event *ev);
void probe_round_time(struct probe *p);
void probe_round_stats(struct probe *p);

/* sip.c */
int probe_sip_init(struct probe *p, struct text *why);
void probe_sip_done(struct probe *p);
void probe_sip_fact(struct probe *p, const struct fact *in);
void probe_sip_time(struct probe *p);
ts_t probe_sip_deadline(const struct probe *p);
bool probe_sip_take_event(struct probe *p, struct side_event *ret);
void probe_sip_message(struct probe *p); /* the round's MESSAGE goes out, first or as the answer */
/* A round is due: if the user is not signed in, or not for long enough, SIDE_READY follows. */
void probe_sip_renew(struct probe *p);
void probe_sip_cleanup(struct probe *p);

/* sign.c */
void probe_sign_in(struct probe *p); /* the way is open */
/* To a REGISTER; true when the user has signed in. */
bool probe_sign_answer(struct probe *p, const struct sip_msg *m);
void probe_sign_renew(struct probe *p); /* before a round: a refresh that is due comes first */
void probe_sign_time(struct probe *p);
ts_t probe_sign_deadline(const struct probe *p);
void probe_sign_off(struct probe *p);
void probe_sign_over(struct probe *p);

/* way.c */
int probe_way_init(struct probe *p, struct text *why);
/* DNS, flow and listener facts.  True when the way is open: now the user can sign in. */
bool probe_way_fact(struct probe *p, const struct fact *in);
struct origin probe_way_origin(const struct probe *p); /* how the registrar is reached */
void probe_way_left(struct probe *p);                  /* it is reached no more */
void probe_way_again(struct probe *p);                 /* connect once more */
/* Begins a request, which takes the place of its kind's last one.  NULL: the test has failed. */
struct buf *probe_way_request(struct probe *p, enum sip_request which, struct slice *branch);
void probe_way_request_end(struct probe *p, enum sip_request which);
void probe_way_flush(struct probe *p); /* what the layer has sent */

/* xmpp.c */
int probe_xmpp_init(struct probe *p, struct text *why);
void probe_xmpp_done(struct probe *p);
bool probe_xmpp_is_for(const struct probe *p, const struct fact *in);
void probe_xmpp_fact(struct probe *p, const struct fact *in);
void probe_xmpp_time(struct probe *p);
ts_t probe_xmpp_deadline(const struct probe *p);
bool probe_xmpp_take_event(struct probe *p, struct side_event *ret);
bool probe_xmpp_take_output(struct probe *p, struct output *ret);
/* A round is due: if the receiver is not signed in, SIDE_READY follows. */
void probe_xmpp_renew(struct probe *p);
/* The round's message of the receiver, first or as the answer. */
void probe_xmpp_message(struct probe *p, struct slice to, struct slice thread);
void probe_xmpp_cleanup(struct probe *p);

/* verdict.c: what the world did becomes a reason, with its evidence */
void probe_fail_dns(struct probe *p, enum probe_phase phase, const struct targets_failure *f);
/* A connection that could not be made, or broke. */
void probe_fail_flow(struct probe *p, enum probe_side side, const struct fact *in);
void probe_found(struct probe *p, enum probe_side side, const struct targets_target *t);
/* The next one is tried. */
void probe_passed(struct probe *p, enum probe_side side, const struct addr *peer, int err);
void probe_tls_up(struct probe *p, enum probe_side side, const struct tls_facts *tls);

/* verdict_sip.c */
void probe_heard_server(struct probe *p, const struct sip_msg *response); /* the registrar's */
void probe_fail_message(struct probe *p, const struct sip_msg *response);
void probe_fail_register(
	struct probe *p, enum reg_outcome outcome, int status, const struct sip_msg *response);
void probe_fail_challenge(struct probe *p, int err, const struct sip_msg *response);
void probe_fail_unparsable(struct probe *p, const struct where *where);

/* verdict_xmpp.c */
/* Keeps what it says; "CONDITION, TEXT" to `words`. */
void evidence_keep_error(
	struct evidence *e, const struct stanza_error *error, char *words, size_t size);
void probe_fail_stream(struct probe *p, enum probe_phase phase, const struct xstream_event *ev);
void probe_fail_answer(struct probe *p, const struct stanza *s, const struct stanza_error *e);

/* verdict_from.c */
/* An error stanza for the receiver's message. */
void probe_fail_bounced(struct probe *p, const struct stanza_error *e);
void probe_fail_unreceived(struct probe *p); /* the time is up */

/* verdict_time.c */
void probe_fail_silent(struct probe *p);  /* the time is up, or nobody answers */
void probe_fail_refresh(struct probe *p); /* the registration runs out */

/* tell.c */
int probe_tell_init(struct probe *p);
void probe_tell_done(struct probe *p);
void probe_tell_begin(struct probe *p, ts_t now);        /* a push */
void probe_tell_end(struct probe *p);                    /* the last event */
enum probe_phase probe_sip_phase(const struct probe *p); /* until the message is accepted */
enum probe_phase probe_xmpp_phase(const struct probe *p);
void probe_send(struct probe *p, flow_t flow, const struct addr *peer);
void probe_begin(struct probe *p, enum probe_phase phase);
void probe_end(struct probe *p, enum probe_phase phase, enum phase_outcome outcome);
void probe_address(struct probe *p, enum probe_phase phase, const struct addr *a, enum transport t);
void probe_detail(struct probe *p, enum probe_phase phase, struct text text);
/* Each kind once a side, and a place. */
void probe_note(struct probe *p, enum probe_side side, enum note note, struct text text);
/* The verdict; then the cleanup begins.  What stands in evidence stays.  The first one counts, but
 * while both sides sign in the other one is waited for, so that both are told. */
void probe_fail(struct probe *p, enum probe_phase phase, enum reason reason, struct text message);
void probe_fail_by(struct probe *p, enum probe_phase phase, struct blame blame);
void probe_fail_memory(struct probe *p, enum probe_phase phase);
struct text_arg probe_limit(const struct probe *p);             /* in seconds */
bool probe_awaits(const struct probe *p, enum probe_side side); /* it is signing in */
void probe_half_over(struct probe *p);        /* the other side has nothing to tell */
bool probe_is_decided(const struct probe *p); /* or has succeeded, and settles */
void probe_succeed(struct probe *p);
void probe_settled(struct probe *p); /* no second copy came */
/* What had succeeded has failed: a second copy came all the same. */
void probe_take_back(
	struct probe *p, enum probe_phase phase, enum reason reason, struct text message);
/* `text` went over, as it is in clear: a datagram, or a part of a stream that ends anywhere. */
void probe_trace(struct probe *p, enum probe_side side, bool outbound, const struct addr *peer,
	struct slice text);
/* The side's next connection begins: what is left of the last one is told. */
void probe_trace_anew(struct probe *p, enum probe_side side);

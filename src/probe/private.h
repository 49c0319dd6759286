/* private.h - what the probe's own files share.
 *
 *   probe.c         the engine: facts in, outputs and wants out, the one deadline
 *   way.c           the SIP side: find, connect, TLS
 *   sip.c           the SIP side: transactions, what comes in
 *   xmpp.c          the XMPP side: find, connect, the client stream
 *   round.c         one message across and back: nonces, what arrived, what it proves
 *   blame.c         DNS, connections and TLS to reasons
 *   verdict.c       what of these ends a test, with its evidence
 *   verdict_sip.c   SIP responses to reasons
 *   verdict_xmpp.c  streams and error stanzas to reasons
 *   hide.c          what is known to be secret, wherever a peer says it back
 *   mask.c          bytes into messages without what is secret, SIP
 *   mask_xmpp.c     the same for XMPP
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
#include "probe/probe.h"
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
	NONCE = 26, /* 130 bits: nobody guesses one */
	SIP_LISTENER = 1,
	XMPP_DNS_FIRST = 1 << 16, /* numbers below are the SIP side's questions */
};

enum sip_state {
	SIP_RESOLVING,
	SIP_CONNECTING,
	SIP_HANDSHAKING,
	SIP_REGISTERING,
	SIP_READY,
	SIP_REMOVING,
	SIP_OVER,
};

enum xmpp_state {
	XMPP_OFF,        /* no password: nobody signs in there */
	XMPP_SIGNING_IN, /* its phase says how far */
	XMPP_READY,
	XMPP_CLOSING,
	XMPP_OVER,
};

enum probe_state {
	PROBE_SIGNING_IN,
	PROBE_ROUND,
	PROBE_PAUSE, /* between two rounds */
	PROBE_CLEANUP,
	PROBE_DONE,
};

/* The latest question that the DNS has not answered: what a time-out tells of. */
struct probe_asked {
	uint32_t id; /* 0: none */
	enum dns_type type;
	char name[DNS_NAME_MAX];
};

struct sip_side {
	enum sip_state state;
	struct locate *locate;
	struct probe_asked asked;
	struct targets_target target;
	char uri[512];            /* where to register */
	char aor[3200], to[3200]; /* sip: URIs of the two users */
	char contact[512];
	flow_t flow; /* 0: UDP */
	bool up;
	struct addr local;
	struct outbox out; /* of the layer: what it sends is traced on its way */
	struct tl *tl;
	uint64_t place;         /* of the last request */
	enum sip_method method; /* MESSAGE or REGISTER */
	struct digest_client *digest;
	struct reg *reg;
	uint32_t cseq;
	unsigned challenges;
	unsigned strays; /* responses to requests that are not ours */
	bool heard;      /* bytes came over the connection */
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
	bool failed;

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
	char nonce[NONCE + 1], answer_nonce[NONCE + 1];
	ts_t sent, answered_from, round_start, pause_until;
	bool sent_ok, delivered, answered;
	ts_t *samples[4]; /* send, deliver, answer, round */
};

/* probe.c */
struct buf *probe_out(struct probe *p);
void probe_send(struct probe *p, flow_t flow, const struct addr *peer);
struct want *probe_want(struct probe *p, enum want_type type);
void probe_begin(struct probe *p, enum probe_phase phase);
void probe_end(struct probe *p, enum probe_phase phase, enum phase_outcome outcome);
void probe_address(struct probe *p, enum probe_phase phase, const struct addr *a, enum transport t);
void probe_detail(struct probe *p, enum probe_phase phase, struct text text);
void probe_note(struct probe *p, enum note note, struct text text); /* each kind once a place */
/* The verdict: the first one counts; then the cleanup begins.  What stands in evidence stays. */
void probe_fail(struct probe *p, enum probe_phase phase, enum reason reason, struct text message);
void probe_fail_memory(struct probe *p, enum probe_phase phase);
bool probe_is_decided(const struct probe *p);
void probe_succeed(struct probe *p);
/* Bytes of `what->text` went over `transport` (TRANSPORT_TLS: protected, and seen here in clear): a
 * datagram, or a part of a stream that ends anywhere. */
void probe_trace(struct probe *p, const struct probe_event *what);

/* way.c */
int probe_way_init(struct probe *p, struct text *why);
void probe_way_fact(struct probe *p, const struct fact *in); /* DNS, flow and listener facts */

/* sip.c */
int probe_sip_init(struct probe *p, struct text *why);
void probe_sip_done(struct probe *p);
void probe_sip_fact(struct probe *p, const struct fact *in);
void probe_sip_register(struct probe *p); /* the way is open */
void probe_sip_time(struct probe *p);
ts_t probe_sip_deadline(const struct probe *p);
void probe_sip_message(struct probe *p); /* the round's MESSAGE goes out */
void probe_sip_cleanup(struct probe *p);
struct origin probe_sip_way(const struct probe *p); /* how the registrar is reached */
void probe_sip_left(struct probe *p);               /* it is reached no more */
void probe_asks(struct probe_asked *a, const struct want *question);
/* The evidence of a time-out. */
void probe_unanswered(struct probe *p, const struct probe_asked *a);
enum probe_phase probe_sip_phase(const struct probe *p); /* until the message is accepted */

/* xmpp.c */
int probe_xmpp_init(struct probe *p, struct text *why);
void probe_xmpp_done(struct probe *p);
bool probe_xmpp_is_for(const struct probe *p, const struct fact *in);
void probe_xmpp_fact(struct probe *p, const struct fact *in);
void probe_xmpp_time(struct probe *p);
ts_t probe_xmpp_deadline(const struct probe *p);
void probe_xmpp_drain(struct probe *p);      /* at the end of each push */
void probe_xmpp_unanswered(struct probe *p); /* the evidence of a time-out of the DNS */
void probe_xmpp_answer(struct probe *p, struct slice to, struct slice thread);
void probe_xmpp_cleanup(struct probe *p);
bool probe_xmpp_take_output(struct probe *p, struct output *ret);

/* round.c */
int probe_round_init(struct probe *p);
void probe_round_done(struct probe *p);
void probe_round_ready(struct probe *p);                              /* a side has signed in */
void probe_round_accepted(struct probe *p, const struct sip_msg *m);  /* 2xx to the MESSAGE */
void probe_round_arrived(struct probe *p, const struct stanza *s);    /* at the receiver */
void probe_round_came_back(struct probe *p, const struct sip_msg *m); /* to the SIP user */
void probe_round_time(struct probe *p);
void probe_round_timeout(struct probe *p);
void probe_round_stats(struct probe *p);

/* verdict.c: what the world did becomes a reason, with its evidence */
void probe_fail_dns(struct probe *p, enum probe_phase phase, const struct targets_failure *f);
/* A connection that could not be made, or broke. */
void probe_fail_flow(struct probe *p, enum probe_side side, const struct fact *in);
void probe_keep_tls(struct probe *p, enum probe_side side, const struct tls_facts *facts);
const struct addr *probe_peer(const struct probe *p, enum probe_side side);

/* verdict_sip.c */
void probe_fail_message(struct probe *p, const struct sip_msg *response);
void probe_fail_register(
	struct probe *p, enum reg_outcome outcome, int status, const struct sip_msg *response);
void probe_fail_challenge(struct probe *p, int err, const struct sip_msg *response);
void probe_fail_unparsable(struct probe *p, const struct where *where);

/* verdict_xmpp.c */
void probe_fail_stream(struct probe *p, enum probe_phase phase, const struct xstream_event *ev);
void probe_fail_answer(struct probe *p, const struct stanza *s, const struct stanza_error *e);

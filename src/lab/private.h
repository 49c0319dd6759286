/* private.h - what the lab's own files share.
 *
 *   lab.c      the engine: facts in, outputs and wants out, listeners, connections
 *   account.c  who there is, with which secrets
 *   pool.c     SIP: who may, and the registrar (RFC 3261 section 10.3)
 *   proxy.c    SIP: a stateful proxy (RFC 3261 section 16) for MESSAGE and its like
 *   xserver.c  XMPP: streams of clients and of the component
 *   xroute.c   XMPP: stanzas from one to the other (RFC 6121 section 8)
 *   zone.c     what the name server knows of both sides
 *   fault.c    the table of faults; fault_*.c make them, where the others ask
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "base/shell.h"
#include "base/timers.h"
#include "lab/fault.h"
#include "sip/digest.h"
#include "sip/frame.h"
#include "sip/nict.h"
#include "sip/nist.h"
#include "sip/write.h"
#include "xmpp/stream.h"

enum {
	OUTPUTS_MAX = 4096,
	OUT_BYTES_MAX = 16 << 20,
	WANTS_MAX = 64,
	LOG_BYTES_MAX = 64 << 10, /* of one push */
	CONNS_MAX = 4096,
	BINDINGS_MAX = 8,      /* contacts of one account */
	FORWARDS_MAX = 100000, /* requests in hand or remembered until timer J */
	MESSAGE_MAX = 65535,
	FAULT_SEEN_MAX = 64, /* datagrams of which the first copy was lost */
};

struct binding {
	bool in_use;
	char contact[256];  /* the URI as registered */
	struct origin path; /* the way back: the connection, or the address it came from */
	ts_t expires;
};

struct sip_account {
	char user[256]; /* user part, unescaped */
	struct digest_secret secret;
	struct digest_secret netbios; /* of litware\user: Digest hashes the name that was sent */
	struct binding bindings[BINDINGS_MAX];
};

struct xmpp_account {
	char user[256];
	struct sasl_secret secret;
};

enum conn_kind {
	CONN_SIP,
	CONN_XMPP_CLIENT,
	CONN_XMPP_COMPONENT,
	CONN_FAULTY, /* a fault has it to itself */
};

struct conn {
	struct map_node node; /* by flow */
	struct list all;      /* of the lab's conns */
	flow_t flow;
	enum conn_kind kind;
	struct origin origin;
	bool up, closing;
	struct sip_frame frame;

	struct xstream *stream;
	bool wants_tls;
	char jid[JID_MAX + 1]; /* bound full JID, or the component's name */
	bool ready, available;
	char user[256]; /* of a client that is logging in */
};

/* One request that was passed on: a server and a client transaction. */
struct forward {
	struct map_node node; /* by key */
	struct nist_key key;
	uint32_t slot, chance; /* in our branch: finds it for a response */
	bool in_use;
	struct origin from;
	struct nict *tx; /* NULL when it is over */
	struct origin to;
	struct buf request;
	struct buf
		response; /* the final one, for repeated requests; before that the head of ours */
	bool answered;
	struct timer timer;
	ts_t forget; /* timer J */
};

/* What the faults remember. */
struct fault_state {
	struct buf held; /* stanzas for the receiver, ready to be written */
	struct nist_key seen[FAULT_SEEN_MAX];
	unsigned n_seen;
	struct buf report; /* a MESSAGE that comes from the gateway at ... */
	ts_t report_at;
};

struct lab {
	struct lab_cfg cfg;
	const struct lab_fault *fault; /* never NULL */
	struct rng *rng;
	ts_t now;
	uint8_t salt[16];

	struct shell shell;
	struct addr listeners[LAB_LISTEN_COUNT]; /* family 0: not bound */
	unsigned n_listeners, n_bound;
	struct map conns;
	struct list all_conns;
	flow_t next_flow;

	struct sip_account *sip_accounts;
	struct xmpp_account *xmpp_accounts;
	struct digest_server *digest; /* one realm and one set of nonces, as in Kamailio */
	struct nist_done *registered; /* REGISTERs that were obeyed: a repeated one is no replay */
	struct sip_msg msg;
	struct buf scratch;

	struct forward **forwards;
	uint32_t n_forwards;
	uint32_t *free_forwards;
	uint32_t n_free_forwards;
	struct map forward_map;
	struct timers timers;
	struct conn *gateway_conn;

	struct conn *component;
	struct sasl_cache *cache;
	struct nameserver *names;
	struct fault_state faulty;
};

/* lab.c */
struct conn *lab_conn_new(struct lab *l, flow_t flow, enum conn_kind kind);
void lab_conn_free(struct lab *l, struct conn *c); /* the flow is gone or was told to go */

/* zone.c */
int lab_zone_init(struct lab *l);
void lab_zone_done(struct lab *l);
void lab_zone_fill(struct lab *l); /* when all listeners are up */
void lab_zone_datagram(struct lab *l, struct slice bytes, const struct origin *o);

/* account.c */
int lab_accounts_init(struct lab *l);
void lab_accounts_done(struct lab *l);
struct sip_account *lab_sip_account(struct lab *l, struct slice user);
/* By the name that signs in, user or litware\user; *secret is of nobody when there is none. */
struct sip_account *lab_sip_login(
	struct lab *l, struct slice name, const struct digest_secret **secret);
const struct xmpp_account *lab_xmpp_account(const struct lab *l, struct slice user);

/* pool.c */
void lab_pool_message(struct lab *l, struct slice bytes, const struct origin *o);
void lab_pool_stream(struct lab *l, struct conn *c, struct slice bytes);
/* Answers the request in hand: the head was written by lab_answer_begin(), headers may follow. */
struct buf *lab_answer_begin(struct lab *l, const struct origin *o, int status);
void lab_answer_end(struct lab *l, const struct origin *o);
void lab_answer(struct lab *l, const struct origin *o, int status);
void lab_challenge(struct lab *l, const struct origin *o, int status /* 401, 407 */, bool stale);

/* proxy.c */
int lab_proxy_init(struct lab *l);
void lab_proxy_done(struct lab *l);
/* A request seen before: answered or absorbed. */
bool lab_proxy_repeated(struct lab *l, const struct origin *o);
/* Passes the request in hand on; `uri` becomes the Request-URI. */
void lab_proxy_forward(
	struct lab *l, const struct origin *from, const struct origin *to, struct slice uri);
void lab_proxy_response(struct lab *l);
void lab_proxy_timer(struct lab *l, struct forward *f);
void lab_proxy_peer_failed(struct lab *l, const struct addr *peer, int err);
void lab_proxy_conn_up(struct lab *l, struct conn *c);
void lab_proxy_conn_lost(struct lab *l, struct conn *c);
/* The way to the gateway: false when it cannot be tried. */
bool lab_proxy_gateway(struct lab *l, struct origin *ret);

/* xserver.c */
void lab_xserver_up(struct lab *l, struct conn *c);
void lab_xserver_bytes(struct lab *l, struct conn *c, struct slice bytes);
void lab_xserver_tls_up(struct lab *l, struct conn *c, const struct tls_facts *facts);
void lab_xserver_closed(struct lab *l, struct conn *c);
void lab_xserver_time(struct lab *l);
ts_t lab_xserver_deadline(const struct lab *l);
void lab_xserver_commit(struct lab *l, struct conn *c);

/* xroute.c */
void lab_xroute(struct lab *l, struct conn *from, const struct xml_node *node);
void lab_xroute_unavailable(struct lab *l, struct conn *c);
void lab_xroute_bounce(struct lab *l, struct conn *to, const struct stanza *s, struct slice from,
	enum stanza_condition condition);
/* To all available resources, or to the one that is named: false when there is none. */
bool lab_xroute_deliver(
	struct lab *l, const struct stanza *s, const struct jid *to, struct slice sender);
/* Writes the stanza with this `from`. */
void lab_xroute_put(struct buf *b, const struct xml_node *node, struct slice from);
bool lab_xroute_is_for(const struct conn *c, const struct jid *to);

/* fault_conn.c */
void lab_fault_init(struct lab *l);
void lab_fault_done(struct lab *l);
/* True when the fault takes the connection over: its facts are for lab_fault_conn(). */
bool lab_fault_accepted(struct lab *l, struct conn *c);
void lab_fault_conn(struct lab *l, struct conn *c, const struct fact *in);
void lab_fault_tls(const struct lab *l, struct tls_policy *policy); /* the pool's */
/* Before the first output of a push is taken. */
void lab_fault_edit_streams(struct lab *l);
/* What was written since the last lab_send(). */
void lab_fault_edit_answer(struct lab *l);

/* fault_sip.c: true when the request in hand has been dealt with. */
bool lab_fault_request(struct lab *l, const struct origin *o);
bool lab_fault_to_gateway(struct lab *l, const struct origin *o);
/* The sender of a message gets a failure report: soon, from the receiver. */
void lab_fault_report(
	struct lab *l, const struct jid *receiver, struct slice sender, struct slice id);
void lab_fault_time(struct lab *l);
ts_t lab_fault_deadline(const struct lab *l);

/* fault_xmpp.c */
void lab_fault_stream_cfg(const struct lab *l, struct xstream_cfg *cfg); /* a client's */
enum fault_event {
	FAULT_EVENT_NONE,
	FAULT_EVENT_TAKEN, /* the fault has dealt with it */
	FAULT_EVENT_ENDS,  /* and the connection is to be closed */
};
enum fault_event lab_fault_event(struct lab *l, struct conn *c, const struct xstream_event *ev);
/* True when the stanza has been dealt with. */
bool lab_fault_stanza(struct lab *l, struct conn *from, const struct stanza *s,
	const struct jid *to, struct slice sender);
void lab_fault_leaving(struct lab *l, struct conn *c); /* a client is about to be unavailable */

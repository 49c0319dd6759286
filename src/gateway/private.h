/* private.h - what the gateway's own files share.
 *
 *   gateway.c    the engine: facts in, outputs and wants out, listeners, logs
 *   sip.c        SIP messages from a datagram or a connection: who may speak, which method
 *   conn.c       the connections: how many, and how much they may have in hand
 *   uas.c        MESSAGE to stanza: the transactions whose answer is still owed
 *   moved.c      where a 301 or 302 pointed to, for those who ask again
 *   contacts.c   to whom our users have written: public-unverified partners
 *   barrier.c    one ping per domain and batch: when may the answer be given
 *   reading.c    a ping to ourselves: does the server read at all
 *   uac.c        stanza to MESSAGE: client transactions, one pending a URI
 *   budget.c     how many bytes may wait towards SIP: all, of a domain, of a sender
 *   hop.c        the pool's proxy: where it is, and the socket or connection to it
 *   component.c  the stream to the XMPP server: connect, log in, reconnect
 */
#pragma once

#include "base/journal.h"
#include "base/list.h"
#include "base/map.h"
#include "base/outbox.h"
#include "base/timers.h"
#include "bridge/message.h"
#include "gateway/gateway.h"
#include "sip/frame.h"
#include "sip/locate.h"
#include "sip/nict.h"
#include "sip/nist.h"
#include "sip/write.h"
#include "xmpp/stream.h"

enum {
	OUTPUTS_MAX = 4096, /* datagrams and flow writes of one push */
	OUT_BYTES_MAX = 16 << 20,
	WANTS_MAX = 64,
	LOG_BYTES_MAX = 64 << 10,          /* of one push */
	CONNS_MAX = 1024,                  /* SIP connections */
	DOMAINS_MAX = PARTNER_DOMAINS_MAX, /* that were written to: only partners are */
	TARGET_QUEUE_MAX = 64, /* messages that wait for one SIP URI, RFC 3428 section 8 */
	HEAD_MAX = 16 << 10,   /* of the response that a transaction keeps */
	STANZA_MAX =
		200 << 10, /* below every server's stanza limit with room for its own wrapping */
	OWED_BYTES_MAX = 32 << 20, /* of transactions whose answer is still owed: their heads */
	SENDER_PLACES = 4096,      /* of budget.c */
	RETRY_AFTER_S = 5,
	MOVED_MAX = 1024,  /* Contacts that are kept; beyond, a message gets no new address */
	CONTACT_MAX = 512, /* bytes of one */
};

/* ---- answers that are made again from a retransmitted request: status, phrase, one header ---- */
enum answer {
	ANSWER_MAPPED, /* the status alone, standard phrase: an error stanza's, or 202 */
	ANSWER_STREAM_DOWN,
	ANSWER_STREAM_LOST,
	ANSWER_STOPPING,
	ANSWER_OVERLOAD,
	ANSWER_NOT_PARTNER,
	ANSWER_NOT_OWN,
	ANSWER_BOTH_OWN,
	ANSWER_NO_COMPONENT,
	ANSWER_UNTRUSTED,
	ANSWER_SIPS,
	ANSWER_BAD_FROM,
	ANSWER_BAD_TO,
	ANSWER_SCHEME,
	ANSWER_TOO_LONG,
	ANSWER_HOPS,
	ANSWER_REQUIRE,
	ANSWER_METHOD,
	ANSWER_OPTIONS,
	ANSWER_NO_DIALOG,
	ANSWER_TYPE,
	ANSWER_ENCODING,
	ANSWER_TOO_LARGE,
	ANSWER_CONTENT,
	ANSWER_COUNT,
};

/* An answer and, for an error stanza's, its condition: RFC 3326 `Reason: XMPP;text="..."` tells the
 * SIP side which it was, as several conditions share a status.  Both fit nist_done's `extra`. */
struct verdict {
	enum answer answer;
	int status; /* of ANSWER_MAPPED */
	bool has_condition;
	enum stanza_condition condition;
	struct slice contact; /* a 301's or 302's, else "": moved.c keeps it */
};

/* ---- SIP to XMPP ---- */

struct uas {
	struct map_node node; /* in gateway.uas_map by key */
	struct nist_key key;
	uint32_t slot;
	uint32_t chance; /* with the slot: the stanza id, which cannot be guessed */
	struct origin origin;
	struct buf head; /* the response without its status line */
	uint64_t ping;   /* the first ping behind it; 0: none yet; UINT64_MAX: none could be sent */
	uint64_t mark;   /* how many pings to ourselves are in front of it */
	size_t bytes;    /* that it takes of OWED_BYTES_MAX */
	bool in_use;
	bool full_jid; /* the receiver's address has a resource */
	ts_t sent;
	struct list fifo; /* by time sent: the window ends in this order */
	struct list wait; /* of the domain: not covered by a ping, or covered by `ping` */
	struct domain *domain;
};

/* A domain that was written to: its pings. */
struct domain {
	struct map_node node;
	char name[256];
	struct timer timer;    /* the next thing to do for this domain */
	struct list due;       /* of the gateway: wants a ping at the end of this batch */
	struct list uncovered; /* struct uas.wait, sent since the last ping */
	struct list covered;   /* by a ping that is out, oldest first */
	bool ping_out;
	uint64_t ping_id;     /* the last one */
	ts_t ping_sent;       /* when the last one went out */
	ts_t asked;           /* since when a reply is owed */
	unsigned misses;      /* in a row */
	ts_t silent_until;    /* after three: not asked before */
	size_t pending_bytes; /* of its users, towards SIP: budget.c */
};

/* ---- XMPP to SIP ---- */

struct uac {
	uint32_t slot;
	uint32_t chance;
	bool in_use;
	struct nict *tx;    /* NULL while it waits for its turn or for the connection */
	struct origin path; /* where the request went, or the flow that it waits for */
	unsigned hop_turn;  /* of the target that it went to */
	ts_t begun;
	struct timer timer;
	struct buf request;
	struct buf reply; /* `from`, `to` and `id` of the stanza, one behind the other */
	size_t n_from, n_to;
	struct target *target;
	struct list queue; /* of the target */
	size_t bytes;      /* that it takes of the budget, and of whose share; 0: of none */
	uint32_t *sender;
	struct domain *sender_domain;
};

/* One SIP URI: RFC 3428 section 8 allows one pending MESSAGE. */
struct target {
	struct map_node node;
	char *uri;
	struct list queue; /* struct uac.queue; the first one is pending */
	unsigned n;
};

/* ---- SIP connections ---- */

struct conn {
	struct map_node node; /* by flow */
	flow_t flow;
	struct origin origin;
	struct sip_frame frame;
	bool up;             /* an outgoing one may still be connecting */
	bool accepted;       /* not one of ours to the hop */
	unsigned hop_turn;   /* of an outgoing one: the target that it leads to */
	ts_t heard;          /* the last whole message; else when it was accepted */
	size_t bytes;        /* of gateway.frame_bytes */
	struct list idle;    /* of gateway.accepted */
	struct list blocked; /* of gateway.blocked_conns */
};

struct listener {
	enum transport transport;
	struct addr local; /* family 0: not bound yet */
};

struct gateway {
	struct gateway_cfg cfg;
	struct rng *rng;
	struct gateway_stats stats;
	uint8_t salt[16];
	char *secret;
	char domain[256]; /* the component's, prepared */
	ts_t now;         /* of the push in hand */
	bool stopping, closing, stopped, failed;
	ts_t stop_by;

	/* Made by one push, taken before the next. */
	struct outbox out;
	struct journal journal;
	struct gateway_event events[JOURNAL_EVENTS_MAX];
	struct buf untold; /* whole stanzas */

	struct listener listeners[GATEWAY_LISTENERS_MAX + 3]; /* by number; the last: hop.c's own */
	struct timers domain_timers, uac_timers;
	flow_t next_flow;
	uint32_t next_dns;

	/* conn.c */
	struct map conns;
	struct list accepted; /* the longest idle first */
	unsigned n_accepted;
	struct list blocked_conns; /* the longest blocked first */
	unsigned n_blocked;
	size_t frame_bytes;

	/* sip.c */
	struct sip_msg msg; /* the one in hand */
	struct buf scratch;

	/* contacts.c */
	struct nist_done *contacts;
	bool has_unverified; /* partners */

	/* uas.c, barrier.c */
	struct uas **uas; /* slots */
	uint32_t n_uas;
	uint32_t *free_uas;
	uint32_t n_free_uas;
	struct map uas_map;
	struct list uas_fifo;
	struct nist_done *done;
	struct map moved; /* moved.c */
	struct list moved_fifo;
	size_t owed_bytes;
	size_t n_to_keep; /* requests in hand whose answers `done` will keep */
	struct map domains;
	uint64_t ping_count;
	uint64_t own_sent, own_back; /* pings to ourselves; the last that came back */
	ts_t own_asked;              /* since when one is owed */
	struct list due_domains;     /* want a ping at the end of this batch */

	/* uac.c */
	struct uac **uac;
	uint32_t n_uac;
	uint32_t *free_uac;
	uint32_t n_free_uac;
	struct map targets;
	uint32_t cseq;

	/* budget.c */
	size_t pending_bytes;
	uint32_t sender_bytes[SENDER_PLACES]; /* by a hash of the bare address */
	uint64_t budget_refused;              /* since the last line of the log about it */
	ts_t budget_silent_until;

	/* hop.c */
	struct locate *hop_locate;
	uint32_t hop_dns_base;
	ts_t hop_again; /* a failed look-up is repeated not before */
	bool hop_known;
	unsigned hop_turn; /* counts the targets: each fails once, however many messages it loses */
	ts_t hop_heard;    /* the last answer of the present target */
	struct targets_target hop;
	struct addr toward; /* what the hop's own socket was asked for; family 0: there is none */
	struct addr hop_local; /* where a wildcard listener's datagrams to the hop leave from */
	struct addr probed;    /* the hop whose side of the routing table is being asked for */
	struct conn *hop_conn;

	/* component.c */
	struct xstream *stream;
	flow_t stream_flow;
	bool stream_up; /* the flow is */
	bool blocked;   /* what was written to it waits in this process */
	bool was_ready;
	uint32_t stream_dns;
	enum dns_type stream_dns_type;
	struct addr server;
	ts_t reconnect_at;
	ts_t pause;
};

/* gateway.c */
struct buf *gateway_out(struct gateway *g);                    /* write one output here, then ... */
void gateway_send(struct gateway *g, const struct origin *to); /* ... send what was written */
struct want *gateway_want(struct gateway *g, enum want_type type); /* zeroed but for the type */
bool gateway_is_trusted(const struct gateway *g, const struct addr *peer); /* with requests */
/* Begins a log line; end it with gateway_emit(). */
struct buf *gateway_log(struct gateway *g, const char *subsystem, const char *event);
/* NULL when there is no room: the event is lost. */
struct gateway_event *gateway_emit(
	struct gateway *g, enum gateway_event_type type, enum log_level level);

/* sip.c */
void gateway_sip_message(struct gateway *g, struct slice bytes, const struct origin *o, ts_t now);
void gateway_sip_stream(struct gateway *g, struct conn *c, struct slice bytes, ts_t now);
/* Answers the message in hand without keeping anything. */
void gateway_answer_stateless(struct gateway *g, const struct origin *o, const struct nist_key *key,
	const struct verdict *v);
int gateway_answer_status(const struct verdict *v);
void gateway_put_answer_line(struct buf *b, const struct verdict *v);
void gateway_put_answer_end(struct gateway *g, struct buf *b, const struct verdict *v);

/* conn.c */
void gateway_conns_init(struct gateway *g);
void gateway_conns_done(struct gateway *g);
struct conn *gateway_conn_new(struct gateway *g, flow_t flow); /* NULL: no memory, or no place */
struct conn *gateway_conn_find(struct gateway *g, flow_t flow);
void gateway_conn_accepted(struct gateway *g, const struct fact *in, ts_t now);
void gateway_conn_heard(struct gateway *g, struct conn *c, ts_t now); /* a whole message */
/* Behind each push of bytes: what is unfinished has its bound.  May end any connection, `c` too. */
void gateway_conn_weigh(struct gateway *g, struct conn *c, ts_t now);
void gateway_conn_blocked(struct gateway *g, struct conn *c, bool blocked, ts_t now);
/* The flow is gone: so is the connection, and with it what was in hand on it. */
void gateway_conn_lost(struct gateway *g, struct conn *c, ts_t now);
void gateway_conn_close(struct gateway *g, struct conn *c, enum want_type how, ts_t now);

/* contacts.c: Lync's public-unverified partners may not speak first. */
int gateway_contacts_init(struct gateway *g);
void gateway_contacts_done(struct gateway *g);
/* Our user `own` writes to `far`. */
void gateway_contacts_add(
	struct gateway *g, const struct jid *own, const struct jid *far, ts_t now);
/* May `far` write to our user?  Both domains were judged already. */
bool gateway_contacts_may(
	const struct gateway *g, const struct jid *own, const struct jid *far, ts_t now);

/* uas.c: the text of a slot and its chance, for ids on the wire: found again without a search */
#define SLOT_TEXT 16
const char *gateway_slot_text(uint32_t slot, uint32_t chance, char text[SLOT_TEXT + 1]);
bool gateway_slot_read(struct slice text, uint32_t *slot, uint32_t *chance);

int gateway_uas_init(struct gateway *g);
void gateway_uas_done(struct gateway *g);
void gateway_uas_request(
	struct gateway *g, const struct origin *o, ts_t now); /* g->msg: a MESSAGE */
void gateway_uas_answer(struct gateway *g, struct uas *u, const struct verdict *v, ts_t now);
void gateway_uas_accept(struct gateway *g, struct uas *u, ts_t now); /* 202 */
void gateway_uas_error(struct gateway *g, const struct stanza *s, ts_t now);
/* The rule of the window: the server has read it, and no error stanza came. */
void gateway_uas_window(struct gateway *g, ts_t now);
void gateway_uas_time(struct gateway *g, ts_t now);
void gateway_uas_stream_lost(struct gateway *g, ts_t now);
void gateway_uas_conn_lost(struct gateway *g, flow_t flow);
ts_t gateway_uas_deadline(const struct gateway *g);
ts_t gateway_window(const struct gateway *g);

/* moved.c */
void gateway_moved_init(struct gateway *g);
void gateway_moved_done(struct gateway *g);
void gateway_moved_time(struct gateway *g, ts_t now);
/* False where there is no room for it: then no new address must be told. */
bool gateway_moved_keep(
	struct gateway *g, const struct nist_key *key, struct slice contact, ts_t until);
struct slice gateway_moved_find(const struct gateway *g, const struct nist_key *key);

/* barrier.c */
struct domain *gateway_domain_get(struct gateway *g, struct slice name);
void gateway_barrier_add(struct gateway *g, struct domain *d, struct uas *u);
void gateway_barrier_remove(struct uas *u);
void gateway_barrier_flush(struct gateway *g, ts_t now);
void gateway_barrier_reply(struct gateway *g, const struct stanza *s, ts_t now);
void gateway_barrier_timer(struct gateway *g, struct domain *d, ts_t now);
void gateway_barrier_done(struct gateway *g);
void gateway_barrier_reset(struct gateway *g); /* the stream is new: no ping is out */

/* reading.c */
/* Has the server read the message?  If that is not known yet, it is asked. */
bool gateway_was_read(struct gateway *g, const struct uas *u, ts_t now);
/* By when u is to be looked at again: at the end of its window, or when it is clear that the server
 * does not read. */
ts_t gateway_read_by(const struct gateway *g, const struct uas *u);
/* True when it is a ping to ourselves that is back. */
bool gateway_own_ping(struct gateway *g, const struct stanza *s, ts_t now);

/* uac.c */
int gateway_uac_init(struct gateway *g, ts_t now);
void gateway_uac_done(struct gateway *g);
void gateway_uac_stanza(struct gateway *g, const struct stanza *s, ts_t now);
void gateway_uac_response(struct gateway *g, const struct origin *o, ts_t now); /* g->msg */
void gateway_uac_timer(struct gateway *g, struct uac *u, ts_t now);
void gateway_uac_peer_failed(struct gateway *g, const struct addr *peer, int err, ts_t now);
void gateway_uac_path_up(struct gateway *g, ts_t now);     /* the socket or connection to the hop */
void gateway_uac_path_failed(struct gateway *g, ts_t now); /* it cannot be had */
void gateway_uac_conn_lost(struct gateway *g, struct conn *c, ts_t now);
bool gateway_uac_busy(const struct gateway *g);
void gateway_uac_stop(struct gateway *g, ts_t now); /* what is not finished fails; nothing begins */

/* untold.c */
void gateway_untold_init(struct gateway *g);
/* To the server, or kept until it takes something. */
void gateway_tell(struct gateway *g, struct slice stanza, ts_t now);
void gateway_untold_tell(struct gateway *g, ts_t now); /* it takes something */

/* budget.c */
/* Charges the message with so many bytes, until they are given back.  NULL, or (for the sender)
 * what there is too much of: then nothing is charged. */
const char *gateway_budget_take(
	struct gateway *g, struct uac *u, const struct jid *from, size_t bytes, ts_t now);
void gateway_budget_give(struct gateway *g, struct uac *u); /* nothing where nothing is charged */

/* hop.c */
int gateway_hop_init(struct gateway *g, ts_t now);
int gateway_hop_find(struct gateway *g, ts_t now);
void gateway_hop_dns(struct gateway *g, const struct fact *in, ts_t now);
/* The target of that turn failed: the next one of the same look-up, or a new look-up, serves what
 * follows.  A target that has had its turn fails no more. */
void gateway_hop_failed(struct gateway *g, unsigned turn, ts_t now);
/* The number of the UDP socket that the hop is written to, and the address that its datagrams leave
 * from; 0 when there is none (yet). */
unsigned gateway_hop_listener(const struct gateway *g, struct addr *local);
/* False when it was no socket of hop.c's; else it is dealt with. */
bool gateway_hop_listen_up(struct gateway *g, const struct fact *in, ts_t now);
bool gateway_hop_listen_failed(struct gateway *g, const struct fact *in, ts_t now);
/* False when nothing can go out yet: the connection (*ret has its flow), or the socket, is on its
 * way. */
bool gateway_hop_path(struct gateway *g, struct origin *ret);

/* component.c */
void gateway_component_start(struct gateway *g, ts_t now);
void gateway_component_fact(struct gateway *g, const struct fact *in, ts_t now);
void gateway_component_time(struct gateway *g, ts_t now);
void gateway_component_stop(struct gateway *g, ts_t now);
void gateway_component_done(struct gateway *g);
/* The stream is given up, as if its connection had failed. */
void gateway_component_drop(struct gateway *g, const char *cause, ts_t now);
/* Is this address one of the component's domain?  From any other nothing may be sent: the server
 * would end the stream (XEP-0114 section 3). */
bool gateway_is_component(const struct gateway *g, const struct jid *jid);
ts_t gateway_component_deadline(const struct gateway *g);

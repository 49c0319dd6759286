/* gateway.h - both worlds carried at once: SIP MESSAGE to XMPP component and back, RFC 7247 and
 * 7572.
 *
 * A composite engine: base/world.h says how it meets the world.  One stream
 * as an XEP-0114 component, for the users of that one domain; any number of
 * SIP listeners; one next hop.
 *
 * The answer to a SIP MESSAGE is true: it is given when the far side has shown
 * that it took the stanza.  An XEP-0199 ping to the receiver's domain goes out
 * behind the message; its reply says that all before it was processed, and an
 * error stanza that came first becomes the mapped SIP error.  Without a reply the
 * window answers, once the server has shown with a ping to ourselves that it reads.
 */
#pragma once

#include "base/log.h"
#include "base/rng.h"
#include "base/world.h"
#include "bridge/partner.h"

struct gateway;
struct figures;

#define GATEWAY_LISTENERS_MAX 8
#define GATEWAY_TRUSTED_MAX   64
#define GATEWAY_PENDING_MAX   32768 /* SIP transactions in hand, each way, unless large ones */

struct gateway_listen {
	enum transport transport; /* UDP or TCP */
	struct addr addr;
};

/* What a peer that sends OPTIONS hears while nothing can be carried. */
enum gateway_options {
	GATEWAY_OPTIONS_HEALTH, /* 503, so that a dispatcher sends elsewhere */
	GATEWAY_OPTIONS_ALIVE,  /* 200: that the gateway is there */
};

struct gateway_cfg {
	const struct partners *partners; /* borrowed; own domains included */
	struct gateway_listen listens[GATEWAY_LISTENERS_MAX];
	unsigned n_listens;
	struct addr_net trusted[GATEWAY_TRUSTED_MAX]; /* source addresses */
	unsigned n_trusted;
	char next_hop[256]; /* sip: URI of the pool's proxy */
	char component_name[256];
	char server_host[256]; /* of the XMPP server; a name is resolved at each connection */
	uint16_t server_port;
	struct slice component_secret; /* copied, wiped */
	size_t transactions_max;       /* finished server transactions kept; 0 takes 4,194,304 */
	ts_t window; /* 0 takes 300 ms: an error stanza within it becomes the answer */
	ts_t settle; /* how long a proof waits for a refusal close behind it; 0: not at all */
	enum gateway_options options;
	bool refuses_unproven; /* messages to a domain that answers no pings */
	bool privacy;          /* error_to_xmpp_private */
	bool logs_messages;    /* each one has a line of its own at level debug */
	bool logs_users;       /* with the addresses of both, and not with their domains alone */
};

/* Counters since start; all grow only. */
struct gateway_stats {
	uint64_t sip_requests, sip_retransmissions, sip_malformed, sip_untrusted;
	uint64_t sip_acks;                 /* of what we refused: nothing answers them */
	uint64_t sip_late, sip_stray;      /* responses to what is over, and to nothing of ours */
	uint64_t sip_cut;                  /* connections that ended within a message */
	uint64_t sip_gone;                 /* MESSAGEs whose connection ended before their answer */
	uint64_t sip_to_xmpp, xmpp_to_sip; /* messages handed over */
	uint64_t sip_refused, xmpp_refused; /* answered by us with an error */
	uint64_t far_errors;                /* error stanzas mapped to a SIP status */
	uint64_t late_errors;               /* error stanzas after the answer was given */
	uint64_t stray_errors;              /* error stanzas that answer nothing of ours */
	uint64_t relays, relays_lost;       /* replies to what another gateway sent */
	uint64_t reports;                   /* of late errors, which their senders took */
	uint64_t pings, ping_timeouts, reconnects;
	uint64_t overload_503;
	uint64_t conns_dropped; /* connections that a limit ended */
	uint64_t conns_full;    /* connections that came when there was no place: one was ended */
	uint64_t failures_lost; /* of messages to SIP: their senders could not be told */
	uint64_t xmpp_silent;  /* chat states, receipts, presence ...: not carried, no answer is due
				*/
	uint64_t xmpp_dropped; /* stanzas that should have had an answer, or were not for us */
	uint64_t xmpp_attributes_left_out; /* they stood twice in their tag */
	uint64_t parts_left_out;           /* of messages to XMPP: what is beside their text */
	uint64_t overload_wait;            /* stanzas refused with resource-constraint, type wait */
};

enum gateway_event_type {
	GATEWAY_EV_UP,        /* the component stream is ready */
	GATEWAY_EV_DOWN,      /* it is not any more; `log` says why */
	GATEWAY_EV_LISTENING, /* listener is bound; addr, transport */
	GATEWAY_EV_LOG,       /* one line, without time and level */
	GATEWAY_EV_FAILED,    /* cannot run at all (a listen failed): log says why */
	GATEWAY_EV_STOPPED,   /* FACT_STOP is done with */
};

struct gateway_event {
	enum gateway_event_type type;
	enum log_level level;
	const char *log; /* valid until the next push */
	enum transport transport;
	struct addr addr;
};

/* 0; ERR_SYNTAX or ERR_LIMIT when the component's name or the next hop is none, or ERR_UNSUPPORTED
 * (next hop); -EINVAL (transactions_max); -ENOMEM. */
int gateway_new(struct gateway **ret, const struct gateway_cfg *cfg, struct rng *rng, ts_t now);
struct gateway *gateway_free(struct gateway *g);
struct engine gateway_engine(struct gateway *g);
/* What may change while it runs is taken over: domains and partners, trusted peers, `options`,
 * `settle`, `refuses_unproven`, the secret.  The old `partners` are not looked at any more.  While
 * the XMPP server is away it is tried at once.  `kept` is a set of bits: what differs and needs a
 * restart.  0, or -ENOMEM and nothing has changed. */
enum gateway_kept {
	GATEWAY_KEPT_LISTEN = 1 << 0,
	GATEWAY_KEPT_NEXT_HOP = 1 << 1,
	GATEWAY_KEPT_COMPONENT = 1 << 2, /* its name or server */
	GATEWAY_KEPT_TRANSACTIONS = 1 << 3,
};
int gateway_reload(struct gateway *g, const struct gateway_cfg *cfg, unsigned *kept);
/* What is going on now, and what happened since the start, as lines of log. */
void gateway_push_dump(struct gateway *g);
void gateway_log_messages(struct gateway *g, bool on);
/* The component's secret from the next connection on: its file may have changed.  0 or -ENOMEM,
 * and then the old one stays. */
int gateway_set_secret(struct gateway *g, struct slice secret);
bool gateway_take_event(struct gateway *g, struct gateway_event *ret);
/* Lines up to this level that one push had no room for, since it was asked last. */
uint64_t gateway_take_lost_lines(struct gateway *g, enum log_level level);
/* The counters by their names, from 0; false behind the last. */
bool gateway_counter(const struct gateway *g, size_t i, const char **name, uint64_t *ret);
enum gateway_way { GATEWAY_TO_XMPP, GATEWAY_TO_SIP, GATEWAY_WAYS };
enum gateway_outcome {
	GATEWAY_CARRIED,
	GATEWAY_REFUSED,
	GATEWAY_UNANSWERED, /* its sender was gone before the answer */
	GATEWAY_OUTCOMES,
};
const char *gateway_way_name(enum gateway_way way); /* "xmpp", "sip" */
const char *gateway_outcome_name(enum gateway_outcome outcome);
struct gateway_message {
	enum gateway_way way;
	enum gateway_outcome outcome;
	int status;                      /* in SIP; 0: it never got one */
	const char *cause;               /* NULL: it was carried */
	struct slice from, to;           /* domains, or the users' addresses (cfg.logs_users) */
	struct slice stanza_id, call_id; /* valid until the next call or push, as those */
	ts_t began, ended;
};
/* The last ones that ended, from 0, the latest; false behind the oldest that is known. */
bool gateway_message(struct gateway *g, size_t i, struct gateway_message *ret);
/* All that ended since the start. */
uint64_t gateway_ended(const struct gateway *g, enum gateway_way way, enum gateway_outcome outcome);
struct gateway_peer {
	struct slice name; /* a SIP peer's address, or the domain of an XMPP one */
	uint64_t refused, timeouts;
};
/* The worst ones, from 0; false behind the last. */
bool gateway_peer(const struct gateway *g, size_t i, struct gateway_peer *ret);
struct gateway_load { /* messages in hand */
	uint32_t to_xmpp, to_sip;
	ts_t oldest_to_xmpp, oldest_to_sip; /* when they came; TS_NEVER: there is none */
	uint32_t untold;                    /* failures that their senders have not heard yet */
};
struct gateway_load gateway_load(const struct gateway *g);
const struct gateway_stats *gateway_stats(const struct gateway *g);
const struct figures *gateway_figures(const struct gateway *g);
bool gateway_is_up(const struct gateway *g);

/* world.h - how a composite engine (probe, gateway, lab) meets the world.
 *
 * Its world is flows.  The driver (app/pump over real sockets, tests/sim over
 * a simulated network) pushes one fact, then drains outputs, then wants, then
 * arms its timer at the deadline and sleeps.  No engine can tell one driver
 * from the other.
 *
 * Flow ids are never used twice.  An engine counts its own up from 1; ids
 * that the driver gives (accepted connections) have FLOW_ACCEPTED_BIT set.
 * Listeners (also a UDP socket is one: it has one local address and any peer)
 * and DNS questions are numbered by the engine in the same manner.
 */
#pragma once

#include "base/dns.h"
#include "base/tls.h"
#include "base/ts.h"

typedef uint64_t flow_t;
#define FLOW_ACCEPTED_BIT (UINT64_C(1) << 63)

enum fact_type {
	FACT_FLOW_UP,         /* a WANT_FLOW connected (TCP); local, peer */
	FACT_FLOW_ACCEPTED,   /* flow is new, listener says where; local, peer */
	FACT_FLOW_BYTES,      /* bytes */
	FACT_FLOW_EOF,        /* the peer has finished sending; we may still write */
	FACT_FLOW_FAILED,     /* gone, nothing follows; step says when; err is an errno (connect,
				 read, write), or 0 when tls has a failure */
	FACT_FLOW_BLOCKED,    /* 64 KiB wait to be written: hold back */
	FACT_FLOW_READY,      /* 16 KiB again: go on */
	FACT_TLS_UP,          /* tls; the flow's bytes are protected from here on */
	FACT_LISTEN_UP,       /* a WANT_LISTEN is bound; local has the real port */
	FACT_LISTEN_FAILED,   /* err */
	FACT_DATAGRAM,        /* listener, peer, local, bytes */
	FACT_DATAGRAM_FAILED, /* listener, peer, err: an ICMP error or a failed send to that peer */
	FACT_DNS,             /* dns_id, dns */
	FACT_CLOCK,           /* wall: microseconds since 1970 minus the monotonic now */
	FACT_STOP,            /* finish what is in hand (SIGTERM, Ctrl-C) */
};

enum flow_step {
	FLOW_STEP_CONNECT,
	FLOW_STEP_TLS,
	FLOW_STEP_OPEN,
};

struct fact {
	enum fact_type type;
	flow_t flow;
	uint32_t listener;
	uint32_t dns_id;
	int err;
	bool here; /* FLOW_FAILED: this machine itself refused, nothing was sent */
	enum flow_step step;
	int64_t wall;
	const struct addr *local, *peer;
	struct slice bytes; /* all pointers: valid during the push only */
	const struct tls_facts *tls;
	const struct dns_answer *dns;
};

enum want_type {
	WANT_FLOW,     /* connect `flow` to addr by TCP; TLS is asked for when it is up */
	WANT_TLS,      /* begin a handshake on flow by tls; no bytes for it until FACT_TLS_UP */
	WANT_LISTEN,   /* listener, transport (UDP or TCP), addr: port 0 takes any.  With `toward`:
			  bind to the local address from which addr is reached, any port */
	WANT_UNLISTEN, /* listener */
	WANT_PAUSE,    /* stop reading from flow */
	WANT_RESUME,
	WANT_CLOSE_FLOW, /* after all that was taken is written */
	WANT_DROP_FLOW,  /* now; with `reset` the peer gets a reset for it */
	WANT_DNS,        /* dns_id, name, dns_type, is_host */
	WANT_DROP_DNS,   /* dns_id */
};

struct want {
	enum want_type type;
	flow_t flow;
	uint32_t listener;
	uint32_t dns_id;
	enum transport transport;
	bool toward;
	bool reset;
	struct addr addr;
	enum dns_type dns_type;
	char name[DNS_NAME_MAX];
	bool is_host; /* a host's that a person configured: resolv.conf(5) may complete it */
	struct tls_policy tls;
};

/* Bytes to write: on a flow, or (flow 0) as one datagram from `listener` to `peer`.  A listener
 * that is bound to a wildcard sends from `local`; its family 0: from where the peer reached us, or
 * where the routing table leads.  The slice is valid until the next push or the free. */
struct output {
	flow_t flow;
	uint32_t listener;
	struct addr peer, local;
	struct slice bytes;
};

/* What a message came in on, and so where its answer goes. */
struct origin {
	flow_t flow; /* 0: a datagram */
	uint32_t listener;
	enum transport transport;
	struct addr peer, local;
};

/* What a driver needs of an engine.  push: one fact; time: the clock alone. */
struct engine_ops {
	const char *name;
	void (*push)(void *self, const struct fact *in, ts_t now);
	void (*push_time)(void *self, ts_t now);
	bool (*take_output)(void *self, struct output *ret);
	bool (*take_want)(void *self, struct want *ret);
	ts_t (*deadline)(const void *self);
};

struct engine {
	const struct engine_ops *ops;
	void *self;
};

/* It is about a flow that is there: not FLOW_ACCEPTED, which brings one. */
bool fact_is_of_flow(enum fact_type type);
const char *fact_type_name(enum fact_type type);
const char *want_type_name(enum want_type type);

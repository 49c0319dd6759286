/* lab.h - a whole pool and an XMPP partner as one engine, with faults to inject (lab/fault.h).
 *
 * The pool: registrar and proxy for litware.test with digest, over UDP, TCP
 * and TLS.  The partner: an XMPP server for contoso.test with STARTTLS, SCRAM,
 * users and components.  A DNS server knows where both are.  The gateway is a
 * second engine beside it, joined by the driver.  A composite engine:
 * base/world.h.
 */
#pragma once

#include "base/log.h"
#include "base/rng.h"
#include "base/world.h"
#include "xmpp/sasl.h"

struct lab;
struct lab_fault;

#define LAB_POOL_DOMAIN    "litware.test"
#define LAB_POOL_FQDN      "pool.litware.test"
#define LAB_PARTNER_DOMAIN "contoso.test"
#define LAB_PARTNER_FQDN   "xmpp.contoso.test"

/* Numbers of identities (certificate and key) that the driver loads before the start. */
enum lab_identity {
	LAB_IDENTITY_POOL = 1,
	LAB_IDENTITY_PARTNER = 2,
};

/* Number of the trust store with the lab's own authority, for a pool that wants certificates. */
#define LAB_TRUST 1

#define LAB_USERS_MAX 256  /* of each */
#define LAB_CONNS_MAX 4096 /* of SIP, and of XMPP */

struct lab_user {
	char address[256]; /* pilar@litware.test */
	char password[64];
};

struct lab_cfg {
	const struct lab_user *sip_users, *xmpp_users; /* borrowed until lab_new() returns */
	unsigned n_sip_users, n_xmpp_users;
	struct addr sip_udp, sip_tcp, sip_tls; /* port 0 takes a free one; family 0: not this one */
	struct addr xmpp_client, xmpp_component;
	struct addr dns;     /* UDP */
	struct addr gateway; /* where the pool sends foreign domains; may be set later */
	enum transport gateway_transport; /* UDP or TCP */
	char component_name[256];
	char component_secret[64];
	unsigned scram_iterations;     /* 4,096 */
	bool clear_xmpp;               /* no TLS on client streams: simulations */
	const struct lab_fault *fault; /* NULL: none.  Borrowed until lab_free() */
};

enum lab_event_type {
	LAB_EV_LISTENING, /* `what` is bound at addr */
	LAB_EV_READY,     /* all listeners are up */
	LAB_EV_FAILED,    /* one is not; log says why */
	LAB_EV_LOG,
};

enum lab_listener {
	LAB_LISTEN_SIP_UDP = 1,
	LAB_LISTEN_SIP_TCP,
	LAB_LISTEN_SIP_TLS,
	LAB_LISTEN_XMPP_CLIENT,
	LAB_LISTEN_XMPP_COMPONENT,
	LAB_LISTEN_DNS,
	LAB_LISTEN_COUNT,
};

struct lab_event {
	enum lab_event_type type;
	enum lab_listener what;
	struct addr addr;
	enum log_level level;
	const char *log; /* valid until the next push */
};

int lab_new(struct lab **ret, const struct lab_cfg *cfg, struct rng *rng, ts_t now);
struct lab *lab_free(struct lab *l);
struct engine lab_engine(struct lab *l);
bool lab_take_event(struct lab *l, struct lab_event *ret);
void lab_set_gateway(struct lab *l, const struct addr *gateway);
const char *lab_listener_name(enum lab_listener what); /* "sip-tls" */

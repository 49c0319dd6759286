/* proxy.h - a stateful proxy's core, RFC 3261 section 16: what changes of a request on its way, and
 * of the answer on its way back.  The transactions are sip/tl's. */
#pragma once

#include "base/world.h"
#include "sip/tl.h"

struct proxy;

enum {
	PROXY_FORWARDS_MAX = 20000,    /* requests in hand */
	PROXY_MESSAGE_MAX = 2 * 65535, /* what is passed on is not much longer than what came */
};

int proxy_new(struct proxy **ret, struct tl *tl, struct rng *rng); /* both borrowed; 0, -ENOMEM */
struct proxy *proxy_free(struct proxy *p);

/* Passes the request in hand on (or refuses it); `uri` becomes its Request-URI.  While the flow of
 * `to` is not up it waits. */
void proxy_forward(struct proxy *p, const struct sip_msg *req, const struct origin *to, bool is_up,
	struct slice uri, ts_t now);
void proxy_flow_up(struct proxy *p, const struct origin *to, ts_t now);
void proxy_flow_gone(struct proxy *p, flow_t flow, ts_t now);
/* FINAL, TIMEOUT or FAILED of a request that was passed on; GONE: of who sent it. */
void proxy_push(struct proxy *p, const struct tl_event *ev, ts_t now);

/* xlocate.h - where a client finds its server: RFC 6120 section 3.2 and XEP-0368, as an engine over
 * DNS answers.
 *
 * _xmpps-client and _xmpp-client are one set ordered by priority and weight
 * (XEP-0368 section 3); no records at all: the domain itself, port 5222.  A
 * target "." under one of them leaves the other and forbids that fallback
 * (XEP-0368 section 5).  The shape is that of an engine: questions out, answers
 * in, targets out.
 */
#pragma once

#include "base/dns.h"
#include "base/rng.h"

struct xlocate;

#define XLOCATE_TARGETS_MAX 32

struct xlocate_cfg {
	struct slice domain; /* A-labels; an IP literal is asked nothing about */
	struct slice host;   /* not "": this host instead of SRV, with ... */
	uint16_t port;       /* ... this port (0: 5222) */
	uint8_t family;      /* 4 or 6: addresses of that kind only; 0: both */
};

struct xlocate_target {
	bool direct_tls;
	struct addr addr;
	char host[DNS_NAME_MAX]; /* the name that led to the address */
	uint16_t priority, weight;
	bool from_srv;
};

struct xlocate_question {
	uint32_t id; /* counts from 1 within this engine */
	enum dns_type type;
	char name[DNS_NAME_MAX];
};

enum xlocate_state {
	XLOCATE_AWAIT_ANSWERS, /* for what comes next in order; also between two targets */
	XLOCATE_READY,         /* xlocate_take_target() has one */
	XLOCATE_FAILED,        /* there is none: xlocate_failure() says why */
	XLOCATE_EXHAUSTED,     /* every target was taken */
};

/* In XLOCATE_FAILED, the answer that decided. */
struct xlocate_failure {
	enum dns_status status;
	enum dns_type type;
	char name[DNS_NAME_MAX];
	struct addr server;
	bool srv_says_no; /* `name` is ".": the service is decidedly not available here */
};

/* 0, ERR_SYNTAX (no name), ERR_LIMIT (too long a name), -EAFNOSUPPORT (an address of the other
 * family), -ENOMEM.  `rng` is borrowed. */
int xlocate_new(struct xlocate **ret, const struct xlocate_cfg *cfg, struct rng *rng);
struct xlocate *xlocate_free(struct xlocate *l);
bool xlocate_take_question(struct xlocate *l, struct xlocate_question *ret);
void xlocate_push_answer(struct xlocate *l, uint32_t id, const struct dns_answer *answer);
enum xlocate_state xlocate_state(const struct xlocate *l);
bool xlocate_take_target(struct xlocate *l, struct xlocate_target *ret);
void xlocate_failure(const struct xlocate *l, struct xlocate_failure *ret);

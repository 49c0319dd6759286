/* locate.h - where to send a request, RFC 3263, as an engine over DNS answers.
 *
 * Give it a URI; pull questions, push answers, take targets one by one in
 * the order in which they are to be tried.  Next target = failover.  No I/O:
 * the driver asks the DNS.  Priorities and weights by RFC 2782 (the rng picks
 * among weights).
 *
 * NAPTR, SRV, A and AAAA of the domain are asked side by side, and the answers
 * may come in any order: the targets and theirs are the same.  A target is
 * there as soon as nothing that could come before it is open.
 */
#pragma once

#include "base/dns.h"
#include "base/rng.h"
#include "base/ts.h"
#include "sip/uri.h"

struct locate;

#define LOCATE_TARGETS_MAX   32
#define LOCATE_QUESTIONS_MAX 64

struct locate_cfg {
	struct slice uri;        /* sip: or sips:; copied */
	bool can[3];             /* by enum transport: what we can speak */
	bool secure;             /* TLS only, whatever the URI says */
	uint16_t default_port;   /* 0: 5060, or 5061 for TLS; for a host without SRV records */
	enum transport fallback; /* transport for a host without NAPTR and SRV records */
	uint8_t family;          /* 4 or 6: addresses of that kind only; 0: both */
};

struct locate_target {
	enum transport transport;
	struct addr addr;
	char host[DNS_NAME_MAX]; /* the name that led to the address (SRV target) */
	char name[DNS_NAME_MAX]; /* the name that a certificate must have: the URI's domain, RFC
				    5922 */
	uint16_t priority, weight;
	enum locate_source { /* why this target: for the report */
		LOCATE_NUMERIC,
		LOCATE_HOST, /* an explicit port, or no SRV: A and AAAA of the host itself */
		LOCATE_SRV,
		LOCATE_NAPTR,
	} source;
};

struct locate_question {
	uint32_t id; /* counts from 1 within this engine */
	enum dns_type type;
	char name[DNS_NAME_MAX];
};

/* 0, -ENOMEM, the URI decoder's error, ERR_LIMIT, ERR_UNSUPPORTED: no sip: or sips: URI, or it
 * asks for a transport that we cannot speak; -EAFNOSUPPORT: an address of the other family. */
int locate_new(struct locate **ret, const struct locate_cfg *cfg, struct rng *rng /* borrowed */);
struct locate *locate_free(struct locate *l);
bool locate_take_question(struct locate *l, struct locate_question *ret);
void locate_push_answer(struct locate *l, uint32_t id, const struct dns_answer *answer);

enum locate_state {
	LOCATE_AWAIT_ANSWERS,
	LOCATE_READY,  /* locate_take_target() has the first target; more may come with more answers
			*/
	LOCATE_FAILED, /* locate_failure() says why */
	LOCATE_EXHAUSTED, /* every target was taken */
};
enum locate_state locate_state(const struct locate *l);
bool locate_take_target(struct locate *l, struct locate_target *ret);

/* In LOCATE_FAILED, the answer that decided: the name, the type, and the status as it came. */
struct locate_failure {
	enum dns_status status;
	enum dns_type type;
	char name[DNS_NAME_MAX];
	struct addr server;
	bool srv_says_no; /* an SRV record "." : the service is decidedly not available here */
};
void locate_failure(const struct locate *l, struct locate_failure *ret);
/* True when the source of all targets is the fallback (no NAPTR, no SRV): worth a warning. */
bool locate_used_fallback(const struct locate *l);

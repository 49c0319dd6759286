/* locate.h - where to send a request, RFC 3263, as an engine over DNS answers.
 *
 * Give it a URI; pull questions, push answers, take targets one by one in the
 * order in which they are to be tried (base/targets.h).  Next target =
 * failover.  No I/O: the driver asks the DNS.
 *
 * NAPTR, SRV, A and AAAA of the domain are asked side by side, and the answers
 * may come in any order: the targets and theirs are the same.
 *
 * What a URI says of the way, and what NAPTR records say, is here for others
 * too that plan by base/targets.
 */
#pragma once

#include "base/targets.h"
#include "sip/uri.h"

struct locate;

/* The services of section 4.1, TLS before TCP before UDP: what a user would miss most if it was
 * left out.  The kinds of targets. */
enum locate_kind {
	LOCATE_SIPS_TCP,
	LOCATE_SIP_TCP,
	LOCATE_SIP_UDP,
	LOCATE_KINDS,
};

struct locate_way {
	bool numeric;             /* the host is an address */
	bool has_transport;       /* `transport` is the only one: by the URI, or since it is TLS */
	bool asks_naptr;          /* with a transport in the URI NAPTR has no say */
	enum transport transport; /* without has_transport: of a host without NAPTR and SRV */
	uint16_t port;            /* 0: the transport's */
	char host[DNS_NAME_MAX];  /* without brackets and the final dot */
};

/* `way->transport` is the fallback's before; `secure`: TLS only, whatever the URI says.  0, the URI
 * decoder's error, ERR_LIMIT, ERR_UNSUPPORTED: no sip: or sips: URI, or an unknown transport. */
int locate_read_way(struct locate_way *way, struct slice uri, bool secure);
bool locate_way_can(const struct locate_way *way, enum locate_kind kind);

enum { LOCATE_NO_PLAN = TARGETS_NOBODY + 1 };
/* Services of the NAPTR records, each in its kind's plan (NO_PLAN: it is left out), replace those
 * that were guessed in that plan.  Where they have no say they are only added. */
void locate_push_naptr(struct targets *t, struct question *q, const struct dns_answer *answer,
	const unsigned plans[LOCATE_KINDS], bool have_say);

struct locate_cfg {
	struct slice uri;        /* sip: or sips:; copied */
	bool can[3];             /* by enum transport: what we can speak */
	bool secure;             /* TLS only, whatever the URI says */
	uint16_t default_port;   /* 0: 5060, or 5061 for TLS; for a host without SRV records */
	enum transport fallback; /* transport for a host without NAPTR and SRV records */
	uint8_t family;          /* 4 or 6: addresses of that kind only; 0: both */
};

/* 0, -ENOMEM, as locate_read_way(), ERR_UNSUPPORTED: the URI asks for a transport that we cannot
 * speak; -EAFNOSUPPORT: an address of the other family. */
int locate_new(struct locate **ret, const struct locate_cfg *cfg, struct rng *rng /* borrowed */);
struct locate *locate_free(struct locate *l);
/* As in base/targets.h. */
bool locate_take_question(struct locate *l, struct targets_question *ret);
void locate_push_answer(struct locate *l, uint32_t id, const struct dns_answer *answer);
enum targets_state locate_state(const struct locate *l);
bool locate_take_target(struct locate *l, struct targets_target *ret);
void locate_failure(const struct locate *l, struct targets_failure *ret);

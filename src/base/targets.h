/* targets.h - from names to addresses in the order in which they are tried, as an engine over DNS
 * answers.
 *
 * The owner knows a protocol.  It adds services, by SRV records that are to be
 * asked for or by a host at a port, and closes the list when there are no more.
 * Here is what all protocols have in common: each name is asked for once, and
 * priority, then weight and chance (RFC 2782) order the hosts of a service, or
 * of all services of a plan where they are one set; of a host IPv4 comes first.
 *
 * Services of one plan are one way: they are tried after each other.  A fallback
 * has its turn where no other service of its plan has a record and none has the
 * target ".".  Each target tells its source.
 *
 * With chance, targets are taken one by one; answers may come in any order and
 * nothing overtakes what comes before it.  Without (`rng` NULL), all is listed
 * in one order that depends on the zone alone, also what is nobody's.
 *
 * All strings are copied.  Do not move it: it points into itself.
 */
#pragma once

#include "base/questions.h"
#include "base/rng.h"

enum {
	TARGETS_SERVICES_MAX = 16,
	TARGETS_RECORDS_MAX = 16, /* of one SRV answer: what is tried first is kept */
	TARGETS_HOSTS_MAX = 64,   /* distinct names */
	TARGETS_ENTRIES_MAX = TARGETS_SERVICES_MAX * TARGETS_RECORDS_MAX,
	/* NAPTR, the services, A and AAAA of every host: nobody's question is ever left out. */
	TARGETS_QUESTIONS_MAX = 1 + TARGETS_SERVICES_MAX + 2 * TARGETS_HOSTS_MAX,
	TARGETS_MAX = 32,   /* that are taken one by one */
	TARGETS_NOBODY = 3, /* the plan of what nobody tries; the owner's are below */
};

enum targets_source {
	TARGETS_GIVEN, /* a host or a port that is named by hand: no SRV */
	TARGETS_NAPTR,
	TARGETS_SRV,
	TARGETS_FALLBACK, /* no records: the name itself */
};

struct targets_service {
	/* The owner's. */
	unsigned plan;
	unsigned kind; /* of equals the lower is tried first */
	enum targets_source source;
	enum transport transport;
	uint16_t order, preference; /* of the NAPTR record */
	bool is_host; /* targets_add_host(): a host that a person configured, base/world.h */
	/* What is known of it. */
	uint32_t srv;     /* question; QUESTION_NONE: a host at a port */
	const char *name; /* that of the question; NULL without one */
	unsigned rank;    /* in the plan; a set has one.  When it is listed */
	unsigned first, n_records;
};

struct targets_record {
	uint16_t priority, weight, port, host;
};

struct targets_host {
	uint32_t a, aaaa; /* questions */
	struct addr literal;
	char name[DNS_NAME_MAX];
};

struct targets {
	uint8_t family;  /* 4 or 6: addresses of that kind only; 0: both */
	bool one_set;    /* the services of a plan are ordered together, XEP-0368 section 3 */
	struct rng *rng; /* borrowed; NULL: a list */
	char name[DNS_NAME_MAX]; /* what is looked for */
	struct question asked[TARGETS_QUESTIONS_MAX];
	struct questions questions;
	struct targets_service services[TARGETS_SERVICES_MAX]; /* when closed: by plan, as tried */
	unsigned n_services;
	struct targets_host hosts[TARGETS_HOSTS_MAX];
	unsigned n_hosts;
	struct targets_record records[TARGETS_ENTRIES_MAX];
	unsigned n_records;
	unsigned left_out_services, left_out_records; /* over the limits */

	bool closed;
	unsigned n_listed, n_ordered; /* services that will be, and are, among the entries */
	struct targets_entry {
		uint16_t service, record;
	} entries[TARGETS_ENTRIES_MAX]; /* in their order */
	unsigned n_entries;
	struct targets_cursor {
		unsigned entry, address;
	} next;
	unsigned n_taken;
};

struct targets_target {
	unsigned service; /* of targets.services */
	enum targets_source source;
	bool numeric; /* given as an address: nothing was asked */
	enum transport transport;
	struct addr addr;        /* family 0 (only in a list): the host has no address */
	char host[DNS_NAME_MAX]; /* the name that led to the address */
	uint16_t priority, weight;
};

struct targets_question {
	uint32_t id; /* counts from 1 */
	enum dns_type type;
	char name[DNS_NAME_MAX];
	bool is_host;
};

enum targets_state {
	TARGETS_AWAIT_ANSWERS, /* for what comes next in order; also between two targets */
	TARGETS_READY,         /* targets_take_target() has one */
	TARGETS_FAILED,        /* there is none: targets_failure() says why */
	TARGETS_EXHAUSTED,     /* every target was taken */
};

/* The answer that decided: the name, the type, and the status as it came. */
struct targets_failure {
	enum dns_status status;
	enum dns_type type;
	char name[DNS_NAME_MAX];
	struct addr server;       /* family 0: the system's */
	bool srv_says_no;         /* `name` is ".": the service is decidedly not available here */
	bool searched;            /* base/dns.h */
	char alias[DNS_NAME_MAX]; /* what `name` is another name of; "" for none */
};

/* Of zeroed memory; the rest is as in the struct above. */
void targets_init(
	struct targets *t, const char *name, uint8_t family, bool one_set, struct rng *rng);
/* The SRV records of PREFIX.DOMAIN, or of `domain` where prefix is "".  Nothing is added where that
 * is too long to be a name. */
void targets_add_srv(
	struct targets *t, const struct targets_service *s, const char *prefix, const char *domain);
/* One host at one port.  -EAFNOSUPPORT: an address of the other family. */
int targets_add_host(
	struct targets *t, const struct targets_service *s, const char *host, uint16_t port);
/* There are no more services.  A list is made now, from the answers that are there. */
void targets_close(struct targets *t);

bool targets_take_question(struct targets *t, struct targets_question *ret);
/* NULL when it was not asked or is answered already.  A NAPTR record is the owner's to read. */
struct question *targets_push_answer(
	struct targets *t, uint32_t id, const struct dns_answer *answer);
enum targets_state targets_state(const struct targets *t);
bool targets_take_target(struct targets *t, struct targets_target *ret);

/* Why that plan leads nowhere; NULL when no answer says it. */
const struct question *targets_decisive(const struct targets *t, unsigned plan);
/* Of plan 0. */
void targets_failure(const struct targets *t, struct targets_failure *ret);
void targets_explain(const struct question *q, struct targets_failure *ret);

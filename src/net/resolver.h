/* resolver.h - questions to the DNS, asynchronously, through c-ares.
 *
 * The hosts file answers first for addresses.  A host's name that a person
 * configured is completed as resolv.conf(5) says, as getent does it.  Every
 * failure keeps its own status: a user mends a refusal, a silence and an empty
 * answer in different places.
 */
#pragma once

#include "base/dns.h"
#include "net/loop.h"

struct resolver;

typedef void resolver_answer(void *arg, uint64_t id, const struct dns_answer *answer);

#define RESOLVER_SERVERS_MAX 3 /* as resolv.conf(5) */

struct resolver_cfg {
	struct addr servers[RESOLVER_SERVERS_MAX]; /* none: the system's */
	bool search; /* complete the names of hosts by the domains of resolv.conf(5) */
	resolver_answer *answer;
	void *arg;
};

/* c-ares is set up at the first question that needs it. */
int resolver_new(struct resolver **ret, struct loop *loop, const struct resolver_cfg *cfg);
struct resolver *resolver_free(struct resolver *r);
/* Only this server is asked, and nothing is completed.  Before the first question. */
void resolver_use(struct resolver *r, const struct addr *server);
/* 0, then one answer, told by resolver_process() and never from here; ERR_LIMIT; -ENOMEM.  Each
 * server is given a second, twice; one that refuses is not asked again, one that fails is.
 * `is_host`: the name may be completed, unless a dot ends it. */
int resolver_ask(
	struct resolver *r, uint64_t id, enum dns_type type, const char *name, bool is_host);
void resolver_drop(struct resolver *r, uint64_t id); /* no answer will come for it */
/* Call in each wake-up, and when the deadline has come. */
ts_t resolver_deadline(struct resolver *r);
void resolver_process(struct resolver *r);

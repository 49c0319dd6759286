/* resolver.h - questions to the DNS, asynchronously, through c-ares.
 *
 * The hosts file answers first for addresses.  Every failure keeps its own
 * status: a user mends a refusal, a silence and an empty answer in different
 * places.
 */
#pragma once

#include "base/dns.h"
#include "net/loop.h"

struct resolver;

typedef void resolver_answer(void *arg, uint64_t id, const struct dns_answer *answer);

#define RESOLVER_SERVERS_MAX 3 /* as resolv.conf(5) */

struct resolver_cfg {
	struct addr servers[RESOLVER_SERVERS_MAX]; /* none: the system's */
	resolver_answer *answer;
	void *arg;
};

/* c-ares is set up at the first question that needs it. */
int resolver_new(struct resolver **ret, struct loop *loop, const struct resolver_cfg *cfg);
struct resolver *resolver_free(struct resolver *r);
/* Only this server is asked.  Before the first question. */
void resolver_use(struct resolver *r, const struct addr *server);
/* 0, then one answer, told by resolver_process() and never from here; ERR_LIMIT; -ENOMEM.  Each
 * server is given a second, twice; one that refuses or fails is not asked again. */
int resolver_ask(struct resolver *r, uint64_t id, enum dns_type type, const char *name);
void resolver_drop(struct resolver *r, uint64_t id); /* no answer will come for it */
/* Call in each wake-up, and when the deadline has come. */
ts_t resolver_deadline(struct resolver *r);
void resolver_process(struct resolver *r);

/* nameservers.h - the DNS servers that are asked, by c-ares.
 *
 * Each has a channel of its own for each transport: which server said what
 * must be known, and so is whether it takes TCP.  Going on to the next, or from
 * UDP to TCP, is the owner's to do.  The channels' sockets are watched by the
 * loop.
 */
#pragma once

#include <ares.h>

#include "base/addr.h"
#include "net/loop.h"
#include "net/search.h"

enum { NAMESERVERS_MAX = 3 }; /* as resolv.conf(5) */

enum by { BY_UDP, BY_TCP, WAYS };

struct nameserver {
	struct addr addr;
	struct way {
		struct nameservers *ns;
		ares_channel channel; /* NULL until something is asked by it */
		struct event *ev;     /* of its socket; NULL while it has none */
	} ways[WAYS];
};

struct nameservers {
	struct loop *loop;
	bool started;
	struct nameserver servers[NAMESERVERS_MAX];
	unsigned n;
};

void nameservers_init(struct nameservers *ns, struct loop *loop);
void nameservers_done(struct nameservers *ns); /* what is asked is answered as cancelled */
void nameservers_add(struct nameservers *ns, const struct addr *addr); /* family 0: none */
/* Before the first question: where there are no servers, those of resolv.conf(5), and where
 * `domains` is not NULL its search domains.  0 or -ENOMEM; again, it does nothing. */
int nameservers_start(struct nameservers *ns, struct search *domains);
ares_channel nameserver_channel(struct nameserver *s, enum by by); /* NULL: memory is out */
/* While something is asked. */
ts_t nameservers_deadline(const struct nameservers *ns);
void nameservers_process(struct nameservers *ns);

/* prober.h - GET /probe?target=&module=, in the manner of Prometheus' blackbox_exporter: who asks
 *is answered by figures when the probe is over, and a target that fails is a figure, too.
 *
 *	sip_options   an OPTIONS to a pool or a server of SIP
 *	xmpp          connected to a domain as its clients are, up to the stream's features
 *	im, register  a test of the configuration, by its key (plan.h), run now; who asks while it
 *	              runs hears how that run ends
 *
 * Sweeps are runs of their own beside those of the schedule, so that they take no room from it; a
 * test goes through the schedule, which alone knows whether its accounts are free.
 */
#pragma once

#include "watcher/access.h"
#include "web/server.h"

enum { PROBER_MAX = 1024 }; /* at once */

struct prober;

struct prober_counts {
	uint64_t asked, unknown_modules, refused;
	unsigned open;
};

int prober_new(struct prober **ret, struct watcher *w); /* 0 or an errno */
/* Before the pump and the server are freed; nobody is answered any more. */
struct prober *prober_free(struct prober *p);

/* The answer, at once or later, to who may probe some test.  A plan is in force. */
void prober_put(struct prober *p, struct web_server *server, const struct web_request *r,
	const struct access *a, struct web_answer *ret);
/* Those whose sweeps are over.  NULL is fine here and below. */
void prober_take_done(struct prober *p);
/* A run of a test is over. */
void prober_push_end(struct prober *p, const struct watched *t, const struct watcher_end *end);
/* A test that does not end while somebody waits for it. */
void prober_push_time(struct prober *p, ts_t now);
ts_t prober_deadline(struct prober *p);
struct prober_counts prober_counts(const struct prober *p);

/* gateway_metrics.h - what a running gateway says of itself over HTTP: /metrics for Prometheus,
 * /-/healthy and /-/ready for whoever routes to it or starts it.  Without a sign-in, so that it
 * listens where strangers do not come.
 */
#pragma once

#include "base/text.h"
#include "gateway/exposition.h"
#include "web/server.h"

struct gateway_metrics;

struct gateway_metrics_cfg {
	struct addr addr;
	const char *const *names; /* borrowed; NULL at the end; NULL: any */
	const struct gateway *gateway;
	/* What there is now; the answer is why it is not ready, or NULL. */
	const char *(*look)(void *arg, struct exposition_facts *ret);
	void *arg;
};

/* 0, or a negative errno with a sentence. */
int gateway_metrics_new(struct gateway_metrics **ret, struct event_base *base,
	const struct gateway_metrics_cfg *cfg, struct text *why);
struct gateway_metrics *gateway_metrics_free(struct gateway_metrics *m);
void gateway_metrics_set_names(struct gateway_metrics *m, const char *const *names);
struct addr gateway_metrics_addr(const struct gateway_metrics *m); /* with the port that it has */

/* xserver.h - the partner's server: who connects, signs in and gets a name, RFC 6120 sections 4 to
 * 7 and XEP-0114.  What they then say is for xroute.h. */
#pragma once

#include "lab/account.h"
#include "lab/xroute.h"

struct xserver;

struct xserver_cfg { /* all borrowed until xserver_free() */
	const struct lab_cfg *lab;
	const struct accounts *accounts;
	struct shell *shell;
	struct report *report;
	struct rng *rng;
};

int xserver_new(struct xserver **ret, const struct xserver_cfg *cfg); /* 0 or -ENOMEM */
struct xserver *xserver_free(struct xserver *x);

void xserver_accept(struct xserver *x, const struct fact *in, ts_t now);
/* False when the fact is of none of its flows. */
bool xserver_push(struct xserver *x, const struct fact *in, ts_t now);
void xserver_push_time(struct xserver *x, ts_t now);
/* Behind each push: what clients are told and a fault edits goes into the shell. */
void xserver_edit(struct xserver *x);
bool xserver_take_output(struct xserver *x, struct output *ret);
ts_t xserver_deadline(const struct xserver *x);

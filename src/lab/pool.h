/* pool.h - the pool: who may, where each user is, and where a request goes.  As Lync's pool: what
 * is not its own goes to the gateway, which knows the partners. */
#pragma once

#include "base/shell.h"
#include "lab/account.h"

struct pool;

struct pool_cfg {                     /* all borrowed until pool_free() */
	const struct lab_cfg *lab;    /* its gateway may change */
	const struct addr *listeners; /* by enum lab_listener; family 0: not bound */
	const struct accounts *accounts;
	struct shell *shell;
	struct rng *rng;
};

int pool_new(struct pool **ret, const struct pool_cfg *cfg); /* 0 or -ENOMEM */
struct pool *pool_free(struct pool *p);

void pool_accept(struct pool *p, const struct fact *in);
/* Of its flows, which it knows, or of its datagram listener. */
void pool_push(struct pool *p, const struct fact *in, ts_t now);
/* A message as it comes from the gateway. */
void pool_push_from_gateway(struct pool *p, struct slice bytes, ts_t now);
void pool_push_time(struct pool *p, ts_t now);
ts_t pool_deadline(const struct pool *p);

/* lent.h - what the gateway lends to each of its parts, until it frees them. */
#pragma once

#include "base/rng.h"
#include "base/shell.h"
#include "gateway/gateway.h"
#include "gateway/ids.h"

struct drops;
struct figures;
struct peers;
struct recent;

struct lent {
	struct shell *shell;
	struct rng *rng;
	struct gateway_stats *stats;
	struct drops *drops;
	struct peers *peers;
	struct recent *recent;
	struct figures *figures;
	const struct ids *ids;         /* for whatever it writes */
	const struct gateway_cfg *cfg; /* as checked and filled in by gateway_new() */
	flow_t *last_flow;             /* counted up for each flow of ours */
	uint32_t *last_dns;            /* and for each question */
};

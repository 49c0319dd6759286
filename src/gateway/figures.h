/* figures.h - what became of the messages, counted by partner, direction, outcome and reason, and
 * how long the answers took: what is exposed to who watches the gateway (gateway/exposition.h).
 *
 * Partners are told apart by their first domain, and keep their numbers when
 * the table of partners is read again.  All labels are ours: what a stranger
 * writes is counted under FIGURES_OTHER, and reasons are those of tables.
 */
#pragma once

#include "base/rng.h"
#include "base/ts.h"
#include "bridge/partner.h"
#include "gateway/answer.h"
#include "gateway/gateway.h"

enum {
	FIGURES_ROWS_MAX = 2 * PARTNERS_MAX, /* with those that are partners no more */
	FIGURES_OTHER = 0,                   /* who is none of the partners */
	FIGURES_BUCKETS = 12,                /* of the time to the answer, and one for the rest */
};
#define FIGURES_OTHER_NAME "(other)" /* no domain has this name */

/* A number above 0; it is not the next partner's who takes the same place. */
typedef uint32_t figures_row;

/* The partners are borrowed until others are set. */
int figures_new(struct figures **ret, const struct partners *p, struct rng *rng);
struct figures *figures_free(struct figures *f);
/* Those that are new get a row, and the others keep what they have.  0 or -ENOMEM: then it knows
 * those before. */
int figures_set_partners(struct figures *f, const struct partners *p);
/* Of a prepared domain that belongs to one of them, or FIGURES_OTHER. */
figures_row figures_find(const struct figures *f, struct slice domain);

/* The end of a message: `v` as it was answered, or would have been; NULL: nobody was there to hear
 * it. */
void figures_count(
	struct figures *f, figures_row row, enum gateway_way way, const struct verdict *v);
/* One that was acknowledged though nothing showed that it arrived. */
void figures_count_unproven(struct figures *f, figures_row row, enum gateway_way way);
void figures_time(struct figures *f, enum gateway_way way, ts_t took);

/* ---- to be read ---- */

struct figures_cell {
	enum gateway_way way;
	const char *outcome, *reason; /* reason "": there is none.  It may point to `status` */
	char status[4];
	uint64_t n;
};

/* The rows that are to be shown, from *at 0 on; false behind the last.  Each keeps its place, so
 * that one may go on later. */
bool figures_take_row(const struct figures *f, size_t *at, size_t *row);
const char *figures_partner(const struct figures *f, size_t row);
/* The cells of such a row, from 0; of a partner the first ones are what was delivered, each way. */
bool figures_cell_at(const struct figures *f, size_t row, size_t i, struct figures_cell *ret);

struct figures_times {
	uint64_t n[FIGURES_BUCKETS + 1]; /* each without those before it */
	ts_t sum;
};
const struct figures_times *figures_times(const struct figures *f, enum gateway_way way);
const char *figures_bucket_end(unsigned i); /* in seconds; i < FIGURES_BUCKETS */

/* leases.h - the leases of tests in PostgreSQL: what watch/lease.h wants, as statements.
 *
 * RENEW and CLAIM have a thread and a connection of their own, so that they wait for no group and
 * no page.  A RELEASE goes through the writer's queue, behind the runs that it is the end of.
 *
 * Each want is one or two statements, each a transaction of its own: one that was stopped in the
 * middle would hold its locks for as long as its server believes in it.  All times are the
 * server's.  A test that is given back is nobody's from that moment on.
 */
#pragma once

#include <pthread.h>

#include "store/db.h"
#include "store/outlet.h"

struct lease_job {
	struct list node;
	struct lease_want want; /* with ids of its own */
	int64_t *ids;
	struct parcel *parcel; /* with the answer */
};

struct lease_job *lease_job_new(const struct lease_want *want); /* NULL: no memory */
struct lease_job *lease_job_free(struct lease_job *j);

/* 0 or an error of db_next(); the answer is filled in then. */
int leases_run(struct db *db, const struct store_cfg *cfg, struct lease_job *j);
void leases_send(struct outlet *o, struct lease_job **j); /* takes it */
void leases_refuse(struct outlet *o, struct lease_job **j, enum lease_result result);

struct leases {
	pthread_mutex_t mutex;
	pthread_cond_t news;
	struct list jobs;
	bool is_closing, is_running;
	atomic_bool stop; /* the one in hand, too */
	struct outlet *outlet;
	const struct store_cfg *cfg;
	struct db *db; /* NULL: to be opened */
	pthread_t thread;
};

int leases_start(struct leases *l, struct outlet *outlet, const struct store_cfg *cfg);
void leases_stop(struct leases *l);
void leases_push(struct leases *l, struct lease_job *j); /* takes it */

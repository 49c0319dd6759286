#include "store/engine.h"

#include <errno.h>

#include "store/leases.h"
#include "store/postgres.h"
#include "store/schema.h"
#include "store/writer.h"

enum { TRIES = 5 }; /* of a group that others are in the way of */
#define MONTH_US (INT64_C(31) * 86400 * 1000000)

static const char is_standby[] = "select count(*) from (select 1 where pg_is_in_recovery()) as r";

static const char is_later[] = N_("The history in {1} is of a later version of stox (format {2}; "
				  "this one knows {3}), and was "
				  "left as it is. Install that version, or name another database.");

static struct text text(const struct writer *w, int err)
{
	return postgres_text(&w->cfg, w->db, err);
}

/* ---- opening ---- */

/* A database of a later version that this one may still use is used. */
static int prepare_database(struct writer *w, struct text *why)
{
	unsigned version = 0, min_reader = 0;
	int64_t standby = 0;
	int64_t err = db_run(w->db, is_standby, NULL, 0, &standby);

	if (err >= 0 && standby)
		err = -EROFS;
	if (err >= 0)
		err = schema_look(w->db, &version, &min_reader);
	if (err == ERR_UNSUPPORTED) {
		*why = TEXT(is_later, text_str(w->cfg.connection), text_u64(version),
			text_u64(SCHEMA_VERSION));
		return ERR_UNSUPPORTED;
	}
	if (err >= 0 && version < SCHEMA_VERSION)
		err = schema_migrate_server(w->db);
	if (err >= 0)
		err = upkeep_begin(&w->upkeep, w->db, w->cfg.zone_name);
	if (err < 0)
		*why = text(w, (int)err);
	return err < 0 ? (int)err : 0;
}

static int open(struct writer *w, struct text *why)
{
	struct queue *q = &w->queue;

	if (w->closing_until && w->is_held) { /* what there is, is in the spool */
		*why = text(w, -ECONNRESET);
		return -ECONNRESET;
	}
	int err = postgres_open(&w->db, &w->cfg, why);
	if (err)
		return err;
	err = prepare_database(w, why);
	if (err) {
		w->db = db_close(w->db);
		return err;
	}
	w->writes.db = w->db;
	write_forget_hours(&w->writes);
	partition_forget(&w->partitions);
	queue_put_back(q, &w->waiting);
	w->has_upkeep = true;
	return 0;
}

static void count(struct writer *w)
{
	pthread_mutex_lock(&w->queue.mutex);
	w->queue.dropped_runs += w->spool.dropped_runs;
	w->queue.dropped_evidence += w->spool.dropped_evidence;
	w->stats.spooled = w->spool.n;
	w->stats.spooled_bytes = w->spool.bytes;
	pthread_mutex_unlock(&w->queue.mutex);
	w->spool.dropped_runs = w->spool.dropped_evidence = 0;
}

/* A server that is away at the start is waited for, as at any other time. */
static int start(struct writer *w, struct text *why)
{
	int err = postgres_check(&w->cfg, why);

	w->spool.bytes_max = w->cfg.spool_bytes_max;
	if (!err)
		err = spool_open(&w->spool, &w->file, why);
	if (err)
		return err;
	count(w);
	w->upkeep.keep.partitions = &w->partitions;
	w->was_lost = true;
	err = open(w, why);
	if (err == ERR_UNSUPPORTED || err == -ENOMEM)
		return err;
	if (err)
		writer_hold(w, why);
	return 0;
}

static int connect(struct db **ret, const struct store_cfg *cfg)
{
	struct text why;

	return postgres_open(ret, cfg, &why);
}

/* ---- the spool ---- */

/* What only a database can take: an answer is waited for, or it is given up at once. */
static void keep_apart(struct writer *w, struct list *group)
{
	struct list *n, *t;

	LIST_EACH(n, t, group)
	{
		struct entry *e = LIST_OWNER(n, struct entry, node);

		if (e->kind == ENTRY_SYNC) {
			list_remove(&e->node);
			list_append(&w->waiting, &e->node);
		} else if (e->kind == ENTRY_LEASE) {
			leases_refuse(w->outlet, &e->lease, LEASE_UNREACHABLE);
			entry_free(e);
		}
	}
}

static uint64_t free_all(struct list *group)
{
	uint64_t last = 0;

	while (!list_empty(group)) {
		struct entry *e = LIST_FIRST(group, struct entry, node);

		last = e->number;
		entry_free(e);
	}
	return last;
}

/* False: it has no room now.  What it refuses for good, being full of failures, is counted. */
static bool put(struct writer *w, struct list *group, size_t n)
{
	const int err = list_empty(group) ? 0 : spool_put(&w->spool, group);

	if (err && err != ERR_LIMIT) {
		queue_put_back(&w->queue, group);
		w->spool_after = ts_add(db_clock(), TS_S(1));
		return false;
	}
	if (err)
		w->spool.dropped_runs += n;
	const uint64_t last = free_all(group);
	count(w);
	if (last)
		outlet_put(w->outlet,
			&(struct store_event){ .type = STORE_EV_WRITTEN, .number = last });
	return true;
}

static void spool_all(struct writer *w)
{
	struct list group;
	size_t n = 1;

	list_init(&group);
	while (n > 0) {
		n = queue_take(&w->queue, &group, WRITER_GROUP_MAX);
		keep_apart(w, &group);
		if (!put(w, &group, n))
			break;
	}
}

/* While the server is away everything goes where it is safe. */
static void look(struct writer *w)
{
	if (w->is_held && db_clock() >= w->spool_after)
		spool_all(w);
}

/* ---- writing ---- */

static int prepare(struct writer *w, struct list *group)
{
	int err = 0;

	for (struct list *n = group->next; n != group && !err; n = n->next) {
		const struct entry *e = LIST_OWNER(n, struct entry, node);

		if (e->kind == ENTRY_RUN)
			err = partition_make(&w->partitions, w->db, e->row.scheduled_at);
	}
	return err;
}

static int mark(struct writer *w)
{
	(void)w;
	return 0;
}

/* The next month's and the one behind it, before they are needed. */
static int make_ahead(struct writer *w)
{
	int err = 0;

	for (int i = 0; i <= 2 && !err; i++)
		err = partition_make(&w->partitions, w->db, w->seen_at + i * MONTH_US);
	return err;
}

static int work(struct writer *w, ts_t budget)
{
	if (!w->seen_at)
		return 0;
	const int err = make_ahead(w);
	return err ? err : upkeep_slice(&w->upkeep, w->seen_at, budget);
}

static bool failed(struct writer *w, int err)
{
	if (db_is_lost(w->db)) {
		const bool is_first = !w->was_lost;

		/* A connection that lay idle may be gone while the server is there. */
		w->was_lost = true;
		if (is_first)
			w->db = db_close(w->db);
		return is_first;
	}
	if (err == -ESTALE) /* somebody has dropped the month */
		partition_forget(&w->partitions);
	return (err == -EAGAIN || err == -ESTALE) && ++w->tries < TRIES;
}

/* What the server did not take in time waits for the next start. */
static void stop(struct writer *w)
{
	spool_all(w);
}

static void done(struct writer *w)
{
	struct list *n, *t;

	LIST_EACH(n, t, &w->waiting)
	entry_free(LIST_OWNER(n, struct entry, node));
	spool_close(&w->spool);
}

static uint64_t bytes(const struct writer *w)
{
	(void)w;
	return 0; /* the server's */
}

const struct engine engine_server = {
	.start = start,
	.open = open,
	.look = look,
	.prepare = prepare,
	.mark = mark,
	.work = work,
	.failed = failed,
	.text = text,
	.stop = stop,
	.done = done,
	.bytes = bytes,
	.connect = connect,
};

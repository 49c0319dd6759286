/* How all tests stand now, and who watches: what several watchers with one history show of those
 * that another one runs. */
#include <errno.h>

#include "store/read.h"
#include "store/row.h"

static const char select_states[] =
	"select t.id, t.kind, t.pool, t.partner, t.direction, t.location,"
	" s.state, s.since_at, s.last_at, s.last_ok_at, s.last_failed_at, s.streak, s.reason,"
	" s.latency_us, i.begin_at, i.end_at, i.last_at, i.reason, i.runs, i.times, i.is_flapping"
	" from test t left join test_state s on s.test_id = t.id"
	" left join incident i on i.test_id = t.id and i.begin_at = s.incident_at"
	" where t.is_enabled = 1 order by t.id";

static void read_one(struct reading *r, const struct db_rows *rows, struct store_state *ret)
{
	const char **const names[] = { &ret->kind, &ret->pool, &ret->partner, &ret->direction,
		&ret->location };

	ret->test_id = db_get_int(rows, 0);
	for (unsigned i = 0; i < COUNT(names); i++)
		*names[i] = answer_text(r->answer, db_get(rows, 1 + i));
	ret->kept.state = db_is_null(rows, 6) ? WATCH_UNKNOWN : row_state(db_get_int(rows, 6));
	ret->kept.since_at = db_get_int(rows, 7);
	ret->kept.last_at = db_get_int(rows, 8);
	ret->kept.last_ok_at = db_get_int(rows, 9);
	ret->kept.last_failed_at = db_get_int(rows, 10);
	ret->kept.streak = (unsigned)db_get_int(rows, 11);
	ret->reason = row_reason(db_get(rows, 12));
	ret->latency_us = db_get_int_or(rows, 13, STORE_NONE);
	if (!db_is_null(rows, 14))
		row_read_incident(rows, 14, &ret->kept.incident);
}

int read_states(struct reading *r)
{
	struct store_states *a = answer_alloc(r->answer, sizeof(*a));

	if (!a)
		return -ENOMEM;
	r->answer->states = a;
	struct db_rows rows = db_begin(r->db, select_states, NULL, 0);
	int next = db_next(&rows);
	for (; next > 0; next = db_next(&rows)) {
		a->rows = answer_grow(r->answer, a->rows, a->n, sizeof(*a->rows));
		if (!a->rows) {
			next = -ENOMEM;
			break;
		}
		read_one(r, &rows, &a->rows[a->n++]);
	}
	db_end(&rows);
	return next;
}

/* ---- who watches ---- */

static const char select_watchers[] =
	"select w.id, w.name, w.location, w.started_at, w.seen_until,"
	" (select count(*) from lease l where l.holder = w.id and l.lease_until > $1),"
	" (select max(s.last_at) from lease l join test_state s on s.test_id = l.test_id"
	" where l.holder = w.id) from watcher w where w.seen_until > $2"
	" order by w.seen_until > $1 desc, w.name, w.id limit $3";
static const char select_unheld[] =
	"select count(*) from test t where t.is_enabled = 1 and not exists"
	" (select 1 from lease l where l.test_id = t.id and l.lease_until > $1)";

/* Each start is another one: those that are gone for longer are nobody any more. */
#define GONE_US (INT64_C(24) * 3600 * 1000000)

static struct store_watcher watcher_of(struct reading *r, const struct db_rows *rows)
{
	return (struct store_watcher){ .id = db_get_int(rows, 0),
		.name = answer_text(r->answer, db_get(rows, 1)),
		.location = answer_text(r->answer, db_get(rows, 2)),
		.started_at = db_get_int(rows, 3),
		.seen_until = db_get_int(rows, 4),
		.tests = (unsigned)db_get_int(rows, 5),
		.last_at = db_get_int(rows, 6) };
}

int read_watchers(struct reading *r)
{
	const int64_t now_at = r->query->now_at;
	struct store_watchers *a = answer_alloc(r->answer, sizeof(*a));
	int64_t n_unheld = 0, err = 0;

	if (!a)
		return -ENOMEM;
	r->answer->watchers = a;
	a->now_at = now_at;
	struct db_rows rows = DB_BEGIN(r->db, select_watchers, db_int(now_at),
		db_int(now_at - GONE_US), db_int(r->query->limit));
	int next = db_next(&rows);
	for (; next > 0; next = db_next(&rows)) {
		a->rows = answer_grow(r->answer, a->rows, a->n, sizeof(*a->rows));
		if (!a->rows) {
			next = -ENOMEM;
			break;
		}
		a->rows[a->n++] = watcher_of(r, &rows);
	}
	db_end(&rows);
	if (next == 0 && a->n)
		err = DB_FIRST(&n_unheld, r->db, select_unheld, db_int(now_at));
	a->n_unheld = (unsigned)n_unheld;
	return next < 0 ? next : err < 0 ? (int)err : 0;
}

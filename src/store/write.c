#include "store/write.h"

#include <errno.h>
#include <string.h>

#include "store/pack.h"
#include "store/row.h"
#include "store/told.h"

static const char insert_result[] =
	"insert into result(" ROW_COLUMNS ")"
	" values($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
	" on conflict(test_id, scheduled_at) do nothing";

static const char insert_dirty_hour[] = "insert into dirty_hour(test_id, begin_at) values($1, $2)"
					" on conflict(begin_at, test_id) do nothing";

#define STATE_COLUMNS                                                                              \
	"test_id, state, since_at, last_at, last_ok_at, last_failed_at, streak, incident_at"
#define STATE_UPDATE                                                                               \
	"state = excluded.state, since_at = excluded.since_at, last_at = excluded.last_at,"        \
	" last_ok_at = excluded.last_ok_at, last_failed_at = excluded.last_failed_at,"             \
	" streak = excluded.streak, incident_at = excluded.incident_at"

static const char upsert_state[] =
	"insert into test_state(" STATE_COLUMNS ") values($1, $2, $3, $4, $5, $6, $7, $8)"
	" on conflict(test_id) do update set " STATE_UPDATE;
static const char upsert_state_of_run[] =
	"insert into test_state(" STATE_COLUMNS ", reason, latency_us)"
	" values($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict(test_id) do update set"
	" " STATE_UPDATE ", reason = excluded.reason, latency_us = excluded.latency_us";

static const char upsert_incident[] =
	"insert into incident(test_id, begin_at, end_at, last_at, reason, runs, times, is_flapping)"
	" values($1, $2, $3, $4, $5, $6, $7, $8) on conflict(test_id, begin_at) do update set"
	" end_at = excluded.end_at, last_at = excluded.last_at, reason = excluded.reason,"
	" runs = excluded.runs, times = excluded.times, is_flapping = excluded.is_flapping";

static const char select_previous_state[] =
	"select state from result where test_id = $1 and scheduled_at < $2 and is_by_hand = 0"
	" order by scheduled_at desc limit 1";
static const char select_kept_of_hour[] =
	"select count(*) from evidence where test_id = $1 and scheduled_at >= $2"
	" and scheduled_at < $3 and is_kept = 1";
static const char select_last_ok_behind[] =
	"select count(*) from evidence where test_id = $1 and is_kept = 0 and scheduled_at > $2";
static const char keep_last_ok[] = "update evidence set is_kept = 1"
				   " where test_id = $1 and is_kept = 0 and scheduled_at < $2";
static const char delete_last_ok[] =
	"delete from evidence where test_id = $1 and is_kept = 0 and scheduled_at < $2";
static const char insert_evidence[] =
	"insert into evidence(test_id, scheduled_at, is_kept, codec, result, trace)"
	" values($1, $2, $3, $4, $5, $6) on conflict(test_id, scheduled_at) do nothing";

static const char insert_audit[] =
	"insert into audit(at, who, what, source, result) values($1, $2, $3, $4, $5)";

enum { PACKED_MAX = STORE_EVIDENCE_MAX + STORE_EVIDENCE_MAX / 512 + 4096 };

void write_init(struct writes *w)
{
	*w = (struct writes){ .db = NULL };
	buf_init(&w->phases, PHASES_BLOB_MAX);
	buf_init(&w->result, PACKED_MAX);
	buf_init(&w->trace, PACKED_MAX);
}

void write_done(struct writes *w)
{
	buf_done(&w->phases);
	buf_done(&w->result);
	buf_done(&w->trace);
}

int64_t write_hour_of(int64_t at)
{
	const int64_t over = at % STORE_HOUR_US;

	return at - (over < 0 ? over + STORE_HOUR_US : over);
}

static int failed(int64_t changes)
{
	return changes < 0 ? (int)changes : 0;
}

/* ---- what is to be rolled up ---- */

static struct write_hour *place_of(struct writes *w, int64_t test_id)
{
	return &w->hours[(uint64_t)test_id % WRITE_HOURS];
}

void write_forget_hours(struct writes *w)
{
	memset(w->hours, 0, sizeof(w->hours));
}

void write_forget_hour(struct writes *w, int64_t test_id, int64_t begin_at)
{
	struct write_hour *h = place_of(w, test_id);

	if (h->test_id == test_id && h->begin_at == begin_at)
		*h = (struct write_hour){ 0 };
}

static int mark_hour(struct writes *w, const struct store_row *row)
{
	const struct write_hour want = { row->test_id, write_hour_of(row->scheduled_at) };
	struct write_hour *known = place_of(w, row->test_id);

	if (known->test_id == want.test_id && known->begin_at == want.begin_at)
		return 0;
	*known = want;
	return failed(
		DB_RUN(w->db, insert_dirty_hour, db_int(want.test_id), db_int(want.begin_at)));
}

/* ---- state and incidents ---- */

static int write_state(struct writes *w, const struct entry *e)
{
	const struct kept_state *s = &e->state;
	const struct db_value values[] = {
		db_int(e->row.test_id),
		db_int(s->state),
		db_int(s->since_at),
		db_int(s->last_at),
		db_int(s->last_ok_at),
		db_int(s->last_failed_at),
		db_int(s->streak),
		db_int(s->incident_at),
		row_reason_value(e->row.reason),
		db_int_or_null(e->row.latency_us, STORE_NONE),
	};

	if (!e->has_state)
		return 0;
	if (e->kind == ENTRY_STATE)
		return failed(db_run(w->db, upsert_state, values, COUNT(values) - 2, NULL));
	return failed(db_run(w->db, upsert_state_of_run, values, COUNT(values), NULL));
}

static int write_incident(struct writes *w, int64_t test_id, const struct incident *i)
{
	return failed(DB_RUN(w->db, upsert_incident, db_int(test_id), db_int(i->begin_at),
		db_int_or_null(i->end_at, 0), db_int(i->last_at), row_reason_value(i->reason),
		db_int(i->runs), db_int(i->times), db_int(i->is_flapping)));
}

static int write_states(struct writes *w, const struct entry *e)
{
	int err = write_state(w, e);

	for (unsigned i = 0; i < e->n_incidents && !err; i++)
		if (e->incidents[i].begin_at)
			err = write_incident(w, e->row.test_id, &e->incidents[i]);
	return err;
}

/* ---- evidence ---- */

/* An OK run's stays when it is the first one, the first behind one that was not OK, or the first of
 * its hour. */
static int decide(struct writes *w, const struct store_row *row, bool *ret_is_kept)
{
	const int64_t hour = write_hour_of(row->scheduled_at);
	int64_t previous = WATCH_UNKNOWN, of_hour = 0;
	int64_t err = DB_FIRST(&previous, w->db, select_previous_state, db_int(row->test_id),
		db_int(row->scheduled_at));

	if (err >= 0)
		err = DB_FIRST(&of_hour, w->db, select_kept_of_hour, db_int(row->test_id),
			db_int(hour), db_int(hour + STORE_HOUR_US));
	*ret_is_kept = previous != WATCH_OK || of_hour == 0;
	return failed(err);
}

static int insert(struct writes *w, const struct entry *e, bool is_kept)
{
	buf_clear(&w->result);
	buf_clear(&w->trace);
	int err = pack(e->result_json, &w->result);
	if (!err)
		err = pack(e->trace_json, &w->trace);
	if (err)
		return err;
	return failed(DB_RUN(w->db, insert_evidence, db_int(e->row.test_id),
		db_int(e->row.scheduled_at), db_int(is_kept), db_int(PACK_ZLIB),
		db_blob_or_null(buf_slice(&w->result)), db_blob_or_null(buf_slice(&w->trace))));
}

/* The newest OK run's evidence stands there with is_kept 0: the next OK one takes its place, and
 * one that is not OK makes it stay, as the last good one before it. */
static int write_ok_evidence(struct writes *w, const struct entry *e)
{
	const struct db_value test_id = db_int(e->row.test_id), at = db_int(e->row.scheduled_at);
	bool is_kept = false;
	int64_t n_behind = 0;
	int err = decide(w, &e->row, &is_kept);

	if (!err)
		err = failed(DB_FIRST(&n_behind, w->db, select_last_ok_behind, test_id, at));
	if (!err && n_behind == 0)
		err = failed(DB_RUN(w->db, delete_last_ok, test_id, at));
	if (err || (n_behind && !is_kept))
		return err;
	return insert(w, e, is_kept);
}

static int write_evidence(struct writes *w, const struct entry *e)
{
	const bool is_ok = e->row.state == WATCH_OK && !e->row.is_by_hand;

	if (!is_ok && !e->row.is_by_hand) {
		const int err = failed(DB_RUN(
			w->db, keep_last_ok, db_int(e->row.test_id), db_int(e->row.scheduled_at)));
		if (err)
			return err;
	}
	if (!e->evidence)
		return 0;
	return is_ok ? write_ok_evidence(w, e) : insert(w, e, true);
}

/* ---- entries ---- */

static int write_run(struct writes *w, const struct entry *e)
{
	struct db_value values[ROW_COLUMN_COUNT];

	buf_clear(&w->phases);
	row_values(&e->row, &w->phases, values);
	const int64_t n = db_run(w->db, insert_result, values, COUNT(values), NULL);
	if (n < 0)
		return (int)n;
	if (n == 0) {
		w->duplicates++;
		return 0;
	}
	w->written++;
	int err = e->row.is_by_hand ? 0 : mark_hour(w, &e->row);
	if (!err)
		err = write_states(w, e);
	return err ? err : write_evidence(w, e);
}

static int write_audit(struct writes *w, const struct store_audit *a)
{
	return failed(DB_RUN(w->db, insert_audit, db_int(a->at), db_text(a->who), db_text(a->what),
		db_text(a->source), db_text(a->result)));
}

int write_entry(struct writes *w, const struct entry *e)
{
	switch (e->kind) {
	case ENTRY_RUN: return write_run(w, e);
	case ENTRY_STATE: return write_states(w, e);
	case ENTRY_MARK: return told_write(w->db, &e->mark);
	case ENTRY_AUDIT: return write_audit(w, &e->audit);
	case ENTRY_SYNC: return -EINVAL;
	}
	return -EINVAL;
}

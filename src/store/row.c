#include "store/row.h"

enum reason row_reason(struct slice id)
{
	enum reason r = REASON_LOCAL_INTERNAL;

	if (id.n == 0)
		return REASON_NONE;
	return reason_find(id, &r) ? r : REASON_LOCAL_INTERNAL;
}

struct db_value row_reason_value(enum reason r)
{
	return db_text_or_null(r == REASON_NONE ? SLICE_NONE : slice_str(reason_id(r)));
}

enum watch_state row_state(int64_t number)
{
	return number >= 0 && number < WATCH_STATES ? (enum watch_state)number : WATCH_UNKNOWN;
}

static enum probe_phase phase_of(struct slice name)
{
	for (unsigned p = 0; name.n && p < PHASE_COUNT; p++)
		if (slice_eqs(name, phase_name((enum probe_phase)p)))
			return (enum probe_phase)p;
	return PHASE_COUNT;
}

static struct db_value phase_value(enum probe_phase p)
{
	return db_text_or_null(p < PHASE_COUNT ? slice_str(phase_name(p)) : SLICE_NONE);
}

void row_read(const struct db_rows *rows, struct store_row *ret)
{
	*ret = (struct store_row){
		.test_id = db_get_int(rows, 0),
		.scheduled_at = db_get_int(rows, 1),
		.late_us = db_get_int(rows, 2),
		.state = row_state(db_get_int(rows, 3)),
		.has_passed = db_get_int(rows, 4),
		.is_by_hand = db_get_int(rows, 5),
		.reason = row_reason(db_get(rows, 6)),
		.fail_phase = phase_of(db_get(rows, 7)),
		.attempts = (unsigned)db_get_int(rows, 8),
		.latency_us = db_get_int_or(rows, 9, STORE_NONE),
		.signin_us = db_get_int_or(rows, 10, STORE_NONE),
		.there_us = db_get_int_or(rows, 11, STORE_NONE),
		.back_us = db_get_int_or(rows, 12, STORE_NONE),
	};
	/* A waterfall that cannot be read is none: the rest of the run still is one. */
	phases_decode(db_get(rows, 13), &ret->phases);
}

void row_read_incident(const struct db_rows *rows, unsigned column, struct incident *ret)
{
	*ret = (struct incident){
		.begin_at = db_get_int(rows, column),
		.end_at = db_get_int(rows, column + 1),
		.last_at = db_get_int(rows, column + 2),
		.reason = row_reason(db_get(rows, column + 3)),
		.runs = (unsigned)db_get_int(rows, column + 4),
		.times = (unsigned)db_get_int(rows, column + 5),
		.is_flapping = db_get_int(rows, column + 6),
	};
}

void row_read_incident_named(
	const struct db_rows *rows, unsigned column, struct store_incident *ret)
{
	ret->id = db_get_int(rows, column);
	ret->test_id = db_get_int(rows, column + 1);
	row_read_incident(rows, column + 2, &ret->incident);
}

void row_read_counts(const struct db_rows *rows, unsigned column, struct store_counts *ret)
{
	static const enum watch_state order[] = { WATCH_OK, WATCH_UNSTABLE, WATCH_FAILED,
		WATCH_UNKNOWN, WATCH_MAINTENANCE };

	for (unsigned i = 0; i < COUNT(order); i++)
		ret->n[order[i]] = (uint64_t)db_get_int(rows, column + i);
	ret->maint_failed = (uint64_t)db_get_int(rows, column + COUNT(order));
}

void row_read_split(const struct db_rows *rows, unsigned column, struct store_split *ret)
{
	ret->latency_us = db_get_int_or(rows, column, STORE_NONE);
	ret->signin_us = db_get_int_or(rows, column + 1, STORE_NONE);
	ret->there_us = db_get_int_or(rows, column + 2, STORE_NONE);
	ret->back_us = db_get_int_or(rows, column + 3, STORE_NONE);
}

void row_values(
	const struct store_row *row, struct buf *phases, struct db_value ret[ROW_COLUMN_COUNT])
{
	if (row->phases.ran)
		phases_encode(&row->phases, phases);

	const struct db_value values[ROW_COLUMN_COUNT] = {
		db_int(row->test_id),
		db_int(row->scheduled_at),
		db_int(row->late_us),
		db_int(row->state),
		db_int(row->has_passed),
		db_int(row->is_by_hand),
		row_reason_value(row->reason),
		phase_value(row->fail_phase),
		db_int(row->attempts),
		db_int_or_null(row->latency_us, STORE_NONE),
		db_int_or_null(row->signin_us, STORE_NONE),
		db_int_or_null(row->there_us, STORE_NONE),
		db_int_or_null(row->back_us, STORE_NONE),
		db_blob_or_null(buf_slice(phases)),
	};
	for (unsigned i = 0; i < ROW_COLUMN_COUNT; i++)
		ret[i] = values[i];
}

#include <errno.h>

#include "store/pack.h"
#include "store/read.h"
#include "store/row.h"
#include "store/store.h"

static const char select_run[] =
	"select " ROW_COLUMNS " from result where test_id = $1 and scheduled_at = $2";
static const char select_good[] =
	"select " ROW_COLUMNS " from result where test_id = $1 and scheduled_at < $2"
	" and state = 0 and is_by_hand = 0 order by scheduled_at desc limit 1";
static const char select_previous[] =
	"select scheduled_at from result where test_id = $1 and scheduled_at < $2"
	" order by scheduled_at desc limit 1";
static const char select_next[] =
	"select scheduled_at from result where test_id = $1 and scheduled_at > $2"
	" order by scheduled_at limit 1";
static const char select_oldest[] =
	"select scheduled_at from result where test_id = $1 order by scheduled_at limit 1";
static const char select_evidence[] =
	"select codec, result, trace from evidence where test_id = $1 and scheduled_at = $2";
static const char select_incident[] =
	"select " ROW_INCIDENT_NAMED " from incident where test_id = $1 and begin_at <= $2"
	" order by begin_at desc limit 1";

static int read_row(struct reading *r, const char *sql, struct store_row *ret, bool *ret_is_found)
{
	struct db_rows rows = DB_BEGIN(r->db, sql, db_int(r->query->test_id), db_int(r->query->at));
	const int next = db_next(&rows);

	*ret_is_found = next > 0;
	if (next > 0)
		row_read(&rows, ret);
	db_end(&rows);
	return next < 0 ? next : 0;
}

static int unpack_into(struct reading *r, struct slice packed, struct slice *ret)
{
	struct buf text;

	buf_init(&text, STORE_EVIDENCE_MAX);
	/* What cannot be unpacked is as if it had not been kept. */
	if (unpack(packed, STORE_EVIDENCE_MAX, &text) == 0)
		*ret = slice_of(answer_text(r->answer, buf_slice(&text)), buf_len(&text));
	buf_done(&text);
	if (ret->n && ret->p[0] == '\0')
		*ret = SLICE_NONE; /* there was no memory for it */
	return 0;
}

static int read_evidence(struct reading *r, struct store_one *one)
{
	struct db_rows rows =
		DB_BEGIN(r->db, select_evidence, db_int(r->query->test_id), db_int(r->query->at));
	const int next = db_next(&rows);

	if (next > 0 && db_get_int(&rows, 0) == PACK_ZLIB) {
		unpack_into(r, db_get(&rows, 1), &one->result_json);
		unpack_into(r, db_get(&rows, 2), &one->trace_json);
	}
	db_end(&rows);
	return next < 0 ? next : 0;
}

static int read_span(struct reading *r, struct store_one *one)
{
	struct db_rows rows =
		DB_BEGIN(r->db, select_incident, db_int(r->query->test_id), db_int(r->query->at));
	const int next = db_next(&rows);
	struct store_incident i = { .id = 0 };

	if (next > 0)
		row_read_incident_named(&rows, 0, &i);
	db_end(&rows);
	if (i.incident.end_at == 0 || r->query->at < i.incident.end_at)
		one->incident = i;
	return next < 0 ? next : 0;
}

static int read_neighbours(struct reading *r, struct store_one *one)
{
	const struct db_value test_id = db_int(r->query->test_id), at = db_int(r->query->at);
	int64_t err = DB_FIRST(&one->previous_at, r->db, select_previous, test_id, at);

	if (err >= 0)
		err = DB_FIRST(&one->next_at, r->db, select_next, test_id, at);
	if (err >= 0)
		err = DB_FIRST(&one->oldest_at, r->db, select_oldest, test_id);
	return err < 0 ? (int)err : 0;
}

/* Of a run that is gone the incident and the neighbours are still told. */
int read_run(struct reading *r)
{
	struct store_one *one = answer_alloc(r->answer, sizeof(*one));

	if (!one)
		return -ENOMEM;
	r->answer->run = one;
	int err = read_row(r, select_run, &one->row, &one->is_found);
	if (!err)
		err = read_row(r, select_good, &one->good, &one->has_good);
	if (!err)
		err = read_neighbours(r, one);
	if (!err)
		err = read_span(r, one);
	return err ? err : read_evidence(r, one);
}

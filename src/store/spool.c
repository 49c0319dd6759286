#include "store/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "store/pack.h"
#include "store/row.h"

enum {
	PIECE = 500,     /* runs that are given up in one step */
	PIECE_JSON = 20, /* of evidence */
	PACKED_MAX = STORE_EVIDENCE_MAX + STORE_EVIDENCE_MAX / 512 + 4096,
	STATE_AT = 3 + ROW_COLUMN_COUNT,
	STATE_COLUMNS = 8,
	APPLICATION = 1400139889,
};

static const char make[] =
	"pragma journal_mode = wal; pragma application_id = 1400139889; begin immediate;"
	"create table if not exists entry(number integer primary key autoincrement,"
	" kind integer not null, is_passed integer not null, test_id bigint, scheduled_at bigint,"
	" late_us bigint, state integer, has_passed integer, is_by_hand integer, reason text,"
	" fail_phase text, attempts integer, latency_us bigint, signin_us bigint, there_us bigint,"
	" back_us bigint, phases blob, has_state integer, now_state integer, since_at bigint,"
	" last_at bigint, last_ok_at bigint, last_failed_at bigint, streak bigint,"
	" incident_at bigint, fence bigint);"
	"create index if not exists entry_passed on entry(number) where is_passed = 1;"
	"create table if not exists incident(entry bigint not null, begin_at bigint not null,"
	" end_at bigint, last_at bigint not null, reason text, runs bigint not null,"
	" times bigint not null, is_flapping integer not null, primary key(entry, begin_at))"
	" without rowid;"
	"create table if not exists evidence(entry integer primary key, is_passed integer not null,"
	" result blob, trace blob);"
	"create index if not exists evidence_passed on evidence(entry) where is_passed = 1;"
	"create table if not exists audit(entry integer primary key, at bigint not null,"
	" who text not null, what text not null, source text not null, result text not null);"
	"create table if not exists told(entry integer primary key, test_id bigint not null,"
	" begin_at bigint not null, receiver text not null, told integer not null,"
	" at bigint not null);"
	"commit";
_Static_assert(APPLICATION == 1400139889, "as the pragma says");

static const char not_ours[] =
	N_("{1} is not a spool of stox, and was left as it is. With a server of PostgreSQL, "
	   "history.file is where what waits for it is kept: name another file there.");

#define STATE_COLUMNS_NAMES                                                                        \
	"now_state, since_at, last_at, last_ok_at, last_failed_at, streak, incident_at, fence"
static const char insert_entry[] =
	"insert into entry(kind, is_passed, " ROW_COLUMNS ", has_state, " STATE_COLUMNS_NAMES ")"
	" values($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
	" $19, $20, $21, $22, $23, $24, $25) returning number";
static const char insert_incident[] = "insert or replace into incident(entry, " ROW_INCIDENT ")"
				      " values($1, $2, $3, $4, $5, $6, $7, $8)";
static const char insert_evidence[] =
	"insert into evidence(entry, is_passed, result, trace) values($1, $2, $3, $4)";
static const char insert_audit[] =
	"insert into audit(entry, at, who, what, source, result) values($1, $2, $3, $4, $5, $6)";
static const char insert_told[] = "insert into told(entry, test_id, begin_at, receiver, told, at)"
				  " values($1, $2, $3, $4, $5, $6)";

static const char select_entries[] =
	"select " ROW_COLUMNS ", number, kind, has_state, " STATE_COLUMNS_NAMES
	" from entry where number > $1 order by number limit $2";
static const char select_incidents[] =
	"select " ROW_INCIDENT " from incident where entry = $1 order by begin_at";
static const char select_evidence[] = "select result, trace from evidence where entry = $1";
static const char select_audit[] =
	"select at, who, what, source, result from audit where entry = $1";
static const char select_told[] =
	"select test_id, begin_at, receiver, told, at from told where entry = $1";

static const char *const removals[] = {
	"delete from entry where number <= $1",
	"delete from incident where entry <= $1",
	"delete from evidence where entry <= $1",
	"delete from audit where entry <= $1",
	"delete from told where entry <= $1",
};
static const char drop_evidence[] =
	"delete from evidence where entry in (select entry from evidence where is_passed = 1"
	" order by entry limit $1)";
static const char drop_passed[] =
	"delete from entry where number in (select number from entry where is_passed = 1"
	" order by number limit $1)";
static const char count_entries[] = "select count(*) from entry";
static const char page_count[] = "pragma page_count";
static const char freelist_count[] = "pragma freelist_count";
static const char page_size[] = "pragma page_size";

static int failed(int64_t changes)
{
	return changes < 0 ? (int)changes : 0;
}

/* ---- the file ---- */

static int measure(struct spool *s)
{
	int64_t n = 0, pages = 0, unused = 0, bytes = 0;
	int64_t err = db_run(s->db, count_entries, NULL, 0, &n);

	if (err >= 0)
		err = db_run(s->db, page_count, NULL, 0, &pages);
	if (err >= 0)
		err = db_run(s->db, freelist_count, NULL, 0, &unused);
	if (err >= 0)
		err = db_run(s->db, page_size, NULL, 0, &bytes);
	s->n = (uint64_t)n;
	s->bytes = (uint64_t)((pages - unused) * bytes);
	return failed(err);
}

/* With its log.  ERR_SYNTAX: not ours, above all a history that `history.file` named before. */
static int look_at(const char *path)
{
	int64_t application = 0, tables = 0;
	struct db *db = NULL;
	int64_t err = sqlite_open(&db, path, DB_LOOK);

	if (!err)
		err = db_run(db, "pragma application_id", NULL, 0, &application);
	if (err >= 0)
		err = db_run(db, "select count(*) from sqlite_master", NULL, 0, &tables);
	db_close(db);
	if (application == APPLICATION)
		return failed(err);
	if (err == -EBADMSG || err == -EINVAL || application || tables)
		return ERR_SYNTAX;
	return failed(err);
}

static int open_once(struct spool *s, const char *path)
{
	const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	int err = look_at(path);
	if (!err)
		err = sqlite_open(&s->db, path, DB_WRITER);
	if (!err)
		err = db_exec(s->db, make);
	if (!err)
		err = measure(s);
	if (err)
		s->db = db_close(s->db);
	return err;
}

int spool_open(struct spool *s, const struct file *f, struct text *why)
{
	struct buf name;

	s->bytes_max = s->bytes_max ? s->bytes_max : STORE_SPOOL_BYTES_MAX;
	int err = open_once(s, f->path);
	if (err == -EBADMSG || err == -EINVAL) {
		buf_init(&name, 4096);
		err = file_set_aside(f, &name);
		buf_done(&name);
		if (!err)
			err = open_once(s, f->path);
	}
	if (err)
		*why = err == ERR_SYNTAX ? TEXT(not_ours, text_str(f->path)) : file_text(f, err);
	return err;
}

void spool_close(struct spool *s)
{
	s->db = db_close(s->db);
}

static int end(struct spool *s, int err)
{
	if (!err)
		err = db_simple(s->db, "commit");
	if (err)
		db_rollback(s->db);
	return err;
}

/* ---- putting ---- */

static int64_t insert(struct spool *s, const struct entry *e, int64_t *ret)
{
	const struct kept_state *k = &e->state;
	struct db_value values[STATE_AT + STATE_COLUMNS] = { db_int(e->kind),
		db_int(entry_is_passed_only(e)) };
	const struct db_value state[] = {
		db_int(e->has_state),
		db_int(k->state),
		db_int(k->since_at),
		db_int(k->last_at),
		db_int(k->last_ok_at),
		db_int(k->last_failed_at),
		db_int(k->streak),
		db_int(k->incident_at),
		db_int(k->fence),
	};
	struct buf phases;

	buf_init(&phases, PHASES_BLOB_MAX);
	row_values(&e->row, &phases, values + 2);
	memcpy(values + 2 + ROW_COLUMN_COUNT, state, sizeof(state));
	const int64_t n = db_run(s->db, insert_entry, values, COUNT(values), ret);
	buf_done(&phases);
	return n;
}

static int put_incident(struct spool *s, int64_t number, const struct incident *i)
{
	if (i->begin_at == 0)
		return 0;
	return failed(DB_RUN(s->db, insert_incident, db_int(number), db_int(i->begin_at),
		db_int_or_null(i->end_at, 0), db_int(i->last_at), row_reason_value(i->reason),
		db_int(i->runs), db_int(i->times), db_int(i->is_flapping)));
}

static int put_evidence(struct spool *s, int64_t number, const struct entry *e)
{
	struct buf result, trace;

	if (!e->evidence)
		return 0;
	buf_init(&result, PACKED_MAX);
	buf_init(&trace, PACKED_MAX);
	int err = pack(e->result_json, &result);
	if (!err)
		err = pack(e->trace_json, &trace);
	if (!err)
		err = failed(DB_RUN(s->db, insert_evidence, db_int(number),
			db_int(entry_is_passed_only(e)), db_blob_or_null(buf_slice(&result)),
			db_blob_or_null(buf_slice(&trace))));
	buf_done(&result);
	buf_done(&trace);
	return err;
}

static int put_audit(struct spool *s, int64_t number, const struct store_audit *a)
{
	return failed(DB_RUN(s->db, insert_audit, db_int(number), db_int(a->at), db_text(a->who),
		db_text(a->what), db_text(a->source), db_text(a->result)));
}

static int put_mark(struct spool *s, int64_t number, const struct store_mark *m)
{
	return failed(DB_RUN(s->db, insert_told, db_int(number), db_int(m->test_id),
		db_int(m->begin_at), db_text(m->receiver), db_int(m->told), db_int(m->at)));
}

static int put_one(struct spool *s, const struct entry *e)
{
	int64_t number = 0;
	int err = failed(insert(s, e, &number));

	for (unsigned i = 0; i < e->n_incidents && !err; i++)
		err = put_incident(s, number, &e->incidents[i]);
	if (!err)
		err = put_evidence(s, number, e);
	if (!err && e->kind == ENTRY_AUDIT)
		err = put_audit(s, number, &e->audit);
	if (!err && e->kind == ENTRY_MARK)
		err = put_mark(s, number, &e->mark);
	return err;
}

/* A sixteenth more than is needed, so that a full spool is not looked through at every put. */
static int make_room(struct spool *s)
{
	const uint64_t goal = s->bytes_max / 16 * 15;
	bool has_evidence = true;
	int64_t n = 1;

	while (n > 0 && s->bytes > goal) {
		n = has_evidence ? DB_RUN(s->db, drop_evidence, db_int(PIECE_JSON))
				 : DB_RUN(s->db, drop_passed, db_int(PIECE));
		if (n < 0)
			return (int)n;
		*(has_evidence ? &s->dropped_evidence : &s->dropped_runs) += (uint64_t)n;
		if (n == 0 && has_evidence) {
			has_evidence = false;
			n = 1;
		}
		const int err = measure(s);
		if (err)
			return err;
	}
	return s->bytes <= 2 * s->bytes_max ? 0 : ERR_LIMIT;
}

int spool_put(struct spool *s, struct list *entries)
{
	const uint64_t runs = s->dropped_runs, evidence = s->dropped_evidence;
	int err = db_begin_write(s->db);

	for (struct list *n = entries->next; n != entries && !err; n = n->next)
		err = put_one(s, LIST_OWNER(n, struct entry, node));
	if (!err)
		err = measure(s);
	if (!err && s->bytes > s->bytes_max)
		err = make_room(s);
	err = end(s, err);
	if (err) {
		s->dropped_runs = runs;
		s->dropped_evidence = evidence;
		measure(s);
	}
	return err;
}

/* ---- taking ---- */

static int take_incidents(struct spool *s, int64_t number, struct entry *e)
{
	struct db_rows rows = DB_BEGIN(s->db, select_incidents, db_int(number));
	int next = db_next(&rows);

	for (; next > 0 && e->n_incidents < STORE_INCIDENTS_MAX; next = db_next(&rows))
		row_read_incident(&rows, 0, &e->incidents[e->n_incidents++]);
	db_end(&rows);
	return next < 0 ? next : 0;
}

static int take_evidence(struct spool *s, int64_t number, struct entry *e)
{
	struct db_rows rows = DB_BEGIN(s->db, select_evidence, db_int(number));
	const int next = db_next(&rows);
	struct buf result, trace;

	buf_init(&result, STORE_EVIDENCE_MAX);
	buf_init(&trace, STORE_EVIDENCE_MAX);
	/* What cannot be unpacked is as if it had not been kept. */
	if (next > 0 && unpack(db_get(&rows, 0), STORE_EVIDENCE_MAX, &result) == 0 &&
		unpack(db_get(&rows, 1), STORE_EVIDENCE_MAX, &trace) == 0)
		entry_add_evidence(e, buf_slice(&result), buf_slice(&trace));
	buf_done(&result);
	buf_done(&trace);
	db_end(&rows);
	return next < 0 ? next : 0;
}

static struct kept_state state_of(const struct db_rows *rows, unsigned column)
{
	return (struct kept_state){
		.state = row_state(db_get_int(rows, column)),
		.since_at = db_get_int(rows, column + 1),
		.last_at = db_get_int(rows, column + 2),
		.last_ok_at = db_get_int(rows, column + 3),
		.last_failed_at = db_get_int(rows, column + 4),
		.streak = (unsigned)db_get_int(rows, column + 5),
		.incident_at = db_get_int(rows, column + 6),
		.fence = db_get_int(rows, column + 7),
	};
}

static int take_audit(struct spool *s, int64_t number, struct entry **ret)
{
	struct db_rows rows = DB_BEGIN(s->db, select_audit, db_int(number));
	const int next = db_next(&rows);

	if (next > 0) {
		const struct store_audit a = { db_get_int(&rows, 0), db_get(&rows, 1),
			db_get(&rows, 2), db_get(&rows, 3), db_get(&rows, 4) };

		*ret = entry_of_audit(&a);
	}
	db_end(&rows);
	if (next > 0 && !*ret)
		return -ENOMEM;
	return next < 0 ? next : 0;
}

static int take_mark(struct spool *s, int64_t number, struct entry **ret)
{
	struct db_rows rows = DB_BEGIN(s->db, select_told, db_int(number));
	const int next = db_next(&rows);

	if (next > 0) {
		const struct store_mark m = { .test_id = db_get_int(&rows, 0),
			.begin_at = db_get_int(&rows, 1),
			.receiver = db_get(&rows, 2),
			.told = (enum store_told)db_get_int(&rows, 3),
			.at = db_get_int(&rows, 4) };

		*ret = entry_of_mark(&m);
	}
	db_end(&rows);
	if (next > 0 && !*ret)
		return -ENOMEM;
	return next < 0 ? next : 0;
}

static int take_run(struct spool *s, const struct db_rows *rows, struct entry **ret)
{
	const int64_t number = db_get_int(rows, ROW_COLUMN_COUNT);
	struct entry *e = entry_new(
		db_get_int(rows, ROW_COLUMN_COUNT + 1) == ENTRY_STATE ? ENTRY_STATE : ENTRY_RUN);

	if (!e)
		return -ENOMEM;
	row_read(rows, &e->row);
	e->has_state = db_get_int(rows, ROW_COLUMN_COUNT + 2);
	e->state = state_of(rows, ROW_COLUMN_COUNT + 3);
	int err = take_incidents(s, number, e);
	if (!err)
		err = take_evidence(s, number, e);
	*ret = err ? entry_free(e) : e;
	return err;
}

int spool_take(struct spool *s, struct list *ret, unsigned max)
{
	struct db_rows rows = DB_BEGIN(s->db, select_entries, db_int(0), db_int(max));
	int next = db_next(&rows), err = 0;

	for (; next > 0 && !err; next = db_next(&rows)) {
		const int64_t number = db_get_int(&rows, ROW_COLUMN_COUNT);
		struct entry *e = NULL;

		if (db_get_int(&rows, ROW_COLUMN_COUNT + 1) == ENTRY_AUDIT)
			err = take_audit(s, number, &e);
		else if (db_get_int(&rows, ROW_COLUMN_COUNT + 1) == ENTRY_MARK)
			err = take_mark(s, number, &e);
		else
			err = take_run(s, &rows, &e);
		if (e)
			list_append(ret, &e->node);
		s->last = number;
	}
	db_end(&rows);
	return next < 0 ? next : err;
}

int spool_remove(struct spool *s)
{
	int err = db_begin_write(s->db);

	for (size_t i = 0; i < COUNT(removals) && !err; i++)
		err = failed(DB_RUN(s->db, removals[i], db_int(s->last)));
	err = end(s, err);
	return err ? err : measure(s);
}

#include "store/schema.h"

/* A key's columns come first and in its order: with another one quick_check of SQLite 3.40 finds
 * NULL where there is none, in tables without rowid. */
static const char version_1[] =
	"create table about(one integer primary key check(one = 1), zone text not null,"
	" raw_from bigint not null, is_open integer not null, salvage text not null);"
	"insert into about values(1, '', 0, 0, '');"

	"create table test(id integer primary key autoincrement, kind text not null,"
	" pool text not null, partner text not null, direction text not null,"
	" location text not null, interval_us bigint not null, offset_us bigint not null,"
	" is_enabled integer not null, spec text not null,"
	" unique(kind, pool, partner, direction, location));"

	"create table test_state(test_id bigint primary key, state integer not null,"
	" since_at bigint not null, last_at bigint not null, last_ok_at bigint not null,"
	" last_failed_at bigint not null, streak bigint not null, incident_at bigint not null,"
	" reason text, latency_us bigint, median30_us bigint) without rowid;"

	"create table result(test_id bigint not null, scheduled_at bigint not null,"
	" late_us bigint not null, state integer not null, has_passed integer not null,"
	" is_by_hand integer not null, reason text, fail_phase text, attempts integer not null,"
	" latency_us bigint, signin_us bigint, there_us bigint, back_us bigint, phases blob,"
	" primary key(test_id, scheduled_at)) without rowid;"
	"create index result_not_ok on result(scheduled_at, test_id, state, is_by_hand, reason)"
	" where state <> 0;"

	"create table evidence(test_id bigint not null, scheduled_at bigint not null,"
	" is_kept integer not null, codec integer not null, result blob, trace blob);"
	"create unique index evidence_run on evidence(test_id, scheduled_at);"
	"create index evidence_last on evidence(test_id) where is_kept = 0;"

	"create table incident(id integer primary key autoincrement, test_id bigint not null,"
	" begin_at bigint not null, end_at bigint, last_at bigint not null, reason text,"
	" runs bigint not null, times bigint not null, is_flapping integer not null,"
	" unique(test_id, begin_at));"
	"create index incident_begin on incident(begin_at, test_id);"
	"create index incident_open on incident(begin_at, test_id) where end_at is null;"

	"create table roll_hour(test_id bigint not null, begin_at bigint not null,"
	" n_ok bigint not null, n_unstable bigint not null, n_failed bigint not null,"
	" n_unknown bigint not null, n_maintenance bigint not null,"
	" n_maintenance_failed bigint not null, worst integer not null,"
	" latency_us bigint, signin_us bigint, there_us bigint, back_us bigint,"
	" p95_us bigint, max_us bigint, hist blob, phases blob,"
	" primary key(test_id, begin_at)) without rowid;"

	"create table roll_day(test_id bigint not null, begin_at bigint not null,"
	" end_at bigint not null,"
	" n_ok bigint not null, n_unstable bigint not null, n_failed bigint not null,"
	" n_unknown bigint not null, n_maintenance bigint not null,"
	" n_maintenance_failed bigint not null, worst integer not null, bad_us bigint not null,"
	" latency_us bigint, signin_us bigint, there_us bigint, back_us bigint,"
	" p95_us bigint, max_us bigint,"
	" primary key(test_id, begin_at)) without rowid;"
	"create table roll_day_hist(test_id bigint not null, begin_at bigint not null, hist blob,"
	" phases blob);"
	"create unique index roll_day_hist_day on roll_day_hist(test_id, begin_at);"
	"create table roll_day_reason(test_id bigint not null, begin_at bigint not null,"
	" reason text not null, runs bigint not null, last_at bigint not null,"
	" primary key(test_id, begin_at, reason)) without rowid;"

	"create table dirty_hour(begin_at bigint not null, test_id bigint not null,"
	" primary key(begin_at, test_id)) without rowid;"
	"create table dirty_day(begin_at bigint not null, test_id bigint not null,"
	" primary key(begin_at, test_id)) without rowid;"

	"create table audit(number integer primary key autoincrement, at bigint not null,"
	" who text not null, what text not null, source text not null, result text not null);"
	"create index audit_at on audit(at);"
	"create trigger audit_is_appended_only before update on audit"
	" begin select raise(abort, 'the audit log is only appended to'); end;";

/* Whom an incident was told, so that a watcher that is killed tells the rest. */
static const char version_2[] =
	"create table told(test_id bigint not null, receiver text not null,"
	" begin_at bigint not null, told integer not null, at bigint not null,"
	" primary key(test_id, receiver)) without rowid;";

static const char *const migrations[] = { version_1, version_2 };
_Static_assert(COUNT(migrations) == SCHEMA_VERSION, "a migration is missing");

/* Not in the transaction: what decides the form of the file before there is a table in it. */
static int make_file(struct db *db)
{
	return db_exec(db, "pragma auto_vacuum = incremental; pragma application_id = 1400139640");
}
_Static_assert(SCHEMA_APPLICATION == 1400139640, "as the pragma says");

static int migrate_one(struct db *db, const char *migration, unsigned version)
{
	struct buf sql;

	buf_init(&sql, 64 << 10);
	buf_printf(
		&sql, "begin immediate; %s pragma user_version = %u; commit;", migration, version);
	const int err = buf_err(&sql) ? buf_err(&sql) : db_exec(db, buf_cstr(&sql));
	buf_done(&sql);
	if (err)
		db_rollback(db);
	return err;
}

int schema_migrate(struct db *db, unsigned from_version)
{
	int err = from_version == 0 ? make_file(db) : 0;

	for (unsigned v = from_version; v < SCHEMA_VERSION && !err; v++)
		err = migrate_one(db, migrations[v], v + 1);
	return err;
}

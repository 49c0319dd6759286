#include "store/schema.h"

#include <errno.h>
#include <string.h>

enum { TRIES = 10 };

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
/* What several watchers with one history need.  Of a file both tables stay empty. */
static const char version_3[] =
	"alter table test_state add column fence bigint not null default 0;"
	"alter table incident add column fence bigint not null default 0;"
	"create table lease(test_id bigint primary key, holder bigint not null,"
	" fence bigint not null, lease_until bigint not null);"
	"create table watcher(id bigint primary key, name text not null, location text not null,"
	" started_at bigint not null, seen_until bigint not null);";

static const char *const migrations[] = { version_1, version_2, version_3 };
_Static_assert(COUNT(migrations) == SCHEMA_VERSION, "a migration is missing");

/* ---- SQLite ---- */

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

/* ---- PostgreSQL ---- */

/* What it says otherwise, in this order.  Runs and evidence are cut by month, so that what is old
 * goes by DROP; the key of a run brings what a series reads, since its rows lie scattered. */
static const struct {
	const char *sqlite, *postgres;
} words[] = {
	{ "phases blob, primary key(test_id, scheduled_at)) without rowid;",
		"phases bytea, primary key(test_id, scheduled_at) include(state, has_passed,"
		" is_by_hand, reason, latency_us, signin_us, there_us, back_us))"
		" partition by range(scheduled_at);" },
	{ "result blob, trace blob);",
		"result bytea, trace bytea) partition by range(scheduled_at);"
		"alter table evidence alter result set storage external,"
		" alter trace set storage external;" },
	{ "median30_us bigint) without rowid;", "median30_us bigint) with (fillfactor = 50);" },
	{ "lease_until bigint not null);", "lease_until bigint not null) with (fillfactor = 50);" },
	{ "create trigger audit_is_appended_only before update on audit"
	  " begin select raise(abort, 'the audit log is only appended to'); end;",
		"create function audit_is_appended_only() returns trigger language plpgsql as"
		" $$ begin raise exception 'the audit log is only appended to'; end $$;"
		"create trigger audit_is_appended_only before update on audit"
		" for each row execute function audit_is_appended_only();" },
	{ "integer primary key autoincrement",
		"bigint generated by default as identity primary key" },
	{ " without rowid", "" },
	{ " blob", " bytea" },
};

static void put_migration(struct buf *sql, const char *text)
{
	while (*text) {
		size_t i = 0;

		while (i < COUNT(words) &&
			strncmp(text, words[i].sqlite, strlen(words[i].sqlite)) != 0)
			i++;
		if (i < COUNT(words))
			buf_puts(sql, words[i].postgres);
		else
			buf_put(sql, slice_of(text, 1));
		text += i < COUNT(words) ? strlen(words[i].sqlite) : 1;
	}
}

/* One watcher at a time: the second waits for the row, and finds that nothing is left to do. */
static const char make_version[] =
	"create table if not exists schema_version(one integer primary key check(one = 1),"
	" version integer not null, min_reader integer not null, app text not null);"
	"insert into schema_version values(1, 0, 0, 'stox') on conflict(one) do nothing;";
static const char lock_version[] = "select version from schema_version for update";
static const char select_version[] = "select version, min_reader from schema_version";
static const char set_version[] = "update schema_version set version = $1, min_reader = $2";

static int migrate_server(struct db *db)
{
	int64_t version = 0;
	struct buf sql;
	int64_t err = db_run(db, lock_version, NULL, 0, &version);

	buf_init(&sql, 64 << 10);
	for (int64_t v = version; v < SCHEMA_VERSION; v++)
		put_migration(&sql, migrations[v]);
	if (err >= 0 && buf_len(&sql))
		err = buf_err(&sql) ? buf_err(&sql) : db_exec(db, buf_cstr(&sql));
	buf_done(&sql);
	if (err >= 0 && version < SCHEMA_VERSION)
		err = DB_RUN(db, set_version, db_int(SCHEMA_VERSION), db_int(SCHEMA_MIN_READER));
	return err < 0 ? (int)err : 0;
}

static int make_server(struct db *db)
{
	int err = db_begin_write(db);

	if (!err)
		err = db_exec(db, make_version);
	if (!err)
		err = migrate_server(db);
	if (!err)
		err = db_simple(db, "commit");
	db_rollback(db);
	return err;
}

int schema_look(struct db *db, unsigned *ret_version, unsigned *ret_min_reader)
{
	struct db_rows rows = db_begin(db, select_version, NULL, 0);
	const int next = db_next(&rows);

	*ret_version = *ret_min_reader = 0;
	if (next > 0) {
		*ret_version = (unsigned)db_get_int(&rows, 0);
		*ret_min_reader = (unsigned)db_get_int(&rows, 1);
	}
	db_end(&rows);
	if (next < 0 && next != -ENOENT)
		return next;
	return *ret_min_reader > SCHEMA_VERSION ? ERR_UNSUPPORTED : 0;
}

int schema_migrate_server(struct db *db)
{
	int err = -EAGAIN;

	/* Of those that make the same table at once all but one are refused, once (23505). */
	for (unsigned i = 0; i < TRIES && err == -EAGAIN; i++)
		err = make_server(db);
	return err;
}

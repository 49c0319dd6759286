#include "store/partition.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "watch/civil.h"

enum {
	TRIES = 5,
	SQL_MAX = 4096,
	MONTHS_MAX = 12 * 1000, /* since 1970 */
	DAY_S = 86400,
};

static const char *const tables[] = { "result", "evidence" };

static const char count_month[] =
	"select count(*) from pg_class c join pg_inherits i on i.inhrelid = c.oid"
	" where i.inhparent = 'result'::regclass and c.relname = $1";
/* The names sort by their months. */
static const char oldest_month[] =
	"select cast(substr(c.relname, 8) as integer) from pg_class c"
	" join pg_inherits i on i.inhrelid = c.oid where i.inhparent = 'result'::regclass"
	" and c.relname ~ '^result_[0-9]{6}$' order by 1 limit 1";
/* Whoever waits for a table has those that come behind him wait, too. */
static const char wait_little[] = "set local lock_timeout = '200ms'";

void partition_forget(struct partitions *p)
{
	*p = (struct partitions){ .known = { 0 } };
}

/* ---- months since 1970 ---- */

static int64_t begin_of(int month)
{
	return civil_days(1970 + month / 12, month % 12 + 1, 1) * DAY_S * INT64_C(1000000);
}

static int month_of(int64_t at)
{
	const struct civil c = civil_of(at / 1000000);

	return (c.year - 1970) * 12 + c.month - 1;
}

/* 202612, as it stands in the names. */
static int number_of(int month)
{
	return (1970 + month / 12) * 100 + month % 12 + 1;
}

/* ---- making ---- */

static void put_table(struct buf *sql, const char *table, int month)
{
	buf_printf(sql,
		"create table %s_%d (like %s including all)"
		" with (autovacuum_vacuum_insert_scale_factor = 0.02);"
		"alter table %s attach partition %s_%d for values from (%lld) to (%lld);",
		table, number_of(month), table, table, table, number_of(month),
		(long long)begin_of(month), (long long)begin_of(month + 1));
}

static int make_once(struct db *db, int month)
{
	struct buf sql;

	buf_init(&sql, SQL_MAX);
	buf_puts(&sql, "begin;");
	for (size_t i = 0; i < COUNT(tables); i++)
		put_table(&sql, tables[i], month);
	buf_puts(&sql, "commit");
	const int err = buf_err(&sql) ? buf_err(&sql) : db_exec(db, buf_cstr(&sql));
	buf_done(&sql);
	db_rollback(db);
	return err;
}

static int is_there(struct db *db, int month)
{
	char name[32];
	int64_t n = 0;

	snprintf(name, sizeof(name), "result_%d", number_of(month));
	const int64_t err = DB_FIRST(&n, db, count_month, db_text(slice_str(name)));
	return err < 0 ? (int)err : n > 0;
}

/* Two watchers make the same one at once: one of them is refused, and finds it there. */
int partition_make(struct partitions *p, struct db *db, int64_t at)
{
	const int month = at < 0 ? MONTHS_MAX : month_of(at);
	int err = -EAGAIN;

	if (month >= MONTHS_MAX)
		return -EINVAL;
	int *const known = &p->known[month % PARTITION_KNOWN];
	if (*known == month && month)
		return 0;
	for (unsigned i = 0; i < TRIES && (err == -EAGAIN || err == -EEXIST); i++) {
		err = is_there(db, month);
		if (err == 0)
			err = make_once(db, month);
		else if (err > 0)
			err = 0;
	}
	if (!err)
		*known = month;
	return err;
}

/* ---- dropping ---- */

int partition_drop(struct partitions *p, struct db *db, int64_t cut, int64_t *ret_from)
{
	int64_t number = 0;
	char sql[100];
	int64_t err = db_run(db, oldest_month, NULL, 0, &number);
	const int month = (int)(number / 100 - 1970) * 12 + (int)(number % 100) - 1;

	if (err < 0 || number == 0 || month < 0 || begin_of(month + 1) > cut)
		return err < 0 ? (int)err : 0;
	partition_forget(p);
	err = db_simple(db, wait_little);
	for (size_t i = 0; i < COUNT(tables) && err >= 0; i++) {
		snprintf(sql, sizeof(sql), "drop table if exists %s_%d", tables[i], (int)number);
		err = db_exec(db, sql);
	}
	if (err < 0)
		return (int)err;
	if (begin_of(month + 1) > *ret_from)
		*ret_from = begin_of(month + 1);
	return 1;
}

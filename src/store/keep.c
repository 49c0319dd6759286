#include "store/keep.h"

#define DAY_US     (24 * STORE_HOUR_US)
#define PAUSE_US   (INT64_C(600) * 1000000)
#define WATCHER_US (7 * DAY_US) /* a list has who was there, so long */
#define LAST_US    (2 * DAY_US) /* what the size does not take */

enum {
	PIECE = 1000, /* rows of one step */
	PIECE_JSON = 100,
	PAGES = 200,     /* of one step that gives back */
	FREE_MIN = 1000, /* pages that the next runs fill again */
	FREE_PART = 20,
};

static const char select_test[] = "select id from test where id > $1 order by id limit 1";
static const char get_raw_from[] = "select raw_from from about";
static const char get_newest[] = "select coalesce(max(last_at), 0) from test_state";
static const char remove_watchers[] = "delete from watcher where seen_until < $1";
static const char set_raw_from[] = "update about set raw_from = $1";
static const char page_count[] = "pragma page_count";
static const char page_size[] = "pragma page_size";
static const char freelist_count[] = "pragma freelist_count";
static const char give_back[] = "pragma incremental_vacuum(200)";
_Static_assert(PAGES == 200, "as the pragma says");

/* $1: the test; $2: all before it goes; $3: rows of one step. */
#define TABLE(name, column)                                                                        \
	{                                                                                          \
		"select " column " from " name " where test_id = $1 and " column " < $2"           \
		" order by " column " limit 1 offset $3",                                          \
			"delete from " name " where test_id = $1 and " column " < $2"              \
	}
static const struct {
	const char *bound, *remove;
} tables[] = {
	TABLE("evidence", "scheduled_at"),
	TABLE("result", "scheduled_at"),
	TABLE("roll_hour", "begin_at"),
};
enum { EVIDENCE, RESULT, HOURS, TABLES };
_Static_assert(COUNT(tables) == TABLES, "a table is missing");

static const char audit_bound[] =
	"select at from audit where at < $1 order by at limit 1 offset $2";
static const char audit_remove[] = "delete from audit where at < $1";

void keep_init(struct keep *k, struct roll *roll, unsigned raw_days, unsigned hour_days,
	uint64_t size_max_bytes)
{
	*k = (struct keep){
		.roll = roll,
		.raw_us = raw_days * DAY_US,
		.hours_us = hour_days * DAY_US,
		.size_max_bytes = size_max_bytes,
	};
}

void keep_begin(struct keep *k, struct db *db)
{
	k->db = db;
	k->next_at = 0;
	k->is_passing = k->is_vacuuming = k->is_squeezing = false;
	k->evidence_to = k->hour_to = 0;
}

static int failed(int64_t changes)
{
	return changes < 0 ? (int)changes : 0;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* ---- the size ---- */

struct pages {
	int64_t all, unused, bytes;
};

static int read_pages(struct keep *k, struct pages *ret)
{
	if (db_is_shared(k->db))
		return 0;
	int64_t err = db_run(k->db, page_count, NULL, 0, &ret->all);

	if (err >= 0)
		err = db_run(k->db, freelist_count, NULL, 0, &ret->unused);
	if (err >= 0)
		err = db_run(k->db, page_size, NULL, 0, &ret->bytes);
	return failed(err);
}

static bool is_too_large(const struct keep *k, const struct pages *p)
{
	return k->size_max_bytes && (uint64_t)((p->all - p->unused) * p->bytes) > k->size_max_bytes;
}

/* One day more of one kind.  False: only the last days are left. */
static bool squeeze(struct keep *k, int64_t now_at)
{
	const int64_t last = now_at - LAST_US;

	if (k->evidence_cut + DAY_US <= last)
		k->evidence_cut = k->evidence_to = k->evidence_cut + DAY_US;
	else if (k->raw_cut + DAY_US <= last)
		k->raw_cut = zone_day(&k->roll->zone, k->raw_cut, NULL).end;
	else if (k->hour_cut + DAY_US <= last)
		k->hour_cut = k->hour_to = k->hour_cut + DAY_US;
	else
		return false;
	return true;
}

bool keep_take_squeezed(struct keep *k, int64_t *ret_runs, int64_t *ret_evidence, bool *ret_fits)
{
	const bool has_news = k->has_news;

	*ret_runs = k->raw_cut;
	*ret_evidence = k->evidence_cut;
	*ret_fits = !k->is_told;
	k->has_news = false;
	return has_news;
}

/* ---- a pass ---- */

/* A clock that is years ahead for an hour must not cost years: a pass takes one day at most.  Of a
 * server months go at once, and there the newest run of any watcher says what time it can be. */
static int believe(const struct keep *k, int64_t now_at, int64_t *ret)
{
	const int64_t from = k->roll->raw_from;
	int64_t most = from ? from + k->raw_us + DAY_US : 0;
	int64_t newest = 0;

	if (db_is_shared(k->db)) {
		const int64_t err = db_run(k->db, get_newest, NULL, 0, &newest);

		if (err < 0)
			return (int)err;
		most = newest ? newest + DAY_US : 0;
	}
	*ret = most && most < now_at ? most : now_at;
	return 0;
}

static void set_cuts(struct keep *k, int64_t now_at)
{
	k->raw_cut =
		later(zone_day(&k->roll->zone, now_at - k->raw_us, NULL).begin, k->roll->raw_from);
	k->evidence_cut = later(k->raw_cut, k->evidence_to);
	k->hour_cut = later(write_hour_of(now_at - k->hours_us), k->hour_to);
	k->watcher_cut = now_at - WATCHER_US;
	k->audit_cut = now_at - KEEP_AUDIT_DAYS * DAY_US;
}

/* Told when it is done, or when nothing more can be done, once. */
static void end_squeeze(struct keep *k, bool fits)
{
	if (k->is_squeezing || (!fits && !k->is_told))
		k->has_news = true;
	k->is_squeezing = false;
	k->is_told = !fits;
}

static int move_raw_from(struct keep *k, int64_t to)
{
	if (to <= k->roll->raw_from)
		return 0;
	k->roll->raw_from = to;
	return failed(DB_RUN(k->db, set_raw_from, db_int(to)));
}

/* raw_from goes first: what is computed from runs that are half gone would be wrong. */
static int begin_pass(struct keep *k, int64_t now_at)
{
	struct pages p = { 0 };
	int64_t believed = 0;
	int err = read_pages(k, &p);

	if (!err && db_is_shared(k->db))
		err = failed(db_run(k->db, get_raw_from, NULL, 0, &k->roll->raw_from));
	if (!err)
		err = believe(k, now_at, &believed);
	if (err)
		return err;
	set_cuts(k, believed);
	if (!is_too_large(k, &p))
		end_squeeze(k, true);
	else if (squeeze(k, now_at))
		k->is_squeezing = true;
	else
		end_squeeze(k, false);
	if (!db_is_shared(k->db))
		err = move_raw_from(k, k->raw_cut);
	k->is_passing = true;
	k->test_id = 0;
	k->part = TABLES;
	k->has_months = db_is_shared(k->db);
	return err ? err : 1;
}

static int end_pass(struct keep *k, int64_t now_at)
{
	struct pages p = { 0 };
	const int err = read_pages(k, &p);

	k->is_passing = false;
	k->next_at = k->is_squeezing ? now_at : now_at + PAUSE_US;
	k->is_vacuuming = p.unused > FREE_MIN && p.unused > p.all / FREE_PART;
	return err ? err : 1;
}

/* *ret becomes where the rows of one step end; true: there are more behind. */
static int find_bound(struct db_rows rows, int64_t *ret)
{
	const int next = db_next(&rows);

	if (next > 0)
		*ret = db_get_int(&rows, 0);
	db_end(&rows);
	return next;
}

static int remove_audit(struct keep *k)
{
	int64_t cut = k->audit_cut;
	const int more = find_bound(DB_BEGIN(k->db, audit_bound, db_int(cut), db_int(PIECE)), &cut);
	int err = more < 0 ? more : failed(DB_RUN(k->db, audit_remove, db_int(cut)));

	if (!err)
		err = failed(DB_RUN(k->db, remove_watchers, db_int(k->watcher_cut)));
	return err ? err : more;
}

static int remove_part(struct keep *k)
{
	const int64_t cuts[TABLES] = { k->evidence_cut, k->raw_cut, k->hour_cut };
	const int64_t piece = k->part == EVIDENCE ? PIECE_JSON : PIECE;
	int64_t cut = cuts[k->part];
	const int more = find_bound(DB_BEGIN(k->db, tables[k->part].bound, db_int(k->test_id),
					    db_int(cut), db_int(piece)),
		&cut);
	const int64_t n =
		more < 0 ? more
			 : DB_RUN(k->db, tables[k->part].remove, db_int(k->test_id), db_int(cut));

	if (n < 0)
		return (int)n;
	if (!more)
		k->part++;
	return 1;
}

/* The month, and then what is computed from its runs can no longer be. */
static int remove_month(struct keep *k)
{
	int64_t from = k->roll->raw_from;
	const int done = partition_drop(k->partitions, k->db, k->raw_cut, &from);

	if (done < 0)
		return done;
	k->has_months = done > 0;
	const int err = move_raw_from(k, from);
	return err ? err : 1;
}

static int step_pass(struct keep *k, int64_t now_at)
{
	int64_t id = 0;

	if (k->has_months)
		return remove_month(k);
	if (k->part < TABLES)
		return remove_part(k);
	const int err = failed(DB_FIRST(&id, k->db, select_test, db_int(k->test_id)));
	if (err)
		return err;
	if (id) {
		k->test_id = id;
		k->part = db_is_shared(k->db) ? HOURS : 0;
		return 1;
	}
	const int more = remove_audit(k);
	return more == 0 ? end_pass(k, now_at) : more;
}

static int step_vacuum(struct keep *k)
{
	struct pages p = { 0 };
	int err = read_pages(k, &p);

	if (err)
		return err;
	k->is_vacuuming = p.unused > FREE_MIN;
	if (k->is_vacuuming)
		err = failed(db_run(k->db, give_back, NULL, 0, NULL));
	return err ? err : k->is_vacuuming;
}

int keep_step(struct keep *k, int64_t now_at)
{
	if (k->is_passing)
		return step_pass(k, now_at);
	if (k->is_vacuuming)
		return step_vacuum(k);
	/* The clock may have been set back by years. */
	if (now_at < k->next_at && now_at > k->next_at - 2 * PAUSE_US)
		return 0;
	return begin_pass(k, now_at);
}

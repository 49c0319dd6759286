#include "store/mend.h"

#include <errno.h>

#include "store/sync.h"

enum { NAME_MAX_BYTES = 4096 };

static const char set_name[] = "update about set salvage = $1";
static const char get_name[] = "select salvage from about";

static const char was_set_aside[] =
	N_("The history {1} was damaged, and was set aside as {2}. A new one was begun, and what "
	   "can still be read is taken over.");
static const char was_taken_over[] =
	N_("{2} runs were taken over from the damaged history {1}. Look at what else is in it, or "
	   "delete it; and look at the disk, in the system's log.");

static int set_aside(struct mend *m)
{
	struct buf name;

	buf_init(&name, NAME_MAX_BYTES);
	int err = file_set_aside(m->file, &name);
	if (!err) {
		mem_free(m->name);
		m->name = mem_strdup(buf_cstr(&name));
		m->is_aside = true;
	}
	if (!err && !m->name)
		err = -ENOMEM;
	buf_done(&name);
	return err;
}

static void tell(struct mend *m, enum store_event_type type, uint64_t count, struct text text)
{
	outlet_put(m->outlet, &(struct store_event){ .type = type, .count = count, .text = text });
}

/* ---- taking over ---- */

/* In one transaction with the tests: who begins again begins with all. */
static int begin_salvage(struct mend *m, struct db *db)
{
	int err = db_begin_write(db);

	if (!err)
		err = salvage_begin(&m->salvage, m->name, db);
	if (!err && m->last_sync)
		err = sync_restore(
			db, m->last_sync->tests, m->last_sync->known, m->last_sync->n_tests);
	if (!err)
		err = (int)DB_RUN(db, set_name, db_text(slice_str(m->name)));
	if (err >= 0)
		err = db_simple(db, "commit");
	db_rollback(db);
	if (err)
		salvage_done(&m->salvage);
	return err;
}

/* One that was cut short goes on: what is there already stays. */
static int find_name(struct mend *m, struct db *db)
{
	struct db_rows rows = db_begin(db, get_name, NULL, 0);
	const int next = db_next(&rows);
	const struct slice name = next > 0 ? db_get(&rows, 0) : SLICE_NONE;

	if (name.n)
		m->name = mem_strndup(name.p, name.n);
	db_end(&rows);
	return next < 0 ? next : 0;
}

static int end_salvage(struct db *db)
{
	const int64_t n = DB_RUN(db, set_name, db_text(SLICE_NONE));

	return n < 0 ? (int)n : 0;
}

static void tell_end(struct mend *m)
{
	tell(m, STORE_EV_SALVAGED, m->salvage.at.runs,
		TEXT(was_taken_over, text_str(m->name), text_u64(m->salvage.at.runs)));
	salvage_done(&m->salvage);
	m->name = mem_free(m->name);
}

int mend_slice(struct mend *m, struct db *db, ts_t budget)
{
	const ts_t until = db_clock() + budget;
	const struct salvage_at before = m->salvage.at;

	if (!m->name)
		return 0;
	int done = db_begin_write(db);
	if (done == 0)
		do
			done = salvage_step(&m->salvage);
		while (done > 0 && db_clock() < until);
	const bool is_over = done == 0;
	if (is_over)
		done = end_salvage(db);
	if (done >= 0) {
		const int err = db_simple(db, "commit");
		done = err ? err : done;
	}
	if (done < 0) {
		db_rollback(db);
		m->salvage.at = before;
	} else if (is_over) {
		tell_end(m);
	}
	return done;
}

/* ---- opening ---- */

/* What follows in a new file, or in one that was found whole. */
static int begin(struct mend *m, struct db *db)
{
	int err = m->name ? 0 : find_name(m, db);

	if (!err && m->name)
		err = begin_salvage(m, db);
	m->writes->db = db;
	write_forget_hours(m->writes);
	return err ? err : upkeep_begin(m->upkeep, db, m->zone_name);
}

static int open_once(struct mend *m, struct db **db, bool *ret_was_open, struct text *why)
{
	int err = file_open(m->file, db, ret_was_open, why);

	if (err)
		return err;
	err = begin(m, *db);
	if (err) {
		*why = file_text(m->file, err);
		if (err == -EBADMSG)
			sqlite_leave_log(*db);
		*db = db_close(*db);
	}
	return err;
}

int mend_open(struct mend *m, struct db **db, bool *ret_was_open, struct text *why)
{
	int err = open_once(m, db, ret_was_open, why);

	if (err == -EBADMSG) {
		err = set_aside(m);
		if (!err)
			err = open_once(m, db, ret_was_open, why);
		else
			*why = file_text(m->file, err);
	}
	if (!err && m->is_aside) {
		tell(m, STORE_EV_DAMAGED, 0,
			TEXT(was_set_aside, text_str(m->file->path), text_str(m->name)));
		m->is_aside = false;
	}
	return err;
}

void mend_give_up(struct mend *m, struct db **db)
{
	salvage_done(&m->salvage);
	m->name = mem_free(m->name);
	sqlite_leave_log(*db);
	reader_pause(m->reader);
	*db = db_close(*db);
	set_aside(m); /* if it cannot, it is found damaged once more */
	reader_resume(m->reader);
	atomic_store(&m->reader->is_damaged, false);
}

void mend_done(struct mend *m)
{
	salvage_done(&m->salvage);
	m->name = mem_free(m->name);
}

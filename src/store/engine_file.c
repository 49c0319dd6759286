#include "store/engine.h"

#include <errno.h>

#include "store/writer.h"

static const char mark_open[] = "update about set is_open = 1 where is_open = 0";
static const char mark_closed[] = "update about set is_open = 0";

static struct text text(const struct writer *w, int err)
{
	return file_text(&w->file, err);
}

static int start(struct writer *w, struct text *why)
{
	bool was_open = false;

	w->mend = (struct mend){
		.file = &w->file,
		.reader = w->reader,
		.outlet = w->outlet,
		.zone_name = w->cfg.zone_name,
		.writes = &w->writes,
		.upkeep = &w->upkeep,
	};
	int err = mend_open(&w->mend, &w->db, &was_open, why);
	w->was_marked_open = was_open;
	if (!err && was_open)
		err = check_start(&w->check, w->file.path, &w->queue);
	return err;
}

static int open(struct writer *w, struct text *why)
{
	bool was_open = false;

	return mend_open(&w->mend, &w->db, &was_open, why);
}

/* What is held goes into the file that takes its place. */
static void give_up(struct writer *w)
{
	if (!w->db)
		return;
	check_stop(&w->check);
	mend_give_up(&w->mend, &w->db);
	w->was_marked_open = false;
	w->has_upkeep = true; /* the next round opens another one, whether or not there is news */
}

static void look(struct writer *w)
{
	const enum check_result found = check_take(&w->check);

	if (found == CHECK_WHOLE)
		writer_tell(w, STORE_EV_CHECKED, 0, TEXT_PLAIN(NULL));
	if (found == CHECK_DAMAGED || atomic_load(&w->reader->is_damaged))
		give_up(w);
}

static int prepare(struct writer *w, struct list *group)
{
	(void)w;
	(void)group;
	return 0;
}

/* A start beside a full disk whose tests are known has nothing to write but this. */
static int mark(struct writer *w)
{
	return w->was_marked_open ? 0 : db_simple(w->db, mark_open);
}

static int work(struct writer *w, ts_t budget)
{
	const int done = mend_slice(&w->mend, w->db, budget);

	return done == 0 && w->seen_at ? upkeep_slice(&w->upkeep, w->seen_at, budget) : done;
}

static bool failed(struct writer *w, int err)
{
	if (err != -EBADMSG)
		return false;
	give_up(w);
	return true;
}

static void stop(struct writer *w)
{
	if (w->db && !w->is_held)
		db_simple(w->db, mark_closed);
}

static void done(struct writer *w)
{
	check_stop(&w->check);
	mend_done(&w->mend);
}

static uint64_t bytes(const struct writer *w)
{
	return file_bytes(&w->file);
}

static int connect(struct db **ret, const struct store_cfg *cfg)
{
	return sqlite_open(ret, cfg->path, DB_READER);
}

const struct engine engine_file = {
	.start = start,
	.open = open,
	.look = look,
	.prepare = prepare,
	.mark = mark,
	.work = work,
	.failed = failed,
	.text = text,
	.stop = stop,
	.done = done,
	.bytes = bytes,
	.connect = connect,
};

/* engine.h - what the writer does the one way with a file and another with a server.
 *
 * A file has one user and may be damaged: it is locked, checked, set aside (engine_file.c).  A
 * server may be away and has other users: what comes meanwhile goes into the spool, and who is in
 * the way is waited for (engine_server.c).
 */
#pragma once

#include "base/list.h"
#include "store/db.h"
#include "store/store.h"

struct writer;

struct engine {
	/* At store_open(), before there is a thread: errors of that. */
	int (*start)(struct writer *w, struct text *why);
	/* Opens w->db, which is NULL. 0; or it is to be tried again. */
	int (*open)(struct writer *w, struct text *why);
	/* Before each round: what is held, and what others found. */
	void (*look)(struct writer *w);
	/* What a group needs before its transaction begins, and in front within it. */
	int (*prepare)(struct writer *w, struct list *group);
	int (*mark)(struct writer *w);
	/* A piece of work besides: as upkeep_slice(). */
	int (*work)(struct writer *w, ts_t budget);
	/* Behind an error of db_next(): w->db may be NULL then.  True: no pause, it is to be tried
	 * again at once. */
	bool (*failed)(struct writer *w, int err);
	struct text (*text)(const struct writer *w, int err);
	void (*stop)(struct writer *w); /* the thread ends */
	void (*done)(struct writer *w);
	uint64_t (*bytes)(const struct writer *w);
	/* A connection to read with. */
	int (*connect)(struct db **ret, const struct store_cfg *cfg);
};

extern const struct engine engine_file, engine_server;

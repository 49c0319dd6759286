/* public.h - what a partner may see: a page made from a struct of its own.
 *
 * There is no field for an address, a port, the name of a host or a pool, a reason, the text of an
 * error, an account, a Call-ID, a ladder, a location, a watcher, a version, or another partner; so
 * none of them can be shown.  The page is behind an address that cannot be guessed, and is not to
 * be indexed.
 */
#pragma once

#include "page/model.h"

enum public_side {
	PUBLIC_NOT_KNOWN,
	PUBLIC_OURS,
	PUBLIC_THEIRS,
	PUBLIC_BETWEEN,
};

enum public_ways { PUBLIC_BOTH, PUBLIC_TO_THEM, PUBLIC_FROM_THEM };

struct public_way {
	enum watch_state state;
	struct page_day days[PAGE_DAYS];
	struct page_share share;
};

struct public_update {       /* written by a person; newest first */
	int64_t at, next_at; /* next: 0 when none was promised */
	struct slice title, text;
};

struct public_incident {
	int64_t begin_at, end_at;
	enum public_ways ways;
	enum public_side side;
};

struct public_planned {
	int64_t begin_at, end_at;
};

struct page_public {
	/* who reads, and when */
	text_look_up *look_up;
	const struct zone *zone;
	struct slice zone_name;
	int64_t now_at;
	/* what there is to know */
	struct slice site, partner; /* names as they are shown */
	enum watch_state state;
	int64_t since_at;
	bool is_part;          /* of us: other messages arrive */
	enum public_ways ways; /* that fail */
	enum public_side side;
	int64_t checked_at, interval_us;
	struct public_way to_them, from_them;
	const struct public_update *updates;
	size_t n_updates;
	const struct public_incident *before; /* newest first */
	size_t n_before;
	const struct public_planned *planned;
	size_t n_planned;
	struct slice feed; /* the path of its feed: "/p/TOKEN/feed.atom"; "" */
};

/* As page/page.h says. */
int page_public(struct buf *b, const struct page_public *m);

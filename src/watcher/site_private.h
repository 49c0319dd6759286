/* site_private.h - what the files of the site share: site.c has the routes, live.c the events. */
#pragma once

#include "page/page.h"
#include "watcher/site.h"
#include "watcher/tongues.h"

struct place { /* which server heard it */
	struct site *site;
	unsigned number;
};

struct site {
	struct watcher *w;
	struct web_server *servers[SITE_LISTEN_MAX];
	struct place places[SITE_LISTEN_MAX];
	unsigned n_servers;
	struct web_stream *streams[SITE_LISTEN_MAX][TONGUES];
	struct list visits; /* that wait for the history */
	unsigned n_visits;
	bool is_changed;       /* a run was over since the last event */
	ts_t event_at;         /* the next one may go out */
	ts_t unreadable_at;    /* that questions are not answered may be told again */
	uint64_t n_unreadable; /* that were not told */
};

/* live.c: who reads, where and when. */
void site_look(struct page_view *ret, const struct watcher *w, enum tongue tongue);

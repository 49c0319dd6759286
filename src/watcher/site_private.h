/* site_private.h - what the files of the site share: site.c has the routes, door.c who may use
 * them, ask.c a test that somebody wants now, live.c the events.
 */
#pragma once

#include "page/page.h"
#include "watcher/access.h"
#include "watcher/entrance.h"
#include "watcher/site.h"
#include "watcher/tongues.h"
#include "watcher/visit.h"
#include "web/auth.h"

enum { SITE_LOOKS_MAX = 64 };

struct place { /* which server heard it */
	struct site *site;
	unsigned number;
	bool is_loopback; /* an address of this machine alone */
};

/* What readers of one server see alike: the same roles, in the same language. */
struct look {
	struct web_stream *stream; /* NULL: the place is free */
	struct access access;
	enum tongue tongue;
	unsigned server;
};

struct site {
	struct watcher *w;
	struct web_server *servers[SITE_LISTEN_MAX];
	struct place places[SITE_LISTEN_MAX];
	unsigned n_servers;
	struct look looks[SITE_LOOKS_MAX];
	struct list visits;           /* that wait for the history */
	unsigned n_visits, n_outside; /* the second are among the first */
	bool is_changed;              /* a run was over since the last event */
	ts_t event_at;                /* the next one may go out */
	ts_t unreadable_at;           /* that questions are not answered may be told again */
	uint64_t n_unreadable;        /* that were not told */

	struct entrance next; /* to be taken over with the next plan */
	struct tls_policy tls;
	struct trusts *trusts; /* that hold its trust; NULL: it has none */
	struct web_auth *auth; /* NULL: nobody could sign in yet */
	struct web_who who;    /* as the servers ask it */
	bool is_signed_in;     /* somebody can */
	char host[256];        /* of watch.url */
	const char *hosts[2];
};

/* ---- door.c ---- */

void door_init(struct site *s);
void door_done(struct site *s);
/* Of the plan that comes into force: whatever was open under the old one ends. */
int door_take(struct site *s, const struct plan *plan);
/* A server has refused it before anybody was asked. */
void door_push_refused(const struct place *p, enum web_refusal why, const struct addr *peer);
/* He may not: 401 where he could say who he is, else 403 with the roles that may, and it is in the
 * audit log.  `t` NULL: not with a test of his. */
void door_deny(const struct place *p, const struct web_request *r, const struct access *a,
	enum role_command c, const struct watched *t, struct web_answer *ret);

/* ---- ask.c ---- */

/* The POST that wants a run of a test now. */
void ask_run_now(const struct place *p, const struct web_request *r, const struct access *a,
	struct web_answer *ret);

/* The one that waits for its result, via.h. */
void ask_with_result(const struct place *p, const struct web_request *r, const struct access *a,
	struct web_answer *ret);

/* ---- site_visit.c ---- */

struct visit *site_visit(
	const struct place *p, const struct web_request *r, const struct access *a);
struct visit *site_visit_free(struct visit *v);
/* Takes the visit. */
void site_refuse(struct visit *v, struct web_answer *ret, const struct page_error *error);

/* ---- live.c ---- */

/* Who reads, where and when; borrows `access`. */
void site_look(struct page_view *ret, const struct watcher *w, enum tongue tongue,
	const struct access *access);
void live_put(const struct place *p, const struct web_request *r, const struct access *a,
	struct web_answer *ret);
void live_end(struct site *s); /* all readers; their browsers come again */

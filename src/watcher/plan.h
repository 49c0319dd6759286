/* plan.h - what a watcher has to do, from its configuration: each test with all that a probe wants,
 * the receivers of alerts, the history, where to listen.
 *
 * Which tests: for each entry of `watch.tests`, in order, each pool and partner that it names or,
 * where it names none, each that can be tested (a pool with a test user who has a password, a
 * partner with a receiver).  What an earlier entry has is left to that one; without entries it is
 * a message for every pair, both ways where the receiver has a password.  A test is found again by
 * its key, in URLs and in the history:
 *
 *	pool.litware.test/contoso.test/to	a message, SIP first
 *	pool.litware.test/contoso.test/from	a message, XMPP first
 *	pool.litware.test/register		a user of the pool signs in
 *	pool.litware.test/im-internal		one user of it writes to another one
 *	pool.litware.test/servers		each server of a pool
 *	-/contoso.test/servers			of a partner
 *	-/contoso.test/partner			of it, as servers of other domains see them
 *
 * No socket and no secret is touched; paths are as they will be opened.  Behind
 * plan_settle() everything is as it will be used, so that a check, a start and a reload refuse the
 * same.
 */
#pragma once

#include "base/map.h"
#include "conf/conf.h"
#include "conf/problems.h"
#include "probe/note.h"
#include "store/store.h"
#include "watch/alert.h"
#include "watch/roles.h"
#include "watch/schedule.h"
#include "watch/window.h"

enum {
	PLAN_TESTS_MAX = 20000,
	PLAN_ZONES_MAX = 64,
};

struct plan_zone {
	char *name; /* "Europe/Paris", "UTC" */
	struct conf_place at;
	struct buf file;
	struct zone zone; /* UTC until plan_settle() */
};

/* Borrowed from the configuration, but for the zone. */
struct plan_window {
	const char *text; /* as it was written */
	struct window window;
	const struct zone *zone; /* its own, else the configuration's */
};

struct plan_test {
	enum conf_test_kind kind;
	char *key;             /* its place in URLs, in small letters */
	const char *pool;      /* its name; NULL: of a partner's servers */
	const char *domain;    /* the partner's; NULL: of a pool alone */
	const char *direction; /* "to": SIP first, or "from"; "" where nothing is carried */
	struct conf_place at;  /* of its entry, or of `watch` */
	bool is_enabled;       /* else it is shown, and never run */
	const char *location;  /* whose it is alone (spread: every); "": of all watchers */

	/* What a probe or a sweep wants (struct probe_cfg, sweep_cfg).  NULL: left out. */
	const char *user, *auth_user, *registrar, *receiver, *receiver_server, *peer_server;
	const char *receiver_auth_user; /* IM_INTERNAL: the receiver is a user of the pool */
	uint16_t registrar_port;
	char *password_file, *receiver_password_file; /* receiver's NULL: arrival is not proved */
	struct conf_place password_at, receiver_password_at;
	char *sip_ca_file, *xmpp_ca_file; /* NULL: the system's trust store */
	const struct conf_texts *domains; /* of the pool; NULL without one */
	unsigned accept[SIDES];
	ts_t timeout;

	ts_t interval, retry_pause;
	unsigned retries;
	struct state_cfg state;
	enum reason expected; /* NONE: it is to pass */

	enum alert_severity severity;
	/* The watcher's own first: kind, pool, partner and direction, as far as it has them. */
	struct alert_label *labels;
	unsigned n_labels, n_own_labels;
	const struct plan_window *windows;
	unsigned n_windows;

	struct map_node node;

	/* What one test uses at a time, by bare addresses in small letters: equal texts are one
	 * account.  "sip:pilar@litware.test", and who answers, "xmpp:adelany@contoso.test" or
	 * within the pool another one of it; NULL when nobody signs in there. */
	char *accounts[SCHEDULE_ACCOUNTS_MAX];
};

/* Who is told: what alerts want of it, and what a delivery does.  NULL: left out. */
struct plan_receiver {
	const char *name;
	enum conf_alert_kind kind;
	struct conf_place at;
	struct alert_label *labels; /* those of its struct alert_receiver */
	ts_t timeout;               /* of one attempt */

	const char *url;  /* MAIL: the server's */
	char *url_file;   /* the URL is its contents, and secret */
	const char *user; /* with a password_file */
	char *password_file, *token_file, *ca_file;
	const char **argv; /* EXEC: ends with NULL */
	const char *from;  /* MAIL */
	const char **to;   /* MAIL: n_to, and a NULL */
	unsigned n_to;
	bool is_plain;    /* MAIL */
	int64_t valid_us; /* ALERTMANAGER: what it does not hear again for so long is over there */
};

struct plan_listen {
	struct addr addr;
	bool is_tls;
};

/* Who reaches it, and what he may.  NULL: left out. */
struct plan_access {
	struct roles roles; /* the predefined ones first */
	char *certificate_file, *key_file;
	char *users_file, *tokens_file, *ca_file;
	char *socket; /* as it is written; NULL: where systemd made a folder */
	bool has_group;
	unsigned group;       /* a gid */
	bool is_signed_in;    /* there is a way to say who one is */
	char *host;           /* of the URL of the pages, in lower case */
	const char *hosts[2]; /* it, for web_server_set_hosts() */
};

struct plan {
	const struct conf_watch *conf;
	struct plan_test *tests; /* in the order of the file */
	unsigned n_tests;
	struct plan_receiver *receivers; /* at most ALERT_RECEIVERS_MAX */
	struct alert_receiver *alerts;   /* of each, for alerts_new() */
	unsigned n_receivers;
	struct plan_receiver ping; /* of the watcher itself; name NULL: none.  It has no kind */
	ts_t ping_interval;
	struct plan_zone *zones; /* the first is the configuration's */
	unsigned n_zones;
	struct plan_listen *listen;
	unsigned n_listen;    /* 0: no HTTP */
	const char *url;      /* of the pages, for links; NULL: none */
	const char *location; /* where this watcher stands; "": it does not say */
	ts_t lease;
	char *history_file;         /* NULL until plan_settle(): where the state folder is */
	const char *history_server; /* PostgreSQL; then the file is the spool.  NULL: none */
	char *history_password_file, *history_ca_file;
	unsigned raw_days, hour_days;
	uint64_t history_bytes_max; /* 0: any */
	unsigned at_once;

	struct plan_access access;
	struct plan_windows *windows; /* lists that several tests share */
	size_t n_windows;
	struct map keys;
};

/* `c` has a watch section and is borrowed until plan_free(); `conf_path` is where it was found.
 * 0.  ERR_CONFIG, with a line in `problems` for each fault.  -ENOMEM. */
int plan_new(
	struct plan **ret, const struct conf *c, const char *conf_path, struct problems *problems);
/* What follows from this machine: the zones' files below /usr/share/zoneinfo (before it all are
 * UTC), and the state folder.  As plan_new(). */
int plan_settle(struct plan *p, struct problems *problems);
/* The user's own state folder, where the history is kept there: before it is opened.  0, or -errno
 * with a clause. */
int plan_make_folder(const struct plan *p, struct text *why);
struct plan *plan_free(struct plan *p); /* NULL is fine */

const struct plan_test *plan_find(const struct plan *p, const char *key); /* NULL: none */
struct store_cfg plan_history(const struct plan *p); /* borrowed; who asks is the caller's to say */
const struct zone *plan_zone(const struct plan *p);  /* that of days, and of windows without one */
bool plan_test_in_maintenance(const struct plan_test *t, int64_t at);

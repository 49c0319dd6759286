/* conf.h - the one configuration file, as values.
 *
 * Text in, struct conf out; who reads the file is app.  Each command reads the parts that it
 * needs, so nothing here is required as a whole: a file may have pools and no gateway.
 *
 * Every value keeps the place where it was written, for errors that are found later ("the secret
 * that line 13 names cannot be read").  Line 0 means: left out, this is the default.
 *
 * Addresses stay text; their basic syntax has been checked, so a later decoder that refuses one is
 * about meaning, not about a typing error.  Paths are as written: app resolves relative ones.
 */
#pragma once

#include "base/text.h"

enum {
	CONF_TEXT_MAX = 1 << 20, /* bytes of the file */
	CONF_ERRORS_MAX = 20,    /* reported in one run */
	CONF_TRANSACTIONS_MAX = 4194304,
	/* Behind the window of 300 ms it ends below T1: the sender has not repeated its request. */
	CONF_SETTLE_MAX = 150,
	CONF_SETTLE = 30,
	CONF_RUNS_MAX = 16, /* that `fail` and `recover` look at */
};

struct conf_place {
	unsigned line, column; /* from 1, columns in characters; line 0: not in the file */
};

struct conf_text {
	char *s; /* NULL when left out */
	struct conf_place at;
};

struct conf_texts {
	struct conf_text *v;
	size_t n;
	struct conf_place at;
};

struct conf_number {
	uint64_t n; /* the default, 0 if it has none, when left out */
	struct conf_place at;
};

struct conf_flag {
	bool on;
	struct conf_place at;
};

struct conf_choice {
	unsigned value; /* one of the enums below */
	struct conf_place at;
};

/* Who may speak first, Lync's partner types. */
enum conf_partner_type {
	CONF_FEDERATED,         /* users of both sides */
	CONF_PUBLIC_VERIFIED,   /* users of both sides; the partner proves who its users are */
	CONF_PUBLIC_UNVERIFIED, /* ours only, until they have invited the contact */
};

/* What a link to a partner must, may or must not use. */
enum conf_need {
	CONF_REQUIRED,
	CONF_OPTIONAL,
	CONF_NONE,
};

/* A message to a domain that answers no pings. */
enum conf_unproven {
	CONF_ACCEPT,
	CONF_REFUSE,
};

/* What OPTIONS is answered by. */
enum conf_options {
	CONF_OPTIONS_HEALTH,
	CONF_OPTIONS_ALIVE,
};

/* What a watcher tests. */
enum conf_test_kind {
	CONF_TEST_IM,       /* a message from a pool to a partner, and its answer */
	CONF_TEST_REGISTER, /* a user of a pool signs in and off */
	CONF_TEST_SERVERS,  /* each server of a pool, or of a partner */
	CONF_TEST_INTERNAL, /* a message between two users of a pool, and its answer */
	CONF_TEST_PARTNER,  /* how other domains' servers reach a partner */
};

/* How much it matters that a test fails. */
enum conf_severity {
	CONF_INFO,
	CONF_WARNING,
	CONF_CRITICAL,
};

/* How an alert gets to its receiver. */
enum conf_alert_kind {
	CONF_WEBHOOK,
	CONF_ALERTMANAGER,
	CONF_EXEC,
	CONF_MAIL,
};

struct conf_test_user {
	struct conf_place at;
	struct conf_text address;       /* sip:USER@DOMAIN, or without the scheme */
	struct conf_text auth_user;     /* NULL: the address's user part */
	struct conf_text password_file; /* NULL: no sign-in */
};

struct conf_pool {
	struct conf_place at;
	struct conf_text fqdn;
	struct conf_texts domains;         /* at least one */
	struct conf_text registrar;        /* sip:HOST[:PORT][;transport=...]; NULL: RFC 3263 */
	struct conf_number registrar_port; /* 0: from the URI, or RFC 3263 */
	struct conf_text ca_file;          /* NULL: the system's trust store */
	struct conf_texts accept;          /* names of warnings, which is not checked here */
	struct conf_test_user *test_users;
	size_t n_test_users;
};

struct conf_receiver {
	struct conf_place at; /* line 0: there is none */
	struct conf_text address;
	struct conf_text server;        /* HOST[:PORT]; NULL: SRV */
	struct conf_text password_file; /* NULL: arrival cannot be proved */
};

struct conf_partner {
	struct conf_place at;
	struct conf_text domain;
	struct conf_texts additional_domains;
	struct conf_choice type; /* enum conf_partner_type */
	struct conf_choice tls;  /* enum conf_need */
	struct conf_choice sasl; /* enum conf_need */
	struct conf_flag dialback;
	struct conf_text ca_file;
	struct conf_texts accept; /* as a pool's */
	struct conf_text server;  /* HOST[:PORT] for other domains' servers; NULL: by its records */
	struct conf_receiver receiver;
};

struct conf_gateway_sip {
	struct conf_place at;
	struct conf_texts listen;  /* TRANSPORT:IP:PORT, transport udp or tcp; port 0 is any */
	struct conf_text next_hop; /* sip:HOST[:PORT][;transport=...] */
	struct conf_texts trusted_peers; /* IP literals */
	struct conf_number transactions_max;
	struct conf_choice options; /* enum conf_options */
};

struct conf_component {
	struct conf_place at;
	struct conf_text name;
	struct conf_text server; /* HOST:PORT, XEP-0114 has no default port */
	struct conf_text secret_file;
};

struct conf_gateway_xmpp {
	struct conf_place at;
	struct conf_component component;
	struct conf_number settle;   /* milliseconds; 0: not at all */
	struct conf_choice unproven; /* enum conf_unproven */
};

struct conf_control {
	struct conf_place at;    /* line 0: there is none */
	struct conf_text socket; /* NULL: where systemd made a folder for it */
	struct conf_text group;  /* NULL: root and the gateway's user alone */
};

struct conf_metrics {
	struct conf_place at;    /* line 0: there is none */
	struct conf_text listen; /* IP:PORT */
	struct conf_texts names; /* none: any */
};

struct conf_gateway {
	struct conf_place at; /* line 0: the file has no gateway; nothing in here is set */
	struct conf_gateway_sip sip;
	struct conf_gateway_xmpp xmpp;
	struct conf_control control;
	struct conf_metrics metrics;
	struct conf_flag log_users;
};

/* How a test runs and when it has failed.  Of a test, what has line 0 is what the defaults say. */
struct conf_watch_rules {
	struct conf_number interval, timeout; /* seconds */
	struct conf_number retries, retry_pause;
	struct conf_text fail; /* N of M; NULL in the defaults, too: CONF_WATCH_FAIL */
	struct conf_number recover;
	struct conf_number calm;       /* minutes */
	struct conf_choice severity;   /* enum conf_severity */
	struct conf_texts labels;      /* NAME=VALUE */
	struct conf_texts maintenance; /* windows, which are not checked here */
};

struct conf_watch_defaults {
	struct conf_place at;
	struct conf_watch_rules rules;
};

/* Of several watchers: who runs a test. */
enum conf_direction {
	CONF_BOTH,
	CONF_TO,   /* SIP first */
	CONF_FROM, /* XMPP first */
};

enum conf_spread {
	CONF_SPREAD_ONE,  /* any one of them */
	CONF_SPREAD_EVERY /* one at each location */
};

struct conf_watch_test {
	struct conf_place at;
	struct conf_choice kind;        /* enum conf_test_kind */
	struct conf_text pool, partner; /* NULL: every one that can be tested */
	struct conf_choice direction;   /* enum conf_direction; see conf_goes() */
	struct conf_text user;          /* NULL: the pool's first test user */
	struct conf_receiver receiver;  /* line 0: the partner's */
	struct conf_flag enabled;
	struct conf_choice spread; /* enum conf_spread */
	struct conf_text expect;   /* the name of a reason, which is not checked here */
	struct conf_watch_rules rules;
};

struct conf_alert {
	struct conf_place at;
	struct conf_text name;
	struct conf_choice kind;   /* enum conf_alert_kind */
	struct conf_text url;      /* WEBHOOK, ALERTMANAGER: what is posted to */
	struct conf_text url_file; /* instead of it */
	struct conf_texts command; /* EXEC: a program and its arguments */
	struct conf_text server;   /* MAIL: smtp://HOST[:PORT] or smtps:// */
	struct conf_text from;     /* MAIL: an address */
	struct conf_texts to;      /* MAIL */
	struct conf_text user;     /* of the URL or the server; with it a password_file */
	struct conf_text password_file;
	struct conf_text token_file; /* a bearer token */
	struct conf_text ca_file;
	struct conf_choice severity; /* enum conf_severity: the least that is told */
	struct conf_texts labels;    /* NAME=VALUE: a test must have all of them */
	struct conf_flag plain;      /* MAIL: without TLS */
	struct conf_flag resolved;
	struct conf_number remind;  /* minutes; 0: never, ALERTMANAGER: each */
	struct conf_number timeout; /* seconds, of one attempt */
};

/* Who is told that the watcher itself runs. */
struct conf_ping {
	struct conf_place at; /* line 0: nobody is */
	struct conf_text url, url_file;
	struct conf_text token_file, ca_file;
	struct conf_number interval, timeout; /* seconds */
};

/* What /probe may be asked for. */
struct conf_probe {
	struct conf_place at;
	struct conf_texts allow;    /* hosts and domains that no test of the plan has */
	struct conf_number timeout; /* seconds, at most */
};

struct conf_history {
	struct conf_place at;
	struct conf_text file;       /* NULL: history.db, or spool.db, in the state folder */
	struct conf_text postgresql; /* what libpq takes; NULL: a file */
	struct conf_text password_file, ca_file; /* of that */
	struct conf_number raw_days, hour_days;
	struct conf_number size_max; /* MiB; 0: any */
};

/* Who may do what with the watcher.  Its words are not checked here. */
struct conf_role {
	struct conf_place at;
	struct conf_text name;
	struct conf_text template; /* the name of a predefined one, whose commands it has */
	struct conf_texts commands;
	struct conf_texts members;         /* KIND:NAME, or loopback */
	struct conf_texts pools, partners; /* none: all */
};

/* A page for somebody outside, at an address that nobody guesses: /p/TOKEN. */
struct conf_public {
	struct conf_place at;
	struct conf_text partner;
	struct conf_text name;       /* as it is shown; NULL: the domain */
	struct conf_text token_hash; /* SHA-256 of the token, 64 hexadecimal digits */
};

/* How somebody says over HTTP who he is. */
struct conf_sign_in {
	struct conf_place at; /* line 0: in no way */
	struct conf_text users_file, tokens_file;
	struct conf_text ca_file; /* of clients' certificates */
};

struct conf_tls {
	struct conf_place at; /* line 0: there is none */
	struct conf_text certificate_file, key_file;
};

struct conf_watch {
	struct conf_place at;       /* line 0: the file has none; nothing in here is set */
	struct conf_text time_zone; /* NULL: UTC */
	struct conf_texts listen;   /* [https://]IP:PORT; line 0: CONF_WATCH_LISTEN */
	struct conf_text url;       /* where people reach it, for links */
	struct conf_number at_once;
	struct conf_text location; /* where it stands; NULL: it does not say */
	struct conf_number lease;  /* seconds */
	struct conf_history history;
	struct conf_watch_defaults defaults;
	struct conf_watch_test *tests; /* none: every pool with every partner */
	size_t n_tests;
	struct conf_alert *alerts;
	size_t n_alerts;
	struct conf_ping ping;
	struct conf_probe probe;
	struct conf_tls tls;
	struct conf_sign_in sign_in;
	struct conf_role *roles;
	size_t n_roles;
	struct conf_text site; /* what this side is called on pages; NULL: it is not said */
	struct conf_public *public;
	size_t n_public;
	struct conf_control control;
};

#define CONF_HTTPS "https://" /* in front of an address of `listen`: over TLS */

#define CONF_WATCH_LISTEN "127.0.0.1:8080"
#define CONF_WATCH_FAIL   "2 of 3"

struct conf {
	struct conf_pool *pools;
	size_t n_pools;
	struct conf_partner *partners;
	size_t n_partners;
	struct conf_gateway gateway; /* the domains of its SIP side are those of all pools */
	struct conf_watch watch;
	struct conf_text secrets_group; /* NULL: none but the running user's own */
};

/* Reads `text`; `file_name` is for the messages only, and `look_up` (NULL: English) gives them in
 * the reader's language.  0, with *ret for conf_free().  Or ERR_CONFIG, with up to CONF_ERRORS_MAX
 * lines `FILE:LINE:COLUMN: what is wrong` in `errors`, each ended by a newline.  Or -ENOMEM, with
 * nothing. No line repeats a value that could be a secret. */
int conf_load(struct conf **ret, struct slice text, const char *file_name, text_look_up *look_up,
	struct buf *errors);
struct conf *conf_free(struct conf *c); /* NULL is fine; returns NULL */

const char *conf_partner_type_name(unsigned type); /* "federated", ... as in the file */
const char *conf_need_name(unsigned need);         /* "required", ... */
const char *conf_test_kind_name(unsigned kind);
const char *conf_severity_name(unsigned severity);
const char *conf_alert_kind_name(unsigned kind);

/* The key list of stox.yaml(5) from the schema itself, as the items of an mdoc list, in the
 * language of `look_up` (NULL: English). */
void conf_doc_put(struct buf *b, text_look_up *look_up);

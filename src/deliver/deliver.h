/* deliver.h - takes notices to their receivers, and says what became of each.
 *
 * Threads of its own send by libcurl and run programs; nothing here waits for a receiver.  The
 * caller waits for deliver_fd() to become readable and then takes all that is done.  Each delivery
 * that deliver_send() or deliver_ping() took comes out once, unless it was dropped.  It ends at
 * its receiver's time-out at the latest, the time that it had to wait included.
 *
 *	WEBHOOK       POST of Alertmanager's webhook form to `url`
 *	ALERTMANAGER  POST to `url`, with /api/v2/alerts behind it.  An alert that is not told again
 *	              within `valid_us` is over there: remind it several times as often
 *	EXEC          `argv` is run without a shell, with the text on stdin and STOX_ALERT_KIND,
 *	              _STATE, _SEVERITY, _SUMMARY, _TEST, _POOL, _PARTNER, _DIRECTION, _REASON,
 *	              _MESSAGE, _SINCE, _UNTIL, _RUN, _LOCATION and _FINGERPRINT in its
 *	              environment; else there is PATH, HOME, USER, LANG, LC_ALL and TZ in it.
 *	              It is a process group, which is killed at the time-out; stdout is /dev/null
 *	MAIL          by SMTP to `url`, smtp://HOST[:PORT] or smtps://. The first needs STARTTLS
 *	              unless `is_plain`, and then a password is refused
 *	PING          healthchecks.io's manner, of the watcher itself: POST to `url`, /fail or
 *	              /start
 *
 * Certificates are verified.  No redirect is followed: what was not configured is not told.  A
 * proxy is taken from the environment, as curl(1) does (https_proxy, no_proxy ...); ~/.netrc and
 * ~/.curlrc are never read.
 *
 * A URL's path may be a secret, as are token and password: no text that comes out of here holds
 * them, even when the receiver says them back.
 */
#pragma once

#include "deliver/notice.h"

enum {
	DELIVER_MAX = 4096,        /* waiting, on their way, and not taken */
	DELIVER_RUNNING_MAX = 256, /* on their way */
	DELIVER_MAILS_MAX = 128,   /* on their way, each in a thread; they do not wait */
	DELIVER_TO_MAX = 64,       /* receivers of a mail */
	DELIVER_ARGS_MAX = 64,
	DELIVER_URL_MAX = 2048,    /* bytes */
	DELIVER_SECRET_MAX = 4096, /* bytes of a token, a user, a password */
	DELIVER_SAID_MAX = 200,    /* bytes of what a receiver said that come out */
};

enum deliver_form {
	DELIVER_WEBHOOK,
	DELIVER_ALERTMANAGER,
	DELIVER_EXEC,
	DELIVER_MAIL,
	DELIVER_PING,
};

/* Borrowed for the call.  NULL: not set. */
struct deliver_receiver {
	enum deliver_form form;
	const char *name; /* of the configuration */
	ts_t timeout;     /* of a delivery, at least 1 ms */
	text_look_up
		*look_up; /* its language; called before deliver_send() returns.  NULL: English */

	const char *url;             /* all but EXEC; http or https, MAIL: smtp or smtps */
	const char *token;           /* Authorization: Bearer; not for MAIL */
	const char *user, *password; /* HTTP Basic; AUTH of SMTP */
	const char *ca_file;         /* trusted instead of the system's authorities */

	int64_t valid_us; /* ALERTMANAGER: four times its `remind` is Prometheus' own measure */

	const char *const *argv; /* EXEC: NULL ends it; the program with its whole path */

	const char *from; /* MAIL: bare addresses */
	const char *const *to;
	unsigned n_to;
	bool is_plain; /* smtp:// without TLS: a relay on this host */
};

struct deliver_cfg {              /* borrowed for the call */
	const char *agent;        /* User-Agent: "stox/1.0" */
	const char *host;         /* of Message-IDs, and EHLO */
	const char *external_url; /* of the watcher's page; NULL: there is none */
};

struct deliver_done {
	uint64_t delivery;
	bool is_delivered;
	int status; /* of HTTP or SMTP, or a program's exit status; 0: it did not come to that */
	struct text text; /* one sentence for log and page, with the receiver's host or program */
};

enum deliver_ping {
	DELIVER_PING_OK,
	DELIVER_PING_FAIL,
	DELIVER_PING_START,
};

struct deliver;

/* Starts the threads.  0, -ENOMEM, -EMFILE ... */
int deliver_new(struct deliver **ret, const struct deliver_cfg *cfg);
/* Ends what is on its way; within two seconds. */
struct deliver *deliver_free(struct deliver *d);

/* Can it be used?  False: *ret says what is wrong, for the configuration. */
bool deliver_check(const struct deliver_receiver *r, struct text *ret);

/* 0; -EINVAL: deliver_check() would refuse it, or it is a PING; -ENOBUFS: DELIVER_MAX, or
 * DELIVER_MAILS_MAX, are there; -ENOMEM, -EMSGSIZE.  `delivery` is not 0, and is not on its way. */
int deliver_send(struct deliver *d, const struct deliver_receiver *r,
	const struct deliver_notice *n, uint64_t delivery);
/* The receiver is a PING; `text` says what is wrong, or nothing. */
int deliver_ping(struct deliver *d, const struct deliver_receiver *r, enum deliver_ping ping,
	struct slice text, uint64_t delivery);
/* It ends, and does not come out.  An id that is not there is ignored. */
void deliver_drop(struct deliver *d, uint64_t delivery);

int deliver_fd(const struct deliver *d); /* readable while there is something to take */
bool deliver_take(struct deliver *d, struct deliver_done *ret);

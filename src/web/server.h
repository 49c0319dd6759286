/* server.h - HTTP over libevent, bounded in number, time and memory: for a scrape now and then, or
 * for some hundred readers and a thousand streams.
 *
 * Nobody is waited for.  An answer is made in parts, one when the reader has
 * taken the one before, so that who does not read costs one part, and between
 * two parts the loop goes on.  When all places are taken the one to whom
 * nothing is owed for longest goes.  An answer that does not become whole ends in a reset, since to
 * HTTP/1.0 the mere end is the end of an answer.
 *
 * It is not libevent's own server (evhttp): doc/decisions.md says why.
 */
#pragma once

#include "web/who.h"

struct event_base;
struct trust;

enum {
	WEB_HEAD_S = 5,  /* for the whole head, */
	WEB_BODY_S = 10, /* and for the whole body */
	/* Where the configuration has no other: */
	WEB_PLACES = 16,   /* further connections wait in the kernel */
	WEB_ANSWER_S = 10, /* for the whole answer, as long as a scrape may take */
	WEB_PART_S = 2,    /* for WEB_PART_MAX of it to be taken */
};

/* What was not answered as it was asked, and why. */
enum web_refusal {
	WEB_REFUSED_HEAD,       /* a request that is none, or over a limit: 4xx, 501, 505 */
	WEB_REFUSED_LATE,       /* it did not become whole in its time */
	WEB_REFUSED_HOST,       /* 421: asked for under a name that is not ours */
	WEB_REFUSED_FOREIGN,    /* 403: sent by a page of another site */
	WEB_REFUSED_CREDENTIAL, /* 401: of whom they are not */
	WEB_REFUSED_GUESSING,   /* 429: too many wrong credentials from there */
	WEB_REFUSED_PASSWORDS,  /* 503: as many as may be wait to be compared */
	WEB_REFUSED_PLACES,     /* it had not asked yet when another one needed its place */
	WEB_REFUSED_SHARE,      /* its address has its share of the places or streams */
	WEB_REFUSED_CALLS,      /* 503: as many answers as there may be are awaited */
	WEB_REFUSED_MEMORY,     /* 503: so much is unread by others, or there is none */
	WEB_REFUSED_STREAMS,    /* 503: as many streams as there may be */
	WEB_REFUSED_CALL_LATE,  /* 504: nobody has answered */
	WEB_REFUSED_UNREAD,     /* cut: it did not take its answer */
	WEB_REFUSED_SLOW,       /* cut: it did not take its events */
	WEB_REFUSED_TLS,        /* no handshake */
	WEB_REFUSALS,
};

const char *web_refusal_name(enum web_refusal r); /* "slow-reader", for a metric's label */

struct web_server_cfg {
	struct addr addr; /* port 0: any that is free */
	web_handler *handle;
	void *arg;
	/* May be NULL: hears of each refusal, for the log. */
	void (*refused)(void *arg, enum web_refusal why, const struct addr *peer);
	/* All may be 0, as for a scrape a minute. */
	unsigned places; /* connections that read no stream; 0: WEB_PLACES */
	/* How many of them one address may have (of IPv6 a /64); 0: all, as behind a proxy, who is
	 * all of them. */
	unsigned share;
	unsigned calls;        /* answers that come later */
	unsigned streams;      /* readers of streams */
	unsigned stream_share; /* as `share` */
	unsigned part_s;       /* 0: WEB_PART_S */
	unsigned answer_s;     /* 0: WEB_ANSWER_S */
	unsigned idle_s;       /* for the next request on a connection; 0: there is none */
	size_t body_max;       /* of an answer in one piece; 0: WEB_PART_MAX */
	size_t unread_max;     /* of all answers that are not taken yet; 0: no bound of its own */
	bool takes_post;
	/* Names that this server is asked for by, in lower case, NULL at the end, besides localhost
	 * and addresses; NULL: any.  All these are borrowed. */
	const char *const *hosts;
	struct trust *trust;
	const struct tls_policy *tls; /* NULL: plain */
	const struct web_who *who;    /* NULL: credentials are not looked at */
};

/* 0, or a negative errno: the address is in use, or not of this machine, ... */
int web_server_new(
	struct web_server **ret, struct event_base *base, const struct web_server_cfg *cfg);
struct web_server *web_server_free(struct web_server *s);
uint16_t web_server_port(const struct web_server *s);
/* In the place of cfg.hosts. */
void web_server_set_hosts(struct web_server *s, const char *const *hosts);

struct web_counts {
	uint64_t connections, requests;
	uint64_t refusals[WEB_REFUSALS];
	unsigned n_places, n_calls, n_streams; /* in use now */
	size_t n_unread;                       /* bytes of answers and events */
};
struct web_counts web_server_counts(const struct web_server *s);

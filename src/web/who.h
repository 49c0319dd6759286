/* who.h - how a server learns who asks.  What it takes to compare a password is not linked where
 * nobody is asked for one: web/auth.h is the one who answers.
 */
#pragma once

#include "web/answer.h"

enum {
	WEB_USER_MAX = 64,               /* bytes of a name, */
	WEB_WHO_MAX = WEB_USER_MAX + 12, /* and with "certificate:" in front */
};

enum web_who_answer {
	WEB_WHO_NOBODY,   /* there are no credentials */
	WEB_WHO_USER,     /* they are right */
	WEB_WHO_WRONG,    /* 401 */
	WEB_WHO_GUESSING, /* 429: too many wrong ones from there */
	WEB_WHO_BUSY,     /* 503: as many passwords as may be wait to be compared */
	WEB_WHO_LATER,    /* the asker is told */
};

/* Who is told later: `user` is NULL for a wrong password. */
struct web_asker {
	void (*tell)(void *arg, uint64_t id, const char *user);
	void *arg;
	uint64_t id;
};

struct web_who {
	/* Who sends this request?  "user:NAME", "token:NAME" or "certificate:NAME": one who is
	 * called as another is not he.  `ret_user` has room for WEB_WHO_MAX and a NUL. */
	enum web_who_answer (*check)(void *arg, const struct web_request *r,
		const struct web_asker *asker, char *ret_user);
	/* 401, and in which ways somebody can say who he is. */
	void (*ask_for)(void *arg, struct web_answer *ret);
	void (*forget)(void *arg, const void *asker); /* with that arg; he is not told any more */
	void *arg;
};

/* sentence.h - how things stand, in one sentence: for the page, its title, alerts and the feed.
 *
 * Which sentence, and what is in it; the words are the reader's language and stand elsewhere. There
 * is this one function, so that verdict and explanation cannot contradict each other.
 */
#pragma once

#include <stddef.h>

#include "watch/judge.h"

#define SENTENCE_NONE UINT32_MAX /* no pool, no partner, no test */

enum sentence_direction {
	SENTENCE_TO,    /* from the pool to the partner */
	SENTENCE_FROM,  /* from the partner to the pool */
	SENTENCE_ALONE, /* a test of the pool, or of the partner, itself */
};

struct sentence_test {
	uint32_t pool, partner; /* numbers of the caller's; NONE */
	enum sentence_direction direction;
	enum watch_state state;
	int64_t since_at; /* 0: it has not run yet, and says nothing of how things stand */
};

enum sentence_kind {
	SENTENCE_NO_TEST,     /* there is none to run */
	SENTENCE_NOT_YET,     /* none has run */
	SENTENCE_SILENT,      /* "Nothing has been tested since 07:31": since */
	SENTENCE_OK,          /* n pass */
	SENTENCE_UNSTABLE,    /* n passed when tried again, or fail now and then */
	SENTENCE_UNKNOWN,     /* n could not be judged, and the fault is the watcher's */
	SENTENCE_MAINTENANCE, /* n are in maintenance, the others pass */
	SENTENCE_TEST,        /* one fails, its way back does not: test, pool, partner, direction */
	SENTENCE_PAIR,        /* "Paris <-> Contoso fails": pool, partner */
	SENTENCE_PARTNER,     /* "Contoso cannot be reached": partner */
	SENTENCE_POOL,        /* "Paris reaches no partner": pool */
	SENTENCE_NOTHING,     /* all that can be judged fails */
	SENTENCE_SEVERAL,     /* "3 failures: ...": n */
};

struct sentence {
	enum sentence_kind kind;
	enum watch_state state; /* of all; UNKNOWN when nothing was tested */
	unsigned n;             /* tests that are in that state */
	int64_t since;          /* the first of them, or SILENT; 0 where it does not matter */
	uint32_t test;          /* the one that has been so for longest */
	uint32_t pool, partner; /* where all that failed have it; else NONE */
	enum sentence_direction direction; /* of `test` */
};

/* `last_at` is the newest run of all, `interval_us` the shortest interval, `now_at` the time: UTC.
 */
struct sentence sentence_of(const struct sentence_test *tests, size_t n, int64_t last_at,
	int64_t interval_us, int64_t now_at);

/* notice.h - what a receiver is told of one incident, as values, and the words for it.
 *
 * Who drives the alerts fills the struct in from a struct alert_notice, the test and its last
 * failed run; everything in it is borrowed for the call.  What comes from peers or from the
 * configuration may hold any bytes: what could disturb a line is a '?' in every form.
 *
 * There is one function for the words, so that a mail, a script and the annotations of an alert
 * say the same.  The language is the look-up's; NULL is English.
 */
#pragma once

#include "base/buf.h"
#include "base/text.h"
#include "watch/alert.h"
#include "watch/sentence.h"
#include "watch/zone.h"

enum {
	NOTICE_LABELS_MAX = 32,      /* of a test; what is over it is left out */
	NOTICE_STEPS_MAX = 4,        /* next steps */
	NOTICE_BYTES_MAX = 16 * 1024 /* the text, and each of its parts before */
};

struct deliver_notice {
	enum alert_kind kind;
	enum alert_severity severity;
	bool is_trial; /* somebody tries the receiver: nothing has failed, and the text says so */

	uint64_t test;                     /* its id: the same over restarts */
	struct slice name;                 /* "paris/contoso.test/to", as the page has it */
	struct slice test_kind;            /* "im", "register" ...; or empty */
	struct slice pool, partner;        /* names for people; one may be empty */
	enum sentence_direction direction; /* ALONE: a test of the pool, or the partner, itself */
	const struct alert_label *labels;  /* of the test */
	unsigned n_labels;

	struct incident incident; /* a trial needs none; without a reason a policy test failed */
	struct slice message;     /* what the last failed run said, one sentence; or empty */
	/* Next steps with the test's own names in them, in the receiver's language.  None: those of
	 * the reason as they stand. */
	struct slice steps[NOTICE_STEPS_MAX];
	unsigned n_steps;
	struct slice run_url;  /* of the last failed run; empty: there is no page */
	struct slice location; /* where the watcher stands; empty: it has no name */

	int64_t now_at;          /* UTC, microseconds since 1970 */
	const struct zone *zone; /* NULL: UTC */
};

/* For machines: "failing", "still_failing", "resolved", "trial". */
const char *notice_kind_name(const struct deliver_notice *n);
const char *notice_severity_name(enum alert_severity s);      /* "info", "warning", "critical" */
const char *notice_direction_name(enum sentence_direction d); /* "to", "from"; ALONE: "" */

enum sentence_direction notice_direction_of(struct slice name); /* any other: ALONE */

/* For people: "FAILED", "STILL FAILED", "RESOLVED", "TRIAL". */
struct text notice_state(const struct deliver_notice *n);
/* "contoso.test cannot be reached from paris." */
struct text notice_sentence(const struct deliver_notice *n);
/* What the reason means, and its likeliest cause; their ids are NULL where there is none. */
struct text notice_meaning(const struct deliver_notice *n);
struct text notice_cause(const struct deliver_notice *n);
/* i < notice_steps() */
void notice_put_step(
	struct buf *b, const struct deliver_notice *n, unsigned i, text_look_up *look_up);
unsigned notice_steps(const struct deliver_notice *n);
/* "2026-11-30 02:41:07 CET" */
void notice_put_time(struct buf *b, const struct zone *zone, int64_t at);
/* Lines: the sentence, then since when, reason, cause, next steps, how often, from where, link. */
void notice_put_text(struct buf *b, const struct deliver_notice *n, text_look_up *look_up);

/* window.h - maintenance windows: every week, or once, in local time of a zone.
 *
 *	Sun 02:00-04:00 Europe/Paris		every Sunday
 *	Mon-Fri,Sun 22:00-06:00 Europe/Paris	six nights, each into the next day
 *	daily 12:30-12:45 Asia/Kathmandu
 *	Fri 22:00-Mon 06:00			over the weekend; the zone is the configuration's
 *	2026-12-24 18:00-2026-12-25 06:00 Europe/Paris	once; the second date may be left out
 *
 * Where local time jumps, doubt widens a window: a beginning that comes twice is the first, an end
 * that comes twice the last; a beginning that the clocks go over is the moment at which they do, an
 * end as late as it would have been.  None vanishes: one that is wholly gone over begins then and
 *is as long as it should be.
 */
#pragma once

#include "watch/zone.h"

enum {
	WINDOW_TEXT_MAX = 200,
	WINDOW_ZONE_MAX = 64, /* bytes of a zone's name */
};

enum window_kind { WINDOW_WEEKLY, WINDOW_ONCE };

struct window {
	enum window_kind kind;
	unsigned days;                /* WEEKLY: 1 << weekday on which it begins, Sunday is 0 */
	int begin_minute, end_minute; /* WEEKLY: of that day; the end is at most 7 days behind */
	struct civil begin, end;      /* ONCE */
	struct slice zone; /* borrowed from the text; safe as a path; "": none was given */
};

/* 0; ERR_SYNTAX, ERR_LIMIT: *where says where and what. */
int window_decode(struct window *ret, struct slice text, struct where *where);
/* The span in which `at` is, or else the next one.  False: there is none any more.  It holds until
 * its end: who asks often keeps it. */
bool window_next(const struct window *w, const struct zone *z, int64_t at, struct zone_span *ret);
bool window_is_open(const struct window *w, const struct zone *z, int64_t at);

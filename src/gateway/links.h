/* links.h - all ways into XMPP, by their numbers. */
#pragma once

#include "gateway/link.h"

struct links;

int links_new(struct links **ret, const struct lent *lent, ts_t now);
struct links *links_free(struct links *ls);
struct link *links_at(struct links *ls, unsigned number);

/* True when the fact was one of theirs. */
bool links_push(struct links *ls, const struct fact *in, ts_t now);
void links_push_time(struct links *ls, ts_t now);
/* One that waits for its next try to connect tries now. */
void links_hurry(struct links *ls);
/* Ends all streams in good order: the wants follow, then links_are_over(). */
void links_stop(struct links *ls, ts_t now);
bool links_are_over(const struct links *ls);
bool links_take_output(struct links *ls, struct output *ret);
/* Without `room` what may wait does: PROVEN and LOST. */
bool links_take_event(struct links *ls, bool room, struct link_event *ret, ts_t now);
ts_t links_deadline(const struct links *ls);       /* now, while some wait for room */
enum link_take links_take(const struct links *ls); /* the worst of them */

#include "gateway/link.h"

struct xstream *link_stream(const struct link *l)
{
	return l->host && xhost_is_ready(l->host) ? xhost_stream(l->host) : NULL;
}

void link_lost(struct link *l)
{
	l->host = xhost_free(l->host);
	proof_push_lost(l->proof);
}

/* ---- what it takes ---- */

enum link_take link_takes(const struct link *l)
{
	struct xstream *x = link_stream(l);

	if (!x)
		return l->is_refused ? LINK_REFUSED : LINK_DOWN;
	return xhost_is_blocked(l->host) || !xstream_begin(x) ? LINK_FULL : LINK_TAKES;
}

struct buf *link_begin(struct link *l)
{
	struct xstream *x = link_stream(l);

	return x ? xstream_begin(x) : NULL;
}

int link_commit(struct link *l, ts_t now)
{
	return xstream_commit(link_stream(l), now);
}

int link_commit_message(
	struct link *l, struct proof_item *item, uint64_t ref, struct proof_domain *d, ts_t now)
{
	int err = link_commit(l, now);

	if (!err)
		proof_sent(l->proof, item, ref, d, now);
	return err;
}

void link_pass_on(struct link *l, const struct stanza *s, ts_t now)
{
	l->ops->pass_on(l, s, now);
}

bool link_is_silent(const struct link *l, struct slice domain, ts_t now)
{
	return proof_domain_is_silent(l->proof, domain, now);
}

struct proof_domain *link_domain(struct link *l, struct slice name)
{
	return proof_domain_get(l->proof, name);
}

/* ---- pushes ---- */

bool link_push(struct link *l, const struct fact *in, ts_t now)
{
	return l->host && xhost_push(l->host, in, now);
}

void link_push_time(struct link *l, ts_t now)
{
	proof_push_time(l->proof, link_stream(l), now);
	if (now >= l->connect_at)
		l->ops->connect(l, now);
	if (l->host)
		xhost_push_time(l->host, now);
}

ts_t link_deadline(const struct link *l)
{
	ts_t at = ts_min(l->connect_at, proof_deadline(l->proof));

	return ts_min(at, l->host ? xhost_deadline(l->host) : TS_NEVER);
}

void link_stop(struct link *l, ts_t now)
{
	l->stopping = true;
	l->connect_at = TS_NEVER;
	if (link_stream(l))
		xhost_close(l->host, now);
}

bool link_is_over(const struct link *l)
{
	return !l->host || !xhost_stream(l->host);
}

/* ---- takes ---- */

bool link_take_output(struct link *l, struct output *ret)
{
	return l->host && xhost_take_output(l->host, ret);
}

static bool proof_event(
	struct link *l, const struct proof_event *ev, struct link_event *ret, ts_t now)
{
	ret->ref = ev->ref;
	switch (ev->type) {
	case PROOF_EV_PROVEN: ret->type = LINK_EV_PROVEN; return true;
	case PROOF_EV_UNPROVEN: ret->type = LINK_EV_UNPROVEN; return true;
	case PROOF_EV_LOST: ret->type = LINK_EV_LOST; return true;
	case PROOF_EV_DEAD: l->ops->give_up(l, now); break;
	}
	return false;
}

/* What is shown counts before what the server says next, unless there is no room to tell it: then a
 * later error wins. */
bool link_take_event(struct link *l, bool room, struct link_event *ret, ts_t now)
{
	struct proof_event shown;
	struct xhost_event ev;

	*ret = (struct link_event){ .link = l->number };
	for (;;) {
		if (proof_take_event(l->proof, room, &shown)) {
			if (proof_event(l, &shown, ret, now))
				return true;
		} else if (!l->host || !xhost_take_event(l->host, &ev, now)) {
			return false;
		} else if (l->ops->event(l, &ev, ret, now)) {
			return true;
		}
	}
}

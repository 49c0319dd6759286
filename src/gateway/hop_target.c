#include "gateway/hop_target.h"

#include <string.h>

#include "gateway/events.h"

enum {
	PAUSE_FIRST_MS = 50,
	PAUSE_MAX_MS = 1000,
	/* What waits has its deadline behind that; to wait longer would not help. */
	AWAY_MS = 30000,
	SAY_AGAIN_S = 60, /* an outage is one line in the log every so often, ... */
	SAY_NEXT_S = 5,   /* ... and so is the next one */
};

static void ask(struct hop_target *t)
{
	struct targets_question q;

	while (locate_take_question(t->locate, &q)) {
		struct want *w = shell_want(t->lent->shell, WANT_DNS);

		w->dns_id = t->dns_base + q.id;
		w->dns_type = q.type;
		w->is_host = q.is_host;
		memcpy(w->name, q.name, sizeof(w->name));
	}
}

/* ---- the log ---- */

static bool may_say(struct hop_target *t, ts_t now)
{
	if (now < t->silent_until)
		return false;
	t->silent_until = ts_add(now, TS_S(SAY_AGAIN_S));
	t->said = true;
	return true;
}

static void tell_not_found(struct hop_target *t, ts_t now)
{
	struct targets_failure failure;

	if (!may_say(t, now))
		return;
	struct buf *b = event_begin(t->lent->shell, EVENT_NEXT_HOP_NOT_FOUND);
	locate_failure(t->locate, &failure);
	log_str(b, "name", slice_str(failure.name));
	log_str(b, "status", slice_str(dns_status_name(failure.status)));
	event_tell(t->lent->shell, EVENT_NEXT_HOP_NOT_FOUND);
}

static void tell_not_reached(struct hop_target *t, int err, ts_t now)
{
	char text[ADDR_TEXT_MAX];

	if (!may_say(t, now))
		return;
	const enum log_event what =
		err == ELOOP ? EVENT_NEXT_HOP_IS_US : EVENT_NEXT_HOP_NOT_REACHED;
	struct buf *b = event_begin(t->lent->shell, what);
	log_str(b, "address", slice_str(addr_text(&t->at.addr, text)));
	if (err != ELOOP)
		log_str(b, "error", slice_str(err_text(err)));
	event_tell(t->lent->shell, what);
}

/* One that comes and goes fills no log either. */
static void tell_reached(struct hop_target *t, ts_t now)
{
	char text[ADDR_TEXT_MAX];

	t->said = false;
	t->silent_until = ts_add(now, TS_S(SAY_NEXT_S));
	struct buf *b = event_begin(t->lent->shell, EVENT_NEXT_HOP_REACHED);
	log_str(b, "address", slice_str(addr_text(&t->at.addr, text)));
	event_tell(t->lent->shell, EVENT_NEXT_HOP_REACHED);
}

/* ---- targets ---- */

static bool is_looking(const struct hop_target *t)
{
	return t->locate && locate_state(t->locate) == TARGETS_AWAIT_ANSWERS;
}

static void next(struct hop_target *t, ts_t now)
{
	t->known = t->locate && locate_take_target(t->locate, &t->at);
	t->turn++;
	if (t->known || is_looking(t))
		return;
	if (t->locate && locate_state(t->locate) == TARGETS_FAILED)
		tell_not_found(t, now);
	if (t->away == TS_NEVER) {
		t->away = t->again = now;
		t->pause = TS_MS(PAUSE_FIRST_MS);
		return;
	}
	t->again = ts_add(now, t->pause);
	t->pause = ts_min(2 * t->pause, TS_MS(PAUSE_MAX_MS));
}

static int find(struct hop_target *t, ts_t now)
{
	const struct locate_cfg cfg = {
		.uri = slice_str(t->lent->cfg->next_hop),
		.can = { [TRANSPORT_UDP] = true, [TRANSPORT_TCP] = true },
		.fallback = TRANSPORT_UDP,
	};

	t->locate = locate_free(t->locate);
	int err = locate_new(&t->locate, &cfg, t->lent->rng);
	if (!err) {
		t->dns_base = *t->lent->last_dns;
		*t->lent->last_dns += TARGETS_QUESTIONS_MAX;
		ask(t);
	}
	next(t, now); /* without memory it is away too, and looked for again */
	return err;
}

int hop_target_init(struct hop_target *t, const struct lent *lent, ts_t now)
{
	*t = (struct hop_target){ .lent = lent, .away = TS_NEVER };
	return find(t, now);
}

void hop_target_done(struct hop_target *t)
{
	t->locate = locate_free(t->locate);
}

bool hop_target_push_dns(struct hop_target *t, const struct fact *in, ts_t now)
{
	if (!t->locate || in->dns_id <= t->dns_base ||
		in->dns_id > t->dns_base + TARGETS_QUESTIONS_MAX)
		return false;
	const bool was_looking = !t->known && is_looking(t);
	locate_push_answer(t->locate, in->dns_id - t->dns_base, in->dns);
	ask(t);
	if (was_looking)
		next(t, now);
	return was_looking && t->known;
}

void hop_target_push_failed(struct hop_target *t, unsigned turn, int err, ts_t now)
{
	if (turn != t->turn || !t->known)
		return;
	tell_not_reached(t, err, now);
	next(t, now);
}

void hop_target_push_reached(struct hop_target *t, ts_t now)
{
	t->away = TS_NEVER;
	if (t->said)
		tell_reached(t, now);
}

bool hop_target_push_time(struct hop_target *t, ts_t now)
{
	if (t->known || is_looking(t) || now < t->again)
		return false;
	(void)find(t, now);
	return t->known;
}

ts_t hop_target_deadline(const struct hop_target *t)
{
	return t->known || is_looking(t) ? TS_NEVER : t->again;
}

bool hop_target_takes(const struct hop_target *t, ts_t now)
{
	return t->away == TS_NEVER || t->known || now >= t->again ||
	       now < ts_add(t->away, TS_MS(AWAY_MS));
}

#include "watcher/alarms_private.h"

#include <string.h>
#include <unistd.h>

#include "app/language.h"
#include "base/log.h"
#include "base/mem.h"
#include "watcher/address.h"
#include "watcher/run_id.h"

enum {
	SENT_MAX = 4096,
	PARTED_MAX = ALERTS_MAX,
	URL_MAX = 512,
	SAFE_MAX_S = 2, /* so long a notice waits for the disk */
};

struct sent { /* on its way */
	uint64_t delivery;
	unsigned receiver, attempt;
	enum alert_kind kind;
	char test[256]; /* its key, for the log */
	struct map_node node;
};

static const char *const kinds[] = {
	[ALERT_FAILING] = "failing",
	[ALERT_STILL_FAILING] = "still-failing",
	[ALERT_RESOLVED] = "resolved",
};

static const char no_room[] = N_("it could not be handed over: too many alerts are on their way, "
				 "or there is no memory");

static struct slice key_of(const uint64_t *delivery)
{
	return (struct slice){ (const uint8_t *)delivery, sizeof(*delivery) };
}

static struct sent *find(struct alarms *a, uint64_t delivery)
{
	return MAP_FIND(&a->sent, key_of(&delivery), struct sent, node);
}

static void forget(struct alarms *a, struct sent *s)
{
	map_remove(&a->sent, &s->node);
	mem_free(s);
}

void alarms_forget_all(struct alarms *a)
{
	for (struct map_node *n; (n = map_next(&a->sent, NULL));) {
		struct sent *s = LIST_OWNER(n, struct sent, node);

		if (a->deliver)
			deliver_drop(a->deliver, s->delivery);
		forget(a, s);
	}
}

/* ---- log ---- */

static struct buf *begin(struct alarms *a, enum watch_event e, const struct sent *s)
{
	struct buf *b = watch_log_begin(&a->w->log, e);

	log_str(b, "receiver", slice_str(a->plan->receivers[s->receiver].name));
	log_str(b, "kind", slice_str(kinds[s->kind]));
	log_str(b, "test", slice_str(s->test));
	return b;
}

static void log_failed(struct alarms *a, const struct sent *s, const struct text *why)
{
	struct buf *b = begin(a, WATCH_ALERT_FAILED, s);

	log_u64(b, "attempt", s->attempt);
	watch_log_put(b, why);
	watch_log_end(&a->w->log, WATCH_ALERT_FAILED);
}

/* ---- out ---- */

static const char *group_of(const struct alarms *a)
{
	return a->w->file.conf->secrets_group.s;
}

static struct slice run_url(const struct alarms *a, const struct alert_notice *n, char ret[URL_MAX])
{
	const char *url = a->plan->url;
	char id[RUN_ID_MAX];

	if (!url || !n->incident.last_at)
		return SLICE_NONE;
	snprintf(ret, URL_MAX, "%s/runs/%s", url,
		run_id_put(id, (int64_t)n->test, n->incident.last_at));
	return slice_str(ret);
}

static int hand_over(struct alarms *a, const struct alert_notice *n, const struct subject *t,
	const struct deliver_receiver *to)
{
	struct buf message;
	char url[URL_MAX];

	buf_init(&message, 2048);
	if (t->why && n->kind != ALERT_RESOLVED)
		text_put(&message, t->why, language_look_up);
	const struct deliver_notice notice = { .kind = n->kind,
		.severity = n->severity,
		.test = n->test,
		.name = t->key,
		.test_kind = t->kind,
		.pool = t->pool,
		.partner = t->domain,
		.direction = t->direction,
		.labels = t->test.labels + t->n_own_labels,
		.n_labels = t->test.n_labels - t->n_own_labels,
		.steps = { slice_str(t->step) },
		.n_steps = t->step && n->kind != ALERT_RESOLVED,
		.incident = n->incident,
		.message = buf_slice(&message),
		.run_url = run_url(a, n, url),
		.now_at = watcher_wall(a->w, pump_now(a->w->pump)),
		.zone = plan_zone(a->plan) };
	int err = deliver_send(a->deliver, to, &notice, n->delivery);
	buf_done(&message);
	return err;
}

static int send_to(
	struct alarms *a, const struct alert_notice *n, const struct subject *t, struct text *why)
{
	struct address to;

	int err = address_open(&to, &a->plan->receivers[n->receiver], false, group_of(a), why);
	if (!err) {
		*why = TEXT_PLAIN(no_room);
		err = hand_over(a, n, t, &to.to);
	}
	address_close(&to);
	return err;
}

static void fail(struct alarms *a, const struct sent *s, const struct text *why, ts_t now)
{
	log_failed(a, s, why);
	alerts_push_failed(a->alerts, s->delivery, now);
}

struct parted *alarms_find_parted(const struct alarms *a, uint64_t id)
{
	return MAP_FIND(&a->parted, key_of(&id), struct parted, node);
}

/* False: no such test is known. */
static bool find_subject(const struct alarms *a, uint64_t id, struct subject *ret)
{
	const struct parted *p = alarms_find_parted(a, id);
	const struct watched *t = p ? NULL : roster_find_id(&a->w->roster, (int64_t)id);

	if (p)
		*ret = p->subject;
	else if (t)
		*ret = subject_of(t);
	return p || t;
}

static void send_notice(struct alarms *a, const struct alert_notice *n, ts_t now)
{
	struct subject subject;
	struct sent *s = find_subject(a, n->test, &subject) ? mem_alloc0(sizeof(*s)) : NULL;
	struct text why;

	if (!s) {
		alerts_push_failed(a->alerts, n->delivery, now);
		return;
	}
	*s = (struct sent){ .delivery = n->delivery,
		.receiver = n->receiver,
		.attempt = n->attempt,
		.kind = n->kind };
	(void)slice_cstr(slice_cut(subject.key, 0, sizeof(s->test) - 1), s->test, sizeof(s->test));
	if (send_to(a, n, &subject, &why) == 0 &&
		map_insert(&a->sent, &s->node, key_of(&s->delivery)) == 0)
		return;
	deliver_drop(a->deliver, n->delivery);
	fail(a, s, &why, now);
	mem_free(s);
}

/* ---- that the watcher itself lives ---- */

/* Numbers of their own, which no alert has. */
enum { PING_SHIFT = 63 };

static bool is_ping(uint64_t delivery)
{
	return delivery >> PING_SHIFT;
}

static void ping(struct alarms *a)
{
	const bool is_well = !a->w->held_since;
	struct address to;
	struct text why;

	int err = address_open(&to, &a->plan->ping, true, group_of(a), &why);
	if (!err) {
		why = TEXT_PLAIN(no_room);
		err = deliver_ping(a->deliver, &to.to,
			is_well ? DELIVER_PING_OK : DELIVER_PING_FAIL,
			is_well ? SLICE_NONE : SLICE("the history cannot be written\n"),
			UINT64_C(1) << PING_SHIFT | ++a->last_ping);
	}
	if (err)
		watch_log_text(&a->w->log, WATCH_PING_FAILED, &why);
	address_close(&to);
}

/* Before the history has answered nothing is watched: until then nobody hears that it lives. */
static ts_t ping_deadline(const struct alarms *a)
{
	return a->w->is_ready && a->plan->ping.name ? a->ping_at : TS_NEVER;
}

static void push_ping(struct alarms *a, ts_t now)
{
	if (now < ping_deadline(a))
		return;
	a->ping_at = ts_add(now, a->plan->ping_interval);
	ping(a);
}

/* ---- back ---- */

static void take_done(struct alarms *a, ts_t now)
{
	struct deliver_done done;

	while (deliver_take(a->deliver, &done)) {
		struct sent *s = find(a, done.delivery);

		if (is_ping(done.delivery) && !done.is_delivered)
			watch_log_text(&a->w->log, WATCH_PING_FAILED, &done.text);
		if (!s)
			continue;
		if (done.is_delivered) {
			begin(a, WATCH_ALERT_DELIVERED, s);
			watch_log_end(&a->w->log, WATCH_ALERT_DELIVERED);
			alerts_push_delivered(a->alerts, s->delivery, now);
		} else {
			fail(a, s, &done.text, now);
		}
		forget(a, s);
	}
}

static void gave_up(struct alarms *a, const struct alert_event *ev)
{
	struct subject subject = { .key = SLICE("-") };

	(void)find_subject(a, ev->test, &subject);
	struct buf *b = watch_log_begin(&a->w->log, WATCH_ALERT_GAVE_UP);

	log_str(b, "receiver", slice_str(a->plan->receivers[ev->receiver].name));
	log_str(b, "kind", slice_str(kinds[ev->kind]));
	log_str(b, "test", subject.key);
	log_u64(b, "attempts", ev->attempts);
	watch_log_end(&a->w->log, WATCH_ALERT_GAVE_UP);
}

static void drop(struct alarms *a, uint64_t delivery)
{
	struct sent *s = find(a, delivery);

	deliver_drop(a->deliver, delivery);
	if (s)
		forget(a, s);
}

static void take_events(struct alarms *a)
{
	struct alert_event ev;

	while (alerts_take_event(a->alerts, &ev))
		switch (ev.type) {
		case ALERT_EV_DROP: drop(a, ev.delivery); break;
		case ALERT_EV_GAVE_UP: gave_up(a, &ev); break;
		case ALERT_EV_LOST:
			log_u64(watch_log_begin(&a->w->log, WATCH_ALERT_LOST), "n", ev.count);
			watch_log_end(&a->w->log, WATCH_ALERT_LOST);
			break;
		}
}

/* ---- what outlives this process ---- */

static enum store_told told_of(enum alert_told told)
{
	switch (told) {
	case ALERT_TOLD_NOTHING: return STORE_TOLD_NOTHING;
	case ALERT_TOLD_FAILING: return STORE_TOLD_FAILING;
	case ALERT_TOLD_END: return STORE_TOLD_END;
	}
	return STORE_TOLD_NOTHING;
}

void alarms_take_marks(struct alarms *a)
{
	struct alert_mark m;

	while (alerts_take_mark(a->alerts, &m)) {
		const struct store_mark mark = { .test_id = (int64_t)m.test,
			.begin_at = m.begin_at,
			.receiver = slice_str(a->plan->receivers[m.receiver].name),
			.told = told_of(m.told),
			.at = watcher_wall(a->w, pump_now(a->w->pump)) };

		/* One that is lost costs a message that comes twice. */
		(void)store_push_mark(a->w->store, &mark);
	}
}

void alarms_forget_parted(struct alarms *a, struct parted *p)
{
	map_remove(&a->parted, &p->node);
	parted_free(p);
}

/* Whose end everybody has heard. */
static void forget_those_told(struct alarms *a)
{
	struct map_node *next;

	for (struct map_node *n = map_next(&a->parted, NULL); n; n = next) {
		struct parted *p = LIST_OWNER(n, struct parted, node);

		next = map_next(&a->parted, n);
		if (!alerts_has(a->alerts, p->id))
			alarms_forget_parted(a, p);
	}
}

void alarms_push_pushed(struct alarms *a, uint64_t number, ts_t now)
{
	if (!a)
		return;
	if (a->to_write <= a->written)
		a->write_until = ts_add(now, TS_S(SAFE_MAX_S));
	a->to_write = number;
}

void alarms_push_written(struct alarms *a, uint64_t number)
{
	if (a)
		a->written = number;
}

/* What was told is in the history before, so that whoever heard the beginning will hear the end,
 * whatever becomes of this process.  A disk that takes nothing keeps no alert back. */
static bool is_safe(const struct alarms *a, ts_t now)
{
	return a->written >= a->to_write || a->w->held_since || now >= a->write_until;
}

/* ---- pushes ---- */

void alarms_push_event(struct alarms *a, struct watched *t, const struct state_event *ev, ts_t now)
{
	const struct subject subject = subject_of(t);

	if (!a)
		return;
	alerts_push_event(a->alerts, &subject.test, ev, now);
	alarms_take_marks(a);
}

void alarms_push_muted(struct alarms *a, struct watched *t, bool is_muted, ts_t now)
{
	if (a && t->is_muted != is_muted)
		alerts_push_muted(a->alerts, (uint64_t)t->id, is_muted, now);
	t->is_muted = is_muted;
}

void alarms_push_time(struct alarms *a, ts_t now)
{
	struct alert_notice n;

	if (!a)
		return;
	take_done(a, now);
	push_ping(a, now);
	alerts_push_time(a->alerts, now);
	while (is_safe(a, now) && alerts_take_notice(a->alerts, &n, now))
		send_notice(a, &n, now);
	take_events(a);
	alarms_take_marks(a);
	forget_those_told(a);
}

ts_t alarms_deadline(const struct alarms *a)
{
	if (!a)
		return TS_NEVER;
	const ts_t safe = a->written < a->to_write ? a->write_until : TS_NEVER;

	return ts_min(safe, ts_min(alerts_deadline(a->alerts), ping_deadline(a)));
}

int alarms_fd(const struct alarms *a)
{
	return deliver_fd(a->deliver);
}

struct alert_counts alarms_counts(const struct alarms *a, unsigned receiver)
{
	return alerts_counts(a->alerts, receiver);
}

/* ---- life ---- */

int alarms_new(struct alarms **ret, struct watcher *w, const struct plan *plan)
{
	struct alarms *a = mem_alloc0(sizeof(*a));
	char host[256] = "localhost";

	if (!a)
		return -ENOMEM;
	a->w = w;
	a->plan = plan;
	map_init(&a->sent, SENT_MAX, &w->rng);
	map_init(&a->parted, PARTED_MAX, &w->rng);
	if (gethostname(host, sizeof(host) - 1))
		slice_cstr(SLICE("localhost"), host, sizeof(host));
	const struct deliver_cfg cfg = {
		.agent = "stox/" STOX_VERSION, .host = host, .external_url = plan->url
	};
	int err = deliver_new(&a->deliver, &cfg);
	if (!err)
		err = alerts_new(&a->alerts, plan->alerts, plan->n_receivers, &w->rng);
	if (err) {
		alarms_free(a);
		return err;
	}
	*ret = a;
	return 0;
}

struct alarms *alarms_free(struct alarms *a)
{
	if (!a)
		return NULL;
	alarms_forget_all(a);
	map_done(&a->sent);
	for (struct map_node *n; (n = map_next(&a->parted, NULL));)
		alarms_forget_parted(a, LIST_OWNER(n, struct parted, node));
	map_done(&a->parted);
	alerts_free(a->alerts);
	alerts_free(a->next);
	deliver_free(a->deliver);
	return mem_free(a);
}

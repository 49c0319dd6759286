#include "watch/alert_private.h"

#include <errno.h>

#include "base/mem.h"

static bool is_good(const struct alert_receiver *r)
{
	return r->parallel >= 1 && r->parallel <= ALERT_PARALLEL_MAX && r->timeout > 0 &&
	       r->pause_min > 0 && r->pause_min <= r->pause_max;
}

int alerts_new(
	struct alerts **ret, const struct alert_receiver *receivers, unsigned n, struct rng *rng)
{
	if (n > ALERT_RECEIVERS_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < n; i++)
		if (!is_good(&receivers[i]))
			return -EINVAL;
	struct alerts *a = mem_alloc0(sizeof(*a));
	if (!a)
		return -ENOMEM;
	map_init(&a->by_test, ALERTS_MAX, rng);
	timers_init(&a->timers);
	list_init(&a->news);
	list_init(&a->marks);
	a->n = n;
	for (unsigned i = 0; i < n; i++) {
		a->receivers[i].cfg = &receivers[i];
		list_init(&a->receivers[i].ready);
		list_init(&a->receivers[i].sending);
	}
	*ret = a;
	return 0;
}

struct alerts *alerts_free(struct alerts *a)
{
	struct map_node *node, *next;

	if (!a)
		return NULL;
	timers_done(&a->timers);
	for (node = map_next(&a->by_test, NULL); node; node = next) {
		next = map_next(&a->by_test, node);
		map_remove(&a->by_test, node);
		mem_free(LIST_OWNER(node, struct alert, node));
	}
	map_done(&a->by_test);
	return mem_free(a);
}

/* ---- what a receiver has to hear ---- */

bool alert_is_wanted(const struct alerts *a, const struct delivery *d)
{
	const struct alert *alert = d->alert;

	if (!alert->is_resolved)
		return !alert->is_muted && (d->told != ALERT_TOLD_FAILING || d->is_reminder);
	if (!a->receivers[d->receiver].cfg->wants_end || d->told == ALERT_TOLD_END)
		return false;
	return d->told == ALERT_TOLD_FAILING || d->was_wanted;
}

static enum alert_kind kind_of(const struct delivery *d)
{
	if (d->alert->is_resolved)
		return ALERT_RESOLVED;
	return d->told == ALERT_TOLD_FAILING ? ALERT_STILL_FAILING : ALERT_FAILING;
}

/* Room was made when the alert was: arming cannot fail. */
void alert_arm(struct alerts *a, struct delivery *d, ts_t at)
{
	timers_set(&a->timers, &d->timer, at);
}

void alert_rest(struct alerts *a, struct delivery *d, ts_t now)
{
	const ts_t remind = alert_receiver_of(a, d)->cfg->remind;
	const bool reminds = remind && !d->alert->is_resolved && d->told == ALERT_TOLD_FAILING;

	d->state = DELIVERY_IDLE;
	d->attempts = 0;
	d->is_reminder = false;
	alert_arm(a, d, reminds ? ts_add(now, remind) : TS_NEVER);
}

struct alert_mark alert_mark_of(const struct alerts *a, const struct delivery *d)
{
	enum alert_told told = d->told;

	if (d->alert->is_resolved && !alert_is_wanted(a, d))
		told = ALERT_TOLD_END;
	else if (!d->alert->is_resolved && told == ALERT_TOLD_END)
		told = ALERT_TOLD_NOTHING; /* that it fails once more */
	return (struct alert_mark){ .test = d->alert->test,
		.begin_at = d->alert->incident.begin_at,
		.receiver = d->receiver,
		.told = told };
}

/* Of what it was never to hear there is nothing to remember. */
static void look_at_mark(struct alerts *a, struct delivery *d)
{
	const struct alert_mark m = alert_mark_of(a, d);

	if (!d->was_wanted || (m.begin_at == d->mark.begin_at && m.told == d->mark.told))
		return;
	list_remove(&d->marks);
	list_append(&a->marks, &d->marks);
}

void alert_forget_if_done(struct alerts *a, struct alert *alert)
{
	if (!alert->is_over)
		return;
	for (unsigned i = 0; i < alert->n; i++)
		if (alert->deliveries[i].state != DELIVERY_IDLE ||
			!list_empty(&alert->deliveries[i].news) ||
			!list_empty(&alert->deliveries[i].marks))
			return;
	for (unsigned i = 0; i < alert->n; i++)
		alert_arm(a, &alert->deliveries[i], TS_NEVER);
	map_remove(&a->by_test, &alert->node);
	a->n_deliveries -= alert->n;
	mem_free(alert);
}

static void give_up(struct alerts *a, struct delivery *d, enum alert_kind kind)
{
	d->gave_up = true;
	d->gave_up_attempts = d->attempts;
	d->gave_up_kind = kind;
	alert_receiver_of(a, d)->counts.given_up++;
	list_remove(&d->news);
	list_append(&a->news, &d->news);
}

static void look_at_news(struct alerts *a, struct delivery *d, ts_t now)
{
	switch (d->state) {
	case DELIVERY_SENDING: /* at its end */ return;
	case DELIVERY_READY:
	case DELIVERY_PAUSING:
		if (alert_is_wanted(a, d))
			return;
		list_remove(&d->queue);
		/* It never heard that it failed, and does not want to hear that it is over. */
		if (d->alert->is_resolved && d->told == ALERT_TOLD_NOTHING)
			give_up(a, d, ALERT_FAILING);
		alert_rest(a, d, now);
		return;
	case DELIVERY_IDLE:
		if (!alert_is_wanted(a, d))
			return;
		d->state = DELIVERY_READY;
		d->was_wanted = true;
		d->first_at = now;
		d->pause = alert_receiver_of(a, d)->cfg->pause_min;
		alert_arm(a, d, TS_NEVER);
		list_append(&alert_receiver_of(a, d)->ready, &d->queue);
		return;
	}
}

/* Looks again at what there is to tell, when that may have changed. */
static void look(struct alerts *a, struct delivery *d, ts_t now)
{
	look_at_news(a, d, now);
	look_at_mark(a, d);
}

void alert_look_at_all(struct alerts *a, struct alert *alert, ts_t now)
{
	for (unsigned i = 0; i < alert->n; i++)
		look(a, &alert->deliveries[i], now);
	alert_forget_if_done(a, alert);
}

/* ---- incidents ---- */

static bool has_label(const struct alert_test *test, const struct alert_label *label)
{
	for (unsigned i = 0; i < test->n_labels; i++)
		if (slice_eq(test->labels[i].name, label->name) &&
			slice_eq(test->labels[i].value, label->value))
			return true;
	return false;
}

static bool is_for(const struct alert_receiver *r, const struct alert_test *test)
{
	if (test->severity < r->minimum)
		return false;
	for (unsigned i = 0; i < r->n_labels; i++)
		if (!has_label(test, &r->labels[i]))
			return false;
	return true;
}

struct alert *alert_find(const struct alerts *a, uint64_t test)
{
	return MAP_FIND(&a->by_test, slice_of(&test, sizeof(test)), struct alert, node);
}

static void add_delivery(struct alert *alert, unsigned receiver)
{
	struct delivery *d = &alert->deliveries[alert->n++];

	d->timer.at = TS_NEVER;
	d->alert = alert;
	d->receiver = receiver;
	list_init(&d->queue);
	list_init(&d->news);
	list_init(&d->marks);
}

/* NULL: there is no room for it. */
static struct alert *add(struct alerts *a, const struct alert_test *test)
{
	unsigned n = 0;

	for (unsigned i = 0; i < a->n; i++)
		n += is_for(a->receivers[i].cfg, test);
	struct alert *alert = mem_alloc0(sizeof(*alert) + n * sizeof(alert->deliveries[0]));
	if (!alert)
		return NULL;
	alert->test = test->id;
	alert->severity = test->severity;
	const struct slice key = slice_of(&alert->test, sizeof(alert->test));
	if (timers_reserve(&a->timers, a->n_deliveries + n) ||
		map_insert(&a->by_test, &alert->node, key))
		return mem_free(alert);
	a->n_deliveries += n;
	for (unsigned i = 0; i < a->n; i++)
		if (is_for(a->receivers[i].cfg, test))
			add_delivery(alert, i);
	return alert;
}

struct alert *alert_get(struct alerts *a, const struct alert_test *test)
{
	struct alert *alert = alert_find(a, test->id);

	if (!alert)
		alert = add(a, test);
	if (!alert)
		a->n_lost++;
	return alert;
}

/* The one before it is over, and somebody has not heard that yet: he hears of the new one. */
static void begin_anew(struct alerts *a, struct alert *alert, ts_t now)
{
	for (unsigned i = 0; i < alert->n; i++) {
		struct delivery *d = &alert->deliveries[i];

		if (d->state != DELIVERY_IDLE && d->state != DELIVERY_SENDING)
			give_up(a, d, ALERT_RESOLVED);
		d->told = ALERT_TOLD_NOTHING;
		d->first_at = now;
	}
}

void alerts_push_event(
	struct alerts *a, const struct alert_test *test, const struct state_event *e, ts_t now)
{
	const bool is_end = e->type == STATE_EV_RECOVER || e->type == STATE_EV_END;
	struct alert *alert = is_end ? alert_find(a, test->id) : alert_get(a, test);

	if (!alert)
		return;
	if (alert->incident.begin_at && alert->incident.begin_at != e->incident.begin_at)
		begin_anew(a, alert, now);
	alert->incident = e->incident;
	alert->is_resolved = is_end;
	alert->is_over = e->type == STATE_EV_END;
	alert_look_at_all(a, alert, now);
}

void alerts_push_muted(struct alerts *a, uint64_t test, bool is_muted, ts_t now)
{
	struct alert *alert = alert_find(a, test);

	if (!alert || alert->is_muted == is_muted)
		return;
	alert->is_muted = is_muted;
	alert_look_at_all(a, alert, now);
}

/* ---- deliveries ---- */

static struct delivery *find_sending(struct alerts *a, uint64_t id)
{
	struct list *n, *t;

	for (unsigned i = 0; i < a->n; i++) {
		LIST_EACH(n, t, &a->receivers[i].sending)
		{
			struct delivery *d = LIST_OWNER(n, struct delivery, queue);

			if (d->id == id)
				return d;
		}
	}
	return NULL;
}

/* Given up is as good as told: else it would be tried for ever. */
static void told(struct alerts *a, struct delivery *d, ts_t now)
{
	if (d->sending_of == d->alert->incident.begin_at)
		d->told = d->sending == ALERT_RESOLVED ? ALERT_TOLD_END : ALERT_TOLD_FAILING;
	d->told_at = now;
	d->mark.begin_at = 0; /* a reminder is one more time that it knows */
	alert_rest(a, d, now);
	look(a, d, now);
}

static void come_back(struct alerts *a, struct delivery *d)
{
	list_remove(&d->queue);
	alert_receiver_of(a, d)->n_sending--;
}

static void fail(struct alerts *a, struct delivery *d, ts_t now)
{
	const struct alert_receiver *cfg = alert_receiver_of(a, d)->cfg;
	const ts_t next = ts_add(now, d->pause);

	come_back(a, d);
	alert_receiver_of(a, d)->counts.failed++;
	if (next > ts_add(d->first_at, cfg->give_up)) {
		give_up(a, d, d->sending);
		told(a, d, now);
		return;
	}
	d->state = DELIVERY_PAUSING;
	d->pause = ts_min(2 * d->pause, cfg->pause_max);
	alert_arm(a, d, next);
	look(a, d, now); /* while it was on its way, it may have become none of ours */
}

void alerts_push_delivered(struct alerts *a, uint64_t delivery, ts_t now)
{
	struct delivery *d = find_sending(a, delivery);

	if (!d)
		return;
	come_back(a, d);
	alert_receiver_of(a, d)->counts.delivered++;
	told(a, d, now);
	alert_forget_if_done(a, d->alert);
}

void alerts_push_failed(struct alerts *a, uint64_t delivery, ts_t now)
{
	struct delivery *d = find_sending(a, delivery);

	if (!d)
		return;
	fail(a, d, now);
	alert_forget_if_done(a, d->alert);
}

static void wake(struct alerts *a, struct delivery *d, ts_t now)
{
	switch (d->state) {
	case DELIVERY_READY: return;
	case DELIVERY_IDLE:
		d->is_reminder = true;
		look(a, d, now);
		if (d->state == DELIVERY_IDLE) /* muted: at the next one */
			alert_rest(a, d, now);
		return;
	case DELIVERY_SENDING:
		d->dropped = d->id;
		list_remove(&d->news);
		list_append(&a->news, &d->news);
		fail(a, d, now);
		return;
	case DELIVERY_PAUSING:
		d->state = DELIVERY_READY;
		list_append(&alert_receiver_of(a, d)->ready, &d->queue);
		return;
	}
}

void alerts_push_time(struct alerts *a, ts_t now)
{
	for (struct timer *t = timers_due(&a->timers, now); t; t = timers_due(&a->timers, now))
		wake(a, LIST_OWNER(t, struct delivery, timer), now);
}

static struct delivery *next_ready(struct alerts *a)
{
	for (unsigned i = 0; i < a->n; i++) {
		struct receiver *r = &a->receivers[(a->turn + i) % a->n];

		if (r->n_sending == r->cfg->parallel || list_empty(&r->ready))
			continue;
		a->turn = (a->turn + i + 1) % a->n;
		return LIST_FIRST(&r->ready, struct delivery, queue);
	}
	return NULL;
}

bool alerts_take_notice(struct alerts *a, struct alert_notice *ret, ts_t now)
{
	struct delivery *d = next_ready(a);

	if (!d)
		return false;
	struct receiver *r = alert_receiver_of(a, d);
	const struct alert *alert = d->alert;
	list_remove(&d->queue);
	list_append(&r->sending, &d->queue);
	r->n_sending++;
	d->state = DELIVERY_SENDING;
	d->sending = kind_of(d);
	d->sending_of = alert->incident.begin_at;
	d->id = ++a->last_id;
	alert_arm(a, d, ts_add(now, r->cfg->timeout));
	*ret = (struct alert_notice){ .delivery = d->id,
		.receiver = d->receiver,
		.attempt = ++d->attempts,
		.kind = d->sending,
		.test = alert->test,
		.severity = alert->severity,
		.incident = alert->incident,
		.why = alert->incident.reason ? reason_info(alert->incident.reason) : NULL };
	return true;
}

bool alerts_take_event(struct alerts *a, struct alert_event *ret)
{
	struct delivery *d = LIST_FIRST(&a->news, struct delivery, news);

	if (a->n_lost) {
		*ret = (struct alert_event){ .type = ALERT_EV_LOST, .count = a->n_lost };
		a->n_lost = 0;
		return true;
	}
	if (!d)
		return false;
	*ret = (struct alert_event){ .receiver = d->receiver, .test = d->alert->test };
	if (d->dropped) {
		ret->type = ALERT_EV_DROP;
		ret->delivery = d->dropped;
		ret->kind = d->sending;
		d->dropped = 0;
	} else {
		ret->type = ALERT_EV_GAVE_UP;
		ret->kind = d->gave_up_kind;
		ret->attempts = d->gave_up_attempts;
		d->gave_up = false;
	}
	if (!d->gave_up) {
		list_remove(&d->news);
		alert_forget_if_done(a, d->alert);
	}
	return true;
}

ts_t alerts_deadline(const struct alerts *a)
{
	return timers_deadline(&a->timers);
}

bool alerts_has(const struct alerts *a, uint64_t test)
{
	return alert_find(a, test) != NULL;
}

size_t alerts_open(const struct alerts *a)
{
	return a->by_test.n;
}

struct alert_counts alerts_counts(const struct alerts *a, unsigned receiver)
{
	return a->receivers[receiver].counts;
}

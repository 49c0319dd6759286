/* What receivers know, for the engine behind this one and from the one before. */
#include "watch/alert_private.h"

bool alerts_take_mark(struct alerts *a, struct alert_mark *ret)
{
	struct delivery *d = LIST_FIRST(&a->marks, struct delivery, marks);

	if (!d)
		return false;
	list_remove(&d->marks);
	*ret = d->mark = alert_mark_of(a, d);
	alert_forget_if_done(a, d->alert);
	return true;
}

/* Its mark of this incident; NULL: it has none. */
static const struct alert_mark *find_mark(const struct alert_known *known, unsigned receiver)
{
	for (unsigned i = 0; i < known->n_marks; i++)
		if (known->marks[i].receiver == receiver &&
			known->marks[i].begin_at == known->incident.begin_at)
			return &known->marks[i];
	return NULL;
}

static void resume(struct alerts *a, struct delivery *d, const struct alert_mark *mark, ts_t now)
{
	const ts_t remind = alert_receiver_of(a, d)->cfg->remind;

	if (!mark)
		return;
	d->told = mark->told;
	d->mark = *mark;
	d->was_wanted = true;
	d->told_at = now > mark->age ? now - mark->age : 0;
	alert_rest(a, d, now);
	if (d->timer.at != TS_NEVER)
		alert_arm(a, d, ts_add(now, remind > mark->age ? remind - mark->age : 0));
}

void alerts_push_known(
	struct alerts *a, const struct alert_test *test, const struct alert_known *known, ts_t now)
{
	const struct incident *i = &known->incident;
	struct alert *alert = alert_find(a, test->id) ? NULL : alert_get(a, test);

	if (!alert)
		return;
	alert->incident = *i;
	alert->is_over = known->is_over;
	alert->is_resolved = i->end_at != 0 && (known->is_over || !i->is_flapping);
	for (unsigned k = 0; k < alert->n; k++)
		resume(a, &alert->deliveries[k], find_mark(known, alert->deliveries[k].receiver),
			now);
	alert_look_at_all(a, alert, now);
}

bool alerts_get_known(const struct alerts *a, uint64_t test, struct alert_known *ret,
	struct alert_mark marks[ALERT_RECEIVERS_MAX], ts_t now)
{
	const struct alert *alert = alert_find(a, test);

	if (!alert)
		return false;
	*ret = (struct alert_known){
		.incident = alert->incident, .is_over = alert->is_over, .marks = marks
	};
	for (unsigned i = 0; i < alert->n; i++) {
		const struct delivery *d = &alert->deliveries[i];

		if (!d->was_wanted)
			continue;
		marks[ret->n_marks] = alert_mark_of(a, d);
		marks[ret->n_marks++].age = now - d->told_at;
	}
	return true;
}

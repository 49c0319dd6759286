#include "watch/state.h"

#include <errno.h>

static bool is_good(const struct state_cfg *cfg)
{
	return cfg->fail_n >= 1 && cfg->fail_n <= cfg->fail_m && cfg->fail_m <= STATE_RUNS_MAX &&
	       cfg->recover_k >= 1 && cfg->calm_us >= 0;
}

int state_configure(struct state *s, const struct state_cfg *cfg)
{
	if (!is_good(cfg))
		return -EINVAL;
	s->cfg = cfg;
	return 0;
}

int state_init(struct state *s, const struct state_cfg *cfg)
{
	*s = (struct state){ .state = WATCH_UNKNOWN, .last = WATCH_UNKNOWN, .judged = WATCH_OK };
	return state_configure(s, cfg);
}

static bool is_open(const struct state *s)
{
	return s->incident.begin_at != 0;
}

static bool is_failing(const struct state *s)
{
	return is_open(s) && s->incident.end_at == 0;
}

void state_resume(struct state *s, const struct state *kept)
{
	const bool has_contradiction = kept->state == WATCH_FAILED && !kept->incident.begin_at;

	s->state = has_contradiction ? WATCH_UNKNOWN : kept->state;
	s->since_at = kept->since_at;
	s->last_at = kept->last_at;
	s->last_ok_at = kept->last_ok_at;
	s->last_failed_at = kept->last_failed_at;
	s->streak = kept->streak;
	s->incident = kept->incident;
	s->last = s->state;
	s->judged = is_failing(s) ? WATCH_FAILED : WATCH_OK;
	s->judged_since = is_failing(s) ? s->incident.begin_at : 0;
	if (!watch_state_is_judged(s->state))
		return;
	if (s->state == WATCH_UNSTABLE && !is_failing(s))
		s->judged = WATCH_UNSTABLE;
	if (s->state == s->judged)
		s->judged_since = kept->since_at;
	s->state = s->judged;
	s->since_at = s->judged_since;
}

static void tell(struct state *s, enum state_event_type type)
{
	s->events[s->n_events++] = (struct state_event){ type, s->incident };
}

/* ---- the last runs ---- */

static void remember(struct state *s, int64_t at, bool has_failed)
{
	s->runs[s->next_run] = (struct state_run){ at, has_failed };
	s->next_run = (s->next_run + 1) % STATE_RUNS_MAX;
	if (s->n_runs < STATE_RUNS_MAX)
		s->n_runs++;
}

/* Of the last m; *ret_first is when the first of them was. */
static unsigned failed_of_last(const struct state *s, int64_t *ret_first)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n_runs && i < s->cfg->fail_m; i++) {
		const struct state_run *r =
			&s->runs[(s->next_run + STATE_RUNS_MAX - 1 - i) % STATE_RUNS_MAX];

		if (!r->has_failed)
			continue;
		*ret_first = r->at;
		n++;
	}
	return n;
}

/* ---- incidents ---- */

static void end(struct state *s)
{
	tell(s, STATE_EV_END);
	s->incident = (struct incident){ 0 };
}

/* It has passed for so long that a failure now is another incident. */
static void calm_down(struct state *s, int64_t at)
{
	if (is_open(s) && !is_failing(s) && at - s->incident.end_at >= s->cfg->calm_us)
		end(s);
}

static void fail_once_more(struct state *s, const struct watch_run *run, unsigned n)
{
	s->incident.last_at = run->scheduled_at;
	s->incident.reason = run->reason;
	s->incident.runs += n;
}

static void begin(struct state *s, const struct watch_run *run, int64_t first, unsigned n)
{
	const bool again = is_open(s);

	if (!again)
		s->incident = (struct incident){ .begin_at = first };
	s->incident.end_at = 0;
	s->incident.times++;
	s->incident.is_flapping = s->cfg->flap_times && s->incident.times >= s->cfg->flap_times;
	fail_once_more(s, run, n);
	tell(s, again ? STATE_EV_AGAIN : STATE_EV_BEGIN);
}

static void recover(struct state *s)
{
	s->incident.end_at = s->passing_since;
	s->n_runs = 0;
	if (!s->incident.is_flapping)
		tell(s, STATE_EV_RECOVER);
}

/* ---- one run ---- */

static void judge(struct state *s, enum watch_state judged, int64_t since)
{
	if (s->judged == judged && s->judged_since)
		return;
	s->judged = judged;
	s->judged_since = since;
}

static void push_failed(struct state *s, const struct watch_run *run)
{
	int64_t first = run->scheduled_at;

	s->last_failed_at = run->scheduled_at;
	s->n_passed = 0;
	remember(s, run->scheduled_at, true);
	if (is_failing(s)) {
		fail_once_more(s, run, 1);
		tell(s, STATE_EV_CONTINUE);
		return;
	}
	const unsigned n = failed_of_last(s, &first);
	if (n < s->cfg->fail_n) {
		judge(s, WATCH_UNSTABLE, run->scheduled_at);
		return;
	}
	begin(s, run, first, n);
	judge(s, WATCH_FAILED, first);
}

static void push_passed(struct state *s, enum watch_state how, int64_t at)
{
	s->last_ok_at = at;
	remember(s, at, false);
	if (s->n_passed++ == 0)
		s->passing_since = at;
	if (is_failing(s)) {
		if (s->n_passed < s->cfg->recover_k)
			return;
		recover(s);
		/* Without a time of calm it is over as it recovers. */
		calm_down(s, at);
	}
	if (is_open(s) && s->incident.is_flapping)
		how = WATCH_UNSTABLE;
	judge(s, how, s->judged == WATCH_FAILED ? s->passing_since : at);
}

static void count_streak(struct state *s, enum watch_state now)
{
	const bool both_passed = s->last <= WATCH_UNSTABLE && now <= WATCH_UNSTABLE;

	s->streak = s->last == now || both_passed ? s->streak + 1 : 1;
	s->last = now;
}

/* What lies over the judgement has a since of its own. */
static void show(struct state *s, enum watch_state shown, int64_t at)
{
	if (watch_state_is_judged(shown))
		s->since_at = s->judged_since;
	else if (s->state != shown || s->since_at == 0)
		s->since_at = at;
	s->state = shown;
}

bool state_push_run(struct state *s, const struct watch_run *run)
{
	const enum watch_state how = watch_judge(run);
	const int64_t at = run->scheduled_at;

	s->n_events = 0;
	if (at <= s->last_at) {
		s->n_late++;
		return false;
	}
	s->last_at = at;
	count_streak(s, how);
	calm_down(s, at);
	switch (how) {
	case WATCH_OK:
	case WATCH_UNSTABLE:
		push_passed(s, how, at);
		show(s, s->judged, at);
		break;
	case WATCH_FAILED:
		push_failed(s, run);
		show(s, s->judged, at);
		break;
	case WATCH_UNKNOWN:
	case WATCH_MAINTENANCE: show(s, how, at); break;
	}
	return true;
}

void state_push_stop(struct state *s, int64_t at)
{
	s->n_events = 0;
	if (is_failing(s))
		s->incident.end_at = at;
	if (is_open(s))
		end(s);
	s->judged = WATCH_OK;
	s->judged_since = 0;
	s->n_runs = 0;
	show(s, WATCH_UNKNOWN, at);
}

void state_push_clock(struct state *s, int64_t at)
{
	if (s->last_at >= at)
		s->last_at = at - 1;
}

bool state_take_event(struct state *s, struct state_event *ret)
{
	if (s->n_events == 0)
		return false;
	*ret = s->events[0];
	s->events[0] = s->events[1];
	s->n_events--;
	return true;
}

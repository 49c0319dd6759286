#include "page/trouble.h"

#include "base/mem.h"

/* Something with a dot before it, where something stands there already. */
static void put_dot(const struct html *h, bool *any)
{
	html_puts(h, *any ? " \xc2\xb7 " : "");
	*any = true;
}

static void put_reason(const struct html *h, const struct page_trouble *t)
{
	html_puts(h, "<p>");
	if (t->message.n)
		html_text(h, t->message);
	else
		html_look(h, words_reason(t->reason));
	html_puts(h, "</p>\n");
}

static void put_runs(const struct html *h, const struct page_trouble *t)
{
	const struct text runs =
		TEXT(N_("{1} of {2} runs"), text_u64(t->n_failed), text_u64(t->n_runs));

	html_say(h, &runs);
}

static void put_alert(const struct html *h, const struct page_trouble *t)
{
	uint8_t room[64];
	struct buf at;

	buf_init_in(&at, room, sizeof(room));
	format_time(&at, h->v, t->alert_at);
	const struct text alert =
		TEXT(N_("alert to {1} {2}"), text_slice(t->alert), text_slice(buf_slice(&at)));
	html_say(h, &alert);
}

static void put_facts(const struct html *h, const struct page_test *test)
{
	const struct page_trouble *t = test->trouble;
	const struct text flapping = TEXT(N_("on and off {1} times"), text_u64(t->times));
	bool any = false;

	html_puts(h, "<p class=\"sm dim\">");
	if (t->reason != REASON_NONE) {
		put_dot(h, &any);
		html_reason(h, t->reason);
	}
	if (t->n_runs) {
		put_dot(h, &any);
		put_runs(h, t);
	}
	if (t->is_flapping) {
		put_dot(h, &any);
		html_say(h, &flapping);
	}
	if (test->location.n) {
		const struct text from = TEXT(N_("seen from {1}"), text_slice(test->location));

		put_dot(h, &any);
		html_say(h, &from);
	}
	if (test->state == WATCH_UNKNOWN) {
		put_dot(h, &any);
		html_look(h, N_("counted apart, neither up nor down"));
	}
	if (t->alert.n) {
		put_dot(h, &any);
		put_alert(h, t);
	}
	html_puts(h, "</p>\n");
}

static void put_step(const struct html *h, const struct page_trouble *t)
{
	const struct reason_step *own =
		t->reason == REASON_NONE ? NULL : &reason_info(t->reason)->next[0];
	const bool is_given = t->step.n > 0;

	if (!is_given && (!own || !own->what))
		return;
	html_puts(h, "<p class=\"next\"><b>");
	html_look(h, N_("Next:"));
	html_puts(h, "</b> ");
	if (is_given)
		html_text(h, t->step);
	else
		html_look(h, own->what);
	if (t->command.n || (!is_given && own->command)) {
		html_look(h, slice_ends(is_given ? t->step : slice_str(own->what), SLICE("?"))
				     ? " "
				     : N_(": "));
		html_puts(h, "<code>");
		if (t->command.n)
			html_text(h, t->command);
		else
			html_str(h, own->command);
		html_puts(h, "</code>");
	}
	html_puts(h, "</p>\n");
}

static void put_links(
	const struct html *h, const struct page_set *set, const struct page_test *test)
{
	const struct page_trouble *t = test->trouble;

	html_puts(h, "<div class=\"acts\">");
	html_run_link(h, t->run, t->run_at, N_("Last run, {1}"));
	html_run_link(h, t->good_run, t->good_at, N_("Last good run, {1}"));
	if (t->incident.n) {
		const struct text id = TEXT(N_("Incident {1}"), text_slice(t->incident));

		html_begin_link(h, "/incidents/", t->incident, "");
		html_say(h, &id);
		html_puts(h, "</a>");
	}
	html_puts(h, "<a href=\"");
	html_test_path(h, set, test);
	html_puts(h, "\">");
	html_look(h, N_("History"));
	html_puts(h, "</a></div>");
}

/* What is told already is not told again: of 30 partners behind one fault the first has the cause
 * and the step, the others have their links. */
static void put_item(
	const struct html *h, const struct page_set *set, size_t i, size_t back, bool is_told)
{
	const struct page_test *t = &set->tests[i];
	const int64_t since = back != i && set->tests[back].since_at < t->since_at
				      ? set->tests[back].since_at
				      : t->since_at;

	html_puts(h, "<li><div>");
	html_state(h, t->state, true);
	html_puts(h, "</div><div class=\"what\"><h3><a href=\"");
	html_test_path(h, set, t);
	html_puts(h, "\">");
	if (back != i)
		html_between(h, set, t->pool, t->partner, WORDS_BOTH);
	else
		html_test_name(h, set, t);
	html_puts(h, "</a></h3>\n");
	if (t->trouble && !is_told) {
		put_reason(h, t->trouble);
		put_step(h, t->trouble);
	}
	if (t->trouble) {
		put_facts(h, t);
		put_links(h, set, t);
	}
	html_puts(h, "</div><div class=\"when nw\">");
	html_when(h, since);
	html_puts(h, "</div></li>\n");
}

static void put_more(const struct html *h, enum watch_state s, size_t n)
{
	const struct text t = TEXT(N_("and {1} more"), text_u64(n));

	if (n == 0)
		return;
	html_puts(h, "<li><div>");
	html_state(h, s, true);
	buf_printf(h->b, "</div><div class=\"what\"><a href=\"/tests?state=%s\">",
		watch_state_name(s));
	html_say(h, &t);
	html_puts(h, "</a></div></li>\n");
}

static bool is_in(const struct page_test *t, enum watch_state s)
{
	return t->state == s && page_test_is_judged(t);
}

/* Pairs are one item; what is behind the limit is only counted. */
static void put_state(const struct html *h, const struct page_set *set, enum watch_state s)
{
	bool is_told[REASON_COUNT] = { false };
	size_t shown = 0, more = 0, last = 0;

	for (size_t i = 0; i < set->n_tests; i++) {
		const struct page_trouble *t = set->tests[i].trouble;
		size_t back = i;

		if (!is_in(&set->tests[i], s))
			continue;
		if (words_way_back(set, i, &back) && back < i && back <= last)
			continue;
		if (shown >= PAGE_TROUBLES_SHOWN) {
			more++;
			continue;
		}
		put_item(h, set, i, back, t && t->message.n == 0 && is_told[t->reason]);
		if (t)
			is_told[t->reason] = true;
		last = i;
		shown++;
	}
	put_more(h, s, more);
}

void trouble_put_list(const struct html *h, const struct page_set *set)
{
	static const enum watch_state states[] = { WATCH_FAILED, WATCH_UNSTABLE, WATCH_UNKNOWN };
	bool any = false;

	for (size_t i = 0; i < set->n_tests && !any; i++)
		for (size_t k = 0; k < COUNT(states); k++)
			any = any || is_in(&set->tests[i], states[k]);
	if (!any)
		return;
	html_puts(h, "<h2>");
	html_look(h, N_("Needs attention"));
	html_puts(h, "</h2><ul class=\"att\">\n");
	for (size_t k = 0; k < COUNT(states); k++)
		put_state(h, set, states[k]);
	html_puts(h, "</ul>\n");
}

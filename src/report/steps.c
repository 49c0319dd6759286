/* Which steps of a reason help in this case, and whether who prints them can do what they say. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "report/private.h"

#define STOX_TEST "stox test"

static bool is_over_udp(const struct probe_result *r)
{
	const struct probe_phase_result *phase = &r->phases[r->phase];

	return phase->address.family == 0 || phase->transport == TRANSPORT_UDP;
}

static bool helps(const struct report_run *run, const struct reason_step *step)
{
	switch (step->when) {
	case REASON_ALWAYS: return true;
	case REASON_OVER_UDP: return is_over_udp(run->result);
	case REASON_BY_DNS: return !run->result->evidence.dns_searched;
	case REASON_BY_RESOLVCONF: return run->result->evidence.dns_searched;
	}
	return false;
}

/* ---- options ---- */

/* Behind a space or a quote "--dns" or "-vv"; false behind the last. */
static bool next_option(struct slice *text, struct slice *ret)
{
	size_t at = 0, end;

	while (at < text->n && (text->p[at] != '-' || (at > 0 && ascii_is_alpha(text->p[at - 1])) ||
				       at + 1 == text->n))
		at++;
	for (end = at; end < text->n && (text->p[end] == '-' || ascii_is_alpha(text->p[end]));)
		end++;
	*ret = slice_cut(*text, at, end);
	*text = slice_skip(*text, end);
	return ret->n > 0;
}

static bool has_option(const struct report_caller *c, struct slice option)
{
	char word[64];
	struct buf b;

	/* "-vv" is "-v" twice. */
	if (option.n > 2 && option.p[1] != '-')
		option = slice_cut(option, 0, 2);
	buf_init(&b, sizeof(word) - 1);
	buf_printf(&b, " %.*s ", SLICE_FMT(option));
	const bool is_there =
		slice_cstr(buf_slice(&b), word, sizeof(word)) && strstr(c->options, word);
	buf_done(&b);
	return is_there;
}

static bool has_options(const struct report_run *run, struct slice text)
{
	struct slice option;

	while (run->caller && next_option(&text, &option))
		if (!has_option(run->caller, option))
			return false;
	return true;
}

/* ---- steps ---- */

bool report_has_command(const struct report_run *run, const struct reason_step *step)
{
	return step->command && (!slice_starts(slice_str(step->command), SLICE(STOX_TEST)) ||
					has_options(run, slice_str(step->command)));
}

/* One that names an option which is not there is left out, whatever its command. */
unsigned report_steps(const struct report_run *run, const struct reason_step *ret[REASON_STEPS_MAX])
{
	const struct reason_info *info = reason_info(run->result->reason);
	struct buf what;
	unsigned n = 0;

	buf_init(&what, 8192);
	for (unsigned i = 0; i < REASON_STEPS_MAX && info->next[i].what; i++) {
		const struct reason_step *step = &info->next[i];

		buf_clear(&what);
		report_put_command(&what, run, step->what);
		if (helps(run, step) && has_options(run, buf_slice(&what)))
			ret[n++] = step;
	}
	buf_done(&what);
	return n;
}

void report_put_step(struct buf *b, const struct report_run *run, const struct reason_step *step)
{
	report_put_command(b, run, report_look(run, step->what));
	if (!report_has_command(run, step))
		return;
	report_put_colon(b, run, step->what);
	report_put_command(b, run, step->command);
}

static void put_numbered_step(struct sheet *p, const struct report_run *run,
	const struct reason_step *step, unsigned number, unsigned column)
{
	struct buf command;

	sheet_tab(p, column);
	buf_printf(&p->line, "%u. ", number);
	report_put_command(&p->line, run, report_look(run, step->what));
	if (report_has_command(run, step)) {
		buf_init(&command, 8192);
		report_put_command(&command, run, step->command);
		report_put_colon(&p->line, run, step->what);
		sheet_whole(p, buf_slice(&command));
		buf_done(&command);
	}
	sheet_end(p, column + 3);
}

void report_put_steps(struct sheet *p, const struct report_run *run, unsigned column)
{
	const struct reason_step *steps[REASON_STEPS_MAX];
	const unsigned n = report_steps(run, steps);

	for (unsigned i = 0; i < n; i++)
		put_numbered_step(p, run, steps[i], i + 1, column);
}

/* A result for people: the ancestor's five lines, what may stand below, and the steps of -vv. */
#include "base/mem.h"
#include "report/private.h"

/* ---- labels ---- */

static const char *const labels[] = { N_("Target Fqdn"), N_("Result"), N_("Latency"),
	N_("Error Message"), N_("Diagnosis"), N_("Warning"), N_("Proof"), N_("Limit"), N_("Trace"),
	N_("Other side"), N_("Tested") };

static unsigned label_column(const struct report_run *run)
{
	return report_label_column(labels, COUNT(labels), run->look_up);
}

static void put_label(struct sheet *p, const struct report_run *run, const char *label)
{
	buf_puts(&p->line, report_look(run, label));
	sheet_tab(p, label_column(run));
	buf_putc(&p->line, ':');
}

static void end_labelled(struct sheet *p, const struct report_run *run)
{
	sheet_end(p, label_column(run) + 2);
}

/* ---- the five lines ---- */

/* hh:mm:ss.fffffff, as .NET's TimeSpan prints it: the ancestor's tools read it. */
void report_put_timespan(struct buf *b, ts_t t)
{
	const unsigned s = (unsigned)(t / TS_S(1));

	buf_printf(
		b, "%02u:%02u:%02u.%06u0", s / 3600, s / 60 % 60, s % 60, (unsigned)(t % TS_S(1)));
}

static void put_result(struct sheet *p, const struct report_run *run)
{
	const bool success = run->result->success;

	put_label(p, run, labels[1]);
	buf_putc(&p->line, ' ');
	sheet_colour(p, success ? SHEET_GOOD : SHEET_BAD);
	report_put_sign(p, success);
	buf_puts(&p->line, report_look(run, success ? N_("Success") : N_("Failure")));
	sheet_colour(p, SHEET_PLAIN);
	end_labelled(p, run);
}

static void put_message(struct sheet *p, const struct report_run *run)
{
	put_label(p, run, labels[3]);
	if (!run->result->success) {
		buf_putc(&p->line, ' ');
		report_put_message(&p->line, run);
	}
	end_labelled(p, run);
}

static void put_diagnosis(struct sheet *p, const struct report_run *run)
{
	const struct probe_result *r = run->result;

	put_label(p, run, labels[4]);
	if (r->success) {
		end_labelled(p, run);
		return;
	}
	const struct reason_info *info = reason_info(r->reason);
	buf_printf(&p->line, " %s [", report_look(run, info->meaning));
	report_put_where(&p->line, run);
	buf_putc(&p->line, ']');
	end_labelled(p, run);
	report_put_steps(p, run, label_column(run) + 2);
}

/* ---- what may be below them ---- */

/* Which pair it was: with several pools or partners in a configuration that is not the reader's
 * guess. */
static void put_pair(struct sheet *p, const struct report_run *run)
{
	const struct probe_result *r = run->result;

	if (!r->user[0] || !r->receiver[0] || run->verbosity) /* the details begin with it */
		return;
	put_label(p, run, labels[10]);
	buf_putc(&p->line, ' ');
	text_put_clean(&p->line, slice_str(probe_writer(r)));
	buf_puts(&p->line, " -> ");
	text_put_clean(&p->line, slice_str(probe_reader(r)));
	end_labelled(p, run);
}

static void put_other(struct sheet *p, const struct report_run *run)
{
	const struct probe_failure *f = &run->result->other;

	if (!f->reason)
		return;
	put_label(p, run, labels[9]);
	buf_putc(&p->line, ' ');
	text_put(&p->line, &f->message, run->look_up);
	buf_puts(&p->line, " [");
	report_put_text(p, run,
		TEXT(N_("{1} in {2}"), text_str(reason_id(f->reason)),
			text_str(phase_name(f->phase))));
	buf_putc(&p->line, ']');
	end_labelled(p, run);
}

static void put_notes(struct sheet *p, const struct report_run *run)
{
	const struct probe_result *r = run->result;

	for (unsigned i = 0; i < r->n_notes; i++) {
		if (r->notes[i].is_cause)
			continue; /* it stands in the error message */
		sheet_colour(p, SHEET_WARNING);
		put_label(p, run, labels[5]);
		sheet_colour(p, SHEET_PLAIN);
		buf_putc(&p->line, ' ');
		text_put(&p->line, &r->notes[i].text, run->look_up);
		buf_printf(&p->line, " [%s]", note_id(r->notes[i].note)); /* for --accept */
		end_labelled(p, run);
	}
}

static void put_stats(struct sheet *p, const struct report_run *run, const char *name,
	const struct probe_stats *s)
{
	const struct {
		const char *name;
		ts_t value;
	} figures[] = { { N_("min"), s->min }, { N_("median"), s->median }, { N_("p95"), s->p95 },
		{ N_("max"), s->max } };

	if (s->n == 0)
		return;
	buf_printf(&p->line, "  %-8s %6u", name, s->n);
	for (size_t i = 0; i < COUNT(figures); i++)
		buf_printf(&p->line, "  %s %9.3f", report_look(run, figures[i].name),
			(double)figures[i].value / 1e3);
	buf_puts(&p->line, " ms");
	sheet_end(p, 4);
}

static void put_lines(struct sheet *p, const struct report_run *run)
{
	const struct probe_result *r = run->result;

	put_label(p, run, labels[0]);
	buf_putc(&p->line, ' ');
	text_put_clean(&p->line, slice_str(r->target_fqdn));
	end_labelled(p, run);
	put_result(p, run);
	put_label(p, run, labels[2]);
	buf_putc(&p->line, ' ');
	report_put_timespan(&p->line, r->latency);
	end_labelled(p, run);
	put_message(p, run);
	put_diagnosis(p, run);
	put_pair(p, run);
	put_other(p, run);
	put_notes(p, run);
	if (r->success && r->proof != PROOF_ANSWERED) {
		put_label(p, run, labels[6]);
		buf_printf(&p->line, " %s", proof_name(r->proof));
		end_labelled(p, run);
	}
	if (report_is_over_limit(run)) {
		put_label(p, run, labels[7]);
		buf_putc(&p->line, ' ');
		report_put_limit(&p->line, run);
		end_labelled(p, run);
	}
	if (run->trace) {
		put_label(p, run, labels[8]);
		buf_putc(&p->line, ' ');
		text_put_clean(&p->line, slice_str(run->trace));
		end_labelled(p, run);
	}
	put_stats(p, run, "send", &r->send);
	put_stats(p, run, "deliver", &r->deliver);
	put_stats(p, run, "answer", &r->answer);
	put_stats(p, run, "round", &r->round);
}

/* What the sweeps behind a test found. */
static int put_checks(struct buf *b, const struct report_run *run)
{
	for (unsigned i = 0; i < run->n_checks; i++) {
		struct report_check check = run->checks[i];

		check.style = run->style;
		buf_putc(b, '\n');
		int err = report_check_text(b, &check);
		if (err)
			return err;
	}
	return buf_err(b);
}

int report_text(struct buf *b, const struct report_run *run)
{
	struct sheet p;

	sheet_init(&p, b, &run->style);
	put_lines(&p, run);
	if (run->verbosity)
		report_put_details(&p, run);
	sheet_done(&p);
	return buf_err(b) ? buf_err(b) : put_checks(b, run);
}

/* ---- the ladder ---- */

static void put_indented(struct buf *b, struct slice text)
{
	while (text.n) {
		struct slice line = slice_split(&text, '\n');

		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		buf_puts(b, "    ");
		text_put_clean(b, line);
		buf_putc(b, '\n');
	}
}

void report_trace(struct buf *b, const struct probe_event *ev)
{
	char text[ADDR_TEXT_MAX];

	buf_printf(b, "%10.3f ms  %-4s %s %s\n", (double)ev->at / 1e3,
		ev->side == SIDE_XMPP ? "XMPP" : "SIP", ev->outbound ? "-->" : "<--",
		addr_text(&ev->peer, text));
	put_indented(b, ev->text);
}

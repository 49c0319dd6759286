/* The plugin output of the monitoring plugins' guidelines: what is read at a glance, `|`, and the
 * performance data; with verbosity more lines below.
 *
 * What the target did is OK, WARNING or CRITICAL, a time-out and an error of the DNS too; UNKNOWN
 * is for what went wrong here. */
#include "base/str.h"
#include "report/private.h"

enum { OK, WARNING, CRITICAL, UNKNOWN };

enum { LINES_MAX = 1 << 20 };

static const char *const states[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

int report_plugin_status(const struct report_run *run)
{
	const struct probe_result *r = run->result;
	const ts_t latency = report_latency(run);

	if (!r->success)
		return reason_info(r->reason)->exit_status == 1 ? CRITICAL : UNKNOWN;
	if (range_alerts(&run->critical, latency))
		return CRITICAL;
	return range_alerts(&run->warning, latency) ? WARNING : OK;
}

/* Performance data begins at the first `|`. */
static void put_without_bar(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_putc(b, s.p[i] == '|' ? '/' : s.p[i]);
}

static void put_line(struct buf *b, const struct report_run *run, int status)
{
	const struct probe_result *r = run->result;

	if (!r->success) {
		report_put_message(b, run);
		buf_puts(b, " [");
		report_put_where(b, run);
		buf_putc(b, ']');
		return;
	}
	buf_printf(b, "%s in %.3f s", proof_name(r->proof), (double)report_latency(run) / 1e6);
	if (status == WARNING || status == CRITICAL) {
		buf_printf(b, " (%s: ", status == WARNING ? "warning" : "critical");
		range_put(b, status == WARNING ? &run->warning : &run->critical);
		buf_putc(b, ')');
	}
	buf_printf(b, ", %s -> %s", probe_writer(r), probe_reader(r));
}

static void put_head(struct buf *b, const struct report_run *run, int status)
{
	struct buf line, clean;

	buf_init(&line, LINES_MAX);
	buf_init(&clean, LINES_MAX);
	put_line(&line, run, status);
	text_put_clean(&clean, buf_slice(&line));
	buf_printf(b, "STOX %s: ", states[status]);
	put_without_bar(b, buf_slice(&clean));
	buf_done(&line);
	buf_done(&clean);
}

static void put_figure(struct buf *b, const char *label, bool is_known, ts_t value)
{
	if (is_known)
		buf_printf(b, "'%s'=%.6fs;", label, (double)value / 1e6);
	else
		buf_printf(b, "'%s'=U;", label);
}

/* What a test that failed did not come to is there as U, not known: a figure would pull down
 * averages, and one that is missing stops a graph whose labels are counted. */
static void put_performance(struct buf *b, const struct report_run *run)
{
	const struct probe_result *r = run->result;

	buf_putc(b, '|');
	put_figure(b, "time", r->success, report_latency(run));
	range_put(b, &run->warning);
	buf_putc(b, ';');
	range_put(b, &run->critical);
	buf_puts(b, ";0;");
	for (unsigned i = 0; i < PHASE_COUNT; i++) {
		const enum phase_outcome outcome = r->phases[i].outcome;
		const bool is_known = outcome == PHASE_OK;

		if (outcome == PHASE_SKIPPED || (r->success && !is_known))
			continue;
		buf_putc(b, ' ');
		put_figure(b, phase_name((enum probe_phase)i), is_known, r->phases[i].duration);
		buf_puts(b, ";;0;");
	}
}

static void put_more(struct buf *b, const struct report_run *run)
{
	const struct report_run words = { .result = run->result,
		.started_at_us = run->started_at_us,
		.look_up = run->look_up,
		.verbosity = run->verbosity - 1,
		.trace = run->trace,
		.max_latency = run->max_latency };
	struct buf text;

	buf_init(&text, LINES_MAX);
	report_text(&text, &words);
	put_without_bar(b, buf_slice(&text));
	buf_done(&text);
}

int report_nagios(struct buf *b, const struct report_run *run)
{
	put_head(b, run, report_plugin_status(run));
	put_performance(b, run);
	buf_putc(b, '\n');
	if (run->verbosity)
		put_more(b, run);
	return buf_err(b);
}

/* Test Anything Protocol, version 13: every reader takes it, of 14 it uses nothing. */
#include "report/private.h"

enum { PIECE_MAX = 64 << 10 };

/* A YAML scalar in single quotes: the one style that readers of TAP's small YAML agree about. */
static void put_quoted(struct buf *b, struct slice raw)
{
	struct buf clean;

	buf_init(&clean, PIECE_MAX);
	text_put_clean(&clean, raw);
	const struct slice s = buf_slice(&clean);
	buf_putc(b, '\'');
	for (size_t i = 0; i < s.n; i++) {
		buf_putc(b, s.p[i]);
		if (s.p[i] == '\'')
			buf_putc(b, '\'');
	}
	buf_puts(b, "'\n");
	buf_done(&clean);
}

/* What is put together before it is quoted. */
static struct buf *piece(struct buf *b)
{
	buf_init(b, PIECE_MAX);
	return b;
}

static void put_quoted_piece(struct buf *b, const char *key, struct buf *value)
{
	buf_printf(b, "  %s", key);
	put_quoted(b, buf_slice(value));
	buf_done(value);
}

static void put_failure(struct buf *b, const struct report_run *run, bool is_error)
{
	const struct reason_info *info = reason_info(run->result->reason);
	const struct reason_step *steps[REASON_STEPS_MAX];
	const unsigned n = report_steps(run, steps);
	struct buf text;

	buf_printf(b, "  severity: %s\n  reason: %s\n", is_error ? "error" : "fail",
		reason_id(run->result->reason));
	report_put_message(piece(&text), run);
	put_quoted_piece(b, "message: ", &text);
	buf_puts(piece(&text), report_look(run, info->meaning));
	put_quoted_piece(b, "diagnosis: ", &text);
	if (n)
		buf_puts(b, "  next:\n");
	for (unsigned i = 0; i < n; i++) {
		report_put_step(piece(&text), run, steps[i]);
		put_quoted_piece(b, "  - ", &text);
	}
}

static void put_block(struct buf *b, const struct report_run *run, enum probe_phase phase,
	enum report_verdict verdict)
{
	const struct probe_phase_result *p = &run->result->phases[phase];
	struct buf text;

	buf_printf(b, "  ---\n  duration_ms: %.3f\n", (double)p->duration / 1e3);
	if (p->address.family) {
		addr_put(piece(&text), &p->address);
		buf_printf(&text, "/%s", transport_name(p->transport));
		put_quoted_piece(b, "address: ", &text);
	}
	if (p->detail.id) {
		text_put(piece(&text), &p->detail, run->look_up);
		put_quoted_piece(b, "detail: ", &text);
	}
	if (verdict != VERDICT_PASSED)
		put_failure(b, run, verdict == VERDICT_ERROR);
	buf_puts(b, "  ...\n");
}

static void put_point(struct buf *b, const struct report_run *run, enum probe_phase phase)
{
	const struct report_case c = report_case_of(run->result, phase);
	const bool failed = c.verdict == VERDICT_FAILED || c.verdict == VERDICT_ERROR;

	buf_printf(b, "%sok %u - %s", failed ? "not " : "", phase + 1, phase_name(phase));
	if (c.verdict == VERDICT_SKIPPED)
		buf_printf(b, " # SKIP %s\n", report_look(run, c.why));
	else
		buf_putc(b, '\n');
	if (c.verdict != VERDICT_SKIPPED)
		put_block(b, run, phase, c.verdict);
}

static void put_limit(struct buf *b, const struct report_run *run)
{
	const bool over = report_is_over_limit(run);
	struct buf text;

	if (!run->max_latency)
		return;
	buf_printf(b, "%sok %u - " REPORT_LIMIT_CASE "%s\n", over ? "not " : "", PHASE_COUNT + 1,
		run->result->success ? "" : " # SKIP");
	if (!over)
		return;
	buf_puts(b, "  ---\n  severity: fail\n  reason: max_latency\n");
	report_put_limit(piece(&text), run);
	put_quoted_piece(b, "message: ", &text);
	buf_puts(b, "  ...\n");
}

/* A comment is one line. */
static void put_comment(struct buf *b, const struct probe_result *r)
{
	buf_puts(b, "# ");
	text_put_clean(b, slice_str(r->target_fqdn));
	buf_puts(b, ": ");
	text_put_clean(b, slice_str(probe_writer(r)));
	buf_puts(b, " -> ");
	text_put_clean(b, slice_str(probe_reader(r)));
	buf_printf(b, ", proof: %s\n", proof_name(r->proof));
}

int report_tap(struct buf *b, const struct report_run *run)
{
	buf_printf(b, "TAP version 13\n1..%u\n", PHASE_COUNT + (run->max_latency ? 1 : 0));
	put_comment(b, run->result);
	for (unsigned i = 0; i < PHASE_COUNT; i++)
		put_point(b, run, (enum probe_phase)i);
	put_limit(b, run);
	return buf_err(b);
}

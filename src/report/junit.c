/* JUnit XML by the conventions of testmoapp/junitxml: a phase is a test case, so that the view of a
 * build shows at a glance which one broke, and keeps a history of each. */
#include <string.h>

#include "base/str.h"
#include "report/private.h"
#include "xmpp/xml.h"

enum { PIECE_MAX = 64 << 10, OUT_MAX = 1 << 20 };

/* What is put together before it is escaped. */
static struct buf *piece(struct buf *b)
{
	buf_init(b, PIECE_MAX);
	return b;
}

static void put_attr_piece(struct buf *b, const char *name, struct buf *value)
{
	xml_put_attr(b, name, buf_slice(value));
	buf_done(value);
}

static void put_attr(struct buf *b, const char *name, const char *value)
{
	xml_put_attr(b, name, slice_str(value));
}

static void put_time(struct buf *b, ts_t t)
{
	buf_printf(b, " time='%llu.%06llu'", (unsigned long long)(t / TS_S(1)),
		(unsigned long long)(t % TS_S(1)));
}

/* ---- test cases ---- */

/* Readers make a tree of packages from the dots: those of names would add levels. */
static void put_undotted(struct buf *b, const char *s)
{
	for (; *s; s++)
		buf_putc(b, *s == '.' ? '_' : (uint8_t)*s);
}

/* "stox.pool_litware_test.adelany@contoso_test": reports of several targets stay apart. */
static void begin_case(struct buf *b, const struct report_run *run, const char *name, ts_t time)
{
	struct buf class;

	piece(&class);
	buf_puts(&class, "stox.");
	put_undotted(&class, run->result->target_fqdn);
	buf_putc(&class, '.');
	put_undotted(&class, run->result->receiver);
	buf_puts(b, "    <testcase");
	put_attr(b, "name", name);
	put_attr_piece(b, "classname", &class);
	put_time(b, time);
	buf_putc(b, '>');
}

static void put_reason(struct buf *b, const struct report_run *run)
{
	const struct reason_info *info = reason_info(run->result->reason);
	const struct reason_step *steps[REASON_STEPS_MAX];
	const unsigned n = report_steps(run, steps);

	buf_printf(b, "%s\n", report_look(run, info->meaning));
	for (unsigned i = 0; i < REASON_CAUSES_MAX && info->causes[i]; i++)
		buf_printf(b, "- %s\n", report_look(run, info->causes[i]));
	for (unsigned i = 0; i < n; i++) {
		buf_printf(b, "%u. ", i + 1);
		report_put_step(b, run, steps[i]);
		buf_putc(b, '\n');
	}
}

static void put_failure(struct buf *b, const struct report_run *run, const char *element)
{
	struct buf text;

	buf_printf(b, "\n      <%s", element);
	piece(&text);
	report_put_message(&text, run);
	put_attr_piece(b, "message", &text);
	put_attr(b, "type", reason_id(run->result->reason));
	buf_putc(b, '>');
	put_reason(piece(&text), run);
	xml_put_text(b, buf_slice(&text));
	buf_done(&text);
	buf_printf(b, "</%s>", element);
}

static void put_verdict(struct buf *b, const struct report_run *run, const struct report_case *c)
{
	switch (c->verdict) {
	case VERDICT_PASSED: break;
	case VERDICT_FAILED: put_failure(b, run, "failure"); break;
	case VERDICT_ERROR: put_failure(b, run, "error"); break;
	case VERDICT_SKIPPED:
		buf_puts(b, "\n      <skipped");
		put_attr(b, "message", report_look(run, c->why));
		buf_puts(b, "/>");
		break;
	}
}

/* Where it went and how. */
static void put_phase_output(
	struct buf *b, const struct report_run *run, const struct probe_phase_result *p)
{
	char address[ADDR_TEXT_MAX];
	struct buf text;

	piece(&text);
	if (p->address.family)
		buf_printf(&text, "%s %s\n", transport_name(p->transport),
			addr_text(&p->address, address));
	text_put(&text, &p->detail, run->look_up);
	if (buf_len(&text)) {
		buf_puts(b, "\n      ");
		xml_put_element(b, "system-out", buf_slice(&text));
	}
	buf_done(&text);
}

static void put_phase(struct buf *b, const struct report_run *run, enum probe_phase phase)
{
	const struct probe_phase_result *p = &run->result->phases[phase];
	const struct report_case c = report_case_of(run->result, phase);

	begin_case(b, run, phase_name(phase), p->duration);
	put_verdict(b, run, &c);
	put_phase_output(b, run, p);
	buf_puts(b, "\n    </testcase>\n");
}

static void put_limit(struct buf *b, const struct report_run *run)
{
	struct buf text;

	if (!run->max_latency)
		return;
	begin_case(b, run, REPORT_LIMIT_CASE, 0);
	if (report_is_over_limit(run)) {
		report_put_limit(piece(&text), run);
		buf_puts(b, "\n      <failure");
		put_attr_piece(b, "message", &text);
		buf_puts(b, " type='max_latency'/>");
	} else if (!run->result->success) {
		buf_puts(b, "\n      <skipped/>");
	}
	buf_puts(b, "\n    </testcase>\n");
}

/* ---- the suite ---- */

struct counts {
	unsigned tests, failures, errors, skipped;
};

static struct counts count(const struct report_run *run)
{
	struct counts n = { .tests = PHASE_COUNT };

	for (unsigned i = 0; i < PHASE_COUNT; i++) {
		const struct report_case c = report_case_of(run->result, (enum probe_phase)i);

		n.failures += c.verdict == VERDICT_FAILED;
		n.errors += c.verdict == VERDICT_ERROR;
		n.skipped += c.verdict == VERDICT_SKIPPED;
	}
	if (run->max_latency) {
		n.tests++;
		n.failures += report_is_over_limit(run);
		n.skipped += !run->result->success;
	}
	return n;
}

/* ISO 8601 as readers know it: seconds, no zone. */
static void put_timestamp(struct buf *b, const struct report_run *run)
{
	struct buf text;

	rfc3339_put(piece(&text), run->started_at_us);
	buf_truncate(&text, sizeof("2026-11-25T22:29:00") - 1);
	put_attr_piece(b, "timestamp", &text);
}

static void put_totals(struct buf *b, const struct report_run *run, const struct counts *n)
{
	buf_printf(b, " tests='%u' failures='%u' errors='%u' skipped='%u'", n->tests, n->failures,
		n->errors, n->skipped);
	put_time(b, run->result->latency);
	put_timestamp(b, run);
	buf_puts(b, ">\n");
}

static void put_property(struct buf *b, const char *name, const char *value)
{
	buf_puts(b, "      <property");
	put_attr(b, "name", name);
	put_attr(b, "value", value);
	buf_puts(b, "/>\n");
}

static void put_note(struct buf *b, const struct report_run *run, const struct probe_note *n)
{
	struct buf text;

	buf_puts(b, "      <property");
	buf_printf(piece(&text), "warning.%s", note_id(n->note));
	put_attr_piece(b, "name", &text);
	text_put(piece(&text), &n->text, run->look_up);
	put_attr_piece(b, "value", &text);
	buf_puts(b, "/>\n");
}

static void put_properties(struct buf *b, const struct report_run *run)
{
	const struct probe_result *r = run->result;

	buf_puts(b, "    <properties>\n");
	put_property(b, "target_fqdn", r->target_fqdn);
	put_property(b, "user", r->user);
	put_property(b, "receiver", r->receiver);
	put_property(b, "result", r->success ? "Success" : "Failure");
	put_property(b, "proof", proof_name(r->proof));
	if (r->tls[SIDE_SIP].version[0])
		put_property(b, "sip_tls_version", r->tls[SIDE_SIP].version);
	if (r->tls[SIDE_XMPP].version[0])
		put_property(b, "xmpp_tls_version", r->tls[SIDE_XMPP].version);
	for (unsigned i = 0; i < r->n_notes; i++)
		put_note(b, run, &r->notes[i]);
	buf_puts(b, "    </properties>\n");
}

/* The whole in words, evidence and all. */
static void put_output(struct buf *b, const struct report_run *run)
{
	const struct report_run words = { .result = run->result,
		.started_at_us = run->started_at_us,
		.look_up = run->look_up,
		.verbosity = 1,
		.max_latency = run->max_latency };
	struct buf text;

	buf_init(&text, OUT_MAX);
	report_text(&text, &words);
	buf_puts(b, "    ");
	xml_put_element(b, "system-out", buf_slice(&text));
	buf_putc(b, '\n');
	buf_done(&text);
}

int report_junit(struct buf *b, const struct report_run *run)
{
	const struct counts n = count(run);
	struct buf name;

	buf_puts(b, "<?xml version='1.0' encoding='UTF-8'?>\n<testsuites name='stox test'");
	put_totals(b, run, &n);
	buf_printf(piece(&name), "%s -> %s", run->result->target_fqdn, run->result->receiver);
	buf_puts(b, "  <testsuite");
	put_attr_piece(b, "name", &name);
	put_totals(b, run, &n);
	put_properties(b, run);
	for (unsigned i = 0; i < PHASE_COUNT; i++)
		put_phase(b, run, (enum probe_phase)i);
	put_limit(b, run);
	put_output(b, run);
	buf_puts(b, "  </testsuite>\n</testsuites>\n");
	return buf_err(b);
}

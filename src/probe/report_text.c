#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "probe/diagnostics.h"
#include "probe/report_private.h"

enum { LABEL = 14 }; /* the ancestor's labels are that wide */

/* hh:mm:ss.fffffff, as .NET's TimeSpan prints it: the ancestor's tools read it. */
void report_put_timespan(struct buf *b, ts_t t)
{
	const unsigned s = (unsigned)(t / TS_S(1));

	buf_printf(
		b, "%02u:%02u:%02u.%06u0", s / 3600, s / 60 % 60, s % 60, (unsigned)(t % TS_S(1)));
}

static void put_label(struct buf *b, const struct report_run *run, const char *label)
{
	const char *s = report_look(run, label);
	size_t n = 0;

	for (size_t i = 0; s[i]; i++)
		n += ((uint8_t)s[i] & 0xc0) != 0x80;
	buf_printf(b, "%s%*s:", s, n < LABEL ? (int)(LABEL - n) : 0, "");
}

/* What a peer said, or who was meant: a terminal must not obey it. */
static void put_said(struct buf *b, const char *before, const char *raw, const char *behind)
{
	buf_puts(b, before);
	text_put_clean(b, slice_str(raw));
	buf_puts(b, behind);
}

static void put_diagnosis(struct buf *b, const struct report_run *run)
{
	const struct probe_result *r = run->result;
	const struct reason_info *info = reason_info(r->reason);

	buf_printf(b, " %s [%s in %s]\n", report_look(run, info->meaning), reason_id(r->reason),
		phase_name(r->phase));
	for (unsigned i = 0; i < REASON_STEPS_MAX && info->next[i].what; i++) {
		buf_printf(b, "%*s%u. ", LABEL + 2, "", i + 1);
		report_put_step(b, run, &info->next[i]);
		buf_putc(b, '\n');
	}
}

/* ---- -v ---- */

static void put_causes(struct buf *b, const struct report_run *run)
{
	const struct reason_info *info = reason_info(run->result->reason);

	buf_printf(b, "\n%s\n", report_look(run, N_("Likely causes, likeliest first:")));
	for (unsigned i = 0; i < REASON_CAUSES_MAX && info->causes[i]; i++)
		buf_printf(b, "  - %s\n", report_look(run, info->causes[i]));
}

static void put_certificate(struct buf *b, const struct report_run *run, const struct tls_cert *c)
{
	unsigned at = 0;

	buf_printf(b, "  %s %d", report_look(run, N_("certificate")), c->depth);
	put_said(b, ": ", c->subject, "\n");
	buf_printf(b, "    %s", report_look(run, N_("issuer")));
	put_said(b, ": ", c->issuer, "\n");
	if (c->names[0]) {
		buf_printf(b, "    %s", report_look(run, N_("names")));
		put_said(b, ": ", c->names, "\n");
	}
	buf_printf(b, "    %s: ", report_look(run, N_("valid")));
	rfc3339_put(b, c->not_before * 1000000);
	buf_puts(b, " - ");
	rfc3339_put(b, c->not_after * 1000000);
	for (const char *name; (name = report_fault_name(c->faults, &at));)
		buf_printf(b, " [%s]", name);
	buf_putc(b, '\n');
}

static void put_diagnostics(struct buf *b, const struct report_run *run)
{
	const struct evidence *e = &run->result->evidence;
	const struct diagnostics_row *row = diagnostics_find(e->diagnostics_code);
	const char *range = diagnostics_range(e->diagnostics_code);

	buf_printf(b, "  ms-diagnostics %u: %s", e->diagnostics_code,
		report_look(run, row ? row->meaning : N_("a code that is in no list we have")));
	if (!row && range)
		buf_printf(b, " (%s)", report_look(run, range));
	buf_putc(b, '\n');
}

static void put_sip(struct buf *b, const struct evidence *e)
{
	buf_printf(b, "  SIP/2.0 %d", e->sip_status);
	put_said(b, " ", e->sip_reason, "\n");
	for (unsigned i = 0; i < e->n_headers; i++) {
		put_said(b, "  ", e->headers[i].name, ": ");
		put_said(b, "", e->headers[i].value, "\n");
	}
}

void report_put_evidence(struct buf *b, const struct report_run *run)
{
	const struct probe_result *r = run->result;
	const struct evidence *e = &r->evidence;
	char text[ADDR_TEXT_MAX];

	if (e->address.family)
		buf_printf(b, "  %s\n", addr_text(&e->address, text));
	if (e->err)
		buf_printf(b, "  errno %d: %s\n", e->err, report_look(run, err_text(e->err)));
	if (e->has_dns) {
		put_said(b, "  DNS ", e->dns_name, " ");
		buf_printf(b, "%s: %s%s%s\n", dns_type_name(e->dns_type),
			dns_status_name(e->dns_status), e->dns_server.family ? " @" : "",
			e->dns_server.family ? addr_text(&e->dns_server, text) : "");
	}
	for (unsigned i = 0; e->has_tls && i < r->tls[e->tls_side].n_certs; i++)
		put_certificate(b, run, &r->tls[e->tls_side].certs[i]);
	if (e->sip_status)
		put_sip(b, e);
	if (e->has_diagnostics)
		put_diagnostics(b, run);
	if (e->xmpp_condition[0] || e->xmpp_text[0]) {
		put_said(b, "  XMPP ", e->xmpp_condition, " ");
		put_said(b, "", e->xmpp_text, "\n");
	}
	if (e->what)
		buf_printf(
			b, "  %s, %s %zu\n", e->what, report_look(run, N_("at byte")), e->offset);
}

static void put_phase(struct buf *b, const struct report_run *run, enum probe_phase phase)
{
	const struct probe_phase_result *r = &run->result->phases[phase];
	char text[ADDR_TEXT_MAX] = "";

	if (r->outcome == PHASE_NOT_RUN)
		return;
	if (r->address.family)
		addr_text(&r->address, text);
	buf_printf(b, "  %-13s %-8s %10.3f ms  at %8.3f ms  %s%s%s\n", phase_name(phase),
		phase_outcome_name(r->outcome), (double)r->duration / 1e3, (double)r->started / 1e3,
		r->address.family ? transport_name(r->transport) : "", r->address.family ? " " : "",
		text);
	if (!r->detail.id)
		return;
	buf_printf(b, "  %-13s ", "");
	text_put(b, &r->detail, run->look_up);
	buf_putc(b, '\n');
}

static void put_stats(struct buf *b, const char *name, const struct probe_stats *s)
{
	if (s->n)
		buf_printf(b, "  %-8s %6u  min %9.3f  median %9.3f  p95 %9.3f  max %9.3f ms\n",
			name, s->n, (double)s->min / 1e3, (double)s->median / 1e3,
			(double)s->p95 / 1e3, (double)s->max / 1e3);
}

static void put_details(struct buf *b, const struct report_run *run)
{
	const struct probe_result *r = run->result;

	if (!r->success) {
		put_causes(b, run);
		buf_printf(b, "\n%s\n", report_look(run, N_("Evidence:")));
		report_put_evidence(b, run);
	}
	put_said(b, "\n", r->user, " -> ");
	put_said(b, "", r->receiver, "");
	buf_printf(b, ", proof: %s\n", proof_name(r->proof));
	for (unsigned i = 0; i < PHASE_COUNT; i++)
		put_phase(b, run, (enum probe_phase)i);
}

/* ---- the whole ---- */

static void put_notes(struct buf *b, const struct report_run *run)
{
	const struct probe_result *r = run->result;

	for (unsigned i = 0; i < r->n_notes; i++) {
		if (r->notes[i].is_cause)
			continue; /* it stands in the error message */
		put_label(b, run, N_("Warning"));
		buf_putc(b, ' ');
		text_put(b, &r->notes[i].text, run->look_up);
		buf_putc(b, '\n');
	}
}

int report_text(struct buf *b, const struct report_run *run)
{
	const struct probe_result *r = run->result;

	put_label(b, run, N_("Target Fqdn"));
	put_said(b, " ", r->target_fqdn, "\n");
	put_label(b, run, N_("Result"));
	buf_printf(b, " %s\n", report_look(run, r->success ? N_("Success") : N_("Failure")));
	put_label(b, run, N_("Latency"));
	buf_putc(b, ' ');
	report_put_timespan(b, r->latency);
	buf_putc(b, '\n');
	put_label(b, run, N_("Error Message"));
	if (!r->success) {
		buf_putc(b, ' ');
		report_put_message(b, run);
	}
	buf_putc(b, '\n');
	put_label(b, run, N_("Diagnosis"));
	if (r->success)
		buf_putc(b, '\n');
	else
		put_diagnosis(b, run);
	put_notes(b, run);
	if (r->success && r->proof != PROOF_ANSWERED) {
		put_label(b, run, N_("Proof"));
		buf_printf(b, " %s\n", proof_name(r->proof));
	}
	if (report_is_over_limit(run)) {
		put_label(b, run, N_("Limit"));
		buf_putc(b, ' ');
		report_put_limit(b, run);
		buf_putc(b, '\n');
	}
	if (run->trace) {
		put_label(b, run, N_("Trace"));
		buf_printf(b, " %s\n", run->trace);
	}
	put_stats(b, "send", &r->send);
	put_stats(b, "deliver", &r->deliver);
	put_stats(b, "answer", &r->answer);
	put_stats(b, "round", &r->round);
	if (run->verbosity)
		put_details(b, run);
	for (unsigned i = 0; i < run->n_checks; i++) {
		buf_putc(b, '\n');
		int err = report_check_text(b, &run->checks[i]);
		if (err)
			return err;
	}
	return buf_err(b);
}

/* ---- the ladder ---- */

static void put_indented(struct buf *b, struct slice text)
{
	while (text.n) {
		struct slice line = slice_split(&text, '\n');

		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		buf_puts(b, "    ");
		buf_put(b, line);
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

/* What -v adds to a text: causes, evidence, and the phases, on a terminal as bars on one time axis.
 */
#include <stdio.h>

#include "base/str.h"
#include "probe/diagnostics.h"
#include "report/private.h"

enum {
	PHASE_COLUMN = 16, /* behind its name: what is said of it */
	BAR_COLUMN = 40,
	BAR_MIN = 10, /* less room than that: no bars */
	EIGHTHS = 8,  /* of a column */
};

static void put_heading(struct sheet *p, const struct report_run *run, const char *id)
{
	sheet_end(p, 0);
	buf_puts(&p->line, report_look(run, id));
	sheet_end(p, 0);
}

static void put_clean(struct sheet *p, const char *raw)
{
	text_put_clean(&p->line, slice_str(raw));
}

/* One line of evidence. */
static void put_line(struct sheet *p, const struct report_run *run, struct text t)
{
	buf_puts(&p->line, "  ");
	report_put_text(p, run, t);
	sheet_end(p, 4);
}

static void put_causes(struct sheet *p, const struct report_run *run)
{
	const struct reason_info *info = reason_info(run->result->reason);

	put_heading(p, run, N_("Likely causes, likeliest first:"));
	for (unsigned i = 0; i < REASON_CAUSES_MAX && info->causes[i]; i++) {
		buf_printf(&p->line, "  - %s", report_look(run, info->causes[i]));
		sheet_end(p, 4);
	}
}

/* ---- evidence ---- */

static void put_validity(struct sheet *p, const struct report_run *run, const struct tls_cert *c)
{
	unsigned at = 0;

	buf_printf(&p->line, "    %s ", report_look(run, N_("valid:")));
	rfc3339_put(&p->line, c->not_before * 1000000);
	buf_puts(&p->line, " - ");
	rfc3339_put(&p->line, c->not_after * 1000000);
	for (const char *name; (name = tls_fault_name(c->faults, &at));)
		buf_printf(&p->line, " [%s]", name);
	sheet_end(p, 6);
}

static void put_certificate(
	struct sheet *p, const struct report_run *run, const struct tls_facts *tls, unsigned i)
{
	const struct tls_cert *c = &tls->certs[i];
	char names[TLS_NAMES_TEXT_MAX];

	put_line(p, run,
		TEXT(N_("certificate {1}: {2}"), text_u64((unsigned)c->depth),
			text_str(c->subject)));
	buf_puts(&p->line, "  ");
	put_line(p, run, TEXT(N_("issuer: {1}"), text_str(c->issuer)));
	if (tls_names_text(tls, c, names)[0]) {
		buf_puts(&p->line, "  ");
		put_line(p, run, TEXT(N_("names: {1}"), text_str(names)));
	}
	put_validity(p, run, c);
}

static void put_diagnostics(struct sheet *p, const struct report_run *run)
{
	const uint32_t code = run->result->evidence.diagnostics_code;
	const struct diagnostics_row *row = diagnostics_find(code);
	const char *range = diagnostics_range(code);

	if (row)
		put_line(p, run,
			TEXT(N_("ms-diagnostics {1}: {2}"), text_u64(code), text_id(row->meaning)));
	else if (range)
		put_line(p, run,
			TEXT(N_("ms-diagnostics {1}: a code that is in no list we have "
				"({2})"),
				text_u64(code), text_id(range)));
	else
		put_line(p, run,
			TEXT(N_("ms-diagnostics {1}: a code that is in no list we have"),
				text_u64(code)));
}

static void put_dns(struct sheet *p, const struct evidence *e)
{
	char text[ADDR_TEXT_MAX];

	buf_puts(&p->line, "  DNS ");
	put_clean(p, e->dns_name);
	buf_printf(&p->line, " %s: %s", dns_type_name(e->dns_type), dns_status_name(e->dns_status));
	if (e->dns_server.family)
		buf_printf(&p->line, " @%s", addr_text(&e->dns_server, text));
	sheet_end(p, 4);
}

static void put_sip(struct sheet *p, const struct evidence *e)
{
	buf_printf(&p->line, "  SIP/2.0 %d ", e->sip_status);
	put_clean(p, e->sip_reason);
	sheet_end(p, 4);
	for (unsigned i = 0; i < e->n_headers; i++) {
		buf_puts(&p->line, "  ");
		put_clean(p, e->headers[i].name);
		buf_puts(&p->line, ": ");
		put_clean(p, e->headers[i].value);
		sheet_end(p, 4);
	}
}

static void put_xmpp(struct sheet *p, const struct evidence *e)
{
	buf_puts(&p->line, "  XMPP ");
	put_clean(p, e->xmpp_condition);
	buf_putc(&p->line, ' ');
	put_clean(p, e->xmpp_text);
	sheet_end(p, 4);
}

static void put_evidence(struct sheet *p, const struct report_run *run)
{
	const struct probe_result *r = run->result;
	const struct evidence *e = &r->evidence;

	if (e->address.family)
		put_line(p, run, TEXT("{1}", text_addr(&e->address)));
	if (e->err)
		put_line(p, run,
			TEXT(N_("errno {1}: {2}"), text_u64((unsigned)e->err), text_errno(e->err)));
	if (e->has_dns)
		put_dns(p, e);
	for (unsigned i = 0; e->has_tls && i < r->tls[e->tls_side].n_certs; i++)
		put_certificate(p, run, &r->tls[e->tls_side], i);
	if (e->sip_status)
		put_sip(p, e);
	if (e->has_diagnostics)
		put_diagnostics(p, run);
	if (e->xmpp_condition[0] || e->xmpp_text[0])
		put_xmpp(p, e);
	if (e->what)
		put_line(p, run,
			TEXT(N_("{1}, at byte {2}"), text_id(e->what), text_u64(e->offset)));
}

void report_put_evidence(struct buf *b, const struct report_run *run)
{
	struct sheet p;

	sheet_init(&p, b, NULL);
	put_evidence(&p, run);
	sheet_done(&p);
}

/* Named only where there is some. */
static void put_evidence_section(struct sheet *p, const struct report_run *run)
{
	const size_t before = buf_len(p->out);

	put_heading(p, run, N_("Evidence:"));
	const size_t heading = buf_len(p->out);
	put_evidence(p, run);
	if (buf_len(p->out) == heading)
		buf_truncate(p->out, before);
}

/* ---- phases ---- */

static enum sheet_colour colour_of(enum phase_outcome o)
{
	switch (o) {
	case PHASE_OK: return SHEET_GOOD;
	case PHASE_FAILED: return SHEET_BAD;
	case PHASE_STOPPED: return SHEET_WARNING;
	case PHASE_NOT_RUN:
	case PHASE_RUNNING:
	case PHASE_SKIPPED: break;
	}
	return SHEET_DIM;
}

/* "  sip.register  ok            1.234 ms" */
static void put_figures(struct sheet *p, const char *name, const struct probe_phase_result *r)
{
	const enum sheet_colour colour = colour_of(r->outcome);

	buf_printf(&p->line, "  %-13s ", name);
	sheet_colour(p, colour);
	buf_puts(&p->line, phase_outcome_name(r->outcome));
	sheet_colour(p, SHEET_PLAIN);
	sheet_tab(p, PHASE_COLUMN + 8);
	buf_printf(&p->line, " %10.3f ms", (double)r->duration / 1e3);
}

static void put_address(struct sheet *p, const struct probe_phase_result *r)
{
	char text[ADDR_TEXT_MAX];

	if (r->address.family)
		buf_printf(&p->line, "%s %s", transport_name(r->transport),
			addr_text(&r->address, text));
}

static void put_detail(struct sheet *p, const struct report_run *run, const struct text *detail)
{
	sheet_tab(p, PHASE_COLUMN);
	text_put(&p->line, detail, run->look_up);
	sheet_end(p, PHASE_COLUMN);
}

/* In a file, and on a terminal without room for bars: one line of figures, one of detail. */
static void put_plain_phase(struct sheet *p, const struct report_run *run, const char *name,
	const struct probe_phase_result *r)
{
	put_figures(p, name, r);
	buf_printf(
		&p->line, "  %s %8.3f ms  ", report_look(run, N_("at")), (double)r->started / 1e3);
	put_address(p, r);
	sheet_end(p, PHASE_COLUMN);
	if (r->detail.id)
		put_detail(p, run, &r->detail);
}

/* What all phases together take: the length of the axis. */
static ts_t axis(const struct probe_result *r)
{
	ts_t end = 1;

	for (unsigned i = 0; i < PHASE_COUNT; i++)
		if (r->phases[i].outcome != PHASE_NOT_RUN &&
			r->phases[i].started + r->phases[i].duration > end)
			end = r->phases[i].started + r->phases[i].duration;
	return end;
}

/* A phase that takes no column has a mark nevertheless.  Unicode has blocks of an eighth of a
 * column, which begin at its left. */
static void put_bar(struct sheet *p, const struct probe_phase_result *r, ts_t total, unsigned width)
{
	const uint64_t eighths = (uint64_t)width * EIGHTHS;
	const uint64_t from = r->started * eighths / total / EIGHTHS * EIGHTHS;
	const uint64_t first = from < eighths ? from : eighths - EIGHTHS;
	uint64_t n = (r->started + r->duration) * eighths / total - first;

	n = n ? n : 1;
	sheet_tab(p, BAR_COLUMN + (unsigned)(first / EIGHTHS));
	sheet_colour(p, colour_of(r->outcome));
	for (; n >= EIGHTHS; n -= EIGHTHS)
		buf_puts(&p->line, p->style.unicode ? "\xe2\x96\x88" : "#"); /* U+2588 */
	if (n && p->style.unicode)
		buf_put(&p->line,
			slice_of((const uint8_t[]){ 0xe2, 0x96, (uint8_t)(0x90 - n) }, 3));
	else if (n)
		buf_putc(&p->line, '#');
	sheet_colour(p, SHEET_PLAIN);
}

static void put_drawn_phase(struct sheet *p, const struct report_run *run, const char *name,
	const struct probe_phase_result *r, unsigned width)
{
	put_figures(p, name, r);
	put_bar(p, r, axis(run->result), width);
	sheet_end(p, 0);
	if (!r->address.family && !r->detail.id)
		return;
	sheet_tab(p, PHASE_COLUMN);
	put_address(p, r);
	if (r->address.family && r->detail.id)
		buf_puts(&p->line, "  ");
	if (r->detail.id)
		text_put(&p->line, &r->detail, run->look_up);
	sheet_end(p, PHASE_COLUMN);
}

/* 0 at its left end, the time of the last phase's end at its right. */
static void put_axis(struct sheet *p, const struct report_run *run, unsigned width)
{
	char end[32];
	const int n = snprintf(end, sizeof(end), "%.3f ms", (double)axis(run->result) / 1e3);

	sheet_colour(p, SHEET_DIM);
	sheet_tab(p, BAR_COLUMN);
	buf_putc(&p->line, '0');
	sheet_tab(p, BAR_COLUMN + width - (unsigned)n);
	buf_puts(&p->line, end);
	sheet_colour(p, SHEET_PLAIN);
	sheet_end(p, 0);
}

static void put_phases(struct sheet *p, const struct report_run *run)
{
	const bool drawn = p->style.width >= BAR_COLUMN + BAR_MIN;
	const unsigned width = drawn ? p->style.width - BAR_COLUMN : 0;

	if (drawn)
		put_axis(p, run, width);
	for (unsigned i = 0; i < PHASE_COUNT; i++) {
		const struct probe_phase_result *r = &run->result->phases[i];

		if (r->outcome == PHASE_NOT_RUN)
			continue;
		if (drawn)
			put_drawn_phase(p, run, phase_name((enum probe_phase)i), r, width);
		else
			put_plain_phase(p, run, phase_name((enum probe_phase)i), r);
	}
}

void report_put_details(struct sheet *p, const struct report_run *run)
{
	const struct probe_result *r = run->result;

	if (!r->success) {
		put_causes(p, run);
		put_evidence_section(p, run);
	}
	sheet_end(p, 0);
	report_put_text(p, run,
		TEXT(N_("{1} -> {2}, proof: {3}"), text_str(probe_writer(r)),
			text_str(probe_reader(r)), text_str(proof_name(r->proof))));
	sheet_end(p, 2);
	put_phases(p, run);
}

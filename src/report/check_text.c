/* A sweep for people: head, table, findings. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "report/check_private.h"

enum {
	DETAIL = 12, /* where the lines below a row begin */
	CELL_MAX = 128,
};

/* ---- lines ---- */

static void put_look(struct sheet *p, const struct report_check *check, const char *id)
{
	buf_puts(&p->line, report_check_look(check, id));
}

static void put_text(struct sheet *p, const struct report_check *check, struct text t)
{
	text_put(&p->line, &t, check->look_up);
}

/* What was written into the line is one below a row, unless it is empty. */
static void end_detail(struct sheet *p)
{
	if (sheet_column(p) > DETAIL)
		sheet_end(p, DETAIL);
	else
		buf_clear(&p->line);
}

/* ---- labels ---- */

enum label {
	LABEL_POOL,
	LABEL_PARTNER,
	LABEL_RESULT,
	LABEL_WARNINGS,
	LABEL_NOTE,
	LABEL_WARNING,
	LABEL_FAILURE,
};

static const char *const labels[] = {
	[LABEL_POOL] = N_("Pool"),
	[LABEL_PARTNER] = N_("Partner"),
	[LABEL_RESULT] = N_("Result"),
	[LABEL_WARNINGS] = N_("Warnings"),
	[LABEL_NOTE] = N_("Note"),
	[LABEL_WARNING] = N_("Warning"),
	[LABEL_FAILURE] = N_("Failure"),
};

static unsigned label_column(const struct report_check *check)
{
	return report_label_column(labels, COUNT(labels), check->look_up);
}

/* "Label         : " */
static void put_label(struct sheet *p, const struct report_check *check, enum label label)
{
	put_look(p, check, labels[label]);
	sheet_tab(p, label_column(check));
	buf_puts(&p->line, ": ");
}

static void end_labelled(struct sheet *p, const struct report_check *check)
{
	sheet_end(p, label_column(check) + 2);
}

/* ---- the head ---- */

/* As in a test's report: a sign where there can be colour. */
static void put_verdict(struct sheet *p, const struct report_check *check, bool success)
{
	put_label(p, check, LABEL_RESULT);
	sheet_colour(p, success ? SHEET_GOOD : SHEET_BAD);
	report_put_sign(p, success);
	put_look(p, check, success ? N_("Success") : N_("Failure"));
	sheet_colour(p, SHEET_PLAIN);
	if (check->result->interrupted)
		buf_printf(&p->line, " (%s)", report_check_look(check, N_("interrupted")));
	end_labelled(p, check);
}

static void put_head(struct sheet *p, const struct report_check *check)
{
	const struct sweep_result *r = check->result;
	const int status = sweep_exit_status(r, check->strict);
	const struct text_arg warnings = text_u64(r->n_of[SWEEP_WARNING]);

	put_label(p, check, r->side == SWEEP_POOL ? LABEL_POOL : LABEL_PARTNER);
	text_put_clean(&p->line, slice_str(r->name));
	end_labelled(p, check);
	put_verdict(p, check, status == 0);
	if (r->n_of[SWEEP_WARNING] == 0)
		return;
	put_label(p, check, LABEL_WARNINGS);
	put_text(p, check,
		check->strict || status
			? TEXT("{1}", warnings)
			: TEXT(N_("{1}; the exit status is 0, with --strict it would be 1"),
				  warnings));
	end_labelled(p, check);
}

/* ---- the table ---- */

/* mark, priority and weight, address, transport, result, milliseconds, version of TLS, days left */
static const unsigned widths[] = { 1, 9, 21, 3, 26, 6, 3, 4 };
enum { CELLS = sizeof(widths) / sizeof(widths[0]) };

/* A cell that is too long for its column pushes the rest to the next line. */
static void put_cells(struct sheet *p, char cells[CELLS][CELL_MAX])
{
	unsigned column = 0;

	for (unsigned i = 0; i < CELLS; i++) {
		const unsigned n = sheet_width(slice_str(cells[i]));
		const bool is_number = i >= 5; /* to the right */

		if (n && sheet_column(p) > column)
			sheet_end(p, column);
		if (n) {
			sheet_tab(p, column + (is_number && n < widths[i] ? widths[i] - n : 0));
			buf_puts(&p->line, cells[i]);
		}
		column += widths[i] + 1;
	}
	sheet_end(p, 0);
}

static void put_cell(char cell[CELL_MAX], struct buf *from)
{
	slice_cstr(slice_cut(buf_slice(from), 0, CELL_MAX - 1), cell, CELL_MAX);
	buf_clear(from);
}

static void put_heading(struct sheet *p, const struct report_check *check)
{
	static const char *const names[CELLS] = { "", N_("PRIO/WGT"), N_("ADDRESS"), N_("VIA"),
		N_("RESULT"), N_("MS"), N_("TLS"), N_("DAYS") };
	char cells[CELLS][CELL_MAX] = { { 0 } };

	for (unsigned i = 1; i < CELLS; i++)
		slice_cstr(slice_str(report_check_look(check, names[i])), cells[i], CELL_MAX);
	put_cells(p, cells);
}

static void put_duration(struct buf *b, const struct sweep_row *row)
{
	enum { WHOLE_MS = 1000 };
	double ms = 0;

	for (unsigned i = 0; i < SWEEP_STEPS; i++)
		ms += (double)row->took[i] / 1e3;
	if (row->outcome == SWEEP_NOT_TRIED || row->reached == SWEEP_RESOLVE)
		return;
	buf_printf(b, ms < WHOLE_MS ? "%.1f" : "%.0f", ms);
}

static void put_result(struct buf *b, const struct report_check *check, const struct sweep_row *row)
{
	switch (row->outcome) {
	case SWEEP_OK:
		buf_puts(b, report_check_look(check, N_("ok")));
		if (row->sip_status)
			buf_printf(b, " %d", row->sip_status);
		break;
	case SWEEP_FAILED:
		buf_puts(b, row->n_faults ? reason_id(row->faults[0].reason) : "-");
		break;
	case SWEEP_NOT_TRIED:
	case SWEEP_TRYING: buf_puts(b, report_check_look(check, N_("not tried"))); break;
	}
}

static void put_row_cells(
	struct sheet *p, const struct report_check *check, const struct sweep_row *row)
{
	static const char prefix[] = "TLSv";
	const bool has_srv = row->source == TARGETS_SRV || row->source == TARGETS_NAPTR;
	const struct slice version = slice_str(row->tls.version);
	char cells[CELLS][CELL_MAX] = { { 0 } };
	struct buf cell;

	buf_init(&cell, 4 * CELL_MAX);
	buf_puts(&cell, row->used ? ">" : "");
	put_cell(cells[0], &cell);
	if (has_srv)
		buf_printf(&cell, "%u/%u", row->priority, row->weight);
	put_cell(cells[1], &cell);
	if (row->addr.family)
		addr_put(&cell, &row->addr);
	else
		buf_puts(&cell, report_check_look(check, N_("no address")));
	put_cell(cells[2], &cell);
	buf_puts(&cell, transport_name(row->transport));
	put_cell(cells[3], &cell);
	put_result(&cell, check, row);
	put_cell(cells[4], &cell);
	put_duration(&cell, row);
	put_cell(cells[5], &cell);
	text_put_clean(&cell, slice_starts(version, SLICE("TLSv"))
				      ? slice_skip(version, sizeof(prefix) - 1)
				      : version);
	put_cell(cells[6], &cell);
	if (row->has_days)
		buf_printf(&cell, "%d", row->days_left);
	put_cell(cells[7], &cell);
	buf_done(&cell);
	put_cells(p, cells);
}

/* ---- below a row ---- */

static void put_names(
	struct buf *b, const char *what, const struct feature_names *names, const char **between)
{
	if (names->n == 0)
		return;
	buf_printf(b, "%s%s:", *between, what);
	for (unsigned i = 0; i < names->n; i++)
		buf_printf(b, " %s", names->v[i]);
	if (names->left_out)
		buf_printf(b, " (+%u)", names->left_out);
	*between = "; ";
}

/* Names are the field's, in every language. */
static void put_features(struct buf *b, const struct feature_list *l)
{
	const struct {
		bool has;
		const char *name;
	} flags[] = {
		{ l->starttls && !l->starttls_required, "STARTTLS optional" },
		{ l->bind2, "Bind 2" },
		{ l->stream_management, "stream management" },
		{ l->dialback, l->dialback_errors ? "dialback with errors" : "dialback" },
	};
	const char *between = "";

	put_names(b, "SASL", &l->mechanisms, &between);
	put_names(b, "SASL2", &l->sasl2, &between);
	put_names(b, "channel binding", &l->bindings, &between);
	for (size_t i = 0; i < COUNT(flags); i++) {
		if (!flags[i].has)
			continue;
		buf_printf(b, "%s%s", between, flags[i].name);
		between = "; ";
	}
}

static void put_chain(
	struct sheet *p, const struct report_check *check, const struct tls_facts *tls)
{
	static const char *const with_names =
		N_("certificate {1}: {2}; issuer {3}; valid {4} - {5}; names {6}");
	static const char *const without = N_("certificate {1}: {2}; issuer {3}; valid {4} - {5}");

	for (unsigned i = 0; i < tls->n_certs; i++) {
		const struct tls_cert *c = &tls->certs[i];
		char names[TLS_NAMES_TEXT_MAX];
		unsigned at = 0;

		tls_names_text(tls, c, names);
		sheet_tab(p, DETAIL);
		put_text(p, check,
			TEXT(names[0] ? with_names : without, text_u64((unsigned)c->depth),
				text_str(c->subject), text_str(c->issuer), text_date(c->not_before),
				text_date(c->not_after), text_str(names)));
		for (const char *name; (name = tls_fault_name(c->faults, &at));)
			buf_printf(&p->line, " [%s]", name);
		end_detail(p);
	}
}

static void put_details(
	struct sheet *p, const struct report_check *check, const struct sweep_row *row)
{
	struct buf why;

	if (row->used) {
		buf_init(&why, 4096);
		report_check_put_why(&why, row, check->look_up);
		sheet_tab(p, DETAIL);
		put_text(p, check, TEXT(N_("would be used: {1}"), text_slice(buf_slice(&why))));
		end_detail(p);
		buf_done(&why);
	}
	sheet_tab(p, DETAIL);
	if (row->sip_server[0]) {
		buf_puts(&p->line, "Server: ");
		text_put_clean(&p->line, slice_str(row->sip_server));
	}
	end_detail(p);
	sheet_tab(p, DETAIL);
	put_features(&p->line, &row->features);
	end_detail(p);
	if (check->verbosity)
		put_chain(p, check, &row->tls);
}

/* ---- rows by their host ---- */

static const char *const titles[] = {
	[SWEEP_SIPS_TCP] = N_("SIP over TLS"),
	[SWEEP_SIP_TCP] = N_("SIP over TCP"),
	[SWEEP_SIP_UDP] = N_("SIP over UDP"),
	[SWEEP_SIP_FEDERATION] = N_("SIP federation, for information"),
	[SWEEP_XMPPS_CLIENT] = N_("XMPP clients, direct TLS"),
	[SWEEP_XMPP_CLIENT] = N_("XMPP clients"),
	[SWEEP_XMPPS_SERVER] = N_("XMPP servers, direct TLS"),
	[SWEEP_XMPP_SERVER] = N_("XMPP servers"),
};
_Static_assert(COUNT(titles) == SWEEP_KINDS, "one title a kind");

static bool same_host(const struct sweep_row *a, const struct sweep_row *b)
{
	return a->kind == b->kind && a->plan == b->plan && a->priority == b->priority &&
	       a->weight == b->weight && strcmp(a->host, b->host) == 0 &&
	       strcmp(a->service, b->service) == 0;
}

static struct text where_from(const struct sweep_row *row)
{
	const struct text_arg title = text_id(titles[row->kind]), host = text_str(row->host),
			      service = text_str(row->service);

	switch (row->source) {
	case TARGETS_GIVEN: return TEXT(N_("{1}: {2}, named by hand"), title, host);
	case TARGETS_FALLBACK: return TEXT(N_("{1}: {2} itself"), title, host);
	case TARGETS_NAPTR:
		return TEXT(N_("{1}: NAPTR {4} -> {2} -> {3}"), title, service, host,
			text_u64(row->order));
	case TARGETS_SRV: break;
	}
	return TEXT("{1}: {2} -> {3}", title, service, host);
}

static void put_host(struct sheet *p, const struct report_check *check, const struct sweep_row *row)
{
	put_text(p, check, where_from(row));
	if (row->plan == SWEEP_PLAN_NONE && row->kind != SWEEP_SIP_FEDERATION)
		buf_printf(&p->line, " (%s)", report_check_look(check, N_("not on a test's way")));
	sheet_end(p, 0);
}

static void put_table(struct sheet *p, const struct report_check *check)
{
	const struct sweep_result *r = check->result;

	if (r->n_rows == 0)
		return;
	sheet_end(p, 0);
	put_heading(p, check);
	for (unsigned i = 0; i < r->n_rows; i++) {
		const struct sweep_row *row = &r->rows[i];

		if (i == 0 || !same_host(row, row - 1))
			put_host(p, check, row);
		put_row_cells(p, check, row);
		put_details(p, check, row);
	}
}

/* ---- findings ---- */

/* Steps are told with the first of those that would be mended in the same way. */
static bool is_first(const struct sweep_result *r, unsigned at)
{
	for (unsigned i = 0; i < at; i++)
		if (r->findings[i].fault &&
			r->findings[i].fault->reason == r->findings[at].fault->reason)
			return false;
	return true;
}

static void put_reason(
	struct sheet *p, const struct report_check *check, const struct report_run *run)
{
	const struct reason_info *info = reason_info(run->result->reason);
	const unsigned column = label_column(check) + 2;

	sheet_tab(p, column);
	put_look(p, check, info->meaning);
	sheet_end(p, column);
	for (unsigned i = 0; check->verbosity && i < REASON_CAUSES_MAX && info->causes[i]; i++) {
		sheet_tab(p, column);
		buf_printf(&p->line, "- %s", report_check_look(check, info->causes[i]));
		sheet_end(p, column + 2);
	}
	report_put_steps(p, run, column);
}

static void put_message(
	struct sheet *p, const struct report_check *check, const struct sweep_finding *f)
{
	put_text(p, check, f->fault ? f->fault->message : f->message);
	if (f->more) {
		buf_putc(&p->line, ' ');
		put_text(p, check, TEXT(N_("The same of {1} more names."), text_u64(f->more)));
	}
	buf_puts(&p->line, " [");
	if (f->fault)
		put_text(p, check,
			TEXT(N_("{1} in {2}"), text_str(reason_id(f->fault->reason)),
				text_str(sweep_step_name(f->fault->step))));
	else
		buf_puts(&p->line, sweep_remark_id(f->remark));
	buf_putc(&p->line, ']');
}

static void put_finding(
	struct sheet *p, const struct report_check *check, const struct sweep_finding *f)
{
	static const struct {
		enum label label;
		enum sheet_colour colour;
	} looks[] = {
		[SWEEP_NOTE] = { LABEL_NOTE, SHEET_PLAIN },
		[SWEEP_WARNING] = { LABEL_WARNING, SHEET_WARNING },
		[SWEEP_FAILURE] = { LABEL_FAILURE, SHEET_BAD },
	};

	sheet_colour(p, looks[f->severity].colour);
	put_label(p, check, looks[f->severity].label);
	sheet_colour(p, SHEET_PLAIN);
	put_message(p, check, f);
	end_labelled(p, check);
}

static int put_findings(struct sheet *p, const struct report_check *check)
{
	const struct sweep_result *r = check->result;
	struct report_fault fault;
	int err = report_fault_init(&fault, check);

	if (err)
		return err;
	if (r->n_findings)
		sheet_end(p, 0);
	for (unsigned i = 0; i < r->n_findings; i++) {
		const struct sweep_finding *f = &r->findings[i];

		put_finding(p, check, f);
		if (f->fault && f->severity > SWEEP_NOTE && is_first(r, i))
			put_reason(p, check, report_fault_run(&fault, f->fault, f->row));
	}
	report_fault_done(&fault);
	return 0;
}

/* ---- -v ---- */

static void put_question(struct sheet *p, const struct question *q)
{
	char text[ADDR_TEXT_MAX];

	buf_puts(&p->line, "  ");
	text_put_clean(&p->line, slice_str(q->name));
	buf_printf(&p->line, " %s: %s", dns_type_name(q->type), dns_status_name(q->status));
	if (q->n_records)
		buf_printf(&p->line, ", %u/%u", q->n_usable, q->n_records);
	for (unsigned i = 0; i < q->n_addresses; i++) {
		buf_putc(&p->line, ' ');
		addr_put_ip(&p->line, &q->addresses[i]);
	}
	if (q->says_no)
		buf_puts(&p->line, " \".\"");
	if (q->server.family)
		buf_printf(&p->line, " @%s", addr_text(&q->server, text));
	sheet_end(p, 4);
}

static void put_questions(struct sheet *p, const struct report_check *check)
{
	const struct sweep_result *r = check->result;

	sheet_end(p, 0);
	put_look(p, check, N_("What the DNS said (records that can be used, of all):"));
	sheet_end(p, 0);
	for (unsigned i = 0; i < r->n_questions; i++)
		put_question(p, &r->questions[i]);
}

int report_check_text(struct buf *b, const struct report_check *check)
{
	struct sheet p;

	sheet_init(&p, b, &check->style);
	put_head(&p, check);
	put_table(&p, check);
	int err = put_findings(&p, check);
	if (check->verbosity && check->result->n_questions)
		put_questions(&p, check);
	sheet_done(&p);
	return err ? err : buf_err(b);
}

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "probe/report_check_private.h"

enum {
	WIDTH = 80,
	LABEL = 14,  /* as in a test's report */
	DETAIL = 12, /* where the lines below a row begin */
	CELL_MAX = 128,
};

/* ---- lines ---- */

/* Columns, as far as code points are columns. */
static unsigned columns(struct slice text)
{
	return (unsigned)utf8_count(text);
}

/* Words go on in a new line at `indent` where they do not fit; a word that fits in no line is cut.
 * `at` is where the line is now; the line is left open. */
static unsigned put_words(struct buf *b, unsigned indent, unsigned at, struct slice text)
{
	while (text.n) {
		struct slice word = slice_split(&text, ' ');
		const unsigned n = columns(word);
		const bool first = at == indent;

		if (!first && at + 1 + n > WIDTH) {
			buf_printf(b, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			buf_putc(b, ' ');
			at++;
		}
		for (; word.n; at++) {
			size_t bytes = 1;

			while (bytes < word.n && (word.p[bytes] & 0xc0) == 0x80)
				bytes++;
			if (at == WIDTH) {
				buf_printf(b, "\n%*s", (int)indent, "");
				at = indent;
			}
			buf_put(b, slice_cut(word, 0, bytes));
			word = slice_skip(word, bytes);
		}
	}
	return at;
}

static void put_line(struct buf *b, unsigned indent, struct slice text)
{
	buf_printf(b, "%*s", (int)indent, "");
	put_words(b, indent, indent, text);
	buf_putc(b, '\n');
}

/* "Label         : " */
static void put_label(struct buf *b, const struct report_check *check, const char *label)
{
	const char *s = report_check_look(check, label);
	const unsigned n = columns(slice_str(s));

	buf_printf(b, "%s%*s: ", s, n < LABEL ? (int)(LABEL - n) : 0, "");
}

/* ---- the head ---- */

static void put_head(struct buf *b, const struct report_check *check)
{
	const struct sweep_result *r = check->result;
	const int status = sweep_exit_status(r, check->strict);

	put_label(b, check, r->side == SWEEP_POOL ? N_("Pool") : N_("Partner"));
	text_put_clean(b, slice_str(r->name));
	buf_putc(b, '\n');
	put_label(b, check, N_("Result"));
	buf_puts(b, report_check_look(check, status ? N_("Failure") : N_("Success")));
	if (r->interrupted)
		buf_printf(b, " (%s)", report_check_look(check, N_("interrupted")));
	buf_putc(b, '\n');
	if (r->n_of[SWEEP_WARNING] == 0)
		return;
	const struct text warnings =
		check->strict || status
			? TEXT("{1}", text_u64(r->n_of[SWEEP_WARNING]))
			: TEXT(N_("{1}; the exit status is 0, with --strict it would be 1"),
				  text_u64(r->n_of[SWEEP_WARNING]));
	put_label(b, check, N_("Warnings"));
	text_put(b, &warnings, check->look_up);
	buf_putc(b, '\n');
}

/* ---- the table ---- */

/* mark, priority and weight, address, transport, result, milliseconds, version of TLS, days left */
static const unsigned widths[] = { 1, 9, 21, 3, 26, 6, 3, 4 };
enum { CELLS = sizeof(widths) / sizeof(widths[0]) };

/* A cell that is too long for its column pushes the rest to the next line. */
static void put_cells(struct buf *b, char cells[CELLS][CELL_MAX])
{
	unsigned at = 0, column = 0, last = 0;

	for (unsigned i = 0; i < CELLS; i++)
		last = cells[i][0] ? i : last;
	for (unsigned i = 0; i <= last; i++) {
		const unsigned n = columns(slice_str(cells[i]));
		const bool is_number = i >= 5; /* to the right */

		if (at > column) {
			buf_putc(b, '\n');
			at = 0;
		}
		const unsigned pad = is_number && n < widths[i] ? widths[i] - n : 0;
		if (n) {
			buf_printf(b, "%*s%s", (int)(column - at + pad), "", cells[i]);
			at = column + pad + n;
		}
		column += widths[i] + 1;
	}
	buf_putc(b, '\n');
}

static void put_cell(char cell[CELL_MAX], struct buf *from)
{
	slice_cstr(slice_cut(buf_slice(from), 0, CELL_MAX - 1), cell, CELL_MAX);
	buf_clear(from);
}

static void put_heading(struct buf *b, const struct report_check *check)
{
	static const char *const names[CELLS] = { "", N_("PRIO/WGT"), N_("ADDRESS"), N_("VIA"),
		N_("RESULT"), N_("MS"), N_("TLS"), N_("DAYS") };
	char cells[CELLS][CELL_MAX] = { { 0 } };

	for (unsigned i = 1; i < CELLS; i++)
		slice_cstr(slice_str(report_check_look(check, names[i])), cells[i], CELL_MAX);
	put_cells(b, cells);
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
	struct buf *b, const struct report_check *check, const struct sweep_row *row)
{
	static const char prefix[] = "TLSv";
	const bool has_srv = row->source == SWEEP_SRV || row->source == SWEEP_NAPTR;
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
	put_cells(b, cells);
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

/* `put` wrote into the line: it is one, unless it is empty. */
static void end_detail(struct buf *b, struct buf *line)
{
	if (buf_len(line))
		put_line(b, DETAIL, buf_slice(line));
	buf_clear(line);
}

static void put_chain(struct buf *b, const struct report_check *check, struct buf *line,
	const struct tls_facts *tls)
{
	static const char *const with_names =
		N_("certificate {1}: {2}; issuer {3}; valid {4} - {5}; names {6}");
	static const char *const without = N_("certificate {1}: {2}; issuer {3}; valid {4} - {5}");

	for (unsigned i = 0; i < tls->n_certs; i++) {
		const struct tls_cert *c = &tls->certs[i];
		const struct text t = TEXT(c->names[0] ? with_names : without,
			text_u64((unsigned)c->depth), text_str(c->subject), text_str(c->issuer),
			text_date(c->not_before), text_date(c->not_after), text_str(c->names));
		unsigned at = 0;

		text_put(line, &t, check->look_up);
		for (const char *name; (name = report_fault_name(c->faults, &at));)
			buf_printf(line, " [%s]", name);
		end_detail(b, line);
	}
}

static void put_details(
	struct buf *b, const struct report_check *check, const struct sweep_row *row)
{
	struct buf line;

	buf_init(&line, 16384);
	if (row->used) {
		buf_printf(&line, "%s: ", report_check_look(check, N_("would be used")));
		report_check_put_why(&line, row, check->look_up);
	}
	end_detail(b, &line);
	if (row->sip_server[0])
		buf_printf(&line, "Server: %s", row->sip_server);
	end_detail(b, &line);
	put_features(&line, &row->features);
	end_detail(b, &line);
	if (check->verbosity)
		put_chain(b, check, &line, &row->tls);
	buf_done(&line);
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
	case SWEEP_GIVEN: return TEXT(N_("{1}: {2}, named by hand"), title, host);
	case SWEEP_FALLBACK: return TEXT(N_("{1}: {2} itself"), title, host);
	case SWEEP_NAPTR:
		return TEXT(N_("{1}: NAPTR {4} -> {2} -> {3}"), title, service, host,
			text_u64(row->order));
	case SWEEP_SRV: break;
	}
	return TEXT("{1}: {2} -> {3}", title, service, host);
}

static void put_host(struct buf *b, const struct report_check *check, const struct sweep_row *row)
{
	const struct text from = where_from(row);
	struct buf line;

	buf_init(&line, 8192);
	text_put(&line, &from, check->look_up);
	if (row->plan == SWEEP_PLAN_NONE && row->kind != SWEEP_SIP_FEDERATION)
		buf_printf(&line, " (%s)", report_check_look(check, N_("not on a test's way")));
	put_line(b, 0, buf_slice(&line));
	buf_done(&line);
}

static void put_table(struct buf *b, const struct report_check *check)
{
	const struct sweep_result *r = check->result;

	if (r->n_rows == 0)
		return;
	buf_putc(b, '\n');
	put_heading(b, check);
	for (unsigned i = 0; i < r->n_rows; i++) {
		const struct sweep_row *row = &r->rows[i];

		if (i == 0 || !same_host(row, row - 1))
			put_host(b, check, row);
		put_row_cells(b, check, row);
		put_details(b, check, row);
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
	struct buf *b, const struct report_check *check, const struct report_run *run)
{
	const struct reason_info *info = reason_info(run->result->reason);

	put_line(b, LABEL + 2, slice_str(report_check_look(check, info->meaning)));
	for (unsigned i = 0; check->verbosity && i < REASON_CAUSES_MAX && info->causes[i]; i++) {
		buf_printf(b, "%*s- ", LABEL + 2, "");
		put_words(b, LABEL + 4, LABEL + 4,
			slice_str(report_check_look(check, info->causes[i])));
		buf_putc(b, '\n');
	}
	/* A command is one line, to be copied. */
	for (unsigned i = 0; i < REASON_STEPS_MAX && info->next[i].what; i++) {
		buf_printf(b, "%*s%u. ", LABEL + 2, "", i + 1);
		report_put_step(b, run, &info->next[i]);
		buf_putc(b, '\n');
	}
}

static void put_message(
	struct buf *line, const struct report_check *check, const struct sweep_finding *f)
{
	text_put(line, f->fault ? &f->fault->message : &f->message, check->look_up);
	if (f->more) {
		const struct text more = TEXT(N_("The same of {1} more names."), text_u64(f->more));

		buf_putc(line, ' ');
		text_put(line, &more, check->look_up);
	}
	if (f->fault)
		buf_printf(line, " [%s in %s]", reason_id(f->fault->reason),
			sweep_step_name(f->fault->step));
	else
		buf_printf(line, " [%s]", sweep_remark_id(f->remark));
}

static int put_findings(struct buf *b, const struct report_check *check)
{
	static const char *const labels[] = { [SWEEP_NOTE] = N_("Note"),
		[SWEEP_WARNING] = N_("Warning"),
		[SWEEP_FAILURE] = N_("Failure") };
	const struct sweep_result *r = check->result;
	struct report_fault fault;
	struct buf line;
	int err = report_fault_init(&fault, check);

	if (err)
		return err;
	buf_init(&line, 16384);
	if (r->n_findings)
		buf_putc(b, '\n');
	for (unsigned i = 0; i < r->n_findings; i++) {
		const struct sweep_finding *f = &r->findings[i];

		put_label(b, check, labels[f->severity]);
		put_message(&line, check, f);
		put_words(b, LABEL + 2, LABEL + 2, buf_slice(&line));
		buf_putc(b, '\n');
		buf_clear(&line);
		if (f->fault && f->severity > SWEEP_NOTE && is_first(r, i))
			put_reason(b, check, report_fault_run(&fault, f->fault, f->row));
	}
	buf_done(&line);
	report_fault_done(&fault);
	return 0;
}

/* ---- -v ---- */

static void put_question(struct buf *b, const struct sweep_question *q)
{
	char text[ADDR_TEXT_MAX];
	struct buf line;

	buf_init(&line, 4096);
	text_put_clean(&line, slice_str(q->name));
	buf_printf(&line, " %s: %s", dns_type_name(q->type), dns_status_name(q->status));
	if (q->n_records)
		buf_printf(&line, ", %u/%u", q->n_usable, q->n_records);
	for (unsigned i = 0; i < q->n_addresses; i++) {
		buf_putc(&line, ' ');
		addr_put_ip(&line, &q->addresses[i]);
	}
	if (q->says_no)
		buf_puts(&line, " \".\"");
	if (q->server.family)
		buf_printf(&line, " @%s", addr_text(&q->server, text));
	put_line(b, 2, buf_slice(&line));
	buf_done(&line);
}

static void put_questions(struct buf *b, const struct report_check *check)
{
	const struct sweep_result *r = check->result;

	buf_printf(b, "\n%s\n",
		report_check_look(
			check, N_("What the DNS said (records that can be used, of all):")));
	for (unsigned i = 0; i < r->n_questions; i++)
		put_question(b, &r->questions[i]);
}

int report_check_text(struct buf *b, const struct report_check *check)
{
	put_head(b, check);
	put_table(b, check);
	int err = put_findings(b, check);
	if (check->verbosity && check->result->n_questions)
		put_questions(b, check);
	return err ? err : buf_err(b);
}

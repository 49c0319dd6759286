/* One page that needs nothing else: no script, no font, no image, nothing from a network, and a
 * policy that allows nothing but its own style.  Every message is a <details>: a click or a key
 * opens it. */
#include <openssl/evp.h>

#include "base/mem.h"
#include "base/str.h"
#include "report/trace_html_private.h"

/* ---- the head ---- */

static void put_style_hash(struct buf *b)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	struct slice style = slice_str(trace_style);

	if (EVP_Digest(style.p, style.n, hash, &n, EVP_sha256(), NULL) == 1)
		base64_put(b, slice_of(hash, n));
}

static void put_title(const struct page *p)
{
	const struct probe_result *r = p->run->result;

	page_look(p, r->success ? N_("Success") : N_("Failure"));
	if (!r->success) {
		buf_puts(p->b, ": ");
		page_where(p);
	}
	buf_puts(p->b, " - ");
	page_str(p->b, r->target_fqdn);
}

static void put_head(const struct page *p)
{
	struct buf *b = p->b;

	/* The name of the language the page is in: a translation gives its own. */
	buf_printf(b, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n",
		report_look(p->run, N_("en")));
	buf_puts(b, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		    "style-src 'sha256-");
	put_style_hash(b);
	buf_puts(b, "'; base-uri 'none'; form-action 'none'\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		    "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
	put_title(p);
	buf_printf(b, "</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n", trace_style);
}

/* ---- the verdict ---- */

static void put_mark(struct buf *b, bool success)
{
	buf_printf(b,
		"<svg width=\"28\" height=\"28\" viewBox=\"0 0 28 28\" aria-hidden=\"true\" "
		"fill=\"none\" stroke=\"currentColor\" stroke-width=\"3\"><circle cx=\"14\" "
		"cy=\"14\" r=\"12\"/><path d=\"%s\"/></svg>",
		success ? "M8 14.5l4 4 8-9" : "M9 9l10 10M19 9l-10 10");
}

static void begin_fact(const struct page *p, const char *label)
{
	buf_puts(p->b, "<div><dt>");
	page_look(p, label);
	buf_puts(p->b, "</dt><dd>");
}

static void put_fact(const struct page *p, const char *label, const char *value)
{
	begin_fact(p, label);
	page_str(p->b, value);
	buf_puts(p->b, "</dd></div>\n");
}

/* Who gets the page by mail asks for these first. */
static void put_origin(const struct page *p)
{
	if (p->run->version)
		put_fact(p, N_("Version"), p->run->version);
	if (p->run->host)
		put_fact(p, N_("Machine"), p->run->host);
	if (p->run->command)
		put_fact(p, N_("Command"), p->run->command);
}

static void put_facts(const struct page *p)
{
	const struct probe_result *r = p->run->result;

	buf_puts(p->b, "<dl>\n");
	put_fact(p, N_("Target Fqdn"), r->target_fqdn);
	put_fact(p, N_("From"), r->user);
	put_fact(p, N_("To"), r->receiver);
	begin_fact(p, N_("Latency"));
	report_put_timespan(p->b, r->latency);
	buf_puts(p->b, "</dd></div>\n");
	put_fact(p, N_("Proof"), proof_name(r->proof));
	begin_fact(p, N_("Started"));
	rfc3339_put(p->b, p->run->started_at_us);
	buf_puts(p->b, "</dd></div>\n");
	put_origin(p);
	buf_puts(p->b, "</dl>\n");
}

static void put_limit(const struct page *p)
{
	struct buf said;

	if (!report_is_over_limit(p->run))
		return;
	buf_init(&said, 4096);
	report_put_limit(&said, p->run);
	buf_puts(p->b, "<p class=\"said\">");
	page_text(p->b, buf_slice(&said));
	buf_puts(p->b, "</p>\n");
	trace_part_done(&said, p->b);
}

static void put_verdict(const struct page *p)
{
	const struct probe_result *r = p->run->result;

	buf_printf(p->b, "<header class=\"verdict %s\">\n<p class=\"kind\">stox test</p>\n<h1>",
		r->success ? "good" : "bad");
	put_mark(p->b, r->success);
	page_look(p, r->success ? N_("Success") : N_("Failure"));
	buf_puts(p->b, "</h1>\n");
	if (!r->success) {
		struct buf said;

		buf_init(&said, 32768);
		report_put_message(&said, p->run);
		buf_puts(p->b, "<p class=\"said\">");
		page_text(p->b, buf_slice(&said));
		buf_puts(p->b, "</p>\n<p><code>");
		page_where(p);
		buf_puts(p->b, "</code></p>\n");
		trace_part_done(&said, p->b);
	}
	put_limit(p);
	put_facts(p);
	buf_puts(p->b, "</header>\n");
}

static void put_steps(const struct page *p)
{
	const struct reason_step *steps[REASON_STEPS_MAX];
	const unsigned n = report_steps(p->run, steps);
	struct buf step;

	buf_puts(p->b, "<h3>");
	page_look(p, N_("What to do next"));
	buf_puts(p->b, "</h3>\n<ol>\n");
	buf_init(&step, 8192);
	for (unsigned i = 0; i < n; i++) {
		buf_puts(p->b, "<li>");
		trace_part_clear(&step, p->b);
		report_put_command(&step, p->run, report_look(p->run, steps[i]->what));
		page_text(p->b, buf_slice(&step));
		if (report_has_command(p->run, steps[i])) {
			trace_part_clear(&step, p->b);
			report_put_command(&step, p->run, steps[i]->command);
			report_put_colon(p->b, p->run, steps[i]->what);
			buf_puts(p->b, "<code>");
			page_text(p->b, buf_slice(&step));
			buf_puts(p->b, "</code>");
		}
		buf_puts(p->b, "</li>\n");
	}
	trace_part_done(&step, p->b);
	buf_puts(p->b, "</ol>\n");
}

static void put_causes(const struct page *p)
{
	const struct reason_info *info = reason_info(p->run->result->reason);

	buf_puts(p->b, "<h3>");
	page_look(p, N_("Likely causes, likeliest first"));
	buf_puts(p->b, "</h3>\n<ul>\n");
	for (unsigned i = 0; i < REASON_CAUSES_MAX && info->causes[i]; i++) {
		buf_puts(p->b, "<li>");
		page_look(p, info->causes[i]);
		buf_puts(p->b, "</li>\n");
	}
	buf_puts(p->b, "</ul>\n");
}

static void put_diagnosis(const struct page *p)
{
	page_begin_section(p, N_("Diagnosis"));
	buf_puts(p->b, "<p>");
	page_look(p, reason_info(p->run->result->reason)->meaning);
	buf_puts(p->b, "</p>\n");
	put_steps(p);
	put_causes(p);
	buf_puts(p->b, "</section>\n");
}

static void put_warnings(const struct page *p)
{
	const struct probe_result *r = p->run->result;

	if (r->n_notes == 0)
		return;
	page_begin_section(p, N_("Warnings"));
	buf_puts(p->b, "<ul>\n");
	for (unsigned i = 0; i < r->n_notes; i++) {
		buf_puts(p->b, "<li>");
		page_sentence(p, &r->notes[i].text);
		buf_puts(p->b, "</li>\n");
	}
	buf_puts(p->b, "</ul>\n</section>\n");
}

/* ---- below it ---- */

static void put_phase_line(const struct page *p, enum probe_phase phase)
{
	const struct probe_phase_result *r = &p->run->result->phases[phase];
	char text[ADDR_TEXT_MAX];

	if (r->outcome == PHASE_NOT_RUN)
		return;
	buf_printf(p->b,
		"<tr><td>%s</td><td%s>%s</td><td class=\"n\">%.3f</td><td class=\"n\">%.3f</td>"
		"<td class=\"d\">",
		phase_name(phase), r->outcome == PHASE_FAILED ? " class=\"no\"" : "",
		phase_outcome_name(r->outcome), page_ms(r->started), page_ms(r->duration));
	if (r->address.family)
		buf_printf(
			p->b, "%s %s", transport_name(r->transport), addr_text(&r->address, text));
	if (r->address.family && r->detail.id)
		buf_puts(p->b, "<br>");
	if (r->detail.id)
		page_sentence(p, &r->detail);
	buf_puts(p->b, "</td></tr>\n");
}

static void put_phases(const struct page *p)
{
	static const char *const heads[] = { N_("phase"), N_("outcome"), N_("start, ms"),
		N_("took, ms"), N_("where, what") };

	page_begin_section(p, N_("Phases"));
	buf_puts(p->b, "<table>\n<thead><tr>");
	for (size_t i = 0; i < COUNT(heads); i++) {
		buf_puts(p->b, i == 2 || i == 3 ? "<th class=\"n\">" : "<th>");
		page_look(p, heads[i]);
		buf_puts(p->b, "</th>");
	}
	buf_puts(p->b, "</tr></thead>\n<tbody>\n");
	for (unsigned i = 0; i < PHASE_COUNT; i++)
		put_phase_line(p, (enum probe_phase)i);
	buf_puts(p->b, "</tbody>\n</table>\n</section>\n");
}

static void put_evidence(const struct page *p)
{
	struct buf text;

	buf_init(&text, 1 << 18);
	report_put_evidence(&text, p->run);
	if (buf_len(&text)) {
		page_begin_section(p, N_("Evidence"));
		buf_puts(p->b, "<pre class=\"evidence\">");
		page_text(p->b, buf_slice(&text));
		buf_puts(p->b, "</pre>\n</section>\n");
	}
	trace_part_done(&text, p->b);
}

static void put_footer(const struct page *p)
{
	const struct text left_out =
		TEXT(N_("{1} messages found no room."), text_u64(trace_left_out(p->t)));

	buf_puts(p->b, "<footer><p>");
	page_look(p, N_("Credentials are replaced by ***."));
	buf_putc(p->b, ' ');
	if (trace_left_out(p->t))
		page_sentence(p, &left_out);
	buf_puts(p->b, "</p></footer>\n</main>\n</body>\n</html>\n");
}

int trace_html(struct buf *b, const struct trace *t, const struct report_run *run)
{
	const struct page p = { b, t, run };

	put_head(&p);
	put_verdict(&p);
	if (!run->result->success)
		put_diagnosis(&p);
	put_warnings(&p);
	page_put_ladder(&p);
	put_phases(&p);
	if (!run->result->success)
		put_evidence(&p);
	put_footer(&p);
	return buf_err(b);
}

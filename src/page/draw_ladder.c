/* What a run's two sides said: who spoke to whom, when, and the whole message behind each line.
 * The sign-in is folded, for what failed is mostly behind it. */
#include "page/draw.h"

static void put_name(const struct html *h, const char *class, const char *from, const char *to)
{
	buf_printf(h->b, "<span class=\"%s\"><b>", class);
	html_look(h, from);
	html_puts(h, "</b><b>");
	html_look(h, to);
	html_puts(h, "</b></span>");
}

/* Each line says it to who cannot see where it stands. */
static void put_heads(const struct html *h)
{
	html_puts(h, "<div class=\"ld hd\" aria-hidden=\"true\">");
	put_name(h, "hs", N_("test user"), N_("pool"));
	put_name(h, "hx", N_("XMPP server"), N_("receiver"));
	html_puts(h, "</div>\n");
}

static void put_ways(const struct html *h, const struct page_said *s)
{
	static const char *const names[2][2] = { { N_("pool to test user"),
							 N_("test user to pool") },
		{ N_("XMPP server to receiver"), N_("receiver to XMPP server") } };

	html_puts(h, "<span class=\"sr\">");
	html_look(h, names[s->is_xmpp][s->is_out]);
	html_look(h, N_(": "));
	html_puts(h, "</span>");
}

static void put_message(const struct html *h, const struct page_said *s, int64_t before_us)
{
	/* On the wire's own side the receiver sits to the right: what it sends goes left. */
	const bool is_right = s->is_out != s->is_xmpp;

	buf_printf(h->b, "<li class=\"%c %c\"><details><summary><span class=\"t\">",
		s->is_xmpp ? 'x' : 's', is_right ? 'r' : 'l');
	html_put(h, format_ms, s->at_us);
	html_puts(h, "<small>+");
	html_put(h, format_ms, s->at_us - before_us);
	html_puts(h, "</small></span><span class=\"e\"></span><span class=\"a\"><span>");
	put_ways(h, s);
	html_text(h, s->label);
	html_puts(h, "</span></span></summary><pre>");
	html_text(h, slice_cut(s->text, 0, PAGE_SAID_TEXT));
	html_puts(h, "</pre></details></li>\n");
}

static void put_gap(const struct html *h, uint32_t n)
{
	const struct text t = TEXT(N_("{1} messages were not kept"), text_u64(n));

	if (n == 0)
		return;
	html_puts(h, "<li class=\"gone\">");
	html_say(h, &t);
	html_puts(h, "</li>\n");
}

static void put_messages(
	const struct html *h, const struct page_run_model *m, size_t from, size_t to)
{
	if (from == to)
		return;
	html_puts(h, "<ol class=\"ld\">\n");
	for (size_t i = from; i < to; i++) {
		put_gap(h, m->said[i].n_left_out);
		put_message(h, &m->said[i], i ? m->said[i - 1].at_us : 0);
	}
	html_puts(h, "</ol>\n");
}

static size_t end_of_sign_in(const struct page_run_model *m)
{
	size_t i = 0;

	while (i < m->n_said && !m->said[i].is_behind_sign_in)
		i++;
	return i;
}

static void put_sign_in(const struct html *h, const struct page_run_model *m, size_t n)
{
	const struct text t = TEXT(N_("{1} messages of the sign-in"), text_u64(n));

	html_puts(h, "<details><summary>");
	html_say(h, &t);
	html_puts(h, "</summary>");
	put_messages(h, m, 0, n);
	html_puts(h, "</details>\n");
}

/* What was waited for in vain stands where it should have come. */
static void put_end(const struct html *h, const struct page_run_model *m)
{
	if (m->state != WATCH_FAILED || m->reason == REASON_NONE)
		return;
	html_puts(h, "<p class=\"ldend\">");
	html_icon(h, WATCH_FAILED);
	html_puts(h, " ");
	if (m->message.n)
		html_text(h, m->message);
	else
		html_look(h, words_reason(m->reason));
	html_puts(h, "</p>\n");
}

void draw_ladder(const struct html *h, const struct page_run_model *m)
{
	const size_t behind = end_of_sign_in(m);
	const bool is_folded = behind > 0 && behind < m->n_said;

	html_puts(h, "<p class=\"sm dim\">");
	html_look(h, N_("Milliseconds since the start, and since the message before. A line opens "
			"to the "
			"whole message; secrets are removed."));
	html_puts(h, "</p>\n");
	put_heads(h);
	if (is_folded)
		put_sign_in(h, m, behind);
	put_messages(h, m, is_folded ? behind : 0, m->n_said);
	put_end(h, m);
}

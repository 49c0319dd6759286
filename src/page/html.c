#include "page/html.h"

#include "base/mem.h"
#include "base/str.h"

enum { ROOM = 2048 }; /* of a short text: a name of 255 bytes and words around it */

/* ---- text ---- */

static const char *escape_of(uint8_t c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	case '\t':
	case '\n': return " ";
	}
	return NULL;
}

/* XML 1.0 section 2.2 has no U+FFFE and U+FFFF. */
static bool is_shown(uint32_t c)
{
	return !text_is_control(c) && c != 0xfffe && c != 0xffff;
}

void html_text(const struct html *h, struct slice s)
{
	while (s.n) {
		const char *escape = escape_of(s.p[0]);
		uint32_t c = 0;
		const size_t n = utf8_decode(s, &c);

		if (escape)
			buf_puts(h->b, escape);
		else if (n == 0 || !is_shown(c))
			buf_putc(h->b, '?');
		else
			buf_put(h->b, slice_cut(s, 0, n));
		s = slice_skip(s, n ? n : 1);
	}
}

void html_str(const struct html *h, const char *s)
{
	html_text(h, slice_str(s));
}

void html_look(const struct html *h, const char *id)
{
	html_str(h, h->v->look_up && id[0] ? h->v->look_up(id) : id);
}

void html_say(const struct html *h, const struct text *t)
{
	uint8_t room[ROOM];
	struct buf b;

	buf_init_in(&b, room, sizeof(room));
	text_put(&b, t, h->v->look_up);
	html_text(h, buf_slice(&b));
}

/* ---- addresses ---- */

void html_segment(const struct html *h, struct slice s)
{
	const bool is_dots = slice_eqs(s, ".") || slice_eqs(s, "..");

	for (size_t i = 0; i < s.n; i++) {
		const uint8_t c = s.p[i];

		if (ascii_is_alpha(c) || ascii_is_digit(c) || c == '-' || c == '_' || c == '~' ||
			(c == '.' && !is_dots))
			buf_putc(h->b, c);
		else
			buf_printf(h->b, "%%%02X", c);
	}
}

void html_path(const struct html *h, struct slice path)
{
	const bool is_ours = path.n > 0 && path.p[0] == '/' &&
			     !(path.n > 1 && (path.p[1] == '/' || path.p[1] == '\\'));

	html_puts(h, "href=\"");
	html_text(h, is_ours ? path : SLICE("#"));
	html_puts(h, "\"");
}

/* ---- formats ---- */

void html_put(const struct html *h, html_format *f, int64_t value)
{
	uint8_t room[ROOM];
	struct buf b;

	buf_init_in(&b, room, sizeof(room));
	f(&b, h->v, value);
	html_text(h, buf_slice(&b));
}

void html_share(const struct html *h, struct page_share share)
{
	uint8_t room[ROOM];
	struct buf b;

	buf_init_in(&b, room, sizeof(room));
	format_share(&b, h->v, share);
	html_text(h, buf_slice(&b));
}

void html_count(const struct html *h, uint64_t n)
{
	uint8_t room[ROOM];
	struct buf b;

	buf_init_in(&b, room, sizeof(room));
	format_count(&b, h->v, n);
	html_text(h, buf_slice(&b));
}

void html_time(const struct html *h, html_format *f, int64_t at)
{
	html_puts(h, "<time datetime=\"");
	format_utc(h->b, at);
	html_puts(h, "\">");
	html_put(h, f, at);
	html_puts(h, "</time>");
}

/* ---- states ---- */

const char *html_state_class(enum watch_state s)
{
	switch (s) {
	case WATCH_OK: return "ok";
	case WATCH_UNSTABLE: return "warn";
	case WATCH_FAILED: return "bad";
	case WATCH_UNKNOWN: return "unk";
	case WATCH_MAINTENANCE: return "mnt";
	}
	return "unk";
}

void html_icon(const struct html *h, enum watch_state s)
{
	buf_printf(h->b, "<svg class=\"i\" aria-hidden=\"true\"><use href=\"#%s\"/></svg>",
		html_state_class(s));
}

static void put_state(const struct html *h, enum watch_state s, const char *id, bool is_chip)
{
	buf_printf(h->b, "<span class=\"st %s%s\">", html_state_class(s), is_chip ? " chip" : "");
	html_icon(h, s);
	html_look(h, id);
	html_puts(h, "</span>");
}

void html_state(const struct html *h, enum watch_state s, bool is_chip)
{
	put_state(h, s, words_state(s), is_chip);
}

void html_test_state(const struct html *h, const struct page_test *t, bool is_chip)
{
	put_state(h, t->state, words_test_state(t), is_chip);
}

/* ---- names and links ---- */

static struct slice id_of(const struct page_place *places, uint32_t n, uint32_t i)
{
	return i < n ? places[i].id : SLICE("-");
}

void html_test_path(const struct html *h, const struct page_set *set, const struct page_test *t)
{
	static const char *const kinds[PAGE_KINDS] = { [PAGE_TO] = "to",
		[PAGE_FROM] = "from",
		[PAGE_REGISTER] = "register",
		[PAGE_INTERNAL] = "im-internal",
		[PAGE_SERVERS] = "servers",
		[PAGE_PARTNER] = "servers",
		[PAGE_FEDERATION] = "partner" };

	html_puts(h, "/t/");
	html_segment(h, id_of(set->pools, set->n_pools, t->pool));
	if (t->partner != PAGE_NONE) {
		html_puts(h, "/");
		html_segment(h, id_of(set->partners, set->n_partners, t->partner));
	}
	buf_printf(h->b, "/%s", kinds[t->kind]);
}

void html_test_name(const struct html *h, const struct page_set *set, const struct page_test *t)
{
	uint8_t room[ROOM];
	struct buf b;

	buf_init_in(&b, room, sizeof(room));
	words_test(&b, set, t, h->v);
	html_text(h, buf_slice(&b));
}

void html_between(const struct html *h, const struct page_set *set, uint32_t pool, uint32_t partner,
	enum words_way way)
{
	uint8_t room[ROOM];
	struct buf b;

	buf_init_in(&b, room, sizeof(room));
	words_between(&b, set, pool, partner, way, h->v);
	html_text(h, buf_slice(&b));
}

void html_begin_link(const struct html *h, const char *folder, struct slice id, const char *tail)
{
	buf_printf(h->b, "<a href=\"%s", folder);
	html_segment(h, id);
	buf_printf(h->b, "%s\">", tail);
}

void html_reason(const struct html *h, enum reason r)
{
	if (r != REASON_NONE)
		buf_printf(h->b, "<code>%s</code>", reason_id(r));
}

void html_when(const struct html *h, int64_t since_at)
{
	uint8_t room[ROOM];
	struct buf at;

	if (since_at == 0)
		return;
	buf_init_in(&at, room, sizeof(room));
	format_time(&at, h->v, since_at);
	const struct text t = TEXT(N_("since {1}"), text_slice(buf_slice(&at)));
	html_puts(h, "<time datetime=\"");
	format_utc(h->b, since_at);
	html_puts(h, "\">");
	html_say(h, &t);
	html_puts(h, "</time><br><span class=\"dim sm\">");
	html_put(h, format_span, h->v->now_at - since_at);
	html_puts(h, "</span>");
}

void html_th(const struct html *h, const char *id, bool is_number)
{
	html_puts(h, is_number ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
	html_look(h, id);
	html_puts(h, "</th>");
}

void html_td_latency(const struct html *h, int64_t us)
{
	html_puts(h, "<td class=\"n\">");
	html_put(h, format_latency, us);
	html_puts(h, "</td>");
}

void html_token(const struct html *h)
{
	if (h->v->form_token.n == 0)
		return;
	html_puts(h, "<input type=\"hidden\" name=\"token\" value=\"");
	html_text(h, h->v->form_token);
	html_puts(h, "\">");
}

void html_run_link(const struct html *h, struct slice run, int64_t at, const char *id)
{
	uint8_t room[64];
	struct buf b;

	if (run.n == 0)
		return;
	buf_init_in(&b, room, sizeof(room));
	format_time(&b, h->v, at);
	const struct text t = TEXT(id, text_slice(buf_slice(&b)));
	html_begin_link(h, "/runs/", run, "");
	html_say(h, &t);
	html_puts(h, "</a>");
}

#include "page/matrix.h"

#include "base/mem.h"
#include "page/draw.h"

enum { WIDE_POOLS = 4 }; /* with more of them the names of a phone's columns need the room */

/* What a partner is tested for by itself: columns behind all pools. */
static const enum page_kind columns[] = { PAGE_PARTNER, PAGE_FEDERATION };

/* The tests of one way: of several locations the worst is shown. */
struct cell {
	uint32_t worst; /* 1 + its index; 0: no test */
	uint32_t id;    /* the smallest: it stays when another one is the worst */
	uint16_t n, n_worst;
};

struct matrix {
	const struct html *h;
	const struct page_set *set;
	struct cell *cells; /* [partner][pool][to, from]; then [kind][pool], then [kind][partner] */
	size_t n_pairs, n_cells;
	bool has_kind[PAGE_KINDS];
	bool has_sparks;
};

/* ---- where a test stands ---- */

/* Of a test of a partner alone. */
static size_t partner_cell(const struct matrix *m, enum page_kind kind, uint32_t partner)
{
	return m->n_pairs + (PAGE_PARTNER - PAGE_REGISTER) * (size_t)m->set->n_pools +
	       (size_t)(kind - PAGE_PARTNER) * m->set->n_partners + partner;
}

static size_t cell_of(const struct matrix *m, const struct page_test *t)
{
	const size_t pools = m->set->n_pools, partners = m->set->n_partners;
	const bool has_pool = t->pool < pools, has_partner = t->partner < partners;

	switch (t->kind) {
	case PAGE_TO:
	case PAGE_FROM:
		if (!has_pool || !has_partner)
			break;
		return (t->partner * pools + t->pool) * 2 + (t->kind == PAGE_FROM);
	case PAGE_REGISTER:
	case PAGE_INTERNAL:
	case PAGE_SERVERS:
		if (!has_pool)
			break;
		return m->n_pairs + (size_t)(t->kind - PAGE_REGISTER) * pools + t->pool;
	case PAGE_PARTNER:
	case PAGE_FEDERATION:
		if (!has_partner)
			break;
		return partner_cell(m, t->kind, t->partner);
	}
	return SIZE_MAX;
}

static void add_to(struct cell *c, const struct page_set *set, size_t test)
{
	const struct page_test *t = &set->tests[test];

	if (c->n++ == 0 || t->id < c->id)
		c->id = t->id;
	if (c->worst == 0 || watch_state_is_worse(t->state, set->tests[c->worst - 1].state)) {
		c->worst = (uint32_t)test + 1;
		c->n_worst = 0;
	}
	c->n_worst = (uint16_t)(c->n_worst + (set->tests[c->worst - 1].state == t->state));
}

static void add(struct matrix *m, size_t test)
{
	const struct page_test *t = &m->set->tests[test];
	const size_t at = cell_of(m, t);

	if (at == SIZE_MAX)
		return;
	m->has_kind[t->kind] = true;
	add_to(&m->cells[at], m->set, test);
}

static bool fill(struct matrix *m)
{
	const struct page_set *set = m->set;

	m->n_pairs = (size_t)set->n_pools * set->n_partners * 2;
	m->n_cells = partner_cell(m, PAGE_FEDERATION, set->n_partners);
	m->has_sparks = set->n_tests <= PAGE_SPARK_TESTS;
	if (set->n_tests == 0 || m->n_cells > MATRIX_CELLS_MAX)
		return false;
	m->cells = mem_alloc0(m->n_cells * sizeof(*m->cells));
	if (!m->cells) {
		m->h->b->err = -ENOMEM;
		return false;
	}
	for (size_t i = 0; i < set->n_tests; i++)
		add(m, i);
	return true;
}

/* ---- a cell ---- */

static void put_way(const struct html *h, const struct page_set *set, const struct page_test *t)
{
	static const char *const ids[] = {
		[PAGE_TO] = N_("to {1}: "), [PAGE_FROM] = N_("from {1}: ")
	};

	if (t->kind > PAGE_FROM || t->partner >= set->n_partners)
		return;
	const struct text way = TEXT(ids[t->kind], text_slice(set->partners[t->partner].name));
	html_say(h, &way);
}

static void put_value(const struct html *h, const struct page_test *t)
{
	if (!page_test_is_judged(t)) {
		html_look(h, words_test_state(t));
		return;
	}
	switch (t->state) {
	case WATCH_OK:
		if (t->is_refused)
			html_look(h, N_("refused"));
		else
			html_put(h, format_latency, t->median_us);
		return;
	case WATCH_FAILED:
		html_look(h, words_state(t->state));
		if (t->since_at) {
			html_puts(h, " ");
			html_put(h, format_hours, h->v->now_at - t->since_at);
		}
		return;
	case WATCH_MAINTENANCE:
		if (t->until_at) {
			uint8_t room[64];
			struct buf at;

			buf_init_in(&at, room, sizeof(room));
			format_clock(&at, h->v, t->until_at);
			const struct text to = TEXT(N_("to {1}"), text_slice(buf_slice(&at)));
			html_say(h, &to);
			return;
		}
		break;
	case WATCH_UNSTABLE:
	case WATCH_UNKNOWN: break;
	}
	html_look(h, words_state(t->state));
}

static void put_cell(
	const struct html *h, const struct page_set *set, const struct cell *c, bool has_spark)
{
	const struct page_test *t = &set->tests[c->worst - 1];
	static const char *const ways[PAGE_KINDS] = { [PAGE_TO] = "to ", [PAGE_FROM] = "from " };

	buf_printf(h->b, "<a class=\"c %s%s\" id=\"c%u\" href=\"",
		ways[t->kind] ? ways[t->kind] : "", html_state_class(t->state), c->id);
	html_test_path(h, set, t);
	html_puts(h, "\"><span class=\"sr\">");
	put_way(h, set, t);
	/* Of the others the value says it. */
	if (page_test_is_judged(t) && (t->state == WATCH_OK || t->state == WATCH_MAINTENANCE)) {
		html_look(h, words_state(t->state));
		html_puts(h, ", ");
	}
	html_puts(h, "</span>");
	html_icon(h, t->state);
	html_puts(h, "<span class=\"v\">");
	put_value(h, t);
	if (c->n_worst < c->n) {
		const struct text some =
			TEXT(N_(", {1} of {2}"), text_u64(c->n_worst), text_u64(c->n));
		html_say(h, &some);
	}
	html_puts(h, "</span>");
	if (has_spark && t->spark)
		draw_spark(h, t->spark);
	html_puts(h, "</a>");
}

void matrix_put_cell(const struct html *h, const struct page_set *set, size_t test)
{
	const struct page_test *t = &set->tests[test];
	struct cell c = { 0 };

	for (size_t i = 0; i < set->n_tests; i++) {
		const struct page_test *o = &set->tests[i];

		if (o->pool == t->pool && o->partner == t->partner && o->kind == t->kind)
			add_to(&c, set, i);
	}
	put_cell(h, set, &c, set->n_tests <= PAGE_SPARK_TESTS);
}

static bool put_cell_at(const struct matrix *m, size_t at)
{
	const struct cell *c = &m->cells[at];

	if (c->worst == 0)
		return false;
	put_cell(m->h, m->set, c, m->has_sparks);
	return true;
}

static void put_none(const struct matrix *m)
{
	html_puts(m->h, "<span class=\"none\"><span>");
	html_look(m->h, N_("no test"));
	html_puts(m->h, "</span></span>");
}

/* ---- rows ---- */

static void put_place(const struct html *h, const char *folder, const struct page_place *p)
{
	html_begin_link(h, folder, p->id, "");
	html_text(h, p->name);
	html_puts(h, "</a>");
	if (p->address.n && !slice_eq(p->address, p->name)) {
		html_puts(h, "<small>");
		html_text(h, p->address);
		html_puts(h, "</small>");
	}
}

static void put_heads(const struct matrix *m)
{
	const struct html *h = m->h;

	html_puts(h, "<thead><tr><td></td>");
	for (uint32_t i = 0; i < m->set->n_pools; i++) {
		html_puts(h, "<th scope=\"col\">");
		put_place(h, "/pools/", &m->set->pools[i]);
		html_puts(h, "</th>");
	}
	for (size_t i = 0; i < COUNT(columns); i++) {
		if (!m->has_kind[columns[i]])
			continue;
		html_puts(h, "<th scope=\"col\">");
		html_look(h, words_kind(columns[i]));
		html_puts(h, "</th>");
	}
	html_puts(h, "</tr></thead>\n<tbody>");
}

static unsigned n_partner_columns(const struct matrix *m)
{
	unsigned n = 0;

	for (size_t i = 0; i < COUNT(columns); i++)
		n += m->has_kind[columns[i]];
	return n;
}

/* What a pool is tested for by itself: a row above all partners. */
static void put_pool_row(const struct matrix *m, enum page_kind kind)
{
	const struct html *h = m->h;

	if (!m->has_kind[kind])
		return;
	html_puts(h, "<tr><th scope=\"row\">");
	html_look(h, words_kind(kind));
	html_puts(h, "</th>");
	for (uint32_t pool = 0; pool < m->set->n_pools; pool++) {
		html_puts(h, "<td><div class=\"cc\">");
		if (!put_cell_at(m,
			    m->n_pairs + (size_t)(kind - PAGE_REGISTER) * m->set->n_pools + pool))
			put_none(m);
		html_puts(h, "</div></td>");
	}
	for (unsigned i = 0; i < n_partner_columns(m); i++)
		html_puts(h, "<td></td>");
	html_puts(h, "</tr>\n");
}

static bool cell_is_fine(const struct matrix *m, size_t at)
{
	const struct cell *c = &m->cells[at];

	return c->worst == 0 || m->set->tests[c->worst - 1].state == WATCH_OK;
}

static bool row_is_fine(const struct matrix *m, uint32_t partner)
{
	const size_t width = (size_t)m->set->n_pools * 2;

	for (size_t i = 0; i < width; i++)
		if (!cell_is_fine(m, partner * width + i))
			return false;
	for (size_t i = 0; i < COUNT(columns); i++)
		if (!cell_is_fine(m, partner_cell(m, columns[i], partner)))
			return false;
	return true;
}

static void put_row(const struct matrix *m, uint32_t partner)
{
	const struct html *h = m->h;

	html_puts(h, "<tr><th scope=\"row\">");
	put_place(h, "/partners/", &m->set->partners[partner]);
	html_puts(h, "</th>");
	for (uint32_t pool = 0; pool < m->set->n_pools; pool++) {
		const size_t at = ((size_t)partner * m->set->n_pools + pool) * 2;

		html_puts(h, "<td><div class=\"cc\">");
		const bool has_to = put_cell_at(m, at);
		if (!put_cell_at(m, at + 1) && !has_to)
			put_none(m);
		html_puts(h, "</div></td>");
	}
	for (size_t i = 0; i < COUNT(columns); i++) {
		if (!m->has_kind[columns[i]])
			continue;
		html_puts(h, "<td><div class=\"cc\">");
		if (!put_cell_at(m, partner_cell(m, columns[i], partner)))
			put_none(m);
		html_puts(h, "</div></td>");
	}
	html_puts(h, "</tr>\n");
}

static void put_folded(const struct matrix *m, uint32_t n)
{
	const struct text t = n == 1 ? TEXT_PLAIN(N_("1 other partner: all OK"))
				     : TEXT(N_("{1} other partners: all OK"), text_u64(n));

	if (n == 0)
		return;
	buf_printf(m->h->b, "<tr><td colspan=\"%u\"><a href=\"/tests?state=ok\">",
		m->set->n_pools + 1 + n_partner_columns(m));
	html_icon(m->h, WATCH_OK);
	html_puts(m->h, " ");
	html_say(m->h, &t);
	html_puts(m->h, "</a></td></tr>\n");
}

static void put_rows(const struct matrix *m)
{
	const bool is_folding = m->set->n_partners > PAGE_ROWS_WHOLE;
	uint32_t folded = 0;

	put_pool_row(m, PAGE_REGISTER);
	put_pool_row(m, PAGE_INTERNAL);
	put_pool_row(m, PAGE_SERVERS);
	for (uint32_t i = 0; i < m->set->n_partners; i++) {
		if (is_folding && row_is_fine(m, i))
			folded++;
		else
			put_row(m, i);
	}
	put_folded(m, folded);
}

/* ---- the key ---- */

static void put_key_state(const struct html *h, enum watch_state s, const char *more)
{
	html_puts(h, "<li>");
	html_state(h, s, false);
	if (more) {
		html_puts(h, " ");
		html_look(h, more);
	}
	html_puts(h, "</li>");
}

static void put_key(const struct matrix *m)
{
	const struct html *h = m->h;

	const char *id = m->has_sparks
				 ? N_("{1} to the partner, {2} from the partner; the time is the "
				      "median of the last hour, the line is 24 hours")
				 : N_("{1} to the partner, {2} from the partner; the time is the "
				      "median of the last hour");
	const struct text ways = TEXT(id, text_str("\xe2\x86\x92"), text_str("\xe2\x86\x90"));

	html_puts(h, "<ul class=\"key\"><li>");
	html_say(h, &ways);
	html_puts(h, "</li>");
	put_key_state(h, WATCH_OK, NULL);
	put_key_state(h, WATCH_UNSTABLE, N_("(passed, but only at a second attempt)"));
	put_key_state(h, WATCH_FAILED, NULL);
	put_key_state(h, WATCH_UNKNOWN, N_("(the fault is ours, nobody is blamed)"));
	put_key_state(h, WATCH_MAINTENANCE, NULL);
	html_puts(h, "<li>");
	html_look(h, N_("\"refused\": a policy test, it has to be"));
	html_puts(h, "</li></ul>\n");
}

void matrix_put(const struct html *h, const struct page_set *set)
{
	struct matrix m = { .h = h, .set = set };

	if (!fill(&m))
		return;
	html_puts(
		h, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"now\">");
	buf_printf(h->b, "<table class=\"mx%s\"><caption class=\"sr\">",
		set->n_pools > WIDE_POOLS ? " many" : "");
	html_look(
		h, N_("State of each test: partners in rows, pools in columns, in each cell first "
		      "the way to the partner, then the way from it; the value is the median of "
		      "the last hour"));
	html_puts(h, "</caption>");
	put_heads(&m);
	put_rows(&m);
	html_puts(h, "</tbody></table></div>\n");
	put_key(&m);
	mem_free(m.cells);
}

/* Badges: the state of all, of a pool, of a partner, of a test, as a picture (.svg) and as the JSON
 * that shields.io takes (.json).
 *
 *	/badge/overall.svg  /badge/pools/NAME.svg  /badge/partners/DOMAIN.json
 *	/badge/t/POOL/DOMAIN/to.svg  /badge/t/POOL/register.svg
 */
#include "base/mem.h"
#include "page/badge.h"
#include "watcher/board.h"
#include "watcher/visit.h"

static const struct {
	struct slice ending;
	const char *type;
	int (*put)(struct buf *b, const struct page_badge *m);
} forms[] = {
	{ SLICE(".svg"), "image/svg+xml", page_badge_svg },
	{ SLICE(".json"), "application/json", page_badge_json },
};

/* The ending is a part of the last segment, and cut off. */
static bool take_ending(struct visit *v)
{
	struct slice *last = &v->values[v->n_values - 1];

	for (v->form = 0; v->form < COUNT(forms); v->form++)
		if (slice_ends(*last, forms[v->form].ending)) {
			last->n -= forms[v->form].ending.n;
			return true;
		}
	return false;
}

static int put_badge(
	struct visit *v, struct web_answer *ret, struct slice label, enum watch_state state)
{
	const struct page_badge m = {
		.look_up = v->reader.look_up, .label = label, .state = state
	};

	ret->status = 200;
	ret->type = forms[v->form].type;
	ret->cache = "no-cache";
	web_answer_field(ret, "X-Content-Type-Options", SLICE("nosniff"));
	/* As a page of its own it could name others: it names none. */
	web_answer_field(ret, "Content-Security-Policy", SLICE("default-src 'none'"));
	web_answer_field(ret, "Vary", SLICE("Accept-Language, Cookie"));
	return forms[v->form].put(&ret->body, &m);
}

/* One sentence says how they stand together, on the page and here. */
static int show_set(struct visit *v, struct web_answer *ret, struct slice pool,
	struct slice partner, struct slice label)
{
	static const struct page_error gone = { .status = 404 };
	struct board b;

	int err = board_new(&b, v->w, &v->reader, pool, partner);
	if (!err)
		err = (pool.n || partner.n) && !b.set.n_tests
			      ? visit_error(v, ret, &gone)
			      : put_badge(v, ret, label, b.sentence.state);
	board_done(&b);
	return err;
}

/* ---- all ---- */

static bool ask_overall(struct visit *v)
{
	return take_ending(v) && slice_eqs(v->values[0], "overall");
}

static int show_overall(struct visit *v, struct web_answer *ret)
{
	const struct slice site = v->reader.site.n ? v->reader.site : SLICE("stox");

	return show_set(v, ret, SLICE_NONE, SLICE_NONE, site);
}

/* ---- a pool, a partner ---- */

static bool is_pool(const struct visit *v)
{
	return slice_eqs(v->values[0], "pools");
}

static bool ask_place(struct visit *v)
{
	return take_ending(v) && v->values[1].n &&
	       (is_pool(v) || slice_eqs(v->values[0], "partners"));
}

static int show_place(struct visit *v, struct web_answer *ret)
{
	return show_set(v, ret, is_pool(v) ? v->values[1] : SLICE_NONE,
		is_pool(v) ? SLICE_NONE : v->values[1], v->values[1]);
}

/* ---- a test ---- */

static bool ask_test(struct visit *v)
{
	return take_ending(v) && visit_test(v);
}

static int show_test(struct visit *v, struct web_answer *ret)
{
	static const struct page_error gone = { .status = 404 };
	const struct watched *t = visit_test(v);

	return t ? put_badge(v, ret, slice_str(t->plan->key), t->state.state)
		 : visit_error(v, ret, &gone);
}

const struct view view_badge = {
	.pattern = "/badge/{}", .ask = ask_overall, .show = show_overall, .needs = ROLE_VIEW
};
const struct view view_badge_place = {
	.pattern = "/badge/{}/{}", .ask = ask_place, .show = show_place, .needs = ROLE_VIEW
};
const struct view view_badge_alone = {
	.pattern = "/badge/t/{}/{}", .ask = ask_test, .show = show_test, .needs = ROLE_VIEW
};
const struct view view_badge_test = {
	.pattern = "/badge/t/{}/{}/{}", .ask = ask_test, .show = show_test, .needs = ROLE_VIEW
};

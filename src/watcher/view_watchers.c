/* The page of the watchers that have one history. */
#include "base/mem.h"
#include "watcher/as_json.h"
#include "watcher/visit.h"

enum { LISTED = 200 };

static bool ask_watchers(struct visit *v)
{
	v->asks[0] = (struct store_query){
		.type = STORE_WATCHERS, .now_at = v->reader.now_at, .limit = LISTED
	};
	v->n_asks = 1;
	return true;
}

static struct page_watcher_row row_of(const struct store_watcher *w, int64_t now_at)
{
	const bool is_there = w->seen_until > now_at;

	return (struct page_watcher_row){ .name = slice_str(w->name),
		.location = slice_str(w->location),
		.is_there = is_there,
		.started_at = w->started_at,
		.seen_at = is_there ? w->last_at : w->seen_until,
		.n_tests = w->tests };
}

static int show_watchers(struct visit *v, struct web_answer *ret)
{
	if (visit_has_failed(v, ret))
		return 0;
	const struct store_watchers *from = v->answers[0]->watchers;
	struct page_watcher_row *rows = mem_alloc0((from->n + 1) * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < from->n; i++)
		rows[i] = row_of(&from->rows[i], from->now_at);
	const struct page_watchers_model model = { .rows = rows,
		.n = from->n,
		.n_unheld = from->n_unheld,
		.is_partial = !access_may(&v->access, v->access.sees, NULL) };
	const int err = v->is_json ? as_json_watchers(&ret->body, &v->reader, &model)
				   : page_watchers(&ret->body, &v->reader, &model);
	mem_free(rows);
	return visit_page(v, ret, err);
}

const struct view view_watchers = { "/watchers", "/api/v1/watchers", ask_watchers, show_watchers,
	ROLE_VIEW };

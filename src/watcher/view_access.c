/* The pages of the audit log and of roles. */
#include "base/mem.h"
#include "watcher/run_id.h"
#include "watcher/visit.h"

enum { ACTS = 200, ACTS_ID = 1 };

static bool ask_audit(struct visit *v)
{
	v->asks[0] = (struct store_query){
		.type = STORE_AUDIT, .now_at = v->reader.now_at, .before = v->before, .limit = ACTS
	};
	v->n_asks = 1;
	return true;
}

static int show_audit(struct visit *v, struct web_answer *ret)
{
	char older[RUN_ID_MAX] = "";

	if (visit_has_failed(v, ret))
		return 0;
	const struct store_audit_page *from = v->answers[0]->audit;
	struct page_act *acts = mem_alloc0((from->n + 1) * sizeof(*acts));
	if (!acts)
		return -ENOMEM;
	for (size_t i = 0; i < from->n; i++)
		acts[i] = (struct page_act){ .at = from->rows[i].at,
			.who = slice_str(from->rows[i].who),
			.what = slice_str(from->rows[i].what),
			.source = slice_str(from->rows[i].source),
			.result = slice_str(from->rows[i].result) };
	if (from->has_more && from->n)
		run_id_put(older, ACTS_ID, from->rows[from->n - 1].number);
	const struct page_audit_model model = {
		.acts = acts, .n_acts = from->n, .older = slice_str(older)
	};
	int err = page_audit(&ret->body, &v->reader, &model);
	mem_free(acts);
	return visit_page(v, ret, err);
}

static bool ask_nothing(struct visit *v)
{
	(void)v;
	return true;
}

static int show_roles(struct visit *v, struct web_answer *ret)
{
	return visit_page(v, ret, page_roles(&ret->body, &v->reader, v->access.roles));
}

const struct view view_audit = { "/audit", NULL, ask_audit, show_audit, ROLE_AUDIT };
const struct view view_roles = { "/roles", NULL, ask_nothing, show_roles, ROLE_ROLES };

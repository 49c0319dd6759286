/* Maintenance and its time zones. */
#include "base/mem.h"
#include "watcher/plan_private.h"

static struct plan_zone *find_zone(struct plan *plan, struct slice name)
{
	for (unsigned i = 0; i < plan->n_zones; i++)
		if (slice_eqs(name, plan->zones[i].name))
			return &plan->zones[i];
	return NULL;
}

/* They stay where they are: windows point to them. */
int plan_add_zone(struct planner *p, struct slice name, struct conf_place at)
{
	struct plan *plan = p->plan;

	if (!plan->zones)
		plan->zones = mem_alloc0(PLAN_ZONES_MAX * sizeof(*plan->zones));
	if (!plan->zones)
		return -ENOMEM;
	if (find_zone(plan, name))
		return 0;
	if (plan->n_zones == PLAN_ZONES_MAX) {
		problems_add(p->problems, at,
			TEXT(N_("more than {1} time zones are named"), text_u64(PLAN_ZONES_MAX)));
		return 0;
	}
	struct plan_zone *z = &plan->zones[plan->n_zones];

	z->name = mem_strndup(name.p, name.n);
	if (!z->name)
		return -ENOMEM;
	z->at = at;
	buf_init(&z->file, ZONE_FILE_MAX + 8192);
	zone_open_utc(&z->zone);
	plan->n_zones++;
	return 0;
}

static int add_window(struct planner *p, const struct conf_text *text, struct plan_window *ret)
{
	struct where where;

	ret->text = text->s;
	(void)window_decode(&ret->window, slice_str(text->s), &where); /* it was checked before */
	if (ret->window.zone.n == 0) {
		ret->zone = &p->plan->zones[0].zone;
		return 0;
	}
	const int err = plan_add_zone(p, ret->window.zone, text->at);
	const struct plan_zone *zone = find_zone(p->plan, ret->window.zone);
	if (zone)
		ret->zone = &zone->zone;
	return err;
}

int plan_add_windows(
	struct planner *p, const struct conf_texts *texts, const struct plan_windows **ret)
{
	struct plan_windows *list = &p->plan->windows[p->plan->n_windows];

	*ret = list;
	if (texts->n == 0)
		return 0;
	list->v = mem_alloc0(texts->n * sizeof(*list->v));
	if (!list->v)
		return -ENOMEM;
	p->plan->n_windows++;
	for (size_t i = 0; i < texts->n; i++) {
		const int err = add_window(p, &texts->v[i], &list->v[i]);

		if (err)
			return err;
		list->n++;
	}
	return 0;
}

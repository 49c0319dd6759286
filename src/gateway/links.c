#include "gateway/links.h"

#include "base/mem.h"
#include "gateway/route.h"

struct links {
	struct link *all[ROUTE_LINKS_MAX];
	unsigned n;
};

int links_new(struct links **ret, const struct lent *lent, ts_t now)
{
	struct links *ls = mem_alloc0(sizeof(*ls));

	if (!ls)
		return -ENOMEM;
	int err = component_new(&ls->all[0], lent, now);
	if (err) {
		mem_free(ls);
		return err;
	}
	ls->all[0]->number = ls->n++;
	*ret = ls;
	return 0;
}

struct links *links_free(struct links *ls)
{
	for (unsigned i = 0; ls && i < ls->n; i++)
		ls->all[i]->ops->free(ls->all[i]);
	return mem_free(ls);
}

struct link *links_at(struct links *ls, unsigned number)
{
	return ls->all[number];
}

bool links_push(struct links *ls, const struct fact *in, ts_t now)
{
	for (unsigned i = 0; i < ls->n; i++)
		if (link_push(ls->all[i], in, now))
			return true;
	return false;
}

void links_push_time(struct links *ls, ts_t now)
{
	for (unsigned i = 0; i < ls->n; i++)
		link_push_time(ls->all[i], now);
}

void links_hurry(struct links *ls)
{
	for (unsigned i = 0; i < ls->n; i++)
		if (ls->all[i]->connect_at != TS_NEVER)
			ls->all[i]->connect_at = 0;
}

void links_stop(struct links *ls, ts_t now)
{
	for (unsigned i = 0; i < ls->n; i++)
		link_stop(ls->all[i], now);
}

bool links_take_output(struct links *ls, struct output *ret)
{
	for (unsigned i = 0; i < ls->n; i++)
		if (link_take_output(ls->all[i], ret))
			return true;
	return false;
}

bool links_take_event(struct links *ls, bool room, struct link_event *ret, ts_t now)
{
	for (unsigned i = 0; i < ls->n; i++)
		if (link_take_event(ls->all[i], room, ret, now))
			return true;
	return false;
}

ts_t links_deadline(const struct links *ls)
{
	ts_t at = TS_NEVER;

	for (unsigned i = 0; i < ls->n; i++)
		at = ts_min(at, link_deadline(ls->all[i]));
	return at;
}

bool links_are_over(const struct links *ls)
{
	bool over = true;

	for (unsigned i = 0; i < ls->n; i++)
		over &= link_is_over(ls->all[i]);
	return over;
}

enum link_take links_take(const struct links *ls)
{
	enum link_take worst = LINK_TAKES;

	for (unsigned i = 0; i < ls->n; i++) {
		const enum link_take one = link_takes(ls->all[i]);

		worst = one > worst ? one : worst;
	}
	return worst;
}

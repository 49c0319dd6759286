/* Who is in the pump: a few in their places; guests by the thousand, in a table by serial and a
 * heap of deadlines. */
#include "app/pump_private.h"
#include "base/err.h"
#include "base/mem.h"

static struct slice key_of(const uint32_t *serial)
{
	return slice_of(serial, sizeof(*serial));
}

struct member *pump_find_member(struct pump *p, uint32_t serial)
{
	for (unsigned i = 0; i < PUMP_ENGINES_MAX; i++)
		if (p->members[i].in_use && p->members[i].serial == serial)
			return &p->members[i];
	struct pump_guest *g =
		MAP_FIND(&p->guests.by_serial, key_of(&serial), struct pump_guest, node);
	return g ? &g->m : NULL;
}

static uint32_t next_serial(struct pump *p)
{
	do
		p->last_serial++;
	while (!p->last_serial || pump_find_member(p, p->last_serial));
	return p->last_serial;
}

int64_t pump_wall_offset(const struct pump *p)
{
	return loop_wall_offset() + p->wall_ahead;
}

void pump_begin_member(struct pump *p, struct member *m, struct engine e)
{
	*m = (struct member){
		.e = e, .serial = next_serial(p), .in_use = true, .wall = pump_wall_offset(p)
	};
	list_init(&m->links);
	list_init(&m->listeners);
}

void pump_end_member(struct pump *p, struct member *m)
{
	m->in_use = false;
	pump_drop_links(p, m);
	pump_drop_listeners(m);
}

/* ---- all of them ---- */

void pump_members_init(struct pump *p)
{
	map_init(&p->guests.by_serial, PUMP_GUESTS_MAX, &p->rng);
	timers_init(&p->guests.timers);
	list_init(&p->guests.all);
	list_init(&p->guests.gone);
}

void pump_members_done(struct pump *p)
{
	struct list *n, *t;

	for (unsigned i = 0; i < PUMP_ENGINES_MAX; i++)
		if (p->members[i].in_use)
			pump_end_member(p, &p->members[i]);
	timers_done(&p->guests.timers);
	LIST_EACH(n, t, &p->guests.all)
	{
		struct pump_guest *g = LIST_OWNER(n, struct pump_guest, all);

		if (g->m.in_use)
			pump_end_member(p, &g->m);
		mem_free(g);
	}
	map_done(&p->guests.by_serial);
}

/* ---- time ---- */

void pump_arm_guest(struct pump *p, struct pump_guest *g)
{
	/* Room for all was made as they came. */
	(void)timers_set(&p->guests.timers, &g->timer, g->m.e.ops->deadline(g->m.e.self));
}

/* Each once in a wake-up, whatever its next deadline is: no engine holds up the others. */
void pump_take_due(struct pump *p, ts_t now, struct list *due)
{
	list_init(due);
	for (struct timer *t; (t = timers_due(&p->guests.timers, now));) {
		struct pump_guest *g = LIST_OWNER(t, struct pump_guest, timer);

		list_append(due, &g->state);
	}
}

/* ---- life ---- */

int pump_host(struct pump *p, const struct pump_guest_cfg *cfg, struct pump_guest **ret)
{
	int err = loop_catch(p->loop, LOOP_STOP);

	if (!err)
		err = timers_reserve(&p->guests.timers, p->guests.by_serial.n + 1);
	if (err)
		return err;
	struct pump_guest *g = mem_alloc0(sizeof(*g));
	if (!g)
		return -ENOMEM;
	pump_begin_member(p, &g->m, cfg->e);
	g->m.guest = g;
	g->cfg = *cfg;
	g->timer.at = TS_NEVER;
	list_init(&g->state);
	err = map_insert(&p->guests.by_serial, &g->node, key_of(&g->m.serial));
	if (err) {
		mem_free(g);
		return err == ERR_LIMIT ? -ENOBUFS : err;
	}
	const struct fact clock = { .type = FACT_CLOCK, .wall = g->m.wall };
	err = pump_try_later(p, &g->m, &clock);
	if (err) {
		map_remove(&p->guests.by_serial, &g->node);
		mem_free(g);
		return err;
	}
	list_append(&p->guests.all, &g->all);
	*ret = g;
	return 0;
}

/* What is on the stack, or waits to be told, may still point at it. */
void pump_dismiss(struct pump *p, struct pump_guest *g)
{
	pump_end_member(p, &g->m);
	map_remove(&p->guests.by_serial, &g->node);
	(void)timers_set(&p->guests.timers, &g->timer, TS_NEVER);
	list_remove(&g->state);
	list_append(&p->guests.gone, &g->state);
}

void pump_reap_guests(struct pump *p)
{
	for (struct pump_guest *g; (g = LIST_FIRST(&p->guests.gone, struct pump_guest, state));) {
		list_remove(&g->state);
		list_remove(&g->all);
		mem_free(g);
	}
}

void pump_tell(struct pump *p, struct pump_guest *g, const struct fact *in)
{
	pump_push_later(p, &g->m, in);
}

unsigned pump_n_guests(const struct pump *p)
{
	return (unsigned)p->guests.by_serial.n;
}

#include "xmpp/xhost_find.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

int xhost_find_init(
	struct xhost_find *f, struct outbox *out, const struct xlocate_cfg *cfg, struct rng *rng)
{
	f->out = out;
	return f->targets ? 0 : xlocate_new(&f->targets, cfg, rng);
}

void xhost_find_done(struct xhost_find *f)
{
	f->targets = mem_free(f->targets);
	f->asked.id = 0;
}

static void ask(struct xhost_find *f)
{
	struct targets_question q;

	while (targets_take_question(f->targets, &q)) {
		struct want *w = outbox_want(f->out, WANT_DNS);

		assert(q.id <= TARGETS_QUESTIONS_MAX);
		w->dns_id = f->before + q.id;
		w->dns_type = q.type;
		w->is_host = q.is_host;
		memcpy(w->name, q.name, sizeof(w->name));
		f->asked = q;
	}
}

void xhost_find_begin(struct xhost_find *f, uint32_t *last_dns)
{
	f->before = *last_dns;
	*last_dns += TARGETS_QUESTIONS_MAX;
	ask(f);
}

bool xhost_find_is_for(const struct xhost_find *f, uint32_t dns_id)
{
	return f->targets && dns_id - f->before - 1 < TARGETS_QUESTIONS_MAX;
}

void xhost_find_push(struct xhost_find *f, const struct fact *in)
{
	const uint32_t id = in->dns_id - f->before;

	if (f->asked.id == id)
		f->asked.id = 0;
	targets_push_answer(f->targets, id, in->dns);
	ask(f);
}

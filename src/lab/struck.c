#include "lab/struck.h"

#include "base/list.h"
#include "base/mem.h"
#include "lab/fault_case.h"

struct struck_flow {
	struct map_node node; /* by id */
	flow_t flow;
};

void struck_init(
	struct struck *s, const struct lab_fault *fault, struct shell *shell, struct rng *rng)
{
	*s = (struct struck){ .fault = fault, .shell = shell };
	map_init(&s->flows, LAB_CONNS_MAX, rng);
}

static struct struck_flow *owner(struct map_node *n)
{
	return n ? LIST_OWNER(n, struct struck_flow, node) : NULL;
}

static void forget(struct struck *s, struct struck_flow *f)
{
	map_remove(&s->flows, &f->node);
	mem_free(f);
}

void struck_done(struct struck *s)
{
	for (struct map_node *n; (n = map_next(&s->flows, NULL));)
		forget(s, owner(n));
	map_done(&s->flows);
}

static bool add(struct struck *s, flow_t flow)
{
	struct struck_flow *f = mem_alloc0(sizeof(*f));

	if (!f)
		return false;
	f->flow = flow;
	if (map_insert(&s->flows, &f->node, slice_of(&f->flow, sizeof(f->flow)))) {
		mem_free(f);
		return false;
	}
	return true;
}

bool struck_accept(struct struck *s, const struct fact *in)
{
	const struct fault_conn *f = fault_of_conn(s->fault, (enum lab_listener)in->listener);

	if (!f)
		return false;
	if (!add(s, in->flow))
		shell_want(s->shell, WANT_DROP_FLOW)->flow = in->flow;
	else if (f->does == FAULT_CONN_MUTE)
		shell_want(s->shell, WANT_PAUSE)->flow = in->flow;
	return true;
}

/* At the first byte and not before: the peer has seen its connection come up, always. */
static bool first_bytes(struct struck *s, flow_t flow)
{
	const struct fault_conn *f = &s->fault->conn;
	const struct origin to = { .flow = flow };
	struct want *w;

	switch (f->does) {
	case FAULT_CONN_NONE:
	case FAULT_CONN_MUTE: return false;
	case FAULT_CONN_RESET:
		w = shell_want(s->shell, WANT_DROP_FLOW);
		w->flow = flow;
		w->reset = true;
		break;
	case FAULT_CONN_REPLY:
		buf_put(shell_out(s->shell), f->reply);
		shell_send(s->shell, &to);
		shell_want(s->shell, WANT_CLOSE_FLOW)->flow = flow;
		break;
	}
	return true;
}

bool struck_push(struct struck *s, const struct fact *in)
{
	struct struck_flow *f = owner(map_find(&s->flows, slice_of(&in->flow, sizeof(in->flow))));
	bool over = in->type == FACT_FLOW_EOF || in->type == FACT_FLOW_FAILED;

	if (!f)
		return false;
	if (in->type == FACT_FLOW_EOF)
		shell_want(s->shell, WANT_CLOSE_FLOW)->flow = f->flow;
	if (in->type == FACT_FLOW_BYTES)
		over = first_bytes(s, f->flow);
	if (over)
		forget(s, f);
	return true;
}

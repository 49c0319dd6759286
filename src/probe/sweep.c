#include "probe/sweep.h"

#include <string.h>

#include "base/mem.h"
#include "probe/sweep_private.h"
#include "xmpp/jid.h"

enum {
	OUT_BYTES_MAX = 256 << 10,
	OUTPUTS_MAX = 64,
	/* Of one push: every question may be given up, and every row may end and another begin. */
	WANTS_MAX = TARGETS_QUESTIONS_MAX + 4 * SWEEP_PARALLEL,
};

/* ---- who is meant by a fact ---- */

static struct sweep_try *find_flow(struct sweep *s, flow_t flow)
{
	for (unsigned i = 0; i < SWEEP_PARALLEL; i++)
		if (s->tries[i].row && s->tries[i].flow == flow && flow)
			return &s->tries[i];
	return NULL;
}

static struct sweep_try *find_listener(struct sweep *s, uint32_t listener)
{
	for (unsigned i = 0; i < SWEEP_PARALLEL; i++)
		if (s->tries[i].row && s->tries[i].listener == listener && listener)
			return &s->tries[i];
	return NULL;
}

/* ---- from names to rows to the end ---- */

static void finish(struct sweep *s)
{
	struct sweep_result *r = &s->result;

	for (unsigned i = 0; i < s->n_rows; i++)
		r->not_tried += s->rows[i].outcome == SWEEP_NOT_TRIED;
	r->duration = s->now - s->start;
	r->n_questions = s->targets.questions.n;
	r->questions = s->targets.asked;
	r->n_rows = s->n_rows;
	r->rows = s->rows;
	sweep_judge(s);
	s->done = true;
}

static struct sweep_try *free_try(struct sweep *s)
{
	for (unsigned i = 0; i < SWEEP_PARALLEL; i++)
		if (!s->tries[i].row)
			return &s->tries[i];
	return NULL;
}

static void start_rows(struct sweep *s)
{
	while (s->next_row < s->n_rows && s->n_trying < SWEEP_PARALLEL && s->now < s->deadline) {
		struct sweep_row *row = &s->rows[s->next_row++];

		if (row->addr.family)
			sweep_row_start(s, free_try(s), row);
	}
}

/* What can go on goes on: after every push. */
static void go_on(struct sweep *s)
{
	if (s->done)
		return;
	if (s->resolving) {
		sweep_names_ask(s);
		if (!sweep_names_are_complete(s) && s->now < s->resolve_by)
			return;
		sweep_names_give_up(s);
		sweep_plan_rows(s);
		s->resolving = false;
	}
	start_rows(s);
	if (s->n_trying == 0 && (s->next_row == s->n_rows || s->now >= s->deadline))
		finish(s);
}

static void stop(struct sweep *s)
{
	if (s->done)
		return;
	s->result.interrupted = true;
	if (s->resolving)
		sweep_names_give_up(s);
	for (unsigned i = 0; i < SWEEP_PARALLEL; i++)
		if (s->tries[i].row)
			sweep_abandon(s, &s->tries[i]);
	s->resolving = false;
	finish(s);
}

/* ---- facts ---- */

static void push(void *self, const struct fact *in, ts_t now)
{
	struct sweep *s = self;
	struct sweep_try *t = NULL;

	s->now = now;
	outbox_begin(&s->out);
	switch (in->type) {
	case FACT_FLOW_UP:
	case FACT_FLOW_BYTES:
	case FACT_FLOW_EOF:
	case FACT_FLOW_FAILED:
	case FACT_TLS_UP: t = find_flow(s, in->flow); break;
	case FACT_LISTEN_UP:
	case FACT_LISTEN_FAILED:
	case FACT_DATAGRAM:
	case FACT_DATAGRAM_FAILED: t = find_listener(s, in->listener); break;
	case FACT_DNS:
		if (s->resolving)
			sweep_names_answer(s, in->dns_id, in->dns);
		break;
	case FACT_CLOCK:
		s->wall = in->wall;
		s->knows_wall = true;
		break;
	case FACT_STOP: stop(s); break;
	case FACT_FLOW_ACCEPTED:
	case FACT_ACCEPT_FAILED:
	case FACT_FLOW_BLOCKED:
	case FACT_FLOW_READY: break;
	}
	if (t)
		sweep_row_fact(s, t, in);
	go_on(s);
}

static void push_time(void *self, ts_t now)
{
	struct sweep *s = self;

	s->now = now;
	outbox_begin(&s->out);
	sweep_sip_time(s);
	for (unsigned i = 0; i < SWEEP_PARALLEL; i++)
		if (s->tries[i].row && now >= sweep_row_deadline(&s->tries[i]))
			sweep_row_time(s, &s->tries[i]);
	go_on(s);
}

static bool take_output(void *self, struct output *ret)
{
	return outbox_take_output(&((struct sweep *)self)->out, ret);
}

static bool take_want(void *self, struct want *ret)
{
	return outbox_take_want(&((struct sweep *)self)->out, ret);
}

static ts_t deadline(const void *self)
{
	const struct sweep *s = self;
	ts_t at = s->resolving ? s->resolve_by : tl_deadline(s->tl);

	for (unsigned i = 0; i < SWEEP_PARALLEL; i++)
		if (s->tries[i].row)
			at = ts_min(at, sweep_row_deadline(&s->tries[i]));
	return at;
}

/* ---- life ---- */

static int read_domain(struct slice text, char *ret, size_t size, struct text *why)
{
	struct jid jid;
	struct where where;
	int err = jid_make(&jid, SLICE_NONE, text, SLICE_NONE, &where);

	if (!err)
		err = jid_domain_ascii(jid_domain(&jid), ret, size);
	if (err && err != -ENOMEM) {
		*why = TEXT(N_("`{1}` is no domain"), text_slice(text));
		err = ERR_CONFIG;
	}
	return err;
}

static int read_cfg(struct sweep *s, const struct sweep_cfg *cfg, struct text *why)
{
	int err = read_domain(cfg->name, s->ascii, sizeof(s->ascii), why);

	if (!err && (!slice_cstr(cfg->name, s->name, sizeof(s->name)) ||
			    !slice_cstr(cfg->server, s->server, sizeof(s->server)))) {
		*why = TEXT_PLAIN(N_("a name is too long"));
		err = ERR_CONFIG;
	}
	if (!err)
		err = read_domain(cfg->from.n ? cfg->from : SLICE(SWEEP_NOBODY), s->from,
			sizeof(s->from), why);
	for (unsigned i = 0; !err && i < cfg->n_domains; i++)
		err = read_domain(cfg->domains[i], s->domains[i], sizeof(s->domains[i]), why);
	s->cfg.name = slice_str(s->name);
	s->cfg.server = slice_str(s->server);
	s->cfg.from = slice_str(s->from);
	return err;
}

static int init(struct sweep *s, const struct sweep_cfg *cfg, struct text *why)
{
	int err = outbox_init(&s->out, OUT_BYTES_MAX, OUTPUTS_MAX, WANTS_MAX);

	/* One row more than the limit: the one that turns out to be too many. */
	s->rows = mem_alloc0((SWEEP_ROWS_MAX + 1) * sizeof(*s->rows));
	s->findings = mem_alloc0(SWEEP_FINDINGS_MAX * sizeof(*s->findings));
	s->own_faults = mem_alloc0(SWEEP_OWN_FAULTS_MAX * sizeof(*s->own_faults));
	if (!s->rows || !s->findings || !s->own_faults)
		err = -ENOMEM;
	if (!err)
		err = sweep_sip_init(s);
	if (!err)
		err = read_cfg(s, cfg, why);
	if (!err)
		err = sweep_names_init(s, why);
	s->cfg.peer_server = SLICE_NONE; /* it was lent */
	return err;
}

int sweep_new(struct sweep **ret, const struct sweep_cfg *cfg, struct rng *rng, ts_t now,
	struct text *why)
{
	struct sweep *s = mem_alloc0(sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->cfg = *cfg;
	s->rng = rng;
	s->start = s->now = now;
	s->deadline = ts_add(now, cfg->timeout);
	/* The DNS may not eat up the time of the rows. */
	s->resolve_by = ts_add(now, cfg->timeout / 2);
	s->resolving = true;
	int err = init(s, cfg, why);
	if (err) {
		sweep_free(s);
		return err;
	}
	s->result.side = cfg->side;
	memcpy(s->result.name, s->name, sizeof(s->result.name));
	go_on(s);
	*ret = s;
	return 0;
}

struct sweep *sweep_free(struct sweep *s)
{
	if (!s)
		return NULL;
	for (unsigned i = 0; i < SWEEP_PARALLEL; i++)
		sweep_row_done(&s->tries[i]);
	tl_free(s->tl);
	outbox_done(&s->out);
	mem_free(s->rows);
	mem_free(s->findings);
	mem_free(s->own_faults);
	return mem_free(s);
}

struct engine sweep_engine(struct sweep *s)
{
	static const struct engine_ops ops = {
		.name = "sweep",
		.push = push,
		.push_time = push_time,
		.take_output = take_output,
		.take_want = take_want,
		.deadline = deadline,
	};

	return (struct engine){ &ops, s };
}

bool sweep_is_done(const struct sweep *s)
{
	return s->done;
}

const struct sweep_result *sweep_result(const struct sweep *s)
{
	return &s->result;
}

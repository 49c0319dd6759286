#include "gateway/gateway.h"

#include <string.h>

#include "base/mem.h"
#include "gateway/drops.h"
#include "gateway/events.h"
#include "gateway/figures.h"
#include "gateway/peers.h"
#include "gateway/record.h"
#include "gateway/to_sip.h"
#include "gateway/to_xmpp.h"

enum {
	OUTPUTS_MAX = 4096, /* datagrams and flow writes of one push */
	OUT_BYTES_MAX = 16 << 20,
	WANTS_MAX = 64,
	LOG_BYTES_MAX = 512 << 10,
	/* Events of one push, where they may wait: those that make no output have their bound, too.
	 */
	PULLED_MAX = 1024,
	WINDOW_MS = 300, /* below T1: the sender has not repeated its request yet */
	ANSWERING_S = 5, /* of a stop: below systemd's 90 s, above every answer that is owed */
	CLOSING_S = 2,
};

/* SIGTERM: what is in hand is answered first, then senders hear what fails, then the streams are
 * closed, then it is over. */
enum stop {
	STOP_NOT,
	STOP_ANSWERING,
	STOP_TELLING,
	STOP_CLOSING,
	STOP_OVER,
};

struct gateway {
	struct gateway_cfg cfg;
	struct gateway_stats stats;
	struct drops drops;
	struct peers peers;
	struct recent recent;
	char id[IDS_TEXT + 1]; /* of gateway_message() */
	struct figures *figures;
	struct shell shell;
	struct lent lent;
	struct ids ids;
	flow_t last_flow;
	uint32_t last_dns;
	char *secret;
	struct routes routes;
	struct contacts contacts;
	struct links *links;
	struct hops *hops;
	struct to_xmpp *to_xmpp;
	struct to_sip *to_sip;
	unsigned n_pulled; /* in this push */
	enum stop stop;
	ts_t stop_by;
};

/* ---- events, from the one that knows to the one that acts ---- */

static bool has_room(struct gateway *g)
{
	return g->n_pulled++ < PULLED_MAX && shell_has_room(&g->shell);
}

static bool pull_link(struct gateway *g, ts_t now)
{
	struct link_event ev;
	struct report report;

	if (!links_take_event(g->links, has_room(g), &ev, now))
		return false;
	switch (ev.type) {
	case LINK_EV_PROVEN: to_xmpp_push_proven(g->to_xmpp, ev.ref, now); break;
	case LINK_EV_UNPROVEN: to_xmpp_push_unproven(g->to_xmpp, ev.ref, now); break;
	case LINK_EV_LOST: to_xmpp_push_lost(g->to_xmpp, ev.ref, now); break;
	case LINK_EV_STANZA:
		if (!slice_eqs(ev.stanza->type, "error"))
			to_sip_push_stanza(g->to_sip, ev.link, ev.stanza, now);
		else if (to_xmpp_push_error(g->to_xmpp, ev.link, ev.stanza, &report, now))
			to_sip_push_report(g->to_sip, &report, now);
		break;
	}
	return true;
}

static enum answer answer_to_options(const struct gateway *g)
{
	if (g->stop != STOP_NOT)
		return ANSWER_OPTIONS_DOWN;
	switch (links_take(g->links)) {
	case LINK_TAKES:
	case LINK_FULL: return ANSWER_OPTIONS;
	case LINK_DOWN: break;
	case LINK_REFUSED: return ANSWER_OPTIONS_REFUSED;
	}
	return ANSWER_OPTIONS_DOWN;
}

static bool pull_hop(struct gateway *g, ts_t now)
{
	struct hop_event ev;

	hops_set_options(g->hops, answer_to_options(g));
	if (!hops_take_event(g->hops, has_room(g), &ev, now))
		return false;
	switch (ev.type) {
	case HOP_EV_REQUEST: to_xmpp_push_request(g->to_xmpp, ev.msg, now); break;
	case HOP_EV_FINAL: to_sip_push_final(g->to_sip, ev.ref, ev.msg, now); break;
	case HOP_EV_FAILED: to_sip_push_failed(g->to_sip, ev.ref, ev.why, now); break;
	case HOP_EV_GONE: to_xmpp_push_gone(g->to_xmpp, ev.ref, now); break;
	}
	return true;
}

/* What lives one push, a stanza or a request, is taken first; what one event makes possible is done
 * before the next one. */
static void pull(struct gateway *g, ts_t now)
{
	while (pull_link(g, now) || pull_hop(g, now) || to_sip_go_on(g->to_sip, now))
		;
}

/* ---- the stop ---- */

static void enter_stop(struct gateway *g, enum stop stop, ts_t by)
{
	g->stop = stop;
	g->stop_by = by;
}

static bool is_busy(const struct gateway *g)
{
	return to_xmpp_count(g->to_xmpp) || to_sip_count(g->to_sip);
}

static void begin_stop(struct gateway *g, ts_t now)
{
	if (g->stop != STOP_NOT)
		return;
	to_xmpp_stop(g->to_xmpp);
	to_sip_stop(g->to_sip);
	enter_stop(g, STOP_ANSWERING, ts_add(now, TS_S(ANSWERING_S)));
}

/* ---- counters ---- */

#define COUNTER(member)                                                                            \
	{                                                                                          \
#member, offsetof(struct gateway_stats, member)                                    \
	}
static const struct {
	const char *name;
	size_t at;
} counters[] = {
	COUNTER(sip_to_xmpp),
	COUNTER(xmpp_to_sip),
	COUNTER(sip_refused),
	COUNTER(xmpp_refused),
	COUNTER(far_errors),
	COUNTER(late_errors),
	COUNTER(stray_errors),
	COUNTER(reports),
	COUNTER(relays),
	COUNTER(relays_lost),
	COUNTER(failures_lost),
	COUNTER(xmpp_silent),
	COUNTER(xmpp_dropped),
	COUNTER(parts_left_out),
	COUNTER(xmpp_attributes_left_out),
	COUNTER(sip_malformed),
	COUNTER(sip_untrusted),
	COUNTER(sip_acks),
	COUNTER(sip_late),
	COUNTER(sip_stray),
	COUNTER(sip_cut),
	COUNTER(sip_gone),
	COUNTER(conns_dropped),
	COUNTER(conns_full),
	COUNTER(overload_503),
	COUNTER(overload_wait),
	COUNTER(reconnects),
};
#undef COUNTER

bool gateway_counter(const struct gateway *g, size_t i, const char **name, uint64_t *ret)
{
	if (i >= COUNT(counters))
		return false;
	*name = counters[i].name;
	memcpy(ret, (const char *)&g->stats + counters[i].at, sizeof(*ret));
	return true;
}

/* What happened since the start, but for what did not. */
static void log_counters(const struct gateway *g, struct buf *b)
{
	const char *name;
	uint64_t n;

	for (size_t i = 0; gateway_counter(g, i, &name, &n); i++)
		if (n)
			log_u64(b, name, n);
}

bool gateway_message(struct gateway *g, size_t i, struct gateway_message *ret)
{
	const struct recent_message *m = recent_at(&g->recent, i);

	if (!m)
		return false;
	*ret = (struct gateway_message){ .way = m->way,
		.outcome = m->outcome,
		.status = m->status,
		.cause = m->cause,
		.from = recent_text(m, RECENT_FROM),
		.to = recent_text(m, RECENT_TO),
		.stanza_id = record_id(m, &g->ids, g->id),
		.call_id = recent_text(m, RECENT_CALL_ID),
		.began = m->began,
		.ended = m->ended };
	return true;
}

uint64_t gateway_ended(const struct gateway *g, enum gateway_way way, enum gateway_outcome outcome)
{
	return g->recent.ended[way][outcome];
}

bool gateway_peer(const struct gateway *g, size_t i, struct gateway_peer *ret)
{
	const struct peer *p = peers_at(&g->peers, i);

	if (!p)
		return false;
	*ret = (struct gateway_peer){ slice_of(p->name, p->n_name), p->refused, p->timeouts };
	return true;
}

struct gateway_load gateway_load(const struct gateway *g)
{
	return (struct gateway_load){ .to_xmpp = to_xmpp_count(g->to_xmpp),
		.to_sip = to_sip_count(g->to_sip),
		.untold = to_sip_untold(g->to_sip),
		.oldest_to_xmpp = to_xmpp_oldest(g->to_xmpp),
		.oldest_to_sip = to_sip_oldest(g->to_sip) };
}

static void log_state(struct gateway *g)
{
	const struct gateway_load load = gateway_load(g);
	struct buf *b = event_begin(&g->shell, EVENT_STATE);

	log_str(b, "xmpp", gateway_is_up(g) ? SLICE("up") : SLICE("down"));
	log_u64(b, "to_xmpp", load.to_xmpp);
	log_u64(b, "to_sip", load.to_sip);
	log_u64(b, "untold", load.untold);
	shell_emit(&g->shell, GATEWAY_EV_LOG, false, event_row(EVENT_STATE)->level);
}

void gateway_push_dump(struct gateway *g)
{
	shell_begin(&g->shell);
	log_state(g);
	log_counters(g, event_begin(&g->shell, EVENT_COUNTERS));
	shell_emit(&g->shell, GATEWAY_EV_LOG, false, event_row(EVENT_COUNTERS)->level);
}

static void stopped(struct gateway *g)
{
	g->stats.failures_lost += to_sip_untold(g->to_sip);
	enter_stop(g, STOP_OVER, TS_NEVER);
	drops_push_time(&g->lent, TS_NEVER);
	log_counters(g, event_begin(&g->shell, EVENT_STOPPED));
	shell_emit(&g->shell, GATEWAY_EV_STOPPED, false, event_row(EVENT_STOPPED)->level);
}

static void check_stop(struct gateway *g, ts_t now)
{
	const ts_t soon = ts_add(now, TS_S(CLOSING_S));

	if (g->stop == STOP_ANSWERING && (!is_busy(g) || now >= g->stop_by)) {
		to_sip_give_up(g->to_sip, now);
		enter_stop(g, STOP_TELLING, soon);
		pull(g, now);
	}
	if (g->stop == STOP_TELLING && (!to_sip_untold(g->to_sip) || now >= g->stop_by)) {
		links_stop(g->links, now);
		enter_stop(g, STOP_CLOSING, soon);
		pull(g, now);
	}
	if (g->stop == STOP_CLOSING && (links_are_over(g->links) || now >= g->stop_by))
		stopped(g);
}

/* ---- the engine ---- */

static void begin(struct gateway *g)
{
	shell_begin(&g->shell);
	g->n_pulled = 0;
}

static void push(void *self, const struct fact *in, ts_t now)
{
	struct gateway *g = self;

	begin(g);
	if (in->type == FACT_STOP)
		begin_stop(g, now);
	else if (!links_push(g->links, in, now))
		hops_push(g->hops, in, now);
	pull(g, now);
	check_stop(g, now);
}

static void push_time(void *self, ts_t now)
{
	struct gateway *g = self;

	begin(g);
	links_push_time(g->links, now);
	hops_push_time(g->hops, now);
	drops_push_time(&g->lent, now);
	to_xmpp_push_time(g->to_xmpp, now);
	pull(g, now);
	to_sip_push_time(g->to_sip, now); /* not into a stream that is lost by now */
	pull(g, now);
	check_stop(g, now);
}

static bool take_output(void *self, struct output *ret)
{
	struct gateway *g = self;

	return outbox_take_output(&g->shell.out, ret) || links_take_output(g->links, ret);
}

static bool take_want(void *self, struct want *ret)
{
	return outbox_take_want(&((struct gateway *)self)->shell.out, ret);
}

/* What was held back goes on in the next push, at once. */
static ts_t deadline(const void *self)
{
	const struct gateway *g = self;

	ts_t at = ts_min(links_deadline(g->links), hops_deadline(g->hops));
	at = ts_min(at, ts_min(to_xmpp_deadline(g->to_xmpp), to_sip_deadline(g->to_sip)));
	at = ts_min(at, drops_deadline(&g->drops));
	return g->stop == STOP_NOT ? at : ts_min(at, g->stop_by);
}

bool gateway_take_event(struct gateway *g, struct gateway_event *ret)
{
	struct shell_event ev;

	if (!shell_take_event(&g->shell, &ev))
		return false;
	*ret = (struct gateway_event){ .type = (enum gateway_event_type)ev.type,
		.level = ev.level,
		.log = ev.log,
		.transport = ev.transport,
		.addr = ev.addr };
	return true;
}

uint64_t gateway_take_lost_lines(struct gateway *g, enum log_level level)
{
	return shell_take_lost(&g->shell, level);
}

/* ---- life ---- */

static void free_secret(struct gateway *g)
{
	if (g->secret)
		mem_wipe(g->secret, strlen(g->secret));
	g->secret = mem_free(g->secret);
}

void gateway_log_messages(struct gateway *g, bool on)
{
	g->cfg.logs_messages = on;
}

int gateway_set_secret(struct gateway *g, struct slice secret)
{
	char *copy = mem_strndup(secret.p, secret.n);

	if (!copy)
		return -ENOMEM;
	free_secret(g);
	g->secret = copy;
	g->cfg.component_secret = slice_str(copy);
	return 0;
}

static void fill_in(struct gateway_cfg *cfg)
{
	if (!cfg->transactions_max)
		cfg->transactions_max = NIST_DONE_MAX;
	if (!cfg->window)
		cfg->window = TS_MS(WINDOW_MS);
}

static bool has_other_listeners(const struct gateway_cfg *a, const struct gateway_cfg *b)
{
	bool differs = a->n_listens != b->n_listens;

	for (unsigned i = 0; !differs && i < a->n_listens; i++)
		differs = a->listens[i].transport != b->listens[i].transport ||
			  !addr_eq(&a->listens[i].addr, &b->listens[i].addr);
	return differs;
}

static unsigned differences(const struct gateway_cfg *a, const struct gateway_cfg *b)
{
	const bool component = strcmp(a->component_name, b->component_name) != 0 ||
			       strcmp(a->server_host, b->server_host) != 0 ||
			       a->server_port != b->server_port;

	return (has_other_listeners(a, b) ? GATEWAY_KEPT_LISTEN : 0u) |
	       (strcmp(a->next_hop, b->next_hop) != 0 ? GATEWAY_KEPT_NEXT_HOP : 0u) |
	       (component ? GATEWAY_KEPT_COMPONENT : 0u) |
	       (a->transactions_max != b->transactions_max ? GATEWAY_KEPT_TRANSACTIONS : 0u);
}

static void set_trusted(struct gateway *g, const struct gateway_cfg *cfg)
{
	struct addr_net before[GATEWAY_TRUSTED_MAX];
	const unsigned n_before = g->cfg.n_trusted;

	memcpy(before, g->cfg.trusted, sizeof(before));
	memcpy(g->cfg.trusted, cfg->trusted, sizeof(g->cfg.trusted));
	g->cfg.n_trusted = cfg->n_trusted;
	hops_set_trusted(g->hops, before, n_before);
}

int gateway_reload(struct gateway *g, const struct gateway_cfg *cfg, unsigned *kept)
{
	int err = figures_set_partners(g->figures, cfg->partners);

	if (!err)
		err = gateway_set_secret(g, cfg->component_secret);
	if (err) {
		/* They were there before: nothing is allocated. */
		(void)figures_set_partners(g->figures, g->cfg.partners);
		return err;
	}
	struct gateway_cfg whole = *cfg;
	fill_in(&whole);
	*kept = differences(&g->cfg, &whole);
	g->cfg.partners = g->routes.partners = cfg->partners;
	contacts_set_partners(&g->contacts, cfg->partners);
	set_trusted(g, cfg);
	to_sip_forget_idle(g->to_sip);
	links_hurry(g->links); /* a new secret, or a server that was mended just now */
	g->cfg.options = cfg->options;
	g->cfg.settle = cfg->settle;
	g->cfg.refuses_unproven = cfg->refuses_unproven;
	g->cfg.logs_users = cfg->logs_users;
	return 0;
}

static int read_cfg(struct gateway *g, const struct gateway_cfg *cfg)
{
	g->cfg = *cfg;
	fill_in(&g->cfg);
	g->routes = (struct routes){ .partners = cfg->partners, .n_links = 1 };
	int err = jid_domain_unicode(
		slice_str(cfg->component_name), g->routes.links[0], sizeof(g->routes.links[0]));
	return err ? err : gateway_set_secret(g, cfg->component_secret);
}

static int make_messages(struct gateway *g)
{
	const struct to_xmpp_cfg to_xmpp = { &g->lent, &g->routes, &g->contacts, g->links,
		g->hops };
	const struct to_sip_cfg to_sip = { &g->lent, &g->routes, &g->contacts, g->links, g->hops };
	int err = to_xmpp_new(&g->to_xmpp, &to_xmpp);

	return err ? err : to_sip_new(&g->to_sip, &to_sip);
}

static int init(struct gateway *g, const struct gateway_cfg *cfg, struct rng *rng, ts_t now)
{
	static const struct shell_limits limits = { .out_bytes = OUT_BYTES_MAX,
		.outputs = OUTPUTS_MAX,
		.wants = WANTS_MAX,
		.log_bytes = LOG_BYTES_MAX };

	g->lent = (struct lent){ .shell = &g->shell,
		.rng = rng,
		.stats = &g->stats,
		.drops = &g->drops,
		.peers = &g->peers,
		.recent = &g->recent,
		.ids = &g->ids,
		.cfg = &g->cfg,
		.last_flow = &g->last_flow,
		.last_dns = &g->last_dns };
	ids_init(&g->ids, rng);
	int err = shell_init(&g->shell, &limits);
	if (!err)
		err = read_cfg(g, cfg);
	if (!err)
		err = figures_new(&g->figures, cfg->partners, rng);
	g->lent.figures = g->figures;
	if (!err)
		err = contacts_init(&g->contacts, cfg->partners, rng);
	if (!err)
		err = hops_new(&g->hops, &g->lent, now);
	if (!err)
		err = links_new(&g->links, &g->lent, now);
	return err ? err : make_messages(g);
}

int gateway_new(struct gateway **ret, const struct gateway_cfg *cfg, struct rng *rng, ts_t now)
{
	struct gateway *g = mem_alloc0(sizeof(*g));

	if (!g)
		return -ENOMEM;
	int err = init(g, cfg, rng, now);
	if (err)
		gateway_free(g);
	else
		*ret = g;
	return err;
}

struct gateway *gateway_free(struct gateway *g)
{
	if (!g)
		return NULL;
	to_sip_free(g->to_sip);
	to_xmpp_free(g->to_xmpp);
	links_free(g->links);
	hops_free(g->hops);
	contacts_done(&g->contacts);
	figures_free(g->figures);
	shell_done(&g->shell);
	free_secret(g);
	return mem_free(g);
}

struct engine gateway_engine(struct gateway *g)
{
	static const struct engine_ops ops = {
		.name = "gateway",
		.push = push,
		.push_time = push_time,
		.take_output = take_output,
		.take_want = take_want,
		.deadline = deadline,
	};

	return (struct engine){ &ops, g };
}

const struct figures *gateway_figures(const struct gateway *g)
{
	return g->figures;
}

const struct gateway_stats *gateway_stats(const struct gateway *g)
{
	return &g->stats;
}

bool gateway_is_up(const struct gateway *g)
{
	return links_take(g->links) < LINK_DOWN;
}

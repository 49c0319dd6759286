/* component.c - a link as an XEP-0114 component: one stream to the XMPP server, for the users of
 * one domain.  It connects, logs in, answers for the domain, and comes back. */
#include <stdio.h>

#include "base/mem.h"
#include "gateway/drops.h"
#include "gateway/events.h"
#include "gateway/link.h"
#include "gateway/relay.h"

enum {
	PAUSE_FIRST_MS = 1000, /* a server that restarts is back in seconds ... */
	PAUSE_MAX_MS = 30000,  /* ... and one that is gone is not hammered */
	LOGIN_TIMEOUT_MS = 10000,
	IDLE_PING_MS = 60000, /* white space keeps half-open links from going unnoticed */
	/* A reply to a predecessor may still be on its way when this stream comes up. */
	STRAGGLERS_MS = 1000,
	/* While nobody else is known to be here: a user can make up what looks like a reply. */
	RELAYS_MAX = 100,   /* in a second */
	DOWN_AGAIN_S = 600, /* the same cause, try after try: once, then a line at times */
	CAUSE_MAX = 64,
};

struct component {
	struct link link;
	const struct lent *lent;
	char own[256];        /* the domain, prepared */
	bool was_ready;       /* this stream was */
	ts_t pause;           /* before the next connection */
	struct stanza stanza; /* of the last event */
	unsigned hops;        /* from gateway to gateway it has come */
	bool is_shared;       /* another gateway is connected under our name */
	ts_t up;              /* since when this stream is */
	ts_t relays_since;    /* for RELAYS_MAX */
	unsigned n_relays;
	char cause[CAUSE_MAX]; /* of the last line in the log; "": there was a stream since */
	ts_t told;             /* when that was */
	uint64_t n_twice;      /* attributes of this stream that stood twice, and are counted */
	unsigned attempts;     /* that have failed since there was a stream */
};

static struct component *of(struct link *l)
{
	return LIST_OWNER(l, struct component, link);
}

/* ---- connecting, and what ends a connection ---- */

/* A cause that was told a short while ago is for who looks closely: it does not fill the log while
 * a server is away for hours. */
static enum log_level level_of_down(struct component *c, struct slice cause, ts_t now)
{
	if (c->link.stopping)
		return LOG_LEVEL_INFO;
	if (slice_eqs(slice_cut(cause, 0, CAUSE_MAX - 1), c->cause) &&
		now < c->told + TS_S(DOWN_AGAIN_S))
		return LOG_LEVEL_DEBUG;
	slice_cstr(slice_cut(cause, 0, CAUSE_MAX - 1), c->cause, sizeof(c->cause));
	c->told = now;
	return event_row(EVENT_DOWN)->level;
}

/* What mends it, where that is known for sure. */
static void put_advice(struct buf *b, struct slice cause)
{
	if (slice_eqs(cause, xstream_failure_name(XSTREAM_FAIL_BAD_CREDENTIALS)))
		log_str(b, "advice",
			SLICE("put the secret that the XMPP server has for this component into the "
			      "file that gateway.xmpp.component.secret_file names"));
}

static void log_down(struct component *c, struct slice cause, struct slice text, ts_t now)
{
	const enum log_level level = level_of_down(c, cause, now);
	struct buf *b = event_begin(c->lent->shell, EVENT_DOWN);

	log_str(b, "server", slice_str(c->lent->cfg->server_host));
	log_u64(b, "port", c->lent->cfg->server_port);
	log_str(b, "cause", cause);
	if (text.n)
		log_str(b, "text", text);
	put_advice(b, cause);
	if (++c->attempts > 1)
		log_u64(b, "attempts", c->attempts);
	shell_emit(c->lent->shell, GATEWAY_EV_DOWN, false, level);
}

/* Grows from try to try, with jitter, so that many gateways do not come back as one. */
static void plan_reconnect(struct component *c, ts_t now)
{
	const ts_t spread = c->pause / 2;

	if (c->link.stopping)
		return;
	c->link.connect_at =
		now + c->pause - spread / 2 + rng_below(c->lent->rng, (uint32_t)spread + 1);
	c->pause = ts_min(2 * c->pause, TS_MS(PAUSE_MAX_MS));
}

/* Whatever was owed on the stream is settled. */
static void lost(struct component *c, ts_t now)
{
	link_lost(&c->link);
	c->lent->stats->reconnects += c->was_ready && !c->link.stopping;
	c->was_ready = false;
	c->is_shared = false;
	c->n_twice = 0;
	plan_reconnect(c, now);
}

/* A host for each connection: the secret may have changed. */
static void connect_server(struct link *l, ts_t now)
{
	struct component *c = of(l);
	const struct gateway_cfg *cfg = c->lent->cfg;
	const struct xhost_cfg host = {
		.out = &c->lent->shell->out,
		.last_flow = c->lent->last_flow,
		.last_dns = c->lent->last_dns,
		.find = { .host = slice_str(cfg->server_host), .port = cfg->server_port },
		.stream = {
			.role = XSTREAM_COMPONENT,
			/* XEP-0114 has none: loopback or a private link only. */
			.tls = XSTREAM_TLS_NONE,
			.domain = slice_str(cfg->component_name),
			.password = cfg->component_secret,
			.limits = &xml_relay_limits,
			.timeout = TS_MS(LOGIN_TIMEOUT_MS),
			.idle_ping = TS_MS(IDLE_PING_MS),
		},
	};

	l->connect_at = TS_NEVER;
	int err = xhost_new(&c->link.host, &host, c->lent->rng);
	if (err) {
		log_down(c, slice_str(err_text(err)), SLICE_NONE, now);
		plan_reconnect(c, now);
		return;
	}
	xhost_connect(c->link.host);
}

static void log_failed(struct component *c, const struct xhost_event *ev, ts_t now)
{
	const struct xstream_event *s = ev->stream;

	if (s)
		log_down(c, slice_str(xstream_failure_name(s->failure)),
			slice_str(s->text[0] ? s->text : s->condition), now);
	else
		log_down(c, slice_str(err_text(ev->fact->err)), SLICE_NONE, now);
}

static bool is_refusal(const struct xhost_event *ev)
{
	return ev->stream && ev->stream->failure == XSTREAM_FAIL_BAD_CREDENTIALS;
}

static void log_end(struct component *c, const struct xhost_event *ev, ts_t now)
{
	switch (ev->why) {
	case XHOST_END_NOT_FOUND:
		log_down(c, slice_str(dns_status_name(ev->dns->status)),
			SLICE("the server's name was not resolved"), now);
		break;
	case XHOST_END_FLOW:
	case XHOST_END_EOF:
	case XHOST_END_STREAM: log_failed(c, ev, now); break;
	case XHOST_END_CLOSED: /* of a stop it is the answer to our end of the stream */
		log_down(c,
			c->link.stopping ? SLICE("the gateway is stopping")
					 : SLICE("closed by the server"),
			SLICE_NONE, now);
		break;
	case XHOST_END_INTERNAL: log_down(c, SLICE("out of memory"), SLICE_NONE, now); break;
	}
}

/* ---- other gateways under our name ---- */

static void note_shared(struct component *c)
{
	char text[512];

	if (c->is_shared)
		return;
	c->is_shared = true;
	snprintf(text, sizeof(text), "another gateway is connected as %s",
		c->lent->cfg->component_name);
	log_str(event_begin(c->lent->shell, EVENT_SHARED), "text", slice_str(text));
	shell_emit(c->lent->shell, GATEWAY_EV_LOG, false, event_row(EVENT_SHARED)->level);
}

static bool may_pass_on(struct component *c, ts_t now)
{
	if (c->hops >= RELAY_HOPS_MAX)
		return false;
	if (now >= ts_add(c->relays_since, TS_S(1))) {
		c->relays_since = now;
		c->n_relays = 0;
	}
	return c->is_shared || c->n_relays++ < RELAYS_MAX;
}

static void pass_on(struct link *l, const struct stanza *s, ts_t now)
{
	struct component *c = of(l);
	struct xstream *x = link_stream(l);
	struct buf *b = x && may_pass_on(c, now) ? xstream_begin(x) : NULL;

	if (!b) {
		c->lent->stats->relays_lost++;
		drops_note_user(c->lent, DROP_LOST, s->from,
			"a reply to another gateway that could not be handed on", now);
		return;
	}
	relay_put(c->lent, c->own, s, c->hops + 1, b);
	c->lent->stats->relays += xstream_commit(x, now) == 0;
}

/* To what another process asked. */
static void anothers_reply(struct component *c, const struct stanza *s, ts_t now)
{
	if (now >= ts_add(c->up, TS_MS(STRAGGLERS_MS)) || slice_eqs(s->from, c->own))
		note_shared(c);
	pass_on(&c->link, s, now);
}

/* What another gateway sent on is as if it had come here.  False: it cannot be understood. */
static bool unwrap(struct component *c)
{
	struct relayed in;

	c->hops = 0;
	if (!relay_read(c->lent, c->own, &c->stanza, &in))
		return true;
	if (!in.is_by_us)
		note_shared(c);
	c->stanza = in.stanza;
	c->hops = in.hops;
	return in.stanza.kind == STANZA_IQ || slice_eqs(in.stanza.type, "error");
}

/* ---- what the server says ---- */

/* Only what is for our domain is answered: from any other nothing may be sent, or the server ends
 * the stream (XEP-0114 section 3).  Where `to` is an address for the server and none here, the
 * domain answers: *from. */
static bool is_for_us(const struct component *c, const struct stanza *s, struct stanza *from)
{
	struct where where;
	struct jid to;

	*from = *s;
	if (jid_decode(s->to, &to, &where) == 0)
		return slice_eqs(jid_domain(&to), c->own);
	from->to = jid_domain_in(s->to);
	return s->kind != STANZA_PRESENCE && jid_decode(from->to, &to, &where) == 0 &&
	       slice_eqs(jid_domain(&to), c->own);
}

static void drop(
	struct component *c, const struct stanza *s, enum drop what, const char *cause, ts_t now)
{
	*(what == DROP_SILENT ? &c->lent->stats->xmpp_silent : &c->lent->stats->xmpp_dropped) += 1;
	drops_note_user(c->lent, what, s->from, cause, now);
}

static bool answer(struct component *c, const struct stanza *s,
	bool (*put)(struct buf *, const struct stanza *), ts_t now)
{
	static const char *const for_others[] = {
		[STANZA_MESSAGE] = "a message to a domain that is not ours",
		[STANZA_PRESENCE] = "presence to a domain that is not ours",
		[STANZA_IQ] = "an iq to a domain that is not ours",
		[STANZA_OTHER] = "an element that is no stanza",
	};
	struct xstream *x = link_stream(&c->link);
	struct stanza from;

	if (s->kind == STANZA_OTHER || !is_for_us(c, s, &from)) {
		drop(c, s, DROP_MISTAKE, for_others[s->kind], now);
		return false;
	}
	struct buf *b = x ? xstream_begin(x) : NULL;
	if (b && put(b, &from) && xstream_commit(x, now) == 0)
		return true;
	drop(c, s, DROP_LOST, "an answer for which the stream had no room", now);
	return false;
}

static void iq(struct component *c, const struct stanza *s, ts_t now)
{
	switch (proof_push_pong(c->link.proof, link_stream(&c->link), s, now)) {
	case PROOF_REPLY_OURS: return;
	case PROOF_REPLY_ANOTHERS: anothers_reply(c, s, now); return;
	case PROOF_REPLY_NONE: break;
	}
	if (stanza_wants_answer(s))
		(void)answer(c, s, stanza_put_iq_answer, now);
	else
		drop(c, s, DROP_SILENT, "a reply that nobody asked for", now);
}

/* Presence is not carried: nobody here has one to tell, and who asks hears that. */
static void presence(struct component *c, const struct stanza *s, ts_t now)
{
	if (stanza_wants_answer(s))
		(void)answer(c, s, stanza_put_presence_answer, now);
	else
		drop(c, s, DROP_SILENT, "presence that needs no answer", now);
}

static bool put_too_large(struct buf *b, const struct stanza *s)
{
	static const struct stanza_error error = { .condition = COND_POLICY_VIOLATION,
		.type = ERROR_TYPE_MODIFY,
		.text = SLICE("The stanza is too large or too deep") };

	return stanza_put_error_reply(b, s, &error);
}

/* Of a stanza that is cut the beginning is here; an answer, an error or presence says enough with
 * that. */
static bool is_cut(const struct stanza *s, const struct xstream_event *ev)
{
	return ev->cut && s->kind != STANZA_PRESENCE && !slice_eqs(s->type, "error") &&
	       !slice_eqs(s->type, "result");
}

static bool stanza(
	struct component *c, const struct xstream_event *ev, struct link_event *ret, ts_t now)
{
	struct stanza *s = &c->stanza;

	stanza_read(s, ev->node);
	if (is_cut(s, ev) || s->kind == STANZA_OTHER) {
		c->lent->stats->xmpp_refused += answer(c, s, put_too_large, now);
		return false;
	}
	if (!unwrap(c)) {
		drop(c, s, DROP_MISTAKE, "another gateway handed on what is no reply", now);
		return false;
	}
	if (s->kind == STANZA_IQ)
		iq(c, s, now);
	if (s->kind == STANZA_PRESENCE)
		presence(c, s, now);
	ret->type = LINK_EV_STANZA;
	ret->stanza = s;
	return s->kind == STANZA_MESSAGE;
}

static void ready(struct component *c, const struct xstream_event *ev, ts_t now)
{
	c->was_ready = true;
	c->cause[0] = '\0';
	c->attempts = 0;
	c->up = now;
	c->pause = TS_MS(PAUSE_FIRST_MS);
	log_str(event_begin(c->lent->shell, EVENT_UP), "component", slice_str(ev->jid));
	shell_emit(c->lent->shell, GATEWAY_EV_UP, false, event_row(EVENT_UP)->level);
}

/* ---- events; true for one that goes up ---- */

/* Of which stanza they were is not known: many may have come at once. */
static void count_twice(struct component *c, ts_t now)
{
	const uint64_t n = xstream_twice(xhost_stream(c->link.host));

	for (; c->n_twice < n; c->n_twice++) {
		c->lent->stats->xmpp_attributes_left_out++;
		drops_note_user(c->lent, DROP_ATTRIBUTE, SLICE_NONE,
			"an attribute that stands twice in its tag", now);
	}
}

static bool stream_event(
	struct component *c, const struct xstream_event *ev, struct link_event *ret, ts_t now)
{
	if (ev->type == XSTREAM_EV_READY)
		ready(c, ev, now);
	if (ev->type != XSTREAM_EV_STANZA)
		return false;
	count_twice(c, now);
	proof_push_heard(c->link.proof, now);
	return stanza(c, ev, ret, now);
}

static bool event(struct link *l, const struct xhost_event *ev, struct link_event *ret, ts_t now)
{
	struct component *c = of(l);

	switch (ev->type) {
	case XHOST_EV_STREAM: return stream_event(c, ev->stream, ret, now);
	case XHOST_EV_DOWN:
		log_end(c, ev, now);
		l->is_refused = is_refusal(ev);
		lost(c, now);
		break;
	case XHOST_EV_TARGET:
	case XHOST_EV_PASSED:
	case XHOST_EV_CONNECTED:
	case XHOST_EV_TLS_UP: break;
	}
	return false;
}

static void give_up(struct link *l, ts_t now)
{
	xhost_drop(l->host);
	log_down(of(l), SLICE("the server does not read"), SLICE_NONE, now);
	lost(of(l), now);
}

/* ---- life ---- */

static struct link *free_component(struct link *l)
{
	struct component *c = of(l);

	xhost_free(c->link.host);
	proof_free(c->link.proof);
	return mem_free(c);
}

static const struct link_ops ops = {
	.event = event,
	.pass_on = pass_on,
	.give_up = give_up,
	.connect = connect_server,
	.free = free_component,
};

int component_new(struct link **ret, const struct lent *lent, ts_t now)
{
	const struct gateway_cfg *cfg = lent->cfg;
	struct component *c = mem_alloc0(sizeof(*c));

	if (!c)
		return -ENOMEM;
	const struct proof_cfg proof_cfg = {
		.from = cfg->component_name, .own = c->own, .window = cfg->window
	};
	c->link.ops = &ops;
	c->lent = lent;
	c->pause = TS_MS(PAUSE_FIRST_MS);
	int err = jid_domain_unicode(slice_str(cfg->component_name), c->own, sizeof(c->own));
	if (!err)
		err = proof_new(&c->link.proof, &proof_cfg, lent);
	if (err) {
		free_component(&c->link);
		return err;
	}
	connect_server(&c->link, now);
	*ret = &c->link;
	return 0;
}

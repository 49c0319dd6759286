#include "xmpp/xhost.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "xmpp/xhost_find.h"

enum { RING_MAX = 4 }; /* one push makes PASSED and TARGET, or one event and DOWN, at most */

enum xhost_state {
	XHOST_OVER, /* or not begun */
	XHOST_AWAIT_DNS,
	XHOST_AWAIT_CONNECTION,
	XHOST_STREAM,
};

struct xhost {
	struct xhost_cfg cfg; /* its strings are in `strings` */
	char *strings;
	size_t n_strings;
	struct rng *rng;
	enum xhost_state state;

	struct xhost_find find;
	struct targets_target target, passed;
	struct targets_failure failure;

	flow_t flow;
	bool blocked, in_tls;
	bool is_gone;     /* `gone` has happened to the flow, and nobody was told yet */
	struct fact gone; /* EOF or FAILED */

	struct xstream *stream; /* until what points into it may not be looked at any more */
	struct slice rest;      /* of the push's bytes */
	struct xstream_event of_stream;
	struct xhost_event ring[RING_MAX];
	unsigned ring_head, ring_n;
};

/* ---- life ---- */

static int copy_strings(struct xhost *h)
{
	struct slice *const all[] = {
		&h->cfg.find.domain,
		&h->cfg.find.host,
		&h->cfg.stream.domain,
		&h->cfg.stream.from,
		&h->cfg.stream.username,
		&h->cfg.stream.password,
		&h->cfg.stream.resource,
	};
	size_t at = 0;

	for (size_t i = 0; i < COUNT(all); i++)
		h->n_strings += all[i]->n;
	h->strings = mem_alloc0(h->n_strings + 1);
	if (!h->strings)
		return -ENOMEM;
	for (size_t i = 0; i < COUNT(all); i++) {
		if (all[i]->n)
			memcpy(h->strings + at, all[i]->p, all[i]->n);
		*all[i] = slice_of(h->strings + at, all[i]->n);
		at += all[i]->n;
	}
	return 0;
}

int xhost_new(struct xhost **ret, const struct xhost_cfg *cfg, struct rng *rng)
{
	struct xhost *h = mem_alloc0(sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->cfg = *cfg;
	h->rng = rng;
	int err = copy_strings(h);
	if (!err && (cfg->find.domain.n || cfg->find.host.n))
		err = xhost_find_init(&h->find, h->cfg.out, &h->cfg.find, rng);
	if (err)
		xhost_free(h);
	else
		*ret = h;
	return err;
}

struct xhost *xhost_free(struct xhost *h)
{
	if (!h)
		return NULL;
	xhost_find_done(&h->find);
	xstream_free(h->stream);
	if (h->strings)
		mem_wipe(h->strings, h->n_strings);
	mem_free(h->strings);
	return mem_free(h);
}

static void emit(struct xhost *h, struct xhost_event ev)
{
	assert(h->ring_n < RING_MAX && "the owner takes the events of each push");
	h->ring[(h->ring_head + h->ring_n++) % RING_MAX] = ev;
}

static bool take_ring(struct xhost *h, struct xhost_event *ret)
{
	if (h->ring_n == 0)
		return false;
	*ret = h->ring[h->ring_head];
	h->ring_head = (h->ring_head + 1) % RING_MAX;
	h->ring_n--;
	return true;
}

/* ---- the end ---- */

/* What the stream still has to say goes out in front of the end of its flow. */
static struct slice last_words(struct xhost *h)
{
	struct slice out;

	if (!h->stream || !xstream_take_output(h->stream, &out))
		return SLICE_NONE;
	buf_put(outbox_bytes(h->cfg.out), out);
	return outbox_send(h->cfg.out, h->flow, 0, &(struct addr){ 0 }, NULL) ? out : SLICE_NONE;
}

/* The stream stays for those who still look at its last event. */
static void leave(struct xhost *h)
{
	h->state = XHOST_OVER;
	h->flow = 0;
	h->rest = SLICE_NONE;
	h->ring_n = 0;
	xhost_find_done(&h->find);
}

static struct slice leave_in_order(struct xhost *h)
{
	struct slice last = h->flow ? last_words(h) : SLICE_NONE;

	if (h->flow)
		outbox_want(h->cfg.out, WANT_CLOSE_FLOW)->flow = h->flow;
	leave(h);
	return last;
}

/* `ev` has what belongs to its `why`. */
static void finish(struct xhost *h, struct xhost_event ev)
{
	ev.type = XHOST_EV_DOWN;
	ev.last = leave_in_order(h);
	emit(h, ev);
}

static void finish_by_flow(struct xhost *h, const struct xstream_event *stream)
{
	finish(h, (struct xhost_event){
			  .why = h->gone.type == FACT_FLOW_EOF ? XHOST_END_EOF : XHOST_END_FLOW,
			  .stream = stream,
			  .fact = &h->gone });
}

static void finish_without_memory(struct xhost *h)
{
	finish(h, (struct xhost_event){ .why = XHOST_END_INTERNAL });
}

void xhost_close(struct xhost *h, ts_t now)
{
	if (h->state == XHOST_STREAM)
		xstream_close(h->stream, now);
	else if (h->state != XHOST_OVER)
		finish(h, (struct xhost_event){ .why = XHOST_END_CLOSED });
}

void xhost_hang_up(struct xhost *h)
{
	leave_in_order(h);
}

void xhost_drop(struct xhost *h)
{
	if (h->flow)
		outbox_want(h->cfg.out, WANT_DROP_FLOW)->flow = h->flow;
	leave(h);
}

/* ---- the beginning ---- */

static void begin(struct xhost *h)
{
	assert(h->state == XHOST_OVER);
	h->stream = xstream_free(h->stream);
	h->blocked = h->in_tls = h->is_gone = false;
}

static void want_tls(struct xhost *h, bool direct)
{
	struct want *w = outbox_want(h->cfg.out, WANT_TLS);

	h->in_tls = true;
	w->flow = h->flow;
	w->tls = h->cfg.tls;
	if (!direct || w->tls.accept)
		return;
	/* XEP-0368 */
	slice_cstr(h->cfg.stream.role == XSTREAM_LOOK_SERVER ? SLICE("xmpp-server")
							     : SLICE("xmpp-client"),
		w->tls.alpn, sizeof(w->tls.alpn));
}

static void begin_stream(struct xhost *h, ts_t now)
{
	struct xstream_cfg cfg = h->cfg.stream;

	if (h->target.transport == TRANSPORT_TLS)
		cfg.tls = XSTREAM_TLS_DIRECT;
	h->state = XHOST_STREAM;
	if (xstream_new(&h->stream, &cfg, h->rng, now))
		finish_without_memory(h);
	else if (cfg.tls == XSTREAM_TLS_DIRECT)
		want_tls(h, true);
}

void xhost_attach(struct xhost *h, flow_t flow, ts_t now)
{
	begin(h);
	h->flow = flow;
	begin_stream(h, now);
}

/* ---- from the name to the flow ---- */

static void connect_target(struct xhost *h)
{
	struct want *w = outbox_want(h->cfg.out, WANT_FLOW);

	h->state = XHOST_AWAIT_CONNECTION;
	h->flow = ++*h->cfg.last_flow;
	w->flow = h->flow;
	w->transport = TRANSPORT_TCP;
	w->addr = h->target.addr;
	emit(h, (struct xhost_event){ .type = XHOST_EV_TARGET, .target = &h->target });
}

static void not_found(struct xhost *h)
{
	targets_failure(h->find.targets, &h->failure);
	finish(h, (struct xhost_event){ .why = XHOST_END_NOT_FOUND, .dns = &h->failure });
}

/* The next one may have to be asked for: what happened to the last one is told when it is known
 * whether there is another. */
static void next_target(struct xhost *h)
{
	switch (targets_state(h->find.targets)) {
	case TARGETS_AWAIT_ANSWERS: h->state = XHOST_AWAIT_DNS; break;
	case TARGETS_READY:
		h->passed = h->target;
		if (h->is_gone)
			emit(h, (struct xhost_event){ .type = XHOST_EV_PASSED,
					.target = &h->passed,
					.err = h->gone.err });
		h->is_gone = false;
		targets_take_target(h->find.targets, &h->target);
		connect_target(h);
		break;
	case TARGETS_FAILED: not_found(h); break;
	case TARGETS_EXHAUSTED: finish_by_flow(h, NULL); break;
	}
}

void xhost_connect(struct xhost *h)
{
	begin(h);
	if (xhost_find_init(&h->find, h->cfg.out, &h->cfg.find, h->rng)) {
		finish_without_memory(h);
		return;
	}
	xhost_find_begin(&h->find, h->cfg.last_dns);
	next_target(h);
}

/* ---- facts ---- */

static void answered(struct xhost *h, const struct fact *in)
{
	xhost_find_push(&h->find, in);
	if (h->state == XHOST_AWAIT_DNS)
		next_target(h);
}

static void flow_up(struct xhost *h, const struct fact *in, ts_t now)
{
	if (h->state != XHOST_AWAIT_CONNECTION)
		return;
	xhost_find_done(&h->find);
	emit(h, (struct xhost_event){ .type = XHOST_EV_CONNECTED, .local = in->local });
	begin_stream(h, now);
}

static void tls_up(struct xhost *h, const struct fact *in, ts_t now)
{
	if (!h->in_tls)
		return;
	h->in_tls = false;
	emit(h, (struct xhost_event){ .type = XHOST_EV_TLS_UP, .tls = in->tls });
	xstream_push_tls_up(h->stream, in->tls, now);
}

/* What happens to the flow inside a handshake, or by its fault, is no matter of the stream. */
static void flow_gone(struct xhost *h, const struct fact *in, ts_t now)
{
	h->is_gone = true;
	h->gone = *in;
	h->gone.local = h->gone.peer = NULL;
	h->gone.dns = NULL;
	h->gone.bytes = SLICE_NONE;
	if (in->type == FACT_FLOW_FAILED || h->state == XHOST_AWAIT_CONNECTION)
		h->flow = 0; /* whatever is still to come of it */
	if (h->state == XHOST_AWAIT_CONNECTION)
		next_target(h);
	else if (h->in_tls || in->tls)
		finish_by_flow(h, NULL);
	else
		xstream_push_closed(h->stream, now);
}

bool xhost_is_for(const struct xhost *h, const struct fact *in)
{
	if (in->type == FACT_DNS)
		return h->state != XHOST_OVER && xhost_find_is_for(&h->find, in->dns_id);
	return h->flow && in->flow == h->flow && fact_is_of_flow(in->type);
}

bool xhost_push(struct xhost *h, const struct fact *in, ts_t now)
{
	if (!xhost_is_for(h, in))
		return false;
	switch (in->type) {
	case FACT_FLOW_UP: flow_up(h, in, now); break;
	case FACT_FLOW_BYTES: h->rest = in->bytes; break;
	case FACT_TLS_UP: tls_up(h, in, now); break;
	case FACT_FLOW_EOF:
	case FACT_FLOW_FAILED: flow_gone(h, in, now); break;
	case FACT_FLOW_BLOCKED: h->blocked = true; break;
	case FACT_FLOW_READY: h->blocked = false; break;
	case FACT_DNS: answered(h, in); break;
	case FACT_FLOW_ACCEPTED:
	case FACT_ACCEPT_FAILED:
	case FACT_LISTEN_UP:
	case FACT_LISTEN_FAILED:
	case FACT_DATAGRAM:
	case FACT_DATAGRAM_FAILED:
	case FACT_CLOCK:
	case FACT_STOP: break;
	}
	return true;
}

void xhost_push_time(struct xhost *h, ts_t now)
{
	if (h->state == XHOST_STREAM)
		xstream_push_time(h->stream, now);
}

ts_t xhost_deadline(const struct xhost *h)
{
	return h->state == XHOST_STREAM ? xstream_deadline(h->stream) : TS_NEVER;
}

/* ---- what is taken ---- */

static void stream_event(struct xhost *h)
{
	const struct xstream_event *ev = &h->of_stream;

	switch (ev->type) {
	case XSTREAM_EV_CLOSED:
		finish(h, (struct xhost_event){ .why = XHOST_END_CLOSED, .stream = ev });
		return;
	case XSTREAM_EV_FAILED:
		if (h->is_gone)
			finish_by_flow(h, ev);
		else
			finish(h, (struct xhost_event){ .why = XHOST_END_STREAM, .stream = ev });
		return;
	case XSTREAM_EV_WANT_TLS: want_tls(h, false); break;
	case XSTREAM_EV_OPENED:
	case XSTREAM_EV_FEATURES:
	case XSTREAM_EV_AUTHENTICATED:
	case XSTREAM_EV_READY:
	case XSTREAM_EV_WANT_ACCOUNT:
	case XSTREAM_EV_WANT_SECRET:
	case XSTREAM_EV_WANT_BIND:
	case XSTREAM_EV_STANZA: break;
	}
	emit(h, (struct xhost_event){ .type = XHOST_EV_STREAM, .stream = ev });
}

/* The stream goes on with the rest of the bytes; false when there is none that it takes. */
static bool go_on(struct xhost *h, ts_t now)
{
	size_t n = h->rest.n ? xstream_push_bytes(h->stream, h->rest, now) : 0;

	h->rest = slice_skip(h->rest, n);
	return n > 0;
}

bool xhost_take_event(struct xhost *h, struct xhost_event *ret, ts_t now)
{
	while (h->ring_n == 0 && h->state == XHOST_STREAM) {
		if (xstream_take_event(h->stream, &h->of_stream))
			stream_event(h);
		else if (!go_on(h, now))
			break;
	}
	if (take_ring(h, ret))
		return true;
	if (h->state == XHOST_OVER)
		h->stream = xstream_free(h->stream);
	h->rest = SLICE_NONE;
	return false;
}

bool xhost_take_output(struct xhost *h, struct output *ret)
{
	*ret = (struct output){ .flow = h->flow };
	return h->flow && h->state == XHOST_STREAM && xstream_take_output(h->stream, &ret->bytes);
}

struct xstream *xhost_stream(struct xhost *h)
{
	return h->state == XHOST_STREAM ? h->stream : NULL;
}

flow_t xhost_flow(const struct xhost *h)
{
	return h->flow;
}

bool xhost_is_over(const struct xhost *h)
{
	return h->state == XHOST_OVER;
}

bool xhost_is_ready(const struct xhost *h)
{
	return h->state == XHOST_STREAM && xstream_is_ready(h->stream);
}

bool xhost_is_in_tls(const struct xhost *h)
{
	return h->state == XHOST_STREAM && h->in_tls;
}

bool xhost_is_blocked(const struct xhost *h)
{
	return h->blocked;
}

const char *xhost_state_name(const struct xhost *h)
{
	switch (h->state) {
	case XHOST_AWAIT_DNS: return "the DNS";
	case XHOST_AWAIT_CONNECTION: return "the connection";
	case XHOST_STREAM: return xstream_state_name(h->stream);
	case XHOST_OVER: break;
	}
	return "nothing";
}

bool xhost_asked(const struct xhost *h, struct targets_question *ret)
{
	*ret = h->find.asked;
	return ret->id > 0;
}

/* The first byte chooses the role and the rest of the configuration; behind it is what the other
 * side sends.  Bytes below 0x08, which no XML has, are facts of the driver and deeds of the owner,
 * each with a byte that says more. */
#include <assert.h>
#include <string.h>

#include "xmpp/xhost.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WANTS_MAX = 160, QUESTIONS_MAX = 160 };

struct fuzz {
	struct xhost *h;
	struct outbox out;
	ts_t now;
	flow_t last_flow, accepted;
	uint32_t last_dns, asked[QUESTIONS_MAX]; /* not answered yet */
	enum dns_type types[QUESTIONS_MAX];
	unsigned n_asked, answers;
	bool connects;
	bool up, down; /* of the present connection; down: DOWN was taken, or nothing has begun */
};

static const struct sasl_secret *secret(void)
{
	static struct sasl_secret made;
	struct rng rng;

	rng_init_number(&rng, 1);
	if (!made.iterations)
		assert(sasl_secret_make(&made, SLICE("secret"), SASL_ITERATIONS_MIN, &rng) == 0);
	return &made;
}

/* ---- what comes out ---- */

static void answer_stream(struct fuzz *f, const struct xstream_event *ev)
{
	const bool yes = ++f->answers % 4 != 0;
	struct xstream *x = xhost_stream(f->h);

	assert(x && f->up);
	switch (ev->type) {
	case XSTREAM_EV_WANT_ACCOUNT: xstream_push_account(x, yes ? secret() : NULL, f->now); break;
	case XSTREAM_EV_WANT_SECRET:
		xstream_push_secret(x, yes ? SLICE("secret") : SLICE_NONE, f->now);
		break;
	case XSTREAM_EV_WANT_BIND:
		xstream_push_bind(x, yes ? SLICE("x") : SLICE_NONE, f->now);
		break;
	case XSTREAM_EV_WANT_TLS: assert(xhost_is_in_tls(f->h)); break;
	case XSTREAM_EV_STANZA:
	case XSTREAM_EV_OPENED:
	case XSTREAM_EV_FEATURES: assert(ev->node->name.n > 0); break;
	case XSTREAM_EV_READY:
	case XSTREAM_EV_AUTHENTICATED: break;
	case XSTREAM_EV_CLOSED:
	case XSTREAM_EV_FAILED: assert(false); break;
	}
}

static void is_down(struct fuzz *f, const struct xhost_event *ev)
{
	assert(xhost_is_over(f->h) && !xhost_stream(f->h) && !xhost_flow(f->h));
	assert(xhost_deadline(f->h) == TS_NEVER);
	switch (ev->why) {
	case XHOST_END_NOT_FOUND: assert(ev->dns && !f->up); break;
	case XHOST_END_FLOW: assert(ev->fact->type == FACT_FLOW_FAILED); break;
	case XHOST_END_EOF: assert(ev->fact->type == FACT_FLOW_EOF); break;
	case XHOST_END_STREAM: assert(ev->stream->type == XSTREAM_EV_FAILED); break;
	case XHOST_END_CLOSED:
		assert(ev->stream ? ev->stream->type == XSTREAM_EV_CLOSED : !f->up);
		break;
	case XHOST_END_INTERNAL: assert(false); break;
	}
	f->down = true;
}

static void events(struct fuzz *f)
{
	struct xhost_event ev;

	while (xhost_take_event(f->h, &ev, f->now)) {
		assert(!f->down);
		switch (ev.type) {
		case XHOST_EV_TARGET:
		case XHOST_EV_PASSED: assert(ev.target->addr.family && !f->up); break;
		case XHOST_EV_CONNECTED: f->up = true; break;
		case XHOST_EV_TLS_UP: assert(ev.tls && !xhost_is_in_tls(f->h)); break;
		case XHOST_EV_STREAM: answer_stream(f, ev.stream); break;
		case XHOST_EV_DOWN: is_down(f, &ev); break;
		}
	}
	assert(f->down == xhost_is_over(f->h));
}

static void want(struct fuzz *f, const struct want *w)
{
	switch (w->type) {
	case WANT_DNS:
		assert(w->dns_id <= f->last_dns && w->name[0]);
		if (f->n_asked == QUESTIONS_MAX)
			break;
		f->types[f->n_asked] = w->dns_type;
		f->asked[f->n_asked++] = w->dns_id;
		break;
	case WANT_FLOW: assert(w->flow == f->last_flow && w->addr.port); break;
	case WANT_TLS:
	case WANT_CLOSE_FLOW:
	case WANT_DROP_FLOW: assert(w->flow == (f->connects ? f->last_flow : f->accepted)); break;
	case WANT_LISTEN:
	case WANT_UNLISTEN:
	case WANT_PAUSE:
	case WANT_RESUME:
	case WANT_DROP_DNS: assert(false); break;
	}
}

static void drain(struct fuzz *f)
{
	struct output o;
	struct want w;

	events(f);
	while (outbox_take_output(&f->out, &o) || xhost_take_output(f->h, &o))
		assert(o.flow && o.bytes.n > 0 && o.bytes.p[0] != 0);
	while (outbox_take_want(&f->out, &w))
		want(f, &w);
	outbox_begin(&f->out);
}

/* ---- what goes in ---- */

static void begin(struct fuzz *f)
{
	if (!xhost_is_over(f->h))
		return;
	f->down = false;
	f->up = !f->connects;
	if (f->connects)
		xhost_connect(f->h);
	else
		xhost_attach(f->h, f->accepted = ++f->last_flow | FLOW_ACCEPTED_BIT, f->now);
}

static void push(struct fuzz *f, struct fact in)
{
	static const struct addr local = { .family = 4, .port = 1, .ip = { 127, 0, 0, 1 } };

	in.flow = in.type == FACT_DNS ? 0 : xhost_flow(f->h);
	in.local = in.peer = &local;
	xhost_push(f->h, &in, f->now);
	events(f); /* while what the fact points at is there */
}

static void answer_dns(struct fuzz *f, uint8_t how)
{
	struct dns_record r = { .type = DNS_A };
	struct dns_answer a = { .status = how & 1 ? DNS_OK : (enum dns_status)(how % DNS_CANCELLED),
		.records = &r };

	if (f->n_asked == 0)
		return;
	f->n_asked--;
	r.type = f->types[f->n_asked];
	if (r.type == DNS_SRV) {
		r.srv.priority = how >> 5;
		r.srv.port = 5222;
		memcpy(r.srv.target, how & 2 ? "h.test" : "g.test", 7);
	} else {
		r.addr.family = r.type == DNS_A ? 4 : 6;
		r.addr.ip[0] = how | 1;
	}
	a.n_records = a.status == DNS_OK;
	push(f, (struct fact){ .type = FACT_DNS, .dns_id = f->asked[f->n_asked], .dns = &a });
}

static void fail_flow(struct fuzz *f, uint8_t how)
{
	const struct tls_facts tls = { .failure = TLS_FAILURE_ALERT };

	push(f, (struct fact){ .type = how & 4 ? FACT_FLOW_EOF : FACT_FLOW_FAILED,
			.step = (enum flow_step)(how % 3),
			.err = how,
			.tls = how & 8 ? &tls : NULL });
}

static void leave(struct fuzz *f, uint8_t how)
{
	if (how % 3 == 0) {
		xhost_close(f->h, f->now);
		return;
	}
	if (how % 3 == 1)
		xhost_hang_up(f->h);
	else
		xhost_drop(f->h);
	f->down = true;
}

static void send_stanza(struct fuzz *f)
{
	struct xstream *x = xhost_stream(f->h);
	struct buf *b = x ? xstream_begin(x) : NULL;

	if (!b)
		return;
	buf_puts(b, "<message/>");
	assert(xstream_commit(x, f->now) == 0);
}

static void command(struct fuzz *f, uint8_t c, uint8_t how)
{
	const struct tls_facts facts = { .version = "TLSv1.3", .n_exporter = how & 1 ? 32 : 0 };

	switch (c) {
	case 0: begin(f); break;
	case 1: answer_dns(f, how); break;
	case 2:
		push(f, (struct fact){
				.type = how & 1 ? FACT_FLOW_UP : FACT_TLS_UP, .tls = &facts });
		break;
	case 3: fail_flow(f, how); break;
	case 4:
		if (xhost_deadline(f->h) != TS_NEVER)
			f->now = xhost_deadline(f->h);
		xhost_push_time(f->h, f->now);
		break;
	case 5: send_stanza(f); break;
	case 6: leave(f, how); break;
	default:
		push(f, (struct fact){ .type = how & 1 ? FACT_FLOW_BLOCKED : FACT_FLOW_READY });
		assert(!xhost_flow(f->h) || xhost_is_blocked(f->h) == (how & 1));
		break;
	}
}

static size_t run_of_bytes(struct slice in)
{
	size_t n = 0;

	while (n < in.n && in.p[n] >= 8)
		n++;
	return n;
}

static void run(struct fuzz *f, struct slice in)
{
	while (in.n) {
		size_t n = run_of_bytes(in);

		if (n) {
			push(f, (struct fact){
					.type = FACT_FLOW_BYTES, .bytes = slice_cut(in, 0, n) });
		} else {
			n = in.n > 1 ? 2 : 1;
			command(f, in.p[0], in.p[n - 1]);
		}
		drain(f);
		in = slice_skip(in, n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const bool connects[] = { true, true, false, false, true, true };
	struct slice in = slice_of(data, size);
	const unsigned how = in.n ? in.p[0] : 0, role = how % 6;
	struct fuzz f = { .now = 1, .connects = connects[role], .down = true };
	struct xhost_cfg cfg = {
		.out = &f.out,
		.last_flow = &f.last_flow,
		.last_dns = &f.last_dns,
		.find = { .domain = SLICE("d.test"),
			.host = how & 64 ? SLICE("192.0.2.1") : SLICE_NONE },
		.stream = { .role = (enum xstream_role)role,
			.tls = (enum xstream_tls)(how >> 4 & 3),
			.domain = SLICE("d.test"),
			.from = SLICE("e.test"),
			.username = SLICE("u"),
			.password = SLICE("secret"),
			.sasl2 = how & 128,
			.allow_plain_without_tls = true,
			.timeout = TS_S(10),
			.idle_ping = TS_S(60) },
	};
	struct rng rng;

	if (role == XSTREAM_COMPONENT || role == XSTREAM_ACCEPT_COMPONENT)
		cfg.stream.tls = XSTREAM_TLS_NONE;
	for (unsigned m = 0; m < SASL_EXTERNAL; m++)
		cfg.stream.offer[m] = true;
	rng_init_number(&rng, how);
	if (outbox_init(&f.out, 1 << 20, 64, WANTS_MAX) == 0 && xhost_new(&f.h, &cfg, &rng) == 0) {
		begin(&f);
		drain(&f);
		run(&f, slice_skip(in, 1));
	}
	xhost_free(f.h);
	outbox_done(&f.out);
	return 0;
}

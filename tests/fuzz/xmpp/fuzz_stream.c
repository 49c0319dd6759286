/* The first byte chooses the role and the rest of the configuration; behind it is what the other
 * side sends.  Bytes below 0x08, which no XML has, are the driver's own inputs. */
#include <assert.h>
#include <string.h>

#include "xmpp/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
	struct xstream *x;
	ts_t now;
	bool over, was_ready;
	bool waits;       /* for its presence: stanzas come, and may be answered, before READY */
	unsigned answers; /* of the driver: every other one is a refusal */
};

static void output(struct fuzz *f)
{
	struct slice out;

	while (xstream_take_output(f->x, &out))
		assert(out.n > 0 && out.n < 1 << 20 && out.p[0] != 0);
}

static const struct sasl_secret *secret(void)
{
	static struct sasl_secret made;
	struct rng rng;

	rng_init_number(&rng, 1);
	if (!made.iterations)
		assert(sasl_secret_make(&made, SLICE("secret"), SASL_ITERATIONS_MIN, &rng) == 0);
	return &made;
}

static void answer(struct fuzz *f, const struct xstream_event *ev)
{
	bool yes = ++f->answers % 4 != 0;

	switch (ev->type) {
	case XSTREAM_EV_WANT_ACCOUNT:
		xstream_push_account(f->x, yes ? secret() : NULL, f->now);
		break;
	case XSTREAM_EV_WANT_SECRET:
		xstream_push_secret(f->x, yes ? SLICE("secret") : SLICE_NONE, f->now);
		break;
	case XSTREAM_EV_WANT_BIND:
		xstream_push_bind(f->x,
			!yes          ? SLICE_NONE
			: ev->text[0] ? slice_str(ev->text)
				      : SLICE("x"),
			f->now);
		break;
	case XSTREAM_EV_READY:
		assert(!f->was_ready && ev->jid[0]);
		f->was_ready = true;
		break;
	case XSTREAM_EV_STANZA: assert((f->was_ready || f->waits) && ev->node->name.n > 0); break;
	case XSTREAM_EV_CLOSED:
	case XSTREAM_EV_FAILED: f->over = true; break;
	case XSTREAM_EV_OPENED:
	case XSTREAM_EV_FEATURES: assert(ev->node->name.n > 0); break;
	case XSTREAM_EV_WANT_TLS:
	case XSTREAM_EV_AUTHENTICATED: break;
	}
}

static void drain(struct fuzz *f)
{
	struct xstream_event ev;

	output(f);
	while (xstream_take_event(f->x, &ev)) {
		assert(!f->over);
		answer(f, &ev);
	}
	output(f);
	assert(!f->over || xstream_deadline(f->x) == TS_NEVER);
}

static void send_stanza(struct fuzz *f)
{
	struct buf *b = xstream_begin(f->x);

	assert(!b || f->waits || xstream_is_ready(f->x));
	if (!b)
		return;
	buf_puts(b, "<message/>");
	assert(xstream_commit(f->x, f->now) == 0);
}

static void command(struct fuzz *f, uint8_t c)
{
	const struct tls_facts facts = { .version = "TLSv1.3", .n_exporter = c == 1 ? 32 : 0 };

	switch (c) {
	case 1:
	case 2: xstream_push_tls_up(f->x, &facts, f->now); break;
	case 3: xstream_push_closed(f->x, f->now); break;
	case 4:
		if (xstream_deadline(f->x) != TS_NEVER)
			f->now = xstream_deadline(f->x);
		xstream_push_time(f->x, f->now);
		break;
	case 5: send_stanza(f); break;
	case 6: xstream_close(f->x, f->now); break;
	default: xstream_abort(f->x, "reset", f->now); break;
	}
	drain(f);
}

static size_t run_of_bytes(struct slice in)
{
	size_t n = 0;

	while (n < in.n && in.p[n] >= 8)
		n++;
	return n;
}

static void bytes(struct fuzz *f, struct slice in)
{
	while (in.n) {
		size_t n = xstream_push_bytes(f->x, in, f->now);

		assert(n <= in.n);
		in = slice_skip(in, n);
		drain(f);
		assert(n > 0); /* every question of the stream is answered at once */
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	const unsigned how = in.n ? in.p[0] : 0;
	struct xstream_cfg cfg = {
		.role = (enum xstream_role)(how & 3),
		.tls = (enum xstream_tls)(how >> 2 & 3),
		.domain = SLICE("d.test"),
		.username = SLICE("u"),
		.password = SLICE("secret"),
		.presence = !(how & 64),
		.sasl2 = how & 32,
		.allow_plain_without_tls = how & 16,
		.timeout = TS_S(10),
		.idle_ping = TS_S(60),
	};
	struct fuzz f = { .now = 1, .waits = cfg.role == XSTREAM_CLIENT && cfg.presence };
	struct rng rng;

	if ((how & 1) && cfg.tls < XSTREAM_TLS_NONE)
		cfg.tls = XSTREAM_TLS_NONE; /* roles 1 and 3: components */
	for (unsigned m = 0; m < SASL_EXTERNAL; m++)
		cfg.offer[m] = true;
	rng_init_number(&rng, how);
	if (xstream_new(&f.x, &cfg, &rng, f.now))
		return 0;
	drain(&f);
	for (in = slice_skip(in, 1); in.n;) {
		size_t n = run_of_bytes(in);

		if (n)
			bytes(&f, slice_cut(in, 0, n));
		else
			command(&f, in.p[0]);
		in = slice_skip(in, n ? n : 1);
	}
	xstream_free(f.x);
	return 0;
}

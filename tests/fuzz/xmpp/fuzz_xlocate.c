/* A domain, a line feed, a host, a line feed; the rest says which open question is answered next,
 * and how. */
#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "xmpp/xlocate.h"

enum { RECORDS = 6, OPEN_MAX = 128 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned take(struct slice *in)
{
	unsigned v = in->n ? in->p[0] : 0;

	*in = slice_skip(*in, 1);
	return v;
}

static void make_record(struct slice *in, enum dns_type type, struct dns_record *r)
{
	static const char *const names[] = { "", "d", "a.d", "A.d", "192.0.2.1", "::1" };

	*r = (struct dns_record){ .type = type };
	if (type == DNS_SRV) {
		r->srv.priority = (uint16_t)take(in);
		r->srv.weight = (uint16_t)(take(in) << 8);
		r->srv.port = (uint16_t)take(in);
		const unsigned name = take(in);
		if (name < 6)
			snprintf(r->srv.target, DNS_NAME_MAX, "%s", names[name]);
		else
			snprintf(r->srv.target, DNS_NAME_MAX, "h%u.d", name);
	} else {
		r->addr.family = type == DNS_A ? 4 : 6;
		r->addr.ip[3] = (uint8_t)take(in);
	}
}

static void answer(struct targets *l, struct slice *in, const struct targets_question *q)
{
	struct dns_record records[RECORDS];
	struct dns_answer a = { .records = records };
	const unsigned how = take(in);

	if (how % 16 < RECORDS)
		a.n_records = how % 16;
	else
		a.status = (enum dns_status)(1 + how % DNS_CANCELLED);
	for (size_t i = 0; i < a.n_records; i++)
		make_record(in, how & 128 ? (enum dns_type)(take(in) % 3) : q->type, &records[i]);
	targets_push_answer(l, how == 255 ? how : q->id, &a);
	targets_push_answer(l, q->id, &a);
}

static void check_targets(struct targets *l, unsigned *taken)
{
	struct targets_target t;

	while (targets_state(l) == TARGETS_READY) {
		assert(targets_take_target(l, &t));
		assert(t.addr.family && t.addr.port && t.host[0]);
		assert(t.transport == TRANSPORT_TCP || t.source == TARGETS_SRV);
		assert(++*taken <= TARGETS_MAX);
	}
	assert(!targets_take_target(l, &t));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct targets_question open[OPEN_MAX];
	struct slice in = slice_of(data, size);
	struct xlocate_cfg cfg = { .domain = slice_split(&in, '\n') };
	unsigned n = 0, taken = 0;
	struct targets_failure f;
	struct targets *l;
	struct rng rng;

	cfg.host = slice_split(&in, '\n');
	cfg.port = (uint16_t)take(&in);
	rng_init_number(&rng, cfg.port);
	if (xlocate_new(&l, &cfg, &rng))
		return 0;
	for (;;) {
		while (n < OPEN_MAX && targets_take_question(l, &open[n]))
			n++;
		check_targets(l, &taken);
		if (n == 0)
			break;
		const unsigned i = take(&in) % n;
		const struct targets_question q = open[i];
		open[i] = open[--n];
		answer(l, &in, &q);
	}
	assert(targets_state(l) == (taken ? TARGETS_EXHAUSTED : TARGETS_FAILED));
	targets_failure(l, &f);
	mem_free(l);
	return 0;
}

/* A URI up to the first line feed; behind it one byte says what can be spoken, and the rest which
 * open question is answered next, and how. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "sip/locate.h"

enum { RECORDS = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	struct slice rest;
};

static unsigned take(struct input *in)
{
	unsigned v = in->rest.n ? in->rest.p[0] : 0;

	in->rest = slice_skip(in->rest, 1);
	return v;
}

static void put_name(struct input *in, char name[DNS_NAME_MAX])
{
	static const char *const names[] = { "", "d", "a.d", "A.d", "_sip._udp.d", "192.0.2.1",
		"::1" };
	const unsigned i = take(in);

	snprintf(name, DNS_NAME_MAX, "%s", i < 7 ? names[i] : "h");
	if (i >= 7)
		snprintf(name, DNS_NAME_MAX, "h%u.d", i);
}

static void make_record(struct input *in, enum dns_type type, struct dns_record *r)
{
	static const char *const services[] = { "SIP+D2U", "SIP+D2T", "SIPS+D2T", "E2U+sip" };

	*r = (struct dns_record){ .type = type };
	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		r->addr.family = type == DNS_A ? 4 : 6;
		r->addr.ip[3] = (uint8_t)take(in);
		break;
	case DNS_SRV:
		r->srv.priority = (uint16_t)take(in);
		r->srv.weight = (uint16_t)(take(in) << 8);
		r->srv.port = (uint16_t)take(in);
		put_name(in, r->srv.target);
		break;
	case DNS_NAPTR:
		r->naptr.order = (uint16_t)take(in);
		snprintf(r->naptr.flags, sizeof(r->naptr.flags), "%s", take(in) % 8 ? "s" : "u");
		snprintf(r->naptr.service, sizeof(r->naptr.service), "%s", services[take(in) % 4]);
		put_name(in, r->naptr.replacement);
		break;
	}
}

static void answer(struct locate *l, struct input *in, const struct targets_question *q)
{
	struct dns_record records[RECORDS];
	struct dns_answer a = { .records = records };
	const unsigned how = take(in);

	if (how % 16 < RECORDS)
		a.n_records = how % 16;
	else
		a.status = (enum dns_status)(how % (DNS_CANCELLED + 1));
	for (size_t i = 0; i < a.n_records; i++)
		make_record(in, how & 128 ? (enum dns_type)(take(in) % 4) : q->type, &records[i]);
	locate_push_answer(l, how == 255 ? how : q->id, &a);
	if (how == 255)
		locate_push_answer(l, q->id, &a);
}

static void check_targets(struct locate *l, const struct locate_cfg *cfg, unsigned *taken)
{
	struct targets_target t;

	while (locate_state(l) == TARGETS_READY) {
		assert(locate_take_target(l, &t));
		assert(cfg->can[t.transport] && t.addr.family && t.addr.port);
		assert(t.transport == TRANSPORT_TLS || !cfg->secure);
		assert(++*taken <= TARGETS_MAX);
	}
	assert(!locate_take_target(l, &t));
}

static void run(struct locate *l, struct input *in, const struct locate_cfg *cfg)
{
	static struct targets_question open[TARGETS_QUESTIONS_MAX];
	unsigned n = 0, taken = 0;

	for (;;) {
		while (n < TARGETS_QUESTIONS_MAX && locate_take_question(l, &open[n]))
			n++;
		check_targets(l, cfg, &taken);
		if (n == 0)
			break;
		const unsigned i = take(in) % n;
		const struct targets_question q = open[i];
		open[i] = open[--n];
		answer(l, in, &q);
	}
	assert(locate_state(l) == (taken ? TARGETS_EXHAUSTED : TARGETS_FAILED));
	struct targets_failure f;
	locate_failure(l, &f);
	assert(taken || f.name[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { slice_of(data, size) };
	struct locate_cfg cfg = { .uri = slice_split(&in.rest, '\n') };
	const unsigned flags = take(&in);
	struct locate *l;
	struct rng rng;

	rng_init_number(&rng, flags);
	for (unsigned i = 0; i < 3; i++)
		cfg.can[i] = flags >> i & 1;
	cfg.secure = flags & 8;
	cfg.default_port = flags & 16 ? 5099 : 0;
	cfg.fallback = flags & 32 ? TRANSPORT_TLS : TRANSPORT_UDP;
	if (locate_new(&l, &cfg, &rng))
		return 0;
	run(l, &in, &cfg);
	locate_free(l);
	return 0;
}

/* Two users of one pool: two probes, whose numbers are kept apart on the way to the driver. */
#include "probe/inside.h"

#include "base/mem.h"
#include "probe/private.h"

enum user {
	WRITER,
	READER,
	USERS,
};

struct inside {
	struct probe *users[USERS];
	struct engine engines[USERS];
};

/* ---- whose number is it ---- */

static uint64_t outer(uint64_t n, enum user who)
{
	return n ? n * USERS + who : 0; /* 0 is none of both */
}

static enum user owner(uint64_t n)
{
	return n % USERS ? READER : WRITER;
}

static enum user fact_owner(const struct fact *in)
{
	if (in->type == FACT_DNS)
		return owner(in->dns_id);
	return owner(in->flow ? in->flow : in->listener);
}

static bool take_output(void *self, struct output *ret)
{
	struct inside *in = self;

	for (enum user who = WRITER; who < USERS; who++) {
		if (!in->engines[who].ops->take_output(in->users[who], ret))
			continue;
		ret->flow = outer(ret->flow, who);
		ret->listener = (uint32_t)outer(ret->listener, who);
		return true;
	}
	return false;
}

static bool take_want(void *self, struct want *ret)
{
	struct inside *in = self;

	for (enum user who = WRITER; who < USERS; who++) {
		if (!in->engines[who].ops->take_want(in->users[who], ret))
			continue;
		ret->flow = outer(ret->flow, who);
		ret->listener = (uint32_t)outer(ret->listener, who);
		ret->dns_id = (uint32_t)outer(ret->dns_id, who);
		return true;
	}
	return false;
}

/* ---- what one must know of the other ---- */

static bool is_ready(const struct probe *p)
{
	return p->state == PROBE_SIGNING_IN && p->sip.state == SIP_READY;
}

/* The writer's time-out is that of both from here on. */
static void begin(struct probe *writer, struct probe *reader)
{
	probe_round_begin(writer);
	reader->state = PROBE_ROUND;
	reader->deadline = TS_NEVER;
	reader->token = writer->token;
	reader->answer_token = writer->answer_token;
	reader->written = writer->written;
	probe_begin(reader, PHASE_DELIVER);
	probe_drain(writer);
}

/* A second copy takes a success back; else the first verdict counts. */
static void fail(struct probe *writer, const struct probe *reader)
{
	const struct probe_result *r = &reader->result;

	if (writer->state == PROBE_SETTLING) {
		probe_take_back(writer, r->phase, r->reason, r->message);
	} else if (!probe_is_decided(writer)) {
		writer->result.evidence = r->evidence;
		writer->result.tls[SIDE_SIP] = r->tls[SIDE_SIP];
		writer->result.phases[r->phase] = r->phases[r->phase];
		probe_fail(writer, r->phase, r->reason, r->message);
	}
	probe_drain(writer);
}

/* Behind each push, in which both have begun anew. */
static void settle(struct inside *in)
{
	struct probe *writer = in->users[WRITER], *reader = in->users[READER];

	if (is_ready(writer) && is_ready(reader))
		begin(writer, reader);
	if (reader->delivered && !writer->delivered)
		probe_round_delivered(writer, slice_str(writer->result.user));
	if (reader->result.reason)
		fail(writer, reader);
	if (writer->state > PROBE_SETTLING && !probe_is_decided(reader))
		probe_stop(reader);
}

/* ---- facts ---- */

static void push(void *self, const struct fact *in, ts_t now)
{
	struct inside *i = self;
	const bool is_for_both = in->type == FACT_CLOCK || in->type == FACT_STOP;

	for (enum user who = WRITER; who < USERS; who++) {
		struct fact own = *in;

		own.flow /= USERS;
		own.listener /= USERS;
		own.dns_id /= USERS;
		if (is_for_both || who == fact_owner(in))
			i->engines[who].ops->push(i->users[who], &own, now);
		else
			probe_tell_begin(i->users[who], now);
	}
	settle(i);
}

static void push_time(void *self, ts_t now)
{
	struct inside *in = self;

	for (enum user who = WRITER; who < USERS; who++)
		in->engines[who].ops->push_time(in->users[who], now);
	settle(in);
}

static ts_t deadline(const void *self)
{
	const struct inside *in = self;

	return ts_min(in->engines[WRITER].ops->deadline(in->users[WRITER]),
		in->engines[READER].ops->deadline(in->users[READER]));
}

/* ---- life ---- */

static struct probe_cfg reader_of(const struct inside_cfg *cfg)
{
	struct probe_cfg ret = cfg->probe;

	ret.direction = PROBE_FROM;
	ret.user = cfg->probe.receiver;
	ret.receiver = cfg->probe.user;
	ret.auth_user = cfg->reader_auth_user;
	ret.password = cfg->reader_password;
	ret.device = cfg->reader_device;
	return ret;
}

int inside_new(struct inside **ret, const struct inside_cfg *cfg, struct rng *rng, ts_t now,
	struct text *why)
{
	struct probe_cfg cfgs[USERS] = { cfg->probe, reader_of(cfg) };
	struct inside *in = mem_alloc0(sizeof(*in));
	int err = in ? 0 : -ENOMEM;

	for (enum user who = WRITER; !err && who < USERS; who++) {
		cfgs[who].inside = true;
		cfgs[who].has_receiver_password = false;
		cfgs[who].count = 1;
		err = probe_new(&in->users[who], &cfgs[who], rng, now, why);
		if (!err)
			in->engines[who] = probe_engine(in->users[who]);
	}
	if (err) {
		inside_free(in);
		return err;
	}
	*ret = in;
	return 0;
}

struct inside *inside_free(struct inside *in)
{
	if (!in)
		return NULL;
	for (enum user who = WRITER; who < USERS; who++)
		probe_free(in->users[who]);
	return mem_free(in);
}

struct engine inside_engine(struct inside *in)
{
	static const struct engine_ops ops = {
		.name = "inside",
		.push = push,
		.push_time = push_time,
		.take_output = take_output,
		.take_want = take_want,
		.deadline = deadline,
	};

	return (struct engine){ &ops, in };
}

bool inside_take_event(struct inside *in, struct probe_event *ret)
{
	if (probe_take_event(in->users[WRITER], ret))
		return true;
	while (probe_take_event(in->users[READER], ret))
		if (ret->type == PROBE_EV_TRACE)
			return true;
	return false;
}

const struct probe_result *inside_result(const struct inside *in)
{
	return probe_result(in->users[WRITER]);
}

bool inside_is_done(const struct inside *in)
{
	return probe_is_done(in->users[WRITER]) && probe_is_done(in->users[READER]);
}

#include "probe/probe.h"

#include "base/mem.h"
#include "probe/mask.h"
#include "probe/private.h"

/* ---- what the driver takes ---- */

static bool take_output(void *self, struct output *ret)
{
	struct probe *p = self;

	if (outbox_take_output(&p->out, ret))
		return true;
	return probe_xmpp_take_output(p, ret);
}

static bool take_want(void *self, struct want *ret)
{
	return outbox_take_want(&((struct probe *)self)->out, ret);
}

/* ---- what the sides tell ---- */

static void check_cleanup(struct probe *p)
{
	bool over = p->sip.state == SIP_OVER &&
		    (p->xmpp.state == XMPP_OVER || p->xmpp.state == XMPP_OFF);

	if (p->state != PROBE_CLEANUP || (!over && p->now < p->cleanup_by))
		return;
	p->state = PROBE_DONE;
	probe_end(p, PHASE_CLEANUP, over ? PHASE_OK : PHASE_FAILED);
	if (!over)
		probe_note(p, SIDES, NOTE_CLEANUP_UNFINISHED,
			TEXT_PLAIN(N_("the clean-up did not end in time: a contact or a stream may "
				      "be left until it expires")));
	probe_round_stats(p);
	probe_tell_end(p);
}

/* Behind the verdict there is nothing to do but to sign off. */
static void leave(struct probe *p)
{
	if (p->state != PROBE_DECIDED)
		return;
	p->state = PROBE_CLEANUP;
	probe_sip_cleanup(p);
	probe_xmpp_cleanup(p);
}

/* Right behind each push, until both sides have no more to tell of it. */
void probe_drain(struct probe *p)
{
	struct side_event ev;

	leave(p);
	while (probe_sip_take_event(p, &ev) || probe_xmpp_take_event(p, &ev)) {
		probe_round_push(p, &ev);
		leave(p);
	}
	check_cleanup(p);
}

/* ---- facts ---- */

/* What is awaited; between two round trips the next one. */
static enum probe_phase awaited(const struct probe *p)
{
	if (p->state == PROBE_SIGNING_IN)
		return p->sip.state == SIP_READY && !p->cfg.inside ? p->xmpp.phase
								   : probe_sip_phase(p);
	if (p->cfg.direction == PROBE_FROM)
		return probe_from_awaits(p);
	if (p->state == PROBE_PAUSE)
		return PHASE_SIP_SEND;
	if (p->delivered && !p->answered)
		return PHASE_ANSWER;
	return p->sent_ok && !p->delivered ? PHASE_DELIVER : PHASE_SIP_SEND;
}

static void stop(struct probe *p)
{
	const enum probe_phase at = awaited(p);

	if (p->state == PROBE_SETTLING) {
		probe_settled(p);
		return;
	}
	if (p->state == PROBE_HALF) {
		probe_half_over(p);
		return;
	}
	probe_fail(p, at, REASON_LOCAL_INTERRUPTED,
		p->state == PROBE_PAUSE
			? TEXT_PLAIN(N_("The test was interrupted between two round trips."))
			: TEXT(N_("The test was interrupted in phase {1}."),
				  text_str(phase_name(at))));
}

void probe_stop(struct probe *p)
{
	stop(p);
	probe_drain(p);
}

/* The first word on the clock is what it shows; another one says that it was set meanwhile. */
static void clock(struct probe *p, int64_t wall)
{
	int64_t jump = wall - p->wall;

	if (p->knows_wall && !probe_is_decided(p))
		probe_note(p, SIDES, NOTE_CLOCK_JUMPED,
			jump > 0 ? TEXT(N_("this machine's clock was set forward by {1} s during "
					   "the test"),
					   text_seconds((ts_t)jump))
				 : TEXT(N_("this machine's clock was set back by {1} s during the "
					   "test"),
					   text_seconds((ts_t)-jump)));
	p->wall = wall;
	p->knows_wall = true;
}

static void push(void *self, const struct fact *in, ts_t now)
{
	struct probe *p = self;

	probe_tell_begin(p, now);
	switch (in->type) {
	case FACT_FLOW_UP:
	case FACT_FLOW_BYTES:
	case FACT_FLOW_EOF:
	case FACT_FLOW_FAILED:
	case FACT_TLS_UP:
	case FACT_DNS:
		if (probe_xmpp_is_for(p, in))
			probe_xmpp_fact(p, in);
		else if (in->type == FACT_DNS ? in->dns_id < XMPP_DNS_FIRST
					      : in->flow == p->sip.flow)
			probe_sip_fact(p, in);
		break;
	case FACT_LISTEN_UP:
	case FACT_LISTEN_FAILED:
	case FACT_DATAGRAM:
	case FACT_DATAGRAM_FAILED: probe_sip_fact(p, in); break;
	case FACT_CLOCK: clock(p, in->wall); break;
	case FACT_STOP: stop(p); break;
	case FACT_FLOW_ACCEPTED:
	case FACT_ACCEPT_FAILED:
	case FACT_FLOW_BLOCKED:
	case FACT_FLOW_READY: break;
	}
	probe_drain(p);
}

static bool has_deadline(const struct probe *p)
{
	return p->state <= PROBE_ROUND;
}

static void push_time(void *self, ts_t now)
{
	struct probe *p = self;

	probe_tell_begin(p, now);
	if (has_deadline(p) && now >= p->deadline)
		probe_fail_silent(p);
	if (p->state == PROBE_SETTLING && now >= p->settle_until)
		probe_settled(p);
	leave(p);
	probe_sip_time(p);
	probe_xmpp_time(p);
	probe_round_time(p);
	probe_drain(p);
}

static ts_t deadline(const void *self)
{
	const struct probe *p = self;
	ts_t at = ts_min(probe_sip_deadline(p), probe_xmpp_deadline(p));

	if (p->state == PROBE_DONE)
		return TS_NEVER;
	if (has_deadline(p))
		at = ts_min(at, p->deadline);
	if (p->state == PROBE_PAUSE)
		at = ts_min(at, p->pause_until);
	if (p->state == PROBE_SETTLING)
		at = ts_min(at, p->settle_until);
	if (p->state == PROBE_CLEANUP)
		at = ts_min(at, p->cleanup_by);
	return at;
}

/* ---- life ---- */

/* `sentence`: {1} the address, {2} what is wrong with it. */
static int read_address(struct slice text, const char *sentence, struct jid *ret, struct text *why)
{
	enum address_kind kind;
	struct where where;
	struct buf shown;

	int err = address_read(text, &kind, ret, &where);
	if (!err || err == -ENOMEM)
		return err;
	buf_init(&shown, text.n + sizeof(":***"));
	mask_address(&shown, text);
	*why = TEXT(sentence, text_slice(buf_slice(&shown)), text_id(where.what));
	buf_done(&shown);
	return ERR_CONFIG;
}

static int read_receiver(struct probe *p, const struct probe_cfg *cfg, struct text *why)
{
	int err = read_address(
		cfg->receiver, N_("the receiver `{1}` is not an address: {2}"), &p->receiver, why);

	if (err || cfg->inside)
		return err;
	if (cfg->direction == PROBE_FROM && !cfg->has_receiver_password) {
		*why = TEXT(N_("without the password of {1} nobody can write from there first: "
			       "give --receiver-password-file, or a password_file of the partner's "
			       "receiver in stox.yaml"),
			text_slice(jid_bare(&p->receiver)));
		return ERR_CONFIG;
	}
	if (!slice_eq(jid_domain(&p->user), jid_domain(&p->receiver)))
		return 0;
	*why = TEXT(N_("the receiver `{1}` is in the pool's own domain: a message to it never "
		       "crosses the gateway; name a user of the XMPP partner"),
		text_slice(jid_bare(&p->receiver)));
	return ERR_CONFIG;
}

static int check_cfg(struct probe *p, const struct probe_cfg *cfg, struct text *why)
{
	struct slice user = cfg->auth_user;

	if (cfg->user.n == 0) {
		/* The ancestor's own reason (Test-CsXmppIM), with what to add. */
		*why = TEXT_PLAIN(
			N_("no test user: it is not known which user to log on as; give --user and "
			   "--password-file, or add test_users to the pool in stox.yaml"));
		return ERR_CONFIG;
	}
	int err =
		read_address(cfg->user, N_("the user `{1}` is not an address: {2}"), &p->user, why);
	if (!err && !cfg->sign_in_only)
		err = read_receiver(p, cfg, why);
	if (err)
		return err;
	if (user.n == 0)
		user = jid_local(&p->user);
	if (!slice_cstr(user, p->auth_user, sizeof(p->auth_user)) ||
		!slice_cstr(cfg->password, p->password, sizeof(p->password)) ||
		!slice_cstr(cfg->receiver_password, p->receiver_password,
			sizeof(p->receiver_password))) {
		*why = TEXT_PLAIN(N_("a user name or password is longer than 255 bytes"));
		return ERR_CONFIG;
	}
	hide_add_password(&p->hide, cfg->password);
	hide_add_password(&p->hide, cfg->receiver_password);
	return 0;
}

static void start_result(struct probe *p, const struct probe_cfg *cfg)
{
	struct probe_result *r = &p->result;

	r->direction = p->cfg.direction;
	slice_cstr(cfg->target_fqdn, r->target_fqdn, sizeof(r->target_fqdn));
	slice_cstr(jid_bare(&p->user), r->user, sizeof(r->user));
	if (!cfg->sign_in_only)
		slice_cstr(jid_bare(&p->receiver), r->receiver, sizeof(r->receiver));
}

static int init(struct probe *p, const struct probe_cfg *cfg, struct text *why)
{
	buf_init(&p->scratch, SIP_MSG_MAX);
	int err = probe_tell_init(p);
	if (!err)
		err = check_cfg(p, cfg, why);
	if (err)
		return err;
	start_result(p, cfg);
	err = probe_round_init(p);
	if (!err)
		err = probe_sip_init(p, why);
	if (!err)
		err = probe_xmpp_init(p, why);
	if (!err)
		probe_drain(p);
	return err;
}

int probe_new(struct probe **ret, const struct probe_cfg *cfg, struct rng *rng, ts_t now,
	struct text *why)
{
	struct probe *p = mem_alloc0(sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->cfg = *cfg;
	p->cfg.count = cfg->count && !cfg->sign_in_only ? cfg->count : 1;
	p->cfg.direction = cfg->sign_in_only ? PROBE_TO : cfg->direction;
	p->cfg.has_receiver_password = cfg->has_receiver_password && !cfg->sign_in_only;
	p->rng = rng;
	p->now = p->start = now;
	p->deadline = ts_add(now, cfg->timeout);
	int err = init(p, cfg, why);
	/* What was borrowed is not looked at again. */
	p->cfg.user = p->cfg.auth_user = p->cfg.password = p->cfg.registrar = SLICE_NONE;
	p->cfg.receiver = p->cfg.receiver_password = p->cfg.receiver_server = SLICE_NONE;
	p->cfg.target_fqdn = slice_str(p->result.target_fqdn);
	if (err) {
		probe_free(p);
		return err;
	}
	*ret = p;
	return 0;
}

struct probe *probe_free(struct probe *p)
{
	if (!p)
		return NULL;
	probe_sip_done(p);
	probe_xmpp_done(p);
	probe_round_done(p);
	probe_tell_done(p);
	buf_done(&p->scratch);
	mem_wipe(p, sizeof(*p));
	return mem_free(p);
}

struct engine probe_engine(struct probe *p)
{
	static const struct engine_ops ops = {
		.name = "probe",
		.push = push,
		.push_time = push_time,
		.take_output = take_output,
		.take_want = take_want,
		.deadline = deadline,
	};

	return (struct engine){ &ops, p };
}

const struct probe_result *probe_result(const struct probe *p)
{
	return &p->result;
}

bool probe_is_done(const struct probe *p)
{
	return p->state == PROBE_DONE;
}

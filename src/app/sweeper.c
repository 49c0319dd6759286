#include "app/sweeper.h"

#include "app/language.h"
#include "app/runner.h"
#include "bridge/address.h"

int sweeper_add(struct sweeper *s, struct pump *pump, const struct sweep_cfg *cfg, struct text *why)
{
	struct sweep **to = &s->sweeps[s->n];

	if (s->n == 0) {
		runner_seed(&s->rng);
		s->started_at_us = loop_wall();
	}
	*why = TEXT_PLAIN(err_text(-ENOMEM));
	int err = sweep_new(to, cfg, &s->rng, pump_now(pump), why);
	if (err)
		return err == ERR_CONFIG ? 2 : 3;
	s->n++;
	return pump_add(pump, sweep_engine(*to)) ? 3 : 0;
}

/* The address was good enough for a test. */
static struct slice domain_of(struct jid *jid, const char *address)
{
	enum address_kind kind;
	struct where where;

	return address && address_read(slice_str(address), &kind, jid, &where) == 0
		       ? jid_domain(jid)
		       : SLICE_NONE;
}

int sweeper_add_test(
	struct sweeper *s, struct pump *pump, const struct sweeper_test *test, struct text *why)
{
	struct jid user, receiver;
	const struct slice own = domain_of(&user, test->user);
	const struct sweep_cfg pool = { .side = SWEEP_POOL,
		.name = slice_str(test->target),
		.server = slice_str(test->registrar),
		.registrar_port = (uint16_t)test->registrar_port,
		.domains = { own },
		.n_domains = own.n > 0,
		.trust = test->sip_trust,
		.timeout = SWEEPER_TIMEOUT,
		.row_timeout = SWEEPER_ROW_TIMEOUT };
	const struct sweep_cfg partner = { .side = SWEEP_PARTNER,
		.name = domain_of(&receiver, test->receiver),
		.server = slice_str(test->receiver_server),
		.trust = test->xmpp_trust,
		.timeout = SWEEPER_TIMEOUT,
		.row_timeout = SWEEPER_ROW_TIMEOUT };
	int status = sweeper_add(s, pump, &pool, why);

	return status ? status : sweeper_add(s, pump, &partner, why);
}

bool sweeper_is_done(const struct sweeper *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (!sweep_is_done(s->sweeps[i]))
			return false;
	return true;
}

int sweeper_report(struct sweeper *s, unsigned verbosity, bool strict)
{
	int worst = 0;

	for (unsigned i = 0; i < s->n; i++) {
		const struct sweep_result *r = sweep_result(s->sweeps[i]);
		const int status = sweep_exit_status(r, strict);

		s->checks[i] = (struct report_check){ .result = r,
			.started_at_us = s->started_at_us,
			.look_up = language_look_up,
			.verbosity = verbosity,
			.strict = strict,
			.config = s->config };
		/* What the other side must mend comes before what is amiss here. */
		worst = status == 1 || !worst ? status : worst;
	}
	return worst;
}

void sweeper_done(struct sweeper *s)
{
	for (unsigned i = 0; i < s->n; i++)
		s->sweeps[i] = sweep_free(s->sweeps[i]);
	s->n = 0;
}

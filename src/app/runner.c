#include "app/runner.h"

#include <stdio.h>
#include <unistd.h>

#include "app/language.h"

enum { TRACE_MAX = 8 << 20 };

void runner_seed(struct rng *rng)
{
	uint8_t seed[32];

	getentropy(seed, sizeof(seed)); /* cannot fail for so few */
	rng_init(rng, seed);
}

/* The guidelines of plugins keep the third -v for it. */
static bool prints_messages(const struct runner *r)
{
	return r->verbosity >= (r->outputs.cmd->service ? 3 : 2);
}

int runner_start(struct runner *r, struct pump *pump, const struct probe_cfg *cfg, struct text *why)
{
	struct probe_cfg mine = *cfg;

	r->started_at_us = loop_wall();
	runner_seed(&r->rng);
	mine.trace = prints_messages(r) || traces_are_wanted(&r->traces);
	mine.trace_bodies = prints_messages(r) || r->traces.bodies;
	*why = TEXT_PLAIN(err_text(-ENOMEM));
	int err = traces_begin(&r->traces, mine.trace_bodies);
	if (!err)
		err = probe_new(&r->probe, &mine, &r->rng, pump_now(pump), why);
	if (err)
		return err == ERR_CONFIG ? 2 : 3;
	if (!prints_messages(r) && !r->outputs.cmd->service)
		progress_start(&r->progress, r->probe, mine.count, pump);
	return pump_add(pump, probe_engine(r->probe)) ? 3 : 0;
}

static void print(FILE *to, struct buf *b)
{
	struct slice s = buf_slice(b);

	fwrite(s.p, 1, s.n, to);
	buf_clear(b);
}

static bool is_for_people(const struct runner *r)
{
	return r->outputs.standard && r->outputs.standard->put == report_text;
}

void runner_clear(struct runner *r)
{
	progress_clear(&r->progress);
}

bool runner_drained(struct runner *r)
{
	struct probe_event ev;
	struct buf b;

	if (!r->probe)
		return false;
	buf_init(&b, TRACE_MAX);
	while (probe_take_event(r->probe, &ev)) {
		traces_push(&r->traces, &ev);
		if (ev.type != PROBE_EV_TRACE || !prints_messages(r))
			continue;
		report_trace(&b, &ev);
		/* What programs read has standard output to itself. */
		print(is_for_people(r) ? stdout : stderr, &b);
	}
	buf_done(&b);
	return probe_is_done(r->probe);
}

static struct report_run run_of(const struct runner *r, const struct probe_result *result)
{
	return (struct report_run){ .result = result,
		.started_at_us = r->started_at_us,
		.look_up = language_look_up,
		.verbosity = r->verbosity,
		.config = r->config,
		.max_latency = r->outputs.max_latency,
		.checks = r->checks,
		.n_checks = r->n_checks };
}

int runner_report(struct runner *r)
{
	enum { NOT_HERE = 3 };
	struct report_run run = run_of(r, probe_result(r->probe));
	runner_clear(r);
	const bool traced = traces_write(&r->traces, &run);
	const int status = outputs_write(&r->outputs, &run);

	return status || traced ? status : NOT_HERE;
}

int runner_refuse(struct runner *r, const struct probe_cfg *cfg, enum reason reason,
	enum probe_phase phase, const struct text *why)
{
	struct probe_result result = { .reason = reason, .phase = phase, .message = *why };

	r->started_at_us = loop_wall();
	result.phases[phase].outcome = PHASE_FAILED;
	slice_cstr(cfg->target_fqdn, result.target_fqdn, sizeof(result.target_fqdn));
	slice_cstr(cfg->user, result.user, sizeof(result.user));
	slice_cstr(cfg->receiver, result.receiver, sizeof(result.receiver));
	const struct report_run run = run_of(r, &result);
	return outputs_write(&r->outputs, &run);
}

void runner_done(struct runner *r)
{
	progress_end(&r->progress);
	r->probe = probe_free(r->probe);
	traces_done(&r->traces);
	outputs_done(&r->outputs);
}

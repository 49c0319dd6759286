#include "app/runner.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { REPORT_MAX = 8 << 20 };

const struct report_format *runner_format(const struct opt_command *cmd, const char *name)
{
	const struct report_format *f = report_format_find(slice_str(name ? name : "text"));
	struct buf names;

	if (f)
		return f;
	buf_init(&names, 1024);
	for (size_t i = 0; i < n_report_formats; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", report_formats[i].name);
	opt_complain(cmd, "unknown format `%s`; there are %s", name, buf_cstr(&names));
	buf_done(&names);
	return NULL;
}

void runner_seed(struct rng *rng)
{
	uint8_t seed[32];

	getentropy(seed, sizeof(seed)); /* cannot fail for so few */
	rng_init(rng, seed);
}

static int64_t wall_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int runner_start(struct runner *r, struct pump *pump, const struct probe_cfg *cfg, struct buf *why)
{
	struct probe_cfg mine = *cfg;

	r->started_at_us = wall_now();
	runner_seed(&r->rng);
	mine.trace = r->verbosity >= 2;
	if (!r->format)
		r->format = report_format_find(SLICE("text"));
	int err = probe_new(&r->probe, &mine, &r->rng, pump_now(pump), why);
	if (err)
		return err == ERR_CONFIG ? 2 : 3;
	return pump_add(pump, probe_engine(r->probe)) ? 3 : 0;
}

static void print(FILE *to, struct buf *b)
{
	struct slice s = buf_slice(b);

	fwrite(s.p, 1, s.n, to);
	buf_clear(b);
}

bool runner_drained(struct runner *r)
{
	struct probe_event ev;
	struct buf b;

	if (!r->probe)
		return false;
	buf_init(&b, REPORT_MAX);
	while (probe_take_event(r->probe, &ev)) {
		if (ev.type != PROBE_EV_TRACE)
			continue;
		report_trace(&b, &ev);
		/* What programs read has standard output to itself. */
		print(r->format->put == report_text ? stdout : stderr, &b);
	}
	buf_done(&b);
	return probe_is_done(r->probe);
}

static int report(const struct runner *r, const struct probe_result *result)
{
	const struct report_run run = {
		.result = result, .started_at_us = r->started_at_us, .verbosity = r->verbosity
	};
	struct buf b;

	buf_init(&b, REPORT_MAX);
	int err = r->format->put(&b, &run);
	print(stdout, &b);
	buf_done(&b);
	return err || fflush(stdout) ? 3 : report_exit_status(&run);
}

int runner_report(struct runner *r)
{
	return report(r, probe_result(r->probe));
}

int runner_refuse(struct runner *r, const struct probe_cfg *cfg, enum reason reason,
	enum probe_phase phase, const char *why)
{
	struct probe_result result = {
		.reason = reason, .phase = phase, .message = TEXT("{1}", text_str(why))
	};

	r->started_at_us = wall_now();
	result.phases[phase].outcome = PHASE_FAILED;
	slice_cstr(cfg->target_fqdn, result.target_fqdn, sizeof(result.target_fqdn));
	slice_cstr(cfg->user, result.user, sizeof(result.user));
	slice_cstr(cfg->receiver, result.receiver, sizeof(result.receiver));
	return report(r, &result);
}

void runner_done(struct runner *r)
{
	r->probe = probe_free(r->probe);
}

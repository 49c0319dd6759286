/* The page of one run, and what is kept of it as files. */
#include <jansson.h>
#include <string.h>

#include "base/mem.h"
#include "report/trace_read.h"
#include "watcher/as_json.h"
#include "watcher/run_said.h"
#include "watcher/shown.h"
#include "watcher/visit.h"

enum { FACTS_MAX = 16 };

/* ---- what was kept: the result as `stox test --format json` has it ---- */

struct kept_result {
	json_t *result; /* NULL: none was kept */
	struct slice details[PHASE_COUNT];
	struct page_step steps[REASON_STEPS_MAX];
	size_t n_steps;
	struct page_fact facts[FACTS_MAX];
	size_t n_facts;
	char *numbers[FACTS_MAX]; /* as text */
	size_t n_numbers;
};

static struct slice text_of(const json_t *o)
{
	return json_is_string(o) ? slice_of(json_string_value(o), json_string_length(o))
				 : SLICE_NONE;
}

static bool find_phase(struct slice name, unsigned *ret)
{
	for (unsigned i = 0; i < PHASE_COUNT; i++)
		if (slice_eqs(name, phase_name((enum probe_phase)i))) {
			*ret = i;
			return true;
		}
	return false;
}

/* What the phase did, else with whom. */
static void put_details(struct kept_result *e)
{
	size_t i;
	json_t *o;
	unsigned phase;

	json_array_foreach(json_object_get(e->result, "phases"), i, o)
	{
		const struct slice detail = text_of(json_object_get(o, "detail"));

		if (find_phase(text_of(json_object_get(o, "name")), &phase))
			e->details[phase] =
				detail.n ? detail : text_of(json_object_get(o, "address"));
	}
}

static void put_steps(struct kept_result *e)
{
	const json_t *next = json_object_get(json_object_get(e->result, "diagnosis"), "next");

	for (size_t i = 0; i < json_array_size(next) && i < REASON_STEPS_MAX; i++)
		e->steps[e->n_steps++] =
			(struct page_step){ .what = text_of(json_array_get(next, i)) };
}

static const json_t *at_path(const json_t *o, const char *path)
{
	struct slice rest = slice_str(path);
	char key[64];

	while (o && rest.n) {
		if (!slice_cstr(slice_split(&rest, '.'), key, sizeof(key)))
			return NULL;
		o = json_object_get(o, key);
	}
	return o;
}

static struct slice value_of(struct kept_result *e, const json_t *o)
{
	if (!json_is_integer(o))
		return text_of(o);
	char *text = json_dumps(o, JSON_ENCODE_ANY);
	char *copy = mem_strdup(text);
	free(text);
	if (copy)
		e->numbers[e->n_numbers++] = copy;
	return slice_str(copy);
}

static void put_facts(struct kept_result *e)
{
	static const struct {
		const char *path, *label;
		bool is_code;
	} rows[] = {
		{ "target_fqdn", N_("Pool"), true },
		{ "user", N_("Test user"), true },
		{ "receiver", N_("Receiver"), true },
		{ "error.evidence.address", N_("Address"), true },
		{ "error.evidence.errno.text", N_("System error"), false },
		{ "error.evidence.dns.name", N_("Name asked for"), true },
		{ "error.evidence.dns.type", N_("Type of record"), true },
		{ "error.evidence.dns.status", N_("Answer of the DNS"), true },
		{ "error.evidence.sip.status", N_("SIP status"), true },
		{ "error.evidence.sip.reason", N_("Reason phrase"), false },
		{ "error.evidence.xmpp.condition", N_("XMPP condition"), true },
		{ "error.evidence.xmpp.text", N_("XMPP text"), false },
		{ "error.evidence.unparsable.what", N_("Unreadable"), false },
		{ "other_error.message", N_("On the other side, too"), false },
	};
	_Static_assert(COUNT(rows) <= FACTS_MAX, "room for all facts");

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct slice value = value_of(e, at_path(e->result, rows[i].path));

		if (value.n)
			e->facts[e->n_facts++] = (struct page_fact){
				.label = rows[i].label, .value = value, .is_code = rows[i].is_code
			};
	}
}

static void read_evidence(struct kept_result *e, struct slice json)
{
	*e = (struct kept_result){ 0 };
	if (json.n)
		e->result = json_loadb((const char *)json.p, json.n, 0, NULL);
	if (!e->result)
		return;
	put_details(e);
	put_steps(e);
	put_facts(e);
}

static void free_evidence(struct kept_result *e)
{
	for (size_t i = 0; i < e->n_numbers; i++)
		mem_free(e->numbers[i]);
	json_decref(e->result);
}

/* ---- the page ---- */

static bool ask_run(struct visit *v)
{
	int64_t test_id, at;

	if (!run_id_read(v->values[0], &test_id, &at))
		return false;
	v->asks[0] = (struct store_query){
		.type = STORE_RUN, .now_at = v->reader.now_at, .test_id = test_id, .at = at
	};
	v->n_asks = 1;
	return true;
}

/* A test that runs no more is in no plan: its runs speak for themselves. */
static int show_gone(struct visit *v, struct web_answer *ret, const struct store_one *one)
{
	char id[BOARD_ID_MAX];
	const bool is_old = !one->is_found && one->oldest_at && v->asks[0].at < one->oldest_at;
	const bool is_seen = access_sees(&v->access, v->w, v->asks[0].test_id);
	struct page_error error = { .status = is_old && is_seen ? 410 : 404 };

	if (one->incident.id && is_seen) {
		board_incident_id(id, one->incident.id);
		error.incident = slice_str(id);
	}
	return visit_error(v, ret, &error);
}

struct ids {
	char run[RUN_ID_MAX], good[RUN_ID_MAX], before[RUN_ID_MAX], after[RUN_ID_MAX];
	char incident[BOARD_ID_MAX];
};

static void put_neighbours(struct page_run_model *m, struct ids *ids, const struct store_one *one)
{
	const int64_t test = one->row.test_id;

	m->id = slice_str(run_id_put(ids->run, test, one->row.scheduled_at));
	if (one->has_good) {
		m->good_id = slice_str(run_id_put(ids->good, test, one->good.scheduled_at));
		m->good_at = one->good.scheduled_at;
		m->good = &one->good.phases;
	}
	if (one->previous_at)
		m->before = slice_str(run_id_put(ids->before, test, one->previous_at));
	if (one->next_at)
		m->after = slice_str(run_id_put(ids->after, test, one->next_at));
	if (one->incident.id) {
		board_incident_id(ids->incident, one->incident.id);
		m->incident = slice_str(ids->incident);
	}
}

static int show_it(struct visit *v, struct web_answer *ret, const struct board *b, size_t at)
{
	const struct store_one *one = v->answers[0]->run;
	const struct store_row *row = &one->row;
	struct kept_result e;
	struct run_said said;
	struct ids ids;

	read_evidence(&e, one->result_json);
	run_said_read(&said, one->trace_json);
	struct page_run_model m = { .set = &b->set,
		.test = b->tests[at],
		.at = row->scheduled_at,
		.state = row->state,
		.reason = row->reason,
		.fail_phase = row->fail_phase,
		.message = text_of(at_path(e.result, "error.message")),
		.latency_us = shown_span(row->latency_us),
		.attempts = row->attempts,
		.phases = row->phases,
		.has_phases = row->phases.ran != 0,
		.details = e.result ? e.details : NULL,
		.sip_name = slice_str(b->watched[at]->plan->pool), /* NULL: none */
		.xmpp_name = slice_str(b->watched[at]->plan->domain),
		.steps = e.steps,
		.n_steps = e.n_steps,
		.facts = e.facts,
		.n_facts = e.n_facts,
		.has_trace = one->trace_json.n > 0,
		.said = said.rows,
		.n_said = said.n };
	put_neighbours(&m, &ids, one);
	int err = v->is_json ? as_json_run(&ret->body, &v->reader, &m, e.result)
			     : page_run(&ret->body, &v->reader, &m);
	free_evidence(&e);
	run_said_done(&said);
	return visit_page(v, ret, err);
}

static int show_run(struct visit *v, struct web_answer *ret)
{
	struct board b;

	if (visit_has_failed(v, ret))
		return 0;
	const struct store_one *one = v->answers[0]->run;
	if (!one->is_found)
		return show_gone(v, ret, one);
	int err = board_new(&b, v->w, &v->reader, SLICE_NONE, SLICE_NONE);
	const size_t at = err ? SIZE_MAX : board_find(&b, one->row.test_id);
	if (!err)
		err = at == SIZE_MAX ? show_gone(v, ret, one) : show_it(v, ret, &b, at);
	board_done(&b);
	return err;
}

/* ---- files ---- */

/* NULL: one that is not here, to him, which was shown. */
static const struct store_one *find_kept(
	struct visit *v, struct web_answer *ret, bool is_trace, int *ret_err)
{
	*ret_err = 0;
	if (visit_has_failed(v, ret))
		return NULL;
	const struct store_one *one = v->answers[0]->run;
	const size_t n = is_trace ? one->trace_json.n : one->result_json.n;
	if (one->is_found && n && access_sees(&v->access, v->w, one->row.test_id))
		return one;
	*ret_err = show_gone(v, ret, one);
	return NULL;
}

static void put_file(struct web_answer *ret, const char *type)
{
	ret->status = 200;
	ret->type = type;
	ret->cache = "no-store";
	web_answer_field(ret, "X-Content-Type-Options", SLICE("nosniff"));
}

static int show_file(struct visit *v, struct web_answer *ret, bool is_trace)
{
	int err;
	const struct store_one *one = find_kept(v, ret, is_trace, &err);

	if (!one)
		return err;
	put_file(ret, "application/json");
	buf_put(&ret->body, is_trace ? one->trace_json : one->result_json);
	return buf_err(&ret->body);
}

static int show_json(struct visit *v, struct web_answer *ret)
{
	return show_file(v, ret, false);
}

static int show_trace(struct visit *v, struct web_answer *ret)
{
	return show_file(v, ret, true);
}

/* For Wireshark.  It began as late as it could not begin in time. */
static int show_pcapng(struct visit *v, struct web_answer *ret)
{
	struct trace *trace;
	int err;
	const struct store_one *one = find_kept(v, ret, true, &err);

	if (!one)
		return err;
	const struct report_run run = { .started_at_us = one->row.scheduled_at + one->row.late_us };
	err = trace_read(&trace, one->trace_json);
	if (err)
		return err;
	put_file(ret, "application/x-pcapng");
	web_answer_field(ret, "Content-Disposition", SLICE("attachment"));
	err = trace_pcapng(&ret->body, trace, &run);
	trace_free(trace);
	return err;
}

/* "/runs/17-dgx5.json": the ending is a part of the segment. */
static bool ask_json(struct visit *v)
{
	const struct slice ending = SLICE(".json");

	if (!slice_ends(v->values[0], ending))
		return false;
	v->values[0].n -= ending.n;
	return ask_run(v);
}

const struct view view_run = { "/runs/{}", "/api/v1/runs/{}", ask_run, show_run, ROLE_HISTORY };
const struct view view_run_json = { "/runs/{}", NULL, ask_json, show_json, ROLE_HISTORY };
const struct view view_run_trace = { "/runs/{}/trace.json", NULL, ask_run, show_trace,
	ROLE_HISTORY };
const struct view view_run_pcapng = { "/runs/{}/trace.pcapng", NULL, ask_run, show_pcapng,
	ROLE_HISTORY };

#include "watcher/history.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sheet.h"
#include "base/str.h"
#include "page/format.h"
#include "page/words.h"
#include "watcher/reported.h"
#include "watcher/run_id.h"
#include "watcher/span.h"

enum { KEY_MAX = 1024, GAP = 2, TIME_WIDTH = 19 };

const char *const history_form_types[HISTORY_FORMS] = {
	[HISTORY_TEXT] = "text/plain; charset=utf-8",
	[HISTORY_JSON] = "application/json",
	[HISTORY_CSV] = "text/csv; charset=utf-8",
};

/* ---- what is asked ---- */

static bool read_states(struct slice text, unsigned *ret)
{
	while (text.n) {
		const struct slice word = slice_split(&text, ',');
		unsigned i = 0;

		while (i < WATCH_STATES && !slice_eqs(word, watch_state_name((enum watch_state)i)))
			i++;
		if (i == WATCH_STATES)
			return false;
		*ret |= 1U << i;
	}
	return true;
}

bool history_read(const struct history_ask *a, const struct page_view *v, struct store_query *ret)
{
	uint64_t limit = 100;

	*ret = (struct store_query){ .type = STORE_RUNS, .now_at = v->now_at };
	if (a->limit.n && (!slice_u64(a->limit, STORE_LIMIT_MAX, &limit) || !limit))
		return false;
	ret->limit = (unsigned)limit;
	if (a->from.n && !span_read_time(a->from, v->zone, v->now_at, &ret->from))
		return false;
	if (a->to.n && !span_read_time(a->to, v->zone, v->now_at, &ret->to))
		return false;
	return read_states(a->states, &ret->states);
}

static void put_key(struct buf *b, const struct store_name *n)
{
	buf_puts(b, n->pool[0] ? n->pool : "-");
	if (n->partner[0])
		buf_printf(b, "/%s", n->partner);
	buf_printf(b, "/%s", n->direction[0] ? n->direction : n->kind);
}

int64_t history_test(const struct store_names *names, struct slice key)
{
	uint8_t room[KEY_MAX];
	struct buf b;
	int64_t found = 0;

	for (size_t i = 0; i < names->n; i++) {
		buf_init_in(&b, room, sizeof(room));
		put_key(&b, &names->rows[i]);
		/* One that is configured goes before an old one of the same name. */
		if (slice_ieq(buf_slice(&b), key) && (!found || names->rows[i].is_enabled))
			found = names->rows[i].id;
	}
	return found;
}

/* ---- the forms ---- */

static const char *reason_of(const struct store_row *r)
{
	return r->reason == REASON_NONE ? "" : reason_id(r->reason);
}

static const char *phase_of(const struct store_row *r)
{
	return r->fail_phase == PHASE_COUNT ? "" : phase_name(r->fail_phase);
}

/* "2026-11-30 07:58:14", in the configuration's zone. */
static void put_time(struct buf *b, const struct page_view *v, int64_t at)
{
	const struct civil c = zone_to_local(v->zone, at).civil;

	buf_printf(b, "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute,
		c.second);
}

static void put_key_of(struct buf *b, const struct store_names *names, int64_t id)
{
	const struct store_name *n = reported_name(names, id);

	if (n)
		put_key(b, n);
	else
		buf_printf(b, "%lld", (long long)id);
}

static void put_words(struct sheet *p, const struct page_view *v, const struct store_row *r,
	const struct store_names *names, unsigned widest)
{
	enum { STATE_WIDTH = 13, LATENCY_WIDTH = 9 };
	const struct text state = TEXT_PLAIN(words_state(r->state));
	unsigned column = TIME_WIDTH + GAP;

	put_time(&p->line, v, r->scheduled_at);
	sheet_tab(p, column);
	put_key_of(&p->line, names, r->test_id);
	column += widest + GAP;
	sheet_tab(p, column);
	text_put(&p->line, &state, v->look_up);
	column += STATE_WIDTH;
	sheet_tab(p, column);
	if (r->latency_us != STORE_NONE)
		buf_printf(&p->line, "%.3f s", (double)r->latency_us / 1e6);
	if (r->reason != REASON_NONE) {
		sheet_tab(p, column + LATENCY_WIDTH);
		buf_puts(&p->line, reason_of(r));
	}
	sheet_end(p, column);
}

static unsigned widest_of(const struct store_runs *runs, const struct store_names *names)
{
	uint8_t room[KEY_MAX];
	size_t widest = 0;

	for (size_t i = 0; i < runs->n; i++) {
		struct buf b;

		buf_init_in(&b, room, sizeof(room));
		put_key_of(&b, names, runs->rows[i].test_id);
		widest = buf_len(&b) > widest ? buf_len(&b) : widest;
	}
	return (unsigned)widest;
}

static int put_text(struct buf *b, const struct page_view *v, const struct store_runs *runs,
	const struct store_names *names)
{
	const struct text none = TEXT_PLAIN(N_("No run is kept of which this is true."));
	const unsigned widest = widest_of(runs, names);
	struct sheet p;

	sheet_init(&p, b, NULL);
	for (size_t i = 0; i < runs->n; i++)
		put_words(&p, v, &runs->rows[i], names, widest);
	if (!runs->n) {
		text_put(&p.line, &none, v->look_up);
		sheet_end(&p, 0);
	}
	sheet_done(&p);
	return buf_err(b);
}

static int put_csv(struct buf *b, const struct store_runs *runs, const struct store_names *names)
{
	char id[RUN_ID_MAX];

	buf_puts(b, "time,test,state,latency_seconds,reason,phase,attempts,by_hand,run\r\n");
	for (size_t i = 0; i < runs->n; i++) {
		const struct store_row *r = &runs->rows[i];

		format_utc(b, r->scheduled_at);
		buf_putc(b, ',');
		put_key_of(b, names, r->test_id);
		buf_printf(b, ",%s,", watch_state_name(r->state));
		if (r->latency_us != STORE_NONE)
			buf_printf(b, "%.6f", (double)r->latency_us / 1e6);
		buf_printf(b, ",%s,%s,%u,%s,%s\r\n", reason_of(r), phase_of(r), r->attempts,
			r->is_by_hand ? "true" : "false",
			run_id_put(id, r->test_id, r->scheduled_at));
	}
	return buf_err(b);
}

static json_t *run(const struct store_row *r, const struct store_names *names)
{
	uint8_t key_room[KEY_MAX], room[64];
	const char *reason = reason_of(r), *phase = phase_of(r);
	char id[RUN_ID_MAX];
	struct buf key, at;

	buf_init_in(&key, key_room, sizeof(key_room));
	buf_init_in(&at, room, sizeof(room));
	put_key_of(&key, names, r->test_id);
	format_utc(&at, r->scheduled_at);
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s?, s:s?, s:i, s:b}", "run",
		run_id_put(id, r->test_id, r->scheduled_at), "time", buf_cstr(&at), "test",
		buf_cstr(&key), "state", watch_state_name(r->state), "latency_seconds",
		r->latency_us == STORE_NONE ? json_null() : json_real((double)r->latency_us / 1e6),
		"reason", reason[0] ? reason : NULL, "phase", phase[0] ? phase : NULL, "attempts",
		(int)r->attempts, "by_hand", r->is_by_hand);
}

static int put_json(struct buf *b, const struct store_runs *runs, const struct store_names *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < runs->n; i++)
		json_array_append_new(list, run(&runs->rows[i], names));
	char older[RUN_ID_MAX] = "";
	if (runs->has_more && runs->n)
		run_id_put(older, runs->rows[runs->n - 1].test_id,
			runs->rows[runs->n - 1].scheduled_at);
	json_t *o = json_pack("{s:s, s:o, s:b, s:s*}", "schema", "stox.history/1", "runs", list,
		"has_more", runs->has_more, "older", older[0] ? older : NULL);
	char *dump = o ? json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
	if (dump)
		buf_printf(b, "%s\n", dump);
	free(dump);
	json_decref(o);
	return dump ? buf_err(b) : -ENOMEM;
}

int history_put(struct buf *b, enum history_form form, const struct page_view *v,
	const struct store_runs *runs, const struct store_names *names)
{
	switch (form) {
	case HISTORY_TEXT: return put_text(b, v, runs, names);
	case HISTORY_JSON: return put_json(b, runs, names);
	case HISTORY_CSV: return put_csv(b, runs, names);
	}
	return -EINVAL;
}

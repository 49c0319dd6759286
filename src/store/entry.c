#include "store/entry.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

enum { TAKE_BYTES = 4 << 20 };

/* ---- entries ---- */

static struct entry *entry_new(enum entry_kind kind)
{
	struct entry *e = mem_alloc0(sizeof(*e));

	if (!e)
		return NULL;
	list_init(&e->node);
	e->kind = kind;
	e->bytes = sizeof(*e);
	return e;
}

struct entry *entry_free(struct entry *e)
{
	if (!e)
		return NULL;
	list_remove(&e->node);
	mem_free(e->evidence);
	mem_free(e->tests);
	mem_free(e->known);
	parcel_free(e->synced);
	mem_free(e->text);
	return mem_free(e);
}

/* `s` becomes its copy at *at, which moves behind it. */
static void copy(struct slice *s, uint8_t **at)
{
	if (s->n)
		memcpy(*at, s->p, s->n);
	s->p = *at;
	*at += s->n;
}

static void add_state(struct entry *e, const struct state *state, const struct incident *incidents,
	unsigned n_incidents)
{
	e->has_state = state != NULL;
	if (state)
		e->state = (struct kept_state){
			.state = state->state,
			.since_at = state->since_at,
			.last_at = state->last_at,
			.last_ok_at = state->last_ok_at,
			.last_failed_at = state->last_failed_at,
			.incident_at = state->incident.begin_at,
			.streak = state->streak,
		};
	e->n_incidents = n_incidents < STORE_INCIDENTS_MAX ? n_incidents : STORE_INCIDENTS_MAX;
	if (e->n_incidents)
		memcpy(e->incidents, incidents, e->n_incidents * sizeof(*incidents));
}

/* A run without its evidence is better than none. */
static void add_evidence(struct entry *e, struct slice result, struct slice trace)
{
	if (result.n > STORE_EVIDENCE_MAX)
		result = SLICE_NONE;
	if (trace.n > STORE_EVIDENCE_MAX)
		trace = SLICE_NONE;
	if (result.n + trace.n == 0)
		return;
	uint8_t *at = e->evidence = mem_alloc0(result.n + trace.n);
	if (!at)
		return;
	copy(&result, &at);
	copy(&trace, &at);
	e->result_json = result;
	e->trace_json = trace;
	e->bytes += result.n + trace.n;
}

struct entry *entry_of_run(const struct store_run *run)
{
	struct entry *e = entry_new(ENTRY_RUN);

	if (!e)
		return NULL;
	e->row = run->row;
	add_state(e, run->state, run->incidents, run->n_incidents);
	add_evidence(e, run->result_json, run->trace_json);
	return e;
}

struct entry *entry_of_state(int64_t test_id, const struct state *state,
	const struct incident *incidents, unsigned n_incidents)
{
	struct entry *e = entry_new(ENTRY_STATE);

	if (!e)
		return NULL;
	e->row.test_id = test_id;
	add_state(e, state, incidents, n_incidents);
	return e;
}

struct entry *entry_of_mark(const struct store_mark *mark)
{
	struct entry *e = entry_new(ENTRY_MARK);

	if (!e)
		return NULL;
	uint8_t *at = e->text = mem_alloc0(mark->receiver.n + 1);
	if (!at)
		return entry_free(e);
	e->mark = *mark;
	e->bytes += mark->receiver.n;
	copy(&e->mark.receiver, &at);
	return e;
}

/* What comes over HTTP may be anything: a page and a log have to be able to show it. */
static void put_clean(struct buf *text, struct slice *s)
{
	const size_t at = buf_len(text);

	text_put_clean(text, slice_cut(*s, 0, STORE_AUDIT_TEXT_MAX));
	s->n = buf_len(text) - at;
}

struct entry *entry_of_audit(const struct store_audit *audit)
{
	struct entry *e = entry_new(ENTRY_AUDIT);
	struct buf text;

	if (!e)
		return NULL;
	e->audit = *audit;
	struct slice *const members[] = { &e->audit.who, &e->audit.what, &e->audit.source,
		&e->audit.result };
	buf_init(&text, 4 * 4 * STORE_AUDIT_TEXT_MAX);
	for (size_t i = 0; i < COUNT(members); i++)
		put_clean(&text, members[i]);
	uint8_t *at = e->text = mem_alloc0(buf_len(&text) + 1);
	if (buf_err(&text) || !at) {
		buf_done(&text);
		return entry_free(e);
	}
	e->bytes += buf_len(&text);
	if (buf_len(&text))
		memcpy(at, buf_slice(&text).p, buf_len(&text));
	buf_done(&text);
	for (size_t i = 0; i < COUNT(members); i++) {
		members[i]->p = at;
		at += members[i]->n;
	}
	return e;
}

static size_t test_bytes(const struct store_test *t)
{
	return t->kind.n + t->pool.n + t->partner.n + t->direction.n + t->location.n + t->spec.n;
}

struct entry *entry_of_sync(const struct store_test *tests, size_t n)
{
	struct entry *e = n <= STORE_TESTS_MAX ? entry_new(ENTRY_SYNC) : NULL;
	size_t bytes = 1;

	if (!e)
		return NULL;
	for (size_t i = 0; i < n; i++)
		bytes += test_bytes(&tests[i]);
	e->n_tests = n;
	e->tests = mem_alloc0((n + 1) * sizeof(*e->tests));
	e->known = mem_alloc0((n + 1) * sizeof(*e->known));
	e->text = mem_alloc0(bytes);
	e->synced = parcel_new(STORE_EV_SYNCED);
	if (!e->tests || !e->known || !e->text || !e->synced)
		return entry_free(e);
	e->synced->event.count = n;
	e->synced->event.known = mem_alloc0((n + 1) * sizeof(*e->known));
	if (!e->synced->event.known)
		return entry_free(e);
	e->bytes += bytes + n * (sizeof(*e->tests) + 2 * sizeof(*e->known));
	uint8_t *at = e->text;
	for (size_t i = 0; i < n; i++) {
		struct store_test *t = &e->tests[i];

		*t = tests[i];
		copy(&t->kind, &at);
		copy(&t->pool, &at);
		copy(&t->partner, &at);
		copy(&t->direction, &at);
		copy(&t->location, &at);
		copy(&t->spec, &at);
	}
	return e;
}

/* ---- the queue ---- */

int queue_init(struct queue *q)
{
	pthread_condattr_t clock;

	*q = (struct queue){ .last_number = 0 };
	list_init(&q->entries);
	pthread_mutex_init(&q->mutex, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	const int err = pthread_cond_init(&q->news, &clock);
	pthread_condattr_destroy(&clock);
	return -err;
}

void queue_done(struct queue *q)
{
	struct list *n, *t;

	LIST_EACH(n, t, &q->entries)
	entry_free(LIST_OWNER(n, struct entry, node));
	pthread_cond_destroy(&q->news);
	pthread_mutex_destroy(&q->mutex);
}

static bool has_room(const struct queue *q, size_t bytes, size_t part_of_16)
{
	return q->n < STORE_QUEUE_MAX / 16 * part_of_16 &&
	       q->bytes + bytes <= STORE_QUEUE_BYTES_MAX / 16 * part_of_16;
}

static bool is_passed_only(const struct entry *e)
{
	return e->kind == ENTRY_RUN && e->row.state == WATCH_OK && e->n_incidents == 0;
}

/* It comes (1) or goes (-1). */
static void count(struct queue *q, const struct entry *e, int sign)
{
	q->n += (size_t)sign;
	q->bytes += (size_t)sign * e->bytes;
	q->n_passed += is_passed_only(e) ? (size_t)sign : 0;
}

static void drop_evidence(struct queue *q, struct entry *e)
{
	const size_t bytes = e->result_json.n + e->trace_json.n;

	e->evidence = mem_free(e->evidence);
	e->result_json = e->trace_json = SLICE_NONE;
	e->bytes -= bytes;
	q->bytes -= bytes;
	q->dropped_evidence++;
}

/* A sixteenth more than is needed, so that a full queue is not looked through at every push. */
static void make_room(struct queue *q, size_t bytes)
{
	struct list *n, *t;

	for (n = q->entries.next; n != &q->entries && !has_room(q, bytes, 15); n = n->next) {
		struct entry *e = LIST_OWNER(n, struct entry, node);

		if (is_passed_only(e) && e->evidence)
			drop_evidence(q, e);
	}
	LIST_EACH(n, t, &q->entries)
	{
		struct entry *e = LIST_OWNER(n, struct entry, node);

		if (has_room(q, bytes, 15))
			return;
		if (!is_passed_only(e))
			continue;
		count(q, e, -1);
		q->dropped_runs++;
		entry_free(e);
	}
}

static bool fits(struct queue *q, const struct entry *e)
{
	if (has_room(q, e->bytes, 16))
		return true;
	if (q->n_passed) /* otherwise all of it would be looked through at each push, in vain */
		make_room(q, e->bytes);
	return has_room(q, e->bytes, 32);
}

uint64_t queue_push(struct queue *q, struct entry *e)
{
	uint64_t number = 0;

	pthread_mutex_lock(&q->mutex);
	if (e && fits(q, e)) {
		number = e->number = ++q->last_number;
		list_append(&q->entries, &e->node);
		count(q, e, 1);
		pthread_cond_signal(&q->news);
	} else {
		q->dropped_runs++;
		entry_free(e);
	}
	pthread_mutex_unlock(&q->mutex);
	return number;
}

size_t queue_take(struct queue *q, struct list *ret, size_t max)
{
	size_t n = 0, bytes = 0;

	pthread_mutex_lock(&q->mutex);
	while (n < max && bytes < TAKE_BYTES && !list_empty(&q->entries)) {
		struct entry *e = LIST_FIRST(&q->entries, struct entry, node);

		count(q, e, -1);
		list_remove(&e->node);
		list_append(ret, &e->node);
		bytes += e->bytes;
		n++;
	}
	pthread_mutex_unlock(&q->mutex);
	return n;
}

void queue_put_back(struct queue *q, struct list *entries)
{
	pthread_mutex_lock(&q->mutex);
	while (!list_empty(entries)) {
		struct entry *e = LIST_OWNER(entries->prev, struct entry, node);

		list_remove(&e->node);
		list_append(q->entries.next, &e->node); /* before the first one */
		count(q, e, 1);
	}
	pthread_mutex_unlock(&q->mutex);
}

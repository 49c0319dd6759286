#include "watcher/parted.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/conf.h"
#include "deliver/notice.h"

struct subject subject_of(const struct watched *t)
{
	const struct plan_test *p = t->plan;

	return (struct subject){ .test = { .id = (uint64_t)t->id,
					 .severity = p->severity,
					 .labels = p->labels,
					 .n_labels = p->n_labels },
		.key = slice_str(p->key),
		.kind = slice_str(conf_test_kind_name(p->kind)),
		.pool = slice_str(p->pool),
		.domain = slice_str(p->domain),
		.direction = watched_direction(t),
		.n_own_labels = p->n_own_labels,
		.why = t->why,
		.step = t->step };
}

/* ---- its copy ---- */

static struct slice keep(struct slice s, char **at)
{
	const struct slice ret = slice_of(*at, s.n);

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return ret;
}

static size_t bytes_of(const struct subject *s)
{
	size_t n = s->key.n + s->kind.n + s->pool.n + s->domain.n + 1;

	for (unsigned i = 0; i < s->test.n_labels; i++)
		n += s->test.labels[i].name.n + s->test.labels[i].value.n;
	return n;
}

struct parted *parted_new(const struct subject *s)
{
	struct parted *p = mem_alloc0(sizeof(*p));

	if (!p)
		return NULL;
	p->text = mem_alloc0(bytes_of(s));
	p->labels = mem_alloc0((s->test.n_labels + 1) * sizeof(*p->labels));
	if (!p->text || !p->labels)
		return parted_free(p);
	char *at = p->text;
	p->subject = *s;
	p->id = s->test.id;
	p->subject.key = keep(s->key, &at);
	p->subject.kind = keep(s->kind, &at);
	p->subject.pool = keep(s->pool, &at);
	p->subject.domain = keep(s->domain, &at);
	for (unsigned i = 0; i < s->test.n_labels; i++)
		p->labels[i] = (struct alert_label){ keep(s->test.labels[i].name, &at),
			keep(s->test.labels[i].value, &at) };
	p->subject.test.labels = p->labels;
	if (s->why)
		p->why = *s->why;
	p->subject.why = s->why ? &p->why : NULL;
	p->subject.step = NULL; /* an end has none */
	return p;
}

struct parted *parted_free(struct parted *p)
{
	if (!p)
		return NULL;
	mem_free(p->text);
	mem_free(p->labels);
	return mem_free(p);
}

/* ---- over a restart ---- */

char *parted_spec(const struct plan_test *p)
{
	json_t *labels = json_array();

	for (unsigned i = 0; i < p->n_labels; i++) {
		const struct alert_label *l = &p->labels[i];

		json_array_append_new(
			labels, json_pack("[s%, s%]", (const char *)l->name.p, l->name.n,
					(const char *)l->value.p, l->value.n));
	}
	json_t *o = json_pack("{s: s, s: i, s: i, s: o}", "key", p->key, "severity",
		(int)p->severity, "own", (int)p->n_own_labels, "labels", labels);
	char *ret = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	return ret;
}

static struct slice string_of(const json_t *s)
{
	return slice_str(json_string_value(s));
}

static enum alert_severity severity_of(const json_t *spec)
{
	const json_int_t n = json_integer_value(json_object_get(spec, "severity"));

	return n == ALERT_INFO || n == ALERT_WARNING ? (enum alert_severity)n : ALERT_CRITICAL;
}

struct parted *parted_of_left(const struct store_left *left)
{
	json_t *spec = json_loads(left->spec, 0, NULL);
	const json_t *list = json_object_get(spec, "labels");
	const size_t n = json_array_size(list);
	const json_int_t own = json_integer_value(json_object_get(spec, "own"));
	struct alert_label *labels = mem_alloc0((n + 1) * sizeof(*labels));
	const char *key = json_string_value(json_object_get(spec, "key"));
	struct parted *ret = NULL;

	for (size_t i = 0; labels && i < n; i++) {
		const json_t *pair = json_array_get(list, i);

		labels[i] = (struct alert_label){ string_of(json_array_get(pair, 0)),
			string_of(json_array_get(pair, 1)) };
	}
	const struct subject s = { .test = { .id = (uint64_t)left->id,
					   .severity = severity_of(spec),
					   .labels = labels,
					   .n_labels = (unsigned)n },
		.key = slice_str(key ? key : left->kind),
		.kind = slice_str(left->kind),
		.pool = slice_str(left->pool),
		.domain = slice_str(left->partner),
		.direction = notice_direction_of(slice_str(left->direction)),
		.n_own_labels = own > 0 && (size_t)own <= n ? (unsigned)own : 0 };
	if (labels)
		ret = parted_new(&s);
	mem_free(labels);
	json_decref(spec);
	return ret;
}

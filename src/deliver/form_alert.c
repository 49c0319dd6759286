/* Alertmanager's forms: what it sends to a webhook (its template/template.go and
 * notify/webhook/webhook.go), and what it takes at /api/v2/alerts (its api/v2/openapi.yaml). */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "deliver/form.h"

#define EXPORTED "exported_"            /* in front of a label that is called like one of ours */
#define NEVER    "0001-01-01T00:00:00Z" /* Go's time without a value: it has not ended */

enum {
	LABEL_NAME_MAX = 128, /* bytes, with what may stand in front, and a NUL */
	OWN_LABELS = 7,
	LABELS_MAX = NOTICE_LABELS_MAX + OWN_LABELS,
};

/* ---- values ---- */

/* NULL, of either: memory is out, and it is missing. */
static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

static json_t *string_of(struct buf *b)
{
	json_t *ret = buf_err(b) ? NULL : json_string(buf_cstr(b));

	buf_done(b);
	return ret;
}

static json_t *clean(struct slice raw)
{
	struct buf b;

	buf_init(&b, NOTICE_BYTES_MAX);
	text_put_clean(&b, slice_cut(raw, 0, NOTICE_BYTES_MAX));
	return string_of(&b);
}

static json_t *text(const struct text *t, text_look_up *look_up)
{
	struct buf b;

	buf_init(&b, NOTICE_BYTES_MAX);
	text_put(&b, t, look_up);
	return string_of(&b);
}

static json_t *time_of(int64_t at)
{
	struct buf b;

	buf_init(&b, 64);
	rfc3339_put(&b, at);
	return string_of(&b);
}

static void put_json(struct buf *b, json_t *value)
{
	char *s = value ? json_dumps(value, JSON_COMPACT) : NULL;

	if (s)
		buf_puts(b, s);
	else
		b->err = b->err ? b->err : -ENOMEM;
	free(s);
	json_decref(value);
}

/* ---- labels ---- */

/* An empty label is none: Prometheus' data model. */
static void set_label(json_t *labels, const char *name, struct slice value)
{
	if (value.n > 0)
		set(labels, name, clean(value));
}

/* [a-zA-Z_][a-zA-Z0-9_]*, and nothing of ours. */
static void name_label(char ret[LABEL_NAME_MAX], struct slice raw, json_t *labels)
{
	char name[LABEL_NAME_MAX - sizeof(EXPORTED)];
	size_t n = 0;

	for (; n < raw.n && n + 1 < sizeof(name); n++) {
		const uint8_t c = raw.p[n];
		const bool is_fit = ascii_is_alpha(c) || (ascii_is_digit(c) && n > 0);

		name[n] = (char)(is_fit ? c : '_');
	}
	name[n] = '\0';
	snprintf(ret, LABEL_NAME_MAX, "%s%s", json_object_get(labels, name) ? EXPORTED : "", name);
}

static json_t *labels_of(const struct deliver_notice *n)
{
	json_t *labels = json_object();
	char name[LABEL_NAME_MAX];

	set_label(labels, "alertname", slice_str(n->is_trial ? "StoxTrial" : "StoxTestFailed"));
	set_label(labels, "test", n->name);
	set_label(labels, "kind", n->test_kind);
	set_label(labels, "pool", n->pool);
	set_label(labels, "partner", n->partner);
	set_label(labels, "direction", slice_str(notice_direction_name(n->direction)));
	set_label(labels, "severity", slice_str(notice_severity_name(n->severity)));
	for (unsigned i = 0; i < n->n_labels && i < NOTICE_LABELS_MAX; i++) {
		if (n->labels[i].name.n == 0)
			continue;
		name_label(name, n->labels[i].name, labels);
		set_label(labels, name, n->labels[i].value);
	}
	return labels;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in the order of their bytes, as Prometheus has them. */
static unsigned sorted_names(json_t *labels, const char *ret[LABELS_MAX])
{
	const char *name;
	json_t *value;
	unsigned n = 0;

	json_object_foreach(labels, name, value) if (n < LABELS_MAX) ret[n++] = name;
	qsort(ret, n, sizeof(ret[0]), compare);
	return n;
}

static uint64_t hash_on(uint64_t hash, const char *s)
{
	enum { SEPARATOR = 0xff };
	const uint64_t prime = UINT64_C(0x100000001b3);

	for (; *s; s++)
		hash = (hash ^ (uint8_t)*s) * prime;
	return (hash ^ SEPARATOR) * prime;
}

/* prometheus/common, model/fingerprinting.go. */
static uint64_t fingerprint_of(json_t *labels)
{
	const char *names[LABELS_MAX];
	const unsigned n = sorted_names(labels, names);
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (unsigned i = 0; i < n; i++) {
		hash = hash_on(hash, names[i]);
		hash = hash_on(hash, json_string_value(json_object_get(labels, names[i])));
	}
	return hash;
}

uint64_t form_fingerprint(const struct deliver_notice *n)
{
	json_t *labels = labels_of(n);
	const uint64_t ret = fingerprint_of(labels);

	json_decref(labels);
	return ret;
}

/* ---- an alert ---- */

static json_t *text_of(const struct deliver_notice *n, text_look_up *look_up)
{
	struct buf b;

	buf_init(&b, NOTICE_BYTES_MAX);
	notice_put_text(&b, n, look_up);
	return string_of(&b);
}

static json_t *first_step(const struct deliver_notice *n, text_look_up *look_up)
{
	struct buf b;

	buf_init(&b, NOTICE_BYTES_MAX);
	notice_put_step(&b, n, 0, look_up);
	return string_of(&b);
}

static void set_annotation(json_t *annotations, const char *name, struct slice value)
{
	if (value.n > 0)
		set(annotations, name, clean(value));
}

static json_t *annotations_of(const struct deliver_notice *n, text_look_up *look_up)
{
	json_t *ret = json_object();
	const struct text sentence = notice_sentence(n), cause = notice_cause(n);

	set(ret, "summary", text(&sentence, look_up));
	set(ret, "description", text_of(n, look_up));
	if (n->incident.reason != REASON_NONE && !n->is_trial)
		set(ret, "reason", json_string(reason_id(n->incident.reason)));
	if (cause.id)
		set(ret, "cause", text(&cause, look_up));
	if (notice_steps(n) > 0)
		set(ret, "next_step", first_step(n, look_up));
	set_annotation(ret, "message", n->message);
	set_annotation(ret, "location", n->location);
	set_annotation(ret, "run", n->run_url);
	return ret;
}

static int64_t begin_of(const struct deliver_notice *n)
{
	return n->incident.begin_at ? n->incident.begin_at : n->now_at;
}

/* Never before its begin: Alertmanager refuses that, and clocks may have been set. */
static int64_t end_of(const struct deliver_notice *n)
{
	const int64_t end = n->incident.end_at ? n->incident.end_at : n->now_at;

	return end > begin_of(n) ? end : begin_of(n);
}

static const char *status_of(const struct deliver_notice *n)
{
	return n->kind == ALERT_RESOLVED ? "resolved" : "firing";
}

/* Alertmanager refuses an alert whose link is no URI: the link is left out then, not the alert. */
static struct slice link_of(const struct deliver_notice *n)
{
	const struct slice s = n->run_url;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~' || strchr("\"<>\\^`{|}", s.p[i]))
			return SLICE_NONE;
	return slice_starts(s, SLICE("http://")) || slice_starts(s, SLICE("https://")) ? s
										       : SLICE_NONE;
}

static json_t *alert_of(const struct deliver_notice *n, json_t *labels, text_look_up *look_up)
{
	json_t *ret = json_object();
	char fingerprint[32];

	snprintf(fingerprint, sizeof(fingerprint), "%016llx",
		(unsigned long long)fingerprint_of(labels));
	set(ret, "status", json_string(status_of(n)));
	set(ret, "labels", json_incref(labels));
	set(ret, "annotations", annotations_of(n, look_up));
	set(ret, "startsAt", time_of(begin_of(n)));
	set(ret, "endsAt", n->kind == ALERT_RESOLVED ? time_of(end_of(n)) : json_string(NEVER));
	set(ret, "generatorURL", clean(link_of(n)));
	set(ret, "fingerprint", json_string(fingerprint));
	return ret;
}

/* ---- forms ---- */

/* Alertmanager's key of a group by all labels: {}:{alertname="...", ...}. */
static json_t *group_key(json_t *labels)
{
	const char *names[LABELS_MAX];
	const unsigned n = sorted_names(labels, names);
	struct buf b;

	buf_init(&b, FORM_BYTES_MAX);
	buf_puts(&b, "{}:{");
	for (unsigned i = 0; i < n; i++) {
		const char *value = json_string_value(json_object_get(labels, names[i]));

		buf_printf(&b, "%s%s=\"", i ? ", " : "", names[i]);
		for (; value && *value; value++) {
			if (*value == '"' || *value == '\\')
				buf_putc(&b, '\\');
			buf_putc(&b, (uint8_t)*value);
		}
		buf_putc(&b, '"');
	}
	buf_putc(&b, '}');
	return string_of(&b);
}

void form_put_webhook(struct buf *b, const struct deliver_notice *n, struct slice receiver,
	struct slice external_url, text_look_up *look_up)
{
	json_t *o = json_object(), *alerts = json_array(), *labels = labels_of(n);
	json_t *alert = alert_of(n, labels, look_up);

	json_array_append_new(alerts, alert);
	set(o, "receiver", clean(receiver));
	set(o, "status", json_string(status_of(n)));
	set(o, "alerts", alerts);
	set(o, "groupLabels", json_incref(labels));
	set(o, "commonLabels", json_incref(labels));
	set(o, "commonAnnotations", json_incref(json_object_get(alert, "annotations")));
	set(o, "externalURL", clean(external_url));
	set(o, "version", json_string("4"));
	set(o, "groupKey", group_key(labels));
	set(o, "truncatedAlerts", json_integer(0));
	json_decref(labels);
	put_json(b, o);
}

void form_put_alerts(
	struct buf *b, const struct deliver_notice *n, int64_t valid_us, text_look_up *look_up)
{
	const int64_t end = n->kind == ALERT_RESOLVED ? end_of(n) : n->now_at + valid_us;
	json_t *alerts = json_array(), *alert = json_object();

	set(alert, "labels", labels_of(n));
	set(alert, "annotations", annotations_of(n, look_up));
	set(alert, "startsAt", time_of(begin_of(n)));
	set(alert, "endsAt", time_of(end > begin_of(n) ? end : begin_of(n)));
	if (link_of(n).n > 0)
		set(alert, "generatorURL", clean(link_of(n)));
	json_array_append_new(alerts, alert);
	put_json(b, alerts);
}

/* Alertmanager's forms. */
#include <jansson.h>

#include "notices.h"

static json_t *parse(struct buf *b)
{
	json_error_t e;
	json_t *o;

	assert_int_equal(buf_err(b), 0);
	o = json_loadb((const char *)buf_slice(b).p, buf_len(b), JSON_REJECT_DUPLICATES, &e);
	if (!o)
		fail_msg("%s in %s", e.text, buf_cstr(b));
	buf_done(b);
	return o;
}

static json_t *webhook(const struct deliver_notice *n)
{
	struct buf b;

	buf_init(&b, FORM_BYTES_MAX);
	form_put_webhook(&b, n, SLICE("ops"), SLICE("https://watch.litware.test"), NULL);
	return parse(&b);
}

static json_t *alerts(const struct deliver_notice *n)
{
	struct buf b;

	buf_init(&b, FORM_BYTES_MAX);
	form_put_alerts(&b, n, 240 * SECOND, NULL);
	return parse(&b);
}

/* The description is the whole text, and is looked at elsewhere. */
static void assert_json(json_t *got, const char *want)
{
	json_error_t e;
	json_t *o = json_loads(want, 0, &e);
	char *text = json_dumps(got, JSON_INDENT(1) | JSON_SORT_KEYS);

	if (!o)
		fail_msg("%d: %s", e.line, e.text);
	if (!json_equal(got, o))
		fail_msg("got %s", text);
	free(text);
	json_decref(o);
	json_decref(got);
}

static void take_description(json_t *annotations)
{
	const char *s = json_string_value(json_object_get(annotations, "description"));

	assert_non_null(s);
	assert_non_null(strstr(s, "contoso.test"));
	json_object_del(annotations, "description");
}

#define LABELS                                                                                     \
	"{\"alertname\": \"StoxTestFailed\", \"test\": \"litware/contoso.test/to\","               \
	" \"kind\": \"im\","                                                                       \
	" \"pool\": \"pool.litware.test\", \"partner\": \"contoso.test\", \"direction\": \"to\","  \
	" \"severity\": \"critical\", \"team\": \"im\", \"site_1\": \"Paris \\\"Nord\\\"\","       \
	" \"exported_pool\": \"theirs\"}"
#define ANNOTATIONS(SUMMARY)                                                                       \
	"{\"summary\": \"" SUMMARY "\", \"reason\": \"tcp_refused\","                              \
	" \"cause\": \"The service is not running, or listens on another port or address.\","      \
	" \"next_step\": \"look whether the server runs\","                                        \
	" \"message\": \"192.0.2.1 port 5269: connection refused\","                               \
	" \"location\": \"paris-dc1\", \"run\": \"https://watch.litware.test/runs/42\"}"
#define FAILS "contoso.test cannot be reached from pool.litware.test."
#define KEY                                                                                        \
	"{}:{alertname=\\\"StoxTestFailed\\\", direction=\\\"to\\\", "                             \
	"exported_pool=\\\"theirs\\\", kind=\\\"im\\\","                                           \
	" partner=\\\"contoso.test\\\", pool=\\\"pool.litware.test\\\","                           \
	" severity=\\\"critical\\\", site_1=\\\"Paris \\\\\\\"Nord\\\\\\\"\\\", team=\\\"im\\\","  \
	" test=\\\"litware/contoso.test/to\\\"}"

static void a_webhook_is_alertmanager_s(void **state)
{
	const struct deliver_notice n = sample_notice();
	json_t *o = webhook(&n), *alert = json_array_get(json_object_get(o, "alerts"), 0);

	(void)state;
	assert_ptr_equal(json_object_get(json_object_get(o, "commonAnnotations"), "x"), NULL);
	take_description(json_object_get(o, "commonAnnotations"));
	take_description(json_object_get(alert, "annotations"));
	json_object_del(alert, "fingerprint");
	assert_json(o,
		"{\"receiver\": \"ops\", \"status\": \"firing\", \"alerts\": [{"
		" \"status\": \"firing\", \"labels\": " LABELS ", \"annotations\": " ANNOTATIONS(
			FAILS) ", \"startsAt\": \"2026-11-30T00:01:07.000000Z\","
			       " \"endsAt\": \"0001-01-01T00:00:00Z\","
			       " \"generatorURL\": \"https://watch.litware.test/runs/42\"}],"
			       " \"groupLabels\": " LABELS ", \"commonLabels\": " LABELS
			       ", \"commonAnnotations\": " ANNOTATIONS(
				       FAILS) ", \"externalURL\": \"https://watch.litware.test\", "
					      "\"version\": \"4\","
					      " \"groupKey\": \"" KEY
					      "\", \"truncatedAlerts\": 0}");
}

static void what_is_over_has_an_end(void **state)
{
	const struct deliver_notice n = sample_resolved();
	json_t *o = webhook(&n), *alert = json_array_get(json_object_get(o, "alerts"), 0);

	(void)state;
	assert_string_equal(json_string_value(json_object_get(o, "status")), "resolved");
	assert_string_equal(json_string_value(json_object_get(alert, "status")), "resolved");
	assert_string_equal(
		json_string_value(json_object_get(alert, "endsAt")), "2026-11-30T05:17:07.000000Z");
	json_decref(o);
}

static void the_api_takes_alerts_that_are_valid_for_a_time(void **state)
{
	struct deliver_notice n = sample_notice();
	json_t *o = alerts(&n);

	(void)state;
	take_description(json_object_get(json_array_get(o, 0), "annotations"));
	assert_json(o,
		"[{\"labels\": " LABELS ", \"annotations\": " ANNOTATIONS(
			FAILS) ", \"startsAt\": \"2026-11-30T00:01:07.000000Z\","
			       " \"endsAt\": \"2026-11-30T05:22:07.000000Z\","
			       " \"generatorURL\": \"https://watch.litware.test/runs/42\"}]");
	n.kind = ALERT_RESOLVED;
	n.incident.end_at = BEGIN_AT - SECOND; /* the clock was set */
	n.run_url = SLICE_NONE;
	o = alerts(&n);
	assert_string_equal(json_string_value(json_object_get(json_array_get(o, 0), "endsAt")),
		"2026-11-30T00:01:07.000000Z");
	assert_null(json_object_get(json_array_get(o, 0), "generatorURL"));
	json_decref(o);
}

/* Computed by prometheus/common for these labels. */
static void an_incident_keeps_its_fingerprint(void **state)
{
	struct deliver_notice n = sample_notice();
	const uint64_t first = form_fingerprint(&n);

	(void)state;
	n.kind = ALERT_RESOLVED;
	n.incident.reason = REASON_DNS_TIMEOUT;
	n.incident.end_at = NOW_AT;
	n.incident.runs = 9;
	n.message = n.run_url = n.location = SLICE_NONE;
	n.now_at = NOW_AT + SECOND;
	assert_int_equal(form_fingerprint(&n), first);
	n.direction = SENTENCE_FROM;
	assert_int_not_equal(form_fingerprint(&n), first);
}

static void a_trial_is_another_alert(void **state)
{
	struct deliver_notice n = sample_notice();
	json_t *o, *labels;

	(void)state;
	n.is_trial = true;
	n.incident = (struct incident){ .begin_at = 0 };
	o = alerts(&n);
	labels = json_object_get(json_array_get(o, 0), "labels");
	assert_string_equal(json_string_value(json_object_get(labels, "alertname")), "StoxTrial");
	assert_string_equal(json_string_value(json_object_get(json_array_get(o, 0), "startsAt")),
		"2026-11-30T05:18:07.000000Z");
	json_decref(o);
}

static void names_of_labels_are_prometheus_s(void **state)
{
	const struct deliver_notice n = sample_hostile();
	json_t *o = webhook(&n), *value;
	const char *name;

	(void)state;
	assert_string_equal(
		json_string_value(json_object_get(
			json_array_get(json_object_get(o, "alerts"), 0), "generatorURL")),
		"");
	json_object_foreach(json_object_get(o, "commonLabels"), name, value)
	{
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					      "0123456789_"),
			strlen(name));
		for (const char *p = json_string_value(value); *p; p++)
			assert_true((unsigned char)*p >= ' ');
	}
	json_decref(o);
}

static void there_are_only_so_many_labels(void **state)
{
	struct alert_label many[NOTICE_LABELS_MAX + 5];
	char names[NOTICE_LABELS_MAX + 5][8], long_name[300];
	struct deliver_notice n = sample_notice();
	json_t *o;

	(void)state;
	memset(long_name, 'x', sizeof(long_name));
	for (size_t i = 0; i < COUNT(many); i++) {
		snprintf(names[i], sizeof(names[i]), "l%zu", i);
		many[i] = (struct alert_label){ slice_str(names[i]), SLICE("v") };
	}
	many[0].name = slice_of(long_name, sizeof(long_name));
	n.labels = many;
	n.n_labels = COUNT(many);
	o = webhook(&n);
	assert_int_equal(
		json_object_size(json_object_get(o, "commonLabels")), NOTICE_LABELS_MAX + 7);
	json_decref(o);
}

static void a_body_has_a_limit(void **state)
{
	const struct deliver_notice n = sample_notice();
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	form_put_webhook(&b, &n, SLICE("ops"), SLICE_NONE, NULL);
	assert_int_equal(buf_err(&b), -EMSGSIZE);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_webhook_is_alertmanager_s),
		cmocka_unit_test(what_is_over_has_an_end),
		cmocka_unit_test(the_api_takes_alerts_that_are_valid_for_a_time),
		cmocka_unit_test(an_incident_keeps_its_fingerprint),
		cmocka_unit_test(a_trial_is_another_alert),
		cmocka_unit_test(names_of_labels_are_prometheus_s),
		cmocka_unit_test(there_are_only_so_many_labels),
		cmocka_unit_test(a_body_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* sample.h - a notice that tests give out. */
#pragma once

#include "base/mem.h"
#include "deliver/form.h"

#define SECOND   INT64_C(1000000)
#define BEGIN_AT (INT64_C(1795996867) * SECOND) /* 2026-11-30 00:01:07 UTC, +1 h in Paris */
#define NOW_AT   (BEGIN_AT + 19020 * SECOND)    /* 5 h 17 min later */

/* Bytes that must not get anywhere as they are: lines, terminals, headers, JSON, shells. */
#define HOSTILE "\r\nBcc: all@evil.test\r\n\r\n\x1b[2J\"\\<script>$(reboot)`id`;\xff\xe2\x80\xae\t"

static const struct alert_label sample_labels[] = {
	{ { (const uint8_t *)"team", 4 }, { (const uint8_t *)"im", 2 } },
	{ { (const uint8_t *)"site-1", 6 }, { (const uint8_t *)"Paris \"Nord\"", 12 } },
	{ { (const uint8_t *)"pool", 4 }, { (const uint8_t *)"theirs", 6 } },
	{ { (const uint8_t *)"empty", 5 }, { (const uint8_t *)"", 0 } },
};

/* contoso.test cannot be reached from pool.litware.test since BEGIN_AT. */
static inline struct deliver_notice sample_notice(void)
{
	return (struct deliver_notice){
		.kind = ALERT_FAILING,
		.severity = ALERT_CRITICAL,
		.test = 0x2a,
		.name = SLICE("litware/contoso.test/to"),
		.test_kind = SLICE("im"),
		.pool = SLICE("pool.litware.test"),
		.partner = SLICE("contoso.test"),
		.direction = SENTENCE_TO,
		.labels = sample_labels,
		.n_labels = COUNT(sample_labels),
		.incident = { .begin_at = BEGIN_AT,
			.last_at = NOW_AT - 60 * SECOND,
			.reason = REASON_TCP_REFUSED,
			.runs = 3,
			.times = 1 },
		.message = SLICE("192.0.2.1 port 5269: connection refused"),
		.steps = { SLICE("look whether the server runs"), SLICE("ask contoso.test") },
		.n_steps = 2,
		.run_url = SLICE("https://watch.litware.test/runs/42"),
		.location = SLICE("paris-dc1"),
		.now_at = NOW_AT,
	};
}

static inline struct deliver_notice sample_resolved(void)
{
	struct deliver_notice n = sample_notice();

	n.kind = ALERT_RESOLVED;
	n.incident.end_at = NOW_AT - 60 * SECOND;
	return n;
}

/* Everything that others may write holds HOSTILE. */
static inline struct deliver_notice sample_hostile(void)
{
	static const struct alert_label labels[] = {
		{ { (const uint8_t *)HOSTILE, sizeof(HOSTILE) - 1 },
			{ (const uint8_t *)HOSTILE, sizeof(HOSTILE) - 1 } },
	};
	struct deliver_notice n = sample_notice();

	n.name = n.pool = n.partner = n.message = n.run_url = n.location = SLICE(HOSTILE);
	n.steps[0] = n.steps[1] = SLICE(HOSTILE);
	n.labels = labels;
	n.n_labels = 1;
	return n;
}

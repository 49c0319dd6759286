/* private.h - what the forms of a result share.
 *
 *   forms.c         which forms there are
 *   report.c        sentences and commands that several forms have
 *   steps.c         which steps help in this case, and whom they are told to
 *   text.c, details.c, progress.c: for people, on a terminal or in a file
 *   json.c, json_run.c, case.c, junit.c, tap.c, metrics.c, prometheus.c, cloudprober.c,
 *   nagios.c        for tools
 *   check*.c        the result of a sweep
 *   trace.c         the messages and phases of a test, kept; trace_*.c: its forms
 *   explain.c       all of a reason
 *   write_out.c     a form of the user's own
 *   range.c         thresholds of the monitoring plugins
 */
#pragma once

#include "report/report.h"

static inline const char *report_look(const struct report_run *run, const char *id)
{
	return run->look_up ? run->look_up(id) : id;
}
/* Where the colon stands behind each of these labels: behind the longest one of the language, and
 * not in front of the ancestor's. */
unsigned report_label_column(const char *const *labels, size_t n, text_look_up *look_up);
/* The failure in one line: what led to it, then what it was; "" on success. */
void report_put_message(struct buf *b, const struct report_run *run);
/* A command of a step, its words in capitals replaced by what the test knows. */
void report_put_command(struct buf *b, const struct report_run *run, const char *command);
/* Between what to do, a message id, and its command. */
void report_put_colon(struct buf *b, const struct report_run *run, const char *what);
/* "what to do: the command". */
void report_put_step(struct buf *b, const struct report_run *run, const struct reason_step *step);
/* The steps of the run's reason that help here, with commands and options that who prints them has;
 * how many. */
unsigned report_steps(
	const struct report_run *run, const struct reason_step *ret[REASON_STEPS_MAX]);
/* Can the command be typed as it is meant?  Without one: no. */
bool report_has_command(const struct report_run *run, const struct reason_step *step);
/* Lines, indented by two: what was answered, certificates, codes. */
void report_put_evidence(struct buf *b, const struct report_run *run);
/* "sip_rejected in sip.send" */
void report_put_where(struct buf *b, const struct report_run *run);
void report_put_timespan(struct buf *b, ts_t t); /* hh:mm:ss.fffffff */
/* Below the five lines of a text, with -v: why it failed, and the phases. */
void report_put_details(struct sheet *p, const struct report_run *run);
/* Before the word that says how it ended, where there can be colour: a sign that says it, too. */
void report_put_sign(struct sheet *p, bool success);
/* The steps of the run's reason, from column `column`; a command is one word, to be copied. */
void report_put_steps(struct sheet *p, const struct report_run *run, unsigned column);
/* A text's arguments are clean, and its own words ours: it may stand in a line. */
void report_put_text(struct sheet *p, const struct report_run *run, struct text t);

/* ---- a phase as a test case ---- */

enum report_verdict {
	VERDICT_PASSED,
	VERDICT_FAILED, /* by the target */
	VERDICT_ERROR,  /* it could not be run */
	VERDICT_SKIPPED,
};

struct report_case {
	enum report_verdict verdict;
	const char *why; /* of one that was skipped: an id */
};

struct report_case report_case_of(const struct probe_result *r, enum probe_phase phase);
/* What the limit on the latency is called where it is a test case of its own. */
#define REPORT_LIMIT_CASE "latency"
/* "The latency of 2.1 s is over the limit of 2.0 s." */
void report_put_limit(struct buf *b, const struct report_run *run);

/* ---- figures ---- */

enum { METRIC_LABELS_MAX = 3 };

struct metric_label {
	const char *name, *value; /* value: may be of a peer */
};

struct metric_sink;

struct metric_family {
	const char *name, *help;
	void (*put)(struct metric_sink *sink, const struct report_run *run);
};

/* Who writes them down.  A family that has no sample is not begun. */
struct metric_sink {
	struct buf *b;
	const struct report_run *run;
	const struct metric_family *family;
	bool begun; /* a sample of the family was written */
	void (*begin)(struct metric_sink *sink);
	void (*sample)(struct metric_sink *sink, const struct metric_label *labels, size_t n_labels,
		double value);
};

void report_put_metrics(struct metric_sink *sink);

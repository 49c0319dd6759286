/* report.h - a result in the forms that people and tools read.
 *
 * Each form is one function in a file of its own; the table below is what
 * options, help and completions are made from.  What is for people goes
 * through `look_up`; names, identifiers and numbers never do.
 */
#pragma once

#include "base/sheet.h"
#include "probe/probe.h"
#include "report/check.h"
#include "report/range.h"

struct report_run {
	const struct probe_result *result;
	int64_t started_at_us;          /* since 1970, UTC */
	text_look_up *look_up;          /* NULL: English */
	struct sheet_style style;       /* text: of the terminal; all 0 for a file or a pipe */
	unsigned verbosity;             /* text: 1 adds evidence and the phases */
	const char *trace;              /* where the trace was left, or NULL */
	const char *version, *host;     /* of the program and its machine, for a page; or NULL */
	const char *command;            /* the command line, secrets masked; or NULL */
	const char *config;             /* the --config of the command line, or NULL */
	ts_t max_latency;               /* a success over it is exit status 4; 0: no limit */
	struct range warning, critical; /* of the latency, for the plugin's status */
	bool between_servers;           /* of a sweep: it is about XMPP's server port */
	const struct report_caller *caller; /* of a sweep of its own; NULL: `stox test` */
	const struct report_check *checks;  /* text, JSON: sweeps that came behind it */
	unsigned n_checks;
};

/* 0, -ENOMEM or the buffer's error. */
typedef int report_fn(struct buf *b, const struct report_run *run);

typedef int report_status_fn(const struct report_run *run);

struct report_format {
	const char *name, *what;
	report_fn *put;
	report_status_fn *status; /* the exit status of who prints it on standard output */
};

extern const struct report_format report_formats[];
extern const size_t n_report_formats;
const struct report_format *report_format_find(struct slice name); /* NULL: unknown */
/* The i-th of them as a word and what it means (an id); false behind the last. */
bool report_format_words(size_t i, const char **word, const char **what);

/* 0 success, 1 the target failed, 2 configuration, 3 not here, 4 over max_latency. */
report_status_fn report_exit_status;
/* Of the monitoring plugins' guidelines: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. */
report_status_fn report_plugin_status;
/* What limits are compared with: the latency; of several round trips the slowest. */
ts_t report_latency(const struct report_run *run);
bool report_is_over_limit(const struct report_run *run);

report_fn report_text;       /* the ancestor's five lines, and more below them */
report_fn report_json;       /* one object, "schema": "stox.test/1", and a newline */
report_fn report_junit;      /* one test case a phase, testmoapp/junitxml */
report_fn report_tap;        /* version 13, one test point a phase */
report_fn report_nagios;     /* one line and performance data; more lines with verbosity */
report_fn report_prometheus; /* text format 0.0.4, for a textfile collector */
/* The same for an answer to Prometheus, who knows of whom it has asked. */
report_fn report_probe;
/* OpenSSL's "TLSv1.3" as "TLS 1.3". */
const char *report_tls_version(const char *openssl);
report_fn report_cloudprober; /* the same figures as lines of an EXTERNAL probe */
/* As report_json, in one line and without a newline behind it. */
report_fn report_json_line;

/* What a test is at, in a few words: the phases that run, which round trip of `count`, how long it
 * has taken. */
void report_progress(struct buf *b, const struct probe_result *r, unsigned count, ts_t elapsed,
	const struct sheet_style *style, text_look_up *look_up);

/* One step of the ladder of -vv. */
void report_trace(struct buf *b, const struct probe_event *ev);
/* All of a reason: `stox explain`.  As text, or as a section of Markdown, which is English. */
void report_reason(
	struct buf *b, enum reason r, text_look_up *look_up, const struct sheet_style *style);
/* The same of a warning. */
void report_warning(
	struct buf *b, enum note n, text_look_up *look_up, const struct sheet_style *style);
void report_reason_markdown(struct buf *b, enum reason r);

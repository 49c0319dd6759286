/* All forms, as tables: what options, help and completions are made from. */
#include "base/mem.h"
#include "report/check.h"
#include "report/report.h"
#include "report/trace.h"

const struct report_format report_formats[] = {
	{ "text", N_("for people"), report_text, report_exit_status },
	{ "json", N_("one JSON object, schema stox.test/1"), report_json, report_exit_status },
	{ "junit", N_("JUnit XML, one test case a phase"), report_junit, report_exit_status },
	{ "tap", N_("Test Anything Protocol 13, one test point a phase"), report_tap,
		report_exit_status },
	{ "nagios", N_("a plugin's line, performance data, exit status 0 to 3"), report_nagios,
		report_plugin_status },
	{ "prometheus", N_("text format 0.0.4, also for a textfile collector"), report_prometheus,
		report_exit_status },
	{ "cloudprober", N_("lines of an EXTERNAL probe"), report_cloudprober, report_exit_status },
};
const size_t n_report_formats = COUNT(report_formats);

const struct report_format *report_format_find(struct slice name)
{
	for (size_t i = 0; i < n_report_formats; i++)
		if (slice_eqs(name, report_formats[i].name))
			return &report_formats[i];
	return NULL;
}

bool report_format_words(size_t i, const char **word, const char **what)
{
	if (i >= n_report_formats)
		return false;
	*word = report_formats[i].name;
	*what = report_formats[i].what;
	return true;
}

const struct report_check_format report_check_formats[] = {
	{ "text", N_("for people"), report_check_text },
	{ "json", N_("one JSON object, schema stox.check/1"), report_check_json },
};
const size_t n_report_check_formats = COUNT(report_check_formats);

const struct trace_form trace_forms[] = {
	{ ".html", N_("one page for a browser"), trace_html },
	{ ".txt", N_("text"), trace_txt },
	{ ".json", N_("one JSON object"), trace_json },
	{ ".pcapng", N_("for Wireshark"), trace_pcapng },
};
const size_t n_trace_forms = COUNT(trace_forms);

const struct trace_form *trace_form_find(struct slice path)
{
	for (size_t i = 0; i < n_trace_forms; i++)
		if (slice_ends(path, slice_str(trace_forms[i].ending)))
			return &trace_forms[i];
	return NULL;
}

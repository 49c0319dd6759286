#include "app/ctl_show.h"

#include <stdio.h>
#include <string.h>

#include "app/language.h"
#include "base/mem.h"
#include "base/text.h"

static const char *text_in(const json_t *value)
{
	const char *s = json_string_value(value);

	return s && s[0] ? s : "-";
}

static const char *text_of(const json_t *o, const char *key)
{
	return text_in(json_object_get(o, key));
}

static void row(struct sheet *p, const char *label, const char *value)
{
	enum { VALUE_COLUMN = 18 };

	buf_printf(&p->line, "%s ", language_look_up(label)); /* a counter's name may be longer */
	sheet_tab(p, VALUE_COLUMN);
	buf_puts(&p->line, value);
	sheet_end(p, VALUE_COLUMN);
}

static void row_number(struct sheet *p, const char *label, const json_t *value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
	row(p, label, text);
}

/* "2026-11-30T15:22:06.043282Z" as people read it; what is finer than seconds does not matter. */
static const char *time_of(const json_t *o, const char *key, char ret[32])
{
	const char *text = text_of(o, key);

	if (strlen(text) > 19 && text[10] == 'T')
		snprintf(ret, 32, "%.10s %.8s UTC", text, text + 11);
	else
		snprintf(ret, 32, "%s", text);
	return ret;
}

static long long number(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

static void row_program(struct sheet *p, const json_t *o)
{
	char text[200], at[32];

	snprintf(text, sizeof(text), "%s, %s %lld", text_of(o, "version"),
		language_look_up(N_("process")), number(o, "pid"));
	row(p, N_("stox gateway"), text);
	row(p, N_("Running since"), time_of(o, "started_at", at));
}

/* A line of log, with its time. */
static void row_said(struct sheet *p, const char *label, const json_t *o, const char *key)
{
	char text[700], at_key[40], age_key[40], at[32];

	if (!json_is_string(json_object_get(o, key)))
		return;
	snprintf(at_key, sizeof(at_key), "%s_at", key);
	snprintf(age_key, sizeof(age_key), "%s_age_seconds", key);
	snprintf(text, sizeof(text), "%s (%s %lld s): %s", time_of(o, at_key, at),
		language_look_up(N_("age")), number(o, age_key), text_of(o, key));
	row(p, label, text);
}

static void row_server(struct sheet *p, const json_t *xmpp)
{
	const bool up = json_is_true(json_object_get(xmpp, "connected"));
	char text[400], at[32];

	snprintf(text, sizeof(text), "%s: %s %s", text_of(xmpp, "server"),
		language_look_up(up ? N_("connected since") : N_("NOT connected since")),
		time_of(xmpp, "since", at));
	row(p, N_("XMPP server"), text);
	row_said(p, N_("Its last error"), xmpp, "last_error");
}

static void rows_configuration(struct sheet *p, const json_t *conf)
{
	const json_t *waits = json_object_get(conf, "needs_restart");
	char text[700], at[32];

	snprintf(text, sizeof(text), "%s, %s %s", text_of(conf, "file"),
		language_look_up(N_("read")), time_of(conf, "read_at", at));
	row(p, N_("Configuration"), text);
	if (json_is_true(json_object_get(conf, "last_reload_refused")))
		row(p, "", language_look_up(N_("the last reload was refused: its log says why")));
	for (size_t i = 0; i < json_array_size(waits); i++)
		row(p, i ? "" : N_("Waits for restart"), text_in(json_array_get(waits, i)));
}

static void row_messages(struct sheet *p, const char *label, const json_t *ended)
{
	char text[200];

	snprintf(text, sizeof(text), "%lld %s, %lld %s, %lld %s", number(ended, "carried"),
		language_look_up(N_("carried")), number(ended, "refused"),
		language_look_up(N_("refused")), number(ended, "unanswered"),
		language_look_up(N_("whose sender was gone")));
	row(p, label, text);
}

static void row_in_hand(struct sheet *p, const char *label, const json_t *n, const json_t *oldest)
{
	char text[100];
	int at = snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(n));

	if (json_is_number(oldest))
		snprintf(text + at, sizeof(text) - (size_t)at, ", %s %.1f s",
			language_look_up(N_("the oldest for")), json_number_value(oldest));
	row(p, label, text);
}

static void rows_worst(struct sheet *p, const json_t *list)
{
	char text[300];

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		snprintf(text, sizeof(text), "%s: %lld %s, %lld %s", text_of(one, "peer"),
			number(one, "refused"), language_look_up(N_("refused")),
			number(one, "timeouts"), language_look_up(N_("time-outs")));
		row(p, i ? "" : N_("Worst peers"), text);
	}
}

static void rows_counters(struct sheet *p, json_t *counters)
{
	for (void *i = json_object_iter(counters); i; i = json_object_iter_next(counters, i))
		if (json_integer_value(json_object_iter_value(i)))
			row_number(p, json_object_iter_key(i), json_object_iter_value(i));
}

void ctl_show_status(struct sheet *p, const json_t *o)
{
	const json_t *messages = json_object_get(o, "messages");
	const json_t *in_hand = json_object_get(o, "in_hand");

	row_program(p, o);
	row_server(p, json_object_get(o, "xmpp"));
	rows_configuration(p, json_object_get(o, "configuration"));
	row_said(p, N_("Last warning"), o, "last_warning");
	row_messages(p, N_("Ended to XMPP"), json_object_get(messages, "xmpp"));
	row_messages(p, N_("Ended to SIP"), json_object_get(messages, "sip"));
	row_in_hand(p, N_("On way to XMPP"), json_object_get(in_hand, "to_xmpp"),
		json_object_get(in_hand, "oldest_to_xmpp_seconds"));
	row_in_hand(p, N_("On way to SIP"), json_object_get(in_hand, "to_sip"),
		json_object_get(in_hand, "oldest_to_sip_seconds"));
	rows_worst(p, json_object_get(o, "worst_peers"));
	rows_counters(p, json_object_get(o, "counters"));
}

/* What the gateway calls an outcome, for the catalogue. */
static const char *outcome_of(const json_t *m)
{
	static const char *const words[] = { N_("carried"), N_("refused"), N_("unanswered") };

	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(text_of(m, "outcome"), words[i]) == 0)
			return language_look_up(words[i]);
	return text_of(m, "outcome");
}

static void show_message(struct sheet *p, const json_t *m)
{
	const json_t *status = json_object_get(m, "status"), *cause = json_object_get(m, "cause");
	char at[32];

	buf_printf(&p->line, "%s  %s -> %s  %s", time_of(m, "ended_at", at), text_of(m, "from"),
		text_of(m, "to"),
		language_look_up(
			strcmp(text_of(m, "toward"), "sip") == 0 ? N_("to SIP") : N_("to XMPP")));
	buf_printf(&p->line, "  %s", outcome_of(m));
	if (json_is_integer(status))
		buf_printf(&p->line, " %lld", (long long)json_integer_value(status));
	if (json_is_string(cause))
		buf_printf(&p->line, " (%s)", json_string_value(cause));
	buf_printf(&p->line, "  %.0f ms", 1e3 * json_number_value(json_object_get(m, "seconds")));
	sheet_end(p, 4);
	buf_printf(
		&p->line, "    id %s  Call-ID %s", text_of(m, "stanza_id"), text_of(m, "call_id"));
	sheet_end(p, 8);
}

void ctl_show_messages(struct sheet *p, const json_t *o)
{
	const json_t *list = json_object_get(o, "messages");

	for (size_t i = 0; i < json_array_size(list); i++)
		show_message(p, json_array_get(list, i));
	if (json_array_size(list))
		return;
	buf_puts(&p->line, language_look_up(N_("No message has ended since the start.")));
	sheet_end(p, 0);
}

static void put_domains(struct sheet *p, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		buf_printf(&p->line, " %s", text_in(json_array_get(list, i)));
	sheet_end(p, 4);
}

void ctl_show_partners(struct sheet *p, const json_t *o)
{
	const json_t *pools = json_object_get(o, "pools"),
		     *partners = json_object_get(o, "partners");

	for (size_t i = 0; i < json_array_size(pools); i++) {
		const json_t *one = json_array_get(pools, i);

		buf_printf(&p->line, "%s %s:", language_look_up(N_("pool")), text_of(one, "fqdn"));
		put_domains(p, json_object_get(one, "domains"));
	}
	for (size_t i = 0; i < json_array_size(partners); i++) {
		const json_t *one = json_array_get(partners, i);

		buf_printf(&p->line, "%s %s", text_of(one, "type"), text_of(one, "domain"));
		put_domains(p, json_object_get(one, "additional_domains"));
	}
}

void ctl_show_reload(struct sheet *p, const json_t *o)
{
	const json_t *lines = json_object_get(o, "lines");

	for (size_t i = 0; i < json_array_size(lines); i++) {
		buf_puts(&p->line, text_in(json_array_get(lines, i)));
		sheet_end(p, 4);
	}
}

void ctl_show_level(struct sheet *p, const json_t *o)
{
	row(p, N_("Log level"), text_of(o, "level"));
}

#include "report/write_out.h"

#include "base/mem.h"
#include "base/str.h"
#include "report/private.h"

struct row;

struct state {
	const struct report_run *run;
	const struct row *row; /* the name that is replaced */
	struct buf *out, *err;
	struct buf *to; /* one of them */
	bool stopped;
};

struct row {
	const char *name, *what;
	void (*put)(struct state *s);
	unsigned arg; /* a phase or a side */
};

/* ---- the verdict ---- */

static void put_said(struct state *s, const char *raw)
{
	text_put_clean(s->to, slice_str(raw));
}

static void put_time_value(struct state *s, ts_t t)
{
	buf_printf(s->to, "%llu.%06llu", (unsigned long long)(t / TS_S(1)),
		(unsigned long long)(t % TS_S(1)));
}

static void put_result(struct state *s)
{
	buf_puts(s->to, s->run->result->success ? "Success" : "Failure");
}

static void put_exit_status(struct state *s)
{
	buf_putu(s->to, (uint64_t)report_exit_status(s->run));
}

static void put_reason(struct state *s)
{
	if (!s->run->result->success)
		buf_puts(s->to, reason_id(s->run->result->reason));
}

static void put_phase(struct state *s)
{
	if (!s->run->result->success)
		buf_puts(s->to, phase_name(s->run->result->phase));
}

static void put_message(struct state *s)
{
	if (!s->run->result->success)
		report_put_message(s->to, s->run);
}

static void put_diagnosis(struct state *s)
{
	if (!s->run->result->success)
		buf_puts(s->to, report_look(s->run, reason_info(s->run->result->reason)->meaning));
}

static void put_proof(struct state *s)
{
	buf_puts(s->to, proof_name(s->run->result->proof));
}

static void put_warnings(struct state *s)
{
	const struct probe_result *r = s->run->result;

	for (unsigned i = 0; i < r->n_notes; i++)
		buf_printf(s->to, "%s%s", i ? "," : "", note_id(r->notes[i].note));
}

/* ---- who ---- */

static void put_target(struct state *s)
{
	put_said(s, s->run->result->target_fqdn);
}

static void put_user(struct state *s)
{
	put_said(s, s->run->result->user);
}

static void put_receiver(struct state *s)
{
	put_said(s, s->run->result->receiver);
}

/* ---- connections ---- */

static const struct probe_phase_result *connection(const struct state *s)
{
	static const enum probe_phase phases[] = {
		[SIDE_SIP] = PHASE_SIP_CONNECT, [SIDE_XMPP] = PHASE_XMPP_CONNECT
	};

	return &s->run->result->phases[phases[s->row->arg]];
}

static void put_address(struct state *s)
{
	const struct probe_phase_result *p = connection(s);

	if (p->address.family)
		addr_put(s->to, &p->address);
}

static void put_transport(struct state *s)
{
	const struct probe_phase_result *p = connection(s);

	if (p->address.family)
		buf_puts(s->to, transport_name(p->transport));
}

static void put_tls_version(struct state *s)
{
	put_said(s, s->run->result->tls[s->row->arg].version);
}

static void put_tls_cipher(struct state *s)
{
	put_said(s, s->run->result->tls[s->row->arg].cipher);
}

static void put_sip_status(struct state *s)
{
	buf_putu(s->to, (uint64_t)s->run->result->evidence.sip_status);
}

static void put_direction(struct state *s)
{
	buf_puts(s->to, probe_direction_name(s->run->result->direction));
}

static void put_xmpp_condition(struct state *s)
{
	put_said(s, s->run->result->evidence.xmpp_condition);
}

/* ---- times ---- */

static void put_started_at(struct state *s)
{
	rfc3339_put(s->to, s->run->started_at_us);
}

static void put_latency(struct state *s)
{
	put_time_value(s, s->run->result->latency);
}

/* As curl's time_*: from the start of all to the end of this. */
static void put_time(struct state *s)
{
	const struct probe_phase_result *p = &s->run->result->phases[s->row->arg];

	put_time_value(s, p->started + p->duration);
}

static void put_rounds(struct state *s)
{
	buf_putu(s->to, s->run->result->rounds_done);
}

/* ---- the whole, and where it goes ---- */

static void put_json(struct state *s)
{
	report_json_line(s->to, s->run);
}

static void stop_on_success(struct state *s)
{
	s->stopped = report_exit_status(s->run) == 0;
}

static void go_to_stderr(struct state *s)
{
	s->to = s->err;
}

static void go_to_stdout(struct state *s)
{
	s->to = s->out;
}

#define TIME(name, phase)                                                                          \
	{                                                                                          \
		"time_" name, N_("From the start to the end of that phase."), put_time, phase      \
	}

static const struct row rows[] = {
	{ "result", N_("Success or Failure."), put_result, 0 },
	{ "exit_status", N_("The exit status."), put_exit_status, 0 },
	{ "reason", N_("The reason of a failure, an identifier."), put_reason, 0 },
	{ "phase", N_("The phase that failed."), put_phase, 0 },
	{ "message", N_("What happened, in one sentence."), put_message, 0 },
	{ "diagnosis", N_("What the reason means."), put_diagnosis, 0 },
	{ "proof", N_("What was proved: none, accepted, delivered or answered."), put_proof, 0 },
	{ "warnings", N_("Identifiers of the warnings, with commas between."), put_warnings, 0 },
	{ "target", N_("The pool."), put_target, 0 },
	{ "user", N_("The SIP user."), put_user, 0 },
	{ "receiver", N_("The XMPP user."), put_receiver, 0 },
	{ "direction", N_("Who wrote first: to, the SIP user, or from, the XMPP user."),
		put_direction, 0 },
	{ "started_at", N_("When the test began, RFC 3339."), put_started_at, 0 },
	{ "latency", N_("Seconds from the start to the verdict."), put_latency, 0 },
	{ "rounds", N_("Round trips that were done."), put_rounds, 0 },
	{ "sip_address", N_("Address and port of the SIP server."), put_address, SIDE_SIP },
	{ "sip_transport", N_("The transport to it: udp, tcp or tls."), put_transport, SIDE_SIP },
	{ "sip_tls_version", N_("The TLS version of that connection."), put_tls_version, SIDE_SIP },
	{ "sip_tls_cipher", N_("The TLS cipher of that connection."), put_tls_cipher, SIDE_SIP },
	{ "sip_status", N_("Status of the SIP response that it failed with, or 0."), put_sip_status,
		0 },
	{ "xmpp_address", N_("Address and port of the XMPP server."), put_address, SIDE_XMPP },
	{ "xmpp_tls_version", N_("The TLS version of that connection."), put_tls_version,
		SIDE_XMPP },
	{ "xmpp_tls_cipher", N_("The TLS cipher of that connection."), put_tls_cipher, SIDE_XMPP },
	{ "xmpp_condition", N_("The XMPP error condition that it failed with."), put_xmpp_condition,
		0 },
	TIME("sip_resolve", PHASE_SIP_RESOLVE),
	TIME("sip_connect", PHASE_SIP_CONNECT),
	TIME("sip_tls", PHASE_SIP_TLS),
	TIME("sip_register", PHASE_SIP_REGISTER),
	TIME("sip_send", PHASE_SIP_SEND),
	TIME("xmpp_resolve", PHASE_XMPP_RESOLVE),
	TIME("xmpp_connect", PHASE_XMPP_CONNECT),
	TIME("xmpp_tls", PHASE_XMPP_TLS),
	TIME("xmpp_auth", PHASE_XMPP_AUTH),
	TIME("xmpp_bind", PHASE_XMPP_BIND),
	TIME("deliver", PHASE_DELIVER),
	TIME("answer", PHASE_ANSWER),
	TIME("settle", PHASE_SETTLE),
	TIME("cleanup", PHASE_CLEANUP),
	{ "json", N_("All of it, as --format json, in one line."), put_json, 0 },
	{ "onerror", N_("What follows is written only if the exit status is not 0."),
		stop_on_success, 0 },
	{ "stderr", N_("What follows goes to standard error."), go_to_stderr, 0 },
	{ "stdout", N_("What follows goes to standard output again."), go_to_stdout, 0 },
};

size_t write_out_count(void)
{
	return COUNT(rows);
}

struct write_out_name write_out_at(size_t i)
{
	return (struct write_out_name){ rows[i].name, rows[i].what };
}

static const struct row *find(struct slice name)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (slice_eqs(name, rows[i].name))
			return &rows[i];
	return NULL;
}

/* ---- reading ---- */

enum token_type {
	TOKEN_TEXT,
	TOKEN_NAME,
	TOKEN_BAD,
};

struct token {
	enum token_type type;
	struct slice text; /* of a name: without %{ and } */
};

static struct token take_percent(struct slice *s)
{
	const size_t end = slice_chr(*s, '}');
	struct token t = { TOKEN_BAD, *s };

	if (slice_starts(*s, SLICE("%%"))) {
		t = (struct token){ TOKEN_TEXT, SLICE("%") };
		*s = slice_skip(*s, 2);
	} else if (slice_starts(*s, SLICE("%{")) && end < s->n) {
		t = (struct token){ TOKEN_NAME, slice_cut(*s, 2, end) };
		*s = slice_skip(*s, end + 1);
	} else {
		*s = SLICE_NONE;
	}
	return t;
}

/* As in curl, what is no escape stays as it is. */
static struct token take_backslash(struct slice *s)
{
	static const struct {
		const char *escape;
		struct slice is;
	} escapes[] = {
		{ "\\n", { (const uint8_t *)"\n", 1 } },
		{ "\\r", { (const uint8_t *)"\r", 1 } },
		{ "\\t", { (const uint8_t *)"\t", 1 } },
	};
	struct token t = { TOKEN_TEXT, slice_cut(*s, 0, 1) };

	for (size_t i = 0; i < COUNT(escapes); i++) {
		if (!slice_starts(*s, slice_str(escapes[i].escape)))
			continue;
		t.text = escapes[i].is;
		*s = slice_skip(*s, 2);
		return t;
	}
	*s = slice_skip(*s, 1);
	return t;
}

/* The next piece of a format that is not empty. */
static struct token take(struct slice *s)
{
	size_t n = 0;

	if (s->p[0] == '%')
		return take_percent(s);
	if (s->p[0] == '\\')
		return take_backslash(s);
	while (n < s->n && s->p[n] != '%' && s->p[n] != '\\')
		n++;
	const struct token t = { TOKEN_TEXT, slice_cut(*s, 0, n) };
	*s = slice_skip(*s, n);
	return t;
}

static struct text name_nearest(struct slice name)
{
	const char *names[COUNT(rows)], *near = NULL;
	char text[64];

	for (size_t i = 0; i < COUNT(rows); i++)
		names[i] = rows[i].name;
	if (slice_cstr(name, text, sizeof(text)))
		near = str_nearest(text, names, COUNT(names));
	return near ? TEXT(N_("unknown name `%{{1}}`; did you mean `%{{2}}`?"), text_slice(name),
			      text_str(near))
		    : TEXT(N_("unknown name `%{{1}}`"), text_slice(name));
}

int write_out_check(struct slice format, struct text *why)
{
	while (format.n) {
		const struct token t = take(&format);

		if (t.type == TOKEN_BAD) {
			*why = TEXT_PLAIN(slice_starts(t.text, SLICE("%{"))
						  ? N_("a `%{` has no `}`")
						  : N_("a single `%` is written as `%%`"));
			return ERR_SYNTAX;
		}
		if (t.type == TOKEN_NAME && !find(t.text)) {
			*why = name_nearest(t.text);
			return ERR_SYNTAX;
		}
	}
	return 0;
}

void write_out_put(
	struct slice format, const struct report_run *run, struct buf *out, struct buf *err)
{
	struct state s = { .run = run, .out = out, .err = err, .to = out };

	while (format.n && !s.stopped) {
		const struct token t = take(&format);

		s.row = t.type == TOKEN_NAME ? find(t.text) : NULL;
		if (s.row)
			s.row->put(&s);
		else if (t.type == TOKEN_TEXT)
			buf_put(s.to, t.text);
	}
}

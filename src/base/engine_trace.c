#include "base/engine_trace.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text.h"

enum {
	FIRST_LINE_MAX = 512, /* of a SIP message that is shown */
	METHOD_MAX = 16,
	TAG_NAME_MAX = 64,
};

/* ---- lines ---- */

static void put_seconds(struct buf *b, ts_t t)
{
	buf_printf(b, "%llu.%06u", (unsigned long long)(t / TS_S(1)), (unsigned)(t % TS_S(1)));
}

static ts_t since(const struct engine_trace *t, ts_t at)
{
	return at > t->began ? at - t->began : 0;
}

static void begin(
	struct buf *b, const struct engine_trace *t, const char *arrow, const char *what, ts_t now)
{
	put_seconds(b, since(t, now));
	buf_printf(b, " %s %s %s", t->engine, arrow, what);
}

static void end(struct buf *b)
{
	buf_putc(b, '\n');
}

static void put_text(struct buf *b, const char *key, const char *value)
{
	if (value[0])
		log_str(b, key, slice_str(value));
}

static void put_number(struct buf *b, const char *key, uint64_t value)
{
	if (value)
		log_u64(b, key, value);
}

static void put_addr(struct buf *b, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	if (a && a->family)
		put_text(b, key, addr_text(a, text));
}

/* ---- the beginning of bytes ---- */

static size_t count_until(struct slice s, const char *stops)
{
	size_t n = 0;

	while (n < s.n && !(s.p[n] && strchr(stops, s.p[n])))
		n++;
	return n;
}

static bool is_known_scheme(struct slice scheme)
{
	static const char *const known[] = { "sip", "sips", "tel", "im", "pres" };

	for (size_t i = 0; i < COUNT(known); i++)
		if (slice_ieqs(scheme, known[i]))
			return true;
	return false;
}

/* `sip:user@host:port` (RFC 3261 section 19.1.1).  A password, parameters and headers are left out:
 * who writes them may mean them for one reader. */
static void put_uri(struct buf *b, struct slice uri)
{
	struct slice rest = uri, scheme = slice_split(&rest, ':');
	size_t at = rest.n;

	if (!is_known_scheme(scheme)) {
		buf_puts(b, "***");
		return;
	}
	buf_put(b, slice_cut(uri, 0, scheme.n + 1));
	while (at > 0 && rest.p[at - 1] != '@')
		at--;
	if (at > 0) {
		const size_t user = count_until(rest, ":;?@");

		text_put_clean(b, slice_cut(rest, 0, user));
		buf_puts(b, user < at - 1 ? ":***@" : "@");
		rest = slice_skip(rest, at);
	}
	text_put_clean(b, slice_cut(rest, 0, count_until(rest, ";?")));
}

static bool is_method(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 'A' || s.p[i] > 'Z')
			return false;
	return s.n > 0 && s.n <= METHOD_MAX;
}

/* RFC 3261 section 7.2. */
static bool is_status_line(struct slice line)
{
	struct slice rest = line, version = slice_split(&rest, ' '), code = slice_split(&rest, ' ');
	uint64_t n;

	return slice_eqs(version, "SIP/2.0") && code.n == 3 && slice_u64(code, 699, &n);
}

/* A line that is not whole, or not quite such a line, can be anything. */
static void put_sip(struct buf *b, struct slice bytes)
{
	const struct slice head = slice_cut(bytes, 0, FIRST_LINE_MAX);
	const size_t n = slice_chr(head, '\n');
	const struct slice line = slice_trim(slice_cut(head, 0, n));
	struct slice rest = line, method = slice_split(&rest, ' '), uri = slice_split(&rest, ' ');
	struct buf shown;

	if (n == head.n)
		return;
	buf_init(&shown, 4 * FIRST_LINE_MAX);
	if (is_status_line(line)) {
		text_put_clean(&shown, line);
	} else if (is_method(method) && slice_eqs(rest, "SIP/2.0")) {
		buf_put(&shown, method);
		buf_putc(&shown, ' ');
		put_uri(&shown, uri);
		buf_puts(&shown, " SIP/2.0");
	}
	if (buf_len(&shown))
		log_str(b, "sip", buf_slice(&shown));
	buf_done(&shown);
}

static bool is_name_byte(uint8_t c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || c == ':' || c == '_' || c == '-' ||
	       c == '.';
}

/* The first tag, behind an XML declaration; with its '/' when it is an end tag. */
static void put_element(struct buf *b, struct slice bytes)
{
	struct slice s = bytes;

	if (slice_starts(s, SLICE("<?xml ")))
		s = slice_trim(slice_skip(s, slice_chr(s, '>') + 1));
	if (!slice_starts(s, SLICE("<")))
		return;
	s = slice_skip(s, 1);
	size_t n = slice_starts(s, SLICE("/"));
	if (n == s.n || !ascii_is_alpha(s.p[n]))
		return;
	while (n < s.n && is_name_byte(s.p[n]))
		n++;
	const bool is_whole = n < s.n && count_until(slice_skip(s, n), " \t\r\n/>") == 0;
	if (is_whole && n <= TAG_NAME_MAX)
		log_str(b, "element", slice_cut(s, 0, n));
}

static void put_bytes(struct buf *b, struct slice bytes)
{
	if (!bytes.n)
		return;
	log_u64(b, "bytes", bytes.n);
	put_sip(b, bytes);
	put_element(b, bytes);
}

/* ---- what TLS and the DNS showed ---- */

static void put_tls(struct buf *b, const struct tls_facts *t)
{
	unsigned at = 0;

	put_text(b, "version", t->version);
	put_text(b, "cipher", t->cipher);
	put_text(b, "alpn", t->alpn);
	put_number(b, "certificates", t->n_certs);
	for (const char *name; (name = tls_fault_name(t->faults, &at));)
		put_text(b, "fault", name);
	if (t->failure == TLS_FAILURE_NONE)
		return;
	put_text(b, "failure", tls_failure_name(t->failure));
	if (t->failure == TLS_FAILURE_ALERT)
		log_u64(b, "alert", (uint64_t)t->alert);
	put_text(b, "detail", t->detail);
}

static void put_policy(struct buf *b, const struct tls_policy *t)
{
	if (t->accept)
		buf_puts(b, " accept");
	if (t->verify == TLS_VERIFY_NOTE)
		buf_puts(b, " note");
	log_u64(b, "trust", t->trust);
	put_number(b, "identity", t->identity);
	put_text(b, "name", t->name);
	put_text(b, "alpn", t->alpn);
}

static void put_record(struct buf *b, const struct dns_record *r)
{
	const char *key = dns_type_name(r->type);
	char text[2 * DNS_NAME_MAX];

	switch (r->type) {
	case DNS_A:
	case DNS_AAAA:
		buf_printf(b, " %s=", key);
		addr_put_ip(b, &r->addr);
		return;
	case DNS_SRV:
		snprintf(text, sizeof(text), "%u %u %u %s.", r->srv.priority, r->srv.weight,
			r->srv.port, r->srv.target);
		break;
	case DNS_NAPTR:
		snprintf(text, sizeof(text), "%u %u %s %s %s.", r->naptr.order, r->naptr.preference,
			r->naptr.flags, r->naptr.service, r->naptr.replacement);
		break;
	}
	log_str(b, key, slice_str(text));
}

static void put_answer(struct buf *b, const struct dns_answer *a)
{
	put_text(b, "status", dns_status_name(a->status));
	if (a->from_hosts_file)
		buf_puts(b, " hosts-file");
	put_addr(b, "server", &a->server);
	for (size_t i = 0; i < a->n_records && i < ENGINE_TRACE_RECORDS; i++)
		put_record(b, &a->records[i]);
	if (a->n_records > ENGINE_TRACE_RECORDS)
		log_u64(b, "more", a->n_records - ENGINE_TRACE_RECORDS);
}

/* ---- facts, outputs, wants ---- */

/* Which numbers are told: 0 is one as well. */
enum {
	FLOW = 1 << 0,
	LISTENER = 1 << 1,
	QUESTION = 1 << 2,
};

static const unsigned fact_numbers[] = {
	[FACT_FLOW_UP] = FLOW,
	[FACT_FLOW_ACCEPTED] = FLOW | LISTENER,
	[FACT_FLOW_BYTES] = FLOW,
	[FACT_FLOW_EOF] = FLOW,
	[FACT_FLOW_FAILED] = FLOW,
	[FACT_FLOW_BLOCKED] = FLOW,
	[FACT_FLOW_READY] = FLOW,
	[FACT_TLS_UP] = FLOW,
	[FACT_LISTEN_UP] = LISTENER,
	[FACT_LISTEN_FAILED] = LISTENER,
	[FACT_ACCEPT_FAILED] = LISTENER,
	[FACT_DATAGRAM] = LISTENER,
	[FACT_DATAGRAM_FAILED] = LISTENER,
	[FACT_DNS] = QUESTION,
	[FACT_CLOCK] = 0,
	[FACT_STOP] = 0,
};

static const unsigned want_numbers[] = {
	[WANT_FLOW] = FLOW,
	[WANT_TLS] = FLOW,
	[WANT_LISTEN] = LISTENER,
	[WANT_UNLISTEN] = LISTENER,
	[WANT_PAUSE] = FLOW,
	[WANT_RESUME] = FLOW,
	[WANT_CLOSE_FLOW] = FLOW,
	[WANT_DROP_FLOW] = FLOW,
	[WANT_DNS] = QUESTION,
	[WANT_DROP_DNS] = QUESTION,
};

static void put_numbers(
	struct buf *b, unsigned which, flow_t flow, uint32_t listener, uint32_t dns_id)
{
	if (which & FLOW)
		buf_printf(b, " flow=%s%llu", flow & FLOW_ACCEPTED_BIT ? "a" : "",
			(unsigned long long)(flow & ~FLOW_ACCEPTED_BIT));
	if (which & LISTENER)
		log_u64(b, "listener", listener);
	if (which & QUESTION)
		log_u64(b, "dns", dns_id);
}

static const char *step_name(enum flow_step step)
{
	static const char *const names[] = {
		[FLOW_STEP_CONNECT] = "connect",
		[FLOW_STEP_TLS] = "tls",
		[FLOW_STEP_OPEN] = "open",
	};

	return names[step];
}

void engine_trace_fact(struct buf *b, const struct engine_trace *t, const struct fact *in, ts_t now)
{
	begin(b, t, "->", fact_type_name(in->type), now);
	put_numbers(b, fact_numbers[in->type], in->flow, in->listener, in->dns_id);
	put_addr(b, "peer", in->peer);
	put_addr(b, "local", in->local);
	if (in->type == FACT_FLOW_FAILED)
		put_text(b, "step", step_name(in->step));
	if (in->err)
		put_text(b, "err", err_text(in->err));
	if (in->here)
		buf_puts(b, " here");
	if (in->tls)
		put_tls(b, in->tls);
	if (in->dns)
		put_answer(b, in->dns);
	if (in->type == FACT_CLOCK) {
		buf_puts(b, " wall=");
		rfc3339_put(b, in->wall + (int64_t)now);
	}
	put_bytes(b, in->bytes);
	end(b);
}

void engine_trace_time(struct buf *b, const struct engine_trace *t, ts_t now)
{
	begin(b, t, "->", "time", now);
	end(b);
}

void engine_trace_output(
	struct buf *b, const struct engine_trace *t, const struct output *out, ts_t now)
{
	begin(b, t, "<-", "output", now);
	put_numbers(b, out->flow ? FLOW : LISTENER, out->flow, out->listener, 0);
	put_addr(b, "peer", &out->peer);
	put_addr(b, "local", &out->local);
	put_bytes(b, out->bytes);
	end(b);
}

void engine_trace_want(struct buf *b, const struct engine_trace *t, const struct want *w, ts_t now)
{
	begin(b, t, "<-", want_type_name(w->type), now);
	put_numbers(b, want_numbers[w->type], w->flow, w->listener, w->dns_id);
	put_addr(b, w->toward ? "toward" : "addr", &w->addr);
	if (w->type == WANT_LISTEN)
		put_text(b, "transport", transport_name(w->transport));
	if (w->type == WANT_DNS) {
		put_text(b, "type", dns_type_name(w->dns_type));
		put_text(b, "name", w->name);
	}
	if (w->type == WANT_TLS)
		put_policy(b, &w->tls);
	if (w->reset)
		buf_puts(b, " reset");
	end(b);
}

void engine_trace_deadline(struct buf *b, const struct engine_trace *t, ts_t deadline, ts_t now)
{
	begin(b, t, "<-", "deadline", now);
	buf_puts(b, " at=");
	if (deadline == TS_NEVER)
		buf_puts(b, "never");
	else if (deadline <= now)
		buf_puts(b, "now");
	else
		put_seconds(b, since(t, deadline));
	end(b);
}

/* How a phase fails by what the partner's server says, on the stream or in a stanza. */
#include <stdio.h>
#include <string.h>

#include "probe/private.h"

/* {1} the server, {2} what it said, where that is known. */
static const struct {
	enum reason reason;
	const char *sentence;
} stream_rows[] = {
	[XSTREAM_FAIL_NONE] = { REASON_XMPP_STREAM_CLOSED,
		N_("The XMPP server {1} closed the stream.") },
	[XSTREAM_FAIL_HOST_UNKNOWN] = { REASON_XMPP_HOST_UNKNOWN,
		N_("The XMPP server {1} does not serve this domain: {2}.") },
	[XSTREAM_FAIL_TLS_NOT_OFFERED] = { REASON_TLS_NOT_OFFERED,
		N_("The XMPP server {1} offers no STARTTLS.") },
	[XSTREAM_FAIL_TLS_REFUSED] = { REASON_TLS_NOT_OFFERED,
		N_("The XMPP server {1} refused STARTTLS.") },
	[XSTREAM_FAIL_INJECTION] = { REASON_XMPP_DOWNGRADE,
		N_("Bytes in clear came from {1} after <proceed/>: somebody may be in the "
		   "middle.") },
	[XSTREAM_FAIL_NO_MECHANISM] = { REASON_XMPP_NO_MECHANISM,
		N_("The XMPP server {1} offers no SASL mechanism that can be used: {2}.") },
	[XSTREAM_FAIL_BAD_CREDENTIALS] = { REASON_XMPP_BAD_CREDENTIALS,
		N_("The XMPP server {1} refused the receiver's name or password: {2}.") },
	[XSTREAM_FAIL_SASL] = { REASON_XMPP_SASL_FAILED,
		N_("The authentication at the XMPP server {1} failed: {2}.") },
	[XSTREAM_FAIL_SERVER_PROOF] = { REASON_XMPP_SERVER_UNPROVED,
		N_("The XMPP server {1} did not prove that it knows the password: {2}.") },
	[XSTREAM_FAIL_DOWNGRADE] = { REASON_XMPP_DOWNGRADE,
		N_("What the XMPP server {1} offers was tampered with on the way: {2}.") },
	[XSTREAM_FAIL_BIND] = { REASON_XMPP_BIND_REFUSED,
		N_("The XMPP server {1} gave no resource: {2}.") },
	[XSTREAM_FAIL_NO_PRESENCE] = { REASON_XMPP_NO_PRESENCE,
		N_("The XMPP server {1} does not make the receiver available: {2}.") },
	[XSTREAM_FAIL_CONFLICT] = { REASON_XMPP_CONFLICT,
		N_("Another session took this one's place at the XMPP server {1}: {2}.") },
	[XSTREAM_FAIL_STREAM_ERROR] = { REASON_XMPP_STREAM_ERROR,
		N_("The XMPP server {1} ended the stream: {2}.") },
	[XSTREAM_FAIL_UNPARSABLE] = { REASON_XMPP_UNPARSABLE,
		N_("The XMPP server {1} sent what is not well-formed XML: {2}.") },
	[XSTREAM_FAIL_PROTOCOL] = { REASON_XMPP_PROTOCOL,
		N_("The XMPP server {1} sent what may not come there: {2}.") },
	[XSTREAM_FAIL_TIMEOUT] = { REASON_XMPP_NO_ANSWER,
		N_("The XMPP server {1} does not answer: {2}.") },
	[XSTREAM_FAIL_CLOSED] = { REASON_XMPP_STREAM_CLOSED,
		N_("The connection to the XMPP server {1} ended in the middle: {2}.") },
	[XSTREAM_FAIL_INTERNAL] = { REASON_LOCAL_INTERNAL,
		N_("Memory ran out in the stream to {1}.") },
};

struct blame blame_stream(const struct addr *peer, enum xstream_failure failure, const char *words)
{
	return (struct blame){ stream_rows[failure].reason,
		TEXT(stream_rows[failure].sentence, text_addr(peer), text_str(words)) };
}

static void keep_event(struct evidence *e, const struct xstream_event *ev)
{
	slice_cstr(slice_str(ev->condition ? ev->condition : ""), e->xmpp_condition,
		sizeof(e->xmpp_condition));
	slice_cstr(slice_cut(slice_str(ev->text ? ev->text : ""), 0, sizeof(e->xmpp_text) - 1),
		e->xmpp_text, sizeof(e->xmpp_text));
	if (ev->failure == XSTREAM_FAIL_UNPARSABLE) {
		e->what = ev->where.what;
		e->offset = ev->where.offset;
	}
}

/* The server's condition and its words, else what we know of the state.  The full stop is the one
 * of our sentence around them. */
static void put_words(char *buf, size_t size, const struct evidence *e)
{
	const bool both = e->xmpp_condition[0] && e->xmpp_text[0];

	snprintf(buf, size, "%s%s%s", e->xmpp_condition, both ? ", " : "", e->xmpp_text);
	for (size_t n = strlen(buf); n && buf[n - 1] == '.'; n--)
		buf[n - 1] = '\0';
	if (!buf[0])
		snprintf(buf, size, "-");
}

struct blame blame_stream_end(
	const struct addr *peer, const struct xstream_event *ev, struct evidence *e)
{
	char words[sizeof(e->xmpp_condition) + sizeof(e->xmpp_text) + 2];

	keep_event(e, ev);
	put_words(words, sizeof(words), e);
	return blame_stream(peer, ev->failure, words);
}

void probe_fail_stream(struct probe *p, enum probe_phase phase, const struct xstream_event *ev)
{
	bool tls = ev->failure == XSTREAM_FAIL_TLS_NOT_OFFERED ||
		   ev->failure == XSTREAM_FAIL_TLS_REFUSED;

	if (probe_is_decided(p))
		return;
	p->result.evidence.address = p->xmpp.target.addr;
	probe_fail_by(p, tls ? PHASE_XMPP_TLS : phase,
		blame_stream_end(&p->xmpp.target.addr, ev, &p->result.evidence));
}

void evidence_keep_error(
	struct evidence *e, const struct stanza_error *error, char *words, size_t size)
{
	slice_cstr(slice_str(stanza_condition_name(error->condition)), e->xmpp_condition,
		sizeof(e->xmpp_condition));
	slice_cstr(slice_cut(error->text, 0, sizeof(e->xmpp_text) - 1), e->xmpp_text,
		sizeof(e->xmpp_text));
	put_words(words, size, e);
}

/* An error stanza for the receiver's answer. */
void probe_fail_answer(struct probe *p, const struct stanza *s, const struct stanza_error *error)
{
	char words[sizeof(p->result.evidence.xmpp_condition) +
		   sizeof(p->result.evidence.xmpp_text) + 2];

	if (probe_is_decided(p))
		return;
	evidence_keep_error(&p->result.evidence, error, words, sizeof(words));
	probe_fail(p, PHASE_ANSWER, REASON_XMPP_ANSWER_BOUNCED,
		TEXT(N_("The answer to {1} came back as an error: {2}."),
			text_slice(slice_cut(s->from, 0, 128)), text_str(words)));
}

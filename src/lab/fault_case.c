#include "lab/fault_case.h"

#include <string.h>

#include "base/mem.h"

/* ---- what strikes ---- */

const struct fault_conn *fault_of_conn(const struct lab_fault *f, enum lab_listener at)
{
	return f->conn.does != FAULT_CONN_NONE && f->conn.at == at ? &f->conn : NULL;
}

/* Nobody is told that all is well, or how much of it is, who has shown nothing. */
static bool is_too_early(const struct fault_answer *a, const struct sip_msg *req)
{
	return a->status / 100 == 2 && sip_msg_value(req, SIP_HDR_AUTHORIZATION).n == 0;
}

const struct fault_answer *fault_of_request(
	const struct lab_fault *f, const struct sip_msg *req, bool leaves)
{
	const struct fault_answer *a = &f->answer;
	const enum sip_method to = leaves ? SIP_METHOD_MESSAGE : SIP_METHOD_REGISTER;

	if (a->does == FAULT_ANSWER_NONE || a->does == FAULT_ANSWER_REPEATED || a->to != to ||
		req->method != to || (!leaves && is_too_early(a, req)))
		return NULL;
	return a;
}

static enum fault_moment moment_of(const struct xstream_event *ev)
{
	struct stanza s;

	switch (ev->type) {
	case XSTREAM_EV_WANT_ACCOUNT: return FAULT_AT_AUTH;
	case XSTREAM_EV_WANT_BIND: return FAULT_AT_BIND;
	case XSTREAM_EV_STANZA:
		stanza_read(&s, ev->node);
		return s.kind == STANZA_PRESENCE ? FAULT_AT_PRESENCE : FAULT_AT_NONE;
	case XSTREAM_EV_OPENED:
	case XSTREAM_EV_FEATURES:
	case XSTREAM_EV_WANT_TLS:
	case XSTREAM_EV_AUTHENTICATED:
	case XSTREAM_EV_READY:
	case XSTREAM_EV_WANT_SECRET:
	case XSTREAM_EV_CLOSED:
	case XSTREAM_EV_FAILED: break;
	}
	return FAULT_AT_NONE;
}

const struct fault_stream *fault_of_event(const struct lab_fault *f, const struct xstream_event *ev)
{
	const struct fault_stream *s = &f->stream;

	return s->at != FAULT_AT_NONE && s->at == moment_of(ev) ? s : NULL;
}

/* An error is let through: what answers it would come back for ever. */
const struct fault_stanza *fault_of_stanza(
	const struct lab_fault *f, const struct stanza *s, bool is_users)
{
	if (f->stanza.does == FAULT_STANZA_NONE || s->kind != STANZA_MESSAGE ||
		slice_eqs(s->type, "error") || is_users != f->stanza.answer)
		return NULL;
	return &f->stanza;
}

bool fault_loses(const struct lab_fault *f, struct fault_seen *seen, const struct nist_key *key)
{
	if (f->answer.does != FAULT_ANSWER_REPEATED)
		return false;
	for (unsigned i = 0; i < FAULT_SEEN_MAX; i++)
		if (memcmp(&seen->keys[i], key, sizeof(*key)) == 0)
			return false;
	seen->keys[seen->n++ % FAULT_SEEN_MAX] = *key;
	return true;
}

/* ---- what is changed ---- */

void fault_edit_tls(const struct lab_fault *f, struct tls_policy *pools)
{
	pools->max_version = f->tls.max_version;
	if (!f->tls.wants_certificate)
		return;
	pools->request_certificate = true;
	pools->trust = LAB_TRUST;
	pools->verify = TLS_VERIFY_PEER;
}

void fault_edit_stream(const struct lab_fault *f, struct xstream_cfg *clients)
{
	/* What a fault says is of RFC 6120's SASL. */
	if (f->stream.does == FAULT_STREAM_SAY)
		clients->sasl2 = false;
	if (f->stream.at != FAULT_AT_START)
		return;
	if (f->stream.does == FAULT_STREAM_NO_TLS)
		clients->tls = XSTREAM_TLS_NONE;
	else if (f->stream.does == FAULT_STREAM_DOMAIN)
		clients->domain = slice_str(f->stream.text);
}

void fault_put_edited(const struct lab_fault *f, struct buf *to, struct slice text)
{
	const struct slice find = slice_str(f->edit.find);

	for (size_t at; find.n && (at = slice_find(text, find)) != SIZE_MAX;) {
		buf_put(to, slice_cut(text, 0, at));
		buf_puts(to, f->edit.with);
		text = slice_skip(text, at + find.n);
	}
	buf_put(to, text);
}

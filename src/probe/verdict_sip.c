/* How a phase fails by what the pool answers, and what is kept of the answer as evidence. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "probe/diagnostics.h"
#include "probe/private.h"
#include "sip/hdr.h"

struct status_row {
	int first, last;
	enum reason reason;
	const char *sentence; /* {1} who, {2} status, {3} phrase */
};

static const struct status_row message_rows[] = {
	{ 403, 403, REASON_SIP_FORBIDDEN, N_("The message to {1} is forbidden ({2} {3}).") },
	{ 404, 404, REASON_SIP_NOT_FOUND, N_("The receiver {1} was not found ({2} {3}).") },
	{ 604, 604, REASON_SIP_NOT_FOUND,
		N_("The receiver {1} does not exist anywhere ({2} {3}).") },
	{ 408, 408, REASON_SIP_GATEWAY_TIMEOUT,
		N_("The next hop to {1} did not answer in time ({2} {3}).") },
	{ 504, 504, REASON_SIP_GATEWAY_TIMEOUT,
		N_("The gateway, or the partner behind it, did not answer in time for {1} ({2} "
		   "{3}).") },
	{ 410, 410, REASON_SIP_RECEIVER_UNAVAILABLE, N_("The receiver {1} is gone ({2} {3}).") },
	{ 480, 480, REASON_SIP_RECEIVER_UNAVAILABLE,
		N_("The receiver {1} is not available ({2} {3}).") },
	{ 486, 486, REASON_SIP_RECEIVER_UNAVAILABLE, N_("The receiver {1} is busy ({2} {3}).") },
	{ 600, 600, REASON_SIP_RECEIVER_UNAVAILABLE,
		N_("The receiver {1} is not available anywhere ({2} {3}).") },
	{ 603, 603, REASON_SIP_RECEIVER_UNAVAILABLE, N_("The receiver {1} declined ({2} {3}).") },
	{ 482, 483, REASON_SIP_LOOP, N_("The message to {1} went in circles ({2} {3}).") },
	{ 502, 503, REASON_SIP_GATEWAY_DOWN,
		N_("The gateway, or the way to it, is down for {1} ({2} {3}).") },
	{ 500, 599, REASON_SIP_SERVER_ERROR,
		N_("A server failed with the message to {1} ({2} {3}).") },
	{ 300, 699, REASON_SIP_REJECTED, N_("The message to {1} was rejected ({2} {3}).") },
};

static const struct status_row register_rows[] = {
	{ 403, 403, REASON_SIP_FORBIDDEN, N_("The pool forbids {1} to sign in ({2} {3}).") },
	{ 404, 404, REASON_SIP_USER_UNKNOWN, N_("The pool does not know {1} ({2} {3}).") },
	{ 604, 604, REASON_SIP_USER_UNKNOWN, N_("The pool does not know {1} ({2} {3}).") },
	{ 408, 408, REASON_SIP_NO_ANSWER,
		N_("The registrar did not answer the sign-in of {1} in time ({2} {3}).") },
	{ 500, 599, REASON_SIP_SERVER_ERROR,
		N_("The registrar failed with the sign-in of {1} ({2} {3}).") },
	{ 300, 699, REASON_SIP_REJECTED, N_("The pool rejected the sign-in of {1} ({2} {3}).") },
};

static const struct status_row *find_row(const struct status_row *rows, int status)
{
	while (status < rows->first || status > rows->last)
		rows++;
	return rows;
}

/* ---- evidence ---- */

static void keep_header(struct evidence *e, enum sip_hdr_id id, struct slice value)
{
	if (e->n_headers == COUNT(e->headers))
		return;
	struct evidence_header *h = &e->headers[e->n_headers++];
	slice_cstr(slice_str(sip_hdr_name(id)), h->name, sizeof(h->name));
	slice_cstr(slice_cut(value, 0, sizeof(h->value) - 1), h->value, sizeof(h->value));
}

static void keep_headers(struct evidence *e, const struct sip_msg *m)
{
	static const enum sip_hdr_id telling[] = { SIP_HDR_REASON, SIP_HDR_WARNING,
		SIP_HDR_MS_DIAGNOSTICS, SIP_HDR_MS_DIAGNOSTICS_PUBLIC, SIP_HDR_RETRY_AFTER,
		SIP_HDR_SERVER };

	for (size_t i = 0; i < COUNT(telling); i++) {
		unsigned at = 0;

		for (const struct sip_hdr *h; (h = sip_msg_find(m, telling[i], &at));)
			keep_header(e, telling[i], h->value);
	}
}

/* The value of a parameter without its quotes. */
static void keep_param(struct slice params, const char *name, char *ret, size_t size)
{
	struct slice v;

	if (!sip_param_find(params, name, &v))
		return;
	if (v.n >= 2 && v.p[0] == '"')
		v = slice_cut(v, 1, v.n - 1);
	slice_cstr(slice_cut(v, 0, size - 1), ret, size);
}

/* `1005;source="gw.litware.test";reason="Cannot route"`: what leaves the organisation is in the
 * -public one. */
static void keep_diagnostics(struct evidence *e, const struct sip_msg *m)
{
	struct slice value = sip_msg_value(m, SIP_HDR_MS_DIAGNOSTICS);
	uint64_t code;

	if (value.n == 0)
		value = sip_msg_value(m, SIP_HDR_MS_DIAGNOSTICS_PUBLIC);
	if (!slice_u64(slice_trim(slice_split(&value, ';')), UINT32_MAX, &code))
		return;
	e->has_diagnostics = true;
	e->diagnostics_code = (uint32_t)code;
	keep_param(value, "source", e->diagnostics_source, sizeof(e->diagnostics_source));
	keep_param(value, "reason", e->diagnostics_reason, sizeof(e->diagnostics_reason));
}

/* RFC 3261 section 20.33: seconds, then perhaps a comment and parameters. */
static void keep_retry_after(struct evidence *e, const struct sip_msg *m)
{
	struct slice value = sip_msg_value(m, SIP_HDR_RETRY_AFTER);
	uint64_t seconds;
	size_t n = 0;

	while (n < value.n && value.p[n] >= '0' && value.p[n] <= '9')
		n++;
	e->has_retry_after = slice_u64(slice_cut(value, 0, n), UINT32_MAX, &seconds);
	e->retry_after_s = e->has_retry_after ? (uint32_t)seconds : 0;
}

void evidence_keep_response(struct evidence *e, const struct sip_msg *m)
{
	e->sip_status = m->status;
	slice_cstr(slice_cut(m->reason, 0, sizeof(e->sip_reason) - 1), e->sip_reason,
		sizeof(e->sip_reason));
	keep_headers(e, m);
	keep_diagnostics(e, m);
	keep_retry_after(e, m);
}

static void keep_response(struct probe *p, const struct sip_msg *m)
{
	p->result.evidence.address = p->sip.target.addr;
	evidence_keep_response(&p->result.evidence, m);
}

/* ---- the message ---- */

/* Reason: XMPP;text="item-not-found" (RFC 3326): a gateway that tells what the far side said. */
static bool says_condition(struct evidence *e, const struct sip_msg *m)
{
	struct slice value = sip_msg_value(m, SIP_HDR_REASON);
	struct slice protocol = slice_trim(slice_split(&value, ';'));

	if (!slice_ieqs(protocol, "XMPP"))
		return false;
	keep_param(value, "text", e->xmpp_condition, sizeof(e->xmpp_condition));
	return e->xmpp_condition[0] != '\0';
}

static enum reason condition_reason(const char *condition)
{
	if (strcmp(condition, "remote-server-not-found") == 0)
		return REASON_XMPP_REMOTE_SERVER_NOT_FOUND;
	if (strcmp(condition, "remote-server-timeout") == 0)
		return REASON_XMPP_REMOTE_SERVER_TIMEOUT;
	return REASON_XMPP_BOUNCED;
}

static void fail_by_status(struct probe *p, enum probe_phase phase, const struct status_row *row,
	const char *who, const struct sip_msg *m)
{
	probe_fail(p, phase, row->reason,
		TEXT(row->sentence, text_str(who), text_u64((unsigned)m->status),
			text_slice(m->reason)));
}

/* 503 with Retry-After and no word on a gateway: the server itself is overloaded (RFC 3261 section
 * 21.5.4). */
bool evidence_is_overload(const struct evidence *e)
{
	return e->sip_status == 503 && e->has_retry_after && !e->has_diagnostics;
}

static void fail_overloaded(struct probe *p, enum probe_phase phase)
{
	const struct blame blame = blame_overloaded(&p->sip.target.addr, &p->result.evidence);

	probe_fail(p, phase, blame.reason, blame.message);
}

static void fail_by_diagnostics(
	struct probe *p, const struct diagnostics_row *row, const struct sip_msg *m)
{
	static const char *const not_partner =
		N_("{1} is not an allowed partner of the gateway ({2} {3}, ms-diagnostics {4}).");
	static const char *const other =
		N_("The message to {1} failed: {5} ({2} {3}, ms-diagnostics {4}).");
	const bool partner = row->reason == REASON_SIP_PARTNER_NOT_ALLOWED;

	probe_fail(p, PHASE_SIP_SEND, row->reason,
		TEXT(partner ? not_partner : other,
			partner ? text_slice(jid_domain(&p->receiver))
				: text_str(p->result.receiver),
			text_u64((unsigned)m->status), text_slice(m->reason), text_u64(row->code),
			text_id(row->meaning)));
}

void probe_fail_message(struct probe *p, const struct sip_msg *m)
{
	struct evidence *e = &p->result.evidence;
	const struct diagnostics_row *row;

	if (probe_is_decided(p))
		return;
	keep_response(p, m);
	row = e->has_diagnostics ? diagnostics_find(e->diagnostics_code) : NULL;
	if (says_condition(e, m)) {
		probe_end(p, PHASE_SIP_SEND, PHASE_OK);
		probe_fail(p, PHASE_DELIVER, condition_reason(e->xmpp_condition),
			TEXT(N_("The XMPP side sent the message to {1} back: {2} ({3} {4})."),
				text_str(p->result.receiver), text_str(e->xmpp_condition),
				text_u64((unsigned)m->status), text_slice(m->reason)));
	} else if (row && row->reason) {
		fail_by_diagnostics(p, row, m);
	} else if (evidence_is_overload(e)) {
		fail_overloaded(p, PHASE_SIP_SEND);
	} else {
		fail_by_status(p, PHASE_SIP_SEND, find_row(message_rows, m->status),
			p->result.receiver, m);
	}
}

void probe_fail_challenge(struct probe *p, int err, const struct sip_msg *m)
{
	if (probe_is_decided(p))
		return;
	keep_response(p, m);
	if (err == ERR_UNSUPPORTED)
		probe_fail(p, PHASE_SIP_SEND, REASON_SIP_NO_MECHANISM,
			TEXT(N_("The pool asks for an authentication scheme that is not supported "
				"({1} {2})."),
				text_u64((unsigned)m->status), text_slice(m->reason)));
	else if (err == ERR_LIMIT)
		probe_fail(p, PHASE_SIP_SEND, REASON_SIP_CHALLENGE_LOOP,
			TEXT(N_("The pool challenges the message of {1} again and again ({2} "
				"{3})."),
				text_str(p->result.user), text_u64((unsigned)m->status),
				text_slice(m->reason)));
	else
		probe_fail(p, PHASE_SIP_SEND, REASON_SIP_BAD_CREDENTIALS,
			TEXT(N_("The pool refused the credentials of {1} for the message ({2} "
				"{3})."),
				text_str(p->result.user), text_u64((unsigned)m->status),
				text_slice(m->reason)));
}

void probe_fail_unparsable(struct probe *p, const struct where *where)
{
	struct evidence *e = &p->result.evidence;

	if (probe_is_decided(p))
		return;
	e->address = p->sip.target.addr;
	e->what = where->what;
	e->offset = where->offset;
	const struct blame blame = blame_unparsable(&e->address, where);
	probe_fail(p, probe_sip_phase(p), blame.reason, blame.message);
}

/* ---- the sign-in ---- */

void probe_fail_register(
	struct probe *p, enum reg_outcome outcome, int status, const struct sip_msg *m)
{
	static const struct {
		enum reason reason;
		const char *sentence;
	} rows[] = {
		[REG_BAD_CREDENTIALS] = { REASON_SIP_BAD_CREDENTIALS,
			N_("The pool refused the name or password of {1} ({2} {3}).") },
		[REG_CHALLENGE_LOOP] = { REASON_SIP_CHALLENGE_LOOP,
			N_("The pool challenges the sign-in of {1} again and again ({2} {3}).") },
		[REG_NO_CREDENTIALS] = { REASON_SIP_NO_MECHANISM,
			N_("The pool asks {1} for credentials, and there are none ({2} {3}).") },
		[REG_UNSUPPORTED_AUTH] = { REASON_SIP_NO_MECHANISM,
			N_("The pool asks {1} for an authentication scheme that is not supported "
			   "({2} {3}).") },
		[REG_NO_BINDING] = { REASON_SIP_NO_BINDING,
			N_("The pool accepted the sign-in of {1} ({2} {3}), but the contact is not "
			   "among its bindings.") },
	};

	if (probe_is_decided(p))
		return;
	keep_response(p, m);
	switch (outcome) {
	case REG_BAD_CREDENTIALS:
	case REG_CHALLENGE_LOOP:
	case REG_NO_CREDENTIALS:
	case REG_UNSUPPORTED_AUTH:
	case REG_NO_BINDING:
		probe_fail(p, PHASE_SIP_REGISTER, rows[outcome].reason,
			TEXT(rows[outcome].sentence, text_str(p->result.user),
				text_u64((unsigned)status), text_slice(m->reason)));
		return;
	case REG_OK:
	case REG_REJECTED:
	case REG_TIMEOUT: break;
	}
	if (evidence_is_overload(&p->result.evidence))
		fail_overloaded(p, PHASE_SIP_REGISTER);
	else
		fail_by_status(p, PHASE_SIP_REGISTER,
			find_row(register_rows, status < 300 ? 699 : status), p->result.user, m);
}

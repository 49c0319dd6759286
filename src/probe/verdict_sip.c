/* How a phase fails by what the pool answers. */
#include <string.h>

#include "base/mem.h"
#include "probe/diagnostics.h"
#include "probe/private.h"
#include "probe/relay.h"
#include "sip/hdr.h"

struct status_row {
	int first, last;
	enum reason reason;
	const char
		*sentence; /* {1} who, {2} status, {3} phrase, {4}{5} who said it, {6} a Contact */
};

static const struct status_row message_rows[] = {
	{ 300, 399, REASON_SIP_REJECTED,
		N_("The message to {1} is sent elsewhere, which a test does not follow: {6} ({2} "
		   "{3}{4}{5}).") },
	{ 403, 403, REASON_SIP_FORBIDDEN, N_("The message to {1} is forbidden ({2} {3}{4}{5}).") },
	{ 404, 404, REASON_SIP_NOT_FOUND, N_("The receiver {1} was not found ({2} {3}{4}{5}).") },
	{ 604, 604, REASON_SIP_NOT_FOUND,
		N_("The receiver {1} does not exist anywhere ({2} {3}{4}{5}).") },
	{ 408, 408, REASON_SIP_GATEWAY_TIMEOUT,
		N_("The next hop to {1} did not answer in time: it is not running, or drops what "
		   "it is sent ({2} {3}{4}{5}).") },
	{ 504, 504, REASON_SIP_GATEWAY_TIMEOUT,
		N_("The gateway, or the partner behind it, did not answer in time for {1} ({2} "
		   "{3}{4}{5}).") },
	{ 410, 410, REASON_SIP_RECEIVER_UNAVAILABLE,
		N_("The receiver {1} is gone ({2} {3}{4}{5}).") },
	{ 480, 480, REASON_SIP_RECEIVER_UNAVAILABLE,
		N_("The receiver {1} is not available ({2} {3}{4}{5}).") },
	{ 486, 486, REASON_SIP_RECEIVER_UNAVAILABLE,
		N_("The receiver {1} is busy ({2} {3}{4}{5}).") },
	{ 600, 600, REASON_SIP_RECEIVER_UNAVAILABLE,
		N_("The receiver {1} is not available anywhere ({2} {3}{4}{5}).") },
	{ 603, 603, REASON_SIP_RECEIVER_UNAVAILABLE,
		N_("The receiver {1} declined ({2} {3}{4}{5}).") },
	{ 482, 483, REASON_SIP_LOOP, N_("The message to {1} went in circles ({2} {3}{4}{5}).") },
	{ 502, 503, REASON_SIP_GATEWAY_DOWN,
		N_("The gateway, or the way to it, is down for {1} ({2} {3}{4}{5}).") },
	{ 500, 599, REASON_SIP_SERVER_ERROR,
		N_("A server failed with the message to {1} ({2} {3}{4}{5}).") },
	{ 300, 699, REASON_SIP_REJECTED, N_("The message to {1} was rejected ({2} {3}{4}{5}).") },
};

static const struct status_row register_rows[] = {
	{ 403, 403, REASON_SIP_FORBIDDEN, N_("The pool forbids {1} to sign in ({2} {3}{4}{5}).") },
	{ 404, 404, REASON_SIP_USER_UNKNOWN, N_("The pool does not know {1} ({2} {3}{4}{5}).") },
	{ 604, 604, REASON_SIP_USER_UNKNOWN, N_("The pool does not know {1} ({2} {3}{4}{5}).") },
	{ 408, 408, REASON_SIP_NO_ANSWER,
		N_("The registrar did not answer the sign-in of {1} in time ({2} {3}{4}{5}).") },
	{ 500, 599, REASON_SIP_SERVER_ERROR,
		N_("The registrar failed with the sign-in of {1} ({2} {3}{4}{5}).") },
	{ 300, 699, REASON_SIP_REJECTED,
		N_("The pool rejected the sign-in of {1} ({2} {3}{4}{5}).") },
};

static const struct status_row contact_limit = { 0, 0, REASON_SIP_TOO_MANY_CONTACTS,
	N_("{1} has as many contacts at the registrar as it may have ({2} {3}{4}{5}).") };
/* What a registrar makes of a wrong password is a new challenge (RFC 3261 section 22.1); but not
 * every one's. */
static const struct status_row forbidden_with_credentials = { 0, 0, REASON_SIP_FORBIDDEN,
	N_("The pool forbids {1} to sign in, and does not ask for other credentials: it refuses "
	   "the account or its contact, or the password is wrong ({2} {3}{4}{5}).") };

static const struct status_row *find_row(const struct status_row *rows, int status)
{
	while (status < rows->first || status > rows->last)
		rows++;
	return rows;
}

enum reason probe_status_reason(int status)
{
	return status < 300 ? REASON_NONE : find_row(message_rows, status)->reason;
}

static void keep_response(struct probe *p, const struct sip_msg *m)
{
	p->result.evidence.address = p->sip.target.addr;
	evidence_keep_response(&p->result.evidence, m);
}

void probe_heard_server(struct probe *p, const struct sip_msg *m)
{
	struct slice name = sip_msg_value(m, SIP_HDR_SERVER);

	if (name.n)
		slice_cstr(slice_cut(name, 0, sizeof(p->sip.server) - 1), p->sip.server,
			sizeof(p->sip.server));
}

/* ---- the message ---- */

/* Reason: XMPP;text="item-not-found" (RFC 3326): a gateway that tells what the far side said. */
static bool says_condition(struct evidence *e, const struct sip_msg *m)
{
	struct slice value = sip_msg_value(m, SIP_HDR_REASON);
	struct slice protocol = slice_trim(slice_split(&value, ';'));

	if (!slice_ieqs(protocol, "XMPP"))
		return false;
	evidence_keep_param(value, "text", e->xmpp_condition, sizeof(e->xmpp_condition));
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

/* With a session of the receiver's here, the highest priority and all, it is not absence that the
 * condition stands for (of a blocked sender it is XEP-0191 section 3.3's). */
static const char *bounced_words(const struct probe *p)
{
	const struct evidence *e = &p->result.evidence;
	const char *unavailable = stanza_condition_name(COND_SERVICE_UNAVAILABLE);

	if (p->xmpp.state == XMPP_READY && strcmp(e->xmpp_condition, unavailable) == 0)
		return N_("The XMPP side sent the message to {1} back although {1} is signed in: "
			  "the receiver has blocked the sender, or the server blocks strangers "
			  "({2}, {3} {4}).");
	return N_("The XMPP side sent the message to {1} back: {2} ({3} {4}).");
}

static void fail_by_status(struct probe *p, enum probe_phase phase, const struct status_row *row,
	const char *who, const struct sip_msg *m)
{
	const struct evidence *e = &p->result.evidence;
	const struct evidence_speaker speaker = evidence_speaker(e, p->sip.server);
	const char *contact = evidence_header(e, sip_hdr_name(SIP_HDR_CONTACT));

	probe_fail(p, phase, row->reason,
		TEXT(row->sentence, text_str(who), text_u64((unsigned)m->status),
			text_slice(m->reason), text_id(speaker.how), text_slice(speaker.name),
			text_str(contact ? contact : "?")));
}

static void fail_overloaded(struct probe *p, enum probe_phase phase)
{
	probe_fail_by(p, phase, blame_overloaded(&p->sip.target.addr, &p->result.evidence));
}

static void fail_by_diagnostics(
	struct probe *p, const struct diagnostics_row *row, const struct sip_msg *m)
{
	static const char *const not_partner =
		N_("{1} is not an allowed partner of the gateway ({2} {3}, ms-diagnostics {4}).");
	static const char *const other =
		N_("The message to {1} failed: {5} ({2} {3}, ms-diagnostics {4}{6}{7}).");
	const bool partner = row->reason == REASON_SIP_PARTNER_NOT_ALLOWED;
	const struct evidence_speaker speaker =
		evidence_speaker(&p->result.evidence, p->sip.server);

	probe_fail(p, PHASE_SIP_SEND, row->reason,
		TEXT(partner ? not_partner : other,
			partner ? text_slice(jid_domain(&p->receiver))
				: text_str(p->result.receiver),
			text_u64((unsigned)m->status), text_slice(m->reason), text_u64(row->code),
			text_id(row->meaning), text_id(speaker.how), text_slice(speaker.name)));
}

/* What is known of proxies tells more than the status. */
static struct status_row message_row(const struct sip_msg *m)
{
	const struct relay_row *known = relay_find(m->status, m->reason);

	if (!known)
		return *find_row(message_rows, m->status);
	return (struct status_row){ .reason = known->reason, .sentence = known->sentence };
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
		probe_fail(p, probe_leg(p, SIDE_XMPP).phase, condition_reason(e->xmpp_condition),
			TEXT(bounced_words(p), text_str(p->result.receiver),
				text_str(e->xmpp_condition), text_u64((unsigned)m->status),
				text_slice(m->reason)));
	} else if (row && row->reason) {
		fail_by_diagnostics(p, row, m);
	} else if (evidence_is_overload(e)) {
		fail_overloaded(p, PHASE_SIP_SEND);
	} else {
		const struct status_row by_status = message_row(m);

		fail_by_status(p, PHASE_SIP_SEND, &by_status, p->result.receiver, m);
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
	probe_fail_by(p, probe_sip_phase(p), blame_unparsable(&e->address, where));
}

/* ---- the sign-in ---- */

static void fail_rejected(struct probe *p, int status, const struct sip_msg *m)
{
	const struct evidence *e = &p->result.evidence;
	const bool has_shown = digest_client_algorithm(p->sip.digest)[0] != '\0';
	const struct status_row *row = find_row(register_rows, status < 300 ? 699 : status);

	if (evidence_is_contact_limit(e))
		row = &contact_limit;
	else if (evidence_is_overload(e))
		row = NULL;
	else if (status == 403 && has_shown)
		row = &forbidden_with_credentials;
	if (row)
		fail_by_status(p, PHASE_SIP_REGISTER, row, p->result.user, m);
	else
		fail_overloaded(p, PHASE_SIP_REGISTER);
}

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
	fail_rejected(p, status, m);
}

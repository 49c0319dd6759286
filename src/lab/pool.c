#include <string.h>

#include "base/mem.h"
#include "bridge/address.h"
#include "lab/private.h"
#include "sip/hdr.h"

enum {
	EXPIRES_DEFAULT_S = 3600,
	EXPIRES_MIN_S = 30, /* shorter gets 423: RFC 3261 section 10.3 item 7 */
};

/* ---- answers ---- */

struct buf *lab_answer_begin(struct lab *l, const struct origin *o, int status)
{
	struct nist_key key;
	char tag[NIST_TAG_MAX];
	struct buf *b = shell_out(&l->shell);

	nist_key_make(&key, l->salt, &l->msg);
	sip_put_response_head(
		b, &l->msg, status, slice_str(nist_to_tag(&key, l->salt, tag)), &o->peer);
	buf_puts(b, "Server: stox-lab\r\n");
	return b;
}

void lab_answer_end(struct lab *l, const struct origin *o)
{
	sip_put_body(shell_out(&l->shell), SLICE_NONE);
	lab_fault_edit_answer(l);
	shell_send(&l->shell, o);
}

void lab_answer(struct lab *l, const struct origin *o, int status)
{
	lab_answer_begin(l, o, status);
	lab_answer_end(l, o);
}

void lab_challenge(struct lab *l, const struct origin *o, int status, bool stale)
{
	digest_server_put_challenge(
		l->digest, lab_answer_begin(l, o, status), status, stale, l->now);
	lab_answer_end(l, o);
}

/* ---- who may ---- */

static bool is_own(struct slice host)
{
	return slice_ieqs(host, LAB_POOL_DOMAIN) || slice_ieqs(host, LAB_POOL_FQDN);
}

static struct sip_account *account_of(struct lab *l, const struct sip_uri *uri)
{
	char user[256];
	struct buf raw;
	struct where where;

	buf_init(&raw, sizeof(user));
	bool ok = sip_unescape(uri->user, &raw, &where) == 0 &&
		  slice_cstr(buf_slice(&raw), user, sizeof(user));
	buf_done(&raw);
	return ok ? lab_sip_account(l, slice_str(user)) : NULL;
}

/* The account that proves to send this request, which must be the one it claims; NULL when an
 * answer was given instead. */
static struct sip_account *authenticate(
	struct lab *l, const struct origin *o, const struct sip_uri *claimed, int status)
{
	const struct digest_secret *secret;
	struct sip_account *a =
		lab_sip_login(l, digest_server_username(l->digest, &l->msg, status), &secret);

	enum digest_verdict v = digest_server_check(l->digest, &l->msg, status, secret, l->now);
	switch (v) {
	case DIGEST_OK: break;
	case DIGEST_ABSENT:
	case DIGEST_WRONG:
	case DIGEST_REPLAY: lab_challenge(l, o, status, false); return NULL;
	case DIGEST_STALE: lab_challenge(l, o, status, true); return NULL;
	case DIGEST_BAD: lab_answer(l, o, 400); return NULL;
	}
	if (a && a == account_of(l, claimed))
		return a;
	lab_answer(l, o, 403);
	return NULL;
}

/* ---- registrar ---- */

static unsigned expires_of(const struct sip_msg *req, const struct sip_nameaddr *contact)
{
	uint64_t seconds = EXPIRES_DEFAULT_S;
	struct slice value;

	slice_u64(sip_msg_value(req, SIP_HDR_EXPIRES), UINT32_MAX, &seconds);
	if (sip_param_find(contact->params, "expires", &value))
		slice_u64(value, UINT32_MAX, &seconds);
	return (unsigned)(seconds > EXPIRES_DEFAULT_S ? EXPIRES_DEFAULT_S : seconds);
}

static struct binding *find_binding(struct sip_account *a, const struct sip_uri *uri)
{
	for (unsigned i = 0; i < BINDINGS_MAX; i++) {
		struct sip_uri known;
		struct where where;
		struct binding *b = &a->bindings[i];

		if (b->in_use && !sip_uri_decode(slice_str(b->contact), &known, &where) &&
			sip_uri_equal(&known, uri))
			return b;
	}
	return NULL;
}

static struct binding *free_binding(struct sip_account *a, ts_t now)
{
	struct binding *oldest = &a->bindings[0];

	for (unsigned i = 0; i < BINDINGS_MAX; i++) {
		struct binding *b = &a->bindings[i];

		if (!b->in_use || b->expires <= now)
			return b;
		if (b->expires < oldest->expires)
			oldest = b;
	}
	return oldest;
}

static int bind_one(struct lab *l, struct sip_account *a, const struct sip_nameaddr *contact,
	const struct origin *o)
{
	unsigned seconds = expires_of(&l->msg, contact);
	struct binding *b = find_binding(a, &contact->uri);

	if (seconds == 0) {
		if (b)
			b->in_use = false;
		return 0;
	}
	if (seconds < EXPIRES_MIN_S)
		return 423;
	if (!b)
		b = free_binding(a, l->now);
	if (!slice_cstr(contact->uri_text, b->contact, sizeof(b->contact)))
		return 400;
	b->in_use = true;
	b->path = *o; /* as RFC 5626: back on the way it came, whatever the Contact says */
	b->expires = ts_add(l->now, TS_S(seconds));
	return 0;
}

static int bind_all(struct lab *l, struct sip_account *a, const struct origin *o)
{
	unsigned at = 0;
	int status = 0;
	struct where where;

	for (const struct sip_hdr *h; (h = sip_msg_find(&l->msg, SIP_HDR_CONTACT, &at));) {
		struct slice rest = h->value, value;

		while (!status && sip_hdr_next(&rest, &value)) {
			struct sip_nameaddr contact;

			if (sip_contact_is_star(value))
				memset(a->bindings, 0, sizeof(a->bindings));
			else if (sip_nameaddr_decode(value, &contact, &where))
				status = 400;
			else
				status = bind_one(l, a, &contact, o);
		}
	}
	return status;
}

static void put_bindings(struct lab *l, const struct sip_account *a, struct buf *b)
{
	for (unsigned i = 0; i < BINDINGS_MAX; i++) {
		const struct binding *k = &a->bindings[i];

		if (k->in_use && k->expires > l->now)
			buf_printf(b, "Contact: <%s>;expires=%u\r\n", k->contact,
				(unsigned)((k->expires - l->now) / TS_S(1)));
	}
}

static void answer_bindings(
	struct lab *l, const struct origin *o, const struct sip_account *a, int status)
{
	struct buf *b = lab_answer_begin(l, o, status);

	if (status == 423)
		buf_printf(b, "Min-Expires: %d\r\n", EXPIRES_MIN_S);
	else if (status == 200)
		put_bindings(l, a, b);
	lab_answer_end(l, o);
}

/* A repeated request has the nonce count of the first: without this it would look like a replay. */
static bool was_registered(struct lab *l, const struct nist_key *key, const struct origin *o)
{
	int status;
	uint16_t index;

	if (!nist_done_find(l->registered, key, &status, &index, l->now))
		return false;
	answer_bindings(l, o, &l->sip_accounts[index], status);
	return true;
}

static void do_register(struct lab *l, const struct origin *o)
{
	struct nist_key key;

	if (!is_own(l->msg.ruri.host)) {
		lab_answer(l, o, 404);
		return;
	}
	nist_key_make(&key, l->salt, &l->msg);
	if (was_registered(l, &key, o))
		return;
	struct sip_account *a = authenticate(l, o, &l->msg.to.uri, 401);
	if (!a)
		return;
	int status = bind_all(l, a, o);
	status = status ? status : 200;
	nist_done_add(l->registered, &key, status, (uint16_t)(a - l->sip_accounts), l->now);
	answer_bindings(l, o, a, status);
}

/* ---- routing ---- */

static const struct binding *latest_binding(const struct lab *l, const struct sip_account *a)
{
	const struct binding *best = NULL;

	for (unsigned i = 0; i < BINDINGS_MAX; i++) {
		const struct binding *b = &a->bindings[i];

		if (b->in_use && b->expires > l->now && (!best || b->expires > best->expires))
			best = b;
	}
	return best;
}

static void to_own_user(struct lab *l, const struct origin *o)
{
	struct sip_account *a = account_of(l, &l->msg.ruri);
	const struct binding *b = a ? latest_binding(l, a) : NULL;

	if (!a)
		lab_answer(l, o, 404);
	else if (!b)
		lab_answer(l, o, 480);
	else
		lab_proxy_forward(l, o, &b->path, slice_str(b->contact));
}

/* As Lync's pool: what is not its own goes to the gateway, which knows the partners. */
static void to_gateway(struct lab *l, const struct origin *o)
{
	struct origin to;

	if (lab_fault_to_gateway(l, o))
		return;
	if (lab_proxy_gateway(l, &to))
		lab_proxy_forward(l, o, &to, l->msg.ruri_text);
	else
		lab_answer(l, o, 503);
}

static bool is_gateway(const struct lab *l, const struct origin *o)
{
	return o->transport == l->cfg.gateway_transport && addr_ip_eq(&o->peer, &l->cfg.gateway);
}

static void route(struct lab *l, const struct origin *o)
{
	if (l->msg.max_forwards == 0) {
		lab_answer(l, o, 483);
		return;
	}
	if (lab_proxy_repeated(l, o))
		return;
	if (is_own(l->msg.from.uri.host)) {
		if (!authenticate(l, o, &l->msg.from.uri, 407))
			return;
	} else if (!is_gateway(l, o)) {
		lab_answer(l, o, 403); /* RFC 3261 section 16.3: an open relay serves spammers */
		return;
	}
	if (is_own(l->msg.ruri.host))
		to_own_user(l, o);
	else
		to_gateway(l, o);
}

static void request(struct lab *l, const struct origin *o)
{
	if (lab_fault_request(l, o))
		return;
	switch (l->msg.method) {
	case SIP_METHOD_REGISTER: do_register(l, o); break;
	case SIP_METHOD_ACK: break;
	case SIP_METHOD_CANCEL: lab_answer(l, o, 481); break;
	case SIP_METHOD_OPTIONS: lab_answer(l, o, 200); break;
	case SIP_METHOD_INVITE:
	case SIP_METHOD_BYE:
	case SIP_METHOD_SUBSCRIBE:
	case SIP_METHOD_NOTIFY:
	case SIP_METHOD_PUBLISH:
	case SIP_METHOD_REFER:
	case SIP_METHOD_INFO:
	case SIP_METHOD_UPDATE:
	case SIP_METHOD_PRACK: lab_answer(l, o, 405); break;
	case SIP_METHOD_MESSAGE:
	case SIP_METHOD_OTHER: route(l, o); break;
	}
}

void lab_pool_message(struct lab *l, struct slice bytes, const struct origin *o)
{
	struct sip_refusal refusal;

	if (slice_trim(bytes).n == 0)
		return; /* a keep-alive */
	int err = sip_msg_decode(bytes, &l->msg, &refusal);
	if (!err && l->msg.is_request)
		request(l, o);
	else if (!err)
		lab_proxy_response(l);
	else if (l->msg.is_request && refusal.answerable == SIP_ANSWERABLE)
		lab_answer(l, o, refusal.status);
}

void lab_pool_stream(struct lab *l, struct conn *c, struct slice bytes)
{
	struct slice message;

	int err = sip_frame_push(&c->frame, bytes);
	while (!err && sip_frame_take(&c->frame, &message))
		lab_pool_message(l, message, &c->origin);
	while (sip_frame_take_ping(&c->frame)) {
		buf_puts(shell_out(&l->shell), "\r\n");
		shell_send(&l->shell, &c->origin);
	}
	if (!err && !c->frame.err)
		return;
	shell_want(&l->shell, WANT_CLOSE_FLOW)->flow = c->flow;
	lab_conn_free(l, c);
}

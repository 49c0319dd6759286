#include "lab/pool.h"

#include "base/mem.h"
#include "lab/binding.h"
#include "lab/fault_case.h"
#include "lab/proxy.h"

#define NONCE_LIFE TS_S(300)

enum {
	ANSWERS_MAX = 100000, /* that are remembered */
	OWED_BYTES_MAX = 256 << 20,
	EDITED_BYTES_MAX = 256 << 10,
};

struct pool {
	struct pool_cfg cfg;
	struct tl *tl;
	struct proxy *proxy;
	struct digest_server *digest; /* one realm and one set of nonces, as in Kamailio */
	struct bindings *bindings;    /* of each account */
	struct origin gateway;        /* the connection to it; flow 0: none */
	bool gateway_is_up;
	flow_t last_flow;
	struct fault_seen seen;
	struct buf edited;
};

/* ---- answers to the request in hand ---- */

static struct buf *answer(struct pool *p, int status)
{
	struct buf *b = tl_answer(p->tl, TL_IN_HAND, status, NULL);

	buf_puts(b, "Server: stox-lab\r\n");
	return b;
}

/* As the fault says it. */
static void edit(struct pool *p)
{
	const struct lab_fault *f = p->cfg.lab->fault;
	struct buf *b = shell_out(p->cfg.shell);
	const struct slice said = outbox_unsent(&p->cfg.shell->out);

	if (!f->edit.find)
		return;
	buf_clear(&p->edited);
	fault_put_edited(f, &p->edited, said);
	buf_truncate(b, buf_len(b) - said.n);
	buf_put(b, buf_slice(&p->edited));
}

static void answer_end(struct pool *p, enum tl_memory memory, ts_t now)
{
	edit(p);
	tl_answer_end(p->tl, memory, 0, now);
}

static void answer_status(struct pool *p, int status, ts_t now)
{
	answer(p, status);
	answer_end(p, TL_FORGET, now);
}

static void challenge(struct pool *p, int status, bool stale, ts_t now)
{
	digest_server_put_challenge(p->digest, answer(p, status), status, stale, now);
	answer_end(p, TL_FORGET, now);
}

static void answer_as_fault(struct pool *p, const struct fault_answer *f, ts_t now)
{
	switch (f->does) {
	case FAULT_ANSWER_STATUS:
		buf_puts(answer(p, f->status), f->text);
		answer_end(p, TL_FORGET, now);
		break;
	case FAULT_ANSWER_STALE: challenge(p, 401, true, now); break;
	case FAULT_ANSWER_RAW:
		buf_puts(tl_answer_whole(p->tl, TL_IN_HAND, 400), f->text);
		tl_answer_end(p->tl, TL_FORGET, 0, now);
		break;
	case FAULT_ANSWER_NONE:
	case FAULT_ANSWER_NOTHING:
	case FAULT_ANSWER_REPEATED: break;
	}
}

/* ---- who may ---- */

static bool is_own(struct slice host)
{
	return slice_ieqs(host, LAB_POOL_DOMAIN) || slice_ieqs(host, LAB_POOL_FQDN);
}

static const struct sip_account *account_of(const struct pool *p, const struct sip_uri *uri)
{
	struct buf user;
	struct where where;
	const struct sip_account *a = NULL;

	buf_init(&user, sizeof(a->user));
	if (sip_unescape(uri->user, &user, &where) == 0)
		a = sip_account_find(p->cfg.accounts, buf_slice(&user));
	buf_done(&user);
	return a;
}

static struct bindings *bindings_of(struct pool *p, const struct sip_account *a)
{
	return &p->bindings[a - p->cfg.accounts->sip];
}

/* The account that proves to send this request, which must be the one it claims; NULL when an
 * answer was given instead. */
static const struct sip_account *authenticate(struct pool *p, const struct sip_msg *req,
	const struct sip_uri *claimed, int status, ts_t now)
{
	const struct digest_secret *secret;
	const struct sip_account *a = sip_account_login(
		p->cfg.accounts, digest_server_username(p->digest, req, status), &secret);

	switch (digest_server_check(p->digest, req, status, secret, now)) {
	case DIGEST_OK: break;
	case DIGEST_ABSENT:
	case DIGEST_WRONG:
	case DIGEST_REPLAY: challenge(p, status, false, now); return NULL;
	case DIGEST_STALE: challenge(p, status, true, now); return NULL;
	case DIGEST_BAD: answer_status(p, 400, now); return NULL;
	}
	if (a && a == account_of(p, claimed))
		return a;
	answer_status(p, 403, now);
	return NULL;
}

/* A repeated one has the nonce count of the first: were it not remembered, it would look like a
 * replay. */
static void do_register(struct pool *p, const struct tl_event *ev, ts_t now)
{
	if (!is_own(ev->msg->ruri.host)) {
		answer_status(p, 404, now);
		return;
	}
	const struct sip_account *a = authenticate(p, ev->msg, &ev->msg->to.uri, 401, now);
	if (!a)
		return;
	int status = bindings_push(bindings_of(p, a), ev->msg, ev->origin, now);
	bindings_put(bindings_of(p, a), answer(p, status), status, now);
	answer_end(p, TL_REMEMBER, now);
}

/* ---- where a request goes ---- */

static void to_own_user(struct pool *p, const struct sip_msg *req, ts_t now)
{
	const struct sip_account *a = account_of(p, &req->ruri);
	const struct binding *b = a ? bindings_latest(bindings_of(p, a), now) : NULL;

	if (b)
		proxy_forward(p->proxy, req, &b->path, true, slice_str(b->contact), now);
	else
		answer_status(p, a ? 480 : 404, now);
}

static bool connect_gateway(struct pool *p)
{
	const struct origin to = { .flow = ++p->last_flow,
		.transport = TRANSPORT_TCP,
		.peer = p->cfg.lab->gateway,
		.local = p->cfg.lab->gateway };

	if (tl_flow_add(p->tl, &to))
		return false;
	p->gateway = to;
	p->gateway_is_up = false;
	struct want *w = shell_want(p->cfg.shell, WANT_FLOW);
	w->flow = to.flow;
	w->transport = TRANSPORT_TCP;
	w->addr = to.peer;
	return true;
}

static struct origin gateway_by_datagram(const struct pool *p)
{
	return (struct origin){ .listener = LAB_LISTEN_SIP_UDP,
		.transport = p->cfg.lab->gateway_transport,
		.peer = p->cfg.lab->gateway,
		.local = p->cfg.listeners[LAB_LISTEN_SIP_UDP] };
}

/* The way to it: false when it cannot be tried. */
static bool find_gateway(struct pool *p, struct origin *ret)
{
	*ret = gateway_by_datagram(p);
	if (!ret->peer.family)
		return false;
	if (ret->transport == TRANSPORT_UDP)
		return ret->local.family != 0;
	if (!p->gateway.flow && !connect_gateway(p))
		return false;
	*ret = p->gateway;
	return true;
}

static void to_gateway(struct pool *p, const struct sip_msg *req, ts_t now)
{
	const struct fault_answer *f = fault_of_request(p->cfg.lab->fault, req, true);
	struct origin to;

	if (f)
		answer_as_fault(p, f, now);
	else if (find_gateway(p, &to))
		proxy_forward(
			p->proxy, req, &to, !to.flow || p->gateway_is_up, req->ruri_text, now);
	else
		answer_status(p, 503, now);
}

static bool is_gateway(const struct pool *p, const struct origin *o)
{
	return o->transport == p->cfg.lab->gateway_transport &&
	       addr_ip_eq(&o->peer, &p->cfg.lab->gateway);
}

static void route(struct pool *p, const struct tl_event *ev, ts_t now)
{
	const struct sip_msg *req = ev->msg;

	if (req->max_forwards == 0) {
		answer_status(p, 483, now);
		return;
	}
	if (is_own(req->from.uri.host)) {
		if (!authenticate(p, req, &req->from.uri, 407, now))
			return;
	} else if (!is_gateway(p, ev->origin)) {
		/* RFC 3261 section 16.3: an open relay serves spammers. */
		answer_status(p, 403, now);
		return;
	}
	if (is_own(req->ruri.host))
		to_own_user(p, req, now);
	else
		to_gateway(p, req, now);
}

static void request(struct pool *p, const struct tl_event *ev, ts_t now)
{
	const struct lab_fault *fault = p->cfg.lab->fault;
	const struct fault_answer *f = fault_of_request(fault, ev->msg, false);

	if (ev->origin->transport == TRANSPORT_UDP &&
		fault_loses(fault, &p->seen, tl_key(p->tl, TL_IN_HAND)))
		return;
	if (f) {
		answer_as_fault(p, f, now);
		return;
	}
	switch (ev->msg->method) {
	case SIP_METHOD_REGISTER: do_register(p, ev, now); break;
	case SIP_METHOD_ACK: break;
	case SIP_METHOD_CANCEL: answer_status(p, 481, now); break;
	case SIP_METHOD_OPTIONS: answer_status(p, 200, now); break;
	case SIP_METHOD_INVITE:
	case SIP_METHOD_BYE:
	case SIP_METHOD_SUBSCRIBE:
	case SIP_METHOD_NOTIFY:
	case SIP_METHOD_PUBLISH:
	case SIP_METHOD_REFER:
	case SIP_METHOD_INFO:
	case SIP_METHOD_UPDATE:
	case SIP_METHOD_PRACK: answer_status(p, 405, now); break;
	case SIP_METHOD_MESSAGE:
	case SIP_METHOD_OTHER: route(p, ev, now); break;
	}
}

/* ---- connections ---- */

static void flow_gone(struct pool *p, flow_t flow, bool close, ts_t now)
{
	if (!tl_flow_gone(p->tl, flow, ECONNRESET))
		return; /* we gave it up before this fact */
	if (close)
		shell_want(p->cfg.shell, WANT_CLOSE_FLOW)->flow = flow;
	if (p->gateway.flow == flow)
		p->gateway.flow = 0;
	for (unsigned i = 0; i < p->cfg.accounts->n_sip; i++)
		bindings_flow_gone(&p->bindings[i], flow);
	proxy_flow_gone(p->proxy, flow, now);
}

static void flow_up(struct pool *p, const struct fact *in, ts_t now)
{
	if (p->gateway.flow != in->flow)
		return;
	tl_flow_up(p->tl, in->flow, in->local, in->peer);
	p->gateway.local = *in->local;
	p->gateway_is_up = true;
	proxy_flow_up(p->proxy, &p->gateway, now);
}

static void want_tls(struct pool *p, flow_t flow)
{
	struct want *w = shell_want(p->cfg.shell, WANT_TLS);

	w->flow = flow;
	w->tls = (struct tls_policy){
		.accept = true, .verify = TLS_VERIFY_NOTE, .identity = LAB_IDENTITY_POOL
	};
	fault_edit_tls(p->cfg.lab->fault, &w->tls);
}

void pool_accept(struct pool *p, const struct fact *in)
{
	const bool tls = in->listener == LAB_LISTEN_SIP_TLS;
	const struct origin o = { .flow = in->flow,
		.listener = in->listener,
		.transport = tls ? TRANSPORT_TLS : TRANSPORT_TCP,
		.peer = *in->peer,
		.local = *in->local };

	if (tl_flow_add(p->tl, &o))
		shell_want(p->cfg.shell, WANT_DROP_FLOW)->flow = in->flow;
	else if (tls)
		want_tls(p, in->flow);
}

/* ---- facts and events ---- */

static void event(struct pool *p, const struct tl_event *ev, ts_t now)
{
	switch (ev->type) {
	case TL_EV_REQUEST: request(p, ev, now); break;
	case TL_EV_MALFORMED:
		if (ev->refusal->answerable == SIP_ANSWERABLE && ev->msg->is_request)
			answer_status(p, ev->refusal->status, now);
		break;
	case TL_EV_FINAL:
	case TL_EV_TIMEOUT:
	case TL_EV_FAILED:
	case TL_EV_GONE: proxy_push(p->proxy, ev, now); break;
	case TL_EV_BROKEN: flow_gone(p, ev->origin->flow, true, now); break;
	case TL_EV_REPEATED:
	case TL_EV_ABSORBED:
	case TL_EV_ACK:
	case TL_EV_PROVISIONAL:
	case TL_EV_LATE:
	case TL_EV_STRAY:
	case TL_EV_UNASKED:
	case TL_EV_PING: break;
	}
}

static void drain(struct pool *p, ts_t now)
{
	struct tl_event ev;

	while (tl_take_event(p->tl, shell_has_room(p->cfg.shell), &ev, now))
		event(p, &ev, now);
}

static void datagram(struct pool *p, const struct fact *in)
{
	const struct origin o = { .listener = in->listener,
		.transport = TRANSPORT_UDP,
		.peer = *in->peer,
		.local = *in->local };

	tl_push_datagram(p->tl, in->bytes, &o);
}

void pool_push(struct pool *p, const struct fact *in, ts_t now)
{
	switch (in->type) {
	case FACT_DATAGRAM: datagram(p, in); break;
	case FACT_DATAGRAM_FAILED: tl_push_peer_failed(p->tl, in->peer, in->err); break;
	case FACT_FLOW_UP: flow_up(p, in, now); break;
	case FACT_FLOW_BYTES: tl_push_bytes(p->tl, in->flow, in->bytes); break;
	case FACT_FLOW_EOF: flow_gone(p, in->flow, true, now); break;
	case FACT_FLOW_FAILED: flow_gone(p, in->flow, false, now); break;
	case FACT_FLOW_ACCEPTED:
	case FACT_ACCEPT_FAILED:
	case FACT_FLOW_BLOCKED:
	case FACT_FLOW_READY:
	case FACT_TLS_UP:
	case FACT_LISTEN_UP:
	case FACT_LISTEN_FAILED:
	case FACT_DNS:
	case FACT_CLOCK:
	case FACT_STOP: break;
	}
	drain(p, now);
}

void pool_push_from_gateway(struct pool *p, struct slice bytes, ts_t now)
{
	const struct origin gateway = gateway_by_datagram(p);

	tl_push_datagram(p->tl, bytes, &gateway);
	drain(p, now);
}

void pool_push_time(struct pool *p, ts_t now)
{
	tl_push_time(p->tl, now);
	drain(p, now);
}

ts_t pool_deadline(const struct pool *p)
{
	return tl_deadline(p->tl);
}

/* ---- life ---- */

static int init(struct pool *p)
{
	struct digest_server_cfg digest = {
		.realm = LAB_POOL_DOMAIN,
		.offer = { DIGEST_SHA256, DIGEST_MD5 },
		.n_offer = 2,
		.nonce_life = NONCE_LIFE,
	};
	const struct tl_cfg tl = {
		.out = &p->cfg.shell->out,
		.clients_max = PROXY_FORWARDS_MAX,
		.servers_max = PROXY_FORWARDS_MAX,
		.owed_bytes_max = OWED_BYTES_MAX,
		.request_max = PROXY_MESSAGE_MAX,
		.done_max = ANSWERS_MAX,
		.keeps_whole_answers = true,
		.flows_max = LAB_CONNS_MAX,
	};

	p->bindings = mem_alloc0(p->cfg.accounts->n_sip * sizeof(*p->bindings));
	if (!p->bindings)
		return -ENOMEM;
	rng_bytes(p->cfg.rng, digest.key, sizeof(digest.key));
	int err = digest_server_new(&p->digest, &digest);
	if (!err)
		err = tl_new(&p->tl, &tl, p->cfg.rng);
	return err ? err : proxy_new(&p->proxy, p->tl, p->cfg.rng);
}

int pool_new(struct pool **ret, const struct pool_cfg *cfg)
{
	struct pool *p = mem_alloc0(sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->cfg = *cfg;
	buf_init(&p->edited, EDITED_BYTES_MAX);
	int err = init(p);
	if (err)
		pool_free(p);
	else
		*ret = p;
	return err;
}

struct pool *pool_free(struct pool *p)
{
	if (!p)
		return NULL;
	proxy_free(p->proxy);
	tl_free(p->tl);
	digest_server_free(p->digest);
	mem_free(p->bindings);
	buf_done(&p->edited);
	return mem_free(p);
}

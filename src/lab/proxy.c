#include <string.h>

#include "base/mem.h"
#include "lab/private.h"
#include "sip/hdr.h"

enum {
	LINGER_MS = 32000, /* timer J */
	SLOT_TEXT = 16,
	BRANCH_MAX = 40,
};

static const struct nict_cfg unreliable = {
	.t1 = TS_MS(500), .t2 = TS_MS(4000), .t4 = TS_MS(5000)
};
static const struct nict_cfg reliable = {
	.t1 = TS_MS(500), .t2 = TS_MS(4000), .t4 = TS_MS(5000), .reliable = true
};

int lab_proxy_init(struct lab *l)
{
	map_init(&l->forward_map, FORWARDS_MAX, l->rng);
	l->forwards = mem_alloc0(FORWARDS_MAX * sizeof(struct forward *));
	l->free_forwards = mem_alloc0(FORWARDS_MAX * sizeof(*l->free_forwards));
	return l->forwards && l->free_forwards ? 0 : -ENOMEM;
}

void lab_proxy_done(struct lab *l)
{
	for (uint32_t i = 0; i < l->n_forwards; i++) {
		nict_free(l->forwards[i]->tx);
		buf_done(&l->forwards[i]->request);
		buf_done(&l->forwards[i]->response);
		mem_free(l->forwards[i]);
	}
	map_done(&l->forward_map);
	mem_free(l->forwards);
	mem_free(l->free_forwards);
}

static struct forward *slot_take(struct lab *l)
{
	if (l->n_free_forwards)
		return l->forwards[l->free_forwards[--l->n_free_forwards]];
	if (l->n_forwards == FORWARDS_MAX)
		return NULL;
	struct forward *f = mem_alloc0(sizeof(*f));
	if (!f)
		return NULL;
	f->slot = l->n_forwards;
	f->timer.at = TS_NEVER;
	buf_init(&f->request, 2 * MESSAGE_MAX);
	buf_init(&f->response, 2 * MESSAGE_MAX);
	l->forwards[l->n_forwards++] = f;
	return f;
}

static void forget(struct lab *l, struct forward *f)
{
	f->tx = nict_free(f->tx);
	f->in_use = false;
	(void)timers_set(&l->timers, &f->timer, TS_NEVER);
	map_remove(&l->forward_map, &f->node);
	/* Thousands linger until timer J: their memory goes back now. */
	buf_done(&f->request);
	buf_done(&f->response);
	l->free_forwards[l->n_free_forwards++] = f->slot;
}

/* ---- answers ---- */

static void send_answer(struct lab *l, struct forward *f)
{
	buf_put(shell_out(&l->shell), buf_slice(&f->response));
	shell_send(&l->shell, &f->from);
}

/* The final answer is out: what remains is kept for repeated requests until timer J. */
static void settle(struct lab *l, struct forward *f)
{
	f->tx = nict_free(f->tx);
	buf_done(&f->request);
	f->answered = true;
	if (f->from.transport != TRANSPORT_UDP) {
		forget(l, f);
		return;
	}
	f->forget = ts_add(l->now, TS_MS(LINGER_MS));
	if (timers_set(&l->timers, &f->timer, f->forget))
		forget(l, f);
}

/* An answer of our own; `response` holds its head, made when the request came. */
static void refuse(struct lab *l, struct forward *f, int status)
{
	buf_clear(&l->scratch);
	sip_put_status_line(&l->scratch, status, SLICE_NONE);
	buf_put(&l->scratch, buf_slice(&f->response));
	sip_put_body(&l->scratch, SLICE_NONE);
	buf_clear(&f->response);
	buf_put(&f->response, buf_slice(&l->scratch));
	send_answer(l, f);
	settle(l, f);
}

bool lab_proxy_repeated(struct lab *l, const struct origin *o)
{
	struct nist_key key;

	(void)o;
	nist_key_make(&key, l->salt, &l->msg);
	struct map_node *n = map_find(&l->forward_map, slice_of(&key, sizeof(key)));
	if (!n)
		return false;
	struct forward *f = LIST_OWNER(n, struct forward, node);
	if (f->answered)
		send_answer(l, f);
	return true;
}

/* ---- passing on: RFC 3261 section 16.6 ---- */

static bool is_ours(enum sip_hdr_id id)
{
	/* Credentials were for this proxy; a Route to it has been followed. */
	return id == SIP_HDR_PROXY_AUTHORIZATION || id == SIP_HDR_MAX_FORWARDS ||
	       id == SIP_HDR_ROUTE;
}

static void put_branch(const struct forward *f, char branch[BRANCH_MAX])
{
	struct buf b;

	buf_init(&b, BRANCH_MAX);
	buf_printf(&b, "z9hG4bK%08x%08x", f->slot, f->chance);
	slice_cstr(buf_slice(&b), branch, BRANCH_MAX);
	buf_done(&b);
}

static int write_request(struct lab *l, struct forward *f, struct slice uri)
{
	char branch[BRANCH_MAX], method[32];
	struct buf *b = &f->request;
	const struct sip_msg *m = &l->msg;

	if (!slice_cstr(m->method_text, method, sizeof(method)))
		return -EINVAL;
	put_branch(f, branch);
	buf_clear(b);
	sip_put_request_line(b, method, uri);
	sip_put_via(b, f->to.transport, &f->to.local, slice_str(branch));
	buf_printf(
		b, "Max-Forwards: %d\r\n", m->max_forwards == SIP_UNSET ? 70 : m->max_forwards - 1);
	for (unsigned i = 0; i < m->n_hdrs; i++) {
		if (is_ours(m->hdrs[i].id) || m->hdrs[i].id == SIP_HDR_CONTENT_LENGTH)
			continue;
		buf_put(b, m->hdrs[i].name);
		buf_puts(b, ": ");
		buf_put(b, m->hdrs[i].value);
		buf_puts(b, "\r\n");
	}
	sip_put_body(b, m->body);
	return buf_err(b);
}

/* The head of an answer of our own, without its status line. */
static int write_head(struct lab *l, struct forward *f)
{
	char tag[NIST_TAG_MAX];

	buf_clear(&l->scratch);
	sip_put_response_head(&l->scratch, &l->msg, 500,
		slice_str(nist_to_tag(&f->key, l->salt, tag)), &f->from.peer);
	struct slice head = buf_slice(&l->scratch);
	buf_clear(&f->response);
	buf_put(&f->response, slice_skip(head, slice_chr(head, '\n') + 1));
	return buf_err(&f->response);
}

static void drain(struct lab *l, struct forward *f)
{
	struct nict_event ev;
	struct slice out;

	while (nict_take_output(f->tx, &out)) {
		buf_put(shell_out(&l->shell), out);
		shell_send(&l->shell, &f->to);
	}
	while (nict_take_event(f->tx, &ev)) {
		switch (ev.type) {
		case NICT_EV_PROVISIONAL: continue;
		case NICT_EV_FINAL:
			send_answer(l, f);
			settle(l, f);
			return;
		case NICT_EV_TIMEOUT:
			/* RFC 4320 section 4.2: no 408 for a non-INVITE; the sender's own timer
			 * ends it. */
			forget(l, f);
			return;
		case NICT_EV_SEND_FAILED: refuse(l, f, 503); return;
		case NICT_EV_DONE: return;
		}
	}
	if (timers_set(&l->timers, &f->timer, nict_deadline(f->tx)))
		refuse(l, f, 500);
}

static void start(struct lab *l, struct forward *f)
{
	const struct nict_cfg *cfg = f->to.transport == TRANSPORT_UDP ? &unreliable : &reliable;

	if (nict_new(&f->tx, cfg, buf_slice(&f->request), l->now)) {
		f->tx = NULL;
		refuse(l, f, 500);
		return;
	}
	drain(l, f);
}

void lab_proxy_forward(
	struct lab *l, const struct origin *from, const struct origin *to, struct slice uri)
{
	struct forward *f = slot_take(l);

	if (!f) {
		lab_answer(l, from, 503);
		return;
	}
	nist_key_make(&f->key, l->salt, &l->msg);
	f->chance = (uint32_t)rng_u64(l->rng);
	f->from = *from;
	f->to = *to;
	f->answered = false;
	f->tx = NULL;
	f->in_use = true;
	if (map_insert(&l->forward_map, &f->node, slice_of(&f->key, sizeof(f->key)))) {
		l->free_forwards[l->n_free_forwards++] = f->slot;
		f->in_use = false;
		lab_answer(l, from, 503);
		return;
	}
	if (write_head(l, f) || write_request(l, f, uri))
		refuse(l, f, 500);
	else if (!l->gateway_conn || to->flow != l->gateway_conn->flow || l->gateway_conn->up)
		start(l, f);
}

/* ---- responses: RFC 3261 section 16.7 ---- */

static bool hex_value(struct slice s, uint32_t *ret)
{
	uint32_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool digit = c >= '0' && c <= '9';

		if (!digit && (c < 'a' || c > 'f'))
			return false;
		v = v << 4 | (uint32_t)(digit ? c - '0' : c - 'a' + 10);
	}
	*ret = v;
	return true;
}

static struct forward *find_by_branch(struct lab *l, struct slice branch)
{
	uint32_t slot, chance;

	if (branch.n != 7 + SLOT_TEXT || !slice_starts(branch, SLICE("z9hG4bK")) ||
		!hex_value(slice_cut(branch, 7, 15), &slot) ||
		!hex_value(slice_skip(branch, 15), &chance) || slot >= l->n_forwards)
		return NULL;
	struct forward *f = l->forwards[slot];
	return f->in_use && f->chance == chance ? f : NULL;
}

/* Everything but the topmost Via, which was ours. */
static void write_response(struct lab *l, struct forward *f)
{
	const struct sip_msg *m = &l->msg;
	struct buf *b = &f->response;
	bool top = true;

	buf_clear(b);
	sip_put_status_line(b, m->status, m->reason);
	for (unsigned i = 0; i < m->n_hdrs; i++) {
		struct slice value = m->hdrs[i].value, first;

		if (m->hdrs[i].id == SIP_HDR_CONTENT_LENGTH)
			continue;
		if (m->hdrs[i].id == SIP_HDR_VIA && top) {
			top = false;
			sip_hdr_next(&value, &first);
			value = slice_trim(value);
			if (value.n == 0)
				continue;
		}
		buf_put(b, m->hdrs[i].name);
		buf_puts(b, ": ");
		buf_put(b, value);
		buf_puts(b, "\r\n");
	}
	sip_put_body(b, m->body);
}

void lab_proxy_response(struct lab *l)
{
	struct forward *f = find_by_branch(l, l->msg.via.branch);

	if (!f || !f->tx)
		return;
	if (l->msg.status >= 200)
		write_response(l, f);
	nict_push_response(f->tx, l->msg.status, l->now);
	drain(l, f);
}

/* ---- time and failures ---- */

void lab_proxy_timer(struct lab *l, struct forward *f)
{
	if (!f->tx) {
		forget(l, f); /* timer J */
		return;
	}
	nict_push_time(f->tx, l->now);
	drain(l, f);
}

static void push_error(struct lab *l, struct forward *f, int err)
{
	if (!f->tx) {
		refuse(l, f, 503);
		return;
	}
	nict_push_send_error(f->tx, err, l->now);
	drain(l, f);
}

void lab_proxy_peer_failed(struct lab *l, const struct addr *peer, int err)
{
	for (uint32_t i = 0; i < l->n_forwards; i++) {
		struct forward *f = l->forwards[i];

		if (f->in_use && f->tx && !f->to.flow && addr_eq(&f->to.peer, peer))
			push_error(l, f, err);
	}
}

void lab_proxy_conn_up(struct lab *l, struct conn *c)
{
	for (uint32_t i = 0; c == l->gateway_conn && i < l->n_forwards; i++) {
		struct forward *f = l->forwards[i];

		if (f->in_use && !f->tx && !f->answered && f->to.flow == c->flow)
			start(l, f);
	}
}

void lab_proxy_conn_lost(struct lab *l, struct conn *c)
{
	if (c == l->gateway_conn)
		l->gateway_conn = NULL;
	for (uint32_t i = 0; i < l->n_forwards; i++) {
		struct forward *f = l->forwards[i];

		if (!f->in_use)
			continue;
		if (f->from.flow == c->flow)
			forget(l, f); /* nobody is left to answer */
		else if (!f->answered && f->to.flow == c->flow)
			push_error(l, f, ECONNRESET);
	}
}

static bool connect_gateway(struct lab *l)
{
	struct conn *c = lab_conn_new(l, ++l->next_flow, CONN_SIP);

	if (!c)
		return false;
	c->origin = (struct origin){ .flow = c->flow,
		.transport = TRANSPORT_TCP,
		.peer = l->cfg.gateway,
		.local = l->cfg.gateway };
	l->gateway_conn = c;
	struct want *w = shell_want(&l->shell, WANT_FLOW);
	w->flow = c->flow;
	w->transport = TRANSPORT_TCP;
	w->addr = l->cfg.gateway;
	return true;
}

bool lab_proxy_gateway(struct lab *l, struct origin *ret)
{
	if (!l->cfg.gateway.family)
		return false;
	if (l->cfg.gateway_transport == TRANSPORT_UDP) {
		*ret = (struct origin){ .listener = LAB_LISTEN_SIP_UDP,
			.transport = TRANSPORT_UDP,
			.peer = l->cfg.gateway,
			.local = l->listeners[LAB_LISTEN_SIP_UDP] };
		return ret->local.family != 0;
	}
	if (!l->gateway_conn && !connect_gateway(l))
		return false;
	*ret = l->gateway_conn->origin;
	return true;
}

#include "lab/proxy.h"

#include "base/list.h"
#include "base/mem.h"
#include "base/slots.h"
#include "sip/hdr.h"
#include "sip/write.h"

enum {
	METHOD_MAX = 32,
	HOPS = 70, /* where a request has no Max-Forwards: RFC 3261 section 16.6 item 3 */
};

/* A request in hand: a server and a client transaction.  Its id is the ref of both. */
struct forward {
	struct slot slot;
	uint64_t server, client; /* their places; client 0: it waits */
	struct list waiting;
	flow_t flow;        /* that it waits for */
	struct buf request; /* all but our Via, until it is sent */
	enum sip_method method;
};

struct proxy {
	struct tl *tl;
	struct rng *rng;
	struct slots forwards;
	struct list waiting;
};

/* ---- life ---- */

int proxy_new(struct proxy **ret, struct tl *tl, struct rng *rng)
{
	struct proxy *p = mem_alloc0(sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->tl = tl;
	p->rng = rng;
	list_init(&p->waiting);
	if (slots_init(&p->forwards, PROXY_FORWARDS_MAX, sizeof(struct forward))) {
		proxy_free(p);
		return -ENOMEM;
	}
	*ret = p;
	return 0;
}

struct proxy *proxy_free(struct proxy *p)
{
	struct forward *f;

	if (!p)
		return NULL;
	for (uint32_t i = 0; (f = slots_at(&p->forwards, i)); i++)
		buf_done(&f->request);
	slots_done(&p->forwards);
	return mem_free(p);
}

static struct forward *forward_new(struct proxy *p)
{
	struct forward *f = slots_get(&p->forwards);

	if (!f)
		return NULL;
	if (slot_is_new(&f->slot)) {
		list_init(&f->waiting);
		buf_init(&f->request, PROXY_MESSAGE_MAX);
	}
	slots_take(&f->slot, p->rng);
	f->client = 0;
	return f;
}

/* Thousands may be idle: their memory goes back now. */
static void end(struct proxy *p, struct forward *f)
{
	list_remove(&f->waiting);
	buf_done(&f->request);
	slots_give(&p->forwards, &f->slot);
}

/* ---- the way there: section 16.6 ---- */

static void refuse(struct proxy *p, struct forward *f, int status, ts_t now)
{
	tl_answer(p->tl, f->server, status, NULL);
	tl_answer_end(p->tl, TL_REMEMBER, 0, now);
	end(p, f);
}

static void put_header(struct buf *b, struct slice name, struct slice value)
{
	buf_put(b, name);
	buf_puts(b, ": ");
	buf_put(b, value);
	buf_puts(b, "\r\n");
}

/* Credentials were for this proxy, a Route to it has been followed, and two are written anew. */
static bool stays_here(enum sip_hdr_id id)
{
	return id == SIP_HDR_PROXY_AUTHORIZATION || id == SIP_HDR_ROUTE ||
	       id == SIP_HDR_MAX_FORWARDS || id == SIP_HDR_CONTENT_LENGTH;
}

static int write_request(struct buf *b, const struct sip_msg *m, struct slice uri)
{
	char method[METHOD_MAX];

	if (!slice_cstr(m->method_text, method, sizeof(method)))
		return -EINVAL;
	sip_put_request_line(b, method, uri);
	buf_printf(b, "Max-Forwards: %d\r\n",
		m->max_forwards == SIP_UNSET ? HOPS : m->max_forwards - 1);
	for (unsigned i = 0; i < m->n_hdrs; i++)
		if (!stays_here(m->hdrs[i].id))
			put_header(b, m->hdrs[i].name, m->hdrs[i].value);
	sip_put_body(b, m->body);
	return buf_err(b);
}

static int start(struct proxy *p, struct forward *f, const struct origin *to, ts_t now)
{
	const struct slice text = buf_slice(&f->request);
	const size_t line = slice_chr(text, '\n') + 1;
	struct slice branch;
	struct buf *b = tl_request(p->tl, slot_id(&f->slot), to, 0, &branch);

	if (!b)
		return -ENOMEM;
	buf_put(b, slice_cut(text, 0, line));
	sip_put_via(b, to->transport, &to->local, branch);
	buf_put(b, slice_skip(text, line));
	buf_done(&f->request);
	return tl_request_end(p->tl, f->method, &f->client, now);
}

/* Its request is written. */
static int forward(
	struct proxy *p, struct forward *f, const struct origin *to, bool is_up, ts_t now)
{
	if (is_up)
		return start(p, f, to, now);
	f->flow = to->flow;
	list_append(&p->waiting, &f->waiting);
	return 0;
}

void proxy_forward(struct proxy *p, const struct sip_msg *req, const struct origin *to, bool is_up,
	struct slice uri, ts_t now)
{
	struct forward *f = forward_new(p);

	if (f)
		f->server = tl_keep(p->tl, slot_id(&f->slot), now);
	if (f && f->server) {
		f->method = req->method;
		if (write_request(&f->request, req, uri) || forward(p, f, to, is_up, now))
			refuse(p, f, 500, now);
		return;
	}
	if (f)
		end(p, f);
	tl_answer(p->tl, TL_IN_HAND, 503, NULL);
	tl_answer_end(p->tl, TL_FORGET, 0, now);
}

/* ---- connections ---- */

void proxy_flow_up(struct proxy *p, const struct origin *to, ts_t now)
{
	struct list *n, *t;

	LIST_EACH(n, t, &p->waiting)
	{
		struct forward *f = LIST_OWNER(n, struct forward, waiting);

		if (f->flow != to->flow)
			continue;
		list_remove(&f->waiting);
		if (start(p, f, to, now))
			refuse(p, f, 500, now);
	}
}

void proxy_flow_gone(struct proxy *p, flow_t flow, ts_t now)
{
	struct list *n, *t;

	LIST_EACH(n, t, &p->waiting)
	{
		struct forward *f = LIST_OWNER(n, struct forward, waiting);

		if (f->flow == flow)
			refuse(p, f, 503, now);
	}
}

/* ---- the way back: section 16.7 ---- */

/* Everything but the topmost Via, which was ours. */
static void put_response(struct buf *b, const struct sip_msg *m)
{
	bool top = true;

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
		put_header(b, m->hdrs[i].name, value);
	}
	sip_put_body(b, m->body);
}

static void answered(struct proxy *p, struct forward *f, const struct sip_msg *m, ts_t now)
{
	put_response(tl_answer_whole(p->tl, f->server, m->status), m);
	tl_answer_end(p->tl, TL_REMEMBER, 0, now);
	end(p, f);
}

void proxy_push(struct proxy *p, const struct tl_event *ev, ts_t now)
{
	struct forward *f = slots_find(&p->forwards, ev->ref);

	if (!f)
		return;
	if (ev->type == TL_EV_FINAL) {
		answered(p, f, ev->msg, now);
	} else if (ev->type == TL_EV_FAILED) {
		refuse(p, f, 503, now);
	} else if (ev->type == TL_EV_TIMEOUT) {
		/* RFC 4320 section 4.2: no 408 for a non-INVITE; the sender's own timer ends it. */
		tl_forget(p->tl, f->server);
		end(p, f);
	} else if (ev->type == TL_EV_GONE) {
		tl_withdraw(p->tl, f->client);
		end(p, f);
	}
}

/* A stream's beginning and its end in memory. */
#include <string.h>

#include "xmpp/stream_private.h"

static int copy(char **ret, struct slice *s)
{
	if (s->n == 0)
		return 0;
	*ret = mem_strndup(s->p, s->n);
	if (!*ret)
		return -ENOMEM;
	s->p = (const uint8_t *)*ret;
	return 0;
}

/* Names of the configuration; an account's own name that is no JID is the server's to refuse. */
static int init_names(struct xstream *x)
{
	const struct xstream_cfg *cfg = &x->cfg;
	struct where where;

	if (cfg->role == XSTREAM_CLIENT &&
		jid_make(&x->jid, cfg->username, cfg->domain, SLICE_NONE, &where))
		memset(&x->jid, 0, sizeof(x->jid));
	if (cfg->role == XSTREAM_ACCEPT_COMPONENT && cfg->domain.n == 0)
		return 0;
	int err = jid_make(&x->domain, SLICE_NONE, cfg->domain, SLICE_NONE, &where);
	if (cfg->role == XSTREAM_COMPONENT)
		x->jid = x->domain;
	if (!err && cfg->role == XSTREAM_LOOK_SERVER && cfg->from.n)
		err = jid_make(&x->jid, SLICE_NONE, cfg->from, SLICE_NONE, &where);
	return err;
}

static int init(struct xstream *x)
{
	struct xstream_cfg *cfg = &x->cfg;
	int err = init_names(x);

	if (!err)
		err = copy(&x->username, &cfg->username);
	if (!err)
		err = copy(&x->password, &cfg->password);
	if (!err)
		err = copy(&x->resource, &cfg->resource);
	if (!err)
		err = xml_reader_new(&x->reader, cfg->limits ? cfg->limits : &xml_default_limits,
			rng_u64(x->rng));
	return err;
}

static int begin(struct xstream *x)
{
	xstream_arm_reader(x);
	x->state = x->cfg.tls == XSTREAM_TLS_DIRECT ? XSTREAM_AWAIT_TLS : XSTREAM_AWAIT_HEADER;
	if (x->state == XSTREAM_AWAIT_HEADER && !xstream_accepts(x))
		xstream_send_header(x);
	/* Without TLS there is nothing to go on with, so the offer need not be awaited.  The TLS
	 * handshake must be: servers refuse whatever comes right behind it in clear. */
	if (x->state == XSTREAM_AWAIT_HEADER && x->cfg.tls == XSTREAM_TLS_REQUIRED &&
		x->cfg.role == XSTREAM_CLIENT)
		xstream_send_starttls(x);
	return x->state == XSTREAM_OVER ? -ENOMEM : 0;
}

int xstream_new(struct xstream **ret, const struct xstream_cfg *cfg, struct rng *rng, ts_t now)
{
	bool component = cfg->role == XSTREAM_COMPONENT || cfg->role == XSTREAM_ACCEPT_COMPONENT;

	if (component && (cfg->tls == XSTREAM_TLS_REQUIRED || cfg->tls == XSTREAM_TLS_OPTIONAL))
		return -EINVAL;

	struct xstream *x = mem_alloc0(sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->cfg = *cfg;
	x->rng = rng;
	x->now = x->last_sent = now;
	x->presence_by = TS_NEVER;
	x->give_up = ts_add(now, cfg->timeout ? cfg->timeout : TS_NEVER);
	buf_init(&x->out[0], OUT_MAX + OUT_RESERVE);
	buf_init(&x->out[1], OUT_MAX + OUT_RESERVE);
	buf_init(&x->message, SASL_BYTES_MAX);
	if (cfg->fake_key)
		memcpy(x->fake_key, cfg->fake_key, sizeof(x->fake_key));
	else
		rng_bytes(rng, x->fake_key, sizeof(x->fake_key));
	x->cfg.fake_key = x->fake_key;

	int err = init(x);
	if (!err)
		err = begin(x);
	if (err) {
		xstream_free(x);
		return err;
	}
	x->cfg.domain = jid_domain(&x->domain);
	x->cfg.from = SLICE_NONE;
	x->cfg.limits = NULL;
	*ret = x;
	return 0;
}

/* PLAIN and the SCRAM messages went through it. */
static void wipe_buf(struct buf *b)
{
	if (b->p)
		mem_wipe(b->p, b->cap);
	buf_done(b);
}

struct xstream *xstream_free(struct xstream *x)
{
	if (!x)
		return NULL;
	if (x->password)
		mem_wipe(x->password, x->cfg.password.n);
	mem_free(x->username);
	mem_free(x->password);
	mem_free(x->resource);
	mem_free(x->facts);
	sasl_client_free(x->client);
	sasl_server_free(x->server);
	xml_reader_free(x->reader);
	wipe_buf(&x->message);
	wipe_buf(&x->out[0]);
	wipe_buf(&x->out[1]);
	mem_wipe(x, sizeof(*x));
	mem_free(x);
	return NULL;
}

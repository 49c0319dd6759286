#include "app/gateway_metrics.h"

#include "base/mem.h"
#include "web/fields.h"

enum {
	/* As much as is made while others wait: some tens of microseconds. */
	PART_BYTES = 16 << 10,
};

struct gateway_metrics {
	struct gateway_metrics_cfg cfg;
	struct web_server *server;
};

struct parts {
	const struct gateway_metrics *metrics;
	struct exposition at;
};

static const char *look(const struct gateway_metrics *m, struct exposition_facts *ret)
{
	const char *why = m->cfg.look(m->cfg.arg, ret);

	ret->is_ready = !why;
	return why;
}

/* ---- /metrics ---- */

static bool put_part(void *arg, struct buf *b)
{
	struct parts *p = arg;
	struct exposition_facts facts = { 0 };

	(void)look(p->metrics, &facts);
	return exposition_put(&p->at, p->metrics->cfg.gateway, &facts, b, PART_BYTES);
}

static void free_parts(void *parts)
{
	mem_free(parts);
}

/* The older form is what a reader without wishes gets, as a person with a browser. */
static enum exposition_format format_of(struct slice accept)
{
	const unsigned text = web_accepts(accept, "text", "plain", "0.0.4"),
		       open = web_accepts(accept, "application", "openmetrics-text", "1.0.0");

	return open > text ? EXPOSITION_OPENMETRICS : EXPOSITION_TEXT;
}

static void put_metrics(
	struct gateway_metrics *m, const struct web_request *request, struct web_answer *ret)
{
	static const char *const types[] = {
		[EXPOSITION_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
		[EXPOSITION_OPENMETRICS] =
			"application/openmetrics-text; version=1.0.0; charset=utf-8",
	};
	struct parts *p = mem_alloc0(sizeof(*p));

	if (!p)
		return;
	p->metrics = m;
	p->at.format = format_of(web_field_find(request, "Accept"));
	ret->status = 200;
	ret->type = types[p->at.format];
	ret->parts = p;
	ret->done = free_parts;
	if (put_part(p, &ret->body))
		ret->more = put_part;
}

/* ---- the others ---- */

static void put_ready(const struct gateway_metrics *m, struct web_answer *ret)
{
	struct exposition_facts facts = { 0 };
	const char *why = look(m, &facts);

	ret->status = why ? 503 : 200;
	buf_printf(&ret->body, "%s\n", why ? why : "ready");
}

static void handle(void *arg, const struct web_request *request, struct web_answer *ret)
{
	struct gateway_metrics *m = arg;

	if (slice_eqs(request->path, "/metrics")) {
		put_metrics(m, request, ret);
	} else if (slice_eqs(request->path, "/-/ready")) {
		put_ready(m, ret);
	} else if (slice_eqs(request->path, "/-/healthy")) {
		ret->status = 200;
		buf_puts(&ret->body, "healthy\n");
	} else {
		ret->status = 404;
		buf_puts(&ret->body, "/metrics, /-/ready and /-/healthy are here\n");
	}
}

/* ---- life ---- */

int gateway_metrics_new(struct gateway_metrics **ret, struct event_base *base,
	const struct gateway_metrics_cfg *cfg, struct text *why)
{
	struct gateway_metrics *m = mem_alloc0(sizeof(*m));
	const struct web_server_cfg server = {
		.addr = cfg->addr, .hosts = cfg->names, .handle = handle, .arg = m
	};

	int err = m ? web_server_new(&m->server, base, &server) : -ENOMEM;
	if (err) {
		*why = TEXT(N_("the metrics at {1}: {2}"), text_addr(&cfg->addr), text_errno(-err));
		mem_free(m);
		return err;
	}
	m->cfg = *cfg;
	*ret = m;
	return 0;
}

struct gateway_metrics *gateway_metrics_free(struct gateway_metrics *m)
{
	if (!m)
		return NULL;
	web_server_free(m->server);
	return mem_free(m);
}

void gateway_metrics_set_names(struct gateway_metrics *m, const char *const *names)
{
	web_server_set_hosts(m->server, names);
}

struct addr gateway_metrics_addr(const struct gateway_metrics *m)
{
	struct addr at = m->cfg.addr;

	at.port = web_server_port(m->server);
	return at;
}

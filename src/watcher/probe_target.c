#include "watcher/probe_target.h"

#include <string.h>

#include "probe/server.h"
#include "sip/locate.h"

/* ---- who may be asked ---- */

/* "litware.test" is also all names below it. */
static bool covers(struct slice allowed, struct slice host)
{
	if (slice_ieq(allowed, host))
		return true;
	if (host.n <= allowed.n || host.p[host.n - allowed.n - 1] != '.')
		return false;
	return slice_ieq(slice_skip(host, host.n - allowed.n), allowed);
}

static bool is_allowed(const struct plan *plan, struct slice host)
{
	const struct conf_texts *allow = &plan->conf->probe.allow;

	for (size_t i = 0; i < allow->n; i++)
		if (covers(slice_str(allow->v[i].s), host))
			return true;
	return false;
}

static bool keep(struct slice text, char *ret, size_t size)
{
	return text.n && slice_cstr(text, ret, size);
}

/* ---- SIP ---- */

static const struct plan_test *find_pool(const struct plan *plan, struct slice name)
{
	for (unsigned i = 0; i < plan->n_tests; i++)
		if (plan->tests[i].pool && slice_ieqs(name, plan->tests[i].pool))
			return &plan->tests[i];
	return NULL;
}

static bool read_way(struct slice server, struct locate_way *ret)
{
	uint8_t room[SIP_URI_MAX];
	struct buf uri;

	buf_init_in(&uri, room, sizeof(room));
	*ret = (struct locate_way){ .transport = TRANSPORT_UDP };
	server_put_registrar(&uri, server, SLICE_NONE, 0);
	return !buf_err(&uri) && locate_read_way(ret, buf_slice(&uri), false) == 0;
}

/* The test whose pool is reached there: at another port of the same host it is another server. */
static const struct plan_test *find_registrar(const struct plan *plan, const struct locate_way *way)
{
	struct locate_way theirs;

	for (unsigned i = 0; i < plan->n_tests; i++) {
		const struct plan_test *t = &plan->tests[i];

		if (t->pool && t->registrar && read_way(slice_str(t->registrar), &theirs) &&
			theirs.port == way->port && slice_ieqs(slice_str(theirs.host), way->host))
			return t;
	}
	return NULL;
}

static int of_pool(struct probe_target *ret, const struct plan_test *t)
{
	if (!keep(slice_str(t->pool), ret->name, sizeof(ret->name)))
		return -EINVAL;
	ret->ca_file = t->sip_ca_file;
	ret->cfg.server = slice_str(t->registrar);
	ret->cfg.registrar_port = t->registrar_port;
	ret->cfg.name = slice_str(ret->name);
	return 0;
}

int probe_target_read_sip(struct probe_target *ret, const struct plan *plan, struct slice text)
{
	const struct plan_test *pool = find_pool(plan, text);
	struct locate_way way;

	*ret = (struct probe_target){ .cfg = { .side = SWEEP_POOL, .extent = SWEEP_NARROW } };
	if (pool)
		return of_pool(ret, pool);
	if (!keep(text, ret->server, sizeof(ret->server)) || !read_way(text, &way) || !way.host[0])
		return -EINVAL;
	pool = find_registrar(plan, &way);
	if (!pool && !is_allowed(plan, slice_str(way.host)))
		return -EACCES;
	/* A certificate is for the pool, wherever that is reached. */
	if (!keep(slice_str(pool ? pool->pool : way.host), ret->name, sizeof(ret->name)))
		return -EINVAL;
	ret->ca_file = pool ? pool->sip_ca_file : NULL;
	ret->cfg.name = slice_str(ret->name);
	ret->cfg.server = slice_str(ret->server);
	return 0;
}

/* ---- XMPP ---- */

static const struct plan_test *find_partner(const struct plan *plan, struct slice domain)
{
	for (unsigned i = 0; i < plan->n_tests; i++)
		if (plan->tests[i].domain && slice_ieqs(domain, plan->tests[i].domain))
			return &plan->tests[i];
	return NULL;
}

int probe_target_read_xmpp(struct probe_target *ret, const struct plan *plan, struct slice text)
{
	const struct slice scheme = SLICE("xmpp:"), authority = SLICE("//");
	struct slice domain = slice_starts(text, scheme) ? slice_skip(text, scheme.n) : text;
	struct slice server = SLICE_NONE;
	char host[256] = "";
	uint16_t port = 0;

	*ret = (struct probe_target){ .cfg = { .side = SWEEP_PARTNER, .extent = SWEEP_NARROW } };
	if (slice_starts(domain, authority)) {
		domain = slice_skip(domain, authority.n);
		server = slice_split(&domain, '/');
		if (!server_read(server, host, &port) || !host[0])
			return -EINVAL;
	}
	if (!keep(domain, ret->name, sizeof(ret->name)))
		return -EINVAL;
	const struct plan_test *t = find_partner(plan, domain);
	if (!is_allowed(plan, server.n ? slice_str(host) : domain) && (server.n || !t))
		return -EACCES;
	if (server.n && !keep(server, ret->server, sizeof(ret->server)))
		return -EINVAL;
	ret->ca_file = t ? t->xmpp_ca_file : NULL;
	ret->cfg.name = slice_str(ret->name);
	ret->cfg.server =
		server.n ? slice_str(ret->server) : slice_str(t ? t->receiver_server : NULL);
	return 0;
}

#include "app/gateway_config.h"

#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "app/runner.h"
#include "base/mem.h"

static void put(const struct gateway_config *c, const struct conf_place *at, struct text t)
{
	buf_printf(c->why, "%s:%u:%u: ", c->path, at->line, at->column);
	text_put(c->why, &t, c->look_up);
	buf_putc(c->why, '\n');
}

static int wrong(const struct gateway_config *c, const struct conf_text *t, const char *what)
{
	put(c, &t->at, TEXT(N_("`{1}`: {2}"), text_str(t->s), text_id(what)));
	return 2;
}

static bool is_named(const struct conf_text *t, const char *prepared)
{
	char name[256];

	return jid_domain_unicode(slice_str(t->s), name, sizeof(name)) == 0 &&
	       strcmp(name, prepared) == 0;
}

static bool find_in(const struct conf_texts *list, const char *prepared, struct conf_place *ret)
{
	for (size_t i = 0; i < list->n; i++)
		if (is_named(&list->v[i], prepared)) {
			*ret = list->v[i].at;
			return true;
		}
	return false;
}

const struct conf_pool *gateway_config_find_pool(
	const struct gateway_config *c, const char *prepared, struct conf_place *ret)
{
	for (size_t i = 0; i < c->conf->n_pools; i++)
		if (find_in(&c->conf->pools[i].domains, prepared, ret))
			return &c->conf->pools[i];
	return NULL;
}

const struct conf_partner *gateway_config_find_partner(
	const struct gateway_config *c, const char *prepared, struct conf_place *ret)
{
	for (size_t i = 0; i < c->conf->n_partners; i++) {
		const struct conf_partner *p = &c->conf->partners[i];

		if (find_in(&p->additional_domains, prepared, ret))
			return p;
		if (!is_named(&p->domain, prepared))
			continue;
		*ret = p->domain.at;
		return p;
	}
	return NULL;
}

static unsigned first_line(const struct gateway_config *c, const char *prepared)
{
	struct conf_place at = { 0 };

	if (!gateway_config_find_pool(c, prepared, &at))
		gateway_config_find_partner(c, prepared, &at);
	return at.line;
}

/* What conf knows to be the same was refused there.  It does not know that a name in U-labels and
 * the one in A-labels (xn--bcher-kva.test) are one domain. */
static int wrong_domain(const struct gateway_config *c, const struct conf_text *t, int err)
{
	char name[256];

	if (err != -EEXIST || jid_domain_unicode(slice_str(t->s), name, sizeof(name)))
		return wrong(c, t, err_text(err));
	put(c, &t->at,
		TEXT(N_("`{1}` is the same domain as one before it (line {2})"), text_str(t->s),
			text_u64(first_line(c, name))));
	return 2;
}

/* What was said stays said: the rest is looked at as well. */
static int worse(int a, int b)
{
	return a > b ? a : b;
}

static int add_own(struct gateway_config *c)
{
	int status = 0;

	for (size_t i = 0; i < c->conf->n_pools; i++) {
		const struct conf_texts *d = &c->conf->pools[i].domains;

		for (size_t k = 0; k < d->n; k++) {
			int err = partners_add_own(c->partners, slice_str(d->v[k].s));

			if (err)
				status = worse(status, wrong_domain(c, &d->v[k], err));
		}
	}
	return status;
}

static int add_partner(struct gateway_config *c, const struct conf_partner *p)
{
	static const enum partner_type types[] = {
		[CONF_FEDERATED] = PARTNER_FEDERATED,
		[CONF_PUBLIC_VERIFIED] = PARTNER_PUBLIC_VERIFIED,
		[CONF_PUBLIC_UNVERIFIED] = PARTNER_PUBLIC_UNVERIFIED,
	};
	struct slice domain = slice_str(p->domain.s);
	int err = partners_add(c->partners, domain, types[p->type.value]), status = 0;

	if (err)
		return wrong_domain(c, &p->domain, err);
	for (size_t i = 0; i < p->additional_domains.n; i++) {
		const struct conf_text *t = &p->additional_domains.v[i];

		err = partners_add_domain(c->partners, domain, slice_str(t->s));
		if (err)
			status = worse(status, wrong_domain(c, t, err));
	}
	return status;
}

int gateway_config_fill_partners(struct gateway_config *c)
{
	int status = partners_new(&c->partners) ? 3 : add_own(c);

	for (size_t i = 0; status < 3 && i < c->conf->n_partners; i++)
		status = worse(status, add_partner(c, &c->conf->partners[i]));
	return status;
}

/* udp:127.0.0.1:5070 */
static int fill_listens(struct gateway_config *c, const struct conf_texts *list)
{
	int status = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct slice rest = slice_str(list->v[i].s), transport = slice_split(&rest, ':');
		struct gateway_listen *l = &c->cfg.listens[c->cfg.n_listens];

		if (c->cfg.n_listens == GATEWAY_LISTENERS_MAX)
			return wrong(c, &list->v[i], N_("too many listeners"));
		if (!transport_find(transport, &l->transport) || !addr_decode(rest, &l->addr)) {
			status = wrong(c, &list->v[i], N_("it must be udp:IP:PORT or tcp:IP:PORT"));
			continue;
		}
		addr_unmap(&l->addr);
		c->cfg.n_listens++;
	}
	return status;
}

static int fill_trusted(struct gateway_config *c, const struct conf_texts *list)
{
	int status = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (c->cfg.n_trusted == GATEWAY_TRUSTED_MAX)
			return wrong(c, &list->v[i], N_("too many trusted peers"));
		if (!addr_net_decode(slice_str(list->v[i].s), &c->cfg.trusted[c->cfg.n_trusted])) {
			status = wrong(c, &list->v[i],
				N_("it must be an IP address, or a network like 10.0.0.0/8 whose "
				   "address has no bits behind the first 8"));
			continue;
		}
		c->cfg.n_trusted++;
	}
	return status;
}

int gateway_config_read_secret(struct gateway_config *c, struct text *why)
{
	char *path = config_path(c->path, c->conf->gateway.xmpp.component.secret_file.s);
	int err = path ? secret_read(path, c->conf->secrets_group.s, c->secret, why) : -ENOMEM;

	if (!path)
		*why = TEXT_PLAIN(err_text(err));
	free(path);
	return err;
}

static int fill_server(struct gateway_config *c, const struct conf_text *from)
{
	struct slice server = slice_str(from->s);
	size_t colon = server.n;
	uint64_t port;

	while (colon > 0 && server.p[colon - 1] != ':')
		colon--;
	struct slice host = slice_cut(server, 0, colon ? colon - 1 : 0);
	if (host.n > 2 && host.p[0] == '[')
		host = slice_cut(host, 1, host.n - 1);
	if (!slice_u64(slice_skip(server, colon), UINT16_MAX, &port) ||
		!slice_cstr(host, c->cfg.server_host, sizeof(c->cfg.server_host)))
		return wrong(c, from, N_("it must be HOST:PORT"));
	c->cfg.server_port = (uint16_t)port;
	return 0;
}

static int fill_name(struct gateway_config *c, const struct conf_text *from)
{
	char name[256];

	if (!slice_cstr(slice_str(from->s), c->cfg.component_name, sizeof(c->cfg.component_name)))
		return wrong(c, from, N_("too long"));
	int err = jid_domain_unicode(slice_str(c->cfg.component_name), name, sizeof(name));
	return err ? wrong(c, from, err_text(err)) : 0;
}

static int fill_component(struct gateway_config *c, const struct conf_component *from)
{
	int status = worse(fill_server(c, &from->server), fill_name(c, &from->name));
	struct text why;

	int err = gateway_config_read_secret(c, &why);
	if (err)
		put(c, &from->secret_file.at, why);
	c->cfg.component_secret = slice_str(c->secret);
	return worse(status, err ? 2 : 0);
}

static int fill_cfg(struct gateway_config *c)
{
	const struct conf_gateway *g = &c->conf->gateway;

	if (!g->at.line) {
		const struct text none = TEXT(N_("{1} has no `gateway`"), text_str(c->path));

		text_put(c->why, &none, c->look_up);
		buf_putc(c->why, '\n');
		return 2;
	}
	int status = gateway_config_fill_partners(c);
	status = worse(status, fill_listens(c, &g->sip.listen));
	status = worse(status, fill_trusted(c, &g->sip.trusted_peers));
	if (!slice_cstr(slice_str(g->sip.next_hop.s), c->cfg.next_hop, sizeof(c->cfg.next_hop)))
		status = worse(status, wrong(c, &g->sip.next_hop, N_("too long")));
	status = worse(status, fill_component(c, &g->xmpp.component));
	c->cfg.partners = c->partners;
	c->cfg.transactions_max = (size_t)g->sip.transactions_max.n;
	c->cfg.options = g->sip.options.value == CONF_OPTIONS_ALIVE ? GATEWAY_OPTIONS_ALIVE
								    : GATEWAY_OPTIONS_HEALTH;
	c->cfg.settle = TS_MS(g->xmpp.settle.n);
	c->cfg.refuses_unproven = g->xmpp.unproven.value == CONF_REFUSE;
	c->cfg.logs_users = g->log_users.on;
	return status;
}

/* As the start refuses them; the folder may be made by then. */
static int fill_control(struct gateway_config *c)
{
	const struct conf_control *conf = &c->conf->gateway.control;
	char *path = conf->socket.s ? config_path(c->path, conf->socket.s) : NULL;
	const bool too_long = path && strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path);

	free(path);
	if (too_long)
		return wrong(c, &conf->socket, err_text(-ENAMETOOLONG));
	if (!conf->group.s)
		return 0;
	const struct group *g = getgrnam(conf->group.s);
	if (!g) {
		put(c, &conf->group.at,
			TEXT(N_("`group`: there is no group {1}"), text_str(conf->group.s)));
		return 2;
	}
	c->has_control_group = true;
	c->control_group = g->gr_gid;
	return 0;
}

static int fill_metrics_names(struct gateway_config *c)
{
	const struct conf_texts *names = &c->conf->gateway.metrics.names;

	if (!names->n)
		return 0;
	c->metrics_names = mem_alloc0((names->n + 1) * sizeof(*c->metrics_names));
	if (!c->metrics_names)
		return 3;
	for (size_t i = 0; i < names->n; i++)
		c->metrics_names[i] = names->v[i].s;
	return 0;
}

static int fill_metrics(struct gateway_config *c)
{
	const struct conf_text *listen = &c->conf->gateway.metrics.listen;

	if (!listen->s)
		return 0;
	if (!addr_decode(slice_str(listen->s), &c->metrics))
		return wrong(c, listen, N_("it must be IP:PORT"));
	addr_unmap(&c->metrics);
	return fill_metrics_names(c);
}

/* As gateway_new() refuses them; only of what it refuses there is a file to speak of. */
static int check_next_hop(const struct gateway_config *c)
{
	struct gateway *g = NULL;
	struct rng rng;

	runner_seed(&rng);
	int err = gateway_new(&g, &c->cfg, &rng, 0);
	gateway_free(g);
	if (err == -ENOMEM)
		return 3;
	return err ? wrong(c, &c->conf->gateway.sip.next_hop, err_text(err)) : 0;
}

int gateway_config_fill(struct gateway_config *c)
{
	int status = fill_cfg(c);

	if (status != 3 && c->conf->gateway.at.line)
		status = worse(status, fill_control(c));
	if (status != 3)
		status = worse(status, fill_metrics(c));
	if (!status)
		status = check_next_hop(c);
	if (status == 3) {
		const struct text none = TEXT_PLAIN(err_text(-ENOMEM));

		text_put(c->why, &none, c->look_up);
		buf_putc(c->why, '\n');
	}
	return status;
}

int gateway_config_find(struct gateway_config *c, const char *file)
{
	int err = config_read(file, &c->conf, &c->path, c->look_up, c->why);

	if (!err && !c->conf) {
		const struct text none =
			TEXT_PLAIN(N_("no configuration: give --config FILE, or write "
				      "/etc/stox/stox.yaml"));

		text_put(c->why, &none, c->look_up);
		buf_putc(c->why, '\n');
	}
	return err || !c->conf ? 2 : 0;
}

int gateway_config_read(struct gateway_config *c, const char *file)
{
	int status = gateway_config_find(c, file);

	return status ? status : gateway_config_fill(c);
}

void gateway_config_done(struct gateway_config *c)
{
	partners_free(c->partners);
	conf_free(c->conf);
	free(c->path);
	mem_free(c->metrics_names);
	mem_wipe(c->secret, sizeof(c->secret));
	*c = (struct gateway_config){ 0 };
}

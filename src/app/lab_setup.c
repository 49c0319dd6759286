/* The lab and the gateway as they are started, and addresses at which nothing answers. */
#include <stdio.h>

#include "app/lab_private.h"
#include "base/mem.h"

static struct addr loopback(unsigned port)
{
	return (struct addr){ .family = 4, .port = (uint16_t)port, .ip = { 127, 0, 0, 1 } };
}

/* ---- where nothing answers ---- */

/* The listener that the fault takes away: an address in its place, at which nothing answers. */
static int take_away(
	struct bench *b, struct addr *listener, enum lab_listener what, enum dead_end_kind kind)
{
	int err = dead_end_open(&b->dead, kind, listener);

	listener->family = 0;
	b->at[what] = b->dead.addr;
	return err;
}

static int open_dead_end(struct bench *b)
{
	struct lab_cfg *c = &b->lab_cfg;
	const struct addr gateway = loopback(b->v.gateway_port);

	switch (b->fault->setup) {
	case FAULT_POOL_REFUSES: return take_away(b, &c->sip_tls, LAB_LISTEN_SIP_TLS, DEAD_END_TCP);
	case FAULT_POOL_FILTERED:
		return take_away(b, &c->sip_tls, LAB_LISTEN_SIP_TLS, DEAD_END_FILTERED);
	case FAULT_DNS_DOWN: return take_away(b, &c->dns, LAB_LISTEN_DNS, DEAD_END_UDP);
	case FAULT_GATEWAY_DOWN: return dead_end_open(&b->dead, DEAD_END_UDP, &gateway);
	case FAULT_SETUP_NONE:
	case FAULT_NO_PARTNER:
	case FAULT_LOOSE_SECRET:
	case FAULT_CLOCK_JUMP: break;
	}
	return 0;
}

/* ---- the lab ---- */

static void make_user(struct bench *b, struct lab_user *u, const char *address)
{
	snprintf(u->address, sizeof(u->address), "%s", address);
	rng_token(&b->rng, u->password, LAB_PASSWORD);
}

static void add_users(struct bench *b)
{
	struct lab_cfg *c = &b->lab_cfg;

	make_user(b, &b->sip_users[0], "pilar@" LAB_POOL_DOMAIN);
	make_user(b, &b->sip_users[1], "kenmyer@" LAB_POOL_DOMAIN);
	make_user(b, &b->xmpp_user, "adelany@" LAB_PARTNER_DOMAIN);
	c->sip_users = b->sip_users;
	c->n_sip_users = COUNT(b->sip_users);
	c->xmpp_users = &b->xmpp_user;
	c->n_xmpp_users = 1;
}

int lab_start(struct bench *b)
{
	struct lab_cfg *c = &b->lab_cfg;

	if (!c->n_sip_users)
		add_users(b);
	c->sip_udp = loopback(b->v.sip_port);
	c->sip_tcp = loopback(b->v.sip_port);
	c->sip_tls = loopback(b->v.sip_tls_port);
	c->xmpp_client = loopback(b->v.xmpp_port);
	c->xmpp_component = loopback(b->v.component_port);
	c->dns = loopback(b->v.dns_port);
	snprintf(c->component_name, sizeof(c->component_name), "%s", LAB_POOL_DOMAIN);
	rng_token(&b->rng, c->component_secret, LAB_PASSWORD);
	c->gateway_transport = TRANSPORT_UDP;
	c->fault = b->fault;
	int err = open_dead_end(b);
	if (!err)
		err = lab_new(&b->lab, c, &b->rng, pump_now(b->pump));
	return err ? err : pump_add(b->pump, lab_engine(b->lab));
}

/* ---- the gateway ---- */

static int fill_partners(struct bench *b)
{
	int err = partners_new(&b->partners);

	if (!err)
		err = partners_add_own(b->partners, SLICE(LAB_POOL_DOMAIN));
	if (!err && b->fault->setup != FAULT_NO_PARTNER)
		err = partners_add(b->partners, SLICE(LAB_PARTNER_DOMAIN), PARTNER_FEDERATED);
	return err;
}

static void fill_gateway(struct bench *b)
{
	struct gateway_cfg *g = &b->gateway_cfg;
	char hop[ADDR_TEXT_MAX];

	g->partners = b->partners;
	g->listens[0] = (struct gateway_listen){ TRANSPORT_UDP, loopback(b->v.gateway_port) };
	g->listens[1] = (struct gateway_listen){ TRANSPORT_TCP, loopback(b->v.gateway_port) };
	g->n_listens = b->v.gateway_port ? 2 : 1;
	g->trusted[g->n_trusted++] = (struct addr_net){ loopback(0), 32 };
	snprintf(g->next_hop, sizeof(g->next_hop), "sip:%s;transport=udp",
		addr_text(&b->at[LAB_LISTEN_SIP_UDP], hop));
	snprintf(g->component_name, sizeof(g->component_name), "%s", LAB_POOL_DOMAIN);
	snprintf(g->server_host, sizeof(g->server_host), "127.0.0.1");
	g->server_port = b->at[LAB_LISTEN_XMPP_COMPONENT].port;
	g->component_secret = slice_str(b->lab_cfg.component_secret);
}

int lab_start_gateway(struct bench *b)
{
	if (b->fault->setup == FAULT_GATEWAY_DOWN) {
		b->gateway_at = b->dead.addr;
		lab_set_gateway(b->lab, &b->gateway_at);
		b->gateway_ready = true;
		return 0;
	}
	int err = fill_partners(b);
	if (err)
		return err;
	fill_gateway(b);
	err = gateway_new(&b->gateway, &b->gateway_cfg, &b->rng, pump_now(b->pump));
	return err ? err : pump_add(b->pump, gateway_engine(b->gateway));
}

/* ---- where a test goes ---- */

const char *lab_registrar(const struct bench *b, char ret[LAB_URI_MAX])
{
	static const struct {
		enum lab_listener what;
		const char *transport;
	} ways[] = {
		[FAULT_WAY_NUMBERS] = { LAB_LISTEN_SIP_TLS, "tls" },
		[FAULT_WAY_POOL_BY_NAME] = { LAB_LISTEN_COUNT, "" },
		[FAULT_WAY_PARTNER_BY_NAME] = { LAB_LISTEN_SIP_TLS, "tls" },
		[FAULT_WAY_UDP] = { LAB_LISTEN_SIP_UDP, "udp" },
		[FAULT_WAY_TCP] = { LAB_LISTEN_SIP_TLS, "tcp" },
		[FAULT_WAY_NOWHERE] = { LAB_LISTEN_COUNT, "" },
	};
	const enum lab_listener what = ways[b->fault->way].what;
	char text[ADDR_TEXT_MAX];

	if (b->fault->way == FAULT_WAY_NOWHERE) /* RFC 919: no address to connect to */
		snprintf(ret, LAB_URI_MAX, "sip:255.255.255.255:5061;transport=tls");
	else if (what == LAB_LISTEN_COUNT)
		ret[0] = '\0';
	else
		snprintf(ret, LAB_URI_MAX, "sip:%s;transport=%s", addr_text(&b->at[what], text),
			ways[b->fault->way].transport);
	return ret;
}

const char *lab_receiver_server(const struct bench *b, char ret[LAB_URI_MAX])
{
	char text[ADDR_TEXT_MAX];

	ret[0] = '\0';
	if (b->fault->way != FAULT_WAY_PARTNER_BY_NAME)
		snprintf(ret, LAB_URI_MAX, "%s", addr_text(&b->at[LAB_LISTEN_XMPP_CLIENT], text));
	return ret;
}

bool lab_needs_dns(const struct bench *b)
{
	return b->fault->way == FAULT_WAY_POOL_BY_NAME ||
	       b->fault->way == FAULT_WAY_PARTNER_BY_NAME;
}

int lab_write_files(struct bench *b)
{
	char registrar[LAB_URI_MAX], server[LAB_URI_MAX], dns[ADDR_TEXT_MAX];
	const struct lab_files_cfg cfg = {
		.dir = b->v.write_config,
		.lab = &b->lab_cfg,
		.ca = buf_slice(&b->ca),
		.registrar = lab_registrar(b, registrar),
		.server = lab_receiver_server(b, server),
		.dns = lab_needs_dns(b) ? addr_text(&b->at[LAB_LISTEN_DNS], dns) : "",
		.next_hop = &b->at[LAB_LISTEN_SIP_UDP],
		.component = &b->at[LAB_LISTEN_XMPP_COMPONENT],
		.gateway = &b->gateway_at,
		.loose_secret = b->fault->setup == FAULT_LOOSE_SECRET,
		.watch = b->v.watch ? &b->watch.at : NULL,
	};

	return lab_files_write(&b->files, &cfg);
}

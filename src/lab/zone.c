#include <string.h>

#include "base/mem.h"
#include "lab/private.h"

enum { TTL_S = 60 };

#define SIPS_NAME      "_sips._tcp." LAB_POOL_FQDN
#define TCP_NAME       "_sip._tcp." LAB_POOL_FQDN
#define UDP_NAME       "_sip._udp." LAB_POOL_FQDN
#define CLIENT_NAME    "_xmpp-client._tcp." LAB_PARTNER_DOMAIN
#define DEAD_FQDN      "dead." LAB_POOL_FQDN
#define SERVER_LITWARE "ns." LAB_POOL_DOMAIN
#define SERVER_CONTOSO "ns." LAB_PARTNER_DOMAIN

int lab_zone_init(struct lab *l)
{
	l->names = mem_alloc0(sizeof(*l->names));
	return l->names ? 0 : -ENOMEM;
}

void lab_zone_done(struct lab *l)
{
	l->names = mem_free(l->names);
}

/* Names and room are this file's own: nothing here can fail. */
static void add(struct lab *l, const char *name, const struct dns_record *record)
{
	(void)nameserver_add(l->names, name, record);
}

static void add_address(struct lab *l, const char *name, uint8_t last)
{
	const struct dns_record r = {
		.type = DNS_A, .ttl_s = TTL_S, .addr = { .family = 4, .ip = { 127, 0, 0, last } }
	};

	add(l, name, &r);
}

/* Without that listener there is no such service. */
static void add_service(struct lab *l, const char *name, uint16_t priority, const char *target,
	enum lab_listener what)
{
	struct dns_record r = { .type = DNS_SRV,
		.ttl_s = TTL_S,
		.srv = { .priority = priority, .port = l->listeners[what].port } };

	if (!l->listeners[what].family)
		return;
	slice_cstr(slice_str(target), r.srv.target, sizeof(r.srv.target));
	add(l, name, &r);
}

static void add_naptr(struct lab *l, uint16_t order, const char *service, const char *name)
{
	struct dns_record r = { .type = DNS_NAPTR,
		.ttl_s = TTL_S,
		.naptr = { .order = order, .preference = 10, .flags = "s" } };

	slice_cstr(slice_str(service), r.naptr.service, sizeof(r.naptr.service));
	slice_cstr(slice_str(name), r.naptr.replacement, sizeof(r.naptr.replacement));
	add(l, LAB_POOL_FQDN, &r);
}

static void fill_pool(struct lab *l)
{
	add_address(l, LAB_POOL_FQDN, 1);
	add_naptr(l, 10, "SIPS+D2T", SIPS_NAME);
	add_naptr(l, 20, "SIP+D2T", TCP_NAME);
	add_naptr(l, 30, "SIP+D2U", UDP_NAME);
	add_service(l, SIPS_NAME, 10, LAB_POOL_FQDN, LAB_LISTEN_SIP_TLS);
	add_service(l, TCP_NAME, 10, LAB_POOL_FQDN, LAB_LISTEN_SIP_TCP);
	add_service(l, UDP_NAME, 10, LAB_POOL_FQDN, LAB_LISTEN_SIP_UDP);
}

static void fill_partner(struct lab *l)
{
	add_address(l, LAB_PARTNER_FQDN, 1);
	add_service(l, CLIENT_NAME, 10, LAB_PARTNER_FQDN, LAB_LISTEN_XMPP_CLIENT);
}

/* RFC 2782: the target "." is "decidedly not available at this domain". */
static void refuse_clients(struct lab *l)
{
	const struct dns_record r = { .type = DNS_SRV, .ttl_s = TTL_S };

	add(l, CLIENT_NAME, &r);
}

/* All of 127/8 is this machine, and the lab listens at 127.0.0.1 alone: the others refuse. */
static void fill(struct lab *l)
{
	switch (l->fault->zone) {
	case FAULT_ZONE_DEAD_FIRST:
		add_address(l, DEAD_FQDN, 2);
		add_service(l, SIPS_NAME, 1, DEAD_FQDN, LAB_LISTEN_SIP_TLS);
		fill_pool(l);
		fill_partner(l);
		break;
	case FAULT_ZONE_NONE:
		fill_pool(l);
		fill_partner(l);
		break;
	case FAULT_ZONE_NO_POOL: fill_partner(l); break;
	case FAULT_ZONE_EMPTY_POOL:
		add_address(l, "host." LAB_POOL_FQDN, 1); /* so that the name above it exists */
		fill_partner(l);
		break;
	case FAULT_ZONE_BARE_POOL:
		add_address(l, LAB_POOL_FQDN, 3);
		fill_partner(l);
		break;
	case FAULT_ZONE_NO_CLIENTS:
		fill_pool(l);
		refuse_clients(l);
		break;
	}
}

void lab_zone_fill(struct lab *l)
{
	l->names->fault = l->fault->names;
	(void)nameserver_add_zone(l->names, LAB_POOL_DOMAIN);
	(void)nameserver_add_zone(l->names, LAB_PARTNER_DOMAIN);
	add_address(l, SERVER_LITWARE, 1);
	add_address(l, SERVER_CONTOSO, 1);
	fill(l);
}

void lab_zone_datagram(struct lab *l, struct slice bytes, const struct origin *o)
{
	if (nameserver_answer(l->names, bytes, shell_out(&l->shell)))
		shell_send(&l->shell, o);
}

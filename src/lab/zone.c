#include "lab/zone.h"

enum { TTL_S = 60 };

#define SIPS_NAME      "_sips._tcp." LAB_POOL_FQDN
#define TCP_NAME       "_sip._tcp." LAB_POOL_FQDN
#define UDP_NAME       "_sip._udp." LAB_POOL_FQDN
#define CLIENT_NAME    "_xmpp-client._tcp." LAB_PARTNER_DOMAIN
#define DEAD_FQDN      "dead." LAB_POOL_FQDN
#define SERVER_LITWARE "ns." LAB_POOL_DOMAIN
#define SERVER_CONTOSO "ns." LAB_PARTNER_DOMAIN

struct zone {
	struct nameserver *names;
	const struct addr *at;
};

/* Names and room are this file's own: nothing here can fail. */
static void add(const struct zone *z, const char *name, const struct dns_record *record)
{
	(void)nameserver_add(z->names, name, record);
}

static void add_address(const struct zone *z, const char *name, uint8_t last)
{
	const struct dns_record r = {
		.type = DNS_A, .ttl_s = TTL_S, .addr = { .family = 4, .ip = { 127, 0, 0, last } }
	};

	add(z, name, &r);
}

/* Without that listener there is no such service. */
static void add_service(const struct zone *z, const char *name, uint16_t priority,
	const char *target, enum lab_listener what)
{
	struct dns_record r = { .type = DNS_SRV,
		.ttl_s = TTL_S,
		.srv = { .priority = priority, .port = z->at[what].port } };

	if (!z->at[what].family)
		return;
	slice_cstr(slice_str(target), r.srv.target, sizeof(r.srv.target));
	add(z, name, &r);
}

static void add_naptr(const struct zone *z, uint16_t order, const char *service, const char *name)
{
	struct dns_record r = { .type = DNS_NAPTR,
		.ttl_s = TTL_S,
		.naptr = { .order = order, .preference = 10, .flags = "s" } };

	slice_cstr(slice_str(service), r.naptr.service, sizeof(r.naptr.service));
	slice_cstr(slice_str(name), r.naptr.replacement, sizeof(r.naptr.replacement));
	add(z, LAB_POOL_FQDN, &r);
}

static void fill_pool(const struct zone *z)
{
	add_address(z, LAB_POOL_FQDN, 1);
	add_naptr(z, 10, "SIPS+D2T", SIPS_NAME);
	add_naptr(z, 20, "SIP+D2T", TCP_NAME);
	add_naptr(z, 30, "SIP+D2U", UDP_NAME);
	add_service(z, SIPS_NAME, 10, LAB_POOL_FQDN, LAB_LISTEN_SIP_TLS);
	add_service(z, TCP_NAME, 10, LAB_POOL_FQDN, LAB_LISTEN_SIP_TCP);
	add_service(z, UDP_NAME, 10, LAB_POOL_FQDN, LAB_LISTEN_SIP_UDP);
}

static void fill_partner(const struct zone *z)
{
	add_address(z, LAB_PARTNER_FQDN, 1);
	add_service(z, CLIENT_NAME, 10, LAB_PARTNER_FQDN, LAB_LISTEN_XMPP_CLIENT);
}

/* RFC 2782: the target "." is "decidedly not available at this domain". */
static void refuse_clients(const struct zone *z)
{
	const struct dns_record r = { .type = DNS_SRV, .ttl_s = TTL_S };

	add(z, CLIENT_NAME, &r);
}

/* All of 127/8 is this machine, and the lab listens at 127.0.0.1 alone: the others refuse. */
static void fill(const struct zone *z, enum fault_zone fault)
{
	switch (fault) {
	case FAULT_ZONE_DEAD_FIRST:
		add_address(z, DEAD_FQDN, 2);
		add_service(z, SIPS_NAME, 1, DEAD_FQDN, LAB_LISTEN_SIP_TLS);
		fill_pool(z);
		fill_partner(z);
		break;
	case FAULT_ZONE_NONE:
		fill_pool(z);
		fill_partner(z);
		break;
	case FAULT_ZONE_NO_POOL: fill_partner(z); break;
	case FAULT_ZONE_EMPTY_POOL:
		add_address(z, "host." LAB_POOL_FQDN, 1); /* so that the name above it exists */
		fill_partner(z);
		break;
	case FAULT_ZONE_BARE_POOL:
		add_address(z, LAB_POOL_FQDN, 3);
		fill_partner(z);
		break;
	case FAULT_ZONE_NO_CLIENTS:
		fill_pool(z);
		refuse_clients(z);
		break;
	}
}

void zone_fill(struct nameserver *names, const struct lab_fault *fault,
	const struct addr at[LAB_LISTEN_COUNT])
{
	const struct zone z = { names, at };

	names->fault = fault->names;
	(void)nameserver_add_zone(names, LAB_POOL_DOMAIN);
	(void)nameserver_add_zone(names, LAB_PARTNER_DOMAIN);
	add_address(&z, SERVER_LITWARE, 1);
	add_address(&z, SERVER_CONTOSO, 1);
	fill(&z, fault->zone);
}

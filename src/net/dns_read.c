#include "net/dns_read.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <stdio.h>
#include <string.h>

void dns_copy_name(char ret[DNS_NAME_MAX], const char *name)
{
	size_t n = name ? strlen(name) : 0;

	if (n && name[n - 1] == '.')
		n--;
	if (!slice_cstr(slice_of(name, n), ret, DNS_NAME_MAX))
		ret[0] = '\0';
}

static int none(int err)
{
	return err == ARES_ENODATA ? 0 : -1;
}

static int read_addresses(const unsigned char *p, int n, bool v6, struct dns_record *out)
{
	struct ares_addrttl v4_list[DNS_RECORDS_MAX];
	struct ares_addr6ttl v6_list[DNS_RECORDS_MAX];
	int count = DNS_RECORDS_MAX;
	int err = v6 ? ares_parse_aaaa_reply(p, n, NULL, v6_list, &count)
		     : ares_parse_a_reply(p, n, NULL, v4_list, &count);

	if (err != ARES_SUCCESS)
		return none(err);
	for (int i = 0; i < count; i++) {
		out[i] = (struct dns_record){ .type = v6 ? DNS_AAAA : DNS_A };
		out[i].addr.family = v6 ? 6 : 4;
		out[i].ttl_s = (uint32_t)(v6 ? v6_list[i].ttl : v4_list[i].ttl);
		memcpy(out[i].addr.ip, v6 ? (const void *)&v6_list[i].ip6addr : &v4_list[i].ipaddr,
			v6 ? 16 : 4);
	}
	return count;
}

static int read_srv(const unsigned char *p, int n, struct dns_record *out)
{
	struct ares_srv_reply *list = NULL;
	int err = ares_parse_srv_reply(p, n, &list);
	int count = 0;

	if (err != ARES_SUCCESS)
		return none(err);
	for (struct ares_srv_reply *r = list; r && count < DNS_RECORDS_MAX; r = r->next) {
		out[count] = (struct dns_record){ .type = DNS_SRV,
			.srv = { .priority = r->priority, .weight = r->weight, .port = r->port } };
		dns_copy_name(out[count++].srv.target, r->host);
	}
	ares_free_data(list);
	return count;
}

static int read_naptr(const unsigned char *p, int n, struct dns_record *out)
{
	struct ares_naptr_reply *list = NULL;
	int err = ares_parse_naptr_reply(p, n, &list);
	int count = 0;

	if (err != ARES_SUCCESS)
		return none(err);
	for (struct ares_naptr_reply *r = list; r && count < DNS_RECORDS_MAX; r = r->next) {
		struct dns_record *to = &out[count++];

		*to = (struct dns_record){ .type = DNS_NAPTR,
			.naptr = { .order = r->order,
				.preference = r->preference,
				.has_regexp = r->regexp && r->regexp[0] } };
		snprintf(to->naptr.flags, sizeof(to->naptr.flags), "%s", (const char *)r->flags);
		snprintf(to->naptr.service, sizeof(to->naptr.service), "%s",
			(const char *)r->service);
		dns_copy_name(to->naptr.replacement, r->replacement);
	}
	ares_free_data(list);
	return count;
}

int dns_read_records(enum dns_type type, const unsigned char *p, int n, struct dns_record *out)
{
	switch (type) {
	case DNS_A: return read_addresses(p, n, false, out);
	case DNS_AAAA: return read_addresses(p, n, true, out);
	case DNS_SRV: return read_srv(p, n, out);
	case DNS_NAPTR: return read_naptr(p, n, out);
	}
	return 0;
}

/* ---- the message itself ---- */

bool dns_is_cut(const unsigned char *p, int n)
{
	enum { FLAG_TC = 0x02 };

	return p && n >= NS_HFIXEDSZ && p[2] & FLAG_TC;
}

static unsigned get16(const unsigned char *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

/* The name at `at`; 0 when there is none, else where it ends. */
static int read_name(const unsigned char *p, int n, int at, char ret[DNS_NAME_MAX])
{
	char *name = NULL;
	long length;

	if (at >= n || ares_expand_name(p + at, p, n, &name, &length))
		return 0;
	dns_copy_name(ret, name);
	ares_free_string(name);
	return at + (int)length;
}

void dns_read_alias(const unsigned char *p, int n, char ret[DNS_NAME_MAX])
{
	char name[DNS_NAME_MAX];
	int at = NS_HFIXEDSZ;

	ret[0] = '\0';
	if (!p || n < NS_HFIXEDSZ)
		return;
	for (unsigned left = get16(p + 4); left && at; left--)
		at = (at = read_name(p, n, at, name)) ? at + NS_QFIXEDSZ : 0;
	for (unsigned left = get16(p + 6); left && at; left--) {
		at = read_name(p, n, at, name);
		if (!at || at + NS_RRFIXEDSZ > n)
			return;
		const unsigned type = get16(p + at), length = get16(p + at + NS_RRFIXEDSZ - 2);
		at += NS_RRFIXEDSZ;
		if (type == ns_t_cname && !read_name(p, n, at, ret))
			return;
		at += (int)length;
	}
}

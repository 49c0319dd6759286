#include "conf/syntax.h"

#include "base/addr.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text.h"

enum {
	DOMAIN_MAX = 253, /* RFC 1035 2.3.4, without the final dot */
	LABEL_MAX = 63,
	USER_MAX = 1023, /* RFC 7622 3.3.1; SIP has no limit of its own */
	PATH_TEXT_MAX = 4095,
	PORT_MAX = 65535,
};

static bool is_control(uint8_t c)
{
	return c < 0x20 || c == 0x7f;
}

static bool line_ok(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_control(s.p[i]))
			return false;
	return s.n > 0;
}

static bool path_ok(struct slice s)
{
	return s.n <= PATH_TEXT_MAX && line_ok(s);
}

/* Bytes over 0x7f belong to internationalised names; their rules are libidn2's, elsewhere. */
static bool label_ok(struct slice s)
{
	if (s.n == 0 || s.n > LABEL_MAX || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '-' && c < 0x80)
			return false;
	}
	return true;
}

/* RFC 1123 2.1: a last label of digits only would be an IPv4 address, mistyped. */
static bool domain_ok(struct slice s)
{
	struct slice rest = s;
	struct slice label = SLICE_NONE;
	uint64_t number;

	if (s.n == 0 || s.n > DOMAIN_MAX || s.p[s.n - 1] == '.')
		return false;
	while (rest.n > 0) {
		label = slice_split(&rest, '.');
		if (!label_ok(label))
			return false;
	}
	return !slice_u64(label, UINT64_MAX, &number);
}

static bool bracketed(struct slice s)
{
	return s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';
}

static bool host_ok(struct slice s)
{
	struct addr a;

	if (addr_decode_ip(s, &a))
		return a.family == 4 || bracketed(s);
	return domain_ok(s);
}

/* Where the port's colon is: not one inside the brackets of an IPv6 literal. */
static size_t host_end(struct slice s)
{
	size_t bracket = s.n > 0 && s.p[0] == '[' ? slice_chr(s, ']') : 0;

	return bracket + slice_chr(slice_skip(s, bracket), ':');
}

static bool port_ok(struct slice s)
{
	uint64_t port;

	return slice_u64(s, PORT_MAX, &port) && port > 0;
}

static bool host_port_ok(struct slice s, bool port_required)
{
	size_t end = host_end(s);

	if (!host_ok(slice_cut(s, 0, end)))
		return false;
	return end == s.n ? !port_required : port_ok(slice_skip(s, end + 1));
}

static bool server_ok(struct slice s)
{
	return host_port_ok(s, false);
}

static bool endpoint_ok(struct slice s)
{
	return host_port_ok(s, true);
}

static bool has_scheme(struct slice s, const char *scheme)
{
	size_t colon = slice_chr(s, ':');

	return colon < s.n && slice_ieqs(slice_cut(s, 0, colon), scheme);
}

/* `lr` is allowed because operators copy next hops from Route headers. */
static bool hop_param_ok(struct slice s)
{
	struct slice value = s;
	struct slice name = slice_split(&value, '=');
	enum transport t;
	char lower[8];

	if (slice_ieqs(name, "lr"))
		return name.n == s.n;
	if (!slice_ieqs(name, "transport") || !slice_cstr(value, lower, sizeof(lower)))
		return false;
	for (char *p = lower; *p; p++)
		*p = (char)ascii_lower((uint8_t)*p);
	return transport_find(slice_str(lower), &t);
}

static bool sip_hop_ok(struct slice s)
{
	if (!has_scheme(s, "sip") || s.p[s.n - 1] == ';')
		return false;
	struct slice params = slice_skip(s, sizeof("sip:") - 1);
	struct slice host = slice_split(&params, ';');

	if (!host_port_ok(host, false))
		return false;
	while (params.n > 0)
		if (!hop_param_ok(slice_split(&params, ';')))
			return false;
	return true;
}

/* What is behind the scheme, which may be left out. */
static struct slice strip_scheme(struct slice s, const char *const *schemes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (has_scheme(s, schemes[i]))
			return slice_skip(s, slice_chr(s, ':') + 1);
	return s;
}

struct slice syntax_address(struct slice address)
{
	static const char *const schemes[] = { "sip", "xmpp", "im" };

	return strip_scheme(address, schemes, COUNT(schemes));
}

/* "[::1]:5060" of "sip:[::1]:5060;transport=tcp", and where its host ends. */
static struct slice hop_host_port(struct slice hop, size_t *end)
{
	struct slice s = slice_skip(hop, sizeof("sip:") - 1);
	const struct slice host_port = slice_split(&s, ';');
	const size_t bracket = host_port.n && host_port.p[0] == '[' ? slice_chr(host_port, ']') : 0;

	*end = bracket + slice_chr(slice_skip(host_port, bracket), ':');
	return host_port;
}

struct slice syntax_hop_host(struct slice hop)
{
	size_t end;
	const struct slice host = hop_host_port(hop, &end);

	return host.n && host.p[0] == '[' ? slice_cut(host, 1, end - 1) : slice_cut(host, 0, end);
}

bool syntax_hop_port(struct slice hop, uint16_t *ret)
{
	size_t end;
	const struct slice host_port = hop_host_port(hop, &end);
	uint64_t port;

	if (end >= host_port.n || !slice_u64(slice_skip(host_port, end + 1), UINT16_MAX, &port))
		return false;
	*ret = (uint16_t)port;
	return true;
}

/* An '@' in a user part is escaped in both worlds, so the first one ends it. */
struct slice syntax_address_domain(struct slice address)
{
	struct slice s = slice_skip(address, slice_chr(address, '@') + 1);
	size_t end = 0;

	while (end < s.n && s.p[end] != '/' && s.p[end] != ';' && s.p[end] != '?' &&
		s.p[end] != ':')
		end++;
	return slice_cut(s, 0, end);
}

static bool user_ok(struct slice s)
{
	size_t at = slice_chr(s, '@');

	if (at == 0 || at >= s.n || at > USER_MAX || !line_ok(s))
		return false;
	if (slice_chr(s, ' ') < at || slice_chr(slice_skip(s, at + 1), '@') < s.n - at - 1)
		return false;
	return domain_ok(syntax_address_domain(s));
}

static bool sip_user_ok(struct slice s)
{
	static const char *const schemes[] = { "sip" };
	struct slice rest = strip_scheme(s, schemes, COUNT(schemes));

	return user_ok(rest) && slice_chr(rest, ':') > slice_chr(rest, '@');
}

static bool im_user_ok(struct slice s)
{
	static const char *const schemes[] = { "xmpp", "im", "sip" };

	return user_ok(strip_scheme(s, schemes, COUNT(schemes)));
}

/* TLS towards the pool needs a certificate of our own, which this form does not have. */
static bool listen_ok(struct slice s)
{
	struct slice rest = s;
	struct slice name = slice_split(&rest, ':');
	enum transport t;
	struct addr a;

	return transport_find(name, &t) && t != TRANSPORT_TLS && addr_decode(rest, &a);
}

static bool network_ok(struct slice s)
{
	struct addr_net net;

	return addr_net_decode(s, &net);
}

static bool ip_port_ok(struct slice s)
{
	struct addr a;

	return addr_decode(s, &a);
}

const struct syntax syntax_line = { line_ok, N_("TEXT"), N_("text on one line") };
const struct syntax syntax_path = { path_ok, N_("FILE"), N_("the name of a file") };
const struct syntax syntax_host = { host_ok, N_("HOST"), N_("a host name, like pool.example.org") };
const struct syntax syntax_domain = { domain_ok, N_("DOMAIN"),
	N_("a domain name, like example.org") };
const struct syntax syntax_server = { server_ok, N_("HOST[:PORT]"),
	N_("HOST or HOST:PORT, like xmpp.example.org:5222") };
const struct syntax syntax_endpoint = { endpoint_ok, N_("HOST:PORT"),
	N_("HOST:PORT, like 127.0.0.1:5347") };
const struct syntax syntax_sip_hop = { sip_hop_ok, N_("SIP-URI"),
	N_("sip:HOST[:PORT][;transport=udp|tcp|tls] without a user, like "
	   "sip:pool.example.org:5061;transport=tls") };
const struct syntax syntax_sip_user = { sip_user_ok, N_("ADDRESS"),
	N_("a SIP address, like sip:pilar@example.org") };
const struct syntax syntax_im_user = { im_user_ok, N_("ADDRESS"),
	N_("an address on the XMPP side, like adelany@example.org") };
const struct syntax syntax_listen = { listen_ok, N_("TRANSPORT:IP:PORT"),
	N_("udp:IP:PORT or tcp:IP:PORT, like udp:127.0.0.1:5070 or tcp:[::1]:5070") };
const struct syntax syntax_network = { network_ok, N_("IP[/BITS]"),
	N_("an IP address or a network, like 192.0.2.1 or 10.0.0.0/8") };
const struct syntax syntax_ip_port = { ip_port_ok, N_("IP:PORT"),
	N_("IP:PORT, like 127.0.0.1:9719 or [::1]:9719") };

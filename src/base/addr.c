#include "base/addr.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static const char *const transport_names[] = {
	[TRANSPORT_UDP] = "udp",
	[TRANSPORT_TCP] = "tcp",
	[TRANSPORT_TLS] = "tls",
};

const char *transport_name(enum transport t)
{
	return transport_names[t];
}

bool transport_find(struct slice name, enum transport *ret)
{
	for (size_t i = 0; i < COUNT(transport_names); i++) {
		if (!slice_ieqs(name, transport_names[i]))
			continue;
		*ret = (enum transport)i;
		return true;
	}
	return false;
}

static bool decode_v4(struct slice text, uint8_t ip[4])
{
	for (int i = 0; i < 4; i++) {
		bool last = i == 3;
		size_t dot = slice_chr(text, '.');
		uint64_t v;
		struct slice part = slice_cut(text, 0, dot);

		if (last != (dot == text.n) || part.n > 3 || (part.n > 1 && part.p[0] == '0') ||
			!slice_u64(part, 255, &v))
			return false;
		ip[i] = (uint8_t)v;
		text = slice_skip(text, dot + 1);
	}
	return true;
}

static bool group(struct slice s, uint8_t out[2])
{
	unsigned v = 0;

	if (s.n == 0 || s.n > 4)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int d = hex_digit(s.p[i]);

		if (d < 0)
			return false;
		v = v << 4 | (unsigned)d;
	}
	out[0] = (uint8_t)(v >> 8);
	out[1] = (uint8_t)v;
	return true;
}

/* Groups of one side of "::"; bytes written, or -1.  The last group may be an IPv4 address. */
static int groups(struct slice s, uint8_t out[16], bool v4_allowed)
{
	int n = 0;

	while (s.n) {
		size_t colon = slice_chr(s, ':');
		struct slice part = slice_cut(s, 0, colon);
		bool last = colon == s.n;

		if (last && v4_allowed && slice_chr(part, '.') < part.n) {
			if (n > 12 || !decode_v4(part, out + n))
				return -1;
			return n + 4;
		}
		if (n > 14 || !group(part, out + n))
			return -1;
		n += 2;
		if (!last && colon + 1 == s.n)
			return -1; /* a colon at the end */
		s = slice_skip(s, colon + 1);
	}
	return n;
}

static bool decode_v6(struct slice text, uint8_t ip[16])
{
	uint8_t tail[16] = { 0 };
	size_t gap = slice_find(text, SLICE("::"));

	memset(ip, 0, 16);
	if (gap == SIZE_MAX)
		return groups(text, ip, true) == 16;
	int head_n = groups(slice_cut(text, 0, gap), ip, false);
	int tail_n = groups(slice_skip(text, gap + 2), tail, true);
	if (head_n < 0 || tail_n < 0 || head_n + tail_n > 14)
		return false;
	memcpy(ip + 16 - tail_n, tail, (size_t)tail_n);
	return true;
}

bool addr_decode_ip(struct slice text, struct addr *ret)
{
	struct addr a = { 0 };

	if (text.n > 2 && text.p[0] == '[' && text.p[text.n - 1] == ']')
		text = slice_cut(text, 1, text.n - 1);
	else if (decode_v4(text, a.ip)) {
		a.family = 4;
		*ret = a;
		return true;
	}
	if (slice_chr(text, ':') == text.n || !decode_v6(text, a.ip))
		return false;
	a.family = 6;
	*ret = a;
	return true;
}

bool addr_decode(struct slice text, struct addr *ret)
{
	struct addr a;
	uint64_t port;
	size_t at = text.n;

	while (at > 0 && text.p[at - 1] != ':')
		at--;
	if (at == 0 || !slice_u64(slice_skip(text, at), UINT16_MAX, &port))
		return false;
	struct slice host = slice_cut(text, 0, at - 1);
	bool bracket = host.n && host.p[0] == '[';
	if (!addr_decode_ip(host, &a) || (a.family == 6) != bracket)
		return false;
	a.port = (uint16_t)port;
	*ret = a;
	return true;
}

static void put_v4(struct buf *b, const uint8_t *ip)
{
	for (int i = 0; i < 4; i++) {
		if (i)
			buf_putc(b, '.');
		buf_putu(b, ip[i]);
	}
}

static unsigned group_at(const uint8_t ip[16], int i)
{
	return (unsigned)ip[2 * i] << 8 | ip[2 * i + 1];
}

/* RFC 5952 section 4.2: the longest run of zero groups, the first one, at least two long. */
static void longest_run(const uint8_t ip[16], int *start, int *len)
{
	*start = -1;
	*len = 1;
	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && group_at(ip, i + n) == 0)
			n++;
		if (n > *len) {
			*start = i;
			*len = n;
		}
		i += n;
	}
}

static bool is_mapped(const uint8_t ip[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(ip, mapped, sizeof(mapped)) == 0;
}

void addr_unmap(struct addr *a)
{
	if (a->family != 6 || !is_mapped(a->ip))
		return;
	a->family = 4;
	a->scope = 0;
	memcpy(a->ip, a->ip + 12, 4);
	memset(a->ip + 4, 0, 12);
}

static void put_v6(struct buf *b, const uint8_t ip[16])
{
	int start, len;

	if (is_mapped(ip)) {
		buf_puts(b, "::ffff:");
		put_v4(b, ip + 12);
		return;
	}
	longest_run(ip, &start, &len);
	for (int i = 0; i < 8; i++) {
		if (i == start) {
			buf_puts(b, "::");
			i += len - 1;
			continue;
		}
		if (i > 0 && i != start + len)
			buf_putc(b, ':');
		buf_printf(b, "%x", group_at(ip, i));
	}
}

void addr_put_ip(struct buf *b, const struct addr *a)
{
	if (a->family == 4)
		put_v4(b, a->ip);
	else if (a->family == 6)
		put_v6(b, a->ip);
	else
		buf_putc(b, '-');
}

void addr_put(struct buf *b, const struct addr *a)
{
	if (a->family == 6)
		buf_putc(b, '[');
	addr_put_ip(b, a);
	if (a->family == 6)
		buf_putc(b, ']');
	if (a->family) {
		buf_putc(b, ':');
		buf_putu(b, a->port);
	}
}

const char *addr_text(const struct addr *a, char text[ADDR_TEXT_MAX])
{
	struct buf b;

	buf_init(&b, ADDR_TEXT_MAX);
	addr_put(&b, a);
	slice_cstr(buf_slice(&b), text, ADDR_TEXT_MAX);
	buf_done(&b);
	return text;
}

bool addr_ip_eq(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	return a->port == b->port && addr_ip_eq(a, b);
}

/* ---- networks, RFC 4632 section 3.1 and RFC 4291 section 2.3 ---- */

static unsigned bits_of(const struct addr *a)
{
	return a->family == 4 ? 32 : 128;
}

static bool is_set(const struct addr *a, unsigned bit)
{
	return a->ip[bit / 8] & 0x80 >> bit % 8;
}

bool addr_net_decode(struct slice text, struct addr_net *ret)
{
	const size_t slash = slice_chr(text, '/');
	struct addr a;

	if (!addr_decode_ip(slice_cut(text, 0, slash), &a))
		return false;
	uint64_t bits = bits_of(&a);
	if (slash < text.n && !slice_u64(slice_skip(text, slash + 1), bits, &bits))
		return false;
	const unsigned before = bits_of(&a);
	addr_unmap(&a);
	const unsigned mapping = before - bits_of(&a); /* the 96 bits of ::ffff:0:0 */
	if (bits < mapping)
		return false;
	bits -= mapping;
	for (unsigned i = (unsigned)bits; i < bits_of(&a); i++)
		if (is_set(&a, i))
			return false;
	*ret = (struct addr_net){ .addr = a, .bits = (uint8_t)bits };
	return true;
}

void addr_net_put(struct buf *b, const struct addr_net *net)
{
	addr_put_ip(b, &net->addr);
	if (net->bits < bits_of(&net->addr)) {
		buf_putc(b, '/');
		buf_putu(b, net->bits);
	}
}

bool addr_net_has(const struct addr_net *net, const struct addr *a)
{
	const unsigned whole = net->bits / 8, rest = net->bits % 8;

	return a->family == net->addr.family && memcmp(a->ip, net->addr.ip, whole) == 0 &&
	       (rest == 0 || (a->ip[whole] ^ net->addr.ip[whole]) >> (8 - rest) == 0);
}

bool addr_is_loopback(const struct addr *a)
{
	static const uint8_t one[16] = { [15] = 1 };

	return a->family == 4 ? a->ip[0] == 127 : a->family == 6 && memcmp(a->ip, one, 16) == 0;
}

bool addr_is_wildcard(const struct addr *a)
{
	static const uint8_t zero[16];

	return a->family && memcmp(a->ip, zero, sizeof(zero)) == 0;
}

/* A DNS message as a line of text, read by other eyes than those that wrote it: strictly, to its
 * last byte.  For the tests and the fuzzer of the name server. */
#pragma once

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"

enum { DNS_TEXT_MAX = 16384, DNS_POINTERS_MAX = 64 };

struct dns_view {
	struct slice all;
	size_t at;
	bool bad;
	char text[DNS_TEXT_MAX];
	size_t n;
};

__attribute__((format(printf, 2, 3))) static void dns_say(struct dns_view *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(v->text + v->n, DNS_TEXT_MAX - v->n, fmt, ap);
	va_end(ap);
	v->n += (size_t)n;
	if (v->n >= DNS_TEXT_MAX)
		v->n = DNS_TEXT_MAX - 1;
}

static unsigned dns_u8(struct dns_view *v)
{
	if (v->at >= v->all.n) {
		v->bad = true;
		return 0;
	}
	return v->all.p[v->at++];
}

static unsigned dns_u16(struct dns_view *v)
{
	unsigned high = dns_u8(v);

	return high << 8 | dns_u8(v);
}

static unsigned long dns_u32(struct dns_view *v)
{
	unsigned long high = dns_u16(v);

	return high << 16 | dns_u16(v);
}

static void dns_label(struct dns_view *v, unsigned n)
{
	while (n-- && !v->bad) {
		unsigned c = dns_u8(v);

		dns_say(v, c > ' ' && c < 127 && c != '.' && c != '\\' ? "%c" : "\\%03u", c);
	}
}

/* Only what came before may be pointed at: RFC 1035 section 4.1.4. */
static void dns_name(struct dns_view *v)
{
	size_t back = 0;
	unsigned pointers = 0, labels = 0;

	for (unsigned n = dns_u8(v); n && !v->bad; n = dns_u8(v)) {
		if ((n & 0xc0) == 0xc0) {
			size_t to = (n & 0x3f) << 8 | dns_u8(v);

			v->bad |= to >= v->at - 2 || ++pointers > DNS_POINTERS_MAX;
			back = back ? back : v->at;
			v->at = to;
			continue;
		}
		v->bad |= n > 63;
		if (labels++)
			dns_say(v, ".");
		dns_label(v, n);
	}
	if (!labels)
		dns_say(v, ".");
	if (back)
		v->at = back;
}

static void dns_string(struct dns_view *v)
{
	unsigned n = dns_u8(v);

	dns_say(v, "'");
	dns_label(v, n);
	dns_say(v, "'");
}

static void dns_hex(struct dns_view *v, size_t n)
{
	while (n-- && !v->bad)
		dns_say(v, "%02x", dns_u8(v));
}

static void dns_soa(struct dns_view *v)
{
	dns_name(v);
	dns_say(v, " ");
	dns_name(v);
	for (int i = 0; i < 5; i++)
		dns_say(v, " %lu", dns_u32(v));
}

static void dns_naptr(struct dns_view *v)
{
	unsigned order = dns_u16(v);

	dns_say(v, "%u %u ", order, dns_u16(v));
	for (int i = 0; i < 3; i++) {
		dns_string(v);
		dns_say(v, " ");
	}
	dns_name(v);
}

static void dns_srv(struct dns_view *v)
{
	for (int i = 0; i < 3; i++)
		dns_say(v, "%u ", dns_u16(v));
	dns_name(v);
}

static void dns_data(struct dns_view *v, unsigned type, size_t n)
{
	size_t end = v->at + n;

	switch (type) {
	case 6: dns_soa(v); break;
	case 33: dns_srv(v); break;
	case 35: dns_naptr(v); break;
	default: dns_hex(v, n); break;
	}
	v->bad |= v->at != end;
}

static void dns_records(struct dns_view *v, const char *section, unsigned n)
{
	while (n-- && !v->bad) {
		dns_say(v, "; %s ", section);
		dns_name(v);
		unsigned type = dns_u16(v), class = dns_u16(v);
		unsigned long ttl = dns_u32(v);
		dns_say(v, " %u %u %lu ", type, class, ttl);
		dns_data(v, type, dns_u16(v));
	}
}

/* NULL when it is malformed.  Valid until the next call. */
static const char *dns_text(struct slice message)
{
	static struct dns_view v;

	memset(&v, 0, sizeof(v));
	v.all = message;
	dns_say(&v, "id %u", dns_u16(&v));
	unsigned flags = dns_u16(&v);
	unsigned questions = dns_u16(&v), answers = dns_u16(&v);
	unsigned authorities = dns_u16(&v), more = dns_u16(&v);
	dns_say(&v, " flags %04x", flags);
	for (; questions && !v.bad; questions--) {
		dns_say(&v, "; ? ");
		dns_name(&v);
		dns_say(&v, " %u", dns_u16(&v));
		dns_say(&v, " %u", dns_u16(&v));
	}
	dns_records(&v, "answer", answers);
	dns_records(&v, "authority", authorities);
	dns_records(&v, "more", more);
	return v.bad || v.at != message.n ? NULL : v.text;
}

#include "web/fields.h"

#include "base/mem.h"
#include "base/str.h"

/* ---- Accept ---- */

/* "0.5" as 500; what is none is 0. */
static unsigned read_weight(struct slice s)
{
	unsigned weight = 0, unit = 1000;

	if (s.n == 0 || (s.p[0] != '0' && s.p[0] != '1'))
		return 0;
	for (size_t i = 0; i < s.n && unit > 0; i++) {
		if (i == 1 && s.p[i] == '.')
			continue;
		if (i == 1 || !ascii_is_digit(s.p[i]))
			return 0;
		weight += (unsigned)(s.p[i] - '0') * unit;
		unit /= 10;
	}
	return weight < 1000 ? weight : 1000;
}

struct range {
	struct slice type, subtype, version;
	unsigned weight;
};

static struct range read_range(struct slice text)
{
	struct slice rest = text;
	struct slice subtype = slice_trim(slice_split(&rest, ';'));
	struct range r = { .type = slice_split(&subtype, '/'), .weight = 1000 };

	r.subtype = subtype;
	while (rest.n) {
		struct slice value = slice_trim(slice_split(&rest, ';'));
		const struct slice name = slice_split(&value, '=');

		if (slice_ieqs(name, "q"))
			r.weight = read_weight(value);
		else if (slice_ieqs(name, "version"))
			r.version = value;
	}
	return r;
}

/* How closely it names the type; 0: not at all. */
static unsigned closeness(
	const struct range *r, const char *type, const char *subtype, const char *version)
{
	if (slice_eqs(r->type, "*"))
		return slice_eqs(r->subtype, "*") ? 1 : 0;
	if (!slice_ieqs(r->type, type))
		return 0;
	if (slice_eqs(r->subtype, "*"))
		return 2;
	if (!slice_ieqs(r->subtype, subtype))
		return 0;
	if (!r->version.n)
		return 3;
	return slice_eqs(r->version, version) ? 4 : 0;
}

unsigned web_accepts(
	struct slice accept, const char *type, const char *subtype, const char *version)
{
	unsigned closest = 0, weight = 0;

	while (accept.n) {
		const struct range r = read_range(slice_split(&accept, ','));
		const unsigned close = closeness(&r, type, subtype, version);

		if (close > closest) {
			closest = close;
			weight = r.weight;
		}
	}
	return weight;
}

/* ---- If-None-Match ---- */

/* RFC 9110 section 13.1.2 asks for the weak comparison: W/ makes no difference. */
bool web_has_etag(const struct web_request *r, struct slice etag)
{
	struct slice list = web_field_find(r, "If-None-Match");

	while (list.n) {
		struct slice tag = slice_trim(slice_split(&list, ','));
		if (slice_eqs(tag, "*"))
			return true;
		if (slice_starts(tag, SLICE("W/")))
			tag = slice_skip(tag, 2);
		if (tag.n == etag.n + 2 && tag.p[0] == '"' && tag.p[tag.n - 1] == '"' &&
			slice_eq(slice_cut(tag, 1, tag.n - 1), etag))
			return true;
	}
	return false;
}

/* ---- Host ---- */

/* Behind the last colon, but for those within brackets. */
static struct slice without_port(struct slice host)
{
	if (host.n && host.p[0] == '[')
		return slice_cut(host, 0, slice_chr(host, ']') + 1);
	return slice_cut(host, 0, slice_chr(host, ':'));
}

bool web_host_is_own(struct slice host, const char *const *names)
{
	struct addr ip;
	struct slice name = without_port(host);

	if (addr_decode_ip(name, &ip))
		return true;
	if (name.n && name.p[name.n - 1] == '.')
		name.n--; /* the root's */
	if (slice_ieqs(name, "localhost"))
		return true;
	for (; *names; names++)
		if (slice_ieqs(name, *names))
			return true;
	return false;
}

/* ---- where it comes from ---- */

bool web_is_foreign(const struct web_request *r)
{
	const struct slice site = web_field_find(r, "Sec-Fetch-Site");
	struct slice origin = web_field_find(r, "Origin");

	/* Fetch Metadata: "none" is a person's own doing.  A site beside ours, under the same
	 * domain, is another one. */
	if (site.n)
		return !slice_eqs(site, "same-origin") && !slice_eqs(site, "none");
	if (!origin.n)
		return false;
	/* The scheme is not compared: behind a proxy that ends TLS it is not known here. */
	const size_t at = slice_find(origin, SLICE("://"));
	return at == SIZE_MAX || !slice_ieq(slice_skip(origin, at + 3), r->host);
}

struct slice web_cookie_find(const struct web_request *r, const char *name)
{
	struct slice all = web_field_find(r, "Cookie");

	while (all.n) {
		struct slice value = slice_trim(slice_split(&all, ';'));
		if (slice_eqs(slice_split(&value, '='), name))
			return value;
	}
	return SLICE_NONE;
}

#include "xmpp/jid.h"

#include <idn2.h>
#include <string.h>
#include <stringprep.h>

#include "base/addr.h"
#include "base/mem.h"
#include "base/str.h"

enum {
	LABEL_MAX = 63,             /* RFC 1034 section 3.1 */
	DOMAIN_MAX = 253,           /* the same, as text with A-labels */
	RAW_MAX = 3 * JID_PART_MAX, /* preparing shortens: a full-width letter has three bytes */
};

static int refuse(struct where *where, int err, size_t offset, const char *what)
{
	if (where)
		*where = (struct where){ .offset = offset, .what = what };
	return err;
}

static size_t first_non_ascii(struct slice s)
{
	size_t i = 0;

	while (i < s.n && s.p[i] < 0x80)
		i++;
	return i;
}

/* ---- localpart and resourcepart ---- */

struct profile {
	const Stringprep_profile *tables;
	const char *excluded; /* ASCII that must not be in it; controls never may */
	bool lower;
	const char *empty, *bad_char, *bad_utf8, *too_long;
};

static const struct profile local_profile = {
	.tables = stringprep_xmpp_nodeprep,
	.excluded = " \"&'/:<>@", /* RFC 7622 section 3.3.1 */
	.lower = true,
	.empty = "an empty localpart",
	.bad_char = "a character that a localpart must not have",
	.bad_utf8 = "the localpart is not UTF-8",
	.too_long = "a localpart of more than 1023 bytes",
};

static const struct profile resource_profile = {
	.tables = stringprep_xmpp_resourceprep,
	.excluded = "",
	.lower = false,
	.empty = "an empty resource",
	.bad_char = "a character that a resource must not have",
	.bad_utf8 = "the resource is not UTF-8",
	.too_long = "a resource of more than 1023 bytes",
};

static int prepare_ascii(const struct profile *profile, struct slice in, char out[JID_PART_MAX + 1],
	struct where *where)
{
	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];

		if (c < 0x20 || c >= 0x7F || strchr(profile->excluded, c))
			return refuse(where, ERR_SYNTAX, i, profile->bad_char);
		if (i == JID_PART_MAX)
			return refuse(where, ERR_LIMIT, i, profile->too_long);
		out[i] = (char)(profile->lower ? ascii_lower(c) : c);
	}
	return (int)in.n;
}

static int prepare_unicode(const struct profile *profile, struct slice in,
	char out[JID_PART_MAX + 1], struct where *where)
{
	size_t odd = first_non_ascii(in), bad;
	char text[RAW_MAX + 1];

	if (!utf8_valid(in, &bad))
		return refuse(where, ERR_SYNTAX, bad, profile->bad_utf8);
	if (in.n > RAW_MAX)
		return refuse(where, ERR_LIMIT, RAW_MAX, profile->too_long);
	if (!slice_cstr(in, text, sizeof(text)))
		return refuse(where, ERR_SYNTAX, slice_chr(in, 0), profile->bad_char);

	/* Characters younger than Unicode 3.2 are let through, as servers do. */
	int rc = stringprep(text, sizeof(text), 0, profile->tables);
	struct slice done = slice_str(text);
	if (rc == STRINGPREP_MALLOC_ERROR)
		return refuse(where, -ENOMEM, 0, "out of memory");
	if (rc == STRINGPREP_TOO_SMALL_BUFFER || (rc == STRINGPREP_OK && done.n > JID_PART_MAX))
		return refuse(where, ERR_LIMIT, odd, profile->too_long);
	if (rc != STRINGPREP_OK)
		return refuse(where, ERR_SYNTAX, odd, profile->bad_char);
	if (done.n == 0)
		return refuse(where, ERR_SYNTAX, 0, profile->empty);
	memcpy(out, text, done.n);
	return (int)done.n;
}

/* The length of what is in `out`, or an error; so for each part. */
static int prepare(const struct profile *profile, struct slice in, char out[JID_PART_MAX + 1],
	struct where *where)
{
	if (in.n == 0)
		return refuse(where, ERR_SYNTAX, 0, profile->empty);
	if (first_non_ascii(in) == in.n)
		return prepare_ascii(profile, in, out, where);
	return prepare_unicode(profile, in, out, where);
}

/* ---- domainpart ---- */

static bool is_ldh(uint8_t c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || c == '-';
}

static int check_label(struct slice label, size_t offset, struct where *where)
{
	if (label.n == 0)
		return refuse(where, ERR_SYNTAX, offset, "an empty label in the domain");
	if (label.n > LABEL_MAX)
		return refuse(where, ERR_LIMIT, offset, "a label of more than 63 characters");
	for (size_t i = 0; i < label.n; i++)
		if (!is_ldh(label.p[i]))
			return refuse(where, ERR_SYNTAX, offset + i,
				"a character that a domain must not have");
	if (label.p[0] == '-' || label.p[label.n - 1] == '-')
		return refuse(where, ERR_SYNTAX, offset, "a hyphen at the edge of a label");
	return 0;
}

/* An ASCII domain in the letters, digits and hyphens of RFC 5890. */
static int check_labels(struct slice domain, struct where *where, bool *ret_has_a_label)
{
	struct slice rest = domain;
	size_t offset = 0;

	if (domain.n > DOMAIN_MAX)
		return refuse(where, ERR_LIMIT, DOMAIN_MAX, "a domain of more than 253 characters");
	while (offset <= domain.n) {
		struct slice label = slice_split(&rest, '.');
		int err = check_label(label, offset, where);

		if (err)
			return err;
		if (slice_ieq(slice_cut(label, 0, 4), SLICE("xn--")))
			*ret_has_a_label = true;
		offset += label.n + 1;
	}
	return 0;
}

static int idn_error(int rc, struct where *where, size_t offset)
{
	if (rc == IDN2_MALLOC)
		return refuse(where, -ENOMEM, 0, "out of memory");
	if (rc == IDN2_TOO_BIG_DOMAIN || rc == IDN2_TOO_BIG_LABEL)
		return refuse(where, ERR_LIMIT, offset, "a domain or label that is too long");
	return refuse(where, ERR_SYNTAX, offset, "not an internationalized domain name");
}

static int copy_out(struct slice s, char *out, size_t size, struct where *where)
{
	if (s.n >= size)
		return refuse(where, ERR_LIMIT, size, "a domain that is too long");
	for (size_t i = 0; i < s.n; i++)
		out[i] = (char)(s.p[i] < 0x80 ? ascii_lower(s.p[i]) : s.p[i]);
	out[s.n] = '\0';
	return (int)s.n;
}

struct idn { /* freed by idn2_free() */
	uint8_t *ascii;
	char *unicode; /* NULL when there is no A-label */
};

static int lookup(const char *text, uint8_t **ret, struct where *where)
{
	/* UTS 46's mapping, and the rules of RFC 5891. */
	int rc = idn2_lookup_u8((const uint8_t *)text, ret, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);

	return rc == IDN2_OK ? 0 : idn_error(rc, where, 0);
}

/* libidn2 takes an A-label as it comes; only the way back shows whether it stands for a U-label. */
static int check_round_trip(const struct idn *idn, struct where *where)
{
	uint8_t *again = NULL;
	int err = lookup(idn->unicode, &again, where);

	if (!err && strcmp((const char *)again, (const char *)idn->ascii) != 0)
		err = refuse(where, ERR_SYNTAX, 0, "an A-label that stands for no U-label");
	idn2_free(again);
	return err;
}

static int convert(const char *text, struct idn *ret, struct where *where)
{
	bool has_a_label = false;
	int err = lookup(text, &ret->ascii, where);

	if (!err)
		err = check_labels(slice_str((const char *)ret->ascii), where, &has_a_label);
	if (err || !has_a_label)
		return err;
	int rc = idn2_to_unicode_8z8z((const char *)ret->ascii, &ret->unicode, 0);
	return rc == IDN2_OK ? check_round_trip(ret, where) : idn_error(rc, where, 0);
}

static int domain_by_idn(struct slice in, bool unicode, char *out, size_t size, struct where *where)
{
	size_t odd = first_non_ascii(in), bad;
	char text[JID_PART_MAX + 1];
	struct idn idn = { NULL, NULL };

	if (!utf8_valid(in, &bad))
		return refuse(where, ERR_SYNTAX, bad, "the domain is not UTF-8");
	if (in.n > JID_PART_MAX)
		return refuse(where, ERR_LIMIT, JID_PART_MAX, "a domain of more than 1023 bytes");
	if (!slice_cstr(in, text, sizeof(text)))
		return refuse(where, ERR_SYNTAX, slice_chr(in, 0), "a NUL in the domain");

	int n = convert(text, &idn, where);
	if (n < 0 && where) /* the offset was one in the A-labels */
		where->offset = odd < in.n ? odd : 0;
	if (n == 0)
		n = copy_out(
			slice_str(unicode && idn.unicode ? idn.unicode : (const char *)idn.ascii),
			out, size, where);
	idn2_free(idn.ascii);
	idn2_free(idn.unicode);
	return n;
}

static int domain_by_name(
	struct slice in, bool unicode, char *out, size_t size, struct where *where)
{
	bool has_a_label = false;

	if (first_non_ascii(in) < in.n)
		return domain_by_idn(in, unicode, out, size, where);
	int err = check_labels(in, where, &has_a_label);
	if (err)
		return err;
	if (has_a_label)
		return domain_by_idn(in, unicode, out, size, where);
	return copy_out(in, out, size, where);
}

/* "[2001:db8::1]" in the form of RFC 5952, so that equal addresses have equal bytes. */
static int domain_by_address(struct slice in, char *out, size_t size, struct where *where)
{
	struct addr addr;
	struct buf b;

	if (!slice_ends(in, SLICE("]")) || slice_chr(in, '%') < in.n ||
		!addr_decode_ip(in, &addr) || addr.family != 6)
		return refuse(where, ERR_SYNTAX, 0, "not an IPv6 address in brackets");
	buf_init(&b, ADDR_TEXT_MAX);
	buf_putc(&b, '[');
	addr_put_ip(&b, &addr);
	buf_putc(&b, ']');
	int n = buf_err(&b) ? refuse(where, -ENOMEM, 0, "out of memory")
			    : copy_out(buf_slice(&b), out, size, where);
	buf_done(&b);
	return n;
}

/* The dot that ends an absolute name goes before anything else, RFC 7622 section 3.2. */
static struct slice strip_dot(struct slice domain)
{
	return slice_ends(domain, SLICE(".")) ? slice_cut(domain, 0, domain.n - 1) : domain;
}

static int prepare_domain(
	struct slice in, bool unicode, char *out, size_t size, struct where *where)
{
	in = strip_dot(in);
	if (in.n == 0)
		return refuse(where, ERR_SYNTAX, 0, "an empty domain");
	if (in.p[0] == '[')
		return domain_by_address(in, out, size, where);
	return domain_by_name(in, unicode, out, size, where);
}

int jid_domain_ascii(struct slice domain, char *ret, size_t size)
{
	char text[JID_PART_MAX + 1];
	int n = prepare_domain(domain, false, text, sizeof(text), NULL);

	if (n < 0)
		return n;
	return slice_cstr(slice_of(text, (size_t)n), ret, size) ? 0 : ERR_LIMIT;
}

int jid_domain_unicode(struct slice domain, char *ret, size_t size)
{
	char text[JID_PART_MAX + 1];
	struct addr addr;
	int n = prepare_domain(domain, true, text, sizeof(text), NULL);

	if (n < 0)
		return n;
	if (addr_decode_ip(slice_of(text, (size_t)n), &addr))
		return ERR_SYNTAX;
	return slice_cstr(slice_of(text, (size_t)n), ret, size) ? 0 : ERR_LIMIT;
}

/* ---- the whole ---- */

static int put_local(struct jid *j, struct slice in, struct where *where)
{
	int n = in.n ? prepare(&local_profile, in, j->text, where) : 0;

	if (n <= 0)
		return n;
	j->n_local = (uint16_t)n;
	j->text[n] = '@';
	return 0;
}

static int put_domain(struct jid *j, struct slice in, struct where *where)
{
	size_t at = j->n_local ? j->n_local + 1u : 0;
	int n = prepare_domain(in, true, j->text + at, JID_PART_MAX + 1, where);

	if (n < 0)
		return n;
	j->n_domain = (uint16_t)n;
	return 0;
}

static int put_resource(struct jid *j, struct slice in, struct where *where)
{
	size_t at = jid_bare(j).n;
	int n = in.n ? prepare(&resource_profile, in, j->text + at + 1, where) : 0;

	if (n <= 0)
		return n;
	j->n_resource = (uint16_t)n;
	j->text[at] = '/';
	return 0;
}

/* What was given may lie in *ret itself, so the result is made beside it.  Offsets are counted from
 * `base`, or (NULL) from the start of the part. */
static int make(
	struct jid *ret, const struct slice part[3], const uint8_t *base, struct where *where)
{
	static int (*const put[])(struct jid *, struct slice, struct where *) = {
		put_local,
		put_domain,
		put_resource,
	};
	struct jid j;

	j.n_local = j.n_domain = j.n_resource = 0;
	for (unsigned i = 0; i < COUNT(put); i++) {
		int err = put[i](&j, part[i], where);

		if (err && where && base)
			where->offset += (size_t)(part[i].p - base);
		if (err)
			return err;
	}

	size_t n = jid_full(&j).n;
	ret->n_local = j.n_local;
	ret->n_domain = j.n_domain;
	ret->n_resource = j.n_resource;
	memcpy(ret->text, j.text, n);
	ret->text[n] = '\0';
	return 0;
}

int jid_make(struct jid *ret, struct slice local, struct slice domain, struct slice resource,
	struct where *where)
{
	return make(ret, (const struct slice[3]){ local, domain, resource }, NULL, where);
}

int jid_decode(struct slice in, struct jid *ret, struct where *where)
{
	size_t slash = slice_chr(in, '/'); /* first: a resource may have an '@' */
	size_t at = slice_chr(slice_cut(in, 0, slash), '@');
	bool has_local = at < slash;

	if (has_local && at == 0)
		return refuse(where, ERR_SYNTAX, 0, local_profile.empty);
	if (slash < in.n && slash + 1 == in.n)
		return refuse(where, ERR_SYNTAX, in.n, resource_profile.empty);

	const struct slice part[3] = {
		slice_cut(in, 0, has_local ? at : 0),
		slice_cut(in, has_local ? at + 1 : 0, slash),
		slice_skip(in, slash + 1),
	};
	return make(ret, part, in.p, where);
}

struct slice jid_domain_in(struct slice text)
{
	const struct slice bare = slice_cut(text, 0, slice_chr(text, '/'));
	const size_t at = slice_chr(bare, '@');

	return at < bare.n ? slice_skip(bare, at + 1) : bare;
}

struct slice jid_local(const struct jid *j)
{
	return slice_of(j->text, j->n_local);
}

struct slice jid_domain(const struct jid *j)
{
	return slice_of(j->text + (j->n_local ? j->n_local + 1 : 0), j->n_domain);
}

struct slice jid_resource(const struct jid *j)
{
	return slice_of(j->text + (j->n_resource ? jid_bare(j).n + 1 : 0), j->n_resource);
}

struct slice jid_bare(const struct jid *j)
{
	return slice_of(j->text, (j->n_local ? j->n_local + 1u : 0u) + j->n_domain);
}

struct slice jid_full(const struct jid *j)
{
	return slice_of(j->text, jid_bare(j).n + (j->n_resource ? j->n_resource + 1u : 0u));
}

bool jid_eq(const struct jid *a, const struct jid *b)
{
	return a->n_local == b->n_local && a->n_domain == b->n_domain &&
	       slice_eq(jid_full(a), jid_full(b));
}

bool jid_bare_eq(const struct jid *a, const struct jid *b)
{
	return a->n_local == b->n_local && slice_eq(jid_bare(a), jid_bare(b));
}

#include "lab/nameserver.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

enum {
	HEADER_BYTES = 12,
	LABEL_MAX = 63,
	PLAIN_MAX = 512, /* RFC 1035 section 4.2.1 */
	SOA_TTL_S = 60,
	POINTER = 0xc0, /* the two high bits of a length */

	TYPE_CNAME = 5,
	TYPE_SOA = 6,
	TYPE_OPT = 41,
	CLASS_IN = 1,
	CLASS_ANY = 255,
};

enum rcode {
	RCODE_OK = 0,
	RCODE_FORMERR = 1,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5,
	RCODE_BADVERS = 16, /* its upper bits stand in the OPT record */
};

enum { FLAG_QR = 0x80, FLAG_AA = 0x04, FLAG_TC = 0x02, FLAG_RD = 0x01 }; /* of the third byte */

static const uint16_t types[] = { [DNS_A] = 1, [DNS_AAAA] = 28, [DNS_SRV] = 33, [DNS_NAPTR] = 35 };

/* A question as it was read. */
struct query {
	enum rcode rcode; /* what it gets when it is not a good one */
	bool has_question;
	struct slice question; /* name, type and class, as they came */
	struct nameserver_name name;
	unsigned type, class;
	bool edns;
	size_t room; /* of the answer */
};

/* ---- names ---- */

static int put_label(struct nameserver_name *to, struct slice label)
{
	if (label.n == 0 || label.n > LABEL_MAX)
		return ERR_SYNTAX;
	if (to->n + 1 + label.n + 1 > sizeof(to->bytes))
		return ERR_LIMIT;
	to->bytes[to->n++] = (uint8_t)label.n;
	for (size_t i = 0; i < label.n; i++)
		to->bytes[to->n++] = (uint8_t)ascii_lower(label.p[i]);
	return 0;
}

static int name_of_text(struct nameserver_name *ret, const char *text)
{
	struct slice rest = slice_str(text);
	int err = 0;

	*ret = (struct nameserver_name){ 0 };
	while (!err && rest.n) {
		bool dot = slice_chr(rest, '.') < rest.n;

		err = put_label(ret, slice_split(&rest, '.'));
		if (dot && rest.n == 0)
			err = ERR_SYNTAX;
	}
	if (!err)
		ret->bytes[ret->n++] = 0;
	return err;
}

static struct slice name_slice(const struct nameserver_name *n)
{
	return slice_of(n->bytes, n->n);
}

/* Is `name` that one, or below it? */
static bool is_within(struct slice name, const struct nameserver_name *top)
{
	while (name.n > top->n)
		name = slice_skip(name, 1u + name.p[0]);
	return slice_eq(name, name_slice(top));
}

int nameserver_add_zone(struct nameserver *s, const char *name)
{
	struct nameserver_name n;
	int err = name_of_text(&n, name);

	if (err || s->n_zones == NAMESERVER_ZONES_MAX)
		return err ? err : ERR_LIMIT;
	s->zones[s->n_zones++] = n;
	return 0;
}

/* The name in a record goes on the wire as the owner's does. */
static int check_target(const struct dns_record *r)
{
	struct nameserver_name ignored;

	switch (r->type) {
	case DNS_A:
	case DNS_AAAA: return 0;
	case DNS_SRV: return name_of_text(&ignored, r->srv.target);
	case DNS_NAPTR: return name_of_text(&ignored, r->naptr.replacement);
	}
	return ERR_SYNTAX;
}

int nameserver_add(struct nameserver *s, const char *name, const struct dns_record *record)
{
	struct nameserver_name n;
	int err = name_of_text(&n, name);

	if (!err)
		err = check_target(record);
	if (err || s->n_rows == NAMESERVER_ROWS_MAX)
		return err ? err : ERR_LIMIT;
	s->rows[s->n_rows++] = (struct nameserver_row){ n, *record };
	return 0;
}

/* ---- reading ---- */

struct cursor {
	struct slice rest;
	bool bad; /* something was not there: everything after it is 0 */
};

static struct slice take(struct cursor *c, size_t n)
{
	struct slice part = slice_cut(c->rest, 0, n);

	c->bad |= part.n < n;
	c->rest = c->bad ? SLICE_NONE : slice_skip(c->rest, n);
	return c->bad ? SLICE_NONE : part;
}

static unsigned take16(struct cursor *c)
{
	struct slice s = take(c, 2);

	return s.n ? (unsigned)(s.p[0] << 8 | s.p[1]) : 0;
}

static unsigned take8(struct cursor *c)
{
	struct slice s = take(c, 1);

	return s.n ? s.p[0] : 0;
}

/* A question's name has nothing in front of it to point at. */
static void take_name(struct cursor *c, struct nameserver_name *ret)
{
	*ret = (struct nameserver_name){ 0 };
	for (unsigned n = take8(c); n && !c->bad; n = take8(c)) {
		struct slice label = take(c, n);

		c->bad |= put_label(ret, label) != 0; /* a pointer is too long for one */
	}
	if (!c->bad)
		ret->bytes[ret->n++] = 0;
}

/* Steps over a name that nobody looks at.  Each step takes a byte at least, and a pointer ends it.
 */
static void skip_name(struct cursor *c)
{
	for (unsigned n = take8(c); n && !c->bad; n = take8(c)) {
		if ((n & POINTER) == POINTER) {
			take8(c);
			return;
		}
		c->bad |= n > LABEL_MAX;
		take(c, n);
	}
}

static void read_question(struct cursor *c, struct query *q)
{
	const struct slice from = c->rest;

	take_name(c, &q->name);
	q->type = take16(c);
	q->class = take16(c);
	if (c->bad)
		return;
	q->question = slice_cut(from, 0, from.n - c->rest.n);
	q->has_question = true;
}

/* RFC 6891 section 6.1: the class is how long an answer may be, in the TTL is the version. */
static void read_opt(struct cursor *c, struct query *q)
{
	size_t room = take16(c);

	take8(c);
	unsigned version = take8(c);
	take16(c);
	take(c, take16(c));
	c->bad |= q->edns; /* section 6.1.1: only one */
	q->edns = true;
	if (room > PLAIN_MAX)
		q->room = room < NAMESERVER_ANSWER_MAX ? room : NAMESERVER_ANSWER_MAX;
	if (version > 0)
		q->rcode = RCODE_BADVERS;
}

static void read_record(struct cursor *c, struct query *q)
{
	const bool root = c->rest.n && c->rest.p[0] == 0;

	skip_name(c);
	if (take16(c) == TYPE_OPT) {
		c->bad |= !root;
		read_opt(c, q);
		return;
	}
	take(c, 2 + 4); /* class and TTL */
	take(c, take16(c));
}

/* False when it is no query: what is no question gets no answer, or two servers could talk for
 * ever. */
static bool read_query(struct slice in, struct query *q)
{
	struct cursor c = { .rest = in };

	*q = (struct query){ .room = PLAIN_MAX };
	take(&c, 2);
	unsigned flags = take16(&c);
	unsigned questions = take16(&c);
	unsigned records = take16(&c) + take16(&c) + take16(&c);
	if (c.bad || flags & FLAG_QR << 8)
		return false;
	if ((flags >> 11 & 15) != 0) {
		q->rcode = RCODE_NOTIMP;
		return true;
	}
	if (questions == 1)
		read_question(&c, q);
	for (; records && !c.bad; records--)
		read_record(&c, q);
	if (questions != 1 || c.bad)
		q->rcode = RCODE_FORMERR;
	return true;
}

/* ---- writing ---- */

static void put16(struct buf *b, size_t v)
{
	buf_putc(b, (uint8_t)(v >> 8));
	buf_putc(b, (uint8_t)v);
}

static void put32(struct buf *b, uint32_t v)
{
	put16(b, v >> 16);
	put16(b, v & 0xffff);
}

static void put_string(struct buf *b, const char *s)
{
	buf_putc(b, (uint8_t)strlen(s)); /* flags and service of a record: short */
	buf_puts(b, s);
}

static void put_name(struct buf *b, const char *text)
{
	struct nameserver_name n;

	if (name_of_text(&n, text) == 0) /* it was looked at when it was added */
		buf_put(b, name_slice(&n));
}

/* Neither SRV nor NAPTR may compress what they name: RFC 2782, RFC 3597 section 4. */
static void put_data(struct buf *b, const struct dns_record *r)
{
	switch (r->type) {
	case DNS_A: buf_put(b, slice_of(r->addr.ip, 4)); break;
	case DNS_AAAA: buf_put(b, slice_of(r->addr.ip, 16)); break;
	case DNS_SRV:
		put16(b, r->srv.priority);
		put16(b, r->srv.weight);
		put16(b, r->srv.port);
		put_name(b, r->srv.target);
		break;
	case DNS_NAPTR:
		put16(b, r->naptr.order);
		put16(b, r->naptr.preference);
		put_string(b, r->naptr.flags);
		put_string(b, r->naptr.service);
		put_string(b, ""); /* no regular expression */
		put_name(b, r->naptr.replacement);
		break;
	}
}

/* What stands behind the owner; returns where the length of the data is to come. */
static size_t begin_data(struct buf *b, unsigned type, uint32_t ttl_s)
{
	put16(b, type);
	put16(b, CLASS_IN);
	put32(b, ttl_s);
	put16(b, 0);
	return buf_len(b);
}

static void end_data(struct buf *b, size_t from)
{
	const size_t n = buf_len(b) - from;

	if (buf_err(b))
		return;
	b->p[b->head + from - 2] = (uint8_t)(n >> 8);
	b->p[b->head + from - 1] = (uint8_t)n;
}

static void put_pointer(struct buf *b, size_t to)
{
	put16(b, (size_t)POINTER << 8 | to);
}

/* The owner is the name that was asked for. */
static void put_answer(struct buf *b, const struct dns_record *r)
{
	put_pointer(b, HEADER_BYTES);
	size_t from = begin_data(b, types[r->type], r->ttl_s);
	put_data(b, r);
	end_data(b, from);
}

/* RFC 2308 section 3: how long the no is good for.  The zone's name is the end of the question's.
 */
static void put_soa(struct buf *b, const struct query *q, const struct nameserver_name *zone)
{
	const size_t apex = HEADER_BYTES + (size_t)q->name.n - zone->n;
	static const uint32_t numbers[] = { 1, 3600, 600, 86400, SOA_TTL_S };

	put_pointer(b, apex);
	size_t from = begin_data(b, TYPE_SOA, SOA_TTL_S);
	buf_puts(b, "\002ns");
	put_pointer(b, apex);
	buf_puts(b, "\012hostmaster");
	put_pointer(b, apex);
	for (size_t i = 0; i < COUNT(numbers); i++)
		put32(b, numbers[i]);
	end_data(b, from);
}

static void put_opt(struct buf *b, enum rcode rcode)
{
	buf_putc(b, 0);
	put16(b, TYPE_OPT);
	put16(b, NAMESERVER_ANSWER_MAX);
	put32(b, (uint32_t)rcode >> 4 << 24);
	put16(b, 0);
}

/* ---- answering ---- */

/* An answer that is being made: its sections, and what goes into its header at the end. */
struct answer {
	struct buf body;
	unsigned flags;
	unsigned n_answers, n_authorities;
	enum rcode rcode;
};

static const struct nameserver_name *zone_of(const struct nameserver *s, const struct query *q)
{
	for (unsigned i = 0; i < s->n_zones; i++)
		if (is_within(name_slice(&q->name), &s->zones[i]))
			return &s->zones[i];
	return NULL;
}

/* RFC 8020: a name below which there is something exists. */
static bool exists(const struct nameserver *s, const struct query *q)
{
	for (unsigned i = 0; i < s->n_rows; i++)
		if (is_within(name_slice(&s->rows[i].name), &q->name))
			return true;
	return false;
}

static void look_up(const struct nameserver *s, const struct query *q, struct answer *a)
{
	const struct nameserver_name *zone = zone_of(s, q);

	if (!zone || (q->class != CLASS_IN && q->class != CLASS_ANY)) {
		a->rcode = RCODE_REFUSED;
		return;
	}
	a->flags |= FLAG_AA;
	for (unsigned i = 0; i < s->n_rows; i++) {
		const struct nameserver_row *row = &s->rows[i];

		if (types[row->record.type] != q->type ||
			!slice_eq(name_slice(&row->name), name_slice(&q->name)))
			continue;
		put_answer(&a->body, &row->record);
		a->n_answers++;
	}
	if (a->n_answers)
		return;
	if (!exists(s, q) && !slice_eq(name_slice(&q->name), name_slice(zone)))
		a->rcode = RCODE_NXDOMAIN;
	put_soa(&a->body, q, zone);
	a->n_authorities = 1;
}

/* One record is announced: its name is a pointer to itself, its data is not there. */
static void garble(const struct query *q, struct answer *a)
{
	put_pointer(&a->body, HEADER_BYTES + q->question.n);
	put16(&a->body, q->type);
	a->n_answers = 1;
}

static void dangle(const struct query *q, struct answer *a)
{
	put_pointer(&a->body, HEADER_BYTES);
	const size_t from = begin_data(&a->body, TYPE_CNAME, SOA_TTL_S);
	buf_puts(&a->body, "\004gone");
	buf_put(&a->body, name_slice(&q->name));
	end_data(&a->body, from);
	a->n_answers = 1;
	a->rcode = RCODE_NXDOMAIN;
}

static void decide(const struct nameserver *s, const struct query *q, struct answer *a)
{
	if (q->rcode) {
		a->rcode = q->rcode;
		return;
	}
	switch (s->fault) {
	case NAMESERVER_RIGHT: look_up(s, q, a); break;
	case NAMESERVER_REFUSES: a->rcode = RCODE_REFUSED; break;
	case NAMESERVER_FAILS: a->rcode = RCODE_SERVFAIL; break;
	case NAMESERVER_CUTS: a->flags |= FLAG_TC; break;
	case NAMESERVER_DANGLES: dangle(q, a); break;
	case NAMESERVER_GARBLES: garble(q, a); break;
	case NAMESERVER_SILENT: break;
	}
}

static size_t length(const struct query *q, const struct answer *a)
{
	enum { OPT_BYTES = 11 };

	return HEADER_BYTES + q->question.n + buf_len(&a->body) + (q->edns ? OPT_BYTES : 0);
}

/* RFC 2181 section 9: what does not fit is left out whole. */
static void cut(const struct query *q, struct answer *a)
{
	if (length(q, a) <= q->room)
		return;
	buf_clear(&a->body);
	a->n_answers = a->n_authorities = 0;
	a->flags |= FLAG_TC;
}

static void put_message(
	struct buf *out, struct slice query, const struct query *q, const struct answer *a)
{
	const unsigned asked = query.p[2] & (0x78 | FLAG_RD); /* opcode and RD come back */

	buf_put(out, slice_cut(query, 0, 2));
	buf_putc(out, (uint8_t)(FLAG_QR | asked | a->flags));
	buf_putc(out, (uint8_t)(a->rcode & 15));
	put16(out, q->has_question);
	put16(out, a->n_answers);
	put16(out, a->n_authorities);
	put16(out, q->edns);
	buf_put(out, q->question);
	buf_put(out, buf_slice(&a->body));
	if (q->edns)
		put_opt(out, a->rcode);
}

bool nameserver_answer(const struct nameserver *s, struct slice query, struct buf *out)
{
	struct answer a = { .rcode = RCODE_OK };
	struct query q;

	if (s->fault == NAMESERVER_SILENT || !read_query(query, &q))
		return false;
	buf_init(&a.body, NAMESERVER_ROWS_MAX * NAMESERVER_ANSWER_MAX);
	decide(s, &q, &a);
	cut(&q, &a);
	put_message(out, query, &q, &a);
	bool ok = buf_err(&a.body) == 0 && buf_err(out) == 0;
	buf_done(&a.body);
	return ok;
}

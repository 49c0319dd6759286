#include "bridge/cpim.h"

static int refuse(struct where *where, size_t offset, int err, const char *what)
{
	*where = (struct where){ offset, what };
	return err;
}

/* ---- lines ---- */

/* Without its end; what is behind the last LF is a line, too. */
static bool take_line(struct slice *rest, struct slice *ret)
{
	if (rest->n == 0)
		return false;
	*ret = slice_split(rest, '\n');
	if (ret->n && ret->p[ret->n - 1] == '\r')
		ret->n--;
	return true;
}

/* The lines up to an empty one, which is taken, too.  False when there is none. */
static bool take_block(struct slice *rest, struct slice *ret)
{
	const uint8_t *begin = rest->p;
	struct slice line;

	while (take_line(rest, &line))
		if (line.n == 0) {
			*ret = slice_of(begin, (size_t)(line.p - begin));
			return true;
		}
	return false;
}

/* "Name: value"; false for a line that is none. */
static bool read_line(struct slice line, struct slice *name, struct slice *value)
{
	const size_t colon = slice_chr(line, ':');

	*name = slice_trim(slice_cut(line, 0, colon));
	*value = slice_trim(slice_skip(line, colon + 1));
	return colon < line.n && colon > 0;
}

/* ---- namespaces, section 3.4 ---- */

/* `NS: prefix <uri>`, of this prefix. */
static bool read_ns(struct slice value, struct slice prefix, struct slice *uri)
{
	const size_t open = slice_chr(value, '<');
	struct slice rest = slice_skip(value, open + 1);

	if (open == value.n || !slice_eq(slice_trim(slice_cut(value, 0, open)), prefix))
		return false;
	*uri = slice_split(&rest, '>');
	return true;
}

/* What the prefix stands for behind these lines; "" when it was not declared. */
static struct slice ns_of(struct slice lines, struct slice prefix)
{
	struct slice uri = prefix.n ? SLICE_NONE : SLICE(CPIM_NS);
	struct slice line, name, value;

	while (take_line(&lines, &line))
		if (read_line(line, &name, &value) && slice_eqs(name, "NS"))
			(void)read_ns(value, prefix, &uri);
	return uri;
}

static bool is_header(struct slice before, struct slice full, const char *ns, const char *name)
{
	const size_t dot = slice_chr(full, '.');
	const struct slice prefix = dot < full.n ? slice_cut(full, 0, dot) : SLICE_NONE;
	const struct slice local = dot < full.n ? slice_skip(full, dot + 1) : full;

	return slice_eqs(local, name) && slice_eqs(ns_of(before, prefix), ns);
}

/* ---- decoding ---- */

/* Is this field among the lines?  A line that begins with white space goes on with the one before
 * it, in MIME's. */
static bool find_field(struct slice lines, const char *wanted, struct slice *ret)
{
	struct slice line, name, value, more;

	while (take_line(&lines, &line)) {
		if (!read_line(line, &name, &value) || !slice_ieqs(name, wanted))
			continue;
		while (lines.n && (lines.p[0] == ' ' || lines.p[0] == '\t') &&
			take_line(&lines, &more))
			value.n = (size_t)(more.p + more.n - value.p);
		*ret = value;
		return true;
	}
	return false;
}

static bool has_too_many(struct slice lines)
{
	struct slice line;
	unsigned n = 0;

	while (n <= CPIM_HEADERS_MAX && take_line(&lines, &line))
		n++;
	return n > CPIM_HEADERS_MAX;
}

int cpim_decode(struct slice in, struct cpim *ret, struct where *where)
{
	struct slice rest = in, headers, fields, value;

	if (!take_block(&rest, &headers))
		return refuse(where, in.n, ERR_SYNTAX, "no empty line behind the headers");
	if (find_field(headers, "Content-Type", &value))
		fields = headers;
	else if (!take_block(&rest, &fields))
		return refuse(where, in.n, ERR_SYNTAX, "no empty line in front of the content");
	if (has_too_many(headers) || has_too_many(fields))
		return refuse(where, 0, ERR_LIMIT, "too many headers");
	*ret = (struct cpim){ .headers = headers, .fields = fields, .content = rest };
	return 0;
}

bool cpim_find(
	const struct cpim *c, const char *ns, const char *wanted, size_t *at, struct slice *ret)
{
	struct slice rest = slice_skip(c->headers, *at);
	struct slice line, name, value;

	while (take_line(&rest, &line)) {
		const struct slice before =
			slice_cut(c->headers, 0, (size_t)(line.p - c->headers.p));

		if (!read_line(line, &name, &value) || !is_header(before, name, ns, wanted))
			continue;
		*at = c->headers.n - rest.n;
		*ret = value;
		return true;
	}
	return false;
}

struct slice cpim_value(const struct cpim *c, const char *ns, const char *name)
{
	struct slice value;
	size_t at = 0;

	return cpim_find(c, ns, name, &at, &value) ? value : SLICE_NONE;
}

struct slice cpim_field(const struct cpim *c, const char *name)
{
	struct slice value;

	return find_field(c->fields, name, &value) ? value : SLICE_NONE;
}

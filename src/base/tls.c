#include "base/tls.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static size_t start_of(const struct tls_names *all, unsigned at)
{
	return at ? all->ends[at - 1] : 0;
}

void tls_add_name(
	struct tls_facts *f, struct tls_cert *c, enum tls_name_kind kind, struct slice text)
{
	struct tls_names *all = &f->names;
	const size_t start = start_of(all, all->n);

	if (c->n_names == 0)
		c->first_name = all->n;
	assert(c->first_name + c->n_names == all->n);
	if (all->n == TLS_NAMES_MAX || text.n > TLS_NAMES_BYTES - start) {
		c->n_left_out++;
		return;
	}
	if (text.n)
		memcpy(all->text + start, text.p, text.n);
	all->kinds[all->n] = (uint8_t)kind;
	all->ends[all->n] = (uint16_t)(start + text.n);
	all->n++;
	c->n_names++;
}

struct tls_name tls_get_name(const struct tls_facts *f, const struct tls_cert *c, unsigned i)
{
	const struct tls_names *all = &f->names;
	const unsigned at = c->first_name + i;

	assert(i < c->n_names);
	const size_t start = start_of(all, at);
	return (struct tls_name){ (enum tls_name_kind)all->kinds[at],
		slice_of(all->text + start, all->ends[at] - start) };
}

/* ---- for people ---- */

enum { DOTS = sizeof(", ...") };

static void add_dots(char *ret)
{
	const size_t n = strlen(ret), last = TLS_NAMES_TEXT_MAX - DOTS;

	snprintf(ret + (n < last ? n : last), DOTS, "%s...", n ? ", " : "");
}

static void add_text(char *ret, struct slice text)
{
	const size_t n = strlen(ret), comma = n ? 2 : 0;

	if (n + comma + text.n >= TLS_NAMES_TEXT_MAX - sizeof("...")) {
		add_dots(ret);
		return;
	}
	snprintf(ret + n, TLS_NAMES_TEXT_MAX - n, "%s", n ? ", " : "");
	for (size_t i = 0; i < text.n; i++)
		ret[n + comma + i] = (char)(text.p[i] > ' ' && text.p[i] < 127 ? text.p[i] : '?');
	ret[n + comma + text.n] = '\0';
}

const char *tls_names_text(
	const struct tls_facts *f, const struct tls_cert *c, char ret[TLS_NAMES_TEXT_MAX])
{
	ret[0] = '\0';
	for (unsigned i = 0; i < c->n_names; i++) {
		const struct tls_name name = tls_get_name(f, c, i);

		if (name.kind == TLS_NAME_DNS || name.kind == TLS_NAME_IP)
			add_text(ret, name.text);
	}
	if (c->n_left_out)
		add_dots(ret);
	return ret;
}

#include "net/search.h"

#include <stdio.h>

#include "base/err.h"
#include "net/dns_read.h"

int search_read(struct search *s, ares_channel channel)
{
	struct ares_options o;
	int mask;

	if (ares_save_options(channel, &o, &mask))
		return -ENOMEM;
	s->ndots = (unsigned)o.ndots;
	for (int i = 0; i < o.ndomains && s->n < SEARCH_MAX; i++) {
		dns_copy_name(s->domains[s->n], o.domains[i]);
		s->n += s->domains[s->n][0] != '\0';
	}
	ares_destroy_options(&o);
	return 0;
}

static unsigned count_dots(const char *name)
{
	unsigned dots = 0;

	for (; *name; name++)
		dots += *name == '.';
	return dots;
}

void search_put(const struct search *s, const char *name, unsigned i, char ret[DNS_NAME_MAX])
{
	const bool first = count_dots(name) >= s->ndots;
	const bool as_it_is = i == (first ? 0 : s->n);
	const char *domain = as_it_is ? "" : s->domains[i - first];
	const int n = snprintf(ret, DNS_NAME_MAX, "%s%s%s", name, as_it_is ? "" : ".", domain);

	if (n < 0 || n >= DNS_NAME_MAX)
		ret[0] = '\0';
}

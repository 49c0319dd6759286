/* sink - an XEP-0114 server that costs as little as it can: scans for the pings and answers each;
 * everything else is swallowed.  `sink PORT SECRET`. */
#include <stdlib.h>
#include <string.h>

#include "xserver.h"

/* The value of an attribute in this tag. */
static size_t value(const char *tag, const char *name, const char **ret)
{
	const char *at = strstr(tag, name);

	if (!at)
		exit(1);
	*ret = at + strlen(name) + 1;
	return (size_t)(strchr(*ret, (*ret)[-1]) - *ret);
}

/* Answers each whole ping; what may be the start of one is kept. */
static void answer_pings(void)
{
	char *at = xserver_in, *last = xserver_in, *iq;

	while ((iq = strstr(at, "<iq")) && (at = strstr(iq, "</iq>"))) {
		const char *from, *to, *id;
		size_t n_from = value(iq, "from=", &from), n_to = value(iq, "to=", &to);
		size_t n_id = value(iq, "id=", &id);

		at += 5;
		last = at;
		xserver_put("<iq type='result' from='", 24);
		xserver_put(to, n_to);
		xserver_put("' to='", 6);
		xserver_put(from, n_from);
		xserver_put("' id='", 6);
		xserver_put(id, n_id);
		xserver_put("'/>", 3);
	}
	if (iq)
		last = iq;
	else if (xserver_n_in > 4 && last < xserver_in + xserver_n_in - 4)
		last = xserver_in + xserver_n_in - 4;
	xserver_keep(last);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	int fd = xserver_accept((unsigned)strtoul(argv[1], NULL, 10), argv[2]);
	for (;;) {
		xserver_fill(fd);
		answer_pings();
		xserver_flush(fd);
	}
}

#include "probe/relay.h"

#include "base/mem.h"
#include "base/str.h"

static const char cannot_send[] =
	N_("The pool could not send the message to {1} to its next hop: nothing listens there, or "
	   "there is no way to it ({2} {3}{4}{5}).");
static const char finds_no_address[] =
	N_("The pool finds no address for its next hop to {1}: it has no route for this domain, or "
	   "the route's host does not resolve ({2} {3}{4}{5}).");
static const char no_socket[] =
	N_("The pool's route to {1} wants a transport or a family of addresses that the pool does "
	   "not speak ({2} {3}{4}{5}).");
static const char none_left[] = N_("The pool knows no next hop to {1} that is alive, or has none "
				   "({2} {3}{4}{5}).");

/* The first that fits. */
static const struct relay_row rows[] = {
	/* Kamailio 5.6 core/error.c, said by tm and sl as "... (477/TM)": E_SEND, E_BAD_ADDRESS,
	 * E_BAD_URI, and E_NO_SOCKET behind "I'm terribly sorry, server error occurred". */
	{ 477, "Kamailio", NULL, REASON_SIP_GATEWAY_DOWN, cannot_send },
	{ 478, "Kamailio", NULL, REASON_SIP_NO_ROUTE, finds_no_address },
	{ 479, "Kamailio", NULL, REASON_SIP_NO_ROUTE, finds_no_address },
	{ 500, "Kamailio", "(7/", REASON_SIP_NO_ROUTE, no_socket },
	/* OpenSIPS 3 error.c: E_IP_BLOCKED after a failure, E_BAD_URI, E_BAD_ADDRESS,
	 * E_NO_DESTINATION. */
	{ 473, "OpenSIPS", NULL, REASON_SIP_GATEWAY_DOWN, none_left },
	{ 475, "OpenSIPS", NULL, REASON_SIP_NO_ROUTE, finds_no_address },
	{ 476, "OpenSIPS", NULL, REASON_SIP_NO_ROUTE, finds_no_address },
	{ 500, "OpenSIPS", "no destination", REASON_SIP_GATEWAY_DOWN, none_left },
	/* Both: the dispatcher's own example of a configuration. */
	{ 404, "Kamailio, OpenSIPS", "no destination", REASON_SIP_GATEWAY_DOWN, none_left },
	/* Kamailio tm/t_reply.c, by RFC 3261 section 16.7 item 6: 503 from behind, without any of
	 * its headers. */
	{ 500, "Kamailio", "service unavailable", REASON_SIP_GATEWAY_DOWN,
		N_("A server behind the pool said 503 to the message to {1}: the gateway is not "
		   "connected to its XMPP server, or another one on the way is down ({2} "
		   "{3}{4}{5}).") },
	/* ejabberd's esip: the words of Erlang's inet:format_error(). */
	{ 503, "ejabberd", "non-existing domain", REASON_SIP_NO_ROUTE, finds_no_address },
	{ 503, "ejabberd", "unsupported transport", REASON_SIP_NO_ROUTE, no_socket },
	{ 503, "ejabberd", "refused", REASON_SIP_GATEWAY_DOWN, cannot_send },
	{ 503, "ejabberd", "unreachable", REASON_SIP_GATEWAY_DOWN, cannot_send },
	{ 503, "ejabberd", "no route to host", REASON_SIP_GATEWAY_DOWN, cannot_send },
	{ 503, "ejabberd", "timed out", REASON_SIP_GATEWAY_DOWN, cannot_send },
};

const struct relay_row *relay_at(size_t i)
{
	return i < COUNT(rows) ? &rows[i] : NULL;
}

static bool has(struct slice text, const char *words)
{
	const struct slice w = slice_str(words);

	for (size_t i = 0; i + w.n <= text.n; i++)
		if (slice_ieq(slice_cut(text, i, i + w.n), w))
			return true;
	return false;
}

const struct relay_row *relay_find(int status, struct slice phrase)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].status == status && (!rows[i].phrase || has(phrase, rows[i].phrase)))
			return &rows[i];
	return NULL;
}

/* "Too many registered contacts" (Kamailio, OpenSIPS), "Maximum contacts exceeded", "Contact limit
 * reached" ... */
bool relay_is_contact_limit(struct slice words)
{
	static const char *const of[] = { "contact", "registration", "binding" };
	static const char *const over[] = { "too many", "max", "limit", "exceed" };

	for (size_t i = 0; i < COUNT(of); i++)
		for (size_t k = 0; k < COUNT(over) && has(words, of[i]); k++)
			if (has(words, over[k]))
				return true;
	return false;
}

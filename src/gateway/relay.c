#include "gateway/relay.h"

#define NS_RELAY "urn:stox:relay:1"

/* Of ids: the word of this process. */
#define PROCESS 'g'

enum { USER = 20 }; /* letters of an address that is made up: nobody's */

static bool is_own(struct slice address, const char *own)
{
	struct jid jid;
	struct where where;

	return jid_decode(address, &jid, &where) == 0 && slice_eqs(jid_domain(&jid), own);
}

bool relay_read(
	const struct lent *lent, const char *own, const struct stanza *s, struct relayed *ret)
{
	const struct xml_node *n =
		s->kind == STANZA_MESSAGE ? xml_child(s->node, NS_RELAY, "relay") : NULL;
	uint64_t hops, number;

	if (!n || !n->child || !is_own(s->from, own) ||
		!slice_u64(xml_attr(n, "hops"), RELAY_HOPS_MAX, &hops))
		return false;
	stanza_read(&ret->stanza, n->child);
	ret->hops = (unsigned)hops;
	ret->is_by_us = ids_read(lent->ids, PROCESS, xml_attr(n, "by"), &number) == IDS_OURS;
	return ret->stanza.kind == STANZA_MESSAGE || ret->stanza.kind == STANZA_IQ;
}

static void put_inner(struct buf *b, const struct stanza *s)
{
	const char *name = s->kind == STANZA_IQ ? "iq" : "message";
	const struct xml_node *error = xml_child(s->node, NULL, "error");

	buf_printf(b, "<%s xmlns='" NS_COMPONENT "'", name);
	xml_put_attr(b, "from", s->from);
	xml_put_attr(b, "to", s->to);
	xml_put_attr(b, "id", s->id);
	xml_put_attr(b, "type", s->type);
	buf_putc(b, '>');
	if (error)
		xml_put_node(b, error, NS_COMPONENT);
	stanza_put_end(b, name);
}

void relay_put(const struct lent *lent, const char *own, const struct stanza *s, unsigned hops,
	struct buf *b)
{
	char user[USER + 1], by[IDS_TEXT + 1];

	rng_token(lent->rng, user, USER);
	ids_text(lent->ids, PROCESS, 0, by);
	buf_printf(b,
		"<message from='%s@%s' to='%s@%s'>"
		"<relay xmlns='" NS_RELAY "' hops='%u' by='%s'>",
		user, own, user, own, hops, by);
	put_inner(b, s);
	stanza_put_end(b, "relay");
	stanza_put_end(b, "message");
}

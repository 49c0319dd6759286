#include "bridge/passes.h"

#include "base/mem.h"

#define NS_SHIM "http://jabber.org/protocol/shim"

void passes_put(struct buf *b, const struct sip_msg *req)
{
	if (req->max_forwards == SIP_UNSET || req->max_forwards == 0)
		return;
	const unsigned left = (unsigned)req->max_forwards;

	buf_puts(b, "<headers xmlns='" NS_SHIM "'><header name='Max-Forwards'>");
	buf_putu(b, (left > PASSES_MAX ? PASSES_MAX : left) - 1);
	buf_puts(b, "</header></headers>");
}

static const struct xml_node *find(const struct stanza *s)
{
	const struct xml_node *headers = xml_child(s->node, NS_SHIM, "headers");

	for (const struct xml_node *n = headers ? headers->child : NULL; n; n = n->next)
		if (slice_eqs(n->name, "header") && slice_ieqs(xml_attr(n, "name"), "Max-Forwards"))
			return n;
	return NULL;
}

bool passes_of_stanza(const struct stanza *s, unsigned *ret)
{
	const struct xml_node *n = find(s);
	uint64_t left;

	*ret = PASSES_MAX;
	if (!n || !slice_u64(slice_trim(n->text), UINT32_MAX, &left) || left > PASSES_MAX)
		return true; /* what is no such number is none of ours */
	*ret = left ? (unsigned)left - 1 : 0;
	return left > 0;
}

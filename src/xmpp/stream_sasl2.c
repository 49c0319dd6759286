/* What is different for a client in XEP-0388 and XEP-0386. */
#include <stdio.h>

#include "base/str.h"
#include "xmpp/stream_private.h"

/* PLAIN has no place in it (XEP-0388 section 5), and of EXTERNAL nothing would be gained. */
bool xstream_sasl2_may_use(enum sasl_mechanism m)
{
	return m != SASL_PLAIN && m != SASL_EXTERNAL;
}

/* Whoever can put an offer in front of a better one must gain nothing by it: what the older list
 * has, above all -PLUS, must be in the newer one too.  The flag that tells the server of a missing
 * -PLUS (RFC 5802 section 6) is then made from the same knowledge with either. */
bool xstream_sasl2_is_as_good(const bool sasl[SASL_MECHANISMS], const bool sasl2[SASL_MECHANISMS])
{
	bool any = false;

	for (unsigned m = 0; m < SASL_MECHANISMS; m++) {
		any |= sasl2[m];
		if (sasl[m] && !sasl2[m] && m != SASL_PLAIN)
			return false;
	}
	return any;
}

bool xstream_sasl2_binds(const struct xml_node *list)
{
	const struct xml_node *in = xml_child(list, NS_SASL2, "inline");

	return in && xml_child(in, NS_BIND2, "bind");
}

/* No `id` of the user agent: a server ends the earlier session of the same one (XEP-0386 section
 * 3.2), and two tests at a time would end each other's. */
void xstream_sasl2_put_authenticate(struct xstream *x, struct buf *b, const char *mechanism)
{
	buf_printf(b, "<authenticate xmlns='" NS_SASL2 "' mechanism='%s'><initial-response>",
		mechanism);
	base64_put(b, buf_slice(&x->message));
	buf_puts(b, "</initial-response><user-agent><software>stox</software></user-agent>");
	if (x->bind2) {
		buf_puts(b, "<bind xmlns='" NS_BIND2 "'>");
		if (x->cfg.resource.n)
			xml_put_element(b, "tag", x->cfg.resource);
		buf_puts(b, "</bind>");
	}
	buf_puts(b, "</authenticate>");
}

/* The stream goes on without a restart, with new features right behind. */
void xstream_sasl2_success(struct xstream *x, const struct xml_node *node)
{
	const struct xml_node *id = xml_child(node, NS_SASL2, "authorization-identifier");

	if (!x->bind2) {
		xstream_enter(x, XSTREAM_AWAIT_FEATURES);
		xstream_bind(x);
	} else if (!xml_child(node, NS_BIND2, "bound")) {
		xstream_give_up(
			x, XSTREAM_FAIL_BIND, NULL, "the server let us in and bound no resource");
	} else if (!id || !xstream_take_jid(x, id->text)) {
		xstream_give_up(x, XSTREAM_FAIL_BIND, NULL, "the success has no full JID");
	} else {
		xstream_has_resource(x);
	}
}

/* A second factor, a new password: nothing that a test could do. */
void xstream_sasl2_continue(struct xstream *x, const struct xml_node *node)
{
	static const char words[] = "the server wants more than the password:";
	const struct xml_node *tasks = xml_child(node, NS_SASL2, "tasks");
	char text[256];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s", words);

	for (const struct xml_node *c = tasks ? tasks->child : NULL; c; c = c->next) {
		struct slice name = slice_trim(c->text);

		if (!xml_is(c, NS_SASL2, "task") || n + name.n + 2 > sizeof(text))
			continue;
		n += (size_t)snprintf(text + n, sizeof(text) - n, " %.*s", SLICE_FMT(name));
	}
	xstream_sasl_abort(x, XSTREAM_FAIL_SASL, text);
}

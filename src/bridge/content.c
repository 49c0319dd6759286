#include "bridge/content.h"

#include <assert.h>

#include "base/mem.h"

#define NS_OOB       "jabber:x:oob"
#define NS_FILES     "urn:xmpp:sfs:0"
#define NS_SIMS      "urn:xmpp:sims:1"
#define NS_REFERENCE "urn:xmpp:reference:0"
#define NS_URL_DATA  "http://jabber.org/protocol/url-data"
#define NS_JINGLE    "urn:xmpp:jingle-message:0"
#define NS_MUC_USER  "http://jabber.org/protocol/muc#user"

static const struct {
	const char *ns, *name; /* NULL: any */
	const char *child;     /* that it must have, or NULL */
	enum content content;
} rows[] = {
	{ "eu.siacs.conversations.axolotl", "encrypted", "payload", CONTENT_ENCRYPTED },
	{ "eu.siacs.conversations.axolotl", NULL, NULL, CONTENT_SILENT }, /* keys alone */
	{ "urn:xmpp:omemo:1", "encrypted", "payload", CONTENT_ENCRYPTED },
	{ "urn:xmpp:omemo:1", NULL, NULL, CONTENT_SILENT },
	{ "urn:xmpp:omemo:2", "encrypted", "payload", CONTENT_ENCRYPTED },
	{ "urn:xmpp:omemo:2", NULL, NULL, CONTENT_SILENT },
	{ "urn:xmpp:openpgp:0", NULL, NULL, CONTENT_ENCRYPTED },
	{ "jabber:x:encrypted", NULL, NULL, CONTENT_ENCRYPTED },
	{ NS_OOB, NULL, NULL, CONTENT_FILE },
	{ NS_FILES, NULL, NULL, CONTENT_FILE },
	{ NS_SIMS, NULL, NULL, CONTENT_FILE },
	{ NS_REFERENCE, NULL, "media-sharing", CONTENT_FILE },
	{ "jabber:x:conference", NULL, NULL, CONTENT_INVITATION },
	{ NS_MUC_USER, NULL, "invite", CONTENT_INVITATION },
	{ NS_JINGLE, "propose", NULL, CONTENT_CALL },
	{ NS_JINGLE, NULL, NULL, CONTENT_SILENT }, /* what follows a call that was refused */
	{ "urn:xmpp:call-invites:0", "invite", NULL, CONTENT_CALL },
	{ "urn:xmpp:call-invites:0", NULL, NULL, CONTENT_SILENT },
	{ "urn:xmpp:reactions:0", NULL, NULL, CONTENT_REACTION },
	{ "http://jabber.org/protocol/chatstates", NULL, NULL, CONTENT_SILENT },
	{ "urn:xmpp:receipts", NULL, NULL, CONTENT_SILENT },
	{ "urn:xmpp:chat-markers:0", NULL, NULL, CONTENT_SILENT },
	{ "urn:xmpp:carbons:2", NULL, NULL, CONTENT_SILENT },
	{ "urn:xmpp:mam:2", NULL, NULL, CONTENT_SILENT },
	{ "urn:xmpp:rtt:0", NULL, NULL, CONTENT_SILENT },
	{ "jabber:x:event", NULL, NULL, CONTENT_SILENT },
	{ "http://jabber.org/protocol/pubsub#event", NULL, NULL, CONTENT_SILENT },
	/* What goes with a message, and is none. */
	{ "urn:xmpp:hints", NULL, NULL, CONTENT_NOTHING },
	{ "urn:xmpp:sid:0", NULL, NULL, CONTENT_NOTHING },
	{ "urn:xmpp:eme:0", NULL, NULL, CONTENT_NOTHING },
	{ NS_DELAY, NULL, NULL, CONTENT_NOTHING },
	{ "jabber:x:delay", NULL, NULL, CONTENT_NOTHING },
	{ "http://jabber.org/protocol/nick", NULL, NULL, CONTENT_NOTHING },
	{ "http://jabber.org/protocol/address", NULL, NULL, CONTENT_NOTHING },
};

static const struct {
	const char *text;
	bool once; /* it comes in floods, or nobody knows what it is */
} refusals[] = {
	[CONTENT_OTHER] = { "A message without text is not carried to SIP", true },
	[CONTENT_REACTION] = { "Reactions are not carried to SIP", true },
	[CONTENT_CALL] = { "Calls are not carried to SIP", false },
	[CONTENT_INVITATION] = { "Invitations to rooms are not carried to SIP", false },
	[CONTENT_FILE] = { "A file without an address on the web is not carried to SIP", false },
	[CONTENT_ENCRYPTED] = { "An encrypted message is not carried to SIP: send it unencrypted",
		false },
	[CONTENT_TEXT] = { NULL, false },
};
static_assert(COUNT(refusals) == CONTENT_COUNT, "one row a content");

const char *content_refusal(enum content c, bool *once)
{
	assert(refusals[c].text);
	*once = refusals[c].once;
	return refusals[c].text;
}

bool content_is_silent(enum content c)
{
	return c == CONTENT_NOTHING || c == CONTENT_SILENT;
}

/* ---- addresses ---- */

/* The rest of a URL is its reader's to judge; in a text of several lines it must be one word. */
static bool is_url(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	return slice_chr(s, ':') > 0 && slice_chr(s, ':') < s.n;
}

/* XEP-0447: <sources/> or what holds it.  XEP-0385 has references in it. */
static struct slice source_url(const struct xml_node *n)
{
	const struct xml_node *sources =
		slice_eqs(n->name, "sources") ? n : xml_child(n, NULL, "sources");

	for (const struct xml_node *k = sources ? sources->child : NULL; k; k = k->next) {
		if (xml_is(k, NS_URL_DATA, "url-data"))
			return xml_attr(k, "target");
		if (xml_is(k, NS_REFERENCE, "reference") &&
			slice_starts(xml_attr(k, "uri"), SLICE("http")))
			return xml_attr(k, "uri");
	}
	return SLICE_NONE;
}

static struct slice url_of(const struct xml_node *n)
{
	const struct xml_node *url;

	if (slice_eqs(n->ns, NS_OOB)) {
		url = xml_child(n, NS_OOB, "url");
		return url ? url->text : SLICE_NONE;
	}
	if (slice_eqs(n->ns, NS_REFERENCE)) {
		url = xml_child(n, NS_SIMS, "media-sharing");
		return url ? source_url(url) : SLICE_NONE;
	}
	return slice_eqs(n->ns, NS_FILES) || slice_eqs(n->ns, NS_SIMS) ? source_url(n) : SLICE_NONE;
}

bool content_next_url(const struct stanza *s, const struct xml_node **at, struct slice *ret)
{
	const struct xml_node *n = *at ? (*at)->next : s->node->child;

	for (; n; n = n->next) {
		*ret = slice_trim(url_of(n));
		*at = n;
		if (is_url(*ret))
			return true;
	}
	return false;
}

/* ---- what it is ---- */

static enum content of_child(const struct xml_node *stanza, const struct xml_node *n)
{
	if (slice_eq(n->ns, stanza->ns)) {
		if (n->text.n == 0 || slice_eqs(n->name, "thread"))
			return CONTENT_NOTHING;
		return slice_eqs(n->name, "body") ? CONTENT_TEXT : CONTENT_OTHER;
	}
	for (size_t i = 0; i < COUNT(rows); i++)
		if (slice_eqs(n->ns, rows[i].ns) &&
			(!rows[i].name || slice_eqs(n->name, rows[i].name)) &&
			(!rows[i].child || xml_child(n, NULL, rows[i].child)))
			return rows[i].content;
	return CONTENT_OTHER;
}

enum content content_of(const struct stanza *s)
{
	const struct xml_node *at = NULL;
	enum content ret = CONTENT_NOTHING;
	struct slice url;

	for (const struct xml_node *n = s->node->child; n && ret != CONTENT_TEXT; n = n->next) {
		const enum content c = of_child(s->node, n);

		ret = c > ret ? c : ret;
	}
	return ret != CONTENT_TEXT && content_next_url(s, &at, &url) ? CONTENT_TEXT : ret;
}

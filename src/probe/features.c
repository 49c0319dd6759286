#include "probe/features.h"

#include <string.h>

#include "base/str.h"

#define NS_DIALBACK_FEATURES "urn:xmpp:features:dialback"
#define NS_SASL_CB           "urn:xmpp:sasl-cb:0"
#define NS_SASL2             "urn:xmpp:sasl:2"
#define NS_BIND2             "urn:xmpp:bind:0"
#define NS_SM                "urn:xmpp:sm:3"

const struct xml_limits features_limits = {
	.stanza_bytes = 32 << 10,
	.depth = 32,
	.attrs = 32,
	.nodes = 4096,
	.name_bytes = 16 << 10,
};

/* RFC 4422 section 3.1, the registry of bindings, and versions: letters, digits, '-', '_', '.'. */
static void copy_name(char *to, size_t size, struct slice name)
{
	const size_t n = name.n < size ? name.n : size - 1;

	for (size_t i = 0; i < n; i++) {
		const uint8_t c = name.p[i];

		to[i] = '?';
		if (ascii_is_alpha(c) || ascii_is_digit(c) || c == '-' || c == '_' || c == '.')
			to[i] = (char)c;
	}
	to[n] = '\0';
}

static void add_name(struct feature_names *names, struct slice name)
{
	name = slice_trim(name);
	if (name.n == 0)
		return;
	if (names->n == FEATURES_NAMES_MAX)
		names->left_out++;
	else
		copy_name(names->v[names->n++], sizeof(names->v[0]), name);
}

static void read_mechanisms(struct feature_names *to, const struct xml_node *list, const char *ns)
{
	for (const struct xml_node *n = list ? list->child : NULL; n; n = n->next)
		if (xml_is(n, ns, "mechanism"))
			add_name(to, n->text);
}

static void read_bindings(struct feature_list *l, const struct xml_node *list)
{
	for (const struct xml_node *n = list ? list->child : NULL; n; n = n->next)
		if (xml_is(n, NS_SASL_CB, "channel-binding"))
			add_name(&l->bindings, xml_attr(n, "type"));
}

static void read_sasl2(struct feature_list *l, const struct xml_node *authentication)
{
	const struct xml_node *inlines;

	if (!authentication)
		return;
	read_mechanisms(&l->sasl2, authentication, NS_SASL2);
	inlines = xml_child(authentication, NS_SASL2, "inline");
	if (!inlines)
		return;
	l->bind2 = xml_child(inlines, NS_BIND2, "bind") != NULL;
	l->stream_management |= xml_child(inlines, NS_SM, "sm") != NULL;
}

static void read_all(struct feature_list *l, const struct xml_node *n)
{
	const struct xml_node *tls = xml_child(n, NS_TLS, "starttls");
	const struct xml_node *dialback = xml_child(n, NS_DIALBACK_FEATURES, "dialback");

	l->starttls |= tls != NULL;
	l->starttls_required |= tls && xml_child(tls, NS_TLS, "required");
	l->dialback = dialback != NULL;
	l->dialback_errors = dialback && xml_child(dialback, NS_DIALBACK_FEATURES, "errors");
	l->stream_management = xml_child(n, NS_SM, "sm") != NULL;
	read_mechanisms(&l->mechanisms, xml_child(n, NS_SASL, "mechanisms"), NS_SASL);
	read_bindings(l, xml_child(n, NS_SASL_CB, "sasl-channel-binding"));
	read_sasl2(l, xml_child(n, NS_SASL2, "authentication"));
}

void features_read(struct feature_list *l, const struct xstream_event *ev, bool secure)
{
	const struct feature_list before = *l;

	if (ev->type == XSTREAM_EV_OPENED)
		copy_name(l->version, sizeof(l->version), xml_attr(ev->node, "version"));
	if (ev->type != XSTREAM_EV_FEATURES)
		return;
	*l = (struct feature_list){ .starttls = before.starttls,
		.starttls_required = before.starttls_required };
	memcpy(l->version, before.version, sizeof(l->version));
	read_all(l, ev->node);
	l->complete = secure || !l->starttls;
}

#include "xmpp/stanza.h"

#include "base/mem.h"

/* RFC 6120 section 8.3.3: the condition, and the type that it says SHOULD go with it. */
static const struct {
	const char *name;
	enum stanza_error_type type;
} conditions[] = {
	[COND_BAD_REQUEST] = { "bad-request", ERROR_TYPE_MODIFY },
	[COND_CONFLICT] = { "conflict", ERROR_TYPE_CANCEL },
	[COND_FEATURE_NOT_IMPLEMENTED] = { "feature-not-implemented", ERROR_TYPE_CANCEL },
	[COND_FORBIDDEN] = { "forbidden", ERROR_TYPE_AUTH },
	[COND_GONE] = { "gone", ERROR_TYPE_CANCEL },
	[COND_INTERNAL_SERVER_ERROR] = { "internal-server-error", ERROR_TYPE_CANCEL },
	[COND_ITEM_NOT_FOUND] = { "item-not-found", ERROR_TYPE_CANCEL },
	[COND_JID_MALFORMED] = { "jid-malformed", ERROR_TYPE_MODIFY },
	[COND_NOT_ACCEPTABLE] = { "not-acceptable", ERROR_TYPE_MODIFY },
	[COND_NOT_ALLOWED] = { "not-allowed", ERROR_TYPE_CANCEL },
	[COND_NOT_AUTHORIZED] = { "not-authorized", ERROR_TYPE_AUTH },
	[COND_POLICY_VIOLATION] = { "policy-violation", ERROR_TYPE_MODIFY },
	[COND_RECIPIENT_UNAVAILABLE] = { "recipient-unavailable", ERROR_TYPE_WAIT },
	[COND_REDIRECT] = { "redirect", ERROR_TYPE_MODIFY },
	[COND_REGISTRATION_REQUIRED] = { "registration-required", ERROR_TYPE_AUTH },
	[COND_REMOTE_SERVER_NOT_FOUND] = { "remote-server-not-found", ERROR_TYPE_CANCEL },
	[COND_REMOTE_SERVER_TIMEOUT] = { "remote-server-timeout", ERROR_TYPE_WAIT },
	[COND_RESOURCE_CONSTRAINT] = { "resource-constraint", ERROR_TYPE_WAIT },
	[COND_SERVICE_UNAVAILABLE] = { "service-unavailable", ERROR_TYPE_CANCEL },
	[COND_SUBSCRIPTION_REQUIRED] = { "subscription-required", ERROR_TYPE_AUTH },
	[COND_UNDEFINED_CONDITION] = { "undefined-condition", ERROR_TYPE_CANCEL },
	[COND_UNEXPECTED_REQUEST] = { "unexpected-request", ERROR_TYPE_WAIT },
};
_Static_assert(COUNT(conditions) == COND_COUNT, "a name for every condition");

static const char *const error_types[] = {
	[ERROR_TYPE_AUTH] = "auth",
	[ERROR_TYPE_CANCEL] = "cancel",
	[ERROR_TYPE_CONTINUE] = "continue",
	[ERROR_TYPE_MODIFY] = "modify",
	[ERROR_TYPE_WAIT] = "wait",
};

static const struct {
	const char *name;
	enum stanza_kind kind;
} kinds[] = {
	{ "message", STANZA_MESSAGE },
	{ "presence", STANZA_PRESENCE },
	{ "iq", STANZA_IQ },
};

const char *stanza_condition_name(enum stanza_condition c)
{
	return conditions[c].name;
}

bool stanza_condition_find(struct slice name, enum stanza_condition *ret)
{
	for (unsigned i = 0; i < COUNT(conditions); i++) {
		if (slice_eqs(name, conditions[i].name)) {
			*ret = (enum stanza_condition)i;
			return true;
		}
	}
	return false;
}

const char *stanza_error_type_name(enum stanza_error_type t)
{
	return error_types[t];
}

static bool error_type_find(struct slice name, enum stanza_error_type *ret)
{
	for (unsigned i = 0; i < COUNT(error_types); i++) {
		if (slice_eqs(name, error_types[i])) {
			*ret = (enum stanza_error_type)i;
			return true;
		}
	}
	return false;
}

/* ---- reading ---- */

static enum stanza_kind kind_of(const struct xml_node *node)
{
	if (!slice_eqs(node->ns, NS_CLIENT) && !slice_eqs(node->ns, NS_COMPONENT))
		return STANZA_OTHER;
	for (unsigned i = 0; i < COUNT(kinds); i++)
		if (slice_eqs(node->name, kinds[i].name))
			return kinds[i].kind;
	return STANZA_OTHER;
}

void stanza_read(struct stanza *ret, const struct xml_node *node)
{
	*ret = (struct stanza){
		.kind = kind_of(node),
		.node = node,
		.from = xml_attr(node, "from"),
		.to = xml_attr(node, "to"),
		.id = xml_attr(node, "id"),
		.type = xml_attr(node, "type"),
	};
}

bool stanza_error_read(struct stanza_error *ret, const struct xml_node *node)
{
	const struct xml_node *error = xml_child(node, NULL, "error");

	if (!slice_eqs(xml_attr(node, "type"), "error"))
		return false;
	*ret = (struct stanza_error){ .condition = COND_UNDEFINED_CONDITION };
	ret->type = conditions[COND_UNDEFINED_CONDITION].type;
	if (!error)
		return true; /* an error all the same, however little it says */

	for (const struct xml_node *c = error->child; c; c = c->next) {
		if (!slice_eqs(c->ns, NS_STANZAS))
			continue;
		if (slice_eqs(c->name, "text"))
			ret->text = c->text;
		else if (stanza_condition_find(c->name, &ret->condition))
			ret->address = c->text;
	}
	if (ret->condition != COND_GONE && ret->condition != COND_REDIRECT)
		ret->address = SLICE("");
	if (!error_type_find(xml_attr(error, "type"), &ret->type))
		ret->type = conditions[ret->condition].type;
	ret->by = xml_attr(error, "by");
	return true;
}

/* ---- writing ---- */

static void put_attr_if(struct buf *b, const char *name, struct slice value)
{
	if (value.n > 0)
		xml_put_attr(b, name, value);
}

void stanza_put_start(struct buf *b, const char *name, struct slice from, struct slice to,
	struct slice id, struct slice type)
{
	buf_putc(b, '<');
	buf_puts(b, name);
	put_attr_if(b, "from", from);
	put_attr_if(b, "to", to);
	put_attr_if(b, "id", id);
	put_attr_if(b, "type", type);
	buf_putc(b, '>');
}

void stanza_put_end(struct buf *b, const char *name)
{
	buf_puts(b, "</");
	buf_puts(b, name);
	buf_putc(b, '>');
}

void stanza_put_error(struct buf *b, const struct stanza_error *e)
{
	const char *name = stanza_condition_name(e->condition);

	buf_puts(b, "<error");
	put_attr_if(b, "by", e->by);
	xml_put_attr(b, "type", slice_str(stanza_error_type_name(e->type)));
	buf_printf(b, "><%s xmlns='" NS_STANZAS "'", name);
	if (e->address.n > 0) {
		buf_putc(b, '>');
		xml_put_text(b, e->address);
		stanza_put_end(b, name);
	} else {
		buf_puts(b, "/>");
	}
	if (e->text.n > 0) {
		buf_puts(b, "<text xmlns='" NS_STANZAS "'>");
		xml_put_text(b, e->text);
		stanza_put_end(b, "text");
	}
	stanza_put_end(b, "error");
}

bool stanza_put_error_reply(struct buf *b, const struct stanza *s, const struct stanza_error *e)
{
	if (s->kind == STANZA_OTHER || slice_eqs(s->type, "error"))
		return false;
	if (s->kind == STANZA_IQ && slice_eqs(s->type, "result"))
		return false;
	const char *name = kinds[s->kind].name;

	stanza_put_start(b, name, s->to, s->from, s->id, SLICE("error"));
	stanza_put_error(b, e);
	stanza_put_end(b, name);
	return true;
}

/* ---- iq ---- */

static bool put_refusal(struct buf *b, const struct stanza *s, enum stanza_condition condition)
{
	return stanza_put_error_reply(b, s,
		&(struct stanza_error){
			.condition = condition,
			.type = conditions[condition].type,
		});
}

static void put_result(struct buf *b, const struct stanza *s, const char *payload)
{
	stanza_put_start(b, "iq", s->to, s->from, s->id, SLICE("result"));
	buf_puts(b, payload);
	stanza_put_end(b, "iq");
}

/* XEP-0030; the component is a gateway to SIP, the client a program.  Neither gives receipts, so
 * none are promised: XEP-0184 section 6. */
#define DISCO(category, type)                                                                      \
	"<query xmlns='" NS_DISCO_INFO "'><identity category='" category "' type='" type           \
	"' name='stox'/><feature var='" NS_DISCO_INFO "'/><feature var='" NS_PING "'/></query>"

static bool put_disco(struct buf *b, const struct stanza *s, const struct xml_node *query)
{
	if (xml_attr(query, "node").n > 0)
		return put_refusal(b, s, COND_ITEM_NOT_FOUND);
	if (slice_eqs(s->node->ns, NS_COMPONENT))
		put_result(b, s, DISCO("gateway", "simple"));
	else
		put_result(b, s, DISCO("client", "bot"));
	return true;
}

bool stanza_wants_answer(const struct stanza *s)
{
	if (s->kind == STANZA_PRESENCE)
		return slice_eqs(s->type, "subscribe") || slice_eqs(s->type, "probe");
	return s->kind == STANZA_IQ && !slice_eqs(s->type, "result") &&
	       !slice_eqs(s->type, "error");
}

/* RFC 6120 section 8.2.3 */
bool stanza_put_iq_answer(struct buf *b, const struct stanza *s)
{
	const struct xml_node *request = s->node->child;
	bool get = slice_eqs(s->type, "get");

	if (s->kind != STANZA_IQ || !stanza_wants_answer(s))
		return false;
	if ((!get && !slice_eqs(s->type, "set")) || !request || request->next)
		return put_refusal(b, s, COND_BAD_REQUEST);
	if (get && xml_is(request, NS_DISCO_INFO, "query"))
		return put_disco(b, s, request);
	if (!get || !xml_is(request, NS_PING, "ping"))
		return put_refusal(b, s, COND_SERVICE_UNAVAILABLE);
	put_result(b, s, "");
	return true;
}

static struct slice bare(struct slice jid)
{
	return slice_cut(jid, 0, slice_chr(jid, '/'));
}

bool stanza_put_presence_answer(struct buf *b, const struct stanza *s)
{
	if (s->kind != STANZA_PRESENCE || !stanza_wants_answer(s))
		return false;
	/* From the bare address: a full one would say where somebody is. */
	stanza_put_start(b, "presence", bare(s->to), bare(s->from), s->id, SLICE("unsubscribed"));
	stanza_put_end(b, "presence");
	return true;
}

void stanza_put_ping(struct buf *b, struct slice from, struct slice to, struct slice id)
{
	stanza_put_start(b, "iq", from, to, id, SLICE("get"));
	buf_puts(b, "<ping xmlns='" NS_PING "'/>");
	stanza_put_end(b, "iq");
}

/* ---- receipts ---- */

/* A receipt names the message by its id, and an error is never acknowledged: XEP-0184 section 5. */
bool stanza_wants_receipt(const struct stanza *s)
{
	return s->kind == STANZA_MESSAGE && s->id.n > 0 && !slice_eqs(s->type, "error") &&
	       xml_child(s->node, NS_RECEIPTS, "request");
}

struct slice stanza_receipt_id(const struct stanza *s)
{
	const struct xml_node *received = xml_child(s->node, NS_RECEIPTS, "received");

	if (s->kind != STANZA_MESSAGE || slice_eqs(s->type, "error") || !received)
		return SLICE("");
	return xml_attr(received, "id");
}

void stanza_put_receipt(struct buf *b, struct slice from, struct slice to, struct slice id,
	struct slice received_id)
{
	stanza_put_start(b, "message", from, to, id, SLICE(""));
	buf_puts(b, "<received xmlns='" NS_RECEIPTS "'");
	xml_put_attr(b, "id", received_id);
	buf_puts(b, "/>");
	stanza_put_end(b, "message");
}

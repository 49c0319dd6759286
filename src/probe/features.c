#include "probe/features.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define NS_SERVER            "jabber:server"
#define NS_DIALBACK          "jabber:server:dialback"
#define NS_DIALBACK_FEATURES "urn:xmpp:features:dialback"
#define NS_SASL_CB           "urn:xmpp:sasl-cb:0"
#define NS_SASL2             "urn:xmpp:sasl:2"
#define NS_BIND2             "urn:xmpp:bind:0"
#define NS_SM                "urn:xmpp:sm:3"

enum {
	OUT_MAX = 8 << 10,
	STANZA_MAX = 32 << 10, /* features of the richest servers have 3 KiB */
	NAMES_MAX = 16 << 10,
};

enum await {
	AWAIT_TLS, /* before the first byte, or behind <proceed/> */
	AWAIT_HEADER,
	AWAIT_FEATURES,
	AWAIT_PROCEED,
	AWAIT_NOTHING,
};

static const char *const awaited[] = {
	[AWAIT_TLS] = "the TLS handshake",
	[AWAIT_HEADER] = "the stream header",
	[AWAIT_FEATURES] = "stream features",
	[AWAIT_PROCEED] = "the answer to STARTTLS",
	[AWAIT_NOTHING] = "nothing",
};

struct features {
	bool server;
	struct jid to, from;
	bool has_from;
	bool secure;
	bool header_sent;
	enum await await;
	enum features_state state;
	struct xml_reader *reader;
	struct buf out, taken;
	struct feature_list list;
	struct features_failure failure;
};

/* ---- output ---- */

static void send_header(struct features *f)
{
	struct buf *b = &f->out;

	buf_puts(b, "<?xml version='1.0'?><stream:stream");
	if (f->has_from)
		xml_put_attr(b, "from", jid_domain(&f->from));
	xml_put_attr(b, "to", jid_domain(&f->to));
	buf_puts(b, " version='1.0' xml:lang='en' xmlns:stream='" NS_STREAM "'");
	/* XEP-0220 section 2.1.1: who can dial back says so by declaring the prefix. */
	buf_puts(b, f->server ? " xmlns='" NS_SERVER "' xmlns:db='" NS_DIALBACK "'>"
			      : " xmlns='" NS_CLIENT "'>");
	f->header_sent = true;
	f->await = AWAIT_HEADER;
}

static void send_end(struct features *f)
{
	if (f->header_sent)
		buf_puts(&f->out, "</stream:stream>");
	f->header_sent = false;
}

bool features_take_output(struct features *f, struct slice *ret)
{
	if (buf_len(&f->out) == 0)
		return false;
	const struct buf full = f->out;
	f->out = f->taken;
	f->taken = full;
	buf_clear(&f->out);
	*ret = buf_slice(&f->taken);
	return true;
}

/* ---- the end ---- */

static void done(struct features *f)
{
	f->list.complete = true;
	f->state = FEATURES_DONE;
	f->await = AWAIT_NOTHING;
	send_end(f);
}

static void fail(struct features *f, enum xstream_failure failure, const char *text)
{
	f->failure.failure = failure;
	if (!f->failure.text[0])
		snprintf(f->failure.text, sizeof(f->failure.text), "%s", text);
	f->state = FEATURES_FAILED;
	f->await = AWAIT_NOTHING;
	if (failure != XSTREAM_FAIL_CLOSED && failure != XSTREAM_FAIL_INJECTION)
		send_end(f);
}

/* RFC 6120 section 4.9.2: a defined condition, then perhaps a text. */
static void stream_error(struct features *f, const struct xml_node *error)
{
	const struct xml_node *text = xml_child(error, NS_STREAMS, "text");
	const struct xml_node *n = error->child;
	struct features_failure *to = &f->failure;

	while (n && (!slice_eqs(n->ns, NS_STREAMS) || slice_eqs(n->name, "text")))
		n = n->next;
	if (n)
		slice_cstr(slice_cut(n->name, 0, sizeof(to->condition) - 1), to->condition,
			sizeof(to->condition));
	if (text)
		slice_cstr(slice_cut(slice_trim(text->text), 0, sizeof(to->text) - 1), to->text,
			sizeof(to->text));
	const bool unknown = strcmp(to->condition, "host-unknown") == 0 ||
			     strcmp(to->condition, "host-gone") == 0;
	fail(f, unknown ? XSTREAM_FAIL_HOST_UNKNOWN : XSTREAM_FAIL_STREAM_ERROR,
		to->condition[0] ? to->condition : "undefined-condition");
}

static void unexpected(struct features *f, const struct xml_node *n)
{
	struct features_failure *to = &f->failure;

	snprintf(to->text, sizeof(to->text), "<%.*s> where %s was awaited",
		SLICE_FMT(slice_cut(n->name, 0, 64)), awaited[f->await]);
	fail(f, XSTREAM_FAIL_PROTOCOL, "");
}

/* ---- features ---- */

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

/* The features of the last stream count: what is offered in clear may differ. */
static void read_features(struct features *f, const struct xml_node *n)
{
	const bool starttls = f->list.starttls, required = f->list.starttls_required;
	const struct xml_node *tls = xml_child(n, NS_TLS, "starttls");
	const struct xml_node *dialback = xml_child(n, NS_DIALBACK_FEATURES, "dialback");
	struct feature_list l = { .starttls = starttls || tls,
		.starttls_required = required || (tls && xml_child(tls, NS_TLS, "required")),
		.dialback = dialback != NULL,
		.dialback_errors = dialback && xml_child(dialback, NS_DIALBACK_FEATURES, "errors"),
		.stream_management = xml_child(n, NS_SM, "sm") != NULL };

	memcpy(l.version, f->list.version, sizeof(l.version));
	read_mechanisms(&l.mechanisms, xml_child(n, NS_SASL, "mechanisms"), NS_SASL);
	read_bindings(&l, xml_child(n, NS_SASL_CB, "sasl-channel-binding"));
	read_sasl2(&l, xml_child(n, NS_SASL2, "authentication"));
	f->list = l;
}

static void features(struct features *f, const struct xml_node *n)
{
	if (!xml_is(n, NS_STREAM, "features")) {
		unexpected(f, n);
		return;
	}
	read_features(f, n);
	if (f->secure) {
		done(f);
	} else if (f->list.starttls) {
		buf_puts(&f->out, "<starttls xmlns='" NS_TLS "'/>");
		f->await = AWAIT_PROCEED;
	} else {
		f->list.complete = true;
		fail(f, XSTREAM_FAIL_TLS_NOT_OFFERED, "the server does not offer STARTTLS");
	}
}

/* ---- the stream ---- */

/* RFC 6120 section 4.7.5: without a version there are no features. */
static void header(struct features *f, const struct xml_event *ev)
{
	const struct xml_node *n = ev->node;
	const struct slice version = xml_attr(n, "version");

	if (!xml_is(n, NS_STREAM, "stream")) {
		unexpected(f, n);
		return;
	}
	copy_name(f->list.version, sizeof(f->list.version), version);
	f->await = AWAIT_FEATURES;
	/* A server that is about to refuse us need not give its version: it is waited for. */
	if (version.n && !slice_starts(version, SLICE("1.")))
		fail(f, XSTREAM_FAIL_PROTOCOL, "a stream of another version than 1.x");
}

static void proceed(struct features *f, const struct xml_node *n)
{
	if (xml_is(n, NS_TLS, "proceed")) {
		f->await = AWAIT_TLS;
		f->state = FEATURES_WANT_TLS;
		f->header_sent = false;
	} else if (xml_is(n, NS_TLS, "failure")) {
		fail(f, XSTREAM_FAIL_TLS_REFUSED, "the server refused STARTTLS");
	} else {
		unexpected(f, n);
	}
}

static void stanza(struct features *f, const struct xml_node *n)
{
	if (xml_is(n, NS_STREAM, "error")) {
		stream_error(f, n);
		return;
	}
	switch (f->await) {
	case AWAIT_FEATURES: features(f, n); break;
	case AWAIT_PROCEED: proceed(f, n); break;
	case AWAIT_HEADER:
	case AWAIT_TLS:
	case AWAIT_NOTHING: break;
	}
}

static void event(struct features *f, const struct xml_event *ev)
{
	switch (ev->type) {
	case XML_EV_OPEN: header(f, ev); break;
	case XML_EV_STANZA: stanza(f, ev->node); break;
	case XML_EV_CLOSE: fail(f, XSTREAM_FAIL_NONE, awaited[f->await]); break;
	case XML_EV_ERROR:
		f->failure.where = ev->where;
		fail(f, XSTREAM_FAIL_UNPARSABLE, ev->where.what);
		break;
	}
}

static bool reads(const struct features *f)
{
	return f->state == FEATURES_BUSY && f->await != AWAIT_TLS;
}

/* Bytes in clear behind <proceed/> would be read as if they were protected, RFC 6120 section
 * 5.4.2.3. */
void features_push_bytes(struct features *f, struct slice in)
{
	struct xml_event ev;

	while (in.n && reads(f)) {
		size_t n = xml_reader_push(f->reader, in);

		in = slice_skip(in, n);
		while (reads(f) && xml_reader_take(f->reader, &ev))
			event(f, &ev);
		if (n == 0)
			return;
	}
	if (in.n && f->state == FEATURES_WANT_TLS)
		fail(f, XSTREAM_FAIL_INJECTION, "clear bytes where the TLS handshake begins");
}

static void arm_reader(struct features *f)
{
	xml_reader_reset(f->reader);
	xml_reader_stop_at(f->reader, "proceed");
}

void features_push_tls_up(struct features *f)
{
	if (f->await != AWAIT_TLS)
		return;
	arm_reader(f);
	f->secure = true;
	f->state = FEATURES_BUSY;
	send_header(f);
}

void features_push_closed(struct features *f)
{
	char text[96];

	if (f->state == FEATURES_DONE || f->state == FEATURES_FAILED)
		return;
	snprintf(text, sizeof(text), "the connection ended while awaiting %s", awaited[f->await]);
	fail(f, XSTREAM_FAIL_CLOSED, text);
}

void features_push_timeout(struct features *f)
{
	if (f->state == FEATURES_BUSY)
		fail(f, XSTREAM_FAIL_TIMEOUT, awaited[f->await]);
}

/* ---- life ---- */

static int init(struct features *f, const struct features_cfg *cfg, struct rng *rng)
{
	struct xml_limits limits = xml_default_limits;
	struct where where;

	limits.stanza_bytes = STANZA_MAX;
	limits.name_bytes = NAMES_MAX;
	f->server = cfg->server;
	f->has_from = cfg->from.n > 0;
	int err = jid_make(&f->to, SLICE_NONE, cfg->to, SLICE_NONE, &where);
	if (!err && f->has_from)
		err = jid_make(&f->from, SLICE_NONE, cfg->from, SLICE_NONE, &where);
	if (!err)
		err = xml_reader_new(&f->reader, &limits, rng_u64(rng));
	if (err)
		return err;
	arm_reader(f);
	if (cfg->direct_tls) {
		f->await = AWAIT_TLS;
		f->state = FEATURES_WANT_TLS;
	} else {
		send_header(f);
	}
	return buf_err(&f->out);
}

int features_new(struct features **ret, const struct features_cfg *cfg, struct rng *rng)
{
	struct features *f = mem_alloc0(sizeof(*f));

	if (!f)
		return -ENOMEM;
	buf_init(&f->out, OUT_MAX);
	buf_init(&f->taken, OUT_MAX);
	int err = init(f, cfg, rng);
	if (err)
		features_free(f);
	else
		*ret = f;
	return err;
}

struct features *features_free(struct features *f)
{
	if (!f)
		return NULL;
	xml_reader_free(f->reader);
	buf_done(&f->out);
	buf_done(&f->taken);
	return mem_free(f);
}

enum features_state features_state(const struct features *f)
{
	return f->state;
}

const struct feature_list *features_list(const struct features *f)
{
	return &f->list;
}

const struct features_failure *features_failure(const struct features *f)
{
	return &f->failure;
}

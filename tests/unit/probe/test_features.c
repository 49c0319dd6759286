/* Stream features, byte by byte: what is read, what is sent, and every way in which it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "probe/features.h"

#define HEADER                                                                                     \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' "                 \
	"xmlns:stream='http://etherx.jabber.org/streams'>"
#define STARTTLS                                                                                   \
	"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"
#define PROCEED "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define SASL(mechanism)                                                                            \
	"<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>" mechanism               \
	"</mechanism></mechanisms>"

/* A stream that looks, and what it has told. */
struct look {
	struct xstream *x;
	struct feature_list list;
	bool secure, wants_tls, done;
	enum xstream_failure failure; /* of FAILED; CLOSED without the features that count: NONE */
	bool failed;
	char condition[64], text[256];
};

static void drain(struct look *l)
{
	struct xstream_event ev;

	while (xstream_take_event(l->x, &ev)) {
		features_read(&l->list, &ev, l->secure);
		l->wants_tls |= ev.type == XSTREAM_EV_WANT_TLS;
		if (ev.type != XSTREAM_EV_CLOSED && ev.type != XSTREAM_EV_FAILED)
			continue;
		l->done = ev.type == XSTREAM_EV_CLOSED && l->list.complete;
		l->failed = !l->done;
		l->failure = ev.failure;
		snprintf(
			l->condition, sizeof(l->condition), "%s", ev.condition ? ev.condition : "");
		snprintf(l->text, sizeof(l->text), "%s", ev.text ? ev.text : "");
	}
}

static int look_new(struct look *l, bool server, bool direct, const char *to, const char *from)
{
	const struct xstream_cfg cfg = {
		.role = server ? XSTREAM_LOOK_SERVER : XSTREAM_LOOK_CLIENT,
		.tls = direct ? XSTREAM_TLS_DIRECT : XSTREAM_TLS_REQUIRED,
		.domain = slice_str(to),
		.from = slice_str(from),
		.limits = &features_limits,
		.timeout = TS_S(10),
	};
	struct rng rng;

	rng_init_number(&rng, 1);
	return xstream_new(&l->x, &cfg, &rng, TS_S(1));
}

static struct look *begin(bool server, bool direct, const char *from)
{
	static struct look l;

	l = (struct look){ .wants_tls = direct };
	assert_int_equal(look_new(&l, server, direct, "contoso.test", from), 0);
	return &l;
}

static void end(struct look *l)
{
	l->x = xstream_free(l->x);
}

/* All that was sent since it was asked last. */
static const char *sent(struct look *l)
{
	static char text[2048];
	struct slice out;
	size_t n = 0;

	while (xstream_take_output(l->x, &out)) {
		assert_true(n + out.n < sizeof(text));
		memcpy(text + n, out.p, out.n);
		n += out.n;
	}
	text[n] = '\0';
	return text;
}

static void push_bytes(struct look *l, struct slice in)
{
	size_t n = 1;

	for (; in.n && n; in = slice_skip(in, n)) {
		n = xstream_push_bytes(l->x, in, TS_S(1));
		drain(l);
	}
}

static void push(struct look *l, const char *text)
{
	push_bytes(l, slice_str(text));
}

static void push_tls_up(struct look *l)
{
	static const struct tls_facts facts = { .version = "TLSv1.3" };

	l->secure = true;
	l->wants_tls = false;
	xstream_push_tls_up(l->x, &facts, TS_S(1));
	drain(l);
}

static bool is_busy(const struct look *l)
{
	return !l->done && !l->failed && !l->wants_tls;
}

static void through_tls(struct look *f)
{
	push(f, HEADER STARTTLS);
	assert_string_equal(sent(f), "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	push(f, PROCEED);
	assert_true(f->wants_tls);
	push_tls_up(f);
	assert_true(is_busy(f));
}

static void a_clients_stream_asks_for_tls_and_ends_behind_the_features(void **state)
{
	struct look *f = begin(false, false, "");

	(void)state;
	assert_string_equal(sent(f),
		"<?xml version='1.0'?><stream:stream to='contoso.test' version='1.0' xml:lang='en' "
		"xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>");
	through_tls(f);
	assert_non_null(strstr(sent(f), "<stream:stream to='contoso.test'"));
	push(f, HEADER "<stream:features>" SASL("PLAIN") "</stream:features>");
	assert_true(f->done);
	assert_string_equal(sent(f), "</stream:stream>");
	const struct feature_list *l = &f->list;
	assert_true(l->complete && l->starttls && !l->starttls_required);
	assert_string_equal(l->mechanisms.v[0], "PLAIN");
	end(f);
}

static void a_servers_stream_says_in_whose_name_and_that_it_can_dial_back(void **state)
{
	struct look *f = begin(true, false, "Litware.TEST");

	(void)state;
	const char *header = sent(f);
	assert_non_null(strstr(header, " from='litware.test' to='contoso.test'"));
	assert_non_null(strstr(header, "xmlns='jabber:server' xmlns:db='jabber:server:dialback'"));
	end(f);
}

static void direct_tls_says_nothing_before_the_handshake(void **state)
{
	struct look *f = begin(false, true, "");

	(void)state;
	assert_true(f->wants_tls);
	assert_string_equal(sent(f), "");
	push_tls_up(f);
	assert_non_null(strstr(sent(f), "<stream:stream"));
	push(f, HEADER "<stream:features>" SASL("EXTERNAL") STARTTLS "</stream:features>");
	assert_true(f->done);
	assert_string_equal(f->list.mechanisms.v[0], "EXTERNAL");
	end(f);
}

static void all_that_is_offered_is_read_whatever_the_pieces(void **state)
{
	static const char text[] = HEADER "<stream:features>" SASL(
		"SCRAM-SHA-256-PLUS") "<authentication "
				      "xmlns='urn:xmpp:sasl:2'><mechanism>SCRAM-SHA-1</mechanism>"
				      "<inline><bind xmlns='urn:xmpp:bind:0'/><sm "
				      "xmlns='urn:xmpp:sm:3'/></inline>"
				      "</authentication><sasl-channel-binding "
				      "xmlns='urn:xmpp:sasl-cb:0'>"
				      "<channel-binding "
				      "type='tls-server-end-point'/><channel-binding "
				      "type='tls-exporter'/></sasl-channel-binding><dialback "
				      "xmlns='urn:xmpp:features:dialback'><errors/></"
				      "dialback><unknown "
				      "xmlns='urn:example'/></stream:features>";

	(void)state;
	for (size_t piece = 1; piece <= sizeof(text) - 1; piece += 7) {
		struct look *f = begin(true, false, "");

		sent(f);
		through_tls(f);
		for (size_t at = 0; at < sizeof(text) - 1; at += piece)
			push_bytes(f, slice_cut(slice_of(text, sizeof(text) - 1), at, at + piece));
		const struct feature_list *l = &f->list;
		assert_true(f->done);
		assert_string_equal(l->mechanisms.v[0], "SCRAM-SHA-256-PLUS");
		assert_string_equal(l->sasl2.v[0], "SCRAM-SHA-1");
		assert_int_equal(l->bindings.n, 2);
		assert_string_equal(l->bindings.v[1], "tls-exporter");
		assert_true(l->bind2 && l->stream_management && l->dialback && l->dialback_errors);
		end(f);
	}
}

/* What is offered in clear, and not over TLS, is not offered. */
static void the_features_over_tls_replace_those_in_clear(void **state)
{
	struct look *f = begin(false, false, "");

	(void)state;
	sent(f);
	push(f, HEADER "<stream:features>" SASL(
			"PLAIN") "<starttls "
				 "xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
				 "</stream:features>");
	push(f, PROCEED);
	push_tls_up(f);
	push(f, HEADER "<stream:features/>");
	assert_int_equal(f->list.mechanisms.n, 0);
	assert_true(f->list.starttls && f->list.starttls_required);
	end(f);
}

static void every_end_has_its_failure(void **state)
{
	static const struct {
		const char *in_clear, *over_tls;
		enum xstream_failure failure;
		const char *condition, *text;
	} rows[] = {
		{ HEADER "<stream:features/>", NULL, XSTREAM_FAIL_TLS_NOT_OFFERED, "", "STARTTLS" },
		{ HEADER STARTTLS "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", NULL,
			XSTREAM_FAIL_TLS_REFUSED, "", "refused" },
		{ HEADER STARTTLS PROCEED "<x/>", NULL, XSTREAM_FAIL_INJECTION, "", "clear bytes" },
		{ HEADER STARTTLS "<message/>", NULL, XSTREAM_FAIL_PROTOCOL,
			"unsupported-stanza-type",
			"<message/> while awaiting the answer to STARTTLS" },
		{ "<html>", NULL, XSTREAM_FAIL_PROTOCOL, "invalid-namespace", "<html>" },
		{ "HTTP/1.1 400 Bad Request\r\n\r\n", NULL, XSTREAM_FAIL_UNPARSABLE,
			"not-well-formed", "" },
		{ "<?xml version='1.0'?><stream:stream xmlns:stream='"
		  "http://etherx.jabber.org/streams' version='2.0'>",
			NULL, XSTREAM_FAIL_PROTOCOL, "unsupported-version", "version 2.0" },
		{ HEADER "</stream:stream>", NULL, XSTREAM_FAIL_NONE, "", "" },
		{ HEADER "<stream:error><host-gone "
			 "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
			NULL, XSTREAM_FAIL_HOST_UNKNOWN, "host-gone", "" },
		{ NULL,
			HEADER "<stream:error><see-other-host "
			       "xmlns='urn:ietf:params:xml:ns:xmpp-streams'>there</see-other-host>"
			       "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'> not here </text>"
			       "</stream:error>",
			XSTREAM_FAIL_STREAM_ERROR, "see-other-host", "not here" },
		{ NULL, HEADER "<stream:error/>", XSTREAM_FAIL_STREAM_ERROR, "undefined-condition",
			"" },
		{ NULL, HEADER "<!-- -->", XSTREAM_FAIL_UNPARSABLE, "restricted-xml", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct look *f = begin(false, false, "");

		sent(f);
		if (rows[i].in_clear)
			push(f, rows[i].in_clear);
		else
			through_tls(f);
		if (rows[i].over_tls)
			push(f, rows[i].over_tls);
		if (!f->failed)
			fail_msg("row %zu goes on", i);
		assert_int_equal(f->failure, rows[i].failure);
		assert_string_equal(f->condition, rows[i].condition);
		assert_non_null(strstr(f->text, rows[i].text));
		end(f);
	}
}

static void push_timeout(struct look *l)
{
	xstream_push_time(l->x, TS_S(11));
	drain(l);
}

static void push_closed(struct look *l)
{
	xstream_push_closed(l->x, TS_S(1));
	drain(l);
}

static void silence_and_a_broken_connection_say_what_was_awaited(void **state)
{
	struct look *f = begin(false, false, "");

	(void)state;
	push(f, HEADER);
	push_timeout(f);
	assert_int_equal(f->failure, XSTREAM_FAIL_TIMEOUT);
	assert_string_equal(f->text, "stream features");
	end(f);

	f = begin(false, false, "");
	push_closed(f);
	assert_int_equal(f->failure, XSTREAM_FAIL_CLOSED);
	assert_non_null(strstr(f->text, "the stream header"));
	end(f);

	/* What ended well stays so. */
	f = begin(false, true, "");
	push_tls_up(f);
	push(f, HEADER "<stream:features/>");
	push_closed(f);
	push_timeout(f);
	push(f, "<more/>");
	assert_true(f->done);
	end(f);
}

static void features_over_the_limit_end_the_stream(void **state)
{
	struct look *f = begin(false, false, "");
	char text[4096];

	(void)state;
	push(f, HEADER "<stream:features>");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (unsigned i = 0; i < 20 && is_busy(f); i++)
		push(f, text);
	assert_int_equal(f->failure, XSTREAM_FAIL_UNPARSABLE);
	end(f);
}

static void a_domain_that_is_none_is_an_error_of_ours(void **state)
{
	struct look l = { 0 };

	(void)state;
	assert_int_equal(look_new(&l, false, false, "a b", ""), ERR_SYNTAX);
	assert_int_equal(look_new(&l, true, false, "contoso.test", "a b"), ERR_SYNTAX);
	assert_null(l.x);
}

static void every_allocation_may_fail(void **state)
{
	struct look l = { 0 };
	int err = -ENOMEM;

	(void)state;
	for (long n = 1; err == -ENOMEM; n++) {
		mem_fail_after(n);
		err = look_new(&l, true, false, "contoso.test", "litware.test");
		mem_fail_after(-1);
		assert_true(err == 0 || err == -ENOMEM);
	}
	end(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clients_stream_asks_for_tls_and_ends_behind_the_features),
		cmocka_unit_test(a_servers_stream_says_in_whose_name_and_that_it_can_dial_back),
		cmocka_unit_test(direct_tls_says_nothing_before_the_handshake),
		cmocka_unit_test(all_that_is_offered_is_read_whatever_the_pieces),
		cmocka_unit_test(the_features_over_tls_replace_those_in_clear),
		cmocka_unit_test(every_end_has_its_failure),
		cmocka_unit_test(silence_and_a_broken_connection_say_what_was_awaited),
		cmocka_unit_test(features_over_the_limit_end_the_stream),
		cmocka_unit_test(a_domain_that_is_none_is_an_error_of_ours),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

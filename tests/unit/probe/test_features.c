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

static struct features *begin(bool server, bool direct, const char *from)
{
	const struct features_cfg cfg = { .server = server,
		.direct_tls = direct,
		.to = SLICE("contoso.test"),
		.from = slice_str(from) };
	struct features *f = NULL;
	struct rng rng;

	rng_init_number(&rng, 1);
	assert_int_equal(features_new(&f, &cfg, &rng), 0);
	return f;
}

/* All that was sent since it was asked last. */
static const char *sent(struct features *f)
{
	static char text[2048];
	struct slice out;
	size_t n = 0;

	while (features_take_output(f, &out)) {
		assert_true(n + out.n < sizeof(text));
		memcpy(text + n, out.p, out.n);
		n += out.n;
	}
	text[n] = '\0';
	return text;
}

static void push(struct features *f, const char *text)
{
	features_push_bytes(f, slice_str(text));
}

static void through_tls(struct features *f)
{
	push(f, HEADER STARTTLS);
	assert_string_equal(sent(f), "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	push(f, PROCEED);
	assert_int_equal(features_state(f), FEATURES_WANT_TLS);
	features_push_tls_up(f);
	assert_int_equal(features_state(f), FEATURES_BUSY);
}

static void a_clients_stream_asks_for_tls_and_ends_behind_the_features(void **state)
{
	struct features *f = begin(false, false, "");

	(void)state;
	assert_string_equal(sent(f),
		"<?xml version='1.0'?><stream:stream to='contoso.test' version='1.0' xml:lang='en' "
		"xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client'>");
	through_tls(f);
	assert_non_null(strstr(sent(f), "<stream:stream to='contoso.test'"));
	push(f, HEADER "<stream:features>" SASL("PLAIN") "</stream:features>");
	assert_int_equal(features_state(f), FEATURES_DONE);
	assert_string_equal(sent(f), "</stream:stream>");
	const struct feature_list *l = features_list(f);
	assert_true(l->complete && l->starttls && !l->starttls_required);
	assert_string_equal(l->mechanisms.v[0], "PLAIN");
	features_free(f);
}

static void a_servers_stream_says_in_whose_name_and_that_it_can_dial_back(void **state)
{
	struct features *f = begin(true, false, "Litware.TEST");

	(void)state;
	const char *header = sent(f);
	assert_non_null(strstr(header, " from='litware.test' to='contoso.test'"));
	assert_non_null(strstr(header, "xmlns='jabber:server' xmlns:db='jabber:server:dialback'"));
	features_free(f);
}

static void direct_tls_says_nothing_before_the_handshake(void **state)
{
	struct features *f = begin(false, true, "");

	(void)state;
	assert_int_equal(features_state(f), FEATURES_WANT_TLS);
	assert_string_equal(sent(f), "");
	features_push_tls_up(f);
	assert_non_null(strstr(sent(f), "<stream:stream"));
	push(f, HEADER "<stream:features>" SASL("EXTERNAL") STARTTLS "</stream:features>");
	assert_int_equal(features_state(f), FEATURES_DONE);
	assert_string_equal(features_list(f)->mechanisms.v[0], "EXTERNAL");
	features_free(f);
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
		struct features *f = begin(true, false, "");

		sent(f);
		through_tls(f);
		for (size_t at = 0; at < sizeof(text) - 1; at += piece)
			features_push_bytes(
				f, slice_cut(slice_of(text, sizeof(text) - 1), at, at + piece));
		const struct feature_list *l = features_list(f);
		assert_int_equal(features_state(f), FEATURES_DONE);
		assert_string_equal(l->mechanisms.v[0], "SCRAM-SHA-256-PLUS");
		assert_string_equal(l->sasl2.v[0], "SCRAM-SHA-1");
		assert_int_equal(l->bindings.n, 2);
		assert_string_equal(l->bindings.v[1], "tls-exporter");
		assert_true(l->bind2 && l->stream_management && l->dialback && l->dialback_errors);
		features_free(f);
	}
}

/* What is offered in clear, and not over TLS, is not offered. */
static void the_features_over_tls_replace_those_in_clear(void **state)
{
	struct features *f = begin(false, false, "");

	(void)state;
	sent(f);
	push(f, HEADER "<stream:features>" SASL(
			"PLAIN") "<starttls "
				 "xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
				 "</stream:features>");
	push(f, PROCEED);
	features_push_tls_up(f);
	push(f, HEADER "<stream:features/>");
	assert_int_equal(features_list(f)->mechanisms.n, 0);
	assert_true(features_list(f)->starttls && features_list(f)->starttls_required);
	features_free(f);
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
		{ HEADER STARTTLS "<message/>", NULL, XSTREAM_FAIL_PROTOCOL, "",
			"<message> where the answer to STARTTLS was awaited" },
		{ "<html>", NULL, XSTREAM_FAIL_PROTOCOL, "", "<html>" },
		{ "HTTP/1.1 400 Bad Request\r\n\r\n", NULL, XSTREAM_FAIL_UNPARSABLE, "", "" },
		{ "<?xml version='1.0'?><stream:stream xmlns:stream='"
		  "http://etherx.jabber.org/streams' version='2.0'>",
			NULL, XSTREAM_FAIL_PROTOCOL, "", "another version" },
		{ HEADER "</stream:stream>", NULL, XSTREAM_FAIL_NONE, "", "stream features" },
		{ HEADER "<stream:error><host-gone "
			 "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
			NULL, XSTREAM_FAIL_HOST_UNKNOWN, "host-gone", "host-gone" },
		{ NULL,
			HEADER "<stream:error><see-other-host "
			       "xmlns='urn:ietf:params:xml:ns:xmpp-streams'>there</see-other-host>"
			       "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'> not here </text>"
			       "</stream:error>",
			XSTREAM_FAIL_STREAM_ERROR, "see-other-host", "not here" },
		{ NULL, HEADER "<stream:error/>", XSTREAM_FAIL_STREAM_ERROR, "",
			"undefined-condition" },
		{ NULL, HEADER "<!-- -->", XSTREAM_FAIL_UNPARSABLE, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct features *f = begin(false, false, "");

		sent(f);
		if (rows[i].in_clear)
			push(f, rows[i].in_clear);
		else
			through_tls(f);
		if (rows[i].over_tls)
			push(f, rows[i].over_tls);
		if (features_state(f) != FEATURES_FAILED)
			fail_msg("row %zu goes on", i);
		const struct features_failure *failure = features_failure(f);
		assert_int_equal(failure->failure, rows[i].failure);
		assert_string_equal(failure->condition, rows[i].condition);
		assert_non_null(strstr(failure->text, rows[i].text));
		features_free(f);
	}
}

static void silence_and_a_broken_connection_say_what_was_awaited(void **state)
{
	struct features *f = begin(false, false, "");

	(void)state;
	push(f, HEADER);
	features_push_timeout(f);
	assert_int_equal(features_failure(f)->failure, XSTREAM_FAIL_TIMEOUT);
	assert_string_equal(features_failure(f)->text, "stream features");
	features_free(f);

	f = begin(false, false, "");
	features_push_closed(f);
	assert_int_equal(features_failure(f)->failure, XSTREAM_FAIL_CLOSED);
	assert_non_null(strstr(features_failure(f)->text, "the stream header"));
	features_free(f);

	/* What ended well stays so. */
	f = begin(false, true, "");
	features_push_tls_up(f);
	push(f, HEADER "<stream:features/>");
	features_push_closed(f);
	features_push_timeout(f);
	push(f, "<more/>");
	assert_int_equal(features_state(f), FEATURES_DONE);
	features_free(f);
}

static void features_over_the_limit_end_the_stream(void **state)
{
	struct features *f = begin(false, false, "");
	char text[4096];

	(void)state;
	push(f, HEADER "<stream:features>");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (unsigned i = 0; i < 20 && features_state(f) == FEATURES_BUSY; i++)
		push(f, text);
	assert_int_equal(features_failure(f)->failure, XSTREAM_FAIL_UNPARSABLE);
	features_free(f);
}

static void a_domain_that_is_none_is_an_error_of_ours(void **state)
{
	const struct features_cfg cfgs[] = { { .to = SLICE("a b") },
		{ .to = SLICE("contoso.test"), .from = SLICE("a b"), .server = true } };
	struct features *f = NULL;
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 1);
	for (size_t i = 0; i < COUNT(cfgs); i++)
		assert_int_equal(features_new(&f, &cfgs[i], &rng), ERR_SYNTAX);
	assert_null(f);
}

static void every_allocation_may_fail(void **state)
{
	const struct features_cfg cfg = { .to = SLICE("contoso.test") };
	struct features *f = NULL;
	struct rng rng;
	int err = -ENOMEM;

	(void)state;
	rng_init_number(&rng, 1);
	for (long n = 1; err == -ENOMEM; n++) {
		mem_fail_after(n);
		err = features_new(&f, &cfg, &rng);
		mem_fail_after(-1);
		assert_true(err == 0 || err == -ENOMEM);
	}
	features_free(f);
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

/* A stream from its server's name to its last words: two hosts, each the world of the other. */
#include "xhost_world.h"

#define DOMAIN "contoso.test"
#define A(name_, value_)                                                                           \
	{                                                                                          \
		.name = (name_), .type = DNS_A, .value = (value_)                                  \
	}
#define SRV(service_, priority_, port_, value_)                                                    \
	{                                                                                          \
		.name = service_ "._tcp." DOMAIN, .type = DNS_SRV, .priority = (priority_),        \
		.port = (port_), .value = (value_)                                                 \
	}

static const struct world_record plain_zone[] = { A(DOMAIN, "192.0.2.1") };
static const struct world_record two_hosts[] = {
	SRV("_xmpp-client", 1, 5222, "one.test"),
	SRV("_xmpp-client", 2, 5222, "two.test"),
	A("one.test", "192.0.2.1"),
	A("two.test", "192.0.2.2"),
};
static struct sasl_secret account;
static struct world w;

static struct xhost_cfg client(void)
{
	return (struct xhost_cfg){
		.find = { .domain = SLICE(DOMAIN) },
		.stream = { .role = XSTREAM_CLIENT,
			.tls = XSTREAM_TLS_REQUIRED,
			.domain = SLICE(DOMAIN),
			.username = SLICE("adelany"),
			.password = SLICE("correct horse"),
			.timeout = TS_S(10) },
		.tls = { .name = DOMAIN, .trust = 7 },
	};
}

static struct xhost_cfg client_server(void)
{
	return (struct xhost_cfg){
		.stream = { .role = XSTREAM_ACCEPT_CLIENT,
			.tls = XSTREAM_TLS_REQUIRED,
			.domain = SLICE(DOMAIN),
			.offer = { [SASL_SCRAM_SHA1] = true } },
		.tls = { .accept = true, .identity = 3 },
	};
}

static struct xhost_cfg component(const char *secret)
{
	return (struct xhost_cfg){
		.find = { .host = SLICE("127.0.0.1"), .port = 5347 },
		.stream = { .role = XSTREAM_COMPONENT,
			.tls = XSTREAM_TLS_NONE,
			.domain = SLICE("litware.test"),
			.password = slice_str(secret) },
	};
}

static struct xhost_cfg component_server(void)
{
	return (struct xhost_cfg){
		.stream = { .role = XSTREAM_ACCEPT_COMPONENT, .tls = XSTREAM_TLS_NONE },
	};
}

static void begin(const struct xhost_cfg *a, const struct xhost_cfg *b,
	const struct world_record *zone, size_t n_zone)
{
	assert_int_equal(world_init(&w, a, b, zone, n_zone), 0);
	w.account = &account;
	w.secret = "open sesame";
}

static void begin_client(const struct world_record *zone, size_t n_zone)
{
	const struct xhost_cfg a = client(), b = client_server();

	begin(&a, &b, zone, n_zone);
}

/* A component that is ready; its log begins anew. */
static void begin_ready(void)
{
	const struct xhost_cfg a = component("open sesame"), b = component_server();

	begin(&a, &b, NULL, 0);
	world_connects(&w);
	assert_true(xhost_is_ready(w.a.h) && xhost_is_ready(w.b.h));
	w.a.n_log = w.b.n_log = 0;
	w.a.log[0] = w.b.log[0] = '\0';
}

static const struct want *find_want(const struct side *s, enum want_type type)
{
	for (unsigned i = 0; i < s->n_wants; i++)
		if (s->wants[i].type == type)
			return &s->wants[i];
	return NULL;
}

#define STARTTLS                                                                                   \
	"<stream:stream xmlns:stream='" NS_STREAM "' xmlns='" NS_CLIENT                            \
	"' version='1.0'><stream:features><starttls xmlns='" NS_TLS                                \
	"'/></stream:features><proceed xmlns='" NS_TLS "'/>"

static void push_text(struct side *s, const char *text)
{
	side_push(s, (struct fact){ .type = FACT_FLOW_BYTES,
			     .flow = xhost_flow(s->h),
			     .bytes = slice_str(text) });
}

static void send_stanzas(struct side *s, const char *stanzas)
{
	struct buf *b = xstream_begin(xhost_stream(s->h));

	assert_non_null(b);
	buf_puts(b, stanzas);
	assert_int_equal(xstream_commit(xhost_stream(s->h), w.now), 0);
}

static void send_two(struct side *s)
{
	send_stanzas(s, "<message from='litware.test' to='d.test' id='1'/>"
			"<message from='litware.test' to='d.test' id='2'/>");
	world_run(&w);
}

/* ---- from the name to ready ---- */

static void a_client_finds_its_server_and_signs_in(void **state)
{
	static const size_t pieces[] = { 0, 1, 7, 100 };
	static const char log[] = "TARGET 192.0.2.1:5222\nCONNECTED 192.0.2.99:40000\nOPENED\n"
				  "FEATURES\nWANT_TLS\nTLS TLSv1.3\nOPENED\nFEATURES\n"
				  "AUTHENTICATED\nOPENED\nFEATURES\nREADY adelany@" DOMAIN "/r\n";

	(void)state;
	for (size_t i = 0; i < COUNT(pieces); i++) {
		begin_client(plain_zone, COUNT(plain_zone));
		assert_false(xhost_is_for(w.a.h, &(struct fact){ .type = FACT_DNS, .dns_id = 1 }));
		w.piece = pieces[i];
		world_connects(&w);
		assert_string_equal(w.a.log, log);
		assert_true(xhost_is_ready(w.a.h) && xhost_is_ready(w.b.h));
		assert_int_equal(xhost_flow(w.a.h), w.a.flow);
		assert_string_equal(xhost_state_name(w.a.h), "stanzas");
		const struct want *tls = find_want(&w.a, WANT_TLS);
		assert_string_equal(tls->tls.name, DOMAIN);
		assert_string_equal(tls->tls.alpn, "");
		assert_true(find_want(&w.b, WANT_TLS)->tls.accept);
		world_done(&w);
	}
}

static void a_component_logs_in_at_an_address_without_a_question(void **state)
{
	const struct xhost_cfg a = component("open sesame"), b = component_server();

	(void)state;
	begin(&a, &b, NULL, 0);
	world_connects(&w);
	assert_string_equal(w.a.log, "TARGET 127.0.0.1:5347\nCONNECTED 192.0.2.99:40000\nOPENED\n"
				     "READY litware.test\n");
	assert_null(find_want(&w.a, WANT_DNS));
	world_done(&w);
}

/* XEP-0368: the target says it, and nothing is said before the handshake. */
static void direct_tls_begins_with_the_handshake(void **state)
{
	static const struct world_record zone[] = {
		SRV("_xmpps-client", 1, 5223, "one.test"),
		A("one.test", "192.0.2.1"),
	};
	const struct xhost_cfg a = client();
	struct xhost_cfg b = client_server();

	(void)state;
	b.stream.tls = XSTREAM_TLS_DIRECT;
	begin(&a, &b, zone, COUNT(zone));
	world_connects(&w);
	assert_true(xhost_is_ready(w.a.h));
	assert_non_null(strstr(w.a.log, "CONNECTED 192.0.2.99:40000\nTLS TLSv1.3\nOPENED\n"));
	assert_string_equal(find_want(&w.a, WANT_TLS)->tls.alpn, "xmpp-client");
	assert_string_equal(find_want(&w.b, WANT_TLS)->tls.alpn, "");
	world_done(&w);
}

static void who_looks_as_a_server_on_a_flow_of_its_owner_says_so(void **state)
{
	const struct xhost_cfg a = {
		.stream = { .role = XSTREAM_LOOK_SERVER,
			.tls = XSTREAM_TLS_DIRECT,
			.domain = SLICE(DOMAIN),
			.from = SLICE("litware.test") },
	};

	(void)state;
	begin(&a, NULL, NULL, 0);
	w.a.flow = 9;
	xhost_attach(w.a.h, 9, w.now);
	world_run(&w);
	assert_string_equal(find_want(&w.a, WANT_TLS)->tls.alpn, "xmpp-server");
	assert_true(xhost_is_in_tls(w.a.h));
	side_tls_up(&w.a);
	assert_false(xhost_is_in_tls(w.a.h));
	world_run(&w);
	assert_non_null(strstr(w.a.sent, "from='litware.test' to='" DOMAIN "'"));
	assert_non_null(strstr(w.a.sent, "xmlns:db='jabber:server:dialback'"));
	world_done(&w);
}

/* ---- what cannot be connected to ---- */

static void targets_that_refuse_are_passed_over(void **state)
{
	(void)state;
	begin_client(two_hosts, COUNT(two_hosts));
	w.refusing[0] = "192.0.2.1:5222";
	world_connects(&w);
	assert_int_equal(strncmp(w.a.log,
				 "TARGET 192.0.2.1:5222\nPASSED 192.0.2.1:5222 err=111\n"
				 "TARGET 192.0.2.2:5222\nCONNECTED",
				 strlen("TARGET 192.0.2.1:5222\nPASSED 192.0.2.1:5222 err=111\n"
					"TARGET 192.0.2.2:5222\nCONNECTED")),
		0);
	assert_true(xhost_is_ready(w.a.h));
	world_done(&w);
}

static void the_last_failure_ends_it_and_the_next_connecting_asks_anew(void **state)
{
	(void)state;
	begin_client(two_hosts, COUNT(two_hosts));
	w.refusing[0] = "192.0.2.1:5222";
	w.refusing[1] = "192.0.2.2:5222";
	world_connects(&w);
	assert_non_null(strstr(w.a.log, "PASSED 192.0.2.1:5222 err=111\nTARGET 192.0.2.2:5222\n"
					"DOWN flow flow-failed err=111\n"));
	assert_null(find_want(&w.a, WANT_CLOSE_FLOW));
	w.refusing[0] = NULL;
	world_connects(&w);
	assert_non_null(strstr(w.a.log, "DOWN flow flow-failed err=111\nTARGET 192.0.2.1:5222\n"));
	assert_true(xhost_is_ready(w.a.h));
	world_done(&w);
}

/* Nobody knows yet whether there is another. */
static void what_is_still_asked_is_waited_for_behind_a_failure(void **state)
{
	static const struct {
		struct world_record last;
		const char *log;
	} rows[] = {
		{ { "two.test", DNS_A, "192.0.2.2", 0, 0, DNS_OK, true },
			"TARGET 192.0.2.1:5222\nPASSED 192.0.2.1:5222 err=111\nTARGET "
			"192.0.2.2:5222\nCONNECTED" },
		{ { "two.test", DNS_A, NULL, 0, 0, DNS_TIMEOUT, true },
			"TARGET 192.0.2.1:5222\nDOWN flow flow-failed err=111\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world_record zone[COUNT(two_hosts)];
		struct targets_question q;

		memcpy(zone, two_hosts, sizeof(zone));
		zone[3] = rows[i].last;
		begin_client(zone, COUNT(zone));
		w.refusing[0] = "192.0.2.1:5222";
		world_connects(&w);
		assert_string_equal(w.a.log, "TARGET 192.0.2.1:5222\n");
		assert_string_equal(xhost_state_name(w.a.h), "the DNS");
		assert_false(xhost_asked(w.a.h, &q)); /* the AAAA record, which is the latest */
		world_answer_late(&w);
		world_run(&w);
		assert_int_equal(strncmp(w.a.log, rows[i].log, strlen(rows[i].log)), 0);
		world_done(&w);
	}
}

static void a_name_that_leads_nowhere_says_which_answer_decided(void **state)
{
	static const struct world_record says_no[] = { SRV("_xmpp-client", 0, 0, "") };
	static const struct world_record silent[] = {
		{ .name = DOMAIN, .type = DNS_A, .status = DNS_SERVFAIL },
	};
	static const struct {
		const struct world_record *zone;
		size_t n;
		const char *log;
	} rows[] = {
		{ NULL, 0, "DOWN not-found dns=nxdomain " DOMAIN "\n" },
		{ says_no, 1, "DOWN not-found dns=ok _xmpp-client._tcp." DOMAIN "\n" },
		{ silent, 1, "DOWN not-found dns=servfail " DOMAIN "\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin_client(rows[i].zone, rows[i].n);
		world_connects(&w);
		assert_string_equal(w.a.log, rows[i].log);
		assert_null(find_want(&w.a, WANT_CLOSE_FLOW));
		world_done(&w);
	}
}

static void the_latest_question_is_known_until_it_is_answered(void **state)
{
	static const struct world_record late[] = {
		{ "_xmpp-client._tcp." DOMAIN, DNS_SRV, NULL, 0, 0, DNS_NXDOMAIN, true },
		{ "_xmpps-client._tcp." DOMAIN, DNS_SRV, NULL, 0, 0, DNS_NXDOMAIN, true },
		{ DOMAIN, DNS_A, "192.0.2.1", 0, 0, DNS_OK, true },
		{ DOMAIN, DNS_AAAA, NULL, 0, 0, DNS_NODATA, true },
	};
	struct targets_question q;

	(void)state;
	begin_client(late, COUNT(late));
	world_connects(&w);
	assert_true(xhost_asked(w.a.h, &q));
	assert_int_equal(q.type, DNS_AAAA);
	assert_string_equal(q.name, DOMAIN);
	world_answer_late(&w);
	assert_false(xhost_asked(w.a.h, &q));
	world_done(&w);
}

static void a_name_that_is_none_is_told_before_anybody_waits(void **state)
{
	struct xhost_cfg a = client();

	(void)state;
	a.find.host = SLICE("192.0.2.1");
	a.find.family = 6;
	assert_int_equal(world_init(&w, &a, NULL, NULL, 0), -EAFNOSUPPORT);
	world_done(&w);
	a.find.host = SLICE(".");
	assert_int_equal(world_init(&w, &a, NULL, NULL, 0), ERR_SYNTAX);
	world_done(&w);
}

/* ---- the ends ---- */

static void last_words_go_out_in_front_of_the_end_of_the_flow(void **state)
{
	const struct xhost_cfg a = component("close sesame"), b = component_server();

	(void)state;
	begin(&a, &b, NULL, 0);
	world_connects(&w);
	assert_string_equal(w.b.log,
		"OPENED\nDOWN stream bad-credentials the handshake is not that "
		"of the secret\n");
	assert_non_null(strstr(w.b.last, "<not-authorized"));
	assert_non_null(strstr(w.b.sent, w.b.last));
	assert_non_null(find_want(&w.b, WANT_CLOSE_FLOW));
	/* The other side has read them, and answers in its own. */
	assert_non_null(strstr(w.a.log, "DOWN stream bad-credentials"));
	assert_string_equal(w.a.last, "</stream:stream>");
	world_done(&w);
}

static void a_stream_is_closed_by_both(void **state)
{
	(void)state;
	begin_ready();
	xhost_close(w.a.h, w.now);
	side_drain(&w.a);
	assert_string_equal(w.a.log, ""); /* the other one's end is awaited */
	world_run(&w);
	assert_string_equal(w.a.log, "DOWN closed none \n");
	assert_string_equal(w.b.log, "DOWN closed none \n");
	assert_string_equal(w.b.last, "</stream:stream>");
	assert_false(xhost_is_ready(w.a.h));
	assert_string_equal(xhost_state_name(w.a.h), "nothing");
	world_done(&w);
}

static void closing_before_it_is_ready_ends_it_at_once(void **state)
{
	static const struct world_record late[] = { { DOMAIN, DNS_A, "192.0.2.1", 0, 0, DNS_OK,
		true } };
	const struct xhost_cfg a = client();

	(void)state;
	begin_client(late, COUNT(late)); /* no address yet */
	world_connects(&w);
	xhost_close(w.a.h, w.now);
	side_drain(&w.a);
	assert_string_equal(w.a.log, "DOWN closed\n");
	world_answer_late(&w); /* to nobody */
	world_run(&w);
	assert_string_equal(w.a.log, "DOWN closed\n");
	xhost_close(w.a.h, w.now);
	side_drain(&w.a);
	assert_string_equal(w.a.log, "DOWN closed\n");
	assert_null(find_want(&w.a, WANT_CLOSE_FLOW));
	world_done(&w);

	begin(&a, NULL, plain_zone, COUNT(plain_zone)); /* a server that says nothing */
	world_connects(&w);
	xhost_close(w.a.h, w.now);
	side_drain(&w.a);
	world_run(&w);
	assert_non_null(strstr(w.a.log, "CONNECTED 192.0.2.99:40000\nDOWN closed none \n"));
	assert_string_equal(w.a.last, "</stream:stream>");
	assert_non_null(find_want(&w.a, WANT_CLOSE_FLOW));
	world_done(&w);
}

/* What happens to the flow, while the stream is ready and inside a handshake. */
static void the_end_of_the_flow_says_how_it_came(void **state)
{
	static const struct tls_facts tls = { .failure = TLS_FAILURE_ALERT };
	static const struct {
		struct fact in;
		const char *ready, *in_tls;
		bool closes;
	} rows[] = {
		{ { .type = FACT_FLOW_EOF, .step = FLOW_STEP_OPEN },
			"DOWN eof flow-eof err=0 closed the connection ended\n",
			"DOWN eof flow-eof err=0\n", true },
		{ { .type = FACT_FLOW_FAILED, .step = FLOW_STEP_OPEN, .err = 104 },
			"DOWN flow flow-failed err=104 closed the connection ended\n",
			"DOWN flow flow-failed err=104\n", false },
		{ { .type = FACT_FLOW_FAILED, .step = FLOW_STEP_TLS, .tls = &tls },
			"DOWN flow flow-failed err=0 tls\n", "DOWN flow flow-failed err=0 tls\n",
			false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fact in = rows[i].in;
		const struct xhost_cfg a = client();

		begin_ready();
		in.flow = xhost_flow(w.a.h);
		side_push(&w.a, in);
		assert_string_equal(w.a.log, rows[i].ready);
		world_run(&w);
		assert_int_equal(find_want(&w.a, WANT_CLOSE_FLOW) != NULL, rows[i].closes);
		world_done(&w);

		begin(&a, NULL, plain_zone, COUNT(plain_zone));
		world_connects(&w);
		push_text(&w.a, STARTTLS);
		assert_true(xhost_is_in_tls(w.a.h));
		w.a.n_log = 0;
		side_push(&w.a, (struct fact){ .type = in.type,
					.flow = w.a.flow,
					.step = in.step,
					.err = in.err,
					.tls = in.tls });
		assert_string_equal(w.a.log, rows[i].in_tls);
		world_done(&w);
	}
}

/* What came in front of the end is still handed out. */
static void stanzas_in_front_of_the_end_are_not_lost(void **state)
{
	(void)state;
	begin_ready();
	send_stanzas(&w.a, "<message from='litware.test' to='d.test' id='1'/>");
	assert_true(side_take(&w.a));
	xhost_hang_up(w.a.h);
	world_run(&w);
	assert_string_equal(
		w.b.log, "STANZA 1\nDOWN eof flow-eof err=0 closed the connection ended\n");
	world_done(&w);
}

static void leave_by_close(struct side *s)
{
	xhost_close(s->h, s->w->now);
}

static void leave_by_hang_up(struct side *s)
{
	xhost_hang_up(s->h);
}

static void leave_by_drop(struct side *s)
{
	xhost_drop(s->h);
}

static void leave_for_good(struct side *s)
{
	xhost_drop(s->h);
	s->h = xhost_free(s->h);
}

/* Bytes are read as events are taken: what the owner does at one of them comes before the next. */
static void whoever_leaves_at_an_event_hears_of_nothing_behind_it(void **state)
{
	static const struct {
		void (*acts)(struct side *s);
		const char *log;
		bool last;
	} rows[] = {
		{ leave_by_close, "STANZA 1\nSTANZA 2\nDOWN closed none \n", true },
		{ leave_by_hang_up, "STANZA 1\n", false },
		{ leave_by_drop, "STANZA 1\n", false },
		{ leave_for_good, "STANZA 1\n", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin_ready();
		w.b.acts_at = "STANZA 1\n";
		w.b.acts = rows[i].acts;
		w.b.n_sent = w.b.read = 0;
		w.b.sent[0] = '\0';
		send_two(&w.a);
		assert_string_equal(w.b.log, rows[i].log);
		assert_string_equal(w.b.sent, rows[i].last ? "</stream:stream>" : "");
		assert_int_equal(find_want(&w.b, WANT_DROP_FLOW) != NULL, i > 1);
		assert_int_equal(find_want(&w.b, WANT_CLOSE_FLOW) != NULL, i < 2);
		world_done(&w);
	}
}

static void write_and_hang_up(struct side *s)
{
	send_stanzas(s, "<message from='d.test' to='litware.test' id='3'/>");
	xhost_hang_up(s->h);
}

static void hanging_up_lets_go_out_what_was_written(void **state)
{
	(void)state;
	begin_ready();
	w.b.acts_at = "STANZA 1\n";
	w.b.acts = write_and_hang_up;
	send_two(&w.a);
	assert_string_equal(w.b.log, "STANZA 1\n");
	assert_string_equal(
		w.a.log, "STANZA 3\nDOWN eof flow-eof err=0 closed the connection ended\n");
	world_done(&w);
}

static void connect_again(struct side *s)
{
	xhost_connect(s->h);
}

static void an_owner_may_connect_again_at_the_end(void **state)
{
	(void)state;
	begin_ready();
	const flow_t first = xhost_flow(w.a.h);
	w.a.acts_at = "DOWN flow flow-failed err=104 closed the connection ended\n";
	w.a.acts = connect_again;
	xhost_drop(w.b.h);
	world_run(&w);
	assert_true(xhost_is_ready(w.a.h) && xhost_is_ready(w.b.h));
	assert_true(xhost_flow(w.a.h) > first);
	world_done(&w);
}

static void whoever_waits_too_long_gives_up(void **state)
{
	const struct xhost_cfg a = client();

	(void)state;
	begin(&a, NULL, plain_zone, COUNT(plain_zone));
	assert_int_equal(xhost_deadline(w.a.h), TS_NEVER);
	world_connects(&w);
	assert_int_equal(xhost_deadline(w.a.h), w.now + TS_S(10));
	side_push_time(&w.a, w.now + TS_S(10) - 1);
	assert_true(!xhost_is_over(w.a.h));
	side_push_time(&w.a, w.now + 1);
	assert_non_null(strstr(w.a.log, "DOWN stream timeout the stream header\n"));
	assert_int_equal(xhost_deadline(w.a.h), TS_NEVER);
	world_done(&w);
}

/* ---- facts ---- */

static void a_full_flow_is_known_until_there_is_room(void **state)
{
	(void)state;
	begin_ready();
	side_push(&w.a, (struct fact){ .type = FACT_FLOW_BLOCKED, .flow = xhost_flow(w.a.h) });
	assert_true(xhost_is_blocked(w.a.h) && !xhost_is_blocked(w.b.h));
	side_push(&w.a, (struct fact){ .type = FACT_FLOW_READY, .flow = xhost_flow(w.a.h) });
	assert_false(xhost_is_blocked(w.a.h));

	/* The next connection is another one. */
	side_push(&w.a, (struct fact){ .type = FACT_FLOW_BLOCKED, .flow = xhost_flow(w.a.h) });
	xhost_drop(w.a.h);
	world_run(&w);
	world_connects(&w);
	assert_true(xhost_is_ready(w.a.h) && !xhost_is_blocked(w.a.h));
	world_done(&w);
}

static void facts_of_others_change_nothing(void **state)
{
	const struct dns_answer none = { .status = DNS_NXDOMAIN };
	const struct fact rows[] = {
		{ .type = FACT_FLOW_EOF, .flow = 77 },
		{ .type = FACT_FLOW_BYTES, .flow = 0, .bytes = SLICE("</stream:stream>") },
		{ .type = FACT_DNS, .dns_id = 1000, .dns = &none },
		{ .type = FACT_DNS, .dns_id = 0, .dns = &none },
		{ .type = FACT_CLOCK },
		{ .type = FACT_STOP },
		{ .type = FACT_DATAGRAM },
		{ .type = FACT_FLOW_ACCEPTED, .flow = 1 },
		/* Of its own flow, but not at this time. */
		{ .type = FACT_TLS_UP, .flow = 1, .tls = &w.tls },
		{ .type = FACT_FLOW_UP, .flow = 1 },
	};

	(void)state;
	begin_ready();
	assert_int_equal(xhost_flow(w.a.h), 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(xhost_is_for(w.a.h, &rows[i]), i >= COUNT(rows) - 2);
		side_push(&w.a, rows[i]);
	}
	world_run(&w);
	assert_string_equal(w.a.log, "");
	assert_true(xhost_is_ready(w.a.h));
	world_done(&w);
}

/* Each connecting has a block of ids: answers to the last one's questions are nobody's. */
static void answers_that_come_too_late_are_nobodys(void **state)
{
	static const struct world_record late[] = { { DOMAIN, DNS_A, "192.0.2.1", 0, 0, DNS_OK,
		true } };

	(void)state;
	begin_client(late, COUNT(late));
	world_connects(&w);
	assert_int_equal(w.n_questions, 1);
	const struct want first = w.questions[0];
	const struct fact in = { .type = FACT_DNS, .dns_id = first.dns_id };
	assert_true(xhost_is_for(w.a.h, &in));
	xhost_drop(w.a.h);
	assert_false(xhost_is_for(w.a.h, &in));
	assert_false(xhost_is_for(w.a.h, &(struct fact){ .type = FACT_FLOW_BYTES }));
	world_connects(&w);
	assert_false(xhost_is_for(w.a.h, &in));
	assert_int_equal(w.n_questions, 2);
	assert_true(w.questions[1].dns_id > first.dns_id);
	const struct want second = w.questions[1];
	world_answer_late(&w);
	world_run(&w);
	assert_true(xhost_is_ready(w.a.h));
	/* What is asked is asked for one connection. */
	assert_false(
		xhost_is_for(w.a.h, &(struct fact){ .type = FACT_DNS, .dns_id = second.dns_id }));
	world_done(&w);
}

static void nothing_of_a_connection_is_left_for_the_next(void **state)
{
	const struct xhost_cfg a = client();

	(void)state;
	begin(&a, NULL, two_hosts, COUNT(two_hosts));
	world_connects(&w);
	push_text(&w.a, STARTTLS);
	assert_true(xhost_is_in_tls(w.a.h));
	xhost_drop(w.a.h);
	assert_false(xhost_is_in_tls(w.a.h));
	world_run(&w);

	/* Not the handshake, and not the failure of the first target. */
	w.refusing[0] = "192.0.2.1:5222";
	world_connects(&w);
	assert_false(xhost_is_in_tls(w.a.h));
	w.a.n_log = 0;
	push_text(&w.a, "<stream:stream xmlns:stream='" NS_STREAM "' xmlns='" NS_CLIENT
			"' version='1.0'></stream:stream>");
	assert_string_equal(w.a.log, "OPENED\nDOWN stream closed the other side closed the stream "
				     "while awaiting stream features\n");
	world_done(&w);
}

/* Whoever does not answer what the stream asks for loses what came behind it, and no more. */
static void what_waits_for_the_owner_is_lost_with_its_push(void **state)
{
	static const char text[] = "<stream:stream xmlns:stream='" NS_STREAM
				   "' xmlns='jabber:component:accept' to='litware.test'>"
				   "<handshake>";
	const struct xhost_cfg a = component_server();
	char *bytes = mem_strdup(text);

	(void)state;
	begin(&a, NULL, NULL, 0);
	xhost_attach(w.a.h, 9, w.now);
	w.a.is_silent = true;
	for (unsigned i = 0; i < 2; i++)
		side_push(&w.a,
			(struct fact){
				.type = FACT_FLOW_BYTES, .flow = 9, .bytes = slice_str(bytes) });
	mem_free(bytes);
	assert_string_equal(xhost_state_name(w.a.h), "the secret");
	xstream_push_secret(xhost_stream(w.a.h), SLICE("open sesame"), w.now);
	side_push_time(&w.a, w.now + 1);
	assert_string_equal(xhost_state_name(w.a.h), "the handshake");
	assert_string_equal(w.a.log, "OPENED\n");
	world_done(&w);
}

static void whoever_leaves_hears_of_nothing_in_front_of_it_either(void **state)
{
	const struct xhost_cfg a = component("open sesame");

	(void)state;
	begin(&a, NULL, NULL, 0);
	xhost_connect(w.a.h);
	xhost_drop(w.a.h);
	side_drain(&w.a);
	assert_string_equal(w.a.log, "");
	world_done(&w);
}

/* ---- memory ---- */

/* The world's own texts allocate too, and nothing comes of that: only where none fails any more
 * there are many in a row. */
static void every_allocation_may_fail(void **state)
{
	const struct xhost_cfg a = client(), b = client_server();
	unsigned ready = 0;

	(void)state;
	for (long n = 0; ready < 10; n++) {
		mem_fail_after(n);
		int err = world_init(&w, &a, &b, two_hosts, COUNT(two_hosts));
		w.account = &account;
		w.refusing[0] = "192.0.2.1:5222";
		if (!err)
			world_connects(&w);
		mem_fail_after(-1);
		assert_true(!err || err == -ENOMEM);
		ready = !err && xhost_is_ready(w.a.h) && xhost_is_ready(w.b.h) ? ready + 1 : 0;
		if (!err && !ready)
			assert_true(xhost_is_over(w.a.h) || xhost_is_over(w.b.h));
		world_done(&w);
	}
}

/* What the first connecting needs is there with the host. */
static void memory_may_run_out_between_two_connections(void **state)
{
	(void)state;
	begin_ready();
	xhost_drop(w.a.h);
	mem_fail_after(0);
	world_connects(&w);
	mem_fail_after(-1);
	assert_string_equal(w.a.log, "DOWN internal\n");
	world_done(&w);
}

static int make_account(void **state)
{
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 1);
	return sasl_secret_make(&account, SLICE("correct horse"), SASL_ITERATIONS_MIN, &rng);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_finds_its_server_and_signs_in),
		cmocka_unit_test(a_component_logs_in_at_an_address_without_a_question),
		cmocka_unit_test(direct_tls_begins_with_the_handshake),
		cmocka_unit_test(who_looks_as_a_server_on_a_flow_of_its_owner_says_so),
		cmocka_unit_test(targets_that_refuse_are_passed_over),
		cmocka_unit_test(the_last_failure_ends_it_and_the_next_connecting_asks_anew),
		cmocka_unit_test(what_is_still_asked_is_waited_for_behind_a_failure),
		cmocka_unit_test(a_name_that_leads_nowhere_says_which_answer_decided),
		cmocka_unit_test(the_latest_question_is_known_until_it_is_answered),
		cmocka_unit_test(a_name_that_is_none_is_told_before_anybody_waits),
		cmocka_unit_test(last_words_go_out_in_front_of_the_end_of_the_flow),
		cmocka_unit_test(a_stream_is_closed_by_both),
		cmocka_unit_test(closing_before_it_is_ready_ends_it_at_once),
		cmocka_unit_test(the_end_of_the_flow_says_how_it_came),
		cmocka_unit_test(stanzas_in_front_of_the_end_are_not_lost),
		cmocka_unit_test(whoever_leaves_at_an_event_hears_of_nothing_behind_it),
		cmocka_unit_test(hanging_up_lets_go_out_what_was_written),
		cmocka_unit_test(an_owner_may_connect_again_at_the_end),
		cmocka_unit_test(whoever_waits_too_long_gives_up),
		cmocka_unit_test(a_full_flow_is_known_until_there_is_room),
		cmocka_unit_test(facts_of_others_change_nothing),
		cmocka_unit_test(answers_that_come_too_late_are_nobodys),
		cmocka_unit_test(nothing_of_a_connection_is_left_for_the_next),
		cmocka_unit_test(what_waits_for_the_owner_is_lost_with_its_push),
		cmocka_unit_test(whoever_leaves_hears_of_nothing_in_front_of_it_either),
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(memory_may_run_out_between_two_connections),
	};

	return cmocka_run_group_tests(tests, make_account, NULL);
}

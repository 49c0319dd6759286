/* Links alone: what they take and what they tell.  The server is an accepting stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gateway/drops.h"
#include "gateway/links.h"
#include "gateway/peers.h"
#include "short_ids.h"

enum { ITEMS = 8, TEXT = 4096 };

static struct {
	struct shell shell;
	struct rng rng;
	struct gateway_stats stats;
	struct gateway_cfg cfg;
	struct ids ids;
	struct drops drops;
	struct peers peers;
	struct lent lent;
	flow_t last_flow, flow; /* the last that was wanted */
	uint32_t last_dns;
	struct links *links;
	struct link *l;
	struct xstream *server; /* NULL: what goes to it is taken, and read by nobody */
	bool is_stuck;          /* the driver takes nothing of what goes to it */
	bool no_room;           /* for what may wait */
	ts_t now;
	struct proof_item items[ITEMS];
	char events[TEXT]; /* of the links, a word each, and the lines of log */
	char wants[TEXT];
	char got[TEXT]; /* by the server */
} t;

static const struct addr peer = { .family = 4, .port = 5347, .ip = { 127, 0, 0, 1 } };

__attribute__((format(printf, 2, 3))) static void note(char *all, const char *fmt, ...)
{
	const size_t n = strlen(all);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(all + n, TEXT - n, fmt, ap);
	va_end(ap);
}

/* What was noted since the last call. */
static void assert_noted(char *all, const char *want)
{
	assert_string_equal(all, want);
	all[0] = '\0';
}

/* ---- the world ---- */

static void take_events(void)
{
	static const char *const names[] = { [LINK_EV_PROVEN] = "proven",
		[LINK_EV_UNPROVEN] = "unproven",
		[LINK_EV_LOST] = "lost",
		[LINK_EV_STANZA] = "stanza" };
	struct link_event ev;
	struct shell_event line;

	while (links_take_event(t.links, !t.no_room, &ev, t.now)) {
		note(t.events, "%s", names[ev.type]);
		if (ev.type == LINK_EV_PROVEN || ev.type == LINK_EV_LOST)
			note(t.events, "%u", (unsigned)ev.ref);
		if (ev.type == LINK_EV_STANZA)
			note(t.events, ":%.*s", SLICE_FMT(ev.stanza->id));
		note(t.events, " ");
	}
	while (shell_take_event(&t.shell, &line))
		note(t.events, "[%s] ", line.log);
}

static void take_wants(void)
{
	struct want w;
	char text[ADDR_TEXT_MAX];

	while (outbox_take_want(&t.shell.out, &w)) {
		note(t.wants, "%s", want_type_name(w.type));
		if (w.type == WANT_DNS)
			note(t.wants, ":%s:%s", w.name, dns_type_name(w.dns_type));
		if (w.type == WANT_FLOW) {
			note(t.wants, ":%s", addr_text(&w.addr, text));
			t.flow = w.flow;
		}
		note(t.wants, " ");
	}
}

static void note_got(const struct xml_node *node)
{
	char id[256];

	snprintf(id, sizeof(id), "id='%.*s'", SLICE_FMT(xml_attr(node, "id")));
	shorten_ids(&t.ids, id);
	id[strlen(id) - 1] = '\0';
	note(t.got, "%.*s:%s ", SLICE_FMT(node->name), id + 4);
}

static void server_reads(struct slice bytes)
{
	struct xstream_event ev;

	xstream_push_bytes(t.server, bytes, t.now);
	while (xstream_take_event(t.server, &ev)) {
		if (ev.type == XSTREAM_EV_WANT_SECRET)
			xstream_push_secret(t.server, SLICE("s3cret"), t.now);
		if (ev.type == XSTREAM_EV_STANZA)
			note_got(ev.node);
	}
}

static void push(struct fact in);

static void drain(void)
{
	struct output out;
	struct slice bytes;

	take_events();
	while (!t.is_stuck &&
		(outbox_take_output(&t.shell.out, &out) || links_take_output(t.links, &out)))
		if (t.server)
			server_reads(out.bytes);
	take_wants();
	if (t.server && xstream_take_output(t.server, &bytes))
		push((struct fact){ .type = FACT_FLOW_BYTES, .flow = t.flow, .bytes = bytes });
}

static void push(struct fact in)
{
	in.local = in.peer = &peer;
	shell_begin(&t.shell);
	assert_true(links_push(t.links, &in, t.now));
	drain();
}

static void wake(void)
{
	shell_begin(&t.shell);
	links_push_time(t.links, t.now);
	drain();
}

static void flow_fact(enum fact_type type, int err)
{
	push((struct fact){ .type = type, .flow = t.flow, .err = err });
}

static void dns_fact(uint32_t id, enum dns_type type, unsigned n)
{
	const struct dns_record records[] = {
		{ .type = type,
			.addr = { .family = type == DNS_A ? 4 : 6, .ip = { 192, 0, 2, 1 } } },
		{ .type = type,
			.addr = { .family = type == DNS_A ? 4 : 6, .ip = { 192, 0, 2, 2 } } },
	};
	const struct dns_answer answer = {
		.status = n ? DNS_OK : DNS_NODATA, .records = records, .n_records = n
	};

	push((struct fact){ .type = FACT_DNS, .dns_id = id, .dns = &answer });
}

/* ---- life ---- */

static int set_up(void **state)
{
	const struct shell_limits limits = { 1 << 20, 64, 64, 64 << 10 };

	(void)state;
	memset(&t, 0, sizeof(t));
	t.now = TS_S(1000);
	rng_init_number(&t.rng, 1);
	assert_int_equal(shell_init(&t.shell, &limits), 0);
	t.cfg = (struct gateway_cfg){ .component_name = "litware.test",
		.component_secret = SLICE("s3cret"),
		.server_host = "127.0.0.1",
		.server_port = 5347,
		.window = TS_MS(300) };
	ids_init(&t.ids, &t.rng);
	t.lent = (struct lent){ .shell = &t.shell,
		.rng = &t.rng,
		.stats = &t.stats,
		.ids = &t.ids,
		.drops = &t.drops,
		.peers = &t.peers,
		.cfg = &t.cfg,
		.last_flow = &t.last_flow,
		.last_dns = &t.last_dns };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	t.links = links_free(t.links);
	t.server = xstream_free(t.server);
	shell_done(&t.shell);
	return 0;
}

static void start(void)
{
	assert_int_equal(links_new(&t.links, &t.lent, t.now), 0);
	t.l = links_at(t.links, 0);
	drain();
}

static void connect_server(void)
{
	const struct xstream_cfg cfg = { .role = XSTREAM_ACCEPT_COMPONENT,
		.tls = XSTREAM_TLS_NONE };

	assert_int_equal(xstream_new(&t.server, &cfg, &t.rng, t.now), 0);
	flow_fact(FACT_FLOW_UP, 0);
	assert_int_equal(links_take(t.links), LINK_TAKES);
}

static void start_connected(void)
{
	start();
	connect_server();
	assert_noted(t.events, "[xmpp up component=litware.test] ");
	assert_noted(t.wants, "flow:127.0.0.1:5347 ");
}

/* Message number i, which the server gets at the end of the push. */
static void send_message(unsigned i)
{
	struct proof_domain *d = link_domain(t.l, SLICE("contoso.test"));
	struct buf *b = link_begin(t.l);

	assert_non_null(d);
	assert_non_null(b);
	buf_printf(b, "<message from='litware.test' to='a@contoso.test' id='m%u'/>", i);
	assert_int_equal(link_commit_message(t.l, &t.items[i], i, d, t.now), 0);
}

static void server_writes(const char *stanzas)
{
	struct buf *b = xstream_begin(t.server);

	assert_non_null(b);
	buf_puts(b, stanzas);
	assert_int_equal(xstream_commit(t.server, t.now), 0);
	shell_begin(&t.shell);
	drain();
}

static void break_stream(void)
{
	t.server = xstream_free(t.server);
	flow_fact(FACT_FLOW_FAILED, ECONNRESET);
}

/* The next connection is wanted. */
static void until_connect(void)
{
	for (t.wants[0] = '\0'; !t.wants[0]; wake()) {
		const ts_t at = links_deadline(t.links);

		assert_true(at != TS_NEVER);
		t.now = at > t.now ? at : t.now;
	}
}

/* Of the first ping, and then `more`. */
static const char *pong_and(const char *more)
{
	static char text[TEXT];
	char id[IDS_TEXT + 1];

	snprintf(text, TEXT, "<iq from='contoso.test' to='litware.test' type='result' id='%s'/>%s",
		long_id(&t.ids, "p1", id), more);
	return text;
}

#define LOST_LOG                                                                                   \
	"[xmpp down server=127.0.0.1 port=5347 cause=closed text=\"the connection ended\"] "

/* ---- what it tells ---- */

static void it_takes_messages_when_it_is_up(void **state)
{
	(void)state;
	start();
	assert_int_equal(link_takes(t.l), LINK_DOWN);
	assert_null(link_begin(t.l));
	connect_server();
	assert_noted(t.events, "[xmpp up component=litware.test] ");
	assert_int_equal(link_takes(t.l), LINK_TAKES);
	send_message(1);
	wake();
	assert_noted(t.got, "message:m1 iq:p1 ");
	server_writes(pong_and(""));
	assert_noted(t.events, "proven1 ");
}

static void a_lost_stream_loses_what_was_not_shown(void **state)
{
	(void)state;
	start_connected();
	send_message(1);
	wake();
	send_message(2);
	send_message(3);
	server_writes(pong_and(""));
	proof_forget(&t.items[2]);
	break_stream();
	assert_noted(t.events, "proven1 lost3 " LOST_LOG);
	assert_int_equal(link_takes(t.l), LINK_DOWN);
	assert_int_equal(t.stats.reconnects, 1);
	until_connect();
	connect_server();
	assert_noted(t.events, "[xmpp up component=litware.test] ");
	/* A connection that was none has nothing to lose. */
	break_stream();
	t.events[0] = '\0';
	until_connect();
	flow_fact(FACT_FLOW_FAILED, ECONNREFUSED);
	assert_noted(t.events,
		"[xmpp down server=127.0.0.1 port=5347 cause=\"connection refused\" attempts=2] ");
}

static void what_is_shown_counts_before_what_comes_behind_it(void **state)
{
	(void)state;
	start_connected();
	send_message(1);
	wake();
	server_writes(pong_and("<message from='a@contoso.test' type='error' id='m1'/>"));
	assert_noted(t.events, "proven1 stanza:m1 ");
}

/* The error is about a message whose answer was not given yet. */
static void without_room_stanzas_come_nevertheless(void **state)
{
	(void)state;
	start_connected();
	send_message(1);
	send_message(2);
	wake();
	t.no_room = true;
	server_writes(pong_and("<message from='a@contoso.test' type='error' id='m1'/>"));
	assert_noted(t.events, "stanza:m1 ");
	proof_forget(&t.items[1]);
	assert_int_equal(links_deadline(t.links), 0);
	t.no_room = false;
	wake();
	assert_noted(t.events, "proven2 ");
	assert_true(links_deadline(t.links) > t.now);
}

/* It is an address for the server: whoever asked hears of it, from the domain. */
static void an_address_that_is_none_here_is_answered_by_its_domain(void **state)
{
	static const struct {
		const char *stanza, *got;
	} cases[] = {
		{ "<iq from='a@contoso.test' id='1' to='\u00ad@litware.test' type='get'><x "
		  "xmlns='y'/></iq>",
			"iq:1 " },
		{ "<iq from='a@contoso.test' id='1' to='a b@elsewhere.test' type='get'><x "
		  "xmlns='y'/></iq>",
			"" },
	};

	(void)state;
	start_connected();
	for (size_t i = 0; i < COUNT(cases); i++) {
		server_writes(cases[i].stanza);
		assert_noted(t.got, cases[i].got);
	}
	assert_int_equal(t.stats.xmpp_dropped, 1);
}

#define MANY           "<a/><a/><a/><a/><a/><a/><a/><a/><a/><a/><a/><a/><a/><a/><a/><a/>"
#define DEEP           "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>"
#define BACK           "</a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a>"
#define OVER           DEEP DEEP MANY BACK BACK
#define WRONG(cause)   "[xmpp wrong-stanza from=a@contoso.test cause=\"" cause "\" n=1] "
#define DROPPED(cause) "[xmpp needs-no-answer from=a@contoso.test cause=\"" cause "\" n=1] "

static void only_messages_go_up(void **state)
{
	static const struct {
		const char *stanza, *events, *got;
	} cases[] = {
		{ "<message from='a@contoso.test' id='1'/>", "stanza:1 ", "" },
		{ "<message from='a@contoso.test' id='1' type='error'/>", "stanza:1 ", "" },
		{ "<message from='a@contoso.test' id='1' to='x@elsewhere.test'/>", "stanza:1 ",
			"" },
		{ "<presence from='a@contoso.test' id='1'/>",
			DROPPED("presence that needs no answer"), "" },
		{ "<iq from='a@contoso.test' id='1' to='litware.test' type='result'/>",
			DROPPED("a reply that nobody asked for"), "" },
		{ "<iq from='a@contoso.test' id='1' to='litware.test' type='get'><x "
		  "xmlns='y'/></iq>",
			"", "iq:1 " },
		{ "<iq from='a@contoso.test' id='1' to='elsewhere.test' type='get'><x "
		  "xmlns='y'/></iq>",
			WRONG("an iq to a domain that is not ours"), "" },
		{ "<iq from='b@contoso.test' id='1' to='elsewhere.test' type='result'/>",
			"[xmpp needs-no-answer from=b@contoso.test cause=\"a reply that nobody "
			"asked for\" "
			"n=1] ",
			"" },
		{ "<presence from='a@contoso.test' id='1' to='elsewhere.test' type='subscribe'/>",
			WRONG("presence to a domain that is not ours"), "" },
		{ "<other from='a@contoso.test' id='1' to='litware.test'/>",
			WRONG("an element that is no stanza"), "" },
		{ "<presence from='a@contoso.test' id='1' to='a@litware.test' "
		  "type='subscribe'>" OVER "</presence>",
			"", "presence:1 " },
		{ "<message from='a@contoso.test' id='1' to='litware.test'>" OVER "</message>", "",
			"message:1 " },
		{ "<message from='a@contoso.test' id='1' to='elsewhere.test'>" OVER "</message>",
			WRONG("a message to a domain that is not ours"), "" },
		{ "<iq from='c@contoso.test' id='1' to='elsewhere.test' type='get'>" OVER "</iq>",
			"[xmpp wrong-stanza from=c@contoso.test cause=\"an iq to a domain that is "
			"not "
			"ours\" n=1] ",
			"" },
		{ "<message from='a@contoso.test' id='1' to='litware.test' type='error'>" OVER
		  "</message>",
			"stanza:1 ", "" },
	};

	(void)state;
	start_connected();
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("case: %s\n", cases[i].stanza);
		server_writes(cases[i].stanza);
		assert_noted(t.events, cases[i].events);
		assert_noted(t.got, cases[i].got);
	}
	assert_int_equal(t.stats.xmpp_refused, 1);
	assert_int_equal(t.stats.xmpp_silent, 3);
	assert_int_equal(t.stats.xmpp_dropped, 5);
}

static void an_answer_without_room_is_told(void **state)
{
	static const char iq[] = "<iq from='a@contoso.test' id='1' to='litware.test' type='get'>"
				 "<x xmlns='y'/></iq>";
	static const char cut[] =
		"<message from='a@contoso.test' id='1' to='litware.test'>" OVER "</message>";
	struct buf *b;

	(void)state;
	start_connected();
	t.is_stuck = true;
	while ((b = link_begin(t.l))) {
		for (unsigned i = 0; i < 1000; i++)
			buf_puts(b, "<message/>");
		assert_int_equal(link_commit(t.l, t.now), 0);
	}
	server_writes(iq);
	assert_noted(t.events, "[xmpp not-told from=a@contoso.test cause=\"an answer for which the "
			       "stream had no room\" n=1] ");
	server_writes(cut);
	assert_noted(t.events, ""); /* one line a minute */
	assert_int_equal(t.stats.xmpp_dropped, 2);
	assert_int_equal(t.stats.xmpp_refused, 0);
}

/* ---- what it takes ---- */

static void a_blocked_flow_takes_answers_only(void **state)
{
	(void)state;
	start_connected();
	flow_fact(FACT_FLOW_BLOCKED, 0);
	assert_int_equal(link_takes(t.l), LINK_FULL);
	assert_non_null(link_begin(t.l));
	assert_int_equal(links_take(t.links), LINK_FULL);
	flow_fact(FACT_FLOW_READY, 0);
	assert_int_equal(link_takes(t.l), LINK_TAKES);
}

static void an_output_that_was_full_has_room_when_it_is_taken(void **state)
{
	struct buf *b;

	(void)state;
	start_connected();
	t.is_stuck = true;
	t.server = xstream_free(t.server);
	while ((b = link_begin(t.l))) {
		assert_int_equal(link_takes(t.l), LINK_TAKES);
		for (unsigned i = 0; i < 1000; i++)
			buf_puts(b, "<message/>");
		assert_int_equal(link_commit(t.l, t.now), 0);
	}
	assert_int_equal(link_takes(t.l), LINK_FULL);
	t.is_stuck = false;
	wake();
	assert_int_equal(link_takes(t.l), LINK_TAKES);
}

static void what_was_not_written_is_not_waited_for(void **state)
{
	struct buf *b;

	(void)state;
	start_connected();
	b = link_begin(t.l);
	for (unsigned i = 0; i < 60000; i++)
		buf_puts(b, "<message/>");
	assert_int_equal(link_commit_message(t.l, &t.items[0], 0,
				 link_domain(t.l, SLICE("contoso.test")), t.now),
		-EMSGSIZE);
	proof_forget(&t.items[0]);
	break_stream();
	assert_noted(t.events, LOST_LOG);
}

/* ---- where the server is ---- */

static void every_address_is_tried_before_the_pause(void **state)
{
	(void)state;
	snprintf(t.cfg.server_host, sizeof(t.cfg.server_host), "xmpp.litware.test");
	start();
	assert_noted(t.wants, "dns:xmpp.litware.test:A dns:xmpp.litware.test:AAAA ");
	dns_fact(2, DNS_AAAA, 1);
	assert_noted(t.wants, "");
	dns_fact(1, DNS_A, 2);
	assert_noted(t.wants, "flow:192.0.2.1:5347 ");
	flow_fact(FACT_FLOW_FAILED, ECONNREFUSED);
	assert_noted(t.wants, "flow:192.0.2.2:5347 ");
	flow_fact(FACT_FLOW_FAILED, ECONNREFUSED);
	assert_noted(t.wants, "flow:[c000:201::]:5347 ");
	assert_noted(t.events, "");
	flow_fact(FACT_FLOW_FAILED, ENETUNREACH);
	assert_noted(t.events, "[xmpp down server=xmpp.litware.test port=5347 "
			       "cause=\"network is unreachable\"] ");
	assert_in_range(links_deadline(t.links), t.now + TS_MS(750), t.now + TS_MS(1250));
}

static void facts_of_others_are_not_theirs(void **state)
{
	const struct fact facts[] = {
		{ .type = FACT_FLOW_UP, .flow = 77 },
		{ .type = FACT_DNS, .dns_id = 4711 },
		{ .type = FACT_LISTEN_UP, .listener = 1 },
	};

	(void)state;
	start();
	for (size_t i = 0; i < COUNT(facts); i++)
		assert_false(links_push(t.links, &facts[i], t.now));
	flow_fact(FACT_FLOW_FAILED, ECONNREFUSED);
	for (size_t i = 0; i < COUNT(facts); i++)
		assert_false(links_push(t.links, &facts[i], t.now));
}

/* ---- the end ---- */

static void a_stop_ends_the_stream_in_good_order(void **state)
{
	(void)state;
	start_connected();
	shell_begin(&t.shell);
	links_stop(t.links, t.now);
	assert_int_equal(link_takes(t.l), LINK_DOWN);
	assert_false(links_are_over(t.links));
	drain();
	assert_true(links_are_over(t.links));
	assert_noted(t.events, "[xmpp down server=127.0.0.1 port=5347 "
			       "cause=\"the gateway is stopping\"] ");
	assert_noted(t.wants, "close-flow ");
	assert_int_equal(links_deadline(t.links), TS_NEVER); /* it does not come back */
}

static void a_stop_waits_for_no_connection(void **state)
{
	(void)state;
	start();
	links_stop(t.links, t.now);
	assert_true(links_are_over(t.links));
	flow_fact(FACT_FLOW_FAILED, ECONNREFUSED);
	assert_int_equal(links_deadline(t.links), TS_NEVER);
}

/* Without the link there is no gateway; without memory for a connection there is a later one. */
static void memory_may_be_out(void **state)
{
	int err = -ENOMEM;

	(void)state;
	for (int n = 0; err; n++) {
		mem_fail_after(n);
		err = links_new(&t.links, &t.lent, t.now);
		mem_fail_after(-1);
		assert_true(n < 100 && (!err || err == -ENOMEM));
	}
	assert_true(links_deadline(t.links) != TS_NEVER);
	drain();
	assert_noted(t.events, "[xmpp down server=127.0.0.1 port=5347 cause=\"out of memory\"] ");
	until_connect();
	connect_server();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_takes_messages_when_it_is_up),
		TEST(a_lost_stream_loses_what_was_not_shown),
		TEST(what_is_shown_counts_before_what_comes_behind_it),
		TEST(without_room_stanzas_come_nevertheless),
		TEST(an_address_that_is_none_here_is_answered_by_its_domain),
		TEST(only_messages_go_up),
		TEST(an_answer_without_room_is_told),
		TEST(a_blocked_flow_takes_answers_only),
		TEST(an_output_that_was_full_has_room_when_it_is_taken),
		TEST(what_was_not_written_is_not_waited_for),
		TEST(every_address_is_tried_before_the_pause),
		TEST(facts_of_others_are_not_theirs),
		TEST(a_stop_ends_the_stream_in_good_order),
		TEST(a_stop_waits_for_no_connection),
		TEST(memory_may_be_out),
	};

	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}

/* The report of a sweep: what it says, in 80 columns, and as the object that its schema lists. */
#include <jansson.h>

#include "../probe/sweep_world.h"
#include "base/str.h"
#include "report/check.h"
#include "schema.h"

static const struct sweep_cfg partner_cfg = {
	.side = SWEEP_PARTNER, .name = SLICE(PARTNER), .timeout = TS_S(30), .row_timeout = TS_S(5)
};

static const char *text_of(struct buf *b, const struct report_check *check)
{
	buf_clear(b);
	assert_int_equal(report_check_text(b, check), 0);
	return buf_cstr(b);
}

static json_t *json_of(struct buf *b, const struct report_check *check)
{
	json_error_t why;

	buf_clear(b);
	assert_int_equal(report_check_json(b, check), 0);
	json_t *o = json_loads(buf_cstr(b), JSON_REJECT_DUPLICATES, &why);
	if (!o)
		fail_msg("%s: %s", why.text, buf_cstr(b));
	return o;
}

static void has(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("`%s` is missing in:\n%s", what, text);
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
		n++;
	return n;
}

/* ---- a zone with a bit of everything ---- */

static const struct world_record zone[] = {
	NAPTR(POOL, 10, "SIPS+D2T", "_sips._tcp." POOL),
	SRV("_sips._tcp." POOL, 10, 60, 5061, "one.litware.test"),
	SRV("_sips._tcp." POOL, 10, 40, 5061, "two.litware.test"),
	SRV("_sips._tcp." POOL, 20, 0, 5061, "three.litware.test"),
	SRV("_sip._udp." POOL, 20, 0, 5060, "one.litware.test"),
	A("one.litware.test", "192.0.2.1"),
	A("two.litware.test", "192.0.2.2"),
	A("three.litware.test", "192.0.2.3"),
};
static const struct world_row peers[] = {
	{ .at = "192.0.2.2", .faults = TLS_FAULT_EXPIRED, .days = -3 },
	{ .at = "192.0.2.3", .peer = PEER_REFUSES },
	{ .at = "192.0.2.1:5060", .peer = PEER_SILENT },
	{ .at = "" },
};

static void the_table_says_which_row_would_be_used_and_why(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	const struct report_check check = { .result = SWEEP(&pool_cfg, zone, peers),
		.style = { .width = 80 } };
	const char *text = text_of(&b, &check);
	has(text, "Pool          : " POOL "\nResult        : FAIL Failure\nWarnings      : 2\n");
	has(text, "  PRIO/WGT  ADDRESS               VIA RESULT                         MS TLS "
		  "DAYS\n");
	has(text, "SIP over TLS: NAPTR 10 -> _sips._tcp." POOL " -> one.litware.test\n"
		  "> 10/60     192.0.2.1:5061        tls ok 200");
	has(text, "1.3   90\n"
		  "            would be used: its NAPTR record, of order 10, comes first; 60 % of\n"
		  "            the connections, by a weight of 60 in 100\n"
		  "            Server: scripted/1\n");
	has(text, "> 10/40     192.0.2.2:5061        tls tls_cert_expired");
	has(text, "  20/0      192.0.2.3:5061        tls tcp_refused");
	has(text, "SIP over UDP: _sip._udp." POOL " -> one.litware.test (not on a test's\nway)\n"
		  "  20/0      192.0.2.1:5060        udp sip_no_answer                5000\n");
	/* Findings: what fails first, its reason, its steps. */
	has(text, "\nFailure       : The certificate of 192.0.2.2:5061 is refused: it has expired\n"
		  "                (subject CN=" POOL ", issuer CN=Test CA).\n"
		  "                [tls_cert_expired in tls]\n"
		  "                The server's certificate has expired.\n"
		  "                1. see its dates:\n"
		  "                   openssl s_client -connect 192.0.2.2:5061 "
		  "-servername " POOL);
	has(text, "\nWarning       : No connection to 192.0.2.3:5061: connection refused.");
	buf_done(&b);
}

static void warnings_alone_are_told_with_what_strict_would_make_of_them(void **state)
{
	static const struct world_row second[] = {
		{ .at = "192.0.2.3", .peer = PEER_REFUSES },
		{ .at = "192.0.2.1:5060", .peer = PEER_REFUSES },
		{ .at = "" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	struct report_check check = { .result = SWEEP(&pool_cfg, zone, second) };
	const char *text = text_of(&b, &check);
	has(text, "Result        : Success\n"
		  "Warnings      : 2; the exit status is 0, with --strict it would be 1\n");
	check.strict = true;
	text = text_of(&b, &check);
	has(text, "Result        : Failure\nWarnings      : 2\n");
	buf_done(&b);
}

static void steps_are_told_once_a_reason(void **state)
{
	static const struct world_row dead[] = { { .at = "", .peer = PEER_REFUSES } };
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	const struct report_check check = { .result = SWEEP(&pool_cfg, zone, dead) };
	const char *text = text_of(&b, &check);
	assert_int_equal(count(text, "\nFailure       : No connection to 192.0.2."), 3);
	assert_int_equal(count(text, "1. is it running there, and on this port?"), 1);
	assert_int_equal(count(text, "[udp_refused in answer]"), 1);
	buf_done(&b);
}

static void every_source_has_its_why(void **state)
{
	static const struct world_record srv[] = {
		SRV("_xmpp-client._tcp." PARTNER, 10, 0, 5222, "a.contoso.test"),
		SRV("_xmpp-client._tcp." PARTNER, 20, 0, 5222, "b.contoso.test"),
		SRV("_xmpp-client._tcp." PARTNER, 20, 0, 5222, "c.contoso.test"),
		A("a.contoso.test", "192.0.2.3"),
		A("b.contoso.test", "192.0.2.4"),
		A("c.contoso.test", "192.0.2.5"),
		A(PARTNER, "192.0.2.6"),
	};
	static const struct world_record sip[] = {
		SRV("_sip._tcp." POOL, 10, 0, 5060, "one.litware.test"),
		A("one.litware.test", "192.0.2.7"),
	};
	struct sweep_cfg cfg = pool_cfg;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	struct report_check check = { .result = SWEEP(&partner_cfg, srv, peers) };
	report_check_put_why(&b, world_row(check.result, "192.0.2.3:5222"), NULL);
	assert_int_equal(buf_len(&b), 0); /* it refuses */
	report_check_put_why(&b, world_row(check.result, "192.0.2.4:5222"), NULL);
	assert_string_equal(buf_cstr(&b),
		"its SRV record, of priority 20, comes first; others, which come before it or are "
		"as likely, cannot be connected to; 50 % of the connections, one of 2 that are as "
		"likely");
	buf_clear(&b);
	report_check_put_why(&b, world_row(check.result, "192.0.2.6:5269"), NULL);
	assert_string_equal(buf_cstr(&b), "there are no SRV records: port 5269 of the name itself");

	buf_clear(&b);
	check.result = SWEEP(&pool_cfg, sip, peers);
	report_check_put_why(&b, world_row(check.result, "192.0.2.7:5060"), NULL);
	assert_string_equal(
		buf_cstr(&b), "no NAPTR record decides, and TLS comes before TCP, TCP before UDP");

	buf_clear(&b);
	cfg.server = SLICE("sip:192.0.2.8");
	check.result = SWEEP(&cfg, sip, peers);
	report_check_put_why(&b, world_row(check.result, "192.0.2.8:5060"), NULL);
	assert_string_equal(buf_cstr(&b), "it is named by hand");
	buf_done(&b);
}

static void more_v_shows_chains_causes_and_the_dns(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	const struct report_check check = {
		.result = SWEEP(&pool_cfg, zone, peers), .style = { .width = 80 }, .verbosity = 1
	};
	const char *text = text_of(&b, &check);
	has(text, "            certificate 0: CN=" POOL "; issuer CN=Test CA; valid\n");
	has(text, "; names " POOL " [expired]\n");
	has(text, "                - It was not renewed.\n");
	has(text, "\nWhat the DNS said (records that can be used, of all):\n");
	has(text, "  " POOL " NAPTR: ok, 1/1 @192.0.2.53:53\n");
	has(text, "  _sips._tcp." POOL " SRV: ok, 3/3 @192.0.2.53:53\n");
	has(text, "  one.litware.test A: ok, 1/1 192.0.2.1 @192.0.2.53:53\n");
	buf_done(&b);
}

/* A stream between servers has another namespace than a client's. */
static void a_server_port_is_looked_at_as_a_server(void **state)
{
	static const struct world_record between[] = {
		SRV("_xmpp-server._tcp." PARTNER, 0, 0, 5269, "xmpp.contoso.test"),
		A("xmpp.contoso.test", "192.0.2.1"),
	};
	static const struct world_row no_tls[] = {
		{ .at = "", .in_clear = "<stream:features/>" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	const struct report_check check = { .result = SWEEP(&partner_cfg, between, no_tls),
		.style = { .width = 80 } };
	has(text_of(&b, &check), "openssl s_client -connect 192.0.2.1:5269 -starttls xmpp-server "
				 "-xmpphost " PARTNER "\n");
	buf_done(&b);
}

/* ---- 80 columns ---- */

#define LABEL_63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const struct world_record wide[] = {
	SRV("_xmpp-client._tcp." PARTNER, 65535, 65535, 65535,
		LABEL_63 "." LABEL_63 "." LABEL_63 ".contoso.test"),
	SRV("_xmpp-server._tcp." PARTNER, 0, 0, 5269, "xmpp.contoso.test"),
	AAAA(LABEL_63 "." LABEL_63 "." LABEL_63 ".contoso.test",
		"2001:db8:1234:5678:9abc:def0:1234:5678"),
	A("xmpp.contoso.test", "192.0.2.1"),
};
static const struct world_row wide_peers[] = {
	{ .at = "[2001",
		.says = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
			"<mechanism>SCRAM-SHA-512-PLUS</mechanism><mechanism>SCRAM-SHA-256-PLUS"
			"</mechanism><mechanism>SCRAM-SHA-1-PLUS</mechanism><mechanism>SCRAM-SHA-1"
			"</mechanism></mechanisms><authentication xmlns='urn:xmpp:sasl:2'>"
			"<mechanism>SCRAM-SHA-512-PLUS</mechanism><mechanism>SCRAM-SHA-256-PLUS"
			"</mechanism></authentication></stream:features>" },
	{ .at = "192.0.2.1",
		.in_clear = "<stream:error><host-unknown "
			    "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>" },
	{ .at = "" },
};

static bool is_command(struct slice line)
{
	line = slice_trim(line);
	return line.n > 3 && ascii_is_digit(line.p[0]) && line.p[1] == '.';
}

/* A name is whole, to be copied, whatever its length. */
static bool is_word(struct slice line)
{
	return slice_chr(slice_trim(line), ' ') >= slice_trim(line).n;
}

static void no_line_but_a_command_is_wider_than_80_columns(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	const struct report_check check = { .result = SWEEP(&partner_cfg, wide, wide_peers),
		.style = { .width = 80 },
		.verbosity = 1 };
	struct slice text = slice_str(text_of(&b, &check));
	while (text.n) {
		const struct slice line = slice_split(&text, '\n');

		if (utf8_count(line) > 80 && !is_command(line) && !is_word(line))
			fail_msg("%zu columns: %.*s", utf8_count(line), SLICE_FMT(line));
	}
	/* Nothing was lost over it. */
	has(buf_cstr(&b), "[2001:db8:1234:5678:9abc:def0:1234:5678]:65535\n");
	has(buf_cstr(&b), "> 65535/65535\n            [2001");
	has(buf_cstr(&b), "SCRAM-SHA-1; SASL2:");
	buf_done(&b);
}

/* ---- languages ---- */

static const char *mark(const char *id)
{
	return strcmp(id, "Pool") == 0           ? "B\xc3\xa4"
	       : strcmp(id, "Result") == 0       ? "R\xc3\xa9sultat"
	       : strcmp(id, "Failure") == 0      ? "\xc3\x89"
						   "chec"
	       : strcmp(id, "SIP over TLS") == 0 ? "SIP sur TLS"
						 : id;
}

static void what_is_for_people_is_looked_up(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	const struct report_check check = { .result = SWEEP(&pool_cfg, zone, peers),
		.look_up = mark };
	const char *text = text_of(&b, &check);
	has(text, "B\xc3\xa4            : " POOL "\nR\xc3\xa9sultat      : \xc3\x89"
		  "chec\n");
	has(text, "SIP sur TLS: NAPTR 10");
	json_t *o = json_of(&b, &check);
	/* Names never are. */
	assert_string_equal(json_string_value(json_object_get(o, "result")), "Failure");
	json_decref(o);
	buf_done(&b);
}

/* ---- JSON ---- */

static void the_object_has_every_row_and_finding(void **state)
{
	const char *id, *severity, *cause, *reason, *address, *why;
	int row, order, days, failures, warnings, status;
	double share;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	const struct report_check check = { .result = SWEEP(&pool_cfg, zone, peers) };
	json_t *o = json_of(&b, &check);
	assert_int_equal(json_unpack(o, "{s:i, s:i, s:i}", "failures", &failures, "warnings",
				 &warnings, "exit_status", &status),
		0);
	assert_true(failures == 1 && warnings == 2 && status == 1);
	assert_int_equal(json_array_size(json_object_get(o, "rows")), 4);
	assert_int_equal(json_array_size(json_object_get(o, "findings")), 3);
	assert_int_equal(json_unpack(json_array_get(json_object_get(o, "rows"), 1),
				 "{s:s, s:i, s:i, s:F, s:s}", "address", &address, "order", &order,
				 "days_left", &days, "share", &share, "why", &why),
		0);
	assert_string_equal(address, "192.0.2.2:5061");
	assert_true(order == 10 && days == -3 && share > 0.39 && share < 0.41);
	assert_int_equal(json_unpack(json_array_get(json_object_get(o, "findings"), 0),
				 "{s:s, s:s, s:i, s:{s:s}, s:{s:{s:s}}}", "id", &id, "severity",
				 &severity, "row", &row, "diagnosis", "cause", &cause, "evidence",
				 "tls", "version", &reason),
		0);
	assert_string_equal(id, "tls_cert_expired");
	assert_string_equal(severity, "failure");
	assert_int_equal(row, 1);
	assert_string_equal(cause, "The server's certificate has expired.");
	json_decref(o);
	buf_done(&b);
}

static void what_a_peer_says_cannot_break_a_line_or_the_object(void **state)
{
	static const struct world_row hostile[] = {
		{ .at = "", .says = "500 \xff\xfe\xc2\x9b[2J\xe2\x80" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	const struct report_check check = { .result = SWEEP(&pool_cfg, zone, hostile) };
	const char *text = text_of(&b, &check);
	assert_true(utf8_valid(slice_str(text), NULL));
	assert_null(strstr(text, "\xc2\x9b"));
	json_decref(json_of(&b, &check));
	buf_done(&b);
}

static void without_memory_there_is_no_report(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	const struct report_check check = { .result = SWEEP(&pool_cfg, zone, peers) };
	for (long n = 1, err = -ENOMEM; err == -ENOMEM; n++) {
		buf_clear(&b);
		mem_fail_after(n);
		err = report_check_text(&b, &check);
		mem_fail_after(-1);
		assert_true(err == 0 || err == -ENOMEM);
		if (n > 1000)
			break;
	}
	buf_done(&b);
}

/* ---- the schema ---- */

static int read_schema(void **state)
{
	(void)state;
	return schema_read(TEST_DATA "/../../doc/stox.check.schema.json");
}

/* The enum at $defs/`def`/properties/`property` (or $defs/`def`) is `names`, in their order. */
static void lists(
	const char *def, const char *property, const char *const *names, size_t n, bool with_null)
{
	const json_t *j = json_object_get(json_object_get(schema, "$defs"), def);

	if (property)
		j = json_object_get(json_object_get(j, "properties"), property);
	j = json_object_get(j, "enum");
	if (json_array_size(j) != n + with_null)
		fail_msg("%s %s: %zu names", def, property ? property : "", json_array_size(j));
	for (size_t i = 0; i < n; i++)
		assert_string_equal(json_string_value(json_array_get(j, i)), names[i]);
}

static void the_schema_lists_what_the_tables_list(void **state)
{
	const char *names[REASON_COUNT];

	(void)state;
	for (unsigned i = 0; i < SWEEP_KINDS; i++)
		names[i] = sweep_kind_name((enum sweep_kind)i);
	lists("row", "service", names, SWEEP_KINDS, false);
	for (unsigned i = 0; i <= TARGETS_FALLBACK; i++)
		names[i] = sweep_source_name((enum targets_source)i);
	lists("row", "source", names, TARGETS_FALLBACK + 1, false);
	for (unsigned i = 0; i < SWEEP_PLAN_NONE; i++)
		names[i] = sweep_plan_name((enum sweep_plan)i);
	lists("row", "plan", names, SWEEP_PLAN_NONE, true);
	for (unsigned i = 0; i < SWEEP_STEPS; i++)
		names[i] = sweep_step_name((enum sweep_step)i);
	lists("step", NULL, names, SWEEP_STEPS, false);
	for (unsigned i = 0; i <= SWEEP_FAILURE; i++)
		names[i] = sweep_severity_name((enum sweep_severity)(SWEEP_FAILURE - i));
	lists("finding", "severity", names, SWEEP_FAILURE + 1, false);
	for (unsigned i = 0; i < SWEEP_REMARK_UNFINISHED; i++)
		names[i] = sweep_remark_id((enum sweep_remark)(i + 1));
	lists("remark", NULL, names, SWEEP_REMARK_UNFINISHED, false);
	for (unsigned i = 1; i < REASON_COUNT; i++)
		names[i - 1] = reason_id((enum reason)i);
	lists("reason", NULL, names, REASON_COUNT - 1, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_table_says_which_row_would_be_used_and_why),
		TEST(warnings_alone_are_told_with_what_strict_would_make_of_them),
		TEST(steps_are_told_once_a_reason),
		TEST(every_source_has_its_why),
		TEST(more_v_shows_chains_causes_and_the_dns),
		TEST(a_server_port_is_looked_at_as_a_server),
		TEST(no_line_but_a_command_is_wider_than_80_columns),
		TEST(what_is_for_people_is_looked_up),
		TEST(the_object_has_every_row_and_finding),
		TEST(what_a_peer_says_cannot_break_a_line_or_the_object),
		TEST(without_memory_there_is_no_report),
		TEST(the_schema_lists_what_the_tables_list),
	};

	return cmocka_run_group_tests(tests, read_schema, schema_free);
}

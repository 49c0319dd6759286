/* RFC 7572 with RFC 3428: names of tests are those of the conformance list. */
#include "bridge/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bridge/content.h"
#include "sip/hdr.h"

enum { TEXT_MAX = 65536 };

/* ---- SIP to XMPP: a request as text, the stanza as text ---- */

#define REQUEST(more, body)                                                                        \
	"MESSAGE sip:j@xmpp.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKb\r\n"        \
	"From: \"R\" <sip:r@sip.test;gr=desk>;tag=1\r\nTo: <sip:other@xmpp.test>\r\n"              \
	"Call-ID: c@192.0.2.1\r\nCSeq: 4711 MESSAGE\r\n" more "\r\n" body

#define STANZA(attrs, inner)                                                                       \
	"<message from='r@sip.test/desk' to='j@xmpp.test' id='f1'" attrs ">" inner                 \
	"<thread>c@192.0.2.1</thread></message>"

struct to_xmpp {
	int err;
	struct message_loss loss;
	char text[TEXT_MAX];
};

static struct to_xmpp got;

static int decode_request(
	struct slice request, struct sip_msg *msg, struct jid *from, struct jid *to)
{
	struct sip_refusal refusal;
	struct where where;

	int err = sip_msg_decode(request, msg, &refusal);
	if (!err)
		err = address_to_jid(&msg->from.uri, from, &where);
	return err ? err : address_to_jid(&msg->ruri, to, &where);
}

static const struct to_xmpp *to_xmpp(struct slice request)
{
	static struct sip_msg msg;
	struct jid from, to;
	struct buf b;

	got = (struct to_xmpp){ .err = 0 };
	buf_init(&b, TEXT_MAX - 1);
	assert_int_equal(decode_request(request, &msg, &from, &to), 0);
	got.err = message_to_xmpp(&msg, &from, &to, SLICE("f1"), &b, &got.loss);
	assert_true(slice_cstr(buf_slice(&b), got.text, sizeof(got.text)));
	buf_done(&b);
	return &got;
}

static const char *reason_of(const struct to_xmpp *t)
{
	return t->err == ERR_LEGAL ? refused_row(t->loss.refused)->reason : "";
}

static void becomes(const char *request, const char *stanza)
{
	const struct to_xmpp *t = to_xmpp(slice_str(request));

	if (t->err || strcmp(t->text, stanza) != 0)
		fail_msg("%s\n%d %s\nwant %s\ngot  %s", request, t->err, reason_of(t), stanza,
			t->text);
}

static void is_refused(struct slice request, enum refused refused)
{
	const struct to_xmpp *t = to_xmpp(request);

	if (t->err != ERR_LEGAL || t->loss.refused != refused)
		fail_msg("%.*s\nwant %s, got %d: %s", SLICE_FMT(request),
			refused_row(refused)->reason, t->err, reason_of(t));
	assert_string_equal(t->text, ""); /* nothing half-written */
}

static void stox_im_5_body(void **state)
{
	(void)state;
	becomes(REQUEST("", "hello"), STANZA("", "<body>hello</body>"));
	becomes(REQUEST("", " two\r\n lines\t"), STANZA("", "<body> two&#13;\n lines\t</body>"));
	becomes(REQUEST("", "a < b && c > \"d'"),
		STANZA("", "<body>a &lt; b &amp;&amp; c &gt; \"d'</body>"));
	becomes(REQUEST("", "</body><body>"), STANZA("", "<body>&lt;/body&gt;&lt;body&gt;</body>"));
	is_refused(SLICE(REQUEST("", "")), REFUSED_EMPTY); /* no empty message on a screen */
	is_refused(SLICE(REQUEST("", " \r\n\t")), REFUSED_EMPTY);
}

static void stox_im_8_utf8(void **state)
{
	(void)state;
	becomes(REQUEST("Content-Language: cs\r\n", "Nic z ob\u00e9ho, m\u00e1 \U0001f600"),
		STANZA(" xml:lang='cs'", "<body>Nic z ob\u00e9ho, m\u00e1 \U0001f600</body>"));
}

static void stox_im_5_subject(void **state)
{
	(void)state;
	becomes(REQUEST("Subject: a <b> & c\r\n", "x"),
		STANZA("", "<subject>a &lt;b&gt; &amp; c</subject><body>x</body>"));
	becomes(REQUEST("s: short form\r\n", "x"),
		STANZA("", "<subject>short form</subject><body>x</body>"));
	becomes(REQUEST("Subject:\r\n", "x"), STANZA("", "<body>x</body>"));
	/* RFC 3261 section 7.3.1: a folded line is one line. */
	becomes(REQUEST("Subject: I know you're there,\r\n \t pick up\r\n the phone\r\n", "x"),
		STANZA("", "<subject>I know you're there, pick up the phone</subject><body>x"
			   "</body>"));
	becomes(REQUEST("Subject: ob\u00e9ho\ta\r\n", "x"),
		STANZA("", "<subject>ob\u00e9ho a</subject><body>x</body>"));
}

static void stox_im_5_callid_thread(void **state)
{
	char id[4200], request[8192];

	(void)state;
	becomes("MESSAGE sip:j@xmpp.test SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKb\r\n"
		"f: <sip:r@sip.test>;tag=1\r\nt: <sip:j@xmpp.test>\r\ni: <w>\"(1)'?[2]\r\n"
		"CSeq: 1 MESSAGE\r\n\r\nx",
		"<message from='r@sip.test' to='j@xmpp.test' id='f1'><body>x</body>"
		"<thread>&lt;w&gt;\"(1)'?[2]</thread></message>");
	for (size_t n = 4096; n <= 4097; n++) {
		memset(id, 'c', n);
		id[n] = '\0';
		snprintf(request, sizeof(request),
			"MESSAGE sip:j@xmpp.test SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.1;branch="
			"z9hG4bKb\r\nf: <sip:r@sip.test>;tag=1\r\nt: <sip:j@xmpp.test>\r\ni: %s\r\n"
			"CSeq: 1 MESSAGE\r\n\r\nx",
			id);
		if (n > 4096)
			is_refused(slice_str(request), REFUSED_CALL_ID);
		else
			assert_non_null(strstr(to_xmpp(slice_str(request))->text, id));
	}
}

static void stox_im_5_content_language(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
		{ "cs", " xml:lang='cs'" },
		{ "de-CH-1996", " xml:lang='de-CH-1996'" },
		{ "mi, en", " xml:lang='mi'" },
		{ " , en", "" },
		{ "x'/><y z='", "" },
		{ "-en", "" },
		{ "en-", "" },
		{ "en_GB", "" },
		{ "\u00e9n", "" },
		{ "a2345678-b2345678-c2345678-d2345678", " xml:lang='a2345678-b2345678-c2345678-"
							 "d2345678'" },
		{ "a2345678-b2345678-c2345678-d23456789", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char request[1024], stanza[1024];

		snprintf(request, sizeof(request), REQUEST("Content-Language: %s\r\n", "x"),
			cases[i].value);
		snprintf(stanza, sizeof(stanza), STANZA("%s", "<body>x</body>"), cases[i].want);
		becomes(request, stanza);
	}
}

static void stox_im_5_from_full_jid_if_gruu(void **state)
{
	static const struct {
		const char *from, *want;
	} cases[] = {
		{ "<sip:r@sip.test;gr=desk>", "r@sip.test/desk" },
		{ "<sip:r@sip.test;gr=a%20b%27%3C>", "r@sip.test/a b&apos;&lt;" },
		{ "<sip:r@sip.test>", "r@sip.test" },
		{ "<sip:r@sip.test;gr>", "r@sip.test" }, /* a temporary GRUU */
		{ "\"Not <sip:me@sip.test>\" <sip:r@sip.test>", "r@sip.test" },
		{ "sip:r@sip.test", "r@sip.test" },
		{ "sip:o%27malley@sip.test", "o\\27malley@sip.test" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char request[1024], stanza[1024];

		snprintf(request, sizeof(request),
			"MESSAGE sip:j@xmpp.test SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.1;branch="
			"z9hG4bKb\r\nf: %s;tag=1\r\nt: <sip:j@xmpp.test>\r\ni: c\r\n"
			"CSeq: 1 MESSAGE\r\n\r\nx",
			cases[i].from);
		snprintf(stanza, sizeof(stanza),
			"<message from='%s' to='j@xmpp.test' id='f1'><body>x</body>"
			"<thread>c</thread></message>",
			cases[i].want);
		becomes(request, stanza);
	}
}

/* The Request-URI says where it goes; To is what the sender once wrote. */
static void stox_im_5_ruri_to(void **state)
{
	(void)state;
	assert_non_null(strstr(to_xmpp(SLICE(REQUEST("", "x")))->text, " to='j@xmpp.test' "));
	assert_null(strstr(got.text, "other"));
}

static void stox_im_5_cseq_unmapped(void **state)
{
	(void)state;
	assert_int_equal(to_xmpp(SLICE(REQUEST("", "x")))->err, 0);
	assert_null(strstr(got.text, "4711"));
}

static void stox_im_5_type_absent_or_normal(void **state)
{
	(void)state;
	assert_int_equal(to_xmpp(SLICE(REQUEST("", "x")))->err, 0);
	assert_null(strstr(got.text, "type="));
}

/* The id is the caller's, made from the transaction. */
static void stox_im_5_transaction_id(void **state)
{
	(void)state;
	assert_non_null(strstr(to_xmpp(SLICE(REQUEST("", "x")))->text, " id='f1'>"));
}

/* ---- what a SIP message may hold ---- */

#define TYPE(value) REQUEST("Content-Type: " value "\r\n", "x")

/* im3428_4_text_plain_supported */
static void stox_im_7_text_plain(void **state)
{
	static const char *const requests[] = {
		REQUEST("", "x"),
		TYPE("text/plain"),
		TYPE("TEXT/Plain"),
		TYPE("text / plain"),
		TYPE("text/plain;charset=utf-8"),
		TYPE("text/plain; charset=\"UTF-8\"; format=flowed"),
		TYPE("text/plain;charset=US-ASCII"),
		REQUEST("c: text/plain\r\nContent-Encoding: identity\r\n", "x"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(requests); i++)
		becomes(requests[i], STANZA("", "<body>x</body>"));
}

static void stox_im_7_other_types(void **state)
{
	static const struct {
		const char *request;
		enum refused refused;
	} cases[] = {
		{ TYPE("message/imdn+xml"), REFUSED_TYPE },
		{ TYPE("application/im-iscomposing+xml"), REFUSED_TYPE },
		{ TYPE("image/plain"), REFUSED_TYPE },
		{ TYPE("text/plain2"), REFUSED_TYPE },
		{ TYPE("text/plain;charset=iso-8859-2"), REFUSED_CHARSET },
		{ TYPE("plain"), REFUSED_BAD_TYPE },
		{ TYPE("text/"), REFUSED_BAD_TYPE },
		{ TYPE("text/plain;=x"), REFUSED_BAD_TYPE },
		{ REQUEST("Content-Encoding: gzip\r\n", "x"), REFUSED_ENCODING },
		{ REQUEST("e: deflate\r\nc: text/plain\r\n", "x"), REFUSED_ENCODING },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		is_refused(slice_str(cases[i].request), cases[i].refused);
}

static void gw_bad_utf8_body_400(void **state)
{
	static const char *const requests[] = {
		REQUEST("", "a\xff"),
		REQUEST("", "\xc0\xaf"),     /* an overlong slash */
		REQUEST("", "\xed\xa0\x80"), /* a surrogate */
		REQUEST("", "\xe2\x82"),     /* cut off */
		REQUEST("", "\xf4\x90\x80\x80"),
		REQUEST("Content-Type: text/plain;charset=us-ascii\r\n", "\xe9"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(requests); i++)
		is_refused(slice_str(requests[i]), REFUSED_NOT_UTF8);
}

static void gw_control_chars_in_body(void **state)
{
	(void)state;
	for (uint8_t c = 0; c < 0x20; c++) {
		char request[1024];
		size_t n = sizeof(REQUEST("", "a?b")) - 1;

		if (c == '\t' || c == '\n' || c == '\r')
			continue;
		memcpy(request, REQUEST("", "a?b"), n);
		request[n - 2] = (char)c;
		is_refused(slice_of(request, n), REFUSED_CONTROL);
	}
	is_refused(SLICE(REQUEST("", "a\xef\xbf\xbe")), REFUSED_CONTROL);
}

static void a_subject_is_text_within_its_limit(void **state)
{
	char subject[4200], request[8192];

	(void)state;
	is_refused(SLICE(REQUEST("Subject: a\xff\r\n", "x")), REFUSED_SUBJECT);
	is_refused(SLICE(REQUEST("Subject: a\xef\xbf\xbf\r\n", "x")), REFUSED_SUBJECT);
	for (size_t n = 4096; n <= 4097; n++) {
		memset(subject, 's', n);
		subject[n] = '\0';
		snprintf(request, sizeof(request), REQUEST("Subject: %s\r\n", "x"), subject);
		if (n > 4096)
			is_refused(slice_str(request), REFUSED_SUBJECT);
		else
			assert_non_null(strstr(to_xmpp(slice_str(request))->text, subject));
	}
}

/* ---- XMPP to SIP: a stanza as text, the request as text ---- */

struct to_sip {
	int err;
	struct message_refusal refusal;
	char text[TEXT_MAX];
};

static struct to_sip sent;
static struct rng rng;
static struct xml_reader *reader;

static int set_up(void **state)
{
	(void)state;
	rng_init_number(&rng, 7572);
	return xml_reader_new(&reader, NULL, 1);
}

static int tear_down(void **state)
{
	(void)state;
	reader = xml_reader_free(reader);
	return 0;
}

/* A stanza on a stream whose header says `lang`; valid until the next one. */
static void read_stanza(const char *lang, const char *text, struct stanza *ret)
{
	struct xml_event ev;
	char head[256];

	snprintf(head, sizeof(head),
		"<stream:stream xmlns='jabber:component:accept' "
		"xmlns:stream='http://etherx.jabber.org/streams' %s>",
		lang);
	xml_reader_reset(reader);
	xml_reader_push(reader, slice_str(head));
	assert_true(xml_reader_take(reader, &ev));
	xml_reader_push(reader, slice_str(text));
	assert_true(xml_reader_take(reader, &ev));
	if (ev.type != XML_EV_STANZA)
		fail_msg("%s: %s", text, ev.where.what);
	stanza_read(ret, ev.node);
}

#define VIA "Via: SIP/2.0/UDP 192.0.2.7:5070;branch=z9hG4bKa1;rport\r\n"

static size_t line; /* bytes in front of Via */

static const struct message_route *route(void)
{
	static struct message_route r = { .via_bytes = sizeof(VIA) - 1,
		.cseq = 7,
		.max_forwards = 70,
		.rng = &rng,
		.line_bytes = &line };

	r.from_tag = SLICE("ft");
	return &r;
}

static const struct to_sip *to_sip_by(
	const struct message_route *by, const char *stream, const char *text)
{
	struct stanza s;
	struct jid from, to;
	struct where where;
	struct buf b, whole;

	line = 0;
	sent = (struct to_sip){ .err = 0 };
	read_stanza(stream, text, &s);
	assert_int_equal(jid_decode(s.from, &from, &where), 0);
	assert_int_equal(jid_decode(s.to, &to, &where), 0);
	buf_init(&b, TEXT_MAX - 1);
	buf_init(&whole, TEXT_MAX - 1);
	sent.err = message_to_sip(&s, &from, &to, by, &b, &sent.refusal);
	buf_put(&whole, slice_cut(buf_slice(&b), 0, line));
	if (line)
		buf_puts(&whole, VIA);
	buf_put(&whole, slice_skip(buf_slice(&b), line));
	assert_true(slice_cstr(buf_slice(&whole), sent.text, sizeof(sent.text)));
	buf_done(&whole);
	buf_done(&b);
	return &sent;
}

static const struct to_sip *to_sip(const char *text)
{
	return to_sip_by(route(), "", text);
}

#define FROM_TO        " from='j@xmpp.test/res' to='r@sip.test' id='a1'"
#define MESSAGE(inner) "<message" FROM_TO ">" inner "</message>"

/* The request as its receiver reads it; `text` must live as long. */
static const struct sip_msg *decoded(const struct to_sip *t)
{
	static struct sip_msg msg;
	struct sip_refusal refusal;

	if (t->err)
		fail_msg("%d %s", t->err, t->refusal.text ? t->refusal.text : "");
	assert_int_equal(sip_msg_decode(slice_str(t->text), &msg, &refusal), 0);
	return &msg;
}

static void assert_slice(struct slice s, const char *want)
{
	char text[TEXT_MAX];

	assert_true(slice_cstr(s, text, sizeof(text)));
	assert_string_equal(text, want);
}

/* stox.md's first vector: everything that Table 1 of the RFC maps, byte for byte.  im3428_4
 * _no_contact_in_message: there is none. */
static void im3428_4_no_contact_in_message(void **state)
{
	(void)state;
	to_sip("<message" FROM_TO " type='chat' xml:lang='cs'><subject>S</subject>"
	       "<thread>T1</thread><body>ob\u00e9d</body></message>");
	assert_int_equal(sent.err, 0);
	assert_string_equal(sent.text, "MESSAGE sip:r@sip.test SIP/2.0\r\n"
				       "Via: SIP/2.0/UDP 192.0.2.7:5070;branch=z9hG4bKa1;rport\r\n"
				       "Max-Forwards: 70\r\n"
				       "From: <sip:j@xmpp.test;gr=res>;tag=ft\r\n"
				       "To: <sip:r@sip.test>\r\n"
				       "Call-ID: T1\r\n"
				       "CSeq: 7 MESSAGE\r\n"
				       "Subject: S\r\n"
				       "Content-Language: cs\r\n"
				       "Content-Type: text/plain;charset=UTF-8\r\n"
				       "Content-Length: 5\r\n"
				       "\r\n"
				       "ob\u00e9d");
}

static void stox_im_4_body(void **state)
{
	static const struct {
		const char *inner, *want;
	} cases[] = {
		{ "<body>a &lt; b &amp; c</body>", "a < b & c" },
		{ "<body>one\ntwo&#13;\nthree</body>", "one\ntwo\r\nthree" },
		{ "<body> </body>", " " },
		{ "<body>\u4e2d\U0001f600</body>", "\u4e2d\U0001f600" },
		{ "<body xmlns='urn:other'>no</body><body>yes</body>", "yes" },
		{ "<html xmlns='http://jabber.org/protocol/xhtml-im'><body>h</body></html>"
		  "<body>plain</body>",
			"plain" },
		/* End-to-end encryption stays behind, its fallback text goes. */
		{ "<encrypted xmlns='eu.siacs.conversations.axolotl'/><body>sealed</body>",
			"sealed" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[1024];

		snprintf(text, sizeof(text), "<message" FROM_TO ">%s</message>", cases[i].inner);
		assert_slice(decoded(to_sip(text))->body, cases[i].want);
	}
}

static void stox_im_4_subject(void **state)
{
	(void)state;
	const struct sip_msg *m =
		decoded(to_sip(MESSAGE("<subject>one\n two\t&lt;</subject><body>x</body>")));
	assert_slice(sip_msg_value(m, SIP_HDR_SUBJECT), "one  two <");
	m = decoded(to_sip(MESSAGE("<subject/><body>x</body>")));
	assert_null(sip_msg_value(m, SIP_HDR_SUBJECT).p);
	m = decoded(to_sip(MESSAGE("<body>x</body>")));
	assert_null(sip_msg_value(m, SIP_HDR_SUBJECT).p);
}

static void stox_im_4_thread_callid(void **state)
{
	static const char *const taken[] = { "T1", "e0ffe42b28561960c6b12b944a092794b9683a38",
		"a-.!%*_+`'~z", "id@host.test" };
	static const char *const not_taken[] = { "", "a b", "a@b@c", "@a", "a@", "\u00e9", "a&lt;b",
		"a\"b", "a:b", "a&#13;&#10;X-Evil: 1", "(a)", "a/b" };

	(void)state;
	for (size_t i = 0; i < COUNT(taken); i++) {
		char text[1024];

		snprintf(
			text, sizeof(text), MESSAGE("<thread>%s</thread><body>x</body>"), taken[i]);
		assert_slice(decoded(to_sip(text))->call_id, taken[i]);
	}
	for (size_t i = 0; i < COUNT(not_taken); i++) {
		char text[1024], first[64];

		snprintf(text, sizeof(text), MESSAGE("<thread>%s</thread><body>x</body>"),
			not_taken[i]);
		const struct sip_msg *m = decoded(to_sip(text));
		assert_int_equal(m->call_id.n, 26); /* 130 bits of chance */
		assert_true(slice_cstr(m->call_id, first, sizeof(first)));
		assert_false(slice_eqs(decoded(to_sip(text))->call_id, first));
	}
}

static void a_thread_as_long_as_a_call_id_may_be_is_taken(void **state)
{
	(void)state;
	for (size_t n = 255; n <= 256; n++) {
		char thread[300], text[1024];

		memset(thread, 't', n);
		thread[n] = '\0';
		snprintf(text, sizeof(text), MESSAGE("<thread>%s</thread><body>x</body>"), thread);
		assert_int_equal(decoded(to_sip(text))->call_id.n, n == 255 ? 255 : 26);
	}
}

static void gw_callid_unique_option(void **state)
{
	struct message_route by = *route();

	(void)state;
	by.call_id = SLICE("mine");
	to_sip_by(&by, "", MESSAGE("<thread>T1</thread><body>x</body>"));
	assert_slice(decoded(&sent)->call_id, "mine");
}

static void stox_im_4_from_bare_plus_gr(void **state)
{
	static const struct {
		const char *from, *want;
	} cases[] = {
		{ "j@xmpp.test/res", "<sip:j@xmpp.test;gr=res>;tag=ft" },
		{ "j@xmpp.test", "<sip:j@xmpp.test>;tag=ft" },
		{ "xmpp.test", "<sip:xmpp.test>;tag=ft" },
		{ "o\\27malley@xmpp.test", "<sip:o'malley@xmpp.test>;tag=ft" },
		{ "a\\40b@xmpp.test", "<sip:a%40b@xmpp.test>;tag=ft" },
		{ "j@b\u00fccher.test/\u00fc", "<sip:j@xn--bcher-kva.test;gr=%C3%BC>;tag=ft" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[1024];

		snprintf(text, sizeof(text),
			"<message from='%s' to='r@sip.test'><body>x</body></message>",
			cases[i].from);
		assert_slice(decoded(to_sip(text))->from.text, cases[i].want);
	}
}

static void stox_im_4_to(void **state)
{
	(void)state;
	const struct sip_msg *m = decoded(to_sip(
		"<message from='j@xmpp.test' to='r@sip.test/gruu'><body>x</body></message>"));
	assert_slice(m->ruri_text, "sip:r@sip.test;gr=gruu");
	assert_slice(m->to.text, "<sip:r@sip.test;gr=gruu>");
	assert_int_equal(m->to.tag.n, 0); /* out of dialog */
}

/* The branch is the caller's, made from the stanza's id. */
static void stox_im_4_id_transaction(void **state)
{
	(void)state;
	assert_slice(decoded(to_sip(MESSAGE("<body>x</body>")))->via.branch, "z9hG4bKa1");
}

/* gw_headline_policy: a headline is a message like any other. */
static void stox_im_4_type_not_mapped(void **state)
{
	static const char *const types[] = { "", "type='normal'", "type='chat'", "type='headline'",
		"type='unheard-of'" };
	char first[TEXT_MAX] = "";

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		char text[1024];

		snprintf(text, sizeof(text),
			"<message" FROM_TO " %s><thread>T</thread><body>x</body></message>",
			types[i]);
		assert_int_equal(to_sip(text)->err, 0);
		if (i == 0)
			memcpy(first, sent.text, sizeof(first));
		assert_string_equal(sent.text, first);
	}
}

static void gw_groupchat_refused(void **state)
{
	static const char *const inner[] = { "<body>x</body>", "<subject>x</subject>" };

	(void)state;
	for (size_t i = 0; i < COUNT(inner); i++) {
		char text[1024];

		snprintf(text, sizeof(text), "<message" FROM_TO " type='groupchat'>%s</message>",
			inner[i]);
		assert_int_equal(to_sip(text)->err, ERR_LEGAL);
		assert_int_equal(sent.refusal.condition, COND_FEATURE_NOT_IMPLEMENTED);
		assert_int_equal(sent.refusal.type, ERROR_TYPE_CANCEL);
		assert_string_equal(sent.refusal.text, "Group chat is not carried to SIP");
		assert_string_equal(sent.text, "");
	}
}

#define URL "https://up.xmpp.test/a.jpg"
#define OOB "<x xmlns='jabber:x:oob'><url> " URL "\n</url></x>"

static void a_link_or_file_becomes_its_address(void **state)
{
	static const struct {
		const char *inner, *want;
	} cases[] = {
		{ OOB, URL },
		{ "<body/>" OOB, URL },
		{ "<body> </body>" OOB, URL },
		{ "<body>" URL "</body>" OOB, URL },
		{ "<body>see</body>" OOB, "see\n" URL },
		{ "<body>see &lt;" URL "&gt;</body>" OOB, "see <" URL ">" },
		{ "<body>" URL ".sig</body>" OOB, URL ".sig\n" URL },
		{ "<body>" URL ".sig " URL "</body>" OOB, URL ".sig " URL },
		{ OOB "<x xmlns='jabber:x:oob'><url>mailto:a@b.test</url></x>",
			URL "\nmailto:a@b.test" },
		{ "<file-sharing xmlns='urn:xmpp:sfs:0'><file xmlns='urn:xmpp:file:metadata:0'/>"
		  "<sources><url-data xmlns='http://jabber.org/protocol/url-data' target='" URL
		  "'/>"
		  "</sources></file-sharing>",
			URL },
		{ "<sources xmlns='urn:xmpp:sfs:0' id='1'><url-data "
		  "xmlns='http://jabber.org/protocol/url-data' target='" URL "'/></sources>",
			URL },
		{ "<reference xmlns='urn:xmpp:reference:0' type='data'><media-sharing "
		  "xmlns='urn:xmpp:sims:1'><sources><reference xmlns='urn:xmpp:reference:0' "
		  "uri='xmpp:a@b.test'/><reference xmlns='urn:xmpp:reference:0' uri='" URL "'/>"
		  "</sources></media-sharing></reference>",
			URL },
		{ "<body>x</body><x xmlns='jabber:x:oob'><url>two words</url></x>", "x" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[1024];

		snprintf(text, sizeof(text), "<message" FROM_TO ">%s</message>", cases[i].inner);
		assert_slice(decoded(to_sip(text))->body, cases[i].want);
	}
}

/* RFC 6120 section 8.3.1: what is not carried is answered. */
static void what_has_no_text_is_refused(void **state)
{
	static const struct {
		const char *inner, *why;
		bool once;
	} cases[] = {
		{ "<encrypted "
		  "xmlns='eu.siacs.conversations.axolotl'><header/><payload/></encrypted>"
		  "<store xmlns='urn:xmpp:hints'/>",
			"An encrypted message is not carried to SIP: send it unencrypted", false },
		{ "<encrypted xmlns='urn:xmpp:omemo:2'><header/><payload/></encrypted>",
			"An encrypted message is not carried to SIP: send it unencrypted", false },
		{ "<propose xmlns='urn:xmpp:jingle-message:0' id='1'/>",
			"Calls are not carried to SIP", false },
		{ "<x xmlns='jabber:x:conference' jid='room@muc.xmpp.test'/>",
			"Invitations to rooms are not carried to SIP", false },
		{ "<x xmlns='http://jabber.org/protocol/muc#user'><invite/></x>",
			"Invitations to rooms are not carried to SIP", false },
		{ "<file-sharing xmlns='urn:xmpp:sfs:0'/>",
			"A file without an address on the web is not carried to SIP", false },
		{ "<x xmlns='jabber:x:oob'><url>two words</url></x>",
			"A file without an address on the web is not carried to SIP", false },
		{ "<reactions xmlns='urn:xmpp:reactions:0' "
		  "id='1'><reaction>x</reaction></reactions>",
			"Reactions are not carried to SIP", true },
		{ "<subject>x</subject>", "A message without text is not carried to SIP", true },
		{ "<body xmlns='urn:x'>x</body>", "A message without text is not carried to SIP",
			true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[1024];

		snprintf(text, sizeof(text), "<message" FROM_TO ">%s</message>", cases[i].inner);
		if (to_sip(text)->err != ERR_LEGAL || strcmp(sent.refusal.text, cases[i].why) != 0)
			fail_msg("%s: %d %s", text, sent.err, sent.text);
		assert_int_equal(sent.refusal.condition, COND_FEATURE_NOT_IMPLEMENTED);
		assert_int_equal(sent.refusal.type, ERROR_TYPE_CANCEL);
		assert_int_equal(sent.refusal.once, cases[i].once);
		assert_string_equal(sent.text, "");
	}
}

static void what_needs_no_answer_is_silent(void **state)
{
	static const struct {
		const char *inner;
		bool silent;
	} cases[] = {
		{ "", true },
		{ "<body/><thread>t</thread>", true },
		{ "<composing xmlns='http://jabber.org/protocol/chatstates'/><x xmlns='urn:x'/>",
			true },
		{ "<received xmlns='urn:xmpp:receipts' id='1'/>", true },
		{ "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>", true },
		{ "<store xmlns='urn:xmpp:hints'/>", true },
		/* gw_carbon_and_delay_not_forwarded_as_new */
		{ "<sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message "
		  "xmlns='jabber:client'><body>x</body></message></forwarded></sent>",
			true },
		/* Keys without a message, XEP-0384. */
		{ "<encrypted xmlns='urn:xmpp:omemo:2'><header/></encrypted>", true },
		{ "<finish xmlns='urn:xmpp:jingle-message:0' id='1'/>", true },
		{ "<active xmlns='http://jabber.org/protocol/chatstates'/><body>x</body>", false },
		{ "<active xmlns='http://jabber.org/protocol/chatstates'/>" OOB, false },
		{ "<x xmlns='urn:x'/>", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct stanza s;
		char text[1024];

		snprintf(text, sizeof(text), "<message" FROM_TO ">%s</message>", cases[i].inner);
		read_stanza("", text, &s);
		if (content_is_silent(content_of(&s)) != cases[i].silent)
			fail_msg("%s", text);
	}
}

/* stox_im_4_lang: the language of the text that is carried. */
static void stox_im_8_lang_both_ways(void **state)
{
	static const struct {
		const char *name, *stream, *text, *body, *language;
	} cases[] = {
		{ "none", "", MESSAGE("<body>x</body>"), "x", "" },
		{ "the stanza's", "", "<message" FROM_TO " xml:lang='cs'><body>x</body></message>",
			"x", "cs" },
		{ "the stream's", "xml:lang='de'", MESSAGE("<body>x</body>"), "x", "de" },
		{ "the body's", "", MESSAGE("<body xml:lang='fr'>x</body>"), "x", "fr" },
		{ "the body's before the stanza's", "",
			"<message" FROM_TO " xml:lang='en'><body xml:lang='fr'>x</body></message>",
			"x", "fr" },
		{ "the body in the stanza's language is chosen", "",
			"<message" FROM_TO " xml:lang='en'><body xml:lang='fr'>f</body><body>e"
			"</body></message>",
			"e", "en" },
		{ "the body without a language is chosen", "",
			MESSAGE("<body xml:lang='fr'>f</body><body>none</body>"), "none", "" },
		{ "an empty language is none", "",
			"<message" FROM_TO " xml:lang=''><body>x</body></message>", "x", "" },
		{ "gw_header_injection_from_language", "",
			"<message" FROM_TO " xml:lang='en&#13;&#10;X-Evil: 1'><body>x</body>"
			"</message>",
			"x", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("case: %s\n", cases[i].name);
		to_sip_by(route(), cases[i].stream, cases[i].text);
		const struct sip_msg *m = decoded(&sent);
		assert_slice(m->body, cases[i].body);
		assert_slice(sip_msg_value(m, SIP_HDR_CONTENT_LANGUAGE), cases[i].language);
	}
}

/* Nothing that an XMPP user may write ends the header that it is in.  (A resource cannot hold
 * control characters: jid.h.) */
static void gw_header_injection_from_resource(void **state)
{
	static const char *const resources[] = { ">;tag=evil", ";evil=1", "a b", "\"<sip:x@y>\"",
		"%0d%0aX-Evil: 1", "a?Subject=x", "\u00fc\U0001f600", "&amp;&lt;&apos;",
		"[::1]:5060", "\\" };
	static const char *const raw[] = { ">;tag=evil", ";evil=1", "a b", "\"<sip:x@y>\"",
		"%0d%0aX-Evil: 1", "a?Subject=x", "\u00fc\U0001f600", "&<'", "[::1]:5060", "\\" };

	(void)state;
	for (size_t i = 0; i < COUNT(resources); i++) {
		char text[1024];
		struct slice gr;
		struct buf b;
		struct where where;

		snprintf(text, sizeof(text),
			"<message from=\"j@xmpp.test/%s\" to='r@sip.test'><body>x</body></message>",
			i == 3 ? "&quot;&lt;sip:x@y>&quot;" : resources[i]);
		const struct sip_msg *m = decoded(to_sip(text));
		assert_int_equal(m->n_hdrs, 8);
		assert_slice(m->from.tag, "ft");
		assert_slice(m->from.uri.host, "xmpp.test");
		assert_true(sip_uri_param(&m->from.uri, "gr", &gr));
		buf_init(&b, 256);
		assert_int_equal(sip_unescape(gr, &b, &where), 0);
		assert_string_equal(buf_cstr(&b), raw[i]);
		buf_done(&b);
	}
}

static void gw_header_injection_from_subject(void **state)
{
	(void)state;
	const struct sip_msg *m = decoded(to_sip(
		MESSAGE("<subject>S&#13;&#10;Contact: &lt;sip:evil@x>&#13;&#10;&#13;&#10;body"
			"</subject><body>x</body>")));
	assert_int_equal(m->n_hdrs, 9);
	assert_slice(sip_msg_value(m, SIP_HDR_SUBJECT), "S Contact: <sip:evil@x> body");
	assert_slice(m->body, "x");
}

/* stox_im_6_over_1300_policy_violation */
static void im3428_8_size_1300(void **state)
{
	char text[4096], body[2048];
	size_t head;

	(void)state;
	assert_int_equal(to_sip(MESSAGE("<thread>t</thread><body>x</body>"))->err, 0);
	head = strlen(sent.text) - 1 + 3; /* a Content-Length of four digits */
	for (size_t size = 1299; size <= 1302; size++) {
		memset(body, 'x', size - head);
		body[size - head] = '\0';
		snprintf(text, sizeof(text), MESSAGE("<thread>t</thread><body>%s</body>"), body);
		to_sip(text);
		if (size <= MESSAGE_SIP_MAX) {
			assert_int_equal(sent.err, 0);
			assert_int_equal(strlen(sent.text), size);
			continue;
		}
		assert_int_equal(sent.err, ERR_LEGAL);
		assert_int_equal(sent.refusal.condition, COND_POLICY_VIOLATION);
		assert_int_equal(sent.refusal.type, ERROR_TYPE_MODIFY);
		assert_string_equal(
			sent.refusal.text, "The message is longer than 1300 bytes as SIP");
	}
}

/* Bytes count, not characters; and what is in the buffer already does not. */
static void the_size_is_that_of_this_request_in_bytes(void **state)
{
	struct stanza s;
	struct jid from, to;
	struct where where;
	struct message_refusal refusal;
	struct buf b;

	(void)state;
	buf_init(&b, 8192);
	buf_puts(&b, "<message" FROM_TO "><body>");
	for (unsigned i = 0; i < 500; i++)
		buf_puts(&b, "\u4e2d");
	buf_puts(&b, "</body></message>");
	assert_int_equal(to_sip(buf_cstr(&b))->refusal.condition, COND_POLICY_VIOLATION);
	assert_int_equal(sent.err, ERR_LEGAL);

	read_stanza("", MESSAGE("<body>x</body>"), &s);
	assert_int_equal(jid_decode(s.from, &from, &where) | jid_decode(s.to, &to, &where), 0);
	buf_clear(&b);
	assert_non_null(buf_reserve(&b, 4000));
	memset(b.p, 'x', 4000);
	buf_commit(&b, 4000);
	assert_int_equal(message_to_sip(&s, &from, &to, route(), &b, &refusal), 0);
	buf_done(&b);
	/* A buffer with no room for it is too small for 1,300 bytes as well. */
	buf_init(&b, 100);
	assert_int_equal(message_to_sip(&s, &from, &to, route(), &b, &refusal), ERR_LEGAL);
	assert_int_equal(refusal.condition, COND_POLICY_VIOLATION);
	buf_done(&b);
}

static void an_address_without_a_form_in_sip_is_malformed(void **state)
{
	static const char *const stanzas[] = {
		"<message from='a\\5cb@xmpp.test' to='r@sip.test'><body>x</body></message>",
		"<message from='j@xmpp.test' to='a\\20@sip.test'><body>x</body></message>",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(stanzas); i++) {
		assert_int_equal(to_sip(stanzas[i])->err, ERR_LEGAL);
		assert_int_equal(sent.refusal.condition, COND_JID_MALFORMED);
		assert_int_equal(sent.refusal.type, ERROR_TYPE_MODIFY);
	}
}

static void the_route_is_as_it_was_given(void **state)
{
	struct message_route by = *route();

	(void)state;
	by.route = SLICE("<sip:proxy.sip.test;lr>");
	by.max_forwards = 12;
	const struct sip_msg *m = decoded(to_sip_by(&by, "", MESSAGE("<body>x</body>")));
	assert_slice(sip_msg_value(m, SIP_HDR_ROUTE), "<sip:proxy.sip.test;lr>");
	assert_int_equal(m->max_forwards, 12);
	assert_int_equal(m->cseq, 7);
}

/* ---- failures to XMPP ---- */

static char failure[TEXT_MAX];

static struct sip_msg *response(const char *status, const char *more)
{
	static char text[2048];
	static struct sip_msg msg;
	struct sip_refusal refusal;

	snprintf(text, sizeof(text),
		"SIP/2.0 %s\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa1\r\n"
		"From: <sip:j@xmpp.test>;tag=ft\r\nTo: <sip:r@sip.test>;tag=2\r\nCall-ID: T1\r\n"
		"CSeq: 7 MESSAGE\r\n%sContent-Length: 0\r\n\r\n",
		status, more);
	assert_int_equal(sip_msg_decode(slice_str(text), &msg, &refusal), 0);
	return &msg;
}

static const char *failed(const struct sip_msg *r, bool private)
{
	struct buf b;

	buf_init(&b, TEXT_MAX - 1);
	message_put_sip_failure(
		&b, SLICE("r@sip.test"), SLICE("j@xmpp.test/res"), SLICE("a1"), r, private);
	assert_int_equal(buf_err(&b), 0);
	assert_true(slice_cstr(buf_slice(&b), failure, sizeof(failure)));
	buf_done(&b);
	return failure;
}

#define NS " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'"
#define FAILURE(type, condition, text)                                                             \
	"<message from='r@sip.test' to='j@xmpp.test/res' id='a1' type='error'>"                    \
	"<error type='" type "'>" condition text "</error></message>"
#define TEXT(text) "<text" NS ">" text "</text>"

/* stox_core_7_reason_phrase_to_text */
static void a_sip_failure_becomes_an_error_stanza(void **state)
{
	static const struct {
		const char *status, *want;
	} cases[] = {
		{ "404 Not Found",
			FAILURE("cancel", "<item-not-found" NS "/>", TEXT("Not Found")) },
		{ "480 Gone <home>", FAILURE("wait", "<recipient-unavailable" NS "/>",
					     TEXT("Gone &lt;home&gt;")) },
		{ "403 ", FAILURE("auth", "<forbidden" NS "/>", TEXT("Forbidden")) },
		{ "503 Busy", FAILURE("cancel", "<internal-server-error" NS "/>", TEXT("Busy")) },
		{ "599 ", FAILURE("cancel", "<internal-server-error" NS "/>", "") },
		{ "488 a\xff"
		  "b",
			FAILURE("modify", "<not-acceptable" NS "/>", TEXT("a\uFFFDb")) },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(failed(response(cases[i].status, ""), false), cases[i].want);
}

static void a_timeout_is_remote_server_timeout(void **state)
{
	(void)state;
	assert_string_equal(failed(NULL, false),
		FAILURE("wait", "<remote-server-timeout" NS "/>", TEXT("Request Timeout")));
	assert_string_equal(failed(NULL, true), failure); /* tells nothing of anybody */
}

#define GONE(address)     FAILURE("cancel", "<gone" NS ">" address "</gone>", TEXT("Moved"))
#define REDIRECT(address) FAILURE("modify", "<redirect" NS ">" address "</redirect>", TEXT("Moved"))

/* The address is an IRI: RFC 6120 section 8.3.3.5, RFC 5122. */
static void stox_core_7_2_note1_301_carries_address(void **state)
{
	static const struct {
		const char *status, *contact, *want;
	} cases[] = {
		{ "301 Moved", "Contact: <sip:new@sip.test>\r\n", GONE("xmpp:new@sip.test") },
		{ "302 Moved", "m: sip:new@sip.test;q=0.5, <sip:b@sip.test>\r\n",
			REDIRECT("xmpp:new@sip.test") },
		{ "302 Moved", "Contact: \"N, M\" <sip:a%3Fb%5C%23%25@sip.test;gr=x%20y/z%3F>\r\n",
			REDIRECT("xmpp:a%3Fb%5C%23%25@sip.test/x%20y%2Fz%3F") },
		{ "302 Moved", "Contact: <sip:o'malley@sip.test>\r\n",
			REDIRECT("xmpp:o%5C27malley@sip.test") },
		{ "302 Moved", "Contact: <sip:%C3%BC@xn--bcher-kva.test>\r\n",
			REDIRECT("xmpp:%C3%BC@b\u00fccher.test") },
		{ "302 Moved", "Contact: <tel:+1555>\r\n", REDIRECT("tel:+1555") },
		{ "302 Moved", "Contact: <sips:a@sip.test>\r\n", REDIRECT("sips:a@sip.test") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(
			failed(response(cases[i].status, cases[i].contact), false), cases[i].want);
}

static void an_address_that_cannot_be_told_is_left_out(void **state)
{
	static const char *const contacts[] = { "", "Contact: *\r\n", "Contact: <>\r\n",
		"Contact: <sip:u:secret@sip.test>\r\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(contacts); i++) {
		assert_string_equal(failed(response("302 Moved", contacts[i]), false),
			FAILURE("modify", "<redirect" NS "/>", TEXT("Moved")));
		assert_string_equal(failed(response("301 Moved", contacts[i]), false),
			FAILURE("cancel", "<gone" NS "/>", TEXT("Moved")));
	}
}

static void stox_core_7_2_note1_410_has_no_address(void **state)
{
	(void)state;
	assert_string_equal(failed(response("410 Gone", "Contact: <sip:new@sip.test>\r\n"), false),
		FAILURE("cancel", "<gone" NS "/>", TEXT("Gone")));
	assert_string_equal(
		failed(response("300 Choose", "Contact: <sip:new@sip.test>\r\n"), false),
		FAILURE("modify", "<redirect" NS "/>", TEXT("Choose")));
}

/* The phrase would tell what the condition hides. */
static void gw_privacy_service_unavailable(void **state)
{
	static const char *const hidden[] = { "404 Not Found", "480 Temporarily Unavailable",
		"484 Address Incomplete", "600 Busy Everywhere", "604 Does Not Exist Anywhere" };

	(void)state;
	for (size_t i = 0; i < COUNT(hidden); i++)
		assert_string_equal(failed(response(hidden[i], ""), true),
			FAILURE("cancel", "<service-unavailable" NS "/>", ""));
	assert_string_equal(failed(response("403 No", ""), true),
		FAILURE("auth", "<forbidden" NS "/>", TEXT("No")));
}

/* ---- out of memory ---- */

static void without_memory_no_half_message_is_a_success(void **state)
{
	static struct sip_msg msg;
	struct jid from, to;
	long n = 0;
	int err = -ENOMEM;

	(void)state;
	assert_int_equal(
		decode_request(SLICE(REQUEST("Subject: s\r\n", "x")), &msg, &from, &to), 0);
	for (; err == -ENOMEM; n++) {
		struct message_loss loss;
		struct buf b;

		assert_in_range(n, 0, 20);
		buf_init(&b, TEXT_MAX);
		mem_fail_after(n);
		err = message_to_xmpp(&msg, &from, &to, SLICE("f1"), &b, &loss);
		mem_fail_after(-1);
		buf_done(&b);
	}
	assert_int_equal(err, 0);
	assert_in_range(n, 3, 20); /* the stanza and the subject need some */
}

static void without_memory_no_request_goes_out(void **state)
{
	struct stanza s;
	struct jid from, to;
	struct where where;
	long n = 0;
	int err = -ENOMEM;

	(void)state;
	read_stanza("", MESSAGE("<subject>s</subject><thread>t</thread><body>x</body>"), &s);
	assert_int_equal(jid_decode(s.from, &from, &where) | jid_decode(s.to, &to, &where), 0);
	for (; err == -ENOMEM; n++) {
		struct message_refusal refusal;
		struct buf b;

		assert_in_range(n, 0, 40);
		buf_init(&b, TEXT_MAX);
		mem_fail_after(n);
		err = message_to_sip(&s, &from, &to, route(), &b, &refusal);
		mem_fail_after(-1);
		buf_done(&b);
	}
	assert_int_equal(err, 0);
	assert_in_range(n, 2, 40); /* the request grows; the addresses need no memory */
}

/* The error goes out, with the whole address or without one. */
static void without_memory_a_failure_has_no_half_address(void **state)
{
	char contact[512], whole[TEXT_MAX], name[301];
	const char *text = NULL;

	(void)state;
	memset(name, 'a', 300);
	name[300] = '\0';
	snprintf(contact, sizeof(contact), "Contact: <sip:%s@sip.test>\r\n", name);
	const struct sip_msg *r = response("302 Moved", contact);
	memcpy(whole, failed(r, false), sizeof(whole));
	for (long n = 0; !text || strcmp(text, whole) != 0; n++) {
		struct buf b;

		assert_in_range(n, 0, 40);
		buf_init(&b, TEXT_MAX - 1);
		mem_fail_after(n);
		message_put_sip_failure(
			&b, SLICE("r@sip.test"), SLICE("j@xmpp.test/res"), SLICE("a1"), r, false);
		mem_fail_after(-1);
		text = buf_err(&b) ? NULL : failure;
		assert_true(slice_cstr(buf_slice(&b), failure, sizeof(failure)));
		if (text && !strstr(text, "<redirect" NS "/>"))
			assert_non_null(strstr(text, "aaa@sip.test</redirect>"));
		buf_done(&b);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stox_im_5_body),
		TEST(stox_im_8_utf8),
		TEST(stox_im_5_subject),
		TEST(stox_im_5_callid_thread),
		TEST(stox_im_5_content_language),
		TEST(stox_im_5_from_full_jid_if_gruu),
		TEST(stox_im_5_ruri_to),
		TEST(stox_im_5_cseq_unmapped),
		TEST(stox_im_5_type_absent_or_normal),
		TEST(stox_im_5_transaction_id),
		TEST(stox_im_7_text_plain),
		TEST(stox_im_7_other_types),
		TEST(gw_bad_utf8_body_400),
		TEST(gw_control_chars_in_body),
		TEST(a_subject_is_text_within_its_limit),
		TEST(im3428_4_no_contact_in_message),
		TEST(stox_im_4_body),
		TEST(stox_im_4_subject),
		TEST(stox_im_4_thread_callid),
		TEST(a_thread_as_long_as_a_call_id_may_be_is_taken),
		TEST(gw_callid_unique_option),
		TEST(stox_im_4_from_bare_plus_gr),
		TEST(stox_im_4_to),
		TEST(stox_im_4_id_transaction),
		TEST(stox_im_4_type_not_mapped),
		TEST(gw_groupchat_refused),
		TEST(a_link_or_file_becomes_its_address),
		TEST(what_has_no_text_is_refused),
		TEST(what_needs_no_answer_is_silent),
		TEST(stox_im_8_lang_both_ways),
		TEST(gw_header_injection_from_resource),
		TEST(gw_header_injection_from_subject),
		TEST(im3428_8_size_1300),
		TEST(the_size_is_that_of_this_request_in_bytes),
		TEST(an_address_without_a_form_in_sip_is_malformed),
		TEST(the_route_is_as_it_was_given),
		TEST(a_sip_failure_becomes_an_error_stanza),
		TEST(a_timeout_is_remote_server_timeout),
		TEST(stox_core_7_2_note1_301_carries_address),
		TEST(an_address_that_cannot_be_told_is_left_out),
		TEST(stox_core_7_2_note1_410_has_no_address),
		TEST(gw_privacy_service_unavailable),
		TEST(without_memory_no_half_message_is_a_success),
		TEST(without_memory_no_request_goes_out),
		TEST(without_memory_a_failure_has_no_half_address),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}

/* Whatever the reads are, pieces come out whole and without what proves an identity. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "probe/mask.h"

enum { OUT_MAX = 1 << 20 };

/* The pieces, each in brackets of their own kind so that their borders are seen. */
static void drain(struct mask *m, struct slice in, struct buf *out)
{
	struct slice piece;

	while (mask_next(m, &in, &piece)) {
		buf_puts(out, "{");
		buf_put(out, piece);
		buf_puts(out, "}");
	}
}

static void finish(struct mask *m, struct buf *out)
{
	struct slice piece;

	if (mask_rest(m, &piece)) {
		buf_puts(out, "{");
		buf_put(out, piece);
		buf_puts(out, "...}");
	}
	mask_done(m);
}

/* `text` in pieces of `step` bytes, the first of them `first`. */
static void run(enum mask_form form, bool bodies, struct slice text, size_t first, size_t step,
	struct buf *out)
{
	struct mask m;

	mask_init(&m, form, bodies);
	buf_clear(out);
	drain(&m, slice_cut(text, 0, first), out);
	for (size_t i = first; i < text.n; i += step)
		drain(&m, slice_cut(text, i, i + step), out);
	finish(&m, out);
}

struct sample {
	const char *name;
	enum mask_form form;
	bool bodies;
	const char *in, *want;
};

static void check(const struct sample *s)
{
	struct slice in = slice_str(s->in);
	struct buf out;

	buf_init(&out, OUT_MAX);
	run(s->form, s->bodies, in, in.n, 1, &out);
	if (strcmp(buf_cstr(&out), s->want) != 0)
		print_error("%s, in one read\n", s->name);
	assert_string_equal(buf_cstr(&out), s->want);
	for (size_t cut = 0; cut < in.n; cut++) {
		run(s->form, s->bodies, in, cut, in.n, &out);
		if (strcmp(buf_cstr(&out), s->want) != 0)
			print_error("%s, cut at byte %zu\n", s->name, cut);
		assert_string_equal(buf_cstr(&out), s->want);
	}
	run(s->form, s->bodies, in, 0, 1, &out);
	assert_string_equal(buf_cstr(&out), s->want);
	buf_done(&out);
}

/* Every secret of the samples has this in it, and nothing else has. */
#define SECRET "zQ7"

static void check_all(const struct sample *samples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_null(strstr(samples[i].want, SECRET));
		check(&samples[i]);
	}
}

#define END "Content-Length: 0\r\n\r\n"

static const struct sample sip_credentials[] = {
	{ "digest", MASK_SIP, false,
		"REGISTER sip:litware.test SIP/2.0\r\nAuthorization: Digest "
		"username=\"pilar\", "
		"realm=\"litware.test\", nonce=\"zQ7n\", uri=\"sip:litware.test\", "
		"response=\"zQ7r\", algorithm=SHA-256, cnonce=\"zQ7c\", qop=auth, "
		"nc=00000001\r\n" END,
		"{REGISTER sip:litware.test SIP/2.0\r\nAuthorization: Digest "
		"username=\"pilar\", realm=\"litware.test\", nonce=\"***\", "
		"uri=\"sip:litware.test\", response=\"***\", algorithm=SHA-256, "
		"cnonce=\"***\", qop=auth, nc=00000001\r\n" END "}" },
	{ "any case, no quotes, spaces", MASK_SIP, false,
		"OPTIONS sip:a SIP/2.0\r\nPROXY-authorization :digest RESPONSE = zQ7 , "
		"NONCE=\tzQ7,qop=auth\r\n" END,
		"{OPTIONS sip:a SIP/2.0\r\nPROXY-authorization :digest RESPONSE= *** , "
		"NONCE=\t***,qop=auth\r\n" END "}" },
	{ "folded lines", MASK_SIP, false,
		"OPTIONS sip:a SIP/2.0\r\nAuthorization: Digest\r\n "
		"realm=\"a\",\r\n\tresponse="
		"\r\n \"zQ7\"\r\nSubject: x\r\n" END,
		"{OPTIONS sip:a SIP/2.0\r\nAuthorization: Digest "
		"realm=\"a\",\r\n\tresponse="
		"\r\n \"***\"\r\nSubject: x\r\n" END "}" },
	{ "a parameter that nobody knows", MASK_SIP, false,
		"OPTIONS sip:a SIP/2.0\r\nAuthorization: Digest realm=\"a\", "
		"proof-zQ7=\"zQ7\", zQ7\r\n" END,
		"{OPTIONS sip:a SIP/2.0\r\nAuthorization: Digest realm=\"a\", ***, "
		"***\r\n" END "}" },
	{ "Basic and Bearer", MASK_SIP, false,
		"OPTIONS sip:a SIP/2.0\r\nAuthorization: Basic zQ7==\r\nAuthorization: "
		"Bearer "
		"zQ7.zQ7\r\nAuthorization: Own zQ7\r\n" END,
		"{OPTIONS sip:a SIP/2.0\r\nAuthorization: Basic ***\r\nAuthorization: "
		"Bearer "
		"***\r\nAuthorization: *** ***\r\n" END "}" },
	{ "what Lync speaks", MASK_SIP, false,
		"SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: NTLM realm=\"SIP "
		"Communications "
		"Service\", targetname=\"fe01.litware.test\", version=4, "
		"gssapi-data=\"zQ7==\"\r\nWWW-Authenticate: NTLM\r\nAuthentication-Info: "
		"rspauth=\"zQ7\", srand=\"zQ7\", snum=\"1\", nextnonce=zQ7\r\n" END,
		"{SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: NTLM realm=\"SIP "
		"Communications Service\", targetname=\"fe01.litware.test\", version=4, "
		"gssapi-data=\"***\"\r\nWWW-Authenticate: NTLM\r\nAuthentication-Info: "
		"rspauth=\"***\", srand=\"***\", snum=\"***\", nextnonce=***\r\n" END "}" },
	{ "two challenges in one field", MASK_SIP, false,
		"SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"a,b\", "
		"nonce=\"zQ7\", Basic realm=\"c\\\",zQ\"\r\n" END,
		"{SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"a,b\", "
		"nonce=\"***\", Basic realm=\"c\\\",zQ\"\r\n" END "}" },
	{ "a quote without an end, a comma that is missing", MASK_SIP, false,
		"OPTIONS sip:a SIP/2.0\r\nAuthorization: Digest realm=\"a, "
		"response=zQ7\r\nAuthorization: Digest realm=\"a\" "
		"response=\"zQ7\"\r\n" END,
		"{OPTIONS sip:a SIP/2.0\r\nAuthorization: Digest "
		"realm=\"***\"\r\nAuthorization: Digest realm=\"***\"\r\n" END "}" },
	{ "a password in a URI", MASK_SIP, false,
		"REGISTER sip:litware.test:5061 SIP/2.0\r\nContact: "
		"<sip:pilar:zQ7@10.0.0.1:5060;transport=tcp>, "
		"<SIPS:zQ:zQ7@[::1]:5061>\r\nRoute: "
		"<sip:10.0.0.1:5060;lr>\r\nAuthorization: "
		"Digest uri=\"sip:a:zQ7@b\"\r\n" END,
		"{REGISTER sip:litware.test:5061 SIP/2.0\r\nContact: "
		"<sip:pilar:***@10.0.0.1:5060;transport=tcp>, "
		"<SIPS:zQ:***@[::1]:5061>\r\nRoute: "
		"<sip:10.0.0.1:5060;lr>\r\nAuthorization: "
		"Digest uri=\"sip:a:***@b\"\r\n" END "}" },
	{ "a head that does not end", MASK_SIP, false,
		"REGISTER sip:litware.test SIP/2.0\r\nAuthorization: Digest response=\"zQ7",
		"{REGISTER sip:litware.test SIP/2.0\r\nAuthorization: Digest "
		"response=\"***\"...}" },
	{ "no message at all", MASK_SIP, false, "SSH-2.0-OpenSSH_9.2\r\n",
		"{SSH-2.0-OpenSSH_9.2\r\n...}" },
};

static void sip_credentials_are_hidden(void **state)
{
	(void)state;
	check_all(sip_credentials, COUNT(sip_credentials));
}

static const struct sample sip_bodies[] = {
	{ "two messages, with pings", MASK_SIP, false,
		"\r\n\r\nMESSAGE sip:a SIP/2.0\r\nContent-Length: 5\r\n\r\nzQ7zQ"
		"SIP/2.0 200 OK\r\nl: 0\r\n\r\n\r\n\r\n",
		"{MESSAGE sip:a SIP/2.0\r\nContent-Length: 5\r\n\r\n[5 bytes]}"
		"{SIP/2.0 200 OK\r\nl: 0\r\n\r\n}" },
	{ "CPIM", MASK_SIP, false,
		"MESSAGE sip:a SIP/2.0\r\nContent-Type: message/cpim\r\nContent-Length: "
		"39\r\n\r\nFrom: <im:zQ7@a>\r\n\r\nSubject: zQ7\r\n\r\nzQ7",
		"{MESSAGE sip:a SIP/2.0\r\nContent-Type: message/cpim\r\nContent-Length: "
		"39\r\n\r\n[39 bytes]}" },
	{ "half a body", MASK_SIP, false, "MESSAGE sip:a SIP/2.0\r\nContent-Length: 50\r\n\r\nzQ7",
		"{MESSAGE sip:a SIP/2.0\r\nContent-Length: 50\r\n\r\n[3 bytes]...}" },
	{ "wanted", MASK_SIP, true, "MESSAGE sip:a SIP/2.0\r\nContent-Length: 2\r\n\r\nhi",
		"{MESSAGE sip:a SIP/2.0\r\nContent-Length: 2\r\n\r\nhi}" },
	{ "wanted, a part of a message in it", MASK_SIP, true,
		"NOTIFY sip:a SIP/2.0\r\nContent-Length: 45\r\n\r\n"
		"SIP/2.0 200 OK\r\nAuthorization: Basic zQ7\r\n\r\n.",
		"{NOTIFY sip:a SIP/2.0\r\nContent-Length: 45\r\n\r\n"
		"SIP/2.0 200 OK\r\nAuthorization: Basic ***\r\n\r\n.}" },
};

static void sip_bodies_are_lengths(void **state)
{
	(void)state;
	check_all(sip_bodies, COUNT(sip_bodies));
}

static const struct sample xmpp_credentials[] = {
	{ "SASL", MASK_XMPP, false,
		"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' "
		"mechanism='PLAIN'>zQ7</auth><challenge xmlns='x'>zQ7</challenge>"
		"<response>zQ7</response><abort>zQ7</abort><success>zQ7</success>"
		"<response/><auth></auth>",
		"{<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' "
		"mechanism='PLAIN'>***</auth>}"
		"{<challenge xmlns='x'>***</challenge>}{<response>***</response>}"
		"{<abort>***</abort>}{<success>***</success>}{<response/>}{<auth></"
		"auth>}" },
	{ "SASL2", MASK_XMPP, false,
		"<stream:stream><authenticate xmlns='urn:xmpp:sasl:2' "
		"mechanism='SCRAM-SHA-1'>"
		"<initial-response>zQ7</initial-response><user-agent "
		"id='1'/></authenticate>"
		"<success xmlns='urn:xmpp:sasl:2'><additional-data>zQ7</additional-data>"
		"<authorization-identifier>a@b</authorization-identifier>"
		"<token xmlns='urn:xmpp:fast:0' expiry='1' token='zQ7'/></success>",
		"{<stream:stream>}{<authenticate xmlns='urn:xmpp:sasl:2' "
		"mechanism='SCRAM-SHA-1'><initial-response>***</initial-response>"
		"<user-agent id='1'/></authenticate>}{<success xmlns='urn:xmpp:sasl:2'>"
		"<additional-data>***</additional-data><authorization-identifier>a@b"
		"</authorization-identifier><token xmlns='urn:xmpp:fast:0' expiry='1' "
		"token='***'/></success>}" },
	{ "only SASL2's own success is open", MASK_XMPP, false,
		"<success xmlns='urn:x' xmlns:a='urn:xmpp:sasl:2'>zQ7</success>",
		"{<success xmlns='urn:x' xmlns:a='urn:xmpp:sasl:2'>***</success>}" },
	{ "prefixes, long ones too", MASK_XMPP, false,
		"<s:auth xmlns:s='x'>zQ7</s:auth "
		"><pppppppppppppppppppppppppppppppppppppppppppp"
		"pppppppppppppppppppppppppppppp:auth>zQ7</"
		"ppppppppppppppppppppppppppppppppppppp"
		"ppppppppppppppppppppppppppppppppppppp:auth>",
		"{<s:auth "
		"xmlns:s='x'>***</s:auth>}{<ppppppppppppppppppppppppppppppppppppppppp"
		"ppppppppppppppppppppppppppppppppp:auth>***</auth>}" },
	{ "a component, registrations, forms, rooms", MASK_XMPP, false,
		"<stream:stream to='c'><handshake>zQ7</handshake><iq type='set'><query "
		"xmlns='jabber:iq:register'><username>u</username><password>zQ7</password>"
		"<digest>zQ7</digest></query></iq><iq><x xmlns='jabber:x:data'><field "
		"var='password'><value>zQ7</value></field><field type=\"text-private\" "
		"var='k'><value>zQ7</value></field><field "
		"var='a'><value>b</value></field></x>"
		"</iq><message><x xmlns='jabber:x:conference' password=\"zQ7\"/></message>",
		"{<stream:stream to='c'>}{<handshake>***</handshake>}{<iq "
		"type='set'><query "
		"xmlns='jabber:iq:register'><username>u</username><password>***</password>"
		"<digest>***</digest></query></iq>}{<iq><x xmlns='jabber:x:data'><field "
		"var='password'>***</field><field type=\"text-private\" var='k'>***</field>"
		"<field var='a'><value>b</value></field></x></iq>}{<message><x "
		"xmlns='jabber:x:conference' password=\"***\"/></message>}" },
	{ "tags, comments and sections in it", MASK_XMPP, false,
		"<auth><a b='>'>zQ7</a><!-- </auth> zQ7 --><![CDATA[</auth>zQ7]]>"
		"<?x </auth>zQ7?>zQ7</auth><a/>",
		"{<auth>***</auth>}{<a/>}" },
	{ "it does not end", MASK_XMPP, false, "<auth mechanism='PLAIN'>zQ7",
		"{<auth mechanism='PLAIN'>***...}" },
	{ "the wrong end tag", MASK_XMPP, false, "<auth>zQ7</b>zQ7</auth>zQ7<a>zQ7</a>",
		"{<auth>***...}" },
	{ "a tag that breaks off in it", MASK_XMPP, false, "<auth><a b='</auth>'>zQ7</a></auth>zQ7",
		"{<auth>***...}" },
	{ "a tag that breaks off", MASK_XMPP, false, "<auth x='<b>zQ7</b>zQ7",
		"{<auth x='***...}" },
	{ "a secret where an attribute is", MASK_XMPP, false,
		"<auth zQ='zQ7' xmlns:zQ='a'>zQ7</auth>",
		"{<auth zQ='***' xmlns:zQ='a'>***</auth>}" },
};

static void xmpp_credentials_are_hidden(void **state)
{
	(void)state;
	check_all(xmpp_credentials, COUNT(xmpp_credentials));
}

static const struct sample xmpp_stanzas[] = {
	{ "headers, stanzas, keep-alives, the end", MASK_XMPP, false,
		"<?xml version='1.0'?><stream:stream to='a' xmlns='b'><stream:features><x/>"
		"</stream:features> \n <proceed/><?xml version='1.0'?>\n<stream:stream>"
		"<iq id='1'><a><b/></a></iq>   <presence/></stream:stream>",
		"{<?xml version='1.0'?><stream:stream to='a' "
		"xmlns='b'>}{<stream:features><x/>"
		"</stream:features>}{<proceed/>}{<?xml version='1.0'?>\n<stream:stream>}"
		"{<iq id='1'><a><b/></a></iq>}{<presence/>}{</stream:stream>}" },
	{ "a '>' in a value, an element of the header's name inside", MASK_XMPP, false,
		"<stream:stream><iq a='>' b=\"/>\"><stream>t</stream>u</iq><a/>",
		"{<stream:stream>}{<iq a='>' b=\"/>\"><stream>t</stream>u</iq>}{<a/>}" },
	{ "half a stanza", MASK_XMPP, false, "<stream:stream><iq><a",
		"{<stream:stream>}"
		"{<iq><a...}" },
	{ "half a tag", MASK_XMPP, false, "<stream:stream><", "{<stream:stream>}{<...}" },
	{ "no XML", MASK_XMPP, false, "HTTP/1.1 400 Bad Request\r\n\r\n",
		"{HTTP/1.1 400 Bad Request\r\n\r\n...}" },
};

static void xmpp_is_cut_into_stanzas(void **state)
{
	(void)state;
	check_all(xmpp_stanzas, COUNT(xmpp_stanzas));
}

static const struct sample xmpp_bodies[] = {
	{ "body, subject, XHTML-IM", MASK_XMPP, false,
		"<stream:stream><message to='a'><subject>zQ7</subject><body>zQ7 zQ7</body>"
		"<html xmlns='http://jabber.org/protocol/xhtml-im'><body "
		"xmlns='h'><p>zQ7</p>"
		"</body></html><c:body "
		"xmlns:c='cpim'>zQ7</c:body><thread>t</thread></message>",
		"{<stream:stream>}{<message to='a'><subject>[3 bytes]</subject><body>[7 "
		"bytes]"
		"</body><html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='h'>"
		"[10 bytes]</body></html><c:body xmlns:c='cpim'>[3 bytes]</c:body>"
		"<thread>t</thread></message>}" },
	{ "empty ones", MASK_XMPP, false, "<message><body/><subject></subject></message>",
		"{<message><body/>}{<subject></subject>}{</message>}" },
	{ "a body in a body", MASK_XMPP, false,
		"<stream:stream><message><body><body>zQ7</body>zQ7</body>x</message>",
		"{<stream:stream>}{<message><body>[19 bytes]</body>x</message>}" },
	{ "wanted", MASK_XMPP, true,
		"<stream:stream><message><subject>s</subject><body>b<i/></body></message>",
		"{<stream:stream>}{<message><subject>s</subject><body>b<i/></body></"
		"message>}" },
	{ "half of one", MASK_XMPP, false, "<stream:stream><message><body>zQ7",
		"{<stream:stream>}{<message><body>[3 bytes]...}" },
};

static void xmpp_bodies_are_lengths(void **state)
{
	(void)state;
	check_all(xmpp_bodies, COUNT(xmpp_bodies));
}

/* What has been masked stays as it is, so that bodies can be taken out of it later. */
static void bodies_are_taken_out_later(void **state)
{
	static const struct {
		enum mask_form form;
		const char *in, *want;
	} rows[] = {
		{ MASK_SIP,
			"MESSAGE sip:a SIP/2.0\r\nAuthorization: Digest nonce=\"***\"\r\n\r\nhello",
			"MESSAGE sip:a SIP/2.0\r\nAuthorization: Digest nonce=\"***\"\r\n\r\n[5 "
			"bytes]" },
		{ MASK_XMPP, "<message><body>hello</body><thread>t</thread></message>",
			"<message><body>[5 bytes]</body><thread>t</thread></message>" },
		{ MASK_XMPP, "<auth>***</auth>", "<auth>***</auth>" },
		{ MASK_XMPP, "<message><body>hel", "<message><body>[3 bytes]" },
	};
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&out);
		mask_bodies(rows[i].form, slice_str(rows[i].in), &out);
		assert_string_equal(buf_cstr(&out), rows[i].want);
	}
	buf_done(&out);
}

/* A datagram is one message, however long it says to be, and the next begins anew. */
static void a_datagram_is_a_message(void **state)
{
	struct mask m;
	struct buf b;

	(void)state;
	mask_init(&m, MASK_SIP, false);
	buf_init(&b, 256);
	buf_put(&b,
		mask_message(&m, SLICE("MESSAGE sip:a SIP/2.0\r\nContent-Length: 99\r\n\r\nhi")));
	assert_string_equal(
		buf_cstr(&b), "MESSAGE sip:a SIP/2.0\r\nContent-Length: 99\r\n\r\n[2 bytes]");
	buf_clear(&b);
	buf_put(&b, mask_message(&m, SLICE("Authorization: Basic zQ7")));
	assert_string_equal(buf_cstr(&b), "Authorization: Basic ***");
	buf_done(&b);
	mask_done(&m);
}

/* What cannot be cut into messages is shown once, and nothing behind it. */
static void a_stream_that_is_none_is_shown_once(void **state)
{
	static const char text[] = "SIP/2.0 200 OK\r\nContent-Length: many\r\n\r\nzQ7";
	struct buf out;

	(void)state;
	buf_init(&out, OUT_MAX);
	run(MASK_SIP, false, slice_str(text), sizeof(text) - 1, 1, &out);
	assert_string_equal(
		buf_cstr(&out), "{SIP/2.0 200 OK\r\nContent-Length: many\r\n\r\n[3 bytes]}");
	buf_done(&out);
}

static void a_long_piece_is_cut_and_says_so(void **state)
{
	struct buf text, out;

	(void)state;
	buf_init(&text, OUT_MAX);
	buf_init(&out, OUT_MAX);
	buf_puts(&text, "<stream:stream><iq><a>");
	for (unsigned i = 0; i < MASK_PIECE_MAX; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, "</a></iq><auth>zQ7</auth>");
	run(MASK_XMPP, false, buf_slice(&text), 1000, 1000, &out);
	assert_non_null(strstr(buf_cstr(&out), "x\n[16 bytes more]}{<auth>***</auth>}"));
	assert_null(strstr(buf_cstr(&out), SECRET));
	buf_done(&text);
	buf_done(&out);
}

/* Without memory less is shown, never more. */
static void memory_may_run_out(void **state)
{
	static const char text[] =
		"<stream:stream><auth>zQ7</auth><message><body>zQ7</body></message>";
	struct mask m;
	struct buf out;

	(void)state;
	for (long n = 0; n < 8; n++) {
		buf_init(&out, OUT_MAX);
		mask_init(&m, MASK_XMPP, false);
		mem_fail_after(n);
		struct slice in = slice_str(text), piece;
		while (mask_next(&m, &in, &piece))
			;
		mem_fail_after(-1);
		finish(&m, &out);
		assert_null(strstr(buf_cstr(&out), SECRET));
		buf_done(&out);
	}
}

static void an_address_is_shown_without_its_password(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{ "sip:pilar:secret@litware.test", "sip:pilar:***@litware.test" },
		{ "--user=SIPS:pilar:secret@litware.test", "--user=SIPS:pilar:***@litware.test" },
		{ "<sip:pilar:secret@litware.test>", "<sip:pilar:***@litware.test>" },
		{ "sip:pilar:se@cret@litware.test", "sip:pilar:***@litware.test" },
		{ "pilar:secret@litware.test", "pilar:***@litware.test" },
		{ "https://pilar:secret@litware.test", "https:***@litware.test" },
		{ "sip:pilar@litware.test:5060", "sip:pilar@litware.test:5060" },
		{ "xmpp:adelany@contoso.test", "xmpp:adelany@contoso.test" },
		{ "adelany@contoso.test", "adelany@contoso.test" },
		{ "127.0.0.1:5060", "127.0.0.1:5060" },
		{ "sip:", "sip:" },
		{ "@", "@" },
		{ "", "" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 200);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&b);
		mask_address(&b, slice_str(rows[i].in));
		assert_string_equal(buf_cstr(&b), rows[i].want);
	}
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sip_credentials_are_hidden),
		cmocka_unit_test(sip_bodies_are_lengths),
		cmocka_unit_test(xmpp_credentials_are_hidden),
		cmocka_unit_test(xmpp_is_cut_into_stanzas),
		cmocka_unit_test(xmpp_bodies_are_lengths),
		cmocka_unit_test(bodies_are_taken_out_later),
		cmocka_unit_test(a_datagram_is_a_message),
		cmocka_unit_test(a_stream_that_is_none_is_shown_once),
		cmocka_unit_test(a_long_piece_is_cut_and_says_so),
		cmocka_unit_test(memory_may_run_out),
		cmocka_unit_test(an_address_is_shown_without_its_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

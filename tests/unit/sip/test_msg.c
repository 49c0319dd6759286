#include "sip/msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sip/hdr.h"
#include "sip/write.h"

static struct sip_msg msg; /* too big for the stack of each test */
static struct sip_refusal refusal;

static int decode(struct slice in)
{
	refusal = (struct sip_refusal){ .where = { 99999, "nothing" }, .status = -1 };
	return sip_msg_decode(in, &msg, &refusal);
}

static void must_decode(struct slice in)
{
	if (decode(in))
		fail_msg("%s at %zu of:\n%.*s", refusal.where.what, refusal.where.offset,
			SLICE_FMT(in));
}

static void check(struct slice got, const char *want)
{
	if (!slice_eqs(got, want))
		fail_msg("\"%.*s\", wanted \"%s\"", SLICE_FMT(got), want);
}

#define VIA "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
#define TO  "To: <sip:b@c>\r\n"
#define ID  "Call-ID: 1@h\r\n"
/* What a request needs, but for its From and CSeq. */
#define MOST VIA TO ID
#define FROM "From: <sip:a@c>;tag=1\r\n"
#define CSEQ "CSeq: 1 MESSAGE\r\n"
#define LINE "MESSAGE sip:b@c SIP/2.0\r\n"
#define ALL  MOST FROM CSEQ

static void a_request_is_decoded(void **state)
{
	static const char text[] = "MESSAGE sip:b@c.test;transport=tcp SIP/2.0\r\n"
				   "Via: SIP/2.0/TLS one:5061;branch=z9hG4bKx, SIP/2.0/UDP two\r\n"
				   "Via: SIP/2.0/TCP three\r\n"
				   "Max-Forwards: 70\r\n"
				   "From: \"A, B\" <sip:a@b.test>;tag=f1\r\n"
				   "To: sip:b@c.test\r\n"
				   "Call-ID: abc@192.0.2.1\r\n"
				   "CSeq: 2147483647 MESSAGE\r\n"
				   "X-Other: 1\r\n"
				   "Content-Type: text/plain;charset=UTF-8\r\n"
				   "Content-Length: 4\r\n"
				   "\r\n"
				   "a\r\nb";

	(void)state;
	must_decode(slice_str(text));
	check(msg.text, text);
	assert_true(msg.is_request);
	assert_int_equal(msg.method, SIP_METHOD_MESSAGE);
	check(msg.method_text, "MESSAGE");
	check(msg.ruri_text, "sip:b@c.test;transport=tcp");
	check(msg.ruri.host, "c.test");
	check(msg.via.host, "one");
	check(msg.via.branch, "z9hG4bKx");
	check(msg.via.text, "SIP/2.0/TLS one:5061;branch=z9hG4bKx");
	check(msg.from.display, "\"A, B\"");
	check(msg.from.tag, "f1");
	check(msg.to.uri_text, "sip:b@c.test");
	assert_int_equal(msg.to.tag.n, 0);
	check(msg.call_id, "abc@192.0.2.1");
	assert_int_equal(msg.cseq, 2147483647);
	assert_int_equal(msg.max_forwards, 70);
	check(msg.content_type, "text/plain;charset=UTF-8");
	check(msg.body, "a\r\nb");
	assert_int_equal(msg.n_hdrs, 10);
	check(sip_msg_value_named(&msg, "x-other"), "1");
	assert_null(sip_msg_value_named(&msg, "X-Othe").p);
}

static void a_response_is_decoded(void **state)
{
	(void)state;
	must_decode(SLICE("SIP/2.0 404 Not Found here\r\n" ALL "\r\n"));
	assert_false(msg.is_request);
	assert_int_equal(msg.status, 404);
	check(msg.reason, "Not Found here");
	assert_int_equal(msg.method, SIP_METHOD_MESSAGE);
	check(msg.method_text, "MESSAGE");
	assert_int_equal(msg.max_forwards, SIP_UNSET);
	assert_int_equal(msg.body.n, 0);
	/* RFC 4475 sections 3.1.1.13 and 3.1.1.12: no reason, and one in UTF-8 */
	must_decode(SLICE("SIP/2.0 100 \r\n" ALL "\r\n"));
	assert_int_equal(msg.reason.n, 0);
	must_decode(SLICE("SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe\r\n" ALL "\r\n"));
	check(msg.reason, "= 2**3 * 5**2 \xd0\xbd\xd0\xbe");
}

/* RFC 4475 section 3.1.1.1, written anew: all that white space may do. */
static void a_tortuous_invite_is_read(void **state)
{
	static const char text[] =
		"INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n"
		"TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
		"from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n"
		"  tag = 98asjd8\r\n"
		"MaX-fOrWaRdS: 0068\r\n"
		"Call-ID: wsinv.ndaksdj@192.0.2.1\r\n"
		"Content-Length   : 150\r\n"
		"cseq: 0009\r\n  INVITE\r\n"
		"Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\n"
		"s :\r\n"
		"NewFangledHeader:   newfangled value\r\n continued newfangled value\r\n"
		"UnknownHeaderWithUnusualValue: ;;,,;;,;\r\n"
		"Content-Type: application/sdp\r\n"
		"Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n"
		"v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  "
		",\r\n"
		" SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n"
		"m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n"
		"      newvalue ;\r\n  secondparam ; q = 0.33\r\n"
		"\r\n";
	char whole[2048];
	struct sip_via via;
	struct where where;
	struct slice rest, value;
	unsigned at = 0;

	(void)state;
	snprintf(whole, sizeof(whole), "%s%0150d", text, 0);
	must_decode(slice_str(whole));
	check(msg.to.tag, "1918181833n");
	check(msg.from.tag, "98asjd8");
	check(msg.from.uri_text, "sip:jdrosen@example.com");
	assert_int_equal(msg.max_forwards, 68);
	assert_int_equal(msg.cseq, 9);
	assert_int_equal(msg.body.n, 150);
	check(msg.via.host, "192.0.2.2");
	check(sip_msg_value(&msg, SIP_HDR_SUBJECT), "");
	check(sip_msg_value_named(&msg, "NewFangledHeader"),
		"newfangled value\r\n continued newfangled value");
	check(sip_msg_value(&msg, SIP_HDR_ROUTE),
		"<sip:services.example.com;lr;unknownwith=value;unknown-no-value>");
	assert_non_null(sip_msg_find(&msg, SIP_HDR_VIA, &at));
	rest = sip_msg_find(&msg, SIP_HDR_VIA, &at)->value;
	assert_null(sip_msg_find(&msg, SIP_HDR_VIA, &at));
	assert_true(sip_hdr_next(&rest, &value) && sip_hdr_next(&rest, &value));
	assert_int_equal(sip_via_decode(value, &via, &where), 0);
	check(via.branch, "z9hG4bK30239");
	struct sip_nameaddr contact;
	assert_int_equal(
		sip_nameaddr_decode(sip_msg_value(&msg, SIP_HDR_CONTACT), &contact, &where), 0);
	check(contact.display, "\"Quoted string \\\"\\\"\"");
}

/* Each is a whole message that is legal, however odd. */
static const struct {
	const char *name, *text;
} odd[] = {
	{ "RFC 4475 3.1.1.2: every character that a method may have",
		"!interesting-Method0123456789_*+`.%indeed'~ sip:b@c SIP/2.0\r\n" MOST FROM
		"CSeq: 1 !interesting-Method0123456789_*+`.%indeed'~\r\n\r\n" },
	{ "RFC 4475 3.1.1.2: every character that a header name may have",
		LINE ALL "extensionHeader-!.%*+_`'~: \xef\xbb\xbf\xe5\xa4\xa7\r\n\r\n" },
	{ "RFC 4475 3.1.1.5: an escape in a method is no escape",
		"RE%47IST%45R sip:b@c SIP/2.0\r\n" MOST FROM "CSeq: 1 RE%47IST%45R\r\n\r\n" },
	{ "RFC 4475 3.1.1.4: an escaped zero in a URI",
		"REGISTER sip:example.com SIP/2.0\r\n" VIA ID
		"To: sip:null-%00-null@example.com\r\nFrom: sip:null-%00-null@example.com;tag=8\r\n"
		"CSeq: 14398234 REGISTER\r\n\r\n" },
	{ "RFC 4475 3.1.1.6: no space between a display name and <",
		LINE MOST "From: caller<sip:caller@example.com>;tag=323\r\n" CSEQ "\r\n" },
	{ "RFC 4475 3.1.1.10: transports that nobody knows",
		LINE "Via: SIP/2.0/SCTP h;branch=x\r\nVia: SIP/2.0/UNKNOWN i\r\n" TO ID FROM CSEQ
		     "\r\n" },
	{ "RFC 4475 3.1.2.11: headers escaped in the Request-URI",
		"MESSAGE sip:b@c?Route=%3Csip:example.com%3E SIP/2.0\r\n" ALL "\r\n" },
	{ "RFC 4475 3.1.2.12: a date that is none is not read here",
		LINE ALL "Date: Fri, 01 Jan 2010 16:00:00 EST\r\n\r\n" },
	{ "RFC 4475 3.3.4: an unknown scheme is for the server to judge",
		"OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0\r\n" MOST FROM
		"CSeq: 1 OPTIONS\r\n\r\n" },
	{ "RFC 4475 3.3.13: no forwards left", LINE ALL "Max-Forwards: 0\r\n\r\n" },
	{ "RFC 4475 3.4.1: RFC 2543 had no branch, tag or Max-Forwards",
		LINE "Via: SIP/2.0/UDP h\r\n" TO ID "From: <sip:a@c>\r\n" CSEQ "\r\n" },
	{ "empty lines in front (RFC 3261 section 7.5)", "\r\n\r\n" LINE ALL "\r\n" },
	{ "the version in small letters", "MESSAGE sip:b@c sip/2.0\r\n" ALL "\r\n" },
	{ "compact forms", LINE
		"v: SIP/2.0/UDP h\r\nt: <sip:b@c>\r\ni: 1\r\nf: <sip:a@c>;tag=1\r\n" CSEQ
		"c: text/plain\r\nl: 0\r\nk: x\r\ns: y\r\nm: <sip:a@h>\r\ne: z\r\no: q\r\n\r\n" },
	{ "a tab folds, and separates", LINE MOST FROM "CSeq:\r\n\t1\tMESSAGE\r\n\r\n" },
	{ "bytes over 127 and tabs in a header", LINE ALL "Subject:\t\xff\xfe a\tb\r\n\r\n" },
	{ "a Call-ID of every character of a word",
		LINE VIA TO FROM CSEQ "Call-ID: -.!%*_+`'~()<>:\\\"/[]?{}@a\r\n\r\n" },
	{ "Max-Forwards 255", LINE ALL "Max-Forwards: 255\r\n\r\n" },
	{ "RFC 4475 3.1.2.14: blanks inside <>", LINE VIA
		"To: \"Watson, Thomas\" < sip:t.watson@example.org >\r\n" ID FROM CSEQ "\r\n" },
	{ "RFC 4475 3.1.2.15: a display name that needs quotes", LINE MOST
		"From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43\r\n" CSEQ "\r\n" },
	{ "brackets in one", LINE MOST "From: Pilar (Sales) [1] <sip:a@c>;tag=1\r\n" CSEQ "\r\n" },
	{ "an address as one", LINE MOST "From: a@c <sip:a@c>;tag=1\r\n" CSEQ "\r\n" },
	{ "one in Latin-1", LINE MOST "From: Andr\xe9 <sip:a@c>;tag=1\r\n" CSEQ "\r\n" },
	{ "a URI that ends with ;", LINE MOST "From: <sip:a@c;x=y;>;tag=1\r\n" CSEQ "\r\n" },
	{ "# in a user part", LINE MOST "From: <sip:PBX#90@c>;tag=1\r\n" CSEQ "\r\n" },
	{ "a Call-ID is bytes (two @)", LINE VIA TO FROM CSEQ "i: 1-20@192.0.2.5@h:5060\r\n\r\n" },
	{ "a Call-ID is bytes (=)", LINE VIA TO FROM CSEQ "i: aGVsbG8=@host\r\n\r\n" },
	{ "a Call-ID is bytes (# $)", LINE VIA TO FROM CSEQ "i: a#b$1\r\n\r\n" },
	{ "a Call-ID is bytes (;)", LINE VIA TO FROM CSEQ "i: a;b\r\n\r\n" },
	{ "a Call-ID is bytes (blank)", LINE VIA TO FROM CSEQ "i: a b\r\n\r\n" },
	{ "a Call-ID is bytes (@ at its end)", LINE VIA TO FROM CSEQ "i: a@\r\n\r\n" },
	{ "a Call-ID is bytes (over 127)", LINE VIA TO FROM CSEQ "i: \xe9\xff\r\n\r\n" },
	{ "an empty tag", LINE VIA "To: <sip:b@c>;tag=\r\n" ID FROM CSEQ "\r\n" },
	{ "a tag without a value", LINE VIA "To: <sip:b@c>;tag\r\n" ID FROM CSEQ "\r\n" },
	{ "empty parameters", LINE VIA "To: <sip:b@c>;;x=y; ;\r\n" ID FROM CSEQ "\r\n" },
	{ "the greatest CSeq", LINE MOST FROM "CSeq: 4294967295 MESSAGE\r\n\r\n" },
	{ "what nobody here needs may be anything",
		LINE ALL "Contact: \"x <sip:;;>\r\nDate: yesterday\r\nExpires: -1\r\n"
			 "Route: ,,<\r\nUser-Agent: \"\r\nSupported: ;;=\r\n\r\n" },
	{ "no blank behind a colon", LINE ALL "Max-Forwards:1\r\n\r\n" },
};

static void what_is_odd_but_legal_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(odd); i++)
		if (decode(slice_str(odd[i].text)))
			fail_msg("%s: %s at %zu", odd[i].name, refusal.where.what,
				refusal.where.offset);
}

/* ---- refusals ---- */

#define A SIP_ANSWERABLE
#define N SIP_NOT_ANSWERABLE

static const struct {
	const char *name, *text;
	int err, status;
	const char
		*at; /* the refusal points at the first place of this in the text; NULL: its end */
	const char *what;
	enum sip_answerable answerable;
} bad[] = {
	{ "nothing", "", ERR_SYNTAX, 400, NULL, "the headers have no end", N },
	{ "a keep-alive", "\r\n\r\n", ERR_SYNTAX, 400, NULL, "the headers have no end", N },
	{ "no empty line", LINE ALL, ERR_SYNTAX, 400, NULL, "the headers have no end", A },
	{ "HTTP", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", ERR_SYNTAX, 400, "/ HTTP",
		"a URI without a scheme", N },
	{ "no method", " sip:b@c SIP/2.0\r\n" ALL "\r\n", ERR_SYNTAX, 400, " sip:b@c SIP",
		"a start line that is not SIP's", N },
	{ "a method that is no token", "MESS(AGE sip:b@c SIP/2.0\r\n" ALL "\r\n", ERR_SYNTAX, 400,
		"(AGE", "a start line that is not SIP's", N },
	{ "a start line of one word", "MESSAGE\r\n" ALL "\r\n", ERR_SYNTAX, 400, "\r\n",
		"a start line that is not SIP's", N },
	{ "no version", "MESSAGE sip:b@c\r\n" ALL "\r\n", ERR_SYNTAX, 400, "\r\n",
		"a start line that is not SIP's", A },
	/* RFC 4475 section 3.1.2, by its numbers */
	{ "3.1.2.1 separators without anything between",
		LINE "Via: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n" TO ID FROM CSEQ "\r\n", ERR_SYNTAX,
		400, ";,;,,", "a malformed header parameter", A },
	{ "3.1.2.2 a Content-Length over the body", LINE ALL "Content-Length: 9\r\n\r\n12345678",
		ERR_SYNTAX, 400, NULL, "the body is shorter than Content-Length", A },
	{ "3.1.2.3 a negative Content-Length", LINE ALL "Content-Length: -999\r\n\r\nbody",
		ERR_SYNTAX, 400, "-999", "a malformed Content-Length", A },
	{ "3.1.2.4 an overlarge CSeq", LINE MOST FROM "CSeq: 36893488147419103232 MESSAGE\r\n\r\n",
		ERR_SYNTAX, 400, "36893", "CSeq is not 0 to 4294967295", A },
	{ "3.1.2.4 an overlarge Max-Forwards", LINE ALL "Max-Forwards: 300\r\n\r\n", ERR_SYNTAX,
		400, "300", "Max-Forwards is not 0 to 255", A },
	{ "3.1.2.5 a response with an overlarge CSeq",
		"SIP/2.0 200 OK\r\n" MOST FROM "CSeq: 9292394834772304023312 OPTIONS\r\n\r\n",
		ERR_SYNTAX, 400, "92923", "CSeq is not 0 to 4294967295", N },
	{ "3.1.2.6 a quoted string without its end",
		LINE VIA "To: \"Mr. J. User <sip:j.user@example.com>\r\n" ID FROM CSEQ "\r\n",
		ERR_SYNTAX, 400, "\"Mr.", "a quoted string without its end", A },
	{ "3.1.2.7 a Request-URI in <>", "MESSAGE <sip:b@c> SIP/2.0\r\n" ALL "\r\n", ERR_SYNTAX,
		400, "<sip:b@c> SIP", "a URI without a scheme", A },
	{ "3.1.2.8 a blank in the Request-URI", "MESSAGE sip:b@c; lr SIP/2.0\r\n" ALL "\r\n",
		ERR_SYNTAX, 400, "lr SIP", "a start line that is not SIP's", A },
	{ "3.1.2.9 two blanks in the start line", "MESSAGE  sip:b@c  SIP/2.0\r\n" ALL "\r\n",
		ERR_SYNTAX, 400, " sip:b@c  SIP", "a URI without a scheme", A },
	{ "3.1.2.10 blanks behind the version", "MESSAGE sip:b@c SIP/2.0  \r\n" ALL "\r\n",
		ERR_SYNTAX, 400, "SIP/2.0  ", "a start line that is not SIP's", A },
	{ "3.1.2.16 another version", "MESSAGE sip:b@c SIP/7.0\r\n" ALL "\r\n", ERR_UNSUPPORTED,
		505, "SIP/7.0", "a version of SIP that is not 2.0", A },
	{ "3.1.2.17 CSeq of another method", LINE MOST FROM "CSeq: 8 INVITE\r\n\r\n", ERR_SYNTAX,
		400, "INVITE", "CSeq names another method", A },
	{ "3.1.2.18 CSeq of another unknown method",
		"NEWMETHOD sip:b@c SIP/2.0\r\n" MOST FROM "CSeq: 8 newmethod\r\n\r\n", ERR_SYNTAX,
		400, "newmethod", "CSeq names another method", A },
	{ "3.1.2.19 an overlarge status", "SIP/2.0 4294967301 better not\r\n" ALL "\r\n",
		ERR_SYNTAX, 400, "4294967301", "a status that is not 100 to 699", N },
	{ "3.3.1 neither Call-ID nor From nor To",
		"INVITE sip:b@c SIP/2.0\r\nCSeq: 193942 INVITE\r\n" VIA "\r\n", ERR_SYNTAX, 400,
		NULL, "From is missing", A },
	{ "3.3.8 two values where one may be (From)", LINE ALL "From: <sip:x@y>;tag=2\r\n\r\n",
		ERR_SYNTAX, 400, "From: <sip:x", "From stands twice", A },
	{ "3.3.8 two values where one may be (To)", LINE ALL "t: <sip:x@y>\r\n\r\n", ERR_SYNTAX,
		400, "t: <sip:x", "To stands twice", A },
	{ "3.3.8 two values where one may be (Call-ID)", LINE ALL "i: 2\r\n\r\n", ERR_SYNTAX, 400,
		"i: 2", "Call-ID stands twice", A },
	{ "3.3.8 two values where one may be (CSeq)", LINE ALL "CSeq: 2 MESSAGE\r\n\r\n",
		ERR_SYNTAX, 400, "CSeq: 2", "CSeq stands twice", A },
	{ "3.3.8 two values where one may be (Max-Forwards)",
		LINE ALL "Max-Forwards: 5\r\nMax-Forwards: 70\r\n\r\n", ERR_SYNTAX, 400,
		"Max-Forwards: 70", "Max-Forwards stands twice", A },
	{ "3.3.9 two Content-Lengths", LINE ALL "Content-Length: 0\r\nl: 4\r\n\r\nbody", ERR_SYNTAX,
		400, "l: 4", "Content-Length stands twice", A },
	{ "two Content-Types", LINE ALL "c: text/plain\r\nc: text/html\r\n\r\n", ERR_SYNTAX, 400,
		"c: text/html", "Content-Type stands twice", A },
	{ "two addresses in From", LINE MOST "From: <sip:a@b>;tag=1, <sip:c@d>\r\n" CSEQ "\r\n",
		ERR_SYNTAX, 400, ", <sip:c", "something that is no parameter behind the value", A },
	{ "no Via", LINE TO ID FROM CSEQ "\r\n", ERR_SYNTAX, 400, NULL, "Via is missing", N },
	{ "no To", LINE VIA ID FROM CSEQ "\r\n", ERR_SYNTAX, 400, NULL, "To is missing", A },
	{ "no Call-ID", LINE VIA TO FROM CSEQ "\r\n", ERR_SYNTAX, 400, NULL, "Call-ID is missing",
		A },
	{ "no CSeq", LINE MOST FROM "\r\n", ERR_SYNTAX, 400, NULL, "CSeq is missing", A },
	{ "an empty Via", LINE "Via: ,\r\n" TO ID FROM CSEQ "\r\n", ERR_SYNTAX, 400, "\r\nTo",
		"an empty Via", N },
	{ "an empty Call-ID", LINE VIA TO FROM CSEQ "i:\r\n\r\n", ERR_SYNTAX, 400, "\r\n\r\n",
		"Call-ID is empty", A },
	{ "CSeq 2^32", LINE MOST FROM "CSeq: 4294967296 MESSAGE\r\n\r\n", ERR_SYNTAX, 400, "4294",
		"CSeq is not 0 to 4294967295", A },
	{ "CSeq without a method", LINE MOST FROM "CSeq: 17\r\n\r\n", ERR_SYNTAX, 400, "\r\n\r\n",
		"CSeq without a method", A },
	{ "Max-Forwards with a sign", LINE ALL "Max-Forwards: +7\r\n\r\n", ERR_SYNTAX, 400, "+7",
		"Max-Forwards is not 0 to 255", A },
	{ "Max-Forwards of two numbers", LINE ALL "Max-Forwards: 7 0\r\n\r\n", ERR_SYNTAX, 400,
		"7 0", "Max-Forwards is not 0 to 255", A },
	{ "Content-Length in a list", LINE ALL "Content-Length: 0, 0\r\n\r\n", ERR_SYNTAX, 400,
		"0, 0", "a malformed Content-Length", A },
	{ "a status below 100", "SIP/2.0 099 x\r\n" ALL "\r\n", ERR_SYNTAX, 400, "099",
		"a status that is not 100 to 699", N },
	{ "a status over 699", "SIP/2.0 700 x\r\n" ALL "\r\n", ERR_SYNTAX, 400, "700",
		"a status that is not 100 to 699", N },
	{ "a response of another version", "SIP/3.0 200 x\r\n" ALL "\r\n", ERR_UNSUPPORTED, 505,
		"SIP/3.0", "a version of SIP that is not 2.0", N },
	{ "a version without a number", "MESSAGE sip:b@c SIP/x.0\r\n" ALL "\r\n", ERR_SYNTAX, 400,
		"SIP/x.0", "a start line that is not SIP's", A },
	{ "nothing answers an ACK", "ACK sip:b@c SIP/2.0\r\n" MOST FROM "CSeq: 1 INVITE\r\n\r\n",
		ERR_SYNTAX, 400, "INVITE", "CSeq names another method", N },
	{ "a header without a colon", LINE ALL "Subject\r\n\r\n", ERR_SYNTAX, 400, "\r\n\r\n",
		"a header line without a name and a colon", A },
	{ "a header without a name", LINE ALL ": x\r\n\r\n", ERR_SYNTAX, 400, ": x",
		"a header line without a name and a colon", A },
	{ "a header name of two words", LINE ALL "Sub ject: x\r\n\r\n", ERR_SYNTAX, 400, "ject: x",
		"a header line without a name and a colon", A },
	{ "a header name that is no token", LINE ALL "Sub(ject: x\r\n\r\n", ERR_SYNTAX, 400,
		"(ject: x", "a header line without a name and a colon", A },
	{ "a folded line that nothing is before", LINE " x: y\r\n" ALL "\r\n", ERR_SYNTAX, 400,
		" x: y", "a header line without a name and a colon", A },
	{ "a line that ends with LF alone", LINE ALL "Subject: a\nX: y\r\n\r\n", ERR_SYNTAX, 400,
		"\nX", "a line that ends without CR", A },
	{ "all lines end with LF alone", "MESSAGE sip:b@c SIP/2.0\nVia: x\n\n", ERR_SYNTAX, 400,
		"\nVia", "a line that ends without CR", N },
	{ "a CR alone", LINE ALL "Subject: a\rb\r\n\r\n", ERR_SYNTAX, 400, "\rb", "a CR without LF",
		A },
	{ "a bell in a header", LINE ALL "Subject: a\ab\r\n\r\n", ERR_SYNTAX, 400, "\ab",
		"a control character in a header", A },
	{ "a DEL in a header",
		LINE ALL "Subject: a\x7f"
			 "b\r\n\r\n",
		ERR_SYNTAX, 400, "\x7f", "a control character in a header", A },
	{ "an escape sequence in From",
		LINE MOST "From: \"\x1b[31m\" <sip:a@c>;tag=1\r\n" CSEQ "\r\n", ERR_SYNTAX, 400,
		"\x1b", "a control character in a header", A },
	{ "the control character is told, not what it broke", LINE VIA TO FROM CSEQ "i:\a\r\n\r\n",
		ERR_SYNTAX, 400, "\a", "a control character in a header", A },
};

static void check_refusal(size_t i, int err)
{
	const char *at = bad[i].at ? strstr(bad[i].text, bad[i].at) : NULL;
	size_t offset = at ? (size_t)(at - bad[i].text) : strlen(bad[i].text);

	if (err != bad[i].err || refusal.status != bad[i].status)
		fail_msg("%s: %d, status %d", bad[i].name, err, refusal.status);
	if (refusal.answerable != bad[i].answerable)
		fail_msg("%s: answerable %d", bad[i].name, (int)refusal.answerable);
	if (strcmp(refusal.where.what, bad[i].what) != 0 || refusal.where.offset != offset)
		fail_msg("%s: %s at %zu, wanted %s at %zu", bad[i].name, refusal.where.what,
			refusal.where.offset, bad[i].what, offset);
}

static void what_is_wrong_is_refused_with_place_and_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		check_refusal(i, decode(slice_str(bad[i].text)));
}

/* The first value of this header in the text, and in the answer: the same bytes. */
static void assert_repeated(const char *name, struct slice row, const char *answer)
{
	char want[512];

	if (row.n == 0)
		return;
	snprintf(want, sizeof(want), "\r\n%s: %.*s", name, SLICE_FMT(row));
	if (!strstr(answer, want))
		fail_msg("`%s` is not in: %s", want + 2, answer);
}

/* RFC 3261 section 8.2.6.2: who asked finds its request by them. */
static void an_answer_to_what_is_refused_repeats_its_rows(void **state)
{
	const struct addr source = { .family = 4, .port = 5060, .ip = { 192, 0, 2, 1 } };
	struct buf b;

	(void)state;
	buf_init(&b, SIP_MSG_MAX);
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (bad[i].answerable == N)
			continue;
		assert_true(decode(slice_str(bad[i].text)) < 0);
		buf_clear(&b);
		sip_put_response_head(&b, &msg, refusal.status, SLICE("t1"), &source);
		sip_put_body(&b, SLICE_NONE);
		const char *answer = buf_cstr(&b);
		struct slice via = msg.via.text;
		assert_repeated("Via", slice_cut(via, 0, slice_chr(via, ';')), answer);
		assert_true(!msg.via.branch.n || strstr(answer, ";branch=z9hG4bK1"));
		assert_repeated("CSeq", sip_msg_value(&msg, SIP_HDR_CSEQ), answer);
		for (const char *p = answer; *p && !msg.has_controls; p++)
			assert_true(*p >= ' ' || *p == '\r' || *p == '\n');
		if (msg.has_controls)
			continue;
		assert_repeated("From", sip_msg_value(&msg, SIP_HDR_FROM), answer);
		assert_repeated("To", msg.to.text, answer);
		assert_repeated("Call-ID", sip_msg_value(&msg, SIP_HDR_CALL_ID), answer);
	}
	buf_done(&b);
}

static void a_control_is_a_space_in_the_answer(void **state)
{
	const struct addr source = { .family = 4, .port = 5060, .ip = { 192, 0, 2, 1 } };
	struct buf b;

	(void)state;
	assert_true(decode(SLICE(LINE VIA TO "Call-ID: a\x1b[31m\r\n"
					     "From: \"a\r\n b\" <sip:a@c>\n ;tag=\r1\r\n" CSEQ
					     "\r\n")) < 0);
	buf_init(&b, 4096);
	sip_put_response_head(&b, &msg, 400, SLICE("t1"), &source);
	assert_non_null(strstr(buf_cstr(&b), "\r\nCall-ID: a [31m\r\n"));
	assert_non_null(strstr(buf_cstr(&b), "\r\nFrom: \"a\r\n b\" <sip:a@c>  ;tag= 1\r\n"));
	buf_done(&b);
}

static void a_phrase_says_what_is_wrong_with_what(void **state)
{
	static const struct {
		const char *text, *phrase;
	} cases[] = {
		{ LINE MOST "From: \"x <sip:a@c>\r\n" CSEQ "\r\n",
			"Bad From: a quoted string without its end" },
		{ LINE VIA "t: b\r\n" ID FROM CSEQ "\r\n", "Bad To: a URI without a scheme" },
		{ LINE "Via: SIP/2.0/UDP h;;\r\n" TO ID FROM CSEQ "\r\n",
			"Bad Via: a malformed header parameter" },
		{ "MESSAGE sip: SIP/2.0\r\n" ALL "\r\n", "Bad Request-URI: the host is missing" },
		{ LINE ALL "X-If: ens3\nX: y\r\n\r\n", "Bad X-If: a line that ends without CR" },
		{ LINE ALL "X-0123456789012345678901234567890123456789: \a\r\n\r\n",
			"Bad X-01234567890123456789012345678901234567: a control character in a "
			"header" },
		{ LINE MOST FROM "\r\n", "CSeq is missing" },
		{ LINE ALL "Max-Forwards: x\r\n\r\n", "Max-Forwards is not 0 to 255" },
	};
	char phrase[SIP_PHRASE_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(decode(slice_str(cases[i].text)) < 0);
		assert_string_equal(sip_refusal_phrase(&refusal, phrase), cases[i].phrase);
	}
}

static void a_zero_byte_is_refused(void **state)
{
	static const char text[] = LINE ALL "Subject: a\0b\r\n\r\n";
	/* RFC 4475 section 3.1.1.2: behind a backslash in a quoted string it may be there. */
	static const char quoted[] =
		LINE MOST "From: \"BEL:\\\a NUL:\\\0 DEL:\\\x7f\" <sip:a@c>;tag=1\r\n" CSEQ "\r\n";
	/* Elsewhere a backslash has no meaning, and it hides no end of a line. */
	static const char bare[] = LINE MOST "From: \\\a <sip:a@c>;tag=1\r\n" CSEQ "\r\n";
	static const char fold[] = LINE MOST "From: \"\\\r\" <sip:a@c>;tag=1\r\n" CSEQ "\r\n";

	(void)state;
	assert_int_equal(decode(slice_of(text, sizeof(text) - 1)), ERR_SYNTAX);
	assert_string_equal(refusal.where.what, "a control character in a header");
	assert_int_equal(refusal.where.offset, strlen(text));
	must_decode(slice_of(quoted, sizeof(quoted) - 1));
	check(msg.from.uri.host, "c");
	assert_int_equal(decode(slice_str(bare)), ERR_SYNTAX);
	assert_int_equal(decode(slice_str(fold)), ERR_SYNTAX);
}

/* At every place of a head that is longer than one block of the search. */
static void a_control_is_found_wherever_it_is(void **state)
{
	static const char text[] = LINE ALL "Subject: 0123456789012345678901234567890123456789\r\n"
					    "Max-Forwards: 70\r\n\r\n";
	char changed[sizeof(text)];

	(void)state;
	for (size_t i = 0; i + 3 < sizeof(text); i++) {
		memcpy(changed, text, sizeof(text));
		changed[i] = '\x01';
		assert_true(decode(slice_of(changed, sizeof(text) - 1)) < 0);
		if (text[i] == '\r' || text[i] == '\n')
			continue; /* then the CR or the LF that is left is told, where it is first
				   */
		assert_int_equal(refusal.where.offset, i);
		assert_string_equal(refusal.where.what, "a control character in a header");
	}
}

static void controls_in_a_body_are_no_ones_business(void **state)
{
	static const char text[] = LINE ALL "Content-Length: 5\r\n\r\n\0\n\r\x01\x7f";

	(void)state;
	must_decode(slice_of(text, sizeof(text) - 1));
	assert_int_equal(msg.body.n, 5);
}

static void the_body_ends_where_content_length_says(void **state)
{
	/* RFC 4475 section 3.1.1.8 */
	static const char text[] = LINE ALL "Content-Length: 4\r\n\r\nbodyINVITE sip:x@y SIP/2.0";
	static const char without[] = "\r\n" LINE ALL "\r\nall of it";

	(void)state;
	must_decode(slice_str(text));
	check(msg.body, "body");
	assert_int_equal(msg.text.n, strlen(text) - strlen("INVITE sip:x@y SIP/2.0"));
	must_decode(slice_str(without));
	check(msg.body, "all of it");
	check(msg.text, without + 2);
}

static void a_uri_that_is_too_long_is_414(void **state)
{
	static char text[SIP_URI_MAX + 512] = "MESSAGE sip:";
	size_t n = strlen(text);

	(void)state;
	memset(text + n, 'a', SIP_URI_MAX);
	snprintf(text + n + SIP_URI_MAX, sizeof(text) - n - SIP_URI_MAX, "%s",
		"@c SIP/2.0\r\n" ALL "\r\n");
	assert_int_equal(decode(slice_str(text)), ERR_LIMIT);
	assert_int_equal(refusal.status, 414);
	assert_int_equal(refusal.answerable, SIP_ANSWERABLE);
	assert_int_equal(refusal.where.offset, 8 + SIP_URI_MAX);
}

static void too_many_rows_are_513(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, SIP_MSG_MAX);
	buf_puts(&b, LINE ALL);
	for (unsigned i = 5; i < SIP_HDRS_MAX; i++)
		buf_puts(&b, "X: y\r\n");
	size_t full = buf_len(&b);
	buf_puts(&b, "\r\n");
	must_decode(buf_slice(&b));
	assert_int_equal(msg.n_hdrs, SIP_HDRS_MAX);
	buf_truncate(&b, full);
	buf_puts(&b, "X: y\r\n\r\n");
	assert_int_equal(decode(buf_slice(&b)), ERR_LIMIT);
	assert_int_equal(refusal.status, 513);
	assert_int_equal(refusal.where.offset, full);
	assert_int_equal(refusal.answerable, SIP_ANSWERABLE);
	buf_done(&b);
}

static void a_message_that_is_too_long_is_513(void **state)
{
	static char text[SIP_MSG_MAX + 2] = LINE ALL "\r\n";

	(void)state;
	memset(text + strlen(text), 'x', SIP_MSG_MAX + 1 - strlen(text));
	must_decode(slice_of(text, SIP_MSG_MAX));
	assert_int_equal(decode(slice_of(text, SIP_MSG_MAX + 1)), ERR_LIMIT);
	assert_int_equal(refusal.status, 513);
	assert_int_equal(refusal.where.offset, SIP_MSG_MAX);
}

/* Nothing is read behind the end of the input: a cut message lies at the end of its memory. */
static void no_byte_behind_the_end_is_read(void **state)
{
	static const char text[] = LINE ALL "Subject: x\r\n y\r\nContent-Length: 2\r\n\r\nab";
	size_t n = sizeof(text) - 1;

	(void)state;
	for (size_t cut = 0; cut < n; cut++) {
		char *copy = mem_strndup(text, cut);
		char *exact = mem_realloc(copy, cut ? cut : 1);

		if (decode(slice_of(exact, cut)) == 0)
			fail_msg("cut at %zu was taken", cut);
		assert_true(refusal.where.offset <= cut);
		mem_free(exact);
	}
	must_decode(slice_str(text));
}

static void rows_are_found_in_their_order(void **state)
{
	unsigned at = 0;

	(void)state;
	must_decode(SLICE(LINE ALL "Route: <sip:one>\r\nX: y\r\nRoute: <sip:two>\r\n\r\n"));
	check(sip_msg_find(&msg, SIP_HDR_ROUTE, &at)->value, "<sip:one>");
	check(sip_msg_find(&msg, SIP_HDR_ROUTE, &at)->value, "<sip:two>");
	assert_null(sip_msg_find(&msg, SIP_HDR_ROUTE, &at));
	check(sip_msg_value(&msg, SIP_HDR_ROUTE), "<sip:one>");
	assert_null(sip_msg_value(&msg, SIP_HDR_DATE).p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_decoded),
		cmocka_unit_test(a_response_is_decoded),
		cmocka_unit_test(a_tortuous_invite_is_read),
		cmocka_unit_test(what_is_odd_but_legal_is_read),
		cmocka_unit_test(what_is_wrong_is_refused_with_place_and_reason),
		cmocka_unit_test(an_answer_to_what_is_refused_repeats_its_rows),
		cmocka_unit_test(a_control_is_a_space_in_the_answer),
		cmocka_unit_test(a_phrase_says_what_is_wrong_with_what),
		cmocka_unit_test(a_zero_byte_is_refused),
		cmocka_unit_test(a_control_is_found_wherever_it_is),
		cmocka_unit_test(controls_in_a_body_are_no_ones_business),
		cmocka_unit_test(the_body_ends_where_content_length_says),
		cmocka_unit_test(a_uri_that_is_too_long_is_414),
		cmocka_unit_test(too_many_rows_are_513),
		cmocka_unit_test(a_message_that_is_too_long_is_513),
		cmocka_unit_test(no_byte_behind_the_end_is_read),
		cmocka_unit_test(rows_are_found_in_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

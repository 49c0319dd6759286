/* The messages of RFC 4475 (SIP torture tests) and RFC 5118 (the same for IPv6), each written anew
 * from its description, and what the gateway answers: an element that knows MESSAGE and OPTIONS and
 * no others. */
#include "scene.h"

/* What most of them need; a CSeq names the method. */
#define VIA     "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKtorture\r\n"
#define FROM    "From: <sip:caller@litware.test>;tag=38ds\r\n"
#define TO      "To: <sip:user@contoso.test>\r\n"
#define ID      "Call-ID: torture@192.0.2.1\r\n"
#define CSEQ(m) "CSeq: 8 " m "\r\n"
#define ALL(m)  VIA FROM TO ID CSEQ(m)
#define HELLO   "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
#define SDP                                                                                        \
	"Content-Type: application/sdp\r\nContent-Length: 9\r\n\r\n"                               \
	"v=0\r\ns=x\r\n"

enum { SILENT = 0, CARRIED = 1 };

struct torture {
	const char *name; /* section and file of the RFC */
	const char *text;
	int status;      /* SILENT: and then why; CARRIED: it reaches its receiver */
	const char *why; /* of SILENT a part of the line of log, else a part of the answer */
};

#define NO_METHOD  "\r\nAllow: MESSAGE, OPTIONS\r\n"
#define WHITE_PART "                                        "

static const struct torture rfc4475[] = {
	/* 3.1.1: valid messages */
	{ "3.1.1.1 wsinv: all that white space may do",
		"INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n"
		"TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
		"from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n"
		"  tag = 98asjd8\r\nMaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\n"
		"Content-Length   : 3\r\ncseq: 0009\r\n  INVITE\r\n"
		"Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\ns :\r\n"
		"NewFangledHeader:   newfangled value\r\n continued newfangled value\r\n"
		"UnknownHeaderWithUnusualValue: ;;,,;;,;\r\nContent-Type: application/sdp\r\n"
		"Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n"
		"v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n"
		"  branch  =   z9hG4bK9ikj8  ,\r\n SIP  /    2.0   / UDP  192.168.255.111   ;"
		" branch=\r\n z9hG4bK30239\r\n"
		"m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n"
		"      newvalue ;\r\n  secondparam ; q = 0.33\r\n\r\nv=0",
		481, "\r\nFrom: \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;" },
	{ "3.1.1.2 intmeth: every character that there may be",
		"!interesting-Method0123456789_*+`.%indeed'~ "
		"sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/"
		";;*:&it+has=1,weird!*pas$wo~d_too."
		"(doesn't-it)@example.com SIP/2.0\r\n"
		"Via: SIP/2.0/UDP host1.example.com;branch=z9hG4bK-.!%66*_+`'~\r\n"
		"To: \"BEL:\\\x07 ESC:\\\x1b DEL:\\\x7f\" "
		"<sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>\r\n"
		"From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>"
		";fromParam''~+*_!.-%=\"\xd1\x80\xd0\xb0\";tag=_token~1'+`*%!-.\r\n"
		"Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\r\n"
		"CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\r\n"
		"Max-Forwards: 255\r\nextensionHeader-!.%*+_`'~:\xef\xbb\xbf\xe5\xa4\xa7\r\n"
		"Content-Length: 0\r\n\r\n",
		501, "\r\nTo: \"BEL:\\\x07 ESC:\\\x1b DEL:\\\x7f\" <" },
	{ "3.1.1.3 esc01: escapes in a URI",
		"INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0\r\n" VIA
		"To: sip:%75se%72@example.com\r\n"
		"From: <sip:I%20have%20spaces@example.net>;tag=938\r\nMax-Forwards: 87\r\n" ID
		"CSeq: 234234 INVITE\r\nContact: "
		"<sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue"
		"%25%34%31>\r\n" SDP,
		405, NO_METHOD },
	{ "3.1.1.4 escnull: zeros escaped in URIs",
		"REGISTER sip:example.com SIP/2.0\r\nTo: sip:null-%00-null@example.com\r\n"
		"From: sip:null-%00-null@example.com;tag=839923423\r\nMax-Forwards: 70\r\n" ID
		"CSeq: 14398234 REGISTER\r\n" VIA
		"Contact: <sip:%00@host5.example.com>\r\nContact: "
		"<sip:%00%00@host5.example.com>\r\n"
		"L:0\r\n\r\n",
		405, NO_METHOD },
	{ "3.1.1.5 esc02: % where it is no escape",
		"RE%47IST%45R sip:registrar.example.com SIP/2.0\r\nTo: \"%Z%45\" "
		"<sip:resource@example.com>\r\nFrom: \"%Z%45\" "
		"<sip:resource@example.com>;tag=f232jadf"
		"j23\r\n" ID "CSeq: 29344 RE%47IST%45R\r\n" VIA
		"Contact: <sip:alias1@host1.example.com>\r\nl: 0\r\n\r\n",
		501, NO_METHOD },
	{ "3.1.1.6 lwsdisp: no blank behind the display name",
		"OPTIONS sip:user@example.com SIP/2.0\r\nTo: sip:user@example.com\r\n"
		"From: caller<sip:caller@example.com>;tag=323\r\nMax-Forwards: 70\r\n" ID
		"CSeq: 60 OPTIONS\r\n" VIA "l: 0\r\n\r\n",
		200, "\r\nFrom: caller<sip:caller@example.com>;tag=323\r\n" },
	{ "3.1.1.7 longreq: long values of fields",
		"INVITE sip:user@example.com SIP/2.0\r\n"
		"To: \"I have a user name of extreme" WHITE_PART WHITE_PART "proportion\" "
		"<sip:user@example.com:6000;unknownparam1="
		"verylonglonglonglonglonglonglonglonglongvalue"
		";longparam"
		"name"
		"name"
		"name"
		"name=short;verylonglonglongparam>\r\n"
		"F: sip:amazinglylongcallername"
		"name"
		"name"
		"name"
		"name"
		"name@example.net"
		";tag=12982"
		"424242424242424242424;unknownheaderparam\r\n"
		"Call-ID: longreq.one"
		"really"
		"really"
		"really"
		"really"
		"really"
		"longcallid\r\n"
		"CSeq: 3882340 INVITE\r\n"
		"Unknown-"
		"Long-"
		"Long-"
		"Long-"
		"Name: unknown-"
		"long-"
		"long-value\r\n"
		"Via: SIP/2.0/TCP sip33.example.com\r\nv: SIP/2.0/TCP sip32.example.com\r\n"
		"V: SIP/2.0/TCP sip31.example.com\r\nMax-Forwards: 70\r\n" SDP,
		405,
		"sip33.example.com;received=127.0.0.1\r\nVia: SIP/2.0/TCP sip32.example.com\r\n" },
	{ "3.1.1.8 dblreq: a second request behind the body is none of it",
		"REGISTER sip:example.com SIP/2.0\r\nTo: sip:j.user@example.com\r\n"
		"From: sip:j.user@example.com;tag=43251j3j324\r\nMax-Forwards: 8\r\n" ID
		"Contact: sip:j.user@host.example.com\r\nCSeq: 8 REGISTER\r\n" VIA
		"Content-Length: 0\r\n\r\nINVITE sip:joe@example.com SIP/2.0\r\n\r\n",
		405, NO_METHOD },
	{ "3.1.1.9 semiuri: a ; in the user part",
		"OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0\r\n" VIA
		"To: sip:j_user@example.com\r\nFrom: sip:caller@example.org;tag=33242\r\n"
		"Max-Forwards: 3\r\n" ID "CSeq: 8 OPTIONS\r\nl: 0\r\n\r\n",
		200, "" },
	{ "3.1.1.10 transports: some of them unknown",
		"OPTIONS sip:user@example.com SIP/2.0\r\n" TO FROM ID CSEQ(
			"OPTIONS") "Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw\r\n"
				   "Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf\r\n"
				   "Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj\r\n"
				   "Via: SIP/2.0/UNKNOWN "
				   "t4.example.com;branch=z9hG4bKasd0f3en\r\nl: 0\r\n\r\n",
		200, "\r\nVia: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en\r\n" },
	{ "3.1.1.11 mpart01: a body of several parts, of a stranger",
		"MESSAGE sip:kumiko@example.org SIP/2.0\r\n" VIA
		"From: \"alice\" <sip:alice@example.org>;tag=a6c85cf\r\nTo: "
		"<sip:kumiko@example.org>\r\n" ID CSEQ(
			"MESSAGE") "Content-Type: "
				   "multipart/mixed;boundary=7a9cbec02ceef655\r\nContent-Length: "
				   "40\r\n\r\n"
				   "--7a9cbec02ceef655\r\nContent-Type: "
				   "text/plain\r\n\r\nHello\r\n--7a9c",
		403, "" },
	{ "3.1.1.12 unreason: a reason phrase of other letters",
		"SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe\r\n"
		"Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\r\n" FROM TO ID CSEQ(
			"INVITE") "Content-Length: 0\r\n\r\n",
		SILENT, "its branch is none of ours" },
	{ "3.1.1.13 noreason: none at all",
		"SIP/2.0 100 \r\nVia: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe\r\n" FROM TO
			ID CSEQ("INVITE") "Content-Length: 0\r\n\r\n",
		SILENT, "its branch is none of ours" },
	/* 3.1.2: invalid messages */
	{ "3.1.2.1 badinv01: separators with nothing between",
		"INVITE sip:user@example.com SIP/2.0\r\nTo: sip:j.user@example.com\r\n"
		"From: sip:caller@example.net;tag=134161461246\r\nMax-Forwards: 7\r\n" ID
		"CSeq: 8 INVITE\r\nVia: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n"
		"Contact: \"Joe\" <sip:joe@example.org>;;;;\r\n" SDP,
		400, " Bad Via: a malformed header parameter\r\nVia: SIP/2.0/UDP 192.0.2.15;;" },
	{ "3.1.2.2 clerr: Content-Length over the datagram",
		"MESSAGE sip:user@contoso.test SIP/2.0\r\n" ALL(
			"MESSAGE") "Content-Type: text/plain\r\nContent-Length: 9999\r\n\r\nhello",
		400, " the body is shorter than Content-Length\r\n" },
	{ "3.1.2.3 ncl: it is negative",
		"MESSAGE sip:user@contoso.test SIP/2.0\r\n" ALL(
			"MESSAGE") "Content-Type: text/plain\r\nContent-Length: -999\r\n\r\nhello",
		400, " a malformed Content-Length\r\n" },
	{ "3.1.2.4 scalar02: numbers that are too great",
		"REGISTER sip:example.com SIP/2.0\r\n" VIA
		"To: <sip:user@example.com>\r\nFrom: <sip:user@example.com>;tag=239232jh3\r\n"
		"CSeq: 36893488147419103232 REGISTER\r\n" ID "Max-Forwards: 300\r\n"
		"Expires: 10000000000000000000000000000000000000000000\r\n"
		"Contact: <sip:user@host129.example.com>;expires=280297596632815\r\n\r\n",
		400, "\r\nCSeq: 36893488147419103232 REGISTER\r\n" },
	{ "3.1.2.5 scalarlg: in a response",
		"SIP/2.0 503 Service Unavailable\r\n" VIA TO FROM ID
		"CSeq: 9292394834772304023312 OPTIONS\r\nRetry-After: "
		"949302838503028349304023988\r\n"
		"Warning: 1812 overture \"In Progress\"\r\nContent-Length: 0\r\n\r\n",
		SILENT, "CSeq is not 0 to 4294967295" },
	{ "3.1.2.6 quotbal: a quote that does not end",
		"INVITE sip:user@example.com SIP/2.0\r\nTo: \"Mr. J. User "
		"<sip:j.user@example.com>\r\n" FROM "Max-Forwards: 70\r\n" ID CSEQ("INVITE") VIA
		"Content-Length: 0\r\n\r\n",
		400, "\r\nTo: \"Mr. J. User <sip:j.user@example.com>;tag=" },
	{ "3.1.2.7 ltgtruri: < > around the Request-URI",
		"INVITE <sip:user@example.com> SIP/2.0\r\n" ALL("INVITE") SDP, 400,
		" Bad Request-URI: a URI without a scheme\r\n" },
	{ "3.1.2.8 lwsruri: a blank in it",
		"INVITE sip:user@example.com; lr SIP/2.0\r\n" ALL("INVITE") SDP, 400, "" },
	{ "3.1.2.9 lwsstart: two blanks between the parts",
		"INVITE  sip:user@example.com  SIP/2.0\r\n" ALL("INVITE") SDP, 400, "" },
	{ "3.1.2.10 trws: blanks behind the start line",
		"OPTIONS sip:remote-target@example.com SIP/2.0  \r\n" ALL("OPTIONS") "l: 0\r\n\r\n",
		400, "" },
	{ "3.1.2.11 escruri: header fields escaped in the Request-URI",
		"INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0\r\n" ALL("INVITE")
			SDP,
		405, NO_METHOD },
	{ "3.1.2.12 baddate: a Date that is not GMT, which nobody here needs",
		"INVITE sip:user@example.com SIP/2.0\r\n" ALL(
			"INVITE") "Date: Fri, 01 Jan 2010 16:00:00 EST\r\n" SDP,
		405, NO_METHOD },
	{ "3.1.2.13 regbadct: a Contact that needs < >",
		"REGISTER sip:example.com SIP/2.0\r\n" ALL(
			"REGISTER") "Contact: "
				    "sip:user@example.com?Route=%3Csip:sip.example.com%3E\r\nl: "
				    "0\r\n\r\n",
		405, NO_METHOD },
	{ "3.1.2.14 badaspec: blanks inside < >, which are passed over",
		"OPTIONS sip:user@example.org SIP/2.0\r\n" VIA
		"From: \"Bell, Alexander\" <sip:a.g.bell@example.com>;tag=433423\r\n"
		"To: \"Watson, Thomas\" < sip:t.watson@example.org >\r\n" ID CSEQ(
			"OPTIONS") "l: 0\r\n\r\n",
		200, "\r\nTo: \"Watson, Thomas\" < sip:t.watson@example.org >;tag=" },
	{ "3.1.2.15 baddn: display names that need quotes, which are inferred",
		"OPTIONS sip:t.watson@example.org SIP/2.0\r\n" VIA
		"From:    Bell, Alexander <sip:a.g.bell@example.com>;tag=43\r\n"
		"To:      Watson, Thomas <sip:t.watson@example.org>\r\n" ID CSEQ(
			"OPTIONS") "l: 0\r\n\r\n",
		200, "\r\nTo: Watson, Thomas <sip:t.watson@example.org>;tag=" },
	{ "3.1.2.16 badvers: another version",
		"OPTIONS sip:t.watson@example.org SIP/7.0\r\n"
		"Via: SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuwv\r\n" FROM TO ID CSEQ(
			"OPTIONS") "l: 0\r\n\r\n",
		505, "\r\nVia: SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuwv" },
	{ "3.1.2.17 mismatch01: CSeq names another method",
		"OPTIONS sip:user@example.com SIP/2.0\r\n" ALL("INVITE") "l: 0\r\n\r\n", 400,
		" CSeq names another method\r\n" },
	{ "3.1.2.18 mismatch02: and nobody knows either",
		"NEWMETHOD sip:user@example.com SIP/2.0\r\n" ALL("INVITE") "l: 0\r\n\r\n", 400,
		" CSeq names another method\r\n" },
	{ "3.1.2.19 bigcode: a status that is too great",
		"SIP/2.0 4294967301 better not break the receiver\r\n" ALL("INVITE") "\r\n", SILENT,
		"a status that is not 100 to 699" },
	/* 3.2: the transaction layer */
	{ "3.2.1 badbranch: the cookie and nothing behind it",
		"OPTIONS sip:user@example.com SIP/2.0\r\nTo: sip:user@example.com\r\n"
		"From: sip:caller@example.org;tag=33242\r\nMax-Forwards: 3\r\n"
		"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK\r\n" ID CSEQ("OPTIONS") "l: 0\r\n\r\n",
		200, "" },
	/* 3.3: the application layer */
	{ "3.3.1 insuf: neither Call-ID nor From nor To",
		"INVITE sip:user@example.com SIP/2.0\r\nCSeq: 193942 INVITE\r\n"
		"Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf\r\n" SDP,
		400, " From is missing\r\nVia: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf" },
	{ "3.3.2 unkscm: a Request-URI of an unknown scheme",
		"OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0\r\n" ALL(
			"OPTIONS") "l: 0\r\n\r\n",
		416, "" },
	{ "3.3.3 novelsc: of one that is known elsewhere",
		"OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0\r\n" ALL("OPTIONS") "l: 0\r\n\r\n",
		416, "" },
	{ "3.3.4 unksm2: in To and Contact",
		"REGISTER sip:example.com SIP/2.0\r\nTo: isbn:2983792873\r\n"
		"From: <http://www.example.com>;tag=3234233\r\n" ID "CSeq: 234902 REGISTER\r\n" VIA
		"Contact: <name:John_Smith>\r\nl: 0\r\n\r\n",
		405, NO_METHOD },
	{ "3.3.5 bext01: extensions that nothing supports",
		"OPTIONS sip:user@example.com SIP/2.0\r\n" ALL(
			"OPTIONS") "Require: nothingSupportsThis, nothingSupportsThisEither\r\n"
				   "Proxy-Require: noProxiesSupportThis, "
				   "norDoAnyProxiesSupportThis\r\nl: 0\r\n\r\n",
		420, "\r\nUnsupported: nothingSupportsThis, nothingSupportsThisEither\r\n" },
	{ "3.3.6 invut: a body of an unknown type",
		"INVITE sip:user@example.com SIP/2.0\r\n" ALL(
			"INVITE") "Content-Type: application/unknownformat\r\nContent-Length: "
				  "3\r\n\r\nabc",
		405, NO_METHOD },
	{ "3.3.7 regaut01: an unknown way to prove who one is",
		"REGISTER sip:example.com SIP/2.0\r\n" ALL(
			"REGISTER") "Authorization: NoOneKnowsThisScheme opaque-data=here\r\nl: "
				    "0\r\n\r\n",
		405, NO_METHOD },
	{ "3.3.8 multi01: fields twice that may be there once",
		"INVITE sip:user@company.com SIP/2.0\r\nContact: "
		"<sip:caller@host25.example.net>\r\n" VIA
		"Max-Forwards: 70\r\nCSeq: 5 INVITE\r\nCall-ID: multi01.98asdh@192.0.2.1\r\n"
		"CSeq: 59 INVITE\r\nCall-ID: multi01.98asdh@192.0.2.2\r\n"
		"From: sip:caller@example.com;tag=3413415\r\nTo: sip:user@example.com\r\n"
		"To: sip:other@example.net\r\nFrom: sip:caller@example.net;tag=2923420123\r\n" SDP,
		400, "\r\nCSeq: 5 INVITE\r\n" },
	{ "3.3.9 mcl01: two lengths of the body",
		"OPTIONS sip:user@example.com SIP/2.0\r\n" ALL(
			"OPTIONS") "Content-Length: 13\r\nContent-Length: 5\r\n\r\nThere's no way",
		400, " Content-Length stands twice\r\n" },
	{ "3.3.10 bcast: a response with another's Via",
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\r\n"
		"Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23\r\n" FROM TO ID CSEQ(
			"INVITE") "Content-Length: 0\r\n\r\n",
		SILENT, "its branch is none of ours" },
	{ "3.3.11 zeromf: no hops left, of which who answers needs none",
		"OPTIONS sip:user@example.com SIP/2.0\r\n" ALL(
			"OPTIONS") "Max-Forwards: 0\r\nl: 0\r\n\r\n",
		200, "" },
	{ "3.3.12 cparam01: a parameter of Contact that nobody knows",
		"REGISTER sip:example.com SIP/2.0\r\n" ALL(
			"REGISTER") "Contact: sip:+19725552222@gw1.example.net;unknownparam\r\nl: "
				    "0\r\n\r\n",
		405, NO_METHOD },
	{ "3.3.13 cparam02: of its URI",
		"REGISTER sip:example.com SIP/2.0\r\n" ALL(
			"REGISTER") "Contact: "
				    "<sip:+19725552222@gw1.example.net;unknownparam>\r\nl: "
				    "0\r\n\r\n",
		405, NO_METHOD },
	{ "3.3.14 regescrt: header fields escaped in Contact",
		"REGISTER sip:example.com SIP/2.0\r\n" ALL(
			"REGISTER") "Contact: "
				    "<sip:user@example.com?Route=%3Csip:sip.example.com%3E>\r\nl: "
				    "0\r\n\r\n",
		405, NO_METHOD },
	{ "3.3.15 sdp01: an Accept that cannot be met",
		"INVITE sip:user@example.com SIP/2.0\r\n" ALL(
			"INVITE") "Accept: text/nobodyKnowsThis\r\n" SDP,
		405, NO_METHOD },
	/* 3.4: as RFC 2543 wrote */
	{ "3.4.1 inv2543: no branch, no tag, no Max-Forwards",
		"INVITE sip:UserB@example.com SIP/2.0\r\nVia: SIP/2.0/UDP iftgw.example.com\r\n"
		"From: <sip:+13035551111@ift.client.example.net;user=phone>\r\n"
		"Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>\r\n"
		"To: sip:+16505552222@ss1.example.net;user=phone\r\n"
		"Call-ID: inv2543.1717@ift.client.example.com\r\nCSeq: 56 INVITE\r\n" SDP,
		405, NO_METHOD },
	/* The same faults in what is to be carried. */
	{ "a MESSAGE as of 3.1.1.6",
		"MESSAGE sip:adelany@contoso.test SIP/2.0\r\n" VIA
		"From: caller<sip:caller@litware.test>;tag=323\r\n" TO ID CSEQ("MESSAGE") HELLO,
		CARRIED, "" },
	{ "a MESSAGE as of 3.1.1.10",
		"MESSAGE sip:adelany@contoso.test SIP/2.0\r\nVia: SIP/2.0/UNKNOWN "
		"h;branch=z9hG4bK4\r\n" FROM TO ID CSEQ("MESSAGE") HELLO,
		CARRIED, "" },
	{ "a MESSAGE as of 3.1.2.12",
		"MESSAGE sip:adelany@contoso.test SIP/2.0\r\n" ALL(
			"MESSAGE") "Date: Fri, 01 Jan 2010 16:00:00 EST\r\n" HELLO,
		CARRIED, "" },
	{ "a MESSAGE as of 3.1.2.13",
		"MESSAGE sip:adelany@contoso.test SIP/2.0\r\n" ALL(
			"MESSAGE") "Contact: "
				   "sip:user@example.com?Route=%3Csip:sip.example.com%3E\r\n" HELLO,
		CARRIED, "" },
	{ "a MESSAGE as of 3.1.2.14",
		"MESSAGE sip:adelany@contoso.test SIP/2.0\r\n" VIA
		"From: \"Bell, A\" < sip:caller@litware.test >;tag=1\r\n" TO ID CSEQ("MESSAGE")
			HELLO,
		CARRIED, "" },
	{ "a MESSAGE as of 3.1.2.15",
		"MESSAGE sip:adelany@contoso.test SIP/2.0\r\n" VIA
		"From: Bell, Alexander <sip:caller@litware.test>;tag=43\r\n" TO ID CSEQ("MESSAGE")
			HELLO,
		CARRIED, "" },
	{ "a MESSAGE as of 3.2.1",
		"MESSAGE sip:adelany@contoso.test SIP/2.0\r\nVia: SIP/2.0/UDP "
		"h;branch=z9hG4bK\r\n" FROM TO ID CSEQ("MESSAGE") HELLO,
		CARRIED, "" },
	{ "a MESSAGE as of 3.3.11",
		"MESSAGE sip:adelany@contoso.test SIP/2.0\r\n" ALL(
			"MESSAGE") "Max-Forwards: 0\r\n" HELLO,
		483, "" },
	{ "a MESSAGE as of 3.3.1",
		"MESSAGE sip:adelany@contoso.test SIP/2.0\r\n" VIA CSEQ("MESSAGE") HELLO, 400,
		" From is missing\r\n" },
	{ "an OPTIONS as of 3.4.1",
		"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@b>\r\nTo: "
		"<sip:x>\r\n" ID CSEQ("OPTIONS") "\r\n",
		200, "" },
	{ "nothing answers an ACK, however broken", "ACK sip:a@b SIP/7.0\r\n" ALL("ACK") "\r\n",
		SILENT, "sip malformed" },
	{ "without a Via nobody knows who asked",
		"OPTIONS sip:x SIP/2.0\r\n" FROM TO ID CSEQ("OPTIONS") "\r\n", SILENT,
		"Via is missing" },
};

#define V6_VIA "Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111\r\n"
#define V6(m)  V6_VIA FROM TO ID CSEQ(m)

static const struct torture rfc5118[] = {
	{ "4.1 ipv6-good",
		"REGISTER sip:[2001:db8::10] SIP/2.0\r\n" V6(
			"REGISTER") "Contact: \"Caller\" "
				    "<sip:caller@[2001:db8::1]>\r\nContent-Length: 0\r\n\r\n",
		405, NO_METHOD },
	{ "4.2 ipv6-bad: no brackets",
		"REGISTER sip:2001:db8::10 SIP/2.0\r\n" V6(
			"REGISTER") "Contact: \"Caller\" "
				    "<sip:caller@[2001:db8::1]>\r\nContent-Length: 0\r\n\r\n",
		400, " Bad Request-URI: " },
	{ "4.3 port-ambiguous: it is a part of the address",
		"OPTIONS sip:[2001:db8::10:5070] SIP/2.0\r\n" V6("OPTIONS") "\r\n", 200, "" },
	{ "4.4 port-unambiguous",
		"OPTIONS sip:[2001:db8::10]:5070 SIP/2.0\r\n" V6("OPTIONS") "\r\n", 200, "" },
	{ "4.5 via-received-param-with-delim",
		"BYE sip:[2001:db8::10] SIP/2.0\r\nTo: sip:user@example.com;tag=bd76ya\r\n" FROM
		"Via: SIP/2.0/UDP "
		"[2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111\r\n" ID CSEQ(
			"BYE") "Content-Length: 0\r\n\r\n",
		481, "branch=z9hG4bKas3-111" },
	{ "4.5 via-received-param-no-delim",
		"OPTIONS sip:[2001:db8::10] SIP/2.0\r\n" TO FROM
		"Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3\r\n" ID
			CSEQ("OPTIONS") "Content-Length: 0\r\n\r\n",
		200, "branch=z9hG4bKas3" },
	{ "4.6 ipv6-in-sdp", "INVITE sip:user@[2001:db8::10] SIP/2.0\r\n" V6("INVITE") SDP, 405,
		NO_METHOD },
	{ "4.7 mult-ip-in-header: one of each kind",
		"BYE sip:user@host.example.net SIP/2.0\r\n"
		"Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111\r\n"
		"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144\r\n"
		"Via: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200\r\n"
		"To: sip:user@example.com;tag=bd76ya\r\n" FROM ID CSEQ(
			"BYE") "Content-Length: 0\r\n\r\n",
		481,
		"\r\nVia: SIP/2.0/TCP "
		"[2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200\r\n" },
	{ "4.8 mult-ip-in-sdp", "INVITE sip:user@[2001:db8::10] SIP/2.0\r\n" V6("INVITE") SDP, 405,
		NO_METHOD },
	{ "4.9 ipv4-mapped-ipv6",
		"INVITE sip:user@example.com SIP/2.0\r\n"
		"Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19\r\n"
		"Via: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111\r\n"
		"Contact: \"T. desktop\" <sip:caller@[::ffff:192.0.2.2]>\r\n" FROM TO ID CSEQ(
			"INVITE") SDP,
		405, "\r\nVia: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111\r\n" },
	{ "4.10 ipv6-bug-abnf-3-colons",
		"OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0\r\n" V6("OPTIONS") "\r\n", 400,
		" Bad Request-URI: a malformed IPv6 reference\r\n" },
};

/* How the answer begins, and what it holds. */
static bool is_answered(const struct torture *t, bool on_stream)
{
	char line[32];
	const bool carried = t->status == CARRIED;

	if (carried) {
		if (s.n_got != 1)
			fail_msg("%s: it is not carried", t->name);
		wake();
		pong(1);
	}
	if (s.n_sent != 1)
		fail_msg("%s: %u answers", t->name, s.n_sent);
	snprintf(line, sizeof(line), "SIP/2.0 %d ", carried ? 202 : t->status);
	/* Where the cause is the length, a stream has other words for it. */
	return strncmp(s.sent[0].text, line, strlen(line)) == 0 &&
	       (on_stream || strstr(s.sent[0].text, t->why));
}

static void check(const struct torture *t, bool on_stream)
{
	if (on_stream)
		s.cfg.listens[0].transport = TRANSPORT_TCP;
	start_connected();
	s.events[0] = '\0';
	if (on_stream)
		bytes_on(accepted(1), t->text);
	else
		sip(t->text);
	if (t->status == SILENT) {
		if (s.n_sent || !strstr(s.events, t->why))
			fail_msg("%s: %u answers, log: %s", t->name, s.n_sent, s.events);
	} else if (!is_answered(t, on_stream)) {
		fail_msg("%s: wanted %d and `%s`: %s", t->name, t->status, t->why, s.sent[0].text);
	}
}

/* Over a stream one without a length is its end (test_drops.c), and one that is too long waits. */
static bool has_length(const char *text)
{
	return !strstr(text, ": 9999") &&
	       (strstr(text, "ength: ") || strstr(text, "\nl: ") || strstr(text, "\nL:"));
}

static void check_all(void **state, const struct torture *all, size_t n)
{
	for (size_t i = 0; i < 2 * n; i++) {
		const struct torture *t = &all[i / 2];

		if (i % 2 && !has_length(t->text))
			continue;
		scene_tear_down(state);
		scene_reset();
		check(t, i % 2);
	}
}

static void rfc_4475(void **state)
{
	check_all(state, rfc4475, COUNT(rfc4475));
}

static void rfc_5118(void **state)
{
	check_all(state, rfc5118, COUNT(rfc5118));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(rfc_4475),
		SCENE(rfc_5118),
	};

	return cmocka_run_group_tests_name("torture", tests, NULL, NULL);
}

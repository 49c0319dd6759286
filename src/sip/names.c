/* Names of methods, headers and status codes, both ways. */
#include "sip/names.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static const char *const methods[] = {
	[SIP_METHOD_INVITE] = "INVITE",
	[SIP_METHOD_ACK] = "ACK",
	[SIP_METHOD_BYE] = "BYE",
	[SIP_METHOD_CANCEL] = "CANCEL",
	[SIP_METHOD_OPTIONS] = "OPTIONS",
	[SIP_METHOD_REGISTER] = "REGISTER",
	[SIP_METHOD_MESSAGE] = "MESSAGE",
	[SIP_METHOD_SUBSCRIBE] = "SUBSCRIBE",
	[SIP_METHOD_NOTIFY] = "NOTIFY",
	[SIP_METHOD_PUBLISH] = "PUBLISH",
	[SIP_METHOD_REFER] = "REFER",
	[SIP_METHOD_INFO] = "INFO",
	[SIP_METHOD_UPDATE] = "UPDATE",
	[SIP_METHOD_PRACK] = "PRACK",
	[SIP_METHOD_OTHER] = "OTHER",
};

/* A slice that may stand in a static table; its end is a C string's too. */
#define NAME(lit)                                                                                  \
	{                                                                                          \
		(const uint8_t *)("" lit), sizeof(lit) - 1                                         \
	}
static const struct slice headers[] = {
	[SIP_HDR_OTHER] = NAME(""),
	[SIP_HDR_ACCEPT] = NAME("Accept"),
	[SIP_HDR_ALLOW] = NAME("Allow"),
	[SIP_HDR_AUTHENTICATION_INFO] = NAME("Authentication-Info"),
	[SIP_HDR_AUTHORIZATION] = NAME("Authorization"),
	[SIP_HDR_CALL_ID] = NAME("Call-ID"),
	[SIP_HDR_CONTACT] = NAME("Contact"),
	[SIP_HDR_CONTENT_ENCODING] = NAME("Content-Encoding"),
	[SIP_HDR_CONTENT_LANGUAGE] = NAME("Content-Language"),
	[SIP_HDR_CONTENT_LENGTH] = NAME("Content-Length"),
	[SIP_HDR_CONTENT_TYPE] = NAME("Content-Type"),
	[SIP_HDR_CSEQ] = NAME("CSeq"),
	[SIP_HDR_DATE] = NAME("Date"),
	[SIP_HDR_EVENT] = NAME("Event"),
	[SIP_HDR_EXPIRES] = NAME("Expires"),
	[SIP_HDR_FROM] = NAME("From"),
	[SIP_HDR_MAX_BREADTH] = NAME("Max-Breadth"),
	[SIP_HDR_MAX_FORWARDS] = NAME("Max-Forwards"),
	[SIP_HDR_MIN_EXPIRES] = NAME("Min-Expires"),
	[SIP_HDR_P_ASSERTED_IDENTITY] = NAME("P-Asserted-Identity"),
	[SIP_HDR_PATH] = NAME("Path"),
	[SIP_HDR_PROXY_AUTHENTICATE] = NAME("Proxy-Authenticate"),
	[SIP_HDR_PROXY_AUTHORIZATION] = NAME("Proxy-Authorization"),
	[SIP_HDR_PROXY_REQUIRE] = NAME("Proxy-Require"),
	[SIP_HDR_REASON] = NAME("Reason"),
	[SIP_HDR_RECORD_ROUTE] = NAME("Record-Route"),
	[SIP_HDR_REQUIRE] = NAME("Require"),
	[SIP_HDR_RETRY_AFTER] = NAME("Retry-After"),
	[SIP_HDR_ROUTE] = NAME("Route"),
	[SIP_HDR_SERVER] = NAME("Server"),
	[SIP_HDR_SUBJECT] = NAME("Subject"),
	[SIP_HDR_SUPPORTED] = NAME("Supported"),
	[SIP_HDR_TO] = NAME("To"),
	[SIP_HDR_UNSUPPORTED] = NAME("Unsupported"),
	[SIP_HDR_USER_AGENT] = NAME("User-Agent"),
	[SIP_HDR_VIA] = NAME("Via"),
	[SIP_HDR_WARNING] = NAME("Warning"),
	[SIP_HDR_WWW_AUTHENTICATE] = NAME("WWW-Authenticate"),
	[SIP_HDR_MS_DIAGNOSTICS] = NAME("ms-diagnostics"),
	[SIP_HDR_MS_DIAGNOSTICS_PUBLIC] = NAME("ms-diagnostics-public"),
};
_Static_assert(COUNT(headers) == SIP_HDR_COUNT, "one name a header");

/* RFC 3261 section 7.3.3 and the registrations behind it. */
static const uint8_t compact[128] = {
	['c'] = SIP_HDR_CONTENT_TYPE,
	['e'] = SIP_HDR_CONTENT_ENCODING,
	['f'] = SIP_HDR_FROM,
	['i'] = SIP_HDR_CALL_ID,
	['k'] = SIP_HDR_SUPPORTED,
	['l'] = SIP_HDR_CONTENT_LENGTH,
	['m'] = SIP_HDR_CONTACT,
	['o'] = SIP_HDR_EVENT,
	['s'] = SIP_HDR_SUBJECT,
	['t'] = SIP_HDR_TO,
	['v'] = SIP_HDR_VIA,
};

/* A perfect hash of the long forms: see hash().  After a change, names may collide: the unit test
 * looks up every one of them. */
enum { HASH_SIZE = 128 };
static const uint8_t by_hash[HASH_SIZE] = {
	[0] = SIP_HDR_ROUTE,
	[2] = SIP_HDR_AUTHENTICATION_INFO,
	[3] = SIP_HDR_WWW_AUTHENTICATE,
	[7] = SIP_HDR_CONTACT,
	[10] = SIP_HDR_EXPIRES,
	[11] = SIP_HDR_PROXY_AUTHENTICATE,
	[20] = SIP_HDR_REASON,
	[22] = SIP_HDR_REQUIRE,
	[26] = SIP_HDR_SERVER,
	[31] = SIP_HDR_PROXY_AUTHORIZATION,
	[34] = SIP_HDR_WARNING,
	[36] = SIP_HDR_MS_DIAGNOSTICS_PUBLIC,
	[39] = SIP_HDR_SUBJECT,
	[42] = SIP_HDR_P_ASSERTED_IDENTITY,
	[45] = SIP_HDR_SUPPORTED,
	[47] = SIP_HDR_CONTENT_TYPE,
	[59] = SIP_HDR_MAX_BREADTH,
	[63] = SIP_HDR_AUTHORIZATION,
	[70] = SIP_HDR_MIN_EXPIRES,
	[71] = SIP_HDR_UNSUPPORTED,
	[72] = SIP_HDR_CONTENT_LENGTH,
	[76] = SIP_HDR_USER_AGENT,
	[77] = SIP_HDR_RECORD_ROUTE,
	[79] = SIP_HDR_RETRY_AFTER,
	[81] = SIP_HDR_MAX_FORWARDS,
	[84] = SIP_HDR_PROXY_REQUIRE,
	[89] = SIP_HDR_DATE,
	[91] = SIP_HDR_CONTENT_LANGUAGE,
	[93] = SIP_HDR_CONTENT_ENCODING,
	[99] = SIP_HDR_CSEQ,
	[101] = SIP_HDR_FROM,
	[103] = SIP_HDR_MS_DIAGNOSTICS,
	[109] = SIP_HDR_TO,
	[110] = SIP_HDR_VIA,
	[112] = SIP_HDR_ALLOW,
	[116] = SIP_HDR_PATH,
	[117] = SIP_HDR_EVENT,
	[119] = SIP_HDR_CALL_ID,
	[120] = SIP_HDR_ACCEPT,
};

static const struct {
	int status;
	const char *phrase;
} phrases[] = {
	{ 100, "Trying" },
	{ 180, "Ringing" },
	{ 183, "Session Progress" },
	{ 200, "OK" },
	{ 202, "Accepted" },
	{ 300, "Multiple Choices" },
	{ 301, "Moved Permanently" },
	{ 302, "Moved Temporarily" },
	{ 305, "Use Proxy" },
	{ 380, "Alternative Service" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 402, "Payment Required" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 407, "Proxy Authentication Required" },
	{ 408, "Request Timeout" },
	{ 410, "Gone" },
	{ 412, "Conditional Request Failed" },
	{ 413, "Request Entity Too Large" },
	{ 414, "Request-URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Unsupported URI Scheme" },
	{ 420, "Bad Extension" },
	{ 421, "Extension Required" },
	{ 423, "Interval Too Brief" },
	{ 430, "Flow Failed" },
	{ 439, "First Hop Lacks Outbound Support" },
	{ 440, "Max-Breadth Exceeded" },
	{ 480, "Temporarily Unavailable" },
	{ 481, "Call/Transaction Does Not Exist" },
	{ 482, "Loop Detected" },
	{ 483, "Too Many Hops" },
	{ 484, "Address Incomplete" },
	{ 485, "Ambiguous" },
	{ 486, "Busy Here" },
	{ 487, "Request Terminated" },
	{ 488, "Not Acceptable Here" },
	{ 489, "Bad Event" },
	{ 491, "Request Pending" },
	{ 493, "Undecipherable" },
	{ 500, "Server Internal Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Server Time-out" },
	{ 505, "Version Not Supported" },
	{ 513, "Message Too Large" },
	{ 600, "Busy Everywhere" },
	{ 603, "Decline" },
	{ 604, "Does Not Exist Anywhere" },
	{ 606, "Not Acceptable" },
};

const char *sip_method_name(enum sip_method method)
{
	return methods[method];
}

/* Methods are case-sensitive: RFC 3261 section 7.1. */
enum sip_method sip_method_find(struct slice name)
{
	for (size_t i = 0; i < SIP_METHOD_OTHER; i++)
		if (name.n && name.p[0] == (uint8_t)methods[i][0] && slice_eqs(name, methods[i]))
			return (enum sip_method)i;
	return SIP_METHOD_OTHER;
}

const char *sip_hdr_name(enum sip_hdr_id id)
{
	return (const char *)headers[id].p;
}

/* ASCII letters lose their case; what else this changes is in no name and not hidden by it: only
 * control characters become a "-". */
static size_t hash(struct slice name)
{
	return ((name.p[0] | 0x20u) * 2 + (name.p[name.n - 1] | 0x20u) + name.n * 11) &
	       (HASH_SIZE - 1);
}

static uint64_t differing(const uint8_t *a, const uint8_t *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x ^ y) & ~UINT64_C(0x2020202020202020);
}

/* Eight bytes at a time; the last eight may overlap those before. */
static bool same_name(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t differ = 0;
	size_t i = 0;

	for (; i + sizeof(differ) <= n; i += sizeof(differ))
		differ |= differing(a + i, b + i);
	if (i > 0)
		return (differ | differing(a + n - sizeof(differ), b + n - sizeof(differ))) == 0;
	for (; i < n; i++)
		differ |= (uint64_t)(a[i] ^ b[i]) & ~UINT64_C(0x20);
	return differ == 0;
}

enum sip_hdr_id sip_hdr_find(struct slice name)
{
	if (name.n == 0)
		return SIP_HDR_OTHER;
	if (name.n == 1)
		return name.p[0] < 128 ? (enum sip_hdr_id)compact[ascii_lower(name.p[0])]
				       : SIP_HDR_OTHER;
	enum sip_hdr_id id = (enum sip_hdr_id)by_hash[hash(name)];
	struct slice known = headers[id];
	return known.n == name.n && same_name(known.p, name.p, name.n) ? id : SIP_HDR_OTHER;
}

const char *sip_reason_phrase(int status)
{
	for (size_t i = 0; i < COUNT(phrases); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "";
}

/* Names of methods, headers and status codes, both ways. */
#include "sip/names.h"

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

static const char *const headers[] = {
	[SIP_HDR_OTHER] = "",
	[SIP_HDR_ACCEPT] = "Accept",
	[SIP_HDR_ALLOW] = "Allow",
	[SIP_HDR_AUTHENTICATION_INFO] = "Authentication-Info",
	[SIP_HDR_AUTHORIZATION] = "Authorization",
	[SIP_HDR_CALL_ID] = "Call-ID",
	[SIP_HDR_CONTACT] = "Contact",
	[SIP_HDR_CONTENT_ENCODING] = "Content-Encoding",
	[SIP_HDR_CONTENT_LANGUAGE] = "Content-Language",
	[SIP_HDR_CONTENT_LENGTH] = "Content-Length",
	[SIP_HDR_CONTENT_TYPE] = "Content-Type",
	[SIP_HDR_CSEQ] = "CSeq",
	[SIP_HDR_DATE] = "Date",
	[SIP_HDR_EVENT] = "Event",
	[SIP_HDR_EXPIRES] = "Expires",
	[SIP_HDR_FROM] = "From",
	[SIP_HDR_MAX_BREADTH] = "Max-Breadth",
	[SIP_HDR_MAX_FORWARDS] = "Max-Forwards",
	[SIP_HDR_MIN_EXPIRES] = "Min-Expires",
	[SIP_HDR_P_ASSERTED_IDENTITY] = "P-Asserted-Identity",
	[SIP_HDR_PATH] = "Path",
	[SIP_HDR_PROXY_AUTHENTICATE] = "Proxy-Authenticate",
	[SIP_HDR_PROXY_AUTHORIZATION] = "Proxy-Authorization",
	[SIP_HDR_PROXY_REQUIRE] = "Proxy-Require",
	[SIP_HDR_REASON] = "Reason",
	[SIP_HDR_RECORD_ROUTE] = "Record-Route",
	[SIP_HDR_REQUIRE] = "Require",
	[SIP_HDR_RETRY_AFTER] = "Retry-After",
	[SIP_HDR_ROUTE] = "Route",
	[SIP_HDR_SERVER] = "Server",
	[SIP_HDR_SUBJECT] = "Subject",
	[SIP_HDR_SUPPORTED] = "Supported",
	[SIP_HDR_TO] = "To",
	[SIP_HDR_UNSUPPORTED] = "Unsupported",
	[SIP_HDR_USER_AGENT] = "User-Agent",
	[SIP_HDR_VIA] = "Via",
	[SIP_HDR_WARNING] = "Warning",
	[SIP_HDR_WWW_AUTHENTICATE] = "WWW-Authenticate",
	[SIP_HDR_MS_DIAGNOSTICS] = "ms-diagnostics",
	[SIP_HDR_MS_DIAGNOSTICS_PUBLIC] = "ms-diagnostics-public",
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

/* Ordered by the length of the name; starts[n] is the first of length n. */
static const uint8_t by_length[] = {
	SIP_HDR_TO,
	SIP_HDR_VIA,
	SIP_HDR_CSEQ,
	SIP_HDR_DATE,
	SIP_HDR_FROM,
	SIP_HDR_PATH,
	SIP_HDR_ALLOW,
	SIP_HDR_EVENT,
	SIP_HDR_ROUTE,
	SIP_HDR_ACCEPT,
	SIP_HDR_REASON,
	SIP_HDR_SERVER,
	SIP_HDR_CALL_ID,
	SIP_HDR_CONTACT,
	SIP_HDR_EXPIRES,
	SIP_HDR_REQUIRE,
	SIP_HDR_SUBJECT,
	SIP_HDR_WARNING,
	SIP_HDR_SUPPORTED,
	SIP_HDR_USER_AGENT,
	SIP_HDR_MAX_BREADTH,
	SIP_HDR_MIN_EXPIRES,
	SIP_HDR_RETRY_AFTER,
	SIP_HDR_UNSUPPORTED,
	SIP_HDR_CONTENT_TYPE,
	SIP_HDR_MAX_FORWARDS,
	SIP_HDR_RECORD_ROUTE,
	SIP_HDR_AUTHORIZATION,
	SIP_HDR_PROXY_REQUIRE,
	SIP_HDR_CONTENT_LENGTH,
	SIP_HDR_MS_DIAGNOSTICS,
	SIP_HDR_CONTENT_ENCODING,
	SIP_HDR_CONTENT_LANGUAGE,
	SIP_HDR_WWW_AUTHENTICATE,
	SIP_HDR_PROXY_AUTHENTICATE,
	SIP_HDR_AUTHENTICATION_INFO,
	SIP_HDR_P_ASSERTED_IDENTITY,
	SIP_HDR_PROXY_AUTHORIZATION,
	SIP_HDR_MS_DIAGNOSTICS_PUBLIC,
};
static const uint8_t starts[] = { 0, 0, 0, 1, 2, 6, 9, 12, 18, 18, 19, 20, 24, 27, 29, 31, 31, 34,
	34, 35, 38, 38, 39 };
enum { LENGTH_MAX = COUNT(starts) - 2 };

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
	return headers[id];
}

enum sip_hdr_id sip_hdr_find(struct slice name)
{
	if (name.n == 1)
		return name.p[0] < 128 ? (enum sip_hdr_id)compact[ascii_lower(name.p[0])]
				       : SIP_HDR_OTHER;
	if (name.n == 0 || name.n > LENGTH_MAX)
		return SIP_HDR_OTHER;
	for (size_t i = starts[name.n]; i < starts[name.n + 1]; i++) {
		const char *known = headers[by_length[i]];

		if (ascii_lower(name.p[0]) == ascii_lower((uint8_t)known[0]) &&
			slice_ieq(name, slice_of(known, name.n)))
			return (enum sip_hdr_id)by_length[i];
	}
	return SIP_HDR_OTHER;
}

const char *sip_reason_phrase(int status)
{
	for (size_t i = 0; i < COUNT(phrases); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "";
}

/* refused.h - why what a SIP MESSAGE holds cannot become a stanza, as its answer says it.  Pure
 * table.
 */
#pragma once

enum refused {
	REFUSED_BAD_TYPE, /* Content-Type, of the message or of a part */
	REFUSED_TYPE,     /* nothing in it is text */
	REFUSED_PART,     /* a part that must be understood (RFC 3261 section 20.11) is not text */
	REFUSED_CHARSET,  /* one that we have no table for */
	REFUSED_NOT_CHARSET, /* bytes that the charset does not have */
	REFUSED_NOT_UTF8,
	REFUSED_CONTROL,           /* a character that XML cannot carry */
	REFUSED_ENCODING,          /* Content-Encoding */
	REFUSED_TRANSFER_ENCODING, /* a part's Content-Transfer-Encoding, or what is in it */
	REFUSED_MULTIPART,         /* no boundary, or no part */
	REFUSED_CPIM,              /* RFC 3862 */
	REFUSED_MANY,              /* parts or levels of them */
	REFUSED_EMPTY,
	REFUSED_SUBJECT,
	REFUSED_CALL_ID,
	REFUSED_COUNT,
};

/* What helps: RFC 3261 section 21.4.13. */
enum refused_help {
	REFUSED_HELP_NONE,
	REFUSED_HELP_ACCEPT,
	REFUSED_HELP_ACCEPT_ENCODING,
};

struct refused_row {
	int status;
	const char *reason;
	enum refused_help help;
};
const struct refused_row *refused_row(enum refused r);
